/* SPDX-License-Identifier: BSD-2-Clause */
/* What a leak would make grow, of this process. */
#ifndef JPKI_TESTS_UNIT_FOOTPRINT_H
#define JPKI_TESTS_UNIT_FOOTPRINT_H

/* Open file descriptors. */
int footprint_descriptors(void);

/* Pages in memory. */
long footprint_pages(void);

#endif

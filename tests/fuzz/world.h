/* SPDX-License-Identifier: BSD-2-Clause */
/* The world of the flow tests (tests/unit/flowkit.h), made once for many inputs. */
#ifndef JPKI_TESTS_FUZZ_WORLD_H
#define JPKI_TESTS_FUZZ_WORLD_H

struct kit;

/* Removed at the end of the process. */
struct kit *world_new(void);

#endif

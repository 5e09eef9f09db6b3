/* SPDX-License-Identifier: BSD-2-Clause */
/* A log that remembers what was said last, for tests that read it. */
#ifndef JPKI_TESTS_UNIT_CAPTURE_H
#define JPKI_TESTS_UNIT_CAPTURE_H

#include "lib/log.h"

struct capture {
	struct log log;
	unsigned int lines;
	int priority;			/* of the last line */
	char text[2 * LOG_TEXT_MAX];
};

/* c must stay where it is: c->log points into it. */
void capture_start(struct capture *c);

#endif

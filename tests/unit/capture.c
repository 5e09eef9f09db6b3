/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/capture.h"

static void
remember(void *ctx, int priority, const char *text)
{
	struct capture *c = ctx;

	c->lines++;
	c->priority = priority;
	snprintf(c->text, sizeof c->text, "%s", text);
}

void
capture_start(struct capture *c)
{
	memset(c, 0, sizeof *c);
	c->log = (struct log){ .sink = remember, .ctx = c };
}

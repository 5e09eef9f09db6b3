/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

static void *kit;

static void
world_done(void)
{
	CHECK(kit_done(&kit) == 0);
}

struct kit *
world_new(void)
{
	struct kit *k;

	CHECK(kit_new(&kit) == 0);
	CHECK(atexit(world_done) == 0);
	k = kit;
	k->log = fuzz_log;
	return k;
}

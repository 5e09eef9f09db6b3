/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs linked with --wrap=certdb_close: what a flow has opened in NSS it gives back whole,
 * or NSS refuses to close and this test fails.
 */
#include "config.h"

#include "tests/unit/test.h"

#include "nss/certdb.h"

bool __wrap_certdb_close(struct certdb *db);
bool __real_certdb_close(struct certdb *db);

bool
__wrap_certdb_close(struct certdb *db)
{
	bool closed = __real_certdb_close(db);

	assert_true(closed);
	return closed;
}

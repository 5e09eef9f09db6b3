/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The accounts of a card: those for which root of this machine or an organization
 * (config/fleetcopy.h) has enrolled its certificate. They are found by the index beside the
 * enrollments (config/userindex.h), without NSS. An account that the index names counts only if its
 * enrollment has the very certificate. Nothing is verified here: the steps of a login follow.
 */
#ifndef JPKI_FLOW_OWNERS_H
#define JPKI_FLOW_OWNERS_H

#include "config/userfile.h"
#include "flow/possession/env.h"
#include "lib/buf.h"

#define OWNERS_MAX 32		/* accounts of one card that are reported; owners_find() logs that there are more */
#define OWNERS_READ_MAX 4000	/* enrollments that a login reads; if the index does not know more than that, it has to be made again */

struct owners {
	size_t count;
	char names[OWNERS_MAX][USERFILE_USER_MAX + 1];	/* sorted */
};

/*
 * Finds the accounts whose enrollment has a certificate that begins with `head`: the bytes that
 * jpki_read_auth_head() returns, or all of it. An enrollment that cannot be read is passed over.
 *
 * If the directory has changed since the index was made, or the index has no match, the enrollments
 * that the index does not know as they are now are read too, `most` of them; the log then says what
 * to do.
 *
 * OUTCOME_OK with *ret, which may be empty; ENROLMENT as userfile_each(); NO_MEMORY.
 */
struct outcome owners_find(const struct flow_env *env, struct view head, size_t most, struct owners *ret) MUST_CHECK;

/*
 * Makes the index of users_dir, root's directory or the copy's; the caller has the lock beside it.
 * `whole`: reads every enrollment, even one that an earlier index knows. ENROLMENT (logged),
 * NO_MEMORY: the old index stays.
 */
struct outcome owners_index(const struct flow_env *env, const char *users_dir, bool whole) MUST_CHECK;

/* Counts the enrollments, and those that the index does not know as they are now. As owners_find(). */
struct outcome owners_count(const struct flow_env *env, const char *users_dir, size_t *ret_all,
    size_t *ret_unknown) MUST_CHECK;

#endif

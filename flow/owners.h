/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose card is it? The accounts for which a certificate is enrolled, by root of this machine or by an organization
 * (config/fleetcopy.h), by the index beside the enrollments (config/userindex.h) and without NSS. What the index names counts only if the enrollment has the very
 * certificate. Nothing is verified here, and nothing follows for a login: its steps come afterwards.
 */
#ifndef JPKI_FLOW_OWNERS_H
#define JPKI_FLOW_OWNERS_H

#include "config/userfile.h"
#include "flow/possession/env.h"
#include "lib/buf.h"

#define OWNERS_MAX 32		/* accounts of one card that are told */
#define OWNERS_READ_MAX 4000	/* enrollments that a login reads: an index that is that old is to be made again */

struct owners {
	size_t count;
	char names[OWNERS_MAX][USERFILE_USER_MAX + 1];	/* sorted */
};

/*
 * Finds those whose enrollment has a certificate that begins with `head`: with the bytes that
 * jpki_read_auth_head() gives, or the whole of it. An enrollment that cannot be read is nobody's here.
 *
 * Where the directory has been changed since the index was made, or nobody is found in it, the enrollments that
 * the index does not know as they are now are read too, `most` of them; then the log says what to do.
 *
 * OUTCOME_OK with *ret, which may be empty; ENROLMENT as userfile_each(); NO_MEMORY.
 */
struct outcome owners_find(const struct flow_env *env, struct view head, size_t most, struct owners *ret) MUST_CHECK;

/*
 * Makes the index of users_dir, root's directory or the copy's; the caller has the lock beside it. `whole`: every enrollment is read, also those that an earlier
 * index knows. ENROLMENT (logged), NO_MEMORY: the old one stays.
 */
struct outcome owners_index(const struct flow_env *env, const char *users_dir, bool whole) MUST_CHECK;

/* How many enrollments there are, and how many of them the index does not know as they are now. As owners_find(). */
struct outcome owners_count(const struct flow_env *env, const char *users_dir, size_t *ret_all,
    size_t *ret_unknown) MUST_CHECK;

#endif

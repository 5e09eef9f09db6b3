/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "config/fleetcopy.h"
#include "config/userindex.h"
#include "flow/owners.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/der.h"
#include "nss/cert.h"
#include "nss/pem.h"

#define DER_VERSION 0xa0	/* [0] EXPLICIT (RFC 5280 §4.1) */
#define SERIAL_MAX ((USERINDEX_KEY_MAX - 1) / 2)

/* A damaged enrollment is reported at its own user's login; here it would be logged at every search. */
static const struct log unheard = { .sink = NULL };

/*
 * Makes the index key of a certificate, of which the first bytes are enough; false if it has no
 * serial number.
 */
static bool
key_of(struct view der, char key[static USERINDEX_KEY_MAX])
{
	struct cursor r = cursor_of(der.data, der.len);
	struct view serial, version;
	uint8_t tag;
	size_t len;

	if (!der_header(&r, &tag, &len) || tag != DER_SEQUENCE || !der_header(&r, &tag, &len) || tag != DER_SEQUENCE)
		return false;
	(void)!der_get(&r, DER_VERSION, &version);	/* absent in version 1 */
	if (!der_get(&r, DER_INTEGER, &serial) || serial.len == 0)
		return false;
	if (serial.len > SERIAL_MAX)
		serial.len = SERIAL_MAX;
	view_hex(serial, key);
	return true;
}

/* Calls `each` with every certificate of an enrollment; false if it cannot be read. */
static bool
read_enrollment(const struct flow_env *env, const char *dir, const char *user, void (*each)(void *ctx, struct view der), void *ctx)
{
	_cleanup_(freep) char *text = NULL;
	uint8_t der[CERT_DER_MAX];
	struct cursor r;
	struct outcome o;
	enum pem found;
	size_t len;

	o = userfile_read(dir, user, env->trust_owner, &unheard, &text, &len);
	if (!outcome_ok(&o))
		return false;
	r = cursor_of(text, len);
	while ((found = pem_next(&r, der, sizeof der, &len)) == PEM_CERT)
		each(ctx, (struct view){ der, len });
	return found == PEM_END;
}

/* --- the search ------------------------------------------------------------------------ */

struct owner_search {
	const struct flow_env *env;
	const char *dir;	/* of enrollments: root's, then the organization's */
	struct view head;
	const char *key;
	struct userindex index;	/* empty, if there is none that can be used */
	size_t most, read, unread;
	bool match;		/* of the enrollment that is being read */
	struct owners *found;
};

static void
compare_head(void *ctx, struct view der)
{
	struct owner_search *s = ctx;

	s->match = s->match || usercerts_is_head_of(s->head, der);
}

static bool
is_found(const struct owners *f, const char *user)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->names[i], user) == 0)
			return true;
	return false;
}

/* Asks the enrollment itself, which decides, whatever the index says. */
static void
confirm_owner(void *ctx, const char *user)
{
	struct owner_search *s = ctx;
	struct owners *f = s->found;

	s->match = false;
	if (is_found(f, user) || !read_enrollment(s->env, s->dir, user, compare_head, s) || !s->match)
		return;
	if (f->count == OWNERS_MAX) {
		log_msg(s->env->log, LOG_WARNING, "this card is registered for more than %d accounts", OWNERS_MAX);
		return;
	}
	memcpy(f->names[f->count++], user, strlen(user) + 1);
}

/* Whether the index has an enrollment as it is now; *ret_key: and the key in it. */
static bool
knows(const struct owner_search *s, const char *user, bool *ret_key)
{
	const struct userindex_entry *e;
	size_t n = userindex_of(&s->index, user, &e);
	struct userindex_stamp now;

	*ret_key = false;
	if (n == 0 || !userindex_stamp_of(s->dir, user, &now) ||
	    !userindex_same_stamp(e[0].changed, now))
		return false;
	for (size_t i = 0; i < n; i++)
		*ret_key = *ret_key || strcmp(e[i].key, s->key) == 0;
	return true;
}

static void
search_user(void *ctx, const char *user)
{
	struct owner_search *s = ctx;
	bool has_key;

	if (knows(s, user, &has_key)) {
		if (has_key)
			confirm_owner(s, user);
	} else if (s->read < s->most) {
		s->read++;
		confirm_owner(s, user);
	} else {
		s->unread++;
	}
}

static void
log_old_index(const struct owner_search *s)
{
	if (s->unread > 0)
		log_msg(s->env->log, LOG_ERR, "%s: %zu registrations are not in the index, and %zu of them were not looked at; "
		    "run jpkictl index", s->dir, s->read + s->unread, s->unread);
	else if (s->read > 0)
		log_msg(s->env->log, LOG_NOTICE, "%s: %zu registrations are not in the index; run jpkictl index",
		    s->dir, s->read);
}

static struct outcome
search_all(struct owner_search *s)
{
	struct outcome o = userindex_load(s->dir, s->env->trust_owner, &unheard, &s->index);

	if (o.status == OUTCOME_NO_MEMORY)
		return o;
	o = userfile_each(s->dir, s->env->trust_owner, s->env->log, search_user, s);
	userindex_done(&s->index);
	log_old_index(s);
	return o;
}

static struct outcome
search_dir(struct owner_search *s)
{
	size_t before = s->found->count;
	bool fresh = userindex_find(s->dir, s->env->trust_owner, s->env->log, s->key, confirm_owner, s);

	if (fresh && s->found->count > before)
		return outcome_of(OUTCOME_OK);
	s->read = s->unread = 0;
	return search_all(s);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct outcome
owners_find(const struct flow_env *env, struct view head, size_t most, struct owners *ret)
{
	char key[USERINDEX_KEY_MAX];
	struct owner_search s = { .env = env, .dir = env->conf->users_dir, .head = head, .key = key, .most = most,
		.found = ret };
	char fleet[PATH_MAX];
	struct outcome o;

	ret->count = 0;
	if (!key_of(head, key))
		return outcome_of(OUTCOME_OK);
	o = search_dir(&s);
	fleetcopy_users_dir(env->conf, fleet);
	if (outcome_ok(&o) && fleet[0] != '\0') {
		s.dir = fleet;
		o = search_dir(&s);
	}
	qsort(ret->names, ret->count, sizeof ret->names[0], by_name);
	return o;
}

/* --- the index -------------------------------------------------------------------------- */

struct indexing {
	const struct flow_env *env;
	const char *dir;
	const struct userindex *known;
	struct userindex_lines lines;
	const char *user;	/* whose enrollment is being read */
	struct userindex_stamp changed;
	bool any;		/* line of theirs */
	size_t all, unknown;
};

static void
add_certificate(void *ctx, struct view der)
{
	struct indexing *x = ctx;
	char key[USERINDEX_KEY_MAX];

	if (!key_of(der, key))
		return;
	userindex_add(&x->lines, key, x->changed, x->user);
	x->any = true;
}

/* Reads times before contents: an enrollment that changes meanwhile counts as unknown to the index. */
static void
index_user(void *ctx, const char *user)
{
	struct indexing *x = ctx;
	const struct userindex_entry *e;
	size_t n = userindex_of(x->known, user, &e);

	if (!userindex_stamp_of(x->dir, user, &x->changed))
		return;
	x->all++;
	if (n > 0 && userindex_same_stamp(e[0].changed, x->changed)) {
		for (size_t i = 0; i < n; i++)
			userindex_add(&x->lines, e[i].key, x->changed, user);
		return;
	}
	x->unknown++;
	x->user = user;
	x->any = false;
	(void)read_enrollment(x->env, x->dir, user, add_certificate, x);
	if (!x->any)
		userindex_add(&x->lines, USERINDEX_NO_KEY, x->changed, user);
}

struct outcome
owners_index(const struct flow_env *env, const char *users_dir, bool whole)
{
	_cleanup_(userindex_done) struct userindex known = { .count = 0 };
	struct indexing x = { .env = env, .dir = users_dir, .known = &known };
	struct userindex_stamp dir;
	struct outcome o = outcome_of(OUTCOME_OK);

	if (!userindex_stamp_of_dir(users_dir, &dir))
		return o;	/* no user is enrolled */
	if (!whole)
		o = userindex_load(users_dir, env->trust_owner, &unheard, &known);
	if (o.status != OUTCOME_NO_MEMORY)
		o = userfile_each(users_dir, env->trust_owner, env->log, index_user, &x);
	if (outcome_ok(&o))
		o = userindex_write(users_dir, dir, &x.lines, env->log);
	userindex_lines_done(&x.lines);
	return o;
}

static void
count_user(void *ctx, const char *user)
{
	struct indexing *x = ctx;
	const struct userindex_entry *e;

	x->all++;
	if (userindex_of(x->known, user, &e) == 0 || !userindex_stamp_of(x->dir, user, &x->changed) ||
	    !userindex_same_stamp(e[0].changed, x->changed))
		x->unknown++;
}

struct outcome
owners_count(const struct flow_env *env, const char *users_dir, size_t *ret_all, size_t *ret_unknown)
{
	_cleanup_(userindex_done) struct userindex known;
	struct indexing x = { .env = env, .dir = users_dir, .known = &known };
	struct outcome o = userindex_load(users_dir, env->trust_owner, env->log, &known);

	if (o.status != OUTCOME_NO_MEMORY)
		o = userfile_each(users_dir, env->trust_owner, env->log, count_user, &x);
	*ret_all = x.all;
	*ret_unknown = x.unknown;
	return o;
}

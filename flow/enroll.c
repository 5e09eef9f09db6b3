/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/enroll.h"
#include "flow/owners.h"
#include "flow/possession/transaction.h"
#include "flow/prove.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/lock.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/pem.h"
#include "nss/sigcheck.h"

#define PEM_MAX (2 * CERT_DER_MAX)
#define NOTE_MAX 512

struct outcome
enroll_check(const struct flow_env *env, struct view der)
{
	_cleanup_(usercerts_done) struct usercerts one = { .count = 0 };
	struct outcome o = usercerts_of(env, der, &one);

	return outcome_ok(&o) ? usercerts_verdict(&one) : o;
}

struct outcome
enroll_prove(const struct flow_env *env, const struct flow_ui *ui, const char *user,
    const char *reader, const struct survey *survey, struct secret *pin, bool *ret_card_clean)
{
	_cleanup_(usercerts_done) struct usercerts one = { .count = 0 };
	struct login_request request = { .purpose = "enroll", .user = user, .service = "jpkictl",
		.host = "" };
	struct found_card found = { .classic = survey->classic, .tries_left = survey->auth_tries };
	int64_t verify_by;
	struct outcome o;

	*ret_card_clean = true;
	o = usercerts_of(env, (struct view){ survey->der, survey->der_len }, &one);
	if (outcome_ok(&o))
		o = usercerts_verdict(&one);
	if (outcome_ok(&o) && survey->auth_tries == TRIES_UNKNOWN)
		o = outcome_of(OUTCOME_NO_CERT);
	if (outcome_ok(&o))
		o = transaction_may_try(env, survey->auth_tries);
	if (!outcome_ok(&o))
		return o;
	memcpy(found.reader, reader, strlen(reader) + 1);
	found.enrolled = &one.at[0];
	o = prove_ask(env, ui, &found, pin, &verify_by);
	if (!outcome_ok(&o))
		return o;
	return prove_possession(env, &request, &one, &found, verify_by, pin, NULL, ret_card_clean);
}

/* Copies the enrolled certificates except this one, each with the lines before it. */
static struct outcome
copy_others(struct cursor text, struct view der, struct writer *w, size_t *ret_count)
{
	uint8_t one[CERT_DER_MAX];

	for (;;) {
		struct view block;
		size_t len;

		while (text.left > 0 && *text.p == '\n') {
			text.p++;
			text.left--;
		}
		block.data = text.p;
		switch (pem_next(&text, one, sizeof one, &len)) {
		case PEM_END:
			return outcome_of(OUTCOME_OK);
		case PEM_BAD:
			return outcome_of(OUTCOME_ENROLMENT);
		case PEM_CERT:
			break;
		}
		block.len = (size_t)(text.p - block.data);
		if (view_equal((struct view){ one, len }, der))
			continue;
		writer_bytes(w, block.data, block.len);
		writer_u8(w, '\n');
		++*ret_count;
	}
}

/* Reads what a user's file keeps beside this certificate; nothing if there is no file. */
static struct outcome
read_others(const struct flow_env *env, const char *user, struct view der, struct writer *w)
{
	_cleanup_(usercerts_done) struct usercerts present = { .count = 0 };
	_cleanup_(freep) char *text = NULL;
	struct outcome o = usercerts_load(env, user, &present);
	size_t len, count = 0;

	if (o.status == OUTCOME_NOT_ENROLLED && userfile_user_ok(user))
		return outcome_of(OUTCOME_OK);
	if (outcome_ok(&o))
		o = userfile_read(env->conf->users_dir, user, env->trust_owner, env->log, &text, &len);
	if (outcome_ok(&o))
		o = copy_others(cursor_of(text, len), der, w, &count);
	if (outcome_ok(&o) && count >= USERCERTS_MAX) {
		log_msg(env->log, LOG_ERR, "%s/%s.pem: has %d certificates, as many as a user can have; "
		    "enroll without --add to replace them", env->conf->users_dir, LOG_NAME(user), USERCERTS_MAX);
		o = outcome_of(OUTCOME_ENROLMENT);
	}
	return o;
}

struct outcome
enroll_room(const struct flow_env *env, const char *user, struct view der)
{
	_cleanup_(freep) char *text = malloc(USERFILE_MAX);
	struct writer w = writer_of(text, USERFILE_MAX);

	return text != NULL ? read_others(env, user, der, &w) : outcome_of(OUTCOME_NO_MEMORY);
}

/* Whether it has expired or its authority has revoked it: it no longer identifies a user. */
static bool
is_over(const struct usercert *c)
{
	return c->verdict.status == OUTCOME_CERT_EXPIRED || c->verdict.status == OUTCOME_REVOKED;
}

static struct outcome
judge_present(const struct flow_env *env, const char *user, enum enroll_claim *ret_claim)
{
	_cleanup_(usercerts_done) struct usercerts present = { .count = 0 };
	struct outcome o = usercerts_load(env, user, &present);

	*ret_claim = ENROLL_PRESENT;
	if (o.status == OUTCOME_NOT_ENROLLED && userfile_user_ok(user)) {
		*ret_claim = ENROLL_FREE;
		return outcome_of(OUTCOME_OK);
	}
	if (!outcome_ok(&o))
		return o;
	for (size_t i = 0; i < present.count; i++)
		if (!is_over(&present.at[i]))
			return o;
	*ret_claim = ENROLL_FREE;
	return o;
}

struct owner_search {
	const struct flow_env *env;
	const char *dir, *user;
	struct view der;
	bool taken;
};

/* Compares bytes, without NSS: there may be thousands. A file that cannot be read is passed over. */
static void
look_for_cert(void *ctx, const char *user)
{
	_cleanup_(freep) char *text = NULL;
	struct owner_search *s = ctx;
	uint8_t one[CERT_DER_MAX];
	struct outcome o;
	struct cursor c;
	size_t len;

	if (s->taken || strcmp(user, s->user) == 0)
		return;
	o = userfile_read(s->dir, user, s->env->trust_owner, s->env->log, &text, &len);
	if (!outcome_ok(&o))
		return;
	c = cursor_of(text, len);
	while (!s->taken && pem_next(&c, one, sizeof one, &len) == PEM_CERT)
		s->taken = view_equal((struct view){ one, len }, s->der);
}

/* Whether it is registered for another account, by root or by an organization. */
static struct outcome
find_other_owner(const struct flow_env *env, const char *user, struct view der, bool *ret_taken)
{
	struct owner_search search = { .env = env, .dir = env->conf->users_dir, .user = user, .der = der };
	struct outcome o = userfile_each(search.dir, env->trust_owner, env->log, look_for_cert, &search);
	char fleet[PATH_MAX];

	fleetcopy_users_dir(env->conf, fleet);
	search.dir = fleet;
	if (outcome_ok(&o) && fleet[0] != '\0')
		o = userfile_each(fleet, env->trust_owner, env->log, look_for_cert, &search);
	*ret_taken = search.taken;
	return o;
}

struct outcome
enroll_may_claim(const struct flow_env *env, const char *user, struct view der,
    enum enroll_claim *ret_claim)
{
	struct outcome o = judge_present(env, user, ret_claim);
	bool taken = true;

	if (!outcome_ok(&o) || *ret_claim != ENROLL_FREE || der.len == 0)
		return o;
	o = find_other_owner(env, user, der, &taken);
	if (!outcome_ok(&o) || taken)
		*ret_claim = ENROLL_TAKEN;
	return o;
}

/* Again, now under the lock: no other process can write. */
static struct outcome
claim_user(const struct flow_env *env, const char *user, struct view der)
{
	enum enroll_claim claim = ENROLL_PRESENT;
	struct outcome o = enroll_may_claim(env, user, der, &claim);

	if (!outcome_ok(&o) || claim == ENROLL_FREE)
		return o;
	log_msg(env->log, LOG_ERR, "%s/%s.pem: not written: %s", env->conf->users_dir, LOG_NAME(user),
	    claim == ENROLL_TAKEN ? "the certificate is registered for another account" :
	    "something is registered for this account already");
	return outcome_of(OUTCOME_ENROLMENT);
}

/* Writes when, from where and by whom it came, then the certificate, NUL-terminated. */
static struct outcome
put_new(const struct flow_env *env, struct view der, const struct enroll_how *how, struct writer *w)
{
	char pem[PEM_MAX], note[NOTE_MAX], when[CLK_UTC_MAX];

	if (!clk_utc_text(clk_wall_s(env->clk), when))
		return outcome_of(OUTCOME_INTERNAL);
	if (!pem_write(der, pem, sizeof pem))
		return outcome_of(OUTCOME_CERT_BAD);
	snprintf(note, sizeof note, "enrolled %s %s, by %s\n", when, how->source, how->by);
	writer_text(w, note);
	writer_bytes(w, pem, strlen(pem) + 1);
	return outcome_of(OUTCOME_OK);
}

/* A failure is logged only: the registration counts, and the search for the card's accounts is slower. */
static void
index_again(const struct flow_env *env)
{
	(void)!owners_index(env, env->conf->users_dir, false).status;
}

struct outcome
enroll_write(const struct flow_env *env, const char *user, struct view der,
    const struct enroll_how *how)
{
	_cleanup_(freep) char *text = malloc(USERFILE_MAX);
	_cleanup_(closep) int lock = -1;
	struct writer w = writer_of(text, USERFILE_MAX);
	struct outcome o = outcome_of(OUTCOME_OK);

	if (text == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	o = userfile_lock(env->conf->users_dir, env->trust_owner, env->log, &lock);
	if (outcome_ok(&o) && how->claim)
		o = claim_user(env, user, der);
	if (outcome_ok(&o) && how->add)
		o = read_others(env, user, der, &w);
	if (outcome_ok(&o))
		o = put_new(env, der, how, &w);
	if (!outcome_ok(&o))
		return o;
	if (!writer_ok(&w)) {
		log_msg(env->log, LOG_ERR, "%s/%s.pem: it would become too long", env->conf->users_dir,
		    LOG_NAME(user));
		return outcome_of(OUTCOME_ENROLMENT);
	}
	o = userfile_write(env->conf->users_dir, user, env->trust_owner, text, env->log);
	if (outcome_ok(&o))
		index_again(env);
	return o;
}

struct outcome
enroll_end(const struct flow_env *env, const char *user)
{
	_cleanup_(closep) int lock = -1;
	struct outcome o = userfile_lock(env->conf->users_dir, env->trust_owner, env->log, &lock);

	if (outcome_ok(&o))
		o = userfile_remove(env->conf->users_dir, user, env->trust_owner, env->log);
	if (outcome_ok(&o))
		index_again(env);
	return o;
}

struct outcome
enroll_index(const struct flow_env *env)
{
	_cleanup_(closep) int lock = -1, fleet_lock = -1;
	char fleet[PATH_MAX];
	struct outcome o = userfile_lock(env->conf->users_dir, env->trust_owner, env->log, &lock);

	if (outcome_ok(&o))
		o = owners_index(env, env->conf->users_dir, true);
	fleetcopy_users_dir(env->conf, fleet);
	if (!outcome_ok(&o) || fleet[0] == '\0' || access(fleet, F_OK) != 0)
		return o;
	if (!lock_beside(env->conf->fleet_dir, env->trust_owner, env->log, &fleet_lock))
		return outcome_of(OUTCOME_FLEET);
	return owners_index(env, fleet, true);
}

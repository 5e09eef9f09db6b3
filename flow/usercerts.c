/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/message.h"
#include "nss/blocklist.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/chain.h"
#include "nss/crl/check.h"
#include "nss/pem.h"

/* Version, serial number, algorithm, issuer (133 bytes) and validity end before here. */
#define MATCH_MIN 224

static struct outcome
bad_file(const struct flow_env *env, const char *user, const char *why)
{
	log_msg(env->log, LOG_ERR, "%s/%s.pem: %s; enroll the card again", env->conf->users_dir,
	    LOG_NAME(user), why);
	return outcome_of(OUTCOME_ENROLMENT);
}

static enum crl_policy
crl_policy(const struct conf *conf)
{
	switch (conf->crl) {
	case CONF_CRL_OFF:
		return CRL_OFF;
	case CONF_CRL_IF_PRESENT:
		return CRL_IF_PRESENT;
	default:
		return CRL_REQUIRE;
	}
}

/* What asks whether a certificate is still good, for nss/chain.h. */
struct lists {
	struct blocklist blocked;
	struct crlcheck crls;
};

/* The administrator's word first: it holds whatever is wrong with the CRLs, or without any. */
static struct outcome
check_lists(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	struct lists *lists = ctx;
	struct outcome o = blocklist_check(&lists->blocked, cert, issuer);

	return outcome_ok(&o) ? crlcheck(&lists->crls, cert, issuer, now) : o;
}

static struct outcome
add_cert(const struct flow_env *env, struct view der, struct usercerts *e)
{
	struct lists lists = {
		.blocked = {
			.path = env->conf->block_list,
			.owner = env->trust_owner,
			.log = env->log,
		},
		.crls = {
			.dir = env->conf->crl_dir,
			.owner = env->trust_owner,
			.policy = crl_policy(env->conf),
			.grace = (int64_t)env->conf->crl_grace_hours * 3600,
			.log = env->log,
		},
	};
	struct revocation revocation = { .check = check_lists, .ctx = &lists };
	struct chain_rules rules = {
		.now = clk_wall_s(env->clk),
		.policy_oid = env->conf->policy_oid[0] != '\0' ? env->conf->policy_oid : NULL,
		.revocation = &revocation,
	};
	struct usercert *ec = &e->at[e->count];
	struct outcome o = cert_from_der(e->db, der, &ec->cert);

	if (!outcome_ok(&o))
		return o;
	e->count++;
	ec->verdict = chain_check(e->db, ec->cert, &rules, env->log);
	return o;
}

static struct outcome
add_certs(const struct flow_env *env, const char *user, struct cursor text, struct usercerts *e)
{
	uint8_t der[CERT_DER_MAX];
	struct outcome o;
	size_t len;

	for (;;) {
		switch (pem_next(&text, der, sizeof der, &len)) {
		case PEM_END:
			if (e->count == 0)
				return bad_file(env, user, "holds no certificate");
			return outcome_of(OUTCOME_OK);
		case PEM_BAD:
			return bad_file(env, user, "damaged PEM");
		case PEM_CERT:
			break;
		}
		if (e->count == USERCERTS_MAX)
			return bad_file(env, user, "more certificates than a user can have");
		o = add_cert(env, (struct view){ der, len }, e);
		if (o.status == OUTCOME_CERT_BAD)
			return bad_file(env, user, "a block that is no certificate");
		if (!outcome_ok(&o))
			return o;
	}
}

struct outcome
usercerts_load(const struct flow_env *env, const char *user, struct usercerts *ret)
{
	_cleanup_(freep) char *text = NULL;
	struct outcome o;
	size_t len;

	o = userfile_read(env->conf->users_dir, user, env->trust_owner, env->log, &text, &len);
	if (!outcome_ok(&o))
		return o;
	o = certdb_open(env->conf->trust_db, env->trust_owner, env->log, &ret->db);
	if (!outcome_ok(&o))
		return o;
	return add_certs(env, user, cursor_of(text, len), ret);
}

struct outcome
usercerts_of(const struct flow_env *env, struct view der, struct usercerts *ret)
{
	struct outcome o = certdb_open(env->conf->trust_db, env->trust_owner, env->log, &ret->db);

	return outcome_ok(&o) ? add_cert(env, der, ret) : o;
}

void
usercerts_done(struct usercerts *e)
{
	for (size_t i = 0; i < e->count; i++)
		cert_free(e->at[i].cert);
	(void)certdb_close(e->db);
	*e = (struct usercerts){ .count = 0 };
}

struct search {
	const struct flow_env *env;
	struct view der;
	void (*each)(void *ctx, const char *user);
	void *ctx;
};

static void
ask_user(void *ctx, const char *user)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	const struct search *s = ctx;
	struct outcome o = usercerts_load(s->env, user, &e);

	for (size_t i = 0; outcome_ok(&o) && i < e.count; i++)
		if (view_equal(cert_der(e.at[i].cert), s->der)) {
			s->each(s->ctx, user);
			return;
		}
}

struct outcome
usercerts_owners(const struct flow_env *env, struct view der,
    void (*each)(void *ctx, const char *user), void *ctx)
{
	struct search s = { .env = env, .der = der, .each = each, .ctx = ctx };

	return userfile_each(env->conf->users_dir, env->trust_owner, env->log, ask_user, &s);
}

struct outcome
usercerts_verdict(const struct usercerts *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (outcome_ok(&e->at[i].verdict))
			return e->at[i].verdict;
	return e->count > 0 ? e->at[0].verdict : outcome_of(OUTCOME_NOT_ENROLLED);
}

bool
usercerts_is_head_of(struct view head, struct view der)
{
	return head.len >= MATCH_MIN && head.len <= der.len &&
	    memcmp(head.data, der.data, head.len) == 0;
}

const struct usercert *
usercerts_match(const struct usercerts *e, struct view head)
{
	for (size_t i = 0; i < e->count; i++)
		if (usercerts_is_head_of(head, cert_der(e->at[i].cert)))
			return &e->at[i];
	return NULL;
}

static bool
ends_on_same_day_of_year(const struct cert *a, const struct cert *b)
{
	char end_a[MESSAGE_DATE_MAX], end_b[MESSAGE_DATE_MAX];

	message_date(cert_not_after(a), end_a);
	message_date(cert_not_after(b), end_b);
	return strlen(end_a) == strlen("2026-11-23") && strcmp(end_a + 4, end_b + 4) == 0;
}

bool
usercerts_is_renewal(const struct usercerts *e, struct view der)
{
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(e->db, der, &cert);
	bool found = false;

	for (size_t i = 0; outcome_ok(&o) && i < e->count; i++)
		found = found || (cert_not_before(cert) > cert_not_before(e->at[i].cert) &&
		    ends_on_same_day_of_year(cert, e->at[i].cert));
	cert_free(cert);
	return found;
}

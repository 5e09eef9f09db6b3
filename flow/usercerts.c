/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "config/fleetcopy.h"
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

/* --- block lists and CRLs ------------------------------------------------------------- */

/* What decides whether a certificate has been blocked or revoked, for nss/chain.h. */
struct lists {
	struct blocklist blocked;
	const struct fleetcopy *fleet;
	bool of_fleet;		/* the certificate is one that the fleet has registered */
	struct crlcheck crls;
};

/* By its own fingerprint, or by its serial number under this issuer. */
static struct outcome
check_fleet(const struct lists *lists, const struct cert *cert, const struct cert *issuer)
{
	struct block_entry by_certificate, by_serial;
	char name[BLOCKLIST_NAME_MAX];
	struct outcome o;

	if (!blocklist_entries_of(cert, issuer, &by_certificate, &by_serial))
		return outcome_of(OUTCOME_INTERNAL);
	o = fleetcopy_check(lists->fleet, by_certificate.certificate);
	if (outcome_ok(&o) && by_serial.serial[0] != '\0') {
		blocklist_name(&by_serial, name);
		o = fleetcopy_check(lists->fleet, name);
	}
	/* A damaged copy counts like a missing one. Root's registrations stay. */
	if (o.status == OUTCOME_FLEET && !lists->of_fleet)
		o = outcome_of(OUTCOME_OK);
	return o;
}

/* The administrator's block list comes first: it decides even if the rest is damaged or missing. */
static struct outcome
check_lists(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	struct lists *lists = ctx;
	struct outcome o = blocklist_check(&lists->blocked, cert, issuer);

	if (outcome_ok(&o))
		o = check_fleet(lists, cert, issuer);
	return outcome_ok(&o) ? crlcheck(&lists->crls, cert, issuer, now) : o;
}

struct called {
	struct block_entry *by_certificate, *by_serial;
	bool ok;
};

static struct outcome
note_entries(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	struct called *called = ctx;

	called->ok = blocklist_entries_of(cert, issuer, called->by_certificate, called->by_serial);
	return outcome_of(OUTCOME_OK);
}

bool
usercerts_block_entries(struct certdb *db, const struct cert *cert, struct block_entry *by_certificate,
    struct block_entry *by_serial)
{
	struct called called = { .by_certificate = by_certificate, .by_serial = by_serial, .ok = true };
	struct revocation revocation = { .check = note_entries, .ctx = &called };
	struct chain_rules rules = { .now = cert_not_before(cert), .revocation = &revocation };
	struct log silent = { .sink = NULL };

	*by_certificate = *by_serial = (struct block_entry){ .serial = "" };
	snprintf(by_certificate->certificate, sizeof by_certificate->certificate, "%s", cert_fingerprint(cert));
	(void)!chain_check(db, cert, &rules, &silent).status;	/* called back only if it has found the issuer */
	return called.ok;
}

/* --- one certificate ------------------------------------------------------------------ */

/* The state of a load: root's registrations first, then the fleet's. */
struct load {
	const struct flow_env *env;
	const char *user;
	struct fleetcopy fleet;
	bool of_fleet;		/* which of the two is being read */
	struct usercerts *ret;
};

static void
load_done(struct load *l)
{
	fleetcopy_close(&l->fleet);
}

static void
load_begin(const struct flow_env *env, const char *user, struct usercerts *ret, struct load *l)
{
	*l = (struct load){ .env = env, .user = user, .ret = ret };
	fleetcopy_open(env->conf, env->trust_owner, clk_wall_s(env->clk), env->log, &l->fleet);
}

/* The verdict on the fleet's copy, for a certificate that the fleet has registered. */
static struct outcome
fleet_verdict(const struct load *l)
{
	switch (l->fleet.condition) {
	case FLEETCOPY_FRESH:
		return outcome_of(OUTCOME_OK);
	case FLEETCOPY_STALE:
		return outcome_of(l->env->conf->fleet_stale == CONF_FLEET_STALE_ALLOW ? OUTCOME_OK :
		    OUTCOME_FLEET_STALE);
	case FLEETCOPY_NONE:
	case FLEETCOPY_BROKEN:
		break;
	}
	return outcome_of(OUTCOME_FLEET);
}

static struct outcome
judge_cert(const struct load *l, const struct cert *cert)
{
	const struct flow_env *env = l->env;
	struct lists lists = {
		.blocked = {
			.path = env->conf->block_list,
			.owner = env->trust_owner,
			.log = env->log,
		},
		.fleet = &l->fleet,
		.of_fleet = l->of_fleet,
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
	struct outcome o = chain_check(l->ret->db, cert, &rules, env->log);

	return outcome_ok(&o) && l->of_fleet ? fleet_verdict(l) : o;
}

static bool
is_loaded(const struct usercerts *e, struct view der)
{
	for (size_t i = 0; i < e->count; i++)
		if (view_equal(cert_der(e->at[i].cert), der))
			return true;
	return false;
}

static struct outcome
add_cert(const struct load *l, struct view der)
{
	struct usercert *ec = &l->ret->at[l->ret->count];
	struct outcome o = cert_from_der(l->ret->db, der, &ec->cert);

	if (!outcome_ok(&o))
		return o;
	l->ret->count++;
	ec->fleet = l->of_fleet;
	ec->verdict = judge_cert(l, ec->cert);
	return o;
}

/* --- a user's file -------------------------------------------------------------------- */

static const char *
users_dir(const struct load *l)
{
	return l->of_fleet ? l->fleet.users_dir : l->env->conf->users_dir;
}

static struct outcome
bad_file(const struct load *l, const char *why)
{
	log_msg(l->env->log, LOG_ERR, "%s/%s.pem: %s; %s", users_dir(l), LOG_NAME(l->user), why,
	    l->of_fleet ? "have the card registered again" : "enroll the card again");
	return outcome_of(l->of_fleet ? OUTCOME_FLEET : OUTCOME_ENROLMENT);
}

/* Adds one, unless root has registered it already or, for the fleet, the set is full. */
static struct outcome
add_next(struct load *l, struct view der)
{
	struct outcome o;

	if (l->of_fleet && is_loaded(l->ret, der))
		return outcome_of(OUTCOME_OK);
	if (l->ret->count == USERCERTS_MAX)
		return bad_file(l, "more certificates than a user can have");
	o = add_cert(l, der);
	return o.status == OUTCOME_CERT_BAD ? bad_file(l, "a block that is not a certificate") : o;
}

static struct outcome
add_certs(struct load *l, struct cursor text)
{
	uint8_t der[CERT_DER_MAX];
	size_t len, found = 0;
	struct outcome o;

	for (;;) {
		switch (pem_next(&text, der, sizeof der, &len)) {
		case PEM_END:
			if (found == 0)
				return bad_file(l, "contains no certificate");
			return outcome_of(OUTCOME_OK);
		case PEM_BAD:
			return bad_file(l, "damaged PEM");
		case PEM_CERT:
			found++;
			break;
		}
		o = add_next(l, (struct view){ der, len });
		if (!outcome_ok(&o))
			return o;
	}
}

/* Opens the database only if there is a certificate to judge. */
static struct outcome
load_file(struct load *l)
{
	const struct flow_env *env = l->env;
	_cleanup_(freep) char *text = NULL;
	struct outcome o;
	size_t len;

	o = userfile_read(users_dir(l), l->user, env->trust_owner, env->log, &text, &len);
	if (outcome_ok(&o) && l->ret->db == NULL)
		o = certdb_open(env->conf->trust_db, env->trust_owner, env->log, &l->ret->db);
	return outcome_ok(&o) ? add_certs(l, cursor_of(text, len)) : o;
}

/* Whether the fleet may register cards for this account; a refusal is logged if it has registered one. */
static bool
may_ask_fleet(const struct load *l)
{
	const struct flow_env *env = l->env;
	uid_t uid;

	if (l->fleet.condition == FLEETCOPY_NONE || !userfile_exists(l->fleet.users_dir, l->user))
		return false;
	if (env->uid_of == NULL || !env->uid_of(env->uid_ctx, l->user, &uid)) {
		log_msg(env->log, LOG_DEBUG, "%s: no account has the name %s, so no card counts as registered for it",
		    l->fleet.users_dir, LOG_NAME(l->user));
		return false;
	}
	if (fleetcopy_may_register(env->conf, l->user, uid))
		return true;
	log_msg(env->log, LOG_WARNING, "%s: a card may not be registered from outside for %s (fleet_min_uid, fleet_never)",
	    l->fleet.users_dir, LOG_NAME(l->user));
	return false;
}

/*
 * Adds the fleet's certificates to root's. A damaged file of the fleet is skipped as a whole, and
 * root's registrations stay as they are.
 */
static struct outcome
load_of_fleet(struct load *l)
{
	size_t before = l->ret->count;
	struct outcome o;

	l->of_fleet = true;
	o = load_file(l);
	if (o.status == OUTCOME_ENROLMENT)
		o = outcome_of(OUTCOME_FLEET);
	while (!outcome_ok(&o) && l->ret->count > before)
		cert_free(l->ret->at[--l->ret->count].cert);
	return before > 0 && (o.status == OUTCOME_FLEET || o.status == OUTCOME_NOT_ENROLLED) ?
	    outcome_of(OUTCOME_OK) : o;
}

struct outcome
usercerts_load(const struct flow_env *env, const char *user, struct usercerts *ret)
{
	_cleanup_(load_done) struct load l;
	struct outcome o;

	load_begin(env, user, ret, &l);
	o = load_file(&l);
	if ((outcome_ok(&o) || o.status == OUTCOME_NOT_ENROLLED) && may_ask_fleet(&l))
		o = load_of_fleet(&l);
	return o;
}

static void
forget_certs(struct usercerts *e)
{
	for (size_t i = 0; i < e->count; i++)
		cert_free(e->at[i].cert);
	e->count = 0;
}

struct outcome
usercerts_load_again(const struct flow_env *env, const char *user, struct usercerts *e)
{
	forget_certs(e);
	if (e->db != NULL && !e->db_lent && !certdb_is_current(e->db, env->conf->trust_db))
		usercerts_done(e);
	return usercerts_load(env, user, e);
}

bool
usercerts_exist(const struct conf *conf, const char *user)
{
	char fleet[PATH_MAX];

	if (userfile_exists(conf->users_dir, user))
		return true;
	fleetcopy_users_dir(conf, fleet);
	return fleet[0] != '\0' && userfile_exists(fleet, user);
}

struct outcome
usercerts_of(const struct flow_env *env, struct view der, struct usercerts *ret)
{
	_cleanup_(load_done) struct load l;
	struct outcome o;

	load_begin(env, "", ret, &l);
	o = certdb_open(env->conf->trust_db, env->trust_owner, env->log, &ret->db);
	return outcome_ok(&o) ? add_cert(&l, der) : o;
}

void
usercerts_done(struct usercerts *e)
{
	forget_certs(e);
	if (!e->db_lent)
		(void)certdb_close(e->db);
	*e = (struct usercerts){ .count = 0 };
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

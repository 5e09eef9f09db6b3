/* SPDX-License-Identifier: BSD-2-Clause */
/* Authorities, revocation lists, enrollments. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/owners.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/crl/store.h"
#include "nss/trustdb.h"
#include "tools/doctor/doctor.h"
#include "tools/fetch/sources.h"

static int64_t
now(const struct doctor *d)
{
	return clk_wall_s(d->t->env.clk);
}

static void
readable_in(struct doctor *d, const char *dir, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	if (n > 0 && (size_t)n < sizeof path)
		doctor_readable(d, path);
}

/* --- authorities -------------------------------------------------------------------- */

struct authorities {
	struct doctor *d;
	unsigned int count;
};

static void
judge_authority(void *ctx, const struct cert *cert)
{
	struct authorities *a = ctx;
	char date[MESSAGE_DATE_MAX];

	a->count++;
	message_date(cert_not_after(cert), date);
	found(a->d, cert_not_after(cert) < now(a->d) ? FOUND_TRUST_ENDED : FOUND_TRUST, "%.16s, %s, %s",
	    cert_fingerprint(cert), date, cert_subject(cert));
}

void
doctor_trust(struct doctor *d)
{
	const struct conf *conf = &d->t->conf;
	struct authorities a = { .d = d };
	struct outcome o = trustdb_list(conf->trust_db, d->t->env.trust_owner, &d->t->log,
	    judge_authority, &a);

	if (!outcome_ok(&o)) {
		found(d, FOUND_TRUST_UNUSABLE, "%s", d->said);
		return;
	}
	if (a.count == 0)
		found(d, FOUND_TRUST_EMPTY, "%s", conf->trust_db);
	readable_in(d, conf->trust_db, "cert9.db");
	readable_in(d, conf->trust_db, "key4.db");
}

/* --- revocation lists ----------------------------------------------------------------- */

struct lists {
	struct doctor *d;
	unsigned int good, all;
	int64_t first_end;
};

/* Reports the state of a readable list. */
static enum finding
judge_times(const struct doctor *d, const struct crl_facts *f)
{
	switch (crl_age(f, now(d), (int64_t)d->t->conf.crl_grace_hours * 3600)) {
	case CRL_AGE_FUTURE:
		return FOUND_CRL_FUTURE;
	case CRL_AGE_FRESH:
		return FOUND_CRL;
	case CRL_AGE_GRACE:
		return FOUND_CRL_GRACE;
	case CRL_AGE_ENDED:
		break;
	}
	return FOUND_CRL_ENDED;
}

static void
judge_list(void *ctx, const struct crlstore_item *item)
{
	struct lists *l = ctx;
	char date[MESSAGE_DATE_MAX], index[CRLSTORE_NAME_MAX + sizeof CRLSTORE_INDEX_SUFFIX];
	enum finding f;

	l->all++;
	if (item->fault != CRL_OK) {
		found(l->d, FOUND_CRL_UNUSABLE, "%s, %s", item->name, _(crl_fault_text(item->fault)));
		return;
	}
	snprintf(index, sizeof index, "%s%s", item->name, CRLSTORE_INDEX_SUFFIX);
	readable_in(l->d, l->d->t->conf.crl_dir, index);
	if (item->issuer == NULL)
		found(l->d, FOUND_CRL_STRANGER, "%s", item->name);
	f = judge_times(l->d, item->facts);
	if (f != FOUND_CRL) {
		message_date(item->facts->next_update, date);
		found(l->d, f, "%s, %s", item->name, date);
		return;
	}
	if (l->good++ == 0 || item->facts->next_update < l->first_end)
		l->first_end = item->facts->next_update;
}

/* `crl update` reports faults in the lines of the file. */
static void
judge_sources(struct doctor *d)
{
	_cleanup_(sources_done) struct sources sources = { .count = 0 };

	if (access(d->t->conf.crl_sources, R_OK) == 0 && sources_read(d->t, &sources) && sources.exposed)
		found(d, FOUND_SOURCES_EXPOSED, "%s", d->t->conf.crl_sources);
}

void
doctor_crls(struct doctor *d)
{
	const struct conf *conf = &d->t->conf;
	struct crlstore store = { .dir = conf->crl_dir, .trust_db = conf->trust_db,
		.owner = d->t->env.trust_owner, .log = &d->t->log };
	struct lists l = { .d = d };
	char date[MESSAGE_DATE_MAX];
	enum crl_fault f;

	judge_sources(d);
	if (conf->crl == CONF_CRL_OFF) {
		found_alone(d, FOUND_CRL_OFF);
		return;
	}
	f = crlstore_list(&store, judge_list, &l);
	if (f == CRL_TRUST_DB)
		return;		/* already reported */
	if (f != CRL_OK) {
		found(d, FOUND_CRL_UNUSABLE, "%s", d->said);
		return;
	}
	if (l.all == 0)
		found_alone(d, conf->crl == CONF_CRL_REQUIRE ? FOUND_CRL_NEEDED : FOUND_CRL_NONE);
	if (l.good > 0) {
		message_date(l.first_end, date);
		found(d, FOUND_CRL, "%u, %s", l.good, date);
	}
}

/* --- enrollments ------------------------------------------------------------------------ */

struct users {
	struct doctor *d;
	unsigned int count;
};

static void
judge_certificate(struct doctor *d, const char *user, const struct usercert *e)
{
	char date[MESSAGE_DATE_MAX];
	int64_t end = cert_not_after(e->cert);
	bool soon = message_expires_soon(end, now(d), d->t->conf.expiry_warning_days);

	message_date(end, date);
	if (!outcome_ok(&e->verdict))
		found(d, FOUND_ENROLLED_REFUSED, "%s, %.16s, %s", user, cert_fingerprint(e->cert),
		    outcome_code(e->verdict.status));
	else
		found(d, soon ? FOUND_ENROLLED_ENDS : FOUND_ENROLLED, "%s, %.16s, %s", user,
		    cert_fingerprint(e->cert), date);
}

/* A login looks up a card by the account's name in the user database. */
static void
judge_name(struct doctor *d, const char *user)
{
	struct account account;
	enum account_found f = account_find(user, &d->t->log, &account);

	if (f == ACCOUNT_ABSENT)
		found(d, FOUND_ENROLLED_STRANGER, "%s", user);
	else if (f == ACCOUNT_AMBIGUOUS || strcmp(account.name, user) != 0)
		found(d, FOUND_ENROLLED_MISNAMED, "%s, %s", user, f == ACCOUNT_FOUND ? account.name : "?");
}

static void
judge_user(void *ctx, const char *user)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct users *u = ctx;
	char file[USERFILE_USER_MAX + sizeof ".pem"];
	struct outcome o;

	u->count++;
	judge_name(u->d, user);
	snprintf(file, sizeof file, "%s.pem", user);
	readable_in(u->d, u->d->t->conf.users_dir, file);
	u->d->said[0] = '\0';
	o = usercerts_load(&u->d->t->env, user, &e);
	if (!outcome_ok(&o)) {
		found(u->d, FOUND_ENROLLED_REFUSED, "%s, %s, %s", user, outcome_code(o.status), u->d->said);
		return;
	}
	for (size_t i = 0; i < e.count; i++)
		judge_certificate(u->d, user, &e.at[i]);
}

static void
judge_index(struct doctor *d, const char *users_dir)
{
	size_t all, unknown;
	struct outcome o = owners_count(&d->t->env, users_dir, &all, &unknown);

	if (outcome_ok(&o) && unknown > 0)
		found(d, FOUND_INDEX_OLD, "%zu, %s", unknown, users_dir);
}

/* Without them a card that names the user is looked for in every registration. */
static void
judge_indexes(struct doctor *d)
{
	char fleet[PATH_MAX];

	if (!d->t->conf.user_from_card)
		return;
	judge_index(d, d->t->conf.users_dir);
	fleetcopy_users_dir(&d->t->conf, fleet);
	if (fleet[0] != '\0')
		judge_index(d, fleet);
}

void
doctor_enrollments(struct doctor *d)
{
	struct users u = { .d = d };
	struct outcome o = userfile_each(d->t->conf.users_dir, d->t->env.trust_owner, &d->t->log,
	    judge_user, &u);

	if (!outcome_ok(&o))
		found(d, FOUND_ENROLLED_REFUSED, "%s", d->said);
	else if (u.count == 0 && d->t->conf.fleet_dir[0] == '\0')
		found(d, FOUND_ENROLLED_NONE, "%s", d->t->conf.users_dir);
	judge_indexes(d);
	doctor_readable(d, d->t->conf.block_list);
}

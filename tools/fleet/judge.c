/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "nss/certdb.h"
#include "nss/chain.h"
#include "nss/pem.h"
#include "tools/fleet/judge.h"
#include "tools/fleet/ldif.h"
#include "tools/fleet/record.h"

#define PEM_MAX (2 * CERT_DER_MAX)
#define REFUSED_SAID_MAX 100	/* refused entries that are named in the log; all are counted */

struct judge {
	const struct flow_env *env;
	const struct judge_source *from;
	struct memory *memory;
	struct judgement *result;
	struct certdb *db;
	char users_dir[PATH_MAX];
	int64_t seen;		/* entries that are meant to register a user */
	int64_t sources;
	int64_t registrations, removals;	/* entries of CHANGES */
	bool limited;		/* the directory's result is not success */
	bool full;		/* something could not be remembered, so it was not done */
	bool failed;		/* no memory */
};

static const char *
dn_of(const struct ldif_entry *entry)
{
	const char *dn = ldif_text(entry, "dn");

	return dn != NULL ? dn : "?";
}

static void
refuse(struct judge *j, const struct ldif_entry *entry, const char *why)
{
	if (j->result->refused++ >= REFUSED_SAID_MAX)
		return;
	log_msg(j->env->log, LOG_WARNING, "JPKI-W-FLEET-RECORD: %s (line %zu): %s", LOG_NAME(dn_of(entry)), entry->line, why);
}

/* --- first: what there is, and the words that block and lift -------------------------------- */

static void
take_word(struct judge *j, const struct ldif_entry *entry, const struct record *r)
{
	const char *name;
	size_t at = 0;

	while ((name = record_next_name(entry, &at)) != NULL) {
		struct memory_mark *mark = memory_add_mark(j->memory, name);

		if (mark != NULL)
			mark->changed |= rules_note_word(&mark->mark, r->word, &r->modified);
		else if (r->word == FLEET_BLOCK)
			fprintf(j->from->plan, "block %s\n", name);	/* full: it denies all the same */
	}
}

/* If a state from a fast clock were accepted, all later ones would be old. */
static bool
is_of_future(const struct judge *j, const struct fleet_source *source)
{
	return source->time > clk_wall_s(j->env->clk) + FLEETCOPY_AHEAD_S;
}

static void
survey_entry(struct judge *j, const struct ldif_entry *entry)
{
	struct record r;

	record_read(entry, &r);
	j->seen += r.registers;
	switch (r.kind) {
	case RECORD_WORD:
		take_word(j, entry, &r);
		break;
	case RECORD_SOURCE:
		if (is_of_future(j, &r.source)) {
			refuse(j, entry, "its time is in the future; check the clocks of this machine and of the source");
			break;
		}
		j->sources++;
		j->result->source = r.source;
		break;
	case RECORD_RESULT:
		j->limited = j->limited || !r.success;
		break;
	case RECORD_BAD:
		refuse(j, entry, r.why);
		break;
	case RECORD_REGISTRATION:
		j->registrations++;
		break;
	case RECORD_REMOVAL:
		j->removals++;
		break;
	case RECORD_OTHER:
		break;
	}
}

/* Calls each for every entry; returns false if it could not read up to the end. */
static bool
each_entry(struct judge *j, void (*each)(struct judge *j, const struct ldif_entry *entry))
{
	_cleanup_(ldif_done) struct ldif_entry entry = { .count = 0 };
	enum ldif l;

	rewind(j->from->ldif);
	while ((l = ldif_next(j->from->ldif, &entry)) == LDIF_ENTRY)
		each(j, &entry);
	if (l == LDIF_BAD)
		j->result->line = (int64_t)entry.line;
	return l == LDIF_END;
}

/* --- then: registrations ------------------------------------------------------------------- */

/* The certificates of one entry that are accepted. */
struct candidate {
	const struct ldif_entry *entry;
	const struct record *r;
	struct view certs[USERCERTS_MAX];
	char hashes[USERCERTS_MAX][CERT_FINGERPRINT_LEN + 1];
	size_t count;
};

/* hashes: `count` texts, one after the other, each with its NUL. */
static bool
has_hash(const char *hashes, size_t count, const char *hash)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(hashes + i * (CERT_FINGERPRINT_LEN + 1), hash) == 0)
			return true;
	return false;
}

/*
 * Checks kind and chain, as jpkictl enroll --from-file does. Each login checks whether the certificate is valid
 * at that time, so here it is checked as of its notBefore.
 */
static struct outcome
check_certificate(struct judge *j, struct view der)
{
	struct chain_rules rules = {
		.policy_oid = j->env->conf->policy_oid[0] != '\0' ? j->env->conf->policy_oid : NULL,
	};
	struct cert *cert = NULL;
	struct outcome o = certdb_decode(&j->db, der, &cert);

	if (!outcome_ok(&o))
		return o;
	rules.now = cert_not_before(cert);
	o = chain_check(j->db, cert, &rules, j->env->log);
	cert_free(cert);
	return o;
}

/* A certificate that is registered already was checked when it came, and is checked at each login. */
static bool
may_be_registered(struct judge *j, const struct candidate *c, struct view der, const char *hash)
{
	const struct memory_user *u = memory_find_user(j->memory, c->r->name);
	const struct memory_gone *gone;
	struct outcome o;

	if (u != NULL && has_hash(u->hashes[0], u->count, hash))
		return true;
	o = check_certificate(j, der);
	if (o.status == OUTCOME_NO_MEMORY || o.status == OUTCOME_TRUST_DB || j->db == NULL)
		j->failed = true;
	if (!outcome_ok(&o)) {
		refuse(j, c->entry, outcome_code(o.status));
		return false;
	}
	gone = memory_find_gone(j->memory, c->r->name, hash);
	if (gone != NULL && !rules_may_return(&gone->removed, &c->r->modified)) {
		refuse(j, c->entry, "this card's registration was removed, and the entry is not newer than that");
		return false;
	}
	return true;
}

static void
add_certificate(struct judge *j, struct candidate *c, struct view der)
{
	char *hash = c->hashes[c->count];

	if (j->db == NULL || !cert_fingerprint_of(der, hash))
		j->failed = true;
	else if (!has_hash(c->hashes[0], c->count, hash) && may_be_registered(j, c, der, hash))
		c->certs[c->count++] = der;
}

static void
note_gone(struct judge *j, const char *user, const char *hash, const struct fleet_stamp *when)
{
	struct memory_gone *gone = memory_add_gone(j->memory, user, hash);

	if (gone == NULL) {
		j->failed = true;
	} else if (rules_later(when, &gone->removed) || gone->removed.s == 0) {
		gone->removed = *when;
		gone->changed = true;
	}
}

static void
plan_user(struct judge *j, const struct candidate *c)
{
	char pem[PEM_MAX];

	j->result->changed++;
	if (c->count == 0) {
		fprintf(j->from->plan, "remove %s\n", c->r->name);
		return;
	}
	fprintf(j->from->plan, "register %zu %s\n", c->count, c->r->name);
	for (size_t i = 0; i < c->count; i++) {
		if (!pem_write(c->certs[i], pem, sizeof pem))
			j->failed = true;
		else
			fputs(pem, j->from->plan);
	}
}

/* Remembers the user as the entry says. */
static void
replace_user(struct judge *j, struct memory_user *u, const struct candidate *c)
{
	for (size_t i = 0; i < u->count; i++)
		if (!has_hash(c->hashes[0], c->count, u->hashes[i]))
			note_gone(j, u->user, u->hashes[i], &c->r->modified);
	memcpy(u->hashes, c->hashes, sizeof u->hashes);
	u->count = c->count;
	u->modified = c->r->modified;
	u->created = c->r->created;
	u->changed = true;
}

/*
 * Whether a user's file has certificates that we remember and no others; *ret_count: how many. It has others if the writer
 * ended after it wrote only the memory, or if an administrator put an older file there.
 */
static bool
read_known(const struct judge *j, const struct memory_user *u, size_t *ret_count)
{
	_cleanup_(freep) char *text = NULL;
	uint8_t der[CERT_DER_MAX];
	char hash[CERT_FINGERPRINT_LEN + 1];
	struct cursor c;
	size_t len;
	enum pem found;
	struct outcome o = userfile_read(j->users_dir, u->user, j->env->trust_owner, j->env->log, &text, &len);

	*ret_count = 0;
	if (!outcome_ok(&o))
		return false;
	c = cursor_of(text, len);
	while ((found = pem_next(&c, der, sizeof der, &len)) == PEM_CERT) {
		if (!cert_fingerprint_of((struct view){ der, len }, hash) || !has_hash(u->hashes[0], u->count, hash))
			return false;
		(*ret_count)++;
	}
	return found == PEM_END;
}

static bool
is_on_disk(const struct judge *j, const struct memory_user *u)
{
	size_t n;

	return read_known(j, u, &n) && n == u->count;
}

static bool
is_unchanged(const struct judge *j, const struct memory_user *u, const struct candidate *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!has_hash(u->hashes[0], u->count, c->hashes[i]))
			return false;
	return u->count == c->count && is_on_disk(j, u);
}

/*
 * For an entry that differs from the one we know, while the stamps of both do not say which is newer, such as
 * two of the same second. It may remove certificates, but add none.
 */
static void
keep_known(const struct memory_user *u, struct candidate *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++)
		if (has_hash(u->hashes[0], u->count, c->hashes[i])) {
			c->certs[kept] = c->certs[i];
			memmove(c->hashes[kept++], c->hashes[i], sizeof c->hashes[0]);
		}
	c->count = kept;
}

/* In changes, the known entry of a user may come again; an entry that was created later is a second one. */
static bool
is_second_entry(const struct judge *j, const struct memory_user *u, const struct record *r)
{
	if (j->from->answer == JUDGE_CHANGES)
		return u->count > 0 && rules_later(&r->created, &u->created);
	return u->seen && !rules_replaces(&u->created, &r->created);
}

static void
refuse_full(struct judge *j, const struct ldif_entry *entry)
{
	j->full = true;
	refuse(j, entry, "no more names can be remembered (JPKI-E-FLEET-FULL)");
}

/* Registers the user as the entry says, unless the entry is older than what we know. */
static void
update_user(struct judge *j, struct memory_user *u, struct candidate *c)
{
	const struct record *r = c->r;

	if ((u->count == 0 && c->count == 0) || is_unchanged(j, u, c))
		return;
	if (u->count > 0 && !rules_later(&r->modified, &u->modified)) {
		if (rules_later(&u->modified, &r->modified)) {
			refuse(j, c->entry, "the entry is older than the one that we know");
			return;
		}
		keep_known(u, c);
	}
	if (!memory_has_room(j->memory, u->count)) {
		refuse_full(j, c->entry);
		return;
	}
	replace_user(j, u, c);
	plan_user(j, c);
}

static void
judge_registration(struct judge *j, const struct ldif_entry *entry, const struct record *r)
{
	struct candidate c = { .entry = entry, .r = r };
	struct memory_user *u = memory_find_user(j->memory, r->name);

	if (u != NULL && is_second_entry(j, u, r)) {
		refuse(j, entry, "a second entry for this user; the older one counts");
		return;
	}
	if (conf_is_never_of_fleet(j->env->conf, r->name) || strcmp(r->name, "root") == 0) {
		refuse(j, entry, "no card may be registered for this user from outside");
		return;
	}
	for (size_t i = 0; i < r->cert_count; i++)
		add_certificate(j, &c, r->certs[i]);
	if (j->memory->users.count == MEMORY_ENTRIES_MAX && u == NULL) {
		refuse_full(j, entry);
		return;
	}
	if (u == NULL)
		u = memory_add_user(j->memory, r->name);
	if (u == NULL) {
		j->failed = true;
		return;
	}
	u->seen = true;
	update_user(j, u, &c);
}

/* Remembers the later of the two times: neither an entry from before the removal nor one as old as this may bring it back. */
static void
take_away(struct judge *j, struct memory_user *u, const struct fleet_stamp *when)
{
	/* If the removal were forgotten, an old backup could bring the user back. */
	if (!memory_has_room(j->memory, u->count)) {
		j->full = true;
		return;
	}
	for (size_t k = 0; k < u->count; k++) {
		note_gone(j, u->user, u->hashes[k], when);
		note_gone(j, u->user, u->hashes[k], &u->modified);
	}
	u->count = 0;
	u->changed = true;
	j->result->removed++;
	fprintf(j->from->plan, "remove %s\n", u->user);
}

/* The server reports the removal itself, so nothing is held back. If it gives no time, that of the last state counts. */
static void
judge_removal(struct judge *j, const struct record *r)
{
	struct fleet_stamp heard = { .s = j->memory->head.source.time, .coarse = true };
	struct memory_user *u = memory_find_user(j->memory, r->name);

	if (u != NULL && u->count > 0)
		take_away(j, u, r->modified.coarse ? &heard : &r->modified);
}

static void
judge_entry(struct judge *j, const struct ldif_entry *entry)
{
	struct record r;

	record_read(entry, &r);
	if (r.kind == RECORD_REGISTRATION)
		judge_registration(j, entry, &r);
	else if (r.kind == RECORD_REMOVAL && j->from->answer == JUDGE_CHANGES)
		judge_removal(j, &r);
}

/* --- what was not mentioned ------------------------------------------------------------------ */

static int64_t
count_unseen(const struct memory *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->users.count; i++)
		n += !memory_user_at(m, i)->seen && memory_user_at(m, i)->count > 0;
	return n;
}

static void
remove_unseen(struct judge *j)
{
	struct fleet_stamp when = { .s = j->result->source.time, .coarse = true };

	for (size_t i = 0; i < j->memory->users.count; i++) {
		struct memory_user *u = memory_user_at(j->memory, i);

		if (!u->seen && u->count > 0)
			take_away(j, u, &when);
	}
}

/* Whether the answer has all registrations of the source, or the administrator accepts that some have gone. */
static bool
judge_absence(struct judge *j, int64_t known)
{
	struct fleet_refresh refresh = { .limited = j->limited || j->full, .seen = j->seen, .stated = j->result->source.enrolled };
	int64_t unseen = count_unseen(j->memory);
	bool accepted = j->from->accept && !refresh.limited;

	if (unseen == 0 || accepted || rules_absence(&refresh, known, unseen) == FLEET_REMOVE)
		remove_unseen(j);
	j->memory->head.held = count_unseen(j->memory);
	return accepted || (!refresh.limited && refresh.seen == refresh.stated);
}

/* --- files that are there without a reason ------------------------------------------------------ */

/*
 * Removes the file of a user whom the memory does not know. At the start, when no answer follows to compare it with,
 * also a file with other cards.
 */
static void
sweep_user(void *ctx, const char *user)
{
	struct judge *j = ctx;
	const struct memory_user *u = memory_find_user(j->memory, user);
	size_t n;

	if (u != NULL && u->changed)
		return;		/* what is planned already makes it right */
	if (u != NULL && u->count > 0 && (j->from->answer != JUDGE_START || read_known(j, u, &n)))
		return;
	if (j->result->removed++ < REFUSED_SAID_MAX)
		log_msg(j->env->log, LOG_WARNING, "JPKI-W-FLEET-FILE: %s/%s.pem: not what is registered; taken away", j->users_dir,
		    LOG_NAME(user));
	fprintf(j->from->plan, "remove %s\n", user);
}

/*
 * Removes files that are not remembered. A power cut, or an administrator with an old copy, may have left them in
 * users/, and they would let users in. Without a memory none is removed; the next whole answer makes a memory.
 */
static void
sweep_users(struct judge *j)
{
	struct outcome o;

	if (!j->memory->head.has_source)
		return;
	o = userfile_each(j->users_dir, j->env->trust_owner, j->env->log, sweep_user, j);
	j->failed |= !outcome_ok(&o);
}

/* --- a whole answer ------------------------------------------------------------------------- */

/* Returns false if there is no trust database, which fingerprints need as well. */
static bool
with_database(struct judge *j, void (*work)(struct judge *j))
{
	const struct flow_env *env = j->env;
	struct outcome o = certdb_open(env->conf->trust_db, env->trust_owner, env->log, &j->db);

	if (!outcome_ok(&o))
		return false;
	work(j);
	(void)certdb_close(j->db);
	return true;
}

static void
judge_entries(struct judge *j)
{
	if (!each_entry(j, judge_entry))
		j->failed = true;	/* it could be read a moment ago */
}

/* Ends an answer that has a state entry. all: the copy equals the source, except for removals that are held back. */
static bool
believe_source(struct judge *j, bool all)
{
	struct judgement *result = j->result;

	j->memory->head.source = result->source;
	j->memory->head.has_source = true;
	result->held = j->memory->head.held;
	result->whole = all && result->held == 0 && !j->full;
	result->end = j->full ? JUDGE_FULL : result->whole ? JUDGE_TAKEN : JUDGE_HELD;
	return !j->failed;
}

static bool
judge_whole(struct judge *j)
{
	int64_t known = memory_registered(j->memory);
	bool all;

	if (!with_database(j, judge_entries))
		return false;
	all = judge_absence(j, known);
	sweep_users(j);
	return believe_source(j, all);
}

static bool
judge_start(struct judge *j)
{
	if (!with_database(j, sweep_users))
		return false;
	j->result->end = JUDGE_TAKEN;
	return true;
}

/* --- what was written since ------------------------------------------------------------------- */

/* Changes that only block or lift need no trust database. */
static bool
judge_changes(struct judge *j)
{
	if (j->registrations + j->removals > 0 && !with_database(j, judge_entries))
		return false;
	if (j->sources > 0)
		return believe_source(j, j->from->there == j->result->source.enrolled);
	j->result->held = j->memory->head.held;
	j->result->end = j->full ? JUDGE_FULL : JUDGE_TAKEN;
	return !j->failed;
}

/* --- all of it --------------------------------------------------------------------------------- */

/* Plans the block files that have changed; all of them at the start and with a whole answer, as one may have been lost. */
static void
plan_marks(struct judge *j)
{
	for (size_t i = 0; i < j->memory->marks.count; i++) {
		const struct memory_mark *m = j->memory->marks.at[i];
		bool blocked = rules_is_blocked(&m->mark);

		j->result->blocked += blocked;
		if (m->changed || j->from->answer == JUDGE_WHOLE || j->from->answer == JUDGE_START)
			fprintf(j->from->plan, "%s %s\n", blocked ? "block" : "unblock", m->name);
	}
}

void
judge_refresh(const struct flow_env *env, const struct judge_source *source, struct memory *memory,
    struct judgement *ret)
{
	struct judge j = { .env = env, .from = source, .memory = memory, .result = ret };

	*ret = (struct judgement){ .end = JUDGE_FAILED };
	fleetcopy_users_dir(env->conf, j.users_dir);
	if (source->answer == JUDGE_START)
		j.failed = !judge_start(&j) || j.failed;
	else if (!each_entry(&j, survey_entry))
		ret->end = JUDGE_UNREADABLE;
	else if (source->answer == JUDGE_WORDS)
		ret->end = JUDGE_TAKEN;
	else if (j.sources > 1 || (j.sources == 0 && source->answer == JUDGE_WHOLE))
		ret->end = JUDGE_NO_SOURCE;
	else if (j.sources == 1 && memory->head.has_source && !is_of_future(&j, &memory->head.source) &&
	    rules_is_behind(&memory->head.source, &ret->source))
		ret->end = JUDGE_BEHIND;
	else if (source->answer == JUDGE_WHOLE ? !judge_whole(&j) : !judge_changes(&j))
		j.failed = true;
	plan_marks(&j);
	ret->registered = memory_registered(memory);
	if (j.failed || ferror(source->plan) || fflush(source->plan) != 0)
		ret->end = JUDGE_FAILED;
}

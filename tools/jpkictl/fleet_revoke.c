/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MUSTs: a certificate whose state is not known changes nothing, and the exit status says so; nothing is printed
 * unless all of the directory's entries could be read; the caged process, which decodes certificates, lists and
 * LDIF, hands over names, reasons and times alone, and these are checked.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "nss/blocklist.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/chain.h"
#include "nss/crl/check.h"
#include "nss/crl/fault.h"
#include "nss/pem.h"
#include "tools/common/caged.h"
#include "tools/fleet/ldif.h"
#include "tools/fleet/record.h"
#include "tools/fleet/revoking.h"
#include "tools/jpkictl/fleet_copy.h"
#include "tools/jpkictl/fleet_revoke.h"
#include "tools/jpkictl/ldif_change.h"

#define ENTRIES_MAX 200000
#define PLAN_LINE_MAX (FLEET_NAME_MAX + REVOKING_REASON_MAX + REVOKING_TEXT_MAX + 64)

static const char *const plan_words[] = { [REVOKING_NOTHING] = "", [REVOKING_ADD] = "add", [REVOKING_BLOCK] = "block",
	[REVOKING_LIFT] = "lift" };
static const struct log silent = { .sink = NULL };

/* What the caged process counts. */
struct revoke_count {
	int64_t certificates, unknown;
};

struct revoke {
	struct tool *t;
	FILE *plan;
	char users_dir[PATH_MAX];
	struct revoking_entry *entries;	/* what the directory has, sorted by name */
	size_t count;
	struct certdb *db;
	struct crlcheck lists;
	struct crlcheck_found found;	/* where lists puts what it has found */
	char name[BLOCKLIST_NAME_MAX];	/* KEY-NUMBER of the certificate at hand */
	bool reported[OUTCOME_COUNT];	/* of the kinds of unknown states */
	bool failed;			/* no memory, no database: nothing may be printed */
	struct revoke_count *n;
};

/* --- what the directory has ------------------------------------------------------------------ */

static bool
add_entry(struct revoke *r, const char *name, const struct revoking_entry *entry)
{
	struct revoking_entry *grown;

	if (r->count == ENTRIES_MAX)
		return false;
	if (r->count % 1024 == 0) {
		grown = reallocarray(r->entries, r->count + 1024, sizeof *grown);
		if (grown == NULL)
			return false;
		r->entries = grown;
	}
	r->entries[r->count] = *entry;
	snprintf(r->entries[r->count].name, sizeof r->entries[r->count].name, "%s", name);
	r->count++;
	return true;
}

static bool
note_entry(struct revoke *r, const struct ldif_entry *ldif)
{
	const char *description = ldif_text(ldif, "description"), *name;
	struct revoking_entry entry = { .name = "" };
	struct record record;
	size_t at = 0;

	record_read(ldif, &record);
	if (record.kind != RECORD_WORD)
		return true;
	entry.word = record.word;
	if (description != NULL && !ldif->cut && ldif_only(ldif, "cn") != NULL)
		revoking_read_note(description, &entry);
	while ((name = record_next_name(ldif, &at)) != NULL)
		if (!add_entry(r, name, &entry))
			return false;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct revoking_entry *)a)->name, ((const struct revoking_entry *)b)->name);
}

/* Treats several entries of one name as made by people, and as a block if one of them blocks. */
static void
unite_entries(struct revoke *r)
{
	size_t n = 0;

	qsort(r->entries, r->count, sizeof r->entries[0], by_name);
	for (size_t i = 0; i < r->count; i++) {
		if (n == 0 || by_name(&r->entries[n - 1], &r->entries[i]) != 0) {
			r->entries[n++] = r->entries[i];
			continue;
		}
		r->entries[n - 1].hold = false;
		r->entries[n - 1].description[0] = '\0';
		if (r->entries[i].word == FLEET_BLOCK)
			r->entries[n - 1].word = FLEET_BLOCK;
	}
	r->count = n;
}

static bool
read_entries(struct revoke *r, FILE *ldif)
{
	_cleanup_(ldif_done) struct ldif_entry entry = { .count = 0 };
	enum ldif l;

	while ((l = ldif_next(ldif, &entry)) == LDIF_ENTRY)
		if (!note_entry(r, &entry)) {
			tool_complain(r->t, "%s", _("too many entries, or out of memory"));
			return false;
		}
	if (l == LDIF_BAD) {
		tool_complain(r->t, _("line %zu: the entry that ends here is not understood, or cut off; the entries of the directory are needed as ldapsearch -LLL prints them"),
		    entry.line);
		return false;
	}
	if (r->count > 0)
		unite_entries(r);
	return true;
}

static const struct revoking_entry *
find_entry(const struct revoke *r, const char *name)
{
	struct revoking_entry key = { .word = FLEET_BLOCK };

	snprintf(key.name, sizeof key.name, "%s", name);
	return r->count > 0 ? bsearch(&key, r->entries, r->count, sizeof key, by_name) : NULL;
}

/* --- what the lists say ------------------------------------------------------------------------ */

/* For chain_check(): with the issuer it has found, the name in blocked/, and then the lists. */
static struct outcome
ask_lists(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	struct revoke *r = ctx;
	struct block_entry by_certificate, by_serial;

	if (!blocklist_entries_of(cert, issuer, &by_certificate, &by_serial) || by_serial.serial[0] == '\0')
		return outcome_of(OUTCOME_CERT_BAD);
	blocklist_name(&by_serial, r->name);
	return crlcheck(&r->lists, cert, issuer, now);
}

static struct outcome
check_certificate(struct revoke *r, const struct cert *cert, const struct log *log)
{
	struct revocation revocation = { .check = ask_lists, .ctx = r };
	struct chain_rules rules = { .now = clk_wall_s(r->t->env.clk), .revocation = &revocation };

	r->name[0] = '\0';
	r->found = (struct crlcheck_found){ .reason = 0 };
	r->lists.log = log;
	return chain_check(r->db, cert, &rules, log);
}

static enum revoking_said
said_by(const struct outcome *o)
{
	switch (o->status) {
	case OUTCOME_OK:
		return REVOKING_ABSENT;
	case OUTCOME_SUSPENDED:
		return REVOKING_SUSPENDED;
	case OUTCOME_REVOKED:
		return REVOKING_REVOKED;
	default:
		return REVOKING_UNKNOWN;
	}
}

/* One of each kind in the log, which says what to do. */
static void
note_unknown(struct revoke *r, const struct cert *cert, const struct outcome *o)
{
	r->n->unknown++;
	if (r->reported[o->status])
		return;
	r->reported[o->status] = true;
	(void)!check_certificate(r, cert, &r->t->log).status;
	tool_complain(r->t, "%.16s...: %s: %s", cert_fingerprint(cert), outcome_code(o->status), outcome_state(o->status));
}

static void
plan_change(struct revoke *r, enum revoking_said said)
{
	const struct revoking_entry *entry = find_entry(r, r->name);
	enum revoking_change change = revoking_decide(entry, said, r->found.this_update);
	const char *reason = said == REVOKING_ABSENT ? REVOKING_GONE : crl_reason_name(r->found.reason);

	if (change != REVOKING_NOTHING)
		fprintf(r->plan, "%s %s %s %" PRId64 " %s\n", plan_words[change], r->name, reason != NULL ? reason : "unspecified",
		    r->found.this_update, entry != NULL ? entry->description : "");
}

/* Lists drop certificates that have expired, and no login accepts one: nothing is planned for it. */
static void
judge_certificate(struct revoke *r, const struct cert *cert)
{
	struct outcome o = check_certificate(r, cert, &silent);
	enum revoking_said said = said_by(&o);

	r->n->certificates++;
	if (o.status == OUTCOME_NO_MEMORY || o.status == OUTCOME_TRUST_DB)
		r->failed = true;
	else if (said != REVOKING_UNKNOWN)
		plan_change(r, said);
	else if (o.status != OUTCOME_CERT_EXPIRED)
		note_unknown(r, cert, &o);
}

/* --- all certificates --------------------------------------------------------------------------- */

static void
check_user(void *ctx, const char *user)
{
	struct revoke *r = ctx;
	_cleanup_(freep) char *text = NULL;
	uint8_t der[CERT_DER_MAX];
	struct cert *cert = NULL;
	struct cursor c;
	size_t len;
	enum pem p = PEM_BAD;
	struct outcome o = userfile_read(r->users_dir, user, r->t->env.trust_owner, &r->t->log, &text, &len);

	c = cursor_of(text, outcome_ok(&o) ? len : 0);
	while (!r->failed && outcome_ok(&o) && (p = pem_next(&c, der, sizeof der, &len)) == PEM_CERT) {
		o = certdb_decode(&r->db, (struct view){ der, len }, &cert);
		if (outcome_ok(&o))
			judge_certificate(r, cert);
		cert_free(cert);
		cert = NULL;
	}
	if (r->db == NULL)
		r->failed = true;
	if (outcome_ok(&o) && p == PEM_END)
		return;
	r->n->unknown++;
	tool_complain(r->t, _("%s/%s.pem: cannot be read, so its certificates are not checked"), r->users_dir, user);
}

/* A copy that is old still has most of the certificates: what they say of those counts. */
static bool
copy_is_there(const struct tool *t, bool *ret_stale)
{
	struct fleetcopy copy;

	fleetcopy_open(&t->conf, t->env.trust_owner, clk_wall_s(t->env.clk), &t->log, &copy);
	fleetcopy_close(&copy);
	*ret_stale = copy.condition == FLEETCOPY_STALE;
	if (copy.condition == FLEETCOPY_FRESH || copy.condition == FLEETCOPY_STALE)
		return true;
	tool_complain(t, _("%s: there is no whole copy of the directory, so it is not known which certificates to check"), t->conf.fleet_dir);
	return false;
}

static bool
check_all(struct revoke *r)
{
	struct outcome o = certdb_open(r->t->conf.trust_db, r->t->env.trust_owner, &r->t->log, &r->db);

	if (!outcome_ok(&o)) {
		(void)tool_finish(r->t, &o);
		return false;
	}
	o = userfile_each(r->users_dir, r->t->env.trust_owner, &r->t->log, check_user, r);
	(void)certdb_close(r->db);
	return outcome_ok(&o) && !r->failed && fflush(r->plan) == 0 && !ferror(r->plan);
}

/* Descriptors: the entries of the directory, and the plan. */
struct revoke_work {
	int ldif, plan;
};

/* In the cage. */
static int
make_plan(struct tool *t, void *ctx, void *result)
{
	const struct revoke_work *w = ctx;
	_cleanup_(fclosep) FILE *ldif = fleet_copy_stream(w->ldif, "r");
	_cleanup_(fclosep) FILE *plan = fleet_copy_stream(w->plan, "w");
	struct revoke r = { .t = t, .plan = plan, .n = result,
		.lists = { .dir = t->conf.crl_dir, .owner = t->env.trust_owner, .policy = CRL_REQUIRE } };
	bool done;

	if (ldif == NULL || plan == NULL)
		return TOOL_FAILED;
	rewind(ldif);
	r.lists.found = &r.found;
	fleetcopy_users_dir(&t->conf, r.users_dir);
	done = read_entries(&r, ldif) && check_all(&r);
	free(r.entries);
	return done ? TOOL_OK : TOOL_FAILED;
}

/* --- the plan, as LDIF ----------------------------------------------------------------------------- */

/* Whether a word of the plan may become a part of a description. */
static bool
is_reason(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

struct planned {
	enum revoking_change change;
	char name[FLEET_NAME_MAX], note[REVOKING_NOTE_MAX];
	char old[REVOKING_TEXT_MAX];	/* the description that gives way; "" if it is not known */
};

/* One line of the plan: the child's text. */
static bool
read_change(const struct tool *t, const char *line, struct planned *ret)
{
	char word[8], reason[REVOKING_REASON_MAX];
	int64_t list;
	int at = 0;

	/* sscanf() fails for anything but a number, and bounds each text. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%7s %127s %31s %" SCNd64 "%n", word, ret->name, reason, &list, &at) != 4 || line[at] != ' ' ||
	    !record_is_block_name(ret->name) || !is_reason(reason) ||
	    !revoking_write_note(clk_wall_s(t->env.clk), reason, list, ret->note))
		return false;
	snprintf(ret->old, sizeof ret->old, "%.*s", (int)strcspn(line + at + 1, "\n"), line + at + 1);
	for (int change = REVOKING_ADD; change <= REVOKING_LIFT; change++)
		if (strcmp(word, plan_words[change]) == 0) {
			ret->change = (enum revoking_change)change;
			return true;
		}
	return false;
}

static bool
print_change(const struct tool *t, const struct planned *p)
{
	return ldif_change_word(t, p->name, p->change == REVOKING_LIFT ? FLEET_LIFT : FLEET_BLOCK,
	    p->change == REVOKING_ADD ? LDIF_NEW : LDIF_REPLACE, p->note, p->old[0] != '\0' ? p->old : NULL) == TOOL_OK;
}

/* Twice: all of it is read before any of it is printed. */
static int
print_plan(const struct tool *t, int fd)
{
	_cleanup_(fclosep) FILE *plan = fleet_copy_stream(fd, "r");
	char line[PLAN_LINE_MAX];
	struct planned p;

	for (int printing = 0; printing <= 1; printing++) {
		if (plan == NULL)
			return TOOL_FAILED;
		rewind(plan);
		while (fgets(line, sizeof line, plan) != NULL)
			if (!read_change(t, line, &p) || (printing && !print_change(t, &p))) {
				tool_complain(t, "%s", _("the process that checks the certificates has failed"));
				return TOOL_FAILED;
			}
	}
	return TOOL_OK;
}

static int
revoke_with(struct tool *t, struct revoke_work *w, struct revoke_count *n)
{
	const int fds[] = { w->ldif, w->plan };
	struct caged caged = { .work = make_plan, .ctx = w, .result = n, .result_size = sizeof *n, .fds = fds,
		.fd_count = sizeof fds / sizeof fds[0], .writes = true };
	int status = caged_run(t, &caged);

	return status == TOOL_OK ? print_plan(t, w->plan) : status;
}

int
fleet_revoke_from_crl(struct tool *t, const char *path)
{
	struct revoke_work w = { .ldif = -1, .plan = -1 };
	struct revoke_count n = { 0 };
	bool stale;
	int status = TOOL_FAILED;

	if (!ldif_change_is_possible(t) || !copy_is_there(t, &stale))
		return TOOL_FAILED;
	w.ldif = tool_temporary_file(t);
	w.plan = w.ldif >= 0 ? tool_temporary_file(t) : -1;
	if (w.plan >= 0 && fleet_copy_source(t, path, w.ldif))
		status = revoke_with(t, &w, &n);
	closep(&w.ldif);
	closep(&w.plan);
	if (n.unknown > 0)
		tool_complain(t, _("certificates checked: %ld; not known whether revoked: %ld, for which no block ends"), (long)n.certificates,
		    (long)n.unknown);
	return status == TOOL_OK && (n.unknown > 0 || stale) ? TOOL_PARTLY : status;
}

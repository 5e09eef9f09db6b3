/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "tools/common/json.h"
#include "tools/common/tool.h"

#define WARN_DAYS_MAX 4000	/* no certificate is valid for longer */

/* An enrolled certificate; without fingerprint if the enrollment cannot be read. */
struct entry {
	char user[USERFILE_USER_MAX + 1];
	char fingerprint[CERT_FINGERPRINT_LEN + 1];
	int64_t end;		/* INT64_MIN without a certificate: the most urgent */
	int days;
	enum outcome_status status;
	bool fleet;		/* an organization has registered it */
};

struct listing {
	struct tool *t;
	struct entry *entries;
	size_t count;
	bool unreadable, no_memory;
	bool opened;
	struct certdb *db;	/* for all users; NULL: it cannot be opened, which is said of each */
};

static struct entry *
new_entry(struct listing *l, const char *user, enum outcome_status status)
{
	struct entry *grown = reallocarray(l->entries, l->count + 1, sizeof *grown);
	struct entry *e;

	if (grown == NULL) {
		l->no_memory = true;
		return NULL;
	}
	l->entries = grown;
	e = &grown[l->count++];
	*e = (struct entry){ .end = INT64_MIN, .status = status };
	snprintf(e->user, sizeof e->user, "%s", user);
	return e;
}

/* At the first user, not without any: then there may be no database either. */
static void
open_db(struct listing *l)
{
	const struct log silent = { .sink = NULL };
	struct outcome o;

	if (l->opened)
		return;
	l->opened = true;
	o = certdb_open(l->t->conf.trust_db, l->t->env.trust_owner, &silent, &l->db);
	if (!outcome_ok(&o))
		l->db = NULL;
}

static void
close_db(struct listing *l)
{
	if (l->db != NULL)
		(void)certdb_close(l->db);
	l->db = NULL;
	l->opened = false;
}

static bool
all_in_order(const struct usercerts *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (!outcome_ok(&e->at[i].verdict))
			return false;
	return true;
}

/*
 * As a login sees the user's certificates. While a database is open, NSS knows no second certificate of
 * the same issuer's name and number, and the generations of JPKI's authority share one name. So a user who
 * is not plainly in order by the database that is open for all is judged again, by a fresh one.
 */
static struct outcome
load_user(struct listing *l, const char *user, struct usercerts *ret)
{
	const struct log silent = { .sink = NULL };
	struct flow_env quiet = l->t->env;
	struct outcome o;

	open_db(l);
	if (l->db == NULL)
		return usercerts_load(&l->t->env, user, ret);
	quiet.log = &silent;
	ret->db = l->db;
	ret->db_lent = true;
	o = usercerts_load(&quiet, user, ret);
	if (outcome_ok(&o) && all_in_order(ret))
		return o;
	usercerts_done(ret);
	close_db(l);
	return usercerts_load(&l->t->env, user, ret);
}

static void
note_user(void *ctx, const char *user)
{
	struct listing *l = ctx;
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct outcome o = load_user(l, user, &enrolled);
	int64_t now = clk_wall_s(l->t->env.clk);

	if (!outcome_ok(&o)) {
		l->unreadable = true;
		(void)new_entry(l, user, o.status);
		return;
	}
	for (size_t i = 0; i < enrolled.count; i++) {
		const struct cert *cert = enrolled.at[i].cert;
		struct entry *e = new_entry(l, user, enrolled.at[i].verdict.status);

		if (e == NULL)
			return;
		e->fleet = enrolled.at[i].fleet;
		e->end = cert_not_after(cert);
		e->days = message_days_left(e->end, now);
		memcpy(e->fingerprint, cert_fingerprint(cert), sizeof e->fingerprint);
	}
}

/*
 * Accounts that the copy of a directory registers cards for, and root does not. One that may not be
 * registered there, or no account here, has no card; that is no fault of the list.
 */
static void
note_user_of_fleet(void *ctx, const char *user)
{
	struct listing *l = ctx;
	uid_t uid;

	if (!userfile_exists(l->t->conf.users_dir, user) && tool_uid_of(NULL, user, &uid) &&
	    fleetcopy_may_register(&l->t->conf, user, uid))
		note_user(ctx, user);
}

static struct outcome
note_all(struct listing *l)
{
	struct tool *t = l->t;
	char fleet[PATH_MAX];
	struct outcome o = userfile_each(t->conf.users_dir, t->env.trust_owner, &t->log, note_user, l);

	fleetcopy_users_dir(&t->conf, fleet);
	if (outcome_ok(&o) && fleet[0] != '\0')
		o = userfile_each(fleet, t->env.trust_owner, &t->log, note_user_of_fleet, l);
	close_db(l);
	return l->no_memory ? outcome_of(OUTCOME_NO_MEMORY) : o;
}

static int
by_urgency(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return strcmp(x->user, y->user);
}

/* --- as a table ------------------------------------------------------------------- */

/* One row, with the same column widths on the terminal as the others. */
static void
print_row(const char *user, const char *end, const char *days, const char *fingerprint,
    const char *state)
{
	tool_cell(user, 20);
	tool_cell(end, 10);
	tool_cell_right(days, 6);
	tool_cell(fingerprint, 17);
	printf("%s\n", state);
}

static void
print_entry(const struct entry *e)
{
	char date[MESSAGE_DATE_MAX], days[16], fingerprint[17], state[128];

	if (e->fingerprint[0] == '\0') {
		print_row(e->user, "-", "-", "-", outcome_code(e->status));
		return;
	}
	message_date(e->end, date);
	snprintf(days, sizeof days, "%d", e->days);
	snprintf(fingerprint, sizeof fingerprint, "%.16s", e->fingerprint);
	snprintf(state, sizeof state, e->fleet ? _("%s (your organization)") : "%s", outcome_code(e->status));
	print_row(e->user, date, days, fingerprint, state);
}

static void
print_table(const struct listing *l)
{
	print_row(_("USER"), _("ENDS"), _("DAYS"), _("FINGERPRINT"), _("STATE"));
	for (size_t i = 0; i < l->count; i++)
		print_entry(&l->entries[i]);
	if (l->count == 0)
		printf("%s\n", _("No card is registered yet: jpkictl enroll USER"));
}

/* --- as JSON ------------------------------------------------------------------------ */

static int
print_json(const struct listing *l)
{
	json_t *array = json_array();

	for (size_t i = 0; i < l->count; i++) {
		const struct entry *e = &l->entries[i];
		json_t *object = json_object();

		json_put(object, "user", json_text(e->user));
		json_put(object, "state", json_text(outcome_code(e->status)));
		if (e->fingerprint[0] != '\0') {
			json_put(object, "not_after", json_time(e->end));
			json_put(object, "days_left", json_integer(e->days));
			json_put(object, "sha256", json_text(e->fingerprint));
			json_put(object, "fleet", json_boolean(e->fleet));
		}
		json_add(array, object);
	}
	return json_print(l->t, array);
}

/* ------------------------------------------------------------------------------------- */

/* Whether any of them needs attention within that many days. */
static bool
any_urgent(const struct listing *l, int warn_days)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].status != OUTCOME_OK || l->entries[i].days < warn_days)
			return true;
	return false;
}

static bool
read_days(const char *text, int *ret)
{
	char *end;
	long n;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || n > WARN_DAYS_MAX)
		return false;
	*ret = (int)n;
	return true;
}

static int
list_users(struct tool *t, bool json, int warn_days)
{
	struct listing l = { .t = t };
	struct outcome o = note_all(&l);
	int result = TOOL_OK;

	if (!outcome_ok(&o)) {
		free(l.entries);
		return tool_finish(t, &o);
	}
	if (l.count > 0)
		qsort(l.entries, l.count, sizeof l.entries[0], by_urgency);
	if (json)
		result = print_json(&l);
	else
		print_table(&l);
	if (result == TOOL_OK && l.unreadable)
		result = TOOL_FAILED;
	if (result == TOOL_OK && warn_days >= 0 && any_urgent(&l, warn_days))
		result = TOOL_WARNINGS;
	free(l.entries);
	return result;
}

int
cmd_list(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "warn-days", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	int c, warn_days = -1;
	bool json = false;

	while ((c = getopt_long(argc, argv, "jw:", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c != 'w') {
			return tool_usage(t);
		} else if (!read_days(optarg, &warn_days)) {
			tool_complain(t, _("'%s' is not a number of days from 0 to %d"), optarg, WARN_DAYS_MAX);
			return TOOL_USAGE;
		}
	}
	return optind == argc ? list_users(t, json, warn_days) : tool_usage(t);
}

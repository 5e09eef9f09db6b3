/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "flow/possession/survey.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/trustdb.h"
#include "tools/common/caged.h"
#include "tools/common/certfile.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/candidate.h"

#define ADDED_MAX 32	/* certificates of one file */

/* Certificates decoded in the cage, not yet checked to be authorities. */
struct decoded {
	size_t count;
	struct {
		size_t len;
		uint8_t der[CERT_DER_MAX];
	} at[ADDED_MAX];
};

struct decoding {
	struct tool *t;
	const char *path;
	struct view text;
	struct decoded *ret;
	bool too_many;
};

static struct outcome
decode_one(void *ctx, struct view der)
{
	struct decoding *d = ctx;
	struct certdb *db = NULL;
	struct cert *cert = NULL;
	struct outcome o = certdb_open_none(&d->t->log, &db);

	if (outcome_ok(&o))
		o = cert_from_der(db, der, &cert);
	cert_free(cert);
	(void)certdb_close(db);
	if (outcome_ok(&o) && der.len > CERT_DER_MAX)
		o = outcome_of(OUTCOME_CERT_BAD);
	d->too_many = d->ret->count == ADDED_MAX;
	if (!outcome_ok(&o) || d->too_many)
		return o;
	memcpy(d->ret->at[d->ret->count].der, der.data, der.len);
	d->ret->at[d->ret->count++].len = der.len;
	return o;
}

/* In the cage. */
static int
decode_file(struct tool *t, void *ctx, void *result)
{
	struct decoding *d = ctx;
	struct outcome o;

	d->t = t;
	d->ret = result;
	o = certfile_each(t, d->path, d->text, decode_one, d);
	if (!outcome_ok(&o) || !d->too_many)
		return certfile_finish(t, &o);
	tool_complain(t, _("%s: more than %d certificates"), d->path, ADDED_MAX);
	return TOOL_FAILED;
}

static int
add_file(struct tool *t, const char *file)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	_cleanup_(freep) struct decoded *decoded = calloc(1, sizeof *decoded);
	struct decoding d = { .path = file };
	struct caged caged = { .work = decode_file, .ctx = &d, .result = decoded,
		.result_size = sizeof *decoded };
	struct outcome o = outcome_of(decoded != NULL ? OUTCOME_OK : OUTCOME_NO_MEMORY);
	size_t done = 0;
	int status;

	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (!tool_read_file(t, file, &bytes, &d.text.len))
		return TOOL_FAILED;
	d.text.data = bytes;
	status = caged_run(t, &caged);
	if (status != TOOL_OK)
		return status;
	for (; outcome_ok(&o) && done < decoded->count && done < ADDED_MAX; done++) {
		struct view der = { decoded->at[done].der, decoded->at[done].len };

		o = der.len > CERT_DER_MAX ? outcome_of(OUTCOME_CERT_BAD) :
		    trustdb_add(t->conf.trust_db, t->env.trust_owner, der, &t->log);
		if (!outcome_ok(&o))
			break;
	}
	if (outcome_ok(&o))
		printf(_("%s: trusted now (jpkictl trust list)\n"), file);
	else if (done > 0)
		tool_complain(t, dngettext(PACKAGE,
		    "%s: the first %u certificate is trusted now, the rest was not added",
		    "%s: the first %u certificates are trusted now, the rest was not added",
		    (unsigned long)done), file, (unsigned int)done);
	return tool_finish(t, &o);
}

/* Each file separately: a fault in one does not stop the others. */
static int
cmd_add(struct tool *t, int argc, char **argv)
{
	int status = TOOL_OK;

	if (argc < 2)
		return tool_usage(t);
	for (int i = 1; i < argc; i++)
		if (add_file(t, argv[i]) != TOOL_OK)
			status = TOOL_FAILED;
	return status;
}

static void
print_fact(const char *name, const char *value)
{
	tool_row(name, 8, value);
}

static void
print_one(const struct cert *cert)
{
	char from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX], valid[MESSAGE_MAX];

	message_date(cert_not_before(cert), from);
	message_date(cert_not_after(cert), to);
	snprintf(valid, sizeof valid, _("%s to %s"), from, to);
	printf("%s\n", cert_subject(cert));
	print_fact(_("serial"), cert_serial(cert));
	print_fact(_("valid"), valid);
	print_fact(_("key"), cert_key_name(cert));
	print_fact("SHA-256", cert_fingerprint(cert));
}

static void
list_one(void *ctx, const struct cert *cert)
{
	bool *any = ctx;

	*any = true;
	print_one(cert);
}

static int
list_authorities(struct tool *t)
{
	bool any = false;
	struct outcome o = trustdb_list(t->conf.trust_db, t->env.trust_owner, &t->log, list_one, &any);

	if (outcome_ok(&o) && !any)
		printf("%s\n", _("No authority is trusted yet: jpkictl trust add FILE"));
	return tool_finish(t, &o);
}

static int
cmd_remove(struct tool *t, int argc, char **argv)
{
	const char *fingerprint = argv[1];
	struct outcome o = trustdb_remove(t->conf.trust_db, t->env.trust_owner, fingerprint, &t->log);

	if (outcome_ok(&o))
		printf(_("%s: no longer trusted\n"), fingerprint);
	return tool_finish(t, &o);
}

/* --- from-card ------------------------------------------------------------------ */

/* The authority's certificate on a card, as received from the cage. */
struct on_card {
	size_t len;
	uint8_t der[JPKI_CERT_MAX];
};

static struct outcome
show_candidate(struct tool *t, struct view der)
{
	struct certdb *db = NULL;
	struct cert *cert = NULL;
	struct outcome o = certdb_open_none(&t->log, &db);

	if (outcome_ok(&o))
		o = cert_from_der(db, der, &cert);
	if (outcome_ok(&o))
		print_one(cert);
	cert_free(cert);
	(void)certdb_close(db);
	return o;
}

/* In the cage: reads and shows it. */
static int
read_candidate(struct tool *t, void *ctx, void *result)
{
	struct on_card *c = result;
	char reader[TRANSPORT_NAME_MAX];
	struct outcome o;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, ctx, reader);
	if (outcome_ok(&o))
		o = survey_read_ca(&t->env, reader, c->der, &c->len);
	deadline_off();
	if (o.status == OUTCOME_NO_CERT) {
		tool_complain(t, "%s", _("the card has no certificate of its authority"));
		return TOOL_FAILED;
	}
	if (outcome_ok(&o))
		o = show_candidate(t, (struct view){ c->der, c->len });
	return tool_finish_search(t, &o, reader);
}

/* Computed from the bytes to be added, because the child may have shown another one. */
static struct outcome
fingerprint_of(const struct on_card *c, const struct log *log, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open_none(log, &db);

	if (outcome_ok(&o) && !cert_fingerprint_of((struct view){ c->der, c->len }, ret))
		o = outcome_of(OUTCOME_INTERNAL);
	(void)certdb_close(db);
	return o;
}

static int
from_card(struct tool *t, const char *reader, const char *accepted, bool yes)
{
	static struct on_card c;
	struct caged caged = { .work = read_candidate, .ctx = (void *)(uintptr_t)reader, .result = &c,
		.result_size = sizeof c };
	char fingerprint[CERT_FINGERPRINT_LEN + 1];
	struct candidate judged = { .fingerprint = fingerprint, .accepted = accepted, .yes = yes };
	int status = caged_run(t, &caged);
	struct outcome o;

	if (status != TOOL_OK)
		return status;
	if (c.len > sizeof c.der)
		return TOOL_FAILED;
	o = fingerprint_of(&c, &t->log, fingerprint);
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	judged.der = (struct view){ c.der, c.len };
	status = candidate_judge(t, &judged);
	if (status != TOOL_OK)
		return status;
	o = trustdb_add(t->conf.trust_db, t->env.trust_owner, judged.der, &t->log);
	if (outcome_ok(&o))
		printf(_("%.16s...: trusted now (jpkictl trust list)\n"), fingerprint);
	return tool_finish(t, &o);
}

static int
cmd_from_card(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "accept-fingerprint", required_argument, NULL, 'a' },
		{ "yes", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 },
	};
	char accepted[CERT_FINGERPRINT_LEN + 1] = "";
	const char *reader = NULL;
	bool yes = false;
	int c;

	while ((c = getopt_long(argc, argv, "r:a:y", options, NULL)) != -1) {
		if (c == 'r') {
			reader = optarg;
		} else if (c == 'y') {
			yes = true;
		} else if (c != 'a') {
			return tool_usage(t);
		} else if (!cert_read_fingerprint(optarg, accepted) ||
		    strlen(accepted) != CERT_FINGERPRINT_LEN) {
			tool_complain(t, _("'%s' is not a SHA-256 fingerprint, which has 64 hex digits"), optarg);
			return TOOL_USAGE;
		}
	}
	if (optind != argc)
		return tool_usage(t);
	return from_card(t, reader, accepted[0] != '\0' ? accepted : NULL, yes);
}

static const struct action {
	const char *name;
	int argc;	/* exact number; 0: it has options, or several arguments */
	int (*run)(struct tool *t, int argc, char **argv);
} changes[] = {
	{ "add", 0, cmd_add },
	{ "from-card", 0, cmd_from_card },
	{ "remove", 2, cmd_remove },
};

int
cmd_trust(struct tool *t, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list_authorities(t);
	for (size_t i = 0; argc > 1 && i < sizeof changes / sizeof changes[0]; i++) {
		if (strcmp(argv[1], changes[i].name) != 0 ||
		    (changes[i].argc != 0 && argc - 1 != changes[i].argc))
			continue;
		return tool_is_root(t) ? changes[i].run(t, argc - 1, argv + 1) : TOOL_FAILED;
	}
	return tool_usage(t);
}

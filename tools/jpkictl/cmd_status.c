/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card/transport.h"
#include "flow/enroll.h"
#include "flow/owners.h"
#include "flow/possession/search.h"
#include "flow/possession/survey.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/cmd_status.h"

static void
print_fact(const char *name, const char *value)
{
	tool_row(name, 24, value);
}

static const char *
kind_name(const struct survey *s)
{
	switch (s->kind) {
	case JPKI_KIND_MY_NUMBER:
		return _("My Number Card");
	case JPKI_KIND_JUKI:
		return _("Juki card (has no user-authentication certificate)");
	case JPKI_KIND_PHONE:
		return _("smartphone");
	case JPKI_KIND_UNKNOWN:
		break;
	}
	return _("a card with the JPKI application, of an unknown kind");
}

void
status_print_tries(const char *name, int tries)
{
	char text[128];

	if (tries == TRIES_UNKNOWN)
		snprintf(text, sizeof text, "%s", _("not reported by the card"));
	else if (tries == 0)
		snprintf(text, sizeof text, "%s", _("LOCKED (municipal office)"));
	else
		snprintf(text, sizeof text, dngettext(PACKAGE, "%d try left", "%d tries left",
		    (unsigned long)tries), tries);
	print_fact(name, text);
}

static void
print_owner(struct tool *t, struct view der)
{
	char names[512] = "";
	struct owners owners;
	struct outcome o = owners_find(&t->env, der, SIZE_MAX, &owners);
	size_t len = 0;

	for (size_t i = 0; outcome_ok(&o) && i < owners.count && len < sizeof names; i++)
		len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "", owners.names[i]);
	print_fact(_("registered for"), !outcome_ok(&o) ? outcome_code(o.status) :
	    names[0] != '\0' ? names : _("no user (jpkictl enroll USER)"));
}

/* Only root can read the record of failed PIN entries. */
static void
print_guesses(const struct tool *t, const char *fingerprint)
{
	const struct guesses_store store = { .dir = GUESSES_DIR, .clk = t->env.clk, .log = &t->log };
	char cert[GUESSES_CERT_LEN + 1], list[GUESSES_LIST_MAX], text[GUESSES_LIST_MAX + 128];
	struct guesses g;
	unsigned int failed;

	if (geteuid() != 0)
		return;
	snprintf(cert, sizeof cert, "%.*s", GUESSES_CERT_LEN, fingerprint);
	if (guesses_read(&store, cert, &g) != GUESSES_READ) {
		print_fact(_("failed PIN entries"), _("their record cannot be read"));
		return;
	}
	failed = guesses_list_failed(&g, &tool_names, list);
	if (failed == 0)
		snprintf(text, sizeof text, "%s", _("none since the holder's last login"));
	else
		snprintf(text, sizeof text, _("%u since the holder's last login (%s)"), failed, list);
	print_fact(_("failed PIN entries"), text);
}

static void
print_certificate(struct tool *t, const struct survey *s)
{
	_cleanup_(usercerts_done) struct usercerts one = { .count = 0 };
	struct view der = { s->der, s->der_len };
	struct outcome o = usercerts_of(&t->env, der, &one);
	char text[MESSAGE_MAX], from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX];
	int days;

	if (outcome_ok(&o)) {
		int64_t end = cert_not_after(one.at[0].cert);

		message_date(cert_not_before(one.at[0].cert), from);
		message_date(end, to);
		days = message_days_left(end, clk_wall_s(t->env.clk));
		snprintf(text, sizeof text, dngettext(PACKAGE, "%s to %s (%d day left), %s",
		    "%s to %s (%d days left), %s", (unsigned long)(days < 0 ? 0 : days)), from, to,
		    days, cert_key_name(one.at[0].cert));
		print_fact(_("certificate valid"), text);
		o = one.at[0].verdict;
		print_guesses(t, cert_fingerprint(one.at[0].cert));
	}
	if (outcome_ok(&o)) {
		print_fact(_("certificate state"), _("in order"));
	} else {
		message_outcome(&o, text);
		print_fact(_("certificate state"), text);
	}
}

static void
print_survey(struct tool *t, const struct survey *s)
{
	char date[16];

	print_fact(_("card"), kind_name(s));
	status_print_tries(_("user-authentication PIN"), s->auth_tries);
	status_print_tries(_("signature PIN"), s->sign_tries);
	if (s->der_len > 0)
		print_certificate(t, s);
	else
		print_fact(_("certificate"), _("no user-authentication certificate can be read"));
	if (s->card_expiry[0] != '\0') {
		snprintf(date, sizeof date, "%.4s-%.2s-%.2s", s->card_expiry, s->card_expiry + 4,
		    s->card_expiry + 6);
		print_fact(_("card expires"), date);
	} else {
		print_fact(_("card expires"), _("not reported by the card"));
	}
	if (s->der_len > 0)
		print_owner(t, (struct view){ s->der, s->der_len });
}

/* The name comes from the device, and may contain anything. */
static void
print_reader(const char *name)
{
	char text[TRANSPORT_NAME_MAX];

	snprintf(text, sizeof text, "%s", name);
	log_defuse(text);
	printf("%s\n", text);
	(void)fflush(stdout);	/* the deadline handler does not flush */
}

/*
 * If there is a My Number Card, a card of another kind, or one in exclusive use by a program, is no
 * failure.
 */
struct shown {
	unsigned int readers, cards;
	struct outcome worst;
};

static void
show_reader(struct tool *t, const struct transport_reader *reader, struct shown *shown)
{
	static struct survey survey;
	struct outcome o = outcome_of(OUTCOME_CARD_BUSY);

	shown->readers++;
	print_reader(reader->name);
	if (!reader->has_card) {
		print_fact(_("card"), _("none"));
		return;
	}
	deadline_arm(t, false);
	if (!reader->exclusive)
		o = survey_card(&t->env, reader->name, &survey);
	if (outcome_ok(&o)) {
		shown->cards++;
		print_survey(t, &survey);
	} else {
		print_fact(_("card"), _(outcome_state(o.status)));
		shown->worst = o;
	}
}

static int
show_readers(struct tool *t, const char *wanted)
{
	const struct transport *transport = t->env.transport;
	struct transport_readers readers;
	struct shown shown = { .worst = outcome_of(OUTCOME_OK) };
	struct outcome o;

	deadline_arm(t, false);
	o = transport->ops->readers(transport->ctx, &readers);
	for (size_t i = 0; outcome_ok(&o) && i < readers.count; i++)
		if (search_wants(wanted, &readers, readers.at[i].name))
			show_reader(t, &readers.at[i], &shown);
	if (outcome_ok(&o) && shown.readers == 0)
		o = outcome_of(OUTCOME_NO_READER);
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	return shown.cards > 0 || outcome_ok(&shown.worst) ? TOOL_OK : TOOL_FAILED;
}

int
cmd_status(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	const char *wanted = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "r:", options, NULL)) != -1) {
		if (c != 'r')
			return tool_usage(t);
		wanted = optarg;
	}
	return optind == argc ? show_readers(t, wanted) : tool_usage(t);
}

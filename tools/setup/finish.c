/* SPDX-License-Identifier: BSD-2-Clause */
/* The last screen. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/setup/setup.h"

#define NAME_WIDTH 12

static void
tell_trust(const struct setup *s)
{
	char text[128];

	snprintf(text, sizeof text, _("%u trusted (undo: sudo jpkictl trust remove FINGERPRINT)"), setup_count_trusted(s));
	tool_row(_("authorities"), NAME_WIDTH, text);
	if (s->t->conf.crl != CONF_CRL_REQUIRE)
		tool_row(_("revocation"), NAME_WIDTH, _("without a CRL; a lost card: sudo jpkictl revoke USER"));
}

static void
tell_card(const struct setup *s)
{
	char text[256];

	if (!setup_enrolled(s)) {
		tool_row(_("card"), NAME_WIDTH, _("none registered yet: sudo jpkictl enroll USER"));
		return;
	}
	snprintf(text, sizeof text, _("that of %s (undo: sudo jpkictl revoke %s)"), s->user, s->user);
	tool_row(_("card"), NAME_WIDTH, text);
}

/* Shows the services that were written, or that none was. */
static void
tell_services(const struct setup *s)
{
	char text[SETUP_SERVICES_MAX + 64];

	if (s->written[0] == '\0') {
		tool_row(_("services"), NAME_WIDTH, _("not changed now"));
		return;
	}
	snprintf(text, sizeof text, _("%s (undo: sudo jpkictl setup --undo)"), s->written);
	tool_row(_("services"), NAME_WIDTH, text);
}

static void
tell_comfort(const struct setup *s)
{
	char text[128];

	for (const struct comfort *c = comforts(); c->name != NULL; c++) {
		if (!setup_is_configured(s, c->option))
			continue;
		snprintf(text, sizeof text, _("%s (undo: take the line out of pam_jpki.conf)"), c->option);
		tool_row(_("option"), NAME_WIDTH, text);
	}
}

static void
tell_trial(const struct setup *s)
{
	printf("\n%s\n", _("Try it now, in a second terminal, and leave this one open:"));
	if (setup_has_service("sudo"))
		printf("  sudo -k; sudo true    %s\n", _("with the card on the reader, then without it"));
	else
		printf("  %s\n", _("log in with the card on the reader, then without it"));
	printf("  jpkictl doctor        %s\n", _("says why, if something does not work"));
}

/* Asks whether the pending services work: yes, no, or not now. */
static int
ask_whether_it_works(struct setup *s)
{
	char line[SETUP_LINE];

	printf("%s\n", _("y: it works, keep it.  u: put the services back as they were, now."));
	if (!setup_line(s, _("Enter alone: decide later (jpkictl setup --confirm)."), line))
		return TOOL_OK;
	if (line[0] == 'u' && line[1] == '\0')
		return backup_undo(s->t);
	return line[0] != '\0' && rpmatch(line) == 1 ? backup_confirm(s->t) : TOOL_OK;
}

int
setup_finish(struct setup *s)
{
	printf("\n%s\n", _("This is set up:"));
	tell_trust(s);
	tell_card(s);
	tell_comfort(s);
	tell_services(s);
	tell_trial(s);
	if (s->written[0] == '\0' || !backup_pending())
		return TOOL_OK;
	printf(_("\nThe services are put back in %g minutes, unless you confirm that they work:\n"), s->rollback);
	if (s->terminal && !s->yes)
		return ask_whether_it_works(s);
	printf("  jpkictl setup --confirm\n");
	return TOOL_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Features beyond a login. A row is added for each option. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/setup/setup.h"

#define CHOICE_MAX 16

/* Whether there is a desktop: a greeter, or a screen locker. */
static bool
has_screen(const struct setup *s)
{
	static const char *const screens[] = { "lightdm", "gdm-password", "sddm", "greetd", "kde", "xscreensaver",
	    "xsecurelock", "cinnamon-screensaver", "mate-screensaver", "xfce4-screensaver", "swaylock", "i3lock",
	    "gtklock", "waylock", "hyprlock" };

	for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
		if (setup_has_service(screens[i]))
			return true;
	return false;
}

/* Whether there is a greeter in which the name can be left empty. */
static bool
has_manual_login(const struct setup *s)
{
	return setup_has_service("lightdm") || setup_has_service("sddm");
}

/* Whether users could register their card: polkit lets only those in a session at a screen do that. */
static bool
can_enroll_themselves(const struct setup *s)
{
	return has_screen(s) && access(PKEXEC, X_OK) == 0;
}

static bool
has_something_to_open(const struct setup *s)
{
	return openers_exist();
}

/*
 * Stores the user's password now if they are at this machine; they may stop and store it later. The
 * option does no harm in either case.
 */
static bool
store_password(struct setup *s)
{
	const char *set[] = { "unlock", "set", s->user, NULL };

	if (!s->yes && s->terminal && setup_enrolled(s)) {
		printf(_("  The password of %s is stored now, for the card alone to open. Type it, then the PIN; Enter alone:\n"
		    "  later.\n"), s->user);
		if (setup_jpkictl(s, set) == TOOL_OK)
			return true;
	}
	printf("  %s\n", _("Each user's password is stored by: sudo jpkictl unlock set USER"));
	return true;
}

static const struct comfort table[] = {
	{ "lock", "on_removal", "lock", N_("Lock the screen when the card is taken off the reader."),
	  N_("The card stays on the reader while you work; jpki-watch starts with the desktop."), has_screen, NULL },
	{ "name", "user_from_card", "yes", N_("Log in without typing a user name: the card names the user."),
	  N_("A person who finds a card can see here whose it is."), has_manual_login, NULL },
	{ "self", "self_enroll", "yes", N_("Let users register their own first card, with their password and the card's PIN."),
	  N_("Anyone who knows a user's password can register a card of their own for that user, who is notified."),
	  can_enroll_themselves, NULL },
	{ "unlock", "unlock", "yes", N_("Let the card open what the password opens at a login: a keyring, an encrypted home directory."),
	  N_("A person who has a card and its PIN gets at these, too; the password is stored, for that card to open."),
	  has_something_to_open, store_password },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct comfort *
comforts(void)
{
	return table;
}

static bool
is_name_of(const struct comfort *c, const char *text, size_t len)
{
	return strlen(c->name) == len && strncmp(c->name, text, len) == 0;
}

/* Whether a comma-separated list contains it. */
static bool
is_listed(const char *list, const struct comfort *c)
{
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");

		if (is_name_of(c, p, len))
			return true;
		p += len;
		if (*p == '\0')
			return false;
	}
}

bool
comfort_list_is_known(const char *list)
{
	if (strcmp(list, "none") == 0)
		return true;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		const struct comfort *c = table;

		while (c->name != NULL && !is_name_of(c, p, len))
			c++;
		if (c->name == NULL)
			return false;
		p += len;
		if (*p == '\0')
			return true;
	}
}

/* Finds the features that fit and that the configuration does not set. */
static size_t
find_offers(const struct setup *s, const struct comfort *offers[static CHOICE_MAX])
{
	size_t count = 0;

	for (const struct comfort *c = table; c->name != NULL && count < CHOICE_MAX; c++)
		if (c->fits(s) && !setup_is_configured(s, c->option))
			offers[count++] = c;
	return count;
}

bool
comfort_done(struct setup *s)
{
	const struct comfort *offers[CHOICE_MAX];

	if (s->comfort != NULL && strcmp(s->comfort, "none") != 0)
		return false;
	if (s->comfort != NULL || s->yes) {
		printf("  %s\n", _("Nothing is added (jpkictl setup --comfort)."));
		return true;
	}
	if (find_offers(s, offers) > 0)
		return false;
	printf("  %s\n", _("There is nothing more that fits this machine."));
	return true;
}

/* Writes the option, and reads the configuration again, which must be valid with it. */
static bool
add(struct setup *s, const struct comfort *c)
{
	char line[128];
	struct outcome o;

	snprintf(line, sizeof line, "%s = %s", c->option, c->value);
	if (!setup_configure(s, c->name, line))
		return false;
	conf_init(&s->t->conf);
	o = conf_read(s->t->conf_file, s->t->env.trust_owner, &s->t->log, &s->t->conf);
	if (!outcome_ok(&o)) {
		(void)tool_finish(s->t, &o);
		return false;
	}
	tool_audit("setup", "option", c->option);
	printf(_("  %s says %s now.\n"), s->t->conf_file, line);
	return c->then == NULL || c->then(s);
}

/* Reads numbers separated by blanks; false if one is not offered. */
static bool
read_numbers(const char *line, size_t count, bool chosen[static CHOICE_MAX])
{
	memset(chosen, 0, CHOICE_MAX * sizeof chosen[0]);
	for (const char *p = line + strspn(line, " ,"); *p != '\0'; p += strspn(p, " ,")) {
		char *end;
		unsigned long n = strtoul(p, &end, 10);

		if (end == p || n < 1 || n > count || strchr(" ,", *end) == NULL)
			return false;
		chosen[n - 1] = true;
		p = end;
	}
	return true;
}

static bool
choose(const struct setup *s, const struct comfort *const offers[], size_t count, bool chosen[static CHOICE_MAX])
{
	char line[SETUP_LINE];

	for (size_t i = 0; i < count; i++)
		printf("  %zu  %s\n     %s\n", i + 1, _(offers[i]->gives), _(offers[i]->costs));
	do {
		if (!setup_line(s, _("Which of these? Numbers with blanks between; Enter alone: none:"), line))
			return false;
	} while (!read_numbers(line, count, chosen));
	return true;
}

/* Adds what --comfort lists, even what would not have been offered. */
static bool
add_listed(struct setup *s)
{
	for (const struct comfort *c = table; c->name != NULL; c++) {
		if (!is_listed(s->comfort, c))
			continue;
		if (setup_is_configured(s, c->option))
			printf(_("  %s has a line for %s already.\n"), s->t->conf_file, c->option);
		else if (!add(s, c))
			return false;
	}
	return true;
}

bool
comfort_act(struct setup *s)
{
	const struct comfort *offers[CHOICE_MAX];
	bool chosen[CHOICE_MAX];
	size_t count;

	if (s->comfort != NULL)
		return add_listed(s);
	count = find_offers(s, offers);
	if (!choose(s, offers, count, chosen))
		return false;
	for (size_t i = 0; i < count; i++)
		if (chosen[i] && !add(s, offers[i]))
			return false;
	return true;
}

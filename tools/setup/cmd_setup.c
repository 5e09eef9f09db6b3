/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/setup/setup.h"

static const struct setup_step steps[] = {
	{ N_("Programs and configuration"), machine_done, NULL },
	{ N_("Reader and card"), reader_done, reader_act },
	{ N_("Trusted authorities"), trust_done, trust_act },
	{ N_("Revocation"), crl_done, crl_act },
	{ N_("Registering the card"), enroll_done, enroll_act },
	{ N_("More comfort"), comfort_done, comfort_act },
	{ N_("PAM services"), services_done, services_act },
};

#define STEPS (sizeof steps / sizeof steps[0])

static int
stopped(const struct setup *s)
{
	printf("%s\n", _("Stopped here. What was done stays; to go on: jpkictl setup."));
	return TOOL_FAILED;
}

static int
walk_steps(struct setup *s)
{
	for (size_t i = 0; i < STEPS; i++) {
		printf("\n%zu/%zu %s\n", i + 1, STEPS, _(steps[i].title));
		(void)fflush(stdout);
		if (steps[i].done(s))
			continue;
		if (steps[i].act == NULL || !steps[i].act(s))
			return stopped(s);
	}
	return setup_finish(s);
}

/* The user according to sudo, pkexec or the login session; it is only proposed. */
static const char *
invoking_user(void)
{
	uid_t uid = tool_sudo_uid() != TOOL_NO_UID ? tool_sudo_uid() : tool_login_uid();
	const struct passwd *pw = uid != TOOL_NO_UID && uid != 0 ? getpwuid(uid) : NULL;

	return pw != NULL ? strdup(pw->pw_name) : NULL;
}

static bool
read_minutes(const char *text, double *ret)
{
	char *end;
	double minutes = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(minutes) || minutes < 0 || minutes > 1440)
		return false;
	*ret = minutes;
	return true;
}

static int
begin_setup(struct setup *s)
{
	s->terminal = isatty(STDIN_FILENO) == 1;
	if (!s->yes && !s->terminal) {
		tool_complain(s->t, "%s", _("no terminal for questions; use --yes and the options"));
		return TOOL_FAILED;
	}
	if (s->user == NULL)
		s->user = invoking_user();
	if (s->user != NULL && !setup_name_user(s, s->user))
		return TOOL_FAILED;
	if (backup_pending())
		printf("%s\n", _("Changes of an earlier run are not confirmed yet: jpkictl setup --confirm, or --undo"));
	return walk_steps(s);
}

/* Takes one option; false if its argument is invalid. */
static bool
take_option(struct setup *s, int option, const char *value)
{
	switch (option) {
	case 'y':
		s->yes = true;
		return true;
	case 'u':
		s->user = value;
		return true;
	case 'd':
		s->reader = value;
		return true;
	case 'n':
		s->no_enroll = true;
		return true;
	case 't':
		s->trust_file = value;
		return true;
	case 'a':
		s->fingerprint = value;
		return true;
	case 'c':
		s->crl_source = value;
		return true;
	case 'C':
		s->no_crl = true;
		return true;
	case 'o':
		s->comfort = value;
		return comfort_list_is_known(value);
	case 's':
		s->services = value;
		return true;
	case 'r':
		return read_minutes(value, &s->rollback);
	default:
		return false;
	}
}

int
cmd_setup(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "yes", no_argument, NULL, 'y' },
		{ "user", required_argument, NULL, 'u' },
		{ "reader", required_argument, NULL, 'd' },
		{ "no-enroll", no_argument, NULL, 'n' },
		{ "trust", required_argument, NULL, 't' },
		{ "accept-fingerprint", required_argument, NULL, 'a' },
		{ "crl-source", required_argument, NULL, 'c' },
		{ "no-crl", no_argument, NULL, 'C' },
		{ "comfort", required_argument, NULL, 'o' },
		{ "services", required_argument, NULL, 's' },
		{ "rollback", required_argument, NULL, 'r' },
		{ "confirm", no_argument, NULL, 'k' },
		{ "undo", no_argument, NULL, 'U' },
		{ "recover", no_argument, NULL, 'R' },
		{ NULL, 0, NULL, 0 },
	};
	struct setup s = { .t = t, .rollback = 5 };
	int c, alone = 0;

	while ((c = getopt_long(argc, argv, "y", options, NULL)) != -1) {
		if (c == 'k' || c == 'U' || c == 'R')
			alone = c;
		else if (!take_option(&s, c, optarg))
			return tool_usage(t);
	}
	if (optind != argc || (alone != 0 && argc != 2) || (s.no_crl && s.crl_source != NULL) ||
	    (s.trust_file != NULL && s.fingerprint != NULL))
		return tool_usage(t);
	if (alone == 'k')
		return backup_confirm(t);
	if (alone == 'U')
		return backup_undo(t);
	backup_take_up(t);
	return alone == 'R' ? TOOL_OK : begin_setup(&s);
}

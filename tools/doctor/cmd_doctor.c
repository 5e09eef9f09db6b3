/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "tools/doctor/doctor.h"

static void
keep_line(void *ctx, int priority, const char *text)
{
	struct doctor *d = ctx;

	if (priority <= LOG_NOTICE)
		snprintf(d->said, sizeof d->said, "%s", text);
}

static void
examine(struct doctor *d)
{
	bool usable = doctor_conf(d);

	doctor_programs(d);
	doctor_clock(d);
	doctor_place(d);
	doctor_readers(d);	/* before this process uses NSS */
	doctor_usb(d, "");
	if (usable) {
		doctor_trust(d);
		doctor_crls(d);
		doctor_enrollments(d);
		doctor_fleet(d);
	}
	doctor_guesses(d);
	doctor_unlock(d);
	doctor_stacks(d);
	doctor_ssh(d);
}

static int
conclude(struct doctor *d)
{
	unsigned int errors = doctor_count(d, LEVEL_ERROR), warnings = doctor_count(d, LEVEL_WARNING);

	if (d->array != NULL) {
		if (json_print(d->t, d->array) != TOOL_OK)
			return TOOL_FAILED;
	} else if (errors + warnings == 0) {
		printf("%s\n", _("Nothing is wrong."));
	} else {
		printf(_("errors: %u, warnings: %u\n"), errors, warnings);
	}
	if (geteuid() != 0)
		tool_complain(d->t, "%s", _("run it with sudo to see what only root sees"));
	return errors > 0 ? TOOL_FAILED : warnings > 0 ? TOOL_WARNINGS : TOOL_OK;
}

int
cmd_doctor(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "reader", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	static struct doctor d;
	int option;

	d = (struct doctor){ .t = t, .conf_file = t->conf_file, .pipe = -1 };
	while ((option = getopt_long(argc, argv, "jr:", options, NULL)) != -1) {
		if (option == 'r') {
			d.reader = optarg;
		} else if (option != 'j') {
			json_decref(d.array);
			return tool_usage(t);
		} else if (d.array == NULL) {
			d.array = json_array();
		}
	}
	if (optind != argc) {
		json_decref(d.array);
		return tool_usage(t);
	}
	t->log = (struct log){ .sink = keep_line, .ctx = &d };
	examine(&d);
	return conclude(&d);
}

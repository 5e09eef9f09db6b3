#include "config.h"

#include <stdio.h>

#include "config/enrolment.h"
#include "flow/enrolled.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "tools/tool.h"

struct listing {
	struct tool *t;
	int result;
	unsigned int count;
};

/* One row, in columns as wide on the terminal as they were in every row before. */
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
print_user(void *ctx, const char *user)
{
	_cleanup_(enrolled_done) struct enrolled e = { .count = 0 };
	struct listing *l = ctx;
	struct outcome o = enrolled_load(&l->t->env, user, &e);
	int64_t now = clk_wall_s(l->t->env.clk);

	l->count++;
	if (!outcome_ok(&o)) {
		print_row(user, "-", "-", "-", outcome_code(o.status));
		l->result = TOOL_FAILED;
		return;
	}
	for (size_t i = 0; i < e.count; i++) {
		int64_t end = cert_not_after(e.at[i].cert);
		char date[MESSAGE_DATE_MAX], days[16], fingerprint[17];

		message_date(end, date);
		snprintf(days, sizeof days, "%d", message_days_left(end, now));
		snprintf(fingerprint, sizeof fingerprint, "%.16s", cert_fingerprint(e.at[i].cert));
		print_row(user, date, days, fingerprint, outcome_code(e.at[i].verdict.status));
	}
}

int
cmd_list(struct tool *t, int argc, char **argv)
{
	struct listing l = { .t = t, .result = TOOL_OK };
	struct outcome o;

	if (argc != 1)
		return tool_usage(t);
	print_row(_("USER"), _("ENDS"), _("DAYS"), _("FINGERPRINT"), _("STATE"));
	o = enrolment_each(t->conf.users_dir, t->env.trust_owner, &t->log, print_user, &l);
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (l.count == 0)
		printf("%s\n", _("Nobody is enrolled: jpkictl enroll USER"));
	return l.result;
}

int
cmd_revoke(struct tool *t, int argc, char **argv)
{
	struct outcome o;

	if (argc != 2)
		return tool_usage(t);
	o = enrolment_remove(t->conf.users_dir, argv[1], t->env.trust_owner, &t->log);
	if (outcome_ok(&o))
		printf(_("%s: no longer enrolled; logins by card are refused from now on\n"), argv[1]);
	return tool_finish(t, &o);
}

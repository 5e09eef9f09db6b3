#include "config.h"

#include <stdio.h>

#include "config/enrolment.h"
#include "flow/enrolled.h"
#include "lib/cleanup.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "tools/tool.h"

struct listing {
	struct tool *t;
	int result;
	unsigned int count;
};

static void
print_user(void *ctx, const char *user)
{
	_cleanup_(enrolled_done) struct enrolled e = { .count = 0 };
	struct listing *l = ctx;
	struct outcome o = enrolled_load(&l->t->env, user, &e);
	int64_t now = clk_wall_s(l->t->env.clk);

	l->count++;
	if (!outcome_ok(&o)) {
		printf("%-20s %-10s %5s  %-16s  %s\n", user, "-", "-", "-", outcome_code(o.status));
		l->result = TOOL_FAILED;
		return;
	}
	for (size_t i = 0; i < e.count; i++) {
		int64_t end = cert_not_after(e.at[i].cert);
		char date[MESSAGE_DATE_MAX];

		message_date(end, date);
		printf("%-20s %-10s %5d  %-16.16s  %s\n", user, date, message_days_left(end, now),
		    cert_fingerprint(e.at[i].cert), outcome_code(e.at[i].verdict.status));
	}
}

int
cmd_list(struct tool *t, int argc, char **argv)
{
	struct listing l = { .t = t, .result = TOOL_OK };
	struct outcome o;

	if (argc != 1)
		return tool_usage(t);
	printf("%-20s %-10s %5s  %-16s  %s\n", "USER", "ENDS", "DAYS", "FINGERPRINT", "STATE");
	o = enrolment_each(t->conf.users_dir, t->env.trust_owner, &t->log, print_user, &l);
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (l.count == 0)
		printf("Nobody is enrolled: jpkictl enroll USER\n");
	return l.result;
}

int
cmd_revoke(struct tool *t, int argc, char **argv)
{
	struct outcome o;

	if (argc != 2)
		return tool_usage(t);
	o = enrolment_remove(t->conf.users_dir, argv[1], &t->log);
	if (outcome_ok(&o))
		printf("%s: no longer enrolled; logins by card are refused from now on\n", argv[1]);
	return tool_finish(t, &o);
}

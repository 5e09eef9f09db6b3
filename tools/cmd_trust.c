#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/message.h"
#include "nss/cert.h"
#include "nss/trustdb.h"
#include "tools/tool.h"

static struct outcome
add_one(void *ctx, struct view der)
{
	struct tool *t = ctx;

	return trustdb_add(t->conf.trust_db, t->env.trust_owner, der, &t->log);
}

static int
add(struct tool *t, const char *file)
{
	struct outcome o = tool_each_certificate(t, file, add_one, t);

	if (outcome_ok(&o))
		printf("%s: trusted now (jpkictl trust list)\n", file);
	return tool_finish(t, &o);
}

static void
print_one(void *ctx, const struct cert *cert)
{
	char from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX];
	bool *any = ctx;

	*any = true;
	message_date(cert_not_before(cert), from);
	message_date(cert_not_after(cert), to);
	printf("%s\n  serial   %s\n  valid    %s to %s\n  key      %s\n  SHA-256  %s\n",
	    cert_subject(cert), cert_serial(cert), from, to, cert_key_name(cert),
	    cert_fingerprint(cert));
}

static int
list(struct tool *t)
{
	bool any = false;
	struct outcome o = trustdb_list(t->conf.trust_db, t->env.trust_owner, &t->log, print_one, &any);

	if (outcome_ok(&o) && !any)
		printf("No authority is trusted yet: jpkictl trust add FILE\n");
	return tool_finish(t, &o);
}

static int
remove_one(struct tool *t, const char *fingerprint)
{
	struct outcome o = trustdb_remove(t->conf.trust_db, t->env.trust_owner, fingerprint, &t->log);

	if (outcome_ok(&o))
		printf("%s: no longer trusted\n", fingerprint);
	return tool_finish(t, &o);
}

int
cmd_trust(struct tool *t, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list(t);
	if (argc != 3 || (strcmp(argv[1], "add") != 0 && strcmp(argv[1], "remove") != 0))
		return tool_usage(t);
	if (geteuid() != 0) {
		tool_complain(t, "only root can do this; run it with sudo");
		return TOOL_FAILED;
	}
	return strcmp(argv[1], "add") == 0 ? add(t, argv[2]) : remove_one(t, argv[2]);
}

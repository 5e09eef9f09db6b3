#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/trustdb.h"
#include "tools/tool.h"

struct adding {
	struct tool *t;
	unsigned int done;
};

static struct outcome
add_one(void *ctx, struct view der)
{
	struct adding *a = ctx;
	struct outcome o = trustdb_add(a->t->conf.trust_db, a->t->env.trust_owner, der, &a->t->log);

	if (outcome_ok(&o))
		a->done++;
	return o;
}

static int
add(struct tool *t, const char *file)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct adding a = { .t = t };
	struct outcome o;
	size_t len;

	if (!tool_read_file(t, file, &bytes, &len))
		return TOOL_FAILED;
	o = tool_each_certificate(t, file, (struct view){ bytes, len }, add_one, &a);
	if (outcome_ok(&o))
		printf(_("%s: trusted now (jpkictl trust list)\n"), file);
	else if (a.done > 0)
		tool_complain(t, dngettext(PACKAGE,
		    "%s: the first %u certificate is trusted now, the rest was not added",
		    "%s: the first %u certificates are trusted now, the rest was not added",
		    (unsigned long)a.done), file, a.done);
	return tool_finish(t, &o);
}

static void
row(const char *name, const char *value)
{
	printf("  ");
	tool_cell(name, 8);
	printf("%s\n", value);
}

static void
print_one(void *ctx, const struct cert *cert)
{
	char from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX], valid[MESSAGE_MAX];
	bool *any = ctx;

	*any = true;
	message_date(cert_not_before(cert), from);
	message_date(cert_not_after(cert), to);
	snprintf(valid, sizeof valid, _("%s to %s"), from, to);
	printf("%s\n", cert_subject(cert));
	row(_("serial"), cert_serial(cert));
	row(_("valid"), valid);
	row(_("key"), cert_key_name(cert));
	row("SHA-256", cert_fingerprint(cert));
}

static int
list(struct tool *t)
{
	bool any = false;
	struct outcome o = trustdb_list(t->conf.trust_db, t->env.trust_owner, &t->log, print_one, &any);

	if (outcome_ok(&o) && !any)
		printf("%s\n", _("No authority is trusted yet: jpkictl trust add FILE"));
	return tool_finish(t, &o);
}

static int
remove_one(struct tool *t, const char *fingerprint)
{
	struct outcome o = trustdb_remove(t->conf.trust_db, t->env.trust_owner, fingerprint, &t->log);

	if (outcome_ok(&o))
		printf(_("%s: no longer trusted\n"), fingerprint);
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
		tool_complain(t, "%s", _("only root can do this; run it with sudo"));
		return TOOL_FAILED;
	}
	return strcmp(argv[1], "add") == 0 ? add(t, argv[2]) : remove_one(t, argv[2]);
}

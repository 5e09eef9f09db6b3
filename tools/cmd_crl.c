#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/crlstore.h"
#include "tools/tool.h"

static struct crlstore
store_of(const struct tool *t)
{
	return (struct crlstore){ .dir = t->conf.crl_dir, .trust_db = t->conf.trust_db,
		.owner = t->env.trust_owner, .log = &t->log };
}

/* In the list's own words: until when it holds, and how many it names. */
static void
print_facts(const struct crl_facts *facts)
{
	char from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX];

	message_date(facts->this_update, from);
	message_date(facts->next_update, to);
	printf(_("%s to %s, %" PRIu64 " revoked"), from, to, facts->count);
	putchar('\n');
}

static int
import_one(const struct tool *t, const char *path)
{
	struct crlstore store = store_of(t);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[CRLSTORE_NAME_MAX];
	struct crl_facts facts;
	enum crl_fault f;

	if (fd < 0) {
		tool_complain(t, "%s: %s", path, strerror(errno));
		return TOOL_FAILED;
	}
	f = crlstore_import(&store, fd, clk_wall_s(t->env.clk), &facts, name);
	close(fd);
	if (f != CRL_OK && f != CRL_SAME) {
		tool_complain(t, "%s: %s (%s)", path, _(crl_fault_text(f)), crl_fault_code(f));
		return TOOL_FAILED;
	}
	printf("%s: %s: ", path, f == CRL_SAME ? _("installed already") : _("installed"));
	print_facts(&facts);
	return TOOL_OK;
}

/* Each of them, whatever became of the one before. */
static int
import(const struct tool *t, int count, char **paths)
{
	int status = TOOL_OK;

	for (int i = 0; i < count; i++)
		if (import_one(t, paths[i]) != TOOL_OK)
			status = TOOL_FAILED;
	return status;
}

struct listing {
	const struct tool *t;
	unsigned int count, bad;
};

static void
print_item(void *ctx, const struct crlstore_item *item)
{
	struct listing *l = ctx;

	l->count++;
	printf("%s\n  %s\n  ", item->name,
	    item->issuer != NULL ? cert_subject(item->issuer) : _("no trusted authority has its key"));
	if (item->facts != NULL)
		print_facts(item->facts);
	if (item->fault == CRL_OK)
		return;
	l->bad++;
	printf("  %s (%s)\n", _(crl_fault_text(item->fault)), crl_fault_code(item->fault));
}

static int
show_all(const struct tool *t, enum crl_fault (*walk)(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx))
{
	struct crlstore store = store_of(t);
	struct listing l = { .t = t };
	enum crl_fault f = walk(&store, print_item, &l);

	if (f != CRL_OK) {
		tool_complain(t, "%s: %s (%s)", store.dir, _(crl_fault_text(f)), crl_fault_code(f));
		return TOOL_FAILED;
	}
	if (l.count == 0)
		printf("%s\n", _("No CRL is installed yet: jpkictl crl import FILE"));
	return l.bad == 0 ? TOOL_OK : TOOL_FAILED;
}

int
cmd_crl(struct tool *t, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return show_all(t, crlstore_list);
	if (argc == 2 && strcmp(argv[1], "verify") == 0)
		return show_all(t, crlstore_verify);
	if (argc < 3 || strcmp(argv[1], "import") != 0)
		return tool_usage(t);
	if (geteuid() != 0) {
		tool_complain(t, "%s", _("only root can do this; run it with sudo"));
		return TOOL_FAILED;
	}
	return import(t, argc - 2, argv + 2);
}

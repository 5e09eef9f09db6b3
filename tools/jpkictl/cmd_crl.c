/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/i18n.h"
#include "nss/cert.h"
#include "tools/common/caged.h"
#include "tools/jpkictl/cmd_crl.h"

/* --- list, verify -------------------------------------------------------------- */

struct listing {
	const struct crl_call *call;
	json_t *array;		/* NULL: as text */
	unsigned int count, bad;
};

static void
print_item(const struct crlstore_item *item)
{
	printf("%s\n  %s\n", item->name,
	    item->issuer != NULL ? cert_subject(item->issuer) : _("no trusted authority has its key"));
	if (item->facts != NULL) {
		printf("  ");
		crl_print_facts(item->facts);
		putchar('\n');
	}
	if (item->fault != CRL_OK)
		printf("  %s (%s)\n", _(crl_fault_text(item->fault)), crl_fault_code(item->fault));
}

static void
on_item(void *ctx, const struct crlstore_item *item)
{
	struct listing *l = ctx;
	json_t *object;

	l->count++;
	l->bad += item->fault != CRL_OK;
	if (l->array == NULL) {
		print_item(item);
		return;
	}
	object = json_object();
	json_put(object, "name", json_text(item->name));
	crl_put_fault(object, item->fault);
	json_put(object, "issuer", item->issuer != NULL ? json_text(cert_subject(item->issuer)) : json_null());
	if (item->facts != NULL)
		crl_put_facts(object, item->facts);
	json_add(l->array, object);
}

typedef enum crl_fault walk_store(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx);

struct walking {
	const struct crl_call *call;
	walk_store *walk;
};

/* In the cage. */
static int
walk_and_show(struct tool *t, void *ctx, void *result)
{
	const struct walking *w = ctx;
	const struct crl_call *c = w->call;
	struct listing l = { .call = c, .array = c->json ? json_array() : NULL };
	enum crl_fault f = w->walk(&c->store, on_item, &l);

	if (f != CRL_OK) {
		json_decref(l.array);
		tool_complain(t, "%s: %s (%s)", c->store.dir, _(crl_fault_text(f)), crl_fault_code(f));
		return TOOL_FAILED;
	}
	if (c->json && json_print(t, l.array) != TOOL_OK)
		return TOOL_FAILED;
	if (!c->json && l.count == 0)
		printf("%s\n", _("No CRL is installed yet: jpkictl crl import FILE"));
	return l.bad == 0 ? TOOL_OK : TOOL_FAILED;
}

static int
show_all(const struct crl_call *c, walk_store *walk)
{
	struct walking w = { c, walk };
	struct caged caged = { .work = walk_and_show, .ctx = &w };

	return c->argc == 0 ? caged_run(c->t, &caged) : tool_usage(c->t);
}

static int
crl_list(const struct crl_call *c)
{
	return show_all(c, crlstore_list);
}

static int
crl_verify_all(const struct crl_call *c)
{
	return show_all(c, crlstore_verify);
}

/* --- the subcommands ------------------------------------------------------------- */

static const struct {
	const char *name;
	bool needs_root;
	int (*run)(const struct crl_call *c);
} subcommands[] = {
	{ "import", true, crl_import },
	{ "update", true, crl_update },
	{ "list", false, crl_list },
	{ "verify", false, crl_verify_all },
	{ "show", false, crl_show },
	{ "check", false, crl_check },
};

int
cmd_crl(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct crl_call c = { .t = t, .store = { .dir = t->conf.crl_dir, .trust_db = t->conf.trust_db,
	    .owner = t->env.trust_owner, .log = &t->log, .apart = crl_apart, .apart_ctx = t } };
	int option;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (option != 'j')
			return tool_usage(t);
		c.json = true;
	}
	if (optind == argc)
		return tool_usage(t);
	c.argc = argc - optind - 1;
	c.argv = argv + optind + 1;
	for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++) {
		if (strcmp(argv[optind], subcommands[i].name) != 0)
			continue;
		return subcommands[i].needs_root && !tool_is_root(t) ? TOOL_FAILED : subcommands[i].run(&c);
	}
	return tool_usage(t);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl crl show, crl check */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/chain.h"
#include "nss/crl/check.h"
#include "nss/crl/copy.h"
#include "tools/common/caged.h"
#include "tools/common/certfile.h"
#include "tools/jpkictl/cmd_crl.h"

#define NAME_TEXT_MAX 512
#define REASONS (REASON_AA_COMPROMISE + 1)
#define PREFIX_MIN 4		/* minimum number of digits of a NAME */

/* --- show ------------------------------------------------------------------------- */

/* A verified list, and the facts that `show` prints. */
struct shown {
	const struct crl_call *call;
	const char *what;
	struct certdb *db;
	struct crl *crl;
	uint64_t reasons[REASONS];
};

static void
shown_done(struct shown *s)
{
	crl_free(s->crl);
	(void)certdb_close(s->db);
}

static bool
count_reason(void *ctx, const struct crl_entry *entry)
{
	struct shown *s = ctx;

	s->reasons[entry->reason]++;
	return true;
}

static void
print_fact(const char *name, const char *value)
{
	tool_row(name, 20, value);
}

static void
row_number(const char *name, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, number);
	print_fact(name, text);
}

static void
row_hex(const char *name, struct view bytes)
{
	char text[2 * CRL_HASH_LEN + 1];

	view_hex(bytes, text);
	print_fact(name, text);
}

static void
print_shown(const struct shown *s)
{
	const struct crl_facts *f = crl_facts(s->crl);
	char text[NAME_TEXT_MAX];

	printf("%s\n", s->what);
	print_fact(_("issuer"), cert_subject(crl_issuer(s->crl)));
	message_date(f->this_update, text);
	print_fact(_("issued"), text);
	message_date(f->next_update, text);
	print_fact(_("valid until"), text);
	if (f->has_number)
		row_hex(_("number"), crl_number(f));
	if (f->scope_len == 0)
		print_fact(_("for"), _("all certificates of the issuer"));
	for (size_t i = 0; crl_scope_name(f, i, text, sizeof text); i++)
		print_fact(i == 0 ? _("for") : "", text);
	row_number(_("revoked"), f->count);
	for (unsigned int i = 0; i < REASONS; i++)
		if (s->reasons[i] > 0)
			row_number(crl_reason_name(i), s->reasons[i]);
	row_number(_("bytes"), f->size);
	row_hex("SHA-256", (struct view){ f->sha256, CRL_HASH_LEN });
	row_hex(_("issuer's key"), (struct view){ f->issuer_key, CRL_HASH_LEN });
}

static json_t *
json_of_shown(const struct shown *s)
{
	const struct crl_facts *f = crl_facts(s->crl);
	json_t *object = json_object(), *scope = json_array(), *reasons = json_object();
	char text[NAME_TEXT_MAX];

	json_put(object, "list", json_text(s->what));
	json_put(object, "issuer", json_text(cert_subject(crl_issuer(s->crl))));
	crl_put_facts(object, f);
	for (size_t i = 0; crl_scope_name(f, i, text, sizeof text); i++)
		json_add(scope, json_text(text));
	json_put(object, "scope", scope);
	for (unsigned int i = 0; i < REASONS; i++)
		if (s->reasons[i] > 0)
			json_put(reasons, crl_reason_name(i), json_integer((json_int_t)s->reasons[i]));
	json_put(object, "reasons", reasons);
	return object;
}

/* The installed list whose NAME begins with these digits. */
struct search {
	const char *prefix;
	char name[CRLSTORE_NAME_MAX];
	unsigned int count;
};

static void
on_name(void *ctx, const struct crlstore_item *item)
{
	struct search *s = ctx;

	if (strncmp(item->name, s->prefix, strlen(s->prefix)) != 0)
		return;
	s->count++;
	snprintf(s->name, sizeof s->name, "%s", item->name);
}

static int
complain(const struct crl_call *c, const char *what, enum crl_fault f)
{
	tool_complain(c->t, "%s: %s (%s)", what, _(crl_fault_text(f)), crl_fault_code(f));
	return TOOL_FAILED;
}

static int
open_installed(const struct crl_call *c, const char *prefix, int *ret_fd)
{
	struct search search = { .prefix = prefix };
	enum crl_fault f = crlstore_list(&c->store, on_name, &search);

	if (f != CRL_OK)
		return complain(c, c->store.dir, f);
	if (search.count != 1) {
		tool_complain(c->t, search.count == 0 ?
		    _("%s: neither a file nor the prefix of an installed list's name") :
		    _("%s: more than one installed list has a name with this prefix"), prefix);
		return TOOL_FAILED;
	}
	f = crlstore_open(&c->store, search.name, ret_fd);
	return f == CRL_OK ? TOOL_OK : complain(c, search.name, f);
}

/* A list to be shown: from the store, or a file that is first converted to DER. */
struct source {
	int fd;
	int copy;	/* an empty file for the DER; -1: fd is DER */
};

static void
source_done(struct source *s)
{
	closep(&s->fd);
	closep(&s->copy);
}

/* Opens a file, or the list whose NAME begins with these digits. */
static int
open_source(const struct crl_call *c, const char *what, struct source *ret)
{
	ret->fd = open(what, O_RDONLY | O_CLOEXEC);
	if (ret->fd >= 0) {
		ret->copy = tool_temporary_file(c->t);
		return ret->copy >= 0 ? TOOL_OK : TOOL_FAILED;
	}
	if (errno == ENOENT && strchr(what, '/') == NULL && strlen(what) >= PREFIX_MIN)
		return open_installed(c, what, &ret->fd);
	tool_complain(c->t, "%s: %s", what, strerror(errno));
	return TOOL_FAILED;
}

struct showing {
	const struct crl_call *call;
	struct source source;
};

/* In the cage. */
static int
show_list(struct tool *t, void *ctx, void *result)
{
	const struct showing *w = ctx;
	const struct crl_call *c = w->call;
	_cleanup_(shown_done) struct shown s = { .call = c, .what = c->argv[0] };
	struct outcome o = certdb_open(c->store.trust_db, c->store.owner, c->store.log, &s.db);
	enum crl_fault f = CRL_OK;

	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (w->source.copy >= 0)
		f = crlcopy(w->source.fd, w->source.copy, c->store.log);
	if (f == CRL_OK)
		f = crl_verify(s.db, w->source.copy >= 0 ? w->source.copy : w->source.fd, -1, c->store.log,
		    &s.crl);
	if (f == CRL_OK)
		f = crl_each(s.crl, count_reason, &s, c->store.log);
	if (f != CRL_OK)
		return complain(c, s.what, f);
	if (c->json)
		return json_print(t, json_of_shown(&s));
	print_shown(&s);
	return TOOL_OK;
}

int
crl_show(const struct crl_call *c)
{
	struct showing w = { .call = c, .source = { -1, -1 } };
	struct caged caged = { .work = show_list, .ctx = &w };
	int status, fds[2];

	if (c->argc != 1)
		return tool_usage(c->t);
	status = open_source(c, c->argv[0], &w.source);
	fds[0] = w.source.fd;
	fds[1] = w.source.copy;
	caged.fds = fds;
	caged.fd_count = w.source.copy >= 0 ? 2 : 1;
	caged.writes = w.source.copy >= 0;
	if (status == TOOL_OK)
		status = caged_run(c->t, &caged);
	source_done(&w.source);
	return status;
}

/* --- check ------------------------------------------------------------------------- */

struct checking {
	const struct crl_call *call;
	struct certdb *db;
	struct chain_rules rules;
	char said[512];		/* the last line that the check logged: date, reason, list */
	struct log log;
	json_t *array;		/* NULL: as text */
	int status;
};

static void
keep_line(void *ctx, int priority, const char *text)
{
	struct checking *k = ctx;

	if (priority != LOG_DEBUG)
		snprintf(k->said, sizeof k->said, "%s", text);
}

static int
status_of(const struct outcome *o)
{
	if (o->status == OUTCOME_REVOKED || o->status == OUTCOME_SUSPENDED)
		return TOOL_REVOKED;
	return outcome_ok(o) ? TOOL_OK : TOOL_FAILED;
}

static void
print_verdict(const struct checking *k, const struct cert *cert, const struct outcome *o)
{
	char text[MESSAGE_MAX];

	printf("%s: ", cert_serial(cert));
	if (outcome_ok(o)) {
		printf("%s\n", _("not revoked"));
		return;
	}
	message_outcome(o, text);
	printf("%s (%s)\n", text, outcome_code(o->status));
	if (k->said[0] != '\0')
		printf("  %s\n", k->said);
}

static void
put_verdict(const struct checking *k, const struct cert *cert, const struct outcome *o)
{
	json_t *object = json_object();

	json_put(object, "serial", json_text(cert_serial(cert)));
	json_put(object, "sha256", json_text(cert_fingerprint(cert)));
	json_put(object, "code", json_text(outcome_code(o->status)));
	json_put(object, "revoked", json_boolean(status_of(o) == TOOL_REVOKED));
	if (o->when != 0)
		json_put(object, "date", json_time(o->when));
	if (k->said[0] != '\0')
		json_put(object, "detail", json_text(k->said));
	json_add(k->array, object);
}

static struct outcome
check_one(void *ctx, struct view der)
{
	struct checking *k = ctx;
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(k->db, der, &cert), verdict;
	int status;

	if (!outcome_ok(&o))
		return o;
	k->said[0] = '\0';
	verdict = chain_check(k->db, cert, &k->rules, &k->log);
	status = status_of(&verdict);
	if (status > k->status)
		k->status = status;
	if (k->array != NULL)
		put_verdict(k, cert, &verdict);
	else
		print_verdict(k, cert, &verdict);
	cert_free(cert);
	return o;
}

struct check_call {
	const struct crl_call *call;
	struct view text;
};

/* In the cage. */
static int
check_file(struct tool *t, void *ctx, void *result)
{
	const struct check_call *w = ctx;
	const struct crl_call *c = w->call;
	struct checking k = { .call = c, .log = { .sink = keep_line, .ctx = &k } };
	struct crlcheck lists = { .dir = c->store.dir, .owner = c->store.owner, .policy = CRL_REQUIRE,
		.grace = (int64_t)t->conf.crl_grace_hours * 3600, .log = &k.log };
	struct revocation revocation = { .check = crlcheck, .ctx = &lists };
	struct outcome o = certdb_open(c->store.trust_db, c->store.owner, c->store.log, &k.db);

	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	k.rules = (struct chain_rules){ .now = clk_wall_s(t->env.clk), .revocation = &revocation };
	k.array = c->json ? json_array() : NULL;
	o = certfile_each(t, c->argv[0], w->text, check_one, &k);
	(void)certdb_close(k.db);
	if (!outcome_ok(&o)) {
		json_decref(k.array);
		return certfile_finish(t, &o);
	}
	if (c->json && json_print(t, k.array) != TOOL_OK)
		return TOOL_FAILED;
	return k.status;
}

int
crl_check(const struct crl_call *c)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct check_call w = { .call = c };
	struct caged caged = { .work = check_file, .ctx = &w };

	if (c->argc != 1)
		return tool_usage(c->t);
	if (!tool_read_file(c->t, c->argv[0], &bytes, &w.text.len))
		return TOOL_FAILED;
	w.text.data = bytes;
	return caged_run(c->t, &caged);
}

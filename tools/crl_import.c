/* jpkictl crl import, crl update */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/crl.h"
#include "tools/fetch.h"
#include "tools/sources.h"

/* What servers sent the lists with: an object for each URL, in the directory of the lists. */
#define MARKS_FILE ".fetched"
#define MARKS_MAX ((size_t)1 << 20)

enum result { RESULT_INSTALLED, RESULT_UNCHANGED, RESULT_FAILED };

/* What became of one source. */
struct import {
	const struct crl_call *call;
	const char *source;	/* path or URL */
	enum crl_fault fault;	/* OK or SAME unless RESULT_FAILED */
	struct crl_facts facts;
	char name[CRLSTORE_NAME_MAX];
};

/* --- telling ----------------------------------------------------------------------- */

static void
put_result(json_t *array, const struct import *i, enum result r)
{
	json_t *object = json_object();

	json_put(object, "source", json_text(i->source));
	if (r == RESULT_FAILED && i->fault == CRL_OK) {
		json_put(object, "state", json_text("not-fetched"));
	} else {
		crl_put_fault(object, i->fault);
		json_put(object, "changed", json_boolean(r == RESULT_INSTALLED));
	}
	if (r != RESULT_FAILED) {
		json_put(object, "name", json_text(i->name));
		crl_put_facts(object, &i->facts);
	}
	json_add(array, object);
}

/* What is wrong with the list itself; that it could not be had has been said by then. */
static void
print_result(const struct import *i, enum result r)
{
	if (r != RESULT_FAILED) {
		printf("%s: %s: ", i->source, r == RESULT_UNCHANGED ? _("installed already") : _("installed"));
		crl_print_facts(&i->facts);
		putchar('\n');
		(void)fflush(stdout);	/* the next one may take long */
	} else if (i->fault != CRL_OK) {
		tool_complain(i->call->t, "%s: %s (%s)", i->source, _(crl_fault_text(i->fault)),
		    crl_fault_code(i->fault));
	}
}

static void
tell(json_t *array, const struct import *i, enum result r)
{
	if (array != NULL)
		put_result(array, i, r);
	if (array == NULL || r == RESULT_FAILED)
		print_result(i, r);
}

/* --- one list ---------------------------------------------------------------------- */

static enum result
install(struct import *i, int fd)
{
	const struct tool *t = i->call->t;

	i->fault = crlstore_import(&i->call->store, fd, clk_wall_s(t->env.clk), &i->facts, i->name);
	return i->fault == CRL_OK ? RESULT_INSTALLED :
	    i->fault == CRL_SAME ? RESULT_UNCHANGED : RESULT_FAILED;
}

static enum result
import_file(struct import *i)
{
	_cleanup_(closep) int fd = open(i->source, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		tool_complain(i->call->t, "%s: %s", i->source, strerror(errno));
		return RESULT_FAILED;
	}
	return install(i, fd);
}

/* With the name in i->name that `known` belongs to, or "". */
static enum result
import_url(struct import *i, const struct fetch_marks *known, struct fetch_marks *ret_marks)
{
	_cleanup_(closep) int fd = tool_temporary_file(i->call->t);

	if (fd < 0)
		return RESULT_FAILED;
	if (i->name[0] == '\0' || crlstore_facts(&i->call->store, i->name, &i->facts) != CRL_OK)
		known = NULL;	/* else "not modified" would leave us with nothing */
	switch (fetch_url(i->call->t, i->source, known, fd, ret_marks)) {
	case FETCH_DONE:
		return install(i, fd);
	case FETCH_UNCHANGED:
		if (known != NULL)
			*ret_marks = *known;
		i->fault = CRL_SAME;
		return RESULT_UNCHANGED;
	case FETCH_FAILED:
		break;
	}
	return RESULT_FAILED;
}

/* How many of them failed decides. */
static int
finish(const struct crl_call *c, json_t *array, size_t failed, size_t count)
{
	if (array != NULL && json_print(c->t, array) != TOOL_OK)
		return TOOL_FAILED;
	return failed == 0 ? TOOL_OK : failed < count ? TOOL_PARTLY : TOOL_FAILED;
}

int
crl_import(const struct crl_call *c)
{
	json_t *array = c->json ? json_array() : NULL;
	size_t failed = 0;

	if (c->argc == 0) {
		json_decref(array);
		return tool_usage(c->t);
	}
	for (int n = 0; n < c->argc; n++) {
		struct import i = { .call = c, .source = c->argv[n] };
		struct fetch_marks marks;
		enum result r = fetch_is_url(i.source) ? import_url(&i, NULL, &marks) : import_file(&i);

		failed += r == RESULT_FAILED;
		tell(array, &i, r);
	}
	return finish(c, array, failed, (size_t)c->argc);
}

/* --- all sources ------------------------------------------------------------------- */

/* What is remembered costs a download when it is lost, so nothing here is an error. */
static json_t *
load_marks(const struct crl_call *c, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	json_t *marks = NULL;
	size_t len;

	if (safefile_read(path, c->t->env.trust_owner, MARKS_MAX, &c->t->log, &text, &len) == SAFEFILE_OK)
		marks = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(marks))
		return marks;
	json_decref(marks);
	return json_object();
}

static void
save_marks(const struct crl_call *c, const char *path, json_t *marks)
{
	_cleanup_(freep) char *text = json_dumps(marks, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (text != NULL && access(c->store.dir, F_OK) == 0)
		(void)!safefile_replace(path, 0644, text, strlen(text), &c->t->log);
	json_decref(marks);
}

static void
get_member(const json_t *object, const char *key, char *text, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	text[0] = '\0';
	/* Controls could end the header line that this is sent in. */
	if (value == NULL || strlen(value) >= size)
		return;
	snprintf(text, size, "%s", value);
	log_defuse(text);
}

static enum result
update_one(struct import *i, json_t *marks)
{
	const json_t *old = json_object_get(marks, i->source);
	struct fetch_marks known, got = { .etag = "" };
	json_t *new;
	enum result r;

	get_member(old, "name", i->name, sizeof i->name);
	get_member(old, "etag", known.etag, sizeof known.etag);
	get_member(old, "modified", known.modified, sizeof known.modified);
	r = import_url(i, &known, &got);
	if (r == RESULT_FAILED) {
		(void)json_object_del(marks, i->source);
		return r;
	}
	new = json_object();
	json_put(new, "name", json_text(i->name));
	json_put(new, "etag", json_text(got.etag));
	json_put(new, "modified", json_text(got.modified));
	json_put(marks, i->source, new);
	return r;
}

int
crl_update(const struct crl_call *c)
{
	_cleanup_(sources_done) struct sources sources = { .count = 0 };
	char path[PATH_MAX + sizeof MARKS_FILE + 1];
	json_t *array, *marks;
	size_t failed = 0;

	if (c->argc != 0)
		return tool_usage(c->t);
	if (!sources_read(c->t, &sources))
		return TOOL_FAILED;
	if (sources.count == 0) {
		tool_complain(c->t, _("%s: no source is named there"), c->t->conf.crl_sources);
		return TOOL_FAILED;
	}
	snprintf(path, sizeof path, "%s/%s", c->store.dir, MARKS_FILE);
	array = c->json ? json_array() : NULL;
	marks = load_marks(c, path);
	for (size_t n = 0; n < sources.count; n++) {
		struct import i = { .call = c, .source = sources.urls[n] };
		enum result r = update_one(&i, marks);

		failed += r == RESULT_FAILED;
		tell(array, &i, r);
	}
	save_marks(c, path, marks);
	return finish(c, array, failed, sources.count);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl crl import, crl update */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/common/caged.h"
#include "tools/fetch/fetch.h"
#include "tools/fetch/sources.h"
#include "tools/jpkictl/cmd_crl.h"

/*
 * The validators that servers sent with the lists: an object for each URL, in the directory of the lists.
 * Only root can read the file, and it has a hash instead of the URL, which may contain a password.
 */
#define MARKS_FILE ".fetched"
#define MARKS_MAX ((size_t)1 << 20)

enum result { RESULT_INSTALLED, RESULT_UNCHANGED, RESULT_FAILED };

/* The result for one source. */
struct import {
	const struct crl_call *call;
	const char *source;	/* path or URL */
	char shown[URL_MAX];	/* the same for messages: without a password */
	enum crl_fault fault;	/* OK or SAME unless RESULT_FAILED */
	struct crl_facts facts;
	char name[CRLSTORE_NAME_MAX];
};

/* --- telling ----------------------------------------------------------------------- */

static void
put_result(json_t *array, const struct import *i, enum result r)
{
	json_t *object = json_object();

	json_put(object, "source", json_text(i->shown));
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

/* The fault of the list itself; a failed download was reported before. */
static void
print_result(const struct import *i, enum result r)
{
	if (r != RESULT_FAILED) {
		printf("%s: %s: ", i->shown, r == RESULT_UNCHANGED ? _("installed already") : _("installed"));
		crl_print_facts(&i->facts);
		putchar('\n');
		(void)fflush(stdout);	/* the next one may take a while */
	} else if (i->fault != CRL_OK) {
		tool_complain(i->call->t, "%s: %s (%s)", i->shown, _(crl_fault_text(i->fault)),
		    crl_fault_code(i->fault));
	}
}

static void
tell_result(json_t *array, const struct import *i, enum result r)
{
	if (array != NULL)
		put_result(array, i, r);
	if (array == NULL || r == RESULT_FAILED)
		print_result(i, r);
}

/* --- apart ------------------------------------------------------------------------- */

struct apart {
	void (*work)(void *ctx, void *result);
	void *ctx;
};

static int
work_apart(struct tool *t, void *ctx, void *result)
{
	const struct apart *a = ctx;

	a->work(a->ctx, result);
	return TOOL_OK;
}

bool
crl_apart(void *tool, void (*work)(void *ctx, void *result), void *ctx, void *result, size_t size,
    const int *fds, size_t fd_count)
{
	struct apart a = { work, ctx };
	struct caged caged = { .work = work_apart, .ctx = &a, .result = result, .result_size = size,
		.fds = fds, .fd_count = fd_count, .writes = true };

	return caged_run(tool, &caged) == TOOL_OK;
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
import_path(struct import *i, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		tool_complain(i->call->t, "%s: %s", i->shown, strerror(errno));
		return RESULT_FAILED;
	}
	return install(i, fd);
}

/* Read here; its contents are then untrusted, as if it had been fetched. */
static enum result
import_file_url(struct import *i)
{
	char path[PATH_MAX];

	if (url_file_path(i->source, path))
		return import_path(i, path);
	tool_complain(i->call->t, _("%s: not the URL of a file on this machine (file:///...)"), i->shown);
	return RESULT_FAILED;
}

/* i->name is the list that `known` belongs to, or "". */
static enum result
import_url(struct import *i, const struct fetch_marks *known, struct fetch_marks *ret_marks)
{
	_cleanup_(closep) int fd = -1;

	if (url_is_file(i->source))
		return import_file_url(i);
	fd = tool_temporary_file(i->call->t);
	if (fd < 0)
		return RESULT_FAILED;
	if (i->name[0] == '\0' || crlstore_facts(&i->call->store, i->name, &i->facts) != CRL_OK)
		known = NULL;	/* otherwise, after "not modified", we would have no list */
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

/* The exit status depends on how many failed. */
static int
finish_imports(const struct crl_call *c, json_t *array, size_t failed, size_t count)
{
	if (array != NULL && json_print(c->t, array) != TOOL_OK)
		return TOOL_FAILED;
	return failed == 0 ? TOOL_OK : failed < count ? TOOL_PARTLY : TOOL_FAILED;
}

/* All users can read a command line. */
static enum result
import_argument(struct import *i)
{
	const struct tool *t = i->call->t;
	struct fetch_marks marks = { .etag = "" };

	if (!url_is(i->source)) {
		snprintf(i->shown, sizeof i->shown, "%s", i->source);
		log_defuse(i->shown);
		return import_path(i, i->source);
	}
	if (!url_is_usable(i->source)) {
		tool_complain(t, "%s", _("not a URL that can be fetched"));
		return RESULT_FAILED;
	}
	url_shown(i->source, i->shown);
	if (!url_has_userinfo(i->source))
		return import_url(i, NULL, &marks);
	tool_complain(t, _("%s: all users can read the password in a command line; change it, write the URL into %s "
	    "(chmod 0600), and run jpkictl crl update"), i->shown, t->conf.crl_sources);
	return RESULT_FAILED;
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
		enum result r = import_argument(&i);

		failed += r == RESULT_FAILED;
		tell_result(array, &i, r);
	}
	if (failed < (size_t)c->argc)
		crlstore_merge(&c->store);
	return finish_imports(c, array, failed, (size_t)c->argc);
}

/* --- all sources ------------------------------------------------------------------- */

/* An earlier version wrote URLs with passwords into it, readable by other users. */
static void
remove_exposed(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		(void)unlink(path);
}

/* Losing the file only costs a download, so nothing here is an error. */
static json_t *
load_marks(const struct crl_call *c, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	json_t *marks = NULL;
	size_t len;

	remove_exposed(path);
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
		(void)!safefile_replace(path, 0600, text, strlen(text), &c->t->log);
	json_decref(marks);
}

static void
get_member(const json_t *object, const char *key, char *text, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	text[0] = '\0';
	/* Control characters could end the header line in which this is sent. */
	if (value == NULL || strlen(value) >= size)
		return;
	snprintf(text, size, "%s", value);
	log_defuse(text);
}

/* Fetches one and stores its validators in `to`; those of removed sources are dropped. */
static enum result
update_one(struct import *i, const json_t *from, json_t *to)
{
	struct fetch_marks known, got = { .etag = "" };
	char url[URL_MAX], key[CRLSTORE_DIGITS + 1];
	const json_t *old;
	enum result r;
	json_t *new;

	url_shown(i->source, i->shown);
	url_without_userinfo(i->source, url);
	if (!crlstore_digits(&i->call->store, url, key))
		return RESULT_FAILED;
	old = json_object_get(from, key);
	get_member(old, "name", i->name, sizeof i->name);
	get_member(old, "etag", known.etag, sizeof known.etag);
	get_member(old, "modified", known.modified, sizeof known.modified);
	r = import_url(i, &known, &got);
	if (r == RESULT_FAILED)
		return r;
	new = json_object();
	json_put(new, "name", json_text(i->name));
	json_put(new, "etag", json_text(got.etag));
	json_put(new, "modified", json_text(got.modified));
	json_put(to, key, new);
	return r;
}

/* False, reported: there is nothing to fetch, or it must not be fetched. */
static bool
has_sources(const struct tool *t, const struct sources *s)
{
	if (s->count == 0)
		tool_complain(t, _("%s: contains no URL"), t->conf.crl_sources);
	else if (s->exposed)
		tool_complain(t, _("%s: a URL in it has a password, and users other than root can read it; change the password, "
		    "and chmod 0600 the file"), t->conf.crl_sources);
	return s->count > 0 && !s->exposed;
}

int
crl_update(const struct crl_call *c)
{
	_cleanup_(sources_done) struct sources sources = { .count = 0 };
	char path[PATH_MAX + sizeof MARKS_FILE + 1];
	json_t *array, *old, *marks;
	size_t failed = 0;

	if (c->argc != 0)
		return tool_usage(c->t);
	if (!sources_read(c->t, &sources) || !has_sources(c->t, &sources))
		return TOOL_FAILED;
	snprintf(path, sizeof path, "%s/%s", c->store.dir, MARKS_FILE);
	array = c->json ? json_array() : NULL;
	old = load_marks(c, path);
	marks = json_object();
	for (size_t n = 0; n < sources.count; n++) {
		struct import i = { .call = c, .source = sources.urls[n] };
		enum result r = update_one(&i, old, marks);

		failed += r == RESULT_FAILED;
		tell_result(array, &i, r);
	}
	save_marks(c, path, marks);
	if (failed < sources.count)
		crlstore_merge(&c->store);	/* last, as it depends on the directory's times */
	json_decref(old);
	return finish_imports(c, array, failed, sources.count);
}

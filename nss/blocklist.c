/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/lock.h"
#include "lib/safefile.h"
#include "nss/blocklist.h"
#include "nss/crl/der.h"
#include "nss/internal.h"

#define BLANKS " \t"
#define LINE_BYTES_MAX 600

static const char header[] =
    "# Certificates that may not log in here: see jpkictl(8), block and unblock.\n";

bool
blocklist_read_serial(const char *text, char ret[static BLOCKLIST_SERIAL_LEN + 1])
{
	char padded[1 + BLOCKLIST_SERIAL_LEN + 1] = "0", *digits = padded + 1;
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ':' || (*p == '0' && n == 0))
			continue;
		if (n == BLOCKLIST_SERIAL_LEN || !isxdigit((unsigned char)*p))
			return false;
		digits[n++] = (char)tolower((unsigned char)*p);
	}
	digits[n] = '\0';
	if (n == 0)
		return false;
	if (n % 2 == 0)
		memcpy(ret, digits, n + 1);
	else
		memcpy(ret, padded, n + 2);
	return true;
}

static bool
read_hash(const char *text, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	return text != NULL && cert_read_fingerprint(text, ret) && strlen(ret) == CERT_FINGERPRINT_LEN;
}

static bool
same_entry(const struct block_entry *a, const struct block_entry *b)
{
	return strcmp(a->certificate, b->certificate) == 0 &&
	    strcmp(a->issuer_key, b->issuer_key) == 0 && strcmp(a->serial, b->serial) == 0;
}

static bool
is_among(const struct block_entry *entry, const struct block_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (same_entry(entry, &entries[i]))
			return true;
	return false;
}

/* --- lines ------------------------------------------------------------------------ */

enum line { LINE_ENTRY, LINE_EMPTY, LINE_BAD };

/* One line, taken apart in place. */
static enum line
read_line(char *line, struct block_entry *ret, const char **ret_note)
{
	char *rest = line, *words, *word;

	*ret = (struct block_entry){ .serial = "" };
	words = strsep(&rest, "#");
	*ret_note = rest != NULL ? rest + strspn(rest, BLANKS) : "";
	rest = NULL;
	word = strtok_r(words, BLANKS, &rest);
	if (word == NULL)
		return LINE_EMPTY;
	if (strcmp(word, "certificate") == 0) {
		if (!read_hash(strtok_r(NULL, BLANKS, &rest), ret->certificate))
			return LINE_BAD;
	} else if (strcmp(word, "serial") == 0) {
		if (!read_hash(strtok_r(NULL, BLANKS, &rest), ret->issuer_key))
			return LINE_BAD;
		word = strtok_r(NULL, BLANKS, &rest);
		if (word == NULL || !blocklist_read_serial(word, ret->serial))
			return LINE_BAD;
	} else {
		return LINE_BAD;
	}
	return strtok_r(NULL, BLANKS, &rest) == NULL ? LINE_ENTRY : LINE_BAD;
}

static struct outcome
read_text(const struct blocklist *list, char **ret_text)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	enum safefile r = safefile_read(list->path, list->owner, BLOCKLIST_FILE_MAX, list->log, &text,
	    &len);

	*ret_text = NULL;
	if (r != SAFEFILE_OK)
		return safefile_outcome(r, OUTCOME_OK, OUTCOME_BLOCK_LIST);
	if (memchr(text, '\0', len) != NULL) {
		log_msg(list->log, LOG_ERR, "%s: not a text", list->path);
		return outcome_of(OUTCOME_BLOCK_LIST);
	}
	edited_tidy(text, &len);
	*ret_text = text;
	text = NULL;	/* given to the caller */
	return outcome_of(OUTCOME_OK);
}

/*
 * Calls `each` for every line as written (without its newline), with its entry (NULL: no entry). BLOCK_LIST
 * if a line cannot be parsed.
 */
static struct outcome
walk_list(const struct blocklist *list, char *text,
    void (*each)(void *ctx, const char *line, const struct block_entry *entry, const char *note),
    void *ctx)
{
	char *next = text, *line;

	for (unsigned int n = 1; (line = strsep(&next, "\n")) != NULL; n++) {
		char copy[LINE_BYTES_MAX];
		struct block_entry entry;
		const char *note = "";
		enum line kind = LINE_BAD;

		if (strlen(line) < sizeof copy) {
			memcpy(copy, line, strlen(line) + 1);
			kind = read_line(copy, &entry, &note);
		}
		if (kind == LINE_BAD) {
			log_msg(list->log, LOG_ERR, "%s:%u: not understood; correct or remove the line",
			    list->path, n);
			return outcome_of(OUTCOME_BLOCK_LIST);
		}
		if (kind == LINE_ENTRY || next != NULL)	/* nothing follows the last newline */
			each(ctx, line, kind == LINE_ENTRY ? &entry : NULL, note);
	}
	return outcome_of(OUTCOME_OK);
}

static struct outcome
read_and_walk(const struct blocklist *list,
    void (*each)(void *ctx, const char *line, const struct block_entry *entry, const char *note),
    void *ctx)
{
	_cleanup_(freep) char *text = NULL;
	struct outcome o = read_text(list, &text);

	return outcome_ok(&o) && text != NULL ? walk_list(list, text, each, ctx) : o;
}

/* --- asking ----------------------------------------------------------------------- */

struct question {
	struct block_entry by_certificate, by_serial;
	bool blocked;
};

static void
ask_line(void *ctx, const char *line, const struct block_entry *entry, const char *note)
{
	struct question *q = ctx;

	if (entry != NULL && (same_entry(entry, &q->by_certificate) || same_entry(entry, &q->by_serial)))
		q->blocked = true;
}

bool
blocklist_entries_of(const struct cert *cert, const struct cert *issuer, struct block_entry *by_certificate,
    struct block_entry *by_serial)
{
	struct view serial;

	*by_certificate = *by_serial = (struct block_entry){ .serial = "" };
	snprintf(by_certificate->certificate, sizeof by_certificate->certificate, "%s", cert->fingerprint);
	if (!cert_key_sha256(issuer, by_serial->issuer_key))
		return false;
	/* A serial number that no entry can have matches none. */
	if (crlder_serial(view_of_item(&cert->nss->serialNumber), &serial))
		view_hex(serial, by_serial->serial);
	return true;
}

void
blocklist_name(const struct block_entry *e, char name[static BLOCKLIST_NAME_MAX])
{
	if (e->certificate[0] != '\0')
		snprintf(name, BLOCKLIST_NAME_MAX, "%s", e->certificate);
	else
		snprintf(name, BLOCKLIST_NAME_MAX, "%s-%s", e->issuer_key, e->serial);
}

struct outcome
blocklist_check(const struct blocklist *list, const struct cert *cert, const struct cert *issuer)
{
	struct question q = { .blocked = false };
	struct outcome o;

	if (!blocklist_entries_of(cert, issuer, &q.by_certificate, &q.by_serial))
		return outcome_of(OUTCOME_INTERNAL);
	o = read_and_walk(list, ask_line, &q);
	if (outcome_ok(&o) && q.blocked) {
		log_msg(list->log, LOG_NOTICE, "%s: certificate %.16s... is blocked", list->path,
		    cert->fingerprint);
		o = outcome_of(OUTCOME_BLOCKED);
	}
	return o;
}

struct telling {
	void (*each)(void *ctx, const struct block_entry *entry, const char *note);
	void *ctx;
};

static void
tell_line(void *ctx, const char *line, const struct block_entry *entry, const char *note)
{
	const struct telling *t = ctx;

	if (entry != NULL)
		t->each(t->ctx, entry, note);
}

struct outcome
blocklist_each(const struct blocklist *list,
    void (*each)(void *ctx, const struct block_entry *entry, const char *note), void *ctx)
{
	struct telling t = { .each = each, .ctx = ctx };

	return read_and_walk(list, tell_line, &t);
}

/* --- changing --------------------------------------------------------------------- */

struct change {
	const struct block_entry *entries;
	size_t count;
	bool removing;
	size_t removed;
	bool *present;		/* adding: which are already in the list */
	struct writer w;	/* the new text */
};

static void
copy_line(void *ctx, const char *line, const struct block_entry *entry, const char *note)
{
	struct change *c = ctx;

	if (entry != NULL && c->removing && is_among(entry, c->entries, c->count)) {
		c->removed++;
		return;
	}
	for (size_t i = 0; entry != NULL && !c->removing && i < c->count; i++)
		if (same_entry(entry, &c->entries[i]))
			c->present[i] = true;
	writer_text(&c->w, line);
	writer_text(&c->w, "\n");
}

static void
put_entry(struct writer *w, const struct block_entry *e, const char *note)
{
	char line[LINE_BYTES_MAX];

	if (e->certificate[0] != '\0')
		snprintf(line, sizeof line, "certificate %s # %.*s\n", e->certificate, BLOCKLIST_NOTE_MAX, note);
	else
		snprintf(line, sizeof line, "serial %s %s # %.*s\n", e->issuer_key, e->serial,
		    BLOCKLIST_NOTE_MAX, note);
	writer_text(w, line);
}

static size_t
put_absent(struct change *c, const char *note)
{
	size_t added = 0;

	for (size_t i = 0; i < c->count; i++)
		if (!c->present[i] && !is_among(&c->entries[i], c->entries, i)) {
			put_entry(&c->w, &c->entries[i], note);
			added++;
		}
	return added;
}

/* Under the lock from reading to replacing: two changes must not undo each other. */
static struct outcome
change_list(const struct blocklist *list, struct change *c, const char *note, size_t *ret_changed)
{
	_cleanup_(freep) char *text = malloc(BLOCKLIST_FILE_MAX), *old = NULL;
	_cleanup_(freep) bool *present = calloc(c->count + 1, sizeof *present);
	_cleanup_(closep) int lock = -1;
	struct outcome o;

	if (text == NULL || present == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	c->present = present;
	c->w = writer_of(text, BLOCKLIST_FILE_MAX);
	if (!lock_beside(list->path, list->owner, list->log, &lock))
		return outcome_of(OUTCOME_BLOCK_LIST);
	o = read_text(list, &old);
	if (outcome_ok(&o) && old == NULL)
		writer_text(&c->w, header);
	else if (outcome_ok(&o))
		o = walk_list(list, old, copy_line, c);
	if (!outcome_ok(&o))
		return o;
	*ret_changed = c->removing ? c->removed : put_absent(c, note);
	if (*ret_changed == 0)
		return o;
	if (!writer_ok(&c->w)) {
		log_msg(list->log, LOG_ERR, "%s: it would become too long", list->path);
		return outcome_of(OUTCOME_BLOCK_LIST);
	}
	if (!safefile_replace(list->path, 0644, text, c->w.len, list->log))
		return outcome_of(OUTCOME_BLOCK_LIST);
	return o;
}

struct outcome
blocklist_add(const struct blocklist *list, const struct block_entry *entries, size_t count,
    const char *note, size_t *ret_added)
{
	struct change c = { .entries = entries, .count = count };

	return change_list(list, &c, note, ret_added);
}

struct outcome
blocklist_remove(const struct blocklist *list, const struct block_entry *entries, size_t count,
    size_t *ret_removed)
{
	struct change c = { .entries = entries, .count = count, .removing = true };

	return change_list(list, &c, "", ret_removed);
}

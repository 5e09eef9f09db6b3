/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/userfile.h"
#include "config/userindex.h"
#include "lib/cleanup.h"
#include "lib/safefile.h"

#define MAGIC "pam_jpki users 1 "
#define HEADER_MAX 80
#define STAMP_FORMAT "%" PRId64 ".%09" PRIu32
#define LINE_LEN_MAX ((size_t)(USERINDEX_KEY_MAX + 32 + USERFILE_USER_MAX))
#define BLOCK ((size_t)4096)		/* several lines */

#define REMEDY "run jpkictl index"

bool
userindex_path(const char *users_dir, char path[static PATH_MAX])
{
	size_t len = strlen(users_dir);
	int n;

	while (len > 1 && users_dir[len - 1] == '/')
		len--;
	n = snprintf(path, PATH_MAX, "%.*s.index", (int)len, users_dir);
	return n > 0 && n < PATH_MAX;
}

bool
userindex_same_stamp(struct userindex_stamp a, struct userindex_stamp b)
{
	return a.s == b.s && a.ns == b.ns;
}

static struct userindex_stamp
stamp_from(struct timespec t)
{
	return (struct userindex_stamp){ .s = t.tv_sec, .ns = (uint32_t)t.tv_nsec };
}

bool
userindex_stamp_of(const char *users_dir, const char *user, struct userindex_stamp *ret)
{
	char path[PATH_MAX];
	struct stat st;

	if (!userfile_path(users_dir, user, path) || stat(path, &st) != 0)
		return false;
	*ret = stamp_from(st.st_ctim);
	return true;
}

bool
userindex_stamp_of_dir(const char *users_dir, struct userindex_stamp *ret)
{
	struct stat st;

	if (stat(users_dir, &st) != 0)
		return false;
	*ret = stamp_from(st.st_mtim);
	return true;
}

/* --- its text ------------------------------------------------------------------------- */

/* Takes a number off the front of the text, and the character after it, which has to be `end`. */
static bool
take_number(const char **text, char end, int64_t *ret)
{
	char *rest;

	errno = 0;
	*ret = strtoll(*text, &rest, 10);
	if (errno != 0 || rest == *text || *rest != end)
		return false;
	*text = rest + 1;
	return true;
}

static bool
take_stamp(const char **text, char end, struct userindex_stamp *ret)
{
	int64_t ns;

	if (!take_number(text, '.', &ret->s) || !take_number(text, end, &ns) || ns < 0 || ns >= 1000000000)
		return false;
	ret->ns = (uint32_t)ns;
	return true;
}

/* A line, without its end. Its words end in a NUL afterwards. */
static bool
parse_line(char *line, struct userindex_entry *ret)
{
	char *behind_key = strchr(line, ' '), *behind_user = strrchr(line, ' ');
	const char *stamp;

	if (behind_key == NULL || behind_key == behind_user || behind_key - line >= USERINDEX_KEY_MAX)
		return false;
	*behind_key = *behind_user = '\0';
	stamp = behind_user + 1;
	ret->key = line;
	ret->user = behind_key + 1;
	return take_stamp(&stamp, '\0', &ret->changed) && userfile_user_ok(ret->user);
}

/* The first line, as far as it is there. *ret_len: with its end. */
static bool
parse_header(const char *text, int64_t size, struct userindex_stamp *ret_dir, size_t *ret_len)
{
	const char *rest = text + sizeof MAGIC - 1;
	int64_t written;

	if (strncmp(text, MAGIC, sizeof MAGIC - 1) != 0 || !take_number(&rest, ' ', &written) || written != size ||
	    !take_stamp(&rest, '\n', ret_dir))
		return false;
	*ret_len = (size_t)(rest - text);
	return true;
}

static struct outcome
refuse_index(const struct log *log, const char *path)
{
	log_msg(log, LOG_ERR, "%s: damaged; " REMEDY, path);
	return outcome_of(OUTCOME_ENROLMENT);
}

/* --- the search ------------------------------------------------------------------------ */

struct lines {
	int fd;
	off_t end;		/* of the file */
	off_t from;		/* of the block in it */
	size_t len;
	char block[BLOCK + 1];	/* and a NUL */
};

static bool
read_block(struct lines *l, off_t from)
{
	ssize_t n = pread(l->fd, l->block, BLOCK, from);

	if (n < 0)
		return false;
	l->from = from;
	l->len = (size_t)n;
	l->block[n] = '\0';
	return true;
}

/* The line that begins there, its end replaced by a NUL, and where the next one begins. NULL: none, or a damaged one. */
static char *
line_at(struct lines *l, off_t at, off_t *ret_next)
{
	char *line, *end;

	if (at >= l->end)
		return NULL;
	if ((at < l->from || (size_t)(at - l->from) + LINE_LEN_MAX > l->len) && !read_block(l, at))
		return NULL;
	line = l->block + (at - l->from);
	end = memchr(line, '\n', l->len - (size_t)(line - l->block));
	if (end == NULL)
		return NULL;
	*end = '\0';
	*ret_next = l->from + (end - l->block) + 1;
	return line;
}

/* As strcmp(), of the key of a line and this one. */
static int
compare_key(const char *line, const char *key)
{
	size_t len = strlen(key);
	int order = strncmp(line, key, len);

	return order != 0 ? order : line[len] != ' ';
}

/* Where a line begins at or before the first one that has the key; -1: a damaged file. */
static off_t
search_lines(struct lines *l, off_t low, const char *key)
{
	off_t high = l->end, next;

	while (high - low > (off_t)BLOCK) {
		off_t middle = low + (high - low) / 2;
		const char *line = read_block(l, middle) ? memchr(l->block, '\n', l->len) : NULL;
		off_t at;

		if (line == NULL)
			return -1;
		at = middle + (line - l->block) + 1;
		line = at < high ? line_at(l, at, &next) : NULL;
		if (line == NULL)
			return -1;
		if (compare_key(line, key) < 0)
			low = next;
		else
			high = at;
	}
	return low;
}

/* False: a damaged file. */
static bool
find_lines(struct lines *l, off_t first, const char *key, void (*each)(void *ctx, const char *user), void *ctx)
{
	off_t at = search_lines(l, first, key);

	l->len = 0;
	while (at >= 0 && at < l->end) {
		struct userindex_entry e;
		char *line = line_at(l, at, &at);
		int order = line != NULL ? compare_key(line, key) : 1;

		if (line == NULL)
			return false;
		if (order > 0)
			break;
		if (order < 0)
			continue;
		if (!parse_line(line, &e))
			return false;
		each(ctx, e.user);
	}
	return at >= 0;
}

bool
userindex_find(const char *users_dir, uid_t owner, const struct log *log, const char *key,
    void (*each)(void *ctx, const char *user), void *ctx)
{
	_cleanup_(closep) int fd = -1;
	struct userindex_stamp made, now;
	struct lines lines = { .len = 0 };
	char path[PATH_MAX];
	struct stat st;
	size_t header;

	if (!userindex_path(users_dir, path) || safefile_open(path, owner, log, &fd) != SAFEFILE_OK || fstat(fd, &st) != 0)
		return false;
	lines.fd = fd;
	lines.end = st.st_size;
	if (!read_block(&lines, 0) || !parse_header(lines.block, st.st_size, &made, &header) ||
	    !find_lines(&lines, (off_t)header, key, each, ctx)) {
		(void)refuse_index(log, path);
		return false;
	}
	return userindex_stamp_of_dir(users_dir, &now) && userindex_same_stamp(made, now);
}

/* --- the whole of it ------------------------------------------------------------------ */

static int
by_user(const void *a, const void *b)
{
	const struct userindex_entry *x = a, *y = b;

	return strcmp(x->user, y->user);
}

/* The lines of a text that ends with one. */
static bool
parse_lines(char *text, const char *end, struct userindex *index)
{
	size_t lines = 0;

	for (const char *p = text; p < end; p++)
		lines += *p == '\n';
	index->at = calloc(lines + 1, sizeof index->at[0]);
	if (index->at == NULL)
		return true;	/* the caller sees it */
	for (char *line = text; line < end;) {
		char *next = memchr(line, '\n', (size_t)(end - line));

		if (next == NULL)
			return false;
		*next = '\0';
		if (!parse_line(line, &index->at[index->count++]))
			return false;
		line = next + 1;
	}
	qsort(index->at, index->count, sizeof index->at[0], by_user);
	return true;
}

struct outcome
userindex_load(const char *users_dir, uid_t owner, const struct log *log, struct userindex *ret)
{
	struct userindex_stamp made;
	char path[PATH_MAX];
	size_t len, header;
	enum safefile r;

	*ret = (struct userindex){ .count = 0 };
	if (!userindex_path(users_dir, path))
		return outcome_of(OUTCOME_NOT_ENROLLED);
	r = safefile_read(path, owner, USERINDEX_MAX, log, &ret->text, &len);
	if (r != SAFEFILE_OK)
		return safefile_outcome(r, OUTCOME_NOT_ENROLLED, OUTCOME_ENROLMENT);
	if (!parse_header(ret->text, (int64_t)len, &made, &header) ||
	    !parse_lines(ret->text + header, ret->text + len, ret)) {
		userindex_done(ret);
		return refuse_index(log, path);
	}
	return outcome_of(ret->at != NULL ? OUTCOME_OK : OUTCOME_NO_MEMORY);
}

void
userindex_done(struct userindex *index)
{
	free(index->text);
	free(index->at);
	*index = (struct userindex){ .count = 0 };
}

size_t
userindex_of(const struct userindex *index, const char *user, const struct userindex_entry **ret)
{
	size_t low = 0, high = index->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->at[middle].user, user) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < index->count && strcmp(index->at[end].user, user) == 0;)
		end++;
	*ret = end > low ? &index->at[low] : NULL;
	return end - low;
}

/* --- a new one ------------------------------------------------------------------------- */

void
userindex_add(struct userindex_lines *lines, const char *key, struct userindex_stamp changed, const char *user)
{
	if (lines->count == lines->room) {
		size_t room = lines->room != 0 ? 2 * lines->room : 64;
		char **grown = reallocarray(lines->at, room, sizeof *grown);

		if (grown == NULL) {
			lines->failed = true;
			return;
		}
		lines->at = grown;
		lines->room = room;
	}
	if (asprintf(&lines->at[lines->count], "%s %s " STAMP_FORMAT "\n", key, user, changed.s, changed.ns) < 0)
		lines->failed = true;
	else
		lines->count++;
}

void
userindex_lines_done(struct userindex_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->at[i]);
	free(lines->at);
	*lines = (struct userindex_lines){ .count = 0 };
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The header names the size of the whole, its own included: in as many digits as any size needs. */
static size_t
write_header(size_t lines_len, struct userindex_stamp dir, char header[static HEADER_MAX])
{
	int len = snprintf(header, HEADER_MAX, MAGIC "%010zu " STAMP_FORMAT "\n", lines_len, dir.s, dir.ns);

	return (size_t)snprintf(header, HEADER_MAX, MAGIC "%010zu " STAMP_FORMAT "\n", lines_len + (size_t)len,
	    dir.s, dir.ns);
}

struct outcome
userindex_write(const char *users_dir, struct userindex_stamp dir, struct userindex_lines *lines,
    const struct log *log)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX], header[HEADER_MAX];
	size_t len = 0, at;

	if (lines->failed)
		return outcome_of(OUTCOME_NO_MEMORY);
	for (size_t i = 0; i < lines->count; i++)
		len += strlen(lines->at[i]);
	at = write_header(len, dir, header);
	text = malloc(at + len + 1);
	if (text == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	memcpy(text, header, at);
	if (lines->count > 0)
		qsort(lines->at, lines->count, sizeof lines->at[0], by_bytes);
	for (size_t i = 0; i < lines->count; i++) {
		len = strlen(lines->at[i]);
		memcpy(text + at, lines->at[i], len);
		at += len;
	}
	return outcome_of(userindex_path(users_dir, path) && safefile_replace(path, 0644, text, at, log) ?
	    OUTCOME_OK : OUTCOME_ENROLMENT);
}

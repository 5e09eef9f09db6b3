/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/lock.h"
#include "lib/safefile.h"
#include "nss/cert.h"
#include "nss/pem.h"
#include "tools/fleet/journal.h"
#include "tools/fleet/record.h"
#include "tools/fleet/store.h"

#define ACCEPTED_FILE "accepted"
#define ASIDE "aside"		/* registrations on their way to users/ */
#define SUFFIX ".pem"
#define LINE_MAX_BYTES 512
#define STORE_JOURNAL_FILE_MAX ((size_t)(2 * STORE_JOURNAL_MAX))	/* bytes: with what was torn, and the lines around records */

static bool
failed(const struct store *s, const char *what)
{
	log_msg(s->log, LOG_ERR, "%s/%s: %s", s->dir, what, strerror(errno));
	return false;
}

/* --- directories ----------------------------------------------------------------------- */

static bool
path_of(const struct store *s, const char *part, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", s->dir, part);

	errno = ENAMETOOLONG;
	return n > 0 && n < PATH_MAX;
}

static bool
make_dir(const struct store *s, const char *part)
{
	char path[PATH_MAX];

	if (!path_of(s, part, path) || (mkdir(path, 0755) != 0 && errno != EEXIST))
		return failed(s, part);
	return safefile_check_dir(path, s->owner, s->log) == SAFEFILE_OK;
}

bool
store_open(const struct store *s, int *ret_lock)
{
	if (mkdir(s->dir, 0755) != 0 && errno != EEXIST)
		return failed(s, "");
	return safefile_check_dir(s->dir, s->owner, s->log) == SAFEFILE_OK && make_dir(s, FLEETCOPY_USERS) &&
	    make_dir(s, FLEETCOPY_BLOCKED) && make_dir(s, ASIDE) && lock_beside(s->dir, s->owner, s->log, ret_lock);
}

/* A descriptor of a directory in it; -1 after a line in the log. */
static int
open_part(const struct store *s, const char *part)
{
	char path[PATH_MAX];
	int fd = -1;

	if (!path_of(s, part, path) || safefile_open_dir(path, s->owner, s->log, &fd) != SAFEFILE_OK)
		return -1;
	return fd;
}

/* Removes plain files. One that cannot be removed takes room, and does no other harm. */
static void
tidy_part(const struct store *s, const char *part, const char *prefix)
{
	int fd = open_part(s, part);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (dir == NULL) {
		closep(&fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			(void)unlinkat(fd, e->d_name, 0);
}

void
store_tidy(const struct store *s)
{
	tidy_part(s, ".", SAFEFILE_ASIDE);
	tidy_part(s, ASIDE, "");
}

/* --- the memory ------------------------------------------------------------------------- */

/* *ret_text stays NULL if there is no such file. */
static bool
read_part(const struct store *s, const char *part, size_t most, char **ret_text, size_t *ret_len)
{
	char path[PATH_MAX];
	enum safefile r;

	*ret_text = NULL;
	if (!path_of(s, part, path))
		return false;
	r = safefile_read(path, s->owner, most, s->log, ret_text, ret_len);
	if (r == SAFEFILE_NO_MEMORY)
		return failed(s, part);
	return r == SAFEFILE_OK || r == SAFEFILE_ABSENT;
}

static bool
refuse_memory(const struct store *s, const char *part, const char *why)
{
	log_msg(s->log, LOG_ERR, "%s/%s: %s, so what was removed and blocked is not known; restore %s/" MEMORY_FILE " and "
	    JOURNAL_FILE " together, or remove both and know that an old directory can bring registrations back", s->dir, part,
	    why, s->dir);
	return false;
}

/* Finds the whole records. A journal of an earlier number has been taken over by the whole that was written since. */
static bool
check_journal(const struct store *s, size_t len, struct store_memory *m)
{
	enum journal_next next;
	struct journal j;
	const char *text;

	if (!journal_open(m->journal, len, &j))
		return refuse_memory(s, JOURNAL_FILE, "not understood");
	if (m->whole == NULL || j.number > m->number)
		return refuse_memory(s, JOURNAL_FILE, "it is newer than " MEMORY_FILE);
	if (j.number < m->number) {
		free(m->journal);
		m->journal = NULL;
		return true;
	}
	while ((next = journal_next(&j, &text, &len)) == JOURNAL_RECORD)
		;
	m->journal_len = j.taken;
	m->sequence = j.sequence;
	return next == JOURNAL_END || refuse_memory(s, JOURNAL_FILE, "damaged");
}

/* The journal first: what is written as a whole meanwhile, without the lock, has a later number. */
bool
store_read_memory(const struct store *s, struct store_memory *ret)
{
	size_t len, journal_len;

	*ret = (struct store_memory){ .number = 0 };
	if (!read_part(s, JOURNAL_FILE, STORE_JOURNAL_FILE_MAX, &ret->journal, &journal_len) ||
	    !read_part(s, MEMORY_FILE, MEMORY_MAX, &ret->whole, &len))
		return false;
	if (ret->whole != NULL && !memory_number(ret->whole, &ret->number))
		return refuse_memory(s, MEMORY_FILE, "not understood");
	return ret->journal == NULL || check_journal(s, journal_len, ret);
}

void
store_memory_done(struct store_memory *m)
{
	free(m->whole);
	free(m->journal);
	*m = (struct store_memory){ .number = 0 };
}

bool
store_understand(struct store_memory *from, struct memory *ret)
{
	struct journal j;
	const char *text;
	size_t len;

	if (from->whole == NULL)
		return true;
	if (!memory_read(from->whole, ret))
		return false;
	if (from->journal == NULL)
		return true;
	if (!journal_open(from->journal, from->journal_len, &j))
		return false;
	while (journal_next(&j, &text, &len) == JOURNAL_RECORD)
		if (!memory_add_changes(from->journal + (text - from->journal), len, ret))
			return false;
	return j.sequence == from->sequence;
}

bool
store_make_change(const struct store_memory *before, const struct memory *now, struct store_change *ret)
{
	ret->text = memory_write_changes(now, &ret->len);
	ret->whole = ret->len > 0 && (before->number == 0 || before->journal_len + ret->len > STORE_JOURNAL_MAX);
	if (ret->text != NULL && ret->whole) {
		free(ret->text);
		ret->text = memory_write(now, before->number + 1, &ret->len);
	}
	return ret->text != NULL;
}

/* Cuts off what was torn, adds the record, and returns once it is on disk. */
static bool
append_record(const struct store *s, const struct store_memory *before, const char *line, size_t line_len,
    const struct store_change *change)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	if (!path_of(s, JOURNAL_FILE, path))
		return false;
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, (off_t)before->journal_len) == 0 && lseek(fd, 0, SEEK_END) == (off_t)before->journal_len &&
	    safefile_write(fd, line, line_len) && safefile_write(fd, change->text, change->len) && fdatasync(fd) == 0)
		return true;
	(void)failed(s, JOURNAL_FILE);
	/* The record may be on disk or not, so it must not be read as remembered. */
	if (fd >= 0 && ftruncate(fd, (off_t)before->journal_len) != 0)
		return failed(s, JOURNAL_FILE);
	return false;
}

/* The first record of a memory takes the place of the journal of the memory before. */
static bool
begin_journal(const struct store *s, const struct store_memory *before, const char *line, size_t line_len,
    const struct store_change *change)
{
	char first[JOURNAL_LINE_MAX], path[PATH_MAX];
	size_t first_len = journal_first_line(before->number, first), len = first_len + line_len + change->len;
	_cleanup_(freep) char *text = path_of(s, JOURNAL_FILE, path) ? malloc(len) : NULL;

	if (text == NULL)
		return failed(s, JOURNAL_FILE);
	memcpy(text, first, first_len);
	memcpy(text + first_len, line, line_len);
	memcpy(text + first_len + line_len, change->text, change->len);
	return safefile_replace(path, 0644, text, len, s->log);
}

/* Returns once it is on disk. */
static bool
remember(const struct store *s, const struct store_memory *before, const struct store_change *change)
{
	char line[JOURNAL_LINE_MAX], path[PATH_MAX];
	int64_t number;
	size_t len;

	/* store_make_change() makes none of those that are refused here, but in a process that may have been taken over. */
	if (change->whole && (!memory_number(change->text, &number) || number != before->number + 1))
		return false;
	if (change->whole)
		return path_of(s, MEMORY_FILE, path) && safefile_replace(path, 0644, change->text, change->len, s->log);
	if (change->len == 0)
		return true;
	if (before->whole == NULL || before->journal_len + change->len > STORE_JOURNAL_MAX)
		return false;
	len = journal_record_line(before->number, before->sequence + 1, change->text, change->len, line);
	return before->journal != NULL ? append_record(s, before, line, len, change) : begin_journal(s, before, line, len, change);
}

int64_t
store_held(const struct store *s)
{
	_cleanup_(store_memory_done) struct store_memory files;
	_cleanup_(memory_done) struct memory memory = { .head.held = -1 };

	return store_read_memory(s, &files) && files.whole != NULL && store_understand(&files, &memory) ? memory.head.held : -1;
}

/* --- a plan ------------------------------------------------------------------------------ */

enum deed { DEED_BLOCK, DEED_UNBLOCK, DEED_REGISTER, DEED_REMOVE };

struct plan {
	const struct store *store;
	FILE *f;
	int users, blocked, aside;	/* directories */
	size_t deeds;			/* read so far */
};

static const char *const deeds[] = { "block ", "unblock ", "register ", "remove " };

/* One line of a plan; the certificates of a REGISTER follow. False: no line of a plan. */
static bool
read_deed(char *line, enum deed *ret, unsigned int *ret_count, const char **ret_name)
{
	size_t i = 0, len = strlen(line);
	char *rest;

	if (len == 0 || line[len - 1] != '\n')
		return false;
	line[len - 1] = '\0';
	while (i < sizeof deeds / sizeof deeds[0] && strncmp(line, deeds[i], strlen(deeds[i])) != 0)
		i++;
	if (i == sizeof deeds / sizeof deeds[0])
		return false;
	*ret = (enum deed)i;
	rest = line + strlen(deeds[i]);
	*ret_count = 0;
	if (*ret == DEED_REGISTER) {
		if (rest[0] < '1' || rest[0] > '0' + USERCERTS_MAX || rest[1] != ' ')
			return false;
		*ret_count = (unsigned int)(rest[0] - '0');
		rest += 2;
	}
	*ret_name = rest;
	return *ret == DEED_BLOCK || *ret == DEED_UNBLOCK ? record_is_block_name(rest) : userfile_user_ok(rest);
}

static void
file_of(const char *user, char file[static USERFILE_USER_MAX + sizeof SUFFIX])
{
	snprintf(file, USERFILE_USER_MAX + sizeof SUFFIX, "%s" SUFFIX, user);
}

/* Whether a text is one certificate in PEM, and nothing besides. */
static bool
is_certificate(const char *text, size_t len)
{
	struct cursor cursor = cursor_of(text, len);
	uint8_t der[CERT_DER_MAX];
	size_t der_len;
	enum pem first = pem_next(&cursor, der, sizeof der, &der_len);

	return first == PEM_CERT && pem_next(&cursor, der, sizeof der, &der_len) == PEM_END;
}

/* Copies that many certificates, and checks that each can be read again. */
static bool
copy_certificates(struct plan *p, unsigned int count, int out)
{
	static const char end[] = "-----END CERTIFICATE-----\n";
	char text[2 * CERT_DER_MAX] = "", line[LINE_MAX_BYTES];
	size_t used = 0;

	while (count > 0) {
		if (fgets(line, sizeof line, p->f) == NULL || used + strlen(line) >= sizeof text)
			return false;
		memcpy(text + used, line, strlen(line) + 1);
		used += strlen(line);
		if (strcmp(line, end) != 0)
			continue;
		if (!is_certificate(text, used) || !safefile_write(out, text, used))
			return false;
		used = 0;
		count--;
	}
	return true;
}

static bool
write_aside(struct plan *p, const char *user, unsigned int count)
{
	char file[USERFILE_USER_MAX + sizeof SUFFIX];
	_cleanup_(closep) int fd = -1;

	file_of(user, file);
	fd = openat(p->aside, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd >= 0 && copy_certificates(p, count, fd);
}

static bool
block(struct plan *p, const char *name)
{
	int fd = openat(p->blocked, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static bool
is_gone(int result)
{
	return result == 0 || errno == ENOENT;
}

/* Before the memory: what denies, and what prepares. */
static bool
prepare_deed(struct plan *p, enum deed deed, unsigned int count, const char *name)
{
	char file[USERFILE_USER_MAX + sizeof SUFFIX];

	switch (deed) {
	case DEED_BLOCK:
		return block(p, name);
	case DEED_REGISTER:
		return write_aside(p, name, count);
	case DEED_REMOVE:	/* before the memory forgets the user (store.h) */
		file_of(name, file);
		return is_gone(unlinkat(p->users, file, 0));
	case DEED_UNBLOCK:
		break;
	}
	return true;
}

/* After the memory is on disk: what admits. */
static bool
do_deed(struct plan *p, enum deed deed, unsigned int count, const char *name)
{
	char file[USERFILE_USER_MAX + sizeof SUFFIX], line[LINE_MAX_BYTES];

	file_of(name, file);
	switch (deed) {
	case DEED_REGISTER:
		while (count > 0 && fgets(line, sizeof line, p->f) != NULL)
			count -= strcmp(line, "-----END CERTIFICATE-----\n") == 0;
		/* A second entry of this user has replaced the first aside, which is done already. */
		return is_gone(renameat(p->aside, file, p->users, file));
	case DEED_REMOVE:
		return is_gone(unlinkat(p->users, file, 0));
	case DEED_UNBLOCK:
		return is_gone(unlinkat(p->blocked, name, 0));
	case DEED_BLOCK:
		break;
	}
	return true;
}

static bool
each_deed(struct plan *p, bool (*each)(struct plan *p, enum deed deed, unsigned int count, const char *name))
{
	char line[LINE_MAX_BYTES];
	enum deed deed;
	unsigned int count;
	const char *name;

	rewind(p->f);
	while (fgets(line, sizeof line, p->f) != NULL) {
		if (!read_deed(line, &deed, &count, &name)) {
			log_msg(p->store->log, LOG_ERR, "%s: not a plan that could be followed", p->store->dir);
			return false;
		}
		p->deeds++;
		if (!each(p, deed, count, name))
			return failed(p->store, deeds[deed]);
	}
	return !ferror(p->f);
}

static bool
follow_plan(struct plan *p, const struct store_memory *before, const struct store_change *change)
{
	if (p->users < 0 || p->blocked < 0 || p->aside < 0 || !each_deed(p, prepare_deed))
		return false;
	/* One sync for all that was written: 20,000 of them would take minutes. */
	if (p->deeds > 0 && syncfs(p->blocked) != 0)
		return failed(p->store, FLEETCOPY_BLOCKED);
	if (!remember(p->store, before, change))
		return false;
	return p->deeds == 0 || (each_deed(p, do_deed) &&
	    ((fsync(p->users) == 0 && fsync(p->blocked) == 0) || failed(p->store, FLEETCOPY_USERS)));
}

bool
store_write(const struct store *s, FILE *f, const struct store_memory *before, const struct store_change *change)
{
	struct plan p = { .store = s, .f = f };
	bool ok;

	p.users = open_part(s, FLEETCOPY_USERS);
	p.blocked = open_part(s, FLEETCOPY_BLOCKED);
	p.aside = open_part(s, ASIDE);
	ok = follow_plan(&p, before, change);
	closep(&p.users);
	closep(&p.blocked);
	closep(&p.aside);
	return ok;
}

bool
store_write_state(const struct store *s, const struct fleetcopy_state *state)
{
	char text[256], path[PATH_MAX];
	int n = snprintf(text, sizeof text, "# written by jpkictl fleet\ntime %" PRId64 "\ngeneration %" PRId64 "\nenrolled %" PRId64
	    "\nblocked %" PRId64 "\n", state->time, state->generation, state->enrolled, state->blocked);

	return path_of(s, FLEETCOPY_STATE, path) && n > 0 && (size_t)n < sizeof text &&
	    safefile_replace(path, 0644, text, (size_t)n, s->log);
}

/* --- what an administrator has agreed to ------------------------------------------------------ */

bool
store_accept(const struct store *s)
{
	char path[PATH_MAX];

	return path_of(s, ACCEPTED_FILE, path) && safefile_replace(path, 0644, "", 0, s->log);
}

bool
store_is_accepted(const struct store *s)
{
	char path[PATH_MAX];

	return path_of(s, ACCEPTED_FILE, path) && access(path, F_OK) == 0;
}

void
store_forget_accepted(const struct store *s)
{
	char path[PATH_MAX];

	if (path_of(s, ACCEPTED_FILE, path))
		(void)unlink(path);
}

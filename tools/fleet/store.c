/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

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
#include "tools/fleet/memory.h"
#include "tools/fleet/record.h"
#include "tools/fleet/store.h"

#define ACCEPTED_FILE "accepted"
#define ASIDE "aside"		/* registrations on their way to users/ */
#define SUFFIX ".pem"
#define LINE_MAX_BYTES 512

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

bool
store_read_memory(const struct store *s, char **ret_text)
{
	char path[PATH_MAX];
	size_t len;
	enum safefile r;

	*ret_text = NULL;
	if (!path_of(s, MEMORY_FILE, path))
		return false;
	r = safefile_read(path, s->owner, MEMORY_MAX, s->log, ret_text, &len);
	return r == SAFEFILE_OK || r == SAFEFILE_ABSENT;
}

int64_t
store_held(const struct store *s)
{
	struct memory memory = { .held = -1 };
	_cleanup_(freep) char *text = NULL;
	int64_t held = -1;

	if (store_read_memory(s, &text) && text != NULL && memory_read(text, &memory))
		held = memory.held;
	memory_done(&memory);
	return held;
}

/* --- a plan ------------------------------------------------------------------------------ */

enum deed { DEED_BLOCK, DEED_UNBLOCK, DEED_REGISTER, DEED_REMOVE };

struct plan {
	const struct store *store;
	FILE *f;
	int users, blocked, aside;	/* directories */
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

/* Copies so many certificates, each of them one that can be read again. */
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
		if (!each(p, deed, count, name))
			return failed(p->store, deeds[deed]);
	}
	return !ferror(p->f);
}

static bool
follow_plan(struct plan *p, const char *memory, size_t memory_len)
{
	char path[PATH_MAX];

	if (p->users < 0 || p->blocked < 0 || p->aside < 0 || !path_of(p->store, MEMORY_FILE, path))
		return false;
	if (!each_deed(p, prepare_deed))
		return false;
	/* One sync for all that was written: 20,000 of them would take minutes. */
	if (syncfs(p->blocked) != 0)
		return failed(p->store, FLEETCOPY_BLOCKED);
	if (!safefile_replace(path, 0644, memory, memory_len, p->store->log) || !each_deed(p, do_deed))
		return false;
	return (fsync(p->users) == 0 && fsync(p->blocked) == 0) || failed(p->store, FLEETCOPY_USERS);
}

bool
store_write(const struct store *s, FILE *f, const char *memory, size_t memory_len)
{
	struct plan p = { .store = s, .f = f };
	bool ok;

	p.users = open_part(s, FLEETCOPY_USERS);
	p.blocked = open_part(s, FLEETCOPY_BLOCKED);
	p.aside = open_part(s, ASIDE);
	ok = follow_plan(&p, memory, memory_len);
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

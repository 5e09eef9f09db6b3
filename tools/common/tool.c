/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/safefile.h"
#include "tools/common/caged_child.h"
#include "tools/common/tool.h"

void
tool_complain(const struct tool *t, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "jpkictl %s: ", t->command);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
tool_log_line(void *ctx, int priority, const char *text)
{
	const struct tool *t = ctx;

	if (priority != LOG_DEBUG || t->conf.debug)
		tool_complain(t, "%s", text);
}

int
tool_finish(const struct tool *t, const struct outcome *o)
{
	char text[MESSAGE_MAX];

	if (outcome_ok(o))
		return TOOL_OK;
	message_outcome(o, text);
	tool_complain(t, "%s (%s)", text, outcome_code(o->status));
	return TOOL_FAILED;
}

int
tool_finish_search(const struct tool *t, const struct outcome *o, const char *reader)
{
	char name[MESSAGE_MAX], text[MESSAGE_MAX];

	if (o->status != OUTCOME_CARD_BUSY || reader[0] == '\0')
		return tool_finish(t, o);
	snprintf(name, sizeof name, "%s", reader);
	log_defuse(name);
	message_busy(name, text);
	tool_complain(t, "%s (%s)", text, outcome_code(o->status));
	return TOOL_FAILED;
}

int
tool_usage(const struct tool *t)
{
	fprintf(stderr, _("Try 'jpkictl %s --help'.\n"), t->command);
	return TOOL_USAGE;
}

bool
tool_is_root(const struct tool *t)
{
	if (geteuid() == 0)
		return true;
	tool_complain(t, "%s", _("only root can do this; run it with sudo"));
	return false;
}

static uid_t
uid_of_text(const char *text)
{
	char *end;
	unsigned long n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return TOOL_NO_UID;
	errno = 0;
	n = strtoul(text, &end, 10);
	return errno == 0 && (*end == '\0' || *end == '\n') && n < TOOL_NO_UID ? (uid_t)n : TOOL_NO_UID;
}

uid_t
tool_sudo_uid(void)
{
	uid_t uid = uid_of_text(getenv("SUDO_UID"));

	return uid != TOOL_NO_UID ? uid : uid_of_text(getenv("PKEXEC_UID"));
}

uid_t
tool_login_uid(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/loginuid", "re");
	char line[32] = "";
	uid_t uid;

	if (f != NULL && fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	uid = uid_of_text(line);
	return uid != TOOL_NO_UID ? uid : tool_sudo_uid();
}

bool
tool_find_account(const struct tool *t, const char *name, struct account *ret)
{
	enum account_found found = account_find(name, &t->log, ret);

	if (found == ACCOUNT_ABSENT)
		tool_complain(t, _("there is no user %s on this machine"), name);
	else if (found == ACCOUNT_AMBIGUOUS)
		tool_complain(t, _("%s: the name that the user database gives this account also belongs to another account"), name);
	return found == ACCOUNT_FOUND;
}

bool
tool_uid_of(void *ctx, const char *user, uid_t *ret_uid)
{
	return account_uid(user, ret_uid);
}

static const char *
name_of_uid(void *ctx, uid_t uid)
{
	const struct passwd *pw;

	if (caged_is_child())
		return caged_account_name(uid);
	pw = getpwuid(uid);
	return pw == NULL ? NULL : pw->pw_name;
}

const struct guesses_names tool_names = { .name = name_of_uid };

static void
name_of(uid_t uid, char name[static 64])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const struct passwd *pw = getpwuid(uid);

	if (pw == NULL || strlen(pw->pw_name) >= 64 || pw->pw_name[strspn(pw->pw_name, plain)] != '\0')
		snprintf(name, 64, "?");
	else
		snprintf(name, 64, "%s", pw->pw_name);
}

void
tool_actor(char text[static TOOL_ACTOR_MAX])
{
	uid_t uid = getuid(), login = tool_login_uid();
	char name[64], login_name[64];

	name_of(uid, name);
	if (login == TOOL_NO_UID || login == uid) {
		snprintf(text, TOOL_ACTOR_MAX, "%s (uid %lu)", name, (unsigned long)uid);
		return;
	}
	name_of(login, login_name);
	snprintf(text, TOOL_ACTOR_MAX, "%s (uid %lu), logged in as %s (uid %lu)", name,
	    (unsigned long)uid, login_name, (unsigned long)login);
}

void
tool_audit(const char *action, const char *key, const char *value)
{
	char field[512], login[32] = "-";
	uid_t uid = tool_login_uid();

	log_field(value, field, sizeof field);
	if (uid != TOOL_NO_UID)
		snprintf(login, sizeof login, "%lu",
		    (unsigned long)uid);
	openlog("jpkictl", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "JPKI-ADMIN action=%s %s=%s uid=%lu login=%s", action, key, field,
	    (unsigned long)getuid(), login);
	closelog();
}

/* Columns on the terminal; a kanji has two. */
static int
width_of(const char *text)
{
	wchar_t wide[256];
	size_t n = mbstowcs(wide, text, sizeof wide / sizeof wide[0]);
	int width = n < sizeof wide / sizeof wide[0] ? wcswidth(wide, n) : -1;

	return width >= 0 ? width : (int)strlen(text);
}

void
tool_cell(const char *text, int width)
{
	int blanks = width - width_of(text);

	printf("%s%*s ", text, blanks > 0 ? blanks : 0, "");
}

void
tool_cell_right(const char *text, int width)
{
	int blanks = width - width_of(text);

	printf("%*s%s ", blanks > 0 ? blanks : 0, "", text);
}

void
tool_row(const char *name, int width, const char *value)
{
	printf("  ");
	tool_cell(name, width);
	printf("%s\n", value);
}

int
tool_temporary_file(const struct tool *t)
{
	int fd = safefile_temporary();

	if (fd < 0)
		tool_complain(t, _("no temporary file: %s"), strerror(errno));
	return fd;
}

/* O_NONBLOCK: a FIFO must not block us before it is recognized. */
static FILE *
open_regular(const struct tool *t, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st) != 0) {
		tool_complain(t, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		tool_complain(t, _("%s: not a regular file"), path);
		return NULL;
	}
	f = fdopen(fd, "r");
	if (f == NULL)
		tool_complain(t, "%s: %s", path, strerror(errno));
	else
		fd = -1;	/* given to the stream */
	return f;
}

bool
tool_read_file(const struct tool *t, const char *path, uint8_t **ret_bytes, size_t *ret_len)
{
	_cleanup_(fclosep) FILE *f = open_regular(t, path);
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t n;

	if (f == NULL)
		return false;
	bytes = malloc(TOOL_FILE_MAX + 1);
	if (bytes == NULL) {
		tool_complain(t, "%s", strerror(errno));
		return false;
	}
	n = fread(bytes, 1, TOOL_FILE_MAX + 1, f);
	if (ferror(f) || n > TOOL_FILE_MAX) {
		tool_complain(t, "%s: %s", path, ferror(f) ? strerror(errno) : _("too long"));
		return false;
	}
	*ret_bytes = bytes;
	bytes = NULL;	/* given to the caller */
	*ret_len = n;
	return true;
}

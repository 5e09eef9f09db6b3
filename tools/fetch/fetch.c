/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/confine.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "nss/crl/fault.h"
#include "tools/fetch/cage.h"
#include "tools/fetch/fetch.h"

#define FETCHER LIBEXECDIR "/jpki_fetch"
#define NOT_STARTED 126
#define LINE_SHOWN 512
#define LINES_SHOWN 8		/* limits how much a server can print on the terminal */
#define MEMORY_MAX (UINT64_C(256) << 20)	/* libcurl needs 20 MiB, each thread 8 */
#define MEGABYTE 1048576.0

/* One fetch, on the side of jpkictl. */
struct fetched {
	const struct tool *t;
	char shown[URL_MAX];	/* the URL, for people */
	int request[2], reply[2];	/* -1: closed */
	bool directory;		/* the URL is of LDAP */
	uint64_t most;		/* bytes of a list */
	struct confine_user user;
	bool draws;		/* the progress */
	unsigned int lines;	/* lines of text shown so far */
};

static void
fetched_done(struct fetched *f)
{
	for (int i = 0; i < 2; i++) {
		closep(&f->request[i]);
		closep(&f->reply[i]);
	}
}

/* False, reported: no other user may replace it. */
static bool
find_fetch_user(const struct tool *t, struct confine_user *user)
{
	switch (confine_find_user(FETCH_USER, user)) {
	case CONFINE_FOUND:
		return true;
	case CONFINE_ABSENT:
		tool_complain(t, _("the user %s does not exist, so nothing is fetched. To create it: systemd-sysusers %s; "
		    "without systemd: useradd --system --shell /usr/sbin/nologin %s"), FETCH_USER,
		    SYSUSERSDIR "/pam_jpki.conf", FETCH_USER);
		break;
	case CONFINE_IS_ROOT:
		tool_complain(t, _("the user %s is root, so nothing is fetched; jpkictl doctor says more"), FETCH_USER);
		break;
	case CONFINE_UNREADABLE:
		tool_complain(t, "%s: %s", FETCH_USER, strerror(errno));
		break;
	}
	return false;
}

/* --- the child ----------------------------------------------------------------- */

/* Above the descriptors that jpki_fetch uses. */
static bool
move_up(int *fd)
{
	*fd = fcntl(*fd, F_DUPFD, FETCH_FD + 1);
	return *fd >= 0;
}

/* Leaves only the descriptors of jpki_fetch. */
static bool
arrange(const struct fetched *f, int to)
{
	int in = f->request[0], out = f->reply[1];

	return move_up(&in) && move_up(&out) && move_up(&to) && dup2(in, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0 && dup2(to, FETCH_FD) >= 0;
}

static void
to_stderr(void *ctx, int priority, const char *text)
{
	if (priority != LOG_DEBUG)
		fprintf(stderr, "%s\n", text);
}

static void
run_fetcher(const struct fetched *f, int to, pid_t parent)
{
	uint64_t answer = f->directory ? FETCH_ANSWER_MAX(f->most) : f->most;
	struct fetchcage cage = { .program = FETCHER, .user = &f->user, .parent = parent,
	    .last = FETCH_FD, .file_max = answer,
	    .cpu_max = 1200,	/* TLS and base64 of a gigabyte take a minute */
	    /* libldap and libcurl keep a directory's whole answer in memory, and once more in base64. */
	    .data_max = MEMORY_MAX + (f->directory ? 3 * answer : 0) };
	const struct log log = { .sink = to_stderr };
	int landlock;

	if (arrange(f, to) && fetchcage_enter(&cage, &landlock)) {
		confine_log_gaps(&log, "jpki_fetch", landlock);
		(void)execl(FETCHER, "jpki_fetch", (char *)NULL);
	}
	fprintf(stderr, "%s: %s\n", FETCHER, strerror(errno));
	_exit(NOT_STARTED);
}

/* --- the request ----------------------------------------------------------------- */

/* It fits into the pipe, so the write does not block. */
static bool
put_request(struct fetched *f, const char *url, const struct fetch_marks *known)
{
	char text[FETCH_REQUEST_MAX];
	int n = snprintf(text, sizeof text, "%s\n%u\n%" PRIu64 "\n%s\n%s\n%s\n%s\n", url,
	    f->t->conf.crl_timeout, f->most, known->etag, known->modified, f->t->conf.crl_proxy,
	    f->t->conf.crl_proxy_except);
	bool put;

	errno = EMSGSIZE;
	put = n > 0 && (size_t)n < sizeof text && safefile_write(f->request[1], text, (size_t)n);
	closep(&f->request[1]);
	f->request[1] = -1;
	return put;
}

/* Creates the pipes, writes the request. False, reported. */
static bool
prepare_fetch(struct fetched *f, const char *url, const struct fetch_marks *known, int to)
{
	uint64_t room;

	if (pipe2(f->request, O_CLOEXEC) != 0 || pipe2(f->reply, O_CLOEXEC) != 0 || !safefile_room(to, &room)) {
		tool_complain(f->t, "%s", strerror(errno));
		return false;
	}
	f->most = room < CRL_SIZE_MAX ? room : CRL_SIZE_MAX;
	if (!put_request(f, url, known)) {
		tool_complain(f->t, "%s: %s", f->shown, strerror(errno));
		return false;
	}
	return true;
}

/* --- the reply --------------------------------------------------------------------- */

static void
draw(const struct fetched *f, const char *numbers)
{
	char *rest;
	uint64_t now = strtoull(numbers, &rest, 10), total = strtoull(rest, NULL, 10);

	if (!f->draws)
		return;
	if (total > 0)
		fprintf(stderr, "\r  %.1f / %.1f MiB ", (double)now / MEGABYTE, (double)total / MEGABYTE);
	else
		fprintf(stderr, "\r  %.1f MiB ", (double)now / MEGABYTE);
}

static void
clear_drawing(const struct fetched *f)
{
	if (f->draws)
		fprintf(stderr, "\r%30s\r", "");
}

/* The rest of the line after this word and a blank, or NULL. */
static const char *
text_after(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && line[len] == ' ' ? line + len + 1 : NULL;
}

/* A value that is too long is ignored. */
static void
take_mark(const char *text, char mark[static FETCH_MARK_MAX])
{
	mark[0] = '\0';
	if (strlen(text) < FETCH_MARK_MAX)
		memcpy(mark, text, strlen(text) + 1);
}

static void
take_line(struct fetched *f, char *line, struct fetch_marks *marks)
{
	const char *text;

	log_defuse(line);
	if ((text = text_after(line, "progress")) != NULL) {
		draw(f, text);
	} else if ((text = text_after(line, "etag")) != NULL) {
		take_mark(text, marks->etag);
	} else if ((text = text_after(line, "modified")) != NULL) {
		take_mark(text, marks->modified);
	} else if (f->lines++ < LINES_SHOWN) {
		clear_drawing(f);
		tool_complain(f->t, "%s: %s", f->shown, line);
	}
}

/* Reads the reply to its end; cuts lines that are too long. */
static void
read_reply(struct fetched *f, struct fetch_marks *marks)
{
	FILE *in = fdopen(f->reply[0], "r");
	char line[LINE_SHOWN];
	bool begun = false;	/* the rest of this line is skipped */

	*marks = (struct fetch_marks){ .etag = "" };
	if (in == NULL)
		return;
	f->reply[0] = -1;	/* now owned by the stream */
	while (fgets(line, sizeof line, in) != NULL) {
		size_t len = strcspn(line, "\n");
		bool ends = line[len] == '\n';

		line[len] = '\0';
		if (!begun)
			take_line(f, line, marks);
		begun = !ends;
	}
	(void)fclose(in);
	clear_drawing(f);
}

static enum fetch
result_of(const struct fetched *f, pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return FETCH_FAILED;
	if (WIFEXITED(status) && (WEXITSTATUS(status) == FETCH_DONE || WEXITSTATUS(status) == FETCH_UNCHANGED))
		return (enum fetch)WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		tool_complain(f->t, "%s: %s: %s", f->shown, FETCHER, strsignal(WTERMSIG(status)));
	else if (f->lines == 0)		/* a library ended it, which some do where there is no memory */
		tool_complain(f->t, _("%s: %s ended without a reason (exit status %d)"), f->shown, FETCHER,
		    WEXITSTATUS(status));
	return FETCH_FAILED;
}

static enum fetch
run_fetch(struct fetched *f, int to, struct fetch_marks *ret_marks)
{
	pid_t parent = getpid(), child;

	(void)fflush(NULL);
	child = fork();
	if (child < 0) {
		tool_complain(f->t, "%s", strerror(errno));
		return FETCH_FAILED;
	}
	if (child == 0)
		run_fetcher(f, to, parent);
	closep(&f->reply[1]);
	f->reply[1] = -1;
	read_reply(f, ret_marks);
	return result_of(f, child);
}

enum fetch
fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known, int fd,
    struct fetch_marks *ret_marks)
{
	static const struct fetch_marks none;
	_cleanup_(fetched_done) struct fetched f = { .t = t, .request = { -1, -1 }, .reply = { -1, -1 },
	    .directory = strncasecmp(url, "ldap", 4) == 0, .draws = isatty(STDERR_FILENO) == 1 };
	enum fetch result = FETCH_FAILED;

	url_shown(url, f.shown);
	if (find_fetch_user(t, &f.user) && prepare_fetch(&f, url, known != NULL ? known : &none, fd))
		result = run_fetch(&f, fd, ret_marks);
	if (result == FETCH_DONE && lseek(fd, 0, SEEK_SET) != 0) {
		tool_complain(t, "%s: %s", f.shown, strerror(errno));
		return FETCH_FAILED;
	}
	return result;
}

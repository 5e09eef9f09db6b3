#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/fetch.h"

#define FETCHER LIBEXECDIR "/jpki_fetch"
#define NOT_STARTED 126

bool
fetch_is_url(const char *text)
{
	size_t len = strcspn(text, ":/");

	return len > 0 && strncmp(text + len, "://", 3) == 0;
}

/* False after a complaint: no other user does in its place. */
static bool
find_fetch_user(const struct tool *t, struct passwd *ret)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(FETCH_USER);
	if (pw != NULL && pw->pw_uid != 0 && pw->pw_gid != 0) {
		*ret = *pw;
		return true;
	}
	if (pw != NULL)
		tool_complain(t, _("the user %s is root, so nothing is fetched; jpkictl doctor says more"), FETCH_USER);
	else if (errno != 0 && errno != ENOENT)
		tool_complain(t, "%s: %s", FETCH_USER, strerror(errno));
	else
		tool_complain(t, _("nothing is fetched without the user %s. To make it: systemd-sysusers %s; "
		    "without systemd: useradd --system --shell /usr/sbin/nologin %s"), FETCH_USER,
		    SYSUSERSDIR "/pam_jpki.conf", FETCH_USER);
	return false;
}

/* In the child, for good. */
static bool
become(const struct passwd *user)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && chdir("/") == 0 && setgroups(0, NULL) == 0 &&
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0;
}

/* In the child: `to` becomes FETCH_FD, `marks` standard output, and nothing else is open. */
static bool
arrange(int to, int marks)
{
	int high_to = fcntl(to, F_DUPFD, FETCH_FD + 1), high_marks = fcntl(marks, F_DUPFD, FETCH_FD + 1);

	if (high_to < 0 || high_marks < 0 || dup2(high_to, FETCH_FD) < 0 ||
	    dup2(high_marks, STDOUT_FILENO) < 0)
		return false;
	closefrom(FETCH_FD + 1);
	return true;
}

static void
run(const struct tool *t, const struct passwd *user, const char *url, const struct fetch_marks *known, int to,
    int marks)
{
	char seconds[16];

	snprintf(seconds, sizeof seconds, "%u", t->conf.crl_timeout);
	if ((strncasecmp(url, "file:", 5) == 0 || become(user)) && arrange(to, marks))
		(void)execl(FETCHER, "jpki_fetch", url, seconds, known->etag, known->modified, (char *)NULL);
	tool_complain(t, "%s: %s", FETCHER, strerror(errno));
	_exit(NOT_STARTED);
}

/* A line without its end into a mark; one that does not fit is none. */
static bool
read_mark(FILE *from, char mark[static FETCH_MARK_MAX])
{
	size_t len;

	if (fgets(mark, FETCH_MARK_MAX, from) == NULL)
		return false;
	len = strlen(mark);
	if (len == 0 || mark[len - 1] != '\n')
		return false;
	mark[len - 1] = '\0';
	return true;
}

static void
read_marks(int fd, struct fetch_marks *marks)
{
	FILE *f = fdopen(fd, "r");

	*marks = (struct fetch_marks){ .etag = "" };
	if (f == NULL) {
		(void)close(fd);
		return;
	}
	if (!read_mark(f, marks->etag) || !read_mark(f, marks->modified))
		*marks = (struct fetch_marks){ .etag = "" };
	(void)fclose(f);
}

static enum fetch
result_of(const struct tool *t, pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return FETCH_FAILED;
	if (WIFSIGNALED(status))
		tool_complain(t, "%s: %s", FETCHER, strsignal(WTERMSIG(status)));
	if (!WIFEXITED(status))
		return FETCH_FAILED;
	return WEXITSTATUS(status) == FETCH_DONE || WEXITSTATUS(status) == FETCH_UNCHANGED ?
	    (enum fetch)WEXITSTATUS(status) : FETCH_FAILED;
}

enum fetch
fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known, int fd,
    struct fetch_marks *ret_marks)
{
	static const struct fetch_marks none;
	struct passwd user;
	enum fetch result;
	int marks[2];
	pid_t child;

	if (!find_fetch_user(t, &user))
		return FETCH_FAILED;

	(void)fflush(NULL);
	if (pipe2(marks, O_CLOEXEC) != 0) {
		tool_complain(t, "%s", strerror(errno));
		return FETCH_FAILED;
	}
	child = fork();
	if (child < 0) {
		tool_complain(t, "%s", strerror(errno));
		(void)close(marks[0]);
		(void)close(marks[1]);
		return FETCH_FAILED;
	}
	if (child == 0)
		run(t, &user, url, known != NULL ? known : &none, fd, marks[1]);
	(void)close(marks[1]);
	read_marks(marks[0], ret_marks);
	result = result_of(t, child);
	if (result == FETCH_DONE && lseek(fd, 0, SEEK_SET) != 0) {
		tool_complain(t, "%s: %s", url, strerror(errno));
		return FETCH_FAILED;
	}
	return result;
}

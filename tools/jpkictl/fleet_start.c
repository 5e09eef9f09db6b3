/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/callfilter.h"
#include "lib/cleanup.h"
#include "lib/confine.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/fetch/cage.h"
#include "tools/jpkictl/fleet_start.h"

#define NETWORK_HALF LIBEXECDIR "/jpki_ldap"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----"
#define KEY "PRIVATE KEY-----"
#define NOT_STARTED 126
#define PEM_FILE_MAX ((size_t)1 << 20)
#define DATA_MAX (UINT64_C(96) << 20)	/* bytes of memory; libldap, and 200,000 names */

/* --- what it is given ---------------------------------------------------------------------- */

/* Returns false, reported, if the user does not exist: no other user may do this job. */
static bool
find_user(const struct tool *t, struct confine_user *user)
{
	switch (confine_find_user(FLEET_USER, user)) {
	case CONFINE_FOUND:
		return true;
	case CONFINE_ABSENT:
		tool_complain(t, _("the user %s does not exist. To create it: systemd-sysusers %s; without systemd: "
		    "useradd --system --shell /usr/sbin/nologin %s"), FLEET_USER, SYSUSERSDIR "/jpki_fleet.conf", FLEET_USER);
		break;
	case CONFINE_IS_ROOT:
		tool_complain(t, _("the user %s is root; give this job a user of its own"), FLEET_USER);
		break;
	case CONFINE_UNREADABLE:
		tool_complain(t, "%s: %s", FLEET_USER, strerror(errno));
		break;
	}
	return false;
}

/* Other users' rights. lend_file() checks the owner, and the mode's bits of the group cover an ACL as well (acl(5)). */
static bool
is_private(const struct tool *t, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		tool_complain(t, "%s: %s", path, strerror(errno));
		return false;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return true;
	tool_complain(t, _("%s: root alone may have this key: chmod 0600 %s"), path, path);
	return false;
}

/* Returns a file without a name that has this text and that only the user can read; -1, with errno. */
static int
lend_text(const char *text, size_t len, const struct confine_user *user)
{
	int fd = memfd_create("jpki_ldap", MFD_CLOEXEC), error;

	if (fd >= 0 && safefile_write(fd, text, len) && fchmod(fd, 0400) == 0 && fchown(fd, user->uid, user->gid) == 0)
		return fd;
	error = errno;
	closep(&fd);
	errno = error;
	return -1;
}

/* Lends a file of root's, which must contain `what`, to the user. Returns a descriptor; -1, reported. */
static int
lend_file(const struct tool *t, const char *path, const char *what, const struct confine_user *user)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	enum safefile r = safefile_read(path, t->env.trust_owner, PEM_FILE_MAX, &t->log, &text, &len);
	int fd = -1;

	if (r == SAFEFILE_ABSENT)
		tool_complain(t, "%s: %s", path, strerror(ENOENT));
	if (r != SAFEFILE_OK)
		return -1;
	if (strstr(text, what) == NULL) {
		tool_complain(t, _("%s: no \"%s\" in it"), path, what);
	} else {
		fd = lend_text(text, len, user);
		if (fd < 0)
			tool_complain(t, "%s: %s", path, strerror(errno));
	}
	explicit_bzero(text, len);	/* it may be the key */
	return fd;
}

/* The lent files, in the order of LDAP_CA_FD and the numbers after it. */
struct lent {
	int fd[3];
};

static void
lent_done(struct lent *l)
{
	for (size_t i = 0; i < 3; i++)
		closep(&l->fd[i]);
}

static bool
lend_files(const struct tool *t, const struct confine_user *user, struct lent *ret)
{
	const struct conf *conf = &t->conf;

	*ret = (struct lent){ .fd = { -1, -1, -1 } };
	ret->fd[0] = lend_file(t, conf->fleet_ca, CERTIFICATE, user);
	if (ret->fd[0] < 0 || conf->fleet_cert[0] == '\0')
		return ret->fd[0] >= 0;
	if (!is_private(t, conf->fleet_key))
		return false;
	ret->fd[1] = lend_file(t, conf->fleet_cert, CERTIFICATE, user);
	ret->fd[2] = lend_file(t, conf->fleet_key, KEY, user);
	return ret->fd[1] >= 0 && ret->fd[2] >= 0;
}

static bool
is_configured(const struct tool *t)
{
	const struct conf *conf = &t->conf;
	const char *missing = NULL;

	if (conf->fleet_uri[0] == '\0')
		missing = "fleet_uri";
	else if (conf->fleet_base[0] == '\0')
		missing = "fleet_base";
	else if (conf->fleet_ca[0] == '\0')
		missing = "fleet_ca";
	else if (conf->fleet_cert[0] != '\0' && conf->fleet_key[0] == '\0')
		missing = "fleet_key";
	else if (conf->fleet_key[0] != '\0' && conf->fleet_cert[0] == '\0')
		missing = "fleet_cert";
	if (missing != NULL)
		tool_complain(t, _("%s: %s is not set"), t->conf_file, missing);
	return missing == NULL;
}

static void
begin_after(struct fleet_half *h, const char *last)
{
	const char *all[REQUEST_SERVERS_MAX];
	size_t at = 0;

	while (at < h->count && strcmp(h->servers[at], last) != 0)
		at++;
	if (at == h->count)
		return;
	memcpy(all, h->servers, sizeof all);
	for (size_t i = 0; i < h->count; i++)
		h->servers[i] = all[(at + 1 + i) % h->count];
}

static bool
split_servers(const struct tool *t, const char *last, struct fleet_half *h)
{
	char *next = h->uris, *server;

	snprintf(h->uris, sizeof h->uris, "%s", t->conf.fleet_uri);
	while ((server = strsep(&next, ",")) != NULL) {
		if (h->count == REQUEST_SERVERS_MAX) {
			tool_complain(t, _("%s: more than %d servers in fleet_uri"), t->conf_file, REQUEST_SERVERS_MAX);
			return false;
		}
		h->servers[h->count++] = server;
	}
	begin_after(h, last);
	return true;
}

/* It fits into the pipe, so the write does not block. */
static bool
put_request(const struct tool *t, const struct fleet_half *h)
{
	char text[REQUEST_TEXT_MAX];
	int n = snprintf(text, sizeof text, "%s\n%d\n", t->conf.fleet_base, t->conf.fleet_cert[0] != '\0');

	for (size_t i = 0; i < h->count && n > 0 && (size_t)n < sizeof text; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s\n", h->servers[i]);
	if (n <= 0 || (size_t)n + 1 >= sizeof text) {
		errno = EMSGSIZE;
		return false;
	}
	text[n++] = '\n';
	return safefile_write(h->commands, text, (size_t)n);
}

/* --- the child --------------------------------------------------------------------------------- */

/* Moves a descriptor above the numbers that jpki_ldap expects. */
static bool
move_up(int *fd)
{
	*fd = fcntl(*fd, F_DUPFD, LDAP_LAST_FD + 1);
	return *fd >= 0;
}

/* Without a certificate, the numbers of certificate and key are closed. */
static bool
arrange(int commands, int feed, const struct lent *lent)
{
	static const int numbers[] = { LDAP_CA_FD, LDAP_CERT_FD, LDAP_KEY_FD };
	int null = open("/dev/null", O_WRONLY), from[3];

	if (null < 0 || !move_up(&commands) || !move_up(&feed) || !move_up(&null))
		return false;
	for (size_t i = 0; i < 3; i++) {
		from[i] = lent->fd[i];
		if (from[i] >= 0 && !move_up(&from[i]))
			return false;
	}
	for (size_t i = 0; i < 3; i++)
		if (from[i] >= 0 ? dup2(from[i], numbers[i]) < 0 : (close(numbers[i]) != 0 && errno != EBADF))
			return false;
	return dup2(commands, STDIN_FILENO) >= 0 && dup2(feed, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0;
}

static _Noreturn void
become_network_half(const struct fetchcage *cage, int commands, int feed, const struct lent *lent)
{
	char *const arguments[] = { (char *)(uintptr_t)"jpki_ldap", NULL }, *const environment[] = { NULL };
	int landlock;

	if (arrange(commands, feed, lent) && fetchcage_enter(cage, &landlock))
		(void)execve(NETWORK_HALF, arguments, environment);
	_exit(NOT_STARTED);
}

static bool
start_with(const struct tool *t, struct fleet_half *h, const struct confine_user *user, const struct lent *lent)
{
	struct fetchcage cage = { .program = NETWORK_HALF, .user = user, .last = LDAP_LAST_FD, .data_max = DATA_MAX,
		.cpu_max = RLIM_INFINITY, .parent = getpid() };
	int commands[2] = { -1, -1 }, feed[2] = { -1, -1 };

	if (pipe2(commands, O_CLOEXEC) != 0 || pipe2(feed, O_CLOEXEC) != 0) {
		closep(&commands[0]);
		closep(&commands[1]);
		return false;
	}
	h->commands = commands[1];
	h->feed = feed[0];
	h->pid = fork();
	if (h->pid == 0)
		become_network_half(&cage, commands[0], feed[1], lent);
	closep(&commands[0]);
	closep(&feed[1]);
	/* It must not stop this process by leaving its commands unread. */
	return h->pid > 0 && put_request(t, h) && fcntl(h->commands, F_SETFL, O_NONBLOCK) == 0;
}

bool
fleet_start(struct tool *t, const char *last, struct fleet_half *ret)
{
	struct confine_user user;
	_cleanup_(lent_done) struct lent lent = { .fd = { -1, -1, -1 } };

	*ret = (struct fleet_half){ .pid = -1, .commands = -1, .feed = -1 };
	if (!is_configured(t) || !split_servers(t, last, ret) || !find_user(t, &user) || !lend_files(t, &user, &lent))
		return false;
	(void)fflush(NULL);
	if (start_with(t, ret, &user, &lent))
		return true;
	tool_complain(t, "%s: %s", NETWORK_HALF, strerror(errno));
	return false;
}

/* --- what is given up ---------------------------------------------------------------------------- */

/* System calls that make a socket, start a program, or get around this list. */
static const int deadly[] = {
	SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(io_uring_setup), SCMP_SYS(bpf), SCMP_SYS(mount), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(open_by_handle_at), SCMP_SYS(perf_event_open),
};

static bool
add_deadly(scmp_filter_ctx filter)
{
	return callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof deadly[0]);
}

bool
fleet_seal(const struct tool *t)
{
	if (!callfilter_in_kernel()) {
		tool_complain(t, "%s", _("this kernel has no seccomp: the process that writes the copy keeps its right to sockets"));
		return true;
	}
	if (callfilter_load(SCMP_ACT_ALLOW, add_deadly))
		return true;
	tool_complain(t, "%s", _("the kernel refuses the system call filter of the process that writes the copy"));
	return false;
}

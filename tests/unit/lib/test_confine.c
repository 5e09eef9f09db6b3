/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/confine: what is left of a process that has given itself up. Each in a process of its own. */
#include "config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/confine.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define FD 10		/* stays open in confine_detach() */

static const char *dir, *readable, *elsewhere;	/* readable is in dir, elsewhere is not */
static int landlock;				/* what this kernel has */

/* Whether `deed` goes well in a child. */
static bool
goes_well(bool (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(deed() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct test_case {
	const char *name;
	bool (*deed)(void);
};

static void
all_go_well(const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!goes_well(cases[i].deed))
			fail_msg("%s", cases[i].name);
}

/* --- confine_memory ------------------------------------------------------------- */

static bool
memory_is_private(void)
{
	struct rlimit some = { 4096, 4096 }, core;
	pid_t session = getsid(0);

	/* Under sudo the limit is 0 already, and root without CAP_SYS_RESOURCE cannot raise it. */
	if (setrlimit(RLIMIT_CORE, &some) != 0 && (getrlimit(RLIMIT_CORE, &some) != 0 || some.rlim_max >= 4096))
		return false;
	return prctl(PR_SET_DUMPABLE, 1) == 0 && confine_memory() &&
	    getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 &&
	    prctl(PR_GET_DUMPABLE) == 0 && getsid(0) == session;
}

/* If the caller has set it already, that is no failure. */
static bool
memory_twice(void)
{
	bool once = confine_memory();

	return once && confine_memory();
}

static void
memory_becomes_private(void **state)
{
	assert_true(goes_well(memory_is_private));
	assert_true(goes_well(memory_twice));
}

/* --- confine_detach ------------------------------------------------------------- */

static bool
is_null(int fd)
{
	struct stat st, null;

	return fstat(fd, &st) == 0 && stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev &&
	    fcntl(fd, F_GETFD) == 0;
}

/* The terminal of a new session is the streams' and descriptor FD's. */
static bool
take_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (setsid() < 0 || master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return false;
	slave = open(ptsname(master), O_RDWR);
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			return false;
	return slave >= 0 && dup2(slave, FD) >= 0 && isatty(0);
}

static bool
has_no_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR);

	return fd < 0 && errno == ENXIO && is_null(0) && is_null(1) && is_null(2);
}

static bool
detach_leaves_all(void)
{
	static const struct confine_detach all = { .close_from = 3 };
	static const struct confine_limit limits[] = { { RLIMIT_NOFILE, 9 }, { RLIMIT_FSIZE, 0 } };
	struct confine_detach d = all;
	struct rlimit files, size, core;

	d.limits = limits;
	d.limit_count = COUNT(limits);
	return confine_detach(&d) && has_no_terminal() && getsid(0) == getpid() && close(FD) < 0 &&
	    strcmp(get_current_dir_name(), "/") == 0 && umask(0) == 077 &&
	    getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == 9 && files.rlim_max == 9 &&
	    getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_max == 0 &&
	    getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 &&
	    prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool
terminal_is_left(void)
{
	return take_terminal() && goes_well(detach_leaves_all);
}

/* TIOCSTI in the terminal that it has left; the descriptor to it was kept by mistake. */
static bool
detach_and_type(void)
{
	static const struct confine_detach d = { .close_from = FD + 1 };
	static const struct confinement c = { .paths = NULL };
	int abi;

	return confine_detach(&d) && isatty(FD) && confine(&c, &abi) && ioctl(FD, TIOCSTI, "x") < 0;
}

static bool
left_terminal_is_not_typed_into(void)
{
	return take_terminal() && goes_well(detach_and_type);
}

static bool
detach_with_terminal_kept(void)
{
	static const struct confine_detach d = { .streams = CONFINE_STDERR, .close_from = 3 };

	return !confine_detach(&d) && errno == EINVAL;
}

static bool
terminal_is_not_kept(void)
{
	return take_terminal() && goes_well(detach_with_terminal_kept);
}

static bool
session_leader_keeps_no_terminal(void)
{
	static const struct confine_detach d = { .close_from = 3 };

	return take_terminal() && !confine_detach(&d) && errno == EPERM;
}

static bool
session_leader_without_terminal(void)
{
	static const struct confine_detach d = { .close_from = 3 };

	return setsid() >= 0 && confine_detach(&d) && has_no_terminal();
}

static bool
group_leader_is_refused(void)
{
	static const struct confine_detach d = { .close_from = 3 };

	return setpgid(0, 0) == 0 && !confine_detach(&d) && errno == EPERM;
}

static bool
pipes_are_kept(void)
{
	static const struct confine_detach d = { .streams = CONFINE_STDOUT, .close_from = FD + 1 };
	int ends[2];
	char byte;

	return pipe(ends) == 0 && dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[0], FD) >= 0 &&
	    dup2(ends[0], FD + 1) >= 0 && confine_detach(&d) && write(STDOUT_FILENO, "x", 1) == 1 &&
	    read(FD, &byte, 1) == 1 && is_null(STDIN_FILENO) && is_null(STDERR_FILENO) && close(FD + 1) < 0;
}

static bool
closed_streams_become_null(void)
{
	static const struct confine_detach d = { .streams = CONFINE_STDIN, .close_from = 0 };

	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	return confine_detach(&d) && is_null(0) && is_null(1) && is_null(2) && close(3) < 0;
}

static bool
limits_are_never_raised(void)
{
	static const struct confine_limit limit = { RLIMIT_NOFILE, 40 };
	static const struct confine_detach d = { .close_from = 3, .limits = &limit, .limit_count = 1 };
	struct rlimit low = { 20, 30 };

	return setrlimit(RLIMIT_NOFILE, &low) == 0 && confine_detach(&d) &&
	    getrlimit(RLIMIT_NOFILE, &low) == 0 && low.rlim_cur == 20 && low.rlim_max == 30;
}

static bool
unknown_limit_is_refused(void)
{
	static const struct confine_limit limit = { RLIM_NLIMITS, 0 };
	static const struct confine_detach d = { .close_from = 3, .limits = &limit, .limit_count = 1 };

	return !confine_detach(&d);
}

static void
process_leaves_its_terminal(void **state)
{
	static const struct test_case cases[] = {
		{ "a terminal is left", terminal_is_left },
		{ "a terminal that was left is not typed into", left_terminal_is_not_typed_into },
		{ "a terminal is not kept", terminal_is_not_kept },
		{ "the leader of a session with a terminal", session_leader_keeps_no_terminal },
		{ "the leader of a session without one", session_leader_without_terminal },
		{ "the leader of a process group", group_leader_is_refused },
		{ "pipes are kept", pipes_are_kept },
		{ "closed streams become /dev/null", closed_streams_become_null },
		{ "limits are never raised", limits_are_never_raised },
		{ "an unknown limit is refused", unknown_limit_is_refused },
	};

	all_go_well(cases, COUNT(cases));
}

/* --- the user ------------------------------------------------------------------- */

static void
finding_users(void **state)
{
	struct confine_user user = { .uid = 77 };

	assert_int_equal(confine_find_user("no-such-user", &user), CONFINE_ABSENT);
	assert_int_equal(confine_find_user("", &user), CONFINE_ABSENT);
	assert_int_equal(confine_find_user("a-name-that-is-longer-than-any-user-may-have", &user), CONFINE_ABSENT);
	assert_int_equal(confine_find_user("root", &user), CONFINE_IS_ROOT);
	assert_int_equal(user.uid, 77);
	assert_int_equal(confine_find_user("nobody", &user), CONFINE_FOUND);
	assert_int_equal(user.uid, getpwnam("nobody")->pw_uid);
	assert_int_equal(user.gid, getpwnam("nobody")->pw_gid);
	assert_string_equal(user.name, "nobody");
}

static bool
has_no_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, has) != 0)
		return false;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (has[i].effective != 0 || has[i].permitted != 0 || has[i].inheritable != 0)
			return false;
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) != 0 ||
		    (geteuid() == 0 && prctl(PR_CAPBSET_READ, i) != 0))
			return false;
	return true;
}

static bool
becomes_another(void)
{
	static const struct confine_path all = { "/", CONFINE_READ | CONFINE_LIST };
	struct confine_user nobody;
	struct confinement c = { .user = &nobody, .paths = &all, .path_count = 1 };
	uid_t r, e, s;
	int abi, groups;

	if (setgroups(1, &(gid_t){ 0 }) != 0 || confine_find_user("nobody", &nobody) != CONFINE_FOUND ||
	    !confine(&c, &abi))
		return false;
	groups = getgroups(1, &(gid_t){ 0 });
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (prctl(PR_CAPBSET_READ, i) != 0)
			return false;
	return getresuid(&r, &e, &s) == 0 && r == nobody.uid && e == r && s == r &&
	    getegid() == nobody.gid && groups == 1 && setuid(0) < 0 && setgid(0) < 0 &&
	    prctl(PR_GET_DUMPABLE) == 0 && has_no_capability() && open("/etc/shadow", O_RDONLY) < 0;
}

/* Its files it may still read, those of others it may not: that needs CAP_DAC_OVERRIDE. */
static bool
stays_root_without_power(void)
{
	static const struct confine_path all = { "/", CONFINE_READ | CONFINE_LIST };
	static const struct confinement c = { .paths = &all, .path_count = 1 };
	int abi;

	return chmod(readable, 0600) == 0 && chmod(elsewhere, 0600) == 0 && chown(elsewhere, 1, 1) == 0 &&
	    confine(&c, &abi) && geteuid() == 0 && has_no_capability() &&
	    open(readable, O_RDONLY) >= 0 && open(elsewhere, O_RDONLY) < 0 && errno == EACCES &&
	    setuid(1) < 0 && kill(1, 0) < 0;
}

/* As in a service that systemd starts with a short CapabilityBoundingSet. */
static bool
cannot_become_another(void)
{
	static const struct confinement stay = { .paths = NULL };
	struct confine_user nobody;
	struct confinement c = { .user = &nobody };
	int abi;

	return confine_find_user("nobody", &nobody) == CONFINE_FOUND && confine(&stay, &abi) &&
	    !confine(&c, &abi) && errno == EPERM && confine(&stay, &abi) && geteuid() == 0;
}

static bool
others_stay_who_they_are(void)
{
	struct confine_user nobody;
	struct confinement c = { .user = &nobody };
	int abi;

	if (confine_find_user("nobody", &nobody) != CONFINE_FOUND || (geteuid() == 0 && setuid(1) != 0))
		return false;
	return confine(&c, &abi) && geteuid() != nobody.uid && has_no_capability();
}

static void
root_becomes_another_user(void **state)
{
	static const struct test_case for_root[] = {
		{ "becomes another user", becomes_another },
		{ "stays root without power", stays_root_without_power },
		{ "cannot become another", cannot_become_another },
	};

	assert_true(goes_well(others_stay_who_they_are));
	if (geteuid() != 0)
		skip();
	all_go_well(for_root, COUNT(for_root));
}

/* --- files and network ---------------------------------------------------------- */

static bool
enter(const struct confine_path *paths, size_t count, bool connects)
{
	const struct confinement c = { .paths = paths, .path_count = count, .connects = connects };
	int abi = -1;

	return confine(&c, &abi) && abi == landlock;
}

static bool
is_refused(const char *path, int flags)
{
	return open(path, flags, 0600) < 0 && errno == EACCES;
}

static bool
reads_the_named_only(void)
{
	char mem[64], beside[4096];
	const struct confine_path paths[] = {
		{ "/nonexistent/path", CONFINE_READ | CONFINE_LIST },
		{ readable, CONFINE_READ },
		{ "/usr/lib", CONFINE_READ },
	};

	snprintf(mem, sizeof mem, "/proc/%d/mem", getppid());
	snprintf(beside, sizeof beside, "%s/new", dir);
	return enter(paths, COUNT(paths), false) && open(readable, O_RDONLY) >= 0 &&
	    open("/usr/lib/os-release", O_RDONLY) >= 0 && opendir("/usr/lib") == NULL &&
	    is_refused(elsewhere, O_RDONLY) && is_refused(dir, O_RDONLY | O_DIRECTORY) &&
	    is_refused(readable, O_WRONLY) && is_refused(readable, O_RDONLY | O_TRUNC) &&
	    is_refused(beside, O_RDONLY | O_CREAT) && is_refused("/etc/passwd", O_RDONLY) &&
	    is_refused("/dev/null", O_RDONLY) && is_refused("/dev/tty", O_RDONLY) &&
	    is_refused("/proc/self/status", O_RDONLY) && open(mem, O_RDONLY) < 0 &&
	    unlink(readable) < 0 && errno == EACCES && opendir("/") == NULL;
}

static bool
lists_without_reading(void)
{
	const struct confine_path path = { dir, CONFINE_LIST };

	return enter(&path, 1, false) && opendir(dir) != NULL && is_refused(readable, O_RDONLY);
}

static bool
executes_nothing(void)
{
	static const struct confine_path path = { "/", CONFINE_READ | CONFINE_LIST };
	static char name[] = "true";
	char *argv[] = { name, NULL };

	return enter(&path, 1, false) && execv("/bin/true", argv) < 0 && errno == EACCES;
}

static bool
executes_if_it_may(void)
{
	static const struct confine_path path = { "/", CONFINE_READ | CONFINE_EXECUTE };
	static char name[] = "true";
	char *argv[] = { name, NULL };

	return enter(&path, 1, false) && execv("/bin/true", argv) == 0;
}

static void
only_named_files_can_be_read(void **state)
{
	static const struct test_case cases[] = {
		{ "reads what is named", reads_the_named_only },
		{ "lists without reading", lists_without_reading },
		{ "executes nothing", executes_nothing },
		{ "executes if it may", executes_if_it_may },
	};

	if (landlock == 0)
		skip();
	all_go_well(cases, COUNT(cases));
}

/* The error of a connection to this machine's port 1, or of a server there. */
static int
tcp_errno(int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return call(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
}

static bool
no_network(void)
{
	return enter(NULL, 0, false) && tcp_errno(connect) == EACCES && tcp_errno(bind) == EACCES;
}

static bool
client_only(void)
{
	return enter(NULL, 0, true) && tcp_errno(connect) != EACCES && tcp_errno(bind) == EACCES;
}

static bool
no_signals(void)
{
	return enter(NULL, 0, false) && kill(getppid(), 0) < 0 && errno == EPERM;
}

/* The parent listens. */
static bool
no_abstract_sockets(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0jpki-test-confine" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return enter(NULL, 0, false) && connect(fd, (const struct sockaddr *)&at, sizeof at) < 0 &&
	    errno == EPERM;
}

static void
network_and_signals(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0jpki-test-confine" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (landlock < 4)
		skip();
	assert_true(goes_well(no_network));
	assert_true(goes_well(client_only));
	if (landlock < 6)
		skip();
	assert_true(goes_well(no_signals));
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_true(goes_well(no_abstract_sockets));
	(void)close(fd);
}

/* --- kernels that have less ------------------------------------------------------- */

/* As a kernel without Landlock (ENOSYS), one that does not use it (EOPNOTSUPP), a container (EPERM). */
static bool
goes_on_without(int error)
{
	static const struct confinement c = { .paths = NULL };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int abi = -1;

	return filter != NULL && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), SYS_landlock_create_ruleset, 0) == 0 &&
	    seccomp_load(filter) == 0 && confine(&c, &abi) && abi == 0 && has_no_capability() &&
	    open(readable, O_RDONLY) >= 0;
}

static bool
kernel_without(void)
{
	return goes_on_without(ENOSYS);
}

static bool
kernel_that_does_not_use_it(void)
{
	return goes_on_without(EOPNOTSUPP);
}

static bool
container_that_forbids_it(void)
{
	return goes_on_without(EPERM);
}

/* The kernel has Landlock, and refuses our rules: that is no reason to go on. */
static bool
rules_are_refused(void)
{
	static const struct confinement c = { .paths = NULL };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int abi;

	return filter != NULL && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SYS_landlock_restrict_self, 0) == 0 &&
	    seccomp_load(filter) == 0 && !confine(&c, &abi);
}

static void
lesser_kernels(void **state)
{
	static const struct test_case cases[] = {
		{ "no Landlock", kernel_without },
		{ "Landlock that is switched off", kernel_that_does_not_use_it },
		{ "Landlock that is forbidden", container_that_forbids_it },
	};

	all_go_well(cases, COUNT(cases));
	if (landlock > 0)
		assert_true(goes_well(rules_are_refused));
}

static void
gaps_are_logged(void **state)
{
	struct capture log;

	capture_start(&log);
	confine_log_gaps(&log.log, "jpki_helper", 6);
	assert_int_equal(log.lines, 0);
	confine_log_gaps(&log.log, "jpki_helper", 0);
	assert_int_equal(log.lines, 1);
	assert_int_equal(log.priority, LOG_WARNING);
	assert_non_null(strstr(log.text, "no Landlock"));
	assert_non_null(strstr(log.text, "jpki_helper"));
	confine_log_gaps(&log.log, "jpki_helper", 5);
	assert_int_equal(log.priority, LOG_DEBUG);
	assert_null(strstr(log.text, "TCP"));
	confine_log_gaps(&log.log, "jpki_helper", 3);
	assert_int_equal(log.priority, LOG_DEBUG);
	assert_non_null(strstr(log.text, "TCP"));
	assert_int_equal(log.lines, 3);
}

/* --- the parent ------------------------------------------------------------------- */

static bool
parent_has_gone(void)
{
	const struct confinement c = { .parent = getpid() };	/* not the parent's */
	int abi;

	return !confine(&c, &abi) && errno == ESRCH;
}

/* A child whose own child keeps a pipe open, and ends: is the pipe closed as well? */
static bool
child_ends_with(pid_t (*bound_to)(void), bool as_nobody)
{
	int ends[2];
	struct pollfd end;
	char byte;
	pid_t pid;

	if (pipe(ends) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		struct confine_user nobody;
		struct confinement c = { .parent = bound_to(), .user = as_nobody ? &nobody : NULL };
		int abi;

		if (confine_find_user("nobody", &nobody) != CONFINE_FOUND || fork() != 0) {
			(void)poll(NULL, 0, 300);
			_exit(0);
		}
		if (!confine(&c, &abi) || write(ends[1], "x", 1) != 1)
			_exit(1);
		(void)poll(NULL, 0, 3000);
		_exit(0);
	}
	(void)close(ends[1]);
	if (pid < 0 || read(ends[0], &byte, 1) != 1 || waitpid(pid, NULL, 0) != pid)
		return false;
	end = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	return poll(&end, 1, 1500) == 1;
}

static pid_t
nothing(void)
{
	return 0;
}

static void
child_ends_with_its_parent(void **state)
{
	assert_true(goes_well(parent_has_gone));
	assert_true(child_ends_with(getpid, false));
	assert_false(child_ends_with(nothing, false));
	if (geteuid() == 0)
		assert_true(child_ends_with(getpid, true));
}

static int
prepare(void **state)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	landlock = abi > 0 ? (int)abi : 0;
	if (scratch_setup(state) != 0)
		return -1;
	dir = scratch_mkdir("dir", 0755);
	readable = scratch_file("dir/readable", "text", 4);
	elsewhere = scratch_file("elsewhere", "text", 4);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_becomes_private),
		cmocka_unit_test(process_leaves_its_terminal),
		cmocka_unit_test(finding_users),
		cmocka_unit_test(root_becomes_another_user),
		cmocka_unit_test(only_named_files_can_be_read),
		cmocka_unit_test(network_and_signals),
		cmocka_unit_test(lesser_kernels),
		cmocka_unit_test(gaps_are_logged),
		cmocka_unit_test(child_ends_with_its_parent),
	};

	return cmocka_run_group_tests(tests, prepare, scratch_teardown);
}

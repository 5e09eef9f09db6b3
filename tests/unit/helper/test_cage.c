/* SPDX-License-Identifier: BSD-2-Clause */
/* helper/cage, helper/reach: what the process may still do, and what ends it. Each in a process of its own. */
#include "config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "helper/cage.h"
#include "helper/proto.h"
#include "helper/reach.h"
#include "lib/confine.h"
#include "lib/safefile.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static struct conf conf;	/* of the login */
static const struct log no_log;
static const char *readable;	/* a file with "text" in it, of those that a login reads */
static const char *registered;	/* likewise, in the copy of a directory */
static const char *elsewhere;	/* one that it does not read */
static const char *private_key, *public_key, *sshd_config;	/* in the directory of host keys */
static int at_hand = PROTO_FD;	/* a descriptor opened before */
static bool has_landlock;

enum depth { OUTSIDE, ENTERED, SEALED };

/* The signal that killed the process in which this was done, or 0 if it says that it went well. */
static int
signal_of(enum depth depth, bool (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct outcome o = outcome_of(OUTCOME_OK);

		(void)signal(SIGSYS, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		if (!cage_prepare())
			_exit(3);
		if (depth >= ENTERED)
			o = cage_enter(&conf, false, &no_log);
		if (depth >= SEALED && outcome_ok(&o))
			o = cage_seal(&no_log);
		_exit(!outcome_ok(&o) ? 2 : deed() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	if (WEXITSTATUS(status) != 0)
		fail_msg("exit status %d", WEXITSTATUS(status));
	return 0;
}

/* --- what must go on ---------------------------------------------------------- */

static bool
reads_a_file(void)
{
	int fd = open(readable, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[8] = "";
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) != 0 || read(fd, text, sizeof text) != 4)
		return false;
	map = mmap(NULL, 4, PROT_READ, MAP_PRIVATE, fd, 0);
	return map != MAP_FAILED && memcmp(map, "text", 4) == 0 && close(fd) == 0;
}

static bool
writes_to_what_is_open(void)
{
	return write(at_hand, "x", 1) == 1;
}

static bool
opens_a_local_socket(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/nonexistent/socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 && errno == ENOENT;
}

static bool
makes_a_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool
connects(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/nonexistent/socket" };

	return connect(at_hand, (const struct sockaddr *)&to, sizeof to) < 0 && errno == ENOTSOCK;
}

static bool
takes_memory_and_time(void)
{
	struct timespec ts = { .tv_nsec = 1 };
	char *p = malloc(1 << 20);

	if (p == NULL)
		return false;
	memset(p, 1, 1 << 20);
	free(p);
	return nanosleep(&ts, NULL) == 0 && clock_gettime(CLOCK_MONOTONIC, &ts) == 0;
}

static bool
asks_for_what_is_unknown(void)
{
	return syscall(SYS_personality, 0xffffffff) < 0 && errno == ENOSYS;
}

static bool
makes_memory_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* glibc tries that on some machines, and can do without. */
	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EACCES;
}

static bool
raises_a_limit(void)
{
	struct rlimit more = { .rlim_cur = 1, .rlim_max = 1 };

	return setrlimit(RLIMIT_CORE, &more) < 0 && getrlimit(RLIMIT_CORE, &more) == 0 &&
	    more.rlim_cur == 0 && more.rlim_max == 0;
}

static bool
starts_a_thread_or_process(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0 && errno == ENOSYS;
}

/* As sqlite, fdopen(3) and libpcsclite do. */
static bool
handles_a_descriptor(void)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(readable, O_RDONLY | O_CLOEXEC), copy = fcntl(fd, F_DUPFD_CLOEXEC, 20);

	return copy >= 20 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_SETFD, 0) == 0 &&
	    fcntl(fd, F_GETFL) >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETLK, &lock) == 0 &&
	    fcntl(fd, F_GETLK, &lock) == 0;
}

static bool
asks_for_an_unknown_descriptor_command(void)
{
	return fcntl(at_hand, F_SETPIPE_SZ, 4096) < 0 && errno == ENOSYS && fcntl(at_hand, F_GETSIG) < 0 &&
	    errno == ENOSYS;
}

static bool
asks_a_device(void)
{
	return syscall(SYS_ioctl, at_hand, FIOASYNC, &(int){ 1 }) < 0 && errno == ENOSYS;
}

static void
what_a_login_needs_is_allowed(void **state)
{
	static bool (*const deeds[])(void) = { reads_a_file, writes_to_what_is_open, takes_memory_and_time,
		asks_for_what_is_unknown, makes_memory_executable, raises_a_limit, starts_a_thread_or_process,
		handles_a_descriptor, asks_for_an_unknown_descriptor_command, asks_a_device };

	for (size_t i = 0; i < COUNT(deeds); i++) {
		assert_int_equal(signal_of(ENTERED, deeds[i]), 0);
		assert_int_equal(signal_of(SEALED, deeds[i]), 0);
	}
	assert_int_equal(signal_of(ENTERED, opens_a_local_socket), 0);
	assert_int_equal(signal_of(ENTERED, connects), 0);
}

static bool
aborts(void)
{
	abort();
}

/* As it would without the cage: what failed is to be seen. */
static void
an_abort_is_an_abort(void **state)
{
	assert_int_equal(signal_of(SEALED, aborts), SIGABRT);
}

/* --- what must not -------------------------------------------------------------- */

static bool
executes(void)
{
	static char name[] = "true";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };

	return execve("/bin/true", argv, envp) == 0;
}

static bool
executes_a_descriptor(void)
{
	static char name[] = "true";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };

	return syscall(SYS_execveat, at_hand, "", argv, envp, AT_EMPTY_PATH) == 0;
}

static bool
goes_online(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
goes_online_by_six(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0) >= 0;
}

static bool
asks_the_kernel(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool
listens(void)
{
	return listen(at_hand, 1) == 0;
}

static bool
opens_to_write(void)
{
	return open(readable, O_WRONLY | O_CLOEXEC) >= 0;
}

static bool
opens_to_read_and_write(void)
{
	return open(readable, O_RDWR | O_CLOEXEC) >= 0;
}

static bool
opens_a_new_one(void)
{
	return open("/tmp/jpki-cage-must-not-be", O_RDONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}

static bool
opens_and_cuts(void)
{
	return open(readable, O_RDONLY | O_TRUNC | O_CLOEXEC) >= 0;
}

static bool
opens_at_to_write(void)
{
	return syscall(SYS_openat, AT_FDCWD, readable, O_WRONLY) >= 0;
}

static bool
removes(void)
{
	return unlink(readable) == 0;
}

static bool
renames(void)
{
	return rename(readable, readable) == 0;
}

static bool
changes_the_mode(void)
{
	return chmod(readable, 0600) == 0;
}

static bool
signals_its_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
signals_a_thread_of_its_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool
kills_itself(void)
{
	return raise(SIGKILL) == 0;
}

static bool
traces_its_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool
maps_to_write_and_execute(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED;
}

static bool
owns_a_descriptor(void)
{
	return fcntl(at_hand, F_SETOWN, getppid()) == 0;
}

static bool
owns_a_descriptor_as_a_group(void)
{
	struct f_owner_ex owner = { F_OWNER_PGRP, getppid() };

	return fcntl(at_hand, F_SETOWN_EX, &owner) == 0;
}

static bool
chooses_the_signal(void)
{
	return fcntl(at_hand, F_SETSIG, SIGKILL) == 0;
}

static bool
wants_signals(void)
{
	return fcntl(at_hand, F_SETFL, O_RDWR | O_ASYNC) == 0;
}

static bool
leases(void)
{
	return fcntl(at_hand, F_SETLEASE, F_RDLCK) == 0;
}

static bool
watches_a_directory(void)
{
	return fcntl(at_hand, F_NOTIFY, DN_ACCESS) == 0;
}

static bool
becomes_root(void)
{
	return setuid(0) == 0;
}

static const struct deed {
	const char *name;
	bool (*deed)(void);
	enum depth from;	/* on which it is deadly */
} deadly[] = {
	{ "execve", executes, ENTERED },
	{ "execveat", executes_a_descriptor, ENTERED },
	{ "socket AF_INET", goes_online, ENTERED },
	{ "socket AF_INET6", goes_online_by_six, ENTERED },
	{ "socket AF_NETLINK", asks_the_kernel, ENTERED },
	{ "listen", listens, ENTERED },
	{ "open O_WRONLY", opens_to_write, ENTERED },
	{ "open O_RDWR", opens_to_read_and_write, ENTERED },
	{ "open O_CREAT", opens_a_new_one, ENTERED },
	{ "open O_TRUNC", opens_and_cuts, ENTERED },
	{ "openat O_WRONLY", opens_at_to_write, ENTERED },
	{ "unlink", removes, ENTERED },
	{ "rename", renames, ENTERED },
	{ "chmod", changes_the_mode, ENTERED },
	{ "kill", signals_its_parent, ENTERED },
	{ "tgkill", signals_a_thread_of_its_parent, ENTERED },
	{ "tgkill SIGKILL", kills_itself, ENTERED },
	{ "F_SETOWN", owns_a_descriptor, ENTERED },
	{ "F_SETOWN_EX", owns_a_descriptor_as_a_group, ENTERED },
	{ "F_SETSIG", chooses_the_signal, ENTERED },
	{ "F_SETFL O_ASYNC", wants_signals, ENTERED },
	{ "F_SETLEASE", leases, ENTERED },
	{ "F_NOTIFY", watches_a_directory, ENTERED },
	{ "ptrace", traces_its_parent, ENTERED },
	{ "mmap W+X", maps_to_write_and_execute, ENTERED },
	{ "setuid", becomes_root, ENTERED },
	{ "socket AF_UNIX", makes_a_local_socket, SEALED },
	{ "connect", connects, SEALED },
};

static void
forbidden_calls_kill(void **state)
{
	for (size_t i = 0; i < COUNT(deadly); i++)
		for (enum depth depth = deadly[i].from; depth <= SEALED; depth++) {
			int sig = signal_of(depth, deadly[i].deed);

			if (sig != SIGSYS)
				fail_msg("%s, depth %d: signal %d", deadly[i].name, (int)depth, sig);
		}
}

/* --- limits and identity ------------------------------------------------------------ */

static bool
is_limited(void)
{
	static const int none[] = { RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC };
	struct rlimit l;

	for (size_t i = 0; i < COUNT(none); i++)
		if (getrlimit(none[i], &l) != 0 || l.rlim_cur != 0 || l.rlim_max != 0)
			return false;
	return prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	    getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max <= 64 &&
	    getrlimit(RLIMIT_CPU, &l) == 0 && l.rlim_max <= 60 &&
	    getrlimit(RLIMIT_DATA, &l) == 0 && l.rlim_max <= (rlim_t)1 << 30;
}

static void
resources_are_limited(void **state)
{
	assert_int_equal(signal_of(OUTSIDE, is_limited), 0);
}

static bool as_package;	/* the package's user is there: it is nobody */

enum confine_find __wrap_confine_find_user(const char *name, struct confine_user *ret_user);
enum confine_find __real_confine_find_user(const char *name, struct confine_user *ret_user);

enum confine_find
__wrap_confine_find_user(const char *name, struct confine_user *ret_user)
{
	return __real_confine_find_user(as_package && strcmp(name, HELPER_USER) == 0 ? "nobody" : name, ret_user);
}

/* What a helper that was entered with this user says in its log, and whether it could. */
static bool
enters(const char *user, const struct log *log)
{
	struct outcome o;

	snprintf(conf.helper_user, sizeof conf.helper_user, "%s", user);
	o = cage_enter(&conf, false, log);
	return outcome_ok(&o);
}

static bool
is_refused_as(enum outcome_status status, const char *user, const char *why)
{
	struct capture log;
	struct outcome o;

	capture_start(&log);
	snprintf(conf.helper_user, sizeof conf.helper_user, "%s", user);
	o = cage_enter(&conf, false, &log.log);
	return o.status == status && geteuid() == 0 && strstr(log.text, why) != NULL;
}

static bool
becomes_nobody(void)
{
	const struct passwd *pw = getpwnam("nobody");
	uid_t uid = pw->pw_uid;
	gid_t gid = pw->pw_gid;

	return enters("nobody", &no_log) && getuid() == uid && geteuid() == uid && getegid() == gid &&
	    open("/etc/shadow", O_RDONLY) < 0;
}

static bool
finds_no_user_of_that_name(void)
{
	return is_refused_as(OUTCOME_CONFIG, "no-such-user", "helper_user = no-such-user: no such user");
}

static bool
does_not_stay_root(void)
{
	return is_refused_as(OUTCOME_CONFIG, "root", "helper_user = root: that is root");
}

static bool
stays_who_it_is(void)
{
	return (geteuid() != 0 || setuid(1) == 0) && enters("no-such-user", &no_log);
}

/* The user of the package where there is one; else root, and a line says why. */
static bool
chooses_by_itself(void)
{
	const struct passwd *pw = getpwnam(HELPER_USER);
	uid_t wanted = pw != NULL ? pw->pw_uid : 0;
	struct capture log;

	capture_start(&log);
	if (!enters(CONF_USER_AUTO, &log.log) || geteuid() != wanted)
		return false;
	return wanted != 0 || (log.lines == 1 && log.priority == LOG_NOTICE &&
	    strstr(log.text, "stays root") != NULL && strstr(log.text, HELPER_USER ": no such user") != NULL);
}

static bool
stays_root_if_it_shall(void)
{
	struct capture log;

	capture_start(&log);
	return enters("", &log.log) && geteuid() == 0 && log.lines == 0 &&
	    (!has_landlock || (open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES));
}

/* As in a service that systemd starts with a short CapabilityBoundingSet. */
static bool
drop_setuid(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, caps) != 0)
		return false;
	caps[0].effective &= ~(1U << CAP_SETUID);
	caps[0].permitted &= ~(1U << CAP_SETUID);
	caps[0].inheritable = caps[1].inheritable = 0;
	return syscall(SYS_capset, &header, caps) == 0;
}

static bool
cannot_become_the_one_that_is_named(void)
{
	return drop_setuid() && is_refused_as(OUTCOME_INTERNAL, "nobody", "");
}

static bool
becomes_its_own(void)
{
	uid_t uid = getpwnam("nobody")->pw_uid;
	struct capture log;

	capture_start(&log);
	as_package = true;
	return enters(CONF_USER_AUTO, &log.log) && geteuid() == uid && log.lines == 0;
}

static bool
cannot_become_its_own(void)
{
	struct capture log;

	capture_start(&log);
	as_package = true;
	return drop_setuid() && enters(CONF_USER_AUTO, &log.log) && geteuid() == 0 && log.lines == 1 &&
	    strstr(log.text, "stays root") != NULL && strstr(log.text, strerror(EPERM)) != NULL;
}

static void
root_becomes_the_helper_s_user(void **state)
{
	static bool (*const as_root[])(void) = { becomes_nobody, finds_no_user_of_that_name, does_not_stay_root,
		chooses_by_itself, stays_root_if_it_shall, cannot_become_the_one_that_is_named,
		becomes_its_own, cannot_become_its_own };

	assert_int_equal(signal_of(OUTSIDE, stays_who_it_is), 0);
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(as_root); i++)
		assert_int_equal(signal_of(OUTSIDE, as_root[i]), 0);
}

/* --- files ---------------------------------------------------------------------------- */

static bool
is_out_of_reach(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 && (errno == EACCES || errno == ENOENT);
}

static bool
reads_what_a_login_reads(void)
{
	static const char *const out[] = { "/etc/shadow", "/etc/passwd", "/etc/ssh/ssh_host_ed25519_key", "/",
		"/home", "/root", "/tmp", "/var/tmp", "/proc/self/mem", "/proc/self/environ", "/proc/self/maps",
		"/proc/1/cmdline", "/proc/1/mem", "/dev", "/dev/null", "/dev/tty", "/dev/ptmx", "/dev/pts",
		"/dev/input", "/dev/mem", "/dev/watchdog", "/sys", "/run", "/usr/bin/true", "/boot" };

	for (size_t i = 0; i < COUNT(out); i++)
		if (!is_out_of_reach(out[i]))
			return false;
	return is_out_of_reach(elsewhere) && open(readable, O_RDONLY) >= 0 && open(conf.block_list, O_RDONLY) >= 0 &&
	    opendir(conf.users_dir) != NULL && opendir(conf.fleet_dir) != NULL && open(registered, O_RDONLY) >= 0 && open("/dev/urandom", O_RDONLY) >= 0 &&
	    open("/etc/ld.so.cache", O_RDONLY) >= 0;
}

/* As the helper does, with the directories on the way kept open: in both readings, and what is new between them. */
static bool
reads_by_kept_directories(void)
{
	safefile_keep_directories();
	for (int i = 0; i < 2; i++) {
		char *text = NULL;
		size_t len = 0;
		struct stat st;
		int dir = -1;

		if (safefile_find_dir(conf.fleet_dir, geteuid(), &no_log, &dir) != SAFEFILE_OK ||
		    fstatat(dir, "registered", &st, AT_SYMLINK_NOFOLLOW) != 0 || close(dir) != 0 ||
		    safefile_read(registered, geteuid(), 100, &no_log, &text, &len) != SAFEFILE_OK || strcmp(text, "text") != 0)
			return false;
		free(text);
	}
	return true;
}

static bool
reads_no_private_host_key(void)
{
	struct outcome o = cage_enter(&conf, true, &no_log);

	return outcome_ok(&o) && opendir(conf.host_keys) != NULL && open(public_key, O_RDONLY) >= 0 &&
	    is_out_of_reach(private_key) && is_out_of_reach(sshd_config);
}

static bool
reads_no_host_key_where_none_is_wanted(void)
{
	return is_out_of_reach(public_key) && opendir(conf.host_keys) == NULL;
}

static bool
every_path_finds_room(void)
{
	static struct reach reach;

	reach_of_login(&conf, true, &reach);
	return reach.count > 5 && reach.count + REMOTE_HOST_KEYS_MAX <= REACH_PATHS_MAX &&
	    strcmp(reach.paths[0].path, CONFDIR) == 0 && strcmp(reach.paths[1].path, STATEDIR) == 0;
}

static void
only_files_of_a_login_can_be_read(void **state)
{
	assert_true(every_path_finds_room());
	if (!has_landlock)
		skip();
	assert_int_equal(signal_of(ENTERED, reads_what_a_login_reads), 0);
	assert_int_equal(signal_of(SEALED, reads_what_a_login_reads), 0);
	assert_int_equal(signal_of(ENTERED, reads_by_kept_directories), 0);
	assert_int_equal(signal_of(SEALED, reads_by_kept_directories), 0);
	assert_int_equal(signal_of(OUTSIDE, reads_no_private_host_key), 0);
	assert_int_equal(signal_of(ENTERED, reads_no_host_key_where_none_is_wanted), 0);
}

/* --- kernels that have less ------------------------------------------------------------- */

/* A call that fails as it does where the kernel does not know it. */
static bool
take_away(int call, unsigned int count, struct scmp_arg_cmp when, int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter != NULL && seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), call, count, when) == 0 &&
	    seccomp_load(filter) == 0;
}

static bool
warns_of_no_landlock(void)
{
	struct capture log;

	capture_start(&log);
	return take_away(SYS_landlock_create_ruleset, 0, SCMP_A0_64(SCMP_CMP_EQ, 0), ENOSYS) &&
	    enters("", &log.log) && log.lines == 1 && log.priority == LOG_WARNING &&
	    strstr(log.text, "no Landlock") != NULL;
}

/* Landlock remains. */
static bool
warns_of_no_filters(void)
{
	struct capture log;

	capture_start(&log);
	return take_away(SCMP_SYS(prctl), 1, SCMP_A0_64(SCMP_CMP_EQ, PR_GET_SECCOMP), EINVAL) &&
	    enters("", &log.log) && log.lines == 1 && log.priority == LOG_WARNING &&
	    strstr(log.text, "no seccomp") != NULL && (!has_landlock || is_out_of_reach("/etc/passwd"));
}

static bool
gives_up_if_the_filter_is_refused(void)
{
	struct outcome o;

	if (!take_away(SCMP_SYS(seccomp), 0, SCMP_A0_64(SCMP_CMP_EQ, 0), EPERM))
		return false;
	o = cage_enter(&conf, false, &no_log);
	return o.status == OUTCOME_INTERNAL;
}

static void
kernels_without_landlock_or_filters(void **state)
{
	assert_int_equal(signal_of(OUTSIDE, warns_of_no_landlock), 0);
	assert_int_equal(signal_of(OUTSIDE, warns_of_no_filters), 0);
	assert_int_equal(signal_of(OUTSIDE, gives_up_if_the_filter_is_refused), 0);
}

/* --- other machines ----------------------------------------------------------------------- */

#define PROGRAM_MAX 4096

static struct sock_filter program[PROGRAM_MAX];
static size_t program_len;

static bool
export_for(uint32_t architecture)
{
	const char *path = scratch_file("filter", "", 0);
	int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || !cage_export(architecture, fd))
		return false;
	n = pread(fd, program, sizeof program, 0);
	program_len = n > 0 ? (size_t)n / sizeof program[0] : 0;
	return close(fd) == 0 && program_len > 0 && program_len < PROGRAM_MAX;
}

/* Runs it as the kernel would: the few instructions that libseccomp writes (seccomp(2)). */
static uint32_t
verdict(const struct seccomp_data *data)
{
	uint32_t a = 0, word;
	size_t pc = 0;

	while (pc < program_len) {
		const struct sock_filter *i = &program[pc++];
		bool jump;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + sizeof word <= sizeof *data);
			memcpy(&a, (const char *)data + i->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = BPF_OP(i->code) == BPF_JEQ ? a == i->k : BPF_OP(i->code) == BPF_JGE ? a >= i->k : a > i->k;
			pc += jump ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %x", i->code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static uint32_t
verdict_of(uint32_t architecture, const char *call, const uint64_t arguments[3])
{
	int number = seccomp_syscall_resolve_name_arch(architecture, call);
	struct seccomp_data data = { .nr = number, .arch = architecture };

	if (number < 0)
		fail_msg("%s is no call of architecture %x", call, architecture);
	memcpy(data.args, arguments, 3 * sizeof arguments[0]);
	return verdict(&data);
}

static const struct use {
	const char *call;
	uint64_t arguments[3];
	uint32_t verdict;
} uses[] = {
	/* glibc, NSS, sqlite and libpcsclite on every machine */
	{ "openat", { 0, 0, O_RDONLY | O_CLOEXEC }, SECCOMP_RET_ALLOW },
	{ "newfstatat", { 0 }, SECCOMP_RET_ALLOW },
	{ "fstat", { 0 }, SECCOMP_RET_ALLOW },
	{ "statx", { 0 }, SECCOMP_RET_ALLOW },
	{ "faccessat", { 0 }, SECCOMP_RET_ALLOW },
	{ "faccessat2", { 0 }, SECCOMP_RET_ALLOW },
	{ "readlinkat", { 0 }, SECCOMP_RET_ALLOW },
	{ "statfs", { 0 }, SECCOMP_RET_ALLOW },
	{ "fstatfs", { 0 }, SECCOMP_RET_ALLOW },
	{ "getdents64", { 0 }, SECCOMP_RET_ALLOW },
	{ "read", { 0 }, SECCOMP_RET_ALLOW },
	{ "pread64", { 0 }, SECCOMP_RET_ALLOW },
	{ "write", { 0 }, SECCOMP_RET_ALLOW },
	{ "lseek", { 0 }, SECCOMP_RET_ALLOW },
	{ "close", { 0 }, SECCOMP_RET_ALLOW },
	{ "fadvise64", { 0 }, SECCOMP_RET_ALLOW },
	{ "mmap", { 0, 0, PROT_READ | PROT_EXEC }, SECCOMP_RET_ALLOW },
	{ "mmap", { 0, 0, PROT_READ | PROT_WRITE }, SECCOMP_RET_ALLOW },
	{ "mprotect", { 0, 0, PROT_READ }, SECCOMP_RET_ALLOW },
	{ "munmap", { 0 }, SECCOMP_RET_ALLOW },
	{ "mremap", { 0 }, SECCOMP_RET_ALLOW },
	{ "madvise", { 0 }, SECCOMP_RET_ALLOW },
	{ "mlock", { 0 }, SECCOMP_RET_ALLOW },
	{ "brk", { 0 }, SECCOMP_RET_ALLOW },
	{ "futex", { 0 }, SECCOMP_RET_ALLOW },
	{ "ppoll", { 0 }, SECCOMP_RET_ALLOW },
	{ "pselect6", { 0 }, SECCOMP_RET_ALLOW },
	{ "socket", { AF_UNIX }, SECCOMP_RET_ALLOW },
	{ "connect", { 0 }, SECCOMP_RET_ALLOW },
	{ "sendto", { 0 }, SECCOMP_RET_ALLOW },
	{ "recvfrom", { 0 }, SECCOMP_RET_ALLOW },
	{ "sendmsg", { 0 }, SECCOMP_RET_ALLOW },
	{ "recvmsg", { 0 }, SECCOMP_RET_ALLOW },
	{ "getrandom", { 0 }, SECCOMP_RET_ALLOW },
	{ "clock_gettime", { 0 }, SECCOMP_RET_ALLOW },
	{ "clock_nanosleep", { 0 }, SECCOMP_RET_ALLOW },
	{ "nanosleep", { 0 }, SECCOMP_RET_ALLOW },
	{ "setitimer", { 0 }, SECCOMP_RET_ALLOW },
	{ "rt_sigaction", { 0 }, SECCOMP_RET_ALLOW },
	{ "rt_sigprocmask", { 0 }, SECCOMP_RET_ALLOW },
	{ "rt_sigreturn", { 0 }, SECCOMP_RET_ALLOW },
	{ "restart_syscall", { 0 }, SECCOMP_RET_ALLOW },
	{ "uname", { 0 }, SECCOMP_RET_ALLOW },
	{ "sysinfo", { 0 }, SECCOMP_RET_ALLOW },
	{ "getpid", { 0 }, SECCOMP_RET_ALLOW },
	{ "geteuid", { 0 }, SECCOMP_RET_ALLOW },
	{ "prlimit64", { 0, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "prctl", { PR_SET_NO_NEW_PRIVS }, SECCOMP_RET_ALLOW },
	{ "seccomp", { 0 }, SECCOMP_RET_ALLOW },
	{ "exit_group", { 0 }, SECCOMP_RET_ALLOW },
	{ "fcntl", { 0, F_GETFL }, SECCOMP_RET_ALLOW },
	{ "fcntl", { 0, F_SETLK }, SECCOMP_RET_ALLOW },
	{ "fcntl", { 0, F_SETFL, O_NONBLOCK }, SECCOMP_RET_ALLOW },
	/* what an attacker needs */
	{ "fcntl", { 0, F_SETFL, O_ASYNC }, SECCOMP_RET_KILL_PROCESS },
	{ "fcntl", { 0, F_SETOWN }, SECCOMP_RET_KILL_PROCESS },
	{ "fcntl", { 0, F_SETSIG }, SECCOMP_RET_KILL_PROCESS },
	{ "fcntl", { 0, F_SETPIPE_SZ }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "openat", { 0, 0, O_WRONLY }, SECCOMP_RET_KILL_PROCESS },
	{ "openat", { 0, 0, O_RDWR }, SECCOMP_RET_KILL_PROCESS },
	{ "openat", { 0, 0, O_RDONLY | O_CREAT }, SECCOMP_RET_KILL_PROCESS },
	{ "openat2", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "mmap", { 0, 0, PROT_WRITE | PROT_EXEC }, SECCOMP_RET_KILL_PROCESS },
	{ "mprotect", { 0, 0, PROT_EXEC }, SECCOMP_RET_ERRNO | EACCES },
	{ "socket", { AF_INET }, SECCOMP_RET_KILL_PROCESS },
	{ "execve", { 0 }, SECCOMP_RET_KILL_PROCESS },
	{ "clone", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "clone3", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "kill", { 0 }, SECCOMP_RET_KILL_PROCESS },
	{ "tgkill", { 1, 0, SIGABRT }, SECCOMP_RET_KILL_PROCESS },
	{ "tgkill", { 1, 0, SIGKILL }, SECCOMP_RET_KILL_PROCESS },
	{ "ptrace", { 0 }, SECCOMP_RET_KILL_PROCESS },
	{ "prlimit64", { 0, 0, 1 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "prctl", { PR_SET_DUMPABLE }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "ioctl", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "setsockopt", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "inotify_init1", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "fanotify_init", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "memfd_create", { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	{ "unlinkat", { 0 }, SECCOMP_RET_KILL_PROCESS },
	{ "io_uring_setup", { 0 }, SECCOMP_RET_KILL_PROCESS },
};

/* Those of the generic table of calls, as arm64 has it, have no open, stat, access or poll. */
static void
other_architectures(void **state)
{
	static const uint32_t architectures[] = { SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_RISCV64 };
	struct seccomp_data foreign = { .nr = 0, .arch = SCMP_ARCH_ARM };

	for (size_t a = 0; a < COUNT(architectures); a++) {
		assert_true(export_for(architectures[a]));
		for (size_t i = 0; i < COUNT(uses); i++) {
			uint32_t got = verdict_of(architectures[a], uses[i].call, uses[i].arguments);

			if (got != uses[i].verdict)
				fail_msg("%s (use %zu) on %x: %x", uses[i].call, i, architectures[a], got);
		}
		/* 32-bit calls on a 64-bit machine */
		assert_int_equal(verdict(&foreign), SECCOMP_RET_KILL_THREAD);
	}
	/* x32 */
	assert_true(export_for(SCMP_ARCH_X86_64));
	assert_int_equal(verdict(&(struct seccomp_data){ .nr = 0x40000000, .arch = SCMP_ARCH_X86_64 }),
	    SECCOMP_RET_KILL_THREAD);
}

static int
prepare(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	has_landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
	if (scratch_setup(state) != 0 || null < 0 || dup2(null, PROTO_FD) < 0)
		return -1;
	conf_init(&conf);
	conf.helper_user[0] = '\0';
	snprintf(conf.trust_db, sizeof conf.trust_db, "%s", scratch_mkdir("nssdb", 0755));
	snprintf(conf.users_dir, sizeof conf.users_dir, "%s", scratch_mkdir("users", 0755));
	snprintf(conf.crl_dir, sizeof conf.crl_dir, "%s", scratch_mkdir("crl", 0755));
	snprintf(conf.host_keys, sizeof conf.host_keys, "%s", scratch_mkdir("ssh", 0755));
	snprintf(conf.block_list, sizeof conf.block_list, "%s", scratch_text("blocked", ""));
	snprintf(conf.fleet_dir, sizeof conf.fleet_dir, "%s", scratch_mkdir("fleet", 0755));
	readable = scratch_text("users/readable", "text");
	registered = scratch_text("fleet/registered", "text");
	elsewhere = scratch_text("elsewhere", "text");
	private_key = scratch_text("ssh/ssh_host_rsa_key", "private");
	public_key = scratch_text("ssh/ssh_host_rsa_key.pub", "public");
	sshd_config = scratch_text("ssh/sshd_config", "other");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_login_needs_is_allowed),
		cmocka_unit_test(an_abort_is_an_abort),
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(resources_are_limited),
		cmocka_unit_test(root_becomes_the_helper_s_user),
		cmocka_unit_test(only_files_of_a_login_can_be_read),
		cmocka_unit_test(kernels_without_landlock_or_filters),
		cmocka_unit_test(other_architectures),
	};

	return cmocka_run_group_tests(tests, prepare, scratch_teardown);
}

/* helper/cage: what the process may still do, and what ends it. Each in a process of its own. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/cage.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static const struct log no_log;
static const char *readable;	/* a file with "text" in it */
static int at_hand;		/* a descriptor opened before */

enum depth { OUTSIDE, ENTERED, SEALED };

/* The signal that killed the process in which this was done, or 0 if it says that it went well. */
static int
signal_of(enum depth depth, bool (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct outcome o = outcome_of(JPKI_OK);

		(void)signal(SIGSYS, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		cage_harden();
		if (depth >= ENTERED)
			o = cage_enter(&no_log);
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

static void
what_goes_on(void **state)
{
	static bool (*const deeds[])(void) = { reads_a_file, writes_to_what_is_open, takes_memory_and_time,
		asks_for_what_is_unknown, makes_memory_executable, raises_a_limit, starts_a_thread_or_process };

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
	{ "ptrace", traces_its_parent, ENTERED },
	{ "mmap W+X", maps_to_write_and_execute, ENTERED },
	{ "setuid", becomes_root, ENTERED },
	{ "socket AF_UNIX", makes_a_local_socket, SEALED },
	{ "connect", connects, SEALED },
};

static void
what_kills(void **state)
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
limits(void **state)
{
	assert_int_equal(signal_of(OUTSIDE, is_limited), 0);
}

static bool
becomes_nobody(void)
{
	const struct passwd *pw = getpwnam("nobody");
	struct outcome o = cage_become("nobody", &no_log);
	uid_t r, e, s;

	return pw != NULL && outcome_ok(&o) && getresuid(&r, &e, &s) == 0 && r == pw->pw_uid &&
	    e == r && s == r && getegid() == pw->pw_gid && setuid(0) < 0 &&
	    prctl(PR_GET_DUMPABLE) == 0 && open("/etc/shadow", O_RDONLY) < 0;
}

static bool
finds_nobody_of_that_name(void)
{
	struct outcome o = cage_become("no-such-user", &no_log);

	return o.status == JPKI_CONFIG && geteuid() == 0;
}

static bool
does_not_stay_root(void)
{
	struct outcome o = cage_become("root", &no_log);

	return o.status == JPKI_CONFIG;
}

static bool
stays_who_it_is(void)
{
	struct outcome o;

	if (geteuid() == 0 && setuid(1) != 0)
		return false;
	o = cage_become("no-such-user", &no_log);
	return outcome_ok(&o);
}

static void
identity(void **state)
{
	assert_int_equal(signal_of(OUTSIDE, stays_who_it_is), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(signal_of(OUTSIDE, becomes_nobody), 0);
	assert_int_equal(signal_of(OUTSIDE, finds_nobody_of_that_name), 0);
	assert_int_equal(signal_of(OUTSIDE, does_not_stay_root), 0);
}

static int
prepare(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	readable = scratch_file("readable", "text", 4);
	at_hand = open("/dev/null", O_RDWR | O_CLOEXEC);
	return at_hand >= 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_on),
		cmocka_unit_test(an_abort_is_an_abort),
		cmocka_unit_test(what_kills),
		cmocka_unit_test(limits),
		cmocka_unit_test(identity),
	};

	return cmocka_run_group_tests(tests, prepare, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that jpki_fetch has left, before it is started and after. Each in a process of its own. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "tests/unit/deed.h"
#include "tests/unit/test.h"
#include "tools/fetch/cage.h"
#include "tools/fetch/filter.h"

static const struct log no_log;

#define NOT_THERE (WELL + ENOSYS)

/* errno where a call failed, else 0. */
static int
error_of(long result)
{
	return result < 0 ? errno : 0;
}

/* --- the filter ------------------------------------------------------------------- */

#define FILTERED(name, ...) \
	static int name(void) { if (!fetchfilter_enter("test", &no_log)) return 99; __VA_ARGS__ }

FILTERED(program, char *none[] = { NULL }; (void)execve("/bin/true", none, none); return 1;)
FILTERED(process, return error_of(fork());)
FILTERED(vprocess, return error_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));)
FILTERED(signal_to_the_parent, return error_of(kill(getppid(), 0));)
FILTERED(signal_to_a_thread, return error_of(syscall(SYS_tgkill, getppid(), getppid(), 0));)
FILTERED(signal_by_a_descriptor, int p[2]; return pipe2(p, 0) != 0 ? 1 : error_of(fcntl(p[0], F_SETOWN, getppid()));)
FILTERED(signal_by_input, int p[2]; return pipe2(p, 0) != 0 ? 1 : error_of(fcntl(p[0], F_SETFL, O_ASYNC));)
FILTERED(trace, return error_of(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));)
FILTERED(memory_of_others, char b; struct iovec v = { &b, 1 }; \
	return error_of(syscall(SYS_process_vm_readv, getppid(), &v, 1UL, &v, 1UL, 0UL));)
FILTERED(server, int s = socket(AF_INET, SOCK_STREAM, 0); return s < 0 ? 1 : error_of(listen(s, 1));)
FILTERED(service, return error_of(socket(AF_UNIX, SOCK_STREAM, 0));)
FILTERED(datagrams, int s[2]; return error_of(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));)
FILTERED(packets, return error_of(socket(AF_PACKET, SOCK_RAW, 0));)
FILTERED(audit, return error_of(socket(AF_NETLINK, SOCK_RAW, 9));)
FILTERED(type_a_key, return error_of(ioctl(STDIN_FILENO, TIOCSTI, "x"));)
FILTERED(take_a_terminal, return error_of(ioctl(STDIN_FILENO, TIOCSCTTY, 1));)
FILTERED(write_a_file, return error_of(open("/dev/null", O_WRONLY));)
FILTERED(make_a_file, return error_of(open("/tmp", O_TMPFILE | O_RDWR, 0600));)
FILTERED(executable_memory, return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;)
FILTERED(raise_a_limit, struct rlimit r = { 1, 1 }; return error_of(setrlimit(RLIMIT_NOFILE, &r));)
FILTERED(open_a_ring, return error_of(syscall(SYS_io_uring_setup, 1, NULL));)

FILTERED(give_up, abort();)
FILTERED(talk, int s = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0); return s < 0 || fcntl(s, F_SETFL, O_NONBLOCK) != 0;)
FILTERED(read_a_file, char c; int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC); return fd < 0 || read(fd, &c, 1) < 0;)
FILTERED(wake_up, int s[2]; return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) != 0;)

static void *
nothing(void *p)
{
	return p;
}

FILTERED(thread, pthread_t t; return pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0;)

static void
filter_leaves_the_network_alone(void **state)
{
	static const struct {
		const char *name;
		int (*deed)(void);
		int end;
	} rows[] = {
#define ROW(deed, end) { #deed, deed, end }
		ROW(program, SIGSYS), ROW(process, SIGSYS), ROW(vprocess, SIGSYS), ROW(signal_to_the_parent, SIGSYS),
		ROW(signal_by_a_descriptor, SIGSYS), ROW(trace, SIGSYS), ROW(memory_of_others, SIGSYS),
		ROW(server, SIGSYS), ROW(open_a_ring, SIGSYS),
		ROW(signal_to_a_thread, NOT_THERE), ROW(signal_by_input, NOT_THERE), ROW(service, NOT_THERE),
		ROW(datagrams, NOT_THERE), ROW(packets, NOT_THERE), ROW(audit, NOT_THERE), ROW(type_a_key, NOT_THERE),
		ROW(take_a_terminal, NOT_THERE), ROW(write_a_file, NOT_THERE), ROW(make_a_file, NOT_THERE),
		ROW(executable_memory, NOT_THERE), ROW(raise_a_limit, NOT_THERE),
		ROW(give_up, SIGABRT), ROW(talk, WELL), ROW(read_a_file, WELL), ROW(wake_up, WELL), ROW(thread, WELL),
#undef ROW
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int end = end_of(rows[i].deed);

		if (end != rows[i].end)
			fail_msg("%s ended with %d, not %d", rows[i].name, end, rows[i].end);
	}
}

/* --- before it is started ------------------------------------------------------------ */

/* With streams that are no terminal, as jpkictl gives it. */
static bool
enter(int *ret_landlock)
{
	struct fetchcage cage = { .program = "/bin/true", .last = 4, .file_max = 4096, .cpu_max = 60, .data_max = 64 << 20,
	    .parent = getppid() };
	int p[2];

	return pipe(p) == 0 && dup2(p[0], STDIN_FILENO) == STDIN_FILENO && dup2(p[1], STDOUT_FILENO) >= 0 &&
	    dup2(p[1], STDERR_FILENO) >= 0 && fetchcage_enter(&cage, ret_landlock);
}

#define CAGED(name, ...) \
	static int name(void) { int landlock; if (!enter(&landlock)) return 99; if (landlock == 0) return 77; __VA_ARGS__ }

CAGED(read_accounts, return error_of(open("/etc/passwd", O_RDONLY));)
CAGED(read_shadow, return error_of(open("/etc/shadow", O_RDONLY));)
CAGED(read_processes, return error_of(open("/proc/self/status", O_RDONLY));)
CAGED(read_homes, return error_of(open("/root", O_RDONLY | O_DIRECTORY));)
CAGED(read_lists, return error_of(open("/var/lib", O_RDONLY | O_DIRECTORY));)
CAGED(open_the_terminal, return error_of(open("/dev/tty", O_RDWR));)
CAGED(write_beside, return error_of(open("/var/tmp", O_TMPFILE | O_RDWR, 0600));)
CAGED(look_up, return error_of(open("/etc/nsswitch.conf", O_RDONLY)) == EACCES ||
    error_of(open("/etc/resolv.conf", O_RDONLY)) == EACCES || open("/usr", O_RDONLY) < 0;)
CAGED(session, return getsid(0) == getpid() ? 0 : 1;)
CAGED(descriptors, return fcntl(5, F_GETFD) < 0 && fcntl(9, F_GETFD) < 0 ? 0 : 1;)

/* More than file_max goes into no file, whatever process opened it. */
static int
write_much(void)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR, 0600), landlock;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || dup2(fd, 3) < 0 || !enter(&landlock))
		return 99;
	return pwrite(3, "x", 1, 4095) == 1 ? error_of(pwrite(3, "x", 1, 4096)) : 98;
}

static void
cage_leaves_what_names_need(void **state)
{
	static const struct {
		const char *name;
		int (*deed)(void);
		int end;
	} rows[] = {
#define ROW(deed, end) { #deed, deed, WELL + (end) }
		ROW(read_accounts, EACCES), ROW(read_shadow, EACCES), ROW(read_processes, EACCES),
		ROW(read_homes, EACCES), ROW(read_lists, EACCES), ROW(open_the_terminal, EACCES),
		ROW(write_beside, EACCES), ROW(look_up, 0), ROW(session, 0),
		ROW(descriptors, 0), ROW(write_much, EFBIG),
#undef ROW
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int end = end_of(rows[i].deed);

		if (end == WELL + 77)
			continue;	/* no Landlock here */
		/* Without a terminal there is none to be refused. */
		if (rows[i].deed == open_the_terminal && end == WELL + ENXIO)
			continue;
		if (end != rows[i].end)
			fail_msg("%s ended with %d, not %d", rows[i].name, end, rows[i].end);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_leaves_the_network_alone),
		cmocka_unit_test(cage_leaves_what_names_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/callfilter.h"
#include "tools/fetch/filter.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/* Calls that libcurl, libldap, their libraries and the resolver need. */
static const int allowed[] = {
	/* files and descriptors; Landlock decides which files */
	SCMP_SYS(access), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(fadvise64), SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(fstatat64), SCMP_SYS(fstatfs),
	SCMP_SYS(fstatfs64), SCMP_SYS(getcwd), SCMP_SYS(getdents), SCMP_SYS(getdents64),
	SCMP_SYS(_llseek), SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(newfstatat),
	SCMP_SYS(pread64), SCMP_SYS(read), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(readv),
	SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(statfs), SCMP_SYS(statfs64), SCMP_SYS(statx),
	SCMP_SYS(write), SCMP_SYS(writev),
	/* waiting */
	SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
	SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64), SCMP_SYS(pselect6), SCMP_SYS(pselect6_time64), SCMP_SYS(restart_syscall),
	SCMP_SYS(select), SCMP_SYS(time), SCMP_SYS(times),
	/* memory and threads */
	SCMP_SYS(brk), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(futex_time64),
	SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mremap), SCMP_SYS(munlock), SCMP_SYS(munmap),
	SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
	SCMP_SYS(sigaltstack), SCMP_SYS(sigreturn),
	/* our own ids */
	SCMP_SYS(getegid), SCMP_SYS(getegid32), SCMP_SYS(geteuid), SCMP_SYS(geteuid32), SCMP_SYS(getgid),
	SCMP_SYS(getgid32), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(getuid32), SCMP_SYS(sysinfo),
	SCMP_SYS(ugetrlimit), SCMP_SYS(uname),
	/* the network */
	SCMP_SYS(connect), SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(recv),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64), SCMP_SYS(recvmsg), SCMP_SYS(send),
	SCMP_SYS(sendmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(bind),	/* for netlink; without listen(2) there is no TCP server */
};

/* System calls that no legitimate code path makes: they kill the process. */
static const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(kill),
	SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(setuid), SCMP_SYS(setresuid),
	SCMP_SYS(mount), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(io_uring_setup),
};

#define BITS(argument, mask, value) SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value)
#define IS(argument, value) SCMP_CMP64(argument, SCMP_CMP_EQ, value)
#define ALLOW(call, when) { SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { when } }
#define ALLOW2(call, when, and) { SCMP_ACT_ALLOW, SCMP_SYS(call), 2, { when, and } }
#define KILL(call, when) { SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { when } }

#if defined(__s390__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* Other calls fail as if they did not exist; this also makes terminals inaccessible (ioctl(2)). */
static const struct callfilter_rule by_argument[] = {
	ALLOW(open, BITS(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)),
	ALLOW(openat, BITS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)),
	ALLOW(clone, BITS(CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD)),
	KILL(clone, BITS(CLONE_FLAGS, CLONE_THREAD, 0)),
	ALLOW(mmap, BITS(2, PROT_WRITE | PROT_EXEC, 0)),
	ALLOW(mmap, BITS(2, PROT_WRITE | PROT_EXEC, PROT_WRITE)),
	ALLOW(mmap, BITS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC)),
	ALLOW(mmap2, BITS(2, PROT_WRITE | PROT_EXEC, 0)),
	ALLOW(mmap2, BITS(2, PROT_WRITE | PROT_EXEC, PROT_WRITE)),
	ALLOW(mmap2, BITS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC)),
	ALLOW(mprotect, BITS(2, PROT_EXEC, 0)),
	/* No local service (AF_UNIX), such as pcscd. Without nscd, libc itself does the lookup. */
	ALLOW(socket, IS(0, AF_INET)), ALLOW(socket, IS(0, AF_INET6)),
	ALLOW2(socket, IS(0, AF_NETLINK), IS(2, 0)),	/* to list the local addresses (getaddrinfo(3)) */
	ALLOW(socketpair, BITS(1, 0xf, SOCK_STREAM)),	/* permanently connected, unlike SOCK_DGRAM */
	ALLOW(fcntl, IS(1, F_GETFD)), ALLOW(fcntl, IS(1, F_SETFD)), ALLOW(fcntl, IS(1, F_GETFL)),
	ALLOW(fcntl, IS(1, F_DUPFD)), ALLOW(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	ALLOW(fcntl64, IS(1, F_GETFD)), ALLOW(fcntl64, IS(1, F_SETFD)), ALLOW(fcntl64, IS(1, F_GETFL)),
	ALLOW(fcntl64, IS(1, F_DUPFD)), ALLOW(fcntl64, IS(1, F_DUPFD_CLOEXEC)),
	ALLOW2(fcntl, IS(1, F_SETFL), BITS(2, O_ASYNC, 0)), ALLOW2(fcntl64, IS(1, F_SETFL), BITS(2, O_ASYNC, 0)),
	KILL(fcntl, IS(1, F_SETOWN)), KILL(fcntl, IS(1, F_SETOWN_EX)), KILL(fcntl, IS(1, F_SETSIG)),
	ALLOW(ioctl, IS(1, FIONREAD)), ALLOW(ioctl, IS(1, FIONBIO)),
	/* To read a limit, not to set it. */
	ALLOW(prlimit64, IS(2, 0)),
};

/* abort(3) signals its own process, whose id is not known before. */
static bool
add_abort(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp own = IS(0, (scmp_datum_t)getpid());

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own) == 0;
}

static bool
add_all(scmp_filter_ctx filter)
{
	return callfilter_add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed)) &&
	    callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly)) && add_abort(filter) &&
	    callfilter_add_rules(filter, by_argument, COUNT(by_argument));
}

bool
fetchfilter_enter(const char *who, const struct log *log)
{
	/* It was reset by execve(2). */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		log_msg(log, LOG_ERR, "prctl: %s", strerror(errno));
		return false;
	}
	if (!callfilter_in_kernel()) {
		log_msg(log, LOG_WARNING, "this kernel has no seccomp: %s runs without its filter", who);
		return true;
	}
	if (callfilter_load(SCMP_ACT_ERRNO(ENOSYS), add_all))
		return true;
	log_msg(log, LOG_ERR, "the kernel refuses the seccomp filter of %s", who);
	return false;
}

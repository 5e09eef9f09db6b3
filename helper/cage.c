/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/cage.h"
#include "helper/proto.h"
#include "helper/reach.h"
#include "lib/callfilter.h"
#include "lib/confine.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

bool
cage_prepare(void)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_FSIZE, 0 },		/* no file grows */
		{ RLIMIT_NPROC, 0 },		/* root is not bound by it; the filter binds all */
		{ RLIMIT_NOFILE, 64 },		/* a login needs 12 */
		{ RLIMIT_DATA, (rlim_t)256 << 20 },	/* a login needs 7 MiB, and maps an index of CRLs */
		{ RLIMIT_CPU, 60 },		/* a login needs 20 ms */
	};
	static const struct confine_detach detach = { .close_from = PROTO_FD + 1,
		.limits = limits, .limit_count = COUNT(limits) };

	return confine_detach(&detach);
}

/* --- user and files ------------------------------------------------------------- */

static void
log_staying(const struct log *log, const char *why)
{
	log_msg(log, LOG_NOTICE, "the helper stays root, without capabilities: user %s: %s; see helper_user "
	    "in pam_jpki.conf(5)", HELPER_USER, why);
}

/* Chooses the user that a helper of root becomes: *ret is user, or NULL if it does not change. */
static struct outcome
choose_user(const char *wanted, const struct log *log, struct confine_user *user,
    const struct confine_user **ret)
{
	bool automatic = strcmp(wanted, CONF_USER_AUTO) == 0;
	const char *why = "no such user";

	*ret = NULL;
	if (geteuid() != 0 || wanted[0] == '\0')
		return outcome_of(OUTCOME_OK);
	switch (confine_find_user(automatic ? HELPER_USER : wanted, user)) {
	case CONFINE_FOUND:
		*ret = user;
		return outcome_of(OUTCOME_OK);
	case CONFINE_ABSENT:
		break;
	case CONFINE_IS_ROOT:
		why = "that is root";
		break;
	case CONFINE_UNREADABLE:
		why = strerror(errno);
		break;
	}
	if (automatic) {
		log_staying(log, why);
		return outcome_of(OUTCOME_OK);
	}
	log_msg(log, LOG_ERR, "helper_user = %s: %s; name a user for this alone, or leave it out",
	    LOG_NAME(wanted), why);
	return outcome_of(OUTCOME_CONFIG);
}

static struct outcome
confine_helper(const struct conf *conf, bool host_keys, const struct log *log)
{
	static struct reach reach;
	struct confinement c = { .paths = reach.paths };
	struct confine_user user;
	int landlock;
	struct outcome o = choose_user(conf->helper_user, log, &user, &c.user);

	if (!outcome_ok(&o))
		return o;
	reach_of_login(conf, host_keys, &reach);
	c.path_count = reach.count;
	if (!confine(&c, &landlock)) {
		/*
		 * The service has few capabilities. With a user that the administrator named, this
		 * is an error.
		 */
		if (errno != EPERM || c.user == NULL || strcmp(conf->helper_user, CONF_USER_AUTO) != 0)
			return outcome_raw(OUTCOME_INTERNAL, (uint32_t)errno);
		log_staying(log, strerror(errno));
		c.user = NULL;
		if (!confine(&c, &landlock))
			return outcome_raw(OUTCOME_INTERNAL, (uint32_t)errno);
	}
	confine_log_gaps(log, "jpki_helper", landlock);
	return outcome_of(OUTCOME_OK);
}

/* --- the filter ----------------------------------------------------------------- */

/* What card, NSS and libc need, and related calls that do no harm. */
static const int allowed[] = {
	SCMP_SYS(access), SCMP_SYS(brk), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(fadvise64), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(fstatat64), SCMP_SYS(fstatfs), SCMP_SYS(fstatfs64), SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(getcwd),
	SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getegid), SCMP_SYS(getegid32),
	SCMP_SYS(geteuid), SCMP_SYS(geteuid32), SCMP_SYS(getgid), SCMP_SYS(getgid32),
	SCMP_SYS(getpeername), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getrandom),
	SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(getsockname), SCMP_SYS(getsockopt),
	SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid), SCMP_SYS(getuid32),
	SCMP_SYS(_llseek), SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(mremap), SCMP_SYS(munlock), SCMP_SYS(munmap), SCMP_SYS(nanosleep),
	SCMP_SYS(newfstatat), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64),
	SCMP_SYS(pread64), SCMP_SYS(pselect6), SCMP_SYS(pselect6_time64), SCMP_SYS(read),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(readv), SCMP_SYS(recv),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall), SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(seccomp), SCMP_SYS(select),
	SCMP_SYS(send), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(set_robust_list),
	SCMP_SYS(setitimer), SCMP_SYS(shutdown), SCMP_SYS(sigaltstack),
	SCMP_SYS(sigreturn), SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(statfs),
	SCMP_SYS(statfs64), SCMP_SYS(statx), SCMP_SYS(sysinfo), SCMP_SYS(time), SCMP_SYS(times),
	SCMP_SYS(ugetrlimit), SCMP_SYS(umask), SCMP_SYS(uname), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(connect),	/* until the seal */
};

/* System calls that no legitimate code path makes: they kill the process. */
static const int deadly[] = {
	/* another program, or another process */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(kill),
	SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(pidfd_send_signal), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	/* a server */
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	/* files */
	SCMP_SYS(creat), SCMP_SYS(truncate), SCMP_SYS(truncate64), SCMP_SYS(ftruncate),
	SCMP_SYS(ftruncate64), SCMP_SYS(fallocate), SCMP_SYS(link), SCMP_SYS(linkat),
	SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(chmod),
	SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown),
	SCMP_SYS(fchownat), SCMP_SYS(chown32), SCMP_SYS(lchown32), SCMP_SYS(fchown32),
	SCMP_SYS(utimensat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr),
	SCMP_SYS(open_by_handle_at),
	/* the machine */
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(reboot),
	SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(setuid),
	SCMP_SYS(setresuid), SCMP_SYS(setgid), SCMP_SYS(setresgid), SCMP_SYS(setgroups),
	SCMP_SYS(capset),
};

/* An argument, counted from 0: its value, or those of its bits that the mask names. */
#define VALUE(argument, value) SCMP_CMP64(argument, SCMP_CMP_EQ, value)
#define BITS(argument, mask, value) SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value)

/*
 * open(2) to read is allowed; with any of the bits that write it is not. (O_TMPFILE needs O_WRONLY
 * or O_RDWR.)
 */
#define OPEN(call, argument) \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { BITS(argument, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { BITS(argument, O_WRONLY, O_WRONLY) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { BITS(argument, O_RDWR, O_RDWR) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { BITS(argument, O_CREAT, O_CREAT) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { BITS(argument, O_TRUNC, O_TRUNC) } }

/* Memory is written or executed, never both. */
#define MAP(call) \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { BITS(2, PROT_WRITE | PROT_EXEC, 0) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { BITS(2, PROT_WRITE | PROT_EXEC, PROT_WRITE) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { BITS(2, PROT_WRITE | PROT_EXEC, PROT_EXEC) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { BITS(2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC) } }

/*
 * The owner of a descriptor, or of a lease on a file, can have the kernel send a signal of its
 * choice to a process of its choice. (F_SETLK64 is F_SETLK where a long has 64 bits.)
 */
#define FCNTL(call) \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_DUPFD_CLOEXEC) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_GETFD) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_SETFD) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_GETFL) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 2, { VALUE(1, F_SETFL), BITS(2, O_ASYNC, 0) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 2, { VALUE(1, F_SETFL), BITS(2, O_ASYNC, O_ASYNC) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_GETLK64) } }, \
	{ SCMP_ACT_ALLOW, SCMP_SYS(call), 1, { VALUE(1, F_SETLK64) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { VALUE(1, F_SETOWN) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { VALUE(1, F_SETOWN_EX) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { VALUE(1, F_SETSIG) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { VALUE(1, F_SETLEASE) } }, \
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), 1, { VALUE(1, F_NOTIFY) } }

static const struct callfilter_rule by_argument[] = {
	FCNTL(fcntl),
	FCNTL(fcntl64),
	OPEN(open, 1),
	OPEN(openat, 2),
	MAP(mmap),
	MAP(mmap2),
	{ SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, { BITS(2, PROT_EXEC, 0) } },
	{ SCMP_ACT_ERRNO(EACCES), SCMP_SYS(mprotect), 1, { BITS(2, PROT_EXEC, PROT_EXEC) } },
	{ SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, { VALUE(0, AF_UNIX) } },
	{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, { SCMP_CMP64(0, SCMP_CMP_NE, AF_UNIX) } },
	/* To read a limit, not to set it; for the filter of the seal. */
	{ SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, { VALUE(2, 0) } },
	{ SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, { VALUE(0, PR_SET_NO_NEW_PRIVS) } },
};

/*
 * abort(3) signals its own process, whose number is known only now. With another signal, a process that a card
 * controls could look like one that something else has killed.
 */
static bool
add_abort(scmp_filter_ctx filter)
{
	const scmp_datum_t own = (scmp_datum_t)getpid();
	struct scmp_arg_cmp an_abort[] = { SCMP_CMP64(0, SCMP_CMP_EQ, own), SCMP_CMP64(2, SCMP_CMP_EQ, SIGABRT) };
	struct scmp_arg_cmp another_process = SCMP_CMP64(0, SCMP_CMP_NE, own), another_signal = SCMP_CMP64(2, SCMP_CMP_NE, SIGABRT);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), COUNT(an_abort), an_abort) == 0 &&
	    seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(tgkill), 1, &another_process) == 0 &&
	    seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(tgkill), 1, &another_signal) == 0;
}

static bool
add_all(scmp_filter_ctx filter)
{
	return callfilter_add_rules(filter, by_argument, COUNT(by_argument)) &&
	    callfilter_add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed)) &&
	    callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly)) && add_abort(filter);
}

static bool
add_seal(scmp_filter_ctx filter)
{
	static const int sockets[] = { SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect) };

	return callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, sockets, COUNT(sockets));
}

static struct outcome
load_or_refuse(uint32_t otherwise, bool (*rules)(scmp_filter_ctx), const struct log *log)
{
	if (callfilter_load(otherwise, rules))
		return outcome_of(OUTCOME_OK);
	log_msg(log, LOG_ERR, "the kernel refuses the helper's seccomp filter");
	return outcome_of(OUTCOME_INTERNAL);
}

struct outcome
cage_enter(const struct conf *conf, bool host_keys, const struct log *log)
{
	struct outcome o = confine_helper(conf, host_keys, log);

	if (!outcome_ok(&o))
		return o;
	if (callfilter_in_kernel())
		return load_or_refuse(SCMP_ACT_ERRNO(ENOSYS), add_all, log);
	log_msg(log, LOG_WARNING, "this kernel has no seccomp: the helper goes on without its filter");
	return o;
}

struct outcome
cage_seal(const struct log *log)
{
	return callfilter_in_kernel() ? load_or_refuse(SCMP_ACT_ALLOW, add_seal, log) : outcome_of(OUTCOME_OK);
}

bool
cage_export(uint32_t architecture, int fd)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	bool written = filter != NULL &&
	    (architecture == seccomp_arch_native() || (seccomp_arch_add(filter, architecture) == 0 &&
	    seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) == 0)) &&
	    add_all(filter) && seccomp_export_bpf(filter, fd) == 0;

	seccomp_release(filter);
	return written;
}

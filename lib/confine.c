/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/confine.h"

/* --- limits, memory ------------------------------------------------------------- */

static bool
set_limit(const struct confine_limit *limit)
{
	struct rlimit now;

	if (getrlimit(limit->resource, &now) != 0)
		return false;
	if (now.rlim_max > limit->most)
		now.rlim_max = limit->most;
	if (now.rlim_cur > now.rlim_max)
		now.rlim_cur = now.rlim_max;
	return setrlimit(limit->resource, &now) == 0;
}

bool
confine_memory(void)
{
	static const struct confine_limit no_core = { RLIMIT_CORE, 0 };

	return prctl(PR_SET_DUMPABLE, 0) == 0 && set_limit(&no_core);
}

/* --- terminal, descriptors ------------------------------------------------------ */

/* The leader of a session cannot create another one; if it has no terminal, nothing is left to do. */
static bool
leave_session(void)
{
	_cleanup_(closep) int terminal = -1;

	if (setsid() >= 0)
		return true;
	if (getsid(0) != getpid())
		return false;
	terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	errno = EPERM;
	return terminal < 0;
}

static bool
leave_streams(unsigned int kept)
{
	/*
	 * No O_CLOEXEC: the descriptor may get the number of a closed standard stream and then replaces it.
	 */
	int null = open("/dev/null", O_RDWR);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
		if ((kept & 1U << fd) == 0 && fd != null && dup2(null, fd) < 0)
			return false;
		if ((kept & 1U << fd) != 0 && isatty(fd)) {
			errno = EINVAL;
			return false;
		}
	}
	if (null > STDERR_FILENO)
		(void)close(null);
	return null >= 0;
}

bool
confine_detach(const struct confine_detach *d)
{
	if (!confine_memory() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !leave_session() ||
	    !leave_streams(d->streams) || chdir("/") != 0)
		return false;
	closefrom(d->close_from > STDERR_FILENO ? d->close_from : STDERR_FILENO + 1);
	(void)umask(077);
	for (size_t i = 0; i < d->limit_count; i++)
		if (!set_limit(&d->limits[i]))
			return false;
	return true;
}

/* --- the user ------------------------------------------------------------------- */

enum confine_find
confine_find_user(const char *name, struct confine_user *ret_user)
{
	struct confine_user user;
	const struct passwd *pw;
	int n = snprintf(user.name, sizeof user.name, "%s", name);

	if (n < 0 || (size_t)n >= sizeof user.name)
		return CONFINE_ABSENT;
	errno = 0;
	pw = getpwnam(name);
	/* POSIX allows several errors for "no such user"; these are not among them. */
	if (pw == NULL)
		return errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM ?
		    CONFINE_UNREADABLE : CONFINE_ABSENT;
	if (pw->pw_uid == 0)
		return CONFINE_IS_ROOT;
	user.uid = pw->pw_uid;
	user.gid = pw->pw_gid;
	*ret_user = user;
	return CONFINE_FOUND;
}

static bool
is_user_for_good(const struct confine_user *user)
{
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;

	if (getresuid(&uid, &euid, &suid) != 0 || getresgid(&gid, &egid, &sgid) != 0)
		return false;
	return uid == user->uid && euid == user->uid && suid == user->uid &&
	    gid == user->gid && egid == user->gid && sgid == user->gid &&
	    setresuid((uid_t)-1, 0, (uid_t)-1) != 0;
}

static bool
become(const struct confine_user *user)
{
	if (initgroups(user->name, user->gid) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0)
		return false;
	if (is_user_for_good(user))
		return true;
	errno = ENOTRECOVERABLE;
	return false;
}

/* --- capabilities --------------------------------------------------------------- */

/* Without CAP_SETPCAP the bounding set stays, without effect: execve(2) gains no privilege. */
static bool
drop_bounding_set(void)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (prctl(PR_CAPBSET_DROP, i) != 0 && errno != EPERM)
			return false;
	return true;
}

static bool
drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3], now[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof none);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
	    syscall(SYS_capset, &header, none) != 0 || syscall(SYS_capget, &header, now) != 0)
		return false;
	if (memcmp(now, none, sizeof now) == 0)
		return true;
	errno = ENOTRECOVERABLE;
	return false;
}

/* --- Landlock ------------------------------------------------------------------- */

/*
 * The oldest systems that we build on have a linux/landlock.h with ABI 1 only, and a C library without
 * functions for it. The kernel accepts a longer structure than its own if the rest is zero.
 */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

#define CREATE_RULESET_VERSION	(1U << 0)
#define RULE_PATH_BENEATH	1

#define FS_EXECUTE	(UINT64_C(1) << 0)
#define FS_READ_FILE	(UINT64_C(1) << 2)
#define FS_READ_DIR	(UINT64_C(1) << 3)
#define FS_UP_TO(bit)	((UINT64_C(1) << ((bit) + 1)) - 1)
#define NET_BIND_TCP	(UINT64_C(1) << 0)
#define NET_CONNECT_TCP	(UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET	(UINT64_C(1) << 0)
#define SCOPE_SIGNAL	(UINT64_C(1) << 1)

/* The rights that a version of the ABI knows: up to the last one it introduced. */
static uint64_t
fs_rights(int abi)
{
	return abi >= 5 ? FS_UP_TO(15) :	/* IOCTL_DEV */
	    abi >= 3 ? FS_UP_TO(14) :		/* TRUNCATE */
	    abi >= 2 ? FS_UP_TO(13) :		/* REFER */
	    FS_UP_TO(12);			/* MAKE_SYM */
}

static struct ruleset_attr
ruleset_for(int abi, bool connects)
{
	struct ruleset_attr attr = { .handled_access_fs = fs_rights(abi) };

	if (abi >= 4)
		attr.handled_access_net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
	if (abi >= 6)
		attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	return attr;
}

static bool
allow_path(int ruleset, const struct confine_path *p)
{
	_cleanup_(closep) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fd < 0)
		return true;	/* no rule: the path stays inaccessible */
	if (fstat(fd, &st) != 0)
		return false;
	if (p->access & CONFINE_READ)
		rule.allowed_access |= FS_READ_FILE;
	if (p->access & CONFINE_EXECUTE)
		rule.allowed_access |= FS_EXECUTE;
	if ((p->access & CONFINE_LIST) && S_ISDIR(st.st_mode))
		rule.allowed_access |= FS_READ_DIR;
	return rule.allowed_access == 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool
restrict_files(const struct confinement *c, int abi)
{
	struct ruleset_attr attr = ruleset_for(abi, c->connects);
	_cleanup_(closep) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

	if (ruleset < 0)
		return false;
	for (size_t i = 0; i < c->path_count; i++)
		if (!allow_path(ruleset, &c->paths[i]))
			return false;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

/* 0: Landlock cannot be used, for any reason. */
static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* --- all of it ------------------------------------------------------------------ */

/* After the change of user, because that clears it (PR_SET_PDEATHSIG(2const)). */
static bool
end_with(pid_t parent)
{
	if (parent == 0)
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return false;
	if (getppid() == parent)
		return true;
	errno = ESRCH;
	return false;
}

bool
confine(const struct confinement *c, int *ret_landlock)
{
	/* Landlock requires this or a capability. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !drop_bounding_set())
		return false;
	if (c->user != NULL && geteuid() == 0 && !become(c->user))
		return false;
	/* A change of user sets it to fs.suid_dumpable. */
	if (!drop_capabilities() || prctl(PR_SET_DUMPABLE, 0) != 0 || !end_with(c->parent))
		return false;
	*ret_landlock = landlock_abi();
	return *ret_landlock == 0 || restrict_files(c, *ret_landlock);
}

void
confine_log_gaps(const struct log *log, const char *who, int landlock)
{
	if (landlock == 0)
		log_msg(log, LOG_WARNING, "this kernel has no Landlock, or does not use it (lsm=): %s "
		    "could open every file that its user can", who);
	else if (landlock < 6)
		log_msg(log, LOG_DEBUG, "Landlock %d of this kernel does not restrict%s signals and abstract "
		    "sockets of %s", landlock, landlock < 4 ? " TCP," : "", who);
}

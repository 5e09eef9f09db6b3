/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes privileges from a process that is about to read untrusted input: the terminal and the descriptors,
 * then the user, the capabilities, the file system and the network. jpki_helper, jpki_fetch and children of
 * jpkictl do it in this order:
 *
 *	confine_detach()	first thing in main(), or in the child after fork(2)
 *	...			open what needs a privilege or a path that will be gone
 *	confine()		before the first byte from outside
 *
 * Neither can be undone. Both are for a process with one thread, because Linux keeps capabilities and the
 * Landlock domain per thread. System calls are limited by seccomp, with a list for each program
 * (helper/cage.h).
 */
#ifndef JPKI_LIB_CONFINE_H
#define JPKI_LIB_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "lib/log.h"

/* --- memory -------------------------------------------------------------------- */

/*
 * From here on there is no core dump of this process, and no process without CAP_SYS_PTRACE may
 * trace it or read its memory (PR_SET_DUMPABLE). The first outlives execve(2), the second does
 * not. True: both are in effect. False, with errno: one is not.
 *
 * confine_detach() does this first. A program that handles a PIN and keeps its terminal calls it first in
 * main().
 */
bool confine_memory(void) __attribute__((warn_unused_result));

/* --- terminal, descriptors, limits -------------------------------------------- */

struct confine_limit {
	int resource;	/* RLIMIT_… of setrlimit(2) */
	rlim_t most;	/* for the soft and the hard limit; a lower hard limit stays */
};

/* The standard streams to keep. None of them may be a terminal. */
#define CONFINE_STDIN	(1U << 0)
#define CONFINE_STDOUT	(1U << 1)
#define CONFINE_STDERR	(1U << 2)

struct confine_detach {
	unsigned int streams;	/* CONFINE_STD…; the others become /dev/null */
	int close_from;		/* closes this descriptor and all above it; at least 3 */
	const struct confine_limit *limits;
	size_t limit_count;
};

/*
 * Leaves the session and its terminal (setsid(2)), the streams and descriptors that are not named,
 * and the working directory (for "/"). Sets the umask to 077 and the limits. Does confine_memory()
 * too. execve(2) gains no privilege from then on (PR_SET_NO_NEW_PRIVS); that and the limits
 * outlive execve(2).
 *
 * True: all of it is in effect. False, with errno: some is not, and the
 * process must exit. EINVAL: a stream to keep is a terminal. EPERM: the
 * process leads a process group, so it cannot leave the session (fork first).
 */
bool confine_detach(const struct confine_detach *d) __attribute__((warn_unused_result));

/* --- user, capabilities, files, network ----------------------------------------- */

struct confine_user {
	char name[33];	/* 32 bytes (useradd(8)), and the NUL */
	uid_t uid;
	gid_t gid;
};

enum confine_find {
	CONFINE_FOUND,
	CONFINE_ABSENT,		/* there is no such user */
	CONFINE_IS_ROOT,	/* the user has uid 0 */
	CONFINE_UNREADABLE	/* the user database cannot be asked: errno */
};

/* Looks a user up by name (getpwnam(3)). *ret_user is set for CONFINE_FOUND alone. */
enum confine_find confine_find_user(const char *name, struct confine_user *ret_user);

#define CONFINE_READ	(1U << 0)	/* the file, or the files below the directory */
#define CONFINE_LIST	(1U << 1)	/* names in the directory and those below it */
#define CONFINE_EXECUTE	(1U << 2)	/* execve(2); a library needs CONFINE_READ only */

/* A file or directory that stays accessible. One that does not exist is ignored. */
struct confine_path {
	const char *path;	/* absolute; symbolic links are followed once, now */
	unsigned int access;	/* CONFINE_READ and so on */
};

struct confinement {
	/* Switches to this user and its groups for good. NULL, or not root now: no change of user. */
	const struct confine_user *user;
	const struct confine_path *paths;
	size_t path_count;
	bool connects;		/* to other machines, by TCP */
	/*
	 * When this process exits (to be exact: the thread of it that forked), the kernel kills the caller
	 * (SIGKILL). Its process id, read before fork(2). 0: no such link.
	 */
	pid_t parent;
};

/*
 * Switches to the user, drops every capability (effective, permitted, inheritable, ambient and, where
 * CAP_SETPCAP allows it, the bounding set), and restricts itself by Landlock (landlock(7)):
 *
 *	files		the given paths can be read, listed or executed as they say. No other file
 *			is opened; none is written, made, renamed or removed. So /proc, /dev and
 *			/home are inaccessible unless they are given.
 *	network		no TCP connection unless `connects`, and no TCP server
 *	processes	no signal to a process outside, no connection to an abstract socket of one,
 *			no tracing
 *
 * Open descriptors stay usable. Landlock does not restrict sockets with a path name: the mode of the file
 * decides, as before.
 *
 * *ret_landlock is the version of the kernel's Landlock ABI, and with it how much of this it
 * supports: 0 nothing (older than 5.13, not configured, not among lsm=, or forbidden by a filter);
 * 1 files and tracing; 2 and 3 links, renaming and truncating too; 4 TCP; 5 ioctl(2) on devices; 6
 * signals and abstract sockets. The caller logs the rest by confine_log_gaps().
 *
 * True: all that this kernel supports is in effect. False, with errno: the process must exit, or (EPERM
 * with a user: it lacks CAP_SETUID or CAP_SETGID) may try again without that user. ESRCH: the parent has
 * exited.
 */
bool confine(const struct confinement *c, int *ret_landlock) __attribute__((warn_unused_result));

/*
 * Logs which restrictions the kernel does not support: a warning if it has no Landlock, a debug line if it
 * has an older one, otherwise nothing. who: the program, for the text.
 */
void confine_log_gaps(const struct log *log, const char *who, int landlock);

#endif

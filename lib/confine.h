/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a process that is about to read what strangers send gives up what it was started with: the
 * terminal and the descriptors, then the user, the capabilities, the file system and the network.
 * jpki_helper, jpki_fetch and children of jpkictl do it in this order:
 *
 *	confine_detach()	first thing in main(), or in the child after fork(2)
 *	...			open what needs a privilege or a path that will be gone
 *	confine()		before the first octet from outside
 *
 * Neither can be undone, and both are for a process with one thread: Linux keeps capabilities and
 * Landlock's domain for each thread. What may be called besides is for seccomp, which each program
 * has a list of its own for (helper/cage.h).
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
 * not. True: both are so. False, with errno: one is not.
 *
 * confine_detach() begins with it. A program that a PIN passes through and that keeps its terminal
 * calls it first thing in main().
 */
bool confine_memory(void) __attribute__((warn_unused_result));

/* --- terminal, descriptors, limits -------------------------------------------- */

struct confine_limit {
	int resource;	/* RLIMIT_… of setrlimit(2) */
	rlim_t most;	/* for the soft and the hard limit; a lower hard limit stays */
};

/* The standard streams that are kept. A terminal among them is refused. */
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
 * and the working directory (for "/"). Sets the umask to 077 and the limits. What confine_memory()
 * says is so, and execve(2) brings no privilege (PR_SET_NO_NEW_PRIVS); that and the limits outlive
 * execve(2).
 *
 * True: all of it is so. False, with errno: some is not, and the process must end. EINVAL: a stream
 * to be kept is a terminal. EPERM: the process leads a process group, so it cannot leave the
 * session (fork first).
 */
bool confine_detach(const struct confine_detach *d) __attribute__((warn_unused_result));

/* --- user, capabilities, files, network ----------------------------------------- */

struct confine_user {
	char name[33];	/* 32 octets (useradd(8)), and the NUL */
	uid_t uid;
	gid_t gid;
};

enum confine_find {
	CONFINE_FOUND,
	CONFINE_ABSENT,		/* there is no such user */
	CONFINE_IS_ROOT,	/* there is, with uid 0 */
	CONFINE_UNREADABLE	/* the user database cannot be asked: errno */
};

/* Looks a user up by name (getpwnam(3)). *ret_user is set for CONFINE_FOUND alone. */
enum confine_find confine_find_user(const char *name, struct confine_user *ret_user);

#define CONFINE_READ	(1U << 0)	/* the file, or the files below the directory */
#define CONFINE_LIST	(1U << 1)	/* names in the directory and those below it */
#define CONFINE_EXECUTE	(1U << 2)	/* execve(2); a library needs CONFINE_READ only */

/* A file or directory that stays within reach. One that is not there is left out. */
struct confine_path {
	const char *path;	/* absolute; symbolic links are followed, now */
	unsigned int access;	/* CONFINE_READ and so on */
};

struct confinement {
	/* Becomes this user, with its groups, for good. NULL, or not root now: stays who it is. */
	const struct confine_user *user;
	const struct confine_path *paths;
	size_t path_count;
	bool connects;		/* to other machines, by TCP */
	/*
	 * The end of this process (rather of the thread in it that forked) ends the caller by
	 * SIGKILL; its number, taken before fork(2). 0: the caller ends by itself.
	 */
	pid_t parent;
};

/*
 * Becomes the user, drops every capability (effective, permitted, inheritable, ambient and, where
 * CAP_SETPCAP allows it, the bounding set), and restricts itself by Landlock (landlock(7)):
 *
 *	files		the given paths can be read, listed or executed as they say. No other file
 *			is opened; none is written, made, renamed or removed. So /proc, /dev and
 *			/home are out of reach unless they are given.
 *	network		no TCP connection unless `connects`, and no TCP server
 *	processes	no signal to a process outside, no connection to an abstract socket of one,
 *			no tracing
 *
 * Descriptors that are open stay usable. Landlock does not restrict sockets with a path name: the
 * file's mode decides, as before.
 *
 * *ret_landlock says how much of this the kernel can, as the version of its Landlock ABI: 0 nothing
 * (older than 5.13, not configured, not among lsm=, or forbidden by a filter); 1 files and tracing;
 * 2 and 3 links, renaming and truncating too; 4 TCP; 5 ioctl(2) on devices; 6 signals and abstract
 * sockets. The caller logs what is missing by confine_log_gaps().
 *
 * True: all of it is so, as far as this kernel can. False, with errno: the process must end, or
 * (EPERM with a user: it lacks CAP_SETUID or CAP_SETGID) may try again without that user. ESRCH:
 * the parent has gone.
 */
bool confine(const struct confinement *c, int *ret_landlock) __attribute__((warn_unused_result));

/*
 * One line for what confine() could not have: a warning if the kernel has no Landlock, a debug
 * line if it has an older one, nothing else. who: the program, for the text.
 */
void confine_log_gaps(const struct log *log, const char *who, int landlock);

#endif

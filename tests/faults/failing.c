/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions here are found before libc's, also by other libraries. malloc() and the like go
 * on to glibc's second names for them, which need no dlsym() (that allocates itself).
 */
#include "config.h"

#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/failing.h"

struct failing failing;
bool failing_paused;
void (*failing_notice)(void);

static uintptr_t program_from, program_until;

/* The first object with that in its path; "" is in the program's. */
static int
note_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
	if (strstr(info->dlpi_name, ctx) == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
			program_from = info->dlpi_addr + p->p_vaddr;
			program_until = program_from + p->p_memsz;
		}
	}
	return 1;
}

bool
failing_own_object(const char *name)
{
	return dl_iterate_phdr(note_program, (void *)(uintptr_t)name) != 0;
}

__attribute__((constructor))
static void
find_program(void)
{
	(void)failing_own_object("");
}

static bool
is_own(const void *caller)
{
	return (uintptr_t)caller >= program_from && (uintptr_t)caller < program_until;
}

/* The number of this call; among those of all processes where they count together. */
static unsigned long
count_call(void)
{
	return failing.shared != NULL ? __atomic_add_fetch(failing.shared, 1, __ATOMIC_SEQ_CST) : ++failing.seen;
}

static bool
fails(enum failing_kind kind, const char *name, const void *caller)
{
	if (failing.kind != kind || failing_paused || (failing.own && !is_own(caller)) || count_call() != failing.at)
		return false;
	failing.failed = name;
	if (failing_notice != NULL) {
		failing_paused = true;
		failing_notice();
		failing_paused = false;
	}
	errno = kind == FAILING_MEMORY ? ENOMEM : EIO;
	return true;
}

/* --- memory --------------------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

#undef strdup	/* some make a macro of it */

#define MEMORY_FAILS(name) fails(FAILING_MEMORY, name, __builtin_return_address(0))

/* The blocks that the program's own code has allocated, whatever code frees them. */
#define BLOCKS_MAX 4096

static const void *blocks[BLOCKS_MAX];
static size_t blocks_used;	/* none is behind these */

static bool
replace_block(const void *from, const void *to)
{
	for (size_t i = 0; i < blocks_used; i++)
		if (blocks[i] == from) {
			blocks[i] = to;
			return true;
		}
	if (from != NULL || blocks_used == BLOCKS_MAX)
		return false;
	blocks[blocks_used++] = to;
	return true;
}

static void *
note_block(void *p, const void *caller)
{
	if (failing.own && p != NULL && is_own(caller) && !replace_block(NULL, p))
		abort();
	return p;
}

size_t
failing_blocks(void)
{
	size_t n = 0;

	for (size_t i = 0; i < blocks_used; i++)
		n += blocks[i] != NULL;
	return n;
}

static void
forget_block(const void *p)
{
	if (failing.own && p != NULL)
		(void)replace_block(p, NULL);
}

void
free(void *p)
{
	forget_block(p);
	__libc_free(p);
}

void *
malloc(size_t size)
{
	return MEMORY_FAILS("malloc") ? NULL :
	    note_block(__libc_malloc(size), __builtin_return_address(0));
}

void *
calloc(size_t count, size_t size)
{
	return MEMORY_FAILS("calloc") ? NULL :
	    note_block(__libc_calloc(count, size), __builtin_return_address(0));
}

static void *
move_block(void *p, size_t size, const void *caller)
{
	forget_block(p);
	return note_block(__libc_realloc(p, size), caller);
}

void *
realloc(void *p, size_t size)
{
	return MEMORY_FAILS("realloc") ? NULL : move_block(p, size, __builtin_return_address(0));
}

void *
reallocarray(void *p, size_t count, size_t size)
{
	size_t octets;

	if (MEMORY_FAILS("reallocarray"))
		return NULL;
	if (__builtin_mul_overflow(count, size, &octets)) {
		errno = ENOMEM;
		return NULL;
	}
	return move_block(p, octets, __builtin_return_address(0));
}

char *
strdup(const char *text)
{
	size_t size = 0;
	char *copy;

	if (MEMORY_FAILS("strdup"))
		return NULL;
	while (text[size++] != '\0')
		;
	copy = __libc_malloc(size);
	while (copy != NULL && size-- > 0)
		copy[size] = text[size];
	return note_block(copy, __builtin_return_address(0));
}

/* --- system calls ------------------------------------------------------------------------ */

/* A function of libc with this failure, which hands everything else on. */
#define SYSTEM(type, failure, name, parameters, arguments) \
	type name parameters \
	{ \
		static union { void *found; __typeof__(name) *fn; } libc; \
		\
		if (fails(FAILING_SYSTEM, #name, __builtin_return_address(0))) \
			return failure; \
		if (libc.found == NULL) \
			libc.found = dlsym(RTLD_NEXT, #name); \
		return libc.fn arguments; \
	}

SYSTEM(int, -1, fstat, (int fd, struct stat *st), (fd, st))
SYSTEM(int, -1, fsync, (int fd), (fd))
SYSTEM(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
SYSTEM(ssize_t, -1, read, (int fd, void *buf, size_t len), (fd, buf, len))
SYSTEM(ssize_t, -1, pread, (int fd, void *buf, size_t len, off_t at), (fd, buf, len, at))
SYSTEM(ssize_t, -1, write, (int fd, const void *buf, size_t len), (fd, buf, len))
SYSTEM(int, -1, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms))
SYSTEM(int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
SYSTEM(int, -1, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len))
SYSTEM(int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len))
SYSTEM(ssize_t, -1, send, (int fd, const void *buf, size_t len, int flags), (fd, buf, len, flags))
SYSTEM(ssize_t, -1, recv, (int fd, void *buf, size_t len, int flags), (fd, buf, len, flags))
SYSTEM(ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
SYSTEM(ssize_t, -1, getrandom, (void *buf, size_t len, unsigned int flags), (buf, len, flags))
SYSTEM(void *, MAP_FAILED, mmap, (void *at, size_t len, int prot, int flags, int fd, off_t off),
    (at, len, prot, flags, fd, off))
SYSTEM(int, -1, mlock, (const void *at, size_t len), (at, len))
SYSTEM(DIR *, NULL, opendir, (const char *path), (path))
SYSTEM(DIR *, NULL, fdopendir, (int fd), (fd))
SYSTEM(struct dirent *, NULL, readdir, (DIR *dir), (dir))
SYSTEM(int, -1, chdir, (const char *path), (path))
SYSTEM(int, -1, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s))
SYSTEM(int, -1, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s))
SYSTEM(int, -1, sigaction, (int sig, const struct sigaction *new, struct sigaction *old), (sig, new, old))
SYSTEM(int, -1, clock_gettime, (clockid_t clock, struct timespec *ret), (clock, ret))
SYSTEM(int, -1, setitimer, (__itimer_which_t which, const struct itimerval *new, struct itimerval *old),
    (which, new, old))

SYSTEM(int, -1, fchmodat, (int dir, const char *path, mode_t mode, int flags), (dir, path, mode, flags))
SYSTEM(int, -1, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
SYSTEM(int, -1, fdatasync, (int fd), (fd))
SYSTEM(int, -1, syncfs, (int fd), (fd))
SYSTEM(int, -1, ftruncate, (int fd, off_t len), (fd, len))
SYSTEM(int, -1, flock, (int fd, int operation), (fd, operation))
SYSTEM(off_t, -1, lseek, (int fd, off_t at, int whence), (fd, at, whence))
SYSTEM(int, -1, stat, (const char *path, struct stat *st), (path, st))
SYSTEM(int, -1, lstat, (const char *path, struct stat *st), (path, st))
SYSTEM(int, -1, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags))
SYSTEM(int, -1, fstatvfs, (int fd, struct statvfs *st), (fd, st))
SYSTEM(int, -1, faccessat, (int dir, const char *path, int mode, int flags), (dir, path, mode, flags))
SYSTEM(ssize_t, -1, readlinkat, (int dir, const char *path, char *to, size_t len), (dir, path, to, len))
SYSTEM(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
SYSTEM(int, -1, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
SYSTEM(char *, NULL, mkdtemp, (char *path), (path))
SYSTEM(int, -1, mkostemp, (char *path, int flags), (path, flags))
SYSTEM(int, -1, rename, (const char *from, const char *to), (from, to))
SYSTEM(int, -1, renameat, (int from_dir, const char *from, int to_dir, const char *to), (from_dir, from, to_dir, to))
SYSTEM(int, -1, renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned int flags),
    (from_dir, from, to_dir, to, flags))
SYSTEM(int, -1, unlink, (const char *path), (path))
SYSTEM(int, -1, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
SYSTEM(int, -1, rmdir, (const char *path), (path))
SYSTEM(int, -1, dup, (int fd), (fd))
SYSTEM(int, -1, dup2, (int fd, int to), (fd, to))
SYSTEM(int, -1, pipe2, (int ends[2], int flags), (ends, flags))
SYSTEM(int, -1, socketpair, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends))
SYSTEM(pid_t, -1, fork, (void), ())
SYSTEM(int, -1, getrlimit, (__rlimit_resource_t which, struct rlimit *ret), (which, ret))
SYSTEM(int, -1, setrlimit, (__rlimit_resource_t which, const struct rlimit *limit), (which, limit))
SYSTEM(int, -1, scandirat, (int dir, const char *path, struct dirent ***ret,
    int (*wanted)(const struct dirent *), int (*compare)(const struct dirent **, const struct dirent **)),
    (dir, path, ret, wanted, compare))
SYSTEM(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
SYSTEM(FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
SYSTEM(FILE *, NULL, open_memstream, (char **text, size_t *len), (text, len))

#define OPEN(name, parameters, ...) \
	int name parameters \
	{ \
		static union { void *found; __typeof__(name) *fn; } libc; \
		mode_t mode = 0; \
		va_list ap; \
		\
		if (fails(FAILING_SYSTEM, #name, __builtin_return_address(0))) \
			return -1; \
		if (flags & (O_CREAT | O_TMPFILE)) { \
			va_start(ap, flags); \
			mode = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
		if (libc.found == NULL) \
			libc.found = dlsym(RTLD_NEXT, #name); \
		return libc.fn(__VA_ARGS__, mode); \
	}

OPEN(open, (const char *path, int flags, ...), path, flags)
OPEN(open64, (const char *path, int flags, ...), path, flags)
OPEN(openat, (int dir, const char *path, int flags, ...), dir, path, flags)

/* What FORTIFY makes of open() without a mode and of reads. */
int __open_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t len, off_t at, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size);
SYSTEM(int, -1, __open_2, (const char *path, int flags), (path, flags))
SYSTEM(int, -1, __openat_2, (int dir, const char *path, int flags), (dir, path, flags))
SYSTEM(ssize_t, -1, __read_chk, (int fd, void *buf, size_t len, size_t size), (fd, buf, len, size))
SYSTEM(ssize_t, -1, __pread_chk, (int fd, void *buf, size_t len, off_t at, size_t size),
    (fd, buf, len, at, size))
SYSTEM(int, -1, __poll_chk, (struct pollfd *fds, nfds_t n, int ms, size_t size), (fds, n, ms, size))

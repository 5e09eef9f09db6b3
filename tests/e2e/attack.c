/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded like tests/faults/preload.c: makes jpki_helper, with the PIN in its hands, do what an
 * attacker would do with a helper that he has taken over. /run/attack names the attack, and what it
 * is done to after a blank; /run/attack.done says "begun", and what came of it should the process
 * live to tell: "lived", or of a file "refused" or "got" and its first bytes.
 */
#include "config.h"

#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#include "helper/proto.h"

#define ORDER "/run/attack"
#define NOTICE "/run/attack.done"
#define NOTICE_SIZE 64
#define EVIDENCE "/run/attack.evidence"

static char attack_name[128];
static const char *object = "";		/* what it is done to */
static char *notice;
static bool lingers;

static void
run_a_program(void)
{
	static char touch[] = "touch", evidence[] = EVIDENCE;
	char *argv[] = { touch, evidence, NULL };
	char *envp[] = { NULL };

	(void)execve("/usr/bin/touch", argv, envp);
}

static void
write_a_file(void)
{
	int fd = open(EVIDENCE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0)
		(void)!write(fd, "x", 1);
}

static void
call_home(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void
ask_another_service(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
note(bool got)
{
	snprintf(notice, NOTICE_SIZE, "%s", got ? "got it" : "refused");
}

static void
read_from(int fd)
{
	ssize_t n;

	snprintf(notice, NOTICE_SIZE, "got ");
	n = read(fd, notice + 4, NOTICE_SIZE - 5);
	notice[4 + (n > 0 ? n : 0)] = '\0';
}

/* A file, a directory, a device, the memory of a process. */
static void
read_a_file(void)
{
	int fd = open(object, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		note(false);
		return;
	}
	read_from(fd);
	(void)close(fd);
}

/* What was open in the program that started jpkictl. */
static void
read_what_is_open(void)
{
	int fd = atoi(object);

	if (fcntl(fd, F_GETFD) < 0)
		note(false);
	else
		read_from(fd);
}

/* By each of the ways to another user, and a file of root's. */
static void
be_root_again(void)
{
	(void)!setresuid(0, 0, 0);
	(void)!setreuid((uid_t)-1, 0);
	(void)!setuid(0);
	(void)setfsuid(0);
	read_a_file();
}

/* A letter at the shell that the tool was started from. */
static void
type_at_the_terminal(void)
{
	int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	note(terminal >= 0 && ioctl(terminal, TIOCSTI, "x") == 0);
}

static void
kill_the_parent(void)
{
	pid_t parent = getppid();

	note(true);	/* it ends with its parent */
	if (kill(parent, SIGKILL) != 0)
		note(false);
}

/* It does not matter whether there is a listener. */
static void
connect_to_a_port(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(object)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	note(s >= 0 && (connect(s, (const struct sockaddr *)&there, sizeof there) == 0 || errno == ECONNREFUSED));
}

/* The kernel signals the process once the module closes its end; this one has to be there still. */
static void
own_a_descriptor(void)
{
	(void)fcntl(PROTO_FD, F_SETOWN, atoi(object));
	(void)fcntl(PROTO_FD, F_SETSIG, SIGKILL);
	(void)fcntl(PROTO_FD, F_SETFL, O_RDWR | O_ASYNC);
	lingers = true;
}

__attribute__((destructor))
static void
linger(void)
{
	struct timespec half = { .tv_nsec = 500000000 };

	if (lingers)
		(void)nanosleep(&half, NULL);
}

/* A title, and a cleared screen. */
static void
steer_the_terminal(void)
{
	static const char text[] = "\033]0;title\007\033[2J\n";

	(void)!write(STDOUT_FILENO, text, sizeof text - 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} attacks[] = {
	{ "exec", run_a_program },
	{ "write", write_a_file },
	{ "network", call_home },
	{ "service", ask_another_service },
	{ "read", read_a_file },
	{ "own", own_a_descriptor },
	{ "steer", steer_the_terminal },
	{ "inherited", read_what_is_open },
	{ "root-again", be_root_again },
	{ "type", type_at_the_terminal },
	{ "kill", kill_the_parent },
	{ "connect", connect_to_a_port },
	{ "half-a-seal", ask_another_service },
};

static void
attack(void)
{
	for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
		if (strcmp(attack_name, attacks[i].name) == 0) {
			memset(notice, 0, NOTICE_SIZE);
			snprintf(notice, NOTICE_SIZE, "begun");
			attacks[i].run();
			if (strcmp(notice, "begun") == 0)
				snprintf(notice, NOTICE_SIZE, "lived");
		}
}

/* The request is the first message, the PIN the second. */
ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	static union { void *found; ssize_t (*fn)(int, struct msghdr *, int); } libc;
	static unsigned int messages;
	ssize_t n;

	if (libc.found == NULL)
		libc.found = dlsym(RTLD_NEXT, "recvmsg");
	n = libc.fn(fd, m, flags);
	if (n > 0 && notice != NULL && ++messages == 2)
		attack();
	return n;
}

/* A library that cannot make a rule of the filter that comes last, the one without conditions for socket(2). */
int
seccomp_rule_add_array(scmp_filter_ctx filter, uint32_t action, int call, unsigned int count,
    const struct scmp_arg_cmp *conditions)
{
	static union {
		void *found;
		int (*fn)(scmp_filter_ctx, uint32_t, int, unsigned int, const struct scmp_arg_cmp *);
	} seccomp;

	if (seccomp.found == NULL)
		seccomp.found = dlsym(RTLD_NEXT, "seccomp_rule_add_array");
	if (notice != NULL && strcmp(attack_name, "half-a-seal") == 0 && call == SCMP_SYS(socket) && count == 0) {
		snprintf(notice, NOTICE_SIZE, "prepared");
		return -ENOMEM;
	}
	return seccomp.fn(filter, action, call, count, conditions);
}

/* jpkictl, in the process that has the card: when the card has answered for the first time. */
LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE command, DWORD len,
    SCARD_IO_REQUEST *ret_pci, LPBYTE reply, LPDWORD reply_len)
{
	static union {
		void *found;
		LONG (*fn)(SCARDHANDLE, const SCARD_IO_REQUEST *, LPCBYTE, DWORD, SCARD_IO_REQUEST *, LPBYTE,
		    LPDWORD);
	} pcsc;
	static unsigned int answers;
	LONG r;

	if (pcsc.found == NULL)
		pcsc.found = dlsym(RTLD_NEXT, "SCardTransmit");
	r = pcsc.fn(card, pci, command, len, ret_pci, reply, reply_len);
	if (notice != NULL && strcmp(program_invocation_short_name, "jpkictl") == 0 && ++answers == 1)
		attack();
	return r;
}

__attribute__((constructor))
static void
arm(void)
{
	int order, fd;
	char *blank;
	void *p;

	if (strcmp(program_invocation_short_name, "jpki_helper") != 0 &&
	    strcmp(program_invocation_short_name, "jpkictl") != 0)
		return;
	order = open(ORDER, O_RDONLY | O_CLOEXEC);
	if (order < 0)
		return;
	fd = open(NOTICE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (read(order, attack_name, sizeof attack_name - 1) > 0 && ftruncate(fd, NOTICE_SIZE) == 0) {
		p = mmap(NULL, NOTICE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		notice = p != MAP_FAILED ? p : NULL;
	}
	blank = strchr(attack_name, ' ');
	if (blank != NULL) {
		*blank = '\0';
		object = blank + 1;
	}
	(void)close(order);
	(void)close(fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into every program of a namespace (/etc/ld.so.preload), active in one alone. What is to fail is in the
 * file /usr/failing, since jpki_helper is started with an empty environment: "memory 17" or "system 3" for jpki_helper,
 * "system 3 jpkictl" for jpkictl with all its processes, "system 3 jpkictl own" for what its own code calls there. The
 * first failure is written to /run/failed, before NULs, and no later process fails while that is there. With 0 nothing fails, and
 * the calls are counted there. A program that cannot open it (jpki_fetch) writes a line "failing: ..." to standard error.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/faults/failing.h"

#define ORDER "/usr/failing"
#define NOTICE "/run/failed"
#define NOTICE_SIZE 32

static char private_notice[NOTICE_SIZE];

/* Shared memory, since from its cage on (helper/cage.h) the helper opens nothing to write. */
static char *notice;
static pid_t first_process;	/* of the program: the ones that it forks only count */

static bool
find_notice(void)
{
	int fd = open(NOTICE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	void *p = MAP_FAILED;

	if (fd < 0) {
		notice = private_notice;
		return true;
	}
	if (ftruncate(fd, NOTICE_SIZE) == 0)
		p = mmap(NULL, NOTICE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	notice = p;
	return p != MAP_FAILED;
}

static void
write_notice(void)
{
	if (failing.failed != NULL)
		snprintf(notice, NOTICE_SIZE, "%s", failing.failed);
	else
		snprintf(notice, NOTICE_SIZE, "%lu", *failing.shared);
	if (notice == private_notice)
		dprintf(STDERR_FILENO, "failing: %s\n", notice);
}

__attribute__((destructor))
static void
note_count(void)
{
	if (failing.kind == FAILING_NOTHING || failing.at != 0 || getpid() != first_process)
		return;
	failing.kind = FAILING_NOTHING;
	write_notice();
}

/* Reads what is to fail; false if it is not for this program. */
static bool
read_order(char kind[static 16])
{
	char text[128] = "", program[64] = "jpki_helper", whose[16] = "all";
	int fd = open(ORDER, O_RDONLY | O_CLOEXEC), words;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	words = n > 0 ? sscanf(text, "%15s %lu %63s %15s", kind, &failing.at, program, whose) : 0;
	failing.own = strcmp(whose, "own") == 0;
	return words >= 2 && strcmp(program_invocation_short_name, program) == 0;
}

static bool
share_count(void)
{
	failing.shared = mmap(NULL, sizeof *failing.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (failing.shared == MAP_FAILED)
		failing.shared = NULL;
	return failing.shared != NULL;
}

__attribute__((constructor))
static void
arm(void)
{
	char kind[16];

	if (!read_order(kind) || !find_notice() || notice[0] != '\0' || !share_count())
		return;
	first_process = getpid();
	failing_notice = write_notice;
	failing.kind = strcmp(kind, "memory") == 0 ? FAILING_MEMORY : FAILING_SYSTEM;
}

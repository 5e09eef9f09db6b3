/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into every program of a namespace (/etc/ld.so.preload), active in jpki_helper alone,
 * which is started with an empty environment: what is to fail is in the file /run/failing,
 * "memory 17" or "system 3". The first failure is written to /run/failed, before NULs, and no later
 * helper fails while that is there. With 0 nothing fails, and the calls are counted there.
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

#define ORDER "/run/failing"
#define NOTICE "/run/failed"
#define NOTICE_SIZE 32

/* Shared memory, since from its cage on (helper/cage.h) the helper opens nothing to write. */
static char *notice;

static bool
map_notice(void)
{
	int fd = open(NOTICE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (ftruncate(fd, NOTICE_SIZE) == 0)
		p = mmap(NULL, NOTICE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	notice = p;
	return p != MAP_FAILED;
}

static void
name_function(void)
{
	snprintf(notice, NOTICE_SIZE, "%s", failing.failed);
}

__attribute__((destructor))
static void
count(void)
{
	if (failing.kind == FAILING_NOTHING || failing.at != 0)
		return;
	failing.kind = FAILING_NOTHING;
	snprintf(notice, NOTICE_SIZE, "%lu", failing.seen);
}

__attribute__((constructor))
static void
arm(void)
{
	char text[64] = "", kind[16];
	ssize_t n;
	int fd;

	if (strcmp(program_invocation_short_name, "jpki_helper") != 0)
		return;
	fd = open(ORDER, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0 || sscanf(text, "%15s %lu", kind, &failing.at) != 2)
		return;
	if (!map_notice() || notice[0] != '\0')
		return;
	failing_notice = name_function;
	failing.kind = strcmp(kind, "memory") == 0 ? FAILING_MEMORY : FAILING_SYSTEM;
}

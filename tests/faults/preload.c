/*
 * Preloaded into every program of a namespace (/etc/ld.so.preload), active in jpki_helper alone,
 * which is started with an empty environment: what is to fail stands in the file /run/failing,
 * "memory 17" or "system 3". The first failure is written to /run/failed, and no later helper
 * fails while that is there. With 0 nothing fails, and the calls are counted in /run/failed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/failing.h"

#define ORDER "/run/failing"
#define NOTICE "/run/failed"

static void
write_notice(const char *text)
{
	int fd = open(NOTICE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	(void)close(fd);
}

static void
notice(void)
{
	write_notice(failing.failed);
}

__attribute__((destructor))
static void
count(void)
{
	char text[32];

	if (failing.kind == FAILING_NOTHING || failing.at != 0)
		return;
	failing.kind = FAILING_NOTHING;
	snprintf(text, sizeof text, "%lu", failing.seen);
	write_notice(text);
}

__attribute__((constructor))
static void
arm(void)
{
	char text[64] = "", kind[16];
	ssize_t n;
	int fd;

	if (strcmp(program_invocation_short_name, "jpki_helper") != 0 || access(NOTICE, F_OK) == 0)
		return;
	fd = open(ORDER, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0 || sscanf(text, "%15s %lu", kind, &failing.at) != 2)
		return;
	failing_notice = notice;
	failing.kind = strcmp(kind, "memory") == 0 ? FAILING_MEMORY : FAILING_SYSTEM;
}

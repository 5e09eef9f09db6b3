/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memscan PID TEXT: how often TEXT is in what the process can write, by /proc/PID/mem. For whom
 * the kernel lets read it.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536

static size_t
count_in(int mem, uintptr_t from, uintptr_t to, const char *text)
{
	static char chunk[CHUNK];
	size_t len = strlen(text), hits = 0;

	while (from + len <= to) {
		size_t want = to - from < CHUNK ? to - from : CHUNK;
		ssize_t n = pread(mem, chunk, want, (off_t)from);
		const char *p = chunk;

		if (n < (ssize_t)len)
			break;
		while ((p = memmem(p, (size_t)(chunk + n - p), text, len)) != NULL) {
			hits++;
			p += len;
		}
		from += (size_t)n - (len - 1);	/* one that crosses the end */
	}
	return hits;
}

int
main(int argc, char **argv)
{
	char path[64], line[512], mode[8];
	uintptr_t from, to;
	size_t hits = 0;
	FILE *maps;
	int mem;

	if (argc != 3)
		errx(2, "usage: memscan PID TEXT");
	snprintf(path, sizeof path, "/proc/%.16s/mem", argv[1]);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		err(1, "%s", path);
	snprintf(path, sizeof path, "/proc/%.16s/maps", argv[1]);
	maps = fopen(path, "re");
	if (maps == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof line, maps) != NULL)
		/* proc(5): the kernel wrote it. NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[1] == 'w')
			hits += count_in(mem, from, to, argv[2]);
	fclose(maps);
	(void)close(mem);
	printf("%zu\n", hits);
	return 0;
}

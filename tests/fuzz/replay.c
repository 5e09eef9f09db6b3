/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a harness once for each file named, and for each file of a directory named. In place of
 * libFuzzer: for the ordinary compiler, for valgrind, and to look at a finding.
 */
#include "config.h"

#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static unsigned int inputs;

static void
replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact;
	FILE *f = fopen(path, "re");
	size_t len;

	if (f == NULL || data == NULL)
		err(1, "%s", path);
	len = fread(data, 1, INPUT_MAX, f);
	if (ferror(f) || !feof(f))
		errx(1, "%s: cannot be read, or too long", path);
	(void)fclose(f);
	exact = malloc(len > 0 ? len : 1);	/* so that one byte too many is seen */
	if (exact == NULL)
		err(1, NULL);
	memcpy(exact, data, len);
	free(data);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	inputs++;
}

static void
replay(const char *path)
{
	char entry[PATH_MAX];
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		err(1, "%s", path);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' &&
		    snprintf(entry, sizeof entry, "%s/%s", path, names[i]->d_name) > 0)
			replay_file(entry);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (inputs == 0)
		errx(1, "no input");
	printf("%u inputs\n", inputs);
	return 0;
}

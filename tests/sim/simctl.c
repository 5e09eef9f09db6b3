/* SPDX-License-Identifier: BSD-2-Clause */
/* simctl SOCK COMMAND [ARGUMENT ...]: controls a running jpkisim. */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define START_WAIT_MS	3000
#define START_STEP_MS	20

static const char usage_text[] =
"usage: simctl SOCK COMMAND [ARGUMENT ...]\n"
"\n"
"  insert | remove | swap DIR     answered when pcscd has noticed\n"
"  set KEY VALUE | get KEY        options and state, see tests/sim/card.h;\n"
"                                 get inserted: is a card in the reader?\n"
"  stats | stats reset\n"
"  fault WHEN KIND [ARGUMENT]     see tests/sim/card.h\n"
"  fault clear\n"
"  trace FILE | trace off\n"
"  verify-as-other-program        leaves the PIN verified\n"
"  quit\n";

static int
dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (strlen(path) >= sizeof address.sun_path)
		errx(1, "%s: name too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* jpkisim may have been started only just now. */
static int
dial_patiently(const char *path)
{
	const struct timespec step = { .tv_nsec = START_STEP_MS * 1000000L };
	int fd = dial(path);

	for (int waited = 0; fd < 0 && waited < START_WAIT_MS; waited += START_STEP_MS) {
		(void)nanosleep(&step, NULL);
		fd = dial(path);
	}
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void
send_command(FILE *f, char **words)
{
	for (; *words != NULL; words++) {
		if (strchr(*words, '\n') != NULL)
			errx(2, "no line breaks, please");
		fprintf(f, "%s%c", *words, words[1] != NULL ? ' ' : '\n');
	}
	if (fflush(f) != 0)
		err(1, "cannot send");
}

static int
show_reply(FILE *f)
{
	char line[2048];

	if (fgets(line, sizeof line, f) == NULL)
		errx(1, "no answer");
	if (strncmp(line, "ERR ", 4) == 0) {
		fprintf(stderr, "simctl: %s", line + 4);
		return 1;
	}
	if (strncmp(line, "OK ", 3) == 0)
		fputs(line + 3, stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	int status, fd;
	FILE *in, *out;

	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc < 3) {
		fputs(usage_text, stderr);
		return 2;
	}
	fd = dial_patiently(argv[1]);
	out = fdopen(fd, "w");
	in = fdopen(dup(fd), "r");
	if (in == NULL || out == NULL)
		err(1, "fdopen");
	send_command(out, argv + 2);
	status = show_reply(in);
	fclose(out);
	fclose(in);
	return status;
}

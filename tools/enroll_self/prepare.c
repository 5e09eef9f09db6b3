/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "card/transport.h"
#include "lib/confine.h"
#include "lib/log.h"
#include "tools/enroll_self/prepare.h"

#define SAFE_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define LANGUAGE_MAX 64

/* Each of the first three is open, so that no other file gets its number. */
static bool
hold_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close_range(STDERR_FILENO + 1, ~0U, 0) == 0;
}

/* Timers of the caller's go on in this program (setitimer(2)). */
static void
reset_signals(void)
{
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	const struct itimerval off = { .it_value = { .tv_sec = 0 } };
	sigset_t none;

	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)setitimer(ITIMER_VIRTUAL, &off, NULL);
	(void)setitimer(ITIMER_PROF, &off, NULL);

	/* SIGKILL, SIGSTOP and libc's own refuse. */
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &normal, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A limit that strikes in the middle leaves half a file, or a card that still counts as unlocked. */
static bool
lift_limits(void)
{
	static const int resources[] = { RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit files = { 1024, 1024 };

	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
		if (setrlimit(resources[i], &none) != 0)
			return false;
	return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

/* gettext and the C library make paths of such values. */
static bool
is_language(const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@:-";
	size_t len = strspn(value, plain);

	return value[len] == '\0' && len > 0 && len < LANGUAGE_MAX && strstr(value, "..") == NULL;
}

static bool
reduce_environment(void)
{
	static const char *const names[] = { "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES" };
	enum { COUNT = sizeof names / sizeof names[0] };
	char kept[COUNT][LANGUAGE_MAX] = { "" };

	/* One thread. NOLINTBEGIN(concurrency-mt-unsafe) */
	for (size_t i = 0; i < COUNT; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && is_language(value))
			memcpy(kept[i], value, strlen(value) + 1);
	}
	if (clearenv() != 0 || setenv("PATH", SAFE_PATH, 1) != 0)
		return false;
	for (size_t i = 0; i < COUNT; i++)
		if (kept[i][0] != '\0' && setenv(names[i], kept[i], 1) != 0)
			return false;
	/* NOLINTEND(concurrency-mt-unsafe) */
	return true;
}

bool
prepare_process(void)
{
	(void)umask(022);
	reset_signals();
	return confine_memory() && hold_streams() && lift_limits() && chdir("/") == 0 && reduce_environment();
}

bool
prepare_reader(int argc, char *const *argv, const char **ret)
{
	char defused[TRANSPORT_NAME_MAX];

	*ret = NULL;
	if (argc == 1)
		return true;
	if (argc != 3 || strcmp(argv[1], "--reader") != 0 || strlen(argv[2]) >= sizeof defused || argv[2][0] == '\0')
		return false;
	memcpy(defused, argv[2], strlen(argv[2]) + 1);
	log_defuse(defused);
	if (strcmp(defused, argv[2]) != 0)
		return false;
	*ret = argv[2];
	return true;
}

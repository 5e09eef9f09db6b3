/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of root's replaces what its caller has chosen for it, before it does anything. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tools/enroll_self/prepare.h"

/* In a child: what is wrong afterwards, by its number; 0: nothing. */
static int
find_what_is_left(void)
{
	struct itimerval timer;
	struct sigaction action;
	struct rlimit limit;
	sigset_t blocked;
	char cwd[8];

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)
		return 1;
	if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)
		return 2;
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0 || prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (sigaction(SIGCHLD, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
		return 4;
	if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM))
		return 5;
	if (getitimer(ITIMER_REAL, &timer) != 0 || timer.it_value.tv_sec != 0)
		return 6;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) != 0)
			return 7;
	if (fcntl(STDERR_FILENO + 1, F_GETFD) != -1 || fcntl(40, F_GETFD) != -1)
		return 8;
	if (getcwd(cwd, sizeof cwd) == NULL || strcmp(cwd, "/") != 0 || umask(0) != 022)
		return 9;
	return 0;
}

static int
left_in_child(void)
{
	/* A container's root may not raise hard limits. */
	const struct rlimit none = { 0, RLIM_INFINITY }, one = { 1, RLIM_INFINITY };
	const struct itimerval timer = { .it_value = { .tv_sec = 3 } };
	sigset_t all;

	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_CPU, &one);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	(void)umask(0777);
	(void)dup2(STDERR_FILENO, 40);
	(void)dup2(STDERR_FILENO, 3);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	return prepare_process() ? find_what_is_left() : 99;
}

static void
process_is_its_own(void **state)
{
	pid_t child;
	int status;

	if (geteuid() != 0)
		skip();		/* limits are raised by root */
	child = fork();
	if (child == 0)
		_exit(left_in_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child: how many variables there are afterwards; 99: one that must not be. */
static int
variables_after(const char *name, const char *value)
{
	int n = 0;

	(void)clearenv();
	(void)setenv("LD_PRELOAD", "/tmp/x.so", 1);
	(void)setenv("NSS_DEFAULT_DB_TYPE", "extern:", 1);
	(void)setenv("PKEXEC_UID", "2001", 1);
	(void)setenv("PATH", "/tmp", 1);
	(void)setenv(name, value, 1);
	if (!prepare_process() || strcmp(getenv("PATH"), "/usr/sbin:/usr/bin:/sbin:/bin") != 0)
		return 99;
	while (environ[n] != NULL)
		n++;
	return n;
}

static void
expect_variables(const char *name, const char *value, int wanted)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(variables_after(name, value));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static void
environment_is_the_language_alone(void **state)
{
	if (geteuid() != 0)
		skip();
	expect_variables("LANG", "ja_JP.UTF-8", 2);
	expect_variables("LANGUAGE", "ja:en", 2);
	expect_variables("LC_ALL", "C", 2);
	expect_variables("LC_CTYPE", "de_DE@euro", 2);
	expect_variables("LC_TIME", "ja_JP.UTF-8", 1);
	expect_variables("HOME", "/root", 1);
	expect_variables("LANGUAGE", "../../tmp/x", 1);
	expect_variables("LANGUAGE", "/tmp/x", 1);
	expect_variables("LANG", "..", 1);
	expect_variables("LC_ALL", "", 1);
	expect_variables("LC_ALL", "%n%n%n", 1);
	expect_variables("LANG", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1);
	expect_variables("LANG", "ja_JP.UTF-8\n", 1);
}

static bool
takes(int argc, const char *word, const char *value, const char **ret)
{
	char program[] = "x", first[32], second[256];
	char *argv[] = { program, first, second, NULL };

	(void)snprintf(first, sizeof first, "%s", word);
	(void)snprintf(second, sizeof second, "%s", value);
	if (!prepare_reader(argc, argv, ret))
		return false;
	if (*ret != NULL)
		assert_string_equal(*ret, value);
	return true;
}

static void
nothing_but_a_reader_is_taken(void **state)
{
	const char *reader;
	char longest[129];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_true(takes(1, "", "", &reader));
	assert_null(reader);
	assert_true(takes(3, "--reader", "ACS ACR122U 00 00", &reader));
	assert_true(takes(3, "--reader", "リーダー", &reader));
	assert_false(takes(3, "--reader", longest, &reader));
	assert_true(takes(3, "--reader", longest + 1, &reader));
	assert_false(takes(3, "--reader", "", &reader));
	assert_false(takes(3, "--reader", "a\033[2Jb", &reader));
	assert_false(takes(3, "--reader", "a\nb", &reader));
	assert_false(takes(3, "--reader", "\xff", &reader));
	assert_false(takes(3, "--user", "hanako", &reader));
	assert_false(takes(3, "-r", "x", &reader));
	assert_false(takes(2, "--reader", "", &reader));
	assert_false(takes(2, "--reader=x", "", &reader));
	assert_false(takes(2, "--", "", &reader));
	assert_false(takes(0, "", "", &reader));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_is_its_own),
		cmocka_unit_test(environment_is_the_language_alone),
		cmocka_unit_test(nothing_but_a_reader_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench: what a login costs, measured in a host of libpam as real programs
 * are. Printed per step; nothing here passes or fails.
 *
 *	bench SERVICE USER PIN LOGINS   time of each step, helper's peak memory
 *	bench --pair SERVICE OTHER USER PIN LOGINS
 *	                                each in turn: the medians of both, "MS MS"
 *	bench --load MODULE             time and libraries that loading it adds
 *
 * The steps are the debug lines that the helper writes; this program takes
 * the place of syslog(3) and notes when they arrive.
 */
#include "config.h"

#include <dlfcn.h>
#include <link.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/stats.h"

#define STEPS_MAX 16
#define LOGINS_MAX 999

static const char *pin;

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, compare);
	return n == 0 ? 0 : n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* --- the steps of a login ---------------------------------------------------------- */

static struct {
	char name[STEPS_MAX][40];
	double at[STEPS_MAX];
	size_t count;
} steps;

static double spent[STEPS_MAX][LOGINS_MAX], total[LOGINS_MAX], ours[LOGINS_MAX];

/* What a person waits for: until the prompt is there, and from its answer to the result. */
static double prompted_at, answered_at, until_prompt[LOGINS_MAX], after_answer[LOGINS_MAX];

static void
mark(const char *name)
{
	if (steps.count == STEPS_MAX)
		return;
	snprintf(steps.name[steps.count], sizeof steps.name[0], "%s", name);
	steps.at[steps.count++] = now_ms();
}

static void
on_log_line(int priority, const char *format, va_list ap)
{
	char line[1024];
	const char *step;

	vsnprintf(line, sizeof line, format, ap);
	step = strstr(line, "step: ");
	if (step != NULL)
		mark(step + strlen("step: "));
	else if ((priority & 7) < 6 /* LOG_INFO */)
		fprintf(stderr, "%s\n", line);
}

/*
 * In place of libc's two, of which the second is what FORTIFY makes of the first: libpam
 * logs here. Declared by hand, because syslog.h may have made a macro or an inline of them.
 */
void syslog(int priority, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);

void
syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	on_log_line(priority, format, ap);
	va_end(ap);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	on_log_line(priority, format, ap);
	va_end(ap);
}

static int
answer(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	struct pam_response *r = calloc((size_t)n, sizeof *r);

	prompted_at = now_ms();
	for (int i = 0; i < n && r != NULL; i++)
		if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			r[i].resp = strdup(pin);
	*responses = r;
	answered_at = now_ms();
	return r != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* The card's and pcscd's part of a login; all other steps are our own work. */
static bool
is_cards(const char *step)
{
	return strcmp(step, "card") == 0 || strcmp(step, "PIN and signature") == 0;
}

static bool
login_once(const char *service, const char *user, size_t round)
{
	struct pam_conv conv = { .conv = answer };
	pam_handle_t *pamh;
	int r;

	if (pam_start(service, user, &conv, &pamh) != PAM_SUCCESS)
		return false;
	steps.count = 0;
	mark("start of the helper");
	r = pam_authenticate(pamh, 0);
	mark("");
	if (r != PAM_SUCCESS)
		fprintf(stderr, "bench: %s\n", pam_strerror(pamh, r));
	(void)pam_end(pamh, r);
	total[round] = steps.at[steps.count - 1] - steps.at[0];
	ours[round] = total[round];
	until_prompt[round] = prompted_at - steps.at[0];
	after_answer[round] = steps.at[steps.count - 1] - answered_at;
	for (size_t i = 0; i + 1 < steps.count; i++) {
		spent[i][round] = steps.at[i + 1] - steps.at[i];
		if (is_cards(steps.name[i]))
			ours[round] -= spent[i][round];
	}
	return r == PAM_SUCCESS;
}

static int
bench_logins(const char *service, const char *user, size_t n)
{
	struct rusage children;

	for (size_t i = 0; i < n; i++)
		if (!login_once(service, user, i))
			return 1;
	for (size_t i = 0; i + 1 < steps.count; i++)
		printf("  %-28s %8.2f ms%s\n", steps.name[i], median(spent[i], n),
		    is_cards(steps.name[i]) ? "  (pcscd and card)" : "");
	printf("  %-28s %8.2f ms\n", "until the prompt", median(until_prompt, n));
	printf("  %-28s %8.2f ms\n", "from the PIN to the result", median(after_answer, n));
	printf("  %-28s %8.2f ms\n", "whole login", median(total, n));
	printf("  %-28s %8.2f ms  (target 25)\n", "ours, without pcscd and card", median(ours, n));
	getrusage(RUSAGE_CHILDREN, &children);
	printf("  %-28s %8.2f MiB (target 10)\n", "helper, peak memory",
	    (double)children.ru_maxrss / 1024);
	return 0;
}

/* In turn, so that what else the machine does meets both. */
static int
bench_pair(char *const services[2], const char *user, size_t n)
{
	static double took[2][LOGINS_MAX];

	for (size_t i = 0; i < n; i++)
		for (size_t s = 0; s < 2; s++) {
			if (!login_once(services[s], user, i))
				return 1;
			took[s][i] = total[i];
		}
	printf("%.3f %.3f\n", median(took[0], n), median(took[1], n));
	return 0;
}

/* --- loading the module --------------------------------------------------------------- */

static int
count_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	size_t *n = ctx;

	(*n)++;
	return 0;
}

/* In a child, so that every time is a first time. */
static double
load_once(const char *path, size_t *ret_added)
{
	struct { double ms; size_t added; } result = { -1, 0 };
	int p[2];
	pid_t pid;

	if (pipe(p) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		size_t before = 0, after = 0;
		double start;

		dl_iterate_phdr(count_library, &before);
		start = now_ms();
		if (dlopen(path, RTLD_NOW) == NULL)
			fprintf(stderr, "bench: %s\n", dlerror());
		else
			result.ms = now_ms() - start;
		dl_iterate_phdr(count_library, &after);
		result.added = after - before - 1;
		_exit(write(p[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
	}
	if (read(p[0], &result, sizeof result) != (ssize_t)sizeof result)
		result.ms = -1;
	close(p[0]);
	close(p[1]);
	waitpid(pid, NULL, 0);
	*ret_added = result.added;
	return result.ms;
}

static int
bench_load(const char *path)
{
	double ms[21];
	size_t added = 0;

	for (size_t i = 0; i < 21; i++) {
		ms[i] = load_once(path, &added);
		if (ms[i] < 0)
			return 1;
	}
	printf("  %-28s %8.2f ms  (target 1)\n", "loading the module", median(ms, 21));
	printf("  %-28s %8zu     (target 0)\n", "libraries it brings along", added);
	return 0;
}

static bool
is_count(const char *text)
{
	return atoi(text) > 0 && atoi(text) <= LOGINS_MAX;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--load") == 0)
		return bench_load(argv[2]);
	if (argc == 7 && strcmp(argv[1], "--pair") == 0 && is_count(argv[6])) {
		pin = argv[5];
		return bench_pair(argv + 2, argv[4], (size_t)atoi(argv[6]));
	}
	if (argc == 5 && is_count(argv[4])) {
		pin = argv[3];
		return bench_logins(argv[1], argv[2], (size_t)atoi(argv[4]));
	}
	fprintf(stderr, "usage: bench SERVICE USER PIN LOGINS | "
	    "bench --pair SERVICE OTHER USER PIN LOGINS | bench --load MODULE\n");
	return 2;
}

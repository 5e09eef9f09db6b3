/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/pamstack/pamstack against the libpam of this machine: thousands of random stacks,
 * each read and run by both; the same modules in the same order, the same result.
 */
#include "config.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/pamstack/pamstack.h"

#define STACKS 4000
#define SEED 20261123u
#define TEXT_SIZE 16384
#define INCLUDES 4		/* inc0 ... inc3; each includes only those after it */
#define LEAF "broken"		/* a file libpam cannot read to its end */

/* libpam logs much about these stacks; see test_module.c. */
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void
syslog(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority;
	(void)flag;
	(void)format;
}

static char dir[256];

static int
setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	snprintf(dir, sizeof dir, "%s", scratch_path("test"));
	*strrchr(dir, '/') = '\0';
	return 0;
}

/* ---- random stacks ---- */

static uint32_t random_state;
static unsigned int next_id;

/* xorshift: the same everywhere for one seed. */
static unsigned int
below(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

struct text {
	char p[TEXT_SIZE];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void
say(struct text *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	text->len += (size_t)vsnprintf(text->p + text->len, TEXT_SIZE - text->len, format, ap);
	va_end(ap);
	assert_true(text->len < TEXT_SIZE);
}

static const char *
one_of(const char *const *words, size_t count)
{
	return words[below((unsigned int)count)];
}

/* Mostly blanks; rarely what is as good as a blank for libpam 1.5 and ends the line for 1.6. */
static void
say_gap(struct text *text)
{
	static const char *const gaps[] = { " ", " ", " ", "\t", "   ", " \\\n" };
	static const char *const ends[] = { "\\\n\n\t", " \\\n# x\n" };

	say(text, "%s", below(60) == 0 ? one_of(ends, COUNT(ends)) : one_of(gaps, COUNT(gaps)));
}

static void
say_type(struct text *text)
{
	static const char *const types[] = {
		"auth", "auth", "auth", "account", "account", "session", "Auth", "-auth", "-session", "password"
	};

	if (below(40) == 0)
		say(text, "%s", below(2) == 0 ? "autj" : "[]");
	else
		say(text, "%s", one_of(types, COUNT(types)));
}

static void
say_pairs(struct text *text)
{
	static const char *const names[] = {
		"success", "success", "ignore", "auth_err", "user_unknown", "module_unknown",
		"perm_denied", "new_authtok_reqd", "authtok_recover_err", "incomplete", "bad_item"
	};
	static const char *const actions[] = {
		"ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3", "12", "0", "end"
	};
	/* The last two are faults, and rare. */
	size_t usual = COUNT(actions) - (below(12) == 0 ? 0 : 2);

	say(text, "[");
	for (unsigned int n = below(4) + 1; n > 0; n--)
		say(text, "%s%s=%s%s", one_of(names, COUNT(names)), below(6) == 0 ? " " : "",
		    one_of(actions, usual), below(6) == 0 ? "" : " ");
	if (below(3) != 0)
		say(text, "default=%s", one_of(actions, usual));
	say(text, "]");
}

static void
say_control(struct text *text)
{
	static const char *const words[] = {
		"required", "requisite", "sufficient", "optional", "Required", "SUFFICIENT", "requird", "ok=ok"
	};

	if (below(2) == 0)
		say_pairs(text);
	else
		say(text, "%s", one_of(words, below(15) == 0 ? COUNT(words) : 6));
}

static int
some_code(void)
{
	static const int usual[] = { PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_IGNORE, PAM_AUTH_ERR };

	if (below(3) != 0)
		return usual[below(COUNT(usual))];
	return (int)below(36) - 2;
}

static void
say_module(struct text *text)
{
	if (below(60) == 0)
		return;
	if (below(20) == 0)
		say(text, "/nowhere/pam_missing.so");
	else
		say(text, "%s", SCRIPTED);
	say_gap(text);
	say(text, below(8) == 0 ? "[id=%u x\\]]" : "id=%u", next_id++);
	say_gap(text);
	say(text, "code=%d", some_code());
}

/* From file number `at`; INCLUDES is none of the files that may be included. */
static void
say_include(struct text *text, unsigned int at)
{
	unsigned int first = at == INCLUDES ? 0 : at + 1;
	const char *how = below(2) == 0 ? "include" : "substack";

	if (below(3) == 0 && first < INCLUDES) {
		say(text, "%s@include %s/inc%u", below(8) == 0 ? "-" : "", dir,
		    first + below(INCLUDES - first));
		return;
	}
	say_type(text);
	if (below(12) == 0)
		say(text, " %s %s/%s", how, dir, below(2) == 0 ? LEAF : "nosuch");
	else if (first < INCLUDES)
		say(text, " %s %s/inc%u", how, dir, first + below(INCLUDES - first));
	else
		say(text, " optional /nowhere/pam_missing.so");
}

static void
say_line(struct text *text, unsigned int at)
{
	static const char *const ends[] = { "\n", "\n", "\n", " \n", " # remark\n", "#\n", "\n\n", "\n \t\n", "\r\n" };

	if (below(30) == 0)
		say(text, "# a remark \\\n");
	if (below(5) == 0) {
		say_include(text, at);
		say(text, "\n");
		return;
	}
	say_type(text);
	say_gap(text);
	say_control(text);
	say_gap(text);
	say_module(text);
	if (below(150) == 0)
		say(text, " %01200d", 0);	/* longer than libpam's buffer */
	say(text, "%s", one_of(ends, COUNT(ends)));
}

/* What ends the reading of a file; all but the first crash libpam in an included file. */
static void
say_end(struct text *text, bool included)
{
	static const char *const ends[] = {
		"auth required \\\n", "auth required /nowhere/.so\n", "account required ?.so\n",
		"@include /nowhere/nosuch\n", "session substack /nowhere/.x\n"
	};

	say(text, "%s", one_of(ends, included ? 1 : COUNT(ends)));
}

static void
write_file(const char *name, unsigned int at, unsigned int lines, bool broken)
{
	static struct text text;
	char path[512];
	FILE *file;

	text.len = 0;
	for (; lines > 0; lines--)
		say_line(&text, at);
	if (broken)
		say_end(&text, at < INCLUDES);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

static void
write_includes(void)
{
	char name[16];

	next_id = 0;
	for (unsigned int i = 0; i < INCLUDES; i++) {
		snprintf(name, sizeof name, "inc%u", i);
		write_file(name, i, below(4), false);
	}
	/* Never by "@include": in a typed include libpam's answer is an accident. */
	write_file(LEAF, INCLUDES - 1, below(3), true);
}

static void
write_services(void)
{
	write_file("test", INCLUDES, below(7), below(60) == 0);
	write_file("other", INCLUDES, below(4), below(120) == 0);
}

/* ---- both ---- */

struct run {
	int result;
	char called[TEXT_SIZE];
};

static int
no_conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	(void)n;
	(void)messages;
	(void)responses;
	(void)ctx;
	return PAM_CONV_ERR;
}

/* What is called, and the list that libpam walks for it. (No setcred follows an authentication.) */
struct call {
	enum pamstack_type type;
	int (*fn)(pam_handle_t *pamh, int flags);
};

static void
run_libpam(const char *service, const struct call *call, struct run *run)
{
	static const struct pam_conv conv = { .conv = no_conversation };
	const char *called;
	pam_handle_t *pamh;

	run->called[0] = '\0';
	run->result = pam_start_confdir(service, "hanako", &conv, dir, &pamh);
	if (run->result != PAM_SUCCESS)
		return;
	run->result = call->fn(pamh, 0);
	called = pam_getenv(pamh, "CALLED");
	snprintf(run->called, sizeof run->called, "%s", called != NULL ? called : "");
	pam_end(pamh, run->result);
}

static int
scripted(const struct pamstack_line *line, void *ctx)
{
	struct run *run = ctx;
	size_t len = strlen(run->called);
	const char *id = line->argc == 2 ? line->args[0] : "?";

	snprintf(run->called + len, sizeof run->called - len, " %s", id);
	return line->argc == 2 ? atoi(line->args[1] + strlen("code=")) : PAM_SUCCESS;
}

static void
run_model(const char *service, enum pamstack_type type, struct run *run)
{
	static const char *const no_module_dirs[] = { NULL };
	const char *const dirs[] = { dir, NULL };
	struct pamstack_source source = pamstack_machine();
	struct pamstack stack;

	source.dirs = dirs;
	source.module_dirs = no_module_dirs;
	run->called[0] = '\0';
	assert_true(pamstack_load(&source, service, &stack));
	if (stack.broken)
		run->result = PAM_ABORT;
	else
		run->result = pamstack_run(pamstack_list(&stack, type), scripted, run);
	pamstack_done(&stack);
}

static void
tell(unsigned int number, const char *service, enum pamstack_type type, const struct run *libpam,
    const struct run *model)
{
	char command[512];

	print_error("stack %u of seed %u, %s, %s\n", number, SEED, service, pamstack_type_name(type));
	print_error("libpam: %d after%s\nmodel:  %d after%s\n", libpam->result, libpam->called,
	    model->result, model->called);
	snprintf(command, sizeof command, "cd '%s' && tail -n +1 * >&2", dir);
	assert_int_equal(system(command), 0);
}

static bool
same(unsigned int number, const char *service, const struct call *call, int *ret_result)
{
	static struct run libpam, model;

	run_libpam(service, call, &libpam);
	run_model(service, call->type, &model);
	*ret_result = libpam.result;
	if (libpam.result == model.result && strcmp(libpam.called, model.called) == 0)
		return true;
	tell(number, service, call->type, &libpam, &model);
	return false;
}

static void
model_does_what_libpam_does(void **state)
{
	static const struct call calls[] = {
		{ PAMSTACK_AUTH, pam_authenticate }, { PAMSTACK_AUTH, pam_setcred },
		{ PAMSTACK_ACCOUNT, pam_acct_mgmt }, { PAMSTACK_SESSION, pam_open_session }
	};
	unsigned int seen[PAMSTACK_CODES] = { 0 };

	random_state = SEED;
	print_message("seed %u, %u stacks\n", SEED, STACKS);
	for (unsigned int i = 0; i < STACKS; i++) {
		const char *service = below(20) != 0 ? "test" : below(2) == 0 ? "other" : "nosuchservice";

		if (i % 4 == 0)
			write_includes();
		write_services();
		for (size_t c = 0; c < COUNT(calls); c++) {
			int result;

			assert_true(same(i, service, &calls[c], &result));
			if (result >= 0 && result < PAMSTACK_CODES)
				seen[result]++;
		}
	}
	/* Enough of each kind, or the test has become blind. */
	assert_uint_in_range(seen[PAM_SUCCESS], STACKS / 10, STACKS * 3);
	assert_uint_in_range(seen[PAM_PERM_DENIED], STACKS / 10, STACKS * 3);
	assert_uint_in_range(seen[PAM_ABORT], STACKS / 50, STACKS);
	assert_uint_in_range(seen[PAM_AUTH_ERR], STACKS / 50, STACKS);
	assert_uint_in_range(seen[PAM_MODULE_UNKNOWN], STACKS / 100, STACKS);
	assert_uint_in_range(seen[PAM_INCOMPLETE], 1, STACKS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_does_what_libpam_does),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks of PAM as they are read, judged and shown; test_libpam asks libpam. */
#include "config.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/outcome.h"
#include "tests/unit/readings.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/pamstack/pamstack.h"

#define NOWHERE "/nonexistent/pam.d"

static const char *const nowhere[] = { NOWHERE, NULL };

/* Debian's own, after pam-auth-update. */
#define COMMON_AUTH \
	"auth [success=1 default=ignore] pam_unix.so nullok\n" \
	"auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n"
#define COMMON_ACCOUNT \
	"account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n" \
	"account requisite pam_deny.so\naccount required pam_permit.so\n"

static struct pamstack_file files[] = {
	{ "test", NULL },
	{ "more", NULL },
	{ "common-auth", COMMON_AUTH },
	{ "common-account", COMMON_ACCOUNT },
	{ "common-session", "" },
	{ "common-session-noninteractive", "" },
	{ "common-password", "" },
	{ "other", "auth required pam_deny.so\naccount required pam_deny.so\n" },
};

static struct pamstack_source
source_of(const char *test, const char *more)
{
	files[0].text = test;
	files[1].text = more;
	return (struct pamstack_source){
		.dirs = nowhere, .replaced = files, .replaced_count = COUNT(files),
		.flavour = PAMSTACK_DEBIAN
	};
}

static void
load(const char *test, const char *more, struct pamstack *ret)
{
	struct pamstack_source source = source_of(test, more);

	assert_true(pamstack_load(&source, "test", ret));
}

/* ---- reading ---- */

static void
reads_a_line(void **state)
{
	struct pamstack stack;
	const struct pamstack_line *line;

	load("# remark\n\n-AUTH [success=2 default=ignore]\\\n  /lib/security/pam_x.so a [b c\\]d] #e\n", NULL,
	    &stack);
	assert_false(stack.broken);
	assert_int_equal(stack.own[PAMSTACK_AUTH].count, 1);
	line = &stack.own[PAMSTACK_AUTH].lines[0];
	assert_int_equal(line->kind, PAMSTACK_MODULE);
	assert_true(line->quiet);
	assert_string_equal(line->control, "[success=2 default=ignore]");
	assert_string_equal(line->path, "/lib/security/pam_x.so");
	assert_string_equal(line->module, "pam_x");
	assert_int_equal(line->argc, 2);
	assert_string_equal(line->args[0], "a");
	assert_string_equal(line->args[1], "b c]d");
	assert_null(line->args[2]);
	assert_true(pamstack_has_arg(line, "a"));
	assert_false(pamstack_has_arg(line, "b"));
	assert_string_equal(line->file, NOWHERE "/test");
	assert_int_equal(line->lineno, 3);
	assert_int_equal(line->action[PAM_SUCCESS], 2);
	assert_int_equal(line->action[PAM_AUTH_ERR], PAMSTACK_IGNORE);
	pamstack_done(&stack);
}

/* Measured with the libpam of Debian 12 (1.5.2) and of Debian 13 (1.7.0). */
static const struct {
	const char *test;
	size_t count[2];	/* lines for auth and such without a type, by enum pamstack_lines */
	size_t argc[2];		/* of the first */
	bool broken[2];
} continued[] = {
	{ "auth required pam_x.so \\\n a\n", { 1, 1 }, { 1, 1 }, { false, false } },
	{ "auth required pam_x.so \\\n# remark\n a\n", { 1, 2 }, { 1, 0 }, { false, false } },
	{ "auth required pam_x.so \\\n\n a\n", { 1, 2 }, { 1, 0 }, { false, false } },
	{ "auth required pam_x.so \\\n  \t\nauth required pam_y.so\n", { 1, 2 }, { 3, 0 }, { false, false } },
	{ "auth required pam_x.so \\\n# remark\nauth required pam_y.so\n", { 1, 2 }, { 3, 0 },
	  { false, false } },
	{ "auth required pam_x.so a # remark \\\nauth required pam_y.so\n", { 2, 2 }, { 1, 1 },
	  { false, false } },
	{ "# remark \\\nauth required pam_y.so a\n", { 1, 1 }, { 1, 1 }, { false, false } },
	{ "\\\nauth required pam_y.so a\n", { 1, 1 }, { 1, 1 }, { false, false } },
	{ "  \\\n\nauth required pam_y.so a\n", { 1, 1 }, { 1, 1 }, { false, false } },
	{ "auth \\\n \\\n required pam_y.so \\\n a b # c\n", { 1, 1 }, { 2, 2 }, { false, false } },
	{ "auth required pam_x.so a\\", { 0, 0 }, { 0, 0 }, { true, true } },
	{ "auth required pam_x.so a", { 1, 1 }, { 1, 1 }, { false, false } },
	{ "auth required pam_x.so a\\b\n", { 1, 1 }, { 1, 1 }, { false, false } },
};

static void
puts_continued_lines_together(void **state)
{
	for (size_t i = 0; i < COUNT(continued); i++)
		for (int rule = PAMSTACK_LINES_1_5; rule <= PAMSTACK_LINES_1_6; rule++) {
			struct pamstack_source source = source_of(continued[i].test, NULL);
			const struct pamstack_list *list;
			struct pamstack stack;

			source.lines = (enum pamstack_lines)rule;
			assert_true(pamstack_load(&source, "test", &stack));
			list = &stack.own[PAMSTACK_AUTH];
			if (list->count != continued[i].count[rule] || stack.broken != continued[i].broken[rule] ||
			    (list->count > 0 && list->lines[0].argc != continued[i].argc[rule]))
				fail_msg("%s: rule %d: %zu lines", continued[i].test, rule, list->count);
			pamstack_done(&stack);
		}
}

static void
takes_long_lines_as_1_6_does(void **state)
{
	struct pamstack_source source;
	struct pamstack stack;
	char text[3000];

	snprintf(text, sizeof text, "auth required pam_x.so %01200d \\\n %01200d\n", 1, 2);
	source = source_of(text, NULL);
	assert_true(pamstack_load(&source, "test", &stack));
	assert_true(stack.own[PAMSTACK_AUTH].count > 1);
	pamstack_done(&stack);
	source.lines = PAMSTACK_LINES_1_6;
	assert_true(pamstack_load(&source, "test", &stack));
	assert_false(stack.broken);
	assert_int_equal(stack.own[PAMSTACK_AUTH].count, 1);
	assert_int_equal(stack.own[PAMSTACK_AUTH].lines[0].argc, 2);
	pamstack_done(&stack);
}

struct control {
	const char *text;
	const char *code;
	int action;
	enum pamstack_fault fault;
};

static const struct control controls[] = {
	{ "required", "success", PAMSTACK_OK },
	{ "required", "ignore", PAMSTACK_IGNORE },
	{ "required", "auth_err", PAMSTACK_BAD },
	{ "requisite", "auth_err", PAMSTACK_DIE },
	{ "sufficient", "new_authtok_reqd", PAMSTACK_DONE },
	{ "optional", "module_unknown", PAMSTACK_IGNORE },
	{ "[auth_err=ok default=die auth_err=reset]", "auth_err", PAMSTACK_RESET },
	{ "[auth_err=ok default=die success=ok]", "success", PAMSTACK_OK },
	{ "[auth_err=ok]", "ignore", PAMSTACK_BAD },
	{ "[ success = 12 ]", "success", 12 },
	{ "[success=okauth_err=ok]", "auth_err", PAMSTACK_OK },
	{ "[authtok_recovery_err=ok default=ignore]", "success", PAMSTACK_BAD, PAMSTACK_BAD_CONTROL },
	{ "[success=end default=ignore]", "success", PAMSTACK_BAD, PAMSTACK_BAD_CONTROL },
	{ "[success=0 default=ignore]", "auth_err", PAMSTACK_BAD, PAMSTACK_BAD_CONTROL },
	{ "[success]", "auth_err", PAMSTACK_BAD, PAMSTACK_BAD_CONTROL },
	{ "sufficent", "auth_err", PAMSTACK_BAD, PAMSTACK_BAD_CONTROL },
	{ "[]", "success", PAMSTACK_BAD },
};

static void
reads_controls(void **state)
{
	for (size_t i = 0; i < COUNT(controls); i++) {
		const struct control *c = &controls[i];
		struct pamstack stack;
		char text[128];

		snprintf(text, sizeof text, "auth %s pam_x.so\n", c->text);
		load(text, NULL, &stack);
		assert_int_equal(stack.own[PAMSTACK_AUTH].count, 1);
		if (stack.own[PAMSTACK_AUTH].lines[0].action[pamstack_code(c->code)] != c->action ||
		    stack.own[PAMSTACK_AUTH].lines[0].fault != c->fault)
			fail_msg("%s: %s", c->text, c->code);
		pamstack_done(&stack);
	}
}

struct faulty {
	const char *test, *more;
	enum pamstack_type type;
	enum pamstack_fault fault;	/* of the last line of the type */
	size_t count;
};

static const struct faulty faulties[] = {
	{ "autj required pam_permit.so\n", NULL, PAMSTACK_AUTH, PAMSTACK_NO_TYPE, 1 },
	{ "account\n", NULL, PAMSTACK_ACCOUNT, PAMSTACK_NO_CONTROL, 1 },
	{ "account required\n", NULL, PAMSTACK_ACCOUNT, PAMSTACK_NO_MODULE, 1 },
	{ "session include nosuch\n", NULL, PAMSTACK_SESSION, PAMSTACK_NO_INCLUDE, 1 },
	{ "session substack nosuch\n", NULL, PAMSTACK_SESSION, PAMSTACK_NO_INCLUDE, 2 },
	{ "auth include more\n", "auth required pam_permit.so\nauth required \\\n", PAMSTACK_AUTH,
	  PAMSTACK_NO_INCLUDE, 2 },
	/* A file that includes itself ends. */
	{ "auth include more\n", "auth include more\n", PAMSTACK_AUTH, PAMSTACK_NO_INCLUDE, 1 },
	{ "auth substack more\n", "auth substack more\n", PAMSTACK_AUTH, PAMSTACK_NO_INCLUDE, 17 },
};

static int
always_right(const struct pamstack_line *line, void *ctx)
{
	return PAM_SUCCESS;
}

static void
faulty_lines_refuse(void **state)
{
	for (size_t i = 0; i < COUNT(faulties); i++) {
		const struct faulty *f = &faulties[i];
		const struct pamstack_list *list;
		struct pamstack stack;

		load(f->test, f->more, &stack);
		list = &stack.own[f->type];
		if (stack.broken || list->count != f->count ||
		    list->lines[list->count - 1].kind != PAMSTACK_FAULTY ||
		    list->lines[list->count - 1].fault != f->fault)
			fail_msg("%s: %zu", f->test, list->count);
		assert_int_equal(pamstack_run(list, always_right, NULL), PAM_PERM_DENIED);
		pamstack_done(&stack);
	}
}

static const struct {
	const char *test;
	enum pamstack_fault fault;
	unsigned int lineno;
} broken[] = {
	{ "auth required pam_permit.so\nauth required \\\n", PAMSTACK_UNREADABLE, 3 },
	{ "auth required /lib/.so\n", PAMSTACK_NAMELESS, 1 },
	{ "\nauth required ?.so\n", PAMSTACK_NAMELESS, 2 },
	{ "@include nosuch\n", PAMSTACK_NO_INCLUDE, 1 },
	{ "auth include\n", PAMSTACK_CRASH, 1 },
	{ "@include\n", PAMSTACK_CRASH, 1 },
};

static void
libpam_gives_up(void **state)
{
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct pamstack_judgement j;
		struct pamstack stack;

		load(broken[i].test, NULL, &stack);
		if (!stack.broken || stack.fault != broken[i].fault || stack.fault_line != broken[i].lineno)
			fail_msg("%s: %d, line %u", broken[i].test, stack.fault, stack.fault_line);
		assert_string_equal(stack.fault_file, NOWHERE "/test");
		j = pamstack_judge(&stack, false, false);
		assert_int_equal(j.password[PAM_USER_UNKNOWN].verdict, PAMSTACK_NO);
		assert_int_equal(j.open.verdict, PAMSTACK_NO);
		pamstack_done(&stack);
	}
}

static void
upstream_knows_no_at_include(void **state)
{
	struct pamstack_source source = source_of("@include more\nauth include\n", "auth required pam_permit.so\n");
	struct pamstack stack;

	source.flavour = PAMSTACK_UPSTREAM;
	assert_true(pamstack_load(&source, "test", &stack));
	assert_false(stack.broken);
	assert_int_equal(stack.own[PAMSTACK_AUTH].count, 2);
	assert_int_equal(stack.own[PAMSTACK_AUTH].lines[0].fault, PAMSTACK_NO_TYPE);
	assert_int_equal(stack.own[PAMSTACK_AUTH].lines[1].fault, PAMSTACK_NO_INCLUDE);
	pamstack_done(&stack);
}

/* By type: a service without account lines has those of "other". */
static void
other_stands_in(void **state)
{
	struct pamstack stack;
	struct pamstack_source source = source_of("auth required pam_permit.so\n", NULL);

	load("auth required pam_permit.so\n", NULL, &stack);
	assert_ptr_equal(pamstack_list(&stack, PAMSTACK_AUTH), &stack.own[PAMSTACK_AUTH]);
	assert_ptr_equal(pamstack_list(&stack, PAMSTACK_ACCOUNT), &stack.other[PAMSTACK_ACCOUNT]);
	assert_int_equal(pamstack_list(&stack, PAMSTACK_ACCOUNT)->count, 1);
	pamstack_done(&stack);

	assert_true(pamstack_load(&source, "/usr/bin/MORE", &stack));
	assert_string_equal(stack.service, "more");
	assert_null(stack.file);
	assert_false(stack.broken);
	assert_int_equal(pamstack_list(&stack, PAMSTACK_AUTH)->count, 1);
	pamstack_done(&stack);

	source.replaced_count = 0;
	assert_true(pamstack_load(&source, "test", &stack));
	assert_true(stack.broken);
	pamstack_done(&stack);
}

/* The first directory wins; Debian looks for an include in the first only. */
static void
reads_directories(void **state)
{
	static const struct pamstack_file gone[] = { { "both", NULL }, { "new", "" } };
	char first[PATH_MAX], second[PATH_MAX];
	const char *const dirs[] = { first, second, NULL };
	const char *const module_dirs[] = { second, NULL };
	struct pamstack_source source = {
		.dirs = dirs, .module_dirs = module_dirs, .flavour = PAMSTACK_DEBIAN
	};
	struct pamstack stack;
	char **services;

	snprintf(first, sizeof first, "%s", scratch_mkdir("etc", 0755));
	snprintf(second, sizeof second, "%s", scratch_mkdir("usr", 0755));
	scratch_text("etc/both", "auth required pam_first.so\nauth include vendor\n");
	scratch_text("etc/left.dpkg-old", "auth required pam_permit.so\n");
	scratch_text("usr/both", "auth required pam_second.so\n");
	scratch_text("usr/vendor", "auth required pam_vendor.so\nauth required pam_none.so\nauth required\n");
	scratch_text("usr/pam_vendor.so", "");

	assert_true(pamstack_load(&source, "both", &stack));
	assert_string_equal(stack.own[PAMSTACK_AUTH].lines[0].module, "pam_first");
	assert_int_equal(stack.own[PAMSTACK_AUTH].lines[1].fault, PAMSTACK_NO_INCLUDE);
	pamstack_done(&stack);
	assert_true(pamstack_load(&source, "vendor", &stack));
	assert_false(stack.own[PAMSTACK_AUTH].lines[0].missing);
	assert_true(stack.own[PAMSTACK_AUTH].lines[1].missing);
	assert_false(stack.own[PAMSTACK_AUTH].lines[2].missing);
	assert_int_equal(stack.own[PAMSTACK_AUTH].lines[2].fault, PAMSTACK_NO_MODULE);
	pamstack_done(&stack);

	source.flavour = PAMSTACK_UPSTREAM;
	assert_true(pamstack_load(&source, "both", &stack));
	assert_string_equal(stack.own[PAMSTACK_AUTH].lines[1].module, "pam_vendor");
	pamstack_done(&stack);

	services = pamstack_services(&source);
	assert_non_null(services);
	assert_string_equal(services[0], "both");
	assert_string_equal(services[1], "vendor");
	assert_null(services[2]);
	pamstack_services_free(services);

	/* The overlay hides the file of the first directory, and the second has its own. */
	source.replaced = gone;
	source.replaced_count = COUNT(gone);
	assert_true(pamstack_load(&source, "both", &stack));
	assert_string_equal(stack.own[PAMSTACK_AUTH].lines[0].module, "pam_second");
	pamstack_done(&stack);
	services = pamstack_services(&source);
	assert_string_equal(services[1], "new");
	pamstack_services_free(services);
}

static void
services_are_all_or_none(void **state)
{
	char etc[PATH_MAX];
	const char *dirs[] = { NOWHERE, etc, NULL };
	const struct pamstack_source source = { .dirs = dirs };
	bool failed = true;

	snprintf(etc, sizeof etc, "%s", scratch_mkdir("all", 0755));
	scratch_text("all/login", "");
	for (unsigned int call = 1; failed; call++) {
		char **services;

		readings = (struct readings){ .to_error = call };
		services = pamstack_services(&source);
		failed = readings.calls >= call;
		assert_int_equal(services == NULL, failed);
		pamstack_services_free(services);
	}
	readings = (struct readings){ .calls = 0 };
	snprintf(etc, sizeof etc, "%s", scratch_text("all/login", ""));	/* no directory */
	assert_null(pamstack_services(&source));
	assert_int_equal(errno, ENOTDIR);
}

/* ---- judging ---- */

/* n, y, d: a verdict. */
struct judged {
	const char *name, *text;
	char open, card, no_card, not_enrolled, not_installed, wrong_pin;
	const char *on;			/* of the first that depends */
	bool unreachable, forwards_in_vain;
};

#define JPKI "auth [success=done default=ignore] pam_jpki.so\n"
#define STRICT \
	"auth [success=done authinfo_unavail=ignore user_unknown=ignore default=die] pam_jpki.so\n"

static const struct judged judgements[] = {
	{ "card or password", JPKI "@include common-auth\n", 'n', 'y', 'y', 'y', 'y', 'y' },
	{ "sufficient", "auth sufficient pam_jpki.so\n@include common-auth\n", 'n', 'y', 'y', 'y', 'y', 'y' },
	{ "strict", STRICT "@include common-auth\n", 'n', 'y', 'y', 'y', 'n', 'n' },
	{ "card and password", "@include common-auth\nauth requisite pam_jpki.so\n", 'n', 'n', 'n', 'n', 'n', 'n' },
	{ "by pam-auth-update", "auth [success=2 default=ignore] pam_jpki.so\n"
	  "auth [success=1 default=ignore] pam_unix.so nullok try_first_pass\n"
	  "auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n",
	  'n', 'y', 'y', 'y', 'y', 'y' },
	{ "profile of both", COMMON_AUTH "auth requisite pam_jpki.so\n", 'n', 'n', 'n', 'n', 'n', 'n' },
	{ "card only, and credentials", "auth requisite pam_jpki.so\nauth required pam_permit.so\n",
	  'n', 'y', 'n', 'n', 'n', 'n' },
	{ "card only", "auth required pam_jpki.so\n", 'n', 'y', 'n', 'n', 'n', 'n' },
	{ "no second way after", "auth sufficient pam_jpki.so\nauth required pam_deny.so\n",
	  'n', 'y', 'n', 'n', 'n', 'n' },
	{ "tail of ignores and a permit", JPKI "auth optional pam_env.so\nauth required pam_permit.so\n",
	  'y', 'y', 'y', 'y', 'y', 'y' },
	{ "a jump too short", "auth [success=1 default=ignore] pam_jpki.so\n"
	  "auth requisite pam_deny.so\n", 'n', 'n', 'n', 'n', 'n', 'n' },
	{ "a jump too far for the password", JPKI "auth [success=1 default=2] pam_unix.so\n"
	  "auth requisite pam_deny.so\nauth required pam_deny.so\nauth required pam_permit.so\n",
	  'y', 'y', 'n', 'n', 'n', 'n' },
	{ "failure counts as success", "auth [success=done default=ok] pam_jpki.so\nauth optional pam_permit.so\n",
	  'n', 'y', 'n', 'n', 'n', 'n' },
	{ "ignore is forgotten", "auth optional pam_jpki.so\nauth optional pam_nologin.so\n",
	  'y', 'y', 'd', 'd', 'd', 'd' },
	{ "rootok", "auth sufficient pam_rootok.so\n" JPKI "@include common-auth\n",
	  'n', 'y', 'y', 'y', 'y', 'y', NULL },
	{ "wheel", "auth required pam_wheel.so\n" JPKI "@include common-auth\n",
	  'n', 'd', 'd', 'd', 'd', 'd', "pam_wheel" },
	{ "an unknown module", "auth sufficient pam_foo.so\n" JPKI "auth required pam_deny.so\n",
	  'd', 'y', 'd', 'd', 'd', 'd', "pam_foo" },
	{ "unreachable after a deny", "auth requisite pam_deny.so\n" JPKI, 'n', 'n', 'n', 'n', 'n', 'n', NULL, true },
	{ "unreachable after a permit", "auth sufficient pam_permit.so\n" JPKI, 'y', 'y', 'y', 'y', 'y', 'y', NULL, true },
	{ "unreachable over a jump", "auth [default=1] pam_env.so\n" JPKI "auth required pam_unix.so\n",
	  'n', 'n', 'y', 'y', 'y', 'y', NULL, true },
	{ "fingerprint first", "auth sufficient pam_fprintd.so\n" JPKI "@include common-auth\n",
	  'n', 'y', 'y', 'y', 'y', 'y' },
	{ "password and one-time code", JPKI "@include common-auth\nauth required pam_google_authenticator.so\n",
	  'n', 'y', 'd', 'd', 'd', 'd', "pam_google_authenticator" },
	{ "two directories", JPKI "auth required pam_unix.so\nauth required pam_sss.so\n",
	  'n', 'y', 'd', 'd', 'd', 'd', "pam_sss" },
	{ "one directory twice", JPKI "auth required pam_unix.so\nauth required pam_unix.so nullok\n",
	  'n', 'y', 'y', 'y', 'y', 'y' },
	{ "either directory", JPKI "auth sufficient pam_sss.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n",
	  'n', 'y', 'y', 'y', 'y', 'y' },
	{ "authselect", "auth required pam_env.so\nauth required pam_faildelay.so delay=2000000\n" JPKI
	  "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
	  "auth [default=1 ignore=ignore success=ok] pam_localuser.so\n"
	  "auth sufficient pam_unix.so nullok\nauth sufficient pam_sss.so forward_pass\n"
	  "auth required pam_deny.so\n", 'n', 'y', 'y', 'y', 'y', 'y' },
	{ "faillock", "auth requisite pam_faillock.so preauth\n" JPKI
	  "auth [success=1 default=bad] pam_unix.so\nauth [default=die] pam_faillock.so authfail\n"
	  "auth sufficient pam_faillock.so authsucc\n", 'n', 'y', 'y', 'y', 'y', 'y' },
	{ "substack that gives up", "auth substack more\nauth required pam_permit.so\n", 'n', 'y', 'n', 'n', 'n', 'n' },
	{ "one field", "auth [success=done default=ignore] pam_jpki.so forward_pass=yes\n"
	  "auth required pam_unix.so try_first_pass\n", 'n', 'y', 'y', 'y', 'y', 'y' },
	{ "forwards to no module", "auth sufficient pam_jpki.so forward_pass=yes\nauth required pam_deny.so\n",
	  'n', 'y', 'n', 'n', 'n', 'n', NULL, false, true },
	{ "misspelt", "auth suffiecient pam_jpki.so\n@include common-auth\n", 'n', 'n', 'n', 'n', 'n', 'n' },
	{ "misspelt, optional", "auth [sucess=done default=ignore] pam_jpki.so\n@include common-auth\n",
	  'n', 'n', 'n', 'n', 'n', 'n' },
};

static char
letter(const struct pamstack_answered *a, const char **on)
{
	if (a->verdict == PAMSTACK_DEPENDS && *on == NULL && a->on != NULL)
		*on = a->on->module;
	return "nyd"[a->verdict == PAMSTACK_NO ? 0 : a->verdict == PAMSTACK_YES ? 1 : 2];
}

static void
judges_stacks(void **state)
{
	for (size_t i = 0; i < COUNT(judgements); i++) {
		const struct judged *e = &judgements[i];
		char expected[] = { e->open, e->card, e->no_card, e->not_enrolled, e->not_installed, e->wrong_pin, 0 };
		const char *on = NULL;
		struct pamstack_judgement j;
		struct pamstack stack;

		load(e->text, "auth sufficient pam_jpki.so\nauth requisite pam_deny.so\n", &stack);
		j = pamstack_judge(&stack, false, false);
		{
			char got[] = {
				letter(&j.open, &on), letter(&j.card_alone, &on),
				letter(&j.password[PAM_AUTHINFO_UNAVAIL], &on), letter(&j.password[PAM_USER_UNKNOWN], &on),
				letter(&j.password[PAM_MODULE_UNKNOWN], &on), letter(&j.password[PAM_AUTH_ERR], &on), 0
			};

			if (strcmp(got, expected) != 0)
				fail_msg("%s: %s, not %s", e->name, got, expected);
		}
		if (e->on != NULL && (on == NULL || strcmp(on, e->on) != 0))
			fail_msg("%s: depends on %s", e->name, on != NULL ? on : "nothing");
		if (j.unreachable != e->unreachable || j.forwards_in_vain != e->forwards_in_vain)
			fail_msg("%s: unreachable %d, forwards in vain %d", e->name, j.unreachable, j.forwards_in_vain);
		pamstack_done(&stack);
	}
}

/* Whatever is wrong with the card, not with these four codes only. */
static void
strict_stack_by_code(void **state)
{
	struct pamstack_judgement j;
	struct pamstack stack;

	load(STRICT "@include common-auth\n", NULL, &stack);
	j = pamstack_judge(&stack, false, false);
	for (int code = 0; code < PAMSTACK_CODES; code++) {
		bool in = code == PAM_SUCCESS || code == PAM_AUTHINFO_UNAVAIL || code == PAM_USER_UNKNOWN;

		if (j.password[code].verdict != (in ? PAMSTACK_YES : PAMSTACK_NO))
			fail_msg("%s", pamstack_code_name(code));
	}
	pamstack_done(&stack);
}

/* A setcred for a login that is none of the card's: does it end in success? */
static void
credentials_without_the_card(void **state)
{
	static const struct {
		const char *text;
		bool fails;
	} rows[] = {
		{ JPKI "@include common-auth\n", false },
		{ "auth sufficient pam_jpki.so\nauth required pam_unix.so\n", false },
		{ "@include common-auth\nauth requisite pam_jpki.so\n", false },
		{ "auth [success=2 default=ignore] pam_jpki.so\n" COMMON_AUTH, false },
		/* the IGNORE meets default= */
		{ "auth [success=done ignore=ignore default=die] pam_jpki.so\n@include common-auth\n", false },
		{ "auth [success=done default=die] pam_jpki.so\n@include common-auth\n", true },
		{ "@include common-auth\nauth [success=ok default=bad] pam_jpki.so\n", true },
		{ STRICT "@include common-auth\n", true },
		/* nothing else has a say */
		{ "auth required pam_jpki.so\n", true },
		{ "auth requisite pam_nologin.so\nauth optional pam_faildelay.so\nauth requisite pam_jpki.so\n", true },
		{ "auth requisite pam_jpki.so\nauth optional pam_warn.so\n", true },
		{ "auth requisite pam_jpki.so\nauth required pam_permit.so\n", false },
		{ "auth requisite pam_jpki.so\nauth optional pam_group.so\n", false },
		{ "auth sufficient pam_jpki.so\nauth required pam_deny.so\n", true },
		{ "auth [success=1 default=ignore] pam_jpki.so\nauth requisite pam_deny.so\n"
		  "auth required pam_permit.so\n", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pamstack_judgement j;
		struct pamstack stack;

		load(rows[i].text, NULL, &stack);
		j = pamstack_judge(&stack, false, false);
		if (j.no_credentials != rows[i].fails)
			fail_msg("%s", rows[i].text);
		pamstack_done(&stack);
	}
}

/* Every code of pam_jpki is taken into account when a stack is searched for holes. */
static void
open_for_each_of_our_codes(void **state)
{
	uint32_t ours = pamstack_our_failures() | PAMSTACK_BIT(PAM_MODULE_UNKNOWN);

	assert_true((ours & PAMSTACK_BIT(PAM_MAXTRIES)) != 0);
	assert_true((ours & (PAMSTACK_BIT(PAM_SUCCESS) | PAMSTACK_BIT(PAM_IGNORE))) == 0);
	for (int code = 1; code < PAMSTACK_CODES; code++) {
		struct pamstack_judgement j;
		struct pamstack stack;
		char text[160];

		snprintf(text, sizeof text, "auth [success=done %s=1 default=die] pam_jpki.so\n"
		    "auth requisite pam_deny.so\nauth required pam_permit.so\n", pamstack_code_name(code));
		load(text, NULL, &stack);
		j = pamstack_judge(&stack, false, false);
		if (j.open.verdict != ((ours & PAMSTACK_BIT(code)) != 0 ? PAMSTACK_YES : PAMSTACK_NO))
			fail_msg("%s", pamstack_code_name(code));
		pamstack_done(&stack);
	}
}

static void
judges_the_account(void **state)
{
	static const struct { const char *control; enum pamstack_verdict others, missing; } rows[] = {
		{ "[success=ok ignore=ignore module_unknown=ignore default=bad]", PAMSTACK_YES, PAMSTACK_YES },
		{ "required", PAMSTACK_YES, PAMSTACK_NO },
		{ "requisite", PAMSTACK_YES, PAMSTACK_NO },
		{ "[success=ok default=bad]", PAMSTACK_NO, PAMSTACK_NO },
		{ "optional", PAMSTACK_YES, PAMSTACK_YES },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pamstack_judgement j;
		struct pamstack stack;
		char text[160];

		snprintf(text, sizeof text, "account %s pam_jpki.so\n@include common-account\n", rows[i].control);
		load(text, NULL, &stack);
		j = pamstack_judge(&stack, false, false);
		assert_int_equal(j.account_count, 1);
		assert_ptr_equal(j.account_ours, &stack.own[PAMSTACK_ACCOUNT].lines[0]);
		if (j.account_others.verdict != rows[i].others || j.account_missing.verdict != rows[i].missing)
			fail_msg("%s", rows[i].control);
		pamstack_done(&stack);
	}
}

static void
looks_around(void **state)
{
	struct pamstack_source source = source_of(NULL, NULL);
	struct pamstack_judgement j;
	struct pamstack stack;

	load("auth optional pam_pkcs11.so\n" JPKI "auth sufficient pam_jpki.so remote=yes\n@include common-auth\n", NULL,
	    &stack);
	j = pamstack_judge(&stack, true, false);
	assert_int_equal(j.count, 2);
	assert_ptr_equal(j.ours, &stack.own[PAMSTACK_AUTH].lines[1]);
	assert_string_equal(j.other_card->module, "pam_pkcs11");
	assert_true(j.other_card_leaks);
	assert_true(j.forwards);
	assert_false(j.forwards_in_vain);
	assert_null(j.password_before);
	assert_string_equal(j.password_after->module, "pam_unix");
	assert_false(j.remote);
	pamstack_done(&stack);

	load("@include common-auth\nauth required pam_p11.so\nauth required pam_jpki.so\n", NULL, &stack);
	j = pamstack_judge(&stack, false, false);
	assert_string_equal(j.password_before->module, "pam_unix");
	assert_null(j.password_after);
	assert_string_equal(j.other_card->module, "pam_p11");
	assert_false(j.other_card_leaks);
	pamstack_done(&stack);

	files[0].name = "sshd";
	files[0].text = "auth sufficient pam_jpki.so remote=yes forward_pass=no\n@include common-auth\n";
	assert_true(pamstack_load(&source, "sshd", &stack));
	files[0].name = "test";
	j = pamstack_judge(&stack, true, false);
	assert_true(j.remote);
	assert_true(j.remote_allowed);
	assert_false(j.forwards);
	pamstack_done(&stack);
}

/* What we tell administrators to write. */
static void
judges_our_examples(void **state)
{
	const char *top = getenv("srcdir");
	struct pamstack_source source = source_of(NULL, NULL);
	char pattern[PATH_MAX], dir[PATH_MAX - 2];
	const char *const dirs[] = { dir, NULL };
	size_t with_card = 0;
	glob_t found;

	snprintf(dir, sizeof dir, "%s/config/pam.d", top != NULL ? top : ".");
	snprintf(pattern, sizeof pattern, "%s/*", dir);
	source.dirs = dirs;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		/* gdm asks another service for the password. */
		enum pamstack_verdict password = strcmp(name, "gdm-smartcard") == 0 ? PAMSTACK_NO : PAMSTACK_YES;
		struct pamstack_judgement j;
		struct pamstack stack;

		if (strcmp(name, "passwd") == 0)
			continue;	/* has nothing but the password phase */
		assert_true(pamstack_load(&source, name, &stack));
		j = pamstack_judge(&stack, false, false);
		if (stack.broken || j.open.verdict != PAMSTACK_NO || j.unreachable || j.forwards_in_vain ||
		    j.no_credentials ||
		    j.account_missing.verdict != PAMSTACK_YES || j.account_others.verdict != PAMSTACK_YES ||
		    j.card_alone.verdict != (j.count > 0 ? PAMSTACK_YES : PAMSTACK_NO))
			fail_msg("%s", name);
		/* PAM_IGNORE is no answer of ours to an authentication. */
		for (int code = 1; code < PAMSTACK_CODES; code++)
			if (code != PAM_INCOMPLETE && code != PAM_IGNORE && j.password[code].verdict != password)
				fail_msg("%s: %s", name, pamstack_code_name(code));
		with_card += j.count == 1 && j.account_count == 1;
		pamstack_done(&stack);
	}
	assert_int_equal(with_card, found.gl_pathc - 2);	/* all but sshd and passwd */
	globfree(&found);
}

/* ---- showing ---- */

static void
shows_a_stack(void **state)
{
	struct pamstack stack;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	bool same = false;

	load("-auth required pam_env.so [a b\\]] c\nauth substack more\n", "auth sufficient pam_jpki.so\n", &stack);
	assert_true(pamstack_print_change(to, &stack.own[PAMSTACK_AUTH], &stack.own[PAMSTACK_AUTH], &same));
	assert_true(same);
	fclose(to);
	assert_string_equal(text,
	    "  -auth   required    pam_env.so [a b\\]] c\n"
	    "  auth    substack    more\n"
	    "    auth  sufficient  pam_jpki.so\n");
	free(text);
	pamstack_done(&stack);
}

static void
shows_a_change(void **state)
{
	struct pamstack before, after;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	bool same = true;

	load("@include common-auth\nauth optional pam_env.so\n", NULL, &before);
	load(JPKI "@include common-auth\n", NULL, &after);
	assert_true(pamstack_print_change(to, &before.own[PAMSTACK_AUTH], &after.own[PAMSTACK_AUTH], &same));
	assert_false(same);
	fclose(to);
	assert_string_equal(text,
	    "+ auth  [success=done default=ignore]  pam_jpki.so\n"
	    "  auth  [success=1 default=ignore]     pam_unix.so nullok\n"
	    "  auth  requisite                      pam_deny.so\n"
	    "  auth  required                       pam_permit.so\n"
	    "  auth  optional                       pam_cap.so\n"
	    "- auth  optional                       pam_env.so\n");
	free(text);
	to = open_memstream(&text, &len);
	assert_true(pamstack_print_change(to, &before.own[PAMSTACK_AUTH], &before.own[PAMSTACK_AUTH], &same));
	assert_true(same);
	fclose(to);
	free(text);
	pamstack_done(&before);
	pamstack_done(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_line),
		cmocka_unit_test(puts_continued_lines_together),
		cmocka_unit_test(takes_long_lines_as_1_6_does),
		cmocka_unit_test(reads_controls),
		cmocka_unit_test(faulty_lines_refuse),
		cmocka_unit_test(libpam_gives_up),
		cmocka_unit_test(upstream_knows_no_at_include),
		cmocka_unit_test(other_stands_in),
		cmocka_unit_test(reads_directories),
		cmocka_unit_test(services_are_all_or_none),
		cmocka_unit_test(judges_stacks),
		cmocka_unit_test(strict_stack_by_code),
		cmocka_unit_test(open_for_each_of_our_codes),
		cmocka_unit_test(credentials_without_the_card),
		cmocka_unit_test(judges_the_account),
		cmocka_unit_test(looks_around),
		cmocka_unit_test(judges_our_examples),
		cmocka_unit_test(shows_a_stack),
		cmocka_unit_test(shows_a_change),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

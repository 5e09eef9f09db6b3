/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What administrators copy: the examples for /etc/pam.d, the profiles of
 * pam-auth-update, and the lines in the manual and the README. libpam reads them in
 * tests/e2e/cases/80-install.sh; here, that they are of one piece and that none
 * of them opens for anything but success.
 */
#include "config.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/conf.h"
#include "lib/outcome.h"
#include "tests/unit/capture.h"
#include "tests/unit/test.h"

#define MODULE "pam_jpki.so"
#define TEXT_MAX 65536
#define LINE_MAX_LEN 256
#define WORDS_MAX 16

/* A line of a stack with our module, cut up. */
struct line {
	char path[PATH_MAX];
	bool example;			/* in config/pam.d */
	bool remark;			/* after a comment sign: a variant */
	char text[LINE_MAX_LEN];	/* blanks squeezed, with the type in front */
	char control[LINE_MAX_LEN];	/* without brackets: "success=done default=ignore", "requisite" */
	char options[LINE_MAX_LEN];	/* "forward_pass=yes" */
};

static struct line lines[64];
static size_t line_count;

static void
read_all(const char *path, char *text)
{
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, TEXT_MAX - 1, file);
	assert_true(feof(file));
	fclose(file);
	text[len] = '\0';
}

/* Appends a word, after a blank if it is not the first. */
static void
append(char *text, const char *word)
{
	size_t len = strlen(text);

	assert_true(len + strlen(word) + 2 <= LINE_MAX_LEN);
	snprintf(text + len, LINE_MAX_LEN - len, "%s%s", len > 0 ? " " : "", word);
}

static bool
is_type(const char *word)
{
	return strcmp(word, "auth") == 0 || strcmp(word, "account") == 0 || strcmp(word, "password") == 0 ||
	    strcmp(word, "session") == 0;
}

/* One line of a file; false if it only speaks of the module. */
static bool
parse(char *from, const char *type, struct line *line)
{
	char *save, *to = line->control;
	bool module = false, typed = isspace((unsigned char)from[0]);

	line->remark = from[0] == '#';
	if (isspace((unsigned char)from[0]))
		append(line->text, type);	/* a profile says it once for all */
	for (char *word = strtok_r(from, "# \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		append(line->text, word);
		if (is_type(line->text)) {
			typed = true;
			continue;
		}
		if (strcmp(word, MODULE) == 0 && !module) {
			module = true;
			to = line->options;
			continue;
		}
		word[strcspn(word, "]")] = '\0';
		append(to, word[0] == '[' ? word + 1 : word);
	}
	return module && typed;
}

static void
collect(const char *path, bool example)
{
	static char text[TEXT_MAX];
	const char *type = "";
	size_t before = line_count;
	char *save;

	read_all(path, text);
	for (char *p = strtok_r(text, "\n", &save); p != NULL; p = strtok_r(NULL, "\n", &save)) {
		struct line line = { .example = example };

		if (strcmp(p, "Auth:") == 0)
			type = "auth";
		else if (strcmp(p, "Account:") == 0)
			type = "account";
		else if (strcmp(p, "Password:") == 0)
			type = "password";
		else if (strcmp(p, "Session:") == 0)
			type = "session";
		else if (strstr(p, " " MODULE) != NULL || strstr(p, "\t" MODULE) != NULL) {
			if (strlen(p) >= LINE_MAX_LEN || !parse(p, type, &line))
				continue;
			snprintf(line.path, sizeof line.path, "%s", path);
			assert_true(line_count < COUNT(lines));
			lines[line_count++] = line;
		}
	}
	if (line_count == before)
		fail_msg("%s has no line with " MODULE, path);
}

static int
collect_everything(void **state)
{
	static const char *const patterns[] = {
		"config/pam.d/*", "config/pam-configs/*", "config/examples/sshd-keys-pam.conf.in", "man/pam_jpki.8.in",
		"man/pam_jpki-ssh.7", "README.md"
	};
	const char *top = getenv("srcdir");

	for (size_t i = 0; i < COUNT(patterns); i++) {
		char pattern[PATH_MAX];
		glob_t found;

		snprintf(pattern, sizeof pattern, "%s/%s", top != NULL ? top : ".", patterns[i]);
		assert_int_equal(glob(pattern, 0, NULL, &found), 0);
		for (size_t j = 0; j < found.gl_pathc; j++)
			collect(found.gl_pathv[j], i == 0);
		globfree(&found);
	}
	return 0;
}

/* Cuts text up in place; the number of words. */
static size_t
split(char *text, char *words[WORDS_MAX])
{
	size_t n = 0;
	char *save;

	for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		assert_true(n < WORDS_MAX);
		words[n++] = word;
	}
	return n;
}

static void
every_word_is_an_option(void **state)
{
	for (size_t i = 0; i < line_count; i++) {
		struct line line = lines[i];
		char *words[WORDS_MAX];
		size_t n = split(line.options, words);

		for (size_t j = 0; j < n; j++) {
			struct capture c;
			struct conf conf;

			capture_start(&c);
			conf_init(&conf);
			if (conf_word(words[j], &c.log, &conf).status != OUTCOME_OK)
				fail_msg("%s: %s: %s", line.path, line.text, c.text);
		}
	}
}

/* What a control of name=action pairs does with a result; NULL: it does not say. */
static const char *
action_for(const struct line *line, const char *result, char *copy)
{
	const char *otherwise = NULL;
	char *words[WORDS_MAX];
	size_t n, len = strlen(result);

	strcpy(copy, line->control);
	n = split(copy, words);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(words[i], result, len) == 0 && words[i][len] == '=')
			return words[i] + len + 1;
		if (strncmp(words[i], "default=", 8) == 0)
			otherwise = words[i] + 8;
	}
	return otherwise;
}

/* The results as a stack names them. */
static const char *const results[] = {
#define OUTCOME(name, code, pam, ...) #pam,
#include "lib/outcome.def"
#undef OUTCOME
};

static const char *
result_of(enum outcome_status status)
{
	static char name[32];
	size_t i;

	for (i = 0; results[status][i + 4] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)results[status][i + 4]);
	name[i] = '\0';
	return name;
}

static bool
is_plain(const struct line *line)
{
	return strcmp(line->control, "required") == 0 || strcmp(line->control, "requisite") == 0;
}

/*
 * For a keyring: what is no success jumps over the lines after ours, of which the last, pam_permit, lets in
 * every user who gets there (lines_behind_a_jump_are_jumped_over).
 */
static bool
is_keyring(const struct line *line)
{
	return strcmp(line->control, "success=ok default=2") == 0;
}

static bool
is_session(const struct line *line)
{
	return strncmp(line->text, "session ", 8) == 0;
}

static void
every_line_opens_for_success_only(void **state)
{
	for (size_t i = 0; i < line_count; i++) {
		char copy[LINE_MAX_LEN];

		if (is_plain(&lines[i]) || is_session(&lines[i]))
			continue;
		for (unsigned int status = 0; status < OUTCOME_COUNT; status++) {
			const char *action = action_for(&lines[i], result_of(status), copy);

			if (action == NULL)
				fail_msg("%s: %s says nothing of %s", lines[i].path, lines[i].text, results[status]);
			else if (is_keyring(&lines[i]))
				assert_string_equal(action, status == OUTCOME_OK ? "ok" : "2");
			else if (status != OUTCOME_OK && strcmp(action, "ignore") != 0 &&
			    strcmp(action, "die") != 0 && strcmp(action, "bad") != 0)
				fail_msg("%s: %s: %s at %s", lines[i].path, lines[i].text, action, results[status]);
		}
	}
}

/*
 * In setcred the module returns PAM_IGNORE for users who logged in without the card: no line of
 * auth makes a refusal of it.
 */
static void
auth_lines_let_setcred_go_on(void **state)
{
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		char copy[LINE_MAX_LEN];
		const char *action;

		if (strncmp(lines[i].text, "auth ", 5) != 0 || is_plain(&lines[i]))
			continue;
		action = action_for(&lines[i], "ignore", copy);
		if (action == NULL || strcmp(action, is_keyring(&lines[i]) ? "2" : "ignore") != 0)
			fail_msg("%s: %s", lines[i].path, lines[i].text);
		n++;
	}
	assert_true(n >= 15);
}

/* Wherever the keyring's line of ours is shown, two lines follow: an optional one, and pam_permit. */
static void
lines_behind_a_jump_are_jumped_over(void **state)
{
	static char text[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		char first[LINE_MAX_LEN] = "", second[LINE_MAX_LEN] = "", third[LINE_MAX_LEN] = "";
		const char *at;

		if (!is_keyring(&lines[i]))
			continue;
		read_all(lines[i].path, text);
		at = strstr(text, "default=2]  " MODULE);
		assert_non_null(at);
		assert_int_equal(sscanf(at, "%*[^\n]\n%255[^\n]\n%255[^\n]\n%255[^\n]", first, second, third), 3);
		assert_non_null(strstr(first, "auth  optional  "));
		assert_non_null(strstr(second, "auth  sufficient  "));
		assert_non_null(strstr(second, "pam_permit.so"));
		assert_null(strstr(third, "pam_permit.so"));
		n++;
	}
	assert_true(n >= 2);	/* the example and the manual */
}

/* A module that was uninstalled before its lines were taken out. */
static void
account_line_ignores_a_missing_module(void **state)
{
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		char copy[LINE_MAX_LEN];
		const char *action;

		if (strncmp(lines[i].text, "account ", 8) != 0)
			continue;
		action = action_for(&lines[i], "module_unknown", copy);
		if (action == NULL || strcmp(action, "ignore") != 0)
			fail_msg("%s: %s", lines[i].path, lines[i].text);
		n++;
	}
	assert_true(n >= 8);
}

/* The stricter variant: which outcomes may go on to the password. */
static void
strict_variant_holds_the_card(void **state)
{
	static const enum outcome_status may_go_on[] = {
		OUTCOME_NO_SERVICE, OUTCOME_SERVICE_VERSION, OUTCOME_UPDATED, OUTCOME_SERVICE_REFUSED, OUTCOME_NO_READER, OUTCOME_NO_CARD, OUTCOME_CARD_BUSY, OUTCOME_SEVERAL_CARDS,
		OUTCOME_CARD_REMOVED, OUTCOME_CARD_MUTE, OUTCOME_NOT_JPKI, OUTCOME_JUKI_CARD, OUTCOME_NO_CERT,
		OUTCOME_PHONE, OUTCOME_CERT_LONG, OUTCOME_BAD_REPLY, OUTCOME_NOT_ENROLLED, OUTCOME_UNREGISTERED, OUTCOME_ENROLMENT,
		OUTCOME_FLEET, OUTCOME_FLEET_STALE, OUTCOME_CRL_MISSING,
		OUTCOME_CRL_STALE, OUTCOME_CRL_INVALID, OUTCOME_CRL_NOT_YET, OUTCOME_BLOCK_LIST, OUTCOME_TRUST_DB, OUTCOME_PASSWORD,
		OUTCOME_REMOTE, OUTCOME_NO_REPLY, OUTCOME_TIMEOUT, OUTCOME_HELPER, OUTCOME_GUESSES, OUTCOME_GUESS_RECORD
	};
	const struct line *strict = NULL;
	char copy[LINE_MAX_LEN];

	for (size_t i = 0; i < line_count; i++)
		if (lines[i].remark && strstr(lines[i].control, "user_unknown=") != NULL)
			strict = &lines[i];
	assert_non_null(strict);
	assert_string_equal(action_for(strict, "success", copy), "done");
	for (unsigned int status = 1; status < OUTCOME_COUNT; status++) {
		bool goes_on = false;

		for (size_t i = 0; i < COUNT(may_go_on); i++)
			goes_on |= may_go_on[i] == status;
		assert_string_equal(action_for(strict, result_of(status), copy), goes_on ? "ignore" : "die");
	}
}

/*
 * Our session line decides nothing, wherever it is: not over a login by password, nor where
 * the module is not installed any more. And it is in every file that opens a session for a user.
 */
static void
sessions_are_optional(void **state)
{
	static const char *const wanted[] = { "gdm-password", "gdm-smartcard", "lightdm", "login", "sddm",
		"jpki", "jpki-and-password" };
	unsigned int found = 0;

	for (size_t i = 0; i < line_count; i++) {
		if (!is_session(&lines[i]))
			continue;
		if (strcmp(lines[i].control, "optional") != 0 || lines[i].options[0] != '\0')
			fail_msg("%s: %s", lines[i].path, lines[i].text);
		for (size_t j = 0; j < COUNT(wanted); j++)
			found += strcmp(strrchr(lines[i].path, '/') + 1, wanted[j]) == 0;
	}
	assert_int_equal(found, COUNT(wanted));
}

/* Each value begins a line of the comment, or follows another there. */
static void
examples_explain_every_value(void **state)
{
	static char text[TEXT_MAX];

	for (size_t i = 0; i < line_count; i++) {
		struct line line = lines[i];
		char *words[WORDS_MAX];
		size_t n;

		if (!line.example)
			continue;
		read_all(line.path, text);
		if (line.options[0] != '\0')
			append(line.control, line.options);
		n = split(line.control, words);
		for (size_t j = 0; j < n; j++) {
			char first[LINE_MAX_LEN], later[LINE_MAX_LEN];

			snprintf(first, sizeof first, "\n# %s", words[j]);
			snprintf(later, sizeof later, ", %s ", words[j]);
			if (strstr(text, first) == NULL && strstr(text, later) == NULL)
				fail_msg("%s does not explain %s", line.path, words[j]);
		}
	}
}

/*
 * A file is copied alone to /etc/pam.d, so what is true of every account or session line is in
 * each of them: word by word the same, or one of them is out of date.
 */
static void
explained_alike(const char *type, const char *begin, const char *end, size_t least)
{
	static char text[TEXT_MAX];
	char first[TEXT_MAX] = "";
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		char *from, *to;

		if (!lines[i].example || lines[i].remark || strncmp(lines[i].text, type, strlen(type)) != 0)
			continue;
		read_all(lines[i].path, text);
		from = strstr(text, begin);
		to = from != NULL ? strstr(from, end) : NULL;
		if (to == NULL) {
			fail_msg("%s does not explain its %sline", lines[i].path, type);
			return;
		}
		to[strlen(end)] = '\0';
		if (n++ == 0)
			snprintf(first, sizeof first, "%s", from);
		else if (strcmp(first, from) != 0)
			fail_msg("%s explains its %sline otherwise than others", lines[i].path, type);
	}
	assert_true(n >= least);
}

static void
account_and_session_are_explained_alike(void **state)
{
	explained_alike("account ", "\n# account: ", "any other answer refuses\n", 11);
	explained_alike("session ", "\n# session: ", "its result does not matter\n", 5);
}

/* A profile says success=end where a file says success=done. */
static void
every_line_is_in_an_example(void **state)
{
	for (size_t i = 0; i < line_count; i++) {
		struct line line = lines[i];
		char *end = strstr(line.text, "success=end");
		char wanted[LINE_MAX_LEN + 1];
		bool found = false;

		if (end == NULL)
			snprintf(wanted, sizeof wanted, "%s", line.text);
		else
			snprintf(wanted, sizeof wanted, "%.*ssuccess=done%s",
			    (int)(end - line.text), line.text, end + strlen("success=end"));
		for (size_t j = 0; j < line_count; j++)
			found |= lines[j].example && strcmp(lines[j].text, wanted) == 0;
		if (!found)
			fail_msg("%s: no example has %s", line.path, line.text);
	}
}

/*
 * passwd is a matter of its own file: a profile would ask everybody who changes a
 * password anywhere for the PIN of their card.
 */
static void
profiles_leave_passwords_alone(void **state)
{
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		if (strncmp(lines[i].text, "password ", 9) != 0)
			continue;
		if (strstr(lines[i].path, "pam-configs") != NULL)
			fail_msg("%s: %s", lines[i].path, lines[i].text);
		n++;
	}
	assert_true(n >= 2);	/* the example and the manual */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_an_option),
		cmocka_unit_test(every_line_opens_for_success_only),
		cmocka_unit_test(auth_lines_let_setcred_go_on),
		cmocka_unit_test(lines_behind_a_jump_are_jumped_over),
		cmocka_unit_test(account_line_ignores_a_missing_module),
		cmocka_unit_test(strict_variant_holds_the_card),
		cmocka_unit_test(sessions_are_optional),
		cmocka_unit_test(examples_explain_every_value),
		cmocka_unit_test(account_and_session_are_explained_alike),
		cmocka_unit_test(every_line_is_in_an_example),
		cmocka_unit_test(profiles_leave_passwords_alone),
	};

	return cmocka_run_group_tests(tests, collect_everything, NULL);
}

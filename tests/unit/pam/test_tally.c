/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module and the record of failed PIN entries: whose tries count, when an account is asked,
 * and what is handed on. The helper calls each PIN wrong unless the mode says otherwise.
 */
#include "config.h"

#include <fcntl.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/guesses.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define CERT "fedcba9876543210"
#define HANAKO 2001
#define TARO 2002

static uid_t caller;
static const char *typed;
static unsigned int prompts;
static void (*at_prompt)(void);
static char said[4096];		/* what was logged, with newlines between */

/* In place of libc's and libpam's. */
uid_t
getuid(void)
{
	return caller;
}

static struct passwd *
account(const char *name, uid_t uid)
{
	static char names[][8] = { "hanako", "taro" };
	static struct passwd hanako = { .pw_name = names[0], .pw_uid = HANAKO };
	static struct passwd taro = { .pw_name = names[1], .pw_uid = TARO };

	if (uid == HANAKO || (name != NULL && strcmp(name, "hanako") == 0))
		return &hanako;
	return uid == TARO ? &taro : NULL;
}

int
getpwnam_r(const char *name, struct passwd *ret, char *text, size_t size, struct passwd **ret_found)
{
	const struct passwd *found = account(name, 0);

	*ret_found = NULL;
	if (found == NULL)
		return 0;
	*ret = *found;
	*ret_found = ret;
	return 0;
}

struct passwd *
pam_modutil_getpwuid(pam_handle_t *pamh, uid_t uid)
{
	return account(NULL, uid);
}

__attribute__((format(printf, 1, 0)))
static void
note(const char *format, va_list ap)
{
	size_t len = strlen(said);

	vsnprintf(said + len, sizeof said - len, format, ap);
	len = strlen(said);
	snprintf(said + len, sizeof said - len, "\n");
}

/* As in test_module.c. */
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void
syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note(format, ap);
	va_end(ap);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note(format, ap);
	va_end(ap);
}

static int
conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	struct pam_response *r = calloc((size_t)n, sizeof *r);

	if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
		prompts++;
		if (at_prompt != NULL)
			at_prompt();
		if (r != NULL && typed != NULL)
			r->resp = strdup(typed);
	}
	*responses = r;
	return PAM_SUCCESS;
}

static char *
file_text(const char *name)
{
	static char text[GUESSES_TEXT_MAX];
	FILE *f = fopen(scratch_path(name), "re");
	size_t len = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;

	text[len] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}

/* The record without its first line; "" if there is none. */
static const char *
record(void)
{
	static char lines[GUESSES_TEXT_MAX];
	char *text = strchr(file_text("guesses/" CERT), '\n');
	char *p = lines, *rest = NULL;

	lines[0] = '\0';
	/* and without the times */
	for (char *line = text == NULL ? NULL : strtok_r(text + 1, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		p += snprintf(p, sizeof lines - (size_t)(p - lines), "%.*s;",
		    (int)(strrchr(line, ' ') - line), line);
	return lines;
}

static void
put_record(const char *lines)
{
	char text[GUESSES_TEXT_MAX];

	(void)mkdir(scratch_path("guesses"), 0700);
	snprintf(text, sizeof text,
	    "# pam_jpki guesses 1: uid service failed untold entered last (see pam_jpki(8))\n%s", lines);
	assert_int_equal(chmod(scratch_text("guesses/" CERT, text), 0600), 0);
}

static pam_handle_t *
handle_for(const char *service)
{
	static const struct pam_conv conv = { .conv = conversation };
	pam_handle_t *pamh;

	scratch_text(service, "auth required " MODULE "\npassword required " MODULE "\n");
	assert_int_equal(pam_start_confdir(service, "hanako", &conv, scratch_path("."), &pamh), PAM_SUCCESS);
	return pamh;
}

/* One try on that handle, by that account; the outcome's code as it was logged. */
static const char *
try_on(pam_handle_t *pamh, uid_t uid, const char *pin, const char *mode)
{
	static char code[64];
	const char *found;
	int r;

	scratch_text("mode", mode);
	(void)unlink("since");
	caller = uid;
	typed = pin;
	prompts = 0;
	said[0] = '\0';
	r = pam_authenticate(pamh, 0);
	found = strstr(said, "JPKI-");
	assert_non_null(found);
	snprintf(code, sizeof code, "%.*s", (int)strcspn(found, " "), found);
	assert_int_equal(r == PAM_SUCCESS, strcmp(code, "JPKI-OK") == 0);
	if (pin != NULL && strlen(pin) == 4)
		assert_null(strstr(said, pin));
	return code;
}

static const char *
try(uid_t uid, const char *service, const char *mode)
{
	pam_handle_t *pamh = handle_for(service);
	const char *code = try_on(pamh, uid, "8276", mode);

	pam_end(pamh, PAM_SUCCESS);
	return code;
}

static int
setup(void **state)
{
	if (scratch_setup(state) != 0 || chdir(scratch_path(".")) != 0)
		return -1;
	at_prompt = NULL;
	return setenv("OUTCOME_GUESSES", scratch_path("guesses"), 1);
}

static void
wrong_pins_are_recorded_with_account_and_service(void **state)
{
	assert_string_equal(try(TARO, "su", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(record(), "2002 su 1 1 0;");
	assert_string_equal(try(HANAKO, "sudo", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(try(0, "login", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(record(), "2002 su 1 1 0;2001 sudo 0 1 0;0 login 0 1 0;");
}

static void
another_account_is_asked_three_times(void **state)
{
	for (int i = 0; i < GUESSES_FEW; i++) {
		assert_string_equal(try(TARO, "su", "wrong"), "JPKI-E-PIN-WRONG");
		assert_int_equal(prompts, 1);
	}
	/* Neither a prompt nor a PIN for the helper, in whatever service, and nothing more in the record. */
	assert_string_equal(try(TARO, "su", "wrong"), "JPKI-E-GUESSES");
	assert_int_equal(prompts, 0);
	assert_string_equal(file_text("since"), "6|0||");
	assert_non_null(strstr(said, "uid 2002 has failed too often with the PIN of cert=" CERT
	    ": not asked before its holder has logged in"));
	assert_string_equal(try(TARO, "polkit-1", "good"), "JPKI-E-GUESSES");
	assert_int_equal(prompts, 0);
	assert_string_equal(record(), "2002 su 3 3 0;");
	/* The holder and root's programs are asked as ever. */
	assert_string_equal(try(HANAKO, "sudo", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(try(0, "login", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	/* Then they are again; and after the fourth, the holder's login is not enough. */
	assert_string_equal(try(TARO, "su", "wrong"), "JPKI-E-PIN-WRONG");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(try(TARO, "su", "wrong"), "JPKI-E-GUESSES");
	assert_int_equal(prompts, 0);
	assert_non_null(strstr(said, "not asked before 2"));
}

/* The attack: after each good login of the holder's the card has all its tries again. */
static void
one_guess_for_each_login_of_the_holder_ends(void **state)
{
	unsigned int guesses = 0;

	for (int i = 0; i < 30; i++) {
		guesses += strcmp(try(TARO, "su", "wrong"), "JPKI-E-PIN-WRONG") == 0;
		assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	}
	assert_int_equal(guesses, GUESSES_FEW + 1);
}

static void
the_holder_is_told_once(void **state)
{
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|0||");
	assert_string_equal(record(), "");
	(void)try(TARO, "su", "wrong");
	(void)try(TARO, "su", "wrong");
	(void)try(0, "login", "wrong");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|3|taro, su: 2; login|");
	assert_string_equal(record(), "2002 su 2 0 0;");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|0||");
	/* at a program of root's as well */
	(void)try(HANAKO, "sudo", "wrong");
	assert_string_equal(try(0, "login", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|1|hanako, sudo|");
	assert_string_equal(try(0, "login", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|0||");
}

/* The user is not told of failures that this handle has just shown. */
static void
own_mistakes_of_this_handle_are_not_told(void **state)
{
	pam_handle_t *pamh = handle_for("sudo");

	(void)try(HANAKO, "sudo", "wrong");
	(void)try_on(pamh, HANAKO, "1111", "wrong");
	(void)try_on(pamh, HANAKO, "1111", "wrong");	/* repeated: not sent, not counted */
	(void)try_on(pamh, HANAKO, "2222", "wrong");
	assert_string_equal(record(), "2001 sudo 0 3 0;");
	assert_string_equal(try_on(pamh, HANAKO, "8275", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|1|hanako, sudo|");
	assert_string_equal(record(), "");
	pam_end(pamh, PAM_SUCCESS);
}

/* Another account is told nothing; the holder is told of it, and of what came before. */
static void
a_login_from_another_account_is_told(void **state)
{
	(void)try(TARO, "su", "wrong");
	assert_string_equal(try(TARO, "su", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|0||");
	assert_string_equal(record(), "2002 su 0 1 1;");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|1|taro, su|taro, su");
	assert_string_equal(record(), "");
}

/* One card for two accounts: the way from the one to the other is the holder's own. */
static void
a_holder_of_two_accounts_is_no_stranger(void **state)
{
	put_record("2001 su 0 1 2 1764345600\n2002 su 0 0 1 1764345600\n");
	assert_string_equal(try(0, "login", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|1|hanako, su|taro, su");
	assert_string_equal(record(), "");
}

static void
what_never_reached_the_card_is_no_failure(void **state)
{
	static const char *const texts[] = { "", "123", "12345", "secret word" };
	static const enum outcome_status not_tried[] = { OUTCOME_LAST_TRY, OUTCOME_OTHER_CARD, OUTCOME_NOT_ENROLLED,
		OUTCOME_BLOCKED };
	static const enum outcome_status tried[] = { OUTCOME_PIN_WRONG, OUTCOME_PIN_LOCKED, OUTCOME_TIMEOUT,
		OUTCOME_CARD_REMOVED, OUTCOME_CARD_BUSY, OUTCOME_BAD_REPLY, OUTCOME_BAD_SIGNATURE, OUTCOME_HELPER,
		OUTCOME_INTERNAL };
	pam_handle_t *pamh = handle_for("su");
	char mode[32];

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(try_on(pamh, TARO, texts[i], "wrong"), "JPKI-E-PIN-FORMAT");
	assert_string_equal(try_on(pamh, TARO, NULL, "wrong"), "JPKI-E-CANCELLED");
	pam_end(pamh, PAM_SUCCESS);
	for (size_t i = 0; i < COUNT(not_tried); i++) {
		snprintf(mode, sizeof mode, "PIN, status %d", (int)not_tried[i]);
		assert_string_equal(try(TARO, "su", mode), outcome_code(not_tried[i]));
		assert_string_equal(record(), "");
	}
	/* All else may have been a guess. */
	for (size_t i = 0; i < COUNT(tried); i++) {
		snprintf(mode, sizeof mode, "PIN, status %d", (int)tried[i]);
		assert_string_equal(try(TARO, "su", mode), outcome_code(tried[i]));
		assert_string_equal(record(), "2002 su 1 1 0;");
		put_record("");
	}
}

/* A helper that dies, or that is late, after it was handed the PIN. */
static void
no_verdict_counts(void **state)
{
	assert_string_equal(try(TARO, "su", "die after PIN"), "JPKI-E-HELPER");
	assert_string_equal(try(TARO, "su", "crash after PIN"), "JPKI-E-HELPER");
	assert_string_equal(record(), "2002 su 2 2 0;");
}

/* The caller of su may kill it, the helper goes on: at that moment the try is in the record. */
static void
killed_after_the_pin_counts(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)try(TARO, "su", "module killed after PIN");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(record(), "2002 su 1 1 0;");
}

static void
three_others_guess(void)
{
	put_record("2002 su 3 3 0 1764345600\n");
}

/* Several prompts at once: each was let in, but only that many PINs go on. */
static void
judged_again_after_the_prompt(void **state)
{
	at_prompt = three_others_guess;
	assert_string_equal(try(TARO, "su", "good"), "JPKI-E-GUESSES");
	assert_int_equal(prompts, 1);
	assert_string_equal(file_text("since"), "6|0||");
	assert_string_equal(record(), "2002 su 3 3 0;");
	at_prompt = NULL;
}

/* A record that cannot be read or written stops other accounts, but not the holder. */
static void
no_record_no_try(void **state)
{
	pam_handle_t *pamh;
	int lock;

	put_record("damaged\n");
	assert_string_equal(try(TARO, "su", "good"), "JPKI-E-GUESS-RECORD");
	assert_int_equal(prompts, 0);
	assert_string_equal(file_text("since"), "7|0||");
	assert_non_null(strstr(said, "damaged"));
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_non_null(strstr(said, "damaged"));
	assert_string_equal(try(0, "login", "good"), "JPKI-OK");
	assert_string_equal(record(), "damaged;");
	put_record("2002 su 1 1 0 1764345600\n");
	/* Another process keeps the lock, as one that was stopped would. */
	lock = open("guesses/" CERT ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
	assert_string_equal(try(TARO, "su", "good"), "JPKI-E-GUESS-RECORD");
	assert_int_equal(prompts, 1);
	assert_string_equal(file_text("since"), "7|0||");
	assert_string_equal(try(HANAKO, "sudo", "good"), "JPKI-OK");
	assert_string_equal(file_text("since"), "1|1|taro, su|");	/* told, though it stays */
	assert_string_equal(record(), "2002 su 1 1 0;");
	close(lock);
	assert_int_equal(chmod("guesses", 0777), 0);
	pamh = handle_for("su");
	assert_string_equal(try_on(pamh, TARO, "8275", "good"), "JPKI-E-GUESS-RECORD");
	assert_int_equal(prompts, 0);
	assert_string_equal(try_on(pamh, HANAKO, "8275", "good"), "JPKI-OK");
	pam_end(pamh, PAM_SUCCESS);
}

/* A connection whose other end is taro's (where the tests may become taro, else their own). */
static int
connection_of_taro(uid_t *ret_uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "caller" }, from;
	socklen_t len = sizeof from;
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connected;
	pid_t pid;

	(void)unlink("caller");
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chmod("caller", 0666), 0);
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(listen(listening, 1), 0);
	pid = fork();
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (geteuid() == 0 && setuid(TARO) != 0)
			_exit(1);
		_exit(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : 1);
	}
	connected = accept4(listening, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	(void)close(listening);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(connected >= 0);
	*ret_uid = geteuid() == 0 ? TARO : geteuid();
	return connected;
}

/* polkit's helper as a service with a socket: root everywhere, the caller at the other end. */
static void
polkit_by_socket_names_the_caller(void **state)
{
	int before = dup(STDIN_FILENO), fd;
	char wanted[64];
	uid_t uid;

	fd = connection_of_taro(&uid);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	(void)try(0, "polkit-1", "wrong");
	snprintf(wanted, sizeof wanted, "%lu polkit-1 1 1 0;", (unsigned long)uid);
	assert_string_equal(record(), wanted);
	put_record("");
	(void)try(0, "su", "wrong");	/* no other service is asked so */
	assert_string_equal(record(), "0 su 0 1 0;");
	assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
	(void)try(0, "polkit-1", "wrong");	/* not a socket: root's own */
	assert_string_equal(record(), "0 su 0 1 0;0 polkit-1 0 1 0;");
	close(before);
	close(fd);
}

/* The old PIN of a change counts as well; a change is no login of which anything is told. */
static void
changes_of_the_pin_count(void **state)
{
	static const struct { const char *mode, *left; } rows[] = {
		{ "wrong", "2001 passwd 0 1 0;" }, { "good", "2001 passwd 0 1 0;" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		pam_handle_t *pamh = handle_for("passwd");

		scratch_text("mode", rows[i].mode);
		caller = HANAKO;
		typed = "8275";
		(void)pam_chauthtok(pamh, 0);
		pam_end(pamh, PAM_SUCCESS);
		assert_string_equal(record(), rows[i].left);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, scratch_teardown)
		EACH(wrong_pins_are_recorded_with_account_and_service),
		EACH(another_account_is_asked_three_times),
		EACH(one_guess_for_each_login_of_the_holder_ends),
		EACH(the_holder_is_told_once),
		EACH(own_mistakes_of_this_handle_are_not_told),
		EACH(a_login_from_another_account_is_told),
		EACH(a_holder_of_two_accounts_is_no_stranger),
		EACH(what_never_reached_the_card_is_no_failure),
		EACH(no_verdict_counts),
		EACH(killed_after_the_pin_counts),
		EACH(judged_again_after_the_prompt),
		EACH(no_record_no_try),
		EACH(polkit_by_socket_names_the_caller),
		EACH(changes_of_the_pin_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

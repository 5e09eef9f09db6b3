/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module in libpam: whatever its helper does, success only for a verdict
 * that was earned, and what one handle remembers.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <linux/sched.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/proto.h"
#include "tests/unit/footprint.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/jpki-module-XXXXXX";
static const char *answer;
static const char *typed[3];	/* for a PIN change; NULL: answer */
static unsigned int prompts;
static const char *reply;	/* to a challenge; NULL: none can be asked for */
static unsigned int challenges;
static char code[64];		/* of the last decision, as it was logged */
static char decision[2048];	/* the whole line */
static unsigned int lines;	/* of the helper's, that were logged */
static int most_urgent = 7;	/* of syslog(3): 3 is LOG_ERR, 0 LOG_EMERG */
static char last_line[2048];
static char complaint[256];	/* of the module about its helper, or its options: the first */
static char shown[1024];	/* to the person, one text after the other */
static char asked[1024];	/* in a prompt, of either kind */
static const char *as_service = "test", *as_tty;	/* of new_handle() */

__attribute__((format(printf, 1, 0)))
static void
note_code(const char *format, va_list ap)
{
	static const char *const complaints[] = { "helper ", "too many options" };
	char line[2048];
	const char *found;

	vsnprintf(line, sizeof line, format, ap);
	found = strstr(line, "JPKI-");
	if (found == line || (found != NULL && strncmp(found - 3, "): ", 3) == 0))
		snprintf(decision, sizeof decision, "%s", found);
	if (strstr(line, ": helper: ") != NULL || strncmp(line, "helper: ", 8) == 0) {
		lines++;
		snprintf(last_line, sizeof last_line, "%s", strstr(line, "helper: "));
		return;
	}
	for (size_t i = 0; i < COUNT(complaints); i++)
		if (found == NULL && complaint[0] == '\0' && strstr(line, complaints[i]) != NULL)
			snprintf(complaint, sizeof complaint, "%s", strstr(line, complaints[i]));
	if (found != NULL)
		snprintf(code, sizeof code, "%.*s", (int)strcspn(found, " :"), found);
	/* Whatever else a line may hold. */
	if (answer != NULL && answer[0] != '\0')
		assert_null(strstr(line, answer));
}

static void
note_priority(int priority)
{
	if ((priority & 7) < most_urgent)
		most_urgent = priority & 7;
}

/*
 * In place of libc's two, of which the second is what FORTIFY makes of the first: libpam
 * logs here. Declared by hand, because syslog.h may have made a macro or an inline of them.
 */
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void
syslog(int priority, const char *format, ...)
{
	va_list ap;

	note_priority(priority);
	va_start(ap, format);
	note_code(format, ap);
	va_end(ap);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	note_priority(priority);
	va_start(ap, format);
	note_code(format, ap);
	va_end(ap);
}

/* In place of libpam's, which our module then calls. */
static bool no_room;

int
pam_putenv(pam_handle_t *pamh, const char *text)
{
	union { void *found; int (*fn)(pam_handle_t *, const char *); } real = {
		.found = dlsym(RTLD_NEXT, "pam_putenv") };

	assert_non_null(real.found);
	return no_room ? PAM_BUF_ERR : real.fn(pamh, text);
}

static unsigned int typing_s;	/* what the person takes for a PIN, */
static unsigned int reading_s;	/* and for a text, */
static unsigned int naming_s;	/* and for what is typed with echo */

static int
conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	struct pam_response *r = calloc((size_t)n, sizeof *r);

	if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF || messages[0]->msg_style == PAM_PROMPT_ECHO_ON)
		snprintf(asked, sizeof asked, "%s", messages[0]->msg);
	if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
		const char *text = prompts < COUNT(typed) && typed[prompts] != NULL ? typed[prompts] : answer;

		prompts++;
		(void)sleep(typing_s);
		if (r != NULL && text != NULL)
			r->resp = strdup(text);
	} else if (messages[0]->msg_style == PAM_PROMPT_ECHO_ON) {
		challenges++;
		(void)sleep(naming_s);
		if (reply == NULL) {
			free(r);
			return PAM_CONV_ERR;
		}
		if (r != NULL)
			r->resp = strdup(reply);
	} else {
		size_t len = strlen(shown);

		snprintf(shown + len, sizeof shown - len, "%s", messages[0]->msg);
		(void)sleep(reading_s);
	}
	*responses = r;
	return PAM_SUCCESS;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *
tasks(void)
{
	static char text[128];
	FILE *f = fopen("tasks", "re");

	text[0] = '\0';
	if (f != NULL) {
		if (fgets(text, sizeof text, f) == NULL)
			text[0] = '\0';
		fclose(f);
	}
	return text;
}

static pam_handle_t *
new_handle(void)
{
	static const struct pam_conv conv = { .conv = conversation };
	pam_handle_t *pamh;

	assert_int_equal(pam_start_confdir(as_service, "hanako", &conv, dir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, as_tty), PAM_SUCCESS);
	return pamh;
}

/* One authentication; the code that was logged is in `code`. */
static int
run_with(pam_handle_t *pamh, const char *mode, int flags)
{
	int r;

	write_file("mode", mode);
	(void)unlink("tasks");
	prompts = challenges = lines = 0;
	most_urgent = 7;
	code[0] = shown[0] = asked[0] = last_line[0] = complaint[0] = '\0';
	r = pam_authenticate(pamh, flags);
	assert_int_equal(r == PAM_SUCCESS, strcmp(code, "JPKI-OK") == 0);
	return r;
}

static int
run_on(pam_handle_t *pamh, const char *mode)
{
	return run_with(pamh, mode, 0);
}

static int
run(const char *mode)
{
	int before = footprint_descriptors();
	pam_handle_t *pamh = new_handle();
	int r = run_on(pamh, mode);

	pam_end(pamh, r);
	assert_int_equal(footprint_descriptors(), before);
	/* and no child is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return r;
}

static void
write_stack(void)
{
	write_file("test", "auth required " MODULE "\naccount required " MODULE "\n"
	    "session required " MODULE "\n"
	    "password required " MODULE " forward_pass=yes\n");
}

/* In place of libc's: for the record of failed PIN entries everything is a program of root's. */
uid_t
getuid(void)
{
	return 0;
}

/* In place of libc's: a user database with an account of several names, and another that bears one of them. */
int
getpwnam_r(const char *name, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	static char hanako[] = "hanako";
	union { void *found; int (*fn)(const char *, struct passwd *, char *, size_t, struct passwd **); } real = {
		.found = dlsym(RTLD_NEXT, "getpwnam_r") };

	if (strcasecmp(name, hanako) != 0 && strcmp(name, "hanako@realm") != 0 && strcmp(name, "hanako@other") != 0)
		return real.fn(name, entry, text, size, ret);
	*entry = (struct passwd){ .pw_name = hanako, .pw_uid = strcmp(name, "hanako@other") != 0 ? 2001 : 3001 };
	*ret = entry;
	return 0;
}

static int
setup(void **state)
{
	static char guesses[sizeof dir + sizeof "/guesses"], reminders[sizeof dir + sizeof "/reminders"];
	static char unlock[sizeof dir + sizeof "/unlocks"], machine[sizeof dir + sizeof "/machine"];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	snprintf(guesses, sizeof guesses, "%s/guesses", dir);
	assert_int_equal(setenv("OUTCOME_GUESSES", guesses, 1), 0);
	snprintf(reminders, sizeof reminders, "%s/reminders", dir);
	assert_int_equal(setenv("OUTCOME_REMINDERS", reminders, 1), 0);
	snprintf(unlock, sizeof unlock, "%s/unlocks", dir);
	assert_int_equal(setenv("OUTCOME_UNLOCK", unlock, 1), 0);
	snprintf(machine, sizeof machine, "%s/machine", dir);
	assert_int_equal(setenv("OUTCOME_MACHINE", machine, 1), 0);
	write_stack();
	write_file("sshd", "auth required " MODULE "\n");
	answer = "1234";
	/* libpam keeps descriptors of its own once it has opened something */
	(void)run("good");
	return 0;
}

static int
teardown(void **state)
{
	(void)unlink("mode");
	(void)unlink("tasks");
	(void)unlink("lang");
	(void)unlink("since");
	(void)unlink("test");
	(void)unlink("guesses/fedcba9876543210");
	(void)unlink("guesses/fedcba9876543210.lock");
	(void)rmdir("guesses");
	(void)unlink("reminders/2001");
	(void)rmdir("reminders");
	(void)unlink("sshd");
	(void)unlink("unlock");
	(void)unlink("machine");
	(void)rmdir("unlocks");
	(void)rmdir(dir);
	return 0;
}

static void
test_good(void **state)
{
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_int_equal(prompts, 1);
	assert_string_equal(tasks(), "login ");
	assert_int_equal(run("refusal without PIN"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-NO-CARD");
	assert_string_equal(shown, "text");
	assert_int_equal(run("linger"), PAM_SUCCESS);	/* killed, and collected */
}

static void
test_misbehaviour(void **state)
{
	static const char *const modes[] = { "exit at once", "garbage", "empty packet",
		"prompt before ready", "ready twice", "success without PIN", "prompt twice",
		"wrong id", "trailing byte", "cut", "oversized", "unknown status",
		"exit before all", "die after PIN", "crash after PIN", "late before prompt", "late after PIN" };

	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(run(modes[i]), PAM_AUTHINFO_UNAVAIL);
		if (strcmp(code, "JPKI-E-HELPER") != 0)
			fail_msg("\"%s\" is %s", modes[i], code);
		assert_true(prompts <= 1);
		assert_non_null(strstr(shown, "administrator"));
	}
}

/* The helper has gone while the person typed. */
static void
test_helper_gone_at_the_prompt(void **state)
{
	typing_s = 1;
	assert_int_equal(run("gone at the prompt"), PAM_AUTHINFO_UNAVAIL);
	typing_s = 0;
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(prompts, 1);
	assert_non_null(strstr(complaint, "died at the prompt"));
}

/* More words, or a longer name, than a request has room for: no helper is started. */
static void
test_too_much_for_a_request(void **state)
{
	static char endless[1 << 20];
	static const size_t lens[] = { PROTO_NAME_MAX, sizeof endless - 1 };
	char stack[sizeof "auth required " MODULE "\n" + 2 * (PROTO_WORDS_MAX + 1)] = "auth required " MODULE;
	pam_handle_t *pamh;

	for (size_t i = 0; i <= PROTO_WORDS_MAX; i++)
		strcat(stack, " a");
	write_file("test", stack);
	assert_int_equal(run("good"), PAM_SERVICE_ERR);
	assert_string_equal(code, "JPKI-E-CONFIG");
	assert_int_equal(strncmp(complaint, "too many options", strlen("too many options")), 0);
	assert_string_equal(tasks(), "");
	write_stack();
	for (size_t i = 0; i < COUNT(lens); i++) {
		memset(endless, 'x', lens[i]);
		pamh = new_handle();
		assert_int_equal(pam_set_item(pamh, PAM_USER, endless), PAM_SUCCESS);
		assert_int_equal(run_on(pamh, "good"), PAM_USER_UNKNOWN);
		assert_string_equal(code, "JPKI-E-NOT-ENROLLED");
		assert_string_equal(tasks(), "");
		pam_end(pamh, PAM_USER_UNKNOWN);
	}
}

/* With every other version of the protocol: the card is not tried, and the message has the remedy. */
static void
test_other_versions(void **state)
{
	char mode[32];

	for (unsigned int version = 0; version < 256; version++) {
		if (version == PROTO_VERSION)
			continue;
		snprintf(mode, sizeof mode, "version %u", version);
		assert_int_equal(run(mode), PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(code, "JPKI-E-UPDATED");
		assert_non_null(strstr(shown, "Restart that program"));
	}
	snprintf(mode, sizeof mode, "version %d", PROTO_VERSION);
	assert_int_equal(run(mode), PAM_SUCCESS);
}

#define MANY 1000
#define SETTLED 100	/* what libc and libpam keep for good they have by then */
#define PAGES 16

/* A host that never ends, such as a display manager; each login loads and unloads the module. */
static void
test_a_thousand_logins(void **state)
{
	long before = footprint_pages(), after;	/* reading them brings pages of libc in: once, before it counts */

	for (int i = 0; i < MANY; i++) {
		if (i == SETTLED)
			before = footprint_pages();
		assert_int_equal(run(i % 4 == 3 ? "unclean" : "good"),
		    i % 4 == 3 ? PAM_AUTHINFO_UNAVAIL : PAM_SUCCESS);
		assert_null(dlopen(MODULE, RTLD_NOLOAD | RTLD_LAZY));
	}
	after = footprint_pages();
	print_message("%ld pages after %d logins, %ld after %d\n", before, SETTLED, after, MANY);
#ifndef __SANITIZE_ADDRESS__	/* which keeps what was freed */
	assert_true(after - before <= PAGES);
#endif
}

/* LOG, READY, PROMPT and RESULT, each cut at every byte, too long, or sent twice. */
static void
test_every_message_spoiled(void **state)
{
	enum { LOG = 1, READY, PROMPT, RESULT };
	static const struct {
		int message;
		size_t len;	/* as sent; "cut" at no fewer is refused by the helper */
	} rows[] = { { LOG, 18 + 1 + 6 }, { READY, 18 + 8 }, { PROMPT, 18 + 18 + 10 + 7 },
		{ RESULT, 18 + 16 + 6 + 2 + 10 + 18 + 1 + 2 + 2 } };
	char mode[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t len = 0; len <= PROTO_PACKET_MAX + 16; len += len < 80 ? 1 : 811) {
			snprintf(mode, sizeof mode, "spoil %d %s %zu", rows[i].message,
			    len < rows[i].len ? "cut" : "long", len);
			if (len == rows[i].len)
				continue;
			assert_int_equal(run(mode), PAM_AUTHINFO_UNAVAIL);
			assert_string_equal(code, "JPKI-E-HELPER");
			assert_true(prompts <= 1);
			assert_int_equal(strstr(tasks(), "drop") != NULL, rows[i].message == RESULT);
		}
	}
	/* A log line may come twice; messages after a verdict are ignored. */
	assert_int_equal(run("spoil 1 twice"), PAM_SUCCESS);
	assert_int_equal(run("spoil 2 twice"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run("spoil 3 twice"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(prompts, 1);
	assert_int_equal(run("spoil 4 twice"), PAM_SUCCESS);
}

/* --- logins by sshd ------------------------------------------------------------- */

static int
run_challenge(const char *mode, const char *text)
{
	int r;

	reply = text;
	as_service = "sshd";
	as_tty = "ssh";
	r = run(mode);
	as_service = "test";
	as_tty = NULL;
	return r;
}

static void
test_challenge(void **state)
{
	char longest[2 * PROTO_REPLY_MAX];

	assert_int_equal(run_challenge("challenge", "reply"), PAM_SUCCESS);
	assert_int_equal(challenges, 1);
	assert_int_equal(prompts, 0);
	assert_string_equal(tasks(), "login ");	/* there is no card of ours in it */
	assert_int_equal(run_challenge("challenge", "another"), PAM_AUTH_ERR);
	assert_string_equal(code, "JPKI-E-CHALLENGE");
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(run_challenge("challenge", longest), PAM_AUTH_ERR);
	/* An empty line leaves the field to the next module, and says nothing. */
	assert_int_equal(run_challenge("challenge", ""), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-NO-REPLY");
	assert_string_equal(shown, "");
	assert_int_equal(run_challenge("challenge", NULL), PAM_CONV_ERR);
	assert_string_equal(code, "JPKI-E-CANCELLED");
}

/* Success is believed after a reply only, and a challenge comes once and alone. */
static void
test_challenge_misbehaviour(void **state)
{
	static const char *const modes[] = { "challenge twice", "challenge, then prompt",
		"PIN, then challenge", "challenge, then cue", "challenge, die after reply", "challenge before ready",
		"challenge, not asked" };

	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(run_challenge(modes[i], "reply"), PAM_AUTHINFO_UNAVAIL);
		if (strcmp(code, "JPKI-E-HELPER") != 0)
			fail_msg("\"%s\" is %s", modes[i], code);
		assert_true(challenges + prompts <= 1);
	}
	assert_int_equal(run_challenge("challenge, believe anything", ""), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(run_challenge("challenge, believe anything", NULL), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(run_challenge("challenge, believe anything", "x"), PAM_SUCCESS);
	/* Input that was typed with echo goes to the helper only under sshd. */
	reply = "a password";
	assert_int_equal(run("challenge"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(challenges, 0);
}

/* One login as by sshd, or by another program that sets the same variable. */
static int
run_vouched(const char *mode, const char *service, const char *tty, const char *auth_info)
{
	static const struct pam_conv conv = { .conv = conversation };
	char text[PROTO_AUTH_INFO_MAX + 1024];
	pam_handle_t *pamh;
	int r;

	assert_int_equal(pam_start_confdir(service, "hanako", &conv, dir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, tty), PAM_SUCCESS);
	if (auth_info != NULL) {
		snprintf(text, sizeof text, "SSH_AUTH_INFO_0=%s", auth_info);
		assert_int_equal(pam_putenv(pamh, text), PAM_SUCCESS);
	}
	r = run_on(pamh, mode);
	pam_end(pamh, r);
	return r;
}

static void
test_vouched_by_sshd(void **state)
{
	static const char key[] = "publickey ssh-rsa AAAA\n";
	char longest[PROTO_AUTH_INFO_MAX + 512];

	assert_int_equal(run_vouched("key", "sshd", "ssh", key), PAM_SUCCESS);
	assert_int_equal(run_vouched("key", "sshd", "ssh", "password\npublickey ssh-rsa AAAA\n"), PAM_SUCCESS);
	assert_int_equal(run_vouched("key", "sshd", "ssh", NULL), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run_vouched("key", "sshd", "ssh", ""), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run_vouched("key", "sshd", "ssh", "password\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run_vouched("key", "sshd", "/dev/pts/1", key), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run_vouched("key", "test", "ssh", key), PAM_AUTHINFO_UNAVAIL);
	/* A key that does not fit is sent as one that matches none: the helper decides. */
	memset(longest, 'A', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(run_vouched("key", "sshd", "ssh", longest), PAM_SUCCESS);
}

/* With ssh_key = no a key that sshd let in is no success yet, and with yes no PIN is asked for. */
static void
test_vouched_is_not_a_pin(void **state)
{
	static const char key[] = "publickey ssh-rsa AAAA\n";

	assert_int_equal(run_vouched("success without PIN", "sshd", "ssh", key), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(run_vouched("challenge, not asked", "sshd", "ssh", key), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run_vouched("key, then prompt", "sshd", "ssh", key), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(prompts, 0);
	assert_int_equal(run_vouched("key, then challenge", "sshd", "ssh", key), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(challenges, 0);
}

/* --- what the module lets through of a helper that was taken over ---------------------- */

static void
test_lines_have_an_end(void **state)
{
	char mode[32];

	snprintf(mode, sizeof mode, "lines %d", PROTO_LOGS_MAX);
	assert_int_equal(run(mode), PAM_SUCCESS);
	assert_int_equal(lines, PROTO_LOGS_MAX);
	snprintf(mode, sizeof mode, "lines %d", PROTO_LOGS_MAX + 1);
	assert_int_equal(run(mode), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(lines, PROTO_LOGS_MAX);
	assert_int_equal(prompts, 0);
}

#define ONLY_TEXT "a?]0;b?c??2Jd???e?f?g"

static void
test_only_text(void **state)
{
	assert_int_equal(run("beyond text"), PAM_SUCCESS);
	assert_string_equal(shown, ONLY_TEXT);
	assert_string_equal(asked, ONLY_TEXT);
	assert_string_equal(last_line, "helper: " ONLY_TEXT);
	assert_int_equal(most_urgent, 3);
	(void)run_challenge("challenge beyond text", "reply");
	assert_string_equal(asked, ONLY_TEXT);
	/* it would go into the environment of the session */
	assert_int_equal(run("certificate of another form"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
}

static void
test_no_decision_but_the_module_s(void **state)
{
	assert_int_equal(run("decision in a line"), PAM_SUCCESS);
	assert_string_equal(last_line, "helper: JPKI-OK user=root");
	assert_memory_equal(decision, "JPKI-OK user=hanako ", 20);
}

/* Handed a PIN and not heard of again, or heard that the card is not clean. */
static void
test_card_state_is_dropped(void **state)
{
	(void)run("die after PIN");
	assert_string_equal(tasks(), "login drop in Reader X, in what is left ");
	(void)run("late after PIN");
	assert_string_equal(tasks(), "login drop in Reader X ");
	(void)run("unclean");
	assert_string_equal(code, "JPKI-E-TIMEOUT");
	assert_string_equal(tasks(), "login drop in Reader X, in what is left ");
	(void)run("exit at once");
	assert_string_equal(tasks(), "login ");
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A helper that said five seconds, for all that it does, and two seconds of grace. */
static void
test_time_is_given_once(void **state)
{
	int64_t start = now_ms();

	assert_int_equal(run("slow, then late"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(tasks(), "login drop in Reader X ");
	assert_true(now_ms() - start >= 5000);
	assert_true(now_ms() - start < 10000);	/* 4.5, and 7 more, if it began afresh at the prompt */
}

static void
test_typing_takes_no_time(void **state)
{
	typing_s = 4;		/* the helper has less, with the grace */
	assert_int_equal(run("short of time"), PAM_SUCCESS);
	typing_s = 0;
}

/* No PIN, no success, whatever the helper says. */
static void
test_no_pin(void **state)
{
	static const char *const answers[] = { "", "123", "password", "12345", "1234\n", NULL };

	for (size_t i = 0; i < COUNT(answers); i++) {
		answer = answers[i];
		assert_int_equal(run("good"), PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(code, "JPKI-E-HELPER");
		assert_string_equal(tasks(), "login ");
	}
	answer = "1234";
}

static void
expect_code(pam_handle_t *pamh, const char *text, const char *mode, const char *wanted)
{
	answer = text;
	(void)run_on(pamh, mode);
	if (strcmp(code, wanted) != 0)
		fail_msg("\"%s\" is %s, not %s", text, code, wanted);
	answer = "1234";
}

/* A program that retries by itself sends no PIN twice that it has seen fail. */
static void
test_wrong_pins_of_one_handle(void **state)
{
	pam_handle_t *pamh = new_handle();

	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-WRONG");
	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-REPEATED");
	expect_code(pamh, "2222", "wrong", "JPKI-E-PIN-WRONG");
	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-REPEATED");
	expect_code(pamh, "1122", "wrong", "JPKI-E-PIN-WRONG");
	/* digits of two of them in a row are another PIN */
	expect_code(pamh, "2221", "wrong", "JPKI-E-PIN-WRONG");
	expect_code(pamh, "1122", "wrong", "JPKI-E-PIN-REPEATED");
	pam_end(pamh, PAM_AUTH_ERR);
	pamh = new_handle();
	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-WRONG");
	pam_end(pamh, PAM_AUTH_ERR);
}

/* login(1) keeps one handle for the next user as well. */
static void
test_wrong_pins_are_one_user_s(void **state)
{
	pam_handle_t *pamh = new_handle();

	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-WRONG");
	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-REPEATED");
	assert_int_equal(pam_set_item(pamh, PAM_USER, "taro"), PAM_SUCCESS);
	expect_code(pamh, "1111", "wrong", "JPKI-E-PIN-WRONG");
	pam_end(pamh, PAM_AUTH_ERR);
}

/* sudo always asks for silence; that the certificate ends soon is said all the same. */
static void
test_silence(void **state)
{
	pam_handle_t *pamh = new_handle();

	assert_int_equal(run_with(pamh, "good", PAM_SILENT), PAM_SUCCESS);
	assert_string_equal(shown, "text");
	assert_int_equal(run_with(pamh, "refusal without PIN", PAM_SILENT), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(shown, "text");
	assert_int_equal(run_with(pamh, "not enrolled", PAM_SILENT), PAM_USER_UNKNOWN);
	assert_string_equal(shown, "");
	assert_int_equal(run_on(pamh, "not enrolled"), PAM_USER_UNKNOWN);
	assert_string_equal(shown, "text");
	pam_end(pamh, PAM_SUCCESS);
}

/* Most people of a machine may have no card: only the log says what became of it. */
static void
test_people_without_a_card_read_nothing(void **state)
{
	static const struct { enum outcome_status status; const char *code; } none[] = {
		{ OUTCOME_NOT_ENROLLED, "JPKI-E-NOT-ENROLLED" }, { OUTCOME_REMOTE, "JPKI-E-REMOTE" } };
	pam_handle_t *pamh = new_handle();
	char mode[32];

	for (size_t i = 0; i < COUNT(none); i++) {
		snprintf(mode, sizeof mode, "wordless %u", (unsigned int)none[i].status);
		assert_int_not_equal(run_on(pamh, mode), PAM_SUCCESS);
		assert_string_equal(shown, "");
		assert_string_equal(code, none[i].code);
	}
	/* Everything else concerns people with a card, also where the helper has no words for it. */
	snprintf(mode, sizeof mode, "wordless %u", (unsigned int)OUTCOME_NO_CARD);
	assert_int_equal(run_on(pamh, mode), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(shown, "no card on the reader"));
	/* The name of an account that leads to another one. */
	assert_int_equal(pam_set_item(pamh, PAM_USER, "hanako@other"), PAM_SUCCESS);
	assert_int_equal(run_on(pamh, "good"), PAM_USER_UNKNOWN);
	assert_string_equal(shown, "");
	assert_string_equal(code, "JPKI-E-NOT-ENROLLED");
	pam_end(pamh, PAM_SUCCESS);
}

/* One line before the wait for a card, also where sudo asks for silence; reading it takes no time. */
static void
test_cue(void **state)
{
	static const char *const modes[] = { "cue twice", "before ready, a cue", "prompt, then cue" };
	pam_handle_t *pamh = new_handle();

	assert_int_equal(run_with(pamh, "cue", PAM_SILENT), PAM_SUCCESS);
	assert_string_equal(shown, "Place it. text");
	assert_int_equal(prompts, 1);
	pam_end(pamh, PAM_SUCCESS);
	reading_s = 4;		/* the helper has less, with the grace */
	assert_int_equal(run("cue, short of time"), PAM_SUCCESS);
	reading_s = 0;
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(run(modes[i]), PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(code, "JPKI-E-HELPER");
	}
}

static int
run_locker(const char *mode, const char *text)
{
	int r;

	assert_int_equal(setenv("OUTCOME_LOCKER", "yes", 1), 0);
	answer = text;
	r = run(mode);
	answer = "1234";
	assert_int_equal(unsetenv("OUTCOME_LOCKER"), 0);
	return r;
}

/* Where a locker asks before the card is there: one question, and the PIN waits for the card. */
static void
test_early_question(void **state)
{
	static const struct { const char *mode, *text; } broken[] = {
		{ "early twice", "1234" }, { "early, after the prompt", "1234" }, { "early, not forwarding", "1234" },
		{ "early, prompt all the same", "a password" }, { "early, prompt all the same", "12345" },
	};

	assert_int_equal(run_locker("early", "1234"), PAM_SUCCESS);
	assert_int_equal(prompts, 1);
	assert_string_equal(asked, "Early: ");
	assert_int_equal(run_locker("early", "a password"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-PASSWORD");
	assert_string_equal(shown, "");
	assert_int_equal(run_locker("early", "12345"), PAM_AUTH_ERR);
	assert_string_equal(code, "JPKI-E-PIN-FORMAT");
	assert_int_equal(run_locker("early", NULL), PAM_CONV_ERR);
	assert_int_equal(run_locker("early, no card", "1234"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-NO-CARD");
	for (size_t i = 0; i < COUNT(broken); i++) {
		assert_int_equal(run_locker(broken[i].mode, broken[i].text), PAM_AUTHINFO_UNAVAIL);
		if (strcmp(code, "JPKI-E-HELPER") != 0 || prompts > 1)
			fail_msg("\"%s\" is %s after %u prompts", broken[i].mode, code, prompts);
	}
	/* A program of root's looks for the card first. */
	assert_int_equal(run("early"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(prompts, 0);
}

/* The rest of it is in test_reminder.c. */
static void
test_reminded_once(void **state)
{
	pam_handle_t *pamh = new_handle();

	assert_int_equal(run_with(pamh, "ends soon", PAM_SILENT), PAM_SUCCESS);
	assert_string_equal(shown, "text, and it ends soon");
	assert_int_equal(run_on(pamh, "ends soon"), PAM_SUCCESS);
	assert_string_equal(shown, "text");
	pam_end(pamh, PAM_SUCCESS);
	assert_int_equal(run("ends soon"), PAM_SUCCESS);
	assert_string_equal(shown, "text");
}

static void
test_password_is_forwarded_only_if_asked(void **state)
{
	pam_handle_t *pamh = new_handle();

	expect_code(pamh, "secret word", "wrong", "JPKI-E-PIN-FORMAT");
	expect_code(pamh, "secret word", "wrong, forwards", "JPKI-E-PASSWORD");
	assert_string_equal(shown, "");
	expect_code(pamh, "12345", "wrong, forwards", "JPKI-E-PIN-FORMAT");
	expect_code(pamh, "１２３４", "wrong, forwards", "JPKI-E-PIN-FORMAT");
	expect_code(pamh, "12345678", "wrong, forwards", "JPKI-E-PASSWORD");
	expect_code(pamh, "3333", "wrong, forwards", "JPKI-E-PIN-WRONG");
	expect_code(pamh, "", "wrong, forwards", "JPKI-E-PIN-FORMAT");
	pam_end(pamh, PAM_AUTH_ERR);
}

/* --- what the card unlocks -------------------------------------------------------------- */

#define MACHINE_ID "0123456789abcdef0123456789abcdef"

/* In place of libc's: hanako's password is "secret word", of the kind of yesterday, which is quick. */
static bool shadow_is_elsewhere, shadow_fails;
static const char *shadow_hash = "$5$rounds=1000$saltsalt$kR4sCjgEJ.zl1rjXaJKQDzPubB5kJgLWsgw8MJ0akC.";

int
getspnam_r(const char *name, struct spwd *entry, char *text, size_t size, struct spwd **ret)
{
	*ret = NULL;
	if (shadow_fails)
		return EIO;
	if (shadow_is_elsewhere || strcmp(name, "hanako") != 0)
		return 0;
	snprintf(text, size, "%s", shadow_hash);
	*entry = (struct spwd){ .sp_pwdp = text, .sp_lstchg = 20000 };
	*ret = entry;
	return 0;
}

static const char *
token(pam_handle_t *pamh)
{
	const char *text = pam_getenv(pamh, "TOKEN");

	return text != NULL ? text : "";
}

static void
put_unlock_file(mode_t mode)
{
	(void)mkdir("unlocks", 0700);
	write_file("unlocks/hanako", "a file");
	assert_int_equal(chmod("unlocks/hanako", mode), 0);
	write_file("machine", MACHINE_ID "\n");
}

/* Logs in, by a stack where a module after ours reports its PAM_AUTHTOK. */
static const char *
unlocked_by(const char *mode, int want)
{
	static char text[64];
	pam_handle_t *pamh = new_handle();

	(void)unlink("unlock");
	assert_int_equal(run_on(pamh, mode), want);
	snprintf(text, sizeof text, "%s", token(pamh));
	pam_end(pamh, PAM_SUCCESS);
	return text;
}

static const char *
came_with_pin(void)
{
	static char text[128];
	FILE *f = fopen("unlock", "re");

	text[0] = '\0';
	if (f != NULL) {
		if (fgets(text, sizeof text, f) == NULL)
			text[0] = '\0';
		fclose(f);
	}
	return text;
}

static int
setup_unlock(void **state)
{
	write_file("test", "auth required " MODULE "\nauth optional " SCRIPTED " token code=25\n");
	put_unlock_file(0600);
	return 0;
}

static int
teardown_unlock(void **state)
{
	(void)unlink("unlocks/hanako");
	(void)unsetenv("OUTCOME_SETUID");
	(void)unsetenv("OUTCOME_LOCKER");
	shadow_is_elsewhere = shadow_fails = false;
	write_stack();
	return 0;
}

static void
test_unlock(void **state)
{
	assert_string_equal(unlocked_by("unlock", PAM_SUCCESS), "secret word");
	assert_string_equal(came_with_pin(), "a file|" MACHINE_ID);
	assert_string_equal(shown, "text");
	/* There is a file, and READY says that nothing is to be unlocked. */
	assert_string_equal(unlocked_by("good", PAM_SUCCESS), "");
	assert_string_equal(came_with_pin(), "|");
	/* Nothing came of it. */
	assert_string_equal(unlocked_by("unlock nothing", PAM_SUCCESS), "");
	assert_string_equal(came_with_pin(), "a file|" MACHINE_ID);
}

/* A password that the account does not have any more goes to no module. */
static void
test_unlock_what_the_account_has(void **state)
{
	assert_string_equal(unlocked_by("unlock another", PAM_SUCCESS), "");
	assert_string_equal(shown, "text stale");
	shadow_fails = true;
	assert_string_equal(unlocked_by("unlock", PAM_SUCCESS), "");
	shadow_fails = false;
	shadow_is_elsewhere = true;
	assert_string_equal(unlocked_by("unlock another", PAM_SUCCESS), "another word");
}

/* Input that looks like a PIN goes to no module, even if it is the account's password. */
static void
test_unlock_no_pin(void **state)
{
	shadow_is_elsewhere = true;
	assert_string_equal(unlocked_by("unlock a PIN", PAM_SUCCESS), "");
	assert_string_equal(unlocked_by("unlock a slip", PAM_SUCCESS), "");
}

/* A helper that brings a password where none was to be unlocked, or with another verdict, has failed. */
static void
test_unlock_out_of_turn(void **state)
{
	static const struct { const char *mode, *complaint; } rows[] = {
		{ "not ready to unlock", "helper gave a password out of turn" },
		{ "unlock, and refuse", "helper gave a password out of turn" },
		{ "unlock a NUL", "helper gave a malformed password" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(unlocked_by(rows[i].mode, PAM_AUTHINFO_UNAVAIL), "");
		assert_string_equal(code, "JPKI-E-HELPER");
		assert_int_equal(prompts, 1);
		if (strncmp(complaint, rows[i].complaint, strlen(rows[i].complaint)) != 0)
			fail_msg("%s: %s", rows[i].mode, complaint);
	}
	(void)unlink("unlocks/hanako");
	assert_string_equal(unlocked_by("unlock", PAM_AUTHINFO_UNAVAIL), "");
	assert_string_equal(came_with_pin(), "|");
}

/* A program that the user has started: none is asked for, and none is taken. */
static void
test_unlock_in_no_program_of_the_user(void **state)
{
	static const char *const signs[] = { "OUTCOME_SETUID", "OUTCOME_LOCKER" };

	for (size_t i = 0; i < COUNT(signs); i++) {
		assert_int_equal(setenv(signs[i], "", 1), 0);
		assert_string_equal(unlocked_by("unlock nothing", PAM_SUCCESS), "");
		assert_string_equal(came_with_pin(), "|");
		assert_string_equal(unlocked_by("unlock", PAM_AUTHINFO_UNAVAIL), "");
		assert_int_equal(unsetenv(signs[i]), 0);
	}
}

static void
test_unlock_files_of_root_alone(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0622, 0644 };

	for (size_t i = 0; i < COUNT(modes); i++) {
		put_unlock_file(modes[i]);
		assert_string_equal(unlocked_by("unlock nothing", PAM_SUCCESS), "");
		assert_string_equal(came_with_pin(), "|");
	}
	put_unlock_file(0600);
	write_file("machine", "no id\n");
	assert_string_equal(unlocked_by("unlock nothing", PAM_SUCCESS), "");
	assert_string_equal(came_with_pin(), "|");
}

/* A password that the user has typed for another module stays, and the card unlocks nothing. */
static void
test_unlock_beside_a_password(void **state)
{
	write_file("test", "auth optional " SCRIPTED " typed code=25\nauth required " MODULE "\n"
	    "auth optional " SCRIPTED " token code=25\n");
	assert_string_equal(unlocked_by("unlock nothing", PAM_SUCCESS), "typed");
	assert_string_equal(came_with_pin(), "|");
}

/* Every field, in this order. */
static void
test_log_line(void **state)
{
	pam_handle_t *pamh = new_handle();
	char mode[64];

	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	assert_string_equal(decision, "JPKI-OK user=hanako service=test tty=- rhost=- "
	    "reader=\"Fake =\\x0a1\" cert=fedcba9876543210 tries=- raw=00000000 place=- where=-");
	assert_int_equal(pam_set_item(pamh, PAM_TTY, "/dev/pts/3"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "2001:db8::1"), PAM_SUCCESS);
	(void)run_on(pamh, "die after PIN");	/* the reader is that of the prompt */
	assert_string_equal(decision, "JPKI-E-HELPER user=hanako service=test tty=/dev/pts/3 "
	    "rhost=2001:db8::1 reader=\"Reader X\" cert=- tries=- raw=00000000 place=- where=-");
	(void)run_on(pamh, "exit at once");
	assert_string_equal(decision, "JPKI-E-HELPER user=hanako service=test tty=/dev/pts/3 "
	    "rhost=2001:db8::1 reader=- cert=- tries=- raw=00000000 place=- where=-");
	snprintf(mode, sizeof mode, "PIN, status %d, tries 2", OUTCOME_PIN_WRONG);
	(void)run_on(pamh, mode);
	assert_non_null(strstr(decision, "JPKI-E-PIN-WRONG "));
	assert_non_null(strstr(decision, " tries=2 raw="));
	pam_end(pamh, PAM_SUCCESS);
}

/* A value cannot be chosen so that it looks like a line or a field. */
static void
test_log_line_cannot_be_forged(void **state)
{
	static char endless[4096];
	pam_handle_t *pamh = new_handle();

	assert_int_equal(pam_set_item(pamh, PAM_USER, "x tries=3\nJPKI-OK user=root"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, "a\" rhost=\"b"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "h\\\" reader=\"x"), PAM_SUCCESS);
	(void)run_on(pamh, "wrong");
	assert_string_equal(decision, "JPKI-E-PIN-WRONG user=\"x tries=3\\x0aJPKI-OK user=root\" service=test "
	    "tty=\"a\\\" rhost=\\\"b\" rhost=\"h\\\\\\\" reader=\\\"x\" reader=\"Fake =\\x0a1\" "
	    "cert=fedcba9876543210 tries=- raw=00000000 place=- where=-");
	/* However long they are, the line has its end. */
	memset(endless, '\n', sizeof endless - 1);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, endless), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, endless), PAM_SUCCESS);
	endless[250] = '\0';
	assert_int_equal(pam_set_item(pamh, PAM_USER, endless), PAM_SUCCESS);
	(void)run_on(pamh, "wrong");
	assert_non_null(strstr(decision, " cert=fedcba9876543210 tries=- raw=00000000 place=- where=-"));
	pam_end(pamh, PAM_SUCCESS);
}

static void
test_account(void **state)
{
	pam_handle_t *pamh = new_handle();

	/* alone in its stack, PAM_IGNORE is a refusal by libpam */
	assert_int_not_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	(void)run_on(pamh, "wrong");
	assert_int_not_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	assert_int_equal(run_on(pamh, "good"), PAM_AUTHINFO_UNAVAIL);	/* 1234 was wrong just now */
	pam_end(pamh, PAM_SUCCESS);
	pamh = new_handle();
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	/* The last word counts, even if it never came to a helper. */
	assert_int_equal(pam_set_item(pamh, PAM_USER, ""), PAM_SUCCESS);
	assert_int_not_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
	assert_int_not_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}

/* --- setcred --------------------------------------------------------------------- */

/* A stack of our line with this control, and one behind it that writes down whether it is called. */
static pam_handle_t *
new_handle_with(const char *control)
{
	char text[512];

	snprintf(text, sizeof text, "auth %s " MODULE "\nauth required " SCRIPTED " id=behind code=0\n", control);
	write_file("test", text);
	return new_handle();
}

static void
expect_setcred(pam_handle_t *pamh, const char *control, int flags, bool behind)
{
	const char *called;
	int r;

	assert_int_equal(pam_putenv(pamh, "CALLED="), PAM_SUCCESS);
	r = pam_setcred(pamh, flags);
	called = pam_getenv(pamh, "CALLED");
	if (r != PAM_SUCCESS || (strstr(called, "id=behind") != NULL) != behind)
		fail_msg("%s, flags %d: %s, called:%s", control, flags, pam_strerror(pamh, r), called);
}

static const int cred_flags[] = { PAM_ESTABLISH_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED,
	PAM_DELETE_CRED, PAM_ESTABLISH_CRED | PAM_SILENT, 0 };

static const struct {
	const char *text;
	bool ends;	/* at a success */
} controls[] = {
	{ "[success=done default=ignore]", true }, { "sufficient", true },
	{ "[success=done ignore=ignore default=die]", true },
	{ "[success=done ignore=ignore authinfo_unavail=ignore user_unknown=ignore default=die]", true },
	{ "required", false }, { "requisite", false }, { "optional", false },
};

/* The card did not decide, or not on this handle: the lines after ours run. */
static void
test_setcred_of_others(void **state)
{
	for (size_t i = 0; i < COUNT(controls); i++)
		for (size_t f = 0; f < COUNT(cred_flags); f++) {
			pam_handle_t *pamh = new_handle_with(controls[i].text);

			expect_setcred(pamh, controls[i].text, cred_flags[f], true);
			pam_end(pamh, PAM_SUCCESS);
		}
	/* the password let in */
	{
		pam_handle_t *pamh = new_handle_with(controls[0].text);

		write_file("mode", "refusal without PIN");
		assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
		expect_setcred(pamh, controls[0].text, PAM_ESTABLISH_CRED, true);
		pam_end(pamh, PAM_SUCCESS);
	}
}

/* The card decided: libpam repeats its path, whatever the user is called by now (sudo). */
static void
test_setcred_of_the_card(void **state)
{
	for (size_t i = 0; i < COUNT(controls); i++) {
		pam_handle_t *pamh = new_handle_with(controls[i].text);

		assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
		assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
		for (size_t f = 0; f < COUNT(cred_flags); f++)
			expect_setcred(pamh, controls[i].text, cred_flags[f], !controls[i].ends);
		pam_end(pamh, PAM_SUCCESS);
	}
}

/* Alone in its stack, our answer is libpam's: success for the card's handle, while it is the last word. */
static void
test_setcred_alone(void **state)
{
	pam_handle_t *pamh;

	write_file("test", "auth requisite " MODULE "\n");
	pamh = new_handle();
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
	(void)run_on(pamh, "wrong");
	assert_int_not_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	answer = "2345";
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	answer = "1234";
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	(void)run_on(pamh, "refusal without PIN");
	assert_int_not_equal(pam_setcred(pamh, PAM_REFRESH_CRED), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	write_stack();
}

/* --- the session ----------------------------------------------------------------- */

static void
expect_session(pam_handle_t *pamh, const char *opened, const char *closed, const char *cert)
{
	const char *left;

	decision[0] = '\0';
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_string_equal(decision, opened);
	left = pam_getenv(pamh, "JPKI_SESSION_CERT");
	if (cert == NULL)
		assert_null(left);
	else
		assert_string_equal(left, cert);
	left = pam_getenv(pamh, "JPKI_SESSION_SERVICE");
	if (cert == NULL)
		assert_null(left);
	else
		assert_string_equal(left, "test");
	left = pam_getenv(pamh, "JPKI_SESSION_LEADER");
	if (cert == NULL)
		assert_null(left);
	else
		assert_int_equal(strtol(left, NULL, 10), getpid());
	decision[0] = '\0';
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	assert_string_equal(decision, closed);
}

#define WHO " user=hanako service=test tty=- rhost=- reader=\"Fake =\\x0a1\" cert=fedcba9876543210"

/* Its start and end are logged, and the environment knows the card. */
static void
test_session(void **state)
{
	pam_handle_t *pamh = new_handle();
	char **env;

	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	expect_session(pamh, "JPKI-SESSION-OPEN" WHO, "JPKI-SESSION-CLOSE" WHO, "fedcba9876543210");
	decision[0] = '\0';	/* it ends once */
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	assert_string_equal(decision, "");
	/* nothing else, and no secret, is left there */
	env = pam_getenvlist(pamh);
	assert_non_null(env);
	for (size_t i = 0; env[i] != NULL; i++) {
		assert_true(i < 3);
		assert_memory_equal(env[i], "JPKI_SESSION_", 13);
		assert_null(strstr(env[i], answer));
		free(env[i]);
	}
	free(env);
	pam_end(pamh, PAM_SUCCESS);
}

/* A session that the card did not open is left alone: none of ours, and no error. */
static void
test_session_without_card(void **state)
{
	pam_handle_t *pamh = new_handle();

	expect_session(pamh, "", "", NULL);		/* no auth at all */
	(void)run_on(pamh, "wrong");
	expect_session(pamh, "", "", NULL);
	pam_end(pamh, PAM_SUCCESS);
	pamh = new_handle();
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	(void)run_on(pamh, "refusal without PIN");	/* the last word counts */
	expect_session(pamh, "", "", NULL);
	pam_end(pamh, PAM_SUCCESS);
	pamh = new_handle();
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);	/* as sudo does */
	expect_session(pamh, "", "", NULL);
	assert_int_equal(pam_set_item(pamh, PAM_USER, NULL), PAM_SUCCESS);
	expect_session(pamh, "", "", NULL);
	pam_end(pamh, PAM_SUCCESS);
}

/* A module before ours, or the application, has changed PAM_USER to another name of the account. */
static void
test_session_by_another_name(void **state)
{
	pam_handle_t *pamh = new_handle();

	assert_int_equal(pam_set_item(pamh, PAM_USER, "HANAKO"), PAM_SUCCESS);
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	assert_memory_equal(decision, "JPKI-OK user=hanako ", 20);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "hanako@realm"), PAM_SUCCESS);
	expect_session(pamh, "JPKI-SESSION-OPEN" WHO, "JPKI-SESSION-CLOSE" WHO, "fedcba9876543210");
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "hanako@other"), PAM_SUCCESS);
	decision[0] = '\0';
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_string_equal(decision, "");
	pam_end(pamh, PAM_SUCCESS);
}

/* No helper is started for a name that leads to another account, and none of its cards is looked for. */
static void
test_name_of_another_account(void **state)
{
	pam_handle_t *pamh = new_handle();

	assert_int_equal(pam_set_item(pamh, PAM_USER, "hanako@other"), PAM_SUCCESS);
	assert_int_equal(run_on(pamh, "good"), PAM_USER_UNKNOWN);
	assert_string_equal(code, "JPKI-E-NOT-ENROLLED");
	assert_memory_equal(decision, "JPKI-E-NOT-ENROLLED user=hanako@other ", 38);
	assert_string_equal(tasks(), "");
	assert_int_equal(prompts, 0);
	pam_end(pamh, PAM_USER_UNKNOWN);
}

/* The handle remembers for the account, even if it comes by another name. */
static void
test_wrong_pin_by_another_name(void **state)
{
	pam_handle_t *pamh = new_handle();

	(void)run_on(pamh, "wrong");
	assert_string_equal(code, "JPKI-E-PIN-WRONG");
	assert_int_equal(pam_set_item(pamh, PAM_USER, "hanako@realm"), PAM_SUCCESS);
	(void)run_on(pamh, "wrong");
	assert_string_equal(code, "JPKI-E-PIN-REPEATED");
	pam_end(pamh, PAM_AUTH_ERR);
}

static void
test_session_without_room(void **state)
{
	pam_handle_t *pamh = new_handle();

	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	no_room = true;
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	no_room = false;
	pam_end(pamh, PAM_SESSION_ERR);
}

/* The module does not interfere with how the application treats its children. */
static void
test_host_that_reaps(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, now;

	assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_int_equal(run("die after PIN"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(run("exit before all"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(sigaction(SIGCHLD, &old, &now), 0);
	assert_ptr_equal(now.sa_handler, SIG_IGN);
}

/* What the application blocks and ignores is not the helper's; fakehelper looks. */
static void
test_host_that_blocks_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	sigset_t all, before, after;

	assert_int_equal(sigaction(SIGTERM, &ignore, &old), 0);
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, &after), 0);
	assert_int_equal(sigismember(&after, SIGTERM), 1);
	assert_int_equal(sigaction(SIGTERM, &old, NULL), 0);
}

/* Files that the application has open, and that a child of it would have: not the helper. */
static void
test_host_with_open_files(void **state)
{
	int fd = open("/dev/null", O_RDONLY), other;	/* without O_CLOEXEC */

	assert_true(fd >= 0);
	other = fcntl(fd, F_DUPFD, 50);
	assert_int_equal(other, 50);
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(other), 0);
}

#ifndef HAVE_PIDFD_SPAWN
static bool no_pidfd;		/* none can be had */

/* In place of libc's, which our module then calls. */
long
syscall(long number, ...)
{
	union { void *found; long (*fn)(long, ...); } real = { .found = dlsym(RTLD_NEXT, "syscall") };
	long arguments[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < COUNT(arguments); i++)
		arguments[i] = va_arg(ap, long);
	va_end(ap);
	assert_non_null(real.found);
	if (no_pidfd && number == SYS_pidfd_open) {
		errno = EMFILE;
		return -1;
	}
	return real.fn(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* No login, and run() sees that neither a process nor a descriptor stays behind. */
static void
test_host_without_a_descriptor_to_spare(void **state)
{
	no_pidfd = true;
	assert_int_equal(run("good"), PAM_AUTHINFO_UNAVAIL);
	no_pidfd = false;
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(prompts, 0);
	assert_non_null(strstr(complaint, strerror(EMFILE)));
}

static bool use_again;		/* the number of a helper, once it has ended */
static pid_t victim;

/* A child with this number: as if that many had come and gone. Needs CAP_CHECKPOINT_RESTORE. */
static pid_t
child_of_number(pid_t wanted)
{
	struct clone_args args = { .set_tid = (uintptr_t)&wanted, .set_tid_size = 1, .exit_signal = SIGCHLD };
	int closed[2];
	char none;
	pid_t pid;

	assert_int_equal(pipe2(closed, O_CLOEXEC), 0);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		/* As a program that was started: without the helper's end of the socket. */
		closefrom(STDERR_FILENO + 1);
		for (;;)
			(void)pause();
	}
	(void)close(closed[1]);
	assert_int_equal(read(closed[0], &none, 1), 0);
	(void)close(closed[0]);
	return pid;
}

/* In place of libc's, which our module then calls. */
int
posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	union {
		void *found;
		int (*fn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
		    char *const [], char *const []);
	} real = { .found = dlsym(RTLD_NEXT, "posix_spawn") };
	int e;

	assert_non_null(real.found);
	e = real.fn(ret_pid, path, actions, attr, argv, envp);
	if (e == 0 && use_again) {
		use_again = false;
		while (kill(*ret_pid, 0) == 0)
			(void)sched_yield();
		victim = child_of_number(*ret_pid);
	}
	return e;
}
#endif

/* The helper ends at once, is not waited for, and its number goes to another child of the host. */
static void
test_number_used_again(void **state)
{
#ifdef HAVE_PIDFD_SPAWN
	printf("left out: the descriptor comes with the process here (pidfd_spawn)\n");
	skip();
#else
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	pam_handle_t *pamh = new_handle();

	assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
	use_again = true;
	assert_int_equal(run_on(pamh, "exit before all"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_false(use_again);
	pam_end(pamh, PAM_AUTH_ERR);
	if (victim < 0) {
		assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
		skip();		/* not allowed to choose a number */
	}
	assert_int_equal(kill(victim, 0), 0);	/* it lives */
	assert_int_equal(kill(victim, SIGKILL), 0);
	assert_int_equal(waitpid(victim, NULL, 0), -1);	/* until it has gone */
	assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
#endif
}

/* --- changing the PIN ------------------------------------------------------------ */

/* As passwd: on a handle of the user who runs this, unless another is given. */
static pam_handle_t *
new_handle_of(const char *user)
{
	static const struct pam_conv conv = { .conv = conversation };
	const struct passwd *pw = getpwuid(getuid());
	pam_handle_t *pamh;

	assert_non_null(pw);
	assert_int_equal(pam_start_confdir("test", user != NULL ? user : pw->pw_name, &conv, dir, &pamh),
	    PAM_SUCCESS);
	return pamh;
}

/* Both passes, or the first alone if that refuses. Our module is alone in the stack, so PAM_IGNORE is a refusal. */
static int
change_on(pam_handle_t *pamh, const char *mode, int flags, const char *old_pin, const char *new_pin,
    const char *again)
{
	int r;

	write_file("mode", mode);
	(void)unlink("tasks");
	prompts = 0;
	code[0] = shown[0] = '\0';
	typed[0] = old_pin;
	typed[1] = new_pin;
	typed[2] = again;
	r = pam_chauthtok(pamh, flags);
	memset(typed, 0, sizeof typed);
	assert_int_equal(r == PAM_SUCCESS, strcmp(code, "JPKI-OK") == 0);
	return r;
}

static int
change(const char *mode)
{
	int before = footprint_descriptors();
	pam_handle_t *pamh = new_handle_of(NULL);
	int r = change_on(pamh, mode, 0, "1234", "8275", "8275");

	pam_end(pamh, r);
	assert_int_equal(footprint_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return r;
}

static void
test_change(void **state)
{
	assert_int_equal(change("good"), PAM_SUCCESS);
	assert_int_equal(prompts, 3);
	assert_string_equal(tasks(), "check change ");
	assert_string_equal(shown, "text");
	assert_int_equal(change("unclean"), PAM_SUCCESS);
	assert_string_equal(tasks(), "check change drop in Reader X, in what is left ");
	assert_int_equal(change("wrong"), PAM_AUTH_ERR);
	assert_int_equal(prompts, 3);
}

/* The first pass has no prompt, and neither has the second after a refusal. */
static void
test_change_refused_in_the_first_pass(void **state)
{
	assert_int_equal(change("no card"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-NO-CARD");
	assert_string_equal(tasks(), "check ");
	assert_int_equal(change("prompt at the check"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(prompts, 0);
	assert_int_equal(change("challenge at the check"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(challenges, 0);
}

/* In a stack that goes on whatever the first pass says, the second says it again, unheard. */
static void
test_change_refused_in_both_passes(void **state)
{
	pam_handle_t *pamh;

	prompts = 0;
	write_file("test", "password [success=ok default=ignore] " MODULE "\n"
	    "password required pam_permit.so\n");
	write_file("mode", "no card");
	(void)unlink("tasks");
	code[0] = '\0';
	pamh = new_handle_of(NULL);
	assert_int_equal(pam_chauthtok(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
	assert_string_equal(tasks(), "check ");
	assert_string_equal(code, "JPKI-E-NO-CARD");
	assert_int_equal(prompts, 0);
}

static void
test_changes_that_are_refused(void **state)
{
	pam_handle_t *pamh = new_handle_of("nobody-of-this-name");

	/* A caller who is not the holder, root above all, is not prompted: no helper, no card. */
	assert_int_not_equal(change_on(pamh, "good", 0, "1234", "8275", "8275"), PAM_SUCCESS);
	assert_string_equal(tasks(), "");
	assert_int_equal(prompts, 0);
	pam_end(pamh, PAM_SUCCESS);
	/* A PIN does not expire. */
	pamh = new_handle_of(NULL);
	assert_int_not_equal(change_on(pamh, "good", PAM_CHANGE_EXPIRED_AUTHTOK, "1234", "8275", "8275"),
	    PAM_SUCCESS);
	assert_string_equal(tasks(), "");
	pam_end(pamh, PAM_SUCCESS);
	/* A user without a card: reported in the log only. */
	assert_int_not_equal(change("not enrolled"), PAM_SUCCESS);
	assert_string_equal(tasks(), "check ");
	assert_string_equal(shown, "");
}

/* A login manager acts for the user whom it has just let in by card. */
static void
test_change_by_a_login_manager(void **state)
{
	pam_handle_t *pamh = new_handle_of("daemon");

	assert_int_not_equal(change_on(pamh, "good", 0, "1234", "8275", "8275"), PAM_SUCCESS);
	assert_string_equal(tasks(), "");
	assert_int_equal(run_on(pamh, "good"), PAM_SUCCESS);
	assert_int_equal(change_on(pamh, "good", 0, "1234", "8275", "8275"), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}

/* A change is no login. */
static void
test_change_opens_no_account(void **state)
{
	pam_handle_t *pamh = new_handle_of(NULL);

	assert_int_equal(change_on(pamh, "good", 0, "1234", "8275", "8275"), PAM_SUCCESS);
	assert_int_not_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}

static void
test_change_with_a_helper_that_misbehaves(void **state)
{
	static const struct {
		const char *mode, *code;
	} rows[] = {
		{ "ask 0", "JPKI-E-HELPER" }, { "ask 2", "JPKI-E-HELPER" },	/* success without all PINs */
		{ "ask 4", "JPKI-E-PIN-UNCERTAIN" },
		{ "die after PIN", "JPKI-E-PIN-UNCERTAIN" }, { "late after PIN", "JPKI-E-PIN-UNCERTAIN" },
		{ "cut", "JPKI-E-HELPER" }, { "wrong id", "JPKI-E-HELPER" },	/* of the check */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_not_equal(change(rows[i].mode), PAM_SUCCESS);
		if (strcmp(code, rows[i].code) != 0)
			fail_msg("\"%s\" is %s", rows[i].mode, code);
		assert_true(prompts <= 3);
		assert_int_equal(strstr(tasks(), "drop in Reader X") != NULL, prompts > 0);
	}
}

/* Only four digits leave the module, nothing goes to the next one, and none is sent twice. */
static void
test_change_and_what_is_typed(void **state)
{
	pam_handle_t *pamh = new_handle_of(NULL);

	(void)change_on(pamh, "wrong, forwards", 0, "secret word", "8275", "8275");
	assert_string_equal(code, "JPKI-E-PIN-FORMAT");
	assert_int_equal(prompts, 1);
	(void)change_on(pamh, "wrong, forwards", 0, "1234", "secret word", "8275");
	assert_string_equal(code, "JPKI-E-PIN-FORMAT");
	assert_int_equal(prompts, 2);
	(void)change_on(pamh, "wrong", 0, "1111", "8275", "8275");
	assert_string_equal(code, "JPKI-E-PIN-WRONG");
	(void)change_on(pamh, "wrong", 0, "1111", "8275", "8275");
	assert_string_equal(code, "JPKI-E-PIN-REPEATED");
	/* The PIN that was wrong may be the new one, and is right then. */
	assert_int_equal(change_on(pamh, "good", 0, "1234", "1111", "1111"), PAM_SUCCESS);
	assert_int_equal(change_on(pamh, "good", 0, "1111", "8275", "8275"), PAM_SUCCESS);
	pam_end(pamh, PAM_SUCCESS);
}

/* --- the card names the user ------------------------------------------------------ */

static pam_handle_t *
nameless_handle(const char *user)
{
	static const struct pam_conv conv = { .conv = conversation };
	pam_handle_t *pamh;

	assert_int_equal(pam_start_confdir(as_service, user, &conv, dir, &pamh), PAM_SUCCESS);
	return pamh;
}

/*
 * A login of a program that gives no name (user: NULL or ""), with cards as "naming" says (tests/unit/fakehelper.c; NULL: they do
 * not name users). What is left as PAM_USER afterwards: "-" for none. Lent.
 */
static const char *
name_by(const char *user, const char *how, const char *mode, int *ret)
{
	static char left[PROTO_NAME_MAX];
	int before = footprint_descriptors();
	pam_handle_t *pamh = nameless_handle(user);
	const void *item = NULL;

	if (how != NULL)
		write_file("naming", how);
	*ret = run_on(pamh, mode);
	assert_int_equal(pam_get_item(pamh, PAM_USER, &item), PAM_SUCCESS);
	snprintf(left, sizeof left, "%s", item != NULL ? (const char *)item : "-");
	pam_end(pamh, *ret);
	(void)unlink("naming");
	assert_int_equal(footprint_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return left;
}

/* One account: no prompt for a name, and the login is that of the account. */
static void
test_card_names_user(void **state)
{
	int r;

	reply = NULL;
	assert_string_equal(name_by(NULL, "hanako", "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name login of hanako ");
	assert_int_equal(challenges, 0);
	assert_int_equal(prompts, 1);
	assert_non_null(strstr(decision, "JPKI-OK user=hanako "));
	assert_string_equal(name_by("", "hanako", "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name waiting login of hanako ");
	assert_int_equal(challenges, 0);
}

/* Without the option: one helper, the program is prompted for a name, and "" is not taken for one. */
static void
test_card_names_no_user_unless_told(void **state)
{
	int r;

	reply = "hanako";
	assert_string_equal(name_by(NULL, NULL, "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name login ");
	assert_int_equal(challenges, 1);
	assert_string_equal(name_by("", NULL, "good", &r), "");
	assert_int_equal(r, PAM_USER_UNKNOWN);
	assert_string_equal(tasks(), "name waiting ");
	assert_int_equal(challenges, 0);
	assert_int_equal(prompts, 0);
	reply = NULL;	/* the person goes away */
	assert_string_equal(name_by(NULL, NULL, "good", &r), "-");
	assert_int_equal(r, PAM_CONV_ERR);
	assert_string_equal(tasks(), "name ");
	assert_int_equal(run("good"), PAM_SUCCESS);	/* a name that the program gives */
	assert_string_equal(tasks(), "login ");
}

/* A helper that has gone while the name was being typed is no reason to refuse a user. */
static void
test_waiting_helper_that_dies(void **state)
{
	int r;

	reply = "hanako";
	naming_s = 1;
	assert_string_equal(name_by(NULL, NULL, "gone while it waits", &r), "hanako");
	naming_s = 0;
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name login ");
}

/* A typed name wins, and an empty one means the card, for which is waited then. */
static void
test_name_is_asked_for_without_a_card(void **state)
{
	char no_card[32];
	int r;

	snprintf(no_card, sizeof no_card, "status %d", OUTCOME_NO_CARD);
	reply = "hanako";
	assert_string_equal(name_by(NULL, no_card, "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name login ");
	assert_string_equal(shown, "text");	/* of the login; not that there was no card */
	reply = "";
	assert_string_equal(name_by(NULL, no_card, "good", &r), "-");
	assert_int_equal(r, PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-NO-CARD");
	assert_string_equal(tasks(), "name name waiting ");
	assert_string_equal(shown, "text");
	assert_int_equal(prompts, 0);
	reply = NULL;
	assert_string_equal(name_by(NULL, no_card, "good", &r), "-");
	assert_int_equal(r, PAM_CONV_ERR);
	assert_string_equal(code, "JPKI-E-CANCELLED");
	assert_string_equal(tasks(), "name ");
}

/* Of several accounts the user chooses one of those, by exactly its name. */
static void
test_which_account(void **state)
{
	static const char *const others[] = { "", "root", "Hanako", "hanako ", "hanako,root", "1234" };
	int r;

	reply = "hanako";
	assert_string_equal(name_by(NULL, "root,hanako", "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_string_equal(tasks(), "name login of hanako ");
	assert_int_equal(challenges, 1);
	for (size_t i = 0; i < COUNT(others); i++) {
		reply = others[i];
		assert_string_equal(name_by(NULL, "hanako,daemon", "good", &r), "-");
		assert_int_equal(r, PAM_AUTH_ERR);
		assert_string_equal(code, "JPKI-E-OTHER-CARD");
		assert_string_equal(asked, "text (hanako, daemon): ");
		assert_string_equal(tasks(), "name ");
		assert_int_equal(prompts, 0);
	}
	reply = NULL;
	assert_string_equal(name_by(NULL, "hanako,daemon", "good", &r), "-");
	assert_int_equal(r, PAM_CONV_ERR);
}

/* The list leaves out names without an account, and aliases of an account. */
static void
test_names_that_are_no_accounts(void **state)
{
	static const char *const none[] = { "nosuchuser", "HANAKO", "hanako@realm", "hanako@other", "nosuchuser,HANAKO" };
	int r;

	reply = NULL;
	assert_string_equal(name_by(NULL, "nosuchuser,hanako,HANAKO", "good", &r), "hanako");
	assert_int_equal(r, PAM_SUCCESS);
	assert_int_equal(challenges, 0);
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_string_equal(name_by(NULL, none[i], "good", &r), "-");
		assert_int_equal(r, PAM_USER_UNKNOWN);
		assert_string_equal(code, "JPKI-E-UNREGISTERED");
		assert_string_equal(tasks(), "name ");
		assert_int_equal(prompts, 0);
	}
}

/* A card without an account: reported, and we do not prompt for a name. */
static void
test_card_without_an_account(void **state)
{
	char unregistered[32];
	int r;

	snprintf(unregistered, sizeof unregistered, "status %d", OUTCOME_UNREGISTERED);
	reply = "hanako";
	assert_string_equal(name_by(NULL, unregistered, "good", &r), "-");
	assert_int_equal(r, PAM_USER_UNKNOWN);
	assert_string_equal(code, "JPKI-E-UNREGISTERED");
	assert_string_equal(shown, "text");
	assert_int_equal(challenges + prompts, 0);
}

/* The name of a card is nothing without the login: the next module must not ask for that account's password. */
static void
test_name_goes_with_the_login(void **state)
{
	static const struct {
		const char *mode;
		int code;
	} rows[] = { { "wrong", PAM_AUTH_ERR }, { "refusal without PIN", PAM_AUTHINFO_UNAVAIL }, { "die after PIN",
		PAM_AUTHINFO_UNAVAIL }, { "not enrolled", PAM_USER_UNKNOWN }, { "unclean", PAM_AUTHINFO_UNAVAIL } };
	int r;

	reply = NULL;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(name_by(NULL, "hanako", rows[i].mode, &r), "-");
		assert_int_equal(r, rows[i].code);
		assert_string_equal(name_by("", "hanako", rows[i].mode, &r), "");
		assert_int_equal(r, rows[i].code);
	}
	/* But a password that was typed in answer to a prompt with that name is that account's. */
	answer = "my-password";
	assert_string_equal(name_by(NULL, "hanako", "wrong, forwards", &r), "hanako");
	assert_int_equal(r, PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-PASSWORD");
	answer = "1234";
}

/* A helper that misbehaves while it names the user: the name is asked for, or the login is refused. */
static void
test_misbehaviour_while_naming(void **state)
{
	static const char *const hows[] = { "prompt", "die", "ready twice", "repeat 33", "status 9999", "bad\033name" };
	int r;

	for (size_t i = 0; i < COUNT(hows); i++) {
		reply = "hanako";
		assert_string_equal(name_by(NULL, hows[i], "good", &r), "hanako");
		assert_int_equal(r, PAM_SUCCESS);
		assert_int_equal(challenges, 1);
		assert_string_equal(tasks(), "name login ");
		assert_string_equal(name_by("", hows[i], "good", &r), "");
		assert_int_equal(r, PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(code, "JPKI-E-HELPER");
	}
	reply = NULL;
	assert_string_equal(name_by("", "before ready", "good", &r), "");
	assert_int_equal(r, PAM_USER_UNKNOWN);
	/* A login names no user. */
	assert_int_equal(run("named at a login"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
	assert_int_equal(run("naming at a login"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(code, "JPKI-E-HELPER");
}

/* LOGIN and NAME tell the helper that the program is a screen locker. A change of the PIN does not. */
static void
test_helper_knows_a_locker(void **state)
{
	int r;

	assert_int_equal(setenv("OUTCOME_LOCKER", "yes", 1), 0);
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_string_equal(tasks(), "login in a locker ");
	assert_string_equal(name_by(NULL, "hanako", "good", &r), "hanako");
	assert_string_equal(tasks(), "name in a locker login of hanako in a locker ");
	assert_int_equal(change("good"), PAM_SUCCESS);
	assert_string_equal(tasks(), "check change ");
	assert_int_equal(unsetenv("OUTCOME_LOCKER"), 0);
	assert_int_equal(run("good"), PAM_SUCCESS);
	assert_string_equal(tasks(), "login ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_misbehaviour),
		cmocka_unit_test(test_helper_gone_at_the_prompt),
		cmocka_unit_test(test_too_much_for_a_request),
		cmocka_unit_test(test_other_versions),
		cmocka_unit_test(test_a_thousand_logins),
		cmocka_unit_test(test_every_message_spoiled),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_challenge_misbehaviour),
		cmocka_unit_test(test_vouched_by_sshd),
		cmocka_unit_test(test_vouched_is_not_a_pin),
		cmocka_unit_test(test_lines_have_an_end),
		cmocka_unit_test(test_only_text),
		cmocka_unit_test(test_no_decision_but_the_module_s),
		cmocka_unit_test(test_card_state_is_dropped),
		cmocka_unit_test(test_time_is_given_once),
		cmocka_unit_test(test_typing_takes_no_time),
		cmocka_unit_test(test_no_pin),
		cmocka_unit_test(test_wrong_pins_of_one_handle),
		cmocka_unit_test(test_wrong_pins_are_one_user_s),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_people_without_a_card_read_nothing),
		cmocka_unit_test(test_cue),
		cmocka_unit_test(test_early_question),
		cmocka_unit_test(test_reminded_once),
		cmocka_unit_test(test_password_is_forwarded_only_if_asked),
#define UNLOCK(f) cmocka_unit_test_setup_teardown(f, setup_unlock, teardown_unlock)
		UNLOCK(test_unlock),
		UNLOCK(test_unlock_what_the_account_has),
		UNLOCK(test_unlock_no_pin),
		UNLOCK(test_unlock_out_of_turn),
		UNLOCK(test_unlock_in_no_program_of_the_user),
		UNLOCK(test_unlock_files_of_root_alone),
		UNLOCK(test_unlock_beside_a_password),
		cmocka_unit_test(test_log_line),
		cmocka_unit_test(test_log_line_cannot_be_forged),
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_setcred_of_others),
		cmocka_unit_test(test_setcred_of_the_card),
		cmocka_unit_test(test_setcred_alone),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_session_without_card),
		cmocka_unit_test(test_session_by_another_name),
		cmocka_unit_test(test_name_of_another_account),
		cmocka_unit_test(test_wrong_pin_by_another_name),
		cmocka_unit_test(test_session_without_room),
		cmocka_unit_test(test_host_that_reaps),
		cmocka_unit_test(test_host_that_blocks_signals),
		cmocka_unit_test(test_host_with_open_files),
#ifndef HAVE_PIDFD_SPAWN
		cmocka_unit_test(test_host_without_a_descriptor_to_spare),
#endif
		cmocka_unit_test(test_number_used_again),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_refused_in_the_first_pass),
		cmocka_unit_test(test_changes_that_are_refused),
		cmocka_unit_test(test_change_by_a_login_manager),
		cmocka_unit_test(test_change_opens_no_account),
		cmocka_unit_test(test_change_with_a_helper_that_misbehaves),
		cmocka_unit_test(test_change_and_what_is_typed),
		cmocka_unit_test(test_card_names_user),
		cmocka_unit_test(test_card_names_no_user_unless_told),
		cmocka_unit_test(test_waiting_helper_that_dies),
		cmocka_unit_test(test_name_is_asked_for_without_a_card),
		cmocka_unit_test(test_which_account),
		cmocka_unit_test(test_names_that_are_no_accounts),
		cmocka_unit_test(test_card_without_an_account),
		cmocka_unit_test(test_name_goes_with_the_login),
		cmocka_unit_test(test_misbehaviour_while_naming),
		cmocka_unit_test(test_helper_knows_a_locker),
		cmocka_unit_test(test_change_refused_in_both_passes),	/* last: another stack */
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

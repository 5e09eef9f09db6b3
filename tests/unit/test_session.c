/* pam/session: whatever a helper does, success only for a verdict that was earned. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "pam/session.h"

static char dir[] = "/tmp/jpki-session-XXXXXX";
static const char *answer;
static unsigned int prompts;

static int
conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	struct pam_response *r = calloc((size_t)n, sizeof *r);

	prompts++;
	if (r != NULL && answer != NULL)
		r->resp = strdup(answer);
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

static unsigned int
open_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static enum jpki_status
run(const char *mode)
{
	static const struct pam_conv conv = { .conv = conversation };
	struct proto_request request = { .task = PROTO_LOGIN, .user = "hanako", .service = "test",
		.host = "h" };
	struct session_result result;
	struct log log = { .sink = NULL };
	unsigned int before = open_descriptors();
	pam_handle_t *pamh;

	write_file("mode", mode);
	(void)unlink("tasks");
	prompts = 0;
	assert_int_equal(pam_start_confdir("test", "hanako", &conv, dir, &pamh), PAM_SUCCESS);
	session_login(pamh, &log, &request, &result);
	pam_end(pamh, PAM_SUCCESS);
	assert_int_equal(open_descriptors(), before);
	/* and no child is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return result.outcome.status;
}

static int
setup(void **state)
{
	char *path = realpath(HELPER_PATH, NULL);

	assert_non_null(path);
	free(path);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	write_file("test", "auth required pam_permit.so\n");
	answer = "1234";
	return 0;
}

static int
teardown(void **state)
{
	(void)unlink("mode");
	(void)unlink("tasks");
	(void)unlink("test");
	(void)rmdir(dir);
	return 0;
}

static void
test_good(void **state)
{
	assert_int_equal(run("good"), JPKI_OK);
	assert_int_equal(prompts, 1);
	assert_string_equal(tasks(), "login ");
	assert_int_equal(run("refusal without PIN"), JPKI_NO_CARD);
	assert_int_equal(run("linger"), JPKI_OK);	/* killed, and collected */
}

static void
test_misbehaviour(void **state)
{
	static const char *const modes[] = { "exit at once", "garbage", "empty packet",
		"prompt before ready", "ready twice", "success without PIN", "prompt twice",
		"wrong id", "trailing byte", "cut", "oversized", "wrong version", "unknown status",
		"die after PIN", "crash after PIN", "late before prompt", "late after PIN" };

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (run(modes[i]) != JPKI_HELPER)
			fail_msg("\"%s\" is not a failed helper", modes[i]);
		assert_true(prompts <= 1);
	}
}

/* Handed a PIN and not heard of again, or heard that the card is not clean. */
static void
test_card_state_is_dropped(void **state)
{
	assert_int_equal(run("die after PIN"), JPKI_HELPER);
	assert_string_equal(tasks(), "login drop ");
	assert_int_equal(run("late after PIN"), JPKI_HELPER);
	assert_string_equal(tasks(), "login drop ");
	assert_int_equal(run("unclean"), JPKI_TIMEOUT);
	assert_string_equal(tasks(), "login drop ");
	assert_int_equal(run("exit at once"), JPKI_HELPER);
	assert_string_equal(tasks(), "login ");
}

/* No PIN, no success, whatever the helper says. */
static void
test_no_pin(void **state)
{
	static const char *const answers[] = { "", "123", "password", "12345", "1234\n" };

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		answer = answers[i];
		assert_int_equal(run("good"), JPKI_HELPER);
		assert_string_equal(tasks(), "login ");
	}
	answer = NULL;
	assert_int_equal(run("good"), JPKI_HELPER);
	answer = "1234";
}

/* What the application does about its children is its own business. */
static void
test_host_that_reaps(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, now;

	assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
	assert_int_equal(run("good"), JPKI_OK);
	assert_int_equal(run("die after PIN"), JPKI_HELPER);
	assert_int_equal(sigaction(SIGCHLD, &old, &now), 0);
	assert_ptr_equal(now.sa_handler, SIG_IGN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_misbehaviour),
		cmocka_unit_test(test_card_state_is_dropped),
		cmocka_unit_test(test_no_pin),
		cmocka_unit_test(test_host_that_reaps),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

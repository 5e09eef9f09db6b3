/* SPDX-License-Identifier: BSD-2-Clause */
/* pam/conv: real libpam, and applications that answer in every way. */
#include "config.h"

#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pinrule.h"
#include "pam/conv.h"
#include "tests/unit/test.h"

/* How the application behaves, and what it was shown. */
static struct {
	int code;
	bool no_response;	/* leaves *ret as it found it */
	const char *reply;	/* NULL: a response without text */
	char *resp;		/* its copy, which our code frees */
	size_t resp_len;
	bool freed, wiped;	/* whether it was empty then */
	unsigned int calls;
	int style;
	char text[512];
} app;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (p != NULL && p == app.resp) {
		app.freed = app.wiped = true;
		for (size_t i = 0; i < app.resp_len; i++)
			app.wiped = app.wiped && app.resp[i] == '\0';
		app.resp = NULL;
	}
	__real_free(p);
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret, void *ctx)
{
	struct pam_response *r;

	assert_int_equal(count, 1);
	assert_null(*ret);
	app.calls++;
	app.style = messages[0]->msg_style;
	strncpy(app.text, messages[0]->msg, sizeof app.text - 1);
	if (app.code != PAM_SUCCESS || app.no_response)
		return app.code;
	r = calloc(1, sizeof *r);
	assert_non_null(r);
	if (app.reply != NULL) {
		r->resp = strdup(app.reply);
		assert_non_null(r->resp);
		app.resp = r->resp;
		app.resp_len = strlen(app.reply);
	}
	*ret = r;
	return PAM_SUCCESS;
}

static pam_handle_t *pamh;
static struct secret *pin;

int __real_pam_set_item(pam_handle_t *, int, const void *);
int __wrap_pam_set_item(pam_handle_t *, int, const void *);

/* libpam takes PAM_AUTHTOK from modules only; here is what it would have got. */
static struct {
	int code;
	unsigned int calls;
	char text[sizeof app.text];
} authtok;

int
__wrap_pam_set_item(pam_handle_t *handle, int type, const void *item)
{
	if (type != PAM_AUTHTOK)
		return __real_pam_set_item(handle, type, item);
	authtok.calls++;
	if (authtok.code == PAM_SUCCESS)
		strncpy(authtok.text, item, sizeof authtok.text - 1);
	return authtok.code;
}

static int
setup(void **state)
{
	static const struct pam_conv conv = { .conv = converse };

	memset(&app, 0, sizeof app);
	memset(&authtok, 0, sizeof authtok);
	pin = secret_new();
	if (pin == NULL)
		return -1;
	return pam_start("pam_jpki-test", "taro", &conv, &pamh) == PAM_SUCCESS ? 0 : -1;
}

static int
teardown(void **state)
{
	secret_free(pin);
	return pam_end(pamh, PAM_SUCCESS) == PAM_SUCCESS ? 0 : -1;
}

static bool
pin_is(const char *text)
{
	struct view v = secret_view(pin);

	return v.len == strlen(text) && memcmp(v.data, text, v.len) == 0;
}

static enum proto_answer
ask(const char *reply, bool forward_password)
{
	memset(&app, 0, sizeof app);
	app.reply = reply;
	assert_true(secret_set(pin, NULL, 0));
	return conv_ask_pin(pamh, "PIN: ", forward_password, pin);
}

static void
four_digits_are_a_pin(void **state)
{
	for (int forward = 0; forward <= 1; forward++) {
		assert_int_equal(ask("0719", forward), PROTO_ANSWER_PIN);
		assert_true(pin_is("0719"));
		assert_int_equal(app.calls, 1);
		assert_int_equal(app.style, PAM_PROMPT_ECHO_OFF);
		assert_string_equal(app.text, "PIN: ");
	}
	assert_int_equal(authtok.calls, 0);	/* a PIN is never a password */
}

static char long_reply[10241];
static const char *const replies[] = { "1", "123", "12345", "1234\n", "\n1234", " 1234", "1234 ", "abcd",
    "12a4", "-123", "+123", "１２３４", "１２", "0x12", "password", long_reply };

/* None of it gets out of the function, and there is no second prompt. */
static void
anything_else_is_not(void **state)
{
	memset(long_reply, '1', sizeof long_reply - 1);
	for (size_t i = 0; i < COUNT(replies); i++) {
		assert_int_equal(ask(replies[i], false), PROTO_ANSWER_FORMAT);
		assert_true(pin_is(""));
		assert_int_equal(app.calls, 1);
	}
	assert_int_equal(authtok.calls, 0);
}

/* Input that lib/pinrule takes for a slip of the PIN stays here, even with forward_pass. */
static void
a_password_goes_on_if_asked(void **state)
{
	for (size_t i = 0; i < COUNT(replies); i++) {
		bool slip = pinrule_is_slip((struct view){ (const uint8_t *)replies[i], strlen(replies[i]) });

		memset(&authtok, 0, sizeof authtok);
		assert_int_equal(ask(replies[i], true), slip ? PROTO_ANSWER_FORMAT : PROTO_ANSWER_PASSWORD);
		assert_true(pin_is(""));
		assert_int_equal(authtok.calls, slip ? 0 : 1);
		assert_int_equal(strncmp(authtok.text, slip ? "" : replies[i], sizeof authtok.text - 1), 0);
	}
	authtok.code = PAM_BUF_ERR;
	assert_int_equal(ask("password", true), PROTO_ANSWER_FORMAT);
	assert_true(pin_is(""));
}

/* The input is gone from the memory of the application, whether it was a PIN or not. */
static void
what_was_typed_is_wiped(void **state)
{
	(void)ask("0719", false);
	assert_true(app.freed && app.wiped);
	for (size_t i = 0; i < COUNT(replies); i++) {
		(void)ask(replies[i], i % 2 == 0);
		assert_true(app.freed && app.wiped);
	}
}

/* Only Enter: no PIN, no password either. */
static void
an_empty_line_is_no_answer(void **state)
{
	assert_int_equal(ask("", false), PROTO_ANSWER_FORMAT);
	assert_int_equal(ask("", true), PROTO_ANSWER_FORMAT);
	assert_int_equal(authtok.calls, 0);
	assert_true(pin_is(""));
}

static void
no_answer_is_a_cancel(void **state)
{
	const int codes[] = { PAM_CONV_ERR, PAM_BUF_ERR, PAM_CONV_AGAIN, PAM_ABORT };

	assert_int_equal(ask(NULL, true), PROTO_ANSWER_CANCEL);	/* ^D under misc_conv */
	memset(&app, 0, sizeof app);
	app.no_response = true;
	assert_int_equal(conv_ask_pin(pamh, "PIN: ", true, pin), PROTO_ANSWER_CANCEL);
	for (size_t i = 0; i < COUNT(codes); i++) {
		memset(&app, 0, sizeof app);
		app.code = codes[i];
		assert_int_equal(conv_ask_pin(pamh, "PIN: ", true, pin), PROTO_ANSWER_CANCEL);
		assert_int_equal(app.calls, 1);
	}
	assert_true(pin_is(""));
	assert_int_equal(authtok.calls, 0);
}

static void
without_a_conversation(void **state)
{
	const struct pam_conv none = { .conv = NULL };

	assert_int_equal(pam_set_item(pamh, PAM_CONV, &none), PAM_SUCCESS);
	assert_int_equal(conv_ask_pin(pamh, "PIN: ", false, pin), PROTO_ANSWER_CANCEL);
	conv_tell(pamh, 0, CONV_ERROR, "text");
	assert_int_equal(app.calls, 0);
}

static void
told(int flags, enum conv_style style, const char *text, int as)
{
	memset(&app, 0, sizeof app);
	app.reply = "";		/* sshd answers texts */
	conv_tell(pamh, flags, style, text);
	assert_int_equal(app.calls, as != 0);
	if (as != 0) {
		assert_int_equal(app.style, as);
		assert_string_equal(app.text, text);
	}
}

static void
silent_applications_still_get_errors(void **state)
{
	told(0, CONV_INFO, "Expires soon.", PAM_TEXT_INFO);
	told(0, CONV_ERROR, "Locked.", PAM_ERROR_MSG);
	told(PAM_SILENT, CONV_INFO, "Expires soon.", 0);
	told(PAM_SILENT, CONV_ERROR, "Locked.", PAM_ERROR_MSG);
	told(0, CONV_INFO, "", 0);
	told(0, CONV_ERROR, "", 0);
	told(0, CONV_ERROR, "100 %s %n", PAM_ERROR_MSG);	/* not a format */
}

/* gtklock ends, and leaves the screen locked, at a line that is wider than the screen. */
static void
gtklock_gets_short_lines(void **state)
{
	static const char text[] = "The four-digit PIN of the user-authentication certificate is locked (the signature PIN "
	    "is another one). ありがとう。ありがとう。ありがとう。ありがとう。ありがとう。ありがとう。";
	static const char folded[] = "The four-digit PIN of the user-authentication\n"
	    "certificate is locked (the signature PIN is another\n"
	    "one). ありがとう。ありがとう。ありがとう。ありがとう。あ\nりがとう。ありがとう。";

	assert_int_equal(pam_set_item(pamh, PAM_SERVICE, "gtklock"), PAM_SUCCESS);
	conv_tell(pamh, 0, CONV_ERROR, text);
	assert_string_equal(app.text, folded);
	conv_tell(pamh, 0, CONV_ERROR, "");
	assert_int_equal(app.calls, 1);
	assert_int_equal(pam_set_item(pamh, PAM_SERVICE, "gtklock2"), PAM_SUCCESS);
	told(0, CONV_ERROR, text, PAM_ERROR_MSG);
}

static void
a_message_that_fails_is_no_error(void **state)
{
	app.code = PAM_CONV_ERR;
	conv_tell(pamh, 0, CONV_ERROR, "Locked.");
	assert_int_equal(app.calls, 1);
	app.code = PAM_SUCCESS;
	app.no_response = true;
	conv_tell(pamh, 0, CONV_ERROR, "Locked.");
	assert_int_equal(app.calls, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(four_digits_are_a_pin),
		TEST(anything_else_is_not),
		TEST(a_password_goes_on_if_asked),
		TEST(what_was_typed_is_wiped),
		TEST(an_empty_line_is_no_answer),
		TEST(no_answer_is_a_cancel),
		TEST(without_a_conversation),
		TEST(silent_applications_still_get_errors),
		TEST(gtklock_gets_short_lines),
		TEST(a_message_that_fails_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

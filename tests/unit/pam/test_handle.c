/* SPDX-License-Identifier: BSD-2-Clause */
/* pam/handle: what a handle remembers, and that it is wiped with it. */
#include "config.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

#include "lib/secret.h"
#include "pam/handle.h"
#include "tests/unit/test.h"

int __wrap_pam_get_data(const pam_handle_t *, const char *, const void **);
int __wrap_pam_set_data(pam_handle_t *, const char *, void *,
    void (*)(pam_handle_t *, void *, int));
void __wrap_secret_free(struct secret *);
void __real_secret_free(struct secret *);

/* libpam keeps data for modules only; this keeps one item of it. */
static struct {
	int code;
	void *data;
	void (*cleanup)(pam_handle_t *, void *, int);
	unsigned int secrets_freed;
} pam;

static pam_handle_t *pamh;

int
__wrap_pam_get_data(const pam_handle_t *handle, const char *name, const void **ret)
{
	if (pam.data == NULL)
		return PAM_NO_MODULE_DATA;
	*ret = pam.data;
	return PAM_SUCCESS;
}

int
__wrap_pam_set_data(pam_handle_t *handle, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int))
{
	if (pam.code != PAM_SUCCESS)
		return pam.code;
	assert_null(pam.data);
	pam.data = data;
	pam.cleanup = cleanup;
	return PAM_SUCCESS;
}

void
__wrap_secret_free(struct secret *s)
{
	pam.secrets_freed += s != NULL;
	__real_secret_free(s);
}

static int
setup(void **state)
{
	static const struct pam_conv conv = { .conv = NULL };

	memset(&pam, 0, sizeof pam);
	return pam_start("pam_jpki-test", "taro", &conv, &pamh) == PAM_SUCCESS ? 0 : -1;
}

static int
teardown(void **state)
{
	if (pam.data != NULL)
		pam.cleanup(pamh, pam.data, 0);
	return pam_end(pamh, PAM_SUCCESS) == PAM_SUCCESS ? 0 : -1;
}

static struct view
pin(const char *text)
{
	return (struct view){ (const uint8_t *)text, strlen(text) };
}

static void
begins_with_nothing(void **state)
{
	struct handle_state *m;

	assert_null(handle_find(pamh));
	m = handle_of(pamh);
	assert_non_null(m);
	assert_ptr_equal(handle_find(pamh), m);
	assert_ptr_equal(handle_of(pamh), m);	/* the same one */
	assert_int_equal(handle_outcome(m), OUTCOME_INTERNAL);
	assert_false(handle_knows_wrong(m, pin("0000")));
	handle_note_outcome(m, OUTCOME_OK);
	assert_int_equal(handle_outcome(m), OUTCOME_OK);
}

static void
knows_the_wrong_pins(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	handle_note_wrong(m, pin("1234"));
	assert_true(handle_knows_wrong(m, pin("1234")));
	assert_false(handle_knows_wrong(m, pin("1235")));
	handle_note_wrong(m, pin("5678"));
	handle_note_wrong(m, pin("5678"));
	assert_true(handle_knows_wrong(m, pin("1234")));
	assert_true(handle_knows_wrong(m, pin("5678")));
	/* not across the border of two */
	assert_false(handle_knows_wrong(m, pin("7812")));
	assert_false(handle_knows_wrong(m, pin("")));
	handle_note_wrong(m, pin("99998"));
	assert_false(handle_knows_wrong(m, pin("9999")));
	handle_note_wrong(m, pin("123"));
	assert_false(handle_knows_wrong(m, pin("123")));
}

static void
keeps_the_newest(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	for (int i = 0; i < 9; i++) {
		char text[5];

		snprintf(text, sizeof text, "100%d", i);
		handle_note_wrong(m, pin(text));
	}
	assert_true(handle_knows_wrong(m, pin("1008")));
	assert_true(handle_knows_wrong(m, pin("1007")));
	assert_true(handle_knows_wrong(m, pin("1006")));
	assert_false(handle_knows_wrong(m, pin("1000")));
}

static void
forgets_with_the_user_and_the_change(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	handle_begin(m, "taro");
	handle_note_wrong(m, pin("1234"));
	handle_turn_to(m, "taro");
	assert_true(handle_knows_wrong(m, pin("1234")));
	handle_turn_to(m, "hanako");
	assert_false(handle_knows_wrong(m, pin("1234")));
	handle_note_wrong(m, pin("5678"));
	handle_forget_wrong(m);
	assert_false(handle_knows_wrong(m, pin("5678")));
}

static void
knows_whom_the_card_let_in(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	handle_begin(m, "taro");
	assert_false(handle_let_in(m, "taro"));
	handle_note_outcome(m, OUTCOME_OK);
	assert_true(handle_let_in(m, "taro"));
	assert_false(handle_let_in(m, "hanako"));
	handle_turn_to(m, "taro");
	assert_true(handle_let_in(m, "taro"));
	handle_turn_to(m, "hanako");
	assert_false(handle_let_in(m, "hanako"));
	handle_begin(m, "taro");
	assert_false(handle_let_in(m, "taro"));
}

static void
knows_the_card_of_the_last_login(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	assert_string_equal(handle_cert(m), "");
	assert_string_equal(handle_reader(m), "");
	assert_false(handle_session(m));
	handle_begin(m, "taro");
	handle_note_outcome(m, OUTCOME_OK);
	handle_note_card(m, "Reader 0", "0123456789abcdef");
	assert_string_equal(handle_cert(m), "0123456789abcdef");
	assert_string_equal(handle_reader(m), "Reader 0");
	handle_note_session(m, true);
	assert_true(handle_session(m));
	handle_note_session(m, false);
	assert_false(handle_session(m));
	handle_note_outcome(m, OUTCOME_PIN_WRONG);
	assert_string_equal(handle_cert(m), "");
	handle_note_card(m, "Reader 0", "0123456789abcdef");
	handle_turn_to(m, "hanako");
	assert_string_equal(handle_cert(m), "");
	assert_string_equal(handle_reader(m), "");
}

static void
keeps_the_first_pass(void **state)
{
	struct handle_state *m = handle_of(pamh);

	assert_non_null(m);
	assert_int_equal(handle_preliminary(m), OUTCOME_INTERNAL);
	handle_note_preliminary(m, OUTCOME_OK);
	assert_int_equal(handle_preliminary(m), OUTCOME_OK);
	assert_int_equal(handle_outcome(m), OUTCOME_INTERNAL);
}

static void
goes_with_the_handle(void **state)
{
	assert_non_null(handle_of(pamh));
	pam.cleanup(pamh, pam.data, 0);
	pam.data = NULL;
	assert_int_equal(pam.secrets_freed, 1);
	assert_null(handle_find(pamh));
}

/* Nothing is left if libpam cannot keep it; the sanitizer sees the rest. */
static void
libpam_may_refuse(void **state)
{
	pam.code = PAM_BUF_ERR;
	assert_null(handle_of(pamh));
	assert_int_equal(pam.secrets_freed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(begins_with_nothing),
		TEST(knows_the_wrong_pins),
		TEST(keeps_the_newest),
		TEST(forgets_with_the_user_and_the_change),
		TEST(knows_whom_the_card_let_in),
		TEST(knows_the_card_of_the_last_login),
		TEST(keeps_the_first_pass),
		TEST(goes_with_the_handle),
		TEST(libpam_may_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

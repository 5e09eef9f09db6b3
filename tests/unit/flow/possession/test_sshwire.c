/* SPDX-License-Identifier: BSD-2-Clause */
/* The form of a remote challenge and of its reply: what is right comes back, nothing else is read. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/possession/sshwire.h"
#include "tests/unit/test.h"

#define NONCE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define KEYID "0123456789abcdef"
#define HOSTKEY "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO/+"

static const char prompt[] = "JPKI1 remote-login azumino.example%2cazumino hanako sshd 1795400000 "
    NONCE " hostkey: ";

static struct sshwire_challenge
sample(void)
{
	struct sshwire_challenge c = { .hosts = "azumino.example,azumino", .user = "hanako",
		.service = "sshd", .time = 1795400000, .binding = SSHWIRE_HOSTKEY };

	for (size_t i = 0; i < sizeof c.nonce; i++)
		c.nonce[i] = (uint8_t)i;
	c.nonce[sizeof c.nonce - 1] = 0xff;
	return c;
}

static void
prompt_comes_back(void **state)
{
	struct sshwire_challenge c = sample(), back;
	char text[SSHWIRE_PROMPT_MAX];

	assert_true(sshwire_write_prompt(&c, text));
	assert_string_equal(text, prompt);
	assert_true(sshwire_is_marked(text));
	assert_true(sshwire_read_prompt(text, &back));
	assert_string_equal(back.hosts, c.hosts);
	assert_string_equal(back.user, c.user);
	assert_string_equal(back.service, c.service);
	assert_int_equal(back.time, c.time);
	assert_memory_equal(back.nonce, c.nonce, sizeof c.nonce);
	assert_int_equal(back.binding, SSHWIRE_HOSTKEY);
	c.binding = SSHWIRE_NAME;
	snprintf(c.user, sizeof c.user, "a b=%%~");
	assert_true(sshwire_write_prompt(&c, text));
	assert_non_null(strstr(text, " a%20b%3d%25%7e "));
	assert_true(sshwire_read_prompt(text, &back));
	assert_int_equal(back.binding, SSHWIRE_NAME);
	assert_string_equal(back.user, c.user);
}

static void
prompt_of_odd_values_is_not_written(void **state)
{
	static const char *const odd[] = { "", "a\nb", "a\033b", "\xe8\x8a\xb1" };
	char text[SSHWIRE_PROMPT_MAX];

	for (size_t i = 0; i < COUNT(odd); i++) {
		struct sshwire_challenge user = sample(), hosts = sample(), service = sample();

		snprintf(user.user, sizeof user.user, "%s", odd[i]);
		snprintf(hosts.hosts, sizeof hosts.hosts, "%s", odd[i]);
		snprintf(service.service, sizeof service.service, "%s", odd[i]);
		assert_false(sshwire_write_prompt(&user, text));
		assert_false(sshwire_write_prompt(&hosts, text));
		assert_false(sshwire_write_prompt(&service, text));
	}
}

static void
prompt_too_long_is_not_written(void **state)
{
	struct sshwire_challenge c = sample();
	char text[SSHWIRE_PROMPT_MAX];

	memset(c.user, '/', sizeof c.user - 1);
	c.user[sizeof c.user - 1] = '\0';
	assert_true(sshwire_write_prompt(&c, text));
	memcpy(c.service, c.user, sizeof c.service);
	assert_false(sshwire_write_prompt(&c, text));
}

static void
other_prompts_are_not_read(void **state)
{
	static const char *const others[] = {
		"",
		"JPKI1",
		"Password: ",
		" JPKI1 remote-login h u s 1 " NONCE " name: ",
		"JPKI1  remote-login h u s 1 " NONCE " name: ",
		"JPKI2 remote-login h u s 1 " NONCE " name: ",
		"jpki1 remote-login h u s 1 " NONCE " name: ",
		"JPKI1 login h u s 1 " NONCE " name: ",
		"JPKI1 remote-login h u s 1 " NONCE " name:",
		"JPKI1 remote-login h u s 1 " NONCE " name:  ",
		"JPKI1 remote-login h u s 1 " NONCE " name: \n",
		"JPKI1 remote-login h u s 1 " NONCE " Name: ",
		"JPKI1 remote-login h u s 1 " NONCE " none: ",
		"JPKI1 remote-login h u s 1 " NONCE " name x: ",
		"JPKI1 remote-login h u s 01 " NONCE " name: ",
		"JPKI1 remote-login h u s +1 " NONCE " name: ",
		"JPKI1 remote-login h u s 1x " NONCE " name: ",
		"JPKI1 remote-login h u s 99999999999999999999 " NONCE " name: ",
		"JPKI1 remote-login h u s 1 " NONCE "00 name: ",
		"JPKI1 remote-login h u s 1 0011 name: ",
		"JPKI1 remote-login h u s 1 0G" "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff name: ",
		"JPKI1 remote-login h u s 1 FF" "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff name: ",
		"JPKI1 remote-login h u%2 s 1 " NONCE " name: ",
		"JPKI1 remote-login h u% s 1 " NONCE " name: ",
		"JPKI1 remote-login h u%2x s 1 " NONCE " name: ",
		"JPKI1 remote-login h u%2C s 1 " NONCE " name: ",	/* capital digit */
		"JPKI1 remote-login h u%61 s 1 " NONCE " name: ",	/* needlessly encoded */
		"JPKI1 remote-login h u,v s 1 " NONCE " name: ",	/* not encoded */
		"JPKI1 remote-login h u%00 s 1 " NONCE " name: ",
		"JPKI1 remote-login h u%0a s 1 " NONCE " name: ",
		"JPKI1 remote-login h u%1b s 1 " NONCE " name: ",
		"JPKI1 remote-login h u%e8 s 1 " NONCE " name: ",
		"JPKI1 remote-login h\tu s 1 " NONCE " name: ",
		"JPKI1 remote-login u s 1 " NONCE " name: ",
	};
	struct sshwire_challenge c;
	char text[SSHWIRE_PROMPT_MAX];

	assert_true(sshwire_read_prompt("JPKI1 remote-login h u s 1 " NONCE " name: ", &c));
	assert_true(sshwire_read_prompt("JPKI1 remote-login h u%2c s 1 " NONCE " name: ", &c));
	for (size_t i = 0; i < COUNT(others); i++)
		if (sshwire_read_prompt(others[i], &c))
			fail_msg("read: %s", others[i]);
	/* Cut anywhere. */
	for (size_t len = 0; len < sizeof prompt - 1; len++) {
		snprintf(text, sizeof text, "%.*s", (int)len, prompt);
		assert_false(sshwire_read_prompt(text, &c));
	}
}

static void
long_prompts_are_not_read(void **state)
{
	static char text[2 * SSHWIRE_PROMPT_MAX];
	struct sshwire_challenge c;

	memset(text, 'a', sizeof text - 1);
	assert_false(sshwire_read_prompt(text, &c));
	/* A name of 255 characters, and of 256. */
	for (int len = SSHWIRE_NAME_MAX - 1; len <= SSHWIRE_NAME_MAX; len++) {
		int n = snprintf(text, sizeof text, "JPKI1 remote-login ");

		memset(text + n, 'h', (size_t)len);
		snprintf(text + n + len, sizeof text - (size_t)(n + len), " u s 1 " NONCE " name: ");
		assert_int_equal(sshwire_read_prompt(text, &c), len < SSHWIRE_NAME_MAX);
	}
	/* One that goes on as the user is called, whose name is behind it in memory. */
	for (int len = 1; len < 8; len++) {
		int n = snprintf(text, sizeof text, "JPKI1 remote-login ");

		memset(text + n, 'h', SSHWIRE_NAME_MAX);
		snprintf(text + n + SSHWIRE_NAME_MAX, sizeof text - (size_t)n - SSHWIRE_NAME_MAX, "%.*s %.*s s 1 " NONCE " name: ", len, "saburos",
		    len, "saburos");
		assert_false(sshwire_read_prompt(text, &c));
	}
}

static void
hosts_are_whole_names(void **state)
{
	struct sshwire_challenge c = sample();

	assert_true(sshwire_names_host(&c, "azumino"));
	assert_true(sshwire_names_host(&c, "azumino.example"));
	assert_true(sshwire_names_host(&c, "AZUMINO.Example"));
	assert_false(sshwire_names_host(&c, ""));
	assert_false(sshwire_names_host(&c, "azumin"));
	assert_false(sshwire_names_host(&c, "zumino"));
	assert_false(sshwire_names_host(&c, "azumino.example,azumino"));
	assert_false(sshwire_names_host(&c, "azumino.example.evil"));
	assert_false(sshwire_names_host(&c, "evil.azumino"));
	snprintf(c.hosts, sizeof c.hosts, ",,a,");
	assert_true(sshwire_names_host(&c, "a"));
	assert_false(sshwire_names_host(&c, ""));
}

static void
text_is_what_is_signed(void **state)
{
	static const char wanted[] = "JPKI-CHALLENGE-1\npurpose=remote-login\n"
	    "host=azumino.example%2cazumino\nuser=hanako\nservice=sshd\ntime=1795400000\n"
	    "nonce=" NONCE "\nhostkey=";
	struct sshwire_challenge c = sample();
	uint8_t text[CHALLENGE_MAX];
	char expected[512];
	size_t len;

	assert_true(sshwire_text(&c, "", text, &len));
	snprintf(expected, sizeof expected, "%snone\n", wanted);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
	assert_true(sshwire_text(&c, HOSTKEY, text, &len));
	snprintf(expected, sizeof expected, "%sabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO%%2f+\n", wanted);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
}

static void
local_text_has_no_hostkey(void **state)
{
	struct challenge c = { .purpose = "login", .host = "h", .user = "u", .service = "s" };
	char text[CHALLENGE_MAX + 1] = "";
	size_t len;

	assert_true(challenge_write(&c, (uint8_t *)text, &len));
	assert_null(strstr(text, "hostkey"));
}

static void
reply_comes_back(void **state)
{
	struct sshwire_reply r = { .keyid = KEYID, .hostkey = HOSTKEY, .signature = "QUJD/w==" }, back;
	char text[SSHWIRE_REPLY_MAX];

	assert_true(sshwire_write_reply(&r, text));
	assert_string_equal(text, "JPKI1." KEYID "." HOSTKEY ".QUJD/w==");
	assert_true(sshwire_read_reply(text, &back));
	assert_string_equal(back.keyid, r.keyid);
	assert_string_equal(back.hostkey, r.hostkey);
	assert_string_equal(back.signature, r.signature);
	r.hostkey[0] = '\0';
	assert_true(sshwire_write_reply(&r, text));
	assert_string_equal(text, "JPKI1." KEYID ".-.QUJD/w==");
	assert_true(sshwire_read_reply(text, &back));
	assert_string_equal(back.hostkey, "");
}

static void
signature_of_rsa_2048_fits(void **state)
{
	struct sshwire_reply r = { .keyid = KEYID, .hostkey = HOSTKEY }, back;
	char text[SSHWIRE_REPLY_MAX];

	memset(r.signature, 'A', 342);
	memcpy(r.signature + 342, "==", 3);
	assert_true(sshwire_write_reply(&r, text));
	assert_int_equal(strlen(text), 411);
	assert_true(sshwire_read_reply(text, &back));
	/* One of RSA-4096 does not. */
	memset(r.signature, 'A', sizeof r.signature - 1);
	r.signature[(sizeof r.signature - 1) / 4 * 4] = '\0';
	assert_false(sshwire_write_reply(&r, text));
}

static void
reply_of_odd_values_is_not_written(void **state)
{
	static const struct sshwire_reply good = { .keyid = KEYID, .hostkey = HOSTKEY, .signature = "QUJD" };
	struct sshwire_reply r = good;
	char text[SSHWIRE_REPLY_MAX];

	assert_true(sshwire_write_reply(&r, text));
	r.keyid[3] = 'G';
	assert_false(sshwire_write_reply(&r, text));
	r = good;
	r.keyid[SSHWIRE_KEYID_LEN - 1] = '\0';
	assert_false(sshwire_write_reply(&r, text));
	r = good;
	r.hostkey[5] = '.';
	assert_false(sshwire_write_reply(&r, text));
	r = good;
	r.signature[1] = ' ';
	assert_false(sshwire_write_reply(&r, text));
	r.signature[0] = '\0';
	assert_false(sshwire_write_reply(&r, text));
}

static void
other_replies_are_not_read(void **state)
{
	static const char *const others[] = {
		"", "8275", "password", "JPKI1", "JPKI1.", "JPKI1..", "JPKI1...",
		"JPKI2." KEYID ".-.QUJD", "jpki1." KEYID ".-.QUJD", " JPKI1." KEYID ".-.QUJD",
		"JPKI1." KEYID "0.-.QUJD", "JPKI1.0123456789abcde.-.QUJD",
		"JPKI1.0123456789ABCDEF.-.QUJD", "JPKI1.0123456789abcdeg.-.QUJD",
		"JPKI1." KEYID "..QUJD", "JPKI1." KEYID ".--.QUJD", "JPKI1." KEYID ".none.QUJD",
		"JPKI1." KEYID "." HOSTKEY "A.QUJD", "JPKI1." KEYID ".SHA256:" HOSTKEY ".QUJD",
		"JPKI1." KEYID ".-.", "JPKI1." KEYID ".-.QUJ", "JPKI1." KEYID ".-.====",
		"JPKI1." KEYID ".-.Q===", "JPKI1." KEYID ".-.QR==", "JPKI1." KEYID ".-.QUJ=",
		"JPKI1." KEYID ".-.QU=D", "JPKI1." KEYID ".-.QU-_",
		"JPKI1." KEYID ".-.QUJD ", "JPKI1." KEYID ".-.QUJD\r", "JPKI1." KEYID ".-.QUJD.",
		"JPKI1." KEYID ".-.QUJD.QUJD", "JPKI1 " KEYID " - QUJD",
	};
	char text[2 * SSHWIRE_REPLY_MAX];
	struct sshwire_reply r;

	assert_true(sshwire_read_reply("JPKI1." KEYID ".-.QUJD", &r));
	for (size_t i = 0; i < COUNT(others); i++)
		if (sshwire_read_reply(others[i], &r))
			fail_msg("read: %s", others[i]);
	memset(text, 'A', sizeof text);
	memcpy(text, "JPKI1." KEYID ".-.", sizeof "JPKI1." KEYID ".-." - 1);
	text[sizeof text - 1] = '\0';
	assert_false(sshwire_read_reply(text, &r));
	/* The first length that does not fit, and the last that could. */
	text[sizeof "JPKI1." KEYID ".-." - 1 + SSHWIRE_SIGNATURE_MAX] = '\0';
	assert_false(sshwire_read_reply(text, &r));
	text[sizeof "JPKI1." KEYID ".-." - 1 + SSHWIRE_SIGNATURE_MAX - 4] = '\0';
	assert_true(sshwire_read_reply(text, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prompt_comes_back),
		cmocka_unit_test(prompt_of_odd_values_is_not_written),
		cmocka_unit_test(prompt_too_long_is_not_written),
		cmocka_unit_test(other_prompts_are_not_read),
		cmocka_unit_test(long_prompts_are_not_read),
		cmocka_unit_test(hosts_are_whole_names),
		cmocka_unit_test(text_is_what_is_signed),
		cmocka_unit_test(local_text_has_no_hostkey),
		cmocka_unit_test(reply_comes_back),
		cmocka_unit_test(signature_of_rsa_2048_fits),
		cmocka_unit_test(reply_of_odd_values_is_not_written),
		cmocka_unit_test(other_replies_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

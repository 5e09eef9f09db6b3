/* SPDX-License-Identifier: BSD-2-Clause */
/* card/jpki: what goes over the wire (doc/facts/jpki-card.md §2, §11), and how much of it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "card/jpki.h"
#include "lib/secret.h"
#include "tests/unit/script.h"
#include "tests/unit/test.h"

#define SELECT_AP "00A4040C 0A D392F000260100000001"
#define LEAVE_AP "00A4040C 07 A0000001510000"
#define SELECT_CERT "00A4020C 02 000A"
#define SELECT_CA "00A4020C 02 000B"
#define SELECT_KEY "00A4020C 02 0017"
#define SELECT_PIN "00A4020C 02 0018"
#define SELECT_SIGN_PIN "00A4020C 02 001B"
#define SELECT_TOKEN "00A4020C 02 0006"
#define READ_CERT "00B08A00 00"
#define READ_CURRENT "00B00000 00"
#define QUERY "00200098"
#define QUERY_CURRENT "00200080"
#define VERIFY "00200098 04 31323334"
#define VERIFY_CURRENT "00200080 04 31323334"

/* The card under test; START plays these steps, END wants all of them played. */
#define START(...) \
	const struct step steps[] = { __VA_ARGS__, { NULL } }; \
	struct script s; \
	struct jpki card = { .transport = &s.transport }; \
	script_start(&s, steps)
#define END script_end(&s)

static const char *const refusals[] = { "6A82", "6A86", "6B00", "6D00", "6700" };

/* DigestInfo of SHA-256("abc"), the vector of §2.6 */
static const uint8_t digest_info[] = {
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
	0x00, 0x04, 0x20,
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
#define INPUT "33 3031300D060960864801650304020105000420" \
	"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD 00"
#define SIGN "802A0097" INPUT
#define SIGN_CURRENT "802A0080" INPUT

/* --- select ------------------------------------------------------------------- */

static void
select_sends_the_aid(void **state)
{
	START({ SELECT_AP, "9000" });
	struct outcome o = jpki_select(&card);

	assert_int_equal(o.status, OUTCOME_OK);
	END;
}

static void
select_says_what_it_is_not(void **state)
{
	const char *const words[] = { "6A82", "6A86", "6A81", "6D00", "6E00", "6999", "6283" };

	for (size_t i = 0; i < COUNT(words); i++) {
		START({ SELECT_AP, words[i] });
		struct outcome o = jpki_select(&card);

		assert_int_equal(o.status, OUTCOME_NOT_JPKI);
		END;
	}
}

static void
first_select_may_stumble_once(void **state)
{
	{
		START({ SELECT_AP, "6F00" }, { SELECT_AP, "9000" });
		struct outcome o = jpki_select(&card);

		assert_int_equal(o.status, OUTCOME_OK);
		END;
	}
	{
		START({ SELECT_AP, "6F00" }, { SELECT_AP, "6F00" });
		struct outcome o = jpki_select(&card);

		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		END;
	}
	{
		START({ SELECT_AP, "6400" });
		struct outcome o = jpki_select(&card);

		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		END;
	}
}

static enum outcome_status
leave(struct jpki *card)
{
	struct outcome o = jpki_leave(card);

	return o.status;
}

static void
leaving_is_selecting_the_manager(void **state)
{
	static const struct {
		const char *first, *second;
		enum outcome_status status;
	} cases[] = {
		{ "9000", NULL, OUTCOME_OK },
		{ "6A82", NULL, OUTCOME_NOT_JPKI },	/* a telephone has none */
		{ "6F00", "9000", OUTCOME_OK },
		{ "6F00", "6F00", OUTCOME_BAD_REPLY },
		{ "6581", NULL, OUTCOME_BAD_REPLY },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		START({ LEAVE_AP, cases[i].first }, { cases[i].second ? LEAVE_AP : NULL, cases[i].second });
		assert_int_equal(leave(&card), cases[i].status);
		END;
	}
	START({ LEAVE_AP, NULL, .fails = OUTCOME_CARD_MUTE });
	assert_int_equal(leave(&card), OUTCOME_CARD_MUTE);
	END;
}

/* --- kind ---------------------------------------------------------------------- */

static void
kind_comes_from_the_label(void **state)
{
	static const struct {
		const char *label;
		enum jpki_kind kind;
	} labels[] = {
		{ "JPKIAPICCTOKEN2", JPKI_KIND_MY_NUMBER },
		{ "JPKIAPICCTOKEN", JPKI_KIND_JUKI },
		{ "JPKIAPGPSETOKEN", JPKI_KIND_PHONE },
		{ "JPKIAPIOSTOKEN", JPKI_KIND_PHONE },
		{ "JPKIAPICCTOKEN3", JPKI_KIND_UNKNOWN },
		{ "JPKIAPICCTOKE", JPKI_KIND_UNKNOWN },
		{ " JPKIAPICCTOKEN2", JPKI_KIND_UNKNOWN },
		{ "JPKIAPICCTOKEN2 x", JPKI_KIND_UNKNOWN },
		{ "", JPKI_KIND_UNKNOWN },
	};
	const int padding[] = { ' ', '\0', 'x' };

	for (size_t i = 0; i < COUNT(labels); i++)
		for (size_t pad = 0; pad < COUNT(padding); pad++) {
			enum jpki_kind kind = 99;
			uint8_t info[160];
			struct outcome o;

			memset(info, 'y', sizeof info);
			memset(info, padding[pad], 32);
			memcpy(info, labels[i].label, strlen(labels[i].label));
			START({ "00B08600 00", "9000", info, sizeof info });
			o = jpki_read_kind(&card, &kind);
			assert_int_equal(o.status, OUTCOME_OK);
			assert_int_equal(kind, padding[pad] == 'x' ? JPKI_KIND_UNKNOWN : labels[i].kind);
			END;
		}
}

static void
kind_of_short_answers(void **state)
{
	static const uint8_t label[] = "JPKIAPICCTOKEN2";

	for (size_t len = 0; len < sizeof label; len++) {
		enum jpki_kind kind = 99;
		struct outcome o;

		START({ "00B08600 00", "9000", label, len });
		o = jpki_read_kind(&card, &kind);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(kind, len == 15 ? JPKI_KIND_MY_NUMBER :
		    len == 14 ? JPKI_KIND_JUKI : JPKI_KIND_UNKNOWN);
		END;
	}
}

/* --- certificates --------------------------------------------------------------- */

/* A file with a certificate of `size` bytes (so it says) and filler after it. */
static void
make_file(uint8_t *file, size_t len, size_t size)
{
	memset(file, 0xff, len);
	for (size_t i = 4; i < size && i < len; i++)
		file[i] = (uint8_t)(i * 7 + i / 256);
	file[0] = 0x30;
	file[1] = 0x82;
	file[2] = (uint8_t)((size - 4) >> 8);
	file[3] = (uint8_t)(size - 4);
}

static void
head_is_one_command(void **state)
{
	uint8_t file[256], head[JPKI_HEAD_MAX];
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, 1571);
	START({ READ_CERT, "9000", file, 256 });
	o = jpki_read_auth_head(&card, head, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 256);
	assert_memory_equal(head, file, 256);
	END;
}

static void
head_ends_where_the_certificate_ends(void **state)
{
	uint8_t file[256], head[JPKI_HEAD_MAX];
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, 200 + 4);
	file[1] = 0x81;
	file[2] = 201;		/* 3 + 201 */
	START({ READ_CERT, "9000", file, 256 });
	o = jpki_read_auth_head(&card, head, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 204);
	END;
}

static void
head_without_a_certificate_is_refused(void **state)
{
	static const struct {
		const char *response;
		enum outcome_status status;
	} cases[] = {
		{ "9000", OUTCOME_NO_CERT },		/* empty file */
		{ "FFFFFFFF 9000", OUTCOME_NO_CERT },	/* filler from the first byte on */
		{ "00000000 9000", OUTCOME_NO_CERT },
		{ "30 9000", OUTCOME_BAD_REPLY },
		{ "3082 9000", OUTCOME_BAD_REPLY },
		{ "308206 9000", OUTCOME_BAD_REPLY },
		{ "3080 0000 9000", OUTCOME_BAD_REPLY },	/* indefinite */
		{ "3082 FFFF 9000", OUTCOME_CERT_LONG },
		{ "3082 0FFD 9000", OUTCOME_CERT_LONG },	/* 4097 bytes */
		{ "3082 0010 9000", OUTCOME_BAD_REPLY },	/* not minimal */
		{ "3084 FFFFFFFF 9000", OUTCOME_CERT_LONG },
		{ "3085 0000000010 9000", OUTCOME_BAD_REPLY },
		{ "3082 061F 6982", OUTCOME_PHONE },
		{ "6F00", OUTCOME_BAD_REPLY },
		{ "6A88", OUTCOME_BAD_REPLY },
		{ "", OUTCOME_BAD_REPLY },
		{ "90", OUTCOME_BAD_REPLY },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t der[JPKI_CERT_MAX];
		size_t len = 77;
		struct outcome o;

		START({ READ_CERT, cases[i].response }, { READ_CERT, cases[i].response });
		o = jpki_read_auth_head(&card, der, &len);
		if (o.status != cases[i].status)
			fail_msg("%s: %s", cases[i].response, outcome_code(o.status));
		o = jpki_read_auth_cert(&card, der, &len);
		assert_int_equal(o.status, cases[i].status);
		assert_int_equal(len, 77);
		END;
	}
}

static void
overlong_head_is_refused(void **state)
{
	uint8_t file[300], head[JPKI_HEAD_MAX];
	size_t len = 77;
	struct outcome o;

	make_file(file, sizeof file, 1571);
	START({ READ_CERT, "9000", file, 257 });
	o = jpki_read_auth_head(&card, head, &len);
	assert_int_equal(o.status, OUTCOME_BAD_REPLY);
	assert_int_equal(len, 77);
	END;
}

static void
absent_file_after_the_fallback(void **state)
{
	uint8_t head[JPKI_HEAD_MAX];
	size_t len;
	struct outcome o;

	START({ READ_CERT, "6A82" }, { SELECT_CERT, "6A82" });
	o = jpki_read_auth_head(&card, head, &len);
	assert_int_equal(o.status, OUTCOME_NO_CERT);
	END;
}

/* The recorded certificate of §2.2: seven reads and one SELECT. */
static void
reads_a_whole_certificate(void **state)
{
	uint8_t file[2048], der[JPKI_CERT_MAX];
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, 1571);
	START({ READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" },
	    { "00B00100 00", "9000", file + 256, 256 }, { "00B00200 00", "9000", file + 512, 256 },
	    { "00B00300 00", "9000", file + 768, 256 }, { "00B00400 00", "9000", file + 1024, 256 },
	    { "00B00500 00", "9000", file + 1280, 256 }, { "00B00600 00", "9000", file + 1536, 256 });
	o = jpki_read_auth_cert(&card, der, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 1571);
	assert_memory_equal(der, file, 1571);
	assert_int_equal(s.sent, 8);
	END;
}

static void
reads_in_the_pieces_that_come(void **state)
{
	uint8_t file[1024], der[JPKI_CERT_MAX];
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, 500);
	START({ "00B08B00 00", "9000", file, 224 }, { SELECT_CA, "9000" },
	    { "00B000E0 00", "9000", file + 224, 255 },
	    { "00B001DF 00", "6282", file + 479, 30 });	/* end of file, with data */
	o = jpki_read_auth_ca(&card, der, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 500);
	assert_memory_equal(der, file, 500);
	END;
}

static void
small_certificate_needs_one_read(void **state)
{
	uint8_t file[256], der[JPKI_CERT_MAX];
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, 256);
	file[1] = 0x81;
	file[2] = 253;
	START({ READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" });
	o = jpki_read_auth_cert(&card, der, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 256);
	END;
}

static void
longest_certificate_fits(void **state)
{
	static uint8_t file[JPKI_CERT_MAX], der[JPKI_CERT_MAX];
	struct step steps[18] = { { READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" } };
	char commands[16][16];
	struct script s;
	struct jpki card = { .transport = &s.transport };
	size_t len = 0;
	struct outcome o;

	make_file(file, sizeof file, sizeof file);
	for (unsigned int i = 1; i < 16; i++) {
		snprintf(commands[i], sizeof commands[i], "00B0%02X0000", i);
		steps[1 + i] = (struct step){ commands[i], "9000", file + 256 * i, 256 };
	}
	script_start(&s, steps);
	o = jpki_read_auth_cert(&card, der, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, sizeof file);
	assert_memory_equal(der, file, sizeof file);
	END;
}

static void
file_shorter_than_the_certificate(void **state)
{
	static const struct step ends[] = {
		{ "00B00100 00", "9000" },		/* nothing more, again and again */
		{ "00B00100 00", "6282" },
		{ "00B00100 00", "6B00" },
		{ "00B00100 00", "00" },		/* no status word */
		{ "00B00100 00", NULL, .fails = OUTCOME_CARD_REMOVED },
	};

	for (size_t i = 0; i < COUNT(ends); i++) {
		uint8_t file[256], der[JPKI_CERT_MAX];
		size_t len = 77;
		struct outcome o;

		make_file(file, sizeof file, 1571);
		START({ READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" }, ends[i]);
		o = jpki_read_auth_cert(&card, der, &len);
		assert_int_equal(o.status,
		    ends[i].response == NULL ? OUTCOME_CARD_REMOVED : OUTCOME_BAD_REPLY);
		assert_int_equal(len, 77);
		END;
	}
}

/* --- the fall-back to SELECT ------------------------------------------------------- */

static void
every_refusal_leads_to_select(void **state)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		uint8_t file[256], head[JPKI_HEAD_MAX];
		size_t len = 0;
		int tries = 0;
		struct outcome o;

		make_file(file, sizeof file, 1571);
		START({ READ_CERT, refusals[i] }, { SELECT_CERT, "9000" },
		    { READ_CURRENT, "9000", file, 256 },
		    /* found out once for the session */
		    { SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" });
		o = jpki_read_auth_head(&card, head, &len);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(len, 256);
		assert_true(card.classic);
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(tries, 3);
		END;
	}
}

static void
other_status_words_do_not_lead_to_select(void **state)
{
	const char *const words[] = { "6982", "6985", "6986", "6A88", "6F00", "6400", "9000", "63C3" };

	for (size_t i = 0; i < COUNT(words); i++) {
		uint8_t head[JPKI_HEAD_MAX];
		size_t len;
		struct outcome o;

		START({ READ_CERT, words[i] });
		o = jpki_read_auth_head(&card, head, &len);
		assert_false(outcome_ok(&o));
		assert_false(card.classic);
		END;
	}
}

/* A file is selected again after whatever may have changed the current one. */
static void
selects_again_when_needed(void **state)
{
	uint8_t file[256], der[JPKI_CERT_MAX];
	struct outcome o;
	int tries;
	size_t len;

	make_file(file, sizeof file, 256);
	file[1] = 0x81;
	file[2] = 253;
	START({ READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" },
	    { QUERY, "63C3" },				/* by short id: current is unknown */
	    { READ_CERT, "9000", file, 256 }, { SELECT_CERT, "9000" },
	    { QUERY, "6D00" }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" },
	    { QUERY_CURRENT, "63C3" },			/* still the current one */
	    { SELECT_SIGN_PIN, "6A82" },
	    { SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" },
	    { SELECT_AP, "9000" },
	    { SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" });
	o = jpki_read_auth_cert(&card, der, &len);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	o = jpki_read_auth_cert(&card, der, &len);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_SIGN, &tries);
	assert_false(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	o = jpki_select(&card);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	END;
}

/* --- tries ----------------------------------------------------------------------- */

static void
tries_are_asked_without_a_pin(void **state)
{
	static const struct {
		const char *response;
		enum outcome_status status;
		int tries;
	} cases[] = {
		{ "63C3", OUTCOME_OK, 3 }, { "63C2", OUTCOME_OK, 2 }, { "63C1", OUTCOME_OK, 1 },
		{ "63C0", OUTCOME_PIN_LOCKED, 0 }, { "6983", OUTCOME_PIN_LOCKED, 0 },
		{ "6984", OUTCOME_PIN_LOCKED, 0 },
		{ "6300", OUTCOME_BAD_REPLY, 77 }, { "6982", OUTCOME_BAD_REPLY, 77 },
		{ "6985", OUTCOME_BAD_REPLY, 77 }, { "6A88", OUTCOME_BAD_REPLY, 77 },
		{ "", OUTCOME_BAD_REPLY, 77 }, { "63", OUTCOME_BAD_REPLY, 77 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int tries = 77;
		struct outcome o;

		START({ QUERY, cases[i].response }, { "0020009B", cases[i].response });
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, cases[i].status);
		assert_int_equal(tries, cases[i].tries);
		o = jpki_tries_left(&card, JPKI_PIN_SIGN, &tries);
		assert_int_equal(o.status, cases[i].status);
		END;
	}
}

/* Another program's verified state hides the count and is useless to us. */
static void
verified_card_is_made_to_forget(void **state)
{
	{
		int tries = 0;
		struct outcome o;

		START({ QUERY, "9000" }, { LEAVE_AP, "9000" }, { SELECT_AP, "9000" }, { QUERY, "63C2" });
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(tries, 2);
		END;
	}
	{
		int tries = 77;
		struct outcome o;

		START({ QUERY, "9000" }, { LEAVE_AP, "9000" }, { SELECT_AP, "9000" }, { QUERY, "9000" });
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		assert_int_equal(tries, 77);
		END;
	}
	{
		int tries = 77;
		struct outcome o;

		START({ QUERY, "9000" }, { LEAVE_AP, NULL, .fails = OUTCOME_CARD_REMOVED });
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, OUTCOME_CARD_REMOVED);
		END;
	}
}

static void
four_byte_query_may_be_too_short(void **state)
{
	int tries = 0;
	struct outcome o;

	START({ QUERY, "6700" }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "6700" },
	    { QUERY_CURRENT "00", "63C3" });
	o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(tries, 3);
	END;
}

/* As measured cards do. No answer makes us send a length, which would be that of a PIN on T=0. */
static void
query_without_an_answer(void **state)
{
	static const struct step scripts[][5] = {
		{ { QUERY, "6700" }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "6700" },
		  { QUERY_CURRENT "00", "6700" }, { NULL } },
		{ { QUERY, "6C10" }, { NULL } },
		{ { QUERY, "6700" }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "6C04" }, { NULL } },
		{ { QUERY, "6700" }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "6700" },
		  { QUERY_CURRENT "00", "6C04" }, { NULL } },
	};

	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct script s;
		struct jpki card = { .transport = &s.transport };
		int tries = 0;
		struct outcome o;

		script_start(&s, scripts[i]);
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &tries);
		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		script_end(&s);
	}
}

/* --- VERIFY ------------------------------------------------------------------------ */

static struct secret *secret;

static int
secret_setup(void **state)
{
	secret = secret_new();
	return secret != NULL ? 0 : -1;
}

static int
secret_teardown(void **state)
{
	secret_free(secret);
	return 0;
}

static void
verify_answers(void **state)
{
	static const struct {
		const char *response;
		enum outcome_status status;
		int tries;
	} cases[] = {
		{ "9000", OUTCOME_OK, TRIES_UNKNOWN },
		{ "63C2", OUTCOME_PIN_WRONG, 2 }, { "63C1", OUTCOME_PIN_WRONG, 1 },
		{ "63C0", OUTCOME_PIN_LOCKED, 0 }, { "6983", OUTCOME_PIN_LOCKED, 0 },
		{ "6984", OUTCOME_PIN_LOCKED, 0 }, { "6300", OUTCOME_PIN_WRONG, TRIES_UNKNOWN },
		/* none of these is repeated: a try may have been spent */
		{ "6700", OUTCOME_BAD_REPLY, TRIES_UNKNOWN }, { "6A80", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ "6C04", OUTCOME_BAD_REPLY, TRIES_UNKNOWN }, { "6F00", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ "6982", OUTCOME_BAD_REPLY, TRIES_UNKNOWN }, { "6985", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ "6986", OUTCOME_BAD_REPLY, TRIES_UNKNOWN }, { "6581", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ "6282", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ "", OUTCOME_BAD_REPLY, TRIES_UNKNOWN }, { "90", OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ NULL, OUTCOME_CARD_REMOVED, TRIES_UNKNOWN },
	};

	assert_true(secret_set(secret, "1234", 4));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o;

		START({ VERIFY, cases[i].response, .fails = OUTCOME_CARD_REMOVED });
		o = jpki_verify(&card, JPKI_PIN_AUTH, secret);
		if (o.status != cases[i].status || o.tries_left != cases[i].tries)
			fail_msg("%s: %s, tries %d", cases[i].response, outcome_code(o.status),
			    o.tries_left);
		END;
	}
}

/* Whether the first one cost a try is the card's word only. */
static void
verify_is_sent_once(void **state)
{
	struct outcome o;

	assert_true(secret_set(secret, "1234", 4));
	for (size_t i = 0; i < COUNT(refusals); i++) {
		START({ VERIFY, refusals[i] });
		o = jpki_verify(&card, JPKI_PIN_AUTH, secret);
		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		END;
	}
	for (size_t i = 0; i < COUNT(refusals); i++) {
		START({ SELECT_PIN, "9000" }, { VERIFY_CURRENT, refusals[i] });
		card.classic = true;
		o = jpki_verify(&card, JPKI_PIN_AUTH, secret);
		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		END;
	}
}

/* These PINs never reach the card: no command is sent. */
static void
not_sent(enum jpki_pin pin, const void *bytes, size_t len)
{
	const struct step nothing[] = { { NULL } };

	for (int classic = 0; classic <= 1; classic++) {
		struct script s;
		struct jpki card = { .transport = &s.transport, .classic = classic };
		struct outcome o;

		assert_true(secret_set(secret, bytes, len));
		script_start(&s, nothing);
		o = jpki_verify(&card, pin, secret);
		assert_int_equal(o.status, OUTCOME_PIN_FORMAT);
		o = jpki_change_pin(&card, pin, secret);
		assert_int_equal(o.status, OUTCOME_PIN_FORMAT);
		assert_int_equal(s.sent, 0);
	}
}

static void
only_four_digits_are_sent(void **state)
{
	static const char *const texts[] = { "abcd", "12a4", " 123", "123 ", "-123", "+123", "1234\n",
	    "1234\r", "12345", "123", "0x12", "1.23", "１２", "१२", "password" };

	for (size_t i = 0; i < COUNT(texts); i++)
		not_sent(JPKI_PIN_AUTH, texts[i], strlen(texts[i]));
	for (size_t len = 0; len <= SECRET_MAX; len++)
		if (len != 4)
			not_sent(JPKI_PIN_AUTH, "1234567890123456", len);
	for (size_t at = 0; at < 4; at++)
		for (int c = 0; c < 256; c++) {
			char pin[4] = { '1', '2', '3', '4' };

			pin[at] = (char)c;
			if (c < '0' || c > '9')
				not_sent(JPKI_PIN_AUTH, pin, 4);
		}
}

static void
signature_pin_has_6_to_16_characters(void **state)
{
	static const char text[] = "ABC123DEF456GHI7";
	static const char hex[] = "41424331323344454634353647484937";

	for (size_t len = 0; len < 6; len++)
		not_sent(JPKI_PIN_SIGN, text, len);
	for (int c = 0; c < 256; c++) {
		char pin[7] = "ABC123";

		pin[3] = (char)c;
		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z'))
			not_sent(JPKI_PIN_SIGN, pin, 6);
	}
	for (size_t len = 6; len <= 16; len++) {
		char command[64];
		struct outcome o;

		snprintf(command, sizeof command, "0020009B %02zX %.*s", len, (int)(2 * len), hex);
		assert_true(secret_set(secret, text, len));
		START({ command, "63C4" });
		o = jpki_verify(&card, JPKI_PIN_SIGN, secret);
		assert_int_equal(o.status, OUTCOME_PIN_WRONG);
		assert_int_equal(o.tries_left, 4);
		END;
	}
}

/* --- the rest ---------------------------------------------------------------------- */

static void
signs(void **state)
{
	uint8_t signature[JPKI_SIGNATURE_MAX], file[256];
	struct view input = { digest_info, sizeof digest_info };
	size_t len = 0;
	struct outcome o;

	memset(file, 0x5a, sizeof file);
	START({ SIGN, "9000", file, 256 }, { SIGN, "6D00" }, { SELECT_KEY, "9000" },
	    { SIGN_CURRENT, "9000", file, 96 });
	o = jpki_sign(&card, input, signature, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 256);
	assert_memory_equal(signature, file, 256);
	o = jpki_sign(&card, input, signature, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 96);
	END;
}

static void
refused_signatures(void **state)
{
	const char *const words[] = { "6982", "6985", "6F00", "9000", "", "90", "6282", "63C3" };
	struct view input = { digest_info, sizeof digest_info };

	for (size_t i = 0; i < COUNT(words); i++) {
		uint8_t signature[JPKI_SIGNATURE_MAX];
		size_t len = 77;
		struct outcome o;

		START({ SIGN, words[i] });
		o = jpki_sign(&card, input, signature, &len);
		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
		assert_int_equal(len, 77);
		END;
	}
}

static void
overlong_signature_is_refused(void **state)
{
	static uint8_t file[1100], signature[JPKI_SIGNATURE_MAX];
	struct view input = { digest_info, sizeof digest_info };
	size_t len = 77;
	struct outcome o;

	START({ SIGN, "9000", file, 1025 }, { SIGN, "9000", file, 1024 });
	o = jpki_sign(&card, input, signature, &len);
	assert_int_equal(o.status, OUTCOME_BAD_REPLY);
	assert_int_equal(len, 77);
	o = jpki_sign(&card, input, signature, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(len, 1024);
	END;
}

static void
changes_the_pin(void **state)
{
	static const struct {
		const char *response;
		enum outcome_status status;
	} cases[] = {
		{ "9000", OUTCOME_OK }, { "6982", OUTCOME_NEW_PIN_REFUSED }, { "6C04", OUTCOME_NEW_PIN_REFUSED },
		{ "6700", OUTCOME_NEW_PIN_REFUSED }, { "6F00", OUTCOME_PIN_UNCERTAIN },
		{ "6581", OUTCOME_PIN_UNCERTAIN }, { "90", OUTCOME_PIN_UNCERTAIN }, { "", OUTCOME_PIN_UNCERTAIN },
	};

	assert_true(secret_set(secret, "1234", 4));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o;

		START({ SELECT_PIN, "9000" }, { "00240180 04 31323334", cases[i].response });
		o = jpki_change_pin(&card, JPKI_PIN_AUTH, secret);
		assert_int_equal(o.status, cases[i].status);
		END;
	}
}

/* The selection that failed was no change. */
static void
absent_pin_file_changes_no_pin(void **state)
{
	struct outcome o;

	assert_true(secret_set(secret, "ABC123", 6));
	START({ "00A4020C02 001B", "6A82" });
	o = jpki_change_pin(&card, JPKI_PIN_SIGN, secret);
	assert_int_equal(o.status, OUTCOME_NO_CERT);
	END;
}

static void
card_tells_its_own_expiry(void **state)
{
	static const struct {
		const char *response;
		const char *date;
	} cases[] = {
		{ "3230333530333031 9000", "20350301" },
		{ "00F208 3230333530333031 9000", "20350301" },
		{ "6A88", "" }, { "9000", "" }, { "32303335303330 9000", "" },
		{ "32303335303330FF 9000", "" }, { "3230333530333031 6282", "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char date[9] = "xxxxxxxx";
		struct outcome o;

		START({ LEAVE_AP, "9000" }, { "00CA00F2 00", cases[i].response });
		o = jpki_read_card_expiry(&card, date);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_string_equal(date, cases[i].date);
		END;
	}
	{
		char date[9] = "xxxxxxxx";
		struct outcome o;

		START({ LEAVE_AP, NULL, .fails = OUTCOME_CARD_REMOVED });
		o = jpki_read_card_expiry(&card, date);
		assert_int_equal(o.status, OUTCOME_CARD_REMOVED);
		END;
	}
}

/* PROTOCOL.md, "A login, counted" */
static void
play_login(struct jpki *card, const struct step *steps, struct script *s)
{
	uint8_t buffer[JPKI_SIGNATURE_MAX];
	struct view input = { digest_info, sizeof digest_info };
	struct outcome o;
	int tries = 0;
	size_t len;

	assert_true(secret_set(secret, "1234", 4));
	script_start(s, steps);
	o = jpki_select(card);
	assert_true(outcome_ok(&o));
	o = jpki_read_auth_head(card, buffer, &len);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	card->selected_ef = 0;	/* a new connection, and the power was off */
	o = jpki_select(card);
	assert_true(outcome_ok(&o));
	o = jpki_read_auth_head(card, buffer, &len);
	assert_true(outcome_ok(&o));
	o = jpki_tries_left(card, JPKI_PIN_AUTH, &tries);
	assert_true(outcome_ok(&o));
	o = jpki_verify(card, JPKI_PIN_AUTH, secret);
	assert_true(outcome_ok(&o));
	o = jpki_sign(card, input, buffer, &len);
	assert_true(outcome_ok(&o));
	assert_int_equal(leave(card), OUTCOME_OK);
	script_end(s);
}

static void
login_in_nine_commands(void **state)
{
	uint8_t file[256];
	const struct step steps[] = {
		{ SELECT_AP, "9000" }, { READ_CERT, "9000", file, 256 }, { QUERY, "63C3" },
		{ SELECT_AP, "9000" }, { READ_CERT, "9000", file, 256 }, { QUERY, "63C3" },
		{ VERIFY, "9000" }, { SIGN, "9000", file, 256 }, { LEAVE_AP, "9000" }, { NULL },
	};
	struct script s;
	struct jpki card = { .transport = &s.transport };

	make_file(file, sizeof file, 1571);
	play_login(&card, steps, &s);
	assert_int_equal(s.sent, 9);
}

static void
classic_login_in_fourteen_and_a_refusal(void **state)
{
	uint8_t file[256];
	const struct step steps[] = {
		{ SELECT_AP, "9000" }, { READ_CERT, "6A86" }, { SELECT_CERT, "9000" },
		{ READ_CURRENT, "9000", file, 256 }, { SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" },
		{ SELECT_AP, "9000" }, { SELECT_CERT, "9000" }, { READ_CURRENT, "9000", file, 256 },
		{ SELECT_PIN, "9000" }, { QUERY_CURRENT, "63C3" }, { VERIFY_CURRENT, "9000" },
		{ SELECT_KEY, "9000" }, { SIGN_CURRENT, "9000", file, 256 }, { LEAVE_AP, "9000" },
		{ NULL },
	};
	struct script s;
	struct jpki card = { .transport = &s.transport };

	make_file(file, sizeof file, 1571);
	play_login(&card, steps, &s);
	assert_int_equal(s.sent, 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(select_sends_the_aid),
		cmocka_unit_test(select_says_what_it_is_not),
		cmocka_unit_test(first_select_may_stumble_once),
		cmocka_unit_test(leaving_is_selecting_the_manager),
		cmocka_unit_test(kind_comes_from_the_label),
		cmocka_unit_test(kind_of_short_answers),
		cmocka_unit_test(head_is_one_command),
		cmocka_unit_test(head_ends_where_the_certificate_ends),
		cmocka_unit_test(head_without_a_certificate_is_refused),
		cmocka_unit_test(overlong_head_is_refused),
		cmocka_unit_test(absent_file_after_the_fallback),
		cmocka_unit_test(reads_a_whole_certificate),
		cmocka_unit_test(reads_in_the_pieces_that_come),
		cmocka_unit_test(small_certificate_needs_one_read),
		cmocka_unit_test(longest_certificate_fits),
		cmocka_unit_test(file_shorter_than_the_certificate),
		cmocka_unit_test(every_refusal_leads_to_select),
		cmocka_unit_test(other_status_words_do_not_lead_to_select),
		cmocka_unit_test(selects_again_when_needed),
		cmocka_unit_test(tries_are_asked_without_a_pin),
		cmocka_unit_test(verified_card_is_made_to_forget),
		cmocka_unit_test(four_byte_query_may_be_too_short),
		cmocka_unit_test(query_without_an_answer),
		cmocka_unit_test(verify_answers),
		cmocka_unit_test(verify_is_sent_once),
		cmocka_unit_test(only_four_digits_are_sent),
		cmocka_unit_test(signature_pin_has_6_to_16_characters),
		cmocka_unit_test(signs),
		cmocka_unit_test(refused_signatures),
		cmocka_unit_test(overlong_signature_is_refused),
		cmocka_unit_test(changes_the_pin),
		cmocka_unit_test(absent_pin_file_changes_no_pin),
		cmocka_unit_test(card_tells_its_own_expiry),
		cmocka_unit_test(login_in_nine_commands),
		cmocka_unit_test(classic_login_in_fourteen_and_a_refusal),
	};

	return cmocka_run_group_tests(tests, secret_setup, secret_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile card in whole flows: login, change of the PIN, survey and proof of an enrollment.
 * Behind the transport is the simulated card; the input decides what becomes of each of its
 * responses, so that an empty input is a good card, and every depth is a few bytes away.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "flow/enroll.h"
#include "flow/login.h"
#include "flow/pinchange.h"
#include "flow/possession/survey.h"
#include "flow/possession/transaction.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/world.h"

#define OLD_PIN "1234"
#define NEW_PIN "8275"
#define COMMANDS_MAX 200	/* of one flow; a login takes 9 to 15 */

enum task { LOGIN, PIN_CHANGE, ENROL, DROP, TASKS };

static struct kit *kit;
static const struct transport_ops *real;

/* What came in answer to the command to sign, in one piece or several. */
struct signature {
	uint8_t bytes[4096];
	size_t len;
};

static struct {
	struct cursor in;
	bool signing;
	struct signature made, told;	/* by the card, and to those who asked */
	unsigned int commands, verifies, changes, prompts;
	const char *answers[PINCHANGE_PROMPTS];
} f;

/* --- the card ------------------------------------------------------------------------- */

/* The PIN goes to the card in one VERIFY, as typed, and nowhere else. */
static void
look_at_command(const uint8_t *cmd, size_t len)
{
	CHECK(len >= 4 && len <= 261 && ++f.commands <= COMMANDS_MAX);
	if (len <= 5)
		return;
	if (cmd[1] == 0x20) {
		CHECK(++f.verifies == 1 && f.prompts > 0);
		CHECK(len == 9 && cmd[4] == AUTH_PIN_LENGTH && f.answers[0] != NULL &&
		    strlen(f.answers[0]) == AUTH_PIN_LENGTH);
		CHECK(memcmp(cmd + 5, f.answers[0], AUTH_PIN_LENGTH) == 0);
	} else if (cmd[1] == 0x24) {
		CHECK(++f.changes == 1 && f.verifies == 1 && f.prompts == PINCHANGE_PROMPTS);
		CHECK(len == 9 && memcmp(cmd + 5, f.answers[PINCHANGE_NEW], AUTH_PIN_LENGTH) == 0);
	}
}

static struct outcome
failure(uint8_t which)
{
	static const enum outcome_status failures[] = { OUTCOME_CARD_REMOVED, OUTCOME_CARD_MUTE, OUTCOME_BAD_REPLY };

	return outcome_of(failures[which % (sizeof failures / sizeof failures[0])]);
}

/* A response of the input's own, at most cap bytes and a status word at least. */
static size_t
make_up(uint8_t *resp, size_t cap, size_t len)
{
	struct view v = fuzz_bytes(&f.in, len < cap ? len : cap);

	memset(resp, 0, 2);
	if (v.len > 0)
		memcpy(resp, v.data, v.len);
	return v.len < 2 ? 2 : v.len;
}

static void
note_signature(struct signature *s, const uint8_t *resp, size_t len)
{
	if (!f.signing)
		return;
	CHECK(len >= 2 && s->len + len - 2 <= sizeof s->bytes);
	memcpy(s->bytes + s->len, resp, len - 2);
	s->len += len - 2;
}

static struct outcome
tamper(uint8_t how, uint8_t *resp, size_t cap, size_t *ret_len)
{
	uint8_t byte;
	size_t at;

	switch (how % 8) {
	case 2:
		*ret_len = make_up(resp, cap, 2);
		break;
	case 3:
		*ret_len = make_up(resp, cap, (size_t)fuzz_u8(&f.in) + 3);
		break;
	case 4:	/* another byte */
		at = fuzz_u8(&f.in) % *ret_len;
		byte = fuzz_u8(&f.in);
		resp[at] ^= byte;
		break;
	case 5:	/* fewer bytes, with the status word at the end */
		at = fuzz_u8(&f.in) % (*ret_len - 1);
		memmove(resp + at, resp + *ret_len - 2, 2);
		*ret_len = at + 2;
		break;
	case 6:	/* another status word, behind the data */
		resp[*ret_len - 2] = fuzz_u8(&f.in);
		resp[*ret_len - 1] = fuzz_u8(&f.in);
		break;
	case 7:
		return failure(fuzz_u8(&f.in));
	}
	return outcome_of(OUTCOME_OK);
}

static struct outcome
transmit(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap, size_t *ret_len)
{
	uint8_t how = fuzz_u8(&f.in);
	struct outcome o;

	look_at_command(cmd, cmd_len);
	if (cmd[1] != 0xc0) {	/* GET RESPONSE goes on with what was there */
		f.signing = cmd[1] == 0x2a;
		f.made.len = f.signing ? 0 : f.made.len;
		f.told.len = f.signing ? 0 : f.told.len;
	}
	if (how % 8 == 1) {	/* the card has not seen it */
		*ret_len = make_up(resp, cap, 2);
		return outcome_of(OUTCOME_OK);
	}
	o = real->transmit(ctx, cmd, cmd_len, resp, cap, ret_len);
	if (!outcome_ok(&o))
		return o;
	note_signature(&f.made, resp, *ret_len);
	o = tamper(how, resp, cap, ret_len);
	if (outcome_ok(&o))
		note_signature(&f.told, resp, *ret_len);
	return o;
}

static struct outcome
open_card(void *ctx, const char *reader, int64_t ms)
{
	uint8_t how = fuzz_u8(&f.in);

	return how == 0xf0 ? outcome_of(OUTCOME_CARD_BUSY) : how == 0xf1 ? failure(how) :
	    real->open(ctx, reader, ms);
}

static struct outcome
power_cycle(void *ctx)
{
	return fuzz_u8(&f.in) == 0xf0 ? failure(f.commands & 1) : real->power_cycle(ctx);
}

/* If the power-down fails, the card stays as it is. */
static bool
close_card(void *ctx, enum transport_close how)
{
	bool fails = fuzz_u8(&f.in) == 0xf0;
	bool closed = real->close(ctx, fails ? TRANSPORT_LEAVE : how);

	return closed && !fails;
}

static struct transport_ops ops = {
	.open = open_card,
	.power_cycle = power_cycle,
	.transmit = transmit,
	.close = close_card,
};

/* --- the person ------------------------------------------------------------------------- */

static struct outcome
answer(unsigned int question, struct secret *typed)
{
	const char *text = f.answers[question];

	CHECK(kit->open_reader == -1 && question < PINCHANGE_PROMPTS && f.prompts++ == question);
	if (text == NULL)
		return outcome_of(OUTCOME_CANCELLED);
	return outcome_of(secret_set(typed, text, strlen(text)) ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
}

static struct outcome
ask_pin(void *ctx, const struct found_card *found, struct secret *pin)
{
	CHECK(found->tries_left > 0);
	return answer(0, pin);
}

static struct outcome
ask_for_change(void *ctx, const struct pinchange_question *q, struct secret *typed)
{
	return answer(q->prompt, typed);
}

static bool
gone(void *ctx)
{
	return false;
}

static void
changing(void *ctx)
{
	CHECK(f.verifies == 1);
}

/* --- the tasks ---------------------------------------------------------------------------- */

/* A proof that the card has the key: the right PIN once, and the very signature it made. */
static void
proved(const struct outcome *o)
{
	if (!outcome_ok(o))
		return;
	CHECK(f.verifies == 1 && kit_stats(kit).verifies == 1 && kit_stats(kit).signs >= 1);
	CHECK(strcmp(f.answers[0], OLD_PIN) == 0);
	CHECK(f.made.len > 0 && f.made.len == f.told.len &&
	    memcmp(f.made.bytes, f.told.bytes, f.made.len) == 0);
}

static bool
login(void)
{
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "test",
		.host = "azumino", .place = PLACE_LOCAL };
	struct flow_ui ui = { .ask_pin = ask_pin, .gone = gone };
	struct login_result result = { .outcome = { .status = OUTCOME_OK } };
	struct secret *pin = secret_new();

	CHECK(pin != NULL);
	flow_login(&kit->env, &ui, &request, pin, &result);
	CHECK(secret_view(pin).len == 0);
	secret_free(pin);
	proved(&result.outcome);
	return result.card_clean;
}

static bool
change(void)
{
	struct pinchange_ui ui = { .ask = ask_for_change, .gone = gone, .changing = changing };
	struct pinchange_user user = { .name = "hanako" };
	struct pinchange_secrets secrets;
	struct outcome o;
	bool clean = false;

	CHECK(pinchange_secrets_init(&secrets));
	o = pinchange_of_user(&kit->env, &ui, &user, &secrets, &clean);
	for (size_t i = 0; i < PINCHANGE_PROMPTS; i++)
		CHECK(secret_view(secrets.at[i]).len == 0);
	pinchange_secrets_done(&secrets);
	CHECK(!outcome_ok(&o) || f.changes == 1);
	/* Never reports the old PIN as valid when the new one is. */
	if (!outcome_ok(&o) && o.status != OUTCOME_PIN_UNCERTAIN && o.status != OUTCOME_NEW_PIN_REFUSED)
		CHECK(strcmp(kit_get(kit, "auth-pin"), OLD_PIN) == 0);
	return clean;
}

static bool
enroll(void)
{
	struct flow_ui ui = { .ask_pin = ask_pin, .gone = gone };
	static struct survey survey;
	struct secret *pin = secret_new();
	struct outcome o;
	bool clean = true;

	CHECK(pin != NULL);
	o = survey_card(&kit->env, "Reader 0", &survey);
	if (outcome_ok(&o)) {
		CHECK(f.verifies == 0 && survey.der_len <= sizeof survey.der);
		CHECK(strlen(survey.card_expiry) == 0 || strlen(survey.card_expiry) == 8);
		o = enroll_prove(&kit->env, &ui, "hanako", "Reader 0", &survey, pin, &clean);
		proved(&o);
	}
	CHECK(secret_view(pin).len == 0);
	secret_free(pin);
	return clean;
}

static bool
drop(void)
{
	struct outcome o = transaction_drop_state(&kit->env, "Reader 0");

	CHECK(f.verifies == 0);
	return outcome_ok(&o);
}

/* --- an input ------------------------------------------------------------------------------- */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kit = world_new();
	kit_enroll(kit, "hanako", "good", "other-person", NULL);
	kit_insert(kit, 0, "good", NULL);
	real = kit->transport.ops;
	ops.readers = real->readers;
	ops.wait = real->wait;
	kit->transport.ops = &ops;
	return 0;
}

/* The task, what is typed, how many tries the card has, and the options that matter here. */
static enum task
begin(void)
{
	static const char *const typed[] = { OLD_PIN, OLD_PIN, "1235", "12345", "", "123a", NULL };
	static const char *const tries[] = { "3", "2", "1", "3" };
	uint8_t how = fuzz_u8(&f.in), setting = fuzz_u8(&f.in);

	f.answers[PINCHANGE_OLD] = typed[how / TASKS % (sizeof typed / sizeof typed[0])];
	f.answers[PINCHANGE_NEW] = setting & 0x40 ? "1111" : NEW_PIN;
	f.answers[PINCHANGE_AGAIN] = setting & 0x80 ? OLD_PIN : f.answers[PINCHANGE_NEW];
	kit_set(kit, "auth-pin", OLD_PIN);
	kit_set(kit, "auth-tries", tries[setting % 4]);
	kit_set(kit, "no-sfi", setting & 4 ? "yes" : "no");
	kit_set(kit, "t0", setting & 8 ? "yes" : "no");
	kit->conf.last_try = setting & 16 ? CONF_LAST_TRY_ASK : CONF_LAST_TRY_REFUSE;
	kit->conf.expiry_warning_days = setting & 32 ? 3650 : 0;
	sim_card_power(kit->card[0], false);
	sim_card_stats_reset(kit->card[0]);
	return how % TASKS;
}

/* What tamper() and transmit() take for a response, opening and closing included: one byte. */
static size_t
step_len(const uint8_t *data, size_t size)
{
	static const size_t parameters[8] = { 0, 2, 2, 0, 2, 1, 2, 1 };
	size_t n = 1 + parameters[data[0] % 8];

	if (data[0] % 8 == 3 && size > 1)
		n = 2 + (size_t)data[1] + 3;
	return n < size ? n : size;
}

#define STEP(...) { (const uint8_t[]){ __VA_ARGS__ }, sizeof (const uint8_t[]){ __VA_ARGS__ } }

/* Answers that mean something to a login: status words, and headers of DER that promise more or less. */
static const struct mutate_step given[] = {
	STEP(0), STEP(0, 0, 0, 0), STEP(2, 0x90, 0), STEP(1, 0x90, 0), STEP(6, 0x63, 0xc0), STEP(6, 0x63, 0xc1),
	STEP(6, 0x63, 0xc3), STEP(1, 0x63, 0xc2), STEP(1, 0x63, 0xcf), STEP(6, 0x69, 0x82), STEP(1, 0x69, 0x83),
	STEP(1, 0x69, 0x84), STEP(1, 0x69, 0x85), STEP(1, 0x69, 0x81), STEP(1, 0x6a, 0x82), STEP(1, 0x6a, 0x86),
	STEP(1, 0x6a, 0x88), STEP(1, 0x67, 0), STEP(6, 0x61, 0x10), STEP(1, 0x61, 0), STEP(6, 0x6c, 4),
	STEP(1, 0x6c, 0), STEP(1, 0x6d, 0), STEP(1, 0x6e, 0), STEP(1, 0x6f, 0), STEP(6, 0x62, 0x82), STEP(7, 0),
	STEP(7, 1), STEP(7, 2), STEP(0xf0), STEP(0xf1), STEP(4, 1, 0xff), STEP(4, 2, 0x7f), STEP(4, 3, 1), STEP(5, 0),
	STEP(5, 4), STEP(3, 3, 0x30, 0x82, 0x0f, 0xff, 0x90, 0), STEP(3, 2, 0x30, 0x80, 0, 0x90, 0),
	STEP(3, 4, 0x30, 0x84, 0xff, 0xff, 0xff, 0x90, 0), STEP(3, 0, 0x30, 0x90, 0),
};

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t head = size < 2 ? size : 2;	/* begin() */

	if (head < 2 || seed % 32 == 0)
		return mutate_bytes(data, size, max);
	return head + mutate_steps(data + head, size - head, max - head, seed, step_len, given, COUNT(given));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const tasks[])(void) = { [LOGIN] = login, [PIN_CHANGE] = change, [ENROL] = enroll,
		[DROP] = drop };
	enum task task;
	bool clean;

	memset(&f, 0, sizeof f);
	f.in = cursor_of(data, size);
	task = begin();
	if (task == DROP) {	/* state that another program left */
		sim_card_power(kit->card[0], true);
		kit_set(kit, "verified", "auth");
	}
	clean = tasks[task]();
	CHECK(kit->open_reader == -1);
	if (clean && task != DROP)
		CHECK(strcmp(kit_get(kit, "verified"), "none") == 0);
	return 0;
}

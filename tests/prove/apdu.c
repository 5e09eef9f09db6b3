/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card/apdu: whatever reader and card answer, no byte outside of the answer is read or written, a PIN is sent once
 * and wiped, and a status word means success only where ISO 7816-4 and card/PROTOCOL.md say so.
 *
 * Source: card/apdu.c lib/buf.c
 * Bound: every status word; 16 bytes of data; answers of 1,026 bytes, all 8 GET RESPONSE
 * Entry: exchanges is_sent_once status_words
 * Unwind: 18
 * Define: memcpy=copy_checked
 * Defect: [exchanges] card/apdu.c: len < 2 || len > sizeof -> len > sizeof
 * Defect: [exchanges] card/apdu.c: for (int i = 0; i < GET_RESPONSE_MAX && -> for (int i = 0; i < 64 &&
 * Defect: [is_sent_once] card/apdu.c: && !cmd->secret && !cmd->exact -> && !cmd->exact
 * Defect: [exchanges] card/apdu.c: if (cmd->secret) -> if (cmd->exact)
 * Defect: [status_words] card/apdu.c: if (sw == 0x6282) -> if ((sw & 0x6282) == 0x6282)
 * Defect: [status_words] card/apdu.c: == 0x63c0 && (sw & 0xf) > 0) -> == 0x63c0)
 */
#include <string.h>

#include "card/apdu.h"
#include "tests/prove/prove.h"

#define DATA_MAX 16

static unsigned int sent;
static const uint8_t *command;	/* where apdu_transmit() built what it sent last */
static size_t command_len;

static struct outcome
any_answer(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap, size_t *ret_len)
{
	size_t len = nondet_size();

	(void)ctx;
	promise(cmd_len >= 4 && cmd_len <= APDU_CMD_MAX && cap == APDU_RESP_MAX);
	sent++;
	command = cmd;
	command_len = cmd_len;
	if (nondet_bool())
		return outcome_of(OUTCOME_CARD_REMOVED);
	resp[0] = nondet_u8();
	resp[cap - 1] = nondet_u8();
	*ret_len = len;
	return outcome_of(OUTCOME_OK);
}

/* Stands in for explicit_bzero(3): CBMC has no model of it. */
static const void *wiped;

void
explicit_bzero(void *memory, size_t len)
{
	(void)len;
	wiped = memory;
}

void
exchanges(void)
{
	static const struct transport_ops ops = { .transmit = any_answer };
	struct transport t = { .ops = &ops };
	struct apdu_response r;
	uint8_t data[DATA_MAX];
	struct apdu cmd = { .cla = nondet_u8(), .ins = nondet_u8(), .p1 = nondet_u8(), .p2 = nondet_u8(),
		.secret = nondet_bool(), .exact = nondet_bool(), .le = APDU_NO_LE };
	size_t len = nondet_size();
	struct outcome o;

	assume(len <= sizeof data);
	cmd.data = (struct view){ LAST_OF(data, len), len };
	if (nondet_bool())
		cmd.le = nondet_u8();
	o = apdu_transmit(&t, &cmd, &r);
	promise(sent >= 1 && sent <= 1 + 1 + 8);
	if (cmd.secret)
		promise(wiped != NULL);
	if (outcome_ok(&o))
		promise(r.len <= APDU_RESP_MAX - 2);
}

/* An exchange whose only answer is one of a wrong length, "6Cxx": a PIN is not sent again. */
static struct outcome
wrong_length(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap, size_t *ret_len)
{
	(void)ctx;
	(void)cmd;
	(void)cmd_len;
	(void)cap;
	sent++;
	resp[0] = 0x6c;
	resp[1] = nondet_u8();
	*ret_len = 2;
	return outcome_of(OUTCOME_OK);
}

void
is_sent_once(void)
{
	static const struct transport_ops ops = { .transmit = wrong_length };
	struct transport t = { .ops = &ops };
	struct apdu_response r;
	struct apdu cmd = { .secret = nondet_bool(), .exact = nondet_bool(), .le = APDU_NO_LE };
	struct outcome o;

	sent = 0;
	o = apdu_transmit(&t, &cmd, &r);
	promise(outcome_ok(&o) && r.sw >> 8 == 0x6c);
	promise(sent == (cmd.secret || cmd.exact ? 1 : 2));
}

void
status_words(void)
{
	enum apdu_purpose purpose = nondet_u8() % (APDU_CHANGE_PIN + 1);
	uint16_t sw = nondet_u16();
	struct outcome o = apdu_outcome(purpose, sw);

	promise(o.status < OUTCOME_COUNT && o.tries_left >= TRIES_UNKNOWN && o.tries_left <= 15);
	promise((o.raw == 0) == (o.status == OUTCOME_OK && purpose != APDU_QUERY_TRIES) || sw == 0x9000 || o.raw == sw);
	/* The only success other than 9000: a count of tries that was asked for, and the end of a file. */
	promise(!outcome_ok(&o) || sw == 0x9000 || (purpose == APDU_QUERY_TRIES && sw > 0x63c0 && sw <= 0x63cf) ||
	    (purpose == APDU_READ && sw == 0x6282));
	if (purpose == APDU_VERIFY)
		promise((o.status == OUTCOME_PIN_WRONG) == (sw == 0x6300 || (sw > 0x63c0 && sw <= 0x63cf)));
	if (o.status == OUTCOME_PIN_LOCKED)
		promise(o.tries_left == 0 && (purpose == APDU_VERIFY || purpose == APDU_QUERY_TRIES));
}

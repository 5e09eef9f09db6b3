/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "card/apdu.h"

#define SW_OK 0x9000
#define GET_RESPONSE_MAX 8

static size_t
encode(const struct apdu *cmd, uint8_t bytes[static APDU_CMD_MAX])
{
	struct writer w = writer_of(bytes, APDU_CMD_MAX);

	writer_u8(&w, cmd->cla);
	writer_u8(&w, cmd->ins);
	writer_u8(&w, cmd->p1);
	writer_u8(&w, cmd->p2);
	if (cmd->data.len > 0) {
		if (cmd->data.len > 255)
			return 0;
		writer_u8(&w, (uint8_t)cmd->data.len);
		writer_bytes(&w, cmd->data.data, cmd->data.len);
	}
	if (cmd->le != APDU_NO_LE)
		writer_u8(&w, (uint8_t)cmd->le);
	return writer_ok(&w) ? w.len : 0;
}

static struct outcome
exchange(struct transport *t, const struct apdu *cmd, struct apdu_response *ret)
{
	uint8_t bytes[APDU_CMD_MAX];
	size_t cmd_len = encode(cmd, bytes);
	size_t len = 0;
	struct outcome o;

	if (cmd_len == 0)
		return outcome_of(OUTCOME_INTERNAL);
	o = t->ops->transmit(t->ctx, bytes, cmd_len, ret->bytes, sizeof ret->bytes, &len);
	if (cmd->secret)
		explicit_bzero(bytes, sizeof bytes);
	if (!outcome_ok(&o))
		return o;
	if (len < 2 || len > sizeof ret->bytes)
		return outcome_of(OUTCOME_BAD_REPLY);
	ret->len = len - 2;
	ret->sw = (uint16_t)(ret->bytes[len - 2] << 8 | ret->bytes[len - 1]);
	return outcome_of(OUTCOME_OK);
}

/* 61xx: fetch the rest of the answer. A longer one than a short response is refused. */
static struct outcome
get_response(struct transport *t, struct apdu_response *r)
{
	struct apdu_response all = { .len = 0 };

	for (int i = 0; i < GET_RESPONSE_MAX && r->sw >> 8 == 0x61; i++) {
		struct apdu get = { .ins = 0xc0, .le = r->sw & 0xff };
		struct outcome o;

		if (r->len > sizeof all.bytes - 2 - all.len)
			return outcome_raw(OUTCOME_BAD_REPLY, r->sw);
		memcpy(all.bytes + all.len, r->bytes, r->len);
		all.len += r->len;
		o = exchange(t, &get, r);
		if (!outcome_ok(&o))
			return o;
	}
	if (r->len > sizeof all.bytes - 2 - all.len)
		return outcome_raw(OUTCOME_BAD_REPLY, r->sw);
	memcpy(all.bytes + all.len, r->bytes, r->len);
	all.len += r->len;
	all.sw = r->sw;
	*r = all;
	return outcome_of(OUTCOME_OK);
}

struct outcome
apdu_transmit(struct transport *t, const struct apdu *cmd, struct apdu_response *ret)
{
	struct apdu_response r;
	struct outcome o = exchange(t, cmd, &r);

	if (outcome_ok(&o) && !cmd->secret && !cmd->exact && r.sw >> 8 == 0x6c) {
		struct apdu again = *cmd;

		again.le = r.sw & 0xff;
		o = exchange(t, &again, &r);
	}
	if (outcome_ok(&o) && r.sw >> 8 == 0x61)
		o = get_response(t, &r);
	if (!outcome_ok(&o))
		return o;
	*ret = r;
	return o;
}

/* VERIFY with and without data (doc/facts/jpki-card.md §2.3, §2.4). */
static struct outcome
outcome_of_verify(enum apdu_purpose purpose, uint16_t sw)
{
	struct outcome o = outcome_raw(OUTCOME_BAD_REPLY, sw);

	if ((sw & 0xfff0) == 0x63c0 && (sw & 0xf) > 0) {
		o.status = purpose == APDU_QUERY_TRIES ? OUTCOME_OK : OUTCOME_PIN_WRONG;
		o.tries_left = sw & 0xf;
	} else if (sw == 0x63c0 || sw == 0x6983 || sw == 0x6984) {
		/* The last wrong entry, or locked before; ISO says 6983, the card 6984. */
		o.status = OUTCOME_PIN_LOCKED;
		o.tries_left = 0;
	} else if (sw == 0x6300 && purpose == APDU_VERIFY) {
		o.status = OUTCOME_PIN_WRONG;	/* no count given */
	}
	return o;
}

/*
 * The card refused the command without carrying it out (ISO 7816-4, 67xx to 6Exx). Warnings, memory errors
 * and 6F00 do not say that.
 */
static bool
is_checking_error(uint16_t sw)
{
	return sw >> 8 >= 0x67 && sw >> 8 <= 0x6e;
}

struct outcome
apdu_outcome(enum apdu_purpose purpose, uint16_t sw)
{
	if (sw == SW_OK)
		return outcome_of(OUTCOME_OK);

	switch (purpose) {
	case APDU_SELECT_APPLICATION:
		/* Cards of other kinds refuse class, instruction or name. */
		if (sw == 0x6a82 || sw == 0x6a86 || sw == 0x6a81 || sw == 0x6d00 || sw == 0x6e00 ||
		    sw == 0x6999 || sw == 0x6283)
			return outcome_raw(OUTCOME_NOT_JPKI, sw);
		break;
	case APDU_SELECT_FILE:
		if (sw == 0x6a82)
			return outcome_raw(OUTCOME_NO_CERT, sw);
		break;
	case APDU_READ:
		if (sw == 0x6282)	/* end of file before Le bytes: still data */
			return outcome_of(OUTCOME_OK);
		if (sw == 0x6a82)
			return outcome_raw(OUTCOME_NO_CERT, sw);
		if (sw == 0x6982)	/* only a smartphone requires a PIN here (§7.1) */
			return outcome_raw(OUTCOME_PHONE, sw);
		break;
	case APDU_QUERY_TRIES:
	case APDU_VERIFY:
		return outcome_of_verify(purpose, sw);
	case APDU_CHANGE_PIN:
		return outcome_raw(is_checking_error(sw) ? OUTCOME_NEW_PIN_REFUSED : OUTCOME_PIN_UNCERTAIN, sw);
	case APDU_SIGN:
		break;
	}
	return outcome_raw(OUTCOME_BAD_REPLY, sw);
}

bool
apdu_refuses_short_id(uint16_t sw)
{
	return sw == 0x6a82 || sw == 0x6a86 || sw == 0x6b00 || sw == 0x6d00 || sw == 0x6700;
}

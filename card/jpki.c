/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "card/apdu.h"
#include "card/commands.h"
#include "card/jpki.h"
#include "lib/der.h"
#include "lib/pinrule.h"
#include "lib/secret.h"

#define SW_OK 0x9000
#define LABEL_LEN 32

/* doc/facts/jpki-card.md §1.1 */
static const uint8_t aid_jpki[] =
    { 0xd3, 0x92, 0xf0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01 };
static const uint8_t aid_card_manager[] = { 0xa0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00 };

struct view
jpki_application(void)
{
	return (struct view){ aid_jpki, sizeof aid_jpki };
}

struct view
jpki_card_manager(void)
{
	return (struct view){ aid_card_manager, sizeof aid_card_manager };
}

static uint16_t
pin_file(enum jpki_pin pin)
{
	return pin == JPKI_PIN_AUTH ? EF_AUTH_PIN : EF_SIGN_PIN;
}

static struct outcome
select_application(struct jpki *card, const uint8_t *aid, size_t len, uint16_t *ret_sw)
{
	struct apdu cmd = { .ins = INS_SELECT, .p1 = 0x04, .p2 = 0x0c, .data = { aid, len },
	    .le = APDU_NO_LE };
	struct apdu_response r;
	struct outcome o = apdu_transmit(card->transport, &cmd, &r);

	card->selected_ef = 0;
	if (outcome_ok(&o))
		*ret_sw = r.sw;
	return o;
}

/* A card may answer its first command after power-up with 6F00: send it a second time (§2.1). */
static struct outcome
select_application_twice(struct jpki *card, const uint8_t *aid, size_t len)
{
	uint16_t sw = 0;
	struct outcome o = select_application(card, aid, len, &sw);

	if (outcome_ok(&o) && sw == 0x6f00)
		o = select_application(card, aid, len, &sw);
	if (!outcome_ok(&o))
		return o;
	return apdu_outcome(APDU_SELECT_APPLICATION, sw);
}

struct outcome
jpki_leave(struct jpki *card)
{
	return select_application_twice(card, aid_card_manager, sizeof aid_card_manager);
}

struct outcome
jpki_select(struct jpki *card)
{
	return select_application_twice(card, aid_jpki, sizeof aid_jpki);
}

static struct outcome
select_file(struct jpki *card, uint16_t ef)
{
	uint8_t id[2] = { (uint8_t)(ef >> 8), (uint8_t)ef };
	struct apdu cmd = { .ins = INS_SELECT, .p1 = 0x02, .p2 = 0x0c, .data = { id, sizeof id },
	    .le = APDU_NO_LE };
	struct apdu_response r;
	struct outcome o;

	if (card->selected_ef == ef)
		return outcome_of(OUTCOME_OK);
	card->selected_ef = 0;
	o = apdu_transmit(card->transport, &cmd, &r);
	if (!outcome_ok(&o))
		return o;
	o = apdu_outcome(APDU_SELECT_FILE, r.sw);
	if (outcome_ok(&o))
		card->selected_ef = ef;
	return o;
}

/*
 * Sends a command that names its file by short id in P1 or P2; if the card
 * does not know that form, selects the file and sends the classic one, now
 * and for the rest of the session. OUTCOME_OK: there is a status word in *ret.
 */
static struct outcome
transmit_on_file(struct jpki *card, const struct apdu *by_short_id,
    const struct apdu *by_select, uint16_t ef, struct apdu_response *ret)
{
	struct outcome o;

	if (!card->classic) {
		card->selected_ef = 0;	/* a short id may select a file */
		o = apdu_transmit(card->transport, by_short_id, ret);
		if (!outcome_ok(&o) || !apdu_refuses_short_id(ret->sw))
			return o;
		card->classic = true;
	}
	o = select_file(card, ef);
	if (!outcome_ok(&o))
		return o;
	return apdu_transmit(card->transport, by_select, ret);
}

static struct outcome
read_start_of_file(struct jpki *card, uint16_t ef, struct apdu_response *ret)
{
	struct apdu by_short_id = { .ins = INS_READ_BINARY, .p1 = SFI(ef), .le = APDU_LE_MAX };
	struct apdu by_select = { .ins = INS_READ_BINARY, .le = APDU_LE_MAX };
	struct outcome o = transmit_on_file(card, &by_short_id, &by_select, ef, ret);

	if (!outcome_ok(&o))
		return o;
	return apdu_outcome(APDU_READ, ret->sw);
}

struct outcome
jpki_read_kind(struct jpki *card, enum jpki_kind *ret_kind)
{
	static const struct {
		const char *label;
		enum jpki_kind kind;
	} labels[] = {
		{ "JPKIAPICCTOKEN2", JPKI_KIND_MY_NUMBER },
		{ "JPKIAPICCTOKEN", JPKI_KIND_JUKI },
		{ "JPKIAPGPSETOKEN", JPKI_KIND_PHONE },
		{ "JPKIAPIOSTOKEN", JPKI_KIND_PHONE },
	};
	enum jpki_kind kind = JPKI_KIND_UNKNOWN;
	struct apdu_response r;
	struct outcome o = read_start_of_file(card, EF_TOKEN_INFO, &r);
	size_t len;

	if (!outcome_ok(&o))
		return o;
	/* padded with spaces, by some with NULs (§1.4) */
	for (len = r.len < LABEL_LEN ? r.len : LABEL_LEN;
	     len > 0 && (r.bytes[len - 1] == ' ' || r.bytes[len - 1] == '\0'); len--)
		;
	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		if (strlen(labels[i].label) == len && memcmp(labels[i].label, r.bytes, len) == 0)
			kind = labels[i].kind;
	*ret_kind = kind;
	return o;
}

/* Reads the start of a certificate file and the length of the certificate in it. */
static struct outcome
read_cert_head(struct jpki *card, uint16_t ef, struct apdu_response *ret, size_t *ret_size)
{
	struct outcome o = read_start_of_file(card, ef, ret);

	if (!outcome_ok(&o))
		return o;
	/* A file without a certificate contains only filler (§2.2). */
	if (ret->len == 0 || ret->bytes[0] != DER_SEQUENCE)
		return outcome_of(OUTCOME_NO_CERT);
	if (!der_sequence_size(ret->bytes, ret->len, ret_size))
		return outcome_of(OUTCOME_BAD_REPLY);
	if (*ret_size > JPKI_CERT_MAX)
		return outcome_of(OUTCOME_CERT_LONG);
	return o;
}

struct outcome
jpki_read_auth_head(struct jpki *card, uint8_t head[static JPKI_HEAD_MAX], size_t *ret_len)
{
	struct apdu_response r;
	size_t size;
	struct outcome o = read_cert_head(card, EF_AUTH_CERT, &r, &size);

	if (!outcome_ok(&o))
		return o;
	if (r.len > JPKI_HEAD_MAX)
		return outcome_of(OUTCOME_BAD_REPLY);
	*ret_len = r.len < size ? r.len : size;
	memcpy(head, r.bytes, *ret_len);
	return o;
}

static struct outcome
read_cert(struct jpki *card, uint16_t ef, uint8_t der[static JPKI_CERT_MAX], size_t *ret_len)
{
	struct apdu_response r;
	size_t size = 0, have = 0;
	struct outcome o = read_cert_head(card, ef, &r, &size);

	/* Offsets refer to the selected file, and a short id may not have selected this one. */
	if (outcome_ok(&o))
		o = select_file(card, ef);
	while (outcome_ok(&o)) {
		struct apdu more = { .ins = INS_READ_BINARY, .le = APDU_LE_MAX };
		size_t n = r.len < size - have ? r.len : size - have;

		if (n == 0)	/* the file ends before the certificate does */
			return outcome_of(OUTCOME_BAD_REPLY);
		memcpy(der + have, r.bytes, n);
		have += n;
		if (have == size)
			break;
		more.p1 = (uint8_t)(have >> 8);
		more.p2 = (uint8_t)have;
		o = apdu_transmit(card->transport, &more, &r);
		if (outcome_ok(&o))
			o = apdu_outcome(APDU_READ, r.sw);
	}
	if (outcome_ok(&o))
		*ret_len = size;
	return o;
}

struct outcome
jpki_read_auth_cert(struct jpki *card, uint8_t der[static JPKI_CERT_MAX], size_t *ret_len)
{
	return read_cert(card, EF_AUTH_CERT, der, ret_len);
}

struct outcome
jpki_read_auth_ca(struct jpki *card, uint8_t der[static JPKI_CERT_MAX], size_t *ret_len)
{
	return read_cert(card, EF_AUTH_CA, der, ret_len);
}

static struct outcome
query_tries(struct jpki *card, enum jpki_pin pin, uint16_t *ret_sw)
{
	uint16_t ef = pin_file(pin);
	struct apdu by_short_id = { .ins = INS_VERIFY, .p2 = SFI(ef), .le = APDU_NO_LE, .exact = true };
	struct apdu by_select = { .ins = INS_VERIFY, .p2 = CURRENT_EF, .le = APDU_NO_LE, .exact = true };
	struct apdu_response r;
	struct outcome o = transmit_on_file(card, &by_short_id, &by_select, ef, &r);

	if (outcome_ok(&o) && r.sw == 0x6700) {
		/* The four bytes were too short for some layer below: add Le (§2.3). */
		by_select.le = APDU_LE_MAX;
		o = apdu_transmit(card->transport, &by_select, &r);
	}
	if (outcome_ok(&o))
		*ret_sw = r.sw;
	return o;
}

struct outcome
jpki_tries_left(struct jpki *card, enum jpki_pin pin, int *ret_tries)
{
	uint16_t sw = 0;
	struct outcome o = query_tries(card, pin, &sw);

	if (outcome_ok(&o) && sw == SW_OK) {
		/* Another program has verified the PIN: drop that state. */
		o = jpki_leave(card);
		if (outcome_ok(&o))
			o = jpki_select(card);
		if (outcome_ok(&o))
			o = query_tries(card, pin, &sw);
		if (outcome_ok(&o) && sw == SW_OK)
			return outcome_raw(OUTCOME_BAD_REPLY, sw);
	}
	if (!outcome_ok(&o))
		return o;
	o = apdu_outcome(APDU_QUERY_TRIES, sw);
	if (outcome_ok(&o) || o.status == OUTCOME_PIN_LOCKED)
		*ret_tries = o.tries_left;
	return o;
}

static bool
format_ok(enum jpki_pin pin, const struct secret *secret)
{
	if (pin == JPKI_PIN_AUTH)
		return secret_is_auth_pin(secret);
	return pinrule_may_be_sign(secret_view(secret));
}

struct outcome
jpki_verify(struct jpki *card, enum jpki_pin pin, const struct secret *secret)
{
	uint16_t ef = pin_file(pin);
	struct apdu cmd = { .ins = INS_VERIFY, .p2 = card->classic ? CURRENT_EF : SFI(ef),
	    .data = secret_view(secret), .le = APDU_NO_LE, .secret = true };
	struct outcome o = outcome_of(OUTCOME_OK);
	struct apdu_response r;

	/* An empty VERIFY is the query and may answer 9000 (§2.3). */
	if (!format_ok(pin, secret))
		return outcome_of(OUTCOME_PIN_FORMAT);
	/* Never sent again in another form: the first one may have used a try. */
	if (card->classic)
		o = select_file(card, ef);
	if (outcome_ok(&o))
		o = apdu_transmit(card->transport, &cmd, &r);
	if (!outcome_ok(&o))
		return o;
	return apdu_outcome(APDU_VERIFY, r.sw);
}

struct outcome
jpki_sign(struct jpki *card, struct view input, uint8_t signature[static JPKI_SIGNATURE_MAX],
    size_t *ret_len)
{
	struct apdu by_short_id = { .cla = 0x80, .ins = INS_SIGN, .p2 = SFI(EF_AUTH_KEY),
	    .data = input, .le = APDU_LE_MAX };
	struct apdu by_select = by_short_id;
	struct apdu_response r;
	struct outcome o;

	by_select.p2 = CURRENT_EF;
	o = transmit_on_file(card, &by_short_id, &by_select, EF_AUTH_KEY, &r);
	if (!outcome_ok(&o))
		return o;
	o = apdu_outcome(APDU_SIGN, r.sw);
	if (!outcome_ok(&o))
		return o;
	if (r.len == 0 || r.len > JPKI_SIGNATURE_MAX)
		return outcome_of(OUTCOME_BAD_REPLY);
	memcpy(signature, r.bytes, r.len);
	*ret_len = r.len;
	return o;
}

struct outcome
jpki_change_pin(struct jpki *card, enum jpki_pin pin, const struct secret *new_pin)
{
	struct apdu cmd = { .ins = INS_CHANGE, .p1 = 0x01, .p2 = CURRENT_EF,
	    .data = secret_view(new_pin), .le = APDU_NO_LE, .secret = true };
	struct apdu_response r;
	struct outcome o;

	if (!format_ok(pin, new_pin))
		return outcome_of(OUTCOME_PIN_FORMAT);
	o = select_file(card, pin_file(pin));	/* keeps the verified state (§3.1) */
	if (!outcome_ok(&o))
		return o;
	o = apdu_transmit(card->transport, &cmd, &r);
	/* It is unknown whether the card received the command and carried it out. */
	if (!outcome_ok(&o))
		return outcome_raw(OUTCOME_PIN_UNCERTAIN, o.raw);
	return apdu_outcome(APDU_CHANGE_PIN, r.sw);
}

struct outcome
jpki_read_card_expiry(struct jpki *card, char ret_date[static 9])
{
	struct apdu cmd = { .ins = INS_GET_DATA, .p1 = 0x00, .p2 = 0xf2, .le = APDU_LE_MAX };
	struct apdu_response r;
	struct outcome o;

	o = jpki_leave(card);
	if (!outcome_ok(&o) && o.status != OUTCOME_NOT_JPKI)
		return o;
	o = apdu_transmit(card->transport, &cmd, &r);
	if (!outcome_ok(&o))
		return o;
	ret_date[0] = '\0';
	if (r.sw != SW_OK || r.len < 8)
		return o;
	/* The date is the end of the answer; the sources do not say whether a tag precedes it. */
	for (size_t i = 0; i < 8; i++)
		if (r.bytes[r.len - 8 + i] < '0' || r.bytes[r.len - 8 + i] > '9')
			return o;
	memcpy(ret_date, r.bytes + r.len - 8, 8);
	ret_date[8] = '\0';
	return o;
}

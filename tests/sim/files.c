/* SPDX-License-Identifier: BSD-2-Clause */
/* Applications and files: SELECT, READ BINARY, GET DATA. */
#include "config.h"

#include <string.h>

#include "tests/sim/impl.h"

static const struct application {
	enum sim_ap ap;
	uint8_t len;
	uint8_t aid[10];
} applications[] = {
	{ AP_JPKI, 10, { 0xd3, 0x92, 0xf0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01 } },
	{ AP_OTHER, 10, { 0xd3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08 } },
	{ AP_OTHER, 10, { 0xd3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02 } },
	{ AP_OTHER, 10, { 0xd3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x01 } },
	{ AP_OTHER, 10, { 0xd3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00 } },
	{ AP_MANAGER, 7, { 0xa0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00 } },
};

#define AID_MIN	5
#define HEAD_LEN	16
#define FCI_MAX		32

enum {
	ID_SIGN_CERT = 0x0001, ID_SIGN_CA = 0x0002, ID_TOKEN = 0x0006,
	ID_AVAILABILITY = 0x0008, ID_AUTH_CERT = 0x000a, ID_AUTH_CA = 0x000b,
};

static const struct ef efs[] = {
	{ ID_SIGN_CERT, EF_FILE, SIGN },
	{ ID_SIGN_CA, EF_FILE, SIGN },
	{ 0x0005, EF_OPAQUE, 0 },
	{ ID_TOKEN, EF_FILE, AUTH },
	{ ID_AVAILABILITY, EF_FILE, AUTH },
	{ 0x0009, EF_OPAQUE, 0 },
	{ ID_AUTH_CERT, EF_FILE, AUTH },
	{ ID_AUTH_CA, EF_FILE, AUTH },
	{ 0x0010, EF_OPAQUE, 0 },
	{ 0x0016, EF_OPAQUE, 0 },
	{ 0x0017, EF_KEY, AUTH },
	{ 0x0018, EF_PIN, AUTH },
	{ 0x0019, EF_OPAQUE, 0 },
	{ 0x001a, EF_KEY, SIGN },
	{ 0x001b, EF_PIN, SIGN },
	{ 0x001c, EF_OPAQUE, 0 },
	{ 0x001e, EF_OPAQUE, 0 },
};

/* --- which file ------------------------------------------------------------ */

/*
 * Without the signature certificate the key, its PIN and the CA stay: a child's
 * card has not been examined. The Juki card never had a second key.
 */
static bool
ef_exists(const struct sim_card *card, const struct ef *ef)
{
	switch (ef->id) {
	case ID_SIGN_CERT:
		return !card->opt.no_sign && card->cert[SIGN].len > 0;
	case ID_SIGN_CA:
		return card->ca[SIGN].len > 0;
	case ID_AUTH_CERT:
		return !card->opt.no_auth && strcmp(card->opt.auth_ef, "absent") != 0;
	case ID_TOKEN:
	case ID_AVAILABILITY:
		return true;
	default:
		return ef->kind == EF_OPAQUE || ef->which == SIGN || !card->opt.no_auth;
	}
}

const struct ef *
ef_find(const struct sim_card *card, uint16_t id)
{
	for (size_t i = 0; i < COUNT(efs); i++)
		if (efs[i].id == id)
			return ef_exists(card, &efs[i]) ? &efs[i] : NULL;
	return NULL;
}

/* A short EF identifier is the identifier's low five bits. */
static uint16_t
ef_by_sfi(struct sim_card *card, uint8_t sfi, const struct ef **ret)
{
	const struct ef *ef;

	if (strcmp(card->opt.no_sfi, "no") != 0) {
		uint8_t sw[2];
		size_t len;

		if (hex_decode(card->opt.no_sfi, sw, sizeof sw, &len) && len == 2)
			return (uint16_t)(sw[0] << 8 | sw[1]);
		return SW_P1P2;
	}
	if (card->ap != AP_JPKI)
		return SW_NO_EF;
	ef = ef_find(card, sfi);
	if (ef == NULL)
		return SW_NOT_FOUND;
	*ret = card->ef = ef;
	return SW_OK;
}

uint16_t
ef_by_p2(struct sim_card *card, uint8_t p2, enum ef_kind kind, const struct ef **ret)
{
	uint16_t sw = SW_OK;

	if ((p2 & 0xe0) != 0x80)
		return SW_P1P2;
	if ((p2 & 0x1f) != 0)
		sw = ef_by_sfi(card, p2 & 0x1f, ret);
	else if (card->ef == NULL)
		return SW_NO_EF;
	else
		*ret = card->ef;
	if (sw == SW_OK && (*ret)->kind != kind)
		sw = card->opt.wrong_ef;
	return sw;
}

/* --- SELECT ---------------------------------------------------------------- */

static bool
application_absent(const struct sim_card *card, enum sim_ap ap)
{
	return (ap == AP_JPKI && card->opt.jpki_absent) ||
	    (ap == AP_MANAGER && card->opt.manager_absent) ||
	    (ap == AP_OTHER && card->opt.others_absent);
}

/* A beginning of an AID finds the first application that has it. */
static const struct application *
application_find(const struct sim_card *card, const uint8_t *aid, size_t len)
{
	for (size_t i = 0; i < COUNT(applications); i++)
		if (len >= AID_MIN && len <= applications[i].len &&
		    memcmp(applications[i].aid, aid, len) == 0 &&
		    !application_absent(card, applications[i].ap))
			return &applications[i];
	return NULL;
}

/*
 * Another application, the card manager included, ends what the PINs opened;
 * the same one again does not.
 */
static uint16_t
select_application(struct sim_card *card, const struct command *cmd)
{
	const struct application *found;
	unsigned index;

	found = application_find(card, cmd->data, cmd->lc);
	if (found == NULL)
		return SW_NOT_FOUND;
	index = (unsigned)(found - applications);
	if (card->ap != found->ap || card->ap_index != index)
		state_forget(card);
	card->ap = found->ap;
	card->ap_index = index;
	card->ef = NULL;
	return SW_OK;
}

static uint16_t
select_ef(struct sim_card *card, const struct command *cmd)
{
	const struct ef *ef;

	if (cmd->lc != 2)
		return SW_LENGTH;
	if (card->ap != AP_JPKI)
		return SW_NOT_FOUND;
	ef = ef_find(card, (uint16_t)(cmd->data[0] << 8 | cmd->data[1]));
	if (ef == NULL)
		return SW_NOT_FOUND;
	card->ef = ef;
	return SW_OK;
}

static uint16_t
select_named(struct sim_card *card, const struct command *cmd)
{
	switch (cmd->p1) {
	case 4:
		return select_application(card, cmd);
	case 2:
		return select_ef(card, cmd);
	default:
		return SW_P1P2;
	}
}

uint16_t
cmd_select(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	uint16_t sw;

	if (cmd->p1 == 0 && cmd->lc == 0)
		return card->ap == AP_JPKI || card->ap == AP_OTHER ? SW_OK : SW_P1P2;
	if (cmd->p2 == 0 && card->opt.fci != SW_OK)
		return card->opt.fci;
	if (cmd->p2 != 0x0c && cmd->p2 != 0)
		return SW_P1P2;
	sw = select_named(card, cmd);
	if (sw == SW_OK && cmd->p2 == 0)
		(void)hex_decode(card->opt.fci_data, resp->data, FCI_MAX, &resp->len);
	return sw;
}

/* --- contents -------------------------------------------------------------- */

/* A file: that many bytes of data, then FF up to its size. */
struct image {
	const uint8_t *data;
	size_t len, size;
};

static struct image
image_of_cert(const struct sim_card *card, const struct blob *cert)
{
	size_t size = cert->len > card->opt.ef_size ? cert->len : card->opt.ef_size;

	return (struct image){ .data = cert->data, .len = cert->len, .size = size };
}

/* The authentication certificate, or what should not be in its place. */
static struct image
image_of_auth_cert(const struct sim_card *card)
{
	struct image image = image_of_cert(card, &card->cert[AUTH]);
	const char *how = card->opt.auth_ef;

	if (strcmp(how, "ff") == 0)
		image.len = 0;
	else if (strcmp(how, "empty") == 0)
		image.len = image.size = 0;
	else if (strcmp(how, "truncated") == 0)
		image.len = image.size = image.len - image.len / 4;
	else if (strcmp(how, "head") == 0)
		image.len = image.size = HEAD_LEN;
	else if (card->opt.tail[0] != '\0' && image.len + strlen(card->opt.tail) <= image.size) {
		memcpy(card->scratch, image.data, image.len);
		memcpy(card->scratch + image.len, card->opt.tail, strlen(card->opt.tail));
		image.data = card->scratch;
		image.len += strlen(card->opt.tail);
	} else if (strcmp(how, "huge") == 0) {
		memcpy(card->scratch, image.data, image.len);
		memcpy(card->scratch, "\x30\x82\xff\xff", 4);
		image.data = card->scratch;
	}
	return image;
}

/* A serialised CK_TOKEN_INFO, as a test card has it. */
static struct image
image_of_token(const struct sim_card *card)
{
	static const char head[] =
		"00000000000000000000000000000001"	/* manufacturer */
		"E16R01NJ        "			/* model */
		"0000000020500003";			/* serial number */
	static const uint8_t numbers[] = {
		0x00, 0x00, 0x04, 0x0d,			/* flags */
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,	/* sessions */
		0, 0, 0, 16, 0, 0, 0, 6,		/* length of a PIN */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,	/* memory */
	};
	static const char tail[] = "0301" "9999999999999999";	/* versions, time */
	uint8_t *p = card->scratch;

	memset(p, ' ', 32);
	memcpy(p, card->opt.label, strlen(card->opt.label));
	memcpy(p + 32, head, sizeof head - 1);
	memcpy(p + 96, numbers, sizeof numbers);
	memcpy(p + 140, tail, sizeof tail - 1);
	return (struct image){ .data = p, .len = 160, .size = 160 };
}

static struct image
image_of_availability(const struct sim_card *card)
{
	struct image image = { .data = card->scratch };

	(void)hex_decode(card->opt.availability, card->scratch, 3, &image.len);
	image.size = image.len;
	return image;
}

static struct image
image_of(const struct sim_card *card, uint16_t id)
{
	switch (id) {
	case ID_SIGN_CERT:
		return image_of_cert(card, &card->cert[SIGN]);
	case ID_SIGN_CA:
		return image_of_cert(card, &card->ca[SIGN]);
	case ID_AUTH_CERT:
		return image_of_auth_cert(card);
	case ID_AUTH_CA:
		return image_of_cert(card, &card->ca[AUTH]);
	case ID_TOKEN:
		return image_of_token(card);
	default:
		return image_of_availability(card);
	}
}

/* --- READ BINARY ----------------------------------------------------------- */

static bool
read_allowed(const struct sim_card *card, const struct ef *ef)
{
	if (ef->id == ID_SIGN_CERT)
		return card->pin[SIGN].verified;
	if (ef->id == ID_AUTH_CERT && card->opt.auth_cert_needs_pin)
		return card->pin[AUTH].verified;
	return true;
}

static uint16_t
read_target(struct sim_card *card, const struct command *cmd, size_t *ret_offset)
{
	const struct ef *ef;

	if ((cmd->p1 & 0x80) == 0) {
		*ret_offset = (size_t)cmd->p1 << 8 | cmd->p2;
		return card->ef != NULL ? SW_OK : SW_NO_EF;
	}
	if ((cmd->p1 & 0x60) != 0 || (cmd->p1 & 0x1f) == 0)
		return SW_P1P2;
	*ret_offset = cmd->p2;
	return ef_by_sfi(card, cmd->p1 & 0x1f, &ef);
}

uint16_t
cmd_read(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	struct image image;
	size_t offset, n;
	uint16_t sw;

	if (cmd->lc != 0 || cmd->le == 0)
		return SW_LENGTH;
	sw = read_target(card, cmd, &offset);
	if (sw != SW_OK)
		return sw;
	if (card->ef->kind == EF_OPAQUE)
		return SW_SECURITY;
	if (card->ef->kind != EF_FILE)
		return card->opt.ief_read;
	if (!read_allowed(card, card->ef))
		return SW_SECURITY;
	image = image_of(card, card->ef->id);
	if (offset >= image.size)
		return SW_OFFSET;
	n = image.size - offset < cmd->le ? image.size - offset : cmd->le;
	if (n > resp->cap)
		return SW_LENGTH;
	memset(resp->data, 0xff, n);
	if (offset < image.len)
		memcpy(resp->data, image.data + offset,
		    image.len - offset < n ? image.len - offset : n);
	resp->len = n;
	return SW_OK;
}

/* --- GET DATA -------------------------------------------------------------- */

uint16_t
cmd_get_data(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	/* From the contact interface, whatever the reader is. */
	static const char contact_atr[] = "\x3b\xe0\x00\xff\x81\x31\xfe\x45\x14";
	const char *value = NULL;
	size_t len = 0;

	if (card->ap == AP_MANAGER && !card->opt.manager_absent) {
		switch (cmd->p1 << 8 | cmd->p2) {
		case 0x0045:
			value = "SIM0000000000001";
			break;
		case 0x00f0:
			value = "13221";
			break;
		case 0x00f2:
			if (strcmp(card->opt.expiry, "large") == 0)
				return SW_LENGTH;
			value = strcmp(card->opt.expiry, "none") != 0 ? card->opt.expiry : NULL;
			break;
		case 0x5f51:
			value = contact_atr;
			len = sizeof contact_atr - 1;	/* it has a zero in it */
			break;
		}
	}
	if (value == NULL)
		return SW_NO_REFERENCE;
	if (cmd->lc != 0 || cmd->le == 0)
		return SW_LENGTH;
	resp->len = len != 0 ? len : strlen(value);
	if (resp->len > cmd->le)
		resp->len = cmd->le;
	memcpy(resp->data, value, resp->len);
	return SW_OK;
}

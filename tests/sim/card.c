/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "tests/sim/impl.h"

/* --- opening --------------------------------------------------------------- */

static FILE *
open_file(const struct sim_card *card, const char *name, char *err, size_t size)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s", card->dir, name);
	FILE *f;

	if (n < 0 || (size_t)n >= sizeof path)
		errno = ENAMETOOLONG;
	else if ((f = fopen(path, "re")) != NULL)
		return f;
	snprintf(err, size, "%s/%s: %s", card->dir, name, strerror(errno));
	return NULL;
}

/* The bytes as they are: a certificate may be broken on purpose. */
static bool
load_cert(const struct sim_card *card, const char *name, struct blob *ret,
    char *err, size_t size)
{
	FILE *f = open_file(card, name, err, size);
	char *title = NULL, *header = NULL;
	long len = 0;
	bool good;

	if (f == NULL)
		return false;
	good = PEM_read(f, &title, &header, &ret->data, &len) == 1 && len > 4 && len < 32768;
	fclose(f);
	OPENSSL_free(title);
	OPENSSL_free(header);
	ret->len = good ? (size_t)len : 0;
	if (!good)
		snprintf(err, size, "%s/%s: not a certificate in PEM", card->dir, name);
	return good;
}

static bool
load_key(const struct sim_card *card, const char *name, EVP_PKEY **ret,
    char *err, size_t size)
{
	FILE *f = open_file(card, name, err, size);

	if (f == NULL)
		return false;
	*ret = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (*ret == NULL)
		snprintf(err, size, "%s/%s: not a private key in PEM", card->dir, name);
	return *ret != NULL;
}

static bool
load_files(struct sim_card *card, char *err, size_t size)
{
	char ignored[SIM_ERROR_MAX];

	if (!load_key(card, "auth.key", &card->key[AUTH], err, size) ||
	    !load_cert(card, "auth.crt", &card->cert[AUTH], err, size) ||
	    !load_cert(card, "auth-ca.crt", &card->ca[AUTH], err, size))
		return false;
	/* Children have no signature certificate. */
	(void)load_key(card, "sign.key", &card->key[SIGN], ignored, sizeof ignored);
	(void)load_cert(card, "sign.crt", &card->cert[SIGN], ignored, sizeof ignored);
	(void)load_cert(card, "sign-ca.crt", &card->ca[SIGN], ignored, sizeof ignored);
	return true;
}

static bool
load_card(struct sim_card *card, char *err, size_t size)
{
	char path[4096];

	options_default(card);
	for (int i = 0; i < PINS; i++)
		card->pin[i].tries = pin_tries_max[i];
	memcpy(card->pin[AUTH].value, "1234", 5);
	memcpy(card->pin[SIGN].value, "ABC123", 7);
	if ((size_t)snprintf(path, sizeof path, "%s/card.conf", card->dir) >= sizeof path) {
		snprintf(err, size, "%s: name too long", card->dir);
		return false;
	}
	return options_load(card, path, err, size) && state_load(card, err, size) &&
	    load_files(card, err, size);
}

struct sim_card *
sim_card_open(const char *dir, char *err, size_t size)
{
	struct sim_card *card = calloc(1, sizeof *card);

	if (card != NULL) {
		card->dir = strdup(dir);
		card->scratch = malloc(SIM_RESPONSE_MAX);
	}
	if (card == NULL || card->dir == NULL || card->scratch == NULL) {
		snprintf(err, size, "out of memory");
		sim_card_free(card);
		return NULL;
	}
	if (!load_card(card, err, size)) {
		sim_card_free(card);
		return NULL;
	}
	card->opened = true;
	card->present = true;
	return card;
}

void
sim_card_free(struct sim_card *card)
{
	if (card == NULL)
		return;
	for (int i = 0; i < PINS; i++) {
		EVP_PKEY_free(card->key[i]);
		OPENSSL_free(card->cert[i].data);
		OPENSSL_free(card->ca[i].data);
	}
	free(card->scratch);
	free(card->dir);
	free(card);
}

/* --- power ----------------------------------------------------------------- */

static void
restart(struct sim_card *card)
{
	state_forget(card);
	card->ap = AP_NONE;
	card->ef = NULL;
	card->pending.len = 0;
	if (!card->powered)
		return;
	card->first = true;
	/* The card manager is what answers after power-up. */
	if (!card->opt.manager_absent)
		card->ap = AP_MANAGER;
	card->ap_index = UINT32_MAX;
}

void
sim_card_power(struct sim_card *card, bool on)
{
	if (!on && !card->powered)
		return;			/* nothing to see, nothing to count */
	sim_card_trace_event(card, on ? "power on" : "power off");
	if (on) {
		card->stats.power_ons++;
		card->present = true;
	} else {
		card->stats.power_offs++;
		card->pin_since_power = false;
	}
	card->powered = on;
	restart(card);
}

/* By the ATR: those of contactless cards have their historical bytes first. */
static bool
reset_clears(const struct sim_card *card)
{
	if (strcmp(card->opt.reset_clears, "auto") != 0)
		return strcmp(card->opt.reset_clears, "yes") == 0;
	return strncasecmp(card->opt.atr, "3b88", 4) != 0;
}

void
sim_card_reset(struct sim_card *card)
{
	sim_card_trace_event(card, "reset");
	card->stats.resets++;
	/* Contactless, the reader only says so: the field stays on. */
	if (!card->powered || reset_clears(card)) {
		card->powered = true;
		restart(card);
	}
}

size_t
sim_card_atr(const struct sim_card *card, uint8_t atr[33])
{
	size_t len = 0;

	(void)hex_decode(card->opt.atr, atr, 33, &len);
	return len;
}

/* Out of the field: whatever the PINs opened is gone. */
static void
leave(struct sim_card *card)
{
	sim_card_trace_event(card, "card left the field");
	card->present = false;
	card->powered = card->pin_since_power = false;
	restart(card);
}

bool
sim_card_present(const struct sim_card *card)
{
	return card->present;
}

uint32_t
sim_card_delay_ms(const struct sim_card *card)
{
	return card->delay_ms;
}

struct sim_stats
sim_card_stats(const struct sim_card *card)
{
	return card->stats;
}

void
sim_card_stats_reset(struct sim_card *card)
{
	card->stats = (struct sim_stats){ 0 };
}

/* --- commands -------------------------------------------------------------- */

static size_t
be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* The four cases of ISO 7816-3, extended; body is what follows the zero. */
static bool
parse_extended(const uint8_t *body, size_t len, struct command *ret)
{
	size_t n = be16(body);

	ret->extended = true;
	if (len == 2) {
		ret->le = n != 0 ? n : 65536;
		return true;
	}
	if (n == 0 || (len != 2 + n && len != 2 + n + 2))
		return false;
	ret->data = body + 2;
	ret->lc = n;
	if (len == 2 + n + 2)
		ret->le = be16(body + 2 + n) != 0 ? be16(body + 2 + n) : 65536;
	return true;
}

static bool
parse_command(const uint8_t *cmd, size_t len, struct command *ret)
{
	size_t n;

	if (len < 4)
		return false;
	*ret = (struct command){
		.cla = cmd[0], .ins = cmd[1], .p1 = cmd[2], .p2 = cmd[3], .len = len,
	};
	if (len == 4)
		return true;
	n = cmd[4];
	if (len == 5) {
		ret->le = n != 0 ? n : 256;
		return true;
	}
	if (n == 0)
		return len >= 7 && parse_extended(cmd + 5, len - 5, ret);
	if (len != 5 + n && len != 5 + n + 1)
		return false;
	ret->data = cmd + 5;
	ret->lc = n;
	if (len == 5 + n + 1)
		ret->le = cmd[5 + n] != 0 ? cmd[5 + n] : 256;
	return true;
}

static uint16_t
cmd_get_challenge(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	if (cmd->p1 != 0 || cmd->p2 != 0)
		return SW_P1P2;
	if (cmd->lc != 0 || cmd->le == 0 || cmd->le > 256)
		return SW_LENGTH;
	if (RAND_bytes(resp->data, (int)cmd->le) != 1)
		return SW_TROUBLE;
	resp->len = cmd->le;
	return SW_OK;
}

static uint16_t
cmd_get_response(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	struct blob *pending = &card->pending;
	size_t n = cmd->le < pending->len ? cmd->le : pending->len;

	if (pending->len == 0)
		return SW_CONDITIONS;
	if (cmd->lc != 0 || cmd->le == 0)
		return SW_LENGTH;
	memcpy(resp->data, pending->data, n);
	resp->len = n;
	pending->data += n;
	pending->len -= n;
	if (pending->len == 0)
		return SW_OK;
	return SW_MORE | (uint16_t)(pending->len < 256 ? pending->len : 0);
}

/* An iPhone is told with this that the dialogue is over; a card knows it not. */
static uint16_t
cmd_phone_end(struct sim_card *card)
{
	return card->opt.phone_session ? SW_OK : SW_LENGTH;
}

static bool
instruction_known(uint8_t ins, uint8_t *ret_cla)
{
	static const struct { uint8_t cla, ins; } known[] = {
		{ 0x00, 0xa4 }, { 0x00, 0xb0 }, { 0x00, 0x20 }, { 0x00, 0x24 },
		{ 0x00, 0x84 }, { 0x00, 0xca }, { 0x00, 0xc0 }, { 0x80, 0x2a },
		{ 0x80, 0xfc }, { 0x80, 0xa2 }, { 0x80, 0xae },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].ins == ins) {
			*ret_cla = known[i].cla;
			return true;
		}
	return false;
}

/* Logical channels and secure messaging are refused, each in its own way. */
static uint16_t
check_class(uint8_t cla, uint8_t ins)
{
	uint8_t expected;

	if ((cla & 0xc0) == 0x40)
		return SW_CHANNEL;
	if ((cla & 0x60) != 0 || (cla & 0x10) != 0)
		return SW_CLA;
	if ((cla & 0x03) != 0)
		return SW_CHANNEL;
	if ((cla & 0x0c) != 0)
		return ins == 0xb0 && cla == 0x08 ? SW_NO_MESSAGING : SW_MESSAGING;
	if (!instruction_known(ins, &expected))
		return SW_INS;
	return cla == expected ? SW_OK : SW_CLA;
}

static uint16_t
execute(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	uint16_t sw = check_class(cmd->cla, cmd->ins);

	if (sw != SW_OK)
		return sw;
	if (cmd->extended && !card->opt.extended)
		return SW_LENGTH;
	if (cmd->ins != 0xc0)
		card->pending.len = 0;
	switch (cmd->ins) {
	case 0xa4:
		return cmd_select(card, cmd, resp);
	case 0xb0:
		return cmd_read(card, cmd, resp);
	case 0x20:
		return cmd_verify(card, cmd);
	case 0x24:
		return cmd_change(card, cmd);
	case 0x2a:
		return cmd_sign(card, cmd, resp);
	case 0x84:
		return cmd_get_challenge(card, cmd, resp);
	case 0xca:
		return cmd_get_data(card, cmd, resp);
	case 0xc0:
		return cmd_get_response(card, cmd, resp);
	case 0xae:
		return SW_SECURITY;	/* as measured; what it does is not known */
	case 0xa2:
		return SW_LENGTH;	/* likewise, of a terminal's certificate that is none */
	default:
		return cmd_phone_end(card);
	}
}

/* As the card would answer if nothing were wrong with it. */
static uint16_t
answer(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	bool first = card->first;

	card->first = false;
	if (first && card->opt.first_6f00)
		return SW_TROUBLE;
	if (card->fault_now[FAULT_SW])
		return (uint16_t)card->fault_arg[FAULT_SW];
	if (cmd == NULL)
		return SW_LENGTH;
	return execute(card, cmd, resp);
}

static size_t
run(struct sim_card *card, const struct command *cmd, uint8_t *out, size_t cap)
{
	struct response resp = { .data = out, .cap = cap - 2 };
	uint64_t signs = card->stats.signs;
	uint16_t sw = answer(card, cmd, &resp);

	out[resp.len] = (uint8_t)(sw >> 8);
	out[resp.len + 1] = (uint8_t)sw;
	return fault_spoil(card, card->stats.signs != signs, out, resp.len + 2, cap);
}

/* Latency and an injected hang; signing has added its own already. */
static void
add_delay(struct sim_card *card)
{
	card->delay_ms += card->opt.latency;
	if (!card->fault_now[FAULT_HANG])
		return;
	if (card->fault_arg[FAULT_HANG] == SIM_FOREVER)
		card->delay_ms = SIM_FOREVER;
	else
		card->delay_ms += card->fault_arg[FAULT_HANG];
}

size_t
sim_card_transmit(struct sim_card *card, const uint8_t *cmd, size_t len,
    uint8_t *resp, size_t cap)
{
	static uint8_t out[SIM_RESPONSE_MAX];
	struct command parsed;
	const struct command *command = NULL;
	size_t n = 0;

	card->delay_ms = 0;
	if (!card->powered)
		return 0;
	if (parse_command(cmd, len, &parsed))
		command = &parsed;
	trace_command(card, cmd, len);
	card->stats.apdus++;
	card->stats.bytes_in += len;
	fault_next(card, command);
	if (card->fault_now[FAULT_KILL])
		(void)kill((pid_t)card->fault_arg[FAULT_KILL], SIGKILL);
	if (card->fault_now[FAULT_RESET])
		sim_card_reset(card);
	if (!card->fault_now[FAULT_DROP])
		n = run(card, command, out, sizeof out);
	add_delay(card);
	if (card->fault_now[FAULT_DROP] || card->fault_now[FAULT_DROP_AFTER]) {
		leave(card);
		n = 0;
	}
	trace_response(card, out, n);
	if (n > cap)
		return 0;
	memcpy(resp, out, n);
	card->stats.bytes_out += n;
	return n;
}

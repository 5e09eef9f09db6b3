/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the simulated card share. Not for its users. */
#ifndef JPKI_TESTS_SIM_IMPL_H
#define JPKI_TESTS_SIM_IMPL_H

#include <openssl/evp.h>

#include "tests/sim/card.h"

#define COUNT(a)	(sizeof (a) / sizeof (a)[0])

enum {
	SW_OK = 0x9000,
	SW_MORE = 0x6100,		/* | bytes left */
	SW_TRIES = 0x63c0,		/* | tries left */
	SW_MEMORY = 0x6581,
	SW_LENGTH = 0x6700,
	SW_CHANNEL = 0x6881,
	SW_MESSAGING = 0x6882,
	SW_NO_MESSAGING = 0x69fc,	/* measured for CLA 08 alone */
	SW_STRUCTURE = 0x6981,
	SW_SECURITY = 0x6982,
	SW_LOCKED = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_NO_EF = 0x6986,
	SW_DATA = 0x6a80,
	SW_NOT_FOUND = 0x6a82,
	SW_P1P2 = 0x6a86,
	SW_NO_REFERENCE = 0x6a88,
	SW_OFFSET = 0x6b00,
	SW_INS = 0x6d00,
	SW_CLA = 0x6e00,
	SW_TROUBLE = 0x6f00,
};

enum { AUTH, SIGN, PINS };		/* PINs, keys and certificates */

#define PIN_MAX		16

enum sim_ap { AP_NONE, AP_MANAGER, AP_JPKI, AP_OTHER };

enum ef_kind {
	EF_FILE,			/* transparent, can be read */
	EF_PIN,
	EF_KEY,
	EF_OPAQUE,			/* exists, and that is all that is known */
};

struct ef {
	uint16_t id;
	enum ef_kind kind;
	int which;			/* AUTH or SIGN, for PINs and keys */
};

struct command {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t lc;			/* 0: none */
	size_t le;			/* 0: none, else 1 to 65536 */
	size_t len;			/* of the whole command */
	bool extended;
};

struct response {
	uint8_t *data;
	size_t len, cap;		/* without the status word */
};

struct blob {
	uint8_t *data;
	size_t len;
};

struct pin {
	char value[PIN_MAX + 1];
	uint32_t tries;
	bool verified;
};

struct options {
	char profile[16];
	char atr[67];
	char expiry[9];
	char label[33];
	char tail[33];
	char availability[7];
	char auth_ef[12];
	char reset_clears[5];
	char verified_query[6];
	char query_with_le[5];
	char no_sfi[5];
	char fci_data[65];
	uint32_t ef_size, latency, signtime;
	uint16_t locked_query, locked_verify, long_pin, wrong_ef, ief_read, fci;
	bool first_6f00, extended, sign_needs_le, t0, no_auth, no_sign;
	bool auth_cert_needs_pin, manager_absent, others_absent, jpki_absent;
	bool phone_session;
};

enum fault_kind {
	FAULT_DROP, FAULT_DROP_AFTER, FAULT_SW, FAULT_TRUNCATE, FAULT_OVERLONG,
	FAULT_GARBAGE, FAULT_WRONGDATA, FAULT_WRONGSIG, FAULT_HANG,
	FAULT_ACCEPT_ANY_PIN, FAULT_OTHER_CHALLENGE, FAULT_RESET, FAULT_KILL,
	FAULT_KINDS
};

#define FAULTS_MAX	16
#define ANY_INS		0x100

struct fault {
	bool armed, always;
	unsigned ins;			/* or ANY_INS */
	uint64_t countdown;
	enum fault_kind kind;
	uint32_t arg;
};

struct sim_card {
	char *dir;
	struct options opt;
	struct pin pin[PINS];
	EVP_PKEY *key[PINS];
	struct blob cert[PINS], ca[PINS];
	uint8_t *scratch;		/* SIM_RESPONSE_MAX bytes */

	bool opened;			/* changes go to the state file */
	bool pin_since_power;		/* a VERIFY with a PIN came since the power last went */
	bool present, powered, first;
	enum sim_ap ap;
	unsigned ap_index;		/* which of the applications */
	const struct ef *ef;
	struct blob pending;		/* for GET RESPONSE; is in the card */
	uint8_t pending_data[1024];
	uint32_t delay_ms;

	struct fault faults[FAULTS_MAX];
	uint32_t fault_arg[FAULT_KINDS];
	bool fault_now[FAULT_KINDS];	/* for the command at hand */
	struct sim_stats stats;
	FILE *trace;
};

/* options.c */
void options_default(struct sim_card *card);
bool options_load(struct sim_card *card, const char *path, char *err, size_t size);
bool hex_decode(const char *hex, uint8_t *out, size_t cap, size_t *ret_len);

/* state.c: the PINs, their counters, and what they open */
extern const uint32_t pin_tries_max[PINS];
bool state_load(struct sim_card *card, char *err, size_t size);
bool state_save(const struct sim_card *card);
void state_forget(struct sim_card *card);
uint16_t cmd_verify(struct sim_card *card, const struct command *cmd);
uint16_t cmd_change(struct sim_card *card, const struct command *cmd);

/* files.c */
const struct ef *ef_find(const struct sim_card *card, uint16_t id);
/* By P2 (80: the current one, 80|SFI); SW_OK, or why not. */
uint16_t ef_by_p2(struct sim_card *card, uint8_t p2, enum ef_kind kind,
    const struct ef **ret);
uint16_t cmd_select(struct sim_card *card, const struct command *cmd, struct response *resp);
uint16_t cmd_read(struct sim_card *card, const struct command *cmd, struct response *resp);
uint16_t cmd_get_data(struct sim_card *card, const struct command *cmd,
    struct response *resp);

/* sign.c */
uint16_t cmd_sign(struct sim_card *card, const struct command *cmd, struct response *resp);

/* fault.c */
void fault_next(struct sim_card *card, const struct command *cmd);
/* Returns the new length. */
size_t fault_spoil(const struct sim_card *card, bool signed_now, uint8_t *resp,
    size_t len, size_t cap);

/* trace.c */
void trace_command(struct sim_card *card, const uint8_t *cmd, size_t len);
void trace_response(struct sim_card *card, const uint8_t *resp, size_t len);

#endif

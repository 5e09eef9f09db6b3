/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards that break: which fault hits which command, and what it does. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tests/sim/impl.h"

enum arg_type { ARG_NONE, ARG_NUMBER, ARG_STATUS, ARG_TIME, ARG_PID };

static const struct {
	const char *name;
	enum arg_type arg;
	bool optional;
	uint32_t value;			/* if the argument is left out */
} kinds[FAULT_KINDS] = {
	[FAULT_DROP] = { "drop", ARG_NONE, false, 0 },
	[FAULT_DROP_AFTER] = { "drop-after", ARG_NONE, false, 0 },
	[FAULT_SW] = { "sw", ARG_STATUS, false, 0 },
	[FAULT_TRUNCATE] = { "truncate", ARG_NUMBER, false, 0 },
	[FAULT_OVERLONG] = { "overlong", ARG_NUMBER, true, 300 },
	[FAULT_GARBAGE] = { "garbage", ARG_NUMBER, true, 17 },
	[FAULT_WRONGDATA] = { "wrongdata", ARG_NONE, false, 0 },
	[FAULT_WRONGSIG] = { "wrongsig", ARG_NONE, false, 0 },
	[FAULT_HANG] = { "hang", ARG_TIME, false, 0 },
	[FAULT_ACCEPT_ANY_PIN] = { "accept-any-pin", ARG_NONE, false, 0 },
	[FAULT_OTHER_CHALLENGE] = { "sign-other-challenge", ARG_NONE, false, 0 },
	[FAULT_RESET] = { "reset", ARG_NONE, false, 0 },
	[FAULT_KILL] = { "kill", ARG_PID, false, 0 },
};

/* --- arming ---------------------------------------------------------------- */

static bool
parse_uint(const char *text, int base, unsigned long max, unsigned long *ret)
{
	char *end;

	if (text == NULL || strchr("0123456789abcdefABCDEF", *text) == NULL || *text == '\0')
		return false;
	*ret = strtoul(text, &end, base);
	return *end == '\0' && *ret <= max;
}

/* "N" or "*" */
static bool
parse_count(const char *text, struct fault *fault)
{
	unsigned long n;

	fault->always = strcmp(text, "*") == 0;
	if (fault->always)
		return true;
	if (!parse_uint(text, 10, UINT32_MAX, &n) || n == 0)
		return false;
	fault->countdown = n;
	return true;
}

/* "at N", "ins XX[:N]" */
static bool
parse_when(const char *word, char *count, struct fault *fault)
{
	unsigned long ins;
	char *colon;

	if (word == NULL || count == NULL)
		return false;
	if (strcmp(word, "at") == 0) {
		fault->ins = ANY_INS;
		return parse_count(count, fault);
	}
	if (strcmp(word, "ins") != 0)
		return false;
	colon = strchr(count, ':');
	if (colon != NULL)
		*colon++ = '\0';
	if (!parse_uint(count, 16, 0xff, &ins))
		return false;
	fault->ins = (unsigned)ins;
	fault->countdown = 1;
	return colon == NULL || parse_count(colon, fault);
}

static const unsigned long greatest[] = { [ARG_NUMBER] = 65535, [ARG_STATUS] = 0xffff,
	[ARG_TIME] = 3600000, [ARG_PID] = INT32_MAX };

static bool
parse_arg(const char *text, struct fault *fault)
{
	enum arg_type type = kinds[fault->kind].arg;
	unsigned long n;

	if (text == NULL && (type == ARG_NONE || kinds[fault->kind].optional)) {
		fault->arg = kinds[fault->kind].value;
		return true;
	}
	if (text == NULL || type == ARG_NONE)
		return false;
	if (type == ARG_TIME && strcmp(text, "forever") == 0)
		n = SIM_FOREVER;
	else if (!parse_uint(text, type == ARG_STATUS ? 16 : 10, greatest[type], &n) ||
	    (type == ARG_PID && n < 2))
		return false;
	fault->arg = (uint32_t)n;
	return true;
}

static bool
parse_kind(const char *word, struct fault *fault)
{
	for (size_t i = 0; word != NULL && i < FAULT_KINDS; i++)
		if (strcmp(kinds[i].name, word) == 0) {
			fault->kind = (enum fault_kind)i;
			return true;
		}
	return false;
}

static struct fault *
free_slot(struct sim_card *card)
{
	for (size_t i = 0; i < FAULTS_MAX; i++)
		if (!card->faults[i].armed)
			return &card->faults[i];
	return NULL;
}

bool
sim_card_fault(struct sim_card *card, const char *text, char *err, size_t size)
{
	struct fault fault = { .armed = true }, *slot = free_slot(card);
	char copy[128], *save = NULL, *word, *count;

	snprintf(copy, sizeof copy, "%s", text);
	word = strtok_r(copy, " ", &save);
	if (word != NULL && strcmp(word, "clear") == 0) {
		memset(card->faults, 0, sizeof card->faults);
		return true;
	}
	count = strtok_r(NULL, " ", &save);
	if (!parse_when(word, count, &fault))
		snprintf(err, size, "when? at N | at * | ins XX[:N] | ins XX:*");
	else if (!parse_kind(strtok_r(NULL, " ", &save), &fault))
		snprintf(err, size, "which fault?");
	else if (!parse_arg(strtok_r(NULL, " ", &save), &fault) ||
	    strtok_r(NULL, " ", &save) != NULL)
		snprintf(err, size, "%s: wrong argument", kinds[fault.kind].name);
	else if (slot == NULL)
		snprintf(err, size, "too many faults armed");
	else {
		*slot = fault;
		return true;
	}
	return false;
}

/* --- happening ------------------------------------------------------------- */

/* Decides what befalls the command that has just come in. */
void
fault_next(struct sim_card *card, const struct command *cmd)
{
	memset(card->fault_now, 0, sizeof card->fault_now);
	for (size_t i = 0; i < FAULTS_MAX; i++) {
		struct fault *f = &card->faults[i];

		if (!f->armed || (f->ins != ANY_INS && (cmd == NULL || f->ins != cmd->ins)))
			continue;
		if (!f->always && --f->countdown > 0)
			continue;
		f->armed = f->always;
		card->fault_now[f->kind] = true;
		card->fault_arg[f->kind] = f->arg;
		card->stats.faults++;
	}
}

static void
flip(uint8_t *resp, size_t len)
{
	if (len > 2)
		resp[(len - 2) / 2] ^= 0x10;
}

/* Data of that many bytes in all, the status word moved to its end. */
static size_t
stretch(uint8_t *resp, size_t len, size_t wanted, size_t cap)
{
	uint8_t sw[2];

	if (wanted > cap || wanted < len || len < 2)
		return len;
	memcpy(sw, resp + len - 2, 2);
	memset(resp + len - 2, 0xa5, wanted - len);
	memcpy(resp + wanted - 2, sw, 2);
	return wanted;
}

/* 6XXX and 9XXX are status words (ISO 7816-4): by chance, as 6CXX, one could ask for the command again. */
static void
end_in_no_status_word(uint8_t *resp, size_t len)
{
	if (len >= 2 && ((resp[len - 2] & 0xf0) == 0x60 || (resp[len - 2] & 0xf0) == 0x90))
		resp[len - 2] ^= 0x80;
}

size_t
fault_spoil(const struct sim_card *card, bool signed_now, uint8_t *resp, size_t len,
    size_t cap)
{
	const bool *now = card->fault_now;
	const uint32_t *arg = card->fault_arg;

	if (now[FAULT_WRONGDATA] || (now[FAULT_WRONGSIG] && signed_now))
		flip(resp, len);
	if (now[FAULT_OVERLONG])
		len = stretch(resp, len, arg[FAULT_OVERLONG], cap);
	if (now[FAULT_GARBAGE] && arg[FAULT_GARBAGE] <= cap &&
	    RAND_bytes(resp, (int)arg[FAULT_GARBAGE]) == 1) {
		len = arg[FAULT_GARBAGE];
		end_in_no_status_word(resp, len);
	}
	if (now[FAULT_TRUNCATE] && arg[FAULT_TRUNCATE] < len) {
		len = arg[FAULT_TRUNCATE];
		end_in_no_status_word(resp, len);
	}
	return len;
}

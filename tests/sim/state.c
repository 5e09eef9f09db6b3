/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PINs: their values and counters in the state file, and the commands
 * that use them. A counter is on the disk before the answer is on its way, as
 * pulling the card must not give a try back.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/impl.h"

const uint32_t pin_tries_max[PINS] = { [AUTH] = 3, [SIGN] = 5 };

static const char *const pin_names[PINS] = { [AUTH] = "auth", [SIGN] = "sign" };

static bool
state_path(const struct sim_card *card, const char *suffix, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/state%s", card->dir, suffix);

	return n > 0 && (size_t)n < size;
}

/* --- the file -------------------------------------------------------------- */

static bool
state_parse(struct sim_card *card, FILE *f)
{
	char name[8], value[PIN_MAX + 1], err[SIM_ERROR_MAX], key[16];
	unsigned tries;
	int found = 0;

	while (fscanf(f, "%7s %16s %u\n", name, value, &tries) == 3) {
		char number[12];

		snprintf(number, sizeof number, "%u", tries);
		snprintf(key, sizeof key, "%s-pin", name);
		if (!sim_card_set(card, key, value, err, sizeof err))
			return false;
		snprintf(key, sizeof key, "%s-tries", name);
		if (!sim_card_set(card, key, number, err, sizeof err))
			return false;
		found++;
	}
	return found == PINS && feof(f);
}

/* A card without a state file is fresh from the municipality. */
bool
state_load(struct sim_card *card, char *err, size_t size)
{
	char path[4096];
	bool good;
	FILE *f;

	if (!state_path(card, "", path, sizeof path)) {
		snprintf(err, size, "%s: name too long", card->dir);
		return false;
	}
	f = fopen(path, "re");
	if (f == NULL && errno == ENOENT)
		return true;
	if (f == NULL) {
		snprintf(err, size, "%s: %s", path, strerror(errno));
		return false;
	}
	good = state_parse(card, f);
	if (!good)
		snprintf(err, size, "%s: damaged; remove it for a fresh card", path);
	fclose(f);
	return good;
}

static bool
state_write(const struct sim_card *card, int fd)
{
	char text[128];
	int n = 0;

	for (int i = 0; i < PINS; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s %s %lu\n", pin_names[i],
		    card->pin[i].value, (unsigned long)card->pin[i].tries);
	return write(fd, text, (size_t)n) == n && fsync(fd) == 0;
}

bool
state_save(const struct sim_card *card)
{
	char path[4096], temporary[4096];
	bool good;
	int fd;

	if (!state_path(card, "", path, sizeof path) ||
	    !state_path(card, ".new", temporary, sizeof temporary))
		return false;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	good = state_write(card, fd);
	if (close(fd) != 0)
		good = false;
	return good && rename(temporary, path) == 0;
}

void
state_forget(struct sim_card *card)
{
	for (int i = 0; i < PINS; i++)
		card->pin[i].verified = false;
}

/* --- VERIFY ---------------------------------------------------------------- */

static uint16_t
pin_query(const struct sim_card *card, const struct pin *pin)
{
	if (pin->tries == 0)
		return card->opt.locked_query;
	if (pin->verified && strcmp(card->opt.verified_query, "9000") == 0)
		return SW_OK;
	return SW_TRIES | (uint16_t)pin->tries;
}

/* Right or wrong, the file first; a card that cannot count does not answer. */
static uint16_t
pin_settle(struct sim_card *card, int which, bool right)
{
	struct pin *pin = &card->pin[which];
	uint32_t before = pin->tries;

	pin->tries = right ? pin_tries_max[which] : before - 1;
	pin->verified = false;
	if (pin->tries != before && !state_save(card)) {
		pin->tries = before;
		return SW_MEMORY;
	}
	pin->verified = right;
	return right ? SW_OK : SW_TRIES | (uint16_t)pin->tries;
}

static bool
pin_matches(const struct pin *pin, const struct command *cmd)
{
	return cmd->lc == strlen(pin->value) && memcmp(cmd->data, pin->value, cmd->lc) == 0;
}

/* On T=1 the query has four bytes, and a fifth is refused. On T=0 it always has P3. */
static bool
is_query(const struct sim_card *card, const struct command *cmd)
{
	bool with_le = strcmp(card->opt.query_with_le, "auto") == 0 ? card->opt.t0 :
	    strcmp(card->opt.query_with_le, "yes") == 0;

	return cmd->len == 4 || (with_le && cmd->len == 5 && cmd->le == 256);
}

uint16_t
cmd_verify(struct sim_card *card, const struct command *cmd)
{
	const struct ef *ef;
	struct pin *pin;
	uint16_t sw;

	if (cmd->p1 != 0)
		return SW_P1P2;
	sw = ef_by_p2(card, cmd->p2, EF_PIN, &ef);
	if (sw != SW_OK)
		return sw;
	pin = &card->pin[ef->which];
	if (cmd->lc == 0) {
		if (!is_query(card, cmd))
			return SW_LENGTH;
		card->stats.queries++;
		return pin_query(card, pin);
	}
	card->stats.verifies++;
	card->pin_since_power = true;
	if (cmd->lc > PIN_MAX)
		return card->opt.long_pin;
	if (card->fault_now[FAULT_ACCEPT_ANY_PIN]) {
		pin->verified = true;
		return SW_OK;
	}
	if (pin->tries == 0)
		return card->opt.locked_verify;
	return pin_settle(card, ef->which, pin_matches(pin, cmd));
}

/* --- CHANGE REFERENCE DATA ------------------------------------------------- */

static bool
new_pin_allowed(int which, size_t len)
{
	return which == AUTH ? len == 4 : len >= 6 && len <= PIN_MAX;
}

uint16_t
cmd_change(struct sim_card *card, const struct command *cmd)
{
	const struct ef *ef;
	struct pin *pin, before;
	uint16_t sw;

	if (cmd->p1 != 1)
		return SW_P1P2;
	sw = ef_by_p2(card, cmd->p2, EF_PIN, &ef);
	if (sw != SW_OK)
		return sw;
	pin = &card->pin[ef->which];
	if (!pin->verified)
		return SW_SECURITY;
	if (cmd->lc == 0)
		return SW_LENGTH;
	if (!new_pin_allowed(ef->which, cmd->lc))
		return SW_DATA;
	before = *pin;
	memset(pin->value, 0, sizeof pin->value);
	memcpy(pin->value, cmd->data, cmd->lc);
	if (!state_save(card)) {
		*pin = before;
		return SW_MEMORY;
	}
	return SW_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/impl.h"

enum option_type { BOOL, NUMBER, WORD, STATUS, HEX };

struct option {
	const char *name;
	enum option_type type;
	size_t offset, size;
	const char *value;		/* default */
	const char *choices;		/* for WORD: separated by spaces; or NULL */
};

#define FIELD(f)	offsetof(struct options, f), sizeof ((struct options *)0)->f

#define ATR_CONTACTLESS	"3B888001000041E0B381A1003B"
#define ATR_JUKI	"3B888001000014E0B38191005E"
#define ATR_LICENCE	"3B888001000000009181C100D8"

#define PROFILES	"mynumber child faceauth locked lasttry juki nojpki " \
			"phone-android phone-iphone"

static const struct option option_table[] = {
	{ "profile", WORD, FIELD(profile), "mynumber", PROFILES },
	{ "atr", HEX, FIELD(atr), ATR_CONTACTLESS, NULL },
	{ "expiry", WORD, FIELD(expiry), "20331103", NULL },
	{ "label", WORD, FIELD(label), "JPKIAPICCTOKEN2", NULL },
	{ "tail", WORD, FIELD(tail), "", NULL },
	{ "availability", HEX, FIELD(availability), "8F8F00", NULL },
	{ "auth-ef", WORD, FIELD(auth_ef), "normal",
	  "normal truncated head ff empty huge absent" },
	{ "reset-clears", WORD, FIELD(reset_clears), "auto", "auto yes no" },
	{ "verified-query", WORD, FIELD(verified_query), "count", "count 9000" },
	{ "query-with-le", WORD, FIELD(query_with_le), "auto", "auto yes no" },
	{ "no-sfi", WORD, FIELD(no_sfi), "no", NULL },
	{ "ef-size", NUMBER, FIELD(ef_size), "3808", NULL },
	{ "latency", NUMBER, FIELD(latency), "0", NULL },
	{ "signtime", NUMBER, FIELD(signtime), "0", NULL },
	{ "locked-query", STATUS, FIELD(locked_query), "63C0", NULL },
	{ "locked-verify", STATUS, FIELD(locked_verify), "6984", NULL },
	{ "long-pin", STATUS, FIELD(long_pin), "6700", NULL },
	{ "wrong-ef", STATUS, FIELD(wrong_ef), "6985", NULL },
	{ "ief-read", STATUS, FIELD(ief_read), "6981", NULL },
	{ "fci", STATUS, FIELD(fci), "9000", NULL },
	{ "fci-data", HEX, FIELD(fci_data), "", NULL },
	{ "first-6f00", BOOL, FIELD(first_6f00), "no", NULL },
	{ "extended", BOOL, FIELD(extended), "yes", NULL },
	{ "sign-needs-le", BOOL, FIELD(sign_needs_le), "no", NULL },
	{ "t0", BOOL, FIELD(t0), "no", NULL },
	{ "no-auth", BOOL, FIELD(no_auth), "no", NULL },
	{ "no-sign", BOOL, FIELD(no_sign), "no", NULL },
	{ "auth-cert-needs-pin", BOOL, FIELD(auth_cert_needs_pin), "no", NULL },
	{ "manager-absent", BOOL, FIELD(manager_absent), "no", NULL },
	{ "others-absent", BOOL, FIELD(others_absent), "no", NULL },
	{ "jpki-absent", BOOL, FIELD(jpki_absent), "no", NULL },
	{ "phone-session", BOOL, FIELD(phone_session), "no", NULL },
};

/* What a profile changes; the last two names are live state, not options. */
static const struct { const char *profile, *key, *value; } presets[] = {
	{ "child", "no-sign", "yes" },
	{ "child", "availability", "008F00" },
	{ "faceauth", "no-sign", "yes" },
	{ "faceauth", "availability", "008F00" },
	{ "faceauth", "auth-tries", "0" },
	{ "locked", "auth-tries", "0" },
	{ "lasttry", "auth-tries", "1" },
	{ "juki", "atr", ATR_JUKI },
	{ "juki", "label", "JPKIAPICCTOKEN" },
	{ "juki", "no-auth", "yes" },
	{ "juki", "availability", "8F0000" },
	{ "nojpki", "atr", ATR_LICENCE },
	{ "nojpki", "jpki-absent", "yes" },
	{ "nojpki", "others-absent", "yes" },
	{ "nojpki", "manager-absent", "yes" },
	{ "phone-android", "label", "JPKIAPGPSETOKEN" },
	{ "phone-android", "auth-cert-needs-pin", "yes" },
	{ "phone-android", "manager-absent", "yes" },
	{ "phone-android", "others-absent", "yes" },
	{ "phone-iphone", "label", "JPKIAPIOSTOKEN" },
	{ "phone-iphone", "auth-cert-needs-pin", "yes" },
	{ "phone-iphone", "manager-absent", "yes" },
	{ "phone-iphone", "others-absent", "yes" },
	{ "phone-iphone", "phone-session", "yes" },
};

static const struct option *
find_option(const char *name)
{
	for (size_t i = 0; i < COUNT(option_table); i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

/* --- values ---------------------------------------------------------------- */

bool
hex_decode(const char *hex, uint8_t *out, size_t cap, size_t *ret_len)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	size_t len = strlen(hex) / 2;

	if (strlen(hex) % 2 != 0 || len > cap)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *high = strchr(digits, hex[2 * i]);
		const char *low = strchr(digits, hex[2 * i + 1]);

		if (high == NULL || low == NULL)
			return false;
		out[i] = (uint8_t)(((high - digits) % 16) << 4 | (low - digits) % 16);
	}
	*ret_len = len;
	return true;
}

static bool
parse_number(const char *text, int base, unsigned long max, unsigned long *ret)
{
	unsigned long n;
	char *end;

	/* strtoul takes signs and blanks, too */
	if (strchr("0123456789abcdefABCDEF", text[0]) == NULL || text[0] == '\0')
		return false;
	errno = 0;
	n = strtoul(text, &end, base);
	if (errno != 0 || *end != '\0' || n > max)
		return false;
	*ret = n;
	return true;
}

/* Whether the word is one of a list separated by spaces. */
static bool
word_in(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *p = list; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " "))
		if (strcspn(p, " ") == len && strncmp(p, word, len) == 0)
			return true;
	return false;
}

static bool
store_text(void *field, const struct option *option, const char *value)
{
	uint8_t bytes[32];
	size_t len;

	if (strlen(value) >= option->size)
		return false;
	if (option->choices != NULL && !word_in(value, option->choices))
		return false;
	if (option->type == HEX && !hex_decode(value, bytes, sizeof bytes, &len))
		return false;
	memset(field, 0, option->size);
	memcpy(field, value, strlen(value));
	return true;
}

static bool
store(struct options *opt, const struct option *option, const char *value)
{
	void *field = (char *)opt + option->offset;
	unsigned long n;

	switch (option->type) {
	case BOOL:
		if (!word_in(value, "yes no"))
			return false;
		*(bool *)field = value[0] == 'y';
		return true;
	case NUMBER:
		if (!parse_number(value, 10, 3600000, &n))
			return false;
		*(uint32_t *)field = (uint32_t)n;
		return true;
	case STATUS:
		if (strlen(value) != 4 || !parse_number(value, 16, 0xffff, &n))
			return false;
		*(uint16_t *)field = (uint16_t)n;
		return true;
	case WORD:
	case HEX:
		return store_text(field, option, value);
	}
	return false;
}

static void
print(const struct options *opt, const struct option *option, char *value, size_t size)
{
	const void *field = (const char *)opt + option->offset;

	switch (option->type) {
	case BOOL:
		snprintf(value, size, "%s", *(const bool *)field ? "yes" : "no");
		break;
	case NUMBER:
		snprintf(value, size, "%lu", (unsigned long)*(const uint32_t *)field);
		break;
	case STATUS:
		snprintf(value, size, "%04X", *(const uint16_t *)field);
		break;
	case WORD:
	case HEX:
		snprintf(value, size, "%s", (const char *)field);
		break;
	}
}

/* --- live state ------------------------------------------------------------ */

static bool
set_pin(struct sim_card *card, int which, const char *value)
{
	if (value[0] == '\0' || strlen(value) > PIN_MAX)
		return false;
	memset(card->pin[which].value, 0, sizeof card->pin[which].value);
	memcpy(card->pin[which].value, value, strlen(value));
	return true;
}

static bool
set_tries(struct sim_card *card, int which, const char *value)
{
	unsigned long n;

	if (!parse_number(value, 10, pin_tries_max[which], &n))
		return false;
	card->pin[which].tries = (uint32_t)n;
	return true;
}

/* A PIN is verified only while its application is selected on a live card. */
static bool
set_verified(struct sim_card *card, const char *value)
{
	if (!word_in(value, "none auth sign auth,sign") || !card->powered)
		return false;
	if (strcmp(value, "none") != 0 && card->ap != AP_JPKI) {
		card->ap = AP_JPKI;
		card->ap_index = 0;
		card->ef = NULL;
	}
	card->pin[AUTH].verified = strncmp(value, "auth", 4) == 0;
	card->pin[SIGN].verified = strstr(value, "sign") != NULL;
	return true;
}

/* Sets *ret_known if there is such a key at all. */
static bool
set_live(struct sim_card *card, const char *key, const char *value, bool *ret_known)
{
	static const char *const pins[PINS] = { "auth-pin", "sign-pin" };
	static const char *const tries[PINS] = { "auth-tries", "sign-tries" };

	*ret_known = true;
	for (int i = 0; i < PINS; i++) {
		bool is_pin = strcmp(key, pins[i]) == 0;

		if (!is_pin && strcmp(key, tries[i]) != 0)
			continue;
		return (is_pin ? set_pin : set_tries)(card, i, value) &&
		    (!card->opened || state_save(card));
	}
	if (strcmp(key, "verified") == 0)
		return set_verified(card, value);
	*ret_known = false;
	return false;
}

static bool
get_live(const struct sim_card *card, const char *key, char *value, size_t size)
{
	static const char *const aps[] = { "none", "manager", "jpki", "other" };
	static const char *const verified[] = { "none", "auth", "sign", "auth,sign" };

	if (strcmp(key, "auth-pin") == 0)
		snprintf(value, size, "%s", card->pin[AUTH].value);
	else if (strcmp(key, "sign-pin") == 0)
		snprintf(value, size, "%s", card->pin[SIGN].value);
	else if (strcmp(key, "auth-tries") == 0)
		snprintf(value, size, "%lu", (unsigned long)card->pin[AUTH].tries);
	else if (strcmp(key, "sign-tries") == 0)
		snprintf(value, size, "%lu", (unsigned long)card->pin[SIGN].tries);
	else if (strcmp(key, "verified") == 0)
		snprintf(value, size, "%s",
		    verified[card->pin[AUTH].verified + 2 * card->pin[SIGN].verified]);
	else if (strcmp(key, "pin-since-power") == 0)
		snprintf(value, size, "%s", card->pin_since_power ? "yes" : "no");
	else if (strcmp(key, "powered") == 0)
		snprintf(value, size, "%s", card->powered ? "yes" : "no");
	else if (strcmp(key, "present") == 0)
		snprintf(value, size, "%s", card->present ? "yes" : "no");
	else if (strcmp(key, "ap") == 0)
		snprintf(value, size, "%s", aps[card->ap]);
	else if (strcmp(key, "ef") == 0 && card->ef == NULL)
		snprintf(value, size, "none");
	else if (strcmp(key, "ef") == 0)
		snprintf(value, size, "%04X", card->ef->id);
	else
		return false;
	return true;
}

/* --- for everybody --------------------------------------------------------- */

static void
apply_profile(struct sim_card *card)
{
	char err[SIM_ERROR_MAX];

	for (size_t i = 0; i < COUNT(presets); i++)
		if (strcmp(presets[i].profile, card->opt.profile) == 0)
			(void)sim_card_set(card, presets[i].key, presets[i].value,
			    err, sizeof err);
}

void
options_default(struct sim_card *card)
{
	for (size_t i = 0; i < COUNT(option_table); i++)
		(void)store(&card->opt, &option_table[i], option_table[i].value);
}

bool
sim_card_set(struct sim_card *card, const char *key, const char *value,
    char *err, size_t size)
{
	const struct option *option = find_option(key);
	bool known = option != NULL;
	bool done;

	if (known)
		done = store(&card->opt, option, value);
	else
		done = set_live(card, key, value, &known);
	if (!known)
		snprintf(err, size, "%s: no such option", key);
	else if (!done && strcmp(key, "verified") == 0 && !card->powered)
		snprintf(err, size, "verified: the card is not powered");
	else if (!done)
		snprintf(err, size, "%s: cannot be \"%s\"", key, value);
	else if (strcmp(key, "profile") == 0)
		apply_profile(card);
	return done;
}

bool
sim_card_get(const struct sim_card *card, const char *key, char *value, size_t size)
{
	const struct option *option = find_option(key);

	if (option == NULL)
		return get_live(card, key, value, size);
	print(&card->opt, option, value, size);
	return true;
}

/* --- card.conf ------------------------------------------------------------- */

static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL)
		s[--len] = '\0';
	return s;
}

/* One line; only the profile, or only everything else. */
static bool
load_line(struct sim_card *card, char *line, bool profile, char *err, size_t size)
{
	char *key, *value;

	line[strcspn(line, "#\n")] = '\0';
	key = trim(line);
	if (*key == '\0')
		return true;
	value = strchr(key, '=');
	if (value == NULL) {
		snprintf(err, size, "\"%s\" is not KEY = VALUE", key);
		return false;
	}
	*value++ = '\0';
	key = trim(key);
	if ((strcmp(key, "profile") == 0) != profile)
		return true;
	return sim_card_set(card, key, trim(value), err, size);
}

bool
options_load(struct sim_card *card, const char *path, char *err, size_t size)
{
	char line[256], why[SIM_ERROR_MAX / 2];
	FILE *f = fopen(path, "re");
	bool good = true;

	if (f == NULL) {
		snprintf(err, size, "%s: %s", path, strerror(errno));
		return false;
	}
	/* The profile first: whatever else is said wins over it. */
	for (int pass = 0; pass < 2 && good; pass++) {
		rewind(f);
		while (good && fgets(line, sizeof line, f) != NULL)
			good = load_line(card, line, pass == 0, why, sizeof why);
	}
	if (!good)
		snprintf(err, size, "%s: %s", path, why);
	fclose(f);
	return good;
}

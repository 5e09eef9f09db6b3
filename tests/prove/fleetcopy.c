/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config/fleetcopy: the state of an organization's copy, and its blocks, as a login reads them. Any state is refused, or
 * has each key once, with the number that is written there; a name is not blocked only if the system says that it is not
 * there.
 *
 * Included: config/fleetcopy.c
 * Source: lib/buf.c lib/outcome.c
 * Bound: lines of 6 characters with keys of 1 and numbers of 2; states of 5 bytes; every age
 * Entry: any_line any_state any_age any_name
 * Unwind: 8
 * Smaller: config/fleetcopy.h: #define FLEETCOPY_STATE_MAX 4096 -> #define FLEETCOPY_STATE_MAX 5
 * Smaller: config/fleetcopy.c: { "time", "generation", "enrolled", "blocked" } -> { "t", "g", "e", "b" }
 * Smaller: config/fleetcopy.c: #define NUMBER_DIGITS_MAX 18 -> #define NUMBER_DIGITS_MAX 2
 * Apart: config/fleetcopy.c: read_state_line(char *line,
 * Define: strtoll=decimal
 * Define: memcpy=copy_bytes
 * Define: strspn=span_of_digits
 * Define: strtok_r=next_word
 * Defect: [any_state] config/fleetcopy.c: if (text.len >= sizeof copy || -> if (text.len > sizeof copy ||
 * Defect: [any_line] config/fleetcopy.c: state_keys[i]) == 0 && !seen[i]) { -> state_keys[i]) == 0) {
 * Defect: [any_line] config/fleetcopy.c: len > NUMBER_DIGITS_MAX || strspn(text, DIGITS) != len -> len > NUMBER_DIGITS_MAX
 * Defect: [any_line] config/fleetcopy.c: number == NULL || strtok_r(NULL, " \t", &rest) != NULL) -> number == NULL)
 * Defect: [any_age] config/fleetcopy.c: time <= now + FLEETCOPY_AHEAD_S && now - time <= most -> now - time <= most
 * Defect: [any_name] config/fleetcopy.c: if (errno == ENOENT) -> if (errno == ENOENT || errno == EACCES)
 */
#include "tests/prove/prove.h"

/* In place of what is proved apart. */
static bool read_state_line(char *line, int64_t *values, bool *seen);

#include "config/fleetcopy.c"

/* strtoll(3), for digits that are there. */
long long
decimal(const char *text, char **end, int base)
{
	long long n = 0;

	promise(end == NULL && base == 10);
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* strspn(3) of digits. */
size_t
span_of_digits(const char *text, const char *set)
{
	size_t n = 0;

	promise(set[0] == '0' && set[9] == '9' && set[10] == '\0');
	while (text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

/* strtok_r(3) of words between blanks. */
char *
next_word(char *text, const char *set, char **rest)
{
	char *word = text != NULL ? text : *rest, *end;

	promise(set[0] == ' ' && set[1] == '\t' && set[2] == '\0');
	while (*word == ' ' || *word == '\t')
		word++;
	for (end = word; *end != '\0' && *end != ' ' && *end != '\t';)
		end++;
	*rest = *end != '\0' ? end + 1 : end;
	if (*end != '\0')
		*end = '\0';
	return word != end ? word : NULL;
}

void
log_msg(const struct log *log, int priority, const char *format, ...)
{
	(void)log;
	promise(priority >= LOG_ERR && priority <= LOG_DEBUG && format != NULL);
}

const char *
log_name(const char *value, char text[static LOG_NAME_MAX])
{
	promise(value != NULL && __CPROVER_w_ok(text, LOG_NAME_MAX));
	return text;
}

/* --- the state --------------------------------------------------------------------------- */

#define LINE 7

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
skip_blanks(const char *text, size_t at)
{
	while (is_blank(text[at]))
		at++;
	return at;
}

/* Reads a line a second time. False: it is not understood. *ret_key: '\0' if the line has no key. */
static bool
understand(const char *line, char *ret_key, int64_t *ret)
{
	size_t at = skip_blanks(line, 0), digits = 0;

	*ret_key = line[at] == '#' ? '\0' : line[at];
	if (*ret_key == '\0')
		return true;
	if (strchr("tgeb", line[at]) == NULL || !is_blank(line[at + 1]))
		return false;
	at = skip_blanks(line, at + 1);
	for (*ret = 0; is_digit(line[at]) && digits < 3; digits++)
		*ret = *ret * 10 + line[at++] - '0';
	at = skip_blanks(line, at);
	return digits > 0 && digits <= NUMBER_DIGITS_MAX && (line[at] == '\0' || line[at] == '#');
}

void
any_line(void)
{
	char letters[LINE], copy[LINE], *line, key;
	int64_t values[KEYS] = { -7, -7, -7, -7 }, number;
	bool seen[KEYS], before[KEYS], ok;

	for (size_t i = 0; i < LINE; i++)
		letters[i] = (char)nondet_u8();
	line = any_string(letters, LINE);
	for (size_t i = 0; i == 0 || line[i - 1] != '\0'; i++)
		copy[i] = line[i];
	for (size_t i = 0; i < KEYS; i++)
		before[i] = seen[i] = nondet_bool();
	ok = whole_read_state_line(line, values, seen);
	if (!understand(copy, &key, &number)) {
		promise(!ok);
		return;
	}
	for (size_t i = 0; i < KEYS; i++)
		if (key == state_keys[i][0])
			promise(before[i] ? !ok : ok && seen[i] && values[i] == number);
		else
			promise(seen[i] == before[i] && values[i] == -7);
	promise(key != '\0' || ok);
}

#define STATE (FLEETCOPY_STATE_MAX + 1)

static char bytes[STATE];
static size_t at, end;
static bool refused;
static int64_t put[KEYS];
static bool has[KEYS];

/* Each line, in order; it has any of the keys. */
static bool
read_state_line(char *line, int64_t *values, bool *seen)
{
	const size_t key = nondet_size();

	promise(!refused && at <= end);
	for (; at < end && bytes[at] != '\n'; at++)
		promise(*line++ == bytes[at]);
	promise(*line == '\0');
	at++;
	if (key < KEYS) {
		seen[key] = has[key] = true;
		values[key] = put[key] = nondet_u8();
	}
	refused = nondet_bool();
	return !refused;
}

void
any_state(void)
{
	const size_t len = nondet_size();
	struct fleetcopy_state state;
	bool has_nul = false;

	assume(len <= STATE);
	at = STATE - len;
	end = STATE;
	for (size_t i = 0; i < STATE; i++) {
		bytes[i] = (char)nondet_u8();
		has_nul = has_nul || (i >= at && bytes[i] == '\0');
	}
	if (!fleetcopy_read_state((struct view){ (const uint8_t *)LAST_OF(bytes, len), len }, &state)) {
		promise(len > FLEETCOPY_STATE_MAX || has_nul || refused || !has[KEY_TIME]);
		return;
	}
	promise(len <= FLEETCOPY_STATE_MAX && !has_nul && !refused && at == end + 1 && has[KEY_TIME] && state.time == put[KEY_TIME]);
	promise(state.generation == (has[KEY_GENERATION] ? put[KEY_GENERATION] : 0));
	promise(state.enrolled == (has[KEY_ENROLLED] ? put[KEY_ENROLLED] : -1));
	promise(state.blocked == (has[KEY_BLOCKED] ? put[KEY_BLOCKED] : -1));
}

/* --- its age ----------------------------------------------------------------------------- */

void
any_age(void)
{
	static struct conf conf;
	int64_t time = (int64_t)nondet_u64(), now = nondet_u32();
	bool stale;

	assume(time >= 0 && time < 1000000000000000000);
	conf.fleet_max_age = nondet_u32();
	stale = is_stale(&conf, time, now, NULL);
	promise(stale || conf.fleet_max_age == 0 || time + (int64_t)conf.fleet_max_age * 60 >= now);
	promise(stale || conf.fleet_max_age == 0 || time <= now + FLEETCOPY_AHEAD_S);
	(void)!fleetcopy_is_late(&conf, time, now);
}

/* --- its blocks -------------------------------------------------------------------------- */

static int looked_up;

int
fstatat(int fd, const char *restrict name, struct stat *restrict st, int flags)
{
	promise(fd >= 0 && name[0] == 'n' && __CPROVER_w_ok(st, sizeof *st) && flags == AT_SYMLINK_NOFOLLOW);
	looked_up = nondet_int();
	assume(looked_up >= 0);
	errno = looked_up;
	return looked_up == 0 ? 0 : -1;
}

void
any_name(void)
{
	struct fleetcopy copy = { .condition = nondet_u8() % 4, .dir = "d", .blocked_fd = nondet_bool() ? 3 : -1 };
	struct outcome o = fleetcopy_check(&copy, "n");

	promise(o.status == OUTCOME_OK || o.status == OUTCOME_FLEET || o.status == OUTCOME_FLEET_BLOCKED);
	if (copy.condition == FLEETCOPY_NONE)
		promise(o.status == OUTCOME_OK);
	else if (copy.blocked_fd < 0)
		promise(o.status == OUTCOME_FLEET);
	else
		promise((o.status == OUTCOME_OK) == (looked_up == ENOENT) && (o.status == OUTCOME_FLEET_BLOCKED) == (looked_up == 0));
}

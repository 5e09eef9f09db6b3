/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/memory: what the writer of the copy remembers. Any stamp is refused or taken as it is written. A table finds
 * exactly what was put in, and stays sorted.
 *
 * Included: tools/fleet/memory.c
 * Source: lib/buf.c
 * Bound: stamps of 6 characters; tables of 2 entries with keys of 2 characters
 * Entry: any_stamp any_table
 * Unwind: 11
 * Unwindset: place_of.0:3
 * Smaller: nss/cert.h: #define CERT_FINGERPRINT_LEN 64 -> #define CERT_FINGERPRINT_LEN 1
 * Smaller: flow/usercerts.h: #define USERCERTS_MAX 8 -> #define USERCERTS_MAX 1
 * Smaller: config/userfile.h: #define USERFILE_USER_MAX 251 -> #define USERFILE_USER_MAX 3
 * Smaller: tools/fleet/rules.h: #define FLEET_NAME_MAX 128 -> #define FLEET_NAME_MAX 3
 * Smaller: tools/fleet/memory.h: #define MEMORY_ENTRIES_MAX 200000 -> #define MEMORY_ENTRIES_MAX 2
 * Apart: tools/fleet/memory.c: make_room(struct memory_table *t)
 * Define: strsep=next_part
 * Define: memmove=move_up
 * Defect: [any_stamp] tools/fleet/memory.c: if (next != NULL || !fleetcopy_read_number(s, &number[0])) -> if (!fleetcopy_read_number(s, &number[0]))
 * Defect: [any_stamp] tools/fleet/memory.c: || number[1] > 999999 || -> ||
 * Defect: [any_table] tools/fleet/memory.c: (t->count - i) * sizeof t->at[0]); -> (t->count - i + 1) * sizeof t->at[0]);
 * Defect: [any_table] tools/fleet/memory.c: low = middle + 1; -> low = middle + 2;
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/prove/prove.h"
#include "tools/fleet/memory.h"

/* In place of the one that asks for memory. */
static bool make_room(struct memory_table *t);

#include "tools/fleet/memory.c"

/* strsep(3) of parts between one character. */
char *
next_part(char **rest, const char *set)
{
	char *part = *rest, *end;

	promise(set[0] != '\0' && set[1] == '\0');
	if (part == NULL)
		return NULL;
	for (end = part; *end != '\0' && *end != set[0];)
		end++;
	*rest = *end != '\0' ? end + 1 : NULL;
	*end = '\0';
	return part;
}

/* config/fleetcopy.c, with any number for a text of digits. */
static int64_t numbers[4];
static size_t number_count;

bool
fleetcopy_read_number(const char *text, int64_t *ret)
{
	size_t n = 0;

	if (text == NULL)
		return false;
	while (text[n] >= '0' && text[n] <= '9')
		n++;
	if (n == 0 || text[n] != '\0')
		return false;
	promise(number_count < 4);
	*ret = numbers[number_count++] = (int64_t)(nondet_u64() >> 4);
	return true;
}

/* Any string in the last bytes of an array, and a copy. */
static char *
any_text(char *letters, char *copy, size_t size)
{
	char *text;

	for (size_t i = 0; i < size; i++)
		letters[i] = (char)nondet_u8();
	text = any_string(letters, size);
	for (size_t i = 0; i == 0 || text[i - 1] != '\0'; i++)
		copy[i] = text[i];
	return text;
}

/* --- stamps ------------------------------------------------------------------------------ */

#define STAMP 7

static size_t
digits(const char *text)
{
	size_t n = 0;

	while (text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

void
any_stamp(void)
{
	char letters[STAMP], copy[STAMP], *text = any_text(letters, copy, STAMP);
	struct fleet_stamp stamp;
	size_t n = 0, dots = 0;
	bool is, ok = read_stamp(text, &stamp, &is);

	if (copy[0] == '-' && copy[1] == '\0') {
		promise(ok && !is && stamp.s == 0 && stamp.us == 0 && stamp.count == 0);
		return;
	}
	promise(is);
	if (ok) {
		for (n = digits(copy); n > 0 && copy[n] == '.' && digits(copy + n + 1) > 0; n += digits(copy + n + 1) + 1)
			dots++;
		promise(n > 0 && copy[n] == '\0' && (dots == 0 || dots == 2) && number_count == dots + 1);
		promise(stamp.coarse == (dots == 0) && stamp.s == numbers[0]);
		promise(dots > 0 ? stamp.us == numbers[1] && stamp.count == numbers[2] && stamp.us < 1000000 :
		    stamp.us == 0 && stamp.count == 0);
	}
	promise(!read_stamp(NULL, &stamp, &is));
}

bool
userfile_user_ok(const char *user)
{
	return user[0] != '\0';
}

bool
record_is_block_name(const char *name)
{
	return name[0] != '\0';
}

/* --- a table ------------------------------------------------------------------------------ */

#define KEY 3

static struct memory_user users[MEMORY_ENTRIES_MAX];
static void *slots[MEMORY_ENTRIES_MAX];

/* memmove(3) of entries by one place. */
void *
move_up(void *to, const void *from, size_t len)
{
	void **into = to, *const *entries = from;

	promise(into == entries + 1 && len % sizeof *into == 0 && (len == 0 || (__CPROVER_r_ok(from, len) && __CPROVER_w_ok(to, len))));
	for (size_t i = MEMORY_ENTRIES_MAX; i-- > 0;)
		if (i < len / sizeof *into)
			into[i] = entries[i];
	return to;
}

static bool
make_room(struct memory_table *t)
{
	promise(t->count < MEMORY_ENTRIES_MAX);
	return nondet_bool();
}

void
any_table(void)
{
	struct memory_table t = { .at = slots, .count = nondet_size() };
	char letters[KEY], copy[KEY], *key = any_text(letters, copy, KEY);
	bool was_there = false, is_there = false;
	void *entry, *there;
	size_t before;

	assume(t.count <= MEMORY_ENTRIES_MAX);
	before = t.count;
	for (size_t i = 0; i < MEMORY_ENTRIES_MAX; i++) {
		fill_field(users[i].user, KEY);
		slots[i] = &users[i];
		assume(i == 0 || i >= before || strcmp(users[i - 1].user, users[i].user) < 0);
		was_there = was_there || (i < before && strcmp(users[i].user, key) == 0);
	}
	there = find(&t, key, NULL, 0);
	promise((there != NULL) == was_there && (there == NULL || strcmp(there, key) == 0));
	entry = add(&t, key, NULL, 0, sizeof users[0]);
	promise(!was_there || (entry == there && t.count == before));
	promise(entry != NULL || (!was_there && t.count == before));
	promise(was_there || entry == NULL || (t.count == before + 1 && strcmp(entry, key) == 0));
	for (size_t i = 0; i < MEMORY_ENTRIES_MAX; i++)
		if (i < t.count) {
			promise(i == 0 || strcmp(t.at[i - 1], t.at[i]) < 0);
			is_there = is_there || t.at[i] == entry;
		}
	promise(entry == NULL || is_there);
}

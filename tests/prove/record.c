/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/record: an entry with any values is of one kind, whole or bad. What registers has one name, that an account
 * can have, and certificates of its own; what blocks has a name that a file in blocked/ can have; what lifts a block
 * has one cn alone, and "lift" as its description.
 *
 * Included: tools/fleet/record.c
 * Source: lib/buf.c
 * Bound: entries of 2 values; names and words of 4 bytes, hashes of 2 digits, numbers of 4; names of 9 characters by themselves
 * Entry: any_record any_name
 * Unwind: 11
 * Unwindset: any_record.0:3
 * Unwindset: any_record.1:10
 * Unwindset: is.0:24
 * Unwindset: any_text.0:5
 * Unwindset: read_registration.0:3
 * Unwindset: record_next_name.0:3
 * Unwindset: count_of.0:3
 * Unwindset: promise_word.0:4
 * Smaller: tools/fleet/ldif.h: #define LDIF_VALUES_MAX 128 -> #define LDIF_VALUES_MAX 2
 * Smaller: config/userfile.h: #define USERFILE_USER_MAX 251 -> #define USERFILE_USER_MAX 3
 * Smaller: flow/usercerts.h: #define USERCERTS_MAX 8 -> #define USERCERTS_MAX 1
 * Smaller: nss/cert.h: #define CERT_FINGERPRINT_LEN 64 -> #define CERT_FINGERPRINT_LEN 2
 * Smaller: tools/fleet/record.c: #define NUMBER_DIGITS_MAX 40 -> #define NUMBER_DIGITS_MAX 4
 * Apart: tools/fleet/record.c: record_is_block_name(const char *name)
 * Define: strcasecmp=compare_letters
 * Define: snprintf=put_text
 * Define: strspn=span
 * Defect: [any_record] tools/fleet/record.c: if (r->cert_count == USERCERTS_MAX) { -> if (r->cert_count > USERCERTS_MAX) {
 * Defect: [any_record] tools/fleet/record.c: if (entry->cut || uid == NULL) { -> if (uid == NULL) {
 * Defect: [any_record] tools/fleet/record.c: if (!userfile_user_ok(uid)) { -> if (0) {
 * Defect: [any_record] tools/fleet/record.c: if (!entry->cut && ldif_only(entry, "cn") != NULL && -> if (!entry->cut &&
 * Defect: [any_record] tools/fleet/record.c: strcasecmp(v->attribute, "cn") == 0 && v->value.len == strlen(text) && record -> strcasecmp(v->attribute, "cn") == 0 && record
 * Defect: [any_record] tools/fleet/record.c: if (userfile_user_ok(user)) -> if (*user != '\0')
 * Defect: [any_name] tools/fleet/record.c: number % 2 == 0 && -> 
 * Defect: [any_name] tools/fleet/record.c: number > 0 && number <= NUMBER_DIGITS_MAX && -> number > 0 &&
 */
#include <stdarg.h>

#include "tests/prove/prove.h"
#include "tools/fleet/record.c"

#define TEXT 5

/* An attribute of which an entry has one value, several or none; of an entry that was cut, too. */
struct attribute {
	const char *name;
	size_t values;
	char text[TEXT];
	bool has_nul;		/* in its value: so it is no text */
};

enum { DN, UID, DESCRIPTION, RESULT, REF, REMOVED, CSN, MODIFIED, CREATED, ATTRIBUTES };

static struct attribute attributes[ATTRIBUTES] = { { "dn" }, { "uid" }, { "description" }, { "result" }, { "ref" },
	{ RECORD_REMOVED }, { "entryCSN" }, { "modifyTimestamp" }, { "createTimestamp" } };
static struct ldif_entry entry;
static char kinds[LDIF_VALUES_MAX][2], values[LDIF_VALUES_MAX][TEXT];	/* 'c' cn, 'b' and 'u' certificates, others */
static bool is_device, is_user, is_process, is_state;

static bool
is(const char *a, const char *b)
{
	for (; *a != '\0' && *a == *b; a++)
		b++;
	return *a == *b;
}

/* strcasecmp(3) of a letter with the name for which it is there. */
int
compare_letters(const char *text, const char *name)
{
	const char letter = is(name, "cn") ? 'c' : is(name, "userCertificate") ? 'u' : 'b';

	promise(letter != 'b' || is(name, "userCertificate;binary"));
	return text[0] == letter ? 0 : nondet_bool() ? 1 : -1;
}

/* strspn(3) of hexadecimal digits. */
size_t
span(const char *text, const char *set)
{
	size_t n = 0;

	promise(set[0] == '0' && set[15] == 'f' && set[16] == '\0');
	while ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n;
}

/* snprintf(3) of "%s". */
int
put_text(char *to, size_t size, const char *format, ...)
{
	const char *text;
	size_t n = 0;
	va_list ap;

	promise(size > 0 && __CPROVER_w_ok(to, size) && format[0] == '%' && format[1] == 's' && format[2] == '\0');
	va_start(ap, format);
	text = va_arg(ap, const char *);
	va_end(ap);
	for (; text[n] != '\0'; n++)
		if (n < size - 1)
			to[n] = text[n];
	to[n < size ? n : size - 1] = '\0';
	return (int)n;
}

/* --- tools/fleet/ldif.c ------------------------------------------------------------------- */

static size_t
count_of(char kind)
{
	size_t n = 0;

	for (size_t i = 0; i < entry.count; i++)
		n += kinds[i][0] == kind;
	return n;
}

const struct ldif_value *
ldif_only(const struct ldif_entry *e, const char *attribute)
{
	promise(e == &entry);
	if (is(attribute, "cn"))
		return count_of('c') == 1 ? &entry.at[0] : NULL;
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (is(attribute, attributes[i].name))
			return attributes[i].values == 1 ? &entry.at[0] : NULL;
	promise(false);
	return NULL;
}

const char *
ldif_text(const struct ldif_entry *e, const char *attribute)
{
	promise(e == &entry);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (is(attribute, attributes[i].name))
			return attributes[i].values == 1 && !attributes[i].has_nul ? attributes[i].text : NULL;
	promise(false);
	return NULL;
}

bool
ldif_has(const struct ldif_entry *e, const char *attribute, const char *value)
{
	promise(e == &entry && (is(attribute, "objectClass") || is(attribute, "cn")));
	if (is(attribute, "cn")) {
		promise(is(value, "state"));
		return is_state;
	}
	promise(is(value, "device") || is(value, "pkiUser") || is(value, "applicationProcess"));
	return is(value, "device") ? is_device : is(value, "pkiUser") ? is_user : is_process;
}

/* --- others ------------------------------------------------------------------------------- */

bool
userfile_user_ok(const char *user)
{
	return user[0] == 'u' && strlen(user) <= USERFILE_USER_MAX;
}

/* tests/prove/fleetrules.c has the first two. */
bool
rules_read_csn(const char *text, struct fleet_stamp *ret)
{
	promise(__CPROVER_r_ok(text, 1));
	ret->s = 1;
	return nondet_bool();
}

bool
rules_read_time(const char *text, struct fleet_stamp *ret)
{
	return rules_read_csn(text, ret);
}

bool
rules_read_source(const char *text, struct fleet_source *ret)
{
	promise(__CPROVER_r_ok(text, 1));
	ret->time = 7;
	return text[0] == 'g';
}

/* In place of what any_name proves. */
bool
record_is_block_name(const char *name)
{
	return name[0] == 'n' && name[1] == '\0';
}

/* --- a record ----------------------------------------------------------------------------- */

static void
any_text(char text[static TEXT])
{
	for (size_t i = 0; i < TEXT - 1; i++)
		text[i] = (char)nondet_u8();
	text[TEXT - 1] = '\0';
}

static void
promise_word(const struct record *r)
{
	const char *description = attributes[DESCRIPTION].text;
	size_t at = 0, words = 0;
	const char *name;

	while ((name = record_next_name(&entry, &at)) != NULL) {
		promise(at > 0 && at <= entry.count && kinds[at - 1][0] == 'c' && name == values[at - 1]);
		promise(record_is_block_name(name) && entry.at[at - 1].value.len == 1);
		words++;
	}
	promise(words > 0 && is_device);
	if (r->word != FLEET_BLOCK) {
		promise(words == 1 && count_of('c') == 1 && !entry.cut && attributes[DESCRIPTION].values == 1);
		promise(description[0] == 'l' && description[1] == 'i' && description[2] == 'f' && description[3] == 't');
	}
}

void
any_record(void)
{
	struct record r;

	entry.count = nondet_size();
	entry.cut = nondet_bool();
	is_device = nondet_bool();
	is_user = nondet_bool();
	is_process = nondet_bool();
	is_state = nondet_bool();
	assume(entry.count <= LDIF_VALUES_MAX);
	for (size_t i = 0; i < LDIF_VALUES_MAX; i++) {
		const size_t len = nondet_size();

		assume(len < TEXT);
		any_text(values[i]);	/* may have a NUL */
		values[i][len] = '\0';
		kinds[i][0] = (char)nondet_u8();
		entry.at[i] = (struct ldif_value){ kinds[i], { (const uint8_t *)values[i], len } };
	}
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		attributes[i].values = nondet_size();
		attributes[i].has_nul = nondet_bool();
		if (i < REF || i == REMOVED)
			any_text(attributes[i].text);
	}
	record_read(&entry, &r);
	promise(r.kind <= RECORD_RESULT && (r.kind == RECORD_BAD) == (r.why != NULL));
	promise(r.cert_count <= USERCERTS_MAX);
	promise(r.kind == RECORD_RESULT || r.kind == RECORD_OTHER || attributes[DN].values == 1);
	switch (r.kind) {
	case RECORD_REGISTRATION:
		promise(!entry.cut && attributes[UID].values == 1 && is_user && !is_device && r.registers);
		promise(userfile_user_ok(r.name) && is(r.name, attributes[UID].text));
		promise(r.cert_count == count_of('u') + count_of('b'));
		break;
	case RECORD_REMOVAL:
		promise(attributes[REMOVED].values == 1 && userfile_user_ok(r.name) && is(r.name, attributes[REMOVED].text));
		promise(!r.registers);
		break;
	case RECORD_WORD:
		promise(!r.registers);
		promise_word(&r);
		break;
	case RECORD_SOURCE:
		promise(!entry.cut && r.source.time == 7 && is_process && is_state && attributes[DESCRIPTION].values == 1);
		break;
	case RECORD_RESULT:
		promise(attributes[DN].values != 1 && (!r.success || (attributes[RESULT].values == 1 && attributes[RESULT].text[0] == '0')));
		break;
	default:
		break;
	}
}

/* --- a name ------------------------------------------------------------------------------- */

#define NAME 10

void
any_name(void)
{
	char letters[NAME], *text = any_string(letters, sizeof letters);
	const size_t len = strlen(text);
	bool is_name = len == 2 || ((len == 5 || len == 7) && text[2] == '-' && !(text[3] == '0' && text[4] == '0'));

	for (size_t i = 0; i < len; i++)
		if (i != 2 && !((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			is_name = false;
	promise(whole_record_is_block_name(text) == is_name);
}

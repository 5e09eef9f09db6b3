/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "nss/cert.h"
#include "tools/fleet/record.h"

#define NUMBER_DIGITS_MAX 40	/* of a serial number (RFC 5280 §4.1.2.2) */

static void
bad(struct record *r, const char *why)
{
	r->kind = RECORD_BAD;
	r->why = why;
}

bool
record_is_block_name(const char *name)
{
	size_t digits = strspn(name, HEX_DIGITS), number;

	if (digits != CERT_FINGERPRINT_LEN)
		return false;
	if (name[digits] == '\0')
		return true;
	if (name[digits] != '-')
		return false;
	name += digits + 1;
	number = strspn(name, HEX_DIGITS);
	return name[number] == '\0' && number > 0 && number <= NUMBER_DIGITS_MAX && number % 2 == 0 &&
	    strncmp(name, "00", 2) != 0;
}

/* Prefers entryCSN, which is finer than modifyTimestamp. */
static void
read_stamps(const struct ldif_entry *entry, struct record *r)
{
	const char *csn = ldif_text(entry, "entryCSN"), *modified = ldif_text(entry, "modifyTimestamp"),
	    *created = ldif_text(entry, "createTimestamp");

	if ((csn == NULL || !rules_read_csn(csn, &r->modified)) && (modified == NULL || !rules_read_time(modified, &r->modified)))
		r->modified = (struct fleet_stamp){ .coarse = true };
	if (created == NULL || !rules_read_time(created, &r->created))
		r->created = (struct fleet_stamp){ .coarse = true };
}

static bool
is_certificate(const char *attribute)
{
	return strcasecmp(attribute, "userCertificate;binary") == 0 || strcasecmp(attribute, "userCertificate") == 0;
}

static void
read_registration(const struct ldif_entry *entry, struct record *r)
{
	const char *uid = ldif_text(entry, "uid");

	r->kind = RECORD_REGISTRATION;
	r->registers = true;
	if (entry->cut || uid == NULL) {
		bad(r, "not one uid");
		return;
	}
	if (!userfile_user_ok(uid)) {
		bad(r, "its uid cannot be a user's name");
		return;
	}
	snprintf(r->name, sizeof r->name, "%s", uid);
	for (size_t i = 0; i < entry->count; i++) {
		if (!is_certificate(entry->at[i].attribute))
			continue;
		if (r->cert_count == USERCERTS_MAX) {
			bad(r, "more certificates than a user can have");
			return;
		}
		r->certs[r->cert_count++] = entry->at[i].value;
	}
}

static void
read_removal(const char *user, struct record *r)
{
	r->kind = RECORD_REMOVAL;
	if (userfile_user_ok(user))
		snprintf(r->name, sizeof r->name, "%s", user);
	else
		bad(r, "its uid cannot be a user's name");
}

static bool
begins_with_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 && (text[len] == '\0' || text[len] == ' ');
}

const char *
record_next_name(const struct ldif_entry *entry, size_t *at)
{
	while (*at < entry->count) {
		const struct ldif_value *v = &entry->at[(*at)++];
		const char *text = (const char *)v->value.data;

		if (strcasecmp(v->attribute, "cn") == 0 && v->value.len == strlen(text) && record_is_block_name(text))
			return text;
	}
	return NULL;
}

static void
read_word(const struct ldif_entry *entry, struct record *r)
{
	const char *description = ldif_text(entry, "description");
	size_t at = 0;

	r->kind = RECORD_WORD;
	if (record_next_name(entry, &at) == NULL) {
		bad(r, "its cn is neither a fingerprint nor an issuer's key and a number, in lower-case hex digits");
		return;
	}
	/*
	 * An entry that is not a lift is a block. A cn that the help desk adds to a block must neither hide the
	 * block nor end it.
	 */
	r->word = FLEET_BLOCK;
	if (!entry->cut && ldif_only(entry, "cn") != NULL && description != NULL && begins_with_word(description, "lift"))
		r->word = FLEET_LIFT;
}

static void
read_source(const struct ldif_entry *entry, struct record *r)
{
	const char *description = ldif_text(entry, "description");

	r->kind = RECORD_SOURCE;
	if (entry->cut || description == NULL || !rules_read_source(description, &r->source))
		bad(r, "its description is not \"generation=N time=N enrolled=N blocked=N\"");
}

void
record_read(const struct ldif_entry *entry, struct record *ret)
{
	const char *result = ldif_text(entry, "result"), *removed = ldif_text(entry, RECORD_REMOVED);

	memset(ret, 0, sizeof *ret);
	read_stamps(entry, ret);
	if (ldif_only(entry, "dn") == NULL) {
		/* A part of the requested entries that another server has (RFC 4511 §4.5.3) is not in the answer. */
		if (result == NULL && ldif_only(entry, "ref") == NULL)
			return;
		ret->kind = RECORD_RESULT;
		ret->success = result != NULL && begins_with_word(result, "0");
	} else if (removed != NULL) {
		read_removal(removed, ret);
	} else if (ldif_has(entry, "objectClass", "device")) {
		read_word(entry, ret);
	} else if (ldif_has(entry, "objectClass", "pkiUser")) {
		read_registration(entry, ret);
	} else if (ldif_has(entry, "objectClass", "applicationProcess") && ldif_has(entry, "cn", "state")) {
		read_source(entry, ret);
	}
}

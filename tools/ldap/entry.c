/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "tools/fleet/record.h"
#include "tools/fleet/rules.h"
#include "tools/ldap/entry.h"

static char attribute_names[][20] = { "objectClass", "uid", "cn", "description", "userCertificate", "entryCSN", "modifyTimestamp",
	"createTimestamp" };
char *const entry_attributes[] = { attribute_names[0], attribute_names[1], attribute_names[2], attribute_names[3], attribute_names[4],
	attribute_names[5], attribute_names[6], attribute_names[7], NULL };

#define ROOM (FEED_TEXT_MAX - 64)	/* and what follows values that were left out */
#define EACH_MAX 15			/* values of one attribute */
#define ALL_MAX (LDIF_VALUES_MAX - 4)	/* of an entry: a server may send an attribute under many names, each with other options */
#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define CUT_BLOCK "objectClass: device\ndescription: cut\n"	/* no lift, whatever else it says */

/* --- text ------------------------------------------------------------------------------ */

static bool
put(struct entry *e, const char *text)
{
	size_t len = strlen(text);

	if (e->len + len > ROOM)
		return false;
	memcpy(e->text + e->len, text, len + 1);
	e->len += len;
	return true;
}

/* Writes "attribute:: base64", which needs no check of the value. Without nss/base64.h: this process has no NSS. */
static bool
put_value(struct entry *e, const char *attribute, const void *data, size_t len)
{
	const uint8_t *in = data;
	char *to;

	if (len > ROOM || e->len + (len + 2) / 3 * 4 + strlen(attribute) + 4 > ROOM || !put(e, attribute) || !put(e, ":: "))
		return false;
	to = e->text + e->len;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16 | (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < len ? in[i + 2] : 0);

		*to++ = BASE64_LETTERS[bits >> 18];
		*to++ = BASE64_LETTERS[bits >> 12 & 0x3f];
		*to++ = (char)(i + 1 < len ? BASE64_LETTERS[bits >> 6 & 0x3f] : '=');
		*to++ = (char)(i + 2 < len ? BASE64_LETTERS[bits & 0x3f] : '=');
	}
	*to++ = '\n';
	*to = '\0';
	e->len = (size_t)(to - e->text);
	return true;
}

/* --- what we need of it ourselves ---------------------------------------------------------- */

/* A value as text; "" if it does not fit or has a NUL. */
static void
take(const struct berval *v, char *text, size_t size)
{
	text[0] = '\0';
	if (v->bv_len >= size || memchr(v->bv_val, '\0', v->bv_len) != NULL)
		return;
	memcpy(text, v->bv_val, v->bv_len);
	text[v->bv_len] = '\0';
}

struct classes {
	bool device, pki_user, process;
	size_t values;		/* written */
};

/* Returns false for a class that the writer does not need. An account can have more of those than EACH_MAX (as in FreeIPA). */
static bool
look_at_class(struct classes *c, const struct berval *v)
{
	char name[32];
	bool *ours;

	take(v, name, sizeof name);
	ours = strcasecmp(name, "device") == 0 ? &c->device : strcasecmp(name, "pkiUser") == 0 ? &c->pki_user :
	    strcasecmp(name, "applicationProcess") == 0 ? &c->process : NULL;
	if (ours != NULL)
		*ours = true;
	return ours != NULL;
}

/* Keeps what jpki_ldap itself needs; of several values the last one. Returns whether the writer needs this value. */
static bool
look_at_value(struct entry *e, struct classes *c, const char *attribute, const struct berval *v)
{
	struct fleet_source source;
	char text[256];

	if (strcasecmp(attribute, "objectClass") == 0)
		return look_at_class(c, v);
	if (strcasecmp(attribute, "uid") == 0)
		take(v, e->name, sizeof e->name);
	else if (strcasecmp(attribute, "modifyTimestamp") == 0)
		take(v, e->modified, sizeof e->modified);
	else if (strcasecmp(attribute, "description") == 0) {
		take(v, text, sizeof text);
		if (rules_read_source(text, &source))
			e->enrolled = source.enrolled;
	}
	return true;
}

/* --- one message --------------------------------------------------------------------------- */

/* Whether a search asks for this attribute, with any options (RFC 4512 §2.5). A server can send any bytes as a name, a line break too. */
static bool
is_requested(const char *name)
{
	size_t len = strcspn(name, ";");

	for (char *const *a = entry_attributes; *a != NULL; a++)
		if (strlen(*a) == len && strncasecmp(name, *a, len) == 0)
			return name[len + strspn(name + len, ";-" DIGITS LETTERS)] == '\0';
	return false;
}

/* Takes one attribute; returns false if there is no room for its values. */
static bool
take_attribute(struct entry *e, struct classes *c, const char *name, BerVarray values)
{
	size_t count = 0;
	bool fits = true;

	if (!is_requested(name))
		return true;
	for (size_t i = 0; values != NULL && values[i].bv_val != NULL; i++)
		if (look_at_value(e, c, name, &values[i]))
			fits = fits && count++ < EACH_MAX && c->values++ < ALL_MAX && put_value(e, name, values[i].bv_val, values[i].bv_len);
	return fits;
}

/* Takes all attributes in one pass, since libldap decodes the message in place. Returns false if it cannot. */
static bool
take_attributes(LDAP *ld, LDAPMessage *message, struct entry *e, struct classes *c, bool *ret_fits)
{
	struct berval name, dn;
	BerElement *ber = NULL;
	BerVarray values = NULL;
	bool ok = ldap_get_dn_ber(ld, message, &ber, &dn) == LDAP_SUCCESS;

	*ret_fits = true;
	while (ok) {
		ok = ldap_get_attribute_ber(ld, message, ber, &name, &values) == LDAP_SUCCESS;
		if (!ok || name.bv_val == NULL)
			break;
		*ret_fits = take_attribute(e, c, name.bv_val, values) && *ret_fits;
		ber_memfree(values);
		values = NULL;
	}
	ber_free(ber, 0);
	return ok;
}

static bool
write_dn(LDAP *ld, LDAPMessage *message, struct entry *e)
{
	char *dn = ldap_get_dn(ld, message);
	size_t len = dn != NULL ? strlen(dn) : 0;
	bool ok = dn != NULL && put_value(e, "dn", dn, len < 1024 ? len : 1024);

	if (ok && len < sizeof e->dn)
		memcpy(e->dn, dn, len + 1);
	ldap_memfree(dn);
	return ok;
}

bool
entry_write(LDAP *ld, LDAPMessage *message, struct entry *ret)
{
	struct classes c = { .device = false };
	size_t after_dn;
	bool fits;

	ret->len = 0;
	ret->name[0] = ret->dn[0] = ret->modified[0] = '\0';
	ret->enrolled = -1;
	if (!write_dn(ld, message, ret))
		return false;
	after_dn = ret->len;
	if (!take_attributes(ld, message, ret, &c, &fits))
		return false;
	ret->registers = c.pki_user && !c.device;
	if (!c.process || c.device || c.pki_user)
		ret->enrolled = -1;
	if (!fits && c.device) {	/* what fits of a block still blocks */
		memcpy(ret->text + ret->len, CUT_BLOCK, sizeof CUT_BLOCK);
		ret->len += sizeof CUT_BLOCK - 1;
	} else if (!fits) {
		ret->len = after_dn;
		(void)put(ret, c.pki_user ? "objectClass: pkiUser\n" : "");
	}
	ret->text[ret->len++] = '\n';
	ret->text[ret->len] = '\0';
	return true;
}

void
entry_write_removed(const char *name, const char *csn, struct entry *ret)
{
	ret->len = 0;
	(void)put(ret, "dn: removed\n");
	(void)put_value(ret, RECORD_REMOVED, name, strlen(name));
	if (*csn != '\0')
		(void)put_value(ret, "entryCSN", csn, strlen(csn));
	ret->text[ret->len++] = '\n';
	ret->text[ret->len] = '\0';
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "lib/i18n.h"
#include "nss/base64.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "tools/jpkictl/ldif_change.h"

#define BASE64_MAX (2 * CERT_DER_MAX)
#define CHANGE_MAX (BASE64_MAX + 4096)	/* one certificate, names and notes */
#define SHORT_LEN 16			/* hex digits of a fingerprint, as pam_jpki(8) logs them */

/* One change, printed as a whole or not at all. */
struct change {
	struct writer w;
	uint8_t text[CHANGE_MAX];
};

/* --- lines (RFC 2849) ---------------------------------------------------------------------- */

/* A SAFE-STRING that does not end in a blank, which editors and mail programs take away. */
static bool
is_safe(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && (strchr(" :<", text[0]) != NULL || text[len - 1] == ' '))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80 || *p == '\n' || *p == '\r')
			return false;
	return true;
}

static void
write_line(struct change *c, const char *attribute, const char *separator, const char *value)
{
	writer_text(&c->w, attribute);
	writer_text(&c->w, separator);
	writer_text(&c->w, value);
	writer_u8(&c->w, '\n');
}

static void
write_bytes(struct change *c, const char *attribute, struct view value)
{
	char text[BASE64_MAX];

	if (base64_write(value, text, sizeof text))
		write_line(c, attribute, ":: ", text);
	else
		c->w.overflow = true;
}

static void
write_text(struct change *c, const char *attribute, const char *value)
{
	if (is_safe(value))
		write_line(c, attribute, ": ", value);
	else
		write_bytes(c, attribute, (struct view){ (const uint8_t *)value, strlen(value) });
}

/* --- names (RFC 4514 §2.4) ------------------------------------------------------------------- */

static void
escape(const char *value, struct writer *to)
{
	for (const char *p = value; *p != '\0'; p++) {
		bool at_edge = (*p == ' ' && (p == value || p[1] == '\0')) || (*p == '#' && p == value);

		if (at_edge || strchr("\"+,;<>\\", *p) != NULL)
			writer_u8(to, '\\');
		writer_u8(to, (uint8_t)*p);
	}
}

/* Begins a change of the entry ATTRIBUTE=VALUE,ou=UNIT below fleet_base. */
static void
change_begin(const struct tool *t, struct change *c, const char *attribute, const char *value, const char *unit)
{
	char dn[CONF_DN_MAX + 2 * ACCOUNT_NAME_MAX + 64];
	struct writer w = writer_of(dn, sizeof dn);

	c->w = writer_of(c->text, sizeof c->text);
	writer_text(&w, attribute);
	writer_u8(&w, '=');
	escape(value, &w);
	writer_text(&w, ",ou=");
	writer_text(&w, unit);
	writer_u8(&w, ',');
	writer_text(&w, t->conf.fleet_base);
	writer_u8(&w, '\0');
	if (writer_ok(&w))
		write_text(c, "dn", dn);
	else
		c->w.overflow = true;
}

static int
change_print(const struct tool *t, struct change *c)
{
	struct outcome o = outcome_of(OUTCOME_INTERNAL);

	writer_u8(&c->w, '\n');
	if (!writer_ok(&c->w))
		return tool_finish(t, &o);
	(void)fwrite(c->text, 1, c->w.len, stdout);	/* main() sees whether it was written */
	return TOOL_OK;
}

/* --- changes ---------------------------------------------------------------------------------- */

bool
ldif_change_is_possible(const struct tool *t)
{
	if (t->conf.fleet_base[0] != '\0')
		return true;
	tool_complain(t, _("no fleet_base is set in %s, so it is unknown where in the directory the entries are"), t->conf_file);
	return false;
}

bool
ldif_change_find_account(const struct tool *t, const char *typed, struct account *ret)
{
	if (!account_or_typed(typed, &t->log, ret) || !userfile_user_ok(ret->name)) {
		tool_complain(t, "%s", _("this cannot be a user's name"));
		return false;
	}
	if (ret->uid == ACCOUNT_NO_UID ? strcmp(ret->name, "root") == 0 || conf_is_never_of_fleet(&t->conf, ret->name) :
	    !fleetcopy_may_register(&t->conf, ret->name, ret->uid)) {
		tool_complain(t, _("%s: an organization may not register a card for this account (fleet_min_uid, fleet_never)"), typed);
		return false;
	}
	if (ret->uid == ACCOUNT_NO_UID)
		tool_complain(t, _("%s: this machine knows no such account; the name is taken as you typed it"), typed);
	return true;
}

bool
ldif_change_note(const struct tool *t, char note[static LDIF_NOTE_MAX])
{
	char actor[TOOL_ACTOR_MAX], when[CLK_UTC_MAX];

	if (!clk_utc_text(clk_wall_s(t->env.clk), when))
		return false;
	tool_actor(actor);
	snprintf(note, LDIF_NOTE_MAX, "%s by %s", when, actor);
	return true;
}

static void
write_entry(struct change *c, const char *user, struct view der, const char *description)
{
	write_line(c, "changetype", ": ", "add");
	write_line(c, "objectClass", ": ", "account");
	write_line(c, "objectClass", ": ", "pkiUser");
	write_text(c, "uid", user);
	write_bytes(c, "userCertificate;binary", der);
	write_text(c, "description", description);
}

/* Both at once, so that the directory changes both or neither. */
static void
write_values(struct change *c, const char *operation, struct view der, const char *description)
{
	write_line(c, "changetype", ": ", "modify");
	write_line(c, operation, ": ", "userCertificate;binary");
	write_bytes(c, "userCertificate;binary", der);
	write_line(c, "-", "", "");
	write_line(c, operation, ": ", "description");
	write_text(c, "description", description);
	write_line(c, "-", "", "");
}

static struct outcome
find_fingerprint(const struct tool *t, struct view der, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open_none(&t->log, &db);

	if (outcome_ok(&o) && !cert_fingerprint_of(der, ret))
		o = outcome_of(OUTCOME_INTERNAL);
	(void)certdb_close(db);
	return o;
}

int
ldif_change_register(const struct tool *t, const char *user, struct view der, enum ldif_manner manner,
    const char *source)
{
	static struct change c;
	char note[LDIF_NOTE_MAX], description[2 * LDIF_NOTE_MAX], fingerprint[CERT_FINGERPRINT_LEN + 1];
	struct outcome o = find_fingerprint(t, der, fingerprint);

	if (outcome_ok(&o) && !ldif_change_note(t, note))
		o = outcome_of(OUTCOME_INTERNAL);
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	/* The directory takes no value twice: two cards of one second must differ. */
	snprintf(description, sizeof description, "registered %s, %s: %.*s", note, source, SHORT_LEN, fingerprint);
	change_begin(t, &c, "uid", user, "enrolments");
	if (manner == LDIF_NEW)
		write_entry(&c, user, der, description);
	else
		write_values(&c, manner == LDIF_FURTHER ? "add" : "replace", der, description);
	return change_print(t, &c);
}

int
ldif_change_unregister(const struct tool *t, const char *user)
{
	static struct change c;

	change_begin(t, &c, "uid", user, "enrolments");
	write_line(&c, "changetype", ": ", "delete");
	return change_print(t, &c);
}

static void
write_description(struct change *c, const char *description, const char *old)
{
	write_line(c, "changetype", ": ", "modify");
	if (old != NULL) {
		write_line(c, "delete", ": ", "description");
		write_text(c, "description", old);
		write_line(c, "-", "", "");
	}
	write_line(c, old != NULL ? "add" : "replace", ": ", "description");
	write_text(c, "description", description);
	write_line(c, "-", "", "");
}

int
ldif_change_word(const struct tool *t, const char *name, enum fleet_word word, enum ldif_manner manner, const char *note,
    const char *old)
{
	static struct change c;
	char description[LDIF_NOTE_MAX + 8];

	snprintf(description, sizeof description, "%s %s", word == FLEET_BLOCK ? "block" : "lift", note);
	change_begin(t, &c, "cn", name, "blocked");
	if (manner == LDIF_NEW) {
		write_line(&c, "changetype", ": ", "add");
		write_line(&c, "objectClass", ": ", "device");
		write_line(&c, "cn", ": ", name);
		write_text(&c, "description", description);
	} else {
		write_description(&c, description, old);
	}
	return change_print(t, &c);
}

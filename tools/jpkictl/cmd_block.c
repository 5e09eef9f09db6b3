/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "nss/blocklist.h"
#include "nss/certdb.h"
#include "nss/trustdb.h"
#include "tools/common/caged.h"
#include "tools/common/certfile.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/cmd_block.h"
#include "tools/jpkictl/ldif_change.h"

#define ENTRIES_MAX 64

/* The arguments of the command line. */
struct naming {
	struct tool *t;
	const char *issuer;	/* prefix of a fingerprint; NULL: every trusted authority */
	char serial[BLOCKLIST_SERIAL_LEN + 1];
	struct block_entry entries[ENTRIES_MAX];
	size_t count;
	bool too_many;
	bool told;		/* the reason has already been reported */
};

static struct blocklist
list_of(struct tool *t)
{
	return (struct blocklist){ .path = t->conf.block_list, .owner = t->env.trust_owner,
		.log = &t->log };
}

static struct outcome
told(struct naming *n)
{
	n->told = true;
	return outcome_of(OUTCOME_CERT_BAD);
}

static struct block_entry *
next_entry(struct naming *n)
{
	if (n->count == ENTRIES_MAX) {
		n->too_many = true;
		return NULL;
	}
	return &n->entries[n->count++];
}

/* --- a certificate ---------------------------------------------------------------- */

static struct outcome
note_certificate(void *ctx, struct view der)
{
	struct naming *n = ctx;
	struct certdb *db = NULL;
	struct cert *cert = NULL;
	struct block_entry *e;
	struct outcome o = certdb_open_none(&n->t->log, &db);

	if (outcome_ok(&o))
		o = cert_from_der(db, der, &cert);
	if (outcome_ok(&o) && (e = next_entry(n)) != NULL)
		memcpy(e->certificate, cert_fingerprint(cert), sizeof e->certificate);
	cert_free(cert);
	(void)certdb_close(db);
	return o;
}

struct naming_file {
	const char *path;
	struct view text;
};

/* In the cage. */
static int
decode_file(struct tool *t, void *ctx, void *result)
{
	const struct naming_file *f = ctx;
	struct naming *n = result;
	struct outcome o;

	n->t = t;
	o = certfile_each(t, f->path, f->text, note_certificate, n);
	return certfile_finish(t, &o);
}

/* The child passes only the certificates' fingerprints. */
static struct outcome
take_names(struct naming *n, const struct naming *named)
{
	char fingerprint[CERT_FINGERPRINT_LEN + 1];

	if (named->count > ENTRIES_MAX)
		return outcome_of(OUTCOME_CERT_BAD);
	for (size_t i = 0; i < named->count; i++) {
		const char *text = named->entries[i].certificate;

		if (memchr(text, '\0', sizeof named->entries[i].certificate) == NULL ||
		    !cert_read_fingerprint(text, fingerprint) || strlen(fingerprint) != CERT_FINGERPRINT_LEN)
			return outcome_of(OUTCOME_CERT_BAD);
		n->entries[i] = (struct block_entry){ .serial = "" };
		memcpy(n->entries[i].certificate, fingerprint, sizeof fingerprint);
	}
	n->count = named->count;
	n->too_many = named->too_many;
	return outcome_of(OUTCOME_OK);
}

static struct outcome
name_file(struct naming *n, const char *path)
{
	static struct naming named;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct naming_file f = { .path = path };
	struct caged caged = { .work = decode_file, .ctx = &f, .result = &named, .result_size = sizeof named };

	if (!tool_read_file(n->t, path, &bytes, &f.text.len))
		return told(n);
	f.text.data = bytes;
	return caged_run(n->t, &caged) == TOOL_OK ? take_names(n, &named) : told(n);
}

/* --- a serial number -------------------------------------------------------------- */

static void
note_authority(void *ctx, const struct cert *cert)
{
	struct naming *n = ctx;
	struct block_entry *e;

	if (n->issuer != NULL && strncmp(cert_fingerprint(cert), n->issuer, strlen(n->issuer)) != 0)
		return;
	e = next_entry(n);
	if (e == NULL)
		return;
	memcpy(e->serial, n->serial, sizeof e->serial);
	if (!cert_key_sha256(cert, e->issuer_key))
		n->count--;
}

/* A serial number belongs to one authority, and its generations share one name. */
static struct outcome
name_serial(struct naming *n)
{
	struct tool *t = n->t;
	struct outcome o = trustdb_list(t->conf.trust_db, t->env.trust_owner, &t->log, note_authority, n);

	if (!outcome_ok(&o))
		return o;
	if (n->count == 0) {
		tool_complain(t, "%s", _("no trusted authority matches, so the serial number means "
		    "nothing here (jpkictl trust list)"));
		return told(n);
	}
	if (n->issuer != NULL && n->count > 1) {
		tool_complain(t, "%s", _("more than one trusted authority matches this fingerprint prefix"));
		return told(n);
	}
	return o;
}

/* ---------------------------------------------------------------------------------- */

static struct outcome
name_it(struct naming *n, const char *word)
{
	char fingerprint[CERT_FINGERPRINT_LEN + 1];
	struct outcome o = outcome_of(OUTCOME_OK);

	if (cert_read_fingerprint(word, fingerprint)) {
		if (strlen(fingerprint) == CERT_FINGERPRINT_LEN) {
			n->count = 1;
			memcpy(n->entries[0].certificate, fingerprint, sizeof fingerprint);
		} else if (blocklist_read_serial(word, n->serial)) {
			o = name_serial(n);
		} else {
			tool_complain(n->t, _("'%s' is neither a serial number nor a SHA-256 fingerprint"), word);
			return told(n);
		}
	} else {
		o = name_file(n, word);
	}
	if (outcome_ok(&o) && n->too_many) {
		tool_complain(n->t, _("%s: more than %d certificates"), word, ENTRIES_MAX);
		return told(n);
	}
	return o;
}

static void
print_entry(void *ctx, const struct block_entry *e, const char *note)
{
	char text[BLOCKLIST_NOTE_MAX + 1];

	snprintf(text, sizeof text, "%s", note);
	log_defuse(text);
	if (e->certificate[0] != '\0')
		printf(_("certificate %s"), e->certificate);
	else
		printf(_("serial number %s of the authority with the key %.16s..."), e->serial, e->issuer_key);
	printf("%s%s\n", text[0] != '\0' ? "\n  " : "", text);
	++*(size_t *)ctx;
}

static int
print_list(struct tool *t)
{
	struct blocklist list = list_of(t);
	size_t count = 0;
	struct outcome o = blocklist_each(&list, print_entry, &count);

	if (outcome_ok(&o) && count == 0)
		printf("%s\n", _("Nothing is blocked."));
	return tool_finish(t, &o);
}

static void
audit(const struct tool *t, const struct naming *n)
{
	char value[CERT_FINGERPRINT_LEN + BLOCKLIST_SERIAL_LEN + 2];

	for (size_t i = 0; i < n->count; i++) {
		const struct block_entry *e = &n->entries[i];

		if (e->certificate[0] != '\0') {
			tool_audit(t->command, "cert", e->certificate);
			continue;
		}
		snprintf(value, sizeof value, "%s:%s", e->issuer_key, e->serial);
		tool_audit(t->command, "serial", value);
	}
}

/* When and by whom, for the comment in the list. */
static bool
write_note(struct tool *t, char note[static BLOCKLIST_NOTE_MAX + 1])
{
	char actor[TOOL_ACTOR_MAX], when[CLK_UTC_MAX];

	if (!clk_utc_text(clk_wall_s(t->env.clk), when))
		return false;
	tool_actor(actor);
	snprintf(note, BLOCKLIST_NOTE_MAX + 1, "blocked %s by %s", when, actor);
	return true;
}

/* Warns that a certificate which root unblocks here is still blocked for all machines. */
static void
tell_of_fleet(struct tool *t, const struct naming *n, const char *word)
{
	struct log silent = { .sink = NULL };
	char name[BLOCKLIST_NAME_MAX];
	struct fleetcopy copy;
	bool blocked = false;

	fleetcopy_open(&t->conf, t->env.trust_owner, clk_wall_s(t->env.clk), &silent, &copy);
	for (size_t i = 0; i < n->count && !blocked; i++) {
		struct outcome o;

		blocklist_name(&n->entries[i], name);
		o = fleetcopy_check(&copy, name);
		blocked = o.status == OUTCOME_FLEET_BLOCKED;
	}
	fleetcopy_close(&copy);
	if (blocked)
		tool_complain(t, _("%s: your organization has blocked it as well, so logins with it are refused all the same"), word);
}

static int
change_list(struct tool *t, const char *issuer, const char *word, bool blocking)
{
	static struct naming n;
	struct blocklist list = list_of(t);
	char note[BLOCKLIST_NOTE_MAX + 1];
	struct outcome o;
	size_t changed = 0;

	n = (struct naming){ .t = t, .issuer = issuer };
	o = name_it(&n, word);
	if (outcome_ok(&o) && !write_note(t, note))
		o = outcome_of(OUTCOME_INTERNAL);
	if (outcome_ok(&o))
		o = blocking ? blocklist_add(&list, n.entries, n.count, note, &changed) :
		    blocklist_remove(&list, n.entries, n.count, &changed);
	if (!outcome_ok(&o))
		return n.told ? TOOL_FAILED : tool_finish(t, &o);
	if (!blocking)
		tell_of_fleet(t, &n, word);
	if (!blocking && changed == 0) {
		tool_complain(t, _("%s: was not blocked"), word);
		return TOOL_FAILED;
	}
	if (changed > 0)
		audit(t, &n);
	if (!blocking)
		printf(_("%s: no longer blocked\n"), word);
	else if (n.serial[0] == '\0')
		printf(_("%s: blocked; logins with it are refused from now on\n"), word);
	else
		printf(dngettext(PACKAGE, "%s: blocked, as a serial number of %zu authority\n",
		    "%s: blocked, as a serial number of each of %zu authorities\n",
		    (unsigned long)n.count), word, n.count);
	return TOOL_OK;
}

/* The block or its end for an organization's directory: nothing is changed here. */
static int
print_ldif(struct tool *t, const char *issuer, const char *word, bool blocking, enum ldif_manner manner)
{
	static struct naming n;
	char name[BLOCKLIST_NAME_MAX], note[LDIF_NOTE_MAX];
	struct outcome o;
	int status = TOOL_OK;

	n = (struct naming){ .t = t, .issuer = issuer };
	o = name_it(&n, word);
	if (outcome_ok(&o) && !ldif_change_note(t, note))
		o = outcome_of(OUTCOME_INTERNAL);
	if (!outcome_ok(&o))
		return n.told ? TOOL_FAILED : tool_finish(t, &o);
	for (size_t i = 0; i < n.count && status == TOOL_OK; i++) {
		blocklist_name(&n.entries[i], name);
		status = ldif_change_word(t, name, blocking ? FLEET_BLOCK : FLEET_LIFT, manner, note, NULL);
	}
	return status;
}

/* The request on the command line. */
struct block_call {
	char issuer[CERT_FINGERPRINT_LEN + 1];	/* "": every trusted authority */
	bool list, ldif, replace;
};

/* Returns TOOL_OK, or TOOL_USAGE after a complaint. */
static int
read_options(struct tool *t, int argc, char **argv, bool blocking, struct block_call *ret)
{
	static const struct option options[] = {
		{ "issuer", required_argument, NULL, 'i' },
		{ "ldif", no_argument, NULL, 'L' },
		{ "list", no_argument, NULL, 'l' },
		{ "replace", no_argument, NULL, 'R' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "i:LlR", options, NULL)) != -1) {
		if (c == '?' || (!blocking && (c == 'l' || c == 'R')))
			return tool_usage(t);
		ret->list |= c == 'l';
		ret->ldif |= c == 'L';
		ret->replace |= c == 'R';
		if (c == 'i' && (!cert_read_fingerprint(optarg, ret->issuer) || strlen(ret->issuer) < TRUSTDB_PREFIX_MIN)) {
			tool_complain(t, _("'%s': write at least %d digits of the SHA-256 fingerprint"),
			    optarg, TRUSTDB_PREFIX_MIN);
			return TOOL_USAGE;
		}
	}
	return TOOL_OK;
}

int
block_or_unblock(struct tool *t, int argc, char **argv, bool blocking)
{
	struct block_call call = { .issuer = "" };
	const char *issuer;

	if (read_options(t, argc, argv, blocking, &call) != TOOL_OK)
		return TOOL_USAGE;
	issuer = call.issuer[0] != '\0' ? call.issuer : NULL;
	if (call.list)
		return optind == argc && issuer == NULL && !call.ldif && !call.replace ? print_list(t) : tool_usage(t);
	if (optind != argc - 1 || (call.replace && !call.ldif))
		return tool_usage(t);
	if (!call.ldif)
		return tool_is_root(t) ? change_list(t, issuer, argv[optind], blocking) : TOOL_FAILED;
	if (!ldif_change_is_possible(t))
		return TOOL_FAILED;
	return print_ldif(t, issuer, argv[optind], blocking, blocking && !call.replace ? LDIF_NEW : LDIF_REPLACE);
}

int
cmd_block(struct tool *t, int argc, char **argv)
{
	return block_or_unblock(t, argc, argv, true);
}

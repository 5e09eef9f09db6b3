/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to be there before a card can log in. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "config/userfile.h"
#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "nss/crl/store.h"
#include "nss/trustdb.h"
#include "tools/doctor/doctor.h"
#include "tools/fetch/sources.h"
#include "tools/fetch/url.h"
#include "tools/setup/setup.h"

#define REASON_MAX 150		/* octets: a line of the configuration has 190 at most */

/* ---- programs and configuration ---- */

bool
machine_done(struct setup *s)
{
	struct doctor d = { .t = s->t, .conf_file = s->t->conf_file, .pipe = -1 };

	if (!doctor_conf(&d))
		return false;
	doctor_programs(&d);
	return doctor_count(&d, LEVEL_ERROR) == 0;
}

/* ---- reader and card ---- */

/* Only what reader and card themselves lack: nobody is trusted or enrolled yet. */
bool
reader_done(struct setup *s)
{
	static const enum finding hindrances[] = { FOUND_SERVICE_ABSENT, FOUND_SERVICE_SILENT,
	    FOUND_SERVICE_VERSION, FOUND_SERVICE_REFUSES, FOUND_SERVICE_HANGS, FOUND_READER_NONE, FOUND_READER_EMPTY,
	    FOUND_READER_CANNOT, FOUND_READER_BUSY, FOUND_READER_LOST, FOUND_CARD_JUKI,
	    FOUND_CARD_PHONE, FOUND_CARD_OTHER, FOUND_CARD_NO_CERT, FOUND_PIN_LOCKED };
	struct doctor d = { .t = s->t, .conf_file = s->t->conf_file, .pipe = -1 };

	if (s->no_enroll && s->fingerprint == NULL) {
		printf("  %s\n", _("No card is needed now."));
		return true;
	}
	d.reader = s->reader;
	doctor_readers(&d);
	for (size_t i = 0; i < sizeof hindrances / sizeof hindrances[0]; i++)
		if (d.seen[hindrances[i]] > 0)
			return false;
	return true;
}

static bool
can_start_pcscd(void)
{
	return access("/run/systemd/system", F_OK) == 0 && access(PCSC_SOCKET, F_OK) != 0;
}

void
reader_tell(struct setup *s)
{
	printf("  %s\n", can_start_pcscd() ?
	    _("The smart card service is started now and at every boot: systemctl enable --now pcscd.socket") :
	    _("Mend what is said above; then reader and card are looked at again."));
}

bool
reader_act(struct setup *s)
{
	static const char *const start[] = { "systemctl", "enable", "--now", "pcscd.socket", NULL };

	if (can_start_pcscd() && !setup_program(start))
		return false;
	return reader_done(s);
}

/* ---- trust ---- */

static void
count_one(void *ctx, const struct cert *cert)
{
	++*(unsigned int *)ctx;
}

bool
trust_done(struct setup *s)
{
	const char *list[] = { "trust", "list", NULL };
	unsigned int count = 0;
	struct outcome o;

	if (s->trust_file != NULL || s->fingerprint != NULL)
		return false;	/* asked for; to add it twice does no harm */
	if (access(s->t->conf.trust_db, F_OK) != 0)
		return false;
	o = trustdb_list(s->t->conf.trust_db, s->t->env.trust_owner, &s->t->log, count_one, &count);
	return outcome_ok(&o) && count > 0 && setup_jpkictl(s, list);
}

void
trust_tell(struct setup *s)
{
	if (s->trust_file != NULL)
		printf(_("  The CA certificates in %s will be trusted (jpkictl trust add).\n"), s->trust_file);
	else
		printf("  %s\n", _("The CA certificate on the card will be trusted, if its fingerprint is "
		    "one that J-LIS publishes (jpkictl trust from-card)."));
}

static bool
trust_card(const struct setup *s)
{
	const char *card[7] = { "trust", "from-card" };
	size_t n = 2;

	if (s->reader != NULL) {
		card[n++] = "--reader";
		card[n++] = s->reader;
	}
	if (s->fingerprint != NULL) {
		card[n++] = "--accept-fingerprint";
		card[n++] = s->fingerprint;
	}
	return setup_jpkictl(s, card);
}

bool
trust_act(struct setup *s)
{
	const char *add[] = { "trust", "add", s->trust_file, NULL };
	char line[SETUP_LINE];

	if (s->trust_file != NULL)
		return setup_jpkictl(s, add);
	if (trust_card(s))
		return true;
	if (s->fingerprint != NULL)
		return false;
	if (s->yes || !setup_line(s, _("The fingerprint as J-LIS publishes it, or a file with the CA "
	    "certificate (/...); nothing stops here:"), line))
		return false;
	if (line[0] == '/')
		s->trust_file = strdup(line);
	else
		s->fingerprint = strdup(line);
	return (s->trust_file != NULL || s->fingerprint != NULL) && trust_act(s);
}

/* ---- revocation ---- */

static void
count_list(void *ctx, const struct crlstore_item *item)
{
	*(unsigned int *)ctx += item->fault == CRL_OK;
}

bool
crl_done(struct setup *s)
{
	const struct conf *conf = &s->t->conf;
	struct crlstore store = { .dir = conf->crl_dir, .trust_db = conf->trust_db,
	    .owner = s->t->env.trust_owner, .log = &s->t->log };
	unsigned int count = 0;

	if (conf->crl != CONF_CRL_REQUIRE) {
		printf("  %s\n", _("The configuration lets a card log in without a CRL."));
		return s->crl_source == NULL;
	}
	if (crlstore_list(&store, count_list, &count) == CRL_OK && count > 0) {
		printf("  %s\n", _("A CRL is installed."));
		return s->crl_source == NULL && !s->no_crl;
	}
	printf("  %s\n", _("No CRL is installed, and without one no card logs in."));
	return false;
}

void
crl_tell(struct setup *s)
{
	char shown[URL_MAX];

	url_shown(s->crl_source != NULL ? s->crl_source : "", shown);
	if (s->crl_source != NULL)
		printf(_("  The CRL is fetched from %s and the source is noted in %s.\n"), shown,
		    s->t->conf.crl_sources);
	else if (s->no_crl)
		printf(_("  %s will say crl = if-present: a lost card is then answered by jpkictl revoke.\n"),
		    s->t->conf_file);
	else
		printf("  %s\n", _("You will be asked for the URL of the CRL. JPKI gives it to registered "
		    "verifiers only; without one, for the reason to do without."));
}

/* As many may read it as before. */
static bool
replace(const struct setup *s, const char *path, const char *old, const char *more)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = strlen(old);
	struct stat st;
	mode_t mode = stat(path, &st) == 0 ? st.st_mode & 0644 : 0644;

	if (asprintf(&text, "%s%s%s\n", old, len > 0 && old[len - 1] != '\n' ? "\n" : "", more) < 0) {
		text = NULL;
		return false;
	}
	return safefile_replace(path, mode, text, strlen(text), &s->t->log);
}

/* "" for a file that is not there. False: logged. */
static bool
read_or_empty(const struct setup *s, const char *path, char **ret)
{
	size_t len;
	enum safefile r = safefile_read(path, 0, TOOL_FILE_MAX, &s->t->log, ret, &len);

	if (r == SAFEFILE_ABSENT)
		*ret = strdup("");
	return (r == SAFEFILE_OK || r == SAFEFILE_ABSENT) && *ret != NULL;
}

static bool
note_source(const struct setup *s, const char *url)
{
	_cleanup_(freep) char *old = NULL;
	struct sources sources;
	bool known = false;

	if (!sources_read(s->t, &sources))
		return false;
	for (size_t i = 0; i < sources.count; i++)
		known = known || strcmp(sources.urls[i], url) == 0;
	sources_done(&sources);
	return known || (read_or_empty(s, s->t->conf.crl_sources, &old) &&
	    replace(s, s->t->conf.crl_sources, old, url));
}

/* First proven and installed, then noted. */
static bool
use_source(struct setup *s, const char *url)
{
	const char *import[] = { "crl", "import", url, NULL };

	/* Which would be seen in the command line of the import. */
	if (url_has_userinfo(url)) {
		tool_complain(s->t, _("a URL with a password is not for here: write it into %s (chmod 0600), run jpkictl crl update, "
		    "then jpkictl setup again"), s->t->conf.crl_sources);
		return false;
	}
	if (!setup_jpkictl(s, import) || !note_source(s, url))
		return false;
	printf("  %s\n", _("To fetch it again by itself: systemctl enable --now jpki-crl-update.timer"));
	return true;
}

static bool
has_crl_line(const char *text)
{
	for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += strspn(p, " \t\n");
		if (strncmp(p, "crl", 3) == 0 && strchr(" \t=:", p[3]) != NULL && p[3] != '\0')
			return true;
	}
	return false;
}

/* How much of a UTF-8 text fits into so many octets, between two characters. */
static int
fitting(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len <= max)
		return (int)len;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return (int)max;
}

static bool
do_without(struct setup *s, const char *reason)
{
	_cleanup_(freep) char *old = NULL;
	char lines[SETUP_LINE + 128], date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (!read_or_empty(s, s->t->conf_file, &old))
		return false;
	if (has_crl_line(old)) {
		tool_complain(s->t, _("%s has a line for crl already; change it by hand"), s->t->conf_file);
		return false;
	}
	(void)strftime(date, sizeof date, "%Y-%m-%d", localtime_r(&now, &tm));
	snprintf(lines, sizeof lines, "\n# jpkictl setup, %s: %.*s\ncrl = if-present", date,
	    fitting(reason, REASON_MAX), reason);
	if (!replace(s, s->t->conf_file, old, lines))
		return false;
	s->t->conf.crl = CONF_CRL_IF_PRESENT;
	tool_audit("setup", "crl", "if-present");
	return true;
}

bool
crl_act(struct setup *s)
{
	char line[SETUP_LINE];

	if (s->crl_source != NULL)
		return use_source(s, s->crl_source);
	if (s->no_crl)
		return do_without(s, "no CRL (--no-crl)");
	if (s->yes) {
		tool_complain(s->t, "%s", _("state --crl-source or --no-crl"));
		return false;
	}
	if (setup_line(s, _("URL of the CRL (nothing: there is none):"), line))
		return use_source(s, line);
	if (!setup_line(s, _("Why logins do without it (nothing stops here):"), line))
		return false;
	log_defuse(line);
	return do_without(s, line);
}

/* ---- enrollment ---- */

bool
setup_enrolled(const struct setup *s)
{
	_cleanup_(freep) char *text = NULL;
	struct outcome o;
	size_t len;

	if (s->user == NULL)
		return false;
	o = userfile_read(s->t->conf.users_dir, s->user, s->t->env.trust_owner, &s->t->log, &text, &len);
	return outcome_ok(&o);
}

bool
setup_name_user(struct setup *s, const char *name)
{
	struct account account;

	if (!tool_find_account(s->t, name, &account))
		return false;
	s->user = strdup(account.name);
	return s->user != NULL;
}

bool
enroll_done(struct setup *s)
{
	if (s->no_enroll) {
		printf("  %s\n", _("Nobody is enrolled now (--no-enroll)."));
		return true;
	}
	if (!setup_enrolled(s))
		return false;
	printf(_("  %s is enrolled.\n"), s->user);
	return true;
}

void
enroll_tell(struct setup *s)
{
	char line[SETUP_LINE];

	if (s->user == NULL && setup_line(s, _("Whose card is it? User name:"), line))
		(void)setup_name_user(s, line);
	printf(_("  The card on the reader will be registered for %s (jpkictl enroll); its PIN is asked once.\n"),
	    s->user != NULL ? s->user : "?");
}

bool
enroll_act(struct setup *s)
{
	const char *enroll[] = { "enroll", "--", s->user, NULL };
	const char *from[] = { "enroll", "--reader", s->reader, "--", s->user, NULL };

	if (s->user == NULL) {
		tool_complain(s->t, "%s", _("whose card it is is not known; state --user or --no-enroll"));
		return false;
	}
	return setup_enrolled(s) || setup_jpkictl(s, s->reader != NULL ? from : enroll);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps before a card can log in. */
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

/* ---- programs and configuration ---- */

bool
machine_done(struct setup *s)
{
	struct doctor d = { .t = s->t, .conf_file = s->t->conf_file, .pipe = -1, .faults_only = true };

	if (!doctor_conf(&d))
		return false;
	doctor_programs(&d);
	if (doctor_count(&d, LEVEL_ERROR) > 0)
		return false;
	printf("  %s\n", _("They are in order."));
	return true;
}

/* ---- reader and card ---- */

/* Looks only at what reader and card themselves lack: no authority is trusted and no card registered yet. */
static bool
look_at_reader(struct setup *s)
{
	static const enum finding hindrances[] = { FOUND_SERVICE_ABSENT, FOUND_SERVICE_SILENT,
	    FOUND_SERVICE_VERSION, FOUND_SERVICE_REFUSES, FOUND_SERVICE_HANGS, FOUND_READER_NONE, FOUND_READER_EMPTY,
	    FOUND_READER_CANNOT, FOUND_READER_BUSY, FOUND_READER_LOST, FOUND_CARD_JUKI,
	    FOUND_CARD_PHONE, FOUND_CARD_OTHER, FOUND_CARD_NO_CERT, FOUND_PIN_LOCKED };
	struct doctor d = { .t = s->t, .conf_file = s->t->conf_file, .pipe = -1, .reader = s->reader,
		.card_only = true, .faults_only = true };

	doctor_readers(&d);
	if (d.seen[FOUND_READER_NONE] > 0)
		doctor_usb(&d, "");
	for (size_t i = 0; i < sizeof hindrances / sizeof hindrances[0]; i++)
		if (d.seen[hindrances[i]] > 0)
			return false;
	printf("  %s\n", _("A My Number Card is on the reader."));
	return true;
}

bool
reader_done(struct setup *s)
{
	if (!s->no_enroll || s->fingerprint != NULL)
		return look_at_reader(s);
	printf("  %s\n", _("No card is needed now."));
	return true;
}

static bool
can_start_pcscd(void)
{
	return access("/run/systemd/system", F_OK) == 0 && access(PCSC_SOCKET, F_OK) != 0;
}

bool
reader_act(struct setup *s)
{
	static const char *const start[] = { "systemctl", "enable", "--now", "pcscd.socket", NULL };
	char line[SETUP_LINE];

	if (can_start_pcscd()) {
		if (!setup_agrees(s, _("Start the smart card service now and at every boot "
		    "(systemctl enable --now pcscd.socket)?"), true) || !setup_program(start))
			return false;
		if (reader_done(s))
			return true;
	}
	while (!s->yes && setup_line(s, _("Put that right and press Enter to look again, or type q to stop:"), line) &&
	    line[0] == '\0')
		if (reader_done(s))
			return true;
	return false;
}

/* ---- trust ---- */

static void
count_one(void *ctx, const struct cert *cert)
{
	++*(unsigned int *)ctx;
}

unsigned int
setup_count_trusted(const struct setup *s)
{
	unsigned int count = 0;
	struct outcome o;

	if (access(s->t->conf.trust_db, F_OK) != 0)
		return 0;
	o = trustdb_list(s->t->conf.trust_db, s->t->env.trust_owner, &s->t->log, count_one, &count);
	return outcome_ok(&o) ? count : 0;
}

bool
trust_done(struct setup *s)
{
	unsigned int count;

	if (s->trust_file != NULL || s->fingerprint != NULL)
		return false;	/* stated; to add it twice does no harm */
	count = setup_count_trusted(s);
	if (count > 0)
		printf(_("  Trusted authorities: %u (jpkictl trust list)\n"), count);
	return count > 0;
}

/* Ends as jpkictl trust from-card. */
static int
trust_card(const struct setup *s, const char *fingerprint)
{
	const char *card[8] = { "trust", "from-card" };
	size_t n = 2;

	if (s->reader != NULL) {
		card[n++] = "--reader";
		card[n++] = s->reader;
	}
	if (fingerprint != NULL) {
		card[n++] = "--accept-fingerprint";
		card[n++] = fingerprint;
	}
	if (s->yes)
		card[n++] = "--yes";
	return setup_jpkictl(s, card);
}

static int
trust_files(const struct setup *s, const char *file)
{
	const char *add[] = { "trust", "add", file, NULL };

	return setup_jpkictl(s, add);
}

/* Takes a fingerprint or a file that does not come from the card. */
static bool
trust_typed(const struct setup *s)
{
	char line[SETUP_LINE];

	printf("  %s\n", _("J-LIS publishes files and fingerprints at https://www.jpki.go.jp/ca/index.html; see\n"
	    "  AUTHORITIES in jpkictl(8)."));
	while (setup_line(s, _("The 64 digits of the fingerprint (SHA-256) from there, or the path of the file (/...);\n"
	    "Enter alone stops:"), line) && line[0] != '\0')
		if ((line[0] == '/' ? trust_files(s, line) : trust_card(s, line)) == TOOL_OK)
			return true;
	return false;
}

bool
trust_act(struct setup *s)
{
	int status;

	if (s->trust_file != NULL) {
		printf(_("  The CA certificates in %s will be trusted (jpkictl trust add).\n"), s->trust_file);
		return setup_agrees(s, _("Trust them?"), true) && trust_files(s, s->trust_file) == TOOL_OK;
	}
	printf("  %s\n", _("The card carries the certificate of the authority that issued it:"));
	status = trust_card(s, s->fingerprint);
	if (status != TOOL_UNPROVEN || s->fingerprint != NULL || s->yes)
		return status == TOOL_OK;
	return trust_typed(s);
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
	printf("  %s\n", _("No CRL is installed, and without one every card is refused."));
	return false;
}

/* Replaces a file with the same permissions. */
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

/* Verifies and installs the list first, then stores its URL. */
static bool
use_source(struct setup *s, const char *url)
{
	const char *import[] = { "crl", "import", url, NULL };

	/* Otherwise they would show in the command line of the import. */
	if (url_has_userinfo(url)) {
		tool_complain(s->t, _("a URL with a password is not for here: write it into %s (chmod 0600), run jpkictl crl update, "
		    "then jpkictl setup again"), s->t->conf.crl_sources);
		return false;
	}
	if (setup_jpkictl(s, import) != TOOL_OK || !note_source(s, url))
		return false;
	printf("  %s\n", _("To fetch it again by itself: systemctl enable --now jpki-crl-update.timer"));
	return true;
}

/* Whether a line of the text is one for the option. */
static bool
has_line(const char *text, const char *option)
{
	size_t len = strlen(option);

	for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += strspn(p, " \t\n");
		if (strncmp(p, option, len) == 0 && strchr(" \t=:", p[len]) != NULL && p[len] != '\0')
			return true;
	}
	return false;
}

bool
setup_is_configured(const struct setup *s, const char *option)
{
	_cleanup_(freep) char *text = NULL;

	return !read_or_empty(s, s->t->conf_file, &text) || has_line(text, option);
}

bool
setup_configure(const struct setup *s, const char *remark, const char *lines)
{
	_cleanup_(freep) char *old = NULL;
	char more[512], date[32];
	time_t now = time(NULL);
	struct tm tm;

	(void)strftime(date, sizeof date, "%Y-%m-%d", localtime_r(&now, &tm));
	return read_or_empty(s, s->t->conf_file, &old) &&
	    snprintf(more, sizeof more, "\n# jpkictl setup, %s: %s\n%s", date, remark, lines) < (int)sizeof more &&
	    replace(s, s->t->conf_file, old, more);
}

static bool
do_without(struct setup *s)
{
	if (setup_is_configured(s, "crl")) {
		tool_complain(s->t, _("%s has a line for crl already; change it by hand"), s->t->conf_file);
		return false;
	}
	if (!setup_configure(s, "no source of a CRL", "crl = if-present"))
		return false;
	s->t->conf.crl = CONF_CRL_IF_PRESENT;
	tool_audit("setup", "crl", "if-present");
	printf(_("  %s says crl = if-present now.\n"), s->t->conf_file);
	return true;
}

bool
crl_act(struct setup *s)
{
	char line[SETUP_LINE], shown[URL_MAX];

	if (s->crl_source != NULL) {
		url_shown(s->crl_source, shown);
		printf(_("  The CRL is fetched from %s and the source is noted in %s.\n"), shown, s->t->conf.crl_sources);
		return setup_agrees(s, _("Fetch it?"), true) && use_source(s, s->crl_source);
	}
	printf("  %s\n", _("J-LIS gives its list of revoked certificates (CRL) to registered verifiers only. Without\n"
	    "  one (crl = if-present) you answer a lost card yourself, by: sudo jpkictl revoke USER"));
	if (s->no_crl)
		return do_without(s);
	if (s->yes) {
		tool_complain(s->t, "%s", _("state --crl-source or --no-crl"));
		return false;
	}
	while (setup_line(s, _("URL of the CRL (leave empty to log in without one):"), line))
		if (line[0] == '\0' ? do_without(s) : use_source(s, line))
			return true;
	return false;
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
		printf("  %s\n", _("No card is registered now (--no-enroll)."));
		return true;
	}
	if (!setup_enrolled(s))
		return false;
	printf(_("  The card of %s is registered.\n"), s->user);
	return true;
}

/* Prompts until there is an account of that name; false if the answer is empty. */
static bool
ask_user(struct setup *s)
{
	char line[SETUP_LINE];

	while (!s->yes && setup_line(s, _("User name of the card's holder (leave empty to stop):"), line) && line[0] != '\0')
		if (setup_name_user(s, line))
			return true;
	if (s->yes)
		tool_complain(s->t, "%s", _("whose card it is is not known; state --user or --no-enroll"));
	return false;
}

static bool
enroll_card(const struct setup *s)
{
	const char *enroll[] = { "enroll", "--", s->user, NULL };
	const char *from[] = { "enroll", "--reader", s->reader, "--", s->user, NULL };

	printf(_("  The card on the reader will be registered for %s. Type its four-digit PIN to agree;\n"
	    "  Enter alone stops.\n"), s->user);
	return setup_jpkictl(s, s->reader != NULL ? from : enroll) == TOOL_OK;
}

bool
enroll_act(struct setup *s)
{
	if (s->user == NULL && !ask_user(s))
		return false;
	if (setup_enrolled(s))
		return true;
	s->pin_proved = enroll_card(s);
	return s->pin_proved;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MUSTs: nss/crl/check.h. OUTCOME_OK comes from one place, answer(), and only if a list that covers the
 * certificate has been read, or the policy does not require one.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "lib/clk.h"
#include "lib/safefile.h"
#include "nss/crl/check.h"
#include "nss/crl/der.h"
#include "nss/crl/index.h"
#include "nss/crl/store.h"
#include "nss/internal.h"

#define DIRECT_MAX 16		/* lists opened by name; others are found by reading the directory */
#define INDEX_NAME_MAX (CRLSTORE_NAME_MAX + sizeof CRLSTORE_INDEX_SUFFIX)

/* What the lists have shown so far. */
struct search {
	const struct crlcheck *c;
	const struct cert *cert;
	int64_t now;
	struct view points;		/* contents of cRLDistributionPoints */
	uint8_t name_hash[CRL_HASH_LEN];	/* of the issuer's name */
	uint8_t key_hash[CRL_HASH_LEN];
	char prefix[CRLSTORE_PREFIX_LEN + 1];
	int dir;
	char direct[DIRECT_MAX][INDEX_NAME_MAX];	/* already read */
	size_t direct_count;

	bool listed, invalid, not_yet, covered, stale, no_memory;
	struct crlindex_hit hit;	/* if listed */
	char hit_list[INDEX_NAME_MAX];
	int64_t hit_update;		/* if listed: thisUpdate of the newest such list */
	int64_t covered_update;		/* if covered: of the newest such list */
	int64_t begins;			/* if not_yet */
	int64_t ended;			/* if stale */
};

static void
refuse_list(struct search *s, const char *file, const char *why)
{
	s->invalid = true;
	log_msg(s->c->log, LOG_ERR, "%s/%s: %s", s->c->dir, file, why);
}

/* --- one list ------------------------------------------------------------------ */

static bool
is_in_scope(void *ctx, struct view general_name)
{
	return crl_covers(ctx, general_name);
}

/* Whether the list proves that a certificate which is not in it is not revoked. */
static bool
speaks_for(const struct search *s, const struct crl_facts *f)
{
	return f->scope_len == 0 ||
	    crlder_point_matches(s->points, is_in_scope, (void *)(uintptr_t)f);
}

static void
judge_crl_times(struct search *s, const struct crl_facts *f)
{
	enum crl_age age = crl_age(f, s->now, s->c->grace);

	if (age == CRL_AGE_FUTURE) {
		if (!s->not_yet || f->this_update > s->begins)
			s->begins = f->this_update;
		s->not_yet = true;
	} else if (!speaks_for(s, f)) {
		return;
	} else if (age == CRL_AGE_FRESH || age == CRL_AGE_GRACE) {
		if (!s->covered || f->this_update > s->covered_update)
			s->covered_update = f->this_update;
		s->covered = true;
	} else {
		if (!s->stale || f->next_update > s->ended)
			s->ended = f->next_update;
		s->stale = true;
	}
}

static void
ask_index(struct search *s, const char *file, const struct crlindex *index)
{
	const struct crl_facts *f = crlindex_facts(index);
	struct crlindex_hit hit = { .listed = false };

	/* The hash in the file's name is cut; compare the whole ones. */
	if (memcmp(f->issuer_key, s->key_hash, CRL_HASH_LEN) != 0 ||
	    memcmp(f->issuer_name, s->name_hash, CRL_HASH_LEN) != 0) {
		refuse_list(s, file, "an index of another issuer");
		return;
	}
	if (crlindex_find(index, view_of_item(&s->cert->nss->serialNumber), &hit) != CRL_OK) {
		refuse_list(s, file, crl_fault_text(CRL_INDEX));
		return;
	}
	if (hit.listed && (!s->listed || f->this_update > s->hit_update))
		s->hit_update = f->this_update;
	/* A final revocation outranks a suspension. */
	if (hit.listed && (!s->listed || s->hit.reason == REASON_HOLD)) {
		s->listed = true;
		s->hit = hit;
		snprintf(s->hit_list, sizeof s->hit_list, "%s", file);
	}
	judge_crl_times(s, f);
}

/* False if there is no such file. */
static bool
ask_file(struct search *s, const char *file)
{
	_cleanup_(closep) int fd = -1;
	struct crlindex *index = NULL;
	enum crl_fault f;

	switch (safefile_open_at(s->dir, s->c->dir, file, s->c->owner, s->c->log, &fd)) {
	case SAFEFILE_OK:
		break;
	case SAFEFILE_ABSENT:
		return false;
	case SAFEFILE_REFUSED:
		s->invalid = true;	/* logged there */
		return true;
	case SAFEFILE_NO_MEMORY:
		s->no_memory = true;
		return true;
	}
	f = crlindex_open(fd, &index);
	if (f == CRL_OK)
		ask_index(s, file, index);
	else if (f == CRL_NO_MEMORY)
		s->no_memory = true;
	else
		refuse_list(s, file, crl_fault_text(f));
	crlindex_close(index);
	return true;
}

/* --- all lists ------------------------------------------------------------------- */

static void
ask_scope(struct search *s, struct view scope)
{
	char name[CRLSTORE_NAME_MAX], *file;

	if (s->direct_count == DIRECT_MAX)
		return;
	if (!crlstore_name(s->prefix, scope, name)) {
		s->invalid = true;
		return;
	}
	file = s->direct[s->direct_count];
	snprintf(file, INDEX_NAME_MAX, "%s%s", name, CRLSTORE_INDEX_SUFFIX);
	s->direct_count++;
	(void)ask_file(s, file);
}

/* For crlder_point_matches(): continues after each name. */
static bool
ask_point(void *ctx, struct view general_name)
{
	ask_scope(ctx, general_name);
	return false;
}

/*
 * The names of the certificate's own lists. They are opened by name, because reading a directory while an
 * import renames a file may show neither the old one nor the new one.
 */
static void
ask_by_name(struct search *s)
{
	ask_scope(s, (struct view){ .data = NULL });
	(void)!crlder_point_matches(s->points, ask_point, s);
}

static bool
was_asked(const struct search *s, const char *file)
{
	for (size_t i = 0; i < s->direct_count; i++)
		if (strcmp(s->direct[i], file) == 0)
			return true;
	return false;
}

static bool
is_index_of_issuer(const struct search *s, const char *file)
{
	size_t len = strlen(file), suffix = strlen(CRLSTORE_INDEX_SUFFIX);

	return strncmp(file, s->prefix, CRLSTORE_PREFIX_LEN) == 0 && len > suffix &&
	    strcmp(file + len - suffix, CRLSTORE_INDEX_SUFFIX) == 0;
}

/* Lists with several names, and lists that do not cover the certificate but may contain it. */
static void
ask_the_others(struct search *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (d == NULL) {
		closep(&fd);
		refuse_list(s, ".", strerror(errno));
		return;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		if (is_index_of_issuer(s, e->d_name) && !was_asked(s, e->d_name))
			(void)ask_file(s, e->d_name);
	if (errno != 0)
		refuse_list(s, ".", strerror(errno));
}

/* --- all lists at once ------------------------------------------------------------- */

static void
pass_merged(const struct search *s, int priority, const char *why)
{
	log_msg(s->c->log, priority, "%s/" CRLSTORE_MERGED_DIR ": %s, so each list is read; jpkictl crl update makes it "
	    "again", s->c->dir, why);
}

/* Whether a merged index shows that none of the lists is from the future or has the certificate. */
static bool
clears(const struct search *s, const struct crlindex *merged)
{
	const struct crl_facts *f = crlindex_facts(merged);
	struct crlindex_hit hit = { .listed = true };
	uint8_t stamp[CRL_HASH_LEN];
	struct stat st;

	if (fstat(s->dir, &st) != 0 || !crlstore_stamp(&st, stamp) || memcmp(stamp, f->sha256, sizeof stamp) != 0) {
		pass_merged(s, LOG_INFO, "the merged index is older than the directory");
		return false;
	}
	if (memcmp(f->issuer_key, s->key_hash, CRL_HASH_LEN) != 0 ||
	    memcmp(f->issuer_name, s->name_hash, CRL_HASH_LEN) != 0 ||
	    crlindex_find(merged, view_of_item(&s->cert->nss->serialNumber), &hit) != CRL_OK) {
		pass_merged(s, LOG_WARNING, "the merged index is damaged");
		return false;
	}
	return !hit.listed && f->this_update <= s->now;
}

/*
 * Whether the issuer has a merged index, and it shows that the lists need not be read one by one. False says nothing
 * about the certificate.
 */
static bool
are_clear(const struct search *s)
{
	_cleanup_(closep) int dir = -1;
	_cleanup_(closep) int fd = -1;
	struct crlindex *merged = NULL;
	char path[PATH_MAX], file[INDEX_NAME_MAX];
	enum crl_fault f;
	bool clear;
	int n = snprintf(path, sizeof path, "%s/" CRLSTORE_MERGED_DIR, s->c->dir);

	snprintf(file, sizeof file, "%.*s" CRLSTORE_INDEX_SUFFIX, CRLSTORE_DIGITS, s->prefix);
	if (n < 0 || (size_t)n >= sizeof path ||
	    safefile_open_dir(path, s->c->owner, s->c->log, &dir) != SAFEFILE_OK ||
	    safefile_open_at(dir, path, file, s->c->owner, s->c->log, &fd) != SAFEFILE_OK)
		return false;
	f = crlindex_open_merged(fd, &merged);
	if (f != CRL_OK)
		pass_merged(s, LOG_WARNING, "the merged index is damaged");
	clear = f == CRL_OK && clears(s, merged);
	crlindex_close(merged);
	return clear;
}

static void
ask_all(struct search *s)
{
	ask_by_name(s);
	if (s->covered && !s->listed && are_clear(s))
		return;
	ask_the_others(s);
	/* A rename can hide a list from one of two reads, but not from both. */
	if (!s->covered && !s->listed)
		ask_the_others(s);
}

/* --- the answer -------------------------------------------------------------------- */

static struct outcome
answer_listed(const struct search *s)
{
	const char *reason = crl_reason_name(s->hit.reason);
	bool hold = s->hit.reason == REASON_HOLD;
	char date[CLK_UTC_MAX];

	if (s->hit.date == 0 || !clk_utc_text(s->hit.date, date))
		snprintf(date, sizeof date, "?");
	log_msg(s->c->log, LOG_NOTICE, "certificate %.16s... is %s since %s, reason %s (%s)",
	    s->cert->fingerprint, hold ? "suspended" : "revoked", date,
	    reason != NULL ? reason : "?", s->hit_list);
	return outcome_when(hold ? OUTCOME_SUSPENDED : OUTCOME_REVOKED, s->hit.date);
}

static struct outcome
answer_without(const struct search *s)
{
	char date[CLK_UTC_MAX];

	if (s->stale) {
		(void)clk_utc_text(s->ended, date);
		log_msg(s->c->log, LOG_ERR, "%s: the CRL for certificate %.16s... expired at %s; "
		    "import a newer one: jpkictl crl import", s->c->dir, s->cert->fingerprint, date);
		return outcome_when(OUTCOME_CRL_STALE, s->ended);
	}
	if (s->c->policy == CRL_IF_PRESENT) {
		log_msg(s->c->log, LOG_INFO, "%s: no CRL for certificate %.16s..., and none is required",
		    s->c->dir, s->cert->fingerprint);
		return outcome_of(OUTCOME_OK);
	}
	log_msg(s->c->log, LOG_ERR, "%s: no CRL for certificate %.16s...; import one: jpkictl crl "
	    "import (or see crl in pam_jpki.conf(5))", s->c->dir, s->cert->fingerprint);
	return outcome_of(OUTCOME_CRL_MISSING);
}

static void
note_found(const struct search *s)
{
	if (s->c->found == NULL)
		return;
	if (s->listed)
		*s->c->found = (struct crlcheck_found){ .reason = s->hit.reason, .this_update = s->hit_update };
	else
		s->c->found->this_update = s->covered_update;
}

static struct outcome
answer(const struct search *s)
{
	char date[CLK_UTC_MAX];

	if (s->listed) {
		note_found(s);
		return answer_listed(s);
	}
	if (s->no_memory)
		return outcome_of(OUTCOME_NO_MEMORY);
	if (s->invalid)
		return outcome_of(OUTCOME_CRL_INVALID);	/* logged where it was found */
	if (s->not_yet) {
		(void)clk_utc_text(s->begins, date);
		log_msg(s->c->log, LOG_ERR, "%s: a CRL is dated %s, in the future; check the clock of "
		    "this computer", s->c->dir, date);
		return outcome_when(OUTCOME_CRL_NOT_YET, s->begins);
	}
	if (!s->covered)
		return answer_without(s);
	note_found(s);
	return outcome_of(OUTCOME_OK);
}

static bool
prepare_search(struct search *s, const struct cert *issuer)
{
	return nss_sha256(view_of_item(&issuer->nss->derPublicKey), s->key_hash) &&
	    nss_sha256(view_of_item(&issuer->nss->derSubject), s->name_hash) &&
	    crlstore_prefix(s->key_hash, s->name_hash, s->prefix);
}

struct outcome
crlcheck(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	_cleanup_(nss_item_done) SECItem points = { .data = NULL };
	_cleanup_(closep) int dir = -1;
	const struct crlcheck *c = ctx;
	struct search s = { .c = c, .cert = cert, .now = now };
	struct view serial;
	enum safefile r;

	if (c->policy == CRL_OFF)
		return outcome_of(OUTCOME_OK);
	if (!crlder_serial(view_of_item(&cert->nss->serialNumber), &serial)) {
		log_msg(c->log, LOG_ERR, "certificate %.16s...: no CRL can list its serial number",
		    cert->fingerprint);
		return outcome_of(OUTCOME_CERT_BAD);
	}
	if (!prepare_search(&s, issuer))
		return outcome_of(OUTCOME_INTERNAL);
	r = safefile_open_dir(c->dir, c->owner, c->log, &dir);
	if (r == SAFEFILE_ABSENT)
		return answer_without(&s);
	if (r != SAFEFILE_OK)
		return safefile_outcome(r, OUTCOME_CRL_MISSING, OUTCOME_CRL_INVALID);
	/* Absent is accepted; a malformed one names no list. */
	if (CERT_FindCertExtension(cert->nss, SEC_OID_X509_CRL_DIST_POINTS, &points) == SECSuccess)
		s.points = view_of_item(&points);
	s.dir = dir;
	ask_all(&s);
	return answer(&s);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "lib/safefile.h"
#include "nss/internal.h"

#define STEP_OF_TIMES_S 2	/* in which the coarsest file systems keep the times of a file */
#define EXCHANGES 10	/* exchanges of the directory during one opening; two are already many */

const char *
nss_error_name(PRErrorCode error)
{
	const char *name = PR_ErrorToName(error);

	return name != NULL ? name : "unknown NSS error";
}

static struct outcome
judge_file(enum safefile r, const char *path, const struct log *log)
{
	if (r == SAFEFILE_ABSENT)
		log_msg(log, LOG_ERR, "%s: there is no database of trusted authorities; "
		    "make one with: jpkictl trust add", path);
	return safefile_outcome(r, OUTCOME_TRUST_DB, OUTCOME_TRUST_DB);
}

/*
 * Check both files: NSS refuses a directory without a readable key4.db too, and reports a reason for
 * neither.
 */
static struct outcome
check_files(const char *dir, uid_t owner, const struct log *log)
{
	static const char *const names[] = { "cert9.db", "key4.db" };
	struct outcome o = judge_file(safefile_check_dir(dir, owner, log), dir, log);
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0] && outcome_ok(&o); i++) {
		int n = snprintf(path, sizeof path, "%s/%s", dir, names[i]);

		if (n < 0 || (size_t)n >= sizeof path) {
			log_msg(log, LOG_ERR, "%s: path too long", dir);
			return outcome_of(OUTCOME_TRUST_DB);
		}
		o = judge_file(safefile_open(path, owner, log, NULL), path, log);
	}
	return o;
}

/* In FIPS mode NSS tests itself before it opens a database. */
static void
log_refusal(const char *dir, PRErrorCode error, const struct log *log)
{
	if (error == SEC_ERROR_PKCS11_DEVICE_ERROR && SECMOD_GetSystemFIPSEnabled() != 0)
		log_msg(log, LOG_ERR, "%s: this computer is in FIPS mode, and NSS has failed its self-test (%s); "
		    "install the package of NSS again, with its .chk files, or switch FIPS mode off", dir,
		    nss_error_name(error));
	else if (dir[0] == '\0')	/* one in memory */
		log_msg(log, LOG_ERR, "NSS cannot be started (%s)", nss_error_name(error));
	else
		log_msg(log, LOG_ERR, "%s: the NSS database cannot be opened (%s); restore cert9.db "
		    "and key4.db, or remove both and add the authorities again: jpkictl trust add",
		    dir, nss_error_name(error));
}

struct outcome
certdb_open_raw(const char *dir, PRUint32 flags, const struct log *log, struct certdb **ret_db)
{
	_cleanup_(certdb_closep) struct certdb *db = NULL;
	char config[PATH_MAX + 4];

	/*
	 * NSS has one trust domain per process: with two databases open, the CAs of each would be trusted
	 * for both (doc/facts/nss.md §1.2).
	 */
	if (NSS_IsInitialized()) {
		log_msg(log, LOG_CRIT, "%s: NSS is already in use in this process", dir);
		return outcome_of(OUTCOME_INTERNAL);
	}
	db = calloc(1, sizeof *db);
	if (db == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	if ((size_t)snprintf(config, sizeof config, "sql:%s", dir) >= sizeof config) {
		log_msg(log, LOG_ERR, "%s: path too long", dir);
		return outcome_of(OUTCOME_TRUST_DB);
	}
	snprintf(db->dir, sizeof db->dir, "%s", dir);
	db->log = log;
	PORT_SetError(0);
	db->context = NSS_InitContext(config, "", "", "", NULL, flags | NSS_INIT_NOMODDB);
	if (db->context == NULL) {
		PRErrorCode error = PORT_GetError();

		log_refusal(dir, error, log);
		return outcome_nss(OUTCOME_TRUST_DB, error);
	}
	*ret_db = db;
	db = NULL;	/* given to the caller */
	return outcome_of(OUTCOME_OK);
}

/* Only the flag T makes an anchor: C is for servers, and P would need no chain at all. */
static bool
is_anchor(const CERTCertificate *cert)
{
	CERTCertTrust trust;

	return CERT_GetCertTrust(cert, &trust) == SECSuccess &&
	    (trust.sslFlags & CERTDB_TRUSTED_CLIENT_CA) != 0;
}

static struct outcome
add_anchor(struct certdb *db, const CERTCertificate *found, const struct log *log)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	_cleanup_(nss_cert_freep) CERTCertificate *for_list = NULL;
	struct view der = { .data = found->derCert.data, .len = found->derCert.len };
	struct outcome o = cert_from_der(db, der, &cert);
	struct cert **grown;

	if (o.status == OUTCOME_CERT_BAD) {
		log_msg(log, LOG_WARNING, "the trusted certificate %s is malformed and not used",
		    LOG_NAME(found->nickname));
		return outcome_of(OUTCOME_OK);
	}
	if (!outcome_ok(&o))
		return o;
	/* Pointers are stored. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	grown = reallocarray(db->anchors, db->anchor_count + 1, sizeof *grown);
	if (grown == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	db->anchors = grown;
	for_list = CERT_DupCertificate(cert->nss);
	if (CERT_AddCertToListTail(db->anchor_list, for_list) != SECSuccess)
		return outcome_of(OUTCOME_NO_MEMORY);
	for_list = NULL;	/* given to the list */
	db->anchors[db->anchor_count++] = cert;
	cert = NULL;		/* given to the database */
	return outcome_of(OUTCOME_OK);
}

static struct outcome
load_anchors(struct certdb *db, const char *dir, const struct log *log)
{
	_cleanup_(nss_slot_freep) PK11SlotInfo *slot = NULL;
	_cleanup_(nss_list_freep) CERTCertList *all = NULL;
	struct outcome o = outcome_of(OUTCOME_OK);

	PORT_SetError(0);
	slot = PK11_GetInternalKeySlot();
	if (slot != NULL)
		all = PK11_ListCertsInSlot(slot);
	if (all == NULL) {
		PRErrorCode error = PORT_GetError();

		log_msg(log, LOG_ERR, "%s: the certificates cannot be listed (%s)", dir,
		    nss_error_name(error));
		return outcome_nss(OUTCOME_TRUST_DB, error);
	}
	db->anchor_list = CERT_NewCertList();
	if (db->anchor_list == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	for (CERTCertListNode *n = CERT_LIST_HEAD(all); !CERT_LIST_END(n, all) && outcome_ok(&o);
	    n = CERT_LIST_NEXT(n))
		if (is_anchor(n->cert))
			o = add_anchor(db, n->cert, log);
	return o;
}

static struct outcome
open_once(const char *dir, uid_t owner, const struct log *log, struct certdb **ret_db)
{
	_cleanup_(certdb_closep) struct certdb *db = NULL;
	struct outcome o = check_files(dir, owner, log);

	if (!outcome_ok(&o))
		return o;
	o = certdb_open_raw(dir, NSS_INIT_READONLY, log, &db);
	if (db == NULL)
		return o;
	o = load_anchors(db, dir, log);
	if (!outcome_ok(&o))
		return o;
	*ret_db = db;
	db = NULL;	/* given to the caller */
	return o;
}

/* What a database consists of, and what SQLite puts beside a file that is being written. */
static const char *const file_names[CERTDB_FILES] = { "", "cert9.db", "key4.db" };
static const char *const journal_names[] = { "cert9.db-journal", "cert9.db-wal", "key4.db-journal", "key4.db-wal" };

/* False with errno, and *ret all zero. */
static bool
stat_in(const char *dir, const char *name, struct stat *ret)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	errno = ENAMETOOLONG;
	if (n > 0 && (size_t)n < sizeof path && stat(path, ret) == 0)
		return true;
	memset(ret, 0, sizeof *ret);
	return false;
}

/* The clock of the files' times, whatever clock a login is judged by. */
static int64_t
files_clock_s(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 ? now.tv_sec : 0;
}

static void
see_files(const char *dir, struct certdb_seen *ret)
{
	ret->at = files_clock_s();
	for (size_t i = 0; i < CERTDB_FILES; i++)
		if (!stat_in(dir, file_names[i], &ret->files[i]))
			ret->at = 0;
}

static bool
has_journal(const char *dir)
{
	struct stat st;

	for (size_t i = 0; i < sizeof journal_names / sizeof journal_names[0]; i++)
		if (stat_in(dir, journal_names[i], &st) || errno != ENOENT)
			return true;
	return false;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	    is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

/*
 * Whether a change after that moment shows in the times. File systems keep them in steps, of two seconds at most: a file
 * that was changed right before can be changed again within the same step.
 */
static bool
was_still(const struct stat *st, int64_t at)
{
	return st->st_ctim.tv_sec + STEP_OF_TIMES_S < at;
}

bool
certdb_is_current(const struct certdb *db, const char *dir)
{
	const struct certdb_seen *then = &db->seen;
	struct certdb_seen now;

	see_files(dir, &now);
	if (then->at == 0 || now.at < then->at || has_journal(dir))
		return false;
	for (size_t i = 0; i < CERTDB_FILES; i++)
		if (!is_same_file(&then->files[i], &now.files[i]) || !was_still(&then->files[i], then->at))
			return false;
	return true;
}

/*
 * Directory, cert9.db and key4.db are opened one after the other, by their paths. If nss/trustdb.c replaces
 * the directory meanwhile, they may come from different ones: discard the result and open again.
 */
struct outcome
certdb_open(const char *dir, uid_t owner, const struct log *log, struct certdb **ret_db)
{
	struct outcome o;

	for (int i = 0; i < EXCHANGES; i++) {
		struct certdb_seen seen;
		struct certdb *db = NULL;
		struct stat after;

		see_files(dir, &seen);
		o = open_once(dir, owner, log, &db);
		(void)stat_in(dir, "", &after);
		if (after.st_dev == seen.files[0].st_dev && after.st_ino == seen.files[0].st_ino) {
			if (db != NULL) {
				db->seen = seen;
				db->owner = owner;
			}
			*ret_db = db;
			return o;
		}
		log_msg(log, LOG_INFO, "%s: was replaced by a newer one meanwhile; opened again", dir);
		(void)certdb_close(db);
	}
	return outcome_ok(&o) ? outcome_of(OUTCOME_TRUST_DB) : o;
}

struct outcome
certdb_open_none(const struct log *log, struct certdb **ret_db)
{
	return certdb_open_raw("", NSS_INIT_READONLY | NSS_INIT_NOCERTDB, log, ret_db);
}

static struct outcome
open_again(struct certdb **db)
{
	const struct certdb old = **db;

	(void)certdb_close(*db);
	*db = NULL;
	return old.dir[0] != '\0' ? certdb_open(old.dir, old.owner, old.log, db) : certdb_open_none(old.log, db);
}

struct outcome
certdb_decode(struct certdb **db, struct view der, struct cert **ret)
{
	struct outcome o = cert_from_der(*db, der, ret);

	if (o.status != OUTCOME_CERT_BAD)
		return o;
	o = open_again(db);
	return outcome_ok(&o) ? cert_from_der(*db, der, ret) : o;
}

bool
certdb_close(struct certdb *db)
{
	bool closed = true;

	if (db == NULL)
		return true;
	for (size_t i = 0; i < db->anchor_count; i++)
		cert_free(db->anchors[i]);
	free(db->anchors);
	if (db->anchor_list != NULL)
		CERT_DestroyCertList(db->anchor_list);
	if (db->context != NULL)
		closed = NSS_ShutdownContext(db->context) == SECSuccess;
	free(db);
	return closed;
}

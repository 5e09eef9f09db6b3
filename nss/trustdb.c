/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "lib/lock.h"
#include "lib/safefile.h"
#include "lib/signals.h"
#include "nss/internal.h"
#include "nss/trustdb.h"

/* Certificates kept outside of NSS, because a process can have one database open at a time. */
struct ders {
	struct view *list;	/* each malloc'ed */
	size_t count;
};

static void
ders_done(struct ders *d)
{
	for (size_t i = 0; i < d->count; i++)
		free((void *)(uintptr_t)d->list[i].data);
	free(d->list);
	*d = (struct ders){ .list = NULL };
}

static bool
ders_add(struct ders *d, struct view der)
{
	struct view *grown = reallocarray(d->list, d->count + 1, sizeof *grown);
	uint8_t *copy;

	if (grown == NULL)
		return false;
	d->list = grown;
	copy = malloc(der.len);
	if (copy == NULL)
		return false;
	memcpy(copy, der.data, der.len);
	d->list[d->count++] = (struct view){ .data = copy, .len = der.len };
	return true;
}

static bool
ders_have(const struct ders *d, struct view der)
{
	for (size_t i = 0; i < d->count; i++)
		if (view_equal(d->list[i], der))
			return true;
	return false;
}

/* --- the database that is there ------------------------------------------- */

static struct outcome
db_bug(const char *dir, const struct log *log)
{
	log_msg(log, LOG_CRIT, "%s: NSS could not be closed", dir);
	return outcome_of(OUTCOME_INTERNAL);
}

static bool
absent(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	return n >= 0 && (size_t)n < sizeof path && lstat(path, &st) != 0 && errno == ENOENT;
}

/*
 * Reads all trusted certificates. Others (without trust T, trusted leaves) and CRLs do not belong in this
 * database and are not copied.
 */
static struct outcome
read_present(const char *dir, uid_t owner, const struct log *log, struct ders *ret_ders)
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open(dir, owner, log, &db);

	for (size_t i = 0; outcome_ok(&o) && i < db->anchor_count; i++)
		if (!ders_add(ret_ders, cert_der(db->anchors[i])))
			o = outcome_of(OUTCOME_NO_MEMORY);
	if (!certdb_close(db) && outcome_ok(&o))
		o = db_bug(dir, log);
	return o;
}

/* --- one at a time ---------------------------------------------------------- */

/*
 * Taken before the database is read, kept until the new one replaces it: two programs that start from the
 * same state would undo each other's changes. *ret_fd is the caller's; closing it releases the lock. A
 * login never takes it.
 */
static struct outcome
take_lock(const char *dir, uid_t owner, const struct log *log, int *ret_fd)
{
	/* An unsafe directory would be refused at the next login. */
	if (safefile_check_dir(dir, owner, log) == SAFEFILE_REFUSED)
		return outcome_of(OUTCOME_TRUST_DB);
	return outcome_of(lock_beside(dir, owner, log, ret_fd) ? OUTCOME_OK : OUTCOME_TRUST_DB);
}

/* --- the new one, aside ---------------------------------------------------- */

/*
 * The temporary directory with the new database, and after the exchange with the old one; always removed in
 * the end.
 */
struct aside {
	char path[PATH_MAX];	/* "": none */
	int fd;
	const struct log *log;
};

static int
open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Files that are not ours stay, and so does the directory. */
static void
aside_done(struct aside *a)
{
	static const char *const names[] = { "cert9.db", "key4.db", "pkcs11.txt",
	    "cert9.db-journal", "key4.db-journal" };

	if (a->path[0] == '\0')
		return;
	if (a->fd >= 0)
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			(void)unlinkat(a->fd, names[i], 0);
	closep(&a->fd);
	if (rmdir(a->path) != 0)
		log_msg(a->log, LOG_WARNING, "%s: left over: %s; keep or remove it", a->path,
		    strerror(errno));
}

/* Beside dir, because rename() works within one file system only; 0700 by mkdtemp(). */
static struct outcome
aside_make(const char *dir, const struct log *log, struct aside *ret)
{
	int n = snprintf(ret->path, sizeof ret->path, "%s.new-XXXXXX", dir);

	if (n < 0 || (size_t)n >= sizeof ret->path) {
		ret->path[0] = '\0';
		log_msg(log, LOG_ERR, "%s: path too long", dir);
		return outcome_of(OUTCOME_TRUST_DB);
	}
	if (mkdtemp(ret->path) == NULL) {
		log_msg(log, LOG_ERR, "%s: cannot write beside it: %s", dir, strerror(errno));
		ret->path[0] = '\0';
		return outcome_of(OUTCOME_TRUST_DB);
	}
	ret->fd = open_dir(ret->path);
	if (ret->fd < 0) {
		log_msg(log, LOG_ERR, "%s: %s", ret->path, strerror(errno));
		return outcome_of(OUTCOME_TRUST_DB);
	}
	return outcome_of(OUTCOME_OK);
}

static struct outcome
import_one(PK11SlotInfo *slot, struct certdb *db, struct view der)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	CERTCertTrust trust = { .sslFlags = CERTDB_TRUSTED_CLIENT_CA };
	char nickname[32];
	struct outcome o = cert_from_der(db, der, &cert);

	if (!outcome_ok(&o))
		return o;
	snprintf(nickname, sizeof nickname, "JPKI %.16s", cert->fingerprint);
	PORT_SetError(0);
	if (PK11_ImportCert(slot, cert->nss, CK_INVALID_HANDLE, nickname, PR_FALSE) !=
	    SECSuccess ||
	    CERT_ChangeCertTrust(CERT_GetDefaultCertDB(), cert->nss, &trust) != SECSuccess)
		return outcome_nss(OUTCOME_TRUST_DB, PORT_GetError());
	return o;
}

static struct outcome
import_all(struct certdb *db, const struct ders *ders)
{
	_cleanup_(nss_slot_freep) PK11SlotInfo *slot = PK11_GetInternalKeySlot();
	struct outcome o = outcome_of(OUTCOME_OK);

	PORT_SetError(0);
	if (slot == NULL)
		return outcome_nss(OUTCOME_TRUST_DB, PORT_GetError());
	/*
	 * Set an empty password, because without one NSS writes no trust: every trust record has a MAC,
	 * keyed by the password and stored in key4.db.
	 */
	if (PK11_NeedUserInit(slot) && PK11_InitPin(slot, NULL, "") != SECSuccess)
		return outcome_nss(OUTCOME_TRUST_DB, PORT_GetError());
	for (size_t i = 0; outcome_ok(&o) && i < ders->count; i++)
		o = import_one(slot, db, ders->list[i]);
	return o;
}

static struct outcome
fill_database(const struct aside *a, const struct ders *ders, const struct log *log)
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open_raw(a->path, 0, log, &db);

	if (outcome_ok(&o))
		o = import_all(db, ders);
	if (!certdb_close(db) && outcome_ok(&o))
		o = db_bug(a->path, log);
	if (!outcome_ok(&o))
		log_msg(log, LOG_ERR, "%s: the new database cannot be written (%s)", a->path,
		    o.raw != 0 ? nss_error_name((PRErrorCode)o.raw) : outcome_code(o.status));
	return o;
}

/* World-readable and synced before the rename. */
static bool
publish_database(const struct aside *a, const char *name)
{
	_cleanup_(closep) int fd = openat(a->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

/*
 * Reads it back, as a login would, before it replaces anything: so a fault is found here and not at the
 * next login.
 */
static struct outcome
prove_database(const struct aside *a, uid_t owner, const struct ders *ders, const struct log *log)
{
	_cleanup_(ders_done) struct ders found = { .list = NULL };
	struct outcome o;

	if (!publish_database(a, "cert9.db") || !publish_database(a, "key4.db") || fchmod(a->fd, 0755) != 0 ||
	    fsync(a->fd) != 0) {
		log_msg(log, LOG_ERR, "%s: %s", a->path, strerror(errno));
		return outcome_of(OUTCOME_TRUST_DB);
	}
	o = read_present(a->path, owner, log, &found);
	for (size_t i = 0; outcome_ok(&o) && i < ders->count; i++)
		if (!ders_have(&found, ders->list[i]))
			o = outcome_of(OUTCOME_TRUST_DB);
	if (outcome_ok(&o) && found.count != ders->count)
		o = outcome_of(OUTCOME_TRUST_DB);
	if (o.status == OUTCOME_TRUST_DB)
		log_msg(log, LOG_ERR, "%s: the new database does not contain what was written", a->path);
	return o;
}

/* --- putting it in place --------------------------------------------------- */

static bool
sync_dir(const char *path)
{
	_cleanup_(closep) int fd = open_dir(path);

	return fd >= 0 && fsync(fd) == 0;
}

/* Exchanges the directory and the new one; after that `aside` is the old one. */
static bool
exchange(struct aside *a, const char *dir)
{
	if (renameat2(AT_FDCWD, a->path, AT_FDCWD, dir, RENAME_EXCHANGE) != 0)
		return false;
	closep(&a->fd);
	a->fd = open_dir(a->path);
	return true;
}

static bool
move_file(const struct aside *a, const char *dir, const char *name)
{
	char to[PATH_MAX];
	int n = snprintf(to, sizeof to, "%s/%s", dir, name);

	return n >= 0 && (size_t)n < sizeof to && renameat(a->fd, name, AT_FDCWD, to) == 0;
}

/* Some file systems cannot exchange directories, or cannot rename them (overlay: EXDEV). */
static bool
cannot_exchange(int error)
{
	return error == EINVAL || error == ENOSYS || error == EXDEV || error == EOPNOTSUPP;
}

/*
 * In one step, because cert9.db and key4.db belong together: key4.db has the MACs of the trust records in
 * cert9.db, and with a mixed pair no authority is trusted. If one step is impossible, it takes two, and a
 * login between them (or after a power failure between them) is refused.
 */
static bool
install_database(struct aside *a, const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) != 0 && errno == ENOENT) {
		if (rename(a->path, dir) != 0)
			return false;
		a->path[0] = '\0';	/* it is now the database */
		closep(&a->fd);
		a->fd = -1;
		return true;
	}
	if (exchange(a, dir))
		return true;
	return cannot_exchange(errno) && move_file(a, dir, "key4.db") &&
	    move_file(a, dir, "cert9.db");
}

static struct outcome
put_database_in_place(struct aside *a, const char *dir, const struct log *log)
{
	if (!install_database(a, dir)) {
		log_msg(log, LOG_ERR, "%s: cannot be replaced: %s", dir, strerror(errno));
		return outcome_of(OUTCOME_TRUST_DB);
	}
	if (!sync_dir(dir) || !safefile_sync_directory_of(dir))
		log_msg(log, LOG_WARNING, "%s: written, but not synced: %s", dir, strerror(errno));
	return outcome_of(OUTCOME_OK);
}

/* Block SIGINT: it would leave the temporary directory behind. */
static struct outcome
replace_database(const char *dir, uid_t owner, const struct ders *ders, const struct log *log)
{
	_cleanup_(signals_release) sigset_t before;
	_cleanup_(aside_done) struct aside a = { .fd = -1, .log = log };
	struct outcome o;

	signals_hold(&before);
	o = aside_make(dir, log, &a);
	if (outcome_ok(&o))
		o = fill_database(&a, ders, log);
	if (outcome_ok(&o))
		o = prove_database(&a, owner, ders, log);
	if (outcome_ok(&o))
		o = put_database_in_place(&a, dir, log);
	if (!outcome_ok(&o))
		log_msg(log, LOG_ERR, "%s: nothing was changed", dir);
	return o;
}

/* --- the three calls ------------------------------------------------------- */

/*
 * Whether a certificate may become an anchor. A self-issued one must have a valid signature of its own:
 * this does not prove who made it, but that the file is intact.
 */
static struct outcome
judge_anchor(const struct cert *cert, const struct log *log)
{
	PRErrorCode error;

	if (!cert_is_ca(cert)) {
		log_msg(log, LOG_ERR, "certificate %.16s...: not an authority's certificate",
		    cert->fingerprint);
		return outcome_raw(OUTCOME_CERT_KIND, (uint32_t)SEC_ERROR_CA_CERT_INVALID);
	}
	if (cert_key_kind(cert) == KEY_REFUSED) {
		log_msg(log, LOG_ERR, "certificate %.16s...: its key (%s) is too weak or unknown",
		    cert->fingerprint, cert->key_name);
		return outcome_raw(OUTCOME_CERT_WEAK, (uint32_t)SEC_ERROR_INVALID_KEY);
	}
	if (SECITEM_ItemsAreEqual(&cert->nss->derIssuer, &cert->nss->derSubject) &&
	    !cert_signed_by(cert, cert, &error)) {
		log_msg(log, LOG_ERR, "certificate %.16s...: its own signature is wrong (%s)",
		    cert->fingerprint, nss_error_name(error));
		return outcome_raw(error == SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED ?
		    OUTCOME_CERT_WEAK : OUTCOME_CERT_BAD, (uint32_t)error);
	}
	return outcome_of(OUTCOME_OK);
}

/* In a context without a database, so that trusted certificates do not affect the check. */
static struct outcome
judge_anchor_der(struct view der, const struct log *log)
{
	_cleanup_(certdb_closep) struct certdb *db = NULL;
	_cleanup_(cert_freep) struct cert *cert = NULL;
	struct outcome o = certdb_open_none(log, &db);

	if (outcome_ok(&o))
		o = cert_from_der(db, der, &cert);
	if (outcome_ok(&o))
		o = judge_anchor(cert, log);
	return o;
}

struct outcome
trustdb_add(const char *dir, uid_t owner, struct view der, const struct log *log)
{
	_cleanup_(ders_done) struct ders ders = { .list = NULL };
	_cleanup_(closep) int lock = -1;
	struct outcome o = judge_anchor_der(der, log);

	if (outcome_ok(&o))
		o = take_lock(dir, owner, log, &lock);
	if (outcome_ok(&o) && !absent(dir, "cert9.db"))
		o = read_present(dir, owner, log, &ders);
	if (!outcome_ok(&o) || ders_have(&ders, der))
		return o;
	if (!ders_add(&ders, der))
		return outcome_of(OUTCOME_NO_MEMORY);
	return replace_database(dir, owner, &ders, log);
}

/* Reads all trusted certificates except those with the prefix, and counts the latter. */
static struct outcome
read_others(const char *dir, uid_t owner, const char *prefix, const struct log *log,
    struct ders *ret_ders, unsigned int *ret_hits)
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open(dir, owner, log, &db);

	for (size_t i = 0; outcome_ok(&o) && i < db->anchor_count; i++) {
		const struct cert *cert = db->anchors[i];

		if (strncmp(cert->fingerprint, prefix, strlen(prefix)) == 0)
			++*ret_hits;
		else if (!ders_add(ret_ders, cert_der(cert)))
			o = outcome_of(OUTCOME_NO_MEMORY);
	}
	if (!certdb_close(db) && outcome_ok(&o))
		o = db_bug(dir, log);
	return o;
}

struct outcome
trustdb_remove(const char *dir, uid_t owner, const char *fingerprint, const struct log *log)
{
	_cleanup_(ders_done) struct ders ders = { .list = NULL };
	_cleanup_(closep) int lock = -1;
	char prefix[CERT_FINGERPRINT_LEN + 1];
	unsigned int hits = 0;
	struct outcome o;

	if (!cert_read_fingerprint(fingerprint, prefix) || strlen(prefix) < TRUSTDB_PREFIX_MIN) {
		log_msg(log, LOG_ERR, "'%s': write at least %d digits of the SHA-256 fingerprint",
		    fingerprint, TRUSTDB_PREFIX_MIN);
		return outcome_of(OUTCOME_UNTRUSTED);
	}
	o = take_lock(dir, owner, log, &lock);
	if (outcome_ok(&o))
		o = read_others(dir, owner, prefix, log, &ders, &hits);
	if (!outcome_ok(&o))
		return o;
	if (hits != 1) {
		log_msg(log, LOG_ERR, "%s: %s trusted certificate has the fingerprint %s", dir,
		    hits == 0 ? "no" : "more than one", prefix);
		return outcome_of(OUTCOME_UNTRUSTED);
	}
	return replace_database(dir, owner, &ders, log);
}

struct outcome
trustdb_list(const char *dir, uid_t owner, const struct log *log,
    void (*each)(void *ctx, const struct cert *cert), void *ctx)
{
	struct certdb *db = NULL;
	struct outcome o = certdb_open(dir, owner, log, &db);

	for (size_t i = 0; outcome_ok(&o) && i < db->anchor_count; i++)
		each(ctx, db->anchors[i]);
	if (!certdb_close(db) && outcome_ok(&o))
		o = db_bug(dir, log);
	return o;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "lib/buf.h"
#include "lib/lock.h"
#include "lib/safefile.h"
#include "lib/signals.h"
#include "nss/crl/copy.h"
#include "nss/crl/der.h"
#include "nss/crl/index.h"
#include "nss/crl/store.h"
#include "nss/internal.h"

#define DER_SUFFIX ".crl"
#define INDEX_SUFFIX CRLSTORE_INDEX_SUFFIX
#define SUFFIX_LEN 4
#define LOCK ".lock"
#define NEW_DER ".new" DER_SUFFIX
#define NEW_INDEX ".new" INDEX_SUFFIX
#define HASH_DIGITS CRLSTORE_DIGITS
#define FILE_NAME_MAX (CRLSTORE_NAME_MAX + SUFFIX_LEN)

/* --- names ------------------------------------------------------------------ */

static bool
hash_digits(struct view in, char digits[static HASH_DIGITS + 1])
{
	uint8_t hash[CRL_HASH_LEN];

	if (!nss_sha256(in, hash))
		return false;
	view_hex((struct view){ hash, HASH_DIGITS / 2 }, digits);
	return true;
}

bool
crlstore_prefix(const uint8_t key[static CRL_HASH_LEN], const uint8_t name[static CRL_HASH_LEN],
    char ret_prefix[static CRLSTORE_PREFIX_LEN + 1])
{
	uint8_t both[2 * CRL_HASH_LEN];
	char digits[HASH_DIGITS + 1];

	memcpy(both, key, CRL_HASH_LEN);
	memcpy(both + CRL_HASH_LEN, name, CRL_HASH_LEN);
	if (!hash_digits((struct view){ both, sizeof both }, digits))
		return false;
	snprintf(ret_prefix, CRLSTORE_PREFIX_LEN + 1, "%s-", digits);
	return true;
}

bool
crlstore_name(const char *prefix, struct view scope, char ret_name[static CRLSTORE_NAME_MAX])
{
	char digits[HASH_DIGITS + 1] = "all";

	if (scope.len > 0 && !hash_digits(scope, digits))
		return false;
	snprintf(ret_name, CRLSTORE_NAME_MAX, "%s%s", prefix, digits);
	return true;
}

static bool
name_of(const struct crl_facts *f, char ret_name[static CRLSTORE_NAME_MAX])
{
	char prefix[CRLSTORE_PREFIX_LEN + 1];

	return crlstore_prefix(f->issuer_key, f->issuer_name, prefix) &&
	    crlstore_name(prefix, (struct view){ f->scope, f->scope_len }, ret_name);
}

/* NAME and .crl or .idx */
static void
file_name(const char *name, const char *suffix, char file[static FILE_NAME_MAX])
{
	snprintf(file, FILE_NAME_MAX, "%.*s%s", CRLSTORE_NAME_MAX - 1, name, suffix);
}

/* --- the directory ------------------------------------------------------------ */

/* State while the store is open. */
struct open_store {
	const struct crlstore *s;
	struct certdb *db;
	int dir, lock;
};

static void
store_done(struct open_store *o)
{
	closep(&o->lock);
	closep(&o->dir);
	(void)certdb_close(o->db);
}

/* Creates the directory and its missing parents, independent of the umask. */
static bool
make_dirs(const char *dir)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len >= sizeof path)
		return false;
	memcpy(path, dir, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0755) == 0) {
			if (chmod(path, 0755) != 0 || !safefile_sync_directory_of(path))
				return false;
		} else if (errno != EEXIST) {
			return false;
		}
		path[i] = dir[i];
	}
	return true;
}

static enum crl_fault
fault_of_safefile(enum safefile r, enum crl_fault absent)
{
	switch (r) {
	case SAFEFILE_OK:
		return CRL_OK;
	case SAFEFILE_ABSENT:
		return absent;
	case SAFEFILE_REFUSED:
		break;
	case SAFEFILE_NO_MEMORY:
		return CRL_NO_MEMORY;
	}
	return CRL_STORE;
}

static enum crl_fault
open_trust(struct open_store *o)
{
	struct outcome out = certdb_open(o->s->trust_db, o->s->owner, o->s->log, &o->db);

	return outcome_ok(&out) ? CRL_OK :
	    out.status == OUTCOME_NO_MEMORY ? CRL_NO_MEMORY :
	    out.status == OUTCOME_TRUST_DB ? CRL_TRUST_DB : CRL_INTERNAL;
}

static enum crl_fault
take_lock(struct open_store *o)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", o->s->dir, LOCK);

	errno = ENAMETOOLONG;
	switch (n >= 0 && (size_t)n < sizeof path ? lock_take(path, o->s->owner, &o->lock) :
	    LOCK_FAILED) {
	case LOCK_TAKEN:
		return CRL_OK;
	case LOCK_BUSY:
		return CRL_BUSY;
	case LOCK_FAILED:
		break;
	}
	log_msg(o->s->log, LOG_ERR, "%s: the lock in it cannot be opened: %s", o->s->dir,
	    strerror(errno));
	return CRL_STORE;
}

bool
crlstore_digits(const struct crlstore *store, const char *text, char ret_digits[static CRLSTORE_DIGITS + 1])
{
	_cleanup_(store_done) struct open_store o = { .s = store, .dir = -1, .lock = -1 };

	return open_trust(&o) == CRL_OK && hash_digits((struct view){ (const uint8_t *)text, strlen(text) }, ret_digits);
}

/* To change it. */
static enum crl_fault
open_to_write(const struct crlstore *s, struct open_store *o)
{
	enum crl_fault f;

	*o = (struct open_store){ .s = s, .dir = -1, .lock = -1 };
	if (s->dir[0] == '/' && !make_dirs(s->dir)) {
		log_msg(s->log, LOG_ERR, "%s: cannot be made: %s", s->dir, strerror(errno));
		return CRL_STORE;
	}
	f = fault_of_safefile(safefile_open_dir(s->dir, s->owner, s->log, &o->dir), CRL_STORE);
	return f == CRL_OK ? take_lock(o) : f;
}

/* --- importing ------------------------------------------------------------------ */

/* The two temporary files; removed unless they were put in place. */
struct aside {
	const struct open_store *o;
	int der, index;
	struct crl *crl;
};

static void
aside_done(struct aside *a)
{
	crl_free(a->crl);
	closep(&a->der);
	closep(&a->index);
	(void)unlinkat(a->o->dir, NEW_DER, 0);
	(void)unlinkat(a->o->dir, NEW_INDEX, 0);
}

static enum crl_fault
io_fault(const struct open_store *o, const char *file)
{
	log_msg(o->s->log, LOG_ERR, "%s/%s: %s", o->s->dir, file, strerror(errno));
	return CRL_STORE;
}

/* We have the lock, so such a file was left by an interrupted import. */
static enum crl_fault
create_aside(const struct open_store *o, const char *file, int *ret_fd)
{
	(void)unlinkat(o->dir, file, 0);
	*ret_fd = openat(o->dir, file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret_fd >= 0 ? CRL_OK : io_fault(o, file);
}

static enum crl_fault
open_file(const struct open_store *o, const char *name, const char *suffix,
    enum crl_fault absent, int *ret_fd)
{
	char file[FILE_NAME_MAX];

	file_name(name, suffix, file);
	return fault_of_safefile(safefile_open_at(o->dir, o->s->dir, file, o->s->owner, o->s->log,
	    ret_fd), absent);
}

/* Reads the facts from the installed index. */
static enum crl_fault
facts_of_index(const struct open_store *o, const char *name, int *ret_fd, struct crl_facts *facts)
{
	struct crlindex *index = NULL;
	enum crl_fault f = open_file(o, name, INDEX_SUFFIX, CRL_INDEX_MISSING, ret_fd);

	if (f == CRL_OK)
		f = crlindex_open(*ret_fd, &index);
	if (f == CRL_OK)
		*facts = *crlindex_facts(index);
	crlindex_close(index);
	return f;
}

/* The same from the installed CRL, if the index cannot be read. */
static enum crl_fault
facts_of_der(const struct open_store *o, const char *name, struct crl_facts *facts)
{
	_cleanup_(closep) int fd = -1;
	struct crl *crl = NULL;
	enum crl_fault f = open_file(o, name, DER_SUFFIX, CRL_CRL_MISSING, &fd);

	if (f == CRL_OK)
		f = crl_verify(o->db, fd, -1, o->s->log, &crl);
	if (f == CRL_OK)
		*facts = *crl_facts(crl);
	crl_free(crl);
	return f;
}

static bool
is_older(const struct crl_facts *new, const struct crl_facts *old)
{
	if (new->this_update < old->this_update)
		return true;
	return old->has_number && (!new->has_number ||
	    memcmp(new->number, old->number, CRL_SERIAL_MAX) < 0);
}

static bool
same_content(int a, int b, uint64_t size)
{
	uint8_t left[8192], right[sizeof left];
	struct stat st;

	if (fstat(b, &st) != 0 || (uint64_t)st.st_size != size)
		return false;
	for (uint64_t at = 0; at < size; at += sizeof left) {
		size_t n = size - at < sizeof left ? (size_t)(size - at) : sizeof left;

		if (!crlder_pread(a, left, n, at) || !crlder_pread(b, right, n, at) ||
		    memcmp(left, right, n) != 0)
			return false;
	}
	return true;
}

/* Whether an import would write the same two files that are installed. */
static bool
is_installed(const struct aside *a, const char *name, int index)
{
	_cleanup_(closep) int der = -1;

	return open_file(a->o, name, DER_SUFFIX, CRL_CRL_MISSING, &der) == CRL_OK &&
	    same_content(a->der, der, crl_facts(a->crl)->size) &&
	    crlindex_compare(a->crl, index, a->o->s->log) == CRL_OK;
}

/*
 * CRL_OK: to be installed. The list in force is that of the index, or of the CRL beside it if the index
 * cannot be read.
 */
static enum crl_fault
compare_with_installed(const struct aside *a, const char *name)
{
	_cleanup_(closep) int index = -1;
	const struct crl_facts *new = crl_facts(a->crl);
	struct crl_facts old;
	enum crl_fault f = facts_of_index(a->o, name, &index, &old);

	if (f == CRL_NO_MEMORY)
		return f;
	if (f == CRL_OK && memcmp(new->sha256, old.sha256, CRL_HASH_LEN) == 0)
		return is_installed(a, name, index) ? CRL_SAME : CRL_OK;
	if (f != CRL_OK)
		f = facts_of_der(a->o, name, &old);
	if (f == CRL_OK && is_older(new, &old)) {
		log_msg(a->o->s->log, LOG_ERR, "%s/%s%s: the installed list is newer", a->o->s->dir,
		    LOG_NAME(name), DER_SUFFIX);
		return CRL_ROLLBACK;
	}
	return f == CRL_NO_MEMORY ? f : CRL_OK;
}

/* World-readable and synced before the rename. */
static enum crl_fault
publish_list(const struct open_store *o, int fd, const char *file)
{
	return fchmod(fd, 0644) == 0 && fsync(fd) == 0 ? CRL_OK : io_fault(o, file);
}

static enum crl_fault
put_list_in_place(const struct open_store *o, const char *from, const char *name, const char *suffix)
{
	char file[FILE_NAME_MAX];

	file_name(name, suffix, file);
	return renameat(o->dir, from, o->dir, file) == 0 ? CRL_OK : io_fault(o, file);
}

/* merged/DIGITS.idx */
static void
merged_file(const char *name, char file[static FILE_NAME_MAX])
{
	snprintf(file, FILE_NAME_MAX, CRLSTORE_MERGED_DIR "/%.*s" INDEX_SUFFIX, HASH_DIGITS, name);
}

/* Removed before a list changes, so that no login uses the two together. */
static enum crl_fault
forget_merged(const struct open_store *o, const char *name)
{
	char file[FILE_NAME_MAX];

	merged_file(name, file);
	return unlinkat(o->dir, file, 0) == 0 || errno == ENOENT || errno == ENOTDIR ? CRL_OK : io_fault(o, file);
}

/* The index last, because logins read only the index. */
static enum crl_fault
install_list(const struct aside *a, const char *name)
{
	const struct open_store *o = a->o;
	enum crl_fault f = publish_list(o, a->der, NEW_DER);

	if (f == CRL_OK)
		f = publish_list(o, a->index, NEW_INDEX);
	if (f == CRL_OK)
		f = forget_merged(o, name);
	if (f == CRL_OK)
		f = put_list_in_place(o, NEW_DER, name, DER_SUFFIX);
	if (f == CRL_OK)
		f = put_list_in_place(o, NEW_INDEX, name, INDEX_SUFFIX);
	if (f == CRL_OK && fsync(o->dir) != 0)
		log_msg(o->s->log, LOG_WARNING, "%s: written, but not synced: %s", o->s->dir,
		    strerror(errno));
	return f;
}

/* Does work(ctx) as the store wants it: in a separate process, or here. False: that failed, *result is unchanged. */
static bool
do_apart(const struct crlstore *s, void (*work)(void *ctx, void *result), void *ctx, void *result, size_t size,
    const int *fds, size_t fd_count)
{
	if (s->apart != NULL)
		return s->apart(s->apart_ctx, work, ctx, result, size, fds, fd_count);
	work(ctx, result);
	return true;
}

/* Reads, verifies and indexes a list; in a separate process if the store has one. */
struct judging {
	struct aside *aside;
	struct open_store *o;
	int fd;
	int64_t now;
};

struct judgement {
	enum crl_fault fault;
	struct crl_facts facts;
	char name[CRLSTORE_NAME_MAX];
};

static enum crl_fault
judge_contents(const struct judging *j, struct judgement *ret)
{
	struct aside *a = j->aside;
	const struct log *log = j->o->s->log;
	enum crl_fault f = crlcopy(j->fd, a->der, log);

	if (f == CRL_OK)
		f = open_trust(j->o);
	if (f == CRL_OK)
		f = crl_verify(j->o->db, a->der, j->now, log, &a->crl);
	if (f != CRL_OK)
		return f;
	ret->facts = *crl_facts(a->crl);
	if (!name_of(&ret->facts, ret->name))
		return CRL_INTERNAL;
	f = compare_with_installed(a, ret->name);
	return f == CRL_OK ? crlindex_write(a->crl, a->index, log) : f;
}

static void
judge_apart(void *ctx, void *result)
{
	const struct judging *j = ctx;
	struct judgement *ret = result;

	ret->fault = judge_contents(j, ret);
	/* Only if this is the separate process are these its own copies. */
	crl_free(j->aside->crl);
	j->aside->crl = NULL;
	(void)certdb_close(j->o->db);
	j->o->db = NULL;
}

/* 32 hex digits, "-", and "all" or 32 more. */
static bool
is_name(const char name[static CRLSTORE_NAME_MAX])
{
	size_t len = strnlen(name, CRLSTORE_NAME_MAX);

	if (len == CRLSTORE_NAME_MAX || strspn(name, HEX_DIGITS) != CRLSTORE_PREFIX_LEN - 1 ||
	    name[CRLSTORE_PREFIX_LEN - 1] != '-')
		return false;
	name += CRLSTORE_PREFIX_LEN;
	return strcmp(name, "all") == 0 || hex_is_text(name, CRLSTORE_DIGITS);
}

/* The result of the separate process is untrusted input and checked as such. */
static struct judgement
judge_list(const struct judging *j)
{
	struct judgement result = { .fault = CRL_INTERNAL };
	int fds[] = { j->fd, j->aside->der, j->aside->index, j->o->dir };

	if (!do_apart(j->o->s, judge_apart, (void *)(uintptr_t)j, &result, sizeof result, fds,
	    sizeof fds / sizeof fds[0]))
		result.fault = CRL_INTERNAL;
	if ((result.fault == CRL_OK || result.fault == CRL_SAME) &&
	    (!is_name(result.name) || result.facts.scope_len > CRL_SCOPE_MAX))
		result.fault = CRL_INTERNAL;
	return result;
}

static enum crl_fault
judge_and_install(struct aside *a, struct open_store *o, int fd, int64_t now, struct crl_facts *facts,
    char name[static CRLSTORE_NAME_MAX])
{
	_cleanup_(signals_release) sigset_t before;
	struct judging j = { .aside = a, .o = o, .fd = fd, .now = now };
	struct judgement result = judge_list(&j);

	signals_hold(&before);
	if (result.fault != CRL_OK && result.fault != CRL_SAME)
		return result.fault;
	*facts = result.facts;
	memcpy(name, result.name, CRLSTORE_NAME_MAX);
	return result.fault == CRL_OK ? install_list(a, name) : result.fault;
}

enum crl_fault
crlstore_import(const struct crlstore *store, int fd, int64_t now, struct crl_facts *ret_facts,
    char ret_name[static CRLSTORE_NAME_MAX])
{
	_cleanup_(store_done) struct open_store o = { .dir = -1, .lock = -1 };
	enum crl_fault f = open_to_write(store, &o);

	if (f == CRL_OK) {
		_cleanup_(aside_done) struct aside a = { .o = &o, .der = -1, .index = -1 };

		f = create_aside(&o, NEW_DER, &a.der);
		if (f == CRL_OK)
			f = create_aside(&o, NEW_INDEX, &a.index);
		if (f == CRL_OK)
			f = judge_and_install(&a, &o, fd, now, ret_facts, ret_name);
	}
	if (f != CRL_OK && f != CRL_SAME)
		log_msg(store->log, LOG_ERR, "the CRL is refused: %s (%s)", crl_fault_text(f),
		    crl_fault_code(f));
	return f;
}

/* --- listing ---------------------------------------------------------------------- */

struct names {
	char (*at)[CRLSTORE_NAME_MAX];
	size_t count;
};

static void
names_done(struct names *n)
{
	free(n->at);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* NAME of NAME.crl and NAME.idx; everything else in the directory is not ours. */
static bool
name_of_file(const char *file, char name[static CRLSTORE_NAME_MAX])
{
	size_t len = strlen(file);

	if (file[0] == '.' || len <= SUFFIX_LEN || len - SUFFIX_LEN >= CRLSTORE_NAME_MAX ||
	    (strcmp(file + len - SUFFIX_LEN, DER_SUFFIX) != 0 &&
	    strcmp(file + len - SUFFIX_LEN, INDEX_SUFFIX) != 0))
		return false;
	memcpy(name, file, len - SUFFIX_LEN);
	name[len - SUFFIX_LEN] = '\0';
	return true;
}

/* Sorted, each once. All or none: a merged index without one of the lists would clear what that list revokes. */
static enum crl_fault
read_names(const struct open_store *o, struct names *n)
{
	int fd = openat(o->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	char name[CRLSTORE_NAME_MAX];
	const struct dirent *e;
	size_t kept = 0;

	if (d == NULL) {
		closep(&fd);
		return io_fault(o, ".");
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		void *grown;

		if (!name_of_file(e->d_name, name))
			continue;
		grown = reallocarray(n->at, n->count + 1, sizeof *n->at);
		if (grown == NULL)
			return CRL_NO_MEMORY;
		n->at = grown;
		memcpy(n->at[n->count++], name, sizeof name);
	}
	if (errno != 0)
		return io_fault(o, ".");
	if (n->count > 0)
		qsort(n->at, n->count, sizeof *n->at, by_name);
	for (size_t i = 0; i < n->count; i++)
		if (i == 0 || strcmp(n->at[i], n->at[kept - 1]) != 0)
			memmove(n->at[kept++], n->at[i], sizeof *n->at);
	n->count = kept;
	return CRL_OK;
}

/* --- merged indexes --------------------------------------------------------------- */

bool
crlstore_stamp(const struct stat *dir, uint8_t ret_stamp[static CRL_HASH_LEN])
{
	uint8_t bytes[5 * 8];
	struct writer w = writer_of(bytes, sizeof bytes);

	writer_u64(&w, (uint64_t)dir->st_ino);
	writer_u64(&w, (uint64_t)dir->st_mtim.tv_sec);
	writer_u64(&w, (uint64_t)dir->st_mtim.tv_nsec);
	writer_u64(&w, (uint64_t)dir->st_ctim.tv_sec);
	writer_u64(&w, (uint64_t)dir->st_ctim.tv_nsec);
	return writer_ok(&w) && nss_sha256((struct view){ bytes, w.len }, ret_stamp);
}

/* The lists of one issuer, and the file in which they are to be merged. */
struct merge {
	struct open_store *o;
	const struct stat *dir;
	const char (*names)[CRLSTORE_NAME_MAX];
	size_t count;
	int fd;
};

static enum crl_fault
each_to_merge(void *ctx, enum crl_fault (*add)(void *add_ctx, const struct crlindex *index), void *add_ctx)
{
	const struct merge *m = ctx;
	enum crl_fault f = CRL_OK;

	for (size_t i = 0; f == CRL_OK && i < m->count; i++) {
		_cleanup_(closep) int fd = -1;
		struct crlindex *index = NULL;

		f = open_file(m->o, m->names[i], INDEX_SUFFIX, CRL_INDEX_MISSING, &fd);
		if (f == CRL_OK)
			f = crlindex_open(fd, &index);
		if (f == CRL_OK)
			f = add(add_ctx, index);
		crlindex_close(index);
	}
	return f;
}

static void
merge_apart(void *ctx, void *result)
{
	const struct merge *m = ctx;
	const struct crlindex_lists lists = { .each = each_to_merge, .ctx = ctx };
	uint8_t stamp[CRL_HASH_LEN];
	enum crl_fault f = open_trust(m->o);

	if (f == CRL_OK)
		f = crlstore_stamp(m->dir, stamp) ? crlindex_merge(&lists, stamp, m->fd) : CRL_INTERNAL;
	(void)certdb_close(m->o->db);
	m->o->db = NULL;
	*(enum crl_fault *)result = f;
}

static enum crl_fault
fill_merged(struct merge *m)
{
	enum crl_fault f = CRL_INTERNAL;
	int fds[] = { m->o->dir, m->fd };

	return do_apart(m->o->s, merge_apart, m, &f, sizeof f, fds, sizeof fds / sizeof fds[0]) ? f : CRL_INTERNAL;
}

/* The old one stays until the new one is whole. */
static enum crl_fault
merge_issuer(struct merge *m)
{
	static const char aside[] = CRLSTORE_MERGED_DIR "/" NEW_INDEX;
	char file[FILE_NAME_MAX];
	enum crl_fault f = create_aside(m->o, aside, &m->fd);

	merged_file(m->names[0], file);
	if (f == CRL_OK)
		f = fill_merged(m);
	if (f == CRL_OK)
		f = publish_list(m->o, m->fd, aside);
	if (f == CRL_OK && renameat(m->o->dir, aside, m->o->dir, file) != 0)
		f = io_fault(m->o, file);
	closep(&m->fd);
	(void)unlinkat(m->o->dir, aside, 0);
	return f;
}

/* The issuers one after the other, as their names are sorted. */
static void
merge_each_issuer(struct merge *m, const struct names *names)
{
	for (size_t from = 0, to; from < names->count; from = to) {
		enum crl_fault f = CRL_OK;

		for (to = from + 1; to < names->count; to++)
			if (strncmp(names->at[to], names->at[from], CRLSTORE_PREFIX_LEN) != 0)
				break;
		m->names = (const char (*)[CRLSTORE_NAME_MAX])names->at + from;
		m->count = to - from;
		if (m->count > CRLSTORE_MERGE_FROM)
			f = merge_issuer(m);
		else
			(void)forget_merged(m->o, names->at[from]);
		if (f != CRL_OK)
			log_msg(m->o->s->log, LOG_NOTICE, "%s: %zu lists of one authority cannot be merged, so each "
			    "login reads all of them: %s", m->o->s->dir, m->count, crl_fault_text(f));
	}
}

/* Whether one issuer may have more than CRLSTORE_MERGE_FROM lists: there are more of all issuers together. */
static bool
has_many(const struct open_store *o)
{
	_cleanup_(names_done) struct names names = { .at = NULL };

	return read_names(o, &names) == CRL_OK && names.count > CRLSTORE_MERGE_FROM;
}

static bool
make_merged_dir(const struct open_store *o)
{
	if (mkdirat(o->dir, CRLSTORE_MERGED_DIR, 0755) != 0)
		return errno == EEXIST;
	return fchmodat(o->dir, CRLSTORE_MERGED_DIR, 0755, 0) == 0;	/* whatever the umask */
}

void
crlstore_merge(const struct crlstore *store)
{
	_cleanup_(store_done) struct open_store o = { .dir = -1, .lock = -1 };
	_cleanup_(names_done) struct names names = { .at = NULL };
	struct stat st;
	struct merge m = { .o = &o, .dir = &st, .fd = -1 };

	if (open_to_write(store, &o) != CRL_OK || !has_many(&o))
		return;
	/* Before the names are read: what changes later makes the stamp wrong. */
	if (!make_merged_dir(&o) || fstat(o.dir, &st) != 0)
		(void)io_fault(&o, CRLSTORE_MERGED_DIR);
	else if (read_names(&o, &names) == CRL_OK)
		merge_each_issuer(&m, &names);
}

/* The trusted authority that issued a list; NULL: none. */
static const struct cert *
issuer_of(const struct certdb *db, const struct crl_facts *facts)
{
	for (size_t i = 0; i < db->anchor_count; i++) {
		const CERTCertificate *a = db->anchors[i]->nss;
		uint8_t key[CRL_HASH_LEN], name[CRL_HASH_LEN];

		if (nss_sha256(view_of_item(&a->derPublicKey), key) &&
		    nss_sha256(view_of_item(&a->derSubject), name) &&
		    memcmp(key, facts->issuer_key, sizeof key) == 0 &&
		    memcmp(name, facts->issuer_name, sizeof name) == 0)
			return db->anchors[i];
	}
	return NULL;
}

/* Verifies one list again from its DER. */
static enum crl_fault
prove_list(const struct open_store *o, const char *name, int index)
{
	_cleanup_(closep) int fd = -1;
	char proper[CRLSTORE_NAME_MAX];
	struct crl *crl = NULL;
	enum crl_fault f = open_file(o, name, DER_SUFFIX, CRL_CRL_MISSING, &fd);

	if (f == CRL_OK)
		f = crl_verify(o->db, fd, -1, o->s->log, &crl);
	if (f == CRL_OK && (!name_of(crl_facts(crl), proper) || strcmp(proper, name) != 0))
		f = CRL_INDEX_DIFFERS;
	if (f == CRL_OK)
		f = crlindex_compare(crl, index, o->s->log);
	crl_free(crl);
	return f;
}

static enum crl_fault
look_at_list(const struct open_store *o, const char *name, bool all,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx)
{
	_cleanup_(closep) int index = -1;
	struct crl_facts facts;
	struct crlstore_item item = { .name = name };

	item.fault = facts_of_index(o, name, &index, &facts);
	if (item.fault == CRL_NO_MEMORY)
		return item.fault;
	if (item.fault == CRL_OK) {
		item.facts = &facts;
		item.issuer = issuer_of(o->db, &facts);
		if (all)
			item.fault = prove_list(o, name, index);
	}
	each(ctx, &item);
	return CRL_OK;
}

static enum crl_fault
each_list(const struct crlstore *s, bool all,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx)
{
	_cleanup_(store_done) struct open_store o = { .s = s, .dir = -1, .lock = -1 };
	_cleanup_(names_done) struct names names = { .at = NULL };
	enum safefile r = safefile_open_dir(s->dir, s->owner, s->log, &o.dir);
	enum crl_fault f;

	if (r == SAFEFILE_ABSENT)
		return CRL_OK;
	f = fault_of_safefile(r, CRL_STORE);
	if (f == CRL_OK)
		f = open_trust(&o);
	if (f == CRL_OK)
		f = read_names(&o, &names);
	for (size_t i = 0; f == CRL_OK && i < names.count; i++)
		f = look_at_list(&o, names.at[i], all, each, ctx);
	return f;
}

enum crl_fault
crlstore_list(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx)
{
	return each_list(store, false, each, ctx);
}

enum crl_fault
crlstore_verify(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx)
{
	return each_list(store, true, each, ctx);
}

enum crl_fault
crlstore_facts(const struct crlstore *store, const char *name, struct crl_facts *ret_facts)
{
	_cleanup_(store_done) struct open_store o = { .s = store, .dir = -1, .lock = -1 };
	_cleanup_(closep) int index = -1;
	enum crl_fault f = fault_of_safefile(safefile_open_dir(store->dir, store->owner, store->log,
	    &o.dir), CRL_INDEX_MISSING);

	if (f == CRL_OK)
		f = open_trust(&o);
	return f == CRL_OK ? facts_of_index(&o, name, &index, ret_facts) : f;
}

enum crl_fault
crlstore_open(const struct crlstore *store, const char *name, int *ret_fd)
{
	_cleanup_(store_done) struct open_store o = { .s = store, .dir = -1, .lock = -1 };
	enum crl_fault f = fault_of_safefile(safefile_open_dir(store->dir, store->owner, store->log,
	    &o.dir), CRL_CRL_MISSING);

	return f == CRL_OK ? open_file(&o, name, DER_SUFFIX, CRL_CRL_MISSING, ret_fd) : f;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts the failed PIN entries for one certificate, by account and service, since its holder last logged
 * in.
 *
 * The card has three tries, and each good login gives it all of them back. So the card alone does not stop
 * an account that guesses once between two logins of the holder. This record stops it:
 *
 *  - Another account (neither root nor the holder's) gets a PIN prompt if it has failed fewer
 *    than GUESSES_FEW times. After that it gets one once the holder has logged in since its last
 *    failure; and beginning with the failure after that, it also has to wait, an hour first, then
 *    twice as long after each failure, up to GUESSES_WAIT_MAX_S. A login of the holder reports
 *    the failures, but does not clear them. They are cleared when that account enters the right
 *    PIN, or after a year.
 *  - Failures of the holder and of root's programs (login, greeters) are counted too, so that the holder is
 *    told, but are never refused.
 *
 * One file for each certificate, GUESSES_DIR/CERT, with the lock CERT.lock beside it. Only root
 * writes and reads them. The directory and the files are checked as lib/safefile.h says. A file is
 * replaced as a whole and synced, by way of CERT.new: if the process is killed at any moment, the
 * old file or the new one is left, and no further file. The number of entries in a file, its size,
 * and the number of files are limited. A file that cannot be read is never replaced: the
 * administrator removes it.
 */
#ifndef JPKI_LIB_GUESSES_H
#define JPKI_LIB_GUESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/clk.h"
#include "lib/log.h"
#include "lib/outcome.h"

#ifndef GUESSES_DIR
#define GUESSES_DIR STATEDIR "/guesses"
#endif
#define GUESSES_FEW 3
#define GUESSES_WAIT_S 3600
#define GUESSES_WAIT_MAX_S (30 * 86400)
#define GUESSES_FORGET_S (365 * 86400)

#define GUESSES_CERT_LEN 16		/* the hex digits that the log shows as cert= */
#define GUESSES_SERVICE_MAX 33		/* with the NUL */
#define GUESSES_ENTRIES_MAX 64
#define GUESSES_CERTS_MAX 4096
#define GUESSES_COUNT_MAX 65535		/* counters stop there */
#define GUESSES_TEXT_MAX 8192		/* of a file */

/* An account and a service. */
struct guess_entry {
	uid_t uid;
	char service[GUESSES_SERVICE_MAX];	/* letters, digits and ._@- */
	unsigned int failed;	/* of another account: the failures that count against it; else 0 */
	unsigned int untold;	/* failures not yet reported to the holder */
	unsigned int entered;	/* right PINs from another account, not yet reported */
	int64_t last;		/* when, clk_wall_s */
};

struct guesses {
	size_t count;
	struct guess_entry at[GUESSES_ENTRIES_MAX];
};

/* --- what a record says ------------------------------------------------------------ */

/*
 * Reads the text of a file. False for anything but what guesses_format() writes: another
 * first line, a number that is malformed or too large, a service with other characters, two entries
 * for one account and service, too many entries, a line that is cut.
 */
bool guesses_parse(const char *text, size_t len, struct guesses *ret) MUST_CHECK;

/* The text of a file; its length. */
size_t guesses_format(const struct guesses *g, char text[static GUESSES_TEXT_MAX]);

/*
 * Whether another account may be asked for the PIN now. If not, *ret_when (may be NULL) is the time from
 * which it may, or 0: not before the holder has logged in.
 */
bool guesses_may_ask(const struct guesses *g, uid_t uid, int64_t now, int64_t *ret_when) MUST_CHECK;

/* Counts a failure, before a PIN is tried. False: the record is full. */
bool guesses_note_try(struct guesses *g, uid_t uid, const char *service, bool other, int64_t now)
	MUST_CHECK;

/* Takes that failure back: the PIN was not tried, or was right. */
void guesses_take_back(struct guesses *g, uid_t uid, const char *service);

/* Notes that another account has entered the right PIN: it does not guess; the holder will be told. */
void guesses_note_entered(struct guesses *g, uid_t uid, const char *service, int64_t now);

/* Marks as reported what *told contains; later entries are still to be reported. */
void guesses_note_told(struct guesses *g, const struct guesses *told);

/*
 * The untold failures, or logins by another account, as a list for people: "taro, su; login: 2".
 * An account is named by name(), which may return NULL; root's programs appear by the service alone. Cut
 * between two entries, with "…" in place of the rest. Returns how many there are.
 */
#define GUESSES_LIST_MAX 200
struct guesses_names {
	const char *(*name)(void *ctx, uid_t uid);	/* lent until the next call */
	void *ctx;
};
unsigned int guesses_list_failed(const struct guesses *g, const struct guesses_names *names,
    char text[static GUESSES_LIST_MAX]);
unsigned int guesses_list_entered(const struct guesses *g, const struct guesses_names *names,
    char text[static GUESSES_LIST_MAX]);

/* PAM_SERVICE in the form of an entry: cut, other characters replaced by _. */
void guesses_service(const char *pam_service, char ret[static GUESSES_SERVICE_MAX]);

/* --- the files ------------------------------------------------------------------------ */

struct guesses_store {
	const char *dir;	/* an absolute path; its parent directory must exist */
	uid_t owner;		/* 0 but in tests */
	const struct clk *clk;
	const struct log *log;
};

/* Whether a text is GUESSES_CERT_LEN lower-case hex digits. */
bool guesses_is_cert(const char *cert) MUST_CHECK;

enum guesses_file {
	GUESSES_READ,		/* or there is no file, and the record is empty */
	GUESSES_BAD,		/* unsafe, unreadable or damaged: logged, with the remedy */
};

/* Reads one record, without the lock: it is never half written. */
enum guesses_file guesses_read(const struct guesses_store *store, const char *cert,
    struct guesses *ret) MUST_CHECK;

/*
 * Changes one record: locks it, reads, calls change(), and if that returns true writes and
 * syncs. An empty record has no file. Signals that can be blocked are blocked meanwhile.
 * True if it was changed as change() wished. False, logged: the file is unsafe or damaged,
 * the disk is full or cannot be written, or another process has the lock for more than a
 * second. False, not logged: change() returned false.
 */
bool guesses_update(const struct guesses_store *store, const char *cert,
    bool (*change)(void *ctx, struct guesses *g), void *ctx) MUST_CHECK;

/* Calls each() for every certificate with a record. False, logged: the directory cannot be read, or not to its end. */
bool guesses_each(const struct guesses_store *store, void (*each)(void *ctx, const char *cert),
    void *ctx) MUST_CHECK;

#endif

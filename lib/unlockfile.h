/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user's stored password, sealed with the card (doc/unlock.md): UNLOCK_DIR/NAME, which only root
 * reads. Here a file is bytes, with the machine that they belong to; flow/unlock knows their meaning.
 */
#ifndef JPKI_LIB_UNLOCKFILE_H
#define JPKI_LIB_UNLOCKFILE_H

#include "lib/safefile.h"

#define UNLOCK_DIR STATEDIR "/unlock"
#define UNLOCK_MACHINE_FILE "/etc/machine-id"	/* machine-id(5) */

#define UNLOCKFILE_MAX 1024
#define UNLOCKFILE_MACHINE_LEN 32

struct unlockfile {
	uint8_t bytes[UNLOCKFILE_MAX];
	size_t len;				/* 0: there is none */
	char machine[UNLOCKFILE_MACHINE_LEN + 1];	/* hex digits; with len 0 maybe "" */
};

/* Where the files are. But in tests: UNLOCKFILE_SYSTEM. */
struct unlockfile_place {
	const char *dir, *machine_file;
	uid_t owner;		/* of all of them, and the only one who may read those in dir */
};
#define UNLOCKFILE_SYSTEM ((struct unlockfile_place){ UNLOCK_DIR, UNLOCK_MACHINE_FILE, 0 })

/*
 * The file of a user (of an account's name, lib/account.h), and the machine's id. SAFEFILE_OK;
 * ABSENT: the user has none; REFUSED (logged): as lib/safefile.h, and also where others than its
 * owner may read it, where it is empty or too long, or where the machine has no id. ret->len is 0 then.
 */
enum safefile unlockfile_read(const struct unlockfile_place *place, const char *user, const struct log *log,
    struct unlockfile *ret) MUST_CHECK;

/* The machine's id alone. SAFEFILE_OK, or REFUSED (logged). */
enum safefile unlockfile_machine(const struct unlockfile_place *place, const struct log *log,
    char ret[static UNLOCKFILE_MACHINE_LEN + 1]) MUST_CHECK;

/*
 * Replaces a user's file, or makes it, mode 0600; makes the directory, mode 0700, if need be. False
 * (logged): it cannot, and what was there stays.
 */
bool unlockfile_write(const struct unlockfile_place *place, const char *user, const struct unlockfile *file,
    const struct log *log) MUST_CHECK;

/* Removes a user's file. SAFEFILE_OK; ABSENT: there was none; REFUSED (logged). */
enum safefile unlockfile_remove(const struct unlockfile_place *place, const char *user, const struct log *log)
    MUST_CHECK;

/*
 * Calls `each` with the name of every file, sorted. A directory that does not exist has none. False
 * (logged): it cannot be read, or is not the owner's alone.
 */
bool unlockfile_each(const struct unlockfile_place *place, const struct log *log,
    void (*each)(void *ctx, const char *user), void *ctx) MUST_CHECK;

#endif

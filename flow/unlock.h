/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user's password, stored under a key that only the user's card can derive again, and released at
 * a login by that card (doc/unlock.md has the threats).
 *
 * The card signs, besides the challenge of the login, a text that names its purpose, the machine and the
 * user, and the random salt that is in the user's file:
 *
 *	JPKI-UNLOCK-1
 *	purpose=unlock
 *	machine=<32 hex digits>
 *	user=hanako
 *	salt=<64 hex digits>
 *
 * RSA PKCS #1 v1.5 is deterministic (RFC 8017 §8.2): it is the same signature each time, and the secret
 * that the key is made from (nss/sealed.h). No challenge begins like this text
 * (flow/possession/challenge.h), and only this file builds it, which no client of an ssh login links.
 *
 * MUSTs: the outcome of the login does not depend on any of this; the password is opened after
 * the login is decided, and not otherwise; signature, key and password are wiped on every path.
 */
#ifndef JPKI_FLOW_UNLOCK_H
#define JPKI_FLOW_UNLOCK_H

#include "flow/possession/env.h"
#include "lib/unlockfile.h"
#include "nss/cert.h"
#include "nss/sigcheck.h"

struct jpki;

#define UNLOCK_SALT_LEN 32

/* What is in a user's file, except the password. */
struct unlock_facts {
	uint8_t salt[UNLOCK_SALT_LEN];
	char cert[CERT_FINGERPRINT_LEN + 1];	/* of the card that opens it */
	int64_t stored;				/* seconds since 1970 UTC */
};

/* Reads the parts of a user's file that need no card. False: the file is not one of ours. */
bool unlock_facts(const struct unlockfile *file, struct unlock_facts *ret) MUST_CHECK;

/* The password that a login is to unlock, and the result. */
struct unlock {
	struct unlockfile file;		/* the caller's: set when ask_pin() returns; len 0: nothing to do */
	struct secret *password;	/* the caller's, of secret_new_long(): set after OUTCOME_OK */
	bool failed;			/* there was a file, but it could not be opened (logged) */
	bool wanted;			/* internal: the card is to sign the input */
	struct sign_input input;
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
};

/* After the PIN was typed, before it is sent: determines whether this certificate's card can open the file. */
void unlock_prepare(const struct flow_env *env, const char *user, const struct cert *cert, struct unlock *u);

/*
 * In the transaction, after the login's own signature: makes the second one, if it is wanted and
 * enough time is left. A failure is logged.
 */
void unlock_sign(const struct flow_env *env, struct jpki *card, struct unlock *u);

/* After OUTCOME_OK of the login: opens the password, and wipes the signature. */
void unlock_open(const struct flow_env *env, const char *user, const struct cert *cert, struct unlock *u);

/* Wipes the internal parts; the password stays. */
void unlock_wipe(struct unlock *u);

/* ---- jpkictl unlock set: flow/unlock_prove.h makes the signature ---- */

/*
 * Writes the text that the card of this certificate signs, for this user, machine and salt.
 * OUTCOME_OK; CERT_WEAK: its key does not sign the same way each time; otherwise as
 * sigcheck_input().
 */
struct outcome unlock_input(const struct cert *cert, const char *user, const char *machine,
    const uint8_t salt[static UNLOCK_SALT_LEN], struct sign_input *ret) MUST_CHECK;

struct unlock_signature {
	char cert[CERT_FINGERPRINT_LEN + 1];
	uint8_t bytes[SIGNATURE_MAX];
	size_t len;
};

/*
 * Makes the contents of the user's file for this machine (file->machine is set) from such a
 * signature, which is verified with the certificate that is enrolled for the user. OUTCOME_OK;
 * otherwise as usercerts_load() and sealed_make(); NOT_ENROLLED: the certificate is not one of the
 * user's; CERT_WEAK, BAD_SIGNATURE.
 */
struct outcome unlock_make(const struct flow_env *env, const char *user, const struct unlock_facts *facts,
    const struct unlock_signature *signature, const struct secret *password, struct unlockfile *file) MUST_CHECK;

#endif

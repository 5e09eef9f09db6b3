/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cryptography for the signing side, by libcrypto: a client has it because of ssh, so it does not need NSS.
 * The server verifies the signature.
 */
#ifndef JPKI_TOOLS_SSH_CRYPTO_H
#define JPKI_TOOLS_SSH_CRYPTO_H

#include "flow/possession/sshwire.h"

#define CRYPTO_INPUT_MAX 64	/* DigestInfo of SHA-256: 51; SHA-384: 48 */

/* The key id of a certificate (DER): the first bytes of its SHA-256. False if libcrypto fails. */
bool crypto_keyid(struct view der, char ret[static SSHWIRE_KEYID_LEN + 1]) MUST_CHECK;

/*
 * The input that the card of this certificate signs for this text, as in the
 * server's nss/sigcheck.h: the DigestInfo of SHA-256 for RSA, the bare
 * SHA-256 for P-256, SHA-384 for P-384. False for another key, or a
 * certificate that cannot be read.
 */
bool crypto_sign_input(struct view der, struct view text, uint8_t ret[static CRYPTO_INPUT_MAX],
    size_t *ret_len) MUST_CHECK;

/* The fingerprint of a host key from ssh (%K of KnownHostsCommand, base64). */
bool crypto_hostkey(const char *base64, char ret[static SSHWIRE_HOSTKEY_LEN + 1]) MUST_CHECK;

/* With padding, NUL-terminated. False if it does not fit into size bytes. */
bool crypto_base64(struct view bytes, char *ret, size_t size) MUST_CHECK;

#endif

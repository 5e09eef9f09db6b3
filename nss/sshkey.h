/* SPDX-License-Identifier: BSD-2-Clause */
/* The key of a certificate in OpenSSH's format. */
#ifndef JPKI_NSS_SSHKEY_H
#define JPKI_NSS_SSHKEY_H

#include <stddef.h>

#include "lib/outcome.h"

struct cert;

/* An RSA key of 8192 bits has 1400 characters. */
#define SSHKEY_MAX 2048

/*
 * The public key as in authorized_keys, "ssh-rsa AAAA..." (RFC 4253 §6.6) or
 * "ecdsa-sha2-nistp256 AAAA..." (RFC 5656 §3.1), NUL-terminated. False for a
 * key of another kind, or if out of memory. NSS must be in use.
 */
bool sshkey_of_cert(const struct cert *cert, char ret_text[static SSHKEY_MAX]) MUST_CHECK;

/*
 * The fingerprint of a line as in a .pub file, "ssh-ed25519 AAAA... comment": the SHA-256 of
 * the key in base64 without padding, 43 characters, as ssh-keygen -l prints it after "SHA256:"
 * (and as KnownHostsCommand is given it, ssh_config(5)). False if it is no such line, if the
 * key is not of the kind named in the line, or if out of memory. NSS must be in use.
 */
#define SSHKEY_FINGERPRINT_MAX 48
bool sshkey_fingerprint(const char *line, char ret_text[static SSHKEY_FINGERPRINT_MAX]) MUST_CHECK;

#endif

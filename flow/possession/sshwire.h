/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JPKI1: a challenge that is signed at the user's own machine, and the reply. The module
 * shows one prompt (echo on, ASCII, one line), which jpki-askpass reads as ssh's askpass:
 *
 *	JPKI1 remote-login HOSTS USER SERVICE TIME NONCE BINDING: 
 *
 * HOSTS are the names of the server, with commas; the values are written as in the
 * text that is signed (flow/possession/challenge.h); NONCE are 64 hex digits; BINDING is "hostkey"
 * where the server insists on a signed host key, else "name". The reply is one line too:
 *
 *	JPKI1.KEYID.HOSTKEY.SIGNATURE
 *
 * KEYID are the first 16 hex digits of the SHA-256 of the certificate; HOSTKEY is the
 * SHA-256 of the server's host key as ssh writes it (base64, 43 characters), or "-";
 * SIGNATURE is base64 with padding. It stays below PAM_MAX_RESP_SIZE, and below the 1023
 * bytes at which OpenSSH cuts (doc/facts/consumers.md §2.1).
 *
 * Input that is not exactly of this form is rejected. This file decides the form only; what
 * is believed is decided in flow/remote.c (server) and tools/ssh (client).
 */
#ifndef JPKI_FLOW_POSSESSION_SSHWIRE_H
#define JPKI_FLOW_POSSESSION_SSHWIRE_H

#include "flow/possession/challenge.h"

#define SSHWIRE_PROMPT_MAX 1024	/* with NUL */
#define SSHWIRE_REPLY_MAX 512	/* with NUL */
#define SSHWIRE_NAME_MAX 256	/* with NUL */
#define SSHWIRE_KEYID_LEN 16
#define SSHWIRE_HOSTKEY_LEN 43
#define SSHWIRE_SIGNATURE_MAX (SSHWIRE_REPLY_MAX - sizeof "JPKI1.." - SSHWIRE_KEYID_LEN)

enum sshwire_binding { SSHWIRE_HOSTKEY, SSHWIRE_NAME };

struct sshwire_challenge {
	char hosts[SSHWIRE_NAME_MAX];	/* "azumino.example,azumino" */
	char user[SSHWIRE_NAME_MAX], service[SSHWIRE_NAME_MAX];
	int64_t time;			/* seconds since 1970 UTC */
	uint8_t nonce[CHALLENGE_NONCE_LEN];
	enum sshwire_binding binding;
};

struct sshwire_reply {
	char keyid[SSHWIRE_KEYID_LEN + 1];
	char hostkey[SSHWIRE_HOSTKEY_LEN + 1];	/* "" for none */
	char signature[SSHWIRE_SIGNATURE_MAX];	/* base64 */
};

/*
 * Writes the prompt. False if a value is empty, has a character that is not printable
 * ASCII, or if it does not fit.
 */
bool sshwire_write_prompt(const struct sshwire_challenge *c, char ret_text[static SSHWIRE_PROMPT_MAX])
    MUST_CHECK;

/* Whether a line begins like one of our prompts, whatever follows. */
bool sshwire_is_marked(const char *line);

/* Reads a prompt: the line alone, without what ssh puts before it. False unless it is whole. */
bool sshwire_read_prompt(const char *line, struct sshwire_challenge *ret) MUST_CHECK;

/* Whether name is one of the challenge's hosts; letters of either case are the same. */
bool sshwire_names_host(const struct sshwire_challenge *c, const char *name);

/*
 * The text that is signed; hostkey as in the reply, "" for none. False if it does not fit.
 */
bool sshwire_text(const struct sshwire_challenge *c, const char *hostkey,
    uint8_t text[static CHALLENGE_MAX], size_t *ret_len) MUST_CHECK;

/* Writes and reads the reply. False unless every part has its form and it fits. */
bool sshwire_write_reply(const struct sshwire_reply *r, char ret_text[static SSHWIRE_REPLY_MAX])
    MUST_CHECK;
bool sshwire_read_reply(const char *line, struct sshwire_reply *ret) MUST_CHECK;

#endif

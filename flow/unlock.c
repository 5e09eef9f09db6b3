/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "card/jpki.h"
#include "config/conf.h"
#include "flow/possession/challenge.h"
#include "flow/unlock.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/secret.h"
#include "nss/sealed.h"

#define MAGIC "JPKI-UNLOCK"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define RECORD_VERSION 1
#define PURPOSE "pam_jpki unlock 1"	/* purpose of the key, for its derivation */
#define TEXT_MAX 2048
#define BLOCK_LEN (2 + SECRET_LONG_MAX)	/* length and password, filled up to hide its length */
#define LEAST_MS 1000			/* three times what a contactless card takes for a signature */

_Static_assert(MAGIC_LEN + 1 + UNLOCK_SALT_LEN + CERT_FINGERPRINT_LEN + 8 + SEALED_NONCE_LEN + BLOCK_LEN +
    SEALED_TAG_LEN < UNLOCKFILE_MAX, "a file has room for a record, and to be found too long");

/* The parts of a user's file, in this order. */
struct record {
	struct unlock_facts facts;
	struct view nonce;
	struct view sealed;
};

static bool
read_record(const struct unlockfile *file, struct record *ret)
{
	struct cursor c = cursor_of(file->bytes, file->len);
	struct view magic, salt, cert;
	uint64_t stored;
	uint8_t version;

	if (!cursor_view(&c, MAGIC_LEN, &magic) || memcmp(magic.data, MAGIC, MAGIC_LEN) != 0 ||
	    !cursor_u8(&c, &version) || version != RECORD_VERSION || !cursor_view(&c, UNLOCK_SALT_LEN, &salt) ||
	    !cursor_view(&c, CERT_FINGERPRINT_LEN, &cert) || !cursor_u64(&c, &stored) || stored > INT64_MAX ||
	    !cursor_view(&c, SEALED_NONCE_LEN, &ret->nonce) ||
	    !cursor_view(&c, BLOCK_LEN + SEALED_TAG_LEN, &ret->sealed) || !cursor_at_end(&c))
		return false;
	memcpy(ret->facts.salt, salt.data, UNLOCK_SALT_LEN);
	memcpy(ret->facts.cert, cert.data, CERT_FINGERPRINT_LEN);
	ret->facts.cert[CERT_FINGERPRINT_LEN] = '\0';
	ret->facts.stored = (int64_t)stored;
	return hex_is_text(ret->facts.cert, CERT_FINGERPRINT_LEN);
}

bool
unlock_facts(const struct unlockfile *file, struct unlock_facts *ret)
{
	struct record record;

	if (!read_record(file, &record))
		return false;
	*ret = record.facts;
	return true;
}

/* Writes the text that the card signs. */
static bool
write_text(const char *user, const char *machine, const uint8_t salt[static UNLOCK_SALT_LEN], struct writer *w)
{
	char salt_hex[2 * UNLOCK_SALT_LEN + 1];

	view_hex((struct view){ salt, UNLOCK_SALT_LEN }, salt_hex);
	writer_text(w, "JPKI-UNLOCK-1\npurpose=unlock\nmachine=");
	challenge_write_value(w, machine);
	writer_text(w, "\nuser=");
	challenge_write_value(w, user);
	writer_text(w, "\nsalt=");
	writer_text(w, salt_hex);
	writer_text(w, "\n");
	return writer_ok(w);
}

/* Writes what is authenticated with the password: that text, and the rest of the file. */
static bool
write_header(const char *user, const char *machine, const struct unlock_facts *facts, struct writer *w)
{
	char stored[32];

	snprintf(stored, sizeof stored, "%" PRId64, facts->stored);
	if (!write_text(user, machine, facts->salt, w))
		return false;
	writer_text(w, "certificate=");
	writer_text(w, facts->cert);
	writer_text(w, "\nstored=");
	writer_text(w, stored);
	writer_text(w, "\n");
	return writer_ok(w);
}

struct outcome
unlock_input(const struct cert *cert, const char *user, const char *machine,
    const uint8_t salt[static UNLOCK_SALT_LEN], struct sign_input *ret)
{
	uint8_t text[TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);

	if (!sigcheck_is_repeatable(cert))
		return outcome_of(OUTCOME_CERT_WEAK);
	if (!write_text(user, machine, salt, &w))
		return outcome_of(OUTCOME_INTERNAL);
	return sigcheck_input(cert, (struct view){ text, w.len }, ret);
}

/* --- a login ------------------------------------------------------------------ */

static void
give_up(const struct flow_env *env, struct unlock *u, const char *why)
{
	u->failed = true;
	log_msg(env->log, LOG_WARNING, "no password is unlocked: %s; see jpkictl unlock in jpkictl(8)", why);
}

void
unlock_prepare(const struct flow_env *env, const char *user, const struct cert *cert, struct unlock *u)
{
	struct record record;
	struct outcome o;

	u->wanted = u->failed = false;
	u->signature_len = 0;
	if (u->file.len == 0)
		return;
	if (!read_record(&u->file, &record)) {
		give_up(env, u, "the file is not what jpkictl unlock set writes");
		return;
	}
	if (strcmp(record.facts.cert, cert_fingerprint(cert)) != 0) {
		give_up(env, u, "it was stored with another certificate of the user's");
		return;
	}
	o = unlock_input(cert, user, u->file.machine, record.facts.salt, &u->input);
	if (!outcome_ok(&o))
		give_up(env, u, "the card's key gives another signature each time");
	u->wanted = outcome_ok(&o);
}

void
unlock_sign(const struct flow_env *env, struct jpki *card, struct unlock *u)
{
	struct outcome o;

	if (!u->wanted)
		return;
	if (env->budget != NULL && budget_left_ms(env->budget) < LEAST_MS) {
		give_up(env, u, "there is no time left for a second signature");
		return;
	}
	o = jpki_sign(card, (struct view){ u->input.bytes, u->input.len }, u->signature, &u->signature_len);
	if (!outcome_ok(&o)) {
		u->signature_len = 0;
		give_up(env, u, outcome_code(o.status));
	}
}

static struct sealing
sealing_of(struct view signature, const struct unlock_facts *facts, struct view nonce, const struct writer *header)
{
	struct sealing s = { .secret = signature, .salt = { facts->salt, UNLOCK_SALT_LEN }, .purpose = PURPOSE,
		.header = { header->p, header->len } };

	memcpy(s.nonce, nonce.data, SEALED_NONCE_LEN);
	return s;
}

/* Takes the password from the block that was sealed; returns false if the block has no password. */
static bool
take_password(const uint8_t block[static BLOCK_LEN], struct secret *password)
{
	size_t len = (size_t)be_get(block, 2);

	return len > 0 && len <= SECRET_LONG_MAX && memchr(block + 2, '\0', len) == NULL &&
	    secret_set(password, block + 2, len);
}

void
unlock_open(const struct flow_env *env, const char *user, const struct cert *cert, struct unlock *u)
{
	struct view signature = { u->signature, u->signature_len };
	uint8_t header[TEXT_MAX], block[BLOCK_LEN];
	struct writer w = writer_of(header, sizeof header);
	struct record record;
	struct sealing s;
	struct outcome o;

	if (u->signature_len == 0 || !read_record(&u->file, &record))
		return;
	o = sigcheck_verify(cert, &u->input, signature);
	if (outcome_ok(&o) && !write_header(user, u->file.machine, &record.facts, &w))
		o = outcome_of(OUTCOME_INTERNAL);
	if (outcome_ok(&o)) {
		s = sealing_of(signature, &record.facts, record.nonce, &w);
		o = sealed_open(&s, record.sealed, block);
	}
	if (o.status == OUTCOME_BAD_SIGNATURE)
		give_up(env, u, "the card's second signature is not right");
	else if (!outcome_ok(&o))
		give_up(env, u, "the file was changed, or is another user's or another machine's");
	else if (!take_password(block, u->password))
		give_up(env, u, "there is no password in the file");
	explicit_bzero(block, sizeof block);
	unlock_wipe(u);
}

void
unlock_wipe(struct unlock *u)
{
	explicit_bzero(u->signature, sizeof u->signature);
	u->signature_len = 0;
	u->wanted = false;
}

/* --- jpkictl unlock set ----------------------------------------------------------- */

static const struct cert *
find_cert(const struct usercerts *enrolled, const char *fingerprint)
{
	for (size_t i = 0; i < enrolled->count; i++)
		if (strcmp(cert_fingerprint(enrolled->at[i].cert), fingerprint) == 0)
			return enrolled->at[i].cert;
	return NULL;
}

/* Verifies the card's signature over the text for this user, machine and salt. */
static struct outcome
check_signature(const struct flow_env *env, const char *user, const struct unlock_facts *facts,
    const struct unlock_signature *signature, const char *machine, struct usercerts *enrolled)
{
	struct outcome o = usercerts_load(env, user, enrolled);
	const struct cert *cert = find_cert(enrolled, facts->cert);
	struct sign_input input;

	if (!outcome_ok(&o))
		return o;
	if (cert == NULL)
		return outcome_of(OUTCOME_NOT_ENROLLED);
	o = unlock_input(cert, user, machine, facts->salt, &input);
	return outcome_ok(&o) ? sigcheck_verify(cert, &input, (struct view){ signature->bytes, signature->len }) : o;
}

static struct outcome
seal_password(const char *user, const struct unlock_facts *facts, const struct unlock_signature *signature,
    const struct secret *password, const char *machine, uint8_t nonce[static SEALED_NONCE_LEN],
    uint8_t sealed[static BLOCK_LEN + SEALED_TAG_LEN])
{
	uint8_t header[TEXT_MAX], block[BLOCK_LEN] = {0};
	struct writer w = writer_of(header, sizeof header);
	struct view text = secret_view(password);
	struct challenge random;	/* used for its random numbers */
	struct outcome o = challenge_fill_nonce(&random);
	struct sealing s;

	if (!outcome_ok(&o))
		return o;
	memcpy(nonce, random.nonce, SEALED_NONCE_LEN);
	if (!write_header(user, machine, facts, &w))
		return outcome_of(OUTCOME_INTERNAL);
	be_put(block, text.len, 2);
	memcpy(block + 2, text.data, text.len);
	s = sealing_of((struct view){ signature->bytes, signature->len }, facts,
	    (struct view){ nonce, SEALED_NONCE_LEN }, &w);
	o = sealed_make(&s, (struct view){ block, sizeof block }, sealed);
	explicit_bzero(block, sizeof block);
	return o;
}

struct outcome
unlock_make(const struct flow_env *env, const char *user, const struct unlock_facts *facts,
    const struct unlock_signature *signature, const struct secret *password, struct unlockfile *file)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	uint8_t nonce[SEALED_NONCE_LEN], sealed[BLOCK_LEN + SEALED_TAG_LEN];
	struct writer w = writer_of(file->bytes, sizeof file->bytes);
	struct outcome o = check_signature(env, user, facts, signature, file->machine, &enrolled);

	file->len = 0;
	if (outcome_ok(&o))
		o = seal_password(user, facts, signature, password, file->machine, nonce, sealed);
	if (!outcome_ok(&o))
		return o;
	writer_text(&w, MAGIC);
	writer_u8(&w, RECORD_VERSION);
	writer_bytes(&w, facts->salt, UNLOCK_SALT_LEN);
	writer_text(&w, facts->cert);
	writer_u64(&w, (uint64_t)facts->stored);
	writer_bytes(&w, nonce, sizeof nonce);
	writer_bytes(&w, sealed, sizeof sealed);
	if (!writer_ok(&w))
		return outcome_of(OUTCOME_INTERNAL);
	file->len = w.len;
	return outcome_of(OUTCOME_OK);
}

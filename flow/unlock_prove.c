/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "flow/prove.h"
#include "flow/unlock_prove.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/secret.h"

static struct outcome
sign_text(const struct flow_env *env, const struct flow_ui *ui, const struct usercerts *enrolled,
    const struct found_card *found, struct proof *proof, bool *ret_card_clean)
{
	struct secret *pin = secret_new();
	int64_t verify_by;
	struct outcome o;

	if (pin == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	o = prove_ask(env, ui, found, pin, &verify_by);
	if (outcome_ok(&o))
		o = prove_sign(env, enrolled, found, verify_by, pin, proof, NULL, NULL, ret_card_clean);
	secret_free(pin);
	return o;
}

struct outcome
unlock_prove(const struct flow_env *env, const struct flow_ui *ui, const char *user, const char *machine,
    const uint8_t salt[static UNLOCK_SALT_LEN], struct unlock_signature *ret, char *ret_reader,
    bool *ret_card_clean)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct found_card found = { .tries_left = TRIES_UNKNOWN };
	struct proof proof = { .signature_len = 0 };
	struct outcome o = usercerts_load(env, user, &enrolled);

	*ret_card_clean = true;
	ret_reader[0] = '\0';
	if (outcome_ok(&o))
		o = usercerts_verdict(&enrolled);
	if (!outcome_ok(&o))
		return o;
	o = find_card(env, ui, &enrolled, &found);
	memcpy(ret_reader, found.reader, sizeof found.reader);
	if (outcome_ok(&o))
		o = unlock_input(found.enrolled->cert, user, machine, salt, &proof.input);
	if (outcome_ok(&o))
		o = sign_text(env, ui, &enrolled, &found, &proof, ret_card_clean);
	if (outcome_ok(&o)) {
		memcpy(ret->cert, cert_fingerprint(found.enrolled->cert), sizeof ret->cert);
		memcpy(ret->bytes, proof.signature, proof.signature_len);
		ret->len = proof.signature_len;
	}
	explicit_bzero(&proof, sizeof proof);
	return o;
}

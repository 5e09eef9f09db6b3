/* SPDX-License-Identifier: BSD-2-Clause */
/* The signature under which jpkictl unlock set stores a password (flow/unlock.h). */
#ifndef JPKI_FLOW_UNLOCK_PROVE_H
#define JPKI_FLOW_UNLOCK_PROVE_H

#include "flow/unlock.h"

/*
 * Finds the user's card, asks for its PIN, once, and lets it sign the text for this machine and salt.
 * OUTCOME_OK; CERT_WEAK: the card's key is not RSA, and no PIN was asked for; otherwise as flow_login(), and *ret is to be wiped
 * in every case. *ret_reader and *ret_card_clean as login_result's.
 */
struct outcome unlock_prove(const struct flow_env *env, const struct flow_ui *ui, const char *user,
    const char *machine, const uint8_t salt[static UNLOCK_SALT_LEN], struct unlock_signature *ret,
    char *ret_reader, bool *ret_card_clean) MUST_CHECK;

#endif

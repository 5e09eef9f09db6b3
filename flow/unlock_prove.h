/* SPDX-License-Identifier: BSD-2-Clause */
/* The signature under which jpkictl unlock set stores a password (flow/unlock.h). */
#ifndef JPKI_FLOW_UNLOCK_PROVE_H
#define JPKI_FLOW_UNLOCK_PROVE_H

#include "flow/unlock.h"

/*
 * Finds the user's card, prompts for its PIN once, and has it sign the text for this machine and
 * salt. OUTCOME_OK; CERT_WEAK: the card's key is not RSA, and there was no prompt; otherwise as
 * flow_login(). Wipe *ret in every case. *ret_reader and *ret_card_clean are as login_result's.
 */
struct outcome unlock_prove(const struct flow_env *env, const struct flow_ui *ui, const char *user,
    const char *machine, const uint8_t salt[static UNLOCK_SALT_LEN], struct unlock_signature *ret,
    char *ret_reader, bool *ret_card_clean) MUST_CHECK;

#endif

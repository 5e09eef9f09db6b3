/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing a PIN, step by step. Nothing later happens if something earlier fails:
 *
 *  1. for a user: enrolled, at this machine or allowed to use its reader
 *     remotely, certificate valid, their card there
 *  2. a try may be used
 *  3. prompts for the old PIN, the new one, the new one again; nothing is
 *     held meanwhile, and every rule is checked before the card sees anything
 *  4. in one transaction (flow/possession/transaction.h): same card, tries again, VERIFY of the old
 *     PIN once, CHANGE REFERENCE DATA once, state dropped, power down
 */
#ifndef JPKI_FLOW_PINCHANGE_H
#define JPKI_FLOW_PINCHANGE_H

#include "card/jpki.h"
#include "flow/possession/env.h"
#include "lib/message.h"
#include "lib/pinrule.h"
#include "lib/place.h"

enum pinchange_prompt { PINCHANGE_OLD, PINCHANGE_NEW, PINCHANGE_AGAIN, PINCHANGE_PROMPTS };

struct pinchange_question {
	enum pinchange_prompt prompt;
	bool signature;			/* the signature PIN, not the four digits */
	const char *reader;		/* the reader that has the card */
	const char *fingerprint;	/* of its certificate; NULL as in struct pinchange_card */
	int tries_left;			/* for the old PIN */
	enum pin_weakness weakness;	/* of the new PIN, for the prompt to retype it */
};

struct pinchange_ui {
	/*
	 * Prompts once and stores the input. OUTCOME_OK; PIN_FORMAT if it cannot be a PIN or is
	 * empty; CANCELLED and the like. The secret is empty unless OUTCOME_OK is returned.
	 */
	MUST_CHECK struct outcome (*ask)(void *ctx, const struct pinchange_question *q,
	    struct secret *typed);
	void (*waits)(void *ctx);	/* as in struct flow_ui */
	/* Whether the caller has gone and does not need the result. */
	bool (*gone)(void *ctx);
	/*
	 * The new PIN is about to be sent. A caller that is interrupted between here and the result
	 * has to report PIN_UNCERTAIN.
	 */
	void (*changing)(void *ctx);
	void *ctx;
};

/* Writes the question as the user reads it. */
void pinchange_text(const struct pinchange_question *q, char text[static MESSAGE_MAX]);

/* The three inputs, by enum pinchange_prompt. */
struct pinchange_secrets {
	struct secret *at[PINCHANGE_PROMPTS];
};

/* False if out of memory; call done in either case. */
bool pinchange_secrets_init(struct pinchange_secrets *s) MUST_CHECK;
void pinchange_secrets_wipe(struct pinchange_secrets *s);
void pinchange_secrets_done(struct pinchange_secrets *s);

/* A card that was looked at: whose PIN is to be changed, and which. */
struct pinchange_card {
	enum jpki_pin pin;
	const char *reader;
	bool classic;		/* as in struct found_card */
	int tries_left;
	const char *fingerprint;	/* of the certificate, for ui->ask(); NULL: not used there */
	struct view cert;	/* the whole user-authentication certificate, which identifies the card */
};

/*
 * Steps 2 to 4. OUTCOME_OK: the new PIN is valid. PIN_UNCERTAIN: the old or the new PIN is.
 * Anything else: the old PIN is. NEW_PIN_FORMAT, NEW_PIN_SAME, NEW_PIN_MISMATCH, NEW_PIN_REFUSED,
 * what transaction_run() returns (CARD_REMOVED for another card as well), what ui->ask returned;
 * for the signature PIN the outcomes SIGN_ and NEW_SIGN_ in place of PIN_ and NEW_PIN_. The secrets
 * are wiped in any case; *ret_card_clean as there.
 */
struct outcome pinchange(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_card *card, struct pinchange_secrets *secrets, bool *ret_card_clean)
    MUST_CHECK;

/* The user whose enrolled card's user-authentication PIN is to be changed. */
struct pinchange_user {
	const char *name;
	enum place place;
};

/*
 * Steps 1 and 2, without a prompt. OUTCOME_OK, NOT_ENROLLED (for remote users too), REMOTE, as
 * usercerts_load() and find_card().
 */
struct outcome pinchange_check(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user) MUST_CHECK;

/* All steps. As pinchange_check() and pinchange(). */
struct outcome pinchange_of_user(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user, struct pinchange_secrets *secrets, bool *ret_card_clean)
    MUST_CHECK;

#endif

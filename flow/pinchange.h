/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing a PIN, step by step. Nothing later happens if something earlier fails:
 *
 *  1. of a user: enrolled, at this machine or allowed to use its reader from
 *     afar, certificate in order, their card there
 *  2. a try may be spent
 *  3. the person is asked: the old PIN, the new one, the new one again; nothing is
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
	const char *reader;		/* where the card lies */
	const char *fingerprint;	/* of its certificate; NULL as in struct pinchange_card */
	int tries_left;			/* for the old PIN */
	enum pin_weakness weakness;	/* of the new one, when it is asked again */
};

struct pinchange_ui {
	/*
	 * Asks once and stores what was typed. OUTCOME_OK; PIN_FORMAT if it cannot be a PIN
	 * or nothing was typed; CANCELLED and the like. The secret is empty then.
	 */
	MUST_CHECK struct outcome (*ask)(void *ctx, const struct pinchange_question *q,
	    struct secret *typed);
	void (*waits)(void *ctx);	/* as in struct flow_ui */
	/* Whether nobody waits for the result any more. */
	bool (*gone)(void *ctx);
	/*
	 * The new PIN is about to be sent. Whoever is cut short between here and the
	 * result has to say PIN_UNCERTAIN.
	 */
	void (*changing)(void *ctx);
	void *ctx;
};

/* The question as the person reads it. */
void pinchange_text(const struct pinchange_question *q, char text[static MESSAGE_MAX]);

/* What is typed, by enum pinchange_prompt. */
struct pinchange_secrets {
	struct secret *at[PINCHANGE_PROMPTS];
};

/* False if there is no memory; done in either case. */
bool pinchange_secrets_init(struct pinchange_secrets *s) MUST_CHECK;
void pinchange_secrets_wipe(struct pinchange_secrets *s);
void pinchange_secrets_done(struct pinchange_secrets *s);

/* A card that was looked at: whose PIN is to be changed, and which. */
struct pinchange_card {
	enum jpki_pin pin;
	const char *reader;
	bool classic;		/* as in struct found_card */
	int tries_left;
	const char *fingerprint;	/* of the certificate, for ui->ask(); NULL: it does not look at it */
	struct view cert;	/* the whole user-authentication certificate: what tells it from another */
};

/*
 * Steps 2 to 4. OUTCOME_OK: the new PIN holds. PIN_UNCERTAIN: either of the two does.
 * Anything else: the old one does. NEW_PIN_FORMAT, NEW_PIN_SAME, NEW_PIN_MISMATCH, NEW_PIN_REFUSED,
 * what transaction_run() says (CARD_REMOVED also for another card), what ui->ask said; for the
 * signature PIN the outcomes SIGN_ and NEW_SIGN_ in place of PIN_ and NEW_PIN_. The secrets
 * are wiped in any case; *ret_card_clean as there.
 */
struct outcome pinchange(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_card *card, struct pinchange_secrets *secrets, bool *ret_card_clean)
    MUST_CHECK;

/* A user, of whose enrolled card the user-authentication PIN is meant. */
struct pinchange_user {
	const char *name;
	enum place place;
};

/*
 * Steps 1 and 2, in which nobody is asked for anything. OUTCOME_OK, NOT_ENROLLED (also
 * from afar), REMOTE, as usercerts_load() and find_card().
 */
struct outcome pinchange_check(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user) MUST_CHECK;

/* The whole. As pinchange_check() and pinchange(). */
struct outcome pinchange_of_user(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user, struct pinchange_secrets *secrets, bool *ret_card_clean)
    MUST_CHECK;

#endif

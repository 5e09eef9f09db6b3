/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpkictl survey: the questions that only a card can answer (doc/real-cards.md).
 *
 * MUSTs:
 * - No PIN is sent, and no command that could cost a try: VERIFY comes without data only.
 * - Nothing that the card sent is printed. An answer is the number of a word in a fixed list, and what
 *   is not in the list is "other".
 */
#ifndef JPKI_TOOLS_JPKICTL_QUESTIONS_H
#define JPKI_TOOLS_JPKICTL_QUESTIONS_H

#include "card/transport.h"
#include "flow/possession/env.h"
#include "nss/cert.h"
#include "nss/certform.h"

#define QUESTIONS_MAX 16

/* The answers of the card in a reader: numbers, and the names of a reader and a CA. */
struct answers {
	char reader[TRANSPORT_NAME_MAX];
	char driver[16];		/* its version */
	bool contactless;
	uint8_t words[QUESTIONS_MAX];	/* for answer_word(), in the order of question_name() */
	bool has_certificate;
	struct certform form;
	/* Of the CA's certificate on the card; "": none. For fingerprint_find() alone, never printed. */
	char ca[CERT_FINGERPRINT_LEN + 1];
};

/*
 * Asks the card in answers->reader. The card is powered down and up before; nothing is verified
 * on it. OUTCOME_OK; NOT_JPKI and the errors of the transport.
 */
struct outcome questions_ask(const struct flow_env *env, struct answers *answers) MUST_CHECK;

/* The name of a question, "first-command"; NULL for any other number. Static. */
const char *question_name(size_t number);

/* The word for an answer, "9000"; "other" for any other number. Static. */
const char *answer_word(size_t number);

/*
 * The name of a reader as pcscd has it, without what is this one reader's own: in brackets what the
 * device calls itself, one of them its serial number, and two numbers at the end.
 */
void answers_reader_name(const char *name, char ret[static TRANSPORT_NAME_MAX]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "lib/account.h"
#include "lib/message.h"
#include "pam/conv.h"
#include "pam/logline.h"
#include "pam/naming.h"
#include "pam/request.h"

/* Removes the names that are not the name of an account exactly. */
static void
keep_accounts(struct dialogue_names *names, const struct log *log)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct account account;

		if (account_find(names->at[i], log, &account) == ACCOUNT_FOUND && strcmp(account.name, names->at[i]) == 0)
			memmove(names->at[kept++], names->at[i], sizeof names->at[0]);
		else
			log_msg(log, LOG_NOTICE, "the card is registered for %s, and there is no account of that name",
			    LOG_NAME(names->at[i]));
	}
	names->count = kept;
}

/* "Which one? (hanako, taro): ", as many of the names as fit. */
static void
write_question(const struct dialogue_names *names, char text[static PROTO_TEXT_MAX])
{
	struct writer w = writer_of(text, PROTO_TEXT_MAX - sizeof "): ");

	writer_text(&w, names->text);
	for (size_t i = 0; i < names->count; i++) {
		writer_text(&w, i == 0 ? " (" : ", ");
		writer_text(&w, names->at[i]);
	}
	memcpy(text + w.len, "): ", sizeof "): ");
}

static struct outcome
choose_account(pam_handle_t *pamh, const struct dialogue_names *names, const struct log *log,
    char user[static ACCOUNT_NAME_MAX])
{
	char text[PROTO_TEXT_MAX];

	write_question(names, text);
	if (!conv_ask_name(pamh, text, user))
		return outcome_of(OUTCOME_CANCELLED);
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], user) == 0)
			return outcome_of(OUTCOME_OK);
	log_msg(log, LOG_NOTICE, "none of the card's accounts was chosen");
	return outcome_of(OUTCOME_OTHER_CARD);
}

/* Takes the user of the cards, or has the user choose one, and makes it PAM_USER. */
static struct outcome
take_name(pam_handle_t *pamh, struct dialogue_names *names, const struct log *log, struct naming *ret)
{
	char user[ACCOUNT_NAME_MAX];
	struct outcome o = outcome_of(OUTCOME_OK);
	int r;

	keep_accounts(names, log);
	if (names->count == 0)
		return outcome_of(OUTCOME_UNREGISTERED);
	if (names->count == 1)
		memcpy(user, names->at[0], sizeof user);
	else
		o = choose_account(pamh, names, log, user);
	if (!outcome_ok(&o))
		return o;
	r = pam_set_item(pamh, PAM_USER, user);
	if (r != PAM_SUCCESS)
		return outcome_raw(OUTCOME_INTERNAL, (uint32_t)r);
	log_msg(log, LOG_INFO, "the card names the user: %s", LOG_NAME(user));
	ret->by_card = ret->changed = true;
	return o;
}

/* Runs a helper for the names. OUTCOME_OK with ret->by_card: there is one. */
static struct outcome
ask_card(pam_handle_t *pamh, const struct log *log, const struct proto_request *request, struct naming *ret,
    struct dialogue_result *result, bool *ret_possible)
{
	struct dialogue_names names;
	struct outcome o = dialogue_name(pamh, log, request, &names);

	ret->waiting = names.waiting;
	*ret_possible = names.by_card;
	if (outcome_ok(&o) && names.by_card)
		o = take_name(pamh, &names, log, ret);
	result->text[0] = '\0';
	if (!outcome_ok(&o) && names.count == 0)
		memcpy(result->text, names.text, sizeof result->text);
	memcpy(result->reader, names.reader, sizeof result->reader);
	result->where = names.where;
	return o;
}

/*
 * Whether to report the outcome: a card without an account, or with several. A card that is not
 * there may come, or the user may type a name.
 */
static bool
is_answer_of_card(enum outcome_status status)
{
	return status == OUTCOME_OK || status == OUTCOME_UNREGISTERED || status == OUTCOME_OTHER_CARD ||
	    status == OUTCOME_CANCELLED || status == OUTCOME_INTERNAL;
}

struct outcome
naming_by_card(pam_handle_t *pamh, int argc, const char **argv, const struct log *log, struct naming *ret,
    struct dialogue_result *result)
{
	const char *name = item(pamh, PAM_USER);
	struct proto_request request = { .task = PROTO_NAME, .uid = ACCOUNT_NO_UID, .no_wait = name == NULL };
	struct outcome o = outcome_of(OUTCOME_OK);
	bool possible;

	if (name != NULL && name[0] != '\0')
		return o;
	ret->was_empty = name != NULL;
	o = request_make(pamh, argc, argv, log, &request);
	if (!outcome_ok(&o))
		return o;
	o = ask_card(pamh, log, &request, ret, result, &possible);
	if (!possible)
		return outcome_of(OUTCOME_OK);
	if (name != NULL || is_answer_of_card(o.status))
		return o;
	o = request_ask_name(pamh, &name);
	if (!outcome_ok(&o) || name[0] != '\0')
		return o;
	ret->changed = true;
	request.no_wait = false;
	o = ask_card(pamh, log, &request, ret, result, &possible);
	return possible ? o : outcome_of(OUTCOME_OK);
}

void
naming_end(pam_handle_t *pamh, struct naming *naming, enum outcome_status status)
{
	(void)helper_end(&naming->waiting);
	if (naming->changed && status != OUTCOME_OK && (!naming->by_card || status != OUTCOME_PASSWORD))
		(void)pam_set_item(pamh, PAM_USER, naming->was_empty ? "" : NULL);
}

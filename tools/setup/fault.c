/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a stack may become what setup would make of it. */
#include "config.h"

#include "tools/setup/setup.h"

/* "no" is worse than "depends", which is worse than "yes". */
static bool
no_worse(enum pamstack_verdict before, enum pamstack_verdict after)
{
	return after == PAMSTACK_YES || (after == PAMSTACK_DEPENDS && before != PAMSTACK_YES);
}

/* Whether a jump from an earlier line ends at or after our line: it would end elsewhere than before. */
static bool
is_jumped_over(const struct pamstack_list *list, const struct pamstack_line *ours)
{
	for (const struct pamstack_line *line = list->lines; ours != NULL && line < ours; line++)
		for (size_t code = 0; code < PAMSTACK_CODES; code++)
			if (line->action[code] > 0 && line->action[code] >= ours - line)
				return true;
	return false;
}

const char *
setup_fault(const struct pamstack *stack, const struct pamstack_judgement *before,
    const struct pamstack_judgement *after)
{
	static const char *const codes[] = { "authinfo_unavail", "user_unknown", "module_unknown" };

	if (stack->broken || stack->fault != PAMSTACK_SOUND)
		return N_("libpam could not read it");
	if (after->count != 1 || after->unreachable)
		return N_("pam_jpki.so would not run exactly once");
	if (is_jumped_over(pamstack_list(stack, PAMSTACK_AUTH), after->ours) ||
	    is_jumped_over(pamstack_list(stack, PAMSTACK_ACCOUNT), after->account_ours))
		return N_("a jump in an earlier line would land on the wrong line");
	if (after->open.verdict == PAMSTACK_YES ||
	    (after->open.verdict == PAMSTACK_DEPENDS && before->open.verdict == PAMSTACK_NO))
		return N_("every user would be admitted");
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		int code = pamstack_code(codes[i]);

		if (!no_worse(before->password[code].verdict, after->password[code].verdict))
			return N_("the password alone would not admit a user without a card: no second way in");
	}
	if (!no_worse(before->account_others.verdict, after->account_others.verdict) ||
	    !no_worse(before->account_missing.verdict, after->account_missing.verdict))
		return N_("users without a card would be locked out");
	if (after->forwards_in_vain || after->other_card_leaks)
		return N_("a password or PIN would be passed to the wrong module");
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "flow/enroll.h"
#include "flow/possession/survey.h"
#include "lib/secret.h"
#include "tools/common/ask.h"
#include "tools/common/caged.h"
#include "tools/common/deadline.h"
#include "tools/common/proven_card.h"

/* In the cage. */
static int
prove_card(struct tool *t, void *ctx, void *result)
{
	const struct proven_card *p = ctx;
	struct judged *ret = result;
	struct ask_dialogue dialogue = { .t = t };
	struct flow_ui ui = { .ask_pin = ask_pin_of_card, .gone = ask_never_gone,
		.ctx = &dialogue };
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct view der = { survey.der, 0 };
	struct secret *pin = NULL;
	struct outcome o;
	bool clean = true;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, p->reader, reader);
	if (outcome_ok(&o))
		o = survey_card(&t->env, reader, &survey);
	if (outcome_ok(&o))
		o = survey_certificate(&survey);
	der.len = survey.der_len;
	if (outcome_ok(&o) && p->may_write != NULL && p->may_write(t, p->user, der) != TOOL_OK)
		return TOOL_FAILED;
	if (outcome_ok(&o) && (pin = secret_new()) == NULL)
		o = outcome_of(OUTCOME_NO_MEMORY);
	if (!outcome_ok(&o))
		return tool_finish_search(t, &o, reader);
	o = enroll_prove(&t->env, &ui, p->user, reader, &survey, pin, &clean);
	secret_free(pin);
	ask_check_clean(t, reader, clean);
	deadline_off();
	ask_dialogue_done(&dialogue);
	memcpy(ret->der, survey.der, survey.der_len);
	ret->len = survey.der_len;
	return tool_finish(t, &o);
}

int
proven_card_judge(struct tool *t, int (*work)(struct tool *t, void *ctx, void *result), void *ctx,
    struct judged *ret)
{
	struct caged caged = { .work = work, .ctx = ctx, .result = ret, .result_size = sizeof *ret };
	struct outcome bad = outcome_of(OUTCOME_CERT_BAD);
	int status;

	ret->len = 0;
	status = caged_run(t, &caged);
	if (status == TOOL_OK && (ret->len == 0 || ret->len > sizeof ret->der))
		status = tool_finish(t, &bad);
	return status;
}

int
proven_card_read(struct tool *t, const struct proven_card *p, struct judged *ret)
{
	struct proven_card copy = *p;

	return proven_card_judge(t, prove_card, &copy, ret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "flow/find.h"
#include "flow/possession/transaction.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "lib/signals.h"
#include "tools/common/ask.h"
#include "tools/common/caged_child.h"
#include "tools/common/deadline.h"

static struct outcome
not_typed(const struct tool *t, int error)
{
	if (error == ENOTTY || error == ENXIO)
		tool_complain(t, "%s", _("cannot prompt for the PIN: there is no terminal"));
	else if (error != EINTR)
		tool_complain(t, _("the PIN cannot be read: %s"), strerror(error));
	return outcome_of(OUTCOME_CANCELLED);
}

struct outcome
ask_at_terminal(const struct tool *t, const char *prompt, struct secret *typed)
{
	struct outcome o = outcome_of(OUTCOME_OK);
	char text[64];

	if (caged_is_child())
		return caged_ask(prompt, typed);
	deadline_off();
	if (readpassphrase(prompt, text, sizeof text, RPP_REQUIRE_TTY) == NULL)
		o = not_typed(t, errno);
	else if (!secret_set(typed, text, strlen(text)))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	explicit_bzero(text, sizeof text);
	return o;
}

void
ask_check_clean(struct tool *t, const char *reader, bool clean)
{
	struct outcome o = outcome_of(OUTCOME_OK);

	if (!clean) {
		deadline_arm(t, true);
		o = transaction_drop_state(&t->env, reader);
	}
	if (!outcome_ok(&o))
		tool_complain(t, "%s", message_unclean());
}

void
ask_last_answered(struct ask_dialogue *d)
{
	if (caged_is_child() && !caged_prepare_for_pin(d->reader))
		_exit(TOOL_FAILED);
	signals_hold(&d->before);
	d->held = true;
	deadline_arm(d->t, true);
}

struct outcome
ask_pin_of_card(void *ctx, const struct found_card *found, struct secret *pin)
{
	struct ask_dialogue *d = ctx;
	char prompt[MESSAGE_MAX];
	struct outcome o;

	message_pin_prompt(found->tries_left, false, prompt);
	o = ask_at_terminal(d->t, prompt, pin);
	if (o.status == OUTCOME_CANCELLED)
		return o;
	d->reader = found->reader;
	ask_last_answered(d);
	if (outcome_ok(&o) && secret_view(pin).len == 0)
		o = outcome_of(OUTCOME_CANCELLED);
	return o;
}

void
ask_dialogue_done(struct ask_dialogue *d)
{
	if (d->held)
		signals_release(&d->before);
	d->held = false;
}

bool
ask_never_gone(void *ctx)
{
	return false;
}

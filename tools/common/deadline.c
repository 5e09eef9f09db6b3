/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/signals.h"
#include "tools/common/deadline.h"

#define GRACE 2	/* seconds */

/* Prepared in advance, because the handler must neither translate nor format. */
static struct {
	const struct pcsc *pcsc;
	char busy[2 * MESSAGE_MAX];
	char late[2 * MESSAGE_MAX];
} prepared;

static void
prepare_text(const struct tool *t, enum outcome_status status, bool pin_typed,
    char text[static 2 * MESSAGE_MAX])
{
	struct outcome o = outcome_of(status);
	char sentence[MESSAGE_MAX];
	size_t len;

	message_outcome(&o, sentence);
	snprintf(text, 2 * MESSAGE_MAX, "jpkictl %s: %s (%s)\n", t->command, sentence,
	    outcome_code(status));
	len = strlen(text);
	if (pin_typed)
		snprintf(text + len, 2 * MESSAGE_MAX - len, "jpkictl %s: %s\n", t->command, message_unclean());
}

static void
on_alarm(int signal)
{
	bool busy = prepared.pcsc != NULL && pcsc_outcome_if_late(prepared.pcsc) == OUTCOME_CARD_BUSY;
	const char *text = busy ? prepared.busy : prepared.late;

	(void)!write(STDERR_FILENO, text, strlen(text));
	_exit(TOOL_FAILED);
}

void
deadline_watch(const struct pcsc *pcsc)
{
	prepared.pcsc = pcsc;
}

/* Not alarm(2), which the cage's filter does not allow on every architecture. */
static void
set_alarm(unsigned int seconds)
{
	struct itimerval it = { .it_value = { .tv_sec = seconds } };

	(void)setitimer(ITIMER_REAL, &it, NULL);
}

static void
arm(const struct tool *t, enum outcome_status busy, enum outcome_status late, bool pin_typed)
{
	deadline_off();
	prepare_text(t, busy, pin_typed, prepared.busy);
	prepare_text(t, late, pin_typed, prepared.late);
	signals_on_alarm(on_alarm);
	set_alarm(t->conf.timeout + GRACE);
}

void
deadline_arm(const struct tool *t, bool pin_typed)
{
	arm(t, OUTCOME_CARD_BUSY, OUTCOME_TIMEOUT, pin_typed);
}

void
deadline_changing(const struct tool *t)
{
	arm(t, OUTCOME_PIN_UNCERTAIN, OUTCOME_PIN_UNCERTAIN, true);
}

void
deadline_off(void)
{
	set_alarm(0);
}

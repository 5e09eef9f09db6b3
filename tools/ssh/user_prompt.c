/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/secret.h"
#include "tools/ssh/pinentry.h"
#include "tools/ssh/user_prompt.h"

#define TERMINAL "/dev/tty"
#define TYPED_MAX 64

struct person
user_prompt_possible(void)
{
	const char *pinentry = getenv("JPKI_PINENTRY");
	struct person who = { .pinentry = pinentry };
	_cleanup_(closep) int fd = open(TERMINAL, O_RDWR | O_NOCTTY | O_CLOEXEC);

	who.has_terminal = fd >= 0;
	if (pinentry != NULL && pinentry[0] != '\0')
		return who;
	who.pinentry = who.has_terminal ? NULL : "pinentry";
	return who;
}

static const char *
terminal_of(const struct person *who)
{
	return who->has_terminal ? TERMINAL : NULL;
}

static bool
write_terminal(const char *text)
{
	_cleanup_(fclosep) FILE *f = fopen(TERMINAL, "we");

	return f != NULL && fprintf(f, "%s\n", text) > 0;
}

static struct outcome
pin_at_terminal(const char *description, const char *prompt, struct secret *typed)
{
	struct outcome o = outcome_of(OUTCOME_OK);
	char text[TYPED_MAX];

	if (!write_terminal(description) ||
	    readpassphrase(prompt, text, sizeof text, RPP_REQUIRE_TTY) == NULL)
		o = outcome_of(OUTCOME_CANCELLED);
	else if (!secret_set(typed, text, strlen(text)))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	explicit_bzero(text, sizeof text);
	return o;
}

struct outcome
user_prompt_pin(const struct person *who, const char *description, const char *prompt,
    struct secret *typed)
{
	struct outcome o = who->pinentry != NULL ?
	    pinentry_ask(who->pinentry, terminal_of(who), description, prompt, typed) :
	    pin_at_terminal(description, prompt, typed);

	if (o.status == OUTCOME_CANCELLED)
		fprintf(stderr, _("jpki-askpass: no PIN was entered (asked through %s)\n"),
		    who->pinentry != NULL ? who->pinentry : TERMINAL);
	return o;
}

void
user_prompt_tell(const struct person *who, const char *text)
{
	if (who->has_terminal && write_terminal(text))
		return;
	if (who->pinentry != NULL && pinentry_tell(who->pinentry, terminal_of(who), text))
		return;
	fprintf(stderr, "%s\n", text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The language of the user, as far as the application shows it. */
#ifndef JPKI_PAM_LANGUAGE_H
#define JPKI_PAM_LANGUAGE_H

#include <stdbool.h>

/* Each text may be NULL. */
struct language_facts {
	const char *locale;	/* of LC_MESSAGES: "ja_JP.UTF-8" */
	const char *codeset;	/* of LC_CTYPE: "UTF-8" */
	const char *tty;	/* PAM_TTY */
	bool on_tty;	/* and it controls this process: the user reads there */
};

/* "ja" or "en": Japanese only if every fact says that it can be shown. */
const char *language_choose(const struct language_facts *f);

/* The same, from the application's locale, which is only read. */
const char *language_of_application(const char *tty);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* In which language the person reads, as far as the application lets us see. */
#ifndef JPKI_PAM_LANGUAGE_H
#define JPKI_PAM_LANGUAGE_H

#include <stdbool.h>

/* Each text may be NULL. */
struct language_facts {
	const char *locale;	/* of LC_MESSAGES: "ja_JP.UTF-8" */
	const char *codeset;	/* of LC_CTYPE: "UTF-8" */
	const char *tty;	/* PAM_TTY */
	bool on_tty;	/* which controls this process: the person reads there */
};

/* "ja" or "en": Japanese only where all of it says that it can be shown. */
const char *language_choose(const struct language_facts *f);

/* The same, from the application's locale, which is only read. */
const char *language_of_application(const char *tty);

#endif

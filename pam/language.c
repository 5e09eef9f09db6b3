/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/place.h"
#include "pam/language.h"

/* "ja", "ja_JP.UTF-8", "ja.UTF-8", "ja@cjknarrow"; not "jam_JM". */
static bool
is_japanese(const char *locale)
{
	return locale != NULL && strncmp(locale, "ja", 2) == 0 &&
	    (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL);
}

static bool
is_utf8(const char *codeset)
{
	return codeset != NULL && (strcasecmp(codeset, "UTF-8") == 0 || strcasecmp(codeset, "UTF8") == 0);
}

static bool
is_console(const char *tty)
{
	return tty != NULL && place_console(tty) != 0;
}

const char *
language_choose(const struct language_facts *f)
{
	/* A virtual console has no font for Japanese. */
	return is_japanese(f->locale) && is_utf8(f->codeset) && !is_console(f->tty) ? "ja" : "en";
}

const char *
language_of_application(const char *tty)
{
	/* Of this thread, and read at once. NOLINTBEGIN(concurrency-mt-unsafe) */
	struct language_facts f = { .codeset = nl_langinfo(CODESET), .tty = tty };

	/* setlocale(LC_MESSAGES, NULL) would not see what uselocale has set. */
#ifdef _NL_LOCALE_NAME
	f.locale = nl_langinfo(_NL_LOCALE_NAME(LC_MESSAGES));
#endif
	/* NOLINTEND(concurrency-mt-unsafe) */
	return language_choose(&f);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "lib/i18n.h"

void
i18n_bind(void)
{
	(void)bindtextdomain(PACKAGE, LOCALEDIR);
	(void)bind_textdomain_codeset(PACKAGE, "UTF-8");
}

/* A catalogue's header is the translation of the empty string. */
static bool
has_catalogue(void)
{
	const char *nothing = "";	/* not as an argument: xgettext would warn */

	return dgettext(PACKAGE, nothing)[0] != '\0';
}

bool
i18n_use_language(const char *language)
{
	/*
	 * gettext uses LANGUAGE in any locale except "C" and, since glibc 2.39, "C.UTF-8". So any other
	 * installed locale will do.
	 */
	static const char *const locales[] = { "C.UTF-8", "ja_JP.UTF-8", "en_US.UTF-8", "en_GB.UTF-8" };

	if (setenv("LANGUAGE", language, 1) == 0 && strcmp(language, "en") != 0)
		for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++)
			if (setlocale(LC_ALL, locales[i]) != NULL && has_catalogue())
				return true;
	(void)setlocale(LC_MESSAGES, "C");
	return strcmp(language, "en") == 0;
}

void
i18n_keep_errors_english(void)
{
	(void)bindtextdomain("libc", "/");	/* there is no catalogue */
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translations, by gettext.
 *
 * MUSTs: only our own text domain is touched, so that all of this may happen
 * inside somebody else's program; what changes the locale or the environment
 * is for our own processes and says so.
 */
#ifndef JPKI_LIB_I18N_H
#define JPKI_LIB_I18N_H

#include <libintl.h>
#include <stdbool.h>

#define _(text) dgettext(PACKAGE, text)
#define N_(text) text	/* for xgettext; translated where it is shown */

/* Says where our catalogues lie, and that we want UTF-8. For every process. */
void i18n_bind(void);

/*
 * Speaks "ja" or "en" from now on, whatever locale the machine has installed;
 * sets the locale and LANGUAGE, so it is for our own processes. False: no installed
 * locale lets us, and it is English.
 */
bool i18n_use_language(const char *language);

/* What strerror says goes to the log, in English. For our own processes. */
void i18n_keep_errors_english(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translations, by gettext.
 *
 * MUSTs: only our own text domain is used, because the module runs inside other programs. Functions that
 * change the locale or the environment are for our own processes, and say so.
 */
#ifndef JPKI_LIB_I18N_H
#define JPKI_LIB_I18N_H

#include <libintl.h>
#include <stdbool.h>

#define _(text) dgettext(PACKAGE, text)
#define N_(text) text	/* for xgettext; translated where it is shown */

/* Sets the directory and the encoding (UTF-8) of our catalogues. For every process. */
void i18n_bind(void);

/*
 * Switches to "ja" or "en", whatever locales the machine has installed; sets the locale and LANGUAGE, so it
 * is for our own processes. False: no installed locale allows it, and messages are in English.
 */
bool i18n_use_language(const char *language);

/* Keeps strerror() in English, for the log. For our own processes. */
void i18n_keep_errors_english(void);

#endif

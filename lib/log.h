/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the lower layers report to the administrator: through a sink that the
 * caller provides (syslog in the module, a message to the module in the
 * helper, standard error in the tools). A NULL sink drops everything. Never a
 * PIN, never the data field of VERIFY, never a whole certificate.
 */
#ifndef JPKI_LIB_LOG_H
#define JPKI_LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct log {
	/* priority as in syslog.h; text without a newline */
	void (*sink)(void *ctx, int priority, const char *text);
	void *ctx;
};

#define LOG_TEXT_MAX 1024	/* longer texts are cut */

void log_msg(const struct log *log, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Replaces, in place and byte by byte, everything but plain text by '?': control characters (C0, DEL, C1),
 * characters that change the direction of writing, break a line or have no width (Unicode's Cf, Zl, Zp),
 * and bytes that are not UTF-8. For text from outside that goes to a log or a terminal.
 */
void log_defuse(char *text);

/* Whether a text is text and no more: log_defuse() would leave it as it is. */
bool log_is_harmless(const char *text);

/*
 * A value for "key=value" in a structured line: unchanged if it has only letters, digits and ._:/@+-, else
 * in double quotes with \ before quotes and backslashes, and \xHH for all but printable ASCII; "-" for NULL
 * and for "". So no value can look like another field or a second line, and different values never look the
 * same. Cut to size, between two characters.
 */
void log_field(const char *value, char *text, size_t size);

/*
 * For an argument of log_msg() that comes from outside (the name of a user,
 * service, reader, host or file): the value as log_field() writes it, until
 * the end of the block. (tests/check/logged-names finds arguments without it.)
 */
#define LOG_NAME_MAX 300
#define LOG_NAME(value) log_name(value, (char[LOG_NAME_MAX]){ 0 })
const char *log_name(const char *value, char text[static LOG_NAME_MAX]);

#endif

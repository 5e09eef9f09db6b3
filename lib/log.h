/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the lower layers leave what an administrator should read: a sink that
 * the caller provides (syslog in the module, a message to the module in the
 * helper, standard error in the tools). A NULL sink swallows everything.
 * Never a PIN, never the data field of VERIFY, never a whole certificate.
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
 * Puts question marks, one an octet, for what is more than text, in place: control characters
 * (C0, DEL, C1), characters that turn the direction of writing, break a line or have no
 * width (Unicode's Cf, Zl, Zp), and octets that are no UTF-8. For text from outside that
 * goes to a log or a terminal.
 */
void log_defuse(char *text);

/* Whether a text is text and no more: log_defuse() would leave it as it is. */
bool log_is_harmless(const char *text);

/*
 * A value for "key=value" in a structured line: as it is if it has nothing but letters,
 * digits and ._:/@+-, else in double quotes with \ before quotes and backslashes and \xHH
 * for what is not printable ASCII; "-" for NULL and for "". So no value looks like another
 * field, a second line, or two of them like one. Cut to size, between two characters.
 */
void log_field(const char *value, char *text, size_t size);

/*
 * For an argument of log_msg() that somebody else has chosen, a name of a user, service,
 * reader, host or file: the value as log_field() writes it, until the end of the block.
 * (tests/check/logged-names looks for those that go without.)
 */
#define LOG_NAME_MAX 300
#define LOG_NAME(value) log_name(value, (char[LOG_NAME_MAX]){ 0 })
const char *log_name(const char *value, char text[static LOG_NAME_MAX]);

#endif

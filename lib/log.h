/*
 * Where the lower layers leave what an administrator should read: a sink that
 * the caller provides (syslog in the module, a message to the module in the
 * helper, standard error in the tools). A NULL sink swallows everything.
 * Never a PIN, never the data field of VERIFY, never a whole certificate.
 */
#ifndef JPKI_LIB_LOG_H
#define JPKI_LIB_LOG_H

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
 * Puts question marks for control characters (C0, DEL, and C1 in UTF-8), in
 * place: for text from outside that goes to a log or a terminal.
 */
void log_defuse(char *text);

/*
 * A value for "key=value" in a structured line: as it is if it has nothing but letters,
 * digits and ._:/@+-, else in double quotes with \ before quotes and backslashes and \xHH
 * for what is not printable ASCII; "-" for NULL and for "". So no value looks like another
 * field, a second line, or two of them like one. Cut to size, between two characters.
 */
void log_field(const char *value, char *text, size_t size);

#endif

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

void
log_defuse(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)	/* C1, in UTF-8 */
			p[0] = p[1] = '?';
	}
}

void
log_msg(const struct log *log, int priority, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	va_list ap;

	if (log == NULL || log->sink == NULL)
		return;
	va_start(ap, format);
	if (vsnprintf(text, sizeof text, format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	/* Text from outside (file names, reader names) must not forge a second log line. */
	log_defuse(text);
	log->sink(log->ctx, priority, text);
}

static bool
is_plain(const char *value)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+-";

	/* "-" alone stands for nothing. */
	return strcmp(value, "-") != 0 && value[strspn(value, plain)] == '\0';
}

/* One character as it stands between quotes; how long it is. */
static size_t
quote(unsigned char c, char text[static 5])
{
	if (c == '"' || c == '\\')
		return (size_t)snprintf(text, 5, "\\%c", c);
	if (c < 0x20 || c >= 0x7f)
		return (size_t)snprintf(text, 5, "\\x%02x", c);
	return (size_t)snprintf(text, 5, "%c", c);
}

void
log_field(const char *value, char *text, size_t size)
{
	size_t len = 1;

	if (value == NULL || value[0] == '\0')
		value = "-";
	else if (!is_plain(value) || strlen(value) >= size) {
		snprintf(text, size, "\"");
		for (const char *p = value; *p != '\0'; p++) {
			char one[5];
			size_t n = quote((unsigned char)*p, one);

			if (len + n + 2 > size)	/* and the closing quote */
				break;
			memcpy(text + len, one, n);
			len += n;
		}
		memcpy(text + len, "\"", 2);
		return;
	}
	snprintf(text, size, "%s", value);
}

#include <stdarg.h>
#include <stdio.h>

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

#include <stdarg.h>
#include <stdio.h>

#include "lib/log.h"

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
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	log->sink(log->ctx, priority, text);
}

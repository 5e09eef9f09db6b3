/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

/* One character of UTF-8 (RFC 3629); how many bytes it has, 0 if there is none. */
static size_t
decode_utf8(const unsigned char *p, uint32_t *ret)
{
	/* The smallest code point that needs that many bytes: a smaller one is overlong. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
	uint32_t c = len == 1 ? p[0] : len == 0 ? 0 : p[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)	/* the NUL ends it too */
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (len == 0 || c < smallest[len] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*ret = c;
	return len;
}

/* Characters that control a terminal, and invisible ones that move or hide others. */
static bool
is_control(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f },		/* C0, DEL, C1 */
		{ 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e },
		{ 0x200b, 0x200f },			/* without width; left-to-right, right-to-left */
		{ 0x2028, 0x202e },			/* line and paragraph; embeddings, overrides */
		{ 0x2060, 0x206f },			/* isolates */
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe007f },			/* tags */
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

void
log_defuse(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p != '\0') {
		uint32_t c = 0;
		size_t len = decode_utf8(p, &c);

		if (len == 0)
			*p++ = '?';
		else {
			if (is_control(c))
				memset(p, '?', len);
			p += len;
		}
	}
}

bool
log_is_harmless(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		uint32_t c = 0;
		size_t len = decode_utf8(p, &c);

		if (len == 0 || is_control(c))
			return false;
		p += len;
	}
	return true;
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

	/* "-" alone means an empty value. */
	return strcmp(value, "-") != 0 && value[strspn(value, plain)] == '\0';
}

/* Writes one character as it appears between quotes; returns the length. */
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

const char *
log_name(const char *value, char text[static LOG_NAME_MAX])
{
	log_field(value, text, LOG_NAME_MAX);
	return text;
}

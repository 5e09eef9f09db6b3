/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CBMC's own model of the C library lacks, as the manual pages define it. Each reads byte by byte, so a
 * missing NUL or a wrong length is found in the caller's memory. Where a harness defines a function by another name, its own
 * is used.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#ifndef memchr
void *
memchr(const void *memory, int c, size_t len)
{
	const unsigned char *p = memory;

	for (size_t i = 0; i < len; i++)
		if (p[i] == (unsigned char)c)
			return (void *)(p + i);
	return NULL;
}
#endif

#ifndef memmem
void *
memmem(const void *memory, size_t len, const void *wanted, size_t wanted_len)
{
	const unsigned char *p = memory;

	for (size_t i = 0; i + wanted_len <= len; i++)
		if (memcmp(p + i, wanted, wanted_len) == 0)
			return (void *)(p + i);
	return NULL;
}
#endif

static int
has_char(const char *set, char c)
{
	for (; *set != '\0'; set++)
		if (*set == c)
			return 1;
	return 0;
}

#ifndef strspn
size_t
strspn(const char *text, const char *set)
{
	size_t n = 0;

	while (text[n] != '\0' && has_char(set, text[n]))
		n++;
	return n;
}
#endif

size_t
strcspn(const char *text, const char *set)
{
	size_t n = 0;

	while (text[n] != '\0' && !has_char(set, text[n]))
		n++;
	return n;
}

size_t
strnlen(const char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n] != '\0')
		n++;
	return n;
}

#ifndef strtok_r
char *
strtok_r(char *text, const char *set, char **rest)
{
	char *word = text != NULL ? text : *rest, *end;

	word += strspn(word, set);
	end = word + strcspn(word, set);
	*rest = *end != '\0' ? end + 1 : end;
	if (*end != '\0')
		*end = '\0';
	return word != end ? word : NULL;
}
#endif

char *
strstr(const char *text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *p = text; *p != '\0'; p++)
		if (strncmp(p, wanted, len) == 0)
			return (char *)p;
	return len == 0 ? (char *)text : NULL;
}

#ifndef strsep
char *
strsep(char **rest, const char *set)
{
	char *word = *rest, *end;

	if (word == NULL)
		return NULL;
	end = word + strcspn(word, set);
	*rest = *end != '\0' ? end + 1 : NULL;
	*end = '\0';
	return word;
}
#endif

/*
 * Decimal alone, with the blanks and the sign that come before. By this name the headers of glibc 2.38 and newer
 * declare it.
 */
unsigned long
__isoc23_strtoul(const char *text, char **end, int base)
{
	const char *p = text + strspn(text, " \t\n");
	bool negative = *p == '-';
	unsigned long n = 0;

	__CPROVER_assert(base == 10, "decimal");
	for (p += *p == '-' || *p == '+'; *p >= '0' && *p <= '9'; p++) {
		if (n > (ULONG_MAX - (unsigned long)(*p - '0')) / 10)
			errno = ERANGE;
		else
			n = n * 10 + (unsigned long)(*p - '0');
	}
	*end = (char *)p;
	return negative ? -n : n;
}

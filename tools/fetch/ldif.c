/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tools/fetch/ldif.h"

#define PEM_LINE 64
#define ATTRIBUTE_MAX 64

/* A stream on a descriptor of its own. */
static FILE *
stream_of(int fd, const char *mode)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *f = own >= 0 ? fdopen(own, mode) : NULL;

	if (f == NULL && own >= 0)
		(void)close(own);
	return f;
}

static void
skip_line(FILE *f)
{
	int c;

	while ((c = getc(f)) != EOF && c != '\n')
		;
}

static bool
is_crl_attribute(const char *name)
{
	static const char *const names[] = { "certificateRevocationList", "authorityRevocationList" };
	size_t len = strcspn(name, ";");

	if (name[len] != '\0' && strcasecmp(name + len, ";binary") != 0)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
			return true;
	return false;
}

/*
 * Goes to the value of the next line that has one in base64 of a CRL attribute; false at the
 * end.
 */
static bool
find_value(FILE *f)
{
	char name[ATTRIBUTE_MAX];
	int c;

	while ((c = getc(f)) != EOF) {
		size_t n = 0;

		if (c == '\n')
			continue;
		if (c != '\t') {
			skip_line(f);
			continue;
		}
		while ((c = getc(f)) != EOF && c != ':' && c != '\n' && c != '\0' && n < sizeof name - 1)
			name[n++] = (char)c;
		name[n] = '\0';
		if (c == ':' && is_crl_attribute(name) && (c = getc(f)) == ':')
			return true;
		if (c != '\n')
			skip_line(f);
	}
	return false;
}

/* The rest of the line, in lines as PEM has them. */
static void
copy_value(FILE *from, FILE *to)
{
	size_t n = 0;
	int c;

	fputs("-----BEGIN X509 CRL-----\n", to);
	while ((c = getc(from)) != EOF && c != '\n') {
		if (c == ' ')
			continue;
		putc(c, to);
		if (++n % PEM_LINE == 0)
			putc('\n', to);
	}
	fputs("\n-----END X509 CRL-----\n", to);
}

enum ldif
ldif_crl(int from, int to)
{
	_cleanup_(fclosep) FILE *in = stream_of(from, "r");
	_cleanup_(fclosep) FILE *out = stream_of(to, "w");

	if (in == NULL || out == NULL || fseeko(in, 0, SEEK_SET) != 0)
		return LDIF_ERROR;
	if (!find_value(in))
		return ferror(in) ? LDIF_ERROR : LDIF_NONE;
	copy_value(in, out);
	if (find_value(in))
		return LDIF_SEVERAL;
	if (ferror(in) || fflush(out) != 0 || ferror(out))
		return LDIF_ERROR;
	return LDIF_OK;
}

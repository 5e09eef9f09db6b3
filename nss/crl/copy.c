/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <nssb64.h>

#include "lib/safefile.h"
#include "nss/crl/copy.h"
#include "nss/internal.h"

#define BEGIN "-----BEGIN X509 CRL-----"
#define END "-----END X509 CRL-----"
#define SEQUENCE 0x30		/* the first octet of DER */
#define PIECE (256 * 1024)
#define LINE 4096		/* PEM has 64 characters in a line, some write it all in one of 76 */

struct copy {
	FILE *from;
	int to;
	uint64_t size, room;
	enum crl_fault fault;
};

static void
copy_done(struct copy *c)
{
	if (c->from != NULL)
		(void)fclose(c->from);
}

static bool
put_bytes(struct copy *c, const void *bytes, size_t len)
{
	c->size += len;
	if (c->size > CRL_SIZE_MAX)
		c->fault = CRL_TOO_LARGE;
	else if (c->size > c->room)
		c->fault = CRL_NO_ROOM;
	else if (!safefile_write(c->to, bytes, len))
		c->fault = CRL_STORE;
	return c->fault == CRL_OK;
}

static enum crl_fault
copy_der(struct copy *c)
{
	_cleanup_(freep) uint8_t *bytes = malloc(PIECE);
	size_t n;

	if (bytes == NULL)
		return CRL_NO_MEMORY;
	while (c->fault == CRL_OK && (n = fread(bytes, 1, PIECE, c->from)) > 0)
		(void)put_bytes(c, bytes, n);
	return c->fault;
}

/* --- PEM ---------------------------------------------------------------------- */

/* The next line without its end; false at the end of the file, or if it is no text. */
static bool
get_line(struct copy *c, char line[static LINE])
{
	size_t len;

	if (c->fault != CRL_OK || fgets(line, LINE, c->from) == NULL)
		return false;
	len = strlen(line);
	if (len == LINE - 1) {
		c->fault = CRL_NOT_CRL;
		return false;
	}
	while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
		line[--len] = '\0';
	return true;
}

/* What NSS has decoded. NSS wants 0 or a negative number. */
static PRInt32
take_decoded(void *ctx, const unsigned char *bytes, PRInt32 len)
{
	return put_bytes(ctx, bytes, (size_t)len) ? 0 : -1;
}

/* Up to the END line. What is lost or damaged here does not survive the DER's lengths. */
static bool
decode(struct copy *c, NSSBase64Decoder *decoder, char line[static LINE])
{
	while (get_line(c, line)) {
		if (strcmp(line, END) == 0)
			return true;
		if (NSSBase64Decoder_Update(decoder, line, (PRUint32)strlen(line)) != SECSuccess)
			break;
	}
	return false;
}

static enum crl_fault
copy_pem(struct copy *c)
{
	NSSBase64Decoder *decoder = NSSBase64Decoder_Create(take_decoded, c);
	char line[LINE] = "";
	bool whole = false;

	if (decoder == NULL)
		return CRL_NO_MEMORY;
	while (strcmp(line, BEGIN) != 0 && get_line(c, line))
		;
	if (strcmp(line, BEGIN) == 0)
		whole = decode(c, decoder, line);
	if (NSSBase64Decoder_Destroy(decoder, whole ? PR_FALSE : PR_TRUE) != SECSuccess)
		whole = false;
	if (c->fault == CRL_OK && !whole)
		c->fault = CRL_NOT_CRL;
	while (get_line(c, line))
		if (line[0] != '\0')
			c->fault = CRL_TRAILING;
	return c->fault;
}

enum crl_fault
crlcopy(int from, int to, const struct log *log)
{
	_cleanup_(copy_done) struct copy c = { .to = to, .fault = CRL_OK };
	int own = fcntl(from, F_DUPFD_CLOEXEC, 3), first;
	enum crl_fault f;

	c.from = own >= 0 ? fdopen(own, "r") : NULL;
	if (c.from == NULL) {
		closep(&own);
		return CRL_UNREADABLE;
	}
	if (!safefile_room(to, &c.room))
		return CRL_STORE;
	first = getc(c.from);
	if (first == EOF)
		return ferror(c.from) ? CRL_UNREADABLE : CRL_NOT_CRL;
	(void)ungetc(first, c.from);
	f = first == SEQUENCE ? copy_der(&c) : copy_pem(&c);
	if (f == CRL_STORE)
		log_msg(log, LOG_ERR, "the CRL cannot be written: %s", strerror(errno));
	return f == CRL_OK && ferror(c.from) ? CRL_UNREADABLE : f;
}

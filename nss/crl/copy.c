/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include <nssb64.h>

#include "lib/der.h"
#include "lib/safefile.h"
#include "nss/crl/copy.h"
#include "nss/crl/der.h"
#include "nss/internal.h"

#define SEQUENCE 0x30		/* the first byte of DER */
#define PIECE (256 * 1024)
#define HEAD 4096		/* enough bytes to see what a file or a block is */
#define LABEL_MAX 64
#define TEXT_MAX (2 * (uint64_t)CRL_SIZE_MAX)	/* base64 has four characters for three bytes */
#define BLANKS " \t\r\n"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct copy {
	FILE *from;
	int to;
	char head[HEAD + 1];		/* start of the file, and a NUL */
	size_t head_len, at;		/* bytes of head; how many were read by text_char() */
	int pushed;			/* what text_char() returns next; EOF: the next character of the file */
	uint64_t read;			/* by text_char() */
	uint64_t room;
	enum crl_fault fault;
	enum crl_fault seen;		/* what the PEM blocks that are no list were; CRL_NO_LIST */
	bool found;			/* a list */

	/* The DER of a file or a block, as it is read. */
	uint8_t held[HEAD];		/* its start, until its kind is known */
	size_t held_len;
	bool known, wanted;
	uint64_t size, written;		/* as its length says; so far */
};

static void
copy_done(struct copy *c)
{
	if (c->from != NULL)
		(void)fclose(c->from);
}

/* --- DER ---------------------------------------------------------------------- */

/* Writes the element, but nothing after it. */
static void
write_der(struct copy *c, const uint8_t *bytes, size_t len)
{
	size_t n = len < c->size - c->written ? len : (size_t)(c->size - c->written);

	c->written += n;
	if (c->written > CRL_SIZE_MAX)
		c->fault = CRL_TOO_LARGE;
	else if (c->written > c->room)
		c->fault = CRL_NO_ROOM;
	else if (n > 0 && !safefile_write(c->to, bytes, n))
		c->fault = CRL_STORE;
	else if (!der_is_filler(bytes + n, len - n))
		c->fault = CRL_TRAILING;
}

/* Decides by the start that was kept whether it is a list. A second one is a fault. */
static void
decide(struct copy *c)
{
	struct view head = { c->held, c->held_len };
	enum crl_fault f = crlder_sniff(head, &c->size);

	c->known = true;
	c->wanted = f == CRL_OK;
	if (!c->wanted) {
		c->seen = c->seen == CRL_NO_LIST || c->seen == CRL_NOT_CRL ? f : c->seen;
	} else if (c->found) {
		c->fault = CRL_SEVERAL;
	} else {
		c->found = true;
		write_der(c, head.data, head.len);
	}
}

static void
begin_der(struct copy *c)
{
	c->held_len = 0;
	c->known = false;
	c->written = 0;
}

static bool
add_der(struct copy *c, const uint8_t *bytes, size_t len)
{
	size_t n = c->known ? 0 : HEAD - c->held_len;

	n = n < len ? n : len;
	memcpy(c->held + c->held_len, bytes, n);
	c->held_len += n;
	if (!c->known && c->held_len == HEAD)
		decide(c);
	if (c->known && c->wanted && c->fault == CRL_OK && n < len)
		write_der(c, bytes + n, len - n);
	return c->fault == CRL_OK;
}

static void
end_der(struct copy *c)
{
	if (!c->known)
		decide(c);
	if (c->fault == CRL_OK && c->wanted && c->written < c->size)
		c->fault = CRL_NOT_CRL;		/* cut */
}

static void
copy_der(struct copy *c)
{
	_cleanup_(freep) uint8_t *bytes = malloc(PIECE);
	size_t n;

	if (bytes == NULL) {
		c->fault = CRL_NO_MEMORY;
		return;
	}
	begin_der(c);
	(void)add_der(c, (const uint8_t *)c->head, c->head_len);
	while (c->fault == CRL_OK && (!c->known || c->wanted) && (n = fread(bytes, 1, PIECE, c->from)) > 0)
		(void)add_der(c, bytes, n);
	if (c->fault == CRL_OK)
		end_der(c);
}

/* --- base64 --------------------------------------------------------------------- */

/* EOF, also after a fault. */
static int
text_char(struct copy *c)
{
	int pushed = c->pushed;

	c->pushed = EOF;
	if (c->fault == CRL_OK && ++c->read > TEXT_MAX)
		c->fault = CRL_TOO_LARGE;
	if (c->fault != CRL_OK)
		return EOF;
	if (pushed != EOF)
		return pushed;
	return c->at < c->head_len ? (unsigned char)c->head[c->at++] : getc_unlocked(c->from);
}

/* Takes what NSS has decoded. Returns 0 or a negative number, as NSS requires. */
static PRInt32
take_decoded(void *ctx, const unsigned char *bytes, PRInt32 len)
{
	return add_der(ctx, bytes, (size_t)len) ? 0 : -1;
}

/* Whether the base64 ends before the character `next`, which follows `last`. */
typedef bool ends_base64(int last, int next);

/* Decodes to the end. False: damaged. Faults that NSS ignores are found by the lengths in the DER. */
static bool
decode_characters(struct copy *c, NSSBase64Decoder *decoder, ends_base64 *ends)
{
	char piece[1024];
	size_t n = 0;
	int last = ' ', next;

	while (!ends(last, next = text_char(c))) {
		if (next == '\0' || strchr(BASE64_LETTERS "=" BLANKS, next) == NULL)
			return false;
		last = next;
		piece[n++] = (char)next;
		if (n == sizeof piece) {
			if (NSSBase64Decoder_Update(decoder, piece, (PRUint32)n) != SECSuccess)
				return false;
			n = 0;
		}
	}
	c->pushed = next;
	return c->fault == CRL_OK &&
	    (n == 0 || NSSBase64Decoder_Update(decoder, piece, (PRUint32)n) == SECSuccess);
}

static void
decode_base64(struct copy *c, ends_base64 *ends)
{
	NSSBase64Decoder *decoder = NSSBase64Decoder_Create(take_decoded, c);
	bool whole;

	if (decoder == NULL) {
		c->fault = CRL_NO_MEMORY;
		return;
	}
	begin_der(c);
	whole = decode_characters(c, decoder, ends);
	if (NSSBase64Decoder_Destroy(decoder, whole ? PR_FALSE : PR_TRUE) != SECSuccess)
		whole = false;
	if (c->fault == CRL_OK && !whole)
		c->fault = CRL_NOT_CRL;
	if (c->fault == CRL_OK)
		end_der(c);
}

/* --- PEM ---------------------------------------------------------------------- */

/* The rest of "BEGIN LABEL-----" after its first character. False: not such a line. */
static bool
read_label(struct copy *c, int first, char label[static LABEL_MAX])
{
	size_t len = 0;

	for (int next = first; next != EOF && next != '\n' && len < LABEL_MAX - 1; next = text_char(c)) {
		label[len++] = (char)next;
		if (len > 5 && memcmp(label + len - 5, "-----", 5) == 0) {
			label[len - 5] = '\0';
			return true;
		}
	}
	return false;
}

static bool
ends_before_dash(int last, int next)
{
	return next == '-' || next == EOF;
}

/* After "-----BEGIN LABEL-----"; the END must have the same label. */
static void
decode_pem(struct copy *c, const char *begun)
{
	char label[LABEL_MAX];
	int next;

	decode_base64(c, ends_before_dash);
	if (c->fault != CRL_OK)
		return;
	do
		next = text_char(c);
	while (next == '-');
	if (!read_label(c, next, label) || strncmp(label, "END ", 4) != 0 ||
	    strcmp(label + 4, begun + 6) != 0)
		c->fault = c->fault == CRL_OK ? CRL_NOT_CRL : c->fault;
}

static void
read_block(struct copy *c, const char *label)
{
	if (strncmp(label, "BEGIN ", 6) != 0)
		return;
	if (strstr(label, "PRIVATE KEY") != NULL)
		c->seen = CRL_PRIVATE_KEY;	/* may have header lines, which are not base64 */
	else
		decode_pem(c, label);
}

/* --- LDIF ----------------------------------------------------------------------- */

/* A continuation line begins with a blank (RFC 2849). */
static bool
ends_with_line(int last, int next)
{
	return next == EOF || (last == '\n' && next != ' ');
}

/* "certificateRevocationList;binary::": the second colon means that the value is base64. */
static bool
is_list_attribute(const char *name)
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

static void
read_value(struct copy *c)
{
	int next;

	do
		next = text_char(c);
	while (next == ' ');
	c->pushed = next;
	if (next != EOF && next != '\n')
		decode_base64(c, ends_with_line);
}

/* --- what a file is ---------------------------------------------------------------- */

/*
 * Every block of PEM and every value of LDIF in the text. Keeps the first characters of a line, as they may
 * name an attribute.
 */
static void
read_text(struct copy *c)
{
	char line[LABEL_MAX], label[LABEL_MAX];
	size_t len = 0, dashes = 0;
	int next;

	while ((next = text_char(c)) != EOF) {
		if (dashes >= 5 && next != '-') {
			if (read_label(c, next, label))
				read_block(c, label);
			len = dashes = 0;
			continue;
		}
		dashes = next == '-' ? dashes + 1 : 0;
		if (next == '\n') {
			len = 0;
		} else if (next == ':' && len > 0 && line[len - 1] == ':') {
			line[len - 1] = '\0';
			if (is_list_attribute(line))
				read_value(c);
			len = 0;
		} else if (len < sizeof line - 1 && (len > 0 || strchr(BLANKS, next) == NULL)) {
			line[len++] = (char)next;
		}
	}
}

static bool
ends_with_file(int last, int next)
{
	return next == EOF;
}

/* Whether the head is base64 and nothing else; base64 of DER begins with M. */
static bool
is_bare_base64(const struct copy *c)
{
	const char *text = c->head + c->at;

	return text[strspn(text, BLANKS)] == 'M' &&
	    strspn(text, BASE64_LETTERS "=" BLANKS) == c->head_len - c->at;
}

/* Judges by its start what a file without a list is. */
static enum crl_fault
name_stranger(const struct copy *c)
{
	static const struct {
		const char *mark;
		enum crl_fault fault;
	} beginnings[] = {
		{ "\xff\xfe", CRL_UTF16 }, { "\xfe\xff", CRL_UTF16 },
		{ "\x1f\x8b", CRL_COMPRESSED }, { "BZh", CRL_COMPRESSED }, { "\xfd" "7zXZ", CRL_COMPRESSED },
		{ "\x28\xb5\x2f\xfd", CRL_COMPRESSED }, { "PK\x03\x04", CRL_ARCHIVE },
		{ "7z\xbc\xaf", CRL_ARCHIVE }, { "<", CRL_WEB_PAGE }, { "%PDF", CRL_DOCUMENT },
	};
	const char *text = c->head + c->at + strspn(c->head + c->at, BLANKS);

	if (text == c->head + c->head_len)
		return CRL_EMPTY;
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (strncmp(text, beginnings[i].mark, strlen(beginnings[i].mark)) == 0)
			return beginnings[i].fault;
	return CRL_NO_LIST;
}

static void
copy_text(struct copy *c)
{
	const size_t mark = strlen(BYTE_ORDER_MARK);
	enum crl_fault stranger;

	if (strncmp(c->head, BYTE_ORDER_MARK, mark) == 0)
		c->at = mark;
	stranger = name_stranger(c);
	if (is_bare_base64(c))
		decode_base64(c, ends_with_file);
	else
		read_text(c);
	if (c->fault == CRL_OK && !c->found)
		c->seen = c->seen == CRL_NO_LIST ? stranger : c->seen;
}

enum crl_fault
crlcopy(int from, int to, const struct log *log)
{
	_cleanup_(copy_done) struct copy c = { .to = to, .pushed = EOF, .fault = CRL_OK,
	    .seen = CRL_NO_LIST };
	int own = fcntl(from, F_DUPFD_CLOEXEC, 3);

	c.from = own >= 0 ? fdopen(own, "r") : NULL;
	if (c.from == NULL) {
		closep(&own);
		return CRL_UNREADABLE;
	}
	if (!safefile_room(to, &c.room))
		return CRL_STORE;
	c.head_len = fread(c.head, 1, HEAD, c.from);
	if (c.head_len > 0 && c.head[0] == SEQUENCE)
		copy_der(&c);
	else
		copy_text(&c);
	if (c.fault == CRL_STORE)
		log_msg(log, LOG_ERR, "the CRL cannot be written: %s", strerror(errno));
	if (c.fault == CRL_OK && ferror(c.from))
		return CRL_UNREADABLE;
	return c.fault == CRL_OK && !c.found ? c.seen : c.fault;
}

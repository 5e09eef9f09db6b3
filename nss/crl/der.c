/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/der.h"
#include "nss/crl/der.h"

enum {
	TAG_BOOLEAN = 0x01,
	TAG_ENUMERATED = 0x0a,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_CONTEXT_0 = 0x80,		/* primitive [0]; [n] is this plus n */
	TAG_CONSTRUCTED_0 = 0xa0,	/* constructed [0] */
	TAG_URI = 0x86,			/* GeneralName: uniformResourceIdentifier */
	TAG_DIRECTORY_NAME = 0xa4,	/* GeneralName: directoryName */
};

/* The last arc of 2.5.29.n (id-ce) */
enum {
	CE_CRL_NUMBER = 20,
	CE_REASON_CODE = 21,
	CE_HOLD_INSTRUCTION = 23,	/* RFC 3280 §5.3.2 */
	CE_INVALIDITY_DATE = 24,
	CE_DELTA_CRL_INDICATOR = 27,
	CE_ISSUING_DISTRIBUTION_POINT = 28,
	CE_CERTIFICATE_ISSUER = 29,
};

#define OID_SHOWN_MAX 32	/* bytes of an identifier that the log shows */

bool
crlder_pread(int fd, void *dst, size_t len, uint64_t offset)
{
	uint8_t *p = dst;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;	/* the file has become shorter */
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

/* The next element with its tag and length. */
static bool
get_whole(struct cursor *r, uint8_t tag, struct view *ret)
{
	const uint8_t *start = r->p;
	struct view body;

	if (!der_get(r, tag, &body))
		return false;
	*ret = (struct view){ start, (size_t)(r->p - start) };
	return true;
}

static bool
next_is(const struct cursor *r, uint8_t tag)
{
	return r->left > 0 && r->p[0] == tag;
}

/* --- times ------------------------------------------------------------------ */

static bool
two_digits(const uint8_t *p, int *ret)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*ret = (p[0] - '0') * 10 + (p[1] - '0');
	return true;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01 in the Gregorian calendar, for years from 1 on. */
static int64_t
days_since_1970(int year, int month, int day)
{
	static const int before_month[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t before = year - 1;

	return before * 365 + before / 4 - before / 100 + before / 400 - 719162 +
	    before_month[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

/* MMDDHHMMSSZ */
static bool
rest_of_time(const uint8_t *p, int year, int64_t *ret)
{
	int month, day, hour, minute, second;

	if (!two_digits(p, &month) || !two_digits(p + 2, &day) || !two_digits(p + 4, &hour) ||
	    !two_digits(p + 6, &minute) || !two_digits(p + 8, &second) || p[10] != 'Z')
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	*ret = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}

/* Time as RFC 5280 §4.1.2.5 wants it: in UTC, with seconds, without fractions. */
static bool
get_time(struct cursor *r, int64_t *ret)
{
	struct view v;
	int high, low;

	if (next_is(r, TAG_UTC_TIME))
		return der_get(r, TAG_UTC_TIME, &v) && v.len == 13 && two_digits(v.data, &low) &&
		    rest_of_time(v.data + 2, low < 50 ? 2000 + low : 1900 + low, ret);
	return der_get(r, TAG_GENERALIZED_TIME, &v) && v.len == 15 && two_digits(v.data, &high) &&
	    two_digits(v.data + 2, &low) && rest_of_time(v.data + 4, high * 100 + low, ret);
}

/* --- what it is --------------------------------------------------------------- */

#define OID_SIGNED_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"	/* PKCS#7, RFC 2315 */

/* A certificate has a version in [0], or its validity at the place of a list's thisUpdate. */
static enum crl_fault
sniff_tbs(struct cursor r)
{
	struct view skipped, algorithm, issuer;

	if (next_is(&r, TAG_CONSTRUCTED_0))
		return CRL_CERTIFICATE;
	(void)!der_get(&r, DER_INTEGER, &skipped);
	if (!der_get(&r, DER_SEQUENCE, &algorithm) || !der_get(&r, DER_SEQUENCE, &issuer))
		return CRL_NOT_CRL;
	if (next_is(&r, DER_SEQUENCE))
		return CRL_CERTIFICATE;
	return next_is(&r, TAG_UTC_TIME) || next_is(&r, TAG_GENERALIZED_TIME) ? CRL_OK : CRL_NOT_CRL;
}

enum crl_fault
crlder_sniff(struct view head, uint64_t *ret_size)
{
	const size_t oid = sizeof OID_SIGNED_DATA - 1;
	struct cursor r = cursor_of(head.data, head.len);
	uint8_t tag;
	size_t len;

	if (!der_header(&r, &tag, &len) || tag != DER_SEQUENCE)
		return CRL_NOT_CRL;
	*ret_size = head.len - r.left + len;
	if (r.left >= oid && memcmp(r.p, OID_SIGNED_DATA, oid) == 0)
		return CRL_BUNDLE;
	return der_header(&r, &tag, &len) && tag == DER_SEQUENCE ? sniff_tbs(r) : CRL_NOT_CRL;
}

/* --- the frame -------------------------------------------------------------- */

/*
 * Reads the header of a SEQUENCE that begins at offset `start` and ends by `end`; returns start and end of
 * its contents.
 */
static bool
sequence_at(struct cursor *r, uint64_t start, uint64_t end, uint64_t *ret_body, uint64_t *ret_end)
{
	size_t before = r->left, len;
	uint8_t tag;

	if (!der_header(r, &tag, &len) || tag != DER_SEQUENCE)
		return false;
	*ret_body = start + (before - r->left);
	if (*ret_body > end || len > end - *ret_body)
		return false;
	*ret_end = *ret_body + len;
	return true;
}

/* Reads from version to nextUpdate, and the header of the entries if there are any. */
static bool
read_tbs_head(struct crlder *d, struct cursor *r, const uint8_t *head)
{
	struct view version;

	if (next_is(r, DER_INTEGER) &&
	    (!der_get(r, DER_INTEGER, &version) || version.len != 1 || version.data[0] != 1))
		return false;
	if (!der_get(r, DER_SEQUENCE, &d->inner_algorithm) ||
	    !get_whole(r, DER_SEQUENCE, &d->issuer) || !get_time(r, &d->this_update))
		return false;
	d->has_next_update = next_is(r, TAG_UTC_TIME) || next_is(r, TAG_GENERALIZED_TIME);
	if (d->has_next_update && !get_time(r, &d->next_update))
		return false;
	d->entries_start = d->entries_end = (uint64_t)(r->p - head);
	if (d->entries_start > d->tbs_end)
		return false;
	if (d->entries_start == d->tbs_end || !next_is(r, DER_SEQUENCE))
		return true;
	return sequence_at(r, d->entries_start, d->tbs_end, &d->entries_start, &d->entries_end);
}

/* Reads what follows the entries: crlExtensions and, outside the signed part, the signature. */
static bool
read_tail(struct crlder *d, struct cursor tail, size_t tbs_left)
{
	struct cursor tbs = cursor_of(tail.p, tbs_left), wrapped;
	struct view body, bits;

	d->extensions = (struct view){ .data = NULL };
	if (!cursor_at_end(&tbs)) {
		if (!der_get(&tbs, TAG_CONSTRUCTED_0, &body) || !cursor_at_end(&tbs))
			return false;
		wrapped = cursor_of(body.data, body.len);
		if (!der_get(&wrapped, DER_SEQUENCE, &d->extensions) || !cursor_at_end(&wrapped))
			return false;
	}
	if (!cursor_view(&tail, tbs_left, &body) ||
	    !get_whole(&tail, DER_SEQUENCE, &d->outer_algorithm_der) ||
	    !der_get(&tail, DER_BIT_STRING, &bits) || !cursor_at_end(&tail))
		return false;
	tbs = cursor_of(d->outer_algorithm_der.data, d->outer_algorithm_der.len);
	if (!der_get(&tbs, DER_SEQUENCE, &d->outer_algorithm))
		return false;
	if (bits.len < 2 || bits.data[0] != 0)
		return false;
	d->signature = (struct view){ bits.data + 1, bits.len - 1 };
	return true;
}

enum crl_fault
crlder_read(int fd, struct crlder *d)
{
	struct cursor r;
	struct stat st;
	uint64_t body, end;
	size_t len;
	uint8_t tag;

	if (fstat(fd, &st) != 0 || st.st_size < 0)
		return CRL_UNREADABLE;
	if (st.st_size > CRL_SIZE_MAX)
		return CRL_TOO_LARGE;
	d->fd = fd;
	d->size = (uint64_t)st.st_size;
	len = d->size < sizeof d->head ? (size_t)d->size : sizeof d->head;
	if (!crlder_pread(fd, d->head, len, 0))
		return CRL_UNREADABLE;
	r = cursor_of(d->head, len);
	if (!der_header(&r, &tag, &len) || tag != DER_SEQUENCE)
		return CRL_NOT_CRL;
	body = (uint64_t)(r.p - d->head);
	if (len > d->size - body)
		return CRL_NOT_CRL;
	if (len < d->size - body)
		return CRL_TRAILING;
	d->tbs_start = body;
	if (!sequence_at(&r, body, d->size, &body, &d->tbs_end) || !read_tbs_head(d, &r, d->head))
		return CRL_NOT_CRL;
	end = d->entries_end;
	if (d->size - end > sizeof d->tail)
		return CRL_NOT_CRL;
	len = (size_t)(d->size - end);
	if (!crlder_pread(fd, d->tail, len, end))
		return CRL_UNREADABLE;
	if (!read_tail(d, cursor_of(d->tail, len), (size_t)(d->tbs_end - end)))
		return CRL_NOT_CRL;
	return CRL_OK;
}

/* --- extensions ------------------------------------------------------------- */

struct extension {
	int ce;			/* n of 2.5.29.n, or -1 */
	struct view oid;
	bool critical;
	struct view value;
};

static bool
get_boolean(struct cursor *r, uint8_t tag, bool *ret)
{
	struct view v;

	if (!der_get(r, tag, &v) || v.len != 1 || (v.data[0] != 0xff && v.data[0] != 0))
		return false;
	*ret = v.data[0] != 0;
	return true;
}

static bool
get_extension(struct cursor *r, struct extension *ret)
{
	struct view body;
	struct cursor e;

	if (!der_get(r, DER_SEQUENCE, &body))
		return false;
	e = cursor_of(body.data, body.len);
	ret->critical = false;
	if (!der_get(&e, DER_OID, &ret->oid) || ret->oid.len == 0 ||
	    (next_is(&e, TAG_BOOLEAN) && !get_boolean(&e, TAG_BOOLEAN, &ret->critical)) ||
	    !der_get(&e, DER_OCTET_STRING, &ret->value) || !cursor_at_end(&e))
		return false;
	ret->ce = ret->oid.len == 3 && ret->oid.data[0] == 0x55 && ret->oid.data[1] == 0x1d ?
	    ret->oid.data[2] : -1;
	return true;
}

/* Logs which extension it was; those of 2.5.29 are known by their numbers. */
static void
log_oid(const struct log *log, const char *what, struct view oid)
{
	struct view shown = { oid.data, oid.len < OID_SHOWN_MAX ? oid.len : OID_SHOWN_MAX };
	char hex[2 * OID_SHOWN_MAX + 1];

	view_hex(shown, hex);
	if (oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x1d)
		log_msg(log, LOG_ERR, "%s: 2.5.29.%u", what, oid.data[2]);
	else
		log_msg(log, LOG_ERR, "%s: object identifier %s (hexadecimal)", what, hex);
}

/* A number from 0 on, of at most CRL_SERIAL_MAX bytes, right-aligned. */
static bool
get_number(struct view value, uint8_t number[static CRL_SERIAL_MAX])
{
	struct cursor r = cursor_of(value.data, value.len);
	struct view v;

	if (!der_get(&r, DER_INTEGER, &v) || !cursor_at_end(&r) || v.len == 0 ||
	    (v.data[0] & 0x80) != 0)
		return false;
	if (v.data[0] == 0) {
		if (v.len > 1 && (v.data[1] & 0x80) == 0)	/* not minimal */
			return false;
		v.data++;
		v.len--;
	}
	if (v.len > CRL_SERIAL_MAX)
		return false;
	memset(number, 0, CRL_SERIAL_MAX);
	if (v.len > 0)
		memcpy(number + CRL_SERIAL_MAX - v.len, v.data, v.len);
	return true;
}

/* GeneralNames; at least one must have a kind in which a certificate can name its list. */
static enum crl_fault
read_scope(struct view names, struct crl_facts *facts)
{
	struct cursor r = cursor_of(names.data, names.len);
	bool known = false;

	while (!cursor_at_end(&r)) {
		struct view body;
		size_t len;
		uint8_t tag;

		if (!der_header(&r, &tag, &len) || !cursor_view(&r, len, &body) || len == 0)
			return CRL_SCOPE;
		known = known || tag == TAG_URI || tag == TAG_DIRECTORY_NAME;
	}
	if (!known || names.len > sizeof facts->scope)
		return CRL_SCOPE;
	memcpy(facts->scope, names.data, names.len);
	facts->scope_len = names.len;
	return CRL_OK;
}

/* DistributionPointName */
static enum crl_fault
read_point_name(struct view value, struct crl_facts *facts)
{
	struct cursor r = cursor_of(value.data, value.len);
	struct view names;

	if (next_is(&r, TAG_CONSTRUCTED_0 + 1))
		return CRL_RELATIVE_NAME;
	if (!der_get(&r, TAG_CONSTRUCTED_0, &names) || !cursor_at_end(&r))
		return CRL_SCOPE;
	return read_scope(names, facts);
}

/* RFC 5280 §5.2.5. Refuses, with a fault of its own, each restriction of the list that is not supported. */
static enum crl_fault
read_point(struct view value, struct crl_facts *facts)
{
	struct cursor whole = cursor_of(value.data, value.len), r;
	bool only_ca = false, indirect = false, only_attribute = false;
	enum crl_fault f = CRL_OK;
	struct view body, v;

	if (!der_get(&whole, DER_SEQUENCE, &body) || !cursor_at_end(&whole) || body.len == 0)
		return CRL_SCOPE;
	r = cursor_of(body.data, body.len);
	if (next_is(&r, TAG_CONSTRUCTED_0)) {
		if (!der_get(&r, TAG_CONSTRUCTED_0, &v))
			return CRL_SCOPE;
		f = read_point_name(v, facts);
		if (f != CRL_OK)
			return f;
	}
	if (next_is(&r, TAG_CONTEXT_0 + 1) && !get_boolean(&r, TAG_CONTEXT_0 + 1, &facts->user_only))
		return CRL_SCOPE;
	if (next_is(&r, TAG_CONTEXT_0 + 2) && !get_boolean(&r, TAG_CONTEXT_0 + 2, &only_ca))
		return CRL_SCOPE;
	if (next_is(&r, TAG_CONTEXT_0 + 3))
		return CRL_ONLY_SOME_REASONS;
	if (next_is(&r, TAG_CONTEXT_0 + 4) && !get_boolean(&r, TAG_CONTEXT_0 + 4, &indirect))
		return CRL_SCOPE;
	if (next_is(&r, TAG_CONTEXT_0 + 5) && !get_boolean(&r, TAG_CONTEXT_0 + 5, &only_attribute))
		return CRL_SCOPE;
	if (!cursor_at_end(&r))
		return CRL_SCOPE;
	return indirect ? CRL_INDIRECT : only_ca ? CRL_ONLY_CA :
	    only_attribute ? CRL_ONLY_ATTRIBUTE : CRL_OK;
}

static enum crl_fault
read_extension(const struct extension *e, const struct log *log, bool *ret_point,
    struct crl_facts *facts)
{
	switch (e->ce) {
	case CE_CRL_NUMBER:
		if (facts->has_number || !get_number(e->value, facts->number))
			return CRL_EXTENSIONS;
		facts->has_number = true;
		return CRL_OK;
	case CE_ISSUING_DISTRIBUTION_POINT:
		if (*ret_point)
			return CRL_EXTENSIONS;
		*ret_point = true;
		return read_point(e->value, facts);
	case CE_DELTA_CRL_INDICATOR:
		return CRL_DELTA;
	default:
		if (!e->critical)
			return CRL_OK;
		log_oid(log, "critical extension of a CRL", e->oid);
		return CRL_UNKNOWN_CRITICAL;
	}
}

enum crl_fault
crlder_extensions(const struct crlder *d, const struct log *log, struct crl_facts *facts)
{
	struct cursor r = cursor_of(d->extensions.data, d->extensions.len);
	enum crl_fault f = CRL_OK;
	bool point = false;

	facts->has_number = facts->user_only = false;
	facts->scope_len = 0;
	memset(facts->number, 0, sizeof facts->number);
	while (f == CRL_OK && !cursor_at_end(&r)) {
		struct extension e;

		if (!get_extension(&r, &e))
			return CRL_EXTENSIONS;
		f = read_extension(&e, log, &point, facts);
	}
	return f;
}

/* --- entries ----------------------------------------------------------------- */

static struct view
without_zeros(struct view v)
{
	while (v.len > 0 && v.data[0] == 0) {
		v.data++;
		v.len--;
	}
	return v;
}

bool
crlder_serial(struct view contents, struct view *ret)
{
	struct view v = without_zeros(contents);

	if (v.len == 0 || v.len > CRL_SERIAL_MAX || (contents.data[0] & 0x80) != 0)
		return false;
	*ret = v;
	return true;
}

/*
 * The serial number of an entry, in the form of crlder_serial(). An empty result means that no certificate
 * accepted at a login can have it, since crlder_serial() refuses zero and more than CRL_SERIAL_MAX bytes
 * there. Leading zeros do not change a number. No certificate has a negative number; but an encoder that
 * forgot the leading zero meant the positive number with these bytes, so that one is revoked.
 */
static struct view
read_entry_serial(struct view contents, const char **ret_odd)
{
	struct view v = without_zeros(contents);

	if ((contents.data[0] & 0x80) != 0)
		*ret_odd = "its serial number is negative, and counts as the positive one of the same bytes";
	else if (contents.len > 1 && contents.data[0] == 0 && (contents.data[1] & 0x80) == 0)
		*ret_odd = "its serial number begins with surplus zeros, which do not count";
	if (v.len == 0)
		*ret_odd = "its serial number is zero, which no certificate has; ignored";
	if (v.len <= CRL_SERIAL_MAX)
		return v;
	*ret_odd = "its serial number is longer than any certificate's; ignored";
	return (struct view){ .data = NULL };
}

/* The date is only shown: a malformed one does not change the revocation. */
static bool
read_entry_date(struct cursor *r, uint32_t *ret, const char **ret_odd)
{
	struct cursor again = *r;
	struct view text;
	int64_t date;

	if (!(next_is(r, TAG_UTC_TIME) && der_get(r, TAG_UTC_TIME, &text)) &&
	    !der_get(r, TAG_GENERALIZED_TIME, &text))
		return false;
	*ret = 0;
	if (get_time(&again, &date) && date >= 0 && date <= UINT32_MAX)
		*ret = (uint32_t)date;
	else
		*ret_odd = "its date is not within 1970 to 2106, and is not shown";
	return true;
}

/* A certificate with an unknown reason (RFC 5280 §5.3.1) still counts as revoked. */
static uint8_t
read_reason(struct view value, const char **ret_odd)
{
	struct cursor r = cursor_of(value.data, value.len);
	struct view v;

	if (der_get(&r, TAG_ENUMERATED, &v) && cursor_at_end(&r) && v.len == 1 &&
	    crl_reason_name(v.data[0]) != NULL)
		return v.data[0];
	*ret_odd = "its reason does not exist, and counts as unspecified";
	return REASON_UNSPECIFIED;
}

/*
 * Refuses the list if an entry may be about something other than a revocation by this issuer (RFC 5280
 * §5.3): a critical extension that is not understood, or certificateIssuer, after which the next entries
 * too belong to another authority.
 */
static enum crl_fault
read_entry_extension(const struct extension *e, const struct log *log, struct crl_entry *entry,
    const char **ret_odd)
{
	switch (e->ce) {
	case CE_CERTIFICATE_ISSUER:
		return CRL_ENTRY_ISSUER;
	case CE_REASON_CODE:
		entry->reason = read_reason(e->value, ret_odd);
		return CRL_OK;
	case CE_HOLD_INSTRUCTION:
	case CE_INVALIDITY_DATE:
		return CRL_OK;	/* they describe a revocation, but do not decide whether there is one */
	default:
		if (!e->critical)
			return CRL_OK;
		log_oid(log, "critical extension of an entry", e->oid);
		return CRL_ENTRY_CRITICAL;
	}
}

static enum crl_fault
read_entry_extensions(struct view sequence, const struct log *log, struct crl_entry *entry,
    const char **ret_odd)
{
	struct cursor r = cursor_of(sequence.data, sequence.len);
	enum crl_fault f = CRL_OK;
	unsigned int reasons = 0;

	while (f == CRL_OK && !cursor_at_end(&r)) {
		struct extension e;

		if (!get_extension(&r, &e))
			return CRL_ENTRY;
		reasons += e.ce == CE_REASON_CODE;
		f = read_entry_extension(&e, log, entry, ret_odd);
	}
	if (reasons > 1) {
		entry->reason = REASON_UNSPECIFIED;
		*ret_odd = "it has several reasons, and counts as revoked without one";
	}
	return f;
}

/*
 * An odd entry refuses the list only if it leaves open which certificates are revoked; otherwise
 * *ret_odd describes it.
 */
static enum crl_fault
read_entry(struct view body, const struct log *log, struct crl_entry *entry, const char **ret_odd)
{
	struct cursor r = cursor_of(body.data, body.len);
	struct view serial, extensions;

	*ret_odd = NULL;
	entry->reason = REASON_UNSPECIFIED;
	if (!der_get(&r, DER_INTEGER, &serial) || serial.len == 0)
		return CRL_ENTRY;
	entry->serial = read_entry_serial(serial, ret_odd);
	if (!read_entry_date(&r, &entry->date, ret_odd))
		return CRL_ENTRY;
	if (cursor_at_end(&r))
		return CRL_OK;
	if (!der_get(&r, DER_SEQUENCE, &extensions) || !cursor_at_end(&r))
		return CRL_ENTRY;
	return read_entry_extensions(extensions, log, entry, ret_odd);
}

/* A buffer over the entries, which are read in pieces. */
struct window {
	const struct crlder *d;
	uint64_t next;			/* file offset of the first byte not yet in it */
	struct cursor r;
	uint8_t *bytes;			/* WINDOW bytes */
};

#define WINDOW (256 * 1024)
#define ENTRY_HEADER 6		/* tag, and a length of up to five bytes */

/* Keeps the unread bytes, and fills the rest. */
static bool
window_fill(struct window *w)
{
	uint64_t left = w->d->entries_end - w->next;
	size_t kept = w->r.left, more = WINDOW - kept;

	if (more > left)
		more = (size_t)left;
	if (kept > 0)
		memmove(w->bytes, w->r.p, kept);
	if (!crlder_pread(w->d->fd, w->bytes + kept, more, w->next))
		return false;
	w->next += more;
	w->r = cursor_of(w->bytes, kept + more);
	return true;
}

static enum crl_fault
next_entry(struct window *w, const struct log *log, struct crl_entry *entry, const char **ret_odd)
{
	struct view body;

	if (w->r.left < CRLDER_ENTRY_MAX + ENTRY_HEADER && w->next < w->d->entries_end && !window_fill(w))
		return CRL_UNREADABLE;
	if (!der_get(&w->r, DER_SEQUENCE, &body) || body.len > CRLDER_ENTRY_MAX)
		return CRL_ENTRY;
	return read_entry(body, log, entry, ret_odd);
}

static bool
is_revoked(const struct crl_entry *entry)
{
	return entry->serial.len > 0 && entry->reason != REASON_REMOVE;
}

enum crl_fault
crlder_each(const struct crlder *d, const struct crl_visitor *visitor, const struct log *log)
{
	_cleanup_(freep) uint8_t *bytes = malloc(WINDOW);
	struct window w = { .d = d, .next = d->entries_start, .bytes = bytes };
	uint64_t n = 0;

	if (bytes == NULL)
		return CRL_NO_MEMORY;
	w.r = cursor_of(bytes, 0);
	while (w.r.left > 0 || w.next < d->entries_end) {
		struct crl_entry entry;
		const char *odd;
		enum crl_fault f = next_entry(&w, log, &entry, &odd);

		n++;
		if (f != CRL_OK) {
			log_msg(log, LOG_ERR, "entry %" PRIu64 " of the CRL: %s", n, crl_fault_text(f));
			return f;
		}
		if (odd != NULL && visitor->odd != NULL)
			visitor->odd(visitor->ctx, n, odd);
		if (is_revoked(&entry) && !visitor->revoked(visitor->ctx, &entry))
			return CRL_INTERNAL;
	}
	return CRL_OK;
}

/* --- a certificate's distribution points -------------------------------------- */

static bool
name_matches(struct view names, bool (*match)(void *ctx, struct view general_name), void *ctx)
{
	struct cursor r = cursor_of(names.data, names.len);

	while (!cursor_at_end(&r)) {
		struct view whole = { .data = r.p };
		struct view body;
		size_t len;
		uint8_t tag;

		if (!der_header(&r, &tag, &len) || !cursor_view(&r, len, &body))
			return false;
		whole.len = (size_t)(r.p - whole.data);
		if (match(ctx, whole))
			return true;
	}
	return false;
}

struct wanted {
	struct view name;
};

static bool
is_wanted(void *ctx, struct view general_name)
{
	const struct wanted *w = ctx;

	return view_equal(w->name, general_name);
}

bool
crlder_scope_has(const struct crl_facts *facts, struct view general_name)
{
	struct wanted w = { general_name };

	return name_matches((struct view){ facts->scope, facts->scope_len }, is_wanted, &w);
}

bool
crlder_scope_at(const struct crl_facts *facts, size_t i, uint8_t *ret_tag, struct view *ret_body)
{
	struct cursor r = cursor_of(facts->scope, facts->scope_len);
	size_t len;

	do {
		if (!der_header(&r, ret_tag, &len) || !cursor_view(&r, len, ret_body))
			return false;
	} while (i-- > 0);
	return true;
}

/*
 * A distribution point limited to some reasons, or with another issuer, proves nothing about a list of this
 * issuer.
 */
static bool
point_matches(struct view point, bool (*match)(void *ctx, struct view general_name), void *ctx)
{
	struct cursor r = cursor_of(point.data, point.len), name;
	struct view body, names;

	if (!der_get(&r, TAG_CONSTRUCTED_0, &body) || !cursor_at_end(&r))
		return false;
	name = cursor_of(body.data, body.len);
	return der_get(&name, TAG_CONSTRUCTED_0, &names) && cursor_at_end(&name) &&
	    name_matches(names, match, ctx);
}

bool
crlder_point_matches(struct view distribution_points,
    bool (*match)(void *ctx, struct view general_name), void *ctx)
{
	struct cursor whole = cursor_of(distribution_points.data, distribution_points.len), r;
	struct view body, point;

	if (!der_get(&whole, DER_SEQUENCE, &body) || !cursor_at_end(&whole))
		return false;
	r = cursor_of(body.data, body.len);
	while (!cursor_at_end(&r)) {
		if (!der_get(&r, DER_SEQUENCE, &point))
			return false;
		if (point_matches(point, match, ctx))
			return true;
	}
	return false;
}

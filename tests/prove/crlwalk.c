/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/der: the walk over the entries of a list, whatever the file contains and wherever a piece that is read ends. Each
 * step takes the entry that the file has at its place, and no well-formed one is refused; the walk takes one step for each
 * entry, in order, to the end; what is revoked is visited, once.
 *
 * Source: lib/der.c lib/buf.c
 * Included: nss/crl/der.c
 * Bound: entries of 2 bytes and a header at any place of 9 bytes, of which 6 are in memory; walks of 3 entries; reads of 3 bytes with an interruption
 * Entry: any_step any_walk any_read
 * Unwind: 10
 * Unwindset: crlder_each.0:5
 * Unwindset: whole_crlder_pread.0:5
 * Unwindset: der_header.0:6
 * Smaller: nss/crl/der.h: #define CRLDER_ENTRY_MAX 4096 -> #define CRLDER_ENTRY_MAX 2
 * Smaller: nss/crl/der.c: #define WINDOW (256 * 1024) -> #define WINDOW 6
 * Smaller: nss/crl/der.c: #define ENTRY_HEADER 6 -> #define ENTRY_HEADER 2
 * Apart: nss/crl/der.c: crlder_pread(int fd, void *dst,
 * Apart: nss/crl/der.c: read_entry(struct view body,
 * Apart: nss/crl/der.c: next_entry(struct window *w,
 * Define: memmove=move_down
 * Defect: [any_step] nss/crl/der.c: size_t kept = w->r.left, more = WINDOW - kept; -> size_t kept = w->r.left, more = WINDOW;
 * Defect: [any_step] nss/crl/der.c: w->r.left < CRLDER_ENTRY_MAX + ENTRY_HEADER && -> w->r.left < CRLDER_ENTRY_MAX &&
 * Defect: [any_step] nss/crl/der.c: w->bytes + kept, more, w->next)) -> w->bytes + kept, more, w->next - kept))
 * Defect: [any_step] nss/crl/der.c: || body.len > CRLDER_ENTRY_MAX) -> )
 * Defect: [any_walk] nss/crl/der.c: while (w.r.left > 0 || w.next < d->entries_end) { -> while (w.next < d->entries_end) {
 * Defect: [any_walk] nss/crl/der.c: return entry->serial.len > 0 && -> return
 * Defect: [any_read] nss/crl/der.c: offset += (uint64_t)n; -> offset += len;
 * Defect: [any_read] nss/crl/der.c: if (n < 0 && errno == EINTR) -> if (n <= 0 && errno == EINTR)
 */
#include "nss/crl/der.h"
#include "tests/prove/prove.h"

/* In place of next_entry(), which any_step proves, and of read_entry(), which may say anything. */
struct window;
static enum crl_fault read_entry(struct view body, const struct log *log, struct crl_entry *entry, const char **ret_odd);
static enum crl_fault next_entry(struct window *w, const struct log *log, struct crl_entry *entry, const char **ret_odd);

#include "nss/crl/der.c"

#define START 1			/* of the entries in the file */
#define ENTRIES 9

static struct crlder list;
static uint8_t file[START + ENTRIES];
static uint64_t end;		/* of the entries */

void
log_msg(const struct log *log, int priority, const char *format, ...)
{
	(void)log;
	promise(priority >= LOG_ERR && priority <= LOG_DEBUG && format != NULL);
}

const char *
crl_fault_text(enum crl_fault fault)
{
	promise(fault < CRL_FAULT_COUNT);
	return "";
}

/* --- one step --------------------------------------------------------------------------- */

static bool read_failed;

/* Exactly these bytes, or none (any_read). */
bool
crlder_pread(int fd, void *dst, size_t len, uint64_t offset)
{
	promise(fd == 3 && offset >= START && offset <= end && len <= end - offset && len <= WINDOW);
	promise(len == 0 || __CPROVER_w_ok(dst, len));
	read_failed = nondet_bool();
	for (size_t i = 0; i < WINDOW && !read_failed; i++)
		if (i < len)
			((uint8_t *)dst)[i] = file[offset + i];
	return !read_failed;
}

/* memmove(3) to a lower address within the window. */
void *
move_down(void *to, const void *from, size_t len)
{
	promise(len <= WINDOW && __CPROVER_POINTER_OFFSET(to) <= __CPROVER_POINTER_OFFSET(from));
	for (size_t i = 0; i < WINDOW; i++)
		if (i < len)
			((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
	return to;
}

static struct view handed;	/* what read_entry() was called with */
static enum crl_fault answer;

static enum crl_fault
read_entry(struct view body, const struct log *log, struct crl_entry *entry, const char **ret_odd)
{
	promise(log == NULL && __CPROVER_w_ok(entry, sizeof *entry) && __CPROVER_w_ok(ret_odd, sizeof *ret_odd));
	handed = body;
	return answer;
}

/* From any place of the walk: what is in the window is what the file has there, before and after. */
void
any_step(void)
{
	static uint8_t bytes[WINDOW];
	struct window w = { .d = &list, .bytes = bytes };
	const size_t off = nondet_size(), left = nondet_size(), at = nondet_size(), i = nondet_size();
	struct crl_entry e;
	const char *odd;
	enum crl_fault f;

	end = nondet_size();
	assume(end >= START && end <= sizeof file && off <= WINDOW && left <= WINDOW - off && i < WINDOW);
	assume(at >= START && at <= end && left <= end - at && (left > 0 || at < end));
	list.fd = 3;
	list.entries_end = end;
	__CPROVER_havoc_object(file);
	for (size_t k = 0; k < WINDOW; k++)
		if (k >= off && k - off < left)
			bytes[k] = file[at + k - off];
	w.next = at + left;
	w.r = cursor_of(bytes + off, left);
	answer = nondet_bool() ? CRL_OK : CRL_ENTRY_ISSUER;
	f = whole_next_entry(&w, NULL, &e, &odd);
	if (handed.data == NULL) {
		promise(f == (read_failed ? CRL_UNREADABLE : CRL_ENTRY));
		promise(read_failed || end - at < 2 || file[at] != DER_SEQUENCE || file[at + 1] > CRLDER_ENTRY_MAX ||
		    file[at + 1] > end - at - 2);
		return;
	}
	promise(!read_failed && f == answer && file[at] == DER_SEQUENCE && handed.len == file[at + 1]);
	promise(handed.len <= CRLDER_ENTRY_MAX && handed.data >= bytes && handed.data + handed.len <= bytes + WINDOW);
	promise(i >= handed.len || handed.data[i] == file[at + 2 + i]);
	promise(w.next <= end && w.next - w.r.left == at + 2 + handed.len);
	promise(w.r.p >= bytes && w.r.p + w.r.left <= bytes + WINDOW && w.bytes == bytes && w.d == &list);
	promise(i >= w.r.left || w.r.p[i] == file[w.next - w.r.left + i]);
}

/* --- the walk --------------------------------------------------------------------------- */

#define STEPS 3

static struct {
	size_t steps, visits, visits_due, odds, odds_due;
	uint64_t at;			/* the place of the walk */
	struct crl_entry *entry;
	enum crl_fault fault;
	bool is_due, ended;
} walk;

/* A step from that place to a later one (any_step). */
static enum crl_fault
next_entry(struct window *w, const struct log *log, struct crl_entry *entry, const char **ret_odd)
{
	const size_t len = nondet_size(), left = nondet_size();

	promise(log == NULL && w->d == &list && w->bytes != NULL && w->next - w->r.left == walk.at && walk.at < end);
	promise(!walk.ended && walk.fault == CRL_OK && walk.visits == walk.visits_due && walk.odds == walk.odds_due);
	assume(len >= 2 && len <= end - walk.at);
	walk.steps++;
	walk.at += len;
	assume(left <= WINDOW && left <= end - walk.at);
	w->r.left = left;
	w->next = walk.at + left;
	walk.entry = entry;
	walk.fault = nondet_bool() ? CRL_OK : CRL_ENTRY_CRITICAL;
	*ret_odd = nondet_bool() ? "odd" : NULL;
	*entry = (struct crl_entry){ .serial.len = nondet_u8(), .reason = nondet_u8() };
	walk.visits_due += walk.fault == CRL_OK && entry->serial.len > 0 && entry->reason != REASON_REMOVE;
	walk.odds_due += walk.fault == CRL_OK && *ret_odd != NULL;
	return walk.fault;
}

static bool
visit(void *ctx, const struct crl_entry *entry)
{
	promise(ctx == &list && !walk.ended && entry == walk.entry && walk.fault == CRL_OK);
	promise(entry->serial.len > 0 && entry->reason != REASON_REMOVE);
	walk.visits++;
	walk.ended = nondet_bool();
	return !walk.ended;
}

static void
visit_odd(void *ctx, uint64_t number, const char *what)
{
	promise(ctx == &list && number == walk.steps && what != NULL);
	walk.odds++;
}

void
any_walk(void)
{
	const struct crl_visitor visitor = { .revoked = visit, .odd = visit_odd, .ctx = &list };
	enum crl_fault f;

	list.entries_start = walk.at = START;
	end = nondet_size();
	assume(end >= START && end <= START + 2 * STEPS + 1);
	list.entries_end = end;
	f = crlder_each(&list, &visitor, NULL);
	if (f == CRL_OK)
		promise(walk.at == end && !walk.ended && walk.fault == CRL_OK);
	else
		promise(f == (walk.ended ? CRL_INTERNAL : walk.fault != CRL_OK ? walk.fault : CRL_NO_MEMORY));
	promise(f == CRL_NO_MEMORY ? walk.steps == 0 : walk.visits == walk.visits_due && walk.odds == walk.odds_due);
}

/* --- one read --------------------------------------------------------------------------- */

#define READ 3

static size_t interruptions;
static bool has_ended;

/* Some of the bytes; or an interruption, the end of the file, a fault. */
ssize_t
pread(int fd, void *to, size_t len, off_t at)
{
	const size_t n = nondet_size();

	promise(fd == 3 && len > 0 && len <= READ && at >= START && (size_t)at <= sizeof file - len && __CPROVER_w_ok(to, len));
	promise(!has_ended);
	if (interruptions < 1 && nondet_bool()) {
		interruptions++;
		errno = EINTR;
		return -1;
	}
	has_ended = nondet_bool();
	if (has_ended) {
		errno = nondet_bool() ? ENXIO : EINTR;	/* left by something else, where there is no fault */
		return errno == ENXIO && nondet_bool() ? -1 : 0;
	}
	assume(n > 0 && n <= len);
	for (size_t i = 0; i < READ; i++)
		if (i < n)
			((uint8_t *)to)[i] = file[(size_t)at + i];
	return (ssize_t)n;
}

void
any_read(void)
{
	uint8_t got[READ];
	const size_t len = nondet_size(), at = nondet_size(), i = nondet_size();

	assume(len <= sizeof got && at >= START && at <= sizeof file - len && i < READ);
	__CPROVER_havoc_object(file);
	if (whole_crlder_pread(3, LAST_OF(got, len), len, at))
		promise(!has_ended && (i >= len || LAST_OF(got, len)[i] == file[at + i]));
	else
		promise(has_ended && errno != EINTR);
}

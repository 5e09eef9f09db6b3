/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists that an administrator or the project keeps: certificates that are blocked, the
 * fingerprints of JPKI's authorities; a record of failed PIN entries; the copy of an organization's directory
 * and what it is made from.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "nss/blocklist.h"
#include "nss/certdb.h"
#include "lib/guesses.h"
#include "lib/safefile.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/nss_fixture.h"
#include "tools/fleet/feed.h"
#include "tools/fleet/journal.h"
#include "tools/fleet/ldif.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/record.h"
#include "tools/jpkictl/fingerprints.h"

static struct certdb *db;
static struct cert *ca;
static struct view known_text;

/* tools/jpkictl/fingerprints reads a file of the installed program: here is another. */
enum safefile __wrap_safefile_read(const char *path, uid_t owner, size_t max, const struct log *log,
    char **ret_text, size_t *ret_len);
enum safefile __real_safefile_read(const char *path, uid_t owner, size_t max, const struct log *log,
    char **ret_text, size_t *ret_len);

enum safefile
__wrap_safefile_read(const char *path, uid_t owner, size_t max, const struct log *log,
    char **ret_text, size_t *ret_len)
{
	struct cursor r = cursor_of(known_text.data, known_text.len);

	if (strcmp(path, FINGERPRINT_FILE) != 0)
		return __real_safefile_read(path, owner, max, log, ret_text, ret_len);
	if (known_text.len > max)
		return SAFEFILE_REFUSED;
	*ret_len = known_text.len;
	*ret_text = fuzz_text(&r);
	return SAFEFILE_OK;
}

void
tool_complain(const struct tool *t, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	CHECK(vsnprintf(text, sizeof text, format, ap) > 0);
	va_end(ap);
}

static void
done(void)
{
	cert_free(ca);
	CHECK(certdb_close(db));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bytes der = pki_der("ca1");
	struct outcome o = certdb_open_none(&fuzz_log, &db);

	CHECK(outcome_ok(&o));
	o = cert_from_der(db, view_of(&der), &ca);
	CHECK(outcome_ok(&o) && atexit(done) == 0);
	return 0;
}

static void
look_at_entry(void *ctx, const struct block_entry *e, const char *note)
{
	CHECK((e->certificate[0] != '\0') == (e->serial[0] == '\0'));
	CHECK((e->issuer_key[0] != '\0') == (e->serial[0] != '\0'));
	CHECK(strlen(e->certificate) + strlen(e->issuer_key) == CERT_FINGERPRINT_LEN);
	CHECK(strlen(e->serial) % 2 == 0 && note != NULL);
	if (strcmp(e->certificate, cert_fingerprint(ca)) == 0)
		*(bool *)ctx = true;
}

static void
block_list(struct view text)
{
	struct blocklist list = { .path = fuzz_write("blocked", text.data, text.len),
		.owner = geteuid(), .log = &fuzz_log };
	bool named = false;
	struct outcome each = blocklist_each(&list, look_at_entry, &named);
	struct outcome check = blocklist_check(&list, ca, ca);

	CHECK(outcome_ok(&each) || each.status == OUTCOME_BLOCK_LIST);
	CHECK(check.status == OUTCOME_OK || check.status == OUTCOME_BLOCKED || check.status == OUTCOME_BLOCK_LIST);
	CHECK(outcome_ok(&each) || check.status != OUTCOME_OK);
	CHECK(!outcome_ok(&each) || !named || check.status == OUTCOME_BLOCKED);
}

static void
known(struct view text)
{
	struct tool t = { .command = "trust" };
	struct fingerprint_known k;
	enum fingerprint grade;

	known_text = text;
	grade = fingerprint_find(&t, cert_fingerprint(ca), &k);
	CHECK(grade == k.grade);
	CHECK(grade == FINGERPRINT_BROKEN || (grade == FINGERPRINT_NOT) == (k.name[0] == '\0'));
	CHECK(memchr(k.name, '\0', sizeof k.name) != NULL && k.count <= FINGERPRINT_SOURCES);
	CHECK(grade != FINGERPRINT_CORROBORATED || k.count >= 2);
	for (size_t i = 0; i < k.count; i++)
		CHECK(memchr(k.source[i], '\0', sizeof k.source[i]) != NULL && strncmp(k.source[i], "https://", 8) == 0);
	CHECK(k.published_at[0] == '\0' || strncmp(k.published_at, "https://", 8) == 0);
}

static const char *
no_name(void *ctx, uid_t uid)
{
	return uid % 2 == 0 ? NULL : "a name; with, separators";
}

/* An accepted text is written as it came, and no arithmetic on its values goes wrong. */
static void
guess_record(struct view text)
{
	char again[GUESSES_TEXT_MAX], list[GUESSES_LIST_MAX];
	static const struct guesses_names names = { .name = no_name };
	struct guesses g;
	uid_t uid;

	if (!guesses_parse((const char *)text.data, text.len, &g))
		return;
	CHECK(g.count <= GUESSES_ENTRIES_MAX);
	CHECK(guesses_format(&g, again) == text.len && memcmp(again, text.data, text.len) == 0);
	(void)guesses_list_failed(&g, &names, list);
	CHECK(strlen(list) < sizeof list);
	uid = g.count > 0 ? g.at[0].uid : 0;
	(void)!guesses_may_ask(&g, uid, 1764345600, NULL);
	if (guesses_note_try(&g, uid, "su", true, 1764345600)) {
		CHECK(g.count <= GUESSES_ENTRIES_MAX);
		guesses_take_back(&g, uid, "su");
	}
	guesses_note_told(&g, &(const struct guesses){ .count = 0 });
	CHECK(guesses_parse(again, guesses_format(&g, again), &g));
}

static void
fleet_state(struct view text)
{
	struct fleetcopy_state s;

	if (fleetcopy_read_state(text, &s))
		CHECK(s.time >= 0 && s.generation >= 0 && s.enrolled >= -1 && s.blocked >= -1 &&
		    text.len <= FLEETCOPY_STATE_MAX);
}

/* Reads entries of a directory, and each as a record. */
static void
directory(struct view text)
{
	struct ldif_entry entry = { .count = 0 };
	FILE *f = text.len > 0 ? fmemopen((void *)(uintptr_t)text.data, text.len, "r") : NULL;
	struct record r;

	while (f != NULL && ldif_next(f, &entry) == LDIF_ENTRY) {
		CHECK(entry.count <= LDIF_VALUES_MAX);
		record_read(&entry, &r);
		CHECK(r.cert_count <= USERCERTS_MAX);
		CHECK((r.kind == RECORD_BAD) == (r.why != NULL));
		CHECK(r.kind != RECORD_REGISTRATION || userfile_user_ok(r.name));
		CHECK(r.kind != RECORD_WORD || record_next_name(&entry, &(size_t){ 0 }) != NULL);
	}
	ldif_done(&entry);
	if (f != NULL)
		fclose(f);
}

#define FUZZ_PIPE_MAX 65536	/* that a pipe takes without a reader */

/* What the process that talks to the directory writes to the one that writes the copy. */
static void
fleet_frames(struct view bytes)
{
	static struct feed_frame frame;
	enum feed result;
	size_t taken = 0;
	int p[2];

	if (bytes.len > FUZZ_PIPE_MAX)
		return;
	CHECK(pipe(p) == 0 && write(p[1], bytes.data, bytes.len) == (ssize_t)bytes.len && close(p[1]) == 0);
	while ((result = feed_take(p[0], &frame)) == FEED_TAKEN) {
		CHECK(frame.kind >= FEED_LINK && frame.kind <= FEED_SAYS && frame.len <= FEED_TEXT_MAX);
		CHECK(strlen(frame.text) == frame.len);
		CHECK(frame.len == 0 || frame.kind == FEED_ENTRY || frame.kind == FEED_CHANGE || frame.kind == FEED_SAYS);
		taken += FEED_HEADER + frame.len;
		CHECK(taken <= bytes.len);
	}
	CHECK(result == FEED_NONSENSE || bytes.len - taken < FEED_HEADER + FEED_TEXT_MAX);
	CHECK(close(p[0]) == 0);
}

/* An accepted text is written so that it is read again. */
static void
fleet_memory(struct cursor *in)
{
	struct memory m = { .head.has_source = false }, again = { .head.has_source = false };
	char *text = fuzz_text(in), *written, *copy;
	size_t len;

	if (memory_read(text, &m)) {
		written = memory_write(&m, 7, &len);
		CHECK(written != NULL);
		copy = strdup(written);
		CHECK(copy != NULL && memory_read(copy, &again));
		CHECK(again.users.count == m.users.count && again.gone.count == m.gone.count && again.marks.count == m.marks.count);
		free(written);
		free(copy);
	}
	memory_done(&m);
	memory_done(&again);
	free(text);
}

/* Records follow one another without a gap, and a file that is cut after the last one taken is read the same. */
static void
fleet_journal(struct cursor *in)
{
	char *text = fuzz_text(in), *lines;
	size_t len = strlen(text), record_len, end;
	struct memory m = { .head.has_source = false };
	enum journal_next next = JOURNAL_END;
	struct journal j, again;
	const char *record;

	if (journal_open(text, len, &j)) {
		for (end = j.taken; (next = journal_next(&j, &record, &record_len)) == JOURNAL_RECORD; end = j.taken) {
			CHECK(record >= text + end && record + record_len == text + j.taken && j.taken <= len);
			lines = malloc(record_len + 1);
			CHECK(lines != NULL);
			memcpy(lines, record, record_len);
			(void)!memory_add_changes(lines, record_len, &m);
			free(lines);
		}
		CHECK(journal_open(text, j.taken, &again));
		while (journal_next(&again, &record, &record_len) == JOURNAL_RECORD)
			;
		CHECK(again.taken == j.taken && again.sequence == j.sequence);
		CHECK(next == JOURNAL_DAMAGED || journal_next(&again, &record, &record_len) == JOURNAL_END);
	}
	memory_done(&m);
	free(text);
}

/* Beside the others, so that their inputs stay what they were. */
#define GUESS_RECORD 0xfe
#define FLEET_STATE 0xfd
#define FLEET_LDIF 0xfc
#define FLEET_FRAMES 0xfa
#define FLEET_JOURNAL 0xf9
#define FLEET_MEMORY 0xfb

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);
	char serial[BLOCKLIST_SERIAL_LEN + 1], *text;

	uint8_t kind = fuzz_u8(&in);

	switch (kind >= FLEET_JOURNAL && kind <= GUESS_RECORD ? kind : kind % 4) {
	case 0:
		block_list((struct view){ in.p, in.left });
		break;
	case 1:
		known((struct view){ in.p, in.left });
		break;
	case 3:
		text = fuzz_text(&in);
		if (blocklist_read_serial(text, serial))
			CHECK(strlen(serial) % 2 == 0 && strncmp(serial, "00", 2) != 0);
		free(text);
		break;
	case FLEET_LDIF:
		directory((struct view){ in.p, in.left });
		break;
	case FLEET_FRAMES:
		fleet_frames((struct view){ in.p, in.left });
		break;
	case FLEET_JOURNAL:
		fleet_journal(&in);
		break;
	case FLEET_MEMORY:
		fleet_memory(&in);
		break;
	case FLEET_STATE:
		fleet_state((struct view){ in.p, in.left });
		break;
	case GUESS_RECORD:
		guess_record((struct view){ in.p, in.left });
		break;
	}
	return 0;
}

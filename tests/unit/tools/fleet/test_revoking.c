/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/fleet/revoking: which blocks follow from the CRLs, and which of them end. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/fleet/revoking.h"

#define LIST 1764345600
#define NOTE "2026-11-29T03:00:00Z revoke-from-crl certificateHold 2026-11-28T15:00:00Z"

static const struct revoking_entry none = { .name = "" };
static const struct revoking_entry hold = { .word = FLEET_BLOCK, .hold = true, .list = LIST };
static const struct revoking_entry block = { .word = FLEET_BLOCK };
static const struct revoking_entry lift = { .word = FLEET_LIFT };

static void
each_certificate_and_block_has_its_change(void **state)
{
	static const struct {
		const struct revoking_entry *entry;
		enum revoking_said said;
		int64_t list;
		enum revoking_change wanted;
	} rows[] = {
		{ &none, REVOKING_REVOKED, LIST, REVOKING_ADD },
		{ &none, REVOKING_SUSPENDED, LIST, REVOKING_ADD },
		{ &none, REVOKING_ABSENT, LIST, REVOKING_NOTHING },
		{ &none, REVOKING_UNKNOWN, 0, REVOKING_NOTHING },
		/* A person's: it never ends here. */
		{ &block, REVOKING_REVOKED, LIST, REVOKING_NOTHING },
		{ &block, REVOKING_SUSPENDED, LIST, REVOKING_NOTHING },
		{ &block, REVOKING_ABSENT, INT64_MAX, REVOKING_NOTHING },
		{ &block, REVOKING_UNKNOWN, 0, REVOKING_NOTHING },
		/* Ours, of a suspended one: a later list alone ends it. */
		{ &hold, REVOKING_SUSPENDED, LIST + 1, REVOKING_NOTHING },
		{ &hold, REVOKING_ABSENT, LIST + 1, REVOKING_LIFT },
		{ &hold, REVOKING_ABSENT, LIST, REVOKING_NOTHING },
		{ &hold, REVOKING_ABSENT, LIST - 1, REVOKING_NOTHING },
		{ &hold, REVOKING_UNKNOWN, 0, REVOKING_NOTHING },
		{ &hold, REVOKING_UNKNOWN, LIST + 1, REVOKING_NOTHING },
		{ &hold, REVOKING_REVOKED, LIST + 1, REVOKING_BLOCK },
		{ &lift, REVOKING_REVOKED, LIST, REVOKING_BLOCK },
		{ &lift, REVOKING_SUSPENDED, LIST, REVOKING_BLOCK },
		{ &lift, REVOKING_ABSENT, LIST, REVOKING_NOTHING },
		{ &lift, REVOKING_UNKNOWN, 0, REVOKING_NOTHING },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct revoking_entry *entry = rows[i].entry != &none ? rows[i].entry : NULL;
		enum revoking_change got = revoking_decide(entry, rows[i].said, rows[i].list);

		if (got != rows[i].wanted)
			fail_msg("row %zu: %d", i, (int)got);
	}
}

static void
our_notes_are_read_back(void **state)
{
	struct revoking_entry entry;
	char note[REVOKING_NOTE_MAX], text[REVOKING_NOTE_MAX + 8];

	assert_true(revoking_write_note(1795921200, REVOKING_HOLD, LIST, note));
	snprintf(text, sizeof text, "block %s", note);
	revoking_read_note(text, &entry);
	assert_true(entry.hold && entry.list == LIST);
	assert_false(revoking_write_note(1795921200, REVOKING_HOLD, INT64_MAX, note));
	revoking_read_note("block " NOTE, &entry);
	assert_true(entry.hold);
	assert_true(revoking_write_note(entry.list, "keyCompromise", entry.list, note));
	assert_string_equal(note,
	    "2026-11-28T15:00:00Z revoke-from-crl keyCompromise 2026-11-28T15:00:00Z");
}

/* A note that differs from ours in any way is another user's, and stays. */
static void
notes_by_people_are_not_ours(void **state)
{
	static const char *const texts[] = {
		"", "block", "lift", "block lost, by the help desk", "lift " NOTE, "Block " NOTE, "block  x " NOTE,
		"block " NOTE " and lost", "block " NOTE "x", "blocked " NOTE,
		"block 2026-11-29T03:00:00Z revoke-from-crl keyCompromise 2026-11-28T15:00:00Z",
		"block 2026-11-29T03:00:00Z by hanako (uid 2001)",
		"block 2026-11-29T03:00:00Z revoke-from-crl certificateHold",
		"block 2026-11-29T03:00:00Z revoke-from-crl certificateHold 2026-11-28",
		"block 2026-11-29T03:00:00Z revoke-from-crl certificateHold 2026-13-28T15:00:00Z",
		"block 2026-11-29T03:00:00Z revoke-from-crl certificateHold 20261128150000Z",
		"block 2026-11-29T03:00:00Z revoke-from-crl certificateHold 2026-11-28T15:00:00Z2026-11-28T15:00:00Z",
		"block 2026-11-29T03:00:00Z revoke-from-crls certificateHold 2026-11-28T15:00:00Z",
		"block now revoke-from-crl certificateHold 2026-11-28T15:00:00Z",
	};
	struct revoking_entry entry = { .hold = true };

	for (size_t i = 0; i < COUNT(texts); i++) {
		revoking_read_note(texts[i], &entry);
		if (entry.hold || entry.list != 0)
			fail_msg("\"%s\" is taken for ours", texts[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate_and_block_has_its_change),
		cmocka_unit_test(our_notes_are_read_back),
		cmocka_unit_test(notes_by_people_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

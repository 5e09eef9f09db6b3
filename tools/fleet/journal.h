/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: the file to which changes of the memory (tools/fleet/memory.h) are added, so that a change does not
 * have to write the whole memory again:
 *
 *	pam_jpki journal 1 NUMBER	which memory it continues
 *	change SEQUENCE LENGTH SUM	1, 2, 3 …; length of the text; CRC-32 of all three, and of NUMBER and the text
 *	(that many bytes of text: lines of a memory)
 *
 * A record is on disk before the next one is written, so a power cut can damage only the last one. Bytes that are no
 * record and have no record after them were never reported as written, and are cut off. Any other damage refuses the
 * whole file: if a removal were forgotten, an old backup could bring a registration back.
 */
#ifndef JPKI_TOOLS_FLEET_JOURNAL_H
#define JPKI_TOOLS_FLEET_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/outcome.h"

#define JOURNAL_FILE "journal"
#define JOURNAL_LINE_MAX 96	/* bytes of a first line, and of the line that begins a record, with the NUL */

struct journal {
	int64_t number;		/* of the memory */
	int64_t sequence;	/* of the last record that was taken; 0: none */
	size_t taken;		/* bytes up to the end of that record */
	const char *text;	/* all of it; lent */
	size_t len;
};

/* Reads the first line. False: there is none. *ret lends the text. */
bool journal_open(const char *text, size_t len, struct journal *ret) MUST_CHECK;

enum journal_next {
	JOURNAL_RECORD,		/* *ret_text, *ret_len: the text of the next record; lent */
	JOURNAL_END,		/* nothing, or a torn record, is behind the last one */
	JOURNAL_DAMAGED,	/* something else */
};

enum journal_next journal_next(struct journal *j, const char **ret_text, size_t *ret_len) MUST_CHECK;

/* Writes the first line of the journal of a memory, and returns its length in bytes. */
size_t journal_first_line(int64_t number, char line[static JOURNAL_LINE_MAX]);

/* Writes the line that begins a record of that memory, and returns its length in bytes. The text follows it. */
size_t journal_record_line(int64_t number, int64_t sequence, const char *text, size_t len, char line[static JOURNAL_LINE_MAX]);

#endif

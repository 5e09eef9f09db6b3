/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprints of authorities that the project knows: config/jpki-ca.fingerprints. */
#ifndef JPKI_TOOLS_JPKICTL_FINGERPRINTS_H
#define JPKI_TOOLS_JPKICTL_FINGERPRINTS_H

#include "tools/common/tool.h"

#define FINGERPRINT_FILE DATADIR "/jpki-ca.fingerprints"
#define FINGERPRINT_NAME_MAX 64
#define FINGERPRINT_ADDRESS_MAX 128
#define FINGERPRINT_SOURCES 4

enum fingerprint {
	FINGERPRINT_NOT,
	FINGERPRINT_UNCONFIRMED,	/* of a copy that one source passes on */
	FINGERPRINT_CORROBORATED,	/* of copies that independent sources pass on */
	FINGERPRINT_PUBLISHED,	/* published by J-LIS */
	FINGERPRINT_BROKEN,		/* the file cannot be used, reported */
};

/* What the file says of one authority. Addresses are https URLs of printable ASCII. */
struct fingerprint_known {
	enum fingerprint grade;
	char name[FINGERPRINT_NAME_MAX];
	char published_at[FINGERPRINT_ADDRESS_MAX];	/* where J-LIS publishes the certificate; "" unknown */
	size_t count;
	char source[FINGERPRINT_SOURCES][FINGERPRINT_ADDRESS_MAX];	/* where copies were found */
};

/*
 * Looks a fingerprint (lower-case hex) up in the text of such a file, which is taken apart in place.
 * True: *ret is filled in, with the grade FINGERPRINT_NOT where no line has it. False: *ret_line
 * (from 1) is not understood, is the second for one fingerprint, or says "corroborated" with
 * fewer than two sources of different owners; then none of the file counts.
 */
bool fingerprint_search(char *text, size_t len, const char *fingerprint, struct fingerprint_known *ret,
    unsigned int *ret_line) MUST_CHECK;

/* The same in the installed file. Returns ret->grade, FINGERPRINT_BROKEN after a complaint. */
enum fingerprint fingerprint_find(const struct tool *t, const char *fingerprint,
    struct fingerprint_known *ret) MUST_CHECK;

#endif

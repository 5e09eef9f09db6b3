/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprints of authorities that the project knows: config/jpki-ca.fingerprints. */
#ifndef JPKI_TOOLS_JPKICTL_FINGERPRINTS_H
#define JPKI_TOOLS_JPKICTL_FINGERPRINTS_H

#include "tools/common/tool.h"

#define FINGERPRINT_FILE DATADIR "/jpki-ca.fingerprints"
#define FINGERPRINT_NAME_MAX 64

enum fingerprint {
	FINGERPRINT_NOT,
	FINGERPRINT_UNCONFIRMED,	/* by others' copies only */
	FINGERPRINT_PUBLISHED,	/* by what J-LIS publishes */
	FINGERPRINT_BROKEN,		/* the file cannot be used; complained */
};

/*
 * Looks a fingerprint up (lower-case hex). UNCONFIRMED and PUBLISHED: the
 * authority's name is in name[]. One line of the file that is not understood,
 * or two for one fingerprint, and none of it counts.
 */
enum fingerprint fingerprint_find(const struct tool *t, const char *fingerprint,
    char name[static FINGERPRINT_NAME_MAX]) MUST_CHECK;

#endif

/* The fingerprints of authorities that the project knows: config/jpki-ca.fingerprints. */
#ifndef JPKI_TOOLS_JPKICTL_FINGERPRINTS_H
#define JPKI_TOOLS_JPKICTL_FINGERPRINTS_H

#include "tools/common/tool.h"

#define KNOWN_FILE DATADIR "/jpki-ca.fingerprints"
#define KNOWN_NAME_MAX 64

enum known {
	KNOWN_NOT,
	KNOWN_UNCONFIRMED,	/* by others' copies only */
	KNOWN_PUBLISHED,	/* by what J-LIS publishes */
	KNOWN_BROKEN,		/* the file cannot be used; complained */
};

/*
 * Looks a fingerprint up (lower-case hex). UNCONFIRMED and PUBLISHED: the
 * authority's name is in name[]. One line of the file that is not understood,
 * or two for one fingerprint, and none of it counts.
 */
enum known known_find(const struct tool *t, const char *fingerprint,
    char name[static KNOWN_NAME_MAX]) MUST_CHECK;

#endif

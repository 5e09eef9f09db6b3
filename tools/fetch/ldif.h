/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer of a directory as libcurl gives it: an LDIF of sorts. */
#ifndef JPKI_TOOLS_FETCH_LDIF_H
#define JPKI_TOOLS_FETCH_LDIF_H

#include "lib/outcome.h"

enum ldif {
	LDIF_OK,
	LDIF_NONE,	/* no value of the attribute, or none that is base64 */
	LDIF_SEVERAL,
	LDIF_ERROR,	/* errno: it cannot be read or written */
};

/*
 * Looks in the file `from` (whatever its offset) for the one value of
 * certificateRevocationList or authorityRevocationList (RFC 4523 §2.5, §2.7), with or
 * without ";binary", and writes it to `to` as a PEM block "X509 CRL". Nobody
 * asks here whether the base64 is sound.
 *
 * libcurl writes for each entry "DN: ...", then for each value a TAB, the attribute,
 * "::", blanks, the base64 on one line (openldap.c, measured with 7.88).
 */
enum ldif ldif_crl(int from, int to) MUST_CHECK;

#endif

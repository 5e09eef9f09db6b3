/* SPDX-License-Identifier: BSD-2-Clause */
/* From wherever a CRL comes from to a file of our own. */
#ifndef JPKI_NSS_CRL_COPY_H
#define JPKI_NSS_CRL_COPY_H

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/crl/fault.h"

/*
 * Copies the one list in `from` (file or pipe, from its present offset to its end) as DER to `to`. What
 * common programs write is read: DER, also with filler behind it (zeros, FF, line ends); PEM of any
 * label, with a byte order mark, any line ends, lines of any length, text and other blocks around;
 * base64 without a label; LDIF with the attribute certificateRevocationList or authorityRevocationList.
 * Whether it is a list to believe, crl_verify() says.
 *
 * CRL_OK; what the file is in place of a list ("Another file" of nss/crl/fault.def), CRL_NOT_CRL (damaged,
 * too), CRL_SEVERAL, CRL_TRAILING, CRL_TOO_LARGE, CRL_NO_ROOM (for safefile_room()), CRL_UNREADABLE, CRL_STORE
 * (errno is logged), CRL_NO_MEMORY.
 */
enum crl_fault crlcopy(int from, int to, const struct log *log) MUST_CHECK;

#endif

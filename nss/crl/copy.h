/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies a CRL from a file or pipe in any common format to a file of our own. */
#ifndef JPKI_NSS_CRL_COPY_H
#define JPKI_NSS_CRL_COPY_H

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/crl/fault.h"

/*
 * Copies the one list in `from` (file or pipe, from its present offset to its end) as DER to `to`. It
 * reads what common programs write: DER, also with filler after it (zeros, FF, line ends); PEM of any
 * label, with a byte order mark, any line ends, lines of any length, text and other blocks around;
 * base64 without a label; LDIF with the attribute certificateRevocationList or authorityRevocationList.
 * crl_verify() then decides whether the list is valid.
 *
 * CRL_OK; what the file is in place of a list ("Another file" of nss/crl/fault.def), CRL_NOT_CRL (damaged,
 * too), CRL_SEVERAL, CRL_TRAILING, CRL_TOO_LARGE, CRL_NO_ROOM (for safefile_room()), CRL_UNREADABLE, CRL_STORE
 * (errno is logged), CRL_NO_MEMORY.
 */
enum crl_fault crlcopy(int from, int to, const struct log *log) MUST_CHECK;

#endif

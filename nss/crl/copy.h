/* SPDX-License-Identifier: BSD-2-Clause */
/* From wherever a CRL comes from to a file of our own. */
#ifndef JPKI_NSS_CRL_COPY_H
#define JPKI_NSS_CRL_COPY_H

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/crl/fault.h"

/*
 * Copies `from` (file or pipe, from its present offset to its end) to `to`. What begins with
 * DER is copied as it is, whatever it may be; else the one PEM block "X509 CRL" is
 * decoded. CRL_OK; CRL_NOT_CRL (neither), CRL_TRAILING (something
 * behind the block), CRL_TOO_LARGE, CRL_NO_ROOM (for safefile_room()), CRL_UNREADABLE, CRL_STORE
 * (errno is logged), CRL_NO_MEMORY.
 */
enum crl_fault crlcopy(int from, int to, const struct log *log) MUST_CHECK;

#endif

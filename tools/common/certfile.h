/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with certificates as other programs write them. What is read: DER, also with filler behind it; PEM,
 * with a byte order mark, any line ends, lines of any length, text around, and the labels of OpenSSL
 * (X509 CERTIFICATE, TRUSTED CERTIFICATE); base64 without a label. What is something else is
 * called what it is, with the command that makes PEM of it.
 */
#ifndef JPKI_TOOLS_COMMON_CERTFILE_H
#define JPKI_TOOLS_COMMON_CERTFILE_H

#include "tools/common/tool.h"

/*
 * Calls `each` for every certificate in the text of a file: PEM may hold several. Stops at the
 * first outcome that is not OUTCOME_OK.
 *
 * CERT_BAD, always after a complaint that names the file, where it holds no certificate or a damaged
 * one; what `each` returned; NO_MEMORY.
 */
struct outcome certfile_each(const struct tool *t, const char *path, struct view text,
    struct outcome (*each)(void *ctx, struct view der), void *ctx) MUST_CHECK;

/* tool_finish() for what certfile_each() returned: of CERT_BAD enough has been said. */
int certfile_finish(const struct tool *t, const struct outcome *o);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads files with certificates as other programs write them: DER, also with filler after it; PEM,
 * with a byte order mark, any line ends, lines of any length, text around, and the labels of OpenSSL
 * (X509 CERTIFICATE, TRUSTED CERTIFICATE); base64 without a label. For other files, the message says
 * what they are, with the command that converts them to PEM.
 */
#ifndef JPKI_TOOLS_COMMON_CERTFILE_H
#define JPKI_TOOLS_COMMON_CERTFILE_H

#include "tools/common/tool.h"

/*
 * Calls `each` for every certificate in the text of a file: PEM may contain several. Stops at the
 * first outcome that is not OUTCOME_OK.
 *
 * CERT_BAD, always reported with the file's name, if it contains no certificate or a damaged one; the
 * outcome of `each`; NO_MEMORY.
 */
struct outcome certfile_each(const struct tool *t, const char *path, struct view text,
    struct outcome (*each)(void *ctx, struct view der), void *ctx) MUST_CHECK;

/* tool_finish() for the outcome of certfile_each(), without a second message for CERT_BAD. */
int certfile_finish(const struct tool *t, const struct outcome *o);

#endif

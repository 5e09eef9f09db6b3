/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts that an administrator edits, perhaps with an editor of Windows or an input method left on: the
 * configuration, the block list, the sources of CRLs, the fingerprints of authorities, registrations.
 */
#ifndef JPKI_LIB_EDITED_H
#define JPKI_LIB_EDITED_H

#include <stddef.h>

/*
 * Tidies `text` (*len bytes and a NUL, as safefile_read() gives it) in place, so that a parser
 * reads what the editor shows: without a byte order mark, and without blanks and carriage returns
 * at the ends of lines; a full-width blank (U+3000) and a no-break one (U+00A0) are blanks,
 * except after a "#". Line numbers do not change.
 */
void edited_tidy(char *text, size_t *len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts that an administrator edits, perhaps with an editor of Windows or an input method left on: the
 * configuration, the block list, the sources of CRLs, the fingerprints of authorities, registrations.
 */
#ifndef JPKI_LIB_EDITED_H
#define JPKI_LIB_EDITED_H

#include <stddef.h>

/*
 * Tidies `text` (*len octets and a NUL, as safefile_read() gives it) in place, so that the readers see
 * what the person sees: without a byte order mark, and without blanks and carriage returns at the ends of
 * lines; a full-width blank (U+3000) or one that does not break (U+00A0) is a blank, but for what
 * follows a "#". The lines stay where they are.
 */
void edited_tidy(char *text, size_t *len);

#endif

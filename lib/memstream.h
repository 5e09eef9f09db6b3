/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that are written by open_memstream(3). */
#ifndef JPKI_LIB_MEMSTREAM_H
#define JPKI_LIB_MEMSTREAM_H

#include <stdio.h>
#include <stdlib.h>

/*
 * Closes such a stream. Returns its text, which is in *text and is the caller's, free(); NULL, with *text NULL, if a
 * part of it is missing because memory ran out: fclose(3) alone does not report a failure of an earlier write.
 */
static inline char *
memstream_close(FILE *f, char **text)
{
	int failed = ferror(f);

	if (fclose(f) != 0 || failed) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and words of a PAM service file; used by parse.c. */
#ifndef JPKI_TOOLS_PAMSTACK_LEX_H
#define JPKI_TOOLS_PAMSTACK_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/outcome.h"
#include "tools/pamstack/pamstack.h"

/* The buffer of libpam 1.5 for a line with its continuations and the NUL. */
#define PAMTEXT_LINE 1024

/* The rest of a file. */
struct lex_text {
	const char *p;
	size_t left;
	unsigned int lineno;	/* of p, from 1 */
	enum pamstack_lines rule;
};

/* The size that `line` below needs for any line of this text. */
size_t lex_line_size(const struct lex_text *text);

/*
 * Reads a line with its continuations. *ret_lineno is the number of the first.
 * Returns 1, 0 at the end of the text, -1 for a line that libpam cannot read: too long
 * for 1.5, or continued by the end of the text.
 */
int lex_line(struct lex_text *text, char *line, unsigned int *ret_lineno) MUST_CHECK;

/*
 * The next word, cut out in place, or NULL. [a word] loses its brackets and the
 * backslash of "\]". *rest is the remaining text, NULL at the end.
 */
char *lex_word(char **rest);

/* A control: a keyword or name=action pairs; false if it is neither (then every action is bad). */
bool lex_control(const char *control, int *action) MUST_CHECK;

#endif

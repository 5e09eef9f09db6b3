/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <limits.h>
#include <security/pam_appl.h>
#include <string.h>
#include <strings.h>

#include "tools/pamstack/lex.h"

#define BLANK " \n\t"
#define UNSET INT_MIN

/* By number; _pam_types.h has had no new one since 2003. */
static const char *const codes[PAMSTACK_CODES] = {
	"success", "open_err", "symbol_err", "service_err", "system_err", "buf_err",
	"perm_denied", "auth_err", "cred_insufficient", "authinfo_unavail", "user_unknown",
	"maxtries", "new_authtok_reqd", "acct_expired", "session_err", "cred_unavail",
	"cred_expired", "cred_err", "no_module_data", "conv_err", "authtok_err",
	"authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again",
	"ignore", "abort", "authtok_expired", "module_unknown", "bad_item", "conv_again",
	"incomplete"
};

static const char *const actions[] = { "ignore", "ok", "done", "bad", "die", "reset" };

int
pamstack_code(const char *name)
{
	for (int i = 0; i < PAMSTACK_CODES; i++)
		if (strcmp(codes[i], name) == 0)
			return i;
	return -1;
}

const char *
pamstack_code_name(int code)
{
	return code >= 0 && code < PAMSTACK_CODES ? codes[code] : "?";
}

/* As fgets(3), size at least 2: at most size - 1 characters, through the end of the line. */
static bool
get_chunk(struct lex_text *text, char *to, size_t size)
{
	size_t len = text->left < size - 1 ? text->left : size - 1;
	const char *end;

	if (len == 0)
		return false;
	end = memchr(text->p, '\n', len);
	if (end != NULL) {
		len = (size_t)(end - text->p) + 1;
		text->lineno++;
	}
	memcpy(to, text->p, len);
	to[len] = '\0';
	text->p += len;
	text->left -= len;
	return true;
}

/* Whether the line is continued; replaces the backslash by a blank and ends the text there. */
static bool
cut_continuation(char *from)
{
	char *end = from + strlen(from);

	while (end > from && strchr(BLANK, end[-1]) != NULL)
		end--;
	if (end == from || end[-1] != '\\')
		return false;
	end[-1] = ' ';
	*end = '\0';
	return true;
}

/* 1.5: a comment does not end a continued line, and nothing continues one that has a comment. */
static int
read_line_1_5(struct lex_text *text, char *line, unsigned int *ret_lineno)
{
	char *to = line;

	for (;;) {
		unsigned int lineno = text->lineno;
		size_t size = PAMTEXT_LINE - (size_t)(to - line);
		char *from, *comment;

		if (size < 2)
			return -1;	/* too long; 1.5.2 would loop here for ever */
		if (!get_chunk(text, to, size))
			return to == line ? 0 : -1;
		from = to + strspn(to, BLANK);
		if (*from == '\0' || *from == '#')
			continue;
		if (to == line)
			*ret_lineno = lineno;
		comment = strchr(from, '#');
		if (comment != NULL) {
			*comment = '\0';
			return 1;
		}
		if (!cut_continuation(from))
			return 1;
		to += strlen(to);
	}
}

/* Removes leading blanks and a comment. True if there was a comment. */
static bool
trim_chunk(char *chunk)
{
	char *comment = strchr(chunk, '#');
	char *from;

	if (comment != NULL)
		*comment = '\0';
	from = chunk + strspn(chunk, " \t");
	memmove(chunk, from, strlen(from) + 1);
	return comment != NULL;
}

/* 1.6: an empty line or a comment ends a continued line. */
static int
read_line_1_6(struct lex_text *text, char *line, unsigned int *ret_lineno)
{
	char *to = line;
	bool continued = false;

	for (;;) {
		unsigned int lineno = text->lineno;
		bool has_comment;

		if (!get_chunk(text, to, text->left + 2))
			return continued ? -1 : 0;
		continued = cut_continuation(to);
		has_comment = trim_chunk(to);
		continued = continued && !has_comment;
		if (to == line)
			*ret_lineno = lineno;
		to += strlen(to);
		if (continued)
			continue;
		if (to != line && line[0] != '\n')
			return 1;
		to = line;
	}
}

size_t
lex_line_size(const struct lex_text *text)
{
	return text->left + 2 > PAMTEXT_LINE ? text->left + 2 : PAMTEXT_LINE;
}

int
lex_line(struct lex_text *text, char *line, unsigned int *ret_lineno)
{
	return text->rule == PAMSTACK_LINES_1_6 ? read_line_1_6(text, line, ret_lineno) :
	    read_line_1_5(text, line, ret_lineno);
}

/* Reads up to the closing bracket; returns what follows. */
static char *
close_bracket(char *from)
{
	char *to = from;

	while (*from != '\0' && *from != ']') {
		if (from[0] == '\\' && from[1] == ']')
			from++;
		*to++ = *from++;
	}
	if (*from != '\0')
		from++;
	*to = '\0';
	return from;
}

char *
lex_word(char **rest)
{
	char *word, *end;

	if (*rest == NULL)
		return NULL;
	word = *rest + strspn(*rest, BLANK);
	if (*word == '\0') {
		*rest = NULL;
		return NULL;
	}
	if (*word == '[') {
		end = close_bracket(++word);
	} else {
		end = word + strcspn(word, BLANK);
		if (*end != '\0')
			*end++ = '\0';
	}
	*rest = *end != '\0' ? end : NULL;
	return word;
}

static void
fill_action(int *action, int unset)
{
	for (int i = 0; i < PAMSTACK_CODES; i++)
		if (action[i] == UNSET)
			action[i] = unset;
}

static const char *
skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* The index of the first word that is a prefix of p; count if none. */
static int
begins_with(const char *const *words, int count, const char **p)
{
	for (int i = 0; i < count; i++) {
		size_t len = strlen(words[i]);

		if (strncmp(words[i], *p, len) == 0) {
			*p += len;
			return i;
		}
	}
	return count;
}

/* A jump of zero lines is no jump. */
static bool
take_action(const char **p, int *ret)
{
	int found = begins_with(actions, 6, p);
	long jump = 0;

	if (found < 6) {
		*ret = -found;
		return true;
	}
	for (; isdigit((unsigned char)**p); (*p)++)
		if (jump < INT_MAX / 16)
			jump = jump * 10 + (**p - '0');
	*ret = (int)jump;
	return jump > 0;
}

static bool
take_pair(const char **p, int *action)
{
	static const char *const otherwise[] = { "default" };
	int code = begins_with(codes, PAMSTACK_CODES, p);
	int what;

	if (code == PAMSTACK_CODES && begins_with(otherwise, 1, p) != 0)
		return false;
	*p = skip_blanks(*p);
	if (**p != '=')
		return false;
	*p = skip_blanks(*p + 1);
	if (!take_action(p, &what))
		return false;
	if (code == PAMSTACK_CODES)
		fill_action(action, what);	/* for the codes that the pairs before it leave open */
	else
		action[code] = what;
	return true;
}

static bool
pairs(const char *p, int *action)
{
	for (p = skip_blanks(p); *p != '\0'; p = skip_blanks(p))
		if (!take_pair(&p, action))
			return false;
	fill_action(action, PAMSTACK_BAD);
	return true;
}

static void
keyword(int *action, int success, int ignore, int otherwise)
{
	action[PAM_SUCCESS] = success;
	action[PAM_NEW_AUTHTOK_REQD] = success;
	action[PAM_IGNORE] = ignore;
	fill_action(action, otherwise);
}

bool
lex_control(const char *control, int *action)
{
	for (int i = 0; i < PAMSTACK_CODES; i++)
		action[i] = UNSET;
	if (strcasecmp(control, "required") == 0)
		keyword(action, PAMSTACK_OK, PAMSTACK_IGNORE, PAMSTACK_BAD);
	else if (strcasecmp(control, "requisite") == 0)
		keyword(action, PAMSTACK_OK, PAMSTACK_IGNORE, PAMSTACK_DIE);
	else if (strcasecmp(control, "optional") == 0)
		keyword(action, PAMSTACK_OK, PAMSTACK_IGNORE, PAMSTACK_IGNORE);
	else if (strcasecmp(control, "sufficient") == 0)
		keyword(action, PAMSTACK_DONE, PAMSTACK_IGNORE, PAMSTACK_IGNORE);
	else if (!pairs(control, action)) {
		for (int i = 0; i < PAMSTACK_CODES; i++)
			action[i] = PAMSTACK_BAD;
		return false;
	}
	return true;
}

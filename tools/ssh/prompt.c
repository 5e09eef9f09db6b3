/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "tools/ssh/prompt.h"

static bool
copy_name(char dst[static SSHWIRE_NAME_MAX], const char *src, size_t len)
{
	if (len == 0 || len >= SSHWIRE_NAME_MAX)
		return false;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* Removes "(user@host) " from the start. A user name may contain an @, a host name may not. */
static const char *
read_origin(const char *text, struct ssh_prompt *p)
{
	const char *end = strstr(text, ") "), *at;

	if (text[0] != '(' || end == NULL)
		return NULL;
	at = memrchr(text, '@', (size_t)(end - text));
	if (at == NULL || !copy_name(p->user, text + 1, (size_t)(at - text - 1)) ||
	    !copy_name(p->host, at + 1, (size_t)(end - at - 1)))
		return NULL;
	/* If ssh accepted a user name such as "hanako@victim) (x", the prefix could be ambiguous. */
	return end[2] != '(' ? end + 2 : NULL;
}

bool
prompt_is_from_server(const char *text)
{
	return text[0] == '(' && strstr(text, ") ") != NULL;
}

/* Prompts of OpenSSH 8.5 to 9.9 itself. Text from a server begins with "(" there. */
bool
prompt_stays_here(const char *text)
{
	static const char *const begins[] = { "Enter passphrase for ", "Bad passphrase, try again for ",
		"Enter PIN for ", "Enter PIN and confirm user presence for ", "The authenticity of host " };

	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
		if (strncmp(text, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

enum prompt
prompt_read(const char *text, struct ssh_prompt *ret)
{
	struct ssh_prompt p = { .user = "", .host = "" };
	const char *from_server = read_origin(text, &p);
	const char *rest = from_server != NULL ? from_server : text;
	const char *newline = strrchr(rest, '\n');
	const char *line = newline != NULL ? newline + 1 : rest;
	enum prompt verdict = PROMPT_CHALLENGE;

	if (!sshwire_is_marked(line))
		return PROMPT_OTHER;
	if (from_server == NULL)
		verdict = PROMPT_NO_ORIGIN;
	else if (!sshwire_read_prompt(line, &p.challenge))
		verdict = PROMPT_MALFORMED;
	else if (strcmp(p.challenge.user, p.user) != 0)
		verdict = PROMPT_OTHER_USER;
	else if (!sshwire_names_host(&p.challenge, p.host))
		verdict = PROMPT_OTHER_HOST;
	*ret = p;
	return verdict;
}

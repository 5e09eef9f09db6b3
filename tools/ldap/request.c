/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/ldap/request.h"

/* Up to an empty line, byte by byte: what follows are commands. */
static bool
read_text(int fd, char text[static REQUEST_TEXT_MAX])
{
	size_t len = 0;

	while (len < REQUEST_TEXT_MAX - 1) {
		ssize_t n = read(fd, text + len, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len++;
		if (len >= 2 && text[len - 1] == '\n' && text[len - 2] == '\n') {
			text[len - 2] = '\0';
			return true;
		}
	}
	return false;
}

bool
request_read(int fd, struct request *ret)
{
	char *next = ret->text;
	const char *word, *server;

	memset(ret, 0, sizeof *ret);
	if (!read_text(fd, ret->text))
		return false;
	ret->base = strsep(&next, "\n");
	word = strsep(&next, "\n");
	if (word == NULL || (strcmp(word, "0") != 0 && strcmp(word, "1") != 0))
		return false;
	ret->certificate = word[0] == '1';
	while ((server = strsep(&next, "\n")) != NULL) {
		if (ret->count == REQUEST_SERVERS_MAX || *server == '\0')
			return false;
		ret->servers[ret->count++] = server;
	}
	return ret->count > 0;
}

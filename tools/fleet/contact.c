/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/memstream.h"
#include "lib/safefile.h"
#include "tools/fleet/contact.h"

#define REFUSED "refused"
#define ENDED "ended"
#define TEXT_MAX ((CONTACT_REFUSALS_MAX + 1) * (CONTACT_SERVER_MAX + CONTACT_CODE_MAX + 64))

static bool
path_of(const struct store *s, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" CONTACT_FILE, s->dir);

	return n > 0 && n < PATH_MAX;
}

static struct contact_refusal *
refusal_of(struct contact *c, const char *server)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->refused[i].server, server) == 0)
			return &c->refused[i];
	return NULL;
}

static bool
add_refusal(struct contact *c, const char *server, const char *code, int64_t at)
{
	struct contact_refusal *refusal = refusal_of(c, server);

	if (refusal == NULL && c->count == CONTACT_REFUSALS_MAX)
		return false;
	if (refusal == NULL)
		refusal = &c->refused[c->count++];
	snprintf(refusal->server, sizeof refusal->server, "%s", server);
	snprintf(refusal->code, sizeof refusal->code, "%s", code);
	refusal->at = at;
	return true;
}

void
contact_refuse(struct contact *contact, const char *code, int64_t now)
{
	if (contact->server[0] != '\0')
		(void)add_refusal(contact, contact->server, code, now);
}

void
contact_believe(struct contact *contact)
{
	struct contact_refusal *refusal = refusal_of(contact, contact->server);

	if (refusal != NULL)
		*refusal = contact->refused[--contact->count];
}

static char *
text_of(const struct contact *c, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (f == NULL)
		return NULL;
	fprintf(f, "%s %s %" PRId64 "\n%s", c->server, c->mode, c->heard, c->ended ? ENDED "\n" : "");
	for (size_t i = 0; i < c->count; i++)
		fprintf(f, REFUSED " %s %s %" PRId64 "\n", c->refused[i].server, c->refused[i].code, c->refused[i].at);
	return memstream_close(f, &text);
}

bool
contact_write(const struct store *store, const struct contact *contact)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t len;

	text = text_of(contact, &len);
	return text != NULL && path_of(store, path) && safefile_replace(path, 0644, text, len, store->log);
}

static bool
copy_word(const char *word, char *to, size_t size)
{
	int n = word != NULL ? snprintf(to, size, "%s", word) : 0;

	return n > 0 && (size_t)n < size;
}

static bool
read_connection(char *line, struct contact *ret)
{
	return copy_word(strsep(&line, " "), ret->server, sizeof ret->server) && copy_word(strsep(&line, " "), ret->mode, sizeof ret->mode) &&
	    fleetcopy_read_number(line, &ret->heard);
}

static bool
read_refusal(char *line, int64_t now, struct contact *ret)
{
	struct contact_refusal r;

	if (strcmp(strsep(&line, " "), REFUSED) != 0 || !copy_word(strsep(&line, " "), r.server, sizeof r.server) ||
	    !copy_word(strsep(&line, " "), r.code, sizeof r.code) || !fleetcopy_read_number(line, &r.at))
		return false;
	return now - r.at > CONTACT_KEPT_S || add_refusal(ret, r.server, r.code, r.at);
}

bool
contact_read(const struct store *store, int64_t now, struct contact *ret)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX], *next, *line;
	size_t len;

	*ret = (struct contact){ .count = 0 };
	if (!path_of(store, path) || safefile_read(path, store->owner, TEXT_MAX, store->log, &text, &len) != SAFEFILE_OK)
		return false;
	next = text;
	if (!read_connection(strsep(&next, "\n"), ret))
		return false;
	while ((line = strsep(&next, "\n")) != NULL)
		if (strcmp(line, ENDED) == 0)
			ret->ended = true;
		else if (*line != '\0' && !read_refusal(line, now, ret))
			return false;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/edited.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/fetch/sources.h"
#include "tools/fetch/url.h"

void
sources_done(struct sources *s)
{
	free(s->urls);
	free(s->text);
	*s = (struct sources){ .count = 0 };
}

/* Removes blanks at both ends. */
static char *
trim(char *line)
{
	size_t len;

	while (isspace((unsigned char)*line))
		line++;
	len = strlen(line);
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	return line;
}

static bool
add_source(const struct tool *t, struct sources *s, char *line, unsigned int number)
{
	char **more;

	line = trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return true;
	if (!url_is_usable(line)) {
		tool_complain(t, _("%s:%u: not a URL"), t->conf.crl_sources, number);
		return false;
	}
	more = reallocarray(s->urls, s->count + 1, sizeof *more);
	if (more == NULL) {
		tool_complain(t, "%s", strerror(errno));
		return false;
	}
	s->urls = more;
	s->urls[s->count++] = line;
	s->exposed = s->exposed || url_has_userinfo(line);
	return true;
}

static bool
split_lines(const struct tool *t, struct sources *s, size_t len)
{
	char *rest = s->text, *line;
	unsigned int number = 0;

	if (strlen(s->text) != len) {
		tool_complain(t, _("%s: not a text"), t->conf.crl_sources);
		return false;
	}
	while ((line = strsep(&rest, "\n")) != NULL)
		if (!add_source(t, s, line, ++number))
			return false;
	return true;
}

bool
sources_read(const struct tool *t, struct sources *ret)
{
	struct sources s = { .count = 0 };
	struct stat st;
	size_t len;

	switch (safefile_read(t->conf.crl_sources, t->env.trust_owner, SOURCES_FILE_MAX, &t->log,
	    &s.text, &len)) {
	case SAFEFILE_OK:
		break;
	case SAFEFILE_ABSENT:
		*ret = s;
		return true;
	case SAFEFILE_REFUSED:
		return false;	/* already logged */
	case SAFEFILE_NO_MEMORY:
		tool_complain(t, "%s", strerror(ENOMEM));
		return false;
	}
	edited_tidy(s.text, &len);
	if (!split_lines(t, &s, len)) {
		sources_done(&s);
		return false;
	}
	/* Only root can have changed it since. */
	s.exposed = s.exposed && (stat(t->conf.crl_sources, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0);
	*ret = s;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of URLs for `jpkictl crl update`: one URL a line; empty lines, and lines that begin with '#',
 * are skipped. It belongs to root, like every file of the configuration (lib/safefile.h).
 */
#ifndef JPKI_TOOLS_FETCH_SOURCES_H
#define JPKI_TOOLS_FETCH_SOURCES_H

#include "tools/common/tool.h"

#define SOURCES_FILE_MAX 65536

struct sources {
	char *text;		/* whose lines are the URLs */
	char **urls;		/* usable ones (tools/fetch/url.h) */
	size_t count;
	bool exposed;		/* a URL has a password, and users other than root can read the file */
};

/*
 * Reads the file conf.crl_sources. Also true if the file has no URL or does not exist; false, reported, if
 * it is unsafe or unreadable, or a line is no usable URL. *ret is the caller's; release with
 * sources_done().
 */
bool sources_read(const struct tool *t, struct sources *ret) MUST_CHECK;
void sources_done(struct sources *s);

#endif

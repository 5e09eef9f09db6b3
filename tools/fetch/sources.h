/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where `jpkictl crl update` fetches from: a file with one URL a line; empty
 * lines, and what begins with '#', are skipped. It belongs to root, as every file
 * of the configuration (lib/safefile.h).
 */
#ifndef JPKI_TOOLS_FETCH_SOURCES_H
#define JPKI_TOOLS_FETCH_SOURCES_H

#include "tools/common/tool.h"

#define SOURCES_FILE_MAX 65536

struct sources {
	char *text;		/* whose lines are the URLs */
	char **urls;		/* usable ones (tools/fetch/url.h) */
	size_t count;
	bool exposed;		/* one has a password, and others than root can read the file */
};

/*
 * Reads the file conf.crl_sources. True also for one without any URL, and for no
 * file; false after a complaint (unsafe, unreadable, a line that is no usable URL). *ret is the caller's, sources_done().
 */
bool sources_read(const struct tool *t, struct sources *ret) MUST_CHECK;
void sources_done(struct sources *s);

#endif

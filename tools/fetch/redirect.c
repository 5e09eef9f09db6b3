/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "lib/cleanup.h"
#include "tools/fetch/redirect.h"

/* The parts of a URL that identify the server; release with curl_free(). */
struct place {
	char *scheme, *host, *port;
};

static void
place_done(struct place *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
}

static bool
place_of(const char *url, struct place *ret)
{
	CURLU *parts = curl_url();
	bool known = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &ret->scheme, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &ret->host, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	curl_url_cleanup(parts);
	return known;
}

bool
redirect_stays(const char *from, const char *to)
{
	_cleanup_(place_done) struct place a = { .host = NULL }, b = { .host = NULL };

	if (!place_of(from, &a) || !place_of(to, &b) || strcasecmp(a.host, b.host) != 0)
		return false;
	if (strcmp(a.scheme, b.scheme) == 0)
		return strcmp(a.port, b.port) == 0;
	return strcmp(a.scheme, "http") == 0 && strcmp(a.port, "80") == 0 &&
	    strcmp(b.scheme, "https") == 0 && strcmp(b.port, "443") == 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches one file from a server: the part of `jpkictl crl import URL` that reads untrusted input. jpkictl
 * starts it as FETCH_USER (tools/fetch/fetch.h describes the protocol).
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include <curl/curl.h>

#include "config/conf.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/log.h"
#include "lib/safefile.h"
#include "nss/crl/fault.h"
#include "tools/fetch/fetch.h"
#include "tools/fetch/filter.h"
#include "tools/fetch/redirect.h"

#define SCHEMES "http,https,ldap,ldaps"
#define REDIRECTS 3
#define SLOWEST 100		/* bytes a second: a slower server would delay the other sources */
#define PROGRESS_STEP 100000	/* bytes between two progress lines */

struct fetching {
	char url[URL_MAX];	/* userinfo is removed as soon as it has been copied */
	char *user, *password;	/* curl's; NULL */
	long patience;		/* seconds */
	uint64_t most;		/* bytes of a list */
	CURL *curl;
	uint64_t size, said;
	bool too_long;
	int write_error;	/* errno */
	struct fetch_marks known, marks;
	char proxy[CONF_PROXY_MAX], direct[CONF_NAMES_MAX];	/* as in struct conf */
};

/* Prints a line; jpkictl adds the URL. */
static void
complain(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void
to_stderr(void *ctx, int priority, const char *text)
{
	if (priority != LOG_DEBUG)
		complain(text);
}

static bool
is_ldap(const struct fetching *f)
{
	return strncasecmp(f->url, "ldap", 4) == 0;
}

static uint64_t
answer_max(const struct fetching *f)
{
	return is_ldap(f) ? FETCH_ANSWER_MAX(f->most) : f->most;
}

/* --- what curl calls ------------------------------------------------------------ */

/* The body of a redirection is not the list. */
static bool
is_redirected(CURL *c)
{
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	return status >= 300 && status < 400;
}

static size_t
on_data(char *bytes, size_t size, size_t count, void *ctx)
{
	struct fetching *f = ctx;

	f->size += size * count;
	f->too_long = f->size > answer_max(f);
	if (f->too_long)
		return 0;
	if (!is_ldap(f) && is_redirected(f->curl))
		return size * count;
	if (!safefile_write(FETCH_FD, bytes, size * count)) {
		f->write_error = errno;
		return 0;
	}
	return size * count;
}

/* The value of a header line, if it has this name and fits; otherwise ret is unchanged. */
static void
take_header(const char *line, size_t len, const char *name, char mark[static FETCH_MARK_MAX])
{
	size_t from = strlen(name);

	if (len <= from || strncasecmp(line, name, from) != 0)
		return;
	while (from < len && isspace((unsigned char)line[from]))
		from++;
	while (len > from && isspace((unsigned char)line[len - 1]))
		len--;
	if (len - from >= FETCH_MARK_MAX)
		return;
	memcpy(mark, line + from, len - from);
	mark[len - from] = '\0';
}

static size_t
on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct fetching *f = ctx;
	size_t len = size * count;

	if (len > 5 && strncmp(line, "HTTP/", 5) == 0)
		f->marks = (struct fetch_marks){ .etag = "" };	/* start again after a redirection */
	take_header(line, len, "ETag:", f->marks.etag);
	take_header(line, len, "Last-Modified:", f->marks.modified);
	return len;
}

static int
on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct fetching *f = ctx;

	if (now < 0 || (uint64_t)now < f->said + (now == total ? 1 : PROGRESS_STEP))
		return 0;
	f->said = (uint64_t)now;
	printf("progress %" PRIu64 " %" PRIu64 "\n", (uint64_t)now, total > 0 ? (uint64_t)total : 0);
	return fflush(stdout);
}

/* --- the transfer --------------------------------------------------------------- */

static void
curlp(CURL **c)
{
	curl_easy_cleanup(*c);
}

static void
slistp(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static bool
add_header(struct curl_slist **list, const char *name, const char *value)
{
	char line[FETCH_MARK_MAX + 32];
	struct curl_slist *longer;

	if (value[0] == '\0')
		return true;
	snprintf(line, sizeof line, "%s %s", name, value);
	longer = curl_slist_append(*list, line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool
set_schemes(CURL *c)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, SCHEMES) == CURLE_OK;
#else
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS |
	    CURLPROTO_LDAP | CURLPROTO_LDAPS) == CURLE_OK;
#endif
}

/* The configuration overrides the environment; libcurl takes "" as no proxy. */
static bool
set_proxy(const struct fetching *f)
{
	bool named = f->proxy[0] != '\0', none = strcmp(f->proxy, CONF_PROXY_NONE) == 0;

	return (!named || curl_easy_setopt(f->curl, CURLOPT_PROXY, none ? "" : f->proxy) == CURLE_OK) &&
	    ((!named && f->direct[0] == '\0') ||
	    curl_easy_setopt(f->curl, CURLOPT_NOPROXY, f->direct) == CURLE_OK);
}

static bool
set_options(struct fetching *f, char error[static CURL_ERROR_SIZE], struct curl_slist *headers)
{
	CURL *c = f->curl;

	return set_schemes(c) && set_proxy(f) &&
	    curl_easy_setopt(c, CURLOPT_URL, f->url) == CURLE_OK &&
	    (f->user == NULL || curl_easy_setopt(c, CURLOPT_USERNAME, f->user) == CURLE_OK) &&
	    (f->password == NULL || curl_easy_setopt(c, CURLOPT_PASSWORD, f->password) == CURLE_OK) &&
	    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_USERAGENT, "jpkictl/" PACKAGE_VERSION) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, f->patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, f->patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)answer_max(f)) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERDATA, f) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_XFERINFODATA, f) == CURLE_OK;
}

/* The variable that libcurl takes the proxy for this URL from; NULL: none. */
static const char *
proxy_variable(const char *url)
{
	static const char *const http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const others[] = { "all_proxy", "ALL_PROXY", NULL };
	const char *const *names = strncasecmp(url, "https:", 6) == 0 ? https :
	    strncasecmp(url, "http:", 5) == 0 ? http : others;

	while (*names != NULL && getenv(*names) == NULL)
		names++;
	return *names;
}

/* Name the proxy, because it answers for the server and may be the cause. */
static void
name_proxy(const struct fetching *f)
{
	const char *variable = f->proxy[0] == '\0' ? proxy_variable(f->url) : NULL;

	if (variable != NULL)
		fprintf(stderr, _("the proxy is set in the environment (%s)\n"), variable);
	else if (f->proxy[0] != '\0' && strcmp(f->proxy, CONF_PROXY_NONE) != 0)
		fprintf(stderr, _("the proxy is %s (crl_proxy in pam_jpki.conf)\n"), f->proxy);
}

/* curl's message may contain text from the server. */
static enum fetch
failed(const struct fetching *f, CURLcode code, char error[static CURL_ERROR_SIZE])
{
	bool too_long = f->too_long || code == CURLE_FILESIZE_EXCEEDED;

	log_defuse(error);
	if (too_long && f->most < CRL_SIZE_MAX)
		complain(_("larger than half of the free space on the disk"));
	else if (too_long)
		complain(_("larger than the supported maximum"));
	else if (f->write_error != 0)
		complain(strerror(f->write_error));
	else
		complain(error[0] != '\0' ? error : curl_easy_strerror(code));
	if (!too_long && f->write_error == 0)
		name_proxy(f);
	return FETCH_FAILED;
}

/* --- redirections ----------------------------------------------------------------- */

/* Whether there is a redirection to follow; *ret_refused: it was refused, reported. */
static bool
follow(struct fetching *f, unsigned int followed, bool *ret_refused)
{
	char *next = NULL, shown[URL_MAX];

	*ret_refused = false;
	if (is_ldap(f) || curl_easy_getinfo(f->curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK || next == NULL)
		return false;
	*ret_refused = true;
	url_shown(next, shown);
	if (followed == REDIRECTS)
		complain(_("too many redirections"));
	else if (!redirect_stays(f->url, next))
		fprintf(stderr, _("redirected to another host, port or protocol, which is not followed: %s\n"), shown);
	else if (strlen(next) >= sizeof f->url)
		complain(_("redirected to a URL that is too long"));
	else
		*ret_refused = false;
	if (*ret_refused)
		return false;
	snprintf(f->url, sizeof f->url, "%s", next);
	return curl_easy_setopt(f->curl, CURLOPT_URL, f->url) == CURLE_OK;
}

/* --- one URL ---------------------------------------------------------------------- */

static bool
was_asked(const struct fetching *f)
{
	return f->known.etag[0] != '\0' || f->known.modified[0] != '\0';
}

/* Judges the status of an http server's answer that is no redirection. */
static enum fetch
judge_status(const struct fetching *f)
{
	long status = 0;

	(void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (is_ldap(f) || (status >= 200 && status < 300))
		return FETCH_DONE;
	if (status == 304 && was_asked(f))
		return FETCH_UNCHANGED;
	if (status == 304)
		complain(_("the server answers \"not modified\" to an unconditional request"));
	else
		fprintf(stderr, _("the server answers with status %ld instead of a list\n"), status);
	name_proxy(f);
	return FETCH_FAILED;
}

static enum fetch
transfer(struct fetching *f)
{
	_cleanup_(curlp) CURL *c = f->curl = curl_easy_init();
	_cleanup_(slistp) struct curl_slist *headers = NULL;
	char error[CURL_ERROR_SIZE] = "";
	unsigned int followed = 0;
	bool refused;
	CURLcode code;

	if (c == NULL || !add_header(&headers, "If-None-Match:", f->known.etag) ||
	    !add_header(&headers, "If-Modified-Since:", f->known.modified) || !set_options(f, error, headers))
		return failed(f, CURLE_OUT_OF_MEMORY, error);
	do {
		code = curl_easy_perform(c);
		if (code != CURLE_OK)
			return failed(f, code, error);
	} while (follow(f, followed++, &refused));
	return refused ? FETCH_FAILED : judge_status(f);
}

static enum fetch
fetch(struct fetching *f)
{
	enum fetch result;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		complain(strerror(errno));
		return FETCH_FAILED;
	}
	result = transfer(f);
	curl_global_cleanup();
	return result;
}

/* --- the request ------------------------------------------------------------------- */

static bool
take_line(char *line, size_t size)
{
	size_t len;

	if (fgets(line, (int)size, stdin) == NULL)
		return false;
	len = strcspn(line, "\n");
	if (line[len] != '\n')
		return false;
	line[len] = '\0';
	return true;
}

static bool
take_number(uint64_t *ret)
{
	char line[32], *end;

	if (!take_line(line, sizeof line))
		return false;
	errno = 0;
	*ret = strtoull(line, &end, 10);
	return end > line && *end == '\0' && errno == 0;
}

/* So that neither an error message of curl nor a URL from a server can contain them. */
static bool
take_userinfo_out(struct fetching *f)
{
	CURLU *parts = curl_url();
	bool usable = url_is_usable(f->url);
	char url[URL_MAX];

	if (parts != NULL && usable && url_has_userinfo(f->url)) {
		usable = curl_url_set(parts, CURLUPART_URL, f->url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
		(void)curl_url_get(parts, CURLUPART_USER, &f->user, CURLU_URLDECODE);
		(void)curl_url_get(parts, CURLUPART_PASSWORD, &f->password, CURLU_URLDECODE);
	}
	curl_url_cleanup(parts);
	url_without_userinfo(f->url, url);
	memcpy(f->url, url, sizeof f->url);
	return parts != NULL && usable;
}

static bool
take_request(struct fetching *f)
{
	uint64_t patience;

	if (!take_line(f->url, sizeof f->url) || !take_number(&patience) || !take_number(&f->most) ||
	    !take_line(f->known.etag, sizeof f->known.etag) ||
	    !take_line(f->known.modified, sizeof f->known.modified) ||
	    !take_line(f->proxy, sizeof f->proxy) || !take_line(f->direct, sizeof f->direct))
		return false;
	f->patience = (long)patience;
	return patience <= INT32_MAX && f->most <= CRL_SIZE_MAX;
}

int
main(void)
{
	const struct log log = { .sink = to_stderr };
	static struct fetching f;
	enum fetch result;

	(void)setlocale(LC_ALL, "");
	i18n_bind();
	if (isatty(STDIN_FILENO) == 1 || !take_request(&f)) {
		complain(_("jpkictl starts this program"));
		return FETCH_FAILED;
	}
	if (!fetchfilter_enter("jpki_fetch", &log))
		return FETCH_FAILED;
	/* A directory may send referrals to other hosts (ldap.conf(5)). */
	if (setenv("LDAPREFERRALS", "off", 1) != 0 || !take_userinfo_out(&f)) {
		complain(_("not a URL that can be fetched"));
		return FETCH_FAILED;
	}
	result = fetch(&f);
	printf("etag %s\nmodified %s\n", f.marks.etag, f.marks.modified);
	return fflush(stdout) == 0 ? (int)result : FETCH_FAILED;
}

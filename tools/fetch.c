#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "nss/crl.h"
#include "tools/fetch.h"
#include "tools/ldif.h"

#define SCHEMES "http,https,ldap,ldaps,file"
#define REDIRECTS 3
#define MEGABYTE 1048576.0

/* In LDIF, base64 makes four characters of three octets; names and the like come on top. */
#define ANSWER_MAX (CRL_SIZE_MAX / 3 * 4 + 65536)

struct fetching {
	const struct tool *t;
	const char *url;
	int fd;
	int64_t size;
	bool show;		/* the progress */
	bool too_long;
	int write_error;	/* errno */
	struct fetch_marks marks;
};

bool
fetch_is_url(const char *text)
{
	size_t len = strcspn(text, ":/");

	return len > 0 && strncmp(text + len, "://", 3) == 0;
}

static bool
is_ldap(const char *url)
{
	return strncasecmp(url, "ldap", 4) == 0;
}

/* --- what curl calls ------------------------------------------------------------ */

static size_t
on_data(char *bytes, size_t size, size_t count, void *ctx)
{
	struct fetching *f = ctx;

	f->size += (int64_t)(size * count);
	f->too_long = f->size > (is_ldap(f->url) ? ANSWER_MAX : CRL_SIZE_MAX);
	if (f->too_long)
		return 0;
	if (!safefile_write(f->fd, bytes, size * count)) {
		f->write_error = errno;
		return 0;
	}
	return size * count;
}

/* The value of a header line, if it has this name and fits; else what was there stays. */
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
		f->marks = (struct fetch_marks){ .etag = "" };	/* after a redirection it begins anew */
	take_header(line, len, "ETag:", f->marks.etag);
	take_header(line, len, "Last-Modified:", f->marks.modified);
	return len;
}

static int
on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	const struct fetching *f = ctx;

	(void)up_total;
	(void)up;
	if (f->show && total > 0)
		fprintf(stderr, "\r  %.1f / %.1f MiB ", (double)now / MEGABYTE, (double)total / MEGABYTE);
	else if (f->show && now > 0)
		fprintf(stderr, "\r  %.1f MiB ", (double)now / MEGABYTE);
	return 0;
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
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, SCHEMES) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS |
	    CURLPROTO_LDAP | CURLPROTO_LDAPS | CURLPROTO_FILE) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS) == CURLE_OK;
#endif
}

static bool
set_options(CURL *c, struct fetching *f, char error[static CURL_ERROR_SIZE],
    struct curl_slist *headers)
{
	long patience = (long)f->t->conf.crl_timeout;

	return set_schemes(c) &&
	    curl_easy_setopt(c, CURLOPT_URL, f->url) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_USERAGENT, "jpkictl/" PACKAGE_VERSION) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)CRL_SIZE_MAX) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERDATA, f) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOPROGRESS, f->show ? 0L : 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_XFERINFODATA, f) == CURLE_OK;
}

/* What curl says comes in part from the server. */
static enum fetch
complain(const struct fetching *f, CURLcode code, char error[static CURL_ERROR_SIZE])
{
	log_defuse(error);
	if (f->too_long || code == CURLE_FILESIZE_EXCEEDED)
		tool_complain(f->t, "%s: %s", f->url, _(crl_fault_text(CRL_TOO_LARGE)));
	else if (f->write_error != 0)
		tool_complain(f->t, "%s: %s", f->url, strerror(f->write_error));
	else
		tool_complain(f->t, "%s: %s", f->url, error[0] != '\0' ? error : curl_easy_strerror(code));
	return FETCH_FAILED;
}

static enum fetch
transfer(struct fetching *f, const struct fetch_marks *known)
{
	_cleanup_(curlp) CURL *c = curl_easy_init();
	_cleanup_(slistp) struct curl_slist *headers = NULL;
	char error[CURL_ERROR_SIZE] = "";
	bool asked = known != NULL && (known->etag[0] != '\0' || known->modified[0] != '\0');
	long status = 0;
	CURLcode code;

	if (c == NULL || (asked && (!add_header(&headers, "If-None-Match:", known->etag) ||
	    !add_header(&headers, "If-Modified-Since:", known->modified))) ||
	    !set_options(c, f, error, headers))
		return complain(f, CURLE_OUT_OF_MEMORY, error);
	code = curl_easy_perform(c);
	if (f->show)
		fprintf(stderr, "\r%20s\r", "");
	if (code != CURLE_OK)
		return complain(f, code, error);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (!is_ldap(f->url) && status == 304) {
		if (asked)
			return FETCH_UNCHANGED;
		tool_complain(f->t, _("%s: the server says \"not modified\" without having been asked"), f->url);
		return FETCH_FAILED;
	}
	return FETCH_DONE;
}

static enum fetch
take_ldap_answer(const struct fetching *f, int to)
{
	switch (ldif_crl(f->fd, to)) {
	case LDIF_OK:
		return FETCH_DONE;
	case LDIF_NONE:
		tool_complain(f->t, _("%s: the directory's answer holds no CRL"), f->url);
		break;
	case LDIF_SEVERAL:
		tool_complain(f->t, _("%s: the directory's answer holds several CRLs; ask for one entry (?base)"),
		    f->url);
		break;
	case LDIF_ERROR:
		tool_complain(f->t, "%s: %s", f->url, strerror(errno));
		break;
	}
	return FETCH_FAILED;
}

enum fetch
fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known, int fd,
    struct fetch_marks *ret_marks)
{
	struct fetching f = { .t = t, .url = url, .fd = fd, .show = isatty(STDERR_FILENO) == 1 };
	_cleanup_(closep) int answer = -1;
	enum fetch result;

	if (is_ldap(url))
		f.fd = answer = tool_temporary_file(t);
	if (f.fd < 0)
		return FETCH_FAILED;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		tool_complain(t, "%s", strerror(ENOMEM));
		return FETCH_FAILED;
	}
	result = transfer(&f, known);
	curl_global_cleanup();
	if (result == FETCH_DONE && answer >= 0)
		result = take_ldap_answer(&f, fd);
	if (result == FETCH_DONE && lseek(fd, 0, SEEK_SET) != 0) {
		tool_complain(t, "%s: %s", url, strerror(errno));
		result = FETCH_FAILED;
	}
	*ret_marks = f.marks;
	return result;
}

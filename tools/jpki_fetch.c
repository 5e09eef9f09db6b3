/*
 * Fetches one file from a server: the part of `jpkictl crl import URL` that reads what
 * strangers send. jpkictl starts it as FETCH_USER (tools/fetch.h says how they talk).
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/log.h"
#include "lib/safefile.h"
#include "nss/crl.h"
#include "tools/fetch.h"
#include "tools/ldif.h"

#define SCHEMES "http,https,ldap,ldaps,file"
#define REDIRECTS 3
#define SLOWEST 100		/* octets a second: who drips keeps the other sources waiting */
#define MEGABYTE 1048576.0

/* In LDIF, base64 makes four characters of three octets; names and the like come on top. */
#define ANSWER_MAX (CRL_SIZE_MAX / 3 * INT64_C(4) + 65536)

struct fetching {
	const char *url;
	long patience;		/* seconds */
	int fd;
	int64_t size;
	bool show;		/* the progress */
	bool too_long;
	int write_error;	/* errno */
	struct fetch_marks marks;
};

static void
complain(const struct fetching *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As jpkictl complains, for a person sees no difference. */
static void
complain(const struct fetching *f, const char *format, ...)
{
	static const char caller[] = "jpkictl crl";
	va_list ap;

	fprintf(stderr, "%s: %s: ", caller, f->url);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
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
	return set_schemes(c) &&
	    curl_easy_setopt(c, CURLOPT_URL, f->url) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_USERAGENT, "jpkictl/" PACKAGE_VERSION) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, f->patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, f->patience) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
	    (curl_off_t)(is_ldap(f->url) ? ANSWER_MAX : CRL_SIZE_MAX)) == CURLE_OK &&
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
failed(const struct fetching *f, CURLcode code, char error[static CURL_ERROR_SIZE])
{
	log_defuse(error);
	if (f->too_long || code == CURLE_FILESIZE_EXCEEDED)
		complain(f, "%s", _("longer than any CRL we take"));
	else if (f->write_error != 0)
		complain(f, "%s", strerror(f->write_error));
	else
		complain(f, "%s", error[0] != '\0' ? error : curl_easy_strerror(code));
	return FETCH_FAILED;
}

static enum fetch
transfer(struct fetching *f, const struct fetch_marks *known)
{
	_cleanup_(curlp) CURL *c = curl_easy_init();
	_cleanup_(slistp) struct curl_slist *headers = NULL;
	char error[CURL_ERROR_SIZE] = "";
	bool asked = known->etag[0] != '\0' || known->modified[0] != '\0';
	long status = 0;
	CURLcode code;

	if (c == NULL || (asked && (!add_header(&headers, "If-None-Match:", known->etag) ||
	    !add_header(&headers, "If-Modified-Since:", known->modified))) ||
	    !set_options(c, f, error, headers))
		return failed(f, CURLE_OUT_OF_MEMORY, error);
	code = curl_easy_perform(c);
	if (f->show)
		fprintf(stderr, "\r%20s\r", "");
	if (code != CURLE_OK)
		return failed(f, code, error);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (!is_ldap(f->url) && status == 304) {
		if (asked)
			return FETCH_UNCHANGED;
		complain(f, "%s", _("the server says \"not modified\" without having been asked"));
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
		complain(f, "%s", _("the directory's answer holds no CRL"));
		break;
	case LDIF_SEVERAL:
		complain(f, "%s", _("the directory's answer holds several CRLs; ask for one entry (?base)"));
		break;
	case LDIF_ERROR:
		complain(f, "%s", strerror(errno));
		break;
	}
	return FETCH_FAILED;
}

/* The directory's answer lies in a file of its own until the list in it is found. */
static enum fetch
fetch(struct fetching *f, const struct fetch_marks *known)
{
	_cleanup_(closep) int answer = -1;
	enum fetch result;

	if (is_ldap(f->url))
		f->fd = answer = safefile_temporary();
	if (f->fd < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		complain(f, "%s", strerror(errno));
		return FETCH_FAILED;
	}
	result = transfer(f, known);
	curl_global_cleanup();
	return result == FETCH_DONE && answer >= 0 ? take_ldap_answer(f, FETCH_FD) : result;
}

static bool
take_mark(const char *word, char mark[static FETCH_MARK_MAX])
{
	if (strlen(word) >= FETCH_MARK_MAX)
		return false;
	memcpy(mark, word, strlen(word) + 1);
	return true;
}

int
main(int argc, char **argv)
{
	struct fetching f = { .fd = FETCH_FD, .show = isatty(STDERR_FILENO) == 1 };
	struct fetch_marks known;
	enum fetch result;

	(void)setlocale(LC_ALL, "");
	i18n_bind();
	if (argc != 5 || !take_mark(argv[3], known.etag) || !take_mark(argv[4], known.modified)) {
		fprintf(stderr, "jpki_fetch: %s\n", _("jpkictl starts this program"));
		return FETCH_FAILED;
	}
	f.url = argv[1];
	f.patience = strtol(argv[2], NULL, 10);
	result = fetch(&f, &known);
	printf("%s\n%s\n", f.marks.etag, f.marks.modified);
	return fflush(stdout) == 0 ? (int)result : FETCH_FAILED;
}

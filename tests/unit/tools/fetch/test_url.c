/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a URL that is shown never has a password, however it is written; and where a file URL leads. */
#include "config.h"

#include <string.h>

#include "tests/unit/test.h"
#include "tools/fetch/url.h"

#define SECRET "S3cret"
#define LONG_32 "0123456789abcdef0123456789abcdef"
#define LONG_512 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 \
	LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32 LONG_32

static void
shows_no_password(void **state)
{
	static const struct {
		const char *url, *shown, *without;
	} rows[] = {
		{ "http://h.example/a.crl", "http://h.example/a.crl", NULL },
		{ "http://u:S3cret@h.example/a.crl", "http://h.example/a.crl", "http://h.example/a.crl" },
		{ "HTTPS://S3cret@h:8443/", "HTTPS://h:8443/", "HTTPS://h:8443/" },
		{ "http://u:S3cret@x:S3cret@h/a@b", "http://h/a@b", "http://h/a@b" },
		{ "http://u:S3@cret@[::1]:80/", "http://[::1]:80/", "http://[::1]:80/" },
		{ "http://u:S3cret@h", "http://h", "http://h" },
		{ "http://u:S3cret@h?token=S3cret", "http://h?...", "http://h?token=S3cret" },
		{ "http://h/a?token=S3cret#S3cret", "http://h/a?...", NULL },
		{ "http://h/a#S3cret", "http://h/a", NULL },
		{ "http://h/a?b@c", "http://h/a?...", NULL },
		{ "http://h#@S3cret", "http://h", NULL },
		{ "ldap://cn=v:S3cret@d.example/cn=CRL?certificateRevocationList;binary?base",
		  "ldap://d.example/cn=CRL?certificateRevocationList;binary?base",
		  "ldap://d.example/cn=CRL?certificateRevocationList;binary?base" },
		{ "http://@h/", "http://h/", "http://h/" },
		{ "ftp://u:S3cret@h/", "ftp://h/", "ftp://h/" },
	};
	char text[URL_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(url_is(rows[i].url) && url_is_usable(rows[i].url));
		url_shown(rows[i].url, text);
		assert_string_equal(text, rows[i].shown);
		assert_null(strstr(text, SECRET));
		url_without_userinfo(rows[i].url, text);
		assert_string_equal(text, rows[i].without != NULL ? rows[i].without : rows[i].url);
		assert_int_equal(url_has_userinfo(rows[i].url), rows[i].without != NULL);
	}
}

static void
takes_none_that_others_read_otherwise(void **state)
{
	static const char *const rows[] = { "", "/a/path", "http", "http:/h", "http:u:S3cret@h", "://h", "a/b://h",
	    "http:///u:S3cret@h/", "http://", "http://?S3cret", "http://u:S3cret@/", "http://u:S3cret@",
	    "http://h/a b", "http://h/\n", "http://h/\x7f", "http://\xe8\x8a\xb1/", "http://u:S3cret\\@h/",
	    "http://h\\@S3cret/", "http://u:" LONG_512 LONG_512 LONG_512 LONG_512 "@h/" };
	char text[URL_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_false(url_is_usable(rows[i]));
		url_shown(rows[i], text);
		assert_string_equal(text, "");
	}
}

static void
longest_is_shown(void **state)
{
	char url[URL_MAX], text[URL_MAX];

	memset(url, 'a', sizeof url);
	memcpy(url, "http://", 7);
	url[sizeof url - 1] = '\0';
	assert_true(url_is_usable(url));
	url_shown(url, text);
	assert_string_equal(text, url);
	url[sizeof url - 2] = '?';
	url_shown(url, text);
	assert_int_equal(strlen(text), sizeof text - 2);
	assert_null(strchr(text, '?'));
}

static void
file_url_is_a_path_of_this_machine(void **state)
{
	static const struct {
		const char *url, *path;
	} rows[] = {
		{ "file:///srv/a.crl", "/srv/a.crl" },
		{ "FILE://localhost/srv/a.crl", "/srv/a.crl" },
		{ "file://LocalHost/a%20b%2Ec%2f", "/a b.c/" },
		{ "file:///%e8%8a%b1", "/\xe8\x8a\xb1" },
		{ "file://", NULL }, { "file://localhost", NULL }, { "file://host.example/a", NULL },
		{ "file://localhos/a", NULL }, { "file://localhost.example/a", NULL }, { "file://u@localhost/a", NULL },
		{ "file:///a%00b", NULL }, { "file:///a%", NULL }, { "file:///a%4", NULL }, { "file:///a%4g", NULL },
		{ "file:///a%g4", NULL }, { "file://?/a", NULL }, { "http://localhost/a", NULL }, { "/a", NULL },
		{ "file:///" LONG_512 LONG_512 LONG_512 LONG_512 LONG_512 LONG_512 LONG_512 LONG_512, NULL },
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(url_file_path(rows[i].url, path), rows[i].path != NULL);
		if (rows[i].path != NULL)
			assert_string_equal(path, rows[i].path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_no_password),
		cmocka_unit_test(takes_none_that_others_read_otherwise),
		cmocka_unit_test(longest_is_shown),
		cmocka_unit_test(file_url_is_a_path_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

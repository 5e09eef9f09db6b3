/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a server may send us: nowhere but to itself. */
#include "config.h"

#include "tests/unit/test.h"
#include "tools/fetch/redirect.h"

static void
stays_with_the_host(void **state)
{
	static const struct {
		const char *from, *to;
		bool stays;
	} rows[] = {
		{ "http://h.example/a", "http://h.example/b?c", true },
		{ "http://h.example/a", "http://H.Example:80/b", true },
		{ "http://h.example:8080/a", "http://h.example:8080/b", true },
		{ "https://h.example/a", "https://h.example:443/b", true },
		{ "http://h.example/a", "https://h.example/b", true },
		{ "http://[::1]/a", "http://[::1]/b", true },
		{ "http://h.example/a", "http://u:p@h.example/b", true },

		{ "http://h.example/a", "http://127.0.0.1/a", false },
		{ "http://h.example/a", "http://localhost/a", false },
		{ "http://h.example/a", "http://[::1]/a", false },
		{ "http://h.example/a", "http://other.h.example/a", false },
		{ "http://h.example/a", "http://h.example.org/a", false },
		{ "http://h.example/a", "http://h.example@127.0.0.1/a", false },
		{ "http://h.example/a", "http://h.example:8080/a", false },
		{ "http://h.example/a", "http://h.example:22/a", false },
		{ "http://h.example:8080/a", "https://h.example:8443/a", false },
		{ "http://h.example:8080/a", "https://h.example/a", false },
		{ "http://h.example/a", "https://h.example:8443/a", false },
		{ "https://h.example/a", "http://h.example/a", false },
		{ "https://h.example/a", "http://h.example:443/a", false },
		{ "http://h.example/a", "ldap://h.example/a", false },
		{ "http://h.example/a", "ftp://h.example/a", false },
		{ "http://h.example/a", "file:///etc/passwd", false },
		{ "http://h.example/a", "gopher://h.example:80/a", false },
		{ "http://h.example/a", "", false },
		{ "http://h.example/a", "/b", false },
		{ "", "", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (redirect_stays(rows[i].from, rows[i].to) != rows[i].stays)
			fail_msg("%s to %s", rows[i].from, rows[i].to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_with_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/request: the request of jpki_ldap. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "tools/ldap/request.h"

static struct request request;

static bool
read_request(const char *text, char *ret_next)
{
	int p[2];
	bool ok;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], text, strlen(text)), (ssize_t)strlen(text));
	close(p[1]);
	ok = request_read(p[0], &request);
	*ret_next = '\0';
	(void)!read(p[0], ret_next, 1);
	close(p[0]);
	return ok;
}

static void
only_whole_requests_are_read(void **state)
{
	static const char *const bad[] = { "", "\n", "\n\n", "ou=x\n", "ou=x\n1\n", "ou=x\n2\nldap://a\n\n", "ou=x\n\nldap://a\n\n",
		"ou=x\n1\n\n", "ou=x\n1\nldap://a\n", "ou=x\n10\nldap://a\n\n" };
	char text[REQUEST_TEXT_MAX + 64] = "ou=x\n0\n", next;

	/* The byte after it is a command, and is left. */
	assert_true(read_request("ou=jpki,dc=x\n1\nldaps://a\nldap://b:390\n\nn", &next));
	assert_string_equal(request.base, "ou=jpki,dc=x");
	assert_true(request.certificate);
	assert_int_equal(request.count, 2);
	assert_string_equal(request.servers[0], "ldaps://a");
	assert_string_equal(request.servers[1], "ldap://b:390");
	assert_int_equal(next, 'n');
	for (size_t i = 0; i < COUNT(bad); i++)
		if (read_request(bad[i], &next))
			fail_msg("taken: %s", bad[i]);
	for (size_t i = 0; i < REQUEST_SERVERS_MAX; i++)
		strcat(text, "ldap://a\n");
	strcat(text, "\n");
	assert_true(read_request(text, &next));
	text[strlen(text) - 1] = '\0';
	strcat(text, "ldap://a\n\n");
	assert_false(read_request(text, &next));
	memset(text, 'a', sizeof text - 1);
	assert_false(read_request(text, &next));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_requests_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

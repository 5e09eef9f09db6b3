/* pam/guard: who is at the machine, by what the applications set (doc/facts/consumers.md §2.3). */
#include "config.h"

#include "pam/guard.h"
#include "tests/unit/test.h"

static void
place_is(const struct guard_facts *facts, size_t count, enum place place)
{
	for (size_t i = 0; i < count; i++)
		if (guard_place(&facts[i]) != place)
			fail_msg("row %zu", i);
}

static void
local_logins(void **state)
{
	static const struct guard_facts facts[] = {
		{ "login", "/dev/tty1", "", NULL },
		{ "login", "tty1", NULL, NULL },
		{ "i3lock", ":0", NULL, NULL },
		{ "i3lock", ":0.0", NULL, NULL },
		{ "xsecurelock", ":0", "localhost", NULL },
		{ "gdm-password", "/dev/tty1", "", NULL },
	};

	place_is(facts, COUNT(facts), PLACE_LOCAL);
}

/* The helper asks the system. */
static void
undecided_logins(void **state)
{
	static const struct guard_facts facts[] = {
		{ NULL, NULL, NULL, NULL },
		{ "", "", "", "" },
		{ "sudo", "/dev/pts/0", NULL, NULL },
		{ "login", "/dev/ttyS0", NULL, NULL },
		{ "login", "/dev/tty", NULL, NULL },
		{ "xsecurelock", NULL, "LocalHost", NULL },
		{ "polkit-1", NULL, NULL, NULL },
		{ "ssh-like", NULL, NULL, NULL },
	};

	place_is(facts, COUNT(facts), PLACE_UNDECIDED);
}

static void
remote_logins(void **state)
{
	static const struct guard_facts facts[] = {
		{ "sshd", NULL, NULL, NULL },
		{ "sshd", "ssh", "192.0.2.7", NULL },
		{ "sshd-session", NULL, NULL, NULL },
		{ "other", "ssh", NULL, NULL },
		{ "login", "/dev/pts/3", "host.example", NULL },
		{ "login", NULL, "192.0.2.7", NULL },
		{ "login", NULL, "2001:db8::7", NULL },
		{ "login", NULL, "localhost.attacker.example", NULL },
		{ "login", NULL, " ", NULL },
		{ "gdm-password", NULL, "0.0.0.0", NULL },
		{ "su", "/dev/pts/3", NULL, "192.0.2.7 5 192.0.2.1 22" },
		{ "i3lock", "localhost:10.0", NULL, NULL },
		{ "i3lock", "host:0", NULL, NULL },
	};

	place_is(facts, COUNT(facts), PLACE_REMOTE);
}

static void
sshd_says_so_twice(void **state)
{
	static const struct guard_facts others[] = {
		{ "sshd", NULL, NULL, NULL },
		{ "sshd", "/dev/pts/1", "192.0.2.7", NULL },
		{ "sudo", "ssh", "192.0.2.7", NULL },
		{ "ssh", "ssh", "192.0.2.7", NULL },
		{ NULL, "ssh", NULL, "192.0.2.7 5 192.0.2.1 22" },
		{ "sshd", "ssh2", NULL, NULL },
	};

	assert_true(guard_is_sshd(&(struct guard_facts){ "sshd", "ssh", NULL, NULL }));
	assert_true(guard_is_sshd(&(struct guard_facts){ "sshd-session", "ssh", "192.0.2.7", NULL }));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(guard_is_sshd(&others[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(local_logins),
		cmocka_unit_test(undecided_logins),
		cmocka_unit_test(remote_logins),
		cmocka_unit_test(sshd_says_so_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pam/guard: who is at the machine, by what the applications set (facts/consumers.md §2.3). */
#include "config.h"

#include <string.h>
#include <utmpx.h>

#include "pam/guard.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* The file that getutxline() reads: an own one. */
static void
use_utmp(const struct utmpx *entries, size_t count)
{
	assert_int_equal(utmpxname(scratch_file("utmp", entries, count * sizeof entries[0])), 0);
}

static void
local_logins(void **state)
{
	static const struct guard_facts facts[] = {
		{ NULL, NULL, NULL, NULL },
		{ "", "", "", "" },
		{ "login", "/dev/tty1", "", NULL },
		{ "login", "tty1", NULL, NULL },
		{ "sudo", "/dev/pts/0", NULL, NULL },
		{ "i3lock", ":0", NULL, NULL },
		{ "i3lock", ":0.0", NULL, NULL },
		{ "xsecurelock", ":0", "localhost", NULL },
		{ "xsecurelock", NULL, "LocalHost", NULL },
		{ "gdm-password", "/dev/tty1", "", NULL },
		{ "polkit-1", NULL, NULL, NULL },
		{ "ssh-like", NULL, NULL, NULL },
	};

	use_utmp(NULL, 0);
	for (size_t i = 0; i < COUNT(facts); i++)
		if (guard_is_remote(&facts[i]))
			fail_msg("row %zu counts as remote", i);
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

	use_utmp(NULL, 0);
	for (size_t i = 0; i < COUNT(facts); i++)
		if (!guard_is_remote(&facts[i]))
			fail_msg("row %zu counts as local", i);
}

static struct utmpx
entry(short type, const char *line, const char *host)
{
	struct utmpx u;

	memset(&u, 0, sizeof u);
	u.ut_type = type;
	strncpy(u.ut_line, line, sizeof u.ut_line - 1);
	strncpy(u.ut_host, host, sizeof u.ut_host - 1);
	return u;
}

/* sudo on a terminal that somebody opened from elsewhere. */
static void
terminal_is_looked_up(void **state)
{
	const struct utmpx entries[] = {
		entry(USER_PROCESS, "tty1", ""),
		entry(USER_PROCESS, "pts/1", "192.0.2.7"),
		entry(USER_PROCESS, "pts/2", ":0"),
		entry(USER_PROCESS, "pts/3", "tmux(4711).%0"),
		entry(DEAD_PROCESS, "pts/4", "192.0.2.7"),
	};
	const struct {
		const char *tty;
		bool remote;
	} cases[] = {
		{ "/dev/tty1", false }, { "tty1", false },
		{ "/dev/pts/1", true }, { "pts/1", true },
		{ "/dev/pts/2", false },
		{ "/dev/pts/3", true },		/* who knows from where: remote */
		{ "/dev/pts/4", false },
		{ "/dev/pts/10", false }, { "/dev/pts/", false }, { "/dev/", false },
		{ "/dev/a-terminal-with-a-name-longer-than-utmp-has-room-for", false },
	};

	use_utmp(entries, COUNT(entries));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct guard_facts f = { .service = "sudo", .tty = cases[i].tty };

		if (guard_is_remote(&f) != cases[i].remote)
			fail_msg("%s", cases[i].tty);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(local_logins),
		cmocka_unit_test(remote_logins),
		cmocka_unit_test(terminal_is_looked_up),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

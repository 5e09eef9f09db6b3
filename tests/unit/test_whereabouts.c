/* helper/whereabouts: whose session and terminal it is, by logind and utmp. */
#include "config.h"

#include <string.h>
#include <utmpx.h>

#include "helper/whereabouts.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* The file that getutxline() reads: an own one. */
static void
use_utmp(const struct utmpx *entries, size_t count)
{
	assert_int_equal(utmpxname(scratch_file("utmp", entries, count * sizeof entries[0])), 0);
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

static void
terminal_is_looked_up(void **state)
{
	const struct utmpx entries[] = {
		entry(USER_PROCESS, "tty1", ""),
		entry(USER_PROCESS, "pts/1", "192.0.2.7"),
		entry(USER_PROCESS, "pts/2", ":0"),
		entry(USER_PROCESS, "pts/3", "tmux(4711).%0"),
		entry(DEAD_PROCESS, "pts/4", "192.0.2.7"),
		entry(USER_PROCESS, "pts/5", ":pts/1:S.0"),
		entry(USER_PROCESS, "pts/6", ":"),
		entry(USER_PROCESS, "pts/7", "a-host-name-that-fills-all-of-the-room-that-utmp-has-for-host-names-and-"
		    "then-some-more-which-is-cut-off-at-the-two-hundred-and-fifty-sixth-byte-so-that-no-NUL-ends-it."
		    "and-so-it-goes-on-and-on-until-all-of-its-bytes-are-used-up-and-nothing-is-left-for-a-NUL"),
	};
	const struct {
		const char *tty;
		enum place place;
	} cases[] = {
		{ "/dev/tty1", PLACE_LOCAL }, { "tty1", PLACE_LOCAL },
		{ "/dev/pts/1", PLACE_REMOTE }, { "pts/1", PLACE_REMOTE },
		{ "/dev/pts/2", PLACE_LOCAL },
		{ "/dev/pts/3", PLACE_UNDECIDED },	/* who knows from where */
		{ "/dev/pts/4", PLACE_UNDECIDED },
		{ "/dev/pts/5", PLACE_UNDECIDED }, { "/dev/pts/6", PLACE_UNDECIDED },
		{ "/dev/pts/7", PLACE_REMOTE },
		{ "/dev/pts/10", PLACE_UNDECIDED }, { "/dev/pts/", PLACE_UNDECIDED },
		{ "/dev/", PLACE_UNDECIDED }, { "", PLACE_UNDECIDED },
		{ "/dev/a-terminal-with-a-name-longer-than-utmp-has-room-for", PLACE_UNDECIDED },
	};

	use_utmp(entries, COUNT(entries));
	for (size_t i = 0; i < COUNT(cases); i++)
		if (whereabouts_by_utmp(cases[i].tty) != cases[i].place)
			fail_msg("%s", cases[i].tty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_is_looked_up),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

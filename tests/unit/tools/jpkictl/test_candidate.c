/* SPDX-License-Identifier: BSD-2-Clause */
/* Which authority on a card becomes trusted, by what is known of it and what the person answers at a terminal. */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/safefile.h"
#include "tests/unit/test.h"
#include "tools/fetch/fetch.h"
#include "tools/jpkictl/candidate.h"
#include "tools/jpkictl/fingerprints.h"

#define F "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define G "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define AT "https://j.example/authca99.cer"
#define CERT "the bytes of a certificate"

/* What the list says of F, and what the server has; fetches are counted. */
static struct fingerprint_known listed;
static const char *served;	/* NULL: it cannot be fetched */
static unsigned int fetches, complaints;
static int terminal = -1;	/* where a person would sit; its other end is standard input */

enum fingerprint
fingerprint_find(const struct tool *t, const char *fingerprint, struct fingerprint_known *ret)
{
	*ret = listed;
	return ret->grade;
}

enum fetch
fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known, int fd, struct fetch_marks *ret_marks)
{
	assert_string_equal(url, AT);
	fetches++;
	if (served == NULL)
		return FETCH_FAILED;
	assert_true(safefile_write(fd, served, strlen(served)));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return FETCH_DONE;
}

int
tool_temporary_file(const struct tool *t)
{
	char path[] = "/tmp/candidate.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

void
tool_complain(const struct tool *t, const char *format, ...)
{
	complaints++;
}

/* A terminal for standard input, without echo and line editing that would get in the way. */
static int
open_terminal(void **state)
{
	struct termios raw;
	int other;

	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
		return -1;
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	if (other < 0 || tcgetattr(other, &raw) != 0)
		return -1;
	raw.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(other, TCSANOW, &raw) != 0 || dup2(other, STDIN_FILENO) < 0)
		return -1;
	return setvbuf(stdin, NULL, _IONBF, 0);
}

struct row {
	enum fingerprint grade;
	const char *typed;	/* a line; NULL: nothing, and standard input is no terminal */
	const char *accepted, *served;
	bool yes, no_address;
	int status;
	unsigned int fetches;
};

static const struct row rows[] = {
	{ FINGERPRINT_PUBLISHED, NULL, NULL, NULL, false, false, TOOL_OK, 0 },
	{ FINGERPRINT_PUBLISHED, NULL, G, NULL, true, false, TOOL_FAILED, 0 },
	{ FINGERPRINT_BROKEN, "y", F, CERT, true, false, TOOL_FAILED, 0 },
	{ FINGERPRINT_NOT, NULL, F, NULL, false, false, TOOL_OK, 0 },
	{ FINGERPRINT_NOT, NULL, G, NULL, false, false, TOOL_FAILED, 0 },
	{ FINGERPRINT_NOT, "y", NULL, CERT, true, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_UNCONFIRMED, NULL, F, NULL, false, false, TOOL_OK, 0 },
	{ FINGERPRINT_UNCONFIRMED, NULL, G, CERT, true, false, TOOL_FAILED, 0 },
	{ FINGERPRINT_CORROBORATED, NULL, G, CERT, true, false, TOOL_FAILED, 0 },
	/* yes or no */
	{ FINGERPRINT_CORROBORATED, "y", NULL, NULL, false, false, TOOL_OK, 0 },
	{ FINGERPRINT_CORROBORATED, "n", NULL, NULL, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_CORROBORATED, "", NULL, NULL, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_CORROBORATED, "perhaps", NULL, NULL, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_CORROBORATED, "\004", NULL, NULL, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_CORROBORATED, NULL, NULL, CERT, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_CORROBORATED, NULL, NULL, NULL, true, false, TOOL_OK, 0 },
	/* compared with the publication */
	{ FINGERPRINT_UNCONFIRMED, "", NULL, CERT, false, false, TOOL_OK, 1 },
	{ FINGERPRINT_UNCONFIRMED, "n", NULL, CERT, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_UNCONFIRMED, "\004", NULL, CERT, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, CERT, false, false, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, CERT, true, false, TOOL_OK, 1 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, CERT, true, true, TOOL_UNPROVEN, 0 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, NULL, true, false, TOOL_UNPROVEN, 1 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, "the bytes of a certificatE", true, false, TOOL_FAILED, 1 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, CERT "\n", true, false, TOOL_FAILED, 1 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, "the bytes", true, false, TOOL_FAILED, 1 },
	{ FINGERPRINT_UNCONFIRMED, NULL, NULL, "", true, false, TOOL_FAILED, 1 },
};

static int
judge(const struct row *row)
{
	struct candidate c = { .der = { (const uint8_t *)CERT, strlen(CERT) }, .fingerprint = F,
		.accepted = row->accepted, .yes = row->yes };
	static const struct tool t = { .command = "trust" };
	int before = -1, status;

	if (row->typed == NULL) {
		int null = open("/dev/null", O_RDONLY);

		before = dup(STDIN_FILENO);
		assert_true(null >= 0 && before >= 0 && dup2(null, STDIN_FILENO) >= 0);
		close(null);
	} else {
		assert_true(safefile_write(terminal, row->typed, strlen(row->typed)));
		if (row->typed[0] != '\004')
			assert_true(safefile_write(terminal, "\n", 1));
	}
	status = candidate_judge(&t, &c);
	if (before >= 0) {
		assert_true(dup2(before, STDIN_FILENO) >= 0);
		close(before);
	}
	clearerr(stdin);
	(void)tcflush(STDIN_FILENO, TCIFLUSH);	/* an answer to what was not asked */
	return status;
}

static void
test_each_answer_at_the_prompt(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		int status;

		listed = (struct fingerprint_known){ .grade = row->grade, .name = "authca99", .count = 2,
			.source = { "https://one.example/a", "https://two.example/b" } };
		if (!row->no_address)
			snprintf(listed.published_at, sizeof listed.published_at, "%s", AT);
		served = row->served;
		fetches = 0;
		complaints = 0;
		status = judge(row);
		if (status != row->status || fetches != row->fetches)
			fail_msg("row %zu: status %d, fetched %u times", i, status, fetches);
		if (status == TOOL_UNPROVEN)
			assert_int_equal(complaints, 1);	/* with the remedy */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_answer_at_the_prompt),
	};

	return cmocka_run_group_tests(tests, open_terminal, NULL);
}

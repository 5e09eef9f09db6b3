/* SPDX-License-Identifier: BSD-2-Clause */
/* What a directory answers, as libcurl writes it down; a stranger chose every octet. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/fetch/ldif.h"

#define DN "DN: cn=CRLDP,o=JPKI,c=JP\n"
#define NAME "\tcertificateRevocationList;binary:"
#define BEGIN "-----BEGIN X509 CRL-----\n"
#define END "\n-----END X509 CRL-----\n"
#define TEN "0123456789"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "abcd"
#define LONG TEN TEN TEN TEN TEN TEN TEN

static enum ldif
take(const char *text, size_t len, const char **ret_path)
{
	int from = open(scratch_file("in", text, len), O_RDONLY);
	int to = open(scratch_text("out", ""), O_RDWR | O_TRUNC);
	enum ldif result;

	assert_true(from >= 0 && to >= 0);
	assert_int_equal(lseek(from, 0, SEEK_END), len);	/* where curl left it */
	result = ldif_crl(from, to);
	close(from);
	close(to);
	*ret_path = scratch_path("out");
	return result;
}

static void
takes_the_value(void **state)
{
	static const struct {
		const char *text, *pem;
	} rows[] = {
		{ DN NAME ": QUJD\n\n", BEGIN "QUJD" END },
		{ DN NAME ":QUJD\n", BEGIN "QUJD" END },
		{ DN NAME ":: QUJD\n", BEGIN ":QUJD" END },	/* no base64: the import says so */
		{ DN NAME ": QUJD", BEGIN "QUJD" END },		/* the end of the file ends a line */
		{ DN NAME ": " SIXTY_FOUR "xyz\n", BEGIN SIXTY_FOUR "\nxyz" END },
		{ DN "\tauthorityRevocationList: : QUJD\n\tauthorityRevocationList;binary:: WFla\n",
		  BEGIN "WFla" END },
		{ DN "\tCERTIFICATErevocationLIST;BINARY:: QUJD\n", BEGIN "QUJD" END },
		{ DN "\tcertificateRevocationList:: QUJD\n", BEGIN "QUJD" END },
		{ DN "\tcn: CRLDP\n\tobjectClass: top\n" NAME ": QUJD\n", BEGIN "QUJD" END },
		{ DN NAME ": QU JD\n", BEGIN "QUJD" END },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path;

		if (take(rows[i].text, strlen(rows[i].text), &path) != LDIF_OK ||
		    !scratch_holds(path, rows[i].pem))
			fail_msg("row %zu", i);
	}
}

static void
has_none(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
#define ROW(text) { (text), sizeof (text) - 1 }
		ROW(""), ROW("\n\n\n"), ROW(DN), ROW("\t"), ROW("\t:"), ROW("\t::"), ROW(NAME), ROW(NAME "\n"),
		ROW(DN NAME " QUJD\n"),			/* a text, not base64 */
		ROW(DN "certificateRevocationList;binary:: QUJD\n"),	/* not behind a TAB */
		ROW(DN "\tcertificateRevocationList;lang-ja:: QUJD\n"),
		ROW(DN "\tcertificateRevocationLists:: QUJD\n"),
		ROW(DN "\tcertificateRevocation:: QUJD\n"),
		ROW(DN "\tuserCertificate;binary:: QUJD\n"),
		ROW(DN "\tcertificateRevocationList\0;binary:: QUJD\n"),
		ROW(DN "\tcertificateRevocationList;binary\0" ":: QUJD\n"),
		ROW(DN "\t" LONG LONG "certificateRevocationList;binary:: QUJD\n"),
		ROW(DN "\tcertificateRevocationList;binary" LONG LONG ":: QUJD\n"),
		ROW("DN: \\09certificateRevocationList;binary:: QUJD\n"),
		ROW("\0\0\0\0"), ROW("0\202\001\000"),
#undef ROW
	};
	const char *path;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (take(rows[i].text, rows[i].len, &path) != LDIF_NONE || !scratch_holds(path, ""))
			fail_msg("row %zu", i);
}

static void
has_several(void **state)
{
	static const char *const rows[] = {
		DN NAME ": QUJD\n" NAME ": WFla\n",
		DN NAME ": QUJD\n\n" DN NAME ": QUJD\n",
		DN NAME ": QUJD\n\tauthorityRevocationList;binary:: WFla\n",
	};
	const char *path;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (take(rows[i], strlen(rows[i]), &path) != LDIF_SEVERAL)
			fail_msg("row %zu", i);
}

static void
tells_of_errors(void **state)
{
	int in = open(scratch_text("in", DN NAME ": QUJD\n"), O_RDONLY);
	int full = open("/dev/full", O_WRONLY), out = open(scratch_text("out", ""), O_RDWR);

	assert_int_equal(ldif_crl(-1, out), LDIF_ERROR);
	assert_int_equal(ldif_crl(in, -1), LDIF_ERROR);
	if (full >= 0) {
		errno = 0;
		assert_int_equal(ldif_crl(in, full), LDIF_ERROR);
		assert_int_equal(errno, ENOSPC);
		close(full);
	}
	close(in);
	close(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_value),
		cmocka_unit_test(has_none),
		cmocka_unit_test(has_several),
		cmocka_unit_test(tells_of_errors),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet: what comes of a directory's entries, with real certificates and files. A false directory
 * says what it likes here.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "tools/fleet/journal.h"
#include "tools/fleet/judge.h"
#include "tools/fleet/ldif.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_HASH "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DAY "202611290300"
#define T0 1795921200		/* DAY "00Z" */

static char said[8192];		/* all that was logged since the last refresh */
static struct judgement last;

static void
listen(void *ctx, int priority, const char *text)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof said - len, "%s\n", text);
}

/* --- a directory ------------------------------------------------------------------------- */

static char ldif[32 << 20];

static void
begin(void)
{
	snprintf(ldif, sizeof ldif, "dn: ou=jpki,dc=example\nobjectClass: organizationalUnit\nou: jpki\n\n");
}

static void
add(const char *text)
{
	size_t len = strlen(ldif);

	assert_true(len + strlen(text) < sizeof ldif);
	memcpy(ldif + len, text, strlen(text) + 1);
}

/* "userCertificate;binary:: …" of a leaf, folded as ldapsearch(1) folds. */
static void
add_certificate(const struct kit *k, const char *leaf)
{
	char path[PATH_MAX], line[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.crt", k->pki, leaf);
	f = fopen(path, "re");
	assert_non_null(f);
	add("userCertificate;binary::\n ");
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "-----", 5) != 0) {
			line[strcspn(line, "\n")] = '\0';
			add(line);
			add("\n ");
		}
	fclose(f);
	ldif[strlen(ldif) - 1] = '\0';
}

/* stamp: two digits of seconds. */
static void
add_user(const struct kit *k, const char *user, const char *stamp, const char *leaf, const char *another)
{
	char text[2048];

	snprintf(text, sizeof text, "dn: uid=%s,ou=enrolments,ou=jpki,dc=example\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\n"
	    "createTimestamp: 20260101000000Z\nmodifyTimestamp: " DAY "%sZ\nentryCSN: " DAY "%s.000000Z#000000#001#000000\n",
	    user, user, stamp, stamp);
	add(text);
	add_certificate(k, leaf);
	if (another != NULL)
		add_certificate(k, another);
	add("\n");
}

/* As jpki_ldap writes it; stamp: two digits of seconds, or NULL. */
static void
add_removal(const char *user, const char *stamp)
{
	char text[512];

	snprintf(text, sizeof text, "dn: removed\njpkiRemoved: %s\n", user);
	add(text);
	if (stamp != NULL) {
		snprintf(text, sizeof text, "entryCSN: " DAY "%s.000000Z#000000#001#000000\n", stamp);
		add(text);
	}
	add("\n");
}

static void
add_word(const char *name, const char *stamp, const char *words)
{
	char text[512];

	snprintf(text, sizeof text, "dn: cn=%s,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: %s\ndescription: %s\n"
	    "entryCSN: " DAY "%s.000000Z#000000#001#000000\n\n", name, name, words, stamp);
	add(text);
}

static void
add_state(long generation, long time, long enrolled)
{
	char text[512];

	snprintf(text, sizeof text, "dn: cn=state,ou=jpki,dc=example\nobjectClass: applicationProcess\ncn: state\n"
	    "description: generation=%ld time=%ld enrolled=%ld blocked=0\n\n", generation, time, enrolled);
	add(text);
}

/* --- one refresh --------------------------------------------------------------------------- */

static enum judge_answer answer;	/* what `ldif` is */
static int64_t there;		/* of JUDGE_CHANGES */

/* The files on disk and the memory say the same. */
static void
same_on_disk(const struct store *store, const struct memory *memory)
{
	_cleanup_(store_memory_done) struct store_memory files;
	_cleanup_(memory_done) struct memory read = { .head.has_source = false };
	_cleanup_(freep) char *expected = NULL, *found = NULL;
	size_t len;

	assert_true(store_read_memory(store, &files) && store_understand(&files, &read));
	expected = memory_write(memory, 1, &len);
	found = memory_write(&read, 1, &len);
	assert_true(expected != NULL && found != NULL);
	assert_string_equal(found, expected);
}

/* Judges and writes, as jpkictl does it in two processes. */
static enum judge_end
refresh_accepting(struct kit *k, bool accept)
{
	_cleanup_(memory_done) struct memory memory = { .head.has_source = false };
	_cleanup_(store_memory_done) struct store_memory before;
	_cleanup_(store_change_done) struct store_change change = { .text = NULL };
	_cleanup_(closep) int lock = -1;
	struct store store = store_of(&k->env);
	struct judge_source source = { .ldif = fmemopen(ldif, strlen(ldif), "r"), .plan = tmpfile(), .accept = accept,
		.answer = answer, .there = there };

	said[0] = '\0';
	assert_non_null(source.ldif);
	assert_non_null(source.plan);
	assert_true(store_open(&store, &lock));
	assert_true(store_read_memory(&store, &before));
	assert_true(store_understand(&before, &memory));
	judge_refresh(&k->env, &source, &memory, &last);
	assert_true(store_make_change(&before, &memory, &change));
	if (last.end != JUDGE_FAILED) {
		if (!store_write(&store, source.plan, &before, &change))
			fail_msg("%s", said);
		same_on_disk(&store, &memory);
		if (last.whole) {
			struct fleetcopy_state state = { .time = last.source.time, .generation = last.source.generation,
				.enrolled = last.source.enrolled, .blocked = last.source.blocked };

			assert_true(store_write_state(&store, &state));
		}
	}
	fclose(source.ldif);
	fclose(source.plan);
	return last.end;
}

static enum judge_end
refresh(struct kit *k)
{
	return refresh_accepting(k, false);
}

/* What the directory said since, while it has that many registrations. */
static enum judge_end
changed(struct kit *k, int64_t registrations)
{
	enum judge_end end;

	answer = JUDGE_CHANGES;
	there = registrations;
	end = refresh_accepting(k, false);
	answer = JUDGE_WHOLE;
	return end;
}

static bool
has(const struct kit *k, const char *user)
{
	char dir[PATH_MAX];

	fleetcopy_users_dir(&k->conf, dir);
	return userfile_exists(dir, user);
}

static size_t
certificates(const struct kit *k, const char *user)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct outcome o = usercerts_load(&k->env, user, &e);

	return outcome_ok(&o) ? e.count : 0;
}

static bool
blocked(const struct kit *k, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/blocked/%s", k->conf.fleet_dir, name);
	return access(path, F_OK) == 0;
}

static int64_t
state_time(const struct kit *k)
{
	struct fleetcopy copy;

	fleetcopy_open(&k->conf, geteuid(), k->wall_s, &k->log, &copy);
	fleetcopy_close(&copy);
	return copy.condition == FLEETCOPY_FRESH ? copy.state.time : -1;
}

/* Three users, generation 7. */
static void
usual(struct kit *k)
{
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "00", "other-person", "ec256");
	add_user(k, "jiro", "00", "ec384", NULL);
	add_state(7, T0, 3);
}

static void
usual_copy(struct kit *k)
{
	usual(k);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
}

/* --- the plain way -------------------------------------------------------------------------- */

static void
first_fill(void **state)
{
	struct kit *k = *state;

	usual(k);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_int_equal(last.registered, 3);
	assert_int_equal(last.changed, 3);
	assert_int_equal(certificates(k, "hanako"), 1);
	assert_int_equal(certificates(k, "taro"), 2);
	assert_int_equal(state_time(k), T0);
	assert_string_equal(said, "");
	usual(k);
	assert_int_equal(refresh(k), JUDGE_TAKEN);	/* the same again writes no registration */
	assert_int_equal(last.changed, 0);
	assert_int_equal(certificates(k, "taro"), 2);
}

static void
users_come_and_go_with_their_entries(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "10", "ec384", NULL);	/* a new card */
	add_user(k, "taro", "10", "other-person", NULL);
	add_user(k, "saburo", "10", "good", NULL);
	add_state(8, T0 + 60, 3);
	assert_int_equal(refresh(k), JUDGE_TAKEN);	/* jiro has left */
	assert_int_equal(last.removed, 1);
	assert_false(has(k, "jiro"));
	assert_int_equal(certificates(k, "taro"), 1);
	assert_true(has(k, "saburo"));
	assert_int_equal(state_time(k), T0 + 60);
}

/* A registration that was lost here comes back, since the directory still has it. */
static void
damage_is_repaired(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	usual_copy(k);
	snprintf(path, sizeof path, "%.3000s/users/hanako.pem", k->conf.fleet_dir);
	assert_int_equal(unlink(path), 0);
	usual(k);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_int_equal(last.changed, 1);
	assert_int_equal(certificates(k, "hanako"), 1);
}

/* --- deny ------------------------------------------------------------------------------------ */

static void
blocks_and_lifts(void **state)
{
	struct kit *k = *state;

	usual(k);
	add_word(HASH, "00", "block lost in the tram");
	add_word(HASH "-06f1a2b3", "00", "whatever it says is a block");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_int_equal(last.blocked, 2);
	assert_true(blocked(k, HASH) && blocked(k, HASH "-06f1a2b3"));
	usual(k);				/* the entries were deleted */
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, HASH) && blocked(k, HASH "-06f1a2b3"));
	usual(k);
	add_word(HASH, "00", "lift");		/* of the same moment */
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, HASH));
	usual(k);
	add_word(HASH, "01", "lifted");		/* not the word */
	(void)refresh(k);
	assert_true(blocked(k, HASH));
	usual(k);
	add_word(HASH, "02", "lift found again");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_false(blocked(k, HASH));
	assert_true(blocked(k, HASH "-06f1a2b3"));
	usual(k);
	add_word(HASH, "00", "block lost in the tram");	/* yesterday's backup */
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_false(blocked(k, HASH));
	usual(k);
	add_word(HASH, "03", "block lost again");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, HASH));
}

/* "lift" beside a second name or a second word lifts nothing, and a second name does not hide a block. */
static void
names_beside_a_block(void **state)
{
	struct kit *k = *state;

	usual(k);
	add_word(HASH "\ncn: " HASH "-06f1a2b3", "00", "block lost");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_int_equal(last.refused, 0);
	assert_true(blocked(k, HASH) && blocked(k, HASH "-06f1a2b3"));
	usual(k);
	add_word(HASH "\ncn: " HASH "-06f1a2b3", "01", "lift");
	add_word(HASH "\ncn: x", "02", "lift");
	add_word(HASH, "03", "lift\ndescription: block");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, HASH) && blocked(k, HASH "-06f1a2b3"));
	usual(k);
	add_word("x", "04", "block");
	(void)refresh(k);
	assert_int_equal(last.refused, 1);
}

/* Blocks are taken from whatever comes. */
static void
blocks_of_a_bad_directory(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_word(HASH, "00", "block");
	assert_int_equal(refresh(k), JUDGE_NO_SOURCE);
	assert_true(blocked(k, HASH));
	begin();
	add_word(HASH "-01", "00", "block");
	add_state(6, T0 - 60, 0);
	assert_int_equal(refresh(k), JUDGE_BEHIND);
	assert_true(blocked(k, HASH "-01"));
	begin();
	add_word(HASH "-02", "00", "block");
	add("dn: x\nnonsense\n");
	assert_int_equal(refresh(k), JUDGE_UNREADABLE);
	assert_true(blocked(k, HASH "-02"));
	assert_true(has(k, "hanako") && has(k, "taro") && has(k, "jiro"));
	assert_int_equal(state_time(k), T0);
}

/* --- absence ---------------------------------------------------------------------------------- */

static void
a_short_answer_removes_nothing(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_state(8, T0 + 60, 3);			/* it says three */
	assert_int_equal(refresh(k), JUDGE_HELD);
	assert_int_equal(last.held, 2);
	assert_true(has(k, "taro") && has(k, "jiro"));
	assert_int_equal(state_time(k), T0);		/* it is not of now */
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_state(9, T0 + 120, 1);
	add("search: 2\nresult: 4 Size limit exceeded\n\n");
	assert_int_equal(refresh(k), JUDGE_HELD);
	assert_true(has(k, "taro") && has(k, "jiro"));
	assert_int_equal(refresh_accepting(k, true), JUDGE_HELD);	/* not even with a look */
	assert_true(has(k, "taro") && has(k, "jiro"));
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "goro", "00", "ec256", NULL);	/* good entries are taken meanwhile */
	add_state(10, T0 + 180, 3);
	assert_int_equal(refresh(k), JUDGE_HELD);
	assert_true(has(k, "goro") && has(k, "taro"));
	assert_int_equal(refresh_accepting(k, true), JUDGE_TAKEN);
	assert_false(has(k, "taro") || has(k, "jiro"));
	assert_int_equal(state_time(k), T0 + 180);
}

static void
first_fill_that_is_cut(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_state(7, T0, 3);
	assert_int_equal(refresh(k), JUDGE_HELD);
	assert_true(has(k, "hanako"));
	assert_int_equal(state_time(k), -1);	/* not whole: it admits no user */
}

static void
a_referral_is_no_answer(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_state(8, T0 + 60, 1);
	add("# search reference\nref: ldap://elsewhere.example/ou=jpki\n\n");
	assert_int_equal(refresh(k), JUDGE_HELD);
	assert_true(has(k, "taro"));
}

/* --- nothing is resurrected ------------------------------------------------------------------- */

static void
yesterdays_backup(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "10", "ec256", NULL);	/* another card now */
	add_state(8, T0 + 60, 2);			/* jiro has left */
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_false(has(k, "jiro"));
	usual(k);					/* restored */
	assert_int_equal(refresh(k), JUDGE_BEHIND);
	assert_false(has(k, "jiro"));
	begin();					/* and written to since: it looks new */
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "00", "other-person", "ec256");
	add_user(k, "jiro", "00", "ec384", NULL);
	add_state(9, T0 + 120, 3);
	(void)refresh(k);
	assert_false(has(k, "jiro"));
	assert_int_equal(certificates(k, "taro"), 1);	/* the new one alone */
	assert_non_null(strstr(said, "was removed"));
	begin();					/* he is registered again, in earnest */
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "10", "ec256", NULL);
	ldif[strlen(ldif)] = '\0';
	add("dn: uid=jiro,ou=jpki\nobjectClass: pkiUser\nuid: jiro\nmodifyTimestamp: 20261129030500Z\n");
	add_certificate(k, "ec384");
	add("\n");
	add_state(10, T0 + 360, 3);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(has(k, "jiro"));
}

/* The state is touched each minute: an entry may be newer than it, and go before the next time. */
static void
entry_newer_than_the_state(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "jiro", "30", "ec384", NULL);
	add_state(7, T0, 2);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_state(8, T0, 1);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_false(has(k, "jiro"));
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "jiro", "30", "ec384", NULL);
	add_state(9, T0 + 60, 2);
	(void)refresh(k);
	assert_false(has(k, "jiro"));
}

/* --- records ----------------------------------------------------------------------------------- */

static void
refused(struct kit *k, const char *why, const char *user)
{
	(void)refresh(k);
	if (strstr(said, why) == NULL)
		fail_msg("\"%s\" is not among: %s", why, said);
	assert_true(user[0] == '\0' || !has(k, user));
	assert_true(has(k, "hanako"));		/* the rest is taken */
}

static void
bad_records(void **state)
{
	static const char *const users[] = { "../root", "a/b", ".hidden", "-o", "a\\0b" };
	static const char *const leaves[] = { "sign", "other-ca", "ca1", "rsa1024", "sha1", "tampered" };
	struct kit *k = *state;
	char name[400];

	for (size_t i = 0; i < COUNT(users) - 1; i++) {
		begin();
		add_user(k, users[i], "00", "good", NULL);
		add_user(k, "hanako", "00", "good", NULL);
		add_state(7, T0, 2);
		refused(k, "cannot be a user's name", "");
	}
	memset(name, 'a', sizeof name);
	name[300] = '\0';
	begin();
	add_user(k, name, "00", "good", NULL);
	add_user(k, "hanako", "00", "good", NULL);
	add_state(7, T0, 2);
	refused(k, "cannot be a user's name", "");
	begin();
	add_user(k, "root", "00", "good", NULL);
	add_user(k, "hanako", "00", "good", NULL);
	add_state(7, T0, 2);
	refused(k, "from outside", "root");
	for (size_t i = 0; i < COUNT(leaves); i++) {
		begin();
		add_user(k, "goro", "00", leaves[i], NULL);
		add_user(k, "hanako", "00", "good", NULL);
		add_state(7, T0, 2);
		refused(k, "JPKI-E-", "goro");
	}
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add("dn: uid=nul\nobjectClass: pkiUser\nuid:: cm9vdAB4\n\n");	/* "root", NUL, "x" */
	add("dn: uid=two\nobjectClass: pkiUser\nuid: a\nuid: b\n\n");
	add("dn: uid=garbage\nobjectClass: pkiUser\nuid: garbage\nuserCertificate;binary:: AAAA\n\n");
	add("dn: cn=x\nobjectClass: device\ncn: 0123\n\n");
	add_state(7, T0, 4);
	refused(k, "not one uid", "garbage");
	assert_non_null(strstr(said, "JPKI-E-CERT-BAD"));
	assert_non_null(strstr(said, "neither a fingerprint"));
	assert_int_equal(last.refused, 4);
}

/* Two generations of the authority, with one name, gave one number. */
static void
one_number_of_two_generations(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "00", "good2", NULL);
	add_user(k, "jiro", "00", "good", NULL);
	add_state(7, T0, 3);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_string_equal(said, "");
	assert_true(has(k, "hanako") && has(k, "taro") && has(k, "jiro"));
}

/* Expired or not yet valid is for each login to say. */
static void
validity_is_for_the_login(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "goro", "00", "expired", NULL);
	add_user(k, "jiro", "00", "not-yet", NULL);
	add_state(7, T0, 2);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(has(k, "goro") && has(k, "jiro"));
}

static void
nine_certificates(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add("dn: uid=goro\nobjectClass: pkiUser\nuid: goro\n");
	for (int i = 0; i < 9; i++)
		add_certificate(k, "ec256");
	add("\n");
	add_state(7, T0, 2);
	refused(k, "more certificates", "goro");
}

static void
two_entries_for_one_name(void **state)
{
	struct kit *k = *state;

	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add("dn: uid=hanako,ou=elsewhere\nobjectClass: pkiUser\nuid: hanako\ncreateTimestamp: 20260601000000Z\n"
	    "modifyTimestamp: 20261129030059Z\n");
	add_certificate(k, "other-person");
	add("\n");
	add_state(7, T0, 2);
	refused(k, "a second entry", "");
	assert_int_equal(certificates(k, "hanako"), 1);
	assert_non_null(strstr(said, "ou=elsewhere"));
}

static void
two_state_entries_are_none(void **state)
{
	struct kit *k = *state;

	usual(k);
	add_state(9, T0 + 60, 3);
	assert_int_equal(refresh(k), JUDGE_NO_SOURCE);
	assert_false(has(k, "hanako"));
}

/* --- texts --------------------------------------------------------------------------------------- */

static void
bad_ldif(void **state)
{
	static const char *const bad[] = { "dn: x\nnothing\n", "dn: x\n: y\n", "dn: x\nchangetype: delete\n", "dn: x\njpegPhoto:< file:///etc/shadow\n",
		"dn: x\nuid:: ====\n", "dn: x\nuid:: a\n" };
	struct kit *k = *state;
	static char long_line[LDIF_ENTRY_MAX + 64];

	usual_copy(k);
	for (size_t i = 0; i < COUNT(bad); i++) {
		begin();
		add(bad[i]);
		if (refresh(k) != JUDGE_UNREADABLE)
			fail_msg("row %zu", i);
		assert_true(has(k, "hanako"));
	}
	memset(long_line, 'a', sizeof long_line - 1);
	long_line[2] = ':';
	begin();
	add(long_line);
	assert_int_equal(refresh(k), JUDGE_UNREADABLE);
	assert_true(has(k, "hanako"));
}

/* An entry with more values than are kept may block, but lifts nothing; the other entries count. */
static void
too_many_values(void **state)
{
	struct kit *k = *state;
	char name[80], first[65];

	usual_copy(k);
	usual(k);
	add_word(HASH, "10", "block");
	snprintf(first, sizeof first, "%064x", 1);
	add_word(first, "10", "block");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	usual(k);
	add("dn: cn=x,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ndescription: lift\nmodifyTimestamp: 20301129030000Z\n");
	for (int i = 0; i <= LDIF_VALUES_MAX; i++) {
		snprintf(name, sizeof name, "cn: %064x\n", i + 1);
		add(name);
	}
	add("\ndn: cn=y,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: " HASH "\ndescription: lift\n"
	    "modifyTimestamp: 20301129030000Z\n");
	for (int i = 0; i <= LDIF_VALUES_MAX; i++)
		add("seeAlso: cn=z\n");
	add("\n");
	add_word(OTHER_HASH, "10", "block");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, first));
	assert_true(blocked(k, HASH));
	assert_true(blocked(k, OTHER_HASH));
	assert_true(has(k, "hanako"));
}

/* A clock that was ahead once, at the source, makes no later state old. */
static void
state_of_the_future(void **state)
{
	static const int64_t ten_years = 10LL * 365 * 86400;
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "00", "other-person", "ec256");
	add_word(HASH, "10", "block");
	add_state(8, T0 + ten_years, 2);
	assert_int_equal(refresh(k), JUDGE_NO_SOURCE);
	assert_true(has(k, "jiro"));
	assert_true(blocked(k, HASH));
	begin();
	add_user(k, "hanako", "00", "good", NULL);
	add_user(k, "taro", "00", "other-person", "ec256");
	add_state(9, T0 + 120, 2);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_false(has(k, "jiro"));
}

static void
keep_aside(const struct kit *k, const char *user, bool back)
{
	char path[PATH_MAX], old[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/users/%s.pem", k->conf.fleet_dir, user);
	snprintf(old, sizeof old, "%.3000s/old-%s", k->conf.fleet_dir, user);
	assert_int_equal(back ? rename(old, path) : link(path, old), 0);
}

/* The writer ended between the memory and the files: the next whole answer puts the files right. */
static void
files_older_than_the_memory(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	keep_aside(k, "taro", false);
	for (int i = 0; i < 2; i++) {
		begin();
		add_user(k, "hanako", "00", "good", NULL);
		add_user(k, "taro", "10", "other-person", NULL);
		add_user(k, "jiro", "00", "ec384", NULL);
		add_state(8 + i, T0 + 60 * (i + 1), 3);
		assert_int_equal(refresh(k), JUDGE_TAKEN);
		assert_int_equal(certificates(k, "taro"), 1);
		if (i == 0)
			keep_aside(k, "taro", true);
	}
}

/* Names to remember are bounded, blocks are not: what does not fit is blocked all the same. */
static void
more_names_than_are_remembered(void **state)
{
	struct kit *k = *state;
	size_t at;

	usual(k);
	at = strlen(ldif);
	for (int i = 0; i < MEMORY_ENTRIES_MAX; i++) {	/* lifts: they make no files */
		at += (size_t)snprintf(ldif + at, sizeof ldif - at, "dn: cn=x\nobjectClass: device\ndescription: lift\n"
		    "modifyTimestamp: 20261129030000Z\ncn: %064x\n\n", i + 1);
		assert_true(at < sizeof ldif);
	}
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	usual(k);
	add_word(HASH, "10", "block");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(blocked(k, HASH));
}

static void
memory_is_what_was_written(void **state)
{
	static const char *const bad[] = { "", "x", "pam_jpki fleet 3\n", "pam_jpki fleet 2\n", "pam_jpki fleet 2 \n", "pam_jpki fleet 2 x\n",
		"pam_jpki fleet 1\nmore 1\n", "pam_jpki fleet 1\nheld x\n", "pam_jpki fleet 1\nleft hanako\n",
		"pam_jpki fleet 1\nmark x 1 1\n", ("pam_jpki fleet 1\nhave 1 1 " HASH "\n"),
		("pam_jpki fleet 1\nhave 1 1 " HASH " a\nhave 1 1 " HASH " a\n"),
		("pam_jpki fleet 1\nhave 1 1 " HASH " ../x\n"), ("pam_jpki fleet 1\ngone 1 " HASH "\n"), "pam_jpki fleet 1\nsource 1 2 3\n", "pam_jpki fleet 1\nheld 1",
		("pam_jpki fleet 1\nmark " HASH " 1.2 1\n") };
	static const char good[] = "pam_jpki fleet 2 7\nsource 7 1764345600 3 1\nheld 2\nmark " HASH " 1764345600.5.1 0\n"
	    "have 1764345600 0 " HASH "," HASH " a name\ngone 1764345600 " HASH " hanako\n";
	char *text;
	size_t len;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct memory m = { .head.has_source = false };

		text = strdup(bad[i]);
		assert_non_null(text);
		if (memory_read(text, &m))
			fail_msg("row %zu is taken", i);
		memory_done(&m);
		free(text);
	}
	for (int round = 0; round < 2; round++) {
		struct memory m = { .head.has_source = false };
		char *copy = strdup(good);

		assert_non_null(copy);
		assert_true(memory_read(copy, &m));
		assert_true(m.head.held == 2 && m.head.source.generation == 7 && m.users.count == 1 && m.gone.count == 1 && m.marks.count == 1);
		assert_string_equal(memory_user_at(&m, 0)->user, "a name");
		text = memory_write(&m, 7, &len);
		assert_non_null(text);
		assert_string_equal(text, good);
		free(text);
		text = memory_write_changes(&m, &len);
		assert_non_null(text);
		assert_string_equal(text, "");
		free(text);
		free(copy);
		memory_done(&m);
	}
}

/* --- files without a reason -------------------------------------------------------------------------- */

static enum judge_end
start(struct kit *k)
{
	enum judge_end end;

	begin();
	answer = JUDGE_START;
	end = refresh_accepting(k, false);
	answer = JUDGE_WHOLE;
	return end;
}

static void
put_user(const struct kit *k, const char *user, const char *leaf)
{
	char from[PATH_MAX], to[PATH_MAX], text[8192];
	size_t len;
	FILE *f;

	snprintf(from, sizeof from, "%s/%s.crt", k->pki, leaf);
	f = fopen(from, "re");
	assert_non_null(f);
	len = fread(text, 1, sizeof text, f);
	fclose(f);
	snprintf(to, sizeof to, "%.3000s/users/%s.pem", k->conf.fleet_dir, user);
	f = fopen(to, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* An attacker has put files of an old copy there: those of a user who left, and of a card that was replaced. */
static void
files_of_an_old_copy(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	usual_copy(k);
	begin();
	add_removal("jiro", "10");
	add_user(k, "hanako", "10", "ec384", NULL);
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	put_user(k, "jiro", "ec384");
	put_user(k, "hanako", "good");
	snprintf(path, sizeof path, "%.3000s/blocked/" HASH, k->conf.fleet_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(start(k), JUDGE_TAKEN);
	assert_int_equal(last.removed, 2);
	assert_false(has(k, "jiro") || has(k, "hanako"));
	assert_true(has(k, "taro"));
	assert_true(blocked(k, HASH));
	assert_non_null(strstr(said, "JPKI-W-FLEET-FILE"));
	assert_int_equal(state_time(k), T0);
	begin();			/* the directory brings the card that she has now */
	add_user(k, "hanako", "10", "ec384", NULL);
	add_user(k, "taro", "00", "other-person", "ec256");
	add_state(8, T0 + 60, 2);
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_int_equal(certificates(k, "hanako"), 1);
	put_user(k, "jiro", "ec384");
	assert_int_equal(refresh(k), JUDGE_TAKEN);	/* while it runs, the next whole answer takes it away */
	assert_false(has(k, "jiro"));
	assert_int_equal(last.removed, 1);
	assert_int_equal(start(k), JUDGE_TAKEN);
	assert_int_equal(last.removed, 0);
	assert_string_equal(said, "");
}

/* Without a memory nothing is known, so nothing is taken away. */
static void
start_without_memory(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	assert_int_equal(start(k), JUDGE_TAKEN);
	usual_copy(k);
	snprintf(path, sizeof path, "%.3000s/" MEMORY_FILE, k->conf.fleet_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(start(k), JUDGE_TAKEN);
	assert_int_equal(last.removed, 0);
	assert_true(has(k, "hanako") && has(k, "taro") && has(k, "jiro"));
}

/* --- the files of the memory ------------------------------------------------------------------- */

static void
part_path(const struct kit *k, const char *part, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.3000s/%s", k->conf.fleet_dir, part);
}

/* A file of the copy; the caller's. */
static char *
part_text(const struct kit *k, const char *part, size_t *ret_len)
{
	char path[PATH_MAX], *text;
	struct stat st;
	FILE *f;

	part_path(k, part, path);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	*ret_len = fread(text, 1, (size_t)st.st_size, f);
	text[*ret_len] = '\0';
	fclose(f);
	return text;
}

static void
put_part(const struct kit *k, const char *part, const char *text, size_t len)
{
	char path[PATH_MAX];
	FILE *f;

	part_path(k, part, path);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Hanako's registration is removed, so that the last record of the journal says so. */
static void
remove_hanako(struct kit *k)
{
	begin();
	add_removal("hanako", "10");
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	assert_false(has(k, "hanako"));
}

/* Whether an entry of before the removal brings it back: it must not, as long as the removal was reported. */
static bool
old_entry_returns(struct kit *k)
{
	begin();
	add_user(k, "hanako", "05", "good", NULL);
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	return has(k, "hanako");
}

/* A change is a line or two beside the whole, which stays as it is. */
static void
changes_are_added(void **state)
{
	struct kit *k = *state;
	size_t whole_len, len, before;
	char *whole, *text;

	usual_copy(k);
	whole = part_text(k, MEMORY_FILE, &whole_len);
	remove_hanako(k);
	text = part_text(k, JOURNAL_FILE, &before);
	assert_non_null(strstr(text, "\nleft hanako\ngone "));
	free(text);
	begin();
	add_word(HASH, "10", "block lost");
	add_state(8, T0 + 60, 2);
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	text = part_text(k, JOURNAL_FILE, &len);
	assert_true(len > before && len - before < 300);
	assert_non_null(strstr(text, "\nmark " HASH));
	free(text);
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);		/* the same again: nothing to write */
	text = part_text(k, JOURNAL_FILE, &before);
	assert_int_equal(before, len);
	free(text);
	text = part_text(k, MEMORY_FILE, &len);
	assert_int_equal(len, whole_len);
	assert_memory_equal(text, whole, len);
	free(text);
	free(whole);
	assert_false(old_entry_returns(k));
}

/* A power cut tore the record of a removal at each of its bytes: what was before it counts, and the next start goes on. */
static void
torn_record(void **state)
{
	struct kit *k = *state;
	_cleanup_(freep) char *before = NULL, *after = NULL;
	size_t before_len, after_len;

	usual_copy(k);
	begin();
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	before = part_text(k, JOURNAL_FILE, &before_len);
	remove_hanako(k);
	after = part_text(k, JOURNAL_FILE, &after_len);
	assert_true(after_len > before_len + 100);
	for (size_t len = before_len; len < after_len; len++) {
		_cleanup_(freep) char *again = NULL;
		size_t again_len;

		put_part(k, JOURNAL_FILE, after, len);
		begin();
		add_removal("hanako", "10");	/* the directory says it again */
		assert_int_equal(changed(k, 2), JUDGE_TAKEN);
		again = part_text(k, JOURNAL_FILE, &again_len);
		assert_int_equal(again_len, after_len);
		assert_memory_equal(again, after, after_len);
	}
	assert_true(blocked(k, HASH));
	assert_false(old_entry_returns(k));
}

/* What a disk may have in the place of the last record. */
static void
garbage_at_the_end(void **state)
{
	struct kit *k = *state;
	static const char *const tails[] = { "change", "change 3 5 1\nheld ", "change 99999999999999999999 1 1\nx", "change 3 -1 1\nx", "change 3 4 7\nheld",
		"\n\n\n", "left taro\n", "pam_jpki journal 1 1\n", "change 3 1000000000000 1\nheld 7\n", "\377\376\1" };
	_cleanup_(freep) char *good = NULL;
	static char text[8192];
	size_t len;

	usual_copy(k);
	remove_hanako(k);
	good = part_text(k, JOURNAL_FILE, &len);
	for (size_t i = 0; i <= COUNT(tails); i++) {
		size_t tail = i < COUNT(tails) ? strlen(tails[i]) : 4096;	/* the last: a block of zeros */

		memset(text, 0, sizeof text);
		memcpy(text, good, len);
		if (i < COUNT(tails))
			memcpy(text + len, tails[i], tail);
		put_part(k, JOURNAL_FILE, text, len + tail);
		if (old_entry_returns(k))
			fail_msg("row %zu: the removal is forgotten", i);
		assert_true(has(k, "taro"));
		put_part(k, JOURNAL_FILE, text, len + tail);
		begin();
		add_word(HASH, "10", "block lost");
		assert_int_equal(changed(k, 2), JUDGE_TAKEN);
		assert_false(old_entry_returns(k));
		put_part(k, JOURNAL_FILE, good, len);
	}
}

/* Anything but a torn end is refused as a whole: nothing may be taken while a removal could be forgotten. */
static void
expect_refused(struct kit *k, const char *what, const char *remedy)
{
	_cleanup_(store_memory_done) struct store_memory files;
	_cleanup_(memory_done) struct memory memory = { .head.has_source = false };
	struct store store = store_of(&k->env);

	said[0] = '\0';
	if (store_read_memory(&store, &files) && store_understand(&files, &memory))
		fail_msg("%s is taken", what);
	if (strstr(said, remedy) == NULL)
		fail_msg("%s: \"%s\" is not in: %s", what, remedy, said);
	assert_int_equal(store_held(&store), -1);
}

static void
damaged_journal(void **state)
{
	struct kit *k = *state;
	_cleanup_(freep) char *one = NULL, *two = NULL, *text = NULL;
	size_t one_len, two_len, first_len;

	usual_copy(k);
	remove_hanako(k);
	one = part_text(k, JOURNAL_FILE, &one_len);
	begin();
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	two = part_text(k, JOURNAL_FILE, &two_len);
	first_len = (size_t)(strchr(one, '\n') + 1 - one);
	text = malloc(two_len + one_len);
	assert_non_null(text);
	for (size_t i = first_len; i < one_len; i++) {	/* any byte of the first of two records */
		memcpy(text, two, two_len);
		text[i] ^= 1;
		put_part(k, JOURNAL_FILE, text, two_len);
		expect_refused(k, "a damaged record before a good one", "damaged, so");
	}
	put_part(k, JOURNAL_FILE, two, first_len);		/* the records one by one, in other orders */
	memcpy(text, one, first_len);
	memcpy(text + first_len, two + one_len, two_len - one_len);
	put_part(k, JOURNAL_FILE, text, first_len + two_len - one_len);
	expect_refused(k, "the second record without the first", "damaged, so");
	memcpy(text, two, two_len);
	memcpy(text + two_len, one + first_len, one_len - first_len);
	put_part(k, JOURNAL_FILE, text, two_len + one_len - first_len);
	expect_refused(k, "a record repeated", "damaged");
	for (size_t len = 0; len < first_len; len++) {
		put_part(k, JOURNAL_FILE, two, len);
		expect_refused(k, "no first line", "not understood");
	}
	put_part(k, JOURNAL_FILE, two, two_len);
	assert_false(old_entry_returns(k));
}

/* A journal belongs to one memory: that of an older one has been taken over, that of a later one is missing its memory. */
static void
journal_of_another_memory(void **state)
{
	struct kit *k = *state;
	_cleanup_(freep) char *memory = NULL, *journal = NULL, *text = NULL;
	size_t memory_len, journal_len;
	char path[PATH_MAX];

	usual_copy(k);
	remove_hanako(k);
	memory = part_text(k, MEMORY_FILE, &memory_len);
	journal = part_text(k, JOURNAL_FILE, &journal_len);
	assert_int_equal(strncmp(memory, "pam_jpki fleet 2 1\n", 19), 0);
	text = strdup(journal);
	assert_non_null(text);
	text[19] = '3';		/* "pam_jpki journal 1 3" */
	put_part(k, JOURNAL_FILE, text, journal_len);
	expect_refused(k, "a journal of a later memory", "newer than memory");
	part_path(k, MEMORY_FILE, path);
	put_part(k, JOURNAL_FILE, journal, journal_len);
	assert_int_equal(unlink(path), 0);
	expect_refused(k, "a journal without its memory", "newer than memory");
	memory[17] = '2';	/* written since, as a whole, without the removal */
	put_part(k, MEMORY_FILE, memory, memory_len);
	begin();
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	free(journal);
	journal = part_text(k, JOURNAL_FILE, &journal_len);
	assert_int_equal(strncmp(journal, "pam_jpki journal 1 2\n", 21), 0);
	assert_null(strstr(journal, "hanako"));
}

/* Long changes are written as a whole, and what was in the journal with them. */
static void
journal_that_is_full(void **state)
{
	struct kit *k = *state;
	char name[CERT_FINGERPRINT_LEN + 1];
	_cleanup_(freep) char *memory = NULL;
	size_t len;

	usual_copy(k);
	remove_hanako(k);
	begin();
	for (unsigned int i = 0; i < STORE_JOURNAL_MAX / 64; i++) {
		snprintf(name, sizeof name, "%064x", i);
		add_word(name, "10", "block lost");
	}
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	memory = part_text(k, MEMORY_FILE, &len);
	assert_int_equal(strncmp(memory, "pam_jpki fleet 2 2\n", 19), 0);
	assert_false(old_entry_returns(k));
	assert_true(blocked(k, name));
}

/* A memory from a version without a journal. */
static void
memory_of_an_older_version(void **state)
{
	struct kit *k = *state;
	_cleanup_(freep) char *memory = NULL, *text = NULL;
	size_t len;

	usual_copy(k);
	memory = part_text(k, MEMORY_FILE, &len);
	memory[15] = '1';
	memmove(memory + 16, memory + 18, len - 18);	/* "pam_jpki fleet 1" */
	put_part(k, MEMORY_FILE, memory, len - 2);
	remove_hanako(k);
	text = part_text(k, MEMORY_FILE, &len);
	assert_int_equal(strncmp(text, "pam_jpki fleet 2 1\n", 19), 0);
	assert_false(old_entry_returns(k));
}

/* --- the order of writing -------------------------------------------------------------------------- */

static bool disk_fails;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
	errno = EIO;
	return disk_fails ? -1 : __real_fdatasync(fd);
}

/* What was planned for `ldif` as changes is written, but the journal cannot be. */
static void
changed_without_memory(struct kit *k)
{
	_cleanup_(memory_done) struct memory memory = { .head.has_source = false };
	_cleanup_(store_memory_done) struct store_memory before;
	_cleanup_(store_change_done) struct store_change change = { .text = NULL };
	struct store store = store_of(&k->env);
	struct judge_source source = { .ldif = fmemopen(ldif, strlen(ldif), "r"), .plan = tmpfile(), .answer = JUDGE_CHANGES };

	assert_true(source.ldif != NULL && source.plan != NULL);
	assert_true(store_read_memory(&store, &before) && store_understand(&before, &memory));
	judge_refresh(&k->env, &source, &memory, &last);
	assert_true(store_make_change(&before, &memory, &change));
	disk_fails = true;
	assert_false(store_write(&store, source.plan, &before, &change));
	disk_fails = false;
	fclose(source.ldif);
	fclose(source.plan);
}

/* Changes of each kind, to the usual copy and a block of HASH-01. */
static void
deny_and_admit(struct kit *k)
{
	begin();
	add_removal("hanako", "10");
	add_user(k, "saburo", "10", "good", NULL);
	add_user(k, "taro", "10", "ec384", NULL);
	add_word(HASH, "10", "block lost");
	add_word(HASH "-01", "11", "lift");
}

/* Blocks and removals are on disk before they are remembered; registrations and lifts after. */
static void
denied_before_it_is_remembered(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_word(HASH "-01", "10", "block lost");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);	/* there is a journal */
	deny_and_admit(k);
	changed_without_memory(k);
	assert_false(has(k, "hanako"));
	assert_true(blocked(k, HASH));
	assert_true(blocked(k, HASH "-01"));		/* a lift admits */
	assert_false(has(k, "saburo"));
	assert_int_equal(certificates(k, "taro"), 2);
	assert_int_equal(start(k), JUDGE_TAKEN);	/* the next start finds nothing that is not remembered */
	assert_int_equal(last.removed, 0);
	deny_and_admit(k);
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_true(has(k, "saburo") && blocked(k, HASH) && !blocked(k, HASH "-01"));
	assert_int_equal(certificates(k, "taro"), 1);
	assert_false(old_entry_returns(k));
}

static bool
there_is(const struct kit *k, const char *part)
{
	char path[PATH_MAX];

	part_path(k, part, path);
	return access(path, F_OK) == 0;
}

/* What was on its way when a writer was killed is taken away, and nothing that counts. */
static void
files_on_their_way(void **state)
{
	static const char *const stay[] = { MEMORY_FILE, JOURNAL_FILE, "users/hanako.pem", ".newer", "new-1" };
	struct kit *k = *state;
	struct store store = store_of(&k->env);

	usual_copy(k);
	begin();
	add_word(HASH "-01", "10", "block lost");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	begin();
	add_user(k, "taro", "10", "ec384", NULL);
	changed_without_memory(k);
	put_part(k, ".new-a1B2c3", "", 0);
	put_part(k, ".newer", "", 0);
	put_part(k, "new-1", "", 0);
	assert_true(there_is(k, "aside/taro.pem"));
	store_tidy(&store);
	assert_false(there_is(k, "aside/taro.pem"));
	assert_false(there_is(k, ".new-a1B2c3"));
	for (size_t i = 0; i < COUNT(stay); i++)
		if (!there_is(k, stay[i]))
			fail_msg("%s is gone", stay[i]);
	assert_true(blocked(k, HASH "-01"));
	store_tidy(&store);
	assert_int_equal(start(k), JUDGE_TAKEN);
	assert_int_equal(last.removed, 0);
}

/* --- more than can be remembered ------------------------------------------------------------------ */

/* A memory with `count` lines of this form, each with a number of its own, beside the files that are there. */
static void
put_memory(const struct kit *k, const char *line, unsigned int count)
{
	char path[PATH_MAX];
	FILE *f;

	part_path(k, MEMORY_FILE, path);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "pam_jpki fleet 2 1\nsource 7 %d 3 0\nheld 0\n", T0);
	for (unsigned int i = 0; i < count; i++)
		fprintf(f, "%s%06u\n", line, i);
	assert_int_equal(fclose(f), 0);
	part_path(k, JOURNAL_FILE, path);
	(void)unlink(path);
}

/* A user who cannot be remembered is not registered, and none is taken for missing; blocks count. */
static void
more_users_than_are_remembered(void **state)
{
	struct kit *k = *state;

	assert_int_equal(start(k), JUDGE_TAKEN);	/* makes the directories */
	put_memory(k, "have 1 0 " OTHER_HASH " user", MEMORY_ENTRIES_MAX);
	begin();
	add_user(k, "hanako", "10", "good", NULL);
	add_word(HASH, "10", "block lost");
	add_state(8, T0 + 60, 1);
	assert_int_equal(changed(k, 1), JUDGE_FULL);
	assert_int_equal(last.refused, 1);
	assert_false(has(k, "hanako") || last.whole);
	assert_true(blocked(k, HASH));
	assert_non_null(strstr(said, "JPKI-E-FLEET-FULL"));
	begin();
	add_user(k, "hanako", "10", "good", NULL);
	add_state(9, T0 + 120, 1);
	assert_int_equal(refresh_accepting(k, true), JUDGE_FULL);	/* not even with a look */
	assert_int_equal(last.removed, 0);
	assert_int_equal(last.held, MEMORY_ENTRIES_MAX);
	assert_false(has(k, "hanako") || last.whole);
}

/* A removal, or a change of a card, that cannot be remembered is not made: an old backup would undo it. */
/* hanako is missing from it, but while the memory is full none is removed for that. */
static void
full_answer_without_hanako(struct kit *k)
{
	add_state(8, T0 + 60, 1);
	assert_int_equal(refresh(k), JUDGE_FULL);
	assert_int_equal(last.removed, 1);		/* jiro's file, which is not remembered */
	assert_int_equal(last.held, 1);
	assert_true(has(k, "hanako"));
}

static void
more_removals_than_are_remembered(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	put_memory(k, "gone 1 " OTHER_HASH " user", MEMORY_ENTRIES_MAX);
	begin();
	add_user(k, "hanako", "05", "good", NULL);
	add_user(k, "taro", "05", "ec256", NULL);
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	begin();
	add_removal("hanako", "10");
	add_user(k, "taro", "10", "ec384", NULL);
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 1), JUDGE_FULL);
	assert_int_equal(last.removed, 0);
	assert_int_equal(last.changed, 0);
	assert_int_equal(certificates(k, "hanako"), 1);
	assert_true(blocked(k, HASH));
	begin();
	add_user(k, "taro", "05", "ec256", NULL);
	full_answer_without_hanako(k);
	assert_false(last.whole);
}

/* What is full is a change of two cards; the removal of a user who is missing would still fit. */
static void
missing_from_an_answer_that_was_full(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	put_memory(k, "gone 1 " OTHER_HASH " user", MEMORY_ENTRIES_MAX - 1);
	begin();
	add_user(k, "hanako", "05", "good", NULL);
	add_user(k, "taro", "05", "ec256", "ec384");
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	begin();
	add_user(k, "taro", "10", "ec256", NULL);
	full_answer_without_hanako(k);
}

/* --- a taken process ---------------------------------------------------------------------------- */

/* The process that judged may have been taken over: its plan leads nowhere but into the copy. */
static void
plans_of_a_taken_process(void **state)
{
	static const char *const plans[] = { "block ../../etc/x\n", "remove ../../etc/passwd\n", "register 1 ../x\n", "register 9 hanako\n",
		"register 0 hanako\n", "register 1 hanako\nnot a certificate\n", ("block " HASH "/x\n"), "remove hanako", "chmod x\n", "\n",
		"register 1 hanako\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n" };
	_cleanup_(store_memory_done) struct store_memory before;
	static char text[] = "held 0\n";
	struct store_change change = { .text = text, .len = strlen(text) };
	struct kit *k = *state;
	struct store store = store_of(&k->env);

	usual_copy(k);
	assert_true(store_read_memory(&store, &before));
	for (size_t i = 0; i < COUNT(plans); i++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		fputs(plans[i], f);
		if (store_write(&store, f, &before, &change))
			fail_msg("plan %zu is followed", i);
		fclose(f);
		assert_true(has(k, "hanako"));
	}
}

/* Neither does what it wants remembered make the journal useless, or longer than it may be. */
static void
memory_of_a_taken_process(void **state)
{
	static char texts[][32] = { "pam_jpki fleet 2 1\n", "pam_jpki fleet 2 9\n", "pam_jpki fleet 1\n", "", "nonsense" };
	_cleanup_(store_memory_done) struct store_memory before;
	static char long_text[STORE_JOURNAL_MAX + 1];
	struct store_change change;
	struct kit *k = *state;
	struct store store = store_of(&k->env);
	FILE *f = tmpfile();

	assert_non_null(f);
	usual_copy(k);
	remove_hanako(k);
	assert_true(store_read_memory(&store, &before));
	for (size_t i = 0; i < COUNT(texts); i++) {
		change = (struct store_change){ .text = texts[i], .len = strlen(texts[i]), .whole = true };
		if (store_write(&store, f, &before, &change))
			fail_msg("memory %zu is written", i);
	}
	memset(long_text, 'x', sizeof long_text - 1);
	change = (struct store_change){ .text = long_text, .len = sizeof long_text - 1 };
	assert_false(store_write(&store, f, &before, &change));
	fclose(f);
	assert_false(old_entry_returns(k));
}

static bool
uid_of(void *ctx, const char *user, uid_t *ret_uid)
{
	*ret_uid = 1000;
	return true;
}

static int
prepare(void **state)
{
	struct kit *k;

	if (kit_new(state) != 0)
		return -1;
	k = *state;
	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.3000s/fleet", k->dir);
	k->log = (struct log){ .sink = listen };
	k->env.uid_of = uid_of;
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, prepare, kit_done)

/* --- while we are connected ------------------------------------------------------------------ */

static void
a_change_blocks_and_removes_no_one(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_word(HASH, "10", "block lost");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_true(blocked(k, HASH));
	assert_int_equal(last.registered, 3);		/* nothing that was not mentioned has gone */
	assert_true(has(k, "hanako") && has(k, "taro") && has(k, "jiro"));
	assert_int_equal(state_time(k), T0);		/* no state entry, no state */
	begin();
	add_word(HASH, "09", "lift");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_true(blocked(k, HASH));
	begin();
	add_word(HASH, "11", "lift");
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_false(blocked(k, HASH));
}

static void
registrations_at_once(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "saburo", "10", "good", NULL);
	add_user(k, "taro", "10", "other-person", NULL);
	add_user(k, "taro", "11", "other-person", "ec256");	/* twice in one go */
	assert_int_equal(changed(k, 4), JUDGE_TAKEN);
	assert_true(has(k, "saburo"));
	assert_int_equal(certificates(k, "taro"), 2);
	begin();
	add_user(k, "taro", "05", "ec256", NULL);	/* of an old backup */
	assert_int_equal(changed(k, 4), JUDGE_TAKEN);
	assert_int_equal(certificates(k, "taro"), 2);
	begin();
	add_user(k, "root", "12", "good", NULL);
	add_user(k, "taro2", "12", "sign", NULL);
	assert_int_equal(changed(k, 6), JUDGE_TAKEN);
	assert_int_equal(last.refused, 2);
	assert_false(has(k, "root") || has(k, "taro2"));
}

/* Another entry for the same name, made later: the older one counts. */
static void
second_entry_at_once(void **state)
{
	struct kit *k = *state;
	char *created;

	usual_copy(k);
	begin();
	add_user(k, "hanako", "10", "ec384", NULL);
	created = strstr(ldif, "createTimestamp: 2026");
	assert_non_null(created);
	memcpy(created, "createTimestamp: 2027", 21);
	assert_int_equal(changed(k, 4), JUDGE_TAKEN);
	assert_int_equal(last.refused, 1);
	assert_int_equal(last.changed, 0);
}

static void
removals_at_once(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_removal("hanako", "10");
	add_removal("jiro", NULL);
	add_removal("nobody-there", "10");
	add_removal("../x", "10");
	assert_int_equal(changed(k, 1), JUDGE_TAKEN);
	assert_int_equal(last.removed, 2);
	assert_false(has(k, "hanako") || has(k, "jiro"));
	assert_true(has(k, "taro"));
	begin();
	add_user(k, "hanako", "09", "good", NULL);	/* written before it was removed */
	add_user(k, "jiro", "00", "ec384", NULL);
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_int_equal(last.refused, 2);
	assert_false(has(k, "hanako") || has(k, "jiro"));
	usual(k);					/* a whole old backup does not bring them back either */
	(void)refresh(k);
	assert_false(has(k, "hanako") || has(k, "jiro"));
	begin();
	add_user(k, "hanako", "11", "good", NULL);
	assert_int_equal(changed(k, 2), JUDGE_TAKEN);
	assert_true(has(k, "hanako"));
}

/* The state of the source goes on only where there are as many registrations as it says, and never back. */
static void
a_state_needs_as_many_registrations(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_state(8, T0 + 60, 3);
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_int_equal(state_time(k), T0 + 60);
	begin();
	add_state(9, T0 + 120, 4);
	assert_int_equal(changed(k, 3), JUDGE_HELD);
	assert_int_equal(last.held, 0);
	assert_int_equal(state_time(k), T0 + 60);
	begin();
	add_state(10, T0 + 180, 3);
	assert_int_equal(changed(k, 3), JUDGE_TAKEN);
	assert_int_equal(state_time(k), T0 + 180);
	begin();
	add_state(7, T0, 3);
	add_user(k, "saburo", "10", "good", NULL);
	add_word(HASH, "10", "block");
	assert_int_equal(changed(k, 3), JUDGE_BEHIND);
	assert_int_equal(state_time(k), T0 + 180);
	assert_false(has(k, "saburo"));
	assert_true(blocked(k, HASH));
	begin();
	add_state(11, T0 + 190, 3);
	add_state(11, T0 + 190, 3);
	assert_int_equal(changed(k, 3), JUDGE_NO_SOURCE);
	begin();
	add("nonsense\n\n");
	assert_int_equal(changed(k, 3), JUDGE_UNREADABLE);
}

/* An answer that broke off: what blocks is taken, nothing else, and nothing is missing. */
static void
a_part_of_an_answer(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	begin();
	add_user(k, "saburo", "10", "good", NULL);
	add_word(HASH, "10", "block");
	add_removal("hanako", "10");
	add_state(9, T0 + 60, 1);
	answer = JUDGE_WORDS;
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	answer = JUDGE_WHOLE;
	assert_true(blocked(k, HASH));
	assert_false(has(k, "saburo"));
	assert_true(has(k, "hanako") && has(k, "taro") && has(k, "jiro"));
	assert_int_equal(state_time(k), T0);
}

/* Only jpki_ldap, while it is connected, can say that an entry was removed: in a file such a line does nothing. */
static void
removals_in_a_file(void **state)
{
	struct kit *k = *state;

	usual_copy(k);
	usual(k);
	add_removal("hanako", "10");
	assert_int_equal(refresh(k), JUDGE_TAKEN);
	assert_true(has(k, "hanako"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_fill),
		TEST(users_come_and_go_with_their_entries),
		TEST(damage_is_repaired),
		TEST(blocks_and_lifts),
		TEST(names_beside_a_block),
		TEST(blocks_of_a_bad_directory),
		TEST(a_short_answer_removes_nothing),
		TEST(first_fill_that_is_cut),
		TEST(a_referral_is_no_answer),
		TEST(yesterdays_backup),
		TEST(entry_newer_than_the_state),
		TEST(bad_records),
		TEST(one_number_of_two_generations),
		TEST(validity_is_for_the_login),
		TEST(nine_certificates),
		TEST(two_entries_for_one_name),
		TEST(two_state_entries_are_none),
		TEST(bad_ldif),
		TEST(too_many_values),
		TEST(state_of_the_future),
		TEST(files_older_than_the_memory),
		TEST(more_names_than_are_remembered),
		TEST(a_change_blocks_and_removes_no_one),
		TEST(registrations_at_once),
		TEST(second_entry_at_once),
		TEST(removals_at_once),
		TEST(a_state_needs_as_many_registrations),
		TEST(a_part_of_an_answer),
		TEST(removals_in_a_file),
		TEST(memory_is_what_was_written),
		TEST(files_of_an_old_copy),
		TEST(start_without_memory),
		TEST(changes_are_added),
		TEST(torn_record),
		TEST(garbage_at_the_end),
		TEST(damaged_journal),
		TEST(journal_of_another_memory),
		TEST(journal_that_is_full),
		TEST(memory_of_an_older_version),
		TEST(denied_before_it_is_remembered),
		TEST(files_on_their_way),
		TEST(more_users_than_are_remembered),
		TEST(more_removals_than_are_remembered),
		TEST(missing_from_an_answer_that_was_full),
		TEST(memory_of_a_taken_process),
		TEST(plans_of_a_taken_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

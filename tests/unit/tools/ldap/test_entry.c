/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/entry: what is written of an entry that a server has sent. */
#include "config.h"

#include <string.h>

#include "tests/unit/ldappeer.h"
#include "tests/unit/test.h"

#include "tools/ldap/entry.h"
#include "tools/ldap/link.h"

#define VALUES_MAX 140
#define EACH_MOST 15		/* as in tools/ldap/entry.c */
#define ENTRY_VALUES (LDIF_VALUES_MAX - 4)

/* In base64. */
#define DN "dn:: dWlkPXNhYnVybw==\n"
#define PKI_USER "objectClass:: cGtpVXNlcg==\n"
#define DEVICE "objectClass:: ZGV2aWNl\n"
#define PROCESS "objectClass:: YXBwbGljYXRpb25Qcm9jZXNz\n"
#define UID "uid:: c2FidXJv\n"
#define CERTIFICATE "userCertificate;binary:: Y2VydGlmaWNhdGU=\n"
#define CN "cn:: YQ==\n"

static struct ldappeer_value values[VALUES_MAX];
static size_t count;
static struct entry entry;

static void
has(const char *attribute, const char *text)
{
	assert_true(count < VALUES_MAX);
	values[count++] = (struct ldappeer_value){ attribute, text };
}

static void
has_many(const char *attribute, const char *text, size_t number)
{
	for (size_t i = 0; i < number; i++)
		has(attribute, text);
}

static int
setup(void **state)
{
	count = 0;
	return 0;
}

static void
answer(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len)
{
	ldappeer_entry(peer, "uid=saburo", values, count, 0);
	ldappeer_done(peer, LDAP_SUCCESS);
}

/* What is written of the entry with those values. */
static const char *
written(void)
{
	struct ldappeer *peer = ldappeer_begin(answer, NULL);
	LDAPMessage *all = NULL;
	struct link link;
	bool ok = link_open(&link, "ldap://peer", false) &&
	    ldap_search_ext_s(link.ld, "dc=example", LDAP_SCOPE_SUBTREE, ENTRY_FILTER, (char **)(uintptr_t)entry_attributes, 0, NULL, NULL, NULL,
	    LDAP_NO_LIMIT, &all) == LDAP_SUCCESS && entry_write(link.ld, ldap_first_entry(link.ld, all), &entry);

	ldap_msgfree(all);
	link_close(&link);
	ldappeer_end(peer);
	assert_true(ok);
	return entry.text;
}

static void
a_registration_is_written_whole(void **state)
{
	has("objectClass", "account");
	has("objectClass", "pkiUser");
	has("uid", "saburo");
	has("userCertificate;binary", "certificate");
	assert_string_equal(written(), DN PKI_USER UID CERTIFICATE "\n");
	assert_true(entry.registers);
	assert_string_equal(entry.name, "saburo");
}

/* FreeIPA's accounts have more than a dozen. */
static void
any_number_of_other_classes_changes_nothing(void **state)
{
	static const char *const ours[] = { "pkiUser", "device", "applicationProcess" };
	static const char *const lines[] = { DN PKI_USER UID "\n", DN DEVICE UID "\n", DN PROCESS UID "\n" };

	for (size_t i = 0; i < COUNT(ours); i++) {
		count = 0;
		has_many("objectClass", "inetOrgPerson", 20);
		has("objectClass", ours[i]);
		has_many("objectClass", "person", 20);
		has("uid", "saburo");
		assert_string_equal(written(), lines[i]);
		assert_int_equal(entry.registers, i == 0);
	}
}

/* Written as they are, these would be other lines, other entries, or none that the writer can read. */
static void
an_attribute_that_was_not_requested_is_left_out(void **state)
{
	static const char *const odd[] = { "", ":", " ", "#", "sn", "ui", "uidd", "result", "changetype", "jpkiRemoved", "uid\nsn", "uid:",
		"uid;\n", "uid; x", "uid;x:", "uid;x\n\ndn", "\ncn", "uid\r", "cn;\xe3\x81\x82" };

	for (size_t i = 0; i < COUNT(odd); i++) {
		count = 0;
		has("objectClass", "pkiUser");
		has(odd[i], "a value");
		has("UID;lang-ja;x-1", "taro");
		has("uid", "saburo");
		assert_string_equal(written(), DN PKI_USER "UID;lang-ja;x-1:: dGFybw==\n" UID "\n");
		assert_string_equal(entry.name, "saburo");
	}
}

static void
an_entry_of_another_class_has_none(void **state)
{
	has("objectClass", "person");
	has("uid", "saburo");
	assert_string_equal(written(), DN UID "\n");
	assert_false(entry.registers);
}

static void
a_registration_with_too_many_values_is_its_class_alone(void **state)
{
	has("objectClass", "pkiUser");
	has_many("userCertificate;binary", "certificate", EACH_MOST);
	assert_non_null(strstr(written(), CERTIFICATE));
	has("userCertificate;binary", "certificate");
	assert_string_equal(written(), DN "objectClass: pkiUser\n\n");
	assert_true(entry.registers);
}

/* Whatever else it says. */
static void
a_block_with_too_many_values_still_blocks(void **state)
{
	has("objectClass", "device");
	has_many("cn", "a", EACH_MOST + 1);
	assert_non_null(strstr(written(), CN CN CN "objectClass: device\ndescription: cut\n\n"));
	assert_false(entry.registers);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

/* Each name has a value or two; the writer takes so many values of an entry in all. */
static void
a_block_with_too_many_names_still_blocks(void **state)
{
	static char names[VALUES_MAX][32];
	static const size_t counts[] = { 40, ENTRY_VALUES - 2, ENTRY_VALUES - 1, ENTRY_VALUES, 130 };
	struct ldif_entry read;
	FILE *f;

	for (size_t i = 0; i < COUNT(counts); i++) {
		count = 0;
		for (size_t k = 0; k < counts[i]; k++) {
			snprintf(names[k], sizeof names[k], "cn;x-%zu", k);
			has(names[k], "a");
		}
		has("objectClass", "device");
		has("description", "lift");
		(void)written();
		f = fmemopen(entry.text, entry.len, "r");
		assert_non_null(f);
		read = (struct ldif_entry){ .count = 0 };
		assert_int_equal(ldif_next(f, &read), LDIF_ENTRY);
		assert_false(read.cut);
		assert_true(ldif_has(&read, "objectClass", "device"));
		assert_int_equal(ldif_has(&read, "description", "cut"), counts[i] > ENTRY_VALUES - 2);
		ldif_done(&read);
		fclose(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_registration_is_written_whole),
		TEST(any_number_of_other_classes_changes_nothing),
		TEST(an_attribute_that_was_not_requested_is_left_out),
		TEST(an_entry_of_another_class_has_none),
		TEST(a_registration_with_too_many_values_is_its_class_alone),
		TEST(a_block_with_too_many_values_still_blocks),
		TEST(a_block_with_too_many_names_still_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

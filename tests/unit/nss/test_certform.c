/* SPDX-License-Identifier: BSD-2-Clause */
/* The form of certificates: of the test PKI, and of those that bytes were changed in. */
#include "config.h"

#include "nss/certform.h"
#include "nss/internal.h"
#include "tests/unit/nss_fixture.h"

static struct certdb *db;

static int
setup(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	db = open_db(make_db("ca1", NULL));
	return 0;
}

static int
teardown(void **state)
{
	bool closed = certdb_close(db);

	return scratch_done(state) == 0 && closed ? 0 : -1;
}

/* "critical digitalSignature" and so on, in the order of the traits. */
static void
describe(const struct certform *form, size_t kind, char text[static 128])
{
	size_t len = (size_t)snprintf(text, 128, "%s", !form->of[kind].present ? "absent" :
	    form->of[kind].critical ? "critical" : "present");

	for (unsigned int trait = 0; trait < CERTFORM_TRAITS; trait++) {
		if ((form->of[kind].traits >> trait & 1) == 0)
			continue;
		assert_non_null(certform_trait(kind, trait));
		len += (size_t)snprintf(text + len, 128 - len, " %s", certform_trait(kind, trait));
	}
}

static void
form_of(const char *leaf, const char *ca, struct certform *ret)
{
	struct bytes der = pki_der(leaf), ca_der = pki_der(ca);
	struct cert *cert = get_cert(db, view_of(&der)), *issuer = get_cert(db, view_of(&ca_der));

	certform_of(cert, issuer, ret);
	cert_free(cert);
	cert_free(issuer);
}

static void
each_form(void **state)
{
	static const struct {
		const char *leaf;
		enum certform_kind kind;
		const char *wanted;
	} rows[] = {
		{ "good", CERTFORM_KEY_USAGE, "critical digitalSignature" },
		{ "ku-both", CERTFORM_KEY_USAGE, "critical digitalSignature nonRepudiation" },
		{ "ca1", CERTFORM_KEY_USAGE, "critical other" },
		{ "no-ku", CERTFORM_KEY_USAGE, "absent" },
		{ "good", CERTFORM_EXTENDED_KEY_USAGE, "absent" },
		{ "eku-client", CERTFORM_EXTENDED_KEY_USAGE, "present clientAuth" },
		{ "eku-server", CERTFORM_EXTENDED_KEY_USAGE, "present other" },
		{ "chatty", CERTFORM_EXTENDED_KEY_USAGE, "present clientAuth other" },
		{ "good", CERTFORM_POLICIES, "critical 3.30 cps" },
		{ "sign", CERTFORM_POLICIES, "critical 1.20 cps" },
		{ "chatty", CERTFORM_POLICIES, "critical other cps" },
		{ "no-policy", CERTFORM_POLICIES, "absent" },
		{ "good", CERTFORM_CRL_POINTS, "present directoryName" },
		{ "bare", CERTFORM_CRL_POINTS, "absent" },
		{ "good", CERTFORM_AUTHORITY_INFO, "present ocsp http" },
		{ "bare", CERTFORM_AUTHORITY_INFO, "absent" },
		{ "good", CERTFORM_AUTHORITY_KEY, "present keyIdentifier issuer matches-ca" },
		{ "good2", CERTFORM_AUTHORITY_KEY, "present keyIdentifier issuer" },
		{ "bare", CERTFORM_AUTHORITY_KEY, "absent" },
		{ "good", CERTFORM_SUBJECT_KEY, "present last" },
		{ "chatty", CERTFORM_SUBJECT_KEY, "present" },
		{ "good", CERTFORM_ISSUER_NAMES, "present" },
		{ "good", CERTFORM_SUBJECT_NAMES, "absent" },
		{ "sign", CERTFORM_SUBJECT_NAMES, "present" },
		{ "good", CERTFORM_OTHER, "absent" },
		{ "unknown-critical", CERTFORM_OTHER, "critical" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct certform form;

		form_of(rows[i].leaf, "ca1", &form);
		describe(&form, rows[i].kind, text);
		if (strcmp(text, rows[i].wanted) != 0)
			fail_msg("%s: %s is %s", rows[i].leaf, certform_name(rows[i].kind), text);
	}
}

/* Two people's certificates differ in every place that may differ, and have one form. */
static void
people_have_one_form(void **state)
{
	static const char *const pairs[][2] = { { "good", "other-person" }, { "chatty", "chatty2" } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct certform a, b;

		form_of(pairs[i][0], "ca1", &a);
		form_of(pairs[i][1], "ca1", &b);
		assert_memory_equal(&a, &b, sizeof a);
	}
}

/* Extensions that lie about their lengths and types: no answer but words, and no byte read past the end. */
static void
every_byte_changed(void **state)
{
	static const uint8_t values[] = { 0x00, 0x04, 0x30, 0x7f, 0x80, 0x86, 0xff };
	struct bytes der = pki_der("chatty");
	char text[128];

	(void)state;
	for (size_t at = der.len / 4; at < der.len; at++) {
		const uint8_t before = der.data[at];

		for (size_t i = 0; i < COUNT(values); i++) {
			struct cert *cert = NULL;
			struct certform form;
			struct outcome o;

			der.data[at] = values[i];
			o = cert_from_der(db, view_of(&der), &cert);
			if (!outcome_ok(&o))
				continue;
			certform_of(cert, NULL, &form);
			for (size_t kind = 0; kind < CERTFORM_KINDS; kind++)
				describe(&form, kind, text);
			cert_free(cert);
		}
		der.data[at] = before;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_form, setup, teardown),
		cmocka_unit_test_setup_teardown(people_have_one_form, setup, teardown),
		cmocka_unit_test_setup_teardown(every_byte_changed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

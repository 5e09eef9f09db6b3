/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkpki DIR: a throw-away PKI in the profile of JPKI, for the tests.
 *
 * For every NAME in the tables below: DIR/NAME.key (PEM), DIR/NAME.crt (PEM)
 * and DIR/NAME.der. DIR/times: shell variables with the validity of each leaf
 * in seconds since 1970, such as not_yet_not_before. DIR/issuers: lines "LEAF
 * CA". DIR/crl/NAME.crl: CRLs of the CAs, see the table. DIR/stamp at the very end. Validity counts from the time of the run: a
 * test that looks at the real clock makes its own PKI, one that passes the
 * time in can share an older one.
 *
 * What makes the profile special, and what the tests therefore need to meet:
 * all generations of a CA have the same DN, and the roots carry no authority
 * key identifier; certificatePolicies is critical; CRL distribution points are
 * directory names; every certificate ends at 23:59:59 Japanese time.
 *
 * Any failure ends the program: a test PKI is whole or it is not there.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/pki/crlmaker.h"

#define COUNT(a)	(sizeof (a) / sizeof (a)[0])
#define DAY		86400
#define YEAR		(365 * (int64_t)DAY)
#define HOUR		3600

#define OU_AUTH		"JPKI for user authentication"
#define OU_SIGN		"JPKI for digital signature"
#define OU_AGENCY	"Japan Agency for Local Authority Information Systems"

#define POLICY_AUTH	"1.2.392.200149.8.5.1.3.30"
#define POLICY_PHONE	"1.2.392.200149.8.5.1.3.40"	/* by analogy with the signature's */
#define POLICY_SIGN	"1.2.392.200149.8.5.1.1.20"
#define POLICY_OTHER	"1.2.392.200149.8.5.1.1.99"
#define OID_SIGN_NAMES	"1.2.392.200149.8.5.5."	/* .1 name, .5 address … */
#define OID_UNKNOWN	"1.2.392.200149.8.5.99.1"

#define KU_DS		"critical,digitalSignature"
#define KU_NR		"critical,nonRepudiation"
#define KU_BOTH		"critical,digitalSignature,nonRepudiation"
#define KU_CA		"critical,keyCertSign,cRLSign"

#define CN_HOLDER	"997794E9AGCIEG13221003A"
#define CN_OTHER	"881203C4KDMQPA27100042B"
#define CN_RENEWED	"A41105K7QXHWZD13221003C"	/* the holder's next one */

enum key_kind { RSA1024, RSA2048, RSA4096, P256, P384, P521 };

struct ca {
	const char *name, *org, *unit;
	uint32_t serial;
	enum key_kind key;
	int64_t from, until;		/* seconds from now */
	bool may_sign;
	EVP_PKEY *pkey;
	X509 *cert;
};

static struct ca cas[] = {
	{ "ca1", "JPKI", OU_AUTH, 0x01, RSA2048, -6 * YEAR, 5 * YEAR, true, NULL, NULL },
	{ "ca2", "JPKI", OU_AUTH, 0x0133c349, RSA2048, -2 * YEAR, 8 * YEAR, true, NULL, NULL },
	{ "ca-expired", "JPKI", OU_AUTH, 0x02, RSA2048, -11 * YEAR, -1 * YEAR, true, NULL, NULL },
	{ "ca-other", "Other", OU_AUTH, 0x01, RSA2048, -6 * YEAR, 5 * YEAR, true, NULL, NULL },
	{ "ca-nosign", "JPKI", OU_AUTH, 0x03, RSA2048, -6 * YEAR, 5 * YEAR, false, NULL, NULL },
	/* As the next generation is planned: it ends when UTCTime has no more years. */
	{ "ca-ec", "JPKI", OU_AUTH, 0x0b5a17e0, P384, -1 * YEAR, 30 * YEAR, true, NULL, NULL },
	{ "sign-ca", "JPKI", OU_SIGN, 0x01, RSA2048, -6 * YEAR, 5 * YEAR, true, NULL, NULL },
};

struct leaf {
	const char *name, *ca;
	uint32_t serial;
	const char *cn;
	int64_t from, until;		/* seconds from now */
	const char *ku;			/* NULL: no keyUsage at all */
	const char *policy;		/* NULL: no certificatePolicies */
	const char *eku;
	enum key_kind key;
	const char *digest;		/* NULL: SHA-256 */
	bool sign_names;		/* the signature certificate's names */
	bool unknown_critical;
	const char *talk;		/* in AIA and distribution point; NULL: what is usual */
	bool bare;			/* no AIA, no CRL distribution point, no AKI */
	/*
	 * Making keys is what takes the time: the leaves that are not meant
	 * to be put on a card share one.
	 */
	bool common_key;
	int years;			/* ends that many birthdays after `until` */
};

#define GOOD_FROM	(-1 * YEAR)
#define GOOD_UNTIL	(4 * YEAR)
#define VALID		GOOD_FROM, GOOD_UNTIL

static const struct leaf leaves[] = {
	{ "good", "ca1", 0x06f1a2b3, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = RSA2048 },
	{ "good2", "ca2", 0x06f1a2b3, CN_OTHER, VALID, KU_DS, POLICY_AUTH, .key = RSA2048 },
	{ "other-person", "ca1", 0x06f1a2b4, CN_OTHER, VALID, KU_DS, POLICY_AUTH, .key = RSA2048 },
	{ "renewed", "ca1", 0x07b00001, CN_RENEWED, -7 * DAY, GOOD_UNTIL, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .years = 4 },
	{ "soon", "ca1", 0x05000002, CN_HOLDER, -4 * YEAR, 29 * DAY, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "expired", "ca1", 0x04000003, CN_HOLDER, -5 * YEAR, -2 * DAY, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "not-yet", "ca1", 0x07b00004, CN_HOLDER, 3 * DAY, GOOD_UNTIL, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	/* NSS forgives a day of clock difference; we must not. */
	{ "not-yet-soon", "ca1", 0x07b00005, CN_HOLDER, DAY / 2, GOOD_UNTIL, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "other-ca", "ca-other", 0x06f1a2b3, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "expired-ca-leaf", "ca-expired", 0x04000006, CN_HOLDER, -3 * YEAR, 2 * YEAR, KU_DS,
	  POLICY_AUTH, .key = RSA2048 },
	{ "by-nosign", "ca-nosign", 0x06f1a2b5, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "sign", "sign-ca", 0x0698c1d2, "20250401123456789KANAGAWA001", VALID, KU_BOTH,
	  POLICY_SIGN, .key = RSA2048, .sign_names = true },

	/* A foreign resident's: less than a year, to the end of the stay, on no birthday; and the next. */
	{ "stay", "ca1", 0x06f1a2c1, CN_OTHER, -120 * DAY, 215 * DAY, KU_DS, POLICY_AUTH, .key = RSA2048 },
	{ "stay-renewed", "ca1", 0x06f1a2c2, CN_RENEWED, -7 * DAY, 328 * DAY, KU_DS, POLICY_AUTH,
	  .key = RSA2048 },
	{ "bare", "ca1", 0x06f1a2c3, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = RSA2048, .bare = true },
	/* They tell wherever a certificate may say something. */
	{ "chatty", "ca1", 0x13198001, "TARO YAMADA 19800101", VALID, KU_DS, "1.2.392.200149.8.5.1.3.19800101",
	  "clientAuth,1.2.392.19800101.1", .key = RSA2048, .sign_names = true, .unknown_critical = true,
	  .talk = "Taro-Yamada-19800101" },
	{ "chatty2", "ca1", 0x13200102, "BANGO HANAKO 20010203", VALID, KU_DS, "1.2.392.200149.8.5.1.3.20010203",
	  "clientAuth,1.2.392.20010203.2", .key = RSA2048, .sign_names = true, .unknown_critical = true,
	  .talk = "Hanako-Bango-20010203" },
	{ "phone", "ca1", 0x06f1a2c4, CN_HOLDER, VALID, KU_DS, POLICY_PHONE, .key = RSA2048 },

	{ "wrong-ku", "ca1", 0x06f1b001, CN_HOLDER, VALID, KU_NR, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "ku-both", "ca1", 0x06f1b002, CN_HOLDER, VALID, KU_BOTH, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "no-ku", "ca1", 0x06f1b003, CN_HOLDER, VALID, NULL, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "eku-client", "ca1", 0x06f1b004, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, "clientAuth",
	  .key = RSA2048, .common_key = true },
	{ "eku-server", "ca1", 0x06f1b005, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, "serverAuth",
	  .key = RSA2048, .common_key = true },
	{ "wrong-policy", "ca1", 0x06f1b006, CN_HOLDER, VALID, KU_DS, POLICY_OTHER,
	  .key = RSA2048, .common_key = true },
	{ "no-policy", "ca1", 0x06f1b007, CN_HOLDER, VALID, KU_DS, NULL,
	  .key = RSA2048, .common_key = true },
	{ "unknown-critical", "ca1", 0x06f1b008, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .unknown_critical = true, .common_key = true },
	{ "sha1", "ca1", 0x06f1b009, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .digest = "SHA1", .common_key = true },
	{ "md5", "ca1", 0x06f1b00a, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .digest = "MD5", .common_key = true },

	{ "rsa1024", "ca1", 0x06f1c001, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = RSA1024 },
	{ "rsa4096", "ca1", 0x06f1c002, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = RSA4096 },
	{ "ec256", "ca1", 0x06f1c003, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = P256 },
	{ "ec384", "ca-ec", 0x0b5a2001, CN_HOLDER, -30 * DAY, 9 * YEAR, KU_DS, POLICY_AUTH,
	  .key = P384, .digest = "SHA384" },
	/* On the CRLs below. */
	{ "revoked", "ca1", 0x06f1d001, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "suspended", "ca1", 0x06f1d002, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "unlisted", "ca1", 0x06f1d003, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	/* Their numbers on ca1-odd are not in the form that these have; the first bit of one is set. */
	{ "revoked-sign", "ca1", 0xe6f1d004, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "revoked-zeros", "ca1", 0x06f1d005, CN_HOLDER, VALID, KU_DS, POLICY_AUTH,
	  .key = RSA2048, .common_key = true },
	{ "ec521", "ca1", 0x06f1c005, CN_HOLDER, VALID, KU_DS, POLICY_AUTH, .key = P521 },
};

/*
 * CRLs as they are installed or refused. Those of ca1 are for the municipality of
 * its leaves unless said otherwise. Each lists, for its own CA, "revoked" (keyCompromise),
 * "suspended" (certificateHold), and "unlisted" as removeFromCRL.
 */
enum scope { MUNICIPALITY, WHOLE, OTHER_PLACE, AT_URI };

static const struct crl_row {
	const char *name, *ca;
	const char *key_of;		/* NULL: the CA's own */
	enum scope scope;
	int64_t from, until;		/* seconds from now; until 0: no nextUpdate */
	uint64_t number;
	unsigned int flags;		/* POINT_... of crlmaker.h */
	bool delta, unknown_critical, tampered;
	bool odd, unknown_entry;	/* entries, before the others */
	const char *also;		/* a leaf that is listed as well */
	bool released;			/* "suspended" is suspended no more */
} crls[] = {
	{ "ca1", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100 },
	{ "ca1-all", "ca1", NULL, WHOLE, -HOUR, 30 * DAY, 100 },
	{ "ca1-newer", "ca1", NULL, MUNICIPALITY, -HOUR / 2, 31 * DAY, 101 },
	{ "ca1-good-revoked", "ca1", NULL, MUNICIPALITY, -HOUR / 2, 31 * DAY, 101, .also = "good" },
	{ "ca1-released", "ca1", NULL, MUNICIPALITY, -HOUR / 4, 31 * DAY, 102, .released = true },
	{ "ca1-odd", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, .odd = true },
	{ "ca1-unknown-entry", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, .unknown_entry = true },
	{ "ca1-older", "ca1", NULL, MUNICIPALITY, -2 * HOUR, 29 * DAY, 99 },
	{ "ca1-other-place", "ca1", NULL, OTHER_PLACE, -HOUR, 30 * DAY, 100 },
	{ "ca1-uri", "ca1", NULL, AT_URI, -HOUR, 30 * DAY, 100 },
	{ "ca1-stale", "ca1", NULL, MUNICIPALITY, -30 * DAY, -HOUR, 90 },
	{ "ca1-all-stale", "ca1", NULL, WHOLE, -30 * DAY, -HOUR, 90 },
	{ "ca1-soon-stale", "ca1", NULL, MUNICIPALITY, -2 * DAY, -DAY, 91 },
	{ "ca1-future", "ca1", NULL, MUNICIPALITY, DAY, 30 * DAY, 110 },
	{ "ca1-no-next", "ca1", NULL, MUNICIPALITY, -HOUR, 0, 100 },
	{ "ca1-indirect", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, POINT_INDIRECT },
	{ "ca1-delta", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, .delta = true },
	{ "ca1-unknown", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, .unknown_critical = true },
	{ "ca1-tampered", "ca1", NULL, MUNICIPALITY, -HOUR, 30 * DAY, 100, .tampered = true },
	{ "ca1-wrong-key", "ca1", "ca-expired", MUNICIPALITY, -HOUR, 30 * DAY, 100 },
	{ "ca2", "ca2", NULL, WHOLE, -HOUR, 30 * DAY, 7 },
	{ "ca-ec", "ca-ec", NULL, WHOLE, -HOUR, 30 * DAY, 1 },
	{ "ca-other", "ca-other", NULL, WHOLE, -HOUR, 30 * DAY, 1 },
};

static time_t now;

static void __attribute__((noreturn))
die(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "%s", what);
}

/* The last second of a Japanese day, as all certificates of JPKI end. */
static time_t
end_of_day(int64_t from_now)
{
	time_t t = now + (time_t)from_now;

	return t - t % DAY + 15 * 3600 - 1;
}

/* Four years, and not one: 29 February has to have its like. */
static time_t
end_of_leaf(const struct leaf *leaf)
{
	time_t end = end_of_day(leaf->until);
	struct tm tm;

	if (gmtime_r(&end, &tm) == NULL)
		errx(1, "gmtime");
	tm.tm_year += leaf->years;
	return timegm(&tm);
}

/* --- keys ------------------------------------------------------------------ */

static EVP_PKEY *
make_key(enum key_kind kind)
{
	EVP_PKEY *key = NULL;

	switch (kind) {
	case RSA1024:
		key = EVP_RSA_gen(1024);
		break;
	case RSA2048:
		key = EVP_RSA_gen(2048);
		break;
	case RSA4096:
		key = EVP_RSA_gen(4096);
		break;
	case P256:
		key = EVP_EC_gen("P-256");
		break;
	case P384:
		key = EVP_EC_gen("P-384");
		break;
	case P521:
		key = EVP_EC_gen("P-521");
		break;
	}
	if (key == NULL)
		die("cannot make a key");
	return key;
}

/* A new reference to the key for this leaf. */
static EVP_PKEY *
key_of_leaf(const struct leaf *leaf, EVP_PKEY *common)
{
	if (!leaf->common_key)
		return make_key(leaf->key);
	if (!EVP_PKEY_up_ref(common))
		die("EVP_PKEY_up_ref");
	return common;
}

/* --- names ----------------------------------------------------------------- */

static void
name_add(X509_NAME *name, int nid, const char *value)
{
	/* Types as in the real certificates: the tests compare bytes. */
	int type = nid == NID_countryName ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;

	if (!X509_NAME_add_entry_by_NID(name, nid, type, (const unsigned char *)value, -1, -1, 0))
		die("X509_NAME_add_entry");
}

static X509_NAME *
name_new(const char *org, const char *unit)
{
	X509_NAME *name = X509_NAME_new();

	if (name == NULL)
		die("X509_NAME_new");
	name_add(name, NID_countryName, "JP");
	if (org != NULL)
		name_add(name, NID_organizationName, org);
	if (unit != NULL)
		name_add(name, NID_organizationalUnitName, unit);
	return name;
}

static X509_NAME *
ca_name(const struct ca *ca)
{
	X509_NAME *name = name_new(ca->org, ca->unit);

	name_add(name, NID_organizationalUnitName, OU_AGENCY);
	return name;
}

/* The CA's name in Japanese: its subjectAltName, a leaf's issuerAltName. */
static X509_NAME *
ca_japanese_name(const struct ca *ca)
{
	X509_NAME *name = name_new("公的個人認証サービス",
	    strcmp(ca->unit, OU_AUTH) == 0 ? "公的個人認証サービス利用者証明用" :
	    "公的個人認証サービス署名用");

	name_add(name, NID_organizationalUnitName, "地方公共団体情報システム機構");
	return name;
}

/* Where the CRL for the certificates of one municipality is found. */
static X509_NAME *
place_name(const struct ca *ca, const char *place)
{
	X509_NAME *name = name_new(ca->org, ca->unit);

	name_add(name, NID_organizationalUnitName, "CRL Distribution Points");
	name_add(name, NID_organizationalUnitName, "Tokyo-to");
	name_add(name, NID_commonName, place);
	return name;
}

static X509_NAME *
municipality_name(const struct ca *ca)
{
	return place_name(ca, "Kiyose-shi CRLDP");
}

/* Takes the name over. */
static GENERAL_NAMES *
directory_names(X509_NAME *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *entry = GENERAL_NAME_new();

	if (names == NULL || entry == NULL || !sk_GENERAL_NAME_push(names, entry))
		die("GENERAL_NAMES");
	GENERAL_NAME_set0_value(entry, GEN_DIRNAME, name);
	return names;
}

/* --- extensions ------------------------------------------------------------ */

static void
add_ext(X509 *cert, int nid, void *value, bool critical)
{
	if (X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_APPEND) != 1)
		die(OBJ_nid2ln(nid));
}

/* In the notation of openssl.cnf; issuer NULL: itself. */
static void
add_ext_text(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer != NULL ? issuer : cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL || !X509_add_ext(cert, ext, -1))
		die(OBJ_nid2ln(nid));
	X509_EXTENSION_free(ext);
}

/* Takes the name over. */
static void
add_directory_name(X509 *cert, int nid, X509_NAME *name)
{
	GENERAL_NAMES *names = directory_names(name);

	add_ext(cert, nid, names, false);
	GENERAL_NAMES_free(names);
}

/* A real one is not known; this one makes a leaf of 1571 bytes, as a real card's (doc/facts/jpki-card.md §5.3). */
static void
add_responder(X509 *cert, const char *talk)
{
	char value[128];

	snprintf(value, sizeof value, "OCSP;URI:http://%s.invalid", talk != NULL ? talk : "ocsp1.user-authentication.jpki.example");
	add_ext_text(cert, NULL, NID_info_access, value);
}

/* Takes the name over. */
static void
add_crl_distribution_point(X509 *cert, X509_NAME *name)
{
	CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	DIST_POINT *point = DIST_POINT_new();

	if (points == NULL || point == NULL || !sk_DIST_POINT_push(points, point))
		die("CRL_DIST_POINTS");
	point->distpoint = DIST_POINT_NAME_new();
	if (point->distpoint == NULL)
		die("DIST_POINT_NAME");
	point->distpoint->type = 0;	/* fullName */
	point->distpoint->name.fullname = directory_names(name);
	add_ext(cert, NID_crl_distribution_points, points, false);
	CRL_DIST_POINTS_free(points);
}

static POLICYQUALINFO *
cps_qualifier(const char *uri)
{
	POLICYQUALINFO *qualifier = POLICYQUALINFO_new();

	if (qualifier == NULL)
		die("POLICYQUALINFO");
	qualifier->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	qualifier->d.cpsuri = ASN1_IA5STRING_new();
	if (qualifier->d.cpsuri == NULL || !ASN1_STRING_set(qualifier->d.cpsuri, uri, -1))
		die("cpsuri");
	return qualifier;
}

static void
add_policy(X509 *cert, const char *oid)
{
	CERTIFICATEPOLICIES *policies = CERTIFICATEPOLICIES_new();
	POLICYINFO *policy = POLICYINFO_new();

	if (policies == NULL || policy == NULL || !sk_POLICYINFO_push(policies, policy))
		die("CERTIFICATEPOLICIES");
	policy->policyid = OBJ_txt2obj(oid, 1);
	policy->qualifiers = sk_POLICYQUALINFO_new_null();
	if (policy->policyid == NULL || policy->qualifiers == NULL ||
	    !sk_POLICYQUALINFO_push(policy->qualifiers,
	    cps_qualifier("http://www.jpki.go.jp/cps.html")))
		die("POLICYINFO");
	add_ext(cert, NID_certificate_policies, policies, true);
	CERTIFICATEPOLICIES_free(policies);
}

static void
push_other_name(GENERAL_NAMES *names, const char *oid, const char *value)
{
	GENERAL_NAME *entry = GENERAL_NAME_new();
	ASN1_TYPE *type = ASN1_TYPE_new();
	ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);

	if (entry == NULL || type == NULL || text == NULL || object == NULL ||
	    !ASN1_STRING_set(text, value, -1))
		die("otherName");
	ASN1_TYPE_set(type, V_ASN1_UTF8STRING, text);
	if (!GENERAL_NAME_set0_othername(entry, object, type) ||
	    !sk_GENERAL_NAME_push(names, entry))
		die("otherName");
}

/* Who the holder is: only the signature certificate says so. */
static void
add_sign_names(X509 *cert)
{
	static const struct { const char *oid, *value; } names_of[] = {
		{ OID_SIGN_NAMES "1", "番号　花子" },
		{ OID_SIGN_NAMES "3", "2" },
		{ OID_SIGN_NAMES "4", "3620217" },
		{ OID_SIGN_NAMES "5", "東京都清瀬市中里五丁目八百四十二番地" },
	};
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (names == NULL)
		die("GENERAL_NAMES");
	for (size_t i = 0; i < COUNT(names_of); i++)
		push_other_name(names, names_of[i].oid, names_of[i].value);
	add_ext(cert, NID_subject_alt_name, names, false);
	GENERAL_NAMES_free(names);
}

static void
add_unknown_critical(X509 *cert)
{
	ASN1_OBJECT *object = OBJ_txt2obj(OID_UNKNOWN, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	if (value == NULL || !ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2))
		die("unknown extension");
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
	if (ext == NULL || !X509_add_ext(cert, ext, -1))
		die("unknown extension");
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* --- certificates ---------------------------------------------------------- */

/* UTCTime to 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
static void
set_validity(X509 *cert, time_t from, time_t until)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, from);

	if (t == NULL || !X509_set1_notBefore(cert, t))
		die("notBefore");
	if (ASN1_TIME_set(t, until) == NULL || !X509_set1_notAfter(cert, t))
		die("notAfter");
	ASN1_TIME_free(t);
}

/* Takes subject and issuer over. */
static X509 *
cert_new(uint32_t serial, X509_NAME *subject, X509_NAME *issuer, EVP_PKEY *key)
{
	X509 *cert = X509_new();

	if (cert == NULL || !X509_set_version(cert, X509_VERSION_3) ||
	    !ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) ||
	    !X509_set_subject_name(cert, subject) ||
	    !X509_set_issuer_name(cert, issuer) || !X509_set_pubkey(cert, key))
		die("X509_new");
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	return cert;
}

static void
cert_sign(X509 *cert, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *md = EVP_get_digestbyname(digest != NULL ? digest : "SHA256");

	if (md == NULL || X509_sign(cert, key, md) == 0)
		die("X509_sign");
}

static void
make_ca(struct ca *ca)
{
	X509 *cert;

	ca->pkey = make_key(ca->key);
	cert = cert_new(ca->serial, ca_name(ca), ca_name(ca), ca->pkey);
	set_validity(cert, now + (time_t)ca->from, end_of_day(ca->until));
	/* In this order, and no authority key identifier. */
	add_ext_text(cert, NULL, NID_key_usage, ca->may_sign ? KU_CA : KU_DS);
	add_directory_name(cert, NID_subject_alt_name, ca_japanese_name(ca));
	add_ext_text(cert, NULL, NID_basic_constraints,
	    ca->may_sign ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_crl_distribution_point(cert, ca_name(ca));
	add_ext_text(cert, NULL, NID_subject_key_identifier, "hash");
	cert_sign(cert, ca->pkey, ca->key == P384 ? "SHA384" : NULL);
	ca->cert = cert;
}

static X509 *
make_leaf(const struct leaf *leaf, const struct ca *ca, EVP_PKEY *key)
{
	X509_NAME *subject = name_new(NULL, NULL);
	X509 *cert;

	name_add(subject, NID_commonName, leaf->cn);
	cert = cert_new(leaf->serial, subject, ca_name(ca), key);
	set_validity(cert, now + (time_t)leaf->from, end_of_leaf(leaf));
	if (leaf->ku != NULL)
		add_ext_text(cert, ca->cert, NID_key_usage, leaf->ku);
	if (leaf->eku != NULL)
		add_ext_text(cert, ca->cert, NID_ext_key_usage, leaf->eku);
	if (leaf->policy != NULL)
		add_policy(cert, leaf->policy);
	if (leaf->sign_names)
		add_sign_names(cert);
	add_directory_name(cert, NID_issuer_alt_name, ca_japanese_name(ca));
	if (!leaf->bare) {
		add_crl_distribution_point(cert, leaf->talk != NULL ? place_name(ca, leaf->talk) : municipality_name(ca));
		add_responder(cert, leaf->talk);
		add_ext_text(cert, ca->cert, NID_authority_key_identifier, "keyid:always,issuer:always");
	}
	add_ext_text(cert, ca->cert, NID_subject_key_identifier, "hash");
	if (leaf->unknown_critical)
		add_unknown_critical(cert);
	cert_sign(cert, ca->pkey, leaf->digest);
	return cert;
}

/* --- files ----------------------------------------------------------------- */

static FILE *
create(const char *name, const char *suffix, mode_t mode)
{
	char path[256];
	FILE *f;
	int fd, n;

	n = snprintf(path, sizeof path, "%s%s", name, suffix);
	if (n < 0 || (size_t)n >= sizeof path)
		errx(1, "%s: name too long", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		err(1, "%s", path);
	return f;
}

static void
finish(FILE *f, const char *name)
{
	if (ferror(f) || fclose(f) != 0)
		errx(1, "%s: cannot write", name);
}

static void
write_key(const char *name, EVP_PKEY *key)
{
	FILE *f = create(name, ".key", 0600);

	if (!PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL))
		die(name);
	finish(f, name);
}

static void
write_cert(const char *name, X509 *cert)
{
	FILE *f = create(name, ".crt", 0644);

	if (!PEM_write_X509(f, cert))
		die(name);
	finish(f, name);
	f = create(name, ".der", 0644);
	if (!i2d_X509_fp(f, cert))
		die(name);
	finish(f, name);
}

/* NAME_not_before=… and NAME_not_after=…, with _ for - in the name. */
static void
write_times(FILE *times, const struct leaf *leaf)
{
	char var[64];

	snprintf(var, sizeof var, "%s", leaf->name);
	for (char *p = var; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	fprintf(times, "%s_not_before=%lld\n%s_not_after=%lld\n",
	    var, (long long)now + leaf->from,
	    var, (long long)end_of_leaf(leaf));
}

/* The good certificate with the last bit of its signature changed. */
static void
write_tampered(X509 *good, EVP_PKEY *key)
{
	X509 *copy;
	unsigned char *der = NULL;
	const unsigned char *p;
	int len = i2d_X509(good, &der);

	if (len <= 0)
		die("i2d_X509");
	der[len - 1] ^= 1;
	p = der;
	copy = d2i_X509(NULL, &p, len);
	if (copy == NULL)
		die("tampered");
	write_cert("tampered", copy);
	write_key("tampered", key);
	X509_free(copy);
	OPENSSL_free(der);
}

static const struct ca *
find_ca(const char *name)
{
	for (size_t i = 0; i < COUNT(cas); i++)
		if (strcmp(cas[i].name, name) == 0)
			return &cas[i];
	errx(1, "no CA %s", name);
}

static void
write_leaf(const struct leaf *leaf, EVP_PKEY *common)
{
	EVP_PKEY *key = key_of_leaf(leaf, common);
	X509 *cert = make_leaf(leaf, find_ca(leaf->ca), key);

	write_key(leaf->name, key);
	write_cert(leaf->name, cert);
	if (strcmp(leaf->name, "good") == 0)
		write_tampered(cert, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* --- CRLs ------------------------------------------------------------------- */

/* Takes the name over. */
static void
put_name(struct der *d, X509_NAME *name)
{
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	if (len <= 0)
		die("i2d_X509_NAME");
	der_put(d, der, (size_t)len);
	OPENSSL_free(der);
	X509_NAME_free(name);
}

static void
put_scope(struct der *names, const struct crl_row *row, const struct ca *ca)
{
	if (row->scope == AT_URI) {
		der_uri(names, "ldap://ldap.jpki.invalid/cn=Kiyose-shi");
	} else if (row->scope != WHOLE) {
		put_name(names, row->scope == MUNICIPALITY ? municipality_name(ca) :
		    place_name(ca, "Higashikurume-shi CRLDP"));
		der_wrap(names, 0, 0xa4);
	}
}

static void
put_crl_extensions(struct der *extensions, const struct crl_row *row, const struct ca *ca)
{
	struct der names = { .p = NULL };

	put_scope(&names, row, ca);
	crlmaker_number(extensions, row->number);
	if (names.len > 0)
		crlmaker_idp(extensions, true, &names, row->flags);
	if (row->delta)
		der_extension(extensions, 27, true, "\x02\x01\x01", 3);
	if (row->unknown_critical)
		der_extension(extensions, 99, true, "\x05\x00", 2);
	der_done(&names);
}

static void
put_leaf(struct der *entries, const struct ca *ca, const char *name, int reason)
{
	for (size_t i = 0; i < COUNT(leaves); i++)
		if (strcmp(leaves[i].name, name) == 0 && strcmp(leaves[i].ca, ca->name) == 0)
			crlmaker_serial(entries, leaves[i].serial, now - 2 * DAY, reason);
}

/* No encoder should write these, but some encoder does. */
static void
put_odd_entries(struct der *entries)
{
	static const uint8_t zero = 0, long_one[21] = { 1 };
	static const uint8_t without_sign[] = { 0xe6, 0xf1, 0xd0, 0x04 };
	static const uint8_t with_zeros[] = { 0, 0, 0x06, 0xf1, 0xd0, 0x05 };

	crlmaker_entry(entries, &zero, 1, now - 3 * DAY, NO_REASON, NULL);
	crlmaker_entry(entries, long_one, sizeof long_one, now - 3 * DAY, NO_REASON, NULL);
	crlmaker_serial(entries, 0x02001001, -20 * 365 * (int64_t)DAY, NO_REASON);
	crlmaker_serial(entries, 0x02001002, 140 * 365 * (int64_t)DAY, NO_REASON);
	crlmaker_serial(entries, 0x02001003, now - 3 * DAY, 7);
	crlmaker_entry(entries, without_sign, sizeof without_sign, now - 3 * DAY, 1, NULL);
	crlmaker_entry(entries, with_zeros, sizeof with_zeros, now - 3 * DAY, 1, NULL);
}

static void
put_unknown_entry(struct der *entries)
{
	static const uint8_t serial = 9;
	struct der extension = { .p = NULL };

	der_extension(&extension, 99, true, "\x05\x00", 2);
	crlmaker_entry(entries, &serial, 1, now - 3 * DAY, NO_REASON, &extension);
	der_done(&extension);
}

static void
put_entries(struct der *entries, const struct crl_row *row, const struct ca *ca)
{
	if (row->odd)
		put_odd_entries(entries);
	if (row->unknown_entry)
		put_unknown_entry(entries);
	for (uint32_t i = 0; i < 5; i++)
		crlmaker_serial(entries, 0x02000000 + 77 * i, now - 3 * DAY, NO_REASON);
	put_leaf(entries, ca, "revoked", 1);
	if (!row->released)
		put_leaf(entries, ca, "suspended", 6);
	put_leaf(entries, ca, "unlisted", 8);
	if (row->also != NULL)
		put_leaf(entries, ca, row->also, 4);
}

static void
write_crl(const struct crl_row *row)
{
	const struct ca *ca = find_ca(row->ca);
	EVP_PKEY *key = row->key_of != NULL ? find_ca(row->key_of)->pkey : ca->pkey;
	struct der name = { .p = NULL }, entries = { .p = NULL }, extensions = { .p = NULL };
	struct der crl;
	char path[128];
	FILE *f;

	put_name(&name, ca_name(ca));
	put_entries(&entries, row, ca);
	put_crl_extensions(&extensions, row, ca);
	crlmaker_sign(&(struct crl_order){ .issuer = name.p, .issuer_len = name.len, .key = key,
	    .digest = ca->key == P384 ? "SHA384" : NULL, .this_update = now + row->from,
	    .next_update = row->until != 0 ? now + row->until : 0, .entries = &entries,
	    .extensions = &extensions }, &crl);
	if (row->tampered)
		crl.p[crl.len - 1] ^= 1;
	snprintf(path, sizeof path, "crl/%s", row->name);
	f = create(path, ".crl", 0644);
	if (fwrite(crl.p, 1, crl.len, f) != crl.len)
		die(path);
	finish(f, path);
	der_done(&name);
	der_done(&entries);
	der_done(&extensions);
	der_done(&crl);
}

static void
write_all(void)
{
	EVP_PKEY *common = make_key(RSA2048);
	FILE *times = create("times", "", 0644);
	FILE *issuers = create("issuers", "", 0644);

	for (size_t i = 0; i < COUNT(cas); i++) {
		make_ca(&cas[i]);
		write_key(cas[i].name, cas[i].pkey);
		write_cert(cas[i].name, cas[i].cert);
	}
	fprintf(times, "made=%lld\n", (long long)now);
	for (size_t i = 0; i < COUNT(leaves); i++) {
		write_leaf(&leaves[i], common);
		write_times(times, &leaves[i]);
		fprintf(issuers, "%s %s\n", leaves[i].name, leaves[i].ca);
	}
	fprintf(issuers, "tampered ca1\n");
	for (size_t i = 0; i < COUNT(crls); i++)
		write_crl(&crls[i]);
	finish(times, "times");
	finish(issuers, "issuers");
	for (size_t i = 0; i < COUNT(cas); i++) {
		X509_free(cas[i].cert);
		EVP_PKEY_free(cas[i].pkey);
	}
	EVP_PKEY_free(common);
}

int
main(int argc, char **argv)
{
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: mkpki DIR\n");
		return 2;
	}
	if (mkdir(argv[1], 0755) != 0 && errno != EEXIST)
		err(1, "%s", argv[1]);
	if (chdir(argv[1]) != 0)
		err(1, "%s", argv[1]);
	if (mkdir("crl", 0755) != 0 && errno != EEXIST)
		err(1, "%s/crl", argv[1]);
	/* Gone first: an interrupted run must not look complete. */
	if (unlink("stamp") != 0 && errno != ENOENT)
		err(1, "%s/stamp", argv[1]);
	now = time(NULL);
	write_all();
	finish(create("stamp", "", 0644), "stamp");
	return 0;
}

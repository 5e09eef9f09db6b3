/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds for tests/fuzz/run, made from the test PKI: DIR/HARNESS/NAME. Inputs are as the
 * harnesses take them apart.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "helper/proto.h"
#include "nss/crl/index.h"
#include "nss/pem.h"
#include "nss/trustdb.h"
#include "tests/unit/nss_fixture.h"

static const char *out;

static void
seed(const char *harness, const char *name, const void *head, size_t head_len, struct view body)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", out, harness);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof path, "%s/%s/%s", out, harness, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(head, 1, head_len, f), head_len);
	if (body.len > 0)
		assert_int_equal(fwrite(body.data, 1, body.len, f), body.len);
	assert_int_equal(fclose(f), 0);
}

static void
seed_text(const char *harness, const char *name, uint8_t kind, const char *text)
{
	seed(harness, name, &kind, 1, (struct view){ (const uint8_t *)text, strlen(text) });
}

/* --- certificates --------------------------------------------------------------------- */

static void
certificates(void)
{
	static const char *const names[] = { "ca1", "good", "ec256" };
	char pem[2 * CERT_DER_MAX];

	for (size_t i = 0; i < COUNT(names); i++) {
		struct bytes der = pki_der(names[i]);

		seed("der", names[i], "", 0, view_of(&der));
		seed("cert", names[i], "\0", 1, view_of(&der));
		assert_true(pem_write(view_of(&der), pem, sizeof pem));
		seed_text("cert", "pem", 1, pem);
		seed_text("certfile", names[i], 0, pem);
		seed_text("usercerts", names[i], 1, pem);
	}
	seed_text("usercerts", "name", 0, "hanako");
	seed_text("cert", "fingerprint", 2, "AB:cd:01:23");
	seed_text("cert", "sshkey", 2,
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX c\n");
}

/* --- revocation ------------------------------------------------------------------------- */

static void
index_of(struct certdb *db, int fd)
{
	FILE *f = tmpfile();
	struct crl *crl;
	struct bytes index;

	assert_non_null(f);
	assert_int_equal(crl_verify(db, fd, -1, NULL, &crl), CRL_OK);
	assert_int_equal(crlindex_write(crl, fileno(f), NULL), CRL_OK);
	crl_free(crl);
	rewind(f);
	index.len = fread(index.data, 1, sizeof index.data, f);
	assert_true(index.len > 0 && index.len < sizeof index.data);
	fclose(f);
	seed("crlindex", "as-it-is", "\0\2\1\2", 4, view_of(&index));
	seed("crlindex", "header-repaired", "\1\2\1\2", 4, view_of(&index));
	seed("crlindex", "repaired", "\2\2\1\2", 4, view_of(&index));
}

static void
lists(void)
{
	/* flags, length of the entries: two entries, one with a reason; a cRLNumber */
	static const uint8_t signed_list[] = { 1, 1, 0, 0x3c,
		0x30, 0x13, 0x02, 0x02, 0x01, 0x02, 0x17, 0x0d, '2', '6', '0', '1', '0', '1', '0', '0',
		'0', '0', '0', '0', 'Z',
		0x30, 0x25, 0x02, 0x06, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x17, 0x0d, '2', '6', '0', '1',
		'0', '1', '0', '0', '0', '0', '0', '0', 'Z',
		0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01, 0x01,
		0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x14, 0x04, 0x03, 0x02, 0x01, 0x01 };
	static const char pem[] = "-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n";
	char path[512], dir[512];
	struct bytes ca = pki_der("ca1"), crl;
	struct certdb *db;
	int fd;

	snprintf(path, sizeof path, "%s/crl/ca1.crl", getenv("JPKI_PKI"));
	crl = read_bytes(path);
	seed("crl", "file", "\0", 1, view_of(&crl));
	seed("crl", "signed", "", 0, (struct view){ signed_list, sizeof signed_list });
	seed_text("crl", "pem", 2, pem);
	seed("certfile", "list", "\1", 1, view_of(&crl));
	seed_text("certfile", "list-as-pem", 1, pem);
	seed_text("certfile", "list-as-ldif", 1, "dn: c=JP\ncertificateRevocationList;binary:: MAow\n CDAAMAAXAzI2\n");
	snprintf(dir, sizeof dir, "%s/db", scratch);
	assert_int_equal(trustdb_add(dir, geteuid(), view_of(&ca), NULL).status, OUTCOME_OK);
	assert_int_equal(certdb_open(dir, geteuid(), NULL, &db).status, OUTCOME_OK);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	index_of(db, fd);
	close(fd);
	assert_true(certdb_close(db));
}

/* --- texts -------------------------------------------------------------------------------- */

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SIGNATURE "QUJDREVGR0hJSktMTU5PUA=="

static void
texts(void)
{
	static const char prompt[] = "JPKI1 remote-login azumino.example%2cazumino hanako sshd 1795400000 "
	    HEX64 " hostkey: ";
	char asked[1024];

	seed_text("conf", "file", 0, "# comment\ncrl = if-present\nwait = 20\nremote = challenge\n"
	    "trust_db = /etc/x\nremote_names = a.example,b\npolicy_oid = 1.2.392\non_removal = lock\n");
	seed_text("conf", "words", 1, "timeout=30\ndebug=yes\nlast_try=ask\nlang=ja");
	seed_text("sshwire", "prompt", 0, prompt);
	seed_text("sshwire", "reply", 1, "JPKI1.0123456789abcdef.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO/+."
	    SIGNATURE);
	snprintf(asked, sizeof asked, "(hanako@azumino) Welcome\n%s", prompt);
	seed_text("sshwire", "askpass", 2, asked);
	seed_text("lists", "block", 0, "# lost\ncertificate " HEX64 " # note\nserial " HEX64 " 01ff\n");
	seed_text("lists", "known", 1, "# JPKI\n" HEX64 " corroborated JPKI-1 at=https://j.example/1.cer "
	    "source=https://a.example/x source=https://b.example/y\n");
	seed_text("lists", "fleet-ldif", 0xfc, "version: 1\n\n# hanako\ndn: uid=hanako,ou=jpki\nobjectClass: pkiUser\nuid: hanako\n"
	    "entryCSN: 20261129030000.123456Z#000000#001#000000\ncreateTimestamp: 20261129030000Z\nuserCertificate;binary:: MIIB\n AAAA\n\n"
	    "dn: cn=" HEX64 ",ou=blocked\nobjectClass: device\ncn: " HEX64 "-06f1\ndescription: lift\n\n"
	    "dn: cn=state\nobjectClass: applicationProcess\ncn: state\ndescription: generation=1 time=2 enrolled=3 blocked=4\n\n"
	    "result: 0 Success\n");
	seed("lists", "fleet-frames", "\xfa\1\0\0\0\1\0\0\0\0\2\0\0\0\0\0\0\0\0", 19,
	    (struct view){ (const uint8_t *)"\3\0\0\0\0\0\0\0\6dn: x\n\4\0\0\0\0\0\0\0\0\6\0\0\0\4\0\0\0\1y", 34 });
	seed_text("lists", "fleet-memory", 0xfb, "pam_jpki fleet 2 7\nsource 7 1764345600 3 1\nheld 2\nmark " HEX64 " 1764345600.5.1 0\n"
	    "have 1764345600 0 " HEX64 "," HEX64 " hanako\ngone 1764345600 " HEX64 " hanako\n");
	seed_text("lists", "fleet-journal", 0xf9, "pam_jpki journal 1 1\nchange 1 100 555997746\nleft hanako\ngone 1764345600 " HEX64 " hanako\n"
	    "change 2 94 2703308048\nheld 2\nmark " HEX64 " 1764345600.5.1 0\n");
	seed_text("lists", "fleet-state", 0xfd, "# by cn=state\ntime 1764345600\ngeneration 7\nenrolled 20000\nblocked 12\n");
	seed_text("lists", "serial", 3, "00:01:ff");
	seed_text("lists", "guesses", 0xfe, "# pam_jpki guesses 1: uid service failed untold entered last (see "
	    "pam_jpki(8))\n2002 su 3 1 0 1764345600\n0 login 0 1 0 1764345601\n");
	seed("remote", "right", "\1", 1, (struct view){ NULL, 0 });
	seed_text("remote", "typed", 4, "JPKI1.0123456789abcdef.-." SIGNATURE);
	seed("card", "login", "\0\0", 2, (struct view){ NULL, 0 });
	/* open, three commands, close; open, power, four commands, and the signature: a byte of it */
	seed("card", "wrong-signature", "\0\0\0\0\0\0\0\0\0\0\0\0\0\4\10\1", 16,
	    (struct view){ NULL, 0 });
	seed("card", "change", "\1\0", 2, (struct view){ NULL, 0 });
	seed("card", "enroll", "\2\0", 2, (struct view){ NULL, 0 });
	seed("card", "drop", "\3\0", 2, (struct view){ NULL, 0 });
}

/* --- messages ------------------------------------------------------------------------------- */

static void
packet(struct writer *all, const char *name, const uint8_t *bytes, const struct writer *w)
{
	seed("proto", name, "", 0, (struct view){ bytes, w->len });
	/* As fuzz_dialogue takes it: length, an even byte for "the right header", type, body. */
	writer_u16(all, (uint16_t)(w->len - PROTO_ID_LEN));
	writer_u8(all, 0);
	writer_bytes(all, bytes + 1, 1);
	writer_bytes(all, bytes + 2 + PROTO_ID_LEN, w->len - 2 - PROTO_ID_LEN);
}

#define PACKET(all, name, put, m) do { \
	uint8_t bytes[PROTO_PACKET_MAX]; \
	struct writer w = writer_of(bytes, sizeof bytes); \
	assert_true(put(&w, &id, m)); \
	packet(all, name, bytes, &w); \
} while (0)

static void
messages(void)
{
	static const struct proto_id id = { "0123456789abcde" };
	static struct proto_request request = { .task = PROTO_LOGIN, .lang = "ja", .user = "hanako", .uid = 2001, .login_name = "Hanako",
		.service = "sshd", .host = "azumino", .claims.tty = "tty1", .sshd = true,
		.auth_info = "publickey ssh-rsa AAAA\n", .word_count = 1, .words = { "debug=yes" } };
	static uint8_t login[PROTO_PACKET_MAX], change[PROTO_PACKET_MAX], remote[PROTO_PACKET_MAX],
	    none[PROTO_PACKET_MAX];
	struct proto_prompt prompt = { .text = "PIN: ", .reader = "Reader 0",
		.cert = "fedcba9876543210" };
	struct proto_ready ready = { .before_s = 5, .after_s = 5, .way = PROTO_BY_PIN };
	struct proto_ready from_afar = { .before_s = 5, .after_s = 5, .way = PROTO_BY_CHALLENGE };
	struct proto_log log = { .priority = 6, .text = "line" };
	struct proto_pin pin = { .answer = PROTO_ANSWER_PIN,
		.since = { .failed = 1, .failed_by = "taro, su", .entered_by = "" }, .pin = { (const uint8_t *)"1234", 4 } };
	struct proto_challenge challenge = { .text = "JPKI1 remote-login " };
	struct proto_reply reply = { .given = true, .text = "JPKI1." };
	struct proto_result ok = { .outcome = outcome_of(OUTCOME_OK), .card_clean = true,
		.reader = "Reader 0", .cert = "0123456789abcdef" };
	struct proto_result wrong = { .outcome = outcome_of(OUTCOME_PIN_WRONG), .text = "text" };
	struct writer l = writer_of(login, sizeof login), c = writer_of(change, sizeof change),
	    r = writer_of(remote, sizeof remote), n = writer_of(none, sizeof none);

	writer_u8(&l, 0);
	writer_u8(&c, 1);
	writer_u8(&r, 64);	/* by sshd */
	PACKET(&n, "request", proto_put_request, &request);
	PACKET(&n, "pin", proto_put_pin, &pin);
	PACKET(&n, "reply", proto_put_reply, &reply);
	PACKET(&l, "log", proto_put_log, &log);
	PACKET(&l, "ready", proto_put_ready, &ready);
	PACKET(&l, "prompt", proto_put_prompt, &prompt);
	PACKET(&l, "result", proto_put_result, &ok);
	PACKET(&c, "ready", proto_put_ready, &ready);
	for (int i = 0; i < 3; i++)
		PACKET(&c, "prompt", proto_put_prompt, &prompt);
	PACKET(&c, "wrong", proto_put_result, &wrong);
	PACKET(&r, "ready-remote", proto_put_ready, &from_afar);
	PACKET(&r, "challenge", proto_put_challenge, &challenge);
	PACKET(&r, "result", proto_put_result, &ok);
	assert_true(writer_ok(&l) && writer_ok(&c) && writer_ok(&r));
	seed("dialogue", "login", login, l.len, (struct view){ (const uint8_t *)"\0\0\4" "1234", 7 });
	seed("dialogue", "change", change, c.len,
	    (struct view){ (const uint8_t *)"\0\0\4" "1234\4" "8275\4" "8275", 17 });
	seed("dialogue", "remote", remote, r.len, (struct view){ (const uint8_t *)"\0\0\6JPKI1.", 9 });
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 2;
	}
	out = argv[1];
	assert_true(mkdir(out, 0755) == 0 || errno == EEXIST);
	assert_int_equal(scratch_make(NULL), 0);
	certificates();
	lists();
	texts();
	messages();
	assert_int_equal(scratch_done(NULL), 0);
	return 0;
}

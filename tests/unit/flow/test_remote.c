/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow/remote: what a server believes of a signature that was made elsewhere, and of a key that
 * sshd has let in. The person here signs with libcrypto and the key of the test PKI.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/userfile.h"
#include "flow/remote.h"
#include "nss/base64.h"
#include "nss/cert.h"
#include "nss/sshkey.h"

#define HOST_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX root@azumino\n"
#define OUR_HOSTKEY "YpGuo9ECrGhZcp1mB+WpeovbYcsE0vHaZRt+/X16kAk"
#define OTHER_HOSTKEY "Mlfpdu/SbXPtqKqAMxrNMSjsMTn3KBZB6p0iF0v7RyQ"

/* What the person does with a challenge; NULL and 0 are the right way. */
struct person {
	struct kit *k;
	const char *leaf;		/* whose key signs; "good" */
	const char *keyid_of;		/* whose certificate the reply names; that of leaf */
	const char *hostkey;		/* signed and told; OUR_HOSTKEY */
	const char *told_hostkey;	/* told, if it is another than the signed one */
	const char *hosts;		/* signed instead of the server's */
	const char *user;		/* signed instead of the right one */
	const char *service;		/* likewise */
	const struct sshwire_challenge *old;	/* signed instead of this one */
	bool purpose_login;		/* signs what a local login signs */
	const char *reply;		/* typed instead of all that */
	struct outcome asks;		/* what asking comes to, if not OUTCOME_OK */
	void (*meanwhile)(struct kit *k);
	int64_t takes_ms;
	/* What the person has seen. */
	unsigned int asked;
	char prompt[SSHWIRE_PROMPT_MAX];
	struct sshwire_challenge seen;
	int64_t asked_at;		/* milliseconds */
};

/* DIR/NAME.END */
static void
name_file(char path[static PATH_MAX], const char *dir, const char *name, const char *end)
{
	int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, end);

	assert_true(n > 0 && n < PATH_MAX);
}

static void
load_key(struct kit *k, const char *leaf, EVP_PKEY **ret)
{
	char path[PATH_MAX];
	FILE *f;

	name_file(path, k->pki, leaf, ".key");
	f = fopen(path, "re");
	assert_non_null(f);
	*ret = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(*ret);
}

static void
sign(struct kit *k, const char *leaf, const uint8_t *text, size_t len, char *ret, size_t size)
{
	uint8_t signature[1024], base64[1400];
	size_t n = sizeof signature;
	EVP_PKEY *key;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	load_key(k, leaf, &key);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, text, len), 1);
	assert_true(EVP_EncodeBlock(base64, signature, (int)n) > 0);
	assert_true((size_t)snprintf(ret, size, "%s", (char *)base64) < size);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

/* As ours are found: from the .der of the PKI, by libcrypto. */
static void
keyid_of(struct kit *k, const char *leaf, char ret[static SSHWIRE_KEYID_LEN + 1])
{
	uint8_t der[8192], hash[32];
	char path[PATH_MAX];
	size_t n;
	FILE *f;

	name_file(path, k->pki, leaf, ".der");
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(der, 1, sizeof der, f);
	fclose(f);
	assert_int_equal(EVP_Digest(der, n, hash, NULL, EVP_sha256(), NULL), 1);
	view_hex((struct view){ hash, SSHWIRE_KEYID_LEN / 2 }, ret);
}

static const char *
or_else(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static void
signed_text(const struct person *p, struct sshwire_challenge c, uint8_t text[static CHALLENGE_MAX], size_t *len)
{
	struct challenge local = { .purpose = "login", .host = c.hosts, .user = c.user,
		.service = c.service, .time = c.time };

	memcpy(local.nonce, c.nonce, sizeof local.nonce);
	snprintf(c.hosts, sizeof c.hosts, "%s", or_else(p->hosts, p->seen.hosts));
	snprintf(c.user, sizeof c.user, "%s", or_else(p->user, p->seen.user));
	snprintf(c.service, sizeof c.service, "%s", or_else(p->service, p->seen.service));
	if (p->purpose_login)
		assert_true(challenge_write(&local, text, len));
	else
		assert_true(sshwire_text(&c, or_else(p->hostkey, OUR_HOSTKEY), text, len));
}

static struct outcome
answer(void *ctx, const char *prompt, char reply[static SSHWIRE_REPLY_MAX])
{
	struct person *p = ctx;
	const char *leaf = or_else(p->leaf, "good");
	struct sshwire_reply r = { .keyid = "" };
	uint8_t text[CHALLENGE_MAX];
	struct timespec now;
	size_t len;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	p->asked_at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	p->asked++;
	snprintf(p->prompt, sizeof p->prompt, "%s", prompt);
	assert_true(sshwire_read_prompt(prompt, &p->seen));
	p->k->mono_ms += p->takes_ms;
	if (p->meanwhile != NULL)
		p->meanwhile(p->k);
	reply[0] = '\0';
	if (p->asks.status != OUTCOME_OK)
		return p->asks;
	if (p->reply != NULL) {
		snprintf(reply, SSHWIRE_REPLY_MAX, "%s", p->reply);
		return outcome_of(OUTCOME_OK);
	}
	signed_text(p, p->old != NULL ? *p->old : p->seen, text, &len);
	sign(p->k, leaf, text, len, r.signature, sizeof r.signature);
	keyid_of(p->k, or_else(p->keyid_of, leaf), r.keyid);
	snprintf(r.hostkey, sizeof r.hostkey, "%s", or_else(p->told_hostkey, or_else(p->hostkey, OUR_HOSTKEY)));
	assert_true(sshwire_write_reply(&r, reply));
	return outcome_of(OUTCOME_OK);
}

static struct login_result
remote_login_as(struct kit *k, struct person *p, const char *user, const char *login_name)
{
	struct login_request request = { .purpose = "login", .user = user, .login_name = login_name, .service = "sshd",
		.host = "azumino", .place = PLACE_REMOTE };
	struct remote_ui ui = { .ask = answer, .ctx = p };
	struct login_result result;

	p->k = k;
	flow_remote(&k->env, &ui, &request, &result);
	assert_true(result.card_clean);
	assert_int_equal(k->opens, 0);		/* no card of ours is touched */
	assert_int_equal(k->prompts, 0);
	return result;
}

static struct login_result
remote_login(struct kit *k, struct person *p, const char *user)
{
	return remote_login_as(k, p, user, user);
}

static void
expect_of(struct kit *k, struct person p, const char *user, enum outcome_status wanted, int line)
{
	struct login_result r = remote_login(k, &p, user);

	if (r.outcome.status != wanted)
		fail_msg("line %d: %s (%x) instead of %s; %s", line, outcome_code(r.outcome.status),
		    r.outcome.raw, outcome_code(wanted), k->last_log);
}

#define EXPECT(wanted, ...) \
	expect_of(k, (struct person){ __VA_ARGS__ }, "hanako", OUTCOME_##wanted, __LINE__)

static void
write_host_key(struct kit *k, const char *name, const char *line)
{
	char path[PATH_MAX];
	FILE *f;

	name_file(path, k->conf.host_keys, name, "");
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(line, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static int
setup(void **state)
{
	struct kit *k;

	if (kit_new(state) != 0)
		return -1;
	k = *state;
	name_file(k->conf.host_keys, k->dir, "ssh", "");
	assert_int_equal(mkdir(k->conf.host_keys, 0755), 0);
	write_host_key(k, "ssh_host_ed25519_key.pub", HOST_KEY);
	kit_enroll(k, "hanako", "good", NULL);
	return 0;
}

/* --- success ----------------------------------------------------------------------- */

static void
right_reply(void **state)
{
	struct kit *k = *state;
	struct person p = { .leaf = "good" };
	struct login_result r = remote_login(k, &p, "hanako");
	char keyid[SSHWIRE_KEYID_LEN + 1];

	assert_int_equal(r.outcome.status, OUTCOME_OK);
	assert_int_equal(p.asked, 1);
	assert_string_equal(p.seen.hosts, "azumino");
	assert_string_equal(p.seen.user, "hanako");
	assert_string_equal(p.seen.service, "sshd");
	assert_int_equal(p.seen.time, k->wall_s);
	assert_int_equal(p.seen.binding, SSHWIRE_HOSTKEY);
	keyid_of(k, "good", keyid);
	assert_string_equal(r.cert, keyid);
	assert_true(r.not_after > k->wall_s);
}

/* The account's name finds the card; the one that was typed is what the client knows. */
static void
another_name_of_the_account(void **state)
{
	struct kit *k = *state;
	struct person p = { .leaf = "good" };

	assert_int_equal(remote_login_as(k, &p, "hanako", "Hanako@realm").outcome.status, OUTCOME_OK);
	assert_string_equal(p.seen.user, "Hanako@realm");
	assert_int_equal(remote_login_as(k, &p, "taro", "hanako").outcome.status, OUTCOME_CHALLENGE);
	assert_string_equal(p.seen.user, "hanako");
}

static void
names_of_the_server(void **state)
{
	struct kit *k = *state;
	struct person p = { .leaf = "good" };

	snprintf(k->conf.remote_names, sizeof k->conf.remote_names, "azumino.example,10.0.0.1");
	assert_int_equal(remote_login(k, &p, "hanako").outcome.status, OUTCOME_OK);
	assert_string_equal(p.seen.hosts, "azumino.example,10.0.0.1");
}

static void
second_of_two_certificates(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "expired", "good", "other-person", NULL);
	EXPECT(OK, .leaf = "good");
	EXPECT(OK, .leaf = "other-person");
	EXPECT(CERT_EXPIRED, .leaf = "expired");
}

static void
binding_by_name(void **state)
{
	struct kit *k = *state;
	struct person p = { .hostkey = "" };

	EXPECT(CHALLENGE, .hostkey = "");
	k->conf.remote_binding = CONF_BINDING_NAME;
	assert_int_equal(remote_login(k, &p, "hanako").outcome.status, OUTCOME_OK);
	assert_int_equal(p.seen.binding, SSHWIRE_NAME);
	/* But a reply with a host key must have one of ours. */
	EXPECT(OK, .hostkey = OUR_HOSTKEY);
	EXPECT(CHALLENGE, .hostkey = OTHER_HOSTKEY);
	EXPECT(CHALLENGE, .hostkey = OTHER_HOSTKEY, .told_hostkey = "");
	EXPECT(CHALLENGE, .hostkey = OUR_HOSTKEY, .told_hostkey = "");
}

/* --- refusals ------------------------------------------------------------------------ */

static void
other_signatures(void **state)
{
	struct sshwire_challenge old = { .hosts = "azumino", .user = "hanako", .service = "sshd" };
	struct kit *k = *state;

	old.time = k->wall_s;
	EXPECT(CHALLENGE, .leaf = "good2");
	EXPECT(CHALLENGE, .leaf = "good2", .keyid_of = "good");
	EXPECT(CHALLENGE, .keyid_of = "good2");
	EXPECT(CHALLENGE, .old = &old);
	EXPECT(CHALLENGE, .hosts = "evil");
	EXPECT(CHALLENGE, .hosts = "azumino,evil");
	EXPECT(CHALLENGE, .user = "root");
	EXPECT(CHALLENGE, .service = "sudo");
	EXPECT(CHALLENGE, .purpose_login = true);
	EXPECT(CHALLENGE, .hostkey = OTHER_HOSTKEY);
	EXPECT(CHALLENGE, .hostkey = OTHER_HOSTKEY, .told_hostkey = OUR_HOSTKEY);
	EXPECT(CHALLENGE, .hostkey = OUR_HOSTKEY, .told_hostkey = OTHER_HOSTKEY);
	EXPECT(OK, .leaf = "good");
}

static void
a_reply_serves_once(void **state)
{
	struct kit *k = *state;
	struct person first = { .leaf = "good" }, second = { .leaf = "good" };

	assert_int_equal(remote_login(k, &first, "hanako").outcome.status, OUTCOME_OK);
	second.old = &first.seen;
	assert_int_equal(remote_login(k, &second, "hanako").outcome.status, OUTCOME_CHALLENGE);
	assert_memory_not_equal(first.seen.nonce, second.seen.nonce, sizeof first.seen.nonce);
}

/* Compares what a login reads of a reply: the certificate, the host key and the signature. */
static bool
is_the_same_reply(const char *text, const struct sshwire_reply *wanted)
{
	uint8_t signature[1024], right[1024];
	struct sshwire_reply r;
	size_t len, right_len;

	assert_true(base64_read(wanted->signature, right, sizeof right, &right_len));
	return sshwire_read_reply(text, &r) && strcmp(r.keyid, wanted->keyid) == 0 && strcmp(r.hostkey, wanted->hostkey) == 0 &&
	    base64_read(r.signature, signature, sizeof signature, &len) && len == right_len &&
	    memcmp(signature, right, len) == 0;
}

/* To replace, remove or add one letter of a reply makes it another one, or none. */
static void
a_reply_has_one_text(void **state)
{
	static const char *const signatures[] = { "QUJDAAAAgA==", "QUJDAAAAgIA=", "QUJDAAAAgICA" };
	struct sshwire_reply r = { .keyid = "0123456789abcdef", .hostkey = OUR_HOSTKEY };
	char text[SSHWIRE_REPLY_MAX], other[SSHWIRE_REPLY_MAX + 1];

	for (size_t i = 0; i < COUNT(signatures); i++) {
		snprintf(r.signature, sizeof r.signature, "%s", signatures[i]);
		assert_true(sshwire_write_reply(&r, text) && is_the_same_reply(text, &r));
		for (size_t at = 0; at < strlen(text); at++) {
			snprintf(other, sizeof other, "%.*s%s", (int)at, text, text + at + 1);
			assert_false(is_the_same_reply(other, &r));
			for (int c = 1; c < 256; c++) {
				snprintf(other, sizeof other, "%.*s%c%s", (int)at, text, c, text + at + 1);
				if (c != (unsigned char)text[at] && is_the_same_reply(other, &r))
					fail_msg("taken: %s", other);
				snprintf(other, sizeof other, "%.*s%c%s", (int)at + 1, text, c, text + at + 1);
				if (is_the_same_reply(other, &r))
					fail_msg("taken: %s", other);
			}
		}
	}
}

static void
other_replies(void **state)
{
	struct kit *k = *state;

	EXPECT(NO_REPLY, .reply = "");
	EXPECT(CHALLENGE, .reply = "8275");
	EXPECT(CHALLENGE, .reply = "secret password");
	EXPECT(CHALLENGE, .reply = "JPKI1.0123456789abcdef.-.QUJD");
	EXPECT(CANCELLED, .asks = outcome_of(OUTCOME_CANCELLED));
	assert_null(strstr(k->last_log, "secret"));
}

static void
too_late(void **state)
{
	struct kit *k = *state;

	k->conf.challenge_timeout = 30;
	EXPECT(OK, .takes_ms = 30000);
	EXPECT(CHALLENGE, .takes_ms = 30001);
}

/* A user who has proved the card learns why it was refused; no other does. */
static void
dead_certificates(void **state)
{
	static const struct {
		const char *leaf;
		enum outcome_status status;
	} rows[] = { { "expired", OUTCOME_CERT_EXPIRED }, { "not-yet", OUTCOME_CERT_NOT_YET },
		{ "revoked", OUTCOME_REVOKED }, { "other-ca", OUTCOME_UNTRUSTED } };
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_enroll(k, "hanako", rows[i].leaf, NULL);
		expect_of(k, (struct person){ .leaf = rows[i].leaf }, "hanako", rows[i].status, __LINE__);
		expect_of(k, (struct person){ .leaf = "good", .keyid_of = rows[i].leaf }, "hanako",
		    OUTCOME_CHALLENGE, __LINE__);
		EXPECT(NO_REPLY, .reply = "");
	}
}

/* Turns to a list that was imported before: NSS imports nothing while a login has it open. */
static void
revoke_good(struct kit *k)
{
	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.4000s/newer", k->dir);
}

static void
prepare_revocation(struct kit *k)
{
	char usual[PATH_MAX];

	memcpy(usual, k->conf.crl_dir, sizeof usual);
	revoke_good(k);
	kit_import(k, "ca1-good-revoked");
	memcpy(k->conf.crl_dir, usual, sizeof usual);
}

static void
take_away(struct kit *k)
{
	kit_enroll(k, "hanako", "good2", NULL);
}

static void
changed_while_it_was_signed(void **state)
{
	struct kit *k = *state;
	char usual[PATH_MAX];

	memcpy(usual, k->conf.crl_dir, sizeof usual);
	prepare_revocation(k);
	EXPECT(REVOKED, .meanwhile = revoke_good);
	memcpy(k->conf.crl_dir, usual, sizeof usual);
	EXPECT(CHALLENGE, .meanwhile = take_away);
}

static void
take_enrollment(struct kit *k)
{
	char path[PATH_MAX];

	name_file(path, k->conf.users_dir, "hanako", ".pem");
	assert_int_equal(unlink(path), 0);
}

/* Neither what is shown nor the time that it takes depends on whether the user has a card here, or on its state. */
static void
an_outsider_cannot_learn_who_is_enrolled(void **state)
{
	static const char *const leaves[] = { "good", "expired", "revoked", NULL };
	char wanted[SSHWIRE_PROMPT_MAX] = "", shown[SSHWIRE_PROMPT_MAX];
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(leaves); i++) {
		struct person p = { .reply = "" };
		struct timespec begin;

		if (leaves[i] != NULL)
			kit_enroll(k, "hanako", leaves[i], NULL);
		else
			take_enrollment(k);
		(void)clock_gettime(CLOCK_MONOTONIC, &begin);
		assert_int_equal(remote_login(k, &p, "hanako").outcome.status, OUTCOME_NO_REPLY);
		assert_true(p.asked_at - ((int64_t)begin.tv_sec * 1000 + begin.tv_nsec / 1000000) >=
		    REMOTE_SHOW_AFTER_MS - 1);
		memset(p.seen.nonce, 0, sizeof p.seen.nonce);
		assert_true(sshwire_write_prompt(&p.seen, shown));
		if (i > 0)
			assert_string_equal(shown, wanted);
		memcpy(wanted, shown, sizeof wanted);
	}
	expect_of(k, (struct person){ .leaf = "good" }, "hanako", OUTCOME_CHALLENGE, __LINE__);
	expect_of(k, (struct person){ .leaf = "good" }, "nobody", OUTCOME_CHALLENGE, __LINE__);
	expect_of(k, (struct person){ .reply = "" }, "../hanako", OUTCOME_NO_REPLY, __LINE__);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A refusal comes no sooner for who has nothing to be judged; the rightful one does not wait. */
static void
refusals_take_their_time(void **state)
{
	static const char *const replies[] = { NULL, "nonsense", "JPKI1.0123456789abcdef.-.QUJD" };
	struct kit *k = *state;

	for (size_t i = 0; i < 2 * COUNT(replies); i++) {
		struct person p = { .leaf = "good2", .reply = replies[i / 2] };

		assert_int_equal(remote_login(k, &p, i % 2 == 0 ? "hanako" : "nobody").outcome.status,
		    OUTCOME_CHALLENGE);
		assert_true(now_ms() - p.asked_at >= REMOTE_REFUSE_AFTER_MS - 1);
	}
}

/* --- the server itself --------------------------------------------------------------- */

static void
expect_no_challenge(struct kit *k, const char *user)
{
	struct person p = { .leaf = "good" };

	assert_int_equal(remote_login(k, &p, user).outcome.status, OUTCOME_CONFIG);
	assert_int_equal(p.asked, 0);
}

static void
host_keys_are_needed(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	write_host_key(k, "ssh_host_ed25519_key.pub", "garbage\n");
	EXPECT(CHALLENGE, .leaf = "good");
	/* The key does not fit what the line says. */
	write_host_key(k, "ssh_host_ed25519_key.pub", "ssh-rsa" HOST_KEY + sizeof "ssh-ed25519" - 1);
	EXPECT(CHALLENGE, .leaf = "good");
	write_host_key(k, "ssh_host_rsa_key.pub", HOST_KEY);
	EXPECT(OK, .leaf = "good");
	name_file(path, k->conf.host_keys, "ssh_host_rsa_key", ".pub");
	assert_int_equal(chmod(path, 0666), 0);		/* writable by all: not a key of sshd's */
	EXPECT(CHALLENGE, .leaf = "good");
	assert_int_equal(unlink(path), 0);
	name_file(path, k->conf.host_keys, "ssh_host_ed25519_key", ".pub");
	assert_int_equal(unlink(path), 0);
	write_host_key(k, "id_ed25519.pub", HOST_KEY);	/* another user's key, not sshd's */
	expect_no_challenge(k, "hanako");
	k->conf.remote_binding = CONF_BINDING_NAME;
	EXPECT(OK, .hostkey = "");
	k->conf.remote_binding = CONF_BINDING_HOSTKEY;
	snprintf(k->conf.host_keys, sizeof k->conf.host_keys, "/nonexistent");
	expect_no_challenge(k, "hanako");
}

/* Of more than are kept, any is enough, and none is freed twice or beyond the last. */
static void
more_host_keys_than_are_kept(void **state)
{
	struct kit *k = *state;
	char name[64];

	for (unsigned int i = 0; i <= REMOTE_HOST_KEYS_MAX; i++) {
		snprintf(name, sizeof name, "ssh_host_%u_key.pub", i);
		write_host_key(k, name, HOST_KEY);
	}
	EXPECT(OK, .leaf = "good");
}

static void
users_of_odd_names(void **state)
{
	struct kit *k = *state;
	char name[SSHWIRE_NAME_MAX + 1];

	expect_no_challenge(k, "han\nako");
	expect_no_challenge(k, "\xe8\x8a\xb1");
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	expect_no_challenge(k, name);
}

/* A user name that a stranger gives sshd cannot look like another field, outcome or line. */
static void
names_in_the_log(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *user, *logged;
	} rows[] = {
		{ "taro", "the remote login of taro fails by JPKI-E-NOT-ENROLLED" },
		{ "hanako from the console succeeds. JPKI-OK user=hanako",
		  "the remote login of \"hanako from the console succeeds. JPKI-OK user=hanako\" fails by JPKI-E-NOT-ENROLLED" },
		{ "a\" user=\"b", "the remote login of \"a\\\" user=\\\"b\" fails by JPKI-E-NOT-ENROLLED" },
		{ "root,user=hanako", "the remote login of \"root,user=hanako\" fails by JPKI-E-NOT-ENROLLED" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct person p = { .leaf = "good" };

		assert_int_equal(remote_login(k, &p, rows[i].user).outcome.status, OUTCOME_CHALLENGE);
		assert_string_equal(k->last_log, rows[i].logged);
	}
}

/* --- a key that sshd has let in --------------------------------------------------------- */

static void
ssh_key_of(struct kit *k, const char *leaf, char *ret, size_t size)
{
	char path[PATH_MAX], command[4 * PATH_MAX];
	FILE *f;

	/* ssh-keygen, not our own writer, says what the key is. */
	name_file(path, k->pki, leaf, ".crt");
	snprintf(command, sizeof command, "openssl x509 -in '%s' -noout -pubkey > '%s/pub' && "
	    "ssh-keygen -i -m PKCS8 -f '%s/pub'", path, k->dir, k->dir);
	f = popen(command, "re");
	assert_non_null(f);
	assert_non_null(fgets(ret, (int)size, f));
	assert_int_equal(pclose(f), 0);
	ret[strcspn(ret, "\n")] = '\0';
}

/* SSH_AUTH_INFO_0: what comes before the key, the key, what comes after it. */
static void
expect_key(struct kit *k, enum outcome_status wanted, const char *before, const char *key,
    const char *after, int line)
{
	struct login_result r;
	char info[SSHKEY_MAX * 2];

	snprintf(info, sizeof info, "%s%s%s", before, key, after);
	flow_ssh_key(&k->env, "hanako", info, &r);
	if (r.outcome.status != wanted)
		fail_msg("line %d: %s instead of %s", line, outcome_code(r.outcome.status), outcome_code(wanted));
	assert_true(r.card_clean);
	assert_int_equal(k->opens, 0);
}

#define KEY(wanted, before, key, after) expect_key(k, OUTCOME_##wanted, before, key, after, __LINE__)

static void
keys_that_sshd_has_let_in(void **state)
{
	struct kit *k = *state;
	char good[SSHKEY_MAX], good2[SSHKEY_MAX], other[SSHKEY_MAX], expired[SSHKEY_MAX], ec[SSHKEY_MAX], cut[SSHKEY_MAX];

	ssh_key_of(k, "good", good, sizeof good);
	ssh_key_of(k, "good2", good2, sizeof good2);
	ssh_key_of(k, "other-person", other, sizeof other);
	ssh_key_of(k, "expired", expired, sizeof expired);
	ssh_key_of(k, "ec256", ec, sizeof ec);
	KEY(OK, "publickey ", good, "\n");
	KEY(OK, "publickey ", good, "");
	KEY(OK, "publickey ssh-ed25519 AAAA\npublickey ", good, "\n");
	KEY(SSH_KEY, "publickey ", good2, "\n");
	KEY(SSH_KEY, "publickey ", good, " comment\n");
	KEY(SSH_KEY, "publickey  ", good, "\n");
	KEY(SSH_KEY, "publickey ", good, "=\n");
	KEY(SSH_KEY, "hostbased ", good, "\n");
	KEY(SSH_KEY, "password\n", good, "\n");
	KEY(SSH_KEY, "publickey ?\n", "", "");
	snprintf(cut, sizeof cut, "%.*s", (int)strlen(good) - 1, good);
	KEY(SSH_KEY, "publickey ", cut, "\n");
	kit_enroll(k, "hanako", "expired", "other-person", NULL);
	KEY(OK, "publickey ", other, "\n");
	KEY(CERT_EXPIRED, "publickey ", expired, "\n");
	KEY(SSH_KEY, "publickey ", good, "\n");
	kit_enroll(k, "hanako", "ec256", NULL);
	KEY(OK, "publickey ", ec, "\n");
	kit_enroll(k, "hanako", "good", NULL);
	prepare_revocation(k);
	revoke_good(k);
	KEY(REVOKED, "publickey ", good, "\n");
	take_enrollment(k);
	KEY(NOT_ENROLLED, "publickey ", good, "\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, kit_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(right_reply), T(another_name_of_the_account), T(names_of_the_server), T(second_of_two_certificates),
		T(binding_by_name),
		T(other_signatures), T(a_reply_serves_once), cmocka_unit_test(a_reply_has_one_text), T(other_replies), T(too_late),
		T(dead_certificates), T(changed_while_it_was_signed), T(an_outsider_cannot_learn_who_is_enrolled),
		T(refusals_take_their_time),
		T(host_keys_are_needed), T(more_host_keys_than_are_kept), T(users_of_odd_names), T(names_in_the_log),
		T(keys_that_sshd_has_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

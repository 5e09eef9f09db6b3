/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A remote login with a reply that has been tampered with: only the very reply that the
 * right key signed lets in, and each of them once. The input edits a right reply, or is one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "tests/unit/nss_fixture.h"

#include "flow/remote.h"
#include "nss/cert.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"
#include "tests/unit/flowkit.h"

#define HOST_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX root@azumino\n"
#define OUR_HOSTKEY "YpGuo9ECrGhZcp1mB+WpeovbYcsE0vHaZRt+/X16kAk"

static struct kit *kit;
static EVP_PKEY *key;
static char keyid[SSHWIRE_KEYID_LEN + 1];

static struct {
	struct cursor in;
	bool right;	/* the reply is the one that was signed, byte by byte */
} p;

static void
done(void)
{
	EVP_PKEY_free(key);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bytes der = pki_der("good");
	uint8_t hash[EVP_MAX_MD_SIZE];

	kit = world_new();
	snprintf(kit->conf.host_keys, sizeof kit->conf.host_keys, "%s", fuzz_dir());
	(void)fuzz_write("ssh_host_ed25519_key.pub", HOST_KEY, strlen(HOST_KEY));
	kit_enroll(kit, "hanako", "good", NULL);
	key = pki_key("good");
	CHECK(atexit(done) == 0);
	CHECK(EVP_Digest(der.data, der.len, hash, NULL, EVP_sha256(), NULL) == 1);
	view_hex((struct view){ hash, SSHWIRE_KEYID_LEN / 2 }, keyid);
	return 0;
}

/* No delay between two fuzzed logins. */
int __wrap_poll(void *fds, unsigned long n, int ms);

int
__wrap_poll(void *fds, unsigned long n, int ms)
{
	CHECK(n == 0);
	kit->mono_ms += ms > 0 ? ms : 0;
	return 0;
}

static void
sign_reply(const char *prompt, char reply[static SSHWIRE_REPLY_MAX])
{
	uint8_t text[CHALLENGE_MAX], signature[512], base64[700];
	struct sshwire_reply r = { .hostkey = OUR_HOSTKEY };
	size_t len, n = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct sshwire_challenge c;

	CHECK(sshwire_read_prompt(prompt, &c) && sshwire_text(&c, OUR_HOSTKEY, text, &len));
	CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
	CHECK(EVP_DigestSign(ctx, signature, &n, text, len) == 1);
	CHECK(EVP_EncodeBlock(base64, signature, (int)n) > 0);
	EVP_MD_CTX_free(ctx);
	snprintf(r.keyid, sizeof r.keyid, "%s", keyid);
	CHECK((size_t)snprintf(r.signature, sizeof r.signature, "%s", (const char *)base64) <
	    sizeof r.signature);
	CHECK(sshwire_write_reply(&r, reply));
}

/* Edits: where (two bytes), what: a byte there, a byte more, one less, or the end. */
static void
edit(char reply[static SSHWIRE_REPLY_MAX])
{
	size_t len = strlen(reply), at = (size_t)(fuzz_u8(&p.in) << 8 | fuzz_u8(&p.in)) % (len + 1);
	uint8_t how = fuzz_u8(&p.in), byte = fuzz_u8(&p.in);

	switch (how % 4) {
	case 0:
		if (at < len && byte != 0)
			reply[at] = (char)byte;
		break;
	case 1:
		if (len + 1 < SSHWIRE_REPLY_MAX && byte != 0) {
			memmove(reply + at + 1, reply + at, len - at + 1);
			reply[at] = (char)byte;
		}
		break;
	case 2:
		if (at < len)
			memmove(reply + at, reply + at + 1, len - at);
		break;
	case 3:
		reply[at] = '\0';
		break;
	}
}

static struct outcome
answer(void *ctx, const char *prompt, char reply[static SSHWIRE_REPLY_MAX])
{
	char right[SSHWIRE_REPLY_MAX];

	sign_reply(prompt, right);
	if (fuzz_u8(&p.in) % 4 == 0) {
		fuzz_string(&p.in, p.in.left, reply, SSHWIRE_REPLY_MAX);
	} else {
		snprintf(reply, SSHWIRE_REPLY_MAX, "%s", right);
		while (p.in.left > 0)
			edit(reply);
	}
	p.right = strcmp(reply, right) == 0;
	return outcome_of(OUTCOME_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct login_request request = { .purpose = "login", .user = "hanako", .login_name = "hanako", .service = "sshd",
		.host = "azumino", .place = PLACE_REMOTE };
	struct remote_ui ui = { .ask = answer };
	struct login_result result = { .outcome = { .status = OUTCOME_OK } };

	p.in = cursor_of(data, size);
	p.right = false;
	flow_remote(&kit->env, &ui, &request, &result);
	CHECK(result.card_clean && kit->opens == 0);
	CHECK(outcome_ok(&result.outcome) == p.right);
	CHECK(p.right || result.outcome.status == OUTCOME_CHALLENGE || result.outcome.status == OUTCOME_NO_REPLY);
	return 0;
}

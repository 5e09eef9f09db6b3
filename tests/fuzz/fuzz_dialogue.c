/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module's side of a login or of a PIN change, with a helper and an application that may
 * send anything. The helper's packets are in the socket already when the module starts it; what
 * the module sent is looked at afterwards.
 *
 * The input: flags; the helper's packets (two bytes of length and the bytes each), up to an
 * empty one; the application's answers (a byte of length and the bytes each); packets again,
 * should a second helper be started. A packet gets the header that it should have unless its
 * first byte is odd.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/pinrule.h"
#include "pam/dialogue.h"
#include "pam/handle.h"
#include "pam/spawn.h"
#include "tests/fuzz/fuzz.h"

#define PACKETS_MAX 24
#define ANSWERS_MAX 6

/* flags */
enum { CHANGE = 1, VOUCHED = 2, NO_HELPER = 4, CONVERSATION_FAILS = 8, TWICE = 16, CHECK_ONLY = 32, SSHD = 64 };

static const uint8_t id[PROTO_ID_LEN] = "0123456789abcde";

static struct {
	struct cursor in;
	uint8_t flags;
	unsigned int answers, drops;
	unsigned int verdicts;		/* packets that may be a RESULT */
	int far;			/* the helper's end */
	unsigned int pins, replies;	/* that the module has sent */
} s;

uid_t __wrap_geteuid(void);
bool __wrap_helper_start(struct helper *ret_helper);
int __wrap_helper_end(struct helper *h);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags);
int __wrap_pam_set_item(pam_handle_t *pamh, int type, const void *item);
int __real_pam_set_item(pam_handle_t *pamh, int type, const void *item);
int __wrap_pam_get_data(const pam_handle_t *pamh, const char *name, const void **ret);
int __wrap_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int));

/* The same for every login: the input has to hold it. */
ssize_t
__wrap_getrandom(void *buf, size_t len, unsigned int flags)
{
	memset(buf, 0x5a, len);
	memcpy(buf, id, len < sizeof id ? len : sizeof id);
	return (ssize_t)len;
}

/* Not root: no record of failed PIN entries is kept on the machine that runs this. */
uid_t
__wrap_geteuid(void)
{
	return 1;
}

/* libpam keeps these for modules only, and takes PAM_AUTHTOK from them only. */
static struct {
	void *data;
	void (*cleanup)(pam_handle_t *, void *, int);
} kept;

int
__wrap_pam_get_data(const pam_handle_t *pamh, const char *name, const void **ret)
{
	*ret = kept.data;
	return kept.data != NULL ? PAM_SUCCESS : PAM_NO_MODULE_DATA;
}

int
__wrap_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int))
{
	CHECK(kept.data == NULL);
	kept.data = data;
	kept.cleanup = cleanup;
	return PAM_SUCCESS;
}

int
__wrap_pam_set_item(pam_handle_t *pamh, int type, const void *item)
{
	if (type != PAM_AUTHTOK)
		return __real_pam_set_item(pamh, type, item);
	CHECK(!pinrule_is_auth((struct view){ (const uint8_t *)item, strlen(item) }) &&
	    !pinrule_is_slip((struct view){ item, strlen(item) }));	/* a PIN is never taken for a password */
	return PAM_SUCCESS;
}

/* One packet of the input; false if there is none. */
static bool
send_packet(void)
{
	uint8_t packet[PROTO_PACKET_MAX + 64];
	struct writer w = writer_of(packet, sizeof packet);
	uint16_t len;
	struct view v;

	if (!cursor_u16(&s.in, &len))
		return false;
	v = fuzz_bytes(&s.in, len % (PROTO_PACKET_MAX + 32));
	if (v.len == 0)
		return false;
	if (v.len > 2 && v.data[0] % 2 == 0) {
		writer_u8(&w, PROTO_VERSION);
		writer_u8(&w, v.data[1]);
		writer_bytes(&w, id, sizeof id);
		v.data += 2;
		v.len -= 2;
	}
	writer_bytes(&w, v.data, v.len);
	CHECK(writer_ok(&w));
	s.verdicts += w.len > 1 && packet[1] == PROTO_RESULT;
	return send(s.far, packet, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len;
}

bool
__wrap_helper_start(struct helper *ret_helper)
{
	int pair[2];

	if (s.flags & NO_HELPER) {
		errno = ENOENT;
		return false;
	}
	CHECK(s.far < 0);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	s.far = pair[1];
	for (unsigned int i = 0; i < PACKETS_MAX && send_packet(); i++)
		;
	CHECK(shutdown(s.far, SHUT_WR) == 0);
	*ret_helper = (struct helper){ .pid = -1, .pidfd = -1, .fd = pair[0] };
	return true;
}

static void
look_at_request(struct cursor *r)
{
	static struct proto_request request;

	CHECK(proto_get_request(r, &request));
	s.drops += request.task == PROTO_DROP;
}

static void
look_at_pin(struct cursor *r)
{
	struct proto_pin pin;

	CHECK(proto_get_pin(r, &pin));
	if (pin.answer != PROTO_ANSWER_PIN) {
		CHECK(pin.pin.len == 0);
		return;
	}
	CHECK(pinrule_is_auth(pin.pin));
	s.pins++;
}

static void
look_at_reply(struct cursor *r)
{
	struct proto_reply reply;

	CHECK(proto_get_reply(r, &reply));
	s.replies += reply.given && reply.text[0] != '\0';
}

/* What the module has sent: whole messages of its own kinds, PINs of four digits. */
int
__wrap_helper_end(struct helper *h)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct proto_typed typed;
	enum proto_type type;
	struct proto_id got;
	ssize_t n;

	if (h->fd < 0)
		return 0;
	CHECK(close(h->fd) == 0);
	/* Packets that it has not read are a reset, which is told once, before what it sent. */
	while ((n = recv(s.far, packet, sizeof packet, MSG_DONTWAIT)) > 0 || (n < 0 && errno == ECONNRESET)) {
		struct cursor r = cursor_of(packet, n > 0 ? (size_t)n : 0);

		if (n < 0)
			continue;
		CHECK(proto_get_header(&r, &type, &got) && memcmp(&got, id, sizeof got) == 0);
		CHECK(type == PROTO_REQUEST || type == PROTO_PIN || type == PROTO_REPLY || type == PROTO_TYPED);
		if (type == PROTO_REQUEST)
			look_at_request(&r);
		else if (type == PROTO_PIN)
			look_at_pin(&r);
		else if (type == PROTO_REPLY)
			look_at_reply(&r);
		else
			CHECK(proto_get_typed(&r, &typed));
	}
	CHECK(close(s.far) == 0);
	s.far = -1;
	*h = (struct helper)HELPER_NONE;
	return 0;
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **ret, void *ctx)
{
	struct pam_response *r = NULL;
	struct view v;

	char text[PROTO_TEXT_MAX];

	CHECK(count == 1 && strlen(messages[0]->msg) < PROTO_TEXT_MAX);
	snprintf(text, sizeof text, "%s", messages[0]->msg);
	log_defuse(text);
	CHECK(strcmp(text, messages[0]->msg) == 0);	/* nothing but text */
	CHECK(messages[0]->msg_style != PAM_PROMPT_ECHO_ON || s.flags & SSHD);
	if (s.flags & CONVERSATION_FAILS)
		return PAM_CONV_ERR;
	v = fuzz_bytes(&s.in, s.answers++ < ANSWERS_MAX ? fuzz_u8(&s.in) : 0);
	if (v.len == 0)
		return PAM_SUCCESS;	/* and *ret as it was */
	r = calloc(1, sizeof *r);
	CHECK(r != NULL);
	if (v.data[0] != 0xff) {
		r->resp = strndup((const char *)v.data, v.len);
		CHECK(r->resp != NULL);
	}
	*ret = r;
	return PAM_SUCCESS;
}

static pam_handle_t *pamh;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct pam_conv conv = { .conv = converse };

	CHECK(pam_start("pam_jpki-fuzz", "hanako", &conv, &pamh) == PAM_SUCCESS);
	return 0;
}

/*
 * Success only after all PINs, a reply or sshd's result were sent. If a PIN was sent and no clean end
 * followed, the helper that drops the card's state is started.
 */
static void
run(struct proto_request *request)
{
	struct dialogue_result result = { .outcome = { .status = OUTCOME_OK } };
	unsigned int pins = s.pins, replies = s.replies, drops = s.drops;

	dialogue_run(pamh, &fuzz_log, request, &result);
	CHECK(s.far == -1);
	CHECK(strlen(result.text) < sizeof result.text && strlen(result.reader) < sizeof result.reader);
	pins = s.pins - pins;
	replies = s.replies - replies;
	CHECK(pins <= proto_questions(request->task) && replies <= 1 && (pins == 0 || replies == 0));
	if (outcome_ok(&result.outcome))
		CHECK(pins == proto_questions(request->task) || replies == 1 || s.flags & VOUCHED);
	if (pins > 0 && s.verdicts == 0)
		CHECK(s.drops > drops);
	if (request->task == PROTO_LOGIN)
		CHECK(handle_outcome(kept.data) == result.outcome.status);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proto_request request;

	memset(&s, 0, sizeof s);
	s.far = -1;
	s.in = cursor_of(data, size);
	s.flags = fuzz_u8(&s.in);
	memset(&request, 0, sizeof request);
	request.task = s.flags & CHANGE ? PROTO_PIN_CHANGE : s.flags & CHECK_ONLY ? PROTO_PIN_CHECK : PROTO_LOGIN;
	memcpy(request.lang, "ja", sizeof "ja");
	memcpy(request.user, "hanako", sizeof "hanako");
	memcpy(request.service, "login", sizeof "login");
	request.sshd = s.flags & SSHD;
	if (s.flags & VOUCHED && s.flags & SSHD && request.task == PROTO_LOGIN)
		memcpy(request.auth_info, "publickey ?\n", sizeof "publickey ?\n");
	else
		s.flags &= (uint8_t)~VOUCHED;
	run(&request);
	if (s.flags & TWICE)
		run(&request);
	if (kept.data != NULL)
		kept.cleanup(pamh, kept.data, 0);
	kept.data = NULL;
	return 0;
}

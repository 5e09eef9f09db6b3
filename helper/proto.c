/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "helper/proto.h"
#include "lib/log.h"

/* RESULT numbers the rows of two tables. Where one of them changes, so does the version. */
_Static_assert(OUTCOME_COUNT == 69 && WHERE_COUNT == 28, "raise PROTO_VERSION, then count the rows here again");

unsigned int
proto_questions(enum proto_task task)
{
	switch (task) {
	case PROTO_LOGIN:
		return 1;
	case PROTO_PIN_CHANGE:
		return 3;
	case PROTO_DROP:
	case PROTO_PIN_CHECK:
	case PROTO_NAME:
		break;
	}
	return 0;
}

static bool
names_key(const char *auth_info)
{
	static const char method[] = "publickey ";
	const char *line = auth_info;

	while (line != NULL && strncmp(line, method, sizeof method - 1) != 0) {
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return line != NULL;
}

bool
proto_offers(const struct proto_request *m, enum proto_way way)
{
	switch (way) {
	case PROTO_BY_PIN:
		return true;
	case PROTO_BY_CHALLENGE:
		return m->task == PROTO_LOGIN && m->sshd;
	case PROTO_BY_KEY:
		return m->task == PROTO_LOGIN && m->sshd && names_key(m->auth_info);
	}
	return false;
}

enum outcome_status
proto_answer_status(enum proto_answer answer)
{
	switch (answer) {
	case PROTO_ANSWER_PIN:
		return OUTCOME_OK;
	case PROTO_ANSWER_FORMAT:
		return OUTCOME_PIN_FORMAT;
	case PROTO_ANSWER_REPEATED:
		return OUTCOME_PIN_REPEATED;
	case PROTO_ANSWER_PASSWORD:
		return OUTCOME_PASSWORD;
	case PROTO_ANSWER_GUESSES:
		return OUTCOME_GUESSES;
	case PROTO_ANSWER_UNRECORDED:
		return OUTCOME_GUESS_RECORD;
	case PROTO_ANSWER_CANCEL:
		break;
	}
	return OUTCOME_CANCELLED;
}

static void
put_header(struct writer *w, enum proto_type type, const struct proto_id *id)
{
	writer_u8(w, PROTO_VERSION);
	writer_u8(w, (uint8_t)type);
	writer_bytes(w, id->bytes, sizeof id->bytes);
}

bool
proto_put_version(struct writer *w, const struct proto_id *id)
{
	put_header(w, PROTO_RESULT, id);
	return writer_ok(w);
}

static void
put_claims(struct writer *w, const struct proto_claims *c)
{
	writer_string(w, c->tty);
	writer_string(w, c->display);
	writer_string(w, c->rhost);
	writer_string(w, c->seat);
	writer_u8(w, c->ssh_connection);
	writer_u32(w, c->caller);
	writer_u8(w, c->for_caller);
}

bool
proto_put_request(struct writer *w, const struct proto_id *id, const struct proto_request *m)
{
	put_header(w, PROTO_REQUEST, id);
	writer_u8(w, (uint8_t)m->task);
	writer_u8(w, m->no_wait);
	writer_u8(w, m->named);
	writer_u8(w, m->locker);
	writer_string(w, m->lang);
	writer_string(w, m->user);
	writer_u32(w, m->uid);
	writer_string(w, m->login_name);
	writer_string(w, m->service);
	writer_string(w, m->host);
	put_claims(w, &m->claims);
	writer_string(w, m->reader);
	writer_u16(w, (uint16_t)m->drop_s);
	writer_u8(w, m->sshd);
	writer_string(w, m->auth_info);
	if (m->word_count > PROTO_WORDS_MAX)
		return false;
	writer_u8(w, (uint8_t)m->word_count);
	for (size_t i = 0; i < m->word_count; i++)
		writer_string(w, m->words[i]);
	return writer_ok(w);
}

bool
proto_put_log(struct writer *w, const struct proto_id *id, const struct proto_log *m)
{
	put_header(w, PROTO_LOG, id);
	writer_u8(w, (uint8_t)m->priority);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_put_ready(struct writer *w, const struct proto_id *id, const struct proto_ready *m)
{
	put_header(w, PROTO_READY, id);
	writer_u16(w, (uint16_t)m->before_s);
	writer_u16(w, (uint16_t)m->after_s);
	writer_u8(w, (uint8_t)m->way);
	writer_u8(w, m->forward_password);
	writer_u8(w, m->naming);
	writer_u8(w, m->unlock);
	return writer_ok(w);
}

bool
proto_put_named(struct writer *w, const struct proto_id *id, const struct proto_named *m)
{
	put_header(w, PROTO_NAMED, id);
	writer_string(w, m->user);
	return writer_ok(w);
}

bool
proto_put_cue(struct writer *w, const struct proto_id *id, const struct proto_cue *m)
{
	put_header(w, PROTO_CUE, id);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_put_early(struct writer *w, const struct proto_id *id, const struct proto_early *m)
{
	put_header(w, PROTO_EARLY, id);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_put_typed(struct writer *w, const struct proto_id *id, const struct proto_typed *m)
{
	put_header(w, PROTO_TYPED, id);
	writer_u8(w, (uint8_t)m->answer);
	return writer_ok(w);
}

bool
proto_put_prompt(struct writer *w, const struct proto_id *id, const struct proto_prompt *m)
{
	put_header(w, PROTO_PROMPT, id);
	writer_string(w, m->cert);
	writer_string(w, m->reader);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_put_pin(struct writer *w, const struct proto_id *id, const struct proto_pin *m)
{
	put_header(w, PROTO_PIN, id);
	writer_u8(w, (uint8_t)m->answer);
	writer_u16(w, m->since.failed);
	writer_string(w, m->since.failed_by);
	writer_string(w, m->since.entered_by);
	writer_u8(w, (uint8_t)m->pin.len);
	writer_bytes(w, m->pin.data, m->pin.len);
	writer_u16(w, (uint16_t)m->unlock.len);
	writer_bytes(w, m->unlock.bytes, m->unlock.len);
	writer_string(w, m->unlock.machine);
	return writer_ok(w);
}

bool
proto_put_result(struct writer *w, const struct proto_id *id, const struct proto_result *m)
{
	put_header(w, PROTO_RESULT, id);
	writer_u16(w, (uint16_t)m->outcome.status);
	writer_u8(w, (uint8_t)(m->outcome.tries_left + 1));	/* TRIES_UNKNOWN is -1 */
	writer_u64(w, (uint64_t)m->outcome.when);
	writer_u32(w, m->outcome.raw);
	writer_u8(w, m->card_clean);
	writer_string(w, m->text);
	writer_string(w, m->daily);
	writer_string(w, m->reader);
	writer_string(w, m->cert);
	writer_u8(w, (uint8_t)m->where);
	writer_u16(w, (uint16_t)m->password.len);
	writer_bytes(w, m->password.data, m->password.len);
	writer_string(w, m->stale);
	return writer_ok(w);
}

bool
proto_put_challenge(struct writer *w, const struct proto_id *id, const struct proto_challenge *m)
{
	put_header(w, PROTO_CHALLENGE, id);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_put_reply(struct writer *w, const struct proto_id *id, const struct proto_reply *m)
{
	put_header(w, PROTO_REPLY, id);
	writer_u8(w, m->given);
	writer_string(w, m->text);
	return writer_ok(w);
}

bool
proto_get_header(struct cursor *r, enum proto_type *ret_type, struct proto_id *ret_id)
{
	uint8_t version, type;
	struct view id;

	if (!cursor_u8(r, &version) || version != PROTO_VERSION || !cursor_u8(r, &type) ||
	    type < PROTO_REQUEST || type > PROTO_NAMED || !cursor_view(r, PROTO_ID_LEN, &id))
		return false;
	*ret_type = type;
	memcpy(ret_id->bytes, id.data, PROTO_ID_LEN);
	return true;
}

bool
proto_is_other_version(struct cursor r, struct proto_id *ret_id, unsigned int *ret_version)
{
	uint8_t version, type;
	struct view id;

	if (!cursor_u8(&r, &version) || version == PROTO_VERSION || !cursor_u8(&r, &type) ||
	    !cursor_view(&r, PROTO_ID_LEN, &id))
		return false;
	memcpy(ret_id->bytes, id.data, PROTO_ID_LEN);
	*ret_version = version;
	return true;
}

/* Reads a text from the helper, to be shown to a user or logged. */
static bool
reader_text(struct cursor *r, char *dst, size_t size)
{
	if (!cursor_string(r, dst, size))
		return false;
	log_defuse(dst);
	return true;
}

static bool
is_cert(const char *cert)
{
	return hex_is_text(cert, PROTO_CERT_MAX - 1);
}

/* Reads a fingerprint, or "". It becomes a part of the session's environment. */
static bool
reader_cert(struct cursor *r, char cert[static PROTO_CERT_MAX])
{
	return cursor_string(r, cert, PROTO_CERT_MAX) && (cert[0] == '\0' || is_cert(cert));
}

static bool
is_language(const char *lang)
{
	return strcmp(lang, "ja") == 0 || strcmp(lang, "en") == 0;
}

static bool
get_claims(struct cursor *r, struct proto_claims *ret)
{
	uint8_t ssh_connection, for_caller;
	uint32_t caller;

	if (!cursor_string(r, ret->tty, sizeof ret->tty) ||
	    !cursor_string(r, ret->display, sizeof ret->display) ||
	    !cursor_string(r, ret->rhost, sizeof ret->rhost) ||
	    !cursor_string(r, ret->seat, sizeof ret->seat) ||
	    !cursor_u8(r, &ssh_connection) || ssh_connection > 1 || !cursor_u32(r, &caller) ||
	    !cursor_u8(r, &for_caller) || for_caller > 1)
		return false;
	ret->ssh_connection = ssh_connection != 0;
	ret->caller = caller;
	ret->for_caller = for_caller != 0;
	return true;
}

bool
proto_get_request(struct cursor *r, struct proto_request *ret)
{
	uint8_t task, no_wait, named, locker, sshd, words;
	uint16_t drop_s;
	uint32_t uid;
	size_t used = 0;

	if (!cursor_u8(r, &task) || task < PROTO_LOGIN || task > PROTO_NAME ||
	    !cursor_u8(r, &no_wait) || no_wait > 1 || !cursor_u8(r, &named) || named > (task == PROTO_LOGIN) ||
	    !cursor_u8(r, &locker) || locker > 1 ||
	    !cursor_string(r, ret->lang, sizeof ret->lang) || !is_language(ret->lang) ||
	    !cursor_string(r, ret->user, sizeof ret->user) || !cursor_u32(r, &uid) ||
	    !cursor_string(r, ret->login_name, sizeof ret->login_name) ||
	    !cursor_string(r, ret->service, sizeof ret->service) ||
	    !cursor_string(r, ret->host, sizeof ret->host) ||
	    !get_claims(r, &ret->claims) ||
	    !cursor_string(r, ret->reader, sizeof ret->reader) ||
	    !cursor_u16(r, &drop_s) || drop_s > PROTO_SECONDS_MAX ||
	    !cursor_u8(r, &sshd) || sshd > 1 ||
	    !cursor_string(r, ret->auth_info, sizeof ret->auth_info) ||
	    !cursor_u8(r, &words) || words > PROTO_WORDS_MAX)
		return false;
	for (size_t i = 0; i < words; i++) {
		if (!cursor_string(r, ret->store + used, sizeof ret->store - used))
			return false;
		ret->words[i] = ret->store + used;
		used += strlen(ret->store + used) + 1;
	}
	ret->task = task;
	ret->no_wait = no_wait != 0;
	ret->named = named != 0;
	ret->locker = locker != 0;
	ret->uid = uid;
	ret->drop_s = drop_s;
	ret->sshd = sshd != 0;
	ret->word_count = words;
	return cursor_at_end(r);
}

bool
proto_get_log(struct cursor *r, struct proto_log *ret)
{
	uint8_t priority;

	if (!cursor_u8(r, &priority) || priority > LOG_DEBUG ||
	    !reader_text(r, ret->text, sizeof ret->text) || !cursor_at_end(r))
		return false;
	ret->priority = priority < LOG_ERR ? LOG_ERR : priority;
	return true;
}

bool
proto_get_ready(struct cursor *r, struct proto_ready *ret)
{
	uint16_t before_s, after_s;
	uint8_t way, forward, naming, unlock;

	if (!cursor_u16(r, &before_s) || !cursor_u16(r, &after_s) || !cursor_u8(r, &way) ||
	    !cursor_u8(r, &forward) || !cursor_u8(r, &naming) || !cursor_u8(r, &unlock) || unlock > 1 ||
	    !cursor_at_end(r) ||
	    before_s > PROTO_SECONDS_MAX || after_s > PROTO_SECONDS_MAX ||
	    way < PROTO_BY_PIN || way > PROTO_BY_KEY || forward > 1 || naming > 1)
		return false;
	*ret = (struct proto_ready){ .before_s = before_s, .after_s = after_s, .way = way,
		.forward_password = forward != 0, .naming = naming != 0, .unlock = unlock != 0 };
	return true;
}

bool
proto_get_named(struct cursor *r, struct proto_named *ret)
{
	return cursor_string(r, ret->user, sizeof ret->user) && ret->user[0] != '\0' && log_is_harmless(ret->user) &&
	    cursor_at_end(r);
}

bool
proto_get_cue(struct cursor *r, struct proto_cue *ret)
{
	return reader_text(r, ret->text, sizeof ret->text) && cursor_at_end(r);
}

bool
proto_get_early(struct cursor *r, struct proto_early *ret)
{
	return reader_text(r, ret->text, sizeof ret->text) && cursor_at_end(r);
}

bool
proto_get_typed(struct cursor *r, struct proto_typed *ret)
{
	uint8_t answer;

	if (!cursor_u8(r, &answer) || !cursor_at_end(r) || (answer != PROTO_ANSWER_PIN &&
	    answer != PROTO_ANSWER_FORMAT && answer != PROTO_ANSWER_CANCEL && answer != PROTO_ANSWER_PASSWORD))
		return false;
	ret->answer = answer;
	return true;
}

bool
proto_get_prompt(struct cursor *r, struct proto_prompt *ret)
{
	return cursor_string(r, ret->cert, sizeof ret->cert) && is_cert(ret->cert) &&
	    cursor_string(r, ret->reader, sizeof ret->reader) &&
	    reader_text(r, ret->text, sizeof ret->text) && cursor_at_end(r);
}

/* Reads a user's file, and, if there is one, the machine's id. */
static bool
get_unlockfile(struct cursor *r, struct unlockfile *ret)
{
	struct view bytes;
	uint16_t len;

	if (!cursor_u16(r, &len) || len > sizeof ret->bytes || !cursor_view(r, len, &bytes) ||
	    !cursor_string(r, ret->machine, sizeof ret->machine) ||
	    !hex_is_text(ret->machine, len > 0 ? UNLOCKFILE_MACHINE_LEN : 0))
		return false;
	memcpy(ret->bytes, bytes.data, len);
	ret->len = len;
	return true;
}

bool
proto_get_pin(struct cursor *r, struct proto_pin *ret)
{
	uint8_t answer, len;
	struct view pin;

	if (!cursor_u8(r, &answer) || answer < PROTO_ANSWER_PIN || answer > PROTO_ANSWER_UNRECORDED ||
	    !cursor_u16(r, &ret->since.failed) ||
	    !cursor_string(r, ret->since.failed_by, sizeof ret->since.failed_by) ||
	    !cursor_string(r, ret->since.entered_by, sizeof ret->since.entered_by) ||
	    !cursor_u8(r, &len) || len > SECRET_MAX || !cursor_view(r, len, &pin) ||
	    !get_unlockfile(r, &ret->unlock) || !cursor_at_end(r))
		return false;
	ret->answer = answer;
	ret->pin = pin;
	return true;
}

bool
proto_get_result(struct cursor *r, struct proto_result *ret)
{
	uint8_t tries, clean, where;
	uint16_t status, password_len;
	uint64_t when;
	uint32_t raw;

	if (!cursor_u16(r, &status) || !outcome_is_status(status) || !cursor_u8(r, &tries) ||
	    !cursor_u64(r, &when) || !cursor_u32(r, &raw) || !cursor_u8(r, &clean) || clean > 1 ||
	    !reader_text(r, ret->text, sizeof ret->text) || !reader_text(r, ret->daily, sizeof ret->daily) ||
	    !cursor_string(r, ret->reader, sizeof ret->reader) ||
	    !reader_cert(r, ret->cert) ||
	    !cursor_u8(r, &where) || where >= WHERE_COUNT ||
	    !cursor_u16(r, &password_len) || password_len > SECRET_LONG_MAX ||
	    !cursor_view(r, password_len, &ret->password) ||
	    !reader_text(r, ret->stale, sizeof ret->stale) || !cursor_at_end(r))
		return false;
	ret->outcome = (struct outcome){ .status = status, .tries_left = (int)tries - 1,
		.when = (int64_t)when, .raw = raw };
	ret->card_clean = clean != 0;
	ret->where = (enum where)where;
	return true;
}

bool
proto_get_challenge(struct cursor *r, struct proto_challenge *ret)
{
	return reader_text(r, ret->text, sizeof ret->text) && cursor_at_end(r);
}

bool
proto_get_reply(struct cursor *r, struct proto_reply *ret)
{
	uint8_t given;

	if (!cursor_u8(r, &given) || given > 1 || !cursor_string(r, ret->text, sizeof ret->text) ||
	    !cursor_at_end(r))
		return false;
	ret->given = given != 0;
	return true;
}

bool
proto_send(int fd, const struct writer *w)
{
	ssize_t n;

	do {
		n = send(fd, w->p, w->len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n >= 0 && (size_t)n == w->len;
}

/* Waits until there is something to receive. False: the deadline came first. */
static bool
wait_readable(int fd, const struct clk *clk, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = clk_left_ms(clk, deadline);
		int n = poll(&p, 1, deadline == INT64_MAX ? -1 : (int)(left < 3600000 ? left : 3600000));

		if (n > 0 || (n < 0 && errno != EINTR))
			return true;	/* an error shows at recv */
		if (clk_left_ms(clk, deadline) == 0)
			return false;
	}
}

enum proto_received
proto_receive(int fd, const struct clk *clk, int64_t deadline,
    uint8_t data[static PROTO_PACKET_MAX],	/* written to. NOLINT(readability-non-const-parameter) */
    size_t *ret_len)
{
	struct iovec iov = { .iov_base = data, .iov_len = PROTO_PACKET_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		if (!wait_readable(fd, clk, deadline))
			return PROTO_LATE;
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return PROTO_CLOSED;
	if (n < 0 || (msg.msg_flags & MSG_TRUNC))
		return PROTO_BROKEN;
	*ret_len = (size_t)n;
	return PROTO_RECEIVED;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper from its first message to its last, on simulated readers: whatever the module sends, whatever
 * the options say, a verdict is earned, nothing is left on the card, and a program that misbehaves gets none.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/helperkit.h"
#include "tests/unit/test.h"

#include "flow/unlock_prove.h"
#include "helper/link.h"

#define MACHINE "0123456789abcdef0123456789abcdef"
#define READER_NAME "Simulated Reader 00 00"

/* Starts a helper, whose first message is READY. */
static void
start_ready(struct helperkit *h, struct heard *ret)
{
	helperkit_start(h);
	helperkit_expect(h, PROTO_READY, ret);
}

/* Then has to come one of this type. */
static void
start_until(struct helperkit *h, enum proto_type type, struct heard *ret)
{
	start_ready(h, ret);
	helperkit_expect(h, type, ret);
}

/* The helper ends with this verdict and this exit status, and says that it has left the card clean. */
static void
expect_verdict(struct helperkit *h, enum outcome_status status, int exit_status, struct heard *ret)
{
	helperkit_expect(h, PROTO_RESULT, ret);
	if (ret->result.outcome.status != status)
		fail_msg("%s instead of %s", outcome_code(ret->result.outcome.status), outcome_code(status));
	assert_true(ret->result.card_clean);
	assert_int_equal(helperkit_end(h), exit_status);
}

static void
challenge_over_ssh(struct helperkit *h)
{
	helperkit_word(h, "remote=challenge");
	h->where = WHERE_SSH;
	h->request.sshd = true;
}

/* --- a login -------------------------------------------------------------------------------------- */

static void
login_sends_ready_prompt_and_result(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "wait=7");
	helperkit_word(h, "timeout=20");
	start_ready(h, &m);
	assert_int_equal(m.ready.before_s, 7 + 20 - PROTO_DROP_S);
	assert_int_equal(m.ready.after_s, 20 - PROTO_DROP_S);
	assert_int_equal(m.ready.way, PROTO_BY_PIN);
	assert_false(m.ready.forward_password || m.ready.naming || m.ready.unlock);
	helperkit_expect(h, PROTO_PROMPT, &m);
	assert_string_equal(m.prompt.reader, READER_NAME);
	assert_int_equal(strlen(m.prompt.cert), PROTO_CERT_MAX - 1);
	assert_non_null(strstr(m.prompt.text, "PIN"));
	assert_null(strstr(m.prompt.text, "hanako"));
	assert_int_equal(h->readers->try_count, 0);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	expect_verdict(h, OUTCOME_OK, 0, &m);
	assert_string_equal(m.result.reader, READER_NAME);
	assert_int_equal(strlen(m.result.cert), PROTO_CERT_MAX - 1);
	assert_int_equal(m.result.where, WHERE_CONSOLE);
	assert_int_equal(m.result.password.len, 0);
	assert_string_equal(m.result.stale, "");
	assert_int_equal(h->readers->try_count, 1);
	assert_string_equal(h->readers->tries[0], HELPERKIT_PIN);
	assert_int_equal(h->readers->signatures, 1);
	assert_int_equal(h->marks->prepared, 1);
	assert_int_equal(h->marks->entered, 1);
	assert_int_equal(h->marks->sealed, 1);
	assert_false(h->marks->host_keys);
}

static void
wrong_pin_is_told(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	assert_int_equal(helperkit_login(h, "1235", &m), OUTCOME_PIN_WRONG);
	assert_int_equal(m.result.outcome.tries_left, 2);
	assert_true(m.result.card_clean);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(h->readers->try_count, 1);
	assert_int_equal(h->readers->signatures, 0);
}

/* Input that our module refuses, or leaves to the next one, is not a PIN: the card gets no VERIFY. */
static void
other_answers_reach_no_card(void **state)
{
	static const struct { enum proto_answer answer; enum outcome_status status; } rows[] = {
		{ PROTO_ANSWER_FORMAT, OUTCOME_PIN_FORMAT },
		{ PROTO_ANSWER_CANCEL, OUTCOME_CANCELLED },
		{ PROTO_ANSWER_REPEATED, OUTCOME_PIN_REPEATED },
		{ PROTO_ANSWER_PASSWORD, OUTCOME_PASSWORD },
		{ PROTO_ANSWER_GUESSES, OUTCOME_GUESSES },
		{ PROTO_ANSWER_UNRECORDED, OUTCOME_GUESS_RECORD },
	};
	struct helperkit *h = *state;
	struct heard m;

	for (size_t i = 0; i < COUNT(rows); i++) {
		start_until(h, PROTO_PROMPT, &m);
		helperkit_answer(h, rows[i].answer, NULL);
		expect_verdict(h, rows[i].status, 0, &m);
		assert_int_equal(proto_answer_status(rows[i].answer), rows[i].status);
		assert_int_equal(h->readers->try_count, 0);
	}
}

/* Ways in which a message is not the one that is due. */
enum spoiled { HANGS_UP, OTHER_TYPE, CUT_HEADER, CUT, TOO_LONG, OTHER_LOGIN };

static size_t
spoiled_len(enum spoiled way, size_t len)
{
	return way == CUT_HEADER ? 3 : way == CUT ? len - 1 : way == TOO_LONG ? len + 1 : len;
}

static void
malformed_answer_is_no_answer(void **state)
{
	struct helperkit *h = *state;
	struct proto_pin pin = { .answer = PROTO_ANSWER_PIN, .pin = { (const uint8_t *)HELPERKIT_PIN, 4 } };
	struct proto_typed typed = { .answer = PROTO_ANSWER_PIN };
	struct proto_id other = h->id;
	struct heard m;

	other.bytes[PROTO_ID_LEN - 1] ^= 1;
	for (enum spoiled way = OTHER_TYPE; way <= OTHER_LOGIN; way++) {
		uint8_t packet[PROTO_PACKET_MAX] = { 0 };
		struct writer w = writer_of(packet, sizeof packet);

		start_until(h, PROTO_PROMPT, &m);
		assert_true(way == OTHER_TYPE ? proto_put_typed(&w, &h->id, &typed) :
		    proto_put_pin(&w, way == OTHER_LOGIN ? &other : &h->id, &pin));
		w.len = spoiled_len(way, w.len);
		helperkit_send(h, &w);
		expect_verdict(h, OUTCOME_HELPER, 0, &m);
		assert_int_equal(h->readers->try_count, 0);
	}
}

static void
program_that_hangs_up_gets_no_try(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	start_until(h, PROTO_PROMPT, &m);
	helperkit_leave(h);
	assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
	assert_int_equal(h->readers->try_count, 0);
}

/* A signal of a session that ends: the card is finished with. */
static void
signals_end_nothing(void **state)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU,
		SIGUSR1, SIGUSR2, SIGXCPU };
	struct helperkit *h = *state;
	struct heard m;

	start_until(h, PROTO_PROMPT, &m);
	for (size_t i = 0; i < COUNT(signals); i++)
		assert_int_equal(kill(h->pid, signals[i]), 0);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	expect_verdict(h, OUTCOME_OK, 0, &m);
}

static void
card_that_names_the_user_greets(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	h->request.named = true;
	start_until(h, PROTO_PROMPT, &m);
	assert_non_null(strstr(m.prompt.text, "hanako"));
	helperkit_leave(h);
	assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
}

static void
failures_since_the_last_login_are_told(void **state)
{
	struct helperkit *h = *state;
	struct proto_pin pin = { .answer = PROTO_ANSWER_PIN, .since = { .failed = 3, .failed_by = "mallory" },
		.pin = { (const uint8_t *)HELPERKIT_PIN, 4 } };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct heard m;

	helperkit_word(h, "expiry_warning_days=365");
	start_until(h, PROTO_PROMPT, &m);
	assert_true(proto_put_pin(&w, &h->id, &pin));
	helperkit_send(h, &w);
	expect_verdict(h, OUTCOME_OK, 0, &m);
	assert_non_null(strstr(m.result.text, "mallory"));
}

/* What ends soon is told once a day: in `daily`, with the other text. */
static void
expiry_is_told(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "expiry_warning_days=10");
	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_string_equal(m.result.daily, "");
	kit_enroll(h->kit, "hanako", "soon", NULL);
	helperkit_card(h, "soon", "soon", NULL);
	simscard_place(h->readers, 0, "soon");
	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_string_equal(m.result.daily, "");
	helperkit_word(h, "expiry_warning_days=60");
	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_string_equal(m.result.text, "");
	assert_non_null(strstr(m.result.daily, "expires"));
}

/* --- no card, no place -------------------------------------------------------------------------- */

static void
remote_user_reaches_no_card(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	h->where = WHERE_SSH;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_REMOTE);
	assert_int_equal(m.result.where, WHERE_SSH);
	assert_true(m.result.text[0] != '\0');
	assert_string_equal(m.result.reader, "");
	assert_int_equal(h->marks->sealed, 0);
	/* Users of sshd have other ways in; the log has the reason. */
	h->request.sshd = true;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_REMOTE);
	assert_string_equal(m.result.text, "");
	helperkit_word(h, "tell_everybody=yes");
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_REMOTE);
	assert_true(m.result.text[0] != '\0');
}

static void
user_without_a_card_reads_nothing(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	snprintf(h->request.user, sizeof h->request.user, "taro");
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_NOT_ENROLLED);
	assert_string_equal(m.result.text, "");
	h->where = WHERE_SSH;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_REMOTE);
	assert_string_equal(m.result.text, "");
	h->where = WHERE_CONSOLE;
	helperkit_word(h, "tell_everybody=yes");
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_NOT_ENROLLED);
	assert_true(m.result.text[0] != '\0');
}

static void
card_is_waited_for(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=60");
	start_until(h, PROTO_CUE, &m);
	assert_true(m.cue.text[0] != '\0');
	simscard_place(h->readers, 0, "good");
	helperkit_expect(h, PROTO_PROMPT, &m);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	expect_verdict(h, OUTCOME_OK, 0, &m);
}

static void
no_wait_is_obeyed(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=60");
	h->request.no_wait = true;
	start_ready(h, &m);
	assert_int_equal(m.ready.before_s, 30 - PROTO_DROP_S);
	expect_verdict(h, OUTCOME_NO_CARD, 0, &m);
}

static void
xscreensaver_gets_no_cue(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=1");
	snprintf(h->request.service, sizeof h->request.service, "xscreensaver");
	start_ready(h, &m);
	expect_verdict(h, OUTCOME_NO_CARD, 0, &m);
}

/* The program ends while a card is waited for: so does the helper, long before the wait is over. */
static void
wait_ends_with_the_program(void **state)
{
	struct helperkit *h = *state;
	struct heard m;
	int64_t begun = clk_mono_ms(&clk_system);

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=60");
	start_until(h, PROTO_CUE, &m);
	helperkit_leave(h);
	assert_int_not_equal(helperkit_end(h), 0);
	assert_true(clk_mono_ms(&clk_system) - begun < 40000);
}

static void
send_typed(struct helperkit *h, enum proto_answer answer)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_typed m = { .answer = answer };

	assert_true(proto_put_typed(&w, &h->id, &m));
	helperkit_send(h, &w);
}

static void
locker_prompts_before_a_card_is_there(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=60");
	helperkit_word(h, "forward_pass=yes");
	h->request.locker = true;
	start_ready(h, &m);
	assert_true(m.ready.forward_password);
	helperkit_expect(h, PROTO_EARLY, &m);
	assert_true(m.early.text[0] != '\0');
	simscard_place(h->readers, 0, "good");
	send_typed(h, PROTO_ANSWER_PIN);
	helperkit_expect(h, PROTO_PROMPT, &m);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	expect_verdict(h, OUTCOME_OK, 0, &m);
}

/* Without the option, or for a program that is no locker, there is nothing to type before a card is there. */
static void
early_prompt_is_for_lockers_that_take_passwords(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=1");
	h->request.locker = true;
	start_until(h, PROTO_CUE, &m);
	expect_verdict(h, OUTCOME_NO_CARD, 0, &m);
	h->request.locker = false;
	helperkit_word(h, "forward_pass=yes");
	start_until(h, PROTO_CUE, &m);
	expect_verdict(h, OUTCOME_NO_CARD, 0, &m);
}

static void
early_answers_without_a_pin_end_it(void **state)
{
	static const enum proto_answer answers[] = { PROTO_ANSWER_FORMAT, PROTO_ANSWER_CANCEL, PROTO_ANSWER_PASSWORD };
	struct helperkit *h = *state;
	struct heard m;

	simscard_place(h->readers, 0, NULL);
	helperkit_word(h, "wait=60");
	helperkit_word(h, "forward_pass=yes");
	h->request.locker = true;
	for (size_t i = 0; i < COUNT(answers) + 1; i++) {
		start_until(h, PROTO_EARLY, &m);
		if (i < COUNT(answers))
			send_typed(h, answers[i]);
		else
			helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);	/* there was no PROMPT */
		expect_verdict(h, i < COUNT(answers) ? proto_answer_status(answers[i]) : OUTCOME_HELPER, 0, &m);
		assert_int_equal(h->readers->try_count, 0);
	}
}

/* --- the first message ------------------------------------------------------------------------------ */

static void
faulty_request_gets_nothing(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	for (enum spoiled way = HANGS_UP; way <= TOO_LONG; way++) {
		uint8_t packet[PROTO_PACKET_MAX] = { 0 };
		struct writer w = writer_of(packet, sizeof packet);
		struct proto_pin pin = { .answer = PROTO_ANSWER_CANCEL };

		helperkit_spawn(h);
		assert_true(way == OTHER_TYPE ? proto_put_pin(&w, &h->id, &pin) : proto_put_request(&w, &h->id, &h->request));
		w.len = spoiled_len(way, w.len);
		if (way == HANGS_UP) {
			helperkit_leave(h);
		} else {
			helperkit_send(h, &w);
			helperkit_hear(h, &m);
			assert_int_equal(m.type, 0);
		}
		assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
	}
	assert_int_equal(h->marks->entered, 0);
}

static void
other_version_is_told_ours(void **state)
{
	struct helperkit *h = *state;
	uint8_t packet[PROTO_PACKET_MAX];
	unsigned int version;
	struct proto_id id;
	size_t len;

	helperkit_start_other_version(h, packet, &len);
	packet[0] ^= 0x40;
	assert_true(proto_is_other_version(cursor_of(packet, len), &id, &version));
	assert_memory_equal(&id, &h->id, sizeof id);
	assert_int_equal(proto_receive(h->fd, &clk_system, INT64_MAX, packet, &len), PROTO_CLOSED);
	assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
}

static void
close_socket(struct helperkit *h)
{
	(void)close(PROTO_FD);
}

static void
stream_for_a_socket(struct helperkit *h)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 || dup2(fds[0], PROTO_FD) < 0)
		_exit(99);
}

static void
file_for_a_socket(struct helperkit *h)
{
	if (dup2(STDERR_FILENO, PROTO_FD) < 0)
		_exit(99);
}

static void
started_by_hand_it_says_so(void **state)
{
	static void (*const ways[])(struct helperkit *) = { close_socket, stream_for_a_socket, file_for_a_socket };
	struct helperkit *h = *state;

	for (size_t i = 0; i < COUNT(ways); i++) {
		h->before = ways[i];
		helperkit_spawn(h);
		assert_int_equal(helperkit_end(h), 2);
	}
	assert_int_equal(h->marks->prepared, 0);
}

static void
faulty_options_are_refused(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "wiat=3");
	helperkit_start(h);
	expect_verdict(h, OUTCOME_CONFIG, 0, &m);
	assert_true(m.result.text[0] != '\0');
	assert_non_null(strstr(helperkit_logged(), "wiat"));
	assert_int_equal(h->marks->entered, 0);
}

/* --- the cage ---------------------------------------------------------------------------------------- */

static void
without_its_cage_it_does_nothing(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	h->prepare = false;
	helperkit_start(h);
	helperkit_hear(h, &m);
	assert_int_equal(m.type, 0);
	assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
	h->prepare = true;
	h->enter = outcome_of(OUTCOME_INTERNAL);
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_INTERNAL);
	h->enter = outcome_of(OUTCOME_OK);
	h->seal = outcome_of(OUTCOME_INTERNAL);
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_INTERNAL);
	assert_int_equal(h->readers->reader[0].resets, 1);	/* as placed: never opened */
}

/* pcscd's rules admit root, and not always the user that a helper of root becomes in its cage. */
static void
pcscd_is_connected_before_the_cage_if_needed(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_int_equal(h->marks->connected, 1);
	h->where = WHERE_SSH;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_REMOTE);
	assert_int_equal(h->marks->connected, 0);
	h->where = WHERE_CONSOLE;
	snprintf(h->request.user, sizeof h->request.user, "taro");
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_NOT_ENROLLED);
	assert_int_equal(h->marks->connected, 0);
}

/* What READY says of the password to unlock, from a helper that then hears no more. */
static bool
offers_unlock(struct helperkit *h, enum proto_way way)
{
	struct heard m;

	start_ready(h, &m);
	assert_int_equal(m.ready.way, way);
	helperkit_leave(h);
	(void)helperkit_end(h);
	return m.ready.unlock;
}

/* A stored password is unlocked by a login with the PIN, and by nothing else. */
static void
unlock_is_for_logins_by_pin(void **state)
{
	struct helperkit *h = *state;

	helperkit_word(h, "unlock=yes");
	assert_true(offers_unlock(h, PROTO_BY_PIN));
	h->request.task = PROTO_PIN_CHANGE;
	assert_false(offers_unlock(h, PROTO_BY_PIN));
	h->request.task = PROTO_LOGIN;
	challenge_over_ssh(h);
	assert_false(offers_unlock(h, PROTO_BY_CHALLENGE));
}

/* hanako's stored password, as jpkictl unlock set makes the file. */
static struct unlockfile
stored_password(struct helperkit *h, const char *password)
{
	struct unlock_facts facts = { .salt = "thirty-two bytes that are salt", .stored = 1700000000 };
	struct unlockfile file = { .machine = MACHINE };
	struct secret *secret = secret_new_long();
	struct unlock_signature signature;
	char reader[TRANSPORT_NAME_MAX];
	struct outcome o;
	bool clean;

	kit_insert(h->kit, 0, "good", NULL);
	o = unlock_prove(&h->kit->env, &h->kit->ui, "hanako", MACHINE, facts.salt, &signature, reader, &clean);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_true(secret != NULL && secret_set(secret, password, strlen(password)));
	snprintf(facts.cert, sizeof facts.cert, "%s", signature.cert);
	o = unlock_make(&h->kit->env, "hanako", &facts, &signature, secret, &file);
	assert_int_equal(o.status, OUTCOME_OK);
	secret_free(secret);
	return file;
}

static void
log_in_with_file(struct helperkit *h, const struct unlockfile *file, struct heard *ret)
{
	struct proto_pin pin = { .answer = PROTO_ANSWER_PIN, .pin = { (const uint8_t *)HELPERKIT_PIN, 4 }, .unlock = *file };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	start_until(h, PROTO_PROMPT, ret);
	assert_true(proto_put_pin(&w, &h->id, &pin));
	helperkit_send(h, &w);
	expect_verdict(h, OUTCOME_OK, 0, ret);
}

/* The password comes with what the module says if the account has another one by now. */
static void
stored_password_is_unlocked(void **state)
{
	struct helperkit *h = *state;
	struct unlockfile file = stored_password(h, "secret word");
	struct heard m;

	helperkit_word(h, "unlock=yes");
	log_in_with_file(h, &file, &m);
	assert_int_equal(m.result.password.len, strlen("secret word"));
	assert_memory_equal(m.result.password.data, "secret word", strlen("secret word"));
	assert_string_equal(m.result.text, "");
	assert_true(m.result.stale[0] != '\0');
	/* Damaged, it unlocks nothing, and the user is told. */
	file.bytes[file.len - 1] ^= 1;
	log_in_with_file(h, &file, &m);
	assert_int_equal(m.result.password.len, 0);
	assert_true(m.result.text[0] != '\0');
	assert_string_equal(m.result.stale, "");
}

/* --- the log ------------------------------------------------------------------------------------------- */

static void
debug_lines_are_sent_on_wish(void **state)
{
	struct helperkit *h = *state;
	unsigned int without;
	struct heard m;

	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	without = helperkit_log_count();
	helperkit_word(h, "debug=yes");
	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_true(helperkit_log_count() > 2 * without + 5);
	assert_null(strstr(helperkit_logged(), HELPERKIT_PIN));
}

static void
log_ends_at_its_bound(void **state)
{
	struct conf conf = { .debug = 1 };
	uint8_t packet[PROTO_PACKET_MAX];
	struct helperkit *h = *state;
	unsigned int lines = 0;
	size_t len;
	int fds[2], size = 1 << 22;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	fflush(NULL);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0) {
		(void)close(fds[0]);
		if (fds[1] != PROTO_FD && dup2(fds[1], PROTO_FD) < 0)
			_exit(99);
		for (unsigned int i = 0; i < 2 * PROTO_LOGS_MAX; i++)
			link_log(&conf, 4, "one line more");
		_exit(0);
	}
	(void)close(fds[1]);
	while (proto_receive(fds[0], &clk_system, INT64_MAX, packet, &len) == PROTO_RECEIVED)
		lines++;
	assert_int_equal(lines, PROTO_LOGS_MAX);
	(void)close(fds[0]);
	assert_int_equal(helperkit_end(h), 0);
}

/* --- names ------------------------------------------------------------------------------------------------ */

static void
ask_for_name(struct helperkit *h)
{
	h->request.task = PROTO_NAME;
	h->request.user[0] = h->request.login_name[0] = '\0';
	h->request.uid = ACCOUNT_NO_UID;
}

static void
login_after_the_name(struct helperkit *h)
{
	struct heard m;

	h->request.task = PROTO_LOGIN;
	snprintf(h->request.user, sizeof h->request.user, "hanako");
	snprintf(h->request.login_name, sizeof h->request.login_name, "hanako");
	h->request.uid = 1000;
	helperkit_send_request(h);
	helperkit_expect(h, PROTO_READY, &m);
	helperkit_expect(h, PROTO_PROMPT, &m);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	helperkit_expect(h, PROTO_RESULT, &m);
	assert_int_equal(m.result.outcome.status, OUTCOME_OK);
}

/* Where the card does not name the user, the same helper goes on with the login that follows. */
static void
name_is_asked_for_where_the_card_gives_none(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	ask_for_name(h);
	start_ready(h, &m);
	assert_false(m.ready.naming);
	assert_int_equal(m.ready.way, PROTO_BY_PIN);
	login_after_the_name(h);
	assert_int_equal(helperkit_end(h), 0);
}

static void
remote_user_is_not_named_by_a_card(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	h->where = WHERE_SSH;
	helperkit_word(h, "user_from_card=yes");
	ask_for_name(h);
	start_ready(h, &m);
	assert_false(m.ready.naming);
	/* The same question once more is no login. */
	helperkit_send_request(h);
	helperkit_hear(h, &m);
	assert_int_equal(m.type, 0);
	assert_int_equal(helperkit_end(h), EXIT_PROTOCOL);
}

static void
card_names_its_accounts(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	kit_enroll(h->kit, "hanako2", "good", NULL);
	helperkit_word(h, "user_from_card=yes");
	ask_for_name(h);
	start_ready(h, &m);
	assert_true(m.ready.naming);
	helperkit_expect(h, PROTO_NAMED, &m);
	assert_string_equal(m.named.user, "hanako");
	helperkit_expect(h, PROTO_NAMED, &m);
	assert_string_equal(m.named.user, "hanako2");
	expect_verdict(h, OUTCOME_OK, 0, &m);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(h->readers->try_count, 0);
}

static void
card_of_no_account_names_none(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_card(h, "other", "other-person", NULL);
	simscard_place(h->readers, 0, "other");
	helperkit_word(h, "user_from_card=yes");
	ask_for_name(h);
	start_ready(h, &m);
	assert_true(m.ready.naming);
	expect_verdict(h, OUTCOME_UNREGISTERED, 0, &m);
	assert_true(m.result.text[0] != '\0');
}

/* --- dropping the state that another helper left ----------------------------------------------------------- */

static void
ask_for_drop(struct helperkit *h, unsigned int seconds)
{
	h->request.task = PROTO_DROP;
	h->request.drop_s = seconds;
	snprintf(h->request.reader, sizeof h->request.reader, "%s", READER_NAME);
}

static void
state_is_dropped(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	ask_for_drop(h, 9);
	h->readers->reader[0].verified = true;
	start_ready(h, &m);
	assert_int_equal(m.ready.before_s, 9);
	expect_verdict(h, OUTCOME_OK, 0, &m);
	assert_string_equal(m.result.text, "");
	assert_int_equal(h->readers->try_count, 0);
}

static void
drop_that_fails_says_so(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	ask_for_drop(h, 9);
	h->readers->reader_count = 0;	/* no pcscd */
	start_until(h, PROTO_RESULT, &m);
	assert_int_not_equal(m.result.outcome.status, OUTCOME_OK);
	assert_false(m.result.card_clean);
	assert_int_equal(helperkit_end(h), 0);
}

/* --- change of the PIN ---------------------------------------------------------------------------------------- */

static void
pin_is_changed(void **state)
{
	static const char *const typed[] = { HELPERKIT_PIN, "8275", "8275" };
	struct helperkit *h = *state;
	struct heard m;

	h->request.task = PROTO_PIN_CHANGE;
	start_ready(h, &m);
	assert_false(m.ready.unlock);
	for (size_t i = 0; i < COUNT(typed); i++) {
		helperkit_expect(h, PROTO_PROMPT, &m);
		assert_string_equal(m.prompt.reader, READER_NAME);
		assert_int_equal(h->readers->try_count, 0);
		helperkit_answer(h, PROTO_ANSWER_PIN, typed[i]);
	}
	expect_verdict(h, OUTCOME_OK, 0, &m);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(h->readers->try_count, 1);
	h->request.task = PROTO_LOGIN;
	assert_int_equal(helperkit_login(h, "8275", &m), OUTCOME_OK);
}

static void
check_for_a_change_prompts_for_nothing(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	h->request.task = PROTO_PIN_CHECK;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_OK);
	assert_string_equal(m.result.text, "");
	assert_true(m.result.card_clean);
	simscard_place(h->readers, 0, NULL);
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_NO_CARD);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(h->readers->try_count, 0);
}

static void
locked_card_is_told_apart_in_a_change(void **state)
{
	struct helperkit *h = *state;
	struct heard m, login;

	helperkit_card(h, "locked", "good", "auth-tries=0");
	simscard_place(h->readers, 0, "locked");
	assert_int_equal(helperkit_login(h, NULL, &login), OUTCOME_PIN_LOCKED);
	h->request.task = PROTO_PIN_CHANGE;
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_PIN_LOCKED);
	assert_string_not_equal(m.result.text, login.result.text);
}

/* --- a card elsewhere -------------------------------------------------------------------------------------------- */

static void
use_host_keys(struct helperkit *h)
{
	static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX a\n";
	char path[PATH_MAX], word[PATH_MAX + 16];
	FILE *f;

	snprintf(path, sizeof path, "%.4000s/ssh_host_ed25519_key.pub", h->kit->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(key, f);
	fclose(f);
	snprintf(word, sizeof word, "host_keys=%s", h->kit->dir);
	helperkit_word(h, word);
}

static void
answer_challenge(struct helperkit *h, bool given, const char *text, bool right_type)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_reply m = { .given = given };

	snprintf(m.text, sizeof m.text, "%s", text);
	if (!right_type) {
		send_typed(h, PROTO_ANSWER_PIN);
		return;
	}
	assert_true(proto_put_reply(&w, &h->id, &m));
	helperkit_send(h, &w);
}

static void
challenge_takes_only_its_reply(void **state)
{
	static const struct { bool given, right_type; enum outcome_status status; } rows[] = {
		{ true, true, OUTCOME_CHALLENGE },
		{ false, true, OUTCOME_CANCELLED },
		{ true, false, OUTCOME_HELPER },
	};
	struct helperkit *h = *state;
	struct heard m;

	use_host_keys(h);
	challenge_over_ssh(h);
	for (size_t i = 0; i < COUNT(rows); i++) {
		start_ready(h, &m);
		assert_int_equal(m.ready.way, PROTO_BY_CHALLENGE);
		helperkit_expect(h, PROTO_CHALLENGE, &m);
		assert_true(m.challenge.text[0] != '\0');
		answer_challenge(h, rows[i].given, "JPKI1-not-signed", rows[i].right_type);
		expect_verdict(h, rows[i].status, 0, &m);
		assert_true(h->marks->host_keys);
		assert_int_equal(h->marks->sealed, i + 1);
	}
	assert_int_equal(h->readers->reader[0].resets, 1);
}

static void
unsealed_cage_means_no_challenge(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	use_host_keys(h);
	challenge_over_ssh(h);
	h->seal = outcome_of(OUTCOME_INTERNAL);
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_INTERNAL);
}

/* Only sshd may offer it, whatever the option says. */
static void
challenge_is_for_sshd(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	use_host_keys(h);
	helperkit_word(h, "remote=challenge");
	assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
	assert_false(h->marks->host_keys);
}

static void
key_of_no_card_is_refused(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "ssh_key=yes");
	h->where = WHERE_SSH;
	h->request.sshd = true;
	snprintf(h->request.auth_info, sizeof h->request.auth_info, "publickey ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX\n");
	start_ready(h, &m);
	assert_int_equal(m.ready.way, PROTO_BY_KEY);
	helperkit_expect(h, PROTO_RESULT, &m);
	assert_int_not_equal(m.result.outcome.status, OUTCOME_OK);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(helperkit_end(h), 0);
	/* One who has no card reads why: sshd has let the key in, and this refuses it. */
	snprintf(h->request.user, sizeof h->request.user, "taro");
	start_ready(h, &m);
	expect_verdict(h, OUTCOME_NOT_ENROLLED, 0, &m);
	assert_true(m.result.text[0] != '\0');
	assert_int_equal(h->readers->reader[0].resets, 1);
}

/* --- time ----------------------------------------------------------------------------------------------------------- */

/* Another program has the card: the helper says so at its time limit, and names the reader. */
static void
card_in_use_ends_in_time(void **state)
{
	struct helperkit *h = *state;
	struct heard m;
	int held = simscard_hold(h->kit->dir, 0);

	h->readers->reader[0].owner = getpid();
	helperkit_word(h, "timeout=5");
	start_ready(h, &m);
	expect_verdict(h, OUTCOME_CARD_BUSY, EXIT_PROTOCOL, &m);
	assert_non_null(strstr(m.result.text, READER_NAME));
	(void)close(held);
}

static void
hang_at_verify(struct helperkit *h)
{
	simscard_fault("ins 20:* hang forever");
}

/* The card does not answer any more: the watchdog reports, and nothing of the PIN is left to be used. */
static void
card_that_hangs_ends_in_time(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "timeout=5");
	h->before = hang_at_verify;
	start_ready(h, &m);
	expect_verdict(h, OUTCOME_TIMEOUT, EXIT_PROTOCOL, &m);
	assert_int_equal(h->readers->try_count, 0);
}

static void
hang_at_signature(struct helperkit *h)
{
	simscard_fault("ins 2a hang forever");
}

/* After VERIFY: the module learns that the card may be verified still, so that it can have that dropped. */
static void
hang_after_verify_is_reported_unclean(void **state)
{
	struct helperkit *h = *state;
	struct heard m;
	int status;

	helperkit_word(h, "timeout=5");
	h->before = hang_at_signature;
	start_until(h, PROTO_PROMPT, &m);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	helperkit_expect(h, PROTO_RESULT, &m);
	assert_int_equal(m.result.outcome.status, OUTCOME_TIMEOUT);
	assert_false(m.result.card_clean);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
	assert_int_equal(WEXITSTATUS(status), EXIT_PROTOCOL);
	assert_true(h->readers->reader[0].verified);
	h->before = NULL;
	helperkit_leave(h);
	h->readers->contexts = 0;
	ask_for_drop(h, 5);
	assert_int_equal(helperkit_login(h, NULL, &m), OUTCOME_OK);
}

/* A try is not lost because the clock ran while the person typed. */
static void
typing_takes_no_time(void **state)
{
	struct helperkit *h = *state;
	struct heard m;

	helperkit_word(h, "timeout=5");
	start_until(h, PROTO_PROMPT, &m);
	(void)poll(NULL, 0, 6000);
	helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
	expect_verdict(h, OUTCOME_OK, 0, &m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, helperkit_new, helperkit_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(login_sends_ready_prompt_and_result),
		TEST(wrong_pin_is_told),
		TEST(other_answers_reach_no_card),
		TEST(malformed_answer_is_no_answer),
		TEST(program_that_hangs_up_gets_no_try),
		TEST(signals_end_nothing),
		TEST(card_that_names_the_user_greets),
		TEST(failures_since_the_last_login_are_told), TEST(expiry_is_told),
		TEST(remote_user_reaches_no_card),
		TEST(user_without_a_card_reads_nothing),
		TEST(card_is_waited_for),
		TEST(no_wait_is_obeyed),
		TEST(xscreensaver_gets_no_cue),
		TEST(wait_ends_with_the_program),
		TEST(locker_prompts_before_a_card_is_there),
		TEST(early_prompt_is_for_lockers_that_take_passwords),
		TEST(early_answers_without_a_pin_end_it),
		TEST(faulty_request_gets_nothing),
		TEST(other_version_is_told_ours),
		TEST(started_by_hand_it_says_so),
		TEST(faulty_options_are_refused),
		TEST(without_its_cage_it_does_nothing),
		TEST(pcscd_is_connected_before_the_cage_if_needed),
		TEST(unlock_is_for_logins_by_pin), TEST(stored_password_is_unlocked),
		TEST(debug_lines_are_sent_on_wish),
		TEST(log_ends_at_its_bound),
		TEST(name_is_asked_for_where_the_card_gives_none),
		TEST(remote_user_is_not_named_by_a_card),
		TEST(card_names_its_accounts),
		TEST(card_of_no_account_names_none),
		TEST(state_is_dropped),
		TEST(drop_that_fails_says_so),
		TEST(pin_is_changed),
		TEST(check_for_a_change_prompts_for_nothing),
		TEST(locked_card_is_told_apart_in_a_change),
		TEST(challenge_takes_only_its_reply),
		TEST(unsealed_cage_means_no_challenge),
		TEST(challenge_is_for_sshd),
		TEST(key_of_no_card_is_refused),
		TEST(card_in_use_ends_in_time),
		TEST(card_that_hangs_ends_in_time),
		TEST(hang_after_verify_is_reported_unclean),
		TEST(typing_takes_no_time),
	};

	/* The helper trusts root's files alone. */
	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

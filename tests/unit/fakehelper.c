/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that misbehaves as the file "mode" in the current directory says, and names users as the file "naming" says;
 * it appends its task to the file "tasks", its language is in the file "lang", and what came with the
 * last PIN in the files "since" and "unlock". For tests of the module's side.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/proto.h"

#define DESCRIPTORS 64		/* that may be open: more than the tests have */

static struct proto_id id;
static char mode[64];

static bool
is(const char *name)
{
	return strcmp(mode, name) == 0;
}

static void
send_exactly(const void *data, size_t len)
{
	if (send(PROTO_FD, data, len, MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* Mode "spoil N KIND LEN": the Nth packet is cut or stretched to LEN bytes, or sent twice. */
static void
send_bytes(const void *data, size_t len)
{
	static uint8_t packet[PROTO_PACKET_MAX + 16];
	static unsigned int count;
	unsigned int at;
	size_t to = len;
	char kind[8];

	memcpy(packet, data, len);
	if (sscanf(mode, "spoil %u %7s %zu", &at, kind, &to) < 2 || ++count != at || to > sizeof packet)
		to = len;
	else if (strcmp(kind, "twice") == 0)
		send_exactly(packet, len);
	else if ((strcmp(kind, "cut") == 0) != (to < len))
		_exit(4);	/* the packet does not have that many bytes: reported to the test */
	send_exactly(packet, to);
}

/* What a terminal, or a reader of the log, is not to be sent; each of the mode "beyond text". */
#define BEYOND_TEXT "a\033]0;b\007c\302\2332Jd\342\200\256e\377f\ng"

static const char *
text_of(const char *usual)
{
	return is("beyond text") ? BEYOND_TEXT : usual;
}

static void
log_line(void)
{
	struct proto_log m = { .priority = is("beyond text") ? LOG_EMERG : LOG_INFO };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	snprintf(m.text, sizeof m.text, "%s", is("decision in a line") ? "JPKI-OK user=root" : text_of("line"));
	if (proto_put_log(&w, &id, &m))
		send_bytes(packet, w.len);
}

static bool naming;	/* the task is NAME, and the card names the user */

static void
ready(unsigned int before_s, unsigned int after_s)
{
	struct proto_ready m = { .before_s = before_s, .after_s = after_s,
		.way = strncmp(mode, "challenge", 9) == 0 ? PROTO_BY_CHALLENGE :
		    strncmp(mode, "key", 3) == 0 ? PROTO_BY_KEY : PROTO_BY_PIN,
		.forward_password = is("wrong, forwards") ||
		    (strncmp(mode, "early", 5) == 0 && !is("early, not forwarding")),
		.naming = naming,
		.unlock = strstr(mode, "unlock") != NULL && !is("not ready to unlock") };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	if (proto_put_ready(&w, &id, &m))
		send_bytes(packet, w.len);
}

static void
cue(void)
{
	struct proto_cue m;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	snprintf(m.text, sizeof m.text, "%s", text_of("Place it. "));
	if (proto_put_cue(&w, &id, &m))
		send_bytes(packet, w.len);
}

/* The next message, which has to be of this type. */
static struct cursor
receive_message(enum proto_type wanted, uint8_t packet[static PROTO_PACKET_MAX])
{
	enum proto_type type;
	struct cursor r;
	size_t len;

	if (proto_receive(PROTO_FD, &clk_system, INT64_MAX, packet, &len) != PROTO_RECEIVED)
		_exit(1);
	r = cursor_of(packet, len);
	if (!proto_get_header(&r, &type, &id) || type != wanted)
		_exit(1);
	return r;
}

/* Returns what was typed; "early" anywhere in a mode. */
static enum proto_answer
early(void)
{
	struct proto_early m;
	struct proto_typed typed;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct cursor r;

	snprintf(m.text, sizeof m.text, "Early: ");
	if (proto_put_early(&w, &id, &m))
		send_bytes(packet, w.len);
	r = receive_message(PROTO_TYPED, packet);
	if (!proto_get_typed(&r, &typed))
		_exit(1);
	return typed.answer;
}

static void
prompt(void)
{
	struct proto_prompt m = { .reader = "Reader X", .cert = "fedcba9876543210" };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	snprintf(m.text, sizeof m.text, "%s", text_of("PIN: "));
	if (proto_put_prompt(&w, &id, &m))
		send_bytes(packet, w.len);
}

/* In a mode with "unlock": what comes with the result. */
static const char *
unlocked(void)
{
	if (strstr(mode, "unlock") == NULL || is("unlock nothing"))
		return "";
	return is("unlock a PIN") ? "1234" : is("unlock a slip") ? "12345" :
	    is("unlock another") ? "another word" : "secret word";
}

static void
result(enum outcome_status status, bool clean)
{
	struct proto_result m = { .outcome = outcome_of(status), .card_clean = clean,
		.reader = "Fake =\n1", .cert = "fedcba9876543210" };
	struct proto_id other = id;
	uint8_t packet[PROTO_PACKET_MAX + 16] = {0};
	struct writer w = writer_of(packet, sizeof packet);

	(void)sscanf(mode, "PIN, status %*u, tries %d", &m.outcome.tries_left);
	snprintf(m.text, sizeof m.text, "%s", strncmp(mode, "wordless", 8) == 0 ? "" : text_of("text"));
	m.password = (struct view){ (const uint8_t *)unlocked(), strlen(unlocked()) };
	if (is("unlock a NUL"))
		m.password = (struct view){ (const uint8_t *)"se\0ret", 6 };
	if (m.password.len > 0)
		snprintf(m.stale, sizeof m.stale, "stale");
	if (is("ends soon"))
		snprintf(m.daily, sizeof m.daily, "text, and it ends soon");
	if (is("certificate of another form"))
		snprintf(m.cert, sizeof m.cert, "a\nLD_PRELOAD=/x");
	other.bytes[15] ^= 1;
	if (!proto_put_result(&w, is("wrong id") ? &other : &id, &m))
		_exit(1);
	if (is("trailing byte"))
		w.len++;
	if (is("cut"))
		w.len--;
	if (is("oversized"))
		w.len = sizeof packet;
	(void)sscanf(mode, "version %hhu", &packet[0]);
	if (is("unknown status"))
		packet[18] = 0x7f;
	send_bytes(packet, w.len);
}

/* The file "unlock": what came with the PIN. */
static void
note_unlock(const struct unlockfile *file)
{
	FILE *f = fopen("unlock", "we");

	if (f == NULL)
		_exit(1);
	fprintf(f, "%.*s|%s", (int)file->len, (const char *)file->bytes, file->machine);
	fclose(f);
}

/* The file "since": the answer's kind, and what the holder would be told. */
static void
note_since(const struct proto_pin *m)
{
	FILE *f = fopen("since", "we");

	if (f == NULL)
		_exit(1);
	fprintf(f, "%d|%u|%s|%s", (int)m->answer, m->since.failed, m->since.failed_by, m->since.entered_by);
	fclose(f);
}

/* Returns what a real helper makes of this answer, if the PIN is always wrong. */
static enum outcome_status
receive(void)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct cursor r = receive_message(PROTO_PIN, packet);
	struct proto_pin m;

	if (!proto_get_pin(&r, &m))
		_exit(1);
	note_since(&m);
	note_unlock(&m.unlock);
	return m.answer == PROTO_ANSWER_PIN ? OUTCOME_PIN_WRONG : proto_answer_status(m.answer);
}

static void
challenge(void)
{
	struct proto_challenge m;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	snprintf(m.text, sizeof m.text, "%s", is("challenge beyond text") ? BEYOND_TEXT : "JPKI1 challenge: ");
	if (proto_put_challenge(&w, &id, &m))
		send_bytes(packet, w.len);
}

/* Returns what a real helper makes of this reply, if it is right when it is "reply". */
static enum outcome_status
receive_reply(void)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct cursor r = receive_message(PROTO_REPLY, packet);
	struct proto_reply m;

	if (!proto_get_reply(&r, &m))
		_exit(1);
	return !m.given ? OUTCOME_CANCELLED : m.text[0] == '\0' ? OUTCOME_NO_REPLY :
	    strcmp(m.text, "reply") == 0 ? OUTCOME_OK : OUTCOME_CHALLENGE;
}

static void
challenged_login(void)
{
	enum outcome_status status;

	challenge();
	if (is("challenge twice"))
		challenge();
	if (is("challenge, then prompt"))
		prompt();
	status = receive_reply();
	if (is("challenge, believe anything"))
		status = OUTCOME_OK;
	if (is("challenge, die after reply"))
		_exit(0);
	result(status, true);
}

static enum proto_task
receive_task(void)
{
	static const char *const names[] = { [PROTO_LOGIN] = "login", [PROTO_DROP] = "drop",
		[PROTO_PIN_CHECK] = "check", [PROTO_PIN_CHANGE] = "change", [PROTO_NAME] = "name" };
	static struct proto_request request;
	uint8_t packet[PROTO_PACKET_MAX];
	struct cursor r = receive_message(PROTO_REQUEST, packet);
	FILE *f = fopen("tasks", "ae");

	if (!proto_get_request(&r, &request) || f == NULL)
		_exit(1);
	fprintf(f, "%s ", names[request.task]);
	if (request.task == PROTO_NAME && !request.no_wait)
		fprintf(f, "waiting ");
	if (request.named)
		fprintf(f, "of %s ", request.user);
	if (request.locker)
		fprintf(f, "in a locker ");
	if (request.task == PROTO_DROP)
		fprintf(f, "in %s%s%s ", request.reader, request.no_wait ? "" : ", waiting",
		    request.drop_s > PROTO_DROP_S ? ", in what is left" : "");
	fclose(f);
	f = fopen("lang", "we");
	if (f == NULL)
		_exit(1);
	fputs(request.lang, f);
	fclose(f);
	return request.task;
}

static void
named(const char *user)
{
	struct proto_named m;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	snprintf(m.user, sizeof m.user, "%s", user);
	if (proto_put_named(&w, &id, &m))
		send_bytes(packet, w.len);
}

/*
 * The task NAME, as the file "naming" says: the accounts for which the card is registered, with commas; "status N", if
 * there is none; no file: the card does not name users. Returns whether the request of the login follows here.
 */
static bool
name_accounts(void)
{
	char how[2 * ACCOUNT_NAME_MAX] = "";
	FILE *f = fopen("naming", "re");
	unsigned int status = OUTCOME_OK, repeat = 1;

	naming = f != NULL && fgets(how, sizeof how, f) != NULL;
	if (f != NULL)
		fclose(f);
	if (strcmp(how, "before ready") == 0)
		named("hanako");
	ready(5, 5);
	if (!naming)
		return true;
	if (strcmp(how, "cue") == 0)
		cue();
	if (strcmp(how, "prompt") == 0)
		prompt();
	if (strcmp(how, "die") == 0)
		_exit(0);
	if (strcmp(how, "ready twice") == 0)
		ready(5, 5);
	(void)sscanf(how, "status %u", &status);
	(void)sscanf(how, "repeat %u", &repeat);
	for (char *rest = NULL, *p = status == OUTCOME_OK ? strtok_r(how, ",", &rest) : NULL; p != NULL;
	    p = strtok_r(NULL, ",", &rest))
		for (unsigned int i = 0; i < repeat; i++)
			named(repeat > 1 ? "hanako" : p);
	result(status, true);
	return false;
}

/* Asks as often as the mode says, else the three times that are right. */
static void
change(void)
{
	unsigned int questions = 3;
	enum outcome_status status = OUTCOME_PIN_WRONG;

	(void)sscanf(mode, "ask %u", &questions);
	ready(5, is("late after PIN") ? 0 : 5);
	for (unsigned int i = 0; i < questions && status == OUTCOME_PIN_WRONG; i++) {
		prompt();
		status = receive();
	}
	if (status != OUTCOME_PIN_WRONG) {
		result(status, true);
		return;
	}
	if (is("die after PIN"))
		_exit(0);
	if (is("late after PIN"))
		pause();
	if (is("wrong") || is("wrong, forwards"))
		result(OUTCOME_PIN_WRONG, true);
	else
		result(OUTCOME_OK, !is("unclean"));
}

/* The first pass: no PIN. */
static void
check(void)
{
	ready(5, 5);
	if (is("prompt at the check"))
		prompt();
	if (is("challenge at the check"))
		challenge();
	result(is("not enrolled") ? OUTCOME_NOT_ENROLLED : is("no card") ? OUTCOME_NO_CARD : OUTCOME_OK, true);
}

static void
login(void)
{
	unsigned int told, most_s = strstr(mode, "short of time") != NULL ? 1 : 5;
	enum outcome_status status;
	unsigned int lines = 0;

	if (is("exit at once"))
		return;
	if (is("garbage"))
		send_bytes("nonsense", 8);
	if (is("empty packet"))
		send_bytes("", 0);
	if (is("prompt before ready"))
		prompt();
	if (is("before ready, a cue"))
		cue();
	if (strncmp(mode, "spoil", 5) == 0 || is("beyond text") || is("decision in a line"))
		lines = 1;
	(void)sscanf(mode, "lines %u", &lines);
	for (unsigned int i = 0; i < lines; i++)
		log_line();
	if (is("challenge before ready"))
		challenge();
	if (is("named at a login"))
		named("root");
	ready(is("late before prompt") ? 0 : most_s, is("late after PIN") ? 0 : most_s);
	if (is("slow, then late"))
		(void)usleep(4500000);
	if (is("ready twice"))
		ready(5, 5);
	if (is("late before prompt"))
		pause();
	if (is("success without PIN") || is("key") || is("challenge, not asked")) {
		result(OUTCOME_OK, true);
		return;
	}
	if (is("key, then challenge"))
		challenge();
	if (strncmp(mode, "cue", 3) == 0 || is("challenge, then cue"))
		cue();
	if (is("cue twice"))
		cue();
	if (is("not enrolled")) {
		result(OUTCOME_NOT_ENROLLED, true);
		return;
	}
	if (sscanf(mode, "status %u", &told) == 1 || sscanf(mode, "wordless %u", &told) == 1) {
		result(told, true);
		return;
	}
	if (is("refusal without PIN")) {
		result(OUTCOME_NO_CARD, true);
		return;
	}
	if (strncmp(mode, "challenge", 9) == 0) {
		challenged_login();
		return;
	}
	if (strncmp(mode, "early", 5) == 0) {
		enum proto_answer answer = early();

		if (is("early twice"))
			(void)early();
		if (is("early, no card"))
			status = OUTCOME_NO_CARD;
		else
			status = proto_answer_status(answer);
		if (status != OUTCOME_OK && !is("early, prompt all the same")) {
			result(status, true);
			return;
		}
	}
	prompt();
	if (is("gone at the prompt"))
		_exit(0);
	if (is("early, after the prompt"))
		(void)early();
	if (is("prompt twice"))
		prompt();
	if (is("prompt, then cue"))
		cue();
	if (is("PIN, then challenge"))
		challenge();
	status = receive();
	if (is("wrong") || is("wrong, forwards")) {
		result(status, true);
		return;
	}
	if (is("die after PIN"))
		_exit(0);
	if (is("crash after PIN"))
		raise(SIGKILL);
	if (is("module killed after PIN") && kill(getppid(), SIGKILL) == 0)
		_exit(0);
	if (sscanf(mode, "PIN, status %u", &told) == 1) {
		result(status == OUTCOME_PIN_WRONG ? told : status, true);
		return;
	}
	if (status == OUTCOME_GUESSES || status == OUTCOME_GUESS_RECORD) {
		result(status, true);
		return;
	}
	if (is("late after PIN") || is("slow, then late"))
		pause();
	if (is("unlock, and refuse")) {
		result(OUTCOME_PIN_WRONG, true);
		return;
	}
	if (is("unclean")) {
		result(OUTCOME_TIMEOUT, false);
		return;
	}
	result(OUTCOME_OK, true);
	if (is("linger"))
		pause();
}

/* With standard streams and the socket, and with none of the application's files. */
static bool
has_its_descriptors_alone(void)
{
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd <= PROTO_FD))
			return false;
	return true;
}

/* In a session of its own, with no signal blocked or ignored, whatever the application has done. */
static bool
is_started_as_promised(void)
{
	struct sigaction now;
	sigset_t blocked;

	if (!has_its_descriptors_alone() || getsid(0) != getpid() || sigprocmask(SIG_SETMASK, NULL, &blocked) != 0)
		return false;
	for (int sig = 1; sig < NSIG; sig++) {
		/* libc keeps two signals for itself: sigaction(2) fails for them. */
		if (sigismember(&blocked, sig) == 1 || (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN))
			return false;
	}
	return true;
}

int
main(void)
{
	enum proto_task task;
	FILE *f;

	if (!is_started_as_promised())
		return 1;
	f = fopen("mode", "re");
	if (f == NULL || fgets(mode, sizeof mode, f) == NULL)
		return 1;
	fclose(f);
	if (is("exit before all"))
		return 1;
	task = receive_task();
	if (task == PROTO_NAME && name_accounts()) {
		if (is("gone while it waits"))
			return 0;
		task = receive_task();
	}
	naming = is("naming at a login");
	switch (task) {
	case PROTO_NAME:
		break;
	case PROTO_LOGIN:
		login();
		break;
	case PROTO_DROP:
		ready(5, 5);
		result(OUTCOME_OK, true);
		break;
	case PROTO_PIN_CHECK:
		check();
		break;
	case PROTO_PIN_CHANGE:
		change();
		break;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/helperkit.h"
#include "tests/unit/test.h"

#include "helper/cage.h"
#include "lib/place.h"
#include "lib/clk.h"

#define SILENT_MS 60000		/* the machine may be busy */

static struct helperkit *here;	/* as of the helper's process */
static char logged[4096];
static unsigned int log_count;

/* --- in the helper's process --------------------------------------------------------------- */

int helper_main(int argc, char **argv);
bool __wrap_cage_prepare(void);
struct outcome __wrap_cage_enter(const struct conf *conf, bool host_keys, const struct log *log);
struct outcome __wrap_cage_seal(const struct log *log);
void __wrap_whereabouts(pid_t pid, const struct log *log, struct place_evidence *e);
enum where __wrap_place_decide(const struct place_evidence *e);

bool
__wrap_cage_prepare(void)
{
	here->marks->prepared++;
	return here->prepare;
}

struct outcome
__wrap_cage_enter(const struct conf *conf, bool host_keys, const struct log *log)
{
	here->marks->entered++;
	here->marks->host_keys = host_keys;
	here->marks->connected = here->readers->contexts;
	return here->enter;
}

struct outcome
__wrap_cage_seal(const struct log *log)
{
	here->marks->sealed++;
	return here->seal;
}

void
__wrap_whereabouts(pid_t pid, const struct log *log, struct place_evidence *e)
{
}

enum where
__wrap_place_decide(const struct place_evidence *e)
{
	return strcmp(e->service, here->request.service) == 0 && strcmp(e->tty, here->request.claims.tty) == 0 &&
	    strcmp(e->rhost, here->request.claims.rhost) == 0 ? here->where : WHERE_UNKNOWN;
}

static _Noreturn void
be_helper(struct helperkit *h, int fd)
{
	static char name[] = "jpki_helper";
	static char *argv[] = { name, NULL };
	int status;

	here = h;
	if (fd != PROTO_FD && dup2(fd, PROTO_FD) < 0)
		_exit(99);
	for (int signal_number = 1; signal_number < 32; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	if (h->before != NULL)
		h->before(h);
	status = helper_main(1, argv);
	if (h->after != NULL)
		h->after(h);
	_exit(status);		/* what the test has registered with atexit() is the test's */
}

/* --- set-up ----------------------------------------------------------------------------------- */

void
helperkit_word(struct helperkit *h, const char *word)
{
	char *copy = strdup(word);

	assert_non_null(copy);
	assert_true(h->request.word_count < PROTO_WORDS_MAX);
	h->request.words[h->request.word_count++] = copy;
}

static void
path_word(struct helperkit *h, const char *key, const char *path)
{
	char word[PATH_MAX + 32];

	snprintf(word, sizeof word, "%s=%s", key, path);
	helperkit_word(h, word);
}

void
helperkit_card(struct helperkit *h, const char *name, const char *leaf, const char *option)
{
	char path[PATH_MAX];
	const char *argv[] = { path, h->kit->pki, leaf, option, NULL };

	snprintf(path, sizeof path, "%.4000s/%s", h->kit->dir, name);
	assert_true(sim_make_card(argv));
}

static void *
new_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void
fill_request(struct helperkit *h)
{
	struct proto_request *r = &h->request;

	r->task = PROTO_LOGIN;
	snprintf(r->lang, sizeof r->lang, "en");
	snprintf(r->user, sizeof r->user, "hanako");
	snprintf(r->login_name, sizeof r->login_name, "hanako");
	snprintf(r->service, sizeof r->service, "test");
	snprintf(r->host, sizeof r->host, "azumino");
	snprintf(r->claims.tty, sizeof r->claims.tty, "tty7");
	r->uid = 1000;
	path_word(h, "trust_db", h->kit->conf.trust_db);
	path_word(h, "users_dir", h->kit->conf.users_dir);
	path_word(h, "crl_dir", h->kit->conf.crl_dir);
	path_word(h, "block_list", h->kit->conf.block_list);
}

int
helperkit_new(void **state)
{
	struct helperkit *h = calloc(1, sizeof *h);
	void *kit;

	assert_non_null(h);
	*state = h;
	logged[0] = '\0';
	log_count = 0;
	assert_int_equal(kit_new(&kit), 0);
	h->kit = kit;
	h->marks = new_shared(sizeof *h->marks);
	h->readers = simscard_new(h->kit->dir);
	assert_non_null(h->readers);
	h->readers->reader_count = 1;
	h->fd = -1;
	h->where = WHERE_CONSOLE;
	h->prepare = true;
	h->enter = h->seal = outcome_of(OUTCOME_OK);
	memset(h->id.bytes, 0x5a, sizeof h->id.bytes);
	kit_enroll(h->kit, "hanako", "good", NULL);
	fill_request(h);
	helperkit_card(h, "good", "good", NULL);
	simscard_place(h->readers, 0, "good");
	return 0;
}

int
helperkit_done(void **state)
{
	struct helperkit *h = *state;
	void *kit = h->kit;

	for (size_t i = 0; i < h->request.word_count; i++)
		free((void *)(uintptr_t)h->request.words[i]);
	(void)munmap(h->marks, sizeof *h->marks);
	(void)munmap(h->readers, sizeof *h->readers);
	free(h);
	return kit_done(&kit);
}

/* --- the module's side --------------------------------------------------------------------------- */

void
helperkit_spawn(struct helperkit *h)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	fflush(NULL);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0) {
		(void)close(fds[0]);
		be_helper(h, fds[1]);
	}
	(void)close(fds[1]);
	h->fd = fds[0];
}

void
helperkit_send(struct helperkit *h, const struct writer *w)
{
	assert_true(proto_send(h->fd, w));
}

void
helperkit_send_request(struct helperkit *h)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	assert_true(proto_put_request(&w, &h->id, &h->request));
	helperkit_send(h, &w);
}

void
helperkit_start(struct helperkit *h)
{
	helperkit_spawn(h);
	helperkit_send_request(h);
}

void
helperkit_start_other_version(struct helperkit *h, uint8_t ret[static PROTO_PACKET_MAX], size_t *ret_len)
{
	struct writer w = writer_of(ret, PROTO_PACKET_MAX);

	assert_true(proto_put_request(&w, &h->id, &h->request));
	ret[0] ^= 0x40;
	helperkit_spawn(h);
	helperkit_send(h, &w);
	assert_int_equal(proto_receive(h->fd, &clk_system, INT64_MAX, ret, ret_len), PROTO_RECEIVED);
}

void
helperkit_answer(struct helperkit *h, enum proto_answer answer, const char *pin)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_pin m = { .answer = answer };

	if (pin != NULL)
		m.pin = (struct view){ (const uint8_t *)pin, strlen(pin) };
	assert_true(proto_put_pin(&w, &h->id, &m));
	helperkit_send(h, &w);
}

static bool
read_body(struct cursor *c, struct heard *m)
{
	switch (m->type) {
	case PROTO_LOG:
		return proto_get_log(c, &m->log);
	case PROTO_READY:
		return proto_get_ready(c, &m->ready);
	case PROTO_PROMPT:
		return proto_get_prompt(c, &m->prompt);
	case PROTO_CHALLENGE:
		return proto_get_challenge(c, &m->challenge);
	case PROTO_CUE:
		return proto_get_cue(c, &m->cue);
	case PROTO_EARLY:
		return proto_get_early(c, &m->early);
	case PROTO_NAMED:
		return proto_get_named(c, &m->named);
	case PROTO_RESULT:
		return proto_get_result(c, &m->result);
	case PROTO_REQUEST:
	case PROTO_PIN:
	case PROTO_REPLY:
	case PROTO_TYPED:
		break;
	}
	return false;
}

static bool
hear_one(struct helperkit *h, struct heard *ret)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct cursor c;
	size_t len;

	if (proto_receive(h->fd, &clk_system, clk_mono_ms(&clk_system) + SILENT_MS, packet, &len) != PROTO_RECEIVED)
		return false;
	c = cursor_of(packet, len);
	assert_true(proto_get_header(&c, &ret->type, &ret->id));
	assert_memory_equal(&ret->id, &h->id, sizeof h->id);
	assert_true(read_body(&c, ret));
	if (ret->type == PROTO_RESULT && ret->result.password.len > 0) {
		assert_true(ret->result.password.len <= sizeof ret->password);
		memcpy(ret->password, ret->result.password.data, ret->result.password.len);
		ret->result.password.data = ret->password;
	}
	return true;
}

static void
note_line(const char *text)
{
	size_t len = strlen(logged);

	log_count++;
	snprintf(logged + len, sizeof logged - len, "%s\n", text);
}

void
helperkit_hear(struct helperkit *h, struct heard *ret)
{
	do {
		memset(ret, 0, sizeof *ret);
		if (!hear_one(h, ret)) {
			ret->type = 0;
			return;
		}
		if (ret->type == PROTO_LOG)
			note_line(ret->log.text);
	} while (ret->type == PROTO_LOG);
}

void
helperkit_expect(struct helperkit *h, enum proto_type type, struct heard *ret)
{
	helperkit_hear(h, ret);
	if (ret->type != type)
		fail_msg("message %d instead of %d: %s; %s", ret->type, type,
		    ret->type == PROTO_RESULT ? outcome_code(ret->result.outcome.status) : "", logged);
}

const char *
helperkit_logged(void)
{
	return logged;
}

unsigned int
helperkit_log_count(void)
{
	return log_count;
}

void
helperkit_leave(struct helperkit *h)
{
	if (h->fd >= 0)
		(void)close(h->fd);
	h->fd = -1;
}

int
helperkit_end(struct helperkit *h)
{
	int status = -1;
	pid_t pid;

	do
		pid = waitpid(h->pid, &status, 0);
	while (pid < 0);
	assert_int_equal(pid, h->pid);
	helperkit_leave(h);
	assert_int_equal(h->readers->left_verified, 0);
	for (unsigned int i = 0; i < h->readers->reader_count; i++)
		assert_false(h->readers->reader[i].verified);
	/* One that its watchdog ends releases nothing: the kernel does. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		assert_int_equal(h->readers->contexts, 0);
	h->readers->contexts = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

enum outcome_status
helperkit_login(struct helperkit *h, const char *pin, struct heard *ret_result)
{
	helperkit_start(h);
	helperkit_expect(h, PROTO_READY, ret_result);
	helperkit_hear(h, ret_result);
	if (ret_result->type == PROTO_PROMPT) {
		helperkit_answer(h, PROTO_ANSWER_PIN, pin);
		helperkit_hear(h, ret_result);
	}
	assert_int_equal(ret_result->type, PROTO_RESULT);
	assert_int_equal(helperkit_end(h), 0);
	return ret_result->result.outcome.status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <fcntl.h>

#include "card/jpki.h"
#include "card/pcsc.h"
#include "config/conf.h"
#include "lib/cleanup.h"
#include "tools/watch/card_probe.h"
#include "tools/watch/watch.h"

struct outcome
card_probe_load(struct look *look, const struct flow_env *env, const char *user)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct outcome o = usercerts_load(env, user, &e);

	look->clk = env->clk;
	look->log = env->log;
	look->classic = !env->conf->short_ids;
	look->count = 0;
	for (size_t i = 0; outcome_ok(&o) && i < e.count; i++) {
		struct view der = cert_der(e.at[i].cert);

		memcpy(look->at[i].der, der.data, der.len);
		look->at[i].len = der.len;
		memcpy(look->at[i].id, cert_fingerprint(e.at[i].cert), LOOK_ID_LEN);
		look->at[i].id[LOOK_ID_LEN] = '\0';
		if (!usercerts_block_entries(e.db, e.at[i].cert, &look->at[i].by_certificate, &look->at[i].by_serial))
			return outcome_of(OUTCOME_INTERNAL);
		look->count++;
	}
	return o;
}

int
card_probe_find(const struct look *look, const char *id)
{
	for (size_t i = 0; i < look->count; i++)
		if (strcmp(look->at[i].id, id) == 0)
			return (int)i;
	return -1;
}

static int
match(const struct look *look, struct view head)
{
	for (size_t i = 0; i < look->count; i++)
		if (usercerts_is_head_of(head, (struct view){ look->at[i].der, look->at[i].len }))
			return (int)i;
	return LOOK_OTHER;
}

/* Whether it is another card, or one that was not placed properly or is in use. */
static int
meaning(const struct outcome *o)
{
	switch (o->status) {
	case OUTCOME_NOT_JPKI:
	case OUTCOME_NO_CERT:
	case OUTCOME_PHONE:
		return LOOK_OTHER;
	default:
		return LOOK_UNCLEAR;
	}
}

static int
ask_card(const struct look *look, struct transport *t, const char *reader)
{
	struct jpki card = { .transport = t, .classic = look->classic };
	struct outcome o = t->ops->open(t->ctx, reader, 0);
	uint8_t head[JPKI_HEAD_MAX];
	size_t len = 0;

	if (outcome_ok(&o)) {
		o = jpki_select(&card);
		if (outcome_ok(&o))
			o = jpki_read_auth_head(&card, head, &len);
		(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);	/* nothing was verified */
	}
	log_msg(look->log, LOG_DEBUG, "reader %s: %s (%x)", reader, outcome_code(o.status), o.raw);
	return outcome_ok(&o) ? match(look, (struct view){ head, len }) : meaning(&o);
}

static int
ask_kind(const struct look *look, struct transport *t, const char *reader)
{
	struct jpki card = { .transport = t, .classic = look->classic };
	enum jpki_kind kind = JPKI_KIND_UNKNOWN;
	struct outcome o = t->ops->open(t->ctx, reader, 0);

	if (outcome_ok(&o)) {
		o = jpki_select(&card);
		if (outcome_ok(&o))
			o = jpki_read_kind(&card, &kind);
		(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);	/* nothing was verified */
	}
	log_msg(look->log, LOG_DEBUG, "reader %s: %s (%x)", reader, outcome_code(o.status), o.raw);
	if (!outcome_ok(&o))
		return meaning(&o);
	return kind == JPKI_KIND_MY_NUMBER || kind == JPKI_KIND_UNKNOWN ? 0 : LOOK_OTHER;
}

/* Probes a card, on a transport of the child's own. */
typedef int (*ask_fn)(const struct look *look, struct transport *t, const char *reader);

/* The child, with its own connection to pcscd. */
static void __attribute__((noreturn))
ask_and_answer(const struct look *look, ask_fn ask, const char *reader, int fd)
{
	struct pcsc *pcsc = pcsc_new(look->clk, look->log);
	signed char answer = LOOK_UNCLEAR;

	if (pcsc != NULL)
		answer = (signed char)ask(look, pcsc_transport(pcsc), reader);
	_exit(write(fd, &answer, sizeof answer) == sizeof answer ? 0 : 1);
}

static int
wait_for_answer(const struct look *look, int most, int fd, int64_t ms)
{
	int64_t deadline = clk_mono_ms(look->clk) + ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	signed char answer;
	int r;

	do
		r = poll(&p, 1, (int)clk_left_ms(look->clk, deadline));
	while (r < 0 && errno == EINTR);
	if (r <= 0 || read(fd, &answer, sizeof answer) != sizeof answer)
		return LOOK_UNCLEAR;
	return answer <= most ? answer : LOOK_UNCLEAR;
}

/* most: the highest number that is an answer. */
static int
ask_in_child(const struct look *look, ask_fn ask, int most, const char *reader, int64_t ms)
{
	_cleanup_(closep) int ours = -1;
	int pair[2], answer;
	pid_t child;

	if (pipe2(pair, O_CLOEXEC) != 0)
		return LOOK_UNCLEAR;
	ours = pair[0];
	child = fork();
	if (child == 0)
		ask_and_answer(look, ask, reader, pair[1]);
	(void)close(pair[1]);
	if (child < 0)
		return LOOK_UNCLEAR;
	answer = wait_for_answer(look, most, ours, ms);
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return answer;
}

int
card_probe_answer(const struct look *look, const char *reader, int64_t ms)
{
	return ask_in_child(look, ask_card, (int)look->count - 1, reader, ms);
}

int
card_probe_kind(const struct look *look, const char *reader, int64_t ms)
{
	return ask_in_child(look, ask_kind, 0, reader, ms);
}

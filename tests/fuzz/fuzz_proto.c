/* SPDX-License-Identifier: BSD-2-Clause */
/* Every message between module and helper: what can be read is written again as it was. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config/conf.h"
#include "flow/remote.h"
#include "helper/proto.h"
#include "tests/fuzz/fuzz.h"

static union any {
	struct proto_request request;
	struct proto_log log;
	struct proto_ready ready;
	struct proto_prompt prompt;
	struct proto_pin pin;
	struct proto_result result;
	struct proto_cue cue;
	struct proto_early early;
	struct proto_typed typed;
	struct proto_named named;
	struct proto_challenge challenge;
	struct proto_reply reply;
} m;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

/* What the helper does with a request before it touches anything. */
static void
use_request(const struct proto_request *r)
{
	static struct conf conf;
	struct outcome o = outcome_of(OUTCOME_OK);

	CHECK(r->word_count <= PROTO_WORDS_MAX && proto_questions(r->task) <= 3);
	conf_init(&conf);
	for (size_t i = 0; outcome_ok(&o) && i < r->word_count; i++)
		o = conf_word(r->words[i], &fuzz_log, &conf);
	for (int way = PROTO_BY_PIN; way <= PROTO_BY_KEY; way++)
		(void)proto_offers(r, way);
}

static bool
again(struct cursor *r, enum proto_type type, const struct proto_id *id, struct writer *w)
{
	switch (type) {
	case PROTO_REQUEST:
		if (!proto_get_request(r, &m.request))
			return false;
		use_request(&m.request);
		return proto_put_request(w, id, &m.request);
	case PROTO_LOG:
		return proto_get_log(r, &m.log) && proto_put_log(w, id, &m.log);
	case PROTO_READY:
		return proto_get_ready(r, &m.ready) && proto_put_ready(w, id, &m.ready);
	case PROTO_CUE:
		return proto_get_cue(r, &m.cue) && proto_put_cue(w, id, &m.cue);
	case PROTO_EARLY:
		return proto_get_early(r, &m.early) && proto_put_early(w, id, &m.early);
	case PROTO_TYPED:
		return proto_get_typed(r, &m.typed) && proto_put_typed(w, id, &m.typed);
	case PROTO_NAMED:
		return proto_get_named(r, &m.named) && proto_put_named(w, id, &m.named);
	case PROTO_PROMPT:
		return proto_get_prompt(r, &m.prompt) && proto_put_prompt(w, id, &m.prompt);
	case PROTO_PIN:
		return proto_get_pin(r, &m.pin) && proto_put_pin(w, id, &m.pin);
	case PROTO_RESULT:
		return proto_get_result(r, &m.result) && proto_put_result(w, id, &m.result);
	case PROTO_CHALLENGE:
		return proto_get_challenge(r, &m.challenge) && proto_put_challenge(w, id, &m.challenge);
	case PROTO_REPLY:
		return proto_get_reply(r, &m.reply) && proto_put_reply(w, id, &m.reply);
	}
	fuzz_fail(__FILE__, __LINE__, "a type that is none");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[PROTO_PACKET_MAX], second[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct cursor r = cursor_of(data, size);
	enum proto_type type;
	struct proto_id id;

	if (size > PROTO_PACKET_MAX || !proto_get_header(&r, &type, &id))
		return 0;
	if (!again(&r, type, &id, &w))
		return 0;
	CHECK(w.len == size);
	/* Texts of the helper's are made harmless once and then stay as they are. */
	if (memcmp(packet, data, size) != 0) {
		CHECK(type == PROTO_LOG || type == PROTO_CUE || type == PROTO_EARLY || type == PROTO_PROMPT || type == PROTO_CHALLENGE || type == PROTO_RESULT);
		r = cursor_of(packet, size);
		w = writer_of(second, sizeof second);
		CHECK(proto_get_header(&r, &type, &id) && again(&r, type, &id, &w));
		CHECK(w.len == size && memcmp(packet, second, size) == 0);
	}
	return 0;
}

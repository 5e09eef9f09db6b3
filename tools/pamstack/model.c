/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk through a stack, as in _pam_dispatch_aux without a resume. */
#include "config.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pamstack/pamstack.h"

#define STATES_MAX 4096		/* states before one line; real stacks have a dozen */

enum impression { UNDECIDED, POSITIVE, NEGATIVE };

struct impressed {
	uint8_t impression;
	uint8_t status;
};

/* Only bytes, so that two can be compared by memcmp(). */
struct state {
	struct impressed now;
	struct impressed saved[PAMSTACK_LEVELS];	/* at the entry to the substack of this level */
};

static const struct impressed nothing = { .impression = UNDECIDED, .status = PAM_PERM_DENIED };

static struct state
start_state(void)
{
	return (struct state){ .now = nothing, .saved = { nothing } };
}

static void
take_ok(struct impressed *now, int code)
{
	if (now->impression == UNDECIDED ||
	    (now->impression == POSITIVE && now->status == PAM_SUCCESS))
		*now = (struct impressed){ .impression = POSITIVE, .status = (uint8_t)code };
}

static void
take_bad(struct impressed *now, int code)
{
	if (now->impression != NEGATIVE)
		*now = (struct impressed){
			.impression = NEGATIVE,
			.status = code == PAM_IGNORE ? PAM_PERM_DENIED : (uint8_t)code
		};
}

/* The last line of the (sub)stack that contains line i. */
static size_t
last_of(const struct pamstack_list *list, size_t i)
{
	unsigned int level = list->lines[i].level;

	while (i + 1 < list->count && list->lines[i + 1].level >= level)
		i++;
	return i;
}

/*
 * Jumps over that many lines; a substack with its head counts as one. Returns the line before the next one.
 * *jump becomes 0 if there were enough lines.
 */
static size_t
jump_over(const struct pamstack_list *list, size_t i, int *jump)
{
	unsigned int level = list->lines[i].level;

	for (; *jump > 0 && i + 1 < list->count && list->lines[i + 1].level >= level; --*jump) {
		do
			i++;
		while (i + 1 < list->count && list->lines[i + 1].level > level);
	}
	return i;
}

/* Applies an answer; returns the line before the next one. */
static size_t
act_on_answer(const struct pamstack_list *list, size_t i, int code, struct state *state)
{
	const struct pamstack_line *line = &list->lines[i];
	bool known = code >= 0 && code < PAMSTACK_CODES;
	int action = known ? line->action[code] : PAMSTACK_BAD;

	if (!known)
		code = PAM_PERM_DENIED;
	switch (action) {
	case PAMSTACK_RESET:
		state->now = state->saved[line->level];
		return i;
	case PAMSTACK_OK:
		take_ok(&state->now, code);
		return i;
	case PAMSTACK_DONE:
		take_ok(&state->now, code);
		return state->now.impression == POSITIVE ? last_of(list, i) : i;
	case PAMSTACK_BAD:
		take_bad(&state->now, code);
		return i;
	case PAMSTACK_DIE:
		take_bad(&state->now, code);
		return last_of(list, i);
	default:
		i = jump_over(list, i, &action);
		if (action != PAMSTACK_IGNORE)	/* over the end */
			state->now = (struct impressed){ .impression = NEGATIVE, .status = PAM_PERM_DENIED };
		return i;
	}
}

/* The next line, after line i has answered (the head of a substack has no answer). */
static size_t
step_line(const struct pamstack_list *list, size_t i, int code, struct state *state)
{
	unsigned int level = list->lines[i].level;

	if (list->lines[i].kind != PAMSTACK_SUBSTACK)
		i = act_on_answer(list, i, code, state);
	i++;
	if (i < list->count && list->lines[i].level > level)
		state->saved[list->lines[i].level] = state->now;
	return i;
}

static int
result(const struct state *state)
{
	if (state->now.status == PAM_SUCCESS && state->now.impression != POSITIVE)
		return PAM_PERM_DENIED;
	return state->now.status;
}

int
pamstack_run(const struct pamstack_list *list, pamstack_answer *answer, void *ctx)
{
	struct state state = start_state();

	for (size_t i = 0; i < list->count;) {
		const struct pamstack_line *line = &list->lines[i];
		int code = PAM_PERM_DENIED;

		if (line->kind == PAMSTACK_MODULE)
			code = line->missing ? PAM_MODULE_UNKNOWN : answer(line, ctx);
		if (code == PAM_INCOMPLETE)
			return code;
		i = step_line(list, i, code, &state);
	}
	return result(&state);
}

/* ---- all ways at once ---- */

struct states {
	struct state *v;
	size_t count;
};

/* For success or failure the exact code does not matter; what is saved for deeper levels is never read. */
static void
normalize(struct state *state, unsigned int level)
{
	if (state->now.status != PAM_SUCCESS)
		state->now.status = PAM_PERM_DENIED;
	memset(&state->saved[level + 1], 0, sizeof state->saved - (level + 1) * sizeof state->saved[0]);
}

static bool
add_state(struct states *states, const struct state *state)
{
	struct state *grown;

	for (size_t i = 0; i < states->count; i++)
		if (memcmp(&states->v[i], state, sizeof *state) == 0)
			return true;
	if (states->count == STATES_MAX)
		return false;
	grown = reallocarray(states->v, states->count + 1, sizeof *grown);
	if (grown == NULL)
		return false;
	states->v = grown;
	states->v[states->count++] = *state;
	return true;
}

static uint32_t
answers_of(const struct pamstack_line *line, pamstack_answers *answers, const void *ctx)
{
	if (line->kind != PAMSTACK_MODULE)
		return PAMSTACK_BIT(PAM_PERM_DENIED);
	if (line->missing)
		return PAMSTACK_BIT(PAM_MODULE_UNKNOWN);
	return answers(line, ctx) & ~PAMSTACK_BIT(PAM_INCOMPLETE);
}

/* Continues from one line with one answer, in every state that reaches it. */
static bool
spread(const struct pamstack_list *list, size_t i, int code, struct states *at)
{
	for (size_t s = 0; s < at[i].count; s++) {
		struct state state = at[i].v[s];
		size_t next = step_line(list, i, code, &state);

		normalize(&state, next < list->count ? list->lines[next].level : 0);
		if (!add_state(&at[next], &state))
			return false;
	}
	return true;
}

static bool
explore(const struct pamstack_list *list, pamstack_answers *answers, const void *ctx, bool *called,
    struct states *at)
{
	struct state first = start_state();

	if (!add_state(&at[0], &first))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		uint32_t set = answers_of(&list->lines[i], answers, ctx);

		if (called != NULL)
			called[i] = at[i].count > 0 && list->lines[i].kind == PAMSTACK_MODULE;
		for (int code = 0; code < PAMSTACK_CODES; code++)
			if ((set & PAMSTACK_BIT(code)) != 0 && !spread(list, i, code, at))
				return false;
	}
	return true;
}

struct pamstack_prospect
pamstack_explore(const struct pamstack_list *list, pamstack_answers *answers, const void *ctx,
    bool *called)
{
	struct states *at = calloc(list->count + 1, sizeof *at);
	struct pamstack_prospect prospect = { 0 };

	if (at == NULL || !explore(list, answers, ctx, called, at)) {
		prospect = (struct pamstack_prospect){ .may_succeed = true, .may_fail = true };
		for (size_t i = 0; called != NULL && i < list->count; i++)
			called[i] = true;
	} else {
		for (size_t s = 0; s < at[list->count].count; s++) {
			if (result(&at[list->count].v[s]) == PAM_SUCCESS)
				prospect.may_succeed = true;
			else
				prospect.may_fail = true;
		}
	}
	for (size_t i = 0; at != NULL && i <= list->count; i++)
		free(at[i].v);
	free(at);
	return prospect;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/proto.h"
#include "lib/pinrule.h"
#include "lib/secret.h"
#include "pam/handle.h"

#define DATA_NAME "pam_jpki_memory"

struct handle_state {
	struct secret *wrong;	/* PINs one after the other, the newest first */
	char user[PROTO_NAME_MAX];
	enum outcome_status last;
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];	/* of the last, if it was OUTCOME_OK */
	bool session;
	enum outcome_status preliminary;
};

static void
handle_free(pam_handle_t *pamh, void *data, int status)
{
	struct handle_state *m = data;

	secret_free(m->wrong);
	free(m);
}

const struct handle_state *
handle_find(pam_handle_t *pamh)
{
	const void *data = NULL;

	return pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS ? data : NULL;
}

struct handle_state *
handle_of(pam_handle_t *pamh)
{
	const struct handle_state *found = handle_find(pamh);
	struct handle_state *m;

	if (found != NULL)
		return (struct handle_state *)(uintptr_t)found;	/* ours: libpam only lends it as const */
	m = calloc(1, sizeof *m);
	if (m == NULL)
		return NULL;
	m->last = m->preliminary = OUTCOME_INTERNAL;
	m->wrong = secret_new();
	if (m->wrong == NULL || pam_set_data(pamh, DATA_NAME, m, handle_free) != PAM_SUCCESS) {
		handle_free(pamh, m, 0);
		return NULL;
	}
	return m;
}

void
handle_turn_to(struct handle_state *m, const char *user)
{
	if (strcmp(m->user, user) == 0)
		return;
	secret_wipe(m->wrong);
	handle_note_outcome(m, OUTCOME_INTERNAL);
	snprintf(m->user, sizeof m->user, "%s", user);
}

void
handle_begin(struct handle_state *m, const char *user)
{
	handle_turn_to(m, user);
	handle_note_outcome(m, OUTCOME_INTERNAL);
}

bool
handle_knows_wrong(const struct handle_state *m, struct view pin)
{
	struct view all = secret_view(m->wrong);

	for (size_t at = 0; at + AUTH_PIN_LENGTH <= all.len; at += AUTH_PIN_LENGTH)
		if (view_equal((struct view){ all.data + at, AUTH_PIN_LENGTH }, pin))
			return true;
	return false;
}

unsigned int
handle_count_wrong(const struct handle_state *m)
{
	return (unsigned int)(secret_view(m->wrong).len / AUTH_PIN_LENGTH);
}

void
handle_note_wrong(struct handle_state *m, struct view pin)
{
	struct view all = secret_view(m->wrong);
	uint8_t bytes[SECRET_MAX];
	size_t keep = all.len < SECRET_MAX - AUTH_PIN_LENGTH ? all.len : SECRET_MAX - AUTH_PIN_LENGTH;

	if (pin.len != AUTH_PIN_LENGTH || handle_knows_wrong(m, pin))
		return;
	/* A card has three tries: never more than four PINs are wrong at once. */
	memcpy(bytes, pin.data, AUTH_PIN_LENGTH);
	memcpy(bytes + AUTH_PIN_LENGTH, all.data, keep);
	if (!secret_set(m->wrong, bytes, AUTH_PIN_LENGTH + keep))
		secret_wipe(m->wrong);
	explicit_bzero(bytes, sizeof bytes);
}

void
handle_forget_wrong(struct handle_state *m)
{
	secret_wipe(m->wrong);
}

void
handle_note_outcome(struct handle_state *m, enum outcome_status status)
{
	m->reader[0] = m->cert[0] = '\0';
	m->last = status;
}

enum outcome_status
handle_outcome(const struct handle_state *m)
{
	return m->last;
}

bool
handle_let_in(const struct handle_state *m, const char *user)
{
	return m->last == OUTCOME_OK && strcmp(m->user, user) == 0;
}

void
handle_note_card(struct handle_state *m, const char *reader, const char *cert)
{
	snprintf(m->reader, sizeof m->reader, "%s", reader);
	snprintf(m->cert, sizeof m->cert, "%s", cert);
}

const char *
handle_reader(const struct handle_state *m)
{
	return m->reader;
}

const char *
handle_cert(const struct handle_state *m)
{
	return m->cert;
}

void
handle_note_session(struct handle_state *m, bool open)
{
	m->session = open;
}

bool
handle_session(const struct handle_state *m)
{
	return m->session;
}

void
handle_note_preliminary(struct handle_state *m, enum outcome_status status)
{
	m->preliminary = status;
}

enum outcome_status
handle_preliminary(const struct handle_state *m)
{
	return m->preliminary;
}

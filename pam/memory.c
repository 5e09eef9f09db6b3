#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/proto.h"
#include "lib/secret.h"
#include "pam/memory.h"

#define DATA_NAME "pam_jpki_memory"

struct memory {
	struct secret *wrong;	/* PINs one after the other, the newest first */
	char user[PROTO_NAME_MAX];
	enum jpki_status last;
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];	/* of the last, if it was JPKI_OK */
	bool session;
	enum jpki_status preliminary;
};

static void
memory_free(pam_handle_t *pamh, void *data, int status)
{
	struct memory *m = data;

	secret_free(m->wrong);
	free(m);
}

const struct memory *
memory_find(pam_handle_t *pamh)
{
	const void *data = NULL;

	return pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS ? data : NULL;
}

struct memory *
memory_of(pam_handle_t *pamh)
{
	const struct memory *found = memory_find(pamh);
	struct memory *m;

	if (found != NULL)
		return (struct memory *)(uintptr_t)found;	/* ours: libpam only lends it as const */
	m = calloc(1, sizeof *m);
	if (m == NULL)
		return NULL;
	m->last = m->preliminary = JPKI_INTERNAL;
	m->wrong = secret_new();
	if (m->wrong == NULL || pam_set_data(pamh, DATA_NAME, m, memory_free) != PAM_SUCCESS) {
		memory_free(pamh, m, 0);
		return NULL;
	}
	return m;
}

void
memory_turn_to(struct memory *m, const char *user)
{
	if (strcmp(m->user, user) == 0)
		return;
	secret_wipe(m->wrong);
	memory_note_outcome(m, JPKI_INTERNAL);
	snprintf(m->user, sizeof m->user, "%s", user);
}

void
memory_begin(struct memory *m, const char *user)
{
	memory_turn_to(m, user);
	memory_note_outcome(m, JPKI_INTERNAL);
}

bool
memory_knows_wrong(const struct memory *m, struct view pin)
{
	struct view all = secret_view(m->wrong);

	for (size_t at = 0; at + AUTH_PIN_LENGTH <= all.len; at += AUTH_PIN_LENGTH)
		if (view_equal((struct view){ all.data + at, AUTH_PIN_LENGTH }, pin))
			return true;
	return false;
}

unsigned int
memory_count_wrong(const struct memory *m)
{
	return (unsigned int)(secret_view(m->wrong).len / AUTH_PIN_LENGTH);
}

void
memory_note_wrong(struct memory *m, struct view pin)
{
	struct view all = secret_view(m->wrong);
	uint8_t bytes[SECRET_MAX];
	size_t keep = all.len < SECRET_MAX - AUTH_PIN_LENGTH ? all.len : SECRET_MAX - AUTH_PIN_LENGTH;

	if (pin.len != AUTH_PIN_LENGTH || memory_knows_wrong(m, pin))
		return;
	/* A card has three tries: more than four of them are never wrong at once. */
	memcpy(bytes, pin.data, AUTH_PIN_LENGTH);
	memcpy(bytes + AUTH_PIN_LENGTH, all.data, keep);
	if (!secret_set(m->wrong, bytes, AUTH_PIN_LENGTH + keep))
		secret_wipe(m->wrong);
	explicit_bzero(bytes, sizeof bytes);
}

void
memory_forget_wrong(struct memory *m)
{
	secret_wipe(m->wrong);
}

void
memory_note_outcome(struct memory *m, enum jpki_status status)
{
	m->reader[0] = m->cert[0] = '\0';
	m->last = status;
}

enum jpki_status
memory_outcome(const struct memory *m)
{
	return m->last;
}

bool
memory_let_in(const struct memory *m, const char *user)
{
	return m->last == JPKI_OK && strcmp(m->user, user) == 0;
}

void
memory_note_card(struct memory *m, const char *reader, const char *cert)
{
	snprintf(m->reader, sizeof m->reader, "%s", reader);
	snprintf(m->cert, sizeof m->cert, "%s", cert);
}

const char *
memory_reader(const struct memory *m)
{
	return m->reader;
}

const char *
memory_cert(const struct memory *m)
{
	return m->cert;
}

void
memory_note_session(struct memory *m, bool open)
{
	m->session = open;
}

bool
memory_session(const struct memory *m)
{
	return m->session;
}

void
memory_note_preliminary(struct memory *m, enum jpki_status status)
{
	m->preliminary = status;
}

enum jpki_status
memory_preliminary(const struct memory *m)
{
	return m->preliminary;
}

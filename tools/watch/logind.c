/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-login.h>
#endif

#include "lib/cleanup.h"
#include "tools/watch/logind.h"

/* A text that is too long is ignored. */
static void
copy_property(char dst[static SESSION_TEXT_MAX], const char *src)
{
	if (src == NULL || snprintf(dst, SESSION_TEXT_MAX, "%s", src) >= SESSION_TEXT_MAX)
		dst[0] = '\0';
}

#ifdef HAVE_LIBSYSTEMD
#define RECORDS "/run/systemd/sessions/"

static bool
is_over(const char *id)
{
	char *state = NULL;
	int r = sd_session_get_state(id, &state);
	/* EINVAL: no session can have such a name. */
	bool over = r == -ENXIO || r == -EINVAL || (r >= 0 && strcmp(state, "closing") == 0);

	free(state);
	return over;
}

/*
 * The environment of a user's service manager outlives the sessions that it was imported from (loginctl
 * enable-linger, or another session of the user). So what it says about an ended session does not apply to
 * the present one.
 */
static void
forget_ended_session(struct session *s)
{
	if (s->id[0] == '\0' || access(RECORDS, F_OK) != 0 || !is_over(s->id))
		return;
	s->id[0] = s->service[0] = s->cert[0] = s->leader[0] = '\0';
}

/* The process that opened the session; "" if logind does not say. As sd_session_get_leader(3), since systemd 254. */
static void
find_leader(const char *id, char leader[static SESSION_TEXT_MAX])
{
	static const char key[] = "LEADER=";
	char path[sizeof RECORDS + SESSION_TEXT_MAX];
	_cleanup_(fclosep) FILE *f = NULL;
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	leader[0] = '\0';
	snprintf(path, sizeof path, RECORDS "%s", id);
	f = strchr(id, '/') == NULL ? fopen(path, "re") : NULL;
	/* Whole lines: the value of another key may be long, and contain this one. */
	while (f != NULL && getline(&line, &size, f) >= 0)
		if (strncmp(line, key, sizeof key - 1) == 0) {
			line[strcspn(line, "\n")] = '\0';
			copy_property(leader, line + sizeof key - 1);
		}
}

/*
 * The session names may be new, but the card from an earlier session: this one was opened without a card.
 */
static void
forget_card_of_another_session(struct session *s)
{
	char leader[SESSION_TEXT_MAX];

	find_leader(s->id, leader);
	if (s->leader[0] == '\0' || leader[0] == '\0' || strcmp(s->leader, leader) == 0)
		return;
	s->service[0] = s->cert[0] = '\0';
}

static void
ask_logind(struct session *s)
{
	char *text = NULL, *state = NULL;

	forget_ended_session(s);
	if (s->id[0] == '\0' && (sd_pid_get_session(0, &text) >= 0 || sd_uid_get_display(getuid(), &text) >= 0)) {
		copy_property(s->id, text);
		free(text);
	}
	if (s->id[0] == '\0')
		return;
	forget_card_of_another_session(s);
	text = NULL;
	if (s->service[0] == '\0' && sd_session_get_service(s->id, &text) >= 0) {
		copy_property(s->service, text);
		free(text);
	}
	s->known = sd_session_get_state(s->id, &state) >= 0;
	free(state);
	s->remote = s->remote || sd_session_is_remote(s->id) > 0;
}

bool
logind_session_is_over(const struct session *s)
{
	return s->known && is_over(s->id);
}
#else
static void
ask_logind(struct session *s)
{
}

bool
logind_session_is_over(const struct session *s)
{
	return false;
}
#endif

void
logind_session_find(struct session *ret)
{
	*ret = (struct session){ .remote = getenv("SSH_CONNECTION") != NULL };
	copy_property(ret->id, getenv("XDG_SESSION_ID"));
	copy_property(ret->service, getenv("JPKI_SESSION_SERVICE"));
	copy_property(ret->cert, getenv("JPKI_SESSION_CERT"));
	copy_property(ret->leader, getenv("JPKI_SESSION_LEADER"));
	ask_logind(ret);
}

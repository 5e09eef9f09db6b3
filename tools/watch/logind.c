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

#include "tools/watch/logind.h"

/* A text too long is none. */
static void
copy_property(char dst[static SESSION_TEXT_MAX], const char *src)
{
	if (src == NULL || snprintf(dst, SESSION_TEXT_MAX, "%s", src) >= SESSION_TEXT_MAX)
		dst[0] = '\0';
}

#ifdef HAVE_LIBSYSTEMD
static void
ask_logind(struct session *s)
{
	char *text = NULL, *state = NULL;

	if (s->id[0] == '\0' && (sd_pid_get_session(0, &text) >= 0 || sd_uid_get_display(getuid(), &text) >= 0)) {
		copy_property(s->id, text);
		free(text);
	}
	if (s->id[0] == '\0')
		return;
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
	char *state = NULL;
	bool over = s->known && (sd_session_get_state(s->id, &state) == -ENXIO ||
	    (state != NULL && strcmp(state, "closing") == 0));

	free(state);
	return over;
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
	ask_logind(ret);
}

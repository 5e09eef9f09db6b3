#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-login.h>
#endif

#include "tools/watch/session.h"

/* A text too long is none. */
static void
copy(char dst[static SESSION_TEXT_MAX], const char *src)
{
	if (src == NULL || snprintf(dst, SESSION_TEXT_MAX, "%s", src) >= SESSION_TEXT_MAX)
		dst[0] = '\0';
}

#ifdef HAVE_LIBSYSTEMD
static void
ask_logind(struct session *s)
{
	char *text = NULL;

	if (s->id[0] == '\0' && (sd_pid_get_session(0, &text) >= 0 || sd_uid_get_display(getuid(), &text) >= 0)) {
		copy(s->id, text);
		free(text);
	}
	if (s->id[0] == '\0')
		return;
	text = NULL;
	if (s->service[0] == '\0' && sd_session_get_service(s->id, &text) >= 0) {
		copy(s->service, text);
		free(text);
	}
	s->remote = s->remote || sd_session_is_remote(s->id) > 0;
}
#else
static void
ask_logind(struct session *s)
{
}
#endif

void
session_find(struct session *ret)
{
	*ret = (struct session){ .remote = getenv("SSH_CONNECTION") != NULL };
	copy(ret->id, getenv("XDG_SESSION_ID"));
	copy(ret->service, getenv("JPKI_SESSION_SERVICE"));
	copy(ret->cert, getenv("JPKI_SESSION_CERT"));
	ask_logind(ret);
}

#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <utmpx.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-login.h>
#endif

#include "helper/whereabouts.h"

enum place
whereabouts_by_logind(const struct log *log)
{
#ifdef HAVE_LIBSYSTEMD
	char *session = NULL;
	int remote = sd_pid_get_session(0, &session);

	if (remote >= 0)
		remote = sd_session_is_remote(session);
	log_msg(log, LOG_DEBUG, "logind: session %s, %s", session != NULL ? session : "none",
	    remote > 0 ? "remote" : remote == 0 ? "local" : strerror(-remote));
	free(session);
	if (remote >= 0)
		return remote > 0 ? PLACE_REMOTE : PLACE_LOCAL;
#endif
	return PLACE_UNDECIDED;
}

/* What login programs write there: nothing, an X display ":0", a host, or a multiplexer's mark. */
static enum place
place_of_host(const char *host, size_t max)
{
	size_t len = strnlen(host, max);

	if (len == 0)
		return PLACE_LOCAL;
	if (host[0] == ':')	/* screen: ":pts/0:S.0" */
		return len > 1 && isdigit((unsigned char)host[1]) ? PLACE_LOCAL : PLACE_UNDECIDED;
	if (len >= 5 && memcmp(host, "tmux(", 5) == 0)
		return PLACE_UNDECIDED;
	return PLACE_REMOTE;
}

enum place
whereabouts_by_utmp(const char *terminal)
{
	struct utmpx wanted = { .ut_type = USER_PROCESS };
	enum place place = PLACE_UNDECIDED;
	const struct utmpx *found;

	if (strncmp(terminal, "/dev/", 5) == 0)
		terminal += 5;
	if (terminal[0] == '\0' || strlen(terminal) > sizeof wanted.ut_line)
		return PLACE_UNDECIDED;
	memcpy(wanted.ut_line, terminal, strlen(terminal));
	setutxent();
	found = getutxline(&wanted);
	if (found != NULL && found->ut_type == USER_PROCESS)
		place = place_of_host(found->ut_host, sizeof found->ut_host);
	endutxent();
	return place;
}

enum place
whereabouts(const char *terminal, const struct log *log)
{
	enum place place = whereabouts_by_logind(log);

	return place != PLACE_UNDECIDED ? place : whereabouts_by_utmp(terminal);
}

#include "config.h"

#include <string.h>
#include <strings.h>
#include <utmpx.h>

#include "pam/guard.h"

static bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* An X display "host:0", or ssh's forwarded "localhost:10": not the machine's own ":0". */
static bool
display_is_remote(const char *tty)
{
	const char *colon = strchr(tty, ':');

	return colon != NULL && colon != tty && tty[0] != '/';
}

/* Whether utmp knows that this terminal belongs to a login from another host. */
static bool
terminal_is_remote(const char *tty)
{
	struct utmpx wanted = { .ut_type = USER_PROCESS };
	const struct utmpx *found;
	bool remote;

	if (strncmp(tty, "/dev/", 5) == 0)
		tty += 5;
	if (strlen(tty) > sizeof wanted.ut_line)
		return false;
	memcpy(wanted.ut_line, tty, strlen(tty));
	setutxent();
	found = getutxline(&wanted);
	remote = found != NULL && found->ut_type == USER_PROCESS && found->ut_host[0] != '\0' &&
	    found->ut_host[0] != ':';	/* a local X display */
	endutxent();
	return remote;
}

bool
guard_is_remote(const struct guard_facts *f)
{
	if (is_set(f->service) && strncmp(f->service, "sshd", 4) == 0)
		return true;
	if (is_set(f->ssh_connection))
		return true;
	/* "localhost" is xsecurelock's way of saying local */
	if (is_set(f->rhost) && strcasecmp(f->rhost, "localhost") != 0)
		return true;
	if (!is_set(f->tty))
		return false;
	return strcmp(f->tty, "ssh") == 0 || display_is_remote(f->tty) || terminal_is_remote(f->tty);
}

#include "config.h"

#include <string.h>
#include <strings.h>

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

bool
guard_is_console(const char *tty)
{
	if (tty == NULL)
		return false;
	if (strncmp(tty, "/dev/", 5) == 0)
		tty += 5;
	return strncmp(tty, "tty", 3) == 0 && tty[3] != '\0' &&
	    strspn(tty + 3, "0123456789") == strlen(tty + 3);
}

static bool
is_sshd_service(const struct guard_facts *f)
{
	return is_set(f->service) && strncmp(f->service, "sshd", 4) == 0;
}

bool
guard_is_sshd(const struct guard_facts *f)
{
	return is_sshd_service(f) && is_set(f->tty) && strcmp(f->tty, "ssh") == 0;
}

enum place
guard_place(const struct guard_facts *f)
{
	if (is_sshd_service(f))
		return PLACE_REMOTE;
	if (is_set(f->ssh_connection))
		return PLACE_REMOTE;
	/* "localhost" is xsecurelock's way of saying local */
	if (is_set(f->rhost) && strcasecmp(f->rhost, "localhost") != 0)
		return PLACE_REMOTE;
	if (!is_set(f->tty))
		return PLACE_UNDECIDED;
	if (strcmp(f->tty, "ssh") == 0 || display_is_remote(f->tty))
		return PLACE_REMOTE;
	return f->tty[0] == ':' || guard_is_console(f->tty) ? PLACE_LOCAL : PLACE_UNDECIDED;
}

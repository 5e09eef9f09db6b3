/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>
#include <utmpx.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-login.h>
#endif

#include "flow/whereabouts.h"
#include "lib/cleanup.h"

#define LOGIND "/run/systemd/seats"	/* is there while logind runs */
#define PARENTS_MAX 64
#define TTY_MAJOR 4
#define CONSOLES_MAX 63

/* --- the host ----------------------------------------------------------------- */

/* An address as text, without a zone; IPv4 in IPv6 as IPv4. The family, or 0. */
static int
parse_address(const char *text, struct in6_addr *ret)
{
	char bare[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "%");

	if (n >= sizeof bare)
		return 0;
	memcpy(bare, text, n);
	bare[n] = '\0';
	if (inet_pton(AF_INET, bare, ret) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, bare, ret) != 1)
		return 0;
	if (!IN6_IS_ADDR_V4MAPPED(ret))
		return AF_INET6;
	memcpy(ret, ret->s6_addr + 12, sizeof (struct in_addr));
	return AF_INET;
}

static bool
is_loopback(int family, const struct in6_addr *address)
{
	return family == AF_INET ? address->s6_addr[0] == 127 : IN6_IS_ADDR_LOOPBACK(address);
}

static bool
is_same_address(const struct sockaddr *sa, int family, const struct in6_addr *address)
{
	if (sa == NULL || sa->sa_family != family)
		return false;
	if (family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)sa)->sin_addr, address,
		    sizeof (struct in_addr)) == 0;
	return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, address);
}

static bool
is_of_interface(int family, const struct in6_addr *address)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		found = found || is_same_address(i->ifa_addr, family, address);
	freeifaddrs(all);
	return found;
}

bool
whereabouts_is_here(const char *rhost)
{
	char own[HOST_NAME_MAX + 1];
	struct in6_addr address;
	int family = parse_address(rhost, &address);

	if (family != 0)
		return is_loopback(family, &address) || is_of_interface(family, &address);
	if (gethostname(own, sizeof own) != 0)
		own[0] = '\0';
	own[sizeof own - 1] = '\0';
	return place_is_own_name(rhost, own);
}

/* --- utmp --------------------------------------------------------------------- */

/* Whether its process is alive: one that was killed leaves an entry for a terminal that others now have. */
static bool
is_alive(const struct utmpx *u)
{
	return u->ut_type == USER_PROCESS && (u->ut_pid <= 0 || kill(u->ut_pid, 0) == 0 || errno != ESRCH);
}

enum place_witness
whereabouts_by_utmp(const char *terminal)
{
	struct utmpx wanted = { .ut_type = USER_PROCESS };
	enum place_witness says = PLACE_WITNESS_NONE;
	char host[sizeof wanted.ut_host + 1];
	const struct utmpx *found;

	if (strncmp(terminal, "/dev/", 5) == 0)
		terminal += 5;
	if (terminal[0] == '\0' || strlen(terminal) > sizeof wanted.ut_line)
		return PLACE_WITNESS_NONE;
	memcpy(wanted.ut_line, terminal, strlen(terminal));
	setutxent();
	found = getutxline(&wanted);
	if (found != NULL && is_alive(found)) {
		snprintf(host, sizeof host, "%.*s", (int)sizeof found->ut_host, found->ut_host);
		says = place_of_utmp_host(host);
	}
	endutxent();
	return says;
}

/* --- what started the process --------------------------------------------------- */

struct process {
	char name[64];
	pid_t parent;
	unsigned int terminal;	/* device number of its controlling terminal; 0: none */
};

/* proc(5), /proc/PID/stat: pid (name) state parent group session terminal …; a name may contain any byte. */
static bool
read_process(pid_t pid, struct process *ret)
{
	char path[32], line[512];
	_cleanup_(fclosep) FILE *f = NULL;
	const char *name, *end;
	int terminal, parent;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(line, 1, sizeof line - 1, f);
	line[n] = '\0';
	name = strchr(line, '(');
	end = strrchr(line, ')');
	/* The kernel writes numbers that fit. NOLINTNEXTLINE(cert-err34-c) */
	if (name == NULL || end == NULL || end < name || sscanf(end + 1, " %*c %d %*d %*d %d", &parent, &terminal) != 2)
		return false;
	snprintf(ret->name, sizeof ret->name, "%.*s", (int)(end - name - 1), name + 1);
	ret->parent = parent;
	ret->terminal = (unsigned int)terminal;
	return true;
}

/* Makes the kernel's device number, which has the low byte of the minor first, as makedev(3) once did. */
static unsigned int
console_of(unsigned int terminal)
{
	unsigned int number = (terminal & 0xff) | ((terminal >> 12) & 0xfff00);

	return ((terminal >> 8) & 0xfff) == TTY_MAJOR && number <= CONSOLES_MAX ? number : 0;
}

enum place_witness
whereabouts_by_parents(pid_t process, unsigned int *ret_console)
{
	enum place_witness most = PLACE_WITNESS_NONE;
	struct process p;
	pid_t pid = process;

	*ret_console = 0;
	for (int i = 0; i < PARENTS_MAX && pid > 1 && read_process(pid, &p); i++) {
		enum place_witness says = place_of_program(p.name);

		if (i == 0)
			*ret_console = console_of(p.terminal);
		most = says > most ? says : most;
		pid = p.parent;
	}
	return most;
}

/* --- logind ------------------------------------------------------------------- */

#ifdef HAVE_LIBSYSTEMD
/* Reads a text of a session: "" if logind has none. False: it cannot be read. */
static bool
read_text(int (*get)(const char *, char **), const char *id, char text[static PLACE_NAME_MAX])
{
	_cleanup_(freep) char *value = NULL;
	int r = get(id, &value);

	text[0] = '\0';
	if (r == -ENODATA)
		return true;
	return r >= 0 && (size_t)snprintf(text, PLACE_NAME_MAX, "%s", value) < PLACE_NAME_MAX;
}

static bool
read_session(const char *id, struct place_session *ret)
{
	int remote = sd_session_is_remote(id), active = sd_session_is_active(id);

	if (remote < 0 || active < 0 || sd_session_get_uid(id, &ret->uid) < 0 ||
	    !read_text(sd_session_get_seat, id, ret->seat) ||
	    !read_text(sd_session_get_display, id, ret->display))
		return false;
	ret->remote = remote > 0;
	ret->active = active > 0;
	return true;
}

/* Whether the decision needs it (lib/place.h). */
static bool
matters(const struct place_session *s, uid_t owner, const struct place_evidence *e)
{
	return s->own || s->uid == e->caller || s->uid == owner || strcmp(s->seat, e->seat) == 0 ||
	    place_same_display(s->display, e->tty) || place_same_display(s->display, e->display);
}

/* Whether the process is in no session, or not in a user's; or there are no control groups. */
static bool
is_none(int r)
{
	return r == -ENODATA || r == -ENXIO || r == -ENOMEDIUM;
}

/*
 * Finds the session of this process: its name, to be freed, and its owner. False: it cannot be
 * determined. A process without a session: NULL, and the user whose service manager has started it,
 * or the caller.
 */
static bool
find_own(struct place_evidence *e, char **ret_id, uid_t *ret_owner)
{
	struct place_session own;
	int r = sd_pid_get_session(0, ret_id);

	*ret_owner = e->caller;
	if (is_none(r)) {
		*ret_id = NULL;
		r = sd_pid_get_owner_uid(0, &e->manager);
		e->managed = r >= 0;
		if (e->managed)
			*ret_owner = e->manager;
		return r >= 0 || is_none(r);
	}
	if (r < 0 || !read_session(*ret_id, &own))
		return false;
	*ret_owner = own.uid;
	return true;
}

static bool
collect_sessions(char *const *ids, const char *own, uid_t owner, struct place_evidence *e)
{
	bool own_seen = own == NULL;

	for (; *ids != NULL; ids++) {
		struct place_session s = { .own = own != NULL && strcmp(*ids, own) == 0 };

		if (!read_session(*ids, &s)) {
			if (s.own || sd_session_is_remote(*ids) != -ENXIO)
				return false;
			continue;	/* it has just ended */
		}
		own_seen = own_seen || s.own;
		if (!matters(&s, owner, e))
			continue;
		if (e->session_count == PLACE_SESSIONS_MAX)
			return false;
		e->sessions[e->session_count++] = s;
	}
	return own_seen;
}

static enum place_logind
ask_logind(struct place_evidence *e)
{
	_cleanup_(freep) char *own = NULL;
	char **ids = NULL;
	uid_t owner;
	bool all;

	if (!find_own(e, &own, &owner) || sd_get_sessions(&ids) < 0)
		return PLACE_LOGIND_SILENT;
	all = ids == NULL ? own == NULL : collect_sessions(ids, own, owner, e);
	for (size_t i = 0; ids != NULL && ids[i] != NULL; i++)
		free(ids[i]);
	free(ids);
	return all ? PLACE_LOGIND_ANSWERS : PLACE_LOGIND_SILENT;
}
#else
static enum place_logind
ask_logind(struct place_evidence *e)
{
	return PLACE_LOGIND_SILENT;
}
#endif

/* --- all of it ---------------------------------------------------------------- */

static void
log_session(const struct log *log, const struct place_session *s)
{
	log_msg(log, LOG_DEBUG, "place: a session%s of user %u: %s, %s, seat %s, display %s",
	    s->own ? ", its own," : "", (unsigned int)s->uid, s->remote ? "remote" : "not remote",
	    s->active ? "active" : "not active", LOG_NAME(s->seat), LOG_NAME(s->display));
}

void
whereabouts(pid_t process, const struct log *log, struct place_evidence *e)
{
	e->rhost_is_here = e->rhost[0] != '\0' && whereabouts_is_here(e->rhost);
	e->parents = whereabouts_by_parents(process, &e->console);
	e->utmp = whereabouts_by_utmp(e->tty);
	e->session_count = 0;
	e->managed = false;
	e->logind = access(LOGIND, F_OK) != 0 ? PLACE_LOGIND_ABSENT : ask_logind(e);
	if (e->managed)
		log_msg(log, LOG_DEBUG, "place: started by the service manager of user %u", (unsigned int)e->manager);
	log_msg(log, LOG_DEBUG, "place: run by user %u%s, console %u, parents %d, utmp %d, logind %d",
	    (unsigned int)e->caller, e->for_caller ? ", who logs in," : "", e->console, (int)e->parents,
	    (int)e->utmp, (int)e->logind);
	for (size_t i = 0; i < e->session_count; i++)
		log_session(log, &e->sessions[i]);
}

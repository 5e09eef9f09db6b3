/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the user who logs in at this machine, or somewhere else? Only users at
 * the machine may use the card in its reader: sshd would turn every password
 * that anyone types elsewhere into an attempt at it.
 *
 * One function decides, from all the evidence, and says why. That the user is
 * local has to be proved, so without evidence a login is not local:
 *
 *   - A sign of a remote login always counts, even one that any user could
 *     have set: the service, PAM_RHOST, PAM_TTY, SSH_CONNECTION, a server
 *     among the parents of the process, the terminal's host in utmp.
 *   - Where logind runs, its sessions are the evidence: for a process in a session, that session; for
 *     other processes (polkit's helper, terminals of GNOME and KDE, systemd-run --user, at,
 *     cron), the sessions of the user whose service manager or who started them; for programs of root
 *     outside any session (login, greeters), the session of the display or seat that
 *     they name, or a virtual console.
 *   - Without logind: a virtual console, or a process that the user runs themselves.
 *
 * utmp never proves that a user is local: each user may write there what they like
 * (utempter). Nor does PAM_RHOST when it names this machine, nor PAM_RUSER, which is not
 * looked at: su and sudo set it to a local user, polkit to the user who logs in.
 */
#ifndef JPKI_LIB_PLACE_H
#define JPKI_LIB_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum place {
	PLACE_UNPROVED,
	PLACE_ASSUMED,		/* at this machine, unless the user has forged the evidence */
	PLACE_LOCAL,		/* at this machine */
	PLACE_REMOTE,		/* somewhere else */
	PLACE_COUNT		/* not a place */
};

enum where {
#define REASON(name, place, code, text) WHERE_##name,
#include "lib/place.def"
#undef REASON
	WHERE_COUNT		/* not a reason */
};

/* The place that a reason leads to. An unknown number: PLACE_UNPROVED. */
enum place where_place(enum where where);
/* The stable word for logs; never NULL. */
const char *where_code(enum where where);
/* The evidence in words, untranslated (a message id for gettext); never NULL. */
const char *where_text(enum where where);

/* "local", "assumed", "unproved" or "remote", for logs; never NULL. */
const char *place_name(enum place place);

/* --- the evidence ------------------------------------------------------------- */

#define PLACE_NAME_MAX 64
#define PLACE_SESSIONS_MAX 64

/* A session of logind. */
struct place_session {
	uid_t uid;		/* of its user */
	bool own;		/* the process belongs to it */
	bool active, remote;
	char seat[PLACE_NAME_MAX];	/* "seat0"; "" for none */
	char display[PLACE_NAME_MAX];	/* ":0"; "" if logind does not know */
};

/* What is on the other side of the terminal, from the weakest to the strongest evidence. */
enum place_witness {
	PLACE_WITNESS_NONE,
	PLACE_WITNESS_MULTIPLEXER,	/* tmux, screen and the like */
	PLACE_WITNESS_REMOTE,
};

enum place_logind {
	PLACE_LOGIND_ABSENT,
	PLACE_LOGIND_ANSWERS,
	PLACE_LOGIND_SILENT,	/* it runs, but did not answer, or the answer was too long */
};

/* The texts must outlive the struct and are never NULL; "" if the application sets none. */
struct place_evidence {
	/* by the application */
	const char *service;	/* PAM_SERVICE */
	const char *tty;	/* PAM_TTY */
	const char *display;	/* PAM_XDISPLAY */
	const char *rhost;	/* PAM_RHOST */
	const char *seat;	/* XDG_SEAT in the PAM environment, as gdm sets it */
	bool ssh_connection;	/* SSH_CONNECTION is in the PAM environment, or in that of the process */
	uid_t caller;		/* who runs it: the real user id */
	bool for_caller;	/* and that is the user who logs in */

	/* by the configuration */
	bool vouched;		/* the administrator says that this service is for local users */

	/* by the system (flow/whereabouts.h) */
	bool rhost_is_here;	/* PAM_RHOST is a name or an address of this machine */
	unsigned int console;	/* the virtual console that controls the process; 0: none */
	enum place_witness parents;	/* what started the process */
	enum place_witness utmp;	/* what utmp says of the terminal */
	enum place_logind logind;
	bool managed;		/* started by a user's service manager */
	uid_t manager;		/* that user */
	size_t session_count;	/* those of the process, of its user, of its display and its seat */
	struct place_session sessions[PLACE_SESSIONS_MAX];
};

/* The decision. Never WHERE_UNKNOWN. */
enum where place_decide(const struct place_evidence *e);

/* --- what a word means ---------------------------------------------------------- */

/* 1 to 63 for "/dev/tty1" or "tty1"; 0 for serial lines, pseudo-terminals and the rest. */
unsigned int place_console(const char *tty);

/* The evidence of a parent process by its name (at most 15 bytes, as in /proc/PID/stat). */
enum place_witness place_of_program(const char *name);

/* The evidence of a host in utmp: a name or an address, a display, or a multiplexer's mark. */
enum place_witness place_of_utmp_host(const char *host);

/* Whether both name one display of this machine, whichever of its screens: ":0" and ":0.0". */
bool place_same_display(const char *a, const char *b);

/* Whether a host name is one that means this machine; own is that of gethostname(2). */
bool place_is_own_name(const char *host, const char *own);

#endif

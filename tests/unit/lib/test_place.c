/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/place: where the user is. A row is a situation: what the program sets in it, what
 * logind says, and where both are known from: seen with that version (doc/facts/consumers.md,
 * doc/facts/consumers-debian13.md), or read in the source of the program.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/place.h"
#include "tests/unit/test.h"

enum { HANAKO = 2001, TARO = 2002, DAEMON = 65000 };

#define OWN .own = true
#define DESK .seat = "seat0", .active = true		/* at the screen of the machine */
#define BEHIND .seat = "seat0", .active = false		/* switched away from */
#define SSH .remote = true, .active = true
#define ADRIFT .active = true				/* on no seat */
#define SESSIONS(...) .logind = PLACE_LOGIND_ANSWERS, .sessions = { __VA_ARGS__ }
#define NO_SESSIONS .logind = PLACE_LOGIND_ANSWERS
#define BY(user) .caller = (user), .for_caller = (user) == HANAKO	/* who runs it; hanako logs in */
#define TMUX .parents = PLACE_WITNESS_MULTIPLEXER

struct situation {
	const char *what, *source;
	enum where where;
	struct place_evidence e;
};

static const struct situation with_logind[] = {
	/* --- login, greeters: root's, before there is a session */
	{ "login on tty1, started by getty", "login of util-linux 2.41.5 (Debian 13)", WHERE_CONSOLE,
	  { .service = "login", .tty = "/dev/tty1", BY(0), NO_SESSIONS } },
	{ "login on tty1, shadow's, with an empty host", "login of shadow 4.13 (Debian 12)", WHERE_CONSOLE,
	  { .service = "login", .tty = "tty1", .rhost = "", BY(0), NO_SESSIONS } },
	{ "login on a serial line", "login of util-linux 2.41.5, ttyS0", WHERE_SERIAL,
	  { .service = "login", .tty = "/dev/ttyS0", BY(0), NO_SESSIONS } },
	{ "login -h HOST, as telnetd starts it", "login of util-linux 2.38.1", WHERE_SERVICE,
	  { .service = "remote", .tty = "/dev/pts/3", .rhost = "192.0.2.7", BY(0), NO_SESSIONS } },
	{ "the same of shadow", "login of shadow 4.13", WHERE_HOST,
	  { .service = "login", .tty = "/dev/pts/3", .rhost = "192.0.2.7", BY(0), NO_SESSIONS } },
	{ "telnetd that names no host", "login on a pseudo-terminal", WHERE_NO_SESSION,
	  { .service = "login", .tty = "/dev/pts/3", BY(0), NO_SESSIONS } },
	{ "greeter at the desk", "lightdm 1.26 and 1.32, gtk-greeter", WHERE_DISPLAY,
	  { .service = "lightdm", .tty = ":0", .display = ":0", BY(0),
	    SESSIONS({ .uid = DAEMON, DESK, .display = ":0" }) } },
	{ "greeter behind another session", "lightdm 1.32, switched away", WHERE_OTHER_DISPLAY,
	  { .service = "lightdm", .tty = ":0", .display = ":0", BY(0),
	    SESSIONS({ .uid = DAEMON, BEHIND, .display = ":0" }, { .uid = TARO, DESK, .display = ":1" }) } },
	{ "greeter of a VNC server", "lightdm [VNCServer], source: session-child.c, x-server-xvnc.c", WHERE_OTHER_DISPLAY,
	  { .service = "lightdm", .tty = ":5", .display = ":5", BY(0),
	    SESSIONS({ .uid = DAEMON, DESK, .display = ":0" }) } },
	{ "greeter of a VNC server, with a session on no seat", "lightdm [VNCServer], source", WHERE_OTHER_DISPLAY,
	  { .service = "lightdm", .tty = ":5", .display = ":5", BY(0),
	    SESSIONS({ .uid = DAEMON, ADRIFT, .display = ":5" }) } },
	{ "greeter of an X terminal (XDMCP)", "lightdm [XDMCPServer], source", WHERE_HOST,
	  { .service = "lightdm", .tty = "far:0", .display = "far:0", .rhost = "far.example", BY(0), NO_SESSIONS } },
	{ "a display that a remote session claims as well", "SetDisplay of logind 257", WHERE_REMOTE_SESSION,
	  { .service = "lightdm", .tty = ":0", BY(0),
	    SESSIONS({ .uid = DAEMON, DESK, .display = ":0" }, { .uid = TARO, SSH, .display = ":0" }) } },
	{ "gdm's worker on seat0", "gdm-session-worker 48.0", WHERE_CONSOLE,
	  { .service = "gdm-password", .tty = "/dev/tty1", .seat = "seat0", BY(0),
	    SESSIONS({ .uid = DAEMON, DESK }) } },
	{ "gdm's worker on a seat without consoles", "gdm-session-worker 48.0, seat1", WHERE_SEAT,
	  { .service = "gdm-password", .seat = "seat1", BY(0),
	    SESSIONS({ .uid = DAEMON, .seat = "seat1", .active = true }) } },
	{ "gdm's worker, and its seat has no session", "gdm-session-worker 48.0", WHERE_SILENT,
	  { .service = "gdm-password", .seat = "seat1", BY(0), SESSIONS({ .uid = DAEMON, DESK }) } },
	{ "gdm for a remote desktop", "gdm 48.0, RHOST 0.0.0.0 where the host is unknown", WHERE_HOST,
	  { .service = "gdm-password", .rhost = "0.0.0.0", BY(0), SESSIONS({ .uid = DAEMON, DESK }) } },
	{ "gdm for a remote desktop that names nothing", "gdm with gnome-remote-desktop, source", WHERE_SILENT,
	  { .service = "gdm-password", BY(0), SESSIONS({ .uid = DAEMON, DESK }) } },
	{ "sddm's helper at the desk", "sddm 0.21, source: PamBackend.cpp", WHERE_DISPLAY,
	  { .service = "sddm", .tty = ":0", .display = ":0", BY(0),
	    SESSIONS({ .uid = DAEMON, DESK, .display = ":0" }) } },
	{ "greetd", "greetd 0.10, source: worker.rs", WHERE_CONSOLE,
	  { .service = "greetd", .tty = "/dev/tty1", BY(0), SESSIONS({ .uid = DAEMON, DESK }) } },
	{ "xdm, which opens no session for its greeter", "xdm 1.1, source", WHERE_OTHER_DISPLAY,
	  { .service = "xdm", .tty = ":0", BY(0), NO_SESSIONS } },
	{ "the same, vouched for", "local_services = xdm", WHERE_VOUCHED,
	  { .service = "xdm", .tty = ":0", BY(0), NO_SESSIONS, .vouched = true } },

	/* --- programs in a session of the desk */
	{ "sudo in a terminal at the desk", "sudo 1.9.16p2 in xterm", WHERE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK, .display = ":0" }) } },
	{ "sudo -S without a terminal", "sudo 1.9.16p2", WHERE_SESSION,
	  { .service = "sudo", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "sudo with its option pam_rhost", "sudo 1.9.13, RHOST is the own host", WHERE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/0", .rhost = "azumino", .rhost_is_here = true, BY(HANAKO),
	    SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "su at a console", "su of util-linux 2.41.5", WHERE_SESSION,
	  { .service = "su", .tty = "/dev/tty2", .console = 2, BY(TARO), SESSIONS({ .uid = TARO, OWN, DESK }) } },
	{ "su of a user who became another one by su", "su in su", WHERE_SESSION,
	  { .service = "su", .tty = "/dev/pts/0", BY(DAEMON), SESSIONS({ .uid = TARO, OWN, DESK }) } },
	{ "polkit's helper at the desk", "polkit 122 and 126, setuid", WHERE_SESSION,
	  { .service = "polkit-1", BY(TARO), SESSIONS({ .uid = TARO, OWN, DESK }) } },
	{ "passwd", "passwd of shadow 4.13, a try of the old PIN", WHERE_SESSION,
	  { .service = "passwd", .tty = "/dev/pts/0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "locker on X", "i3lock 2.14 and 2.15", WHERE_SESSION,
	  { .service = "i3lock", .tty = ":0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK, .display = ":0" }) } },
	{ "locker on a screen of it", "xscreensaver 6.06 and 6.09", WHERE_SESSION,
	  { .service = "xscreensaver", .tty = ":0.0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK, .display = ":0" }) } },
	{ "locker that names localhost", "xsecurelock 1.5.1 and 1.9.0", WHERE_SESSION,
	  { .service = "xsecurelock", .tty = ":0", .rhost = "localhost", .rhost_is_here = true, BY(HANAKO),
	    SESSIONS({ .uid = HANAKO, OWN, DESK, .display = ":0" }) } },
	{ "locker on Wayland, which says nothing", "swaylock 1.7.2 and 1.8.2", WHERE_SESSION,
	  { .service = "swaylock", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "locker after startx", "i3lock, logind knows no display of a session of login's", WHERE_NEW_DISPLAY,
	  { .service = "i3lock", .tty = ":1", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "locker of a VNC server begun at the desk", "i3lock under Xvnc", WHERE_OTHER_DISPLAY,
	  { .service = "i3lock", .tty = ":5", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK, .display = ":0" }) } },
	{ "the same, Xvnc being its parent", "i3lock under Xtigervnc", WHERE_SERVER,
	  { .service = "i3lock", .tty = ":5", BY(HANAKO), .parents = PLACE_WITNESS_REMOTE, SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "VNC server begun at the desk that asks for the login", "TigerVNC, source: UnixPasswordValidator.cxx", WHERE_SERVICE,
	  { .service = "vnc", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "x11vnc -unixpw, which runs su", "x11vnc 0.9, source: unixpw.c", WHERE_SERVER,
	  { .service = "su", .tty = "/dev/pts/4", BY(HANAKO), .parents = PLACE_WITNESS_REMOTE,
	    SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "daemon that root has started by hand at the desk", "saslauthd -a pam, source: auth_pam.c, service imap-e2e", WHERE_SILENT,
	  { .service = "imap-e2e", BY(0), SESSIONS({ .uid = 0, OWN, DESK }) } },
	{ "vlock on a console", "vlock 2.2.2 -c", WHERE_SESSION,
	  { .service = "vlock", .tty = "/dev/tty1", .console = 1, BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "locker with a console of its own, its session behind it", "physlock 13", WHERE_INACTIVE,
	  { .service = "physlock", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, BEHIND }) } },
	{ "the same, vouched for", "local_services = physlock", WHERE_VOUCHED,
	  { .service = "physlock", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, BEHIND }), .vouched = true } },
	{ "sudo in a session that was switched away from", "logind 257, Active=no", WHERE_INACTIVE,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, BEHIND }, { .uid = TARO, DESK }) } },
	{ "sudo on a serial line", "logind 257, ttyS0, no seat", WHERE_SERIAL,
	  { .service = "sudo", .tty = "/dev/ttyS0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, ADRIFT }) } },
	{ "sudo at the desk, and a connection by ssh beside it", "logind 257", WHERE_ALSO_REMOTE,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }, { .uid = HANAKO, SSH }) } },
	{ "sudo at the desk, and another user by ssh", "logind 257", WHERE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }, { .uid = TARO, SSH }) } },
	{ "terminal that utmp gives to another host", "ssh localhost, sshd run by hand in the session", WHERE_UTMP,
	  { .service = "sudo", .tty = "/dev/pts/7", .utmp = PLACE_WITNESS_REMOTE, BY(HANAKO),
	    SESSIONS({ .uid = HANAKO, OWN, DESK }) } },

	/* --- in a session that is remote, or none of the desk */
	{ "sshd, password", "sshd 9.2p1 and 10.0p1", WHERE_SERVICE,
	  { .service = "sshd", .tty = "ssh", .rhost = "192.0.2.7", BY(0), NO_SESSIONS } },
	{ "sshd from this very machine", "sshd 10.0p1, RHOST 127.0.0.1", WHERE_SERVICE,
	  { .service = "sshd", .tty = "ssh", .rhost = "127.0.0.1", .rhost_is_here = true, BY(0), NO_SESSIONS } },
	{ "sshd by another name, vouched for by mistake", "sshd 10.0p1, PAMServiceName", WHERE_TERMINAL,
	  { .service = "corp-login", .tty = "ssh", BY(0), NO_SESSIONS, .vouched = true } },
	{ "sudo over ssh", "sudo 1.9.16p2, RHOST NULL", WHERE_REMOTE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/1", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, SSH }) } },
	{ "the same, vouched for", "local_services = sudo", WHERE_REMOTE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/1", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, SSH }), .vouched = true } },
	{ "su over ssh of a user who is at the desk as well", "su of util-linux 2.41.5", WHERE_REMOTE_SESSION,
	  { .service = "su", .tty = "/dev/pts/1", BY(TARO), SESSIONS({ .uid = TARO, OWN, SSH }, { .uid = TARO, DESK }) } },
	{ "su over ssh that writes to the console of the desk", "su of util-linux 2.41.5, 2>/dev/tty1", WHERE_REMOTE_SESSION,
	  { .service = "su", .tty = "/dev/tty1", BY(TARO), SESSIONS({ .uid = TARO, OWN, SSH }, { .uid = TARO, DESK }) } },
	{ "pkexec over ssh", "polkit 126 with pkttyagent", WHERE_REMOTE_SESSION,
	  { .service = "polkit-1", BY(TARO), SESSIONS({ .uid = TARO, OWN, SSH }) } },
	{ "SSH_CONNECTION in the environment", "su -m in a session of sshd's", WHERE_SSH,
	  { .service = "su", .tty = "/dev/pts/1", .ssh_connection = true, BY(TARO), SESSIONS({ .uid = TARO, OWN, DESK }) } },
	{ "locker in an xrdp session", "xrdp 0.9 and 0.10, source: sesman, display :10", WHERE_NO_SEAT,
	  { .service = "i3lock", .tty = ":10", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, ADRIFT, .display = ":10" }) } },
	{ "xrdp's own login, which names itself as terminal", "xrdp-sesman before 0.10, seen: tty xrdp-sesman", WHERE_SERVICE,
	  { .service = "xrdp-sesman", .tty = "xrdp-sesman", BY(0), NO_SESSIONS } },
	{ "the same under another service", "xrdp-sesman", WHERE_NO_SESSION,
	  { .service = "rdp", .tty = "xrdp-sesman", BY(0), NO_SESSIONS } },
	{ "locker in an x2go session", "x2goserver 4.1, display :50, begun by ssh", WHERE_REMOTE_SESSION,
	  { .service = "xscreensaver", .tty = ":50", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, SSH }) } },
	{ "locker over a forwarded display", "ssh -X, display localhost:10.0", WHERE_TERMINAL,
	  { .service = "i3lock", .tty = "localhost:10.0", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "a session of a VNC unit", "tigervncserver@:1.service, PAM service tigervnc", WHERE_NO_SEAT,
	  { .service = "sudo", .tty = "/dev/pts/2", BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, ADRIFT }) } },

	/* --- in no session: by those of the user who runs it */
	{ "terminal of the user's service manager", "GNOME Terminal, Konsole in user@UID.service", WHERE_USER_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/3", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "locker of the user's service manager", "kscreenlocker 6.3.5", WHERE_USER_SESSION,
	  { .service = "kde", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "locker started by a user unit", "xss-lock with i3lock", WHERE_USER_SESSION,
	  { .service = "i3lock", .tty = ":0", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK, .display = ":0" }) } },
	{ "the same on a display that is not that of the session", "Xvnc as a user unit", WHERE_OTHER_DISPLAY,
	  { .service = "i3lock", .tty = ":5", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK, .display = ":0" }) } },
	{ "the same on a display that logind does not know", "i3lock after startx", WHERE_NEW_DISPLAY,
	  { .service = "i3lock", .tty = ":1", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "systemd-run --user -t sudo of a user who came by ssh", "systemd 252 and 257", WHERE_REMOTE_USER,
	  { .service = "sudo", .tty = "/dev/pts/5", BY(HANAKO), SESSIONS({ .uid = HANAKO, SSH }) } },
	{ "the same, while they are logged in at the desk", "systemd 252 and 257", WHERE_REMOTE_USER,
	  { .service = "sudo", .tty = "/dev/pts/5", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }, { .uid = HANAKO, SSH }) } },
	{ "the same, with a display of the desk in utmp", "utempter add :0, which says nothing", WHERE_REMOTE_USER,
	  { .service = "sudo", .tty = "/dev/pts/5", BY(HANAKO), .utmp = PLACE_WITNESS_NONE, SESSIONS({ .uid = HANAKO, SSH }) } },
	{ "su in a terminal of the service manager of another user", "GNOME Terminal, su in su", WHERE_USER_SESSION,
	  { .service = "su", .tty = "/dev/pts/3", BY(TARO), .managed = true, .manager = HANAKO, SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "root's program in a terminal of the user's service manager", "sudo jpkictl setup in a GNOME Terminal", WHERE_USER_SESSION,
	  { .service = "su", .tty = "/dev/pts/3", BY(0), .managed = true, .manager = HANAKO, SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "the same of a user who came by ssh", "systemd-run --user -t sudo -i", WHERE_REMOTE_USER,
	  { .service = "su", .tty = "/dev/pts/3", BY(0), .managed = true, .manager = HANAKO,
	    SESSIONS({ .uid = HANAKO, SSH }, { .uid = TARO, DESK }) } },
	{ "daemon of root started from there", "sudo saslauthd in a GNOME Terminal", WHERE_SILENT,
	  { .service = "other-daemon", BY(0), .managed = true, .manager = HANAKO, SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "unit of a user who is away, run for one who is at the desk", "enable-linger and su", WHERE_NO_SESSION,
	  { .service = "su", .tty = "/dev/pts/3", BY(HANAKO), .managed = true, .manager = TARO, SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "job of at or cron of a user at the desk", "atd 3.2, cron 3.0pl1", WHERE_USER_SESSION,
	  { .service = "sudo", BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "job of at or cron of a user who is away", "atd 3.2, cron 3.0pl1", WHERE_NO_SESSION,
	  { .service = "sudo", BY(HANAKO), NO_SESSIONS } },
	{ "job of cron of a user who came by ssh", "cron 3.0pl1", WHERE_REMOTE_USER,
	  { .service = "su", BY(TARO), SESSIONS({ .uid = TARO, SSH }, { .uid = HANAKO, DESK }) } },
	{ "user manager kept by enable-linger", "systemd 257", WHERE_NO_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/5", BY(HANAKO), SESSIONS({ .uid = TARO, DESK }) } },
	{ "user who is switched away", "systemd 257, user@.service", WHERE_NO_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/5", BY(HANAKO), SESSIONS({ .uid = HANAKO, BEHIND }) } },
	{ "polkit's helper as a service, for a user at the desk", "polkit 127, source: agent-helper unit", WHERE_USER_SESSION,
	  { .service = "polkit-1", BY(TARO), SESSIONS({ .uid = TARO, DESK }) } },
	{ "the same for a user who came by ssh, while the other one is at the desk", "polkit 127", WHERE_REMOTE_USER,
	  { .service = "polkit-1", BY(TARO), SESSIONS({ .uid = TARO, SSH }, { .uid = HANAKO, DESK }) } },
	{ "console of a machine whose login opens no sessions", "logind without pam_systemd", WHERE_CONSOLE,
	  { .service = "sudo", .tty = "/dev/tty1", .console = 1, BY(HANAKO), NO_SESSIONS } },
	{ "the same, but the console is merely written to", "su 2>/dev/tty1", WHERE_NO_SESSION,
	  { .service = "su", .tty = "/dev/tty1", BY(TARO), NO_SESSIONS } },

	/* --- daemons that set nothing */
	{ "network daemon that sets nothing", "saslauthd, TigerVNC: pam_start and no item", WHERE_SILENT,
	  { .service = "other-daemon", BY(0), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "the same while root is at the desk", "saslauthd", WHERE_SILENT,
	  { .service = "other-daemon", BY(0), SESSIONS({ .uid = 0, DESK }) } },
	{ "the same as a user of its own", "a daemon of uid 65000", WHERE_NO_SESSION,
	  { .service = "other-daemon", BY(DAEMON), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "network daemon that says localhost", "pure-ftpd behind a proxy, RHOST localhost", WHERE_SILENT,
	  { .service = "other-daemon", .rhost = "localhost", .rhost_is_here = true, BY(0), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "mail server", "service smtp, seen with nothing set", WHERE_SERVICE,
	  { .service = "smtp", BY(0), NO_SESSIONS } },

	/* --- tmux and screen */
	{ "tmux at the desk", "tmux 3.3a in the scope of the session", WHERE_MULTIPLEXER,
	  { .service = "sudo", .tty = "/dev/pts/6", TMUX, BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }) } },
	{ "tmux begun at the desk, attached over ssh", "tmux 3.3a", WHERE_SHARED_MULTIPLEXER,
	  { .service = "sudo", .tty = "/dev/pts/6", TMUX, BY(HANAKO), SESSIONS({ .uid = HANAKO, OWN, DESK }, { .uid = HANAKO, SSH }) } },
	{ "the same, as utmp tells it", "screen 4.9, host :pts/0:S.0", WHERE_SHARED_MULTIPLEXER,
	  { .service = "sudo", .tty = "/dev/pts/6", .utmp = PLACE_WITNESS_MULTIPLEXER, BY(HANAKO),
	    SESSIONS({ .uid = HANAKO, OWN, DESK }, { .uid = HANAKO, SSH }) } },
	{ "tmux begun over ssh, attached at the desk", "tmux 3.3a in the scope of the session of sshd", WHERE_REMOTE_SESSION,
	  { .service = "sudo", .tty = "/dev/pts/6", TMUX, BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }, { .uid = HANAKO, OWN, SSH }) } },
	{ "tmux of the user's service manager, at the desk", "tmux 3.5a in a GNOME Terminal", WHERE_MULTIPLEXER,
	  { .service = "sudo", .tty = "/dev/pts/6", TMUX, BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }) } },
	{ "the same, attached over ssh", "tmux 3.5a in a GNOME Terminal", WHERE_REMOTE_USER,
	  { .service = "sudo", .tty = "/dev/pts/6", TMUX, BY(HANAKO), SESSIONS({ .uid = HANAKO, DESK }, { .uid = HANAKO, SSH }) } },
	{ "tmux, su in it to a user who is not at the desk", "tmux 3.3a", WHERE_SHARED_MULTIPLEXER,
	  { .service = "su", .tty = "/dev/pts/6", TMUX, BY(TARO), SESSIONS({ .uid = TARO, SSH }, { .uid = HANAKO, OWN, DESK }) } },

	/* --- logind that does not answer */
	{ "logind that cannot be asked", "built without libsystemd", WHERE_NO_ANSWER,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO), .logind = PLACE_LOGIND_SILENT } },
	{ "the same at a console", "built without libsystemd", WHERE_NO_ANSWER,
	  { .service = "login", .tty = "/dev/tty1", BY(0), .logind = PLACE_LOGIND_SILENT } },
	{ "the same, vouched for", "local_services = login", WHERE_VOUCHED,
	  { .service = "login", .tty = "/dev/tty1", BY(0), .logind = PLACE_LOGIND_SILENT, .vouched = true } },
};

static const struct situation without_logind[] = {
	{ "login on tty1", "login of busybox, shadow", WHERE_CONSOLE,
	  { .service = "login", .tty = "/dev/tty1", BY(0) } },
	{ "login on a serial line", "agetty on ttyAMA0", WHERE_SERIAL,
	  { .service = "login", .tty = "/dev/ttyAMA0", BY(0) } },
	{ "sudo at a console", "sudo 1.9.13p3", WHERE_CONSOLE,
	  { .service = "sudo", .tty = "/dev/tty1", .console = 1, BY(HANAKO) } },
	{ "sudo in a terminal", "sudo 1.9.13p3 in xterm", WHERE_OWN_PROCESS,
	  { .service = "sudo", .tty = "/dev/pts/0", BY(HANAKO) } },
	{ "su to another user in a terminal", "su of util-linux 2.38.1", WHERE_OTHER_USER,
	  { .service = "su", .tty = "/dev/pts/0", BY(TARO) } },
	{ "su that writes to a console which does not control it", "su 2>/dev/tty1", WHERE_OTHER_USER,
	  { .service = "su", .tty = "/dev/tty1", .console = 2, BY(TARO) } },
	{ "the same, vouched for", "local_services = su", WHERE_VOUCHED,
	  { .service = "su", .tty = "/dev/pts/0", BY(TARO), .vouched = true } },
	{ "locker", "i3lock 2.14.1", WHERE_OWN_PROCESS,
	  { .service = "i3lock", .tty = ":7", BY(HANAKO) } },
	{ "greeter", "lightdm 1.26", WHERE_OTHER_DISPLAY,
	  { .service = "lightdm", .tty = ":0", BY(0) } },
	{ "terminal that utmp gives to another host", "sshd 9.2p1 wrote it", WHERE_UTMP,
	  { .service = "sudo", .tty = "/dev/pts/1", .utmp = PLACE_WITNESS_REMOTE, BY(HANAKO) } },
	{ "sudo over ssh without a terminal", "sshd 9.2p1 among its parents", WHERE_SERVER,
	  { .service = "sudo", .parents = PLACE_WITNESS_REMOTE, BY(HANAKO) } },
	{ "sudo in tmux", "tmux 3.3a", WHERE_MULTIPLEXER,
	  { .service = "sudo", .tty = "/dev/pts/1", TMUX, BY(HANAKO) } },
	{ "network daemon that sets nothing", "TigerVNC as a service vnc-e2e", WHERE_SILENT,
	  { .service = "vnc-e2e", BY(0) } },
	{ "network daemon of root that logs root in", "saslauthd", WHERE_SILENT,
	  { .service = "other-daemon", .caller = 0, .for_caller = true } },
};

static struct place_evidence
complete(const struct place_evidence *e)
{
	struct place_evidence all = *e;
	const char **texts[] = { &all.service, &all.tty, &all.display, &all.rhost, &all.seat };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (*texts[i] == NULL)
			*texts[i] = "";
	while (all.session_count < PLACE_SESSIONS_MAX && (all.sessions[all.session_count].uid != 0 ||
	    all.sessions[all.session_count].active))
		all.session_count++;
	return all;
}

static void
judge(const struct situation *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place_evidence e = complete(&s[i].e);
		enum where where = place_decide(&e);

		if (where != s[i].where)
			fail_msg("%s (%s): %s, not %s", s[i].what, s[i].source, where_code(where), where_code(s[i].where));
	}
}

static void
situations_with_logind(void **state)
{
	judge(with_logind, COUNT(with_logind));
}

static void
situations_without_logind(void **state)
{
	judge(without_logind, COUNT(without_logind));
}

/* Each reason is reached by a row, and each row names a reason. */
static void
every_reason_is_in_the_table(void **state)
{
	bool seen[WHERE_COUNT] = { [WHERE_UNKNOWN] = true };

	for (size_t i = 0; i < COUNT(with_logind); i++)
		seen[with_logind[i].where] = true;
	for (size_t i = 0; i < COUNT(without_logind); i++)
		seen[without_logind[i].where] = true;
	for (size_t i = 0; i < WHERE_COUNT; i++)
		if (!seen[i])
			fail_msg("no situation ends with %s", where_code((enum where)i));
}

/* In every situation a sign of a remote login makes it one, even if the service is vouched for. */
static void
a_remote_sign_always_counts(void **state)
{
	for (size_t i = 0; i < COUNT(with_logind); i++)
		for (int sign = 0; sign < 6; sign++) {
			struct place_evidence e = complete(&with_logind[i].e);

			e.vouched = true;
			switch (sign) {
			case 0: e.service = "sshd"; break;
			case 1: e.ssh_connection = true; break;
			case 2: e.rhost = "far.example"; e.rhost_is_here = false; break;
			case 3: e.tty = "ssh"; break;
			case 4: e.parents = PLACE_WITNESS_REMOTE; break;
			case 5: e.utmp = PLACE_WITNESS_REMOTE; break;
			}
			if (where_place(place_decide(&e)) != PLACE_REMOTE)
				fail_msg("%s, sign %d", with_logind[i].what, sign);
		}
}

/* Words that users can set themselves, such as names of this machine, never make a place better. */
static void
words_prove_nothing(void **state)
{
	static const char *const ttys[] = { "", ":0", ":5", "/dev/pts/0", "/dev/tty1", "tty1", "console" };
	static const struct place_session sessions[] = {
		{ .uid = TARO, SSH, OWN }, { .uid = TARO, SSH }, { .uid = TARO, ADRIFT, OWN }, { .uid = TARO, BEHIND, OWN },
		{ .uid = HANAKO, DESK, .display = ":0" },
	};

	for (size_t i = 0; i < COUNT(ttys); i++)
		for (size_t j = 0; j < COUNT(sessions); j++) {
			struct place_evidence e = { .service = "su", .tty = ttys[i], .display = ":0", .rhost = "localhost",
				.seat = "seat0", .rhost_is_here = true, .caller = TARO,
				.logind = PLACE_LOGIND_ANSWERS, .session_count = 1, .sessions = { sessions[j] } };
			enum place place = where_place(place_decide(&e));

			if (place == PLACE_LOCAL || place == PLACE_ASSUMED)
				fail_msg("tty \"%s\", session %zu", ttys[i], j);
		}
}

/* --- words ---------------------------------------------------------------------- */

static void
only_tty_names_are_consoles(void **state)
{
	static const char *const others[] = { "", "/dev/", "tty", "/dev/tty", "tty0", "tty01", "tty64", "tty100", "ttyS0",
		"tty1a", "/dev/tty/1", "pts/1", "/dev/pts/1", "/dev/dev/tty1", "console", ":0", "tty99999999999999999999" };

	assert_int_equal(place_console("/dev/tty1"), 1);
	assert_int_equal(place_console("tty1"), 1);
	assert_int_equal(place_console("tty63"), 63);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(place_console(others[i]), 0);
}

static void
remote_programs_and_multiplexers_are_known(void **state)
{
	static const char *const remote[] = { "sshd", "sshd-session", "Xvnc", "Xtigervnc", "x11vnc", "mosh-server",
		"xrdp-sesexec", "in.telnetd", "dropbear" };
	static const char *const multiplexers[] = { "tmux: server", "tmux: client", "screen", "zellij" };
	static const char *const others[] = { "", "bash", "ssh", "ssh-agent", "login", "systemd", "screensaver", "sudo" };

	for (size_t i = 0; i < COUNT(remote); i++)
		assert_int_equal(place_of_program(remote[i]), PLACE_WITNESS_REMOTE);
	for (size_t i = 0; i < COUNT(multiplexers); i++)
		assert_int_equal(place_of_program(multiplexers[i]), PLACE_WITNESS_MULTIPLEXER);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(place_of_program(others[i]), PLACE_WITNESS_NONE);
}

static void
hosts_in_utmp(void **state)
{
	assert_int_equal(place_of_utmp_host(""), PLACE_WITNESS_NONE);
	assert_int_equal(place_of_utmp_host(":0"), PLACE_WITNESS_NONE);
	assert_int_equal(place_of_utmp_host(":0.0"), PLACE_WITNESS_NONE);
	assert_int_equal(place_of_utmp_host(":"), PLACE_WITNESS_MULTIPLEXER);
	assert_int_equal(place_of_utmp_host(":pts/0:S.0"), PLACE_WITNESS_MULTIPLEXER);
	assert_int_equal(place_of_utmp_host("tmux(4711).%0"), PLACE_WITNESS_MULTIPLEXER);
	assert_int_equal(place_of_utmp_host("192.0.2.7"), PLACE_WITNESS_REMOTE);
	assert_int_equal(place_of_utmp_host("far.example"), PLACE_WITNESS_REMOTE);
	assert_int_equal(place_of_utmp_host("tmux.example"), PLACE_WITNESS_REMOTE);
}

static void
names_of_this_machine(void **state)
{
	static const char *const own[] = { "localhost", "LocalHost", "localhost.localdomain", "ip6-localhost", "azumino",
		"AZUMINO", "azumino.example", "azumino.home.example" };
	static const char *const others[] = { "", " ", "localhost.attacker.example", "far", "azu", "azumino2",
		"azumino-2.example", "far.azumino" };

	for (size_t i = 0; i < COUNT(own); i++)
		if (!place_is_own_name(own[i], "azumino"))
			fail_msg("%s", own[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (place_is_own_name(others[i], "azumino"))
			fail_msg("%s", others[i]);
	assert_true(place_is_own_name("azumino", "azumino.example"));
	assert_false(place_is_own_name("azumino.other", "azumino.example"));
	assert_false(place_is_own_name("far", ""));
}

static void
screens_of_one_display_are_the_same(void **state)
{
	assert_true(place_same_display(":0", ":0"));
	assert_true(place_same_display(":0", ":0.1"));
	assert_true(place_same_display(":10.0", ":10"));
	assert_false(place_same_display(":1", ":10"));
	assert_false(place_same_display("", ""));
	assert_false(place_same_display("", ":0"));
	assert_false(place_same_display("wayland-0", "wayland-0"));
}

static void
reasons_can_be_printed(void **state)
{
	for (unsigned int i = 0; i < WHERE_COUNT; i++) {
		assert_true(strlen(where_text((enum where)i)) > 5);
		assert_int_equal(strspn(where_code((enum where)i), "abcdefghijklmnopqrstuvwxyz-"), strlen(where_code((enum where)i)));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(where_code((enum where)i), where_code((enum where)j));
	}
	for (unsigned int i = 0; i < PLACE_COUNT; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(place_name((enum place)i), place_name((enum place)j));
	assert_int_equal(where_place(WHERE_COUNT), PLACE_UNPROVED);
	assert_string_equal(where_code(WHERE_COUNT), "unknown");
	assert_string_equal(place_name(PLACE_COUNT), "unproved");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(situations_with_logind),
		cmocka_unit_test(situations_without_logind),
		cmocka_unit_test(every_reason_is_in_the_table),
		cmocka_unit_test(a_remote_sign_always_counts),
		cmocka_unit_test(words_prove_nothing),
		cmocka_unit_test(only_tty_names_are_consoles),
		cmocka_unit_test(remote_programs_and_multiplexers_are_known),
		cmocka_unit_test(hosts_in_utmp),
		cmocka_unit_test(names_of_this_machine),
		cmocka_unit_test(screens_of_one_display_are_the_same),
		cmocka_unit_test(reasons_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

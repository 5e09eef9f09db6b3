# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the cases of tests/desktops have in common, beside lockers.sh: the desktops of Debian 13,
# from their own packages, with the files of config/pam.d.
#
# shellcheck disable=SC2034 # lockers.sh and the cases use what is not used here

# shellcheck source=tests/e2e/lockers.sh
. "$E2E_TOP/tests/e2e/lockers.sh"

PASSWORD=correct-horse-7
GREETER_KDE=$(echo /usr/lib/*/libexec/kscreenlocker_greet)

OPENER=pam_gnome_keyring.so

# install_stack SERVICE example|card|keyring [OPTIONS]: the file of config/pam.d, with these options after the
# module; the module alone; the file, with the lines that let the card open the keyring of OPENER (A KEYRING in pam_jpki(8)).
install_stack()
{
	local example

	case $1 in
	ksmserver|kwin) set -- kde "${@:2}" ;;
	esac
	example=$E2E_TOP/config/pam.d/$1
	case $2 in
	card)
		install_pam_service "$1" "auth required pam_jpki.so ${3-}"
		;;
	keyring)
		sed -e "s/^auth .*\(pam_jpki\.so.*\)/auth [success=ok default=2] \1 ${3-} unlock=yes\nauth optional $OPENER\nauth sufficient pam_permit.so/" \
			-e "s/^auth .*pam_unix.so.*/&\nauth optional $OPENER/" "$example" > "/etc/pam.d/$1" || fail "no example $1"
		printf '%s\n' "session required pam_env.so envfile=$WORK/session-env" "session optional $OPENER auto_start force_run" \
			>> "/etc/pam.d/$1"
		printf 'XDG_RUNTIME_DIR=%s\n' "$RUNTIME" > "$WORK/session-env"
		;;
	*)
		sed "/^auth/s/pam_jpki\.so.*/& ${3-}/" "$example" > "/etc/pam.d/$1" || fail "no example $1"
		;;
	esac
}

desktops_begin()
{
	write_conf 'debug = yes'
	printf 'hanako:%s\n' "$PASSWORD" | chpasswd
}

# --- KDE -----------------------------------------------------------------------------

# The greeter that ksld starts for the locked screen, and it alone: "--testing" makes an ordinary window
# of it. It calls PAM when a key wakes it, and again some seconds after a failure. Its field shows no
# prompt: "Password" is there whatever is asked for.
start_kde()
{
	ENTERS=0
	lock_in_background dbus-run-session -- env QT_QUICK_BACKEND=software \
		QT_LOGGING_RULES=kscreenlocker_greet.debug=true "$GREETER_KDE" --testing
	until_true 30 grep -q '^Locked at' "$LOG"
}
kde_asks()
{
	[ "$(grep -c 'Secret prompt from interactive authenticator' "$LOG")" -gt $((TEXTS + ENTERS)) ]
}
kde_listens()
{
	kde_asks && return
	grep -q 'worker kde\] Authenticate: Starting' "$LOG" || press Shift_L
	false
}
kde_opened() { grep -q '^Unlocked' "$LOG"; }
# After what was wrong with the card, the password is asked for: an empty Enter goes on to the next round.
kde_refused()
{
	[ "$OUTCOME" != JPKI-E-PASSWORD ] || return 0
	until_true 10 kde_asks || fail 'the password is not asked for'
	press Return
	ENTERS=$((ENTERS + 1))
}

# The same, as a session locks itself: ksld covers the screen, starts the greeter and ends the lock. It is a part
# of the session manager with X, and of the compositor with Wayland, which is a window on the X screen of the case.
KSLD_LOG='QT_LOGGING_RULES=kscreenlocker.debug=true;kscreenlocker_greet.debug=true'
lock_session()	# COMMAND…
{
	ENTERS=0
	lock_in_background dbus-run-session -- env QT_QUICK_BACKEND=software KDE_FULL_SESSION=true "$KSLD_LOG" "$@"
	until_true 30 greeter_of_ksld
}
greeter_of_ksld() { pgrep -u hanako -f 'kscreenlocker_greet --immediateLock' > /dev/null; }
start_ksmserver() { lock_session ksmserver --lockscreen; }
ksmserver_listens() { kde_listens; }
ksmserver_opened() { grep -q 'kscreenlocker: Unlocking now' "$LOG"; }
ksmserver_refused() { kde_refused; }
start_kwin() { lock_session KWIN_COMPOSE=Q kwin_wayland --x11-display :7 --width 1280 --height 720 --lockscreen --no-global-shortcuts; }
kwin_listens() { kde_listens; }
kwin_opened() { ksmserver_opened; }
kwin_refused() { kde_refused; }

# --- sddm ----------------------------------------------------------------------------

# The greeter of Plasma's machines, root's daemon and all, on an X server without a screen.
sddm_files()
{
	cat > /etc/sddm.conf <<-TEXT
		[General]
		DisplayServer=x11
		[Theme]
		Current=
		[Users]
		RememberLastUser=false
		RememberLastSession=false
		[X11]
		ServerPath=$WORK/sddm-x
		SessionCommand=$WORK/sddm-session
		DisplayCommand=/bin/true
		DisplayStopCommand=/bin/true
	TEXT
	# sddm means a real X server: what it says beside the key and the pipe is left out, and access
	# control with it, for the hands and eyes of the case.
	cat > "$WORK/sddm-x" <<-'TEXT'
		#!/bin/sh
		while [ $# -gt 1 ] && [ "$1" != -displayfd ]; do shift; done
		exec Xvfb :0 -ac -screen 0 1280x720x24 -nolisten tcp -noreset -displayfd "$2"
	TEXT
	# With a keyring, what it has is in the log too.
	printf '#!/bin/sh\n{ id; [ ! -x "%s" ] || dbus-run-session "%s"; } > %s\nexec sleep 600\n' "$WORK/look" "$WORK/look" "$SESSION_LOG" \
		> "$WORK/sddm-session"
	chmod 0755 "$WORK" "$WORK/sddm-x" "$WORK/sddm-session"
	mkdir -p /usr/share/xsessions
	printf '[Desktop Entry]\nType=Application\nName=e2e\nExec=true\n' > /usr/share/xsessions/e2e.desktop
	: > "$SESSION_LOG"
	chown hanako "$SESSION_LOG"
}
start_sddm()
{
	sddm_files
	LANG=$LOCKER_LANG sddm >> "$LOG" 2>&1 </dev/null &
	LOCKER_PID=$!
	until_true 30 greeter_has_focus 2> /dev/null || return
	[ -n "${p[name]}" ] || leave_name_empty
}
# The field of the name is above that of the password.
leave_name_empty()
{
	until_true 10 screen_rests
	press shift+Tab
	press ctrl+a
	press BackSpace
	press Tab
}
# The name is that of the first user. The greeter gives the one text to a new process each time, which answers
# every question with it; until that has ended, it takes no other.
sddm_listens()
{
	! pgrep -f 'sddm-helper .*--user hanako' > /dev/null && screen_rests
}
sddm_opened() { [ -s "$SESSION_LOG" ]; }

# --- gtklock -------------------------------------------------------------------------

# Its compositor is a window on the X screen of the case, for GTK takes no Enter from the keyboard that
# wtype makes. It is narrow, for gtklock 4.0 ends by a protocol error at a message that is wider.
start_sway_on_x()
{
	printf 'xwayland disable\noutput * resolution 800x600\n' > "$WORK/sway.conf"
	"${SCREEN[@]}" WLR_BACKENDS=x11 WLR_RENDERER=pixman sway -c "$WORK/sway.conf" >> "$E2E_LOGS/sway.log" 2>&1 </dev/null &
	SWAY_PID=$!
	until_true 15 test -S "$RUNTIME/wayland-1"
}

# PAM is called when Enter is pressed.
start_gtklock()
{
	[ -n "${SWAY_PID-}" ] || start_sway_on_x || return
	lock_in_background WAYLAND_DISPLAY=wayland-1 GDK_BACKEND=wayland gtklock
}
# PAM is a child of it, and its field is deaf meanwhile.
gtklock_listens()
{
	[ "$(pgrep -xc gtklock)" -le 1 ] && screen_rests
}
gtklock_opened() { process_opened; }

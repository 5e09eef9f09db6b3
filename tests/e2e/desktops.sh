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

# install_stack SERVICE example|card [OPTIONS]: the file of config/pam.d, with these options behind the
# module; or the module alone.
install_stack()
{
	if [ "$2" = card ]; then
		install_pam_service "$1" "auth required pam_jpki.so ${3-}"
	else
		sed "/^auth/s/pam_jpki\.so.*/& ${3-}/" "$E2E_TOP/config/pam.d/$1" > "/etc/pam.d/$1" || fail "no example $1"
	fi
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
	printf '#!/bin/sh\nid > %s\nexec sleep 600\n' "$SESSION_LOG" > "$WORK/sddm-session"
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
	until_true 30 greeter_has_focus 2> /dev/null
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
# wtype makes. It is wider than that, for gtklock 4.0 ends by a protocol error at a message that is wider.
start_sway_on_x()
{
	printf 'xwayland disable\noutput * resolution 1920x1080\n' > "$WORK/sway.conf"
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

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A person in front of a screen: what the cases of screen lockers and greeters
# are written with. Sourced after lib.sh. A locker is played by functions
# called after it:
#
#	start_NAME	locks the screen (or greets) and returns once it has
#	NAME_listens	true once it takes a text; until then it wakes it
#	NAME_opened	true if it has let the person in
#	NAME_refused	what a person does to get rid of the message (optional)
#
# Everything a person does goes through the X server or the compositor; what
# the program asks PAM is seen in the module's log (debug = yes).
#
# shellcheck disable=SC2034 # lib.sh and the cases use what is not used here

SCREENS=$E2E_LOGS/screens
RUNTIME=/run/user/2001
SESSION_LOG=$WORK/session.log	# the session of the greeter was here
LOCKER=
LOCKER_PID=
LOCKER_LANG=C.UTF-8
PICTURES=3			# of so many texts
BACKGROUND=204060

# The words before a command that make it hanako's; arrays, so that $! is the
# program's own and not that of a shell around it.
PERSON=(setpriv --reuid hanako --regid hanako --init-groups env -i "PATH=$PATH" HOME=/home/hanako
	USER=hanako "XDG_RUNTIME_DIR=$RUNTIME")
SCREEN=()			# the same for the screen that the locker is on
LOCKED_IN=()			# what they run in: in-session and its arguments, or nothing

# --- screens ----------------------------------------------------------------------

# What the scripts of a package that was only unpacked would have done.
make_system_user()	# NAME HOME
{
	id "$1" >/dev/null 2>&1 || useradd --system --home-dir "$2" --shell /usr/sbin/nologin "$1" ||
		fail "useradd $1 failed"
}

make_runtime()
{
	mkdir -p "$SCREENS" /tmp/.X11-unix "$RUNTIME"
	chmod 1777 /tmp/.X11-unix
	chmod 0700 "$RUNTIME"
	chown hanako "$RUNTIME"
}

x_is_up()
{
	"${PERSON[@]}" DISPLAY=:7 xdotool getdisplaygeometry >/dev/null 2>&1
}

start_x()
{
	"${PERSON[@]}" Xvfb :7 -screen 0 1280x720x24 -nolisten tcp -noreset >> "$E2E_LOGS/xvfb.log" 2>&1 </dev/null &
	X_PID=$!
	until_true 15 x_is_up
}

start_sway()
{
	printf 'xwayland disable\noutput * resolution 1280x720\n' > "$WORK/sway.conf"
	"${PERSON[@]}" WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1 WLR_RENDERER=pixman \
		sway -c "$WORK/sway.conf" >> "$E2E_LOGS/sway.log" 2>&1 </dev/null &
	SWAY_PID=$!
	until_true 15 test -S "$RUNTIME/wayland-1"
}

# The bus of the system, without which lightdm does not start.
start_bus()
{
	mkdir -p /run/dbus
	make_system_user messagebus /nonexistent
	[ -s /etc/machine-id ] || dbus-uuidgen > /etc/machine-id
	dbus-daemon --system --nofork --nopidfile >> "$E2E_LOGS/dbus.log" 2>&1 </dev/null &
	BUS_PID=$!
	until_true 15 test -S /run/dbus/system_bus_socket
}

# The screen that the locker shall be on, started when it is first wanted.
use_screen()
{
	make_runtime
	case $LOCKER in
	swaylock)
		SCREEN=("${PERSON[@]}" WAYLAND_DISPLAY=wayland-1)
		[ -n "${SWAY_PID-}" ] || start_sway
		;;
	lightdm)
		SCREEN=(env DISPLAY=:0 XAUTHORITY=/run/lightdm/root/:0)
		[ -n "${BUS_PID-}" ] || start_bus
		;;
	sddm)
		SCREEN=(env DISPLAY=:0)
		[ -n "${BUS_PID-}" ] || start_bus
		;;
	*)
		SCREEN=("${PERSON[@]}" DISPLAY=:7)
		[ -n "${X_PID-}" ] || start_x
		;;
	esac
}

end_screens()
{
	end_process "${SWAY_PID-}"
	end_process "${BUS_PID-}"
	end_process "${X_PID-}"
	SWAY_PID='' BUS_PID='' X_PID=''
}

# --- eyes and hands -----------------------------------------------------------------

take_picture()	# FILE
{
	if [ "$LOCKER" = swaylock ]; then
		"${SCREEN[@]}" grim - > "$1"
	else
		"${SCREEN[@]}" import -window root png:- > "$1"
	fi 2>> "$LOG"
}

photograph()	# MOMENT
{
	take_picture "$SCREENS/${CASE//[^A-Za-z0-9._-]/_}-$1.png" || fail "no picture: $1"
}

# wtype makes a keyboard of its own; what it sends before the compositor has
# taken notice of that is lost, hence the pause and a key that does nothing.
type_text()	# TEXT
{
	[ -n "$1" ] || return 0
	if [ "$LOCKER" = swaylock ]; then
		"${SCREEN[@]}" wtype -s 200 -k Shift_L -- "$1"
	else
		"${SCREEN[@]}" xdotool type --delay 15 -- "$1"
	fi
}

press()	# KEY
{
	if [ "$LOCKER" = swaylock ]; then
		"${SCREEN[@]}" wtype -s 200 -k Shift_L -k "$1"
	else
		"${SCREEN[@]}" xdotool key "$1"
	fi
}

# --- the lockers ---------------------------------------------------------------------

lock_in_background()	# [NAME=VALUE…] COMMAND…
{
	"${LOCKED_IN[@]}" "${SCREEN[@]}" LANG="$LOCKER_LANG" "$@" >> "$LOG" 2>&1 </dev/null &
	LOCKER_PID=$!
}

window_is_there()	# CLASS
{
	"${SCREEN[@]}" xdotool search --onlyvisible --class "$1" >/dev/null 2>&1
}

process_opened()
{
	process_gone "$LOCKER_PID"
}

# How many logins have been decided since the case began, and how many PINs asked for.
decisions()
{
	syslog_new | grep -c 'JPKI-[A-Z-]* user='
}

prompts()
{
	syslog_new | grep -c 'step: prompt'
}

# True if a prompt waits for the person, or the login was refused without any.
asks_or_refused()
{
	[ "$(prompts)" -gt "$PROMPTS_ANSWERED" ] || [ "$(decisions)" -gt "$DECIDED" ]
}

# One field, PAM is called when Enter is pressed.
start_i3lock()
{
	lock_in_background i3lock --nofork --color $BACKGROUND
	until_true 15 window_is_there i3lock
}
i3lock_listens() { :; }
i3lock_opened() { process_opened; }

# The same, on Wayland; deaf while PAM thinks.
screen_is_blue()
{
	[ "$("${SCREEN[@]}" grim -g '0,0 1x1' -t ppm - 2>/dev/null | tail -c 3 | od -An -tx1 | tr -d ' \n')" = $BACKGROUND ]
}
start_swaylock()
{
	lock_in_background swaylock --color $BACKGROUND
	until_true 15 screen_is_blue
}
swaylock_listens()
{
	[ "$(grep -c 'pam_authenticate failed' "$LOG")" = "$TEXTS" ]
}
swaylock_opened() { process_opened; }

# Calls PAM when a key wakes it, up to three times.
start_xsecurelock()
{
	lock_in_background XSECURELOCK_NO_COMPOSITE=1 XSECURELOCK_SAVER=saver_blank \
		XSECURELOCK_BLANK_TIMEOUT=-1 XSECURELOCK_PAM_SERVICE=xsecurelock xsecurelock
	until_true 15 window_is_there xsecurelock
}
xsecurelock_listens()
{
	asks_or_refused && return
	press Shift_L
	false
}
xsecurelock_opened() { process_opened; }
# Its window is black until it has something to say.
xsecurelock_shows_cue()
{
	take_picture "$WORK/cue.png" && [ "$(convert "$WORK/cue.png" -format %k info:)" -gt 1 ]
}

# A daemon; calls PAM when a key wakes it. Messages want an Enter.
xscreensaver_says()	# WORD
{
	"${SCREEN[@]}" xscreensaver-command -time 2>&1 | grep -q "$1"
}
start_xscreensaver()
{
	printf 'lock: True\nmode: blank\nfade: False\nunfade: False\nsplash: False\n' > /home/hanako/.xscreensaver
	chown hanako /home/hanako/.xscreensaver
	lock_in_background xscreensaver --no-splash
	until_true 15 xscreensaver_says 'non-blanked' || return
	"${SCREEN[@]}" xscreensaver-command -lock >> "$LOG" 2>&1
	until_true 15 xscreensaver_says 'locked'
}
xscreensaver_dialog()
{
	[ "$("${SCREEN[@]}" xdotool search --onlyvisible --name '^XScreenSaver$' 2>/dev/null | wc -l)" -ge 2 ]
}
xscreensaver_listens()
{
	asks_or_refused && xscreensaver_dialog && return
	press Shift_L
	false
}
xscreensaver_opened() { xscreensaver_says 'non-blanked'; }
xscreensaver_refused() { press Return; }

# A greeter, root's; a new process for each attempt.
lightdm_files()
{
	make_system_user lightdm /var/lib/lightdm
	mkdir -p /var/lib/lightdm /var/log/lightdm
	chown lightdm /var/lib/lightdm
	cat > "$WORK/lightdm.conf" <<-TEXT
		[LightDM]
		minimum-vt=0
		logind-check-graphical=false
		[Seat:*]
		xserver-command=$WORK/lightdm-x
		session-wrapper=$WORK/lightdm-session
		greeter-session=lightdm-gtk-greeter
		user-session=e2e
	TEXT
	# lightdm means a real X server: what it says beside the display and its key is left out.
	cat > "$WORK/lightdm-x" <<-'TEXT'
		#!/bin/sh
		display=$1
		while [ $# -gt 1 ] && [ "$1" != -auth ]; do shift; done
		exec Xvfb "$display" -screen 0 1280x720x24 -nolisten tcp -noreset -auth "$2"
	TEXT
	printf '#!/bin/sh\nid > %s\nexec sleep 600\n' "$SESSION_LOG" > "$WORK/lightdm-session"
	chmod 0755 "$WORK/lightdm-x" "$WORK/lightdm-session"
	mkdir -p /usr/share/xsessions /etc/gtk-3.0
	printf '[Desktop Entry]\nType=Application\nName=e2e\nExec=true\n' > /usr/share/xsessions/e2e.desktop
	# a cursor that blinks would never let the screen come to rest
	printf '[Settings]\ngtk-cursor-blink=false\n' > /etc/gtk-3.0/settings.ini
	: > "$SESSION_LOG"
	chown hanako "$SESSION_LOG"
}
screen_rests()
{
	take_picture "$WORK/then.png" && sleep 0.1 && take_picture "$WORK/now.png" &&
		cmp -s "$WORK/then.png" "$WORK/now.png"
}
# Text that is typed before the greeter's field has the focus is lost; until then, no window has it.
greeter_has_focus()
{
	[ "$("${SCREEN[@]}" xdotool getwindowfocus -f 2>/dev/null)" -gt 1 ]
}
greeter_is_there()
{
	grep -q 'Greeter connected' "$LOG" && greeter_has_focus 2>/dev/null && screen_rests
}
start_lightdm()
{
	lightdm_files
	LANG=$LOCKER_LANG lightdm --debug --config "$WORK/lightdm.conf" >> "$LOG" 2>&1 </dev/null &
	LOCKER_PID=$!
	until_true 20 greeter_is_there || return
	[ -n "${p[name]}" ] || return 0
	type_text "${p[name]}"
	press Return
}
lightdm_listens()
{
	asks_or_refused && screen_rests
}
lightdm_opened() { [ -s "$SESSION_LOG" ]; }
# Below the field, where the window is white else, a coloured bar has the text.
lightdm_shows_cue()
{
	take_picture "$WORK/cue.png" && [ "$(convert "$WORK/cue.png" -crop 1x1+480+388 -format '%[hex:u.p{0,0}]' info:)" != FFFFFF ]
}

# --- one person, one locker, one line ---------------------------------------------------

# attempt TEXT [MEANWHILE]: types it once the locker listens, and waits for
# what becomes of it, OUTCOME. Behind the person's back, before Enter: MEANWHILE.
attempt()
{
	OUTCOME=
	until_true 20 "${LOCKER}_listens" || { fail "$LOCKER does not listen"; return; }
	[ "$TEXTS" -ge $PICTURES ] || photograph "$TEXTS-asked"
	PROMPTS_ANSWERED=$(prompts)
	type_text "$1"
	sim_commands "${2-}"
	press_enter "$1"
	TEXTS=$((TEXTS + 1))
	[[ ! $1 =~ ^[0-9]{4}$ ]] || PINS=$((PINS + 1))
	until_true 20 more_decisions || fail "no outcome of text $TEXTS"
	OUTCOME=$(syslog_new | grep -o 'JPKI-[A-Z-]* user=' | sed -n "$((DECIDED + 1))s/ .*//p")
	DECIDED=$((DECIDED + 1))
	[ "$(stat_of verifies)" -le "$PINS" ] || fail "$(stat_of verifies) VERIFY for $PINS PINs typed"
}

# In a run on a busy machine the Enter of an empty text did not reach xscreensaver, once. A person presses it again.
press_enter()	# TEXT
{
	local before

	before=$(helper_lines)
	press Return
	[ "$LOCKER" = xscreensaver ] && [ -z "$1" ] || return 0
	until_true 10 more_helper_lines "$before" && return
	printf '# %s: Enter was pressed again\n' "$CASE"
	press Return
}

helper_lines()
{
	syslog_new | grep -c ': helper: '
}

more_helper_lines()	# THAN
{
	[ "$(helper_lines)" -gt "$1" ]
}

more_decisions()
{
	[ "$(decisions)" -gt "$DECIDED" ]
}

# After an attempt that was refused. Our word is in the log before the program acts on
# what libpam made of it.
expect_locked()
{
	local i

	[ "$TEXTS" -gt $PICTURES ] || photograph "$TEXTS-refused"
	for ((i = 0; i < 15; i++)); do
		! "${LOCKER}_opened" || { fail "$LOCKER let the person in"; break; }
		sleep 0.02
	done
	! declare -F "${LOCKER}_refused" >/dev/null || "${LOCKER}_refused"
}

expect_opened()
{
	until_true 10 "${LOCKER}_opened" || { photograph "$TEXTS-shut"; fail "$LOCKER stays shut"; }
}

end_locker()
{
	end_process "$LOCKER_PID"
	LOCKER_PID=
	case $LOCKER in
	lightdm|sddm) until_true 5 test ! -e /tmp/.X0-lock || fail "the X server of $LOCKER stays" ;;
	ksmserver|kwin) pkill -KILL -u hanako 'ksmserver|kwin_wayland|kscreenlocker_g' ;;
	esac
}

# locker NAME PROGRAM STACK [KEY=VALUE…]: she comes back to her screen.
#
#   typed=TEXTS    one after the other, separated by blanks; - is an empty Enter
#   sim=COMMANDS   for simctl, before the screen is locked; meanwhile=COMMANDS
#                  when the last text is in the field, before Enter
#   arrives=yes    the card, taken away by sim=, is laid on the reader once the program waits
#                  for it (opts=wait=…)
#   told=WORDS     the same, but it is laid down once the program has these in its own log, as the
#                  message that it shows: for one that has asked before
#   name=NAME      that is typed into lightdm (hanako); "" for none, also in sddm
#   session=WORDS  what the session of a greeter has in its log in the end
#   lang=LOCALE    of the program (C.UTF-8); opts=WORDS for pam_jpki.so
#   opens=yes|no   whether the last text lets her in (yes)
#   code=REGEX     outcome of the last text, without JPKI- or JPKI-E- (OK)
#   tries=N        left on the card (3); verifies=N commands in all (1)
#
# Always: one VERIFY at most for each four digits typed, and never one for
# another text; the card is left without PIN state.
locker()
{
	local -A p=([typed]="$PIN" [sim]='' [arrives]='' [told]='' [meanwhile]='' [lang]=C.UTF-8 [opts]='' [opens]=yes [code]=OK
		[tries]=3 [verifies]=1 [name]=hanako [session]='')
	local name=$1 stack=$3 arg

	begin "$name" || return 0
	LOCKER=$2
	use_screen || { skip "$name" 'the display does not start here, see the log of Xvfb, sway or dbus'; return; }
	shift 3
	for arg; do p[${arg%%=*}]=${arg#*=}; done
	install_stack "$LOCKER" "$stack" "${p[opts]}"
	LOCKER_LANG=${p[lang]} PROMPTS_ANSWERED=0 DECIDED=0 TEXTS=0 PINS=0 OUTCOME=
	fresh_card
	sim_commands "${p[sim]}"
	if "start_$LOCKER"; then
		[ -z "${p[arrives]}" ] || lay_card
		[ -z "${p[told]}" ] || lay_card_when_told "${p[told]}" &
		type_all "${p[meanwhile]}" "${p[typed]}"
		[ "${p[opens]}" = yes ] && expect_opened
		[ -z "${p[session]}" ] || until_true 15 grep -qF -- "${p[session]}" "$SESSION_LOG" ||
			fail "the session has no \"${p[session]}\": $(cat "$SESSION_LOG")"
	else
		fail "$LOCKER does not start"
	fi
	expect_match 'outcome of the last text' "JPKI-(E-)?(${p[code]})" "$OUTCOME"
	expect_equal 'tries left' "${p[tries]}" "$(sim get auth-tries)"
	expect_equal 'VERIFY commands' "${p[verifies]}" "$(stat_of verifies)"
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
	end_locker
	end
}

# A locker with a prompt open all the time calls PAM on its own, or when it is woken.
waits_for_card()
{
	"${LOCKER}_listens"
	syslog_matches 'step: card$' && pgrep -x jpki_helper >/dev/null
}

lay_card()
{
	until_true 20 waits_for_card || fail "$LOCKER does not wait for the card"
	[ "$(prompts)" = 0 ] || fail 'the PIN is asked for without a card'
	! declare -F "${LOCKER}_shows_cue" >/dev/null || until_true 5 "${LOCKER}_shows_cue" || fail "$LOCKER does not say that it waits"
	photograph waiting	# "Place your My Number Card on the reader."
	sim insert || fail 'the card is not taken'
	until_true 10 asks_or_refused
	[ "$(prompts)" = 1 ] || fail 'the card does not bring the prompt for its PIN'
}

# In the background, while the text is typed. Without the message no card comes, and the text gets no further.
lay_card_when_told()	# WORDS
{
	until_true 30 grep -qF -- "$1" "$LOG" || return
	photograph told
	sim insert
}

# Uses the p[] of locker.
type_all()	# MEANWHILE TEXTS
{
	local -a texts
	local i

	read -ra texts <<< "$2"
	for i in "${!texts[@]}"; do
		[ "${texts[i]}" != - ] || texts[i]=
		if [ $((i + 1)) -lt ${#texts[@]} ]; then
			attempt "${texts[i]}"
			expect_locked
		else
			attempt "${texts[i]}" "$1"
			[ "${p[opens]}" = yes ] || expect_locked
		fi
	done
}

# What must be there beside the program itself.
declare -A LOCKER_NEEDS=(
	[i3lock]='Xvfb xdotool import'
	[xsecurelock]='Xvfb xdotool import'
	[xscreensaver]='Xvfb xdotool import xscreensaver-command'
	[swaylock]='sway wtype grim'
	[lightdm]='lightdm-gtk-greeter dbus-daemon Xvfb xdotool import'
)

missing_for()	# LOCKER
{
	local program

	for program in "$1" ${LOCKER_NEEDS[$1]}; do
		command -v "$program" >/dev/null || { echo "$program is not installed"; return; }
	done
}

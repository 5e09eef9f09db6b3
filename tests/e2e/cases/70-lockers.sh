# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The real screen lockers and a greeter, on real displays without a screen. What
# counts is the card's own counter: one try at most for each text typed, and one
# is left. Pictures of what a person sees are in logs/screens.

# shellcheck source=tests/e2e/lockers.sh
. "$E2E_TOP/tests/e2e/lockers.sh"

PASSWORD='correct-horse-7'	# small letters: xscreensaver misses the shift key of xdotool

# install_stack SERVICE card|either|greeter [OPTIONS]; greeter: the card, and proved to be at the desk
install_stack()
{
	local lines

	# Without logind, nothing shows that a greeter's display is at this machine.
	[ "$1" != lightdm ] || set -- "$1" "$2" "local_services=lightdm ${3-}"
	lines="auth required pam_jpki.so ${3-}"

	[ "$2" != greeter ] || lines='auth required pam_jpki.so remote=strict'
	if [ "$2" = either ]; then
		lines="auth [success=done default=ignore] pam_jpki.so forward_pass=yes ${3-}
auth required pam_unix.so try_first_pass"
	fi
	install_pam_service "$1" "$lines"
}

# situations LOCKER WRONG-PINS [OPTIONS for Japanese]
situations()
{
	local l=$1

	locker "$l: right PIN" "$l" card
	locker "$l: wrong PINs, one after the other" "$l" card typed="$2" opens=no code=LAST-TRY tries=1 verifies=2
	locker "$l: no card" "$l" card sim=remove opens=no code=NO-CARD verifies=0
	locker "$l: locked card" "$l" card sim='set auth-tries 0' opens=no code=PIN-LOCKED tries=0 verifies=0
	locker "$l: nothing, a wrong PIN, the right one, in Japanese" "$l" card lang=ja_JP.UTF-8 opts="${3-}" \
		typed="- $WRONG_PIN $PIN" verifies=2
	locker "$l, one field: PIN" "$l" either
	locker "$l, one field: password" "$l" either typed="$PASSWORD" code=PASSWORD verifies=0
}

# They call PAM when Enter is pressed.
i3lock_and_swaylock()
{
	locker "$1: card taken away while typing" "$1" card meanwhile=remove opens=no code=NO-CARD verifies=0
	locker "$1: card taken away as the PIN is sent" "$1" card sim='fault ins 20:3 drop' opens=no \
		code=CARD-REMOVED verifies=0
	locker "$1, one field: wrong password" "$1" either typed=wrong-horse-7 opens=no code=PASSWORD verifies=0
	locker "$1, one field: no card, and a password does not wait for it" "$1" either sim=remove opts=wait=60 \
		typed="$PASSWORD" code=PASSWORD verifies=0
}

# They have a prompt open all the while.
prompting()
{
	locker "$1: card taken away while typing" "$1" card meanwhile=remove opens=no code=CARD-REMOVED verifies=0
	locker "$1: laying the card on the reader brings the prompt" "$1" card sim=remove arrives=yes opts=wait=20
}

# Locked because the card was taken away, they have begun long before it is back.
asking_without_card()
{
	locker "$1, one field: the first PIN after the card is back" "$1" either sim=remove meanwhile=insert
	locker "$1, one field: no card, password" "$1" either sim=remove typed="$PASSWORD" code=PASSWORD verifies=0
}

is_there()	# LOCKER
{
	local reason

	reason=$(missing_for "$1")
	[ -z "$reason" ] || skip "$1" "$reason"
	[ -z "$reason" ]
}

SIX_WRONG='1111 2222 3333 4444 5555 6666'
write_conf 'debug = yes'
printf 'hanako:%s\n' "$PASSWORD" | chpasswd
for program in i3lock swaylock; do
	is_there $program && situations $program "$SIX_WRONG" && i3lock_and_swaylock $program
done
# Neither authproto_pam nor lightdm sets a locale.
is_there xsecurelock && situations xsecurelock "$SIX_WRONG" lang=ja && prompting xsecurelock && asking_without_card xsecurelock
is_there xscreensaver && situations xscreensaver "$SIX_WRONG" && prompting xscreensaver && asking_without_card xscreensaver
# The greeter gives up by itself once it is refused without a prompt.
is_there lightdm && situations lightdm '1111 2222 3333' lang=ja && prompting lightdm
is_there lightdm && locker 'no name: lightdm, the card names the user' lightdm card name= opts=user_from_card=yes

# --- where there is logind ----------------------------------------------------------
in_session()	# OPTION of in-session…
{
	LOCKED_IN=("$E2E_TOP/tests/e2e/in-session" "$@")
}
i3lock_in_sessions()
{
	in_session --record DISPLAY=:7 0
	locker 'i3lock at the desk, strict' i3lock card opts=remote=strict
	in_session --user-unit --record DISPLAY=:7 0
	locker 'i3lock started by a user unit at the desk, strict' i3lock card opts=remote=strict
	LOCKED_IN=()
}
if is_there i3lock; then
	needs sessions i3lock_in_sessions
else
	skip 'i3lock at the desk, strict' 'no i3lock here'
fi
greeter_of()	# DISPLAY: logind lists a greeter there, at the desk
{
	mkdir -p /run/systemd/seats /run/systemd/sessions
	printf '%s\n' UID=110 SEAT=seat0 ACTIVE=1 STATE=active REMOTE=0 CLASS=greeter "DISPLAY=$1" > /run/systemd/sessions/c1
}
if is_there lightdm && ldd "$HELPER" | grep -q libsystemd; then
	greeter_of :0
	locker 'lightdm at the desk' lightdm greeter
	greeter_of :1
	locker 'lightdm on a display that is not at the desk' lightdm greeter opens=no code=REMOTE verifies=0
	rm -r /run/systemd/seats /run/systemd/sessions/c1
fi
end_screens
reset_config

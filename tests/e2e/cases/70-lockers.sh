# shellcheck shell=bash
# The real screen lockers, on a real X server without a screen. What counts is
# the card's own counter: one try at most for each text typed, and one is left.
# Pictures of what a person sees are in logs/screens.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

SCREENS=$E2E_LOGS/screens
DISPLAY_NUMBER=:7
X_PID=
LOCKER_PID=
EXPECT_PROMPT=yes
TYPED=		# texts, since the screen was locked
CARD_ONLY='auth required pam_jpki.so debug=yes
account required pam_permit.so'
CARD_OR_PASSWORD='auth [success=done default=ignore] pam_jpki.so forward_pass=yes debug=yes
auth required pam_unix.so try_first_pass
account required pam_permit.so'

# The words before a command that make it hanako's, on her screen; as an array,
# so that $! is the program's own and not that of a shell around it.
ON_SCREEN=(setpriv --reuid hanako --regid hanako --init-groups env -i "PATH=$PATH" HOME=/home/hanako
	USER=hanako LANG=C.UTF-8 "DISPLAY=$DISPLAY_NUMBER" XDG_RUNTIME_DIR=/run/user/2001
	XSECURELOCK_NO_COMPOSITE=1 XSECURELOCK_SAVER=saver_blank XSECURELOCK_BLANK_TIMEOUT=-1
	XSECURELOCK_PAM_SERVICE=xsecurelock)

screen_is_up()
{
	"${ON_SCREEN[@]}" xdotool getdisplaygeometry >/dev/null 2>&1
}

start_screen()
{
	mkdir -p "$SCREENS" /run/user/2001 /tmp/.X11-unix
	chmod 1777 /tmp/.X11-unix
	chown hanako /run/user/2001
	"${ON_SCREEN[@]}" Xvfb $DISPLAY_NUMBER -screen 0 1000x600x24 -nolisten tcp -noreset >> "$E2E_LOGS/xvfb.log" 2>&1 </dev/null &
	X_PID=$!
	until_true 15 screen_is_up
}

photograph()
{
	"${ON_SCREEN[@]}" import -window root png:- > "$SCREENS/${CASE//[^A-Za-z0-9._-]/_}.png" 2>/dev/null ||
		fail 'no picture'
}

# --- one locker -----------------------------------------------------------------

window_is_there()	# CLASS
{
	"${ON_SCREEN[@]}" xdotool search --onlyvisible --class "$1" >/dev/null 2>&1
}

lock_screen()	# LOCKER
{
	case $1 in
	i3lock) "${ON_SCREEN[@]}" i3lock --nofork --color 204060 >> "$LOG" 2>&1 & ;;
	xsecurelock) "${ON_SCREEN[@]}" xsecurelock >> "$LOG" 2>&1 & ;;
	esac
	LOCKER_PID=$!
	TYPED=0
	case $1 in
	i3lock) until_true 15 window_is_there i3lock || fail 'i3lock shows no window' ;;
	xsecurelock) until_true 15 window_is_there xsecurelock || fail 'xsecurelock shows no window' ;;
	esac
}

is_unlocked()
{
	process_gone "$LOCKER_PID"
}

end_locker()
{
	end_process "$LOCKER_PID"
	LOCKER_PID=
}

# How many logins have been decided since the case began.
decisions()
{
	syslog_new | grep -c 'JPKI-[A-Z-]* user='
}

prompts_open()
{
	syslog_new | grep -c 'step: prompt'
}

more_than()	# NUMBER COMMAND…
{
	local n=$1

	shift
	[ "$("$@")" -gt "$n" ]
}

# Types into the locker, once it listens: i3lock asks PAM when Enter is pressed,
# xsecurelock when a key wakes it.
type_in()	# LOCKER TEXT
{
	[ "$1" = i3lock ] || "${ON_SCREEN[@]}" xdotool key Shift_L
	if [ "$1" != i3lock ] && [ "$EXPECT_PROMPT" = yes ]; then
		until_true 15 more_than "$TYPED" prompts_open || fail 'no prompt'
	fi
	TYPED=$((TYPED + 1))
	[ -z "$2" ] || "${ON_SCREEN[@]}" xdotool type --delay 20 -- "$2"
	"${ON_SCREEN[@]}" xdotool key Return
}

# attempt LOCKER TEXT: and waits for what becomes of it.
attempt()
{
	local before

	before=$(decisions)
	type_in "$@"
	until_true 20 more_than "$before" decisions || fail "no outcome for \"${2//[0-9]/N}\""
}

# --- the situations ----------------------------------------------------------------

right_pin()
{
	lock_screen "$1"
	attempt "$1" "$PIN"
	until_true 10 is_unlocked || fail 'still locked'
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	photograph
	end_locker
}

# Every try that the card allows us, and two more.
wrong_pins()
{
	local n typed=0

	lock_screen "$1"
	for n in 1111 2222 3333 4444 5555; do
		[ "$1" = i3lock ] || [ "$(sim get auth-tries)" -gt 1 ] || EXPECT_PROMPT=no
		attempt "$1" "$n"
		typed=$((typed + 1))
		[ "$(stat_of verifies)" -le "$typed" ] || fail "$(stat_of verifies) VERIFY for $typed texts"
		[ $n != 1111 ] || photograph
		is_unlocked && fail 'unlocked'
	done
	EXPECT_PROMPT=yes
	expect_equal 'tries left' 1 "$(sim get auth-tries)"
	expect_equal 'VERIFY commands' 2 "$(stat_of verifies)"
	expect_logged 'JPKI-E-LAST-TRY'
	end_locker
}

refused_unasked()	# LOCKER CODE
{
	lock_screen "$1"
	EXPECT_PROMPT=no
	attempt "$1" "$PIN"
	EXPECT_PROMPT=yes
	photograph
	is_unlocked && fail 'unlocked'
	expect_logged "JPKI-E-$2"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	end_locker
}

no_card() { sim remove; CARD_DIRTY=yes; refused_unasked "$1" NO-CARD; }
locked_card() { sim set auth-tries 0; refused_unasked "$1" PIN-LOCKED; }

card_goes()
{
	sim fault ins 20:3 drop
	CARD_DIRTY=yes
	lock_screen "$1"
	attempt "$1" "$PIN"
	is_unlocked && fail 'unlocked'
	expect_logged 'JPKI-E-CARD-REMOVED'
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
	end_locker
}

one_field()	# LOCKER TEXT VERIFIES
{
	lock_screen "$1"
	attempt "$1" "$2"
	until_true 10 is_unlocked || fail 'still locked'
	expect_equal 'VERIFY commands' "$3" "$(stat_of verifies)"
	end_locker
}

empty_enter()
{
	lock_screen "$1"
	attempt "$1" ''
	expect_logged 'JPKI-E-PIN-FORMAT'
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	is_unlocked && fail 'unlocked'
	end_locker
}

situations_of()	# LOCKER
{
	local locker=$1

	install_locker "$locker" "$CARD_ONLY"
	run_case "$locker: right PIN" right_pin "$locker"
	run_case "$locker: wrong PINs" wrong_pins "$locker"
	run_case "$locker: no card" no_card "$locker"
	run_case "$locker: card taken away" card_goes "$locker"
	run_case "$locker: locked card" locked_card "$locker"
}

install_locker()	# SERVICE STACK
{
	printf '%s\n' "$2" > "/etc/pam.d/$1"
}

for program in Xvfb xdotool import; do
	command -v "$program" >/dev/null || no_screen="$program is not installed"
done
[ -n "${no_screen-}" ] || start_screen || no_screen='Xvfb does not start'
printf 'hanako:%s\n' 'Correct-horse-7' | chpasswd
for locker in i3lock xsecurelock; do
	if [ -n "${no_screen-}" ]; then
		skip "$locker" "$no_screen"
	elif ! command -v "$locker" >/dev/null; then
		skip "$locker" 'not installed'
	else
		situations_of "$locker"
	fi
done
if [ -z "${no_screen-}" ] && command -v i3lock >/dev/null; then
	run_case 'i3lock: empty Enter' empty_enter i3lock
	install_locker i3lock "$CARD_OR_PASSWORD"
	run_case 'i3lock, one field: PIN' one_field i3lock "$PIN" 1
	run_case 'i3lock, one field: password' one_field i3lock 'Correct-horse-7' 0
fi
end_process "$X_PID"

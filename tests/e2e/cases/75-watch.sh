# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2012 # CARD_DIRTY is lib.sh's; descriptors have no strange names
# The card and the session: jpki-watch with pcscd, a card that comes and goes, a real locker on
# a real display, and real buses. E2E_WATCH_CYCLES is how often the card goes and comes back
# in the search for leaks: 20 here, for the reader needs its time; 200 by
#	E2E_WATCH_CYCLES=200 tests/run --only 'watch: *in and out*'

# shellcheck source=tests/e2e/lockers.sh
. "$E2E_TOP/tests/e2e/lockers.sh"

CYCLES=${E2E_WATCH_CYCLES:-20}
MARK=$WORK/marks/removed	# what a command leaves there was done
WATCH_PID=
HERE=()				# further words of the watcher's environment
POSSIBLE=''			# why the desktop's cases cannot run

# --- a watcher -----------------------------------------------------------------------

event()		# NAME [COUNT]: jpki-watch has said so, that often (once), since the case began
{
	[ "$(syslog_new | grep -c "JPKI-WATCH event=$1 ")" -ge "${2:-1}" ]
}

expect_event()	# NAME [COUNT]
{
	until_true 10 event "$@" || fail "no event $1${2:+, $2 times}"
}

# start_watch [COMMAND…]: hanako's, in the environment of HERE. In WATCH_PID.
start_watch()
{
	"${PERSON[@]}" LANG=C.UTF-8 "${HERE[@]}" jpki-watch "$@" >> "$LOG" 2>&1 </dev/null &
	WATCH_PID=$!
}

end_watch()
{
	end_process "$WATCH_PID"
	WATCH_PID=
}

# What ends by itself: STATUS, and what it logged.
watch_ends()	# WANTED-STATUS REGEX [COMMAND…]
{
	local wanted=$1 said=$2

	shift 2
	RUN_LIMIT=10 run "${PERSON[@]}" LANG=C.UTF-8 "${HERE[@]}" jpki-watch "$@"
	expect_equal 'exit status' "$wanted" "$STATUS"
	expect_logged "jpki-watch\[[0-9]*\]: .*$said"
}

mark_is_there()
{
	[ -e "$MARK" ]
}

leaves_mark=(touch "$MARK")

fingerprint()	# LEAF
{
	openssl x509 -in "$PKI/$1.crt" -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g' | tr A-F a-f | cut -c1-16
}

# Which system call a process sleeps in, with its arguments.
syscall_of()	# PID
{
	"${PERSON[@]}" cat "/proc/$1/syscall"
}

# In poll(2), for a minute: libpcsclite knows no longer wait, and goes on by itself.
sleeps()	# PID
{
	[[ $(syscall_of "$1") =~ ^7\ 0x[0-9a-f]+\ 0x1\ 0xea60\  ]]
}

# --- the one that counts ------------------------------------------------------------------

session_stack()	# SERVICE
{
	printf '%s\n' "auth required pam_jpki.so local_services=$1" 'account required pam_permit.so' \
		'session optional pam_jpki.so' 'session required pam_permit.so' > "/etc/pam.d/$1"
}

# login(1) with the card; her shell becomes the watcher, in the session's environment.
log_in_and_watch()
{
	session_stack login
	install_pam_service i3lock 'auth required pam_jpki.so'
	printf 'export DISPLAY=:7\nenv > %s\nexec jpki-watch i3lock --nofork --color %s\n' \
		"$WORK/environment" "$BACKGROUND" > /home/hanako/.bash_profile
	: > "$WORK/environment"
	chown hanako "$WORK/environment"
	expect -f "$E2E_TOP/tests/e2e/pty.exp" "${RIGHT[@]}" on:120 -- login hanako >> "$LOG" 2>&1 </dev/null &
	LOGIN_PID=$!
	until_true 20 event found || { fail 'no login, or the watcher does not find the card'; return 1; }
	WATCH_PID=$(pgrep -x -u hanako jpki-watch)
}

is_locked()
{
	window_is_there i3lock && LOCKER_PID=$(pgrep -o -x i3lock)	# the other one raises its window
}

locks_and_unlocks()
{
	local from took environment

	LOCKER=i3lock
	write_conf 'removal_grace = 2'
	use_screen || { fail 'no display'; return; }
	log_in_and_watch || return
	environment=$(< "$WORK/environment")
	expect_has 'the environment' "JPKI_SESSION_CERT=$(fingerprint good)" "$environment"
	expect_has 'the environment' 'JPKI_SESSION_SERVICE=login' "$environment"
	expect_lacks 'the environment' "$PIN" "$environment"
	expect_logged "JPKI-SESSION-OPEN user=hanako service=login .*cert=$(fingerprint good)"
	sleeps "$WATCH_PID" || fail "the watcher does not sleep: $(syscall_of "$WATCH_PID")"
	from=$(now_ms)
	sim remove
	until_true 10 is_locked || fail 'the screen is not locked'
	took=$(($(now_ms) - from))
	echo "# locked $took ms after the card left the reader (grace 2000 ms)"
	if [ $took -lt 1500 ] || [ $took -gt 3000 ]; then
		fail "locked after $took ms"
	fi
	expect_event removed
	sim insert
	expect_event back
	process_gone "$LOCKER_PID" && fail 'the card alone opened the screen'
	type_text "$PIN"
	press Return
	until_true 10 process_opened || fail 'the PIN does not open the screen'
	expect_logged 'JPKI-OK user=hanako service=i3lock'
	end_process "$WATCH_PID"
	wait "$LOGIN_PID"
	expect_logged "JPKI-SESSION-CLOSE user=hanako service=login .*cert=$(fingerprint good)"
	rm -f /home/hanako/.bash_profile
}

# --- coming and going -------------------------------------------------------------------------

resources()	# PID: descriptors and KiB in memory
{
	printf '%s %s\n' "$("${PERSON[@]}" ls "/proc/$1/fd" | wc -l)" "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status")"
}

# out_and_in NUMBER: each is noticed before the next one.
out_and_in()
{
	sim remove && until_true 10 event gone "$1" && sim insert && until_true 10 event back "$1" && return
	fail "cycle $1: lost"
	return 1
}

in_and_out()
{
	local before after i

	write_conf 'removal_grace = 60'
	start_watch "${leaves_mark[@]}"
	expect_event found
	out_and_in 1		# what the first look costs is not a leak
	before=$(resources "$WATCH_PID")
	for ((i = 2; i <= CYCLES + 1; i++)); do
		out_and_in "$i" || break
	done
	until_true 5 sleeps "$WATCH_PID" || fail "it does not sleep: $(syscall_of "$WATCH_PID")"
	after=$(resources "$WATCH_PID")
	echo "# $CYCLES times out and in: descriptors, KiB: $before -> $after"
	expect_equal 'descriptors' "${before% *}" "${after% *}"
	[ $((${after#* } - ${before#* })) -le 128 ] || fail "grew from ${before#* } to ${after#* } KiB"
	expect_equal 'lost or invented events' "$((CYCLES + 1)) $((CYCLES + 1)) 1 0" \
		"$(syslog_new | grep -c event=gone) $(syslog_new | grep -c event=back) $(syslog_new | grep -c event=found) $(syslog_new | grep -c event=removed)"
	expect_equal 'children' '' "$(pgrep -P "$WATCH_PID")"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	end_watch
	mark_is_there && fail 'the command ran'
}

back_in_time()
{
	write_conf 'removal_grace = 10'
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch "${leaves_mark[@]}"
	expect_event found
	sim remove
	expect_event gone
	sim insert
	expect_event back
	event removed && fail 'it counts as removed'
	mark_is_there && fail 'the command ran'
	end_watch
}

another_card()
{
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch "${leaves_mark[@]}"
	expect_event found
	CARD_DIRTY=yes	# lib.sh puts hers in again
	sim swap "$(card_dir other-person)"
	until_true 10 mark_is_there || fail 'another card counts as hers'
	event back && fail 'another card counts as hers'
	end_watch
}

left_before_the_watch()
{
	sim remove
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch "${leaves_mark[@]}"
	until_true 10 mark_is_there || fail 'no action taken'
	end_watch
}

# As fast as the reader can, so that a look is cut off by the next removal: they may run into one,
# but what is true at the end is what it says.
faster_than_it_looks()
{
	local i said

	write_conf 'removal_grace = 60'
	start_watch "${leaves_mark[@]}"
	expect_event found
	for ((i = 0; i < 5; i++)); do
		sim remove && sim insert
	done
	until_true 20 says_last back || fail 'the card is there, but it does not say so'
	sim remove
	until_true 10 says_last gone || fail 'the card is away, but it does not say so'
	end_watch
}

says_last()	# EVENT
{
	[[ $(syslog_new | grep -o 'JPKI-WATCH event=[a-z]*' | tail -n 1) = *=$1 ]]
}

# --- pcscd --------------------------------------------------------------------------------

service_restarts()
{
	start_watch "${leaves_mark[@]}"
	expect_event found
	stop_sim
	stop_pcscd
	expect_event no-pcscd
	start_pcscd
	expect_event pcscd
	start_sim "$(card_dir good)"
	expect_event found 2
	event removed && fail 'pcscd that went is taken for the card'
	sim remove
	expect_event gone
	until_true 10 mark_is_there || fail 'after the restart nothing is done'
	end_watch
}

service_comes_late()
{
	stop_sim
	stop_pcscd
	mv /run/pcscd "$WORK/run-pcscd"		# not even its directory is there
	start_watch "${leaves_mark[@]}"
	expect_event no-pcscd
	until_true 5 sleeps "$WATCH_PID" || fail "it does not wait: $(syscall_of "$WATCH_PID")"
	mv "$WORK/run-pcscd" /run/pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	expect_event found
	mark_is_there && fail 'the command ran'
	end_watch
}

# After an upgrade, the library in this process and pcscd may be of two versions: it begins again.
service_of_another_version()
{
	stop_sim
	start_other_pcscd
	start_watch "${leaves_mark[@]}"
	expect_event no-pcscd
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	expect_event begin 2
	expect_event found
	process_gone "$WATCH_PID" && fail 'it is another process'
	sim remove
	until_true 10 mark_is_there || fail 'no action taken'
	end_watch
}

# logind_has ID KEY=VALUE…: the record of a session of hanako's, as logind writes it.
logind_has()
{
	mkdir -p /run/systemd/sessions
	printf '%s\n' UID=2001 USER=hanako REMOTE=0 "${@:2}" > "/run/systemd/sessions/$1"
}

# --- suspend ------------------------------------------------------------------------------

# The lid was closed with the card there: its reader comes up some seconds after the machine.
wakes_up()
{
	local slept=$WORK/slept

	echo 0 > "$slept"
	chmod 0644 "$slept"
	cp "$E2E_BUILD/tests/e2e/.libs/sleeper.so" "$WORK/sleeper.so"
	write_conf 'removal_grace = 1'
	HERE=("LD_PRELOAD=$WORK/sleeper.so" "E2E_SLEPT=$slept")
	start_watch "${leaves_mark[@]}"
	expect_event found
	echo 36000 > "$slept"
	sim remove
	expect_event gone
	poll_until_past 3
	mark_is_there && fail 'the reader that was not up yet is taken for the card'
	sim insert
	expect_event back
	event removed && fail 'the reader that was not up yet is taken for the card'
	# The card stays away after the next one: five seconds, not one, and then it has left.
	echo 72000 > "$slept"
	sim remove
	expect_event gone 2
	until_true 15 mark_is_there || fail 'after a suspend nothing is done'
	end_watch
}

poll_until_past()	# SECONDS
{
	local end=$((SECONDS + $1))

	until_true $(($1 + 2)) past "$end"
}

past()
{
	((SECONDS > $1))
}

# --- another certificate ----------------------------------------------------------------------

# The holder fetches a renewed card in mid-session; the session goes on with it.
card_is_renewed()
{
	write_conf 'removal_grace = 1'
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch "${leaves_mark[@]}"
	expect_event found
	CARD_DIRTY=yes
	sim remove
	expect_event removed
	sim swap "$(card_dir other-person)"
	enroll hanako other-person
	sim remove
	sim insert
	expect_event renewed
	expect_event back
	expect_logged "JPKI-WATCH event=back .*cert=$(fingerprint other-person)"
	rm -f "$MARK"
	sim remove
	expect_event removed 2
	until_true 10 mark_is_there || fail 'the renewed card is not watched'
	end_watch
	enroll hanako good
}

# --- what is done ---------------------------------------------------------------------------

start_buses()
{
	use_screen || return
	start_bus
	"${PERSON[@]}" dbus-daemon --session --nofork --nopidfile --address="unix:path=$RUNTIME/bus" \
		>> "$E2E_LOGS/dbus.log" 2>&1 </dev/null &
	SESSION_BUS_PID=$!
	until_true 15 test -S "$RUNTIME/bus"
}

# answers system|session NAME METHOD: writes each call, "METHOD [TEXT]", into MARK.METHOD
answers()
{
	local who=()

	[ "$1" = system ] || who=("${PERSON[@]}")
	rm -f "$MARK.$3"
	"${who[@]}" busanswer "$1" "$2" "$3" sh -c 'echo "$0" "$@" > "$0.new" && mv "$0.new" "$0"' "$MARK.$3" \
		> "$WORK/answers" 2>> "$LOG" </dev/null &
	ANSWERING+=($!)
	until_true 10 grep -q ready "$WORK/answers" || fail "no process answers for $2"
}

end_answers()
{
	local pid

	for pid in "${ANSWERING[@]}"; do end_process "$pid"; done
	ANSWERING=()
}

expect_called()	# METHOD [ARGUMENT]
{
	until_true 15 test -e "$MARK.$1" || { fail "$1 was not called"; return; }
	expect_equal "the call of $1" "$MARK.$1${2:+ $2}" "$(cat "$MARK.$1")"
}

locks_by_bus()
{
	HERE=(XDG_SESSION_ID=c7)
	logind_has c7 STATE=active
	write_conf 'on_removal = lock' 'removal_grace = 1' 'removal_warn = yes'
	answers system org.freedesktop.login1 LockSession
	answers session org.freedesktop.ScreenSaver Lock
	answers session org.freedesktop.Notifications Notify
	start_watch
	expect_event found
	sim remove
	expect_called Notify jpki-watch
	expect_called LockSession c7
	expect_called Lock
	end_watch
	end_answers
}

# Each of the two is enough, and none is an error that one can see.
locks_by_one_bus()
{
	HERE=(XDG_SESSION_ID=c7)
	write_conf 'on_removal = lock' 'removal_grace = 0'
	start_watch
	expect_event found
	sim remove
	expect_event failed
	expect_logged 'neither logind nor org.freedesktop.ScreenSaver locked the screen'
	sim insert
	expect_event back
	answers session org.freedesktop.ScreenSaver Lock
	sim remove
	expect_called Lock
	expect_equal 'failures' 1 "$(syslog_new | grep -c event=failed)"
	end_watch
	end_answers
}

logs_out_by_bus()
{
	HERE=(XDG_SESSION_ID=c7)
	write_conf 'on_removal = logout' 'removal_grace = 0'
	answers system org.freedesktop.login1 TerminateSession
	start_watch "${leaves_mark[@]}"
	expect_logged "the administrator's choice: the command given is not used"
	expect_event found
	sim remove
	expect_called TerminateSession c7
	mark_is_there && fail "the user's command ran"
	end_watch
	end_answers
}

OFFERED=/home/hanako/.local/state/pam_jpki/enroll-offered

watch_has_ended()
{
	process_gone "$WATCH_PID"
}

# Of a card that is not registered, where people may register it themselves: told once.
offers_to_register()
{
	HERE=()
	rm -rf "${OFFERED%/*}"
	enroll hanako
	write_conf 'self_enroll = yes'
	answers session org.freedesktop.Notifications Notify
	sim remove
	start_watch
	until_true 10 sleeps "$WATCH_PID" || fail 'it does not wait for a card'
	[ ! -e "$MARK.Notify" ] || fail 'told without a card'
	put_card 'good profile=juki'
	sim stats reset
	sim remove
	put_card other-person
	sim stats reset
	sim remove
	sim insert
	expect_called Notify jpki-watch
	until_true 10 watch_has_ended || fail 'it goes on'
	expect_equal 'PINs' 0 "$(stat_of verifies)"
	[ "$(stat_of apdus)" -le 3 ] || fail "$(stat_of apdus) commands to the card"
	expect_equal 'owner and mode' 'hanako 600' "$(stat -c '%U %a' "$OFFERED")"
	rm -f "$MARK.Notify"
	watch_ends 0 'nothing to watch: on_removal = none'
	[ ! -e "$MARK.Notify" ] || fail 'told again'
	end_answers
	enroll hanako good
}

offers_nothing()
{
	HERE=()
	answers session org.freedesktop.Notifications Notify
	rm -rf "${OFFERED%/*}"
	write_conf 'self_enroll = yes'
	watch_ends 0 'nothing to watch'
	enroll hanako
	write_conf '# no'
	watch_ends 0 'nothing to watch'
	write_conf 'self_enroll = yes'
	HERE=(SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22')
	watch_ends 0 'nothing to watch: this is a remote session'
	HERE=(XDG_STATE_HOME=relative HOME=)
	watch_ends 0 'nothing to watch'
	HERE=()
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	put_card 'good profile=juki'
	start_watch
	until_true 10 sleeps "$WATCH_PID" || fail 'it does not wait for another card'
	end_watch
	[ ! -e "$MARK.Notify" ] || fail 'told'
	end_answers
	# Nothing shows it: at the next login, then.
	put_card other-person
	start_watch
	until_true 30 watch_has_ended || { fail 'it goes on'; end_watch; }
	[ ! -e "$OFFERED" ] || fail 'a notification that was not shown counts as shown'
	enroll hanako good
}

# The administrator's command, as the user; no shell, so that nothing else happens.
runs_a_command()
{
	write_conf 'on_removal = command' 'removal_grace = 0' \
		"removal_command = /usr/bin/install -m 600 /etc/hostname $MARK"
	start_watch touch "$MARK-users"
	expect_event found
	sim remove
	until_true 10 mark_is_there || fail 'the command did not run'
	expect_equal 'owner and mode' 'hanako 600' "$(stat -c '%U %a' "$MARK")"
	[ ! -e "$MARK-users" ] || fail "the user's command ran"
	end_watch
}

command_fails()	# COMMAND REGEX
{
	write_conf 'removal_grace = 0'
	start_watch "$1"
	expect_event found
	sim remove
	expect_logged "$2"
	sim insert
	expect_event back	# and it watches on
	end_watch
}

# The processes that it starts stay its children until it has waited for them, whatever it inherited:
# their numbers belong to no other process when it ends them.
buries_its_own()
{
	write_conf 'removal_grace = 0'
	HERE=(env --ignore-signal=CHLD)
	start_watch "${leaves_mark[@]}"
	HERE=()
	expect_event found
	# bit 16: signal 17
	expect_equal 'SIGCHLD ignored' 0 $((0x$(sed -n 's/^SigIgn:\t//p' "/proc/$WATCH_PID/status") >> 16 & 1))
	sim remove
	until_true 10 mark_is_there || fail 'the command did not run'
	sim insert
	expect_event back
	expect_equal 'children, dead ones too' '' "$(pgrep -P "$WATCH_PID")"
	end_watch
}

# A locker that is up does not hold the watcher up, and does not go with it.
locker_outlives_the_watcher()
{
	local locker

	write_conf 'removal_grace = 0'
	start_watch sleep 600
	expect_event found
	sim remove
	until_true 10 pgrep -x -u hanako sleep >/dev/null || fail 'the command did not run'
	locker=$(pgrep -x -u hanako sleep)
	sim insert
	expect_event back
	expect_equal 'descriptors of the locker' '0 1 2' "$("${PERSON[@]}" ls "/proc/$locker/fd" | tr '\n' ' ' | sed 's/ $//')"
	end_watch
	process_gone "$locker" && fail 'it ended with the watcher'
	kill "$locker"
}

# --- what is not watched ---------------------------------------------------------------------

nothing_to_watch()
{
	write_conf '# nothing but defaults'
	watch_ends 0 'on_removal = none, and no command is given'
	HERE=(SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22')
	watch_ends 0 'a remote session' true
	HERE=(JPKI_SESSION_SERVICE=sshd)
	write_conf 'removal_exempt = login,sshd'
	watch_ends 0 'sessions of sshd are exempt' true
	HERE=()
	enroll hanako
	watch_ends 0 'no card is registered for hanako' true
	enroll hanako good
	reset_config
}

logind_says()	# STATE
{
	logind_has e2e7 SERVICE=xdm "STATE=$1"
}

watch_gone()
{
	process_gone "$WATCH_PID"
}

session_ends()	# COMMAND…: what logind does about it
{
	HERE=(XDG_SESSION_ID=e2e7)
	logind_says active
	write_conf 'removal_grace = 0'
	start_watch "${leaves_mark[@]}"
	expect_event found
	"$@"
	sim remove
	if until_true 10 watch_gone; then
		wait "$WATCH_PID"
		expect_equal 'exit status' 0 $?
	else
		fail 'it watches on'
		end_watch
	fi
	expect_logged 'the session has ended'
	mark_is_there && fail 'the command ran'
	rm -f /run/systemd/sessions/e2e7
}

exempt_by_logind()
{
	HERE=(XDG_SESSION_ID=e2e7)
	logind_says active
	write_conf 'removal_exempt = xdm'
	watch_ends 0 'sessions of xdm are exempt' true
	rm -f /run/systemd/sessions/e2e7
}

# What an earlier session left in the user's service manager (loginctl enable-linger) is not believed:
# STALE is in the environment, the card of yesterday is away, and that is no removal today.
yesterdays_card()	# LEADER WORD…
{
	local ours long

	sim remove
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)" JPKI_SESSION_SERVICE=login "${@:2}")
	write_conf 'removal_grace = 0' 'removal_exempt = login'
	# A value as long as a buffer of 256 bytes, and then the leader that was.
	long=DESKTOP=$(printf 'x%.0s' {1..247})LEADER=4711
	"$E2E_TOP/tests/e2e/in-session" --record "$long LEADER=$1 SERVICE=xdm" 0 "${PERSON[@]}" LANG=C.UTF-8 "${HERE[@]}" \
		jpki-watch "${leaves_mark[@]}" >> "$LOG" 2>&1 < /dev/null &
	ours=$!
	expect_event begin
	expect_logged 'JPKI-WATCH event=begin reader=- cert=- session=e2e '
	poll_until_past 6	# five seconds are what a card has at the begin
	event removed && fail 'the card of another session counts as away'
	sim insert
	expect_event found
	sim remove
	expect_event removed
	pkill_watch
	wait "$ours"
	rm -f /run/systemd/sessions/e2e
}

pkill_watch()
{
	local pid

	for pid in $(pgrep -x -u hanako jpki-watch); do end_process "$pid"; done
}

# The same words in the session that they are of.
todays_card()
{
	local ours

	sim remove
	write_conf 'removal_grace = 0'
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)" JPKI_SESSION_SERVICE=login JPKI_SESSION_LEADER=4711 XDG_SESSION_ID=e2e)
	"$E2E_TOP/tests/e2e/in-session" --record 'LEADER=4711 SERVICE=xdm' 0 "${PERSON[@]}" LANG=C.UTF-8 "${HERE[@]}" \
		jpki-watch "${leaves_mark[@]}" >> "$LOG" 2>&1 < /dev/null &
	ours=$!
	expect_event begin
	expect_logged "JPKI-WATCH event=begin reader=- cert=$(fingerprint good) session=e2e "
	until_true 15 mark_is_there || fail 'the card of this session does not count as away'
	pkill_watch
	wait "$ours"
	rm -f /run/systemd/sessions/e2e
}

remote_by_logind()
{
	needs sessions || return
	RUN_LIMIT=10 run "$E2E_TOP/tests/e2e/in-session" 1 "${PERSON[@]}" jpki-watch true
	[ "$STATUS" != 77 ] || { fail 'no control groups here'; return; }
	expect_equal 'exit status' 0 "$STATUS"
	expect_logged 'a remote session'
}

cannot_watch()
{
	HERE=(JPKI_SESSION_CERT="$(fingerprint good)0")
	watch_ends 2 'no longer registered' true
	enroll hanako
	watch_ends 2 'JPKI-E-NOT-ENROLLED' true
	enroll hanako good
	HERE=()
	write_conf 'on_removal = sometimes'
	watch_ends 2 'not possible; write none, lock' true
	write_conf 'on_removal = command'
	watch_ends 2 'removal_command is not set'
	write_conf 'on_removal = logout'
	watch_ends 2 'needs a session of logind'
	printf 'nonsense\n' > "$USERS/hanako.pem"
	write_conf '# nothing but defaults'
	watch_ends 2 'JPKI-E-ENROLMENT' true
	reset_config
	run "${PERSON[@]}" jpki-watch --nonsense
	expect_equal 'exit status' 2 "$STATUS"
}

# --- a card that is blocked -------------------------------------------------------------------

FLEET=/var/lib/pam_jpki/fleet

lay_fleet()
{
	rm -rf "$FLEET"
	mkdir -p "$FLEET/users" "$FLEET/blocked"
	printf 'time %s\n' "$(date +%s)" > "$FLEET/state"
}

# whole NAME: SHA-256 of that certificate
whole()
{
	sha256sum "$PKI/$1.der" | cut -d' ' -f1
}

number_of()	# LEAF AUTHORITY
{
	printf '%s-%s\n' "$(openssl x509 -in "$PKI/$2.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)" \
		"$(openssl x509 -in "$PKI/$1.crt" -noout -serial | cut -d= -f2 | tr A-F a-f)"
}

# On a real screen, after login(1) with the card: a block of the card locks the screen, and the blocked card cannot open it.
# The end of the block does not open it either; after it the PIN does.
blocked_on_a_screen()
{
	local from took

	LOCKER=i3lock
	write_conf 'removal_grace = 2'
	use_screen || { fail 'no display'; return; }
	log_in_and_watch || return
	from=$(now_ms)
	jpkictl block "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not blocked'
	until_true 10 is_locked || fail 'the screen is not locked'
	took=$(($(now_ms) - from))
	echo "# locked $took ms after jpkictl block began"
	[ $took -lt 3000 ] || fail "locked after $took ms"
	expect_event blocked
	type_text "$PIN"
	press Return
	expect_logged 'JPKI-E-BLOCKED user=hanako service=i3lock'
	process_gone "$LOCKER_PID" && fail 'the blocked card opened the screen'
	jpkictl unblock "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not unblocked'
	sleep 1
	process_gone "$LOCKER_PID" && fail 'the end of the block opened the screen'
	type_text "$PIN"
	press Return
	until_true 10 process_opened || fail 'the PIN does not open the screen'
	end_process "$WATCH_PID"
	wait "$LOGIN_PID"
	rm -f /home/hanako/.bash_profile
}

# Without on_removal: the session of a card is locked over the buses, and only for this card.
blocked_locks_by_bus()
{
	local from took

	HERE=(XDG_SESSION_ID=c7 "JPKI_SESSION_CERT=$(fingerprint good)")
	logind_has c7 STATE=active
	lay_fleet
	write_conf "fleet_dir = $FLEET"
	answers system org.freedesktop.login1 LockSession
	answers session org.freedesktop.ScreenSaver Lock
	start_watch
	expect_event begin
	for i in $(seq 500); do : > "$FLEET/blocked/$(printf %s "$i" | sha256sum | cut -d' ' -f1)"; done
	: > "$FLEET/blocked/$(number_of good ca2)"
	: > "$FLEET/blocked/$(whole other-person)"
	sleep 1
	[ ! -e "$MARK.LockSession" ] || fail "other cards' blocks lock the screen"
	from=$(now_ms)
	: > "$FLEET/blocked/$(number_of good ca1)"
	expect_called LockSession c7
	took=$(($(now_ms) - from))
	expect_called Lock
	echo "# locked $took ms after the block"
	[ $took -lt 2000 ] || fail "locked after $took ms"
	expect_logged "JPKI-WATCH event=blocked reader=- cert=$(fingerprint good) session=c7 action=lock"
	rm "$FLEET/blocked/$(number_of good ca1)" "$MARK.LockSession"
	sleep 1
	[ ! -e "$MARK.LockSession" ] || fail 'the end of a block locks the screen'
	: > "$FLEET/blocked/$(whole good)"
	expect_called LockSession c7
	end_watch
	end_answers
}

# There is no desktop yet, or no longer: it is tried again.
blocked_locks_later()
{
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch
	expect_event begin
	jpkictl block "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not blocked'
	expect_event failed
	answers session org.freedesktop.ScreenSaver Lock
	expect_called Lock
	end_watch
	end_answers
}

# A command, with the card there, away, and without pcscd.
blocked_runs_a_command()
{
	local state

	lay_fleet
	write_conf "fleet_dir = $FLEET" 'removal_grace = 60'
	for state in there away no-pcscd; do
		rm -f "$FLEET/blocked"/* "$MARK"
		start_watch "${leaves_mark[@]}"
		expect_event begin
		case $state in
		there) expect_event found ;;
		away) sim remove ;;
		no-pcscd) stop_sim; stop_pcscd ;;
		esac
		: > "$FLEET/blocked/$(whole good)"
		until_true 10 mark_is_there || fail "$state: nothing is done"
		end_watch
	done
	start_pcscd
	start_sim "$(card_dir good)"
}

# The block came before the watch: the session of that card is locked, even if it is no longer registered, and another
# session of the same user is not.
blocked_before_the_watch()
{
	jpkictl block "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not blocked'
	write_conf 'removal_grace = 60'
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	start_watch "${leaves_mark[@]}"
	until_true 10 mark_is_there || fail 'nothing is done'
	end_watch
	rm -f "$MARK"
	enroll hanako other-person
	start_watch "${leaves_mark[@]}"
	until_true 10 mark_is_there || fail 'nothing is done without a registration'
	end_watch
	rm -f "$MARK"
	lay_fleet
	: > "$FLEET/blocked/$(whole good)"
	write_conf "fleet_dir = $FLEET" 'removal_grace = 60'
	jpkictl unblock "$PKI/good.crt" >> "$LOG" 2>&1
	enroll hanako
	start_watch "${leaves_mark[@]}"
	until_true 10 mark_is_there || fail 'nothing is done by the copy without a registration'
	end_watch
	rm -f "$MARK"
	enroll hanako good
	HERE=()
	start_watch "${leaves_mark[@]}"
	expect_event begin
	sleep 1
	mark_is_there && fail 'a session without a card is locked for an old block'
	end_watch
	rm -rf "$FLEET"
}

# A card is lost: first its registration is removed, then the watch is started again, and then the card is blocked.
blocked_after_its_registration()
{
	local left by

	lay_fleet
	HERE=("JPKI_SESSION_CERT=$(fingerprint good)")
	for left in '' other-person broken; do
		for by in root organization; do
			rm -f "$FLEET/blocked"/* "$MARK" "$USERS/hanako.pem" "$FLEET/users"/*
			case $left in
			'') enroll hanako ;;
			broken) printf 'nonsense\n' > "$USERS/hanako.pem" ;;
			*) enroll hanako "$left" ;;
			esac
			write_conf "fleet_dir = $FLEET" 'removal_grace = 60'
			SYSLOG_FROM=$(syslog_size)
			start_watch "${leaves_mark[@]}"
			expect_event begin
			: > "$FLEET/blocked/$(whole other-person)"
			sleep 0.5
			mark_is_there && fail "$left: another card's block locks the session"
			case $by in
			root) jpkictl block "$(whole good)" >> "$LOG" 2>&1 || fail 'not blocked' ;;
			organization) : > "$FLEET/blocked/$(whole good)" ;;
			esac
			until_true 10 mark_is_there || fail "${left:-nothing} is registered, blocked by $by: nothing is done"
			end_watch
			rm -f /etc/pam_jpki/blocked
		done
	done
	enroll hanako good
	rm -rf "$FLEET"
}

# --- files ---------------------------------------------------------------------------------

files_are_valid()
{
	local unit=/usr/lib/systemd/user/jpki-watch.service entry=/etc/xdg/autostart/jpki-watch.desktop

	run "${PERSON[@]}" systemd-analyze verify --user --man=no "$unit"
	expect_equal 'what systemd-analyze says' '' "$OUT"
	expect_equal 'its exit status' 0 "$STATUS"
	expect_equal 'the program of the entry' /usr/bin/jpki-watch "$(sed -n 's/^Exec=//p' "$entry")"
	[ -x "$(sed -n 's/^Exec=//p' "$entry")" ] || fail 'the program of the entry is not there'
}

watch()	# NAME FUNCTION [ARGUMENT…]
{
	HERE=()
	rm -f "$MARK" "$MARK".*
	run_case "watch: $1" "${@:2}"
	reset_config
}

reset_config
make_runtime
mkdir -p "${MARK%/*}"
chmod 1777 "${MARK%/*}"
ANSWERING=()
LOCKER=i3lock
POSSIBLE=$(missing_for i3lock)
if [ -z "$POSSIBLE" ]; then
	watch 'the screen is locked when the card leaves, and opened by card and PIN' locks_and_unlocks
else
	skip 'watch: the screen is locked when the card leaves, and opened by card and PIN' "$POSSIBLE"
fi
if [ -z "$POSSIBLE" ]; then
	watch 'the screen is locked when the card is blocked, and stays so' blocked_on_a_screen
else
	skip 'watch: the screen is locked when the card is blocked, and stays so' "$POSSIBLE"
fi
watch 'blocked: a command' blocked_runs_a_command
watch 'blocked before the watch' blocked_before_the_watch
watch 'blocked after its registration was removed' blocked_after_its_registration
watch "the card in and out, $CYCLES times" in_and_out
watch 'in and out faster than it looks' faster_than_it_looks
watch 'back in time' back_in_time
watch 'another card' another_card
watch 'the machine wakes up, and then the reader' wakes_up
watch 'the card is renewed' card_is_renewed
watch 'the card has left before the watch' left_before_the_watch
watch 'pcscd restarts' service_restarts
watch 'pcscd comes late' service_comes_late
watch 'pcscd of another version' service_of_another_version
if command -v dbus-daemon >/dev/null && busanswer 2>/dev/null; [ $? = 2 ] && start_buses; then
	watch 'locked by logind and the desktop' locks_by_bus
	watch 'locked by the desktop alone, or not at all' locks_by_one_bus
	watch 'logged out by logind' logs_out_by_bus
	watch 'blocked: locked by logind and the desktop' blocked_locks_by_bus
	watch 'blocked: locked as soon as it is possible' blocked_locks_later
	watch 'a card to be registered is offered once' offers_to_register
	watch 'no card to be registered is offered' offers_nothing
	end_process "$SESSION_BUS_PID"
else
	skip 'watch: lock and logout over D-Bus' 'no dbus-daemon, no display or built without libsystemd'
fi
watch "the administrator's command" runs_a_command
watch 'a command that is not there' command_fails /nonexistent 'No such file or directory: no action taken'
watch 'a command that fails' command_fails /bin/false '/bin/false: ended with status 1'
watch 'buries its own' buries_its_own
watch 'a locker outlives the watcher' locker_outlives_the_watcher
watch 'nothing to watch' nothing_to_watch
if grep -q '^#define HAVE_LIBSYSTEMD 1' "$E2E_BUILD/config.h"; then
	watch 'a session that logind calls remote' remote_by_logind
	watch 'a session that logind knows, of an exempt service' exempt_by_logind
	needs sessions watch 'what a session left that is over' yesterdays_card 4711 XDG_SESSION_ID=c6 JPKI_SESSION_LEADER=4711
	needs sessions watch 'what another session left, opened by a card' yesterdays_card 4712 XDG_SESSION_ID=e2e JPKI_SESSION_LEADER=4711
	needs sessions watch 'what this session left' todays_card
	watch 'a session that is over' session_ends rm /run/systemd/sessions/e2e7
	watch 'a session that is closing' session_ends logind_says closing
else
	skip 'watch: what logind says' 'built without libsystemd'
fi
watch 'cannot watch' cannot_watch
if command -v systemd-analyze >/dev/null; then
	watch 'unit and autostart entry' files_are_valid
else
	skip 'watch: unit and autostart entry' 'no systemd-analyze'
fi
end_screens
reset_config

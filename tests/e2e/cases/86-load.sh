# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Many people at once, each a process of its own with the real libpam, on one card and on
# eight readers, also while pcscd is killed and started again.
#
# What is right, for every login:
# - It ends within its time: wait and timeout.
# - It ends in success, and the card has made a signature for it; or its card is busy
#   for as long as it may wait: wait before the prompt, and half of what is left of timeout
#   after it (pam_jpki.conf(5)). Where pcscd goes, all
#   whom it served end without the service (JPKI-E-NO-SERVICE), for a helper that has
#   looked at a card connects no more (helper/cage.h); who comes later, succeeds.
# - No try is lost but by a wrong PIN: by that, one, of that card.
# - No helper stays, no card stays verified or under power since it was given a PIN.
# shellcheck disable=SC2034 # SOCK, CARD_SPEC are lib.sh's
# shellcheck disable=SC2013 # names of files are words

LOGINS=200
PEOPLE=(good good2 other-person renewed soon rsa4096 ec256 ec384)	# each with a card
LATE=20		# of them begin when pcscd has been started again
TIMEOUT=30
WAIT=15	# for a card that others take first
RESULTS=$WORK/load
GONE='NO-SERVICE|SERVICE-REFUSED|NO-READER|NO-CARD|CARD-REMOVED|CARD-MUTE|CARD-BUSY'

# A login that begins when the gate opens. (Nice to other files of cases, which run beside this.)
start_login()	# PERSON PIN [SERVICE]
{
	{ flock -s 0; exec nice pamdrive --service "${3-load}" --time --user "$1" "pin=$2" auth; } \
		< "$RESULTS/gate" > "$RESULTS/${#PIDS[@]}" 2>&1 7>&- &
	PIDS+=($!)
}

close_gate()	# WAIT
{
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	install_pam_service load "$(stack "wait=$1 timeout=$TIMEOUT")"
	exec 7> "$RESULTS/gate"
	flock 7
	PIDS=()
}

open_gate()
{
	exec 7>&-
}

# Logins with the right PIN, by turns of these people.
start_logins()	# COUNT PERSON…
{
	local i people=("${@:2}")

	for ((i = 0; i < $1; i++)); do
		start_login "${people[i % ${#people[@]}]}" "$PIN"
	done
}

ended()	# COUNT: that many logins or more have
{
	[ "$(grep -lE '^hygiene = ' "$RESULTS"/[0-9]* | wc -l)" -ge "$1" ]
}

# The outcome of each that has one, as the log has it: "CODE" per line.
outcomes()
{
	syslog_new | sed -nE 's/.*pam_jpki\(load[a-z-]*:auth\): JPKI-(E-)?([A-Z-]+) user=.*/\2/p'
}

count_outcomes()	# REGEX
{
	outcomes | grep -cxE -- "$1"
}

# Prints figures, and expects what is true in any case.
check_logins()	# WAIT
{
	local limit=$((($1 + TIMEOUT + 3) * 1000)) figures

	wait "${PIDS[@]}"
	figures=$(sed -nE 's/^time = ([0-9]+).*/\1/p' "$RESULTS"/[0-9]* | sort -n |
		awk '{ t[NR] = $1 } END { printf "%d %d %d", NR, t[int((NR + 1) / 2)], t[NR] }')
	# shellcheck disable=SC2086 # three words
	set -- $figures
	printf '# %s: %d of %d succeeded (%s), median %d ms, longest %d ms\n' "$CASE" "$(count_outcomes OK)" \
		"$1" "$(outcomes | sort | uniq -c | awk '{ printf "%s%s %d", sep, $2, $1; sep = ", " }')" "$2" "$3"
	expect_equal 'logins that ended' "$LOGINS" "$1"
	expect_equal 'outcomes in the log' "$LOGINS" "$(outcomes | wc -l)"
	[ "$3" -le "$limit" ] || fail "a login took $3 ms, more than $limit ms"
	expect_equal 'successes' "$(count_outcomes OK)" "$(grep -lx 'auth = 0 PAM_SUCCESS' "$RESULTS"/[0-9]* | wc -l)"
	expect_equal 'host processes unchanged' "$LOGINS" "$(grep -lx 'hygiene = ok' "$RESULTS"/[0-9]* | wc -l)"
	until_true 5 none_runs jpki_helper || fail "helpers left: $(pgrep -x jpki_helper | wc -l)"
}

# Without anything amiss, all succeed but those who wait in vain for as long as they may, and
# those with a wrong PIN (PAM_AUTH_ERR).
expect_success()	# WRONG-PINS WAIT
{
	local file busy=0 least=$((($2 > 3 ? $2 : 3) * 1000)) after=$(((TIMEOUT - 3) * 500))

	[ $least -lt $after ] || least=$after

	for file in $(grep -LE '^auth = (0|7) ' "$RESULTS"/[0-9]*); do
		[ "$(sed -nE 's/^time = ([0-9]+).*/\1/p' "$file")" -ge $least ] ||
			fail "a login gave up early: $(grep -E '^error|^time' "$file" | tr '\n' ' ')"
		busy=$((busy + 1))
	done
	expect_equal 'busy cards' $busy "$(count_outcomes CARD-BUSY)"
	expect_equal 'successes' $((LOGINS - busy - $1)) "$(count_outcomes OK)"
}

expect_card()	# TRIES: of the one at SOCK
{
	expect_equal 'tries left' "$1" "$(sim get auth-tries)"
	expect_equal 'tries left of the signature PIN' 5 "$(sim get sign-tries)"
	expect_card_forgot
}

restart_pcscd()	# SIGNAL READERS
{
	until_true $TIMEOUT ended 20 || fail 'no login succeeds'
	disown "$PCSCD_PID"	# else bash reports its end
	kill "-$1" "$PCSCD_PID"
	until_true 5 process_gone "$PCSCD_PID" || fail 'pcscd does not end'
	start_pcscd "$2"
}

expect_survivors()
{
	local others i

	others=$(outcomes | grep -vxE "OK|$GONE" | sort -u | tr '\n' ' ')
	expect_equal 'other outcomes' '' "$others"
	for ((i = LOGINS - LATE; i < LOGINS; i++)); do
		grep -qx 'auth = 0 PAM_SUCCESS' "$RESULTS/$i" ||
			fail "with the new pcscd: $(grep -E '^error|^auth' "$RESULTS/$i" | tr '\n' ' ')"
	done
}

# --- one card ------------------------------------------------------------------------

one_card()
{
	close_gate $WAIT
	start_logins $LOGINS hanako
	open_gate
	check_logins $WAIT
	expect_success 0 $WAIT
	expect_card 3
	expect_equal 'signatures' "$(count_outcomes OK)" "$(stat_of signs)"
	expect_equal 'VERIFY commands' "$(count_outcomes OK)" "$(stat_of verifies)"
}
run_case "load: $LOGINS logins at once on one card" one_card

# Without wait, three seconds are enough where few come at the same time.
one_card_without_wait()
{
	local LOGINS=20

	close_gate 0
	start_logins $LOGINS hanako
	open_gate
	check_logins 0
	expect_equal 'successes' $LOGINS "$(count_outcomes OK)"
	expect_card 3
}
run_case 'load: twenty logins at once on one card, without wait' one_card_without_wait

one_card_restart()
{
	close_gate 5
	start_logins $((LOGINS - LATE)) hanako
	open_gate
	restart_pcscd KILL 1
	start_logins $LATE hanako
	check_logins 5
	expect_survivors
	expect_card 3
	[ "$(stat_of signs)" -ge "$(count_outcomes OK)" ] || fail 'success without a signature'
}
run_case "load: pcscd killed and started again during $LOGINS logins on one card" one_card_restart

# --- one program that never ends --------------------------------------------------------

# Memory and descriptors of a display manager, say, after a hundred logins and after a thousand.
thousand_logins()
{
	local i script=() before after sizes=$WORK/sizes

	: > "$sizes"
	install_pam_service load "$(stack "timeout=$TIMEOUT")"
	for ((i = 1; i <= 1000; i++)); do
		case $i in
		100|1000) script+=("exec=sed -n 's/^VmRSS:[^0-9]*//p' /proc/\$PPID/status >> $sizes") ;;
		esac
		script+=("pin=$PIN" auth)
	done
	RUN_LIMIT=300 run pamdrive --service load --user hanako "${script[@]}"
	expect_equal 'successes' 1000 "$(grep -cx 'auth = 0 PAM_SUCCESS' <<< "$OUT")"
	expect_equal 'host process unchanged' 1000 "$(grep -cx 'hygiene = ok' <<< "$OUT")"
	expect_equal 'signatures' 1000 "$(stat_of signs)"
	{ read -r before _ && read -r after _; } < "$sizes"
	printf '# %s: %s KiB after a hundred, %s KiB after a thousand\n' "$CASE" "$before" "$after"
	[ $((after - before)) -le 128 ] || fail "the program grew from $before to $after KiB"
	until_true 5 none_runs jpki_helper || fail 'a helper is left'
	expect_card 3
}
run_case 'load: a thousand logins in one program' thousand_logins

# --- eight readers ---------------------------------------------------------------------

at_reader()	# N COMMAND…
{
	local SOCK=$WORK/reader$1.sock VPCD_PORT=$((VPCD_PORT + $1))

	"${@:2}"
}

eight_sims()
{
	local i

	stop_sim
	stop_pcscd
	start_pcscd 4
	SIMS=()
	for i in "${!PEOPLE[@]}"; do
		enroll "${PEOPLE[i]}" "${PEOPLE[i]}"
		at_reader "$i" start_sim "$(card_dir "${PEOPLE[i]}")"
		SIMS+=("$SIM_PID")
	done
}

one_sim()
{
	for SIM_PID in "${SIMS[@]}"; do stop_sim; done
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
}

# Seven people who log in all the time, and one whose PIN was wrong once. Each login looks for its card in all readers,
# and on a busy machine may give up after three seconds. The one with the wrong PIN waits longer: its try is counted.
eight_readers()
{
	local i

	close_gate 0
	install_pam_service load-patient "$(stack "wait=$WAIT timeout=$TIMEOUT")"
	start_login "${PEOPLE[7]}" "$WRONG_PIN" load-patient
	start_logins $((LOGINS - 1)) "${PEOPLE[@]:0:7}"
	open_gate
	check_logins $WAIT
	expect_success 1 0
	expect_equal 'wrong PINs' 1 "$(count_outcomes PIN-WRONG)"
	for i in "${!PEOPLE[@]}"; do
		at_reader "$i" expect_card $((i == 7 ? 2 : 3))
	done
	expect_equal 'VERIFY commands to that card' 1 "$(at_reader 7 stat_of verifies)"
}

eight_readers_restart()
{
	local i signs=0

	close_gate 5
	start_logins $((LOGINS - LATE)) "${PEOPLE[@]}"
	open_gate
	restart_pcscd TERM 4
	start_logins $LATE "${PEOPLE[@]}"
	check_logins 5
	expect_survivors
	for i in "${!PEOPLE[@]}"; do
		at_reader "$i" expect_card 3
		signs=$((signs + $(at_reader "$i" stat_of signs)))
	done
	[ $signs -ge "$(count_outcomes OK)" ] || fail 'success without a signature'
}

# As run_case, with each person's card fresh on a reader of its own.
eight_case()	# NAME FUNCTION
{
	begin "$1" || return 0
	eight_sims
	"$2"
	one_sim
	end
}
eight_case "load: $LOGINS logins at once on eight readers" eight_readers
eight_case "load: pcscd ended and started again during $LOGINS logins on eight readers" eight_readers_restart

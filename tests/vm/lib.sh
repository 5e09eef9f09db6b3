# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The machine of tests/field and what its cases are written with. Sourced by run-inside, in a
# network of its own. The machine boots once, from an image that keeps nothing; a person sits at
# its serial line, and commands of root go in by another way (agent). The card is the simulated
# one, its tries and its PIN state are looked at from here, as in tests/e2e/lib.sh.
#
# shellcheck disable=SC2034 # the cases use what is not used here

PIN=8275
WRONG_PIN=8276
PASSWORD=s3cret-word
PROMPT='PIN of the user-authentication certificate'
PKI=$E2E_BUILD/tests/pki/out
WORK=/tmp/field
LINE_PORT=4000 AGENT_PORT=4001 MONITOR_PORT=4002 READER_PORT=4003 CARD_PORT=35963
BOOT_LIMIT=600			# seconds, on a machine that has other things to do
LIMIT=180			# for a command, or for something on the screen

LOG=$E2E_LOGS/machine.log
CASE=
CASE_FAILED=
CARD_SPEC=
COMMANDS=0
PASSED=0
FAILED=0
SKIPPED=0

machine_die()
{
	printf '%s\n' "$*" >&2
	exit 2
}

# --- results -------------------------------------------------------------------

fail()
{
	CASE_FAILED+="${CASE_FAILED:+; }$*"
}

is_wanted()
{
	local pattern

	[ ${#PATTERNS[@]} -gt 0 ] || return 0
	for pattern in "${PATTERNS[@]}"; do
		# shellcheck disable=SC2254 # a pattern is what it is meant to be
		case $1 in *$pattern*) return 0 ;; esac
	done
	return 1
}

begin()	# NAME
{
	CASE=$1
	CASE_FAILED=
	CASE_FROM=$SECONDS
	is_wanted "$1" || return 1
	LOG=$E2E_LOGS/cases/${1//[^A-Za-z0-9._-]/_}.log
	: > "$LOG"
	journal > /dev/null
}

end()
{
	if [ -z "$CASE_FAILED" ]; then
		printf 'ok %s (%d s)\n' "$CASE" $((SECONDS - CASE_FROM))
		PASSED=$((PASSED + 1))
		return
	fi
	printf 'not ok %s: %s\n' "$CASE" "$CASE_FAILED"
	guest journalctl -q -o short -n 30
	sed 's/^/    | /' "$LOG" | tail -n 60
	FAILED=$((FAILED + 1))
}

run_case()	# NAME FUNCTION [ARGUMENT…]
{
	begin "$1" || return 0
	fresh_card
	"${@:2}"
	end
}

expect_equal()	# WHAT WANTED GOT
{
	[ "$2" = "$3" ] || fail "$1: wanted \"$2\", got \"$3\""
}

expect_has()	# WHAT TEXT ALL
{
	[[ $3 == *"$2"* ]] || fail "$1 lacks \"$2\""
}

expect_lacks()	# WHAT TEXT ALL
{
	[[ $3 != *"$2"* ]] || fail "$1 has \"$2\""
}

until_true()	# SECONDS COMMAND…
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.3
	done
}

# --- the machine -----------------------------------------------------------------

# run COMMAND…: here, not in the machine. OUT, STATUS.
run()
{
	{ printf '\n$'; printf ' %q' "$@"; echo; } >> "$LOG"
	OUT=$(timeout -k 5 $((LIMIT * 3)) "$@" 2>&1 </dev/null)
	STATUS=$?
	printf '%s\n[exit %s]\n' "$OUT" "$STATUS" >> "$LOG"
}

# guest WORD…: a command in the machine, as root, in no session. OUT, STATUS.
guest()
{
	local answer number

	{ printf '\n#'; printf ' %q' "$@"; echo; } >> "$LOG"
	printf '%d %s\n' $((++COMMANDS)) "$(printf '%q ' "$@" | base64 -w 0)" >&"$AGENT"
	OUT=''
	STATUS=999
	until read -r -t $((LIMIT * 2)) number STATUS answer <&"$AGENT" && [ "$number" = "$COMMANDS" ]; do
		# An earlier one may have been given up, and answered since.
		[ -n "$number" ] || { STATUS=999; fail "no answer from the machine to: $*"; return; }
	done
	OUT=$(base64 -d <<< "$answer")
	printf '%s\n[exit %s]\n' "$OUT" "$STATUS" >> "$LOG"
}

# guest_does WORD…: which has to succeed.
guest_does()
{
	guest "$@"
	[ "$STATUS" = 0 ] || fail "\"$*\" ended with $STATUS: ${OUT##*$'\n'}"
}

guest_put()	# FILE PATH-IN-THE-MACHINE
{
	guest_does sh -c 'printf %s "$1" | base64 -d > "$2"' sh "$(base64 -w 0 "$1")" "$2"
}

guest_write()	# PATH-IN-THE-MACHINE LINE…
{
	guest_does sh -c 'path=$1; shift; printf "%s\n" "$@" > "$path"' sh "$@"
}

# The end of a boot: the machine says so by itself.
await_machine()
{
	local line

	until read -r -t "$BOOT_LIMIT" line <&"$AGENT" && [ "$line" = ready ]; do
		[ -n "$line" ] || machine_die "the machine does not come up: see console.log"
	done
}

# What the journal has got since this was called last.
journal()
{
	guest journalctl -q -b -o cat --cursor-file=/run/field.cursor
	printf '%s\n' "$OUT"
}

# The reader, for monitor.
UNPLUG='device_del reader'
READER="usb-ccid,id=reader,bus=usb.0,pcap=$WORK/usb"
SLOT='ccid-card-passthru,id=slot,chardev=reader,bus=reader.0'
PLUG="'device_add $READER' 'device_add $SLOT'"

port()	# NAME PORT
{
	printf 'socket,id=%s,host=127.0.0.1,port=%d,server=on,wait=off' "$1" "$2"
}

# The kernel talks to the second serial line; the first is a person's alone.
start_qemu()
{
	local arguments=(
		-accel 'tcg,thread=multi' -smp 2 -m 1024 -nodefaults -no-user-config -display none
		-kernel "$KEPT/vmlinuz" -initrd "$KEPT/initrd"
		-append "root=/dev/vda rw console=$KERNEL_LINE loglevel=4"
		-drive "file=$KEPT/machine.img,if=virtio,format=raw,snapshot=on"
		-chardev "$(port line $LINE_PORT),logfile=$E2E_LOGS/line.log" -serial chardev:line
		-serial "file:$E2E_LOGS/console.log"
		-chardev "$(port monitor $MONITOR_PORT)" -mon chardev=monitor
		-device virtio-rng-pci -device virtio-serial-pci
		-chardev "$(port agent $AGENT_PORT)" -device 'virtserialport,chardev=agent,name=field'
		-chardev "$(port reader $READER_PORT)" -device 'qemu-xhci,id=usb'
		-device "$READER" -device "$SLOT"
	)

	[ "$ARCH" != arm64 ] || arguments+=(-drive "file=$KEPT/tests.tar,if=virtio,format=raw,readonly=on")
	mkfifo "$WORK/usb" && exec {USB}<>"$WORK/usb" || return
	TMPDIR=/var/tmp "${QEMU[@]}" "${arguments[@]}" > "$E2E_LOGS/qemu.log" 2>&1 </dev/null &
}

connect_agent()
{
	{ exec {AGENT}<>"/dev/tcp/127.0.0.1/$AGENT_PORT"; } 2>/dev/null
}

start_machine()
{
	local from=$SECONDS

	mkdir -p "$WORK/bin" "$WORK/cards" "$E2E_LOGS/cases"
	printf '#!/bin/sh\nexec %s/tests/sim/simctl %s/sim "$@"\n' "$E2E_BUILD" "$WORK" > "$WORK/bin/sim"
	chmod 0755 "$WORK/bin/sim"
	ln -s "$E2E_TOP/tests/vm/monitor" "$WORK/bin/"
	export MONITOR_PORT PATH="$WORK/bin:$PATH"
	ip link set lo up || machine_die 'no loopback'
	start_qemu && until_true 30 connect_agent || machine_die "qemu does not start: $(tail -n 5 "$E2E_LOGS/qemu.log")"
	"$E2E_BUILD/tests/vm/vscard" --reader $READER_PORT --card $CARD_PORT --usb "$WORK/usb" \
		> "$E2E_LOGS/vscard.log" 2>&1 </dev/null &
	"$E2E_BUILD/tests/sim/jpkisim" --card "$(card_dir good)" --empty --control "$WORK/sim" --host 127.0.0.1 \
		--port $CARD_PORT > "$E2E_LOGS/sim.log" 2>&1 </dev/null &
	sim trace "$E2E_LOGS/apdu.trace" || machine_die 'no simulated card'
	await_machine
	printf '  booted in %d s\n' $((SECONDS - from))
}

# --- the card ----------------------------------------------------------------------

# card_dir 'LEAF [SIGNLEAF|none] [KEY=VALUE…]'. qemu's reader speaks T=0 alone, so has the card to.
card_dir()
{
	local dir=$WORK/cards/${1//[^A-Za-z0-9._=-]/_} spec

	read -ra spec <<< "$1"
	"$E2E_TOP/tests/sim/mkcard" "$dir" "$PKI" "${spec[@]}" "auth-pin=$PIN" atr=3B80800101 &&
		printf '%s\n' "$dir"
}

# simctl waits for pcscd, which may not run: it starts with the next who wants a card.
put_card()	# SPEC
{
	sim fault clear
	sim swap "$(card_dir "$1")" >> "$LOG" 2>&1
	[ "$(sim get inserted)" = yes ] || fail "no card in the reader: $1"
	CARD_SPEC=$1
}

# fresh_card [SPEC]: in the reader, with all its tries and no attempt yet.
fresh_card()
{
	local wanted=${1:-good}

	if [ "$wanted" != "$CARD_SPEC" ] || [ "$(sim get inserted)" != yes ]; then
		put_card "$wanted"
	fi
	guest rm -rf /var/lib/pam_jpki/guesses
	sim fault clear && sim set auth-tries 3 && sim set sign-tries 5 && sim stats reset || fail 'no fresh card'
}

stat_of()	# apdus | verifies | …
{
	local word

	for word in $(sim stats); do
		[ "${word%%=*}" = "$1" ] && { printf '%s\n' "${word#*=}"; return; }
	done
}

card_forgot()
{
	[ "$(sim get verified) $(sim get pin-since-power)" = 'none no' ]
}

# What no login may leave behind; the driver cuts the power a moment later than the login ends.
check_card()	# TRIES VERIFIES
{
	expect_equal 'tries left' "$1" "$(sim get auth-tries)"
	expect_equal 'tries left of the signature PIN' 5 "$(sim get sign-tries)"
	expect_equal 'PINs that reached the card' "$2" "$(stat_of verifies)"
	until_true 20 card_forgot || fail "PIN state left on the card: $(sim get verified), power kept: $(sim get pin-since-power)"
}

outcomes()
{
	# shellcheck disable=SC2005,SC2046 # the lines become words
	echo $(journal | sed -nE 's/.*pam_jpki\([^)]*:auth\): JPKI-(E-)?([A-Z-]+) user=.*/\2/p')
}

# --- a person ------------------------------------------------------------------------

ASKED="wait:$PROMPT \\(4 digits"
RIGHT=("$ASKED" "type:$PIN")
ENTERS=(rouse:'field login: ' type:hanako)
LEAVES=(type:exit wait:'field login: ')
HANAKO='wait:hanako@field:[^$]*\$ '
LOGS_IN=("${ENTERS[@]}" "${RIGHT[@]}" "$HANAKO")

# person NAME [KEY=VALUE…] STEP…: a user at the serial line, with the steps of
# tests/e2e/pty.exp, and what is to be said about it:
#
#   card=SPEC     what is in the reader (good)
#   before=WORDS  a command of this shell, before
#   log=WORDS     the outcomes that our module logged in this order, without JPKI- or JPKI-E- (OK)
#   says=TEXT lacks=TEXT   on the screen
#   prompts=N verifies=N   PIN prompts, PINs that reached the card (1, 1)
#   tries=N       left on the card (3)
#   after=WORDS   a command of this shell that looks at more
person()
{
	local name=$1 arg
	local -a steps=("on:$LIMIT")
	local -A c=([card]=good [before]=: [log]=OK [says]='' [lacks]='' [prompts]=1 [verifies]=1 [tries]=3 [after]=:)

	shift
	for arg; do
		case $arg in
		wait:*|type:*|key:*|do:*|on:*|rouse:*) steps+=("$arg") ;;
		*) c[${arg%%=*}]=${arg#*=} ;;
		esac
	done
	begin "$name" || return 0
	fresh_card "${c[card]}"
	eval "${c[before]}"
	guest_does systemctl restart "serial-getty@$LINE.service"
	run expect -f "$E2E_TOP/tests/e2e/pty.exp" "${steps[@]}" -- line "$LINE_PORT"
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'the screen' "${c[says]}" "$OUT"
	[ -z "${c[lacks]}" ] || expect_lacks 'the screen' "${c[lacks]}" "$OUT"
	expect_lacks 'the screen' "$PIN" "$OUT"
	expect_equal 'prompts for the PIN' "${c[prompts]}" "$(grep -oF "$PROMPT (4 digits" <<< "$OUT" | wc -l)"
	check_card "${c[tries]}" "${c[verifies]}"
	expect_equal 'outcomes' "${c[log]}" "$(outcomes)"
	eval "${c[after]}"
	end
}

# --- the screen and the keyboard ----------------------------------------------------------

# The first virtual console, which is on seat0: no option has to list it as local.
screen()
{
	guest sh -c 'fold -w "$(stty -F /dev/tty1 size | cut -d " " -f 2)" < /dev/vcs1'
	printf '%s\n' "$OUT"
}

screen_has()	# TEXT TIMES
{
	[ "$(screen | grep -oF -- "$1" | wc -l)" -ge "$2" ]
}

await_screen()	# TEXT [TIMES]
{
	until_true "$LIMIT" screen_has "$1" "${2:-1}" || fail "the screen does not show \"$1\""
}

# keys TEXT: small letters, digits, blanks, hyphens, slashes and underscores, and Enter.
keys()
{
	local i key lines=()

	for ((i = 0; i < ${#1}; i++)); do
		key=${1:i:1}
		case $key in
		' ') key=spc ;;
		-) key=minus ;;
		/) key=slash ;;
		_) key=shift-minus ;;
		esac
		lines+=("sendkey $key")
	done
	monitor "${lines[@]}" 'sendkey ret' >> "$LOG" 2>&1 || fail "cannot type: $1"
}

# No user is logged in there, and the screen is empty but for the question for the name.
fresh_console()
{
	guest_does systemctl restart getty@tty1.service
	await_screen 'field login:'
}

# --- all of it -----------------------------------------------------------------------

VOUCHED=login,sudo,su,polkit-1
vouch_for()	# SERVICES
{
	guest_does sh -c ': >> "$1" && sed -i "/^local_services/d" "$1" && echo "local_services = $2" >> "$1"' sh /etc/pam_jpki/pam_jpki.conf "$1"
}

# The first ten minutes of README.md, by hand.
set_up()
{
	local name

	for name in ca1.crt crl/ca1.crl good.crt; do
		guest_put "$PKI/$name" "/root/${name##*/}"
	done
	guest_does usermod -aG sudo hanako
	guest_does jpkictl trust add /root/ca1.crt
	guest_does jpkictl crl import /root/ca1.crl
	guest_does jpkictl enroll --from-file /root/good.crt hanako
	guest_does pam-auth-update --enable jpki
	# What a serial line needs: nothing proves that its other end is at this machine (pam_jpki.conf(5)).
	vouch_for "$VOUCHED"
	[ -z "$CASE_FAILED" ] || machine_die "the machine cannot be set up: $CASE_FAILED"
}

summary()
{
	guest journalctl -b --no-pager > /dev/null
	printf '%s\n' "$OUT" > "$E2E_LOGS/journal.log"
	printf '\n%d passed, %d failed' "$PASSED" "$FAILED"
	[ "$SKIPPED" = 0 ] || printf ', %d skipped' "$SKIPPED"
	echo
	[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ]
}

run_cases()	# PATTERN…
{
	PATTERNS=("$@")
	printf 'the machine\n'
	start_machine
	set_up
	# shellcheck source=tests/vm/cases.sh
	. "$E2E_TOP/tests/vm/cases.sh"
	# shellcheck source=tests/vm/processor.sh
	[ "$ARCH" != arm64 ] || . "$E2E_TOP/tests/vm/processor.sh"
	summary
}

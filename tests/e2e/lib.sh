# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the end-to-end cases are written with. Everything here runs as root
# inside tests/e2e/ns, after make install; nothing here may be used outside.
#
# Every file of cases has a copy of the machine to itself, with one pcscd and one
# simulated card for its cases; nothing of another file's is there. Between two cases the card
# gets its tries back and forgets faults; a case that changed more is followed
# by a card put in afresh. Nothing waits by the clock: what is waited for is
# asked for, with a limit.
#
# shellcheck disable=SC2034 # the cases use what is not used here
#
# Wants: E2E_TOP, E2E_BUILD, E2E_LOGS, E2E_VPCD (the driver of the virtual
# reader, or /dev/fd/9), E2E_ONLY (a pattern for names of cases, or empty).

[ -e /run/e2e-inside ] || { echo "tests/e2e/lib.sh: only inside tests/e2e/ns" >&2; exit 1; }

PIN=${E2E_PIN:-8275}		# so distinctive that it can be looked for
WRONG_PIN=8276
NEW_PIN=4793
NEW_SIGN=XYZ789
WORK=/tmp/e2e
SOCK=$WORK/sim.sock
SYSLOG=$WORK/syslog
CONF=/etc/pam_jpki/pam_jpki.conf
USERS=/etc/pam_jpki/users
NSSDB=/etc/pam_jpki/nssdb
CRLS=/var/lib/pam_jpki/crl
GUESSES=/var/lib/pam_jpki/guesses
REMINDERS=/var/lib/pam_jpki/reminders
PAMDIR=$(find_pamdir)
HELPER=${E2E_HELPER:-/usr/libexec/pam_jpki/jpki_helper}
PKI=$E2E_BUILD/tests/pki/out
WAIT_MS=15000
VPCD_PORT=35963

PCSCD_PID=
SIM_PID=
CARD_SPEC=			# the card on the reader, or the last one there
CARD_DIRTY=			# not empty: needs to be put in afresh
LOG=$E2E_LOGS/setup.log		# of the case that runs
CASE=				# the case that runs
CASE_FAILED=
CASE_LACKS=			# why it is skipped, see needs
CASES_LACK=			# why it and others are
: "${E2E_SHARED:=$WORK}"
TALLY=$E2E_SHARED/tally		# ok | not ok | skip, a line for each case
ABSENT=$E2E_SHARED/absent	# the commands that were called and do not exist, a line for each call

# --- results ------------------------------------------------------------------

# The case's place: the line outside this file that led here.
where_in_case()
{
	local i

	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[[ ${BASH_SOURCE[i]} == */lib.sh ]] && continue
		printf '%s:%s' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i-1]}"
		return
	done
}

fail()
{
	CASE_FAILED+="${CASE_FAILED:+; }$(where_in_case): $*"
}

# A command that does not exist, such as a function that is defined further down, has looked at nothing: the run
# fails. bash calls this in a process of its own, which cannot fail the case.
command_not_found_handle()	# COMMAND [ARGUMENT…]
{
	printf '%s: %s: command not found\n' "$(where_in_case)" "$1" | tee -a "$ABSENT" >&2
	return 127
}

is_wanted()
{
	# shellcheck disable=SC2254 # a pattern is what it is meant to be
	case $1 in
	*${E2E_ONLY:-}*) return 0 ;;
	*) return 1 ;;
	esac
}

# What needs rights that a container (in-container) may not have; in all other places there are.
#
#	needs WHAT COMMAND…   the cases of COMMAND are run, or each is skipped
#	needs WHAT || return  in a case: it goes on, or counts as skipped
needs()
{
	local CASES_LACK=$CASES_LACK reason=

	allows "$1" || reason="not allowed in this container: ${ALLOWED[$1]}"
	if [ $# = 1 ]; then
		CASE_LACKS=$reason
		[ -z "$reason" ]
	else
		CASES_LACK=${reason:-$CASES_LACK}
		"${@:2}"
	fi
}

declare -A ALLOWED=([mounts]='to mount' [addresses]='to add an address to an interface'
	[sessions]='to put a process into a control group' [numbers]='to choose the number of a process'
	[processes]='to look into processes of other users')
allows()	# KEY-OF-ALLOWED
{
	case $1 in
	mounts) unshare --mount true 2>/dev/null ;;
	addresses) ip address add 192.0.2.8/32 dev lo 2>/dev/null && ip address del 192.0.2.8/32 dev lo ;;
	sessions) "$E2E_TOP/tests/e2e/in-session" 0 true 2>/dev/null ;;
	processes) has_capability 19 ;;	# CAP_SYS_PTRACE
	numbers) has_capability 21 || has_capability 40 ;;	# CAP_SYS_ADMIN, CAP_CHECKPOINT_RESTORE
	*) fail "needs: $1?" ;;
	esac
}

has_capability()	# NUMBER
{
	(( (0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> $1) & 1 ))
}

# begin NAME: false if this case is not wanted, or cannot run here.
begin()
{
	CASE=$1
	CASE_FAILED=
	CASE_LACKS=
	is_wanted "$1" || return 1
	[ -z "$CASES_LACK" ] || { skip "$1" "$CASES_LACK"; return 1; }
	LOG=$E2E_LOGS/cases/${1//[^A-Za-z0-9._-]/_}.log
	: > "$LOG"
	SYSLOG_FROM=$(syslog_size)
}

end()
{
	if [ -z "$CASE_FAILED" ] && [ -n "$CASE_LACKS" ]; then
		skip "$CASE" "$CASE_LACKS"
		return
	elif [ -z "$CASE_FAILED" ]; then
		printf 'ok %s\n' "$CASE"
		echo ok >> "$TALLY"
		return
	fi
	printf 'not ok %s: %s\n' "$CASE" "$CASE_FAILED"
	# The screen and the syslog have thirty lines each: a long syslog must not push the screen out.
	{ tail -n 30 "$LOG"; printf '\n--- syslog\n'; syslog_new | tail -n 30; } | sed 's/^/    | /'
	{ printf '\n--- syslog\n'; syslog_new; } >> "$LOG"
	echo 'not ok' >> "$TALLY"
}

# skip NAME REASON
skip()
{
	is_wanted "$1" || return 0
	printf 'skip %s: %s\n' "$1" "$2"
	echo skip >> "$TALLY"
}

# case NAME FUNCTION [ARGUMENT…]: for what does not fit into a line of login.
run_case()
{
	begin "$1" || return 0
	shift
	fresh_card
	"$@"
	end
}

# adversary NAME FUNCTION [ARGUMENT…]: an attacker who tries to break a promise; see
# tests/adversary/README.md.
adversary()
{
	run_case "adversary: $1" "${@:2}"
}

# broken WHAT: the adversary has got what the promise denies him.
broken()
{
	fail "PROMISE BROKEN: $*"
}

# Of pamdrive's output: it tried a login, and was refused.
no_login()
{
	local results

	results=$(transcript 'auth = ')
	[ -n "$results" ] || fail 'no login was tried'
	[[ $results != *SUCCESS* ]] || broken 'logged in'
}

# silent_case NAME FUNCTION…: as run_case, but a row that passes is not printed.
silent_case()
{
	begin "$1" || return 0
	shift
	"$@"
	if [ -z "$CASE_FAILED" ]; then
		rm -f "$LOG"
		echo ok >> "$TALLY"
		ROWS=$((ROWS + 1))
	else
		end
	fi
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

expect_match()	# WHAT REGEX GOT
{
	[[ $3 =~ ^($2)$ ]] || fail "$1: wanted $2, got \"$3\""
}

BUILD_LIMIT=1500	# RUN_LIMIT for what compiles: a busy machine took more than 500 s for the packages

# run COMMAND…: its output in OUT (and the case's log), its status in STATUS.
run()
{
	local from

	from=$(syslog_size)
	{ printf '\n$'; printf ' %q' "$@"; echo; } >> "$LOG"
	OUT=$(timeout -k 5 "${RUN_LIMIT:-60}" "$@" 2>&1 </dev/null)
	STATUS=$?
	printf '%s\n[exit %s]\n' "$OUT" "$STATUS" >> "$LOG"
	[[ ! $* =~ pamdrive\ --service\ (e2e|sshd-e2e)\  ]] || note_outcomes "$from" "${BASH_REMATCH[1]}"
}

# What came out of logins and PIN changes by our module alone, a line for each, as
# "CODE SYSLOG-PRIORITY PAM-CODE": for outcomes.sh.
note_outcomes()	# SYSLOG-SIZE-BEFORE SERVICE
{
	local returned lines

	grep -qE '^(auth|password) required pam_jpki\.so' "/etc/pam.d/$2" || return 0
	returned=$(sed -nE 's/^(auth|chauthtok) = [0-9]+ //p' <<< "$OUT")
	[ -n "$returned" ] || return 0
	lines=${returned//[!$'\n']/}
	until_true 1 logged_outcomes "$1" $((${#lines} + 1)) || return 0
	paste -d' ' <(printf '%s\n' "$LOGGED") <(printf '%s\n' "$returned") >> "$E2E_SHARED/outcomes"
}

# As many outcomes were logged since then; they are in LOGGED, in their order.
logged_outcomes()	# SYSLOG-SIZE-BEFORE COUNT
{
	local lines

	LOGGED=$(tail -c "+$(($1 + 1))" "$SYSLOG" |
		sed -nE 's/^<([0-9]+)>.*pam_jpki\([^)]*:(auth|chauthtok)\): (JPKI-[A-Z-]+) user=.*/\3 \1/p')
	lines=${LOGGED//[!$'\n']/}
	[ -n "$LOGGED" ] && [ $((${#lines} + 1)) = "$2" ]
}

# until_true SECONDS COMMAND…: polls, not so often that it takes the processor from what it waits for.
until_true()
{
	local end=$((SECONDS + $1))

	shift
	while ! "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# --- syslog --------------------------------------------------------------------

start_syslog()
{
	"$E2E_BUILD/tests/e2e/logsink" /dev/log "$SYSLOG" || build_die "logsink does not start"
}

syslog_size()
{
	stat -c %s "$SYSLOG" 2>/dev/null || echo 0
}

# What was logged since the case began.
syslog_new()
{
	tail -c "+$((SYSLOG_FROM + 1))" "$SYSLOG"
}

syslog_matches()
{
	syslog_new | grep -Eq -- "$1"
}

expect_logged()		# REGEX
{
	until_true 3 syslog_matches "$1" || fail "no log line with $1"
}

# --- pcscd and the card ----------------------------------------------------------

# start_pcscd [none | N]: with the virtual reader ($READER_NAME, or Virtual PCD), without any, or with N of them, which
# are two slots each, at two ports each from VPCD_PORT on. The driver knows its slots by
# variables of its own: each reader gets a copy of it.
# shellcheck disable=SC2120 # its argument is for cases
start_pcscd()
{
	local conf=$WORK/reader.conf.d want=readers count=${1:-1} port i

	rm -rf "$conf" /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
	mkdir -p "$conf" /run/pcscd
	if [ "$count" = none ]; then
		want=none
		count=0
	fi
	for ((i = 0; i < count; i++)); do
		port=$((VPCD_PORT + 2 * i))
		cp "$E2E_VPCD" "$WORK/vpcd$i.so"
		printf 'FRIENDLYNAME "'"${READER_NAME:-Virtual PCD}"'%s"\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n' \
			"${i#0}" $port "$WORK/vpcd$i.so" $port >> "$conf/vpcd"
	done
	# shellcheck disable=SC2046 # an option or nothing
	pcscd --foreground --info $(pcscd_polkit_option) --config "$conf" >> "$E2E_LOGS/pcscd.log" 2>&1 </dev/null &
	PCSCD_PID=$!
	scprobe "$want" "$WAIT_MS" >/dev/null || build_die "pcscd does not come up, see pcscd.log"
}

# A pcscd that asks polkit (pcsclite 2.3) refuses even root where no polkitd runs, as here.
pcscd_polkit_option()
{
	pcscd --help 2>&1 | sed -n 's/^ *\(--disable-polkit\).*/\1/p'
}

end_process()	# PID
{
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null
	until_true 5 process_gone "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
}

process_gone()
{
	! kill -0 "$1" 2>/dev/null
}

none_runs()	# NAME
{
	! pgrep -x "$1" > /dev/null
}

# only_admits UID…: from now on pcscd lets in these users alone, as with polkit; until admits_all.
only_admits()
{
	local ready

	coproc DOOR { exec "$E2E_TOP/tests/e2e/doorkeeper" "$@"; }
	read -r ready <&"${DOOR[0]}"
	[ "$ready" = ready ] || fail 'no doorkeeper'
}

# shellcheck disable=SC2154 # DOOR_PID is the coproc's
admits_all()
{
	local pid=$DOOR_PID end=${DOOR[1]}

	exec {end}>&-
	wait "$pid"
}

stop_pcscd()
{
	end_process "$PCSCD_PID"
	PCSCD_PID=
	rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
}

# In its place one of another version, as after an upgrade of the library or of pcscd alone.
start_other_pcscd()
{
	stop_pcscd
	python3 "$E2E_TOP/tests/e2e/otherpcscd.py" /run/pcscd/pcscd.comm >> "$E2E_LOGS/pcscd.log" 2>&1 < /dev/null &
	PCSCD_PID=$!
	until_true 5 test -S /run/pcscd/pcscd.comm || fail 'the other pcscd does not come up'
}

sim()
{
	"$E2E_BUILD/tests/sim/simctl" "$SOCK" "$@"
}

# start_sim DIR: with that card on the reader.
start_sim()
{
	"$E2E_BUILD/tests/sim/jpkisim" --card "$1" --empty --control "$SOCK" \
		--port "$VPCD_PORT" >> "$E2E_LOGS/sim.log" 2>&1 </dev/null &
	SIM_PID=$!
	if ! sim trace "$E2E_LOGS/apdu.trace" || ! sim insert || ! wait_reader_has_card; then
		build_die "the simulated card cannot be inserted, see sim.log, pcscd.log"
	fi
}

stop_sim()
{
	end_process "$SIM_PID"
	SIM_PID=
}

wait_reader_has_card()
{
	scprobe card "$WAIT_MS" >/dev/null
}

# card_dir 'LEAF [SIGNLEAF|none] [KEY=VALUE…]': the directory of a new such card.
card_dir()
{
	local dir=$WORK/cards/${1//[^A-Za-z0-9._=-]/_} spec

	read -ra spec <<< "$1"
	"$E2E_TOP/tests/sim/mkcard" "$dir" "$PKI" "${spec[@]}" "auth-pin=$PIN" || return 1
	printf '%s\n' "$dir"
}

# put_card SPEC: on the reader, as if new.
put_card()
{
	local dir

	dir=$(card_dir "$1") || build_die "mkcard failed: $1"
	sim fault clear
	if ! sim swap "$dir" || ! wait_reader_has_card; then
		printf '%s: pcscd started anew, the reader did not take the card\n' "$CASE" >> "$E2E_LOGS/pcscd.log"
		restart_world "$dir"
	fi
	sim trace "$E2E_LOGS/apdu.trace"
	CARD_SPEC=$1
	CARD_DIRTY=
}

restart_world()		# CARD-DIRECTORY
{
	stop_sim
	stop_pcscd
	start_pcscd
	start_sim "$1"
}

# fresh_card [SPEC]: that card (the good one) with all its tries and no faults, as if no login had
# tried it and no user had been told today when it expires.
fresh_card()
{
	local wanted=${1:-good}

	rm -rf "$GUESSES" "$REMINDERS"
	if [ "$wanted" != "$CARD_SPEC" ] || [ -n "$CARD_DIRTY" ] ||
	    [ "$(sim get present) $(sim get inserted)" != 'yes yes' ]; then
		put_card "$wanted"
	fi
	if ! sim fault clear || ! sim set auth-tries 3 || ! sim set sign-tries 5 || ! sim stats reset; then
		fail "the card cannot be made fresh"
	fi
}

# sim_commands 'A B; C D': several commands; "power" powers the card up first,
# as a program that looks at it does. Whatever sets more than tries and faults
# is undone by a new card for the next case.
sim_commands()
{
	local line words

	while IFS= read -r line; do
		read -ra words <<< "$line"
		[ ${#words[@]} -gt 0 ] || continue
		[ "${words[0]}" != power ] || { scprobe power || fail 'cannot power the card'; continue; }
		sim "${words[@]}" || fail "simctl ${words[*]}"
		[[ $line =~ ^\ *(set\ (auth|sign)-tries|fault|stats) ]] || CARD_DIRTY=yes
		[[ $line =~ drop|hang ]] && CARD_DIRTY=yes
	done <<< "${1//;/$'\n'}"
}

stat_of()	# apdus | verifies | signs | …
{
	local word

	for word in $(sim stats); do
		[ "${word%%=*}" = "$1" ] && { printf '%s\n' "${word#*=}"; return; }
	done
}

# What no login may leave behind.
expect_card_forgot()
{
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
	expect_equal 'power kept since a PIN came' no "$(sim get pin-since-power)"
}

# row_ok PIN: what must be true of a login in which something failed, with that PIN typed.
row_ok()
{
	local typed=$1 tries result

	tries=$(sim get auth-tries)
	result=$(transcript 'auth = ')
	[[ $result =~ ^[0-9]+\ PAM_[A-Z_]+$ ]] || fail "no outcome: \"$result\""
	[ "$(stat_of verifies)" -le 1 ] || fail "$(stat_of verifies) VERIFY"
	if [ "$typed" = "$PIN" ]; then
		[ "$tries" = 3 ] || fail "the right PIN cost a try: $tries left"
	else
		[ "$tries" -ge 2 ] || fail "more than one try lost: $tries left"
		[[ $result != *SUCCESS* ]] || fail 'success with a wrong PIN'
	fi
	[[ $result != *SUCCESS* || $(stat_of signs) -ge 1 ]] || fail 'success without a signature'
	expect_lacks 'what is shown' "$PIN" "$(without_times)"
}

# --- users, enrollments, stacks ------------------------------------------------------

make_user()	# NAME UID
{
	id "$1" >/dev/null 2>&1 || useradd --create-home --uid "$2" --shell /bin/bash "$1" ||
		build_die "useradd $1 failed"
}

# enroll USER [LEAF…]: their certificates, not asking what jpkictl thinks of them.
enroll()
{
	local user=$1 leaf

	shift
	mkdir -p "$USERS"
	rm -rf "${USERS:?}/$user.pem"
	for leaf; do
		cat "$PKI/$leaf.crt" >> "$USERS/$user.pem" || fail "no certificate $leaf"
	done
}

# other_names LINE…: names by which the user database finds accounts (nss_e2e.c); none without lines.
other_names()
{
	local lib=${PAMDIR%/security}/libnss_e2e.so.2

	[ -e "$lib" ] || cp "$E2E_BUILD/tests/e2e/.libs/nss_e2e.so" "$lib"
	sed -i '/^passwd:/d' /etc/nsswitch.conf
	echo 'passwd: files e2e' >> /etc/nsswitch.conf
	printf '%s\n' "$@" > /etc/passwd.e2e
}

# install_pam_service NAME STACK: auth lines; account and session always succeed.
install_pam_service()
{
	printf '%s\naccount required pam_permit.so\nsession required pam_permit.so\npassword required pam_deny.so\n' \
		"$2" > "/etc/pam.d/$1"
}

stack()		# [OPTIONS of pam_jpki]
{
	printf 'auth required pam_jpki.so %s\nauth optional %s/pam_e2e.so' "$*" "$PAMDIR"
}

write_conf()	# LINE…
{
	rm -rf "$CONF"
	printf '%s\n' "$@" > "$CONF"
	chmod 0644 "$CONF"
}

# A database with these authorities, made by certutil: independent of jpkictl.
make_nssdb()	# DIR CA…
{
	local dir=$1 ca

	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	certutil -N -d "sql:$dir" --empty-password || return
	for ca; do
		certutil -A -d "sql:$dir" -n "$ca" -t T,, -a -i "$PKI/$ca.crt" || return
	done
	chmod 0755 "$dir"
	chmod 0644 "$dir"/*
}

# put_crls CRL…: lists of the test PKI, imported where logins look for them.
put_crls()
{
	crlput "$CRLS" "$NSSDB" "${@/#/$PKI/crl/}" >> "$LOG" 2>&1
}

# What every case starts from.
reset_config()
{
	write_conf '# nothing but defaults'
	rm -rf "$NSSDB"
	cp -a "$WORK/nssdb" "$NSSDB"
	rm -rf "$CRLS"
	mkdir -p "${CRLS%/*}"
	cp -a "$WORK/crl" "$CRLS"
	rm -rf "$USERS" "$USERS.index"
	mkdir -p "$USERS"
	enroll hanako good
}

# What dpkg runs after unpacking, as far as the programs of the cases do not start without.
run_triggers()
{
	if command -v update-mime-database >/dev/null; then
		update-mime-database /usr/share/mime || build_die 'update-mime-database failed'
	fi
	if command -v glib-compile-schemas >/dev/null; then
		glib-compile-schemas /usr/share/glib-2.0/schemas || build_die 'glib-compile-schemas failed'
	fi
}

# The doctor looks at the USB: this machine's readers are none of ours.
hide_usb()
{
	[ ! -d /sys/bus/usb/devices ] || mount -t tmpfs none /sys/bus/usb/devices || build_die 'cannot hide the USB'
}

# What is there before the cases, but for the running programs.
setup_world()
{
	local program

	hide_usb
	mkdir -p "$WORK/cards" "$E2E_LOGS/cases"
	if [ "$E2E_VPCD" = /dev/fd/9 ]; then
		cat <&9 > "$WORK/libifdvpcd.so"
	fi
	# What tests/lib-install.sh fetched and did not install.
	if [ -n "${E2E_UNPACK-}" ]; then
		tar -C / --keep-directory-symlink -xf - <&8 && ldconfig || build_die "cannot unpack what was fetched"
		run_triggers
	fi
	# dpkg runs mandb, for a minute of the processor in all; nothing here looks for a manual by its text.
	rm -f /var/lib/man-db/auto-update
	id sshd >/dev/null 2>&1 ||
		useradd --system --no-create-home --home-dir /run/sshd --shell /usr/sbin/nologin sshd
	for program in sim/simctl e2e/busanswer e2e/crlput e2e/scprobe e2e/pamdrive e2e/utmpput; do
		ln -sf "$E2E_BUILD/tests/$program" /usr/local/bin/
	done
	printf '#!/bin/sh\nexec simctl %s "$@"\n' "$SOCK" > /usr/local/bin/sim
	chmod 0755 /usr/local/bin/sim
	cp "$E2E_BUILD/tests/e2e/.libs/pam_e2e.so" "$PAMDIR/"
	make_user hanako 2001
	make_user taro 2002
	printf 'hanako:%s\n' "$PASSWORD" | chpasswd || build_die 'chpasswd failed'
	localedef -i ja_JP -f UTF-8 ja_JP.UTF-8 || echo '# no locale ja_JP.UTF-8: package locales?'
	install_pam_service e2e "$(stack)"
	sudo_rules
	# su waits by itself, too, after a failure.
	echo 'FAIL_DELAY 0' > /etc/default/su
	mkdir -p /etc/pam_jpki
	make_nssdb "$WORK/nssdb" ca1 ca2 ca-ec || build_die "certutil failed"
	CRLS=$WORK/crl NSSDB=$WORK/nssdb put_crls ca1.crl ca2.crl ca-ec.crl || build_die "crlput failed"
	reset_config
}

start_world()
{
	[ "$E2E_VPCD" != /dev/fd/9 ] || E2E_VPCD=$WORK/libifdvpcd.so
	start_syslog
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
}

# --- programs on a terminal ------------------------------------------------------------

# on_tty STEP… -- COMMAND…: see pty.exp. Output in OUT, status in STATUS.
on_tty()
{
	run expect -f "$E2E_TOP/tests/e2e/pty.exp" "$@"
}

# shellcheck source=tests/e2e/terminal.sh
. "$E2E_TOP/tests/e2e/terminal.sh"

# --- one login, one line -------------------------------------------------------------

# login NAME [KEY=VALUE…]: one pam_authenticate by pamdrive, and all that is to
# be said about it. A line states what differs from a plain success:
#
#   card=SPEC      what is on the reader (good)       see card_dir
#   sim=COMMANDS   for simctl, before; separated by ;
#   enroll=LEAVES   certificates enrolled for hanako (good); empty: none; KEEP
#   opts=WORDS     arguments of pam_jpki.so
#   service=NAME   a service that is there, instead of pam_jpki.so alone
#   args=WORDS     options of pamdrive
#   under=WORDS    a command that runs pamdrive
#   drive=WORDS    its script (pin=8275 auth setcred)
#   code=REGEX     outcome in the log, without JPKI- or JPKI-E- (OK); none
#   pam=REGEX      what pam_authenticate returned, without PAM_ (SUCCESS)
#   asks=TEXT      must be in the prompt, if there is one
#   says=TEXT      must be shown, as message or in the prompt; says2 likewise
#   tries=N        left on the card afterwards (3); any
#   prompts=N verifies=N   (1, 1); any; 0 for both: unasked=yes
#   apdus=N        exactly; max_apdus=N
#   within=S       seconds it may take (20)
#   state=any      do not look at what is left on the card (it hangs)
#   authtok=set    PAM_AUTHTOK after it (unset)
#   quiet=yes      nothing may be shown beside the prompt (no)
#   after=WORDS    a command of the shell that looks at more
#
# Always: PIN not left in PAM_AUTHTOK, host process unchanged, no PIN state on
# the card, which has lost its power since a PIN was sent.
login()
{
	local name=$1 arg start
	local -A c=([card]=good [sim]='' [enroll]=good [opts]='' [args]=''
		[under]='' [service]='' [drive]="pin=$PIN auth setcred" [code]=OK [pam]=SUCCESS [says]='' [says2]=''
		[asks]='PIN of the user-authentication certificate (4 digits, '
		[tries]=3 [prompts]=1 [verifies]=1 [apdus]=any [max_apdus]='' [within]=20
		[quiet]='' [unasked]='' [state]='' [authtok]=unset [after]=:)

	shift
	for arg; do c[${arg%%=*}]=${arg#*=}; done
	[ -z "${c[unasked]}" ] || { c[prompts]=0; c[verifies]=0; }
	begin "$name" || return 0
	# shellcheck disable=SC2086 # words
	[ "${c[enroll]}" = KEEP ] || enroll hanako ${c[enroll]}
	[ -n "${c[service]}" ] || install_pam_service e2e "$(stack "${c[opts]}")"
	fresh_card "${c[card]}"
	sim_commands "${c[sim]}"
	[[ ${c[drive]} =~ exec= ]] && CARD_DIRTY=yes
	start=$(now_ms)
	eval "run ${c[under]} pamdrive --service ${c[service]:-e2e} --user hanako ${c[args]} ${c[drive]}"
	[ $(($(now_ms) - start)) -le $((c[within] * 1000)) ] ||
		fail "took $(($(now_ms) - start)) ms, more than ${c[within]} s"
	check_transcript
	check_card
	eval "${c[after]}"
	end
}

now_ms()
{
	local us=${EPOCHREALTIME//[.,]/}

	printf '%s\n' "${us%???}"
}

# The last line of the transcript that begins so, without that.
transcript()	# BEGINNING
{
	local line last=

	while IFS= read -r line; do
		[[ $line != "$1"* ]] || last=${line#"$1"}
	done <<< "$OUT"
	printf '%s\n' "$last"
}

# The transcript without the microseconds of pam_fail_delay, which libpam varies by chance.
without_times()
{
	grep -v '^delay = ' <<< "$OUT"
}

expect_count()	# WHAT WANTED GOT
{
	[ "$2" = any ] || expect_equal "$1" "$2" "$3"
}

# Both look at the c[] of login.
check_transcript()
{
	local prompts=0 line

	expect_match 'pam_authenticate' "[0-9]+ PAM_(${c[pam]})" "$(transcript 'auth = ')"
	[ -n "${c[service]}" ] || expect_equal 'PAM_AUTHTOK' "${c[authtok]}" "$(transcript 'authtok = ')"
	expect_lacks 'transcript' 'prompt[on]' "$OUT"
	expect_lacks 'transcript' 'no answer left' "$OUT"
	while IFS= read -r line; do
		[[ $line != 'hygiene = '* ]] || expect_equal 'host process' 'hygiene = ok' "$line"
		[[ $line != 'prompt[off]: '* ]] || prompts=$((prompts + 1))
	done <<< "$OUT"
	expect_count 'prompts' "${c[prompts]}" "$prompts"
	[ "$prompts" = 0 ] || expect_has 'prompt' "${c[asks]}" "$OUT"
	expect_has 'what is shown' "${c[says]}" "$OUT"
	expect_has 'what is shown' "${c[says2]}" "$OUT"
	[ -z "${c[quiet]}" ] || expect_lacks 'transcript' $'\ninfo: ' $'\n'"$OUT"
	[ -z "${c[quiet]}" ] || expect_lacks 'transcript' $'\nerror: ' $'\n'"$OUT"
	expect_lacks 'what is shown' "$PIN" "$(without_times)"
	if [ "${c[code]}" = none ]; then
		syslog_matches 'JPKI-' && fail 'the log has an outcome'
	else
		expect_logged "JPKI-(E-)?(${c[code]})( |:|\$)"
	fi
}

check_card()
{
	local apdus

	apdus=$(stat_of apdus)
	expect_count 'tries left' "${c[tries]}" "$(sim get auth-tries)"
	expect_equal 'tries left of the signature PIN' 5 "$(sim get sign-tries)"
	expect_count 'VERIFY commands' "${c[verifies]}" "$(stat_of verifies)"
	expect_count 'commands to the card' "${c[apdus]}" "$apdus"
	[ -z "${c[max_apdus]}" ] || [ "$apdus" -le "${c[max_apdus]}" ] ||
		fail "$apdus commands to the card, more than ${c[max_apdus]}"
	[ "${c[state]}" = any ] || expect_card_forgot
}

# Where in the series of commands to the card things happen, from a login that goes
# well: that many come before the prompt, that many in all. VERIFY is the one with the PIN.
BEFORE=0 TOTAL=0 QUERIES=0 VERIFY=
count_commands()
{
	fresh_card
	enroll hanako good
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "exec=sim stats > $WORK/stats" "pin=$PIN" auth
	BEFORE=$(sed -n 's/^apdus=\([0-9]*\) .*/\1/p' "$WORK/stats")
	TOTAL=$(stat_of apdus)
	QUERIES=$(stat_of queries)
	if ! [ "$TOTAL" -gt "${BEFORE:-0}" ]; then
		echo '# a plain login fails: assuming nine commands, three before the prompt'
		BEFORE=3 TOTAL=9 QUERIES=2
	fi
	VERIFY="ins 20:$((QUERIES + 1))"
}

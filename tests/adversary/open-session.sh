# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker at a session that a stolen card has opened; and one who can block cards, but not hers.

# shellcheck source=tests/e2e/lockers.sh
. "$E2E_TOP/tests/e2e/lockers.sh"

make_runtime
LOCKS=$WORK/open-session
mkdir -p "$LOCKS"
chmod 1777 "$LOCKS"
HERS=$(sha256sum "$PKI/good.der" | cut -d' ' -f1)

watch_session()	# WORD…: jpki-watch in the session that her card has opened
{
	"${PERSON[@]}" "JPKI_SESSION_CERT=${HERS:0:16}" jpki-watch touch "$LOCKS/locked" >> "$LOG" 2>&1 </dev/null &
	WATCH_PID=$!
	until_true 10 has_begun || fail 'no jpki-watch'
}
has_begun() { syslog_new | grep -q "JPKI-WATCH event=begin .*cert=${HERS:0:16}"; }
is_locked_now() { [ -e "$LOCKS/locked" ]; }

block_while_the_watch_restarts()
{
	write_conf 'removal_grace = 60'
	watch_session
	end_process "$WATCH_PID"
	# shellcheck disable=SC2034 # lib.sh's
	SYSLOG_FROM=$(syslog_size)
	jpkictl block "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not blocked'
	watch_session
	until_true 10 is_locked_now || broken 'the session is open for good'
	end_process "$WATCH_PID"
	rm -f "$LOCKS/locked"
	reset_config
	jpkictl unblock "$PKI/good.crt" >> "$LOG" 2>&1
}
# Promise: Within seconds of the block of the card that opened it, an open session is locked; blocks of other cards lock none.
# Letter: the watch sees each block that comes; this one came before the watch had started again, and no other follows.
# Seen to succeed: mutant blocked-before-the-watch
adversary block-while-the-watch-restarts block_while_the_watch_restarts

# The registrar removes the registration first, and the thief ends the watch, which the session starts again.
removed_and_then_blocked()
{
	write_conf 'removal_grace = 60'
	watch_session
	end_process "$WATCH_PID"
	enroll hanako
	# shellcheck disable=SC2034 # lib.sh's
	SYSLOG_FROM=$(syslog_size)
	"${PERSON[@]}" "JPKI_SESSION_CERT=${HERS:0:16}" jpki-watch touch "$LOCKS/locked" >> "$LOG" 2>&1 </dev/null &
	WATCH_PID=$!
	until_true 5 has_begun || :
	jpkictl block "$PKI/good.crt" >> "$LOG" 2>&1 || fail 'not blocked'
	until_true 10 is_locked_now || broken 'the session is open for good'
	end_process "$WATCH_PID"
	enroll hanako good
	rm -f "$LOCKS/locked"
	reset_config
	jpkictl unblock "$PKI/good.crt" >> "$LOG" 2>&1
}
# Promise: Within seconds of the block of the card that opened it, an open session is locked; blocks of other cards lock none.
# Letter: a watch follows the certificates that are registered; the card that opened the session is no longer one of them.
# Seen to succeed: mutant blocked-after-its-registration
adversary block-after-the-registration removed_and_then_blocked

blocks_of_other_cards()
{
	local i FLEET=/var/lib/pam_jpki/fleet

	rm -rf "$FLEET"
	mkdir -p "$FLEET/users" "$FLEET/blocked"
	printf 'time %s\n' "$(date +%s)" > "$FLEET/state"
	write_conf "fleet_dir = $FLEET" 'removal_grace = 60'
	watch_session
	for i in $(seq 2000); do : > "$FLEET/blocked/$(printf '%064x' "$i")"; done
	# As like hers as can be: all digits but the last one, in both lists.
	: > "$FLEET/blocked/${HERS:0:63}$(tr 0-9a-f 1-9a-f0 <<< "${HERS:63}")"
	jpkictl block "${HERS:0:15}$(tr 0-9a-f 1-9a-f0 <<< "${HERS:15:1}")${HERS:16}" >> "$LOG" 2>&1 || fail 'not blocked'
	sleep 2
	is_locked_now && broken "other cards' blocks lock her session"
	: > "$FLEET/blocked/$HERS"
	until_true 10 is_locked_now || fail 'the watch does not see her own'
	end_process "$WATCH_PID"
	rm -rf "$FLEET" "$LOCKS/locked" /etc/pam_jpki/blocked
	reset_config
}
# Promise: Within seconds of the block of the card that opened it, an open session is locked; blocks of other cards lock none.
# Letter: any number of blocks of real form, of fingerprints that differ from hers in one digit.
# Seen to succeed: mutant blocked-by-first-digits
adversary blocks-of-other-cards blocks_of_other_cards

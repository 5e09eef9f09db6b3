# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The whole login by module, helper and pcscd, with the card breaking at each of
# its commands in each way; and with every answer a conversation can give. Each
# row is a case of its own; only rows that fail are printed.
#
# True in every row: no success unless the card has signed and nothing
# after that mattered; a right PIN never costs a try, a wrong one at most one; at
# most one VERIFY; no PIN state left on the card; an outcome within the deadline.
# (A card that never answers costs a whole deadline each time: 10-login.sh has it
# before and after the PIN, tests/unit/flow/test_login at every command.)
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

FAULTS=('drop' 'drop-after' 'reset' 'sw 6F00' 'sw 6E00' 'sw 6D00' 'sw 9000' 'truncate 1'
	'truncate 40' 'truncate 0' 'overlong' 'garbage' 'wrongdata' 'hang 200')
ROW_SECONDS=12	# timeout=8, and what a loaded machine adds

# fault_row AT FAULT PIN
fault_row()
{
	local at=$1 fault=$2 typed=$3 start

	fresh_card
	# shellcheck disable=SC2086 # words
	sim fault at "$at" $fault || fail "no such fault: $fault"
	[[ $fault != drop* && $fault != 'truncate 0' ]] || CARD_DIRTY=yes
	start=$(now_ms)
	run pamdrive --service e2e --user hanako "pin=$typed" auth
	[ $(($(now_ms) - start)) -le $((ROW_SECONDS * 1000)) ] || fail "took $(($(now_ms) - start)) ms"
	row_ok "$typed"
	sim fault clear
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
	# What comes before the answer of the signature cannot be survived, but for
	# a moment's hesitation, or a refusal that has another way.
	if [ "$at" -lt "$COMMANDS" ] && [[ $fault =~ drop|truncate\ 1$ ]]; then
		expect_lacks 'the result' SUCCESS "$(transcript 'auth = ')"
	fi
	# The signature itself: nothing but a refusal of the short id has another way.
	if [ "$at" = $((COMMANDS - 1)) ] && [[ ! $fault =~ hang|reset|6D00 ]]; then
		expect_lacks 'the result' SUCCESS "$(transcript 'auth = ')"
	fi
	if [ "$fault" = 'hang 200' ] && [ "$typed" = "$PIN" ]; then
		expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	fi
}

# pcscd dies at that command. What it left on the card is gone when the next
# pcscd powers it up; until then, the log says so if a PIN was sent.
pcscd_row()
{
	local at=$1 typed=$2

	fresh_card
	disown "$PCSCD_PID"	# else bash reports its end
	sim fault at "$at" kill "$PCSCD_PID" || fail 'no such fault'
	run pamdrive --service e2e --user hanako "pin=$typed" auth
	row_ok "$typed"
	# The last command only makes the card forget, after it has signed.
	[ "$at" = "$COMMANDS" ] || expect_lacks 'the result' SUCCESS "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-(NO-SERVICE|SERVICE-REFUSED|CARD-REMOVED|CARD-MUTE|CARD-BUSY|TIMEOUT)'
	[ "$(sim get verified)" = none ] || expect_logged 'may be left with its PIN verified'
	stop_pcscd
	start_pcscd
	wait_reader_has_card || fail 'the reader does not come back'
	scprobe power >/dev/null || fail 'the card cannot be powered'
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
}

if is_wanted 'fault matrix'; then
	install_pam_service e2e "$(stack timeout=8)"
	fresh_card
	run pamdrive --service e2e --user hanako conv_err auth
	ASKED_AFTER=$(stat_of apdus)
	fresh_card
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	COMMANDS=$(stat_of apdus)
	[ "$COMMANDS" -ge 9 ] || printf '# a login has only %s commands\n' "$COMMANDS"
	E2E_ONLY_WAS=$E2E_ONLY
	E2E_ONLY=
	for fault in "${FAULTS[@]}"; do
		ROWS=0
		for ((at = 1; at <= COMMANDS; at++)); do
			silent_case "fault $fault at command $at, right PIN" fault_row "$at" "$fault" "$PIN"
			[ "$at" -gt "$ASKED_AFTER" ] || continue	# no PIN yet
			silent_case "fault $fault at command $at, wrong PIN" fault_row "$at" "$fault" "$WRONG_PIN"
		done
		printf 'ok fault matrix: %s, %d rows\n' "$fault" "$ROWS"
	done
	ROWS=0
	for ((at = 1; at <= COMMANDS; at++)); do
		silent_case "pcscd killed at command $at, right PIN" pcscd_row "$at" "$PIN"
	done
	printf 'ok fault matrix: pcscd killed, %d rows\n' "$ROWS"
	E2E_ONLY=$E2E_ONLY_WAS
	CARD_DIRTY=yes
	install_pam_service e2e "$(stack)"
fi

# --- every answer a conversation can give ---------------------------------------------

# answer NAME CODE PAM ANSWER: nothing of it ever reaches the card.
answer()
{
	login "answer: $1" drive="$4 auth" code="$2" pam="$3" verifies=0
}
hex() { printf '%s' "$1" | od -An -tx1 | tr -d ' \n'; }
answer 'no text' CANCELLED CONV_ERR null
answer 'nothing typed' PIN-FORMAT AUTH_ERR empty
answer 'the conversation fails' CANCELLED CONV_ERR conv_err
answer '10 kB of digits' PIN-FORMAT AUTH_ERR "pin=$(printf '%010000d' 7)"
answer 'the right PIN and a newline' PIN-FORMAT AUTH_ERR "raw=$(hex "$PIN")0a"
answer 'the right PIN and a carriage return' PIN-FORMAT AUTH_ERR "raw=$(hex "$PIN")0d"
answer 'a blank before the right PIN' PIN-FORMAT AUTH_ERR "raw=20$(hex "$PIN")"
answer 'three digits and a NUL inside' PIN-FORMAT AUTH_ERR "raw=$(hex "${PIN:0:3}")00$(hex "${PIN:3}")"
answer 'full-width digits' PIN-FORMAT AUTH_ERR "pin=８２７５"
answer 'what sshd makes of unknown users' PIN-FORMAT AUTH_ERR 'raw=080a0d7f'

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who kills a program, by a signal that it cannot handle, while its helper uses the card.

# program_killed_when SECONDS COMMAND…: a program that logs hanako in is killed once that is true.
program_killed_when()
{
	local program

	pamdrive --service e2e --user hanako "pin=$PIN" auth >> "$LOG" 2>&1 &
	program=$!
	until_true "$@" || fail 'the login does not get that far'
	pgrep -x jpki_helper > /dev/null || fail 'there is no helper'
	kill -KILL "$program"
	wait "$program" 2>/dev/null
}

answers_given()	# COUNT
{
	[ "$(stat_of apdus)" -ge "$1" ]
}

# A card in the reader that does not answer: as long as the helper waits for it, no other program has it.
helper_at_a_slow_card()
{
	sim_commands 'fault at 2 hang 15000'
	program_killed_when 10 answers_given 2
	until_true 3 none_runs jpki_helper || broken 'the helper keeps the card, and the program has gone'
	until_true 20 none_runs jpki_helper
}
# Promise: A helper exits at once when its program has ended, but not between VERIFY and the drop of the verified state.
# Letter: nothing comes over the socket but its end, and that is read between two commands to the card only.
# Seen to succeed: mutant end-with-the-program
adversary helper-at-a-slow-card helper_at_a_slow_card

pin_has_come()
{
	[ "$(stat_of verifies)" = 1 ] && [ "$(sim get verified)" != none ]
}

# The PIN is verified, the card signs: the program is killed, and with it the module that could clean up.
killed_after_verify()
{
	sim_commands 'fault ins 2A hang 3000'
	program_killed_when 20 pin_has_come
	until_true 20 none_runs jpki_helper || fail 'the helper does not end'
	until_true 10 scprobe card 1000 > /dev/null || fail 'the card does not answer'
	[ "$(sim get verified)" = none ] || broken 'the PIN is left verified on the card'
}
# Promise: A helper exits at once when its program has ended, but not between VERIFY and the drop of the verified state.
# Letter: the helper does end with its program, as promised; the moment is chosen.
# Seen to succeed: mutant no-end-after-verify
adversary program-killed-after-verify killed_after_verify

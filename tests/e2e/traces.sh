# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the cases of a file have left in logs. Sourced after each, $1 is its name.

# The number appears nowhere as a word of its own; process ids and times of day
# do not count.
pin_in()	# FILE…
{
	sed -E 's/\[[0-9]+\]//g; s/^[0-9]{8} //' "$@" | grep -E "(^|[^0-9A-Fa-f.:-])($PIN|$WRONG_PIN|$NEW_PIN|$NEW_SIGN)([^0-9A-Fa-f.:-]|\$)"
}

no_pin_left()
{
	local found

	found=$(pin_in "$SYSLOG")
	[ -z "$found" ] || fail "PIN in the log: $found"
	found=$(pin_in "$E2E_LOGS/pcscd.log" "$E2E_LOGS/sim.log")
	[ -z "$found" ] || fail "PIN in pcscd's log: $found"
	# as ASCII in a command: 38 32 37 35, 38 32 37 36, 34 37 39 33, 58 59 5A 37 38 39
	found=$(grep -iE '3832373[56]|34373933|58595A373839' "$E2E_LOGS/apdu.trace" "$E2E_LOGS/pcscd.log" | head -n 3)
	[ -z "$found" ] || fail "PIN on the wire trace: $found"
}
run_case "no log has the PIN ($1)" no_pin_left

nothing_left()
{
	expect_equal 'helpers still running' '' "$(pgrep -x jpki_helper)"
}
run_case "no helper is left running ($1)" nothing_left

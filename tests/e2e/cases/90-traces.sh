# shellcheck shell=bash
# What all the cases before have left in logs.
# shellcheck disable=SC2154 # the new PINs are those of 65-pin.sh

# The number stands nowhere as a word of its own; process ids and times of day
# do not count.
pin_in()	# FILE…
{
	sed -E 's/\[[0-9]+\]//g; s/^[0-9]{8} //' "$@" | grep -E "(^|[^0-9A-Fa-f.:-])($PIN|$WRONG_PIN|$NEW_PIN|$NEW_SIGN)([^0-9A-Fa-f.:-]|\$)"
}

no_pin_left()
{
	local found

	grep -q 'JPKI-OK' "$SYSLOG" || fail 'nothing was logged at all'
	found=$(pin_in "$SYSLOG")
	[ -z "$found" ] || fail "PIN in the log: $found"
	found=$(pin_in "$E2E_LOGS/pcscd.log" "$E2E_LOGS/sim.log")
	[ -z "$found" ] || fail "PIN in pcscd's log: $found"
	# as ASCII in a command: 38 32 37 35, 38 32 37 36, 34 37 39 33, 58 59 5A 37 38 39
	found=$(grep -iE '3832373[56]|34373933|58595A373839' "$E2E_LOGS/apdu.trace" "$E2E_LOGS/pcscd.log" | head -n 3)
	[ -z "$found" ] || fail "PIN on the wire trace: $found"
}
run_case 'no log has the PIN' no_pin_left

environ()
{
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako \
		"exec=tr '\\0' '\\n' < /proc/\$(pgrep -x jpki_helper)/environ > $WORK/environ; ls -l /proc/\$(pgrep -x jpki_helper)/fd > $WORK/fds" \
		"pin=$PIN" auth
	[ -e "$WORK/environ" ] || fail 'there was no helper'
	expect_equal 'environment of the helper' '' "$(cat "$WORK/environ")"
	expect_equal 'open files of the helper beside sockets and the trust database' '' \
		"$(awk '/->/ { print $NF }' "$WORK/fds" |
			grep -vE "^(socket:.*|anon_inode:.*|/dev/null|$NSSDB/.*)\$" | tr '\n' ' ')"
}
run_case 'the helper has an empty environment and no files' environ

nothing_left()
{
	expect_equal 'helpers still running' '' "$(pgrep -x jpki_helper)"
}
run_case 'no helper is left running' nothing_left

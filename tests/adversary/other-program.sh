# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Another program on the machine, which uses the same card.

# The card counts the PIN as entered for another program; the reader answers VERIFY itself.
reader_that_answers_for_the_card()
{
	count_commands
	fresh_card
	sim fault "$VERIFY" sw 9000
	run pamdrive --service e2e --user hanako 'exec=sim verify-as-other-program' pin=0000 auth
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
}
# Promise: A verified state that it left on the card is dropped before a login, and neither a login nor jpkictl leaves one.
# Letter: VERIFY was sent and answered by 9000, and the card signs our challenge with the enrolled key.
# Seen to succeed: mutant foreign-state-dropped
adversary reader-that-answers-for-the-card reader_that_answers_for_the_card

# Of the same user, as with a locker: it ends the helper when the PIN has been verified.
helper_killed_after_verify()
{
	sim fault ins 2A hang 3000
	(until_true 20 card_has_the_pin && sleep 0.3 && pkill -KILL -x -u hanako jpki_helper) &
	run pamdrive --as 2001 --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'PINs at the card' 1 "$(stat_of verifies)"
	no_login
	until_true 20 card_is_idle || fail 'the card does not answer'
	[ "$(sim get verified)" = none ] || broken 'the PIN is left verified on the card'
}
card_has_the_pin()
{
	[ "$(stat_of verifies)" = 1 ]
}
card_is_idle()
{
	scprobe card 1000 >/dev/null
}
# Promise: A verified state that it left on the card is dropped before a login, and neither a login nor jpkictl leaves one.
# Letter: the helper drops the state on every way out; SIGKILL leaves it none.
# Seen to succeed: mutant card-left-verified
adversary helper-killed-after-verify helper_killed_after_verify

# jpkictl is three processes then: the one at the terminal, and of its children the older one, which has the card, and
# the cleaner.
at_terminal()
{
	pgrep -o -x jpkictl
}
child_with_the_card()
{
	pgrep -o -P "$(at_terminal)" -x jpkictl
}
registration_killed_at()	# FUNCTION that names a process
{
	fresh_card
	rm -f "$USERS/hanako.pem"
	sim fault ins 2A hang 3000
	(until_true 20 card_has_the_pin && sleep 0.3 && kill -KILL "$("$1")") &
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'PINs at the card' 1 "$(stat_of verifies)"
	[ ! -e "$USERS/hanako.pem" ] || fail 'jpkictl was not killed'
	enroll hanako good
	until_true 20 none_runs jpkictl || fail 'a process of jpkictl goes on'
	until_true 20 card_is_idle || fail 'the card does not answer'
	[ "$(sim get verified)" = none ] || broken 'the PIN is left verified on the card'
}
jpkictl_killed_after_verify()
{
	registration_killed_at at_terminal
}
# Promise: A verified state that it left on the card is dropped before a login, and neither a login nor jpkictl leaves one.
# Letter: the process that has the card drops the state on every way out; the kernel kills it with its parent.
# Seen to succeed: mutant cleaner-ends-with-its-parent
adversary jpkictl-killed-after-verify jpkictl_killed_after_verify

child_of_jpkictl_killed_after_verify()
{
	registration_killed_at child_with_the_card
	expect_lacks 'what the user reads' 'take the card off' "$OUT"
}
# Promise: A verified state that it left on the card is dropped before a login, and neither a login nor jpkictl leaves one.
# Letter: a process that is killed can do nothing, and the one that is left has no card.
# Seen to succeed: mutant state-left-by-a-lost-child
adversary child-of-jpkictl-killed-after-verify child_of_jpkictl_killed_after_verify

# As root it may read any memory. While the card signs, the PIN has gone to it already.
pin_in_memory()
{
	local wait='for i in $(seq 200); do sim stats | grep -q verifies=1 && break; sleep 0.02; done'
	local scan="$E2E_BUILD/tests/adversary/memscan \$(pidof jpki_helper) $PIN"

	needs processes || return
	rm -f /tmp/before /tmp/after
	sim fault ins 2A hang 3000
	run pamdrive --service e2e --user hanako "exec=($scan > /tmp/before; $wait; sleep 0.5; $scan > /tmp/after) & sleep 0.5" \
		"pin=$PIN" auth
	until_true 10 test -s /tmp/after || fail 'nothing was read'
	expect_match 'how often it is there before it is typed' '[0-9]+' "$(cat /tmp/before)"
	[ "$(cat /tmp/after)" -le "$(cat /tmp/before)" ] || broken "the helper's memory has the PIN: $(cat /tmp/before) to $(cat /tmp/after) times"
}
# Promise: The PIN is wiped everywhere it was stored.
# Letter: it looks when the PIN has done its work and the login has not ended, in all of the helper's memory.
# Seen to succeed: mutant pin-wiped
adversary pin-in-memory pin_in_memory

# He says that he is hanako, in every way that a program can say it.
change_for_another_user()
{
	printf 'password required pam_jpki.so local_services=a-passwd\n' > /etc/pam.d/a-passwd
	run env LOGNAME=hanako USER=hanako SUDO_USER=hanako SUDO_UID=2001 PAM_USER=hanako \
		pamdrive --as 2002 --service a-passwd --user hanako --ruser hanako "pin=$PIN" "pin=$NEW_PIN" "pin=$NEW_PIN" chauthtok
	expect_has 'the transcript' 'chauthtok = ' "$OUT"
	[ "$(stat_of verifies)" = 0 ] || broken 'the PIN of another user reached the card'
	[[ $OUT != *'prompt[off]'* ]] || broken 'asked for the PIN of another user'
}
# Promise: No user changes another user's PIN.
# Letter: PAM_USER, PAM_RUSER and the environment all say "hanako"; the process is taro's, and at this machine.
# Seen to succeed: mutant pin-change-for-another-user
adversary pin-change-for-another-user change_for_another_user

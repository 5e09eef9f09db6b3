# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A program that logs users in, and has other children: a display manager, a server.

! grep -q pidfd_spawn "$PAMDIR/pam_jpki.so" ||
	adversary() { skip "adversary: $1" 'no number is used where glibc has pidfd_spawn(3)'; }

# Its helper is killed as soon as it has been started, and another child gets the number of it.
number_used_again()
{
	needs numbers || return
	rm -f /run/victim
	run env "LD_PRELOAD=$E2E_BUILD/tests/adversary/.libs/samenumber.so" \
		pamdrive --sigchld ignore --service e2e --user hanako "pin=$PIN" auth
	no_login
	expect_match 'the child of that number' 'lived|killed' "$(cat /run/victim)"
	[ "$(cat /run/victim)" != killed ] || broken 'another child of the program was killed'
}
# Promise: The module signals, and waits for, only its own helper, even in a program that ignores SIGCHLD.
# Letter: there is a process of the number that posix_spawn(3) gave, a child of this program, and it does not end.
# Seen to succeed: mutant process-id-reused
adversary process-id-reused number_used_again

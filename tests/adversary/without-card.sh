# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A user who is admitted without the card, although the module is in the stack.
# shellcheck disable=SC2034 # SYSLOG_FROM is lib.sh's

# Behind our line is what an administrator relies on at setcred: pam_group, which grants,
# pam_cap, which takes away. pam_warn is called as they are, and says so in the log.
past_the_lines_behind()
{
	local control

	for control in '[success=done default=ignore]' sufficient '[success=1 default=ignore]'; do
		printf 'auth %s pam_jpki.so\nauth required pam_warn.so\nauth required pam_permit.so\n' "$control" > /etc/pam.d/s-stack
		SYSLOG_FROM=$(syslog_size)
		run pamdrive --service s-stack --user hanako setcred
		expect_has "$control" 'setcred = 0 PAM_SUCCESS' "$OUT"
		until_true 3 syslog_matches 'pam_warn\(s-stack:setcred\): function=\[pam_sm_setcred\]' ||
			broken "credentials past what is behind \"$control\""
	done
}
# Promise: A login that the card did not decide runs through the stack as if the module were not in it, also in setcred.
# Letter: it never authenticates on the handle (sshd's keys, sudo with NOPASSWD, cron), so there is no path to repeat.
# Seen to succeed: mutant setcred-of-a-login-without-the-card
adversary setcred-past-other-lines past_the_lines_behind

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Input, by a user who makes a mistake or by an attacker, that is passed where it must not go.

slips()
{
	local slip

	install_pam_service e2e "$(stack forward_pass=yes)"
	run pamdrive --service e2e --user hanako 'pin=Correct-horse-7' auth
	expect_equal 'a password' set "$(transcript 'authtok = ')"
	for slip in 12345 123 '1234 ' ' 1234' '1 2 3 4' １２３４ ١٢٣٤ १२३४ 𝟙𝟚𝟛𝟜 '１　２　３　４' １２３ ぬふあう \
	    $'1234\r' $'1\xef\xb8\x8f\xe2\x83\xa32\xef\xb8\x8f\xe2\x83\xa33\xef\xb8\x8f\xe2\x83\xa34\xef\xb8\x8f\xe2\x83\xa3' \
	    $'\xe2\x80\x8b1234\xef\xbb\xbf'; do
		run pamdrive --service e2e --user hanako "pin=$slip" auth
		expect_has 'the prompt' 'prompt[off]' "$OUT"
		[ "$(transcript 'authtok = ')" = unset ] || broken "\"$slip\" went to the next module"
	done
}
# Promise: With `forward_pass` neither a PIN nor a mistyped PIN goes to another module.
# Letter: it is not four ASCII digits.
# Seen to succeed: mutant mistyped-pin-passed-on
adversary mistyped-pin slips

a_name_with_fields()
{
	local name='hanako from the console succeeds. JPKI-OK user=hanako'

	install_pam_service sshd 'auth required pam_jpki.so remote=challenge remote_binding=name'
	run pamdrive --service sshd --user "$name" --tty ssh --rhost 192.0.2.7 text=JPKI1.0123456789abcdef.-.QUJDREVGR0hJSktMTU5PUA== auth
	expect_logged 'the remote login of '
	! syslog_matches '[^"]hanako from the console succeeds' || broken 'a name that is a field of the log'
}
# Promise: A name chosen by an attacker is one value in a log line, and cannot look like another field.
# Letter: a user's name may have blanks and "=", and this one has no control character.
# Seen to succeed: mutant user-in-a-log-line
adversary user-name-with-log-fields a_name_with_fields

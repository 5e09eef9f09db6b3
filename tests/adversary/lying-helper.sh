# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A card that has taken the helper over. The cage is around the process (37-cage.sh); this is about
# what it can still do: talk to the module.
# shellcheck disable=SC2034 # SYSLOG_FROM is lib.sh's

# lying LIE WORD…: pamdrive with the liar in the helper's place.
lying()
{
	mv "$HELPER" "$WORK/honest"
	cp "$E2E_BUILD/tests/adversary/liar" "$HELPER"
	printf '%s' "$1" > /run/lie
	SYSLOG_FROM=$(syslog_size)
	run pamdrive "${@:2}"
	mv -f "$WORK/honest" "$HELPER"
	rm -f /run/lie
	expect_logged 'pam_jpki\(.*:auth\): JPKI-'	# the module came to its decision
}

more_than_text()
{
	install_pam_service e2e "$(stack)"
	lying screen --service e2e --user hanako "pin=$PIN" auth
	expect_logged 'Password for root'
	expect_has 'what is shown' 'Password for root' "$OUT"
	if LC_ALL=C grep -aqE '\\x(07|1b)|'$'\302\233|\342\200\256|\377' <<< "$OUT"; then broken 'escape sequences to the terminal'; fi
	if syslog_new | LC_ALL=C grep -aqE $'[\a\033]|\302\233|\342\200\256|\377'; then broken 'escape sequences in the log'; fi
	if syslog_new | grep -aE '^<(80|81|82)>' | grep -q 'Password for root'; then broken 'a line on every terminal'; fi
}
# Promise: Log lines from the helper are plain text, under the helper's name, at most of priority error, and limited in number.
# Letter: each packet is well-formed: of the right length, at the right moment, of this login.
# Seen to succeed: mutant only-text-from-the-helper priority-of-a-log-line
adversary helper-that-sends-escapes more_than_text

without_end()
{
	install_pam_service e2e "$(stack)"
	lying flood --service e2e --user hanako "pin=$PIN" auth
	expect_logged 'once more'
	[ "$(syslog_new | grep -c 'once more')" -le 200 ] || broken 'lines without end'
}
# Promise: Log lines from the helper are plain text, under the helper's name, at most of priority error, and limited in number.
# Letter: LOG may come at any time; it sends nothing else.
# Seen to succeed: mutant number-of-log-lines
adversary helper-that-floods-the-log without_end

another_decision()
{
	install_pam_service e2e "$(stack)"
	lying decision --service e2e --user hanako "pin=$PIN" auth
	expect_logged 'JPKI-OK user=root'
	! syslog_matches ': pam_jpki\(e2e:auth\): JPKI-OK' || broken 'a decision that was none'
}
# Promise: Log lines from the helper are plain text, under the helper's name, at most of priority error, and limited in number.
# Letter: the line is plain text of the right form, that of a decision.
# Seen to succeed: mutant line-that-looks-like-a-decision
adversary helper-that-writes-a-decision another_decision

lured()
{
	install_pam_service e2e "$(stack)"
	lying lure --service e2e --user hanako text=Correct-horse-7 auth
	! syslog_matches Correct-horse-7 || broken 'the helper got a password'
	[[ $OUT != *'prompt[on]'* ]] || broken 'a visible question where the PIN is asked for'
}
# Promise: Of the typed text, the helper gets only four digits or, at sshd, the reply to a challenge.
# Letter: it challenges, which its own options allow; it is not sshd that asks.
# Seen to succeed: mutant challenge-of-another-program
adversary helper-that-asks-for-a-reply lured

asked_again()
{
	install_pam_service e2e "$(stack forward_pass=yes)"
	lying twice --service e2e --user hanako --as 2001 pin=Correct-horse-7 "pin=$PIN" auth
	expect_equal 'the first question' 'Password or PIN: ' "$(sed -n 's/^prompt.off.: //p' <<< "$OUT" | head -n 1)"
	[ "$(grep -c '^prompt' <<< "$OUT")" = 1 ] || broken 'two questions in one login'
	lying twice --service e2e --user hanako "pin=$PIN" "pin=$PIN" auth
	[[ $OUT != *'Password or PIN: '* ]] || broken 'the question of a locker in a program of root'
}
# Promise: One login has one prompt: the helper cannot ask for another text, and before there is a card only as lockers need it.
# Letter: a password was typed at the question before the card, so that the one for the PIN has not been asked yet.
# Seen to succeed: mutant question-after-a-password question-before-the-card
adversary helper-that-asks-again asked_again

vouched()
{
	install_pam_service sshd 'auth required pam_jpki.so'
	lying vouch --service sshd --user hanako --tty ssh --putenv 'SSH_AUTH_INFO_0=publickey ssh-rsa AAAA' auth
	no_login
}
# Promise: A key that sshd has accepted is compared exactly, and only sshd can report one.
# Letter: sshd has let in with a key, and ssh_key = no: the verdict comes without a PIN.
# Seen to succeed: mutant key-in-place-of-a-pin
adversary helper-that-vouches vouched

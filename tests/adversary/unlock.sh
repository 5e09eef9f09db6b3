# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who wants the password that is stored for hanako's card (doc/unlock.md).
# shellcheck disable=SC2034 # SYSLOG_FROM is lib.sh's

UNLOCK=/var/lib/pam_jpki/unlock

rm -f /etc/machine-id
echo 0123456789abcdef0123456789abcdef > /etc/machine-id

# hanako's password is stored, and a login by card would unlock it.
stored()
{
	on_tty 'wait:Password of hanako' "type:$PASSWORD" 'wait:PIN' "type:$PIN" -- jpkictl unlock set hanako
	[ -e "$UNLOCK/hanako" ] || fail 'no password is stored'
	fresh_card
	install_pam_service e2e "$(stack unlock=yes)"
}
card_lets_in()	# USER OPTION…
{
	run pamdrive --service e2e --user "$1" "${@:2}" "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
no_password()	# WHO
{
	[ "$(transcript 'authtok = ')" != set ] || broken "$1 has got the password"
}

file_of_another_machine()
{
	stored
	card_lets_in hanako
	expect_equal 'PAM_AUTHTOK at home' set "$(transcript 'authtok = ')"
	echo fedcba9876543210fedcba9876543210 > /etc/machine-id
	card_lets_in hanako
	no_password 'another machine'
	echo 0123456789abcdef0123456789abcdef > /etc/machine-id
}
# Promise: A stored password comes out of its file with its own card and PIN alone, for its user, on its machine, and while it is root's alone.
# Letter: file, card and PIN are the right ones, and so is the user; root of another machine has a copy of the file.
# Seen to succeed: mutant password-of-another-machine
adversary file-of-another-machine file_of_another_machine

file_of_another_user()
{
	stored
	printf 'taro:%s\n' "$PASSWORD" | chpasswd
	enroll taro good
	mv "$UNLOCK/hanako" "$UNLOCK/taro"
	card_lets_in taro
	no_password 'a login of taro'
	rm -f "$UNLOCK/taro" "$USERS/taro.pem"
}
# Promise: A stored password comes out of its file with its own card and PIN alone, for its user, on its machine, and while it is root's alone.
# Letter: the card is the one that the file was made with, and is registered for this user, too.
# Seen to succeed: mutant password-of-another-user
adversary file-of-another-user file_of_another_user

file_for_everybody()
{
	stored
	chmod 644 "$UNLOCK/hanako"
	card_lets_in hanako
	no_password 'a login with a file that everybody has read'
}
# Promise: A stored password comes out of its file with its own card and PIN alone, for its user, on its machine, and while it is root's alone.
# Letter: the file is root's, regular, and no other user can write to it; a careless restore has made it readable.
# Seen to succeed: mutant password-file-for-all
adversary readable-password-file file_for_everybody

program_of_the_user()
{
	stored
	card_lets_in hanako --ruid 2001
	no_password 'a program that hanako has started'
}
# Promise: A stored password goes only to a program that root has started, after a login that the card has decided, where a line says so, and never looks like a PIN.
# Letter: the program runs as root, as sudo does, and its line has the option.
# Seen to succeed: mutant password-for-programs-of-the-user
adversary program-of-the-user program_of_the_user

# In the helper's place: one that was taken over.
lying()	# LIE
{
	mv "$HELPER" "$WORK/honest"
	cp "$E2E_BUILD/tests/adversary/liar" "$HELPER"
	printf '%s' "$1" > /run/lie
	SYSLOG_FROM=$(syslog_size)
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	mv -f "$WORK/honest" "$HELPER"
	rm -f /run/lie
	expect_logged 'pam_jpki\(e2e:auth\): JPKI-'
}

password_of_its_own()
{
	install_pam_service e2e "$(stack)"
	sed -i.e2e '/^hanako:/d' /etc/shadow
	lying password
	no_password 'the next module'
	mv /etc/shadow.e2e /etc/shadow
}
# Promise: A stored password goes only to a program that root has started, after a login that the card has decided, where a line says so, and never looks like a PIN.
# Letter: it brings the password with the verdict, after the PIN, in a message of the right form; no line wants one.
# Seen to succeed: mutant password-out-of-turn
adversary helper-that-brings-a-password password_of_its_own

pin_for_a_password()
{
	stored
	sed -i.e2e '/^hanako:/d' /etc/shadow
	lying pin
	no_password 'the next module'
	mv /etc/shadow.e2e /etc/shadow
}
# Promise: A stored password goes only to a program that root has started, after a login that the card has decided, where a line says so, and never looks like a PIN.
# Letter: a password is to be unlocked, the verdict is a success, and what it hands over is four bytes of text: the PIN that was typed.
# Seen to succeed: mutant pin-for-a-password
adversary helper-that-passes-the-pin-as-password pin_for_a_password

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who is not at the machine, and wants to use the card on its reader: each in a
# way in which a program, or the user, makes it look local.

IN_SESSION=$E2E_TOP/tests/e2e/in-session
ELSEWHERE=192.0.2.7		# of the documentation's addresses

# reach COMMAND…: pamdrive as it was started, which may not get as far as the card.
reach()
{
	run "$@"
	[ "$STATUS" != 77 ] || ! needs sessions || fail 'no control groups can be mounted here'
	[ "$STATUS" != 77 ] || return
	[[ $OUT != *'prompt[off]: PIN'* ]] || broken 'the PIN of the card in the reader is asked for'
	[ "$(stat_of apdus)" = 0 ] || broken 'the card in the reader is spoken to'
	[[ $OUT == *'auth = '* ]] || fail 'no login was tried'
	no_login
}

# drive [OPTION of pamdrive…] [OPTION of pam_jpki]: fills DRIVE, the application that the attacker has.
drive()	# OPTIONS-OF-MODULE OPTION…
{
	install_pam_service e2e "$(stack "$1")"
	DRIVE=(pamdrive --service e2e --user hanako "${@:2}" "pin=$WRONG_PIN" auth)
}

# A shell that is called so, as a parent of what it runs.
called()	# NAME
{
	cp /bin/bash "$WORK/$1"
	CALLED=("$WORK/$1" -c '"$@"; exit' x)
}

vnc_locker()
{
	drive remote=strict --as 2001 --tty :5
	reach "$IN_SESSION" 1 "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: the locker names a display without a host, which is what displays of this machine look like.
# Seen to succeed: 1e570f7: asked for the PIN, with remote=strict, in a session that logind calls remote
adversary vnc-locker vnc_locker

vnc_greeter()
{
	drive remote=strict --tty :5
	reach "$IN_SESSION" --none --also 'UID=110 SEAT=seat0 DISPLAY=:0' 0 "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: a greeter that root runs names a display of this machine, and another greeter is at the desk.
# Seen to succeed: 1e570f7: asked for the PIN, with remote=strict
adversary vnc-greeter vnc_greeter

silent_daemon()
{
	local service

	cp /etc/pam.d/other "$WORK/other"
	install_pam_service other "$(stack)"
	for service in vnc some-daemon; do
		reach pamdrive --service "$service" --tty '' --user hanako "pin=$WRONG_PIN" auth
		reach "$IN_SESSION" --system-unit 0 pamdrive --service "$service" --tty '' --user hanako "pin=$WRONG_PIN" auth
	done
	mv "$WORK/other" /etc/pam.d/other
}
# Promise: Only users at this machine can use its reader.
# Letter: a network daemon without a file of its own in /etc/pam.d gives no sign of a remote user: no host, no terminal, no session.
# Seen to succeed: 1e570f7: asked for the PIN of a user who had not logged in
adversary silent-daemon silent_daemon

daemon_of_the_desk()
{
	drive '' --tty ''
	reach "$IN_SESSION" --record UID=0 0 "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: an administrator at the desk has started the network daemon by hand: its session is local, active, on a seat.
# Seen to succeed: 1e570f7: asked for the PIN
adversary daemon-started-at-the-desk daemon_of_the_desk

user_manager()
{
	drive '' --ruid 2001 --tty /dev/pts/7
	reach "$IN_SESSION" --user-unit 1 "${DRIVE[@]}"
	reach "$IN_SESSION" --user-unit --also SEAT=seat0 1 "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: sudo started by systemd-run --user, or by at, is in no session, and no item of PAM names ssh.
# Seen to succeed: 1e570f7: asked for the PIN
adversary user-manager user_manager

forged_utmp()
{
	drive remote=strict --ruid 2001 --tty /dev/pts/7
	utmpput pts/7 :0 || fail 'utmp cannot be written'
	reach "$IN_SESSION" --user-unit 1 "${DRIVE[@]}"
	reach "${DRIVE[@]}"
	rm -f /run/utmp
}
# Promise: Only users at this machine can use its reader.
# Letter: utempter lets every user say that their terminal belongs to display :0.
# Seen to succeed: 1e570f7: asked for the PIN, with remote=strict
adversary forged-utmp forged_utmp

tmux_over_ssh()
{
	drive '' --ruid 2001 --tty /dev/pts/7
	called tmux
	reach "$IN_SESSION" --also REMOTE=1 0 "${CALLED[@]}" "${DRIVE[@]}"
	drive remote=strict --ruid 2001 --tty /dev/pts/7
	reach "$IN_SESSION" 0 "${CALLED[@]}" "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: tmux was begun at the desk, so its session is local; the user is attached over ssh.
# Seen to succeed: 1e570f7: asked for the PIN, with remote=strict as well
adversary tmux-over-ssh tmux_over_ssh

borrowed_console()
{
	drive remote=strict --ruid 2002 --tty /dev/tty1
	reach "$IN_SESSION" --record UID=2002 1 "${DRIVE[@]}"
	reach "$IN_SESSION" --user-unit --record UID=2002 1 "${DRIVE[@]}"
	reach "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: su takes its terminal from any of its descriptors: 2>/dev/tty1 over ssh, by a user who owns that console.
# Seen to succeed: 1e570f7: asked for the PIN, with remote=strict, in a session that logind calls remote
adversary ssh-with-a-console-descriptor borrowed_console

ssh_without_a_trace()
{
	drive '' --ruid 2001 --tty ''
	called sshd
	reach "${CALLED[@]}" "${DRIVE[@]}"
	reach env "SSH_CONNECTION=$ELSEWHERE 5 192.0.2.1 22" "${DRIVE[@]}"
}
# Promise: Only users at this machine can use its reader.
# Letter: where there is no logind, sudo -S without a terminal leaves nothing in utmp.
# Seen to succeed: 1e570f7: asked for the PIN
adversary ssh-without-logind-or-utmp ssh_without_a_trace

# A program that takes logins from elsewhere and gives no name: hanako's card is on the reader of this machine.
asks_for_the_name()
{
	local from

	install_pam_service e2e "$(stack user_from_card=yes)"
	install_pam_service vnc "$(stack user_from_card=yes)"
	for from in '--service e2e --rhost 203.0.113.7' "--service e2e --tty ''" '--service e2e --tty ssh' '--service vnc' \
		'--service e2e --tty far.example:0' '--service e2e --putenv SSH_CONNECTION=x'; do
		fresh_card
		eval "run pamdrive --user '' $from 'pin=$PIN' auth"
		no_login
		[ "$(stat_of apdus)" = 0 ] || broken "$from: the card was read"
		[[ $OUT != *hanako* ]] || broken "$from: the name was told"
		! syslog_matches 'the card names the user' || broken "$from: the card has named the user"
	done
	rm -f /etc/pam.d/vnc
	reset_config
}
# Promise: No user elsewhere learns from a card on the reader whose it is.
# Letter: the option is on, the name is empty, the card is there; each program says in its own way where the user is, or nothing.
# Seen to succeed: mutant name-for-remote-users
adversary remote-user-asks-for-the-name asks_for_the_name

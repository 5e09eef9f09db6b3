# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A server that wants what is not for it. The person sits at a laptop (here: as taro) with hanako's card.

CLIENT=(setpriv --reuid 2002 --regid 2002 --init-groups env -C /home/taro HOME=/home/taro USER=taro TERM=dumb)
AT=(-F none -p "$SSH_PORT" -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=yes
	-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1)

start_challenging_sshd
chmod 0644 "$WORK/known_hosts"

# That server is sshd; it admits a user who sends it the PIN, so that this shows.
wants_the_pin()	# OPTION…
{
	stack_of sshd "auth required pam_e2e.so prompt=PIN_of_the_user-authentication_certificate_(4_digits,_3_tries_left): expect=$PIN
auth required pam_permit.so"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" > /tmp/asked\nprintf "%s\\n"\n' "${TYPED:-$PIN}" > /usr/local/bin/window
	chmod 0755 /usr/local/bin/window
	rm -f /tmp/asked
}
server_got_it()
{
	expect_has 'what the person was asked' "$1" "$(cat /tmp/asked)"
	[[ $OUT != *'uid=2001(hanako)'* ]] || broken 'the server has got the PIN'
}

pin_by_another_window()
{
	wants_the_pin
	run setsid -w "${CLIENT[@]}" SSH_ASKPASS=/usr/local/bin/window \
		jpki-ssh "${AT[@]}" -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	server_got_it 'PIN of the user-authentication certificate'
}
# Promise: A PIN typed at the client goes only to the card, never to a server.
# Letter: four digits typed at the terminal are not sent; the client has no terminal, but an askpass of its own.
# Seen to succeed: mutant pin-in-another-askpass: the session that only the PIN opens; also 1e570f7
adversary pin-in-another-askpass pin_by_another_window

pin_as_ssh_asks()
{
	wants_the_pin
	run setsid -w "${CLIENT[@]}" SSH_ASKPASS=/usr/local/bin/window \
		jpki-ssh "${AT[@]}" -o PreferredAuthentications=password hanako@127.0.0.1 id
	server_got_it "hanako@127.0.0.1's password:"
}
# Promise: A PIN typed at the client goes only to the card, never to a server.
# Letter: what "(user@host)" asks is filtered; it offers the method "password" alone, where ssh itself asks.
# Seen to succeed: mutant prompt-whose-answer-leaves: the session that only the PIN opens; also 1e570f7
adversary pin-at-ssh-password-prompt pin_as_ssh_asks

# The server is not as strict about the PIN as we are: it takes the digits out of anything.
pin_with_a_slip()
{
	wants_the_pin
	stack_of sshd "auth required pam_e2e.so prompt=PIN: expect=$1
auth required pam_permit.so"
	printf '#!/bin/sh\necho "$@" > /tmp/asked\nprintf "%%s\\n" "%s"\n' "${1//_/ }" > /usr/local/bin/window
	run setsid -w "${CLIENT[@]}" SSH_ASKPASS=/usr/local/bin/window \
		jpki-ssh "${AT[@]}" -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	server_got_it 'PIN:'
}
# Promise: A PIN typed at the client goes only to the card, never to a server.
# Letter: four ASCII digits are not sent; an input method was on, so they came as full-width digits.
# Seen to succeed: mutant mistyped-pin-at-the-client: the session that only these digits open; also 1e570f7
adversary pin-in-full-width pin_with_a_slip '８２７５'

key_that_is_not_the_sites()
{
	wants_the_pin
	printf '#!/bin/sh\n[ "$1" = NONE ] || printf "%%s %%s\\n" "$2" "%s"\n' "$(cat "$WORK/sshd/key2.pub")" > /usr/local/bin/known
	chmod 0755 /usr/local/bin/known
	printf 'Host *\n\tKnownHostsCommand /usr/local/bin/known %%K %%H\n' > "$WORK/site"
	run setsid -w "${CLIENT[@]}" SSH_ASKPASS=/usr/local/bin/window jpki-ssh -F "$WORK/site" -p "$SSH_PORT" \
		-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=accept-new -o PubkeyAuthentication=no \
		-o PreferredAuthentications=password -o NumberOfPasswordPrompts=1 hanako@127.0.0.1 id
	[ ! -e /tmp/asked ] || broken 'a server with another key than the site knows was talked to'
	expect_has 'what ssh says' 'HOST IDENTIFICATION HAS CHANGED' "$OUT"
}
# Promise: jpki-ssh uses the host keys that the site provides.
# Letter: known_hosts has no key of this host, and accept-new lets a stranger in; but the site's KnownHostsCommand knows another key.
# Seen to succeed: mutant host-keys-of-the-site: the password was asked for; also 1e570f7
adversary key-unknown-to-the-site key_that_is_not_the_sites

# A pinentry of the victim's that types the PIN.
make_pinentry()
{
	cat > /usr/local/bin/types-the-pin <<-PINENTRY
		#!/bin/sh
		echo OK
		while read -r word rest; do case \$word in GETPIN) echo 'D $PIN' ;; esac; echo OK; done
	PINENTRY
	chmod 0755 /usr/local/bin/types-the-pin
}

# It hands the challenge of another server on, in a text of its own.
challenge_in_a_text()
{
	local nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff before

	make_pinentry
	for before in '(hanako@evil.example) Welcome to azumino.example.' '(hanako@evil.example) (hanako@azumino.example) ' \
		$'(hanako@evil.example) \n(hanako@azumino.example) ' '(taro@azumino.example) ' '(hanako@azumino.example.evil.example) ' ''; do
		run setsid -w "${CLIENT[@]}" JPKI_PINENTRY=types-the-pin jpki-askpass \
			"$before"$'\n'"JPKI1 remote-login azumino.example hanako sshd $(date +%s) $nonce name: "
		[[ $OUT != *JPKI1.* ]] || broken "signed for \"$before\""
	done
	expect_equal 'PINs at the card' 0 "$(stat_of verifies)"
}
# Promise: The client signs only for the user and the host that its own ssh names, with the host key that this ssh got, and only once for each ssh.
# Letter: the last line is a challenge of the right form for a server that the user knows; the text above it is the server's to write.
# Seen to succeed: mutant host-of-the-prompt
adversary challenge-below-server-text challenge_in_a_text

# It knows what is in the file of a stored password (doc/unlock.md), and wants the one signature that opens it.
challenge_that_unlocks()
{
	local nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff prompt

	make_pinentry
	for prompt in "JPKI1 unlock azumino.example hanako sshd $(date +%s) $nonce name: " \
		"JPKI1 remote-login azumino.example hanako%0aJPKI-UNLOCK-1%0apurpose=unlock sshd $(date +%s) $nonce name: " \
		"JPKI-UNLOCK-1 unlock azumino.example hanako sshd $(date +%s) $nonce name: "; do
		run setsid -w "${CLIENT[@]}" JPKI_PINENTRY=types-the-pin jpki-askpass "(hanako@azumino.example) $prompt"
		[[ $OUT != *JPKI1.* ]] || broken "signed for \"$prompt\""
	done
	expect_equal 'PINs at the card' 0 "$(stat_of verifies)"
}
# Promise: The client signs only for the user and the host that its own ssh names, with the host key that this ssh got, and only once for each ssh.
# Letter: user and host are those of the ssh that asks; the purpose, or a line in a value, is another one.
# Seen to succeed: mutant canonical-challenge
adversary challenge-that-unlocks challenge_that_unlocks

stop_sshd

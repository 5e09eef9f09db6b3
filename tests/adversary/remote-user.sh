# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A remote attacker, who has signatures of hanako's card for something else.

start_challenging_sshd
card_stack sshd "$(challenge_options)"

# An askpass that has the card sign the challenge after SED has been at it.
signs_something_else()	# SED
{
	printf '#!/bin/sh\nexec %q "$(printf "%%s" "$1" | sed -E %q)"\n' "$E2E_TOP/tests/e2e/sshwire-answer" "$1" > "$WORK/askpass"
	chmod 0755 "$WORK/askpass"
	run env ANSWER_LEAF="$PKI/good" ANSWER_HOSTKEY="${2-$OUR_KEY}" ANSWER_LOG="$WORK/answers" \
		SSH_ASKPASS="$WORK/askpass" SSH_ASKPASS_REQUIRE=force "${SSH[@]}" \
		-o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 hanako@127.0.0.1 id
}

signature_for_something_else()
{
	local change

	signs_something_else 's/x/x/'
	expect_has 'the session with nothing changed' 'uid=2001(hanako)' "$OUT"
	for change in 's/ 127.0.0.1%2c[^ ]* / evil.example /' 's/%2cazumino.example//' 's/ hanako sshd / taro sshd /' \
		's/ hanako sshd / hanako sudo /' 's/remote-login/local-login/' 's/remote-login/login/' \
		's/ (1[0-9]{9}) / 1\1 /' 's/ [0-9a-f]{63}(.) hostkey/ 00000000000000000000000000000000000000000000000000000000000000\1 hostkey/'; do
		: > "$WORK/answers"
		signs_something_else "$change"
		grep -q '^answer: JPKI1\.' "$WORK/answers" || fail "$change: nothing was signed"
		[[ $OUT != *'uid=2001(hanako)'* ]] || broken "logged in by a signature after $change"
	done
}
# Promise: Over ssh, a signature of the client is valid only for this server, user and login, once, and for a limited time.
# Letter: the signature is the enrolled key's, over a text of the right form; host, user, service, purpose, time or nonce is another login's.
# Seen to succeed: mutant signature-ignored
adversary signature-for-something-else signature_for_something_else

# The relay: the victim's client has met his host key, not ours.
signature_with_another_host_key()
{
	signs_something_else 's/x/x/' "$(ssh-keygen -lf "$WORK/sshd/key2.pub" | sed -E 's/.*SHA256:([^ ]+) .*/\1/')"
	[[ $OUT != *'uid=2001(hanako)'* ]] || broken 'logged in through a relay'
}
# Promise: Over ssh, a signature of the client is valid only for this server, user and login, once, and for a limited time.
# Letter: everything is of this login, and the reply names the key that was signed; it is that of the server between.
# Seen to succeed: mutant hostkey-unchecked
adversary signature-with-another-host-key signature_with_another_host_key

# look_at USER ANSWER: what there is to see of a login to which that is answered.
look_at()
{
	: > "$WORK/answers"
	run env SSH_ASKPASS="$E2E_TOP/tests/e2e/sshwire-answer" SSH_ASKPASS_REQUIRE=force ANSWER_LOG="$WORK/answers" \
		ANSWER_HOSTKEY="$OUR_KEY" "$2" "${SSH[@]}" -v -o PreferredAuthentications=keyboard-interactive \
		-o NumberOfPasswordPrompts=1 "$1@127.0.0.1" id
	grep -q '^prompt: .*JPKI1' "$WORK/answers" || fail "$1 was not challenged"
	{ grep -v '^answer' "$WORK/answers"; grep -iE 'prompt|jpki|permission|saved|denied|card|user' <<< "$OUT"; } |
		sed "s/$1/NAME/g; s/[0-9a-f]\{64\}/NONCE/; s/[0-9]\{10\}/TIME/" > "$WORK/seen-$1"
}

# Tries to learn who is enrolled: tries user names, and compares what it sees: without an answer, with a signature of his
# own card, with one by nothing in the name of hanako's card.
who_is_enrolled()
{
	local keyid answer

	enroll taro
	keyid=$(openssl x509 -in "$PKI/good.crt" -outform DER | sha256sum | cut -c 1-16)
	for answer in ANSWER_LEAF= "ANSWER_LEAF=$PKI/other-person" "ANSWER_WITH=JPKI1.$keyid.$OUR_KEY.AAAA"; do
		look_at hanako "$answer"
		look_at taro "$answer"
		cmp -s "$WORK/seen-hanako" "$WORK/seen-taro" ||
			broken "$answer: $(diff "$WORK/seen-hanako" "$WORK/seen-taro" | head -n 4)"
	done
}
# Promise: A remote user cannot find out which users are enrolled.
# Letter: his answers have the form of a reply, and he needs no login; he looks at what is asked, and at ssh's own messages.
# Seen to succeed: mutant reason-hidden-from-remote-users
adversary remote-user-probes-enrollment who_is_enrolled

# A program whose user says in PAM's environment what sshd says of a key.
key_by_the_environment()
{
	local key

	key=$(ssh-keygen -y -f "$PKI/good.key")
	install_pam_service sshd-e2e 'auth required pam_jpki.so ssh_key=yes'
	cp /etc/pam.d/sshd-e2e /etc/pam.d/a-service
	run pamdrive --service sshd-e2e --user hanako --tty ssh --putenv "SSH_AUTH_INFO_0=publickey $key" auth
	expect_has 'what sshd itself would get' 'auth = 0 PAM_SUCCESS' "$OUT"
	run pamdrive --service a-service --user hanako --tty ssh --putenv "SSH_AUTH_INFO_0=publickey $key" auth
	no_login
	run pamdrive --service sshd-e2e --user hanako --tty pts/3 --putenv "SSH_AUTH_INFO_0=publickey $key" auth
	no_login
}
# Promise: A key that sshd has accepted is compared exactly, and only sshd can report one.
# Letter: the key is an enrolled one, in the very form in which sshd names it; but sshd has not said so.
# Seen to succeed: mutant ssh-key-from-sshd-only key-of-another-program
adversary key-in-the-environment key_by_the_environment

stop_sshd

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Logins over the network with a card at another machine, seen from the server: what a real sshd
# with our module lets in. The answers come from sshwire-answer, which would sign anything.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's

ANSWERS=$WORK/answers

# The card, or else the password.
challenge_stack()	# [OPTION…]
{
	stack_of sshd "auth [success=done default=ignore] pam_jpki.so $(challenge_options "$@")
@include common-auth"
}

# answered STATUS SAYS OUTCOMES [VARIABLE=VALUE…] [-- WORD of ssh…]: one ssh whose prompts
# are answered by sshwire-answer.
answered()
{
	local status=$1 says=$2 log=$3
	local -a variables=(ANSWER_LEAF="$PKI/good" ANSWER_HOSTKEY="$OUR_KEY" ANSWER_PASSWORD="$PASSWORD"
		ANSWER_LOG="$ANSWERS" SSH_ASKPASS="$E2E_TOP/tests/e2e/sshwire-answer" SSH_ASKPASS_REQUIRE=force)

	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do variables+=("$1"); shift; done
	[ $# = 0 ] || shift
	SYSLOG_FROM=$(syslog_size)
	: > "$ANSWERS"
	run env "${variables[@]}" "${SSH[@]}" "$@" -o PreferredAuthentications=keyboard-interactive \
		-o NumberOfPasswordPrompts=1 "${AS-hanako}@127.0.0.1" id
	expect_equal "exit status ($log)" "$status" "$STATUS"
	expect_has 'what ssh says' "$says" "$OUT"
	expect_outcomes "$log"
	expect_equal 'commands to the card of the server' 0 "$(stat_of apdus)"
}

IN='uid=2001(hanako)' DENIED='Permission denied'

good_answers()
{
	enroll hanako good
	answered 0 "$IN" OK
	expect_equal 'prompts' 1 "$(grep -c ^prompt: "$ANSWERS")"
	expect_match 'the challenge' 'prompt: \(hanako@127\.0\.0\.1\) JPKI1 remote-login 127\.0\.0\.1%2cazumino\.example hanako sshd [0-9]+ [0-9a-f]{64} hostkey: ' \
		"$(grep ^prompt: "$ANSWERS")"
	enroll hanako expired good
	answered 0 "$IN" OK
}

other_answers()
{
	local recorded old

	enroll hanako good
	answered 255 "$DENIED" CHALLENGE ANSWER_LEAF="$PKI/good2" ANSWER_PASSWORD=no
	answered 255 "$DENIED" CHALLENGE ANSWER_HOSTKEY=- ANSWER_PASSWORD=no
	answered 255 "$DENIED" CHALLENGE ANSWER_HOSTKEY="$(ssh-keygen -lf "$WORK/sshd/key2.pub" | sed -E 's/.*SHA256:([^ ]+) .*/\1/')" ANSWER_PASSWORD=no
	answered 0 "$IN" OK
	old=$(sed -n 's/^answer: //p' "$ANSWERS")
	answered 255 "$DENIED" CHALLENGE ANSWER_WITH="$old" ANSWER_PASSWORD=no
	answered 255 "$DENIED" CHALLENGE ANSWER_WITH="$PIN" ANSWER_PASSWORD=no
	recorded=$(syslog_new)
	expect_lacks 'the log' "$PIN" "$recorded"
}

# sshd calls setcred in another process than the one that saw the answer.
cards_alone()
{
	local lines
	lines=$(sed -n 's/^#\(auth  *requi.*\)/\1/p' /usr/share/doc/pam_jpki/examples/pam.d/sshd)

	enroll hanako good
	stack_of sshd "${lines/remote=challenge/$(challenge_options)}"
	answered 0 "$IN" OK
	answered 255 "$DENIED" NO-REPLY ANSWER_LEAF= ANSWER_PASSWORD=no
	stack_of sshd "auth requisite pam_jpki.so $(challenge_options)"
	answered 255 '' OK
	expect_lacks 'what ssh says, setcred without a success' "$IN" "$OUT"
	challenge_stack
}

with_password()
{
	enroll hanako good
	# An empty line: the field is the next module's, in the same dialogue.
	answered 0 "$IN" NO-REPLY ANSWER_LEAF=
	expect_equal 'prompts' 2 "$(grep -c ^prompt: "$ANSWERS")"
	expect_lacks 'what is shown' 'No card answered' "$(cat "$ANSWERS")"
	# What is typed at the challenge is neither a PIN nor handed on as a password.
	answered 255 "$DENIED" CHALLENGE ANSWER_WITH="$PASSWORD" ANSWER_PASSWORD=no
	# ssh's method "password" cannot show a challenge: the password alone decides.
	answered 0 "$IN" CANCELLED -- -o PreferredAuthentications=password
	answered 255 "$DENIED" CANCELLED ANSWER_PASSWORD="$PIN" -- -o PreferredAuthentications=password
}

by_name()
{
	challenge_stack remote_binding=name
	enroll hanako good
	answered 0 "$IN" OK ANSWER_HOSTKEY=-
	expect_has 'the challenge' ' name: ' "$(grep ^prompt: "$ANSWERS")"
	answered 0 "$IN" OK
	answered 255 "$DENIED" CHALLENGE ANSWER_HOSTKEY="${OUR_KEY//[a-m]/A}" ANSWER_PASSWORD=no
	challenge_stack
}

# The challenge without what is new each time.
shown_to()	# USER
{
	answered 255 "$DENIED" "$2" ANSWER_LEAF= ANSWER_PASSWORD=no -- -l "$1"
	sed -nE 's/^prompt: .*(JPKI1 .*) [0-9]+ [0-9a-f]{64} (.*)/\1 \2/p' "$ANSWERS" | sed "s/ $1 / USER /"
}

no_oracle()
{
	local wanted

	enroll hanako good
	wanted=$(shown_to hanako NO-REPLY)
	expect_has 'the challenge' 'JPKI1 remote-login' "$wanted"
	enroll hanako expired
	expect_equal 'the challenge, expired' "$wanted" "$(shown_to hanako NO-REPLY)"
	enroll hanako
	expect_equal 'the challenge, not enrolled' "$wanted" "$(shown_to hanako NO-REPLY)"
	challenge_stack tell_everybody=yes
	expect_equal 'the challenge, not enrolled, who is told' "$wanted" "$(shown_to hanako NO-REPLY)"
	challenge_stack
	echo garbage > "$USERS/hanako.pem"
	expect_equal 'the challenge, damaged enrollment' "$wanted" "$(shown_to hanako NO-REPLY)"
	answered 255 "$DENIED" CHALLENGE ANSWER_PASSWORD=no
	expect_logged 'fails by JPKI-E-ENROLMENT'
	enroll hanako
	answered 255 "$DENIED" CHALLENGE ANSWER_PASSWORD=no
	expect_logged 'fails by JPKI-E-NOT-ENROLLED'
}

# A user who has proved the card reads, before the password prompt, why it was refused.
refused_with()	# TEXT OUTCOME [VARIABLE=VALUE…]
{
	answered 255 "$DENIED" "$2" ANSWER_PASSWORD=no "${@:3}"
	# Newer clients show it at once, older ones with the next prompt.
	expect_has 'what comes before the password' "$1" "$OUT$(cat "$ANSWERS")"
}

dead_ones()
{
	enroll hanako expired
	refused_with 'The user-authentication certificate has expired.' CERT-EXPIRED ANSWER_LEAF="$PKI/expired"
	enroll hanako good
	answered 0 "$IN" OK
	run jpkictl crl import "$PKI/crl/ca1-good-revoked.crl"
	refused_with 'has been revoked' REVOKED
	reset_config
	answered 0 "$IN" OK
	run jpkictl block "$PKI/good.crt"
	refused_with 'has blocked this card' BLOCKED
	run jpkictl unblock "$PKI/good.crt"
	answered 0 "$IN" OK
}

# The challenge has the name that was typed, as for a name without an account: remotely nothing shows
# which names the user database knows, and jpki-askpass finds the name that it was called with.
by_another_name()
{
	other_names 'HANAKO:hanako:*:2001:2001::/home/hanako:/bin/bash' \
		'hanako@other:hanako:x:3001:3001::/:/bin/bash'
	enroll hanako good
	AS=HANAKO answered 0 "$IN" OK
	expect_has 'the challenge' ' HANAKO sshd ' "$(grep ^prompt: "$ANSWERS")"
	expect_logged 'JPKI-OK user=hanako '
	AS=Hanako answered 255 "$DENIED" CHALLENGE ANSWER_PASSWORD=no
	expect_has 'the challenge' ' Hanako sshd ' "$(grep ^prompt: "$ANSWERS")"
	AS=hanako@other answered 255 "$DENIED" NOT-ENROLLED ANSWER_PASSWORD=no
	other_names
}

# Only sshd challenges: nothing binds what a program inside of a session would show.
inside_a_session()
{
	enroll hanako good
	card_stack sudo "$(challenge_options)"
	SYSLOG_FROM=$(syslog_size)
	# On a terminal that stays: sshd takes the entry in utmp away with the session.
	on_tty -- env ANSWER_LEAF="$PKI/good" ANSWER_HOSTKEY="$OUR_KEY" ANSWER_LOG="$ANSWERS" \
		SSH_ASKPASS="$E2E_TOP/tests/e2e/sshwire-answer" SSH_ASKPASS_REQUIRE=force \
		"${SSH[@]}" -tt -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 'sudo -k id'
	expect_lacks 'what sudo shows' JPKI1 "$OUT"
	expect_lacks 'what sudo shows' 'uid=0' "$OUT"
	expect_outcomes 'OK REMOTE REMOTE REMOTE'
	card_stack sudo
}

server_without_keys()
{
	enroll hanako good
	rm "$HOST_KEYS"/*
	answered 255 "$DENIED" CONFIG ANSWER_PASSWORD=no
	expect_lacks 'prompts' JPKI1 "$(cat "$ANSWERS")"
	cp "$WORK/sshd/key.pub" "$HOST_KEYS/ssh_host_ed25519_key.pub"
}

# --- the key that sshd has let in --------------------------------------------------------

# by_key STATUS SAYS OUTCOMES LEAF
by_key()
{
	SYSLOG_FROM=$(syslog_size)
	install -m 0600 "$PKI/$4.key" "$WORK/key.pem"
	run "${SSH[@]/PubkeyAuthentication=no/PubkeyAuthentication=yes}" -o IdentitiesOnly=yes -i "$WORK/key.pem" \
		-o PreferredAuthentications=publickey,keyboard-interactive -o NumberOfPasswordPrompts=1 hanako@127.0.0.1 id
	expect_equal "exit status, $4" "$1" "$STATUS"
	expect_has "what ssh says, $4" "$2" "$OUT"
	expect_outcomes "$3"
	expect_equal 'commands to the card of the server' 0 "$(stat_of apdus)"
}

keys_and_pam()
{
	local leaf

	mkdir -p ~hanako/.ssh
	for leaf in good good2 expired; do
		openssl x509 -in "$PKI/$leaf.crt" -noout -pubkey > "$WORK/pub.pem"
		ssh-keygen -i -m PKCS8 -f "$WORK/pub.pem"
	done > ~hanako/.ssh/authorized_keys
	enroll hanako good
	by_key 0 "$IN" OK good
	by_key 255 'did not use a card' SSH-KEY good2
	run jpkictl crl import "$PKI/crl/ca1-good-revoked.crl"
	by_key 255 'has been revoked' REVOKED good
	reset_config
	enroll hanako expired
	by_key 255 'has expired' CERT-EXPIRED expired
	enroll hanako
	by_key 255 'No card is registered' NOT-ENROLLED good
	enroll hanako good
	# Without the option the key is ignored here.
	card_stack sshd
	by_key 255 "$DENIED" REMOTE good
	rm -r ~hanako/.ssh
}

# --- clients that know a password and nothing else ---------------------------------------

# What the example offers in a comment: members of this group are shown no challenge.
password_group()
{
	sed -n '/^#Match Group/,/^$/s/^#//p' /usr/share/doc/pam_jpki/examples/sshd-challenge.conf
}

# sshpass waits for "assword:" and answers it once.
by_sshpass()	# STATUS SAYS USER [OPTION of ssh…]
{
	if ! command -v sshpass >/dev/null; then
		echo '# no sshpass here' >> "$LOG"
		return
	fi
	SYSLOG_FROM=$(syslog_size)
	RUN_LIMIT=15 run sshpass -p "$PASSWORD" "${SSH[@]}" "${@:4}" "$3@127.0.0.1" id
	expect_match "exit status of sshpass ($*)" "$1" "$STATUS"
	expect_has "what ssh says to sshpass ($*)" "$2" "$OUT"
}

# Types the password at every prompt; ssh prefers keyboard-interactive, as WinSCP does.
by_stubborn_client()	# STATUS SAYS USER OUTCOMES
{
	SYSLOG_FROM=$(syslog_size)
	: > "$ANSWERS"
	run env ANSWER_WITH="$PASSWORD" ANSWER_PASSWORD="$PASSWORD" ANSWER_LOG="$ANSWERS" \
		SSH_ASKPASS="$E2E_TOP/tests/e2e/sshwire-answer" SSH_ASKPASS_REQUIRE=force \
		"${SSH[@]}" -o NumberOfPasswordPrompts=1 -o PreferredAuthentications=keyboard-interactive,password "$3@127.0.0.1" id
	expect_match "exit status of the client ($*)" "$1" "$STATUS"
	expect_has "what ssh says ($*)" "$2" "$OUT"
	expect_outcomes "$4"
}

# Why there is a remedy: the challenge comes first, also for who has no card.
programs_without_the_group()
{
	enroll hanako good
	by_sshpass '[1-9][0-9]*' '' taro
	expect_lacks 'what sshpass reaches' 'uid=2002(taro)' "$OUT"
	by_stubborn_client 0 'uid=2002(taro)' taro CHALLENGE
	expect_has 'what is shown' JPKI1 "$(cat "$ANSWERS")"
	# The remedy at the client: the method that cannot show a challenge.
	by_sshpass 0 'uid=2002(taro)' taro -o PreferredAuthentications=password
	by_sshpass 0 "$IN" hanako -o PreferredAuthentications=password
}

programs_in_the_group()
{
	enroll hanako good
	by_sshpass 0 'uid=2002(taro)' taro
	by_stubborn_client 0 'uid=2002(taro)' taro CANCELLED
	expect_lacks 'what is shown' JPKI1 "$(cat "$ANSWERS")"
	expect_equal 'questions' 1 "$(grep -c ^prompt: "$ANSWERS")"
	PASSWORD=wrong-horse-7 by_stubborn_client 255 "$DENIED" taro CANCELLED
	# Everybody else is challenged as before.
	answered 0 "$IN" OK
	expect_has 'what is shown' JPKI1 "$(cat "$ANSWERS")"
	enroll taro good
	AS=taro answered 255 "$DENIED" CANCELLED ANSWER_PASSWORD=no -- -o PreferredAuthentications=keyboard-interactive,password
	enroll taro
}

# The two outcomes that are sshd's alone, through libpam.
through_libpam()
{
	enroll hanako good
	install_pam_service sshd-e2e "$(stack "$(challenge_options)")"
	run pamdrive --service sshd-e2e --tty ssh --user hanako text= auth
	expect_equal 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_has 'transcript' 'prompt[on]: JPKI1 ' "$OUT"
	expect_has 'transcript' 'hygiene = ok' "$OUT"
	run pamdrive --service sshd-e2e --tty ssh --user hanako text=reply auth
	expect_equal 'pam_authenticate' '7 PAM_AUTH_ERR' "$(transcript 'auth = ')"
	expect_match 'delay' '[1-9][0-9]*' "$(transcript 'delay = ')"
	run pamdrive --service sshd-e2e --tty ssh --user hanako conv_err auth
	expect_equal 'pam_authenticate' '19 PAM_CONV_ERR' "$(transcript 'auth = ')"
	expect_equal 'commands to the card of the server' 0 "$(stat_of apdus)"
	rm /etc/pam.d/sshd-e2e
}

if is_wanted 'ssh challenge: the right card logs in' || is_wanted 'ssh challenge: through libpam' || is_wanted 'ssh challenge: other answers' ||
    is_wanted 'ssh challenge: the cards alone' || is_wanted 'ssh challenge: beside a password' || is_wanted 'ssh challenge: bound by the name' ||
    is_wanted 'ssh challenge: an outsider cannot learn who is enrolled' || is_wanted 'ssh challenge: dead certificates' ||
    is_wanted 'ssh challenge: not inside a session' || is_wanted 'ssh challenge: a server without host keys'; then
	echo "hanako:$PASSWORD" | chpasswd
	start_challenging_sshd
	challenge_stack
	run_case 'ssh challenge: the right card logs in' good_answers
	run_case 'ssh challenge: through libpam' through_libpam
	run_case 'ssh challenge: other answers' other_answers
	run_case 'ssh challenge: the cards alone' cards_alone
	run_case 'ssh challenge: beside a password' with_password
	run_case 'ssh challenge: bound by the name' by_name
	run_case 'ssh challenge: an outsider cannot learn who is enrolled' no_oracle
	run_case 'ssh challenge: by another name of the account' by_another_name
	run_case 'ssh challenge: dead certificates' dead_ones
	run_case 'ssh challenge: not inside a session' inside_a_session
	run_case 'ssh challenge: a server without host keys' server_without_keys
	stop_sshd
fi
if is_wanted 'ssh challenge: programs that know a password'; then
	echo "taro:$PASSWORD" | chpasswd
	groupadd -f password-only
	gpasswd -a taro password-only >/dev/null
	start_challenging_sshd
	challenge_stack
	run_case 'ssh challenge: programs that know a password' programs_without_the_group
	stop_sshd
	mapfile -t group_lines < <(password_group)
	start_challenging_sshd "${group_lines[@]}"
	run_case 'ssh challenge: programs that know a password, in the group of the example' programs_in_the_group
	stop_sshd
	gpasswd -d taro password-only >/dev/null
fi
if is_wanted 'ssh key and PAM: exactly the valid enrollments'; then
	start_challenging_sshd "$(sed -n '/^[A-Z]/p' /usr/share/doc/pam_jpki/examples/sshd-keys-pam.conf)"
	stack_of sshd "$(sed -n 's/^#\(auth .*ssh_key=yes\)/\1/p' /usr/share/doc/pam_jpki/examples/pam.d/sshd)
@include common-auth"
	run_case 'ssh key and PAM: exactly the valid enrollments' keys_and_pam
	stop_sshd
fi
stack_of sshd '@include common-auth'

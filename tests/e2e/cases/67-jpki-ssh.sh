# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The other end: a user at a laptop (here: as taro) with hanako's card and logs in as hanako
# on a server. Client and server share this machine; the reader is the client's.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's
# shellcheck disable=SC2016 # some text is for other shells

CLIENT=(setpriv --reuid 2002 --regid 2002 --init-groups env -C /home/taro HOME=/home/taro USER=taro TERM=dumb)
JPKI_SSH=(-p "$SSH_PORT" -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=yes
	-o PubkeyAuthentication=no -o PreferredAuthentications=keyboard-interactive)
SIGN_IN="wait:You are about to log in to 127\\.0\\.0\\.1 as hanako \\(service sshd\\) with your My Number Card"
CLIENT_PIN=("$SIGN_IN" "${RIGHT[@]}")

# through NAME [KEY=VALUE…] [STEP…] -- WORD…: a person at the client; WORDs begin with jpki-ssh or
# the program that runs it.
through()
{
	local -a before=()

	while [ "$1" != -- ]; do before+=("$1"); shift; done
	shift
	person "${before[@]}" -- "${CLIENT[@]}" "$@"
}

LOGIN=(jpki-ssh -F none "${JPKI_SSH[@]}" hanako@127.0.0.1 id)
DENIED='Permission denied'

start_challenging_sshd 'Subsystem sftp internal-sftp'
chmod 0644 "$WORK/known_hosts"
card_stack sshd "$(challenge_options)"

through 'jpki-ssh: the card at the client logs in' says='uid=2001(hanako)' "${CLIENT_PIN[@]}" -- "${LOGIN[@]}"
# ssh would repeat the dialogue twice by itself.
through 'jpki-ssh: a wrong PIN is asked for once' status=255 log='NO-REPLY NO-REPLY NO-REPLY' tries=2 \
	says='jpki-ssh: login with the card stopped: Wrong PIN; 2 tries left' "$SIGN_IN" "$ASKED" "type:$WRONG_PIN" -- "${LOGIN[@]}"
through 'jpki-ssh: what is no PIN does not reach the card' status=255 log='NO-REPLY NO-REPLY NO-REPLY' verifies=0 \
	says='nothing was sent to the card' "$SIGN_IN" "$ASKED" 'type:12345' -- "${LOGIN[@]}"
through 'jpki-ssh: the last try is kept' sim='set auth-tries 1' status=255 log='NO-REPLY NO-REPLY NO-REPLY' \
	tries=1 prompts=0 verifies=0 says='Only one try is left' -- "${LOGIN[@]}"
through 'jpki-ssh: a locked card' sim='set auth-tries 0' status=255 log='NO-REPLY NO-REPLY NO-REPLY' \
	tries=0 prompts=0 verifies=0 says='is locked' -- "${LOGIN[@]}"
through 'jpki-ssh: no card' sim=remove status=255 log='NO-REPLY NO-REPLY NO-REPLY' prompts=0 verifies=0 \
	says='There is no card on the reader.' -- "${LOGIN[@]}"
through 'jpki-ssh: a Juki card' before='put_card "good none profile=juki"' status=255 log='NO-REPLY NO-REPLY NO-REPLY' \
	prompts=0 verifies=0 says='Juki card' -- "${LOGIN[@]}"
through "jpki-ssh: another user's card is told by the server" before='put_card other-person' status=255 \
	log='CHALLENGE NO-REPLY NO-REPLY' says='Your card could not be confirmed' "${CLIENT_PIN[@]}" -- "${LOGIN[@]}"
through 'jpki-ssh: the card is exchanged at the prompt' status=255 log='NO-REPLY NO-REPLY NO-REPLY' verifies=0 \
	says='login with the card stopped' "$SIGN_IN" "$ASKED" "do:sim swap $(card_dir other-person)" "type:$PIN" -- "${LOGIN[@]}"
# A card that takes its time: the person is told after a second, and the line goes before the next one comes.
through 'jpki-ssh: a card that is slow to read says that it waits' sim='fault ins B0 hang 1300' \
	says=$'Reading the card; leave it on the reader …\r\e[KYou are about to log in to' after='CARD_DIRTY=yes' "${CLIENT_PIN[@]}" -- "${LOGIN[@]}"
through 'jpki-ssh: a card that is slow to sign says that it waits' sim='fault ins 2A hang 1300' \
	says=$'Using the card; leave it on the reader …\r\e[K' lacks='Reading the card' "${CLIENT_PIN[@]}" -- "${LOGIN[@]}"
through 'jpki-ssh: ^C at the PIN' status='255|130' log= verifies=0 "$SIGN_IN" "$ASKED" insist:03 -- "${LOGIN[@]}"

mixed_stack sshd "$(challenge_options)"
through 'jpki-ssh: without a card the password is asked for' sim=remove says='uid=2001(hanako)' log=NO-REPLY prompts=0 verifies=0 \
	'wait:[Pp]assword: ?$' "type:$PASSWORD" -- "${LOGIN[@]}"
through 'jpki-ssh: after a wrong PIN the password is asked for' says='uid=2001(hanako)' log=NO-REPLY tries=2 \
	"$SIGN_IN" "$ASKED" "type:$WRONG_PIN" 'wait:[Pp]assword: ?$' "type:$PASSWORD" -- "${LOGIN[@]}"
card_stack sshd "$(challenge_options)"

# Questions of ssh's own still reach the person.
through 'jpki-ssh: the question about an unknown host key' before='rm -rf /home/taro/.ssh' says='uid=2001(hanako)' \
	'wait:yes/no.*\? ?$' type:yes "${CLIENT_PIN[@]}" -- \
	jpki-ssh -F none -o UserKnownHostsFile=/home/taro/.ssh/known -o StrictHostKeyChecking=ask "${LOGIN[@]:3}"
printf '#!/bin/sh\necho "next: $1" >> /tmp/next-askpass\necho "%s"\n' "$PASSWORD" > /usr/local/bin/next-askpass
chmod 0755 /usr/local/bin/next-askpass
next_askpass()
{
	stack_of sshd '@include common-auth'
	rm -f /tmp/next-askpass
	run setsid -w "${CLIENT[@]}" SSH_ASKPASS=/usr/local/bin/next-askpass "${LOGIN[@]}"
	expect_has 'the session' 'uid=2001(hanako)' "$OUT"
	expect_equal 'what the next askpass was asked' 'next: The server, not your card, prompts for the following; never enter your card PIN:
(hanako@127.0.0.1) Password: ' "$(cat /tmp/next-askpass)"
	card_stack sshd "$(challenge_options)"
}
run_case 'jpki-ssh: what was the askpass before still is' next_askpass

# What a server writes is the server's, even if it looks like our own dialogue.
imitation()
{
	stack_of sshd "auth required pam_e2e.so prompt=PIN_of_the_user-authentication_certificate_(4_digits,_3_tries_left): return=7"
}
through 'jpki-ssh: a server that asks for the PIN itself gets none' before=imitation status=255 log='' prompts=any verifies=0 \
	says='your answer was not sent to the server, because it looks like the PIN of your card' 'wait:The server, not your card, prompts for the following; never enter your card PIN' "$ASKED" "type:$PIN" -- \
	"${LOGIN[@]:0:3}" -o NumberOfPasswordPrompts=1 "${LOGIN[@]:3}"
card_stack sshd "$(challenge_options)"

# The user's configuration applies: -F and the host alias in it.
printf 'Host azumi\n\tHostName 127.0.0.1\n\tUser hanako\n' > "$WORK/ssh_config"
chmod 0644 "$WORK/ssh_config"
through 'jpki-ssh: the own configuration of ssh holds' says='uid=2001(hanako)' "${CLIENT_PIN[@]}" -- \
	jpki-ssh "${JPKI_SSH[@]}" -F "$WORK/ssh_config" azumi id
through 'jpki-ssh: -F after another letter' says='uid=2001(hanako)' "${CLIENT_PIN[@]}" -- \
	jpki-ssh "${JPKI_SSH[@]}" -4F "$WORK/ssh_config" azumi id
other_configurations()
{
	run "${CLIENT[@]}" jpki-ssh -F /nonexistent -G azumi
	expect_equal 'exit status, a file that is not there' 255 "$STATUS"
	run "${CLIENT[@]}" jpki-ssh -F '/tmp/c[1]' -G azumi
	expect_equal 'exit status, a pattern' 255 "$STATUS"
	run "${CLIENT[@]}" jpki-ssh -F "$WORK/ssh_config" -G azumi
	expect_has 'settings' 'hostname 127.0.0.1' "$OUT"
	expect_has 'settings' 'knownhostscommand /usr/bin/jpki-askpass' "$OUT"
	# The directory exists and is another user's: the notes go elsewhere.
	make_user jiro 2099
	mkdir -m 700 /tmp/jpki-ssh-2099
	run setpriv --reuid 2099 --regid 2099 --init-groups env HOME=/nonexistent jpki-ssh -V
	expect_equal 'exit status, no home' 255 "$STATUS"
	run setpriv --reuid 2099 --regid 2099 --init-groups env HOME=/home/jiro jpki-ssh -V
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'who may read the notes' 700 "$(stat -c %a /home/jiro/.jpki-ssh)"
	# The site's own command goes on: with its tokens, and for this host alone.
	printf 'Host azumi\n\tHostName 127.0.0.1\n\tKnownHostsCommand /usr/local/bin/known "%%H" %%I "two words"\n' > "$WORK/ssh_known"
	run "${CLIENT[@]}" jpki-ssh -F "$WORK/ssh_known" -G azumi
	expect_has 'settings' 'knownhostscommand /usr/bin/jpki-askpass --note-host-key %f %K /usr/local/bin/known "%H" %I "two words"' "$OUT"
	run "${CLIENT[@]}" jpki-ssh -F "$WORK/ssh_known" -G other
	expect_has 'settings of another host' $'\nknownhostscommand /usr/bin/jpki-askpass --note-host-key %f %K\n' $'\n'"$OUT"$'\n'
	# Named as its own successor, it asks at the terminal, which there is not.
	run timeout 10 setsid -w "${CLIENT[@]}" JPKI_ASKPASS_NEXT=/usr/bin/jpki-askpass JPKI_ASKPASS_NEXT_REQUIRE=force jpki-askpass 'foo: '
	expect_equal 'exit status, its own successor' 1 "$STATUS"
}
run_case 'jpki-ssh: configurations that cannot be read, and a directory that is taken' other_configurations

# A host that the site's own KnownHostsCommand knows is known, and that command is run as ssh would have.
the_sites_hosts()
{
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" "SHELL=$SHELL" >> /tmp/known-asked\n[ "$1" = NONE ] || printf "%%s %%s\\n" "$2" "%s"\n' \
		"$(cat "$WORK/sshd/key.pub")" > /usr/local/bin/known
	chmod 0755 /usr/local/bin/known
	rm -f /tmp/known-asked /home/taro/.ssh/known
	printf 'Host *\n\tKnownHostsCommand /usr/local/bin/known %%K %%H "two words"\n' > "$WORK/ssh_site"
	chmod 0644 "$WORK/ssh_site"
}
SITE=(jpki-ssh -F "$WORK/ssh_site" -p "$SSH_PORT" -o UserKnownHostsFile=/dev/null -o PubkeyAuthentication=no
	-o PreferredAuthentications=keyboard-interactive)
asked_the_site()
{
	expect_has 'what the command of the site was given' $'\n[127.0.0.1]:'"$SSH_PORT"$'\ntwo words\n' "$(cat /tmp/known-asked)"
}
through "jpki-ssh: what the site's KnownHostsCommand knows is known" before=the_sites_hosts says='uid=2001(hanako)' after=asked_the_site \
	"${CLIENT_PIN[@]}" -- "${SITE[@]}" -o StrictHostKeyChecking=yes hanako@127.0.0.1 id
site_that_fails()
{
	the_sites_hosts
	printf '#!/bin/sh\nexit 1\n' > /usr/local/bin/known
}
through "jpki-ssh: a KnownHostsCommand that fails" before=site_that_fails status=255 log='' prompts=0 verifies=0 \
	says='KnownHostsCommand failed' -- "${SITE[@]}" -o StrictHostKeyChecking=yes hanako@127.0.0.1 id
not_a_path()
{
	run jpki-askpass --note-host-key SHA256:x NONE known
	expect_equal 'exit status, a KnownHostsCommand without its path' 1 "$STATUS"
	run jpki-askpass --note-host-key SHA256:x NONE /nonexistent
	expect_equal 'exit status, a KnownHostsCommand that is not there' 1 "$STATUS"
	run jpki-askpass --note-host-key SHA256:x NONE /bin/echo two words
	expect_equal 'what it says' 'two words' "$OUT"
}
run_case 'jpki-ssh: what is no KnownHostsCommand' not_a_path

# --- the programs that run ssh ------------------------------------------------------------
# What of it does its work, on top of the log-in.
files_at_hanako()
{
	rm -rf ~hanako/files /home/taro/*
	install -d -o hanako -g hanako ~hanako/files
	head -c 300000 /dev/urandom > ~hanako/files/data
	chmod 0644 ~hanako/files/data
}
same_data()	# FILE
{
	cmp -s ~hanako/files/data "$1" || fail "$1 is not what was sent for"
}
printf '#!/bin/sh\nexec jpki-ssh -F none' > /usr/local/bin/jpki-ssh-here
printf ' %q' "${JPKI_SSH[@]}" >> /usr/local/bin/jpki-ssh-here
printf ' "$@"\n' >> /usr/local/bin/jpki-ssh-here
chmod 0755 /usr/local/bin/jpki-ssh-here
SSH_HERE=/usr/local/bin/jpki-ssh-here
through 'jpki-ssh: scp' before=files_at_hanako after='same_data /home/taro/data' "${CLIENT_PIN[@]}" -- \
	scp -q -S "$SSH_HERE" hanako@127.0.0.1:files/data .
through 'jpki-ssh: sftp' before=files_at_hanako after='same_data /home/taro/data' "${CLIENT_PIN[@]}" -- \
	sftp -q -S "$SSH_HERE" hanako@127.0.0.1:files/data
through 'jpki-ssh: rsync' before=files_at_hanako after='same_data /home/taro/data' "${CLIENT_PIN[@]}" -- \
	rsync -e "$SSH_HERE" hanako@127.0.0.1:files/data .
git_at_hanako()
{
	files_at_hanako
	run setpriv --reuid 2001 --regid 2001 --init-groups env -C ~hanako/files HOME=/home/hanako sh -c \
		'git init -q . && git add data && git -c user.name=h -c user.email=h@h commit -qm data'
}
through 'jpki-ssh: git clone' before=git_at_hanako after='same_data /home/taro/files/data' "${CLIENT_PIN[@]}" -- \
	env GIT_SSH_COMMAND="$SSH_HERE" git clone -q hanako@127.0.0.1:files
through 'jpki-ssh: one PIN for several sessions (ControlMaster)' before=files_at_hanako says='second uid=2001(hanako)' \
	"${CLIENT_PIN[@]}" -- sh -c '"$0" -o ControlMaster=yes -o ControlPath=/tmp/control -o ControlPersist=20 hanako@127.0.0.1 true &&
		echo "second $("$0" -o ControlPath=/tmp/control hanako@127.0.0.1 id)"; "$0" -o ControlPath=/tmp/control -O exit hanako@127.0.0.1' "$SSH_HERE"
printf '127.0.0.1 second.example\n' >> /etc/hosts
printf '[second.example]:%s %s\n' "$SSH_PORT" "$(cat "$WORK/sshd/key.pub")" >> "$WORK/known_hosts"
{ echo 'Host *'; printf '%s\n' "Port $SSH_PORT" "UserKnownHostsFile $WORK/known_hosts" 'StrictHostKeyChecking yes' \
	'PubkeyAuthentication no' 'PreferredAuthentications keyboard-interactive'; } > "$WORK/jump_config"
chmod 0644 "$WORK/jump_config"
card_stack sshd "$(challenge_options remote_names=127.0.0.1,second.example)"
through 'jpki-ssh: over a jump host, each with its own signature' log='OK OK' prompts=2 verifies=2 says='uid=2001(hanako)' \
	"${CLIENT_PIN[@]}" 'wait:You are about to log in to second\.example as hanako' "${RIGHT[@]}" -- \
	jpki-ssh -F "$WORK/jump_config" -J hanako@127.0.0.1 hanako@second.example id
card_stack sshd "$(challenge_options)"

# ssh may meet the key in a certificate, or print fingerprints of another kind: it is the same key.
cp "$WORK/known_hosts" "$WORK/plain_hosts"
with_host_certificate()
{
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/sshd/ca" <<< y >> "$LOG" 2>&1
	ssh-keygen -q -s "$WORK/sshd/ca" -I server -h -n 127.0.0.1 "$WORK/sshd/key.pub" >> "$LOG" 2>&1 || fail 'no host certificate'
	stop_sshd
	start_challenging_sshd "HostCertificate $WORK/sshd/key-cert.pub"
	printf '@cert-authority [127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cat "$WORK/sshd/ca.pub")" > "$WORK/known_hosts"
}
through 'jpki-ssh: a server with a host certificate' before=with_host_certificate says='uid=2001(hanako)' \
	"${CLIENT_PIN[@]}" -- "${LOGIN[@]}"
stop_sshd
start_challenging_sshd 'Subsystem sftp internal-sftp'
cp "$WORK/plain_hosts" "$WORK/known_hosts"
through 'jpki-ssh: other fingerprints' says='uid=2001(hanako)' "${CLIENT_PIN[@]}" -- jpki-ssh -F none -o FingerprintHash=md5 "${LOGIN[@]:3}"

# --- a relay -----------------------------------------------------------------------------
# A hostile server, a real sshd, which logs in to the other one with what it is given.
EVIL_PORT=2233
start_evil_sshd()
{
	ln -sf "$(command -v sshd)" "$WORK/evilsshd"
	stack_of evilsshd "auth required pam_e2e.so relay=$WORK/relay return=7"
	mkdir -p "$WORK/relay"
	mkfifo "$WORK/relay/challenge" "$WORK/relay/reply"
	sed -e "s/^Port .*/Port $EVIL_PORT/" -e "s|^HostKey .*|HostKey $WORK/sshd/key2|" \
		-e 's/^ListenAddress .*/ListenAddress 0.0.0.0/' "$WORK/sshd/config" > "$WORK/sshd/evil"
	# OpenSSH 9.8 and older name the service after the program.
	sshd_line PAMServiceName evilsshd >> "$WORK/sshd/evil"
	"$WORK/evilsshd" -D -f "$WORK/sshd/evil" -E "$E2E_LOGS/evilsshd.log" </dev/null 2>> "$E2E_LOGS/sshd.log" &
	EVIL_PID=$!
	until_true 10 listens "$EVIL_PORT" || fail 'the hostile sshd does not come up'
	# The victims of the next cases know the hostile key by these names: first contact.
	printf '%s %s\n' "[127.0.0.2]:$EVIL_PORT" "$(cat "$WORK/sshd/key2.pub")" azumino.example "$(cat "$WORK/sshd/key2.pub")" > "$WORK/evil_hosts"
	chmod 0644 "$WORK/evil_hosts"
}
# The attacker's own login at the good server, in the background; what came of it is in the file.
attack()
{
	rm -f "$WORK/attack"
	(RELAY=$WORK/relay SSH_ASKPASS=$E2E_TOP/tests/e2e/relay-askpass SSH_ASKPASS_REQUIRE=force \
		timeout 60 "${SSH[@]}" -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 \
		hanako@127.0.0.1 id > "$WORK/attack.new" 2>&1; mv "$WORK/attack.new" "$WORK/attack") &
}
attack_gets()	# TEXT
{
	until_true 20 test -e "$WORK/attack" || fail 'the attack does not end'
	expect_has 'what the attacker gets' "$1" "$(cat "$WORK/attack" 2>/dev/null)"
	pkill -f "$E2E_TOP/tests/e2e/relay-askpass"
}
AT_EVIL=(-F none -p "$EVIL_PORT" -o "UserKnownHostsFile=$WORK/evil_hosts" -o StrictHostKeyChecking=yes
	-o PubkeyAuthentication=no -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1)
if is_wanted 'jpki-ssh: relay'; then
	start_evil_sshd
	through "jpki-ssh: relay, another server's challenge is not signed" before=attack status=255 prompts=0 verifies=0 \
		log=NO-REPLY says='An attacker may be relaying it' after="attack_gets '$DENIED'" -- jpki-ssh "${AT_EVIL[@]}" hanako@127.0.0.2 id
	through 'jpki-ssh: relay under the name of the good server gets a signature for its own host key' before=attack status=255 \
		log=CHALLENGE "wait:You are about to log in to azumino\\.example as hanako" "${RIGHT[@]}" after="attack_gets '$DENIED'" -- \
		jpki-ssh "${AT_EVIL[@]}" -o HostKeyAlias=azumino.example hanako@127.0.0.2 id
	card_stack sshd "$(challenge_options remote_binding=name)"
	through 'jpki-ssh: relay under the name of the good server, which insists on names only' before=attack status=255 \
		log=CHALLENGE "wait:You are about to log in to azumino\\.example as hanako" "${RIGHT[@]}" after="attack_gets '$DENIED'" -- \
		jpki-ssh "${AT_EVIL[@]}" -o HostKeyAlias=azumino.example hanako@127.0.0.2 id
	# What the binding is good for: without it (no wrapper), and with the name forged, the attacker is in.
	through 'jpki-ssh: relay against a client and a server without host keys in the signature works' before=attack status=255 \
		log=OK says='is not part of the signature' "wait:You are about to log in to azumino\\.example as hanako" "${RIGHT[@]}" after="attack_gets 'uid=2001(hanako)'" -- \
		env SSH_ASKPASS=/usr/bin/jpki-askpass SSH_ASKPASS_REQUIRE=force ssh "${AT_EVIL[@]}" -o HostKeyAlias=azumino.example hanako@127.0.0.2 id
	card_stack sshd "$(challenge_options)"
	end_process "$EVIL_PID"
fi

# --- without a terminal ---------------------------------------------------------------------
through 'jpki-ssh: the PIN by pinentry' says='uid=2001(hanako)' asks='PIN' prompts=any \
	'wait:You are about to log in to 127\.0\.0\.1' 'wait:PIN[^\n]*:' "type:$PIN" -- env JPKI_PINENTRY=pinentry-tty "${LOGIN[@]}"
without_terminal()
{
	run setsid -w "${CLIENT[@]}" JPKI_PINENTRY=/bin/false "${LOGIN[@]}"
	expect_equal 'exit status' 255 "$STATUS"
	expect_has 'what is said' 'no PIN was entered' "$OUT"
	expect_equal 'PINs that reached the card' 0 "$(stat_of verifies)"
}
run_case 'jpki-ssh: no terminal to prompt at' without_terminal
no_notes_left()
{
	local left

	run "${CLIENT[@]}" jpki-ssh -V
	left=$(find /tmp/jpki-ssh-2002 -type f | wc -l)
	[ "$left" -le 1 ] || fail "$left notes of ssh processes are left"
	expect_equal 'who may read the notes' 700 "$(stat -c %a /tmp/jpki-ssh-2002)"
}
run_case 'jpki-ssh: no notes of ended processes are left' no_notes_left
stop_sshd
stack_of sshd '@include common-auth'

# --- on a laptop that has nothing else ---------------------------------------------------------
client_alone()
{
	local build=$WORK/client program

	mkdir -p "$build"
	printf '#!/bin/sh\ncase "$*" in *nss*|*inih*|*pam*|*jansson*|*curl*|*systemd*) exit 1 ;; esac\nexec pkg-config "$@"\n' > "$build/pc"
	chmod 0755 "$build/pc"
	RUN_LIMIT=$BUILD_LIMIT run env -C "$build" PKG_CONFIG="$build/pc" "$E2E_TOP/configure" -q --disable-server --prefix=/usr
	expect_equal 'exit status of configure' 0 "$STATUS"
	RUN_LIMIT=$BUILD_LIMIT run make -C "$build" -j2 install DESTDIR="$build/dest"
	expect_equal 'exit status of make' 0 "$STATUS"
	expect_equal 'programs' 'jpki-askpass jpki-ssh' "$(cd "$build/dest" && find . -type f -perm /100 -printf '%f\n' | sort | tr '\n' ' ' | sed 's/ $//')"
	for program in jpki-askpass jpki-ssh; do
		expect_lacks "libraries of $program" libpam "$(ldd "$build/dest/usr/bin/$program")"
		expect_lacks "libraries of $program" libnss3 "$(ldd "$build/dest/usr/bin/$program")"
	done
	expect_match 'version' 'jpki-askpass \(pam_jpki .*\)' "$("$build/dest/usr/bin/jpki-askpass" --version)"
}
run_case 'jpki-ssh: the client builds alone' client_alone

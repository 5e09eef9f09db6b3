# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The EXAMPLES of the manuals, as users and administrators follow them: each command is run, each block of a
# PAM file or of pam_jpki.conf is used. A line that no case here knows is a failure.
# shellcheck disable=SC2034,SC2154 # CARD_DIRTY is lib.sh's; some variables are terminal.sh's

# examples PAGE [LANGUAGE]: the lines of the literal blocks, with a line of "--" after each block.
examples()
{
	sed -nE '/^\.Sh (EXAMPLES|例)$/,/^\.Sh /{/^\.Sh (EXAMPLES|例)$/!p;}' "/usr/share/man/${2+$2/}man${1##*.}/$1" |
		sed -n '/^\.Bd -literal/,/^\.Ed/{/^\.Bd/d; s/^\.Ed.*/--/; s/\\e/\\/g; p;}'
}

# block PAGE REGEX: the first block with such a line, without its comments.
block()
{
	examples "$1" | awk -v regex="$2" '
		$0 == "--" { if (found) { printf "%s", text; exit }; text = ""; found = 0; next }
		/^#/ { next }
		{ text = text $0 "\n"; if ($0 ~ regex) found = 1 }'
}

same_in_japanese()
{
	local page

	for page in jpki-askpass.1 jpki-ssh.1 jpki-watch.1 jpkictl.8 jpkictl-doctor.8 pam_jpki-ssh.7 pam_jpki.8; do
		[ -n "$(examples "$page")" ] || fail "$page has no examples"
		expect_equal "$page" "$(examples "$page" | grep -E '^([$#] |[a-z])')" \
			"$(examples "$page" ja | grep -E '^([$#] |[a-z])')"
	done
}
if [ -e /usr/share/man/ja/man8/jpkictl.8 ]; then
	run_case 'manual: the same examples in Japanese' same_in_japanese
else
	skip 'manual: the same examples in Japanese' 'built without po4a'
fi

# --- commands ----------------------------------------------------------------------------

# The command as root types it, with what a simulated card needs in place of the real one's authority.
by_root()	# COMMAND
{
	local command=${1/FINGERPRINT/$(sha256sum < "$PKI/ca1.der" | cut -d' ' -f1)}

	if [[ $command == *' enroll '* ]]; then
		on_tty "${RIGHT[@]}" -- sh -c "$command"
	else
		run sh -c "$command"
	fi
	expect_equal "exit status of \"$command\"" 0 "$STATUS"
}

commands_of_jpkictl()
{
	local line count=0

	rm -rf "$NSSDB" "${USERS:?}"/* /etc/pam_jpki/blocked
	mkdir -p "$WORK/manual"
	cp "$PKI/ca1.der" "$WORK/manual/authca03.cer"
	printf '#!/bin/sh\nexec cat > mail\n' > /usr/local/bin/mail
	chmod 0755 /usr/local/bin/mail
	cd "$WORK/manual" || return
	while IFS= read -r line; do
		case $line in
		'# '*) by_root "${line#\# }"; count=$((count + 1)) ;;
		--) ;;
		*) expect_has 'what was shown before' "$line" "$OUT" ;;
		esac
	done < <(examples jpkictl.8)
	[ "$count" -ge 7 ] || fail "$count commands only"
	[ ! -e mail ] || fail 'mail although no certificate expires'
	expect_has 'the block list' "$(openssl x509 -in "$PKI/good.crt" -outform der | sha256sum | cut -d' ' -f1)" "$(jpkictl block --list)"

	enroll hanako soon
	by_root "$(examples jpkictl.8 | sed -n 's/^# \(.*| mail .*\)/\1/p')"
	expect_has 'the mail' hanako "$(cat mail)"
	cd / || return
	rm -f /usr/local/bin/mail /etc/pam_jpki/blocked
	reset_config
}
run_case 'manual: commands of jpkictl' commands_of_jpkictl

commands_of_doctor()
{
	local line

	while IFS= read -r line; do
		case $line in
		'$ sudo jpkictl doctor') run jpkictl doctor ;;
		'$ sudo jpkictl doctor --json | jq '*)
			command -v jq > /dev/null || continue
			run sh -c "${line#\$ sudo }"
			expect_equal 'numbers' '' "$(grep -vxE 'D[0-9]{3}' <<< "$OUT")"
			;;
		'# jpkictl doctor | grep D8') run sh -c "${line#\# }" ;;
		'$ '*ssh*|[A-Z]*|--) ;;
		*) fail "which command is \"$line\"?" ;;
		esac
		expect_lacks "what \"$line\" says" Usage "$OUT"
	done < <(examples jpkictl-doctor.8; examples pam_jpki-ssh.7)
}
run_case 'manual: commands of jpkictl doctor' commands_of_doctor

# Whatever locks the screen there, here it leaves a mark.
commands_of_watch()
{
	local line word mark=$WORK/manual-locked

	while IFS= read -r line; do
		read -ra word <<< "$line"
		case $line in
		'jpki-watch '*) ;;
		'exec --no-startup-id jpki-watch '*|on_removal*|removal_*|--) continue ;;
		*) fail "which command is \"$line\"?"; continue ;;
		esac
		printf '#!/bin/sh\necho "${0##*/}${*:+ $*}" > %s/mark\n' "$mark" > "/usr/local/bin/${word[1]}"
		chmod 0755 "/usr/local/bin/${word[1]}"
		rm -rf "$mark"
		install -d -o hanako "$mark"
		fresh_card
		SYSLOG_FROM=$(syslog_size)
		"${HANAKO[@]}" PATH=/usr/local/bin:/usr/bin:/bin "${word[@]}" >> "$LOG" 2>&1 < /dev/null &
		expect_logged 'JPKI-WATCH event=found '
		sim remove
		CARD_DIRTY=yes
		until_true 20 test -s "$mark/mark" || fail "\"$line\" did not lock"
		expect_equal 'what was run' "${word[*]:1}" "$(cat "$mark/mark")"
		end_process $!
		rm -f "/usr/local/bin/${word[1]}"
	done < <(examples jpki-watch.1)
}
run_case 'manual: commands of jpki-watch' commands_of_watch

# --- ssh ---------------------------------------------------------------------------------

# At the client, as taro, whose ssh knows the server by these names.
start_server()
{
	local host

	start_challenging_sshd 'Subsystem sftp internal-sftp'
	card_stack sshd "$(challenge_options)" remote_names=azumino.example,server
	echo '127.0.0.1 azumino.example server' >> /etc/hosts
	install -d -o taro -m 0700 /home/taro/.ssh
	for host in azumino.example server; do
		printf '[%s]:%s %s\n' "$host" "$SSH_PORT" "$(cat "$WORK/sshd/key.pub")"
	done > /home/taro/.ssh/known_hosts
	printf 'Host azumino.example server\n\tUser hanako\n\tPort %s\n\tPreferredAuthentications keyboard-interactive\n' \
		"$SSH_PORT" > /home/taro/.ssh/config
	chown -R taro: /home/taro/.ssh
	install -d -o hanako ~hanako/repository ~hanako/dir
	install -d -o taro /home/taro/dir
	install -o taro /dev/null /home/taro/file
	"${HANAKO[@]}" sh -c 'cd && git init -q repository && git -C repository -c user.name=h -c user.email=h@h commit -q --allow-empty -m c'
}

# A shell at the server gets one command; a window is a terminal here, and the reader another one.
by_client()	# COMMAND
{
	local command=$1

	case $command in
	'sftp '*) command="echo pwd | $command" ;;
	*'ssh hanako@azumino.example'|*' server') command+=' id' ;;
	esac
	command=${command/ACME Reader/Virtual PCD}
	command=${command/pinentry-gnome3/pinentry-tty}
	fresh_card
	on_tty 'wait:You are about to log in to .* as hanako' 'wait:PIN[^\n]*:' "type:$PIN" -- \
		"${TARO[@]}" env -C /home/taro TERM=dumb sh -c "$command"
	expect_equal "exit status of \"$command\"" 0 "$STATUS"
}

commands_of_ssh()
{
	local line count=0

	start_server
	while IFS= read -r line; do
		case $line in
		'$ SSH_ASKPASS='*)
			card_stack sshd "$(challenge_options)" remote_names=azumino.example,server remote_binding=name
			by_client "${line#\$ }"
			card_stack sshd "$(challenge_options)" remote_names=azumino.example,server
			;;
		*JPKI_PINENTRY*) command -v pinentry-tty > /dev/null || continue; by_client "${line#\$ }" ;;
		'$ rsync '*) command -v rsync > /dev/null || continue; by_client "${line#\$ }" ;;
		'$ '*) by_client "${line#\$ }" ;;
		'You are about to '*|'PIN of '*) expect_has 'what was shown before' "$line" "$OUT"; continue ;;
		--) continue ;;
		*) fail "which command is \"$line\"?" ;;
		esac
		count=$((count + 1))
	done < <(examples jpki-askpass.1; examples jpki-ssh.1; examples pam_jpki-ssh.7 | sed '/^\$ ssh/d; /^# /d')
	[ "$count" -ge 7 ] || fail "$count commands only"
	[ -e /home/taro/repository/.git ] || fail 'no repository was cloned'
	[ -e ~hanako/file ] || fail 'no file was copied'
	stop_sshd
	sed -i '/azumino.example server/d' /etc/hosts
}
if command -v git > /dev/null && command -v sshd > /dev/null; then
	run_case 'manual: commands of jpki-ssh and jpki-askpass' commands_of_ssh
else
	skip 'manual: commands of jpki-ssh and jpki-askpass' 'no git or no sshd'
fi

# --- files -------------------------------------------------------------------------------

# used NAME REGEX-OF-THE-BLOCK [key=value… of login]: the block as the service s-manual.
used()
{
	install_pam_service s-manual "$(block pam_jpki.8 "$2")"
	login "manual: $1" service=s-manual asks='' "${@:3}"
}

by_password="pin=$PASSWORD auth setcred"
wrong="pin=$WRONG_PIN pin=$PASSWORD auth"
EITHER='^auth +\[success=done default=ignore\] +pam_jpki.so forward_pass=yes$'
used 'card or password: the card' "$EITHER"
used 'card or password: no card' "$EITHER" sim=remove drive="$by_password" verifies=0 code=NO-CARD
STRICTER='default=die\] +pam_jpki.so$'
used 'stricter: the card' "$STRICTER"
used 'stricter: no card' "$STRICTER" sim=remove drive="$by_password" verifies=0 code=NO-CARD
used 'stricter: a wrong PIN' "$STRICTER" drive="$wrong" tries=2 code=PIN-WRONG pam=AUTH_ERR
ALONE='^auth +required +pam_permit.so$'
used 'card alone: the card' "$ALONE"
used 'card alone: no card' "$ALONE" sim=remove prompts=0 verifies=0 code=NO-CARD pam=AUTHINFO_UNAVAIL
BOTH_OF_THEM='^auth +requisite +pam_jpki.so$'
LOCKER='^auth +required +pam_unix.so try_first_pass$'
used 'locker: the card' "$LOCKER"
used 'locker: no card' "$LOCKER" sim=remove drive="$by_password" verifies=0 code=NO-CARD

# The block with the password's lines first is the second one with this line.
both_of_them()
{
	local lines

	lines=$(examples pam_jpki.8 | awk -v RS='--\n' '/^@include common-auth\nauth +requisite +pam_jpki.so\n/')
	[ -n "$lines" ] || fail 'no such block'
	install_pam_service s-manual "$lines"
	run pamdrive --service s-manual --user hanako "pin=$PASSWORD" "pin=$PIN" auth
	expect_equal 'password and PIN' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	run pamdrive --service s-manual --user hanako pin=wrong-password "pin=$WRONG_PIN" auth
	[[ $OUT != *SUCCESS* ]] || fail 'a wrong password and a wrong PIN log in'
	expect_equal 'tries after a wrong password' 3 "$(sim get auth-tries)"
}
run_case 'manual: password and card' both_of_them

account_and_session()
{
	local lines="auth sufficient pam_jpki.so
auth required pam_unix.so"

	printf '%s\n' "$lines" "$(block pam_jpki.8 '^account ')" 'account required pam_unix.so' \
		"$(block pam_jpki.8 '^session ')" > /etc/pam.d/s-manual
	run pamdrive --service s-manual --user hanako "pin=$PIN" auth acct open close
	expect_equal 'account' '0 PAM_SUCCESS' "$(transcript 'acct = ')"
	expect_equal 'session' '0 PAM_SUCCESS' "$(transcript 'open = ')"
	expect_logged 'JPKI-SESSION-OPEN user=hanako service=s-manual'
	sim remove
	CARD_DIRTY=yes
	run pamdrive --service s-manual --user hanako "pin=$PASSWORD" auth acct
	expect_equal 'account, by password' '0 PAM_SUCCESS' "$(transcript 'acct = ')"
}
run_case 'manual: lines of account and session' account_and_session

both_are_changed()
{
	{ echo 'auth required pam_deny.so'; echo 'account required pam_permit.so'; block pam_jpki.8 '^password '; } > /etc/pam.d/passwd
	on_tty 'wait:Current password: $' "type:$PASSWORD" 'wait:Current PIN' "type:$PIN" 'wait:New PIN' "type:$NEW_PIN" \
		'wait:Retype the new PIN' "type:$NEW_PIN" 'wait:New password: $' type:An0ther-Word 'wait:Retype new' type:An0ther-Word \
		-- "${HANAKO[@]}" passwd
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'the PIN of the card' "$NEW_PIN" "$(sim get auth-pin)"
	CARD_DIRTY=yes
	printf 'hanako:%s\n' "$PASSWORD" | chpasswd
}
run_case 'manual: PIN and password by passwd' both_are_changed

configurations()
{
	local page

	for page in pam_jpki.conf.5 jpki-watch.1; do
		examples "$page" | grep -E '^[a-z_]+ = ' > "$WORK/manual.conf"
		[ -s "$WORK/manual.conf" ] || fail "$page has no lines for pam_jpki.conf"
		cp "$WORK/manual.conf" "$CONF"
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		expect_equal "login with the lines of $page" '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	done
	reset_config
}
install_pam_service e2e "$(stack)"
run_case 'manual: lines for pam_jpki.conf' configurations

profiles()
{
	local line

	while IFS= read -r line; do
		case $line in
		'pam-auth-update '*) run env DEBIAN_FRONTEND=noninteractive sh -c "$line" ;;
		*) continue ;;
		esac
		expect_equal "exit status of \"$line\"" 0 "$STATUS"
		case $line in
		*'--enable jpki'|*'--enable jpki-and-password') grep -q pam_jpki.so /etc/pam.d/common-auth || fail "\"$line\" enables nothing" ;;
		*--remove*) ! grep -q pam_jpki.so /etc/pam.d/common-auth || fail "\"$line\" leaves lines" ;;
		esac
	done < <(examples pam_jpki.8)
}
if command -v pam-auth-update > /dev/null && [ -e /usr/share/pam-configs/jpki ]; then
	run_case 'manual: profiles of pam-auth-update' profiles
else
	skip 'manual: profiles of pam-auth-update' 'no pam-auth-update'
fi

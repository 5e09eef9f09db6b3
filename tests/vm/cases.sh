# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The cases of tests/field: programs as users of Debian 13 have them, after
# "pam-auth-update --enable jpki", with the card in a USB reader.

person 'serial line: nothing shows that it is local' before='vouch_for none' log='REMOTE REMOTE' prompts=0 verifies=0 \
	says='Only users at this computer may use its card reader' "${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" \
	"$HANAKO" 'type:sudo -k id' 'wait:assword' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}" \
	after='expect_equal "commands to the card" 0 "$(stat_of apdus)"; vouch_for "$VOUCHED"'

person 'serial line: right PIN' "${LOGS_IN[@]}" "${LEAVES[@]}"

# util-linux's login forgets the name after a failure, and asks for it.
person 'serial line: wrong PIN, no password, then the right PIN' log='PIN-WRONG OK' prompts=2 verifies=2 \
	says='Wrong PIN; 2 tries left' "${ENTERS[@]}" "$ASKED" "type:$WRONG_PIN" 'wait:Password: ' type: \
	'wait:Login incorrect' 'wait:field login: ' type:hanako "${RIGHT[@]}" "$HANAKO" "${LEAVES[@]}"

person 'serial line: wrong PIN, then the password' log=PIN-WRONG tries=2 \
	"${ENTERS[@]}" "$ASKED" "type:$WRONG_PIN" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

person 'sudo: right PIN' log='OK OK' prompts=2 verifies=2 says='uid=0(root)' \
	"${LOGS_IN[@]}" 'type:sudo -k id' "${RIGHT[@]}" "$HANAKO" "${LEAVES[@]}"

person 'sudo: wrong PIN, no password, then the right PIN' log='OK PIN-WRONG OK' prompts=3 verifies=3 says='uid=0(root)' \
	"${LOGS_IN[@]}" 'type:sudo -k id' "$ASKED" "type:$WRONG_PIN" 'wait:assword' type: "${RIGHT[@]}" "$HANAKO" "${LEAVES[@]}"

person 'su: right PIN' log='OK OK' prompts=2 verifies=2 says='uid=1000(hanako)' \
	"${LOGS_IN[@]}" 'type:su hanako -c id' "${RIGHT[@]}" "$HANAKO" "${LEAVES[@]}"

person 'serial line: no card' before='sim remove' log=NO-CARD prompts=0 verifies=0 says='There is no card on the reader' \
	"${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

person 'serial line: Juki card' card='good profile=juki' log=JUKI-CARD prompts=0 verifies=0 \
	"${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

# --- pcscd by its socket -----------------------------------------------------------------

person 'pcscd: stopped, its socket starts it again' before='guest_does systemctl stop pcscd.service' \
	"${LOGS_IN[@]}" "${LEAVES[@]}" after='guest_does systemctl is-active pcscd.service'

person 'pcscd: stopped with its socket' before='guest_does systemctl stop pcscd.socket pcscd.service' \
	log=NO-SERVICE prompts=0 verifies=0 "${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}" \
	after='guest_does systemctl start pcscd.socket'

person 'pcscd: its socket started again' "${LOGS_IN[@]}" "${LEAVES[@]}"

# --- the reader ---------------------------------------------------------------------------

no_reader()
{
	guest sh -c 'grep -l 08e6 /sys/bus/usb/devices/*/idVendor'
	[ -z "$OUT" ]
}

reader_there()
{
	! no_reader
}

unplugged()
{
	monitor "$UNPLUG" >> "$LOG" 2>&1 || fail 'the reader cannot be unplugged'
	until_true 30 no_reader || fail 'the machine still sees the reader'
}

# The next login finds reader and card.
plug_in_again()
{
	eval "monitor $PLUG" >> "$LOG" 2>&1 || fail 'the reader cannot be plugged in'
	until_true 30 reader_there || fail 'the machine does not see the reader again'
}

person 'reader: unplugged' before=unplugged log=NO-READER prompts=0 verifies=0 \
	says='No smart card reader was found' "${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}" after=plug_in_again

person 'reader: plugged in again' "${LOGS_IN[@]}" "${LEAVES[@]}"

# Under which name it comes back is pcscd's choice.
person 'reader: unplugged at the prompt' log=CARD-REMOVED verifies=0 \
	"${ENTERS[@]}" "$ASKED" "do:monitor '$UNPLUG'" "type:$PIN" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}" \
	after=plug_in_again

person 'reader: unplugged and plugged in again at the prompt' log=CARD-REMOVED verifies=0 \
	"${ENTERS[@]}" "$ASKED" "do:monitor '$UNPLUG'; sleep 2; monitor $PLUG; sleep 5" "type:$PIN" 'wait:Password: ' "type:$PASSWORD" \
	"$HANAKO" "${LEAVES[@]}" after='until_true 30 reader_there || fail "no reader"'

# The card has the PIN and takes its time to answer: VERIFY without a PIN asks for the tries, twice.
unplugged_at_verify()
{
	sim fault ins 20:3 hang 10000
	(until [ "$(stat_of verifies)" = 1 ]; do sleep 0.2; done; monitor "$UNPLUG") >> "$LOG" 2>&1 &
}
person 'reader: unplugged at VERIFY' before=unplugged_at_verify log=CARD-REMOVED \
	"${ENTERS[@]}" "${RIGHT[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "do:monitor $PLUG" "${LEAVES[@]}" \
	after='until_true 30 reader_there || fail "no reader"'

person 'card: removed at the prompt' log=CARD-REMOVED verifies=0 \
	"${ENTERS[@]}" "$ASKED" 'do:sim remove' "type:$PIN" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

# --- ssh -----------------------------------------------------------------------------------

SSH=(ssh -o StrictHostKeyChecking=no -o NumberOfPasswordPrompts=1)

# in_guest STEP… -- COMMAND…: a person at a terminal inside, who has no session.
in_guest()
{
	guest expect -f /usr/local/lib/pty.exp "on:$LIMIT" "$@"
}

# A user over the network is not asked for a PIN, and the card in the machine is left alone.
ssh_by_password()	# USER
{
	in_guest 'wait:assword: ' "type:$PASSWORD" -- "${SSH[@]}" "$1@127.0.0.1" id
	expect_has 'the session' "($1)" "$OUT"
	expect_lacks 'the session' "$PROMPT" "$OUT"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	check_card 3 0
	expect_equal 'outcomes' REMOTE "$(outcomes)"
}
run_case 'ssh: by password, a user without a card' ssh_by_password taro
run_case 'ssh: by password, a user with a card in the reader of the machine' ssh_by_password hanako

wrong_password_over_ssh()
{
	in_guest 'wait:assword: ' "type:$PIN" -- "${SSH[@]}" hanako@127.0.0.1 id
	expect_lacks 'the session' 'uid=' "$OUT"
	expect_has 'the session' 'Permission denied' "$OUT"
	expect_equal 'outcomes' REMOTE "$(outcomes)"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	check_card 3 0
}
run_case 'ssh: the PIN is no password' wrong_password_over_ssh

challenging_sshd()
{
	guest_does sh -c 'echo "KbdInteractiveAuthentication yes" > /etc/ssh/sshd_config.d/field.conf
		cp /etc/pam.d/sshd /root/sshd.was
		sed -i "s/^@include common-auth/auth [success=done default=ignore] pam_jpki.so remote=challenge remote_names=127.0.0.1\n&/" /etc/pam.d/sshd
		systemctl reload ssh'
}

# The client is on the same machine, and so is its reader.
ssh_by_challenge()
{
	challenging_sshd
	in_guest 'wait:You are about to log in to 127\.0\.0\.1 as hanako' "$ASKED" "type:$PIN" -- jpki-ssh "${SSH[@]:1}" \
		-o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	expect_has 'the session' '(hanako)' "$OUT"
	check_card 3 1
	expect_equal 'outcomes' OK "$(outcomes)"
}
run_case 'ssh: with remote = challenge, the right PIN' ssh_by_challenge

ssh_by_challenge_wrong()
{
	in_guest 'wait:You are about to log in to 127\.0\.0\.1 as hanako' "$ASKED" "type:$WRONG_PIN" 'wait:assword: ' 'type:no' -- \
		jpki-ssh "${SSH[@]:1}" -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	expect_lacks 'the session' 'uid=' "$OUT"
	expect_has 'the session' 'Wrong PIN; 2 tries left' "$OUT"
	check_card 2 1
}
run_case 'ssh: with remote = challenge, a wrong PIN and no password' ssh_by_challenge_wrong

# With OpenSSH's PerSourcePenalties as they are: what pam_jpki-ssh(7) says of them. jpki-ssh signs one
# challenge in a connection.
ssh_mistyped_three_times()
{
	local slip=('wait:assword: ' 'type:no')

	in_guest "$ASKED" "type:$WRONG_PIN" "${slip[@]}" "${slip[@]}" "${slip[@]}" -- \
		jpki-ssh -o StrictHostKeyChecking=no -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	expect_has 'the session' 'Permission denied' "$OUT"
	check_card 2 1
	in_guest "$ASKED" "type:$PIN" -- \
		jpki-ssh "${SSH[@]:1}" -o PreferredAuthentications=keyboard-interactive hanako@127.0.0.1 id
	expect_has 'the session' '(hanako)' "$OUT"
	check_card 3 2
	guest_does sh -c 'mv /root/sshd.was /etc/pam.d/sshd; rm /etc/ssh/sshd_config.d/field.conf; systemctl reload ssh'
}
run_case 'ssh: with remote = challenge, mistyped three times, then the right PIN' ssh_mistyped_three_times

# --- polkit -------------------------------------------------------------------------------

# Its text agent asks once, and has a process of its own for PAM, which is setuid root. It throws
# away what was typed before its prompt, and a little later.
PAUSE=('do:sleep 2')
person 'pkexec: right PIN' log='OK OK' prompts=2 verifies=2 says='uid=0(root)' \
	"${LOGS_IN[@]}" 'type:pkexec id' "$ASKED" "${PAUSE[@]}" "type:$PIN" "$HANAKO" "${LEAVES[@]}"

person 'pkexec: wrong PIN, no password' log='OK PIN-WRONG' prompts=2 verifies=2 tries=2 says='AUTHENTICATION FAILED' lacks='uid=0' \
	"${LOGS_IN[@]}" 'type:pkexec id' "$ASKED" "${PAUSE[@]}" "type:$WRONG_PIN" 'wait:Password: ' "${PAUSE[@]}" type: "$HANAKO" "${LEAVES[@]}"

person 'pkexec: no card' log='OK NO-CARD' says='uid=0(root)' \
	"${LOGS_IN[@]}" 'do:sim remove' 'type:pkexec id' 'wait:Password: ' "${PAUSE[@]}" "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

# Another user's card may be in the reader of this machine.
pkexec_over_ssh()
{
	in_guest 'wait:assword: ' "type:$PASSWORD" 'wait:\$ ' 'type:pkexec id' 'wait:Password: ' "${PAUSE[@]}" "type:$PASSWORD" \
		'wait:uid=0\(root\)' 'wait:\$ ' type:exit -- "${SSH[@]}" -t hanako@127.0.0.1
	expect_equal 'exit status' 0 "$STATUS"
	expect_lacks 'the session' "$PROMPT" "$OUT"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	check_card 3 0
}
run_case 'pkexec: from an ssh session, the card is left alone' pkexec_over_ssh

# run0 asks polkit too, by the same agent; the session that systemd opens then has no business with the card.
RUN0='type:run0 --background= id'
person 'run0: right PIN' log='OK OK' prompts=2 verifies=2 says='uid=0(root)' \
	"${LOGS_IN[@]}" "$RUN0" "$ASKED" "${PAUSE[@]}" "type:$PIN" 'wait:uid=0\(root\)' "$HANAKO" "${LEAVES[@]}"

person 'run0: wrong PIN, no password' log='OK PIN-WRONG' prompts=2 verifies=2 tries=2 lacks='uid=0' \
	"${LOGS_IN[@]}" "$RUN0" "$ASKED" "${PAUSE[@]}" "type:$WRONG_PIN" 'wait:Password: ' "${PAUSE[@]}" type: "$HANAKO" "${LEAVES[@]}"

person 'run0: no card, password' log='OK NO-CARD' says='uid=0(root)' \
	"${LOGS_IN[@]}" 'do:sim remove' "$RUN0" 'wait:Password: ' "${PAUSE[@]}" "type:$PASSWORD" 'wait:uid=0\(root\)' "$HANAKO" "${LEAVES[@]}"

# --- units --------------------------------------------------------------------------------

units_are_off()
{
	guest systemctl is-enabled jpki-crl-update.timer
	expect_equal 'the timer' disabled "$OUT"
	guest systemctl is-active jpki-crl-update.timer
	expect_equal 'the timer' inactive "$OUT"
	guest systemctl --global is-enabled jpki-watch.service
	expect_equal 'jpki-watch' disabled "$OUT"
	guest systemctl list-timers --all --no-legend
	expect_lacks 'timers' jpki "$OUT"
	guest_does systemctl enable --now jpki-crl-update.timer
	guest systemctl list-timers --no-legend
	expect_has 'timers, once it is enabled' jpki-crl-update.timer "$OUT"
	guest_does systemctl disable --now jpki-crl-update.timer
	guest systemctl --failed --no-legend
	expect_equal 'units that failed' '' "$OUT"
}
run_case 'CRL timer: installed, and off until an administrator enables it' units_are_off

# --- timers -------------------------------------------------------------------------------

is_done()	# UNIT
{
	guest systemctl show -P ExecMainExitTimestamp "$1.service"
	[ -n "$OUT" ]
}

# elapses UNIT: its timer, once it is enabled, starts it; within seconds, here, instead of hours.
elapses()
{
	local soon=/run/systemd/system/$1.timer.d

	guest_does mkdir "$soon"
	guest_write "$soon/soon.conf" '[Timer]' OnCalendar= OnActiveSec=1 RandomizedDelaySec=0 AccuracySec=1
	guest_does systemctl daemon-reload
	guest_does systemctl enable --now "$1.timer"
	until_true "$LIMIT" is_done "$1" || fail "$1.service has not run"
	guest systemctl show -P Result "$1.service"
	expect_equal "the result of $1" success "$OUT"
	guest_does systemctl disable --now "$1.timer"
	guest_does rm -r "$soon"
	guest_does systemctl daemon-reload
}

# By http, so by both processes of jpkictl crl update. systemd is a half of the server.
crl_timer()
{
	guest_write /run/systemd/system/lists.socket '[Socket]' ListenStream=127.0.0.1:8080 Accept=yes
	guest_write /run/systemd/system/lists@.service '[Service]' 'ExecStart=/bin/bash /root/lists' StandardInput=socket
	guest_write /root/lists "while read -r line && [ \"\$line\" != $'\\r' ]; do :; done" \
		"printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'; cat /root/ca1.crl"
	guest_does systemctl daemon-reload
	guest_does systemctl start lists.socket
	guest_does rm -r /var/lib/pam_jpki/crl
	guest_write /etc/pam_jpki/crl-sources http://127.0.0.1:8080/jpki.crl
	elapses jpki-crl-update
	guest ls /var/lib/pam_jpki/crl
	expect_has 'the lists' .idx "$OUT"
	guest journalctl -q -b -o cat -u jpki-crl-update.service
	expect_has 'the journal' 'http://127.0.0.1:8080/jpki.crl: installed' "$OUT"
	guest_does systemctl stop lists.socket
	guest_does rm /etc/pam_jpki/crl-sources
}
run_case 'CRL timer: it fetches a list' crl_timer

# --- a virtual console, and jpki-watch ------------------------------------------------------

# It needs no entry in local_services: logind says that it is on a seat.
console_login()
{
	vouch_for none
	fresh_console
	keys hanako
	await_screen "$PROMPT (4 digits"
	keys "$PIN"
	await_screen 'hanako@field:'
}

virtual_console()
{
	console_login
	keys 'sudo -k id'
	await_screen "$PROMPT (4 digits" 2
	keys "$PIN"
	await_screen 'uid=0(root)'
	check_card 3 2
	expect_equal 'outcomes' 'OK OK' "$(outcomes)"
	vouch_for "$VOUCHED"
}
run_case 'virtual console: login and sudo, right PIN' virtual_console

virtual_console_wrong()
{
	vouch_for none
	fresh_console
	keys hanako
	await_screen "$PROMPT (4 digits"
	keys "$WRONG_PIN"
	await_screen 'Wrong PIN; 2 tries left'
	await_screen 'Password:'
	keys no
	await_screen 'Login incorrect'
	check_card 2 1
	expect_equal 'outcomes' PIN-WRONG "$(outcomes)"
	vouch_for "$VOUCHED"
}
run_case 'virtual console: wrong PIN, wrong password' virtual_console_wrong

# --- registering one's own card -------------------------------------------------------------

people_may_register()	# yes | no
{
	guest_does sh -c 'sed -i /^self_enroll/d "$1" && echo "self_enroll = $2" >> "$1"' sh /etc/pam_jpki/pam_jpki.conf "$1"
	guest_does rm -rf /etc/pam_jpki/users/taro.pem /var/lib/pam_jpki/notices
	fresh_card other-person
}

# polkit prompts for taro's password, in its agent at the terminal; we prompt for the PIN.
begin_to_register()
{
	vouch_for none
	people_may_register yes
	fresh_console
	keys taro
	await_screen 'Password:'
	keys "$PASSWORD"
	await_screen 'taro@field:'
	keys 'jpkictl enroll --self'
	await_screen 'Your password is needed to register a My Number Card'
	await_screen 'Password:' 2
	sleep 2
}

end_of_registering()
{
	keys exit
	guest_does rm -rf /etc/pam_jpki/users/taro.pem /var/lib/pam_jpki/notices
	guest_does sed -i /^self_enroll/d /etc/pam_jpki/pam_jpki.conf
	vouch_for "$VOUCHED"
	fresh_card
}

register_ones_own_card()
{
	begin_to_register
	keys "$PASSWORD"
	await_screen "$PROMPT (4 digits"
	keys "$PIN"
	await_screen 'taro: the card is registered'
	check_card 3 1
	expect_has 'the log' 'JPKI-ADMIN action=enroll-self user=taro reason=- uid=0 login=' "$(journal)"
	# polkit takes the card in place of the password now, and its agent shows what there is to tell.
	keys 'jpkictl enroll --self'
	await_screen "$PROMPT (4 digits" 2
	sleep 2
	keys "$PIN"
	await_screen 'registered for this account already'
	await_screen 'a user who was logged in to this account'
	check_card 3 2
	guest_does touch -d '1 day ago' /var/lib/pam_jpki/notices/1001
	fresh_console
	keys taro
	await_screen "$PROMPT (4 digits"
	keys "$PIN"
	await_screen 'a user who was logged in to this account'
	await_screen 'taro@field:'
	end_of_registering
}
run_case "enroll --self: at a virtual console, by polkit, then a login" register_ones_own_card

register_with_a_wrong_password()
{
	begin_to_register
	keys no
	await_screen 'nothing was registered'
	guest ls /etc/pam_jpki/users
	expect_lacks 'who is registered' taro "$OUT"
	check_card 3 0
	end_of_registering
}
run_case "enroll --self: a wrong password" register_with_a_wrong_password

register_over_ssh()
{
	people_may_register yes
	in_guest 'wait:assword: ' "type:$PASSWORD" 'wait:\$ ' 'type:jpkictl enroll --self' 'wait:only users who are at this machine' \
		'wait:\$ ' 'type:pkexec /usr/libexec/pam_jpki/jpki_enroll_self' 'wait:Not authorized' 'wait:\$ ' \
		'type:PKEXEC_UID=1000 /usr/libexec/pam_jpki/jpki_enroll_self' 'wait:is started by: jpkictl' 'wait:\$ ' type:exit -- \
		"${SSH[@]}" -t taro@127.0.0.1
	expect_equal 'exit status' 1 "$STATUS"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	guest ls /etc/pam_jpki/users
	expect_lacks 'who is registered' taro "$OUT"
	guest_does sed -i /^self_enroll/d /etc/pam_jpki/pam_jpki.conf
	fresh_card
}
run_case "enroll --self: over ssh" register_over_ssh

# Other words and another environment, handed on by the real pkexec.
register_with_other_words()
{
	begin_to_register
	keys ''
	await_screen 'nothing was registered'
	keys 'pkexec /usr/libexec/pam_jpki/jpki_enroll_self --user hanako'
	await_screen 'Password:' 3
	sleep 2
	keys "$PASSWORD"
	await_screen 'the name of the reader cannot be one'
	check_card 3 0
	end_of_registering
}
run_case "enroll --self: other words" register_with_other_words

watch_said()	# EVENT
{
	guest journalctl -q -b -o cat "--since=@$WATCHED_SINCE" _COMM=jpki-watch
	[[ $OUT == *"event=$1 "* ]]
}

locked()
{
	guest journalctl -q -b -o cat "--since=@$WATCHED_SINCE" -u lock-listener
	[[ $OUT == *'"member":"Lock"'* ]]
}

# watched COMMAND…: while hanako's watcher runs at the first virtual console. The screen is locked by
# every listener of logind; here a listener notes it.
watched()	# COMMAND…
{
	guest date +%s
	WATCHED_SINCE=$OUT
	guest_does sh -c 'echo "on_removal = lock" >> /etc/pam_jpki/pam_jpki.conf'
	console_login
	guest_does systemd-run -q --unit=lock-listener busctl monitor --json=short \
		"--match=type='signal',interface='org.freedesktop.login1.Session',member='Lock'"
	# As jpki-watch(1) says, for a desktop that does not do it by itself.
	keys 'systemctl --user import-environment'
	keys 'systemctl --user start jpki-watch'
	until_true 60 watch_said found || fail 'it does not see the card'
	"$@"
	check_card 3 1
	keys 'systemctl --user stop jpki-watch'
	guest_does systemctl stop lock-listener.service
	guest_does sed -i /^on_removal/d /etc/pam_jpki/pam_jpki.conf
	vouch_for "$VOUCHED"
}

take_card_out()
{
	! locked || fail 'locked with the card there'
	sim remove
	until_true 60 watch_said removed || fail 'it does not see that the card has gone'
	until_true 30 locked || fail 'logind has not been asked to lock'
}
run_case 'jpki-watch: in the user manager, the card is taken out' watched take_card_out

# The card of a session that is not in front: another user is at the second console.
take_card_out_in_the_background()
{
	monitor 'sendkey alt-f2' >> "$LOG" 2>&1
	until_true 30 console_is tty2 || fail 'the console does not change'
	sim remove
	until_true 60 watch_said removed || fail 'it does not see that the card has gone'
	until_true 30 locked || fail 'logind has not been asked to lock'
	monitor 'sendkey alt-f1' >> "$LOG" 2>&1
	until_true 30 console_is tty1 || fail 'the console does not change'
}

console_is()	# TERMINAL
{
	guest cat /sys/class/tty/tty0/active
	[ "$OUT" = "$1" ]
}
run_case 'jpki-watch: the card is taken out while another console is looked at' watched take_card_out_in_the_background

unplug_and_plug_in()
{
	unplugged
	until_true 60 watch_said removed || fail 'it does not see that the reader has gone'
	until_true 30 locked || fail 'logind has not been asked to lock'
	plug_in_again
	until_true 60 watch_said back || fail 'it does not see the card again'
}
run_case 'jpki-watch: the reader is unplugged and plugged in again' watched unplug_and_plug_in

sleep_and_wake()
{
	guest_does systemctl suspend --no-block
	sleep 20
	monitor system_wakeup >> "$LOG" 2>&1 || fail 'it does not wake up'
	sleep 20
	guest journalctl -q -k -b -o cat "--since=@$WATCHED_SINCE"
	expect_has 'the journal' 'PM: suspend exit' "$OUT"
	! locked || fail 'locked with the card there'
}
# qemu cannot wake its arm64 machine.
[ "$ARCH" = arm64 ] || run_case 'jpki-watch: suspend and resume' watched sleep_and_wake

# --- a locker -----------------------------------------------------------------------------

# swaylock runs as the user, in the active session, which is all that polkit and we know of it. Typing
# is for the locker alone.
locked_by()	# PROGRAM
{
	guest pgrep -x "$1"
	[ "$STATUS" = 0 ]
}

open_by()	# PROGRAM
{
	! locked_by "$1"
}

judged()	# TIMES
{
	guest journalctl -q -b -o cat "--since=@$LOCKED_SINCE" "--grep=pam_jpki.swaylock:auth.: JPKI-"
	[ "$(grep -c . <<< "$OUT")" -ge "$1" ]
}

locker()	# OUTCOMES TRIES VERIFIES WORD…
{
	local wanted=$1 tries=$2 verifies=$3 word typed=0

	shift 3
	vouch_for none
	guest_does sh -c 'printf "%s\n" "exec swaylock" > /etc/sway/field
		printf "%s\n" "#!/bin/sh" "exec env WLR_RENDERER=pixman sway -c /etc/sway/field > ~/sway.log 2>&1" > /usr/local/bin/desktop
		chmod 0755 /usr/local/bin/desktop'
	console_login
	guest date +%s
	LOCKED_SINCE=$OUT
	keys desktop
	until_true 60 locked_by swaylock || fail 'no locker'
	sleep 5
	for word; do
		case $word in
		remove) sim remove ;;
		*)
			keys "$word"
			until_true "$LIMIT" judged $((++typed)) || fail "it did not ask: $word"
			sleep 5		# what is typed while pam_unix(8) makes it wait is lost
			locked_by swaylock || break
			;;
		esac
	done
	expect_equal 'the last word typed' "${*: -1}" "$word"
	until_true 30 open_by swaylock || fail 'it did not open'
	check_card "$tries" "$verifies"
	expect_equal 'outcomes' "$wanted" "$(outcomes)"
	guest cat /home/hanako/sway.log
	guest pkill -x sway
	vouch_for "$VOUCHED"
}
run_case 'locker: right PIN' locker 'OK OK' 3 2 "$PIN"
run_case 'locker: wrong PIN, then the right one' locker 'OK PIN-WRONG OK' 3 3 "$WRONG_PIN" "$PIN"
# It asks before the card is there, and a password is nothing to look for a card with.
run_case 'locker: no card, the password' locker 'OK PASSWORD' 3 1 remove s3cret-word

# --- an organization's directory --------------------------------------------------------------

# shellcheck source=tests/vm/directory.sh
. "$E2E_TOP/tests/vm/directory.sh"

fleet_installed()
{
	FILES_BEFORE=$(fleet_files)
	guest_does sh -c 'apt-get -q -y install /root/packages/jpki-fleet_*.deb'
	guest systemctl is-enabled jpki-fleet.service
	expect_equal 'the unit' disabled "$OUT"
	expect_equal 'the unit' inactive "$(fleet_unit ActiveState)"
	guest_does id -u jpki-fleet
}
run_case 'fleet: installed by apt, and off until an administrator enables it' fleet_installed

# As jpkictl(8) says.
machine_follows()
{
	guest_does sh -c 'cd /etc/pam_jpki && mv /etc/fleet/machine.crt fleet-cert.pem && mv /etc/fleet/machine.key fleet-key.pem &&
		cp /etc/fleet/ca.crt fleet-ca.pem && printf "%s\n" "$@" >> pam_jpki.conf' sh "fleet_dir = $COPY" 'fleet_uri = ldaps://field' \
		"fleet_base = $BASE" 'fleet_ca = /etc/pam_jpki/fleet-ca.pem' 'fleet_cert = /etc/pam_jpki/fleet-cert.pem' \
		'fleet_key = /etc/pam_jpki/fleet-key.pem'
	guest_does systemctl enable --now jpki-fleet
	FLEET_BOOT=$(boot_id)
}

# su_taro STEP…: at a terminal, to taro's account.
su_taro()
{
	in_guest "$@" -- runuser -u taro -- su taro -c id
}

# taro's card, and an older one, which the lists have as revoked.
fleet_registers()
{
	fresh_card other-person
	directory_begins
	machine_follows
	directory_takes "$(registration_entry "$BASE" taro "$PKI/other-person.der" "$PKI/revoked.der")"
	heartbeat
	arrives users/taro.pem
	su_taro "$ASKED" "type:$PIN"
	expect_has 'the session' '(taro)' "$OUT"
	check_card 3 1
	expect_equal 'outcomes' OK "$(outcomes)"
	guest systemctl status --no-pager --lines=50 jpki-fleet
	expect_equal 'the exit status of systemctl' 0 "$STATUS"
	expect_has 'systemctl' "Copy of the organization's registrations" "$OUT"
	expect_has 'systemctl' 'Active: active (running)' "$OUT"
	expect_has 'its journal' 'ldaps://field: connected (persist)' "$OUT"
	expect_has 'its journal' 'ldaps://field: registered: 1 (changed: 1, removed: 0); blocked: 0; refused entries: 0' "$OUT"
	guest ps -C jpki_ldap -o user:32=
	expect_equal 'who talks to the directory' jpki-fleet "$OUT"
	expect_equal 'the condition' fresh "$(fleet_status condition)"
}
run_case 'fleet: a card is registered in the directory, and logs in' fleet_registers

fleet_blocks()
{
	local hash

	fresh_card other-person
	hash=$(sha256sum < "$PKI/other-person.der")
	FLEET_HASH=${hash%% *}
	directory_takes "$(block_entry "$BASE" "$FLEET_HASH" 'block lost')"
	arrives "blocked/$FLEET_HASH"
	su_taro 'wait:Password: ' type:no
	expect_has 'the session' 'Your organization has blocked this card' "$OUT"
	expect_lacks 'the session' 'uid=' "$OUT"
	check_card 3 0
	expect_equal 'outcomes' FLEET-BLOCKED "$(outcomes)"
}
run_case 'fleet: the card is blocked in the directory, and refused' fleet_blocks

fleet_half_dies()
{
	local pid

	pid=$(fleet_unit MainPID)
	guest_does pkill -KILL -x jpki_ldap
	until_true "$LIMIT" has_restarted "$pid" || fail 'systemd does not start it again'
	until_true "$LIMIT" connected || fail 'it does not connect again'
	guest journalctl -q -b -o cat -u jpki-fleet.service
	expect_has 'its journal' 'jpki_ldap, which talks to the directory: it has ended: Killed' "$OUT"
}
run_case 'fleet: jpki_ldap is killed, and systemd starts the unit again' fleet_half_dies

# The machine with the lists, as jpki-fleet-revoke.service says.
fleet_revokes()
{
	guest_does install -m 0755 "$EXAMPLES/fleet-revoke" /usr/local/bin/
	guest_does install -m 0644 "$EXAMPLES/jpki-fleet-revoke.service" "$EXAMPLES/jpki-fleet-revoke.timer" /etc/systemd/system/
	guest_does sed -i 's|ldaps://ldap-a.example ldaps://ldap-b.example|ldaps://field|' /etc/systemd/system/jpki-fleet-revoke.service
	elapses jpki-fleet-revoke
	arrives "blocked/$(number_of revoked)"
	guest_does rm /usr/local/bin/fleet-revoke /etc/systemd/system/jpki-fleet-revoke.service /etc/systemd/system/jpki-fleet-revoke.timer
	guest_does rm -f /var/lib/systemd/timers/stamp-jpki-fleet-revoke.timer
	guest_does systemctl daemon-reload
}
run_case 'fleet: the timer of fleet-revoke blocks what the lists have' fleet_revokes

# --- jpkictl setup, and the power goes -----------------------------------------------------------

services()
{
	guest sh -c 'cat /etc/pam.d/sudo /etc/pam.d/login'
	printf '%s\n' "$OUT"
}

power_cut()
{
	local before

	guest_does pam-auth-update --disable jpki
	before=$(services)
	guest_does sync		# all but what setup writes
	guest_does jpkictl setup --yes --no-enroll --services sudo,login
	expect_has 'the services' pam_jpki.so "$(services)"
	guest_does test -e /var/lib/pam_jpki/setup/pending
	monitor system_reset || fail 'no reset'
	await_machine
	expect_equal 'the services' "$before" "$(services)"
	guest test -e /var/lib/pam_jpki/setup/pending
	expect_equal 'something waits to be confirmed' 1 "$STATUS"
	guest systemctl show -p Result,ConditionResult jpki-setup-recover.service
	expect_has 'the unit that takes it back' 'ConditionResult=yes' "$OUT"
	guest journalctl -q -b -o cat -u jpki-setup-recover.service
	expect_has 'its journal' 'the PAM files are restored' "$OUT"
	guest_does pam-auth-update --enable jpki
}
run_case 'setup: the power goes before it is confirmed' power_cut

fleet_word()	# WORDS
{
	directory_takes "$(printf 'dn: cn=%s,ou=blocked,%s\nchangetype: modify\nreplace: description\ndescription: %s\n' "$FLEET_HASH" "$BASE" "$1")"
}

# After the power went, there or here.
fleet_comes_back()
{
	if [ "$(boot_id)" = "$FLEET_BOOT" ]; then
		guest_does sync
		monitor system_reset || fail 'no reset'
		await_machine
	fi
	copy_has "blocked/$FLEET_HASH" || fail 'the block is gone'
	fleet_word 'lift found'
	until_true "$LIMIT" copy_lacks "blocked/$FLEET_HASH" || fail 'it does not follow the directory again'
	expect_equal 'the unit' active "$(fleet_unit ActiveState)"
}
run_case 'fleet: the machine boots, and the unit comes back' fleet_comes_back

fleet_upgraded()
{
	local pid

	pid=$(fleet_unit MainPID)
	guest_does sh -c 'apt-get -q -y --reinstall install /root/packages/jpki-fleet_*.deb'
	has_restarted "$pid" || fail 'the new one does not run'
	guest systemctl is-enabled jpki-fleet.service
	expect_equal 'the unit' enabled "$OUT"
	fleet_word 'block lost again'
	arrives "blocked/$FLEET_HASH"
}
run_case 'fleet: upgraded, and started again' fleet_upgraded

fleet_removed()
{
	guest_does apt-get -q -y remove jpki-fleet
	expect_equal 'the unit' inactive "$(fleet_unit ActiveState)"
	guest pgrep -x 'jpki_ldap|jpkictl'
	expect_equal 'processes' '' "$OUT"
	guest systemctl --failed --no-legend
	expect_equal 'units that failed' '' "$OUT"
	copy_has users/taro.pem || fail 'a removal takes the copy'
	guest_does apt-get -q -y purge jpki-fleet
	directory_ends
	guest_does sh -c 'rm /etc/pam_jpki/fleet-*.pem && sed -i /^fleet_/d /etc/pam_jpki/pam_jpki.conf'
	expect_equal 'what is left' "$FILES_BEFORE" "$(fleet_files)"
}
run_case 'fleet: removed and purged' fleet_removed

# --- packages -------------------------------------------------------------------------------------

stacks()
{
	guest sh -c 'cat /etc/pam.d/common-*'
	printf '%s\n' "$OUT"
}

# The same with a higher version, by apt, from files, as the machine has no network.
newer_packages()
{
	guest_does sh -c 'mkdir -p /root/newer && cd /root/packages && for deb in *.deb; do
		rm -rf /tmp/tree && dpkg-deb -R "$deb" /tmp/tree && sed -i "s/0\.1\.0-1/0.1.0-2/g" /tmp/tree/DEBIAN/control &&
			dpkg-deb -b -Znone /tmp/tree /root/newer || exit
	done'
}

upgraded()
{
	local before

	before=$(stacks)
	guest_does systemctl enable --now jpki-crl-update.timer
	newer_packages
	guest_does sh -c 'apt-get -q -y install /root/newer/*.deb'
	guest dpkg-query -W -f '${Version}' libpam-jpki
	expect_equal 'version' 0.1.0-2 "$OUT"
	expect_equal 'the stacks' "$before" "$(stacks)"
	guest systemctl is-active jpki-crl-update.timer
	expect_equal 'the timer that was on' active "$OUT"
	guest_does systemctl disable --now jpki-crl-update.timer
}
run_case 'packages: upgraded, the timer stays on' upgraded
person 'packages: upgraded, right PIN' "${LOGS_IN[@]}" "${LEAVES[@]}"

removed()
{
	guest_does apt-get -q -y remove libpam-jpki jpki-tools jpki-ssh jpki-common
	expect_lacks 'the stacks' jpki "$(stacks)"
	guest systemctl --failed --no-legend
	expect_equal 'units that failed' '' "$OUT"
	guest_does test -s /etc/pam_jpki/users/hanako.pem
}
run_case 'packages: removed' removed
person 'packages: removed, by password' log='' prompts=0 verifies=0 \
	"${ENTERS[@]}" 'wait:Password: ' "type:$PASSWORD" "$HANAKO" "${LEAVES[@]}"

installed_again()
{
	guest_does sh -c 'apt-get -q -y install /root/packages/*.deb'
	expect_lacks 'the stacks, before it is chosen' jpki "$(stacks)"
	guest_does pam-auth-update --enable jpki
}
run_case 'packages: installed again' installed_again
person 'packages: installed again, right PIN' "${LOGS_IN[@]}" "${LEAVES[@]}"

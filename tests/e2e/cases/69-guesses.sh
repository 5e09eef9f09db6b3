# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Failed PIN entries are recorded: by which account, through which service; the holder is
# told once; another account that guesses is not asked any more.
#
# shellcheck disable=SC2034 # terminal.sh uses what is not used here
# shellcheck disable=SC2016 # some text is for other shells

reset_config
card_stacks
count_commands
CERT=$(openssl x509 -in "$PKI/good.crt" -outform DER | sha256sum | cut -c1-16)
RECORD=$GUESSES/$CERT
HEADER='# pam_jpki guesses 1: uid service failed untold entered last (see pam_jpki(8))'
SU=("${TARO[@]}" su hanako -c id)
SUDO=("${HANAKO[@]}" sudo -k id)

put_record()	# LINE…
{
	mkdir -p "$GUESSES"
	chmod 0700 "$GUESSES"
	printf '%s\n' "$HEADER" "$@" > "$RECORD"
	chmod 0600 "$RECORD"
}

record()	# without the times
{
	[ ! -e "$RECORD" ] || sed -n '2,$s/ [0-9]*$//p' "$RECORD" | paste -sd';'
}

# One account with a prompt, and one without. The card gets its tries back: accounts are counted.
types()		# PIN COMMAND…
{
	on_tty "$ASKED" "type:$1" -- "${@:2}"
}

is_not_asked()	# COMMAND…
{
	local verifies

	verifies=$(stat_of verifies)
	on_tty -- "$@"
	expect_lacks 'the screen' "$PROMPT" "$OUT"
	expect_equal 'PINs that reached the card' "$verifies" "$(stat_of verifies)"
}

# --- the attack: one guess, then a login of the holder, and so on ---------------------------
loop()
{
	for i in 1 2 3; do
		types "$WRONG_PIN" "${SU[@]}"
		expect_has "taro's screen" '2 tries left' "$OUT"
		types "$PIN" "${SUDO[@]}"
		expect_has "hanako's screen" 'Since your last login there was 1 failed PIN entry (taro, su).' "$OUT"
		expect_has "hanako's screen" 'uid=0(root)' "$OUT"
		expect_equal 'record' "2002 su $i 0 0" "$(record)"
	done
	types "$PIN" "${SUDO[@]}"
	expect_lacks "hanako's screen" 'Since your last login' "$OUT"
	# The holder has logged in since: once more, and that is the end of it.
	types "$WRONG_PIN" "${SU[@]}"
	is_not_asked "${SU[@]}"
	expect_has "taro's screen" 'Too many wrong PINs for this card, which belongs to another account, were entered' "$OUT"
	types "$PIN" "${SUDO[@]}"
	is_not_asked "${SU[@]}"
	expect_outcomes 'PIN-WRONG OK PIN-WRONG OK PIN-WRONG OK OK PIN-WRONG GUESSES OK GUESSES'
	expect_logged "uid 2002 has failed too often with the PIN of cert=$CERT: not asked before its holder has logged in"
	expect_logged "uid 2002 has failed too often with the PIN of cert=$CERT: not asked before 20"
	# An hour later it may try again.
	put_record '2002 su 4 0 0 1000000000'
	types "$WRONG_PIN" "${SU[@]}"
	expect_equal 'record' '2002 su 5 1 0' "$(record)"
}
run_case 'guesses: one after each login of the holder is no way' loop

in_a_row()
{
	for i in 1 2 3; do
		types "$WRONG_PIN" "${SU[@]}"
		sim set auth-tries 3	# by a program that records nothing
	done
	is_not_asked "${SU[@]}"
	is_not_asked "${TARO[@]}" su - hanako
	# the holder gets in as ever, and taro may try again
	types "$PIN" "${SUDO[@]}"
	expect_has "hanako's screen" 'Since your last login there were 3 failed PIN entries (taro, su: 3). If that was not you' "$OUT"
	types "$PIN" "${SU[@]}"
	expect_has "taro's screen" 'uid=2001(hanako)' "$OUT"
	expect_lacks "taro's screen" 'Since your last login' "$OUT"
	types "$PIN" "${SUDO[@]}"
	expect_has "hanako's screen" 'the right PIN of your card was entered from another account (taro, su)' "$OUT"
	expect_equal 'record' '' "$(record)"
}
run_case 'guesses: three in a row, then not before the holder logs in' in_a_row

# --- where else ------------------------------------------------------------------------------
by_login()
{
	on_tty 'wait:login: $' type:hanako "$ASKED" "type:$WRONG_PIN" 'wait:login: $' type:hanako "$ASKED" \
		"type:8277" 'wait:login: $' key:04 -- login
	expect_equal 'record' '0 login 0 2 0' "$(record)"
	sim set auth-tries 3
	on_tty "$ASKED" "type:$WRONG_PIN" "$ASKED" "type:$PIN" -- "${HANAKO[@]}" LANG=ja_JP.UTF-8 LC_ALL=C sudo -k id
	expect_has "hanako's screen" 'Since your last login there were 2 failed PIN entries (login: 2).' "$OUT"
	on_tty "${RIGHT[@]}" 'wait:[$] $' 'type:exit' -- login hanako
	expect_lacks 'the screen of login' 'Since your last login' "$OUT"
}
run_case 'guesses: at the console, and mistakes of the same dialogue' by_login

in_japanese()
{
	put_record '2002 su 2 2 0 1764345600'
	on_tty 'wait:暗証番号' "type:$PIN" -- "${HANAKO[@]}" "${IN_JAPANESE[@]}" sudo -k id
	expect_has 'the screen' '前回のログイン以降、暗証番号の入力誤りが2回ありました（taro, su: 2）。' "$OUT"
}
run_case 'guesses: told in Japanese' in_japanese

of_passwd()
{
	printf 'password required pam_jpki.so\n' > /etc/pam.d/passwd
	on_tty 'wait:Current PIN' "type:$WRONG_PIN" 'wait:New PIN' "type:$NEW_PIN" 'wait:Retype the new PIN' "type:$NEW_PIN" \
		-- "${HANAKO[@]}" passwd
	expect_equal 'record' '2001 passwd 0 1 0' "$(record)"
	types "$PIN" "${SUDO[@]}"
	expect_has "hanako's screen" 'there was 1 failed PIN entry (hanako, passwd).' "$OUT"
}
run_case 'guesses: the old PIN of a change counts as well' of_passwd

# --- every outcome -----------------------------------------------------------------------------
# Taro's program asks for hanako's card: without logind, nothing proves where taro is.
AS_TARO='run setpriv --ruid 2002 --clear-groups'
login 'guesses: another account that guessed' code=GUESSES pam=AUTHINFO_UNAVAIL unasked=yes drive=auth \
	says='Too many wrong PINs' opts=local_services=e2e under="true; put_record '2002 su 3 3 0 1764345600'; $AS_TARO"
login 'guesses: another account and a record that is damaged' code=GUESS-RECORD pam=AUTHINFO_UNAVAIL unasked=yes drive=auth \
	says='cannot count the PIN tries' opts=local_services=e2e under="true; put_record garbage; $AS_TARO"
login 'guesses: the holder and a record that is damaged' says='' under='true; put_record garbage; run'
login 'guesses: another account and a directory of others' code=GUESS-RECORD pam=AUTHINFO_UNAVAIL unasked=yes drive=auth \
	opts=local_services=e2e under="true; put_record; chmod 0777 $GUESSES; $AS_TARO"
full_disk()
{
	put_record
	mount -t tmpfs -o size=4k,mode=0700 none "$GUESSES"
	dd if=/dev/zero of="$GUESSES/full" status=none 2>/dev/null
}
needs mounts login 'guesses: another account and a disk that is full' code=GUESS-RECORD pam=AUTHINFO_UNAVAIL verifies=0 drive="pin=$PIN auth" \
	opts=local_services=e2e under="true; full_disk; $AS_TARO"
umount -q "$GUESSES" 2>/dev/null
needs mounts login 'guesses: the holder and a disk that is full' \
	under="true; full_disk; run"
umount -q "$GUESSES" 2>/dev/null
login 'guesses: another account within its three' code=PIN-WRONG pam=AUTH_ERR tries=2 drive="pin=$WRONG_PIN auth" \
	opts=local_services=e2e under="true; put_record '2002 su 2 2 0 1764345600'; $AS_TARO"

no_command_more()
{
	local before

	types "$PIN" "${SUDO[@]}"
	before=$(stat_of apdus)
	put_record '2002 su 2 2 0 1764345600'
	sim stats reset
	types "$PIN" "${SUDO[@]}"
	expect_equal 'commands to the card' "$before" "$(stat_of apdus)"
}
run_case 'guesses: the card gets no command more' no_command_more

# --- what root sees ----------------------------------------------------------------------------
shown()
{
	put_record '2002 su 3 2 0 1764345600' '0 login 0 1 0 1764345600'
	run jpkictl status
	expect_has 'status' "3 since the holder's last login (taro, su: 2; login)" "$OUT"
	run "${HANAKO[@]}" jpkictl status
	expect_lacks "hanako's status" 'failed PIN entries' "$OUT"
	run jpkictl doctor
	expect_has 'doctor' "D520" "$OUT"
	expect_has 'doctor' "$RECORD, taro, su: 3" "$OUT"
	put_record garbage
	run jpkictl doctor
	expect_has 'doctor' "D521" "$OUT"
	run jpkictl status
	expect_has 'status' 'their record cannot be read' "$OUT"
	rm -rf "$GUESSES"
	run jpkictl status
	expect_has 'status' "none since the holder's last login" "$OUT"
	run jpkictl doctor
	expect_lacks 'doctor' 'D52' "$OUT"
	expect_equal 'directory made by looking' no "$([ -e "$GUESSES" ] && echo yes || echo no)"
}
run_case 'guesses: what jpkictl shows' shown

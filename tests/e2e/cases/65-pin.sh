# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Changing PINs: passwd with a PAM stack that has our module before pam_unix or after
# it, and jpkictl pin; every refusal, with the tries counted on the card and the PIN that it
# really has afterwards.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's

NEW_PASSWORD='An0ther-Word'

ASK_OLD='wait:Current PIN of the user-authentication certificate \(4 digits, [0-9] tries left\): '
ASK_NEW='wait:New PIN of the user-authentication certificate \(4 digits\): '
ASK_AGAIN='wait:Retype the new PIN: '
NEW_TWICE=("$ASK_NEW" "type:$NEW_PIN" "$ASK_AGAIN" "type:$NEW_PIN")
PIN_DIALOGUE=("$ASK_OLD" "type:$PIN" "${NEW_TWICE[@]}")
OLD_PASSWORD=('wait:Current password: $' "type:$PASSWORD")
NEW_PASSWORDS=('wait:New password: $' "type:$NEW_PASSWORD" 'wait:Retype new password: $' "type:$NEW_PASSWORD")

# change NAME [KEY=VALUE…] [STEP…] -- COMMAND…: as person; what is counted is how often
# the old PIN is asked for.
change()
{
	person "$1" asks='Current PIN of the' "${@:2}"
}

reset_password()
{
	echo "hanako:$PASSWORD" | chpasswd
}

password_is()	# TEXT
{
	pamdrive --service e2e-password --user hanako "pin=$1" auth > /dev/null || fail "the password is not \"$1\""
}

# No module finds a PIN among the secrets that others leave, and we change none of them.
no_pin_in_items()
{
	local items

	items=$(syslog_new | sed -nE 's/.*pam_e2e\(passwd:chauthtok\): items //p')
	[ -n "$items" ] || fail 'no items were logged'
	expect_lacks 'secrets handed on' "=$PIN" "$items "
	expect_lacks 'secrets handed on' "=$NEW_PIN" "$items "
	expect_lacks 'secrets handed on' "=$WRONG_PIN" "$items "
}

OUR_LINE='password [success=ok default=ignore] pam_jpki.so'
LOOK='password optional pam_e2e.so'

pin_first()
{
	printf '%s\n' "$LOOK" "$OUR_LINE" "$LOOK" '@include common-password' "$LOOK" > /etc/pam.d/passwd
}

pin_last()
{
	printf '%s\n' "$LOOK" '@include common-password' "$LOOK" "$OUR_LINE" "$LOOK" > /etc/pam.d/passwd
}

cp /etc/pam.d/passwd "$WORK/pam.passwd"
install_pam_service e2e-password 'auth required pam_unix.so'
command=("${HANAKO[@]}" passwd)

# --- passwd: the PIN before the password -------------------------------------------------
pin_first
BOTH=(before=reset_password after="password_is '$NEW_PASSWORD'; no_pin_in_items")
PASSWORD_ONLY=("${BOTH[@]}" verifies=0)

change 'passwd, the PIN first: both are changed' "${BOTH[@]}" pin="$NEW_PIN" says='has been changed' \
	"${OLD_PASSWORD[@]}" "${PIN_DIALOGUE[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
change 'passwd, the PIN first: a wrong PIN costs one try' "${BOTH[@]}" log=PIN-WRONG tries=2 says='Wrong PIN; 2 tries left' \
	"${OLD_PASSWORD[@]}" "$ASK_OLD" "type:$WRONG_PIN" "${NEW_TWICE[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
change 'passwd, the PIN first: the password typed for the PIN' "${PASSWORD_ONLY[@]}" log=PIN-FORMAT \
	says='nothing was sent to the card' \
	"${OLD_PASSWORD[@]}" "$ASK_OLD" "type:$PASSWORD" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
change 'passwd, the PIN first: no card' "${PASSWORD_ONLY[@]}" sim=remove log=NO-CARD prompts=0 \
	says='There is no card on the reader.' "${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
change 'passwd, the PIN first: one try left' "${PASSWORD_ONLY[@]}" sim='set auth-tries 1' log=LAST-TRY prompts=0 tries=1 \
	says='Only one try is left' "${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
change 'passwd, the PIN first: locked' "${PASSWORD_ONLY[@]}" sim='set auth-tries 0' log=PIN-LOCKED prompts=0 tries=0 \
	says='Nothing on this computer can unlock it' \
	"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
# passwd ignores SIGINT; ^D is what its conversation takes for an end.
for at in 0 2 4; do
	change "passwd, the PIN first: ^C and ^D at question $((at / 2 + 1))" before=reset_password after="password_is '$PASSWORD'" \
		status=10 log=CANCELLED verifies=0 "${OLD_PASSWORD[@]}" "${PIN_DIALOGUE[@]:0:at+1}" key:03 key:04 \
		'wait:New password: $' key:04 -- "${command[@]}"
	change "passwd, the PIN first: card removed at question $((at / 2 + 1))" "${PASSWORD_ONLY[@]}" log=CARD-REMOVED \
		says='Contact with the card was lost' "${OLD_PASSWORD[@]}" "${PIN_DIALOGUE[@]:0:at+1}" 'do:sim remove' \
		"${PIN_DIALOGUE[@]:at+1}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
done

# A password that could be a PIN is not one: there is a prompt for ours even so.
four_digit_password()
{
	echo 'hanako:5839' | chpasswd
}
change 'passwd, the PIN first: a password of four digits is not taken for it' before=four_digit_password pin="$NEW_PIN" \
	after="password_is '$NEW_PASSWORD'" \
	'wait:Current password: $' type:5839 "${PIN_DIALOGUE[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"

# --- after it ------------------------------------------------------------------------------
pin_last
change 'passwd, the PIN last: both are changed' "${BOTH[@]}" pin="$NEW_PIN" says='has been changed' \
	"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" "${PIN_DIALOGUE[@]}" -- "${command[@]}"
change 'passwd, the PIN last: a wrong PIN costs one try' "${BOTH[@]}" log=PIN-WRONG tries=2 \
	"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" "$ASK_OLD" "type:$WRONG_PIN" "${NEW_TWICE[@]}" -- "${command[@]}"
change 'passwd, the PIN last: no card' "${PASSWORD_ONLY[@]}" sim=remove log=NO-CARD prompts=0 \
	"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"

# Modules that take whatever secret is there find the password's, never the PIN.
printf '%s\n' 'password required pam_unix.so' "$LOOK" "$OUR_LINE forward_pass=yes" "$LOOK" \
	'password optional pam_unix.so use_authtok try_first_pass' > /etc/pam.d/passwd
change 'passwd, the PIN between two that share a password' "${BOTH[@]}" pin="$NEW_PIN" \
	"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" "${PIN_DIALOGUE[@]}" -- "${command[@]}"

# --- whose PIN it is -------------------------------------------------------------------------
UNTOUCHED=(prompts=0 verifies=0 apdus=0 log='')
for order in first last; do
	"pin_$order"
	change "passwd, the PIN $order: root sets another's password" "${UNTOUCHED[@]}" "${BOTH[@]}" \
		"${NEW_PASSWORDS[@]}" -- passwd hanako
	enroll hanako
	change "passwd, the PIN $order: who has no card changes the password" "${UNTOUCHED[@]}" "${BOTH[@]}" \
		"${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" -- "${command[@]}"
	enroll hanako good
done
pin_first
stack_of sshd '@include common-auth'
start_sshd
change 'passwd by a remote user: the password only' prompts=0 verifies=0 apdus=0 log=REMOTE "${BOTH[@]}" \
	'wait:[Pp]assword: ?$' "type:$PASSWORD" "${OLD_PASSWORD[@]}" "${NEW_PASSWORDS[@]}" \
	-- "${SSH[@]}" -tt -o PreferredAuthentications=password hanako@127.0.0.1 passwd
stop_sshd
enroll root good
change 'passwd of root changes the PIN of the card of root' pin="$NEW_PIN" \
	before='reset_password; sed -i "s/pam_jpki.so/& local_services=passwd/" /etc/pam.d/passwd' \
	"${PIN_DIALOGUE[@]}" "${NEW_PASSWORDS[@]}" -- passwd
enroll root

JA_OLD='wait:利用者証明用電子証明書の現在の暗証番号 （数字4桁、残り3回）: '
person 'Japanese: passwd' asks='利用者証明用電子証明書の現在の暗証番号' "${BOTH[@]}" pin="$NEW_PIN" lacks='PIN' \
	says='利用者証明用電子証明書の暗証番号を変更しました。' 'wait:: $' "type:$PASSWORD" "$JA_OLD" "type:$PIN" \
	'wait:利用者証明用電子証明書の新しい暗証番号 （数字4桁）: ' "type:$NEW_PIN" 'wait:もう一度入力してください: ' "type:$NEW_PIN" \
	'wait:: ?$' "type:$NEW_PASSWORD" 'wait:: ?$' "type:$NEW_PASSWORD" -- "${HANAKO[@]}" "${IN_JAPANESE[@]}" passwd

# --- every outcome through libpam -------------------------------------------------------------

# by_pam NAME CODE PAM-CODE PIN-AFTERWARDS TRIES VERIFYS SIM-COMMANDS TEXT ANSWER…
by_pam()
{
	local answer answers=()

	begin "PIN change: $1" || return 0
	for answer in "${@:9}"; do answers+=("pin=$answer"); done
	printf '%s\n' 'password required pam_jpki.so' > /etc/pam.d/e2e
	fresh_card
	sim_commands "$7"
	run pamdrive --service e2e --user hanako --ruid 2001 "${answers[@]}" chauthtok
	expect_match 'pam_chauthtok' "[0-9]+ PAM_$3" "$(transcript 'chauthtok = ')"
	expect_equal 'prompts' "$(($# - 8))" "$(grep -c '^prompt\[off\]: ' <<< "$OUT")"
	expect_equal 'host process' ok "$(transcript 'hygiene = ')"
	expect_has 'what is shown' "$8" "$OUT"
	expect_logged "JPKI-(E-)?$2 user="
	[ "$4" = any ] || expect_equal 'PIN of the card' "$4" "$(sim get auth-pin)"
	expect_equal 'tries left' "$5" "$(sim get auth-tries)"
	expect_equal 'VERIFY commands' "$6" "$(stat_of verifies)"
	expect_card_forgot
	[ "$(sim get auth-pin)" = "$PIN" ] || CARD_DIRTY=yes
	end
}
by_pam 'done' OK SUCCESS "$NEW_PIN" 3 1 '' 'has been changed' "$PIN" "$NEW_PIN" "$NEW_PIN"
by_pam 'two tries are told first' OK SUCCESS "$NEW_PIN" 3 1 'set auth-tries 2' '4 digits, 2 tries left' "$PIN" "$NEW_PIN" "$NEW_PIN"
by_pam 'no PIN' NEW-PIN-FORMAT AUTHTOK_ERR "$PIN" 3 0 '' 'the PIN is unchanged' "$PIN" 47133
by_pam 'the old one' NEW-PIN-SAME AUTHTOK_ERR "$PIN" 3 0 '' 'is the old one' "$PIN" "$PIN"
by_pam 'not the same twice' NEW-PIN-MISMATCH AUTHTOK_ERR "$PIN" 3 0 '' 'the PIN is unchanged' "$PIN" "$NEW_PIN" 4714
by_pam 'a birthday is warned of' NEW-PIN-MISMATCH AUTHTOK_ERR "$PIN" 3 0 '' 'looks like a birthday' "$PIN" 0503 ''
by_pam '1234 is warned of' OK SUCCESS 1234 3 1 '' 'easy to guess' "$PIN" 1234 1234
by_pam 'the card does not take it' NEW-PIN-REFUSED AUTHTOK_ERR "$PIN" 3 1 'fault ins 24 sw 6A80' 'the old PIN is still valid' "$PIN" "$NEW_PIN" "$NEW_PIN"
by_pam 'the card is gone before it' PIN-UNCERTAIN AUTHTOK_ERR "$PIN" 3 1 'fault ins 24 drop' 'it is unknown' "$PIN" "$NEW_PIN" "$NEW_PIN"
by_pam 'the card is gone after it' PIN-UNCERTAIN AUTHTOK_ERR "$NEW_PIN" 3 1 'fault ins 24 drop-after' 'it is unknown' "$PIN" "$NEW_PIN" "$NEW_PIN"
write_conf 'timeout = 10'
by_pam 'the card does not answer in time' PIN-UNCERTAIN AUTHTOK_ERR "$NEW_PIN" 3 1 'fault ins 24 hang 9000' 'it is unknown' "$PIN" "$NEW_PIN" "$NEW_PIN"
reset_config

# --- jpkictl pin ---------------------------------------------------------------------------------
TOOL=("${HANAKO[@]}" jpkictl pin)
command=("${TOOL[@]}" change)

# tool_change NAME […]: nothing is logged, the tool reports everything.
tool_change()
{
	change "jpkictl pin change: $1" log='' "${@:2}"
}
tool_change 'done, by whom the card belongs to' pin="$NEW_PIN" says='has been changed' "${PIN_DIALOGUE[@]}" -- "${command[@]}"
tool_change 'a card that is not enrolled' before='enroll hanako' after='enroll hanako good' pin="$NEW_PIN" \
	"${PIN_DIALOGUE[@]}" -- "${command[@]}"
tool_change 'a wrong PIN' status=1 tries=2 says='Wrong PIN; 2 tries left' "$ASK_OLD" "type:$WRONG_PIN" "${NEW_TWICE[@]}" -- "${command[@]}"
tool_change 'nothing typed' status=1 verifies=0 says='JPKI-E-PIN-FORMAT' "$ASK_OLD" type: -- "${command[@]}"
tool_change 'the new PIN is none' status=1 verifies=0 says='JPKI-E-NEW-PIN-FORMAT' \
	"$ASK_OLD" "type:$PIN" "$ASK_NEW" type:471 -- "${command[@]}"
tool_change 'the new PIN is the old one' status=1 verifies=0 says='JPKI-E-NEW-PIN-SAME' \
	"$ASK_OLD" "type:$PIN" "$ASK_NEW" "type:$PIN" -- "${command[@]}"
tool_change 'not the same twice' status=1 verifies=0 says='JPKI-E-NEW-PIN-MISMATCH' \
	"$ASK_OLD" "type:$PIN" "$ASK_NEW" "type:$NEW_PIN" "$ASK_AGAIN" type:4714 -- "${command[@]}"
tool_change 'a warning heeded' status=1 verifies=0 says='press Enter to keep the old one' \
	"$ASK_OLD" "type:$PIN" "$ASK_NEW" type:0000 'wait:old one: ' type: -- "${command[@]}"
tool_change 'one try left' sim='set auth-tries 1' status=1 tries=1 prompts=0 verifies=0 \
	says='Only one try is left' -- "${command[@]}"
tool_change 'the last try, where the administrator allows it' before="write_conf 'last_try = ask'" after=reset_config last=ask \
	sim='set auth-tries 1' status=1 tries=0 says='Nothing on this computer can unlock it' \
	'wait:LAST try' "type:$WRONG_PIN" "${NEW_TWICE[@]}" -- "${command[@]}"
tool_change 'locked' sim='set auth-tries 0' status=1 tries=0 prompts=0 verifies=0 \
	says='take the card with you' -- "${command[@]}"
tool_change 'no card' sim=remove status=1 prompts=0 verifies=0 says='JPKI-E-NO-CARD' -- "${command[@]}"
tool_change 'the card is gone while it changes' sim='fault ins 24 drop' status=1 says='JPKI-E-PIN-UNCERTAIN' "${PIN_DIALOGUE[@]}" -- "${command[@]}"
for at in 0 2 4; do
	tool_change "^C at question $((at / 2 + 1))" status=130 verifies=0 "${PIN_DIALOGUE[@]:0:at+1}" insist:03 -- "${command[@]}"
	tool_change "card removed at question $((at / 2 + 1))" status=1 verifies=0 says='JPKI-E-CARD-REMOVED' \
		"${PIN_DIALOGUE[@]:0:at+1}" 'do:sim remove' "${PIN_DIALOGUE[@]:at+1}" -- "${command[@]}"
done
other_card=$(card_dir other-person)
tool_change 'another card put in its place' status=1 verifies=0 says='JPKI-E-CARD-REMOVED' "${PIN_DIALOGUE[@]:0:5}" \
	"do:m=\$(scprobe mark); sim swap $other_card; scprobe changed \$m $WAIT_MS" "${PIN_DIALOGUE[@]:5}" -- "${command[@]}"
tool_change '^C while the card changes it waits until that is done' sim='fault ins 24 hang 2000' status=130 pin="$NEW_PIN" \
	says='has been changed' "${PIN_DIALOGUE[@]}" \
	"do:until sim stats | grep -q verifies=1; do sleep 0.05; done; sleep 0.5" key:03 -- "${command[@]}"
person 'Japanese: jpkictl pin change' asks='利用者証明用電子証明書の現在の暗証番号' log='' pin="$NEW_PIN" lacks='PIN ' \
	says='利用者証明用電子証明書の暗証番号を変更しました。' "$JA_OLD" "type:$PIN" \
	'wait:利用者証明用電子証明書の新しい暗証番号 （数字4桁）: ' "type:$NEW_PIN" 'wait:もう一度入力してください: ' "type:$NEW_PIN" \
	-- "${HANAKO[@]}" "${IN_JAPANESE[@]}" jpkictl pin change

pin_hangs()
{
	write_conf 'timeout = 5'
	sim fault ins 24 hang forever
	on_tty "${PIN_DIALOGUE[@]}" -- "${command[@]}"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the sentence' 'JPKI-E-PIN-UNCERTAIN' "$OUT"
	expect_has 'the sentence' 'take the card off the reader' "$OUT"
	CARD_DIRTY=yes
	reset_config
}
run_case 'jpkictl pin change: a card that hangs' pin_hangs

# The signature PIN.
ASK_OLD_SIGN='wait:Current signature PIN \(6 to 16 capital letters and digits, small letters become capitals, 5 tries left\): '
SIGN_TWICE=('wait:New signature PIN' "type:$NEW_SIGN" "$ASK_AGAIN" "type:$NEW_SIGN")
sign_change()
{
	person "jpkictl pin change --signature: $1" asks='Current signature PIN' log='' typed=1 "${@:2}"
}
command=("${TOOL[@]}" change --signature)
sign_change 'done' sign="$NEW_SIGN" says='The signature PIN has been changed.' "$ASK_OLD_SIGN" type:ABC123 "${SIGN_TWICE[@]}" -- "${command[@]}"
sign_change 'a wrong one' status=1 sign_tries=4 says='JPKI-E-SIGN-WRONG' "$ASK_OLD_SIGN" type:ABC124 "${SIGN_TWICE[@]}" -- "${command[@]}"
sign_change 'the four-digit PIN typed for it' status=1 verifies=0 says='JPKI-E-SIGN-FORMAT' "$ASK_OLD_SIGN" "type:$PIN" -- "${command[@]}"
sign_change 'in small letters' sign="$NEW_SIGN" says='The signature PIN has been changed.' \
	"$ASK_OLD_SIGN" type:abc123 'wait:New signature PIN' "type:${NEW_SIGN,,}" "$ASK_AGAIN" "type:${NEW_SIGN,,}" -- "${command[@]}"
sign_change 'no letters' status=1 verifies=0 says='JPKI-E-NEW-SIGN-FORMAT' \
	"$ASK_OLD_SIGN" type:ABC123 'wait:New signature PIN' type:789789 -- "${command[@]}"
sign_change 'no digit' status=1 verifies=0 says='JPKI-E-NEW-SIGN-FORMAT' \
	"$ASK_OLD_SIGN" type:ABC123 'wait:New signature PIN' type:XYZXYZ -- "${command[@]}"
sign_change 'one try left' sim='set sign-tries 1' status=1 prompts=0 verifies=0 sign_tries=1 says='JPKI-E-LAST-TRY' -- "${command[@]}"
sign_change 'locked' sim='set sign-tries 0' status=1 prompts=0 verifies=0 sign_tries=0 \
	says='five times in a row' -- "${command[@]}"

pin_status()
{
	sim set auth-tries 2
	sim set sign-tries 0
	run "${TOOL[@]}" status
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'pin status' '2 tries left' "$OUT"
	expect_has 'pin status' 'LOCKED' "$OUT"
	expect_has 'pin status' 'The signature PIN is locked: it was wrong five times in a row' "$OUT"
	expect_lacks 'pin status' 'three times in a row' "$OUT"
	sim set auth-tries 0
	sim set sign-tries 5
	run "${HANAKO[@]}" "${IN_JAPANESE[@]}" jpkictl pin status
	expect_has 'pin status' '市区町村の窓口' "$OUT"
	expect_has 'pin status' '5回' "$OUT"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
}
run_case 'jpkictl pin status tells the tries and what to do with a locked PIN' pin_status

pin_usage()
{
	local words

	for words in '' frobnicate 'status --signature' 'change status' 'change --frobnicate'; do
		# shellcheck disable=SC2086 # words
		run "${TOOL[@]}" $words
		expect_equal "jpkictl pin $words" 2 "$STATUS"
	done
	run setsid -w "${TOOL[@]}" change
	expect_equal 'exit status without a terminal' 1 "$STATUS"
	expect_has 'the message' 'there is no terminal' "$OUT"
	put_card 'good none profile=child'
	run setsid -w "${TOOL[@]}" change --signature
	expect_equal 'a card without the signature PIN' 1 "$STATUS"
	CARD_DIRTY=yes
}
run_case 'jpkictl pin: wrong words, no terminal, no such PIN' pin_usage
cp "$WORK/pam.passwd" /etc/pam.d/passwd

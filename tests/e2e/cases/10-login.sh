# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Logins that succeed, the PIN, and the card on the reader. See login in lib.sh.

# --- success ---------------------------------------------------------------------
login 'success' quiet=yes apdus=9
login 'success with tries in the prompt' sim='set auth-tries 2' says='2 tries left' quiet=yes
login 'success the classic way, without short file ids' card='good no-sfi=yes' apdus=15 quiet=yes
login 'success with short file ids turned off' opts='short_ids=no' apdus=14 quiet=yes
login 'success on a card whose first command fails' card='good first-6f00=yes' quiet=yes
login 'success on a card that clears on reset' card='good reset-clears=yes' quiet=yes
login 'success on a T=0-like card' card='good t0=yes' quiet=yes
login 'success on a card without extended length' card='good extended=no' quiet=yes
login 'success on a card without signature certificate' card='good none profile=child' quiet=yes
login 'success on a slow card' card='good latency=100 signtime=500' quiet=yes
login 'success with setcred and acct' drive="pin=$PIN auth setcred acct"
login 'success as sudo asks: silent' args='--silent' quiet=yes
login 'success warns of a certificate that ends soon' card=soon enroll=soon says='info: ' says2='expires on'
login 'a locker, which cannot remember a warning, gives none' card=soon enroll=soon args='--as 2001' quiet=yes
login 'warning names the date on the face of the card' card='soon expiry=20331103' enroll=soon says='printed on the card, 2033-11-03'
login 'warning by a card that does not tell its own end' card='soon expiry=none' enroll=soon says='The date printed on the card is that of the card itself'
login 'no warning when turned off' card=soon enroll=soon opts='expiry_warning_days=0' quiet=yes
login 'success with the second of two enrolled certificates' card=renewed enroll='good renewed' quiet=yes
login 'success with a card of the other CA generation of the same name' card=good2 enroll=good2 quiet=yes
login 'success with a P-256 card' card=ec256 enroll=ec256 quiet=yes
login 'success with a certificate of eleven months that ends on no birthday' card=stay enroll=stay quiet=yes apdus=9
login 'its renewal, which nothing tells from another card' card=stay-renewed enroll=stay unasked=yes \
	code=OTHER-CARD pam=AUTH_ERR says='again when its certificate was renewed'
login 'card and certificate end with the period of stay' \
	card="stay expiry=$(TZ=JST-9 date -d "@$(sed -n 's/^stay_not_after=//p' "$PKI/times")" +%Y%m%d)" enroll=stay \
	opts='expiry_warning_days=300' says='if your period of stay was extended, have the card extended there'
login 'success with a P-384 card, whose CA ends after 2050' card=ec384 enroll=ec384 quiet=yes
login 'success with the policy that is asked for' opts='policy_oid=1.2.392.200149.8.5.1.3.30'

# Texts that were shown, one for each login.
count_texts()
{
	grep -cE '^(info|error): ' <<< "$OUT"
}
warned_once_a_day()
{
	enroll hanako soon
	fresh_card soon
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth "pin=$PIN" auth
	expect_equal 'texts of two logins' 1 "$(count_texts)"
	run pamdrive --service e2e --user hanako --ruid 2001 --silent "pin=$PIN" auth
	expect_equal 'texts of sudo on the same day' 0 "$(count_texts)"
	expect_equal 'the record' '600 0' "$(stat -c '%a %u' "$REMINDERS/2001")"
	touch -d yesterday "$REMINDERS/2001"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'texts of the next day' 1 "$(count_texts)"
	expect_has 'what is shown' 'expires on' "$OUT"
	rm -r "$REMINDERS"
	run pamdrive --service e2e --user hanako --ruid 2002 "pin=$PIN" auth
	expect_lacks "what another account's su shows" 'expires on' "$OUT"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'what the holder is shown after that' 'expires on' "$OUT"
}
run_case 'warning once a day for each user, wherever they log in first' warned_once_a_day

# --- Japanese --------------------------------------------------------------------
japanese() { login "Japanese: $1" opts='lang=ja' asks='利用者証明用電子証明書の暗証番号 （数字4桁、残り' "${@:2}"; }
japanese 'success' sim='set auth-tries 2' says='、残り2回）: ' quiet=yes
japanese 'a certificate that ends soon' card=soon enroll=soon says='info: ' says2='市区町村の窓口で更新'
japanese 'wrong PIN' drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2 \
	says='暗証番号が違います。入力できる回数は残り2回です。'
japanese 'locked' sim='set auth-tries 0' unasked=yes code=PIN-LOCKED pam=MAXTRIES tries=0 drive=auth \
	says='ロックされています' says2='市区町村の窓口'

# --- the host --------------------------------------------------------------------
login 'host ignores SIGCHLD' args='--sigchld ignore'
login 'host reaps all children' args='--sigchld reap'
login 'host without standard streams' args='--closed-stdio'
login 'host is a plain user, as a locker' args='--as 2001'
login 'host has another real user, as su' args='--ruid 2002' opts=local_services=e2e
login 'wrong PIN as a plain user' args='--as 2001' drive="pin=$WRONG_PIN auth" \
	code=PIN-WRONG pam=AUTH_ERR tries=2
login 'twenty logins leak nothing' args='--repeat 20' drive="pin=$PIN auth setcred" \
	verifies=20 within=60

# --- the PIN ---------------------------------------------------------------------
login 'wrong PIN' drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2 \
	says='Wrong PIN; 2 tries left before the PIN locks.' says2='delay = '
login 'right PIN after a wrong one restores the tries' drive="pin=$WRONG_PIN auth pin=$PIN auth setcred" \
	code=OK verifies=2 prompts=2
login 'three logins with a wrong PIN stop before the last try' \
	drive="pin=$WRONG_PIN auth pin=8277 auth pin=8278 auth" \
	code=LAST-TRY pam=AUTH_ERR tries=1 verifies=2 prompts=2 says='Only one try is left' state=any
login 'the same wrong PIN again is not sent again' \
	drive="pin=$WRONG_PIN auth pin=$WRONG_PIN auth pin=$WRONG_PIN auth" \
	code=PIN-REPEATED pam=AUTH_ERR tries=2 verifies=1 prompts=3 says='not sent to the card a second time' state=any
login 'the right PIN after a repeated wrong one' \
	drive="pin=$WRONG_PIN auth pin=$WRONG_PIN auth pin=$PIN auth" verifies=2 prompts=3
login 'locked' sim='set auth-tries 0' unasked=yes code=PIN-LOCKED pam=MAXTRIES tries=0 \
	drive=auth says='is locked' says2='municipal office'
login 'locked, told by 6984' card='good locked-query=6984' sim='set auth-tries 0' unasked=yes \
	code=PIN-LOCKED pam=MAXTRIES tries=0 drive=auth
login 'locked, told by 6983' card='good locked-query=6983 locked-verify=6983' sim='set auth-tries 0' \
	unasked=yes code=PIN-LOCKED pam=MAXTRIES tries=0 drive=auth
login 'card without PIN (face authentication)' card='good none profile=faceauth' \
	sim='set auth-tries 0' unasked=yes code=PIN-LOCKED pam=MAXTRIES tries=0 drive=auth
login 'last try is refused' sim='set auth-tries 1' unasked=yes code=LAST-TRY pam=AUTH_ERR tries=1 drive=auth
login 'last try is asked for if the administrator says so' opts='last_try=ask' sim='set auth-tries 1' \
	says='LAST try'
login 'last try, wrong PIN: locked' opts='last_try=ask' sim='set auth-tries 1' drive="pin=$WRONG_PIN auth" \
	code=PIN-LOCKED pam=MAXTRIES tries=0 says='is locked'

unsent() { login "$1" drive="$2 auth" code=PIN-FORMAT pam=AUTH_ERR verifies=0 says='exactly four digits'; }
unsent 'empty PIN' empty
unsent 'short PIN' pin=827
unsent 'long PIN' pin=82751
unsent 'password instead of a PIN' pin=correct-horse
unsent 'alphabetic PIN' pin=abcd
unsent 'PIN with a space' "'pin=827 '"
unsent 'PIN with a newline' raw=383237350a
unsent 'PIN of three digits and a newline' raw=3832370a
unsent 'full-width PIN' raw=efbc98efbc92efbc97efbc95
unsent 'PIN of 512 digits' "pin=$(printf '%0512d' 0)"
unsent 'junk that sshd sends for unknown users' raw=080a0d7f494e434f5252454354
login 'NULL answer' drive='null auth' code=CANCELLED pam=CONV_ERR verifies=0
login 'cancelled' drive='conv_err auth' code=CANCELLED pam=CONV_ERR verifies=0 state=any

# A locker asks before the card is back.
without_card()
{
	login "a locker without a card: $1" args='--as 2001' opts='forward_pass=yes wait=2' sim=remove \
		asks='Password (or place your My Number Card on the reader and enter the PIN' "${@:2}"
}
without_card 'a password' drive='pin=hunter22 auth' authtok=set code=PASSWORD pam=AUTHINFO_UNAVAIL verifies=0 quiet=yes
without_card 'a PIN, and no card' code=NO-CARD pam=AUTHINFO_UNAVAIL verifies=0 says='No card was placed on the reader within 2 seconds.'
card_comes_back()	# PIN RESULT TRIES
{
	enroll hanako good
	sim remove
	install_pam_service e2e "$(stack forward_pass=yes wait=20)"
	(sleep 1; sim insert) >/dev/null 2>&1 &
	run pamdrive --service e2e --user hanako --as 2001 "pin=$1" auth
	wait $!
	expect_equal 'pam_authenticate' "$2" "$(transcript 'auth = ')"
	expect_equal 'questions' 1 "$(grep -c '^prompt' <<< "$OUT")"
	expect_has 'the question' 'Password (or place your My Number Card on the reader' "$OUT"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	expect_equal 'tries left' "$3" "$(sim get auth-tries)"
	expect_card_forgot
}
run_case 'a locker without a card: the PIN, and the card comes' card_comes_back "$PIN" '0 PAM_SUCCESS' 3
run_case 'a locker without a card: a wrong PIN, and the card comes' card_comes_back "$WRONG_PIN" '7 PAM_AUTH_ERR' 2
login 'a locker with the card: asked as ever' args='--as 2001' opts='forward_pass=yes' asks='Password, or PIN' says='3 tries left'

login 'a password where it is forwarded' opts='forward_pass=yes' drive='pin=hunter22 auth' authtok=set \
	asks='Password, or PIN' code=PASSWORD pam=AUTHINFO_UNAVAIL verifies=0 state=any

# --- the card --------------------------------------------------------------------
refused() { login "$@" unasked=yes drive=auth; }
refused 'Juki card' card='good profile=juki' code=JUKI-CARD pam=AUTHINFO_UNAVAIL says='Juki card'
refused 'a telephone' card='good profile=phone-android' code=PHONE pam=AUTHINFO_UNAVAIL says='smartphone'
refused 'a telephone of the other make' card='good profile=phone-iphone' code=PHONE pam=AUTHINFO_UNAVAIL says='smartphone'
refused 'card that does not come up' card='good atr=3B' code=CARD-MUTE pam=AUTHINFO_UNAVAIL \
	says='cannot communicate with the card'
refused 'some other card' card='good profile=nojpki' code=NOT-JPKI pam=AUTHINFO_UNAVAIL says='not a My Number Card'
refused 'card without user-authentication certificate' card='good no-auth=yes availability=8F0000' \
	code=NO-CERT pam=AUTHINFO_UNAVAIL
refused "another user's card" card=other-person code=OTHER-CARD pam=AUTH_ERR says='not registered for this user'
refused 'renewed card, enrollment of the old one' card=renewed code=RENEWED pam=AUTH_ERR says2='register the card again'
refused 'enrolled with the old key of the other CA' card=good2 code=OTHER-CARD pam=AUTH_ERR
refused 'user not enrolled' enroll='' code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0 quiet=yes
refused 'user not enrolled, a card waited for' enroll='' sim=remove opts=wait=5 within=4 code=NOT-ENROLLED \
	pam=USER_UNKNOWN quiet=yes
install_pam_service sshd-e2e "$(stack)"
refused 'user not enrolled, by sshd' enroll='' service=sshd-e2e args='--tty ssh' code=REMOTE \
	pam=AUTHINFO_UNAVAIL apdus=0 quiet=yes
refused 'user by sshd' service=sshd-e2e args='--tty ssh' code=REMOTE pam=AUTHINFO_UNAVAIL apdus=0 quiet=yes
refused 'remote user, not enrolled' enroll='' args='--rhost 192.0.2.1' code=REMOTE pam=AUTHINFO_UNAVAIL \
	apdus=0 quiet=yes
refused 'remote user, but not of sshd' args='--rhost 192.0.2.1' code=REMOTE pam=AUTHINFO_UNAVAIL apdus=0 \
	says='info: Only users at this computer may use its card reader, and you do not seem to be one of them.'
# Where the administrator wants everybody to read it.
install_pam_service sshd-e2e "$(stack tell_everybody=yes)"
refused 'user not enrolled, who is told' enroll='' opts=tell_everybody=yes code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0 \
	says='No card is registered for this user'
refused 'user by sshd, who is told' enroll='' service=sshd-e2e args='--tty ssh' code=REMOTE pam=AUTHINFO_UNAVAIL apdus=0 \
	says='Only users at this computer may use its card reader'
rm /etc/pam.d/sshd-e2e
login 'certificate file of the card cut short: the enrolled key decides' card='good auth-ef=truncated' \
	code='OK|BAD-REPLY|OTHER-CARD' pam='SUCCESS|AUTHINFO_UNAVAIL|AUTH_ERR' prompts=any verifies=any
refused 'certificate file of FF' card='good auth-ef=ff' code='NO-CERT|BAD-REPLY' pam=AUTHINFO_UNAVAIL
refused 'certificate file that claims 65535 bytes' card='good auth-ef=huge' code=CERT-LONG pam=AUTHINFO_UNAVAIL \
	says='longer than this program can read' says2='update pam_jpki'
login 'no card' sim='remove' unasked=yes drive=auth code=NO-CARD pam=AUTHINFO_UNAVAIL says='no card on the reader'

# --- the card goes away ------------------------------------------------------------
count_commands		# also with --only: the cases below need it

for ((n = 1; n <= BEFORE; n++)); do
	for how in drop drop-after; do
		refused "card removed at command $n ($how), before the prompt" sim="fault at $n $how" \
			code='CARD-REMOVED|NO-CARD' pam=AUTHINFO_UNAVAIL
	done
done
for ((n = BEFORE + 1; n < TOTAL; n++)); do
	for how in drop drop-after; do
		login "card removed at command $n ($how), after the PIN" sim="fault at $n $how" verifies=any \
			code=CARD-REMOVED pam=AUTHINFO_UNAVAIL says='Contact with the card was lost'
	done
done
login 'card removed at the last command' sim="fault at $TOTAL drop" code='OK|CARD-REMOVED' \
	pam='SUCCESS|AUTHINFO_UNAVAIL'
login 'card removed after a wrong PIN reached it: no second VERIFY' sim="fault $VERIFY drop-after" \
	drive="pin=$WRONG_PIN auth" code=CARD-REMOVED pam=AUTHINFO_UNAVAIL verifies=1 tries=2
login 'card removed while the person types' drive="'exec=sim remove' pin=$PIN auth" \
	code='CARD-REMOVED|NO-CARD' pam=AUTHINFO_UNAVAIL verifies=0
login 'card taken off and put back while the person types' \
	drive="'exec=sim remove && sim insert' pin=$PIN auth" code='OK|CARD-REMOVED' \
	pam='SUCCESS|AUTHINFO_UNAVAIL' verifies=any
login "card swapped for another's while the person types" \
	drive="'exec=sim swap $(card_dir other-person)' pin=$PIN auth" \
	code='OTHER-CARD|CARD-REMOVED' pam='AUTH_ERR|AUTHINFO_UNAVAIL' verifies=0
login 'card swapped for one of the same holder while the person types' \
	drive="'exec=sim swap $(card_dir renewed)' pin=$PIN auth" \
	code='RENEWED|CARD-REMOVED' pam='AUTH_ERR|AUTHINFO_UNAVAIL' verifies=0
login 'enrollment revoked while the person types' \
	drive="'exec=jpkictl revoke hanako' pin=$PIN auth" code=NOT-ENROLLED pam=USER_UNKNOWN verifies=0 \
	says='No card is registered'
login 'session ended by SIGTERM while the person types' \
	drive="'exec=pkill -TERM jpki_helper; pkill -HUP jpki_helper' pin=$PIN auth"
login 'card swapped for a Juki card while the person types' \
	drive="'exec=sim swap $(card_dir 'good profile=juki')' pin=$PIN auth" \
	code='JUKI-CARD|OTHER-CARD|CARD-REMOVED' pam='AUTH_ERR|AUTHINFO_UNAVAIL' verifies=0

# --- a dishonest card ----------------------------------------------------------------
login 'signature wrong' sim='fault ins 2A wrongsig' code=BAD-SIGNATURE pam=AUTH_ERR says='signature is not valid'
login 'signature over another challenge' sim='fault ins 2A sign-other-challenge' code=BAD-SIGNATURE pam=AUTH_ERR
login 'signature too short' sim='fault ins 2A truncate 200' code='BAD-SIGNATURE|BAD-REPLY' pam='AUTH_ERR|AUTHINFO_UNAVAIL'
login 'signature too long' sim='fault ins 2A overlong' code='BAD-SIGNATURE|BAD-REPLY' pam='AUTH_ERR|AUTHINFO_UNAVAIL'
login 'signature is garbage' sim='fault ins 2A garbage' code='BAD-SIGNATURE|BAD-REPLY' pam='AUTH_ERR|AUTHINFO_UNAVAIL'
# The card says that the length was wrong (6Cxx) and is asked once again: no second PIN, the same challenge.
login 'signature at the second command' sim='fault ins 2A sw 6C00'
login 'signature never, another length is wanted' sim='fault ins 2A:* sw 6C00' code=BAD-REPLY pam=AUTHINFO_UNAVAIL
login 'certificate read is another on the way' sim='fault ins B0 wrongdata' unasked=yes drive=auth \
	code='OTHER-CARD|BAD-REPLY' pam='AUTH_ERR|AUTHINFO_UNAVAIL'

# A card with the right certificate but another key, to which every PIN is right.
counterfeit=$(card_dir 'good expiry=20300101')
cp "$PKI/other-person.key" "$counterfeit/auth.key"
login 'counterfeit card that accepts every PIN' \
	sim="swap $counterfeit; fault ins 20:* accept-any-pin" code=BAD-SIGNATURE pam=AUTH_ERR tries=any
login 'right card that accepts every PIN, wrong PIN' sim='fault ins 20:* accept-any-pin' \
	drive="pin=$WRONG_PIN auth" code='OK|BAD-SIGNATURE|BAD-REPLY' pam='SUCCESS|AUTH_ERR|AUTHINFO_UNAVAIL' tries=any

login 'VERIFY is not repeated on 6F00' sim="fault $VERIFY sw 6F00" code=BAD-REPLY pam=AUTHINFO_UNAVAIL verifies=0
login 'VERIFY is not repeated on 6400' sim="fault $VERIFY sw 6400" code=BAD-REPLY pam=AUTHINFO_UNAVAIL verifies=0
login 'VERIFY answered with one byte' sim="fault $VERIFY truncate 1" code='BAD-REPLY|CARD-REMOVED' pam=AUTHINFO_UNAVAIL
login 'wrong PIN answered by 6300 without a count' sim="fault $VERIFY sw 6300" \
	verifies=any drive="pin=$WRONG_PIN auth" code='PIN-WRONG|BAD-REPLY' pam='AUTH_ERR|AUTHINFO_UNAVAIL' tries=any

# --- what another program left ---------------------------------------------------------
login 'PIN verified by another program: a wrong PIN stays wrong' sim='power; verify-as-other-program' \
	drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2
# Nothing was verified by us, so the state that is left is the other program's.
login 'PIN verified by another program: no PIN, no login' sim='power; verify-as-other-program' \
	drive='conv_err auth' code=CANCELLED pam=CONV_ERR verifies=0 state=any
login 'PIN verified by another program: empty PIN, no login' sim='power; verify-as-other-program' \
	drive='empty auth' code=PIN-FORMAT pam=AUTH_ERR verifies=0 state=any
login 'PIN verified by another program: right PIN' sim='power; verify-as-other-program'
login 'PIN verified by another program while the person types' \
	drive="'exec=sim verify-as-other-program' pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2
login 'card that answers the query with 9000 when verified' card='good verified-query=9000' \
	sim='power; verify-as-other-program' drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2

# --- time ---------------------------------------------------------------------------
# timeout = 10 is ten seconds in all, the last three of them for a helper that drops what is verified.
hanging()	# NAME SIM CODE [KEY=VALUE…]
{
	login "card that hangs $1" opts='timeout=10' sim="$2" code="$3" pam=AUTHINFO_UNAVAIL state=any verifies=any \
		args=--time within=15 "${@:4}"
}
hanging 'before the PIN' 'fault at 3 hang forever' TIMEOUT unasked=yes drive=auth
hanging 'after the PIN' "fault at $((BEFORE + 1)) hang forever" TIMEOUT verifies=0
hanging 'at VERIFY' "fault $VERIFY hang forever" TIMEOUT
hanging 'at the signature' 'fault ins 2A hang forever' TIMEOUT
hanging 'when it is to forget' "fault at $TOTAL hang forever" TIMEOUT
hanging 'a while before the PIN, and for good after it' \
	"fault at 3 hang 4500; fault $VERIFY hang forever" TIMEOUT
hanging 'at the signature and comes back: the PIN is forgotten' 'fault ins 2A hang 8000' TIMEOUT \
	state='' verifies=1
login 'card that takes two seconds for the signature' sim='fault ins 2A hang 2000'

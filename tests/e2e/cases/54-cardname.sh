# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The card names the user, where the program gives no name: user_from_card = yes. Even so, the login of that account has
# all its steps, and a name that is given or typed is never looked at.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

reset_config

# nameless NAME [KEY=VALUE…]: a program that gives no name (given=NAME: that one, or "").
#
#   card=SPEC       on the reader; none
#   stack=OPTIONS   of pam_jpki (user_from_card=yes)
#   drive=WORDS     answers and calls of pamdrive (the PIN, auth)
#   user=NAME       PAM_USER afterwards; - for none
#   auth=REGEX      what becomes of it (SUCCESS); code=CODE in the log
#   names=N pins=N verifies=N   questions for a name (0) and a PIN (1); PINs that reached the card (1)
#   apdus=N         commands to the card (any); none=yes: none at all
#   says=TEXT lacks=TEXT   of what is shown; log=REGEX   in the log
nameless()
{
	local name="no name: $1" arg words=()
	local -A c=([card]=good [stack]=user_from_card=yes [drive]="pin=$PIN auth" [user]=hanako [auth]=SUCCESS [code]=OK
		[names]=0 [pins]=1 [verifies]=1 [apdus]=any [says]='' [lacks]='no answer left' [log]='' [given]='' [sim]='')

	begin "$name" || return 0
	shift
	for arg; do c[${arg%%=*}]=${arg#*=}; done
	install_pam_service e2e "$(stack "${c[stack]}")"
	if [ "${c[card]}" = none ]; then
		fresh_card
		sim remove
	else
		fresh_card "${c[card]}"
	fi
	sim_commands "${c[sim]}"
	eval "words=(${c[given]} ${c[drive]})"
	run pamdrive --service e2e "${words[@]}"
	expect_match 'pam_authenticate' "[0-9]+ PAM_(${c[auth]})" "$(transcript 'auth = ')"
	expect_equal 'PAM_USER' "${c[user]}" "$(transcript 'user = ')"
	expect_equal 'questions for a name' "${c[names]}" "$(grep -c '^prompt\[on\]: ' <<< "$OUT")"
	expect_equal 'questions for a PIN' "${c[pins]}" "$(grep -c '^prompt\[off\]: ' <<< "$OUT")"
	expect_equal 'PINs that reached the card' "${c[verifies]}" "$(stat_of verifies)"
	expect_count 'commands to the card' "${c[apdus]}" "$(stat_of apdus)"
	expect_has 'what is shown' "${c[says]}" "$OUT"
	expect_lacks 'what is shown' "${c[lacks]}" "$OUT"
	expect_equal 'host process' ok "$(sed -n 's/^hygiene = //p' <<< "$OUT" | sort -u)"
	[ "${c[code]}" != OK ] || c[code]='OK user=hanako'
	expect_logged "JPKI-(E-)?${c[code]} "
	[ -z "${c[log]}" ] || expect_logged "${c[log]}"
	expect_card_forgot
	[ "${c[card]}" != none ] || CARD_DIRTY=yes
	end
}

# --- the option is off: as ever ------------------------------------------------------------
# (what the same login costs the card with a name that is given)
plain_cost()
{
	install_pam_service e2e "$(stack)"
	fresh_card
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	PLAIN_APDUS=$(stat_of apdus)
}
plain_cost
nameless 'the option is off, and the card names no account: the name is asked for, and not one command more' stack= names=1 \
	drive="text=hanako pin=$PIN auth" apdus="$PLAIN_APDUS" lacks=Hello
nameless 'the option is off, and the card names no account: nothing is typed' stack= names=1 drive='text= auth' user= \
	auth=USER_UNKNOWN code=NOT-ENROLLED pins=0 verifies=0 apdus=0
nameless 'an empty name, and the card names no account' stack= given="--user ''" drive=auth user= auth=USER_UNKNOWN \
	code=NOT-ENROLLED pins=0 verifies=0 apdus=0

# --- one account -----------------------------------------------------------------------------
nameless 'the card names the user, and greets' says='Hello hanako. PIN of the user-authentication certificate (4 digits, 3 tries left): ' \
	log='the card names the user: hanako'
nameless 'the card names the user, an empty name' given="--user ''" says='Hello hanako. PIN'
nameless 'the card names the user, in Japanese' stack='user_from_card=yes lang=ja' says='hanakoさん、こんにちは。'
nameless 'the card names the user, wrong PIN: the name goes' drive="pin=$WRONG_PIN auth" user=- auth=AUTH_ERR code='PIN-WRONG' \
	log='JPKI-E-PIN-WRONG user=hanako '
nameless 'the card names the user, an empty name, wrong PIN: it is empty again' given="--user ''" drive="pin=$WRONG_PIN auth" user= \
	auth=AUTH_ERR code=PIN-WRONG
nameless 'the card names the user, wrong PIN, then the right one' drive="pin=$WRONG_PIN auth pin=$PIN auth" pins=2 verifies=2
nameless 'the card names the user, no PIN' drive='conv_err auth' user=- auth=CONV_ERR code=CANCELLED verifies=0
nameless 'the card names the user, a password is handed on with the name' stack='user_from_card=yes forward_pass=yes' \
	drive='pin=my-password auth' auth=AUTHINFO_UNAVAIL code=PASSWORD verifies=0
nameless 'the card names the user: locked' sim='set auth-tries 0' drive=auth user=- auth=MAXTRIES code=PIN-LOCKED pins=0 \
	verifies=0 says='is locked'
in_conf()
{
	write_conf 'user_from_card = yes'
	nameless 'the card names the user, by the configuration' stack=
	write_conf '# nothing but defaults'
}
in_conf

# --- no card: a typed name wins, and nothing typed means the card ----------------------------------
nameless 'no card: the name is asked for, and its card is not there' card=none drive='text=hanako auth' names=1 user=hanako \
	auth=AUTHINFO_UNAVAIL code=NO-CARD pins=0 verifies=0
nameless 'no card, nothing typed: no card' card=none drive='text= auth' names=1 user=- auth=AUTHINFO_UNAVAIL code=NO-CARD pins=0 \
	verifies=0 says='There is no card on the reader.'
nameless 'no card, nothing typed, and the card comes' card=none stack='user_from_card=yes wait=20' names=1 \
	drive="'exec=(sleep 1; sim insert) >/dev/null 2>&1 &' text= pin=$PIN auth" says='Place your My Number Card'
nameless 'a name that is given is not looked at' given='--user hanako' user='' lacks=Hello
nameless 'a card of another kind: the name is asked for' card='good profile=nojpki' drive='text=hanako auth' names=1 \
	auth=AUTHINFO_UNAVAIL code=NOT-JPKI pins=0 verifies=0
nameless 'a Juki card, nothing typed: said' card='good profile=juki' drive='text= auth' names=1 user=- auth=AUTHINFO_UNAVAIL \
	code=JUKI-CARD pins=0 verifies=0 says='Juki card'

# --- a card of no account, or of several ------------------------------------------------------------
login "no name: an unregistered card" args="--user ''" opts=user_from_card=yes card=other-person drive=auth unasked=yes \
	code=UNREGISTERED pam=USER_UNKNOWN says='The card on the reader is not registered for any account of this computer.' \
	says2='Enter your user name to log in'
nameless "an unregistered card, and no name is asked for" card=other-person drive=auth user=- auth=USER_UNKNOWN code=UNREGISTERED pins=0 verifies=0
enroll hanako good
enroll taro good
WHICH='This card is registered for several accounts. Enter the user name you want to log in with (hanako, taro): '
nameless 'two accounts: asked which' drive="text=hanako pin=$PIN auth" names=1 says="$WHICH"
nameless 'two accounts: none of them is chosen' drive='text=root auth' names=1 user=- auth=AUTH_ERR code=OTHER-CARD pins=0 verifies=0 \
	says='not registered for this user'
nameless 'two accounts: nothing is chosen' drive='text= auth' names=1 user=- auth=AUTH_ERR code=OTHER-CARD pins=0 verifies=0
nameless 'two accounts: the user goes away' drive='conv_err auth' names=1 user=- auth=CONV_ERR code=CANCELLED pins=0 verifies=0
enroll taro
enroll ghost good
nameless 'an account that does not exist is not asked for' log='registered for ghost, and there is no account'
enroll hanako
nameless 'an account that does not exist, alone' drive=auth user=- auth=USER_UNKNOWN code=UNREGISTERED pins=0 verifies=0
enroll ghost
enroll $'odd\u202ename' good
enroll hanako good
nameless 'an account whose name would be shown as another' log='has characters that are not shown'
rm -f "$USERS"/odd*

# --- the judgements of a login come after the name ----------------------------------------------------
enroll hanako expired
nameless 'a certificate that is not in order' card=expired drive=auth user=- auth=AUTH_ERR code=CERT-EXPIRED pins=0 verifies=0
enroll hanako good

# --- with a real login -----------------------------------------------------------------------------
names_of_card()
{
	local leave=key:03 outcomes=NO-CARD

	case $(command login --version 2>/dev/null) in
	# It ignores SIGINT. At the end of its input it says so to us, where another login has ended.
	*util-linux*) leave=key:04 outcomes='NO-CARD CANCELLED' ;;
	esac
	card_stack login user_from_card=yes
	person 'no name: login, the card names the user' says='uid=2001(hanako)' asks='Hello hanako. PIN' "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- login
	person 'no name: login, no card, and a typed name' sim=remove status="0|1|130" log="$outcomes" prompts=0 verifies=0 \
		'wait:login: $' type:hanako 'wait:login: $' "$leave" -- login
	person 'no name: login, an empty name, and the card that comes' before='card_stack login user_from_card=yes wait=20' sim=remove \
		says='uid=2001(hanako)' 'wait:login: $' 'type:' 'wait:Place your' 'do:sim insert' "${RIGHT[@]}" 'wait:[$] $' \
		'type:id; exit' -- login
	# What comes after us asks for the name that is typed, not for the password of the card's.
	mixed_stack login user_from_card=yes
	sed -i 's/default=die/default=ignore/' /etc/pam.d/login
	person 'no name: login, the card names the user, a wrong PIN, and the password of a name that is typed' log=PIN-WRONG tries=2 \
		says='uid=2002(taro)' "$ASKED" "type:$WRONG_PIN" 'wait:login: $' type:taro 'wait:Password: ' 'type:tar0-Word' \
		'wait:[$] $' 'type:id; exit' -- login
	reset_config
}
printf 'taro:tar0-Word\n' | chpasswd
names_of_card

doctor_of_the_index()
{
	write_conf 'user_from_card = yes'
	rm -f "$USERS.index"
	run jpkictl doctor
	expect_has 'without an index' D524 "$OUT"
	expect_has 'without an index' "1, $USERS" "$OUT"
	jpkictl index >> "$LOG" 2>&1
	run jpkictl doctor
	expect_lacks 'with an index' D524 "$OUT"
	enroll taro other-person
	run jpkictl doctor
	expect_has 'with one that came otherwise' D524 "$OUT"
	write_conf '# nothing but defaults'
	run jpkictl doctor
	expect_lacks 'where no card names anybody' D524 "$OUT"
	reset_config
}
run_case 'no name: the doctor on the index' doctor_of_the_index

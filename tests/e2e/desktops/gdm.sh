# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# GNOME's login and locked screen: gdm's own worker, which is what calls PAM there, without gdm and
# gnome-shell (gdmdrive). It asks the real accountsservice about the user, and what logind would have
# written in /run about the seat.
# shellcheck disable=SC2034 # some variables are lib.sh's

# shellcheck source=tests/e2e/desktops.sh
. "$E2E_TOP/tests/e2e/desktops.sh"

# gdm_stack SERVICE shipped|example [OPTIONS]: as Debian ships it, with the profile of pam-auth-update;
# or the file of config/pam.d.
gdm_stack()
{
	update-alternatives --remove gdm-smartcard "$OUR_SMARTCARD" >> "$LOG" 2>&1
	cp -a "$WORK/gdm-as-shipped/." /etc/pam.d/
	[ "$2" != shipped ] || return 0
	rm "/etc/pam.d/$1"
	install_stack "$@"
	[ "$1" = gdm-smartcard ] || return 0
	# as the example says: the name itself is a link
	mv /etc/pam.d/gdm-smartcard "$OUR_SMARTCARD"
	update-alternatives --install /etc/pam.d/gdm-smartcard gdm-smartcard "$OUR_SMARTCARD" 60 >> "$LOG" 2>&1 ||
		fail 'update-alternatives failed'
}

# put_first FILE: the module's line of auth in front of all others.
put_first()
{
	local line

	line=$(grep '^auth .*pam_jpki\.so' "$1")
	sed -i -e '/^auth .*pam_jpki\.so/d' -e "0,/^auth/s/^auth/$line\nauth/" "$1"
}

# shellcheck disable=SC2016 # expanded by the inner shell
HAS_CONSOLES='echo CAN_TTY=1 > /run/systemd/seats/seat0; "$@"; status=$?; rm /run/systemd/seats/seat0; exit $status'

# Where logind has the worker and the display; in PLACE, the words before a command. desk: it is in no session, and
# there is a greeter on seat0, whose consoles gdm names (tty1). session: it is in that of the user, whose
# screen is locked.
use_place()	# desk|session|nowhere
{
	local in_session=$E2E_TOP/tests/e2e/in-session

	case $1 in
	desk) PLACE=("$in_session" --none --also 'UID=110 CLASS=greeter SEAT=seat0' 0 sh -c "$HAS_CONSOLES" sh) ;;
	session) PLACE=("$in_session" --record CLASS=user 0 sh -c "$HAS_CONSOLES" sh) ;;
	*) PLACE=() ;;
	esac
}

lay_card_when_waited_for()
{
	until_true 20 pgrep -x jpki_helper > /dev/null && sleep 0.5 && sim insert
}

# gdm NAME SERVICE shipped|example [KEY=VALUE…] [-- ANSWER…]: one conversation of the worker, and all that is to
# be said about it. ANSWERs as for gdmdrive ($PIN).
#
#   user=NAME       who was chosen (hanako); "": no user, the worker prompts
#   at=PLACE        desk, session or nowhere (desk)
#   sim=COMMANDS    for simctl, before; arrives=yes: and the card is laid down once it is waited for
#   opts=WORDS      after the module in an example; first=yes: its line is the first
#   result=REGEX    what gnome-shell is sent for Authenticate: ok, or gdm's name of an error (ok)
#   code=REGEX      outcomes in the log, one after the other, without JPKI- or JPKI-E- (OK); "" for none
#   says=TEXT       must be shown as a message or a question
#   options=WORDS   of gdmdrive; lang=LOCALE of gdm
#   prompts=N       how often something hidden is asked for (1); verifies=N PINs sent to the card (1)
#   tries=N         left on the card (3)
gdm()
{
	local -A p=([user]=hanako [at]=desk [sim]='' [arrives]='' [opts]='' [first]='' [result]=ok [code]=OK [says]='' [options]='' [lang]=C.UTF-8
		[prompts]=1 [verifies]=1 [tries]=3)
	local name=$1 service=$2 stack=$3 step

	begin "$name" || return 0
	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do p[${1%%=*}]=${1#*=}; shift; done
	if [ $# -gt 0 ]; then shift; else set -- "$PIN"; fi
	gdm_stack "$service" "$stack" "${p[opts]}"
	[ -z "${p[first]}" ] || put_first "/etc/pam.d/$service"
	use_place "${p[at]}"
	fresh_card
	sim_commands "${p[sim]}"
	[ -z "${p[arrives]}" ] || lay_card_when_waited_for &
	# shellcheck disable=SC2086 # words
	run "${PLACE[@]}" env LANG="${p[lang]}" "$DRIVE" "$service" ${p[user]:+--user ${p[user]}} ${p[options]} "$@"
	expect_match 'Authenticate' "${p[result]}" "$(sed -n 's/^Authenticate = \([A-Za-z0-9]*\).*/\1/p' <<< "$OUT")"
	[ "${p[result]}" != ok ] || for step in Authorize EstablishCredentials; do
		expect_has 'what the worker did' "$step = ok" "$OUT"
	done
	expect_has 'what is shown' "${p[says]}" "$OUT"
	expect_lacks 'transcript' unanswered "$OUT"
	expect_equal 'hidden questions' "${p[prompts]}" "$(grep -c '^prompt: ' <<< "$OUT")"
	expect_match outcomes "${p[code]}" "$(syslog_new | grep -o 'JPKI-[A-Z-]* user=' | sed 's/JPKI-\(E-\)\?//; s/ .*//' | xargs)"
	expect_equal 'tries left' "${p[tries]}" "$(sim get auth-tries)"
	expect_equal 'VERIFY commands' "${p[verifies]}" "$(stat_of verifies)"
	expect_card_forgot
	end
}

profile()	# --enable|--disable: for a stack as shipped; an example has the module's line itself
{
	DEBIAN_FRONTEND=noninteractive pam-auth-update "$1" jpki >> "$E2E_LOGS/setup.log" 2>&1 || build_die 'pam-auth-update failed'
}

# --- the worker as installed ----------------------------------------------------------

OUR_SMARTCARD=/etc/pam.d/gdm-smartcard-jpki
DRIVE=$E2E_TOP/tests/e2e/desktops/gdmdrive
RUN_LIMIT=90
desktops_begin
printf 'taro:%s\n' "$PASSWORD" | chpasswd
start_bus
mkdir -p "$WORK/gdm-as-shipped"
cp -a /etc/pam.d/gdm-* "$WORK/gdm-as-shipped/"

# Card or password.
either()	# SERVICE shipped|example
{
	local service=$1 stack=$2 name="gdm, $1 as $2"

	gdm "$name: right PIN" "$@"
	gdm "$name: in Japanese" "$@" lang=ja_JP.UTF-8 says='暗証番号 （数字4桁、残り3回）'
	gdm "$name: the user is typed, then the PIN" "$@" user= says='question: ' -- hanako "$PIN"
	gdm "$name: on the locked screen" "$@" at=session options=--reauth
	gdm "$name: a session is opened" "$@" options='--steps Authenticate,Authorize,EstablishCredentials,Open' \
		says='Open = ok' code='OK SESSION-OPEN'
	gdm "$name: wrong PIN, then the password" "$@" says='Wrong PIN; 2 tries left' code=PIN-WRONG prompts=2 tries=2 \
		-- "$WRONG_PIN" "$PASSWORD"
	gdm "$name: wrong PIN, then a wrong password" "$@" result=Authenticating code=PIN-WRONG prompts=2 tries=2 \
		-- "$WRONG_PIN" wrong-horse-7
	gdm "$name: no card, password" "$@" sim=remove says='There is no card on the reader' code=NO-CARD verifies=0 -- "$PASSWORD"
	gdm "$name: no card, the PIN is no password" "$@" sim=remove result=Authenticating code=NO-CARD verifies=0
	gdm "$name: card taken away at the prompt" "$@" code=CARD-REMOVED prompts=2 verifies=0 -- 'exec=sim remove' "$PIN" "$PASSWORD"
	gdm "$name: locked card" "$@" sim='set auth-tries 0' code=PIN-LOCKED tries=0 verifies=0 -- "$PASSWORD"
	gdm "$name: Escape at both prompts" "$@" result=Authenticating code=CANCELLED prompts=2 verifies=0 -- cancel cancel
	gdm "$name: a user without a card" "$@" user=taro code=NOT-ENROLLED verifies=0 -- "$PASSWORD"
	gdm "$name: an empty name" "$@" user= result=Authenticating code=NOT-ENROLLED verifies=0 -- '' "$PASSWORD"
	gdm "$name: a display elsewhere" "$@" options='--remote 192.0.2.1' at=nowhere code=REMOTE verifies=0 -- "$PASSWORD"
	gdm "$name: nothing says where the display is" "$@" at=nowhere code=REMOTE verifies=0 -- "$PASSWORD"
}

profile --enable
either gdm-password shipped
# It asks SSSD's module, which is not installed here, and then common-auth, and so the profile.
either gdm-smartcard shipped
profile --disable
either gdm-password example
gdm 'gdm, gdm-password as example: laying the card on the reader brings the prompt' gdm-password example opts=wait=20 \
	sim=remove arrives=yes says='Place your My Number Card on the reader'

# No user was chosen, and the card names the user: after a prompt for the name that is left empty (pam_nologin.so wants a
# name), or without that prompt, if our line is the first.
names_user()	# first|empty STACK OPTION
{
	local name="gdm, gdm-password as $2, the card names the user" enter=('') how=("opts=$3")

	[ "$1" = empty ] || { name="$name, unasked"; enter=(); how+=(first=yes); }
	gdm "$name" gdm-password "$2" "${how[@]}" user= says=$'user: hanako\nprompt: Hello hanako. ' -- "${enter[@]}" "$PIN"
	gdm "$name, and a session is opened" gdm-password "$2" "${how[@]}" user= says='Open = ok' code='OK SESSION-OPEN' \
		options='--steps Authenticate,Authorize,EstablishCredentials,Open' -- "${enter[@]}" "$PIN"
	[ "$1" = empty ] || gdm "$name, wrong PIN, and the password of a name that is typed" gdm-password "$2" "${how[@]}" user= \
		code=PIN-WRONG prompts=2 tries=2 says='question: ' -- "$WRONG_PIN" taro "$PASSWORD"
	gdm "$name, a name that is chosen wins" gdm-password "$2" "${how[@]}" user=taro code=OTHER-CARD verifies=0 -- "$PASSWORD"
	gdm "$name, a name that is typed wins" gdm-password "$2" "${how[@]}" user= sim=remove says='question: ' code=NO-CARD verifies=0 \
		-- hanako "$PASSWORD"
}
enroll taro other-person
names_user empty example user_from_card=yes
names_user first example user_from_card=yes
profile --enable
write_conf 'debug = yes' 'user_from_card = yes'
names_user empty shipped ''
write_conf 'debug = yes'
profile --disable
enroll taro

# Nothing but the card.
gdm 'gdm, gdm-smartcard as example: right PIN' gdm-smartcard example
gdm 'gdm, gdm-smartcard as example: the user is typed, then the PIN' gdm-smartcard example user= says='question: ' -- hanako "$PIN"
gdm 'gdm, gdm-smartcard as example: on the locked screen' gdm-smartcard example at=session options=--reauth
gdm 'gdm, gdm-smartcard as example: a session is opened' gdm-smartcard example says='Open = ok' code='OK SESSION-OPEN' \
	options='--steps Authenticate,Authorize,EstablishCredentials,Open'
gdm 'gdm, gdm-smartcard as example: wrong PIN' gdm-smartcard example result=Authenticating says='Wrong PIN; 2 tries left' \
	code=PIN-WRONG tries=2 -- "$WRONG_PIN"
gdm 'gdm, gdm-smartcard as example: the password' gdm-smartcard example result=Authenticating code=PIN-FORMAT verifies=0 -- "$PASSWORD"
# gnome-shell turns to gdm-password by itself then.
gdm 'gdm, gdm-smartcard as example: no card' gdm-smartcard example sim=remove result=ServiceUnavailable code=NO-CARD \
	prompts=0 verifies=0 --
gdm 'gdm, gdm-smartcard as example: card taken away at the prompt' gdm-smartcard example result=ServiceUnavailable \
	code=CARD-REMOVED verifies=0 -- 'exec=sim remove' "$PIN"
# The seventh of gdm's errors: too many retries.
gdm 'gdm, gdm-smartcard as example: locked card' gdm-smartcard example sim='set auth-tries 0' result=Code7 \
	code=PIN-LOCKED prompts=0 tries=0 verifies=0 --
gdm 'gdm, gdm-smartcard as example: a user without a card' gdm-smartcard example user=taro result=Authenticating \
	code=NOT-ENROLLED prompts=0 verifies=0 --

# --- the keyring opens with the card ---------------------------------------------------

# The lines that the example has as remarks, in place of the one that it has, and Debian's for the keyring. What
# logind would set for the session comes from a file.
keyring_stack()
{
	sed -e '/^auth .*pam_jpki\.so/d' -e 's/^#\(auth .*\(jpki\|keyring\|permit\)\.so\)/\1/' \
		-e '/^@include common-auth/aauth optional pam_gnome_keyring.so' \
		-e "\$asession required pam_env.so envfile=$WORK/session-env\nsession optional pam_gnome_keyring.so auto_start" \
		"$E2E_TOP/config/pam.d/gdm-password" > /etc/pam.d/gdm-password
	printf 'XDG_RUNTIME_DIR=%s\n' "$KEYRING_RUNTIME" > "$WORK/session-env"
}

# keyring NAME SECRET CODE ANSWER…: a session after a login with these answers, and what it finds in the keyring.
keyring()
{
	local name=$1 secret=$2 code=$3

	begin "$name" || return 0
	shift 3
	use_place desk
	fresh_card
	run "${PLACE[@]}" env LANG=C.UTF-8 "$DRIVE" gdm-password --user hanako --steps Authenticate,Authorize,EstablishCredentials,Open \
		--then "$WORK/in-the-session" "$@"
	expect_has 'what the worker did' 'Open = ok' "$OUT"
	expect_equal 'the secret in the keyring' "$secret" "$(sed -n 's/^secret: //p' <<< "$OUT")"
	expect_match outcomes "$code" "$(syslog_new | grep -o 'JPKI-[A-Z-]* user=' | sed 's/JPKI-\(E-\)\?//; s/ .*//' | xargs)"
	expect_card_forgot
	end_keyring
	end
}

# shellcheck source=tests/e2e/keyring.sh
. "$E2E_TOP/tests/e2e/keyring.sh"
prepare_keyring()
{
	gdm_stack gdm-password shipped
	make_keyring
	{
		printf '#!/bin/bash\n'
		declare -f as_hanako
		declare -p KEYRING_RUNTIME KEYRING_LOOK
		printf 'echo "secret: $(as_hanako "$KEYRING_LOOK" 2>/dev/null)"\n'
	} > "$WORK/in-the-session"
	chmod 755 "$WORK/in-the-session"
	fresh_card
	store_password
	expect_has 'what jpkictl says' 'the card unlocks it' "$OUT"
	keyring_stack
}
run_case 'gdm, gdm-password as example: the password is stored for the keyring' prepare_keyring
keyring 'gdm, gdm-password as example: the keyring opens with the card' the-secret 'OK SESSION-OPEN' "$PIN"
keyring 'gdm, gdm-password as example: the keyring opens with the password' the-secret 'PIN-WRONG( SESSION-OPEN)?' "$WRONG_PIN" "$PASSWORD"
jpkictl unlock remove hanako >> "$E2E_LOGS/setup.log" 2>&1
keyring 'gdm, gdm-password as example: nothing is stored, and the keyring stays locked' '' 'OK SESSION-OPEN' "$PIN"

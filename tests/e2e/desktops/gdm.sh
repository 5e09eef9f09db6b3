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
#   user=NAME       who was chosen (hanako); "": nobody, the worker asks
#   at=PLACE        desk, session or nowhere (desk)
#   sim=COMMANDS    for simctl, before; arrives=yes: and the card is laid down once it is waited for
#   opts=WORDS      behind the module in an example
#   result=REGEX    what gnome-shell is sent for Authenticate: ok, or gdm's name of an error (ok)
#   code=REGEX      outcomes in the log, one after the other, without JPKI- or JPKI-E- (OK); "" for none
#   says=TEXT       must be shown as a message or a question
#   options=WORDS   of gdmdrive; lang=LOCALE of gdm
#   prompts=N       how often something hidden is asked for (1); verifies=N PINs sent to the card (1)
#   tries=N         left on the card (3)
gdm()
{
	local -A p=([user]=hanako [at]=desk [sim]='' [arrives]='' [opts]='' [result]=ok [code]=OK [says]='' [options]='' [lang]=C.UTF-8
		[prompts]=1 [verifies]=1 [tries]=3)
	local name=$1 service=$2 stack=$3 step

	begin "$name" || return 0
	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do p[${1%%=*}]=${1#*=}; shift; done
	if [ $# -gt 0 ]; then shift; else set -- "$PIN"; fi
	gdm_stack "$service" "$stack" "${p[opts]}"
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

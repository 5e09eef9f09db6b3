# shellcheck shell=bash
# The real su, login and sudo, on a terminal, by a plain user.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

card_stack="auth required pam_jpki.so
@include common-account
@include common-session"
PROMPT='PIN of the user-authentication certificate'

as_user()	# NAME UID COMMAND…: the words for setpriv
{
	printf 'setpriv --reuid %s --regid %s --init-groups env HOME=/home/%s USER=%s ' "$1" "$1" "$1" "$1"
}

use_stack()	# SERVICE…
{
	local service

	for service; do
		printf '%s\n' "$card_stack" > "/etc/pam.d/$service"
	done
	printf 'Defaults passwd_tries=1, !lecture\nhanako ALL=(ALL) ALL\n' > /etc/sudoers.d/e2e
	chmod 0440 /etc/sudoers.d/e2e
}

use_stack su su-l login sudo sudo-i

# program NAME STATUS TRIES SHOWN STEP… -- COMMAND…
program()
{
	local wanted=$1 tries=$2 shown=$3

	shift 3
	on_tty "$@"
	expect_match 'exit status' "$wanted" "$STATUS"
	expect_has 'the screen' "$shown" "$OUT"
	expect_equal 'tries left' "$tries" "$(sim get auth-tries)"
	expect_lacks 'the screen' "$PIN" "$OUT"
	expect_card_forgot
}

read -ra TARO <<< "$(as_user taro)"
read -ra HANAKO <<< "$(as_user hanako)"

run_case 'su: right PIN logs in' program 0 3 'uid=2001(hanako)' \
	"wait:$PROMPT" "type:$PIN" -- "${TARO[@]}" su hanako -c id
run_case 'su: wrong PIN does not, and costs one try' program 1 2 'Wrong PIN; 2 tries left before the card locks.' \
	"wait:$PROMPT" "type:$WRONG_PIN" -- "${TARO[@]}" su hanako -c id
run_case 'su: a password is not sent to the card' program 1 3 'exactly four digits' \
	"wait:$PROMPT" 'type:my-password' -- "${TARO[@]}" su hanako -c id
run_case 'su: ^C at the prompt costs nothing' program '1|130' 3 "$PROMPT" \
	"wait:$PROMPT" 'key:03' -- "${TARO[@]}" su hanako -c id
run_case 'su: card removed while the person types' program 1 3 'card' \
	"wait:$PROMPT" 'do:sim remove' "type:$PIN" -- "${TARO[@]}" su hanako -c id
run_case 'su -: right PIN, a login shell' program 0 3 '/home/hanako' \
	"wait:$PROMPT" "type:$PIN" 'wait:[$] $' 'type:pwd; exit' -- "${TARO[@]}" su - hanako
run_case 'sudo: right PIN' program 0 3 'uid=0(root)' \
	"wait:$PROMPT" "type:$PIN" -- "${HANAKO[@]}" sudo -k id
run_case 'sudo: wrong PIN' program 1 2 'Wrong PIN' \
	"wait:$PROMPT" "type:$WRONG_PIN" -- "${HANAKO[@]}" sudo -k id
run_case 'sudo: ^D at the prompt' program 1 3 "$PROMPT" \
	"wait:$PROMPT" 'key:04' -- "${HANAKO[@]}" sudo -k id
run_case 'login: right PIN' program 0 3 'uid=2001(hanako)' \
	"wait:$PROMPT" "type:$PIN" 'wait:[$] $' 'type:id; exit' -- login hanako
run_case 'login: wrong PIN' program 124 2 'Login incorrect' \
	"wait:$PROMPT" "type:$WRONG_PIN" 'wait:Login incorrect' 'on:1' 'wait:nothing more' -- login hanako

mixed_stack()
{
	printf 'auth [success=done authinfo_unavail=ignore user_unknown=ignore default=die] pam_jpki.so\n@include common-auth\n@include common-account\n' > /etc/pam.d/su
	echo 'hanako:s3cret-word' | chpasswd
	sim remove
	program 0 3 'uid=2001(hanako)' 'wait:Password: ' 'type:s3cret-word' -- "${TARO[@]}" su hanako -c id
	sim insert || fail 'card not back'
	program 0 3 'uid=2001(hanako)' "wait:$PROMPT" "type:$PIN" -- "${TARO[@]}" su hanako -c id
	program 1 2 'Wrong PIN' "wait:$PROMPT" "type:$WRONG_PIN" -- "${TARO[@]}" su hanako -c id
	expect_lacks 'the screen after a wrong PIN' 'Password:' "$OUT"
	use_stack su
}
run_case 'su with card or password' mixed_stack

opensc()
{
	local file=$E2E_TOP/tests/e2e/case-opensc

	put_card 'good auth-pin=1234'
	sim set auth-pin 1234
	RUN_LIMIT=120 run env JPKI_PKI="$PKI" PATH="$PATH" "$file"
	expect_equal 'exit status' 0 "$STATUS"
	CARD_DIRTY=yes
}
if command -v opensc-tool >/dev/null; then
	run_case 'OpenSC, made for real cards, works with the simulated one' opensc
else
	skip 'OpenSC, made for real cards, works with the simulated one' 'no opensc installed'
fi

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What only sudo does: options, type-ahead, signals, tickets. And passwd, which
# has no business with the card.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's
# shellcheck disable=SC2016 # some text is for other shells

sudo_once()	# OPTIONS: no ticket is used
{
	command=("${HANAKO[@]}" sudo -k "$@")
}

card_stacks

# --- options ---------------------------------------------------------------------
sudo_once -n id
person 'sudo -n fails without a prompt' status=1 log='' prompts=0 verifies=0 apdus=0 \
	says='a password is required' -- "${command[@]}"
person 'sudo -n fails also where PAM is asked' before="sudo_rules 'Defaults noninteractive_auth'" \
	status=1 log=CANCELLED prompts=0 verifies=0 lacks='uid=0' -- "${command[@]}"
sudo_rules

stdin()	# TEXT COMMAND…: what a script would do
{
	command=("${HANAKO[@]}" sh -c "printf '$1' | sudo -k -S ${*:2}")
}
stdin "$PIN\nfor the command\n" cat
person 'sudo -S takes one line and leaves the rest' typed=1 says='for the command' -- "${command[@]}"
stdin "$WRONG_PIN\n8277\n8278\n8279\n" id
person 'sudo -S with more lines than prompts' typed=4 status=1 log='PIN-WRONG PIN-WRONG LAST-TRY' tries=1 \
	prompts=2 verifies=2 -- "${command[@]}"
stdin "$WRONG_PIN\n$WRONG_PIN\n$WRONG_PIN\n" id
person 'sudo -S with the same wrong PIN again and again' typed=1 status=1 \
	log='PIN-WRONG PIN-REPEATED PIN-REPEATED' tries=2 prompts=3 -- "${command[@]}"
stdin "$WRONG_PIN\n" id
person 'sudo -S with fewer lines than prompts' typed=1 status=1 log='PIN-WRONG CANCELLED' tries=2 \
	prompts=2 -- "${command[@]}"
stdin 'first-password\nsecond\n82755\n' id
person 'sudo -S with passwords' status=1 log='PIN-FORMAT PIN-FORMAT PIN-FORMAT' prompts=3 verifies=0 -- "${command[@]}"

# README's line for sudo: a script knows the password, and not whether a card is there.
by_script()	# NAME TEXT [KEY=VALUE…] [-- OPTION of sudo…]
{
	local name=$1 text=$2 about=()

	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do about+=("$1"); shift; done
	stdin "$text" "${@:2}" id
	person "sudo -S by README's line: $name" "${about[@]}" -- "${command[@]}"
}
in_readme=$(sed -n 's/^\(auth  *\[success=done .*pam_jpki\.so.*\)/\1/p' "$E2E_TOP/README.md")
stack_of sudo "$in_readme"$'\n@include common-auth'
by_script 'the password' "$PASSWORD\n" says='uid=0(root)' log=PASSWORD verifies=0 asks='Password, or PIN'
by_script 'the password, and no card' "$PASSWORD\n" sim=remove says='uid=0(root)' log=NO-CARD verifies=0 prompts=0
by_script 'the PIN' "$PIN\n" typed=1 says='uid=0(root)'
by_script "the password at Ansible's prompt" "$PASSWORD\n" says='[sudo via ansible] password:' log=PASSWORD verifies=0 \
	prompts=0 after='expect_has "the output" "uid=0(root)" "$OUT"' -- -H -p "'[sudo via ansible] password:'"
by_script 'another password, then the right one' "${PASSWORD}x\n$PASSWORD\n" says='uid=0(root)' log='PASSWORD PASSWORD' \
	verifies=0 prompts=2
by_script 'a password that is wrong' "${PASSWORD}x\n" status=1 lacks='uid=0(root)' log='PASSWORD CANCELLED' verifies=0 \
	prompts=2
by_script 'a slip of the PIN, then the password' "${PIN}5\n$PASSWORD\n" says='uid=0(root)' log=PIN-FORMAT verifies=0
by_script 'a wrong PIN, then the password' "$WRONG_PIN\n$PASSWORD\n" typed=1 tries=2 says='uid=0(root)' log=PIN-WRONG
card_stack sudo

askpass()	# LINE: says it whenever it is asked anything
{
	printf '#!/bin/sh\necho "$1" >&2\n%s\n' "$1" > "$WORK/askpass"
	chmod 0755 "$WORK" "$WORK/askpass"
}
command=("${HANAKO[@]}" "SUDO_ASKPASS=$WORK/askpass" sudo -k -A id)
person 'sudo -A: right PIN' before="askpass 'echo $PIN'" typed=1 says='uid=0(root)' -- "${command[@]}"
person 'sudo -A: a program that knows but one wrong PIN' before="askpass 'echo $WRONG_PIN'" typed=1 status=1 \
	log='PIN-WRONG PIN-REPEATED PIN-REPEATED' tries=2 prompts=3 -- "${command[@]}"
person 'sudo -A: a program that fails' before='askpass false' status=1 log=CANCELLED verifies=0 -- "${command[@]}"

sudo_once -p 'Secret of %u: ' id
person 'sudo -p hides what is asked for: a password costs nothing' says='exactly four digits' log='PIN-FORMAT OK' \
	prompts=0 'wait:Secret of hanako: ' 'type:my-password' 'wait:Secret of hanako: ' "type:$PIN" -- "${command[@]}"

# --- the administrator lets the last try be used --------------------------------------
card_stack sudo last_try=ask
sudo_once id
person 'sudo: the card locks only by a third PIN that was typed' status=1 last=ask says='is locked' \
	log='PIN-WRONG PIN-WRONG PIN-LOCKED' tries=0 prompts=3 verifies=3 \
	"$ASKED" "type:$WRONG_PIN" "$ASKED" type:8277 "$ASKED" type:8278 -- "${command[@]}"
person 'sudo: the last try is not used up by a PIN known to be wrong' status=1 last=ask sim='set auth-tries 2' \
	log='PIN-WRONG PIN-REPEATED PIN-REPEATED' tries=1 prompts=3 \
	"$ASKED" "type:$WRONG_PIN" "$ASKED" "type:$WRONG_PIN" "$ASKED" "type:$WRONG_PIN" -- "${command[@]}"
card_stack sudo

# --- typed before the prompt -------------------------------------------------------
# sudo 1.9.17 throws away what was typed while the module waited for the card. Older ones take
# the first line as the answer; what is left is gone at the next prompt.
throws_away()
{
	printf '%s\n' 1.9.17 "$(sudo -V | sed -n 's/^Sudo version //p')" | sort -CV
}
typed_ahead()	# NAME LINE… -- [KEY=VALUE…] [STEP…]
{
	local name=$1 lines=()

	shift
	while [ "$1" != -- ]; do
		lines+=("type:$1")
		shift
	done
	shift
	person "sudo, typed before the prompt: $name" before='card_stack sudo wait=20' sim=remove echo=yes \
		"$HELPER_RUNS" "${lines[@]}" 'do:sim insert' "$@" -- "${command[@]}"
}
if throws_away; then
	typed_ahead 'the right PIN' "$PIN" -- says='uid=0(root)' "${RIGHT[@]}"
	typed_ahead 'three wrong PINs' "$WRONG_PIN" 8277 8278 -- says='uid=0(root)' "${RIGHT[@]}"
else
	typed_ahead 'the right PIN' "$PIN" -- says='uid=0(root)'
	typed_ahead 'a command, then the PIN' 'ls -l' -- says='uid=0(root)' log='PIN-FORMAT OK' prompts=2 "$ASKED" "${RIGHT[@]}"
	typed_ahead 'three wrong PINs' "$WRONG_PIN" 8277 8278 -- status=1 log='PIN-WRONG CANCELLED' tries=2 prompts=2 \
		"$ASKED" "$ASKED" insist:03
	typed_ahead 'one wrong PIN twice, and once more' "$WRONG_PIN" "$WRONG_PIN" -- log='PIN-WRONG PIN-REPEATED OK' \
		prompts=3 verifies=2 "$ASKED" "$ASKED" "type:$WRONG_PIN" "${RIGHT[@]}"
fi
person 'sudo: it says that it waits for the card' before='card_stack sudo wait=20' sim=remove says='uid=0(root)' \
	'wait:Place your My Number Card on the reader' 'do:sim insert' "${RIGHT[@]}" -- "${command[@]}"
person 'sudo: ^C while the card is waited for' before='card_stack sudo wait=1' sim=remove status='1|130' log=NO-CARD \
	prompts=0 verifies=0 lacks='uid=0' \
	"$HELPER_RUNS" key:03 -- "${command[@]}"
card_stack sudo

# --- at the prompt -------------------------------------------------------------------
person 'sudo: ^C at the prompt' status=1 log=CANCELLED verifies=0 "$ASKED" insist:03 -- "${command[@]}"
person 'sudo: ^C after three digits' status=1 log=CANCELLED verifies=0 "$ASKED" key:38 key:32 key:37 insist:03 -- "${command[@]}"
person 'sudo: ^D at the prompt' status=1 log=CANCELLED verifies=0 "$ASKED" key:04 -- "${command[@]}"
person 'sudo: Enter at the prompt, then the PIN' says='uid=0(root)' log='PIN-FORMAT OK' prompts=2 \
	"$ASKED" type: "${RIGHT[@]}" -- "${command[@]}"

waits_after_wrong()
{
	local start

	sed -i /nodelay/d /etc/pam.d/sudo
	start=$(now_ms)
	on_tty "$ASKED" "type:$WRONG_PIN" "${RIGHT[@]}" -- "${command[@]}"
	[ $(($(now_ms) - start)) -ge 1000 ] || fail "a wrong PIN was followed by another prompt at once"
	expect_equal 'exit status' 0 "$STATUS"
	card_stack sudo
}
run_case 'sudo: a wrong PIN is followed by a delay' waits_after_wrong

# --- tickets -------------------------------------------------------------------------
# The second sudo asks for no authentication, but for the account.
ticket()	# COMMAND
{
	command=("${HANAKO[@]}" sh -c "sudo -k; sudo id; echo the-shell-waits; read answer; $1")
}
HAS_TICKET=("${RIGHT[@]}" 'wait:the-shell-waits' 'do:sim stats reset')
ticket 'sudo echo by-the-ticket'
person 'sudo: a ticket leaves the card alone' verifies=0 apdus=0 says=by-the-ticket \
	"${HAS_TICKET[@]}" type: -- "${command[@]}"
person 'sudo: a ticket is worth nothing to an account that has ended' status=1 verifies=0 apdus=0 \
	says='account validation failure' lacks=by-the-ticket "${HAS_TICKET[@]}" 'do:chage -E 0 hanako' type: -- "${command[@]}"
chage -E -1 hanako
ticket 'sudo -K; sudo id'
person 'sudo: after -K the PIN is asked for again' log='OK OK' prompts=2 \
	"${HAS_TICKET[@]}" type: "${RIGHT[@]}" -- "${command[@]}"
sudo_once id
person 'sudo: a right PIN does not revive an account that has ended' before='chage -E 0 hanako' status=1 \
	says='account validation failure' lacks='uid=0' "${RIGHT[@]}" -- "${command[@]}"
chage -E -1 hanako
person 'sudo by root asks for no card' log='' prompts=0 verifies=0 apdus=0 says='uid=0(root)' -- sudo -k id

# --- passwd --------------------------------------------------------------------------
passwd_alone()	# OLD NEW
{
	local before

	echo "hanako:$1" | chpasswd
	card_stack passwd
	echo '@include common-password' >> /etc/pam.d/passwd
	before=$(getent shadow hanako)
	on_tty 'wait:[Cc]urrent.*password: ' "type:$1" 'wait:[Nn]ew password: ' "type:$2" \
		'wait:new password: ' "type:$2" -- "${HANAKO[@]}" passwd
	expect_equal 'exit status' 0 "$STATUS"
	[ "$before" != "$(getent shadow hanako)" ] || fail 'the password is the old one'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	expect_outcomes ''
}
run_case 'passwd: a password is changed without the card' passwd_alone "$WRONG_PIN" 'new-S3cret-word'

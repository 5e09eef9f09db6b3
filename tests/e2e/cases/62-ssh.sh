# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# sshd, and what is started inside of its sessions. Who sits elsewhere does not
# reach the card on our reader, whatever is typed, unless the administrator says so.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's
# shellcheck disable=SC2016 # some text is for other shells

# What a remote user must not cause.
UNTOUCHED=(prompts=0 verifies=0 apdus=0)

card_stacks
count_commands
start_sshd

# --- without the module, for comparison ------------------------------------------------
stack_of sshd '@include common-auth'
by_password hanako id
typed_at_sshd "$PASSWORD"
person 'sshd without the module: password' "${UNTOUCHED[@]}" log='' says='uid=2001(hanako)' "${typing[@]}" -- "${command[@]}"
by_dialogue hanako id
person 'sshd without the module: keyboard-interactive' "${UNTOUCHED[@]}" log='' says='uid=2001(hanako)' "${typing[@]}" -- "${command[@]}"

# --- the guard ----------------------------------------------------------------------
guarded()	# NAME TIMES STATUS SAYS TEXT…
{
	typed_at_sshd "${@:5}"
	person "$1" "${UNTOUCHED[@]}" status="$3" says="$4" log="$(times "$2" REMOTE)" "${typing[@]}" -- "${command[@]}"
}
mixed_stack sshd
by_password hanako id
guarded 'sshd: password logs in, not our card' 1 0 'uid=2001(hanako)' "$PASSWORD"
guarded 'sshd: four digits as password never become a PIN try' 3 255 'Permission denied' "$WRONG_PIN" 8277 "$PIN"
by_dialogue hanako id
guarded 'sshd: keyboard-interactive asks for the password only' 1 0 'uid=2001(hanako)' "$PASSWORD"
guarded 'sshd: four digits in the dialogue never become a PIN try' 3 255 'Permission denied' "$WRONG_PIN" 8277 "$PIN"
card_stack sshd
by_password hanako id
guarded 'sshd: nothing but the card, and the right PIN as password' 3 255 'Permission denied' "$PIN" "$PIN" "$PIN"
by_dialogue hanako id
person 'sshd: nothing but the card, keyboard-interactive' "${UNTOUCHED[@]}" status=255 log=REMOTE \
	says='Permission denied' -- "${command[@]}"

# --- where the administrator lets them use the reader --------------------------------------
card_stack sshd remote=yes
first=() again=() finish=()
attempts=3 locked=1 gave_up=255 shows='uid=2001(hanako)'
situations 'sshd for remote users'
person 'sshd for remote users: the same wrong PIN thrice does not lock the card' status=255 tries=1 prompts=2 verifies=2 \
	log='PIN-WRONG PIN-WRONG LAST-TRY' "$ASKED" "type:$WRONG_PIN" "$ASKED" "type:$WRONG_PIN" -- "${command[@]}"
person 'sshd for remote users: the client goes away at the prompt' status='130|255' log= verifies=0 \
	"$ASKED" insist:03 -- "${command[@]}"
by_password hanako id
typed_at_sshd "$PASSWORD" "${PASSWORD}2" 82755
person 'sshd for remote users: a password is no PIN' status=255 prompts=0 verifies=0 log='PIN-FORMAT PIN-FORMAT PIN-FORMAT' \
	says='Permission denied' "${typing[@]}" -- "${command[@]}"
typed_at_sshd "$PIN"
person 'sshd for remote users: the PIN as password' prompts=0 says='uid=2001(hanako)' "${typing[@]}" -- "${command[@]}"
by_dialogue stranger id
person 'sshd for remote users: no user of that name' status=255 "${UNTOUCHED[@]}" \
	log=NOT-ENROLLED says='Permission denied' -- "${command[@]}"
# sshd hands the module junk of the same length instead of what root typed.
by_dialogue root id
person 'sshd for remote users: root, who may not' before='enroll root good' status=255 verifies=0 prompts=3 \
	log='PIN-FORMAT PIN-FORMAT PIN-FORMAT' lacks='uid=0' "${RIGHT[@]}" "${RIGHT[@]}" "${RIGHT[@]}" -- "${command[@]}"
enroll root

# --- inside a session ------------------------------------------------------------------
# PAM does not tell su and sudo who sits elsewhere; utmp does.
stack_of sshd '@include common-auth'
inside()	# COMMAND
{
	by_password hanako "$1"
	command=("${command[@]:0:${#SSH[@]}}" -tt "${command[@]:${#SSH[@]}}")
	typed_at_sshd "$PASSWORD"
}
inside 'sudo -k id'
person 'sudo inside ssh is not for our card' "${UNTOUCHED[@]}" status=1 log='REMOTE REMOTE REMOTE' lacks='uid=0' \
	"${typing[@]}" -- "${command[@]}"
person 'sudo inside ssh, where its line in the stack allows it' before='card_stack sudo remote=yes' says='uid=0(root)' \
	"${typing[@]}" "${RIGHT[@]}" -- "${command[@]}"
card_stack sudo
inside 'su taro -c id'
enroll taro good
person 'su inside ssh is not for our card' "${UNTOUCHED[@]}" status=1 log=REMOTE lacks='uid=2002' \
	"${typing[@]}" -- "${command[@]}"
person 'su inside ssh, where its line in the stack allows it' before='card_stack su remote=yes' says='uid=2002(taro)' \
	"${typing[@]}" "${RIGHT[@]}" -- "${command[@]}"
person 'su inside ssh is not let in by the line of another service' before='card_stack su; card_stack sudo remote=yes' \
	"${UNTOUCHED[@]}" status=1 log=REMOTE "${typing[@]}" -- "${command[@]}"
card_stack sudo
# Without a terminal of its own, and without logind, nothing shows the place.
printf '#!/bin/sh\necho "%s"\n' "$PASSWORD" > "$WORK/ssh-askpass"
chmod 0755 "$WORK/ssh-askpass"
by_password hanako 'sudo -k -S id'
person 'sudo inside ssh without a terminal, strict' before='card_stack sudo remote=strict' "${UNTOUCHED[@]}" status=1 \
	typed=3 log='REMOTE REMOTE REMOTE' lacks='uid=0' -- env SSH_ASKPASS="$WORK/ssh-askpass" SSH_ASKPASS_REQUIRE=force \
	sh -c 'printf "%s\n" "$0" "$0" "$0" | exec "$@"' "$PIN" "${command[@]}"
inside 'script -q -c "sudo -k id" /dev/null'
person 'sudo inside ssh on a second terminal, strict' "${UNTOUCHED[@]}" log='REMOTE REMOTE REMOTE' lacks='uid=0' \
	"${typing[@]}" -- "${command[@]}"
card_stack sudo
mixed_stack su
echo "taro:$PASSWORD" | chpasswd
inside 'su taro -c id'
person 'su inside ssh goes on to the password' "${UNTOUCHED[@]}" log=REMOTE says='uid=2002(taro)' \
	"${typing[@]}" 'wait:Password: ' "type:$PASSWORD" -- "${command[@]}"
card_stack su
enroll taro

stop_sshd

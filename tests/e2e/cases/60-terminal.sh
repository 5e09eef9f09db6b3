# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# sudo, su, login and sshd, each with every state of the card that a person
# meets: until the program gives up, and never a try that was not typed.
#
# shellcheck disable=SC2034 # terminal.sh uses what is not used here

reset_config
card_stacks
count_commands

first=() again=() finish=()
attempts=3 locked=3 gave_up=1

command=("${HANAKO[@]}" sudo -k id) shows='uid=0(root)'
situations sudo

command=("${TARO[@]}" sh -c "$(three_times 'su hanako -c id')") shows='uid=2001(hanako)'
situations "su from another user"

# The card that opens root's door is the one enrolled for root.
enroll root good
command=("${HANAKO[@]}" sh -c "$(three_times 'su -c id')") shows='uid=0(root)'
situations su
enroll root

attempts=5 locked=1 gave_up='0|1'
again=('wait:login: $' type:hanako) finish=('wait:[$] $' 'type:id; exit')
command=(login hanako) shows='uid=2001(hanako)'
situations login

# --- what else a person does -----------------------------------------------------------
first=() again=() finish=()
command=("${TARO[@]}" su hanako -c id)
person 'su: ^C at the prompt' status='1|130' log= verifies=0 "$ASKED" key:03 -- "${command[@]}"
person 'su: ^D at the prompt' status=1 log=CANCELLED verifies=0 "$ASKED" key:04 -- "${command[@]}"
person 'su -: a login shell' says='/home/hanako' "${RIGHT[@]}" 'wait:[$] $' 'type:pwd; exit' -- "${TARO[@]}" su - hanako
person 'su by root, whom pam_rootok lets in' before='stack_of su "auth sufficient pam_rootok.so
auth required pam_jpki.so"' log= prompts=0 verifies=0 apdus=0 says='uid=2001(hanako)' -- su hanako -c id
person 'su: it says that it waits for the card' before='card_stack su wait=20' sim=remove says='uid=2001(hanako)' \
	'wait:Place your My Number Card on the reader' 'do:sim insert' "${RIGHT[@]}" -- "${command[@]}"
person 'login: it says that it waits for the card' before='card_stack login wait=20' sim=remove says='uid=2001(hanako)' \
	'wait:Place your My Number Card on the reader' 'do:sim insert' "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- login hanako
person 'su: ^C while the card is waited for' before='card_stack su wait=20' sim=remove status='1|130' log= prompts=0 \
	verifies=0 "$HELPER_RUNS" key:03 -- "${command[@]}"
case $(command login --version 2>/dev/null) in
*util-linux*)	# it ignores SIGINT
	person 'login: ^C at the prompt' says='uid=2001(hanako)' "$ASKED" key:03 "type:$PIN" 'wait:[$] $' 'type:id; exit' -- \
		login hanako ;;
*)
	person 'login: ^C at the prompt' status='1|130' log= verifies=0 "$ASKED" key:03 -- login hanako ;;
esac
card_stack login
card_stack su
person 'login: the name is asked for, then the PIN' says='uid=2001(hanako)' \
	'wait:login: $' type:hanako "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- login

# --- card or password --------------------------------------------------------------------
mixed_stack su
person 'su with card or password: no card' sim=remove log=NO-CARD prompts=0 verifies=0 says='uid=2001(hanako)' \
	'wait:Password: ' "type:$PASSWORD" -- "${command[@]}"
person 'su with card or password: the card' says='uid=2001(hanako)' lacks='Password:' "${RIGHT[@]}" -- "${command[@]}"
person 'su with card or password: a wrong PIN is final' status=1 log=PIN-WRONG tries=2 lacks='Password:' \
	"$ASKED" "type:$WRONG_PIN" -- "${command[@]}"
card_stack su

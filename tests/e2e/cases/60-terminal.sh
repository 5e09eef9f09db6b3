# shellcheck shell=bash
# sudo, su, login and sshd, each with every state of the card that a person
# meets: until the program gives up, and never a try that nobody typed.

read -ra HANAKO <<< "$(as_user hanako)"
read -ra TARO <<< "$(as_user taro)"

reset_config
# su waits by itself, too, after a failure.
echo 'FAIL_DELAY 0' > /etc/default/su
for service in su su-l sudo sudo-i login; do
	card_stack "$service"
done
sudo_rules

# $VERIFY, the command that carries the PIN, was found out by 10-login.sh.
#
# situations PROGRAM: what a person with a card goes through. These say how the
# program behaves:
#   command    what is started
#   attempts   how often it lets a person try
#   locked     how often it tries with a locked card
#   first      steps before the first attempt
#   again      steps before each other one
#   finish     steps after a success
#   shows      what is on the screen then
#   gave_up    the exit status when it has given up
situations()
{
	local p=$1 i rest silent=()
	local lost=(says='Contact with the card was lost' log="CARD-REMOVED $(times $((attempts - 1)) NO-CARD)")
	local fails=(status="$gave_up" lacks="$shows")

	for ((i = 1; i < attempts; i++)); do silent+=("${again[@]}"); done
	rest=("${silent[@]:${#again[@]}}")
	person "$p: right PIN" says="$shows" "${first[@]}" "${RIGHT[@]}" "${finish[@]}" -- "${command[@]}"
	person "$p: wrong PIN, then the right one" says="$shows" log='PIN-WRONG OK' prompts=2 verifies=2 \
		"${first[@]}" "$ASKED" "type:$WRONG_PIN" "${again[@]}" "${RIGHT[@]}" "${finish[@]}" -- "${command[@]}"
	person "$p: a password, then the PIN" says='exactly four digits' log='PIN-FORMAT OK' prompts=2 \
		"${first[@]}" "$ASKED" 'type:my-password' "${again[@]}" "${RIGHT[@]}" "${finish[@]}" -- "${command[@]}"
	# Two wrong PINs are asked for; the last try is refused unasked.
	person "$p: wrong PINs until it gives up" "${fails[@]}" tries=1 prompts=2 verifies=2 powered=any says='Only one try is left' \
		log="PIN-WRONG PIN-WRONG $(times $((attempts - 2)) LAST-TRY)" "${first[@]}" "$ASKED" "type:$WRONG_PIN" \
		"${again[@]}" "$ASKED" type:8277 "${rest[@]}" -- "${command[@]}"
	person "$p: one try left" sim='set auth-tries 1' "${fails[@]}" tries=1 prompts=0 verifies=0 \
		says='Only one try is left' log="$(times "$attempts" LAST-TRY)" "${first[@]}" "${silent[@]}" -- "${command[@]}"
	person "$p: locked card" sim='set auth-tries 0' "${fails[@]}" tries=0 prompts=0 verifies=0 says='is locked' \
		log="$(times "$locked" PIN-LOCKED)" "${first[@]}" "${silent[@]:0:${#again[@]} * (locked - 1)}" -- "${command[@]}"
	person "$p: no card" sim=remove "${fails[@]}" prompts=0 verifies=0 says='There is no card on the reader.' \
		log="$(times "$attempts" NO-CARD)" "${first[@]}" "${silent[@]}" -- "${command[@]}"
	person "$p: card removed at the prompt" "${fails[@]}" verifies=0 "${lost[@]}" \
		"${first[@]}" "$ASKED" 'do:sim remove' "type:$PIN" "${silent[@]}" -- "${command[@]}"
	person "$p: card removed as the right PIN reaches it" sim="fault $VERIFY drop-after" "${fails[@]}" "${lost[@]}" \
		"${first[@]}" "${RIGHT[@]}" "${silent[@]}" -- "${command[@]}"
	person "$p: card removed as a wrong PIN reaches it" sim="fault $VERIFY drop-after" "${fails[@]}" "${lost[@]}" \
		tries=2 "${first[@]}" "$ASKED" "type:$WRONG_PIN" "${silent[@]}" -- "${command[@]}"
	person "$p: card removed at the signature" sim='fault ins 2A drop' "${fails[@]}" "${lost[@]}" \
		"${first[@]}" "${RIGHT[@]}" "${silent[@]}" -- "${command[@]}"
}

# three_times COMMAND: one try at each start, so the person starts it three times.
three_times()
{
	printf 'for i in 1 2 3; do %s && exit; done; exit 1' "$1"
}

first=() again=() finish=()
attempts=3 locked=3 gave_up=1

command=("${HANAKO[@]}" sudo -k id) shows='uid=0(root)'
situations sudo

command=("${TARO[@]}" sh -c "$(three_times 'su hanako -c id')") shows='uid=2001(hanako)'
situations "su from another user"

# The card that opens root's door is the one enrolled for root.
enrol root good
command=("${HANAKO[@]}" sh -c "$(three_times 'su -c id')") shows='uid=0(root)'
situations su
enrol root

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
person 'su: ^C while the card is waited for' before='card_stack su wait=20' sim=remove status='1|130' log= prompts=0 \
	verifies=0 "$HELPER_RUNS" key:03 -- "${command[@]}"
person 'login: ^C at the prompt' status='1|130' log= verifies=0 "$ASKED" key:03 -- login hanako
person 'login: the name is asked for, then the PIN' says='uid=2001(hanako)' \
	'wait:login: $' type:hanako "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- login

# --- card or password --------------------------------------------------------------------
PASSWORD='s3cret-Word'
echo "hanako:$PASSWORD" | chpasswd
mixed_stack su
person 'su with card or password: no card' sim=remove log=NO-CARD prompts=0 verifies=0 says='uid=2001(hanako)' \
	'wait:Password: ' "type:$PASSWORD" -- "${command[@]}"
person 'su with card or password: the card' says='uid=2001(hanako)' lacks='Password:' "${RIGHT[@]}" -- "${command[@]}"
person 'su with card or password: a wrong PIN is final' status=1 log=PIN-WRONG tries=2 lacks='Password:' \
	"$ASKED" "type:$WRONG_PIN" -- "${command[@]}"
card_stack su

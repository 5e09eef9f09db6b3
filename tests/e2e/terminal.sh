# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The vocabulary of the cases in which a person sits at a terminal. Sourced by
# lib.sh.
#
# shellcheck disable=SC2034 # the cases use what is not used here
# shellcheck disable=SC2016 # some text is for other shells
# shellcheck disable=SC2154 # the cases say first, finish and locked

PASSWORD='s3cret-Word'		# hanako's
IN_JAPANESE=(LANG=ja_JP.UTF-8)
PROMPT='PIN of the user-authentication certificate'
ASKED="wait:$PROMPT \\(4 digits"	# a wrong PIN is answered with the same words
RIGHT=("$ASKED" "type:$PIN")
# For sh -c: a command on a terminal that goes by the name of a virtual console.
ON_CONSOLE='touch /dev/tty9; mount --bind "$(tty)" /dev/tty9; exec "$@" <>/dev/tty9 >&0 2>&0'
HELPER_RUNS='do:for i in $(seq 500); do pgrep -x jpki_helper >/dev/null && exit; sleep 0.02; done; exit 1'

# The words that run a command as that user.
as_user()	# NAME UID
{
	printf 'setpriv --reuid %s --regid %s --init-groups env HOME=/home/%s USER=%s ' "$1" "$1" "$1" "$1"
}

read -ra HANAKO <<< "$(as_user hanako)"
read -ra TARO <<< "$(as_user taro)"

# stack_of SERVICE AUTH-LINES: the rest as everywhere; no waiting after failures.
stack_of()
{
	printf '%s\n' 'auth optional pam_e2e.so nodelay' "$2" 'account required pam_jpki.so' \
		'@include common-account' '@include common-session' > "/etc/pam.d/$1"
}

# What the administrator of a machine without logind says of programs that users do not run as
# themselves: nothing here proves that these users are at the machine.
vouched()	# SERVICE
{
	case $1 in
	su|su-l|login) printf 'local_services=%s' "$1" ;;
	esac
}

card_stack()	# SERVICE [OPTIONS of pam_jpki]: nothing but the card
{
	local lines

	lines="auth required pam_jpki.so $(vouched "$1") ${*:2}"
	# As config/pam.d/sshd says: setcred is called in another process there.
	[ "$1" != sshd ] || lines="auth requisite pam_jpki.so ${*:2}"$'\nauth required pam_permit.so'
	stack_of "$1" "$lines"
}

# Nothing but the card for everything that is started on a terminal.
card_stacks()
{
	local service

	for service in su su-l sudo sudo-i login; do
		card_stack "$service"
	done
}

# The card, or else the password; a card that says no is not overruled.
mixed_stack()	# SERVICE [OPTIONS of pam_jpki]
{
	stack_of "$1" "auth [success=done authinfo_unavail=ignore user_unknown=ignore ignore=ignore default=die] pam_jpki.so $(vouched "$1") ${*:2}
@include common-auth"
}

sudo_rules()	# LINE…
{
	printf '%s\n' 'Defaults !lecture' 'hanako ALL=(ALL) ALL' "$@" > /etc/sudoers.d/e2e
	chmod 0440 /etc/sudoers.d/e2e
}

times()		# NUMBER WORD: that often, one blank between
{
	local i all=

	for ((i = 0; i < $1; i++)); do all+="${all:+ }$2"; done
	printf '%s' "$all"
}

# person NAME [KEY=VALUE…] [STEP…] -- COMMAND…: a person at a terminal, the
# steps of pty.exp, and what is to be said about it:
#
#   sim=COMMANDS  for simctl, before; separated by ;
#   before=WORDS  a command of the shell, before
#   status=REGEX  how COMMAND ends (0)
#   log=WORDS     the outcomes that our module logged in this order, without
#                 JPKI- or JPKI-E-, one blank between (OK); "" for none
#   says=TEXT lacks=TEXT   on the screen
#   asks=TEXT     how the PIN is asked for
#   prompts=N     how often (1)
#   verifies=N    PINs that reached the card (1)
#   tries=N       left on the card afterwards (3)
#   apdus=N       commands to the card (any)
#   typed=N       four-digit texts the person entered (as the steps show)
#   pin=PIN sign=PIN   that the card has afterwards (as before)
#   sign_tries=N  left of the signature PIN (5)
#   after=WORDS   a command of the shell that looks at more
#   last=ask      the administrator lets the last try be used
#   echo=yes      what is typed shows on the screen, as before any prompt
#
# Always: no more PINs than texts of four digits were typed reached the card,
# and the card did not lock.
person()
{
	local name=$1 arg before
	local -a steps=()
	local -A c=([sim]='' [before]='' [status]=0 [log]=OK [says]='' [lacks]='' [prompts]=1
		[asks]="$PROMPT (4 digits"
		[verifies]=1 [tries]=3 [apdus]=any [typed]=0 [last]='' [echo]=''
		[pin]=$PIN [sign]=ABC123 [sign_tries]=5 [after]='')

	shift
	while [ "$1" != -- ]; do
		arg=$1
		shift
		case $arg in
		wait:*|type:*|key:*|insist:*|do:*|on:*) steps+=("$arg") ;;
		*) c[${arg%%=*}]=${arg#*=} ;;
		esac
		[[ $arg != type:[0-9][0-9][0-9][0-9] ]] || c[typed]=$((c[typed] + 1))
	done
	begin "$name" || return 0
	fresh_card
	eval "${c[before]}"
	sim_commands "${c[sim]}"
	[[ ${steps[*]} != *do:*sim* ]] || CARD_DIRTY=yes
	before=$(sim get auth-tries)
	on_tty "${steps[@]}" "$@"
	expect_match 'exit status' "${c[status]}" "$STATUS"
	check_screen
	check_tries "$before"
	check_pins
	expect_outcomes "${c[log]}"
	eval "${c[after]}"
	end
}

# These look at the c[] of person.
check_screen()
{
	expect_has 'the screen' "${c[says]}" "$OUT"
	[ -z "${c[lacks]}" ] || expect_lacks 'the screen' "${c[lacks]}" "$OUT"
	[ -n "${c[echo]}" ] || expect_lacks 'the screen' "$PIN" "$OUT"
	expect_count 'prompts for the PIN' "${c[prompts]}" "$(grep -oF "${c[asks]}" <<< "$OUT" | wc -l)"
}

check_tries()	# BEFORE
{
	local left verifies

	left=$(sim get auth-tries)
	verifies=$(stat_of verifies)
	[ "$verifies" -le "${c[typed]}" ] ||
		fail "$verifies PINs reached the card, but ${c[typed]} were typed"
	[ "$left" -ge 1 ] || [ "$1" = 0 ] || [ "${c[last]}" = ask ] || fail 'the card has been locked'
	expect_equal 'tries left' "${c[tries]}" "$left"
	expect_equal 'PINs that reached the card' "${c[verifies]}" "$verifies"
	expect_count 'commands to the card' "${c[apdus]}" "$(stat_of apdus)"
	expect_card_forgot
}

check_pins()
{
	expect_equal 'PIN of the card' "${c[pin]}" "$(sim get auth-pin)"
	expect_equal 'signature PIN of the card' "${c[sign]}" "$(sim get sign-pin)"
	expect_equal 'tries left of the signature PIN' "${c[sign_tries]}" "$(sim get sign-tries)"
	[ "${c[pin]} ${c[sign]}" = "$PIN ABC123" ] || CARD_DIRTY=yes
}

outcomes()
{
	# shellcheck disable=SC2005,SC2046 # the lines become words
	echo $(syslog_new | sed -nE 's/.*pam_jpki\([^)]*:(auth|chauthtok)\): JPKI-(E-)?([A-Z-]+) user=.*/\3/p')
}

outcomes_are()
{
	[ "$(outcomes)" = "$1" ]
}

expect_outcomes()	# WORDS
{
	until_true 3 outcomes_are "$1" || fail "outcomes: wanted \"$1\", got \"$(outcomes)\""
}

# situations PROGRAM: what a person with a card goes through, after
# count_commands. These say how the
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
	person "$p: wrong PINs until it gives up" "${fails[@]}" tries=1 prompts=2 verifies=2 says='Only one try is left' \
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

# --- sshd --------------------------------------------------------------------------

SSH_PORT=2222
SSHD_PID=
SSH=(ssh -F none -p "$SSH_PORT" -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=yes
	-o PubkeyAuthentication=no)

start_sshd()	# [LOCALE]
{
	mkdir -p /run/sshd "$WORK/sshd"
	[ -e "$WORK/sshd/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$WORK/sshd/key"
	printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cat "$WORK/sshd/key.pub")" > "$WORK/known_hosts"
	printf '%s\n' "Port $SSH_PORT" 'ListenAddress 127.0.0.1' "HostKey $WORK/sshd/key" 'PidFile none' \
		'UsePAM yes' 'PasswordAuthentication yes' 'KbdInteractiveAuthentication yes' \
		'PermitRootLogin no' 'PrintMotd no' > "$WORK/sshd/config"
	# OpenSSH 9.8 locks an address out after a few failures; every case comes from the same one.
	[ -n "${SSHD_PENALTIES-}" ] || sshd_line PerSourcePenalties no >> "$WORK/sshd/config"
	env LANG="${1:-C}" "$(command -v sshd)" -D -f "$WORK/sshd/config" -E "$E2E_LOGS/sshd.log" </dev/null &
	SSHD_PID=$!
	until_true 10 listens "$SSH_PORT" || fail 'sshd does not come up, see sshd.log'
}

# A line of sshd_config, for an sshd that knows its word.
sshd_line()	# WORD VALUE
{
	! "$(command -v sshd)" -T -f /dev/null -o "HostKey=$WORK/sshd/key" 2>/dev/null | grep -qi "^$1 " ||
		printf '%s %s\n' "$1" "$2"
}

# With public host keys where the module is told to look for them (challenge_options).
HOST_KEYS=$WORK/sshd/public

start_challenging_sshd()	# [LINE of sshd_config…]
{
	start_sshd
	stop_sshd
	mkdir -p "$HOST_KEYS"
	[ -e "$WORK/sshd/key2" ] || ssh-keygen -q -t ed25519 -N '' -f "$WORK/sshd/key2"	# not the server's
	cp "$WORK/sshd/key.pub" "$HOST_KEYS/ssh_host_ed25519_key.pub"
	OUR_KEY=$(ssh-keygen -lf "$WORK/sshd/key.pub" | sed -E 's/.*SHA256:([^ ]+) .*/\1/')
	printf '%s\n' "$@" >> "$WORK/sshd/config"
	"$(command -v sshd)" -D -f "$WORK/sshd/config" -E "$E2E_LOGS/sshd.log" </dev/null 2>> "$E2E_LOGS/sshd.log" &
	SSHD_PID=$!
	until_true 10 listens "$SSH_PORT" || fail 'sshd does not come up, see sshd.log'
}

challenge_options()	# [OPTION…]
{
	printf '%s ' remote=challenge remote_names=127.0.0.1,azumino.example "host_keys=$HOST_KEYS" "$@"
}

stop_sshd()
{
	end_process "$SSHD_PID"
	SSHD_PID=
}

listens()
{
	(: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

by_password()	# [USER [COMMAND]]
{
	command=("${SSH[@]}" -o PreferredAuthentications=password "${1:-hanako}@127.0.0.1" "${@:2}")
}

by_dialogue()	# [USER [COMMAND]]
{
	command=("${SSH[@]}" -o PreferredAuthentications=keyboard-interactive "${1:-hanako}@127.0.0.1" "${@:2}")
}

# What sshd's password prompts are answered with; the steps in typing.
typed_at_sshd()	# TEXT…
{
	local text

	typing=()
	for text; do typing+=('wait:[Pp]assword: ?$' "type:$text"); done
}

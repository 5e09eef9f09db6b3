# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Real programs in the sessions of logind: at the desk, over the network, in none.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's
# shellcheck disable=SC2016 # some text is for other shells

SESSION=$E2E_TOP/tests/e2e/in-session
UNTOUCHED=(prompts=0 verifies=0 apdus=0)

strict_stacks()
{
	local service

	for service in su sudo login; do
		stack_of "$service" 'auth required pam_jpki.so remote=strict'
	done
}
strict_stacks

# --- without logind --------------------------------------------------------------------
needs mounts person 'login on a console, strict' says='uid=2001(hanako)' "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- \
	sh -c "$ON_CONSOLE" sh login hanako
umount /dev/tty9 2>/dev/null
person 'login on a pseudo-terminal, strict' "${UNTOUCHED[@]}" status='0|1' log='REMOTE REMOTE REMOTE REMOTE REMOTE' \
	'wait:login: $' type:hanako 'wait:login: $' type:hanako 'wait:login: $' type:hanako 'wait:login: $' type:hanako -- \
	login hanako
person 'sudo in a terminal, strict' "${UNTOUCHED[@]}" status=1 log='REMOTE REMOTE REMOTE' \
	lacks='uid=0' -- "${HANAKO[@]}" sudo -k id
stack_of su 'auth required pam_jpki.so'
person 'su to another user in a terminal' "${UNTOUCHED[@]}" status=1 log=REMOTE lacks='uid=2001' -- "${TARO[@]}" su hanako -c id
strict_stacks

# --- with logind ----------------------------------------------------------------------
sessions()
{
	person 'sudo at the desk' says='uid=0(root)' "${RIGHT[@]}" -- "$SESSION" 0 "${HANAKO[@]}" sudo -k id
	person 'su at the desk' says='uid=2001(hanako)' "${RIGHT[@]}" -- "$SESSION" --record UID=2002 0 "${TARO[@]}" su hanako -c id
	person 'sudo in a terminal of the user manager' says='uid=0(root)' "${RIGHT[@]}" -- \
		"$SESSION" --user-unit 0 "${HANAKO[@]}" sudo -k id
	person 'sudo of a user over the network, from the user manager' "${UNTOUCHED[@]}" status=1 \
		log='REMOTE REMOTE REMOTE' lacks='uid=0' -- "$SESSION" --user-unit 1 "${HANAKO[@]}" sudo -k id
	person 'su of a user over the network, the holder being at the desk' "${UNTOUCHED[@]}" status=1 log=REMOTE lacks='uid=2001' -- \
		"$SESSION" --record UID=2002 --also SEAT=seat0 1 "${TARO[@]}" su hanako -c id
	person 'su over the network that writes to a console' "${UNTOUCHED[@]}" status=1 log=REMOTE lacks='uid=2001' -- \
		sh -c 'touch /dev/tty9; mount --bind "$(tty)" /dev/tty9; exec "$@" </dev/null 2>/dev/tty9' sh \
		"$SESSION" --record UID=2002 1 "${TARO[@]}" su hanako -c id
	umount /dev/tty9 2>/dev/null
	person 'sudo -S of cron, while its user is away' "${UNTOUCHED[@]}" status=1 log='REMOTE REMOTE REMOTE' lacks='uid=0' -- \
		"$SESSION" --none 0 "${HANAKO[@]}" setsid -w sh -c "yes $PIN | sudo -k -S id"
	# As getty starts it: login of util-linux wants the terminal for itself.
	person 'login, whose terminal is a console' says='uid=2001(hanako)' "${RIGHT[@]}" 'wait:[$] $' 'type:id; exit' -- \
		"$SESSION" --none 0 setsid -c -w sh -c "$ON_CONSOLE" sh login hanako
	umount /dev/tty9 2>/dev/null
	if command -v tmux >/dev/null; then
		tmux=("${HANAKO[@]}" TERM=xterm tmux -L e2e new-session 'sudo -k id')
		person 'tmux at the desk, strict' "${UNTOUCHED[@]}" log='REMOTE REMOTE REMOTE' lacks='uid=0' -- \
			"$SESSION" 0 "${tmux[@]}"
		card_stack sudo
		person 'tmux begun at the desk and attached over the network' "${UNTOUCHED[@]}" log='REMOTE REMOTE REMOTE' lacks='uid=0' -- \
			"$SESSION" --also REMOTE=1 0 "${tmux[@]}"
		person 'tmux begun over the network and attached at the desk' "${UNTOUCHED[@]}" log='REMOTE REMOTE REMOTE' lacks='uid=0' -- \
			"$SESSION" --also SEAT=seat0 1 "${tmux[@]}"
		person 'tmux at the desk' "${RIGHT[@]}" -- "$SESSION" 0 "${tmux[@]}"
		strict_stacks
	else
		skip 'tmux at the desk, strict' 'no tmux here'
	fi
	person 'passwd of a user over the network leaves the PIN alone' before='stack_of passwd "password required pam_jpki.so"' \
		"${UNTOUCHED[@]}" status='1|10' log=REMOTE -- "$SESSION" 1 "${HANAKO[@]}" passwd
}
if ldd "$HELPER" | grep -q libsystemd; then
	needs sessions sessions
else
	skip 'real programs in sessions of logind' 'the helper was built without libsystemd'
fi

# --- the doctor -----------------------------------------------------------------------
doctor_says()	# TEXT COMMAND…
{
	on_tty -- "${@:2}" jpkictl doctor
	expect_has 'the doctor' "$1" "$OUT"
}
run_case 'doctor: where the user is, without logind' doctor_says 'counts as: assumed: there is no logind' \
	"${HANAKO[@]}"
doctor_in_sessions()
{
	run_case 'doctor: where the user is, at the desk' doctor_says '(session)' "$SESSION" 0 "${HANAKO[@]}"
	run_case 'doctor: where the user is, by sudo at the desk' doctor_says '(session)' "$SESSION" 0 env SUDO_UID=2001
	run_case 'doctor: where the user is, over the network' doctor_says 'remote: its session is remote (remote-session)' \
		"$SESSION" 1 "${HANAKO[@]}"
	run_case 'doctor: where the user is, switched away' doctor_says 'D531 ' "$SESSION" --record ACTIVE=0 0 "${HANAKO[@]}"
}
if ldd "$HELPER" | grep -q libsystemd; then
	needs sessions doctor_in_sessions
fi

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# lang=auto: the language of the program that asks, where the terminal can show it.
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's

JAPANESE='利用者証明用電子証明書の暗証番号 '

card_stacks

# What a person reads who types a wrong PIN and then, at the next prompt, the right one.
japanese()	# NAME [KEY=VALUE…] [STEP…] -- COMMAND…
{
	person "Japanese: $1" asks="$JAPANESE（数字4桁、残り" lacks='PIN of' log='PIN-WRONG OK' prompts=2 verifies=2 \
		says='暗証番号が違います。入力できる回数は残り2回です。' \
		"wait:$JAPANESE" "type:$WRONG_PIN" "${again[@]}" "wait:$JAPANESE" "type:$PIN" "${finish[@]}" "${@:2}"
}

english()	# likewise
{
	person "English: $1" lacks='暗証番号' log='PIN-WRONG OK' prompts=2 verifies=2 says='Wrong PIN; 2 tries left' \
		"$ASKED" "type:$WRONG_PIN" "${again[@]}" "${RIGHT[@]}" "${finish[@]}" "${@:2}"
}

first=() again=() finish=()
card_stack sudo
card_stack su
su_twice=$(three_times 'su hanako -c id')

japanese 'sudo' -- "${HANAKO[@]}" "${IN_JAPANESE[@]}" sudo -k id
japanese 'su' -- "${TARO[@]}" "${IN_JAPANESE[@]}" sh -c "$su_twice"
japanese 'sudo, by LC_ALL' -- "${HANAKO[@]}" LANG=C LC_ALL=ja_JP.UTF-8 sudo -k id
english 'sudo, by LC_MESSAGES' -- "${HANAKO[@]}" "${IN_JAPANESE[@]}" LC_MESSAGES=C.UTF-8 sudo -k id
english 'su, in a locale that is not installed' -- "${TARO[@]}" LANG=ja_JP.eucJP sh -c "$su_twice"
english 'sudo, where its line in the stack says so' before='card_stack sudo lang=en' -- \
	"${HANAKO[@]}" "${IN_JAPANESE[@]}" sudo -k id
japanese 'sudo, where its line in the stack says so' before='card_stack sudo lang=ja' -- "${HANAKO[@]}" sudo -k id
card_stack sudo

again=('wait:login: $' type:hanako) finish=('wait:[$] $' 'type:id; exit')
japanese 'login' -- env "${IN_JAPANESE[@]}" login hanako
needs mounts english 'login on a virtual console, which has no such letters' -- env "${IN_JAPANESE[@]}" \
	sh -c "$ON_CONSOLE" sh login hanako
umount /dev/tty9 2>/dev/null
again=() finish=()

# sshd does not know the client's language; it speaks as in the locale C.
start_sshd ja_JP.UTF-8
card_stack sshd remote=yes
by_dialogue hanako id
english 'sshd, started in a Japanese locale' -- env "${IN_JAPANESE[@]}" "${command[@]}"
card_stack sshd remote=yes lang=ja
# The client of OpenSSH shows letters in a prompt; what is said before it, older ones show as
# octal numbers: 暗証.
japanese 'sshd, where its line in the stack says so' says='' \
	after='expect_match "what is said" ".*(暗証番号が違います|\\\\346\\\\232\\\\227\\\\350\\\\250\\\\274).*" "$OUT"' -- "${command[@]}"
stop_sshd

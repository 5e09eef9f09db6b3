# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What becomes root on a terminal beside sudo: sudo-rs and doas, as Debian ships them, with README's line
# for sudo before "@include common-auth".
# shellcheck disable=SC2034,SC2154 # some variables are terminal.sh's

# shellcheck source=tests/e2e/desktops.sh
. "$E2E_TOP/tests/e2e/desktops.sh"

readme_line()	# SERVICE…
{
	local line service

	line=$(grep -m 1 '^auth .*pam_jpki\.so' "$E2E_TOP/README.md") || build_die 'README.md has no line for sudo'
	for service; do
		sed -i "s/^@include common-auth/$line\n&/" "/etc/pam.d/$service"
		grep -q pam_jpki "/etc/pam.d/$service" || build_die "no place for the line in /etc/pam.d/$service"
	done
}

desktops_begin
readme_line sudo doas
sudo_rules
echo 'permit hanako' > /etc/doas.conf
TYPES_PASSWORD=('wait:assword: ' "type:$PASSWORD")

# root_by NAME COMMAND…: hanako at a terminal becomes root.
root_by()
{
	local name=$1
	local -a command=("${HANAKO[@]}" "${@:2}")

	person "$name: right PIN" says='uid=0(root)' "${RIGHT[@]}" -- "${command[@]}"
	person "$name: wrong PIN, then the password" says='uid=0(root)' log=PIN-WRONG tries=2 \
		"$ASKED" "type:$WRONG_PIN" "${TYPES_PASSWORD[@]}" -- "${command[@]}"
	person "$name: no card, password" sim=remove says='uid=0(root)' log=NO-CARD prompts=0 verifies=0 \
		"${TYPES_PASSWORD[@]}" -- "${command[@]}"
	person "$name: locked card, password" sim='set auth-tries 0' says='uid=0(root)' log=PIN-LOCKED tries=0 prompts=0 \
		verifies=0 "${TYPES_PASSWORD[@]}" -- "${command[@]}"
}

root_by sudo-rs sudo-rs -k id
# With -n it runs the stack, and answers nothing.
person 'sudo-rs -n' status=1 log=CANCELLED prompts=0 verifies=0 lacks='uid=0' says='interactive authentication is required' \
	-- "${HANAKO[@]}" sudo-rs -k -n id
person 'sudo-rs -S: a script that knows the password' says='uid=0(root)' log=PASSWORD verifies=0 -- \
	"${HANAKO[@]}" sh -c "echo $PASSWORD | sudo-rs -k -S id"
person 'sudo-rs -p keeps our prompt' says='[sudo: Secret] ' "${RIGHT[@]}" -- "${HANAKO[@]}" sudo-rs -k -p Secret id
person 'sudo-rs: three rounds of wrong texts' status=1 log='PIN-WRONG PIN-WRONG LAST-TRY' tries=1 \
	prompts=2 verifies=2 lacks='uid=0' "$ASKED" "type:$WRONG_PIN" 'wait:assword: ' type:no "$ASKED" type:8277 'wait:assword: ' type:no \
	'wait:assword: ' type:no -- "${HANAKO[@]}" sudo-rs -k id

root_by doas doas id
person 'doas -n' status=1 log='' prompts=0 verifies=0 apdus=0 says='Authentication required' -- "${HANAKO[@]}" doas -n id

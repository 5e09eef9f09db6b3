# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What bash offers after a TAB.

# offers WORDS LINE: the last word of the line is being completed.
offers()
{
	run bash -c '. /usr/share/bash-completion/completions/jpkictl
		read -ra COMP_WORDS <<< "$1"
		[[ $1 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_jpkictl
		printf "%s\n" "${COMPREPLY[@]}"' - "$2"
	expect_equal "after \"$2\"" "$1" "$(paste -sd' ' <<< "$OUT")"
}

completion()
{
	offers 'enroll' 'jpkictl en'
	offers 'revoke' 'jpkictl --config /etc/pam_jpki/pam_jpki.conf re'
	offers 'check' 'jpkictl crl ch'
	offers 'verify' 'jpkictl crl v'
	offers '--json' 'jpkictl doctor --j'
	offers '--config' 'jpkictl --c'
	offers '--issuer' 'jpkictl unblock --i'
	offers '--no-crl --no-enroll' 'jpkictl setup --n'
	offers 'hanako' 'jpkictl revoke hana'
	offers 'remove' 'jpkictl unlock re'
	offers 'hanako' 'jpkictl unlock set hana'
	offers '' 'jpkictl status x'
	run bash -c '. /usr/share/bash-completion/completions/jpkictl; _jpkictl_words'
	expect_equal 'commands' "$(jpkictl --help | sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' | paste -sd' ')" "$(paste -sd' ' <<< "$OUT")"
}
run_case 'completion for bash' completion

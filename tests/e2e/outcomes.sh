# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Every outcome of lib/outcome.def has come out of a login or a PIN change in the cases: through
# libpam, with the PAM code and the syslog priority that the table promises.

# These cannot be brought about here: see the cases "outcome … as the helper tells it".
declare -A not_here=(
	[JPKI-E-SSH-KEY]='only sshd names a key: see "ssh key and PAM" (66-ssh-challenge.sh)'
	[JPKI-E-SEVERAL-CARDS]='a login looks for the card of its user: see "two My Number Cards" (51-readers.sh)'
	[JPKI-E-SIGN-WRONG]='no login and no passwd asks for the signature PIN, only jpkictl (65-pin.sh)'
	[JPKI-E-SIGN-FORMAT]='likewise'
	[JPKI-E-SIGN-LOCKED]='likewise'
	[JPKI-E-NEW-SIGN-FORMAT]='likewise'
)

# These come out where the right one of the helper's calls fails (36-nomem.sh), or pcscd dies at the
# right moment (35-faults.sh; Debian's is built without polkit, which refuses): chance.
declare -A by_chance=([JPKI-E-NO-MEMORY]=yes [JPKI-E-INTERNAL]=yes [JPKI-E-SERVICE-REFUSED]=yes)

every_outcome()
{
	local code pam priority got table=$WORK/outcome-table seen=$WORK/outcomes-seen

	table_of_outcomes > "$table"
	expect_equal 'rows of the table' "$(grep -c '^OUTCOME(' "$E2E_TOP/lib/outcome.def")" "$(wc -l < "$table")"
	sort -u "$E2E_SHARED/outcomes" > "$seen"
	while read -r code priority pam; do
		got=$(sed -n "s/^$code //p" "$seen")
		if [ -n "${not_here[$code]-}" ]; then
			[ -z "$got" ] || fail "$code did come out, although ${not_here[$code]}"
			printf '# %s was not brought about: %s\n' "$code" "${not_here[$code]}"
		elif [ -n "$got" ] || [ -z "${by_chance[$code]-}" ]; then
			expect_equal "$code" "$priority $pam" "$got"
		fi
	done < "$table"
	expect_equal 'codes without a row' '' \
		"$(cut -d' ' -f1 "$seen" | grep -vxFf <(cut -d' ' -f1 "$table") | tr '\n' ' ')"
}

# CODE PRIORITY PAM-CODE, the priority as syslog writes it for authpriv.
table_of_outcomes()
{
	sed -nE 's/^OUTCOME\([A-Z_]+, "(JPKI-[A-Z-]+)", (PAM_[A-Z_]+), LOG_([A-Z]+),$/\1 \3 \2/p' \
		"$E2E_TOP/lib/outcome.def" |
		sed -E 's/ CRIT / 82 /; s/ ERR / 83 /; s/ WARNING / 84 /; s/ NOTICE / 85 /; s/ INFO / 86 /'
}

begin 'every outcome has been seen'
every_outcome
end

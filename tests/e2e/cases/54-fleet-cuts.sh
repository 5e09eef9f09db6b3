# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl fleet run, ended at random moments: killed, and by a power cut. E2E_CUTS=N: so many of each kind, with more
# users (make soak-fleet); each of them begins with other random numbers, E2E_SEED=TEXT with those of before.

# shellcheck source=tests/e2e/directory.sh
. "$E2E_TOP/tests/e2e/directory.sh"
# shellcheck source=tests/e2e/fleetcuts.sh
. "$E2E_TOP/tests/e2e/fleetcuts.sh"

CUTS=${E2E_CUTS-5} CUT_USERS=40
[ -z "${E2E_CUTS-}" ] || CUT_USERS=60
CUT_SEED=${E2E_SEED-$RANDOM$RANDOM}

cut_off()	# writer|network|power fill|changes
{
	directory_begins
	start_slapd a 3890 || fail "slapd: $(tail -n 5 "$E2E_LOGS/slapd-a.log")"
	configure_run
	fleet_cuts "$1" "$2" "$CUTS" "$CUT_USERS" "$CUT_SEED" "${RUN_WORDS[@]}"
	[ -z "${E2E_CUTS-}" ] || printf '# %s\n' "$RESULT"
	fleet_ends
}

OBJECTION='no slapd here'
[ ! -x "$SLAPD" ] || OBJECTION=$(disk_objection)
if [ -n "$OBJECTION" ]; then
	skip 'fleet cut' "$OBJECTION"
else
	run_case 'fleet cut: the writer is killed while it fills a copy' cut_off writer fill
	run_case 'fleet cut: the writer is killed in changes' cut_off writer changes
	run_case 'fleet cut: the network half is killed while a copy is filled' cut_off network fill
	run_case 'fleet cut: the network half is killed in changes' cut_off network changes
	run_case 'fleet cut: the power fails while a copy is filled' cut_off power fill
	run_case 'fleet cut: the power fails in changes' cut_off power changes
fi

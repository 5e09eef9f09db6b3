# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A machine that does not give the helper all of its cage, or an administrator who has named another user for
# it than was meant; and a card that takes the helper over there.
# shellcheck disable=SC2034 # UNDER is taken_over's
# shellcheck disable=SC2154 # FAR is taken_over's

# shellcheck source=tests/e2e/attack.sh
. "$E2E_TOP/tests/e2e/attack.sh"

LACKING=$E2E_BUILD/tests/e2e/lacking
OURS=/etc/pam_jpki/crl-sources	# within reach of every helper, but root's alone

lesser_kernel()
{
	local lacks

	for lacks in Landlock seccomp; do
		SYSLOG_FROM=$(syslog_size)
		run "$LACKING" "${lacks,,}" pamdrive --service e2e --user hanako "pin=$PIN" auth
		expect_has 'the transcript' 'auth = 0 PAM_SUCCESS' "$OUT"
		until_true 3 syslog_matches "this kernel has no $lacks" || broken "a login without $lacks, and no word of it"
	done
}
# Promise: The cage is never weaker without a line in the log that says so.
# Letter: each call is made, and answered that there is no such thing; the login goes on, as it may.
# Seen to succeed: mutant no-cage-unnoticed
adversary lesser-kernel lesser_kernel

# The library runs out of memory, or does not know a call, when it makes the second filter.
half_a_filter()
{
	taken_over half-a-seal
	case $FAR in
	lived) syslog_matches 'the kernel refuses|no seccomp' || broken 'asks another service, from a cage that is called whole' ;;
	prepared) expect_logged "the kernel refuses the helper's seccomp filter" ;;
	*) fail "it got as far as \"$FAR\"" ;;
	esac
}
# Promise: The cage is never weaker without a line in the log that says so.
# Letter: the kernel has seccomp, and takes the filter that it is given; a rule is missing there.
# Seen to succeed: mutant half-a-filter
adversary half-a-filter half_a_filter

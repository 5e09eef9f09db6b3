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
# Promise: If the cage is weaker than usual, a log line says so.
# Letter: each call is made, and answered that there is no such thing; the login goes on, as it may.
# Seen to succeed: mutant missing-cage-is-logged
adversary kernel-without-landlock lesser_kernel

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
# Promise: If the cage is weaker than usual, a log line says so.
# Letter: the kernel has seccomp, and takes the filter that it is given; a rule is missing there.
# Seen to succeed: mutant incomplete-filter
adversary incomplete-filter half_a_filter

put_password()
{
	echo 'http://verifier:S3cret@crl.example/' > "$OURS"
	chmod 0600 "$OURS"
}

# What a helper that is not root cannot read.
reads_what_is_roots()	# ATTACK
{
	put_password
	taken_over "$1 $OURS"
	[[ $FAR != got* ]] || broken "$1 $OURS: $FAR"
	rm -f "$OURS"
	reset_config
}

the_name_that_is_none()
{
	write_conf 'helper_user = jpki-helpre'
	reads_what_is_roots read
	expect_logged 'helper_user = "?jpki-helpre"?: no such user'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
}
# Promise: A helper started by root switches to its own user for good, if that exists; if the administrator names a user that is missing or cannot be used, that is an error.
# Letter: the user that the package makes is there, but the name in the file, misspelt, has no user; the login goes on as for "no user".
# Seen to succeed: mutant named-user-that-is-missing
adversary misspelt-helper-user the_name_that_is_none

another_name_of_root()
{
	id toor > /dev/null 2>&1 || useradd --no-create-home --non-unique --uid 0 --shell /usr/sbin/nologin toor
	write_conf 'helper_user = toor'
	reads_what_is_roots read
	expect_logged 'helper_user = "?toor"?: that is root'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
}
# Promise: A helper started by root switches to its own user for good, if that exists; if the administrator names a user that is missing or cannot be used, that is an error.
# Letter: it is not called root, and does nothing else: an account for this alone, which has root's number.
# Seen to succeed: mutant helper-user-that-is-root helper-user-for-good
adversary another-name-of-root another_name_of_root

service_without_setuid()
{
	local UNDER=(setpriv --bounding-set=-setuid --inh-caps=-setuid)

	id jpki > /dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin jpki
	write_conf 'helper_user = jpki'
	reads_what_is_roots read
	no_login
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
}
# Promise: A helper started by root switches to its own user for good, if that exists; if the administrator names a user that is missing or cannot be used, that is an error.
# Letter: the user is there and in order; the program that logs in runs in a service that may not become another.
# Seen to succeed: mutant helper-user-not-switched-to
adversary service-without-setuid service_without_setuid

# Where nothing stops its calls.
root_again()
{
	local UNDER=("$LACKING" seccomp)

	reads_what_is_roots root-again
	[ "$FAR" = refused ] || fail "it got as far as \"$FAR\""
}
# Promise: A helper started by root switches to its own user for good, if that exists; if the administrator names a user that is missing or cannot be used, that is an error.
# Letter: it is the helper's user, and no call is forbidden to this user: it takes up what it was before.
# Seen to succeed: mutant helper-user-for-good
adversary helper-back-to-root root_again

has_landlock || adversary() { skip "adversary: $1" 'this kernel has no Landlock'; }

# As inside of sixteen programs that each have a Landlock of their own: the kernel takes no more.
kernel_that_refuses_rules()
{
	local UNDER=("$LACKING" restriction)

	write_conf 'helper_user = none'
	taken_over 'read /etc/shadow'
	[[ $FAR != got* ]] || broken "read /etc/shadow: $FAR"
	no_login
	expect_logged JPKI-E-INTERNAL
	reset_config
}
# Promise: One function confines each process that reads untrusted input: it takes away the terminal, the descriptors, the user, the capabilities, the file system, the network and signals.
# Letter: the kernel has Landlock, and takes each of the rules; only all of them together it refuses.
# Seen to succeed: mutant landlock-refused
adversary kernel-that-refuses-rules kernel_that_refuses_rules

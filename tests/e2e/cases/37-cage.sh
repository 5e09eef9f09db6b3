# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The helper's cage: what is seen of it from outside, what becomes of a helper that does what it
# must not, the user that it becomes, and the sandbox in which polkit may run it.

HELPER_LOOK=/tmp/helper.status
# During the PIN prompt: what the kernel shows of the helper.
LOOK="'exec=cat /proc/\$(pidof jpki_helper)/status > $HELPER_LOOK'"

helper_said()	# KEY
{
	sed -n "s/^$1:[[:space:]]*//p" "$HELPER_LOOK"
}

begin_look()
{
	: > "$HELPER_LOOK"
	chmod 0666 "$HELPER_LOOK"
	install_pam_service e2e "$(stack "$@")"
}

cage_is_closed()
{
	begin_look
	eval "run pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'Seccomp' 2 "$(helper_said Seccomp)"
	expect_equal 'filters beside those of every process here' 2 \
		$(($(helper_said Seccomp_filters) - $(sed -n 's/^Seccomp_filters://p' /proc/self/status)))
	expect_equal 'NoNewPrivs' 1 "$(helper_said NoNewPrivs)"
}

# deadly ATTACK: it ends the helper.
deadly()
{
	install_pam_service e2e "$(stack)"
	taken_over "$1"
	expect_equal 'how far it got' begun "$FAR"
	[ ! -e /run/attack.evidence ] || fail 'it wrote a file'
	expect_match 'the result' '[0-9]+ PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'ended by signal 31: its cage'
	expect_logged 'JPKI-E-HELPER'
	expect_equal 'VERIFY' 0 "$(stat_of verifies)"
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
}

# What the tests above and the adversaries rest on: without an order the preloaded library does
# nothing, and what a login reads it can read.
no_attack()
{
	install_pam_service e2e "$(stack)"
	taken_over none
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	taken_over "read $CONF"
	expect_match 'what it read' 'got #.*' "$FAR"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}

# As the package has it: nothing is configured.
own_user()
{
	reset_config
	begin_look
	eval "run pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'its user' "$(id -u jpki-helper)[[:space:]].*" "$(helper_said Uid)"
	expect_equal 'its groups' "$(id -G jpki-helper)" "$(helper_said Groups | sed 's/ *$//')"
	expect_no_capability
	expect_lacks 'the log' 'stays root' "$(syslog_new)"
}

expect_no_capability()
{
	local set

	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		expect_match "$set" '0+' "$(helper_said $set)"
	done
}

# stays_root REGEX: what is logged ("": nothing).
stays_root()
{
	begin_look
	eval "run pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'its user' '0[[:space:]].*' "$(helper_said Uid)"
	expect_no_capability
	expect_equal 'Seccomp' 2 "$(helper_said Seccomp)"
	if [ -n "$1" ]; then
		expect_logged "$1"
	else
		expect_lacks 'the log' 'stays root' "$(syslog_new)"
	fi
}

without_its_user()
{
	cp /etc/passwd "$WORK/passwd"
	sed -i '/^jpki-helper:/d' /etc/passwd
	stays_root 'the helper stays root, without capabilities: user jpki-helper: no such user; see helper_user'
	expect_equal 'lines' 1 "$(syslog_new | grep -c 'stays root')"
	cat "$WORK/passwd" > /etc/passwd
}

# As in a service with CapabilityBoundingSet: root cannot become another user.
without_setuid()
{
	begin_look
	eval "run setpriv --bounding-set=-setuid --inh-caps=-setuid pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_logged 'the helper stays root, .* Operation not permitted'
	expect_match 'its user' '0[[:space:]].*' "$(helper_said Uid)"
	expect_no_capability
}

wants_none()
{
	write_conf 'helper_user = none'
	stays_root ''
	reset_config
}

# lacks WHAT REGEX: on a kernel without it a login works, and one line says what is missing.
lacks()
{
	begin_look
	eval "run '$E2E_BUILD/tests/e2e/lacking' $1 pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_logged "$2"
	expect_equal 'lines' 1 "$(syslog_new | grep -cE "$2")"
	expect_match 'its user' "$(id -u jpki-helper)[[:space:]].*" "$(helper_said Uid)"
	expect_no_capability
}

# What decides is replaced while the PIN is typed, and read again after it.
replaced_meanwhile()
{
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "exec=mv $NSSDB $NSSDB.old; cp -r $NSSDB.old $NSSDB" "pin=$PIN" auth
	expect_equal 'the result, database replaced' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	rm -rf "$NSSDB.old"
	run pamdrive --service e2e --user hanako "exec=jpkictl block $PKI/good.crt" "pin=$PIN" auth
	expect_lacks 'the result, blocked' SUCCESS "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-BLOCKED'
	rm -f /etc/pam_jpki/blocked
}

helper_user()
{
	write_conf 'helper_user = jpki'
	begin_look
	eval "run pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'its user' "$(id -u jpki)[[:space:]]$(id -u jpki)[[:space:]].*" "$(helper_said Uid)"
	expect_match 'its group' "$(id -g jpki)[[:space:]]$(id -g jpki)[[:space:]].*" "$(helper_said Gid)"
	expect_equal 'its groups' "$(id -G jpki)" "$(helper_said Groups | sed 's/ *$//')"
	expect_match 'its capabilities' '0+' "$(helper_said CapEff)"
}

# Started by another user than root, it keeps that user.
helper_of_a_user()
{
	write_conf 'helper_user = jpki'
	begin_look
	eval "run pamdrive --service e2e --user hanako --as \$(id -u hanako) $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'its user' "$(id -u hanako)[[:space:]].*" "$(helper_said Uid)"
	expect_equal 'Seccomp' 2 "$(helper_said Seccomp)"
}

helper_user_refused()	# USER REGEX
{
	write_conf "helper_user = $1"
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_lacks 'the result' SUCCESS "$(transcript 'auth = ')"
	expect_logged "$2"
	expect_equal 'commands' 0 "$(stat_of apdus)"
}

# pcscd lets root in and not this user, as with polkit and no rule: the connection is root's.
helper_user_and_pcscd()	# HELPER-USER USER
{
	only_admits 0
	write_conf "helper_user = $1"
	begin_look
	eval "run pamdrive --service e2e --user hanako $LOOK pin=$PIN auth"
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'its user' "$(id -u "$2")[[:space:]].*" "$(helper_said Uid)"
	admits_all
	reset_config
}

# No user is admitted: polkitd does not run.
pcscd_admits_no_user()
{
	only_admits
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'the result' '[0-9]+ PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-SERVICE-REFUSED'
	admits_all
}

polkit_sandbox()
{
	needs mounts || return
	install_pam_service polkit-1 "$(stack)"
	run "$E2E_TOP/tests/e2e/in-sandbox" "$E2E_BUILD/tests/e2e/sandbox" pamdrive --service polkit-1 --user hanako "pin=$PIN" auth acct
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'signatures' 1 "$(stat_of signs)"
}

# shellcheck source=tests/e2e/attack.sh
. "$E2E_TOP/tests/e2e/attack.sh"

run_case 'cage: the filters are on while the PIN is typed' cage_is_closed
for attack in exec write network service 'own 1'; do
	run_case "cage: a helper that is made to: $attack" deadly "$attack"
done
run_case 'cage: a helper that is made to do nothing' no_attack
run_case 'cage: the helper becomes its own user' own_user
run_case 'cage: its own user is missing' without_its_user
run_case 'cage: root that cannot become another user' without_setuid
run_case 'cage: root, if that is wanted' wants_none
useradd --system --no-create-home --shell /usr/sbin/nologin jpki
run_case 'cage: the helper becomes another user' helper_user
run_case 'cage: a helper of a user stays the same user' helper_of_a_user
run_case 'cage: no such user' helper_user_refused nobody-at-all 'helper_user = nobody-at-all: no such user'
run_case 'cage: the user is root' helper_user_refused root 'helper_user = root: that is root'
reset_config
run_case 'cage: pcscd does not admit the helper' helper_user_and_pcscd auto jpki-helper
run_case 'cage: pcscd does not admit another user' helper_user_and_pcscd jpki jpki
run_case 'cage: pcscd admits no one' pcscd_admits_no_user
run_case 'cage: what is trusted is replaced meanwhile' replaced_meanwhile
run_case 'cage: a kernel without Landlock' lacks landlock 'this kernel has no Landlock.*jpki_helper could open'
run_case 'cage: a kernel without seccomp' lacks seccomp 'this kernel has no seccomp: the helper goes on without'
run_case 'cage: in the sandbox of polkit' polkit_sandbox

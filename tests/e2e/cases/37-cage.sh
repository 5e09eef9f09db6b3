# shellcheck shell=bash
# The helper's cage: what is seen of it from outside, what becomes of a helper that does what it
# must not, the user that it becomes, and the sandbox in which polkit may run it.

HELPER_LOOK=/tmp/helper.status
# While the PIN is asked for: what the kernel says of the helper.
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
	expect_equal 'filters' 2 "$(helper_said Seccomp_filters)"
	expect_equal 'NoNewPrivs' 1 "$(helper_said NoNewPrivs)"
}

# misdeed DEED
misdeed()
{
	install_pam_service e2e "$(stack)"
	rm -f /run/misdeed.*
	printf '%s' "$1" > /run/misdeed
	printf '%s\n' "$E2E_BUILD/tests/e2e/.libs/misdeed.so" > /etc/ld.so.preload
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	rm -f /etc/ld.so.preload /run/misdeed
	expect_equal 'how far it got' begun "$(tr -d '\0' < /run/misdeed.done)"
	[ ! -e /run/misdeed.spoils ] || fail 'it wrote a file'
	expect_match 'the result' '[0-9]+ PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'ended by signal 31: its cage'
	expect_logged 'JPKI-E-HELPER'
	expect_equal 'VERIFY' 0 "$(stat_of verifies)"
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
}

# What the test above rests on: without an order the preloaded library does nothing.
no_misdeed()
{
	install_pam_service e2e "$(stack)"
	rm -f /run/misdeed.*
	printf 'none' > /run/misdeed
	printf '%s\n' "$E2E_BUILD/tests/e2e/.libs/misdeed.so" > /etc/ld.so.preload
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	rm -f /etc/ld.so.preload /run/misdeed
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
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

# Started by somebody else it stays who it is.
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

helper_user_and_pcscd()
{
	chmod 0600 /run/pcscd/pcscd.comm
	helper_user_refused jpki 'JPKI-E-(SERVICE-REFUSED|NO-SERVICE)'
	chmod 0666 /run/pcscd/pcscd.comm
}

polkit_sandbox()
{
	install_pam_service polkit-1 "$(stack)"
	run "$E2E_TOP/tests/e2e/in-sandbox" "$E2E_BUILD/tests/e2e/sandbox" pamdrive --service polkit-1 --user hanako "pin=$PIN" auth acct
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'signatures' 1 "$(stat_of signs)"
}

if is_wanted cage; then
	run_case 'cage: the filters are on while the PIN is typed' cage_is_closed
	for deed in exec write network service; do
		run_case "cage: a helper that is made to: $deed" misdeed "$deed"
	done
	run_case 'cage: a helper that is made to do nothing' no_misdeed
	useradd --system --no-create-home --shell /usr/sbin/nologin jpki
	run_case 'cage: the helper becomes another user' helper_user
	run_case 'cage: a helper of a user stays his' helper_of_a_user
	run_case 'cage: no such user' helper_user_refused nobody-at-all 'helper_user = nobody-at-all: no such user'
	run_case 'cage: the user is root' helper_user_refused root 'helper_user = root: that is root'
	run_case 'cage: pcscd does not admit the user' helper_user_and_pcscd
	reset_config
	run_case 'cage: in the sandbox of polkit' polkit_sandbox
fi

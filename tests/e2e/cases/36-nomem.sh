# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Logins whose helper, with all its libraries, has one allocation or one system call fail: a
# selection of that many of each kind (E2E_FAULTS=all: each of them, which takes hours).
#
# True for each: row_ok in lib.sh, and no PIN state is left on the card. A helper that dies
# of it (NSS does) is a login refused.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

: "${E2E_FAULTS:=30}"

# nomem_login KIND NUMBER
nomem_login()
{
	rm -f /run/failed
	printf '%s %s\n' "$1" "$2" > /usr/failing
	printf '%s\n' "$E2E_BUILD/tests/faults/.libs/preload.so" > /etc/ld.so.preload
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	rm -f /etc/ld.so.preload
}

nomem_notice()
{
	tr -d '\0' < /run/failed
}

nomem_row()	# KIND NUMBER
{
	fresh_card
	nomem_login "$1" "$2"
	row_ok "$PIN"
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
	if [ -z "$(nomem_notice)" ]; then	# fewer calls than in the login that counted them
		expect_equal 'the result, as nothing failed' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
		MISSED=$((MISSED + 1))
	fi
	[[ $(transcript 'auth = ') == *SUCCESS* ]] || REFUSED=$((REFUSED + 1))
}

nomem_sweep()	# KIND
{
	local at calls step

	begin "nomem: logins with every $1 call counted" || return 0
	fresh_card
	nomem_login "$1" 0
	expect_equal 'the result' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	calls=$(nomem_notice)
	[ "$calls" -gt 100 ] || fail "only $calls calls"
	end
	[ "$E2E_FAULTS" = all ] && step=1 || step=$((calls / E2E_FAULTS + 1))
	ROWS=0 REFUSED=0 MISSED=0
	for ((at = 1; at <= calls - step; at += step)); do
		silent_case "nomem: $1 call $at fails" nomem_row "$1" "$at"
	done
	begin "nomem: nine in ten of the chosen $1 calls failed"
	[ $((MISSED * 10)) -le "$ROWS" ] || fail "$MISSED of $ROWS were not reached"
	end
	printf 'ok nomem: %s, %d of %d calls failed, %d logins refused\n' "$1" $((ROWS - MISSED)) "$calls" "$REFUSED"
}

if is_wanted nomem; then
	install_pam_service e2e "$(stack timeout=8)"
	nomem_sweep memory
	nomem_sweep system
	rm -f /usr/failing /run/failed
	CARD_DIRTY=yes
	install_pam_service e2e "$(stack)"
fi

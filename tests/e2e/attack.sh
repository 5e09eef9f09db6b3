# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # FAR is for the cases
# Sourced by the cases with a helper that has been taken over: tests/e2e/attack.c.

# taken_over ATTACK [OPTION of pamdrive…]: a login with the right PIN whose helper does the attack as soon as
# it has the PIN. FAR says how far it got. UNDER is a command that runs it.
UNDER=()
taken_over()
{
	local attack=$1

	shift
	[ -e /etc/pam.d/e2e ] || install_pam_service e2e "$(stack)"
	rm -f /run/attack.*
	printf '%s' "$attack" > /run/attack
	# where a user's helper can read it
	install -m 0755 "$E2E_BUILD/tests/e2e/.libs/attack.so" /run/attack.so
	# a user's helper makes the notice itself
	install -m 0666 /dev/null /run/attack.done
	echo /run/attack.so > /etc/ld.so.preload
	run "${UNDER[@]}" pamdrive --service e2e --user hanako "$@" "pin=$PIN" auth
	rm -f /etc/ld.so.preload /run/attack
	FAR=$(tr -d '\0' < /run/attack.done)
}

# Whether this kernel can keep files out of reach, as that version of Landlock does; else what needs it is skipped.
has_landlock()	# [ABI]
{
	python3 -c "import ctypes; raise SystemExit(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < ${1:-1})"
}

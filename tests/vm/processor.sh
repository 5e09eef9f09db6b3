# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What another processor, and the kernel built for it, decide: calls and their numbers, signals, the layout of memory.
# In the arm64 machine the unit tests run, the cases of the cage and the adversaries, on what the packages
# installed; tests/run has them all on the machine that builds.
# shellcheck disable=SC2034 # LIMIT and LOG are for lib.sh

CASES='tests/e2e/cases/37-cage.sh tests/adversary'

# make check, if PATTERN is empty, and those of CASES with PATTERN in their names. CASES: ' ' runs no case; '' would run all.
run_tests()	# PATTERN CASES
{
	local LIMIT=3600 unit sum

	CASE_FAILED=
	unit=$(cd -- "$KEPT/cross/srv/build" && find tests/unit -name 'test_*' -type f -perm -100 ! -path '*/.libs/*')
	guest env E2E_BUILT=yes E2E_BUILD=/srv/build E2E_LOGS=/srv/logs E2E_ONLY="$1" E2E_TESTS="${unit//$'\n'/ }" \
		E2E_CASES="$2" E2E_SLOWNESS=8 E2E_VPCD=/root/libifdvpcd.so \
		/srv/pam_jpki/tests/e2e/ns --write /srv/build --write /srv/logs --parallel 2 /srv/pam_jpki/tests/e2e/run-inside
	printf '%s\n' "${OUT%$'\n\n'*}"
	sum=${OUT##*$'\n'}
	if [[ -n $CASE_FAILED || ! $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
		printf 'not ok the tests in the machine: %s\n' "${CASE_FAILED:-they ended early}"
		FAILED=$((FAILED + 1))
		return
	fi
	PASSED=$((PASSED + BASH_REMATCH[1]))
	FAILED=$((FAILED + BASH_REMATCH[2]))
	SKIPPED=$((SKIPPED + ${BASH_REMATCH[4]:-0}))
}

LOG=$E2E_LOGS/cases/processor.log
guest_does sh -c 'mkdir -p /srv/logs && tar -C /srv -xf /dev/vdb'
guest_does pam-auth-update --disable jpki	# the cases have services of their own
guest_does sh -c 'apt-get -q -y install /root/packages/jpki-fleet_*.deb'	# the adversaries of the directory follow one
for pattern in "${PATTERNS[@]-}"; do
	case $pattern in
	'') run_tests '' "$CASES" ;;
	'make check') run_tests '' ' ' ;;
	adversary*|cage*) run_tests "$pattern" "$CASES" ;;
	esac
done

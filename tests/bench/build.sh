# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the insides of tests/bench/run begin with: pam_jpki built and installed, the programs of
# the bench, pcscd and a card. Sourced inside the namespaces of tests/e2e/ns.

E2E_TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
export E2E_TOP E2E_BUILD=/tmp/build E2E_LOGS=/tmp/logs
BENCH=$E2E_BUILD/tests/bench
mkdir -p "$E2E_LOGS/cases"
# shellcheck source=tests/e2e/build.sh
. "$E2E_TOP/tests/e2e/build.sh"
# shellcheck source=tests/e2e/lib.sh
. "$E2E_TOP/tests/e2e/lib.sh"

prepare_bench()
{
	printf 'building\n'
	configure_build --enable-werror
	make_build
	make_test_programs
	step bench-programs make -C "$E2E_BUILD" bench-programs
	step test-pki make -C "$E2E_BUILD" tests/pki/out/stamp
	install_build
	setup_world
	start_world
	fresh_card
}

bench()
{
	"$BENCH/bench" "$@" || build_die "bench $1 failed"
}

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the checks by other people's tools share. Sourced in $srcdir; CC and JPKI_CFLAGS come from make.
: "${CC:=cc}" "${JPKI_CFLAGS:=}"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2034 # the checks use it
jobs=$(nproc)

# Without tests/prove, which is for CBMC and its own words. Without nss_e2e.c: it wants the C library's <nss.h>, and these options find that of Mozilla's NSS.
sources()
{
	find lib card nss flow helper pam config tools tests -name '*.c' ! -name nss_e2e.c ! -path 'tests/prove/*' | sort
}

# Other versions find other things, which have not been checked.
need_tool()	# VERSION COMMAND…: VERSION is a pattern of what COMMAND says
{
	wanted=$1
	shift
	said=$("$@" 2>&1) || said="$1 not found"
	# shellcheck disable=SC2254 # a pattern is what it is meant to be
	case $said in
	*$wanted*) ;;
	*) echo "wants $wanted, not: $(printf '%s\n' "$said" | head -n 1)"; exit 77 ;;
	esac
}

# The options of a compiler, a line each. JPKI_CFLAGS is a list of words.
compiler_options()
{
	# shellcheck disable=SC2086
	printf '%s\n' "-I$PWD" $JPKI_CFLAGS -std=gnu11
	for name in CATALOGUES HELPER_PATH SCRIPTED; do
		printf '%s\n' "-D$name=\"/x\""
	done
}

# A tool that finds nothing in a planted defect finds nothing at all.
must_find()	# WHAT < output
{
	grep -q -- "$1" || { echo "the planted defect was not found: $1" >&2; exit 1; }
}

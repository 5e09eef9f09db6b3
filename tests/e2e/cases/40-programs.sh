# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Other programs for cards.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

opensc()
{
	local file=$E2E_TOP/tests/e2e/case-opensc

	put_card 'good auth-pin=1234'
	sim set auth-pin 1234
	RUN_LIMIT=120 run env JPKI_PKI="$PKI" PATH="$PATH" "$file"
	expect_equal 'exit status' 0 "$STATUS"
	CARD_DIRTY=yes
}
if command -v opensc-tool >/dev/null; then
	run_case 'OpenSC, made for real cards, works with the simulated one' opensc
else
	skip 'OpenSC, made for real cards, works with the simulated one' 'no opensc installed'
fi

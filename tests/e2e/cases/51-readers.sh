# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # SOCK, CARD_SPEC are lib.sh's
# Several readers: a login, each tool and jpki-ssh find the My Number Card, whatever else is beside it.

SIMS=()

at_reader()	# N COMMAND…
{
	local SOCK=$WORK/reader$1.sock VPCD_PORT=$((VPCD_PORT + $1))

	"${@:2}"
}

# two_cards SPEC SPEC: on a reader of two slots, the first with the card that programs see first.
two_cards()
{
	local i=0 spec

	stop_sim
	stop_pcscd
	start_pcscd
	for spec; do
		at_reader $i start_sim "$(card_dir "$spec")"
		SIMS+=("$SIM_PID")
		i=$((i + 1))
	done
	until_true 10 all_there $i || fail 'pcscd does not see the cards'
	enroll hanako good
}

all_there()	# COUNT
{
	[ "$(jpkictl status | grep -c 'card .*none$')" = $((2 - $1)) ]
}

one_card()
{
	for SIM_PID in "${SIMS[@]}"; do stop_sim; done
	SIMS=()
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
	reset_config
}

sha256_of()	# CERTIFICATE-FILE
{
	openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1
}

good_is_enrolled()
{
	expect_equal 'what is enrolled' "$(sha256_of "$PKI/good.crt")" "$(sha256_of "$USERS/hanako.pem")"
}

tool_works()	# WORD…
{
	run jpkictl "$@"
	expect_equal "jpkictl $1: exit status" 0 "$STATUS"
}

# Each with the good card in one slot, which no argument has to name.
every_program()
{
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'login' 'auth = 0 PAM_SUCCESS' "$OUT"
	tool_works status
	tool_works pin status
	expect_has 'pin status' '3 tries left' "$OUT"
	tool_works trust from-card -a "$(sha256_of "$PKI/ca1.crt")"
	rm -f "$USERS/hanako.pem"
	on_tty 'wait:PIN of the' "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'enroll: exit status' 0 "$STATUS"
	good_is_enrolled
	run jpkictl doctor
	expect_has 'doctor' 'D207 ok ' "$OUT"
	expect_has 'doctor' 'errors: 0' "$OUT"
}

beside()	# NAME SPEC
{
	begin "readers: $1 in the first slot" || return 0
	two_cards "$2" good
	every_program
	one_card
	end
}
beside 'another card' 'good none profile=nojpki'
beside 'a Juki card' 'good none profile=juki'
beside 'a card that does not come up' 'good atr=3B'

held_beside_ours()
{
	local start holder

	two_cards other-person good
	scprobe exclusive 60000 > "$WORK/held" 2>&1 &
	holder=$!
	until_true 10 grep -q held "$WORK/held" || fail 'the card cannot be held'
	start=$(now_ms)
	every_program_but_tries
	[ $(($(now_ms) - start)) -le 20000 ] || fail "took $(($(now_ms) - start)) ms"
	at_reader 1 sim remove
	start=$(now_ms)
	run jpkictl pin status
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'output' 'Another program is using the card in the reader "Virtual PCD 00 00"' "$OUT"
	[ $(($(now_ms) - start)) -le 4500 ] || fail "took $(($(now_ms) - start)) ms"
	end_process "$holder"
	one_card
}

every_program_but_tries()
{
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'login' 'auth = 0 PAM_SUCCESS' "$OUT"
	tool_works pin status
	tool_works status
	run jpkictl doctor
	expect_has 'doctor' 'D207 ok ' "$OUT"
	expect_has 'doctor' 'errors: 0' "$OUT"
}
run_case 'readers: a program has another card to itself' held_beside_ours

# What ssh would ask jpki-askpass, from a server that does without the host key.
CHALLENGE="(hanako@azumino) JPKI1 remote-login azumino hanako sshd 1795000000 $(printf '%064d' 0) name: "

# In a session of its own, where nothing but pinentry could ask.
signs_with()	# READER, or nothing
{
	on_tty "wait:PIN of the|several readers" "type:$PIN" -- env JPKI_READER="$1" XDG_RUNTIME_DIR="$WORK" \
		jpki-askpass "$CHALLENGE"
}

two_my_number_cards()
{
	two_cards other-person good
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'login: its user has only one' 'auth = 0 PAM_SUCCESS' "$OUT"
	for words in 'pin status' 'trust from-card' 'enroll hanako'; do
		# shellcheck disable=SC2086 # words
		run jpkictl $words
		expect_equal "$words: exit status" 1 "$STATUS"
		expect_has "$words" 'JPKI-E-SEVERAL-CARDS' "$OUT"
		expect_has "$words" 'Virtual PCD 00 01' "$OUT"
	done
	tool_works pin status --reader 'Virtual PCD 00 01'
	tool_works status --reader 'Virtual PCD 00 01'
	expect_lacks 'status' 'Virtual PCD 00 00' "$OUT"
	run jpkictl doctor --reader 'Virtual PCD 00 01'
	expect_has 'doctor' 'D201 ok ' "$OUT"
	expect_lacks 'doctor' 'Virtual PCD 00 00' "$OUT"
	on_tty 'wait:PIN of the' "type:$PIN" -- jpkictl enroll --reader 'Virtual PCD 00 01' hanako
	good_is_enrolled
	signs_with ''
	expect_has 'jpki-askpass' 'several readers' "$OUT"
	expect_lacks 'jpki-askpass' 'JPKI1.' "$OUT"
	signs_with 'Virtual PCD 00 01'
	expect_match 'jpki-askpass' '.*JPKI1\..*' "$OUT"
	run jpkictl pin status --reader 'Virtual PCD 00 07'
	expect_equal 'no such reader: exit status' 1 "$STATUS"
	expect_has 'no such reader' 'there is no reader' "$OUT"
	expect_equal 'tries' 3 "$(at_reader 0 sim get auth-tries)"
	one_card
}
run_case 'readers: two My Number Cards' two_my_number_cards

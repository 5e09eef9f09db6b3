# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Another user of the machine, who guesses the PIN of the card on the reader.
#
# shellcheck disable=SC2016 # some text is for other shells

card_stacks
count_commands
HIS_SU=("${TARO[@]}" sh -c "echo \$\$ > $WORK/his-pid; exec su hanako -c id")
mkdir -p "$WORK"

his_pins_at_the_card=0

# One guess, if there is a prompt; it counts if it reaches the card.
he_guesses()	# [STEP…] (after the PIN is typed)
{
	local before

	sim set auth-tries 3	# hanako has logged in by a program that is no concern of ours
	before=$(stat_of verifies)
	install -m 0666 /dev/null "$WORK/his-pid"
	on_tty "on:5" "$ASKED" "type:$WRONG_PIN" "$@" -- "${HIS_SU[@]}"
	his_pins_at_the_card=$((his_pins_at_the_card + $(stat_of verifies) - before))
}

one_guess_for_each_login()
{
	his_pins_at_the_card=0
	for i in 1 2 3 4 5 6 7; do
		he_guesses
		on_tty "${RIGHT[@]}" -- "${HANAKO[@]}" sudo -k id
		expect_equal "hanako's sudo" 0 "$STATUS"
	done
	[ "$his_pins_at_the_card" -ge 4 ] || fail "he was asked $his_pins_at_the_card times only"
	[ "$his_pins_at_the_card" = 4 ] || broken "$his_pins_at_the_card guesses in as many minutes"
}
# Promise: An account that guesses the PIN of another user's card soon gets no more PIN prompts.
# Letter: he never enters two wrong PINs without a good login of the holder's in between, so the card keeps its tries.
# Seen to succeed: 1e570f7: seven guesses of seven
adversary one-guess-for-each-login one_guess_for_each_login

# He may signal his su. The helper goes on without it.
kills_su_after_the_pin()
{
	local seen

	his_pins_at_the_card=0
	for i in 1 2 3 4 5; do
		sim stats reset
		sim fault "$VERIFY" hang 1500
		seen='for i in $(seq 200); do sim stats | grep -q verifies=1 && break; sleep 0.02; done'
		he_guesses "do:$seen; setpriv --reuid 2002 --clear-groups kill -KILL \$(cat $WORK/his-pid)"
		until_true 10 none_runs jpki_helper || fail 'the helper does not end'
		sim fault clear
	done
	[ "$his_pins_at_the_card" -ge 3 ] || fail "$his_pins_at_the_card PINs reached the card"
	[ "$his_pins_at_the_card" = 3 ] || broken "$his_pins_at_the_card guesses, of which none counts"
	[ "$(find "$GUESSES" -type f | wc -l)" -le 3 ] || broken 'files pile up where failures are recorded'
}
# Promise: A PIN is recorded before it goes to the card.
# Letter: su is ended by its own caller, before the card has answered, so no wrong PIN is ever known to it.
# Seen to succeed: mutant guess-recorded-before-the-card
adversary kills-su-after-the-pin kills_su_after_the_pin

# Each of them was let in when he had not failed once.
many_prompts_at_once()
{
	local pids=() i

	rm -f "$WORK/go"
	for i in 1 2 3 4 5 6; do
		expect -f "$E2E_TOP/tests/e2e/pty.exp" "$ASKED" "do:touch $WORK/asked-$i; while [ ! -e $WORK/go ]; do sleep 0.05; done" \
			"type:$((8280 + i))" -- "${TARO[@]}" su hanako -c id > "$WORK/at-once-$i" 2>&1 < /dev/null &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6; do
		until_true 15 test -e "$WORK/asked-$i" || fail "he has no prompt $i"
	done
	# The card's own counter is given back as often as he likes.
	( while [ ! -e "$WORK/all-ended" ]; do sim set auth-tries 3; sleep 0.02; done ) &
	pids+=($!)
	touch "$WORK/go"
	wait "${pids[@]:0:6}"
	touch "$WORK/all-ended"
	wait "${pids[6]}"
	rm -f "$WORK"/asked-* "$WORK/all-ended"
	[ "$(stat_of verifies)" -ge 1 ] || fail 'none of his PINs reached the card'
	[ "$(stat_of verifies)" -le 3 ] || broken "$(stat_of verifies) guesses at once"
}
# Promise: An account that guesses the PIN of another user's card soon gets no more PIN prompts.
# Letter: he opens all prompts while he has not failed yet, and answers them together.
# Seen to succeed: mutant guesses-judged-after-the-prompt
adversary many-prompts-at-once many_prompts_at_once

# What su may write is his to limit; so is the room that a failure would need.
writes_nothing()
{
	local limit

	for limit in '-f 0' '-n 4'; do
		on_tty on:5 "$ASKED" "type:$WRONG_PIN" -- "${TARO[@]}" sh -c "ulimit $limit; exec su hanako -c id"
		[ "$(stat_of verifies)" = 0 ] || [ -s "$(find "$GUESSES" -name '????????????????' | head -n 1)" ] ||
			broken "with ulimit $limit his PIN reached the card, and is not recorded"
	done
}
# Promise: A PIN is recorded before it goes to the card.
# Letter: nothing forbids him to limit the size of files, and the number of them, for the programs that he starts.
# Seen to succeed: mutant guess-that-cannot-be-recorded
adversary record-that-cannot-be-written writes_nothing

# A guess that no program has seen fail, and one by another service.
leaves_no_trace()
{
	local seen='for i in $(seq 200); do sim stats | grep -q verifies=1 && break; sleep 0.02; done'
	local HIS_SU=("${HIS_SU[@]}")

	his_pins_at_the_card=0
	sim fault "$VERIFY" hang 1500
	he_guesses "do:$seen; setpriv --reuid 2002 --clear-groups kill -KILL \$(cat $WORK/his-pid)"
	until_true 10 none_runs jpki_helper || fail 'the helper does not end'
	sim fault clear
	HIS_SU=("${TARO[@]}" su - hanako -c id)
	he_guesses
	[ "$his_pins_at_the_card" = 2 ] || fail "$his_pins_at_the_card PINs reached the card"
	on_tty "${RIGHT[@]}" -- "${HANAKO[@]}" sudo -k id
	expect_has "hanako's screen" 'uid=0(root)' "$OUT"
	[[ $OUT == *'there were 2 failed PIN entries (taro, su'* ]] || broken 'hanako is not told of his guesses'
	on_tty "${RIGHT[@]}" -- "${HANAKO[@]}" sudo -k id
	expect_lacks "hanako's screen" 'failed PIN' "$OUT"
}
# Promise: At the next login the holder of a card reads once how often the PIN was entered without success, and by which accounts.
# Letter: the first is recorded by a program that he ends before it knows that the PIN was wrong, the second by another.
# Seen to succeed: mutant guesses-are-reported
adversary guess-of-a-killed-program leaves_no_trace

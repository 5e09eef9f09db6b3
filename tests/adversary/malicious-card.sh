# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A card or a reader that is after the PIN, or a helper in place of ours.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

at_the_prompt()	# ITEM… of pamdrive
{
	run pamdrive --service e2e --user hanako "$@"
}

# What a person, a keyboard or a program may make of four digits.
digits_that_are_none()
{
	local hex

	# 827, 82751, " 8275", "8275 ", full-width 8275, 8275 and a newline, a NUL, "+827", Arabic-Indic digits, 8275 twice
	for hex in 383237 3832373531 2038323735 3832373520 efbc98efbc92efbc97efbc95 383237350a 2b383237 \
		d9a8d9a2d9a7d9a5 3832373538323735 0a38323735 3832372e; do
		at_the_prompt "raw=$hex" auth
		expect_equal "asked, $hex" 1 "$(grep -c '^prompt' <<< "$OUT")"
		[ "$(stat_of verifies)" = 0 ] || { broken "$hex reached the card"; break; }
		no_login
	done
}
# Promise: As a PIN, a card only ever gets four digits that were typed for it.
# Letter: they are digits, or four characters, or four bytes and something; the library would take them for a number.
# Seen to succeed: mutant four-digits-before-the-card four-digits-at-the-card four-digits-at-the-prompt
adversary pin-in-other-digits digits_that_are_none

# Another card takes its place, as like it as a card can be.
neighbour_of_the_card()
{
	at_the_prompt "exec=sim swap $(card_dir other-person)" "pin=$PIN" auth
	CARD_DIRTY=yes
	no_login
	[ "$(stat_of verifies)" = 0 ] || broken 'another card got the PIN'
}
# Promise: While the user types, the card cannot be exchanged for an honest card with another certificate.
# Letter: same reader, same ATR, same label, a certificate of the same authority with the next serial number.
# Seen to succeed: mutant same-card-after-the-prompt
adversary card-with-the-next-serial-number neighbour_of_the_card

# It ends its certificate before the two begin to differ.
head_that_is_too_short()
{
	at_the_prompt "exec=sim swap $(card_dir 'other-person auth-ef=head')" "pin=$PIN" auth
	CARD_DIRTY=yes
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
	[ "$(stat_of verifies)" = 0 ] || broken 'another card got the PIN'
}
# Promise: While the user types, the card cannot be exchanged for an honest card with another certificate.
# Letter: every byte that it gives of its certificate is that of the enrolled one; it gives sixteen.
# Seen to succeed: mutant shortest-certificate-head
adversary short-certificate-head head_that_is_too_short

# A counterfeit with the enrolled certificate, which is public, gets the PIN: nothing of this card's protocol prevents
# that. It does not get the login.
counterfeit_at_the_prompt()
{
	local dir=$WORK/counterfeit

	[ -e "$dir" ] || cp -r "$(card_dir good)" "$dir"
	cp "$PKI/other-person.key" "$dir/auth.key"
	at_the_prompt "exec=sim swap $dir" "pin=$PIN" auth
	CARD_DIRTY=yes
	expect_equal 'signatures given' 1 "$(stat_of signs)"
	no_login
}
# Promise: Only a signature over our own challenge, verified with the enrolled key, logs a user in.
# Letter: before and after the prompt the certificate is the enrolled one, to the last byte; the PIN is the right one.
# Seen to succeed: mutant signature-over-our-challenge
adversary counterfeit-at-the-prompt counterfeit_at_the_prompt

# To the query of the tries it answers "wrong length, take mine" (ISO 7816-4): on T=0 the query with a
# length is a VERIFY whose PIN is still to come.
card_that_wants_a_length()
{
	: > "$E2E_LOGS/apdu.trace"
	sim fault ins 20:* sw 6C04
	at_the_prompt "pin=$PIN" auth
	no_login
	run jpkictl status
	run jpkictl survey
	grep -q '^-> 0020' "$E2E_LOGS/apdu.trace" || fail 'the tries were not asked for'
	! grep -qE '^-> 0020....[0-9A-F]' "$E2E_LOGS/apdu.trace" || broken 'VERIFY with a length'
}
# Promise: As a PIN, a card only ever gets four digits that were typed for it.
# Letter: 6C04 is what a card says to a command with a wrong Le, and the right one is named.
# Seen to succeed: mutant tries-query-with-a-length
adversary card-that-asks-for-le card_that_wants_a_length

# It says who its holder is wherever it may say something, and its reader has a number of its own.
card_that_tells()
{
	local known word

	stop_sim
	stop_pcscd
	READER_NAME='Virtual PCD [Taro Yamada] (19800101)' start_pcscd
	start_sim "$(card_dir 'chatty label=TARO-YAMADA tail=TARO-YAMADA-19800101 expiry=19800101 fci-data=5441524F locked-query=1980 ief-read=0101')"
	CARD_DIRTY=yes
	sim set auth-tries 0
	known=" $(grep -oE '`[^`]+`' "$E2E_TOP/doc/real-cards.md" | tr -d '`' | paste -sd' ') "
	: > "$E2E_LOGS/apdu.trace"
	run jpkictl survey
	expect_equal 'exit status' 0 "$STATUS"
	OUT=$(sed '/^The lines below/d; /^version: /d; /^reader: Virtual PCD$/d; /^driver:/d' <<< "$OUT")
	[ "$(wc -l <<< "$OUT")" -ge 25 ] || fail "only $(wc -l <<< "$OUT") lines"
	for word in $OUT; do
		[[ $known == *" ${word%:} "* ]] || broken "it says $word"
	done
	! grep -qE '^-> 0020.... ' "$E2E_LOGS/apdu.trace" || broken 'VERIFY with data'
	! grep -qE '^-> (0024|802A)' "$E2E_LOGS/apdu.trace" || broken 'more than reading'
	expect_equal 'PINs that reached the card' 0 "$(stat_of verifies)"
	stop_sim
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
}
# Promise: `jpkictl survey` sends no PIN, and prints no text from a card or a reader.
# Letter: each thing it says is in a place where a card or a reader may say something.
# Seen to succeed: mutant serial-number-of-a-reader
adversary card-with-identifying-words card_that_tells

# In the helper's place is a program that says what it likes (tests/unit/fakehelper).
helper_that_lies()
{
	local lie

	mkdir -p "$WORK/lies"
	cp -p "$HELPER" "$WORK/helper.ours"
	for lie in 'success without PIN' 'wrong id' 'trailing byte' 'version 1' cut oversized 'unknown status' \
		'ready twice' 'prompt twice' 'die after PIN' 'crash after PIN' 'exit at once' garbage 'empty packet'; do
		printf '%s' "$lie" > "$WORK/lies/mode"
		cp "$E2E_BUILD/tests/unit/fakehelper" "$HELPER"
		run env -C "$WORK/lies" pamdrive --service e2e --user hanako "pin=$PIN" "pin=$PIN" auth
		[ -s "$WORK/lies/tasks" ] || [ "$lie" = 'exit at once' ] || fail "$lie: it did not run"
		rm -f "$WORK/lies/tasks"
		no_login
	done
	cp -p "$WORK/helper.ours" "$HELPER"
}
# Promise: If the helper crashes, sends a false result or is replaced, the login is refused.
# Letter: it speaks the protocol, and says "success"; but for another login, unasked, or with a byte too many.
# Seen to succeed: mutant verdict-of-the-helper-without-a-pin
adversary helper-that-lies helper_that_lies

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who has found or stolen the card, and does not know the PIN.

at_the_prompt()	# ITEM… of pamdrive
{
	run pamdrive --service e2e --user hanako "$@"
}

# VERIFY without data asks for the tries left; to some cards it answers 9000 where the PIN counts as entered.
pin_of_no_digits()
{
	put_card 'good verified-query=9000'
	at_the_prompt 'exec=sim verify-as-other-program' empty auth
	no_login
	at_the_prompt 'exec=sim verify-as-other-program' raw=00 auth
	no_login
	expect_equal 'signatures' 0 "$(stat_of signs)"
}
# Promise: Without the PIN there is no login.
# Letter: another program has verified the PIN; "nothing" is typed, which the card answers as it answers the right PIN.
# Seen to succeed: mutant foreign-state-dropped tries-read-again four-digits-before-the-card four-digits-at-the-card four-digits-at-the-prompt
adversary empty-pin pin_of_no_digits

# The reader says at first what the card does not.
three_tries_shown()
{
	sim set auth-tries 1
	sim fault ins 20:1 sw 63C3
	at_the_prompt "pin=$WRONG_PIN" auth
	expect_has 'the prompt' '3 tries left' "$OUT"
	no_login
	[ "$(sim get auth-tries)" = 1 ] || broken 'the last try is spent'
}
# Promise: Logins use at most two tries; the third is kept unless the administrator allows it.
# Letter: the card's try counter is read before each VERIFY, and it has answered "3".
# Seen to succeed: mutant tries-read-again
adversary try-counter-changed-meanwhile three_tries_shown

# As many programs as he likes, each with one PIN.
program_after_program()
{
	local i

	for i in 0000 1111 2222 3333; do
		at_the_prompt "pin=$i" auth
		no_login
	done
	[ "$(sim get auth-tries)" = 1 ] || broken "tries left: $(sim get auth-tries)"
}
# Promise: Logins use at most two tries; the third is kept unless the administrator allows it.
# Letter: each program sends one VERIFY and no more, and remembers nothing of the others.
# Seen to succeed: mutant last-try-kept
adversary one-try-in-each-program program_after_program

# A program that answers every question with the same text, as lockers with one field do.
same_text_again()
{
	at_the_prompt "pin=$WRONG_PIN" auth "pin=$WRONG_PIN" auth "pin=$WRONG_PIN" auth
	[ "$(stat_of verifies)" = 1 ] || broken "$(stat_of verifies) tries spent by one typed PIN"
}
# Promise: Logins use at most two tries; the third is kept unless the administrator allows it.
# Letter: each call of pam_authenticate sends one VERIFY; the person has typed once.
# Seen to succeed: mutant wrong-pin-not-repeated
adversary wrong-pin-repeated same_text_again

# He opened the prompt before the card was reported, and types after it.
reported_meanwhile()	# COMMAND
{
	at_the_prompt "exec=$1" "pin=$PIN" auth
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
	rm -f /etc/pam_jpki/blocked
	reset_config
}
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: when the card was judged, no list had it; the prompt has been open since.
# Seen to succeed: mutant recheck-after-prompt
adversary revoked-meanwhile reported_meanwhile "crlput $CRLS $NSSDB $PKI/crl/ca1-good-revoked.crl"
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: when the card was judged, the block list was empty; the prompt has been open since.
# Seen to succeed: mutant recheck-after-prompt
adversary blocked-meanwhile reported_meanwhile "jpkictl block $PKI/good.crt"

# Between us and the server of the lists he hands out the one from before the card was reported.
list_of_yesterday()
{
	run crlput "$CRLS" "$NSSDB" "$PKI/crl/ca1-good-revoked.crl"
	expect_equal 'the list with the card' 0 "$STATUS"
	run jpkictl crl import "$PKI/crl/ca1.crl"
	at_the_prompt "pin=$PIN" auth
	no_login
	reset_config
}
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: the list is the authority's own, well signed, and not yet due.
# Seen to succeed: mutant older-crl
adversary older-crl list_of_yesterday

# The authority's list has the card, behind entries that no encoder should write, or in such a form itself.
on_an_odd_list()	# LEAF
{
	reset_config
	enroll hanako "$1"
	put_card "$1"
	rm -rf "$CRLS"
	run crlput "$CRLS" "$NSSDB" "$PKI/crl/ca1-odd.crl"
	expect_equal 'the odd list' 0 "$STATUS"
	at_the_prompt "pin=$PIN" auth
	no_login
	put_card good
	reset_config
}
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: odd entries are passed over, and his comes after them.
# Seen to succeed: mutant crl-entries-after-an-odd-one
adversary revoked-after-odd-crl-entries on_an_odd_list revoked
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: a negative number is no certificate's; the encoder left out the zero that keeps his positive.
# Seen to succeed: mutant negative-serial-number
adversary negative-serial-number on_an_odd_list revoked-sign
# Promise: A reported card is refused, by CRL, by block list, or by removing its enrollment, both before and after the PIN prompt.
# Letter: his number has zeros before it on the list, and has none on the card.
# Seen to succeed: mutant serial-number-with-zeros
adversary serial-number-with-zeros on_an_odd_list revoked-zeros

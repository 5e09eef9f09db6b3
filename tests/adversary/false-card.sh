# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker with a false card, which sends anything.

# counterfeit: on the reader, a card with the enrolled certificate, which is public, and a key of
# its own; it takes any PIN.
counterfeit()
{
	local dir=$WORK/counterfeit

	[ -e "$dir" ] || cp -r "$(card_dir good)" "$dir"
	cp "$PKI/other-person.key" "$dir/auth.key"
	sim_commands "swap $dir; fault ins 20:* accept-any-pin"
}

the_card_that_says_yes()
{
	counterfeit
	run pamdrive --service e2e --user hanako pin=0000 auth
	expect_equal 'signatures given' 1 "$(stat_of signs)"
	no_login
}
# Promise: Only a signature over our own challenge, verified with the enrolled key, logs a user in.
# Letter: it has the enrolled certificate, takes any PIN, and signs the challenge well, with a key of its own.
# Seen to succeed: mutant signature-over-our-challenge
adversary card-that-accepts-any-pin the_card_that_says_yes

# Issued by the real authority, to the real holder; the card has its key, and signs.
certificate_for_something_else()
{
	local leaf

	write_conf 'policy_oid = 1.2.392.200149.8.5.1.3.30'
	for leaf in wrong-policy wrong-ku no-ku sha1 rsa1024 expired not-yet other-ca expired-ca-leaf by-nosign; do
		enroll hanako "$leaf"
		put_card "$leaf"
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		no_login
	done
	reset_config
}
# Promise: The certificate must be from a trusted authority, for this use, strong enough, and valid now.
# Letter: all is well with it but one thing each: it was issued under another policy, for another use, by a namesake, too long ago.
# Seen to succeed: mutant policy
adversary certificate-for-something-else certificate_for_something_else

# He opened the prompt before the administrator withdrew the authority of his certificate, and types after it.
authority_of_before()
{
	run pamdrive --service e2e --user hanako \
		"exec=jpkictl trust remove $(sha256sum "$PKI/ca1.der" | cut -d' ' -f1)" "pin=$PIN" auth
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
	reset_config
}
# Promise: The certificate must be from a trusted authority, for this use, strong enough, and valid now.
# Letter: when the certificate was judged its authority was trusted; the database from then is still open.
# Seen to succeed: mutant authorities-of-before
adversary authority-of-before authority_of_before

# He opened the prompt before the administrator put another directory of registrations in the place of the old one.
registrations_of_before()
{
	local inode

	# On an overlay, only a directory that was made there can be renamed: mv copies any other.
	cp -a "$USERS" "$USERS.made"
	rm -r "$USERS"
	mv "$USERS.made" "$USERS"
	inode=$(stat -c %i "$USERS")
	run pamdrive --service e2e --user hanako \
		"exec=mv $USERS $USERS.before && install -d -m 755 $USERS" "pin=$PIN" auth
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
	expect_equal 'the directory of before' "$inode" "$(stat -c %i "$USERS.before")"
	rmdir "$USERS"
	mv "$USERS.before" "$USERS"
}
# Promise: Files that decide about logins belong to root, only root can write them, and their paths have no symbolic links.
# Letter: every directory on the way to his registration belongs to root and is open already; one has another name by now.
# Seen to succeed: mutant kept-directory-not-looked-at
adversary registrations-of-before registrations_of_before

# A list in the name of the authority, by an attacker who has another key of that name.
list_of_a_namesake()
{
	rm -rf "$CRLS"
	run jpkictl crl import "$PKI/crl/ca1-wrong-key.crl"
	run crlput "$CRLS" "$NSSDB" "$PKI/crl/ca1-wrong-key.crl"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	no_login
	reset_config
}
# Promise: A CRL counts only if the authority that issued the certificate has signed it.
# Letter: issuer, scope and times are those of the real list; it is well signed, by the key of another authority of that name.
# Seen to succeed: mutant signature-of-a-crl
adversary crl-of-a-namesake list_of_a_namesake

# Its maker founded an authority of the same name as the real one, and an administrator in a hurry agrees to everything.
authority_of_a_forger()
{
	local known=/usr/share/pam_jpki/jpki-ca.fingerprints real

	real=$(sha256sum "$PKI/ca1.der" | cut -d' ' -f1)
	cp "$known" "$WORK/known"
	for line in "$real published authca99" "$real unconfirmed authca99" \
		"$real corroborated authca99 source=https://a.example/x source=https://b.example/x"; do
		printf '%s\n' "$line" > "$known"
		rm -rf "$NSSDB"
		put_card 'good ca=ca2'
		run jpkictl trust from-card --yes
		on_tty 'wait:fingerprint' type:y -- jpkictl trust from-card
		[ ! -e "$NSSDB/cert9.db" ] || [ "$(certutil -L -d "sql:$NSSDB" | grep -c 'T,,')" = 0 ] ||
			broken 'the authority of the card is trusted'
	done
	install -m 0644 "$WORK/known" "$known"
	put_card good
	reset_config
}
# Promise: An authority that a card presents becomes trusted only by a fingerprint that comes from elsewhere, and after a yes.
# Letter: it has the name, serial number and extensions of the real one, and signed the certificate on the card.
# Seen to succeed: mutant fingerprint-that-is-listed
adversary forged-authority authority_of_a_forger

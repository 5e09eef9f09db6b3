# shellcheck shell=bash
# A card's life: its authority becomes trusted, it is renewed, it is lost; and what
# the log keeps of it.

KNOWN=/usr/share/pam_jpki/jpki-ca.fingerprints
EVERY_HEX='[0-9a-f]{64}'

fingerprint_of()	# CERTIFICATE of the test PKI
{
	sha256sum "$PKI/$1.der" | cut -d' ' -f1
}

trusted_count()
{
	[ -e "$NSSDB/cert9.db" ] || { echo 0; return; }
	certutil -L -d "sql:$NSSDB" | grep -c 'T,,'
}

# refused_words EXIT TEXT WORD…: jpkictl says so and ends so.
refused_words()
{
	local status=$1 text=$2

	shift 2
	RUN_LIMIT=20 run jpkictl "$@"
	expect_equal "jpkictl $*" "$status" "$STATUS"
	expect_has "jpkictl $*" "$text" "$OUT"
}

# --- trust without a network ----------------------------------------------------------

from_card()
{
	local ca1 ca2

	ca1=$(fingerprint_of ca1) ca2=$(fingerprint_of ca2)
	rm -rf "$NSSDB"
	refused_words 1 'nothing was changed: take the fingerprint from the publication' trust from-card
	expect_match 'subject' '.*OU=JPKI for user authentication,O=JPKI,C=JP.*' "${OUT//$'\n'/ }"
	expect_has 'validity' "$(date -u -d "$(openssl x509 -in "$PKI/ca1.crt" -noout -enddate | cut -d= -f2) + 9 hours" +%Y-%m-%d)" "$OUT"
	expect_has 'fingerprint' "$ca1" "$OUT"
	expect_equal 'trusted' 0 "$(trusted_count)"
	refused_words 1 'another than the one accepted' trust from-card --accept-fingerprint "$ca2"
	expect_equal 'trusted' 0 "$(trusted_count)"
	run jpkictl trust from-card --accept-fingerprint "$(sed 's/../&:/g; s/:$//' <<< "${ca1^^}")"
	expect_equal 'from-card, accepted' 0 "$STATUS"
	put_card good2
	run jpkictl trust from-card --reader 'Virtual PCD' -a "$ca2"
	expect_equal 'from-card, the next generation' 0 "$STATUS"
	run jpkictl trust list
	expect_equal 'names of the two' 1 "$(grep '^[^ ]' <<< "$OUT" | sort -u | wc -l)"
	expect_equal 'fingerprints of the two' "$(printf '%s\n' "$ca1" "$ca2" | sort)" \
		"$(grep -oE "$EVERY_HEX" <<< "$OUT" | sort)"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	enrol hanako good2	# one by one: the two have one serial number, too
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login with the one' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	put_card good
	enrol hanako good
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login with the other' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	reset_config
}
run_case 'jpkictl trust from-card: two generations of one name' from_card

from_card_known()
{
	local ca1

	ca1=$(fingerprint_of ca1)
	rm -rf "$NSSDB"
	cp "$KNOWN" "$WORK/known"
	# What is installed names none that nobody compared.
	expect_equal 'published fingerprints installed' 0 "$(grep -cE "^$EVERY_HEX published " "$KNOWN")"
	printf '# test\n%s unconfirmed authca99\n' "$ca1" > "$KNOWN"
	refused_words 1 'nothing was changed' trust from-card
	expect_has 'whose it is' 'a copy of authca99' "$OUT"
	expect_equal 'trusted' 0 "$(trusted_count)"
	printf '%s published authca99\n' "$ca1" > "$KNOWN"
	refused_words 1 'another than the one accepted' trust from-card -a "$(fingerprint_of ca2)"
	run jpkictl trust from-card
	expect_equal 'from-card, published' 0 "$STATUS"
	expect_has 'what it compared with' 'publishes for authca99' "$OUT"
	expect_equal 'trusted' 1 "$(trusted_count)"
	rm -rf "$NSSDB"
	damaged_known "line 2" "$(printf '%s published authca99\n%s unconfirmed authca98\n' "$ca1" "$ca1")"
	damaged_known "line 2" "$(printf '%s published authca99\n%s sure authca98\n' "$ca1" "$(fingerprint_of ca2)")"
	damaged_known "line 1" "${ca1:0:62} published authca99"
	damaged_known "line 1" "$ca1 published authca99 more"
	chmod 0666 "$KNOWN"
	refused_words 1 'install the file anew' trust from-card -a "$ca1"
	rm "$KNOWN"
	refused_words 1 'install the file anew' trust from-card -a "$ca1"
	expect_equal 'trusted' 0 "$(trusted_count)"
	install -m 0644 "$WORK/known" "$KNOWN"
	reset_config
}

damaged_known()	# LINE TEXT
{
	printf '%s\n' "$2" > "$KNOWN"
	refused_words 1 "$1: not understood" trust from-card -a "$(fingerprint_of ca1)"
	expect_equal 'trusted' 0 "$(trusted_count)"
}
run_case 'jpkictl trust from-card: fingerprints the project knows' from_card_known

from_card_refuses()
{
	local before

	before=$(cat "$NSSDB"/* | sha256sum)
	refused_words 2 'that has 64 hex digits' trust from-card -a "${PIN}abcd"
	refused_words 2 'that has 64 hex digits' trust from-card -a ''
	refused_words 2 'Try ' trust from-card file
	refused_words 1 JPKI-E-NO-READER trust from-card --reader ACME
	put_card 'good ca=sign'
	refused_words 1 JPKI-E-CERT-KIND trust from-card -a "$(fingerprint_of sign)"
	put_card 'good profile=nojpki'
	refused_words 1 JPKI-E-NOT-JPKI trust from-card -a "$(fingerprint_of ca1)"
	sim remove
	refused_words 1 JPKI-E-NO-CARD trust from-card -a "$(fingerprint_of ca1)"
	CARD_DIRTY=yes
	run setpriv --reuid 2002 --regid 2002 --clear-groups jpkictl trust from-card -a "$(fingerprint_of ca1)"
	expect_equal 'a plain user' 1 "$STATUS"
	expect_equal 'the database' "$before" "$(cat "$NSSDB"/* | sha256sum)"
}
run_case 'jpkictl trust from-card refuses' from_card_refuses

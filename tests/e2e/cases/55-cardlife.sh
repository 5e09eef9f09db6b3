# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # lib.sh uses CARD_DIRTY
#
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
	refused_words 3 'nothing was changed: take the fingerprint from the publication' trust from-card
	expect_match 'subject' '.*OU=JPKI for user authentication,O=JPKI,C=JP.*' "${OUT//$'\n'/ }"
	expect_has 'validity' "$(date -u -d "$(openssl x509 -in "$PKI/ca1.crt" -noout -enddate | cut -d= -f2) + 9 hours" +%Y-%m-%d)" "$OUT"
	expect_has 'fingerprint' "$ca1" "$OUT"
	expect_equal 'trusted' 0 "$(trusted_count)"
	refused_words 1 'differs from the accepted one' trust from-card --accept-fingerprint "$ca2"
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
	enroll hanako good2	# one by one: the two have one serial number, too
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login with the one' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	put_card good
	enroll hanako good
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login with the other' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	reset_config
}
run_case 'jpkictl trust from-card: two generations of one name' from_card

damaged_known()	# LINE TEXT
{
	printf '%s\n' "$2" > "$KNOWN"
	refused_words 1 "$1: not understood" trust from-card -a "$(fingerprint_of ca1)"
	expect_equal 'trusted' 0 "$(trusted_count)"
}

from_card_known()
{
	local ca1

	ca1=$(fingerprint_of ca1)
	rm -rf "$NSSDB"
	cp "$KNOWN" "$WORK/known"
	# The installed list has only authorities that have been compared.
	# The three generations of doc/facts/jpki-card.md, each with its name.
	expect_equal 'generations' "$(sed -nE 's/^\|(authca0[1-9])\|.*\|([0-9A-F]{64}) .*/\L\2 \1/p' \
		"$E2E_TOP/doc/facts/jpki-card.md" | sort)" "$(sed -nE "s/^($EVERY_HEX) [a-z]+ ([^ ]+).*/\1 \2/p" "$KNOWN" | sort)"
	expect_equal 'published fingerprints installed' 0 "$(grep -cE "^$EVERY_HEX published " "$KNOWN")"
	printf '# test\n%s unconfirmed authca99\n' "$ca1" > "$KNOWN"
	refused_words 3 'nothing was changed' trust from-card
	expect_has 'whose it is' 'that of authca99 in one copy only' "$OUT"
	refused_words 3 'nothing was changed' trust from-card --yes
	expect_equal 'trusted' 0 "$(trusted_count)"
	printf '%s published authca99\n' "$ca1" > "$KNOWN"
	refused_words 1 'differs from the accepted one' trust from-card -a "$(fingerprint_of ca2)"
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
	refused_words 1 'install the package again' trust from-card -a "$ca1"
	rm "$KNOWN"
	refused_words 1 'install the package again' trust from-card -a "$ca1"
	expect_equal 'trusted' 0 "$(trusted_count)"
	install -m 0644 "$WORK/known" "$KNOWN"
	reset_config
}
run_case 'jpkictl trust from-card: fingerprints the project knows' from_card_known

# Independent copies: yes or no, and who says nothing says no.
SOURCES="source=https://forge.example/taro/cards source=https://forge.example/hanako/cards"
from_card_corroborated()
{
	local ca1

	ca1=$(fingerprint_of ca1)
	rm -rf "$NSSDB"
	cp "$KNOWN" "$WORK/known"
	printf '%s corroborated authca99 %s\n' "$ca1" "$SOURCES" > "$KNOWN"
	refused_words 3 'nothing was changed' trust from-card
	expect_has 'what the sources are' 'https://forge.example/hanako/cards' "$OUT"
	expect_equal 'trusted without an answer' 0 "$(trusted_count)"
	for answer in n '' maybe "$ca1"; do
		on_tty 'wait:Trust this authority' "type:$answer" -- jpkictl trust from-card
		expect_equal "exit status, '$answer'" 3 "$STATUS"
		expect_equal "trusted after '$answer'" 0 "$(trusted_count)"
	done
	on_tty 'wait:Trust this authority' key:04 -- jpkictl trust from-card
	expect_equal 'exit status, end of input' 3 "$STATUS"
	refused_words 1 'differs from the accepted one' trust from-card --yes -a "$(fingerprint_of ca2)"
	expect_equal 'trusted' 0 "$(trusted_count)"
	on_tty 'wait:Trust this authority' type:y -- jpkictl trust from-card
	expect_equal 'exit status, yes' 0 "$STATUS"
	expect_has 'fingerprint' "$ca1" "$OUT"
	expect_has 'validity' 'valid ' "$OUT"
	expect_equal 'trusted' 1 "$(trusted_count)"
	rm -rf "$NSSDB"
	run jpkictl trust from-card --yes
	expect_equal 'exit status, --yes' 0 "$STATUS"
	rm -rf "$NSSDB"
	# A card of another maker: the list names ca1, and it carries an authority of the same name.
	put_card 'good ca=ca2'
	refused_words 3 'nothing was changed' trust from-card --yes
	expect_equal 'trusted' 0 "$(trusted_count)"
	put_card good
	damaged_known 'line 1' "$ca1 corroborated authca99 ${SOURCES%% *}"
	damaged_known 'line 1' "$ca1 corroborated authca99 $SOURCES more"
	damaged_known 'line 2' "$(printf '%s corroborated authca99 %s\n%s agreed authca98\n' "$ca1" "$SOURCES" "$(fingerprint_of ca2)")"
	install -m 0644 "$WORK/known" "$KNOWN"
	reset_config
}
run_case 'jpkictl trust from-card: independent copies' from_card_corroborated

# What J-LIS publishes, fetched: a server of this namespace is in its place.
PUBLISHER=https://localhost:8444
publish()	# NAME of the test PKI
{
	install -m 0644 "$PKI/$1.der" "$WORK/publisher/authca99.cer"
}
fetch_answer()	# STATUS TEXT ARGUMENT…
{
	refused_words "$1" "$2" trust from-card "${@:3}"
	expect_equal 'files left behind' '' "$(compgen -G '/var/tmp/jpki.*')"
}
from_card_compared()
{
	local ca1 server

	ca1=$(fingerprint_of ca1)
	rm -rf "$NSSDB"
	cp "$KNOWN" "$WORK/known"
	mkdir -p "$WORK/publisher"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/publisher.key" -out "$WORK/publisher.crt" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	: > "$WORK/publisher.log"
	python3 "$E2E_TOP/tests/e2e/webserver.py" "$WORK/publisher" 8444 "$WORK/publisher.log" "$WORK/publisher.crt" \
		"$WORK/publisher.key" >> "$LOG" 2>&1 &
	server=$!
	until_true 10 listens 8444 || fail 'the web server does not start'
	printf '%s unconfirmed authca99 at=%s/authca99.cer\n' "$ca1" "$PUBLISHER" > "$KNOWN"
	publish ca1
	fetch_answer 3 'ertificate' --yes	# of a server that nobody vouches for
	cp -a /etc/ssl/certs/ca-certificates.crt "$WORK/ca-certificates.crt"
	cat "$WORK/publisher.crt" >> /etc/ssl/certs/ca-certificates.crt
	fetch_answer 3 'nothing was changed'	# no terminal, no --yes: nothing is fetched
	expect_equal 'requests' 0 "$(grep -c . "$WORK/publisher.log")"
	on_tty 'wait:Compare it with what J-LIS publishes' type:n -- jpkictl trust from-card
	expect_equal 'exit status, no' 3 "$STATUS"
	expect_equal 'requests' 0 "$(grep -c . "$WORK/publisher.log")"
	publish ca2	# another of the same name
	fetch_answer 1 'is not the certificate on the card' --yes
	head -c 400 "$PKI/ca1.der" > "$WORK/publisher/authca99.cer"
	fetch_answer 1 'is not the certificate on the card' --yes
	{ cat "$PKI/ca1.der"; echo; } > "$WORK/publisher/authca99.cer"
	fetch_answer 1 'is not the certificate on the card' --yes
	: > "$WORK/publisher/authca99.cer"
	fetch_answer 1 'is not the certificate on the card' --yes
	rm "$WORK/publisher/authca99.cer"
	fetch_answer 3 404 --yes
	expect_equal 'trusted' 0 "$(trusted_count)"
	publish ca1
	on_tty 'wait:Compare it with what J-LIS publishes' type: -- jpkictl trust from-card
	expect_equal 'exit status, Enter' 0 "$STATUS"
	expect_has 'what it says' "It is the certificate that J-LIS publishes: $PUBLISHER/authca99.cer" "$OUT"
	expect_equal 'trusted' 1 "$(trusted_count)"
	kill "$server"
	rm -rf "$NSSDB"
	until_true 10 eval '! listens 8444' || fail 'the web server does not end'
	fetch_answer 3 'onnect' --yes
	expect_equal 'trusted' 0 "$(trusted_count)"
	cat "$WORK/ca-certificates.crt" > /etc/ssl/certs/ca-certificates.crt
	install -m 0644 "$WORK/known" "$KNOWN"
	reset_config
}
run_case 'jpkictl trust from-card: compared with the publication' from_card_compared

from_card_refuses()
{
	local before

	before=$(cat "$NSSDB"/* | sha256sum)
	refused_words 2 'which has 64 hex digits' trust from-card -a "${PIN}abcd"
	refused_words 2 'which has 64 hex digits' trust from-card -a ''
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

# --- renewal --------------------------------------------------------------------------

enrolled_count()
{
	grep -c 'BEGIN CERTIFICATE' "$USERS/hanako.pem"
}

enroll_add()
{
	rm -f "$USERS/hanako.pem"
	SUDO_UID=2002 on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll --add hanako
	expect_equal 'the first card' 0 "$STATUS"
	expect_match 'when and by whom' 'enrolled 20[0-9-]+T[0-9:]+Z from the card, key proven, by root \(uid 0\)(, logged in as [a-z?]+ \(uid [0-9]+\))?' \
		"$(grep '^enrolled' "$USERS/hanako.pem")"
	if [ "$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)" = 4294967295 ]; then
		expect_has 'who called sudo' 'logged in as taro (uid 2002)' "$(< "$USERS/hanako.pem")"
	fi
	put_card renewed
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_logged 'JPKI-E-RENEWED user=hanako'
	# A PIN that is wrong, a card that goes: the old one stays and the new one is not there.
	cp "$USERS/hanako.pem" "$WORK/one.pem"
	on_tty 'wait:PIN' "type:$WRONG_PIN" -- jpkictl enroll --add hanako
	expect_equal 'with a wrong PIN' 1 "$STATUS"
	on_tty 'wait:PIN' 'do:sim remove' "type:$PIN" -- jpkictl enroll --add hanako
	expect_equal 'with no card' 1 "$STATUS"
	cmp -s "$WORK/one.pem" "$USERS/hanako.pem" || fail 'the enrollment changed'
	put_card renewed
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll --add hanako
	expect_equal 'the second card' 0 "$STATUS"
	expect_equal 'enrolled' 2 "$(enrolled_count)"
	expect_card_forgot
	both_log_in
	run jpkictl enroll --add --from-file "$PKI/good.crt" hanako
	expect_equal 'the first one again' 0 "$STATUS"
	expect_equal 'enrolled' 2 "$(enrolled_count)"
	expect_equal 'how' 'from a file, key not proven;from the card, key proven;' \
		"$(sed -nE 's/^enrolled [^ ]+ (from.*), by .*/\1;/p' "$USERS/hanako.pem" | LC_ALL=C sort | tr -d '\n')"
	both_log_in
	put_card renewed
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'in place of both' 1 "$(enrolled_count)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	CARD_DIRTY=yes
	reset_config
}

both_log_in()
{
	local leaf

	for leaf in good renewed; do
		put_card "$leaf"
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		expect_match "login with $leaf" '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	done
}
run_case 'jpkictl enroll --add: the old card until the new one is proven, and beside it' enroll_add

enroll_add_refuses()
{
	printf -- '-----BEGIN CERTIFICATE-----\nMIIx\n' > "$USERS/hanako.pem"
	cp "$USERS/hanako.pem" "$WORK/damaged.pem"
	# No terminal: no prompt for a PIN that would be useless.
	refused_words 1 JPKI-E-ENROLMENT enroll --add hanako
	refused_words 1 JPKI-E-ENROLMENT enroll --add --from-file "$PKI/good.crt" hanako
	cmp -s "$WORK/damaged.pem" "$USERS/hanako.pem" || fail 'the damaged file changed'
	enroll hanako good renewed
	cp "$USERS/hanako.pem" "$WORK/two.pem"
	refused_words 1 JPKI-E-CERT-EXPIRED enroll --add --from-file "$PKI/expired.crt" hanako
	refused_words 1 JPKI-E-CERT-BAD enroll --add --from-file "$PKI/crl/ca1.crl" hanako
	refused_words 1 'no user' enroll --add --from-file "$PKI/good.crt" nosuchuser
	refused_words 1 'cannot be a user' enroll --add --from-file "$PKI/good.crt" ../hanako
	refused_words 1 'cannot be a user' enroll --add --from-file "$PKI/good.crt" $'hanako\n'
	rm -f "$USERS.lock" && mkdir "$USERS.lock"
	refused_words 1 'the lock beside it cannot be opened' enroll --add --from-file "$PKI/good2.crt" hanako
	refused_words 1 'the lock beside it cannot be opened' revoke hanako
	rmdir "$USERS.lock"
	cmp -s "$WORK/two.pem" "$USERS/hanako.pem" || fail 'the enrollment changed'
	reset_config
}
run_case 'jpkictl enroll --add refuses and changes nothing' enroll_add_refuses

# What one adds and what the other removes at the same time: never half of it.
enroll_at_once()
{
	local leaf pids=()

	rm -f "$USERS/hanako.pem"
	for leaf in good renewed soon ec256; do
		jpkictl enroll --add --from-file "$PKI/$leaf.crt" hanako >> "$LOG" 2>&1 &
		pids+=($!)
	done
	for leaf in "${pids[@]}"; do
		wait "$leaf" || fail 'one of four failed'
	done
	expect_equal 'enrolled' 4 "$(enrolled_count)"
	expect_equal 'the lock' '0 600' "$(stat -c '%u %a' "$USERS.lock")"
	reset_config
}
run_case 'jpkictl enroll --add, four at once' enroll_at_once

list_urgency()
{
	enroll hanako good
	enroll taro renewed
	enroll root soon
	run jpkictl list
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'the most urgent first' 'root hanako taro' "$(sed 1d <<< "$OUT" | cut -d' ' -f1 | paste -sd' ')"
	refused_words 0 root list --warn-days 20
	refused_words 3 root list --warn-days 40
	enroll root expired
	refused_words 3 root list -w 0
	rm "$USERS/root.pem"
	refused_words 0 hanako list -w 0
	enroll root good2 && rm -rf "$CRLS"
	refused_words 3 JPKI-E-CRL-MISSING list -w 0
	printf 'junk\n' > "$USERS/root.pem"
	refused_words 1 root list -w 0
	expect_equal 'what cannot be read is first' 'root hanako taro' "$(grep -vE '^(jpkictl|USER)' <<< "$OUT" | cut -d' ' -f1 | paste -sd' ')"
	for words in -1 4001 x '' 1x; do
		refused_words 2 'is not a number of days' list --warn-days "$words"
	done
	refused_words 2 'Try ' list hanako
	reset_config
}
run_case 'jpkictl list: by urgency, --warn-days' list_urgency

list_json()
{
	local days

	enroll taro renewed
	run jpkictl list --json
	expect_equal 'exit status' 0 "$STATUS"
	days=$((($(sed -n 's/^good_not_after=//p' "$PKI/times") - $(date +%s)) / 86400))
	expect_equal 'the first' "hanako JPKI-OK $(fingerprint_of good) $days $(date -u -d "@$(sed -n 's/^good_not_after=//p' "$PKI/times")" +%Y-%m-%dT%H:%M:%SZ)" \
		"$(json_of '.[0] | "\(.user) \(.state) \(.sha256) \(.days_left) \(.not_after)"')"
	expect_equal 'how many' 2 "$(json_of length)"
	printf 'junk\n' > "$USERS/taro.pem"
	jpkictl list --json > "$WORK/list.json" 2>> "$LOG"
	expect_equal 'exit status' 1 $?
	OUT=$(< "$WORK/list.json")
	expect_equal 'the damaged one' 'taro JPKI-E-ENROLMENT 2' "$(json_of '.[0] | "\(.user) \(.state) \(length)"')"
	rm -rf "$USERS"
	run jpkictl list --json
	expect_equal 'nobody' '[]' "$OUT"
	reset_config
}

json_of()	# FILTER of jq, on OUT
{
	jq -r "$1" <<< "$OUT" 2>> "$LOG"
}
run_case 'jpkictl list --json' list_json

# --- loss -----------------------------------------------------------------------------

BLOCKED=/etc/pam_jpki/blocked

expect_login()	# WHAT REGEX
{
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match "$1" "[0-9]+ PAM_($2)" "$(transcript 'auth = ')"
}

block_certificate()
{
	local apdus

	install_pam_service e2e "$(stack)"
	run jpkictl block "$PKI/good.crt"
	expect_equal 'block' 0 "$STATUS"
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$BLOCKED")"
	expect_logged "jpkictl\[[0-9]+\]: JPKI-ADMIN action=block cert=$(fingerprint_of good) uid=0 login=([0-9]+|-)\$"
	apdus=$(stat_of apdus)
	expect_login 'a blocked certificate' CRED_EXPIRED
	expect_has 'the screen' 'has blocked this card' "$OUT"
	expect_logged 'JPKI-E-BLOCKED user=hanako'
	expect_equal 'commands to the card' "$apdus" "$(stat_of apdus)"
	install_pam_service e2e "$(stack crl=off)"
	expect_login 'without CRLs' CRED_EXPIRED
	install_pam_service e2e "$(stack)"
	run jpkictl list
	expect_has 'list' JPKI-E-BLOCKED "$OUT"
	run jpkictl block --list
	expect_match 'block --list' "certificate $(fingerprint_of good)   blocked 20[0-9-]+T[0-9:]+Z by root \(uid 0\).*" "${OUT//$'\n'/ }"
	run setpriv --reuid 2001 --regid 2001 --clear-groups pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'as a locker does' '[0-9]+ PAM_CRED_EXPIRED' "$(transcript 'auth = ')"
	run jpkictl block "$(fingerprint_of good)"
	expect_equal 'blocked twice' '0 1' "$STATUS $(grep -c '^certificate' "$BLOCKED")"
	run jpkictl unblock "$USERS/hanako.pem"
	expect_equal 'unblock' 0 "$STATUS"
	expect_logged "JPKI-ADMIN action=unblock cert=$(fingerprint_of good) "
	expect_login 'unblocked' SUCCESS
	refused_words 1 'was not blocked' unblock "$PKI/good.crt"
	run jpkictl block --list
	expect_has 'block --list' 'Nothing is blocked' "$OUT"
	rm -f "$BLOCKED"
}
run_case 'jpkictl block CERT, unblock' block_certificate

block_serial()
{
	local serial

	serial=$(openssl x509 -in "$PKI/good.crt" -noout -serial | cut -d= -f2)
	run jpkictl block "$serial"
	expect_equal 'block' 0 "$STATUS"
	expect_has 'under whom' 'of each of 3 authorities' "$OUT"
	expect_equal 'lines' 3 "$(grep -c "^serial .* ${serial,,} " "$BLOCKED")"
	expect_login 'a blocked serial number' CRED_EXPIRED
	run jpkictl unblock "00:$serial"
	expect_equal 'unblock' '0 0' "$STATUS $(grep -c ^serial "$BLOCKED")"
	expect_login 'unblocked' SUCCESS
	fresh_card
	# The same number of the next generation, which has the same name.
	run jpkictl block --issuer "$(fingerprint_of ca2 | cut -c1-12)" "$serial"
	expect_has 'under whom' 'of 1 authority' "$OUT"
	expect_login "another authority's serial number" SUCCESS
	run jpkictl block --issuer "$(fingerprint_of ca1)" "${serial,,}"
	expect_login 'a blocked serial number' CRED_EXPIRED
	expect_logged "action=block serial=$EVERY_HEX:${serial,,} uid=0"
	rm -f "$BLOCKED"
	fresh_card
}
run_case 'jpkictl block SERIAL' block_serial

block_refuses()
{
	local before words

	run jpkictl block "$PKI/other-person.crt"
	before=$(sha256sum < "$BLOCKED")
	refused_words 1 'not a regular file' block "$WORK"
	refused_words 1 'no-such-file' block "$WORK/no-such-file"
	refused_words 1 JPKI-E-CERT-BAD block "$PKI/crl/ca1.crl"
	echo garbage > "$WORK/garbage"
	refused_words 1 'neither DER nor PEM' block "$WORK/garbage"
	cat "$PKI/good.crt" <(printf -- '-----BEGIN CERTIFICATE-----\nx\n') > "$WORK/half.pem"
	refused_words 1 JPKI-E-CERT-BAD block "$WORK/half.pem"
	for words in "$(printf '%041d' 0 | tr 0 a)" 0 ''; do
		refused_words 1 'neither a serial number nor' block "$words"
	done
	refused_words 1 'no trusted authority matches' block --issuer "$(fingerprint_of good)" 1234
	refused_words 2 'at least 8 digits' block --issuer 1234 1234
	for words in 'block' 'block --list 12' 'block 12 34' 'unblock' 'unblock --list'; do
		# shellcheck disable=SC2086 # words
		refused_words 2 'Try ' $words
	done
	mkdir "$BLOCKED.old" && rm -rf "$BLOCKED.lock" && mkdir "$BLOCKED.lock"
	refused_words 1 'the lock beside it cannot be opened' block "$PKI/good.crt"
	rmdir "$BLOCKED.lock" "$BLOCKED.old"
	run setpriv --reuid 2002 --regid 2002 --clear-groups jpkictl block "$PKI/good.crt"
	expect_equal 'a plain user' 1 "$STATUS"
	expect_equal 'the list' "$before" "$(sha256sum < "$BLOCKED")"
	expect_login 'another user, who is not blocked' SUCCESS
	rm -f "$BLOCKED"
	fresh_card
}
run_case 'jpkictl block refuses and changes nothing' block_refuses

# spoiled NAME COMMAND…: after it every card is refused, without a prompt.
spoiled()
{
	local name=$1

	shift
	is_wanted "$name" || return 0
	jpkictl block "$PKI/other-person.crt" >/dev/null
	"$@"
	login "$name" code=BLOCK-LIST pam=AUTHINFO_UNAVAIL unasked=yes apdus=0 drive=auth \
		says='the block list cannot be read'
	rm -rf "$BLOCKED"
}
spoiled 'block list with a line that is not understood' sed -i '$acertificate 12' "$BLOCKED"
spoiled 'block list that others can write' chmod 0666 "$BLOCKED"
spoiled 'block list that is a directory' sh -c "rm $BLOCKED && mkdir $BLOCKED"
spoiled 'block list that is a symbolic link' sh -c "mv $BLOCKED $BLOCKED.real && ln -s blocked.real $BLOCKED"
rm -f "$BLOCKED.real"

block_at_prompt()
{
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "exec=jpkictl block $PKI/good.crt >/dev/null" "pin=$PIN" auth
	expect_match 'blocked while the PIN is typed' '[0-9]+ PAM_CRED_EXPIRED' "$(transcript 'auth = ')"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	rm -f "$BLOCKED"
	run pamdrive --service e2e --user hanako "exec=jpkictl revoke hanako >/dev/null" "pin=$PIN" auth
	expect_match 'revoked while the PIN is typed' '[0-9]+ PAM_USER_UNKNOWN' "$(transcript 'auth = ')"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	expect_logged 'JPKI-ADMIN action=revoke user=hanako uid=0 login='
	reset_config
}
run_case 'blocked or revoked while the PIN is typed' block_at_prompt

# --- the log --------------------------------------------------------------------------

log_line()
{
	local cert reader='"Virtual PCD 00 0[01]"'

	cert=$(fingerprint_of good | cut -c1-16)
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako --tty /dev/tty1 "pin=$PIN" auth
	expect_logged ": JPKI-OK user=hanako service=e2e tty=/dev/tty1 rhost=- reader=$reader cert=$cert tries=- raw=0+ place=local where=console\$"
	run pamdrive --service e2e --user hanako --rhost 'a b=c' "pin=$WRONG_PIN" auth
	expect_logged ": JPKI-E-REMOTE user=hanako service=e2e tty=/dev/tty1 rhost=\"a b=c\" reader=- cert=- tries=- raw=0+ place=remote where=host\$"
	run pamdrive --service e2e --user hanako "pin=$WRONG_PIN" auth
	expect_logged ": JPKI-E-PIN-WRONG user=hanako service=e2e tty=/dev/tty1 rhost=- reader=$reader cert=$cert tries=2 raw=0+63c2 place=local where=console\$"
	put_card other-person
	run pamdrive --service e2e --user hanako auth
	expect_logged ": JPKI-E-OTHER-CARD user=hanako service=e2e tty=/dev/tty1 rhost=- reader=$reader cert=- tries=- raw=0+ place=local where=console\$"
	sim remove
	run pamdrive --service e2e --user hanako auth
	expect_logged ": JPKI-E-NO-CARD user=hanako service=e2e tty=/dev/tty1 rhost=- reader=- cert=- "
	enroll hanako expired
	run pamdrive --service e2e --user hanako auth
	expect_logged ": JPKI-E-CERT-EXPIRED user=hanako .* reader=- cert=$(fingerprint_of expired | cut -c1-16) "
	run pamdrive --service e2e --user $'x raw=0\nJPKI-OK user=root' auth
	expect_logged ': JPKI-E-NOT-ENROLLED user="x raw=0\\x0aJPKI-OK user=root" service=e2e '
	expect_lacks 'the log' 997794E9AGCIEG "$(syslog_new)"
	expect_lacks 'the log' "$PIN" "$(syslog_new)"
	CARD_DIRTY=yes
	reset_config
}
run_case 'log line of a decision' log_line

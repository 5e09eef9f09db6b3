# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Files with certificates as other programs write them: what they hold is read, or they are called what they are.

ALIEN=$WORK/alien

# reads NAME: every command takes the file, and finds the certificate of good.crt in it.
reads()
{
	run jpkictl enroll --from-file "$ALIEN" hanako
	expect_equal "$1, enroll: exit status" 0 "$STATUS"
	expect_equal "$1: what is enrolled" "$(openssl x509 -in "$PKI/good.crt" -noout -fingerprint -sha256)" \
		"$(openssl x509 -in "$USERS/hanako.pem" -noout -fingerprint -sha256)"
	run jpkictl crl check "$ALIEN"
	expect_equal "$1, crl check: exit status" 0 "$STATUS"
	run jpkictl block "$ALIEN"
	expect_equal "$1, block: exit status" 0 "$STATUS"
	run jpkictl unblock "$ALIEN"
}

one_line()	# FILE: its base64
{
	sed '/-----/d' "$1" | tr -d '\n'
}

read_files()
{
	local crt=$PKI/good.crt

	{ printf '\xef\xbb\xbf'; cat "$crt"; } > "$ALIEN"; reads 'byte order mark'
	sed 's/$/\r/' "$crt" > "$ALIEN"; reads CRLF
	{ echo 'Subject: CN=hanako'; openssl x509 -in "$crt" -text; echo 'the end'; } > "$ALIEN"; reads 'text around'
	printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' "$(one_line "$crt")" > "$ALIEN"; reads 'one line'
	printf -- '-----BEGIN CERTIFICATE-----%s-----END CERTIFICATE-----' "$(one_line "$crt")" > "$ALIEN"; reads 'no line ends'
	sed 's/^/   /' "$crt" > "$ALIEN"; reads 'indented'
	sed 's/ CERTIFICATE/ X509 CERTIFICATE/' "$crt" > "$ALIEN"; reads 'X509 CERTIFICATE'
	openssl x509 -in "$crt" -trustout -addtrust clientAuth -out "$ALIEN"; reads 'TRUSTED CERTIFICATE'
	sed '/-----/d' "$crt" > "$ALIEN"; reads 'bare base64'
	{ printf '\xef\xbb\xbf'; one_line "$crt"; printf '\r\n'; } > "$ALIEN"; reads 'bare base64 in one line'
	{ openssl x509 -in "$crt" -outform DER; head -c 300 /dev/zero; } > "$ALIEN"; reads 'DER and zeros'
	{ openssl x509 -in "$crt" -outform DER; printf '\xff\xff\xff'; } > "$ALIEN"; reads 'DER and FF'
	{ openssl x509 -in "$crt" -outform DER; echo; } > "$ALIEN"; reads 'DER and a newline'
	reset_config
}
run_case 'files from elsewhere: read' read_files

# called WHAT: each command refuses the file with these words, and changes nothing.
called()
{
	local command

	rm -f "$USERS/hanako.pem"
	for command in "trust add $ALIEN" "enroll --from-file $ALIEN hanako" "crl check $ALIEN" "block $ALIEN"; do
		# shellcheck disable=SC2086 # words
		run jpkictl $command
		expect_equal "$1, $command: exit status" 1 "$STATUS"
		expect_has "$1, $command" "$1" "$OUT"
		expect_lacks "$1, $command: another file's remedy" 'register the card again' "$OUT"
	done
	[ ! -e "$USERS/hanako.pem" ] || fail "$1 was enrolled"
}

other_files()
{
	local crt=$PKI/good.crt

	openssl crl2pkcs7 -nocrl -certfile "$crt" -out "$ALIEN"; called 'openssl pkcs7 -in'
	openssl crl2pkcs7 -nocrl -certfile "$crt" -outform DER -out "$ALIEN"; called 'openssl pkcs7 -inform DER'
	openssl pkcs12 -export -nokeys -in "$crt" -passout pass:x -out "$ALIEN"; called PKCS#12
	openssl genrsa -out "$ALIEN" 2048 2>/dev/null; called 'a private key'
	openssl x509 -in "$crt" -pubkey -noout > "$ALIEN"; called 'a public key'
	openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -out "$ALIEN" 2>/dev/null; called 'a certificate request'
	openssl crl -inform DER -in "$PKI/crl/ca1.crl" -out "$ALIEN"; called 'jpkictl crl import'
	iconv -t UTF-16 "$crt" > "$ALIEN"; called 'iconv -f UTF-16'
	gzip -c "$crt" > "$ALIEN"; called gunzip
	echo '<!DOCTYPE html><html>404</html>' > "$ALIEN"; called 'a web page'
	printf '%%PDF-1.7\n' > "$ALIEN"; called 'a PDF'
	: > "$ALIEN"; called empty
	echo hello > "$ALIEN"; called 'contains no certificate'
	sed '5d' "$crt" > "$ALIEN"; called damaged
	openssl x509 -in "$crt" -outform DER | head -c 900 > "$ALIEN"; called damaged
	{ openssl x509 -in "$crt" -outform DER; echo more; } > "$ALIEN"; called damaged
	printf '0\x82\x01\x00' > "$ALIEN"; called damaged
	reset_config
}
run_case 'files from elsewhere: called what they are' other_files

trust_several()
{
	rm -rf "$NSSDB"
	echo hello > "$ALIEN"
	run jpkictl trust add "$PKI/ca1.crt" "$PKI/ca2.der"
	expect_equal 'two files, exit status' 0 "$STATUS"
	expect_equal 'trusted' 2 "$(certutil -L -d "sql:$NSSDB" | grep -c 'T,,')"
	run jpkictl trust add "$ALIEN" "$PKI/ca-ec.crt" "$WORK/absent"
	expect_equal 'one of three, exit status' 1 "$STATUS"
	expect_equal 'trusted' 3 "$(certutil -L -d "sql:$NSSDB" | grep -c 'T,,')"
	run jpkictl trust add
	expect_equal 'none, exit status' 2 "$STATUS"
	reset_config
}
run_case 'files from elsewhere: trust add of several' trust_several

# --- CRLs ----------------------------------------------------------------------------------

# takes NAME: the list of ca1 is in the file, however it is written there.
takes()
{
	rm -rf "$CRLS"
	run jpkictl crl import "$ALIEN"
	expect_equal "$1, crl import: exit status" 0 "$STATUS"
	expect_equal "$1: what is installed" "$(openssl dgst -sha256 < "$PKI/crl/ca1.crl")" \
		"$(cat "$CRLS"/*.crl | openssl dgst -sha256)"
	run jpkictl crl show "$ALIEN"
	expect_equal "$1, crl show: exit status" 0 "$STATUS"
}

lists_read()
{
	local der=$PKI/crl/ca1.crl pem=$WORK/alien.pem

	openssl crl -inform DER -in "$der" -out "$pem"
	cp "$pem" "$ALIEN"; takes PEM
	{ printf '\xef\xbb\xbf'; sed 's/$/\r/' "$pem"; } > "$ALIEN"; takes 'byte order mark and CRLF'
	{ openssl crl -inform DER -in "$der" -text; echo 'the end'; } > "$ALIEN"; takes 'openssl crl -text'
	{ cat "$PKI/good.crt" "$pem" "$PKI/ca1.crt"; } > "$ALIEN"; takes 'certificates around'
	printf -- '-----BEGIN X509 CRL-----%s-----END X509 CRL-----' "$(one_line "$pem")" > "$ALIEN"; takes 'no line ends'
	sed 's/X509 CRL/CERTIFICATE/' "$pem" > "$ALIEN"; takes 'certutil -encode of Windows'
	sed 's/X509 CRL/CRL/' "$pem" > "$ALIEN"; takes 'label CRL'
	one_line "$pem" > "$ALIEN"; takes 'bare base64'
	{ cat "$der"; head -c 500 /dev/zero; } > "$ALIEN"; takes 'DER and zeros'
	{ cat "$der"; echo; } > "$ALIEN"; takes 'DER and a newline'
	{ printf 'dn: cn=CRL,c=JP\ncertificateRevocationList;binary:: '; base64 -w 70 "$der" | sed '2,$s/^/ /'; } > "$ALIEN"
	takes ldapsearch
	iconv -t UTF-16 "$pem" > "$WORK/other"; iconv -f UTF-16 -t UTF-8 "$WORK/other" > "$ALIEN"; takes 'the remedy for UTF-16'
	openssl crl2pkcs7 -in "$pem" -certfile "$PKI/ca1.crt" -out "$WORK/other"
	openssl pkcs7 -in "$WORK/other" -print_certs > "$ALIEN"; takes 'the remedy for PKCS#7'
	reset_config
}
run_case 'CRLs from elsewhere: read' lists_read

# list_called WORDS: what the file is; the lists that are installed stay.
list_called()
{
	local command before

	before=$(ls "$CRLS")
	for command in import show; do
		run jpkictl crl "$command" "$ALIEN"
		expect_equal "$1, $command: exit status" 1 "$STATUS"
		expect_has "$1, $command" "$ALIEN: " "$OUT"
		expect_has "$1, $command" "$1" "$OUT"
	done
	expect_equal "$1: the lists" "$before" "$(ls "$CRLS")"
}

other_than_lists()
{
	local der=$PKI/crl/ca1.crl pem=$WORK/alien.pem

	reset_config
	openssl crl -inform DER -in "$der" -out "$pem"
	openssl crl2pkcs7 -in "$pem" -out "$ALIEN"; list_called 'openssl pkcs7 -print_certs'
	openssl crl2pkcs7 -in "$pem" -outform DER -out "$ALIEN"; list_called '-inform DER'
	iconv -t UTF-16 "$pem" > "$ALIEN"; list_called 'iconv -f UTF-16'
	gzip -c "$der" > "$ALIEN"; list_called gunzip
	printf 'PK\x03\x04' > "$ALIEN"; list_called unzip
	echo '<!DOCTYPE html><html>Sign in</html>' > "$ALIEN"; list_called 'sign-in page'
	printf '%%PDF-1.7\n' > "$ALIEN"; list_called 'a PDF'
	cp "$PKI/good.crt" "$ALIEN"; list_called 'a certificate, not a CRL'
	openssl x509 -in "$PKI/ca1.crt" -outform DER -out "$ALIEN"; list_called 'jpkictl trust add'
	openssl genrsa -out "$ALIEN" 2048 2>/dev/null; list_called 'a private key'
	cat "$pem" "$pem" > "$ALIEN"; list_called 'several CRLs'
	: > "$ALIEN"; list_called 'is empty'
	echo hello > "$ALIEN"; list_called 'contains no CRL'
	sed '5d' "$pem" > "$ALIEN"; list_called damaged
	head -c 300 "$der" > "$ALIEN"; list_called damaged
	{ cat "$der"; echo more; } > "$ALIEN"; list_called 'data after the end'
	reset_config
}
run_case 'CRLs from elsewhere: called what they are' other_than_lists

# --- files that an administrator edits --------------------------------------------------------

WIDE=$'\xe3\x80\x80'	# a full-width blank

# as_windows FILE: a byte order mark, CRLF, blanks at the ends of lines, and no line end at the end.
as_windows()
{
	local text

	text=$(sed "s/\$/ $WIDE"$'\r'/ "$1")
	printf '\xef\xbb\xbf%s' "$text" > "$1"
}

edited_on_windows()
{
	reset_config
	write_conf 'crl = off' "expiry_warning_days${WIDE}=${WIDE}30" '# 見出し' '' "debug = no"
	as_windows "$CONF"
	enroll hanako good
	as_windows "$USERS/hanako.pem"
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'login' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	run jpkictl status
	expect_equal 'status: exit status' 0 "$STATUS"

	run jpkictl block "$PKI/good.crt"
	as_windows /etc/pam_jpki/blocked
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_logged JPKI-E-BLOCKED
	run jpkictl unblock "$PKI/good.crt"
	expect_equal 'unblock: exit status' 0 "$STATUS"
	printf 'certificate%s%s' "$WIDE" "$(openssl x509 -in "$PKI/good.crt" -outform DER | sha256sum | cut -c1-64)" \
		> /etc/pam_jpki/blocked
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_logged JPKI-E-BLOCKED
	rm -f /etc/pam_jpki/blocked

	printf '%s\n' "file://$PKI/crl/ca1.crl" '' '# two' "file://$PKI/crl/ca2.crl" > /etc/pam_jpki/crl-sources
	as_windows /etc/pam_jpki/crl-sources
	rm -rf "$CRLS"
	run jpkictl crl update
	expect_equal 'crl update: exit status' 0 "$STATUS"
	expect_equal 'lists' 2 "$(find "$CRLS" -name '*.idx' | wc -l)"
	rm -f /etc/pam_jpki/crl-sources

	# What is still not understood names its line.
	write_conf 'crl = off' "wait = 1${WIDE}0"
	run jpkictl status
	expect_has 'status' "$CONF:2: " "$OUT"
	iconv -f UTF-8 -t UTF-16 "$CONF" > "$WORK/other"
	cat "$WORK/other" > "$CONF"
	run jpkictl status
	expect_has 'status, UTF-16' 'not a text' "$OUT"
	reset_config
}
run_case 'files edited on Windows' edited_on_windows

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Accounts that the user database finds by several names. The enrolled file, the challenge and the log have the
# account's own one, whichever is typed.

HERS='hanako:x:2001:2001::/home/hanako:/bin/bash'
other_names "HANAKO:$HERS" "hanako@realm.example:$HERS" "REALM\\hanako:$HERS" \
	'hanako@other.example:hanako:x:3001:3001::/:/bin/bash' 'path:../users/hanako:x:2001:2001::/:/bin/bash' \
	'dots:..:x:3002:3002::/:/bin/bash' '..:..:x:3002:3002::/:/bin/bash' \
	'slash:a/hanako:x:3003:3003::/:/bin/bash' 'a/hanako:a/hanako:x:3003:3003::/:/bin/bash' \
	'escape:x\033[2J:x:3004:3004::/:/bin/bash' 'nowhere:no such:x:3005:3005::/:/bin/bash'

named() { login "name $1: the account's card" args="--user '$1'" after='expect_logged "JPKI-OK user=hanako "'; }
named HANAKO
named hanako@realm.example
named 'REALM\hanako'

nameless() { login "name $1: no card" args="--user '$1'" drive=auth unasked=yes code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0; }
nameless hanako@other.example
nameless path
nameless dots
nameless slash
nameless nowhere
nameless Hanako		# the database does not know it

enroll_by_another_name()
{
	rm -f "$USERS"/*
	run jpkictl enroll --from-file "$PKI/good.crt" hanako@realm.example
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'output' 'hanako: the card is registered' "$OUT"
	expect_equal 'files' hanako.pem "$(ls "$USERS")"
	expect_logged 'JPKI-ADMIN action=enroll user=hanako '
	run jpkictl enroll --add --from-file "$PKI/renewed.crt" HANAKO
	expect_equal 'certificates' 2 "$(grep -c BEGIN "$USERS/hanako.pem")"
	run jpkictl enroll --from-file "$PKI/good.crt" hanako@other.example
	expect_equal 'another account of that name, exit status' 1 "$STATUS"
	expect_has 'output' 'also belongs to another account' "$OUT"
	run jpkictl enroll --from-file "$PKI/good.crt" slash
	expect_equal 'a name with a slash, exit status' 1 "$STATUS"
	expect_equal 'certificates' 2 "$(grep -c BEGIN "$USERS/hanako.pem")"
	run jpkictl revoke hanako@other.example
	expect_equal 'revoke, another account of that name' 1 "$STATUS"
	run jpkictl revoke HANAKO
	expect_equal 'revoke, exit status' 0 "$STATUS"
	expect_has 'output' 'hanako: no longer registered' "$OUT"
	expect_equal 'files' '' "$(ls "$USERS")"
	reset_config
}
run_case 'jpkictl enroll and revoke by another name of the account' enroll_by_another_name

# An enrollment of earlier days, when the typed name counted.
misnamed()
{
	enroll HANAKO good
	run jpkictl doctor
	expect_has 'output' 'D522' "$OUT"
	expect_has 'output' 'HANAKO, hanako' "$OUT"
	rm -f "$USERS/HANAKO.pem"
	enroll hanako good
	run jpkictl doctor
	expect_lacks 'output' D522 "$OUT"
	reset_config
}
run_case 'doctor: registered under a name that no login looks for' misnamed

# Two lines of passwd(5) with one uid are two accounts; the session says which it is.
watch_of_two_names()
{
	echo 'hana:x:2001:2001::/home/hanako:/bin/bash' >> /etc/passwd
	enroll hanako good
	run runuser -u hanako -- env LOGNAME=hana jpki-watch true
	expect_logged 'no card is registered for hana$'
	rm -f "$USERS/hanako.pem"
	run runuser -u hanako -- env LOGNAME=taro jpki-watch true
	expect_logged 'no card is registered for hanako$'
	run runuser -u hanako -- env LOGNAME=HANAKO jpki-watch true
	expect_logged 'no card is registered for hanako$'
	reset_config
}
run_case 'jpki-watch: the name that the session was opened for' watch_of_two_names

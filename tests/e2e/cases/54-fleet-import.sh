# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl fleet import: what a directory has becomes the copy that logins read. The directory is OpenLDAP's
# where there is one, filled with the example of config/examples/fleet.ldif.

# shellcheck source=tests/e2e/fleetentries.sh
. "$E2E_TOP/tests/e2e/fleetentries.sh"

FLEET=/var/lib/pam_jpki/fleet
LDIF=$WORK/fleet.ldif
NOW=$(date +%s)

entry_of()	# USER MINUTE LEAF…
{
	local user=$1 minute=$2 leaf

	shift 2
	printf 'dn: uid=%s,ou=enrolments,ou=jpki,dc=example\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\n' "$user" "$user"
	printf 'createTimestamp: 20260101000000Z\nentryCSN: 2026112903%02d00.000000Z#000000#001#000000\n' "$minute"
	for leaf; do printf 'userCertificate;binary:: %s\n' "$(base64 -w 0 "$PKI/$leaf.der")"; done
	printf '\n'
}

word_of()	# NAME MINUTE WORDS
{
	printf 'dn: cn=%s,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: %s\ndescription: %s\n' "$1" "$1" "$3"
	printf 'entryCSN: 2026112903%02d00.000000Z#000000#001#000000\n\n' "$2"
}

state_of()	# GENERATION AGE-IN-SECONDS ENROLLED
{
	printf 'dn: cn=state,ou=jpki,dc=example\nobjectClass: applicationProcess\ncn: state\n'
	printf 'description: generation=%s time=%s enrolled=%s blocked=0\n\n' "$1" "$((NOW - $2))" "$3"
}

import()	# EXIT TEXT [OPTION…]
{
	local status=$1 text=$2

	shift 2
	RUN_LIMIT=20 run jpkictl fleet import "$@" "$LDIF"
	expect_equal "import $*" "$status" "$STATUS"
	expect_has "import $*" "$text" "$OUT"
}

hash_of() { sha256sum "$PKI/$1.der" | cut -d' ' -f1; }

card_login()	# WHAT PAM-CODE
{
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match "$1" "[0-9]+ PAM_$2" "$(transcript 'auth = ')"
}

fleet_begins()
{
	rm -rf "$FLEET"
	rm -f "$USERS"/*
	write_conf "fleet_dir = $FLEET"
	install_pam_service e2e "$(stack)"
}

# What the copy holds, for programs.
exported()
{
	local name

	run jpkictl fleet export --json
	expect_equal 'export' 0 "$STATUS"
	expect_equal 'its members' 'blocked,format,generation,time,users' "$(jq -r 'keys | join(",")' <<< "$OUT")"
	expect_equal 'who' 'hanako 1,taro 2' "$(jq -r '[.users[] | "\(.user) \(.certificates | length)"] | join(",")' <<< "$OUT")"
	expect_equal 'which certificate' "$(hash_of good)" "$(jq -r '.users[0].certificates[0].sha256' <<< "$OUT")"
	expect_equal 'until when' "$(date -u -d "$(openssl x509 -in "$PKI/good.crt" -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)" \
		"$(jq -r '.users[0].certificates[0].not_after' <<< "$OUT")"
	expect_equal 'of which state' '1 1 0' "$(jq -r '"\(.format) \(.generation) \(.blocked | length)"' <<< "$OUT")"
	: > "$FLEET/blocked/$(hash_of good)"
	: > "$FLEET/blocked/note"
	run setpriv --reuid 2001 --regid 2001 --clear-groups jpkictl fleet export --json
	expect_equal 'as a user, with a block' "0 $(hash_of good)" "$STATUS $(jq -r '.blocked | join(",")' <<< "$OUT")"
	rm "$FLEET/blocked/$(hash_of good)" "$FLEET/blocked/note"
	cp "$FLEET/users/taro.pem" "$WORK/taro.pem"
	head -c 300 "$WORK/taro.pem" > "$FLEET/users/taro.pem"
	jpkictl fleet export --json > "$WORK/export.json" 2>> "$LOG"
	expect_equal 'a damaged file' 1 $?
	expect_equal 'a damaged file' '1 null' "$(jq -r '"\(.users[0].certificates | length) \(.users[1].certificates)"' "$WORK/export.json")"
	cp "$WORK/taro.pem" "$FLEET/users/taro.pem"
	for name in state blocked; do
		mv "$FLEET/$name" "$WORK/$name"
		jpkictl fleet export --json > "$WORK/export.json" 2>> "$LOG"
		expect_equal "without $name" 1 $?
		expect_equal "without $name" '' "$(cat "$WORK/export.json")"
		mv "$WORK/$name" "$FLEET/$name"
	done
	for name in 'export' 'export --json --accept' 'export --json x' 'export --json --textfile /tmp/x'; do
		# shellcheck disable=SC2086 # words
		run jpkictl fleet $name
		expect_equal "$name" 2 "$STATUS"
	done
}

metric() { sed -n "s/^jpki_fleet_$1 //p" "$PROM"; }	# NAME, perhaps with labels

# For Prometheus' node exporter: in its directory, as its user.
watched()
{
	local dir=$WORK/node-exporter PROM=$WORK/node-exporter/jpki-fleet.prom word

	fleet_begins
	mkdir -p "$dir"
	chown 2001 "$dir"
	textfile() { run setpriv --reuid 2001 --regid 2001 --clear-groups jpkictl fleet status --textfile "$PROM"; }
	textfile
	expect_equal 'without a copy' '3 1' "$STATUS $(metric 'condition{condition="absent"}')"
	{ entry_of hanako 0 good; word_of "$(hash_of good)" 5 'block lost'; state_of 4 20 1 | sed 's/blocked=0/blocked=1/'; } > "$LDIF"
	import 0 'registered: 1'
	echo old > "$PROM"
	textfile
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'prints nothing' '' "$OUT"
	expect_equal 'what it says' '1 0 0 4 1 1 0' "$(metric 'condition{condition="fresh"}') $(metric 'condition{condition="absent"}') $(metric late) \
$(metric generation) $(metric registrations) $(metric blocks) $(metric held)"
	[ "$(($(date +%s) - $(metric source_timestamp_seconds)))" -lt 3600 ] || fail "its time: $(metric source_timestamp_seconds)"
	expect_equal 'owner, mode, and nothing beside it' "2001 644 jpki-fleet.prom" "$(stat -c '%u %a' "$PROM") $(ls -A "$dir")"
	expect_equal 'no names of people' '' "$(grep -E "hanako|$(hash_of good)" "$PROM")"
	printf 'ldap://a\\"b persist %s\nrefused ldaps://c JPKI-E-FLEET-BEHIND %s\n' "$(date +%s)" "$(date +%s)" > "$FLEET/link"
	textfile
	expect_equal 'a server that is behind' 3 "$STATUS"
	expect_equal 'quotes in a label' 1 "$(metric 'connected{server="ldap:\/\/a\\\\\\"b",mode="persist"}')"
	[ -n "$(metric 'refused_timestamp_seconds{server="ldaps:\/\/c",code="JPKI-E-FLEET-BEHIND"}')" ] || fail "no server that is behind: $(cat "$PROM")"
	[ -n "$(metric last_heard_timestamp_seconds)" ] || fail 'not when something was heard'
	if command -v promtool > /dev/null; then
		promtool check metrics < "$PROM" >> "$LOG" 2>&1 || fail 'promtool finds something'
	fi
	run setpriv --reuid 2002 --regid 2002 --clear-groups jpkictl fleet status --textfile "$PROM"
	expect_equal 'in a directory of another' 1 "$STATUS"
	run jpkictl fleet status --textfile "$dir/none/x.prom"
	expect_equal 'in no directory' 1 "$STATUS"
	for word in 'status --json --textfile /tmp/x' 'status --textfile' 'run --textfile /tmp/x' 'accept --textfile /tmp/x'; do
		# shellcheck disable=SC2086 # words
		run jpkictl fleet $word
		expect_equal "$word" 2 "$STATUS"
	done
	fleet_begins
}

card_is_lost()
{
	fleet_begins
	{ entry_of hanako 0 good; entry_of taro 0 other-person ec256; state_of 1 120 2; } > "$LDIF"
	import 0 'registered: 2 (changed: 2, removed: 0); blocked: 0'
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$FLEET/users/hanako.pem")"
	expect_equal 'what is left aside' '' "$(ls "$FLEET/aside")"
	card_login 'registered' SUCCESS
	run jpkictl fleet status
	expect_equal 'status' 0 "$STATUS"
	expect_has 'status' 'registered 2, blocked 0, generation 1' "$OUT"
	exported
	expect_logged 'JPKI-ADMIN action=fleet-import result=taken'
	{ entry_of hanako 0 good; entry_of taro 0 other-person ec256; word_of "$(hash_of good)" 5 'block lost'; state_of 2 60 2; } > "$LDIF"
	import 0 'blocked: 1'
	card_login 'blocked' CRED_EXPIRED
	expect_logged 'JPKI-E-FLEET-BLOCKED user=hanako'
	{ entry_of hanako 0 good; entry_of taro 0 other-person ec256; state_of 3 50 2; } > "$LDIF"
	import 0 'blocked: 1'
	card_login 'the entry of the block is gone' CRED_EXPIRED
	{ entry_of hanako 0 good; entry_of taro 0 other-person ec256; word_of "$(hash_of good)" 6 'lift found again'; state_of 4 40 2; } > "$LDIF"
	import 0 'blocked: 0'
	card_login 'lifted' SUCCESS
	run sh -c "jpkictl fleet import - < '$LDIF'"
	expect_equal 'from standard input' 0 "$STATUS"
	{ entry_of taro 0 other-person ec256; state_of 5 30 1; } > "$LDIF"
	import 0 'removed: 1'
	card_login 'gone' USER_UNKNOWN
	fresh_card
}
run_case 'fleet import: registered, blocked, lifted, gone' card_is_lost
run_case 'fleet import: for Prometheus' watched

bad_directories()
{
	local i

	fleet_begins
	{ entry_of hanako 0 good; for i in $(seq 30); do entry_of "user$i" 0 other-person; done; state_of 5 120 31; } > "$LDIF"
	import 0 'registered: 31'
	: > "$LDIF"
	import 3 JPKI-E-FLEET-STATE
	state_of 6 60 0 > "$LDIF"
	import 3 JPKI-E-FLEET-SHRUNK
	expect_has 'how many' 'held back from removal: 31' "$OUT"
	run jpkictl fleet status
	expect_equal 'status' 3 "$STATUS"
	expect_has 'status' 'held back from removal: 31' "$OUT"
	run jpkictl fleet status --json
	expect_has 'status --json' '"held": 31' "$OUT"
	run jpkictl doctor
	expect_has 'doctor' D545 "$OUT"
	card_login 'still registered' SUCCESS
	{ entry_of hanako 0 good; state_of 7 50 31; } > "$LDIF"
	import 3 JPKI-E-FLEET-SHRUNK
	{ entry_of hanako 0 good; state_of 4 40 1; } > "$LDIF"
	import 3 JPKI-E-FLEET-BEHIND
	{ entry_of hanako 0 good; echo 'dn: x'; echo nonsense; } > "$LDIF"
	import 3 JPKI-E-FLEET-LDIF
	head -c 100000 /dev/urandom > "$LDIF"
	import 3 JPKI-E-FLEET-LDIF
	rm -f "$LDIF"
	import 1 'stays as it was'
	expect_equal 'registrations' 31 "$(find "$FLEET/users" -name '*.pem' | wc -l)"
	card_login 'still registered' SUCCESS
	{ entry_of hanako 0 good; state_of 8 30 1; } > "$LDIF"
	import 3 JPKI-E-FLEET-SHRUNK
	import 0 'removed: 30' --accept
	run jpkictl fleet status
	expect_equal 'status' 0 "$STATUS"
	fresh_card
}
run_case 'fleet import: a directory that is emptied, cut, older, or nonsense' bad_directories

# The registrations of three accounts, of which one may not be registered from outside, and one has no card.
bad_entries()
{
	fleet_begins
	{ entry_of hanako 0 good; entry_of root 0 good; entry_of ../x 0 good; entry_of taro 0 sign; state_of 1 60 4; } > "$LDIF"
	import 3 'refused entries: 3'
	expect_equal 'files' hanako.pem "$(ls "$FLEET/users")"
	expect_has 'why' 'JPKI-W-FLEET-RECORD' "$OUT"
	card_login 'the good one' SUCCESS
	echo garbage > "$FLEET/memory"
	import 1 'stays as it was'
	card_login 'the good one still' SUCCESS
	chmod 0777 "$FLEET"
	import 1 'stays as it was'
	run setpriv --reuid 2001 --regid 2001 --clear-groups jpkictl fleet import "$LDIF"
	expect_equal 'as a user' 1 "$STATUS"
	run jpkictl fleet export
	expect_equal 'no such word' 2 "$STATUS"
	write_conf 'fleet_dir = none'
	run jpkictl fleet status
	expect_equal 'without fleet_dir' 1 "$STATUS"
	expect_has 'without fleet_dir' 'no fleet_dir is set' "$OUT"
	rm -rf "$FLEET"
	reset_config
	fresh_card
}
run_case 'fleet import: entries that do not count' bad_entries

# --- a real directory ---------------------------------------------------------------------

slap()	# PROGRAM WORD…
{
	local program=$1

	shift
	"$(command -v "$program" || echo "/usr/sbin/$program")" -f "$WORK/ldap/slapd.conf" "$@" 2>> "$E2E_LOGS/slapd.log"
}

directory_begins()
{
	local schema

	schema=$(slapd_schemas) || return
	rm -rf "$WORK/ldap"
	mkdir -p "$WORK/ldap/db"
	printf '%s\n' "include $schema/core.schema" "include $schema/cosine.schema" 'database ldif' 'suffix dc=example' \
		"directory $WORK/ldap/db" > "$WORK/ldap/slapd.conf"
	sed -e "s|time=[0-9]*|time=$NOW|; s|enrolled=[0-9]*|enrolled=1|; s|^userCertificate;binary:.*|userCertificate;binary:: $(base64 -w 0 "$PKI/good.der")|" \
		"$E2E_TOP/config/examples/fleet.ldif" > "$WORK/ldap/all.ldif"
	slap slapadd -l "$WORK/ldap/all.ldif"
}

real_directory()
{
	fleet_begins
	slap slapcat > "$LDIF"
	expect_has 'the directory' entryCSN "$(cat "$LDIF")"
	import 0 'registered: 1 (changed: 1, removed: 0); blocked: 1'
	card_login 'registered' SUCCESS
	cp "$LDIF" "$WORK/yesterday.ldif"
	sed -i "s|generation=[0-9]*|generation=2|; s|enrolled=1|enrolled=0|; /^dn: uid=hanako/,/^\$/d" "$WORK/ldap/all.ldif"
	rm -rf "$WORK/ldap/db"/*
	slap slapadd -l "$WORK/ldap/all.ldif"
	slap slapcat > "$LDIF"
	import 0 'removed: 1'
	card_login 'gone' USER_UNKNOWN
	cp "$WORK/yesterday.ldif" "$LDIF"
	import 3 JPKI-E-FLEET-BEHIND
	card_login 'the backup of yesterday' USER_UNKNOWN
	sed -i 's|generation=[0-9]*|generation=9|' "$LDIF"
	import 3 'was removed, and the entry is not newer'
	card_login 'the backup of yesterday, written to since' USER_UNKNOWN
	rm -rf "$FLEET"
	reset_config
	fresh_card
}

if directory_begins; then
	run_case 'fleet import: from OpenLDAP, and from its backup of yesterday' real_directory
else
	skip 'fleet import: from OpenLDAP' 'no slapd here'
fi

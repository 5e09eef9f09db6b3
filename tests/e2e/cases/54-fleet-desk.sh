# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The registrar's desk and the help desk: jpkictl prints changes of the directory, ldapmodify sends them to real
# directories (tests/lib-fleet.sh) with the rules of config/examples/fleet-slapd.conf, and a machine takes them.

# shellcheck source=tests/e2e/terminal.sh
. "$E2E_TOP/tests/e2e/terminal.sh"
# shellcheck source=tests/lib-fleet.sh
. "$E2E_TOP/tests/lib-fleet.sh"

objection=$(fleet_objection)
[ -z "$objection" ] || { skip 'fleet desk: all' "$objection"; return; }

DESK=$WORK/desk.conf
CHANGE=$WORK/change.ldif
HERS=$(fingerprint_of "$PKI/good.der")

# jpkictl of a person who is not root: into CHANGE; what else it says is in OUT.
desk()	# WORD…
{
	OUT=$(setpriv --reuid taro --regid taro --init-groups jpkictl --config "$DESK" "$@" 2>&1 > "$CHANGE")
	STATUS=$?
	printf '\njpkictl %s: %d\n%s\n' "$*" "$STATUS" "$OUT" >> "$LOG"
	cat "$CHANGE" >> "$LOG"
}

prints()	# WORD…: and nothing but a change
{
	desk "$@"
	expect_equal "jpkictl $*: exit status" 0 "$STATUS"
	expect_match "jpkictl $*: what is printed" 'dn:.*' "$(head -n 1 "$CHANGE")"
}

prints_nothing()	# STATUS TEXT WORD…
{
	local wanted=$1 text=$2

	shift 2
	desk "$@"
	expect_equal "jpkictl $*: exit status" "$wanted" "$STATUS"
	expect_has "jpkictl $*" "$text" "$OUT"
	expect_equal "jpkictl $*: what is printed" '' "$(cat "$CHANGE")"
}

# sends WHO STATUS: what the directory answers to CHANGE (RFC 4511 §4.1.9).
sends()
{
	as "$1" ldap-a ldapmodify < "$CHANGE" >> "$LOG" 2>&1
	expect_equal "ldapmodify as $1" "$2" $?
}

entry()	# RDN UNIT ATTRIBUTE: its values
{
	as registrar ldap-a ldapsearch -LLL -o ldif-wrap=no -b "ou=$2,ou=jpki,$BASE" -s one "($1)" "$3" 2>> "$LOG" |
		sed -n "s/^$3::* //p" | sort
}

certificates() { entry uid="$1" enrolments 'userCertificate;binary' | wc -l; }	# USER
all_fingerprints()	# USER
{
	entry uid="$1" enrolments 'userCertificate;binary' | while read -r text; do base64 -d <<< "$text" | sha256sum | cut -d' ' -f1; done | sort
}

# --- what is printed -----------------------------------------------------------------------------

from_files()
{
	local i before

	before=$(sha256sum "$USERS"/*)
	prints enroll --ldif --from-file "$PKI/good.crt" hanako
	sends registrar 0
	sends registrar 68		# entryAlreadyExists
	expect_equal 'her card' "$HERS" "$(all_fingerprints hanako)"
	expect_match 'who registered it' "registered [0-9T:-]*Z by .*\(uid 2002\).*, from a file, key not proven: ${HERS:0:16}" \
		"$(entry uid=hanako enrolments description)"
	expect_equal 'classes' 'account pkiUser' "$(entry uid=hanako enrolments objectClass | xargs)"
	prints enroll --ldif --add --from-file "$PKI/ec256.crt" hanako
	sends registrar 0
	sends registrar 20		# attributeOrValueExists
	expect_equal 'both cards' "$(for i in good ec256; do fingerprint_of "$PKI/$i.der"; done | sort)" "$(all_fingerprints hanako)"
	prints enroll --ldif --replace --from-file "$PKI/ec256.crt" hanako
	sends registrar 0
	expect_equal 'the new card alone' "$(fingerprint_of "$PKI/ec256.der")" "$(all_fingerprints hanako)"
	expect_equal 'descriptions' 1 "$(entry uid=hanako enrolments description | wc -l)"
	prints revoke --ldif hanako
	sends registrar 0
	sends registrar 32		# noSuchObject
	expect_equal 'afterwards' 0 "$(certificates hanako)"
	for i in --add --replace; do
		prints enroll --ldif "$i" --from-file "$PKI/good.crt" hanako
		sends registrar 32
	done
	expect_equal 'registrations of this machine' "$before" "$(sha256sum "$USERS"/*)"
}

# Names that a DN and LDIF write in another way (RFC 4514, RFC 2849).
strange_names()
{
	local name

	for name in 'a,b+c' '#x' ' x ' '花子' 'a"b\c' 'x<y>;z' ':x' 'a=b' 'hanako@example.jp' 'REALM\hanako'; do
		prints enroll --ldif --from-file "$PKI/good.crt" -- "$name"
		expect_has "$name" 'this machine knows no such account' "$OUT"
		sends registrar 0
		expect_equal "uid of $name" "$name" "$(as registrar ldap-a ldapsearch -LLL -o ldif-wrap=no -b "ou=enrolments,ou=jpki,$BASE" \
			-s one '(uid=*)' uid | uid_of_last)"
		prints revoke --ldif -- "$name"
		sends registrar 0
	done
}
uid_of_last()
{
	local line

	line=$(grep '^uid:' | tail -n 1)
	case $line in
	uid::*) base64 -d <<< "${line#uid:: }" ;;
	*) printf '%s' "${line#uid: }" ;;
	esac
}

from_a_card()
{
	reset_config
	fresh_card
	# shellcheck disable=SC2016 # the inner shell's
	run expect -f "$E2E_TOP/tests/e2e/pty.exp" 'wait:PIN of the user-authentication certificate' "type:$PIN" -- \
		setpriv --reuid taro --regid taro --init-groups sh -c 'exec jpkictl --config "$0" enroll --ldif hanako > "$1"' "$DESK" "$CHANGE"
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	expect_card_forgot
	sends registrar 0
	expect_equal 'her card' "$HERS" "$(all_fingerprints hanako)"
	expect_match 'how' ".*, from the card, key proven: ${HERS:0:16}" "$(entry uid=hanako enrolments description)"
	# shellcheck disable=SC2016 # the inner shell's
	run expect -f "$E2E_TOP/tests/e2e/pty.exp" 'wait:PIN of the user-authentication certificate' "type:$WRONG_PIN" -- \
		setpriv --reuid taro --regid taro --init-groups sh -c 'exec jpkictl --config "$0" enroll --ldif hanako > "$1"' "$DESK" "$CHANGE"
	expect_equal 'exit status with a wrong PIN' 1 "$STATUS"
	expect_equal 'what is printed with a wrong PIN' '' "$(cat "$CHANGE")"
	prints revoke --ldif hanako
	sends registrar 0
	fresh_card
}

refusals()
{
	prints_nothing 1 'may not register a card' enroll --ldif --from-file "$PKI/good.crt" root
	prints_nothing 1 'may not register a card' enroll --ldif --from-file "$PKI/good.crt" daemon
	prints_nothing 1 'may not register a card' enroll --ldif --from-file "$PKI/good.crt" jiro
	prints_nothing 1 "cannot be a user's name" enroll --ldif --from-file "$PKI/good.crt" ../root
	prints_nothing 1 "cannot be a user's name" enroll --ldif --from-file "$PKI/good.crt" ''
	prints_nothing 1 JPKI-E enroll --ldif --from-file "$PKI/sign.crt" hanako
	prints_nothing 1 JPKI-E enroll --ldif --from-file "$PKI/ca1.crt" hanako
	prints_nothing 1 JPKI-E enroll --ldif --from-file "$PKI/expired.crt" hanako
	prints_nothing 2 'jpkictl enroll --help' enroll --ldif --self
	prints_nothing 2 'jpkictl enroll --help' enroll --replace hanako
	prints_nothing 2 'jpkictl enroll --help' enroll --ldif --add --replace hanako
	prints_nothing 2 'jpkictl block --help' block --replace "$HERS"
	prints_nothing 2 'jpkictl block --help' block --ldif --list
	prints_nothing 2 'jpkictl unblock --help' unblock --ldif --replace "$HERS"
	prints_nothing 1 'only root' revoke hanako
	prints_nothing 1 'only root' unblock "$HERS"
	prints_nothing 1 'neither a serial number' block --ldif "${HERS:0:50}"
	sed -i '/fleet_base/d' "$DESK"
	for i in 'enroll --from-file /dev/null' revoke block unblock; do
		# shellcheck disable=SC2086 # words
		prints_nothing 1 'no fleet_base is set' $i --ldif hanako
	done
	desk_conf
}

# --- what a machine makes of it ------------------------------------------------------------------

logs_in()	# WHAT PAM-CODE
{
	# shellcheck disable=SC2046 # words
	run $(entry_to pc1) pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match "$1" "[0-9]+ PAM_$2" "$(transcript 'auth = ')"
}

# Her session at pc1, which the card opened: with a command in place of a locker.
watch_begin()
{
	mkdir -p "$WORK/desk-marks"
	chmod 1777 "$WORK/desk-marks"
	# shellcheck disable=SC2046 # words
	$(entry_to pc1) setpriv --reuid hanako --regid hanako --init-groups env -i "PATH=$PATH" HOME=/home/hanako USER=hanako \
		"JPKI_SESSION_CERT=${HERS:0:16}" jpki-watch touch "$WORK/desk-marks/locked" >> "$LOG" 2>&1 </dev/null &
	WATCH_PID=$!
	until_true 10 watch_has_begun || { fail 'no jpki-watch'; return 1; }
}
watch_has_begun() { syslog_new | grep -q "JPKI-WATCH event=begin .*cert=${HERS:0:16}"; }

is_blocked() { has_block pc1 "$1"; }
is_lifted() { ! has_block pc1 "$1"; }

on_a_machine()
{
	local number from

	prints enroll --ldif --from-file "$PKI/good.crt" hanako
	sends registrar 0
	heartbeat ldaps://ldap-a.example >> "$LOG" 2>&1 || fail 'no heart beat'
	machine_begin pc1 ldap-a
	follow_start pc1
	until_true 20 has_registration pc1 hanako "$PKI/good.der" || fail 'no registration at pc1'
	logs_in registered SUCCESS

	prints block --ldif "$PKI/good.crt"
	sends hanako 50			# insufficientAccessRights
	watch_begin || return
	from=$(now_ms)
	sends helpdesk 0
	until_true 10 test -e "$WORK/desk-marks/locked" || fail 'the open session is not locked'
	from=$(($(now_ms) - from))
	printf 'the open session is locked after (ms): %s\n' "$from" | tee -a "$LOG" >> "$E2E_LOGS/fleet-times"
	[ "$from" -le 3000 ] || fail "locked after $from ms"
	end_process "$WATCH_PID"
	until_true 10 is_blocked "$HERS" || fail 'no block at pc1'
	expect_match 'who blocked it' 'block [0-9T:-]*Z by .*\(uid 2002\).*' "$(entry "cn=$HERS" blocked description)"
	logs_in blocked CRED_EXPIRED
	sends helpdesk 68		# entryAlreadyExists

	prints unblock --ldif "$PKI/good.crt"
	sends helpdesk 50
	is_blocked "$HERS" || fail 'the help desk ended a block'
	sends registrar 0
	until_true 10 is_lifted "$HERS" || fail 'no lift at pc1'
	logs_in lifted SUCCESS

	prints block --ldif "$HERS"
	sends registrar 68
	prints block --ldif --replace "$HERS"
	sends helpdesk 50
	sends registrar 0
	until_true 10 is_blocked "$HERS" || fail 'not blocked again at pc1'

	# A number, of one authority and of each.
	number=$(openssl x509 -in "$PKI/good.crt" -noout -serial | cut -d= -f2)
	prints block --ldif --issuer "$(openssl x509 -in "$PKI/ca1.crt" -noout -fingerprint -sha256 | sed 's/.*=//' | cut -c1-23)" "$number"
	expect_equal 'changes' 1 "$(grep -c '^changetype: add' "$CHANGE")"
	sends helpdesk 0
	until_true 10 is_blocked "$(sed -n 's/^cn: //p' "$CHANGE")" || fail 'no block by number at pc1'
	prints block --ldif "$number"
	expect_equal 'changes, for each authority' "$(jpkictl trust list | grep -ciE '([0-9a-f]{2}:){31}|[0-9a-f]{64}')" \
		"$(grep -c '^changetype: add' "$CHANGE")"

	prints revoke --ldif hanako
	sends registrar 0
	until_true 10 has_no_registration pc1 hanako || fail 'she stays registered at pc1'
	follow_stop pc1
}

# --- blocks that follow from the CRLs ----------------------------------------------------------------

verify()	# STATUS: at pc1, which follows the directory and has the lists, as the verifier
{
	local got

	# shellcheck disable=SC2046 # words
	$(entry_to pc1) env LDAPCONF=/dev/null LDAPURI=ldaps://ldap-a.example LDAPTLS_CACERT="$NET/tls/ca.crt" \
		LDAPTLS_CERT="$NET/tls/verifier.crt" LDAPTLS_KEY="$NET/tls/verifier.key" sh "$EXAMPLES/fleet-revoke" "ou=jpki,$BASE" \
		> "$WORK/verified" 2>&1
	got=$?
	cat "$WORK/verified" >> "$LOG"
	expect_equal 'fleet-revoke' "$1" "$got"
}

number_of()	# LEAF: of the first authority
{
	printf '%s-%s\n' "$(openssl x509 -in "$PKI/ca1.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)" \
		"$(openssl x509 -in "$PKI/$1.crt" -noout -serial | cut -d= -f2 | tr A-F a-f)"
}

blocks_now() { as registrar ldap-a ldapsearch -LLL -o ldif-wrap=no -b "ou=blocked,ou=jpki,$BASE" '(objectClass=device)' cn description 2>> "$LOG"; }
description_of() { entry "cn=$1" blocked description; }	# NAME
import_at_pc1() { at pc1 jpkictl crl import "$PKI/crl/$1.crl" >> "$LOG" 2>&1 || fail "$1 is not imported"; }

REGISTERED=(good revoked suspended)
verifier_begins()
{
	local leaf

	for leaf in "${REGISTERED[@]}"; do with_type add "$(registration "$leaf" "$PKI/$leaf.der")"; echo; done | change registrar ldap-a
	heartbeat ldaps://ldap-a.example >> "$LOG" 2>&1 || fail 'no heart beat'
	follow_start pc1
	for leaf in "${REGISTERED[@]}"; do
		until_true 20 has_registration pc1 "$leaf" "$PKI/$leaf.der" || fail "$leaf is not registered at pc1"
	done
}

by_the_lists()
{
	local before

	verifier_begins
	verify 0
	expect_match 'the revoked one' 'block .* revoke-from-crl keyCompromise 20[0-9T:-]*Z' "$(description_of "$(number_of revoked)")"
	expect_match 'the suspended one' 'block .* revoke-from-crl certificateHold 20[0-9T:-]*Z' "$(description_of "$(number_of suspended)")"
	expect_lacks 'the good one, which a person has blocked' revoke-from-crl "$(description_of "$(number_of good)")"
	until_true 10 is_blocked "$(number_of suspended)" || fail 'not blocked at pc1'
	before=$(digest_of ldap-a)
	verify 0
	import_at_pc1 ca1-newer		# it has both still
	verify 0
	expect_equal 'what a second and a third run change' "$before" "$(digest_of ldap-a)"
	expect_equal 'what they say' '' "$(cat "$WORK/verified")"
}

# An attacker who takes the CRLs away, or waits until they are too old, ends no block.
without_lists()
{
	local before list

	before=$(digest_of ldap-a)
	cp -a "$NET/pc1/var/crl" "$WORK/lists"
	for list in none ca1-stale; do
		rm -rf "$NET/pc1/var/crl"/*
		[ "$list" = none ] || at pc1 crlput /var/lib/pam_jpki/crl /etc/pam_jpki/nssdb "$PKI/crl/$list.crl" >> "$LOG" 2>&1
		verify 3
		expect_has "$list" JPKI-E-CRL- "$(cat "$WORK/verified")"
		expect_equal "what is changed by $list" "$before" "$(digest_of ldap-a)"
	done
	rm -rf "$NET/pc1/var/crl"
	cp -a "$WORK/lists" "$NET/pc1/var/crl"
	mv "$NET/pc1/var/fleet/state" "$WORK/state"
	verify 1
	expect_has 'a copy that is not whole' 'no whole copy' "$(cat "$WORK/verified")"
	mv "$WORK/state" "$NET/pc1/var/fleet/state"
	expect_equal 'what is changed' "$before" "$(digest_of ldap-a)"
}

# A suspension ends with a later list, for the entry that the verifier has made. The help desk's stays.
suspension_ends()
{
	local number whole before

	number=$(number_of suspended) whole=$(fingerprint_of "$PKI/suspended.der")
	with_type add "$(word "$whole" 'block lost')" | change helpdesk ldap-a
	import_at_pc1 ca1-released
	verify 0
	expect_match 'its entry' 'lift .* revoke-from-crl notListed 20[0-9T:-]*Z' "$(description_of "$number")"
	expect_equal "the help desk's" 'block lost' "$(description_of "$whole")"
	expect_match 'the revoked one' 'block .*' "$(description_of "$(number_of revoked)")"
	until_true 10 is_lifted "$number" || fail 'not lifted at pc1'
	is_blocked "$whole" || fail "the help desk's block has ended at pc1"
	before=$(digest_of ldap-a)
	verify 0
	expect_equal 'what a second run changes' "$before" "$(digest_of ldap-a)"
	# Registered as revoked again, somehow: the entry that is there blocks again.
	rm -rf "$NET/pc1/var/crl"
	cp -a "$WORK/lists" "$NET/pc1/var/crl"
	verify 0
	expect_match 'its entry' 'block .* revoke-from-crl certificateHold .*' "$(description_of "$number")"
	until_true 10 is_blocked "$number" || fail 'not blocked again at pc1'
}

# A person has taken over the block: by another description, or by one of the moment between reading and sending.
taken_over()
{
	local number before

	number=$(number_of suspended)
	blocks_now > "$WORK/blocks"
	printf 'dn: cn=%s,ou=blocked,ou=jpki,%s\nchangetype: modify\nreplace: description\ndescription: block stolen\n' "$number" "$BASE" |
		change registrar ldap-a
	import_at_pc1 ca1-released
	before=$(digest_of ldap-a)
	verify 0
	at pc1 jpkictl fleet revoke-from-crl - < <(sed 's/^description:/objectClass: device\n&/' "$WORK/blocks") > "$WORK/late" 2>> "$LOG"
	expect_has 'a change that comes late' 'description: lift ' "$(cat "$WORK/late")"
	as verifier ldap-a ldapmodify < "$WORK/late" >> "$LOG" 2>&1 && fail 'a change that came late is taken'
	expect_equal 'what is changed' "$before" "$(digest_of ldap-a)"
}

verifier_must_not()
{
	local change whole before got

	whole=$(fingerprint_of "$PKI/suspended.der")
	before=$(digest_of ldap-a)
	for change in \
		"$(printf 'dn: cn=%s,%s\nchangetype: modify\ndelete: description\ndescription: block lost\n-\nadd: description\ndescription: lift 2026-11-29T00:00:00Z revoke-from-crl notListed 2026-11-29T00:00:00Z\n' "$whole" "ou=blocked,ou=jpki,$BASE")" \
		"$(with_type add "$(word "${whole//0/1}" 'block lost')")" \
		"$(with_type add "$(word "$(number_of other-person)" 'lift 2026-11-29T00:00:00Z revoke-from-crl notListed 2026-11-29T00:00:00Z')")" \
		"$(printf 'dn: serialNumber=1,ou=blocked,ou=jpki,%s\nchangetype: add\nobjectClass: device\nserialNumber: 1\ncn: %s\ndescription: block x\n' "$BASE" "$whole")" \
		"$(printf 'dn: cn=%s,ou=blocked,ou=jpki,%s\nchangetype: delete\n' "$(number_of revoked)" "$BASE")" \
		"$(with_type add "$(registration taro "$PKI/other-person.der")")"; do
		as verifier ldap-a ldapmodify >> "$LOG" 2>&1 <<< "$change"
		got=$?
		expect_equal "$(head -n 2 <<< "$change" | tr '\n' ' ')" 50 "$got"
	done
	expect_equal 'what is changed' "$before" "$(digest_of ldap-a)"
}

desk_conf() { printf '%s\n' "fleet_base = ou=jpki,$BASE" 'fleet_never = jiro' > "$DESK"; }

desk_conf
: > "$CHANGE"
chown taro "$CHANGE"
chmod 0755 "$WORK"
network_begin
tls_begin
organization > "$NET/organization.ldif"
directories_begin "$NET/organization.ldif"
install_pam_service e2e "$(stack)"
reset_config
run_case 'fleet desk: cards from files, first, further, in place, gone' from_files
run_case 'fleet desk: a card that proves its key' from_a_card
run_case 'fleet desk: names that have to be written otherwise' strange_names
run_case 'fleet desk: what it refuses' refusals
run_case 'fleet desk: register, block, lift and remove, up to a machine' on_a_machine
run_case 'fleet desk: cards that the CRLs have' by_the_lists
run_case 'fleet desk: no list, an old one, no whole copy' without_lists
run_case 'fleet desk: a suspension ends, and the help desk blocks on' suspension_ends
run_case 'fleet desk: what the verifier may not write' verifier_must_not
run_case 'fleet desk: a block that a person has taken over' taken_over
[ -z "${FOLLOW_PID[pc1]-}" ] || follow_stop pc1
for directory in "${DIRECTORIES[@]}"; do directory_stop "$directory"; done

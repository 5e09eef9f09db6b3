# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The access rules of config/examples/fleet-389ds.ldif: each right and each refusal of those whom they name.

# shellcheck source=tests/e2e/389ds.sh
. "$E2E_TOP/tests/e2e/389ds.sh"

TRIED=$WORK/tried		# a line for each try: OK? WHAT

dn_of()	# WHO
{
	case $1 in
	registrar|hanako) echo "uid=$1,ou=people,$BASE" ;;
	desk) echo "uid=helpdesk,ou=people,$BASE" ;;
	pc1) echo "cn=pc1.example,ou=hosts,$BASE" ;;
	*) echo "cn=$1,ou=services,$BASE" ;;
	esac
}

# By a password: tests/lib-fleet.sh has as() for those with a certificate.
says()	# WHO PROGRAM WORD…
{
	if [ "$1" = anonymous ]; then
		"$2" -x -H "$URI" "${@:3}"
	else
		"$2" -x -H "$URI" -D "$(dn_of "$1")" -w "$SECRET" "${@:3}"
	fi
}

sees()	# WHO NUMBER FILTER
{
	local n

	n=$(says "$1" ldapsearch -LLL -b "$JPKI" "$3" 1.1 2>/dev/null | grep -c '^dn:')
	[ "$n" = "$2" ]
	note $? "$1 sees $n of $3, and not $2"
}

note() { printf '%d %s\n' "$1" "$2" >> "$TRIED"; }	# STATUS WHAT

# may WHO WHAT < LDIF; may_not WHO WHAT < LDIF: each time by insufficient access, and by nothing else.
may() { try "$1" "$2" 'may' 0; }
may_not() { try "$1" "$2" 'must not' 50; }

# At the end of a pipe, hence the file.
try()	# WHO WHAT WORDS RESULT
{
	local got

	cat > "$WORK/change.ldif"
	says "$1" ldapmodify -f "$WORK/change.ldif" > "$WORK/answer" 2>&1
	got=$?
	[ "$got" = "$4" ]
	note $? "$1 $3 $2: result $got"
	[ "$got" = "$4" ] || cat "$WORK/change.ldif" "$WORK/answer" >> "$LOG"
}

tries()	# FUNCTION
{
	local line from

	from=$(wc -l < "$TRIED")
	"$1"
	while read -r line; do fail "$line"; done < <(tail -n "+$((from + 1))" "$TRIED" | sed -n 's/^1 //p')
}

add_block() { change_at "cn=$1,$BLOCKS" add 'objectClass: top' 'objectClass: device' "cn: $1" "${@:2}"; }	# NAME [LINE…]
add_user() { change_at "uid=$1,ou=enrolments,$JPKI" add 'objectClass: account' 'objectClass: pkiUser' "uid: $1"; }	# NAME
turn() { change_at "cn=$1,$BLOCKS" modify 'delete: description' "description: $2" - 'add: description' "description: $3"; }	# NAME FROM TO

number() { printf '%s-%s' "$(hash_nr "$1")" 06f1d002; }
NOW=2026-11-29T00:00:00Z
BY_LIST="block $NOW revoke-from-crl certificateHold $NOW"
LIFT="lift $NOW revoke-from-crl notListed $NOW"

who_reads()
{
	local who

	add_user hanako | may registrar 'register a user'
	add_block "$(hash_nr lost)" 'description: block lost' | may registrar 'block a card'
	for who in pc1 heartbeat registrar; do
		sees "$who" 1 '(objectClass=pkiUser)'
		sees "$who" 1 '(objectClass=device)'
		sees "$who" 1 '(objectClass=applicationProcess)'
	done
	for who in desk verifier; do
		sees "$who" 1 '(objectClass=device)'
		sees "$who" 0 '(objectClass=pkiUser)'
	done
	for who in hanako other anonymous; do sees "$who" 0 '(objectClass=*)'; done
}

# Of all but the registrar.
who_must_not_write()
{
	local who lost

	lost=cn=$(hash_nr lost),$BLOCKS
	for who in pc1 heartbeat desk verifier hanako other anonymous; do
		add_user taro | may_not "$who" 'register a user'
		change_at "uid=hanako,ou=enrolments,$JPKI" modify 'add: description' 'description: x' | may_not "$who" 'change a registration'
		change_at "uid=hanako,ou=enrolments,$JPKI" modify 'replace: uid' 'uid: taro' | may_not "$who" 'change whom it registers'
		change_at "uid=hanako,ou=enrolments,$JPKI" delete | may_not "$who" 'remove a registration'
		change_at "$lost" delete | may_not "$who" 'delete a block'
		change_at "$lost" modify 'replace: description' 'description: lift found again' | may_not "$who" 'lift a block'
		change_at "$lost" modify 'add: description' 'description: lift found again' | may_not "$who" 'add a lift to a block'
		change_at "$lost" modify 'delete: description' | may_not "$who" 'take the words of a block away'
		change_at "$lost" modify 'add: cn' "cn: $(number x)" | may_not "$who" 'add a name to a block'
		change_at "$lost" modrdn "newrdn: cn=$(number x)" 'deleteoldrdn: 1' | may_not "$who" 'rename a block'
		change_at "uid=hanako,ou=enrolments,$JPKI" modrdn 'newrdn: uid=x' 'deleteoldrdn: 0' "newsuperior: $BLOCKS" | may_not "$who" 'move a registration'
		change_at "cn=state,$JPKI" delete | may_not "$who" 'delete the state'
		change_at "$JPKI" modify 'add: aci' 'aci: (targetattr="*")(version 3.0; acl "x"; allow (all) userdn="ldap:///anyone";)' | may_not "$who" 'change the rules'
		add_block "$(hash_nr x)" 'description: lift' | may_not "$who" 'add a lift'
		add_block "$(hash_nr x)" 'description: block' 'description: lift' | may_not "$who" 'add a block that lifts'
		add_block "$(number x)" "description: $LIFT" | may_not "$who" 'add a lift in the words of the verifier'
		change_at "cn=x,$BLOCKS" add 'objectClass: device' 'cn: x' "cn: $(hash_nr lost)" 'description: lift' | may_not "$who" 'add a lift of another name'
		change_at "cn=x+description=lift,$BLOCKS" add 'objectClass: device' 'cn: x' "cn: $(hash_nr lost)" | may_not "$who" 'add a lift by the name of the entry'
		change_at "serialNumber=1-1,$BLOCKS" add 'objectClass: device' 'serialNumber: 1-1' "cn: $(number y)" 'description: block' | may_not "$who" 'add a block under another name'
		change_at "cn=$(number y),$BLOCKS" add 'objectClass: device' 'objectClass: pkiUser' "cn: $(number y)" 'description: block' | may_not "$who" 'add a registration to a block'
		change_at "cn=$(number y)+serialNumber=1,$BLOCKS" add 'objectClass: applicationProcess' "cn: $(number y)" 'description: block' | may_not "$who" 'add a state below the blocks'
		change_at "cn=$(number y),$JPKI" add 'objectClass: device' "cn: $(number y)" 'description: block' | may_not "$who" 'add a block elsewhere'
		[ "$who" = heartbeat ] ||
			change_at "cn=state,$JPKI" modify 'replace: description' 'description: generation=9 time=9 enrolled=0 blocked=0' | may_not "$who" 'write the state'
		[ "$who" = desk ] || [ "$who" = verifier ] || add_block "$(number z)" 'description: block' | may_not "$who" 'add a block'
	done
}

helpdesk()
{
	add_block "$(hash_nr stolen)" 'description: block stolen' | may desk 'block by the fingerprint'
	add_block "$(number stolen)" 'description: block' | may desk 'block by the number'
	change_at "cn=$(hash_nr stolen),$BLOCKS" modify 'replace: description' 'description: block' | may_not desk 'change its own block'
	change_at "cn=$(hash_nr stolen),$BLOCKS" delete | may_not desk 'delete its own block'
	change_at "cn=$(hash_nr under),cn=$(hash_nr stolen),$BLOCKS" add 'objectClass: device' "cn: $(hash_nr under)" 'description: lift' | may_not desk 'add a lift below a block'
}

heart_beat()
{
	change_at "cn=state,$JPKI" modify 'replace: description' "description: generation=2 time=1795921200 enrolled=1 blocked=3" | may heartbeat 'write the state'
	change_at "cn=state,$JPKI" modify 'add: cn' 'cn: x' | may_not heartbeat 'rename the state'
	change_at "cn=state,$JPKI" modify 'add: objectClass' 'objectClass: pkiUser' | may_not heartbeat 'make a registration of the state'
}

verifier()
{
	local name

	name=$(number a)
	add_block "$name" "description: $BY_LIST" | may verifier 'block by the number'
	add_block "$(hash_nr a)" "description: $BY_LIST" | may_not verifier 'block by the fingerprint'
	change_at "cn=$(number b),$BLOCKS" add 'objectClass: device' "cn: $(number b)" "cn: $(hash_nr b)" "description: $BY_LIST" | may_not verifier 'block by the fingerprint in a second name'
	change_at "cn=$(number b)+cn=$(hash_nr b),$BLOCKS" add 'objectClass: device' "description: $BY_LIST" | may_not verifier 'block by the fingerprint in the name of the entry'
	change_at "cn=$(hash_nr b),cn=$name,$BLOCKS" add 'objectClass: device' "cn: $(hash_nr b)" "description: $BY_LIST" | may_not verifier 'block by the fingerprint below its own block'
	turn "$name" "$BY_LIST" 'lift found again' | may_not verifier 'lift in the words of a person'
	turn "$name" "$BY_LIST" "$LIFT" | may verifier 'lift its own block'
	turn "$name" "$LIFT" "$BY_LIST" | may verifier 'block again'
	change_at "cn=$name,$BLOCKS" modify 'add: cn' "cn: $(number c)" | may_not verifier 'add a name to its own block'
	change_at "cn=$name,$BLOCKS" modify 'add: serialNumber' 'serialNumber: 1' | may_not verifier 'add something else to its own block'
	change_at "cn=$name,$BLOCKS" delete | may_not verifier 'delete its own block'
	change_at "cn=$name,$BLOCKS" modrdn "newrdn: cn=$(number c)" 'deleteoldrdn: 1' | may_not verifier 'rename its own block'
	turn "$name" "$BY_LIST" 'block stolen' | may registrar 'take over a block of the verifier'
	turn "$name" 'block stolen' "$LIFT" | may_not verifier 'lift what a person has taken over'
	change_at "cn=$name,$BLOCKS" modify 'replace: description' "description: $LIFT" | may_not verifier 'replace the words of what a person has taken over'
	change_at "cn=$name,$BLOCKS" modify 'delete: description' | may_not verifier 'take away the words of what a person has taken over'
	turn "$(number stolen)" block "$LIFT" | may_not verifier 'lift a block of the help desk'
	add_block "$(number d)" "description: $BY_LIST" | may registrar 'block in the words of the verifier'
	turn "$(number d)" "$BY_LIST" "$LIFT" | may_not verifier 'lift a block of the registrar in its own words'
	change_at "cn=$(number d),$BLOCKS" modify 'replace: description' "description: $LIFT" | may_not verifier 'replace the words of a block of the registrar'
}

registrar()
{
	turn "$(hash_nr lost)" 'block lost' 'lift found again' | may registrar 'lift a block'
	change_at "uid=hanako,ou=enrolments,$JPKI" delete | may registrar 'remove a registration'
	change_at "cn=$(number d),$BLOCKS" delete | may registrar 'delete a block'
}

server_begins
: > "$TRIED"
run_case '389ds rules: who reads' tries who_reads
run_case '389ds rules: who must not write' tries who_must_not_write
run_case '389ds rules: the help desk' tries helpdesk
run_case '389ds rules: the heart beat' tries heart_beat
run_case '389ds rules: the verifier' tries verifier
run_case '389ds rules: the registrar' tries registrar
printf '# searches and changes that were tried: %d, as they should be: %d\n' "$(wc -l < "$TRIED")" "$(grep -c '^0' "$TRIED")"
directory_stop

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Three real directories and three machines (tests/lib-fleet.sh).

# shellcheck source=tests/lib-fleet.sh
. "$E2E_TOP/tests/lib-fleet.sh"

objection=$(fleet_objection)
[ -z "$objection" ] || { skip 'fleet directories: all' "$objection"; return; }

# --- who may what, by config/examples/fleet-slapd.conf -------------------------------------------

LOST=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
OTHER=${LOST//0/f}
BLOCKS=ou=blocked,ou=jpki,$BASE

# may STATUS WHO TOOL WORD… < LDIF: what the directory answers (RFC 4511 §4.1.9; 50: insufficient access).
may()
{
	local status=$1 who=$2 got answer

	shift 2
	answer=$(as "$who" ldap-b "$@" 2>&1)
	got=$?
	printf '\n%s: %s: %d\n%s\n' "$who" "$*" "$got" "$answer" >> "$LOG"
	[ "$got" = "$status" ] || fail "$who, $(sed -n '/^dn:/{p;q}' <<< "$CHANGE"; sed -n 's/^\(add\|delete\|replace\|changetype\): /\1 /p' <<< "$CHANGE" | tr '\n' ' '): wanted $status, got $got"
}

changes()	# STATUS WHO, and the change in CHANGE
{
	may "$1" "$2" ldapmodify < <(printf '%s\n' "$CHANGE")
}

sees()	# WHO BASE FILTER NUMBER
{
	expect_equal "entries of $2 that $1 sees" "$4" "$(as "$1" ldap-b ldapsearch -LLL -b "$2" "$3" 1.1 2>> "$LOG" | grep -c '^dn:')"
}

with_type() { printf '%s\nchangetype: %s\n%s\n' "$(head -n 1 <<< "$2")" "$1" "$(tail -n +2 <<< "$2")"; }

who_reads()
{
	local who

	CHANGE=$(with_type add "$(registration hanako "$PKI/good.der")")
	changes 0 registrar
	CHANGE=$(with_type add "$(word "$LOST" 'block lost')")
	changes 0 helpdesk
	until_true 10 all_equal || fail 'the directories are not equal'
	for who in pc1 heartbeat registrar ldap-c; do
		sees "$who" "ou=jpki,$BASE" '(objectClass=pkiUser)' 1
		sees "$who" "ou=jpki,$BASE" '(objectClass=device)' 1
		sees "$who" "ou=jpki,$BASE" '(objectClass=applicationProcess)' 1
	done
	sees pc1 "ou=jpki,$BASE" '(userCertificate=*)' 1
	sees helpdesk "ou=jpki,$BASE" '(objectClass=device)' 1
	sees helpdesk "ou=jpki,$BASE" '(objectClass=pkiUser)' 0
	for who in hanako anonymous; do
		sees "$who" "ou=jpki,$BASE" '(objectClass=*)' 0
		sees "$who" "uid=hanako,ou=enrolments,ou=jpki,$BASE" '(objectClass=*)' 0
		sees "$who" "$BASE" '(objectClass=*)' 0
	done
}

# Nothing is changed by any of this.
who_must_not_write()
{
	local who before

	before=$(digest_of ldap-b)
	for who in pc1 helpdesk heartbeat hanako anonymous ldap-c; do
		CHANGE=$(with_type add "$(registration taro "$PKI/other-person.der")")
		refused "$who"
		CHANGE=$(printf 'dn: uid=hanako,ou=enrolments,ou=jpki,%s\nchangetype: modify\nreplace: userCertificate;binary\nuserCertificate;binary:: %s\n' \
			"$BASE" "$(base64 -w 0 "$PKI/other-person.der")")
		refused "$who"
		CHANGE=$(printf 'dn: uid=hanako,ou=enrolments,ou=jpki,%s\nchangetype: delete\n' "$BASE")
		refused "$who"
		CHANGE=$(printf 'dn: uid=hanako,ou=enrolments,ou=jpki,%s\nchangetype: modrdn\nnewrdn: uid=taro\ndeleteoldrdn: 1\n' "$BASE")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: delete\n' "$LOST" "$BLOCKS")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: modify\nreplace: description\ndescription: lift found again\n' "$LOST" "$BLOCKS")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: modify\nadd: description\ndescription: lift found again\n' "$LOST" "$BLOCKS")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: modify\ndelete: description\n' "$LOST" "$BLOCKS")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: modrdn\nnewrdn: cn=%s\ndeleteoldrdn: 1\n' "$LOST" "$BLOCKS" "$OTHER")
		refused "$who"
		CHANGE=$(with_type add "$(word "$OTHER" 'lift found again')")
		refused "$who"
		# The same block under another name of the entry's.
		CHANGE=$(printf 'dn: serialNumber=1,%s\nchangetype: add\nobjectClass: device\nserialNumber: 1\ncn: %s\ndescription: lift x\n' "$BLOCKS" "$LOST")
		refused "$who"
		CHANGE=$(printf 'dn: cn=x+description=lift,%s\nchangetype: add\nobjectClass: device\ncn: x\ncn: %s\ndescription: lift\n' "$BLOCKS" "$LOST")
		refused "$who"
		CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: add\nobjectClass: device\ncn: %s\ndescription: block\ndescription: lift\n' "$OTHER" "$BLOCKS" "$OTHER")
		refused "$who"
		# A second state, or a registration, where blocks are.
		CHANGE=$(printf 'dn: cn=state,%s\nchangetype: add\nobjectClass: applicationProcess\ncn: state\ndescription: block\n' "$BLOCKS")
		refused "$who"
		CHANGE=$(with_type add "$(registration taro "$PKI/other-person.der" | sed "s/ou=enrolments,ou=jpki,$BASE/$BLOCKS/")")
		refused "$who"
		CHANGE=$(with_type add "$(word "$LOST" 'block' | sed "s/$BLOCKS/ou=jpki,$BASE/")")
		refused "$who"
		CHANGE=$(printf 'dn: cn=state,ou=jpki,%s\nchangetype: delete\n' "$BASE")
		refused "$who"
		[ "$who" = heartbeat ] && continue
		CHANGE=$(printf 'dn: cn=state,ou=jpki,%s\nchangetype: modify\nreplace: description\ndescription: generation=9 time=9 enrolled=0 blocked=0\n' "$BASE")
		refused "$who"
	done
	CHANGE=$(with_type add "$(word "$OTHER" 'block lost')")
	for who in pc1 heartbeat hanako anonymous ldap-c; do refused "$who"; done
	expect_equal 'what the directory has' "$before" "$(digest_of ldap-b)"
}

# Insufficient access, or, of what may not be seen, no such entry; an anonymous one is to say first who it is.
refused()	# WHO, and the change in CHANGE
{
	local got

	as "$1" ldap-b ldapmodify >> "$LOG" 2>&1 < <(printf '%s\n' "$CHANGE")
	got=$?
	case $got in
	50|32|8) ;;
	*) fail "$1, $(head -n 3 <<< "$CHANGE" | tr '\n' ' '): $got" ;;
	esac
}

state_at() { as pc1 "$1" ldapsearch -LLL -o ldif-wrap=no -b "cn=state,ou=jpki,$BASE" description | sed -n 's/^description: //p'; }

who_writes()
{
	heartbeat ldaps://ldap-c.example >> "$LOG" 2>&1 || fail 'no heart beat'
	expect_match 'the state' '.*generation=2 time=[0-9]* enrolled=1 blocked=1' "$(state_at ldap-c)"
	CHANGE=$(with_type add "$(word "$OTHER" 'block lost')")
	changes 0 helpdesk
	CHANGE=$(printf 'dn: cn=%s,%s\nchangetype: modify\nreplace: description\ndescription: lift found again\n' "$OTHER" "$BLOCKS")
	changes 0 registrar
	CHANGE=$(printf 'dn: uid=hanako,ou=enrolments,ou=jpki,%s\nchangetype: delete\n' "$BASE")
	changes 0 registrar
	until_true 10 all_equal || fail 'the directories are not equal'
	heartbeat ldaps://ldap-c.example 40 >> "$LOG" 2>&1 || fail 'no heart beat with a generation'
	expect_match 'the state' '.*generation=40 time=[0-9]* enrolled=0 blocked=1' "$(state_at ldap-c)"
	! heartbeat ldaps://not-there.example >> "$LOG" 2>&1 || fail 'a heart beat without a directory'
}

network_begin
tls_begin
organization > "$NET/organization.ldif"
directories_begin "$NET/organization.ldif"
run_case 'fleet directories: who may read what' who_reads
run_case 'fleet directories: who may not write what' who_must_not_write
run_case 'fleet directories: who may write what' who_writes
for directory in "${DIRECTORIES[@]}"; do directory_stop "$directory"; done

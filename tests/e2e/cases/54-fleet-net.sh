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

# changes STATUS WHO LDIF: what the directory answers (RFC 4511 §4.1.9; 50: insufficient access).
changes()
{
	local got answer

	answer=$(as "$2" ldap-b ldapmodify 2>&1 <<< "$3")
	got=$?
	printf '\n%s: %d\n%s\n%s\n' "$2" "$got" "$3" "$answer" >> "$LOG"
	[ "$got" = "$1" ] || fail "$2, $(head -n 3 <<< "$3" | tr '\n' ' '): wanted $1, got $got"
}

sees()	# WHO BASE FILTER NUMBER
{
	expect_equal "entries of $2 that $1 sees" "$4" "$(as "$1" ldap-b ldapsearch -LLL -b "$2" "$3" 1.1 2>> "$LOG" | grep -c '^dn:')"
}

who_reads()
{
	local who

	changes 0 registrar "$(with_type add "$(registration hanako "$PKI/good.der")")"
	changes 0 helpdesk "$(with_type add "$(word "$LOST" 'block lost')")"
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
	local who before taro hanako=uid=hanako,ou=enrolments,ou=jpki,$BASE lost=cn=$LOST,$BLOCKS state=cn=state,ou=jpki,$BASE
	local forbidden

	taro=$(registration taro "$PKI/other-person.der")
	forbidden=(
		"$(with_type add "$taro")"
		"$(change_at "$hanako" modify 'replace: userCertificate;binary' \
			"userCertificate;binary:: $(base64 -w 0 "$PKI/other-person.der")")"
		"$(change_at "$hanako" delete)"
		"$(change_at "$hanako" modrdn 'newrdn: uid=taro' 'deleteoldrdn: 1')"
		"$(change_at "$lost" delete)"
		"$(change_at "$lost" modify 'replace: description' 'description: lift found again')"
		"$(change_at "$lost" modify 'add: description' 'description: lift found again')"
		"$(change_at "$lost" modify 'delete: description')"
		"$(change_at "$lost" modrdn "newrdn: cn=$OTHER" 'deleteoldrdn: 1')"
		"$(with_type add "$(word "$OTHER" 'lift found again')")"
		# The same block under another name of the entry's.
		"$(change_at "serialNumber=1,$BLOCKS" add 'objectClass: device' 'serialNumber: 1' "cn: $LOST" 'description: lift x')"
		"$(change_at "cn=x+description=lift,$BLOCKS" add 'objectClass: device' 'cn: x' "cn: $LOST" 'description: lift')"
		"$(change_at "cn=$OTHER,$BLOCKS" add 'objectClass: device' "cn: $OTHER" 'description: block' 'description: lift')"
		# A second state, or a registration, where blocks are; a block where none is.
		"$(change_at "cn=state,$BLOCKS" add 'objectClass: applicationProcess' 'cn: state' 'description: block')"
		"$(with_type add "${taro/ou=enrolments,ou=jpki,$BASE/$BLOCKS}")"
		"$(with_type add "$(word "$LOST" 'block' | sed "s/$BLOCKS/ou=jpki,$BASE/")")"
		"$(change_at "$state" delete)"
	)
	before=$(digest_of ldap-b)
	for who in pc1 helpdesk heartbeat hanako anonymous ldap-c; do
		refused "$who" "${forbidden[@]}"
		[ "$who" = heartbeat ] ||
			refused "$who" "$(change_at "$state" modify 'replace: description' 'description: generation=9 time=9 enrolled=0 blocked=0')"
	done
	for who in pc1 heartbeat hanako anonymous ldap-c; do refused "$who" "$(with_type add "$(word "$OTHER" 'block lost')")"; done
	expect_equal 'what the directory has' "$before" "$(digest_of ldap-b)"
}

# refused WHO LDIF…: each by insufficient access, or, of what the client may not see, no such entry; the anonymous
# client has to say first who it is.
refused()
{
	local who=$1 change got

	shift
	for change; do
		as "$who" ldap-b ldapmodify >> "$LOG" 2>&1 <<< "$change"
		got=$?
		case $got in
		50|32|8) ;;
		*) fail "$who, $(head -n 3 <<< "$change" | tr '\n' ' '): $got" ;;
		esac
	done
}

state_at() { as pc1 "$1" ldapsearch -LLL -o ldif-wrap=no -b "cn=state,ou=jpki,$BASE" description | sed -n 's/^description: //p'; }

who_writes()
{
	heartbeat ldaps://ldap-c.example >> "$LOG" 2>&1 || fail 'no heart beat'
	expect_match 'the state' '.*generation=2 time=[0-9]* enrolled=1 blocked=1' "$(state_at ldap-c)"
	changes 0 helpdesk "$(with_type add "$(word "$OTHER" 'block lost')")"
	changes 0 registrar "$(change_at "cn=$OTHER,$BLOCKS" modify 'replace: description' 'description: lift found again')"
	changes 0 registrar "$(unregister hanako)"
	until_true 10 all_equal || fail 'the directories are not equal'
	heartbeat ldaps://ldap-c.example 40 >> "$LOG" 2>&1 || fail 'no heart beat with a generation'
	expect_match 'the state' '.*generation=40 time=[0-9]* enrolled=0 blocked=1' "$(state_at ldap-c)"
	! heartbeat ldaps://not-there.example >> "$LOG" 2>&1 || fail 'a heart beat without a directory'
}

# By config/examples/fleet-slapd-sizes.conf. 19: constraintViolation.
how_much()
{
	local i eight=() ninth=$WORK/ninth.der long names=

	for i in ec256 ec384 rsa4096 renewed stay phone soon eku-client; do eight+=("$PKI/$i.der"); done
	cp "$PKI/bare.der" "$ninth"
	changes 0 registrar "$(with_type add "$(registration eight "${eight[@]}")")"
	changes 19 registrar "$(with_type add "$(registration nine "${eight[@]}" "$ninth")")"
	changes 19 registrar "$(change_at "uid=eight,ou=enrolments,ou=jpki,$BASE" modify 'add: userCertificate;binary' \
		"userCertificate;binary:: $(base64 -w 0 "$ninth")")"
	changes 19 registrar "$(change_at "uid=eight,ou=enrolments,ou=jpki,$BASE" modify 'add: uid' 'uid: other')"
	long=$(printf 'block %0249d' 0)
	changes 0 helpdesk "$(with_type add "$(word "$(hash_nr long)" "$long")")"
	changes 19 helpdesk "$(with_type add "$(word "$(hash_nr longer)" "${long}0")")"
	for i in 1 2 3 4 5 6 7; do names+="cn: $(hash_nr "name-$i")"$'\n'; done
	changes 0 helpdesk "$(with_type add "$(word "$(hash_nr names)" 'block lost')")"$'\n'"${names%$'\n'}"
	changes 19 helpdesk "$(with_type add "$(word "$(hash_nr many)" 'block lost')")"$'\n'"${names}cn: $(hash_nr name-8)"
	heartbeat ldaps://ldap-b.example >> "$LOG" 2>&1 || fail 'no heart beat'
	changes 0 registrar "$(unregister eight)"
	for i in long names; do changes 0 registrar "$(change_at "cn=$(hash_nr $i),$BLOCKS" delete)"; done
	until_true 10 all_equal || fail 'the directories are not equal'
}

# --- machines ------------------------------------------------------------------------------

HANAKO=$PKI/good.der TARO=$PKI/other-person.der
HERS=$(fingerprint_of "$HANAKO")
URIS='ldaps://ldap-b.example ldaps://ldap-c.example ldaps://ldap-a.example'

beat()	# [GENERATION]
{
	heartbeat "$URIS" "$@" >> "$LOG" 2>&1 || fail 'no heart beat'
}

everywhere()	# WHAT USER PAM-CODE [JPKI-CODE]
{
	local machine

	for machine in "${MACHINES[@]}"; do logs_in "$1" "$machine" "${@:2}"; done
}

# pc3 lets in by a copy of an hour at most; the state of the directory is an hour old in a few seconds.
machines_begin()
{
	SLOW=3570
	with_type add "$(registration hanako "$HANAKO")" | change registrar ldap-a
	with_type add "$(registration taro "$TARO")" | change registrar ldap-a
	beat
	until_true 10 all_equal
	machine_begin pc1 ldap-a
	machine_begin pc2 ldap-b
	machine_begin pc3 ldap-c fleet_max_age=1 fleet_stale=refuse
	follow_all
}

registered_once()
{
	machines_begin
	everywhere 'registered' hanako SUCCESS
	fresh_card other-person
	everywhere 'registered' taro SUCCESS
	everywhere "another user's card" hanako AUTH_ERR
	fresh_card
	expect_equal 'mode' persist "$(status_of pc2 mode)"
	expect_equal 'directory' ldaps://ldap-b.example "$(status_of pc2 server)"
}

# Row 6 of the list of tests/bench/FLEET.md.
without_directories()
{
	local directory with

	logins 'with directories' 25 pc1 hanako
	with=$MEDIAN
	for directory in "${DIRECTORIES[@]}"; do directory_stop "$directory"; done
	until_true 20 is_down pc1 || fail 'pc1 does not say that it hears nothing'
	until_true 60 is_stale pc3 || fail 'pc3 does not say that its copy is old'
	pull_cable pc1
	follow_stop pc1
	follow_start pc1
	logins 'without directories' 100 pc1 hanako
	printf '# a login with all directories: median of 25: %d ms; with none, the cable out and fleet run started again: median of 100: %d ms\n' \
		"$with" "$MEDIAN"
	logs_in 'an old copy' pc3 hanako AUTHINFO_UNAVAIL JPKI-E-FLEET-STALE
	expect_has 'what is shown' 'has not heard from your organization' "$OUT"
	# shellcheck disable=SC2046 # words
	run $(entry_to pc3) pamdrive --service e2e-ja --user hanako "pin=$PIN" auth
	expect_has 'what is shown in Japanese' '組織のサーバーから長い間' "$OUT"
	plug_cable pc1
	for directory in "${DIRECTORIES[@]}"; do directory_start "$directory"; done
	SLOW=0
	beat
	until_true 60 all_current || fail "not in step again: $(for i in "${MACHINES[@]}"; do generation_of "$i"; done)"
	until_true 60 is_fresh pc3 || fail 'the copy of pc3 stays old'	# the first directory may hear of the beat later
	logs_in 'in step again' pc3 hanako SUCCESS
}

# block_everywhere FINGERPRINT DIRECTORY: until each machine has it, in ms.
block_everywhere()
{
	local from machine

	from=$(now_ms)
	with_type add "$(word "$1" 'block lost')" | change helpdesk "$2" || return
	for machine in "${MACHINES[@]}"; do
		until_true 20 has_block "$machine" "$1" || fail "$machine does not block"
	done
	printf '%s\n' $(($(now_ms) - from))
}

# Row 2.
lost_card()
{
	local i times

	times=$(for i in 1 2 3 4 5 6 7; do block_everywhere "$(hash_nr "row2-$i")" "${DIRECTORIES[i % 3]}"; done | sort -n | tr '\n' ' ')
	printf 'a block is everywhere after (ms): %s\n' "$times" | tee -a "$LOG" >> "$E2E_LOGS/fleet-times"
	[ "$(cut -d' ' -f4 <<< "$times")" -le 2000 ] || fail "a block needs (ms): $times"
	# shellcheck disable=SC2046 # words
	run $(entry_to pc2) pamdrive --service e2e --user hanako "exec=$(blocks_by_hand)" "pin=$PIN" auth
	expect_match 'blocked while the PIN is typed' '[0-9]+ PAM_CRED_EXPIRED' "$(transcript 'auth = ')"
	everywhere 'blocked' hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
}
# While the prompt is open, the help desk blocks the card, and the machine hears of it.
blocks_by_hand()
{
	with_type add "$(word "$HERS" 'block lost')" > "$WORK/lost.ldif"
	declare -f as > "$WORK/lost.sh"
	printf '%s\n' "NET=$NET" "as helpdesk ldap-a ldapmodify < $WORK/lost.ldif" \
		"for i in \$(seq 100); do [ ! -e $NET/pc2/var/fleet/blocked/$HERS ] || exit 0; sleep 0.1; done; exit 1" >> "$WORK/lost.sh"
	printf 'nsenter --target 1 --net --mount --uts bash %s' "$WORK/lost.sh"
}

# from_first MACHINE DIRECTORY: it has been elsewhere meanwhile, and begins again with the first of its list.
from_first()
{
	follow_stop "$1"
	follow_start "$1"
	until_true 20 is_with "$1" "$2" || fail "$1 is not with $2"
}

is_with() { [ "$(status_of "$1" server) $(status_of "$1" mode)" = "ldaps://$2.example persist" ]; }	# MACHINE DIRECTORY

# Row 8: A hears nothing of B and C, and the registrar's side reaches these two. A machine stays with A.
two_halves()
{
	local fingerprint

	fingerprint=$(fingerprint_of "$TARO")
	from_first pc1 ldap-a
	from_first pc2 ldap-b
	sever ldap-a ldap-b ldap-c
	with_type add "$(word "$fingerprint" 'block lost')" | as_at ldap-a helpdesk || fail 'no block at A'
	printf 'dn: uid=taro,ou=enrolments,ou=jpki,%s\nchangetype: modify\nreplace: userCertificate;binary\nuserCertificate;binary:: %s\n' \
		"$BASE" "$(base64 -w 0 "$TARO")" | change registrar ldap-b
	heartbeat ldaps://ldap-b.example >> "$LOG" 2>&1 || fail 'no heart beat at B'
	until_true 10 has_block pc1 "$fingerprint" || fail 'pc1, at A, does not block'
	until_true 10 is_current pc2 ldap-b || fail 'pc2, at B, is not in step'
	rejoin ldap-a ldap-b ldap-c
	until_true 60 all_equal || fail 'the directories are not equal again'
	beat
	until_true 30 all_current || fail 'not in step again'
	fresh_card other-person
	everywhere 'blocked in one half, registered again in the other' taro CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	fresh_card
}

# The office's own wire to a directory that is cut off from the others.
as_at()	# DIRECTORY WHO, LDIF
{
	as "$2" "$1" ldapmodify >> "$LOG" 2>&1
}

# Row 9: a machine goes to another directory, while the one that it was at goes on.
other_directory()
{
	local i

	from_first pc1 ldap-a
	sever pc1 ldap-a
	sever ldap-a pc1
	for i in $(seq 20); do with_type add "$(word "$(hash_nr "row9-$i")" 'block lost')"; echo; done | change helpdesk ldap-a
	until_true 60 has_block pc1 "$(hash_nr row9-20)" || fail 'nothing comes from another directory'
	for i in $(seq 20); do has_block pc1 "$(hash_nr "row9-$i")" || fail "block $i was missed"; done
	[ "$(status_of pc1 server)" != ldaps://ldap-a.example ] || fail 'it still says A'
	with_type add "$(word "$(hash_nr row9-21)" 'block lost')" | change helpdesk ldap-a
	until_true 10 has_block pc1 "$(hash_nr row9-21)" || fail 'a later block of A was missed'
	rejoin pc1 ldap-a
	rejoin ldap-a pc1
}

# Row 5, with a few listeners of OpenLDAP's own; and the machines, when their directory is started again.
LISTENERS=20
listeners()
{
	local i from fingerprint pids=()

	fingerprint=$(hash_nr row5)
	for i in $(seq "$LISTENERS"); do
		as pc1 ldap-b ldapsearch -E '!sync=rp' -LLL -o ldif-wrap=no -b "$BLOCKS" '(objectClass=device)' cn \
			> "$NET/listener-$i" 2>> "$LOG" </dev/null &
		pids+=($!)
	done
	for i in $(seq "$LISTENERS"); do until_true 20 grep -q "$(hash_nr row9-21)" "$NET/listener-$i" || fail "listener $i gets nothing"; done
	from=$(now_ms)
	with_type add "$(word "$fingerprint" 'block lost')" | change helpdesk ldap-a
	for i in $(seq "$LISTENERS"); do until_true 20 grep -q "$fingerprint" "$NET/listener-$i" || fail "listener $i hears nothing"; done
	i=$(($(now_ms) - from))
	printf '%d listeners have a block after (ms): %d\n' "$LISTENERS" "$i" | tee -a "$LOG" >> "$E2E_LOGS/fleet-times"
	[ "$i" -le 5000 ] || fail "listeners have the block after $i ms"
	kill "${pids[@]}" 2>/dev/null
	wait "${pids[@]}" 2>/dev/null
	for i in "${DIRECTORIES[@]}"; do directory_stop "$i"; directory_start "$i"; done
	beat
	until_true 60 all_current || fail 'not in step after a restart of the directories'
}

# Row 12: yesterday's backup, on one directory and on all.
backup_of_yesterday()
{
	local directory machine generation
	local -A from=()

	printf '%s' "$YESTERDAY" > "$NET/yesterday.ldif"
	from_first pc1 ldap-a
	from_first pc2 ldap-b
	from_first pc3 ldap-c
	unregister taro | change registrar ldap-c
	until_true 20 all_equal || fail 'the directories are not equal'
	beat
	until_true 60 all_current || fail 'not in step'
	for machine in "${MACHINES[@]}"; do until_true 60 has_no_registration "$machine" taro || fail "taro stays at $machine"; done

	directory_stop ldap-a
	directory_fill ldap-a "$NET/yesterday.ldif"
	directory_start ldap-a
	until_true 60 all_equal || fail 'the restored directory does not become as the others'
	beat
	until_true 30 all_current || fail 'not in step after one was restored'
	nothing_came_back 'one restored'

	generation=$(generation_of pc1)
	for machine in "${MACHINES[@]}"; do from[$machine]=$(lines_of "$machine"); done
	for directory in "${DIRECTORIES[@]}"; do directory_stop "$directory"; done
	for directory in "${DIRECTORIES[@]}"; do directory_fill "$directory" "$NET/yesterday.ldif"; done
	for directory in "${DIRECTORIES[@]}"; do directory_start "$directory"; done
	beat
	for machine in "${MACHINES[@]}"; do until_true 60 is_behind "$machine" "${from[$machine]}" || fail "$machine: no alarm"; done
	for machine in "${MACHINES[@]}"; do until_true 60 status_has_behind "$machine" || fail "$machine: no alarm in fleet status"; done
	nothing_came_back 'all restored'

	unregister taro | change registrar ldap-a
	beat $((generation + 1))
	until_true 60 all_current || fail 'not in step after the registrar has put it right'
	nothing_came_back 'put right'
}

nothing_came_back()	# WHAT
{
	local machine

	for machine in "${MACHINES[@]}"; do
		has_no_registration "$machine" taro || fail "$1: taro is registered again at $machine"
		has_block "$machine" "$HERS" || fail "$1: hanako's card is not blocked at $machine"
	done
	logs_in "$1" pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	fresh_card other-person
	logs_in "$1" pc3 taro '(CRED_EXPIRED|USER_UNKNOWN)'
	fresh_card
}

network_begin
tls_begin
organization > "$NET/organization.ldif"
directories_begin "$NET/organization.ldif"
run_case 'fleet directories: who may read what' who_reads
run_case 'fleet directories: who may not write what' who_must_not_write
run_case 'fleet directories: who may write what' who_writes
if has_module constraint; then
	run_case 'fleet directories: how much an entry may have' how_much
else
	skip 'fleet directories: how much an entry may have' 'no slapo-constraint here'
fi

install_pam_service e2e "$(stack)"
install_pam_service e2e-ja "$(stack lang=ja)"
run_case 'fleet network: registered once, logged in everywhere' registered_once
YESTERDAY=$(slap ldap-a slapcat -b "$BASE")
run_case 'fleet network: without any directory' without_directories
run_case 'fleet network: a lost card is refused everywhere' lost_card
run_case 'fleet network: blocked and registered in two halves' two_halves
run_case 'fleet network: another directory, and nothing missed' other_directory
run_case 'fleet network: many listeners, and a restart' listeners
run_case 'fleet network: the backup of yesterday' backup_of_yesterday

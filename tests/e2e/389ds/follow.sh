# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A machine follows a 389 Directory Server, which it asks for changes every 30 to 60 seconds (tests/bench/FLEET.md).

# shellcheck source=tests/e2e/389ds.sh
. "$E2E_TOP/tests/e2e/389ds.sh"

USERS_MANY=${E2E_USERS-20000}

has_generation() { [ "$(generation_of "$1")" = "$2" ]; }	# MACHINE NUMBER
status_says() { at "$1" jpkictl fleet status --json 2>/dev/null | jq -e "$2" > /dev/null; }	# MACHINE CONDITION
half_of() { pgrep -P "${FOLLOW_PID[$1]}" -x jpki_ldap | head -n 1; }	# MACHINE
has_polled() { [ "$(polls)" -gt "$1" ]; }	# HOW OFTEN BEFORE
polls() { grep -c 'modifyTimestamp>=' "$SERVER_LOGS/access"; }

# --- the first fill -----------------------------------------------------------------------------------

filled()
{
	local from

	begin_with "$USERS_MANY"
	from=$(now_ms)
	follow_start pc1
	soon 'filled' 120 has_generation pc1 1
	figure "first fill of $USERS_MANY registrations: $(($(now_ms) - from)) ms"
	expect_equal 'registrations' $((USERS_MANY + 1)) "$(find "$NET/pc1/var/fleet/users" -name '*.pem' | wc -l)"
	expect_equal 'mode' poll "$(status_of pc1 mode)"
	logs_in 'by the last entry' pc1 hanako SUCCESS JPKI-OK
	figure "until a login by the last entry: $(($(now_ms) - from)) ms"
	figure "most memory: jpkictl fleet run $(memory "${FOLLOW_PID[pc1]}" VmHWM) MiB, jpki_ldap $(memory "$(half_of pc1)" VmHWM) MiB; ns-slapd now $(memory "$(cat /run/dirsrv/slapd-fleet.pid)" VmRSS) MiB"
	from=$(now_ms)
	with_type add "$(word "$HANAKO_NR" 'block lost')" | change helpdesk ldap-a
	soon 'blocked' "$POLL" has_block pc1 "$HANAKO_NR"
	logs_in 'blocked' pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	figure "a login is refused $(($(now_ms) - from)) ms after the block"
	search_for_changes 'a search for changes'
	index_times
	search_for_changes 'the same with an index of modifyTimestamp'
	with_type add "$(registration last "$TARO")" | change registrar ldap-a
	from=$(now_ms)
	beat
	soon 'one more' "$((POLL + 30))" has_registration pc1 last "$TARO"
	figure "one registration more, which makes the machine ask for all of them: $(($(now_ms) - from)) ms"
}

index_times()
{
	printf '%s\n' 'dn: cn=modifytimestamp,cn=index,cn=userroot,cn=ldbm database,cn=plugins,cn=config' 'objectClass: nsIndex' \
		'cn: modifytimestamp' 'nsSystemIndex: false' 'nsIndexType: eq' | manager ldapadd >> "$LOG" 2>&1 || fail 'no index'
	directory_stop
	task db2index -n userroot -t modifytimestamp
	directory_start
}

search_for_changes()	# WHAT
{
	local from

	from=$(polls)
	soon "$1" "$((POLL + 30))" has_polled "$from"
	sleep 2
	figure "$1: $(last_poll)"
}

# The server's own words on it: seconds, and notes=U or A for a search without an index.
last_poll()
{
	local which

	which=$(grep 'modifyTimestamp>=' "$SERVER_LOGS/access" | tail -n 1 | sed -E 's/.*(conn=[0-9]+ op=[0-9]+).*/\1 /')
	grep -- "$which" "$SERVER_LOGS/access" | grep RESULT | sed -E 's/.*(err=[^ ]*).*(nentries=[^ ]*).*( etime=[^ ]*)/\1 \2\3/'
}

# --- changes ----------------------------------------------------------------------------------

changed()
{
	local from

	begin_with_two
	with_type add "$(word "$HANAKO_NR" 'block lost')" | change helpdesk ldap-a
	unregister taro | change registrar ldap-a
	from=$(now_ms)
	beat
	soon 'blocked' "$POLL" has_block pc1 "$HANAKO_NR"
	figure "a block is there after $(($(now_ms) - from)) ms"
	soon 'removed' 5 has_no_registration pc1 taro
	logs_in 'blocked' pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	change_at "cn=$HANAKO_NR,$BLOCKS" delete | change registrar ldap-a
	with_type add "$(registration taro "$TARO")" | change registrar ldap-a
	beat
	soon 'the entry of the block is gone' "$POLL" is_current pc1
	logs_in 'the entry of the block is gone' pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	has_registration pc1 taro "$TARO" || fail 'taro is not registered again'
	with_type add "$(word "$HANAKO_NR" 'lift found again')" | change registrar ldap-a
	beat
	soon 'lifted' "$POLL" has_no_block pc1 "$HANAKO_NR"
	logs_in 'lifted' pc1 hanako SUCCESS JPKI-OK
}

# --- absence ------------------------------------------------------------------------------------

many_leave()
{
	local i

	begin_with 30
	follow_start pc1
	soon 'the copy' 30 has_generation pc1 1
	unregister user1 | change registrar ldap-a
	beat
	soon 'one leaves' "$POLL" has_no_registration pc1 user1
	for i in $(seq 2 30); do unregister "user$i"; echo; done | change registrar ldap-a
	beat
	soon 'held' "$POLL" status_says pc1 '.held == 29'
	has_registration pc1 user30 "$TARO" || fail 'removed without proof'
	at pc1 jpkictl fleet accept >> "$LOG" 2>&1 || fail 'accept'
	soon 'accepted' "$POLL" has_no_registration pc1 user30
	has_registration pc1 hanako "$HANAKO" || fail 'hanako is gone'
}

# --- without the server ---------------------------------------------------------------------------------------

LOGINS=100
without_server()
{
	local with

	begin_with_two
	logins 'with the server' "$LOGINS" pc1 hanako
	with=$MEDIAN
	directory_stop
	soon 'it hears nothing' 20 is_down pc1
	pull_cable pc1
	follow_stop pc1
	follow_start pc1
	logins 'without the server' "$LOGINS" pc1 hanako
	figure "$LOGINS logins with the server: median $with ms; $LOGINS without it, the cable out, fleet run started again: median $MEDIAN ms"
	plug_cable pc1
	directory_start
	beat
	soon 'in step again' "$POLL" is_current pc1
}

# --- what such a server can answer ----------------------------------------------------

# part_of_all WHAT TEXT: the machine is started again, notices, and removes nothing.
part_of_all()
{
	local from

	from=$(lines_of pc1)
	follow_stop pc1
	follow_start pc1
	soon "$1" 30 log_says pc1 "$from" "$2"
	has_registration pc1 hanako "$HANAKO" && has_registration pc1 taro "$TARO" || fail "$1: removed"
	logs_in "$1" pc1 hanako SUCCESS
}

# The entries of the machines are not there either.
all_of_it_elsewhere()
{
	local from tree='cn=dc\3Dexample,cn=mapping tree,cn=config'

	set_up "$tree" nsslapd-referral ldap://elsewhere.example/
	set_up "$tree" nsslapd-state referral
	from=$(lines_of pc1)
	follow_stop pc1
	follow_start pc1
	soon 'all of it at another server' 30 log_says pc1 "$from" 'bind: Invalid credentials'
	has_registration pc1 hanako "$HANAKO" && has_registration pc1 taro "$TARO" || fail 'all of it at another server: removed'
	set_up "$tree" nsslapd-state backend
}

limit()	# ATTRIBUTE VALUE: for pc1
{
	printf 'dn: cn=pc1.example,ou=hosts,%s\nchangetype: modify\nreplace: %s\n%s: %s\n' "$BASE" "$1" "$1" "$2" | manager ldapmodify >> "$LOG" || fail "limit $*"
}

bad_answers()
{
	begin_with_two
	limit nsSizeLimit 2
	part_of_all 'a size limit' 'LDAP result 4'
	limit nsSizeLimit -1
	limit nsLookThroughLimit 2
	part_of_all 'a limit of entries looked at' 'LDAP result'
	limit nsLookThroughLimit -1
	printf 'dn: uid=away,ou=enrolments,%s\nobjectClass: referral\nobjectClass: extensibleObject\nuid: away\nref: ldap://elsewhere.example/uid=away,%s\n' "$JPKI" "$JPKI" |
		manager ldapadd >> "$LOG" || fail 'no referral'
	part_of_all 'an entry that another server has' 'referral'
	change_at "uid=away,ou=enrolments,$JPKI" delete | manager ldapmodify -M >> "$LOG" || fail 'the referral stays'
	all_of_it_elsewhere
	beat
	soon 'in step again' "$((POLL + 60))" is_current pc1
	soon 'nothing refused' "$POLL" status_says pc1 '.refused == []'
}

entry() { with_type add "$(registration "$@")" | change registrar ldap-a; }	# USER CERTIFICATE.der…

bad_entries()
{
	local from leaf all=()

	begin_with_two
	from=$(lines_of pc1)
	for leaf in good other-person ec256 ec384 rsa4096 renewed stay phone soon; do all+=("$PKI/$leaf.der"); done
	printf 'no certificate' > "$WORK/none.der"
	entry root "$TARO"
	entry ../etc "$TARO"
	entry Hanako-2 "$WORK/none.der"
	entry nine "${all[@]}"
	entry "$(printf '%0300d' 0)" "$TARO"
	with_type add "$(word not-a-fingerprint 'block lost')" | change registrar ldap-a
	with_type add "$(registration taro "$PKI/ec256.der" | sed '1s/uid=taro,/uid=taro+description=second,/; $adescription: second')" | change registrar ldap-a
	entry good-one "$TARO"
	beat
	soon 'the good one' "$POLL" has_registration pc1 good-one "$TARO"
	for leaf in root nine Hanako-2 "$(printf '%0300d' 0)"; do has_no_registration pc1 "$leaf" || fail "$leaf is registered"; done
	has_registration pc1 taro "$TARO" || fail 'the second entry of taro counts'
	expect_equal 'files' 'good-one.pem hanako.pem taro.pem ' "$(ls "$NET/pc1/var/fleet/users" | tr '\n' ' ')"
	log_says pc1 "$from" JPKI-W-FLEET-RECORD || fail 'not in the log'
}

server_begins
machine_begin pc1 ldap-a
run_case '389ds: many registrations, and a block' filled
run_case '389ds: changes' changed
run_case '389ds: many leave at once' many_leave
run_case '389ds: without the server' without_server
run_case '389ds: limits and referrals' bad_answers
run_case '389ds: entries that are refused' bad_entries
stop_pc1
directory_stop

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A machine follows a 389 Directory Server: row 10 of the list of tests/bench/FLEET.md. Such a server is asked for changes every 30
# to 60 seconds.

# shellcheck source=tests/e2e/389ds.sh
. "$E2E_TOP/tests/e2e/389ds.sh"

USERS_MANY=${E2E_USERS-20000}
POLL=75		# seconds until what was changed is there
HANAKO=$PKI/good.der TARO=$PKI/other-person.der
HERS=$(fingerprint_of "$HANAKO")
BLOCKS=ou=blocked,$JPKI
URIS=ldaps://ldap-a.example

figure() { printf '# %s\n' "$*" | tee -a "$LOG"; }
half_of() { pgrep -P "${FOLLOW_PID[$1]}" -x jpki_ldap | head -n 1; }	# MACHINE
beat() { heartbeat "$URIS" "$@" >> "$LOG" 2>&1 || fail 'no heart beat'; }	# [GENERATION]
has_generation() { [ "$(generation_of "$1")" = "$2" ]; }	# MACHINE NUMBER
status_says() { at "$1" jpkictl fleet status --json 2>/dev/null | jq -e "$2" > /dev/null; }	# MACHINE CONDITION
log_says() { tail -n "+$(($2 + 1))" "$E2E_LOGS/fleet-$1.log" | grep -q -- "$3"; }	# MACHINE LINES-BEFORE TEXT
has_polled() { [ "$(polls)" -gt "$1" ]; }	# HOW OFTEN BEFORE
polls() { grep -c 'modifyTimestamp>=' "$SERVER_LOGS/access"; }
delete() { printf 'dn: %s\nchangetype: delete\n\n' "$1"; }	# DN

soon()	# WHAT SECONDS COMMAND…
{
	until_true "$2" "${@:3}" || fail "$1: not within $2 s: $(tail -n 3 "$E2E_LOGS/fleet-pc1.log")"
}

# The server with that many registrations of everybody's and of hanako, and no copy at pc1.
begin_with()	# NUMBER
{
	follow_end
	{ members | sed "s/ enrolled=0/ enrolled=$(($1 + 1))/"
	seq "$1" | awk -v jpki="$JPKI" -v card="$(base64 -w 0 "$TARO")" '{
		printf "dn: uid=user%d,ou=enrolments,%s\nobjectClass: account\nobjectClass: pkiUser\nuid: user%d\nuserCertificate;binary:: %s\n" \
			"createTimestamp: 20260401000000Z\nmodifyTimestamp: 20260401000000Z\n\n", $1, jpki, $1, card }'
	registration hanako "$HANAKO"; } > "$NET/all.ldif"
	directory_fill "$NET/all.ldif"
	rm -rf "${NET:?}/pc1/var/fleet"
}

follow_end() { [ -z "${FOLLOW_PID[pc1]-}" ] || follow_stop pc1; }

# The small directory: two who are registered, and the machine with the copy.
small()
{
	begin_with 0
	with_type add "$(registration taro "$TARO")" | change registrar ldap-a
	beat
	follow_start pc1
	soon 'the copy' 30 is_current pc1
}

# --- row 1 -----------------------------------------------------------------------------------

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
	with_type add "$(word "$HERS" 'block lost')" | change helpdesk ldap-a
	soon 'blocked' "$POLL" has_block pc1 "$HERS"
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

	small
	with_type add "$(word "$HERS" 'block lost')" | change helpdesk ldap-a
	unregister taro | change registrar ldap-a
	from=$(now_ms)
	beat
	soon 'blocked' "$POLL" has_block pc1 "$HERS"
	figure "a block is there after $(($(now_ms) - from)) ms"
	soon 'removed' 5 has_no_registration pc1 taro
	logs_in 'blocked' pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	delete "cn=$HERS,$BLOCKS" | change registrar ldap-a
	with_type add "$(registration taro "$TARO")" | change registrar ldap-a
	beat
	soon 'the entry of the block is gone' "$POLL" is_current pc1
	logs_in 'the entry of the block is gone' pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
	has_registration pc1 taro "$TARO" || fail 'taro is not registered again'
	with_type add "$(word "$HERS" 'lift found again')" | change registrar ldap-a
	beat
	soon 'lifted' "$POLL" has_no_block pc1 "$HERS"
	logs_in 'lifted' pc1 hanako SUCCESS JPKI-OK
}

# --- absence ------------------------------------------------------------------------------------

many_leave()
{
	local i

	begin_with 30
	follow_start pc1
	soon 'the copy' 30 has_generation pc1 1
	delete "uid=user1,ou=enrolments,$JPKI" | change registrar ldap-a
	beat
	soon 'one leaves' "$POLL" has_no_registration pc1 user1
	for i in $(seq 2 30); do delete "uid=user$i,ou=enrolments,$JPKI"; done | change registrar ldap-a
	beat
	soon 'held' "$POLL" status_says pc1 '.held == 29'
	has_registration pc1 user30 "$TARO" || fail 'removed without proof'
	at pc1 jpkictl fleet accept >> "$LOG" 2>&1 || fail 'accept'
	soon 'accepted' "$POLL" has_no_registration pc1 user30
	has_registration pc1 hanako "$HANAKO" || fail 'hanako is gone'
}

# --- row 6 ---------------------------------------------------------------------------------------

LOGINS=100
without_server()
{
	local with

	small
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

# --- rows 13 and 14: what such a server can answer ----------------------------------------------------

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
	small
	limit nsSizeLimit 2
	part_of_all 'a size limit' 'LDAP result 4'
	limit nsSizeLimit -1
	limit nsLookThroughLimit 2
	part_of_all 'a limit of entries looked at' 'LDAP result'
	limit nsLookThroughLimit -1
	printf 'dn: uid=away,ou=enrolments,%s\nobjectClass: referral\nobjectClass: extensibleObject\nuid: away\nref: ldap://elsewhere.example/uid=away,%s\n' "$JPKI" "$JPKI" |
		manager ldapadd >> "$LOG" || fail 'no referral'
	part_of_all 'an entry that another server has' 'referral'
	delete "uid=away,ou=enrolments,$JPKI" | manager ldapmodify -M >> "$LOG" || fail 'the referral stays'
	all_of_it_elsewhere
	beat
	soon 'in step again' "$((POLL + 60))" is_current pc1
	soon 'nothing refused' "$POLL" status_says pc1 '.refused == []'
}

entry() { with_type add "$(registration "$@")" | change registrar ldap-a; }	# USER CERTIFICATE.der…

bad_entries()
{
	local from leaf all=()

	small
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
follow_end
directory_stop

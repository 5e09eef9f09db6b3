# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl fleet run: a real OpenLDAP over TLS, which machines stay connected to.

# shellcheck source=tests/e2e/directory.sh
. "$E2E_TOP/tests/e2e/directory.sh"

lost_card()
{
	local hash began

	hash=$(hash_of good)
	directory_begins hanako good taro other-person
	start_slapd a 3890 || fail "slapd: $(tail -n 5 "$E2E_LOGS/slapd-a.log")"
	start_run
	comes_true 'registered' 10000 registered hanako
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$FLEET/users/hanako.pem")"
	card_login 'registered' SUCCESS
	comes_true 'status' 2000 status_says '.condition == "fresh" and .mode == "persist" and .server == "ldap://localhost:3890" and .enrolled == 2'
	began=$(now_ms)
	word_of "$hash" 'block lost' | add
	comes_true 'blocked' 2000 blocked "$hash"
	echo "blocked after $(($(now_ms) - began)) ms" >> "$LOG"
	card_login 'blocked' CRED_EXPIRED
	expect_logged 'JPKI-E-FLEET-BLOCKED user=hanako'
	printf 'dn: cn=%s,ou=blocked,%s\nchangetype: delete\n\n' "$hash" "$BASE" | modify
	touch_state 2
	comes_true 'the state goes on' 2000 status_says '.generation == 2'
	card_login 'the entry of the block is gone' CRED_EXPIRED
	word_of "$hash" 'lift found again' | add
	comes_true 'lifted' 2000 not_blocked "$hash"
	card_login 'lifted' SUCCESS
	printf 'dn: uid=hanako,ou=enrolments,%s\nchangetype: delete\n\n' "$BASE" | modify
	comes_true 'gone' 2000 not_registered hanako
	card_login 'gone' USER_UNKNOWN
	entry_of hanako good | add
	comes_true 'registered again' 2000 registered hanako
	card_login 'registered again' SUCCESS
	run jpkictl doctor
	expect_has 'doctor' D540 "$OUT"
	expect_lacks 'doctor' D546 "$OUT"
	stop_slapd a
	comes_true 'down' 5000 status_says '.mode == "down"'
	run jpkictl doctor
	expect_has 'doctor' D546 "$OUT"
	fleet_ends
}

# A server that does not prove who it is gets nothing, and nothing is taken from it.
refused()	# WHAT TEXT-OF-THE-LOG
{
	comes_true "$1" 10000 log_says "$2"
	not_registered hanako || fail "$1: registered"
	stop_run
	! grep -q 'BIND dn="cn=pc1' "$E2E_LOGS/slapd-a.log" || fail "$1: it said who it is"
	stop_slapd a
	rm -rf "$FLEET"
}

no_tls()
{
	directory_begins hanako good
	start_slapd a 3890
	CA=$D/other-ca.crt start_run
	refused 'another authority' 'StartTLS'
	CA=$D/other-ca.crt URI=ldaps://localhost:3891 start_run
	start_slapd a 3890
	refused 'another authority, ldaps' 'bind'
	SERVER_CERT=$D/elsewhere.crt SERVER_KEY=$D/elsewhere.key start_slapd a 3890
	start_run
	refused 'the name of another server' 'StartTLS'
	SERVER_CERT=$D/expired.crt SERVER_KEY=$D/expired.key start_slapd a 3890
	start_run
	refused 'an expired certificate' 'StartTLS'
	# What ldap.conf and the environment say of TLS does not count.
	mkdir -p /etc/ldap
	[ ! -e /etc/ldap/ldap.conf ] || cp /etc/ldap/ldap.conf "$WORK/ldap.conf"
	printf 'TLS_REQCERT never\nTLS_CACERT %s\n' "$D/other-ca.crt" > /etc/ldap/ldap.conf
	SERVER_CERT=$D/foreign.crt SERVER_KEY=$D/foreign.key start_slapd a 3890
	LDAPTLS_REQCERT=never LDAPTLS_CACERT=$D/other-ca.crt start_run
	refused 'ldap.conf' 'StartTLS'
	rm /etc/ldap/ldap.conf
	[ ! -e "$WORK/ldap.conf" ] || mv "$WORK/ldap.conf" /etc/ldap/ldap.conf
	NO_TLS=1 start_slapd a 3890
	start_run
	refused 'no StartTLS' 'StartTLS'
	fleet_ends
}

# The directory decides which machines it answers.
wrong_machine()
{
	directory_begins hanako good
	start_slapd a 3890 'disallow bind_anon'
	MACHINE=stranger start_run
	comes_true 'a certificate of another authority' 10000 log_says 'jpki_ldap: ldap'
	not_registered hanako || fail 'a stranger is answered'
	fleet_ends
}

wrong_options()
{
	local mode

	directory_begins hanako good
	option() { write_conf "fleet_dir = $FLEET" "$@"; RUN_LIMIT=20 run jpkictl fleet run; expect_equal "$*" 1 "$STATUS"; }
	option 'fleet_base = dc=example' "fleet_ca = $D/ca.crt"
	expect_has 'no server' 'fleet_uri is not set' "$OUT"
	option 'fleet_uri = ldap://localhost' "fleet_ca = $D/ca.crt"
	expect_has 'no base' 'fleet_base is not set' "$OUT"
	option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example'
	expect_has 'no authorities' 'fleet_ca is not set' "$OUT"
	option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example' "fleet_ca = $D/ca.crt" "fleet_cert = $D/pc1.crt"
	expect_has 'no key' 'fleet_key is not set' "$OUT"
	option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example' "fleet_ca = $D/none.crt"
	expect_has 'no such file' 'No such file' "$OUT"
	for mode in 0644 0640 0604 0620 0610; do
		chmod "$mode" "$D/pc1.key"
		option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example' "fleet_ca = $D/ca.crt" "fleet_cert = $D/pc1.crt" "fleet_key = $D/pc1.key"
		expect_has "a key of mode $mode" 'chmod 0600' "$OUT"
	done
	chmod 0600 "$D/pc1.key"
	option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example' "fleet_ca = $D/pc1.key"
	expect_has 'a file without certificates' 'no "-----BEGIN CERTIFICATE-----" in it' "$OUT"
	userdel jpki-fleet
	option 'fleet_uri = ldap://localhost' 'fleet_base = dc=example' "fleet_ca = $D/ca.crt"
	expect_has 'no user' 'systemd-sysusers' "$OUT"
	useradd --system --shell /usr/sbin/nologin jpki-fleet
	run setpriv --reuid 2001 --regid 2001 --clear-groups jpkictl fleet run
	expect_equal 'as a user' 1 "$STATUS"
	run jpkictl fleet run now
	expect_equal 'no such word' 2 "$STATUS"
	run jpkictl fleet run --accept
	expect_equal 'not for run' 2 "$STATUS"
	fleet_ends
}

# One server after the other; one that is behind is left, and what it says is not taken.
several_servers()
{
	directory_begins hanako good taro other-person
	make_directory taro other-person > "$D/b.ldif"
	GENERATION=5
	sed -i "s/generation=1 /generation=5 /" "$D/all.ldif"
	start_slapd a 3890
	DATA=$D/b.ldif start_slapd b 3892
	URI=ldap://localhost:1,ldap://localhost:3890,ldaps://localhost:3893 start_run
	comes_true 'the first that answers' 20000 status_says '.server == "ldap://localhost:3890" and .mode == "persist" and .generation == 5'
	end_process "$(cat "$D/a/pid")"
	comes_true 'the next one is behind' 20000 log_says JPKI-E-FLEET-BEHIND
	registered hanako || fail 'a server that is behind has removed a registration'
	comes_true 'its status' 2000 status_says '.refused | length == 1 and .[0].code == "JPKI-E-FLEET-BEHIND" and (.[0].server | endswith("localhost:3893"))'
	run jpkictl fleet status
	expect_equal 'status' 3 "$STATUS"
	expect_has 'status' 'only a part was taken from ldaps://localhost:3893: JPKI-E-FLEET-BEHIND' "$OUT"
	run jpkictl doctor
	expect_match 'doctor' '.*D548[^[]*ldaps://localhost:3893: JPKI-E-FLEET-BEHIND.*' "${OUT//$'\n'/ }"
	card_login 'while the directory is behind' SUCCESS
	word_of "$(hash_of good)" 'block lost' | add 3892
	comes_true 'a block of a server that is behind' 20000 blocked "$(hash_of good)"
	start_slapd a 3890
	comes_true 'the first again' 60000 status_says '.server == "ldap://localhost:3890" and .mode == "persist"'
	expect_equal 'the other one is not forgotten' 1 "$(jpkictl fleet status --json | jq '.refused | length')"
	stop_slapd b
	rm -rf "$D/b"
	DATA=$D/all.ldif start_slapd b 3892
	end_process "$(cat "$D/a/pid")"
	comes_true 'the other one is repaired' 60000 status_says '.server == "ldaps://localhost:3893" and .mode == "persist" and .refused == []'
	run jpkictl doctor
	expect_lacks 'doctor' D548 "$OUT"
	expect_equal 'blocked still' yes "$(blocked "$(hash_of good)" && echo yes)"
	fleet_ends
}

# A server that is up, and no longer hears from the others: the time of its state stands still.
cut_off()
{
	STATE_AGE=170
	directory_begins hanako good
	STATE_AGE=0
	start_slapd a 3890
	start_run
	comes_true 'registered' 8000 registered hanako
	expect_equal 'in time' 'false fresh' "$(jpkictl fleet status --json | jq -r '"\(.late) \(.condition)"')"
	run jpkictl fleet status
	expect_equal 'status, in time' 0 "$STATUS"
	comes_true 'late after three minutes' 15000 status_says '.late and .condition == "fresh" and .mode == "persist"'
	run jpkictl fleet status
	expect_equal 'status, late' 3 "$STATUS"
	expect_has 'status, late' 'more than three minutes ago' "$OUT"
	comes_true 'the log' 8000 log_says JPKI-W-FLEET-LATE
	run jpkictl doctor
	expect_has 'doctor' D547 "$OUT"
	card_login 'while it is late' SUCCESS
	touch_state 1
	comes_true 'in time again' 2000 status_says '.late | not'
	run jpkictl doctor
	expect_lacks 'doctor' D547 "$OUT"
	fleet_ends
}

# systemd waits for the word that it is ready (Type=notify), and starts it at boot once it is enabled.
by_systemd()
{
	local socket=$WORK/notify root=$WORK/unit

	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
print(s.recv(100).decode())' "$socket" > "$WORK/notified" 2>> "$LOG" &
	until_true 10 test -S "$socket"
	directory_begins hanako good
	start_slapd a 3890
	NOTIFY_SOCKET=$socket start_run
	comes_true 'ready' 10000 grep -qx READY=1 "$WORK/notified"
	comes_true 'registered' 10000 registered hanako
	fleet_ends
	rm -f "$socket"
	mkdir -p "$root/usr/lib/systemd/system"
	cp "$UNIT" "$root/usr/lib/systemd/system/"
	run systemctl --root="$root" is-enabled jpki-fleet.service
	expect_has 'before' disabled "$OUT"
	run systemctl --root="$root" enable jpki-fleet.service
	expect_equal 'enable' 0 "$STATUS"
	[ -L "$root/etc/systemd/system/multi-user.target.wants/jpki-fleet.service" ] || fail 'enabled, and not started at boot'
	run systemctl --root="$root" disable jpki-fleet.service
	[ ! -L "$root/etc/systemd/system/multi-user.target.wants/jpki-fleet.service" ] || fail 'it cannot be disabled'
}

# Registrations that disappear all at once are kept until the administrator has looked.
many_leave()
{
	local i list=(hanako good)

	for i in $(seq 30); do list+=("user$i" other-person); done
	directory_begins "${list[@]}"
	start_slapd a 3890
	start_run
	comes_true 'registered' 20000 registered user30
	stop_slapd a
	rm -rf "$D/a"
	make_directory hanako good > "$D/all.ldif"
	GENERATION=2
	sed -i "s/generation=1 /generation=2 /" "$D/all.ldif"
	start_slapd a 3890
	comes_true 'held' 30000 status_says '.held == 30'
	registered user30 || fail 'removed without proof'
	expect_has 'the log' JPKI-E-FLEET-SHRUNK "$(cat "$E2E_LOGS/run.log")"
	run jpkictl doctor
	expect_has 'doctor' D545 "$OUT"
	card_login 'what is still registered' SUCCESS
	run jpkictl fleet accept
	expect_equal 'accept' 0 "$STATUS"
	comes_true 'removed' 30000 not_registered user30
	comes_true 'nothing held' 5000 status_says '.held == 0 and .condition == "fresh"'
	registered hanako || fail 'removed, although the directory has it'
	fleet_ends
}

# A size limit looks like a small directory.
size_limit()
{
	directory_begins hanako good taro other-person
	start_slapd a 3890
	start_run
	comes_true 'registered' 10000 registered taro
	stop_slapd a
	rm -rf "$D/a"
	{ cat "$D/all.ldif"; echo; word_of "$(hash_of good)" 'block lost'; } > "$D/more.ldif"
	NO_LIMITS=1 DATA=$D/more.ldif start_slapd a 3890 'sizelimit 2'
	comes_true 'the limit' 20000 log_says 'LDAP result 4\|JPKI-E-FLEET-SYNC'
	comes_true 'its status' 2000 status_says '.refused[0].code == "JPKI-E-FLEET-SYNC"'
	run jpkictl doctor
	expect_has 'doctor' D549 "$OUT"
	registered hanako && registered taro || fail 'removed'
	fleet_ends
}

# Without content synchronization: asked again and again.
polled()
{
	directory_begins hanako good taro other-person
	NO_SYNC=1 start_slapd a 3890
	start_run
	comes_true 'registered' 10000 registered taro
	comes_true 'status' 2000 status_says '.mode == "poll" and .condition == "fresh"'
	word_of "$(hash_of good)" 'block lost' | add
	printf 'dn: uid=taro,ou=enrolments,%s\nchangetype: delete\n\n' "$BASE" | modify
	touch_state 1
	comes_true 'blocked' 65000 blocked "$(hash_of good)"
	card_login 'blocked' CRED_EXPIRED
	comes_true 'gone' 5000 not_registered taro
	comes_true 'the state' 5000 status_says '.enrolled == 1 and .condition == "fresh"'
	fleet_ends
}

# It offers content synchronization, and refuses it.
turned_away()
{
	false_directory_begins no_place hanako good taro other-person
	comes_true 'status' 2000 status_says '.mode == "poll" and .condition == "fresh" and .refused == []'
	log_says 'jpki_ldap: ldaps://localhost:3895: the server has ended the search: Server is unwilling to perform' || fail 'the log does not say why'
	false_directory_ends
}

# Two entries at once, and all in pages: as Active Directory does with its thousand.
in_pages()
{
	directory_begins hanako good taro other-person
	NO_SYNC=1 NO_LIMITS=1 start_slapd a 3890 'sizelimit size.soft=2 size.hard=2 size.prtotal=unlimited'
	as_pc1() { LDAPTLS_CACERT=$D/ca.crt LDAPTLS_CERT=$D/pc1.crt LDAPTLS_KEY=$D/pc1.key ldapsearch -Q -Y EXTERNAL -ZZ -H ldap://localhost:3890 "$@"; }
	as_pc1 -LLL -b "$BASE" >> "$LOG" 2>&1
	expect_equal 'without pages' 4 $?	# sizeLimitExceeded
	start_run
	comes_true 'registered' 10000 registered taro
	comes_true 'status' 2000 status_says '.mode == "poll" and .condition == "fresh" and .enrolled == 2'
	fleet_ends
}

# The network half dies: the writer says so and ends, for systemd to start it again; the copy stays.
network_half_dies()
{
	directory_begins hanako good
	start_slapd a 3890
	start_run
	comes_true 'registered' 10000 registered hanako
	expect_equal 'its user' jpki-fleet "$(ps -o user:32= -C jpki_ldap)"
	expect_equal 'filtered, the writer too' '2 2' "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$RUN_PID/status" "/proc/$(pgrep -x jpki_ldap)/status" | xargs)"
	expect_equal 'its environment and files' '' "$(tr -d '\0' < "/proc/$(pgrep -x jpki_ldap)/environ")"
	expect_lacks 'its files' memfd "$(ls -l "/proc/$(pgrep -x jpki_ldap)/fd")"
	pkill -KILL -x jpki_ldap
	comes_true 'the writer ends' 5000 process_gone "$RUN_PID"
	comes_true 'and says why' 2000 log_says 'jpki_ldap, which talks to the directory: it has ended: Killed'
	card_login 'without it' SUCCESS
	start_run
	comes_true 'again' 10000 status_says '.mode == "persist"'
	kill -KILL "$RUN_PID"
	comes_true 'both end' 5000 none_runs jpki_ldap
	card_login 'without either' SUCCESS
	fleet_ends
}

# --- a dishonest directory ----------------------------------------------------------------------

# First the lie, then, at the next connection, the truth, in which one more is registered.
lie()	# GENERATION BEHAVIOUR TEXT-OF-THE-LOG
{
	false_entries "$1" hanako good taro other-person "after$1" other-person
	stop_run
	start_false "$2" good
	URI=ldaps://localhost:3895 start_run
	comes_true "$2: what comes after it" 20000 registered "after$1"
	registered hanako && registered taro || fail "$2: something was removed"
	comes_true "$2: in the log: $3" 5000 log_says "$3"	# which is written after the files
	expect_equal "$2: status" true "$(jpkictl fleet status --json | jq '.held <= 1')"
	end_process "$FALSE_PID"
}

lies()
{
	false_directory_begins good hanako good taro other-person
	end_process "$FALSE_PID"
	lie 2 half JPKI-E-FLEET-SYNC
	lie 3 no_end JPKI-E-FLEET-SYNC
	lie 4 size_limit 'LDAP result 4'
	lie 5 present 'not an answer as in RFC 4533'
	lie 6 empty JPKI-E-FLEET-STATE
	lie 7 deletes 'not an answer as in RFC 4533'
	lie 8 id_set 'the connection has ended'
	lie 9 small_id_set 'not an answer as in RFC 4533'
	lie 10 garbage JPKI-E-FLEET-SYNC
	lie 11 referral 'not an answer as in RFC 4533'
	lie 12 long_cookie registered
	lie 13 long_entry JPKI-W-FLEET-RECORD
	lie 14 longest_entry 'the connection has ended'
	lie 15 told registered
	fleet_ends
}

# jpkictl fleet status and the doctor report a server whose answers are never whole.
never_whole()
{
	local behaviour

	false_directory_begins good hanako good
	for behaviour in present referral half; do
		stop_run
		end_process "$FALSE_PID"
		rm -f "$FLEET/link"
		start_false "$behaviour"
		URI=ldaps://localhost:3895 start_run
		comes_true "$behaviour: status" 20000 status_says '.refused[0].code == "JPKI-E-FLEET-SYNC"'
		run jpkictl doctor
		expect_has "$behaviour: doctor" D549 "$OUT"
		registered hanako || fail "$behaviour: removed"
	done
	false_directory_ends
}

if [ -x "$SLAPD" ]; then
	run_case 'fleet run: registered, blocked, lifted, gone' lost_card
	run_case 'fleet run: a server that does not prove who it is' no_tls
	run_case 'fleet run: a machine that the directory does not know' wrong_machine
	run_case 'fleet run: options that are missing or wrong' wrong_options
	run_case 'fleet run: several servers, one of them behind' several_servers
	run_case 'fleet run: a server that is cut off' cut_off
	if command -v systemctl > /dev/null; then
		run_case 'fleet run: under systemd' by_systemd
	else
		skip 'fleet run: under systemd' 'no systemctl here'
	fi
	run_case 'fleet run: many leave at once' many_leave
	run_case 'fleet run: a size limit' size_limit
	run_case 'fleet run: the network half dies' network_half_dies
	run_case 'fleet run: a directory that lies' lies
	run_case 'fleet run: a server whose answers are never whole' never_whole
	run_case 'fleet run: a server that sends pages' in_pages
	run_case 'fleet run: a server that has no place for one more' turned_away
	run_case 'fleet run: a server without content synchronization' polled
else
	skip 'fleet run' 'no slapd here'
fi

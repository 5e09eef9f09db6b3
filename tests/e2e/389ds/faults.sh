# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Faults with a 389 Directory Server: a backup is restored, the server's certificate is not valid, all its places are taken, accounts
# are those of FreeIPA, and each half is killed.

# shellcheck source=tests/e2e/389ds.sh
. "$E2E_TOP/tests/e2e/389ds.sh"
# shellcheck source=tests/e2e/fleetcuts.sh
. "$E2E_TOP/tests/e2e/fleetcuts.sh"

CUTS=${E2E_CUTS-15} CUT_SEED=${E2E_SEED-$RANDOM$RANDOM}

# --- a backup ---------------------------------------------------------------------------------------

backup_of_yesterday()
{
	local generation from

	begin_with_two
	directory_stop
	task db2archive -a "$SERVER_DATA/bak/yesterday"
	directory_start
	unregister taro | change registrar ldap-a
	with_type add "$(word "$HANAKO_NR" 'block lost')" | change helpdesk ldap-a
	beat
	soon 'pc1 has the changes of today' "$((POLL + 60))" is_current pc1	# it has to reconnect first
	has_no_registration pc1 taro && has_block pc1 "$HANAKO_NR" || fail 'pc1 differs from the directory'
	generation=$(generation_of pc1)
	from=$(lines_of pc1)
	directory_stop
	task archive2db -a "$SERVER_DATA/bak/yesterday"
	directory_start
	soon 'the log reports the old server' 60 log_says pc1 "$from" JPKI-E-FLEET-BEHIND
	soon 'fleet status reports it' 10 status_has_behind pc1
	# shellcheck disable=SC2046 # words
	run $(entry_to pc1) jpkictl doctor
	expect_has 'doctor' D548 "$OUT"
	nothing_came_back 'restored'
	beat
	sleep "$POLL"
	nothing_came_back 'restored, and written to'
	unregister taro | change registrar ldap-a
	beat $((generation + 1))
	soon 'pc1 follows again' "$POLL" is_current pc1
	nothing_came_back 'put right'
}

nothing_came_back()	# WHEN
{
	has_no_registration pc1 taro || fail "$1: taro is registered again"
	has_block pc1 "$HANAKO_NR" || fail "$1: the block is gone"
	logs_in "$1" pc1 hanako CRED_EXPIRED JPKI-E-FLEET-BLOCKED
}

# --- TLS --------------------------------------------------------------------------------------------

# pc1 takes nothing from a server whose certificate is not valid for it, and does not bind there. libldap with GnuTLS has shown the
# server pc1's own certificate by then, in the handshake.
false_server()
{
	local which

	begin_with 0
	{ authority other-ca 'another CA' && identity other-name /CN=elsewhere elsewhere.example && identity expired /CN=ldap-a ldap-a.example 0; } \
		>> "$LOG" 2>&1 || fail 'no certificates'
	sleep 1.1	# expired is valid within the second in which it was made
	for which in other-name expired; do
		give_certificate "$which" >> "$LOG" 2>&1 || fail "$which: not in the server's database"
		show_certificate "$which"
		directory_restart
		nothing_taken "$which"
	done
	show_certificate ldap-a
	directory_restart
	set_option fleet_ca "$NET/tls/other-ca.crt"
	nothing_taken 'another authority'
	set_option fleet_ca "$NET/tls/ca.crt"
	set_option fleet_uri "$URIS"
	which=$(binds)
	follow_start pc1
	soon 'pc1 takes from the right server' 30 has_registration pc1 hanako "$HANAKO"
	[ "$(binds)" -gt "$which" ] || fail 'the log of the server does not show who binds'
}

binds() { grep -c 'tag=97 .*dn="cn=pc1\.example' "$SERVER_LOGS/access"; }
set_option() { sed -i "s,^$1 = .*,$1 = $2," "$NET/pc1/etc/pam_jpki.conf"; }	# OPTION VALUE

nothing_taken()	# WHAT IS FALSE
{
	local scheme from before

	before=$(binds)
	for scheme in ldaps ldap; do
		set_option fleet_uri "$scheme://ldap-a.example"
		from=$(lines_of pc1)
		follow_start pc1
		soon "the log reports: $1" 20 log_says pc1 "$from" 'jpki_ldap: ldap'
		figure "$1: $(tail -n "+$((from + 1))" "$E2E_LOGS/fleet-pc1.log" | grep -m 1 'jpki_ldap: ldap')"
		follow_stop pc1
	done
	has_no_registration pc1 hanako || fail "$1: pc1 registered hanako"
	expect_equal "$1: binds by pc1" "$before" "$(binds)"
}

# --- places for listeners -------------------------------------------------------------------------------

listen_as_pc1()	# NUMBER
{
	as pc1 ldap-a ldapsearch -E '!sync=rp' -LLL -o ldif-wrap=no -b "$BLOCKS" '(objectClass=device)' cn > "$NET/listener-$1" 2>&1 </dev/null
}

hide()	# ATTRIBUTES: of the root DSE; aci alone is the server's default
{
	printf 'dn:\nchangetype: modify\nreplace: aci\naci: (targetattr != "%s")(version 3.0; acl "root"; allow(read,search,compare) userdn="ldap:///anyone";)\n' "$1" |
		manager ldapmodify >> "$LOG" || fail "hide $1"
}

# The server accepts ten listeners, and refuses ldapsearch as the eleventh. pc1 polls, although the server offers content
# synchronization and hides its vendorName.
all_places_taken()
{
	local i pids=()

	stop_pc1
	hide 'aci || vendorName || vendorVersion'
	set_up 'cn=Retro Changelog Plugin,cn=plugins,cn=config' nsslapd-pluginEnabled on
	set_up 'cn=Content Synchronization,cn=plugins,cn=config' nsslapd-pluginEnabled on
	directory_restart
	begin_with_two
	manager ldapsearch -LLL -s base -b '' supportedControl | grep -q 1.3.6.1.4.1.4203.1.9.1.1 || fail 'the server does not offer content synchronization'
	for i in $(seq 10); do
		listen_as_pc1 "$i" &
		pids+=($!)
		sleep 0.7	# each has its place before the next one comes
	done
	listen_as_pc1 eleven
	expect_equal 'the eleventh (unwillingToPerform)' 53 $?
	figure "the eleventh listener: $(tail -n 1 "$NET/listener-eleven")"
	follow_stop pc1
	follow_start pc1
	with_type add "$(word "$(hash_nr eleventh)" 'block lost')" | change helpdesk ldap-a
	soon 'the block is there' "$POLL" has_block pc1 "$(hash_nr eleventh)"
	expect_equal 'mode' poll "$(status_of pc1 mode)"
	kill "${pids[@]}" 2>/dev/null
	wait "${pids[@]}" 2>/dev/null
	hide aci
	set_up 'cn=Content Synchronization,cn=plugins,cn=config' nsslapd-pluginEnabled off
	set_up 'cn=Retro Changelog Plugin,cn=plugins,cn=config' nsslapd-pluginEnabled off
	directory_restart
}

# --- accounts of FreeIPA --------------------------------------------------------------------------------

# With the classes that "ipa user-add" and later commands give it. This server's schema does not have them all.
account_of_freeipa()	# [CLASS]: what the administrator adds
{
	local class

	begin_with_two
	set_up cn=config nsslapd-schemacheck off
	{ printf 'dn: uid=saburo,ou=enrolments,%s\nuid: saburo\ncn: Saburo\nsn: Saburo\n' "$JPKI"
	for class in top person organizationalperson inetorgperson inetuser posixaccount krbprincipalaux krbticketpolicyaux ipaobject ipasshuser \
		ipaSshGroupOfPubKeys mepOriginEntry ipauserauthtypeclass ipantuserattrs ipacertmapobject ipatokenradiusproxyuser "$@"; do
		printf 'objectClass: %s\n' "$class"
	done
	printf 'krbPrincipalName: saburo@EXAMPLE\nuidNumber: 100001\ngidNumber: 100001\nhomeDirectory: /home/saburo\nuserCertificate;binary:: %s\n' "$(base64 -w 0 "$TARO")"
	} | manager ldapadd >> "$LOG" 2>&1 || fail 'the server refuses the account'
	beat
	soon 'pc1 follows' "$POLL" is_current pc1
	if [ $# -gt 0 ]; then
		has_registration pc1 saburo "$TARO" || fail 'not registered'
	else
		has_no_registration pc1 saburo || fail 'registered without pkiUser'
	fi
	set_up cn=config nsslapd-schemacheck on
}

# --- killed ---------------------------------------------------------------------------------------------

cut_off()	# writer|network fill|changes|return POINTS
{
	begin_with 0
	unregister hanako | manager ldapmodify >> "$LOG" || fail 'hanako cannot be removed'
	fleet_options pc1 "$URIS" > /etc/pam_jpki/pam_jpki.conf
	CLIENT="-x -H $URI -D 'cn=Directory Manager' -w $SECRET" fleet_cuts "$1" "$2" "$3" 40 "$CUT_SEED" jpkictl fleet run
	figure "$RESULT"
	reset_config
}

server_begins
machine_begin pc1 ldap-a
run_case '389ds: the backup of yesterday' backup_of_yesterday
run_case '389ds: a server whose certificate is not valid' false_server
run_case '389ds: all places for listeners are taken' all_places_taken
run_case '389ds: an account of FreeIPA with pkiUser' account_of_freeipa pkiUser
run_case '389ds: an account of FreeIPA without pkiUser' account_of_freeipa
OBJECTION=$(disk_objection)
if [ -n "$OBJECTION" ]; then
	skip '389ds: killed' "$OBJECTION"
else
	stop_pc1
	for victim in writer network; do
		run_case "389ds: the $victim half is killed while it fills a copy" cut_off $victim fill "$CUTS"
		run_case "389ds: the $victim half is killed while it catches up" cut_off $victim return "$CUTS"
		# Each of these waits until pc1 asks.
		run_case "389ds: the $victim half is killed while entries change" cut_off $victim changes $(((CUTS + 4) / 5))
	done
fi
stop_pc1
directory_stop

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A 389 Directory Server in place of the slapd that tests/lib-fleet.sh has at ldap-a, and one machine that follows it. The cases in
# tests/e2e/389ds source this file.
#
# shellcheck disable=SC2034 # those use what is not used here

# shellcheck source=tests/lib-fleet.sh
. "$E2E_TOP/tests/lib-fleet.sh"

DIRECTORIES=(ldap-a)
MACHINES=(pc1)
SERVER=/etc/dirsrv/slapd-fleet
SERVER_LOGS=/var/log/dirsrv/slapd-fleet
SERVER_DATA=/var/lib/dirsrv/slapd-fleet
SECRET='directory-secret'
URI=ldap://ldap-a.example
STATE_READER=heartbeat
JPKI=ou=jpki,$BASE
POLL=75		# the longest wait for a change, in seconds: pc1 asks every 30 to 60
HANAKO=$PKI/good.der TARO=$PKI/other-person.der
HANAKO_NR=$(fingerprint_of "$HANAKO")
BLOCKS=ou=blocked,$JPKI
URIS=ldaps://ldap-a.example

# --- the server ---------------------------------------------------------------------------------

# dscreate starts and stops the server by systemctl, and there is no systemd here.
put_systemctl()
{
	cat > /usr/local/bin/systemctl <<-'TEXT'
		#!/bin/bash
		pid=/run/dirsrv/slapd-fleet.pid
		is_up() { (exec 3<>/dev/tcp/localhost/389) 2>/dev/null; }
		case $* in
		*is-active*) kill -0 "$(cat "$pid" 2>/dev/null || echo x)" 2>/dev/null || exit 3 ;;
		start*)
			ns-slapd -D /etc/dirsrv/slapd-fleet -i "$pid" > /dev/null 2>&1
			for i in {1..300}; do ! is_up || exit 0; sleep 0.2; done
			exit 1 ;;
		stop*)
			n=$(cat "$pid") && kill "$n"
			while kill -0 "$n" 2>/dev/null; do sleep 0.1; done ;;
		esac
		exit 0
	TEXT
	chmod 0755 /usr/local/bin/systemctl
}

# What the package's script does, and dscreate.
make_server()
{
	id dirsrv > /dev/null 2>&1 || useradd --system --home-dir /var/lib/dirsrv --shell /usr/sbin/nologin dirsrv || return
	put_systemctl
	mkdir -p /run/dirsrv /run/lock/dirsrv /var/lib/dirsrv /var/log/dirsrv
	chown dirsrv:dirsrv /run/dirsrv /run/lock/dirsrv /var/lib/dirsrv /var/log/dirsrv
	printf '%s\n' '[general]' 'config_version = 2' 'full_machine_name = ldap-a.example' 'strict_host_checking = False' 'start = True' \
		'[slapd]' 'instance_name = fleet' 'port = 389' 'secure_port = 636' "root_password = $SECRET" \
		'[backend-userroot]' "suffix = $BASE" 'create_suffix_entry = True' 'sample_entries = no' > "$NET/fleet.inf"
	at ldap-a env PATH="/usr/local/bin:$PATH" dscreate from-file "$NET/fleet.inf" && { is_server_up || directory_start; }
}

is_server_up() { at ldap-a systemctl is-active dirsrv@fleet; }
directory_start() { at ldap-a systemctl start dirsrv@fleet || build_die 'the directory server does not start'; }
directory_stop() { at ldap-a systemctl stop dirsrv@fleet; }
directory_restart() { directory_stop; directory_start; }

# manager PROGRAM WORD…: who may do everything.
manager() { "$1" -x -H "$URI" -D 'cn=Directory Manager' -w "$SECRET" "${@:2}"; }

# set_up DN ATTRIBUTE VALUE: of the server.
set_up() { printf 'dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n' "$1" "$2" "$2" "$3" | manager ldapmodify >> "$LOG" 2>&1 || fail "set_up $*"; }

# A certificate of $NET/tls into the server's database.
give_certificate()	# NAME
{
	openssl pkcs12 -export -name "$1" -in "$NET/tls/$1.crt" -inkey "$NET/tls/$1.key" -passout pass:x -out "$NET/tls/$1.p12" &&
		pk12util -i "$NET/tls/$1.p12" -d "sql:$SERVER" -k "$SERVER/pwdfile.txt" -W x && chown dirsrv:dirsrv "$SERVER"/*.db
}

# The server shows that one from its next start on.
show_certificate() { set_up cn=RSA,cn=encryption,cn=config nsSSLPersonalitySSL "$1"; }

# It accepts certificates of clients. A certificate is for the entry whose DN is its subject.
server_tls()
{
	certutil -A -d "sql:$SERVER" -f "$SERVER/pwdfile.txt" -n fleet-ca -t CT,, -a -i "$NET/tls/ca.crt" && give_certificate ldap-a || return
	printf '%s\n' 'certmap default default' 'default:verifycert off' > "$SERVER/certmap.conf"
	set_up cn=encryption,cn=config nsSSLClientAuth allowed
	set_up cn=config nsslapd-accesslog-logbuffering off
	show_certificate ldap-a
}

# task WORD…: what dsctl does while the server is stopped.
task() { at ldap-a ns-slapd "$1" -D "$SERVER" "${@:2}" >> "$E2E_LOGS/389ds.log" 2>&1 || build_die "$1 failed, see 389ds.log"; }

# All of the server's entries from LDIF.
directory_fill()	# LDIF
{
	! is_server_up || directory_stop
	install -o dirsrv -m 0600 "$1" "$SERVER_DATA/ldif/fill.ldif"
	task ldif2db -n userroot -i "$SERVER_DATA/ldif/fill.ldif"
	directory_start
	manager ldapmodify -f "$EXAMPLES/fleet-389ds.ldif" >> "$E2E_LOGS/389ds.log" 2>&1 || build_die 'the access rules are refused'
}

# The organization of tests/lib-fleet.sh, with those who have access as entries.
members()
{
	local name

	organization
	for name in people hosts services; do printf '\ndn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %s\n' "$name" "$BASE" "$name"; done
	for name in registrar helpdesk hanako; do
		printf '\ndn: uid=%s,ou=people,%s\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: %s\nuserPassword: %s\n' \
			"$name" "$BASE" "$name" "$SECRET"
	done
	for name in pc1.example,ou=hosts heartbeat,ou=services verifier,ou=services other,ou=services; do
		printf '\ndn: cn=%s,%s\nobjectClass: device\nobjectClass: simpleSecurityObject\ncn: %s\nuserPassword: %s\n' \
			"$name" "$BASE" "${name%%,*}" "$SECRET"
		[ "$name" = other,ou=services ] || printf 'nsSizeLimit: -1\nnsLookThroughLimit: -1\n'
	done
	printf '\n'
}

server_begins()
{
	network_begin
	tls_begin
	node_begin ldap-a
	{ make_server && server_tls; } > "$E2E_LOGS/389ds.log" 2>&1 ||
		{ tail -n 30 "$E2E_LOGS/389ds.log" "$SERVER_LOGS/errors" >&2; build_die 'no 389 Directory Server'; }
	manager ldapsearch -LLL -s base -b '' vendorVersion | sed -n 's/^vendor[^:]*: /# /p'
	members > "$NET/members.ldif"
	directory_fill "$NET/members.ldif"
}

# --- the machine ------------------------------------------------------------------------------

figure() { printf '# %s\n' "$*" | tee -a "$LOG"; }
beat() { heartbeat "$URIS" "$@" >> "$LOG" 2>&1 || fail 'no heart beat'; }	# [GENERATION]
log_says() { tail -n "+$(($2 + 1))" "$E2E_LOGS/fleet-$1.log" | grep -q -- "$3"; }	# MACHINE LINES-BEFORE TEXT

soon()	# WHAT SECONDS COMMAND…
{
	until_true "$2" "${@:3}" || fail "$1: not within $2 s: $(tail -n 3 "$E2E_LOGS/fleet-pc1.log")"
}

# Stops pc1, deletes its copy, and fills the server with that many users and hanako.
begin_with()	# NUMBER
{
	stop_pc1
	{ members | sed "s/ enrolled=0/ enrolled=$(($1 + 1))/"
	seq "$1" | awk -v jpki="$JPKI" -v card="$(base64 -w 0 "$TARO")" '{
		printf "dn: uid=user%d,ou=enrolments,%s\nobjectClass: account\nobjectClass: pkiUser\nuid: user%d\nuserCertificate;binary:: %s\n" \
			"createTimestamp: 20260401000000Z\nmodifyTimestamp: 20260401000000Z\n\n", $1, jpki, $1, card }'
	registration hanako "$HANAKO"; } > "$NET/all.ldif"
	directory_fill "$NET/all.ldif"
	rm -rf "${NET:?}/pc1/var/fleet"
}

stop_pc1() { [ -z "${FOLLOW_PID[pc1]-}" ] || follow_stop pc1; }

# Fills the server with hanako and taro, starts pc1, and waits for its copy.
begin_with_two()
{
	begin_with 0
	with_type add "$(registration taro "$TARO")" | change registrar ldap-a
	beat
	follow_start pc1
	soon 'the copy' 30 is_current pc1
}

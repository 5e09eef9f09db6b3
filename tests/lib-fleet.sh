# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# An organization in small: three directories (slapd, N-way multi-provider over TLS) and three machines with
# pam_jpki, each with a network, mounts and a host name of its own, joined by cables that can be pulled. Sourced,
# after tests/e2e/lib.sh, by tests/e2e/fleet-demo-inside, tests/e2e/cases/54-fleet-net.sh and
# tests/bench/fleet-inside. Nothing here may be used outside tests/e2e/ns.
#
# shellcheck disable=SC2034 # those use what is not used here

[ -e /run/e2e-inside ] || { echo "tests/lib-fleet.sh: only inside tests/e2e/ns" >&2; exit 1; }

# shellcheck source=tests/e2e/fleetentries.sh
. "$E2E_TOP/tests/e2e/fleetentries.sh"

NET=$WORK/net			# what this file makes, below it a directory for each node
BASE=dc=example
DIRECTORIES=(ldap-a ldap-b ldap-c)
MACHINES=(pc1 pc2 pc3)
FLEET=/var/lib/pam_jpki/fleet
EXAMPLES=$E2E_TOP/config/examples
declare -A NODE_PID=() SLAPD_PID=() FOLLOW_PID=()

# Names and addresses of RFC 2606 and RFC 5737, for examples.
declare -A ADDRESS=([office]=192.0.2.1 [ldap-a]=192.0.2.11 [ldap-b]=192.0.2.12 [ldap-c]=192.0.2.13
	[pc1]=192.0.2.21 [pc2]=192.0.2.22 [pc3]=192.0.2.23)

# The programs of OpenLDAP, or nothing: why there can be no directory here.
fleet_objection()
{
	local program

	for program in slapd slapadd slapcat ldapsearch ldapmodify; do
		PATH=$PATH:/usr/sbin:/usr/libexec command -v "$program" >/dev/null || { echo "no $program here"; return; }
	done
	unshare --net --mount true 2>/dev/null || echo 'not allowed in this container: to make networks'
}

# --- nodes and cables -------------------------------------------------------------------------

# at NODE COMMAND…
at()
{
	# shellcheck disable=SC2046 # words
	$(entry_to "$1") "${@:2}"
}

# The words that have a program start at a node, where a function cannot be given.
entry_to()	# NODE
{
	printf 'nsenter --target %s --net --mount --uts --wd=/ --\n' "${NODE_PID[$1]}"
}

has_network_of_its_own()	# PID
{
	[ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] &&
		[ "$(readlink "/proc/$1/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] &&
		[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

node_begin()	# NODE
{
	local node=$1 pid

	mkdir -p "$NET/$node"
	unshare --net --mount --uts --propagation private sleep infinity </dev/null >/dev/null 2>&1 &
	pid=$!
	until_true 5 has_network_of_its_own "$pid" || build_die "no namespaces for $node"
	NODE_PID[$node]=$pid
	at "$node" hostname "$node.example" &&
		ip link add "to-$node" type veth peer name eth0 netns "$pid" &&
		ip link set "to-$node" master switch up &&
		at "$node" ip link set lo up &&
		at "$node" ip address add "${ADDRESS[$node]}/24" dev eth0 &&
		at "$node" ip link set eth0 up || build_die "no cable to $node"
}

# The switch that all cables lead to, with the office of the registrar and the help desk at it.
network_begin()
{
	local node

	mkdir -p "$NET"
	ip link add switch type bridge && ip address add "${ADDRESS[office]}/24" dev switch && ip link set switch up ||
		build_die 'no bridge between the namespaces'
	for node in "${!ADDRESS[@]}"; do
		printf '%s %s.example %s\n' "${ADDRESS[$node]}" "$node" "$node"
	done >> /etc/hosts
}

pull_cable() { ip link set "to-$1" down; }
plug_cable() { ip link set "to-$1" up; }

# sever, rejoin NODE NODE…: that one hears nothing of the others any more, while each keeps its own cable.
sever() { at "$1" ip route add blackhole "${ADDRESS[$2]}/32"; [ $# -le 2 ] || sever "$1" "${@:3}"; }
rejoin() { at "$1" ip route del blackhole "${ADDRESS[$2]}/32"; [ $# -le 2 ] || rejoin "$1" "${@:3}"; }

# --- who is who: TLS with certificates of a throw-away authority --------------------------------

declare -A SUBJECT=(
	[registrar]=/DC=example/OU=people/UID=registrar
	[helpdesk]=/DC=example/OU=people/UID=helpdesk
	[hanako]=/DC=example/OU=people/UID=hanako
	[heartbeat]=/DC=example/OU=services/CN=heartbeat
	[verifier]=/DC=example/OU=services/CN=verifier
)

# identity NAME SUBJECT [HOST DAYS]: NAME.key and NAME.crt, which is valid for a server of that name, too.
identity()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$NET/tls/$1.key" -out "$NET/tls/$1.csr" \
		-subj "$2" &&
		openssl x509 -req -in "$NET/tls/$1.csr" -CA "$NET/tls/ca.crt" -CAkey "$NET/tls/ca.key" -CAcreateserial -days "${4:-2}" \
			-extfile <(printf 'subjectAltName=DNS:%s\nbasicConstraints=CA:FALSE\n' "${3:-$1.example}") -out "$NET/tls/$1.crt"
}

authority()	# NAME COMMON-NAME: NAME.key and NAME.crt
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/DC=example/CN=$2" \
		-addext keyUsage=critical,keyCertSign,cRLSign -keyout "$NET/tls/$1.key" -out "$NET/tls/$1.crt"
}

tls_begin()
{
	local name

	mkdir -p "$NET/tls"
	{ authority ca 'fleet test CA' &&
	for name in "${DIRECTORIES[@]}"; do identity "$name" "/DC=example/OU=servers/CN=$name.example" || return; done &&
	for name in "${MACHINES[@]}"; do identity "$name" "/DC=example/OU=hosts/CN=$name.example" || return; done &&
	for name in "${!SUBJECT[@]}"; do identity "$name" "${SUBJECT[$name]}" || return; done; } > "$E2E_LOGS/fleet-tls.log" 2>&1 ||
		build_die 'no certificates, see fleet-tls.log'
	chmod 0755 "$NET/tls"
	chmod 0600 "$NET"/tls/*.key
}

# as NAME|anonymous DIRECTORY PROGRAM WORD…: a client of OpenLDAP, at the office, with that certificate.
as()
{
	local who=$1 directory=$2 program=$3

	shift 3
	if [ "$who" = anonymous ]; then
		LDAPCONF=/dev/null LDAPTLS_CACERT=$NET/tls/ca.crt "$program" -x -H "ldaps://$directory.example" -o nettimeout=5 "$@"
	else
		LDAPCONF=/dev/null LDAPTLS_CACERT=$NET/tls/ca.crt LDAPTLS_CERT=$NET/tls/$who.crt LDAPTLS_KEY=$NET/tls/$who.key \
			"$program" -Q -Y EXTERNAL -H "ldaps://$directory.example" -o nettimeout=5 "$@"
	fi
}

# --- directories ----------------------------------------------------------------------------------

has_module() { [ -n "$(find "$(slapd_modules)" -name "$1.la" -o -name "$1.so")" ]; }	# NAME

# One provider of three: what an organization's slapd.conf has beside our example of who may what.
directory_conf()	# DIRECTORY
{
	local dir=$NET/$1 schema i

	schema=$(slapd_schemas)
	cat <<-TEXT
	include $schema/core.schema
	include $schema/cosine.schema
	modulepath $(slapd_modules)
	moduleload back_mdb
	moduleload syncprov
	moduleload accesslog
	$(has_module constraint && echo moduleload constraint)
	pidfile $dir/slapd.pid
	TLSCACertificateFile $NET/tls/ca.crt
	TLSCertificateFile $NET/tls/$1.crt
	TLSCertificateKeyFile $NET/tls/$1.key
	TLSVerifyClient try
	security tls=128
	loglevel none
	TEXT
	for i in 1 2 3; do printf 'serverID %d ldaps://%s.example\n' "$i" "${DIRECTORIES[i-1]}"; done
	cat <<-TEXT
	database mdb
	suffix cn=accesslog
	directory $dir/log
	maxsize 268435456
	rootdn cn=accesslog
	index default eq
	index entryCSN,objectClass,reqEnd,reqResult,reqStart
	overlay syncprov

	database mdb
	suffix $BASE
	directory $dir/db
	maxsize 1073741824
	rootdn cn=admin,$BASE
	index objectClass,entryUUID,entryCSN,uid eq
	limits dn.children="ou=servers,$BASE" size=unlimited time=unlimited
	access to * by dn.children="ou=servers,$BASE" read by * break
	include $EXAMPLES/fleet-slapd.conf
	TEXT
	for i in 1 2 3; do
		cat <<-TEXT
		syncrepl rid=00$i provider=ldaps://${DIRECTORIES[i-1]}.example searchbase="$BASE" type=refreshAndPersist
		  retry="1 +" keepalive=2:2:2 timeout=5 network-timeout=3 bindmethod=sasl saslmech=EXTERNAL tls_reqcert=demand
		  tls_cacert=$NET/tls/ca.crt tls_cert=$NET/tls/$1.crt tls_key=$NET/tls/$1.key
		TEXT
	done
	cat <<-TEXT
	multiprovider on
	$(has_module constraint && echo "include $EXAMPLES/fleet-slapd-sizes.conf")
	overlay syncprov
	syncprov-sessionlog-source cn=accesslog
	overlay accesslog
	logdb cn=accesslog
	logops writes
	logsuccess TRUE
	TEXT
}

slap()	# DIRECTORY PROGRAM WORD…
{
	local directory=$1 program=$2

	shift 2
	PATH=$PATH:/usr/sbin:/usr/libexec "$program" -f "$NET/$directory/slapd.conf" "$@" 2>> "$E2E_LOGS/slapd.log"
}

# Empty, or with what is read from LDIF.
directory_fill()	# DIRECTORY [LDIF]
{
	rm -rf "${NET:?}/$1/db" "$NET/$1/log"
	mkdir -p "$NET/$1/db" "$NET/$1/log"
	directory_conf "$1" > "$NET/$1/slapd.conf"
	[ $# -lt 2 ] || slap "$1" slapadd -q -w -b "$BASE" -l "$2" || build_die "slapadd at $1 failed, see slapd.log"
}

directory_answers()	# DIRECTORY
{
	at "$1" env LDAPCONF=/dev/null LDAPTLS_CACERT="$NET/tls/ca.crt" ldapwhoami -x -H "ldaps://$1.example" -o nettimeout=2 >/dev/null 2>&1
}

directory_start()	# DIRECTORY
{
	# shellcheck disable=SC2046 # words: by a function it would be a child of the process that is noted
	$(entry_to "$1") env PATH="$PATH:/usr/sbin:/usr/libexec" slapd -d 0 -f "$NET/$1/slapd.conf" -h "ldaps://$1.example" \
		>> "$E2E_LOGS/slapd.log" 2>&1 </dev/null &
	SLAPD_PID[$1]=$!
	until_true 15 directory_answers "$1" || { tail -n 20 "$E2E_LOGS/slapd.log" >&2; build_die "slapd at $1 does not answer"; }
}

directory_stop()	# DIRECTORY
{
	end_process "${SLAPD_PID[$1]}"
	SLAPD_PID[$1]=
}

# all_equal: that each directory has the same entries, written at the same moments.
digest_of()	# DIRECTORY
{
	as "$1" "$1" ldapsearch -LLL -o ldif-wrap=no -b "ou=jpki,$BASE" '(objectClass=*)' '*' entryCSN entryUUID 2>/dev/null |
		awk -v RS= '{ print }' ORS='\036' | tr '\n\036' '\037\n' | sort | sha256sum
}

all_equal()
{
	local first directory

	first=$(digest_of "${DIRECTORIES[0]}")
	for directory in "${DIRECTORIES[@]:1}"; do
		[ "$(digest_of "$directory")" = "$first" ] || return 1
	done
}

directories_begin()	# LDIF
{
	local directory

	for directory in "${DIRECTORIES[@]}"; do
		node_begin "$directory"
		directory_fill "$directory"
	done
	directory_fill "${DIRECTORIES[0]}" "$1"
	for directory in "${DIRECTORIES[@]}"; do directory_start "$directory"; done
	until_true 30 all_equal || build_die 'the directories do not become equal'
}

# --- machines --------------------------------------------------------------------------------------

# All directories, and that one first.
uris_from()	# DIRECTORY
{
	local directory uris=ldaps://$1.example

	for directory in "${DIRECTORIES[@]}"; do
		[ "$directory" = "$1" ] || uris+=,ldaps://$directory.example
	done
	printf '%s\n' "$uris"
}

fleet_options()	# MACHINE URIS
{
	printf '%s\n' "fleet_dir = $FLEET" "fleet_uri = $2" "fleet_base = ou=jpki,$BASE" "fleet_ca = $NET/tls/ca.crt" \
		"fleet_cert = $NET/tls/$1.crt" "fleet_key = $NET/tls/$1.key"
}

# A machine has /etc/pam_jpki and /var/lib/pam_jpki to itself; the reader with the card is wherever it is needed.
machine_begin()	# MACHINE FIRST-DIRECTORY OPTION…
{
	local machine=$1 first=$2 dir=$NET/$1

	shift 2
	node_begin "$machine"
	mkdir -p "$dir/var/crl"
	cp -a /etc/pam_jpki "$dir/etc"
	cp -a "$CRLS/." "$dir/var/crl/"
	rm -f "$dir/etc/users"/* "$dir/etc/users.index"
	{ fleet_options "$machine" "$(uris_from "$first")"; printf '%s\n' "$@"; } > "$dir/etc/pam_jpki.conf"
	at "$machine" mount --bind "$dir/etc" /etc/pam_jpki &&
		at "$machine" mount --bind "$dir/var" /var/lib/pam_jpki || build_die "no mounts at $machine"
}

follow_start()	# MACHINE
{
	# shellcheck disable=SC2046 # as above
	$(entry_to "$1") jpkictl fleet run >> "$E2E_LOGS/fleet-$1.log" 2>&1 </dev/null &
	FOLLOW_PID[$1]=$!
}

follow_stop()	# MACHINE
{
	end_process "${FOLLOW_PID[$1]}"
	FOLLOW_PID[$1]=
}

# What the machine's copy has.
has_block() { [ -e "$NET/$1/var/fleet/blocked/$2" ]; }	# MACHINE FINGERPRINT
has_no_block() { ! has_block "$@"; }	# MACHINE FINGERPRINT
has_registration() { cmp -s <(openssl x509 -in "$NET/$1/var/fleet/users/$2.pem" -outform DER 2>/dev/null) "$3"; }	# MACHINE USER CERTIFICATE.der
has_no_registration() { [ ! -e "$NET/$1/var/fleet/users/$2.pem" ]; }	# MACHINE USER
generation_of() { sed -n 's/^generation //p' "$NET/$1/var/fleet/state" 2>/dev/null; }	# MACHINE

# follow_all: each machine with its own directory first, and with what that has.
follow_all()
{
	local machine

	for machine in "${MACHINES[@]}"; do follow_start "$machine"; done
	for machine in "${MACHINES[@]}"; do
		until_true 20 is_current "$machine" || build_die "$machine has no copy, see fleet-$machine.log"
	done
}

is_current() { [ "$(generation_of "$1")" = "$(generation_at "${2:-${DIRECTORIES[0]}}")" ]; }	# MACHINE [DIRECTORY]
STATE_READER=		# the identity that reads a directory's state; empty: the directory's own
generation_at()	# DIRECTORY
{
	as "${STATE_READER:-$1}" "$1" ldapsearch -LLL -o ldif-wrap=no -b "cn=state,ou=jpki,$BASE" description 2>/dev/null | sed -n 's/.*generation=\([0-9]*\).*/\1/p'
}

all_current()	# [DIRECTORY]
{
	local machine

	for machine in "${MACHINES[@]}"; do is_current "$machine" "$@" || return 1; done
}

status_of()	# MACHINE WORD: of "jpkictl fleet status --json"
{
	at "$1" jpkictl fleet status --json 2>/dev/null | jq -r ".$2"
}

# The peak, or what is resident now, of a process, in MiB.
memory() { awk -v what="$2:" '$1 == what { print int($2 / 1024) }' "/proc/$1/status"; }	# PID VmHWM|VmRSS
is_stale() { [ "$(status_of "$1" condition)" = stale ]; }
is_fresh() { [ "$(status_of "$1" condition)" = fresh ]; }
is_down() { [ "$(status_of "$1" mode)" = down ]; }
is_behind() { tail -n "+$2" "$E2E_LOGS/fleet-$1.log" | grep -q JPKI-E-FLEET-BEHIND; }	# MACHINE LINE
status_has_behind() { at "$1" jpkictl fleet status --json 2>/dev/null | jq -e 'any(.refused[]; .code == "JPKI-E-FLEET-BEHIND")' > /dev/null; }	# MACHINE
lines_of() { wc -l < "$E2E_LOGS/fleet-$1.log"; }	# MACHINE

# logs_in WHAT MACHINE USER PAM-CODE [JPKI-CODE]: by a real login there, with the right PIN.
logs_in()
{
	# shellcheck disable=SC2046 # words
	run $(entry_to "$2") pamdrive --service e2e --user "$3" "pin=$PIN" auth
	expect_match "$1, $2, $3" "[0-9]+ PAM_$4" "$(transcript 'auth = ')"
	[ $# -lt 5 ] || expect_logged "$5.* user=$3"
}

# logins WHAT NUMBER MACHINE USER: each has to succeed. MEDIAN: what one takes, in ms.
logins()
{
	local i from times=()

	for i in $(seq "$2"); do
		from=$(now_ms)
		logs_in "$1, $i" "$3" "$4" SUCCESS
		times+=($(($(now_ms) - from)))
	done
	MEDIAN=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$((($2 + 1) / 2))p")
}

# --- what the organization writes there -----------------------------------------------------------

# The example, without what it registers and blocks, and the groups that its access rules name.
organization()
{
	awk -v RS= -v ORS='\n\n' '!/dn: uid=hanako|dn: cn=0123456789abcdef/' "$EXAMPLES/fleet.ldif" |
		sed 's|^description: generation=.*|description: generation=1 time='"$(($(date +%s) - SLOW))"' enrolled=0 blocked=0|'
	cat <<-TEXT
	dn: ou=groups,$BASE
	objectClass: organizationalUnit
	ou: groups

	dn: cn=registrars,ou=groups,$BASE
	objectClass: groupOfNames
	cn: registrars
	member: uid=registrar,ou=people,$BASE

	dn: cn=helpdesk,ou=groups,$BASE
	objectClass: groupOfNames
	cn: helpdesk
	member: uid=helpdesk,ou=people,$BASE
	TEXT
}

registration() { registration_entry "ou=jpki,$BASE" "$@"; }	# USER CERTIFICATE.der…

# change_at DN TYPE [LINE…]: a change of the entry of that name, as LDIF (RFC 2849).
change_at() { printf 'dn: %s\nchangetype: %s\n' "$1" "$2"; [ $# = 2 ] || printf '%s\n' "${@:3}"; }

hash_nr() { printf '%s' "$1" | sha256sum | cut -d' ' -f1; }	# WORD: in place of a certificate's fingerprint
fingerprint_of() { sha256sum "$1" | cut -d' ' -f1; }	# CERTIFICATE.der

word() { block_entry "ou=jpki,$BASE" "$@"; }	# FINGERPRINT WORDS

# with_type TYPE ENTRY: the entry as a change (RFC 2849).
with_type() { printf '%s\nchangetype: %s\n%s\n' "$(head -n 1 <<< "$2")" "$1" "$(tail -n +2 <<< "$2")"; }

# Changes by LDIF from standard input, as that person, at one directory.
change() { as "$1" "$2" ldapmodify >> "$LOG" 2>&1 || { fail "a change by $1 at $2 is refused"; return 1; }; }	# WHO DIRECTORY
unregister() { printf 'dn: uid=%s,ou=enrolments,ou=jpki,%s\nchangetype: delete\n' "$1" "$BASE"; }	# USER

# What runs each minute at a registrar's; here at the given interval, with a clock that is the given seconds slow. So an
# hour without news, the least that fleet_max_age counts, passes in seconds.
SLOW=0
heartbeat()	# DIRECTORY-URIS [GENERATION]
{
	mkdir -p "$NET/registrar"
	printf '#!/bin/sh\nexec /bin/date -d "now - %d seconds" "$@"\n' "$SLOW" > "$NET/registrar/date"
	chmod 0755 "$NET/registrar/date"
	LDAPCONF=/dev/null LDAPTLS_CACERT=$NET/tls/ca.crt LDAPTLS_CERT=$NET/tls/heartbeat.crt LDAPTLS_KEY=$NET/tls/heartbeat.key \
		LDAPURI=$1 PATH=$NET/registrar:$PATH sh "$EXAMPLES/fleet-heartbeat" "ou=jpki,$BASE" "${@:2}"
}

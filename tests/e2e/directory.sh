# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An organization's directory, real (OpenLDAP over TLS) and false, and a machine that follows it. For the cases
# and the adversaries.

# shellcheck source=tests/e2e/fleetentries.sh
. "$E2E_TOP/tests/e2e/fleetentries.sh"

SLAPD=$(command -v slapd || echo /usr/sbin/slapd)
FLEET=/var/lib/pam_jpki/fleet
D=$WORK/directory		# certificates, configuration and data of the servers
mkdir -p "$D"
BASE=ou=jpki,dc=example
GENERATION=0
RUN_PID=
: "${E2E_SLOWNESS:=1}"		# each wait is that many times as long, for a slow machine

hash_of() { sha256sum "$PKI/$1.der" | cut -d' ' -f1; }

card_login()	# WHAT PAM-CODE
{
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match "$1" "[0-9]+ PAM_$2" "$(transcript 'auth = ')"
}

# --- the directory --------------------------------------------------------------------------

issue()	# NAME CA SUBJECT [EXTENSION] [DAYS]
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$D/$1.key" -subj "$3" -out "$D/$1.csr" &&
		openssl x509 -req -in "$D/$1.csr" -CA "$D/$2.crt" -CAkey "$D/$2.key" -CAcreateserial -days "${5:-30}" -out "$D/$1.crt" \
			-extfile <(printf '%s\n' "${4:-keyUsage=digitalSignature}")
}

# libldap compares the certificate of "localhost" with the name of the machine.
names_of_this_machine()
{
	local name names=DNS:localhost

	for name in $(uname -n) $(getent hosts "$(uname -n)" | cut -d' ' -f2-); do
		names+=,DNS:$name
	done
	echo "subjectAltName=$names"
}

make_certificates()
{
	local ca names

	names=$(names_of_this_machine)
	for ca in ca other-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$D/$ca.key" -out "$D/$ca.crt" -days 30 \
			-subj "/CN=$ca" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign || return
	done
	issue server ca /CN=localhost "$names" &&
		issue elsewhere ca /CN=elsewhere.example 'subjectAltName=DNS:elsewhere.example' &&
		issue foreign other-ca /CN=localhost "$names" &&
		issue pc1 ca /DC=example/OU=hosts/CN=pc1 && issue stranger other-ca /DC=example/OU=hosts/CN=pc1 &&
		issue expired ca /CN=localhost "$names" 0 && sleep 1.1	# valid within this second
}

# start_slapd NAME PORT [LINE…]: lines of its global part.
start_slapd()
{
	local name=$1 port=$2 dir=$D/$1 schema line

	shift 2
	schema=$(slapd_schemas)
	mkdir -p "$dir/db"
	{
		printf '%s\n' "include $schema/core.schema" "include $schema/cosine.schema" "modulepath $(slapd_modules)" \
			'moduleload back_mdb' 'moduleload syncprov' \
			'idletimeout 0'
		[ -n "${NO_TLS-}" ] || printf '%s\n' "TLSCACertificateFile $D/ca.crt" "TLSCertificateFile ${SERVER_CERT:-$D/server.crt}" \
			"TLSCertificateKeyFile ${SERVER_KEY:-$D/server.key}" 'TLSVerifyClient try'
		for line; do echo "$line"; done
		printf '%s\n' 'database mdb' 'suffix dc=example' "directory $dir/db" 'rootdn cn=admin,dc=example' 'rootpw secret' \
			'index objectClass,entryUUID,entryCSN eq' "maxsize 268435456"
		[ -n "${NO_SYNC-}" ] || printf '%s\n' 'overlay syncprov'
		sed -n '/^access/,$p' "$E2E_TOP/config/examples/fleet-slapd.conf" | if [ -n "${NO_LIMITS-}" ]; then sed '/^limits/d'; else cat; fi
	} > "$dir/slapd.conf"
	[ -e "$dir/db/data.mdb" ] || "$SLAPD" -T add -f "$dir/slapd.conf" -l "${DATA:-$D/all.ldif}" > "$E2E_LOGS/slapd-$name.log" 2>&1 || return
	cp "$dir/slapd.conf" "$E2E_LOGS/slapd-$name.conf"
	"$SLAPD" -f "$dir/slapd.conf" -h "ldap://localhost:$port$([ -n "${NO_TLS-}" ] || echo " ldaps://localhost:$((port + 1))")" -d 256 > "$E2E_LOGS/slapd-$name.log" 2>&1 &
	echo $! > "$dir/pid"
	until_true 20 ldapwhoami -x -H "ldap://localhost:$port" > /dev/null 2>&1
}

stop_slapd()	# NAME
{
	[ ! -e "$D/$1/pid" ] || end_process "$(cat "$D/$1/pid")"
	rm -f "$D/$1/pid"
}

modify()	# LDIF on standard input, [PORT]
{
	ldapmodify -x -H "ldap://localhost:${1:-3890}" -D cn=admin,dc=example -w secret > "$WORK/modify.out" 2>&1 || fail "ldapmodify: $(cat "$WORK/modify.out")"
}

entry_of()	# USER LEAF
{
	registration_entry "$BASE" "$1" "$PKI/$2.der"
	echo
}

add()	# ENTRIES on standard input
{
	sed 's/^dn: .*/&\nchangetype: add/' | modify "$@"
}

word_of()	# NAME WORDS
{
	block_entry "$BASE" "$@"
	echo
}

STATE_AGE=0	# seconds that have passed since the time of a state that is written
state_text() { printf 'description: generation=%s time=%s enrolled=%s blocked=0\n' "$GENERATION" "$(($(date +%s) - STATE_AGE))" "$1"; }

touch_state()	# ENROLLED [PORT]
{
	GENERATION=$((GENERATION + 1))
	{ printf 'dn: cn=state,%s\nchangetype: modify\nreplace: description\n' "$BASE"; state_text "$1"; } | modify "${2-}"
}

make_directory()	# USER LEAF…: of the entries
{
	local users=0

	GENERATION=1
	printf 'dn: dc=example\nobjectClass: domain\ndc: example\n\n'
	for ou in "$BASE" "ou=enrolments,$BASE" "ou=blocked,$BASE"; do
		printf 'dn: %s\nobjectClass: organizationalUnit\nou: %s\n\n' "$ou" "$(cut -d, -f1 <<< "${ou#ou=}")"
	done
	while [ $# -gt 0 ]; do entry_of "$1" "$2"; users=$((users + 1)); shift 2; done
	printf 'dn: cn=state,%s\nobjectClass: applicationProcess\ncn: state\n' "$BASE"
	state_text "$users"
}

# --- the machine -------------------------------------------------------------------------------

# What the unit leaves to root.
UNIT=/usr/lib/systemd/system/jpki-fleet.service
unit_capabilities() { sed -n 's/^CapabilityBoundingSet=//p' "$UNIT" | tr 'A-Z ' 'a-z\n' | sed 's/^cap_/+/' | paste -sd,; }

# RUN_WORDS: how the unit starts it.
configure_run()	# [LINE OF THE CONFIGURATION…]
{
	RUN_WORDS=(setpriv --bounding-set "-all,$(unit_capabilities)" jpkictl fleet run)
	write_conf "fleet_dir = $FLEET" "fleet_uri = ${URI:-ldap://localhost:3890}" "fleet_base = $BASE" "fleet_ca = ${CA:-$D/ca.crt}" \
		"fleet_cert = $D/${MACHINE:-pc1}.crt" "fleet_key = $D/${MACHINE:-pc1}.key" "$@"
	chmod 0600 "$D"/*.key
}

start_run()	# [LINE OF THE CONFIGURATION…]
{
	configure_run "$@"
	"${RUN_WORDS[@]}" > "$E2E_LOGS/run.log" 2>&1 &
	RUN_PID=$!
}

stop_run()
{
	[ -z "$RUN_PID" ] || end_process "$RUN_PID"
	RUN_PID=
}

registered() { [ -e "$FLEET/users/$1.pem" ]; }
not_registered() { [ ! -e "$FLEET/users/$1.pem" ]; }
blocked() { [ -e "$FLEET/blocked/$1" ]; }
not_blocked() { [ ! -e "$FLEET/blocked/$1" ]; }
status_says() { jpkictl fleet status --json 2>/dev/null | jq -e "$1" > /dev/null; }
log_says() { grep -q -- "$1" "$E2E_LOGS/run.log"; }

within()	# MS COMMAND…
{
	local end=$(($(now_ms) + $1 * E2E_SLOWNESS))

	shift
	while ! "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

comes_true()	# WHAT MS COMMAND…
{
	local what=$1 ms=$2

	shift 2
	within "$ms" "$@" || fail "$what: not within $ms ms: $(tail -n 5 "$E2E_LOGS/run.log" 2>/dev/null)"
}

fleet_ends()
{
	stop_run
	stop_slapd a
	stop_slapd b
	rm -rf "$FLEET" "$D/a" "$D/b"
	reset_config
	fresh_card
}

directory_begins()	# USER LEAF…
{
	[ -e "$D/made" ] || { make_certificates > "$E2E_LOGS/certificates.log" 2>&1 && touch "$D/made"; } ||
		fail "the servers have no certificates: $(tail -n 3 "$E2E_LOGS/certificates.log")"
	fleet_ends
	rm -f "$USERS"/*
	install_pam_service e2e "$(stack)"
	make_directory "$@" > "$D/all.ldif"
}

# --- a directory that lies ----------------------------------------------------------------------

start_false()	# BEHAVIOUR…
{
	python3 "$E2E_TOP/tests/e2e/falsedirectory.py" 3895 "$D/server.crt" "$D/server.key" "$D/false.ldif" "$@" > "$E2E_LOGS/false.log" 2>&1 &
	FALSE_PID=$!
	until_true 10 bash -c 'exec 3<>/dev/tcp/localhost/3895' 2> /dev/null
}
FALSE_PID=

# Starts a false directory and a machine, and waits until these users are registered.
false_directory_begins()	# BEHAVIOUR USER LEAF…
{
	directory_begins
	false_entries 1 "${@:2}"
	start_false "$1"
	URI=ldaps://localhost:3895 start_run
	shift
	while [ $# -gt 0 ]; do
		comes_true "$1 is registered" 10000 registered "$1"
		shift 2
	done
}

false_directory_ends()
{
	end_process "$FALSE_PID"
	fleet_ends
}

# The entries of the directory, with the stamps that a server adds.
false_entries()	# GENERATION USER LEAF…
{
	local generation=$1

	shift
	make_directory "$@" | sed -e "s/^description: generation=[0-9]*/description: generation=$generation/" \
		-e 's/^dn: uid=.*/&\nentryCSN: 20260101000000.000000Z#000000#001#000000\ncreateTimestamp: 20260101000000Z/' > "$D/false.new"
	mv "$D/false.new" "$D/false.ldif"
}

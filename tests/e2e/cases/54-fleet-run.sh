# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl fleet run: a real OpenLDAP over TLS, which machines stay connected to.

FLEET=/var/lib/pam_jpki/fleet
D=$WORK/directory		# certificates, configuration and data of the servers
BASE=ou=jpki,dc=example
GENERATION=0
RUN_PID=

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

make_certificates()
{
	local ca

	mkdir -p "$D"
	for ca in ca other-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$D/$ca.key" -out "$D/$ca.crt" -days 30 \
			-subj "/CN=$ca" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign || return
	done
	issue server ca /CN=localhost 'subjectAltName=DNS:localhost' &&
		issue elsewhere ca /CN=elsewhere.example 'subjectAltName=DNS:elsewhere.example' &&
		issue foreign other-ca /CN=localhost 'subjectAltName=DNS:localhost' &&
		issue pc1 ca /DC=example/OU=hosts/CN=pc1 && issue stranger other-ca /DC=example/OU=hosts/CN=pc1
}

# start_slapd NAME PORT [LINE…]: lines of its global part.
start_slapd()
{
	local name=$1 port=$2 dir=$D/$1 schema line

	shift 2
	schema=$(dirname "$(find /etc/ldap/schema /etc/openldap/schema -name core.schema 2>/dev/null | head -n 1)")
	mkdir -p "$dir/db"
	{
		printf '%s\n' "include $schema/core.schema" "include $schema/cosine.schema" "modulepath $(dirname "$(find /usr/lib*/ldap \
			/usr/lib*/openldap /usr/lib/*/ldap -name back_mdb.la 2>/dev/null | head -n 1)")" 'moduleload back_mdb' 'moduleload syncprov' \
			"TLSCACertificateFile $D/ca.crt" "TLSCertificateFile ${SERVER_CERT:-$D/server.crt}" \
			"TLSCertificateKeyFile ${SERVER_KEY:-$D/server.key}" 'TLSVerifyClient try' 'sizelimit 500' 'idletimeout 0'
		for line; do echo "$line"; done
		printf '%s\n' 'database mdb' 'suffix dc=example' "directory $dir/db" 'rootdn cn=admin,dc=example' 'rootpw secret' \
			'index objectClass,entryUUID,entryCSN eq' "maxsize 268435456"
		[ -n "${NO_SYNC-}" ] || printf '%s\n' 'overlay syncprov'
		sed -n '/^access/,$p' "$E2E_TOP/config/examples/fleet-slapd.conf"
	} > "$dir/slapd.conf"
	[ -e "$dir/db/data.mdb" ] || "$SLAPD" -T add -f "$dir/slapd.conf" -l "${DATA:-$D/all.ldif}" > "$E2E_LOGS/slapd-$name.log" 2>&1 || return
	cp "$dir/slapd.conf" "$E2E_LOGS/slapd-$name.conf"
	"$SLAPD" -f "$dir/slapd.conf" -h "ldap://localhost:$port ldaps://localhost:$((port + 1))" -d 0 > "$E2E_LOGS/slapd-$name.log" 2>&1 &
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
	printf 'dn: uid=%s,ou=enrolments,%s\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\nuserCertificate;binary:: %s\n\n' "$1" "$BASE" "$1" \
		"$(base64 -w 0 "$PKI/$2.der")"
}

add()	# ENTRIES on standard input
{
	sed 's/^dn: .*/&\nchangetype: add/' | modify "$@"
}

word_of()	# NAME WORDS
{
	printf 'dn: cn=%s,ou=blocked,%s\nobjectClass: device\ncn: %s\ndescription: %s\n\n' "$1" "$BASE" "$1" "$2"
}

state_text() { printf 'description: generation=%s time=%s enrolled=%s blocked=0\n' "$GENERATION" "$(date +%s)" "$1"; }

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

start_run()	# [LINE OF THE CONFIGURATION…]
{
	write_conf "fleet_dir = $FLEET" "fleet_uri = ${URI:-ldap://localhost:3890}" "fleet_base = $BASE" "fleet_ca = ${CA:-$D/ca.crt}" \
		"fleet_cert = $D/pc1.crt" "fleet_key = $D/pc1.key" "$@"
	chmod 0600 "$D"/*.key
	jpkictl fleet run --foreground > "$E2E_LOGS/run.log" 2>&1 &
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
	local end=$(($(now_ms) + $1))

	shift
	while ! "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.02
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
	fleet_ends
	rm -f "$USERS"/*
	install_pam_service e2e "$(stack)"
	make_directory "$@" > "$D/all.ldif"
}

# ---------------------------------------------------------------------------------------------

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
	fleet_ends
}

SLAPD=$(command -v slapd || echo /usr/sbin/slapd)
if [ -x "$SLAPD" ] && make_certificates > "$E2E_LOGS/fleet-run.log" 2>&1; then
	run_case 'fleet run: registered, blocked, lifted, gone' lost_card
else
	skip 'fleet run' 'no slapd here'
fi

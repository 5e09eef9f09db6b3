# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# An organization's directory in the machine of tests/field, for cases.sh: Debian's slapd on the loopback, over TLS,
# with our example of access rules. The machine is a desktop of the organization and its server, and runs the scripts of both.
#
# shellcheck disable=SC2034 # the cases use what is not used here

# shellcheck source=tests/e2e/fleetentries.sh
. "$E2E_TOP/tests/e2e/fleetentries.sh"

BASE=ou=jpki,dc=example
COPY=/var/lib/pam_jpki/fleet
EXAMPLES=/usr/share/doc/pam_jpki/examples	# as the manuals say
FILES_BEFORE=			# fleet_files, before the package came
FLEET_BOOT=			# boot_id, when the unit was enabled
FLEET_HASH=			# of the certificate that is blocked

# identity NAME SUBJECT: NAME.key and NAME.crt.
identity()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" &&
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
			-extfile <(echo subjectAltName=DNS:field) -out "$1.crt" && rm "$1.csr"
}

# What is put into /etc/fleet: for the server, and for the programs that change entries.
directory_keys()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/DC=example/CN=field test CA' \
		-addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.crt &&
		identity server /DC=example/OU=servers/CN=field && identity machine /DC=example/OU=hosts/CN=field &&
		identity heartbeat /DC=example/OU=services/CN=heartbeat && identity verifier /DC=example/OU=services/CN=verifier
}

directory_conf()
{
	cat <<-TEXT
	include /etc/ldap/schema/core.schema
	include /etc/ldap/schema/cosine.schema
	modulepath /usr/lib/ldap
	moduleload back_mdb
	moduleload syncprov
	TLSCACertificateFile /etc/fleet/ca.crt
	TLSCertificateFile /etc/fleet/server.crt
	TLSCertificateKeyFile /etc/fleet/server.key
	TLSVerifyClient try
	security tls=128
	database mdb
	suffix dc=example
	directory /srv/directory/db
	maxsize 67108864
	rootdn cn=admin,dc=example
	rootpw secret
	index objectClass,entryUUID,entryCSN,uid eq
	include $EXAMPLES/fleet-slapd.conf
	overlay syncprov
	TEXT
}

# The example, without what it registers and blocks.
directory_entries()
{
	awk -v RS= -v ORS='\n\n' '!/dn: uid=hanako|dn: cn=0123456789abcdef/' "$E2E_TOP/config/examples/fleet.ldif" |
		sed "s|^description: generation=.*|description: generation=1 time=$(date +%s) enrolled=0 blocked=0|"
}

as_who()	# NAME: the environment of ldap.conf(5)
{
	printf '%s\n' LDAPURI=ldaps://field LDAPTLS_CACERT=/etc/fleet/ca.crt "LDAPTLS_CERT=/etc/fleet/$1.crt" "LDAPTLS_KEY=/etc/fleet/$1.key"
}

directory_answers()
{
	guest env LDAPTLS_CACERT=/etc/fleet/ca.crt ldapwhoami -x -H ldaps://field
	[ "$STATUS" = 0 ]
}

# All of it as a tree that is unpacked there.
directory_begins()
{
	local tree=$WORK/directory

	mkdir -p "$tree/srv/directory/db" "$tree/etc/fleet" "$tree/etc/systemd/system"
	(cd -- "$tree/etc/fleet" && directory_keys) >> "$LOG" 2>&1 || { fail 'no certificates for the directory'; return; }
	directory_conf > "$tree/srv/directory/slapd.conf"
	directory_entries > "$tree/srv/directory/all.ldif"
	printf '%s\n' '[Service]' 'ExecStart=/usr/sbin/slapd -d 0 -f /srv/directory/slapd.conf -h ldaps://field' \
		'[Install]' WantedBy=multi-user.target > "$tree/etc/systemd/system/directory.service"
	tar -C "$tree" --owner=0 --group=0 -czf "$WORK/directory.tar" .
	guest_put "$WORK/directory.tar" /root/directory.tar
	guest_does tar -C / --no-overwrite-dir -xf /root/directory.tar
	guest_does slapadd -f /srv/directory/slapd.conf -l /srv/directory/all.ldif
	guest_does systemctl enable --now directory.service
	until_true "$LIMIT" directory_answers || fail 'the directory does not answer'
}

# LDIF of an administrator of the directory: entries to add, or changes.
directory_takes()
{
	guest_does sh -c 'printf "%s\n" "$1" | LDAPTLS_CACERT=/etc/fleet/ca.crt ldapmodify -a -x -H ldaps://field -D cn=admin,dc=example -w secret' sh "$1"
}

# What runs each minute at a registrar's.
heartbeat()
{
	# shellcheck disable=SC2046 # words
	guest_does env $(as_who heartbeat) "$EXAMPLES/fleet-heartbeat" "$BASE"
}

directory_ends()
{
	guest_does systemctl disable --now directory.service
	guest_does rm -rf /srv/directory /etc/fleet /etc/systemd/system/directory.service
}

# --- the machine ----------------------------------------------------------------------------

copy_has()	# FILE
{
	guest test -e "$COPY/$1"
	[ "$STATUS" = 0 ]
}

copy_lacks()
{
	! copy_has "$1"
}

# The name that a block has for a certificate of the first authority: the hash of its key, and the serial number.
number_of()	# LEAF
{
	printf '%s-%s\n' "$(openssl x509 -in "$PKI/ca1.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)" \
		"$(openssl x509 -in "$PKI/$1.crt" -noout -serial | cut -d= -f2 | tr A-F a-f)"
}

arrives()	# FILE
{
	until_true "$LIMIT" copy_has "$1" || fail "the copy does not get $1"
}

fleet_status()	# WORD: of "jpkictl fleet status --json"
{
	guest jpkictl fleet status --json
	sed -nE "s/.*\"$1\": ?\"?([^\",}]*).*/\1/p" <<< "$OUT"
}

connected()
{
	[ "$(fleet_status mode)" = persist ]
}

fleet_unit()	# PROPERTY
{
	guest systemctl show -P "$1" jpki-fleet.service
	printf '%s\n' "$OUT"
}

boot_id()
{
	guest cat /proc/sys/kernel/random/boot_id
	printf '%s\n' "$OUT"
}

has_restarted()	# SINCE: its main process then
{
	[ "$(fleet_unit ActiveState)" = active ] && [ "$(fleet_unit MainPID)" != "$1" ]
}

# What there is of the package, and of what it has made.
fleet_files()
{
	guest find /etc /usr /var/lib /run -xdev \( -name '*fleet*' -o -name 'jpki_ldap*' \)
	sort <<< "$OUT"
}

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# CRLs from servers: real http, https and LDAP on the loopback of this namespace.
# shellcheck disable=SC2034 # STATUS, OUT are lib.sh's

WEB=$WORK/web
WEB_LOG=$WORK/web.log
SOURCES=/etc/pam_jpki/crl-sources
HTTP=http://127.0.0.1:8080
TLS=https://localhost:8443
LDAP=ldap://127.0.0.1:3389
CRLDP='cn=CRLDP,o=JPKI,c=JP?certificateRevocationList;binary'


start_web()
{
	mkdir -p "$WEB"
	cp "$PKI/crl/ca1.crl" "$WEB/good.crl"
	cp "$PKI/crl/ca2.crl" "$PKI/crl/ca1-tampered.crl" "$PKI/crl/ca1-good-revoked.crl" "$WEB/"
	openssl crl -inform DER -in "$PKI/crl/ca1.crl" -out "$WEB/good.pem"
	printf '<html>Please log in</html>\n' > "$WEB/login.html"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/web.key" -out "$WORK/web.crt" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	: > "$WEB_LOG"
	python3 "$E2E_TOP/tests/e2e/webserver.py" "$WEB" 8080 "$WEB_LOG" >> "$E2E_LOGS/web.log" 2>&1 &
	WEB_PID=$!
	python3 "$E2E_TOP/tests/e2e/webserver.py" "$WEB" 8443 "$WEB_LOG" "$WORK/web.crt" "$WORK/web.key" \
		>> "$E2E_LOGS/web.log" 2>&1 &
	TLS_PID=$!
	until_true 10 listens 8080 && until_true 10 listens 8443 || build_die 'the web server does not start'
}

requests()	# of PATH, with their status, since the log was emptied
{
	awk -v path="$1" '$2 == path { printf "%s%s", n++ ? " " : "", $3 }' "$WEB_LOG"
}

# fetched NAME STATUS TEXT ARGUMENT…: jpkictl crl with these words, on a store without lists
fetched()
{
	local name=$1 status=$2 text=$3

	shift 3
	begin "$name" || return 0
	rm -rf "$CRLS"
	: > "$WEB_LOG"
	run jpkictl crl "$@"
	expect_equal 'exit status' "$status" "$STATUS"
	expect_has 'what it says' "$text" "$OUT"
	if [ "$status" = 0 ]; then
		expect_equal 'lists installed' 1 "$(find "$CRLS" -name '*.idx' | wc -l)"
	else
		expect_equal 'lists installed' 0 "$(find "$CRLS" -name '*.idx' 2>/dev/null | wc -l)"
	fi
	expect_equal 'files left behind' '' "$(compgen -G '/var/tmp/jpki.*')"
	end
}

# Servers are started only where cases of this file are wanted.
case $E2E_ONLY in
''|*crl*) WANTED=yes; start_web ;;
*) WANTED= ;;
esac

fetched 'crl import by http' 0 ': installed: ' import "$HTTP/good.crl"
fetched 'crl import by http, PEM' 0 ': installed: ' import "$HTTP/good.pem"
fetched 'crl import by file URL' 0 ': installed: ' import "file://$PKI/crl/ca1.crl"
fetched 'crl import by http, redirected' 0 ': installed: ' import "$HTTP/redirect-to/$HTTP/good.crl"
fetched 'crl import by http, redirected to a file' 1 'not followed' import "$HTTP/redirect-to/file://$PKI/crl/ca1.crl"
fetched 'crl import by http, redirected to ftp' 1 'not followed' import "$HTTP/redirect-to/ftp://127.0.0.1/good.crl"
fetched 'crl import by http, redirected to another host' 1 'not followed: http://localhost:8080/good.crl' import "$HTTP/redirect-to/http://localhost:8080/good.crl"
fetched 'crl import by http, redirected to another port' 1 'not followed' import "$HTTP/redirect-to/http://127.0.0.1:8443/good.crl"
fetched 'crl import by http, redirected to another protocol' 1 'not followed' import "$HTTP/redirect-to/https://127.0.0.1:8443/good.crl"
fetched 'crl import by http, redirected to a name before the host' 1 'not followed: http://localhost/' import "$HTTP/redirect-to/http://127.0.0.1:8080@localhost/"
fetched 'crl import by http, neither a list nor a redirection' 1 'status 300' import "$HTTP/choices"
fetched 'crl import by file URL, of another machine' 1 'not the URL of a file on this machine' import "file://host.example$PKI/crl/ca1.crl"
fetched 'crl import by file URL, not there' 1 'No such file' import "file:///no/such/list"
fetched 'crl import by a URL without a host' 1 'not a URL' import "http:///127.0.0.1:8080/good.crl"
fetched 'crl import by http, redirected for ever' 1 'redirect' import "$HTTP/flip"
fetched 'crl import by http, not there' 1 '404' import "$HTTP/nothing.crl"
fetched 'crl import by http, a page instead' 1 'a web page; the server' import "$HTTP/login.html"
fetched 'crl import by http, cut short' 1 ' bytes ' import "$HTTP/cut"
fetched 'crl import by http, tampered with' 1 '(signature)' import "$HTTP/ca1-tampered.crl"
fetched 'crl import by http, no server listens' 1 'onnect' import http://127.0.0.1:9/good.crl
fetched 'crl import by http, longer than any list, as announced' 1 'larger than the supported maximum' import "$HTTP/announced"
fetched 'crl import by http, longer than any list' 1 'larger than the supported maximum' import "$HTTP/endless"
fetched 'crl import by http, not modified, unasked' 1 'to an unconditional request' import "$HTTP/unasked"
fetched 'crl import by another scheme' 1 'rotocol' import ftp://127.0.0.1/good.crl
fetched 'crl import by https, certificate of an unknown authority' 1 'ertificate' import "$TLS/good.crl"

write_conf 'crl_timeout = 1'
fetched 'crl import by http, a silent server' 1 'too slow' import "$HTTP/silent"
fetched 'crl import by http, a server that drips' 1 'too slow' import "$HTTP/dripping"
reset_config

https()
{
	cp -a /etc/ssl/certs/ca-certificates.crt "$WORK/ca-certificates.crt"
	cat "$WORK/web.crt" >> /etc/ssl/certs/ca-certificates.crt
	rm -rf "$CRLS"
	run jpkictl crl import "$TLS/good.crl"
	expect_equal 'exit status' 0 "$STATUS"
	run jpkictl crl import "${TLS/localhost/127.0.0.1}/good.crl"
	expect_equal 'exit status, under another name than the certificate has' 1 "$STATUS"
	cat "$WORK/ca-certificates.crt" > /etc/ssl/certs/ca-certificates.crt
}
run_case 'crl import by https' https

# --- a proxy ---------------------------------------------------------------------------

HOST=http://crl.example		# which only the proxy knows

# proxied NAME STATUS TEXT REQUESTS URL: that many requests come to the proxy.
proxied()
{
	begin "$1" || return 0
	rm -rf "$CRLS"
	: > "$WEB_LOG"
	run jpkictl crl import "$5"
	expect_equal 'exit status' "$2" "$STATUS"
	expect_has 'what it says' "$3" "$OUT"
	expect_equal 'requests to the proxy' "$4" "$(grep -c '^GET http://\|^CONNECT' "$WEB_LOG")"
	end
}

[ -n "$WANTED" ] && write_conf "crl_proxy = $HTTP" 'crl_proxy_except = 127.0.0.1,.inside.example'
proxied 'crl import by a proxy of the configuration' 0 ': installed: ' 1 "$HOST/good.crl"
proxied 'crl import by a proxy, a host that is excepted' 0 ': installed: ' 0 "$HTTP/good.crl"
proxied 'crl import by a proxy, a domain that is excepted' 1 'inside.example' 0 http://crl.inside.example/good.crl
proxied 'crl import by a proxy, which has no list' 1 "the proxy is $HTTP (crl_proxy" 1 "$HOST/nothing.crl"
proxied 'crl import by a proxy that wants a password' 1 407 1 http://locked.example/good.crl
proxied 'crl import by a proxy, https' 1 'ertificate' 1 https://crl.example:8443/good.crl
proxied 'crl import by a proxy that lets no https through' 1 "the proxy is $HTTP" 1 https://locked.example:8443/good.crl
[ -n "$WANTED" ] && write_conf 'crl_proxy = http://127.0.0.1:9'
proxied 'crl import by a proxy that is not there' 1 'the proxy is http://127.0.0.1:9 (crl_proxy' 0 "$HOST/good.crl"
[ -n "$WANTED" ] && write_conf "crl_proxy = http://user:secret@127.0.0.1:8080"
proxied 'crl import by a proxy with a password' 1 'http://host:port, without a password' 0 "$HOST/good.crl"
[ -n "$WANTED" ] && reset_config

# under VARIABLE=VALUE… -- URL: what the environment says, as jpkictl has it.
under()
{
	local environment=()

	while [ "$1" != -- ]; do environment+=("$1"); shift; done
	rm -rf "$CRLS"
	: > "$WEB_LOG"
	run env "${environment[@]}" jpkictl crl import "$2"
}

environment_of_the_proxy()
{
	under "http_proxy=$HTTP" -- "$HOST/good.crl"
	expect_equal 'http_proxy, exit status' 0 "$STATUS"
	under "ALL_PROXY=$HTTP" -- "$HOST/nothing.crl"
	expect_has 'ALL_PROXY' 'set in the environment (ALL_PROXY)' "$OUT"
	under "http_proxy=$HTTP" NO_PROXY=.example -- "$HOST/good.crl"
	expect_equal 'NO_PROXY in capitals, exit status' 1 "$STATUS"
	expect_equal 'NO_PROXY in capitals, requests' '' "$(cat "$WEB_LOG")"
	write_conf 'crl_proxy_except = crl.example'
	under "http_proxy=$HTTP" -- "$HOST/good.crl"
	expect_equal 'crl_proxy_except, exit status' 1 "$STATUS"
	write_conf 'crl_proxy = none'
	under "http_proxy=$HTTP" -- "$HOST/good.crl"
	expect_equal 'crl_proxy = none, exit status' 1 "$STATUS"
	expect_equal 'crl_proxy = none, requests' '' "$(cat "$WEB_LOG")"
	expect_lacks 'crl_proxy = none' 'the proxy is' "$OUT"
	write_conf "crl_proxy = $HTTP"
	under http_proxy=http://127.0.0.1:9 NO_PROXY='*' -- "$HOST/good.crl"
	expect_equal 'the configuration goes before the environment, exit status' 0 "$STATUS"
	reset_config
}
run_case 'crl import by a proxy of the environment' environment_of_the_proxy

# sudo takes the variables out, and the timer has none.
proxy_of_the_timer()
{
	write_conf "crl_proxy = $HTTP"
	rm -rf "$CRLS"
	printf '%s\n' "$HOST/good.crl" > "$SOURCES"
	run env -i PATH="$PATH" jpkictl crl update
	expect_equal 'crl update, exit status' 0 "$STATUS"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update by a proxy of the configuration' proxy_of_the_timer

# --- LDAP ----------------------------------------------------------------------------

start_slapd()
{
	local dir=$WORK/ldap schema

	schema=$(find /etc/ldap/schema /etc/openldap/schema -name core.schema 2>/dev/null | head -n 1)
	[ -n "$schema" ] || return 1
	mkdir -p "$dir/db"
	printf '%s\n' "include $schema" "pidfile $dir/pid" 'database ldif' 'suffix c=JP' "directory $dir/db" \
		> "$dir/slapd.conf"
	{
		printf 'dn: c=JP\nobjectClass: country\nc: JP\n\n'
		printf 'dn: o=JPKI,c=JP\nobjectClass: organization\no: JPKI\n\n'
		ldap_entry CRLDP "$PKI/crl/ca1.crl"
		ldap_entry 'CRLDP 2' "$PKI/crl/ca2.crl"
		printf 'dn: cn=empty,o=JPKI,c=JP\nobjectClass: cRLDistributionPoint\ncn: empty\n\n'
	} > "$dir/all.ldif"
	"$(command -v slapadd || echo /usr/sbin/slapadd)" -f "$dir/slapd.conf" -l "$dir/all.ldif" >> "$E2E_LOGS/slapd.log" 2>&1 || return 1
	slapd -f "$dir/slapd.conf" -h "$LDAP" -d 0 >> "$E2E_LOGS/slapd.log" 2>&1 </dev/null &
	LDAP_PID=$!
	until_true 10 listens 3389
}

ldap_entry()	# CN CRL
{
	printf 'dn: cn=%s,o=JPKI,c=JP\nobjectClass: cRLDistributionPoint\ncn: %s\n' "$1" "$1"
	printf 'certificateRevocationList;binary:: %s\n\n' "$(base64 -w 0 "$2")"
}

if [ -z "$WANTED" ]; then
	:
elif start_slapd; then
	fetched 'crl import by ldap' 0 ': installed: ' import "$LDAP/$CRLDP?base"
	fetched 'crl import by ldap, another spelling' 0 ': installed: ' \
		import "$LDAP/${CRLDP/certificateRevocationList/CERTIFICATErevocationlist}?base"
	fetched 'crl import by ldap, no such entry' 1 '' import "$LDAP/cn=nobody,o=JPKI,c=JP?certificateRevocationList;binary?base"
	fetched 'crl import by ldap, an entry without a list' 1 'contains no CRL' \
		import "$LDAP/cn=empty,o=JPKI,c=JP?certificateRevocationList;binary?base"
	fetched 'crl import by ldap, several entries' 1 'several CRLs' import "$LDAP/o=JPKI,c=JP?certificateRevocationList;binary?sub"
	fetched 'crl import by ldap, another attribute' 1 'contains no CRL' import "$LDAP/cn=CRLDP,o=JPKI,c=JP?cn?base"
	end_process "$LDAP_PID"
	fetched 'crl import by ldap, no server listens' 1 '' import "$LDAP/$CRLDP?base"
else
	skip 'crl import by ldap' "slapd does not start here: $(tail -n 1 "$E2E_LOGS/slapd.log" 2>/dev/null)"
fi

# --- update ---------------------------------------------------------------------------

sources()	# LINE…
{
	rm -rf "$SOURCES" "$CRLS"
	printf '%s\n' "$@" > "$SOURCES"
	: > "$WEB_LOG"
}

update()	# STATUS
{
	run jpkictl crl update
	expect_equal 'exit status' "$1" "$STATUS"
}

conditional()
{
	sources '# the lists of the test' '' "  $HTTP/good.crl  " "$HTTP/ca2.crl"
	update 0
	expect_equal 'installed' 2 "$(grep -c ': installed: ' <<< "$OUT")"
	update 0
	expect_equal 'installed already' 2 "$(grep -c ': installed already: ' <<< "$OUT")"
	expect_equal 'answers for the first' '200 304' "$(requests /good.crl)"
	touch -d '1 minute' "$WEB/good.crl"
	update 0
	expect_equal 'answers after it was touched' '200 304 200' "$(requests /good.crl)"
	rm -f "$CRLS"/*.idx
	update 0
	expect_equal 'answers after the index was lost' '200 304 200 200' "$(requests /good.crl)"
	expect_equal 'mode of what is remembered' '0 600' "$(stat -c '%u %a' "$CRLS/.fetched")"
	printf 'garbage' > "$CRLS/.fetched"
	update 0
	expect_equal 'answers after that was damaged' '200 304 200 200 200' "$(requests /good.crl)"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update fetches what has changed' conditional

one_fails()
{
	sources "$HTTP/nothing.crl" "$HTTP/ca1-tampered.crl" "$HTTP/good.crl"
	update 3
	expect_has 'what it says' '404' "$OUT"
	expect_has 'what it says' '(signature)' "$OUT"
	expect_has 'what it says' "$HTTP/good.crl: installed: " "$OUT"
	sources "$HTTP/nothing.crl"
	update 1
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update goes on after a source that fails' one_fails

revoked_by_update()
{
	sources "$HTTP/ca1-good-revoked.crl"
	fresh_card
	install_pam_service e2e "$(stack)"
	update 0
	run pamdrive --service e2e --user hanako auth
	expect_logged JPKI-E-REVOKED
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update, and the next login knows' revoked_by_update

bad_sources()	# NAME TEXT COMMAND
{
	begin "crl update, $1" || return 0
	sources "$HTTP/good.crl"
	eval "$3"
	update 1
	expect_has 'what it says' "$2" "$OUT"
	expect_equal 'requests' '' "$(cat "$WEB_LOG")"
	rm -rf "$SOURCES"
	reset_config
	end
}
bad_sources 'no file of sources' 'contains no URL' 'rm $SOURCES'
bad_sources 'no source in the file' 'contains no URL' 'echo "# none" > $SOURCES'
bad_sources 'a path instead of a URL' 'crl-sources:2: not a URL' 'echo /srv/crl >> $SOURCES'
bad_sources 'a blank in a URL' 'crl-sources:2: not a URL' 'echo "http://a b/" >> $SOURCES'
bad_sources 'a NUL in the file' 'not a text' "printf 'x\\0y' >> \$SOURCES"
bad_sources 'sources that others can write' 'crl-sources' 'chmod o+w $SOURCES'
bad_sources 'sources of another user' 'crl-sources' 'chown hanako $SOURCES'
bad_sources 'a directory instead of sources' 'crl-sources' 'rm $SOURCES; mkdir $SOURCES'

progress()
{
	sources "$HTTP/good.crl"
	on_tty 'wait:installed' -- jpkictl crl update
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'the terminal' 'MiB' "$OUT"
	run jpkictl crl update
	expect_lacks 'no terminal' 'MiB' "$OUT"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update shows its progress on a terminal' progress

# --- passwords -------------------------------------------------------------------------

SECRET_URL=http://verifier:S3cret%40Ours@127.0.0.1:8080

no_secret()	# WHAT TEXT
{
	expect_lacks "$1" S3cret "$2"
}

password_in_a_source()
{
	sources "$SECRET_URL/guarded/good.crl" "$SECRET_URL/nothing.crl?token=S3cret" "$SECRET_URL/redirect-to/http://u:p@localhost/x?t=1"
	update 1
	expect_has 'what it says of a file that others can read' 'chmod 0600' "$OUT"
	no_secret 'what it says' "$OUT"
	expect_equal 'requests' '' "$(cat "$WEB_LOG")"
	chmod 0640 "$SOURCES"
	update 1
	chmod 0600 "$SOURCES"
	update 3
	expect_has 'what it says' "${HTTP}/guarded/good.crl: installed: " "$OUT"
	expect_has 'what it says' "$HTTP/nothing.crl?...: " "$OUT"
	expect_has 'what it says' 'not followed: http://localhost/x?...' "$OUT"
	no_secret 'what it says' "$OUT"
	expect_equal 'answers' '200' "$(requests /guarded/good.crl)"
	update 3
	expect_equal 'answers, once more' '200 304' "$(requests /guarded/good.crl)"
	expect_equal 'mode of what is remembered' '0 600' "$(stat -c '%u %a' "$CRLS/.fetched")"
	no_secret 'what is remembered' "$(cat "$CRLS/.fetched")"
	run jpkictl crl --json update
	no_secret 'JSON' "$OUT"
	sources "${SECRET_URL/S3cret/other}/guarded/good.crl"
	chmod 0600 "$SOURCES"
	update 1
	expect_has 'what it says of a wrong password' '401' "$OUT"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update with a password' password_in_a_source

password_in_an_argument()
{
	: > "$WEB_LOG"
	run jpkictl crl import "$SECRET_URL/guarded/good.crl"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'what it says' 'crl update' "$OUT"
	no_secret 'what it says' "$OUT"
	run jpkictl crl --json import "$SECRET_URL/guarded/good.crl"
	no_secret 'JSON' "$OUT"
	expect_equal 'requests' '' "$(cat "$WEB_LOG")"
	reset_config
}
run_case 'crl import with a password' password_in_an_argument

# As a version before left it: everybody's to read, with the URLs as they were.
old_marks()
{
	sources "$HTTP/nothing.crl"
	mkdir -p "$CRLS"
	printf '{"%s/good.crl": {"name": "x", "etag": "y", "modified": "z"}}' "$SECRET_URL" > "$CRLS/.fetched"
	chmod 0644 "$CRLS/.fetched"
	update 1
	expect_equal 'mode of what is remembered' '600' "$(stat -c %a "$CRLS/.fetched")"
	no_secret 'what is remembered' "$(cat "$CRLS/.fetched")"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update removes what an earlier version remembered' old_marks

# --- how much -----------------------------------------------------------------------------

# A list of a stranger's takes no more than half of what is free for users.
little_room()	# DIRECTORY
{
	local in_it='mount -t tmpfs -o size=2m tmpfs "$0" && jpkictl crl import "$1"; s=$?; find "$0" -type f ! -name .lock | wc -l; exit $s'

	rm -rf "$CRLS"
	mkdir -p "$1"
	# A list, by its own account of 1,800,000 bytes.
	{ printf '\x30\x83\x1b\x77\x40'; tail -c +5 "$PKI/crl/ca1.crl"; head -c 1800000 /dev/zero; } > "$WEB/long"
	run unshare --mount sh -c "$in_it" "$1" "$HTTP/long"
	expect_equal "exit status, $1" 1 "$STATUS"
	expect_has "what it says, $1" 'half of the free space' "$OUT"
	expect_equal "files left behind, $1" 0 "$(tail -n 1 <<< "$OUT")"
	run unshare --mount sh -c "$in_it" "$1" "$HTTP/good.crl"
	expect_equal "exit status, $1, one that fits" 0 "$STATUS"
	rm -f "$WEB/long"
	reset_config
}

room()
{
	little_room /var/tmp
	little_room "$CRLS"
}
needs mounts run_case 'crl import leaves room on the disk' room

# --- by itself ------------------------------------------------------------------------

UNIT=/usr/lib/systemd/system/jpki-crl-update

unit_files()
{
	run systemd-analyze verify --man=no "$UNIT.service" "$UNIT.timer"
	expect_equal 'what systemd finds wrong' '0 ' "$STATUS $OUT"
	run systemd-analyze security --offline=true --threshold=25 "$UNIT.service"
	expect_equal 'exposed to no more than 2.5' 0 "$STATUS"
	run systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$UNIT.timer")"
	expect_equal 'the times are understood' 0 "$STATUS"
}
if command -v systemd-analyze >/dev/null; then
	run_case 'crl update, units of systemd' unit_files
else
	skip 'crl update, units of systemd' 'there is no systemd-analyze here'
fi

# The right that the service leaves to root: to become another user.
without_capabilities()
{
	expect_has 'the unit' $'\nCapabilityBoundingSet=CAP_SETUID CAP_SETGID\n' "$(cat "$UNIT.service")"
	sources "$HTTP/good.crl"
	run setpriv --bounding-set=-all,+setuid,+setgid --inh-caps=-all --no-new-privs jpkictl crl update
	expect_equal 'exit status' 0 "$STATUS"
	rm -rf "$CRLS"
	run setpriv --bounding-set=-all --inh-caps=-all --no-new-privs jpkictl crl update
	expect_equal 'exit status, the user cannot be become' 1 "$STATUS"
	rm -f "$SOURCES"
	reset_config
}
run_case 'crl update by a root without capabilities' without_capabilities

# Who it is that asks the server, while the server keeps silent.
as_its_user()
{
	local uid gid

	uid=$(id -u jpki-fetch) gid=$(id -g jpki-fetch)
	write_conf 'crl_timeout = 2'
	jpkictl crl import "$HTTP/silent" >> "$LOG" 2>&1 &
	until_true 10 pgrep -x jpki_fetch >/dev/null || fail 'there is no jpki_fetch'
	run sh -c 'grep -E "^(Uid|Gid|Groups|CapEff|CapPrm|CapBnd|NoNewPrivs):" "/proc/$(pgrep -x jpki_fetch)/status" | tr "\t" " "'
	expect_has 'user' "Uid: $uid $uid $uid $uid" "$OUT"
	expect_has 'group' "Gid: $gid $gid $gid $gid" "$OUT"
	expect_match 'other groups' "Groups: ($gid)? *" "$(grep ^Groups <<< "$OUT")"
	expect_has 'capabilities' 'CapEff: 0000000000000000' "$OUT"
	expect_has 'no new ones' 'NoNewPrivs: 1' "$OUT"
	wait $!
	reset_config
}
run_case 'crl import: who asks the server' as_its_user

# No other user does in its place.
without_its_user()
{
	cp /etc/passwd "$WORK/passwd"
	sed -i '/^jpki-fetch:/d' /etc/passwd
	: > "$WEB_LOG"
	run jpkictl crl import "$HTTP/good.crl"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'what it says' 'systemd-sysusers /usr/lib/sysusers.d/pam_jpki.conf' "$OUT"
	sed 's/^jpki-fetch:[^:]*:[0-9]*:/jpki-fetch:x:0:/' "$WORK/passwd" > /etc/passwd
	run jpkictl crl import "$HTTP/good.crl"
	expect_equal 'exit status, root in its place' 1 "$STATUS"
	expect_has 'what it says, root in its place' 'the user jpki-fetch is root' "$OUT"
	expect_equal 'requests' '' "$(cat "$WEB_LOG")"
	cat "$WORK/passwd" > /etc/passwd
	run jpkictl crl import "$PKI/crl/ca1.crl"
	expect_equal 'exit status, a file' 0 "$STATUS"
	reset_config
}
run_case 'crl import: without its user nothing is fetched' without_its_user

# What it has while it talks to a server.
fetcher_confined()
{
	local pid

	needs processes || return
	write_conf 'crl_timeout = 3'
	: > "$WEB_LOG"
	jpkictl crl import "$HTTP/silent" >> "$LOG" 2>&1 &
	until_true 10 eval '[ -n "$(requests /silent)" ]' || fail 'it does not ask'
	pid=$(pgrep -x jpki_fetch)
	run cat "/proc/$pid/status"
	expect_match 'seccomp' '.*Seccomp:[[:space:]]2.*' "$(tr '\n' ' ' <<< "$OUT")"
	expect_equal 'session' "$pid" "$(ps -o sid= -p "$pid" | tr -d ' ')"
	expect_equal 'terminal' '?' "$(ps -o tty= -p "$pid" | tr -d ' ')"
	expect_equal 'arguments' 'jpki_fetch ' "$(tr '\0' ' ' < "/proc/$pid/cmdline")"
	expect_equal 'directory' / "$(readlink "/proc/$pid/cwd")"
	run sh -c "readlink /proc/$pid/fd/*"
	expect_equal 'descriptors that are no pipe, socket, event or the list' '' \
		"$(grep -vE '^(pipe|socket|anon_inode):|^/var/tmp/jpki\.[A-Za-z0-9]* \(deleted\)$' <<< "$OUT")"
	run grep -E '^Max (file size|processes|core)' "/proc/$pid/limits"
	expect_match 'limits' '.*core file size +0 +0 .*' "$(tr '\n' ' ' <<< "$OUT")"
	expect_lacks 'limits' unlimited "$OUT"
	wait $!
	reset_config
}
run_case 'crl import: what the fetcher has left' fetcher_confined

# It ends with who started it.
fetcher_ends()
{
	local pid

	: > "$WEB_LOG"
	jpkictl crl import "$HTTP/silent" >> "$LOG" 2>&1 &
	until_true 10 pgrep -x jpki_fetch > /dev/null || fail 'there is no jpki_fetch'
	pid=$(pgrep -x jpki_fetch)
	until_true 10 eval '[ -n "$(requests /silent)" ]'
	kill -KILL $!
	until_true 5 process_gone "$pid" || fail 'it goes on'
	reset_config
}
run_case 'crl import: the fetcher ends with jpkictl' fetcher_ends

started_by_hand()
{
	run "${HELPER%/*}/jpki_fetch" http://127.0.0.1:8080/good.crl
	expect_match 'exit status' '[1-9][0-9]*' "$STATUS"
	expect_has 'what it says' 'jpkictl starts this program' "$OUT"
}
run_case 'crl import: a fetcher that is started by hand' started_by_hand

# As libraries end it that find no memory.
fetcher_says_nothing()
{
	local fetch=${HELPER%/*}/jpki_fetch

	cp -p "$fetch" "$WORK/jpki_fetch"
	cp "$(type -P false)" "$fetch"
	run jpkictl crl import "$HTTP/good.crl"
	cp -p "$WORK/jpki_fetch" "$fetch"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'what jpkictl says' 'jpki_fetch ended without a reason (exit status 1)' "$OUT"
	reset_config
}
run_case 'crl import: a fetcher that says nothing' fetcher_says_nothing

# The unit, as far as it is about calls and capabilities, which systemd would set.
as_the_unit()
{
	systemd-analyze syscall-filter > "$WORK/sets" || { fail 'no sets of calls'; return; }
	python3 "$E2E_TOP/tests/e2e/unitcalls" "$UNIT.service" "$WORK/sets" > "$WORK/calls" || fail 'cannot read the unit'
	sources "$HTTP/good.crl"
	run sh -c "setpriv --bounding-set=-all,+setuid,+setgid --inh-caps=-all --no-new-privs \
		'$E2E_BUILD/tests/e2e/callfilter' jpkictl crl update < '$WORK/calls'"
	expect_equal 'exit status' 0 "$STATUS"
	expect_lacks 'what it says' 'no Landlock' "$OUT"
	rm -rf "$CRLS"
	run sh -c "grep -vx -e landlock_create_ruleset -e capset '$WORK/calls' > '$WORK/fewer'; \
		'$E2E_BUILD/tests/e2e/callfilter' jpkictl crl update < '$WORK/fewer'"
	expect_equal 'exit status, without the calls that confine' 1 "$STATUS"
	rm -f "$SOURCES"
	reset_config
}
if command -v systemd-analyze >/dev/null; then
	run_case 'crl update within the calls that the unit allows' as_the_unit
else
	skip 'crl update within the calls that the unit allows' 'there is no systemd-analyze here'
fi

by_cron()
{
	local line=/usr/share/doc/pam_jpki/examples/jpki-crl-update.cron command

	command=$(sed -n 's/^[0-9].* root //p' "$line")
	printf '#!/bin/sh\necho 0\n' > "$WORK/shuf"
	chmod 0755 "$WORK/shuf"
	sources "$HTTP/good.crl" "$HTTP/nothing.crl"
	run env "PATH=$WORK:$PATH" sh -c "$command"
	expect_has 'what cron mails' 404 "$OUT"
	expect_lacks 'what cron mails' installed "$OUT"
	expect_equal 'answers' 200 "$(requests /good.crl)"
	rm -f "$SOURCES"
	run env "PATH=$WORK:$PATH" sh -c "$command"
	expect_equal 'without sources' '0 ' "$STATUS $OUT"
	reset_config
}
run_case 'crl update by cron' by_cron

# --- show, check, JSON -----------------------------------------------------------------

json()		# JQ-FILTER, on OUT
{
	jq -r "$1" <<< "$OUT" 2>> "$LOG"
}

show()
{
	run jpkictl crl show "$PKI/crl/ca1-good-revoked.crl"
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'show' keyCompromise "$OUT"
	run jpkictl crl show "$WEB/good.pem"
	expect_equal 'exit status, PEM' 0 "$STATUS"
	run jpkictl crl show --json "$PKI/crl/ca1-uri.crl"
	expect_equal 'scope' 1 "$(json '.scope | length')"
	expect_match 'this_update' '20[0-9-]*T[0-9:]*Z' "$(json .this_update)"
	expect_equal 'SHA-256' "$(sha256sum "$PKI/crl/ca1-uri.crl" | cut -d' ' -f1)" "$(json .sha256)"
	run jpkictl crl list --json
	expect_equal 'lists' 3 "$(json length)"
	run jpkictl crl show --json "$(json '.[0].name[0:10]')"
	expect_equal 'exit status, by name' 0 "$STATUS"
	run jpkictl crl show --json "$PKI/crl/ca1-tampered.crl"
	expect_equal 'exit status, tampered' 1 "$STATUS"
	expect_has 'tampered' '(signature)' "$OUT"
	run jpkictl crl show ffffffffff
	expect_equal 'exit status, no such list' 1 "$STATUS"
	run jpkictl crl show "$PKI"
	expect_equal 'exit status, a directory' 1 "$STATUS"
	run jpkictl crl verify --json
	expect_equal 'verify' 'ok ok ok' "$(json '.[].state' | paste -sd' ')"
}
run_case 'crl show, list and verify, JSON' show

check()
{
	run jpkictl crl check "$PKI/good.crt"
	expect_equal 'exit status, good' 0 "$STATUS"
	expect_has 'good' 'not revoked' "$OUT"
	put_crls ca1-good-revoked.crl
	run jpkictl crl check --json "$PKI/good.crt"
	expect_equal 'exit status, revoked' 3 "$STATUS"
	expect_equal 'revoked' 'JPKI-E-REVOKED true' "$(json '.[0] | "\(.code) \(.revoked)"')"
	expect_match 'date' '20[0-9-]*T[0-9:]*Z' "$(json '.[0].date')"
	expect_has 'detail' superseded "$(json '.[0].detail')"
	rm -rf "$CRLS"
	run jpkictl crl check --json "$PKI/good.crt"
	expect_equal 'exit status, no list' 1 "$STATUS"
	expect_equal 'no list' JPKI-E-CRL-MISSING "$(json '.[0].code')"
	run jpkictl crl check "$PKI/crl/ca1.crl"
	expect_equal 'exit status, a CRL for a certificate' 1 "$STATUS"
	run jpkictl crl check "$WORK/no-such-file"
	expect_equal 'exit status, no file' 1 "$STATUS"
	run jpkictl crl check /etc
	expect_equal 'exit status, a directory' 1 "$STATUS"
	reset_config
}
run_case 'crl check' check

import_json()
{
	rm -rf "$CRLS"
	run jpkictl crl import --json "$HTTP/good.crl" "$PKI/crl/ca1-tampered.crl" "$WORK/no-such-file" 2>/dev/null
	expect_equal 'exit status' 3 "$STATUS"
	OUT=$(sed '/^jpkictl crl: /d' <<< "$OUT")
	expect_equal 'states' 'ok signature not-fetched' "$(json '.[].state' | paste -sd' ')"
	expect_equal 'changed' true "$(json '.[0].changed')"
	run jpkictl crl import --json "$HTTP/good.crl"
	expect_equal 'states, again' 'same false' "$(json '.[0] | "\(.state) \(.changed)"')"
	run setpriv --reuid hanako --regid hanako --init-groups jpkictl crl update
	expect_equal 'exit status, not root' 1 "$STATUS"
	expect_has 'not root' 'only root' "$OUT"
	reset_config
}
run_case 'crl import, JSON' import_json

if [ -n "$WANTED" ]; then
	end_process "$WEB_PID"
	end_process "$TLS_PID"
fi

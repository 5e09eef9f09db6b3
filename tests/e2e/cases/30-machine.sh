# shellcheck shell=bash
# The machine around the card: pcscd, the helper, the configuration, the user's way in.
# shellcheck disable=SC2016 # what breaks something is evaluated by broken
# shellcheck disable=SC2034 # CARD_SPEC is lib.sh's

# broken NAME CODE PAM BREAK [MEND]: a login after a shell command broke
# something; reset_config mends the configuration anyway.
broken()
{
	local name=$1 code=$2 pam=$3 break=$4 mend=${5:-:}

	is_wanted "$name" || return 0
	enrol hanako good
	eval "$break" || printf '# %s: cannot prepare: %s\n' "$name" "$break"
	login "$name" enrol=KEEP drive="pin=$PIN auth" code="$code" pam="$pam" prompts=0 verifies=0 "${@:6}"
	eval "$mend"
	reset_config
}

# --- remote users -------------------------------------------------------------------
remote() { login "$@" drive=auth unasked=yes apdus=0 code=REMOTE pam=AUTHINFO_UNAVAIL; }
remote 'remote user, by address' args='--rhost 192.0.2.1'
remote 'remote user, by name' args='--rhost far.example'
remote 'remote user, by the terminal "ssh"' args='--tty ssh'
remote 'remote user, by a forwarded display' args='--tty localhost:10.0'
login 'local user with an empty remote host' args="--rhost ''"
login 'local user, host "localhost" as xsecurelock says' args='--rhost localhost --tty :0'
login 'local user at the console' args='--tty /dev/tty1'
login 'remote user where that is allowed' args='--rhost 192.0.2.1' opts='remote=yes'

# Whom the application tells nothing of: logind knows, then utmp, then nobody.
utmp_entry()	# TERMINAL HOST: as sshd or login writes it
{
	rm -f /run/utmp
	printf '[7] [00001] [ts/1] [hanako  ] [%-12s] [%-20s] [0.0.0.0        ] [2026-11-23T00:00:00,000000+00:00]\n' \
		"$1" "$2" | utmpdump -r > /run/utmp 2>/dev/null
}
utmp_entry pts/7 192.0.2.1
remote 'terminal of a remote login, by utmp' args='--tty /dev/pts/7'
login 'terminal of a remote login where that is allowed' args='--tty /dev/pts/7' opts='remote=yes'
utmp_entry pts/7 :0
login 'terminal of a local X display, by utmp, strict' args='--tty /dev/pts/7' opts='remote=strict'
utmp_entry pts/8 192.0.2.1
login 'terminal that utmp does not know' args='--tty /dev/pts/7'
remote 'terminal that utmp does not know, strict' args='--tty /dev/pts/7' opts='remote=strict'
: > /run/utmp
login 'console, strict' args='--tty /dev/tty1' opts='remote=strict'
session="$E2E_TOP/tests/e2e/in-session"
if ! ldd "$HELPER" | grep -q libsystemd; then
	skip 'sessions of logind' 'the helper was built without libsystemd'
elif ! "$session" 0 true 2>/dev/null; then
	skip 'sessions of logind' 'no control groups can be mounted here'
else
	remote 'remote session, by logind' under="$session 1" args='--tty /dev/pts/7'
	login 'remote session where that is allowed' under="$session 1" opts='remote=yes'
	login 'local session, by logind, strict' under="$session 0" args='--tty /dev/pts/7' opts='remote=strict'
	utmp_entry pts/7 192.0.2.1
	login 'local session, whatever utmp says' under="$session 0" args='--tty /dev/pts/7'
	remote 'local session, but sshd asks' under="$session 0" args='--tty ssh'
	: > /run/utmp
fi

# --- options -------------------------------------------------------------------------
options()	# NAME OPTIONS
{
	login "$1" opts="$2" drive=auth unasked=yes apdus=0 code=CONFIG pam=SERVICE_ERR says='configuration'
}
options 'unknown option' 'colour=blue'
options 'option without value' 'timeout'
options 'option that only begins like one' 'time=5'
options 'value out of range' 'timeout=100000'
options 'value that is no number' 'timeout=5x'
options 'value that is no choice' 'last_try=maybe'
options 'policy that is no object identifier' 'policy_oid=yes'
options 'trust database by a relative path' 'trust_db=nssdb'

bad_conf() { broken "configuration: $1" CONFIG SERVICE_ERR "${@:2}"; }
bad_conf 'unknown keyword' "write_conf 'timout = 10'"
bad_conf 'bad value' "write_conf 'timeout = soon'"
bad_conf 'line without a sense' "write_conf 'timeout 10'"
bad_conf 'wrong owner' 'chown taro "$CONF"'
bad_conf 'writable by the group' 'chmod g+w "$CONF"'
bad_conf 'symbolic link' 'mv "$CONF" "$CONF.real" && ln -s pam_jpki.conf.real "$CONF"' 'rm -f "$CONF.real"'
bad_conf 'a directory' 'rm "$CONF" && mkdir "$CONF"'
bad_conf 'directory writable by others' 'chmod o+w /etc/pam_jpki' 'chmod o-w /etc/pam_jpki'
conf_line_named()
{
	write_conf 'wait = 0' 'timout = 10'
	run pamdrive --service e2e --user hanako auth
	expect_logged 'pam_jpki\.conf:2'
	expect_logged 'timout'
	reset_config
}
run_case 'configuration: the log names file, line and word' conf_line_named
conf_unreadable()
{
	chmod 0600 "$CONF"
	run pamdrive --service e2e --user hanako --as 2001 auth
	expect_equal 'pam_authenticate' '3 PAM_SERVICE_ERR' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-CONFIG'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	reset_config
}
run_case 'configuration: not readable for a locker' conf_unreadable
bad_conf 'absent' 'rm "$CONF"'
bad_conf 'longer than any sense' "head -c 3000000 /dev/zero | tr '\\0' '#' > \"\$CONF\""

# --- enrolments ------------------------------------------------------------------------
FILE=$USERS/hanako.pem
broken 'enrolment: wrong owner' ENROLMENT AUTHINFO_UNAVAIL "chown hanako $FILE"
broken 'enrolment: writable by others' ENROLMENT AUTHINFO_UNAVAIL "chmod o+w $FILE"
broken 'enrolment: symbolic link' ENROLMENT AUTHINFO_UNAVAIL "mv $FILE /root/h.pem && ln -s /root/h.pem $FILE"
broken 'enrolment: empty file' ENROLMENT AUTHINFO_UNAVAIL ": > $FILE"
broken 'enrolment: garbage' ENROLMENT AUTHINFO_UNAVAIL "head -c 3000 /dev/urandom > $FILE"
broken 'enrolment: PEM around garbage' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' \
	"printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' > $FILE"
broken 'enrolment: cut short' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' "truncate -s 700 $FILE"
broken 'enrolment: a private key' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' "cat $PKI/good.key > $FILE"
broken 'enrolment: a directory' ENROLMENT AUTHINFO_UNAVAIL "rm $FILE && mkdir $FILE"
broken 'enrolment: a named pipe' ENROLMENT AUTHINFO_UNAVAIL "rm $FILE && mkfifo $FILE"
broken 'enrolment: users directory absent' NOT-ENROLLED USER_UNKNOWN "rm -rf $USERS"
broken 'enrolment: users directory of somebody else' ENROLMENT AUTHINFO_UNAVAIL "chown taro $USERS"
path_user()
{
	printf 'x\n' > /etc/pam_jpki/evil.pem
	run pamdrive --service e2e --user ../evil auth
	expect_match 'pam_authenticate' '10 PAM_USER_UNKNOWN|9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	rm -f /etc/pam_jpki/evil.pem
}
run_case 'enrolment: a user name with a path in it' path_user

# --- trust database -----------------------------------------------------------------------
broken 'trust database absent' TRUST-DB AUTHINFO_UNAVAIL "rm -rf $NSSDB"
broken 'trust database empty' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' "rm -f $NSSDB/*"
broken 'trust database is garbage' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' \
	"head -c 30000 /dev/urandom > $NSSDB/cert9.db"
broken 'trust database cut short' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' "truncate -s 2000 $NSSDB/cert9.db"
broken 'trust database writable by others' TRUST-DB AUTHINFO_UNAVAIL "chmod o+w $NSSDB/cert9.db"
broken 'trust database of somebody else' TRUST-DB AUTHINFO_UNAVAIL "chown hanako $NSSDB/cert9.db"
broken 'trust database is a symbolic link' TRUST-DB AUTHINFO_UNAVAIL "mv $NSSDB $NSSDB.real && ln -s $NSSDB.real $NSSDB" \
	"rm -rf $NSSDB.real"

# --- the helper ------------------------------------------------------------------------
replace_helper() { mv "$HELPER" "$HELPER.real" && cp "$1" "$HELPER" && chmod 0755 "$HELPER"; }
restore_helper() { rm -rf "$HELPER"; mv "$HELPER.real" "$HELPER"; }
printf '#!/bin/sh\nhead -c 5000 /dev/urandom >&3\n' > "$WORK/garbage-helper"
printf '#!/bin/sh\nprintf "JPKI-OK" >&3\nexec sleep 100\n' > "$WORK/short-helper"
broken 'helper missing' HELPER AUTHINFO_UNAVAIL 'mv "$HELPER" "$HELPER.real"' restore_helper
broken 'helper not executable' HELPER AUTHINFO_UNAVAIL 'chmod 0644 "$HELPER"' 'chmod 0755 "$HELPER"'
broken 'helper is /bin/true' HELPER AUTHINFO_UNAVAIL 'replace_helper /bin/true' restore_helper
broken 'helper is /bin/false' HELPER AUTHINFO_UNAVAIL 'replace_helper /bin/false' restore_helper
broken 'helper writes garbage' HELPER AUTHINFO_UNAVAIL 'replace_helper "$WORK/garbage-helper"' restore_helper
broken 'helper claims success and stays' HELPER AUTHINFO_UNAVAIL 'replace_helper "$WORK/short-helper"' restore_helper within=20

# What the helper says, libpam's caller gets: a stand-in names each outcome of the table.
mkdir -p "$WORK/told"
install_pam_service told "$(stack)"
replace_helper "$E2E_BUILD/tests/unit/fakehelper"
n=0
while IFS=' ' read -r code pam; do
	n=$((n + 1))
	printf 'status %d' $n > "$WORK/told/mode"
	login "outcome $code as the helper tells it" service=told under="env -C $WORK/told" drive=auth unasked=yes \
		apdus=0 code="${code#JPKI-E-}" pam="${pam#PAM_}"
done < <(sed -nE 's/^OUTCOME\([A-Z_]+, "(JPKI-E-[A-Z-]+)", (PAM_[A-Z_]+), .*/\1 \2/p' "$E2E_TOP/lib/outcome.def")
restore_helper

login 'helper killed while the prompt is open' drive="'exec=pkill -KILL jpki_helper' pin=$PIN auth" \
	code=HELPER pam=AUTHINFO_UNAVAIL verifies=0 says='program failed'
login 'helper killed at VERIFY' sim='set latency 300' \
	drive="'exec=(sleep 1; pkill -KILL jpki_helper) >/dev/null 2>&1 &' pin=$PIN auth" \
	code=HELPER pam=AUTHINFO_UNAVAIL verifies=any
login 'helper stopped after the PIN' opts='timeout=5' sim='set latency 300' \
	drive="'exec=(sleep 1; pkill -STOP jpki_helper) >/dev/null 2>&1 &' pin=$PIN auth" \
	code='HELPER|TIMEOUT' pam=AUTHINFO_UNAVAIL verifies=any within=30

# --- pcscd ---------------------------------------------------------------------------------
without_pcscd()
{
	stop_pcscd
	run pamdrive --service e2e --user hanako auth
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_has 'what is shown' 'pcscd) is not running' "$OUT"
	expect_logged 'JPKI-E-NO-SERVICE'
	start_pcscd none
	run pamdrive --service e2e --user hanako auth
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_has 'what is shown' 'No smart card reader was found' "$OUT"
	expect_logged 'JPKI-E-NO-READER'
	stop_sim
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
}
run_case 'no pcscd, then no reader' without_pcscd

pcscd_dies_at_prompt()
{
	run pamdrive --service e2e --user hanako "exec=kill -KILL $PCSCD_PID" "pin=$PIN" auth
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-NO-SERVICE'
	restart_world "$(card_dir good)"
	CARD_SPEC=good
}
run_case 'pcscd dies while the person types' pcscd_dies_at_prompt

card_held()	# HOW CODE
{
	scprobe "$1" 60000 > "$WORK/held" 2>&1 &
	local holder=$!

	until_true 10 grep -q held "$WORK/held" || fail 'the other program does not get the card'
	install_pam_service e2e "$(stack timeout=5)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	kill "$holder" && wait "$holder" 2>/dev/null
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-CARD-BUSY'
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	install_pam_service e2e "$(stack)"
}
run_case 'another program holds a transaction' card_held hold
run_case 'another program holds the card exclusively' card_held exclusive

card_comes_late()
{
	sim remove
	install_pam_service e2e "$(stack wait=20)"
	(sleep 1; sim insert) >/dev/null 2>&1 &
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	wait $!
	expect_match 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	install_pam_service e2e "$(stack)"
}
run_case 'the card is waited for' card_comes_late
wait_ends()
{
	local start

	sim remove
	install_pam_service e2e "$(stack wait=2)"
	start=$(now_ms)
	run pamdrive --service e2e --user hanako auth
	[ $(($(now_ms) - start)) -ge 1900 ] || fail 'did not wait two seconds'
	[ $(($(now_ms) - start)) -le 6000 ] || fail 'waited too long'
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-NO-CARD'
	expect_has 'what is shown' 'No card came onto the reader in 2 seconds.' "$OUT"
	install_pam_service e2e "$(stack)"
}
run_case 'the wait for a card ends' wait_ends

environ()
{
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako \
		"exec=tr '\\0' '\\n' < /proc/\$(pgrep -x jpki_helper)/environ > $WORK/environ; ls -l /proc/\$(pgrep -x jpki_helper)/fd > $WORK/fds" \
		"pin=$PIN" auth
	[ -e "$WORK/environ" ] || fail 'there was no helper'
	expect_equal 'environment of the helper' '' "$(cat "$WORK/environ")"
	expect_equal 'open files of the helper beside sockets and the trust database' '' \
		"$(awk '/->/ { print $NF }' "$WORK/fds" |
			grep -vE "^(socket:.*|anon_inode:.*|/dev/null|$NSSDB/.*)\$" | tr '\n' ' ')"
}
run_case 'the helper has an empty environment and no files' environ

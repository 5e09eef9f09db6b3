# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The machine around the card: pcscd, the helper, the configuration, the user's way in.
# shellcheck disable=SC2016 # what breaks something is evaluated by broken
# shellcheck disable=SC2034 # CARD_SPEC is lib.sh's

# broken NAME CODE PAM BREAK [FIX]: a login after a shell command broke
# something; reset_config restores the configuration anyway.
broken()
{
	local name=$1 code=$2 pam=$3 break=$4 fix=${5:-:}

	is_wanted "$name" || return 0
	enroll hanako good
	eval "$break" || printf '# %s: cannot prepare: %s\n' "$name" "$break"
	login "$name" enroll=KEEP drive="pin=$PIN auth" code="$code" pam="$pam" prompts=0 verifies=0 "${@:6}"
	eval "$fix"
	reset_config
}

# --- where the user is ----------------------------------------------------------------
# The log says how that was found: where= is one of the reasons in pam_jpki(8).
found()	# PLACE WHERE
{
	expect_logged "JPKI-[A-Z-]+ user=.* place=$1 where=$2\$"
}

# at PLACE WHERE NAME [KEY=VALUE…]: a login from there; only local and assumed ones reach the card.
at()
{
	local place=$1 where=$2 refused=(drive=auth unasked=yes apdus=0 code=REMOTE pam=AUTHINFO_UNAVAIL)

	case $place in
	local|assumed) refused=() ;;
	esac
	login "${@:3}" "${refused[@]}" after="found $place $where"
}

# What is only assumed does not do where it has to be proved.
strictly()	# PLACE WHERE NAME [KEY=VALUE…]
{
	login "$3, strict" "${@:4}" opts=remote=strict drive=auth unasked=yes apdus=0 code=REMOTE pam=AUTHINFO_UNAVAIL \
		after="found $1 $2"
}

at remote host 'remote user, by address' args='--rhost 192.0.2.1'
at remote host 'remote user, by name' args='--rhost far.example'
at remote host 'remote user, by name, vouched for by mistake' args='--rhost far.example' opts=local_services=e2e
at remote terminal 'remote user, by the terminal "ssh"' args='--tty ssh'
at remote terminal 'remote user, by a forwarded display' args='--tty localhost:10.0'
at remote ssh 'remote user, by the environment' under='env SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22"'
at local console 'local user with an empty remote host' args="--rhost ''"
at local console 'local user, the own host as remote host' args="--rhost $(hostname)"
at local console 'local user, the own host with a domain' args="--rhost $(hostname).example"
at local console 'local user, 127.0.0.1 as remote host' args='--rhost 127.0.0.1'
needs addresses at local console 'local user, an own address as remote host' under="sh -c 'ip addr add 192.0.2.9/32 dev lo; exec \"\$@\"' sh" \
	args='--rhost 192.0.2.9'
at local console 'local user at the console, strict' args='--tty /dev/tty1' opts=remote=strict
at assumed own-process 'locker on X, without logind' args='--as 2001 --tty :0 --rhost localhost'
strictly assumed own-process 'locker on X, without logind' args='--as 2001 --tty :0'
at assumed own-process 'sudo in a terminal, without logind' args='--ruid 2001 --tty /dev/pts/7'
at unproved other-user 'su to another user, without logind' args='--ruid 2002 --tty /dev/pts/7'
at unproved other-user 'su that writes to a console' args='--ruid 2002 --tty /dev/tty1'
at local vouched 'su to another user, vouched for' args='--ruid 2002 --tty /dev/pts/7' opts='local_services=su,e2e remote=strict'
at unproved other-user 'su to another user, another service is vouched for' args='--ruid 2002 --tty /dev/pts/7' opts='local_services=su'
at unproved serial 'login on a serial line' args='--tty /dev/ttyS0'
at unproved other-display 'greeter, without logind' args='--tty :0'
at unproved silent 'daemon that says nothing' args="--tty ''"
at unproved silent 'daemon that says localhost' args="--tty '' --rhost localhost"
login 'remote user where that is allowed' args='--rhost 192.0.2.1' opts='remote=yes' after='found remote host'
login 'daemon that says nothing where that is allowed' args="--tty ''" opts='remote=yes' after='found unproved silent'
services()
{
	local service

	for service in vnc xrdp-sesman smtp saslauthd; do
		install_pam_service "$service" "$(stack)"
		run pamdrive --service "$service" --user hanako "pin=$PIN" auth
		expect_equal "$service" '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
		found remote service
		rm "/etc/pam.d/$service"
	done
	for service in atd cron other; do
		install_pam_service "$service-e2e" "$(stack)"
		run pamdrive --service "$service-e2e" --tty '' --user hanako "pin=$PIN" auth
		expect_equal "$service" '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
		found unproved silent
		rm "/etc/pam.d/$service-e2e"
	done
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
}
run_case 'services of the network, and daemons of any name' services

# utmp is a witness for what is remote, and for nothing else.
ON_PTS='--ruid 2001 --tty /dev/pts/7'
utmpput pts/7 192.0.2.1
at remote utmp 'terminal of a remote login, by utmp' args="$ON_PTS"
at remote utmp 'terminal of a remote login, by utmp, vouched for' args="$ON_PTS" opts=local_services=e2e
login 'terminal of a remote login where that is allowed' args="$ON_PTS" opts='remote=yes'
utmpput pts/7 192.0.2.1 99999
at assumed own-process 'terminal of a remote login whose process is dead' args="$ON_PTS"
utmpput pts/7 :0
strictly assumed own-process 'terminal of a local X display, by utmp' args="$ON_PTS"
at unproved other-user 'terminal of a local X display, by utmp, of another user' args='--ruid 2002 --tty /dev/pts/7'
utmpput pts/7 'tmux(4711).%0'
at assumed multiplexer 'terminal of tmux, by utmp' args="$ON_PTS"
: > /run/utmp

session="$E2E_TOP/tests/e2e/in-session"
DESK='SEAT=seat0'
AFAR='REMOTE=1'
# A program of that name that runs what follows: a parent that shows where a process is.
named()	# NAME
{
	cp /bin/bash "$WORK/$1"
	printf '%s -c %q x ' "$WORK/$1" '"$@"; exit'
}
logind_cases()
{
	at remote remote-session 'sudo over ssh' under="$session 1" args="$ON_PTS"
	at remote remote-session 'sudo over ssh, of a user who is at the desk as well' under="$session --also $DESK 1" args="$ON_PTS"
	at remote remote-session 'sudo over ssh, vouched for' under="$session 1" args="$ON_PTS" opts=local_services=e2e
	login 'remote session where that is allowed' under="$session 1" opts='remote=yes'
	at local session 'sudo at the desk, strict' under="$session 0" args="$ON_PTS" opts='remote=strict'
	at local session 'sudo -S at the desk' under="$session 0" args="--ruid 2001 --tty ''"
	at local session 'su to another user at the desk' under="$session 0" args='--ruid 2002 --tty /dev/pts/7'
	at local session 'polkit at the desk' under="$session 0" args="--ruid 2002 --tty ''"
	at local session 'locker on Wayland at the desk' under="$session 0" args="--as 2001 --tty ''" opts='remote=strict'
	at local session 'locker on X at the desk' under="$session --record DISPLAY=:0 0" args='--as 2001 --tty :0.0 --rhost localhost' opts='remote=strict'
	at assumed new-display 'locker after startx' under="$session 0" args='--as 2001 --tty :1'
	strictly assumed new-display 'locker after startx' under="$session 0" args='--as 2001 --tty :1'
	at unproved other-display 'locker in a VNC server begun at the desk' under="$session --record DISPLAY=:0 0" args='--as 2001 --tty :5'
	at unproved no-seat 'locker in an xrdp session' under="$session --record 'SEAT= DISPLAY=:10' 0" args='--as 2001 --tty :10'
	at unproved inactive 'session that was switched away from' under="$session --record ACTIVE=0 0" args="$ON_PTS"
	at local vouched 'session that was switched away from, vouched for' under="$session --record ACTIVE=0 0" args="$ON_PTS" \
		opts=local_services=e2e
	at unproved serial 'serial line' under="$session --record SEAT= 0" args='--ruid 2001 --tty /dev/ttyS0'
	at unproved silent 'daemon that root has started at the desk' under="$session --record UID=0 0" args="--tty ''"
	at assumed also-remote 'desk, and a remote session beside it' under="$session --also $AFAR 0" args="$ON_PTS"
	strictly assumed also-remote 'desk, and a remote session beside it' under="$session --also $AFAR 0" args="$ON_PTS"
	at local session 'desk, and the remote session of another user' under="$session --also '$AFAR UID=2003' 0" args="$ON_PTS"
	at remote terminal 'local session, but sshd asks' under="$session 0" args='--tty ssh'
	utmpput pts/7 192.0.2.1
	at remote utmp 'local session, on a terminal that utmp calls remote' under="$session 0" args="$ON_PTS"
	: > /run/utmp

	# of no session: by those of the user who runs it
	at local user-session 'terminal of GNOME or KDE at the desk, strict' under="$session --user-unit 0" args="$ON_PTS" opts='remote=strict'
	at local user-session 'systemd-run --user at the desk' under="$session --user-unit 0" args='--ruid 2001'
	at remote remote-user 'systemd-run --user over ssh' under="$session --user-unit 1" args="$ON_PTS"
	at remote remote-user 'systemd-run --user over ssh, also at the desk' under="$session --user-unit --also $DESK 1" args="$ON_PTS"
	at local user-session 'cron job of a user at the desk' under="$session --system-unit 0" args="--ruid 2001 --tty ''"
	at unproved no-session 'cron job of a user who is away' under="$session --none 0" args="--ruid 2001 --tty ''"
	at remote remote-user 'cron job of a user who is there over ssh' under="$session --system-unit 1" args="--ruid 2001 --tty ''"
	at unproved no-session 'terminal while the session is switched away from' under="$session --user-unit --record ACTIVE=0 0" args="$ON_PTS"

	# root's, before there is a session
	at local console 'login on a console, strict' under="$session --none 0" args='--tty /dev/tty1' opts='remote=strict'
	at local display 'greeter at the desk, strict' under="$session --none --also 'UID=110 $DESK DISPLAY=:0 CLASS=greeter' 0" args='--tty :0' opts='remote=strict'
	at unproved other-display 'greeter of a VNC server' under="$session --none --also 'UID=110 $DESK DISPLAY=:0' 0" args='--tty :5'
	at unproved other-display 'greeter of a VNC server with a session' under="$session --none --also 'UID=110 DISPLAY=:5' 0" args='--tty :5'
	at unproved silent 'daemon that says nothing, while a user is at the machine' under="$session --system-unit 0" args="--tty ''"
	at unproved silent 'daemon that says nothing, while root is at the desk' under="$session --system-unit --record UID=0 0" args="--tty ''"
	at unproved no-session 'daemon of a user of its own' under="$session --system-unit 0" args="--ruid 65000 --tty ''"

	# what runs between the person and the process
	at assumed multiplexer 'tmux begun at the desk' under="$session 0 $(named tmux)" args="$ON_PTS"
	strictly assumed multiplexer 'tmux begun at the desk' under="$session 0 $(named tmux)" args="$ON_PTS"
	at unproved shared-multiplexer 'tmux begun at the desk, attached over ssh' under="$session --also $AFAR 0 $(named tmux)" args="$ON_PTS"
	at remote remote-session 'tmux begun over ssh, attached at the desk' under="$session --also $DESK 1 $(named tmux)" args="$ON_PTS"
	at remote remote-user 'tmux of a user unit, attached over ssh' under="$session --user-unit --also $AFAR 0 $(named tmux)" args="$ON_PTS"
	at remote server 'sshd that was started by hand at the desk' under="$session 0 $(named sshd)" args="$ON_PTS"
	at remote server 'VNC server that was started by hand at the desk' under="$session 0 $(named Xvnc)" args='--as 2001 --tty :5'

	at unproved no-answer 'a session that logind does not explain' under="$session --record UID=hanako 0" args="$ON_PTS"
}
if ! ldd "$HELPER" | grep -q libsystemd; then
	skip 'sessions of logind' 'the helper was built without libsystemd'
else
	needs sessions logind_cases
fi

# --- options -------------------------------------------------------------------------
options()	# NAME OPTIONS
{
	login "$1" opts="$2" drive=auth unasked=yes apdus=0 code=CONFIG pam=SERVICE_ERR says='misconfigured'
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
bad_conf 'a symbolic link to nothing' 'rm "$CONF" && ln -s nowhere "$CONF"'
bad_conf 'absent from a directory that others can write' 'rm "$CONF" && chmod o+w /etc/pam_jpki' 'chmod o-w /etc/pam_jpki'
bad_conf 'absent from a directory of another user' 'rm "$CONF" && chown taro /etc/pam_jpki' 'chown root /etc/pam_jpki'
bad_conf 'in a directory that is a file' 'rm -rf /etc/pam_jpki && : > /etc/pam_jpki' 'rm -f /etc/pam_jpki && mkdir /etc/pam_jpki'
options 'named and absent' "conf=$WORK/absent.conf"
options 'named and absent, beside the usual one' 'conf=/etc/pam_jpki/other.conf'
# Nothing is there before the administrator writes something: the built-in values.
conf_absent()
{
	install_pam_service e2e "$(stack)"
	rm -f "$CONF"
	run pamdrive --service e2e --user hanako "$@" "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	run pamdrive --service e2e --user hanako --rhost 192.0.2.1 auth
	expect_logged 'JPKI-E-REMOTE'
	rm -rf "$CRLS"
	run pamdrive --service e2e --user hanako "$@" auth
	expect_logged 'JPKI-E-CRL-MISSING'
	reset_config
}
run_case 'configuration: absent' conf_absent
run_case 'configuration: absent, of a locker' conf_absent --as 2001
bad_conf 'longer than any sense' "head -c 3000000 /dev/zero | tr '\\0' '#' > \"\$CONF\""

# --- enrollments ------------------------------------------------------------------------
FILE=$USERS/hanako.pem
broken 'enrollment: wrong owner' ENROLMENT AUTHINFO_UNAVAIL "chown hanako $FILE"
broken 'enrollment: writable by others' ENROLMENT AUTHINFO_UNAVAIL "chmod o+w $FILE"
broken 'enrollment: symbolic link' ENROLMENT AUTHINFO_UNAVAIL "mv $FILE /root/h.pem && ln -s /root/h.pem $FILE"
broken 'enrollment: empty file' ENROLMENT AUTHINFO_UNAVAIL ": > $FILE"
broken 'enrollment: garbage' ENROLMENT AUTHINFO_UNAVAIL "head -c 3000 /dev/urandom > $FILE"
broken 'enrollment: PEM around garbage' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' \
	"printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' > $FILE"
broken 'enrollment: cut short' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' "truncate -s 700 $FILE"
broken 'enrollment: a private key' 'ENROLMENT|CERT-BAD' 'AUTHINFO_UNAVAIL|AUTH_ERR' "cat $PKI/good.key > $FILE"
broken 'enrollment: a directory' ENROLMENT AUTHINFO_UNAVAIL "rm $FILE && mkdir $FILE"
broken 'enrollment: a named pipe' ENROLMENT AUTHINFO_UNAVAIL "rm $FILE && mkfifo $FILE"
broken 'enrollment: users directory absent' NOT-ENROLLED USER_UNKNOWN "rm -rf $USERS"
broken 'enrollment: users directory of another user' ENROLMENT AUTHINFO_UNAVAIL "chown taro $USERS"
path_user()
{
	printf 'x\n' > /etc/pam_jpki/evil.pem
	run pamdrive --service e2e --user ../evil auth
	expect_match 'pam_authenticate' '10 PAM_USER_UNKNOWN|9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	rm -f /etc/pam_jpki/evil.pem
}
run_case 'enrollment: a user name with a path in it' path_user

# --- trust database -----------------------------------------------------------------------
broken 'trust database absent' TRUST-DB AUTHINFO_UNAVAIL "rm -rf $NSSDB"
broken 'trust database empty' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' "rm -f $NSSDB/*"
broken 'trust database is garbage' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' \
	"head -c 30000 /dev/urandom > $NSSDB/cert9.db"
broken 'trust database cut short' 'TRUST-DB|UNTRUSTED' 'AUTHINFO_UNAVAIL|AUTH_ERR' "truncate -s 2000 $NSSDB/cert9.db"
broken 'trust database writable by others' TRUST-DB AUTHINFO_UNAVAIL "chmod o+w $NSSDB/cert9.db"
broken 'trust database of another user' TRUST-DB AUTHINFO_UNAVAIL "chown hanako $NSSDB/cert9.db"
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

# An upgrade under a program that had loaded the module before, or that replaced the module first.
for other in older newer; do
	broken "helper of a $other version" UPDATED AUTHINFO_UNAVAIL 'replace_helper "$E2E_BUILD/tests/e2e/helper_$other"' restore_helper \
		says='pam_jpki was updated while the program that shows this message was running. Restart that program' apdus=0 within=5
done
as_it_was_updated()
{
	replace_helper "$E2E_BUILD/tests/e2e/helper_newer"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_logged 'jpki_helper speaks version 11 of the protocol'
	restore_helper
}
run_case 'helper of a newer version: what is said and logged' as_it_was_updated

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
login 'helper stopped after the PIN' opts='timeout=10' sim='set latency 300' \
	drive="'exec=(sleep 1; pkill -STOP jpki_helper) >/dev/null 2>&1 &' pin=$PIN auth" \
	code='HELPER|TIMEOUT' pam=AUTHINFO_UNAVAIL verifies=any within=19

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

pcscd_of_another_version()
{
	start_other_pcscd
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_has 'what is shown' 'have different versions. Your card is not at fault. Ask the administrator to restart pcscd' "$OUT"
	expect_logged 'JPKI-E-SERVICE-VERSION .*raw=8010001e'
	run jpkictl status
	expect_has 'what jpkictl says' 'have different versions' "$OUT"
	run jpkictl doctor
	expect_has 'what the doctor says' 'D109 ' "$OUT"
	expect_lacks 'what the doctor says' D103 "$OUT"
	stop_pcscd
	start_pcscd
	wait_reader_has_card || fail 'the reader does not come back'
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
run_case 'pcscd of another version' pcscd_of_another_version

pcscd_dies_at_prompt()
{
	run pamdrive --service e2e --user hanako "exec=kill -KILL $PCSCD_PID" "pin=$PIN" auth
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-NO-SERVICE'
	restart_world "$(card_dir good)"
	CARD_SPEC=good
}
run_case 'pcscd dies while the person types' pcscd_dies_at_prompt

# hold_card HOW MS: another program has the card from now on.
hold_card()
{
	scprobe "$1" "$2" > "$WORK/held" 2>&1 &
	HOLDER=$!
	until_true 10 grep -q held "$WORK/held" || fail 'the other program does not get the card'
}

release_card()
{
	kill "$HOLDER" 2>/dev/null
	wait "$HOLDER" 2>/dev/null
}

# SECONDS for which it may be waited for, and not less; three, and wait if that is longer.
card_held()	# HOW OPTIONS SECONDS
{
	local took

	install_pam_service e2e "$(stack "$2")"
	hold_card "$1" 60000
	run pamdrive --service e2e --user hanako --time "pin=$PIN" auth
	release_card
	took=$(transcript 'time = ' | cut -d. -f1)
	[ "${took:-0}" -ge $(($3 * 1000 - 100)) ] || fail "gave up after $took ms"
	[ "${took:-99999}" -le $((($3 + 3) * 1000)) ] || fail "took $took ms"
	expect_match 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-CARD-BUSY .*reader="?Virtual PCD'
	expect_has 'what is shown' 'Another program is using the card in the reader "Virtual PCD' "$OUT"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	install_pam_service e2e "$(stack)"
}
run_case 'another program holds a transaction' card_held hold '' 3
run_case 'another program holds the card exclusively' card_held exclusive '' 2
run_case 'another program holds a transaction, and a card is waited for' card_held hold wait=6 6
run_case 'another program holds the card exclusively, and a card is waited for' card_held exclusive wait=6 6

card_let_go()	# HOW
{
	hold_card "$1" 1500
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	release_card
	expect_match 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
run_case 'another program ends its transaction' card_let_go hold
run_case 'another program lets go of the card it has exclusively' card_let_go exclusive

# --- the program that asks goes ------------------------------------------------------------

start_login()	# SCRIPT…
{
	pamdrive --service e2e --user hanako "$@" >> "$LOG" 2>&1 &
	LOGIN=$!
}

kill_login()
{
	disown "$LOGIN"	# else bash reports its end
	kill -KILL "$LOGIN"
}

card_is()	# STATE
{
	[ "$(sim get verified)" = "$1" ]
}

reads_card()
{
	[ "$(stat_of apdus)" -ge 3 ]
}

program_goes_in_vain()
{
	sim_commands 'fault at 3 hang forever'
	start_login auth
	until_true 10 reads_card || fail 'the card was not looked at'
	kill_login
	until_true 3 none_runs jpki_helper || fail 'the helper stays'
}
run_case 'the program ends while the card hangs before the PIN' program_goes_in_vain

program_goes_waiting()
{
	install_pam_service e2e "$(stack wait=30)"
	hold_card hold 60000
	start_login auth
	until_true 10 pgrep -x jpki_helper > /dev/null || fail 'no helper came'
	sleep 1
	kill_login
	until_true 3 none_runs jpki_helper || fail 'the helper stays'
	release_card
	install_pam_service e2e "$(stack)"
}
run_case 'the program ends while another one holds the card' program_goes_waiting

program_goes_after_verify()
{
	sim_commands 'fault ins 2A hang 3000'
	start_login "pin=$PIN" auth
	until_true 10 card_is auth || fail 'nothing was verified'
	kill_login
	until_true 15 none_runs jpki_helper || fail 'the helper stays'
	expect_equal 'signatures' 1 "$(stat_of signs)"
	expect_card_forgot
}
run_case 'the program ends between VERIFY and the end: the PIN is forgotten' program_goes_after_verify

# --- the card comes ------------------------------------------------------------------------

card_comes_late()
{
	sim remove
	install_pam_service e2e "$(stack wait=20)"
	(sleep 1; sim insert) >/dev/null 2>&1 &
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	wait $!
	expect_match 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'texts, in their order' "info: Place your My Number Card on the reader.
prompt[off]: $(transcript 'prompt[off]: ')" "$(grep -E '^(info|error|prompt)' <<< "$OUT")"
	install_pam_service e2e "$(stack)"
}
run_case 'the card is waited for' card_comes_late

# What is shown before a wait, and where there is nothing to wait for.
cue()	# WANTED-TEXTS OPTIONS [OPTION of pamdrive…]
{
	install_pam_service e2e "$(stack "$2")"
	run pamdrive --service e2e --user hanako "${@:3}" "pin=$PIN" auth
	expect_equal "what is shown ($2)" "$1" "$(grep -E '^(info|error): ' <<< "$OUT" | head -n 1)"
}
shown_before_a_wait()
{
	local place='info: Place your My Number Card on the reader.'

	cue '' wait=2
	sim remove
	cue "$place" wait=1
	cue "$place" wait=1 --silent
	cue 'info: マイナンバーカードをICカードリーダライタに置いてください。' 'wait=1 lang=ja'
	cue 'error: There is no card on the reader. Place your My Number Card on the reader (again, if it is already there) and try again.' wait=0
	put_card other-person
	cue "$place" wait=1
	put_card 'good profile=nojpki'
	cue "$place" wait=1
	cue "$place" wait=1 --as 2001
	install_pam_service xscreensaver "$(stack wait=1)"
	run pamdrive --service xscreensaver --user hanako --as 2001 auth
	expect_match 'what xscreensaver shows' 'error: .*' "$(grep -E '^(info|error): ' <<< "$OUT" | head -n 1)"
	rm -f /etc/pam.d/xscreensaver
	enroll hanako
	cue '' wait=1
	cue '' 'wait=1 remote=no' --rhost 192.0.2.1
	enroll hanako good
	put_card good
	sim_commands 'set auth-tries 0'
	run pamdrive --service e2e --user hanako auth
	expect_lacks 'what is shown of a locked card' "$place" "$OUT"
	expect_has 'what is shown of a locked card' 'is locked' "$OUT"
	install_pam_service e2e "$(stack)"
}
run_case 'what is to be done is shown before a wait, once' shown_before_a_wait
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
	expect_has 'what is shown' 'No card was placed on the reader within 2 seconds.' "$OUT"
	install_pam_service e2e "$(stack)"
}
run_case 'the wait for a card ends' wait_ends

# A descriptor to look names up in, which neither reads nor writes, is no open file: those of the directories on the way.
O_PATH=$((8#10000000))
environ()
{
	local flags path files=

	needs processes || return
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako \
		"exec=cd /proc/\$(pgrep -x jpki_helper) && tr '\\0' '\\n' < environ > $WORK/environ &&
			for f in fd/*; do echo \$(sed -n 's/^flags://p' fdinfo/\${f#fd/}) \$(readlink \$f); done > $WORK/fds" \
		"pin=$PIN" auth
	[ -s "$WORK/fds" ] || fail 'there was no helper'
	expect_equal 'environment of the helper' '' "$(cat "$WORK/environ")"
	while read -r flags path; do
		[ -d "$path" ] && [ $((8#$flags & O_PATH)) != 0 ] || files+="$path"$'\n'
	done < "$WORK/fds"
	expect_equal 'open files of the helper beside sockets and the trust database' '' \
		"$(grep -vE "^(socket:.*|anon_inode:.*|/dev/null|$NSSDB/.*|)\$" <<< "$files" | tr '\n' ' ')"
}
run_case 'the helper has an empty environment and no files' environ

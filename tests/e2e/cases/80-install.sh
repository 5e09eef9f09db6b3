# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What an administrator installs: the profiles of pam-auth-update, the examples
# for /etc/pam.d, and the module at every place of a stack.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

PASSWORD='Correct-horse-7'
EXAMPLES=/usr/share/doc/pam_jpki/examples/pam.d
reset_config
# Debian 13 sets the umask here, which is not ours to do: the cases look at what we change.
sed -i '/pam_umask/d' /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
printf 'hanako:%s\nroot:%s\n' "$PASSWORD" "$PASSWORD" | chpasswd

# What the person does, and what becomes of it:
#	NAME  SERVICE  RESULT  PROMPTS  VERIFIES  [key=value… of login]
at()
{
	local name=$1 service=$2 result=$3 prompts=$4 verifies=$5

	shift 5
	login "$name" service="$service" pam="$result" prompts="$prompts" verifies="$verifies" asks='' "$@"
}

without_module()	# NAME SERVICE RESULT PROMPTS [key=value… of login]
{
	mv "$PAMDIR/pam_jpki.so" "$WORK/"
	at "${@:1:4}" 0 drive="$by_password" code=none apdus=0 "${@:5}"
	mv "$WORK/pam_jpki.so" "$PAMDIR/"
}

accepted=(says='acct = 0 PAM_SUCCESS' says2='setcred = 0 PAM_SUCCESS')
FROM_AFAR='--rhost 192.0.2.1 --tty ssh'
by_pin="pin=$PIN auth acct setcred"
by_password="pin=$PASSWORD auth acct setcred"

# --- any stack at all: the same situations ------------------------------------------

NOT_SUCCESS='[^S].*|S[^U].*'

# table FIRST NAME SERVICE and seven results, each RESULT:PROMPTS:
#	right PIN, wrong PIN, no card, not enrolled, locked card, configuration faulty, remote
# The password is known, and typed before the PIN (FIRST is password) or after
# it (FIRST is card), whatever of both is asked for.
table()
{
	local first=$1 name=$2 service=$3
	local -a r=("${@:4}")
	local typed="pin=$PASSWORD auth" right="pin=$PASSWORD pin=$PIN auth" wrong="pin=$PASSWORD pin=$WRONG_PIN auth"

	if [ "$first" = card ]; then
		right="pin=$PIN pin=$PASSWORD auth"
		wrong="pin=$WRONG_PIN pin=$PASSWORD auth"
		at "$name: no card, wrong password" "$service" "$NOT_SUCCESS" any 0 \
			drive='pin=wrong-password auth' sim=remove code=NO-CARD
	fi
	at "$name: right PIN" "$service" "${r[0]%:*}" "${r[0]#*:}" 1 drive="$right"
	at "$name: wrong PIN" "$service" "${r[1]%:*}" "${r[1]#*:}" 1 drive="$wrong" code=PIN-WRONG tries=2
	at "$name: no card" "$service" "${r[2]%:*}" "${r[2]#*:}" 0 drive="$typed" sim=remove code=NO-CARD
	at "$name: not enrolled" "$service" "${r[3]%:*}" "${r[3]#*:}" 0 drive="$typed" enroll='' code=NOT-ENROLLED
	at "$name: locked card" "$service" "${r[4]%:*}" "${r[4]#*:}" 0 drive="$typed" sim='set auth-tries 0' tries=0 code=PIN-LOCKED
	write_conf 'no such option = 1'
	at "$name: configuration faulty" "$service" "${r[5]%:*}" "${r[5]#*:}" 0 drive="$typed" code=CONFIG
	write_conf '# nothing but defaults'
	at "$name: remote" "$service" "${r[6]%:*}" "${r[6]#*:}" 0 drive="$typed" args='--rhost 192.0.2.1' code=REMOTE
}

# placed CONTROL PLACE and the results: the module alone, first (the password's
# line after it) or last (the password's line before it).
placed()
{
	local control=$1 place=$2 first=card lines="auth $1 pam_jpki.so"

	case $place in
	first) lines+=$'\n''auth required pam_unix.so' ;;
	last) lines=$'auth required pam_unix.so\n'$lines first=password ;;
	esac
	install_pam_service s-stack "$lines"
	table "$first" "stack $control, $place" s-stack "${@:3}"
}

# The line of the stricter variant, as the administrator reads it.
STRICT=$(sed -n 's/^#auth *\(\[.*\]\) *pam_jpki.so$/\1/p' "$EXAMPLES/sudo")

#                       right PIN wrong PIN     no card            not enrolled   locked        faulty        remote
placed required   alone SUCCESS:1 AUTH_ERR:1    AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 MAXTRIES:0    SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
placed required   first SUCCESS:2 AUTH_ERR:2    AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 MAXTRIES:1    SERVICE_ERR:1 AUTHINFO_UNAVAIL:1
placed required   last  SUCCESS:2 AUTH_ERR:2    AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 MAXTRIES:1    SERVICE_ERR:1 AUTHINFO_UNAVAIL:1
placed requisite  alone SUCCESS:1 AUTH_ERR:1    AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 MAXTRIES:0    SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
placed requisite  first SUCCESS:2 AUTH_ERR:1    AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 MAXTRIES:0    SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
placed requisite  last  SUCCESS:2 AUTH_ERR:2    AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 MAXTRIES:1    SERVICE_ERR:1 AUTHINFO_UNAVAIL:1
placed sufficient alone SUCCESS:1 PERM_DENIED:1 PERM_DENIED:0      PERM_DENIED:0  PERM_DENIED:0 PERM_DENIED:0 PERM_DENIED:0
placed sufficient first SUCCESS:1 SUCCESS:2     SUCCESS:1          SUCCESS:1      SUCCESS:1     SUCCESS:1     SUCCESS:1
placed sufficient last  SUCCESS:2 SUCCESS:2     SUCCESS:1          SUCCESS:1      SUCCESS:1     SUCCESS:1     SUCCESS:1
placed "$STRICT"  alone SUCCESS:1 AUTH_ERR:1    PERM_DENIED:0      PERM_DENIED:0  MAXTRIES:0    SERVICE_ERR:0 PERM_DENIED:0
placed "$STRICT"  first SUCCESS:1 AUTH_ERR:1    SUCCESS:1          SUCCESS:1      MAXTRIES:0    SERVICE_ERR:0 SUCCESS:1
placed "$STRICT"  last  SUCCESS:2 AUTH_ERR:2    SUCCESS:1          SUCCESS:1      MAXTRIES:1    SERVICE_ERR:1 SUCCESS:1
placed optional   alone SUCCESS:1 PERM_DENIED:1 PERM_DENIED:0      PERM_DENIED:0  PERM_DENIED:0 PERM_DENIED:0 PERM_DENIED:0
placed '[success=done default=ignore]' alone \
	SUCCESS:1 PERM_DENIED:1 PERM_DENIED:0 PERM_DENIED:0 PERM_DENIED:0 PERM_DENIED:0 PERM_DENIED:0

# A password that was wrong is not repaired by what comes after it.
for control in required requisite sufficient "$STRICT" optional; do
	install_pam_service s-stack "auth required pam_unix.so
auth $control pam_jpki.so"
	at "stack $control, last: wrong password, right PIN" s-stack AUTH_ERR 2 1 drive="pin=wrong-password pin=$PIN auth"
done
install_pam_service s-stack "auth [success=done default=ignore] pam_jpki.so
auth substack common-auth"
at 'stack with substack: right PIN' s-stack SUCCESS 1 1 drive="pin=$PIN auth"
at 'stack with substack: no card, password' s-stack SUCCESS 1 0 drive="pin=$PASSWORD auth" sim=remove code=NO-CARD
at 'stack with substack: no card, wrong password' s-stack AUTH_ERR 1 0 drive='pin=wrong-password auth' sim=remove code=NO-CARD

# The account line ignores users who logged in by password: alone it admits only the card.
printf 'auth sufficient pam_jpki.so\nauth required pam_unix.so\naccount required pam_jpki.so\n' > /etc/pam.d/s-stack
at 'stack account, alone: card' s-stack SUCCESS 1 1 drive="pin=$PIN auth acct" says='acct = 0 PAM_SUCCESS'
at 'stack account, alone: password' s-stack SUCCESS 1 0 drive="pin=$PASSWORD auth acct" sim=remove code=NO-CARD \
	says='acct = 6 PAM_PERM_DENIED'

# --- the examples ----------------------------------------------------------------------

install_example()	# NAME
{
	cp "$EXAMPLES/$1" "/etc/pam.d/$1"
}

# The other line that an example offers in a comment, in place of its own.
install_variant()	# NAME before|after the password's lines [OPTION in it]
{
	local line where=i

	[ "$2" = before ] || where=a
	line=$(sed -n 's/^#\(auth .*pam_jpki\.so.*'"${3-}"'\)/\1/p' "$EXAMPLES/$1")
	sed -e '/^auth.*pam_jpki\.so/d' -e "/^@include common-auth/$where $line" "$EXAMPLES/$1" > "/etc/pam.d/$1"
}

cp -a /etc/pam.d "$WORK/pam.d"
for example in "$EXAMPLES"/*; do
	install_example "${example##*/}"
done
for example in sudo login lightdm xsecurelock xscreensaver i3lock swaylock; do
	at "example $example: card" "$example" SUCCESS 1 1 drive="$by_pin" "${accepted[@]}"
	at "example $example: no card, password" "$example" SUCCESS 1 0 drive="$by_password" sim=remove code=NO-CARD "${accepted[@]}"
	at "example $example: locked card, password" "$example" SUCCESS 1 0 drive="$by_password" sim='set auth-tries 0' tries=0 code=PIN-LOCKED
	at "example $example: expired certificate, password" "$example" SUCCESS 1 0 drive="$by_password" enroll=expired code=CERT-EXPIRED
	at "example $example: no card, wrong password" "$example" AUTH_ERR 1 0 drive='pin=wrong-password auth' sim=remove code=NO-CARD
	at "example $example: nothing right" "$example" AUTH_ERR 2 1 drive="pin=$WRONG_PIN pin=wrong-password auth" code=PIN-WRONG tries=2
done
for example in i3lock swaylock sudo; do
	at "example $example: password in the one field" "$example" SUCCESS 1 0 drive="$by_password" code=PASSWORD "${accepted[@]}"
done
# Greeters and screens that do not run here.
for example in gdm-password gdm-smartcard kde sddm; do
	at "example $example: card" "$example" SUCCESS 1 1 drive="$by_pin" "${accepted[@]}"
	at "example $example: no card, wrong password" "$example" "$NOT_SUCCESS" any 0 drive='pin=wrong-password auth' \
		sim=remove code=NO-CARD
done
for example in gdm-password kde sddm; do
	at "example $example: no card, password" "$example" SUCCESS 1 0 drive="$by_password" sim=remove code=NO-CARD "${accepted[@]}"
done
at 'example gdm-smartcard: no card, and no password' gdm-smartcard AUTHINFO_UNAVAIL 0 0 drive="$by_password" sim=remove code=NO-CARD
at 'example sudo: root, who has no card' sudo SUCCESS 1 0 drive="$by_password" args='--user root' code=NOT-ENROLLED "${accepted[@]}"
at 'example sshd: nothing of the card' sshd SUCCESS 1 0 drive="$by_password" args="$FROM_AFAR" code=none apdus=0 says='acct = 0 PAM_SUCCESS'

install_variant sudo before
table card 'example sudo, strict' sudo SUCCESS:1 AUTH_ERR:1 SUCCESS:1 SUCCESS:1 MAXTRIES:0 SERVICE_ERR:0 SUCCESS:1
at 'example sudo, strict: expired certificate' sudo AUTH_ERR 0 0 drive="$by_password" enroll=expired code=CERT-EXPIRED apdus=0
at "example sudo, strict: another person's card" sudo AUTH_ERR 0 0 drive="$by_password" card=good2 code=OTHER-CARD
at 'example sudo, strict: root, who has no card' sudo SUCCESS 1 0 drive="$by_password" args='--user root' code=NOT-ENROLLED
install_variant login after
table password 'example login, card and password' login \
	SUCCESS:2 AUTH_ERR:2 AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 MAXTRIES:1 SERVICE_ERR:1 AUTHINFO_UNAVAIL:1
at 'example login, card and password: wrong password, and the card is not touched' login AUTH_ERR 1 0 \
	drive="pin=wrong-password pin=$PIN auth" code=none apdus=0
install_variant sshd before remote=yes
at 'example sshd, remote=yes: card' sshd SUCCESS 1 1 drive="$by_pin" args="$FROM_AFAR"
at 'example sshd, remote=yes: no card, password' sshd SUCCESS 1 0 drive="$by_password" args="$FROM_AFAR" sim=remove code=NO-CARD

# libpam logs what it cannot read in a file, and goes on with a refusal.
libpam_reads()		# SERVICE
{
	run pamdrive --service "$1" --user hanako pin=none auth acct open close
}

examples_are_read_without_complaint()
{
	local example complaint='\]: PAM |unrecognized option'

	for example in "$EXAMPLES"/*; do
		install_example "${example##*/}"
		libpam_reads "${example##*/}"
		expect_logged "pam_[a-z]+\(${example##*/}:auth\)"
	done
	syslog_matches "$complaint" && fail 'libpam complains of an example, see the log'
	sed 's/default=/defaul=/' "$EXAMPLES/sudo" > /etc/pam.d/s-stack
	libpam_reads s-stack
	expect_logged "$complaint"
}
run_case 'example of each kind: libpam reads it without complaint' examples_are_read_without_complaint

# The session line follows what a session of Debian's has, and names the card to it.
sessions_are_logged()
{
	local service

	for service in login lightdm sddm gdm-password gdm-smartcard; do
		run pamdrive --service $service --user hanako "pin=$PIN" auth acct setcred open close
		expect_has "$service" 'close = 0 PAM_SUCCESS' "$OUT"
		expect_logged "pam_jpki\\($service:session\\): JPKI-SESSION-OPEN user=hanako service=$service .* cert=[0-9a-f]{16}\$"
		expect_logged "pam_jpki\\($service:session\\): JPKI-SESSION-CLOSE user=hanako service=$service .* cert=[0-9a-f]{16}\$"
	done
}
run_case 'example of each greeter: the session is logged' sessions_are_logged

# sudo with NOPASSWD, cron, sshd: setcred, and no authentication on this handle.
credentials_of()	# SERVICE
{
	run pamdrive --service "$1" --user hanako setcred
	expect_has "$1: setcred without a login" 'setcred = 0 PAM_SUCCESS' "$OUT"
}

examples_give_credentials()
{
	local example

	for example in "$EXAMPLES"/*; do
		[ "${example##*/}" != passwd ] || continue	# it has no auth line
		install_example "${example##*/}"
		credentials_of "${example##*/}"
	done
	install_variant sudo before
	credentials_of sudo
	install_variant login after
	credentials_of login
	install_variant sshd before remote=yes
	credentials_of sshd
	install_variant sshd before ssh_key=yes
	credentials_of sshd
	# the two lines of the cards alone
	sed -n 's/^#\(auth  *requi.*\)/\1/p' "$EXAMPLES/sshd" > /etc/pam.d/s-stack
	expect_equal 'lines of the cards alone' 2 "$(grep -c . /etc/pam.d/s-stack)"
	credentials_of s-stack
	sed -i 2d /etc/pam.d/s-stack
	run pamdrive --service s-stack --user hanako setcred
	expect_has 'without the second' 'setcred = 6 PAM_PERM_DENIED' "$OUT"
	for example in sudo login sshd; do install_example "$example"; done
}
run_case 'example of each kind: setcred without a login succeeds' examples_give_credentials

# pam_warn represents pam_group and pam_cap: it has to be called.
lines_behind_run_in_setcred()
{
	local control called='pam_warn\(s-stack:setcred\): function=\[pam_sm_setcred\]'

	for control in '[success=done default=ignore]' sufficient '[success=1 default=ignore]' required requisite \
		"$STRICT" '[success=done ignore=ignore default=die]'; do
		printf 'auth %s pam_jpki.so\nauth required pam_warn.so\nauth required pam_permit.so\n' "$control" > /etc/pam.d/s-stack
		SYSLOG_FROM=$(syslog_size)
		run pamdrive --service s-stack --user hanako setcred
		expect_has "$control: setcred without a login" 'setcred = 0 PAM_SUCCESS' "$OUT"
		expect_logged "$called"
		SYSLOG_FROM=$(syslog_size)
		run pamdrive --service s-stack --user hanako "pin=$PIN" auth setcred
		expect_has "$control: setcred of the card" 'setcred = 0 PAM_SUCCESS' "$OUT"
		case $control in
		*success=*|sufficient) ! syslog_matches "$called" || fail "$control: the stack does not end at the card" ;;
		*) expect_logged "$called" ;;
		esac
	done
}
run_case 'setcred of a login without the card runs the lines behind' lines_behind_run_in_setcred

# Uninstalled before its lines were taken out: the examples lock no user out.
for example in sudo login lightdm xsecurelock xscreensaver i3lock swaylock; do
	without_module "example $example: the module is not there, password" "$example" SUCCESS 1 "${accepted[@]}"
done
install_variant sudo before
without_module 'example sudo, strict: the module is not there' sudo MODULE_UNKNOWN 0
rm -rf /etc/pam.d
cp -a "$WORK/pam.d" /etc/pam.d

# --- pam-auth-update ----------------------------------------------------------------------

common()	# a fingerprint of what pam-auth-update writes
{
	cat /etc/pam.d/common-* | sha256sum
}

profile()
{
	DEBIAN_FRONTEND=noninteractive run pam-auth-update "$@"
	expect_equal "pam-auth-update $*" 0 "$STATUS"
}

profile_is_off_until_enabled()
{
	profile --package
	expect_lacks 'common-auth' pam_jpki "$(cat /etc/pam.d/common-*)"
}

enabled_first()
{
	profile --enable jpki
	expect_match 'the first module' 'auth.*success=2 default=ignore.*pam_jpki.so forward_pass=yes *' \
		"$(grep '^auth' /etc/pam.d/common-auth | head -n 1)"
	expect_match 'the line in common-account' 'account.*module_unknown=ignore default=bad.*pam_jpki.so *' \
		"$(grep pam_jpki /etc/pam.d/common-account)"
	credentials_of everything
}

enabled_behind()
{
	profile --disable jpki
	profile --enable jpki-and-password
	expect_match 'a module after the password' 'auth.*requisite.*pam_jpki.so *' \
		"$(grep '^auth' /etc/pam.d/common-auth | grep -A9 pam_permit | grep pam_jpki)"
	credentials_of everything
}

# Each names the other as a conflict; the one of the higher priority stays.
enabled_both()
{
	profile --enable jpki jpki-and-password
	expect_equal 'lines in common-auth' 1 "$(grep -c pam_jpki /etc/pam.d/common-auth)"
	expect_has 'the line in common-auth' 'success=2 default=ignore' "$(grep pam_jpki /etc/pam.d/common-auth)"
}

removed_without_trace()
{
	profile --remove jpki jpki-and-password
	expect_equal 'common-*' "$COMMON_BEFORE" "$(common)"
}

if ! command -v pam-auth-update >/dev/null; then
	skip 'profiles of pam-auth-update' 'this system has no pam-auth-update'
else
	DEBIAN_FRONTEND=noninteractive pam-auth-update --package --force >> "$LOG" 2>&1
	COMMON_BEFORE=$(common)
	printf '@include common-auth\n@include common-account\n@include common-password\n@include common-session-noninteractive\n' > /etc/pam.d/everything
	run_case 'profiles are off until they are enabled' profile_is_off_until_enabled
	run_case 'profile jpki comes before the password' enabled_first
	table card 'profile jpki' everything SUCCESS:1 SUCCESS:2 SUCCESS:1 SUCCESS:1 SUCCESS:1 SUCCESS:1 SUCCESS:1
	at 'profile jpki: card, and account and session go on' everything SUCCESS 1 1 drive="$by_pin open close" \
		says='acct = 0 PAM_SUCCESS' says2='open = 0 PAM_SUCCESS'
	at 'profile jpki: password, and account and session go on' everything SUCCESS 1 0 drive="$by_password open close" \
		sim=remove code=NO-CARD says='acct = 0 PAM_SUCCESS' says2='open = 0 PAM_SUCCESS'
	at 'profile jpki: root, who has no card' everything SUCCESS 1 0 drive="$by_password" args='--user root' \
		code=NOT-ENROLLED "${accepted[@]}"
	at 'profile jpki: password where the PIN is asked for' everything SUCCESS 1 0 drive="$by_password" code=PASSWORD "${accepted[@]}"
	at 'profile jpki: a slip of the PIN, then the password' everything SUCCESS 2 0 drive="pin=827 $by_password" \
		code=PIN-FORMAT "${accepted[@]}"
	at 'profile jpki: wrong PIN, wrong password' everything AUTH_ERR 2 1 drive="pin=$WRONG_PIN pin=wrong auth" code=PIN-WRONG tries=2
	without_module 'profile jpki: the module is not there, password' everything SUCCESS 1 "${accepted[@]}"
	run_case 'profile jpki-and-password comes after the password' enabled_behind
	table password 'profile jpki-and-password' everything \
		SUCCESS:2 AUTH_ERR:2 AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 MAXTRIES:1 SERVICE_ERR:1 AUTHINFO_UNAVAIL:1
	at 'profile jpki-and-password: both, and account and session go on' everything SUCCESS 2 1 \
		drive="pin=$PASSWORD pin=$PIN auth acct setcred open close" says='acct = 0 PAM_SUCCESS' says2='open = 0 PAM_SUCCESS'
	at 'profile jpki-and-password: wrong password, and the card is not touched' everything AUTH_ERR 1 0 \
		drive="pin=wrong-password pin=$PIN auth" code=none apdus=0
	without_module 'profile jpki-and-password: the module is not there' everything MODULE_UNKNOWN 1
	run_case 'profiles exclude each other' enabled_both
	run_case 'profiles go without a trace' removed_without_trace
	rm -f /etc/pam.d/everything
fi

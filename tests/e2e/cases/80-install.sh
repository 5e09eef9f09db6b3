# shellcheck shell=bash
# What an administrator installs: the profiles of pam-auth-update, the examples
# for /etc/pam.d, and the module at every place of a stack.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

PASSWORD='Correct-horse-7'
EXAMPLES=/usr/share/doc/pam_jpki/examples/pam.d
printf 'hanako:%s\ntaro:%s\n' "$PASSWORD" "$PASSWORD" | chpasswd

# What the person does, and what becomes of it:
#	NAME  SERVICE  RESULT  PROMPTS  VERIFIES  [key=value… of login]
at()
{
	local name=$1 service=$2 result=$3 prompts=$4 verifies=$5

	shift 5
	login "$name" service="$service" pam="$result" prompts="$prompts" verifies="$verifies" asks='' "$@"
}

by_pin="pin=$PIN auth acct setcred"
by_password="pin=$PASSWORD auth acct setcred"

# --- any stack at all: the same six situations --------------------------------------

# situations NAME SERVICE and six results, each RESULT:PROMPTS:
#	right PIN, wrong PIN, no card, not enrolled, configuration faulty, remote
# The password is known, and typed wherever something is asked after the PIN.
situations()
{
	local name=$1 service=$2
	local -a r=("${@:3}")
	local then="pin=$PASSWORD auth"

	at "$name: right PIN" "$service" "${r[0]%:*}" "${r[0]#*:}" 1 drive="pin=$PIN $then"
	at "$name: wrong PIN" "$service" "${r[1]%:*}" "${r[1]#*:}" 1 drive="pin=$WRONG_PIN $then" code=PIN-WRONG tries=2
	at "$name: no card" "$service" "${r[2]%:*}" "${r[2]#*:}" 0 drive="$then" sim=remove code=NO-CARD
	at "$name: not enrolled" "$service" "${r[3]%:*}" "${r[3]#*:}" 0 drive="$then" enrol='' code=NOT-ENROLLED
	write_conf 'no such option = 1'
	at "$name: configuration faulty" "$service" "${r[4]%:*}" "${r[4]#*:}" 0 drive="$then" code=CONFIG
	write_conf '# nothing but defaults'
	at "$name: remote" "$service" "${r[5]%:*}" "${r[5]#*:}" 0 drive="$then" args='--rhost 192.0.2.1' code=REMOTE
}

place()	# SERVICE AUTH-LINES
{
	install_pam_service "$1" "$2"
}

unix='auth required pam_unix.so'
place s-required "auth required pam_jpki.so"
situations 'required, alone' s-required SUCCESS:1 AUTH_ERR:1 AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
place s-sufficient "auth sufficient pam_jpki.so"
situations 'sufficient, alone' s-sufficient SUCCESS:1 'PERM_DENIED|AUTH_ERR:1' 'PERM_DENIED|AUTHINFO_UNAVAIL:0' 'PERM_DENIED|USER_UNKNOWN:0' 'PERM_DENIED|SERVICE_ERR:0' 'PERM_DENIED|AUTHINFO_UNAVAIL:0'
place s-requisite "auth requisite pam_jpki.so"
situations 'requisite, alone' s-requisite SUCCESS:1 AUTH_ERR:1 AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
place s-optional "auth optional pam_jpki.so"
situations 'optional, alone' s-optional SUCCESS:1 '[A-Z_]*(DENIED|ERR):1' '[A-Z_]*(DENIED|UNAVAIL):0' '[A-Z_]*(DENIED|UNKNOWN):0' '[A-Z_]*(DENIED|ERR):0' '[A-Z_]*(DENIED|UNAVAIL):0'

place s-either "auth sufficient pam_jpki.so
$unix"
situations 'sufficient, then the password' s-either SUCCESS:1 SUCCESS:2 SUCCESS:1 SUCCESS:1 SUCCESS:1 SUCCESS:1
place s-strict "auth [success=done authinfo_unavail=ignore user_unknown=ignore default=die] pam_jpki.so
$unix"
situations 'strict, then the password' s-strict SUCCESS:1 AUTH_ERR:1 SUCCESS:1 SUCCESS:1 SERVICE_ERR:0 SUCCESS:1
place s-both "auth requisite pam_jpki.so
$unix"
situations 'requisite, then the password' s-both SUCCESS:2 AUTH_ERR:1 AUTHINFO_UNAVAIL:0 USER_UNKNOWN:0 SERVICE_ERR:0 AUTHINFO_UNAVAIL:0
place s-both-asked "auth required pam_jpki.so
$unix"
situations 'required, then the password' s-both-asked SUCCESS:2 AUTH_ERR:2 AUTHINFO_UNAVAIL:1 USER_UNKNOWN:1 SERVICE_ERR:1 AUTHINFO_UNAVAIL:1

# The module last, behind a password that was right: the answers come in the other order.
place s-last "$unix
auth required pam_jpki.so"
at 'required, last: both right' s-last SUCCESS 2 1 drive="pin=$PASSWORD pin=$PIN auth"
at 'required, last: wrong PIN' s-last AUTH_ERR 2 1 drive="pin=$PASSWORD pin=$WRONG_PIN auth" code=PIN-WRONG tries=2
at 'required, last: no card' s-last AUTHINFO_UNAVAIL 1 0 drive="pin=$PASSWORD auth" sim=remove code=NO-CARD
at 'required, last: the password is wrong, the PIN right' s-last AUTH_ERR 2 1 drive="pin=wrong-password pin=$PIN auth"
at 'required, last: a password in place of the PIN' s-last AUTH_ERR 2 0 drive="pin=$PASSWORD pin=$PASSWORD auth" code=PIN-FORMAT
place s-last-sufficient "$unix
auth sufficient pam_jpki.so"
at 'sufficient, last: does not mend a wrong password' s-last-sufficient AUTH_ERR 2 1 drive="pin=wrong-password pin=$PIN auth"
place s-last-deny "auth [success=done default=ignore] pam_jpki.so
auth requisite pam_deny.so"
situations 'success=done, then deny' s-last-deny SUCCESS:1 AUTH_ERR:1 AUTH_ERR:0 AUTH_ERR:0 AUTH_ERR:0 AUTH_ERR:0

# --- the examples ----------------------------------------------------------------------

install_example()	# NAME
{
	cp "$EXAMPLES/$1" "/etc/pam.d/$1"
}
cp -a /etc/pam.d "$WORK/pam.d"
for example in "$EXAMPLES"/*; do
	install_example "${example##*/}"
done
for example in sudo login xsecurelock xscreensaver i3lock swaylock; do
	at "example $example: card" "$example" SUCCESS 1 1 drive="$by_pin"
	at "example $example: no card, password" "$example" SUCCESS 1 0 drive="$by_password" sim=remove code=NO-CARD
	at "example $example: locked card, password" "$example" SUCCESS 1 0 drive="$by_password" sim='set auth-tries 0' tries=0 code=PIN-LOCKED
	at "example $example: expired certificate, password" "$example" SUCCESS 1 0 drive="$by_password" enrol=expired code=CERT-EXPIRED
	at "example $example: no card, wrong password" "$example" AUTH_ERR 1 0 drive='pin=wrong-password auth' sim=remove code=NO-CARD
	at "example $example: nothing right" "$example" AUTH_ERR 2 1 drive="pin=$WRONG_PIN pin=wrong-password auth" code=PIN-WRONG tries=2
done
for example in i3lock swaylock; do
	at "example $example: password in the one field" "$example" SUCCESS 1 0 drive="$by_password" code=PASSWORD
done
at 'example sshd: nothing of the card' sshd SUCCESS 1 0 drive="pin=$PASSWORD auth" args='--rhost 192.0.2.1 --tty ssh' code=none
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
	expect_match 'the first module' 'auth.*success=2 default=ignore.*pam_jpki.so *' \
		"$(grep '^auth' /etc/pam.d/common-auth | head -n 1)"
	expect_has 'common-account' 'pam_jpki.so' "$(cat /etc/pam.d/common-account)"
}

enabled_behind()
{
	profile --disable jpki
	profile --enable jpki-and-password
	expect_match 'a module behind the password' 'auth.*requisite.*pam_jpki.so *' \
		"$(grep '^auth' /etc/pam.d/common-auth | grep -A9 pam_permit | grep pam_jpki)"
}

removed_without_trace()
{
	profile --disable jpki-and-password
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
	run_case 'profile jpki stands before the password' enabled_first
	situations 'profile jpki' everything SUCCESS:1 SUCCESS:2 SUCCESS:1 SUCCESS:1 SUCCESS:1 SUCCESS:1
	at 'profile jpki: account and session go on' everything SUCCESS 1 1 drive="$by_pin open close"
	at 'profile jpki: no card, wrong password' everything AUTH_ERR 1 0 drive='pin=wrong-password auth' sim=remove code=NO-CARD
	at 'profile jpki: wrong PIN, wrong password' everything AUTH_ERR 2 1 drive="pin=$WRONG_PIN pin=wrong auth" code=PIN-WRONG tries=2
	at 'profile jpki: a locked card does not lock anybody out' everything SUCCESS 1 0 drive="$by_password" sim='set auth-tries 0' tries=0 code=PIN-LOCKED
	run_case 'profile jpki-and-password stands behind the password' enabled_behind
	at 'profile jpki-and-password: both' everything SUCCESS 2 1 drive="pin=$PASSWORD pin=$PIN auth acct setcred"
	at 'profile jpki-and-password: no card' everything AUTHINFO_UNAVAIL 1 0 drive="pin=$PASSWORD auth" sim=remove code=NO-CARD
	at 'profile jpki-and-password: wrong PIN' everything AUTH_ERR 2 1 drive="pin=$PASSWORD pin=$WRONG_PIN auth" code=PIN-WRONG tries=2
	at 'profile jpki-and-password: wrong password, and the card is not touched' everything AUTH_ERR 1 0 drive="pin=wrong-password auth" code=none apdus=0
	run_case 'profiles go without a trace' removed_without_trace
	rm -f /etc/pam.d/everything
fi

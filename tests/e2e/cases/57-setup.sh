# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl setup: from a machine without card logins to one with them, and back.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

SETUP_DIR=/var/lib/pam_jpki/setup

# The lines that the service gets: one that takes the password too for scripts and for lockers with one field.
pam_ours()	# SERVICE
{
	local options=

	case $1 in
	sudo|sudo-i|sddm) options=' forward_pass=yes' ;;
	kde|swaylock|i3lock|gtklock|waylock|hyprlock) options=' forward_pass=yes wait=10' ;;
	esac
	printf 'auth\t[success=done default=ignore]\tpam_jpki.so%s\n' "$options"
	printf 'account\t[success=ok ignore=ignore module_unknown=ignore default=bad]\tpam_jpki.so\n'
}

mkdir -p "$WORK/setup-pam.d"
cp -a /etc/pam.d/. "$WORK/setup-pam.d/"
VENDOR=/usr/lib/pam.d
mkdir -p "$WORK/setup-vendor.d" "$VENDOR"
cp -a "$VENDOR/." "$WORK/setup-vendor.d/"

# No service uses the card; sudo and login as Debian has them, more or less.
bare()
{
	local service

	rm -rf "$SETUP_DIR"
	for service in /etc/pam.d/*; do
		! grep -q pam_jpki "$service" || rm -f "$service"
	done
	rm -f "$VENDOR"/* /etc/pam.d/{lightdm,gdm-*,sddm,xscreensaver,xsecurelock,swaylock,i3lock,sshd,sudo-i,su,su-l,doas,polkit-1} \
		/etc/pam.d/{greetd,kde*,*-screensaver,gtklock,waylock,hyprlock,vlock,physlock}
	printf '#%%PAM-1.0\n\nsession required pam_limits.so\n\n@include common-auth\n@include common-account\n' > /etc/pam.d/sudo
	printf 'auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n@include common-auth\nauth optional pam_group.so\naccount requisite pam_time.so\n@include common-account' > /etc/pam.d/login
	cp -a /etc/pam.d/sudo "$WORK/sudo.was"
	cp -a /etc/pam.d/login "$WORK/login.was"
}

expect_as_it_was()
{
	local service

	for service in sudo login; do
		cmp -s "/etc/pam.d/$service" "$WORK/$service.was" || fail "$service is another"
		expect_equal "mode of $service" "$(stat -c '%a %u' "$WORK/$service.was")" "$(stat -c '%a %u' "/etc/pam.d/$service")"
	done
	[ ! -e /etc/pam.d/jpki-setup-test ] || fail 'the service of the trial is left'
}

# Our lines were added to sudo and login, before the password's, and nothing else changed.
expect_set_up()
{
	local service

	for service in sudo login; do
		expect_equal "what is new in $service" "$(pam_ours "$service")" "$(diff "$WORK/$service.was" "/etc/pam.d/$service" | sed -n 's/^> //p')"
		expect_equal "what went from $service" '' "$(diff "$WORK/$service.was" "/etc/pam.d/$service" | sed -n 's/^< //p')"
		expect_equal "in front of the password in $service" '@include common-auth' \
			"$(grep -A1 '^auth.*pam_jpki' "/etc/pam.d/$service" | tail -n 1)"
		expect_equal "in front of the account in $service" '@include common-account' \
			"$(grep -A1 '^account.*pam_jpki' "/etc/pam.d/$service" | tail -n 1)"
	done
	expect_equal 'mode of the backups' '700 0' "$(stat -c '%a %u' "$SETUP_DIR")"
	[ ! -e /etc/pam.d/jpki-setup-test ] || fail 'the service of the trial is left'
}

# The process that takes it back: what is left of jpkictl after it has ended. (Which files it has
# open cannot be seen everywhere.)
keeper()
{
	pgrep -o -x jpkictl
}

no_pending()
{
	[ ! -e "$SETUP_DIR/pending" ]
}

setup_end()
{
	local pid

	pid=$(keeper)
	rm -rf "$SETUP_DIR"
	[ -z "$pid" ] || kill -KILL "$pid"
	reset_config
}

# Both ways in, in the services as they were written.
PASSWORD='Correct-horse-7'
MODULE=$(find /usr/lib /lib64 -name pam_jpki.so -path '*security*' 2>/dev/null | head -n 1)
both_ways()
{
	local service

	printf 'hanako:%s\n' "$PASSWORD" | chpasswd
	for service in sudo login; do
		run pamdrive --service "$service" --user hanako "pin=$PIN" auth acct
		expect_equal "$service, card" 0 "$STATUS"
	done
	sim remove
	CARD_DIRTY=yes
	mv "$MODULE" "$MODULE.away"
	for service in sudo login; do
		run pamdrive --service "$service" --user hanako "pin=$PASSWORD" auth acct
		expect_equal "$service, no module, password" 0 "$STATUS"
	done
	mv "$MODULE.away" "$MODULE"
	for service in sudo login; do
		run pamdrive --service "$service" --user hanako "pin=$PASSWORD" auth acct
		expect_equal "$service, no card, password" 0 "$STATUS"
		run pamdrive --service "$service" --user hanako pin=wrong auth
		expect_equal "$service, no card, wrong password" 1 "$STATUS"
	done
}

logs_in()
{
	bare
	run jpkictl setup --yes --user hanako --rollback 0 --services sudo,login
	both_ways
	setup_end
}
run_case 'setup: then card and password log in, and nothing else' logs_in

# What a person answers to everything, on a machine with nothing.
guided()
{
	bare
	rm -rf "$NSSDB" "$CRLS" "$USERS"
	on_tty 'wait:Trust them' type: 'wait:URL of the CRL' type: 'wait:registered for hanako' 'wait:PIN of' "type:$PIN" \
		'wait:Change these files' type:d 'wait:\+ auth' 'wait:Change these files' type: 'wait:decide later' type:y -- \
		jpkictl setup --user hanako --trust "$PKI/ca1.crt"
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'screen' 'It finds the card and asks for the PIN, which was right a moment ago' "$OUT"
	expect_has 'screen' 'Confirmed: the changes stay.' "$OUT"
	expect_lacks 'screen' "$PIN" "$OUT"
	expect_set_up
	expect_card_forgot
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
	expect_equal 'PINs sent' 1 "$(stat_of verifies)"
	expect_equal 'crl' 'crl = if-present' "$(grep '^crl' "$CONF")"
	expect_match 'the reason' '.*# jpkictl setup, [0-9-]*: no source of a CRL.*' "$(tr '\n' ' ' < "$CONF")"
	no_pending || fail 'something waits'
	run jpkictl setup --confirm
	expect_equal 'confirm again' 1 "$STATUS"
	run jpkictl setup --yes --user hanako
	expect_equal 'again: exit status' 0 "$STATUS"
	expect_lacks 'again' 'written' "$OUT"
	expect_equal 'again: lines for crl' 1 "$(grep -c '^crl' "$CONF")"
	expect_set_up
	run jpkictl setup --undo
	expect_equal 'undo' 0 "$STATUS"
	expect_as_it_was
	run jpkictl setup --undo
	expect_has 'undo again' 'nothing to undo' "$OUT"
	setup_end
}
run_case 'setup: a whole run at the terminal, again, undone' guided

# keys_of STEP…: the keys that are pressed: each character, and Enter after each line.
keys_of()
{
	local step keys=0

	for step in "$@"; do
		case $step in
		type:*) step=${step#type:} keys=$((keys + ${#step} + 1)) ;;
		key:*) keys=$((keys + 1)) ;;
		esac
	done
	echo "$keys"
}

# A stranger with a card, on a machine without configuration: the card's authority is one that
# independent copies agree on, and the user is known from sudo. Counted is every key from the
# start of `sudo jpkictl setup` to its end, the four digits of the PIN and each Enter too; not the command itself.
MACHINE=bare
STRANGER=('wait:Trust this authority' type:y 'wait:URL of the CRL' type: 'wait:PIN of' "type:$PIN" 'wait:Change these files' type:
	'wait:decide later' type:y)
stranger()	# ENVIRONMENT…: who has called it
{
	local known=/usr/share/pam_jpki/jpki-ca.fingerprints took=$SECONDS

	"$MACHINE"
	rm -rf "$NSSDB" "$CRLS" "$USERS"
	rm -f "$CONF"
	cp "$known" "$WORK/known"
	printf '%s corroborated authca99 %s %s\n' "$(sha256sum "$PKI/ca1.der" | cut -d' ' -f1)" source=https://forge.example/taro \
		source=https://forge.example/hanako > "$known"
	on_tty "${STRANGER[@]}" -- env -u SUDO_UID "$@" jpkictl setup
	install -m 0644 "$WORK/known" "$known"
	expect_equal 'exit status' 0 "$STATUS"
	[ "$(keys_of "${STRANGER[@]}")" -le 12 ] || fail "$(keys_of "${STRANGER[@]}") keys"
	[ $((SECONDS - took)) -lt 300 ] || fail 'it took five minutes'
	expect_set_up
	no_pending || fail 'something waits'
	expect_equal 'findings shown' 0 "$(grep -cE '^D[0-9]{3} (ERROR|warning|エラー)' <<< "$OUT")"
	expect_has 'the last screen' 'sudo -k; sudo true' "$OUT"
	expect_has 'the last screen' 'jpkictl setup --undo' "$OUT"
	[ "$(sed -n '/This is set up:\|設定の結果:/,/jpkictl setup --confirm/p' <<< "$OUT" | wc -l)" -le 22 ] || fail 'more than one screen'
	expect_card_forgot
	expect_equal 'PINs sent' 1 "$(stat_of verifies)"
	both_ways
	run jpkictl setup --undo
	expect_equal 'undo' 0 "$STATUS"
	expect_as_it_was
	setup_end
}
run_case 'setup: a stranger, twelve keys at most' stranger SUDO_UID=2001
run_case 'setup: a stranger by pkexec' stranger PKEXEC_UID=2001
STRANGER=('wait:この認証局を信頼しますか' type:y 'wait:CRLのURL' type: 'wait:数字4桁' "type:$PIN" 'wait:これらのファイルを変更しますか' type:
	'wait:後で決める' type:y)
run_case 'setup: a stranger, in Japanese' stranger SUDO_UID=2001 LANG=ja_JP.UTF-8

# The same with the PAM files that every Debian has after its installation, as this one has them.
DEBIANS=(chfn chpasswd chsh common-{account,auth,password,session,session-noninteractive} login newusers other passwd
	runuser runuser-l su su-l sudo sudo-i)
as_installed()
{
	local name

	rm -rf "$SETUP_DIR" /etc/pam.d/*
	for name in "${DEBIANS[@]}"; do
		[ ! -e "$WORK/setup-pam.d/$name" ] || cp -a "$WORK/setup-pam.d/$name" /etc/pam.d/
	done
	rm -rf "$WORK/installed" && cp -a /etc/pam.d "$WORK/installed"
	cp -a /etc/pam.d/sudo "$WORK/sudo.was"
	cp -a /etc/pam.d/login "$WORK/login.was"
}
is_as_installed()
{
	local name

	for name in login sudo; do
		[ "$(grep -c '^@include common-\(auth\|account\)' "$WORK/setup-pam.d/$name")" = 2 ] || return
	done
	! grep -q pam_jpki "${DEBIANS[@]/#/$WORK/setup-pam.d/}" 2>/dev/null
}
stranger_as_installed()
{
	MACHINE=as_installed
	STRANGER=('wait:Trust this authority' type:y 'wait:URL of the CRL' type: 'wait:PIN of' "type:$PIN" 'wait:Change these files' type:
		'wait:decide later' type:y)
	expect_equal 'keys' 11 "$(keys_of "${STRANGER[@]}")"
	stranger SUDO_UID=2001
	expect_equal 'what is left in /etc/pam.d' '' "$(diff -r "$WORK/installed" /etc/pam.d)"
	MACHINE=bare
}
if is_as_installed; then
	run_case 'setup: a stranger, with the PAM files of an installed Debian, eleven keys' stranger_as_installed
else
	skip 'setup: a stranger, with the PAM files of an installed Debian, eleven keys' 'sudo and login are not as in Debian'
fi

# The answer at the end: keep it, put it back, or later.
answered_at_the_end()	# ANSWER
{
	bare
	rm -rf "$USERS"
	on_tty 'wait:PIN of' "type:$PIN" 'wait:Change these files' type: 'wait:decide later' "$1" -- \
		jpkictl setup --user hanako
}
at_the_end()
{
	answered_at_the_end type:u
	expect_equal 'exit status, u' 0 "$STATUS"
	expect_as_it_was
	no_pending || fail 'something waits'
	setup_end
	answered_at_the_end type:
	expect_equal 'exit status, Enter' 0 "$STATUS"
	expect_set_up
	! no_pending || fail 'Enter has confirmed it'
	[ -n "$(keeper)" ] || fail 'nothing would take it back'
	setup_end
	answered_at_the_end type:perhaps
	! no_pending || fail 'another word has confirmed it'
	setup_end
	answered_at_the_end key:04
	! no_pending || fail 'the end of input has confirmed it'
	setup_end
	answered_at_the_end key:03
	! no_pending || fail '^C has confirmed it'
	kill -TERM "$(keeper)"
	until_true 15 no_pending || fail 'not taken back'
	expect_as_it_was
	setup_end
	bare
	rm -rf "$USERS"
	on_tty 'wait:PIN of' "type:$PIN" 'wait:Change these files' type: 'wait:decide later' 'do:sleep 4' type:y -- \
		jpkictl setup --user hanako --rollback 0.03
	expect_equal 'exit status, too late' 1 "$STATUS"
	expect_has 'too late' 'nothing to confirm' "$OUT"
	expect_as_it_was
	setup_end
}
run_case 'setup: the answer at the end' at_the_end

# The authority of the card: no, then digits that are none, then the right ones; another file.
authority_typed()
{
	local ca1

	ca1=$(sha256sum "$PKI/ca1.der" | cut -d' ' -f1)
	bare
	rm -rf "$NSSDB" "$USERS"
	on_tty 'wait:Enter alone stops' type:1234 'wait:which has 64 hex digits' 'wait:Enter alone stops' type:/no/such/file \
		'wait:No such file' 'wait:Enter alone stops' "type:$ca1" 'wait:PIN of' "type:$PIN" 'wait:Change these files' type: \
		'wait:decide later' type:y -- jpkictl setup --user hanako
	expect_equal 'exit status' 0 "$STATUS"
	expect_set_up
	setup_end
	bare
	rm -rf "$NSSDB" "$USERS"
	on_tty 'wait:Enter alone stops' "type:$PKI/ca1.crt" 'wait:PIN of' key:03 -- jpkictl setup --user hanako
	expect_equal 'trusted by a file' 1 "$(certutil -L -d "sql:$NSSDB" | grep -c 'T,,')"
	setup_end
	bare
	rm -rf "$NSSDB" "$USERS"
	on_tty 'wait:Enter alone stops' type: -- jpkictl setup --user hanako
	expect_equal 'exit status, nothing typed' 1 "$STATUS"
	[ ! -e "$NSSDB/cert9.db" ] || fail 'something is trusted'
	expect_as_it_was
	setup_end
	bare
	rm -rf "$NSSDB" "$USERS"
	run jpkictl setup --yes --user hanako --services sudo
	expect_equal 'exit status, --yes and an authority that is not known' 1 "$STATUS"
	expect_has 'says' 'nothing was changed: take the fingerprint' "$OUT"
	expect_as_it_was
	setup_end
}
run_case 'setup: the authority is typed' authority_typed

# No card yet: it says so, and looks again.
card_later()
{
	bare
	rm -rf "$USERS"
	sim remove
	on_tty 'wait:press Enter to look again' type: 'wait:press Enter to look again' 'do:sim insert' type: 'wait:PIN of' key:03 -- \
		jpkictl setup --user hanako
	expect_has 'screen' 'A My Number Card is on the reader' "$OUT"
	sim remove
	on_tty 'wait:press Enter to look again' type:q -- jpkictl setup --user hanako
	expect_equal 'exit status, q' 1 "$STATUS"
	sim insert
	expect_as_it_was
	setup_end
}
run_case 'setup: the card comes later' card_later

name_typed()
{
	bare
	rm -rf "$USERS"
	on_tty 'wait:User name of the card' type:nobody-here 'wait:there is no user' 'wait:User name of the card' type:hanako 'wait:registered for hanako' \
		'wait:PIN of' key:03 -- env -u SUDO_UID jpkictl setup
	on_tty 'wait:User name of the card' type: -- env -u SUDO_UID jpkictl setup
	expect_equal 'exit status' 1 "$STATUS"
	expect_as_it_was
	setup_end
}
run_case 'setup: the name is typed' name_typed

# Lock on removal: only after a yes, where there is a screen, and then the sessions get their line.
SESSION=$(printf 'session\toptional\tpam_jpki.so')
with_a_desktop()
{
	bare
	printf '@include common-auth\n@include common-account\n@include common-session\n@include common-password\n' > /etc/pam.d/lightdm
}
locks()
{
	with_a_desktop
	on_tty 'wait:Lock the screen when the card' 'wait:Which of these' type:9 'wait:Which of these' type:x 'wait:Which of these' type: \
		'wait:Change these files' type: 'wait:PIN' "type:$PIN" 'wait:decide later' type:y -- jpkictl setup --user hanako
	expect_equal 'exit status, none' 0 "$STATUS"
	expect_equal 'on_removal' 0 "$(grep -c '^on_removal' "$CONF")"
	expect_equal 'sessions' 0 "$(grep -c '^session.*pam_jpki' /etc/pam.d/lightdm)"
	# The second run: the services have the card, and get the line of the session.
	on_tty 'wait:Which of these' type:1 'wait:Change these files' type:d 'wait:\+ session' 'wait:Change these files' type: \
		'wait:PIN' "type:$PIN" 'wait:decide later' type:y -- jpkictl setup --user hanako
	expect_equal 'exit status, lock' 0 "$STATUS"
	expect_equal 'on_removal' 'on_removal = lock' "$(grep '^on_removal' "$CONF")"
	expect_equal 'lines of the module in lightdm' 3 "$(grep -c pam_jpki /etc/pam.d/lightdm)"
	expect_equal 'in lightdm, behind the session' "$SESSION" "$(grep -A1 '^@include common-session' /etc/pam.d/lightdm | tail -n 1)"
	expect_equal 'in login, at the end' "$SESSION" "$(tail -n 1 /etc/pam.d/login)"
	expect_equal 'in sudo' 0 "$(grep -c '^session.*pam_jpki' /etc/pam.d/sudo)"
	run pamdrive --service lightdm --user hanako "pin=$PIN" auth acct open close
	expect_logged 'JPKI-SESSION-OPEN .*service=lightdm'
	run jpkictl setup --yes --user hanako
	expect_lacks 'again' written "$OUT"
	run jpkictl setup --undo	# both changes
	expect_equal 'undo' 0 "$STATUS"
	expect_as_it_was
	expect_lacks 'lightdm' pam_jpki "$(cat /etc/pam.d/lightdm)"
	run jpkictl setup --undo
	expect_has 'undo again' 'nothing to undo' "$OUT"
	setup_end
	# The second change is rolled back to the first, which was confirmed, and that can still be undone.
	with_a_desktop
	run jpkictl setup --yes --user hanako --rollback 0
	cp /etc/pam.d/lightdm "$WORK/lightdm.first"
	run jpkictl setup --yes --user hanako --comfort lock --rollback 0.02
	expect_equal 'exit status, the second change' 0 "$STATUS"
	until_true 15 no_pending || fail 'not taken back'
	cmp -s /etc/pam.d/lightdm "$WORK/lightdm.first" || fail 'the roll-back has not gone to the first change'
	run jpkictl setup --undo
	expect_as_it_was
	expect_lacks 'lightdm' pam_jpki "$(cat /etc/pam.d/lightdm)"
	setup_end
	# Neither was confirmed: the roll-back goes all the way.
	with_a_desktop
	run jpkictl setup --yes --user hanako
	run jpkictl setup --yes --user hanako --comfort lock
	kill -TERM "$(pgrep -n -x jpkictl)"
	until_true 15 no_pending || fail 'not taken back'
	expect_as_it_was
	expect_lacks 'lightdm' pam_jpki "$(cat /etc/pam.d/lightdm)"
	setup_end
	with_a_desktop
	run jpkictl setup --yes --user hanako --comfort lock --rollback 0
	expect_equal 'exit status, --comfort' 0 "$STATUS"
	expect_equal 'on_removal' 'on_removal = lock' "$(grep '^on_removal' "$CONF")"
	expect_equal 'lines of the module in lightdm' 3 "$(grep -c pam_jpki /etc/pam.d/lightdm)"
	setup_end
	# The others write their line, and nothing into a service.
	with_a_desktop
	run jpkictl setup --yes --user hanako --comfort name,self --rollback 0
	expect_equal 'exit status, --comfort name,self' 0 "$STATUS"
	expect_equal 'options' 'user_from_card = yes self_enroll = yes ' "$(grep -E '^(user_from_card|self_enroll|on_removal)' "$CONF" | tr '\n' ' ')"
	expect_equal 'lines of the module in lightdm' 2 "$(grep -c pam_jpki /etc/pam.d/lightdm)"
	setup_end
	with_a_desktop
	run jpkictl setup --yes --user hanako --rollback 0
	expect_equal 'on_removal without a yes' 0 "$(grep -c '^on_removal' "$CONF")"
	expect_equal 'lines of the module in lightdm' 2 "$(grep -c pam_jpki /etc/pam.d/lightdm)"
	run jpkictl setup --yes --comfort lock,more
	expect_equal 'a comfort that is none' 2 "$STATUS"
	run jpkictl setup --yes --comfort ''
	expect_equal 'no comfort' 2 "$STATUS"
	setup_end
}
run_case 'setup: lock on removal' locks

# What the password opens at a login: a module of that name, which answers as it does to a password.
put_opener()	# NAME…
{
	local name

	for name; do
		[ -e "$PAMDIR/pam_$name.so" ] || cp "$PAMDIR/pam_permit.so" "$PAMDIR/pam_$name.so"
	done
}
with_a_keyring()
{
	with_a_desktop
	put_opener gnome_keyring fscrypt
	printf 'auth optional pam_gnome_keyring.so\n' >> /etc/pam.d/lightdm
	printf '\n-auth optional pam_fscrypt.so\n-auth optional pam_kwallet5.so\n' >> /etc/pam.d/login
	cp -a /etc/pam.d/login "$WORK/login.was"
}
OPENS_KEYRING=$(printf 'auth\t[success=ok default=2]\tpam_jpki.so\nauth\toptional\tpam_gnome_keyring.so\nauth\tsufficient\tpam_permit.so')
OPENS_HOME=$(printf 'auth\t[success=ok default=2]\tpam_jpki.so\n-auth\toptional\tpam_fscrypt.so\nauth\tsufficient\tpam_permit.so')
# Either way in, wherever the modules that open something are called, and no other.
opens_and_lets_in()
{
	local service

	expect_equal 'the lines of lightdm' "$OPENS_KEYRING" "$(head -n 3 /etc/pam.d/lightdm)"
	expect_equal 'the lines of login' "$OPENS_HOME" "$(grep -B2 '^auth.*pam_permit' /etc/pam.d/login)"
	expect_lacks 'sudo, which begins no session' permit "$(cat /etc/pam.d/sudo)"
	run jpkictl doctor --json
	expect_equal 'findings' '' "$(jq -r '.[] | select(.number == "D615" or .number == "D616") | .detail' <<< "$OUT")"
	both_ways
	for service in login lightdm; do
		run pamdrive --service "$service" --user hanako pin=wrong auth
		expect_equal "$service, wrong password" 1 "$STATUS"
		run pamdrive --service "$service" --user taro pin=wrong auth
		expect_equal "$service, another user" 1 "$STATUS"
	done
}
# already_set_up [SED-SCRIPT]: before the card opens anything; then the administrator has edited lightdm.
already_set_up()
{
	with_a_keyring
	run jpkictl setup --yes --user hanako --rollback 0
	[ $# = 0 ] || sed -i "$1" /etc/pam.d/lightdm
	cp /etc/pam.d/lightdm "$WORK/lightdm.first"
}
keeps_lightdm()	# WHAT EXIT-STATUS
{
	run jpkictl setup --yes --user hanako --comfort unlock --rollback 0
	expect_equal "exit status, $1" "$2" "$STATUS"
	cmp -s /etc/pam.d/lightdm "$WORK/lightdm.first" || fail "$1: lightdm was changed"
}
opens()
{
	local printed

	printf 'hanako:%s\n' "$PASSWORD" | chpasswd
	# At once, with the password for the card to open.
	with_a_keyring
	on_tty 'wait:Let the card open what the password opens' 'wait:Which of these' type:3 'wait:Password of hanako' "type:$PASSWORD" \
		'wait:PIN' "type:$PIN" 'wait:Change these files' type: 'wait:PIN' "type:$PIN" 'wait:decide later' type:y -- \
		jpkictl setup --user hanako
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'the option' 'unlock = yes' "$(grep '^unlock' "$CONF")"
	run jpkictl unlock status hanako
	expect_equal 'the stored password' 0 "$STATUS"
	opens_and_lets_in
	fresh_card
	run pamdrive --service login --user hanako "pin=$PIN" auth setcred
	expect_equal 'a login that opens' 0 "$STATUS"
	run jpkictl setup --yes --user hanako
	expect_lacks 'again' written "$OUT"
	run jpkictl setup --undo
	expect_as_it_was
	expect_lacks 'lightdm' pam_jpki "$(cat /etc/pam.d/lightdm)"
	setup_end
	# Later, in the lines that are there; and back to these.
	already_set_up
	expect_lacks 'without the option' permit "$(cat /etc/pam.d/lightdm)"
	on_tty 'wait:Which of these' type:3 'wait:Password of hanako' type: 'wait:Change these files' type:d \
		'wait:\+ auth.*success=ok default=2.*pam_jpki' 'wait:Change these files' type: 'wait:PIN' "type:$PIN" 'wait:decide later' type:y -- \
		jpkictl setup --user hanako
	expect_equal 'exit status, later' 0 "$STATUS"
	expect_has 'the password is not typed' 'sudo jpkictl unlock set USER' "$OUT"
	opens_and_lets_in
	fresh_card
	printed=$(cat /etc/pam.d/lightdm)
	run jpkictl setup --yes --user hanako --services lightdm
	expect_equal 'once more' "$printed" "$(cat /etc/pam.d/lightdm)"
	setup_end
	# A line that the administrator has changed is kept: nothing is written, and the doctor says what is missing.
	already_set_up 's/default=ignore/default=ignore user_unknown=ignore/'
	keeps_lightdm "a line of the administrator's" 0
	expect_equal 'the lines of login' "$OPENS_HOME" "$(grep -B2 '^auth.*pam_permit' /etc/pam.d/login)"
	run jpkictl doctor --json
	expect_has 'what the doctor says' lightdm "$(jq -r '.[] | select(.number == "D616") | .detail' <<< "$OUT")"
	setup_end
	# An earlier line that jumps over ours would admit its users, by the line that ends a login by card.
	already_set_up 's/^auth.*pam_jpki.*/auth [success=ignore default=1] pam_localuser.so\n&/'
	keeps_lightdm 'a line that jumps over ours' 1
	expect_has 'says' 'land on the wrong line' "$OUT"
	setup_end
	# It is not offered where there is nothing to open, and not added without a yes.
	with_a_desktop
	on_tty 'wait:Which of these' key:03 -- jpkictl setup --user hanako
	expect_lacks 'where there is nothing to open' 'Let the card open' "$OUT"
	setup_end
	already_set_up
	expect_equal 'the option, without a yes' 0 "$(grep -c '^unlock' "$CONF")"
	setup_end
	jpkictl unlock remove hanako >> "$LOG" 2>&1
}
run_case 'setup: the card opens the keyring' opens

# As above, with a desktop and its keyring: one key more, at what goes beyond a login.
stranger_at_a_desktop()
{
	MACHINE=with_a_keyring
	STRANGER=('wait:Trust this authority' type:y 'wait:URL of the CRL' type: 'wait:PIN of' "type:$PIN" 'wait:Let the card open'
		'wait:Which of these' type: 'wait:Change these files' type: 'wait:decide later' type:y)
	expect_equal 'keys' 12 "$(keys_of "${STRANGER[@]}")"
	stranger SUDO_UID=2001
	rm -f /etc/pam.d/lightdm
	MACHINE=bare
}
run_case 'setup: a stranger at a desktop with a keyring, twelve keys' stranger_at_a_desktop

# What is answered to the services: no; each by itself.
services_chosen()
{
	bare
	printf '@include common-auth\n@include common-account\n' > /etc/pam.d/su
	on_tty 'wait:Change these files' type:n -- jpkictl setup --user hanako
	expect_equal 'exit status, no' 0 "$STATUS"
	expect_has 'screen' 'No service is changed' "$OUT"
	expect_as_it_was
	no_pending || fail 'something waits'
	on_tty 'wait:Change these files' type:c 'wait:for sudo' type: 'wait:for login' type:n 'wait:for su\?' type: 'wait:PIN' "type:$PIN" \
		'wait:decide later' type:y -- jpkictl setup --user hanako
	expect_has 'sudo' pam_jpki "$(cat /etc/pam.d/sudo)"
	cmp -s /etc/pam.d/login "$WORK/login.was" || fail 'login was changed'
	expect_lacks 'su, which is not recommended' pam_jpki "$(cat /etc/pam.d/su)"
	expect_has 'screen' 'Login with the card succeeded' "$OUT"
	run jpkictl setup --undo
	expect_as_it_was
	rm -f /etc/pam.d/su
	setup_end
}
run_case 'setup: the services are chosen' services_chosen

unattended()
{
	bare
	rm -rf "$NSSDB" "$CRLS" "$USERS"
	sim remove
	run jpkictl setup --yes --no-enroll --trust "$PKI/ca1.crt" --no-crl --services sudo,login
	expect_equal 'exit status' 0 "$STATUS"
	expect_set_up
	expect_equal 'PINs sent' 0 "$(stat_of verifies)"
	run jpkictl setup --undo
	expect_as_it_was
	CARD_DIRTY=yes
	setup_end
}
run_case 'setup: --yes without terminal and card' unattended

prompt_unanswered()
{
	bare
	run jpkictl setup --yes --user hanako --rollback 0 --services sudo,login
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'PINs sent' 0 "$(stat_of verifies)"
	expect_set_up
	no_pending || fail 'something waits, with --rollback 0'
	setup_end
}
run_case 'setup: --yes with a card, no PIN is made up' prompt_unanswered

input_elsewhere()
{
	bare
	on_tty -- sh -c 'jpkictl setup --yes --user hanako --rollback 0 --services sudo,login < /dev/null'
	expect_equal 'exit status' 0 "$STATUS"
	expect_lacks 'screen' 'PIN of the user-authentication certificate (' "$OUT"
	expect_set_up
	setup_end
}
run_case 'setup: --yes with input from elsewhere asks nothing at the terminal' input_elsewhere

rolled_back()
{
	bare
	run jpkictl setup --yes --user hanako --rollback 0.02 --services sudo,login
	expect_equal 'exit status' 0 "$STATUS"
	until_true 15 no_pending || fail 'not taken back'
	expect_as_it_was
	expect_logged 'setup was not confirmed'
	run jpkictl setup --confirm
	expect_equal 'confirm, too late' 1 "$STATUS"

	run jpkictl setup --yes --user hanako --services sudo,login
	expect_set_up
	kill -TERM "$(keeper)"
	until_true 15 no_pending || fail 'not taken back when the session ended'
	expect_as_it_was
	setup_end
}
run_case 'setup: taken back unless confirmed' rolled_back

# A power cut, or the rollback process is killed: SIGKILL is the same to a process.
cut_short()	# COMMAND…: what takes it up
{
	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	run "$@"
	expect_lacks 'while the process waits' 'taken back' "$OUT"
	expect_set_up
	end_process "$(keeper)" 2>/dev/null
	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	expect_set_up
	run "$@"
	expect_has 'says' 'setup was interrupted before it was confirmed' "$OUT"
	expect_logged 'jpkictl.*setup was interrupted before it was confirmed: the PAM files are restored'
	expect_as_it_was
	no_pending || fail 'still pending'
	run "$@"
	expect_lacks 'the second time' 'taken back' "$OUT"
	setup_end
}
process_is_lost()
{
	[ -z "$(keeper)" ]
}
run_case 'setup: cut short, and taken back by the next jpkictl' cut_short jpkictl list
run_case 'setup: cut short, and taken back by the next setup' cut_short jpkictl setup --recover
unit_command()
{
	sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/multi-user.target.wants/jpki-setup-recover.service
}
# shellcheck disable=SC2046 # words
run_case 'setup: cut short, and taken back at the next boot' cut_short $(unit_command)

cut_short_otherwise()
{
	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	# Others cannot, and the timer of the CRLs sees a read-only /etc: it loses nothing.
	run "${HANAKO[@]}" jpkictl list
	run unshare --mount sh -c 'mount --bind /etc/pam.d /etc/pam.d && mount -o remount,bind,ro /etc/pam.d && jpkictl crl update'
	expect_set_up
	! no_pending || fail 'nothing waits any more'
	# The administrator has seen that it works.
	run jpkictl setup --confirm
	expect_equal 'confirm' 0 "$STATUS"
	run jpkictl setup --recover
	expect_set_up
	# Cut short again; a file that has been replaced is kept.
	run jpkictl setup --undo
	run jpkictl setup --yes --user hanako --services sudo,login
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	echo '# mine' >> /etc/pam.d/sudo
	cp /etc/pam.d/sudo "$WORK/sudo.mine"
	run jpkictl setup --recover
	expect_has 'says' 'changed since, it stays' "$OUT"
	expect_has 'says' 'not every PAM file could be restored' "$OUT"
	cmp -s /etc/pam.d/sudo "$WORK/sudo.mine" || fail 'what another user wrote is gone'
	cmp -s /etc/pam.d/login "$WORK/login.was" || fail 'login was not put back'
	setup_end
}
needs mounts run_case 'setup: cut short, and confirmed, or changed by another user' cut_short_otherwise

recover_unit()
{
	run systemd-analyze verify /usr/lib/systemd/system/jpki-setup-recover.service
	expect_lacks 'what systemd says' jpki-setup-recover "$OUT"
	expect_equal 'what wants it' ../jpki-setup-recover.service \
		"$(readlink /usr/lib/systemd/system/multi-user.target.wants/jpki-setup-recover.service)"
	expect_equal 'what it waits for' "$SETUP_DIR/pending" \
		"$(sed -n 's/^ConditionPathExists=//p' /usr/lib/systemd/system/jpki-setup-recover.service)"
}
if command -v systemd-analyze >/dev/null; then
	run_case 'setup: cut short, the unit' recover_unit
else
	skip 'setup: cut short, the unit' 'no systemd-analyze'
fi

# Killed before it has changed anything, but after it said that it would.
cut_short_at_once()
{
	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	cp "$WORK/sudo.was" /etc/pam.d/sudo
	run jpkictl setup --recover
	expect_as_it_was
	no_pending || fail 'still pending'
	setup_end
}
run_case 'setup: cut short between two files' cut_short_at_once

confirmed_stays()
{
	local pid

	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	pid=$(keeper)
	run jpkictl setup --confirm
	kill -TERM "$pid"
	until_true 15 process_gone "$pid" || fail 'the process stays'
	expect_set_up
	setup_end
}
run_case 'setup: what was confirmed is not taken back' confirmed_stays

# The second run answers for both; the process of the first has nothing to do any more.
twice()
{
	local pid

	bare
	run jpkictl setup --yes --user hanako --services sudo
	pid=$(keeper)
	run jpkictl setup --yes --user hanako --services login
	expect_has 'says' 'not confirmed yet' "$OUT"
	kill -TERM "$pid"
	until_true 15 process_gone "$pid" || fail 'the first process stays'
	expect_set_up
	kill -TERM "$(keeper)"
	until_true 15 no_pending || fail 'not taken back'
	expect_as_it_was
	setup_end
}
run_case 'setup: again before it was confirmed' twice

edited_since()
{
	bare
	run jpkictl setup --yes --user hanako --services sudo,login
	echo '# mine' >> /etc/pam.d/sudo
	cp /etc/pam.d/sudo "$WORK/sudo.mine"
	run jpkictl setup --undo
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'says' 'changed since' "$OUT"
	cmp -s /etc/pam.d/sudo "$WORK/sudo.mine" || fail 'what another user wrote is gone'
	cmp -s /etc/pam.d/login "$WORK/login.was" || fail 'login was not put back'
	setup_end
}
run_case 'setup: undo leaves what another user changed' edited_since

# refused NAME FILE: sudo as it is in FILE is not changed.
refused()
{
	bare
	printf '%b' "$1" > /etc/pam.d/sudo
	cp -a /etc/pam.d/sudo "$WORK/sudo.was"
	run jpkictl setup --yes --user hanako --services login,sudo
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'says' "$2" "$OUT"
	expect_as_it_was
	no_pending || fail 'something waits'
	setup_end
}
run_case 'setup: refused, no second way' refused 'auth required pam_deny.so\n@include common-auth\n@include common-account\n' 'second way'
run_case 'setup: refused, jumped over' refused 'auth [success=1 default=ignore] pam_rootok.so\n@include common-auth\n@include common-account\n' 'land on the wrong line'
run_case 'setup: refused, jumped over in account' refused '@include common-auth\naccount [success=1 default=ignore] pam_rootok.so\n@include common-account\n' 'land on the wrong line'
run_case 'setup: refused, shuts out' refused '@include common-auth\naccount requisite pam_deny.so\n@include common-account\n' 'locked out'
run_case 'setup: refused, no place' refused 'auth required pam_permit.so\n' 'no line was found'
run_case 'setup: refused, open' refused 'auth optional pam_unix.so\nauth required pam_permit.so\n' 'every user would be admitted'

stopped()	# UP-TO…: the answers before the no
{
	bare
	rm -rf "$NSSDB" "$CRLS" "$USERS"
	on_tty "$@" -- jpkictl setup --user hanako --trust "$PKI/ca1.crt"
	[ "$STATUS" != 0 ] || fail 'exit status 0'
	expect_as_it_was
	expect_card_forgot
	no_pending || fail 'something waits'
	setup_end
}
TRUST=('wait:Trust them' type:)
WITHOUT=('wait:URL of the CRL' type:)
ENROLL=('wait:registered for hanako' 'wait:PIN of' "type:$PIN")
run_case 'setup: no to the authority' stopped 'wait:Trust them' type:n
run_case 'setup: ^C at the authority' stopped 'wait:Trust them' key:03
run_case 'setup: ^C at the list' stopped "${TRUST[@]}" 'wait:URL of' key:03
run_case 'setup: end of input at the list' stopped "${TRUST[@]}" 'wait:URL of' key:04
run_case 'setup: ^C at the PIN of the enrollment' stopped "${TRUST[@]}" "${WITHOUT[@]}" 'wait:PIN of' key:03
run_case 'setup: nothing typed at the PIN of the enrollment' stopped "${TRUST[@]}" "${WITHOUT[@]}" 'wait:PIN of' type:
run_case 'setup: a wrong PIN at the enrollment' stopped "${TRUST[@]}" "${WITHOUT[@]}" 'wait:PIN of' "type:$WRONG_PIN"
run_case 'setup: ^C at the services' stopped "${TRUST[@]}" "${WITHOUT[@]}" "${ENROLL[@]}" 'wait:Change these files' key:03

# Registered earlier: the PIN is typed in the trial.
stopped_in_the_trial()	# STEP…
{
	bare
	on_tty 'wait:Change these files' type: 'wait:PIN' "$@" -- jpkictl setup --user hanako
	[ "$STATUS" != 0 ] || fail 'exit status 0'
	expect_as_it_was
	expect_card_forgot
	no_pending || fail 'something waits'
	setup_end
}
run_case 'setup: ^C at the PIN of the trial' stopped_in_the_trial key:03
run_case 'setup: a wrong PIN in the trial' stopped_in_the_trial "type:$WRONG_PIN"

# Registered a moment ago, and then the card goes: the module does not come as far as the prompt.
card_gone_before_the_trial()
{
	bare
	rm -rf "$USERS"
	on_tty "${ENROLL[@]}" 'wait:Change these files' 'do:sim remove' type: -- jpkictl setup --user hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'says' 'the login that was tried failed' "$OUT"
	expect_as_it_was
	no_pending || fail 'something waits'
	sim insert
	setup_end
}
run_case 'setup: the card goes before the trial' card_gone_before_the_trial

# Where the distribution's file is in /usr (Fedora, Arch, SUSE, libpam 1.7): /etc gets a copy.
from_vendor()	# MINUTES
{
	printf '%s\n' '#%PAM-1.0' '@include common-auth' '@include common-account' '@include common-password' > "$VENDOR/polkit-1"
	cp "$VENDOR/polkit-1" "$WORK/polkit-1.was"
	run jpkictl setup --yes --user hanako --rollback "$1" --services polkit-1
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'says' "/etc/pam.d/polkit-1 will be a copy of $VENDOR/polkit-1" "$OUT"
}
vendor_file()
{
	bare
	from_vendor 0
	expect_equal 'the copy' "# A copy of $VENDOR/polkit-1 with the lines of pam_jpki.so. Without this file that one is used.
#%PAM-1.0
$(pam_ours polkit-1 | head -n 1)
@include common-auth
$(pam_ours polkit-1 | tail -n 1)
@include common-account
@include common-password" "$(cat /etc/pam.d/polkit-1)"
	expect_equal 'owner and mode' '0:0 644' "$(stat -c '%u:%g %a' /etc/pam.d/polkit-1)"
	cmp -s "$VENDOR/polkit-1" "$WORK/polkit-1.was" || fail "the file in $VENDOR is another"
	run pamdrive --service polkit-1 --user hanako "pin=$PIN" auth acct
	expect_equal 'card' 0 "$STATUS"
	run jpkictl setup --yes --user hanako --services polkit-1
	expect_has 'again' 'uses the card already' "$OUT"
	run jpkictl setup --undo
	expect_equal 'undo' 0 "$STATUS"
	[ ! -e /etc/pam.d/polkit-1 ] || fail 'the copy is left'
	cmp -s "$VENDOR/polkit-1" "$WORK/polkit-1.was" || fail "the file in $VENDOR is another"
	run jpkictl setup --undo
	expect_has 'undo again' 'nothing to undo' "$OUT"
	setup_end
}
run_case 'setup: a service of the distribution in /usr' vendor_file

vendor_file_taken_back()
{
	bare
	from_vendor 0.02
	until_true 15 no_pending || fail 'not taken back'
	[ ! -e /etc/pam.d/polkit-1 ] || fail 'the copy is left'
	# cut short: by the next one; and a file that was changed since is kept
	from_vendor 5
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	run jpkictl setup --recover
	[ ! -e /etc/pam.d/polkit-1 ] || fail 'the copy is left after the power cut'
	no_pending || fail 'still pending'
	from_vendor 0
	echo '# mine' >> /etc/pam.d/polkit-1
	run jpkictl setup --undo
	expect_equal 'undo' 1 "$STATUS"
	expect_has 'says' 'changed since' "$OUT"
	expect_has 'what is left' '# mine' "$(cat /etc/pam.d/polkit-1)"
	rm -f /etc/pam.d/polkit-1
	setup_end
}
run_case 'setup: a service of the distribution in /usr, taken back' vendor_file_taken_back

# What is in /etc goes before what is in /usr, whatever it is.
vendor_and_own()
{
	bare
	printf 'auth required pam_deny.so\n' > "$VENDOR/sudo"
	run jpkictl setup --yes --user hanako --rollback 0 --services sudo,login
	expect_set_up
	expect_lacks 'says' 'will be a copy' "$OUT"
	expect_equal 'what is in /usr' 'auth required pam_deny.so' "$(cat "$VENDOR/sudo")"
	setup_end
}
run_case 'setup: the same service in /etc and in /usr' vendor_and_own

# unfit NAME TEXT: a service that is left alone, and why.
unfit()
{
	bare
	printf '@include common-auth\n@include common-account\n' > "/etc/pam.d/$1"
	[ "$3" != link ] || { mv "/etc/pam.d/$1" "/etc/pam.d/$1-real" && ln -s "$1-real" "/etc/pam.d/$1"; }
	run jpkictl setup --yes --user hanako --services "login,$1"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'says' "$2" "$OUT"
	expect_lacks 'the service' pam_jpki "$(cat "/etc/pam.d/$1")"
	expect_as_it_was
	rm -f "/etc/pam.d/$1" "/etc/pam.d/$1-real"
	setup_end
}
run_case 'setup: the smart card service of GNOME' unfit gdm-smartcard 'link of update-alternatives' link
run_case 'setup: the smart card service of Plasma' unfit kde-smartcard 'Plasma shows no prompt there' file
run_case 'setup: a file that is a link' unfit e2e-linked 'it is a symbolic link' link

# Every program that is known: which it takes with --yes, and with which line.
every_known()
{
	local name

	bare
	for name in sudo-i su su-l doas polkit-1 lightdm gdm-password gdm-smartcard sddm greetd kde kde-smartcard xscreensaver xsecurelock \
		cinnamon-screensaver mate-screensaver xfce4-screensaver swaylock i3lock gtklock waylock hyprlock vlock physlock sshd runuser runuser-l; do
		printf '@include common-auth\n@include common-account\n' > "/etc/pam.d/$name"
	done
	run jpkictl setup --yes --user hanako --rollback 0
	expect_equal 'exit status' 0 "$STATUS"
	for name in sudo-i doas polkit-1 lightdm gdm-password sddm greetd kde xscreensaver xsecurelock cinnamon-screensaver \
		mate-screensaver xfce4-screensaver swaylock i3lock gtklock waylock hyprlock vlock physlock; do
		expect_equal "the line of $name" "$(pam_ours "$name" | head -n 1)" "$(head -n 1 "/etc/pam.d/$name")"
	done
	for name in su su-l gdm-smartcard kde-smartcard sshd runuser runuser-l; do
		expect_lacks "$name" pam_jpki "$(cat "/etc/pam.d/$name")"
	done
	run jpkictl setup --undo
	expect_equal 'undo' 0 "$STATUS"
	expect_as_it_was
	setup_end
}
run_case 'setup: every program that it knows' every_known

not_possible()
{
	bare
	run setpriv --reuid hanako --regid hanako --init-groups jpkictl setup --yes
	expect_equal 'not root' 1 "$STATUS"
	run jpkictl setup
	expect_equal 'no terminal, no --yes' 1 "$STATUS"
	run jpkictl setup --yes --services sudo,../passwd --user hanako
	expect_equal 'no such service' 1 "$STATUS"
	run jpkictl setup --yes --services common-auth --user hanako
	expect_equal 'what all include' 1 "$STATUS"
	expect_has 'what all include' 'no PAM service' "$OUT"
	run jpkictl setup --yes --user nobody-here
	expect_equal 'no such user' 1 "$STATUS"
	run jpkictl setup --rollback -1
	expect_equal 'time that is none' 2 "$STATUS"
	sim remove
	run jpkictl setup --yes --user hanako
	expect_equal 'no card' 1 "$STATUS"
	mv "$HELPER" "$HELPER.away"
	run jpkictl setup --yes --user hanako
	expect_equal 'no helper' 1 "$STATUS"
	mv "$HELPER.away" "$HELPER"
	stop_sim
	stop_pcscd
	run jpkictl setup --yes --user hanako
	expect_equal 'no pcscd' 1 "$STATUS"
	expect_has 'no pcscd' D102 "$OUT"
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
	expect_as_it_was
	setup_end
}
run_case 'setup: where it cannot be done' not_possible

rm -rf /etc/pam.d/*
cp -a "$WORK/setup-pam.d/." /etc/pam.d/
rm -rf "${VENDOR:?}"/*
cp -a "$WORK/setup-vendor.d/." "$VENDOR/"

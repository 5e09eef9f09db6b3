# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl setup: from a machine on which nobody uses the card to one that does, and back.
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

# Nobody uses the card; sudo and login as Debian has them, more or less.
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

# Our lines came to sudo and login, in front of what they stand for, and nothing else did.
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
	on_tty 'wait:trusted.*Do that' type:y 'wait:asked for the URL.*Do that' type:y 'wait:URL of the CRL' 'type:' \
		'wait:do without it' 'type:no registered verifier' 'wait:registered for hanako.*Do that' type:y \
		'wait:PIN' "type:$PIN" 'wait:for sudo' type:y 'wait:\+ auth.*for login' type:y 'wait:Try a login' type:y \
		'wait:PIN' "type:$PIN" 'wait:--confirm' -- \
		jpkictl setup --user hanako --trust "$PKI/ca1.crt"
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'screen' 'The card logs in' "$OUT"
	expect_lacks 'screen' "$PIN" "$OUT"
	expect_set_up
	expect_card_forgot
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
	expect_equal 'PINs sent' 2 "$(stat_of verifies)"
	expect_equal 'crl' 'crl = if-present' "$(grep '^crl' "$CONF")"
	expect_has 'the reason' 'no registered verifier' "$(cat "$CONF")"
	[ -n "$(keeper)" ] || fail 'nothing would take it back'
	run jpkictl setup --confirm
	expect_equal 'confirm' 0 "$STATUS"
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
run_case 'setup: --yes with input from elsewhere asks nobody at the terminal' input_elsewhere

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

# The power goes, or somebody kills what would take it back: SIGKILL is the same to a process.
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
	expect_logged 'jpkictl.*setup was interrupted before it was confirmed: the PAM files are taken back'
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
	# Somebody has seen that it works.
	run jpkictl setup --confirm
	expect_equal 'confirm' 0 "$STATUS"
	run jpkictl setup --recover
	expect_set_up
	# Cut short again; a file that is another now is somebody's.
	run jpkictl setup --undo
	run jpkictl setup --yes --user hanako --services sudo,login
	kill -KILL "$(keeper)"
	until_true 5 process_is_lost || fail 'the process stays'
	echo '# mine' >> /etc/pam.d/sudo
	cp /etc/pam.d/sudo "$WORK/sudo.mine"
	run jpkictl setup --recover
	expect_has 'says' 'changed since, it stays' "$OUT"
	expect_has 'says' 'not every PAM file could be taken back' "$OUT"
	cmp -s /etc/pam.d/sudo "$WORK/sudo.mine" || fail 'what somebody else wrote is gone'
	cmp -s /etc/pam.d/login "$WORK/login.was" || fail 'login was not put back'
	setup_end
}
needs mounts run_case 'setup: cut short, and confirmed, or changed by somebody' cut_short_otherwise

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
	cmp -s /etc/pam.d/sudo "$WORK/sudo.mine" || fail 'what somebody else wrote is gone'
	cmp -s /etc/pam.d/login "$WORK/login.was" || fail 'login was not put back'
	setup_end
}
run_case 'setup: undo leaves what somebody else changed' edited_since

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
run_case 'setup: refused, jumped over' refused 'auth [success=1 default=ignore] pam_rootok.so\n@include common-auth\n@include common-account\n' 'count wrong'
run_case 'setup: refused, jumped over in account' refused '@include common-auth\naccount [success=1 default=ignore] pam_rootok.so\n@include common-account\n' 'count wrong'
run_case 'setup: refused, shuts out' refused '@include common-auth\naccount requisite pam_deny.so\n@include common-account\n' 'shut out'
run_case 'setup: refused, no place' refused 'auth required pam_permit.so\n' 'no line was found'
run_case 'setup: refused, open' refused 'auth optional pam_unix.so\nauth required pam_permit.so\n' 'let in anybody'

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
TRUST=('wait:trusted.*Do that' type:y)
WITHOUT=('wait:asked for the URL.*Do that' type:y 'wait:URL of the CRL' 'type:' 'wait:do without it' type:reason)
ENROLL=('wait:registered for hanako.*Do that' type:y 'wait:PIN' "type:$PIN")
WHICH=('wait:for sudo' type:y 'wait:for login' type:y 'wait:Try a login')
# A line of the configuration has an end, and a character three octets.
long_reason()
{
	local reason='' i

	for ((i = 0; i < 80; i++)); do reason+=理由; done
	bare
	rm -rf "$NSSDB" "$CRLS" "$USERS"
	on_tty "${TRUST[@]}" "${WITHOUT[@]/type:reason/type:$reason}" 'wait:Do that' type:n -- \
		jpkictl setup --user hanako --trust "$PKI/ca1.crt"
	expect_has 'the configuration' '理由理由' "$(cat "$CONF")"
	iconv -f UTF-8 -t UTF-16 "$CONF" > /dev/null || fail 'a character was cut in two'
	run jpkictl list
	expect_equal 'exit status of what reads the configuration' 0 "$STATUS"
	setup_end
}
run_case 'setup: a long reason' long_reason
run_case 'setup: no to the authority' stopped 'wait:Do that' type:n
run_case 'setup: ^C at the authority' stopped 'wait:Do that' key:03
run_case 'setup: no to the list' stopped "${TRUST[@]}" 'wait:Do that' type:n
run_case 'setup: no reason for no list' stopped "${TRUST[@]}" 'wait:Do that' type:y 'wait:URL of' type: 'wait:do without' type:
run_case 'setup: ^C at the PIN of the enrollment' stopped "${TRUST[@]}" "${WITHOUT[@]}" 'wait:Do that' type:y 'wait:PIN' key:03
run_case 'setup: no to the trial' stopped "${TRUST[@]}" "${WITHOUT[@]}" "${ENROLL[@]}" "${WHICH[@]}" type:n
run_case 'setup: ^C at the PIN of the trial' stopped "${TRUST[@]}" "${WITHOUT[@]}" "${ENROLL[@]}" "${WHICH[@]}" type:y 'wait:PIN' key:03
run_case 'setup: a wrong PIN in the trial' stopped "${TRUST[@]}" "${WITHOUT[@]}" "${ENROLL[@]}" "${WHICH[@]}" type:y 'wait:PIN' "type:$WRONG_PIN"

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
	# cut short: by the next one; and what somebody has changed since is theirs
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
		cinnamon-screensaver mate-screensaver xfce4-screensaver swaylock i3lock gtklock waylock hyprlock vlock physlock sshd; do
		printf '@include common-auth\n@include common-account\n' > "/etc/pam.d/$name"
	done
	run jpkictl setup --yes --user hanako --rollback 0
	expect_equal 'exit status' 0 "$STATUS"
	for name in sudo-i doas polkit-1 lightdm gdm-password sddm greetd kde xscreensaver xsecurelock cinnamon-screensaver \
		mate-screensaver xfce4-screensaver swaylock i3lock gtklock waylock hyprlock vlock physlock; do
		expect_equal "the line of $name" "$(pam_ours "$name" | head -n 1)" "$(head -n 1 "/etc/pam.d/$name")"
	done
	for name in su su-l gdm-smartcard kde-smartcard sshd; do
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

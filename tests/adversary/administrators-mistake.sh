# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An administrator who means well, a keyboard, the power; and the user who gains by the mistake.

# What looks like an option to a person, but is not one.
option_that_looks_right()
{
	local line

	for line in 'Remote = strict' 'remote = Strict' 'remote : strict' $'remote\xe2\x80\x8b = strict' \
		$'remote \xef\xbc\x9d strict' $'remot\xd0\xb5 = strict' 'remote = strict # as I said' \
		'remote strict' 'remote = "strict"' 'remote = strict, no' '[login' 'remote = strict;' 'remotes = strict'; do
		write_conf "$line"
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		no_login
		expect_logged 'pam_jpki.conf:1'
	done
	reset_config
}
# Promise: A configuration that is misspelt, unreadable or has the wrong owner is refused, and the log gives file and line. A file that was named must exist; without the usual one, the strict built-in values apply.
# Letter: a person reads the line and sees an option with its value.
# Seen to succeed: mutant unknown-option
adversary misspelt-option option_that_looks_right

# A user who got hold of the directory takes away the file that keeps them out.
configuration_taken_away()
{
	local away options file

	for away in 'rm -f' 'mv -t /tmp' 'ln -sf nowhere' 'ln -sf /dev/null'; do
		for options in '' conf=/etc/pam_jpki/strict.conf; do
			write_conf "users_dir = $WORK/nobody-enrolled"
			cp "$CONF" /etc/pam_jpki/strict.conf
			chown hanako:hanako /etc/pam_jpki
			for file in /etc/pam_jpki/strict.conf "$CONF"; do
				# shellcheck disable=SC2086 # words of a command
				run setpriv --reuid hanako --regid hanako --clear-groups $away "$file"
				[ ! -s "$file" ] || fail "$away: $file is still there"
			done
			install_pam_service e2e "auth required pam_jpki.so $options"
			run pamdrive --service e2e --user hanako "pin=$PIN" auth
			no_login
			rm -rf "$CONF" /etc/pam_jpki/strict.conf /tmp/{strict,pam_jpki}.conf
		done
	done
	chown root:root /etc/pam_jpki
	install_pam_service e2e "$(stack)"
	reset_config
}
# Promise: A configuration that is misspelt, unreadable or has the wrong owner is refused, and the log gives file and line. A file that was named must exist; without the usual one, the strict built-in values apply.
# Letter: there is no file, which is what the built-in values are for.
# Seen to succeed: mutant owner-of-a-trust-file
adversary configuration-taken-away configuration_taken_away

# The power goes while jpkictl setup waits to be confirmed; what it changed has locked the administrator out.
power_cut_in_setup()
{
	local keeper unit

	rm -rf /var/lib/pam_jpki/setup
	rm -f /etc/pam.d/{lightdm,gdm-password,sddm,xscreensaver,xsecurelock,swaylock,i3lock,sshd,e2e,su,su-l,sudo-i}
	printf '@include common-auth\n@include common-account\n' > /etc/pam.d/sudo
	cp /etc/pam.d/sudo "$WORK/sudo.was"
	run jpkictl setup --yes --user hanako --services sudo
	expect_has 'the changed service' pam_jpki.so "$(cat /etc/pam.d/sudo)"
	keeper=$(pgrep -o -x jpkictl)
	kill -KILL "$keeper"
	until_true 5 process_gone "$keeper"
	# As systemd does at boot, if it finds such a unit.
	unit=$(grep -ls jpkictl /usr/lib/systemd/system/*.wants/jpki-* | head -n 1)
	[ -z "$unit" ] || run sh -c "$(sed -n 's/^ExecStart=//p' "$unit")"
	cmp -s /etc/pam.d/sudo "$WORK/sudo.was" || broken 'the services stay as setup left them'
}
# Promise: The changes of `jpkictl setup` are undone unless they are confirmed, even if its process is killed.
# Letter: the process that would take it back was there, and waited; SIGKILL and power cuts are not waited for.
# Seen to succeed: 1e570f7: the service stayed changed after the boot
adversary power-cut-in-setup power_cut_in_setup

# Neither of them has the card or knows the password.
stranger_refused()
{
	local user key

	sim remove
	for user in hanako taro; do
		for key in pin=no-password pin=8276; do
			run pamdrive --service lightdm --user "$user" "$key" auth
			no_login
		done
	done
	fresh_card
}

openers_let_in()
{
	local before

	cp "$PAMDIR"/pam_permit.so "$PAMDIR"/pam_gnome_keyring.so
	for before in '' 'auth [success=ignore default=1] pam_localuser.so' 'auth [success=1 default=ignore] pam_localuser.so' \
		'auth [success=ignore default=2] pam_localuser.so' 'auth [default=ignore] pam_deny.so' 'auth optional pam_group.so'; do
		rm -rf /var/lib/pam_jpki/setup
		rm -f /etc/pam.d/{gdm-password,sddm,xscreensaver,xsecurelock,swaylock,i3lock,sshd,e2e,su,su-l,sudo-i}
		printf '%s\n@include common-auth\n@include common-account\n@include common-session\nauth optional pam_gnome_keyring.so\n' \
			"$before" > /etc/pam.d/lightdm
		stranger_refused
		run jpkictl setup --yes --user hanako --comfort unlock --services lightdm --rollback 0
		[ -n "$before" ] || expect_has 'what ends a login by card' pam_permit.so "$(grep -A2 pam_jpki /etc/pam.d/lightdm)"
		stranger_refused
	done
	rm -f "$PAMDIR/pam_gnome_keyring.so" /etc/pam.d/lightdm
	reset_config
}
# Promise: `jpkictl setup` writes no line that admits a user with neither the card nor the password, whatever the stack contains.
# Letter: each stack refuses such users before setup, and its lines are in order.
# Seen to succeed: mutant jump-that-ends-a-card-login stack-that-admits-every-user
adversary keyring-lines-that-admit openers_let_in

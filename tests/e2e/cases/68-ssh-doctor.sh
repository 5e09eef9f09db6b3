# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl doctor on logins over the network: a real sshd reports its settings (sshd -T).

SSHD_CONFIG=/etc/ssh/sshd_config
EXAMPLES=/usr/share/doc/pam_jpki/examples

# What it finds of ssh, but for the client, and of users.
found_of_ssh()
{
	jq -r '.[] | select(.number | test("D8|D517|D518")) | .number' <<< "$OUT" | sort -u | paste -sd' '
}

# ssh_doctor NUMBERS [OPTION of pam_jpki…]: with the present sshd_config.d
ssh_doctor()
{
	stack_of sshd "auth [success=done default=ignore] pam_jpki.so ${*:2}
@include common-auth"
	run jpkictl doctor --json
	expect_equal "findings (${*:2})" "$1" "$(found_of_ssh)"
}

ssh_settings()	# LINE…
{
	printf '%s\n' "$@" 'Include /etc/ssh/sshd_config.d/*.conf' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UsePAM yes' \
		'KbdInteractiveAuthentication no' > "$SSHD_CONFIG"
}

example()	# NAME: its settings, also those after a "#"
{
	mkdir -p /etc/ssh/sshd_config.d
	rm -f /etc/ssh/sshd_config.d/*
	[ -z "$1" ] || cp "$EXAMPLES/$1" /etc/ssh/sshd_config.d/
}

examine_sshd()
{
	mkdir -p /run/sshd /etc/ssh
	[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
	ssh_settings
	example ''
	ssh_doctor ''
	ssh_doctor '' remote=yes

	# The challenge.
	ssh_doctor 'D803' remote=challenge remote_names=e2e.example
	example sshd-challenge.conf
	ssh_doctor 'D801' remote=challenge remote_names=e2e.example
	ssh_doctor 'D801 D806' remote=challenge
	ssh_doctor 'D801 D807' remote=challenge remote_names=e2e.example remote_binding=name
	ssh_doctor 'D805' remote=challenge remote_names=e2e.example host_keys=/var/empty
	ssh_settings 'UsePAM no'
	ssh_doctor 'D804' remote=challenge remote_names=e2e.example
	ssh_settings 'Nonsense yes'
	ssh_doctor 'D802' remote=challenge remote_names=e2e.example
	write_conf 'remote = challenge' 'remote_names = e2e.example'
	ssh_settings
	ssh_doctor 'D801'
	ssh_doctor '' remote=no
	reset_config

	# Keys.
	example sshd-keys.conf
	ssh_doctor 'D809'
	ssh_doctor 'D808 D809' ssh_key=yes
	example sshd-keys-pam.conf
	ssh_doctor 'D809' ssh_key=yes
	ssh_settings 'AuthenticationMethods publickey,keyboard-interactive:pam password'
	ssh_doctor 'D808 D809' ssh_key=yes
	ssh_settings 'AuthenticationMethods publickey,publickey'
	ssh_doctor 'D808 D809' ssh_key=yes
	# There is no such program. The account nobody is as wrong as it is below, but is not judged before the program exists.
	ssh_settings 'AuthorizedKeysCommand /usr/local/bin/jpkictl ssh-keys %u' 'AuthorizedKeysCommandUser nobody'
	ssh_doctor 'D810'
	ssh_settings 'AuthorizedKeysCommandUser root'
	ssh_doctor 'D811'
	# Accounts that have other jobs, or other programs.
	for user in nobody daemon www-data hanako jpki-fetch jpki-helper; do
		ssh_settings "AuthorizedKeysCommandUser $user"
		ssh_doctor 'D813'
	done
	ssh_settings 'AuthorizedKeysCommandUser keys-for-sshd'
	ssh_doctor 'D517'
	useradd --system keys-for-sshd
	ssh_doctor 'D809'
	setpriv --reuid keys-for-sshd sleep 60 &
	until_true 5 pgrep -u keys-for-sshd -x sleep > /dev/null || fail 'no sleep'
	ssh_doctor 'D813'
	expect_has 'what else it does' 'keys-for-sshd runs sleep as well' "$OUT"
	kill $!
	userdel keys-for-sshd

	# The client: an ssh that is too old says so.
	ssh_settings
	example ''
	printf '#!/bin/sh\necho "OpenSSH_8.4p1 Debian-5, OpenSSL 1.1.1"\n' > /usr/local/bin/ssh
	chmod 0755 /usr/local/bin/ssh
	ssh_doctor 'D812'
	rm /usr/local/bin/ssh
	stack_of sshd '@include common-auth'
}
run_case 'doctor: sshd and cards at the client' examine_sshd

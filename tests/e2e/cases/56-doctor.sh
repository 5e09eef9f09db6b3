# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl doctor: what it finds when one thing after the other is broken. Whatever
# it finds, no try is spent and the card is left as it was.
# shellcheck disable=SC2016,SC2034 # what breaks something is evaluated by sick

# The numbers of the findings that are no more than "ok", without the clock's, which is not ours.
complaints()
{
	jq -r '.[] | select(.level != "ok") | .number' <<< "$OUT" | grep -v '^D702$' | sort -u | paste -sd' '
}

# examined NUMBERS: runs the doctor, which finds these.
examined()
{
	local before

	before=$(sim get auth-tries)
	run jpkictl doctor --json
	expect_equal 'findings' "$1" "$(complaints)"
	expect_equal 'tries left' "$before" "$(sim get auth-tries)"
	expect_equal 'PINs that reached the card' 0 "$(stat_of verifies)"
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
}

# sick NAME NUMBERS [KEY=VALUE…]: card=SPEC, sim=COMMANDS, break=WORDS, fix=WORDS; status=N
sick()
{
	local arg name=$1 numbers=$2
	local -A c=([card]=good [sim]='' [break]=: [fix]=: [status]=1)

	shift 2
	begin "doctor: $name" || return 0
	for arg; do c[${arg%%=*}]=${arg#*=}; done
	fresh_card "${c[card]}"
	enroll hanako good
	sim_commands "${c[sim]}"
	eval "${c[break]}"
	examined "$numbers"
	expect_match 'exit status' "${c[status]}" "$STATUS"
	eval "${c[fix]}"
	reset_config
	end
}

FINE='auth [success=done default=ignore] pam_jpki.so\n@include common-auth'
ACCOUNT='account [success=ok ignore=ignore module_unknown=ignore default=bad] pam_jpki.so\n@include common-account'

# doctor_stack LINES: the only service with our module.
doctor_stack()
{
	rm -f /etc/pam.d/e2e
	printf '%b\n' "$1" > /etc/pam.d/e2e-doctor
}
mkdir -p "$WORK/doctor-pam.d"
for service in /etc/pam.d/*; do
	[ "$service" = /etc/pam.d/e2e ] || ! grep -q pam_jpki "$service" || mv "$service" "$WORK/doctor-pam.d/"
done
doctor_stack "$FINE\n$ACCOUNT"

well()
{
	enroll hanako good
	examined ''
	expect_match 'exit status' '0|3' "$STATUS"	# 3: the clock of this machine is not synchronised
	expect_equal 'findings' 'D101 D110 D201 D210 D214 D220 D223 D301 D401 D501 D503 D510 D601' \
		"$(jq -r '.[] | select(.level == "ok") | .number' <<< "$OUT" | grep -v D701 | sort -u | paste -sd' ')"
	expect_has 'the reader' 'Virtual PCD' "$(jq -r '.[] | select(.number == "D110") | .detail' <<< "$OUT")"
	expect_equal 'for whom' hanako "$(jq -r '.[] | select(.number == "D223") | .detail' <<< "$OUT")"
	run jpkictl doctor
	expect_has 'as text' 'D201 ok ' "$OUT"
	run env LANG=ja_JP.UTF-8 jpkictl doctor
	expect_has 'in Japanese' 'マイナンバーカード' "$OUT"
	write_conf 'on_removal = lock'
	examined ''
	expect_has 'the programs' /usr/bin/jpki-watch "$(jq -r '.[] | select(.number == "D503") | .detail' <<< "$OUT")"
	reset_config
	run jpkictl doctor now
	expect_equal 'exit status, a word too much' 2 "$STATUS"
}
run_case 'doctor: nothing is wrong' well

plain_user()
{
	enroll hanako good
	run setpriv --reuid hanako --regid hanako --init-groups jpkictl doctor
	expect_match 'exit status' '0|3' "$STATUS"
	expect_has 'what it says' 'D201 ok ' "$OUT"
	expect_has 'what it says' 'sudo' "$OUT"
}
run_case 'doctor: asked by a plain user' plain_user

# --- readers and cards ---------------------------------------------------------------
sick 'no card' D112 sim=remove status=3
sick 'Juki card' D202 card='good profile=juki'
sick 'telephone' D203 card='good profile=phone-android'
sick 'some other card' D204 card='good profile=nojpki'
sick 'card that does not come up' D113 card='good atr=3B'
sick 'no certificate on the card' 'D206 D213' card='good no-auth=yes availability=8F0000'
sick 'card of another user' D224 card=other-person status=3
sick 'two tries left' D211 sim='set auth-tries 2' status=3
sick 'one try left' D211 sim='set auth-tries 1' status=3
sick 'locked' D212 sim='set auth-tries 0'
sick 'signature PIN locked' D215 sim='set sign-tries 0' status=3
sick 'certificate on the card expired' 'D222 D224' card=expired
sick 'card that hangs' D106 break="write_conf 'timeout = 5'" sim='fault ins B0:1 hang forever'

no_service()
{
	stop_sim
	stop_pcscd
	run jpkictl doctor --json
	expect_equal 'findings, no pcscd' D102 "$(complaints)"
	: > /run/pcscd/pcscd.comm
	chmod 0666 /run/pcscd/pcscd.comm
	run jpkictl doctor --json
	expect_equal 'findings, no process at the socket' D103 "$(complaints)"
	start_pcscd none
	run jpkictl doctor --json
	expect_match 'findings, no reader' 'D111 D13[01]' "$(complaints)"	# D131 in a virtual machine or container
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
	chmod 0600 /run/pcscd/pcscd.comm
	examined D105
	chmod 0666 /run/pcscd/pcscd.comm
}
run_case 'doctor: no pcscd, no reader, a closed socket' no_service

# --- readers on the USB, with a sysfs of the case's own --------------------------------
# A machine without USB has no /sys/bus/usb: the whole of /sys is made up for these cases.
usb_device()	# PORT VENDOR:PRODUCT CLASS [DRIVER|- [auto]]
{
	local dir=$WORK/sys/bus/usb/devices

	mkdir -p "$dir/$1/power" "$dir/$1:1.0"
	echo "${2%:*}" > "$dir/$1/idVendor"
	echo "${2#*:}" > "$dir/$1/idProduct"
	echo 00 > "$dir/$1/bDeviceClass"
	echo "${5:-on}" > "$dir/$1/power/control"
	echo "$3" > "$dir/$1:1.0/bInterfaceClass"
	[ "${4:--}" = - ] || ln -s "../../../../bus/usb/drivers/$4" "$dir/$1:1.0/driver"
}

# usb_machine [DEVICE…]: as for usb_device, each in one word; until usb_gone.
usb_machine()
{
	local device

	mkdir -p "$WORK/sys"
	for device; do
		# shellcheck disable=SC2086 # words
		usb_device $device
	done
	mount --bind "$WORK/sys" /sys || fail 'no /sys of our own'
}

usb_gone()
{
	umount /sys
	rm -rf "$WORK/sys"
}

detail_of()	# NUMBER
{
	jq -r --arg number "$1" '.[] | select(.number == $number) | .detail' <<< "$OUT"
}

# on_usb NUMBERS DETAIL DEVICE…: these findings, the first about that; pcscd has no reader.
on_usb()
{
	usb_machine "${@:3}"
	run jpkictl doctor --json
	expect_match "findings, ${3-}" "$1" "$(complaints)"
	expect_equal 'exit status' 1 "$STATUS"
	[ -z "$2" ] || expect_has 'about what' "$2" "$(detail_of "${1##* }")"
	usb_gone
}

usb_without_pcscd()
{
	stop_sim
	stop_pcscd
	start_pcscd none
	on_usb 'D111 D120' 'Sony RC-S380/P (054c:06c3, USB 1-4)' '1-4 054c:06c3 ff port100'
	on_usb 'D111 D121' 'ACS ACR122U (072f:2200, USB 1-4): pn533_usb' '1-4 072f:2200 0b pn533_usb'
	on_usb 'D111 D123' 'abcd:0001, USB 1-4' '1-4 abcd:0001 0b' '1-5 046d:c077 03 usbhid'
	on_usb 'D111 D126' 'RC-S300/S' '1-4 054c:0dc8 0b usbfs'
	on_usb 'D111 D127 D128' 'RC-S300/S' '1-4 054c:0dc8 0b - auto'
	on_usb 'D111 D13[01]' '' '1-5 046d:c077 03 usbhid'	# the latter where the tests run in a container
	mkdir -p "$WORK/sys/class/dmi/id"
	echo QEMU > "$WORK/sys/class/dmi/id/sys_vendor"
	on_usb 'D111 D131' ''
	mkdir "$WORK/no-drivers"
	mount --bind "$WORK/no-drivers" /usr/lib/pcsc/drivers || fail 'cannot hide the drivers'
	on_usb 'D111 D122' 'RC-S300/S' '1-4 054c:0dc8 0b'
	umount /usr/lib/pcsc/drivers
	stop_pcscd
	start_pcscd
	start_sim "$(card_dir good)"
	CARD_SPEC=good
}
needs mounts run_case 'doctor: what keeps a reader on the USB from pcscd' usb_without_pcscd

usb_beside()
{
	usb_machine '1-4 058f:9540 0b usbfs' '1-5 054c:06c1 ff' '1-6 054c:0dc8 0b usbfs auto' '1-7 04e6:5116 0b usbfs'
	sed 's/>1\.[0-9.]*</>1.4.31</' /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist > "$WORK/Info.plist"
	mount --bind "$WORK/Info.plist" "$(realpath /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist)"
	examined 'D120 D124'
	expect_has 'the old driver' 'libccid 1.4.31 < 1.5.2' "$(detail_of D124)"
	expect_equal 'exit status' 3 "$STATUS"
	run jpkictl doctor
	expect_has 'as text' 'D124 warning' "$OUT"
	run env LANG=ja_JP.UTF-8 jpkictl doctor
	expect_has 'in Japanese' 'CCID対応ではない' "$OUT"
	umount "$(realpath /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist)"
	sim remove
	run jpkictl doctor --json
	expect_equal 'findings without a card' 'D112 D120 D129' "$(complaints)"
	fresh_card 'good atr=3B'
	run jpkictl doctor --json
	expect_equal 'findings, a card that does not come up' 'D113 D120 D128' "$(complaints)"
	usb_gone
}
needs mounts run_case 'doctor: readers on the USB beside one that works' usb_beside

# --- trust, lists, enrollments ------------------------------------------------------------
sick 'no trust database' 'D222 D302 D512' break='rm -rf $NSSDB'
sick 'no authority is trusted' 'D222 D303 D409 D512' break='make_nssdb $NSSDB'
sick 'only an authority that has ended' 'D222 D304 D409 D512' break='make_nssdb $NSSDB ca-expired'
sick 'trust database that lockers cannot read' D505 break='chmod 0600 $NSSDB/cert9.db'
sick 'no list' 'D222 D402 D512' break='rm -rf $CRLS'
sick 'no list, crl = if-present' D403 break='rm -rf $CRLS; write_conf "crl = if-present"' status=3
sick 'crl = off' D404 break='write_conf "crl = off"' status=3
sick 'list that is damaged' 'D222 D407 D512' break='truncate -s 300 $CRLS/*-*.idx'
sick 'no user is enrolled' 'D224 D513' break='rm -f $USERS/*.pem' status=3
sick 'enrolled, but no such user' D514 break='cp $USERS/hanako.pem $USERS/nobody-here.pem' status=3
sick 'enrollment damaged' 'D224 D512' break='echo garbage > $USERS/hanako.pem'
sick 'enrollment expired' 'D224 D512' break='enroll hanako expired'
sick 'enrollment that lockers cannot read' D505 break='chmod 0640 $USERS/hanako.pem'

out_of_date()
{
	rm -rf "$CRLS"
	crlput -t -129600 "$CRLS" "$NSSDB" "$PKI/crl/ca1-soon-stale.crl" >> "$LOG" 2>&1 || fail 'not imported'
	examined 'D222 D405 D512'
	write_conf 'crl_grace_hours = 25'
	examined D406
	rm -rf "$CRLS"
	crlput -t 172800 "$CRLS" "$NSSDB" "$PKI/crl/ca1-future.crl" >> "$LOG" 2>&1 || fail 'not imported'
	write_conf '#'
	examined 'D222 D408 D512'
	reset_config
}
run_case 'doctor: lists that have run out, or not yet begun' out_of_date

# --- what pcscd and its polkit say -----------------------------------------------------------
sick 'pcscd that admits root alone' D108 break='only_admits 0' fix=admits_all status=3
sick 'pcscd that admits the user of the helper' '' break='only_admits 0 $(id -u jpki-helper)' fix=admits_all status='0|3'
sick 'pcscd that admits no user, not even root' D107 break=only_admits fix=admits_all

# --- configuration and programs ------------------------------------------------------------
sick 'configuration refused' D502 break='write_conf "colour = blue"'
sick 'configuration that is a symbolic link' D502 break='ln -sf nowhere $CONF'
no_configuration()
{
	rm "$CONF"
	examined ''
	expect_match 'exit status' '0|3' "$STATUS"
	expect_equal 'which file' /etc/pam_jpki/pam_jpki.conf "$(jq -r '.[] | select(.number == "D523") | .detail' <<< "$OUT")"
	run jpkictl --config "$WORK/absent.conf" doctor
	expect_has 'another file that is absent' D502 "$OUT"
	reset_config
}
run_case 'doctor: no configuration' no_configuration

# Users may register their own cards, and cannot: each file that is missing by its name. Nothing of it is said
# where they may not.
self_enroll_without_its_files()
{
	local file files=(/usr/bin/pkexec /usr/share/polkit-1/actions/org.pam-jpki.enroll-self.policy
		/usr/libexec/pam_jpki/jpki_enroll_self)

	enroll hanako good
	[ -e "${files[0]}" ] || { printf '#!/bin/sh\n' > "${files[0]}"; chmod 755 "${files[0]}"; }
	write_conf 'self_enroll = yes'
	examined ''
	for file in "${files[@]}"; do
		mv "$file" "$WORK/missing"
		examined D550
		expect_equal 'what is missing' "$file" "$(jq -r '.[] | select(.number == "D550") | .detail' <<< "$OUT")"
		expect_equal 'exit status' 3 "$STATUS"
		write_conf 'self_enroll = no'
		examined ''
		write_conf 'self_enroll = yes'
		mv "$WORK/missing" "$file"
	done
	run jpkictl doctor
	expect_lacks 'with all of them' D550 "$OUT"
	reset_config
}
run_case 'doctor: users may register cards, and a program for it is missing' self_enroll_without_its_files
sick 'configuration that lockers cannot read' D505 break='chmod 0600 $CONF'
sick 'directory that lockers cannot enter' D505 break='chmod 0700 /etc/pam_jpki' fix='chmod 0755 /etc/pam_jpki'
sick 'on_removal without a watcher' D515 break='write_conf "on_removal = lock"; mv /etc/xdg/autostart/jpki-watch.desktop "$WORK/"' \
	fix='mv "$WORK/jpki-watch.desktop" /etc/xdg/autostart/' status=3
sick 'on_removal without its program' D504 break='write_conf "on_removal = logout"; mv /usr/bin/jpki-watch "$WORK/"' \
	fix='mv "$WORK/jpki-watch" /usr/bin/'
sick 'on_removal without its command' D509 break='write_conf "on_removal = command"'
sick 'options that are bold' 'D506 D507 D508' break='write_conf "last_try = ask" "remote = yes" "debug = yes"' status=3
sick 'no helper' D504 break='mv $HELPER $HELPER.away' fix='mv $HELPER.away $HELPER'
sick 'helper of another owner' D504 break='chown hanako $HELPER' fix='chown root $HELPER'
sick 'a helper that every user can read' D516 break='chmod 0755 $HELPER' fix='chmod 0711 $HELPER' status=3
sick 'a helper that lockers cannot run' D505 break='chmod 0700 $HELPER' fix='chmod 0711 $HELPER'
WITHOUT_USERS='cp /etc/passwd "$WORK/passwd"; sed -i "/^jpki-fetch:/d" /etc/passwd'
sick 'no user who fetches' D517 break="$WITHOUT_USERS" fix='cat "$WORK/passwd" > /etc/passwd'
sick 'a user who fetches and gives keys' D518 break="$WITHOUT_USERS"'; sed -n "s/^jpki-keys/jpki-fetch/p" "$WORK/passwd" >> /etc/passwd' \
	fix='cat "$WORK/passwd" > /etc/passwd'
sick 'the user who fetches has the uid of nobody' D518 break="$WITHOUT_USERS"'; sed -n "s/^nobody:/jpki-fetch:/p" "$WORK/passwd" >> /etc/passwd' \
	fix='cat "$WORK/passwd" > /etc/passwd'
sick 'no user for the helper' D517 break='write_conf "helper_user = no-such-user"'
sick 'no user for the helper of root' D519 break='cp /etc/passwd "$WORK/passwd"; sed -i "/^jpki-helper:/d" /etc/passwd' \
	fix='cat "$WORK/passwd" > /etc/passwd' status=3
sick 'a file from the future' D703 break='touch -d "2 hours" $CONF'

# --- PAM -------------------------------------------------------------------------------------
# stacked NAME NUMBERS LINES [STATUS]: a service that the doctor examines.
stacked()
{
	begin "doctor: stack $1" || return 0
	fresh_card
	enroll hanako good
	doctor_stack "$3"
	examined "$2"
	expect_match 'exit status' "${4:-1}" "$STATUS"
	doctor_stack "$FINE\n$ACCOUNT"
	reset_config
	end
}
stacked 'as recommended' '' "$FINE\n$ACCOUNT" '0|3'
stacked 'no line uses the card' D602 '@include common-auth' 3
stacked 'open, behind pam_permit' D603 'auth optional pam_jpki.so\nauth required pam_permit.so'
stacked 'open, all ignored' D603 'auth [default=ignore] pam_jpki.so\nauth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\nauth required pam_permit.so'
stacked 'no second way' 'D604 D613' 'auth required pam_jpki.so' 3
stacked 'card and password' D604 '@include common-auth\nauth required pam_jpki.so' 3
stacked 'card only' D604 'auth requisite pam_jpki.so\nauth required pam_permit.so' 3
stacked 'credentials refused' D613 'auth [success=done authinfo_unavail=ignore user_unknown=ignore module_unknown=ignore default=die] pam_jpki.so\n@include common-auth' 3
stacked 'never reached' D605 'auth requisite pam_deny.so\nauth required pam_jpki.so'
stacked 'forwarded to no module' 'D604 D607 D613' 'auth sufficient pam_jpki.so forward_pass=yes\nauth required pam_deny.so' 3
stacked 'twice' D610 "$FINE\nauth optional pam_jpki.so" 3
stacked 'account shuts out' D608 "$FINE\naccount required pam_jpki.so"
stacked 'include that is not there' 'D602 D611' 'auth required pam_jpki.so\n@include no-such-file'
stacked 'an unknown module' D612 'auth sufficient pam_e2e.so\n'"$FINE" 3

# What the password unlocks (a home directory, a keyring) stays locked after a login by card: said for
# modules that are installed, where the card alone lets in.
unlocking_modules()
{
	local module

	enroll hanako good
	for module in pam_systemd_home pam_mount pam_ecryptfs pam_fscrypt pam_gnome_keyring pam_kwallet5 pam_kwallet6; do
		[ ! -e "$PAMDIR/$module.so" ] || continue
		doctor_stack "$FINE\n-auth optional $module.so\n$ACCOUNT"
		examined ''
		cp "$PAMDIR/pam_permit.so" "$PAMDIR/$module.so"
		examined D615
		expect_equal 'exit status' 3 "$STATUS"
		expect_equal "where $module is" "e2e-doctor, /etc/pam.d/e2e-doctor:3, $module" "$(jq -r '.[] | select(.number == "D615") | .detail' <<< "$OUT")"
		printf -- '-auth optional %s.so\n' "$module" > /etc/pam.d/e2e-included
		doctor_stack "auth [success=done default=ignore] pam_jpki.so\n@include common-auth\n@include e2e-included\n$ACCOUNT"
		examined D615
		# the card unlocks the password, where the module is called after it
		doctor_stack "auth [success=done default=ignore] pam_jpki.so unlock=yes\n@include common-auth\n-auth optional $module.so\n$ACCOUNT"
		examined D616
		doctor_stack "auth [success=ok default=2] pam_jpki.so unlock=yes\n-auth optional $module.so\nauth sufficient pam_permit.so\n@include common-auth\n-auth optional $module.so\n$ACCOUNT"
		examined ''
		# in front of the card it has its own way, and after both it has the password
		doctor_stack "-auth optional $module.so\n$FINE\n$ACCOUNT"
		examined ''
		doctor_stack "@include common-auth\nauth required pam_jpki.so\n-auth optional $module.so\n$ACCOUNT"
		examined D604
		rm -f "$PAMDIR/$module.so" /etc/pam.d/e2e-included
	done
	doctor_stack "$FINE\n$ACCOUNT"
}
run_case 'doctor: modules that the password unlocks something for' unlocking_modules

# GNOME's greeter asks by gdm-smartcard, which is a link of update-alternatives, once OpenSC sees a card.
gnome_smartcard()
{
	local modules=/usr/share/p11-kit/modules registered=$WORK/p11-modules

	enroll hanako good
	mkdir -p "$modules" /etc/alternatives
	rm -rf "$registered"
	cp -a "$modules" "$registered"
	rm -f "$modules"/*opensc*
	printf '%b\n' "$FINE\n$ACCOUNT" > /etc/pam.d/gdm-password
	printf '@include common-auth\n@include common-account\n' > /etc/pam.d/gdm-smartcard-sssd
	ln -sf /etc/pam.d/gdm-smartcard-sssd /etc/alternatives/gdm-smartcard
	ln -sf /etc/alternatives/gdm-smartcard /etc/pam.d/gdm-smartcard
	examined ''
	echo 'module: opensc-pkcs11.so' > "$modules/opensc-pkcs11.module"
	examined D614
	expect_equal 'the file behind the link' 'gdm-smartcard, /etc/pam.d/gdm-smartcard-sssd' \
		"$(jq -r '.[] | select(.number == "D614") | .detail' <<< "$OUT")"
	run jpkictl setup --yes --user hanako --services gdm-smartcard
	expect_has 'what setup says' 'see D614' "$OUT"
	# The remedy: an alternative of our own.
	cp "$E2E_TOP/config/pam.d/gdm-smartcard" /etc/pam.d/gdm-smartcard-jpki
	ln -sf /etc/pam.d/gdm-smartcard-jpki /etc/alternatives/gdm-smartcard
	examined 'D604'
	ln -sf /etc/pam.d/gdm-smartcard-sssd /etc/alternatives/gdm-smartcard
	rm -f /etc/pam.d/gdm-password /etc/pam.d/gdm-smartcard-jpki
	examined ''
	rm -rf /etc/pam.d/gdm-smartcard* /etc/alternatives/gdm-smartcard "$modules"
	mv "$registered" "$modules"
}
run_case 'doctor: GNOME, OpenSC and the other service' gnome_smartcard

services_unlisted()
{
	mv /etc/pam.d "$WORK/pam.d"
	: > /etc/pam.d
	examined D617
	expect_equal 'detail' '/etc/pam.d: Not a directory' "$(jq -r '.[] | select(.number == "D617") | .detail' <<< "$OUT")"
	rm -f /etc/pam.d
	mv "$WORK/pam.d" /etc/pam.d
	examined ''
}
run_case 'doctor: the services cannot be listed' services_unlisted

rm -f /etc/pam.d/e2e-doctor
find "$WORK/doctor-pam.d" -type f -exec mv {} /etc/pam.d/ \;
install_pam_service e2e "$(stack)"

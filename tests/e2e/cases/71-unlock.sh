# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The card unlocks the password that was stored for it (doc/unlock.md): for the modules after ours, and for
# nothing else.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

UNLOCK=/var/lib/pam_jpki/unlock
FILE=$UNLOCK/hanako
MACHINE_ID=0123456789abcdef0123456789abcdef
UNLOCKED=(opts=unlock=yes authtok=set)
LOCKED=(opts=unlock=yes authtok=unset 'says=Enter the password of your keyring (usually that of your login)')

# shellcheck source=tests/e2e/keyring.sh
. "$E2E_TOP/tests/e2e/keyring.sh"
rm -f /etc/machine-id
echo "$MACHINE_ID" > /etc/machine-id

# --- jpkictl unlock --------------------------------------------------------------------

storing()
{
	run jpkictl unlock status
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'status' 'No password is stored' "$OUT"
	run jpkictl unlock status hanako
	expect_equal 'exit status' 1 "$STATUS"
	store_password
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'output' 'hanako: the password is stored; the card unlocks it' "$OUT"
	expect_has 'output' 'unlock = yes' "$OUT"
	expect_lacks 'output' "$PASSWORD" "$OUT"
	expect_lacks 'output' "$PIN" "$OUT"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	expect_equal 'signatures' 1 "$(stat_of signs)"
	expect_card_forgot
	expect_equal 'owner and mode' '0 600' "$(stat -c '%u %a' "$FILE")"
	expect_equal 'owner and mode of the directory' '0 700' "$(stat -c '%u %a' "$UNLOCK")"
	expect_logged 'JPKI-ADMIN action=unlock-set user=hanako'
	! grep -aqF "$PASSWORD" "$FILE" || fail 'the password is in the file as it is'
	run jpkictl unlock status hanako
	expect_equal 'exit status' 0 "$STATUS"
	expect_match 'status' $'.*hanako .*[0-9a-f]{16} +in order' "${OUT//$'\n'/ }"
	run jpkictl doctor --json
	expect_equal 'what the doctor says' hanako "$(jq -r '.[] | select(.number == "D560") | .detail' <<< "$OUT")"
	cp "$FILE" "$WORK/stored"
}
run_case 'unlock: jpkictl unlock set stores the password: one PIN, one signature' storing

not_stored()
{
	rm -f "$FILE"
	on_tty 'wait:Password of hanako' 'type:not-it' -- jpkictl unlock set hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'output' 'this is not the password of hanako; nothing was stored' "$OUT"
	on_tty 'wait:Password of hanako' 'type:1234' -- jpkictl unlock set hanako
	expect_has 'output' 'this looks like a PIN' "$OUT"
	on_tty 'wait:Password of hanako' 'type:' -- jpkictl unlock set hanako
	expect_has 'output' 'a password has 1 to 510 bytes' "$OUT"
	run jpkictl unlock set taro
	expect_has 'output' 'taro has no registered card' "$OUT"
	run jpkictl unlock set nobody-here
	expect_equal 'exit status' 1 "$STATUS"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	store_password "$PASSWORD" "$WRONG_PIN"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'output' 'JPKI-E-PIN-WRONG' "$OUT"
	[ ! -e "$FILE" ] || fail 'a file was written'
	for words in '' 'set' 'set a b' 'sett hanako' 'status a b' 'set --x'; do
		# shellcheck disable=SC2086 # words
		run jpkictl unlock $words
		expect_equal "exit status of \"$words\"" 2 "$STATUS"
	done
	run setpriv --reuid 2001 --clear-groups jpkictl unlock status
	expect_equal 'exit status of hanako' 1 "$STATUS"
	rm -f /etc/machine-id
	run jpkictl unlock set hanako
	expect_has 'output' 'not an id of a machine' "$OUT"
	echo "$MACHINE_ID" > /etc/machine-id
}
run_case 'unlock: jpkictl unlock set stores nothing after a slip' not_stored

# An account whose password this machine does not keep.
kept_elsewhere()
{
	sed -i.e2e '/^hanako:/d' /etc/shadow
	on_tty 'wait:Password of hanako' 'type:kept in a directory' 'wait:again' 'type:something else' \
		-- jpkictl unlock set hanako
	expect_has 'output' 'two passwords' "$OUT"
	[ ! -e "$FILE" ] || fail 'a file was written'
	on_tty 'wait:Password of hanako' 'type:kept in a directory' 'wait:again' 'type:kept in a directory' \
		'wait:PIN' "type:$PIN" -- jpkictl unlock set hanako
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'output' 'it is not checked' "$OUT"
	install_pam_service e2e "$(stack unlock=yes)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'PAM_AUTHTOK' set "$(transcript 'authtok = ')"
	mv /etc/shadow.e2e /etc/shadow
	rm -f "$FILE"
}
run_case 'unlock: a password that a directory keeps is asked for twice, and not checked' kept_elsewhere

ecdsa()
{
	enroll hanako ec256
	put_card ec256
	on_tty 'wait:Password of hanako' "type:$PASSWORD" -- jpkictl unlock set hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'output' 'is not RSA' "$OUT"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	enroll hanako good
	CARD_DIRTY=yes
}
run_case 'unlock: jpkictl unlock set says that a card with ECDSA cannot keep a password' ecdsa

# --- logins ----------------------------------------------------------------------------

# By --only the case above may have been left out.
[ -e "$WORK/stored" ] || { store_password; cp "$FILE" "$WORK/stored"; }
put_file()	# [COMMAND…]: the stored file, and what is done to it
{
	install -m 600 "$WORK/stored" "$FILE"
	[ $# = 0 ] || "$@" "$FILE"
}
count_commands

put_file
login 'unlock: the card unlocks the password: one PIN, one command more' "${UNLOCKED[@]}" apdus=$((TOTAL + 1)) quiet=yes
write_conf 'unlock = yes'
login 'unlock = yes in pam_jpki.conf' authtok=set apdus=$((TOTAL + 1))
reset_config
login 'unlock: without the option nothing is unlocked, and no command is sent for it' apdus="$TOTAL" quiet=yes
rm -f "$FILE"
login 'unlock: with the option and nothing stored no command is sent for it' opts=unlock=yes apdus="$TOTAL" quiet=yes
put_file

# What pam_unix says of it: it is the password, to the last letter.
handed_on()
{
	install_pam_service e2e-unix $'auth required pam_jpki.so unlock=yes\nauth required pam_unix.so use_first_pass'
	run pamdrive --service e2e-unix --user hanako "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'prompts' 1 "$(grep -c '^prompt' <<< "$OUT")"
	! syslog_new | grep -qF -e "$PASSWORD" || fail 'the password is in the log'
	expect_lacks 'what is shown' "$PASSWORD" "$OUT"
	install_pam_service e2e-unix $'auth required pam_jpki.so\nauth required pam_unix.so use_first_pass'
	run pamdrive --service e2e-unix --user hanako "pin=$PIN" auth
	expect_lacks 'pam_authenticate without the option' SUCCESS "$(transcript 'auth = ')"
}
run_case 'unlock: what is unlocked is the password, and in no log' handed_on

# The user has typed it already: the card makes no second signature.
install_pam_service e2e-first "auth optional $PAMDIR/pam_e2e.so prompt=Password authtok
$(stack unlock=yes)"
login 'unlock: a password that is there already stays' service=e2e-first apdus="$TOTAL" asks=Password \
	drive="pin=another-word pin=$PIN auth" prompts=2

# What the user has started, be it setuid root, gets none.
login 'unlock: a program that the user has started gets no password: sudo' opts=unlock=yes args='--ruid 2001' apdus="$TOTAL"
login 'unlock: a program that the user has started gets no password: a locker' opts=unlock=yes args='--as 2001' apdus="$TOTAL"

login 'unlock: a wrong PIN unlocks nothing' opts=unlock=yes drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2
login 'unlock: another card of the same user unlocks nothing, and lets in' "${LOCKED[@]}" card=renewed 'enroll=good renewed' \
	after="expect_logged 'another certificate'"
login 'unlock: a card that signs once and no more lets in' "${LOCKED[@]}" sim='fault ins 2A:2 sw 6982' \
	after="expect_logged 'no password is unlocked: JPKI-E-BAD-REPLY'"
login 'unlock: a card that signs wrong the second time lets in' "${LOCKED[@]}" sim='fault ins 2A:2 wrongsig' \
	after="expect_logged 'second signature is not right'"
login 'unlock: a card that is taken away at the second signature lets in' "${LOCKED[@]}" sim='fault ins 2A:2 drop' state=any
login 'unlock: a wrong first signature refuses, whatever the second is' opts=unlock=yes sim='fault ins 2A:1 wrongsig' \
	code=BAD-SIGNATURE pam=AUTH_ERR

change_byte()	# OFFSET FILE
{
	printf '\377' | dd of="$2" bs=1 seek="$1" conv=notrunc status=none
}
for at in 0 11 12 44 115 116 128 300 655; do
	put_file change_byte "$at"
	login "unlock: a file that was changed at byte $at unlocks nothing, and lets in" "${LOCKED[@]}"
done
put_file truncate -s 655
login 'unlock: a file that was cut unlocks nothing, and lets in' "${LOCKED[@]}"
put_file truncate -s 0
login 'unlock: an empty file unlocks nothing, and lets in' opts=unlock=yes apdus="$TOTAL" after="expect_logged 'unlock/hanako: not what'"

# Files that are not root's alone: they are not even sent to the helper.
put_file chmod 640
login 'unlock: a file that others may read unlocks nothing' opts=unlock=yes apdus="$TOTAL" after="expect_logged 'others than root may read it'"
put_file chown 2001
login 'unlock: a file that is not of root unlocks nothing' opts=unlock=yes apdus="$TOTAL" after="expect_logged 'belongs to user 2001'"
rm -f "$FILE"; ln -s "$WORK/stored" "$FILE"
login 'unlock: a symbolic link unlocks nothing' opts=unlock=yes apdus="$TOTAL" after="expect_logged 'no symbolic link'"
rm -f "$FILE"; put_file; chmod 777 "$UNLOCK"
login 'unlock: a directory where others may write unlocks nothing' opts=unlock=yes apdus="$TOTAL" after="expect_logged 'writable for others'"
chmod 700 "$UNLOCK"

# The same file and card on another machine, or under another name.
echo fedcba9876543210fedcba9876543210 > /etc/machine-id
login 'unlock: the file of another machine unlocks nothing, and lets in' "${LOCKED[@]}" after="expect_logged 'another machine'"
echo "$MACHINE_ID" > /etc/machine-id
of_another_user()
{
	printf 'taro:%s\n' "$PASSWORD" | chpasswd
	enroll taro good
	mv "$FILE" "$UNLOCK/taro"
	install_pam_service e2e "$(stack unlock=yes)"
	run pamdrive --service e2e --user taro "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'PAM_AUTHTOK' unset "$(transcript 'authtok = ')"
	expect_logged 'another user'
	rm -f "$UNLOCK/taro" "$USERS/taro.pem"
}
run_case 'unlock: the file of another user unlocks nothing, and lets in' of_another_user
put_file

changed_password()
{
	printf 'hanako:%s\n' another-password-9 | chpasswd
	install_pam_service e2e "$(stack unlock=yes)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'PAM_AUTHTOK' unset "$(transcript 'authtok = ')"
	expect_has 'what is shown' 'Your password has been changed, so your card can no longer open your keyring' "$OUT"
	expect_logged 'the password of hanako has been changed since it was stored'
	run env LC_ALL=ja_JP.UTF-8 pamdrive --service e2e --user hanako "pin=$PIN" auth
	usermod -L hanako
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal 'PAM_AUTHTOK of a locked account' unset "$(transcript 'authtok = ')"
	usermod -U hanako
	chage -d "$(date -d tomorrow +%F)" hanako
	run jpkictl unlock status
	expect_equal 'exit status' 3 "$STATUS"
	expect_has 'status' 'the password was changed since' "$OUT"
	run jpkictl doctor --json
	expect_equal 'what the doctor says' hanako "$(jq -r '.[] | select(.number == "D561") | .detail' <<< "$OUT")"
	printf 'hanako:%s\n' "$PASSWORD" | chpasswd
}
run_case 'unlock: a password that was changed is not handed on, and that is said' changed_password

# --- what becomes of the file -------------------------------------------------------------

removing()
{
	put_file
	run jpkictl unlock remove hanako
	expect_equal 'exit status' 0 "$STATUS"
	[ ! -e "$FILE" ] || fail 'the file is still there'
	expect_logged 'JPKI-ADMIN action=unlock-remove user=hanako'
	run jpkictl unlock remove hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'output' 'hanako has no stored password' "$OUT"
	put_file
	run jpkictl enroll --from-file "$PKI/good.crt" hanako
	expect_equal 'exit status' 0 "$STATUS"
	[ -e "$FILE" ] || fail 'the same certificate was enrolled, and the password is gone'
	enroll hanako renewed
	run jpkictl unlock status hanako
	expect_equal 'exit status' 3 "$STATUS"
	expect_has 'status' 'of a certificate that is not registered' "$OUT"
	run jpkictl enroll --from-file "$PKI/renewed.crt" hanako
	expect_has 'output' 'no registered card opens the stored password any more: it is removed' "$OUT"
	[ ! -e "$FILE" ] || fail 'the password of the former card is still there'
	put_file
	enroll hanako good
	run jpkictl revoke hanako
	expect_has 'output' 'no registered card opens the stored password any more' "$OUT"
	[ ! -e "$FILE" ] || fail 'revoked, and the password is still there'
	enroll hanako good
}
run_case 'unlock: jpkictl unlock remove, enroll and revoke take the file away' removing

# --- the keyring ---------------------------------------------------------------------------

# The lines of config/pam.d/gdm-password for a keyring.
keyring_stack()
{
	printf '%s\n' 'auth [success=ok default=2] pam_jpki.so unlock=yes' 'auth optional pam_gnome_keyring.so' \
		'auth sufficient pam_permit.so' 'auth required pam_unix.so' 'auth optional pam_gnome_keyring.so' \
		'account required pam_permit.so' 'session optional pam_gnome_keyring.so auto_start' \
		'password required pam_deny.so' > /etc/pam.d/e2e-keyring
}

# What a session of hanako's finds in the keyring, after a login that types the words: in SECRET.
secret_after()	# WORD…
{
	SECRET=
	run pamdrive --service e2e-keyring --user hanako --putenv "XDG_RUNTIME_DIR=$KEYRING_RUNTIME" "$@" auth setcred open
	SECRET=$(as_hanako "$KEYRING_LOOK" 2>> "$LOG")
	printf 'the secret is "%s"\n' "$SECRET" >> "$LOG"
	end_keyring
}

the_keyring_opens()
{
	put_file
	keyring_stack
	make_keyring
	secret_after "pin=$PIN"
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'prompts' 1 "$(grep -c '^prompt' <<< "$OUT")"
	expect_equal 'the secret in the keyring' the-secret "$SECRET"
	# As it always was: by the password.
	secret_after "pin=$PASSWORD" "pin=$PASSWORD"
	expect_equal 'pam_authenticate by password' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'the secret after a login by password' the-secret "$SECRET"
}

the_keyring_stays()
{
	put_file
	keyring_stack
	make_keyring
	sed -i 's/ unlock=yes//' /etc/pam.d/e2e-keyring
	secret_after "pin=$PIN"
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'the secret without the option' '' "$SECRET"
	keyring_stack
	put_file change_byte 300
	secret_after "pin=$PIN"
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'the secret, with a file that was changed' '' "$SECRET"
	put_file
	fresh_card
	secret_after "pin=$WRONG_PIN" "pin=not-it"
	expect_lacks 'pam_authenticate with a wrong PIN' SUCCESS "$(transcript 'auth = ')"
	expect_equal 'the secret, with a wrong PIN' '' "$SECRET"
}

if [ -e "$PAMDIR/pam_gnome_keyring.so" ] && command -v gnome-keyring-daemon secret-tool dbus-run-session >/dev/null; then
	run_case 'unlock: a secret of the GNOME keyring is readable after a login by PIN alone' the_keyring_opens
	run_case 'unlock: the GNOME keyring stays locked where nothing is unlocked' the_keyring_stays
else
	skip 'unlock: a secret of the GNOME keyring is readable after a login by PIN alone' 'no GNOME keyring here'
fi

# --- an encrypted directory --------------------------------------------------------------------

CIPHER=/home/hanako.cipher
PRIVATE=/home/hanako/private
SEEN=$WORK/seen			# by the session

# The lines of A KEYRING in pam_jpki(8) and of doc/unlock.md, with pam_mount in place of the keyring.
mount_stack()
{
	printf '%s\n' 'auth [success=ok default=2] pam_jpki.so unlock=yes' 'auth optional pam_mount.so' \
		'auth sufficient pam_permit.so' 'auth required pam_unix.so' 'auth optional pam_mount.so' \
		'account required pam_permit.so' 'session optional pam_mount.so' "session optional pam_exec.so $WORK/session" \
		'password required pam_deny.so' > /etc/pam.d/e2e-mount
	printf '#!/bin/sh\n[ "$PAM_TYPE" != open_session ] || exec setpriv --reuid hanako --regid hanako --init-groups cat %s > %s\n' \
		"$PRIVATE/letter" "$SEEN" > "$WORK/session"
	chmod 755 "$WORK/session"
}

# A file in a directory that gocryptfs encrypts under hanako's password, which pam_mount gives it.
make_private()
{
	[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
	chmod u+s "$(command -v fusermount3)"	# as the script of its package does
	mkdir -p "$CIPHER" "$PRIVATE"
	printf '%s\n' "$PASSWORD" > "$WORK/passfile"
	{
		gocryptfs -init -q -scryptn 10 -passfile "$WORK/passfile" "$CIPHER" &&
			gocryptfs -q -passfile "$WORK/passfile" "$CIPHER" "$PRIVATE" && echo the-letter > "$PRIVATE/letter" && umount "$PRIVATE"
	} >> "$LOG" 2>&1 || fail 'no encrypted directory'
	rm "$WORK/passfile"
	chown -R hanako "$CIPHER" "$PRIVATE"
	! grep -rq the-letter "$CIPHER" "$PRIVATE" || fail 'the letter is readable without the password'
	sed -i "s|<!-- Volume definitions -->|<volume user=\"hanako\" fstype=\"fuse\" path=\"$(command -v gocryptfs)#$CIPHER\" mountpoint=\"$PRIVATE\" options=\"nodev,nosuid,quiet\" />|" \
		/etc/security/pam_mount.conf.xml
}

# letter_after WANTED WORD…: what hanako finds in the directory in a session after a login that types the words.
letter_after()
{
	local wanted=$1

	shift
	rm -f "$SEEN"
	run pamdrive --service e2e-mount --user hanako "$@" auth setcred open close
	expect_equal 'the letter' "$wanted" "$(cat "$SEEN")"
	! mountpoint -q "$PRIVATE" || fail 'the directory stays open after the session'
}

the_directory_opens()
{
	put_file
	fresh_card
	mount_stack
	make_private
	letter_after the-letter "pin=$PIN"
	expect_equal 'pam_authenticate' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_equal 'prompts' 1 "$(grep -c '^prompt' <<< "$OUT")"
	letter_after the-letter "pin=$PASSWORD" "pin=$PASSWORD"
	expect_equal 'pam_authenticate by password' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	# Where nothing is unlocked it asks for the password, and the login goes on without.
	put_file change_byte 300
	letter_after '' "pin=$PIN" pin=
	expect_equal 'pam_authenticate, with a file that was changed' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	expect_match 'the second prompt' '.*password.*' "$(grep '^prompt' <<< "$OUT" | sed -n 2p)"
	put_file
	sed -i 's/ unlock=yes//' /etc/pam.d/e2e-mount
	letter_after '' "pin=$PIN" pin=
	expect_equal 'pam_authenticate without the option' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	rm -f /etc/pam.d/e2e-mount
}

DIRECTORY='unlock: an encrypted directory (gocryptfs, pam_mount) is mounted after a login by PIN alone'
if [ -e "$PAMDIR/pam_mount.so" ] && command -v gocryptfs mount.fuse >/dev/null; then
	if allows mounts && grep -q 'fuse$' /proc/filesystems; then
		run_case "$DIRECTORY" the_directory_opens
	else
		skip "$DIRECTORY" 'no FUSE here'
	fi
else
	skip "$DIRECTORY" 'no pam_mount here'
fi

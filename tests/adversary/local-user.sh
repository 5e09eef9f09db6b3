# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A local user without the card: taro has a card of his own (other-person), and wants to be hanako with it.
# What only root can do, a careless administrator has done for him.

mkdir -p "$WORK/his"
cp "$PKI/other-person.crt" "$WORK/his/hanako.pem"
chown -R root:root "$WORK/his"
chmod 0644 "$WORK/his/hanako.pem"

log_in_with_his_card()
{
	fresh_card other-person
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	no_login
	[ "$(stat_of apdus)" = 0 ] || broken 'a card was talked to'
}

link_to_a_file_of_roots()
{
	local his=${CONF%/*}/his	# the cage does not let logins read elsewhere

	install -d -o taro "$his"
	cp -p "$WORK/his/hanako.pem" "$his/"
	rm -f "$USERS/hanako.pem"
	ln -s "$his/hanako.pem" "$USERS/hanako.pem"
	log_in_with_his_card
	rm -rf "$his"
	reset_config
}
# Promise: Files that decide about logins belong to root, only root can write them, and their paths have no symbolic links.
# Letter: the file is root's, and 0644; but a directory above it is taro's, who may exchange it.
# Seen to succeed: mutant symbolic-link-to-a-trust-file
adversary link-to-a-file-of-roots link_to_a_file_of_roots

directory_that_is_a_link()
{
	rm -rf "$USERS"
	ln -s "$WORK/his" "$USERS"
	log_in_with_his_card
	rm -f "$USERS"
	reset_config
}
# Promise: Files that decide about logins belong to root, only root can write them, and their paths have no symbolic links.
# Letter: the file is root's, 0644 and no link, nor is the directory that it is in; the name of that is one.
# Seen to succeed: mutant symbolic-link-on-the-way
adversary directory-that-is-a-link directory_that_is_a_link

# posix_acl(5): mode bits of the group are then the mask, which is what a check of modes sees.
file_with_an_acl()
{
	cp "$WORK/his/hanako.pem" "$USERS/hanako.pem"
	python3 - "$USERS/hanako.pem" >> "$LOG" 2>&1 <<-'PYTHON' || { fail 'no access control lists here'; return; }
		import os, struct, sys
		entries = [(1, 6, -1), (2, 6, 2002), (4, 4, -1), (16, 6, -1), (32, 4, -1)]
		acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *e) for e in entries)
		os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)
	PYTHON
	expect_equal 'owner and mode' 'root 664' "$(stat -c '%U %a' "$USERS/hanako.pem")"
	setpriv --reuid 2002 --regid 2002 --clear-groups sh -c "echo >> '$USERS/hanako.pem'" || fail 'he cannot write it'
	log_in_with_his_card
	reset_config
}
# Promise: Files that decide about logins belong to root, only root can write them, and their paths have no symbolic links.
# Letter: owner and group are root, and others may only read; an entry of the access control list lets him write.
# Seen to succeed: mutant mode-of-a-trust-file
adversary file-with-an-acl file_with_an_acl

# Names that lead elsewhere than to the user's own file.
name_that_is_a_path()
{
	local name

	cp "$WORK/his/hanako.pem" "$USERS/taro.pem"
	fresh_card other-person
	for name in /taro //taro ../users/taro ./taro taro/ taro.pem 'taro ' TARO 2002 taro/../hanako hanako/../taro; do
		run pamdrive --service e2e --user "$name" "pin=$PIN" auth
		no_login
	done
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	run pamdrive --service e2e --user taro "pin=$PIN" auth
	expect_has 'his own login' 'auth = 0 PAM_SUCCESS' "$OUT"
	reset_config
}
# Promise: A name that is not exactly that of an account has no card.
# Letter: the file that the name leads to is in order, and the card in it is his.
# Seen to succeed: mutant name-of-an-account
adversary name-that-is-a-path name_that_is_a_path

# In the directory he can choose what his second account is called. It has more rights, and no card.
namesake_of_the_holder()
{
	other_names 'boss@directory:taro:x:3001:3001::/:/bin/bash' 'taro@realm:taro:x:2002:2002::/home/taro:/bin/bash'
	cp "$WORK/his/hanako.pem" "$USERS/taro.pem"
	fresh_card other-person
	run pamdrive --service e2e --user boss@directory "pin=$PIN" auth
	no_login
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	run pamdrive --service e2e --user taro@realm "pin=$PIN" auth
	expect_has 'his own login' 'auth = 0 PAM_SUCCESS' "$OUT"
	other_names
	reset_config
}
# Promise: A card logs in only to the account it was enrolled for, even if the user database gives another account the same name.
# Letter: the name that the database gives the account is in order, is an account, and his own card is enrolled for it.
# Seen to succeed: mutant name-of-another-account
adversary namesake-of-the-holder namesake_of_the_holder

# pamdrive for a program that gives no name, with an empty one.
without_a_name()	# WORD…
{
	install_pam_service e2e "$(stack user_from_card=yes)"
	run pamdrive --service e2e --user '' "$@"
}

index_that_names_root()
{
	local made=$WORK/made.index

	enroll root good
	jpkictl index >> "$LOG" 2>&1
	# His serial number in root's line, of the same length, so that nothing else of the index changes.
	sed 's/^06f1a2b3 root /06f1a2b4 root /' "$USERS.index" > "$made"
	cat "$made" > "$USERS.index"
	expect_has 'the index' '06f1a2b4 root ' "$(cat "$USERS.index")"
	fresh_card other-person
	without_a_name "pin=$PIN" auth
	no_login
	! syslog_matches 'the card names the user' || broken 'his card has named an account'
	expect_lacks 'what is shown' 'Hello root' "$OUT"
	enroll root
	rm -f "$USERS.index"
	reset_config
}
# Promise: A card names the accounts that it is registered for, and no others, and the name is taken back if the login that follows fails.
# Letter: the index is root's, whole and up to date; one line, which root has spoilt, has the serial number of his card.
# Seen to succeed: mutant index-without-registration
adversary index-that-names-root index_that_names_root

password_for_the_card()
{
	printf '%s\n' 'auth [success=done default=ignore] pam_jpki.so user_from_card=yes' 'auth required pam_unix.so' \
		'account required pam_permit.so' > /etc/pam.d/e2e
	printf 'hanako:gu3ssed-Word\n' | chpasswd
	fresh_card
	run pamdrive --service e2e "pin=$WRONG_PIN" pin=gu3ssed-Word auth
	expect_has 'the prompt' 'Hello hanako' "$OUT"
	no_login
	reset_config
}
# Promise: A card names the accounts that it is registered for, and no others, and the name is taken back if the login that follows fails.
# Letter: he has found hanako's card, enters a PIN that is wrong, and the next module asks for the password of the user.
# Seen to succeed: mutant name-outlives-the-login
adversary password-for-the-card password_for_the_card

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who can write to the organization's directory, or has found a card that is blocked there.

FLEET=/var/lib/pam_jpki/fleet

lay_copy()	# USER
{
	rm -rf "$FLEET"
	mkdir -p "$FLEET/users" "$FLEET/blocked"
	cp "$PKI/good.crt" "$FLEET/users/$1.pem"
	printf 'time %s\n' "$(date +%s)" > "$FLEET/state"
	rm -f "$USERS"/*
}

with()	# WORD… of the stack
{
	install_pam_service e2e "$(stack "fleet_dir=$FLEET $*")"
}

try_as()	# USER ITEM…
{
	run pamdrive --service e2e --user "$1" "${@:2}"
}

# The card is the attacker's own, genuine, and registered in due form.
card_for_root()
{
	local user

	with
	for user in root toor daemon; do
		[ "$user" != toor ] || echo 'toor:x:0:0::/root:/bin/sh' >> /etc/passwd
		lay_copy "$user"
		try_as "$user" "pin=$PIN" auth
		no_login
	done
	with fleet_min_uid=1
	lay_copy root
	try_as root "pin=$PIN" auth
	no_login
	sed -i '/^toor:/d' /etc/passwd
	rm -rf "$FLEET"
	reset_config
}
# Promise: What an organization registers opens neither root, nor an account of the system, nor one that the administrator has excepted.
# Letter: a genuine card, the right PIN, and a registration that came with the copy as all others do.
# Seen to succeed: mutant fleet-registers-any-account
adversary fleet-card-for-root card_for_root

card_for_the_way_in()
{
	with fleet_never=taro
	lay_copy taro
	try_as taro "pin=$PIN" auth
	no_login
	rm -rf "$FLEET"
	reset_config
}
# Promise: What an organization registers opens neither root, nor an account of the system, nor one that the administrator has excepted.
# Letter: as above; the uid is an ordinary one.
# Seen to succeed: mutant fleet-excepted-accounts
adversary fleet-card-for-an-excepted-account card_for_the_way_in

# Root of this machine enrolled the card, and the organization has blocked it: the finder tries here.
blocked_elsewhere()
{
	with
	lay_copy hanako
	enroll hanako good
	: > "$FLEET/blocked/$(sha256sum "$PKI/good.der" | cut -d' ' -f1)"
	try_as hanako "pin=$PIN" auth
	no_login
	rm -rf "$FLEET"
	reset_config
}
# Promise: What an organization blocks is refused here, no matter who registered it, before the PIN prompt and again after it.
# Letter: root has enrolled the card, no list of this machine has it, and the PIN is right.
# Seen to succeed: mutant fleet-blocks
adversary fleet-blocked-elsewhere blocked_elsewhere

blocked_at_the_prompt()
{
	with
	lay_copy hanako
	try_as hanako "exec=touch $FLEET/blocked/$(sha256sum "$PKI/good.der" | cut -d' ' -f1)" "pin=$PIN" auth
	expect_has 'the transcript' 'exec = 0' "$OUT"
	no_login
	rm -rf "$FLEET"
	reset_config
}
# Promise: What an organization blocks is refused here, no matter who registered it, before the PIN prompt and again after it.
# Letter: when the card was judged, the copy did not have it; the prompt has been open since.
# Seen to succeed: mutant recheck-after-prompt
adversary fleet-blocked-at-the-prompt blocked_at_the_prompt

# The cable is out, so that no block arrives; the copy says that it is current for years.
state_of_the_future()
{
	with fleet_max_age=1 fleet_stale=refuse
	lay_copy hanako
	printf 'time %s\n' $(($(date +%s) + 300000000)) > "$FLEET/state"
	try_as hanako "pin=$PIN" auth
	no_login
	rm -rf "$FLEET"
	reset_config
}
# Promise: If the administrator says so, no card of a copy that is too old, or of unknown age, is accepted.
# Letter: the state has a time that is no more than fleet_max_age ago, and never will be.
# Seen to succeed: mutant fleet-copy-of-unknown-age
adversary fleet-state-of-the-future state_of_the_future

# --- what the directory is made to say -------------------------------------------------------

NOW=$(date +%s)

entry_of()	# USER SECOND
{
	printf 'dn: uid=%s,ou=enrolments,ou=jpki,dc=example\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\n' "$1" "$1"
	printf 'entryCSN: 202611290300%02d.000000Z#000000#001#000000\n' "$2"
	printf 'userCertificate;binary:: %s\n\n' "$(base64 -w 0 "$PKI/good.der")"
}

state_of()	# GENERATION ENROLLED
{
	printf 'dn: cn=state,ou=jpki,dc=example\nobjectClass: applicationProcess\ncn: state\n'
	printf 'description: generation=%s time=%s enrolled=%s blocked=0\n\n' "$1" "$((NOW + $1))" "$2"
}

word_of()	# SECOND WORDS
{
	printf 'dn: cn=x,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: %s\ndescription: %s\n' \
		"$(sha256sum "$PKI/good.der" | cut -d' ' -f1)" "$2"
	printf 'entryCSN: 202611290300%02d.000000Z#000000#001#000000\n\n' "$1"
}

imported()
{
	RUN_LIMIT=20 run jpkictl fleet import "$WORK/fleet.ldif"
}

copy_begins()
{
	with
	rm -rf "$FLEET"
	rm -f "$USERS"/*
	write_conf "fleet_dir = $FLEET"
}

copy_ends()
{
	rm -rf "$FLEET"
	reset_config
}

# The leaver has a friend who restores yesterday's backup, and touches the state so that it looks new.
backup_of_yesterday()
{
	copy_begins
	{ entry_of hanako 0; entry_of taro 0; state_of 1 2; } > "$WORK/fleet.ldif"
	imported
	expect_equal 'registered' 0 "$STATUS"
	{ entry_of taro 0; state_of 2 1; } > "$WORK/fleet.ldif"
	imported
	expect_has 'gone' 'removed: 1' "$OUT"
	{ entry_of hanako 0; entry_of taro 0; state_of 3 2; } > "$WORK/fleet.ldif"
	imported
	try_as hanako "pin=$PIN" auth
	no_login
	copy_ends
}
# Promise: A directory that is restored, cut off or emptied brings no registration back, and lifts no block.
# Letter: the entry is the organization's own, and the state newer than the last.
# Seen to succeed: mutant fleet-resurrection
adversary fleet-backup-of-yesterday backup_of_yesterday

older_backup()
{
	copy_begins
	{ entry_of taro 0; state_of 5 1; } > "$WORK/fleet.ldif"
	imported
	{ entry_of hanako 0; entry_of taro 0; state_of 2 2; } > "$WORK/fleet.ldif"
	imported
	try_as hanako "pin=$PIN" auth
	no_login
	copy_ends
}
# Promise: A directory that is restored, cut off or emptied brings no registration back, and lifts no block.
# Letter: the entry is the organization's own; this machine has never seen it, or seen it go.
# Seen to succeed: mutant fleet-directory-behind
adversary fleet-older-backup older_backup

# An intruder in the directory deletes all registrations but one, and the state says so, to lock all the others out.
all_but_one()
{
	local i

	copy_begins
	{ entry_of hanako 0; for i in $(seq 30); do entry_of "user$i" 0; done; state_of 1 31; } > "$WORK/fleet.ldif"
	imported
	expect_has 'registered' 'registered: 31' "$OUT"
	{ entry_of user1 0; state_of 2 1; } > "$WORK/fleet.ldif"
	imported
	expect_has 'noticed' JPKI-E-FLEET-SHRUNK "$OUT"
	[ -e "$FLEET/users/hanako.pem" ] || broken 'hanako is no longer registered'
	copy_ends
}
# Promise: An answer that is cut off, or that lacks many registrations, removes no registration. A file that is cut off within a user name registers no other user.
# Letter: the answer is whole, and has as many registrations as the state entry says.
# Seen to succeed: mutant fleet-mass-removal
adversary fleet-emptied-directory all_but_one

# taro2 is a registered user with a card of his own. He cuts the file off within his own name, so that it names taro.
cut_in_a_name()
{
	copy_begins
	{ state_of 1 1; entry_of taro2 0 | sed -e '/^uid: /d' -e '/^$/d'; printf 'uid: taro2\n'; } > "$WORK/fleet.ldif"
	imported
	expect_has 'his own registration' 'registered: 1' "$OUT"
	rm -rf "$FLEET"
	truncate -s -2 "$WORK/fleet.ldif"
	imported
	expect_has 'noticed' JPKI-E-FLEET-LDIF "$OUT"
	[ ! -e "$FLEET/users/taro.pem" ] || broken 'the card of taro2 is registered for taro'
	try_as taro "pin=$PIN" auth
	no_login
	copy_ends
}
# Promise: An answer that is cut off, or that lacks many registrations, removes no registration. A file that is cut off within a user name registers no other user.
# Letter: each complete line is valid, the certificate belongs to taro2, and there are as many registrations as the state entry says.
# Seen to succeed: mutant fleet-file-cut-in-a-line
adversary fleet-file-cut-in-a-name cut_in_a_name

# The finder may delete entries: first the block, then all; then he writes a lift with the stamp of the block.
block_made_to_end()
{
	copy_begins
	{ entry_of hanako 0; word_of 5 'block lost'; state_of 1 1; } > "$WORK/fleet.ldif"
	imported
	expect_has 'blocked' 'blocked: 1' "$OUT"
	{ entry_of hanako 0; state_of 2 1; } > "$WORK/fleet.ldif"
	imported
	try_as hanako "pin=$PIN" auth
	no_login
	{ entry_of hanako 0; word_of 5 'lift'; state_of 3 1; } > "$WORK/fleet.ldif"
	imported
	try_as hanako "pin=$PIN" auth
	no_login
	: > "$WORK/fleet.ldif"
	imported
	try_as hanako "pin=$PIN" auth
	no_login
	copy_ends
}
# Promise: A directory that is restored, cut off or emptied brings no registration back, and lifts no block.
# Letter: there is no entry any more that blocks the card; then there is one that lifts, as old as the block.
# Seen to succeed: mutant fleet-lift-of-the-same-moment
adversary fleet-block-removed-or-lifted block_made_to_end

# The leaver's friend has a backup of this machine, and lays one file of it back into the copy.
file_of_an_old_copy()
{
	copy_begins
	{ entry_of hanako 0; entry_of taro 0; state_of 1 2; } > "$WORK/fleet.ldif"
	imported
	cp -p "$FLEET/users/hanako.pem" "$WORK/hanako.pem"
	{ entry_of taro 0; state_of 2 1; } > "$WORK/fleet.ldif"
	imported
	expect_has 'gone' 'removed: 1' "$OUT"
	cp -p "$WORK/hanako.pem" "$FLEET/users/hanako.pem"
	{ entry_of taro 0; state_of 3 1; } > "$WORK/fleet.ldif"
	imported
	expect_has 'gone again' 'removed: 1' "$OUT"
	try_as hanako "pin=$PIN" auth
	no_login
	copy_ends
}
# Promise: A directory that is restored, cut off or emptied brings no registration back, and lifts no block.
# Letter: the file is root's, in the right place, and one that the copy has had; the directory is asked again.
# Seen to succeed: mutant fleet-files-of-an-old-copy
adversary fleet-file-of-an-old-copy file_of_an_old_copy

root_in_the_directory()
{
	copy_begins
	with fleet_min_uid=1
	{ entry_of root 0; entry_of ../users/root 0; state_of 1 2; } > "$WORK/fleet.ldif"
	imported
	try_as root "pin=$PIN" auth
	no_login
	[ ! -e "$FLEET/users/root.pem" ] || broken 'root has a file'
	copy_ends
}
# Promise: What an organization registers opens neither root, nor an account of the system, nor one that the administrator has excepted.
# Letter: a genuine card and an entry in due form, whose uid is root, or a path to it.
# Seen to succeed: mutant fleet-root-not-copied
adversary fleet-root-in-the-directory root_in_the_directory

# --- the machine that has the CRLs -------------------------------------------------------------------

SUSPENDED=$(openssl x509 -in "$PKI/ca1.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)-06f1d002

# by_lists DESCRIPTION: what is printed for a directory where the suspended card's entry says so, by a list without it
by_lists()
{
	lay_copy hanako
	cp "$PKI/suspended.crt" "$FLEET/users/hanako.pem"
	write_conf "fleet_dir = $FLEET" "fleet_base = ou=jpki,dc=example"
	rm -rf "$CRLS"
	put_crls ca1-released.crl || fail 'no list'
	printf 'dn: cn=%s,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: %s\ndescription: %s\n' "$SUSPENDED" "$SUSPENDED" "$1" |
		setpriv --reuid taro --regid taro --init-groups jpkictl fleet revoke-from-crl - > "$WORK/by-lists" 2>> "$LOG"
	expect_equal 'exit status' 0 $?
	cat "$WORK/by-lists" >> "$LOG"
}

# The thief has a list of before the suspension installed again (a backup of the verifier's machine).
list_of_before()
{
	by_lists "block 2026-01-01T00:00:00Z revoke-from-crl certificateHold $(date -u +%Y-%m-%dT%H:%M:%SZ)"
	[ ! -s "$WORK/by-lists" ] || broken 'an earlier list ends a block'
	by_lists 'block 2026-01-01T00:00:00Z revoke-from-crl certificateHold 2026-01-01T00:00:00Z'
	expect_has 'a later list' 'description: lift' "$(cat "$WORK/by-lists")"
	rm -rf "$FLEET"
	reset_config
}
# Promise: A block that follows from a CRL ends only by a later, valid list that covers the certificate; what a person has blocked, no list unblocks.
# Letter: a list of the real authority, valid today, without the card; but it was made before the one that had it.
# Seen to succeed: mutant revoking-by-an-earlier-list
adversary list-of-before-the-suspension list_of_before

# The card is lost, not revoked: no list has ever had it. Its finder hopes for the next run.
list_without_the_lost_card()
{
	local words

	for words in 'block lost' 'block' "block 2026-01-01T00:00:00Z by hanako (uid 2001)" \
		'block 2026-01-01T00:00:00Z the-help-desk certificateHold 2026-01-01T00:00:00Z'; do
		by_lists "$words"
		[ ! -s "$WORK/by-lists" ] || broken "a list ends \"$words\""
	done
	rm -rf "$FLEET"
	reset_config
}
# Promise: A block that follows from a CRL ends only by a later, valid list that covers the certificate; what a person has blocked, no list unblocks.
# Letter: a valid list that does not have the card, and an entry of the form that the verifier looks for.
# Seen to succeed: mutant revoking-note-of-others
adversary list-without-the-lost-card list_without_the_lost_card

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Somebody who can write to the organization's directory, or who found a card that is blocked there.

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
# Seen to succeed: mutant fleet-registers-anybody
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
# Seen to succeed: mutant fleet-never-ignored
adversary fleet-card-for-the-way-in card_for_the_way_in

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
# Promise: What an organization blocks is refused here, whoever has registered it, before the PIN is asked for and again after it.
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
# Promise: What an organization blocks is refused here, whoever has registered it, before the PIN is asked for and again after it.
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
# Promise: Where the administrator says so, a copy that is too old, or whose age cannot be known, lets nobody in.
# Letter: the state has a time that is no more than fleet_max_age ago, and never will be.
# Seen to succeed: mutant fleet-of-the-future
adversary fleet-state-of-the-future state_of_the_future

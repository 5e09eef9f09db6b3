# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# hanako's keyring, with the real gnome-keyring-daemon: her password opens it. Sourced
# after lib.sh; needs PASSWORD, which is hers.

KEYRING_RUNTIME=/run/user/2001
KEYRING_LOOK=$WORK/look		# a script for a session of hers: prints what is in the keyring

# as_hanako COMMAND: on a bus of hanako's own
as_hanako()
{
	setpriv --reuid 2001 --regid 2001 --init-groups env -i HOME=/home/hanako USER=hanako PATH="$PATH" \
		XDG_RUNTIME_DIR=$KEYRING_RUNTIME timeout 20 dbus-run-session -- sh -c "$1"
}

# A secret in the keyring that hanako's password locks.
make_keyring()
{
	printf '#!/bin/sh\nset -eu\ngnome-keyring-daemon --start --components=secrets >/dev/null 2>&1\nexec secret-tool lookup of e2e\n' \
		> "$KEYRING_LOOK"
	chmod 755 "$WORK" "$KEYRING_LOOK"
	install -d -o hanako -g hanako -m 700 "$KEYRING_RUNTIME"
	as_hanako "printf %s '$PASSWORD' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
		printf %s the-secret | secret-tool store --label=e2e of e2e" >> "$LOG" 2>&1
	end_keyring
	[ -e /home/hanako/.local/share/keyrings/login.keyring ] || fail 'there is no keyring'
}

end_keyring()
{
	pkill -u 2001 -f 'gnome-keyring-d|dbus-daemon' || :
	until_true 5 keyring_gone || fail 'the daemon of the keyring does not end'
	rm -rf "${KEYRING_RUNTIME:?}/keyring"
}

keyring_gone()
{
	! pgrep -u 2001 -f gnome-keyring-d >/dev/null
}

# Stores the password, so that the card on the reader unlocks it.
store_password()	# [PASSWORD [PIN]]
{
	on_tty 'wait:Password of hanako' "type:${1-$PASSWORD}" 'wait:PIN' "type:${2-$PIN}" -- jpkictl unlock set hanako
}

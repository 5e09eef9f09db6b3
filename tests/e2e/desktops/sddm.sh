# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# sddm, daemon, helper and greeter, with the greeter's own theme.

# shellcheck source=tests/e2e/desktops.sh
. "$E2E_TOP/tests/e2e/desktops.sh"

desktops_begin
# Without logind, nothing shows that the greeter's display is at this machine.
HERE=opts=local_services=sddm
locker 'sddm: PIN' sddm example "$HERE"
locker 'sddm: password' sddm example "$HERE" typed="$PASSWORD" code=PASSWORD verifies=0
locker 'sddm: wrong password' sddm example "$HERE" typed=wrong-horse-7 opens=no code=PASSWORD verifies=0
locker 'sddm: wrong PIN, then the right one' sddm example "$HERE" typed="$WRONG_PIN $PIN" verifies=2
locker 'sddm: no card, password' sddm example "$HERE" sim=remove typed="$PASSWORD" code=NO-CARD verifies=0
locker 'sddm: no card, the PIN is no password' sddm example "$HERE" sim=remove opens=no code=NO-CARD verifies=0
locker 'sddm: locked card, password' sddm example "$HERE" sim='set auth-tries 0' typed="$PASSWORD" code=PIN-LOCKED tries=0 verifies=0
locker 'sddm: nothing says where the display is' sddm example typed="$PASSWORD" code=REMOTE verifies=0
locker 'sddm: the name is left empty, and the card names the user' sddm example "$HERE user_from_card=yes" name= session='uid=2001(hanako)'

# --- the keyring opens with the card ---------------------------------------------------
# shellcheck source=tests/e2e/keyring.sh
. "$E2E_TOP/tests/e2e/keyring.sh"
prepare_keyring()
{
	make_keyring
	store_password
	expect_has 'what jpkictl says' 'the card unlocks it' "$OUT"
}
[ -s /etc/machine-id ] || dbus-uuidgen > /etc/machine-id
run_case 'sddm: the password is stored for the keyring' prepare_keyring
locker 'sddm: the keyring opens with the card' sddm keyring "$HERE" session=the-secret
end_keyring
locker 'sddm: the keyring opens with the password' sddm keyring "$HERE" typed="$PASSWORD" sim=remove code=NO-CARD verifies=0 session=the-secret
end_keyring
end_screens

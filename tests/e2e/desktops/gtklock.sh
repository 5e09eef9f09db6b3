# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# gtklock, a locker of Wayland with one field. (swaylock is in ../cases/70-lockers.sh.)

# shellcheck source=tests/e2e/desktops.sh
. "$E2E_TOP/tests/e2e/desktops.sh"

desktops_begin
locker 'gtklock: PIN' gtklock example
locker 'gtklock: password' gtklock example typed="$PASSWORD" code=PASSWORD verifies=0
locker 'gtklock: wrong password' gtklock example typed=wrong-horse-7 opens=no code=PASSWORD verifies=0
locker 'gtklock: nothing, a wrong PIN, the right one' gtklock example typed="- $WRONG_PIN $PIN" verifies=2
locker 'gtklock: wrong PINs, one after the other' gtklock example typed='1111 2222 3333' opens=no code=LAST-TRY tries=1 verifies=2
locker 'gtklock: no card, password' gtklock example sim=remove typed="$PASSWORD" code=PASSWORD verifies=0
locker 'gtklock: card taken away while typing' gtklock example meanwhile=remove opens=no code=NO-CARD verifies=0
locker 'gtklock: locked card' gtklock example sim='set auth-tries 0' opens=no code=PIN-LOCKED tries=0 verifies=0
end_screens

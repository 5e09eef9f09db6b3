# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The locked screen of KDE Plasma 6.

# shellcheck source=tests/e2e/desktops.sh
. "$E2E_TOP/tests/e2e/desktops.sh"

desktops_begin
locker 'KDE: PIN' kde example
locker 'KDE: password' kde example typed="$PASSWORD" code=PASSWORD verifies=0
locker 'KDE: wrong password' kde example typed=wrong-horse-7 opens=no code=PASSWORD verifies=0
locker 'KDE: wrong password, then the PIN' kde example typed="wrong-horse-7 $PIN"
locker 'KDE: wrong PIN, then the right one' kde example typed="$WRONG_PIN $PIN" verifies=2
locker 'KDE: wrong PIN, then the right one, in Japanese' kde example typed="$WRONG_PIN $PIN" lang=ja_JP.UTF-8 verifies=2
locker 'KDE: wrong PINs, one after the other' kde example typed='1111 2222 3333' opens=no code=LAST-TRY tries=1 verifies=2
locker 'KDE: no card, password' kde example sim=remove typed="$PASSWORD" code=PASSWORD verifies=0
locker 'KDE: no card, PIN' kde example sim=remove opens=no code=NO-CARD verifies=0
locker 'KDE: locked card, password' kde example sim='set auth-tries 0' typed="$PASSWORD" code=PIN-LOCKED tries=0 verifies=0
locker 'KDE: the first PIN after the card is back' kde example sim=remove meanwhile=insert
# As long as a picture takes on a busy machine.
locker 'KDE: it says that the PIN waits for the card, which is laid down then' kde example sim=remove \
	opts=wait=60 told='Place your My Number Card on the reader.'
locker 'KDE: it says that the PIN waits for the card, in Japanese' kde example sim=remove lang=ja_JP.UTF-8 \
	opts=wait=60 told='マイナンバーカードをICカードリーダライタに置いてください。'
locker 'KDE: card taken away while typing' kde example meanwhile=remove opens=no code=CARD-REMOVED verifies=0

# A session that locks itself, with X and with Wayland.
for manager in ksmserver kwin; do
	locker "KDE, locked by $manager: PIN" $manager example
	locker "KDE, locked by $manager: wrong PIN, then the right one" $manager example typed="$WRONG_PIN $PIN" verifies=2
	locker "KDE, locked by $manager: wrong password" $manager example typed=wrong-horse-7 opens=no code=PASSWORD verifies=0
	locker "KDE, locked by $manager: no card, password" $manager example sim=remove typed="$PASSWORD" code=PASSWORD verifies=0
done

# kde-smartcard runs beside kde, and Plasma shows no prompt of it.
install_pam_service kde-smartcard 'auth required pam_jpki.so'
locker 'KDE: a card line in kde-smartcard' kde example
end_screens

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# An attacker at the machine who knows the password of an account, where users register their own cards
# (self_enroll = yes): as pkexec starts jpki_enroll_self for them, after that password.

PROGRAM=/usr/libexec/pam_jpki/jpki_enroll_self
NOTICES=/var/lib/pam_jpki/notices

# self_enroll UID [COMMAND…]: with the card on the reader, and its right PIN.
self_enroll()
{
	on_tty 'wait:PIN of the user-authentication|jpkictl enroll:' "type:$PIN" -- "${@:2}" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 \
		TERM=xterm "PKEXEC_UID=$1" "$PROGRAM"
}

people_may()	# CARD
{
	rm -rf "$NOTICES" "$USERS/taro.pem" "$USERS/robot.pem"
	write_conf 'self_enroll = yes'
	fresh_card "$1"
}

for_a_service()
{
	useradd --system --uid 333 robot 2>/dev/null
	people_may other-person
	self_enroll 333
	[ ! -e "$USERS/robot.pem" ] || broken 'a service has a card'
	reset_config
}
# Promise: With `jpkictl enroll --self` users register a card for their own account only, and choose nothing but the reader.
# Letter: the account is the caller's own; it is that of a service which was taken over.
# Seen to succeed: mutant caller-that-is-a-system-account
adversary self-enroll-for-a-service for_a_service

with_a_shared_number()
{
	people_may other-person
	useradd -o --uid 2002 --no-create-home taro-too 2>/dev/null
	self_enroll 2002
	[ ! -e "$USERS/taro.pem" ] || broken 'registered for taro, and it was taro-too who called'
	userdel taro-too 2>/dev/null
	reset_config
}
# Promise: With `jpkictl enroll --self` users register a card for their own account only, and choose nothing but the reader.
# Letter: the number that pkexec gives is the caller's; another account, whose groups are others, has it too.
# Seen to succeed: mutant caller-with-a-shared-uid
adversary self-enroll-shared-uid with_a_shared_number

with_another_users_card()
{
	people_may good
	self_enroll 2002
	[ ! -e "$USERS/taro.pem" ] || broken "hanako's card opens taro's account"
	reset_config
}
# Promise: With `jpkictl enroll --self` users register a card for their own account only, and choose nothing but the reader.
# Letter: the card proves its key, its PIN is right, and taro has no registration; the card is hanako's.
# Seen to succeed: mutant card-of-another-account
adversary self-enroll-another-users-card with_another_users_card

in_a_language_of_his_own()
{
	local dir=$WORK/evil/LC_MESSAGES

	mkdir -p "$dir"
	printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "%%s: the card is registered\\n"\nmsgstr "%%s pwned\\n"\n' |
		msgfmt -o "$dir/pam_jpki.mo" - || fail 'no msgfmt'
	people_may other-person
	on_tty 'wait:PIN of the user-authentication|利用者証明用電子証明書の暗証番号' "type:$PIN" -- env -i LC_ALL=ja_JP.UTF-8 "LANGUAGE=../../../../../$WORK/evil" TERM=xterm PATH=/usr/bin:/bin \
		PKEXEC_UID=2002 "$PROGRAM"
	expect_equal 'exit status' 0 "$STATUS"
	[[ $OUT != *pwned* ]] || broken "a program of root's says what his file says, as a format"
	reset_config
}
# Promise: With `jpkictl enroll --self` users register a card for their own account only, and choose nothing but the reader.
# Letter: he chooses a language, which is his to choose; it leads to a catalogue of his, with formats for printf(3).
# Seen to succeed: mutant language-that-is-a-path
adversary self-enroll-hostile-language in_a_language_of_his_own

exchanges_the_card()
{
	people_may other-person
	enroll taro good2
	self_enroll 2002
	cmp -s "$USERS/taro.pem" "$PKI/good2.crt" || broken "taro's card was exchanged"
	reset_config
}
# Promise: A valid registration, or one that was ended before its time, cannot be exchanged by a user who knows the password; a new registration is reported to the user for a week.
# Letter: he is polkit's "self": he has typed the password of the account.
# Seen to succeed: mutant self-enroll-replaces-a-card
adversary self-enroll-replaces-the-card exchanges_the_card

registers_meanwhile()
{
	people_may other-person
	on_tty wait:PIN "do:cp $PKI/good2.crt $USERS/taro.pem" "type:$PIN" -- env -i PATH=/usr/bin:/bin TERM=xterm PKEXEC_UID=2002 "$PROGRAM"
	cmp -s "$USERS/taro.pem" "$PKI/good2.crt" || broken "taro's card was exchanged"
	reset_config
}
# Promise: A valid registration, or one that was ended before its time, cannot be exchanged by a user who knows the password; a new registration is reported to the user for a week.
# Letter: nothing was registered when he began; he waits at the prompt until the administrator has registered taro's card.
# Seen to succeed: mutant self-enroll-judged-once
adversary self-enroll-during-registration registers_meanwhile

account_phase()	# [OPTION of pamdrive…]
{
	printf 'account [success=ok ignore=ignore default=bad] pam_jpki.so\naccount required pam_permit.so\n' > /etc/pam.d/account
	run pamdrive "$@" --service account --user taro acct
}

logs_in_first()
{
	people_may other-person
	self_enroll 2002
	expect_equal 'exit status' 0 "$STATUS"
	account_phase
	expect_has 'what he reads' 'a user who was logged in to this account' "$OUT"
	touch -d '1 day ago' "$NOTICES/2002"
	account_phase
	[[ $OUT == *'a user who was logged in to this account'* ]] || broken 'taro never reads of it'
	rm -rf "$NOTICES"
	reset_config
}
# Promise: A valid registration, or one that was ended before its time, cannot be exchanged by a user who knows the password; a new registration is reported to the user for a week.
# Letter: the user is told at the next login, and that is the thief's.
# Seen to succeed: mutant notice-told-once
adversary self-enroll-reads-the-notice logs_in_first

read_by_another()
{
	people_may other-person
	self_enroll 2002
	expect_equal 'exit status' 0 "$STATUS"
	account_phase --ruid 2001
	[[ $OUT != *'a user who was logged in to this account'* ]] || broken 'hanako, by su, has read what was for taro'
	rm -rf "$NOTICES"
	reset_config
}
# Promise: A valid registration, or one that was ended before its time, cannot be exchanged by a user who knows the password; a new registration is reported to the user for a week.
# Letter: it is a login of taro's; another account makes it, by su with the new card.
# Seen to succeed: mutant notice-of-another-account
adversary self-enroll-notice-read-by-another read_by_another

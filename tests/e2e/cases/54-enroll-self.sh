# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# jpkictl enroll --self: what root does for taro, who has a card and no registration, when pkexec has had his
# password. pkexec itself is in tests/field; here jpki_enroll_self is started as it starts it.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's
# shellcheck disable=SC2016 # some text is for other shells

PROGRAM=/usr/libexec/pam_jpki/jpki_enroll_self
HIS=$USERS/taro.pem
NOTICE=/var/lib/pam_jpki/notices/2002
SELF=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=xterm SHELL=/bin/bash PKEXEC_UID=2002 "$PROGRAM")
SESSION=$E2E_TOP/tests/e2e/in-session
NOTHING_WRITTEN='something was written'

# taro's card, not registered yet; users may register cards.
his_card()	# [LINE of the configuration…]
{
	rm -rf "$HIS" "$USERS/hanako2.pem" "${NOTICE%/*}"
	write_conf 'self_enroll = yes' "$@"
	fresh_card other-person
}

unchanged()
{
	[ ! -e "$HIS" ] || fail "$NOTHING_WRITTEN"
	[ ! -e "$NOTICE" ] || fail 'a notice is left'
	expect_card_forgot
}

# The card is not even asked for its tries.
refused_unasked()	# WORD-OF-THE-LOG TEXT [COMMAND…]
{
	on_tty -- "${@:3}"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the message' "$2" "$OUT"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	[ -z "$1" ] || expect_logged "JPKI-ADMIN action=enroll-self-refused .*reason=$1 "
	unchanged
}

registers()	# [COMMAND…]
{
	on_tty 'wait:PIN of the user-authentication certificate|利用者証明用電子証明書の暗証番号' "type:$PIN" -- "${@:-${SELF[@]}}"
	expect_equal 'exit status' 0 "$STATUS"
	cmp -s <(openssl x509 -in "$HIS" -outform DER) "$PKI/other-person.der" || fail 'another certificate, or none'
	expect_card_forgot
}

the_right_pin()
{
	his_card
	registers
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$HIS")"
	expect_lacks 'the screen' "$PIN" "$OUT"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	expect_match 'comment of the file' 'enrolled 20.*Z from the card, key proven, by uid 2002 \(jpkictl enroll --self\)' "$(head -n 1 "$HIS")"
	expect_logged 'JPKI-ADMIN action=enroll-self user=taro reason=- uid=0 login=2002'
	run pamdrive --service e2e --user taro "pin=$PIN" auth
	expect_match 'login' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
run_case 'enroll --self: the right PIN, then a login' the_right_pin

# The user is notified at logins by any means, once a day for a week.
told()	# NUMBER
{
	run pamdrive --tty '' --service account --user taro acct
	expect_match 'the account phase' '0 PAM_SUCCESS' "$(transcript 'acct = ')"
	expect_equal 'told' "$1" "$(grep -c '^info: ' <<< "$OUT")"
}

the_user_is_told()
{
	printf 'account [success=ok ignore=ignore default=bad] pam_jpki.so\naccount required pam_permit.so\n' > /etc/pam.d/account
	his_card
	told 0
	registers
	expect_equal 'owner and mode' '0 600' "$(stat -c '%u %a' "$NOTICE")"
	told 1
	expect_has 'the text' "a user who was logged in to this account" "$OUT"
	expect_match 'its terminal' '.*enroll --self, pts/[0-9]+\).*' "$(grep '^info: ' <<< "$OUT")"
	told 0
	touch -d '1 day ago' "$NOTICE"
	printf '%s\n' 'auth sufficient pam_rootok.so' 'account [success=ok ignore=ignore default=bad] pam_jpki.so' \
		'account required pam_permit.so' 'session required pam_permit.so' > /etc/pam.d/su
	on_tty -- env LC_ALL=ja_JP.UTF-8 su taro -c id
	expect_has 'the text in Japanese' 'ログイン中の利用者の操作により、このアカウントにマイナンバーカードが登録されました' "$OUT"
	expect_has 'what su does' 'uid=2002(taro)' "$OUT"
	run pamdrive --service account --user hanako acct
	expect_lacks 'what another account is told' 'My Number Card' "$OUT"
	touch -d '1 day ago' "$NOTICE"
	run pamdrive --ruid 2001 --service account --user taro acct
	expect_lacks 'what another account is told by su' 'My Number Card' "$OUT"
	sed -i -E "s/^registered [0-9]+/registered $(($(date +%s) - 8 * 86400))/" "$NOTICE"
	touch -d '1 day ago' "$NOTICE"
	told 0
	[ ! -e "$NOTICE" ] || fail 'the notice stays for ever'
}
run_case 'enroll --self: the user is told at the next logins' the_user_is_told

# A real login, by the card that was just registered.
told_by_login()
{
	his_card
	registers
	card_stack login
	needs mounts || return
	on_tty "${RIGHT[@]}" 'wait:[$] $' 'type:exit' -- sh -c "$ON_CONSOLE" sh login taro
	umount /dev/tty9 2>/dev/null
	expect_has 'the screen' 'a user who was logged in to this account' "$OUT"
}
run_case 'enroll --self: login tells the user' told_by_login

not_allowed()
{
	local lines

	for lines in '# nothing' 'self_enroll = no'; do
		his_card
		write_conf "$lines"
		refused_unasked self_enroll 'do not register their own cards here' "${SELF[@]}"
	done
	his_card
	write_conf 'self_enroll = perhaps'
	refused_unasked '' 'JPKI-E-CONFIG' "${SELF[@]}"
}
run_case 'enroll --self: not unless the administrator allows it' not_allowed

a_wrong_pin()
{
	his_card
	on_tty wait:PIN "type:$WRONG_PIN" -- "${SELF[@]}"
	expect_equal 'exit status' 1 "$STATUS"
	expect_equal 'tries left' 2 "$(sim get auth-tries)"
	expect_logged 'action=enroll-self-refused user=taro reason=card '
	unchanged
	on_tty wait:PIN insist:03 -- "${SELF[@]}"
	expect_equal 'exit status after ^C' 130 "$STATUS"
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	unchanged
	fresh_card other-person
	sim swap "$(d=$(card_dir 'other-person expiry=20300203'); cp "$PKI/good.key" "$d/auth.key"; echo "$d")"
	CARD_DIRTY=yes
	on_tty wait:PIN "type:$PIN" -- "${SELF[@]}"
	expect_equal 'exit status of a card without the key' 1 "$STATUS"
	unchanged
}
run_case 'enroll --self: a wrong PIN, ^C, a card without the key' a_wrong_pin

# --- what is registered already ----------------------------------------------------------

already()
{
	local before leaf

	for leaf in other-person good2 suspended not-yet other-ca 'expired good2'; do
		his_card
		# shellcheck disable=SC2086 # words
		enroll taro $leaf
		before=$(sha256sum "$HIS")
		on_tty -- "${SELF[@]}"
		expect_equal "exit status with $leaf" 1 "$STATUS"
		expect_has "the message with $leaf" 'a card is registered for this account already' "$OUT"
		expect_equal 'commands to the card' 0 "$(stat_of apdus)"
		expect_equal "the file with $leaf" "$before" "$(sha256sum "$HIS")"
		expect_logged 'reason=registered '
	done
	jpkictl block "$PKI/revoked.crt" >> "$LOG" 2>&1
	enroll taro revoked
	on_tty -- "${SELF[@]}"
	expect_has 'the message with a blocked one' 'a card is registered for this account already' "$OUT"
	reset_config
	rm -f /etc/pam_jpki/blocked
}
run_case 'enroll --self: something in order, or ended before its time, is registered' already

over()
{
	local leaf

	for leaf in expired revoked 'expired revoked'; do
		his_card
		# shellcheck disable=SC2086 # words
		enroll taro $leaf
		registers
		expect_equal "certificates after $leaf" 1 "$(grep -c BEGIN "$HIS")"
	done
}
run_case 'enroll --self: after a certificate that has expired or was revoked' over

unreadable()
{
	his_card
	echo garbage > "$HIS"
	on_tty -- "${SELF[@]}"
	expect_equal 'exit status with garbage' 1 "$STATUS"
	expect_equal 'the file' garbage "$(cat "$HIS")"
	rm -f "$HIS"
	echo theirs > "$WORK/target"
	ln -s "$WORK/target" "$HIS"
	on_tty -- "${SELF[@]}"
	expect_equal 'exit status with a link' 1 "$STATUS"
	expect_equal 'what it leads to' theirs "$(cat "$WORK/target")"
	[ -L "$HIS" ] || fail 'the link was replaced'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	rm -f "$HIS"
	mkdir -p "${NOTICE%/*}"
	chmod 0777 "${NOTICE%/*}"
	on_tty wait:PIN "type:$PIN" -- "${SELF[@]}"
	expect_equal 'exit status without a place for the notice' 1 "$STATUS"
	[ ! -e "$HIS" ] || fail "$NOTHING_WRITTEN"
	rm -rf "${NOTICE%/*}"
	reset_config
}
run_case 'enroll --self: a damaged file, a link, no place for the notice' unreadable

another_accounts()
{
	his_card
	fresh_card good
	on_tty -- "${SELF[@]}"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the message' 'this card is registered for another account' "$OUT"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	unchanged
}
run_case 'enroll --self: the card of another account' another_accounts

# What changes while the PIN is typed is seen before anything is written.
meanwhile()
{
	his_card
	on_tty wait:PIN "do:cp $PKI/good2.crt $HIS" "type:$PIN" -- "${SELF[@]}"
	expect_equal 'exit status' 1 "$STATUS"
	cmp -s "$PKI/good2.crt" "$HIS" || fail 'what the administrator registered was replaced'
	his_card
	on_tty wait:PIN "do:cp $PKI/other-person.crt $USERS/hanako2.pem" "type:$PIN" -- "${SELF[@]}"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the message' 'registered for another account' "$OUT"
	unchanged
	reset_config
}
run_case 'enroll --self: another registration while the PIN is typed' meanwhile

# --- who ----------------------------------------------------------------------------------

as_caller()	# PKEXEC_UID
{
	printf '%s\n' env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "PKEXEC_UID=$1" "$PROGRAM"
}

not_people()
{
	local uid command

	useradd --system --uid 333 robot 2>/dev/null
	his_card
	for uid in 0 1 333 999 65534; do
		mapfile -t command < <(as_caller "$uid")
		refused_unasked system-account 'not root or a system account' "${command[@]}"
	done
	mapfile -t command < <(as_caller 4242)
	refused_unasked account 'exactly one account' "${command[@]}"
	sed -i.was 's/^UID_MIN.*/UID_MIN 3000/' /etc/login.defs
	refused_unasked system-account 'not root or a system account' "${SELF[@]}"
	sed -i 's/^UID_MIN.*/UID_MIN many/' /etc/login.defs
	refused_unasked login-defs 'UID_MIN is not a number' "${SELF[@]}"
	mv /etc/login.defs.was /etc/login.defs
	userdel robot 2>/dev/null
}
run_case 'enroll --self: root, system accounts, the user nobody' not_people

no_uid()
{
	local uid command

	his_card
	for uid in '' ' 2002' +2002 -2002 2002x 0x7d2 2002.0 $'2002\n' 4294967295 4294969298 18446744073709553618 taro; do
		mapfile -d '' -t command < <(printf '%s\0' env -i PATH=/usr/bin:/bin "PKEXEC_UID=$uid" "$PROGRAM")
		refused_unasked '' 'started by: jpkictl enroll --self' "${command[@]}"
	done
	refused_unasked '' 'started by: jpkictl enroll --self' env -i PATH=/usr/bin:/bin "$PROGRAM"
	refused_unasked '' 'started by: jpkictl enroll --self' \
		setpriv --reuid 2002 --regid 2002 --clear-groups env PKEXEC_UID=2002 "$PROGRAM"
	refused_unasked '' 'started by: jpkictl enroll --self' \
		setpriv --reuid 2002 --regid 2002 --clear-groups env PKEXEC_UID=2001 "$PROGRAM"
}
run_case 'enroll --self: no caller, odd numbers, started by hand' no_uid

two_accounts()
{
	his_card
	useradd -o --uid 2002 --no-create-home taro-too
	refused_unasked account 'exactly one account' "${SELF[@]}"
	userdel taro-too
	registers
}
run_case 'enroll --self: two accounts of one number' two_accounts

# --- what else the caller may choose -----------------------------------------------------------

words()
{
	local words

	his_card
	for words in '--user hanako' '--trust /tmp' '--no-check' '--reader' '-r Virtual' '--reader= x' 'hanako' '--reader a b'; do
		# shellcheck disable=SC2086 # words
		on_tty -- "${SELF[@]}" $words
		expect_equal "exit status of $words" 2 "$STATUS"
	done
	for words in '' $'\e]0;x\a' $'a\nb' $'\xff' "$(printf 'x%.0s' {1..128})" $'\u202e'; do
		on_tty -- "${SELF[@]}" --reader "$words"
		expect_equal 'exit status of an odd name' 2 "$STATUS"
		expect_lacks 'the screen' $'\e' "$OUT"
	done
	on_tty -- "${SELF[@]}" --reader ACME
	expect_has 'the message' 'JPKI-E-NO-READER' "$OUT"
	unchanged
	registers "${SELF[@]}" --reader Virtual
}
run_case 'enroll --self: nothing but the name of a reader' words

# What libraries would obey; a catalogue of messages with what printf(3) would obey.
environment()
{
	local dir=$WORK/evil/LC_MESSAGES

	his_card
	mkdir -p "$dir"
	printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "%%s: the card is registered\\n"\nmsgstr "%%s%%s%%s pwned\\n"\n' |
		msgfmt -o "$dir/pam_jpki.mo" - || fail 'no msgfmt'
	registers env LANGUAGE=../../../../../"$WORK/evil" LANG=C.UTF-8 LC_ALL=ja_JP.UTF-8 PCSCLITE_CSOCK_NAME=/tmp/none \
		NSS_DEFAULT_DB_TYPE=extern: SSL_DIR=/tmp TMPDIR=/tmp/none LOCPATH=/tmp/none NLSPATH=/tmp/%N IFS=x SUDO_UID=2001 \
		LOGNAME=hanako USER=hanako HOME=/home/hanako PKEXEC_UID=2002 "$PROGRAM"
	expect_lacks 'the screen' pwned "$OUT"
	[ ! -e "$USERS/root.pem" ] || fail "$NOTHING_WRITTEN"
	his_card
	registers "${SELF[@]:0:2}" PKEXEC_UID=2002 LANG=ja_JP.UTF-8 "$PROGRAM"
	expect_has 'in Japanese' '登録しました' "$OUT"
}
run_case 'enroll --self: the environment' environment

# Limits, signals, timers, streams, directory and mask, as the caller leaves them.
process()
{
	local way

	for way in 'ulimit -S -f 0 -c unlimited; exec "$@"' 'ulimit -S -n 9; exec "$@"' 'ulimit -S -t 1; exec "$@"' 'exec "$@" <&-' \
		'trap "" CHLD PIPE TERM HUP; exec "$@"' 'umask 0; exec "$@"' 'cd /home/taro; umask 777; exec "$@"' \
		'exec 3</etc/shadow; exec "$@"'; do
		his_card
		registers bash -c "$way" bash "${SELF[@]}"
		expect_equal "owner and mode: $way" '0 644' "$(stat -c '%u %a' "$HIS")"
	done
	his_card
	on_tty wait:PIN "type:$PIN" -- bash -c 'exec "$@" >&- 2>&-' bash "${SELF[@]}"
	[ -e "$HIS" ] || fail "not registered with two streams closed"
	expect_equal 'what is in the directory' '' "$(find "$USERS" -name '*.new*')"
	his_card
	RUN_LIMIT=20 run setsid -w "${SELF[@]}"
	expect_equal 'exit status without a terminal' 1 "$STATUS"
	expect_has 'the message' 'there is no terminal' "$OUT"
	unchanged
}
run_case 'enroll --self: limits, signals and streams of the caller' process

# --- where ---------------------------------------------------------------------------------

far_away()
{
	his_card
	refused_unasked place 'its session is remote' "$SESSION" --record UID=2002 1 "${SELF[@]}"
	refused_unasked place 'only users who are at this machine' "$SESSION" --record 'UID=2002 ACTIVE=0' 0 "${SELF[@]}"
	his_card 'remote = yes'
	refused_unasked place 'its session is remote' "$SESSION" --record UID=2002 1 "${SELF[@]}"
	his_card 'remote = strict'
	refused_unasked place 'only users who are at this machine' "${SELF[@]}"
	refused_unasked place 'only users who are at this machine' "$SESSION" --record UID=2002 --also 'UID=2002 REMOTE=1' 0 "${SELF[@]}"
	registers "$SESSION" --record UID=2002 0 "${SELF[@]}"
}
if ldd "$PROGRAM" | grep -q libsystemd; then
	needs sessions run_case 'enroll --self: a remote user' far_away
else
	skip 'enroll --self: a remote user' 'built without libsystemd'
fi

# polkit passes over a file that is no XML; pkexec would then ask for an administrator.
the_action()
{
	run python3 -c '
import xml.etree.ElementTree as tree
action = tree.parse("/usr/share/polkit-1/actions/org.pam-jpki.enroll-self.policy").find("action")
print(action.get("id"), *(action.find("defaults/" + way).text for way in ("allow_any", "allow_inactive", "allow_active")))
print(*(a.text for a in action.findall("annotate") if a.get("key") == "org.freedesktop.policykit.exec.path"))'
	expect_equal 'the action' $'org.pam-jpki.enroll-self no no auth_self\n'"$PROGRAM" "$OUT"
}
run_case 'enroll --self: the action of polkit' the_action

# --- jpkictl's side ---------------------------------------------------------------------------

his_side()
{
	his_card
	refused_unasked '' 'root registers a card by naming the user' jpkictl enroll --self
	cp "$CONF" "$CONF.other"
	refused_unasked '' 'no other configuration file' "${TARO[@]}" jpkictl --config "$CONF.other" enroll --self
	rm -f "$CONF.other"
	write_conf 'self_enroll = no'
	refused_unasked '' 'sudo jpkictl enroll USER' "${TARO[@]}" jpkictl enroll --self
	his_card
	for words in '--self taro' '--self --add' '--self --from-file x'; do
		# shellcheck disable=SC2086 # words
		on_tty -- "${TARO[@]}" jpkictl enroll $words
		expect_equal "exit status of $words" 2 "$STATUS"
	done
	refused_unasked '' 'only root can do this' "${TARO[@]}" jpkictl enroll taro
	mv /usr/share/polkit-1/actions/org.pam-jpki.enroll-self.policy "$WORK/"
	refused_unasked '' 'sudo apt install pkexec' "${TARO[@]}" jpkictl enroll --self
	mv "$WORK/org.pam-jpki.enroll-self.policy" /usr/share/polkit-1/actions/
	! allows sessions || refused_unasked '' 'its session is remote' "$SESSION" --record UID=2002 1 "${TARO[@]}" jpkictl enroll --self
}
run_case 'enroll --self: what jpkictl sees before it asks polkit' his_side

reset_config

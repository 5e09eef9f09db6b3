# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Revoked certificates and the lists that say so, through real libpam. The card is
# never asked for anything: what is refused here costs no try.

# with_crls NAME LEAF CODE PAM 'CRL…' [KEY=VALUE…]: these lists and no others.
with_crls()
{
	local name=$1 leaf=$2 code=$3 pam=$4 crls=$5

	is_wanted "$name" || return 0
	rm -rf "$CRLS"
	# shellcheck disable=SC2086 # words
	[ -z "$crls" ] || put_crls $crls || printf '# %s: cannot import %s\n' "$name" "$crls"
	login "$name" enroll="$leaf" drive=auth unasked=yes code="$code" pam="$pam" apdus=0 "${@:6}"
	reset_config
}

# in_force NAME LEAF 'CRL…' [KEY=VALUE…]: a login that works with these lists.
in_force()
{
	with_crls "$1" "$2" OK SUCCESS "$3" drive="pin=$PIN auth" unasked='' prompts=1 verifies=1 apdus=any \
		card="$2" "${@:4}"
}

REVOKED_SAYS='has been revoked'
UNKNOWN_SAYS='Cannot tell whether the certificate has been revoked'

# --- revoked ----------------------------------------------------------------------------
with_crls 'certificate revoked' revoked REVOKED CRED_EXPIRED ca1.crl \
	says="$REVOKED_SAYS" says2='Have a new one issued at your municipal office'
with_crls 'certificate suspended' suspended SUSPENDED CRED_EXPIRED ca1.crl \
	says='is suspended' says2='have the suspension lifted'
with_crls 'certificate revoked, by the list of the whole CA' revoked REVOKED CRED_EXPIRED ca1-all.crl \
	says="$REVOKED_SAYS"
with_crls 'certificate revoked, by a list for another place' revoked REVOKED CRED_EXPIRED ca1-other-place.crl \
	says="$REVOKED_SAYS"
with_crls 'certificate revoked, crl = if-present' revoked REVOKED CRED_EXPIRED ca1.crl opts='crl=if-present'
with_crls 'certificate revoked, in Japanese' revoked REVOKED CRED_EXPIRED ca1.crl opts='lang=ja' \
	says='失効しているため'
in_force 'certificate revoked, crl = off' revoked ca1.crl opts='crl=off'
in_force 'certificate that was removed from the list' unlisted ca1.crl
in_force 'certificate that is not listed, by the list of the whole CA' good ca1-all.crl
in_force 'list signed with EC' ec384 ca-ec.crl

revoked_in_log()
{
	enroll hanako revoked
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako auth
	expect_logged 'revoked since 20[0-9T:-]+Z, reason keyCompromise'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	enroll hanako suspended
	run pamdrive --service e2e --user hanako auth
	expect_logged 'suspended since 20[0-9T:-]+Z, reason certificateHold'
	reset_config
}
run_case 'certificate revoked: date and reason are in the log' revoked_in_log

# --- lists that do not help -------------------------------------------------------------------
with_crls 'CRL missing' good CRL-MISSING AUTHINFO_UNAVAIL '' says="$UNKNOWN_SAYS" says2='missing'
with_crls 'CRL missing, only one for another place' good CRL-MISSING AUTHINFO_UNAVAIL ca1-other-place.crl
with_crls 'CRL missing, only one at a URI' good CRL-MISSING AUTHINFO_UNAVAIL ca1-uri.crl
with_crls 'CRL missing, only one of the CA of the same name' good CRL-MISSING AUTHINFO_UNAVAIL ca2.crl
in_force 'CRL missing, crl = if-present' good '' opts='crl=if-present'

# broken_crl NAME CODE BREAK [KEY=VALUE…]: the good list, and what is done to it.
broken_crl()
{
	local name=$1

	is_wanted "$name" || return 0
	reset_config
	# shellcheck disable=SC2034 # for BREAK
	INDEX=$(ls "$CRLS"/*.idx | while read -r f; do
		grep -qaF Kiyose-shi "$f" && echo "$f"; done)
	eval "$3" || printf '# %s: cannot prepare: %s\n' "$name" "$3"
	login "$name" drive=auth unasked=yes code="$2" pam=AUTHINFO_UNAVAIL apdus=0 says="$UNKNOWN_SAYS" "${@:4}"
	reset_config
}

broken_crl 'CRL invalid: the index is cut' CRL-INVALID 'truncate -s -1 "$INDEX"' says2='is invalid'
broken_crl 'CRL invalid: the index is garbage' CRL-INVALID 'head -c 2000 /dev/urandom > "$INDEX"'
broken_crl 'CRL invalid: the index is empty' CRL-INVALID ': > "$INDEX"'
broken_crl 'CRL invalid: the index belongs to a user' CRL-INVALID 'chown hanako "$INDEX"'
broken_crl 'CRL invalid: the index can be written by others' CRL-INVALID 'chmod o+w "$INDEX"'
broken_crl 'CRL invalid: the index is a symbolic link' CRL-INVALID 'mv "$INDEX" /root/x.idx && ln -s /root/x.idx "$INDEX"'
broken_crl 'CRL invalid: the directory can be written by others' CRL-INVALID 'chmod o+w "$CRLS"'
broken_crl 'CRL invalid, crl = if-present' CRL-INVALID ': > "$INDEX"' opts='crl=if-present'

# --- time ------------------------------------------------------------------------------------
# stale NAME LEAF CODE PAM 'CRL' [KEY=VALUE…]: a list that was imported in its time.
stale()
{
	local name=$1 leaf=$2 code=$3 pam=$4 crl=$5

	is_wanted "$name" || return 0
	rm -rf "$CRLS"
	crlput -t -129600 "$CRLS" "$NSSDB" "$PKI/crl/$crl" > /dev/null ||
		printf '# %s: cannot import %s\n' "$name" "$crl"
	login "$name" enroll="$leaf" card="$leaf" drive=auth unasked=yes code="$code" pam="$pam" apdus=0 "${@:6}"
	reset_config
}

stale 'CRL out of date' good CRL-STALE AUTHINFO_UNAVAIL ca1-soon-stale.crl \
	says="$UNKNOWN_SAYS" says2='has expired'
stale 'CRL out of date, but it lists the certificate' revoked REVOKED CRED_EXPIRED ca1-soon-stale.crl \
	says="$REVOKED_SAYS"
stale 'CRL out of date, crl = if-present' good CRL-STALE AUTHINFO_UNAVAIL ca1-soon-stale.crl \
	opts='crl=if-present'
stale 'CRL out of date, within crl_grace_hours' good OK SUCCESS ca1-soon-stale.crl \
	opts='crl_grace_hours=25' drive="pin=$PIN auth" unasked='' prompts=1 verifies=1 apdus=any
stale 'CRL out of date, after crl_grace_hours' good CRL-STALE AUTHINFO_UNAVAIL ca1-soon-stale.crl \
	opts='crl_grace_hours=23'

# A list of tomorrow can only be installed with a clock that is wrong, or was.
future_list()
{
	rm -rf "$CRLS"
	crlput -t 172800 "$CRLS" "$NSSDB" "$PKI/crl/ca1-future.crl" >> "$LOG" 2>&1 || fail 'not imported'
	enroll hanako good
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako auth
	expect_has 'what is shown' "$UNKNOWN_SAYS" "$OUT"
	expect_has 'what is shown' 'clock' "$OUT"
	expect_equal 'pam_authenticate' '9 PAM_AUTHINFO_UNAVAIL' "$(transcript 'auth = ')"
	expect_logged 'JPKI-E-CRL-NOT-YET'
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	reset_config
}
run_case 'CRL begins in the future' future_list

# --- importing ----------------------------------------------------------------------------------
crls_refused()
{
	local before crl code

	before=$(ls -l "$CRLS"; sha256sum "$CRLS"/*)
	while read -r crl code; do
		run crlput "$CRLS" "$NSSDB" "$PKI/crl/$crl.crl"
		expect_has "import of $crl" "$crl.crl: $code" "$OUT"
		expect_equal "status for $crl" 1 "$STATUS"
	done <<-EOF
		ca1-tampered signature
		ca1-wrong-key signature
		ca-other unknown-issuer
		ca1-indirect indirect
		ca1-delta delta
		ca1-unknown unknown-critical
		ca1-no-next no-next-update
		ca1-stale expired
		ca1-future not-yet
		ca1-older rollback
	EOF
	expect_equal 'what is installed' "$before" "$(ls -l "$CRLS"; sha256sum "$CRLS"/*)"
}
run_case 'CRLs that are refused change nothing' crls_refused

# A disk on which there is room for the old list and not for another one.
disk_full()
{
	local left why

	install_pam_service e2e "$(stack)"
	rm -rf "$CRLS"
	mkdir -p "$CRLS"
	mount -t tmpfs -o size=32k,mode=0755 tmpfs "$CRLS" || { fail 'no tmpfs'; return; }
	put_crls ca1.crl || fail 'the first list'
	# Room for nothing, then for the CRL without its index.
	for left in 0:no-room 4096:store; do
		why=${left#*:} left=${left%:*}
		rm -f "$CRLS/filler"
		cat /dev/zero > "$CRLS/filler" 2>/dev/null	# ends with the disk full
		truncate -s "-$left" "$CRLS/filler"
		run crlput "$CRLS" "$NSSDB" "$PKI/crl/ca1-good-revoked.crl"
		expect_has "import with $left bytes free" ": $why" "$OUT"
		expect_equal 'left over' '' "$(find "$CRLS" -name '.new*')"
		enroll hanako good
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		expect_has "login with $left bytes free" 'auth = 0 PAM_SUCCESS' "$OUT"
	done
	rm -f "$CRLS/filler"
	run crlput "$CRLS" "$NSSDB" "$PKI/crl/ca1-good-revoked.crl"
	expect_equal 'import with room' 0 "$STATUS"
	run pamdrive --service e2e --user hanako auth
	expect_has 'login after it' 'CRED_EXPIRED' "$OUT"
	umount "$CRLS"
	reset_config
}
needs mounts run_case 'CRL import on a full disk leaves the old list in force' disk_full

# A running import keeps the lock; a login asks for none.
lock_held()
{
	local started

	exec 7> "$CRLS/.lock"
	flock 7
	install_pam_service e2e "$(stack)"
	enroll hanako good
	started=$(now_ms)
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'login beside an import' 'auth = 0 PAM_SUCCESS' "$OUT"
	[ $(($(now_ms) - started)) -lt 10000 ] || fail 'it waited for the lock'
	exec 7>&-
}
run_case 'a running import of a CRL delays no login' lock_held

# --- the administrator's way ----------------------------------------------------------------------
crl_refused()	# STATUS TEXT ARGUMENT…: and nothing on disk is another
{
	local before=$1 says=$2 files

	shift 2
	files=$(sha256sum "$CRLS"/*)
	run jpkictl crl "$@"
	expect_equal "status of crl $*" "$before" "$STATUS"
	expect_has "crl $*" "$says" "$OUT"
	expect_equal "files after crl $*" "$files" "$(sha256sum "$CRLS"/*)"
}

jpkictl_crl()
{
	rm -rf "$CRLS"
	run jpkictl crl list
	expect_equal 'status of crl list' 0 "$STATUS"
	expect_has 'crl list' 'No CRL is installed yet' "$OUT"
	run jpkictl crl import "$PKI/crl/ca1.crl" "$PKI/crl/ca2.crl"
	expect_equal 'status of crl import' 0 "$STATUS"
	expect_has 'crl import' 'ca1.crl: installed:' "$OUT"
	run jpkictl crl import "$PKI/crl/ca1.crl"
	expect_equal 'status of crl import, again' 0 "$STATUS"
	expect_has 'crl import, again' 'installed already' "$OUT"
	run jpkictl crl verify
	expect_equal 'status of crl verify' 0 "$STATUS"
	expect_equal 'lists' 2 "$(grep -c ' revoked$' <<< "$OUT")"

	crl_refused 1 'ca1-older.crl: older than the installed list (rollback)' import "$PKI/crl/ca1-older.crl"
	crl_refused 1 '(signature)' import "$PKI/crl/ca1-tampered.crl"
	crl_refused 1 '(certificate)' import "$PKI/good.crt"
	crl_refused 1 'No such file' import /nowhere.crl
	crl_refused 1 '/tmp' import /tmp
	crl_refused 2 'crl --help' import
	crl_refused 2 'crl --help' list too-much
	run setpriv --reuid hanako --regid hanako --init-groups jpkictl crl import "$PKI/crl/ca-ec.crl"
	expect_equal 'status of crl import by a user' 1 "$STATUS"
	expect_has 'crl import by a user' 'only root' "$OUT"

	# One that is refused does not keep the others out.
	run jpkictl crl import "$PKI/crl/ca1-delta.crl" "$PKI/crl/ca-ec.crl"
	expect_equal 'status of crl import, one refused' 3 "$STATUS"
	expect_has 'crl import, one refused' 'ca-ec.crl: installed:' "$OUT"

	truncate -s -1 "$(ls "$CRLS"/*.idx | head -n 1)"
	run jpkictl crl verify
	expect_equal 'status of crl verify, an index is cut' 1 "$STATUS"
	reset_config
}
run_case 'jpkictl crl: import, list, verify' jpkictl_crl

# --- odd entries ---------------------------------------------------------------------------
in_force 'list with odd entries: who is not on it logs in' good ca1-odd.crl
with_crls 'list with odd entries: revoked after them' revoked REVOKED CRED_EXPIRED ca1-odd.crl
with_crls 'list with odd entries: listed without the zero before its number' revoked-sign REVOKED CRED_EXPIRED ca1-odd.crl
with_crls 'list with odd entries: listed with zeros before its number' revoked-zeros REVOKED CRED_EXPIRED ca1-odd.crl

odd_entries()
{
	rm -rf "$CRLS"
	run jpkictl crl import "$PKI/crl/ca1-odd.crl"
	expect_equal 'status of crl import' 0 "$STATUS"
	expect_has 'crl import' 'entry 1 of the CRL: its serial number is zero' "$OUT"
	expect_has 'crl import' 'entry 3 of the CRL: its date is not within 1970' "$OUT"
	expect_has 'crl import' ', 12 revoked' "$OUT"
	run jpkictl crl verify
	expect_equal 'status of crl verify' 0 "$STATUS"
	run jpkictl crl check "$PKI/revoked-sign.crt"
	expect_has 'crl check' revoked "$OUT"

	# What is not understood may say anything: the list before stays.
	crl_refused 1 '(entry-critical)' import "$PKI/crl/ca1-unknown-entry.crl"
	expect_has 'what was not understood' 2.5.29.99 "$OUT"
	run jpkictl crl check "$PKI/revoked.crt"
	expect_has 'crl check' revoked "$OUT"
	reset_config
}
run_case 'list with odd entries: import' odd_entries

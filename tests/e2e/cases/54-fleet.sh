# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The copy of an organization's directory: what it registers and blocks, how old it is, what is wrong with it.

FLEET=/var/lib/pam_jpki/fleet
ON="fleet_dir=$FLEET"

hash_of()	# CERTIFICATE of the test PKI
{
	sha256sum "$PKI/$1.der" | cut -d' ' -f1
}

# KEY-NUMBER, as the copy names a serial number of this authority's.
number_of()	# CERTIFICATE AUTHORITY
{
	printf '%s-%s\n' "$(openssl x509 -in "$PKI/$2.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)" \
		"$(openssl x509 -in "$PKI/$1.crt" -noout -serial | cut -d= -f2 | tr A-F a-f)"
}

lay_copy()	# HOURS-OLD [LEAF…]: registers them for hanako
{
	local hours=$1 leaf

	shift
	rm -rf "$FLEET"
	mkdir -p "$FLEET/users" "$FLEET/blocked"
	for leaf; do cat "$PKI/$leaf.crt"; done > "$FLEET/users/hanako.pem"
	[ $# -gt 0 ] || rm "$FLEET/users/hanako.pem"
	printf '# test\ntime %s\n' $(($(date +%s) - hours * 3600)) > "$FLEET/state"
}

lay_copy 0 good
login 'fleet: a card that the organization registers' enroll= opts="$ON" after='expect_logged "JPKI-OK user=hanako "'
login 'fleet: not without fleet_dir' enroll= unasked=yes code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0
login 'fleet: beside a card of root'\''s' enroll=other-person opts="$ON"
login 'fleet: another user'\''s card' enroll= opts="$ON" card=other-person unasked=yes code=OTHER-CARD pam=AUTH_ERR
login 'fleet: a wrong PIN costs a try' enroll= opts="$ON" drive="pin=$WRONG_PIN auth" code=PIN-WRONG pam=AUTH_ERR tries=2

never() { login "fleet: never with $1" enroll= opts="$ON $1" unasked=yes code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0 \
	after='expect_logged "may not be registered from outside"'; }
never fleet_min_uid=2002
never fleet_never=taro,hanako
login 'fleet: the lowest uid' enroll= opts="$ON fleet_min_uid=2001"

system_accounts()
{
	local user

	install_pam_service e2e "$(stack "$ON fleet_min_uid=1")"
	cp "$FLEET/users/hanako.pem" "$FLEET/users/root.pem"
	run pamdrive --service e2e --user root "pin=$PIN" auth
	expect_match 'root' '[0-9]+ PAM_USER_UNKNOWN' "$(transcript 'auth = ')"
	install_pam_service e2e "$(stack "$ON")"
	for user in root daemon nobody-there; do
		cp "$FLEET/users/hanako.pem" "$FLEET/users/$user.pem"
		run pamdrive --service e2e --user "$user" "pin=$PIN" auth
		expect_match "$user" '[0-9]+ PAM_USER_UNKNOWN' "$(transcript 'auth = ')"
	done
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	enroll root good
	run pamdrive --service e2e --user root "pin=$PIN" auth
	expect_match 'root, registered by root' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	rm -f "$USERS/root.pem"
	lay_copy 0 good
}
run_case 'fleet: no account of the system' system_accounts

: > "$FLEET/blocked/$(hash_of good)"
login 'fleet: blocked by fingerprint' enroll= opts="$ON" unasked=yes code=FLEET-BLOCKED pam=CRED_EXPIRED apdus=0 \
	says='Your organization has blocked this card.'
login 'fleet: blocked, and root has enrolled it' opts="$ON" unasked=yes code=FLEET-BLOCKED pam=CRED_EXPIRED apdus=0
login 'fleet: blocked, without CRLs' opts="$ON crl=off" unasked=yes code=FLEET-BLOCKED pam=CRED_EXPIRED apdus=0
login 'fleet: another card is not blocked' enroll=other-person card=other-person opts="$ON"
lay_copy 0 good
: > "$FLEET/blocked/$(number_of good ca1)"
login 'fleet: blocked by serial number' opts="$ON" unasked=yes code=FLEET-BLOCKED pam=CRED_EXPIRED apdus=0
lay_copy 0 good
: > "$FLEET/blocked/$(number_of good ca2)"
login 'fleet: the same number of another authority' enroll= opts="$ON"

lay_copy 0 good
login 'fleet: blocked while the PIN is typed' enroll= opts="$ON" verifies=0 code=FLEET-BLOCKED pam=CRED_EXPIRED \
	drive="'exec=touch $FLEET/blocked/$(hash_of good)' pin=$PIN auth"
lay_copy 0 good
login 'fleet: registration gone while the PIN is typed' enroll= opts="$ON" verifies=0 code=NOT-ENROLLED pam=USER_UNKNOWN \
	drive="'exec=rm $FLEET/users/hanako.pem' pin=$PIN auth"

lay_copy 25 good
OLD="$ON fleet_max_age=24"
login 'fleet: an old copy, by minutes' enroll= opts="$ON fleet_max_age=1499m fleet_stale=refuse" unasked=yes code=FLEET-STALE \
	pam=AUTHINFO_UNAVAIL apdus=0 after='expect_logged "1500 minutes ago, and fleet_max_age is 1499"'
login 'fleet: not so old, by minutes' enroll= opts="$ON fleet_max_age=1505m fleet_stale=refuse"
login 'fleet: an age of two minutes' enroll= opts="$ON fleet_max_age=2m" unasked=yes code=CONFIG pam=SERVICE_ERR apdus=0 \
	after='expect_logged "0 to 8760 hours, or 3m to 525600m"'
login 'fleet: an old copy, allowed' enroll= opts="$OLD" after='expect_logged "JPKI-W-FLEET-STALE.* 25 hours ago"'
login 'fleet: an old copy, refused' enroll= opts="$OLD fleet_stale=refuse" unasked=yes code=FLEET-STALE pam=AUTHINFO_UNAVAIL \
	apdus=0 says='has not heard from your organization'
login 'fleet: an old copy, refused, in Japanese' enroll= opts="$OLD fleet_stale=refuse lang=ja" unasked=yes code=FLEET-STALE \
	pam=AUTHINFO_UNAVAIL apdus=0 says='組織のサーバーから長い間'
login 'fleet: an old copy, and root has enrolled the card' opts="$OLD fleet_stale=refuse"
login 'fleet: not so old' enroll= opts="$ON fleet_max_age=26 fleet_stale=refuse"
lay_copy -24 good
login 'fleet: a copy of tomorrow' enroll= opts="$OLD fleet_stale=refuse" unasked=yes code=FLEET-STALE pam=AUTHINFO_UNAVAIL \
	apdus=0 after='expect_logged "in the future"'

# What is wrong with the copy refuses what it registers, and leaves root's as they are.
broken()	# WHAT COMMAND
{
	lay_copy 0 good
	eval "$2"
	login "fleet: $1" enroll= opts="$ON" unasked=yes code=FLEET pam=AUTHINFO_UNAVAIL apdus=0 \
		says='list of registered cards cannot be read'
	login "fleet: $1, and root has enrolled the card" opts="$ON"
}
broken 'no state' "rm $FLEET/state"
broken 'a state that is none' "echo yesterday > $FLEET/state"
broken 'no list of what is blocked' "rmdir $FLEET/blocked"
broken 'writable for others' "chmod 0777 $FLEET"
broken 'of another owner' "chown 2001 $FLEET"
broken 'a damaged registration' "truncate -s 600 $FLEET/users/hanako.pem"
broken 'too many certificates' "(cd $PKI && cat other-person.crt ec256.crt ec384.crt ec521.crt expired.crt chatty.crt chatty2.crt eku-client.crt) \
	>> $FLEET/users/hanako.pem"
rm -rf "$FLEET"
login 'fleet: no copy yet' enroll= opts="$ON" unasked=yes code=NOT-ENROLLED pam=USER_UNKNOWN apdus=0
login 'fleet: no copy yet, and root has enrolled the card' opts="$ON"

by_jpkictl()
{
	lay_copy 0 good
	write_conf "fleet_dir = $FLEET"
	rm -f "$USERS"/*
	run jpkictl list
	expect_has 'list' 'JPKI-OK (your organization)' "$OUT"
	run jpkictl list --json
	expect_has 'list --json' '"fleet": true' "$OUT"
	run jpkictl doctor
	expect_has 'doctor' D540 "$OUT"
	expect_lacks 'doctor' D544 "$OUT"
	enroll hanako good
	run jpkictl list --json
	expect_has 'list --json' '"fleet": false' "$OUT"
	run jpkictl revoke hanako
	expect_equal 'revoke' 0 "$STATUS"
	expect_has 'revoke' 'no longer registered on this machine' "$OUT"
	expect_has 'revoke' 'which stays registered' "$OUT"
	run jpkictl revoke hanako
	expect_equal 'revoke of what the organization registers' 1 "$STATUS"
	: > "$FLEET/blocked/$(hash_of good)"
	run jpkictl block "$PKI/good.crt"
	expect_equal 'block' 0 "$STATUS"
	run jpkictl unblock "$PKI/good.crt"
	expect_equal 'unblock' 0 "$STATUS"
	expect_has 'unblock' 'your organization has blocked it as well' "$OUT"
	run jpkictl list
	expect_has 'list' JPKI-E-FLEET-BLOCKED "$OUT"
	run jpkictl enroll --from-file "$PKI/good.crt" hanako
	expect_equal 'enroll of a blocked one' 1 "$STATUS"
	cp "$FLEET/users/hanako.pem" "$FLEET/users/root.pem"
	run jpkictl doctor
	expect_match 'doctor' '.*D544[^[]*root.*' "${OUT//$'\n'/ }"
	rm "$FLEET/state"
	run jpkictl doctor
	expect_has 'doctor' D542 "$OUT"
	rm -rf "$FLEET"
	run jpkictl doctor
	expect_has 'doctor' D543 "$OUT"
	lay_copy 25 good
	write_conf "fleet_dir = $FLEET" 'fleet_max_age = 24'
	run jpkictl doctor
	expect_has 'doctor' D541 "$OUT"
	rm -rf "$FLEET"
	reset_config
}
run_case 'fleet: jpkictl list, revoke, unblock, enroll, doctor' by_jpkictl

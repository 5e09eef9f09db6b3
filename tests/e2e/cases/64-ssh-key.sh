# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Logins over the network with the key on the card in the client's reader: the real ssh
# with OpenSC's PKCS#11 module, and the real sshd, which asks jpkictl ssh-keys.
# shellcheck disable=SC2034,SC2154 # command is terminal.sh's

OPENSC=$(find /usr/lib /usr/lib64 -name opensc-pkcs11.so 2>/dev/null | head -n 1)

keys_of()	# CERTIFICATE: as ssh-keygen makes it of the public key
{
	openssl x509 -in "$1" -noout -pubkey > "$WORK/pub.pem" && ssh-keygen -i -m PKCS8 -f "$WORK/pub.pem"
}

ssh_keys()
{
	local leaf

	for leaf in good rsa4096 ec256 ec384; do
		enroll hanako "$leaf"
		run jpkictl ssh-keys hanako
		expect_equal "exit status, $leaf" 0 "$STATUS"
		expect_equal "the key, $leaf" "$(keys_of "$PKI/$leaf.crt")" "$(cut -d' ' -f2,3 <<< "$OUT")"
		expect_match "the end, $leaf" "expiry-time=\"$(date -d "$(openssl x509 -in "$PKI/$leaf.crt" -noout -enddate |
			cut -d= -f2)" +%Y%m%d%H%M%S)\" .* jpki:[0-9a-f]{16}" "$OUT"
		ssh-keygen -l -f - <<< "$OUT" >> "$LOG" 2>&1 || fail "ssh-keygen cannot read it, $leaf"
	done
	enroll hanako good expired
	run setpriv --reuid jpki-keys --regid jpki-keys --clear-groups jpkictl ssh-keys hanako
	expect_equal 'keys, one of two certificates has expired, asked by jpki-keys' 1 "$(grep -c ssh-rsa <<< "$OUT")"
	for leaf in expired not-yet other-ca sign rsa1024; do
		enroll hanako "$leaf"
		run jpkictl ssh-keys hanako
		expect_equal "exit status, $leaf" 0 "$STATUS"
		expect_lacks "keys, $leaf" ' ssh-rsa ' "$OUT"
	done
	run jpkictl ssh-keys taro
	expect_equal 'not enrolled' '0 ' "$STATUS $OUT"
	run jpkictl ssh-keys ../hanako
	expect_equal 'a path' '0 ' "$STATUS $OUT"
	echo garbage > "$USERS/hanako.pem"
	run jpkictl ssh-keys hanako
	expect_equal 'exit status, damaged' 1 "$STATUS"
	expect_lacks 'damaged' ssh-rsa "$OUT"
	reset_config
	write_conf 'colour = blue'
	run jpkictl ssh-keys hanako
	expect_equal 'exit status, configuration' 1 "$STATUS"
	expect_lacks 'configuration' ssh-rsa "$OUT"
	reset_config
}
run_case 'ssh-keys: the keys of valid certificates and no others' ssh_keys

with_card()	# STATUS SAYS [STEP…]: hanako logs in with the card on the reader here
{
	on_tty "${@:3}" -- "${SSH[@]/PubkeyAuthentication=no/PubkeyAuthentication=yes}" -I "$OPENSC" -o PreferredAuthentications=publickey hanako@127.0.0.1 id
	expect_equal "exit status" "$1" "$STATUS"
	expect_has 'the screen' "$2" "$OUT"
}
TYPE_PIN=('wait:Enter PIN' "type:$PIN")

by_card()
{
	fresh_card
	enroll hanako good
	with_card 0 'uid=2001(hanako)' "${TYPE_PIN[@]}"
	expect_equal 'PINs that reached the card' 1 "$(stat_of verifies)"
	enroll hanako
	with_card 255 'Permission denied'
	enroll hanako good2
	with_card 255 'Permission denied'
	enroll hanako expired
	with_card 255 'Permission denied'
	expect_equal 'PINs that reached the card in all' 1 "$(stat_of verifies)"
	CARD_DIRTY=yes
}

# One login, an import, another login.
revoked_between()
{
	enroll hanako good
	with_card 0 'uid=2001(hanako)' "${TYPE_PIN[@]}"
	run jpkictl crl import "$PKI/crl/ca1-good-revoked.crl"
	expect_equal 'exit status of the import' 0 "$STATUS"
	with_card 255 'Permission denied'
	reset_config
	CARD_DIRTY=yes
}

# The same through an agent: the PIN once, when the card is given to it.
AGENT_SOCK=$WORK/agent
through_agent()	# STATUS SAYS
{
	run env SSH_AUTH_SOCK="$AGENT_SOCK" "${SSH[@]/PubkeyAuthentication=no/PubkeyAuthentication=yes}" \
		-o PreferredAuthentications=publickey hanako@127.0.0.1 id
	expect_equal 'exit status' "$1" "$STATUS"
	expect_has 'what ssh says' "$2" "$OUT"
}

give_to_agent()	# PIN
{
	printf '#!/bin/sh\necho %s\n' "$1" > "$WORK/pin-askpass"
	chmod 0700 "$WORK/pin-askpass"
	run env SSH_AUTH_SOCK="$AGENT_SOCK" SSH_ASKPASS="$WORK/pin-askpass" SSH_ASKPASS_REQUIRE=force ssh-add -s "$OPENSC"
}

by_agent()
{
	local agent

	enroll hanako good
	ssh-agent -D -a "$AGENT_SOCK" -P "$(readlink -f "$OPENSC")" > /dev/null 2>> "$LOG" &
	agent=$!
	until_true 5 test -S "$AGENT_SOCK" || fail 'no agent'
	give_to_agent "$WRONG_PIN"
	expect_equal 'tries left after a wrong PIN' 2 "$(sim get auth-tries)"
	through_agent 255 'Permission denied'
	give_to_agent "$PIN"
	expect_equal 'exit status of ssh-add' 0 "$STATUS"
	through_agent 0 'uid=2001(hanako)'
	through_agent 0 'uid=2001(hanako)'
	run jpkictl block "$PKI/good.crt"
	through_agent 255 'Permission denied'
	run jpkictl unblock "$PKI/good.crt"
	through_agent 0 'uid=2001(hanako)'
	run jpkictl revoke hanako
	through_agent 255 'Permission denied'
	run env SSH_AUTH_SOCK="$AGENT_SOCK" ssh-add -e "$OPENSC"
	run env SSH_AUTH_SOCK="$AGENT_SOCK" ssh-add -l
	expect_has 'what the agent has' 'no identities' "$OUT"
	end_process "$agent"
	reset_config
	CARD_DIRTY=yes
}

# What is open stays open: a session that several share outlives the certificate.
open_connection()
{
	enroll hanako good
	with_card 0 'uid=2001(hanako)' "${TYPE_PIN[@]}"
	on_tty "${TYPE_PIN[@]}" -- "${SSH[@]/PubkeyAuthentication=no/PubkeyAuthentication=yes}" -I "$OPENSC" \
		-o PreferredAuthentications=publickey -o ControlMaster=yes -o ControlPath="$WORK/control" -o ControlPersist=30 hanako@127.0.0.1 id
	expect_has 'the first session' 'uid=2001(hanako)' "$OUT"
	run jpkictl crl import "$PKI/crl/ca1-good-revoked.crl"
	run "${SSH[@]}" -o ControlPath="$WORK/control" hanako@127.0.0.1 id
	expect_has 'a second session on the open connection' 'uid=2001(hanako)' "$OUT"
	run "${SSH[@]}" -o ControlPath="$WORK/control" -O exit hanako@127.0.0.1
	with_card 255 'Permission denied'
	reset_config
	CARD_DIRTY=yes
}

start_key_sshd()
{
	start_sshd
	stop_sshd
	sed -n '/^[A-Z]/p' /usr/share/doc/pam_jpki/examples/sshd-keys.conf >> "$WORK/sshd/config"
	"$(command -v sshd)" -D -f "$WORK/sshd/config" -E "$E2E_LOGS/sshd.log" </dev/null 2>> "$E2E_LOGS/sshd.log" &
	SSHD_PID=$!
	until_true 10 listens "$SSH_PORT" || fail 'sshd does not come up, see sshd.log'
}

if [ -z "$OPENSC" ]; then
	skip 'ssh with the key on the card' 'there is no opensc-pkcs11.so'
elif is_wanted 'ssh with the key on the card, by an agent' || is_wanted 'ssh with the key on the card, a connection that is open' ||
    is_wanted 'ssh with the key on the card' || is_wanted 'ssh with the key on the card, revoked between two logins'; then
	stack_of sshd '@include common-auth'
	start_key_sshd
	run_case 'ssh with the key on the card' by_card
	run_case 'ssh with the key on the card, revoked between two logins' revoked_between
	run_case 'ssh with the key on the card, by an agent' by_agent
	run_case 'ssh with the key on the card, a connection that is open' open_connection
	stop_sshd
fi

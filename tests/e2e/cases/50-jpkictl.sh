# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The administrator's tool, against the same pcscd and card.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

ENROLLED=$USERS/hanako.pem

same_cert()	# LEAF FILE
{
	[ "$(openssl x509 -in "$PKI/$1.crt" -noout -fingerprint -sha256)" = \
		"$(openssl x509 -in "$2" -noout -fingerprint -sha256 2>/dev/null)" ] ||
		fail "$2 is not the certificate $1"
}

trust_tool()
{
	rm -rf "$NSSDB"
	run jpkictl trust add "$PKI/ca1.crt"
	expect_equal 'trust add, PEM' 0 "$STATUS"
	run jpkictl trust add "$PKI/ca2.der"
	expect_equal 'trust add, DER, same name' 0 "$STATUS"
	run jpkictl trust list
	expect_equal 'trust list' 0 "$STATUS"
	expect_equal 'authorities listed' 2 "$(grep -ciE '([0-9a-f]{2}:){31}[0-9a-f]{2}|[0-9a-f]{64}' <<< "$OUT")"
	run certutil -L -d "sql:$NSSDB"
	expect_equal 'trust flags' 2 "$(grep -c 'T,,' <<< "$OUT")"
	expect_equal 'mode of the database' '755 644' "$(stat -c %a "$NSSDB") $(stat -c %a "$NSSDB/cert9.db")"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
run_case 'jpkictl trust add, list; then a login' trust_tool

trust_refuses()
{
	local leaf before

	before=$(cat "$NSSDB"/* | sha256sum)
	for leaf in good other-person sign; do
		run jpkictl trust add "$PKI/$leaf.crt"
		[ "$STATUS" != 0 ] || fail "$leaf taken for an authority"
	done
	echo garbage > "$WORK/garbage.crt"
	run jpkictl trust add "$WORK/garbage.crt"
	[ "$STATUS" != 0 ] || fail 'garbage taken for an authority'
	run jpkictl trust add "$WORK/no-such-file"
	[ "$STATUS" != 0 ] || fail 'no file, no error'
	expect_has 'the error' 'no-such-file' "$OUT"
	expect_equal 'the database' "$before" "$(cat "$NSSDB"/* | sha256sum)"
}
run_case 'jpkictl trust add refuses what is no authority' trust_refuses

trust_at_once()
{
	local ca pids=()

	rm -rf "$NSSDB"
	for ca in ca1 ca2 ca-ec; do
		jpkictl trust add "$PKI/$ca.crt" >> "$LOG" 2>&1 &
		pids+=($!)
	done
	for ca in "${pids[@]}"; do
		wait "$ca" || fail 'one of three adds failed'
	done
	run certutil -L -d "sql:$NSSDB"
	expect_equal 'authorities' 3 "$(grep -c 'T,,' <<< "$OUT")"
	expect_equal 'the lock' '0 600' "$(stat -c '%u %a' "$NSSDB.lock")"
	expect_equal 'left behind' '' "$(compgen -G "$NSSDB.new-*")"
	reset_config
}
run_case 'jpkictl trust add, three at once' trust_at_once

trust_half()
{
	rm -rf "$NSSDB"
	cat "$PKI/ca1.crt" "$PKI/good.crt" "$PKI/ca2.crt" > "$WORK/half.pem"
	run jpkictl trust add "$WORK/half.pem"
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'what was added' 'the first 1 certificate is trusted now, the rest was not added' "$OUT"
	run certutil -L -d "sql:$NSSDB"
	expect_equal 'authorities' 1 "$(grep -c 'T,,' <<< "$OUT")"
	reset_config
}
run_case 'jpkictl trust add that fails midway says what was added' trust_half

odd_files()
{
	local file words

	mkfifo "$WORK/fifo"
	for words in 'trust add' 'enroll hanako --from-file'; do
		for file in "$WORK/fifo" "$WORK" /dev/tty "$WORK/absent"; do
			# shellcheck disable=SC2086 # words
			RUN_LIMIT=10 run jpkictl $words "$file"
			expect_equal "jpkictl $words $file" 1 "$STATUS"
			expect_equal "messages of jpkictl $words $file" 1 "$(grep -c . <<< "$OUT")"
		done
	done
	rm -f "$WORK/fifo"
}
run_case 'jpkictl: a FIFO, a directory or no file gives one message' odd_files

trust_remove()
{
	local id

	run jpkictl trust list
	id=$(grep -oiE '([0-9a-f]{2}:){31}[0-9a-f]{2}|[0-9a-f]{64}' <<< "$OUT" | head -n 1)
	run jpkictl trust remove "$id"
	expect_equal 'trust remove' 0 "$STATUS"
	run jpkictl trust list
	expect_lacks 'trust list' "$id" "$OUT"
	run jpkictl trust remove "$id"
	[ "$STATUS" != 0 ] || fail 'removed twice'
	reset_config
}
run_case 'jpkictl trust remove' trust_remove

enroll_tty()
{
	rm -f "$ENROLLED"
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'exit status' 0 "$STATUS"
	same_cert good "$ENROLLED"
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$ENROLLED")"
	expect_lacks 'the screen' "$PIN" "$OUT"
	expect_equal 'tries left' 3 "$(sim get auth-tries)"
	expect_card_forgot
	run jpkictl list
	expect_has 'list' hanako "$OUT"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login' '0 PAM_SUCCESS' "$(transcript 'auth = ')"
}
run_case 'jpkictl enroll at the terminal, then a login' enroll_tty

enroll_wrong_pin()
{
	rm -f "$ENROLLED"
	on_tty 'wait:PIN' "type:$WRONG_PIN" -- jpkictl enroll hanako
	[ "$STATUS" != 0 ] || fail 'enrolled with a wrong PIN'
	[ ! -e "$ENROLLED" ] || fail 'a file was written'
	expect_equal 'tries left' 2 "$(sim get auth-tries)"
	expect_card_forgot
	reset_config
}
run_case 'jpkictl enroll with a wrong PIN writes nothing' enroll_wrong_pin

enroll_counterfeit()
{
	local dir

	rm -f "$ENROLLED"
	dir=$(card_dir 'good expiry=20300202')
	cp "$PKI/other-person.key" "$dir/auth.key"
	sim swap "$dir"
	CARD_DIRTY=yes
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll hanako
	[ "$STATUS" != 0 ] || fail 'enrolled a card without the key'
	[ ! -e "$ENROLLED" ] || fail 'a file was written'
	reset_config
}
run_case 'jpkictl enroll proves the key' enroll_counterfeit

# What comes from the keyboard while the card signs waits until it has forgotten the PIN.
enroll_signal()		# STEP…
{
	rm -f "$ENROLLED"
	sim fault ins 2A hang 2000
	on_tty 'wait:PIN' "type:$PIN" \
		"do:until sim stats | grep -q verifies=1; do sleep 0.05; done; sleep 0.5" "$@" -- jpkictl enroll hanako
	expect_equal 'VERIFY commands' 1 "$(stat_of verifies)"
	expect_equal 'exit status' 130 "$STATUS"
	[ ! -e "$ENROLLED" ] || fail 'a file was written'
	expect_card_forgot
	CARD_DIRTY=yes
	reset_config
}
run_case 'jpkictl enroll, ^C while the card signs' enroll_signal key:03
run_case 'jpkictl enroll, ^\ while the card signs' enroll_signal key:1c
run_case 'jpkictl enroll, killed while the card signs' enroll_signal 'do:pkill -TERM -x jpkictl'
run_case 'jpkictl enroll, hung up while the card signs' enroll_signal 'do:pkill -HUP -x jpkictl'

# A slow card: a message at a terminal, and nowhere else.
slow_card()
{
	local words

	rm -f "$ENROLLED"
	for words in 'status' 'survey' 'pin status'; do
		fresh_card
		sim fault ins B0 hang 1300
		# shellcheck disable=SC2086 # words
		on_tty -- jpkictl $words
		expect_equal "exit status of $words" 0 "$STATUS"
		expect_has "the screen of $words" $'Reading the card; leave it on the reader …\r\e[K' "$OUT"
		# shellcheck disable=SC2086 # words
		run jpkictl $words
		expect_lacks "what $words prints" 'Reading the card' "$OUT"
	done
	fresh_card
	sim fault ins 2A hang 1300
	on_tty wait:PIN "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'exit status of enroll' 0 "$STATUS"
	expect_has 'the screen of enroll' $'Using the card; leave it on the reader …\r\e[K' "$OUT"
	fresh_card
	sim fault ins B0 hang 1300
	on_tty -- jpkictl doctor
	expect_has 'the screen of doctor' $'Examining readers and cards …\r\e[K' "$OUT"
	run jpkictl doctor
	expect_lacks 'what doctor prints' 'Examining' "$OUT"
	CARD_DIRTY=yes
	reset_config
}
run_case 'jpkictl with a slow card says that it waits' slow_card

enroll_interrupted_prompt()
{
	rm -f "$ENROLLED"
	on_tty 'wait:PIN' insist:03 -- jpkictl enroll hanako
	expect_equal 'exit status' 130 "$STATUS"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
	run setsid -w jpkictl enroll hanako
	expect_equal 'exit status without a terminal' 1 "$STATUS"
	expect_has 'the message' 'there is no terminal' "$OUT"
	[ ! -e "$ENROLLED" ] || fail 'a file was written'
	reset_config
}
run_case 'jpkictl enroll, ^C at the prompt and no terminal' enroll_interrupted_prompt

enroll_hanging_card()
{
	rm -f "$ENROLLED"
	write_conf 'timeout = 5'
	sim fault ins 2A hang forever
	on_tty 'wait:PIN' "type:$PIN" -- jpkictl enroll hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the sentence' 'take the card off the reader' "$OUT"
	[ ! -e "$ENROLLED" ] || fail 'a file was written'
	CARD_DIRTY=yes
	reset_config
}
run_case 'jpkictl enroll gives up on a card that hangs' enroll_hanging_card

tool_deadline()
{
	local words holder

	write_conf 'timeout = 5'
	kill -STOP "$PCSCD_PID"
	for words in status 'enroll hanako'; do
		# shellcheck disable=SC2086 # words
		RUN_LIMIT=20 run jpkictl $words
		expect_equal "jpkictl $words, exit status" 1 "$STATUS"
		expect_has "jpkictl $words" JPKI-E-TIMEOUT "$OUT"
	done
	kill -CONT "$PCSCD_PID"
	scprobe hold 60000 > "$WORK/held" 2>&1 &
	holder=$!
	until_true 10 grep -q held "$WORK/held" || fail 'the other program does not get the card'
	for words in status 'enroll hanako'; do
		# shellcheck disable=SC2086 # words
		RUN_LIMIT=20 run jpkictl $words
		expect_equal "jpkictl $words, exit status" 1 "$STATUS"
		expect_has "jpkictl $words" 'Another program is using the card' "$OUT"
	done
	kill "$holder" && wait "$holder" 2>/dev/null
	reset_config
}
run_case 'jpkictl gives up on pcscd and on a held card' tool_deadline

enroll_unsafe_directory()
{
	chmod 0775 "$USERS"
	run jpkictl enroll --from-file "$PKI/renewed.crt" hanako
	expect_equal 'exit status' 1 "$STATUS"
	expect_has 'the remedy' 'chmod go-w' "$OUT"
	same_cert good "$ENROLLED"
	cat "$PKI/good.crt" "$PKI/renewed.crt" > "$WORK/two.pem"
	chmod 0755 "$USERS"
	rm -f "$ENROLLED"
	run jpkictl enroll --from-file "$WORK/two.pem" hanako
	expect_equal 'two certificates, exit status' 1 "$STATUS"
	[ ! -e "$ENROLLED" ] || fail 'one of two certificates was enrolled'
	reset_config
}
run_case 'jpkictl enroll refuses an unsafe directory, and two certificates' enroll_unsafe_directory

enroll_nobody()
{
	run jpkictl enroll --from-file "$PKI/good.crt" nosuchuser
	[ "$STATUS" != 0 ] || fail 'enrolled a user who does not exist'
	run jpkictl enroll --from-file "$PKI/good.crt" ../../tmp/x
	[ "$STATUS" != 0 ] || fail 'enrolled a path'
	[ ! -e /tmp/x.pem ] || fail 'wrote outside'
}
run_case 'jpkictl enroll refuses who is no user' enroll_nobody

enroll_from_file()
{
	local leaf

	for leaf in expired not-yet other-ca wrong-ku ku-both eku-server rsa1024 sha1 sign by-nosign ca1; do
		run jpkictl enroll --from-file "$PKI/$leaf.crt" hanako
		[ "$STATUS" != 0 ] || fail "$leaf was enrolled"
	done
	same_cert good "$ENROLLED"
	rm -f "$ENROLLED"
	for leaf in good good2 ec256 ec384 renewed; do
		run jpkictl enroll --from-file "$PKI/$leaf.crt" hanako
		expect_equal "enroll --from-file $leaf" 0 "$STATUS"
	done
	run jpkictl enroll --from-file "$PKI/good.der" taro
	expect_equal 'enroll --from-file, DER' 0 "$STATUS"
	reset_config
}
run_case 'jpkictl enroll --from-file takes the right kinds only' enroll_from_file

full_disk()
{
	mkdir -p "$WORK/full" && cp "$ENROLLED" "$WORK/old.pem"
	mount -t tmpfs -o size=16k tmpfs "$USERS"
	cp "$WORK/old.pem" "$ENROLLED"
	head -c 100000 /dev/zero > "$USERS/filler" 2>/dev/null
	run jpkictl enroll --from-file "$PKI/renewed.crt" hanako
	[ "$STATUS" != 0 ] || fail 'no error on a full disk'
	cmp -s "$WORK/old.pem" "$ENROLLED" || fail 'the old enrollment is damaged'
	expect_equal 'files left' 'filler hanako.pem ' "$(find "$USERS" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')"
	umount "$USERS"
	reset_config
}
needs mounts run_case 'jpkictl enroll on a full disk leaves the old enrollment' full_disk

revoke()
{
	run jpkictl revoke hanako
	expect_equal 'exit status' 0 "$STATUS"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_match 'login' '10 PAM_USER_UNKNOWN' "$(transcript 'auth = ')"
	expect_equal 'commands to the card' 0 "$(stat_of apdus)"
	run jpkictl revoke hanako
	[ "$STATUS" != 0 ] || fail 'revoked twice'
	reset_config
}
run_case 'jpkictl revoke' revoke

# serials_of USER: its lines in the index.
serials_of()
{
	awk -v user="$1" '$2 == user { print $1 }' "$USERS.index" | tr '\n' ' '
}

# By jpkictl it is kept in step; a file that Ansible puts there counts at once, and is named in the log.
index_of_users()
{
	rm -f "$ENROLLED" "$USERS.index"
	run jpkictl enroll --from-file "$PKI/good.crt" hanako
	run jpkictl enroll --add --from-file "$PKI/soon.crt" hanako
	run jpkictl enroll --from-file "$PKI/other-person.crt" taro
	expect_equal 'owner and mode' '0 644' "$(stat -c '%u %a' "$USERS.index")"
	expect_equal 'hanako' '05000002 06f1a2b3 ' "$(serials_of hanako)"
	expect_equal 'taro' '06f1a2b4 ' "$(serials_of taro)"
	run jpkictl status
	expect_match 'registered for' '.*registered for +hanako' "$(grep 'registered for' <<< "$OUT")"
	expect_lacks 'status' 'not in the index' "$OUT"
	cp "$ENROLLED" "$USERS/.new" && mv "$USERS/.new" "$USERS/jiro.pem"
	run jpkictl status
	expect_match 'registered for, with a file that was put there' '.*registered for +hanako, jiro' \
		"$(grep 'registered for' <<< "$OUT")"
	expect_has 'status' '1 registrations are not in the index; run jpkictl index' "$OUT"
	run setpriv --reuid 2002 --regid 2002 --clear-groups jpkictl index
	expect_equal 'exit status for a user' 1 "$STATUS"
	run jpkictl index
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'the answer' '3 registrations are in the index' "$OUT"
	expect_equal 'jiro' '05000002 06f1a2b3 ' "$(serials_of jiro)"
	run jpkictl index jiro
	expect_equal 'exit status with a word too many' 2 "$STATUS"
	run jpkictl revoke jiro
	expect_equal 'jiro, revoked' '' "$(serials_of jiro)"
	expect_equal 'beside the directory' 'users users.index users.lock' \
		"$(cd "${USERS%/*}" && echo users*)"
	run jpkictl revoke taro
	reset_config
}
run_case 'jpkictl index: enroll and revoke keep it in step' index_of_users

status_tool()
{
	sim set auth-tries 2
	sim set sign-tries 4
	run jpkictl status
	expect_equal 'exit status' 0 "$STATUS"
	expect_match 'tries of both PINs' '.*2.*4.*' "$(grep -i tries <<< "$OUT" | tr '\n' ' ')"
	expect_has 'end of the certificate' "$(date -u -d "@$(sed -n 's/^good_not_after=//p' "$PKI/times")" +%Y-%m-%d)" "$OUT"
	expect_has "end of the card itself" '2033-11-03' "$OUT"
	expect_has 'for whom' hanako "$OUT"
	expect_equal 'tries left' '2 4' "$(sim get auth-tries) $(sim get sign-tries)"
	expect_equal 'VERIFY commands' 0 "$(stat_of verifies)"
}
run_case 'jpkictl status tells tries and dates and spends nothing' status_tool

status_others()
{
	put_card 'good profile=juki'
	run jpkictl status
	expect_has 'status' Juki "$OUT"
	sim remove
	run jpkictl status
	expect_lacks 'status' Juki "$OUT"
	expect_equal 'exit status' 0 "$STATUS"
	CARD_DIRTY=yes
}
run_case 'jpkictl status of a Juki card and of no card' status_others

usage_tool()
{
	local words

	for words in --help 'trust --help' 'enroll --help' 'status --help'; do
		# shellcheck disable=SC2086 # words
		run jpkictl $words
		expect_equal "jpkictl $words" 0 "$STATUS"
		expect_has "jpkictl $words" jpkictl "$OUT"
	done
	run jpkictl
	[ "$STATUS" != 0 ] || fail 'no command is no error'
	for words in --frobnicate -x --config '-c'; do
		run jpkictl "$words"
		expect_equal "jpkictl $words" 2 "$STATUS"
		expect_has "jpkictl $words" "unknown option '$words'" "$OUT"
	done
	run jpkictl -c "$CONF" list --help
	expect_equal 'jpkictl -c' 0 "$STATUS"
	run jpkictl "--config=$WORK/absent" list
	expect_has 'jpkictl --config=' "$WORK/absent" "$OUT"
	NSS_DEFAULT_DB_TYPE=dbm PCSCLITE_CSOCK_NAME=/nowhere run jpkictl status
	expect_equal 'with an environment' 0 "$STATUS"
	run jpkictl frobnicate
	[ "$STATUS" != 0 ] || fail 'an unknown command is no error'
	run setpriv --reuid 2002 --regid 2002 --clear-groups jpkictl enroll --from-file "$PKI/good.crt" hanako
	[ "$STATUS" != 0 ] || fail 'a plain user enrolled a card'
}
run_case 'jpkictl: help, wrong words, no rights' usage_tool

# --- survey --------------------------------------------------------------------------------
answer()	# LINE: of the survey just run
{
	sed -n "s/^$1: //p" <<< "$OUT"
}

# surveyed [STATUS]: by the card's log, it reads and asks for tries; no PIN, no change, no signature.
surveyed()
{
	: > "$E2E_LOGS/apdu.trace"
	run jpkictl survey
	expect_equal 'exit status' "${1:-0}" "$STATUS"
	! grep -qE '^-> (0020....( |.{2})|0024|802A)' "$E2E_LOGS/apdu.trace" || fail 'more than reading'
	expect_equal 'PINs that reached the card' 0 "$(stat_of verifies)"
	expect_equal 'PIN state left on the card' none "$(sim get verified)"
}

survey_text()
{
	local text json

	surveyed
	text=$OUT
	expect_equal 'reader' 'Virtual PCD' "$(answer reader)"
	expect_equal 'label' JPKIAPICCTOKEN2 "$(answer label)"
	expect_equal 'tries' 63Cx "$(answer authentication-tries)"
	expect_equal 'size' 3808 "$(answer file-size)"
	expect_equal 'key' RSA-2048 "$(answer key)"
	expect_equal 'policies' 'critical 3.30 cps' "$(answer policies)"
	expect_equal 'authority key' 'present keyIdentifier issuer matches-ca' "$(answer authority-key)"
	expect_equal 'CA' other "$(answer ca)"
	expect_has 'what it says of itself' 'neither you nor your card' "$text"
	run jpkictl survey --json
	json=$(jq -r 'to_entries[] | "\(.key): \(.value | join(" "))"' <<< "$OUT")
	expect_equal 'the same as JSON' "$(tail -n +2 <<< "$text" | grep -v '^reading-time')" "$(grep -v '^reading-time' <<< "$json")"
	run env LANG=ja_JP.UTF-8 jpkictl survey
	expect_has 'in Japanese' 'カードは特定できません' "$OUT"
	expect_equal 'the lines in Japanese' RSA-2048 "$(answer key)"
	run setpriv --reuid hanako --regid hanako --init-groups jpkictl survey
	expect_equal 'for a plain user' 63Cx "$(answer authentication-tries)"
	run jpkictl survey --reader 'Virtual PCD 00 00'
	expect_equal 'with --reader' 0 "$STATUS"
	run jpkictl survey --help
	expect_has 'help' 'doc/real-cards.md' "$OUT"
	for words in 'now' '--pin' '--reader'; do
		run jpkictl survey $words
		expect_equal "exit status, $words" 2 "$STATUS"
	done
}
run_case 'jpkictl survey' survey_text

# Another person's card gives the same lines; what is known of an authority has its name.
survey_of_two()
{
	local text

	surveyed
	text=$(grep -v '^reading-time' <<< "$OUT")
	fresh_card other-person
	surveyed
	expect_equal 'of another person' "$text" "$(grep -v '^reading-time' <<< "$OUT")"
	printf '%s unconfirmed authca99\n' "$(openssl x509 -in "$PKI/ca1.crt" -outform DER | sha256sum | cut -d' ' -f1)" \
		>> /usr/share/pam_jpki/jpki-ca.fingerprints
	surveyed
	expect_equal 'CA' authca99 "$(answer ca)"
	sed -i '$d' /usr/share/pam_jpki/jpki-ca.fingerprints
}
run_case 'jpkictl survey: two people, one text' survey_of_two

survey_of_others()
{
	local card line tries

	while read -r card line tries; do
		fresh_card "$(tr , ' ' <<< "$card")"
		sim set auth-tries "${tries:-3}"
		surveyed
		expect_equal "$card" "${line#*=}" "$(answer "${line%%=*}")"
	done <<-'CARDS'
		phone,profile=phone-android read-certificate=6982
		phone,profile=phone-iphone label=JPKIAPIOSTOKEN
		good,profile=juki label=JPKIAPICCTOKEN
		good,profile=locked authentication-tries=63C0 0
		good,locked-query=6984 authentication-tries=6984 0
		good,locked-query=6983 authentication-tries=6983 0
		good,none,profile=faceauth authentication-tries=63C0 0
		good,first-6f00=yes first-command=6F00
		ec384 key=EC-P384
	CARDS
	fresh_card 'good profile=nojpki'
	surveyed 1
	expect_has 'another card' JPKI-E-NOT-JPKI "$OUT"
	fresh_card good
	sim remove
	surveyed 1
	expect_has 'no card' JPKI-E-NO-CARD "$OUT"
	sim insert
	wait_reader_has_card
	sim fault 'at *' garbage
	surveyed 1
	sim fault clear
	run jpkictl survey --reader 'no such reader'
	expect_equal 'exit status, no such reader' 1 "$STATUS"
}
run_case 'jpkictl survey: telephones, Juki card, locked card, another, none, nonsense' survey_of_others

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who runs a server in place of the organization's directory, or has taken over the process that
# talks to it.

# shellcheck source=tests/e2e/directory.sh
. "$E2E_TOP/tests/e2e/directory.sh"
if [ ! -x "$SLAPD" ]; then
	skip 'adversary: of a directory' 'no slapd here'
	return
fi

PROGRAM=/usr/libexec/pam_jpki/jpki_ldap

taken_over()	# BEHAVIOUR
{
	directory_begins
	[ -e "$WORK/jpki_ldap" ] || cp -p "$PROGRAM" "$WORK/jpki_ldap"
	sed "s/^BEHAVIOUR = .*/BEHAVIOUR = '$1'/; 1s|.*|#!$(readlink -f "$(PATH=/usr/bin:/usr/local/bin command -v python3)") -I|" \
		"$E2E_TOP/tests/adversary/networkhalf.py" > "$PROGRAM"
	chmod 0755 "$PROGRAM"
	start_run
}

free_again()
{
	cp -p "$WORK/jpki_ldap" "$PROGRAM"
	rm -f /usr/lib/hostile.ldif
	fleet_ends
}

try_as()	# USER
{
	run pamdrive --service e2e --user "$1" "pin=$PIN" auth
	no_login
}

# A genuine card, as every resident has one, for accounts of the machine.
registers_root()
{
	local user

	false_entries 1 root good daemon good ../../../../etc/pam_jpki/users/root good hanako good
	cp "$D/false.ldif" /usr/lib/hostile.ldif
	mkdir -p "$USERS"
	taken_over registers
	comes_true 'as far as the form goes' 20000 registered hanako
	for user in root daemon; do try_as "$user"; done
	expect_equal 'files of root' '' "$(find "$USERS" /etc/pam_jpki -name 'root.pem')"
	[ ! -e "$FLEET/users/root.pem" ] || broken 'a registration of root'
	free_again
}
# Promise: An attacker who controls the connection to the organization's directory, or the process that has it, can deny logins, but register neither root nor an account of the system.
# Letter: every frame is in order, and so is every entry; the certificates are genuine.
# Seen to succeed: mutant fleet-registers-any-account fleet-root-not-copied
adversary network-half-registers-root registers_root

block_of()	# FINGERPRINT: it is refused soon after
{
	word_of "$1" 'block lost' | add
	within 20000 blocked "$1" || broken "$2"
}

# At the machine that listens, and at one that starts afterwards and reads all.
stops_the_rest()
{
	local first

	directory_begins hanako good
	start_slapd a 3890
	start_run
	comes_true 'registered' 20000 registered hanako
	first=$(printf '%064x' 1)
	{
		printf 'dn: cn=%s,ou=blocked,%s\nobjectClass: device\ndescription: block\n' "$first" "$BASE"
		for ((i = 1; i <= 140; i++)); do printf 'cn: %064x\n' "$i"; done
		printf '\ndn: cn=%064x,ou=blocked,%s\nobjectClass: device\ncn: %064x\ndescription:: %s\n\n' 200 "$BASE" 200 \
			"$(printf 'block %300000s' x | tr ' ' a | sed 's/^block/block /' | base64 -w 0)"
	} | add
	block_of "$(printf '%064x' 300)" 'a later block is not taken'
	stop_run
	rm -rf "$FLEET"
	start_run
	comes_true 'registered on a new machine' 20000 registered hanako || broken 'a new machine takes nothing'
	blocked "$(printf '%064x' 300)" || broken 'a new machine lacks the later block'
	blocked "$first" || broken 'what the long entry blocks is not blocked'
	block_of "$(hash_of good)" 'the card of hanako is not blocked'
	card_login 'blocked' CRED_EXPIRED
	fleet_ends
}
# Promise: No entry of the directory keeps the blocks, removals and registrations of other entries from a machine.
# Letter: the help desk may add blocks, and adds two: one of 140 names, and one of 300,000 bytes.
# Seen to succeed: 9920b9d
adversary oversized-entry-hides-the-rest stops_the_rest

was_ahead()
{
	directory_begins hanako good taro other-person
	start_slapd a 3890
	start_run
	comes_true 'registered' 20000 registered taro
	GENERATION=$((GENERATION + 1))
	printf 'dn: cn=state,%s\nchangetype: modify\nreplace: description\ndescription: generation=%s time=%s enrolled=2 blocked=0\n' "$BASE" \
		"$GENERATION" "$(($(date +%s) + 10 * 365 * 86400))" | modify
	sleep 3
	touch_state 2
	sleep 3
	printf 'dn: uid=taro,ou=enrolments,%s\nchangetype: delete\n' "$BASE" | modify
	touch_state 1
	within 30000 not_registered taro || broken 'taro stays registered, after a clock was ahead for a moment'
	fleet_ends
}
# Promise: No entry of the directory keeps the blocks, removals and registrations of other entries from a machine.
# Letter: the state entry has its form; the clock of the host that wrote it was ahead for a moment.
# Seen to succeed: 9920b9d
adversary state-from-a-fast-clock was_ahead

lines_with() { grep -c -- "$1" "$E2E_LOGS/run.log"; }
often_behind() { [ "$(lines_with JPKI-E-FLEET-BEHIND)" -ge 4 ]; }

# By the fourth time, the next attempt is 8 to 16 seconds away; three blocks come meanwhile.
is_behind()
{
	local i name

	directory_begins hanako good
	sed -i 's/generation=1 /generation=9 /' "$D/all.ldif"
	start_slapd a 3890
	start_run
	comes_true 'registered' 20000 registered hanako
	stop_slapd a
	rm -rf "$D/a"
	make_directory hanako good taro other-person > "$D/all.ldif"
	start_slapd a 3890
	comes_true 'it is behind' 60000 often_behind
	for i in 1 2; do
		name=$(printf '%064x' "$i")
		word_of "$name" 'block lost' | add
		within 2000 blocked "$name" || broken "block $i is not in force after two seconds"
		sleep 1
	done
	word_of "$(hash_of good)" 'block lost' | add
	within 2000 blocked "$(hash_of good)" || broken 'the card of hanako is not blocked after two seconds'
	card_login 'blocked' CRED_EXPIRED
	not_registered taro || fail 'a directory that is behind registers'
	GENERATION=9
	touch_state 2
	comes_true 'it is believed again' 70000 registered taro
	fleet_ends
}
# Promise: A server of the directory that is not believed, because it was restored from a backup, blocks a card as fast as one that is.
# Letter: the only server has an old backup, which the machine has noticed some times already, so that it waits for long before it tries again.
# Seen to succeed: mutant fleet-behind-not-heard
adversary directory-behind-for-good is_behind

says_too_much()
{
	taken_over floods
	comes_true 'what it says' 10000 log_says 'line 1'
	sleep 1
	! grep -q $'\e' "$E2E_LOGS/run.log" || broken 'an escape sequence in the log'
	! grep -q '^May 1' "$E2E_LOGS/run.log" || broken 'a line of its own in the log'
	[ "$(wc -l < "$E2E_LOGS/run.log")" -lt 200 ] || broken "$(wc -l < "$E2E_LOGS/run.log") lines in the log"
	free_again
}
# Promise: The process that writes the copy has no sockets, and takes frames of known form and bounded size alone from the one that talks to the directory.
# Letter: lines for the log are a kind of frame; it sends many, with what steers a terminal.
# Seen to succeed: mutant fleet-log-flooded
adversary network-half-floods-the-log says_too_much

# Bytes of what the writer collects an answer in; other files without a name it has from its parents.
collected() { find "/proc/$RUN_PID/fd" -lname '*/jpki.*(deleted)' -exec stat -Lc %s {} + 2>/dev/null | sort -n | tail -n 1; }
cut_or_long() { log_says 'too long' || [ "0$(collected)" -gt 67108864 ]; }

without_an_end()
{
	taken_over endless
	comes_true 'as far as 64 megabytes' 60000 cut_or_long
	log_says 'too long' || broken "$(collected) bytes of an answer on the disk"
	[ "$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$RUN_PID/status")" -lt 65536 ] || broken 'memory of the writer'
	free_again
	taken_over nonsense
	comes_true 'the writer ends' 10000 process_gone "$RUN_PID"
	log_says 'it sent nonsense' || broken 'a frame of 4 GiB'
	free_again
}
# Promise: The process that writes the copy has no sockets, and takes frames of known form and bounded size alone from the one that talks to the directory.
# Letter: each frame is small, but they do not end. Then one frame announces four gigabytes.
# Seen to succeed: mutant fleet-answer-without-end
adversary network-half-without-end without_an_end

looks_round()
{
	taken_over looks_round
	comes_true 'it looked round' 10000 log_says 'looked round'
	! log_says ' got ' || broken "$(grep -o ' got .*' "$E2E_LOGS/run.log" | sort -u | paste -sd,)"
	free_again
}
# Promise: A server that gains control of the process that talks to the directory controls a process without files and other programs, of a user with no other job.
# Letter: it leaves the writer alone, and looks for files and programs of the machine.
# Seen to succeed: mutant network-half-not-caged
adversary network-half-reads-files looks_round

refused_or_registered() { registered hanako || log_says 'chmod 0600'; }

# A member of the group can be this machine anywhere: the directory knows it by the key alone.
key_of_a_group()
{
	directory_begins hanako good
	mkdir -p "$D/shared"
	cp "$D/pc1.crt" "$D/pc1.key" "$D/shared"
	chgrp adm "$D/shared/pc1.key"
	chmod 0640 "$D/shared/pc1.key"
	start_slapd a 3890
	MACHINE=shared/pc1 start_run
	comes_true 'it looked at the key' 20000 refused_or_registered
	not_registered hanako || broken 'the machine proves itself by a key that a group can read'
	fleet_ends
}
# Promise: The key by which this machine proves itself to the organization's directory is used only while no other user has any right on it.
# Letter: root owns the key, no other user can change it, and a right by a group is no right of all.
# Seen to succeed: mutant fleet-key-of-a-group
adversary fleet-key-that-a-group-reads key_of_a_group

refused_or_believed() { log_says StartTLS || registered hanako; }

# Another's certificate for the right name, or a right one for another name; the client's own configuration says "never".
in_the_middle()
{
	local how

	directory_begins hanako good
	mkdir -p /etc/ldap
	printf 'TLS_REQCERT never\n' > /etc/ldap/ldap.conf
	for how in foreign elsewhere expired; do
		SERVER_CERT=$D/$how.crt SERVER_KEY=$D/$how.key start_slapd a 3890
		LDAPTLS_REQCERT=never start_run
		comes_true "$how: it is refused, or believed" 10000 refused_or_believed
		not_registered hanako || broken "$how: it registers"
		! grep -q 'BIND' <(grep pc1 "$E2E_LOGS/slapd-a.log") || broken "$how: the machine said who it is"
		stop_run
		stop_slapd a
		rm -rf "$FLEET"
	done
	rm -f /etc/ldap/ldap.conf
	fleet_ends
}
# Promise: Nothing is sent to a server of the organization's directory, and nothing taken from it, before it has proved by TLS that it is one.
# Letter: TLS is up, the certificate is well-formed, and the machine's LDAP configuration has no objection.
# Seen to succeed: mutant ldap-server-certificate
adversary directory-in-the-middle in_the_middle

# --- what the directory leaves out ------------------------------------------------------------------

# In the world of jpki_ldap, time passes that many times as fast; 1: as ever.
time_passes()	# SPEED
{
	local speed=$(($1 / E2E_SLOWNESS))

	rm -f /etc/ld.so.preload /usr/lib/fastclock-*.so
	[ "$speed" -gt 1 ] || return 0
	cp "$E2E_BUILD/tests/adversary/.libs/fastclock.so" "/usr/lib/fastclock-$speed.so"
	echo "/usr/lib/fastclock-$speed.so" > /etc/ld.so.preload
}

# An administrator of the directory helps a user who is to leave: with the removal comes another registration, whose stamps
# are years old. A day takes 20 seconds here.
behind_an_old_entry()
{
	directory_begins hanako good taro other-person
	NO_SYNC=1 start_slapd a 3890
	time_passes 4320
	start_run
	comes_true 'registered' 10000 registered hanako
	comes_true 'polled' 2000 status_says '.mode == "poll"'
	{
		printf 'dn: uid=hanako,ou=enrolments,%s\nchangetype: delete\n\n' "$BASE"
		entry_of friend other-person | sed -e 's/^dn: .*/&\nchangetype: add/' \
			-e 's/^uid: .*/&\ncreateTimestamp: 20200101000000Z\nmodifyTimestamp: 20200101000000Z/'
	} > "$WORK/changes.ldif"
	ldapmodify -e '!relax' -x -H ldap://localhost:3890 -D cn=admin,dc=example -w secret -f "$WORK/changes.ldif" >> "$LOG" 2>&1 ||
		fail 'the entry of years ago cannot be added'
	sleep 1.1	# a stamp of the same second would look unchanged
	touch_state 2
	comes_true 'the state' 5000 status_says '.generation == 2'
	within 40000 not_registered hanako || broken 'hanako is registered after two days'
	time_passes 1
	fleet_ends
}
# Promise: What a directory leaves out of the changes that it reports is noticed within a day; 389 Directory Server, which leaves some out, is asked at least once a minute instead.
# Letter: nothing was written since the last look, as the stamps say, and there are as many registrations as before and as the state entry says.
# Seen to succeed: mutant fleet-no-daily-comparison
adversary removal-behind-an-old-entry behind_an_old_entry

# It offers content synchronization, as 389 Directory Server does, and does not report to its listeners what is new or removed.
leaves_out()	# BEHAVIOUR OF falsedirectory.py
{
	time_passes 10
	false_directory_begins "$1" hanako good taro other-person
	false_entries 2 jiro good taro other-person
	comes_true 'the state' 20000 status_says '.generation == 2'
	within 15000 not_registered hanako || broken 'hanako is registered after more than two minutes'
	time_passes 1
	false_directory_ends
}
# Promise: What a directory leaves out of the changes that it reports is noticed within a day; 389 Directory Server, which leaves some out, is asked at least once a minute instead.
# Letter: each message is one that RFC 4533 allows, the state entry is renewed, and the number of registrations is right.
# Seen to succeed: mutant fleet-listening-to-389
adversary changes-that-389-leaves-out leaves_out leaves_out
# Promise: What a directory leaves out of the changes that it reports is noticed within a day; 389 Directory Server, which leaves some out, is asked at least once a minute instead.
# Letter: as above, and it has no vendorName.
# Seen to succeed: mutant fleet-listening-to-hidden-389
adversary changes-that-a-hidden-389-leaves-out leaves_out leaves_out_unnamed

# One server of many keeps the machine busy, while the others have a registration more.
goes_on()	# BEHAVIOUR OF falsedirectory.py
{
	time_passes 30
	false_directory_begins good hanako good
	stop_run
	end_process "$FALSE_PID"
	false_entries 2 hanako good jiro other-person
	start_false "$1" good
	URI=ldaps://localhost:3895 start_run
	within 50000 registered jiro || broken 'it listens to an answer without end'
	time_passes 1
	false_directory_ends
}
# Promise: No server of the directory keeps a machine from the other servers, neither by an endless answer nor by one that ends jpki_ldap.
# Letter: each message is one that RFC 4533 allows, and comes soon after the one before it.
# Seen to succeed: mutant ldap-answer-without-deadline
adversary answer-that-goes-on goes_on goes_on
# Promise: No server of the directory keeps a machine from the other servers, neither by an endless answer nor by one that ends jpki_ldap.
# Letter: as above, and the messages come faster than the machine reads them.
# Seen to succeed: mutant ldap-answer-without-deadline
adversary answer-that-floods goes_on floods

# The first of two servers.
stops_before_tls()
{
	directory_begins hanako good
	start_slapd a 3890
	start_false stops_before_tls
	URI=ldap://localhost:3895,ldap://localhost:3890 start_run
	within 60000 registered hanako || broken 'it waits for the rest of a message'
	false_directory_ends
}
# Promise: No server of the directory keeps a machine from the other servers, neither by an endless answer nor by one that ends jpki_ldap.
# Letter: it has sent a part of its answer to StartTLS, so libldap reads the rest, and the connection is alive.
# Seen to succeed: mutant ldap-message-without-limit
adversary answer-that-stops-in-a-message stops_before_tls

registered_or_over() { registered hanako || process_gone "$RUN_PID"; }

# The first of two servers ends jpki_ldap, each time that it is asked. systemd starts it again.
ends_jpki_ldap()	# SERVER BEHAVIOUR
{
	directory_begins hanako good
	start_slapd a 3890
	false_entries 1 hanako good
	start_false "$2"
	for turn in 1 2 3; do
		URI=$1,ldap://localhost:3890 start_run
		# If libldap does not have the fault, or this server does not cause it, end the process as the fault does.
		within 5000 registered_or_over || pkill -ABRT -x jpki_ldap
		within 25000 registered_or_over || fail 'neither registered nor over'
		[ "$turn" != 1 ] || ! registered hanako || fail 'jpki_ldap did not end'
		! registered hanako || break
		stop_run
	done
	registered hanako || broken 'it begins with the same server each time'
	false_directory_ends
}
# Promise: No server of the directory keeps a machine from the other servers, neither by an endless answer nor by one that ends jpki_ldap.
# Letter: every answer ends; jpki_ldap dies, and systemd starts it again.
# Seen to succeed: mutant fleet-same-server-first
adversary server-that-ends-jpki-ldap ends_jpki_ldap ldaps://localhost:3895 ends_libldap
# Promise: No server of the directory keeps a machine from the other servers, neither by an endless answer nor by one that ends jpki_ldap.
# Letter: as above, and jpki_ldap dies while it connects, before it says with which server.
# Seen to succeed: 8d82dd33
adversary server-that-ends-a-connecting-jpki-ldap ends_jpki_ldap ldap://localhost:3895 stops_before_tls

connections() { grep -c '^connection' "$E2E_LOGS/false.log"; }

# It makes 5,000 machines ask for everything again and again, which overloads the directory and the network.
hangs_up()
{
	local n

	false_directory_begins hangs_up hanako good
	sleep 25
	n=$(connections)
	[ "$n" -ge 2 ] || fail "it does not come back: $n connections"
	[ "$n" -le 6 ] || broken "it came back for everything: $n connections in 25 seconds"
	false_directory_ends
}
# Promise: A server of the directory that turns machines away, or hangs up on them, is asked again after a wait that doubles each time, up to a minute.
# Letter: each answer is whole and believed, so that none of the attempts has failed; it hangs up right after it.
# Seen to succeed: mutant fleet-hanging-up-is-no-failure
adversary directory-that-hangs-up hangs_up

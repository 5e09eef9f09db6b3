# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # SSHD_PID is terminal.sh's
# Something else that runs as a user to which sshd, or a user with a PIN, gives work.

# attacker NAME: the program of that name where every user can start it; the build directory may be root's alone.
attacker()
{
	install -m 0755 "$E2E_BUILD/tests/adversary/$1" "$WORK/$1"
}

# another_key: of an attacker, which is not enrolled.
another_key()
{
	rm -f "$WORK/attacker" "$WORK/attacker.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/attacker"
	chmod 0644 "$WORK/attacker.pub"
	: > "$WORK/seen"
	chmod 0666 "$WORK/seen"
	chmod 0755 "$WORK"
}

sshd_that_asks_for_keys()
{
	stack_of sshd '@include common-auth'
	start_sshd
	stop_sshd
	sed -n '/^[A-Z]/p' /usr/share/doc/pam_jpki/examples/sshd-keys.conf >> "$WORK/sshd/config"
	"$(command -v sshd)" -D -f "$WORK/sshd/config" -E "$E2E_LOGS/sshd.log" </dev/null 2>> "$E2E_LOGS/sshd.log" &
	SSHD_PID=$!
	until_true 10 listens "$SSH_PORT" || fail 'sshd does not come up, see sshd.log'
}

# A process of that user which an attacker has taken over, in a server or another daemon.
the_writer_of_keys()
{
	local user injectors=() i

	attacker inject
	another_key
	sshd_that_asks_for_keys
	for user in nobody daemon jpki-fetch jpki-helper hanako; do
		id "$user" > /dev/null 2>&1 || continue
		setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups \
			"$WORK/inject" "$WORK/attacker.pub" "$WORK/seen" &
		injectors+=($!)
	done
	for ((i = 0; i < 40; i++)); do
		run "${SSH[@]/PubkeyAuthentication=no/PubkeyAuthentication=yes}" -i "$WORK/attacker" -o BatchMode=yes hanako@127.0.0.1 id
		[[ $OUT != *'uid=2001(hanako)'* ]] || { broken "hanako's shell, at attempt $i"; break; }
	done
	kill "${injectors[@]}"
	[ -s "$WORK/seen" ] || fail 'the attackers saw no jpkictl'
	stop_sshd
}
# Promise: The system user that supplies keys to sshd has no other job.
# Letter: it is another user, as whom sshd does not ask, and writes into the answer by /proc before main() could forbid it.
# Seen to succeed: 1e570f7: as nobody, whom the shipped example named
adversary other-user-rewrites-ssh-keys the_writer_of_keys

# The user's own process waits for the helper of the user's screen locker.
the_tracer_at_exec()
{
	local tracer i

	attacker tracer
	install_pam_service e2e "$(stack)"
	: > "$WORK/seen"
	chmod 0666 "$WORK/seen"
	chmod 0755 "$WORK"
	"${HANAKO[@]}" "$WORK/tracer" jpki_helper "$WORK/seen" &
	tracer=$!
	for ((i = 0; i < 5; i++)); do
		run pamdrive --service e2e --user hanako --as "$(id -u hanako)" "pin=$PIN" auth
	done
	kill "$tracer"
	[ -s "$WORK/seen" ] || fail 'the tracer saw no helper'
	! grep -q seized "$WORK/seen" || broken "a helper of the tracer's own user was seized"
}
# Promise: From its exec on, no other process of the same user can trace the helper or read its memory.
# Letter: it attaches between exec and main(), before the helper could forbid it.
# Seen to succeed: 1e570f7: the helper was installed 0755
adversary tracer-at-exec the_tracer_at_exec

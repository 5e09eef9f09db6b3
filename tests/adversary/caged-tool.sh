# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A card that has taken over the process of jpkictl that speaks with it, on root's command line: the
# moment when an administrator places a stranger's card on the reader.
# shellcheck disable=SC2154 # FAR is tool_taken_over's

# shellcheck source=tests/e2e/attack.sh
. "$E2E_TOP/tests/e2e/attack.sh"

LACKING=$E2E_BUILD/tests/e2e/lacking

# tool_taken_over ATTACK WORD…: jpkictl, whose process with the card does the attack after the first answer. UNDER
# is a command that runs it.
tool_taken_over()
{
	local attack=$1

	shift
	rm -f /run/attack.*
	printf '%s' "$attack" > /run/attack
	install -m 0755 "$E2E_BUILD/tests/e2e/.libs/attack.so" /run/attack.so
	install -m 0666 /dev/null /run/attack.done
	echo /run/attack.so > /etc/ld.so.preload
	run "${UNDER[@]}" jpkictl "$@"
	rm -f /etc/ld.so.preload /run/attack
	FAR=$(tr -d '\0' < /run/attack.done)
}

tool_reads()	# PATH
{
	tool_taken_over "read $1" status
	case $FAR in
	got*) broken "read $1: $FAR" ;;
	refused) ;;
	*) fail "it got no further than \"$FAR\"" ;;
	esac
}

# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: it writes nothing; it reads what root may read.
# Seen to succeed: mutant tool-not-caged: "read /etc/shadow: got root:…"
adversary tool-reads-passwords tool_reads /etc/shadow
# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: it signals nothing and traces nothing; it reads the memory of the process that started it.
# Seen to succeed: mutant tool-not-caged: "read /proc/1/environ: got …"
adversary tool-reads-processes tool_reads /proc/1/environ

# What the child hands over is shown, and could steer the terminal of root.
tool_writes_to_terminal()
{
	tool_taken_over 'steer' status
	[ "$FAR" = begun ] || [ "$FAR" = lived ] || fail "it got no further than \"$FAR\""
	[[ $OUT != *$'\e'* ]] || broken "an escape sequence reached the terminal"
	expect_has 'what is shown' '?]0;title' "$OUT"
}
# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: it prints, which it may, and what it prints steers the terminal.
# Seen to succeed: mutant text-of-a-child: "an escape sequence reached the terminal"
adversary tool-steers-terminal tool_writes_to_terminal

tool_dies_by()	# ATTACK
{
	tool_taken_over "$1" status
	case $FAR in
	begun) ;;
	lived) broken "$1: done, and the process lived" ;;
	*) fail "it got no further than \"$FAR\"" ;;
	esac
	[ ! -e /run/attack.evidence ] || broken 'wrote a file'
	expect_equal 'status' 1 "$STATUS"
	expect_has 'what is shown' 'its cage forbids' "$OUT"
}
# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: none: it runs a program.
# Seen to succeed: mutant tool-not-caged: "wrote a file" (by touch)
adversary tool-runs-program tool_dies_by exec
# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: none: it writes a file.
# Seen to succeed: mutant tool-not-caged: "wrote a file"
adversary tool-writes-file tool_dies_by write
# Promise: A card, certificate or CRL that gains control of the process of jpkictl that reads it controls a process in the same cage; the parent shows its text without control characters, and checks its result.
# Letter: none: it opens a connection.
# Seen to succeed: mutant tool-not-caged: "network: done, and the process lived"
adversary tool-opens-a-connection tool_dies_by network

tool_gets()	# ATTACK WHAT
{
	tool_taken_over "$1" status
	case $FAR in
	got*) broken "$2: $FAR" ;;
	refused) ;;
	*) fail "it got no further than \"$FAR\"" ;;
	esac
}

# The shell of the administrator has a file open. Read here; a pipe to a program of root's could be written.
tool_reads_what_is_open()
{
	local UNDER=(bash -c 'exec 200< /etc/shadow; exec "$@"' bash)

	tool_gets 'inherited 200' 'what the shell has open'
}
# Promise: One function confines each process that reads untrusted input: it takes away the terminal, the descriptors, the user, the capabilities, the file system, the network and signals.
# Letter: it opens nothing: the descriptor is open already, from before jpkictl.
# Seen to succeed: mutant descriptors-given-up
adversary tool-reads-what-is-open tool_reads_what_is_open

# On the oldest kernels, where nothing but the session keeps it from the terminal.
tool_types()
{
	local UNDER=(expect -f "$E2E_TOP/tests/e2e/pty.exp" -- "$LACKING" landlock "$LACKING" seccomp)

	tool_gets 'type' "typed at root's terminal"
}
# Promise: One function confines each process that reads untrusted input: it takes away the terminal, the descriptors, the user, the capabilities, the file system, the network and signals.
# Letter: no stream of it is a terminal; it opens its own, /dev/tty.
# Seen to succeed: mutant terminal-given-up
adversary tool-types-at-the-terminal tool_types

# A kernel without seccomp leaves it every call; Landlock says to whom, and where: from that version on.
has_landlock 6 || adversary() { skip "adversary: $1" 'Landlock of this kernel does not restrict signals'; }

tool_kills()
{
	local UNDER=("$LACKING" seccomp)

	tool_gets 'kill' 'signals its parent'
	[ "$STATUS" != 137 ] || broken 'jpkictl was killed'
}
# Promise: One function confines each process that reads untrusted input: it takes away the terminal, the descriptors, the user, the capabilities, the file system, the network and signals.
# Letter: it has no capability, and needs none to signal a process of its own user: its parent.
# Seen to succeed: mutant signals-out-of-reach
adversary tool-kills-its-parent tool_kills

tool_connects()
{
	local UNDER=("$LACKING" seccomp)

	tool_gets 'connect 9' 'the network'
}
# Promise: One function confines each process that reads untrusted input: it takes away the terminal, the descriptors, the user, the capabilities, the file system, the network and signals.
# Letter: it has no connection from before, and needs no right to make one.
# Seen to succeed: mutant network-out-of-reach
adversary tool-connects tool_connects

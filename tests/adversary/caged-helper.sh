# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An attacker who has taken the helper over (by a hostile card, say) just after the PIN was typed, and
# does nothing that its filter of calls is written against: reads instead of writing, owns instead
# of signalling. Where the helper stays root, which is the worst that can be taken over, and where
# a screen locker of the user's has started it.
# shellcheck disable=SC2154 # FAR is taken_over's

# shellcheck source=tests/e2e/attack.sh
. "$E2E_TOP/tests/e2e/attack.sh"

signal_by_owning()
{
	local victim

	write_conf 'helper_user = none'
	setpriv --reuid 65534 --clear-groups sleep 60 &
	victim=$!
	taken_over "own $victim"
	kill -0 $victim 2>/dev/null || broken 'killed a process of another user'
	[ "$FAR" = begun ] || fail "it got as far as \"$FAR\""
	kill $victim 2>/dev/null
	reset_config
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: it signals nothing; it owns a descriptor for another process, and the kernel sends SIGKILL there.
# Seen to succeed: 1e570f7: "killed a process of another user"
adversary signals-by-owning-a-descriptor signal_by_owning

# The locker itself, which has the screen.
kill_the_locker()
{
	local victim

	setpriv --reuid "$(id -u hanako)" --clear-groups sleep 60 &
	victim=$!
	taken_over "own $victim" --as "$(id -u hanako)"
	kill -0 $victim 2>/dev/null || broken 'killed a process of the user'
	[ "$FAR" = begun ] || fail "it got as far as \"$FAR\""
	kill $victim 2>/dev/null
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: the same from a screen locker, where the user's processes are its own.
# Seen to succeed: 1e570f7: "killed a process of the user"
adversary kills-the-locker kill_the_locker

# A kernel without Landlock has no way to keep files from a process that may read them; SECURITY.md says so.
has_landlock || adversary() { skip "adversary: $1" 'this kernel has no Landlock'; }

# reads PATH [OPTION of pamdrive…]
reads()
{
	local path=$1

	shift
	taken_over "read $path" "$@"
	case $FAR in
	got*) broken "read $path: $FAR" ;;
	refused) ;;
	*) fail "it got no further than \"$FAR\"" ;;
	esac
}

reads_as_root()
{
	write_conf 'helper_user = none'
	reads "$1"
	reset_config
}

# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: it opens a file to read, which every login has to.
# Seen to succeed: 1e570f7: "got root:*:20228:…"
adversary reads-shadow reads_as_root /etc/shadow

the_host_key()
{
	[ -d /etc/ssh ] || mkdir /etc/ssh
	(umask 077; echo 'PRIVATE KEY OF THE HOST' > /etc/ssh/ssh_host_test_key)
	reads_as_root /etc/ssh/ssh_host_test_key
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: it opens a file to read, in the directory of the public keys.
# Seen to succeed: 1e570f7: "got PRIVATE KEY OF THE HOST"
adversary reads-host-key the_host_key

memory_of_another()
{
	local victim

	setpriv --reuid 65534 --clear-groups sleep 60 &
	victim=$!
	reads_as_root "/proc/$victim/mem"
	reads_as_root "/proc/$victim/environ"
	reads_as_root /proc/1/mem
	kill $victim
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: it traces nothing; it opens the file that is the memory of another process.
# Seen to succeed: 1e570f7: /proc/PID/mem of another user's process was opened
adversary reads-memory memory_of_another

terminal_of_another()
{
	local terminal

	setsid script -qfc 'tty > /run/terminal; sleep 30' /dev/null > /dev/null 2>&1 < /dev/null &
	until_true 5 test -s /run/terminal
	terminal=$(tr -d '\r\n' < /run/terminal)
	[ -c "$terminal" ] || fail "there is no terminal: \"$terminal\""
	reads_as_root "$terminal"
	reads_as_root /dev/ptmx
	pkill -x script
	rm -f /run/terminal
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: it opens a device to read: what is typed at another terminal.
# Seen to succeed: 1e570f7: /dev/pts/N of another session was opened
adversary reads-terminal terminal_of_another

home_of_the_user()
{
	install -d -o hanako -m 0700 /home/hanako/.ssh
	echo 'PRIVATE KEY OF HANAKO' > /home/hanako/.ssh/id_test
	chown hanako /home/hanako/.ssh/id_test
	chmod 0600 /home/hanako/.ssh/id_test
	reads /home/hanako/.ssh/id_test --as "$(id -u hanako)"
	reads /home/hanako --as "$(id -u hanako)"
}
# Promise: A card, file or message that gains control of the helper controls a caged process: it can only read what a login reads, and use connections that are already open.
# Letter: started by a screen locker it is the user, and opens the user's own files to read.
# Seen to succeed: 1e570f7: "got PRIVATE KEY OF HANAKO"
adversary reads-home home_of_the_user

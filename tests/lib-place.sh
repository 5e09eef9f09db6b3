# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Where the tests may work: in private namespaces, or, where these cannot be made, in a container
# that was made for them. Never on a machine itself. Sourced by tests/run, tests/demo, tests/e2e/ns.

place_has_namespaces()
{
	unshare --mount --pid --net --ipc --uts --fork true 2>/dev/null
}

# The inode numbers of the first process and host-name namespaces of a kernel (PROC_*_INIT_INO in
# its include/linux/proc_ns.h): who sees one of these sees the machine's own processes or name.
is_first_namespace()	# pid | uts
{
	case $1:$(readlink "/proc/self/ns/$1") in
	'pid:pid:[4026531836]'|'uts:uts:[4026531838]'|*:) return 0 ;;
	*) return 1 ;;
	esac
}

# The mount points below which something from outside may be: all but those that Docker and Podman
# make for every container, and the one that the source is on, which is read only.
place_foreign_mounts()	# SOURCE
{
	local dir

	while read -r _ _ _ _ dir _; do
		dir=$(printf '%b' "$dir")
		case $dir in
		/|/proc|/proc/*|/sys|/sys/*|/dev|/dev/pts|/dev/shm|/dev/mqueue|/dev/console) ;;
		/dev/null|/dev/zero|/dev/full|/dev/random|/dev/urandom|/dev/tty) ;;
		/etc/hosts|/etc/hostname|/etc/resolv.conf|/run/.containerenv|/run/secrets) ;;
		/etc|/etc/*|/usr|/usr/*|/var|/var/*|/run|/run/*|/home|/home/*|/tmp|/tmp/*|/dev/*) printf '%s\n' "$dir" ;;
		*) [[ $1/ == "$dir"/* ]] || printf '%s\n' "$dir" ;;
		esac
	done < /proc/self/mountinfo
}

# Why this is no container for the tests, or nothing. Whatever is in doubt is a machine.
place_objection()	# SOURCE
{
	local first mounts

	first=$(cat /proc/1/comm)
	mounts=$(place_foreign_mounts "$1")
	if [ ! -e /.dockerenv ] && [ ! -e /run/.containerenv ]; then
		echo 'this is no container of Docker or Podman (neither /.dockerenv nor /run/.containerenv)'
	elif is_first_namespace pid; then
		echo "these are the machine's own processes"
	elif is_first_namespace uts; then
		echo "this is the machine's own host name"
	elif [ -d /run/systemd/system ] || [ "$first" = init ] || [ "$first" = systemd ]; then
		echo 'it has booted, as machines do (process 1 is an init)'
	elif [ -n "$mounts" ]; then
		echo "it has something mounted from outside: ${mounts//$'\n'/, }"
	elif [ -e /dev/bus/usb ]; then
		echo "it has the machine's USB devices"
	fi
}

# choose_place SOURCE: E2E_PLACE is namespaces or container; the latter is said, once. Or ends.
choose_place()
{
	local objection told=${E2E_PLACE-}

	export E2E_PLACE=namespaces
	! place_has_namespaces || return 0
	objection=$(place_objection "$1")
	if [ -n "$objection" ]; then
		printf '%s: cannot make private namespaces (CAP_SYS_ADMIN is missing), and will not work without them: %s.\n' \
			"$(basename -- "$0")" "$objection" >&2
		printf 'Start it as root of a machine, in a container with --privileged, or in one as README shows.\n' >&2
		exit 125
	fi
	E2E_PLACE=container
	[ "$told" != container ] || return 0
	printf '%s\n' 'This container may not make private namespaces (CAP_SYS_ADMIN), so the container itself is used:' \
		'its files are changed and put back at the end. Cases that need namespaces are skipped.'
}

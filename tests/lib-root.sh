# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Freshly made roots of Debian, and the inside of them. Sourced by tests/fresh, tests/field and tests/desktops.

# The address from which this machine installs packages.
package_source()
{
	{ sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
	sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list; } 2>/dev/null |
		grep -v -- '-security' | head -n 1
}

# What is mounted and started meanwhile ends with the shell that called this.
alone()	# OPTION-OF-UNSHARE… COMMAND…
{
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL --propagation private "$@" </dev/null
}

# make_root SUITE DIR PACKAGES [OPTION of mmdebstrap…]: minimal, with those packages (separated by commas).
make_root()
{
	alone --mount-proc mmdebstrap --variant=minbase --include="$3" --skip=output/dev "${@:4}" \
		"$1" "$2" "$(package_source)"
}

# The same kind of root that a machine has after its installation: /dev without devices of
# this machine, empty /run and /tmp, processes and host name of its own. The network is
# this machine's, for apt.
# shellcheck disable=SC2016 # expanded by the inner shell
enter='
root=$1 name=$2
shift 2
mount --bind "$root" "$root" && cd "$root" || exit
mount -t proc proc proc && mount -t tmpfs -o mode=755 tmpfs run && mount -t tmpfs -o mode=755 tmpfs dev || exit
mount -t tmpfs -o mode=1777 tmpfs tmp
for node in null zero full random urandom tty; do
	: > "dev/$node" && mount --bind "/dev/$node" "dev/$node" || exit
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts || exit
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
hostname "$name"
cat /etc/resolv.conf > etc/resolv.conf
pivot_root . . && umount -l . && cd / || exit
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	HOME=/root USER=root LOGNAME=root TERM="${TERM:-dumb}" "$@"
'

# inside ROOT NAME COMMAND…: with that name of the machine.
inside()
{
	alone --ipc --uts bash -c "$enter" inside "$@"
}

# What Docker gives a container by default (moby's profiles/seccomp and oci/caps, at version 24):
# these capabilities, and no system call that needs another one. Left out is what Docker refuses
# of personality(2).
# shellcheck disable=SC2016 # variables of jq
container_config='
def bit(n): reduce range(n) as $i (1; . * 2);
def refused(names; $errno): {names: names, action: "SCMP_ACT_ERRNO", errnoRet: $errno};
def refused_with(name; $op; $first; $second): refused([name]; 1) +
	{args: [{index: 0, op: $op, value: $first, valueTwo: $second}]};
def mounted($at; $type; options): {destination: $at, type: $type, source: $type, options: options};
def given(name): {destination: "/etc/\(name)", type: "bind", source: "\($bundle)/\(name)", options: ["rbind"]};
("audit_write chown dac_override fowner fsetid kill mknod net_bind_service net_raw setfcap setgid setpcap setuid sys_chroot"
	| ascii_upcase | split(" ") | map("CAP_" + .)) as $capabilities |
("_sysctl acct add_key bpf clock_settime clock_settime64 create_module delete_module fanotify_init finit_module
	fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register
	io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount
	mount_setattr move_mount move_pages nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd
	pivot_root process_madvise query_module quotactl quotactl_fd reboot request_key set_mempolicy
	set_mempolicy_home_node setdomainname sethostname setns settimeofday stime swapoff swapon sysfs syslog
	umount umount2 unshare uselib userfaultfd ustat vhangup" | [splits("[ \n\t]+")]) as $calls |
{
	ociVersion: "1.0.2",
	process: {
		user: {uid: 0, gid: 0}, cwd: "/", args: $ARGS.positional,
		env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "HOSTNAME=" + $name],
		capabilities: {bounding: $capabilities, effective: $capabilities, permitted: $capabilities}
	},
	root: {path: $root},
	hostname: $name,
	mounts: [
		mounted("/proc"; "proc"; ["nosuid", "noexec", "nodev"]),
		mounted("/dev"; "tmpfs"; ["nosuid", "strictatime", "mode=755"]),
		mounted("/dev/pts"; "devpts"; ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
		mounted("/dev/shm"; "tmpfs"; ["nosuid", "noexec", "nodev", "mode=1777"]),
		mounted("/dev/mqueue"; "mqueue"; ["nosuid", "noexec", "nodev"]),
		mounted("/sys"; "sysfs"; ["nosuid", "noexec", "nodev", "ro"]),
		given("hosts"), given("hostname"), given("resolv.conf"),
		{destination: "/src", type: "bind", source: "\($root)/root/pam_jpki", options: ["rbind", "ro"]}
	],
	linux: {
		namespaces: [{type: "pid"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}],
		maskedPaths: ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
			"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
		readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
		seccomp: {
			defaultAction: "SCMP_ACT_ALLOW",
			syscalls: ([refused($calls; 1), refused(["clone3"]; 38), refused_with("socket"; "SCMP_CMP_EQ"; 40; 0)] +
				[17, 25, 26, 27, 28, 29, 30 | bit(.) | refused_with("clone"; "SCMP_CMP_MASKED_EQ"; .; .)])
		}
	}
}'

# contained ROOT NAME COMMAND…: as "docker run -v SOURCE:/src:ro" does it, after put_source, but that
# the network is this machine's, for apt. crun wants control groups of one kind only; it makes none.
contained()
{
	local root=$1 name=$2 bundle status

	shift 2
	bundle=$(mktemp -d) || return
	mkdir -p "$root/src"
	: > "$root/.dockerenv"
	cat /etc/resolv.conf > "$bundle/resolv.conf"
	echo "$name" > "$bundle/hostname"
	printf '%s\n' '127.0.0.1 localhost' '::1 localhost ip6-localhost ip6-loopback' "172.17.0.2 $name" > "$bundle/hosts"
	jq -n --arg bundle "$bundle" --arg root "$root" --arg name "$name" "$container_config" --args -- "$@" > "$bundle/config.json" &&
		alone --mount-proc bash -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup &&
			exec crun --root "$1/state" --cgroup-manager=disabled run --bundle "$1" "pam-jpki-$$"' contained "$bundle"
	status=$?
	rm -rf "$bundle"
	return "$status"
}

# A clone of what is committed, by the git of the new root; into /root/pam_jpki.
put_source()	# SOURCE ROOT
{
	git -C "$1" bundle create -q "$2/root/source.bundle" HEAD &&
		inside "$2" fresh git clone -q /root/source.bundle /root/pam_jpki
}

# --- a place to work in, of which the next run may take what takes long to make ---------

# tests/field and tests/desktops say cache (a directory, or empty) and keep (not empty: it stays).
# shellcheck disable=SC2034,SC2154 # they use what is not used here

die()
{
	printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
	exit 2
}

# attended COMMAND…: so that a signal ends it at once.
running=
attended()
{
	local status

	"$@" 9>&- &
	running=$!
	wait "$running"
	status=$?
	running=
	return "$status"
}

comma()
{
	local IFS=,

	printf '%s' "$*"
}

# root_of DIR PACKAGE…: a Debian 13 with these packages, unless a run before has made it whole.
root_of()
{
	local dir=$1

	shift
	[ "$(cat "$dir.made" 2>/dev/null)" != "$*" ] || return 0
	printf '  %s …\n' "${dir##*/}"
	rm -rf --one-file-system "$dir" "$dir.made"
	attended make_root trixie "$dir" "$(comma "$@")" > "$dir.log" 2>&1 || { tail -n 20 "$dir.log" >&2; return 1; }
	printf '%s\n' "$*" > "$dir.made"
}

clean_up()
{
	[ -z "$running" ] || { kill -KILL "$running"; wait "$running"; } 2>/dev/null
	[ -n "$keep" ] || rm -rf --one-file-system "$cache"
}

# open_workplace NAME: from now on cache is a directory of ours alone; without --cache or --keep it goes in the end.
open_workplace()
{
	if [ -n "$cache" ]; then
		mkdir -p "$cache" && cache=$(cd -- "$cache" && pwd -P) || exit 2
		keep=yes
	else
		cache=$(mktemp -d "/var/tmp/pam_jpki-$1.XXXXXX") || exit 2
		chmod 0755 "$cache"
	fi
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	exec 9> "$cache/lock"
	flock -n 9 || die "$cache is in use"
}

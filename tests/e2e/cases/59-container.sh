# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Where tests/run and tests/demo may not work: on whatever may not make namespaces and is not plainly
# a container that was made for one command.
# shellcheck disable=SC2016 # expanded by the inner shell

# refused WHY [COMMANDS for the shell before it]: as on a machine whose root lacks CAP_SYS_ADMIN.
refused()
{
	run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
		bash -c '. "$1/tests/lib-place.sh"; eval "$2"; choose_place "$1"; echo "works in: $E2E_PLACE"' tests/run "$E2E_TOP" "${2-}"
	expect_equal "exit status, $1" 125 "$STATUS"
	expect_has 'why' "$1" "$OUT"
	expect_lacks "what it says, $1" 'works in' "$OUT"
}

machines_are_refused()
{
	rm -f /.dockerenv /run/.containerenv 2>/dev/null
	[ -e /run/.containerenv ] || refused 'this is no container of Docker or Podman'
	: > /.dockerenv
	refused "these are the machine's own processes" 'readlink() { echo "${1##*/}:[4026531836]"; }'
	refused "these are the machine's own processes" 'readlink() { :; }'
	refused "this is the machine's own host name" 'readlink() { echo "${1##*/}:[4026531838]"; }'
	refused 'it has booted, as machines do' 'cat() { echo systemd; }'
	mkdir -p /run/systemd/system
	refused 'it has booted, as machines do'
	rmdir /run/systemd/system
	refused 'it has something mounted from outside: /etc/pam.d, /run/pcscd' \
		'place_foreign_mounts() { printf "%s\n" /etc/pam.d /run/pcscd; }'
	mkdir -p /dev/bus/usb
	refused "it has the machine's USB devices" 'place_foreign_mounts() { :; }'
	rm -r /dev/bus
}
run_case 'a machine that cannot make namespaces is not worked in' machines_are_refused

# Of a table as the kernel shows it, what is not the engine's own.
mounts_from_outside()
{
	local line

	while read -r line; do
		printf '1 2 8:1 / %s rw - ext4 /dev/sda1 rw\n' "$line"
	done > "$WORK/mountinfo" <<-'TEXT'
		/
		/proc/sys
		/dev/pts
		/etc/hosts
		/run/.containerenv
		/src
		/run/pcscd
		/etc
		/var/lib/pcscd\040socket
		/home/hanako
		/dev/bus/usb
		/src2
	TEXT
	sed 's|/proc/self/mountinfo|"$MOUNTINFO"|' "$E2E_TOP/tests/lib-place.sh" > "$WORK/place.sh"
	run env MOUNTINFO="$WORK/mountinfo" bash -c '. "$0"; place_foreign_mounts /src/pam_jpki' "$WORK/place.sh"
	expect_equal 'what is from outside' $'/run/pcscd\n/etc\n/var/lib/pcscd socket\n/home/hanako\n/dev/bus/usb\n/src2' "$OUT"
}
run_case 'what is mounted from outside is noticed' mounts_from_outside

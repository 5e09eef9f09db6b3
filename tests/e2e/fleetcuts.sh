# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What tests/e2e/fleetcuts.py needs: a disk in a file, and certificates to register. Sourced after tests/e2e/lib.sh.

# /dev in tests/e2e/ns has no disks. A mount that ends lets go of its loop device.
make_loop_devices()
{
	local i

	[ -e /dev/loop-control ] || mknod -m 0600 /dev/loop-control c 10 237
	for i in $(seq 0 63); do [ -e "/dev/loop$i" ] || mknod -m 0600 "/dev/loop$i" b 7 "$i"; done
}

# A disk in a file that can be mounted, or why not.
disk_objection()
{
	{ allows mounts && make_loop_devices && truncate -s 64M "$WORK/disk" && mkfs.ext4 -q "$WORK/disk" &&
		mount -o loop,noauto_da_alloc "$WORK/disk" /var/lib/pam_jpki && umount /var/lib/pam_jpki; } >> "$E2E_LOGS/disk.log" 2>&1 ||
		echo 'a file cannot be mounted as a disk (ext4) here'
}

leaves()
{
	local leaf list=

	for leaf in good other-person ec256 renewed rsa4096 stay; do list+=${list:+,}$PKI/$leaf.der; done
	printf '%s\n' "$list"
}

# Fails the case, and says with which seed, if a copy is not as it has to be. RESULT: what was seen.
fleet_cuts()	# writer|network|power fill|changes|return POINTS USERS SEED COMMAND…
{
	local log=$E2E_LOGS/run.log

	: > "$log"
	if RESULT=$(mkfs.ext4 -q -F "$WORK/disk" &&
		python3 "$E2E_TOP/tests/e2e/fleetcuts.py" "${@:1:5}" "$(leaves)" "$WORK/disk" "$log" -- "${@:6}" 2>> "$LOG"); then
		printf '%s\n' "$RESULT" >> "$LOG"
	else
		fail "seed $5: $(tail -n 3 "$LOG"); $(tail -n 3 "$log")"
	fi
	umount -q /var/lib/pam_jpki
}

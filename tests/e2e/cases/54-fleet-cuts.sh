# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# jpkictl fleet run, ended at random moments: killed, and by a power cut. E2E_CUTS=N: so many of each kind, with more
# users (make soak-fleet); each of them begins with other random numbers, E2E_SEED=TEXT with those of before.

# shellcheck source=tests/e2e/directory.sh
. "$E2E_TOP/tests/e2e/directory.sh"

CUTS=${E2E_CUTS-5} CUT_USERS=40
[ -z "${E2E_CUTS-}" ] || CUT_USERS=60
CUT_SEED=${E2E_SEED-$RANDOM$RANDOM}

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

cut_off()	# writer|network|power fill|changes
{
	local result

	directory_begins
	start_slapd a 3890 || fail "slapd: $(tail -n 5 "$E2E_LOGS/slapd-a.log")"
	configure_run
	: > "$E2E_LOGS/run.log"
	mkfs.ext4 -q -F "$WORK/disk"
	if result=$(python3 "$E2E_TOP/tests/e2e/fleetcuts.py" "$1" "$2" "$CUTS" "$CUT_USERS" "$CUT_SEED" "$(leaves)" "$WORK/disk" \
		"$E2E_LOGS/run.log" -- "${RUN_WORDS[@]}" 2>> "$LOG"); then
		printf '%s\n' "$result" >> "$LOG"
		[ -z "${E2E_CUTS-}" ] || printf '# %s\n' "$result"
	else
		fail "seed $CUT_SEED: $(tail -n 3 "$LOG"); $(tail -n 3 "$E2E_LOGS/run.log")"
	fi
	umount -q /var/lib/pam_jpki
	fleet_ends
}

OBJECTION='no slapd here'
[ ! -x "$SLAPD" ] || OBJECTION=$(disk_objection)
if [ -n "$OBJECTION" ]; then
	skip 'fleet cut' "$OBJECTION"
else
	run_case 'fleet cut: the writer is killed while it fills a copy' cut_off writer fill
	run_case 'fleet cut: the writer is killed in changes' cut_off writer changes
	run_case 'fleet cut: the network half is killed while a copy is filled' cut_off network fill
	run_case 'fleet cut: the network half is killed in changes' cut_off network changes
	run_case 'fleet cut: the power fails while a copy is filled' cut_off power fill
	run_case 'fleet cut: the power fails in changes' cut_off power changes
fi

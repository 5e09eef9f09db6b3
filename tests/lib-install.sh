# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a Debian needs to build and test pam_jpki: the one list. Sourced by
# tests/run and tests/demo; calls apt only if something is missing.
# shellcheck disable=SC2034 # the lists are used there

packages_build=(
	gcc make autoconf automake libtool autoconf-archive pkg-config gettext
	libpam0g-dev libnss3-dev libnspr4-dev libpcsclite-dev libinih-dev libbsd-dev
	libcmocka-dev libssl-dev libsystemd-dev libjansson-dev libcurl4-openssl-dev
	libseccomp-dev libldap-dev libcrypt-dev
)
packages_run=(
	pcscd expect sudo login passwd util-linux procps iproute2 libnss3-tools openssl locales
)
packages_test=(
	ldap-utils opensc opensc-pkcs11 openssh-client xz-utils binutils file python3 jq
	util-linux-extra git patch rsync pinentry-tty build-essential debhelper clang-tidy cppcheck shellcheck po4a lintian rpm
)

# Services: installed, they would be started on this machine, sshd with a port
# open to the network. They are unpacked inside the namespaces only.
packages_unpacked=(openssh-server slapd ldap-utils sshpass)

# The screen lockers and what they are looked at with; without them their cases are skipped.
packages_screen=(
	xvfb xdotool imagemagick fonts-dejavu-core fonts-noto-cjk i3lock xsecurelock
)
# Installed, these would offer a session, start with one, or become the display
# manager: unpacked like the services, and only where a case wants them.
packages_desktop=(
	xscreensaver sway swaylock wtype grim dbus-daemon lightdm lightdm-gtk-greeter
)

# A keyring that a password unlocks, and a directory that it mounts: unpacked, for their cases.
packages_keyring=(gnome-keyring libpam-gnome-keyring libsecret-tools dbus-daemon dbus-bin libpam-mount libpam-mount-bin gocryptfs fuse3)

# What tests/bench/compare sets beside pam_jpki: unpacked.
packages_peers=(libpam-p11 libpam-pkcs11 sssd-common libpam-sss libnss-sss sssd-proxy)

install_die()
{
	printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
	exit 1
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages PACKAGE…: installs those that are missing.
need_packages()
{
	local name missing=()

	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		printf '%s: no apt here; these must be installed already, by whatever name:\n  %s\n' \
			"$(basename -- "$0")" "$*" >&2
		return 0
	fi
	for name; do
		is_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	printf 'Installing with apt: %s\n' "${missing[*]}"
	if ! apt_get update || ! apt_get install --no-install-recommends "${missing[@]}"; then
		install_die "apt-get failed (see above); install by hand: ${missing[*]}"
	fi
}

# apt-get without questions; its output only if it fails.
apt_get()
{
	local output

	output=$(DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" \
		</dev/null 2>&1) && return
	printf '%s\n' "$output" >&2
	return 1
}

# apt_download PACKAGE…: their .deb files into the current directory.
apt_download()
{
	chmod 0755 . && { apt_get download "$@" 2>/dev/null || { apt_get update && apt_get download "$@"; }; }
}

# need_unpacked PACKAGE…: those that are not installed, with what they depend on,
# as an open tar file (8) that tests/e2e/lib.sh unpacks; nothing is left behind. Without their
# profiles for pam-auth-update, which takes each that it finds into every service.
need_unpacked()
{
	local name scratch missing=() more

	command -v apt-get >/dev/null || return 0
	for name; do
		is_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	printf 'Fetching, not installing: %s\n' "${missing[*]}"
	mapfile -t more < <(apt-get -q -s --no-install-recommends install "${missing[@]}" 2>/dev/null |
		sed -n 's/^Inst \([^ ]*\).*/\1/p')
	scratch=$(mktemp -d) || exit
	if ! (cd -- "$scratch" && mkdir root && apt_download "${missing[@]}" "${more[@]}" &&
		for name in *.deb; do dpkg-deb -x "$name" root || exit; done &&
		rm -rf root/usr/share/pam-configs && tar -C root -cf all.tar .); then
		rm -rf "$scratch"
		install_die "cannot be fetched (see above): ${missing[*]}"
	fi
	exec 8<"$scratch/all.tar"
	rm -rf "$scratch"
	export E2E_UNPACK=yes
}

vpcd_driver()	# [DIR]
{
	local dir

	for dir in "${1:-}"/usr/lib/pcsc/drivers "${1:-}"/usr/lib/*/pcsc/drivers "${1:-}"/usr/lib64/pcsc/drivers; do
		[ -d "$dir" ] && find "$dir" -name 'libifdvpcd.so*' -type f -print
	done | head -n 1
}

# The driver of the virtual reader: its path in E2E_VPCD. The package
# vsmartcard-vpcd is not installed: it would put a virtual reader, and a port
# open to the network, into this machine's own pcscd. Its driver alone is
# fetched, and handed on as an open file (9), so that nothing is left behind.
need_vpcd()
{
	local scratch

	E2E_VPCD=$(vpcd_driver)
	export E2E_VPCD
	[ -z "$E2E_VPCD" ] || return 0
	command -v apt-get >/dev/null ||
		install_die "no driver of a virtual reader (libifdvpcd.so): install vsmartcard's vpcd"
	printf 'Fetching the driver of the virtual reader (vsmartcard-vpcd)\n'
	scratch=$(mktemp -d) || exit
	(cd -- "$scratch" && apt_download vsmartcard-vpcd && dpkg-deb -x vsmartcard-vpcd_*.deb .)
	E2E_VPCD=$(vpcd_driver "$scratch")
	[ -z "$E2E_VPCD" ] || exec 9<"$E2E_VPCD"
	rm -rf "$scratch"
	[ -n "$E2E_VPCD" ] || install_die "vsmartcard-vpcd cannot be fetched (see above); install it by hand"
	E2E_VPCD=/dev/fd/9
}

need_root()
{
	[ "$(id -u)" = 0 ] || install_die "run it as root: sudo $0 (it makes private namespaces)"
}

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Inside the namespaces: from the source to an installed pam_jpki. Sourced by
# the insides of tests/run and tests/demo. Wants E2E_TOP (the source),
# E2E_BUILD (the build directory) and E2E_LOGS.

build_die()
{
	printf '%s\n' "$*" >&2
	exit 1
}

# Where this system's libpam looks for modules.
find_pamdir()
{
	local dir

	for dir in "/usr/lib/$(gcc -print-multiarch 2>/dev/null)/security" \
		/usr/lib64/security /usr/lib/security /lib64/security /lib/security /lib/*/security; do
		[ -e "$dir/pam_unix.so" ] && { printf '%s\n' "$dir"; return; }
	done
	build_die "cannot find where PAM modules live (no pam_unix.so): install libpam-modules"
}

# step NAME COMMAND…: output goes to a log, shown if the command fails.
step()
{
	local name=$1 log=$E2E_LOGS/$1.log

	shift
	printf '  %s …\n' "$name"
	"$@" >"$log" 2>&1 </dev/null && return
	tail -n 60 "$log" >&2
	build_die "$name failed (the end of its output is above)"
}

# Whether a kept build was configured so, from a source that was prepared since: then make does the rest.
is_configured()	# OPTION…
{
	[ "$*" = "$(cat "$E2E_BUILD/configured-with" 2>/dev/null)" ] && [ -e "$E2E_BUILD/config.status" ] &&
		[ "$E2E_TOP/configure" -nt "$E2E_TOP/configure.ac" ]
}

# configure_build OPTION…: further options of configure.
configure_build()
{
	# What a developer configured inside the source would interfere with
	# a build outside; here it can go, it is a throw-away copy.
	if [ -e "$E2E_TOP/config.status" ]; then
		step distclean make -C "$E2E_TOP" distclean
	fi
	! is_configured "$E2E_TOP" "$@" || return 0
	(cd -- "$E2E_TOP" && step autoreconf autoreconf -fi) || exit
	mkdir -p "$E2E_BUILD"
	(cd -- "$E2E_BUILD" && step configure "$E2E_TOP/configure" --prefix=/usr \
		--sysconfdir=/etc --localstatedir=/var --libexecdir=/usr/libexec \
		--with-pamdir="$(find_pamdir)" "$@") || exit
	echo "$E2E_TOP" "$@" > "$E2E_BUILD/configured-with"
}

make_build()
{
	step build make -C "$E2E_BUILD" -j"$(nproc)"
}

install_build()
{
	step install make -C "$E2E_BUILD" install
	step users make_users
}

# As make install says; a tree of earlier times has no such users (tests/adversary/run).
make_users()
{
	local files=(/usr/lib/sysusers.d/pam_jpki.conf /usr/lib/sysusers.d/jpki_fleet.conf) file

	for file in "${files[@]}"; do
		if [ ! -e "$file" ]; then
			continue
		elif command -v systemd-sysusers >/dev/null; then
			systemd-sysusers "$file" || exit
		else
			sed -n 's/^u \([^ ]*\) .*/\1/p' "$file" | while read -r user; do
				useradd --system --shell /usr/sbin/nologin "$user" || exit
			done
		fi
	done
}

# Programs of the tests only; what make check would build.
make_test_programs()
{
	if [ -n "${E2E_MUTANT-}" ]; then
		step test-programs make_what_builds
	else
		step test-programs make -C "$E2E_BUILD" -j"$(nproc)" check TESTS=
	fi
}

# In a tree of earlier times (tests/adversary/run) today's attackers need not all build: a case
# without its program fails.
make_what_builds()
{
	make -C "$E2E_BUILD" -j"$(nproc)" -k check TESTS= || :
}

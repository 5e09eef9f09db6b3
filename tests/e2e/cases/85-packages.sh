# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The Debian packages: built from this tree, installed, upgraded, removed and purged, with the PAM
# stacks whole and users able to log in at each step.

DEBS=$WORK/debs
PASSWORD=s3cret-Word
by_pin="pin=$PIN auth acct setcred"
by_password="pin=$PASSWORD auth acct setcred"

# packaged_login NAME DRIVE [key=value… of login]: at the service login, which reads common-auth.
packaged_login()
{
	login "$1" service=login drive="$2" asks='' says='setcred = 0 PAM_SUCCESS' "${@:3}"
}

stacks()
{
	cat /etc/pam.d/common-*
}

# These packages are thrown away, so they are not compressed well: that took a third of the time.
quick=(XZ_OPT=-0 DPKG_DEB_COMPRESSOR_LEVEL=0)

build_packages()
{
	RUN_LIMIT=$BUILD_LIMIT run env "${quick[@]}" DEB_BUILD_OPTIONS=nocheck "$E2E_TOP/packaging/deb" "$DEBS"
	expect_equal 'exit status' 0 "$STATUS"
	[ "$(find "$DEBS" -name '*.deb' ! -name '*dbgsym*' | wc -l)" = 5 ] || fail 'not five packages'
	expect_has 'what it says' 'lintian finds nothing wrong' "$OUT"
}

# By rpm's macros, and by ours for those that only Fedora has.
build_rpms()
{
	local scripts

	RUN_LIMIT=$BUILD_LIMIT run env "${quick[@]}" "$E2E_TOP/packaging/rpm" "$WORK/rpms"
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'packages' 'jpki-common jpki-fleet jpki-ssh jpki-tools pam_jpki ' \
		"$(rpm -qp --qf '%{name}\n' "$WORK"/rpms/*.rpm 2>> "$LOG" | grep -v debug | sort | tr '\n' ' ')"
	scripts=$(rpm -qp --scripts "$WORK"/rpms/*.rpm 2>> "$LOG")
	expect_has 'what is run' systemd-sysusers "$scripts"
	expect_lacks 'what is run' systemctl "$scripts"
}

# No package starts anything or stops it for an upgrade; what runs already, jpki-fleet restarts. None enables
# anything but the unit that does nothing unless jpkictl setup was cut short, which its own directory wants.
enables_nothing()
{
	local deb scripts=$WORK/scripts

	for deb in "$DEBS"/*.deb; do
		[[ $deb != */jpki-fleet_* ]] || continue	# service_of_fleet
		rm -rf "$scripts"
		dpkg-deb --control "$deb" "$scripts" || fail "$deb cannot be read"
		expect_equal "what ${deb##*/} starts or stops" '' "$(grep -hE 'deb-systemd-invoke|systemctl[^|]* (re)?start|invoke-rc\.d|service ' \
			"$scripts"/{pre,post}inst 2>/dev/null)"
	done
	expect_equal 'units of ours that are enabled' '' "$(find /etc/systemd -name 'jpki-*')"
	expect_equal 'units of ours that others want' /usr/lib/systemd/system/multi-user.target.wants/jpki-setup-recover.service \
		"$(find /usr/lib/systemd /lib/systemd/ -path '*.wants/jpki-*' -o -path '*.requires/jpki-*' | sed 's,^/lib,/usr/lib,' | sort -u)"
	expect_has 'when that one runs' $'\nConditionPathExists=/var/lib/pam_jpki/setup/pending\n' \
		"$(cat /usr/lib/systemd/system/jpki-setup-recover.service)"
	# Newer debhelpers, which find the units of this directory, are told so, too.
	expect_has 'debian/rules' $'\tdh_installsystemd --no-enable --no-start --no-stop-on-upgrade\n' "$(cat "$E2E_TOP/debian/rules")"
}

# fleet_script SCRIPT ARGUMENT…: a script of jpki-fleet, with a systemd that only notes what it is told. One that runs is not
# here: tests/field has it.
fleet_script()
{
	local script=$1 tools=$WORK/systemd

	shift
	mkdir -p "$tools" /run/systemd/system
	: > "$WORK/told"
	printf '#!/bin/sh\n[ "$*" != "--quiet is-active jpki-fleet.service" ] || exit %s\necho "${0##*/} $*" >> %s\n' "$ACTIVE" "$WORK/told" > "$tools/systemctl"
	cp "$tools/systemctl" "$tools/deb-systemd-invoke"
	chmod 0755 "$tools"/*
	run env PATH="$tools:$PATH" DPKG_MAINTSCRIPT_PACKAGE=jpki-fleet DPKG_MAINTSCRIPT_NAME="$script" "$WORK/fleet-scripts/$script" "$@"
	expect_equal "$script $*" 0 "$STATUS"
	TOLD=$(grep -E 'jpki-fleet' "$WORK/told")
	rmdir /run/systemd/system 2>/dev/null
}

service_of_fleet()
{
	local enabled=/etc/systemd/system/multi-user.target.wants/jpki-fleet.service copy=/var/lib/pam_jpki/fleet

	rm -rf "$WORK/fleet-scripts"
	dpkg-deb --control "$DEBS"/jpki-fleet_*.deb "$WORK/fleet-scripts" || fail 'no scripts'
	ACTIVE=0 fleet_script postinst configure ''
	expect_equal 'installed' '' "$TOLD"
	ACTIVE=3 fleet_script postinst configure 0.1.0-1
	expect_equal 'upgraded, where it does not run' '' "$TOLD"
	ACTIVE=0 fleet_script postinst configure 0.1.0-1
	expect_equal 'upgraded, where it runs' 'deb-systemd-invoke restart jpki-fleet.service' "$TOLD"
	ACTIVE=0 fleet_script prerm upgrade 0.1.0-2
	expect_equal 'before an upgrade' '' "$TOLD"
	ACTIVE=0 fleet_script prerm remove
	expect_match 'removed' '.*deb-systemd-invoke stop .?jpki-fleet.service.?.*' "$TOLD"
	mkdir -p "$copy/users" "$(dirname "$enabled")"
	: > "$copy.lock"
	ln -s /usr/lib/systemd/system/jpki-fleet.service "$enabled"
	ACTIVE=0 fleet_script postrm remove
	[ -d "$copy/users" ] && [ -L "$enabled" ] || fail 'removal takes the copy or the setting'
	ACTIVE=0 fleet_script postrm purge
	[ ! -e "$copy" ] && [ ! -e "$copy.lock" ] && [ ! -L "$enabled" ] || fail 'purge leaves the copy or the setting'
}

# What make install has put there is not the packages'.
uninstall_build()
{
	make -C "$E2E_BUILD" uninstall >> "$LOG" 2>&1 || fail 'make uninstall'
	for user in jpki-keys jpki-fetch jpki-fleet jpki-helper; do
		userdel "$user" || fail "userdel $user"
	done
	rm -rf /etc/pam_jpki /var/lib/pam_jpki /usr/share/doc/pam_jpki
	[ ! -e "$PAMDIR/pam_jpki.so" ] || fail 'the module is still there'
}

# dpkg_run OPTION… : without questions, as apt calls it.
dpkg_run()
{
	run env DEBIAN_FRONTEND=noninteractive dpkg "$@"
	expect_equal 'exit status' 0 "$STATUS"
}

documents_missing()
{
	local path named

	named=$(dpkg -L libpam-jpki jpki-tools jpki-ssh | grep '^/usr/share/man/.*\.gz$' | xargs zcat | grep -oE '/usr/share/doc/[A-Za-z0-9_./-]+' |
		sed 's/\.$//' | sort -u)
	[ -n "$named" ] || echo 'they name nothing'
	for path in $named; do [ -e "$path" ] || echo "$path"; done
}

install_packages()
{
	dpkg_run -i "$DEBS"/libpam-jpki_*.deb "$DEBS"/jpki-tools_*.deb "$DEBS"/jpki-fleet_*.deb "$DEBS"/jpki-common_*.deb "$DEBS"/jpki-ssh_*.deb
	expect_equal 'owner and mode of what the administrator writes into' '0:0 755' "$(stat -c '%u:%g %a' /etc/pam_jpki)"
	[ -s /usr/share/doc/libpam-jpki/examples/pam_jpki.conf ] || fail 'no example of a configuration'
	expect_equal 'what the manuals name of the documentation, and is not there' '' "$(documents_missing)"
	expect_equal 'the stacks' "$STACKS" "$(stacks)"
	expect_equal 'users that are people or shared' '' "$(id -u jpki-keys jpki-fetch jpki-fleet jpki-helper | awk '$1 < 100 || $1 > 999')"
	expect_equal 'users' 4 "$(id -u jpki-keys jpki-fetch jpki-fleet jpki-helper | sort -u | wc -l)"
	expect_equal 'modes of programs that others cannot trace' '711' "$(stat -c %a /usr/bin/jpkictl /usr/bin/jpki-ssh \
		/usr/bin/jpki-askpass /usr/libexec/pam_jpki/* | sort -u)"
	jpkictl --version > /dev/null || fail 'jpkictl'
	jpki-ssh --help > /dev/null || fail 'jpki-ssh'
	# What every login needs, as the cases before had it.
	cp -a "$WORK/nssdb" /etc/pam_jpki/
	mkdir -p /var/lib/pam_jpki /etc/pam_jpki/users
	cp -a "$WORK/crl" /var/lib/pam_jpki/
}

enable_profile()	# PROFILE
{
	run pam-auth-update --enable "$1"
	expect_equal 'exit status' 0 "$STATUS"
	expect_has 'common-auth' pam_jpki.so "$(cat /etc/pam.d/common-auth)"
}

# repack DEB VERSION DIRECTORY WORDS: the same package, changed by shell commands in its tree.
repack()
{
	local tree=$WORK/tree

	rm -rf "$tree"
	mkdir -p "$3"
	dpkg-deb -R "$1" "$tree" && sed -i "s/0\.1\.0-1/$2/g" "$tree/DEBIAN/control" &&
		(cd "$tree" && eval "$4") && dpkg-deb -b "$tree" "$3" >> "$LOG" || fail "cannot make $2 of $1"
}

# As unattended-upgrades calls it: there is no user to prompt.
dpkg_unattended()
{
	run setsid env DEBIAN_FRONTEND=noninteractive dpkg "$@" < /dev/null
}

# Packages of a higher version, in which all that could be asked about is another; the administrator
# has changed what there is to change.
upgrade_packages()
{
	local deb

	printf '%s\n' 'lang = ja' 'crl = require' > /etc/pam_jpki/pam_jpki.conf
	chmod 0644 /etc/pam_jpki/pam_jpki.conf
	expect_equal 'files in /etc/pam_jpki that dpkg asks about' '' "$(dpkg-query -W -f '${Conffiles}\n' libpam-jpki jpki-tools jpki-fleet jpki-ssh jpki-common |
		grep pam_jpki/)"
	for deb in "$DEBS"/*.deb; do
		[[ $deb != *dbgsym* ]] || continue
		repack "$deb" 0.1.0-2 "$WORK/newer" 'for f in usr/share/doc/libpam-jpki/examples/pam_jpki.conf; do [ ! -e $f ] || echo "# newer" >> $f; done'
	done
	dpkg_unattended -i "$WORK"/newer/*.deb
	expect_equal 'exit status' 0 "$STATUS"
	expect_equal 'version' 0.1.0-2 "$(dpkg-query -W -f '${Version}' libpam-jpki)"
	expect_equal 'the configuration' $'lang = ja\ncrl = require' "$(cat /etc/pam_jpki/pam_jpki.conf)"
	expect_equal 'files beside it' '' "$(find /etc/pam_jpki -name '*.dpkg-*')"
	expect_has 'common-auth' pam_jpki.so "$(cat /etc/pam.d/common-auth)"
	[ -s "$USERS/hanako.pem" ] || fail 'the enrollment is gone'
}

# From a package that had the configuration as a file of its own (conffile), as ours once did: the
# first upgrade between such packages stops, and one to ours does not, and keeps what was written.
upgrade_from_conffile()
{
	local deb own='mkdir -p etc/pam_jpki && echo "# $E2E_OLD" > etc/pam_jpki/pam_jpki.conf && echo /etc/pam_jpki/pam_jpki.conf >> DEBIAN/conffiles'

	deb=$(find "$DEBS" -name 'libpam-jpki_*.deb')
	E2E_OLD=first repack "$deb" 0.1.0-3 "$WORK/old3" "$own"
	E2E_OLD=second repack "$deb" 0.1.0-4 "$WORK/old4" "$own"
	repack "$deb" 0.1.0-5 "$WORK/new5" :
	rm -f /etc/pam_jpki/pam_jpki.conf
	# The other packages of this version name exactly theirs.
	dpkg_unattended --force-depends -i "$WORK"/old3/*.deb
	expect_equal 'exit status, with a conffile' 0 "$STATUS"
	echo 'lang = ja' >> /etc/pam_jpki/pam_jpki.conf
	dpkg_unattended --force-depends -i "$WORK"/old4/*.deb
	expect_equal 'exit status, where dpkg would ask' 1 "$STATUS"
	dpkg_unattended --force-depends -i "$WORK"/new5/*.deb
	expect_equal 'exit status, to ours' 0 "$STATUS"
	expect_equal 'the configuration' $'# first\nlang = ja' "$(cat /etc/pam_jpki/pam_jpki.conf)"
	dpkg_unattended -i "$WORK"/newer/*.deb
	expect_equal 'exit status, back' 0 "$STATUS"
	expect_equal 'the configuration' $'# first\nlang = ja' "$(cat /etc/pam_jpki/pam_jpki.conf)"
}

remove_packages()
{
	dpkg_run -r jpki-ssh jpki-fleet jpki-tools libpam-jpki jpki-common
	expect_equal 'the stacks' "$STACKS" "$(stacks)"
	[ ! -e "$PAMDIR/pam_jpki.so" ] || fail 'the module is still there'
	[ -s "$USERS/hanako.pem" ] || fail 'the enrollment is gone'
	[ -s /etc/pam_jpki/pam_jpki.conf ] || fail 'the configuration is gone'
}

purge_packages()
{
	local left

	dpkg_run -P jpki-ssh jpki-fleet jpki-tools libpam-jpki jpki-common
	expect_equal 'the stacks' "$STACKS" "$(stacks)"
	left=$(find /etc /usr /var/lib \( -name '*jpki*' -o -name '*JPKI*' \) -not -path '/var/lib/dpkg/*' \
		-not -path '/usr/share/pki/*' -not -path "$E2E_TOP/*" -not -path "$E2E_BUILD/*" 2>/dev/null)
	expect_equal 'what is left' '' "$left"
}

# The administrator has put lines of their own among those of pam-auth-update, which then asks whether
# it may overwrite the file; there is no user to say yes. With "both" the card's line is requisite.
remove_changed()	# WHERE: a line of common-auth, by its begin, in front of which theirs goes
{
	mkdir -p "$WORK/stacks.d"
	cp -a /etc/pam.d/common-* "$WORK/stacks.d/"
	grep -q "$1" /etc/pam.d/common-auth || fail "no line with $1"
	sed -i "0,/$1/s//auth\toptional\t\t\tpam_echo.so file=\/nonexistent\n&/" /etc/pam.d/common-auth
	expect_has 'common-auth' pam_echo.so "$(cat /etc/pam.d/common-auth)"
	dpkg_unattended -r jpki-ssh jpki-fleet jpki-tools libpam-jpki jpki-common
	expect_equal 'exit status' 0 "$STATUS"
	[ ! -e "$PAMDIR/pam_jpki.so" ] || fail 'the module is still there'
	expect_lacks 'the stacks' pam_jpki "$(stacks)"
	expect_has 'common-auth' pam_echo.so "$(cat /etc/pam.d/common-auth)"	# theirs stays
	expect_equal 'mode of common-auth' '0:0 644' "$(stat -c '%u:%g %a' /etc/pam.d/common-auth)"
}

put_stacks_back()
{
	dpkg_unattended -P jpki-ssh jpki-fleet jpki-tools libpam-jpki jpki-common
	find /etc/pam.d /var/lib/pam -name 'common-*.pam-old' -delete
	cp -a "$WORK"/first-stacks.d/common-* /etc/pam.d/
	cp -a "$WORK"/first-stacks.d/seen /var/lib/pam/
}

changed_and_removed()	# NAME WHERE [PROFILE]
{
	run_case "packages: installed, $1" install_packages
	run_case "packages: chosen, $1" enable_profile "${3:-jpki-and-password}"
	run_case "packages: removed, $1" remove_changed "$2"
	packaged_login "packages: removed, $1, by password" "$by_password" code=none verifies=0 apdus=0
	login "packages: removed, $1, by a wrong password" service=login drive='pin=wrong auth' asks='' code=none verifies=0 apdus=0 \
		pam=AUTH_ERR
	run_case "packages: put back, $1" put_stacks_back
}

# --- the scripts of the RPMs ---------------------------------------------------------------------

RPM=$WORK/rpm-scripts
SPEC=$E2E_TOP/packaging/pam_jpki.spec

# What Fedora's macros of these names do (systemd's macros.systemd), which Debian does not have: the units of a new package become what
# the preset says; what runs is started again after an upgrade; what goes is disabled and stopped.
put_rpm_macros()
{
	cat > "$RPM/macros" <<-'TEXT'
	%systemd_post() \
	[ "$1" -ne 1 ] || systemctl --no-reload preset %{?*} || : \
	%{nil}
	%systemd_user_post() \
	[ "$1" -ne 1 ] || systemctl --no-reload --global preset %{?*} || : \
	%{nil}
	%systemd_preun() \
	[ "$1" -ne 0 ] || systemctl --no-reload disable --now %{?*} || : \
	%{nil}
	%systemd_user_preun() \
	[ "$1" -ne 0 ] || systemctl --no-reload --global disable %{?*} || : \
	%{nil}
	%systemd_postun() %{nil}
	%systemd_postun_with_restart() \
	[ "$1" -lt 1 ] || systemctl try-restart %{?*} || : \
	%{nil}
	TEXT
}

# A small systemd. The real systemctl records which units are enabled, in a directory with Fedora's preset. Each unit that runs is
# a file.
put_small_systemd()
{
	mkdir -p "$RPM/bin" "$RPM/running" "$RPM"/root/usr/lib/systemd/{system,user}{,-preset}
	cp /usr/lib/systemd/system/jpki-*.* "$RPM/root/usr/lib/systemd/system/"
	cp /usr/lib/systemd/user/jpki-*.* "$RPM/root/usr/lib/systemd/user/"
	echo 'disable *' | tee "$RPM"/root/usr/lib/systemd/{system,user}-preset/99-default-disable.preset > /dev/null
	cat > "$RPM/bin/systemctl" <<-'TEXT'
	#!/bin/bash
	cd "$RPM/running" || exit
	words=() units=() now=
	for word; do
		case $word in
		--now) now=' now' ;;
		*.*) units+=("$word") ;;
		*) words+=("$word") ;;
		esac
	done
	case ${words[*]} in
	*preset|*able) "$SYSTEMCTL" --root="$RPM/root" "${words[@]}" "${units[@]}" ;;
	*try-restart) for unit in "${units[@]}"; do [ ! -e "$unit" ] || echo "$unit" >> "$RPM/restarted"; done ;;
	esac
	case ${words[*]}$now in
	*'disable now'|*stop) rm -f "${units[@]}" ;;
	*try-restart|*daemon-reload) ;;
	*'enable now'|*start) touch "${units[@]}" ;;
	esac
	TEXT
	chmod 0755 "$RPM/bin/systemctl"
	ln -s /bin/true "$RPM/bin/systemd-sysusers"
}

# $RPM/NAME.TAG: each script of each package; empty, if it has none.
write_rpm_scripts()
{
	local tag

	for tag in PREIN POSTIN PREUN POSTUN PRETRANS POSTTRANS; do
		rpmspec -q --load "$RPM/macros" --qf "=%{NAME}\n%{$tag}\n" "$SPEC" 2>> "$LOG" |
			awk -v to="$RPM/" -v tag=".$tag" '/^=/ { file = to substr($0, 2) tag; printf "" > file; next } $0 != "(none)" { print > file }'
	done
}

# rpm_does TAG NUMBER: rpm runs this script of each package. NUMBER: how many versions of the package are installed afterwards.
rpm_does()
{
	local script

	for script in "$RPM"/*."$1"; do
		run env RPM="$RPM" SYSTEMCTL="$(command -v systemctl)" PATH="$RPM/bin:$PATH" /bin/sh "$script" "$2"
		expect_equal "${script##*/} $2" 0 "$STATUS"
	done
}

# In the order of rpm(8): what is new is installed before what was there goes.
rpm_installs() { rpm_does PRETRANS 1; rpm_does PREIN 1; rpm_does POSTIN 1; rpm_does POSTTRANS 1; }
rpm_upgrades() { rpm_does PRETRANS 2; rpm_does PREIN 2; rpm_does POSTIN 2; rpm_does PREUN 1; rpm_does POSTUN 1; rpm_does POSTTRANS 2; }
rpm_removes() { rpm_does PREUN 0; rpm_does POSTUN 0; }
runs() { find "$RPM/running" -type f -printf '%f\n' | sort | tr '\n' ' '; }
is_enabled() { find "$RPM/root/etc/systemd" -type l -printf '%f\n' 2>/dev/null | sort | tr '\n' ' '; }
restarted() { cat "$RPM/restarted" 2>/dev/null; }

rpm_scripts()
{
	local all=(jpki-fleet.service jpki-crl-update.timer)

	rm -rf "$RPM"
	mkdir -p "$RPM"
	put_rpm_macros
	put_small_systemd
	write_rpm_scripts
	expect_has 'scripts' 'preset jpki-fleet.service' "$(cat "$RPM"/*.POSTIN)"
	expect_equal 'packages' 5 "$(find "$RPM" -name '*.POSTIN' | wc -l)"
	rpm_installs
	expect_equal 'installed: enabled' '' "$(is_enabled)"
	expect_equal 'installed: runs' '' "$(runs)"
	rpm_upgrades
	expect_equal 'upgraded, off: enabled, running, restarted' '' "$(is_enabled)$(runs)$(restarted)"
	systemctl --root="$RPM/root" enable "${all[@]}" >> "$LOG" 2>&1
	systemctl --root="$RPM/root" --global enable jpki-watch.service >> "$LOG" 2>&1
	touch "$RPM/running/jpki-fleet.service" "$RPM/running/jpki-crl-update.timer"
	rpm_upgrades
	expect_equal 'upgraded: enabled' 'jpki-crl-update.timer jpki-fleet.service jpki-watch.service ' "$(is_enabled)"
	expect_equal 'upgraded: runs' 'jpki-crl-update.timer jpki-fleet.service ' "$(runs)"
	expect_equal 'upgraded: restarted' jpki-fleet.service "$(restarted)"
	rpm_removes
	expect_equal 'removed: enabled' '' "$(is_enabled)"
	expect_equal 'removed: runs' '' "$(runs)"
}

if ! command -v rpmspec > /dev/null; then
	skip 'RPMs: what their scripts enable, start and stop' 'no rpmspec here'
elif ! command -v systemctl > /dev/null || [ ! -e /usr/lib/systemd/system/jpki-fleet.service ]; then
	skip 'RPMs: what their scripts enable, start and stop' 'no systemctl here, or no units'
else
	run_case 'RPMs: what their scripts enable, start and stop' rpm_scripts
fi

if is_wanted packages; then
	if ! command -v dh > /dev/null; then
		skip 'packages: build, install, upgrade, remove, purge' 'no debhelper here (it is Debian'\''s)'
	else
		printf 'hanako:%s\n' "$PASSWORD" | chpasswd
		pam-auth-update --package --remove jpki jpki-and-password 2>/dev/null
		STACKS=$(stacks)
		mkdir -p "$WORK/first-stacks.d"
		cp -a /etc/pam.d/common-* /var/lib/pam/seen "$WORK/first-stacks.d/"
		run_case 'packages: built from the tree' build_packages
		if command -v rpmbuild > /dev/null; then
			run_case 'packages: RPMs built from the tree' build_rpms
		else
			skip 'packages: RPMs built from the tree' 'no rpmbuild here'
		fi
		run_case 'packages: make uninstall' uninstall_build
		packaged_login 'packages: before, by password' "$by_password" code=none verifies=0 apdus=0
		run_case 'packages: installed' install_packages
		run_case 'packages: nothing is enabled or started' enables_nothing
		run_case 'packages: the service of jpki-fleet' service_of_fleet
		packaged_login 'packages: installed and not chosen, by password' "$by_password" code=none verifies=0 apdus=0
		run_case 'packages: chosen' enable_profile jpki
		packaged_login 'packages: chosen, by PIN' "$by_pin"
		packaged_login 'packages: chosen, without a card, by password' "$by_password" sim=remove code=NO-CARD verifies=0
		run_case 'packages: upgraded' upgrade_packages
		packaged_login 'packages: upgraded, by PIN' "$by_pin"
		run_case 'packages: upgraded from one that asked' upgrade_from_conffile
		packaged_login 'packages: upgraded from one that asked, by PIN' "$by_pin"
		run_case 'packages: removed' remove_packages
		packaged_login 'packages: removed, by password' "$by_password" code=none verifies=0 apdus=0
		run_case 'packages: installed again' install_packages
		run_case 'packages: both chosen' enable_profile jpki-and-password
		packaged_login 'packages: both chosen, by both' "pin=$PASSWORD $by_pin" prompts=2
		run_case 'packages: purged at once' purge_packages
		packaged_login 'packages: purged, by password' "$by_password" code=none verifies=0 apdus=0
		changed_and_removed 'a line before the card'"'"'s' 'auth.*pam_jpki.so'
		changed_and_removed 'a line in front of all' 'auth.*pam_unix.so'
		changed_and_removed 'a line before the end' '# end of pam-auth-update'
		changed_and_removed 'a line in front of all, card or password' 'auth.*pam_jpki.so' jpki
	fi
fi

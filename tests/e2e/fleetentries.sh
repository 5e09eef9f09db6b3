# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Entries of an organization's directory in LDIF, and where OpenLDAP keeps what a server needs. For one directory
# (directory.sh), for three (tests/lib-fleet.sh), and for cases that need neither.

registration_entry()	# BASE USER CERTIFICATE.der…
{
	local base=$1 user=$2 file

	shift 2
	printf 'dn: uid=%s,ou=enrolments,%s\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\n' "$user" "$base" "$user"
	for file; do printf 'userCertificate;binary:: %s\n' "$(base64 -w 0 "$file")"; done
}

block_entry()	# BASE NAME WORDS
{
	printf 'dn: cn=%s,ou=blocked,%s\nobjectClass: device\ncn: %s\ndescription: %s\n' "$2" "$1" "$2" "$3"
}

# The first of these directories with one of these files.
first_with()	# "FILE…" DIRECTORY…
{
	local files=$1 dir file

	shift
	for dir; do
		for file in $files; do
			[ ! -e "$dir/$file" ] || { printf '%s\n' "$dir"; return; }
		done
	done
	return 1
}

slapd_schemas() { first_with cosine.schema /etc/ldap/schema /etc/openldap/schema; }
slapd_modules() { first_with 'syncprov.la syncprov.so' /usr/lib/ldap /usr/lib64/openldap /usr/lib/*/ldap /usr/libexec/openldap; }

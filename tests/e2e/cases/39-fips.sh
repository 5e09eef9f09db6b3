# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A kernel in FIPS mode, and an NSS database that was switched to it: what works otherwise works there too.

# under_fips FUNCTION ARGUMENT…: where /proc/sys/crypto/fips_enabled says 1. Not every kernel has that file.
under_fips()
{
	local fake=$WORK/proc-sys name status

	mkdir -p "$fake"
	mount -t tmpfs none "$fake"
	for name in /proc/sys/*; do
		mkdir -p "$fake/${name##*/}"
		[ "${name##*/}" = crypto ] || mount --bind "$name" "$fake/${name##*/}"
	done
	mkdir -p "$fake/crypto"
	echo 1 > "$fake/crypto/fips_enabled"
	mount --rbind "$fake" /proc/sys
	"$@"
	status=$?
	umount -R /proc/sys
	umount -R "$fake"
	return $status
}

# A login, and what an administrator does: all of it asks NSS for signatures.
all_works()
{
	local leaf

	for leaf in good ec256 ec384 rsa4096; do
		reset_config
		enroll hanako "$leaf"
		put_card "$leaf"
		install_pam_service e2e "$(stack)"
		run pamdrive --service e2e --user hanako "pin=$PIN" auth
		expect_equal "login with $leaf" '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	done
	put_card good
	enroll hanako revoked
	run pamdrive --service e2e --user hanako auth
	expect_logged 'JPKI-E-REVOKED'
	reset_config
	rm -rf "$CRLS" "$NSSDB"
	run jpkictl trust add "$PKI/ca1.crt"
	expect_equal 'trust add: exit status' 0 "$STATUS"
	run jpkictl crl import "$PKI/crl/ca1.crl"
	expect_equal 'crl import: exit status' 0 "$STATUS"
	run jpkictl crl verify
	expect_equal 'crl verify: exit status' 0 "$STATUS"
	run jpkictl crl import "$PKI/crl/ca1-tampered.crl"
	expect_has 'crl import, tampered with' '(signature)' "$OUT"
	reset_config
	run jpkictl enroll --from-file "$PKI/other-person.crt" hanako
	expect_equal 'enroll: exit status' 0 "$STATUS"
	run jpkictl doctor
	reset_config
}

in_a_fips_kernel()
{
	under_fips grep -q 1 /proc/sys/crypto/fips_enabled || fail 'no FIPS mode'
	under_fips all_works
}
needs mounts run_case 'FIPS mode of the kernel' in_a_fips_kernel

# What PIN and card go on with is the same: a wrong PIN is called so, and no signature is "not valid".
wrong_pin_in_fips()
{
	reset_config
	put_card good
	enroll hanako good
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$WRONG_PIN" auth
	expect_logged 'JPKI-E-PIN-WRONG'
	! syslog_matches JPKI-E-BAD-SIGNATURE || fail 'BAD-SIGNATURE'
}
wrong_pin_in_a_fips_kernel() { under_fips wrong_pin_in_fips; }
needs mounts run_case 'FIPS mode of the kernel: a wrong PIN' wrong_pin_in_a_fips_kernel

# The mode is in pkcs11.txt, which we do not read.
database_in_fips_mode()
{
	reset_config
	modutil -force -fips true -dbdir "sql:$NSSDB" >> "$LOG" 2>&1
	run modutil -chkfips true -dbdir "sql:$NSSDB"
	expect_has 'the database' 'FIPS mode enabled' "$OUT"
	chmod -R a+rX "$NSSDB"
	enroll hanako good
	put_card good
	install_pam_service e2e "$(stack)"
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_equal login '0 PAM_SUCCESS' "$(transcript 'auth = ')"
	run jpkictl trust list
	expect_equal 'trust list: exit status' 0 "$STATUS"
	run jpkictl trust add "$PKI/ca-other.crt"
	expect_equal 'trust add: exit status' 0 "$STATUS"
	run env NSS_FIPS=1 jpkictl crl verify
	expect_equal 'NSS_FIPS=1, crl verify: exit status' 0 "$STATUS"
	reset_config
}
run_case 'FIPS mode of the database, and of the environment' database_in_fips_mode

# In FIPS mode NSS checks its libraries against files that may have been deleted as superfluous.
self_test_fails()
{
	local name

	reset_config
	enroll hanako good
	put_card good
	install_pam_service e2e "$(stack)"
	for name in /usr/lib/*/lib*.chk /usr/lib/*/nss/lib*.chk; do
		[ ! -e "$name" ] || mount --bind /dev/null "$name"
	done
	run pamdrive --service e2e --user hanako "pin=$PIN" auth
	expect_has 'how the login ends' PAM_AUTHINFO_UNAVAIL "$(transcript 'auth = ')"
	expect_logged 'in FIPS mode, and NSS has failed its self-test'
	expect_equal 'tries spent' 3 "$(sim get auth-tries)"
	run jpkictl trust list
	expect_has 'trust list' 'switch FIPS mode off' "$OUT"
	expect_lacks 'trust list: the remedy for a database' 'restore cert9.db' "$OUT"
	for name in /usr/lib/*/lib*.chk /usr/lib/*/nss/lib*.chk; do
		mountpoint -q "$name" && umount "$name"
	done
	reset_config
}
self_test_fails_in_a_fips_kernel() { under_fips self_test_fails; }
needs mounts run_case 'FIPS mode of the kernel: the self-test of NSS fails' self_test_fails_in_a_fips_kernel

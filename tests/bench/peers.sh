# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Debian's other modules for cards, each set up as its manual says for a card like
# this: the user's certificate registered, the CA trusted, and the CRL installed where
# the module supports one. Sourced by compare-inside after lib.sh.
#
# shellcheck disable=SC2034 # compare-inside uses what is not used here

PEER_CA=/etc/pam_pkcs11/cacerts
PEER_CRL=/etc/pam_pkcs11/crls
SSSD_CA=/etc/sssd/pki/sssd_auth_ca_db.pem
SSSD_CRL=/etc/sssd/pki/crl.pem
SSSD_PID=

# The stacks that are measured: the card alone, without a password.
peer_services()
{
	OPENSC=$(find /usr/lib /usr/lib64 -name opensc-pkcs11.so -print 2>/dev/null | head -n 1)
	[ -n "$OPENSC" ] || build_die 'no opensc-pkcs11.so: package opensc-pkcs11'
	install_pam_service jpki 'auth required pam_jpki.so'
	install_pam_service p11 "auth required pam_p11.so $OPENSC ^[0-9]{4}\$"
	install_pam_service pkcs11 'auth required pam_pkcs11.so'
	install_pam_service sssd 'auth required pam_sss.so try_cert_auth'
	install_pam_service nothing 'auth required pam_permit.so'
}

# For this card only: OpenSC then sends the fewest commands.
write_opensc_conf()
{
	cat > /etc/opensc/opensc.conf <<-'TEXT'
		app default {
			card_drivers = jpki;
			framework pkcs15 {
				use_file_caching = public;
				builtin_emulators = jpki;
			}
		}
		app opensc-pkcs11 {
			pkcs11 {
				create_slots_for_pins = "user";
			}
		}
	TEXT
}

# From /usr/share/doc/libpam-pkcs11/examples, without its debug output and empty PIN, and with
# a CRL.
write_pkcs11_conf()
{
	mkdir -p /etc/pam_pkcs11
	cat > /etc/pam_pkcs11/pam_pkcs11.conf <<-TEXT
		pam_pkcs11 {
		  nullok = false;
		  debug = false;
		  use_pkcs11_module = opensc;
		  pkcs11_module opensc {
		    module = $OPENSC;
		    description = "OpenSC PKCS#11 module";
		    slot_description = "none";
		    ca_dir = $PEER_CA;
		    crl_dir = $PEER_CRL;
		    support_threads = false;
		    cert_policy = ca,signature,crl_offline;
		    token_type = "Smart card";
		  }
		  use_mappers = digest;
		  mapper digest {
		    debug = false;
		    module = internal;
		    algorithm = "sha256";
		    mapfile = file:///etc/pam_pkcs11/digest_mapping;
		  }
		}
	TEXT
}

# Version 2.10 has no provider "files" any more; the users of /etc/passwd come through a proxy.
sssd_domain()
{
	case $sssd_provider in
	files) echo 'id_provider = files' ;;
	proxy) printf '%s\n' 'id_provider = proxy' 'proxy_lib_name = files' 'proxy_pam_target = nothing' \
		'local_auth_policy = enable:smartcard' ;;
	esac
}

write_sssd_conf()
{
	sssd_provider=proxy
	find /usr/lib -name libsss_files.so -print 2>/dev/null | grep -q . && sssd_provider=files
	mkdir -p /etc/sssd/pki /var/lib/sss/db /var/lib/sss/mc /var/lib/sss/pipes/private \
		/var/lib/sss/pubconf/krb5.include.d /var/lib/sss/gpo_cache /var/lib/sss/secrets /var/log/sssd
	chmod 0700 /var/lib/sss/db /var/lib/sss/pipes/private /etc/sssd
	cat > /etc/sssd/sssd.conf <<-TEXT
		[sssd]
		services = nss, pam
		domains = local
		[domain/local]
		$(sssd_domain)
		[certmap/local/hanako]
		matchrule = <SUBJECT>^CN=$(leaf_name good),C=JP\$
		[pam]
		pam_cert_auth = True
		pam_cert_db_path = $SSSD_CA
		pam_cert_verification = no_ocsp,crl_file=$SSSD_CRL
		pam_p11_allowed_services = +sssd
	TEXT
	chmod 0600 /etc/sssd/sssd.conf
}

leaf_name()	# LEAF
{
	openssl x509 -in "$PKI/$1.crt" -noout -subject -nameopt multiline | sed -n 's/^ *commonName *= //p'
}

start_sssd()
{
	sssd -i --logger=files > "$E2E_LOGS/sssd.out" 2>&1 </dev/null &
	SSSD_PID=$!
	until_true 20 sssd_knows_hanako || build_die "sssd does not come up: $(cat "$E2E_LOGS/sssd.out")"
}

sssd_knows_hanako()
{
	getent -s sss passwd hanako > /dev/null && [ -S /var/lib/sss/pipes/pam ]
}

# enroll_everywhere USER LEAF…: in the form that each of them uses; sssd has its rule.
enroll_everywhere()
{
	local user=$1 leaf home=/home/$1

	enroll "$@"
	shift
	mkdir -p "$home/.eid"
	: > "$home/.eid/authorized_certificates"
	: > /etc/pam_pkcs11/digest_mapping
	for leaf; do
		cat "$PKI/$leaf.crt" >> "$home/.eid/authorized_certificates"
		printf '%s -> %s\n' "$(openssl x509 -in "$PKI/$leaf.crt" -noout -fingerprint -sha256 |
			cut -d= -f2)" "$user" >> /etc/pam_pkcs11/digest_mapping
	done
	chown -R "$user:" "$home/.eid"
}

# trust_everywhere SECONDS CRL…: these lists of the test PKI and no others, imported that many
# seconds from now (pam_jpki does not import a stale one); pam_p11 has none.
trust_everywhere()
{
	local crl when=$1

	shift
	rm -rf "$PEER_CA" "$PEER_CRL" "$SSSD_CRL" "$CRLS"
	mkdir -p "$PEER_CA" "$PEER_CRL"
	cp "$PKI/ca1.crt" "$PEER_CA/ca1.pem"
	cp "$PKI/ca1.crt" "$SSSD_CA"
	for crl; do
		crlput -t "$when" "$CRLS" "$NSSDB" "$PKI/crl/$crl" >> "$LOG" 2>&1 || build_die "no import of $crl"
		openssl crl -in "$PKI/crl/$crl" -out "$PEER_CRL/${crl%.crl}.pem" 2>/dev/null ||
			openssl crl -inform DER -in "$PKI/crl/$crl" -out "$PEER_CRL/${crl%.crl}.pem"
		cat "$PEER_CRL/${crl%.crl}.pem" >> "$SSSD_CRL"
	done
	openssl rehash "$PEER_CA"
	openssl rehash "$PEER_CRL"
}

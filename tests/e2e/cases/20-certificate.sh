# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Enrolled certificates with which no login may succeed: the PIN is not sent to the card.

# unfit NAME LEAF CODE [KEY=VALUE…]
unfit()
{
	local name=$1 leaf=$2 code=$3

	shift 3
	login "$name" card="$leaf" enroll="$leaf" drive=auth unasked=yes code="$code" pam=AUTH_ERR "$@"
}

unfit 'certificate expired' expired CERT-EXPIRED says='has expired' apdus=0
unfit 'certificate not yet valid' not-yet CERT-NOT-YET says='not yet valid' says2='clock' apdus=0
unfit 'certificate of a CA that is not trusted' other-ca UNTRUSTED says='not trusted' apdus=0
unfit 'certificate with the wrong key usage' wrong-ku CERT-KIND apdus=0
unfit 'certificate with nonRepudiation as well' ku-both CERT-KIND apdus=0
unfit 'certificate of a TLS server' eku-server 'CERT-KIND|UNTRUSTED' apdus=0
unfit 'certificate with an unknown critical extension' unknown-critical 'CERT-BAD|UNTRUSTED|CERT-KIND' apdus=0
unfit 'certificate with a 1024-bit key' rsa1024 CERT-WEAK apdus=0
unfit 'certificate signed with SHA-1' sha1 'CERT-WEAK|UNTRUSTED' apdus=0
unfit 'certificate signed with MD5' md5 'CERT-WEAK|UNTRUSTED' apdus=0
unfit 'certificate of another policy' wrong-policy 'CERT-KIND|UNTRUSTED' \
	opts='policy_oid=1.2.392.200149.8.5.1.3.30' apdus=0
unfit 'certificate without a policy' no-policy 'CERT-KIND|UNTRUSTED' \
	opts='policy_oid=1.2.392.200149.8.5.1.3.30' apdus=0
unfit 'certificate by a CA that may not sign' by-nosign UNTRUSTED apdus=0
login 'the signature certificate' enroll=sign drive=auth unasked=yes apdus=0 \
	code='CERT-KIND|UNTRUSTED' pam=AUTH_ERR
login 'another policy where none is asked for' card=wrong-policy enroll=wrong-policy quiet=yes

only_trusted()	# CA…: for the next login
{
	make_nssdb /etc/pam_jpki/nssdb-case "$@" || fail 'certutil failed'
}

only_trusted ca2
login 'CA of the same name but another key' opts='trust_db=/etc/pam_jpki/nssdb-case' \
	drive=auth unasked=yes code=UNTRUSTED pam=AUTH_ERR apdus=0
only_trusted ca2 ca1
login 'two CAs of the same name, either order' opts='trust_db=/etc/pam_jpki/nssdb-case'
login 'two CAs of the same name, the other card' opts='trust_db=/etc/pam_jpki/nssdb-case' card=good2 enroll=good2
only_trusted ca-expired
login 'CA expired' opts='trust_db=/etc/pam_jpki/nssdb-case' card=expired-ca-leaf enroll=expired-ca-leaf \
	drive=auth unasked=yes code='CA-EXPIRED|UNTRUSTED' pam=AUTH_ERR apdus=0
only_trusted ca1 sign-ca
login 'signature certificate, though its CA is trusted' opts='trust_db=/etc/pam_jpki/nssdb-case' \
	enroll=sign drive=auth unasked=yes code=CERT-KIND pam=AUTH_ERR apdus=0
login 'one of two enrolled certificates has expired, its card' enroll='expired good' card=expired \
	drive=auth unasked=yes code='CERT-EXPIRED|OTHER-CARD' pam=AUTH_ERR
login 'one of two enrolled certificates has expired, the other card' enroll='expired good' quiet=yes

/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of nss/cert.h that reads text, apart from NSS: tests/prove can prove it. */
#include "config.h"

#include <ctype.h>

#include "nss/cert.h"

bool
cert_read_fingerprint(const char *text, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ':')
			continue;
		if (n == CERT_FINGERPRINT_LEN || !isxdigit((unsigned char)*p))
			return false;
		ret[n++] = (char)tolower((unsigned char)*p);
	}
	ret[n] = '\0';
	return true;
}

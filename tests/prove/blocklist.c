/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/blocklist: a line of any text is an entry, empty or bad; an entry is a whole hash, or a whole hash and a
 * number in the one form in which certificates are compared with it.
 *
 * Source: nss/fingerprint.c lib/buf.c
 * Included: nss/blocklist.c
 * Bound: lines of 16 characters with words of 1 ("c", "s"), hashes of 2 digits, numbers of 4
 * Unwind: 18
 * Define: __NO_CTYPE
 * Smaller: nss/blocklist.h: #define BLOCKLIST_SERIAL_LEN 40 -> #define BLOCKLIST_SERIAL_LEN 4
 * Smaller: nss/cert.h: #define CERT_FINGERPRINT_LEN 64 -> #define CERT_FINGERPRINT_LEN 2
 * Smaller: nss/blocklist.c: strcmp(word, "certificate") -> strcmp(word, "c")
 * Smaller: nss/blocklist.c: strcmp(word, "serial") -> strcmp(word, "s")
 * Defect: nss/blocklist.c: if (n == BLOCKLIST_SERIAL_LEN || !isxdigit -> if (n > BLOCKLIST_SERIAL_LEN || !isxdigit
 * Defect: nss/fingerprint.c: if (n == CERT_FINGERPRINT_LEN || !isxdigit((unsigned char)*p)) -> if (n == CERT_FINGERPRINT_LEN)
 * Defect: nss/blocklist.c: && strlen(ret) == CERT_FINGERPRINT_LEN; -> ;
 * Defect: nss/blocklist.c: (*p == '0' && n == 0) -> (*p == '0' && n == 1)
 * Defect: nss/blocklist.c: word == NULL || !blocklist_read_serial(word -> !blocklist_read_serial(word
 */
#include "nss/blocklist.c"
#include "tests/prove/prove.h"

#define LINE 17

static bool
is_number(const char *serial)
{
	size_t len = strlen(serial);

	return len > 0 && len <= BLOCKLIST_SERIAL_LEN && len % 2 == 0 && hex_is_text(serial, len) &&
	    !(serial[0] == '0' && serial[1] == '0');
}

int
main(void)
{
	char letters[LINE], *line = any_string(letters, sizeof letters);
	struct block_entry entry;
	const char *note;

	if (read_line(line, &entry, &note) == LINE_ENTRY) {
		bool by_certificate = entry.certificate[0] != '\0';

		promise(by_certificate ? hex_is_text(entry.certificate, CERT_FINGERPRINT_LEN) && entry.serial[0] == '\0' :
		    hex_is_text(entry.issuer_key, CERT_FINGERPRINT_LEN) && is_number(entry.serial));
		promise(note[0] == '\0' || (note > line && note < letters + sizeof letters));
	}
	return 0;
}

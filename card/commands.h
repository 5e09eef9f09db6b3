/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants for commands to the card: for card/jpki, and for jpkictl survey, which sends commands that
 * no login needs. Instructions and the bits of P1 and P2: ISO/IEC 7816-4 (PERFORM SECURITY OPERATION
 * apart: 80 2A is the application's own). The application's files: doc/facts/jpki-card.md §1.2.
 */
#ifndef JPKI_CARD_COMMANDS_H
#define JPKI_CARD_COMMANDS_H

enum { INS_VERIFY = 0x20, INS_CHANGE = 0x24, INS_SIGN = 0x2a, INS_SELECT = 0xa4,
	INS_READ_BINARY = 0xb0, INS_GET_DATA = 0xca };

enum {
	EF_TOKEN_INFO = 0x0006,
	EF_AUTH_CERT = 0x000a,
	EF_AUTH_CA = 0x000b,
	EF_AUTH_KEY = 0x0017,
	EF_AUTH_PIN = 0x0018,
	EF_SIGN_PIN = 0x001b,
};

#define CURRENT_EF 0x80		/* P1 or P2: what was selected last */
#define SHORT_EF 0x80		/* | the low five bits of the file id */
#define SFI(ef) (SHORT_EF | ((ef) & 0x1f))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificate of the card on the reader, whose key the card has proved: read and judged in the cage. */
#ifndef JPKI_TOOLS_COMMON_PROVEN_CARD_H
#define JPKI_TOOLS_COMMON_PROVEN_CARD_H

#include "nss/cert.h"
#include "tools/common/tool.h"

/* A certificate that a child in the cage hands over (tools/common/caged.h). */
struct judged {
	size_t len;
	uint8_t der[CERT_DER_MAX];
};

struct proven_card {
	const char *user;	/* the account's name, which the challenge has */
	const char *reader;	/* as --reader; NULL: whichever */
	/*
	 * In the cage, before the PIN prompt: whether it would be written. TOOL_OK, or TOOL_FAILED after a
	 * complaint. NULL: it would.
	 */
	int (*may_write)(struct tool *t, const char *user, struct view der);
};

/*
 * Runs it in the cage: prompts for the PIN once at the terminal, and the certificate is judged as a
 * login would. TOOL_OK with *ret: DER of 1 to CERT_DER_MAX bytes. TOOL_FAILED after a complaint.
 */
int proven_card_read(struct tool *t, const struct proven_card *p, struct judged *ret) MUST_CHECK;

/* The same for other work of the kind: the child fills a struct judged. */
int proven_card_judge(struct tool *t, int (*work)(struct tool *t, void *ctx, void *result), void *ctx,
    struct judged *ret) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cage of jpkictl: a child process that talks to cards and decodes certificates and CRLs. The parent
 * keeps the terminal and root's rights, and writes the files.
 *
 * MUSTs:
 * - The child is confined (helper/cage.h) before it reads anything from the card or decodes a byte of a
 *   certificate or CRL.
 * - The parent accepts only text, which it shows with control characters replaced, requests for a PIN, and
 *   a result of the expected size. The caller checks the result, because the child may be compromised.
 * - A child that ends without a result is a failure.
 * - The kernel kills the child with its parent.
 * - Before a PIN goes to the card, the parent starts a cleaner: a third process in the same cage, which the
 *   kernel does not kill with the parent. If the parent dies or the child is lost, the cleaner drops the card's
 *   verified state. If it cannot, and the parent lives, the parent tells the user. Without a cleaner the PIN is
 *   not sent.
 */
#ifndef JPKI_TOOLS_COMMON_CAGED_H
#define JPKI_TOOLS_COMMON_CAGED_H

#include "tools/common/tool.h"

#define CAGED_FDS_MAX 8

struct caged {
	/* In the child: returns TOOL_OK and so on; it fills *result, of result_size bytes. */
	int (*work)(struct tool *t, void *ctx, void *result);
	void *ctx;		/* its input, a copy of the parent's */
	void *result;		/* in the parent; NULL for none */
	size_t result_size;
	const int *fds;		/* at most CAGED_FDS_MAX descriptors that the child keeps, with the same numbers */
	size_t fd_count;
	bool writes;		/* the child writes to them: no limit on the size of files */
};

/*
 * Runs the work in a child and returns its return value. If that is TOOL_OK,
 * c->result has been filled, else it is unchanged. TOOL_FAILED, reported, if
 * the child cannot be started or confined, or does not exit normally.
 * Standard output and standard error of the child appear as this process's
 * own. No certdb may be open.
 */
int caged_run(struct tool *t, const struct caged *c) MUST_CHECK;

/*
 * The two halves of it for a child with a protocol of its own (doctor), after fork(2). First half: makes it
 * end with its parent, detaches it from the terminal, closes all descriptors but these and the streams
 * (CONFINE_STD... of lib/confine.h), and sets limits; writes: none on the size of files. False: the child
 * must exit.
 */
bool caged_detach(pid_t parent, unsigned int streams, const int *fds, size_t fd_count, bool writes)
    MUST_CHECK;

/*
 * Second half: connects to pcscd if t->pcsc is set, enters the cage and seals it. OUTCOME_OK, or as
 * cage_enter() and cage_seal(): the child must exit.
 */
struct outcome caged_confine(struct tool *t) MUST_CHECK;

#endif

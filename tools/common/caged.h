/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cage of jpkictl: a child process that talks to cards and decodes certificates and CRLs. The
 * parent keeps the terminal, root's rights and the files that are written.
 *
 * MUSTs:
 * - The child is confined (helper/cage.h) before the card has said a word or an octet of a
 *   certificate or CRL is decoded.
 * - The parent takes nothing from the child but text, which it shows with control characters
 *   replaced, questions for a PIN, and the octets of a result, of the size that it expects.
 *   The caller checks the result: the child may have been taken over.
 * - A child that ends otherwise than by its result is a failure.
 */
#ifndef JPKI_TOOLS_COMMON_CAGED_H
#define JPKI_TOOLS_COMMON_CAGED_H

#include "tools/common/tool.h"

#define CAGED_FDS_MAX 8

struct caged {
	/* In the child: returns TOOL_OK and so on; *result, of result_size octets, is its to fill. */
	int (*work)(struct tool *t, void *ctx, void *result);
	void *ctx;		/* what it works on; as the parent has left it */
	void *result;		/* the parent's; NULL for none */
	size_t result_size;
	const int *fds;		/* CAGED_FDS_MAX descriptors at most, which the child finds under the same numbers */
	size_t fd_count;
	bool writes;		/* to the descriptors: no limit on the size of files */
};

/*
 * Runs the work in a child and returns what it returned. If that is TOOL_OK, c->result has been
 * filled, else it is as it was. TOOL_FAILED, after a complaint, if the child cannot be made or
 * confined, or does not end by itself. Standard output and standard error of the child appear as
 * this process's own. No certdb may be open.
 */
int caged_run(struct tool *t, const struct caged *c) MUST_CHECK;

/*
 * The two halves of it for a child that answers in a way of its own (doctor), after fork(2). First:
 * ends with its parent, gives up the terminal, all descriptors but these and the streams
 * (CONFINE_STD... of lib/confine.h), and takes limits upon itself; writes: none on the size of files.
 * False: it must end.
 */
bool caged_detach(pid_t parent, unsigned int streams, const int *fds, size_t fd_count, bool writes)
    MUST_CHECK;

/*
 * Second: connects to pcscd if t->pcsc is set, enters the cage and seals it. OUTCOME_OK, or as
 * cage_enter() and cage_seal(): it must end.
 */
struct outcome caged_confine(struct tool *t) MUST_CHECK;

#endif

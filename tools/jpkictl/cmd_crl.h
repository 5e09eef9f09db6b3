/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of `jpkictl crl` share. */
#ifndef JPKI_TOOLS_JPKICTL_CMD_CRL_H
#define JPKI_TOOLS_JPKICTL_CMD_CRL_H

#include "nss/crl/store.h"
#include "tools/common/json.h"

/* How a subcommand was called; what is left of argv are its arguments. */
struct crl_call {
	struct tool *t;
	struct crlstore store;
	bool json;
	int argc;
	char **argv;
};

/* In the list's own words, without newline: until when it holds, how many it names. */
void crl_print_facts(const struct crl_facts *facts);

/* Its cRLNumber, big-endian, without leading zeros; lent. */
struct view crl_number(const struct crl_facts *facts);

/* The members that describe a list, into an object. */
void crl_put_facts(json_t *object, const struct crl_facts *facts);

/* "state" (the fault's code) and, if it is one, "text". */
void crl_put_fault(json_t *object, enum crl_fault fault);

/* For struct crlstore: reads and judges a list in the cage (tools/common/caged.h). `tool` is a struct tool. */
bool crl_apart(void *tool, void (*work)(void *ctx, void *result), void *ctx, void *result, size_t size,
    const int *fds, size_t fd_count);

int crl_import(const struct crl_call *c);
int crl_update(const struct crl_call *c);
int crl_list(const struct crl_call *c);
int crl_verify_all(const struct crl_call *c);
int crl_show(const struct crl_call *c);
int crl_check(const struct crl_call *c);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the parts of `jpkictl crl`. */
#ifndef JPKI_TOOLS_JPKICTL_CMD_CRL_H
#define JPKI_TOOLS_JPKICTL_CMD_CRL_H

#include "nss/crl/store.h"
#include "tools/common/json.h"

/* How a subcommand was called; argv has its arguments. */
struct crl_call {
	struct tool *t;
	struct crlstore store;
	bool json;
	int argc;
	char **argv;
};

/* Prints when the list expires and its number of entries, without newline. */
void crl_print_facts(const struct crl_facts *facts);

/* Its cRLNumber, big-endian, without leading zeros; a view into the facts. */
struct view crl_number(const struct crl_facts *facts);

/* Adds the members that describe a list to an object. */
void crl_put_facts(json_t *object, const struct crl_facts *facts);

/* "state" (the fault's code) and, if it is one, "text". */
void crl_put_fault(json_t *object, enum crl_fault fault);

/*
 * For struct crlstore: reads and verifies a list in the cage (tools/common/caged.h). `tool` is a struct
 * tool.
 */
bool crl_apart(void *tool, void (*work)(void *ctx, void *result), void *ctx, void *result, size_t size,
    const int *fds, size_t fd_count);

int crl_import(const struct crl_call *c);
int crl_update(const struct crl_call *c);
int crl_show(const struct crl_call *c);
int crl_check(const struct crl_call *c);

#endif

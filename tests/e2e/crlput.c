/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crlput [-t SECONDS] DIR NSSDB FILE...: imports CRLs by the library alone, for cases that
 * are about logins and not about jpkictl, at a time that many seconds from now. Prints "FILE: CODE" for each; 0 if all are
 * installed then.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nss/crl/store.h"

static void
complain(void *ctx, int priority, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

int
main(int argc, char **argv)
{
	struct log log = { .sink = complain };
	struct crlstore store = { .log = &log };
	int64_t now = time(NULL);
	int status = 0;

	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		now += atoll(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: crlput [-t SECONDS] DIR NSSDB FILE...\n");
		return 2;
	}
	store.dir = argv[1];
	store.trust_db = argv[2];
	for (int i = 3; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		char name[CRLSTORE_NAME_MAX];
		struct crl_facts facts;
		enum crl_fault f = crlstore_import(&store, fd, now, &facts, name);

		printf("%s: %s\n", argv[i], crl_fault_code(f));
		if (f != CRL_OK && f != CRL_SAME)
			status = 1;
		if (fd >= 0)
			close(fd);
	}
	return status;
}

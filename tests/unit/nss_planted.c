/* SPDX-License-Identifier: BSD-2-Clause */
/* A PKCS#11 module that shows that it was loaded, and is none otherwise. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void __attribute__((constructor))
loaded(void)
{
	const char *mark = getenv("JPKI_PLANTED_MARK");

	if (mark != NULL)
		(void)close(open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

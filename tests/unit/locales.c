/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/locales.h"

static char dir[] = "/tmp/jpki-locales-XXXXXX";

bool
locales_make(void)
{
	char command[256];

	if (mkdtemp(dir) == NULL)
		return false;
	snprintf(command, sizeof command,
	    "localedef -i ja_JP -f UTF-8 '%s/ja_JP.utf8' >/dev/null 2>&1", dir);
	if (system(command) != 0) {
		printf("left out: localedef cannot make ja_JP.UTF-8 (package locales)\n");
		locales_remove();
		return false;
	}
	return setenv("LOCPATH", dir, 1) == 0;
}

void
locales_remove(void)
{
	char command[256];

	(void)unsetenv("LOCPATH");
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		printf("%s stays behind\n", dir);
}

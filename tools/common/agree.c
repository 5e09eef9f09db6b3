/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/i18n.h"
#include "tools/common/agree.h"

bool
agree_by_line(const char *question, bool by_default)
{
	char line[64];

	printf("%s %s ", question, by_default ? _("[Y/n]") : _("[y/N]"));
	(void)fflush(stdout);
	if (fgets(line, sizeof line, stdin) == NULL || strchr(line, '\n') == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return line[0] == '\0' ? by_default : rpmatch(line) == 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/safefile.h"
#include "tools/common/tool.h"
#include "tools/doctor/doctor.h"

static const struct {
	const char *number;
	enum level level;
	const char *state, *remedy;
} findings[] = {
#define FINDING(name, number, level, state, remedy) \
	[FOUND_##name] = { number, LEVEL_##level, state, remedy },
#include "tools/doctor/findings.def"
#undef FINDING
};

static const char *const level_names[] = { [LEVEL_OK] = "ok", [LEVEL_WARNING] = "warning",
	[LEVEL_ERROR] = "error" };

static void
print_finding(enum finding f, const char *detail)
{
	const char *const words[] = { [LEVEL_OK] = _("ok"), [LEVEL_WARNING] = _("warning"),
		[LEVEL_ERROR] = _("ERROR") };

	printf("%s ", findings[f].number);
	tool_cell(words[findings[f].level], 8);
	printf("%s%s%s\n", _(findings[f].state), detail[0] != '\0' ? ": " : "", detail);
	if (findings[f].remedy != NULL)
		printf("              %s\n", _(findings[f].remedy));
	(void)fflush(stdout);	/* the next examination may take a while */
}

static void
put_finding(json_t *array, enum finding f, const char *detail)
{
	json_t *object = json_object();

	json_put(object, "number", json_text(findings[f].number));
	json_put(object, "level", json_text(level_names[findings[f].level]));
	json_put(object, "state", json_text(_(findings[f].state)));
	if (detail[0] != '\0')
		json_put(object, "detail", json_text(detail));
	if (findings[f].remedy != NULL)
		json_put(object, "remedy", json_text(_(findings[f].remedy)));
	json_add(array, object);
}

static void
report_finding(struct doctor *d, enum finding f, char *detail)
{
	char line[DETAIL_MAX + 16];

	log_defuse(detail);	/* names of readers, files and users may contain anything */
	if (d->pipe >= 0) {
		snprintf(line, sizeof line, "%d %s\n", (int)f, detail);
		(void)!safefile_write(d->pipe, line, strlen(line));
		return;
	}
	d->seen[f]++;
	if (d->array != NULL)
		put_finding(d->array, f, detail);
	else if (!d->faults_only || findings[f].level != LEVEL_OK)
		print_finding(f, detail);
}

void
found(struct doctor *d, enum finding f, const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(detail, sizeof detail, format, ap);
	va_end(ap);
	report_finding(d, f, detail);
}

void
found_alone(struct doctor *d, enum finding f)
{
	char none[1] = "";

	report_finding(d, f, none);
}

unsigned int
doctor_count(const struct doctor *d, enum level level)
{
	unsigned int count = 0;

	for (size_t f = 0; f < FINDING_COUNT; f++)
		if (findings[f].level == level)
			count += d->seen[f];
	return count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules that open something with the password, and lines by which a login by card calls them. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tools/setup/setup.h"

/* Whether a word can be written into a line of a stack as it is. */
static bool
is_plain(const char *word)
{
	return strpbrk(word, " \t[]\\#") == NULL;
}

/*
 * Adds a line with the same module and arguments, whose result is ignored. Left out if it is not
 * plain, or too long.
 */
static void
openers_add(struct openers *o, const struct pamstack_line *line)
{
	char text[OPENERS_TEXT];
	int len = snprintf(text, sizeof text, "%sauth\toptional\t%s", line->quiet ? "-" : "", line->path);
	bool fits = len < (int)sizeof text && is_plain(line->path);
	size_t used = strlen(o->lines);

	for (size_t i = 0; fits && i < line->argc; i++) {
		len += snprintf(text + len, sizeof text - (size_t)len, " %s", line->args[i]);
		fits = len < (int)sizeof text && is_plain(line->args[i]);
	}
	if (!fits || used + (size_t)len + 1 >= sizeof o->lines)
		return;
	text[len] = '\n';
	memcpy(o->lines + used, text, (size_t)len + 1);
	o->lines[used + (size_t)len + 1] = '\0';
	o->count++;
}

void
openers_find(const struct pamstack *stack, const struct pamstack_line *ours, struct openers *ret)
{
	const struct pamstack_list *list = pamstack_list(stack, PAMSTACK_AUTH);

	*ret = (struct openers){ .count = 0 };
	for (const struct pamstack_line *line = ours; line != NULL && line < list->lines + list->count; line++) {
		const struct pamstack_line *before = ours;

		if (!pamstack_is_opener(line) || pamstack_calls(list, ours, line->module))
			continue;
		while (before < line && (before->kind != PAMSTACK_MODULE || strcmp(before->module, line->module) != 0))
			before++;
		if (before == line)
			openers_add(ret, line);
	}
}

/* Whether a login by that service opens something with the password. */
static bool
service_has_opener(const char *name)
{
	const struct pamstack_source source = pamstack_machine();
	const struct pamstack_list *list;
	struct pamstack stack;
	bool any = false;

	if (!pamstack_load(&source, name, &stack))
		return false;
	list = pamstack_list(&stack, PAMSTACK_AUTH);
	for (size_t i = 0; stack.file != NULL && i < list->count; i++)
		any = any || pamstack_is_opener(&list->lines[i]);
	pamstack_done(&stack);
	return any;
}

bool
openers_wanted(const struct known_service *k)
{
	return k != NULL && k->use != KNOWN_UNFIT && k->opens_session;
}

bool
openers_exist(void)
{
	for (const struct known_service *k = known_services(); k->name != NULL; k++)
		if (openers_wanted(k) && service_has_opener(k->name))
			return true;
	return false;
}

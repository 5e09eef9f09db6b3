/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "tools/pamstack/pamstack.h"

bool
pamstack_is_opener(const struct pamstack_line *line)
{
	static const char *const openers[] = { "pam_ecryptfs", "pam_fscrypt", "pam_gnome_keyring", "pam_kwallet",
		"pam_kwallet5", "pam_kwallet6", "pam_mount", "pam_systemd_home", "pam_zfs_key" };

	for (size_t i = 0; i < sizeof openers / sizeof openers[0]; i++)
		if (line->kind == PAMSTACK_MODULE && !line->missing && strcmp(line->module, openers[i]) == 0)
			return true;
	return false;
}

struct walk {
	const struct pamstack_line *to;
	bool reached;
};

static int
succeed(const struct pamstack_line *line, void *ctx)
{
	struct walk *w = ctx;

	w->reached |= line == w->to;
	return pamstack_code("success");
}

/* Whether the module of a line is called where ours, like all others, succeeds. */
static bool
is_reached(const struct pamstack_list *list, const struct pamstack_line *line)
{
	struct walk w = { .to = line };

	(void)pamstack_run(list, succeed, &w);
	return w.reached;
}

bool
pamstack_calls(const struct pamstack_list *list, const struct pamstack_line *ours, const char *module)
{
	for (const struct pamstack_line *line = ours; line < list->lines + list->count; line++)
		if (line->kind == PAMSTACK_MODULE && strcmp(line->module, module) == 0 && is_reached(list, line))
			return true;
	return false;
}

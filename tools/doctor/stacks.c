/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM stacks that contain our module. */
#include "config.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/doctor/doctor.h"
#include "tools/pamstack/pamstack.h"

/* The place of a line: "sudo, /etc/pam.d/common-auth:17". */
static void
place_of(const char *service, const struct pamstack_line *line, char text[static DETAIL_MAX])
{
	if (line != NULL)
		snprintf(text, DETAIL_MAX, "%s, %s:%u", service, line->file, line->lineno);
	else
		snprintf(text, DETAIL_MAX, "%s", service);
}

static bool
is(const struct pamstack_answered *a, enum pamstack_verdict verdict)
{
	return a->verdict == verdict;
}

/*
 * Whether a user with the password can log in without a card, if not enrolled, or if the module is missing.
 */
static bool
has_second_way(const struct pamstack_judgement *j)
{
	static const char *const codes[] = { "authinfo_unavail", "user_unknown", "module_unknown" };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (is(&j->password[pamstack_code(codes[i])], PAMSTACK_NO))
			return false;
	return true;
}

static void
judge_auth(struct doctor *d, const char *service, const struct pamstack_judgement *j)
{
	char place[DETAIL_MAX], other[DETAIL_MAX];

	place_of(service, j->ours, place);
	if (j->unreachable) {
		found(d, FOUND_STACK_UNREACHED, "%s", place);
		return;
	}
	found(d, is(&j->card_alone, PAMSTACK_NO) ? FOUND_STACK_BOTH : FOUND_STACK, "%s", place);
	if (is(&j->open, PAMSTACK_YES))
		found(d, FOUND_STACK_OPEN, "%s", place);
	else if (is(&j->open, PAMSTACK_DEPENDS))
		found(d, FOUND_STACK_PERHAPS_OPEN, "%s, %s", place, j->open.on->module);
	if (!has_second_way(j))
		found(d, FOUND_STACK_ONE_WAY, "%s", place);
	if (j->forwards_in_vain)
		found(d, FOUND_STACK_FORWARD, "%s", place);
	if (j->no_credentials)
		found(d, FOUND_STACK_CREDENTIALS, "%s", place);
	if (j->count > 1)
		found(d, FOUND_STACK_TWICE, "%s", place);
	if (j->other_card != NULL && (j->other_card_leaks || j->forwards)) {
		place_of(j->other_card->module, j->other_card, other);
		found(d, FOUND_STACK_AUTHTOK, "%s, %s", service, other);
	}
}

static void
judge_account(struct doctor *d, const char *service, const struct pamstack_judgement *j)
{
	char place[DETAIL_MAX];

	place_of(service, j->account_ours, place);
	if (is(&j->account_others, PAMSTACK_NO) || is(&j->account_missing, PAMSTACK_NO))
		found(d, FOUND_STACK_ACCOUNT, "%s", place);
}

/* Whether the card unlocks the password in this line (unlock). */
static bool
line_unlocks(const struct doctor *d, const struct pamstack_line *ours)
{
	return pamstack_has_arg(ours, "unlock=yes") || (d->t->conf.unlock && !pamstack_has_arg(ours, "unlock=no"));
}

/*
 * Modules after ours that use the typed password to open a home directory, a volume or a keyring. If the
 * card alone is enough, they are skipped, or get no password unless the card unlocks one.
 */
static void
judge_unlocking(struct doctor *d, const char *service, const struct pamstack *stack, const struct pamstack_judgement *j)
{
	const struct pamstack_list *list = pamstack_list(stack, PAMSTACK_AUTH);
	char place[DETAIL_MAX];

	if (j->unreachable || is(&j->card_alone, PAMSTACK_NO))
		return;
	for (const struct pamstack_line *line = j->ours; line < list->lines + list->count; line++) {
		if (!pamstack_is_opener(line))
			continue;
		place_of(service, line, place);
		if (!line_unlocks(d, j->ours))
			found(d, FOUND_STACK_NO_PASSWORD, "%s, %s", place, line->module);
		else if (!pamstack_calls(list, j->ours, line->module))
			found(d, FOUND_STACK_UNLOCK_UNREACHED, "%s, %s", place, line->module);
	}
}

/* True if it contains our module. */
static bool
judge_service(struct doctor *d, const struct pamstack_source *source, const char *service)
{
	struct pamstack stack;
	struct pamstack_judgement j;

	if (!pamstack_load(source, service, &stack))
		return false;
	j = pamstack_judge(&stack, d->t->conf.forward_pass, d->t->conf.remote == CONF_REMOTE_YES);
	if (stack.broken || stack.fault != PAMSTACK_SOUND)
		found(d, FOUND_STACK_BROKEN, "%s, %s:%u", service,
		    stack.fault_file != NULL ? stack.fault_file : "?", stack.fault_line);
	else if (j.count > 0) {
		judge_auth(d, service, &j);
		judge_unlocking(d, service, &stack, &j);
	}
	if (j.account_count > 0)
		judge_account(d, service, &j);
	pamstack_done(&stack);
	return j.count > 0;
}

/* The PKCS #11 modules that p11-kit loads into every program, including GNOME's smart card monitor. */
static bool
has_opensc(void)
{
	glob_t files = { .gl_pathc = 0 };
	bool any = glob("/usr/share/p11-kit/modules/*opensc*", 0, NULL, &files) == 0;

	globfree(&files);
	if (any)
		return true;
	any = glob("/etc/pkcs11/modules/*opensc*", 0, NULL, &files) == 0;
	globfree(&files);
	return any;
}

static size_t
count_ours(const struct doctor *d, const struct pamstack_source *source, const char *service, char file[static PATH_MAX])
{
	struct pamstack stack;
	size_t count = SIZE_MAX;	/* there is no such service */

	if (!pamstack_load(source, service, &stack))
		return SIZE_MAX;
	if (stack.file != NULL) {
		count = pamstack_judge(&stack, d->t->conf.forward_pass, false).count;
		/* On Debian it is a link of update-alternatives. */
		if (realpath(stack.file, file) == NULL)
			snprintf(file, PATH_MAX, "%s", stack.file);
	}
	pamstack_done(&stack);
	return count;
}

static void
judge_gnome(struct doctor *d, const struct pamstack_source *source)
{
	char password[PATH_MAX], smartcard[PATH_MAX];
	size_t by_password = count_ours(d, source, "gdm-password", password);

	if (by_password > 0 && by_password != SIZE_MAX && has_opensc() &&
	    count_ours(d, source, "gdm-smartcard", smartcard) == 0)
		found(d, FOUND_STACK_GNOME, "gdm-smartcard, %s", smartcard);
}

void
doctor_stacks(struct doctor *d)
{
	struct pamstack_source source = pamstack_machine();
	char **services = pamstack_services(&source);
	unsigned int count = 0;

	if (services == NULL)
		found(d, FOUND_STACK_UNLISTED, "/etc/pam.d: %s", strerror(errno));
	for (size_t i = 0; services != NULL && services[i] != NULL; i++)
		count += judge_service(d, &source, services[i]);
	if (services != NULL && count == 0)
		found_alone(d, FOUND_STACK_NONE);
	judge_gnome(d, &source);
	pamstack_services_free(services);
}

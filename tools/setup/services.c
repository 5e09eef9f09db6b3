/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM services that use the card. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "tools/pamstack/pamstack.h"
#include "tools/setup/setup.h"

#define PLAN_MAX 64

struct plan {
	const struct setup *s;
	struct setup_change changes[PLAN_MAX];
	struct pamstack_file files[PLAN_MAX];	/* the same, as they would be */
	size_t count;
};

static void
change_done(struct setup_change *c)
{
	free(c->name);
	free(c->before);
	free(c->after);
}

static void
plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		change_done(&p->changes[i]);
}

/* The machine with the first so many changes made. */
static struct pamstack_source
source_with(const struct plan *p, size_t count)
{
	struct pamstack_source source = pamstack_machine();

	source.replaced = p->files;
	source.replaced_count = count;
	return source;
}

static struct pamstack_judgement
judge_service(const struct setup *s, const struct pamstack *stack)
{
	return pamstack_judge(stack, s->t->conf.forward_pass, s->t->conf.remote == CONF_REMOTE_YES);
}

/* "no" is worse than "depends", which is worse than "yes". */
static bool
no_worse(enum pamstack_verdict before, enum pamstack_verdict after)
{
	return after == PAMSTACK_YES || (after == PAMSTACK_DEPENDS && before != PAMSTACK_YES);
}

/* Whether a jump from above ends at or behind our line: it would end elsewhere than it did. */
static bool
is_jumped_over(const struct pamstack_list *list, const struct pamstack_line *ours)
{
	for (const struct pamstack_line *line = list->lines; ours != NULL && line < ours; line++)
		for (size_t code = 0; code < PAMSTACK_CODES; code++)
			if (line->action[code] > 0 && line->action[code] >= ours - line)
				return true;
	return false;
}

/* Whether a stack may become like that; why not, else. */
static const char *
fault_of(const struct pamstack *stack, const struct pamstack_judgement *before,
    const struct pamstack_judgement *after)
{
	static const char *const codes[] = { "authinfo_unavail", "user_unknown", "module_unknown" };

	if (stack->broken || stack->fault != PAMSTACK_SOUND)
		return N_("libpam could not read it");
	if (after->count != 1 || after->unreachable)
		return N_("the card would not be asked just once");
	if (is_jumped_over(pamstack_list(stack, PAMSTACK_AUTH), after->ours) ||
	    is_jumped_over(pamstack_list(stack, PAMSTACK_ACCOUNT), after->account_ours))
		return N_("a line above counts the lines that follow it, and would count wrong");
	if (after->open.verdict == PAMSTACK_YES ||
	    (after->open.verdict == PAMSTACK_DEPENDS && before->open.verdict == PAMSTACK_NO))
		return N_("it would let in anybody");
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		int code = pamstack_code(codes[i]);

		if (!no_worse(before->password[code].verdict, after->password[code].verdict))
			return N_("the password alone would not let in who has no card: no second way in");
	}
	if (!no_worse(before->account_others.verdict, after->account_others.verdict) ||
	    !no_worse(before->account_missing.verdict, after->account_missing.verdict))
		return N_("it would shut out who comes without a card");
	if (after->forwards_to_nobody || after->other_card_leaks)
		return N_("a password or PIN would go where it does not belong");
	return NULL;
}

/* Compares a service as it is and as it would be; false after a complaint. */
static bool
may_become(const struct plan *p, const char *name, const struct pamstack *before,
    const struct pamstack *after)
{
	struct pamstack_judgement was = judge_service(p->s, before), will = judge_service(p->s, after);
	const char *fault;

	if (will.count == was.count)
		return true;	/* not touched by us */
	fault = fault_of(after, &was, &will);
	if (fault == NULL)
		return true;
	tool_complain(p->s->t, _("%s is not changed: %s"), name, _(fault));
	return false;
}

static bool
load_both(const struct plan *p, const char *name, struct pamstack *before, struct pamstack *after)
{
	struct pamstack_source was = source_with(p, 0), will = source_with(p, p->count);

	if (!pamstack_load(&was, name, before))
		return false;
	if (pamstack_load(&will, name, after))
		return true;
	pamstack_done(before);
	return false;
}

/* Every service: one may include the file of another. */
static bool
all_may_become(const struct plan *p)
{
	struct pamstack_source source = source_with(p, p->count);
	char **services = pamstack_services(&source);
	struct pamstack before, after;
	bool ok = services != NULL;

	for (size_t i = 0; ok && services[i] != NULL; i++) {
		ok = load_both(p, services[i], &before, &after);
		if (!ok)
			break;
		ok = may_become(p, services[i], &before, &after);
		pamstack_done(&before);
		pamstack_done(&after);
	}
	pamstack_services_free(services);
	return ok;
}

/* How often our module stands in a service, with what is planned; also of one that is not there: 0. */
static size_t
uses_card(const struct plan *p, const char *name)
{
	struct pamstack_source source = source_with(p, p->count);
	struct pamstack stack;
	size_t count;

	if (!pamstack_load(&source, name, &stack))
		return 0;
	count = stack.file != NULL ? judge_service(p->s, &stack).count : 0;
	pamstack_done(&stack);
	return count;
}

/* ---- a change ---- */

static bool
show_change(const struct plan *p, const char *name)
{
	struct pamstack before, after;
	bool same, ok;

	if (!load_both(p, name, &before, &after))
		return false;
	printf(_("\n%s/%s as it would be (+ comes, - goes):\n"), PAM_DIR, name);
	ok = pamstack_print_change(stdout, pamstack_list(&before, PAMSTACK_AUTH),
	    pamstack_list(&after, PAMSTACK_AUTH), &same) &&
	    pamstack_print_change(stdout, pamstack_list(&before, PAMSTACK_ACCOUNT),
	    pamstack_list(&after, PAMSTACK_ACCOUNT), &same);
	pamstack_done(&before);
	pamstack_done(&after);
	return ok;
}

/* Of a service, not of what all of them include. */
static bool
is_name(const char *name)
{
	return name[0] != '\0' && strlen(name) <= 64 && strncmp(name, "common-", 7) != 0 &&
	    strcmp(name, "system-auth") != 0 && strcmp(name, "password-auth") != 0 &&
	    strcmp(name, "other") != 0 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

/* Where libpam finds the service: the administrator's directory first, then the distribution's. */
static bool
find_service(const char *name, char path[static PATH_MAX])
{
	const struct pamstack_source source = pamstack_machine();

	for (size_t i = 0; source.dirs[i] != NULL; i++)
		if (snprintf(path, PATH_MAX, "%s/%s", source.dirs[i], name) < PATH_MAX && access(path, F_OK) == 0)
			return true;
	return false;
}

/* Whether it is the file that PAM_DIR has, or will have. */
static bool
is_ours_to_change(const char *path)
{
	return strncmp(path, PAM_DIR "/", sizeof PAM_DIR) == 0;
}

/* True: *ret is the caller's. */
static bool
read_service(const struct setup *s, const char *path, char **ret, unsigned int *ret_mode)
{
	struct stat st;
	size_t len;

	if (safefile_read(path, 0, TOOL_FILE_MAX, &s->t->log, ret, &len) != SAFEFILE_OK ||
	    strlen(*ret) != len || stat(path, &st) != 0)
		return false;
	*ret_mode = st.st_mode & 07777;
	return true;
}

/* The text with our lines. Of a file in /usr it is a copy, which goes before that one and says so. */
static char *
edit_service(const char *path, const char *text, const char *options)
{
	_cleanup_(freep) char *edited = edit_insert(text, options);
	char *copy = NULL;

	if (edited == NULL || is_ours_to_change(path)) {
		copy = edited;
		edited = NULL;
		return copy;
	}
	return asprintf(&copy, "# A copy of %s with the lines of pam_jpki.so. Without this file that one is used.\n%s",
	    path, edited) >= 0 ? copy : NULL;
}

/* Fills in the change of a service; false after a complaint. */
static bool
prepare_change(const struct setup *s, const char *name, struct setup_change *c)
{
	const struct known_service *known = known_service(name);
	char path[PATH_MAX] = "";
	struct stat st;

	c->name = strdup(name);
	if (c->name == NULL || !find_service(name, path)) {
		tool_complain(s->t, _("%s/%s cannot be read"), PAM_DIR, name);
		return false;
	}
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		tool_complain(s->t, _("%s is not changed: it is a symbolic link, and somebody else sees to what it names"), path);
		return false;
	}
	if (!read_service(s, path, &c->before, &c->mode)) {
		tool_complain(s->t, _("%s cannot be read"), path);
		return false;
	}
	c->after = edit_service(path, c->before, known != NULL ? known->options : "");
	if (c->after == NULL) {
		tool_complain(s->t, _("%s is not changed: no line was found in it that checks a password"), name);
		return false;
	}
	if (!is_ours_to_change(path)) {
		printf(_("\n%s/%s will be a copy of %s, which stays as it is.\n"), PAM_DIR, name, path);
		c->before[0] = '\0';
	}
	return true;
}

/* Adds a service to what is planned; false after a complaint. */
static bool
plan_service(struct plan *p, const char *name)
{
	const struct known_service *known = known_service(name);
	struct setup_change *c = &p->changes[p->count];

	if (known != NULL && known->use == KNOWN_UNFIT) {
		tool_complain(p->s->t, _("%s is not changed: %s"), name, _(known->remark));
		return false;
	}
	if (!is_name(name) || p->count == PLAN_MAX) {
		tool_complain(p->s->t, _("'%s' is no PAM service that could be changed"), name);
		return false;
	}
	if (uses_card(p, name) > 0) {
		printf(_("%s uses the card already.\n"), name);
		return true;
	}
	*c = (struct setup_change){ .name = NULL };
	if (!prepare_change(p->s, name, c)) {
		change_done(c);
		return false;
	}
	p->files[p->count++] = (struct pamstack_file){ c->name, c->after };
	return show_change(p, name);
}

/* ---- which ---- */

static bool
plan_listed(struct plan *p)
{
	_cleanup_(freep) char *list = strdup(p->s->services);
	bool ok = list != NULL;
	char *rest;

	if (ok && strcmp(list, "none") == 0)
		return true;
	for (char *name = ok ? strtok_r(list, ",", &rest) : NULL; ok && name != NULL;
	    name = strtok_r(NULL, ",", &rest))
		ok = plan_service(p, name);
	return ok;
}

static bool
agrees_to(const struct setup *s, const struct known_service *k)
{
	char question[512];

	if (k->use == KNOWN_UNFIT || (k->use == KNOWN_OFFERED && s->yes))
		return false;
	if (k->remark == NULL)
		snprintf(question, sizeof question, _("Use the card for %s?"), k->name);
	else
		snprintf(question, sizeof question, _("Use the card for %s? (%s)"), k->name, _(k->remark));
	return setup_agrees(s, question);
}

static bool
plan_known(struct plan *p)
{
	char path[PATH_MAX];

	for (const struct known_service *k = known_services(); k->name != NULL; k++)
		if (find_service(k->name, path) && uses_card(p, k->name) == 0 && agrees_to(p->s, k) &&
		    !plan_service(p, k->name))
			return false;
	return true;
}

bool
services_done(struct setup *s)
{
	struct plan p = { .s = s };
	bool any = false;
	char path[PATH_MAX];

	for (const struct known_service *k = known_services(); k->name != NULL; k++) {
		bool uses;

		if (!find_service(k->name, path))
			continue;
		uses = uses_card(&p, k->name) > 0;
		any = any || (k->use == KNOWN_PROPOSED && !uses);
		printf("  %-20s %s\n", k->name, uses ? _("card, or password") :
		    k->use == KNOWN_UNFIT ? _(k->remark) : _("password"));
	}
	return !any && s->services == NULL;
}

static void
tell_confirm(const struct setup *s)
{
	if (s->rollback > 0)
		printf(_("Now try it in another terminal, with and without the card. If it is well:\n"
		    "  jpkictl setup --confirm\n"
		    "Without that within %g minutes the files are put back as they were.\n"), s->rollback);
	printf(_("To put them back at any time: jpkictl setup --undo (backups: %s)\n"), STATEDIR "/setup");
}

bool
services_act(struct setup *s)
{
	_cleanup_(plan_done) struct plan p = { .s = s };

	if (!(s->services != NULL ? plan_listed(&p) : plan_known(&p)))
		return false;
	if (p.count == 0) {
		printf("%s\n", _("No service is changed."));
		return true;
	}
	if (!all_may_become(&p) || !setup_agrees(s, _("Try a login with the card, then write these files?")) ||
	    !trial_passes(s) || !backup_apply(s, p.changes, p.count))
		return false;
	tell_confirm(s);
	return true;
}

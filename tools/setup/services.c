/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM services that use the card. */
#include "config.h"

#include <errno.h>
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
	struct pamstack_file files[PLAN_MAX];	/* the same files after the change */
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

/* The machine after the first COUNT changes. */
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

/* Compares the controls of our line before and after; NULL: there is no such line. */
static bool
same_control(const struct pamstack_line *a, const struct pamstack_line *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a->control, b->control) == 0;
}

/* Compares a service before and after the change; false after a complaint. */
static bool
may_become(const struct plan *p, const char *name, const struct pamstack *before,
    const struct pamstack *after)
{
	struct pamstack_judgement was = judge_service(p->s, before), will = judge_service(p->s, after);
	const char *fault;

	if (will.count == was.count && same_control(was.ours, will.ours))
		return true;	/* we have not changed it */
	fault = setup_fault(after, &was, &will);
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

/* Checks every service: one may include the file of another. */
static bool
all_may_become(const struct plan *p)
{
	struct pamstack_source source = source_with(p, p->count);
	char **services = pamstack_services(&source);
	struct pamstack before, after;
	bool ok = services != NULL;

	if (!ok)
		tool_complain(p->s->t, "%s: %s", PAM_DIR, strerror(errno));
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

static bool
has_session_line(const struct pamstack *stack)
{
	const struct pamstack_list *list = pamstack_list(stack, PAMSTACK_SESSION);

	for (size_t i = 0; i < list->count; i++)
		if (list->lines[i].module != NULL && strcmp(list->lines[i].module, PAMSTACK_OURS) == 0)
			return true;
	return false;
}

/* Whether our line is in the service's own file, as we write it, so that we can change it. */
static bool
is_line_of_setup(const struct pamstack *stack, const struct pamstack_line *ours)
{
	return ours != NULL && strcmp(ours->control, EDIT_CONTROL) == 0 && strcmp(ours->file, stack->file) == 0;
}

/*
 * What a service lacks, considering what is planned. A service that does not exist, or cannot be
 * read, lacks the card's lines.
 */
static struct edit
look_for_lack(const struct plan *p, const char *name)
{
	const struct known_service *known = known_service(name);
	struct edit lack = { .card = true, .options = known != NULL ? known->options : "" };
	bool wanted = known != NULL && known->opens_session && p->s->t->conf.on_removal != CONF_REMOVAL_NONE;
	struct pamstack_source source = source_with(p, p->count);
	struct pamstack stack;

	if (!pamstack_load(&source, name, &stack))
		return lack;
	if (stack.file != NULL) {
		const struct pamstack_judgement j = judge_service(p->s, &stack);

		lack.card = j.count == 0;
		lack.session = wanted && !has_session_line(&stack);
		if (p->s->t->conf.unlock && openers_wanted(known) && is_line_of_setup(&stack, j.ours))
			openers_find(&stack, j.ours, &lack.openers);
	}
	pamstack_done(&stack);
	return lack;
}

static bool
lacks_something(const struct edit *lack)
{
	return lack->card || lack->session || lack->openers.count > 0;
}

/* ---- a change ---- */

/* Shows the lines of a service before and after all planned changes. */
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
	    pamstack_list(&after, PAMSTACK_ACCOUNT), &same) &&
	    (has_session_line(&before) == has_session_line(&after) ||
	    pamstack_print_change(stdout, pamstack_list(&before, PAMSTACK_SESSION),
	    pamstack_list(&after, PAMSTACK_SESSION), &same));
	pamstack_done(&before);
	pamstack_done(&after);
	return ok;
}

/* Whether it is the name of a service, and not of a file that all services include. */
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

/* Whether it is a file that PAM_DIR has, or will have. */
static bool
is_ours_to_change(const char *path)
{
	return strncmp(path, PAM_DIR "/", sizeof PAM_DIR) == 0;
}

/* True: the caller frees *ret. */
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

/* Makes the text with our lines. For a file in /usr it becomes a copy, which takes precedence and says so. */
static char *
edit_service(const char *path, const char *text, const struct edit *lack)
{
	_cleanup_(freep) char *edited = edit_insert(text, lack);
	char *copy = NULL;

	if (edited == NULL || is_ours_to_change(path)) {
		copy = edited;
		edited = NULL;
		return copy;
	}
	return asprintf(&copy, "# A copy of %s with the lines of pam_jpki.so. Without this file that one is used.\n%s",
	    path, edited) >= 0 ? copy : NULL;
}

/* Finds what a login by card does not open in a service whose file has this text. */
static void
find_openers(const struct plan *p, const char *name, const char *text, struct openers *ret)
{
	struct plan with = *p;
	struct pamstack_source source;
	struct pamstack stack;

	*ret = (struct openers){ .count = 0 };
	with.files[with.count++] = (struct pamstack_file){ name, text };
	source = source_with(&with, with.count);
	if (!pamstack_load(&source, name, &stack))
		return;
	openers_find(&stack, judge_service(p->s, &stack).ours, ret);
	pamstack_done(&stack);
}

/* As edit_service(); if our line is there, looks at what follows it for the card to open, and adds that. */
static char *
edit_with_openers(const struct plan *p, const char *name, const char *path, const char *text, const struct edit *lack)
{
	char *edited = edit_service(path, text, lack);
	struct edit all = *lack;

	if (edited == NULL || !lack->card || !p->s->t->conf.unlock || !openers_wanted(known_service(name)))
		return edited;
	find_openers(p, name, edited, &all.openers);
	free(edited);
	return edit_service(path, text, &all);
}

/* Fills in the change of a service; false after a complaint. */
static bool
prepare_change(const struct plan *p, const char *name, const struct edit *lack, struct setup_change *c)
{
	const struct setup *s = p->s;
	char path[PATH_MAX] = "";
	struct stat st;

	c->name = strdup(name);
	if (c->name == NULL || !find_service(name, path)) {
		tool_complain(s->t, _("%s/%s cannot be read"), PAM_DIR, name);
		return false;
	}
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		tool_complain(s->t, _("%s is not changed: it is a symbolic link"), path);
		return false;
	}
	if (!read_service(s, path, &c->before, &c->mode)) {
		tool_complain(s->t, _("%s cannot be read"), path);
		return false;
	}
	c->after = edit_with_openers(p, name, path, c->before, lack);
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

/* Adds a service to the plan; false after a complaint. */
static bool
plan_service(struct plan *p, const char *name)
{
	const struct known_service *known = known_service(name);
	struct setup_change *c = &p->changes[p->count];
	struct edit lack;

	if (known != NULL && known->use == KNOWN_UNFIT) {
		tool_complain(p->s->t, _("%s is not changed: %s"), name, _(known->remark));
		return false;
	}
	if (!is_name(name) || p->count == PLAN_MAX) {
		tool_complain(p->s->t, _("'%s' is no PAM service that could be changed"), name);
		return false;
	}
	lack = look_for_lack(p, name);
	if (!lacks_something(&lack)) {
		printf(_("  %s uses the card already.\n"), name);
		return true;
	}
	*c = (struct setup_change){ .name = NULL };
	if (!prepare_change(p, name, &lack, c)) {
		change_done(c);
		return false;
	}
	p->files[p->count++] = (struct pamstack_file){ c->name, c->after };
	return true;
}

/* ---- the choice of services ---- */

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

/*
 * Plans each service that exists and lacks something, in order: a file that includes another comes
 * after that one.
 */
static bool
plan_known(struct plan *p, bool (*wanted)(const struct setup *s, const struct known_service *k))
{
	for (const struct known_service *k = known_services(); k->name != NULL; k++) {
		struct edit lack;

		if (k->use == KNOWN_UNFIT || !setup_has_service(k->name))
			continue;
		lack = look_for_lack(p, k->name);
		if (lacks_something(&lack) && wanted(p->s, k) && !plan_service(p, k->name))
			return false;
	}
	return true;
}

static bool
is_proposed(const struct setup *s, const struct known_service *k)
{
	return k->use == KNOWN_PROPOSED;
}

static bool
agrees_to(const struct setup *s, const struct known_service *k)
{
	char question[512];

	if (k->remark == NULL)
		snprintf(question, sizeof question, _("Use the card for %s?"), k->name);
	else
		snprintf(question, sizeof question, _("Use the card for %s? (%s)"), k->name, _(k->remark));
	return setup_agrees(s, question, k->use == KNOWN_PROPOSED);
}

bool
setup_has_service(const char *name)
{
	char path[PATH_MAX];

	return find_service(name, path);
}

bool
services_done(struct setup *s)
{
	struct plan p = { .s = s };
	bool any = false;

	for (const struct known_service *k = known_services(); k->name != NULL; k++) {
		struct edit lack;

		if (k->use == KNOWN_UNFIT || !setup_has_service(k->name))
			continue;
		lack = look_for_lack(&p, k->name);
		any = any || (k->use == KNOWN_PROPOSED && lacks_something(&lack));
		printf("  %-20s %s\n", k->name, lack.card ? _("password") : _("card, or password"));
	}
	return !any && s->services == NULL;
}

static bool
show_plan(const struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!show_change(p, p->changes[i].name))
			return false;
	return true;
}

/* Lists the planned services, separated by commas. */
static void
list_plan(const struct plan *p, char names[static SETUP_SERVICES_MAX])
{
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < p->count && len < SETUP_SERVICES_MAX; i++)
		len += (size_t)snprintf(names + len, SETUP_SERVICES_MAX - len, "%s%s", i > 0 ? ", " : "",
		    p->changes[i].name);
}

enum choice { CHOICE_YES, CHOICE_NO, CHOICE_EACH };

/* Shows the changes if the user asks for them. */
static enum choice
ask_for_plan(const struct plan *p, const char *names)
{
	char line[SETUP_LINE];

	printf(_("The card will do, or the password as before, for: %s\n"), names);
	for (;;) {
		if (!setup_line(p->s, _("Change these files of /etc/pam.d? [Y/n] d: show the changes, c: choose"), line))
			return CHOICE_NO;
		if (strcmp(line, "c") == 0)
			return CHOICE_EACH;
		if (strcmp(line, "d") != 0)
			return line[0] == '\0' || rpmatch(line) == 1 ? CHOICE_YES : CHOICE_NO;
		if (!show_plan(p))
			return CHOICE_NO;
	}
}

static bool
plan_each(struct plan *p)
{
	plan_done(p);
	*p = (struct plan){ .s = p->s };
	return plan_known(p, agrees_to) && show_plan(p);
}

/* True, with an empty plan, if the answer is no. */
static bool
make_plan(struct plan *p)
{
	char names[SETUP_SERVICES_MAX];
	enum choice choice = CHOICE_YES;

	if (!(p->s->services != NULL ? plan_listed(p) : plan_known(p, is_proposed)))
		return false;
	if (p->count == 0)
		return true;
	list_plan(p, names);
	if (p->s->yes)
		return show_plan(p);
	choice = ask_for_plan(p, names);
	if (choice == CHOICE_EACH)
		return plan_each(p);
	if (choice == CHOICE_NO) {
		plan_done(p);
		*p = (struct plan){ .s = p->s };
	}
	return true;
}

bool
services_act(struct setup *s)
{
	_cleanup_(plan_done) struct plan p = { .s = s };

	if (!make_plan(&p))
		return false;
	if (p.count == 0) {
		printf("  %s\n", _("No service is changed."));
		return true;
	}
	if (!all_may_become(&p) || !trial_passes(s) || !backup_apply(s, p.changes, p.count))
		return false;
	list_plan(&p, s->written);
	return true;
}

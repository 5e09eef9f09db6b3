/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "card/pcsc.h"
#include "flow/possession/survey.h"
#include "lib/i18n.h"
#include "tools/common/caged.h"
#include "tools/common/deadline.h"
#include "tools/common/json.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/fingerprints.h"
#include "tools/jpkictl/questions.h"

/* --- in the cage ---------------------------------------------------------------------- */

static int
ask_card(struct tool *t, void *ctx, void *result)
{
	struct answers *answers = result;
	struct pcsc_description about;
	struct outcome o;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, ctx, answers->reader);
	if (!outcome_ok(&o))
		return tool_finish_search(t, &o, answers->reader);
	o = pcsc_describe(t->pcsc, answers->reader, &about);
	if (outcome_ok(&o)) {
		answers->contactless = about.contactless;
		memcpy(answers->driver, about.version, sizeof answers->driver);
		o = questions_ask(&t->env, answers);
	}
	deadline_off();
	return tool_finish(t, &o);
}

/* --- outside -------------------------------------------------------------------------- */

static void
write_driver(const struct answers *answers, char ret[static sizeof answers->driver])
{
	int len = (int)strspn(answers->driver, "0123456789.");

	snprintf(ret, sizeof answers->driver, "%.*s", len, answers->driver);
}

/* The authority's name where the project knows it, in its own words. */
static const char *
name_of_ca(const struct tool *t, const struct answers *answers)
{
	static struct fingerprint_known known;
	char fingerprint[CERT_FINGERPRINT_LEN + 1];
	enum fingerprint grade;

	if (answers->ca[0] == '\0')
		return "none";
	if (!cert_read_fingerprint(answers->ca, fingerprint))
		return "other";
	grade = fingerprint_find(t, fingerprint, &known);
	return grade != FINGERPRINT_NOT && grade != FINGERPRINT_BROKEN ? known.name : "other";
}

/* Where the answers go: lines, or an object with a list for each. */
struct report {
	json_t *object;		/* NULL: lines */
	const char *name;	/* of the answer at hand, */
	json_t *list;		/* and its words */
};

static void
begin_answer(struct report *r, const char *name)
{
	r->name = name;
	if (r->object == NULL)
		printf("%s:", name);
	else
		r->list = json_array();
}

static void
say(struct report *r, const char *text)
{
	if (r->object == NULL)
		printf(" %s", text);
	else
		json_add(r->list, json_text(text));
}

static void
end_answer(struct report *r)
{
	if (r->object == NULL)
		putchar('\n');
	else
		json_put(r->object, r->name, r->list);
}

static void
report_one(struct report *r, const char *name, const char *text)
{
	begin_answer(r, name);
	say(r, text);
	end_answer(r);
}

static void
report_form(struct report *r, const struct certform *form)
{
	for (size_t kind = 0; kind < CERTFORM_KINDS; kind++) {
		begin_answer(r, certform_name(kind));
		say(r, !form->of[kind].present ? "absent" : form->of[kind].critical ? "critical" : "present");
		for (unsigned int trait = 0; form->of[kind].present && trait < CERTFORM_TRAITS; trait++)
			if ((form->of[kind].traits >> trait & 1) != 0 && certform_trait(kind, trait) != NULL)
				say(r, certform_trait(kind, trait));
		end_answer(r);
	}
}

static void
report_all(const struct tool *t, struct report *r, const struct answers *answers)
{
	char reader[TRANSPORT_NAME_MAX], driver[sizeof answers->driver];

	answers_reader_name(answers->reader, reader);
	write_driver(answers, driver);
	report_one(r, "version", PACKAGE_VERSION);
	report_one(r, "reader", reader);
	report_one(r, "driver", driver);
	report_one(r, "interface", answers->contactless ? "contactless" : "contacts");
	for (size_t i = 0; question_name(i) != NULL; i++)
		report_one(r, question_name(i), answer_word(answers->words[i]));
	report_one(r, "ca", name_of_ca(t, answers));
	if (answers->has_certificate)
		report_form(r, &answers->form);
}

static int
print_answers(const struct tool *t, const struct answers *answers, bool as_json)
{
	struct report r = { .object = as_json ? json_object() : NULL };

	if (!as_json)
		fprintf(stderr, "%s", _("The lines below name neither you nor your card. What each settles, and where to send "
		    "them: doc/real-cards.md of pam_jpki.\n"));
	report_all(t, &r, answers);
	return as_json ? json_print(t, r.object) : TOOL_OK;
}

int
cmd_survey(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "reader", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	static struct answers answers;
	struct caged caged = { .work = ask_card, .result = &answers, .result_size = sizeof answers };
	bool as_json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "jr:", options, NULL)) != -1) {
		if (option == 'r')
			caged.ctx = optarg;
		else if (option == 'j')
			as_json = true;
		else
			return tool_usage(t);
	}
	if (optind != argc)
		return tool_usage(t);
	status = caged_run(t, &caged);
	/* Whatever came out of the cage, its strings have ends. */
	answers.reader[sizeof answers.reader - 1] = answers.driver[sizeof answers.driver - 1] = '\0';
	answers.ca[sizeof answers.ca - 1] = '\0';
	return status == TOOL_OK ? print_answers(t, &answers, as_json) : status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The services that jpkictl setup knows write the lines of the examples that an administrator copies. */
#include "config.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/setup/setup.h"

#define LINE_MAX_LEN 256
#define BARE "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n"

/* The first line of a type with our module, blanks squeezed; "" for none. */
static void
find_line(FILE *f, const char *type, char line[static LINE_MAX_LEN])
{
	char text[LINE_MAX_LEN];

	rewind(f);
	while (fgets(text, sizeof text, f) != NULL) {
		char *save;

		if (strncmp(text, type, strlen(type)) != 0 || strstr(text, "pam_jpki.so") == NULL)
			continue;
		line[0] = '\0';
		for (char *word = strtok_r(text, " \t\n", &save); word != NULL; word = strtok_r(NULL, " \t\n", &save))
			snprintf(line + strlen(line), LINE_MAX_LEN - strlen(line), "%s ", word);
		return;
	}
	line[0] = '\0';
}

static FILE *
open_example(const char *name)
{
	const char *top = getenv("srcdir");
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/config/pam.d/%s", top != NULL ? top : ".", name);
	return fopen(path, "re");
}

static void
lines_are_those_of_the_examples(void **state)
{
	static const char *const types[] = { "auth", "account", "session" };
	unsigned int compared = 0;

	for (const struct known_service *k = known_services(); k->name != NULL; k++) {
		FILE *example = open_example(k->name);
		const struct edit e = { .card = true, .session = k->opens_session, .options = k->options };
		char *edited = edit_insert(BARE, &e);
		FILE *ours;

		assert_non_null(edited);
		ours = fmemopen(edited, strlen(edited), "r");
		assert_non_null(ours);
		for (size_t i = 0; example != NULL && k->use != KNOWN_UNFIT && i < COUNT(types); i++) {
			char theirs[LINE_MAX_LEN], line[LINE_MAX_LEN];

			find_line(example, types[i], theirs);
			find_line(ours, types[i], line);
			if (theirs[0] == '\0')
				continue;	/* an example that says why there is none */
			if (strcmp(line, theirs) != 0)
				fail_msg("%s: setup writes \"%s\", config/pam.d/%s has \"%s\"", k->name, line, k->name, theirs);
			compared++;
		}
		if (example != NULL)
			fclose(example);
		fclose(ours);
		free(edited);
	}
	assert_true(compared >= 25);
}

static void
every_example_is_known(void **state)
{
	const char *top = getenv("srcdir");
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/config/pam.d/*", top != NULL ? top : ".");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;

		if (strcmp(name, "passwd") != 0 && known_service(name) == NULL)	/* it has no auth line of ours */
			fail_msg("%s is an example, and setup does not know it", name);
	}
	globfree(&found);
}

static void
each_is_there_once_and_says_why(void **state)
{
	for (const struct known_service *k = known_services(); k->name != NULL; k++) {
		assert_ptr_equal(known_service(k->name), k);
		assert_int_equal(k->remark == NULL, k->use == KNOWN_PROPOSED);
		assert_true(k->options[0] == '\0' || k->options[0] == ' ');
	}
	assert_null(known_service(""));
	assert_null(known_service("sud"));
	assert_null(known_service("sudo "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_the_examples),
		cmocka_unit_test(every_example_is_known),
		cmocka_unit_test(each_is_there_once_and_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

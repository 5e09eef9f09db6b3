/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which language the module takes for the person's; and that it reads the
 * application's locale and changes nothing of it.
 */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <pty.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/proto.h"
#include "pam/language.h"
#include "tests/unit/locales.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/jpki-language-XXXXXX";
static char shown[1024];
static unsigned int foreign_domains;

/* In place of libc's: the catalogue of the build tree, and no other domain. */
char *
bindtextdomain(const char *domain, const char *path)
{
	char *(*real)(const char *, const char *);

	*(void **)&real = dlsym(RTLD_NEXT, "bindtextdomain");
	if (strcmp(domain, PACKAGE) != 0) {
		/* libpam 1.7 binds its own in pam_start(3). */
		foreign_domains += strcmp(domain, "Linux-PAM") != 0;
		return real(domain, path);
	}
	return real(domain, CATALOGUES);
}

static void
terminal_and_locale_choose_the_language(void **state)
{
	static const struct {
		const char *locale, *codeset, *tty, *language;
		bool elsewhere;	/* the process is not on that terminal */
	} cases[] = {
		{ "ja_JP.UTF-8", "UTF-8", NULL, "ja" },
		{ "ja_JP.utf8", "utf8", "", "ja" },
		{ "ja_JP", "UTF-8", "pts/0", "ja" },
		{ "ja", "UTF-8", "/dev/pts/3", "ja" },
		{ "ja@cjknarrow", "UTF-8", ":0", "ja" },
		{ "ja_JP.UTF-8", "UTF-8", "/dev/ttyS0", "ja" },
		{ "ja_JP.UTF-8", "UTF-8", "tty", "ja" },
		{ "ja_JP.UTF-8", "UTF-8", "/dev/tty", "ja" },
		{ "ja_JP.UTF-8", "UTF-8", "tty1x", "ja" },
		{ "ja_JP.UTF-8", "UTF-8", "ssh", "ja" },
		/* a console has no font for it */
		{ "ja_JP.UTF-8", "UTF-8", "/dev/tty1", "en" },
		{ "ja_JP.UTF-8", "UTF-8", "/dev/tty63", "en" },
		{ "ja_JP.UTF-8", "UTF-8", "tty2", "en" },
		/* gdm and sddm name the console of their display */
		{ "ja_JP.UTF-8", "UTF-8", "/dev/tty1", "ja", true },
		{ "ja_JP.UTF-8", "UTF-8", "tty2", "ja", true },
		{ "ja_JP.UTF-8", "ANSI_X3.4-1968", "tty2", "en", true },
		{ "C", "UTF-8", "/dev/tty1", "en", true },
		/* we write UTF-8 only */
		{ "ja_JP.eucJP", "EUC-JP", "pts/0", "en" },
		{ "ja_JP.UTF-8", "ANSI_X3.4-1968", "pts/0", "en" },
		{ "ja_JP.UTF-8", NULL, NULL, "en" },
		{ "ja_JP.UTF-8", "", NULL, "en" },
		/* not Japanese */
		{ "C", "ANSI_X3.4-1968", NULL, "en" },
		{ "POSIX", "UTF-8", NULL, "en" },
		{ "C.UTF-8", "UTF-8", NULL, "en" },
		{ "en_US.UTF-8", "UTF-8", NULL, "en" },
		{ "jam_JM.UTF-8", "UTF-8", NULL, "en" },
		{ "j", "UTF-8", NULL, "en" },
		{ "JA_JP.UTF-8", "UTF-8", NULL, "en" },
		{ "", "UTF-8", NULL, "en" },
		{ NULL, "UTF-8", NULL, "en" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct language_facts f = { cases[i].locale, cases[i].codeset, cases[i].tty, !cases[i].elsewhere };

		if (strcmp(language_choose(&f), cases[i].language) != 0)
			fail_msg("%s, %s at %s is not %s", f.locale, f.codeset, f.tty, cases[i].language);
	}
}

/* Two languages and nothing else go over the wire. */
static void
request_names_one_of_two(void **state)
{
	static const char *const bad[] = { "", "j", "jp", "JA", "fr", "e\n", "%s" };
	static struct proto_request sent, got;
	struct proto_id id = {0};
	uint8_t packet[PROTO_PACKET_MAX];

	sent.task = PROTO_LOGIN;
	for (size_t i = 0; i < COUNT(bad) + 2; i++) {
		struct writer w = writer_of(packet, sizeof packet);
		struct cursor r;
		enum proto_type type;

		snprintf(sent.lang, sizeof sent.lang, "%s", i < COUNT(bad) ? bad[i] :
		    i == COUNT(bad) ? "ja" : "en");
		assert_true(proto_put_request(&w, &id, &sent));
		r = cursor_of(packet, w.len);
		assert_true(proto_get_header(&r, &type, &id));
		assert_int_equal(proto_get_request(&r, &got), i >= COUNT(bad));
		if (i >= COUNT(bad))
			assert_string_equal(got.lang, sent.lang);
	}
}

static int
conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	*responses = calloc((size_t)n, sizeof **responses);
	if (messages[0]->msg_style != PAM_PROMPT_ECHO_OFF)
		snprintf(shown, sizeof shown, "%s", messages[0]->msg);
	return PAM_SUCCESS;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* One login whose helper fails, in a host of this locale; what the module said is in `shown`. */
static void
login_in(const char *locale, const char *tty, const char *language)
{
	static const struct pam_conv conv = { .conv = conversation };
	char before[256], asked[8] = "";
	char *environment, *now;
	pam_handle_t *pamh;
	FILE *f;

	if (setlocale(LC_ALL, locale) == NULL)
		fail_msg("no locale %s", locale);
	snprintf(before, sizeof before, "%s", setlocale(LC_ALL, NULL));
	environment = strdup(getenv("LANGUAGE") != NULL ? getenv("LANGUAGE") : "(none)");
	assert_non_null(environment);
	shown[0] = '\0';
	foreign_domains = 0;

	assert_int_equal(pam_start_confdir("test", "hanako", &conv, dir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, tty), PAM_SUCCESS);
	assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(pam_end(pamh, PAM_AUTHINFO_UNAVAIL), PAM_SUCCESS);

	assert_string_equal(setlocale(LC_ALL, NULL), before);
	assert_string_equal(textdomain(NULL), "messages");
	assert_int_equal(foreign_domains, 0);
	now = getenv("LANGUAGE");
	assert_string_equal(now != NULL ? now : "(none)", environment);
	free(environment);
	f = fopen("lang", "re");
	assert_non_null(f);
	assert_non_null(fgets(asked, sizeof asked, f));
	fclose(f);
	assert_string_equal(asked, language);
}

static bool
is_japanese(void)
{
	return strstr(shown, "管理者に連絡してください") != NULL;
}

static bool
is_english(void)
{
	return strstr(shown, "Tell the administrator") != NULL;
}

static void
host_in_c_hears_english(void **state)
{
	login_in("C", "pts/0", "en");
	assert_true(is_english());
}

/* In a child whose controlling terminal is a new one. */
static const char *
language_on_another_terminal(const char *tty)
{
	int screen, terminal, status;
	pid_t child;

	assert_int_equal(openpty(&screen, &terminal, NULL, NULL, NULL), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0)
			_exit(2);
		_exit(strcmp(language_of_application(tty), "ja") == 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	close(screen);
	close(terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1 ? "ja" : "en";
}

static void
console_is_compared_with_the_own_terminal(void)
{
	bool exists = access("/dev/tty1", F_OK) == 0;

	assert_string_equal(language_of_application("tty1"), "ja");	/* there is no terminal at all */
	/* If there is no /dev/tty1, it could be our terminal, for all we know: then English, which each console can show. */
	assert_string_equal(language_on_another_terminal("tty1"), exists ? "ja" : "en");
	assert_string_equal(language_on_another_terminal("/dev/tty1"), exists ? "ja" : "en");
	assert_string_equal(language_on_another_terminal(NULL), "ja");
}

static void
host_in_japanese_hears_japanese(void **state)
{
	if (!locales_make())
		skip();
	login_in("ja_JP.UTF-8", "pts/0", "ja");
	assert_true(is_japanese());
	/* a console that is not this process's: that of a display (tests/e2e has one that is) */
	login_in("ja_JP.UTF-8", "/dev/tty1", "ja");
	assert_true(is_japanese());
	console_is_compared_with_the_own_terminal();
	login_in("C", "pts/0", "en");
	assert_true(is_english());
	(void)setlocale(LC_ALL, "C");
	locales_remove();
}

static void
give_up_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	assert_int_equal(ioctl(fd, TIOCNOTTY), 0);
	close(fd);
}

static int
setup(void **state)
{
	give_up_terminal();
	assert_int_equal(unsetenv("LANGUAGE"), 0);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	write_file("test", "auth required " MODULE "\n");
	write_file("mode", "exit at once");
	return 0;
}

static int
teardown(void **state)
{
	(void)unlink("test");
	(void)unlink("mode");
	(void)unlink("tasks");
	(void)unlink("lang");
	(void)rmdir(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_and_locale_choose_the_language),
		cmocka_unit_test(request_names_one_of_two),
		cmocka_unit_test(host_in_c_hears_english),
		cmocka_unit_test(host_in_japanese_hears_japanese),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

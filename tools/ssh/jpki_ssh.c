/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki-ssh: runs ssh with jpki-askpass in front of the usual askpass. As ssh is exec'ed, its arguments,
 * exit status and signals are its own.
 *
 * We get the host key through ssh's KnownHostsCommand. It is set in a configuration file of our own, which
 * includes the usual ones, and not by -o: ssh passes the file, but no other option, to the ssh that it
 * starts for a jump host (-J). Our command runs the KnownHostsCommand of those files, because otherwise
 * hosts known only to it would be unknown.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/ssh/hostkey_note.h"
#include "tools/ssh/known.h"

/* ssh(1): options with an argument, which may follow the letter directly. */
#define OPTIONS_WITH_ARGUMENT "bcDEeFIiJLlmOoPpQRSWwB"
#define ASKPASS BINDIR "/jpki-askpass"

static int
die(const char *what)
{
	fprintf(stderr, "jpki-ssh: %s: %s\n", what, strerror(errno));
	return 255;	/* as ssh does for its own errors */
}

/*
 * One word of a cluster such as "-4vF": the letter that takes an argument, or 0; *ret_rest is the text
 * after it.
 */
static char
option_with_argument(const char *word, const char **ret_rest)
{
	for (const char *p = word + 1; *p != '\0'; p++)
		if (strchr(OPTIONS_WITH_ARGUMENT, *p) != NULL) {
			*ret_rest = p + 1;
			return *p;
		}
	return '\0';
}

/*
 * The file that the user gives with -F (the last one, as in ssh); NULL for none. Removes these words from
 * argv. Options may also follow the host, up to the command.
 */
static const char *
take_config(int *argc, char **argv)
{
	const char *file = NULL, *rest;
	int out = 1, i = 1;
	bool host = false;

	while (i < *argc) {
		char letter;

		if (strcmp(argv[i], "--") == 0 || argv[i][0] != '-') {
			if (host || argv[i][0] == '-')
				break;
			host = true;
			argv[out++] = argv[i++];
			continue;
		}
		letter = option_with_argument(argv[i], &rest);
		if (letter == 'F') {
			size_t before = (size_t)(rest - argv[i]) - 1;	/* "-", or "-4" of "-4F" */

			if (before > 1) {
				argv[out] = strndup(argv[i], before);
				if (argv[out++] == NULL)
					return NULL;
			}
			file = *rest != '\0' ? rest : i + 1 < *argc ? argv[++i] : NULL;
			i++;
			continue;
		}
		argv[out++] = argv[i++];
		if (letter != '\0' && *rest == '\0' && i < *argc)
			argv[out++] = argv[i++];
	}
	while (i < *argc)
		argv[out++] = argv[i++];
	*argc = out;
	argv[out] = NULL;
	return file;
}

/* The files that ssh would have read. A relative path is relative to the current directory. */
static bool
put_includes(FILE *f, const char *file)
{
	char here[PATH_MAX];

	if (file == NULL)
		return fprintf(f, "Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\n") > 0;
	if (strcmp(file, "none") == 0)
		return true;
	/* Include takes patterns, and ignores a missing file silently. */
	if (strpbrk(file, "\"*?[\\") != NULL) {
		errno = EINVAL;
		return false;
	}
	if (file[0] != '~' && access(file, R_OK) != 0)
		return false;
	if (file[0] == '/' || file[0] == '~')
		return fprintf(f, "Include \"%s\"\n", file) > 0;
	return getcwd(here, sizeof here) != NULL && fprintf(f, "Include \"%s/%s\"\n", here, file) > 0;
}

/* The configuration for this ssh, stored with its notes and removed with them. */
static bool
write_config(const char *dir, const char *file, char *const *words, char path[static PATH_MAX])
{
	_cleanup_(freep) char *others = known_hosts_command(file, words);
	FILE *f;
	bool ok;

	if (!hostkey_note_path(dir, getpid(), "config", path))
		return false;
	f = fopen(path, "we");
	if (f == NULL)
		return false;
	ok = fprintf(f, "# Made by jpki-ssh.\nKnownHostsCommand %s --note-host-key %%f %%K %s\n", ASKPASS,
	    others != NULL ? others : "") > 0 &&
	    put_includes(f, file);
	return fclose(f) == 0 && ok;
}

static bool
keep_variable(const char *variable, const char *as)
{
	const char *value = getenv(variable);

	/* An outer jpki-ssh has already stored it. */
	if (value == NULL || strcmp(value, ASKPASS) == 0 || getenv("JPKI_SSH") != NULL)
		return true;
	return setenv(as, value, 1) == 0;
}

static bool
set_environment(void)
{
	return keep_variable("SSH_ASKPASS", "JPKI_ASKPASS_NEXT") &&
	    keep_variable("SSH_ASKPASS_REQUIRE", "JPKI_ASKPASS_NEXT_REQUIRE") &&
	    setenv("SSH_ASKPASS", ASKPASS, 1) == 0 && setenv("SSH_ASKPASS_REQUIRE", "force", 1) == 0 &&
	    setenv("JPKI_SSH", "1", 1) == 0;
}

static void
usage(void)
{
	fputs(_("Usage: jpki-ssh [ssh's options and arguments]\n"
	    "\n"
	    "Runs ssh for servers with pam_jpki: the My Number Card in the reader of this machine\n"
	    "answers their challenge. You type the PIN here, and it stays here. For other programs:\n"
	    "\n"
	    "  scp -S jpki-ssh ...    sftp -S jpki-ssh ...    rsync -e jpki-ssh ...\n"
	    "  GIT_SSH_COMMAND=jpki-ssh git clone ...\n"
	    "\n"
	    "See jpki-ssh(1).\n"), stdout);
}

int
main(int argc, char **argv)
{
	_cleanup_(freep) char **words = NULL;
	char dir[PATH_MAX], config[PATH_MAX];
	const char *file;

	(void)setlocale(LC_ALL, "");
	i18n_bind();
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage();
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("jpki-ssh (%s)\n", PACKAGE_STRING);
		return EXIT_SUCCESS;
	}
	file = take_config(&argc, argv);
	if (!hostkey_note_directory(dir))
		return die(dir);
	hostkey_note_clean(dir);
	if (!write_config(dir, file, argv + 1, config) || !set_environment())
		return die(file != NULL ? file : config);
	words = calloc((size_t)argc + 3, sizeof *words);
	if (words == NULL)
		return die("calloc");
	words[0] = (char *)(uintptr_t)"ssh";
	words[1] = (char *)(uintptr_t)"-F";
	words[2] = config;
	memcpy(words + 3, argv + 1, (size_t)argc * sizeof *argv);	/* and its NULL */
	(void)execvp("ssh", words);
	return die("ssh");
}

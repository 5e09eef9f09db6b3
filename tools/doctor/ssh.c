/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins through sshd with a card at the client: do sshd's settings fit our options? */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "tools/doctor/doctor.h"
#include "tools/pamstack/pamstack.h"

#define SSHD "/usr/sbin/sshd"
#define SSH_OLDEST 8.5		/* since then ssh passes the server's name to the askpass */

/* The relevant settings of "sshd -T"; "" if it does not print one. */
struct sshd {
	bool use_pam, kbd_interactive;
	char methods[DETAIL_MAX], keys_command[DETAIL_MAX], keys_user[DETAIL_MAX];
	char host_keys[16][PATH_MAX];
	size_t host_key_count;
	char complaint[DETAIL_MAX];	/* its error message instead */
};

static void
take_setting(struct sshd *s, const char *key, const char *value)
{
	if (strcasecmp(key, "usepam") == 0)
		s->use_pam = strcmp(value, "yes") == 0;
	else if (strcasecmp(key, "kbdinteractiveauthentication") == 0)
		s->kbd_interactive = strcmp(value, "yes") == 0;
	else if (strcasecmp(key, "authenticationmethods") == 0)
		snprintf(s->methods, sizeof s->methods, "%s", value);
	else if (strcasecmp(key, "authorizedkeyscommand") == 0)
		snprintf(s->keys_command, sizeof s->keys_command, "%s", value);
	else if (strcasecmp(key, "authorizedkeyscommanduser") == 0)
		snprintf(s->keys_user, sizeof s->keys_user, "%s", value);
	else if (strcasecmp(key, "hostkey") == 0 &&
	    s->host_key_count < sizeof s->host_keys / sizeof s->host_keys[0])
		snprintf(s->host_keys[s->host_key_count++], PATH_MAX, "%s", value);
}

/* False: it cannot be run, or refuses its own configuration. */
static bool
ask_sshd(struct sshd *s)
{
	char line[PATH_MAX + 64];
	FILE *f = popen(SSHD " -T 2>&1", "re");	/* a constant command. NOLINT(cert-env33-c) */

	if (f == NULL)
		return false;
	while (fgets(line, sizeof line, f) != NULL) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (s->complaint[0] == '\0')
			snprintf(s->complaint, sizeof s->complaint, "%.*s", DETAIL_MAX - 1, line);
		if (value != NULL) {
			*value = '\0';
			take_setting(s, line, value + 1);
		}
	}
	return pclose(f) == 0;
}

/* The options in force in sshd's stack: those of the file, overridden by the arguments of its lines. */
static bool
options_of_sshd(struct doctor *d, struct conf *conf)
{
	struct pamstack_source source = pamstack_machine();
	const struct pamstack_list *auth;
	struct pamstack stack;
	bool ours = false;

	*conf = d->t->conf;
	if (!pamstack_load(&source, "sshd", &stack))
		return false;
	auth = pamstack_list(&stack, PAMSTACK_AUTH);
	for (size_t i = 0; i < auth->count; i++) {
		const struct pamstack_line *line = &auth->lines[i];

		if (line->module == NULL || strcmp(line->module, PAMSTACK_OURS) != 0)
			continue;
		ours = true;
		for (size_t j = 0; j < line->argc; j++)
			if (strncmp(line->args[j], "conf=", 5) != 0)
				(void)!conf_word(line->args[j], &d->t->log, conf).status;
	}
	pamstack_done(&stack);
	return ours;
}

/* Whether the public half of one of sshd's host keys is where the module looks for it. */
static bool
knows_a_host_key(const struct sshd *s, const struct conf *conf)
{
	char path[2 * PATH_MAX];

	for (size_t i = 0; i < s->host_key_count; i++) {
		const char *slash = strrchr(s->host_keys[i], '/');
		const char *name = slash != NULL ? slash + 1 : s->host_keys[i];

		snprintf(path, sizeof path, "%s/%s.pub", conf->host_keys, name);
		if (fnmatch("ssh_host_*", name, 0) == 0 && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

static void
judge_challenge(struct doctor *d, const struct sshd *s, const struct conf *conf)
{
	char name[HOST_NAME_MAX + 1] = "";
	bool usable = s->kbd_interactive && s->use_pam;

	if (!s->kbd_interactive)
		found_alone(d, FOUND_SSH_NO_DIALOGUE);
	if (conf->remote_binding == CONF_BINDING_NAME) {
		found_alone(d, FOUND_SSH_BY_NAME);
	} else if (!knows_a_host_key(s, conf)) {
		found(d, FOUND_SSH_HOST_KEY, "%s", conf->host_keys);
		usable = false;
	}
	(void)gethostname(name, sizeof name - 1);
	if (conf->remote_names[0] == '\0' && strchr(name, '.') == NULL)
		found(d, FOUND_SSH_NAMES, "%s", name);
	if (usable)
		found(d, FOUND_SSH_CHALLENGE, "%s", conf->remote_names[0] != '\0' ? conf->remote_names : name);
}

/* Whether each allowed list of methods begins with a key and then uses PAM ("keyboard-interactive:pam"). */
static bool
needs_key_first(const char *methods)
{
	static const char dialogue[] = ",keyboard-interactive";
	char copy[DETAIL_MAX], *rest = NULL;
	bool any = false;

	snprintf(copy, sizeof copy, "%s", methods);
	for (char *list = strtok_r(copy, " ", &rest); list != NULL; list = strtok_r(NULL, " ", &rest)) {
		if (strncmp(list, "publickey,", 10) != 0 || strstr(list, dialogue) == NULL)
			return false;
		any = true;
	}
	return any;
}

/* Whether a user other than root could change the program that sshd runs for every login. */
static void
judge_keys_command(struct doctor *d, const struct sshd *s)
{
	char path[DETAIL_MAX];

	if (strstr(s->keys_command, "jpkictl") == NULL)
		return;
	snprintf(path, sizeof path, "%.*s", (int)strcspn(s->keys_command, " "), s->keys_command);
	if (safefile_check_program(path, 0, &d->t->log) != SAFEFILE_OK || access(path, X_OK) != 0)
		found(d, FOUND_SSH_KEYS_COMMAND, "%s", path);
	else if (strcmp(s->keys_user, "root") == 0 || strcmp(s->keys_user, "none") == 0)
		found(d, FOUND_SSH_KEYS_USER, "%s", s->keys_user);
	else if (doctor_keys_user(d, s->keys_user))
		found(d, FOUND_SSH_KEYS, "%s", s->keys_command);
}

static void
judge_sshd(struct doctor *d)
{
	static struct sshd s;
	bool asked, ours, challenges, checks_keys;
	struct conf conf;

	if (access(SSHD, X_OK) != 0)
		return;
	ours = options_of_sshd(d, &conf);
	challenges = ours && conf.remote == CONF_REMOTE_CHALLENGE;
	checks_keys = ours && conf.ssh_key;
	s = (struct sshd){ .use_pam = false };
	asked = ask_sshd(&s);
	if (asked)
		judge_keys_command(d, &s);
	if (!challenges && !checks_keys)
		return;
	if (!asked) {
		found(d, FOUND_SSH_UNKNOWN, "%s", s.complaint[0] != '\0' ? s.complaint : SSHD " -T");
		return;
	}
	if (!s.use_pam)
		found_alone(d, FOUND_SSH_NO_PAM);
	if (challenges)
		judge_challenge(d, &s, &conf);
	if (checks_keys && !needs_key_first(s.methods))
		found(d, FOUND_SSH_METHODS, "%s", s.methods[0] != '\0' ? s.methods : "any");
}

/* The client's side: jpki-ssh is installed, so an ssh that supports it should be, too. */
static void
judge_client(struct doctor *d)
{
	char line[DETAIL_MAX] = "";
	double version = 0;
	FILE *f;

	if (access(BINDIR "/jpki-ssh", X_OK) != 0)
		return;
	f = popen("ssh -V 2>&1", "re");	/* a constant command. NOLINT(cert-env33-c) */
	if (f == NULL)
		return;
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	(void)pclose(f);
	line[strcspn(line, "\n")] = '\0';
	/* Too large is new enough. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "OpenSSH_%lf", &version) != 1 || version < SSH_OLDEST)
		found(d, FOUND_SSH_OLD, "%s", line);
}

void
doctor_ssh(struct doctor *d)
{
	judge_sshd(d);
	judge_client(d);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_e2e.so: a PAM module for the tests, never installed outside of them.
 *
 * In every stack of the tests it is the last line and reports to pamdrive, by the PAM
 * environment variable E2E_AUTHTOK, whether a module left a PAM_AUTHTOK
 * after (only modules can see it). With arguments it plays a module, so that
 * the driver itself can be tested:
 *
 *	prompt=TEXT echo=TEXT error=TEXT info=TEXT   said in this order
 *	expect=TEXT    succeed only if the prompt was answered with TEXT
 *	authtok        leave the answer as PAM_AUTHTOK
 *	leak           break the rules of the house: child, descriptor, SIGCHLD
 *	relay=DIR      relay a challenge, as a hostile server does: what is asked (echo on)
 *	               comes from the FIFO DIR/challenge, the answer goes to DIR/reply
 *	nodelay        do not wait after a failure, whatever modules ask for
 *	return=NUMBER  the result (default: PAM_IGNORE)
 *
 * An underscore in a TEXT means a space.
 *
 * In a password stack it logs, in each pass, which secrets the modules before it
 * left for others: "items update: authtok=… oldauthtok=…".
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_modules.h>
#include <security/pam_ext.h>

struct play {
	const char *expect;
	char *answer;
	bool authtok;
	int result;
};

static const char *
value_of(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=' ? arg + len + 1 : NULL;
}

static int
say(pam_handle_t *pamh, struct play *play, int style, const char *text)
{
	char *spaced = strdup(text);
	int r;

	if (spaced == NULL)
		return PAM_BUF_ERR;
	for (char *p = spaced; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) {
		free(play->answer);
		play->answer = NULL;
		r = pam_prompt(pamh, style, &play->answer, "%s", spaced);
	} else {
		r = pam_prompt(pamh, style, NULL, "%s", spaced);
	}
	free(spaced);
	return r;
}

/* Between two servers. */
static int
relay(pam_handle_t *pamh, const char *dir)
{
	char path[256], text[2048];
	char *answer = NULL;
	FILE *f;
	int r;

	snprintf(path, sizeof path, "%s/challenge", dir);
	f = fopen(path, "re");
	if (f == NULL || fgets(text, sizeof text, f) == NULL)
		return PAM_SYSTEM_ERR;
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	r = pam_prompt(pamh, PAM_PROMPT_ECHO_ON, &answer, "%s", text);
	snprintf(path, sizeof path, "%s/reply", dir);
	f = fopen(path, "we");
	if (f == NULL)
		return PAM_SYSTEM_ERR;
	fprintf(f, "%s\n", r == PAM_SUCCESS && answer != NULL ? answer : "");
	fclose(f);
	free(answer);
	return PAM_SUCCESS;
}

/* Everything that pamdrive must notice. */
static void
leak(void)
{
	if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
		return;
	signal(SIGCHLD, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* left behind, but not for ever, */
		alarm(2);	/* even if the parent was gone before */
		pause();
		_exit(0);
	}
}

static void
no_delay(int status, unsigned int microseconds, void *appdata)
{
	(void)status;
	(void)microseconds;
	(void)appdata;
}

/* As applications do that have a delay of their own (kscreenlocker). */
static int
turn_delay_off(pam_handle_t *pamh)
{
	void (*function)(int, unsigned int, void *) = no_delay;
	const void *item;

	memcpy(&item, &function, sizeof item);
	return pam_set_item(pamh, PAM_FAIL_DELAY, item);
}

static int
act(pam_handle_t *pamh, struct play *play, const char *arg)
{
	const char *value;

	if ((value = value_of(arg, "prompt")) != NULL)
		return say(pamh, play, PAM_PROMPT_ECHO_OFF, value);
	if ((value = value_of(arg, "relay")) != NULL)
		return relay(pamh, value);
	if ((value = value_of(arg, "echo")) != NULL)
		return say(pamh, play, PAM_PROMPT_ECHO_ON, value);
	if ((value = value_of(arg, "error")) != NULL)
		return say(pamh, play, PAM_ERROR_MSG, value);
	if ((value = value_of(arg, "info")) != NULL)
		return say(pamh, play, PAM_TEXT_INFO, value);
	if ((value = value_of(arg, "expect")) != NULL)
		play->expect = value;
	else if ((value = value_of(arg, "return")) != NULL)
		play->result = atoi(value);
	else if (strcmp(arg, "authtok") == 0)
		play->authtok = true;
	else if (strcmp(arg, "leak") == 0)
		leak();
	else if (strcmp(arg, "nodelay") == 0)
		return turn_delay_off(pamh);
	else
		return PAM_SERVICE_ERR;
	return PAM_SUCCESS;
}

static int
finish(pam_handle_t *pamh, const struct play *play)
{
	const void *token = NULL;
	bool set;

	if (play->authtok && play->answer != NULL)
		(void)pam_set_item(pamh, PAM_AUTHTOK, play->answer);
	set = pam_get_item(pamh, PAM_AUTHTOK, &token) == PAM_SUCCESS && token != NULL;
	if (pam_putenv(pamh, set ? "E2E_AUTHTOK=set" : "E2E_AUTHTOK=unset") != PAM_SUCCESS)
		return PAM_BUF_ERR;
	if (play->expect == NULL)
		return play->result;
	return play->answer != NULL && strcmp(play->answer, play->expect) == 0 ?
	    PAM_SUCCESS : PAM_AUTH_ERR;
}

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct play play = { .result = PAM_IGNORE };
	int r = PAM_SUCCESS;

	(void)flags;
	for (int i = 0; i < argc && r == PAM_SUCCESS; i++)
		r = act(pamh, &play, argv[i]);
	if (r == PAM_SUCCESS)
		r = finish(pamh, &play);
	free(play.answer);
	return r;
}

int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

static const char *
secret_item(pam_handle_t *pamh, int item)
{
	const void *text = NULL;

	return pam_get_item(pamh, item, &text) == PAM_SUCCESS && text != NULL ? text : "unset";
}

int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)argc;
	(void)argv;
	pam_syslog(pamh, LOG_INFO, "items %s: authtok=%s oldauthtok=%s",
	    flags & PAM_PRELIM_CHECK ? "preliminary" : "update",
	    secret_item(pamh, PAM_AUTHTOK), secret_item(pamh, PAM_OLDAUTHTOK));
	return PAM_IGNORE;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki-askpass: passes the prompts of ssh to the user. But a challenge of pam_jpki
 * (flow/possession/sshwire.h) is signed by the card, if it is for the user and the host that ssh itself
 * names, and with the host key that ssh itself has got. The PIN is typed here and stays on this machine.
 *
 * MUSTs: a signature is only made for a challenge for this user and server; only one challenge for each
 * ssh, so that no server can make the user use up the tries of the card; if nothing is signed, the reply is
 * an empty line.
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "config/conf.h"
#include "lib/confine.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "lib/signals.h"
#include "tools/ssh/crypto.h"
#include "tools/ssh/hostkey_note.h"
#include "tools/ssh/prompt.h"
#include "tools/ssh/question.h"
#include "tools/ssh/sign.h"
#include "tools/ssh/user_prompt.h"

#define TIMEOUT_S 30

static void
usage(FILE *f)
{
	fputs(_("Usage: jpki-askpass PROMPT\n"
	    "\n"
	    "Answers what ssh asks, as its SSH_ASKPASS. A challenge of a server with pam_jpki is\n"
	    "signed by the My Number Card in the reader of this machine; all other questions go to\n"
	    "the terminal, or to the askpass that was there before. Started by jpki-ssh; see\n"
	    "jpki-askpass(1).\n"
	    "\n"
	    "  --note-host-key FINGERPRINT KEY [COMMAND]\n"
	    "      for KnownHostsCommand of ssh: notes the host key (%f, %K), and runs another command\n"
	    "      for it\n"), f);
}

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* --- challenges --------------------------------------------------------------------- */

static int
no_signature(void)
{
	puts("");
	return EXIT_SUCCESS;
}

static int
refuse_prompt(const struct person *who, const char *why)
{
	char text[2 * MESSAGE_MAX];

	snprintf(text, sizeof text, _("jpki-ssh: login with the card stopped: %s"), why);
	user_prompt_tell(who, text);
	return no_signature();
}

/* Why this challenge must not be signed; NULL: it may be. */
static const char *
objection(enum prompt verdict)
{
	switch (verdict) {
	case PROMPT_MALFORMED:
		return _("the server's challenge has a format that this program does not know; "
		    "pam_jpki has to be updated on this computer (ask its administrator).");
	case PROMPT_NO_ORIGIN:
		return _("ssh does not report which server sent the challenge; OpenSSH 8.5 or newer "
		    "has to be installed (ask the administrator of this computer).");
	case PROMPT_OTHER_USER:
		return _("the challenge is for a user other than the one you log in as; tell the "
		    "administrator of the server.");
	case PROMPT_OTHER_HOST:
		return _("the challenge is for a server other than the one you connected to. An "
		    "attacker may be relaying it: enter no password there, and tell the "
		    "administrator of the server (who can add the name you used to remote_names in "
		    "its pam_jpki.conf).");
	case PROMPT_OTHER:
	case PROMPT_CHALLENGE:
		break;
	}
	return NULL;
}

/* The host key of this ssh for the signature, "" for none. NULL: sign nothing; *ret_why says why. */
static bool
find_host_key(const char *dir, const struct sshwire_challenge *c, char hostkey[static SSHWIRE_HOSTKEY_LEN + 1],
    const char **ret_why)
{
	if (hostkey_note_find(dir, getppid(), hostkey))
		return true;
	if (is_set("JPKI_SSH"))
		*ret_why = _("ssh did not report the host key of the server. Try again without "
		    "KnownHostsCommand and ControlMaster in the configuration of ssh; if that does "
		    "not help, tell the administrator.");
	else if (c->binding == SSHWIRE_HOSTKEY)
		*ret_why = _("the server requires its host key in the signature, which plain ssh "
		    "does not pass on; type jpki-ssh instead of ssh.");
	else
		return true;
	return false;
}

static void
to_stderr(void *ctx, int priority, const char *text)
{
	if (priority <= LOG_ERR)
		fprintf(stderr, "jpki-askpass: %s\n", text);
}

/*
 * The message if a card or a reader hangs; prepared in advance, because a signal handler must not format
 * it.
 */
static char late_text[2 * MESSAGE_MAX];

static void
on_deadline(int sig)
{
	(void)!write(STDERR_FILENO, late_text, strlen(late_text));
	_exit(EXIT_FAILURE);
}

static void
prepare_deadline(void)
{
	struct outcome late = outcome_of(OUTCOME_TIMEOUT);
	char sentence[MESSAGE_MAX];

	message_outcome(&late, sentence);
	snprintf(late_text, sizeof late_text, "%s %s\n", sentence, message_unclean());
	signals_on_alarm(on_deadline);
}

static void
describe_server(const struct ssh_prompt *p, const char *hostkey, char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, _("You are about to log in to %s as %s (service %s) with your My "
	    "Number Card. If you did not start this login, cancel it."),
	    p->host, p->user, p->challenge.service);
	if (hostkey[0] == '\0')
		snprintf(text + strlen(text), MESSAGE_MAX - strlen(text), "\n%s",
		    _("The host key of the server is not part of the signature."));
}

static int
sign(const struct person *who, const struct ssh_prompt *p, const char *hostkey)
{
	static const struct conf conf = { .timeout = TIMEOUT_S, .short_ids = 1,
		.last_try = CONF_LAST_TRY_REFUSE };
	struct log log = { .sink = to_stderr };
	struct flow_env env = { .conf = &conf, .clk = &clk_system, .log = &log };
	char description[MESSAGE_MAX], reply[SSHWIRE_REPLY_MAX], text[MESSAGE_MAX];
	struct signing s = { .env = &env, .who = who, .challenge = &p->challenge,
		.hostkey = hostkey, .description = description };
	struct pcsc *pcsc = pcsc_new(&clk_system, &log);
	struct outcome o = outcome_of(OUTCOME_NO_MEMORY);
	bool unclean = false;

	describe_server(p, hostkey, description);
	if (pcsc != NULL) {
		env.transport = pcsc_transport(pcsc);
		prepare_deadline();
		o = sign_challenge(&s, reply, &unclean);
	}
	pcsc_free(pcsc);
	if (unclean)
		user_prompt_tell(who, message_unclean());
	if (outcome_ok(&o)) {
		puts(reply);
		return EXIT_SUCCESS;
	}
	message_outcome(&o, text);
	return o.status == OUTCOME_CANCELLED ? no_signature() : refuse_prompt(who, text);
}

static int
challenge(const struct person *who, enum prompt verdict, const struct ssh_prompt *p)
{
	char hostkey[SSHWIRE_HOSTKEY_LEN + 1], dir[PATH_MAX];
	const char *why = objection(verdict);

	if (why != NULL)
		return refuse_prompt(who, why);
	if (!hostkey_note_directory(dir))
		return refuse_prompt(who, strerror(errno));
	if (!find_host_key(dir, &p->challenge, hostkey, &why))
		return refuse_prompt(who, why);
	/* ssh asks again on its own after a failure, but the user has already decided. */
	if (!hostkey_note_first_challenge(dir, getppid()))
		return no_signature();
	return sign(who, p, hostkey);
}

/* --- both ------------------------------------------------------------------------------ */

/*
 * ssh passes the fingerprint of the plain key, even if it is in a certificate; but with FingerprintHash it
 * may use another hash. Then compute it from the key.
 */
static bool
fingerprint_of(const char *fingerprint, const char *key, char hostkey[static SSHWIRE_HOSTKEY_LEN + 1])
{
	static const char kind[] = "SHA256:";

	if (strncmp(fingerprint, kind, sizeof kind - 1) != 0 ||
	    strlen(fingerprint) != sizeof kind - 1 + SSHWIRE_HOSTKEY_LEN)
		return crypto_hostkey(key, hostkey);
	memcpy(hostkey, fingerprint + sizeof kind - 1, SSHWIRE_HOSTKEY_LEN + 1);
	return true;
}

static void
note_key(const char *fingerprint, const char *key)
{
	char dir[PATH_MAX], hostkey[SSHWIRE_HOSTKEY_LEN + 1];

	/* ssh also runs this to order the host key algorithms, and has no key then ("NONE"). */
	if (strcmp(key, "NONE") != 0 && fingerprint_of(fingerprint, key, hostkey) && hostkey_note_directory(dir) &&
	    !hostkey_note_write(dir, getppid(), hostkey))
		fprintf(stderr, "jpki-askpass: %s: %s\n", dir, strerror(errno));
}

/*
 * Runs the KnownHostsCommand of the user or the site, which prints known keys. As with ssh, its path must
 * be absolute.
 */
static int
run_known_hosts_command(char **argv)
{
	if (argv[0] == NULL)
		return EXIT_SUCCESS;
	if (argv[0][0] == '/')
		(void)execv(argv[0], argv);
	else
		errno = EINVAL;
	fprintf(stderr, "jpki-askpass: KnownHostsCommand %s: %s\n", argv[0], strerror(errno));
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct ssh_prompt prompt;
	enum prompt verdict;
	struct person who;

	(void)!confine_memory();	/* this process handles a PIN */
	(void)setlocale(LC_ALL, "");
	i18n_bind();
	if (argc >= 4 && strcmp(argv[1], "--note-host-key") == 0) {
		note_key(argv[2], argv[3]);
		return run_known_hosts_command(argv + 4);
	}
	if (argc != 2) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("jpki-askpass (%s)\n", PACKAGE_STRING);
		return EXIT_SUCCESS;
	}
	who = user_prompt_possible();
	verdict = prompt_read(argv[1], &prompt);
	return verdict == PROMPT_OTHER ? question_ask(argv[1], &who) : challenge(&who, verdict, &prompt);
}

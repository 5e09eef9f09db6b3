/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl: the administrator's tool. One table of subcommands gives dispatch and help. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "lib/confine.h"
#include "lib/i18n.h"
#include "tools/common/caged.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"
#include "tools/setup/setup.h"

static const struct command commands[] = {
	{ "trust", N_("add FILE... | from-card [OPTION...] | list | remove FINGERPRINT"),
	  N_("manage trusted certificate authorities"),
	  N_("  add FILE...         add the CA certificates in FILE (PEM or DER) to the database\n"
	  "  from-card           add the CA certificate that the card in the reader carries\n"
	  "  list                list the trusted CA certificates\n"
	  "  remove FINGERPRINT  remove the one whose SHA-256 fingerprint begins with this\n"
	  "                      (8 hex digits or more)\n"
	  "\nOptions of from-card:\n"
	  "  -r, --reader NAME             use the reader whose name begins with NAME\n"
	  "  -a, --accept-fingerprint HEX  the SHA-256 fingerprint as J-LIS publishes it: required\n"
	  "                                if jpkictl does not know that publication\n"
	  "  -y, --yes                     agree: to an authority of which independent copies are\n"
	  "                                known; for others, to fetch and compare what J-LIS\n"
	  "                                publishes\n"
	  "\nCompare the fingerprint with the one that J-LIS publishes before you add a file.\n"
	  "\nExit status: 3 if from-card does not know the authority well enough, or you said no.\n"),
	  .needs_card = true, .run = cmd_trust },
	{ "crl", N_("[--json] import FILE|URL... | update | list | verify | show NAME|FILE | check CERT"),
	  N_("manage certificate revocation lists (CRLs)"),
	  N_("  import FILE|URL...  verify and install CRLs (PEM or DER; http, https, ldap, file);\n"
	  "                      an invalid list, or one older than the installed\n"
	  "                      one, is rejected\n"
	  "  update              the same for every URL in the file of crl_sources; a list\n"
	  "                      that has not changed is not downloaded again\n"
	  "  list                list what is installed\n"
	  "  verify              check all signatures and indexes again\n"
	  "  show NAME|FILE      show the details of one list\n"
	  "  check CERT          check whether the certificates in a file are revoked\n\n"
	  "  -j, --json          print JSON\n\n"
	  "Exit status: 3 if import or update failed for some but not all lists, or check found a\n"
	  "revoked certificate.\n"),
	  .run = cmd_crl },
	{ "enroll", N_("[--add] [--ldif [--replace]] [--reader NAME | --from-file CERT] USER | --self [--reader NAME]"),
	  N_("register a card for a user"),
	  N_("Reads the user-authentication certificate from the card in the reader, checks it\n"
	  "as a login does, asks for the PIN once and lets the card prove its key. Only\n"
	  "then is the certificate registered; an earlier registration stays until then.\n\n"
	  "  -a, --add             keep the earlier registration as well\n"
	  "  -r, --reader NAME     use the reader whose name begins with NAME\n"
	  "  -f, --from-file CERT  register a certificate from a file (PEM or DER), without\n"
	  "                        card and PIN: for administrators who know its owner\n"
	  "  -L, --ldif            change nothing here, but print what ldapmodify(1) is to change\n"
	  "                        in the organization's directory, below fleet_base; for the first\n"
	  "                        card of a user, or with --add or --replace\n"
	  "  -R, --replace         with --ldif: in place of the earlier certificates\n"
	  "  -s, --self            your own card for your own account, without root: asks for\n"
	  "                        your password (polkit). Where self_enroll allows it, and\n"
	  "                        no card of yours is registered that is still in order\n"),
	  .needs_card = true, .run = cmd_enroll },
	{ "list", N_("[--json] [--warn-days N]"), N_("list registered certificates and their expiry dates"),
	  N_("Lists every registered certificate, the most urgent first: user, last day of\n"
	  "validity (in Japan), days left, first digits of the fingerprint, and whether it\n"
	  "could log in now.\n\n"
	  "  -j, --json         print JSON\n"
	  "  -w, --warn-days N  exit status 3 if one has fewer than N days left, or could not\n"
	  "                     log in\n"),
	  .run = cmd_list },
	{ "revoke", N_("[--ldif] USER"), N_("end a user's card logins"),
	  N_("Removes the registration of a user's card. It takes effect at once. A lost card\n"
	  "must be reported to the municipality as well.\n\n"
	  "  -L, --ldif  print the change for the organization's directory instead\n"),
	  .run = cmd_revoke },
	{ "index", "", N_("make the index of all registrations again"),
	  N_("Reads every registration and writes the index by which a card's users are found.\n"
	  "enroll and revoke keep it up to date; registrations that were added in another way\n"
	  "(by Ansible, an editor) are found without it too, but slowly: run this then.\n"),
	  .needs_root = true, .run = cmd_index },
	{ "block", N_("[--ldif [--replace]] [--issuer FINGERPRINT] CERT|SERIAL | --list"),
	  N_("block logins with a certificate"),
	  N_("Adds certificates to this computer's own block list, which logins check beside the\n"
	  "CRLs: for a lost card, at once. CERT is a file (PEM or DER) or a SHA-256 fingerprint\n"
	  "of 64 hex digits; SERIAL is a serial number of up to 40 hex digits. A word of hex\n"
	  "digits only is never taken as a file name: write ./NAME.\n\n"
	  "  -i, --issuer FINGERPRINT  the authority that issued it (first digits of its fingerprint\n"
	  "                            in jpkictl trust list, at least 8); without this, the number\n"
	  "                            is blocked for every trusted authority\n"
	  "  -l, --list                list what is blocked\n"
	  "  -L, --ldif                change nothing here, but print what ldapmodify(1) is to change\n"
	  "                            in the organization's directory, for all of its machines\n"
	  "  -R, --replace             with --ldif: the directory has an entry, whose block has ended\n"),
	  .run = cmd_block },
	{ "unblock", N_("[--ldif] [--issuer FINGERPRINT] CERT|SERIAL"), N_("remove a certificate from the block list"),
	  N_("Takes the same arguments as block.\n"),
	  .run = cmd_unblock },
	{ "fleet", N_("run | status [--json | --textfile FILE] | accept | import [--accept] FILE | export --json | revoke-from-crl FILE"), N_("cards that an organization registers and blocks"),
	  N_("  run     stay connected to the directory (fleet_uri) and keep this machine's copy\n"
	  "          (fleet_dir) up to date, until a signal ends it; for systemd: jpki-fleet.service\n"
	  "  status  how old the copy is, which server it comes from, and whether something waits\n"
	  "          for you\n"
	  "  accept  remove the registrations that run holds back; after you have checked them\n"
	  "  import  bring this machine's copy (fleet_dir) up to what FILE has, all entries of the\n"
	  "          organization's directory as LDIF, or - for standard input; blocks are taken\n"
	  "          at once, and what has gone is taken away only if the file proves that it is whole\n"
	  "  export  print what the copy has: users, fingerprints, end of validity, blocks\n"
	  "  revoke-from-crl  print, as LDIF for ldapmodify(1), the blocks that follow from the CRLs of\n"
	  "          this machine, and end those of cards that are no longer suspended; FILE has the\n"
	  "          directory's blocks as ldapsearch(1) prints them, or - for standard input\n\n"
	  "  -a, --accept         remove what is missing; after you have checked it\n"
	  "  -j, --json           print JSON\n"
	  "  -t, --textfile FILE  replace FILE by the status, for Prometheus' node exporter\n\n"
	  "Exit status: 0 done, 1 failed, 3 the copy is old, or something was held back or refused;\n"
	  "of revoke-from-crl also if it is not known of some certificates whether they are revoked.\n"),
	  .run = cmd_fleet },
	{ "pin", N_("change [--signature] [--reader NAME] | status [--reader NAME]"),
	  N_("change a PIN of a card, or see its tries"),
	  N_("  change  change the four-digit PIN of the user-authentication certificate: asks for\n"
	  "          the old one once and for the new one twice, before it sends anything to the card\n"
	  "  status  show the tries left of both PINs (uses none), and the remedy if one is locked\n\n"
	  "  -s, --signature    change the signature PIN (6 to 16 capital letters and digits)\n"
	  "  -r, --reader NAME  use the reader whose name begins with NAME\n"),
	  .needs_card = true, .caged = true, .run = cmd_pin },
	{ "unlock", N_("set USER | status [USER] | remove USER"),
	  N_("let the card unlock the password, for the keyring"),
	  N_("A login by card gives no password, and a keyring, a home directory or a volume that is\n"
	  "encrypted with it asks for one. With unlock = yes the card unlocks a stored one.\n\n"
	  "  set USER       asks for the password and, once, for the PIN; stores the password in a\n"
	  "                 file of root's, so encrypted that this card alone can open it\n"
	  "  status [USER]  whose password is stored, since when, and whether it is in order\n"
	  "  remove USER    remove the file\n\n"
	  "Do set again when the password was changed or the card renewed. doc/unlock.md says what\n"
	  "this protects from, and what not.\n\n"
	  "Exit status: 3 if status finds one that is not in order.\n"),
	  .needs_root = true, .needs_card = true, .run = cmd_unlock },
	{ "status", N_("[--reader NAME]"), N_("show readers, cards, tries left and dates"),
	  N_("Shows for every reader its card: kind of card, tries left of both PINs\n"
	  "(uses none), validity of the certificate, the card's own expiry date, and for\n"
	  "which user it is registered.\n\n"
	  "  -r, --reader NAME  only the reader whose name begins with NAME\n"),
	  .needs_card = true, .caged = true, .run = cmd_status },
	{ "survey", N_("[--json] [--reader NAME]"), N_("collect facts about a real card, for the project"),
	  N_("Queries the card on the reader for facts that only a real card has, and prints a text\n"
	  "to send to the project: doc/real-cards.md says where, and what each line is for. No\n"
	  "PIN is sent, no try is used, and nothing that identifies you or your card is printed.\n"
	  "The card is powered down and up once.\n\n"
	  "  -j, --json         print JSON\n"
	  "  -r, --reader NAME  use the reader whose name begins with NAME\n"),
	  .needs_card = true, .run = cmd_survey },
	{ "ssh-keys", N_("USER"), N_("print a user's keys for sshd"),
	  N_("Prints the public keys of a user's registered certificates that are valid now,\n"
	  "in the format of authorized_keys. For AuthorizedKeysCommand in sshd_config(5).\n"),
	  .run = cmd_ssh_keys },
	{ "setup", N_("[OPTION...] | --confirm | --undo | --recover"), N_("set up card logins, step by step"),
	  N_("Goes through programs, reader, card, authority, revocation list, registration, more\n"
	  "comfort and PAM services; each step is shown before it is done. What is done already is\n"
	  "left out, so it can be stopped and started again. The password always stays a second way in.\n\n"
	  "  -y, --yes                     answer yes to what is recommended, for unattended installation\n"
	  "      --user NAME               whose card it is (else the caller of sudo or pkexec)\n"
	  "      --reader NAME             the reader whose name begins with NAME\n"
	  "      --no-enroll               no card is registered now\n"
	  "      --trust FILE              trust the CA certificates in FILE\n"
	  "      --accept-fingerprint HEX  trust the CA certificate on the card, if it has this SHA-256\n"
	  "                                fingerprint\n"
	  "      --crl-source URL          fetch the CRL from this URL\n"
	  "      --no-crl                  log in without a CRL (crl = if-present)\n"
	  "      --comfort LIST            what to add, with commas; or none: lock (lock the screen\n"
	  "                                when the card is taken off the reader), name (the card\n"
	  "                                names the user), self (users register their own card),\n"
	  "                                unlock (the card opens the keyring)\n"
	  "      --services LIST           PAM services, separated by commas; or none\n"
	  "      --rollback MINUTES        restore the PAM files unless confirmed in time (5; 0: never)\n"
	  "      --confirm                 keep the changes\n"
	  "      --undo                    restore the PAM files as they were before\n"
	  "      --recover                 restore them if the process that would do so has ended; the\n"
	  "                                system does that at boot\n"),
	  .needs_root = true, .reads_conf = true, .run = cmd_setup },
	{ "doctor", N_("[--json] [--reader NAME]"), N_("find out why logins fail"),
	  N_("Examines pcscd, readers, their cards, authorities, revocation lists, the\n"
	  "configuration, enrollments, the PAM stacks and the clock. Each finding has a\n"
	  "number and, for problems, a remedy. No PIN try is ever used.\n\n"
	  "  -j, --json         print JSON\n"
	  "  -r, --reader NAME  only the reader whose name begins with NAME\n\n"
	  "Exit status: 0 no problems, 1 errors, 3 only warnings.\n"),
	  .reads_conf = true, .run = cmd_doctor },
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void
print_call(FILE *f, const struct command *c)
{
	fputs(c->name, f);
	if (c->arguments[0] != '\0')	/* gettext("") would return the catalogue's header */
		fprintf(f, " %s", _(c->arguments));
}

static void
usage(FILE *f)
{
	fprintf(f, "%s", _("Usage: jpkictl [--config FILE] COMMAND ...\n"
	    "Manage logins with the My Number Card.\n\nCommands:\n"));
	for (size_t i = 0; i < COMMANDS; i++) {
		fputs("  ", f);
		print_call(f, &commands[i]);
		fprintf(f, "\n      %s\n", _(commands[i].summary));
	}
	fprintf(f, "%s", _("\nCommands that change who can log in, or which authorities are trusted, need root.\n"));
	fprintf(f, _("\nOptions:\n"
	    "  -c, --config FILE  another configuration file than %s\n"
	    "  -h, --help         this text; after a command, help on it\n"
	    "  -V, --version      version\n"
	    "\nExit status: 0 done, 1 failed, 2 wrong usage. See jpkictl(8).\n"), CONF_FILE);
}

static void
command_help(const struct command *c)
{
	printf(_("Usage: %s"), "jpkictl ");
	print_call(stdout, c);
	printf("\njpkictl %s: %s\n\n%s", c->name, _(c->summary), _(c->details));
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static bool
is_kept(const char *variable)
{
	static const char *const kept[] = { "LANG=", "LANGUAGE=", "LC_", "PATH=", "TERM=",
	    "SUDO_UID=", "PKEXEC_UID=",	/* say who it was, decide nothing */
	    "NOTIFY_SOCKET=",	/* of systemd, which waits for a word of fleet run */
	    "http_proxy=", "https_proxy=", "HTTPS_PROXY=", "all_proxy=", "ALL_PROXY=", "no_proxy=",
	    "NO_PROXY=" };	/* libcurl does not take HTTP_PROXY, which is a header in CGI */

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strncmp(variable, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

/* Libraries read more variables (PCSCLITE_, NSS_, SSL…) than we know of. */
static void
clean_environment(void)
{
	char **to = environ;

	for (char **from = environ; from != NULL && *from != NULL; from++)
		if (is_kept(*from))
			*to++ = *from;
	if (to != NULL)
		*to = NULL;
}

/* This process handles a PIN, and must not send it to a pcscd that the caller chose. */
static void
harden(void)
{
	(void)!confine_memory();
	(void)umask(022);
	clean_environment();
}

struct words {
	const struct command *c;
	int argc;
	char **argv;
};

static int
run_words(struct tool *t, void *ctx, void *result)
{
	const struct words *w = ctx;

	return w->c->run(t, w->argc, w->argv);
}

static int
run_caged(const struct command *c, struct tool *t, int argc, char **argv)
{
	struct words words = { c, argc, argv };
	struct caged caged = { .work = run_words, .ctx = &words };

	return caged_run(t, &caged);
}

static int
run_command(const struct command *c, struct tool *t, int argc, char **argv)
{
	struct pcsc *pcsc = NULL;
	int result;

	if (c->needs_root && !tool_is_root(t))
		return TOOL_FAILED;
	if (c->needs_card) {
		pcsc = pcsc_new(&clk_system, &t->log);
		if (pcsc == NULL) {
			tool_complain(t, "%s", strerror(errno));
			return TOOL_FAILED;
		}
		t->env.transport = pcsc_transport(pcsc);
		t->pcsc = pcsc;
		deadline_watch(pcsc);
	}
	result = c->caged ? run_caged(c, t, argc, argv) : c->run(t, argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		tool_complain(t, _("standard output: %s"), strerror(errno));
		result = TOOL_FAILED;
	}
	if (pcsc != NULL) {
		deadline_arm(t, false);	/* closing also talks to pcscd */
		pcsc_free(pcsc);
		deadline_off();
	}
	return result;
}

static int
dispatch(const char *conf_file, int argc, char **argv)
{
	const struct command *c = find_command(argv[0]);
	static struct tool t;
	struct outcome o;

	if (c == NULL) {
		fprintf(stderr, _("jpkictl: unknown command '%s'\nTry 'jpkictl --help'.\n"), argv[0]);
		return TOOL_USAGE;
	}
	if (asks_for_help(argc, argv)) {
		command_help(c);
		return TOOL_OK;
	}
	t.command = c->name;
	t.log = (struct log){ .sink = tool_log_line, .ctx = &t };
	t.env = (struct flow_env){ .conf = &t.conf, .clk = &clk_system, .log = &t.log,
	    .uid_of = tool_uid_of };
	t.conf_file = conf_file;
	conf_init(&t.conf);
	o = outcome_of(OUTCOME_OK);
	if (!c->reads_conf)
		o = conf_read(conf_file, 0, &t.log, &t.conf);
	if (outcome_ok(&o) && conf_language(&t.conf) != NULL &&
	    !i18n_use_language(conf_language(&t.conf)))
		tool_complain(&t, "no installed locale supports Japanese; install ja_JP.UTF-8");
	if (c->run != cmd_setup)	/* setup asks for confirmation, or creates the file itself */
		backup_take_up(&t);
	if (!outcome_ok(&o))
		return tool_finish(&t, &o);
	return run_command(c, &t, argc, argv);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conf_file = CONF_FILE;
	int c, at;

	harden();
	(void)setlocale(LC_ALL, "");
	i18n_bind();
	opterr = 0;
	/* "+": what follows the command is the command's. */
	while (at = optind, (c = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			conf_file = optarg;
			break;
		case 'h':
			usage(stdout);
			return TOOL_OK;
		case 'V':
			printf("jpkictl (%s)\n", PACKAGE_STRING);
			return TOOL_OK;
		default:
			fprintf(stderr, _("jpkictl: unknown option '%s'\nTry 'jpkictl --help'.\n"), argv[at]);
			return TOOL_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		usage(stderr);
		return TOOL_USAGE;
	}
	optind = 0;	/* the command parses from the start, */
	opterr = 1;	/* and lets getopt report errors */
	return dispatch(conf_file, argc, argv);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands of jpkictl share. */
#ifndef JPKI_TOOLS_COMMON_TOOL_H
#define JPKI_TOOLS_COMMON_TOOL_H

#include "config/conf.h"
#include "flow/possession/env.h"
#include "lib/account.h"
#include "lib/buf.h"
#include "lib/guesses.h"

/* Exit codes, as in jpkictl(8). */
enum {
	TOOL_OK = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_PARTLY = 3,	/* crl import, crl update: some failed */
	TOOL_REVOKED = 3,	/* crl check */
	TOOL_UNPROVEN = 3,	/* trust from-card: the authority is not known well enough, or was not agreed to */
	TOOL_WARNINGS = 3,	/* list --warn-days, doctor: warnings, but no errors */
};

struct pcsc;

struct tool {
	struct conf conf;
	struct log log;
	struct flow_env env;
	struct pcsc *pcsc;	/* behind env.transport; NULL for a command without a card */
	const char *command;	/* "enroll", for messages */
	const char *conf_file;	/* from which conf was read */
};

struct command {
	const char *name;
	const char *arguments;	/* as in the usage line; this and the next two untranslated */
	const char *summary;	/* one line, a sentence's middle */
	const char *details;	/* the rest of --help */
	bool needs_root;
	bool needs_card;	/* wants env.transport */
	bool reads_conf;	/* itself; the others find it in conf */
	int (*run)(struct tool *t, int argc, char **argv);	/* argv[0] is the name */
	bool caged;		/* all of it runs in a child of its own (tools/common/caged.h): it writes nothing */
};

int cmd_block(struct tool *t, int argc, char **argv);
int cmd_unblock(struct tool *t, int argc, char **argv);
int cmd_crl(struct tool *t, int argc, char **argv);
int cmd_doctor(struct tool *t, int argc, char **argv);
int cmd_trust(struct tool *t, int argc, char **argv);
int cmd_enroll(struct tool *t, int argc, char **argv);
int cmd_fleet(struct tool *t, int argc, char **argv);
int cmd_pin(struct tool *t, int argc, char **argv);
int cmd_index(struct tool *t, int argc, char **argv);
int cmd_list(struct tool *t, int argc, char **argv);
int cmd_revoke(struct tool *t, int argc, char **argv);
int cmd_setup(struct tool *t, int argc, char **argv);
int cmd_ssh_keys(struct tool *t, int argc, char **argv);
int cmd_status(struct tool *t, int argc, char **argv);
int cmd_unlock(struct tool *t, int argc, char **argv);
int cmd_survey(struct tool *t, int argc, char **argv);

/* "jpkictl enroll: ..." to standard error. */
void tool_complain(const struct tool *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The outcome with its code, to standard error; TOOL_OK or TOOL_FAILED. */
int tool_finish(const struct tool *t, const struct outcome *o);

/* The same for a search of a card; the reader's name, if any, is in what is said of a card that is busy. */
int tool_finish_search(const struct tool *t, const struct outcome *o, const char *reader);

/* "try 'jpkictl enroll --help'"; TOOL_USAGE. */
int tool_usage(const struct tool *t);

/* Whether root has called; else false after a complaint. */
bool tool_is_root(const struct tool *t) MUST_CHECK;

/* The user id of the caller of sudo or pkexec, as these say: a proposal, no proof. TOOL_NO_UID: called by neither. */
#define TOOL_NO_UID ((uid_t)-1)
uid_t tool_sudo_uid(void);

/* That of the login session, as the kernel says; else as tool_sudo_uid(). */
uid_t tool_login_uid(void);

/* The account that a name on the command line means; false after a complaint. */
bool tool_find_account(const struct tool *t, const char *name, struct account *ret) MUST_CHECK;

/* The uid of an account, for struct flow_env. */
bool tool_uid_of(void *ctx, const char *user, uid_t *ret_uid);

/* Accounts by their names on this system, for lists. */
extern const struct guesses_names tool_names;

/*
 * Who is doing this, for the record: the user id, and that of the login session (the
 * kernel's, or else what sudo says), as "root (uid 0), logged in as hanako (uid 2001)".
 * The names have no other characters than letters, digits and "._-".
 */
#define TOOL_ACTOR_MAX 256
void tool_actor(char text[static TOOL_ACTOR_MAX]);

/*
 * What was done, for the record, to syslog (authpriv): "JPKI-ADMIN action=revoke KEY=VALUE
 * uid=0 login=1000"; jpkictl(8) lists the fields.
 */
void tool_audit(const char *action, const char *key, const char *value);

/*
 * A cell of a table on standard output, filled up to so many columns of the terminal
 * (a kanji has two), and a blank.
 */
void tool_cell(const char *text, int width);
void tool_cell_right(const char *text, int width);

/* A row of a description: two blanks, a name filled up to so many columns, the value. */
void tool_row(const char *name, int width, const char *value);

/*
 * An empty file on disk that has no name, for reading and writing, O_CLOEXEC; the caller's.
 * -1 after a complaint.
 */
int tool_temporary_file(const struct tool *t) MUST_CHECK;

#define TOOL_FILE_MAX ((size_t)1 << 20)

/*
 * Reads a regular file named by the administrator, of TOOL_FILE_MAX bytes at most, into
 * new memory. False after a complaint: nothing more needs to be said.
 */
bool tool_read_file(const struct tool *t, const char *path, uint8_t **ret_bytes,
    size_t *ret_len) MUST_CHECK;

#endif

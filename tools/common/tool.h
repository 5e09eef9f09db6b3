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
	struct pcsc *pcsc;	/* of env.transport; NULL for a command without a card */
	const char *command;	/* "enroll", for messages */
	const char *conf_file;	/* the file conf was read from */
};

struct command {
	const char *name;
	const char *arguments;	/* as in the usage line; this and the next two untranslated */
	const char *summary;	/* one line, lower case, no full stop */
	const char *details;	/* further text of --help */
	bool needs_root;
	bool needs_card;	/* needs env.transport */
	bool reads_conf;	/* reads it itself; for the others conf is already read */
	int (*run)(struct tool *t, int argc, char **argv);	/* argv[0] is the name */
	bool caged;		/* it runs in a confined child (tools/common/caged.h) and writes nothing */
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

/* For a log's sink, ctx is the tool: a line as tool_complain(); one for debugging only if debug = yes. */
void tool_log_line(void *ctx, int priority, const char *text);

/* The outcome with its code, to standard error; TOOL_OK or TOOL_FAILED. */
int tool_finish(const struct tool *t, const struct outcome *o);

/* The same for a search for a card; the message for a busy card includes the reader's name, if any. */
int tool_finish_search(const struct tool *t, const struct outcome *o, const char *reader);

/* "try 'jpkictl enroll --help'"; TOOL_USAGE. */
int tool_usage(const struct tool *t);

/* Whether the caller is root; otherwise false, reported. */
bool tool_is_root(const struct tool *t) MUST_CHECK;

/* The user id of the caller of sudo or pkexec, as these say: a proposal, no proof. TOOL_NO_UID: called by neither. */
#define TOOL_NO_UID ((uid_t)-1)
uid_t tool_sudo_uid(void);

/* That of the login session, as the kernel says; else as tool_sudo_uid(). */
uid_t tool_login_uid(void);

/* The account for a name on the command line; false, reported. */
bool tool_find_account(const struct tool *t, const char *name, struct account *ret) MUST_CHECK;

/* The uid of an account, for struct flow_env. */
bool tool_uid_of(void *ctx, const char *user, uid_t *ret_uid);

/* The names of accounts on this system, for lists. */
extern const struct guesses_names tool_names;

/*
 * The acting user, for the log: the user id, and that of the login session
 * (from the kernel, or else from sudo), as "root (uid 0), logged in as hanako
 * (uid 2001)". The names contain only letters, digits and "._-".
 */
#define TOOL_ACTOR_MAX 256
void tool_actor(char text[static TOOL_ACTOR_MAX]);

/*
 * Logs an action to syslog (authpriv): "JPKI-ADMIN action=revoke KEY=VALUE
 * uid=0 login=1000"; jpkictl(8) lists the fields.
 */
void tool_audit(const char *action, const char *key, const char *value);

/*
 * A cell of a table on standard output, padded to that many columns of the terminal (a kanji has two), and
 * a blank.
 */
void tool_cell(const char *text, int width);
void tool_cell_right(const char *text, int width);

/* A row of a description: two blanks, a name padded to that many columns, the value. */
void tool_row(const char *name, int width, const char *value);

/*
 * An empty file on disk without a name, for reading and writing, O_CLOEXEC; the caller's. -1, reported.
 */
int tool_temporary_file(const struct tool *t) MUST_CHECK;

#define TOOL_FILE_MAX ((size_t)1 << 20)

/*
 * Reads a regular file named by the administrator, of at most TOOL_FILE_MAX bytes, into new memory. False,
 * reported.
 */
bool tool_read_file(const struct tool *t, const char *path, uint8_t **ret_bytes,
    size_t *ret_len) MUST_CHECK;

#endif

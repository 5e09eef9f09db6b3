/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the PAM stacks of a machine as libpam does, and works out what they do: for jpkictl doctor and for
 * the dry run of jpkictl setup.
 *
 * Facts: Linux-PAM 1.5.2 and 1.7.0 (libpam/pam_handlers.c, pam_misc.c, pam_dispatch.c;
 * libpam_internal/pam_line.c) with Debian's patches 031_pam_include and
 * 045_pam_dispatch_jump_is_ignore;
 * tests/unit/tools/pamstack/test_libpam compares this with the libpam of the machine.
 *
 * Differences: /etc/pam.conf is not read (libpam reads it only if there is no /etc/pam.d).
 * Includes more than 16 deep are refused, as by libpam 1.6 (1.5 stops when it runs out of
 * descriptors). An "@include" that fails within a typed "include" becomes a line that
 * refuses (1.5.2 uses actions from uninitialised memory).
 */
#ifndef JPKI_TOOLS_PAMSTACK_PAMSTACK_H
#define JPKI_TOOLS_PAMSTACK_PAMSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/outcome.h"

/* ---- input ---- */

/* Which libpam: whether it knows "@include", and where it searches an include without a path. */
enum pamstack_flavour {
	PAMSTACK_UPSTREAM,	/* no "@include"; an include is searched like a service */
	PAMSTACK_DEBIAN		/* "@include"; an include is searched in dirs[0] only */
};

/* How libpam joins continued lines. */
enum pamstack_lines {
	PAMSTACK_LINES_1_5,	/* over empty lines and comments; at most 1,023 characters */
	PAMSTACK_LINES_1_6	/* until an empty line or a comment; of any length */
};

/* A file as it would be after the change. */
struct pamstack_file {
	const char *name;	/* in dirs[0], in lower case */
	const char *text;	/* NULL: the file does not exist */
};

struct pamstack_source {
	const char *const *dirs;	/* of services, NULL at the end; the first wins */
	/*
	 * Directories of modules, as patterns of glob(7), NULL at the end; if it is NULL itself, no module
	 * is missing.
	 */
	const char *const *module_dirs;
	const struct pamstack_file *replaced;
	size_t replaced_count;
	enum pamstack_flavour flavour;
	enum pamstack_lines lines;
};

/*
 * The directories of this machine's libpam: /etc/pam.d, /usr/lib/pam.d; modules beside
 * ours and in the directories of the distributions. Lines are joined as in the libpam
 * that this was built with. Nothing is replaced.
 */
struct pamstack_source pamstack_machine(void);

/* ---- result ---- */

enum pamstack_type {
	PAMSTACK_AUTH,
	PAMSTACK_ACCOUNT,
	PAMSTACK_PASSWORD,
	PAMSTACK_SESSION,
	PAMSTACK_TYPES		/* not a type */
};

/* Actions with libpam's numbers; a positive number is a jump. */
enum {
	PAMSTACK_IGNORE = 0,
	PAMSTACK_OK = -1,
	PAMSTACK_DONE = -2,
	PAMSTACK_BAD = -3,
	PAMSTACK_DIE = -4,
	PAMSTACK_RESET = -5
};

#define PAMSTACK_CODES 32	/* PAM return codes: 0 ... 31 */
#define PAMSTACK_LEVELS 16	/* of substacks, and of includes */

enum pamstack_kind {
	PAMSTACK_MODULE,
	PAMSTACK_FAULTY,	/* libpam calls no module and uses PAM_PERM_DENIED as the answer */
	PAMSTACK_SUBSTACK	/* the head of a substack: no module, its lines follow one level up */
};

enum pamstack_fault {
	PAMSTACK_SOUND,
	PAMSTACK_NO_TYPE,	/* not auth, account, password, session */
	PAMSTACK_NO_CONTROL,
	PAMSTACK_NO_MODULE,
	PAMSTACK_NO_INCLUDE,	/* the included file is missing, unreadable or too deep */
	PAMSTACK_BAD_CONTROL,	/* still a module, but every answer refuses */
	PAMSTACK_UNREADABLE,	/* of a whole file: ends in a continued line, too long a line */
	PAMSTACK_NAMELESS,	/* of a whole file: a module or substack without a name in its path */
	PAMSTACK_CRASH		/* of a whole file: "include" without a file name ends Debian's libpam */
};

struct pamstack_line {
	enum pamstack_type type;
	enum pamstack_kind kind;
	enum pamstack_fault fault;
	bool quiet;		/* "-type": nothing is logged if the module is missing */
	bool missing;		/* the module file is not there: PAM_MODULE_UNKNOWN */
	unsigned int level;	/* of substacks, 0 ... 15 */
	int action[PAMSTACK_CODES];
	char *control;		/* as written, "" if there is none */
	char *path;		/* as written; NULL: none */
	char *module;		/* "pam_unix"; of a SUBSTACK the name of its file */
	char **args;		/* argc of them, then NULL */
	size_t argc;
	char *file;		/* the place of the line, */
	unsigned int lineno;	/* counted from 1 */
};

struct pamstack_list {
	struct pamstack_line *lines;
	size_t count;
};

struct pamstack {
	char *service;			/* in lower case, without a directory */
	char *file;			/* NULL: none of its own */
	bool broken;			/* libpam gives up: pam_start(3) returns PAM_ABORT */
	/*
	 * The first file that could not be read to its end: why, and where. If not broken, it was an
	 * included one. Broken and SOUND: neither the service nor "other" exists.
	 */
	enum pamstack_fault fault;
	char *fault_file;
	unsigned int fault_line;
	struct pamstack_list own[PAMSTACK_TYPES];
	struct pamstack_list other[PAMSTACK_TYPES];	/* of the service "other" */
};

/*
 * Reads the stacks of a service. A faulty or missing file is not an error: libpam handles it, and the
 * result contains it.
 *
 * Returns false if there is not enough memory; *ret is then empty. Otherwise the caller releases *ret with
 * pamstack_done().
 */
bool pamstack_load(const struct pamstack_source *source, const char *service,
    struct pamstack *ret) MUST_CHECK;
void pamstack_done(struct pamstack *stack);	/* also of an empty one; empties it */

/*
 * The lines libpam walks for a type: the service's own or, if it has none of this
 * type, those of "other". An empty list (count 0) means PAM_PERM_DENIED. Owned by the stack.
 */
const struct pamstack_list *pamstack_list(const struct pamstack *stack, enum pamstack_type type);

/*
 * Every service of the machine: the names in dirs and in replaced, sorted, each once,
 * NULL at the end. Names with a dot or a tilde (left by editors and dpkg) are left
 * out. NULL, with errno: a directory cannot be read to its end, or there is not enough
 * memory. Free with pamstack_services_free.
 */
char **pamstack_services(const struct pamstack_source *source) MUST_CHECK;
void pamstack_services_free(char **services);

/* "auth", "account", "password", "session". */
const char *pamstack_type_name(enum pamstack_type type);

/*
 * The PAM code a control names ("user_unknown"), or -1; and back, "?" for no code. For files that must not
 * include a PAM header (tests/check/layering).
 */
int pamstack_code(const char *name);
const char *pamstack_code_name(int code);

/* Whether a line has an argument, literally ("forward_pass=yes"). */
bool pamstack_has_arg(const struct pamstack_line *line, const char *arg);

/* ---- simulation (model.c) ---- */

/* Returns the answer of a line's module; called in libpam's order, for installed modules. */
typedef int pamstack_answer(const struct pamstack_line *line, void *ctx);

/* The return value of libpam for a list; PAM_INCOMPLETE of a module at once. */
int pamstack_run(const struct pamstack_list *list, pamstack_answer *answer, void *ctx);

/* A set of PAM codes, a bit for each. PAM_INCOMPLETE is never in it. */
#define PAMSTACK_BIT(code) (UINT32_C(1) << (code))
typedef uint32_t pamstack_answers(const struct pamstack_line *line, const void *ctx);

struct pamstack_prospect {
	bool may_succeed;
	bool may_fail;
};

/*
 * Follows every way through a list in which each module answers with any code of its set. called: NULL, or
 * list->count flags, set for the lines that may be called. If it cannot be decided (too many ways, out of
 * memory), the result is that each line may be called and the list may succeed or fail.
 */
struct pamstack_prospect pamstack_explore(const struct pamstack_list *list,
    pamstack_answers *answers, const void *ctx, bool *called);

/* ---- judgement (judge.c) ---- */

enum pamstack_verdict { PAMSTACK_NO, PAMSTACK_YES, PAMSTACK_DEPENDS };

struct pamstack_answered {
	enum pamstack_verdict verdict;
	const struct pamstack_line *on;	/* DEPENDS: on this module, owned by the stack */
};

/* The module's name in a stack. */
#define PAMSTACK_OURS "pam_jpki"

/* Every code that pam_sm_authenticate of pam_jpki can return, except PAM_SUCCESS. */
uint32_t pamstack_our_failures(void);

struct pamstack_judgement {
	/* Phase auth. The stack owns what the pointers refer to; NULL: no such line. */
	size_t count;			/* how often pam_jpki appears in it */
	const struct pamstack_line *ours;	/* the first */
	bool unreachable;		/* none of these lines is ever called */
	/* The stack succeeds although no module that checks a secret does. */
	struct pamstack_answered open;
	/* The card is correct; every password and other secret is wrong. */
	struct pamstack_answered card_alone;
	/*
	 * pam_jpki answers with this code; the password is correct. YES at PAM_AUTHINFO_UNAVAIL (no card),
	 * PAM_USER_UNKNOWN (not enrolled) and PAM_MODULE_UNKNOWN (not installed) means that the password is
	 * a second way to log in; YES at PAM_AUTH_ERR (wrong PIN), PAM_MAXTRIES (locked) and
	 * PAM_CRED_EXPIRED (revoked) means that it overrules the card.
	 */
	struct pamstack_answered password[PAMSTACK_CODES];
	/* Modules that ask for a password and leave it in PAM_AUTHTOK. */
	const struct pamstack_line *password_before;	/* before pam_jpki */
	const struct pamstack_line *password_after;	/* after it: uses a forwarded password */
	bool forwards;			/* forward_pass is on */
	bool forwards_in_vain;	/* and no module that would use it follows */
	/*
	 * Another module for cards: its PIN may be stored in PAM_AUTHTOK, or it may send a password to the
	 * card.
	 */
	const struct pamstack_line *other_card;
	bool other_card_leaks;		/* a password module after it may get its PIN */
	/*
	 * pam_setcred(3) fails if the card has not authenticated on the same handle before: sshd (which
	 * authenticates in another process, or without PAM), cron, sudo with NOPASSWD.
	 */
	bool no_credentials;
	bool remote;			/* the service is for remote users, */
	bool remote_allowed;		/* and remote= opens the reader to them */

	/* Phase account. */
	size_t account_count;
	const struct pamstack_line *account_ours;
	struct pamstack_answered account_others;	/* accepts users authenticated without a card */
	struct pamstack_answered account_missing;	/* accepts users if pam_jpki is not installed */
};

/*
 * forward_pass, remote: the values of pam_jpki.conf; arguments of a line override them. Without pam_jpki in
 * it, the stack is judged in the same way. With a broken stack all logins fail.
 */
struct pamstack_judgement pamstack_judge(const struct pamstack *stack, bool forward_pass,
    bool remote);

/* ---- modules that open something with the password (openers.c) ---- */

/*
 * Whether it is an installed module that opens a keyring, a volume or a home directory with the password of
 * PAM_AUTHTOK.
 */
bool pamstack_is_opener(const struct pamstack_line *line);

/*
 * Whether the module is called by one of its lines from ours on, where ours, like all others, succeeds: a login by
 * card may have lines of its own.
 */
bool pamstack_calls(const struct pamstack_list *list, const struct pamstack_line *ours, const char *module);

/* ---- output (print.c) ---- */

/*
 * Prints the change, aligned, the lines of a substack indented: unchanged lines begin with "  ", removed ones
 * with "- ", new ones with "+ ". *ret_same: nothing changes (all lines were still printed). False: write error
 * or out of memory.
 */
bool pamstack_print_change(FILE *to, const struct pamstack_list *before,
    const struct pamstack_list *after, bool *ret_same) MUST_CHECK;

#endif

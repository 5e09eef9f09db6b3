/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PAM stacks of a machine, read as libpam reads them, and what they do:
 * for jpkictl doctor and for the dry run of jpkictl setup.
 *
 * Facts: Linux-PAM 1.5.2 and 1.7.0 (libpam/pam_handlers.c, pam_misc.c, pam_dispatch.c;
 * libpam_internal/pam_line.c) with Debian's patches 031_pam_include and
 * 045_pam_dispatch_jump_is_ignore;
 * tests/unit/tools/pamstack/test_libpam holds this against the libpam of the machine.
 *
 * Departures: /etc/pam.conf is not read (libpam does only if there is no
 * /etc/pam.d). Includes more than 16 deep are refused, as by libpam 1.6 (1.5 stops
 * when it has no more descriptors). An "@include" that fails within a typed "include" is a
 * line that refuses (1.5.2 takes the actions from uninitialised memory).
 */
#ifndef JPKI_TOOLS_PAMSTACK_PAMSTACK_H
#define JPKI_TOOLS_PAMSTACK_PAMSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/outcome.h"

/* ---- what is read ---- */

/* Whose libpam: who knows "@include", and where an include without a path is looked for. */
enum pamstack_flavour {
	PAMSTACK_UPSTREAM,	/* no "@include"; an include is searched as a service is */
	PAMSTACK_DEBIAN		/* "@include"; an include is looked for in dirs[0] only */
};

/* How libpam puts continued lines together. */
enum pamstack_lines {
	PAMSTACK_LINES_1_5,	/* over empty lines and comments; at most 1,023 characters */
	PAMSTACK_LINES_1_6	/* until an empty line or a comment; of any length */
};

/* A file as it would be. */
struct pamstack_file {
	const char *name;	/* in dirs[0], in lower case */
	const char *text;	/* NULL: it is not there */
};

struct pamstack_source {
	const char *const *dirs;	/* of services, NULL at the end; the first wins */
	/* Of modules, patterns of glob(7), NULL at the end; itself NULL: none is missing. */
	const char *const *module_dirs;
	const struct pamstack_file *replaced;
	size_t replaced_count;
	enum pamstack_flavour flavour;
	enum pamstack_lines lines;
};

/*
 * Where the libpam of this machine looks: /etc/pam.d, /usr/lib/pam.d; modules beside
 * ours and in the directories of the distributions. Lines are those of the libpam that
 * this was built with. Nothing is replaced.
 */
struct pamstack_source pamstack_machine(void);

/* ---- what was read ---- */

enum pamstack_type {
	PAMSTACK_AUTH,
	PAMSTACK_ACCOUNT,
	PAMSTACK_PASSWORD,
	PAMSTACK_SESSION,
	PAMSTACK_TYPES		/* not a type */
};

/* Actions as libpam numbers them; a positive number is a jump. */
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
	PAMSTACK_FAULTY,	/* libpam calls nothing and takes PAM_PERM_DENIED for the answer */
	PAMSTACK_SUBSTACK	/* the head of a substack: no module, its lines follow one level up */
};

enum pamstack_fault {
	PAMSTACK_SOUND,
	PAMSTACK_NO_TYPE,	/* not auth, account, password, session */
	PAMSTACK_NO_CONTROL,
	PAMSTACK_NO_MODULE,
	PAMSTACK_NO_INCLUDE,	/* the included file is missing, unreadable or too deep */
	PAMSTACK_BAD_CONTROL,	/* still a module, but every answer of it refuses */
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
	char *file;		/* where the line stands, */
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
	 * The first file that could not be read to its end: why, and where. Not broken, it
	 * was an included one. Broken and SOUND: neither the service nor "other" is there.
	 */
	enum pamstack_fault fault;
	char *fault_file;
	unsigned int fault_line;
	struct pamstack_list own[PAMSTACK_TYPES];
	struct pamstack_list other[PAMSTACK_TYPES];	/* of the service "other" */
};

/*
 * Reads the stacks of a service. A faulty or missing file is not an error but
 * something libpam does something about, and is in the result.
 *
 * Returns false if there is not enough memory; *ret is then empty. Otherwise the
 * caller ends *ret with pamstack_done.
 */
bool pamstack_load(const struct pamstack_source *source, const char *service,
    struct pamstack *ret) MUST_CHECK;
void pamstack_done(struct pamstack *stack);	/* also of an empty one; empties it */

/*
 * The lines libpam walks for a type: the service's own or, if it has none of this
 * type, those of "other". Empty (count 0) is PAM_PERM_DENIED. Lent.
 */
const struct pamstack_list *pamstack_list(const struct pamstack *stack, enum pamstack_type type);

/*
 * Every service of the machine: the names in dirs and in replaced, sorted, each once,
 * NULL at the end. Names with a dot or a tilde (left by editors and dpkg) are left
 * out. NULL: not enough memory. Free with pamstack_services_free.
 */
char **pamstack_services(const struct pamstack_source *source) MUST_CHECK;
void pamstack_services_free(char **services);

/* "auth", "account", "password", "session". */
const char *pamstack_type_name(enum pamstack_type type);

/*
 * The PAM code a control names ("user_unknown"), or -1; and back, "?" for no code. For
 * who may not include a header of PAM (tests/check/layering).
 */
int pamstack_code(const char *name);
const char *pamstack_code_name(int code);

/* Whether a line has an argument, literally ("forward_pass=yes"). */
bool pamstack_has_arg(const struct pamstack_line *line, const char *arg);

/* ---- what it does (pamstack_model.c) ---- */

/* What the module of a line answers; called in libpam's order, for modules that are there. */
typedef int pamstack_answer(const struct pamstack_line *line, void *ctx);

/* What libpam returns for a list; PAM_INCOMPLETE of a module at once. */
int pamstack_run(const struct pamstack_list *list, pamstack_answer *answer, void *ctx);

/* A set of PAM codes, a bit for each. PAM_INCOMPLETE is never taken. */
#define PAMSTACK_BIT(code) (UINT32_C(1) << (code))
typedef uint32_t pamstack_answers(const struct pamstack_line *line, const void *ctx);

struct pamstack_prospect {
	bool may_succeed;
	bool may_fail;
};

/*
 * Every way through a list in which each module answers with any code of its set.
 * called: NULL, or list->count flags, set for the lines that may be called. What
 * cannot be decided (too many ways, no memory) may succeed, fail and be called.
 */
struct pamstack_prospect pamstack_explore(const struct pamstack_list *list,
    pamstack_answers *answers, const void *ctx, bool *called);

/* ---- what to think of it (pamstack_judge.c) ---- */

enum pamstack_verdict { PAMSTACK_NO, PAMSTACK_YES, PAMSTACK_DEPENDS };

struct pamstack_answered {
	enum pamstack_verdict verdict;
	const struct pamstack_line *on;	/* DEPENDS: on this module, lent by the stack */
};

/* The module's name in a stack. */
#define PAMSTACK_OURS "pam_jpki"

/* Every code pam_jpki can return from pam_sm_authenticate, but PAM_SUCCESS. */
uint32_t pamstack_our_failures(void);

struct pamstack_judgement {
	/* Phase auth. Pointers are lent by the stack; NULL: no such line. */
	size_t count;			/* how often pam_jpki stands in it */
	const struct pamstack_line *ours;	/* the first */
	bool unreachable;		/* none of them is ever called */
	/* Nothing that checks a secret succeeds, and yet the stack does. */
	struct pamstack_answered open;
	/* The card is right; every password and other secret is wrong. */
	struct pamstack_answered card_alone;
	/*
	 * pam_jpki answers with this code; the password is right. The second way in is
	 * YES at PAM_AUTHINFO_UNAVAIL (no card), PAM_USER_UNKNOWN (not enrolled) and
	 * PAM_MODULE_UNKNOWN (not installed); the card is overruled if YES at PAM_AUTH_ERR
	 * (wrong PIN), PAM_MAXTRIES (locked) and PAM_CRED_EXPIRED (revoked).
	 */
	struct pamstack_answered password[PAMSTACK_CODES];
	/* Modules that ask for a password and leave it in PAM_AUTHTOK. */
	const struct pamstack_line *password_before;	/* in front of pam_jpki */
	const struct pamstack_line *password_after;	/* behind it: takes a forwarded password */
	bool forwards;			/* forward_pass is on */
	bool forwards_to_nobody;	/* and no such module behind */
	/* Another module for cards: its PIN may end in PAM_AUTHTOK, or a password in the card. */
	const struct pamstack_line *other_card;
	bool other_card_leaks;		/* a password module behind it may take its PIN */
	/*
	 * pam_setcred(3) fails where the card has not just let in on the same handle: sshd (which
	 * authenticates in another process, or without PAM), cron, sudo with NOPASSWD.
	 */
	bool no_credentials;
	bool remote;			/* the service is for people who are not here, */
	bool remote_allowed;		/* and remote= opens the reader to them */

	/* Phase account. */
	size_t account_count;
	const struct pamstack_line *account_ours;
	struct pamstack_answered account_others;	/* lets in who came without a card */
	struct pamstack_answered account_missing;	/* lets in when pam_jpki is not installed */
};

/*
 * forward_pass, remote: what pam_jpki.conf says; arguments of the line go before.
 * The verdicts are of the stack as libpam would walk it also if pam_jpki is not in it.
 * A broken stack lets nobody in.
 */
struct pamstack_judgement pamstack_judge(const struct pamstack *stack, bool forward_pass,
    bool remote);

/* ---- how it is shown (pamstack_print.c) ---- */

/* A list, a line each, aligned; a substack's lines are set in. False: write error or memory. */
bool pamstack_print(FILE *to, const struct pamstack_list *list) MUST_CHECK;

/*
 * As it was and as it will be: lines that stay begin with "  ", that go with "- ",
 * that come with "+ ". *ret_same: nothing changes (and everything was printed all
 * the same).
 */
bool pamstack_print_change(FILE *to, const struct pamstack_list *before,
    const struct pamstack_list *after, bool *ret_same) MUST_CHECK;

#endif

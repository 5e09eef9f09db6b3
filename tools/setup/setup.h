/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpkictl setup: the guided first set-up.
 *
 * MUSTs: nothing is changed before it was shown and agreed to. A file of PAM is
 * written only if the model of its stack keeps a second way in, only after the module
 * answered in a service of its own, and only with a backup and (unless switched off) a
 * process that takes it back. Every file is replaced as a whole, so that a set-up that is
 * stopped at any moment leaves the old one or the new one.
 */
#ifndef JPKI_TOOLS_SETUP_SETUP_H
#define JPKI_TOOLS_SETUP_SETUP_H

#include "lib/i18n.h"
#include "tools/common/tool.h"
#include "tools/pamstack/pamstack.h"

#define SETUP_SERVICES_MAX 512

struct setup {
	struct tool *t;
	bool yes, terminal;
	bool no_enroll, no_crl;
	const char *user;	/* NULL: not known */
	const char *reader;	/* search_wants(); NULL: any */
	const char *trust_file, *fingerprint, *crl_source, *services, *comfort;
	double rollback;	/* minutes; 0: none */

	/* What this run has done, for the later steps and the last screen. */
	bool pin_proved;	/* the card was registered: its PIN was right just now */
	char written[SETUP_SERVICES_MAX];	/* PAM services, with commas; "": none */
};

struct setup_step {
	const char *title;	/* untranslated */
	bool (*done)(struct setup *s);	/* prints what it found */
	bool (*act)(struct setup *s);	/* says what it would do, asks, does it; false: stopped, or after a complaint */
};

/* Yes or no, at the terminal; yes at once with --yes, no without either. */
bool setup_agrees(const struct setup *s, const char *question, bool by_default) MUST_CHECK;

/* A line typed at the terminal, which may be empty. False without one and at the end of input. */
#define SETUP_LINE 1024
bool setup_line(const struct setup *s, const char *question, char line[static SETUP_LINE]) MUST_CHECK;

/* "jpkictl ARGS…" (the first is ours to fill) in a process of its own: its exit status; -1: it did not end by itself. */
int setup_jpkictl(const struct setup *s, const char *argv[]) MUST_CHECK;

/* Whose card it is, by any name of the account. False after a complaint. */
bool setup_name_user(struct setup *s, const char *name) MUST_CHECK;

/* Runs another program of the PATH; true if it succeeded. */
bool setup_program(const char *const argv[]) MUST_CHECK;

/* Appends a comment with the date and lines to the configuration. False after a complaint. */
bool setup_configure(const struct setup *s, const char *remark, const char *lines) MUST_CHECK;

/* Whether the configuration sets an option; true if it cannot be read, too (logged). */
bool setup_is_configured(const struct setup *s, const char *option) MUST_CHECK;

/* steps.c */
bool machine_done(struct setup *s);
bool reader_done(struct setup *s);
bool reader_act(struct setup *s);
bool trust_done(struct setup *s);
bool trust_act(struct setup *s);
bool crl_done(struct setup *s);
bool crl_act(struct setup *s);
bool enroll_done(struct setup *s);
bool enroll_act(struct setup *s);

/* Whether the user's card is registered. */
bool setup_enrolled(const struct setup *s);

/* How many authorities are trusted. */
unsigned int setup_count_trusted(const struct setup *s);

/* comfort.c: features beyond a login, each off unless chosen. */
struct comfort {
	const char *name;	/* as --comfort has it */
	const char *option, *value;	/* of the configuration */
	const char *gives, *costs;	/* untranslated: a sentence each */
	bool (*fits)(const struct setup *s);	/* this machine */
	/* Further work after the option was written; false after a complaint. NULL: none. */
	bool (*then)(struct setup *s);
};

/* All of them, in the order in which they are offered; the last has no name. */
const struct comfort *comforts(void);

/* Whether a list such as --comfort contains only names of comforts(), or is "none". */
bool comfort_list_is_known(const char *list);

bool comfort_done(struct setup *s);
bool comfort_act(struct setup *s);

/* known.c: services whose programs are known. */
enum known_use {
	KNOWN_PROPOSED,		/* unless answered otherwise, and with --yes */
	KNOWN_OFFERED,		/* the user chooses each, with a remark */
	KNOWN_UNFIT		/* not at all: the remark says why */
};

struct known_service {
	const char *name;
	const char *options;	/* after the module, with a blank before each */
	enum known_use use;
	const char *remark;	/* untranslated; NULL: none */
	bool opens_session;	/* at a desk: jpki-watch is told of the card there */
};

/* All of them, in the order in which they are processed; the last has no name. */
const struct known_service *known_services(void);

/* NULL: no such service is known. */
const struct known_service *known_service(const char *name);

/* services.c */
bool services_done(struct setup *s);
bool services_act(struct setup *s);

/* Whether the machine has a service, in PAM_DIR or where the distribution installs its own. */
bool setup_has_service(const char *name);

/*
 * fault.c: why a stack must not be changed like this (stack and after: with the change), as a sentence to be
 * translated; NULL if it may. It must admit no user whom it refused, and lock none out whom it admitted.
 */
const char *setup_fault(const struct pamstack *stack, const struct pamstack_judgement *before,
    const struct pamstack_judgement *after);

/*
 * openers.c: what a login by password opens with it (a keyring, a volume, a home directory), and what a login by
 * card can open with the password that the card unlocks.
 */
#define OPENERS_TEXT 1024
struct openers {
	char lines[OPENERS_TEXT];	/* of a stack, each with its newline; "": none */
	unsigned int count;
};

/* Finds lines for the modules after ours (NULL: our module is not in the stack) that a login by card does not call. */
void openers_find(const struct pamstack *stack, const struct pamstack_line *ours, struct openers *ret);

/* Whether a service should have such lines, because it begins a session. NULL, an unknown service, should not. */
bool openers_wanted(const struct known_service *k);

/* Whether a service of this machine that begins a session has such modules. */
bool openers_exist(void);

/*
 * edit.c: the text of a service's file with our lines in it. card: two, in front of those that
 * check the password and the account; options follow the module of the first. session: one
 * after the last of the session. openers: lines after the first of ours, which only a login by
 * card reaches; without card, the text has that first line already, as this function wrote it. New memory; NULL: no place
 * was found for the first (or no memory).
 */
struct edit {
	bool card, session;
	const char *options;
	struct openers openers;
};
char *edit_insert(const char *text, const struct edit *e) MUST_CHECK;

/* What edit_insert() writes, and finds again: a login by card ends there. */
#define EDIT_CONTROL "[success=done default=ignore]"

/* trial.c: a login through libpam in the service TRIAL_SERVICE, in a process of its own. */
#define PAM_DIR "/etc/pam.d"
#define TRIAL_SERVICE "jpki-setup-test"

/*
 * With a person at the terminal whose card is registered, the card must let them in. Where it was
 * registered a moment ago, PIN and key are proved: then the module must find the card and ask for
 * the PIN, which is not typed twice. Else it must answer that it cannot, without a PIN. False after a complaint.
 */
bool trial_passes(const struct setup *s) MUST_CHECK;

/* backup.c: changes of PAM files, and how they are undone. Each function reports its errors. */
struct setup_change {
	char *name;		/* of a service */
	/* Text of its file in PAM_DIR; before: "" where there was none (the distribution's is in /usr). */
	char *before, *after;
	unsigned int mode;
};

/* Writes the files, with backups; the roll-back process runs before the first change. */
bool backup_apply(const struct setup *s, const struct setup_change *changes, size_t count)
	MUST_CHECK;

bool backup_pending(void);	/* changes wait to be confirmed */
int backup_confirm(struct tool *t);
int backup_undo(struct tool *t);

/*
 * Rolls back what is not confirmed if no process is left that would: after a power cut, or SIGKILL.
 * Does nothing without root. Reports and logs what it does.
 */
void backup_take_up(struct tool *t);

/*
 * finish.c: the last screen: what was done, what to try now, how to undo it; asks whether the
 * pending changes work. Returns an exit status.
 */
int setup_finish(struct setup *s);

#endif

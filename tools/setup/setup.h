/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpkictl setup: the guided first set-up.
 *
 * MUSTs: nothing is changed before it was shown and agreed to. A file of PAM is
 * written only if the model of its stack keeps a second way in, only after the module
 * answered in a service of its own, and only with a backup and (unless switched off) a
 * process that takes it back. Every file is replaced as a whole, so that whoever stops us
 * at any moment leaves the old one or the new one.
 */
#ifndef JPKI_TOOLS_SETUP_SETUP_H
#define JPKI_TOOLS_SETUP_SETUP_H

#include "lib/i18n.h"
#include "tools/common/tool.h"

struct setup {
	struct tool *t;
	bool yes, terminal;
	bool no_enroll, no_crl;
	const char *user;	/* NULL: not known */
	const char *reader;	/* search_wants(); NULL: any */
	const char *trust_file, *fingerprint, *crl_source, *services;
	double rollback;	/* minutes; 0: none */
};

struct setup_step {
	const char *title;	/* untranslated */
	bool (*done)(struct setup *s);	/* prints what it found */
	void (*tell)(struct setup *s);	/* what act will do; NULL: it asks for itself */
	bool (*act)(struct setup *s);	/* false after a complaint */
};

/* Yes or no, at the terminal; yes at once with --yes. */
bool setup_agrees(const struct setup *s, const char *question);

/* A line typed at the terminal, "" without one. False if it was empty. */
#define SETUP_LINE 1024
bool setup_line(const struct setup *s, const char *question, char line[static SETUP_LINE]);

/* "jpkictl ARGS…" (the first is ours to fill) in a process of its own; true if it succeeded. */
bool setup_jpkictl(const struct setup *s, const char *argv[]);

/* Whose card it is, by any name of the account. False after a complaint. */
bool setup_name_user(struct setup *s, const char *name);

/* Another program of the PATH, the same. */
bool setup_program(const char *const argv[]);

/* steps.c */
bool machine_done(struct setup *s);
bool reader_done(struct setup *s);
void reader_tell(struct setup *s);
bool reader_act(struct setup *s);
bool trust_done(struct setup *s);
void trust_tell(struct setup *s);
bool trust_act(struct setup *s);
bool crl_done(struct setup *s);
void crl_tell(struct setup *s);
bool crl_act(struct setup *s);
bool enroll_done(struct setup *s);
void enroll_tell(struct setup *s);
bool enroll_act(struct setup *s);

/* Whether the user's card is registered. */
bool setup_enrolled(const struct setup *s);

/* known.c: services whose programs are known. */
enum known_use {
	KNOWN_PROPOSED,		/* with --yes, too */
	KNOWN_OFFERED,		/* at the terminal, with a remark */
	KNOWN_UNFIT		/* not at all: the remark says why */
};

struct known_service {
	const char *name;
	const char *options;	/* behind the module, with a blank before each */
	enum known_use use;
	const char *remark;	/* untranslated; NULL: none */
};

/* All of them, in the order in which they are gone through; the last has no name. */
const struct known_service *known_services(void);

/* NULL: not known by that name. */
const struct known_service *known_service(const char *name);

/* services.c */
bool services_done(struct setup *s);
bool services_act(struct setup *s);

/*
 * edit.c: the text of a service's file with our two lines in it, in front of those that
 * check the password and the account; options follow the module of the first. New
 * memory; NULL: no place was found for the first (or no memory).
 */
char *edit_insert(const char *text, const char *options) MUST_CHECK;

/* trial.c: a login through libpam in the service TRIAL_SERVICE, in a process of its own. */
#define PAM_DIR "/etc/pam.d"
#define TRIAL_SERVICE "jpki-setup-test"

/*
 * With somebody at the terminal whose card is registered, the card must let them in;
 * else the module must answer that it cannot, without a PIN. False after a complaint.
 */
bool trial_passes(const struct setup *s) MUST_CHECK;

/* backup.c: what was changed, and back. Each complains for itself. */
struct setup_change {
	char *name;		/* of a service */
	/* Text of its file in PAM_DIR; before: "" where there was none (the distribution's is in /usr). */
	char *before, *after;
	unsigned int mode;
};

/* Writes the files, with backups, the roll-back running before the first. */
bool backup_apply(const struct setup *s, const struct setup_change *changes, size_t count)
	MUST_CHECK;

bool backup_pending(void);	/* changes wait to be confirmed */
int backup_confirm(struct tool *t);
int backup_undo(struct tool *t);

/*
 * Takes back what waits to be confirmed if no process is left that would: after a power cut, or
 * SIGKILL. Nothing without root. Says and logs what it does.
 */
void backup_take_up(struct tool *t);

#endif

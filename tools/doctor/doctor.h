/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl doctor: examinations that find, and never spend a try. */
#ifndef JPKI_TOOLS_DOCTOR_DOCTOR_H
#define JPKI_TOOLS_DOCTOR_DOCTOR_H

#include "lib/i18n.h"
#include "tools/common/json.h"

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_ERROR };

enum finding {
#define FINDING(name, number, level, state, remedy) FOUND_##name,
#include "tools/doctor/findings.def"
#undef FINDING
	FINDING_COUNT
};

#define DETAIL_MAX 512

struct doctor {
	struct tool *t;
	const char *conf_file;
	const char *reader;	/* search_wants(); NULL: any */
	bool card_only;		/* of a card only what it is: no authority is trusted and no user enrolled yet */
	bool faults_only;	/* what is in order is not shown */
	json_t *array;		/* NULL: as text, at once */
	int pipe;		/* in the process that talks to pcscd: findings go there; else -1 */
	unsigned int seen[FINDING_COUNT];	/* how often each was reported */
	char said[DETAIL_MAX];	/* the last that a lower layer logged; "" */
};

/* Reports a finding; what it is about, from a format. */
void found(struct doctor *d, enum finding f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about nothing in particular. */
void found_alone(struct doctor *d, enum finding f);

/* How many findings of that level there were. */
unsigned int doctor_count(const struct doctor *d, enum level level);

/* Readers and cards; in a process of its own, for pcscd or a card may hang. */
void doctor_readers(struct doctor *d);
/* What is in the way of a reader on the USB, unless one is named; after doctor_readers(). root is "" but in tests. */
void doctor_usb(struct doctor *d, const char *root);
void doctor_trust(struct doctor *d);
void doctor_crls(struct doctor *d);
/* False if the configuration cannot be used: then the rest is examined with the built-in values. */
bool doctor_conf(struct doctor *d);
void doctor_programs(struct doctor *d);
/* Whether the users of pam_jpki are there, and do nothing but their one job. */
void doctor_users(struct doctor *d);
/* The name of the user that a helper of root becomes, if it exists; NULL: it stays root. */
const char *doctor_helper_user(const struct doctor *d);
/* The same of the one that sshd runs jpkictl ssh-keys as. False after a finding. */
bool doctor_keys_user(struct doctor *d, const char *user);
void doctor_enrollments(struct doctor *d);
/* The copy of an organization's directory, where one is named. */
void doctor_fleet(struct doctor *d);
/* Who has guessed a PIN too often; for root alone, who may read it. */
void doctor_guesses(struct doctor *d);
/* The stored passwords; for root alone. Uses NSS. */
void doctor_unlock(struct doctor *d);
void doctor_stacks(struct doctor *d);
/* What sshd is asked to do with cards at the client, and whether its settings let it. */
void doctor_ssh(struct doctor *d);
void doctor_clock(struct doctor *d);
/* Where a login on this terminal would take its user to be. */
void doctor_place(struct doctor *d);

/* Reports the first on the way to this file or directory that ordinary users cannot read. */
void doctor_readable(struct doctor *d, const char *path);

#endif

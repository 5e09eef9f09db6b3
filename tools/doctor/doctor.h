/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl doctor: examinations that report findings and never use a PIN try. */
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
	json_t *array;		/* NULL: print text at once */
	int pipe;		/* in the process that talks to pcscd: where findings are sent; else -1 */
	unsigned int seen[FINDING_COUNT];	/* how often each was reported */
	char said[DETAIL_MAX];	/* the last message that a lower layer logged; "" */
};

/* Reports a finding; the format gives what it is about. */
void found(struct doctor *d, enum finding f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same without further details. */
void found_alone(struct doctor *d, enum finding f);

/* The number of findings of that level. */
unsigned int doctor_count(const struct doctor *d, enum level level);

/* Readers and cards; in a separate process, because pcscd or a card may hang. */
void doctor_readers(struct doctor *d);
/*
 * Why a USB reader does not work, unless a reader is named; call after doctor_readers(). root is "" but in
 * tests.
 */
void doctor_usb(struct doctor *d, const char *root);
void doctor_trust(struct doctor *d);
void doctor_crls(struct doctor *d);
/* False if the configuration cannot be used: the other examinations then use the built-in values. */
bool doctor_conf(struct doctor *d);
void doctor_programs(struct doctor *d);
/* Whether the system users of pam_jpki exist and have only their one job. */
void doctor_users(struct doctor *d);
/* The name of the user that a helper started by root switches to, if it exists; NULL: it stays root. */
const char *doctor_helper_user(const struct doctor *d);
/* The same for the user that sshd runs jpkictl ssh-keys as. False if a finding was reported. */
bool doctor_keys_user(struct doctor *d, const char *user);
void doctor_enrollments(struct doctor *d);
/* The copy of an organization's directory, where one is named. */
void doctor_fleet(struct doctor *d);
/* Accounts that have guessed a PIN too often; only root can read the records. */
void doctor_guesses(struct doctor *d);
/* The stored passwords; for root alone. Uses NSS. */
void doctor_unlock(struct doctor *d);
void doctor_stacks(struct doctor *d);
/* Logins by sshd with cards at the client, and whether sshd's settings allow them. */
void doctor_ssh(struct doctor *d);
void doctor_clock(struct doctor *d);
/* The place that a login on this terminal would assume for its user. */
void doctor_place(struct doctor *d);

/* Reports the first component of this path that ordinary users cannot read. */
void doctor_readable(struct doctor *d, const char *path);

#endif

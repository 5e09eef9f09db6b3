/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper as it is, in a process of its own, on simulated readers (tests/sim/winscard.h); the test is
 * the module at the other end of its socket. Only what depends on the machine is in the test's hand: where
 * the user is, and the cage, which would forbid the simulation (what it keeps, tests/unit/helper/test_cage
 * and the end-to-end cases show; here: that it is entered and sealed, and when).
 */
#ifndef JPKI_TESTS_HELPERKIT_H
#define JPKI_TESTS_HELPERKIT_H

#include "helper/proto.h"
#include "tests/sim/winscard.h"
#include "tests/unit/flowkit.h"

#define HELPERKIT_PIN "1234"

/* What helpers have done, shared with them. */
struct helperkit_marks {
	unsigned int prepared, entered, sealed;
	bool host_keys;			/* cage_enter() was told that they are read */
	unsigned int connected;		/* connections to pcscd when the cage was entered */
};

struct helperkit {
	struct kit *kit;		/* PKI, trust, CRLs, registrations */
	struct simscard *readers;
	struct helperkit_marks *marks;
	enum where where;		/* of the user */
	struct outcome enter, seal;	/* what the cage answers */
	bool prepare;
	pid_t pid;
	int fd;				/* our end; -1: closed */
	struct proto_id id;
	struct proto_request request;	/* what helperkit_start() sends; the kit's paths are in its words */
	void (*before)(struct helperkit *h);	/* in the new process, before main(), or NULL; */
	void (*after)(struct helperkit *h);	/* and after it, if it returns */
};

/* A message of the helper. */
struct heard {
	enum proto_type type;		/* 0: the helper has ended, or nothing came for a while */
	struct proto_id id;
	union {
		struct proto_log log;
		struct proto_ready ready;
		struct proto_prompt prompt;
		struct proto_challenge challenge;
		struct proto_cue cue;
		struct proto_early early;
		struct proto_named named;
		struct proto_result result;
	};
	uint8_t password[64];		/* of RESULT, whose view is into a packet */
};

/*
 * For cmocka: hanako is registered with the card "good", which is on reader 0. kit_new() needs root's files,
 * as the helper does: without root the tests are skipped (skip()).
 */
int helperkit_new(void **state);
int helperkit_done(void **state);

/* Makes another card directory of this leaf of the test PKI, for simscard_place(). */
void helperkit_card(struct helperkit *h, const char *name, const char *leaf, const char *option);
/* An option of the request, key=value. */
void helperkit_word(struct helperkit *h, const char *word);

/* Starts a helper; helperkit_start() sends it the request too. */
void helperkit_spawn(struct helperkit *h);
void helperkit_start(struct helperkit *h);
/* The same, in a version of the protocol that is not the helper's. *ret_len bytes of its reply go to ret. */
void helperkit_start_other_version(struct helperkit *h, uint8_t ret[static PROTO_PACKET_MAX], size_t *ret_len);
void helperkit_send(struct helperkit *h, const struct writer *w);
void helperkit_send_request(struct helperkit *h);
/* PIN, FORMAT ... ; pin is NULL for those without. */
void helperkit_answer(struct helperkit *h, enum proto_answer answer, const char *pin);

/* The next message that is no LOG; those are noted in helperkit_log(). */
void helperkit_hear(struct helperkit *h, struct heard *ret);
/* That has to be of this type. */
void helperkit_expect(struct helperkit *h, enum proto_type type, struct heard *ret);
const char *helperkit_logged(void);
unsigned int helperkit_log_count(void);

/* Hangs up. */
void helperkit_leave(struct helperkit *h);
/* Waits for the end: the exit status, or minus the signal. Then nothing is left behind (asserted). */
int helperkit_end(struct helperkit *h);

/* A whole login with this PIN. */
enum outcome_status helperkit_login(struct helperkit *h, const char *pin, struct heard *ret_result);

#endif

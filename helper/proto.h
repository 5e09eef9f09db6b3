/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages between module and helper, over one SOCK_SEQPACKET socket
 * pair: one message, one packet. The only file besides lib/ that both link.
 *
 *	module                          helper
 *	REQUEST  ---------------------->
 *	         <---------------------- LOG, at any time, at most PROTO_LOGS_MAX
 *	         <---------------------- READY, once, unless the options are faulty
 *	NAME, if the card is not to name the user: the helper waits for another REQUEST, of any task. Else
 *	         <---------------------- CUE, once at most, where a card is waited for
 *	         <---------------------- NAMED, for each account
 *	BY_PIN:
 *	         <---------------------- EARLY, once at most, for a locker: no card is there yet
 *	TYPED    ---------------------->
 *	         <---------------------- CUE, once at most, where a card is waited for
 *	         <---------------------- PROMPT, once for each question of the task
 *	PIN      ---------------------->	the answer to each PROMPT
 *	BY_CHALLENGE:
 *	         <---------------------- CHALLENGE, once
 *	REPLY    ---------------------->
 *	         <---------------------- RESULT, ends it
 *
 * MUSTs: every message carries the version and the 16 random bytes of the
 * request, so a verdict belongs to one login; a message that is cut, has
 * bytes left over, comes out of turn or twice is a failed helper, never a
 * guess. READY says which way the options choose, before the helper has received anything from a
 * card or a stranger, and only a way that the REQUEST offers is taken. RESULT with
 * OUTCOME_OK counts only after all that this way needs: every PIN of the task, the reply to
 * the challenge, or the key by which sshd has let the user in.
 *
 * PIN may carry the user's file of a stored password, if READY wants it (unlock), and then a RESULT with
 * OUTCOME_OK carries the password: never another RESULT, nor one for which no file was sent (doc/unlock.md).
 *
 * An upgrade replaces the helper while programs have the old module loaded, or replaces the module
 * first. So the header (version, type, id) is the same in every version: a helper answers a REQUEST
 * of another one with a header of its own, and the module knows what has happened.
 *
 * A helper that has talked to a card may have been taken over, so its messages are not trusted: the
 * proto_get_ functions reject text with control characters (lib/log.h).
 */
#ifndef JPKI_HELPER_PROTO_H
#define JPKI_HELPER_PROTO_H

#include "lib/account.h"
#include "lib/buf.h"
#include "lib/clk.h"
#include "lib/place.h"
#include "lib/secret.h"
#include "lib/unlockfile.h"

#ifndef PROTO_VERSION		/* tests link a helper of another version */
#define PROTO_VERSION 10
#endif
#define PROTO_FD 3		/* the helper's end */
#define PROTO_PACKET_MAX 8192
#define PROTO_ID_LEN 16
#define PROTO_TEXT_MAX 1024
#define PROTO_NAME_MAX 256
#define PROTO_CERT_MAX 17
#define PROTO_WORDS_MAX 32
#define PROTO_NAMES_MAX 32	/* accounts of one card */
#define PROTO_STORE_MAX 6144
#define PROTO_SECONDS_MAX 300
#define PROTO_DROP_S 3		/* of the time limit: what a helper for DROP has at least */
#define PROTO_LOGS_MAX 200	/* lines; a login with debug = yes has a tenth of them */
#define PROTO_REPLY_MAX 512	/* PAM_MAX_RESP_SIZE */
#define PROTO_AUTH_INFO_MAX 4096
#define PROTO_AUTH_INFO_TOO_LONG "publickey ?\n"	/* matches no key */

enum proto_type {
	PROTO_REQUEST = 1,
	PROTO_LOG,
	PROTO_READY,
	PROTO_PROMPT,
	PROTO_PIN,
	PROTO_RESULT,
	PROTO_CHALLENGE,
	PROTO_REPLY,
	PROTO_CUE,
	PROTO_EARLY,
	PROTO_TYPED,
	PROTO_NAMED,
};

enum proto_task {
	PROTO_LOGIN = 1,	/* one prompt */
	PROTO_DROP,		/* make the card in `reader` drop the verified state; no prompt */
	PROTO_PIN_CHECK,	/* could the PIN be changed now? no prompt */
	PROTO_PIN_CHANGE,	/* three: the old PIN, the new one, the new one again */
	PROTO_NAME,		/* for which accounts is the card on the reader registered? no prompt; `user` is "" */
};

/* How a login is decided. Other tasks are BY_PIN, even those without a prompt. */
enum proto_way {
	PROTO_BY_PIN = 1,
	PROTO_BY_CHALLENGE,	/* of a card elsewhere: a LOGIN by sshd */
	PROTO_BY_KEY,		/* with which sshd has let in: a LOGIN with auth_info */
};

struct proto_request;

/* Whether a request offers this way. (A key is a line of auth_info: "publickey ...".) */
bool proto_offers(const struct proto_request *m, enum proto_way way);

/* The number of PINs that a task asks for. */
unsigned int proto_questions(enum proto_task task);

struct proto_id {
	uint8_t bytes[PROTO_ID_LEN];
};

struct proto_request {
	enum proto_task task;
	char lang[3];		/* "ja" or "en": what lang = auto means there */
	bool no_wait;		/* do not wait for a card that is not there */
	bool named;		/* LOGIN: the card has named the user, who is greeted */
	bool locker;		/* the program runs as the user, as screen lockers do: EARLY is allowed */
	char user[ACCOUNT_NAME_MAX];	/* the account's name (lib/account.h) */
	uid_t uid;		/* the account's; ACCOUNT_NO_UID: no account has that name */
	char login_name[PROTO_NAME_MAX];	/* as typed: it may be another name of the account */
	char service[PROTO_NAME_MAX], host[PROTO_NAME_MAX];
	struct proto_claims {	/* on the place of the user, as in struct place_evidence; "" for none */
		char tty[PROTO_NAME_MAX], display[PROTO_NAME_MAX], rhost[PROTO_NAME_MAX], seat[PROTO_NAME_MAX];
		bool ssh_connection;
		uid_t caller;
		bool for_caller;
	} claims;
	char reader[PROTO_NAME_MAX];	/* DROP: as PROMPT named it; else "" */
	unsigned int drop_s;		/* DROP: how long it may take, at most PROTO_SECONDS_MAX; else 0 */
	bool sshd;		/* the program is sshd: BY_CHALLENGE is offered */
	char auth_info[PROTO_AUTH_INFO_MAX];	/* LOGIN by sshd: its SSH_AUTH_INFO_0, and BY_KEY is offered; or "" */
	size_t word_count;
	const char *words[PROTO_WORDS_MAX];	/* the options as in the PAM stack */
	/* Storage of a received request's words: such a request must not be copied. */
	char store[PROTO_STORE_MAX];
};

struct proto_log {
	int priority;		/* LOG_ERR to LOG_DEBUG: LOG_EMERG would be on every terminal */
	char text[PROTO_TEXT_MAX];
};

/* What the options say, as the helper has read them. */
struct proto_ready {
	/*
	 * How long the helper may take: before_s before the prompt; after it the remaining time,
	 * but not more than after_s. The time of the prompt does not count. At most
	 * PROTO_SECONDS_MAX.
	 */
	unsigned int before_s, after_s;
	enum proto_way way;
	bool forward_password;	/* LOGIN: input that is not a PIN is passed to the next module */
	bool naming;		/* NAME: the card is to name the user */
	bool unlock;		/* LOGIN by PIN: the user's stored password is to be unlocked (doc/unlock.md) */
};

/* An account for which a card on a reader is registered: only a name, nothing is verified. */
struct proto_named {
	char user[ACCOUNT_NAME_MAX];	/* without control characters; never "" */
};

/* To be shown while the helper waits for a card; there is no reply. */
struct proto_cue {
	char text[PROTO_TEXT_MAX];
};

/*
 * One prompt for PIN or password while no card is there. A user who locked the screen by removing
 * the card comes back, places it and types; the program has shown its prompt long before.
 */
struct proto_early {
	char text[PROTO_TEXT_MAX];
};

struct proto_prompt {
	char cert[PROTO_CERT_MAX];	/* of the card, as in RESULT; never "" */
	char reader[PROTO_NAME_MAX];	/* reader of the card, unchanged: for DROP and log_field() only */
	char text[PROTO_TEXT_MAX];
};

/* Whether there is a PIN, or why not. */
enum proto_answer {
	PROTO_ANSWER_PIN = 1,
	PROTO_ANSWER_FORMAT,	/* the input was not four digits */
	PROTO_ANSWER_CANCEL,
	PROTO_ANSWER_REPEATED,	/* four digits that this card has rejected before */
	PROTO_ANSWER_PASSWORD,	/* passed to the next module */
	PROTO_ANSWER_GUESSES,	/* this account has used up its guesses (lib/guesses.h) */
	PROTO_ANSWER_UNRECORDED,	/* the record of guesses cannot be read or written */
};

/* What was typed. A PIN stays with the module: it answers the PROMPT that follows once the card is there. */
struct proto_typed {
	enum proto_answer answer;	/* PIN, FORMAT, CANCEL or PASSWORD */
};

/* The outcome of the login for this answer: OUTCOME_OK for a PIN alone, CANCELLED for an unknown number. */
enum outcome_status proto_answer_status(enum proto_answer answer);

/* What the user is told if this is the holder's login: lib/guesses.h. */
struct proto_since {
	uint16_t failed;	/* PIN entries since the holder's last login */
	char failed_by[PROTO_NAME_MAX], entered_by[PROTO_NAME_MAX];	/* lists; "" for none */
};

struct proto_pin {
	enum proto_answer answer;
	struct proto_since since;
	struct view pin;	/* points into the packet, which is to be wiped */
	struct unlockfile unlock;	/* if READY wants it; len 0: there is nothing to unlock */
};

/* To be shown with echo on, and the reply. */
struct proto_challenge {
	char text[PROTO_TEXT_MAX];
};

struct proto_reply {
	bool given;		/* false: no way to prompt */
	char text[PROTO_REPLY_MAX];	/* cut to this size; it may be a password, and is to be wiped */
};

struct proto_result {
	struct outcome outcome;
	bool card_clean;		/* as login_result.card_clean */
	char text[PROTO_TEXT_MAX];	/* for the person; may be "" */
	char daily[PROTO_TEXT_MAX];	/* the same with what a user reads once a day; or "" */
	/* For log_field(): the reader and the certificate of the card in question, or "". */
	char reader[PROTO_NAME_MAX];
	char cert[PROTO_CERT_MAX];	/* the first 16 hex digits of its fingerprint */
	enum where where;		/* where the user is, as far as it was examined */
	/*
	 * With OUTCOME_OK, if PIN carried a file: the unlocked password. Points into the packet,
	 * which is to be wiped.
	 */
	struct view password;
	char stale[PROTO_TEXT_MAX];	/* for the user if the account's password has changed since; or "" */
};

/* Writing: false if it does not fit. */
bool proto_put_request(struct writer *w, const struct proto_id *id, const struct proto_request *m) MUST_CHECK;
bool proto_put_log(struct writer *w, const struct proto_id *id, const struct proto_log *m) MUST_CHECK;
bool proto_put_ready(struct writer *w, const struct proto_id *id, const struct proto_ready *m) MUST_CHECK;
bool proto_put_named(struct writer *w, const struct proto_id *id, const struct proto_named *m) MUST_CHECK;
bool proto_put_cue(struct writer *w, const struct proto_id *id, const struct proto_cue *m) MUST_CHECK;
bool proto_put_early(struct writer *w, const struct proto_id *id, const struct proto_early *m) MUST_CHECK;
bool proto_put_typed(struct writer *w, const struct proto_id *id, const struct proto_typed *m) MUST_CHECK;
bool proto_put_prompt(struct writer *w, const struct proto_id *id, const struct proto_prompt *m) MUST_CHECK;
bool proto_put_pin(struct writer *w, const struct proto_id *id, const struct proto_pin *m) MUST_CHECK;
bool proto_put_challenge(struct writer *w, const struct proto_id *id, const struct proto_challenge *m)
    MUST_CHECK;
bool proto_put_reply(struct writer *w, const struct proto_id *id, const struct proto_reply *m) MUST_CHECK;
bool proto_put_result(struct writer *w, const struct proto_id *id, const struct proto_result *m) MUST_CHECK;

/* Writes a header alone, for a module of another version: it carries ours. */
bool proto_put_version(struct writer *w, const struct proto_id *id) MUST_CHECK;

/*
 * Whether a packet begins like one of another version; then returns its id and version. Nothing
 * else in it has a meaning. False: a packet of our version, or malformed.
 */
bool proto_is_other_version(struct cursor r, struct proto_id *ret_id, unsigned int *ret_version) MUST_CHECK;

/* Reading: type and id first, then the rest by type; false unless the message is whole. */
bool proto_get_header(struct cursor *r, enum proto_type *ret_type, struct proto_id *ret_id) MUST_CHECK;
bool proto_get_request(struct cursor *r, struct proto_request *ret) MUST_CHECK;
bool proto_get_log(struct cursor *r, struct proto_log *ret) MUST_CHECK;
bool proto_get_ready(struct cursor *r, struct proto_ready *ret) MUST_CHECK;
bool proto_get_named(struct cursor *r, struct proto_named *ret) MUST_CHECK;
bool proto_get_cue(struct cursor *r, struct proto_cue *ret) MUST_CHECK;
bool proto_get_early(struct cursor *r, struct proto_early *ret) MUST_CHECK;
bool proto_get_typed(struct cursor *r, struct proto_typed *ret) MUST_CHECK;
bool proto_get_prompt(struct cursor *r, struct proto_prompt *ret) MUST_CHECK;
bool proto_get_pin(struct cursor *r, struct proto_pin *ret) MUST_CHECK;
bool proto_get_challenge(struct cursor *r, struct proto_challenge *ret) MUST_CHECK;
bool proto_get_reply(struct cursor *r, struct proto_reply *ret) MUST_CHECK;
bool proto_get_result(struct cursor *r, struct proto_result *ret) MUST_CHECK;

/* Sends one packet; false if the other side has gone. No SIGPIPE. */
bool proto_send(int fd, const struct writer *w) MUST_CHECK;

enum proto_received { PROTO_RECEIVED, PROTO_CLOSED, PROTO_LATE, PROTO_BROKEN };

/*
 * Receives one packet into data[PROTO_PACKET_MAX], by the deadline
 * (clk_mono_ms; INT64_MAX: none). CLOSED: the other side has gone. BROKEN:
 * longer than a packet may be, or an error.
 */
enum proto_received proto_receive(int fd, const struct clk *clk, int64_t deadline,
    uint8_t data[static PROTO_PACKET_MAX], size_t *ret_len) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The service, its readers, and their cards. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "flow/owners.h"
#include "flow/possession/search.h"
#include "flow/possession/survey.h"
#include "flow/usercerts.h"
#include "lib/busy.h"
#include "lib/cleanup.h"
#include "lib/confine.h"
#include "lib/message.h"
#include "nss/cert.h"
#include "tools/common/caged.h"
#include "tools/doctor/doctor.h"

#define PIN_TRIES 3		/* doc/facts/jpki-card.md §9.1 */
#define GRACE_MS 3000

/* --- the card ---------------------------------------------------------------------- */

static void
judge_kind(struct doctor *d, const struct survey *s, const char *reader, const char *how)
{
	static const enum finding of[] = {
		[JPKI_KIND_MY_NUMBER] = FOUND_CARD, [JPKI_KIND_JUKI] = FOUND_CARD_JUKI,
		[JPKI_KIND_PHONE] = FOUND_CARD_PHONE, [JPKI_KIND_UNKNOWN] = FOUND_CARD_UNKNOWN,
	};

	found(d, of[s->kind], "%s%s", reader, how);
}

static void
judge_tries(struct doctor *d, const struct survey *s)
{
	if (s->auth_tries == TRIES_UNKNOWN)
		found_alone(d, FOUND_PIN_UNKNOWN);
	else if (s->auth_tries == 0)
		found_alone(d, FOUND_PIN_LOCKED);
	else
		found(d, s->auth_tries < PIN_TRIES ? FOUND_PIN_FEWER : FOUND_PIN_FULL, "%d", s->auth_tries);
	if (s->sign_tries > 0)
		found(d, FOUND_SIGN_PIN, "%d", s->sign_tries);
	else if (s->sign_tries == 0)
		found_alone(d, FOUND_SIGN_PIN_LOCKED);
}

static void
judge_owners(struct doctor *d, struct view der)
{
	struct owners owners;
	struct outcome o = owners_find(&d->t->env, der, SIZE_MAX, &owners);

	if (!outcome_ok(&o))
		return;
	for (size_t i = 0; i < owners.count; i++)
		found(d, FOUND_CERT_ENROLLED, "%s", owners.names[i]);
	if (owners.count == 0)
		found_alone(d, FOUND_CERT_STRANGER);
}

static void
judge_certificate(struct doctor *d, struct view der)
{
	_cleanup_(usercerts_done) struct usercerts one = { .count = 0 };
	const struct flow_env *env = &d->t->env;
	struct outcome o = usercerts_of(env, der, &one);
	char date[MESSAGE_DATE_MAX];
	int64_t end;

	if (outcome_ok(&o))
		o = one.at[0].verdict;
	if (!outcome_ok(&o)) {
		found(d, FOUND_CERT_REFUSED, "%s, %s", outcome_code(o.status), _(outcome_state(o.status)));
		return;
	}
	end = cert_not_after(one.at[0].cert);
	message_date(end, date);
	found(d, message_expires_soon(end, clk_wall_s(env->clk), d->t->conf.expiry_warning_days) ?
	    FOUND_CERT_ENDS : FOUND_CERT, "%s", date);
}

static bool
is_proper(const struct survey *s)
{
	return s->kind != JPKI_KIND_JUKI && s->kind != JPKI_KIND_PHONE;
}

static void
judge_card(struct doctor *d, const struct survey *s, const char *reader, const char *how)
{
	struct view der = { s->der, s->der_len };

	judge_kind(d, s, reader, how);
	judge_tries(d, s);
	if (s->der_len == 0) {
		found_alone(d, FOUND_CARD_NO_CERT);
		return;
	}
	if (d->card_only)
		return;
	judge_certificate(d, der);
	judge_owners(d, der);
}

/* --- the reader -------------------------------------------------------------------- */

static enum finding
finding_of(enum outcome_status status)
{
	switch (status) {
	case OUTCOME_CARD_BUSY:
		return FOUND_READER_BUSY;
	case OUTCOME_CARD_REMOVED:
	case OUTCOME_NO_CARD:
	case OUTCOME_NO_READER:
		return FOUND_READER_LOST;
	case OUTCOME_NOT_JPKI:
		return FOUND_CARD_OTHER;
	case OUTCOME_NO_SERVICE:
		return FOUND_SERVICE_SILENT;
	case OUTCOME_SERVICE_VERSION:
		return FOUND_SERVICE_VERSION;
	case OUTCOME_SERVICE_REFUSED:
		return FOUND_SERVICE_REFUSES;
	default:
		return FOUND_READER_CANNOT;
	}
}

/*
 * The cards of a machine. Other kinds of cards are reported last, because beside a My Number Card they are
 * harmless.
 */
struct cards {
	unsigned int present, proper, others;
	struct {
		enum finding finding;
		char detail[DETAIL_MAX];
	} other[TRANSPORT_READERS_MAX];
};

static void
note_other(struct cards *cards, enum finding f, const char *reader, const char *more)
{
	cards->other[cards->others].finding = f;
	snprintf(cards->other[cards->others].detail, DETAIL_MAX, "%s%s", reader, more);
	cards->others++;
}

static void
examine_card(struct doctor *d, const struct transport_reader *reader, const char *how, struct cards *cards)
{
	static struct survey survey;
	struct outcome o = reader->exclusive ? outcome_of(OUTCOME_CARD_BUSY) :
	    survey_card(&d->t->env, reader->name, &survey);
	char code[64];

	if (outcome_ok(&o) && is_proper(&survey)) {
		cards->proper++;
		judge_card(d, &survey, reader->name, how);
	} else if (outcome_ok(&o)) {
		note_other(cards, survey.kind == JPKI_KIND_JUKI ? FOUND_CARD_JUKI : FOUND_CARD_PHONE, reader->name, how);
	} else {
		snprintf(code, sizeof code, " (%s)", outcome_code(o.status));
		note_other(cards, finding_of(o.status), reader->name, code);
	}
}

static void
examine_reader(struct doctor *d, struct pcsc *pcsc, const struct transport_reader *reader, struct cards *cards)
{
	struct pcsc_description about;
	struct outcome o = pcsc_describe(pcsc, reader->name, &about);

	if (!outcome_ok(&o)) {
		found(d, finding_of(o.status), "%s", reader->name);
		return;
	}
	found(d, FOUND_READER, "%s%s%s%s%s", reader->name, about.vendor[0] != '\0' ? "; " : "", about.vendor,
	    about.version[0] != '\0' ? "; " : "", about.version);
	if (!reader->has_card)
		return;
	cards->present++;
	examine_card(d, reader, about.contactless ? _(", contactless") : _(", by its contacts"), cards);
}

static void
examine_readers(struct doctor *d, struct pcsc *pcsc, const struct transport_readers *readers)
{
	static struct cards cards;
	unsigned int wanted = 0;

	for (size_t i = 0; i < readers->count; i++)
		if (search_wants(d->reader, readers, readers->at[i].name)) {
			wanted++;
			examine_reader(d, pcsc, &readers->at[i], &cards);
		}
	for (unsigned int i = 0; i < cards.others; i++)
		found(d, cards.proper > 0 ? FOUND_CARD_PASSED_OVER : cards.other[i].finding, "%s",
		    cards.other[i].detail);
	if (wanted == 0)
		found_alone(d, FOUND_READER_NONE);
	else if (cards.present == 0)
		found_alone(d, FOUND_READER_EMPTY);
}

/* In a separate process: whether pcscd admits this user, if it answers at all. */
static bool
admits(const struct doctor *d, const struct confine_user *user)
{
	const struct confinement c = { .user = user, .parent = getpid() };
	static const struct log unheard;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct pcsc *pcsc = pcsc_new(d->t->env.clk, &unheard);
		struct outcome o = outcome_of(OUTCOME_INTERNAL);
		int landlock;

		if (pcsc != NULL && confine(&c, &landlock))
			o = pcsc_connect(pcsc);
		_exit(o.status == OUTCOME_SERVICE_REFUSED);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

/* Tests the user that a helper started by root switches to; only root can test that. */
static void
judge_helper_user(struct doctor *d)
{
	const char *name = doctor_helper_user(d);
	struct confine_user user;

	if (geteuid() == 0 && name != NULL && confine_find_user(name, &user) == CONFINE_FOUND && !admits(d, &user))
		found(d, FOUND_SERVICE_REFUSES_HELPER, "%s", name);
}

static enum finding
refusal(enum outcome_status status)
{
	if (status == OUTCOME_SERVICE_VERSION)
		return FOUND_SERVICE_VERSION;
	return status != OUTCOME_SERVICE_REFUSED ? FOUND_SERVICE_SILENT :
	    geteuid() == 0 ? FOUND_SERVICE_REFUSES_ROOT : FOUND_SERVICE_REFUSES;
}

static void
examine(struct doctor *d)
{
	struct pcsc *pcsc = pcsc_new(d->t->env.clk, &d->t->log);
	struct transport_readers readers;
	struct outcome o = outcome_of(OUTCOME_NO_MEMORY);

	if (pcsc != NULL) {
		d->t->env.transport = pcsc_transport(pcsc);
		o = d->t->env.transport->ops->readers(d->t->env.transport->ctx, &readers);
	}
	if (!outcome_ok(&o)) {
		found_alone(d, refusal(o.status));
		pcsc_free(pcsc);
		return;
	}
	found_alone(d, FOUND_SERVICE);
	judge_helper_user(d);
	/* Before any data of a card is read. */
	d->t->pcsc = pcsc;
	o = caged_confine(d->t);
	if (!outcome_ok(&o))
		_exit(1);
	examine_readers(d, pcsc, &readers);
	pcsc_free(pcsc);
}

/* --- the process that does it --------------------------------------------------------- */

static void
take_line(struct doctor *d, const char *line)
{
	char *detail;
	unsigned long f = strtoul(line, &detail, 10);

	if (f >= FINDING_COUNT || *detail++ != ' ')
		return;
	log_defuse(detail);
	found(d, (enum finding)f, "%s", detail);
}

/* Removes the complete lines from the front of text[*len]. */
static void
take_lines(struct doctor *d, char *text, size_t *len)
{
	char *end;

	while ((end = memchr(text, '\n', *len)) != NULL) {
		size_t taken = (size_t)(end - text) + 1;

		*end = '\0';
		take_line(d, text);
		*len -= taken;
		memmove(text, text + taken, *len);
	}
}

/* Reads until the other end closes; false if it takes too long. */
/* Whether something has come, within the time that we would wait for what another program does to a card. */
static bool
wait_for_line(const struct doctor *d, int fd)
{
	const int ms = (int)d->t->conf.timeout * 1000 + GRACE_MS;
	struct busy busy = busy_begin();
	int r;

	do {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		r = poll(&p, 1, busy_wait_ms(&busy, ms));
	} while ((r < 0 && errno == EINTR) || (r == 0 && busy_show(&busy, _("Examining readers and cards …"))));
	busy_clear(&busy);
	return r > 0;
}

static bool
follow(struct doctor *d, int fd)
{
	char text[2 * DETAIL_MAX];
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (!wait_for_line(d, fd) || len == sizeof text)
			return false;
		n = read(fd, text + len, sizeof text - len);
		if (n <= 0)
			return n == 0;
		len += (size_t)n;
		take_lines(d, text, &len);
	}
}

static bool
examine_apart(struct doctor *d)
{
	int pair[2], status;
	bool followed;
	pid_t child, self = getpid();

	(void)fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	child = fork();
	if (child == 0) {
		(void)close(pair[0]);
		d->pipe = pair[1];
		if (!caged_detach(self, 0, &pair[1], 1, false))
			_exit(1);
		examine(d);
		_exit(0);
	}
	(void)close(pair[1]);
	followed = child > 0 && follow(d, pair[0]);
	(void)close(pair[0]);
	if (child <= 0)
		return false;
	if (!followed)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return followed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void
doctor_readers(struct doctor *d)
{
	struct stat st;

	if (stat(PCSC_SOCKET, &st) != 0) {
		found(d, FOUND_SERVICE_ABSENT, "%s", PCSC_SOCKET);
		return;
	}
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != (S_IROTH | S_IWOTH))
		found(d, FOUND_SERVICE_CLOSED, "%s (%04o)", PCSC_SOCKET, (unsigned int)st.st_mode & 07777);
	if (!examine_apart(d))
		found_alone(d, FOUND_SERVICE_HANGS);
}

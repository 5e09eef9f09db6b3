/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <syslog.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "lib/clk.h"
#include "tools/watch/blocked.h"

#define WAIT_MS 60000		/* at most: for directories that appear, and file systems without events */
#define CALM_MS 200		/* between two looks, so that many changes at once cost few of them */
#define READS_MAX 64		/* of events between two looks: there may always be another one */
#define RETRY_MS 5000
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)

/* --- what the lists say ---------------------------------------------------------------- */

enum said { SAID_NOTHING, SAID_BLOCKED, SAID_UNKNOWN };

static const struct log silent = { .sink = NULL };	/* logins log what is wrong with a list */

/* What is looked for in root's list: entries, or (by_certificate alone) the first digits of a fingerprint. */
struct sought {
	const struct block_entry *by_certificate, *by_serial;
	bool found;
};

static void
compare(void *ctx, const struct block_entry *entry, const char *note)
{
	struct sought *s = ctx;
	const char *digits = s->by_certificate->certificate;

	if (entry->certificate[0] != '\0')
		s->found |= strncmp(entry->certificate, digits, strlen(digits)) == 0;
	else if (s->by_serial != NULL && s->by_serial->serial[0] != '\0')
		s->found |= strcmp(entry->issuer_key, s->by_serial->issuer_key) == 0 &&
		    strcmp(entry->serial, s->by_serial->serial) == 0;
}

static enum said
list_says(const struct conf *conf, uid_t owner, const struct block_entry *by_certificate,
    const struct block_entry *by_serial)
{
	struct blocklist list = { .path = conf->block_list, .owner = owner, .log = &silent };
	struct sought s = { .by_certificate = by_certificate, .by_serial = by_serial };
	struct outcome o = blocklist_each(&list, compare, &s);

	if (!outcome_ok(&o))
		return SAID_UNKNOWN;
	return s.found ? SAID_BLOCKED : SAID_NOTHING;
}

/* Whether a name in the copy's blocked/ begins with these digits. */
static enum said
copy_says_prefix(const struct fleetcopy *copy, const char *digits)
{
	int fd = copy->blocked_fd >= 0 ? openat(copy->blocked_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	enum said said = SAID_NOTHING;

	if (dir == NULL) {
		closep(&fd);
		return copy->blocked_fd >= 0 ? SAID_UNKNOWN : SAID_NOTHING;
	}
	errno = 0;
	/* One thread reads this directory. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (said == SAID_NOTHING && (entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == CERT_FINGERPRINT_LEN && strncmp(entry->d_name, digits, strlen(digits)) == 0)
			said = SAID_BLOCKED;
	if (said == SAID_NOTHING && errno != 0)
		said = SAID_UNKNOWN;
	(void)closedir(dir);
	return said;
}

static enum said
copy_says_name(const struct fleetcopy *copy, const char *name)
{
	struct outcome o = fleetcopy_check(copy, name);

	if (o.status == OUTCOME_FLEET_BLOCKED)
		return SAID_BLOCKED;
	return outcome_ok(&o) ? SAID_NOTHING : SAID_UNKNOWN;
}

static enum said
copy_says(const struct fleetcopy *copy, const struct blocked_cert *c)
{
	const char *digits = c->by_certificate.certificate;
	enum said said = copy_says_name(copy, digits);
	char name[BLOCKLIST_NAME_MAX];

	if (said == SAID_NOTHING && strlen(digits) < CERT_FINGERPRINT_LEN)
		return copy_says_prefix(copy, digits);
	if (said != SAID_NOTHING || c->by_serial.serial[0] == '\0')
		return said;
	blocklist_name(&c->by_serial, name);
	return copy_says_name(copy, name);
}

static enum said
lists_say(const struct blocked *b, const struct fleetcopy *copy, const struct blocked_cert *c)
{
	enum said list = list_says(b->conf, b->owner, &c->by_certificate, &c->by_serial), fleet = copy_says(copy, c);

	if (list == SAID_BLOCKED || fleet == SAID_BLOCKED)
		return SAID_BLOCKED;
	return list == SAID_UNKNOWN || fleet == SAID_UNKNOWN ? SAID_UNKNOWN : SAID_NOTHING;
}

/* --- certificates ------------------------------------------------------------------------- */

static const struct blocked_cert *
followed(const struct blocked_cert *at, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(at[i].id, id) == 0)
			return &at[i];
	return NULL;
}

void
blocked_use(struct blocked *b, const struct look *look)
{
	struct blocked_cert at[USERCERTS_MAX] = { { .id = "" } };
	struct fleetcopy copy;

	fleetcopy_open(b->conf, b->owner, clk_wall_s(&clk_system), &silent, &copy);
	(void)pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < look->count; i++) {
		const struct blocked_cert *before = followed(b->at, b->count, look->at[i].id);

		at[i] = (struct blocked_cert){ .by_certificate = look->at[i].by_certificate, .by_serial = look->at[i].by_serial };
		memcpy(at[i].id, look->at[i].id, sizeof at[i].id);
		if (before != NULL)
			at[i].blocked = before->blocked;
		else if (strcmp(at[i].id, b->session->cert) != 0)
			at[i].blocked = lists_say(b, &copy, &at[i]) == SAID_BLOCKED;
	}
	memcpy(b->at, at, look->count * sizeof at[0]);
	b->count = look->count;
	(void)pthread_mutex_unlock(&b->lock);
	fleetcopy_close(&copy);
}

bool
blocked_use_session(struct blocked *b)
{
	const char *id = b->session->cert;
	struct blocked_cert c = { .blocked = false };

	if (strlen(id) != LOOK_ID_LEN || !hex_is_text(id, LOOK_ID_LEN))
		return false;
	memcpy(c.id, id, LOOK_ID_LEN);
	memcpy(c.by_certificate.certificate, id, LOOK_ID_LEN);
	(void)pthread_mutex_lock(&b->lock);
	b->at[0] = c;
	b->count = 1;
	(void)pthread_mutex_unlock(&b->lock);
	return true;
}

/* Notes what the lists say now. The id of a certificate that has become blocked; "": none has. */
static void
note_states(struct blocked *b, char id[static LOOK_ID_LEN + 1])
{
	struct fleetcopy copy;

	id[0] = '\0';
	fleetcopy_open(b->conf, b->owner, clk_wall_s(&clk_system), &silent, &copy);
	(void)pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->count; i++) {
		enum said said = lists_say(b, &copy, &b->at[i]);

		if (said == SAID_BLOCKED && !b->at[i].blocked)
			memcpy(id, b->at[i].id, sizeof b->at[i].id);
		if (said != SAID_UNKNOWN)
			b->at[i].blocked = said == SAID_BLOCKED;
	}
	(void)pthread_mutex_unlock(&b->lock);
	fleetcopy_close(&copy);
}

/* The action failed: the next look finds the block as a new one. */
static void
forget_state(struct blocked *b, const char *id)
{
	(void)pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->at[i].id, id) == 0)
			b->at[i].blocked = false;
	(void)pthread_mutex_unlock(&b->lock);
}

int
blocked_look(struct blocked *b)
{
	char id[LOOK_ID_LEN + 1];

	note_states(b, id);
	if (id[0] == '\0' || b->act(b->ctx, id))
		return -1;
	forget_state(b, id);
	return RETRY_MS;
}

/* --- waiting -------------------------------------------------------------------------------- */

static bool
add_watch(int fd, const char *path)
{
	return inotify_add_watch(fd, path, EVENTS | IN_ONLYDIR) >= 0;
}

/* The directory, or the nearest one above it that is there: two at most. */
static void
watch_dir(int fd, char *path)
{
	for (int above = 0; above <= 2 && path[0] != '\0' && !add_watch(fd, path); above++) {
		char *slash = strrchr(path, '/');

		if (slash != NULL)
			*slash = '\0';
	}
}

/* Again before each look: inotify ignores a watch that it has, and a directory that was replaced needs a new one. */
static void
watch_lists(const struct conf *conf, int fd)
{
	char path[PATH_MAX], *slash;

	if (conf->fleet_dir[0] != '\0' &&
	    (size_t)snprintf(path, sizeof path, "%s/" FLEETCOPY_BLOCKED, conf->fleet_dir) < sizeof path)
		watch_dir(fd, path);
	snprintf(path, sizeof path, "%s", conf->block_list);
	slash = strrchr(path, '/');
	if (slash != NULL) {
		*slash = '\0';
		watch_dir(fd, path);
	}
}

/* Returns when something in the directories has changed, or after that many milliseconds. */
static void
wait_for_change(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096];
	int left = READS_MAX;

	if (poll(&p, 1, ms) <= 0)
		return;
	(void)poll(NULL, 0, CALM_MS);
	while (left-- > 0 && read(fd, events, sizeof events) > 0)
		;
}

void
blocked_follow(struct blocked *b)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		log_msg(b->log, LOG_WARNING, "inotify: %s; a card that is blocked is noticed within a minute", strerror(errno));
	while (!logind_session_is_over(b->session)) {
		int again;

		watch_lists(b->conf, fd);	/* before the look: what comes after it is an event */
		again = blocked_look(b);
		wait_for_change(fd, again >= 0 ? again : WAIT_MS);
	}
	closep(&fd);
}

static void *
follow_apart(void *ctx)
{
	blocked_follow(ctx);
	return NULL;
}

bool
blocked_begin(struct blocked *b)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int e = pthread_attr_init(&detached);

	if (e == 0) {
		/* Signals go to the main thread. */
		(void)sigfillset(&all);
		(void)pthread_sigmask(SIG_SETMASK, &all, &before);
		(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
		e = pthread_create(&thread, &detached, follow_apart, b);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
		(void)pthread_attr_destroy(&detached);
	}
	if (e != 0)
		log_msg(b->log, LOG_ERR, "%s; no notice is taken of a card that is blocked", strerror(e));
	return e == 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a line in, a line out, "OK [text]" or "ERR reason".
 * Commands that wait for pcscd (insert, remove, swap) are answered when it has
 * noticed; meanwhile other clients are served.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/sim/jpkisim.h"

#define PCSCD_WAIT_MS	5000

static void __attribute__((format(printf, 2, 3)))
reply(struct client *client, const char *format, ...)
{
	char text[REPLY_MAX];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text - 1, format, ap);
	va_end(ap);
	if (n < 0 || client == NULL || client->fd < 0)
		return;
	if ((size_t)n > sizeof text - 2)
		n = sizeof text - 2;
	text[n++] = '\n';
	/* A client that does not read the answer does not need it. */
	(void)send(client->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
reply_bool(struct client *client, bool good, const char *err)
{
	if (good)
		reply(client, "OK");
	else
		reply(client, "ERR %s", err);
}

static void
wait_for(struct sim *sim, struct client *client, enum wait wait)
{
	sim->wait = wait;
	sim->waiting = client;
	sim->wait_until = now_ms() + PCSCD_WAIT_MS;
}

/* --- commands -------------------------------------------------------------- */

static void
do_insert(struct sim *sim, struct client *client, char *args)
{
	if (sim->inserted) {
		reply(client, "ERR a card is in the reader");
		return;
	}
	reader_insert(sim);
	wait_for(sim, client, WAIT_INSERTED);
}

static void
do_remove(struct sim *sim, struct client *client, char *args)
{
	reader_remove(sim);
	wait_for(sim, client, WAIT_REMOVED);
}

static void
do_swap(struct sim *sim, struct client *client, char *args)
{
	char err[SIM_ERROR_MAX];
	struct sim_card *card = sim_card_open(args, err, sizeof err);

	if (card == NULL) {
		reply(client, "ERR %s", err);
		return;
	}
	sim->next_card = card;
	reader_remove(sim);
	wait_for(sim, client, WAIT_REMOVED);
}

static void
do_set(struct sim *sim, struct client *client, char *args)
{
	char *value = strchr(args, ' ');
	char err[SIM_ERROR_MAX];

	if (value == NULL) {
		reply(client, "ERR set KEY VALUE");
		return;
	}
	*value++ = '\0';
	reply_bool(client, sim_card_set(sim->card, args, value, err, sizeof err), err);
}

static void
do_get(struct sim *sim, struct client *client, char *args)
{
	char value[128];

	if (strcmp(args, "inserted") == 0)
		reply(client, "OK %s", sim->inserted ? "yes" : "no");
	else if (sim_card_get(sim->card, args, value, sizeof value))
		reply(client, "OK %s", value);
	else
		reply(client, "ERR %s: no such option", args);
}

#define LL	unsigned long long

static void
do_stats(struct sim *sim, struct client *client, char *args)
{
	struct sim_stats s = sim_card_stats(sim->card);

	if (strcmp(args, "reset") == 0) {
		sim_card_stats_reset(sim->card);
		reply(client, "OK");
		return;
	}
	reply(client, "OK apdus=%llu bytes-in=%llu bytes-out=%llu verifies=%llu queries=%llu "
	    "signs=%llu resets=%llu power-ons=%llu power-offs=%llu faults=%llu",
	    (LL)s.apdus, (LL)s.bytes_in, (LL)s.bytes_out, (LL)s.verifies, (LL)s.queries,
	    (LL)s.signs, (LL)s.resets, (LL)s.power_ons, (LL)s.power_offs, (LL)s.faults);
}

static void
do_fault(struct sim *sim, struct client *client, char *args)
{
	char err[SIM_ERROR_MAX];

	reply_bool(client, sim_card_fault(sim->card, args, err, sizeof err), err);
}

static void
do_trace(struct sim *sim, struct client *client, char *args)
{
	bool good = trace_to(sim, args);

	reply_bool(client, good, strerror(errno));
}

static void
do_verify(struct sim *sim, struct client *client, char *args)
{
	char err[SIM_ERROR_MAX];

	reply_bool(client, sim_card_set(sim->card, "verified", "auth", err, sizeof err), err);
}

static void
do_quit(struct sim *sim, struct client *client, char *args)
{
	sim->quit = true;
	reply(client, "OK");
}

static const struct {
	const char *name;
	void (*run)(struct sim *, struct client *, char *args);
	bool wants_args;
} commands[] = {
	{ "insert", do_insert, false },
	{ "remove", do_remove, false },
	{ "swap", do_swap, true },
	{ "set", do_set, true },
	{ "get", do_get, true },
	{ "stats", do_stats, false },
	{ "fault", do_fault, true },
	{ "trace", do_trace, true },
	{ "verify-as-other-program", do_verify, false },
	{ "quit", do_quit, false },
};

static void
run_line(struct sim *sim, struct client *client)
{
	char *args = client->line + strcspn(client->line, " ");

	if (*args != '\0')
		*args++ = '\0';
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(commands[i].name, client->line) != 0)
			continue;
		if (commands[i].wants_args && *args == '\0')
			reply(client, "ERR %s: what?", client->line);
		else if (sim->wait != WAIT_NOTHING)
			reply(client, "ERR busy: waiting for pcscd");
		else
			commands[i].run(sim, client, args);
		return;
	}
	reply(client, "ERR %s: no such command", client->line);
}

/* --- waiting for pcscd ----------------------------------------------------- */

static void
settle(struct sim *sim, const char *err)
{
	struct client *client = sim->waiting;

	sim->wait = WAIT_NOTHING;
	sim->waiting = NULL;
	reply_bool(client, err == NULL, err);
}

/* The reader is empty: done, or now the next card. */
static void
removed(struct sim *sim)
{
	struct client *client = sim->waiting;

	if (sim->next_card == NULL) {
		settle(sim, NULL);
		return;
	}
	reader_change_card(sim, sim->next_card);
	sim->next_card = NULL;
	reader_insert(sim);
	wait_for(sim, client, WAIT_INSERTED);
}

void
control_tick(struct sim *sim)
{
	if (sim->wait == WAIT_REMOVED && sim->link == LINK_NONE &&
	    now_ms() >= sim->retry_at)
		removed(sim);
	else if (sim->wait == WAIT_INSERTED && sim->wait_until == 0)
		settle(sim, NULL);
	else if (sim->wait != WAIT_NOTHING && now_ms() >= sim->wait_until) {
		sim_card_free(sim->next_card);
		sim->next_card = NULL;
		settle(sim, sim->link == LINK_NONE ? "no virtual reader there: is pcscd running?" :
		    "pcscd does not take notice");
	}
}

/* --- the socket ------------------------------------------------------------ */

/* A socket file without a listener may be replaced. */
static bool
is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
	    errno == ECONNREFUSED;
	(void)close(fd);
	return stale;
}

bool
control_listen(struct sim *sim, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (const struct sockaddr *)&address;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (is_stale(&address))
		(void)unlink(path);
	sim->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sim->listener < 0)
		return false;
	if (bind(sim->listener, sa, sizeof address) != 0 || listen(sim->listener, 4) != 0)
		return false;
	sim->control_path = path;
	return true;
}

static void
client_close(struct sim *sim, struct client *client)
{
	if (sim->waiting == client)
		sim->waiting = NULL;
	(void)close(client->fd);
	client->fd = -1;
	client->len = 0;
}

void
control_close(struct sim *sim)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (sim->clients[i].fd >= 0)
			client_close(sim, &sim->clients[i]);
	if (sim->listener >= 0)
		(void)close(sim->listener);
	if (sim->control_path != NULL)
		(void)unlink(sim->control_path);
}

static void
client_accept(struct sim *sim)
{
	int fd = accept(sim->listener, NULL, NULL);

	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++)
		if (sim->clients[i].fd < 0) {
			sim->clients[i].fd = fd;
			return;
		}
	if (fd >= 0)
		(void)close(fd);
}

static void
client_input(struct sim *sim, struct client *client)
{
	size_t space = sizeof client->line - client->len;
	ssize_t n = recv(client->fd, client->line + client->len, space, 0);
	char *end;

	if (n <= 0) {
		client_close(sim, client);
		return;
	}
	client->len += (size_t)n;
	end = memchr(client->line, '\n', client->len);
	if (end != NULL) {
		*end = '\0';
		client->len = 0;	/* one command at a time */
		run_line(sim, client);
	} else if (client->len == sizeof client->line) {
		client_close(sim, client);
	}
}

size_t
control_pollfds(const struct sim *sim, struct pollfd *fds)
{
	size_t n = 0;

	if (sim->listener >= 0)
		fds[n++] = (struct pollfd){ .fd = sim->listener, .events = POLLIN };
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (sim->clients[i].fd >= 0)
			fds[n++] = (struct pollfd){ .fd = sim->clients[i].fd, .events = POLLIN };
	return n;
}

void
control_input(struct sim *sim, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i].revents == 0)
			continue;
		if (fds[i].fd == sim->listener)
			client_accept(sim);
		for (size_t j = 0; j < CLIENTS_MAX; j++)
			if (sim->clients[j].fd == fds[i].fd)
				client_input(sim, &sim->clients[j]);
	}
}

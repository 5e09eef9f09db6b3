/* SPDX-License-Identifier: BSD-2-Clause */
/* A simulated My Number Card in the virtual reader of vpcd. */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/jpkisim.h"

static const char usage_text[] =
"usage: jpkisim --card DIR [options]\n"
"\n"
"Puts the card in DIR (see mkcard) into the virtual reader of pcscd.\n"
"\n"
"  --card DIR       the card\n"
"  --empty          do not insert it yet\n"
"  --host HOST      where vpcd listens (localhost)\n"
"  --port PORT      (35963)\n"
"  --control SOCK   listen for commands of simctl\n"
"  --trace FILE     write what passes the wire, PINs masked; - is standard output\n";

int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(1, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
trace_to(struct sim *sim, const char *path)
{
	FILE *f = NULL;

	if (strcmp(path, "-") == 0)
		f = stdout;
	else if (strcmp(path, "off") != 0 && (f = fopen(path, "ae")) == NULL)
		return false;
	if (sim->trace != NULL && sim->trace != stdout)
		fclose(sim->trace);
	sim->trace = f;
	sim_card_trace(sim->card, f);
	return true;
}

static volatile sig_atomic_t stopped;

static void
stop(int sig)
{
	stopped = 1;
}

static void
catch_signals(sigset_t *ret_unblocked)
{
	struct sigaction action = { .sa_handler = stop };
	sigset_t blocked;

	/* Delivered in ppoll() only: none can slip by in between. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	if (sigprocmask(SIG_BLOCK, &blocked, ret_unblocked) != 0 ||
	    sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		err(1, "signals");
	sigdelset(ret_unblocked, SIGTERM);
	sigdelset(ret_unblocked, SIGINT);
}

static int
timeout_ms(const struct sim *sim)
{
	int timeout = reader_timeout(sim);

	/* Deadlines of waiting clients need no precision. */
	if (sim->wait != WAIT_NOTHING && (timeout < 0 || timeout > 100))
		timeout = 100;
	return timeout;
}

static void
turn(struct sim *sim, const sigset_t *unblocked)
{
	struct pollfd fds[CLIENTS_MAX + 2];
	int timeout = timeout_ms(sim);
	struct timespec ts = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L };
	size_t n = control_pollfds(sim, fds);
	nfds_t all = n;

	if (sim->fd >= 0)
		fds[all++] = (struct pollfd){ .fd = sim->fd, .events = POLLIN };
	if (ppoll(fds, all, timeout < 0 ? NULL : &ts, unblocked) < 0) {
		if (errno != EINTR)
			err(1, "ppoll");
		return;
	}
	if (all > n && fds[n].revents != 0)
		reader_input(sim);
	control_input(sim, fds, n);
	reader_tick(sim);
	control_tick(sim);
}

struct arguments {
	const char *card, *control, *trace;
	bool empty;
};

static void
parse_arguments(int argc, char **argv, struct sim *sim, struct arguments *ret)
{
	static const struct option options[] = {
		{ "card", required_argument, NULL, 'c' },
		{ "empty", no_argument, NULL, 'e' },
		{ "host", required_argument, NULL, 'H' },
		{ "port", required_argument, NULL, 'p' },
		{ "control", required_argument, NULL, 's' },
		{ "trace", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			ret->card = optarg;
			break;
		case 'e':
			ret->empty = true;
			break;
		case 'H':
			sim->host = optarg;
			break;
		case 'p':
			sim->port = optarg;
			break;
		case 's':
			ret->control = optarg;
			break;
		case 't':
			ret->trace = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			exit(2);
		}
	if (ret->card == NULL || optind != argc) {
		fputs(usage_text, stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct sim sim = {
		.host = "localhost", .port = "35963", .fd = -1, .listener = -1,
		.answer_due = NEVER,
	};
	struct arguments args = { 0 };
	char reason[SIM_ERROR_MAX];
	sigset_t unblocked;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		sim.clients[i].fd = -1;
	parse_arguments(argc, argv, &sim, &args);
	catch_signals(&unblocked);
	sim.answer = malloc(SIM_RESPONSE_MAX);
	if (sim.answer == NULL)
		err(1, NULL);
	sim.card = sim_card_open(args.card, reason, sizeof reason);
	if (sim.card == NULL)
		errx(1, "%s", reason);
	if (args.trace != NULL && !trace_to(&sim, args.trace))
		err(1, "%s", args.trace);
	if (args.control != NULL && !control_listen(&sim, args.control))
		err(1, "%s", args.control);
	if (!args.empty)
		reader_insert(&sim);
	while (!sim.quit && !stopped)
		turn(&sim, &unblocked);
	reader_remove(&sim);
	control_close(&sim);
	(void)trace_to(&sim, "off");
	sim_card_free(sim.card);
	free(sim.answer);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "helper/link.h"
#include "helper/resources.h"
#include "helper/tick.h"
#include "helper/watchdog.h"

#define TICK_MS 250

/* The handler reads it: members wider than a sig_atomic_t change only while the ticks are stopped. */
static struct {
	struct watchdog watchdog;
	unsigned int work_s;
	volatile sig_atomic_t pin_changing;
	volatile sig_atomic_t result_sent;
	struct late {
		uint8_t packet[PROTO_PACKET_MAX];
		size_t len;
	} busy, timeout, uncertain;
} ticking;

/* Only async-signal-safe calls in here. */
static void
on_tick(int sig)
{
	bool waits = pcsc_outcome_if_late(resources_pcsc()) == OUTCOME_CARD_BUSY;
	const struct late *late = ticking.pin_changing ? &ticking.uncertain :
	    waits ? &ticking.busy : &ticking.timeout;
	int error = errno;

	if (!watchdog_strikes(&ticking.watchdog, waits, link_module_gone(NULL))) {
		errno = error;
		return;
	}
	if (!ticking.result_sent)
		(void)!send(PROTO_FD, late->packet, late->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	resources_wipe_pins();
	_exit(EXIT_PROTOCOL);
}

static bool
prepare_late(struct late *late, enum outcome_status status, bool card_clean)
{
	struct writer w = writer_of(late->packet, sizeof late->packet);
	struct outcome o = outcome_of(status);
	char text[MESSAGE_MAX];

	link_sentence(&o, text);
	if (!link_put_result(&w, &o, card_clean, text, ""))
		return false;
	late->len = w.len;
	return true;
}

static void
set_ticks(int ms)
{
	struct timeval every = { .tv_usec = ms * 1000 };
	struct itimerval it = { .it_interval = every, .it_value = every };

	if (setitimer(ITIMER_REAL, &it, NULL) != 0)
		_exit(EXIT_PROTOCOL);
}

static void
stop_ticks(void)
{
	set_ticks(0);
}

static void
start_ticks(void)
{
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };

	if (!prepare_late(&ticking.busy, OUTCOME_CARD_BUSY, true) ||
	    !prepare_late(&ticking.timeout, OUTCOME_TIMEOUT, !ticking.watchdog.pin_received) ||
	    !prepare_late(&ticking.uncertain, OUTCOME_PIN_UNCERTAIN, false) ||
	    sigemptyset(&sa.sa_mask) != 0 || sigaction(SIGALRM, &sa, NULL) != 0)
		_exit(EXIT_PROTOCOL);
	set_ticks(TICK_MS);
}

void
tick_begin(unsigned int wait_s, unsigned int work_s, bool must_finish)
{
	ticking.work_s = work_s;
	ticking.watchdog.must_finish = must_finish;
	budget_start(&ticking.watchdog.budget, &clk_system, (int64_t)(wait_s + work_s) * 1000);
	start_ticks();
}

const struct budget *
tick_budget(void)
{
	return &ticking.watchdog.budget;
}

void
tick_pause(void)
{
	stop_ticks();
	budget_pause(&ticking.watchdog.budget);
}

void
tick_resume(void)
{
	budget_resume(&ticking.watchdog.budget, (int64_t)ticking.work_s * 1000);
	start_ticks();
}

void
tick_resume_search(void)
{
	budget_resume(&ticking.watchdog.budget, INT64_MAX);
	start_ticks();
}

void
tick_others_have_card(int64_t ms)
{
	stop_ticks();
	ticking.watchdog.open_by = clk_mono_ms(&clk_system) + ms;
	start_ticks();
}

void
tick_pin_received(void)
{
	ticking.watchdog.pin_received = true;
}

void
tick_pin_changing(void)
{
	ticking.pin_changing = 1;
}

void
tick_result_sent(void)
{
	ticking.result_sent = 1;
	ticking.watchdog.must_finish = true;
}

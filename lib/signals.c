/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "lib/signals.h"

void
signals_hold(sigset_t *ret_before)
{
	sigset_t held;

	(void)sigfillset(&held);
	(void)sigdelset(&held, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &held, ret_before);
}

void
signals_release(sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

void
signals_on_alarm(void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t alarms;

	(void)sigaction(SIGALRM, &action, NULL);
	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scprobe: looks at the smart card service from outside, for the tests.
 *
 *	scprobe service MS    wait until pcscd answers
 *	scprobe readers MS    wait until there is a reader; prints the names
 *	scprobe none MS       wait until there is no reader
 *	scprobe card MS       wait until a card is on the first reader and
 *	                      has told its ATR; prints the ATR
 *	scprobe empty MS      wait until none does
 *	scprobe mark          prints the event counter of the first reader; it
 *	                      counts every card that comes or goes
 *	scprobe changed MARK MS   wait until that counter has moved on from
 *	                      MARK and a card is there: a swap has been seen
 *	scprobe power         powers the card up, as any program that looks at it
 *	scprobe hold MS       hold the card in a transaction; prints "held"
 *	scprobe exclusive MS  hold the card for itself alone; prints "held"
 *
 * Exit status: 0, or 1 with the reason if the time (MS) ran out.
 */
#include "config.h"

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <winscard.h>

#define POLL_MS 20

static int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(2, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
pause_ms(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

struct probe {
	SCARDCONTEXT ctx;
	bool open;
	char reader[4096];	/* the list: its first name is what %s prints; empty: none */
	SCARD_READERSTATE state;
};

static LONG
look(struct probe *p)
{
	DWORD len = sizeof p->reader;
	LONG r = SCARD_S_SUCCESS;

	if (!p->open) {
		r = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->ctx);
		p->open = r == SCARD_S_SUCCESS;
	}
	memset(&p->state, 0, sizeof p->state);
	p->reader[0] = '\0';
	if (r == SCARD_S_SUCCESS)
		r = SCardListReaders(p->ctx, NULL, p->reader, &len);
	if (r == SCARD_E_NO_READERS_AVAILABLE)	/* the list stays empty */
		return SCARD_S_SUCCESS;
	if (r != SCARD_S_SUCCESS) {
		if (p->open)
			SCardReleaseContext(p->ctx);
		p->open = false;
		return r;
	}
	p->state.szReader = p->reader;
	return SCardGetStatusChange(p->ctx, 0, &p->state, 1);
}

static bool
has_card(const struct probe *p)
{
	return p->reader[0] != '\0' && (p->state.dwEventState & SCARD_STATE_PRESENT) &&
	    !(p->state.dwEventState & SCARD_STATE_MUTE) && p->state.cbAtr > 0;
}

static unsigned long
counter(const struct probe *p)
{
	return (unsigned long)(p->state.dwEventState >> 16) & 0xffff;
}

/* --- what can be waited for ------------------------------------------------- */

static bool
is_service(const struct probe *p, LONG r, const char *arg)
{
	(void)p;
	(void)arg;
	return r == SCARD_S_SUCCESS;
}

static bool
is_reader(const struct probe *p, LONG r, const char *arg)
{
	(void)arg;
	return r == SCARD_S_SUCCESS && p->reader[0] != '\0';
}

static bool
is_none(const struct probe *p, LONG r, const char *arg)
{
	(void)arg;
	return r == SCARD_S_SUCCESS && p->reader[0] == '\0';
}

static bool
is_card(const struct probe *p, LONG r, const char *arg)
{
	(void)arg;
	return r == SCARD_S_SUCCESS && has_card(p);
}

static bool
is_empty(const struct probe *p, LONG r, const char *arg)
{
	return is_reader(p, r, arg) && !(p->state.dwEventState & SCARD_STATE_PRESENT);
}

static bool
is_changed(const struct probe *p, LONG r, const char *arg)
{
	return is_card(p, r, arg) && counter(p) != strtoul(arg, NULL, 10);
}

static const struct {
	const char *name;
	bool (*reached)(const struct probe *p, LONG r, const char *arg);
	int args;	/* before MS */
} waits[] = {
	{ "service", is_service, 0 },
	{ "readers", is_reader, 0 },
	{ "none", is_none, 0 },
	{ "card", is_card, 0 },
	{ "empty", is_empty, 0 },
	{ "changed", is_changed, 1 },
};

static void
print_state(const struct probe *p)
{
	for (DWORD i = 0; i < p->state.cbAtr; i++)
		printf("%02X", p->state.rgbAtr[i]);
	printf("%s%s\n", p->state.cbAtr > 0 ? " " : "", p->reader);
}

static int
wait_for(struct probe *p, size_t which, const char *arg, int64_t ms)
{
	int64_t end = now_ms() + ms;
	LONG r;

	for (;;) {
		r = look(p);
		if (waits[which].reached(p, r, arg)) {
			print_state(p);
			return 0;
		}
		if (now_ms() >= end)
			break;
		pause_ms(POLL_MS);
	}
	warnx("waited %lld ms for \"%s\" in vain: %s, reader \"%s\", state 0x%lx", (long long)ms,
	    waits[which].name, pcsc_stringify_error(r), p->reader,
	    (unsigned long)p->state.dwEventState);
	return 1;
}

/* For so long; 0: only connects. */
static int
hold(struct probe *p, DWORD share, int ms)
{
	SCARDHANDLE card;
	DWORD protocol;
	LONG r = look(p);

	if (r == SCARD_S_SUCCESS)
		r = SCardConnect(p->ctx, p->reader, share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
		    &card, &protocol);
	if (r == SCARD_S_SUCCESS && share == SCARD_SHARE_SHARED && ms > 0)
		r = SCardBeginTransaction(card);
	if (r != SCARD_S_SUCCESS)
		errx(1, "cannot hold the card: %s", pcsc_stringify_error(r));
	if (ms > 0)
		puts("held");
	fflush(stdout);
	pause_ms(ms);
	if (share == SCARD_SHARE_SHARED && ms > 0)
		SCardEndTransaction(card, SCARD_LEAVE_CARD);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	return 0;
}

static int
run(struct probe *p, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "mark") == 0) {
		if (look(p) != SCARD_S_SUCCESS)
			return 1;
		printf("%lu\n", counter(p));
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "power") == 0)
		return hold(p, SCARD_SHARE_SHARED, 0);
	if (argc == 3 && strcmp(argv[1], "hold") == 0)
		return hold(p, SCARD_SHARE_SHARED, atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "exclusive") == 0)
		return hold(p, SCARD_SHARE_EXCLUSIVE, atoi(argv[2]));
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
		if (argc == 3 + waits[i].args && strcmp(argv[1], waits[i].name) == 0)
			return wait_for(p, i, argv[2], atoi(argv[argc - 1]));
	errx(2, "usage: scprobe service|readers|none|card|empty|hold|exclusive MS\n"
	    "       scprobe power | mark | changed MARK MS");
}

int
main(int argc, char **argv)
{
	struct probe p = { .open = false };
	int status = run(&p, argc, argv);

	if (p.open)
		SCardReleaseContext(p.ctx);
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <reader.h>
#include <winscard.h>

#include "tests/sim/card.h"
#include "tests/sim/winscard.h"

#define CONTEXT 0x4a50
#define HANDLE 0x4b49
#define POLL_NS 1000000
#define READER "Simulated Reader %02u 00"
#define PNP "\\\\?PnP?\\Notification"

/* This process's side: one context, one card. */
static struct {
	struct simscard *shared;
	char dir[PATH_MAX];
	bool has_context, has_card;
	unsigned int boots;		/* as of the context */
	unsigned int reader, generation, resets;	/* as of the card */
	int lock;			/* held: the transaction; -1 */
	struct sim_card *card;
	const char *fault;
} here = { .lock = -1 };

bool *simscard_works;

static void
works(bool now)
{
	if (simscard_works != NULL)
		*simscard_works = now;
}

struct simscard *
simscard_new(const char *dir)
{
	char path[PATH_MAX];
	void *p = MAP_FAILED;
	int fd;

	snprintf(here.dir, sizeof here.dir, "%s", dir);
	snprintf(path, sizeof path, "%.4000s/shared", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0 && ftruncate(fd, sizeof *here.shared) == 0)
		p = mmap(NULL, sizeof *here.shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd);
	if (p == MAP_FAILED)
		return NULL;
	here.shared = p;
	return p;
}

void
simscard_place(struct simscard *s, unsigned int reader, const char *card)
{
	snprintf(s->reader[reader].card, sizeof s->reader[reader].card, "%s", card != NULL ? card : "");
	s->reader[reader].resets++;
	s->reader[reader].verified = false;
	__atomic_add_fetch(&s->reader[reader].generation, 1, __ATOMIC_SEQ_CST);
}

void
simscard_restart(struct simscard *s)
{
	for (unsigned int i = 0; i < s->reader_count; i++) {
		s->reader[i].resets++;
		s->reader[i].verified = false;
	}
	__atomic_add_fetch(&s->boots, 1, __ATOMIC_SEQ_CST);
}

void
simscard_fault(const char *fault)
{
	here.fault = fault;
}

static int
open_lock(const char *dir, unsigned int reader)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%.4000s/lock%u", dir, reader);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		abort();
	return fd;
}

int
simscard_hold(const char *dir, unsigned int reader)
{
	int fd = open_lock(dir, reader);

	if (flock(fd, LOCK_EX) != 0)
		abort();
	return fd;
}

static void
pause_briefly(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	if (here.shared->clock_is_ours)
		return __atomic_load_n(&here.shared->mono_ms, __ATOMIC_SEQ_CST);
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the card -------------------------------------------------------------------------- */

static bool
is_there(unsigned int reader)
{
	return here.shared->reader[reader].card[0] != '\0';
}

/* Whether this process still talks to the card it has opened, without a reset since. */
static LONG
check_card(void)
{
	if (!here.has_card)
		return SCARD_E_INVALID_HANDLE;
	if (here.boots != here.shared->boots)
		return SCARD_E_NO_SERVICE;
	if (here.generation != here.shared->reader[here.reader].generation)
		return SCARD_W_REMOVED_CARD;
	return here.resets == here.shared->reader[here.reader].resets ? SCARD_S_SUCCESS : SCARD_W_RESET_CARD;
}

static void
note_verified(void)
{
	char value[64] = "none";

	if (here.card != NULL && sim_card_get(here.card, "verified", value, sizeof value))
		here.shared->reader[here.reader].verified = strcmp(value, "none") != 0;
}

/* Tries are kept in the directory of the card; what another process has left verified is kept here. */
static LONG
power_on(void)
{
	char path[PATH_MAX], err[SIM_ERROR_MAX];

	snprintf(path, sizeof path, "%.3900s/%s", here.dir, here.shared->reader[here.reader].card);
	sim_card_free(here.card);
	here.card = sim_card_open(path, err, sizeof err);
	if (here.card == NULL)
		return SCARD_W_UNRESPONSIVE_CARD;
	sim_card_power(here.card, true);
	if (here.shared->reader[here.reader].verified && !sim_card_set(here.card, "verified", "auth", err, sizeof err))
		abort();
	if (here.fault != NULL && !sim_card_fault(here.card, here.fault, err, sizeof err))
		abort();
	return SCARD_S_SUCCESS;
}

static void
power_off(void)
{
	sim_card_free(here.card);
	here.card = NULL;
	here.shared->reader[here.reader].verified = false;
	here.shared->reader[here.reader].resets++;
	here.resets = here.shared->reader[here.reader].resets;
}

static void
note_try(const BYTE *cmd, DWORD len)
{
	struct simscard *s = here.shared;
	unsigned int at;

	if (len < 6 || cmd[1] != 0x20 || cmd[4] >= SIMSCARD_PIN_MAX)
		return;
	at = __atomic_fetch_add(&s->try_count, 1, __ATOMIC_SEQ_CST);
	if (at >= SIMSCARD_TRIES)
		abort();
	memset(s->tries[at], 0, sizeof s->tries[at]);
	memcpy(s->tries[at], cmd + 5, cmd[4]);
}

/* Others get the card as it is. */
static void
leave_transaction(void)
{
	if (here.lock < 0)
		return;
	if (here.shared->reader[here.reader].verified)
		__atomic_add_fetch(&here.shared->left_verified, 1, __ATOMIC_SEQ_CST);
	here.shared->reader[here.reader].owner = 0;
	(void)close(here.lock);
	here.lock = -1;
}

/* --- winscard -------------------------------------------------------------------------------- */

LONG
SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT ret)
{
	if (here.shared == NULL || here.shared->reader_count == 0)
		return SCARD_E_NO_SERVICE;
	if (here.has_context)
		abort();
	here.has_context = true;
	here.boots = here.shared->boots;
	__atomic_add_fetch(&here.shared->contexts, 1, __ATOMIC_SEQ_CST);
	*ret = CONTEXT;
	return SCARD_S_SUCCESS;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
	if (!here.has_context || context != CONTEXT || here.has_card)
		abort();
	here.has_context = false;
	__atomic_sub_fetch(&here.shared->contexts, 1, __ATOMIC_SEQ_CST);
	return SCARD_S_SUCCESS;
}

static LONG
check_context(SCARDCONTEXT context)
{
	if (!here.has_context || context != CONTEXT)
		return SCARD_E_INVALID_HANDLE;
	return here.boots == here.shared->boots ? SCARD_S_SUCCESS : SCARD_E_NO_SERVICE;
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	LONG rv = check_context(context);
	DWORD used = 0;

	if (rv != SCARD_S_SUCCESS)
		return rv;
	for (unsigned int i = 0; i < here.shared->reader_count; i++)
		used += (DWORD)snprintf(names + used, *len - used, READER, i) + 1;
	names[used++] = '\0';
	*len = used;
	return SCARD_S_SUCCESS;
}

static bool
find_reader(LPCSTR name, unsigned int *ret)
{
	return sscanf(name, READER, ret) == 1 && *ret < here.shared->reader_count;
}

static DWORD
state_of(unsigned int reader)
{
	DWORD state = (DWORD)(here.shared->reader[reader].generation & 0xffff) << 16;

	state |= is_there(reader) ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
	if (here.shared->reader[reader].owner != 0)
		state |= SCARD_STATE_INUSE;
	return state;
}

/* Fills in the states. Whether one differs from what the caller knows. */
static bool
has_changed(SCARD_READERSTATE *states, DWORD count)
{
	bool changed = false;
	unsigned int reader;

	for (DWORD i = 0; i < count; i++) {
		if (strcmp(states[i].szReader, PNP) == 0 || !find_reader(states[i].szReader, &reader))
			continue;
		states[i].dwEventState = state_of(reader);
		if (states[i].dwEventState != (states[i].dwCurrentState & ~(DWORD)SCARD_STATE_CHANGED)) {
			states[i].dwEventState |= SCARD_STATE_CHANGED;
			changed = true;
		}
	}
	return changed;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD ms, SCARD_READERSTATE *states, DWORD count)
{
	int64_t deadline = now_ms() + (int64_t)ms;
	LONG rv;

	for (;;) {
		rv = check_context(context);
		if (rv != SCARD_S_SUCCESS)
			return rv;
		if (has_changed(states, count))
			return SCARD_S_SUCCESS;
		if (ms != INFINITE && now_ms() >= deadline)
			return SCARD_E_TIMEOUT;
		pause_briefly();
	}
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR name, DWORD share, DWORD protocols, LPSCARDHANDLE ret,
    LPDWORD ret_protocol)
{
	LONG rv = check_context(context);

	if (rv != SCARD_S_SUCCESS)
		return rv;
	if (here.has_card || !find_reader(name, &here.reader))
		return SCARD_E_UNKNOWN_READER;
	if (!is_there(here.reader))
		return SCARD_E_NO_SMARTCARD;
	here.has_card = true;
	here.generation = here.shared->reader[here.reader].generation;
	here.resets = here.shared->reader[here.reader].resets;
	*ret = HANDLE;
	*ret_protocol = SCARD_PROTOCOL_T1;
	return SCARD_S_SUCCESS;
}

static LONG
begin_transaction(void)
{
	LONG rv = check_card();

	if (rv != SCARD_S_SUCCESS)
		return rv;
	here.lock = open_lock(here.dir, here.reader);
	while (flock(here.lock, LOCK_EX | LOCK_NB) != 0) {
		if (here.boots != here.shared->boots)
			break;
		pause_briefly();
	}
	rv = check_card();
	if (rv == SCARD_S_SUCCESS && here.card == NULL)
		rv = power_on();
	if (rv == SCARD_S_SUCCESS) {
		here.shared->reader[here.reader].owner = getpid();
		return rv;
	}
	(void)close(here.lock);
	here.lock = -1;
	return rv;
}

LONG
SCardEndTransaction(SCARDHANDLE handle, DWORD disposition)
{
	if (here.lock < 0)
		abort();
	leave_transaction();
	return check_card();
}

static LONG
reconnect(DWORD initialization, LPDWORD ret_protocol)
{
	LONG rv = check_card();

	if (rv != SCARD_S_SUCCESS && rv != SCARD_W_RESET_CARD)
		return rv;
	if (here.lock < 0 || initialization != SCARD_UNPOWER_CARD)
		abort();
	power_off();
	*ret_protocol = SCARD_PROTOCOL_T1;
	return power_on();
}

static LONG
disconnect(DWORD disposition)
{
	LONG rv = check_card();

	if (!here.has_card)
		abort();
	if (disposition == SCARD_UNPOWER_CARD && (rv == SCARD_S_SUCCESS || rv == SCARD_W_RESET_CARD))
		power_off();
	leave_transaction();
	sim_card_free(here.card);
	here.card = NULL;
	here.has_card = false;
	return rv == SCARD_W_RESET_CARD ? SCARD_S_SUCCESS : rv;
}

LONG
SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_len, LPDWORD state, LPDWORD protocol, LPBYTE atr,
    LPDWORD atr_len)
{
	LONG rv = check_card();

	if (rv != SCARD_S_SUCCESS)
		return rv;
	*state = state_of(here.reader) & ~(DWORD)0xffff;
	*protocol = SCARD_PROTOCOL_T1;
	return SCARD_S_SUCCESS;
}

static LONG
transmit(LPCBYTE cmd, DWORD len, LPBYTE resp, LPDWORD resp_len)
{
	uint8_t bytes[SIM_RESPONSE_MAX];
	LONG rv = check_card();
	size_t n;

	if (here.lock < 0)
		abort();
	if (rv != SCARD_S_SUCCESS)
		return rv;
	note_try(cmd, len);
	n = sim_card_transmit(here.card, cmd, len, bytes, sizeof bytes);
	note_verified();
	while (sim_card_delay_ms(here.card) == SIM_FOREVER)
		(void)pause();
	if (!sim_card_present(here.card)) {
		simscard_place(here.shared, here.reader, NULL);
		return SCARD_W_REMOVED_CARD;
	}
	if (n > *resp_len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	if (n >= 2 && cmd[1] == 0x2a && bytes[n - 2] == 0x90)
		__atomic_add_fetch(&here.shared->signatures, 1, __ATOMIC_SEQ_CST);
	memcpy(resp, bytes, n);
	*resp_len = (DWORD)n;
	return SCARD_S_SUCCESS;
}

LONG
SCardGetAttrib(SCARDHANDLE handle, DWORD id, LPBYTE attr, LPDWORD len)
{
	return SCARD_E_UNSUPPORTED_FEATURE;
}

LONG
SCardBeginTransaction(SCARDHANDLE handle)
{
	LONG rv;

	works(true);
	rv = begin_transaction();
	works(false);
	return rv;
}

LONG
SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD initialization, LPDWORD ret_protocol)
{
	LONG rv;

	works(true);
	rv = reconnect(initialization, ret_protocol);
	works(false);
	return rv;
}

LONG
SCardDisconnect(SCARDHANDLE handle, DWORD disposition)
{
	LONG rv;

	works(true);
	rv = disconnect(disposition);
	works(false);
	return rv;
}

LONG
SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *send, LPCBYTE cmd, DWORD len, SCARD_IO_REQUEST *recv,
    LPBYTE resp, LPDWORD resp_len)
{
	LONG rv;

	works(true);
	rv = transmit(cmd, len, resp, resp_len);
	works(false);
	return rv;
}

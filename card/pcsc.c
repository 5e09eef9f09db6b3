/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <reader.h>
#include <winscard.h>

#include "card/pcsc.h"

/* The pseudo reader whose state changes when readers come and go. */
#define PNP_READER "\\\\?PnP?\\Notification"

#define BUSY_RETRY_MS 100
#define RESET_RETRIES 3
#define REFUSED_RETRIES 3
#define LOST_RETRIES 3
#define IN_USE (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE)
#define STATE_CHANGES 4
#define GONE_MS 1000		/* polled readers notice within half of it */

struct pcsc {
	struct transport transport;
	const struct clk *clk;
	const struct log *log;
	SCARDCONTEXT context;
	bool has_context;
	bool context_broken;	/* pcscd has gone: connect again once no card is open */
	bool no_reconnect;	/* pcsc_forbid_reconnect(): never connect again */
	bool admitted;		/* pcscd has connected this context to a card */
	struct outcome last;
	SCARDHANDLE card;
	bool has_card;
	bool in_transaction;
	char reader[TRANSPORT_NAME_MAX];
	DWORD state;			/* of that reader when the transaction began */
	DWORD protocol;
	struct transport_readers seen;
	volatile sig_atomic_t waiting_for_lock;
};

static struct outcome
outcome_of_rv(LONG rv)
{
	uint32_t raw = (uint32_t)rv;

	switch (rv) {
	case SCARD_S_SUCCESS:
		return outcome_of(OUTCOME_OK);
	/*
	 * pcscd reports a library of another version only by this code (pcsc-lite: winscard_svc.c,
	 * CMD_VERSION).
	 */
	case SCARD_E_SERVICE_STOPPED:
		return outcome_raw(OUTCOME_SERVICE_VERSION, raw);
	case SCARD_E_NO_SERVICE:
	case SCARD_F_COMM_ERROR:	/* the connection to pcscd broke */
	case SCARD_E_INVALID_HANDLE:	/* pcscd was restarted */
		return outcome_raw(OUTCOME_NO_SERVICE, raw);
	case SCARD_W_SECURITY_VIOLATION:
		return outcome_raw(OUTCOME_SERVICE_REFUSED, raw);
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_NO_READERS_AVAILABLE:
		return outcome_raw(OUTCOME_NO_READER, raw);
	case SCARD_E_SHARING_VIOLATION:
		return outcome_raw(OUTCOME_CARD_BUSY, raw);
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD:
	case SCARD_W_RESET_CARD:
		return outcome_raw(OUTCOME_CARD_REMOVED, raw);
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_W_UNRESPONSIVE_CARD:
	case SCARD_W_UNSUPPORTED_CARD:
	case SCARD_E_PROTO_MISMATCH:
	case SCARD_E_NOT_TRANSACTED:	/* the exchange failed in the reader */
	case SCARD_E_CARD_UNSUPPORTED:
		return outcome_raw(OUTCOME_CARD_MUTE, raw);
	case SCARD_E_INSUFFICIENT_BUFFER:	/* the answer is longer than any we ask for */
		return outcome_raw(OUTCOME_BAD_REPLY, raw);
	case SCARD_E_TIMEOUT:
		return outcome_raw(OUTCOME_TIMEOUT, raw);
	case SCARD_E_NO_MEMORY:
		return outcome_raw(OUTCOME_NO_MEMORY, raw);
	default:
		return outcome_raw(OUTCOME_INTERNAL, raw);
	}
}

static void
sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);	/* if interrupted, the caller checks the clock */
}

static void
drop_context(struct pcsc *p)
{
	if (p->has_context)
		(void)SCardReleaseContext(p->context);
	p->has_context = false;
	p->context_broken = false;
	p->admitted = false;
}

static struct outcome
need_context(struct pcsc *p)
{
	LONG rv;

	if (p->context_broken && !p->has_card)
		drop_context(p);
	if (p->has_context)
		return outcome_of(OUTCOME_OK);
	if (p->no_reconnect)
		return p->last;
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
	/*
	 * A pcscd that exits, or has reached its limit of clients, closes the connection, which looks like
	 * a refusal by polkit. So believe a refusal only if it is repeated.
	 */
	for (int i = 0; i < REFUSED_RETRIES && rv == SCARD_W_SECURITY_VIOLATION; i++) {
		sleep_ms(BUSY_RETRY_MS);
		rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
	}
	p->has_context = rv == SCARD_S_SUCCESS;
	return outcome_of_rv(rv);
}

struct outcome
pcsc_connect(struct pcsc *p)
{
	struct outcome o = need_context(p);

	/* If pcscd refuses root, it also refuses the user that root switches to. */
	if (o.status == OUTCOME_SERVICE_REFUSED) {
		p->no_reconnect = true;
		p->last = o;
	}
	return o;
}

struct outcome
pcsc_forbid_reconnect(struct pcsc *p)
{
	struct outcome o = need_context(p);

	p->last = outcome_ok(&o) ? outcome_of(OUTCOME_NO_SERVICE) : o;
	p->no_reconnect = true;
	return o;
}

/*
 * The outcome of a call. A broken connection is replaced at the next use. A connection closed by pcscd
 * counts as broken: pcscd asks polkit only at the first message and at SCardConnect, and compares
 * versions only at the first message.
 */
static struct outcome
after(struct pcsc *p, LONG rv)
{
	struct outcome o = outcome_of_rv(rv);

	if (rv == SCARD_W_SECURITY_VIOLATION || rv == SCARD_E_SERVICE_STOPPED)
		o.status = OUTCOME_NO_SERVICE;
	if (o.status == OUTCOME_NO_SERVICE)
		p->context_broken = true;
	return o;
}

/* Splits the multi-string of SCardListReaders; a list not ended by two NULs is cut there. */
static void
split_names(const char *names, size_t len, struct transport_readers *list)
{
	list->count = 0;
	while (len > 1 && *names != '\0' && list->count < TRANSPORT_READERS_MAX) {
		struct transport_reader *r = &list->at[list->count];
		size_t n = strnlen(names, len);

		if (n == len)
			break;		/* no NUL */
		if (n < sizeof r->name) {
			*r = (struct transport_reader){ .generation = 0 };
			memcpy(r->name, names, n + 1);
			list->count++;
		}
		names += n + 1;
		len -= n + 1;
	}
}

static struct outcome
list_names(struct pcsc *p, struct transport_readers *list)
{
	char names[TRANSPORT_READERS_MAX * TRANSPORT_NAME_MAX + 1];
	DWORD len = sizeof names;
	LONG rv = SCardListReaders(p->context, NULL, names, &len);

	if (rv == SCARD_E_NO_READERS_AVAILABLE) {
		list->count = 0;
		return outcome_of(OUTCOME_OK);
	}
	if (rv != SCARD_S_SUCCESS)
		return after(p, rv);
	split_names(names, len < sizeof names ? len : sizeof names, list);
	return outcome_of(OUTCOME_OK);
}

static uint32_t
generation_of(DWORD event_state)
{
	return (uint32_t)(event_state >> 16 & 0xffff);
}

/*
 * If a reader changes while libpcsclite 2.5 registers for changes (getReaderStatesAndRegisterForEvents), it
 * takes the notification for the list of readers. It then knows no reader, and each later answer belongs to
 * the request before.
 */
static LONG
status_change(struct pcsc *p, DWORD ms, SCARD_READERSTATE *states, size_t count)
{
	LONG rv = SCardGetStatusChange(p->context, ms, states, (DWORD)count);

	if (rv == SCARD_E_UNSUPPORTED_FEATURE)	/* the same, as another code */
		rv = SCARD_E_UNKNOWN_READER;
	if (rv == SCARD_E_UNKNOWN_READER && !p->no_reconnect)
		p->context_broken = true;
	return rv;
}

static LONG
ask_states(struct pcsc *p, struct transport_readers *list)
{
	SCARD_READERSTATE states[TRANSPORT_READERS_MAX] = {0};
	LONG rv;

	if (list->count == 0)
		return SCARD_S_SUCCESS;
	for (size_t i = 0; i < list->count; i++) {
		states[i].szReader = list->at[i].name;
		states[i].dwCurrentState = SCARD_STATE_UNAWARE;
	}
	rv = status_change(p, 0, states, list->count);
	for (size_t i = 0; i < list->count; i++) {
		list->at[i].has_card = (states[i].dwEventState & SCARD_STATE_PRESENT) != 0;
		list->at[i].in_use = (states[i].dwEventState & IN_USE) != 0;
		list->at[i].exclusive = (states[i].dwEventState & SCARD_STATE_EXCLUSIVE) != 0;
		list->at[i].generation = generation_of(states[i].dwEventState);
		list->at[i].state = (uint32_t)states[i].dwEventState & ~(uint32_t)SCARD_STATE_CHANGED;
	}
	return rv;
}

static struct outcome
pcsc_readers(void *ctx, struct transport_readers *ret)
{
	struct transport_readers list = { .count = 0 };
	struct pcsc *p = ctx;
	struct outcome o;
	LONG rv = SCARD_E_UNKNOWN_READER;

	for (int i = 0; i < LOST_RETRIES && rv == SCARD_E_UNKNOWN_READER; i++) {
		o = need_context(p);
		if (outcome_ok(&o))
			o = list_names(p, &list);
		if (!outcome_ok(&o))
			return o;
		rv = ask_states(p, &list);
	}
	if (rv == SCARD_E_UNKNOWN_READER)	/* unplugged just now */
		list.count = 0;
	else if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT)
		return after(p, rv);
	p->seen = list;
	*ret = list;
	return outcome_of(OUTCOME_OK);
}

static bool
same_names(const struct transport_readers *a, const struct transport_readers *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->at[i].name, b->at[i].name) != 0)
			return false;
	return true;
}

static struct outcome
pcsc_wait(void *ctx, const struct transport_readers *known, int64_t ms)
{
	SCARD_READERSTATE states[TRANSPORT_READERS_MAX + 1] = {0};
	struct transport_readers now = { .count = 0 };
	struct pcsc *p = ctx;
	struct outcome o;
	size_t n = known->count;
	LONG rv;

	o = need_context(p);
	if (!outcome_ok(&o)) {
		/* Nothing to wait on: do not make the caller's loop spin. */
		sleep_ms(ms >= 0 && ms < BUSY_RETRY_MS ? (long)ms : BUSY_RETRY_MS);
		return o;
	}
	/* The pseudo reader reports readers added from now on, not those added since the last look. */
	o = list_names(p, &now);
	if (!outcome_ok(&o) || !same_names(&now, known))
		return o;
	for (size_t i = 0; i < n; i++) {
		states[i].szReader = known->at[i].name;
		states[i].dwCurrentState = known->at[i].state;
	}
	states[n].szReader = PNP_READER;
	states[n].dwCurrentState = SCARD_STATE_UNAWARE;
	rv = status_change(p, ms == TRANSPORT_FOREVER ? INFINITE : (DWORD)ms, states, n + 1);
	if (rv == SCARD_E_TIMEOUT || rv == SCARD_E_UNKNOWN_READER)
		return outcome_of(OUTCOME_OK);
	return after(p, rv);
}

/*
 * Whether SCardConnect waits for another program: one that used the card when the readers were last
 * checked, or one that came later (possible only if the card has powered up before).
 */
static bool
others_may_hold(const struct pcsc *p, const char *reader)
{
	if (strcmp(p->reader, reader) == 0)
		return true;
	for (size_t i = 0; i < p->seen.count; i++)
		if (strcmp(p->seen.at[i].name, reader) == 0)
			return p->seen.at[i].in_use;
	return false;
}

/*
 * SCardConnect also waits without limit while another program has a transaction. (If no other program uses
 * the card, the card itself does not power up.)
 */
static LONG
connect_card(struct pcsc *p, const char *reader, int64_t deadline)
{
	LONG rv;

	p->waiting_for_lock = others_may_hold(p, reader);
	for (;;) {
		rv = SCardConnect(p->context, reader, SCARD_SHARE_SHARED,
		    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &p->card, &p->protocol);
		if (rv != SCARD_E_SHARING_VIOLATION || clk_left_ms(p->clk, deadline) == 0)
			break;
		p->waiting_for_lock = 1;	/* another program has exclusive access */
		sleep_ms(BUSY_RETRY_MS);
	}
	p->waiting_for_lock = 0;
	return rv;
}

/*
 * Powers the card down and up while no other program can use it. (SCardDisconnect would end the transaction
 * before it cuts the power, and a waiting program would get the verified card; doc/facts/jpki-card.md
 * §3.1.)
 */
static LONG
cycle_power(struct pcsc *p)
{
	return SCardReconnect(p->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
	    SCARD_UNPOWER_CARD, &p->protocol);
}

static bool
pcsc_close(void *ctx, enum transport_close how)
{
	struct pcsc *p = ctx;
	bool forgot;
	LONG rv;

	if (!p->has_card)
		return true;
	forgot = how == TRANSPORT_POWER_DOWN && p->in_transaction && cycle_power(p) == SCARD_S_SUCCESS;
	if (p->in_transaction && (forgot || how == TRANSPORT_LEAVE))
		(void)SCardEndTransaction(p->card, SCARD_LEAVE_CARD);
	rv = SCardDisconnect(p->card,
	    how == TRANSPORT_POWER_DOWN && !forgot ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD);
	p->has_card = false;
	p->in_transaction = false;
	if (rv != SCARD_S_SUCCESS)
		log_msg(p->log, LOG_DEBUG, "SCardDisconnect: %s", pcsc_stringify_error(rv));
	/* A removed card has no power. */
	return forgot || rv == SCARD_S_SUCCESS || rv == SCARD_W_REMOVED_CARD ||
	    rv == SCARD_E_NO_SMARTCARD;
}

/*
 * Reconnects to a card that others have reset in the meantime, because it may be powered down. If many
 * programs wait for the card, most of them find it reset.
 */
static LONG
take_card(struct pcsc *p, const char *reader, int64_t deadline)
{
	LONG rv;

	for (int i = 0; i < RESET_RETRIES || clk_left_ms(p->clk, deadline) > 0; i++) {
		rv = connect_card(p, reader, deadline);
		if (rv != SCARD_S_SUCCESS)
			return rv;
		p->has_card = true;
		p->admitted = true;
		p->waiting_for_lock = 1;
		rv = SCardBeginTransaction(p->card);
		p->waiting_for_lock = 0;
		p->in_transaction = rv == SCARD_S_SUCCESS;
		if (rv != SCARD_W_RESET_CARD)
			return rv;
		(void)pcsc_close(p, TRANSPORT_LEAVE);
	}
	return SCARD_E_SHARING_VIOLATION;
}

/*
 * SCardStatus does not register for changes, as status_change() does: the helper has only one connection.
 */
static struct outcome
note_state(struct pcsc *p, const char *reader)
{
	DWORD state = 0, protocol;
	LONG rv = SCardStatus(p->card, NULL, NULL, &state, &protocol, NULL, NULL);

	if (rv != SCARD_S_SUCCESS)
		return after(p, rv);
	if (strlen(reader) >= sizeof p->reader)
		return outcome_of(OUTCOME_INTERNAL);
	memcpy(p->reader, reader, strlen(reader) + 1);
	p->state = (state & ~(DWORD)0xffff) | SCARD_STATE_PRESENT;
	return outcome_of(OUTCOME_OK);
}

/*
 * A command failed in the reader, or the answer is not one that a card gives. Usually the card was removed,
 * which pcscd notices a little later.
 */
static bool
card_has_gone(struct pcsc *p)
{
	SCARD_READERSTATE state = { .szReader = p->reader, .dwCurrentState = p->state };
	int64_t deadline = clk_mono_ms(p->clk) + GONE_MS;

	/* Other properties of the reader may change meanwhile: continue from the new state. */
	for (int i = 0; i < STATE_CHANGES; i++) {
		LONG rv = status_change(p, (DWORD)clk_left_ms(p->clk, deadline), &state, 1);

		if (rv != SCARD_S_SUCCESS)
			return false;
		if (!(state.dwEventState & SCARD_STATE_PRESENT) ||
		    generation_of(state.dwEventState) != generation_of(p->state))
			return true;
		state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	return false;
}

static struct outcome
no_answer(struct pcsc *p, struct outcome o)
{
	return card_has_gone(p) ? outcome_raw(OUTCOME_CARD_REMOVED, o.raw) : o;
}

/*
 * SCardConnect was refused by polkit, or pcscd has exited: a new connection shows which. Where none is
 * allowed, a pcscd that connected us to a card before has exited.
 */
static struct outcome
take_again(struct pcsc *p, const char *reader, int64_t deadline)
{
	struct outcome o;
	LONG rv;

	if (p->no_reconnect)
		return p->admitted ? after(p, SCARD_W_SECURITY_VIOLATION) :
		    outcome_of_rv(SCARD_W_SECURITY_VIOLATION);
	drop_context(p);
	o = need_context(p);
	if (!outcome_ok(&o))
		return o;
	rv = take_card(p, reader, deadline);
	return rv == SCARD_W_SECURITY_VIOLATION && !p->has_card ? outcome_of_rv(rv) : after(p, rv);
}

static struct outcome
pcsc_open(void *ctx, const char *reader, int64_t ms)
{
	struct pcsc *p = ctx;
	int64_t deadline = clk_mono_ms(p->clk) + ms;
	struct outcome o;
	LONG rv;

	if (p->has_card)
		return outcome_of(OUTCOME_INTERNAL);
	o = need_context(p);
	if (!outcome_ok(&o))
		return o;
	rv = take_card(p, reader, deadline);
	if (rv != SCARD_S_SUCCESS)
		log_msg(p->log, LOG_DEBUG, "cannot connect to the card in %s: %s", LOG_NAME(reader),
		    pcsc_stringify_error(rv));
	o = rv == SCARD_W_SECURITY_VIOLATION && !p->has_card ? take_again(p, reader, deadline) :
	    after(p, rv);
	if (outcome_ok(&o))
		o = note_state(p, reader);
	if (!outcome_ok(&o))
		(void)pcsc_close(p, TRANSPORT_LEAVE);
	return o;
}

static struct outcome
pcsc_power_cycle(void *ctx)
{
	struct pcsc *p = ctx;
	LONG rv;

	if (!p->in_transaction)
		return outcome_of(OUTCOME_INTERNAL);
	rv = cycle_power(p);
	if (rv != SCARD_S_SUCCESS)
		log_msg(p->log, LOG_DEBUG, "SCardReconnect: %s", pcsc_stringify_error(rv));
	return after(p, rv);
}

static struct outcome
pcsc_transmit(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap,
    size_t *ret_len)
{
	struct pcsc *p = ctx;
	DWORD len = (DWORD)cap;
	LONG rv;

	if (!p->in_transaction)
		return outcome_of(OUTCOME_INTERNAL);
	rv = SCardTransmit(p->card, p->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
	    cmd, (DWORD)cmd_len, NULL, resp, &len);
	if (rv != SCARD_S_SUCCESS) {
		log_msg(p->log, LOG_DEBUG, "SCardTransmit: %s", pcsc_stringify_error(rv));
		return rv == SCARD_E_NOT_TRANSACTED ? no_answer(p, after(p, rv)) : after(p, rv);
	}
	if (len < 2)
		return no_answer(p, outcome_of(OUTCOME_BAD_REPLY));
	if (len > cap)
		return outcome_of(OUTCOME_BAD_REPLY);
	*ret_len = len;
	return outcome_of(OUTCOME_OK);
}

static const struct transport_ops pcsc_ops = {
	.readers = pcsc_readers,
	.wait = pcsc_wait,
	.open = pcsc_open,
	.power_cycle = pcsc_power_cycle,
	.transmit = pcsc_transmit,
	.close = pcsc_close,
};

/* --- describing a reader ------------------------------------------------------- */

static void
read_driver(SCARDHANDLE handle, struct pcsc_description *about)
{
	DWORD len = sizeof about->vendor - 1;
	uint8_t version[4];

	if (SCardGetAttrib(handle, SCARD_ATTR_VENDOR_NAME, (LPBYTE)about->vendor, &len) != SCARD_S_SUCCESS)
		about->vendor[0] = '\0';
	/* 0xMMmmbbbb, in the byte order of the machine */
	len = sizeof version;
	if (SCardGetAttrib(handle, SCARD_ATTR_VENDOR_IFD_VERSION, version, &len) == SCARD_S_SUCCESS &&
	    len == sizeof version) {
		uint32_t number;

		memcpy(&number, version, sizeof number);
		snprintf(about->version, sizeof about->version, "%u.%u.%u", (unsigned int)(number >> 24),
		    (unsigned int)(number >> 16 & 0xff), (unsigned int)(number & 0xffff));
	}
}

struct outcome
pcsc_describe(struct pcsc *p, const char *reader, struct pcsc_description *ret)
{
	SCARD_READERSTATE state = { .szReader = reader, .dwCurrentState = SCARD_STATE_UNAWARE };
	struct outcome o = need_context(p);
	SCARDHANDLE handle;
	DWORD protocol;

	*ret = (struct pcsc_description){ .vendor = "" };
	if (outcome_ok(&o))
		o = after(p, status_change(p, 0, &state, 1));
	if (!outcome_ok(&o))
		return o;
	ret->has_card = (state.dwEventState & SCARD_STATE_PRESENT) != 0;
	ret->mute = (state.dwEventState & SCARD_STATE_MUTE) != 0;
	ret->contactless = state.cbAtr >= 4 && state.rgbAtr[0] == 0x3b &&
	    (state.rgbAtr[1] & 0xf0) == 0x80 && state.rgbAtr[2] == 0x80 && state.rgbAtr[3] == 0x01;
	if (SCardConnect(p->context, reader, SCARD_SHARE_DIRECT, 0, &handle, &protocol) == SCARD_S_SUCCESS) {
		read_driver(handle, ret);
		(void)SCardDisconnect(handle, SCARD_LEAVE_CARD);
	}
	return o;
}

struct pcsc *
pcsc_new(const struct clk *clk, const struct log *log)
{
	struct pcsc *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->transport = (struct transport){ .ops = &pcsc_ops, .ctx = p };
	p->clk = clk;
	p->log = log;
	return p;
}

void
pcsc_free(struct pcsc *p)
{
	if (p == NULL)
		return;
	(void)pcsc_close(p, TRANSPORT_POWER_DOWN);
	drop_context(p);
	free(p);
}

struct transport *
pcsc_transport(struct pcsc *p)
{
	return &p->transport;
}

enum outcome_status
pcsc_outcome_if_late(const struct pcsc *p)
{
	return p != NULL && p->waiting_for_lock ? OUTCOME_CARD_BUSY : OUTCOME_TIMEOUT;
}

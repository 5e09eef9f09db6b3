/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card/pcsc on a winscard of our own: the linker sends its calls here (--wrap).
 * Every test ends with every context released and every handle disconnected.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "card/pcsc.h"
#include "tests/unit/test.h"

#define CONTEXT 4711
#define HANDLE 815
#define READER "Reader 00 00"
#define PNP "\\\\?PnP?\\Notification"

LONG __wrap_SCardEstablishContext(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT);
LONG __wrap_SCardReleaseContext(SCARDCONTEXT);
LONG __wrap_SCardListReaders(SCARDCONTEXT, LPCSTR, LPSTR, LPDWORD);
LONG __wrap_SCardGetStatusChange(SCARDCONTEXT, DWORD, SCARD_READERSTATE *, DWORD);
LONG __wrap_SCardConnect(SCARDCONTEXT, LPCSTR, DWORD, DWORD, LPSCARDHANDLE, LPDWORD);
LONG __wrap_SCardReconnect(SCARDHANDLE, DWORD, DWORD, DWORD, LPDWORD);
LONG __wrap_SCardDisconnect(SCARDHANDLE, DWORD);
LONG __wrap_SCardStatus(SCARDHANDLE, LPSTR, LPDWORD, LPDWORD, LPDWORD, LPBYTE, LPDWORD);
LONG __wrap_SCardBeginTransaction(SCARDHANDLE);
LONG __wrap_SCardEndTransaction(SCARDHANDLE, DWORD);
LONG __wrap_SCardTransmit(SCARDHANDLE, const SCARD_IO_REQUEST *, LPCBYTE, DWORD, SCARD_IO_REQUEST *,
    LPBYTE, LPDWORD);
int __wrap_nanosleep(const struct timespec *, struct timespec *);

static struct pcsc *pcsc;
static struct transport *t;

/* What pcscd will answer, and what it was asked. */
static struct {
	LONG establish, list, change, connect, connect_after_reset, reconnect, disconnect, begin, status,
	    transmit;
	/* so often, before the answer above */
	unsigned int refusals, refused_connects, busy_connects, reset_begins;
	unsigned int lost_at;			/* the call of SCardGetStatusChange that fails so: */
	LONG lost;
	const char *readers;
	size_t readers_len;
	int64_t begin_ms;			/* so long it takes */
	DWORD event_state;
	DWORD initialization;			/* of the last reconnect */
	DWORD protocol;
	const char *answer;
	size_t answer_len;

	int contexts, handles, transactions;		/* open now */
	unsigned int establishes, connects, changes, reconnects, ends, sleeps;
	DWORD disposition;				/* of the last disconnect */
	bool disconnected_in_transaction;
	DWORD waited_ms, waited_for;
	char waited_last[64];
	int64_t now_ms;
	enum outcome_status pending_in_connect, pending_in_begin, pending_in_transmit;
} fake;

LONG
__wrap_SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT ret)
{
	fake.establishes++;
	if (fake.refusals > 0) {
		fake.refusals--;
		return SCARD_W_SECURITY_VIOLATION;
	}
	if (fake.establish != SCARD_S_SUCCESS)
		return fake.establish;
	fake.contexts++;
	*ret = CONTEXT;
	return SCARD_S_SUCCESS;
}

LONG
__wrap_SCardReleaseContext(SCARDCONTEXT context)
{
	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	fake.contexts--;
	return SCARD_S_SUCCESS;
}

LONG
__wrap_SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD len)
{
	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	if (fake.list != SCARD_S_SUCCESS)
		return fake.list;
	if (*len < fake.readers_len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memset(names, 'Z', *len);	/* what follows the list is not ours */
	memcpy(names, fake.readers, fake.readers_len);
	*len = fake.readers_len;
	return SCARD_S_SUCCESS;
}

LONG
__wrap_SCardGetStatusChange(SCARDCONTEXT context, DWORD ms, SCARD_READERSTATE *states, DWORD count)
{
	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	assert_true(count > 0);
	fake.waited_ms = ms;
	fake.waited_for = count;
	snprintf(fake.waited_last, sizeof fake.waited_last, "%s", states[count - 1].szReader);
	for (DWORD i = 0; i < count; i++)
		states[i].dwEventState = fake.event_state;
	return ++fake.changes == fake.lost_at ? fake.lost : fake.change;
}

LONG
__wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
    LPSCARDHANDLE ret, LPDWORD ret_protocol)
{
	assert_int_equal(context, CONTEXT);
	assert_int_equal(share, SCARD_SHARE_SHARED);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	fake.connects++;
	fake.pending_in_connect = pcsc_outcome_if_late(pcsc);
	if (fake.refused_connects > 0) {
		fake.refused_connects--;
		return SCARD_W_SECURITY_VIOLATION;
	}
	if (fake.busy_connects > 0) {
		fake.busy_connects--;
		return SCARD_E_SHARING_VIOLATION;
	}
	if (fake.connect != SCARD_S_SUCCESS)
		return fake.connect;
	fake.handles++;
	*ret = HANDLE;
	*ret_protocol = fake.protocol;
	return SCARD_S_SUCCESS;
}

LONG
__wrap_SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state, LPDWORD protocol,
    LPBYTE atr, LPDWORD atr_len)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.transactions, 1);
	*state = (fake.event_state & 0xffff0000) + (SCARD_PRESENT | SCARD_POWERED | SCARD_NEGOTIABLE);
	*protocol = fake.protocol;
	return fake.status;
}

LONG
__wrap_SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD init, LPDWORD ret_protocol)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.handles, 1);
	/* power is cycled within the transaction only */
	assert_true(init == SCARD_LEAVE_CARD || (init == SCARD_UNPOWER_CARD && fake.transactions == 1));
	fake.initialization = init;
	fake.reconnects++;
	*ret_protocol = fake.protocol;
	return fake.reconnect;
}

LONG
__wrap_SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.handles, 1);
	fake.handles--;
	fake.disposition = disposition;
	fake.disconnected_in_transaction = fake.transactions > 0;
	fake.transactions = 0;
	return fake.disconnect;
}

LONG
__wrap_SCardBeginTransaction(SCARDHANDLE card)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.handles, 1);
	assert_int_equal(fake.transactions, 0);
	fake.pending_in_begin = pcsc_outcome_if_late(pcsc);
	fake.now_ms += fake.begin_ms;
	if (fake.reset_begins > 0) {
		fake.reset_begins--;
		fake.connect = fake.connect_after_reset;
		return SCARD_W_RESET_CARD;
	}
	fake.transactions += fake.begin == SCARD_S_SUCCESS;
	return fake.begin;
}

LONG
__wrap_SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.transactions, 1);
	assert_int_equal(disposition, SCARD_LEAVE_CARD);
	fake.transactions--;
	fake.ends++;
	return SCARD_S_SUCCESS;
}

LONG
__wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE cmd, DWORD cmd_len,
    SCARD_IO_REQUEST *recv_pci, LPBYTE resp, LPDWORD len)
{
	assert_int_equal(card, HANDLE);
	assert_int_equal(fake.transactions, 1);
	assert_int_equal(pci->dwProtocol, fake.protocol);
	fake.pending_in_transmit = pcsc_outcome_if_late(pcsc);
	if (fake.transmit != SCARD_S_SUCCESS)
		return fake.transmit;
	if (*len < fake.answer_len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(resp, fake.answer, fake.answer_len);
	*len = fake.answer_len;
	return SCARD_S_SUCCESS;
}

/* Time passes only here. */
int
__wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
	fake.sleeps++;
	fake.now_ms += ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
	return 0;
}

static int64_t
fake_mono_ms(void *ctx)
{
	return fake.now_ms;
}

static const struct clk clk = { .mono_ms = fake_mono_ms };

static int
setup(void **state)
{
	memset(&fake, 0, sizeof fake);
	fake.readers = READER "\0";
	fake.readers_len = sizeof READER + 1;
	fake.protocol = SCARD_PROTOCOL_T1;
	fake.event_state = SCARD_STATE_PRESENT | 0x00050000;
	fake.answer = "\x90\0";
	fake.answer_len = 2;
	pcsc = pcsc_new(&clk, NULL);
	if (pcsc == NULL)
		return -1;
	t = pcsc_transport(pcsc);
	return 0;
}

static int
teardown(void **state)
{
	pcsc_free(pcsc);
	return fake.contexts == 0 && fake.handles == 0 && fake.transactions == 0 ? 0 : -1;
}

static enum outcome_status
readers(struct transport_readers *list)
{
	struct outcome o = t->ops->readers(t->ctx, list);

	return o.status;
}

static enum outcome_status
open_card(int64_t ms)
{
	struct outcome o = t->ops->open(t->ctx, READER, ms);

	return o.status;
}

static enum outcome_status
transmit(uint8_t *resp, size_t cap, size_t *len)
{
	struct outcome o = t->ops->transmit(t->ctx, (const uint8_t *)"\0\x20\0\x98", 4, resp, cap, len);

	return o.status;
}

static void
power_is_cycled_within_the_transaction(void **state)
{
	struct outcome o = t->ops->power_cycle(t->ctx);

	assert_int_equal(o.status, OUTCOME_INTERNAL);	/* nothing is open */
	assert_int_equal(open_card(0), OUTCOME_OK);
	o = t->ops->power_cycle(t->ctx);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(fake.initialization, SCARD_UNPOWER_CARD);
	fake.reconnect = SCARD_W_UNPOWERED_CARD;
	o = t->ops->power_cycle(t->ctx);
	assert_int_equal(o.status, OUTCOME_CARD_MUTE);
	assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
}

/*
 * A command that the reader could not carry out: whether the card is still
 * there decides what the person reads.
 */
static void
a_card_that_left_is_told_from_a_mute_one(void **state)
{
	uint8_t resp[8];
	size_t len;

	assert_int_equal(open_card(0), OUTCOME_OK);
	fake.transmit = SCARD_E_NOT_TRANSACTED;
	fake.change = SCARD_E_TIMEOUT;
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_CARD_MUTE);
	fake.change = SCARD_S_SUCCESS;
	fake.event_state = SCARD_STATE_EMPTY | 0x70000;
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_CARD_REMOVED);
	fake.transmit = SCARD_S_SUCCESS;
	fake.answer = "";
	fake.answer_len = 0;
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_CARD_REMOVED);
	assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
}

/* --- errors -------------------------------------------------------------------- */

static const struct {
	LONG rv;
	enum outcome_status status;
} errors[] = {
	{ SCARD_E_NO_SERVICE, OUTCOME_NO_SERVICE },
	{ SCARD_E_SERVICE_STOPPED, OUTCOME_SERVICE_VERSION },
	{ SCARD_F_COMM_ERROR, OUTCOME_NO_SERVICE },
	{ SCARD_E_INVALID_HANDLE, OUTCOME_NO_SERVICE },
	{ SCARD_W_SECURITY_VIOLATION, OUTCOME_SERVICE_REFUSED },
	{ SCARD_E_READER_UNAVAILABLE, OUTCOME_NO_READER },
	{ SCARD_E_UNKNOWN_READER, OUTCOME_NO_READER },
	{ SCARD_E_NO_READERS_AVAILABLE, OUTCOME_NO_READER },
	{ SCARD_E_NO_SMARTCARD, OUTCOME_CARD_REMOVED },
	{ SCARD_W_REMOVED_CARD, OUTCOME_CARD_REMOVED },
	{ SCARD_W_UNPOWERED_CARD, OUTCOME_CARD_MUTE },
	{ SCARD_W_UNRESPONSIVE_CARD, OUTCOME_CARD_MUTE },
	{ SCARD_W_UNSUPPORTED_CARD, OUTCOME_CARD_MUTE },
	{ SCARD_E_PROTO_MISMATCH, OUTCOME_CARD_MUTE },
	{ SCARD_E_NOT_TRANSACTED, OUTCOME_CARD_MUTE },
	{ SCARD_E_CARD_UNSUPPORTED, OUTCOME_CARD_MUTE },
	{ SCARD_E_INSUFFICIENT_BUFFER, OUTCOME_BAD_REPLY },
	{ SCARD_E_TIMEOUT, OUTCOME_TIMEOUT },
	{ SCARD_E_NO_MEMORY, OUTCOME_NO_MEMORY },
	{ SCARD_F_INTERNAL_ERROR, OUTCOME_INTERNAL },
	{ SCARD_E_INVALID_PARAMETER, OUTCOME_INTERNAL },
	{ 0x12345678, OUTCOME_INTERNAL },
};

/* Each call, each error: its outcome, with the number for the log, and nothing left open. */
static void
every_error_has_its_outcome(void **state)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct transport_readers list;
		uint8_t resp[8];
		size_t len;
		struct outcome o;
		/* polkit is queried, and versions are compared, in the greeting only: pcscd closes the connection */
		enum outcome_status later = errors[i].status == OUTCOME_SERVICE_REFUSED ||
		    errors[i].status == OUTCOME_SERVICE_VERSION ? OUTCOME_NO_SERVICE : errors[i].status;

		pcsc_free(pcsc);
		pcsc = pcsc_new(&clk, NULL);
		assert_non_null(pcsc);
		t = pcsc_transport(pcsc);
		fake.establish = errors[i].rv;
		o = t->ops->readers(t->ctx, &list);
		assert_int_equal(o.status, errors[i].status);
		assert_int_equal(o.raw, (uint32_t)errors[i].rv);
		fake.establish = SCARD_S_SUCCESS;

		fake.connect = errors[i].rv;
		o = t->ops->open(t->ctx, READER, 0);
		assert_int_equal(o.status, errors[i].rv == SCARD_E_SERVICE_STOPPED ? OUTCOME_NO_SERVICE : errors[i].status);
		assert_int_equal(fake.handles, 0);
		fake.connect = SCARD_S_SUCCESS;

		fake.begin = errors[i].rv;
		o = t->ops->open(t->ctx, READER, 0);
		assert_int_equal(o.status, later);
		assert_int_equal(fake.handles, 0);
		assert_int_equal(fake.disposition, SCARD_LEAVE_CARD);
		fake.begin = SCARD_S_SUCCESS;

		assert_int_equal(open_card(0), OUTCOME_OK);
		fake.transmit = errors[i].rv;
		o = t->ops->transmit(t->ctx, resp, 4, resp, sizeof resp, &len);
		assert_int_equal(o.status, later);
		assert_int_equal(o.raw, (uint32_t)errors[i].rv);
		fake.transmit = SCARD_S_SUCCESS;
		assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
	}
}

static void
pcscd_that_was_restarted_is_met_again(void **state)
{
	struct transport_readers list;
	uint8_t resp[8];
	size_t len;

	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(fake.establishes, 1);
	fake.list = SCARD_E_INVALID_HANDLE;
	assert_int_equal(readers(&list), OUTCOME_NO_SERVICE);
	fake.list = SCARD_S_SUCCESS;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(fake.establishes, 2);
	/* while a card is open */
	assert_int_equal(open_card(0), OUTCOME_OK);
	fake.transmit = fake.reconnect = fake.disconnect = SCARD_E_NO_SERVICE;
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_NO_SERVICE);
	assert_false(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
	fake.transmit = fake.reconnect = fake.disconnect = SCARD_S_SUCCESS;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(fake.establishes, 3);
	/* between connecting and the transaction */
	fake.begin = SCARD_E_INVALID_HANDLE;
	assert_int_equal(open_card(0), OUTCOME_NO_SERVICE);
	fake.begin = SCARD_S_SUCCESS;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(fake.establishes, 4);
	/* while waiting */
	fake.change = SCARD_E_SERVICE_STOPPED;
	assert_int_equal(t->ops->wait(t->ctx, &list, 10).status, OUTCOME_NO_SERVICE);
	fake.change = SCARD_S_SUCCESS;
	assert_int_equal(t->ops->wait(t->ctx, &list, 10).status, OUTCOME_OK);
	assert_int_equal(fake.establishes, 5);
	assert_int_equal(fake.contexts, 1);
}

/* A pcscd that exits closes the connection like one that refuses us; then a new pcscd answers, or none does. */
static void
refusal_is_believed_if_it_stays(void **state)
{
	struct transport_readers list;

	fake.refusals = 2;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(fake.sleeps, 2);
	pcsc_free(pcsc);
	pcsc = pcsc_new(&clk, NULL);
	assert_non_null(pcsc);
	t = pcsc_transport(pcsc);
	fake.refusals = 1;
	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(readers(&list), OUTCOME_NO_SERVICE);
	fake.refusals = 1000;
	fake.establishes = 0;
	assert_int_equal(readers(&list), OUTCOME_SERVICE_REFUSED);
	assert_true(fake.establishes > 1 && fake.establishes < 10);
	assert_true(fake.sleeps < 10);
	fake.refusals = 0;
	fake.establish = SCARD_S_SUCCESS;
	/* the same of a connection to the card */
	fake.refused_connects = 1;
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	fake.establishes = 0;
	fake.refused_connects = 1000;
	assert_int_equal(open_card(0), OUTCOME_SERVICE_REFUSED);
	assert_int_equal(fake.establishes, 1);
	fake.refused_connects = 1;
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
	assert_int_equal(open_card(0), OUTCOME_SERVICE_REFUSED);	/* there is no other pcscd */
}

/* The helper asks as root first: what refuses root is not asked again by the user that root becomes. */
static void
refusal_of_the_first_connection_stays(void **state)
{
	struct transport_readers list;

	fake.refusals = 1000;
	assert_int_equal(pcsc_connect(pcsc).status, OUTCOME_SERVICE_REFUSED);
	fake.refusals = fake.establishes = 0;
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_SERVICE_REFUSED);
	assert_int_equal(readers(&list), OUTCOME_SERVICE_REFUSED);
	assert_int_equal(fake.establishes, 0);
}

/* But a pcscd that was not there is asked again. */
static void
first_connection_may_come_later(void **state)
{
	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(pcsc_connect(pcsc).status, OUTCOME_NO_SERVICE);
	fake.establish = SCARD_S_SUCCESS;
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
}

static void
connection_that_ended_is_no_refusal(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	fake.refused_connects = 1;
	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(open_card(0), OUTCOME_NO_SERVICE);
	assert_int_equal(fake.handles, 0);
}

/* A helper, which cannot connect again, believes no refusal of a pcscd that let it use a card before. */
static void
end_after_a_card_is_no_refusal(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	fake.refused_connects = 1;
	fake.establishes = 0;
	assert_int_equal(open_card(0), OUTCOME_NO_SERVICE);
	assert_int_equal(fake.establishes, 0);
	assert_int_equal(fake.handles, 0);
}

/* --- readers ---------------------------------------------------------------------- */

static void
give_readers(const char *names, size_t len)
{
	fake.readers = names;
	fake.readers_len = len;
}

static void
lists_readers_and_cards(void **state)
{
	static const char names[] = "One\0Two\0";
	struct transport_readers list;

	give_readers(names, sizeof names);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.at[0].name, "One");
	assert_string_equal(list.at[1].name, "Two");
	assert_true(list.at[0].has_card);
	assert_int_equal(list.at[0].generation, 5);
	assert_int_equal(fake.waited_ms, 0);
	fake.event_state = SCARD_STATE_EMPTY | SCARD_STATE_CHANGED | 0x00060000;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_false(list.at[1].has_card);
	assert_int_equal(list.at[1].generation, 6);
	assert_int_equal(list.at[1].state, SCARD_STATE_EMPTY | 0x00060000);
}

static void
no_reader_is_no_error(void **state)
{
	struct transport_readers list = { .count = 7 };

	fake.list = SCARD_E_NO_READERS_AVAILABLE;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 0);
	fake.list = SCARD_S_SUCCESS;
	give_readers("", 1);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 0);
	give_readers("", 0);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 0);
}

/* A list that is not ended by two NULs; the fake puts Zs after it. */
static void
torn_reader_lists(void **state)
{
	static const struct {
		const char *names;
		size_t len;
		size_t count;
	} lists[] = {
		{ "One\0Two", 8, 2 },	/* one NUL at the end */
		{ "One\0Two", 7, 1 },	/* none */
		{ "One", 3, 0 },
		{ "One", 4, 1 },
		{ "One\0\0Two\0", 10, 1 },	/* the end comes first */
		{ "\0One\0", 6, 0 },
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct transport_readers list;

		give_readers(lists[i].names, lists[i].len);
		assert_int_equal(readers(&list), OUTCOME_OK);
		assert_int_equal(list.count, lists[i].count);
	}
}

static void
many_and_long_reader_names(void **state)
{
	char names[20 * 3 + 1] = {0};
	char one[TRANSPORT_NAME_MAX + 6];
	struct transport_readers list;

	for (int i = 0; i < 20; i++) {
		names[3 * i] = 'R';
		names[3 * i + 1] = (char)('a' + i);
	}
	give_readers(names, sizeof names);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, TRANSPORT_READERS_MAX);
	assert_string_equal(list.at[TRANSPORT_READERS_MAX - 1].name, "Ro");
	/* 127 characters fit; 128 do not, and the next one is listed all the same */
	memset(one, 'L', sizeof one);
	memcpy(one + TRANSPORT_NAME_MAX - 1, "\0Two\0", 6);
	give_readers(one, TRANSPORT_NAME_MAX - 1 + 6);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 2);
	memset(one, 'L', sizeof one);
	memcpy(one + TRANSPORT_NAME_MAX, "\0Two\0", 6);
	give_readers(one, TRANSPORT_NAME_MAX + 6);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.at[0].name, "Two");
}

static void
tells_who_uses_the_card(void **state)
{
	static const struct {
		DWORD state;
		bool in_use, exclusive;
	} rows[] = {
		{ SCARD_STATE_PRESENT, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_INUSE, true, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE, true, true },
	};
	struct transport_readers list;

	for (size_t i = 0; i < COUNT(rows); i++) {
		fake.event_state = rows[i].state;
		assert_int_equal(readers(&list), OUTCOME_OK);
		assert_int_equal(list.at[0].in_use, rows[i].in_use);
		assert_int_equal(list.at[0].exclusive, rows[i].exclusive);
	}
}

static void
reader_unplugged_in_between(void **state)
{
	struct transport_readers list;

	fake.change = SCARD_E_UNKNOWN_READER;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 0);
}

/* libpcsclite 2.5, when a state changes just then: the next connection knows the reader. */
static void
connection_out_of_step(void **state)
{
	static const LONG words[] = { SCARD_E_UNKNOWN_READER, SCARD_E_UNSUPPORTED_FEATURE };
	struct transport_readers list;

	for (size_t i = 0; i < COUNT(words); i++) {
		fake.lost = words[i];
		fake.lost_at = fake.changes + 1;
		assert_int_equal(readers(&list), OUTCOME_OK);
		assert_int_equal(list.count, 1);
		assert_int_equal(fake.establishes, 2 * i + 2);
		/* while it waits: at the next use */
		fake.lost_at = fake.changes + 1;
		assert_int_equal(t->ops->wait(t->ctx, &list, 1).status, OUTCOME_OK);
		assert_int_equal(readers(&list), OUTCOME_OK);
		assert_int_equal(list.count, 1);
		assert_int_equal(fake.establishes, 2 * i + 3);
		assert_int_equal(fake.contexts, 1);
	}
}

/* A helper has one connection: opening the card asks nothing that could cost it. */
static void
only_connection_keeps_step(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
	fake.changes = 0;
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(fake.changes, 0);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	fake.change = SCARD_E_UNKNOWN_READER;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(fake.establishes, 1);
}

static void
waits_for_readers_and_for_new_ones(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	fake.change = SCARD_E_TIMEOUT;
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, 1234);
	assert_int_equal(fake.waited_for, 2);
	assert_string_equal(fake.waited_last, PNP);
	fake.change = SCARD_S_SUCCESS;
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	fake.change = SCARD_E_UNKNOWN_READER;
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.sleeps, 0);
	fake.change = SCARD_F_INTERNAL_ERROR;
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_INTERNAL);
}

static void
waits_for_ever_if_asked(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(t->ops->wait(t->ctx, &list, TRANSPORT_FOREVER).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, INFINITE);
	fake.establish = SCARD_E_NO_SERVICE;
	fake.list = SCARD_E_NO_SERVICE;
	assert_int_equal(t->ops->wait(t->ctx, &list, TRANSPORT_FOREVER).status, OUTCOME_NO_SERVICE);
	assert_int_equal(t->ops->wait(t->ctx, &list, TRANSPORT_FOREVER).status, OUTCOME_NO_SERVICE);
	assert_true(fake.now_ms > 0 && fake.now_ms <= 100);
}

/* A reader that came or went while the caller was busy with another's card. */
static void
does_not_wait_on_an_old_list(void **state)
{
	struct transport_readers list;

	assert_int_equal(readers(&list), OUTCOME_OK);
	fake.waited_ms = 0;
	give_readers(READER "\0Two\0", sizeof READER "\0Two" + 1);
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, 0);
	give_readers("Two\0", sizeof "Two" + 1);
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, 0);
	give_readers(READER "\0", sizeof READER + 1);
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, 1234);
	give_readers(READER "\0Two\0", sizeof READER "\0Two" + 1);
	assert_int_equal(readers(&list), OUTCOME_OK);
	fake.waited_ms = 0;
	give_readers(READER "\0", sizeof READER + 1);
	assert_int_equal(t->ops->wait(t->ctx, &list, 1234).status, OUTCOME_OK);
	assert_int_equal(fake.waited_ms, 0);
}

static void
settled_it_connects_no_more(void **state)
{
	struct transport_readers list;

	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
	assert_int_equal(fake.establishes, 1);
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_OK);
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	assert_int_equal(fake.establishes, 1);
	fake.list = SCARD_E_INVALID_HANDLE;
	assert_int_equal(readers(&list), OUTCOME_NO_SERVICE);
	fake.list = SCARD_S_SUCCESS;
	assert_int_equal(readers(&list), OUTCOME_NO_SERVICE);
	assert_int_equal(open_card(0), OUTCOME_NO_SERVICE);
	assert_int_equal(t->ops->wait(t->ctx, &list, 10).status, OUTCOME_NO_SERVICE);
	assert_int_equal(fake.establishes, 1);
}

static void
settled_without_pcscd_it_stays_without(void **state)
{
	struct transport_readers list;

	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_NO_SERVICE);
	fake.establish = SCARD_S_SUCCESS;
	assert_int_equal(pcsc_forbid_reconnect(pcsc).status, OUTCOME_NO_SERVICE);
	assert_int_equal(readers(&list), OUTCOME_NO_SERVICE);
	assert_int_equal(fake.establishes, 1);
}

static void
without_pcscd_a_reader_has_no_description(void **state)
{
	struct pcsc_description about = { .has_card = true };

	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(pcsc_describe(pcsc, READER, &about).status, OUTCOME_NO_SERVICE);
	assert_false(about.has_card);
	assert_int_equal(fake.connects, 0);
}

/* Without pcscd there is nothing to wait on; the caller's loop must not spin. */
static void
waits_without_pcscd(void **state)
{
	struct transport_readers none = { .count = 0 };

	fake.establish = SCARD_E_NO_SERVICE;
	assert_int_equal(t->ops->wait(t->ctx, &none, 5000).status, OUTCOME_NO_SERVICE);
	assert_int_equal(fake.sleeps, 1);
	assert_true(fake.now_ms > 0 && fake.now_ms <= 100);
	fake.now_ms = 0;
	assert_int_equal(t->ops->wait(t->ctx, &none, 7).status, OUTCOME_NO_SERVICE);
	assert_int_equal(fake.now_ms, 7);
}

/* --- a card ------------------------------------------------------------------------- */

static void
busy_card_is_tried_until_the_deadline(void **state)
{
	fake.busy_connects = 3;
	assert_int_equal(open_card(1000), OUTCOME_OK);
	assert_int_equal(fake.connects, 4);
	assert_int_equal(fake.now_ms, 300);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));

	fake.connects = 0;
	fake.now_ms = 50000;
	fake.busy_connects = 1000;
	assert_int_equal(open_card(1000), OUTCOME_CARD_BUSY);
	assert_int_equal(fake.now_ms, 51000);
	assert_int_equal(fake.connects, 11);

	fake.connects = 0;
	assert_int_equal(open_card(0), OUTCOME_CARD_BUSY);
	assert_int_equal(fake.connects, 1);
	assert_int_equal(fake.now_ms, 51000);
}

/* It may have no power, which only a connection gives it. */
static void
card_that_was_reset_is_connected_anew(void **state)
{
	fake.reset_begins = 2;
	fake.disposition = SCARD_UNPOWER_CARD;
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(fake.connects, 3);
	assert_int_equal(fake.reconnects, 0);
	assert_int_equal(fake.disposition, SCARD_LEAVE_CARD);	/* it is another's */
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));

	fake.reset_begins = 1;
	fake.connect_after_reset = SCARD_W_REMOVED_CARD;
	assert_int_equal(open_card(0), OUTCOME_CARD_REMOVED);
	assert_int_equal(fake.handles, 0);
}

/* Others had their turn each time: the card is busy, it has not gone. */
static void
card_that_others_keep_resetting_is_busy(void **state)
{
	fake.reset_begins = 1000;
	assert_int_equal(open_card(0), OUTCOME_CARD_BUSY);
	assert_true(fake.connects > 1 && fake.connects < 10);
	assert_int_equal(fake.handles, 0);

	/* Where many wait, most turns are another's. */
	fake.reset_begins = 40;
	fake.begin_ms = 100;
	assert_int_equal(open_card(5000), OUTCOME_OK);
	assert_int_equal(fake.reset_begins, 0);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	fake.reset_begins = 1000;
	fake.now_ms = 0;
	assert_int_equal(open_card(5000), OUTCOME_CARD_BUSY);
	assert_int_equal(fake.now_ms, 5000);
	assert_int_equal(fake.handles, 0);
}

static void
card_whose_state_cannot_be_asked(void **state)
{
	fake.status = SCARD_E_READER_UNAVAILABLE;
	assert_int_equal(open_card(0), OUTCOME_NO_READER);
	assert_int_equal(fake.handles, 0);
	assert_int_equal(fake.transactions, 0);
}

/* Nothing is resent after a reset: a program in between may have verified. */
static void
reset_in_the_transaction_ends_it(void **state)
{
	uint8_t resp[8];
	size_t len = 77;

	assert_int_equal(open_card(0), OUTCOME_OK);
	fake.transmit = SCARD_W_RESET_CARD;
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_CARD_REMOVED);
	assert_int_equal(fake.reconnects, 0);
	assert_int_equal(len, 77);
}

static void
transmits(void **state)
{
	static char big[16];
	uint8_t resp[8];
	size_t len = 77;

	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_INTERNAL);	/* nothing open */
	for (int t0 = 0; t0 <= 1; t0++) {
		fake.protocol = t0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
		assert_int_equal(open_card(0), OUTCOME_OK);
		assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_OK);
		assert_int_equal(len, 2);
		assert_memory_equal(resp, "\x90\0", 2);
		assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	}
	assert_int_equal(open_card(0), OUTCOME_OK);
	fake.answer = big;
	for (fake.answer_len = 0; fake.answer_len <= 10; fake.answer_len++)
		assert_int_equal(transmit(resp, sizeof resp, &len),
		    fake.answer_len < 2 || fake.answer_len > 8 ? OUTCOME_BAD_REPLY : OUTCOME_OK);
}

static void
one_card_at_a_time(void **state)
{
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(open_card(0), OUTCOME_INTERNAL);
	assert_int_equal(fake.handles, 1);
}

/*
 * Power goes within the transaction: no other program gets at the card before that, and none
 * who has got at it after that loses it.
 */
static void
power_goes_before_the_transaction_ends(void **state)
{
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
	assert_int_equal(fake.reconnects, 1);
	assert_int_equal(fake.initialization, SCARD_UNPOWER_CARD);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.disposition, SCARD_LEAVE_CARD);
	assert_false(fake.disconnected_in_transaction);
	assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));	/* idempotent */
}

/* Not while it is not known to have gone: then it goes with the connection. */
static void
power_that_did_not_go_goes_at_the_end(void **state)
{
	assert_int_equal(open_card(0), OUTCOME_OK);
	fake.reconnect = SCARD_W_UNRESPONSIVE_CARD;
	assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
	assert_int_equal(fake.ends, 0);
	assert_int_equal(fake.disposition, SCARD_UNPOWER_CARD);
	assert_true(fake.disconnected_in_transaction);
}

static void
leave_ends_the_transaction_first(void **state)
{
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	assert_int_equal(fake.disposition, SCARD_LEAVE_CARD);
	assert_false(fake.disconnected_in_transaction);
	assert_int_equal(fake.ends, 1);
}

static void
close_tells_whether_the_power_went(void **state)
{
	static const struct {
		LONG rv;
		bool down;
	} cases[] = {
		{ SCARD_S_SUCCESS, true },
		{ SCARD_W_REMOVED_CARD, true },		/* a card that has gone has no power */
		{ SCARD_E_NO_SMARTCARD, true },
		{ SCARD_E_NO_SERVICE, false },
		{ SCARD_E_INVALID_HANDLE, false },
		{ SCARD_F_COMM_ERROR, false },
		{ SCARD_E_READER_UNAVAILABLE, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		fake.reconnect = SCARD_E_NO_SERVICE;
		fake.disconnect = SCARD_S_SUCCESS;
		assert_int_equal(open_card(0), OUTCOME_OK);
		fake.disconnect = cases[i].rv;
		assert_int_equal(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN), cases[i].down);
		assert_int_equal(fake.handles, 0);
		/* once it went, that is so */
		fake.reconnect = SCARD_S_SUCCESS;
		assert_int_equal(open_card(0), OUTCOME_OK);
		assert_true(t->ops->close(t->ctx, TRANSPORT_POWER_DOWN));
		assert_int_equal(fake.handles, 0);
	}
}

static void
freeing_powers_the_card_down(void **state)
{
	assert_int_equal(open_card(0), OUTCOME_OK);
	pcsc_free(pcsc);
	pcsc = NULL;
	assert_int_equal(fake.initialization, SCARD_UNPOWER_CARD);
	assert_int_equal(fake.contexts, 0);
	pcsc_free(NULL);
}

/* The outcome that the watchdog reports if it strikes during a call. */
static void
tells_what_it_waits_for(void **state)
{
	uint8_t resp[8];
	size_t len;

	assert_int_equal(pcsc_outcome_if_late(pcsc), OUTCOME_TIMEOUT);
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(fake.pending_in_connect, OUTCOME_TIMEOUT);
	assert_int_equal(fake.pending_in_begin, OUTCOME_CARD_BUSY);
	assert_int_equal(transmit(resp, sizeof resp, &len), OUTCOME_OK);
	assert_int_equal(fake.pending_in_transmit, OUTCOME_TIMEOUT);
	assert_int_equal(pcsc_outcome_if_late(pcsc), OUTCOME_TIMEOUT);
	assert_int_equal(pcsc_outcome_if_late(NULL), OUTCOME_TIMEOUT);
	/* The card came up before: others have come since. */
	assert_true(t->ops->close(t->ctx, TRANSPORT_LEAVE));
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(fake.pending_in_connect, OUTCOME_CARD_BUSY);
}

/* The program that was there when the readers were looked at. */
static void
waits_for_those_it_saw(void **state)
{
	struct transport_readers list;

	fake.event_state |= SCARD_STATE_INUSE;
	assert_int_equal(readers(&list), OUTCOME_OK);
	assert_int_equal(open_card(0), OUTCOME_OK);
	assert_int_equal(fake.pending_in_connect, OUTCOME_CARD_BUSY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_error_has_its_outcome),
		TEST(power_is_cycled_within_the_transaction),
		TEST(a_card_that_left_is_told_from_a_mute_one),
		TEST(pcscd_that_was_restarted_is_met_again),
		TEST(refusal_is_believed_if_it_stays),
		TEST(refusal_of_the_first_connection_stays),
		TEST(first_connection_may_come_later),
		TEST(connection_that_ended_is_no_refusal),
		TEST(end_after_a_card_is_no_refusal),
		TEST(lists_readers_and_cards),
		TEST(no_reader_is_no_error),
		TEST(torn_reader_lists),
		TEST(many_and_long_reader_names),
		TEST(tells_who_uses_the_card),
		TEST(reader_unplugged_in_between),
		TEST(connection_out_of_step),
		TEST(only_connection_keeps_step),
		TEST(waits_for_readers_and_for_new_ones),
		TEST(without_pcscd_a_reader_has_no_description),
		TEST(waits_without_pcscd),
		TEST(waits_for_ever_if_asked),
		TEST(does_not_wait_on_an_old_list),
		TEST(settled_it_connects_no_more),
		TEST(settled_without_pcscd_it_stays_without),
		TEST(busy_card_is_tried_until_the_deadline),
		TEST(card_that_was_reset_is_connected_anew),
		TEST(card_that_others_keep_resetting_is_busy),
		TEST(card_whose_state_cannot_be_asked),
		TEST(reset_in_the_transaction_ends_it),
		TEST(transmits),
		TEST(one_card_at_a_time),
		TEST(power_goes_before_the_transaction_ends),
		TEST(power_that_did_not_go_goes_at_the_end),
		TEST(leave_ends_the_transaction_first),
		TEST(close_tells_whether_the_power_went),
		TEST(freeing_powers_the_card_down),
		TEST(tells_what_it_waits_for),
		TEST(waits_for_those_it_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

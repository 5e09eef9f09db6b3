/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader's side: the protocol of vpcd. Each message is a length in two
 * bytes, big-endian, and that many bytes. One byte from the reader is a control
 * code, of which only the question for the ATR is answered; everything else
 * is a command, and its answer a response. vpcd takes every client for a
 * card, and the end of the connection for its removal; it notices within its
 * polling interval of 0.4 s, or at the next command.
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sim/jpkisim.h"

enum { VPCD_OFF = 0, VPCD_ON = 1, VPCD_RESET = 2, VPCD_ATR = 4 };

#define RETRY_MS	100
/* pcscd asks every 400 ms whether the card is there. */
#define NOTICE_MS	600

/*
 * A link that ended with a command unanswered looks to vpcd like a failed
 * command. A client that connects before pcscd has asked for the card again would be
 * taken for the same card, with a security state that it has lost.
 */
static void
link_drop(struct sim *sim)
{
	if (sim->fd >= 0)
		(void)close(sim->fd);
	sim->fd = -1;
	sim->link = LINK_NONE;
	sim->answer_due = NEVER;
	sim->retry_at = now_ms() + (sim->unanswered ? NOTICE_MS : RETRY_MS);
	sim->unanswered = false;
	if (sim->powered)
		sim_card_power(sim->card, false);
	sim->powered = false;
}

/* Closes our half only: pcscd's closing of the other shows that it noticed. */
static void
link_shutdown(struct sim *sim)
{
	if (sim->link != LINK_UP)
		return;
	sim->link = LINK_CLOSING;
	sim->answer_due = NEVER;
	if (sim->powered)
		sim_card_power(sim->card, false);
	sim->powered = false;
	if (shutdown(sim->fd, SHUT_WR) != 0)
		link_drop(sim);
}

/*
 * vpcd sends length and content separately and waits for the first to be
 * acknowledged before it sends the second. Linux delays that by 40 ms unless
 * told each time not to.
 */
static void
acknowledge_at_once(int fd)
{
	static const int yes = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

static int
dial(const struct addrinfo *list)
{
	static const int yes = 1;

	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd < 0)
			continue;
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
			acknowledge_at_once(fd);
			return fd;
		}
		(void)close(fd);
	}
	return -1;
}

static void
link_connect(struct sim *sim)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	sim->retry_at = now_ms() + RETRY_MS;
	if (getaddrinfo(sim->host, sim->port, &hints, &list) != 0)
		return;
	sim->fd = dial(list);
	freeaddrinfo(list);
	if (sim->fd >= 0)
		sim->link = LINK_UP;
}

/* --- messages -------------------------------------------------------------- */

static bool
read_all(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, p, len, MSG_WAITALL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
		acknowledge_at_once(fd);
	}
	return true;
}

static bool
write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void
send_message(struct sim *sim, const uint8_t *data, size_t len)
{
	static uint8_t message[2 + SIM_RESPONSE_MAX];

	sim->unanswered = false;
	if (len > 0xffff)
		len = 0xffff;		/* what the protocol can say */
	message[0] = (uint8_t)(len >> 8);
	message[1] = (uint8_t)len;
	memcpy(message + 2, data, len);
	if (!write_all(sim->fd, message, 2 + len))
		link_drop(sim);
}

static void
control_code(struct sim *sim, uint8_t code)
{
	uint8_t atr[33];

	switch (code) {
	case VPCD_OFF:
		sim_card_power(sim->card, false);
		break;
	case VPCD_ON:
		sim_card_power(sim->card, true);
		sim->powered = true;
		break;
	case VPCD_RESET:
		sim_card_reset(sim->card);
		break;
	case VPCD_ATR:
		send_message(sim, atr, sim_card_atr(sim->card, atr));
		if (sim->powered && sim->wait == WAIT_INSERTED)
			sim->wait_until = 0;	/* there it is */
		break;
	}
}

static void
command(struct sim *sim, const uint8_t *cmd, size_t len)
{
	uint32_t delay;

	/*
	 * An empty answer cannot be said to vpcd, which then waits for ever: the
	 * link breaks, and is made again if the card is still there.
	 */
	sim->unanswered = true;
	sim->answer_len = sim_card_transmit(sim->card, cmd, len, sim->answer, SIM_RESPONSE_MAX);
	delay = sim_card_delay_ms(sim->card);
	if (!sim_card_present(sim->card))
		sim->inserted = false;
	if (sim->answer_len == 0)
		link_shutdown(sim);
	else if (delay == 0)
		send_message(sim, sim->answer, sim->answer_len);
	else if (delay != SIM_FOREVER)
		sim->answer_due = now_ms() + delay;
}

/* --- for the main loop and the control side -------------------------------- */

void
reader_input(struct sim *sim)
{
	static uint8_t message[65536];
	uint8_t head[2];
	size_t len;

	if (!read_all(sim->fd, head, sizeof head)) {
		link_drop(sim);
		return;
	}
	len = (size_t)head[0] << 8 | head[1];
	if (!read_all(sim->fd, message, len)) {
		link_drop(sim);
		return;
	}
	if (sim->link != LINK_UP)
		return;
	if (len == 1)
		control_code(sim, message[0]);
	else if (len > 1)
		command(sim, message, len);
}

void
reader_insert(struct sim *sim)
{
	sim->inserted = true;
	sim_card_trace_event(sim->card, "card inserted");
}

void
reader_remove(struct sim *sim)
{
	if (sim->inserted)
		sim_card_trace_event(sim->card, "card removed");
	sim->inserted = false;
	link_shutdown(sim);
}

void
reader_change_card(struct sim *sim, struct sim_card *card)
{
	sim_card_free(sim->card);
	sim->card = card;
	sim_card_trace(card, sim->trace);
}

void
reader_tick(struct sim *sim)
{
	if (sim->answer_due != NEVER && now_ms() >= sim->answer_due) {
		sim->answer_due = NEVER;
		send_message(sim, sim->answer, sim->answer_len);
	}
	if (sim->inserted && sim->link == LINK_NONE && now_ms() >= sim->retry_at)
		link_connect(sim);
}

int
reader_timeout(const struct sim *sim)
{
	int64_t due = sim->answer_due;

	if (sim->inserted && sim->link == LINK_NONE && sim->retry_at < due)
		due = sim->retry_at;
	if (due == NEVER)
		return -1;
	return due > now_ms() ? (int)(due - now_ms()) : 0;
}

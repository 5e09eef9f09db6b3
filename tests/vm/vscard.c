/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between qemu's USB CCID reader and jpkisim. To jpkisim it is vpcd (tests/sim/reader.c), to
 * qemu's ccid-card-passthru it is a client of libcacard's VSCARD protocol (vscard_common.h): type,
 * reader and length, 32 bits each, big-endian, and that many bytes. That protocol does not say when
 * the driver cuts the card's power, on which the card's PIN state depends. It is read from what
 * qemu records of the traffic on the USB (option pcap= of its device, a FIFO here): the two
 * messages of CCID, PC_to_RDR_IccPowerOn and PC_to_RDR_IccPowerOff. qemu writes them before it acts on them, so
 * they are here before the command that follows.
 */
#include "config.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"

static const char usage_text[] =
"usage: vscard --reader PORT --card PORT --usb FIFO\n"
"\n"
"Joins a USB CCID reader of qemu and the simulated card.\n"
"\n"
"  --reader PORT    where qemu's ccid-card-passthru listens\n"
"  --card PORT      where to listen for jpkisim\n"
"  --usb FIFO       what qemu's usb-ccid writes its pcap to\n";

enum { VPCD_OFF = 0, VPCD_ON = 1, VPCD_ATR = 4 };
enum { VSC_INIT = 1, VSC_ERROR, VSC_READER_ADD, VSC_READER_REMOVE, VSC_ATR, VSC_CARD_REMOVE, VSC_APDU };
enum { CCID_POWER_ON = 0x62, CCID_POWER_OFF = 0x63 };

#define VSC_HEAD	12
#define VSC_VERSION	2
#define VPCD_HEAD	2
#define PAYLOAD_MAX	65535
#define ATR_MAX		33

/* libpcap's file and record, Linux's struct usbmon_packet: as the machine has its integers. */
#define PCAP_MAGIC	0xa1b2c3d4
#define PCAP_FILE_HEAD	24
#define PCAP_HEAD	16
#define PCAP_LEN	8
#define USBMON_HEAD	64
#define USBMON_BULK	3
#define CCID_HEAD	10

struct input {
	int fd;				/* -1: none */
	uint8_t data[VSC_HEAD + PAYLOAD_MAX];
	size_t len;
};

struct bridge {
	struct input reader, card, usb;
	int listener;
	unsigned int atrs_due;		/* answers of the card that are its ATR */
	uint8_t atr[ATR_MAX];
	size_t atr_len;			/* 0: the reader has not been given the card */
};

/* False: the other end has gone. */
static bool
input_read(struct input *in)
{
	ssize_t n = read(in->fd, in->data + in->len, sizeof in->data - in->len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	in->len += (size_t)n;
	return n > 0;
}

static void
input_take(struct input *in, size_t n)
{
	in->len -= n;
	memmove(in->data, in->data + n, in->len);
}

static bool
send_all(int fd, const uint8_t *p, size_t len)
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
tell_reader(struct bridge *b, uint32_t type, const void *data, size_t len)
{
	static uint8_t message[VSC_HEAD + PAYLOAD_MAX];
	struct writer w = writer_of(message, sizeof message);

	writer_u32(&w, type);
	writer_u32(&w, 0);
	writer_u32(&w, (uint32_t)len);
	writer_bytes(&w, data, len);
	if (!writer_ok(&w) || !send_all(b->reader.fd, message, VSC_HEAD + len))
		errx(1, "the reader has gone");
}

/* --- the card --------------------------------------------------------------- */

static void
card_gone(struct bridge *b)
{
	(void)close(b->card.fd);
	b->card.fd = -1;
	b->card.len = 0;
	b->atrs_due = 0;
	if (b->atr_len > 0)
		tell_reader(b, VSC_CARD_REMOVE, NULL, 0);
	b->atr_len = 0;
}

static void
tell_card(struct bridge *b, const uint8_t *data, size_t len)
{
	static uint8_t message[VPCD_HEAD + PAYLOAD_MAX];
	struct writer w = writer_of(message, sizeof message);

	if (b->card.fd < 0)
		return;
	writer_u16(&w, (uint16_t)len);
	writer_bytes(&w, data, len);
	if (!writer_ok(&w) || !send_all(b->card.fd, message, VPCD_HEAD + len))
		card_gone(b);
}

/* jpkisim calls a card inserted when it has power and its ATR was read. */
static void
ask_atr(struct bridge *b)
{
	static const uint8_t ask = VPCD_ATR;

	b->atrs_due++;
	tell_card(b, &ask, 1);
}

static void
switch_power(struct bridge *b, bool on)
{
	const uint8_t code = on ? VPCD_ON : VPCD_OFF;

	tell_card(b, &code, 1);
	if (on)
		ask_atr(b);
}

static void
card_comes(struct bridge *b)
{
	int fd = accept(b->listener, NULL, NULL);

	if (fd < 0)
		return;
	if (b->card.fd >= 0) {
		(void)close(fd);
		return;
	}
	b->card.fd = fd;
	ask_atr(b);
}

static void
card_answers(struct bridge *b, const uint8_t *data, size_t len)
{
	if (b->atrs_due == 0) {
		tell_reader(b, VSC_APDU, data, len);
		return;
	}
	b->atrs_due--;
	if (b->atr_len > 0)
		return;			/* the reader has it */
	if (len == 0 || len > sizeof b->atr)
		errx(1, "an ATR of %zu bytes", len);
	memcpy(b->atr, data, len);
	b->atr_len = len;
	tell_reader(b, VSC_ATR, b->atr, b->atr_len);
}

static void
card_input(struct bridge *b)
{
	struct input *in = &b->card;

	if (!input_read(in)) {
		card_gone(b);
		return;
	}
	while (in->len >= VPCD_HEAD) {
		size_t len = (size_t)be_get(in->data, VPCD_HEAD);

		if (in->len < VPCD_HEAD + len)
			return;
		card_answers(b, in->data + VPCD_HEAD, len);
		input_take(in, VPCD_HEAD + len);
	}
}

/* --- what qemu records of the USB ----------------------------------------------- */

static uint32_t
native_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void
usb_packet(struct bridge *b, const uint8_t *packet, size_t len)
{
	bool submitted = packet[8] == 'S', bulk = packet[9] == USBMON_BULK, out = (packet[10] & 0x80) == 0;

	if (len < USBMON_HEAD + CCID_HEAD || !submitted || !bulk || !out)
		return;
	if (packet[USBMON_HEAD] == CCID_POWER_ON || packet[USBMON_HEAD] == CCID_POWER_OFF)
		switch_power(b, packet[USBMON_HEAD] == CCID_POWER_ON);
}

/* A reader that is plugged in again begins a file again. Returns the bytes of the next piece; 0: not all there. */
static size_t
usb_next(struct bridge *b)
{
	const struct input *in = &b->usb;
	size_t len;

	if (in->len < PCAP_HEAD)
		return 0;
	if (native_u32(in->data) == PCAP_MAGIC)
		return in->len < PCAP_FILE_HEAD ? 0 : PCAP_FILE_HEAD;
	len = native_u32(in->data + PCAP_LEN);
	if (len < USBMON_HEAD || len > sizeof in->data - PCAP_HEAD)
		errx(1, "a USB packet of %zu bytes", len);
	if (in->len < PCAP_HEAD + len)
		return 0;
	usb_packet(b, in->data + PCAP_HEAD, len);
	return PCAP_HEAD + len;
}

static void
usb_input(struct bridge *b)
{
	size_t before, n;

	do {
		before = b->usb.len;
		if (!input_read(&b->usb))
			err(1, "FIFO");
		n = b->usb.len - before;
		for (size_t piece; (piece = usb_next(b)) > 0;)
			input_take(&b->usb, piece);
	} while (n > 0);
}

/* --- the reader ---------------------------------------------------------------- */

static void
reader_says(struct bridge *b, uint32_t type, const uint8_t *data, size_t len)
{
	switch (type) {
	case VSC_INIT:
		/* The answer to ours; or the reader was plugged in again, and the card had no power meanwhile. */
		switch_power(b, false);
		tell_reader(b, VSC_READER_ADD, NULL, 0);
		if (b->atr_len > 0)
			tell_reader(b, VSC_ATR, b->atr, b->atr_len);
		break;
	case VSC_APDU:
		usb_input(b);		/* what came before it */
		tell_card(b, data, len);
		break;
	case VSC_ERROR:
		if (len == 4 && be_get(data, 4) != 0)
			warnx("the reader says: error %u", (unsigned int)be_get(data, 4));
		break;
	}
}

static void
reader_input(struct bridge *b)
{
	struct input *in = &b->reader;

	if (!input_read(in))
		errx(1, "the reader has gone");
	while (in->len >= VSC_HEAD) {
		size_t len = (size_t)be_get(in->data + 8, 4);

		if (len > PAYLOAD_MAX)
			errx(1, "the reader sends %zu bytes", len);
		if (in->len < VSC_HEAD + len)
			return;
		reader_says(b, (uint32_t)be_get(in->data, 4), in->data + VSC_HEAD, len);
		input_take(in, VSC_HEAD + len);
	}
}

static void
reader_begin(struct bridge *b)
{
	uint8_t init[12] = "VSCD";

	be_put(init + 4, VSC_VERSION, 4);
	be_put(init + 8, 0, 4);
	tell_reader(b, VSC_INIT, init, sizeof init);
}

/* --- ends -------------------------------------------------------------------------- */

static struct sockaddr_in
local_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || port < 1 || port > 65535)
		errx(2, "%s: not a port", text);
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int
tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

static void
open_ends(struct bridge *b, const char *reader, const char *card, const char *usb)
{
	static const int yes = 1;
	struct sockaddr_in there = local_port(reader), here = local_port(card);

	b->reader.fd = tcp_socket();
	b->listener = tcp_socket();
	(void)setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(b->listener, (const struct sockaddr *)&here, sizeof here) != 0 || listen(b->listener, 1) != 0)
		err(1, "port %s", card);
	/* For writing, too: so it has no end while the reader is unplugged. */
	b->usb.fd = open(usb, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (b->usb.fd < 0)
		err(1, "%s", usb);
	if (connect(b->reader.fd, (const struct sockaddr *)&there, sizeof there) != 0)
		err(1, "port %s", reader);
}

static void
turn(struct bridge *b)
{
	struct pollfd fds[] = {
		{ .fd = b->usb.fd, .events = POLLIN },
		{ .fd = b->reader.fd, .events = POLLIN },
		{ .fd = b->card.fd, .events = POLLIN },
		{ .fd = b->listener, .events = POLLIN },
	};

	if (poll(fds, sizeof fds / sizeof fds[0], -1) < 0) {
		if (errno != EINTR)
			err(1, "poll");
		return;
	}
	if (fds[0].revents != 0)
		usb_input(b);
	if (fds[1].revents != 0)
		reader_input(b);
	if (fds[2].revents != 0 && fds[2].fd == b->card.fd)
		card_input(b);
	if (fds[3].revents != 0)
		card_comes(b);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "card", required_argument, NULL, 'c' },
		{ "usb", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct bridge b = { .card.fd = -1 };
	const char *reader = NULL, *card = NULL, *usb = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'r':
			reader = optarg;
			break;
		case 'c':
			card = optarg;
			break;
		case 'u':
			usb = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			return 2;
		}
	if (reader == NULL || card == NULL || usb == NULL || optind != argc) {
		fputs(usage_text, stderr);
		return 2;
	}
	open_ends(&b, reader, card, usb);
	reader_begin(&b);
	for (;;)
		turn(&b);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl doctor on the USB: situations, each with a sysfs and drivers of its own, and what is found in it. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/doctor/doctor.h"
#include "tools/doctor/usb.h"

/* "CLASS DRIVER" of its interfaces; DRIVER may be missing. */
struct fake_device {
	const char *port;
	const char *ids;		/* "072f:2200" */
	const char *interfaces[3];
	const char *control;		/* power/control; NULL: the attribute is missing */
	const char *class;		/* bDeviceClass; NULL: 00 */
};

#define DEVICES_MAX 4
#define FINDINGS_MAX 8

struct situation {
	const char *name;
	struct fake_device devices[DEVICES_MAX];
	const char *libccid;		/* its version; NULL: not installed */
	const char *listed[DEVICES_MAX];	/* what it lists beside a reader that is not here */
	bool acs;			/* ACS's driver, too */
	enum finding before[4];		/* what the doctor found before; until END, as the next */
	enum finding wanted[FINDINGS_MAX];
	const char *detail;		/* in what is said of the last */
	const char *firmware;		/* sys_vendor of the machine */
	const char *only;		/* --reader */
};

static struct {
	enum finding finding;
	char detail[DETAIL_MAX];
} seen[FINDINGS_MAX];
static size_t seen_count;

static void
note(enum finding f, const char *detail)
{
	assert_true(seen_count < FINDINGS_MAX);
	seen[seen_count].finding = f;
	snprintf(seen[seen_count++].detail, DETAIL_MAX, "%s", detail);
}

/* In place of report.c's. */
void
found(struct doctor *d, enum finding f, const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list ap;

	(void)d;
	va_start(ap, format);
	vsnprintf(detail, sizeof detail, format, ap);
	va_end(ap);
	note(f, detail);
}

void
found_alone(struct doctor *d, enum finding f)
{
	(void)d;
	note(f, "");
}

/* --- a machine ----------------------------------------------------------------------- */

static char root[PATH_MAX];
static unsigned int machines;

static void
put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX], *slash;
	FILE *f;

	assert_true((size_t)snprintf(path, sizeof path, "%s%s/%s", root, dir, name) < sizeof path);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "we");
	assert_non_null(f);
	if (f == NULL)
		return;
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
put_interface(const char *port, int number, const char *interface)
{
	char dir[256], link[PATH_MAX], target[128], class[8] = "", driver[64] = "";

	assert_true(sscanf(interface, "%7s %63s", class, driver) >= 1);
	snprintf(dir, sizeof dir, "/sys/bus/usb/devices/%s:1.%d", port, number);
	snprintf(target, sizeof target, "%s\n", class);
	put(dir, "bInterfaceClass", target);
	if (driver[0] == '\0')
		return;
	snprintf(target, sizeof target, "../../../../bus/usb/drivers/%s", driver);
	assert_true((size_t)snprintf(link, sizeof link, "%s%s/driver", root, dir) < sizeof link);
	assert_int_equal(symlink(target, link), 0);
}

static void
put_device(const struct fake_device *device)
{
	char dir[128], text[16];

	snprintf(dir, sizeof dir, "/sys/bus/usb/devices/%s", device->port);
	snprintf(text, sizeof text, "%.4s\n", device->ids);
	put(dir, "idVendor", text);
	snprintf(text, sizeof text, "%.4s\n", device->ids + 5);
	put(dir, "idProduct", text);
	put(dir, "bDeviceClass", device->class != NULL ? device->class : "00\n");
	if (device->control != NULL)
		put(dir, "power/control", device->control);
	for (int i = 0; i < 3 && device->interfaces[i] != NULL; i++)
		put_interface(device->port, i, device->interfaces[i]);
}

/* As libccid's, with a comment that lists what the driver does not. */
static void
put_bundle(const char *bundle, const char *version, const char *const *listed)
{
	char dir[256], text[4096];
	size_t n = 0;

	n += (size_t)snprintf(text + n, sizeof text - n, "<plist version=\"1.0\"><dict>\n"
	    "\t<key>CFBundleShortVersionString</key>\n\t<string>%s</string>\n"
	    "\t<key>CFBundleVersion</key>\n\t<string>0.0.1d1</string>\n", version);
	for (int products = 0; products < 2; products++) {
		n += (size_t)snprintf(text + n, sizeof text - n, "\t<key>%s</key>\n\t<array>\n"
		    "\t\t<!-- <string>0x04E6</string> <string>0x5790</string> -->\n\t\t<string>0x%s</string>\n",
		    products ? "ifdProductID" : "ifdVendorID", products ? "0001" : "1234");
		for (int i = 0; i < DEVICES_MAX && listed[i] != NULL; i++)
			n += (size_t)snprintf(text + n, sizeof text - n, "\t\t<string>0x%.4s</string>\n",
			    listed[i] + (products ? 5 : 0));
		n += (size_t)snprintf(text + n, sizeof text - n, "\t</array>\n");
	}
	snprintf(text + n, sizeof text - n, "\t<key>ifdFriendlyName</key>\n\t<array>\n\t\t<string>0x072F</string>\n"
	    "\t</array>\n</dict></plist>\n");
	snprintf(dir, sizeof dir, "%s/%s/Contents", PCSC_DRIVERS, bundle);
	put(dir, "Info.plist", text);
}

static void
make_machine(const struct situation *s)
{
	static const char *const none[1] = { NULL };
	char name[32];

	snprintf(name, sizeof name, "machine%u", machines++);
	snprintf(root, sizeof root, "%s", scratch_mkdir(name, 0755));
	for (int i = 0; i < DEVICES_MAX && s->devices[i].port != NULL; i++)
		put_device(&s->devices[i]);
	if (s->libccid != NULL)
		put_bundle("ifd-ccid.bundle", s->libccid, s->listed);
	if (s->acs)
		put_bundle("ifd-acsccid.bundle", "1.1.8", none);
	if (s->firmware != NULL)
		put("/sys/class/dmi/id", "sys_vendor", s->firmware);
}

/* --- situations ---------------------------------------------------------------------- */

#define HUB { "usb1", "1d6b:0002", { "09 hub" }, "auto\n", "09\n" }
#define MOUSE { "1-1", "046d:c077", { "03 usbhid" }, "on\n", NULL }
#define READER_AT(ids, ...) { { "1-4", ids, { __VA_ARGS__ }, "on\n", NULL } }
#define SLEEPY_AT(ids, ...) { { "1-4", ids, { __VA_ARGS__ }, "auto\n", NULL } }
#define IN_USE "0b usbfs"

#define END FINDING_COUNT
#define NO_READER { FOUND_SERVICE, FOUND_READER_NONE, END }
#define WELL { FOUND_SERVICE, FOUND_READER, END }
#define CANNOT { FOUND_SERVICE, FOUND_READER, FOUND_READER_CANNOT, END }
#define NO_CARD { FOUND_SERVICE, FOUND_READER, FOUND_READER_EMPTY, END }
#define HANGS { FOUND_SERVICE, FOUND_SERVICE_HANGS, END }
#define NO_ANSWER { FOUND_SERVICE_SILENT, END }
#define NO_PCSCD { FOUND_SERVICE_ABSENT, END }

static const struct situation situations[] = {
	/* what comes up */
	{ "RC-S300", READER_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false, WELL, { END } },
	{ "RC-S300 that may sleep, as libccid has it", SLEEPY_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" },
	  false, WELL, { END } },
	{ "a keyboard with a reader in it", READER_AT("03f0:104a", "03 usbhid", IN_USE), "1.5.2", { "03F0:104A" },
	  false, WELL, { END } },
	{ "an older reader without a class", READER_AT("072f:9000", "ff usbfs"), "1.5.2", { "072F:9000" }, false,
	  WELL, { END } },
	{ "ACR122U with a libccid that mostly does", READER_AT("072f:2200", IN_USE), "1.5.2", { "072F:2200" },
	  false, WELL, { END } },
	{ "a security key beside a reader", { { "1-4", "054c:0dc8", { IN_USE }, "on\n", NULL },
	  { "1-5", "1050:0407", { "03 usbhid", "0b" }, "on\n", NULL } }, "1.5.2", { "054C:0DC8" }, false, WELL, { END } },
	{ "no reader of ours, but one of pcscd", { MOUSE }, "1.5.2", { NULL }, false, WELL, { END } },

	/* no CCID device */
	{ "RC-S380, which the kernel has", READER_AT("054c:06c3", "ff port100"), "1.5.2", { NULL }, false,
	  NO_READER, { FOUND_USB_NO_CCID, END }, "Sony RC-S380/P (054c:06c3, USB 1-4)" },
	{ "RC-S380, opened by no driver", READER_AT("054c:06c1", "ff"), "1.5.2", { NULL }, false, NO_READER,
	  { FOUND_USB_NO_CCID, END } },
	{ "RC-S330 beside a reader that works", { { "1-4", "054c:0dc8", { IN_USE }, "on\n", NULL },
	  { "1-5", "054c:02e1", { "ff pn533_usb" }, "auto\n", NULL } }, "1.5.2", { "054C:0DC8" }, false, WELL,
	  { FOUND_USB_NO_CCID, END }, "USB 1-5" },
	{ "RC-S320 while pcscd is silent", READER_AT("054c:01bb", "ff"), "1.5.2", { NULL }, false, NO_ANSWER,
	  { FOUND_USB_NO_CCID, END } },

	/* a driver of the kernel */
	{ "ACR122U and pn533_usb", READER_AT("072f:2200", "0b pn533_usb"), "1.6.2", { "072F:2200" }, false, NO_READER,
	  { FOUND_USB_TAKEN, END }, "ACS ACR122U (072f:2200, USB 1-4): pn533_usb" },
	{ "the same without pcscd", READER_AT("072f:2200", "0b pn533_usb"), "1.6.2", { "072F:2200" }, false,
	  NO_PCSCD, { FOUND_USB_TAKEN, END } },
	{ "a modem has its own interfaces", READER_AT("03f0:581d", "ff option", IN_USE, "ff qcserial"), "1.5.2",
	  { "03F0:581D" }, false, WELL, { END } },

	/* drivers of pcscd */
	{ "no libccid", READER_AT("054c:0dc8", "0b"), NULL, { NULL }, false, NO_READER, { FOUND_USB_NO_DRIVER, END } },
	{ "a libccid that does not list it", READER_AT("054c:0dc8", "0b"), "1.4.31", { "054C:0DC9" }, false,
	  NO_READER, { FOUND_USB_UNLISTED, END }, "RC-S300/S" },
	{ "the same beside one that works", READER_AT("054c:0dc8", "0b"), "1.4.31", { NULL }, false, WELL,
	  { FOUND_USB_UNLISTED, END } },
	{ "an unknown reader", READER_AT("abcd:0001", "0b"), "1.5.2", { NULL }, false, NO_READER,
	  { FOUND_USB_UNLISTED, END }, "abcd:0001, USB 1-4" },
	{ "listed in a comment only", READER_AT("04e6:5790", "0b"), "1.5.2", { NULL }, false, NO_READER,
	  { FOUND_USB_UNLISTED, END }, "uTrust" },
	{ "AU9540 and an old libccid", READER_AT("058f:9540", IN_USE), "1.5.0", { "058F:9540" }, false, WELL,
	  { FOUND_USB_OLD_DRIVER, END }, "libccid 1.5.0 < 1.5.2" },
	{ "AU9540 and the first that copes", READER_AT("058f:9540", IN_USE), "1.5.2", { "058F:9540" }, false, WELL,
	  { END } },
	{ "AU9540 and a later one, of two digits", READER_AT("058f:9540", IN_USE), "1.10.0", { "058F:9540" }, false,
	  WELL, { END } },
	{ "ACR122U that cannot talk to the card", READER_AT("072f:2200", IN_USE), "1.5.2", { "072F:2200" }, false,
	  CANNOT, { FOUND_USB_OLD_DRIVER, FOUND_USB_ACS, END } },
	{ "ACR1252 that cannot talk to the card", READER_AT("072f:223b", IN_USE), "1.6.2", { "072F:223B" }, false,
	  CANNOT, { FOUND_USB_ACS, END } },
	{ "the same with the driver of ACS", READER_AT("072f:223b", IN_USE), "1.6.2", { "072F:223B" }, true,
	  CANNOT, { END } },

	/* who has it */
	{ "scdaemon has it", READER_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false, NO_READER,
	  { FOUND_USB_HELD, END } },
	{ "pcscd leaves it alone", READER_AT("054c:0dc8", "0b"), "1.5.2", { "054C:0DC8" }, false, NO_READER,
	  { FOUND_USB_UNCLAIMED, END } },
	{ "pcscd leaves it alone, asleep", SLEEPY_AT("054c:0dc8", "0b"), "1.5.2", { "054C:0DC8" }, false, NO_READER,
	  { FOUND_USB_UNCLAIMED, FOUND_USB_SLEEPS, END } },
	{ "pcscd is silent: that it has none says nothing", READER_AT("054c:0dc8", "0b"), "1.5.2", { "054C:0DC8" },
	  false, NO_ANSWER, { END } },
	{ "another reader was asked for", READER_AT("054c:06c1", "ff"), "1.5.2", { NULL }, false, WELL, { END },
	  .only = "Alcor" },
	{ "and is not there", { { NULL } }, "1.5.2", { NULL }, false, NO_READER, { END }, .only = "Alcor" },

	/* in use, and something is wrong */
	{ "contact is lost", SLEEPY_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false,
	  { FOUND_SERVICE, FOUND_READER, FOUND_READER_LOST, END }, { FOUND_USB_SLEEPS, END }, "USB 1-4" },
	{ "hangs", SLEEPY_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false,
	  HANGS, { FOUND_USB_SLEEPS, END } },
	{ "hangs, and never sleeps", READER_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false,
	  HANGS, { END } },
	{ "a contact reader sees no card", READER_AT("04e6:5116", IN_USE), "1.5.2", { "04E6:5116" }, false,
	  NO_CARD, { FOUND_USB_CONTACTS, END }, "SCR3310" },
	{ "one with an antenna sees no card", READER_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false,
	  NO_CARD, { END } },

	/* nothing there */
	{ "no reader", { HUB, MOUSE }, "1.5.2", { NULL }, false, NO_READER, { FOUND_USB_NONE, END } },
	{ "no USB at all", { { NULL } }, "1.5.2", { NULL }, false, NO_READER, { FOUND_USB_NONE, END } },
	{ "no reader in a virtual machine", { HUB, MOUSE }, "1.5.2", { NULL }, false, NO_READER,
	  { FOUND_USB_NONE_VIRTUAL, END }, "VirtualBox", .firmware = "innotek GmbH\n" },
	{ "no reader on a real machine", { HUB }, "1.5.2", { NULL }, false, NO_READER, { FOUND_USB_NONE, END },
	  .firmware = "LENOVO\n" },
	{ "a virtual machine with a reader", READER_AT("054c:0dc8", IN_USE), "1.5.2", { "054C:0DC8" }, false, WELL,
	  { END }, .firmware = "QEMU\n" },
	{ "pcscd is not installed", { MOUSE }, NULL, { NULL }, false, NO_PCSCD,
	  { END } },
};

static void
judge(const struct situation *s)
{
	static struct doctor d;

	d = (struct doctor){ .reader = s->only };
	for (size_t i = 0; s->before[i] != END; i++)
		d.seen[s->before[i]] = 1;
	seen_count = 0;
	make_machine(s);
	doctor_usb(&d, root);
}

static void
each_situation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(situations); i++) {
		const struct situation *s = &situations[i];
		size_t n = 0;

		judge(s);
		for (; s->wanted[n] != END; n++)
			if (n >= seen_count || seen[n].finding != s->wanted[n])
				fail_msg("%s: finding %zu is missing", s->name, n);
		if (seen_count != n)
			fail_msg("%s: %zu findings, the last: %s", s->name, seen_count, seen[seen_count - 1].detail);
		if (s->detail != NULL && strstr(seen[n - 1].detail, s->detail) == NULL)
			fail_msg("%s: \"%s\"", s->name, seen[n - 1].detail);
	}
}

static void
containers(void **state)
{
	static const char *const files[] = { "/run/systemd/container", "/run/.containerenv", "/.dockerenv" };

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		make_machine(&situations[0]);
		assert_null(usb_virtual_machine(root));
		put("", files[i] + 1, "");
		assert_non_null(usb_virtual_machine(root));
	}
}

/* Names too long, numbers that are none, a list without end: whatever is there, it is a machine without them. */
static void
nonsense(void **state)
{
	static struct usb_devices devices;
	static struct usb_drivers drivers;
	static char text[1 << 16];
	char name[200];

	(void)state;
	make_machine(&(struct situation){ .devices = { MOUSE, { "1-2", "zzzz:0001", { "0b" }, NULL, NULL },
	    { "1-3", "12345:001", { "0b" }, NULL, NULL } } });
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	put("/sys/bus/usb/devices/no-device", "power/control", "auto\n");
	put("/sys/bus/usb/devices", name, "");
	put("/sys/bus/usb/devices/9-9:1.0", "bInterfaceClass", "0b\n");
	usb_read_devices(root, &devices);
	assert_true(devices.count <= 2);
	usb_read_drivers(root, &drivers);
	assert_false(drivers.any);

	snprintf(text, sizeof text, "%-65000s", "<key>ifdVendorID</key><array><!-- never");
	put(PCSC_DRIVERS "/ifd-ccid.bundle/Contents", "Info.plist", text);
	put(PCSC_DRIVERS "/b.bundle/Contents", "Info.plist", "<key>ifdVendorID</key><array><string>0x");
	put(PCSC_DRIVERS "/c.bundle/Contents", "Info.plist", "");
	put(PCSC_DRIVERS "/serial", "libccidtwin.so", "");
	usb_read_drivers(root, &drivers);
	assert_true(drivers.any);
	assert_string_equal(drivers.ccid_version, "");
	assert_int_equal(drivers.count, 0);
}

static void
more_devices_than_there_is_room_for(void **state)
{
	static struct usb_devices devices;

	(void)state;
	make_machine(&(struct situation){ .name = "full" });
	for (int i = 0; i < USB_DEVICES_MAX + 6; i++) {
		char port[16];

		snprintf(port, sizeof port, "1-%d", i);
		put_device(&(struct fake_device){ port, "054c:0dc8", { "0b" }, NULL, NULL });
	}
	usb_read_devices(root, &devices);
	assert_int_equal(devices.count, USB_DEVICES_MAX);
	make_machine(&(struct situation){ .devices = { HUB, MOUSE } });
	usb_read_devices(root, &devices);
	assert_int_equal(devices.count, 1);	/* hubs take none of the room */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_situation, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(containers, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(nonsense, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(more_devices_than_there_is_room_for, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

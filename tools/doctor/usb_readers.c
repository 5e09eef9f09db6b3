/* SPDX-License-Identifier: BSD-2-Clause */
/* USB readers: which one does not work, and why. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tools/doctor/doctor.h"
#include "tools/doctor/usb.h"

enum {
	NO_CCID = 1 << 0,	/* not a CCID device: no driver of pcscd supports it */
	CONTACTS = 1 << 1,	/* reads cards by their contacts only */
	OLDER_MAY_DO = 1 << 2,	/* an older driver usually works: report it only if there is a problem */
};

/* doc/facts/jpki-card.md §16; identifiers as in the lists of libccid and of the kernel's drivers. */
static const struct known_reader {
	uint16_t vendor, product;
	const char *name;
	unsigned int traits;
	const char *since;	/* the first libccid that supports it; NULL: any that lists it */
} known_readers[] = {
	{ 0x054c, 0x006c, "Sony RC-S310", NO_CCID, NULL },
	{ 0x054c, 0x01bb, "Sony RC-S320", NO_CCID, NULL },
	{ 0x054c, 0x02e1, "Sony RC-S330, RC-S360 or RC-S370", NO_CCID, NULL },
	{ 0x054c, 0x06c1, "Sony RC-S380/S", NO_CCID, NULL },
	{ 0x054c, 0x06c3, "Sony RC-S380/P", NO_CCID, NULL },
	{ 0x054c, 0x0d8f, "Sony RC-S660/U", 0, NULL },
	{ 0x054c, 0x0dc8, "Sony RC-S300/S", 0, NULL },
	{ 0x054c, 0x0dc9, "Sony RC-S300/P", 0, NULL },
	{ 0x04cc, 0x2533, "NXP PN533", NO_CCID, NULL },
	{ 0x04e6, 0x5591, "SCM SCL3711", NO_CCID, NULL },
	{ 0x04e6, 0x5116, "SCM SCR3310", CONTACTS, NULL },
	{ 0x04e6, 0x511a, "SCR3310-NTTCom", CONTACTS, NULL },
	{ 0x04e6, 0x5790, "Identiv uTrust 3700 F", 0, NULL },
	{ 0x04e6, 0x5810, "Identiv CLOUD 2700 R", CONTACTS, NULL },
	{ 0x058f, 0x9540, "Alcor Micro AU9540 or AU9560", CONTACTS, "1.5.2" },
	{ 0x072f, 0x2200, "ACS ACR122U", OLDER_MAY_DO, "1.6.2" },
	{ 0x072f, 0x221a, "ACS ACR1251", 0, NULL },
	{ 0x072f, 0x223b, "ACS ACR1252", 0, NULL },
	{ 0x072f, 0x223e, "ACS ACR1252", 0, NULL },
	{ 0x072f, 0x223f, "ACS ACR1255U-J1", 0, NULL },
	{ 0x072f, 0xb100, "ACS ACR39U", CONTACTS, NULL },
};

static const struct known_reader *
find_known(const struct usb_device *device)
{
	for (size_t i = 0; i < sizeof known_readers / sizeof known_readers[0]; i++)
		if (known_readers[i].vendor == device->vendor && known_readers[i].product == device->product)
			return &known_readers[i];
	return NULL;
}

#define ACS 0x072f

/* What pcscd has reported, and its drivers. */
struct picture {
	struct doctor *d;
	const struct usb_drivers *drivers;
	bool served;		/* pcscd answered */
	bool no_reader;		/* and has no reader at all */
	bool trouble;		/* with a reader or card */
	bool no_card;
};

static void
found_at(struct picture *p, enum finding f, const struct usb_device *device, const char *more)
{
	const struct known_reader *known = find_known(device);

	found(p->d, f, "%s%s%04x:%04x, USB %s%s%s%s", known != NULL ? known->name : "", known != NULL ? " (" : "",
	    device->vendor, device->product, device->port, known != NULL ? ")" : "",
	    more[0] != '\0' ? ": " : "", more);
}

static bool
has_trait(const struct usb_device *device, unsigned int trait)
{
	const struct known_reader *known = find_known(device);

	return known != NULL && (known->traits & trait) != 0;
}

/* Why pcscd cannot use a connected reader; FINDING_COUNT if it can. */
static enum finding
find_obstacle(const struct picture *p, const struct usb_device *device)
{
	bool claimed = strcmp(device->driver, "usbfs") == 0, listed = usb_is_listed(p->drivers, device);

	if (has_trait(device, NO_CCID))
		return FOUND_USB_NO_CCID;
	if (device->driver[0] != '\0' && !claimed)
		return FOUND_USB_TAKEN;
	if (!p->drivers->any)
		return FOUND_USB_NO_DRIVER;
	/* A security key that also has a CCID interface does not matter if another reader works. */
	if (!listed && (find_known(device) != NULL || p->no_reader))
		return FOUND_USB_UNLISTED;
	if (claimed && p->no_reader)
		return FOUND_USB_HELD;
	if (listed && !claimed && p->served)
		return FOUND_USB_UNCLAIMED;
	return FINDING_COUNT;
}

static void
judge_driver(struct picture *p, const struct usb_device *device)
{
	const struct known_reader *known = find_known(device);
	const char *version = p->drivers->ccid_version;
	char versions[2 * USB_NAME_MAX];

	if (known == NULL || known->since == NULL || version[0] == '\0' || strverscmp(version, known->since) >= 0 ||
	    ((known->traits & OLDER_MAY_DO) != 0 && !p->trouble))
		return;
	snprintf(versions, sizeof versions, "libccid %.*s < %s", USB_NAME_MAX, version, known->since);
	found_at(p, FOUND_USB_OLD_DRIVER, device, versions);
}

static void
judge_reader(struct picture *p, const struct usb_device *device)
{
	enum finding obstacle = find_obstacle(p, device);

	if (obstacle != FINDING_COUNT)
		found_at(p, obstacle, device, obstacle == FOUND_USB_TAKEN ? device->driver : "");
	judge_driver(p, device);
	if (device->vendor == ACS && p->trouble && !p->drivers->acs)
		found_at(p, FOUND_USB_ACS, device, "");
	/* libccid lets every reader sleep: that alone is not a fault. */
	if (device->may_sleep && (p->trouble || obstacle == FOUND_USB_UNCLAIMED))
		found_at(p, FOUND_USB_SLEEPS, device, "");
	if (p->no_card && obstacle == FINDING_COUNT && has_trait(device, CONTACTS))
		found_at(p, FOUND_USB_CONTACTS, device, "");
}

static bool
is_reader(const struct picture *p, const struct usb_device *device)
{
	return device->is_ccid || find_known(device) != NULL || usb_is_listed(p->drivers, device);
}

void
doctor_usb(struct doctor *d, const char *root)
{
	static struct usb_devices devices;
	static struct usb_drivers drivers;
	const char *virtual_machine = usb_virtual_machine(root);
	size_t readers = 0;
	struct picture p = { .d = d, .drivers = &drivers, .served = d->seen[FOUND_SERVICE] > 0,
		.no_reader = d->seen[FOUND_READER_NONE] > 0,
		.trouble = d->seen[FOUND_SERVICE_HANGS] + d->seen[FOUND_READER_CANNOT] +
		    d->seen[FOUND_READER_LOST] > 0,
		.no_card = d->seen[FOUND_READER_EMPTY] > 0 };

	if (d->reader != NULL)	/* it is unknown which of these is meant */
		return;
	usb_read_devices(root, &devices);
	usb_read_drivers(root, &drivers);
	for (size_t i = 0; i < devices.count; i++)
		if (is_reader(&p, &devices.at[i])) {
			readers++;
			judge_reader(&p, &devices.at[i]);
		}
	if (readers > 0 || !p.no_reader)
		return;
	if (virtual_machine != NULL)
		found(d, FOUND_USB_NONE_VIRTUAL, "%s", virtual_machine);
	else
		found_alone(d, FOUND_USB_NONE);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers as the kernel shows them in sysfs, and pcscd's drivers for them, to find out why a connected
 * reader does not work. Nothing here opens a device. Every path begins with `root`, which is "" except in
 * tests.
 */
#ifndef JPKI_TOOLS_DOCTOR_USB_H
#define JPKI_TOOLS_DOCTOR_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_DEVICES_MAX 64
#define USB_LISTED_MAX 4096
#define USB_NAME_MAX 32

struct usb_device {
	char port[USB_NAME_MAX];	/* its name in /sys/bus/usb/devices, "1-4.2" */
	uint16_t vendor, product;
	bool is_ccid;			/* it has an interface of the class 0B, smart cards */
	/*
	 * The driver of its CCID interface, or if there is none, of its first vendor-specific one: "usbfs"
	 * is a program through libusb, any other name a kernel driver; "" none.
	 */
	char driver[USB_NAME_MAX];
	bool may_sleep;			/* power/control is "auto" */
};

struct usb_devices {
	size_t count;
	struct usb_device at[USB_DEVICES_MAX];
};

/* The devices listed in the Info.plist of each installed driver. */
struct usb_drivers {
	bool any;			/* a driver is installed */
	bool acs;			/* the ACS driver for its own readers is installed too */
	char ccid_version[USB_NAME_MAX];	/* of libccid, "1.5.2"; "" if it is not installed */
	size_t count;
	struct {
		uint16_t vendor, product;
	} at[USB_LISTED_MAX];
};

/*
 * All USB devices except hubs, up to USB_DEVICES_MAX. None if the kernel shows no USB.
 */
void usb_read_devices(const char *root, struct usb_devices *ret);

/* The drivers below PCSC_DRIVERS (config.h); an Info.plist that cannot be read lists nothing. */
void usb_read_drivers(const char *root, struct usb_drivers *ret);

/* Whether a driver lists this device. */
bool usb_is_listed(const struct usb_drivers *drivers, const struct usb_device *device);

/* The name of this virtual machine or container, "QEMU"; NULL for a real machine. */
const char *usb_virtual_machine(const char *root);

#endif

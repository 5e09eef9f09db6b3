/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tools/doctor/usb.h"

#define DEVICES "/sys/bus/usb/devices"
#define CLASS_HUB 0x09
#define CLASS_CCID 0x0b
#define CLASS_VENDOR 0xff
#define PLIST_MAX ((size_t)1 << 20)

/* --- sysfs ------------------------------------------------------------------------- */

static DIR *
open_directory(const char *root, const char *path)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof full, "%s%s", root, path);

	return n > 0 && (size_t)n < sizeof full ? opendir(full) : NULL;
}

/* One line of an attribute, without the newline. */
static bool
read_attribute(int dir, const char *entry, const char *name, char text[static USB_NAME_MAX])
{
	char path[2 * NAME_MAX];
	_cleanup_(closep) int fd = -1;
	ssize_t n;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", entry, name) >= sizeof path)
		return false;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, USB_NAME_MAX - 1) : -1;
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static bool
read_number(int dir, const char *entry, const char *name, unsigned long *ret)
{
	char text[USB_NAME_MAX], *end;

	if (!read_attribute(dir, entry, name, text))
		return false;
	*ret = strtoul(text, &end, 16);
	return end != text && *end == '\0' && *ret <= UINT16_MAX;
}

/* The name of the driver that is bound to an interface; "" for none. */
static void
read_driver(int dir, const char *interface, char name[static USB_NAME_MAX])
{
	char path[2 * NAME_MAX], target[PATH_MAX], *base;
	ssize_t n;

	name[0] = '\0';
	if ((size_t)snprintf(path, sizeof path, "%s/driver", interface) >= sizeof path)
		return;
	n = readlinkat(dir, path, target, sizeof target - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	base = strrchr(target, '/');
	snprintf(name, USB_NAME_MAX, "%.*s", USB_NAME_MAX - 1, base != NULL ? base + 1 : target);
}

static bool
read_device(int dir, const char *port, struct usb_device *ret)
{
	unsigned long vendor, product, class;
	char control[USB_NAME_MAX] = "";

	if (strlen(port) >= sizeof ret->port || !read_number(dir, port, "idVendor", &vendor) ||
	    !read_number(dir, port, "idProduct", &product) ||
	    !read_number(dir, port, "bDeviceClass", &class) || class == CLASS_HUB)
		return false;
	*ret = (struct usb_device){ .vendor = (uint16_t)vendor, .product = (uint16_t)product };
	snprintf(ret->port, sizeof ret->port, "%s", port);
	ret->may_sleep = read_attribute(dir, port, "power/control", control) && strcmp(control, "auto") == 0;
	return true;
}

/* "1-4:1.0" is an interface of "1-4". */
static struct usb_device *
device_of(struct usb_devices *devices, const char *interface)
{
	size_t len = strcspn(interface, ":");

	for (size_t i = 0; i < devices->count; i++)
		if (strlen(devices->at[i].port) == len && strncmp(devices->at[i].port, interface, len) == 0)
			return &devices->at[i];
	return NULL;
}

static void
note_interface(int dir, const char *interface, struct usb_devices *devices)
{
	struct usb_device *device = device_of(devices, interface);
	unsigned long class;

	if (device == NULL || !read_number(dir, interface, "bInterfaceClass", &class))
		return;
	if (!device->is_ccid && (class == CLASS_CCID || (class == CLASS_VENDOR && device->driver[0] == '\0')))
		read_driver(dir, interface, device->driver);
	device->is_ccid |= class == CLASS_CCID;
}

/* Devices first, because interfaces are recorded with their device. */
void
usb_read_devices(const char *root, struct usb_devices *ret)
{
	_cleanup_(closedirp) DIR *dir = open_directory(root, DEVICES);
	struct dirent *entry;

	ret->count = 0;
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL && ret->count < USB_DEVICES_MAX)
		if (entry->d_name[0] != '.' && strchr(entry->d_name, ':') == NULL &&
		    read_device(dirfd(dir), entry->d_name, &ret->at[ret->count]))
			ret->count++;
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strchr(entry->d_name, ':') != NULL)
			note_interface(dirfd(dir), entry->d_name, ret);
}

/* --- drivers ----------------------------------------------------------------------- */

/* A property list is XML; like pcscd, find values by their keys only. */
static void
blank_comments(char *text)
{
	char *begin = text, *end;

	while ((begin = strstr(begin, "<!--")) != NULL) {
		end = strstr(begin, "-->");
		end = end != NULL ? end + 3 : begin + strlen(begin);
		memset(begin, ' ', (size_t)(end - begin));
		begin = end;
	}
}

/* Where the value of a key begins; NULL if it is not there. */
static const char *
find_key(const char *text, const char *key)
{
	char tag[64];
	const char *p;

	snprintf(tag, sizeof tag, "<key>%s</key>", key);
	p = strstr(text, tag);
	return p != NULL ? p + strlen(tag) : NULL;
}

/* The next <string> before the next key. */
static bool
next_string(const char **p, char value[static USB_NAME_MAX])
{
	static const char tag[] = "<string>";
	const char *begin, *stop;
	size_t len;

	if (*p == NULL || (begin = strstr(*p, tag)) == NULL)
		return false;
	stop = strstr(*p, "<key>");
	if (stop != NULL && stop < begin)
		return false;
	begin += strlen(tag);
	len = strcspn(begin, "<");
	snprintf(value, USB_NAME_MAX, "%.*s", len < USB_NAME_MAX ? (int)len : USB_NAME_MAX - 1, begin);
	*p = begin + len;
	return true;
}

static void
note_list(const char *text, struct usb_drivers *drivers)
{
	const char *vendors = find_key(text, "ifdVendorID"), *products = find_key(text, "ifdProductID");
	char vendor[USB_NAME_MAX], product[USB_NAME_MAX];

	while (drivers->count < USB_LISTED_MAX && next_string(&vendors, vendor) && next_string(&products, product)) {
		drivers->at[drivers->count].vendor = (uint16_t)strtoul(vendor, NULL, 16);
		drivers->at[drivers->count].product = (uint16_t)strtoul(product, NULL, 16);
		drivers->count++;
	}
}

static void
read_driver_list(int dir, const char *bundle, struct usb_drivers *drivers)
{
	char path[2 * NAME_MAX];
	_cleanup_(freep) char *text = malloc(PLIST_MAX + 1);
	_cleanup_(fclosep) FILE *f = NULL;
	const char *version;
	size_t n;
	int fd;

	if (text == NULL || (size_t)snprintf(path, sizeof path, "%s/Contents/Info.plist", bundle) >= sizeof path)
		return;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		closep(&fd);
		return;
	}
	drivers->any = true;
	drivers->acs |= strcmp(bundle, "ifd-acsccid.bundle") == 0;
	n = fread(text, 1, PLIST_MAX, f);
	text[n] = '\0';
	blank_comments(text);
	version = find_key(text, "CFBundleShortVersionString");
	if (strcmp(bundle, "ifd-ccid.bundle") == 0 && !next_string(&version, drivers->ccid_version))
		drivers->ccid_version[0] = '\0';
	note_list(text, drivers);
}

void
usb_read_drivers(const char *root, struct usb_drivers *ret)
{
	_cleanup_(closedirp) DIR *dir = open_directory(root, PCSC_DRIVERS);
	struct dirent *entry;

	ret->any = ret->acs = false;
	ret->ccid_version[0] = '\0';
	ret->count = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strstr(entry->d_name, ".bundle") != NULL)
			read_driver_list(dirfd(dir), entry->d_name, ret);
}

bool
usb_is_listed(const struct usb_drivers *drivers, const struct usb_device *device)
{
	for (size_t i = 0; i < drivers->count; i++)
		if (drivers->at[i].vendor == device->vendor && drivers->at[i].product == device->product)
			return true;
	return false;
}

/* --- the machine ------------------------------------------------------------------- */

static bool
exists(const char *root, const char *path)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof full, "%s%s", root, path);

	return n > 0 && (size_t)n < sizeof full && access(full, F_OK) == 0;
}

/* The machine's name in the firmware; the results are the names of systemd-detect-virt(1). */
static const char *
virtual_by_firmware(const char *root)
{
	static const struct { const char *begin, *name; } makers[] = {
		{ "QEMU", "QEMU" }, { "KVM", "KVM" }, { "VMware", "VMware" }, { "innotek GmbH", "VirtualBox" },
		{ "VirtualBox", "VirtualBox" }, { "Xen", "Xen" }, { "Parallels", "Parallels" },
		{ "Virtual Machine", "Hyper-V" }, { "BHYVE", "bhyve" }, { "Apple Virtualization", "Apple" },
		{ "Google Compute Engine", "Google" }, { "Amazon EC2", "Amazon EC2" },
	};
	static const char *const attributes[] = { "sys_vendor", "product_name" };
	_cleanup_(closedirp) DIR *dir = open_directory(root, "/sys/class/dmi/id");
	char text[USB_NAME_MAX];

	for (size_t a = 0; dir != NULL && a < 2; a++) {
		if (!read_attribute(dirfd(dir), ".", attributes[a], text))
			continue;
		for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
			if (strncmp(text, makers[i].begin, strlen(makers[i].begin)) == 0)
				return makers[i].name;
	}
	return NULL;
}

const char *
usb_virtual_machine(const char *root)
{
	static const struct { const char *path, *name; } containers[] = {
		{ "/run/systemd/container", "container" }, { "/run/.containerenv", "podman" },
		{ "/.dockerenv", "docker" }, { "/run/WSL", "WSL" },
	};

	for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++)
		if (exists(root, containers[i].path))
			return containers[i].name;
	return virtual_by_firmware(root);
}

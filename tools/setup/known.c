/* SPDX-License-Identifier: BSD-2-Clause */
/* The services that are known by name. Their lines are those of the examples (config/pam.d). */
#include "config.h"

#include <string.h>

#include "tools/setup/setup.h"

#define FORWARD " forward_pass=yes"	/* programs with one field, and scripts, which give sudo the password */
#define LOCKER FORWARD " wait=10"	/* the card may be laid down after Enter */

static const struct known_service known[] = {
	/* Before those whose files include theirs (su-l; in Debian 13 i3lock, swaylock, gtklock). */
	{ "sudo", FORWARD, KNOWN_PROPOSED, NULL },
	{ "sudo-i", FORWARD, KNOWN_PROPOSED, NULL },
	{ "login", "", KNOWN_PROPOSED, NULL },
	{ "su", "", KNOWN_OFFERED, N_("It asks for the card of the user that you become.") },
	{ "su-l", "", KNOWN_OFFERED, N_("It asks for the card of the user that you become.") },
	{ "doas", "", KNOWN_PROPOSED, NULL },
	{ "polkit-1", "", KNOWN_PROPOSED, NULL },
	/* greeters */
	{ "lightdm", "", KNOWN_PROPOSED, NULL },
	{ "gdm-password", "", KNOWN_PROPOSED, NULL },
	{ "gdm-smartcard", "", KNOWN_UNFIT, N_("GNOME calls it for cards that OpenSC sees, and the file is a link of "
	    "update-alternatives; the line belongs into gdm-password, and for the rest see D614 in jpkictl-doctor(8)") },
	{ "sddm", FORWARD, KNOWN_PROPOSED, NULL },
	{ "greetd", "", KNOWN_PROPOSED, NULL },
	/* screen lockers */
	{ "kde", LOCKER, KNOWN_PROPOSED, NULL },
	{ "kde-smartcard", "", KNOWN_UNFIT, N_("Plasma shows no prompt there; the line belongs into kde") },
	{ "kde-fingerprint", "", KNOWN_UNFIT, N_("Plasma shows no prompt there; the line belongs into kde") },
	{ "xscreensaver", "", KNOWN_PROPOSED, NULL },
	{ "xsecurelock", "", KNOWN_PROPOSED, NULL },
	{ "cinnamon-screensaver", "", KNOWN_PROPOSED, NULL },
	{ "mate-screensaver", "", KNOWN_PROPOSED, NULL },
	{ "xfce4-screensaver", "", KNOWN_PROPOSED, NULL },
	{ "swaylock", LOCKER, KNOWN_PROPOSED, NULL },
	{ "i3lock", LOCKER, KNOWN_PROPOSED, NULL },
	{ "gtklock", LOCKER, KNOWN_PROPOSED, NULL },
	{ "waylock", LOCKER, KNOWN_PROPOSED, NULL },
	{ "hyprlock", LOCKER, KNOWN_PROPOSED, NULL },
	{ "vlock", "", KNOWN_PROPOSED, NULL },
	{ "physlock", "", KNOWN_PROPOSED, NULL },
	{ "sshd", "", KNOWN_OFFERED, N_("Users who come over the network are not asked for a card.") },
	{ NULL, NULL, KNOWN_UNFIT, NULL },
};

const struct known_service *
known_services(void)
{
	return known;
}

const struct known_service *
known_service(const char *name)
{
	const struct known_service *k = known;

	while (k->name != NULL && strcmp(k->name, name) != 0)
		k++;
	return k->name != NULL ? k : NULL;
}

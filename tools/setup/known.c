/* SPDX-License-Identifier: BSD-2-Clause */
/* Services that are known by name. Their lines are those of the examples (config/pam.d). */
#include "config.h"

#include <string.h>

#include "tools/setup/setup.h"

#define FORWARD " forward_pass=yes"	/* programs with one field, and scripts, which give sudo the password */
#define LOCKER FORWARD " wait=10"	/* the card may be placed after Enter */

static const struct known_service known[] = {
	/* Before those whose files include theirs (su-l; in Debian 13 i3lock, swaylock, gtklock). */
	{ "sudo", FORWARD, KNOWN_PROPOSED, NULL, false },
	{ "sudo-i", FORWARD, KNOWN_PROPOSED, NULL, false },
	{ "login", "", KNOWN_PROPOSED, NULL, true },
	{ "su", "", KNOWN_OFFERED, N_("It asks for the card of the user that you become."), false },
	{ "su-l", "", KNOWN_OFFERED, N_("It asks for the card of the user that you become."), false },
	{ "runuser", "", KNOWN_UNFIT, N_("Only root runs it, and it asks for nothing"), false },
	{ "runuser-l", "", KNOWN_UNFIT, N_("Only root runs it, and it asks for nothing"), false },
	{ "doas", "", KNOWN_PROPOSED, NULL, false },
	{ "polkit-1", "", KNOWN_PROPOSED, NULL, false },
	/* greeters */
	{ "lightdm", "", KNOWN_PROPOSED, NULL, true },
	{ "gdm-password", "", KNOWN_PROPOSED, NULL, true },
	{ "gdm-smartcard", "", KNOWN_UNFIT, N_("GNOME calls it for cards that OpenSC sees, and the file is a link of "
	    "update-alternatives; the line belongs into gdm-password, and for the rest see D614 in jpkictl-doctor(8)"), false },
	{ "sddm", FORWARD, KNOWN_PROPOSED, NULL, true },
	{ "greetd", "", KNOWN_PROPOSED, NULL, true },
	/* screen lockers */
	{ "kde", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "kde-smartcard", "", KNOWN_UNFIT, N_("Plasma shows no prompt there; the line belongs into kde"), false },
	{ "kde-fingerprint", "", KNOWN_UNFIT, N_("Plasma shows no prompt there; the line belongs into kde"), false },
	{ "xscreensaver", "", KNOWN_PROPOSED, NULL, false },
	{ "xsecurelock", "", KNOWN_PROPOSED, NULL, false },
	{ "cinnamon-screensaver", "", KNOWN_PROPOSED, NULL, false },
	{ "mate-screensaver", "", KNOWN_PROPOSED, NULL, false },
	{ "xfce4-screensaver", "", KNOWN_PROPOSED, NULL, false },
	{ "swaylock", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "i3lock", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "gtklock", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "waylock", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "hyprlock", LOCKER, KNOWN_PROPOSED, NULL, false },
	{ "vlock", "", KNOWN_PROPOSED, NULL, false },
	{ "physlock", "", KNOWN_PROPOSED, NULL, false },
	{ "sshd", "", KNOWN_OFFERED, N_("Users who come over the network are not asked for a card."), false },
	{ NULL, NULL, KNOWN_UNFIT, NULL, false },
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

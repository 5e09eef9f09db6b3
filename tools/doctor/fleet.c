/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of an organization's directory (config/fleetcopy.h). */
#include "config.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "lib/message.h"
#include "tools/doctor/doctor.h"
#include "tools/fleet/contact.h"

static void
readable_part(struct doctor *d, const char *part)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", d->t->conf.fleet_dir, part);

	if (n > 0 && (size_t)n < sizeof path)
		doctor_readable(d, path);
}

/* Those of the machine itself: other databases do not list their accounts. */
static void
judge_forbidden(struct doctor *d, const char *users_dir)
{
	const struct conf *conf = &d->t->conf;
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL)
		if (!fleetcopy_may_register(conf, pw->pw_name, pw->pw_uid) && userfile_exists(users_dir, pw->pw_name))
			found(d, FOUND_FLEET_FORBIDDEN, "%s", pw->pw_name);
	endpwent();
}

static void
tell_state(struct doctor *d, const struct fleetcopy *copy, enum finding f)
{
	char date[MESSAGE_DATE_MAX];

	message_date(copy->state.time, date);
	found(d, f, "%s, %s", copy->dir, date);
}

static void
judge_memory(struct doctor *d)
{
	struct store store = store_of(&d->t->env);
	int64_t held = store_held(&store);

	if (held > 0)
		found(d, FOUND_FLEET_HELD, "%ld", (long)held);
}

static void
judge_contact(struct doctor *d, int64_t now)
{
	struct store store = store_of(&d->t->env);
	struct contact contact;

	if (d->t->conf.fleet_uri[0] == '\0')
		return;
	if (!contact_read(&store, now, &contact))
		found(d, FOUND_FLEET_DOWN, "%s", d->t->conf.fleet_uri);
	else if (strcmp(contact.mode, "down") == 0)
		found(d, FOUND_FLEET_DOWN, "%s", contact.server);
	for (size_t i = 0; i < contact.count; i++) {
		const struct contact_refusal *r = &contact.refused[i];
		bool behind = strcmp(r->code, "JPKI-E-FLEET-BEHIND") == 0;

		found(d, behind ? FOUND_FLEET_BEHIND : FOUND_FLEET_REFUSED, "%s: %s", r->server, r->code);
	}
}

void
doctor_fleet(struct doctor *d)
{
	struct fleetcopy copy;
	int64_t now = clk_wall_s(d->t->env.clk);

	if (d->t->conf.fleet_dir[0] == '\0')
		return;
	d->said[0] = '\0';
	fleetcopy_open(&d->t->conf, d->t->env.trust_owner, now, &d->t->log, &copy);
	switch (copy.condition) {
	case FLEETCOPY_NONE:
		found(d, FOUND_FLEET_ABSENT, "%s", d->t->conf.fleet_dir);
		break;
	case FLEETCOPY_FRESH:
		tell_state(d, &copy, fleetcopy_is_late(&d->t->conf, copy.state.time, now) ? FOUND_FLEET_LATE : FOUND_FLEET);
		break;
	case FLEETCOPY_STALE:
		tell_state(d, &copy, FOUND_FLEET_STALE);
		break;
	case FLEETCOPY_BROKEN:
		found(d, FOUND_FLEET_BROKEN, "%s", d->said);
		break;
	}
	judge_contact(d, now);
	if (copy.condition != FLEETCOPY_NONE) {
		readable_part(d, FLEETCOPY_STATE);
		readable_part(d, FLEETCOPY_USERS);
		readable_part(d, FLEETCOPY_BLOCKED);
		judge_forbidden(d, copy.users_dir);
		judge_memory(d);
	}
	fleetcopy_close(&copy);
}

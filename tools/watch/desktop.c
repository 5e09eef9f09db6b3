/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-bus.h>
#endif

#include "tools/watch/desktop.h"

#ifdef HAVE_LIBSYSTEMD

#define CALL_TIMEOUT_US 5000000		/* a desktop that hangs does not lock */
#define NOTIFICATION_MS 5000

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define SAVER "org.freedesktop.ScreenSaver"
#define SAVER_PATH "/org/freedesktop/ScreenSaver"
#define NOTIFICATIONS "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"

static void
drop_bus(sd_bus **bus)
{
	(void)sd_bus_flush_close_unref(*bus);
}

static bool
said(const struct log *log, const char *what, int r)
{
	log_msg(log, LOG_DEBUG, "%s: %s", what, r >= 0 ? "done" : strerror(-r));
	return r >= 0;
}

/* Calls a method of logind for this session. */
static bool
call_logind(const char *method, const char *session, const struct log *log)
{
	__attribute__((cleanup(drop_bus))) sd_bus *bus = NULL;
	int r = session[0] != '\0' ? sd_bus_open_system(&bus) : -ENXIO;

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
	if (r >= 0)
		r = sd_bus_call_method(bus, LOGIND, LOGIND_PATH, LOGIND ".Manager", method, NULL, NULL, "s", session);
	return said(log, method, r);
}

static bool
call_saver(const struct log *log)
{
	__attribute__((cleanup(drop_bus))) sd_bus *bus = NULL;
	int r = sd_bus_open_user(&bus);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
	if (r >= 0)
		r = sd_bus_call_method(bus, SAVER, SAVER_PATH, SAVER, "Lock", NULL, NULL, "");
	return said(log, SAVER, r);
}

bool
desktop_can_act(bool logout, const char *session, const struct log *log)
{
	if (!logout || session[0] != '\0')
		return true;
	log_msg(log, LOG_ERR, "on_removal = logout needs a session of logind, and this is not one");
	return false;
}

/*
 * Use both, since neither reports whether a locker listens: logind sends a signal that GNOME, KDE, xss-lock
 * and swayidle receive; the other bus name is owned by the screen locker.
 */
bool
desktop_lock(const char *session, const struct log *log)
{
	bool by_logind = call_logind("LockSession", session, log), by_saver = call_saver(log);

	if (!by_logind && !by_saver)
		log_msg(log, LOG_ERR, "neither logind nor " SAVER " locked the screen; a command may: see jpki-watch(1)");
	return by_logind || by_saver;
}

bool
desktop_log_out(const char *session, const struct log *log)
{
	bool done = call_logind("TerminateSession", session, log);

	if (!done)
		log_msg(log, LOG_ERR, "logind did not end the session \"%s\"", session);
	return done;
}

/* The call of org.freedesktop.Notifications; ms: for how long it is shown, 0 for as long as it takes. */
static int
make_notification(sd_bus *bus, const char *icon, const char *title, const char *text, int ms, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS, "Notify");

	return r < 0 ? r : sd_bus_message_append(*ret, "susssasa{sv}i", "jpki-watch", 0, icon, title, text, 0, 0, ms);
}

bool
desktop_tell(const char *title, const char *text, const struct log *log)
{
	__attribute__((cleanup(drop_bus))) sd_bus *bus = NULL;
	sd_bus_message *m = NULL;
	int r = sd_bus_open_user(&bus);

	if (r >= 0)
		r = make_notification(bus, "dialog-information", title, text, 0, &m);
	if (r >= 0)
		r = sd_bus_call(bus, m, CALL_TIMEOUT_US, NULL, NULL);
	(void)sd_bus_message_unref(m);
	return said(log, NOTIFICATIONS, r);
}

void
desktop_notify(const char *title, const char *text, const struct log *log)
{
	__attribute__((cleanup(drop_bus))) sd_bus *bus = NULL;
	sd_bus_message *m = NULL;
	int r = sd_bus_open_user(&bus);

	if (r >= 0)
		r = make_notification(bus, "dialog-warning", title, text, NOTIFICATION_MS, &m);
	if (r >= 0)
		r = sd_bus_message_set_expect_reply(m, 0);
	if (r >= 0)
		r = sd_bus_send(bus, m, NULL);
	(void)sd_bus_message_unref(m);
	(void)said(log, NOTIFICATIONS, r);
}

#else

static bool
cannot(const struct log *log)
{
	log_msg(log, LOG_ERR, "built without libsystemd: only a command can lock; see jpki-watch(1)");
	return false;
}

bool
desktop_can_act(bool logout, const char *session, const struct log *log)
{
	return cannot(log);
}

bool
desktop_lock(const char *session, const struct log *log)
{
	return cannot(log);
}

bool
desktop_log_out(const char *session, const struct log *log)
{
	return cannot(log);
}

bool
desktop_tell(const char *title, const char *text, const struct log *log)
{
	return false;
}

void
desktop_notify(const char *title, const char *text, const struct log *log)
{
}

#endif

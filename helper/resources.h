/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection to pcscd, the PINs and the password: what every way out of this process releases.
 * One set for the process, because a signal handler (helper/tick.h) needs it.
 */
#ifndef JPKI_HELPER_RESOURCES_H
#define JPKI_HELPER_RESOURCES_H

#include "flow/pinchange.h"
#include "lib/log.h"
#include "lib/outcome.h"

struct pcsc;
struct secret;

/*
 * Call it before the cage: locking memory may need a privilege. OUTCOME_OK, or NO_MEMORY; then only
 * the last two functions below may be called. The log is used until the release.
 */
struct outcome resources_acquire(const struct log *log) MUST_CHECK;

/* Owned here until the release; NULL after it. */
struct pcsc *resources_pcsc(void);
struct secret *resources_pin(void);			/* LOGIN */
struct secret *resources_password(void);		/* LOGIN: what it unlocks */
struct pinchange_secrets *resources_change_pins(void);	/* PIN_CHANGE; never NULL */

/* Wipes the password too. Async-signal-safe. */
void resources_wipe_pins(void);

/* The handler of helper/tick.h may interrupt it. Calling it again is harmless. */
void resources_release(void);

#endif

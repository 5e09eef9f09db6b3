/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "card/pcsc.h"
#include "helper/resources.h"
#include "lib/secret.h"

static struct {
	struct secret *pin, *password;
	struct pinchange_secrets change_pins;
	struct pcsc *pcsc;
} held;

struct outcome
resources_acquire(const struct log *log)
{
	held.pin = secret_new();
	held.password = secret_new_long();
	held.pcsc = pcsc_new(&clk_system, log);
	if (!pinchange_secrets_init(&held.change_pins) || held.pin == NULL || held.password == NULL ||
	    held.pcsc == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	return outcome_of(OUTCOME_OK);
}

struct pcsc *
resources_pcsc(void)
{
	return held.pcsc;
}

struct secret *
resources_pin(void)
{
	return held.pin;
}

struct secret *
resources_password(void)
{
	return held.password;
}

struct pinchange_secrets *
resources_change_pins(void)
{
	return &held.change_pins;
}

void
resources_wipe_pins(void)
{
	if (held.pin != NULL)
		secret_wipe(held.pin);
	if (held.password != NULL)
		secret_wipe(held.password);
	pinchange_secrets_wipe(&held.change_pins);
}

void
resources_release(void)
{
	struct pcsc *pcsc = held.pcsc;
	struct secret *pin = held.pin, *password = held.password;

	held.pcsc = NULL;
	held.pin = held.password = NULL;
	secret_free(pin);
	secret_free(password);
	pinchange_secrets_done(&held.change_pins);
	pcsc_free(pcsc);
}

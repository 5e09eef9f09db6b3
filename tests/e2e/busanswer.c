/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busanswer system|session NAME METHOD COMMAND [ARGUMENT]...: owns NAME on a bus, and whenever METHOD
 * is called there runs COMMAND, with the call's first argument after its own if that is
 * a text. What a desktop's locker, logind or notification daemon are to jpki-watch. Prints
 * "ready" once it has the name. 77: built without libsystemd.
 */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-bus.h>

struct answer {
	const char *method;
	char **command;		/* with room for one more word */
	int words;
};

static void
run(const struct answer *a, const char *text)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (child > 0)
		return;
	a->command[a->words] = (char *)(uintptr_t)text;
	execvp(a->command[0], a->command);
	err(1, "%s", a->command[0]);
}

static int
on_message(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	const struct answer *a = ctx;
	const char *text = NULL;

	if (!sd_bus_message_is_method_call(m, NULL, a->method))
		return 0;
	if (sd_bus_message_peek_type(m, NULL, NULL) > 0)
		(void)sd_bus_message_read(m, "s", &text);
	run(a, text);
	return sd_bus_message_get_expect_reply(m) ? sd_bus_reply_method_return(m, "") : 1;
}

int
main(int argc, char **argv)
{
	char *command[32] = { NULL };
	struct answer a = { .command = command };
	sd_bus *bus = NULL;
	int r;

	if (argc < 5 || argc > 30)
		errx(2, "Usage: busanswer system|session NAME METHOD COMMAND [ARGUMENT]...");
	a.method = argv[3];
	a.words = argc - 4;
	memcpy(command, argv + 4, (size_t)a.words * sizeof *command);
	r = strcmp(argv[1], "system") == 0 ? sd_bus_open_system(&bus) : sd_bus_open_user(&bus);
	if (r >= 0)
		r = sd_bus_add_filter(bus, NULL, on_message, &a);
	if (r >= 0)
		r = sd_bus_request_name(bus, argv[2], 0);
	if (r >= 0) {
		puts("ready");
		(void)fflush(stdout);
	}
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	errx(1, "%s: %s", argv[2], strerror(-r));
}
#else
int
main(void)
{
	return 77;
}
#endif

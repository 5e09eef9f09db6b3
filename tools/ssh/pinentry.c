/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/i18n.h"
#include "lib/secret.h"
#include "tools/ssh/pinentry.h"

#define LINE_LEN 1000	/* of Assuan, with its newline */

struct pinentry {
	pid_t pid;
	int fd;
	char line[LINE_LEN + 1];	/* the last one from it, without the newline; may contain a PIN */
};

/* --- the program --------------------------------------------------------------- */

static bool
start_pinentry(struct pinentry *p, const char *program)
{
	char *const argv[] = { (char *)(uintptr_t)program, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (posix_spawn_file_actions_init(&actions) != 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return false;
	}
	ok = posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0 &&
	    posix_spawnp(&p->pid, program, &actions, NULL, argv, environ) == 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	if (!ok)
		(void)close(ends[0]);
	p->fd = ok ? ends[0] : -1;
	return ok;
}

static bool
send_line(struct pinentry *p, const struct writer *w)
{
	size_t sent = 0;

	if (!writer_ok(w))
		return false;
	while (sent < w->len) {
		ssize_t n = send(p->fd, w->p + sent, w->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* Reads one line; a line longer than the protocol allows is an error. */
static bool
read_line(struct pinentry *p)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(p->fd, p->line + len, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != 1)
			return false;
		if (p->line[len] == '\n') {
			p->line[len] = '\0';
			return true;
		}
		if (++len == LINE_LEN)
			return false;
	}
}

static bool
begins_with(const struct pinentry *p, const char *word)
{
	size_t len = strlen(word);

	return strncmp(p->line, word, len) == 0 && (p->line[len] == '\0' || p->line[len] == ' ');
}

/* Sends COMMAND and text, escaped as the protocol requires. */
static bool
command(struct pinentry *p, const char *word, const char *text)
{
	char line[LINE_LEN];
	struct writer w = writer_of(line, sizeof line);
	char escaped[4];

	writer_text(&w, word);
	if (text != NULL)
		writer_u8(&w, ' ');
	for (; text != NULL && *text != '\0'; text++) {
		if (*text != '%' && *text != '\r' && *text != '\n') {
			writer_u8(&w, (uint8_t)*text);
			continue;
		}
		snprintf(escaped, sizeof escaped, "%%%02X", (unsigned char)*text);
		writer_bytes(&w, escaped, 3);
	}
	writer_u8(&w, '\n');
	return send_line(p, &w);
}

/* --- answers ---------------------------------------------------------------------- */

/* Decodes "D ...": a % and two hex digits are an escape; any other % is literal. */
static struct outcome
take_data(char *data, struct secret *typed)
{
	char *out = data;

	for (const char *in = data; *in != '\0'; in++) {
		int byte = *in == '%' ? hex_byte(in + 1) : -1;

		if (byte >= 0) {
			*out++ = (char)byte;
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	return outcome_of(secret_set(typed, data, (size_t)(out - data)) ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
}

/*
 * Reads the reply to a command: data, comments and status lines, then OK or ERR. CANCELLED for ERR, for
 * anything else, and if pinentry exits. typed: receives the data, or NULL.
 */
static struct outcome
answer(struct pinentry *p, struct secret *typed)
{
	struct outcome o = outcome_of(OUTCOME_OK);

	for (;;) {
		if (!read_line(p))
			return outcome_of(OUTCOME_CANCELLED);
		if (begins_with(p, "OK"))
			return o;
		if (begins_with(p, "D") && typed != NULL && p->line[1] == ' ')
			o = take_data(p->line + 2, typed);
		else if (!begins_with(p, "S") && p->line[0] != '#')
			return outcome_of(OUTCOME_CANCELLED);
		explicit_bzero(p->line, sizeof p->line);
	}
}

static bool
tell_pinentry(struct pinentry *p, const char *word, const char *text)
{
	struct outcome o = outcome_of(OUTCOME_CANCELLED);

	if (command(p, word, text))
		o = answer(p, NULL);
	return outcome_ok(&o);
}

/* Unknown options are harmless; if pinentry has exited, the next command fails. */
static void
set_option(struct pinentry *p, const char *name, const char *value)
{
	char text[512];

	if (value != NULL && (size_t)snprintf(text, sizeof text, "%s=%s", name, value) < sizeof text &&
	    command(p, "OPTION", text))
		(void)read_line(p);
}

static bool
open_pinentry(struct pinentry *p, const char *program, const char *terminal, const char *description)
{
	struct outcome o;

	if (!start_pinentry(p, program))
		return false;
	o = answer(p, NULL);	/* its greeting */
	if (!outcome_ok(&o))
		return false;
	set_option(p, "ttyname", terminal);
	set_option(p, "ttytype", getenv("TERM"));
	set_option(p, "lc-ctype", setlocale(LC_CTYPE, NULL));
	set_option(p, "lc-messages", setlocale(LC_MESSAGES, NULL));
	return tell_pinentry(p, "SETTITLE", "jpki-ssh") && tell_pinentry(p, "SETDESC", description);
}

static void
close_pinentry(struct pinentry *p)
{
	explicit_bzero(p->line, sizeof p->line);
	if (p->fd < 0)
		return;
	(void)command(p, "BYE", NULL);
	(void)close(p->fd);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

struct outcome
pinentry_ask(const char *program, const char *terminal, const char *description, const char *prompt,
    struct secret *typed)
{
	struct outcome o = outcome_of(OUTCOME_CANCELLED);
	struct pinentry p = { .fd = -1 };

	if (open_pinentry(&p, program, terminal, description) && tell_pinentry(&p, "SETPROMPT", prompt) &&
	    command(&p, "GETPIN", NULL))
		o = answer(&p, typed);
	close_pinentry(&p);
	return o;
}

bool
pinentry_tell(const char *program, const char *terminal, const char *text)
{
	struct pinentry p = { .fd = -1 };
	bool ok = open_pinentry(&p, program, terminal, text) && tell_pinentry(&p, "MESSAGE", NULL);

	close_pinentry(&p);
	return ok;
}

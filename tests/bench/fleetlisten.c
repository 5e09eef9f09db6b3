/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many machines in one process, for one server: each has a connection of its own and listens for changes
 * (RFC 4533, refreshAndPersist), with no code of ours.
 *
 *	fleetlisten URI BASE CONNECTIONS CA CERTIFICATE KEY
 *
 * Says "ready" once all have what there is. Then, for each line of standard input, a text: says after how many
 * milliseconds the first, the half and the last of them had an entry with that text in its DN.
 */
#include "config.h"

#include <err.h>
#include <lber.h>
#include <ldap.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/stats.h"

#define CONNECTIONS_MAX 2000
#define LIMIT_MS 60000

static LDAP *listener[CONNECTIONS_MAX];
static struct pollfd fds[CONNECTIONS_MAX];
static bool done[CONNECTIONS_MAX];
static double took[CONNECTIONS_MAX];
static nfds_t count;

static void
must(int result, const char *what)
{
	if (result != LDAP_SUCCESS)
		errx(1, "%s: %s", what, ldap_err2string(result));
}

/* EXTERNAL asks nothing. */
static int
interact(LDAP *ld, unsigned int flags, void *defaults, void *prompts)
{
	(void)ld;
	(void)flags;
	(void)defaults;
	(void)prompts;
	return LDAP_SUCCESS;
}

static void
set_tls(char *ca, char *cert, char *key)
{
	int demand = LDAP_OPT_X_TLS_DEMAND;

	must(ldap_set_option(NULL, LDAP_OPT_X_TLS_CACERTFILE, ca), ca);
	must(ldap_set_option(NULL, LDAP_OPT_X_TLS_CERTFILE, cert), cert);
	must(ldap_set_option(NULL, LDAP_OPT_X_TLS_KEYFILE, key), key);
	must(ldap_set_option(NULL, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand), "TLS");
}

/* The control of RFC 4533 §2.2, without a cookie. */
static void
listen_for_changes(LDAP *ld, const char *base)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	char oid[] = LDAP_CONTROL_SYNC, none[] = LDAP_NO_ATTRS;
	LDAPControl control = { .ldctl_oid = oid, .ldctl_iscritical = 1 };
	LDAPControl *controls[] = { &control, NULL };
	char *attributes[] = { none, NULL };
	int id;

	if (ber == NULL || ber_printf(ber, "{e}", LDAP_SYNC_REFRESH_AND_PERSIST) < 0 ||
	    ber_flatten2(ber, &control.ldctl_value, 0) != 0)
		errx(1, "control");
	must(ldap_search_ext(ld, base, LDAP_SCOPE_SUBTREE, "(objectClass=*)", attributes, 0, controls, NULL, NULL, 0, &id), "search");
	ber_free(ber, 1);
}

static void
connect_one(const char *uri, const char *base)
{
	int version = LDAP_VERSION3;
	LDAP *ld;

	must(ldap_initialize(&ld, uri), uri);
	must(ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version), "version");
	must(ldap_sasl_interactive_bind_s(ld, NULL, "EXTERNAL", NULL, NULL, LDAP_SASL_QUIET, interact, NULL), "bind");
	listen_for_changes(ld, base);
	listener[count] = ld;
	fds[count].events = POLLIN;
	must(ldap_get_option(ld, LDAP_OPT_DESC, &fds[count].fd), "descriptor");
	count++;
}

/* Whether a message is the awaited one: the entry, or (text == NULL) the end of the refresh. */
static bool
is_awaited(LDAP *ld, LDAPMessage *message, const char *text)
{
	char *dn;
	bool is;

	if (text == NULL)
		return ldap_msgtype(message) == LDAP_RES_INTERMEDIATE;
	if (ldap_msgtype(message) != LDAP_RES_SEARCH_ENTRY)
		return false;
	dn = ldap_get_dn(ld, message);
	is = dn != NULL && strstr(dn, text) != NULL;
	ldap_memfree(dn);
	return is;
}

static void
take_all(nfds_t i, const char *text, double from)
{
	struct timeval none = { .tv_sec = 0 };
	LDAPMessage *message;
	int type;

	while ((type = ldap_result(listener[i], LDAP_RES_ANY, LDAP_MSG_ONE, &none, &message)) > 0) {
		if (type == LDAP_RES_SEARCH_RESULT)
			errx(1, "connection %zu: the search has ended", (size_t)i);
		if (!done[i] && is_awaited(listener[i], message, text)) {
			done[i] = true;
			took[i] = now_ms() - from;
		}
		ldap_msgfree(message);
	}
	if (type < 0)
		errx(1, "connection %zu is lost", (size_t)i);
}

static size_t
missing(void)
{
	size_t n = 0;

	for (nfds_t i = 0; i < count; i++)
		n += !done[i];
	return n;
}

/* Returns how many have not got it within the limit. */
static size_t
wait_for_all(const char *text)
{
	double from = now_ms();

	memset(done, 0, sizeof done);
	for (nfds_t i = 0; i < count; i++)
		take_all(i, text, from);
	while (missing() > 0 && now_ms() - from < LIMIT_MS) {
		if (poll(fds, count, 100) <= 0)
			continue;
		for (nfds_t i = 0; i < count; i++)
			if (fds[i].revents != 0)
				take_all(i, text, from);
	}
	return missing();
}

static int
by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	char line[256];
	long wanted = argc == 7 ? strtol(argv[3], NULL, 10) : 0;

	if (wanted < 1 || wanted > CONNECTIONS_MAX)
		errx(2, "usage: fleetlisten URI BASE CONNECTIONS CA CERTIFICATE KEY");
	set_tls(argv[4], argv[5], argv[6]);
	while (count < (nfds_t)wanted)
		connect_one(argv[1], argv[2]);
	printf("ready %zu (%zu missing)\n", (size_t)count, wait_for_all(NULL));
	(void)fflush(stdout);
	while (fgets(line, sizeof line, stdin) != NULL) {
		size_t late;

		line[strcspn(line, "\n")] = '\0';
		late = wait_for_all(line);
		qsort(took, count, sizeof took[0], by_time);
		printf("first %.0f half %.0f last %.0f missing %zu\n", took[0], took[count / 2], took[count - 1], late);
		(void)fflush(stdout);
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <lber.h>

#include "tools/ldap/link.h"

#define STRING(macro) STRING_(macro)
#define STRING_(text) #text
#define OPEN_FILE(fd) "/proc/self/fd/" STRING(fd)

/* Bytes of one message. Longer ones end the connection, so that an entry of many values must fit. */
#define MESSAGE_MAX ((ber_len_t)4 << 20)

#define BYTES_WAIT_S 2	/* for the next bytes of a message */

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

struct setting {
	int option;
	int value;
};

/* For every connection. */
static const struct setting settings[] = {
	{ LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3 },
	{ LDAP_OPT_DEREF, LDAP_DEREF_NEVER },
	{ LDAP_OPT_X_KEEPALIVE_IDLE, 20 }, { LDAP_OPT_X_KEEPALIVE_PROBES, 3 }, { LDAP_OPT_X_KEEPALIVE_INTERVAL, 5 },
	{ LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_HARD },
#ifdef LDAP_OPT_X_TLS_REQUIRE_SAN
	{ LDAP_OPT_X_TLS_REQUIRE_SAN, LDAP_OPT_X_TLS_ALLOW },
#endif
	{ LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL_TLS1_2 },
};

/* ld: NULL for the defaults of new connections. */
static bool
set_all(LDAP *ld)
{
	struct timeval patience = { .tv_sec = LINK_WAIT_S };

	for (size_t i = 0; i < COUNT(settings); i++)
		if (ldap_set_option(ld, settings[i].option, &settings[i].value) != LDAP_OPT_SUCCESS)
			return false;
	return ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &patience) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_TIMEOUT, &patience) == LDAP_OPT_SUCCESS;
}

bool
link_begin(const struct request *r, char why[static 256])
{
	static const int client = 0;
	const char *what = NULL;

	/* Before the first call of libldap, which reads ldap.conf then. */
	if (setenv("LDAPNOINIT", "1", 1) != 0 || !set_all(NULL))
		what = "libldap does not take our options";
	else if (ldap_set_option(NULL, LDAP_OPT_X_TLS_CACERTFILE, OPEN_FILE(LDAP_CA_FD)) != LDAP_OPT_SUCCESS)
		what = "fleet_ca";
	else if (r->certificate &&
	    (ldap_set_option(NULL, LDAP_OPT_X_TLS_CERTFILE, OPEN_FILE(LDAP_CERT_FD)) != LDAP_OPT_SUCCESS ||
	    ldap_set_option(NULL, LDAP_OPT_X_TLS_KEYFILE, OPEN_FILE(LDAP_KEY_FD)) != LDAP_OPT_SUCCESS))
		what = "fleet_cert or fleet_key";
	else if (ldap_set_option(NULL, LDAP_OPT_X_TLS_NEWCTX, &client) != LDAP_OPT_SUCCESS)
		what = "fleet_ca, fleet_cert or fleet_key: not PEM, or they do not belong together";
	if (what != NULL)
		snprintf(why, 256, "%s", what);
	return what == NULL;
}

void
link_failed(struct link *l, const char *what, int result)
{
	char *more = NULL;

	if (l->ld != NULL)
		(void)ldap_get_option(l->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	snprintf(l->why, sizeof l->why, "%s: %s%s%.150s", what, ldap_err2string(result), more != NULL && *more != '\0' ? "; " : "",
	    more != NULL ? more : "");
	ldap_memfree(more);
}

/*
 * libldap reads until a message is whole, so before TLS a server that stops within one would keep us in read(2) for good. With a
 * limit, read(2) fails with EAGAIN. libldap keeps the part that it has, and continues when more arrives, until its own time limits
 * end the call. The same is true of a server that does not read.
 */
static int
limit_waits(LDAP *ld, Sockbuf *sb, LDAPURLDesc *server, struct sockaddr *address, struct ldap_conncb *ctx)
{
	static const struct timeval limit = { .tv_sec = BYTES_WAIT_S };
	int fd = -1;

	return ber_sockbuf_ctrl(sb, LBER_SB_OPT_GET_FD, &fd) == 1 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 ? 0 : -1;
}

/* libldap calls it without looking whether it is there. */
static void
do_nothing(LDAP *ld, Sockbuf *sb, struct ldap_conncb *ctx)
{
}

bool
link_limit_messages(LDAP *ld)
{
	static const ber_len_t most = MESSAGE_MAX;
	Sockbuf *sb = NULL;

	/* Sockbufs have no const in their calls. */
	return ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sb) == LDAP_OPT_SUCCESS && sb != NULL &&
	    ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_MAX_INCOMING, (void *)(uintptr_t)&most) == 1;
}

static bool
connect_to(struct link *l, const char *server)
{
	static struct ldap_conncb connected = { .lc_add = limit_waits, .lc_del = do_nothing };
	int result = ldap_initialize(&l->ld, server);

	if (result != LDAP_SUCCESS || !set_all(l->ld) || !link_limit_messages(l->ld) ||
	    ldap_set_option(l->ld, LDAP_OPT_CONNECT_CB, &connected) != LDAP_OPT_SUCCESS) {
		link_failed(l, "libldap", result);
		return false;
	}
	if (strncmp(server, "ldap://", 7) != 0)
		return true;	/* ldaps: with the first message */
	result = ldap_start_tls_s(l->ld, NULL, NULL);
	if (result == LDAP_SUCCESS && ldap_tls_inplace(l->ld) == 1)
		return true;
	link_failed(l, "StartTLS", result);
	return false;
}

/* With our certificate, which names us (EXTERNAL); without one, anonymously. */
static bool
bind_as(struct link *l, bool certificate)
{
	char empty[] = "";	/* no credentials at all would make EXTERNAL ask for a name */
	struct berval none = { .bv_val = empty };
	int result = ldap_sasl_bind_s(l->ld, certificate ? NULL : "", certificate ? "EXTERNAL" : LDAP_SASL_SIMPLE, &none, NULL, NULL,
	    NULL);

	if (result != LDAP_SUCCESS) {
		link_failed(l, "bind", result);
		return false;
	}
	if (ldap_tls_inplace(l->ld) == 1)
		return true;
	snprintf(l->why, sizeof l->why, "no TLS");
	return false;
}

static void
read_root(struct link *l, LDAPMessage *entry)
{
	struct berval **v = ldap_get_values_len(l->ld, entry, "supportedControl");

	for (size_t i = 0; v != NULL && v[i] != NULL; i++) {
		l->offers_sync |= strcmp(v[i]->bv_val, LDAP_CONTROL_SYNC) == 0;
		l->offers_psearch |= strcmp(v[i]->bv_val, LDAP_CONTROL_PERSIST_REQUEST) == 0;
	}
	ldap_value_free_len(v);
	v = ldap_get_values_len(l->ld, entry, "vendorName");
	if (v != NULL && v[0] != NULL)
		snprintf(l->vendor, sizeof l->vendor, "%s", v[0]->bv_val);
	ldap_value_free_len(v);
}

/* A server that does not show its root DSE counts as one without content synchronization. */
static void
look_at_root(struct link *l)
{
	char controls[] = "supportedControl", vendor[] = "vendorName";
	char *attributes[] = { controls, vendor, NULL };
	LDAPMessage *answer = NULL, *entry;

	if (ldap_search_ext_s(l->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, NULL, NULL, NULL, 1, &answer) == LDAP_SUCCESS) {
		entry = ldap_first_entry(l->ld, answer);
		if (entry != NULL)
			read_root(l, entry);
	}
	ldap_msgfree(answer);
}

bool
link_open(struct link *l, const char *server, bool certificate)
{
	*l = (struct link){ .ld = NULL };
	if (!connect_to(l, server) || !bind_as(l, certificate))
		return false;
	look_at_root(l);
	return true;
}

void
link_close(struct link *l)
{
	if (l->ld != NULL)
		(void)ldap_unbind_ext(l->ld, NULL, NULL);
	l->ld = NULL;
}

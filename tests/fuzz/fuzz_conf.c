/* SPDX-License-Identifier: BSD-2-Clause */
/* pam_jpki.conf, and the words after pam_jpki.so in a PAM stack. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/conf.h"
#include "helper/proto.h"
#include "lib/cleanup.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static bool
is_text(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* The rest of the program relies on these. */
static void
in_range(const struct conf *c)
{
	const char *const paths[] = { c->trust_db, c->users_dir, c->crl_dir, c->crl_sources,
		c->block_list, c->host_keys };

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		CHECK(is_text(paths[i], PATH_MAX) && paths[i][0] == '/');
	CHECK(is_text(c->policy_oid, sizeof c->policy_oid) && is_text(c->remote_names, sizeof c->remote_names));
	CHECK(is_text(c->removal_command, sizeof c->removal_command) &&
	    is_text(c->removal_exempt, sizeof c->removal_exempt) &&
	    is_text(c->helper_user, sizeof c->helper_user));
	CHECK(is_text(c->crl_proxy, sizeof c->crl_proxy) && is_text(c->crl_proxy_except, sizeof c->crl_proxy_except));
	CHECK(strchr(c->crl_proxy, '@') == NULL && strchr(c->crl_proxy, '\n') == NULL);
	CHECK(c->crl <= CONF_CRL_OFF && c->lang <= CONF_LANG_EN && c->remote <= CONF_REMOTE_CHALLENGE);
	CHECK(c->remote_binding <= CONF_BINDING_NAME && c->last_try <= CONF_LAST_TRY_ASK);
	CHECK(c->on_removal <= CONF_REMOVAL_COMMAND && c->forward_pass <= 1 && c->user_from_card <= 1 && c->unlock <= 1 && c->short_ids <= 1 && c->tell_everybody <= 1);
	CHECK(c->ssh_key <= 1 && c->removal_warn <= 1 && c->debug <= 1 && c->self_enroll <= 1);
	CHECK(is_text(c->fleet_dir, PATH_MAX) && (c->fleet_dir[0] == '/' || c->fleet_dir[0] == '\0'));
	CHECK(is_text(c->fleet_never, sizeof c->fleet_never) && c->fleet_stale <= CONF_FLEET_STALE_REFUSE);
	CHECK(is_text(c->fleet_uri, sizeof c->fleet_uri) && is_text(c->fleet_base, sizeof c->fleet_base));
	CHECK(is_text(c->fleet_ca, PATH_MAX) && is_text(c->fleet_cert, PATH_MAX) && is_text(c->fleet_key, PATH_MAX));
	CHECK(c->fleet_min_uid > 0 && c->fleet_max_age <= 8760 * 60 && (c->fleet_max_age == 0 || c->fleet_max_age >= 3));
	/* helper/proto.h */
	CHECK(c->wait + c->timeout <= PROTO_SECONDS_MAX && c->timeout > 0);
	(void)conf_is_exempt(c, "login");
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf;
	struct cursor in = cursor_of(data, size);
	uint8_t kind = fuzz_u8(&in);
	struct view rest = { in.p, in.left };
	_cleanup_(freep) char *text = fuzz_text(&in);
	char *word, *next = text;
	struct outcome o = outcome_of(OUTCOME_OK);

	conf_init(&conf);
	if (kind % 2 == 0)
		o = conf_read(fuzz_write("pam_jpki.conf", rest.data, rest.len), geteuid(), &fuzz_log,
		    &conf);
	else
		while (outcome_ok(&o) && (word = strsep(&next, "\n")) != NULL)
			o = conf_word(word, &fuzz_log, &conf);
	if (outcome_ok(&o))
		in_range(&conf);
	else
		CHECK(o.status == OUTCOME_CONFIG);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "config/conf.h"
#include "flow/remote.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "nss/base64.h"
#include "nss/cert.h"
#include "nss/sigcheck.h"
#include "nss/sshkey.h"

#define METHOD "publickey "

/* What this machine presents to its clients. */
struct server {
	const char *names;
	size_t key_count;
	char *keys[REMOTE_HOST_KEYS_MAX];	/* lines of the .pub files */
};

struct attempt {
	const struct flow_env *env;
	const struct login_request *request;
	const struct server *server;
	struct sshwire_challenge challenge;
	struct sshwire_reply reply;
	struct usercerts enrolled;
	const struct usercert *signer;	/* the one that the reply names */
	int64_t replied_at;		/* clk_mono_ms */
};

static void
server_done(struct server *s)
{
	for (size_t i = 0; i < s->key_count; i++)
		freep(&s->keys[i]);
}

/* Reads every public host key that it can; an unsafe file is skipped. */
static void
read_host_keys(const struct flow_env *env, struct server *s)
{
	const char *dir = env->conf->host_keys;
	_cleanup_(closedirp) DIR *d = opendir(dir);
	const struct dirent *e;
	char path[PATH_MAX];
	size_t len;

	while (d != NULL && s->key_count < REMOTE_HOST_KEYS_MAX && (e = readdir(d)) != NULL)
		if (fnmatch(REMOTE_HOST_KEY_FILES, e->d_name, 0) == 0 &&
		    (size_t)snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < sizeof path &&
		    safefile_read(path, env->trust_owner, SSHKEY_MAX, env->log, &s->keys[s->key_count],
		    &len) == SAFEFILE_OK)
			s->key_count++;
}

static struct outcome
know_server(const struct flow_env *env, const struct login_request *request, struct server *s)
{
	s->names = env->conf->remote_names[0] != '\0' ? env->conf->remote_names : request->host;
	read_host_keys(env, s);
	if (s->key_count > 0 || env->conf->remote_binding == CONF_BINDING_NAME)
		return outcome_of(OUTCOME_OK);
	log_msg(env->log, LOG_ERR, "%s: no " REMOTE_HOST_KEY_FILES " can be read there; see host_keys in "
	    "pam_jpki.conf(5)", env->conf->host_keys);
	return outcome_of(OUTCOME_CONFIG);
}

static bool
copy_name(char dst[static SSHWIRE_NAME_MAX], const char *src)
{
	return (size_t)snprintf(dst, SSHWIRE_NAME_MAX, "%s", src) < SSHWIRE_NAME_MAX;
}

static struct outcome
make_challenge(struct attempt *a, char prompt[static SSHWIRE_PROMPT_MAX])
{
	struct challenge nonce = {0};
	struct sshwire_challenge *c = &a->challenge;
	struct outcome o = challenge_fill_nonce(&nonce);

	if (!outcome_ok(&o))
		return o;
	memcpy(c->nonce, nonce.nonce, sizeof c->nonce);
	c->time = clk_wall_s(a->env->clk);
	c->binding = a->env->conf->remote_binding == CONF_BINDING_NAME ? SSHWIRE_NAME : SSHWIRE_HOSTKEY;
	if (copy_name(c->hosts, a->server->names) && copy_name(c->user, a->request->login_name) &&
	    copy_name(c->service, a->request->service) && sshwire_write_prompt(c, prompt))
		return outcome_of(OUTCOME_OK);
	log_msg(a->env->log, LOG_ERR, "no challenge can be made of the names of this server and the "
	    "user: too long, or not ASCII; see remote_names in pam_jpki.conf(5)");
	return outcome_of(OUTCOME_CONFIG);
}

static void
wait_until(const struct clk *clk, int64_t moment)
{
	(void)poll(NULL, 0, (int)clk_left_ms(clk, moment));
}

/* Shows the challenge and takes the reply. */
static struct outcome
ask_client(struct attempt *a, const struct remote_ui *ui, const char *prompt)
{
	const struct clk *clk = a->env->clk;
	int64_t limit = clk_mono_ms(clk) + (int64_t)a->env->conf->challenge_timeout * 1000;
	char reply[SSHWIRE_REPLY_MAX];
	struct outcome o = ui->ask(ui->ctx, prompt, reply);

	a->replied_at = clk_mono_ms(clk);
	if (!outcome_ok(&o))
		return o;
	if (reply[0] == '\0') {
		o = outcome_of(OUTCOME_NO_REPLY);
	} else if (a->replied_at > limit) {
		log_msg(a->env->log, LOG_NOTICE, "the reply to the challenge came too late");
		o = outcome_of(OUTCOME_CHALLENGE);
	} else if (!sshwire_read_reply(reply, &a->reply)) {
		log_msg(a->env->log, LOG_NOTICE, "the input at the challenge is not a reply to it");
		o = outcome_of(OUTCOME_CHALLENGE);
	}
	explicit_bzero(reply, sizeof reply);	/* it may have been a password */
	return o;
}

/* Whether the host key that the client's ssh met is one of ours. */
static bool
is_our_host_key(const struct attempt *a)
{
	char fingerprint[SSHKEY_FINGERPRINT_MAX];

	if (a->reply.hostkey[0] == '\0')
		return a->env->conf->remote_binding == CONF_BINDING_NAME;
	for (size_t i = 0; i < a->server->key_count; i++)
		if (sshkey_fingerprint(a->server->keys[i], fingerprint) &&
		    strcmp(fingerprint, a->reply.hostkey) == 0)
			return true;
	return false;
}

static const struct usercert *
find_signer(const struct usercerts *e, const char *keyid)
{
	for (size_t i = 0; i < e->count; i++)
		if (strncmp(cert_fingerprint(e->at[i].cert), keyid, SSHWIRE_KEYID_LEN) == 0)
			return &e->at[i];
	return NULL;
}

/* Whether the reply has a signature of an enrolled key over our challenge. */
static struct outcome
check_signature(struct attempt *a)
{
	uint8_t text[CHALLENGE_MAX], signature[SIGNATURE_MAX];
	struct sign_input input;
	struct outcome o;
	size_t len, signature_len;

	a->signer = find_signer(&a->enrolled, a->reply.keyid);
	if (a->signer == NULL)
		return outcome_of(OUTCOME_OTHER_CARD);
	if (!is_our_host_key(a)) {
		log_msg(a->env->log, LOG_WARNING, "the signed host key is %s; is there a relay, or "
		    "is host_keys in pam_jpki.conf wrong?", a->reply.hostkey[0] != '\0' ? "none of ours" : "missing");
		return outcome_of(OUTCOME_CHALLENGE);
	}
	if (!sshwire_text(&a->challenge, a->reply.hostkey, text, &len))
		return outcome_of(OUTCOME_INTERNAL);
	o = sigcheck_input(a->signer->cert, (struct view){ text, len }, &input);
	if (!outcome_ok(&o))
		return o;
	if (!base64_read(a->reply.signature, signature, sizeof signature, &signature_len))
		return outcome_of(OUTCOME_BAD_SIGNATURE);
	return sigcheck_verify(a->signer->cert, &input, (struct view){ signature, signature_len });
}

/* Returns CHALLENGE instead of the outcome to clients that have not proved that they hold an enrolled card. */
static struct outcome
hide_reason(const struct flow_env *env, const char *user, const struct outcome *o)
{
	log_msg(env->log, LOG_NOTICE, "the remote login of %s fails by %s", LOG_NAME(user), outcome_code(o->status));
	return outcome_of(OUTCOME_CHALLENGE);
}

/* Steps 4 to 6. */
static struct outcome
judge_reply(struct attempt *a, const struct outcome *before, struct login_result *result)
{
	struct outcome o;

	/*
	 * A challenge may stay open for minutes: a certificate that was enrolled before it has to
	 * be so after it.
	 */
	o = usercerts_load_again(a->env, a->request->user, &a->enrolled);
	if (outcome_ok(&o))
		o = check_signature(a);
	if (!outcome_ok(&o))
		return hide_reason(a->env, a->request->user, outcome_ok(before) ? &o : before);
	login_name_cert(a->signer, result);
	/* The one place where a remote login can succeed. */
	return a->signer->verdict;
}

static void
attempt_done(struct attempt *a)
{
	usercerts_done(&a->enrolled);
}

void
flow_remote(const struct flow_env *env, const struct remote_ui *ui,
    const struct login_request *request, struct login_result *ret_result)
{
	int64_t show_at = clk_mono_ms(env->clk) + REMOTE_SHOW_AFTER_MS;
	_cleanup_(server_done) struct server server = { .key_count = 0 };
	_cleanup_(attempt_done) struct attempt a = { .env = env, .request = request, .server = &server };
	struct login_result result = { .outcome = outcome_of(OUTCOME_INTERNAL), .card_clean = true };
	char prompt[SSHWIRE_PROMPT_MAX];
	struct outcome o = know_server(env, request, &server), before;

	if (outcome_ok(&o))
		o = make_challenge(&a, prompt);
	if (outcome_ok(&o)) {
		before = usercerts_load(env, request->user, &a.enrolled);
		if (outcome_ok(&before))
			before = usercerts_verdict(&a.enrolled);
		wait_until(env->clk, show_at);
		o = ask_client(&a, ui, prompt);
	}
	if (outcome_ok(&o))
		o = judge_reply(&a, &before, &result);
	if (o.status == OUTCOME_CHALLENGE)
		wait_until(env->clk, a.replied_at + REMOTE_REFUSE_AFTER_MS);
	result.outcome = o;
	*ret_result = result;
}

/* --- the key that sshd has accepted ----------------------------------------------- */

static const char *
next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line != '\0' ? line + 1 : line;
}

/* Whether a line names this certificate's key, and nothing but it. */
static bool
is_line_of(const char *line, const struct cert *cert)
{
	size_t len = strcspn(line, "\n");
	char key[SSHKEY_MAX];

	return strncmp(line, METHOD, sizeof METHOD - 1) == 0 && sshkey_of_cert(cert, key) &&
	    len - (sizeof METHOD - 1) == strlen(key) &&
	    memcmp(line + sizeof METHOD - 1, key, strlen(key)) == 0;
}

static const struct usercert *
find_key(const struct usercerts *e, const char *auth_info)
{
	for (const char *line = auth_info; *line != '\0'; line = next_line(line))
		for (size_t i = 0; i < e->count; i++)
			if (is_line_of(line, e->at[i].cert))
				return &e->at[i];
	return NULL;
}

void
flow_ssh_key(const struct flow_env *env, const char *user, const char *auth_info,
    struct login_result *ret_result)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct login_result result = { .outcome = outcome_of(OUTCOME_INTERNAL), .card_clean = true };
	const struct usercert *holder = NULL;

	result.outcome = usercerts_load(env, user, &enrolled);
	if (outcome_ok(&result.outcome)) {
		holder = find_key(&enrolled, auth_info);
		result.outcome = holder != NULL ? holder->verdict : outcome_of(OUTCOME_SSH_KEY);
	}
	if (holder != NULL)
		login_name_cert(holder, &result);
	*ret_result = result;
}

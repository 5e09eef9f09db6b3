/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login over ssh: user and card are at another machine, and no local card is
 * touched. Two ways:
 *
 * flow_remote(): the module shows a challenge (flow/possession/sshwire.h), the user's own machine
 * signs it. Nothing later happens if something earlier fails:
 *
 *  1. this server knows its names and host keys (else there is no challenge)
 *  2. the enrolled certificates are judged; whatever the verdict, the challenge is the
 *     same and comes at the same moment: it does not reveal who is enrolled
 *  3. one challenge, one reply, in time
 *  4. the reply is of the right form, names an enrolled certificate, and one of our host
 *     keys (with remote_binding = name it may name none)
 *  5. the signature is verified with the enrolled key over our own challenge
 *  6. the certificates are judged again: only here the result can become OUTCOME_OK
 *
 * flow_ssh_key(): sshd has already verified the signature of a public key, and reports
 * which. It is compared with the enrolled certificates, and these are judged.
 */
#ifndef JPKI_FLOW_REMOTE_H
#define JPKI_FLOW_REMOTE_H

#include "flow/login.h"
#include "flow/possession/env.h"
#include "flow/possession/sshwire.h"

/* A challenge is not shown before this, so that its timing does not reveal what we did before. */
#define REMOTE_SHOW_AFTER_MS 50

/* Nor is a reply refused before this, counted from the reply: strangers have no certificates to judge. */
#define REMOTE_REFUSE_AFTER_MS 250

/* Pattern of the names of public host keys in the directory host_keys (fnmatch(3)), and how many are read. */
#define REMOTE_HOST_KEY_FILES "ssh_host_*.pub"
#define REMOTE_HOST_KEYS_MAX 16

struct remote_ui {
	/*
	 * Shows the prompt, echo on, and stores the reply, cut at SSHWIRE_REPLY_MAX. OUTCOME_OK,
	 * for an empty line too; CANCELLED where there is no way to prompt.
	 */
	MUST_CHECK struct outcome (*ask)(void *ctx, const char *prompt,
	    char reply[static SSHWIRE_REPLY_MAX]);
	void *ctx;
};

/*
 * OUTCOME_OK; NO_REPLY for an empty line; CANCELLED; CONFIG: no host key can be read, or names
 * and user do not fit into a challenge; the verdict on the certificate whose key has
 * signed; CHALLENGE for everything else, with the reason in the log alone.
 * ret_result as from flow_login().
 */
void flow_remote(const struct flow_env *env, const struct remote_ui *ui,
    const struct login_request *request, struct login_result *ret_result);

/*
 * auth_info: what sshd leaves as SSH_AUTH_INFO_0 in the PAM environment, lines such as
 * "publickey ssh-rsa AAAA...". OUTCOME_OK; the verdict on the certificate with that key; SSH_KEY
 * if no key in it is enrolled; NOT_ENROLLED and the like as usercerts_load().
 */
void flow_ssh_key(const struct flow_env *env, const char *user, const char *auth_info,
    struct login_result *ret_result);

#endif

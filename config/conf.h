/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options, from pam_jpki.conf and from the arguments of pam_jpki.so in a PAM stack: one row each in
 * conf.c, so that file, arguments, sample file and manual cannot differ. Unreadable or unknown input is
 * refused.
 */
#ifndef JPKI_CONFIG_CONF_H
#define JPKI_CONFIG_CONF_H

#include <limits.h>
#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"

#define CONF_FILE CONFDIR "/pam_jpki.conf"
#define CONF_FILE_MAX 65536
#define CONF_OID_MAX 128
#define CONF_NAMES_MAX 256
#define CONF_COMMAND_MAX 256
#define CONF_SERVICES_MAX 256
#define CONF_SERVERS_MAX 180		/* the maximum that fits into a line of the file */
#define CONF_DN_MAX 180
#define CONF_USER_MAX 33		/* 32 bytes (useradd(8)), and the NUL */
#define CONF_PROXY_MAX 180		/* the maximum that fits into a line of the file */
#define CONF_PROXY_NONE "none"		/* no proxy, regardless of the environment */
#define CONF_USER_AUTO "auto"		/* helper_user: HELPER_USER (config.h), if there is such a user */

enum conf_lang { CONF_LANG_AUTO, CONF_LANG_JA, CONF_LANG_EN };
enum conf_remote { CONF_REMOTE_NO, CONF_REMOTE_YES, CONF_REMOTE_STRICT, CONF_REMOTE_CHALLENGE };
enum conf_binding { CONF_BINDING_HOSTKEY, CONF_BINDING_NAME };
enum conf_crl { CONF_CRL_REQUIRE, CONF_CRL_IF_PRESENT, CONF_CRL_OFF };
enum conf_removal { CONF_REMOVAL_NONE, CONF_REMOVAL_LOCK, CONF_REMOVAL_LOGOUT, CONF_REMOVAL_COMMAND };
enum conf_fleet_stale { CONF_FLEET_STALE_ALLOW, CONF_FLEET_STALE_REFUSE };
enum conf_last_try { CONF_LAST_TRY_REFUSE, CONF_LAST_TRY_ASK };

struct conf {
	char trust_db[PATH_MAX];	/* directory of the NSS database */
	char users_dir[PATH_MAX];	/* directory of the enrolled certificates */
	char policy_oid[CONF_OID_MAX];	/* "" for none */
	unsigned int crl;		/* enum conf_crl */
	unsigned int crl_grace_hours;	/* after nextUpdate */
	char crl_dir[PATH_MAX];		/* directory of the CRLs and their indexes */
	char crl_sources[PATH_MAX];	/* file of the URLs they are fetched from */
	unsigned int crl_timeout;	/* seconds without data while one is fetched */
	char crl_proxy[CONF_PROXY_MAX];	/* URL of an HTTP proxy for them, CONF_PROXY_NONE; "": from the environment */
	char crl_proxy_except[CONF_NAMES_MAX];	/* hosts contacted without it, with commas; "" for none */
	char block_list[PATH_MAX];	/* file of the certificates that may not log in */
	char fleet_dir[PATH_MAX];	/* directory of the copy of an organization's directory; "" for none */
	unsigned int fleet_max_age;	/* minutes since the source confirmed it; 0: any age will do */
	unsigned int fleet_stale;	/* enum conf_fleet_stale: what an older copy registers */
	unsigned int fleet_min_uid;	/* the lowest uid that it may register a card for */
	char fleet_never[CONF_NAMES_MAX];	/* accounts that it may not register one for, with commas; "" for none */
	char fleet_uri[CONF_SERVERS_MAX];	/* servers of that directory, ldaps or ldap, with commas; "" for none */
	char fleet_base[CONF_DN_MAX];	/* DN below which everything is; "" for none */
	char fleet_ca[PATH_MAX];	/* file of the authorities of the servers' certificates; "" for none */
	char fleet_cert[PATH_MAX];	/* file of this machine's certificate for the servers; "" for none */
	char fleet_key[PATH_MAX];	/* file of its key; "" for none */
	unsigned int wait;		/* seconds to wait for a card */
	unsigned int timeout;		/* seconds for the card's work in one login, including the drop */
	unsigned int lang;		/* enum conf_lang */
	unsigned int tell_everybody;	/* bool: also users without a registered card read why they are not asked for it */
	unsigned int expiry_warning_days;
	unsigned int user_from_card;	/* bool: the card names the user where the program gives no name */
	unsigned int last_try;		/* enum conf_last_try */
	unsigned int forward_pass;	/* bool: a text that is no PIN becomes PAM_AUTHTOK */
	unsigned int unlock;		/* bool: the card unlocks the user's stored password (doc/unlock.md) */
	unsigned int short_ids;		/* bool: address files of the card by short id first */
	unsigned int remote;		/* enum conf_remote: who may use this machine's reader */
	char local_services[CONF_SERVICES_MAX];	/* PAM services whose users are at this machine, with commas; "" for none */
	unsigned int remote_binding;	/* enum conf_binding: what a remote signature must name */
	char remote_names[CONF_NAMES_MAX];	/* names of this server, with commas; "": the host name */
	char host_keys[PATH_MAX];	/* directory of sshd's public host keys */
	unsigned int challenge_timeout;	/* seconds from a challenge to its reply */
	unsigned int ssh_key;		/* bool: judge the key that sshd has accepted */
	unsigned int on_removal;	/* enum conf_removal: jpki-watch, when the card leaves */
	unsigned int removal_grace;	/* seconds until then */
	char removal_command[CONF_COMMAND_MAX];	/* words between blanks; "" for none */
	unsigned int removal_warn;	/* bool: show a notification meanwhile */
	char removal_exempt[CONF_SERVICES_MAX];	/* PAM services, with commas; "" for none */
	unsigned int self_enroll;	/* bool: users may register a card for themselves (jpkictl enroll --self) */
	char helper_user[CONF_USER_MAX];	/* user that a helper started by root switches to; "": it stays root */
	unsigned int debug;		/* bool */
};

/* "ja" or "en"; NULL: chosen by locale and terminal. */
const char *conf_language(const struct conf *conf);

/* Whether jpki-watch ignores sessions opened by this PAM service (removal_exempt). */
bool conf_is_exempt(const struct conf *conf, const char *service);

/* Whether the administrator vouches for the users of this PAM service (local_services). */
bool conf_is_local_service(const struct conf *conf, const char *service);

/* Whether no card may be registered for this account from outside (fleet_never). */
bool conf_is_never_of_fleet(const struct conf *conf, const char *user);

/* The built-in values. */
void conf_init(struct conf *conf);

/*
 * Whether the built-in values apply if this file does not exist: only for CONF_FILE. A file named
 * explicitly must exist.
 */
bool conf_may_be_absent(const char *path);

/*
 * Reads a configuration file of `key = value` lines into *conf, which is unchanged if CONF_FILE is absent.
 * OUTCOME_OK or OUTCOME_CONFIG: another file is absent, the file or a directory of its path is unsafe
 * (lib/safefile.h), an unknown keyword, a keyword twice, a value outside its range; logged with file, line
 * and remedy, and *conf must not be used. NO_MEMORY.
 */
struct outcome conf_read(const char *path, uid_t owner, const struct log *log,
    struct conf *conf) MUST_CHECK;

/* Sets one option from an argument "key=value". OUTCOME_CONFIG (logged) or OUTCOME_OK. */
struct outcome conf_word(const char *word, const struct log *log, struct conf *conf) MUST_CHECK;

/*
 * Reads all options: built-in values, the file (conf=PATH among the arguments, or CONF_FILE; a second such
 * argument is refused), then the other arguments in their order.
 */
struct outcome conf_load(size_t count, const char *const *words, uid_t owner,
    const struct log *log, struct conf *ret_conf) MUST_CHECK;

/* For manuals and tests: the i-th keyword, its range and default; NULL past the end. */
struct conf_option {
	const char *key;
	const char *range;
	const char *value;
};
bool conf_option(size_t i, struct conf_option *ret);

#endif

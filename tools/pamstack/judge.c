/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "tools/pamstack/pamstack.h"

#define BIT(code) PAMSTACK_BIT(code)
#define EVERY_CODE (~BIT(PAM_INCOMPLETE))
#define SUCCESSES (BIT(PAM_SUCCESS) | BIT(PAM_NEW_AUTHTOK_REQD))
#define FREE (EVERY_CODE & ~BIT(PAM_NEW_AUTHTOK_REQD))	/* which is for accounts */
#define FAILURES (EVERY_CODE & ~(SUCCESSES | BIT(PAM_IGNORE)))

/* ---- what is known of modules ---- */

enum kind {
	OURS,
	PASSWORD,	/* checks the login password, and stores it in or takes it from PAM_AUTHTOK */
	SECRET,		/* checks something else that only the user has */
	CARD,		/* likewise, a card with a PIN that may be stored in PAM_AUTHTOK */
	CIRCUMSTANCE,	/* decides without a secret: succeeds for some users or places only */
	HELPER,		/* answers as in the table to every user who may log in at all */
	UNKNOWN		/* any of these */
};

struct known {
	const char *name;
	enum kind kind;
	uint32_t usual;		/* HELPER */
	const char *arg;	/* only lines with this one, if not NULL */
};

/*
 * From the modules' manuals, and in part the sources of Linux-PAM 1.5.2. For both auth and account.
 */
static const struct known modules[] = {
	{ PAMSTACK_OURS, OURS, 0, NULL },
	{ "pam_unix", PASSWORD, 0, NULL },
	{ "pam_unix_auth", PASSWORD, 0, NULL },
	{ "pam_unix_acct", PASSWORD, 0, NULL },
	{ "pam_krb5", PASSWORD, 0, NULL },
	{ "pam_ldap", PASSWORD, 0, NULL },
	{ "pam_ldapd", PASSWORD, 0, NULL },
	{ "pam_pwdfile", PASSWORD, 0, NULL },
	{ "pam_sss", PASSWORD, 0, NULL },
	{ "pam_systemd_home", PASSWORD, 0, NULL },
	{ "pam_tcb", PASSWORD, 0, NULL },
	{ "pam_userdb", PASSWORD, 0, NULL },
	{ "pam_winbind", PASSWORD, 0, NULL },
	{ "pam_fprintd", SECRET, 0, NULL },
	{ "pam_google_authenticator", SECRET, 0, NULL },
	{ "pam_oath", SECRET, 0, NULL },
	{ "pam_poldi", SECRET, 0, NULL },
	{ "pam_radius_auth", SECRET, 0, NULL },
	{ "pam_ssh_agent_auth", SECRET, 0, NULL },
	{ "pam_sss_gss", SECRET, 0, NULL },
	{ "pam_u2f", SECRET, 0, NULL },
	{ "pam_yubico", SECRET, 0, NULL },
	{ "pam_p11", CARD, 0, NULL },
	{ "pam_pkcs11", CARD, 0, NULL },
	{ "pam_deny", HELPER, BIT(PAM_AUTH_ERR), NULL },
	{ "pam_rootok", HELPER, BIT(PAM_AUTH_ERR), NULL },	/* the user is not root */
	{ "pam_permit", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_cap", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE) | BIT(PAM_AUTH_ERR), NULL },
	{ "pam_echo", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_env", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_faildelay", HELPER, BIT(PAM_IGNORE), NULL },
	{ "pam_faillock", HELPER, BIT(PAM_IGNORE), "authfail" },
	{ "pam_faillock", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_gnome_keyring", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_group", HELPER, BIT(PAM_IGNORE), NULL },
	{ "pam_issue", HELPER, BIT(PAM_IGNORE), NULL },
	{ "pam_kwallet", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_kwallet5", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_kwallet6", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_mail", HELPER, BIT(PAM_IGNORE), NULL },
	{ "pam_mount", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_warn", HELPER, BIT(PAM_IGNORE), NULL },
	/* These let every user pass who may log in at all, without a secret. */
	{ "pam_access", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_localuser", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_nologin", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_securetty", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_selinux_permit", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_shells", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_time", HELPER, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE), NULL },
	{ "pam_usertype", HELPER, BIT(PAM_SUCCESS), NULL },
	{ "pam_debug", CIRCUMSTANCE, 0, NULL },
	{ "pam_exec", CIRCUMSTANCE, 0, NULL },
	{ "pam_ftp", CIRCUMSTANCE, 0, NULL },
	{ "pam_listfile", CIRCUMSTANCE, 0, NULL },
	{ "pam_rhosts", CIRCUMSTANCE, 0, NULL },
	{ "pam_sepermit", CIRCUMSTANCE, 0, NULL },
	{ "pam_succeed_if", CIRCUMSTANCE, 0, NULL },
	{ "pam_timestamp", CIRCUMSTANCE, 0, NULL },
	{ "pam_wheel", CIRCUMSTANCE, 0, NULL },
};

static const struct known *
known_of(const struct pamstack_line *line)
{
	static const struct known unknown = { NULL, UNKNOWN, 0, NULL };

	for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++)
		if (strcmp(modules[i].name, line->module) == 0 &&
		    (modules[i].arg == NULL || pamstack_has_arg(line, modules[i].arg)))
			return &modules[i];
	return &unknown;
}

static bool
is_kind(const struct pamstack_line *line, enum kind kind)
{
	return line->kind == PAMSTACK_MODULE && known_of(line)->kind == kind;
}

/* sssd's certificate login asks for a PIN as pam_pkcs11 and pam_p11 do. */
static bool
meets_cards(const struct pamstack_line *line)
{
	return is_kind(line, CARD) ||
	    (is_kind(line, PASSWORD) && strcmp(line->module, "pam_sss") == 0 &&
	    (pamstack_has_arg(line, "try_cert_auth") || pamstack_has_arg(line, "require_cert_auth")));
}

uint32_t
pamstack_our_failures(void)
{
	uint32_t set = 0;

#define OUTCOME(name, code, pam, prio, state, remedy) set |= BIT(pam);
#include "lib/outcome.def"
#undef OUTCOME
	return set & ~BIT(PAM_SUCCESS);
}

/* ---- situations ---- */

/* The answers of each kind of module in a situation. */
struct scene {
	uint32_t ours;
	uint32_t password;	/* of the first password module, wherever it appears again, */
	uint32_t directory;	/* and of the others: the user is in one of the directories */
	uint32_t secret;
	uint32_t free;		/* of the modules that succeed for some only */
	uint32_t fixed;		/* of those, all but `alone` if that is not NULL */
	const struct pamstack_line *alone;
	const struct pamstack_line *first_password;
};

static bool
is_free(const struct pamstack_line *line)
{
	return is_kind(line, CIRCUMSTANCE) || is_kind(line, UNKNOWN);
}

static bool
is_other_secret(const struct pamstack_line *line)
{
	return is_kind(line, SECRET) || is_kind(line, CARD);
}

static bool
is_same(const struct pamstack_line *line, const struct pamstack_line *other)
{
	return other != NULL && strcmp(line->module, other->module) == 0;
}

static uint32_t
in_scene(const struct pamstack_line *line, const void *ctx)
{
	const struct scene *scene = ctx;
	const struct known *known = known_of(line);

	switch (known->kind) {
	case OURS:
		return scene->ours;
	case PASSWORD:
		return is_same(line, scene->first_password) ? scene->password : scene->directory;
	case SECRET:
	case CARD:
		return scene->alone != NULL && line != scene->alone ? scene->fixed : scene->secret;
	case HELPER:
		return known->usual;
	default:
		return scene->alone != NULL && line != scene->alone ? scene->fixed : scene->free;
	}
}

/* pam_unix, which knows root and all local users; without it the first other one. */
static const struct pamstack_line *
first_password(const struct pamstack_list *list)
{
	const struct pamstack_line *first = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct pamstack_line *line = &list->lines[i];

		if (!is_kind(line, PASSWORD))
			continue;
		if (strncmp(line->module, "pam_unix", 8) == 0)
			return line;
		if (first == NULL)
			first = line;
	}
	return first;
}

static struct pamstack_answered
answered(enum pamstack_verdict verdict, const struct pamstack_line *on)
{
	return (struct pamstack_answered){ .verdict = verdict, .on = on };
}

/*
 * The first module whose success alone is enough; if there is none, the first of those that are enough
 * together.
 */
static const struct pamstack_line *
who_opens(const struct pamstack_list *list, struct scene scene)
{
	const struct pamstack_line *first = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (!is_free(&list->lines[i]))
			continue;
		scene.alone = &list->lines[i];
		if (pamstack_explore(list, in_scene, &scene, NULL).may_succeed)
			return scene.alone;
		if (first == NULL)
			first = scene.alone;
	}
	return first;
}

/*
 * Can a user log in without a secret? YES if the stack succeeds although every deciding module refuses;
 * DEPENDS if it succeeds because a module without a secret does. (pam_jpki answers PAM_IGNORE in other
 * phases, never here.)
 */
static struct pamstack_answered
judge_open(const struct pamstack_list *list)
{
	struct scene scene = {
		.ours = pamstack_our_failures() | BIT(PAM_MODULE_UNKNOWN),
		.password = FAILURES, .directory = FAILURES, .secret = FAILURES | BIT(PAM_IGNORE),
		.free = FAILURES | BIT(PAM_IGNORE), .fixed = FAILURES | BIT(PAM_IGNORE)
	};

	if (pamstack_explore(list, in_scene, &scene, NULL).may_succeed)
		return answered(PAMSTACK_YES, NULL);
	scene.free = FREE;
	if (!pamstack_explore(list, in_scene, &scene, NULL).may_succeed)
		return answered(PAMSTACK_NO, NULL);
	return answered(PAMSTACK_DEPENDS, who_opens(list, scene));
}

/*
 * The module whose answer decides, if all other free ones succeed; the first free one if no single module
 * decides.
 */
static const struct pamstack_line *
who_decides(const struct pamstack_list *list, struct scene scene)
{
	const struct pamstack_line *first = NULL;

	scene.fixed = BIT(PAM_SUCCESS);
	for (size_t i = 0; i < list->count; i++) {
		if (!is_free(&list->lines[i]) && !is_other_secret(&list->lines[i]))
			continue;
		scene.alone = &list->lines[i];
		if (pamstack_explore(list, in_scene, &scene, NULL).may_fail)
			return scene.alone;
		if (first == NULL)
			first = scene.alone;
	}
	return first;
}

/* For users of another directory: the first such module, except the one taken for this user. */
static const struct pamstack_line *
another_directory(const struct pamstack_list *list, const struct pamstack_line *taken)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_kind(&list->lines[i], PASSWORD) && !is_same(&list->lines[i], taken))
			return &list->lines[i];
	return NULL;
}

/* Does the stack succeed? YES for all answers of the free modules, DEPENDS if one of them must succeed. */
static struct pamstack_answered
judge_entry(const struct pamstack_list *list, struct scene scene)
{
	struct pamstack_prospect all = pamstack_explore(list, in_scene, &scene, NULL);
	const struct pamstack_line *on;

	if (!all.may_succeed)
		return answered(PAMSTACK_NO, NULL);
	if (!all.may_fail)
		return answered(PAMSTACK_YES, NULL);
	on = who_decides(list, scene);
	if (on == NULL)
		on = another_directory(list, scene.first_password);
	return answered(PAMSTACK_DEPENDS, on);
}

static struct pamstack_answered
judge_card(const struct pamstack_list *list)
{
	return judge_entry(list, (struct scene){
		.ours = BIT(PAM_SUCCESS), .password = BIT(PAM_AUTH_ERR), .directory = BIT(PAM_AUTH_ERR),
		.secret = BIT(PAM_AUTH_ERR), .free = FREE
	});
}

static struct pamstack_answered
judge_password(const struct pamstack_list *list, int our_code)
{
	return judge_entry(list, (struct scene){
		.ours = BIT(our_code), .password = BIT(PAM_SUCCESS),
		.directory = BIT(PAM_SUCCESS) | BIT(PAM_USER_UNKNOWN) | BIT(PAM_AUTHINFO_UNAVAIL),
		.secret = BIT(PAM_SUCCESS) | BIT(PAM_AUTH_ERR) | BIT(PAM_AUTHINFO_UNAVAIL),
		.free = FREE, .first_password = first_password(list)
	});
}

/* In account a module answers for the users it knows; for others it returns user_unknown. */
static struct pamstack_answered
judge_account(const struct pamstack_list *list, int our_code)
{
	return judge_entry(list, (struct scene){
		.ours = BIT(our_code), .password = BIT(PAM_SUCCESS),
		.directory = BIT(PAM_SUCCESS) | BIT(PAM_USER_UNKNOWN),
		.secret = BIT(PAM_SUCCESS) | BIT(PAM_IGNORE),
		.free = FREE, .first_password = first_password(list)
	});
}

/*
 * pam_setcred(3) on a handle that has seen no authentication. As the modules of Linux-PAM 1.5.2 answer:
 * these return PAM_IGNORE, pam_deny refuses, all others succeed.
 */
static uint32_t
without_login(const struct pamstack_line *line, const void *ctx)
{
	static const char *const silent[] = {
		PAMSTACK_OURS, "pam_access", "pam_echo", "pam_exec", "pam_faildelay", "pam_ftp", "pam_issue",
		"pam_nologin", "pam_sepermit", "pam_succeed_if", "pam_usertype", "pam_warn"
	};

	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		if (strcmp(silent[i], line->module) == 0)
			return BIT(PAM_IGNORE);
	return BIT(strcmp(line->module, "pam_deny") == 0 ? PAM_CRED_ERR : PAM_SUCCESS);
}

/* Any answer of each module that has several. */
static uint32_t
anything(const struct pamstack_line *line, const void *ctx)
{
	const struct known *known = known_of(line);
	bool one = known->kind == HELPER && (known->usual & (known->usual - 1)) == 0;

	return one ? known->usual : EVERY_CODE;
}

/* ---- judgement ---- */

static bool
is_unreachable(const struct pamstack_list *list)
{
	_cleanup_(freep) bool *called = calloc(list->count, sizeof *called);

	if (called == NULL)
		return false;
	(void)pamstack_explore(list, anything, NULL, called);
	for (size_t i = 0; i < list->count; i++)
		if (called[i] && is_kind(&list->lines[i], OURS))
			return false;
	return true;
}

/* Later arguments of the line override earlier ones, and those of the file. */
static bool
option_is_set(const struct pamstack_line *line, const char *name, bool otherwise)
{
	size_t len = strlen(name);
	bool value = otherwise;

	for (size_t i = 0; line != NULL && i < line->argc; i++)
		if (strncmp(line->args[i], name, len) == 0 && line->args[i][len] == '=')
			value = strcmp(line->args[i] + len + 1, "no") != 0;
	return value;
}

static void
look_around(const struct pamstack_list *list, struct pamstack_judgement *j)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pamstack_line *line = &list->lines[i];

		if (is_kind(line, OURS)) {
			j->count++;
			if (j->ours == NULL)
				j->ours = line;
		}
		if (is_kind(line, PASSWORD) && j->ours == NULL && j->password_before == NULL)
			j->password_before = line;
		if (is_kind(line, PASSWORD) && j->ours != NULL && j->password_after == NULL)
			j->password_after = line;
		if (is_kind(line, PASSWORD) && j->other_card != NULL)
			j->other_card_leaks = true;
		if (meets_cards(line) && j->other_card == NULL)
			j->other_card = line;
	}
}

static void
judge_auth(const struct pamstack_list *list, bool forward_pass, bool remote,
    struct pamstack_judgement *j)
{
	look_around(list, j);
	j->unreachable = j->count > 0 && is_unreachable(list);
	j->open = judge_open(list);
	j->card_alone = judge_card(list);
	for (int code = 0; code < PAMSTACK_CODES; code++)
		if (code != PAM_INCOMPLETE)
			j->password[code] = judge_password(list, code);
	j->forwards = j->count > 0 && option_is_set(j->ours, "forward_pass", forward_pass);
	j->forwards_in_vain = j->forwards && j->password_after == NULL;
	j->remote_allowed = option_is_set(j->ours, "remote", remote);
	j->no_credentials = !pamstack_explore(list, without_login, NULL, NULL).may_succeed;
}

static void
judge_the_account(const struct pamstack_list *list, struct pamstack_judgement *j)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_kind(&list->lines[i], OURS) && j->account_count++ == 0)
			j->account_ours = &list->lines[i];
	j->account_others = judge_account(list, PAM_IGNORE);
	j->account_missing = judge_account(list, PAM_MODULE_UNKNOWN);
}

static bool
is_remote(const char *service)
{
	static const char *const names[] = {
		"cockpit", "dovecot", "dropbear", "ftp", "imap", "pop", "pop3", "ppp", "proftpd",
		"pure-ftpd", "remote", "rexec", "rlogin", "rsh", "samba", "smtp", "ssh", "sshd",
		"vncserver", "vsftpd", "webmin", "xrdp-sesman"
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], service) == 0)
			return true;
	return strncmp(service, "sshd-", 5) == 0;
}

struct pamstack_judgement
pamstack_judge(const struct pamstack *stack, bool forward_pass, bool remote)
{
	struct pamstack_judgement j = { .remote = is_remote(stack->service) };

	/* NO everywhere, as all begins. */
	if (stack->broken)
		return j;
	judge_auth(pamstack_list(stack, PAMSTACK_AUTH), forward_pass, remote, &j);
	judge_the_account(pamstack_list(stack, PAMSTACK_ACCOUNT), &j);
	return j;
}

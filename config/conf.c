/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/safefile.h"

/* inih reads lines into a buffer of 200 bytes and would parse the rest as a new line. */
#define LINE_MAX_BYTES 190

#define STRING(macro) STRING_(macro)
#define STRING_(text) #text

#define NOT_UNDERSTOOD "not understood; write keyword = value"

#define FILE_WORD "conf="
#define FILE_WORD_LEN (sizeof FILE_WORD - 1)

enum type { TYPE_PATH, TYPE_OID, TYPE_UINT, TYPE_BOOL, TYPE_LAST_TRY, TYPE_LANG,
	TYPE_REMOTE, TYPE_CRL, TYPE_BINDING, TYPE_NAMES, TYPE_REMOVAL, TYPE_COMMAND, TYPE_SERVICES,
	TYPE_USER, TYPE_PROXY, TYPE_HOSTS, TYPE_NO_PATH, TYPE_FLEET_STALE, TYPE_ACCOUNTS,
	TYPE_SERVERS, TYPE_DN, TYPE_AGE };

static const struct row {
	const char *key;
	enum type type;
	size_t offset, size;
	unsigned int min, max;
	const char *value;	/* the built-in value, as written in the file */
	const char *range;	/* for people */
} rows[] = {
#define ROW(field, type, min, max, value, range) \
	{ #field, type, offsetof(struct conf, field), sizeof ((struct conf *)0)->field, \
	  min, max, value, range }
	ROW(trust_db, TYPE_PATH, 0, 0, CONFDIR "/nssdb", "an absolute path"),
	ROW(users_dir, TYPE_PATH, 0, 0, CONFDIR "/users", "an absolute path"),
	ROW(policy_oid, TYPE_OID, 0, 0, "none", "none or a dotted object identifier"),
	ROW(crl, TYPE_CRL, 0, 0, "require", "require, if-present or off"),
	ROW(crl_grace_hours, TYPE_UINT, 0, 720, "0", "0 to 720 hours"),
	ROW(crl_dir, TYPE_PATH, 0, 0, STATEDIR "/crl", "an absolute path"),
	ROW(crl_sources, TYPE_PATH, 0, 0, CONFDIR "/crl-sources", "an absolute path"),
	ROW(crl_timeout, TYPE_UINT, 1, 600, "60", "1 to 600 seconds"),
	ROW(crl_proxy, TYPE_PROXY, 0, 0, "auto", "auto, none or http://host:port, without a password"),
	ROW(crl_proxy_except, TYPE_HOSTS, 0, 0, "none", "none or host names with commas between them"),
	ROW(block_list, TYPE_PATH, 0, 0, CONFDIR "/blocked", "an absolute path"),
	ROW(fleet_dir, TYPE_NO_PATH, 0, 0, "none", "none or an absolute path"),
	ROW(fleet_max_age, TYPE_AGE, 0, 525600, "0", "0 to 8760 hours, or 3m to 525600m (minutes)"),
	ROW(fleet_stale, TYPE_FLEET_STALE, 0, 0, "allow", "allow or refuse"),
	ROW(fleet_min_uid, TYPE_UINT, 1, 2147483647, "1000", "1 to 2147483647"),
	ROW(fleet_never, TYPE_ACCOUNTS, 0, 0, "none", "none or names of users with commas"),
	ROW(fleet_uri, TYPE_SERVERS, 0, 0, "none", "none or ldaps://host:port or ldap://host:port, with commas between them"),
	ROW(fleet_base, TYPE_DN, 0, 0, "none", "none or a DN"),
	ROW(fleet_ca, TYPE_NO_PATH, 0, 0, "none", "none or an absolute path"),
	ROW(fleet_cert, TYPE_NO_PATH, 0, 0, "none", "none or an absolute path"),
	ROW(fleet_key, TYPE_NO_PATH, 0, 0, "none", "none or an absolute path"),
	ROW(wait, TYPE_UINT, 0, 60, "0", "0 to 60 seconds"),
	ROW(timeout, TYPE_UINT, 5, 120, "30", "5 to 120 seconds"),
	ROW(lang, TYPE_LANG, 0, 0, "auto", "auto, ja or en"),
	ROW(tell_everybody, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(expiry_warning_days, TYPE_UINT, 0, 365, "90", "0 to 365 days"),
	ROW(last_try, TYPE_LAST_TRY, 0, 0, "refuse", "refuse or ask"),
	ROW(user_from_card, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(forward_pass, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(unlock, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(short_ids, TYPE_BOOL, 0, 0, "yes", "yes or no"),
	ROW(remote, TYPE_REMOTE, 0, 0, "no", "no, yes, strict or challenge"),
	ROW(local_services, TYPE_SERVICES, 0, 0, "none", "none or PAM services with commas"),
	ROW(remote_binding, TYPE_BINDING, 0, 0, "hostkey", "hostkey or name"),
	ROW(remote_names, TYPE_NAMES, 0, 0, "auto", "auto or host names with commas between them"),
	ROW(host_keys, TYPE_PATH, 0, 0, "/etc/ssh", "an absolute path"),
	ROW(challenge_timeout, TYPE_UINT, 10, 600, "120", "10 to 600 seconds"),
	ROW(ssh_key, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(on_removal, TYPE_REMOVAL, 0, 0, "none", "none, lock, logout or command"),
	ROW(removal_grace, TYPE_UINT, 0, 60, "2", "0 to 60 seconds"),
	ROW(removal_command, TYPE_COMMAND, 0, 0, "none", "none or an absolute path with arguments"),
	ROW(removal_warn, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(removal_exempt, TYPE_SERVICES, 0, 0, "none", "none or PAM services with commas"),
	ROW(self_enroll, TYPE_BOOL, 0, 0, "no", "yes or no"),
	ROW(helper_user, TYPE_USER, 0, 0, CONF_USER_AUTO, "auto, none or the name of a user"),
	ROW(debug, TYPE_BOOL, 0, 0, "no", "yes or no"),
#undef ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

static const struct row *
find_row(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

static bool
parse_uint(const char *text, unsigned int min, unsigned int max, unsigned int *ret)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))	/* strtoul would accept a sign, or blanks */
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return false;
	*ret = (unsigned int)n;
	return true;
}

#define AGE_MINUTES_MIN 3	/* the directory's time is written once a minute, so a smaller limit would be passed again and again */

/* "N" or "Nh" in hours, "Nm" in minutes: into minutes, at most max of them. */
static bool
parse_age(const char *text, unsigned int max, unsigned int *ret_minutes)
{
	char number[16];
	size_t digits = strspn(text, "0123456789");
	bool minutes = strcmp(text + digits, "m") == 0;
	unsigned int n, unit = minutes ? 1 : 60;

	if (digits >= sizeof number || (!minutes && strcmp(text + digits, "h") != 0 && text[digits] != '\0'))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!parse_uint(number, minutes ? AGE_MINUTES_MIN : 0, max / unit, &n))
		return false;
	*ret_minutes = n * unit;
	return true;
}

/* The words of a type, in the order of its enum. */
static const char *const words_of[][5] = {
	[TYPE_BOOL] = { "no", "yes" },
	[TYPE_LAST_TRY] = { "refuse", "ask" },
	[TYPE_LANG] = { "auto", "ja", "en" },
	[TYPE_REMOTE] = { "no", "yes", "strict", "challenge" },
	[TYPE_CRL] = { "require", "if-present", "off" },
	[TYPE_BINDING] = { "hostkey", "name" },
	[TYPE_FLEET_STALE] = { "allow", "refuse" },
	[TYPE_REMOVAL] = { "none", "lock", "logout", "command" },
};

static bool
parse_word(const char *text, enum type type, unsigned int *ret)
{
	for (unsigned int i = 0; words_of[type][i] != NULL; i++)
		if (strcmp(text, words_of[type][i]) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool
copy_text(const char *text, char *dst, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(dst, text, len + 1);
	return true;
}

static bool
parse_oid(const char *text, char *dst, size_t size)
{
	size_t len = strlen(text);

	if (strcmp(text, "none") == 0)
		return copy_text("", dst, size);
	if (strspn(text, "0123456789.") != len || !isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[len - 1]) || strchr(text, '.') == NULL ||
	    strstr(text, "..") != NULL)
		return false;
	return copy_text(text, dst, size);
}

/* Words separated by commas; a blank or another character is an error. */
static bool
parse_list(const char *text, const char *none, const char *punctuation, char *dst, size_t size)
{
	size_t len = strlen(text);

	if (strcmp(text, none) == 0)
		return copy_text("", dst, size);
	for (const char *p = text; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != ',' && strchr(punctuation, *p) == NULL)
			return false;
	if (len == 0 || text[0] == ',' || text[len - 1] == ',' || strstr(text, ",,") != NULL)
		return false;
	return copy_text(text, dst, size);
}

/* Of HOST:PORT in a URI: names, IPv4 and [IPv6]. */
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]"

/* What follows one of two schemes; NULL if the text begins with neither. */
static const char *
after_scheme(const char *text, const char *one, const char *other)
{
	if (strncmp(text, one, strlen(one)) == 0)
		return text + strlen(one);
	return strncmp(text, other, strlen(other)) == 0 ? text + strlen(other) : NULL;
}

/*
 * "http://HOST:PORT", or https. Refuses anything else, also "USER:PASSWORD@", because all users can read
 * the file.
 */
static bool
parse_proxy(const char *text, char *dst, size_t size)
{
	const char *host = after_scheme(text, "http://", "https://");
	size_t len;

	if (strcmp(text, "auto") == 0)
		return copy_text("", dst, size);
	if (strcmp(text, CONF_PROXY_NONE) == 0)
		return copy_text(text, dst, size);
	if (host == NULL)
		return false;
	len = strspn(host, HOST_CHARACTERS);
	return len > 0 && host[0] != ':' && host[len - 1] != ':' && strcmp(host + len, host[len] == '/' ? "/" : "") == 0 &&
	    copy_text(text, dst, size);
}

/* Whether it is "ldaps://HOST:PORT", or ldap, and nothing after that: fleet_base has the DN. */
static bool
is_server(const char *text, size_t len)
{
	const char *host = after_scheme(text, "ldaps://", "ldap://");
	size_t n;

	if (host == NULL || host >= text + len)
		return false;
	n = strspn(host, HOST_CHARACTERS);
	return host + n >= text + len && host[0] != ':' && text[len - 1] != ':';
}

static bool
parse_servers(const char *text, char *dst, size_t size)
{
	const char *at = text;
	size_t len;

	if (strcmp(text, "none") == 0)
		return copy_text("", dst, size);
	do {
		len = strcspn(at, ",");
		if (!is_server(at, len))
			return false;
		at += len;
	} while (*at++ != '\0');
	return copy_text(text, dst, size);
}

/* Checks only that it can be a DN; whether there is such an entry is for the directory. */
static bool
parse_dn(const char *text, char *dst, size_t size)
{
	if (strcmp(text, "none") == 0)
		return copy_text("", dst, size);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return strchr(text, '=') != NULL && text[0] != '=' && copy_text(text, dst, size);
}

/* A path, perhaps with arguments. */
static bool
parse_command(const char *text, char *dst, size_t size)
{
	if (strcmp(text, "none") == 0)
		return copy_text("", dst, size);
	return text[0] == '/' && copy_text(text, dst, size);
}

static bool
set_value(struct conf *conf, const struct row *row, const char *text)
{
	void *field = (char *)conf + row->offset;

	switch (row->type) {
	case TYPE_PATH:
		return text[0] == '/' && copy_text(text, field, row->size);
	case TYPE_NO_PATH:
		return parse_command(text, field, row->size);
	case TYPE_OID:
		return parse_oid(text, field, row->size);
	case TYPE_NAMES:
		return parse_list(text, "auto", ".-_:%", field, row->size);	/* as in known_hosts */
	case TYPE_UINT:
		return parse_uint(text, row->min, row->max, field);
	case TYPE_AGE:
		return parse_age(text, row->max, field);
	case TYPE_BOOL:
	case TYPE_LAST_TRY:
	case TYPE_LANG:
	case TYPE_REMOTE:
	case TYPE_CRL:
	case TYPE_BINDING:
	case TYPE_FLEET_STALE:
	case TYPE_REMOVAL:
		return parse_word(text, row->type, field);
	case TYPE_COMMAND:
		return parse_command(text, field, row->size);
	case TYPE_SERVICES:
		return parse_list(text, "none", "_.@+-", field, row->size);
	case TYPE_ACCOUNTS:
		return parse_list(text, "none", "_.@+-$\\", field, row->size);	/* as a domain writes them, too */
	case TYPE_PROXY:
		return parse_proxy(text, field, row->size);
	case TYPE_SERVERS:
		return parse_servers(text, field, row->size);
	case TYPE_DN:
		return parse_dn(text, field, row->size);
	case TYPE_HOSTS:
		return parse_list(text, "none", ".-:[]*/", field, row->size);	/* as in no_proxy, curl(1) */
	case TYPE_USER:
		return strchr(text, ',') == NULL && parse_list(text, "none", "_.-$", field, row->size);
	}
	return false;
}

const char *
conf_language(const struct conf *conf)
{
	return conf->lang == CONF_LANG_JA ? "ja" : conf->lang == CONF_LANG_EN ? "en" : NULL;
}

/* Whether a list with commas has this word. */
static bool
list_has(const char *list, const char *word)
{
	const char *at = list;
	size_t len = strlen(word);

	if (len == 0)
		return false;
	while (*at != '\0') {
		size_t n = strcspn(at, ",");

		if (n == len && memcmp(at, word, len) == 0)
			return true;
		at += n;
		at += *at == ',';
	}
	return false;
}

bool
conf_is_exempt(const struct conf *conf, const char *service)
{
	return list_has(conf->removal_exempt, service);
}

bool
conf_is_local_service(const struct conf *conf, const char *service)
{
	return list_has(conf->local_services, service);
}

bool
conf_is_never_of_fleet(const struct conf *conf, const char *user)
{
	return list_has(conf->fleet_never, user);
}

void
conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof *conf);
	for (size_t i = 0; i < ROWS; i++)
		(void)set_value(conf, &rows[i], rows[i].value);	/* a test reads each value back */
}

bool
conf_option(size_t i, struct conf_option *ret)
{
	if (i >= ROWS)
		return false;
	*ret = (struct conf_option){ rows[i].key, rows[i].range, rows[i].value };
	return true;
}

/* --- the file -------------------------------------------------------------- */

struct reading {
	struct conf *conf;
	bool seen[ROWS];
	const char *next;	/* the text that inih has not read yet */
	size_t left;
	int line;		/* the line that inih is parsing */
	char complaint[512];	/* about that line */
};

/* inih's handler: 0 is an error. */
static int
on_line(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *r = ctx;
	const struct row *row = find_row(name);

	if (row == NULL)
		snprintf(r->complaint, sizeof r->complaint,
		    "unknown keyword \"%s\"; see pam_jpki.conf(5)", name);
	else if (r->seen[row - rows])
		snprintf(r->complaint, sizeof r->complaint,
		    "\"%s\" a second time; remove one", name);
	else if (!set_value(r->conf, row, value))
		snprintf(r->complaint, sizeof r->complaint,
		    "\"%s = %s\" is not possible; write %s", name, value, row->range);
	else
		r->seen[row - rows] = true;
	return r->complaint[0] == '\0';
}

/*
 * Finds faults that inih would accept or misread: it reports a section only at its first keyword, joins an
 * indented line to the one before, splits a long one in two, stops at a NUL, and accepts "keyword: value".
 * NULL: no fault.
 */
static const char *
line_fault(const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t blanks = 0;

	if (memchr(line, '\0', len) != NULL)
		return "not a text; write it again";
	if (len > LINE_MAX_BYTES)
		return "line too long; at most " STRING(LINE_MAX_BYTES) " bytes";
	while (blanks < len && isspace((unsigned char)line[blanks]))
		blanks++;
	if (blanks == len || line[blanks] == '#' || line[blanks] == ';')
		return NULL;
	if (line[blanks] == '[')
		return "there are no sections; remove it";
	if (blanks > 0)
		return "begins with a blank; write keyword = value from the first column on";
	if (equals == NULL || memchr(line, ':', (size_t)(equals - line)) != NULL)
		return NOT_UNDERSTOOD;
	return NULL;
}

/* Supplies inih with lines, like fgets(); ends at the first fault. */
static char *
next_line(char *dst, int size, void *stream)
{
	struct reading *r = stream;
	const char *end, *fault;
	size_t len;

	if (r->complaint[0] != '\0' || r->left == 0)
		return NULL;
	r->line++;
	end = memchr(r->next, '\n', r->left);
	len = end != NULL ? (size_t)(end - r->next) + 1 : r->left;
	fault = line_fault(r->next, end != NULL ? len - 1 : len);
	if (fault == NULL && len >= (size_t)size)
		fault = "line too long; shorten it";
	if (fault != NULL) {
		snprintf(r->complaint, sizeof r->complaint, "%s", fault);
		return NULL;
	}
	memcpy(dst, r->next, len);
	dst[len] = '\0';
	r->next += len;
	r->left -= len;
	return dst;
}

/*
 * No package contains the file, so that no upgrade asks about it: it exists only if the administrator has
 * written it.
 */
bool
conf_may_be_absent(const char *path)
{
	return strcmp(path, CONF_FILE) == 0;
}

struct outcome
conf_read(const char *path, uid_t owner, const struct log *log, struct conf *conf)
{
	_cleanup_(freep) char *text = NULL;
	struct reading reading = { .conf = conf };
	const char *complaint = reading.complaint;
	size_t len = 0;
	enum safefile r = safefile_read(path, owner, CONF_FILE_MAX, log, &text, &len);
	int line;

	if (r == SAFEFILE_ABSENT && conf_may_be_absent(path))
		return outcome_of(OUTCOME_OK);
	if (r == SAFEFILE_ABSENT)
		log_msg(log, LOG_ERR, "%s: does not exist; write it (an empty file will do) or name another", path);
	if (r != SAFEFILE_OK)
		return safefile_outcome(r, OUTCOME_CONFIG, OUTCOME_CONFIG);
	edited_tidy(text, &len);
	reading.next = text;
	reading.left = len;
	line = ini_parse_stream(next_line, &reading, on_line, &reading);
	if (line < 0)
		return outcome_of(OUTCOME_NO_MEMORY);
	if (line == 0 && complaint[0] == '\0')
		return outcome_of(OUTCOME_OK);
	/* inih continues after a line that it rejects. */
	if (complaint[0] == '\0' || (line > 0 && line < reading.line))
		complaint = NOT_UNDERSTOOD;
	else
		line = reading.line;
	log_msg(log, LOG_ERR, "%s:%d: %s", path, line, complaint);
	return outcome_of(OUTCOME_CONFIG);
}

struct outcome
conf_word(const char *word, const struct log *log, struct conf *conf)
{
	const char *equals = strchr(word, '=');
	const struct row *row = NULL;
	char key[64];

	if (equals != NULL && (size_t)(equals - word) < sizeof key) {
		memcpy(key, word, (size_t)(equals - word));
		key[equals - word] = '\0';
		row = find_row(key);
	}
	if (row == NULL) {
		log_msg(log, LOG_ERR, "unknown option \"%s\" in the PAM stack; see pam_jpki(8)", word);
		return outcome_of(OUTCOME_CONFIG);
	}
	if (!set_value(conf, row, equals + 1)) {
		log_msg(log, LOG_ERR, "option \"%s\" in the PAM stack is not possible; write %s=%s",
		    word, row->key, row->range);
		return outcome_of(OUTCOME_CONFIG);
	}
	return outcome_of(OUTCOME_OK);
}

static bool
names_file(const char *word)
{
	return strncmp(word, FILE_WORD, FILE_WORD_LEN) == 0;
}

struct outcome
conf_load(size_t count, const char *const *words, uid_t owner, const struct log *log,
    struct conf *ret_conf)
{
	const char *path = CONF_FILE;
	bool named = false;
	struct conf conf;
	struct outcome o;

	for (size_t i = 0; i < count; i++) {
		if (!names_file(words[i]))
			continue;
		if (named) {
			log_msg(log, LOG_ERR, "option \"%s\" in the PAM stack: a second file; remove one",
			    words[i]);
			return outcome_of(OUTCOME_CONFIG);
		}
		path = words[i] + FILE_WORD_LEN;
		named = true;
	}
	conf_init(&conf);
	o = conf_read(path, owner, log, &conf);
	for (size_t i = 0; outcome_ok(&o) && i < count; i++)
		if (!names_file(words[i]))
			o = conf_word(words[i], log, &conf);
	if (outcome_ok(&o))
		*ret_conf = conf;
	return o;
}

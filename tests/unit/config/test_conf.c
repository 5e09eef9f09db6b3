/* SPDX-License-Identifier: BSD-2-Clause */
/* config/conf: every option, every way to write it wrong. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "config/conf.h"
#include "lib/safefile.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define VALUE_MAX (PATH_MAX + 16)

/* One row per option: a value that is not the default, and some that are none. */
static const struct row {
	const char *key;
	const char *other;
	const char *bad[10];
} rows[] = {
	{ "trust_db", "/srv/db", { "", "db", "sql:/srv/db", "./db" } },
	{ "users_dir", "/srv/users", { "", "users", "~/users" } },
	{ "policy_oid", "1.2.392.200149.8.5.1.3.30",
		{ "", "1", "1.", ".1", "1..2", "1.2.x", "OID.1.2", "1 2", "None" } },
	{ "crl", "if-present", { "", "yes", "if present", "Require", "0" } },
	{ "crl_grace_hours", "720", { "", "721", "-1", "24h" } },
	{ "crl_dir", "/srv/crl", { "", "crl", "./crl" } },
	{ "crl_sources", "/srv/sources", { "", "sources", "http://x/" } },
	{ "crl_timeout", "1", { "", "0", "601", "1m" } },
	{ "crl_proxy", "http://proxy.example:3128",
		{ "", "proxy:3128", "ftp://proxy/", "http://", "http://:80", "http://u:p@proxy", "http://proxy/path",
		  "http://proxy:", "http://a b" } },
	{ "crl_proxy_except", "ldap.example,10.0.0.0/8,*", { "", ",", "a,", "a b", "a@b" } },
	{ "block_list", "/srv/blocked", { "", "blocked", "./blocked" } },
	{ "fleet_dir", "/srv/fleet", { "", "fleet", "./fleet", "None" } },
	{ "fleet_max_age", "90m", { "", "8761", "8761h", "525601m", "2m", "0m", "-1", "1d" } },
	{ "fleet_stale", "refuse", { "", "yes", "Refuse", "warn" } },
	{ "fleet_min_uid", "500", { "", "0", "-1", "2147483648", "1k" } },
	{ "fleet_never", "admin,DOM\\kanri,x.y-z_@a$", { "", ",", "a,", "a b", "a/b", "a:b" } },
	{ "fleet_uri", "ldaps://a.example:636,ldap://[::1]:3890",
		{ "", "ldap.example", "http://a", "ldaps://", "ldap://a,", ",ldap://a", "ldaps://a/dc=x", "ldapi:///", "ldaps://u@a" } },
	{ "fleet_base", "ou=jpki,dc=example", { "", "jpki", "=x", "ou=a\x01" } },
	{ "fleet_ca", "/srv/ca.pem", { "", "ca.pem", "./ca.pem", "None" } },
	{ "fleet_cert", "/srv/cert.pem", { "", "cert.pem" } },
	{ "fleet_key", "/srv/key.pem", { "", "key.pem" } },
	{ "wait", "60", { "", "61", "-1", "+1", "x", "1x", "0x1", "1.5", "4294967296" } },
	{ "timeout", "5", { "", "4", "121", "0", "30s", "18446744073709551646" } },
	{ "lang", "ja", { "", "jp", "JA", "ja_JP.UTF-8", "no" } },
	{ "tell_everybody", "yes", { "", "1", "all", "YES" } },
	{ "expiry_warning_days", "0", { "", "366", "-0", "no" } },
	{ "last_try", "ask", { "", "yes", "Ask", "refused", "1" } },
	{ "user_from_card", "yes", { "", "true", "1" } },
	{ "forward_pass", "yes", { "", "true", "1" } },
	{ "unlock", "yes", { "", "true", "1", "set" } },
	{ "short_ids", "no", { "", "false", "0", "No" } },
	{ "remote", "strict", { "", "true", "1", "Yes", "on" } },
	{ "local_services", "su,login", { "", ",", "su,", "su login", "a/b" } },
	{ "remote_binding", "name", { "", "yes", "no", "host", "HostKey" } },
	{ "remote_names", "azumino.example,10.0.0.1,fe80::1%eth0",
		{ "", ",", "a,", ",a", "a,,b", "a b", "a, b", "a/b", "a@b", "\xe5" } },
	{ "host_keys", "/srv/ssh", { "", "ssh", "./ssh" } },
	{ "challenge_timeout", "10", { "", "9", "601", "2m" } },
	{ "ssh_key", "yes", { "", "true", "1", "require" } },
	{ "on_removal", "logout", { "", "yes", "Lock", "lock-session" } },
	{ "removal_grace", "0", { "", "61", "-1", "2s" } },
	{ "removal_command", "/usr/bin/x -a b", { "", "x", "./x -a", "~/x" } },
	{ "removal_warn", "yes", { "", "true", "1" } },
	{ "removal_exempt", "login,xdm-2", { "", ",", "login,", ",login", "a,,b", "a b", "a/b" } },
	{ "self_enroll", "yes", { "", "1", "first", "Yes" } },
	{ "helper_user", "jpki", { "", "a,b", "a b", "a/b", "0123456789012345678901234567890123" } },
	{ "debug", "yes", { "", "true", "1", "YES", "y" } },
};

static void
text_of(const struct conf *conf, const char *key, char text[static VALUE_MAX])
{
	if (strcmp(key, "trust_db") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->trust_db);
	else if (strcmp(key, "users_dir") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->users_dir);
	else if (strcmp(key, "policy_oid") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->policy_oid[0] == '\0' ? "none" : conf->policy_oid);
	else if (strcmp(key, "crl") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->crl == CONF_CRL_REQUIRE ? "require" :
		    conf->crl == CONF_CRL_IF_PRESENT ? "if-present" : "off");
	else if (strcmp(key, "crl_grace_hours") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->crl_grace_hours);
	else if (strcmp(key, "crl_sources") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->crl_sources);
	else if (strcmp(key, "crl_proxy") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->crl_proxy[0] == '\0' ? "auto" : conf->crl_proxy);
	else if (strcmp(key, "crl_proxy_except") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->crl_proxy_except[0] == '\0' ? "none" : conf->crl_proxy_except);
	else if (strcmp(key, "block_list") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->block_list);
	else if (strcmp(key, "fleet_dir") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_dir[0] == '\0' ? "none" : conf->fleet_dir);
	else if (strcmp(key, "fleet_max_age") == 0)
		snprintf(text, VALUE_MAX, conf->fleet_max_age == 0 ? "%u" : "%um", conf->fleet_max_age);
	else if (strcmp(key, "fleet_stale") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_stale == CONF_FLEET_STALE_REFUSE ? "refuse" : "allow");
	else if (strcmp(key, "fleet_min_uid") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->fleet_min_uid);
	else if (strcmp(key, "fleet_never") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_never[0] == '\0' ? "none" : conf->fleet_never);
	else if (strcmp(key, "fleet_uri") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_uri[0] == '\0' ? "none" : conf->fleet_uri);
	else if (strcmp(key, "fleet_base") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_base[0] == '\0' ? "none" : conf->fleet_base);
	else if (strcmp(key, "fleet_ca") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_ca[0] == '\0' ? "none" : conf->fleet_ca);
	else if (strcmp(key, "fleet_cert") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_cert[0] == '\0' ? "none" : conf->fleet_cert);
	else if (strcmp(key, "fleet_key") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->fleet_key[0] == '\0' ? "none" : conf->fleet_key);
	else if (strcmp(key, "crl_dir") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->crl_dir);
	else if (strcmp(key, "crl_timeout") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->crl_timeout);
	else if (strcmp(key, "wait") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->wait);
	else if (strcmp(key, "timeout") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->timeout);
	else if (strcmp(key, "lang") == 0)
		snprintf(text, VALUE_MAX, "%s", conf_language(conf) != NULL ? conf_language(conf) : "auto");
	else if (strcmp(key, "tell_everybody") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->tell_everybody ? "yes" : "no");
	else if (strcmp(key, "self_enroll") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->self_enroll ? "yes" : "no");
	else if (strcmp(key, "expiry_warning_days") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->expiry_warning_days);
	else if (strcmp(key, "last_try") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->last_try == CONF_LAST_TRY_ASK ? "ask" : "refuse");
	else if (strcmp(key, "user_from_card") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->user_from_card ? "yes" : "no");
	else if (strcmp(key, "forward_pass") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->forward_pass ? "yes" : "no");
	else if (strcmp(key, "unlock") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->unlock ? "yes" : "no");
	else if (strcmp(key, "short_ids") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->short_ids ? "yes" : "no");
	else if (strcmp(key, "remote") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->remote == CONF_REMOTE_STRICT ? "strict" :
		    conf->remote == CONF_REMOTE_YES ? "yes" : "no");
	else if (strcmp(key, "local_services") == 0)
		snprintf(text, VALUE_MAX, "%s",
		    conf->local_services[0] == '\0' ? "none" : conf->local_services);
	else if (strcmp(key, "remote_binding") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->remote_binding == CONF_BINDING_NAME ? "name" : "hostkey");
	else if (strcmp(key, "remote_names") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->remote_names[0] != '\0' ? conf->remote_names : "auto");
	else if (strcmp(key, "host_keys") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->host_keys);
	else if (strcmp(key, "challenge_timeout") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->challenge_timeout);
	else if (strcmp(key, "ssh_key") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->ssh_key ? "yes" : "no");
	else if (strcmp(key, "on_removal") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->on_removal == CONF_REMOVAL_LOCK ? "lock" :
		    conf->on_removal == CONF_REMOVAL_LOGOUT ? "logout" :
		    conf->on_removal == CONF_REMOVAL_COMMAND ? "command" : "none");
	else if (strcmp(key, "removal_grace") == 0)
		snprintf(text, VALUE_MAX, "%u", conf->removal_grace);
	else if (strcmp(key, "removal_command") == 0)
		snprintf(text, VALUE_MAX, "%s",
		    conf->removal_command[0] == '\0' ? "none" : conf->removal_command);
	else if (strcmp(key, "removal_warn") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->removal_warn ? "yes" : "no");
	else if (strcmp(key, "removal_exempt") == 0)
		snprintf(text, VALUE_MAX, "%s",
		    conf->removal_exempt[0] == '\0' ? "none" : conf->removal_exempt);
	else if (strcmp(key, "helper_user") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->helper_user[0] == '\0' ? "none" : conf->helper_user);
	else if (strcmp(key, "debug") == 0)
		snprintf(text, VALUE_MAX, "%s", conf->debug ? "yes" : "no");
	else
		fail_msg("this test does not know the option \"%s\"", key);
}

/* Every option has its built-in value, but for `key`, which has `value`. */
static void
only_differs(const struct conf *conf, const char *key, const char *value)
{
	struct conf_option option;

	for (size_t i = 0; conf_option(i, &option); i++) {
		char text[VALUE_MAX];

		text_of(conf, option.key, text);
		if (key != NULL && strcmp(option.key, key) == 0)
			assert_string_equal(text, value);
		else
			assert_string_equal(text, option.value);
	}
}

static struct outcome
read_text(const char *text, size_t len, struct conf *conf, struct capture *c)
{
	const char *path = scratch_file("conf", text, len);

	capture_start(c);
	conf_init(conf);
	return conf_read(path, geteuid(), &c->log, conf);
}

static void
accepts(const char *text, struct conf *conf)
{
	struct capture c;
	struct outcome o = read_text(text, strlen(text), conf, &c);

	if (!outcome_ok(&o))
		fail_msg("refused: %s", c.text);
	assert_int_equal(c.lines, 0);
}

/* Refused at this line, and the log says where and what to do. */
static void
refuses_bytes(const char *text, size_t len, int line, const char *said)
{
	struct capture c;
	struct conf conf;
	struct outcome o = read_text(text, len, &conf, &c);
	char place[PATH_MAX + 16];

	snprintf(place, sizeof place, "%s:%d: ", scratch_path("conf"), line);
	if (o.status != OUTCOME_CONFIG)
		fail_msg("accepted: %s", text);
	assert_int_equal(c.lines, 1);
	assert_int_equal(c.priority, LOG_ERR);
	if (strncmp(c.text, place, strlen(place)) != 0 || strstr(c.text, said) == NULL)
		fail_msg("\"%s\" does not say \"%s…%s\"", c.text, place, said);
}

static void
refuses(const char *text, int line, const char *said)
{
	refuses_bytes(text, strlen(text), line, said);
}

static void
table_is_this_one(void **state)
{
	struct conf_option option;
	struct conf conf;
	size_t n = 0;

	for (; conf_option(n, &option); n++) {
		assert_true(n < COUNT(rows));
		assert_string_equal(option.key, rows[n].key);
	}
	assert_int_equal(n, COUNT(rows));
	conf_init(&conf);
	only_differs(&conf, NULL, NULL);
}

static void
each_option_moves_and_returns(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_option option;
		char line[512];
		struct conf conf;

		assert_true(conf_option(i, &option));
		snprintf(line, sizeof line, "%s = %s\n", rows[i].key, rows[i].other);
		accepts(line, &conf);
		only_differs(&conf, rows[i].key, rows[i].other);
		snprintf(line, sizeof line, "%s=%s", option.key, option.value);
		accepts(line, &conf);
		only_differs(&conf, NULL, NULL);
	}
}

static void
each_bad_value_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(rows[i].bad) && rows[i].bad[j] != NULL; j++) {
			struct conf_option option;
			char line[512];
			struct capture c;
			struct conf conf;
			struct outcome o;

			assert_true(conf_option(i, &option));
			snprintf(line, sizeof line, "# first\n%s = %s\n", rows[i].key, rows[i].bad[j]);
			refuses(line, 2, option.range);
			snprintf(line, sizeof line, "%s=%s", rows[i].key, rows[i].bad[j]);
			capture_start(&c);
			conf_init(&conf);
			o = conf_word(line, &c.log, &conf);
			assert_int_equal(o.status, OUTCOME_CONFIG);
			log_defuse(line);	/* as it is logged */
			assert_non_null(strstr(c.text, line));
			assert_non_null(strstr(c.text, option.range));
		}
}

static void
edges_of_the_ranges(void **state)
{
	struct conf conf;

	accepts("wait = 0\ntimeout = 120\nexpiry_warning_days = 365\n", &conf);
	assert_int_equal(conf.timeout, 120);
	assert_int_equal(conf.expiry_warning_days, 365);
	accepts("policy_oid = 1.2\n", &conf);
	assert_string_equal(conf.policy_oid, "1.2");
}

static void
exempt_services_are_whole_names(void **state)
{
	struct conf conf;

	accepts("removal_exempt = login,sshd\n", &conf);
	assert_true(conf_is_exempt(&conf, "login"));
	assert_true(conf_is_exempt(&conf, "sshd"));
	assert_false(conf_is_exempt(&conf, "log"));
	assert_false(conf_is_exempt(&conf, "sshd2"));
	assert_false(conf_is_exempt(&conf, "login,sshd"));
	assert_false(conf_is_exempt(&conf, ""));
	accepts("", &conf);
	assert_false(conf_is_exempt(&conf, ""));
	assert_false(conf_is_exempt(&conf, "none"));
}

static void
what_may_be_in_a_file(void **state)
{
	struct conf conf;

	accepts("", &conf);
	only_differs(&conf, NULL, NULL);
	accepts("\n\n# remark\n ; indented remark\n   \n\t\n", &conf);
	only_differs(&conf, NULL, NULL);
	accepts("wait=7", &conf);		/* no newline at the end */
	only_differs(&conf, "wait", "7");
	accepts("wait   =   7   \r\n", &conf);
	only_differs(&conf, "wait", "7");
	accepts("wait = 7 ; seconds\n", &conf);
	only_differs(&conf, "wait", "7");
}

static void
what_may_not(void **state)
{
	refuses("wait = 1\nwiat = 1\n", 2, "unknown keyword \"wiat\"");
	refuses("Wait = 1\n", 1, "unknown keyword");
	refuses("= 1\n", 1, "unknown keyword \"\"");
	refuses("wait = 1\n# x\nwait = 1\n", 3, "a second time; remove one");
	refuses("[login]\nwait = 1\n", 1, "sections");
	refuses("wait = 1\n[login]\n", 2, "sections");	/* also without a keyword in it */
	refuses("[]\n", 1, "sections");
	refuses("[login\n", 1, "sections");
	refuses("wait = 1\nremote\n", 2, "write keyword = value");
	refuses("wait 1\n", 1, "write keyword = value");
	refuses("wait: 1\n", 1, "write keyword = value");
	refuses("; x\nwait ; = 1\n", 2, "write keyword = value");
	/* an indented line is the continuation of the one before for inih */
	refuses("policy_oid = 1.2\n  .3\n", 2, "begins with a blank");
	refuses("wait = 1\n remote = yes\n", 2, "begins with a blank");
	refuses("\twait = 1\n", 1, "begins with a blank");
}

/* The complaint belongs to the line that is named, the first bad one. */
static void
first_fault_is_reported(void **state)
{
	refuses("remote\nwiat = 1\n", 1, "write keyword = value");
	refuses("wait ; = 1\nwiat = 1\n", 1, "write keyword = value");
	refuses("wiat = 1\nremote\n", 1, "unknown keyword");
	refuses("wait = x\nwiat = 1\n", 1, "0 to 60");
}

static void
long_line_is_refused(void **state)
{
	char text[512];
	struct conf conf;

	memset(text, 'x', sizeof text);
	memcpy(text, "# fine\ntrust_db = /", 19);
	text[sizeof text - 1] = '\0';
	refuses(text, 2, "too long");
	memset(text, '#', sizeof text - 1);
	refuses(text, 1, "too long");
	/* what inih would take for a second line may not become one */
	memcpy(text + 198, "\nwait = 1", 9);
	refuses(text, 1, "too long");
	memset(text, 'x', sizeof text);
	memcpy(text, "trust_db = /", 12);
	text[190] = '\n';
	text[191] = '\0';
	accepts(text, &conf);
	assert_int_equal(strlen(conf.trust_db), 190 - 11);
}

static void
nul_is_refused(void **state)
{
	const char end[] = "wait = 1\nremote = no\0 yes\n";
	const char alone[] = "wait = 1\n\0\nwiat = 1\n";

	refuses_bytes(end, sizeof end - 1, 2, "not a text");
	refuses_bytes(alone, sizeof alone - 1, 2, "not a text");
}

static void
unsafe_or_missing_file_is_refused(void **state)
{
	struct capture c;
	struct conf conf;
	struct outcome o;
	char *big = malloc(CONF_FILE_MAX + 1);

	assert_non_null(big);
	memset(big, '\n', CONF_FILE_MAX + 1);
	o = read_text(big, CONF_FILE_MAX, &conf, &c);
	assert_true(outcome_ok(&o));
	o = read_text(big, CONF_FILE_MAX + 1, &conf, &c);
	assert_int_equal(o.status, OUTCOME_CONFIG);
	free(big);

	capture_start(&c);
	o = conf_read(scratch_path("missing"), geteuid(), &c.log, &conf);
	assert_int_equal(o.status, OUTCOME_CONFIG);
	assert_int_equal(c.lines, 1);
	assert_non_null(strstr(c.text, scratch_path("missing")));
	assert_int_equal(symlink("conf", scratch_path("link")), 0);
	o = conf_read(scratch_path("link"), geteuid(), &c.log, &conf);
	assert_int_equal(o.status, OUTCOME_CONFIG);
	assert_int_equal(c.lines, 2);
}

/* The administrator need not write CONF_FILE; a file that is named must exist. */
static void
only_the_usual_file_may_be_absent(void **state)
{
	const char *const others[] = { "", "/", "pam_jpki.conf", CONFDIR, CONF_FILE "d", "/" CONF_FILE, CONF_FILE "/", CONFDIR "/./pam_jpki.conf",
		scratch_path("pam_jpki.conf") };
	struct conf conf, before;
	struct capture c;
	struct outcome o;

	assert_true(conf_may_be_absent(CONF_FILE));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(conf_may_be_absent(others[i]));
	if (access(CONF_FILE, F_OK) == 0)
		skip();		/* this machine has one: the end-to-end cases take theirs away */
	conf_init(&conf);
	conf.wait = 77;
	before = conf;
	capture_start(&c);
	o = conf_read(CONF_FILE, 0, &c.log, &conf);
	assert_true(outcome_ok(&o));
	assert_int_equal(c.lines, 0);
	assert_memory_equal(&conf, &before, sizeof conf);
}

/* --- words of the PAM stack ------------------------------------------------- */

static struct outcome
load(size_t count, const char *const *words, struct conf *conf, struct capture *c)
{
	capture_start(c);
	return conf_load(count, words, geteuid(), &c->log, conf);
}

static void
words_override_the_file(void **state)
{
	const char *path = scratch_text("conf", "wait = 7\nremote = yes\n");
	char file[PATH_MAX + 8];
	struct capture c;
	struct conf conf;
	struct outcome o;

	snprintf(file, sizeof file, "conf=%s", path);
	o = load(3, (const char *const[]){ "wait=9", file, "debug=yes" }, &conf, &c);
	assert_true(outcome_ok(&o));
	assert_int_equal(conf.wait, 9);		/* although it comes before conf= */
	assert_int_equal(conf.remote, CONF_REMOTE_YES);
	assert_int_equal(conf.debug, true);
	o = load(3, (const char *const[]){ file, "wait=9", "wait=8" }, &conf, &c);
	assert_true(outcome_ok(&o));
	assert_int_equal(conf.wait, 8);		/* the last one counts */
}

static void
unknown_words_are_refused(void **state)
{
	const char *words[] = { "wiat=1", "debug", "use_first_pass", "=1", "", " wait=1", "WAIT=1",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1" };
	const char *path = scratch_text("conf", "");
	char file[PATH_MAX + 8];

	snprintf(file, sizeof file, "conf=%s", path);
	for (size_t i = 0; i < COUNT(words); i++) {
		const char *both[] = { file, words[i] };
		struct conf conf = { .wait = 77 };
		struct capture c;
		struct outcome o = load(2, both, &conf, &c);

		assert_int_equal(o.status, OUTCOME_CONFIG);
		assert_int_equal(c.lines, 1);
		assert_non_null(strstr(c.text, words[i]));
		assert_int_equal(conf.wait, 77);	/* nothing half-read comes out */
	}
}

static void
conf_word_names_the_only_file(void **state)
{
	const char *const bad[] = { "conf=", "conf=pam_jpki.conf", "conf=/nonexistent/pam_jpki.conf" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct capture c;
		struct conf conf;
		struct outcome o = load(1, &bad[i], &conf, &c);

		assert_int_equal(o.status, OUTCOME_CONFIG);
		assert_int_equal(c.lines, 1);
		assert_non_null(strstr(c.text, bad[i] + strlen("conf=")));
	}
}

static void
second_conf_word_is_refused(void **state)
{
	const char *path = scratch_text("conf", "");
	char file[PATH_MAX + 8];
	struct capture c;
	struct conf conf;
	struct outcome o;

	snprintf(file, sizeof file, "conf=%s", path);
	o = load(3, (const char *const[]){ file, "wait=9", file }, &conf, &c);
	assert_int_equal(o.status, OUTCOME_CONFIG);
	assert_int_equal(c.lines, 1);
	assert_non_null(strstr(c.text, "a second file; remove one"));
}

/* inih alone would take them. */
static void
colons_are_refused(void **state)
{
	struct conf conf;

	refuses("wait: 5\n", 1, "write keyword = value");
	refuses("debug = no\nwait:5\n", 2, "write keyword = value");
	refuses("lang: ja # = ja\n", 1, "write keyword = value");
	refuses("trust_db : /srv/a=b\n", 1, "write keyword = value");
	accepts("trust_db = /srv/a:b\n", &conf);
	assert_string_equal(conf.trust_db, "/srv/a:b");
}

/* --- the file that is installed ---------------------------------------------- */

static void
sample_shows_every_default(void **state)
{
	FILE *f = fopen("config/pam_jpki.conf", "re");
	bool seen[COUNT(rows)] = {0};
	char line[512], text[4096] = "";
	struct conf conf;

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		struct conf_option option;
		const char *equals = strstr(line, " = ");

		if (line[0] != '#' || line[1] == ' ' || equals == NULL)
			continue;	/* prose */
		for (size_t i = 0; conf_option(i, &option); i++)
			if (strlen(option.key) == (size_t)(equals - line - 1) &&
			    strncmp(line + 1, option.key, strlen(option.key)) == 0) {
				line[strcspn(line, "\n")] = '\0';
				assert_string_equal(equals + 3, option.value);
				assert_false(seen[i]);
				seen[i] = true;
			}
		assert_true(strlen(text) + strlen(line) < sizeof text - 1);
		strcat(strcat(text, line + 1), "\n");
	}
	fclose(f);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!seen[i])
			fail_msg("the sample file does not show %s", rows[i].key);
	accepts(text, &conf);
	only_differs(&conf, NULL, NULL);
}

static void
ages_have_units(void **state)
{
	static const struct {
		const char *text;
		unsigned int minutes;
	} ages[] = {
		{ "0", 0 }, { "0h", 0 }, { "1", 60 }, { "24h", 1440 }, { "8760", 525600 }, { "3m", 3 }, { "59m", 59 }, { "525600m", 525600 },
	};
	static const char *const none[] = { "m", "h", "3 m", "3M", "3H", "3min", "3hm", "1h30m", "m3", "0x3m", "3.5m", "+3m", "-3m", "1m", "3s",
		"4294967299m", "00000000000000000003m", "\xef\xbc\x93m" };
	char line[128];
	struct capture c;
	struct conf conf;

	for (size_t i = 0; i < COUNT(ages); i++) {
		snprintf(line, sizeof line, "fleet_max_age = %s\n", ages[i].text);
		accepts(line, &conf);
		assert_int_equal(conf.fleet_max_age, ages[i].minutes);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		snprintf(line, sizeof line, "fleet_max_age=%s", none[i]);
		capture_start(&c);
		conf_init(&conf);
		assert_int_equal(conf_word(line, &c.log, &conf).status, OUTCOME_CONFIG);
		assert_int_equal(conf.fleet_max_age, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_this_one),
		cmocka_unit_test(each_option_moves_and_returns),
		cmocka_unit_test(each_bad_value_is_refused),
		cmocka_unit_test(edges_of_the_ranges),
		cmocka_unit_test(ages_have_units),
		cmocka_unit_test(exempt_services_are_whole_names),
		cmocka_unit_test(what_may_be_in_a_file),
		cmocka_unit_test(what_may_not),
		cmocka_unit_test(first_fault_is_reported),
		cmocka_unit_test(long_line_is_refused),
		cmocka_unit_test(nul_is_refused),
		cmocka_unit_test(unsafe_or_missing_file_is_refused),
		cmocka_unit_test(only_the_usual_file_may_be_absent),
		cmocka_unit_test(words_override_the_file),
		cmocka_unit_test(unknown_words_are_refused),
		cmocka_unit_test(conf_word_names_the_only_file),
		cmocka_unit_test(second_conf_word_is_refused),
		cmocka_unit_test(colons_are_refused),
		cmocka_unit_test(sample_shows_every_default),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

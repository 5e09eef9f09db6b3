/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client signs, and what it remembers of one ssh. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/secret.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/ssh/crypto.h"
#include "tools/ssh/hostkey_note.h"
#include "tools/ssh/known.h"
#include "tools/ssh/pinentry.h"
#include "tools/ssh/prompt.h"
#include "tools/ssh/question.h"

#define NONCE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define AFTER " sshd 1795400000 " NONCE " hostkey: "
#define FOR_AZUMINO "JPKI1 remote-login azumino.example%2cazumino hanako" AFTER
#define KEY_1 "YpGuo9ECrGhZcp1mB+WpeovbYcsE0vHaZRt+/X16kAk"
#define KEY_2 "Mlfpdu/SbXPtqKqAMxrNMSjsMTn3KBZB6p0iF0v7RyQ"

/* --- prompts --------------------------------------------------------------------- */

static const struct {
	enum prompt verdict;
	const char *text;
} prompts[] = {
	{ PROMPT_CHALLENGE, "(hanako@azumino) " FOR_AZUMINO },
	{ PROMPT_CHALLENGE, "(hanako@AZUMINO.example) " FOR_AZUMINO },
	{ PROMPT_CHALLENGE, "(hanako@azumino) a message\nand one more\n" FOR_AZUMINO },
	{ PROMPT_CHALLENGE, "(han@ko@azumino) JPKI1 remote-login azumino han@ko" AFTER },

	/* What others ask, also with our mark somewhere in it. */
	{ PROMPT_OTHER, "" },
	{ PROMPT_OTHER, "Enter passphrase for key '/home/taro/.ssh/id_ed25519': " },
	{ PROMPT_OTHER, "(hanako@azumino) Password: " },
	{ PROMPT_OTHER, "(hanako@azumino) " FOR_AZUMINO "\nPassword: " },
	{ PROMPT_OTHER, "(hanako@azumino) Password for " FOR_AZUMINO },
	{ PROMPT_OTHER, "(hanako@azumino)  " FOR_AZUMINO },
	{ PROMPT_OTHER, "(hanako@azumino) jpki1 remote-login azumino hanako" AFTER },
	{ PROMPT_OTHER, "(hanako@azumino) JPKI10 remote-login azumino hanako" AFTER },
	{ PROMPT_OTHER, "(hanako@azumino) " FOR_AZUMINO "\n" },
	{ PROMPT_OTHER, "The authenticity of host 'JPKI1 remote-login' can't be established.\n"
	    "Are you sure you want to continue connecting (yes/no/[fingerprint])? " },

	/* Only ssh says which server the prompt comes from. */
	{ PROMPT_NO_ORIGIN, FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "text\n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "hanako@azumino) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, " (hanako@azumino) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(hanako) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(@azumino) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(hanako@) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(hanako@azumino\n" FOR_AZUMINO },

	{ PROMPT_MALFORMED, "(hanako@azumino) JPKI1 login azumino hanako" AFTER },
	{ PROMPT_MALFORMED, "(hanako@azumino) JPKI1 " },
	{ PROMPT_MALFORMED, "(hanako@azumino) JPKI1 remote-login azumino hanako" AFTER "x" },
	{ PROMPT_MALFORMED, "(hanako@azumino) \rJPKI1 \n" "JPKI1 remote-login azumino\rx hanako" AFTER },

	{ PROMPT_OTHER_USER, "(taro@azumino) " FOR_AZUMINO },
	{ PROMPT_OTHER_USER, "(Hanako@azumino) " FOR_AZUMINO },
	{ PROMPT_OTHER_USER, "(root@azumino) JPKI1 remote-login azumino roo" AFTER },

	/* Another server's, whatever the one in between writes. */
	{ PROMPT_OTHER_HOST, "(hanako@evil) " FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(hanako@evil) (hanako@azumino) \n" FOR_AZUMINO },
	{ PROMPT_NO_ORIGIN, "(hanako@azumino) (x@evil) hello\n" FOR_AZUMINO },
	{ PROMPT_OTHER_HOST, "(hanako@evil) text\n(hanako@azumino) \n" FOR_AZUMINO },
	{ PROMPT_OTHER_HOST, "(hanako@azumino.evil) " FOR_AZUMINO },
	{ PROMPT_OTHER_HOST, "(hanako@evil.azumino) " FOR_AZUMINO },
	{ PROMPT_OTHER_HOST, "(hanako@example) " FOR_AZUMINO },
	{ PROMPT_OTHER_HOST, "(hanako@azumino.example,azumino) " FOR_AZUMINO },
};

static void
prompts_are_judged(void **state)
{
	for (size_t i = 0; i < COUNT(prompts); i++) {
		struct ssh_prompt p;
		enum prompt verdict = prompt_read(prompts[i].text, &p);

		if (verdict != prompts[i].verdict)
			fail_msg("%d instead of %d: %s", (int)verdict, (int)prompts[i].verdict, prompts[i].text);
	}
}

static void
servers_are_told_from_ssh(void **state)
{
	assert_true(prompt_is_from_server("(hanako@azumino) Password: "));
	assert_true(prompt_is_from_server("(hanako@azumino) \nPIN: "));
	assert_false(prompt_is_from_server("Enter passphrase for key '/home/taro/.ssh/id (old) ': "));
	assert_false(prompt_is_from_server(""));
}

/* Whose answer does not leave this machine; all others may. */
static void
answers_that_stay_here(void **state)
{
	static const char *const here[] = { "Enter passphrase for key '/home/taro/.ssh/id_ed25519': ",
		"Enter passphrase for /home/taro/.ssh/id (will confirm each use): ",
		"Bad passphrase, try again for id: ", "Enter PIN for 'token': ", "Enter PIN for ED25519-SK key id: ",
		"Enter PIN and confirm user presence for ED25519-SK key id: ",
		"The authenticity of host 'a (192.0.2.1)' can't be established.\nAre you sure (yes/no)? " };
	static const char *const away[] = { "(hanako@azumino) PIN: ", "hanako@azumino's password: ",
		"Enter hanako@azumino's old password: ", "Enter hanako@azumino's new password: ",
		"Retype hanako@azumino's new password: ", "(a@b) Enter passphrase for key 'x': ",
		"(hanako@azumino) \nEnter PIN for 'token': ", " Enter PIN for 'token': ", "Enter PIN: ",
		"enter passphrase for x: ", "PIN of the card: ", "" };

	for (size_t i = 0; i < COUNT(here); i++)
		if (!prompt_stays_here(here[i]))
			fail_msg("goes away: %s", here[i]);
	for (size_t i = 0; i < COUNT(away); i++)
		if (prompt_stays_here(away[i]))
			fail_msg("stays here: %s", away[i]);
}

/* --- questions of others ----------------------------------------------------------- */

/* What comes of a question through another askpass, a shell script with the prompt as $1. */
struct asked {
	int status;
	char out[128], err[1024];
};

static void
slurp(const char *path, char *ret, size_t size)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	ret[fread(ret, 1, size - 1, f)] = '\0';
	fclose(f);
}

static bool
is_dead(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *f;

	/* It may be gone at any moment. */
	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return true;
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text[0] == '\0' || strstr(text, ") Z ") != NULL;
}

static struct asked
ask_by(const char *program, const char *prompt)
{
	static const struct person no_user = { NULL, false };
	const char *out = scratch_text("out", ""), *err = scratch_text("err", "");
	struct asked ret = { -1, "", "" };
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (setsid() < 0 || freopen(out, "w", stdout) == NULL || freopen(err, "w", stderr) == NULL ||
		    setenv("JPKI_ASKPASS_NEXT", program, 1) != 0)
			_exit(99);
		exit(question_ask(prompt, &no_user));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	ret.status = WEXITSTATUS(status);
	slurp(out, ret.out, sizeof ret.out);
	slurp(err, ret.err, sizeof ret.err);
	return ret;
}

static const char *
askpass(const char *script)
{
	char text[1024];
	const char *path;

	snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
	path = scratch_text("askpass", text);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

#define FROM_SERVER "(hanako@evil) PIN of the card: "

static void
another_askpass_answers(void **state)
{
	struct asked a = ask_by(askpass("echo \"$1\" >&2; echo secret"), FROM_SERVER);

	assert_int_equal(a.status, 0);
	assert_string_equal(a.out, "secret\n");
	/* Its window says who asks. */
	assert_string_equal(a.err, "The server, not your card, prompts for the following; never enter your card PIN:\n" FROM_SERVER "\n");
	a = ask_by(askpass("echo \"$1\" >&2; printf 'se\\ncret'"), "hanako@evil's password: ");
	assert_string_equal(a.out, "se\n");
	assert_string_equal(a.err, "hanako@evil's password: \n");
	a = ask_by(askpass("echo secret; exit 3"), FROM_SERVER);
	assert_int_equal(a.status, 3);
	assert_string_equal(a.out, "");
	a = ask_by(askpass("[ \"$SSH_ASKPASS\" = \"$0\" ] && [ -z \"$JPKI_ASKPASS_NEXT\" ] && echo yes"), FROM_SERVER);
	assert_string_equal(a.out, "yes\n");
	a = ask_by(askpass("kill -9 $$"), FROM_SERVER);
	assert_int_not_equal(a.status, 0);
	/* More than ssh takes: the start is the answer, and its writer does not hang. */
	a = ask_by(askpass("head -c 200000 /dev/zero | tr '\\0' x"), "foo: ");
	assert_int_equal(a.status, 0);
	/* One that cannot be started: the terminal, which there is not. */
	a = ask_by("/nonexistent", FROM_SERVER);
	assert_int_equal(a.status, EXIT_FAILURE);
	assert_string_equal(a.out, "");
}

static void
another_askpass_sends_no_pin(void **state)
{
	static const char *const pins[] = { "8275", "8275 ", " 82 75", "8275\\r", "8275\\nxyz", "8275\\0xyz", "82751", "827",
		"\\357\\274\\230\\357\\274\\222\\357\\274\\227\\357\\274\\225" };
	static const char *const passwords[] = { "secret", "82756x", "827564", "82", "8275!" };
	static const char *const away[] = { FROM_SERVER, "hanako@evil's password: ", "Enter hanako@evil's new password: ", "PIN: " };
	char script[128];
	struct asked a;

	for (size_t i = 0; i < COUNT(pins); i++) {
		snprintf(script, sizeof script, "printf '%s'", pins[i]);
		for (size_t k = 0; k < COUNT(away); k++) {
			a = ask_by(askpass(script), away[k]);
			if (a.status != EXIT_FAILURE || a.out[0] != '\0' || strstr(a.err, "not sent to the server") == NULL)
				fail_msg("%s to \"%s\": %d, %s, %s", pins[i], away[k], a.status, a.out, a.err);
		}
		a = ask_by(askpass(script), "Enter PIN for 'token': ");
		assert_int_equal(a.status, 0);
		assert_true(strncmp(a.out, "827", 3) == 0 || i > 1);
	}
	for (size_t i = 0; i < COUNT(passwords); i++) {
		snprintf(script, sizeof script, "echo '%s'", passwords[i]);
		a = ask_by(askpass(script), FROM_SERVER);
		assert_int_equal(a.status, 0);
		assert_int_equal(strncmp(a.out, passwords[i], strlen(passwords[i])), 0);
	}
}

/* ssh ends an askpass that only shows a message by a signal: no window stays. */
static void
another_askpass_ends_with_us(void **state)
{
	static const struct person no_user = { NULL, false };
	const char *pid_file = scratch_text("pid", "");
	char script[PATH_MAX + 64], text[32];
	pid_t child = fork();
	int tries = 0;

	if (child == 0) {
		snprintf(script, sizeof script, "echo $$ > %s; exec sleep 60", pid_file);
		(void)setenv("JPKI_ASKPASS_NEXT", askpass(script), 1);
		_exit(question_ask("Confirm user presence for key", &no_user));
	}
	do {
		usleep(20000);
		slurp(pid_file, text, sizeof text);
	} while (text[0] == '\0' && tries++ < 500);
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* It is another process's child now: gone, or a zombie. */
	for (tries = 0; kill(atoi(text), 0) == 0 && tries < 500 && !is_dead(atoi(text)); tries++)
		usleep(20000);
	assert_true(tries < 500);
}

static void
ssh_names_are_kept(void **state)
{
	struct ssh_prompt p;

	assert_int_equal(prompt_read("(hanako@azumino) text\n" FOR_AZUMINO, &p), PROMPT_CHALLENGE);
	assert_string_equal(p.user, "hanako");
	assert_string_equal(p.host, "azumino");
	assert_string_equal(p.challenge.service, "sshd");
}

static void
long_names_are_no_origin(void **state)
{
	char text[4096];
	struct ssh_prompt p;

	for (int len = SSHWIRE_NAME_MAX - 1; len <= SSHWIRE_NAME_MAX; len++) {
		snprintf(text, sizeof text, "(hanako@%0*d) %s", len, 0, FOR_AZUMINO);
		assert_int_equal(prompt_read(text, &p),
		    len < SSHWIRE_NAME_MAX ? PROMPT_OTHER_HOST : PROMPT_OTHER);
		snprintf(text, sizeof text, "(hanako@%0*d) \n%s", len, 0, FOR_AZUMINO);
		assert_int_equal(prompt_read(text, &p),
		    len < SSHWIRE_NAME_MAX ? PROMPT_OTHER_HOST : PROMPT_NO_ORIGIN);
	}
}

/* --- notes ------------------------------------------------------------------------ */

static const char *
notes(void)
{
	return scratch_mkdir("notes", 0700);
}

static void
host_key_of_this_ssh(void **state)
{
	const char *dir = notes();
	char found[SSHWIRE_HOSTKEY_LEN + 1];

	assert_false(hostkey_note_find(dir, getpid(), found));
	assert_string_equal(found, "");
	assert_true(hostkey_note_write(dir, getpid(), KEY_1));
	assert_true(hostkey_note_find(dir, getpid(), found));
	assert_string_equal(found, KEY_1);
	/* ssh asks again after new keys were agreed upon. */
	assert_true(hostkey_note_write(dir, getpid(), KEY_2));
	assert_true(hostkey_note_find(dir, getpid(), found));
	assert_string_equal(found, KEY_2);
	assert_false(hostkey_note_find(dir, getppid(), found));
	assert_string_equal(found, "");
}

/* Another process with the same id: as if the noted one had started at another time. */
static void
host_key_of_a_former_process(void **state)
{
	const char *dir = notes();
	char path[PATH_MAX], former[PATH_MAX], found[SSHWIRE_HOSTKEY_LEN + 1];
	int n;

	assert_true(hostkey_note_write(dir, getpid(), KEY_1));
	assert_true(hostkey_note_path(dir, getpid(), "hostkey", path));
	n = snprintf(former, sizeof former, "%s/%ld.1.hostkey", dir, (long)getpid());
	assert_true(n > 0 && n < (int)sizeof former);
	assert_int_equal(rename(path, former), 0);
	assert_false(hostkey_note_find(dir, getpid(), found));
	assert_true(hostkey_note_write(dir, getpid(), KEY_2));
	hostkey_note_clean(dir);
	assert_int_equal(access(former, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
}

static void
cut_notes_are_none(void **state)
{
	char path[PATH_MAX], found[SSHWIRE_HOSTKEY_LEN + 1];
	const char *dir = notes();

	assert_true(hostkey_note_write(dir, getpid(), KEY_1));
	assert_true(hostkey_note_path(dir, getpid(), "hostkey", path));
	assert_int_equal(truncate(path, SSHWIRE_HOSTKEY_LEN - 1), 0);
	assert_false(hostkey_note_find(dir, getpid(), found));
	assert_string_equal(found, "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(scratch_text("elsewhere", KEY_1), path), 0);
	assert_false(hostkey_note_find(dir, getpid(), found));
	assert_false(hostkey_note_write(dir, getpid(), KEY_2));
}

static void
a_challenge_comes_first_once(void **state)
{
	const char *dir = notes();

	assert_true(hostkey_note_first_challenge(dir, getpid()));
	assert_false(hostkey_note_first_challenge(dir, getpid()));
	assert_int_equal(errno, EEXIST);
	assert_true(hostkey_note_first_challenge(dir, getppid()));
	assert_false(hostkey_note_first_challenge("/nonexistent", getpid()));
}

static void
only_a_private_directory(void **state)
{
	char path[PATH_MAX], expected[PATH_MAX];
	const char *runtime = scratch_mkdir("runtime", 0700);
	int n;

	assert_int_equal(setenv("XDG_RUNTIME_DIR", runtime, 1), 0);
	assert_true(hostkey_note_directory(path));
	n = snprintf(expected, sizeof expected, "%s/jpki-ssh", runtime);
	assert_true(n > 0 && n < (int)sizeof expected);
	assert_string_equal(path, expected);
	assert_true(hostkey_note_directory(path));	/* it is there already */
	assert_int_equal(chmod(path, 0750), 0);
	assert_false(hostkey_note_directory(path));
	assert_int_equal(errno, EPERM);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", expected), 0);
	assert_false(hostkey_note_directory(path));
	assert_int_equal(unlink(expected), 0);
	if (geteuid() == 0) {
		assert_int_equal(mkdir(expected, 0700), 0);
		assert_int_equal(chown(expected, 65534, 65534), 0);
		assert_false(hostkey_note_directory(path));
		assert_int_equal(rmdir(expected), 0);
	}
	/* Where the runtime directory itself can be entered by another user, it is not used. */
	assert_int_equal(chmod(runtime, 0755), 0);
	assert_true(hostkey_note_directory(path));
	assert_null(strstr(path, runtime));
	(void)rmdir(path);
}

/* --- the site's host keys ------------------------------------------------------------ */

/* A program that plays ssh -G: it says what it was asked, and its script. */
static void
play_ssh(const char *script)
{
	char text[2048];
	const char *path;

	snprintf(text, sizeof text, "#!/bin/sh\necho \"args $*\"\n%s\n", script);
	path = scratch_text("ssh", text);
	assert_int_equal(chmod(path, 0700), 0);
	snprintf(text, sizeof text, "%s:/usr/bin:/bin", scratch_path("."));
	assert_int_equal(setenv("PATH", text, 1), 0);
}

static void
expect_command(const char *wanted, const char *script)
{
	char *words[] = { (char[]){ "-p" }, (char[]){ "22" }, (char[]){ "host" }, NULL };
	char *command;

	play_ssh(script);
	command = known_hosts_command("/a/file", words);
	if (wanted == NULL)
		assert_null(command);
	else
		assert_string_equal(command, wanted);
	free(command);
}

static void
known_hosts_command_of_the_site(void **state)
{
	char *path = strdup(getenv("PATH"));
	char long_line[256 + 9000];

	assert_non_null(path);
	expect_command("/usr/bin/known %H \"two words\"", "echo port 22; echo 'knownhostscommand /usr/bin/known %H \"two words\"'; echo user x");
	expect_command("/usr/bin/known -G -F /a/file -p 22 host", "echo \"knownhostscommand /usr/bin/known $*\"");
	expect_command(NULL, "echo knownhostscommand none");
	expect_command(NULL, "echo port 22");
	expect_command(NULL, "echo ' knownhostscommand /x'; echo xknownhostscommand /x; echo knownhostscommands /x");
	expect_command(NULL, "exit 255");
	expect_command("/none", "echo knownhostscommand /none");
	/* It waits for nothing on standard input, and its complaints are not ours to show. */
	expect_command("/x", "cat; echo complaint >&2; echo knownhostscommand /x");
	snprintf(long_line, sizeof long_line, "/%09000d", 7);
	play_ssh("printf 'knownhostscommand /%09000d\\n' 7");
	{
		char *words[] = { NULL }, *command = known_hosts_command(NULL, words);

		assert_string_equal(command, long_line);
		free(command);
	}
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	{
		char *words[] = { NULL };

		assert_null(known_hosts_command(NULL, words));
	}
	assert_int_equal(setenv("PATH", path, 1), 0);
	free(path);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* --- cryptography ----------------------------------------------------------------- */

static void
host_keys_as_ssh_hands_them_out(void **state)
{
	static const char *const others[] = { "", "NONE", "A", "AAA=A", "=AAA", "AAAA====", "AA A",
		"AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0O" };
	char hostkey[SSHWIRE_HOSTKEY_LEN + 1];

	/* "ssh-keygen -l" says so too. */
	assert_true(crypto_hostkey("AAAAC3NzaC1lZDI1NTE5AAAAIHBQwGkO75z7gPThdF3rsCxhgkfR+Zv7BBB/PT1+r0OX",
	    hostkey));
	assert_string_equal(hostkey, KEY_1);
	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(others[i], "NONE") != 0 && crypto_hostkey(others[i], hostkey))
			fail_msg("taken: %s", others[i]);
	/* With padding. */
	assert_true(crypto_hostkey("QQ==", hostkey));
	assert_string_equal(hostkey, "VZrq0IJk1XldOQlxjN0Fq9SVcuhP5VWQ7vMaiKCP3/0");
}

static void
base64_has_room_or_fails(void **state)
{
	char text[9];

	assert_true(crypto_base64((struct view){ (const uint8_t *)"abcdef", 6 }, text, sizeof text));
	assert_string_equal(text, "YWJjZGVm");
	assert_false(crypto_base64((struct view){ (const uint8_t *)"abcdef", 6 }, text, 8));
}

static void
read_der(const char *leaf, uint8_t *der, size_t size, size_t *ret_len)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", getenv("JPKI_PKI"), leaf);
	f = fopen(path, "re");
	assert_non_null(f);
	*ret_len = fread(der, 1, size, f);
	fclose(f);
}

/* By the kind of the key, as the server will want it. */
static void
input_follows_the_key(void **state)
{
	static const struct {
		const char *leaf;
		size_t len;
	} rows[] = { { "good", 51 }, { "rsa4096", 51 }, { "ec256", 32 }, { "ec384", 48 }, { "ec521", 0 } };
	struct view text = { (const uint8_t *)"text", 4 };
	uint8_t der[8192], input[CRYPTO_INPUT_MAX];
	size_t len, der_len;

	for (size_t i = 0; i < COUNT(rows); i++) {
		read_der(rows[i].leaf, der, sizeof der, &der_len);
		assert_int_equal(crypto_sign_input((struct view){ der, der_len }, text, input, &len),
		    rows[i].len > 0);
		if (rows[i].len > 0)
			assert_int_equal(len, rows[i].len);
	}
	assert_false(crypto_sign_input((struct view){ der, 20 }, text, input, &len));
	assert_false(crypto_sign_input((struct view){ der, 0 }, text, input, &len));
}

/* --- pinentry ---------------------------------------------------------------------- */

/* A program that plays one: the lines of a shell script, which reads requests as $line. */
static const char *
player(const char *script)
{
	char text[4096];
	const char *path;

	snprintf(text, sizeof text, "#!/bin/sh\necho 'OK Pleased to meet you'\n"
	    "while read -r word line; do case $word in\n%s\n*) echo OK ;; esac; done\n", script);
	path = scratch_text("player", text);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static enum outcome_status
ask(const char *program, const char *wanted)
{
	struct secret *typed = secret_new();
	struct outcome o;
	struct view v;

	assert_non_null(typed);
	o = pinentry_ask(program, NULL, "100 %\nline 2", "PIN:", typed);
	v = secret_view(typed);
	if (outcome_ok(&o) && (v.len != strlen(wanted) || memcmp(v.data, wanted, v.len) != 0))
		fail_msg("not %s", wanted);
	secret_free(typed);
	return o.status;
}

static void
pinentry_plays_its_part(void **state)
{
	assert_int_equal(ask(player("GETPIN) echo 'D 1234'; echo OK ;;"), "1234"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo '# thinking'; echo 'S STATUS'; echo 'D 1234'; echo OK ;;"), "1234"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo 'D 1%25%0A4'; echo OK ;;"), "1%\n4"), OUTCOME_OK);
	/* An escape has two digits; without them, a % is a %, and what follows the line is not read. */
	assert_int_equal(ask(player("GETPIN) echo 'D %31%3a%3A'; echo OK ;;"), "1::"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo 'D 12345678901'; echo 'D 123%'; echo OK ;;"), "123%"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo 'D 12345678901'; echo 'D 12%1'; echo OK ;;"), "12%1"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo 'D % 5%+5%-1%x1%1g'; echo OK ;;"), "% 5%+5%-1%x1%1g"), OUTCOME_OK);
	assert_int_equal(ask(player("OPTION) echo 'ERR 83886254 Unknown option' ;; GETPIN) echo 'D 1'; echo OK ;;"), "1"), OUTCOME_OK);
	/* What it is told, with the escapes of the protocol. */
	assert_int_equal(ask(player("SETDESC) [ \"$line\" = '100 %25%0Aline 2' ] && echo OK || echo ERR 1 ;;\n"
	    "SETPROMPT) [ \"$line\" = PIN: ] && echo OK || echo ERR 1 ;;\nGETPIN) echo 'D 7'; echo OK ;;"), "7"), OUTCOME_OK);
	assert_int_equal(ask(player("GETPIN) echo OK ;;"), ""), OUTCOME_OK);
}

static void
pinentry_misbehaves(void **state)
{
	assert_int_equal(ask(player("GETPIN) echo 'ERR 83886179 Operation cancelled' ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) exit ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) echo 'D 1234'; exit ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) echo nonsense ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) echo 'INQUIRE quality' ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) echo OKAY ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("SETDESC) echo ERR 1 ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask(player("GETPIN) echo 'D 12345678901234567'; echo OK ;;"), ""), OUTCOME_PIN_FORMAT);
	assert_int_equal(ask(player("GETPIN) head -c 5000 /dev/zero | tr '\\0' x; echo ;;"), ""), OUTCOME_CANCELLED);
	assert_int_equal(ask("/bin/false", ""), OUTCOME_CANCELLED);
	assert_int_equal(ask("/nonexistent", ""), OUTCOME_CANCELLED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* and no child is left */
}

static void
pinentry_tells(void **state)
{
	assert_true(pinentry_tell(player("NOTHING) ;;"), NULL, "text"));
	assert_false(pinentry_tell(player("MESSAGE) echo ERR 1 ;;"), NULL, "text"));
	assert_false(pinentry_tell("/bin/false", NULL, "text"));
}

#define S(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prompts_are_judged),
		cmocka_unit_test(servers_are_told_from_ssh),
		cmocka_unit_test(answers_that_stay_here),
		S(another_askpass_answers), S(another_askpass_sends_no_pin), S(another_askpass_ends_with_us),
		cmocka_unit_test(ssh_names_are_kept),
		cmocka_unit_test(long_names_are_no_origin),
		S(host_key_of_this_ssh), S(host_key_of_a_former_process), S(cut_notes_are_none),
		S(a_challenge_comes_first_once), S(only_a_private_directory),
		S(known_hosts_command_of_the_site),
		cmocka_unit_test(host_keys_as_ssh_hands_them_out),
		cmocka_unit_test(base64_has_room_or_fails),
		cmocka_unit_test(input_follows_the_key),
		S(pinentry_plays_its_part), S(pinentry_misbehaves), S(pinentry_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

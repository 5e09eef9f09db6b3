/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/guesses.h"

#define LAST_MAX ((int64_t)1 << 40)
#define ACCOUNT_MAX 64		/* length of a name in a list */

static const char service_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
static const char header[] =
    "# pam_jpki guesses 1: uid service failed untold entered last (see pam_jpki(8))\n";

/* --- entries ----------------------------------------------------------------------- */

static struct guess_entry *
entry_find(struct guesses *g, uid_t uid, const char *service)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->at[i].uid == uid && strcmp(g->at[i].service, service) == 0)
			return &g->at[i];
	return NULL;
}

static bool
entry_is_spent(const struct guess_entry *e, int64_t now)
{
	return e->untold == 0 && e->entered == 0 &&
	    (e->failed == 0 || now - e->last > GUESSES_FORGET_S);
}

static void
entries_drop_spent(struct guesses *g, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++)
		if (!entry_is_spent(&g->at[i], now))
			g->at[kept++] = g->at[i];
	g->count = kept;
}

/* NULL if the record is full. */
static struct guess_entry *
entry_of(struct guesses *g, uid_t uid, const char *service, int64_t now)
{
	struct guess_entry *e = entry_find(g, uid, service);

	if (e != NULL)
		return e;
	entries_drop_spent(g, now);
	if (g->count == GUESSES_ENTRIES_MAX)
		return NULL;
	e = &g->at[g->count++];
	*e = (struct guess_entry){ .uid = uid };
	snprintf(e->service, sizeof e->service, "%s", service);
	return e;
}

static void
count_up(unsigned int *n)
{
	if (*n < GUESSES_COUNT_MAX)
		(*n)++;
}

static void
count_down(unsigned int *n, unsigned int by)
{
	*n -= *n < by ? *n : by;
}

/* --- what a record says -------------------------------------------------------------- */

static int64_t
wait_after(unsigned int failed)
{
	int64_t wait = GUESSES_WAIT_S;

	if (failed <= GUESSES_FEW)
		return 0;
	for (unsigned int n = GUESSES_FEW + 1; n < failed && wait < GUESSES_WAIT_MAX_S; n++)
		wait *= 2;
	return wait < GUESSES_WAIT_MAX_S ? wait : GUESSES_WAIT_MAX_S;
}

bool
guesses_may_ask(const struct guesses *g, uid_t uid, int64_t now, int64_t *ret_when)
{
	unsigned int failed = 0, untold = 0;
	int64_t last = 0, when;

	for (size_t i = 0; i < g->count; i++) {
		const struct guess_entry *e = &g->at[i];

		if (e->uid != uid)
			continue;
		failed += e->failed;
		untold += e->untold;
		last = e->last > last ? e->last : last;
	}
	when = untold > 0 ? 0 : last + wait_after(failed);
	if (ret_when != NULL)
		*ret_when = when;
	return failed < GUESSES_FEW || (untold == 0 && now >= when);
}

bool
guesses_note_try(struct guesses *g, uid_t uid, const char *service, bool other, int64_t now)
{
	struct guess_entry *e = entry_of(g, uid, service, now);

	if (e == NULL)
		return false;
	if (other)
		count_up(&e->failed);
	count_up(&e->untold);
	e->last = now;
	return true;
}

void
guesses_take_back(struct guesses *g, uid_t uid, const char *service)
{
	struct guess_entry *e = entry_find(g, uid, service);

	if (e == NULL)
		return;
	count_down(&e->failed, 1);
	count_down(&e->untold, 1);
	entries_drop_spent(g, e->last);
}

void
guesses_note_entered(struct guesses *g, uid_t uid, const char *service, int64_t now)
{
	struct guess_entry *e = entry_of(g, uid, service, now);

	for (size_t i = 0; i < g->count; i++)
		if (g->at[i].uid == uid)
			g->at[i].failed = 0;
	if (e != NULL) {
		count_up(&e->entered);
		e->last = now;
	}
}

void
guesses_note_told(struct guesses *g, const struct guesses *told)
{
	int64_t latest = 0;

	for (size_t i = 0; i < told->count; i++) {
		const struct guess_entry *t = &told->at[i];
		struct guess_entry *e = entry_find(g, t->uid, t->service);

		if (e == NULL)
			continue;
		count_down(&e->untold, t->untold);
		count_down(&e->entered, t->entered);
		latest = e->last > latest ? e->last : latest;
	}
	entries_drop_spent(g, latest);
}

void
guesses_service(const char *pam_service, char ret[static GUESSES_SERVICE_MAX])
{
	snprintf(ret, GUESSES_SERVICE_MAX, "%s", pam_service != NULL && pam_service[0] != '\0' ?
	    pam_service : "_");
	for (char *p = ret + strspn(ret, service_characters); *p != '\0'; p += strspn(p, service_characters))
		*p = '_';
}

/* --- for people ------------------------------------------------------------------------ */

/* "taro, su: 2" */
static void
item_write(const struct guess_entry *e, unsigned int n, const struct guesses_names *names,
    char *text, size_t size)
{
	const char *found = e->uid == 0 ? NULL : names->name(names->ctx, e->uid);
	char account[ACCOUNT_MAX] = "", times[16] = "";

	if (found != NULL)
		log_field(found, account, sizeof account);
	else if (e->uid != 0)
		snprintf(account, sizeof account, "uid %lu", (unsigned long)e->uid);
	if (n > 1)
		snprintf(times, sizeof times, ": %u", n);
	snprintf(text, size, "%s%s%s%s", account, account[0] != '\0' ? ", " : "", e->service, times);
}

static unsigned int
list_write(const struct guesses *g, bool entered, const struct guesses_names *names,
    char text[static GUESSES_LIST_MAX])
{
	static const char more[] = "; …";
	unsigned int all = 0;
	bool full = false;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < g->count; i++) {
		unsigned int n = entered ? g->at[i].entered : g->at[i].untold;
		char item[GUESSES_LIST_MAX];

		all += n;
		if (n == 0 || full)
			continue;
		item_write(&g->at[i], n, names, item, sizeof item);
		full = used + 2 + strlen(item) + sizeof more > GUESSES_LIST_MAX;
		used += (size_t)snprintf(text + used, GUESSES_LIST_MAX - used, "%s%s",
		    used > 0 && !full ? "; " : "", full ? more : item);
	}
	return all;
}

unsigned int
guesses_list_failed(const struct guesses *g, const struct guesses_names *names,
    char text[static GUESSES_LIST_MAX])
{
	return list_write(g, false, names, text);
}

unsigned int
guesses_list_entered(const struct guesses *g, const struct guesses_names *names,
    char text[static GUESSES_LIST_MAX])
{
	return list_write(g, true, names, text);
}

/* --- the text of a file ------------------------------------------------------------------ */

size_t
guesses_format(const struct guesses *g, char text[static GUESSES_TEXT_MAX])
{
	size_t used = (size_t)snprintf(text, GUESSES_TEXT_MAX, "%s", header);

	for (size_t i = 0; i < g->count; i++) {
		const struct guess_entry *e = &g->at[i];

		used += (size_t)snprintf(text + used, GUESSES_TEXT_MAX - used, "%lu %s %u %u %u %lld\n",
		    (unsigned long)e->uid, e->service, e->failed, e->untold, e->entered,
		    (long long)e->last);
	}
	return used;
}

/* A number as printf writes it, and the character that must follow. */
static bool
take_number(const char **at, uint64_t max, char end, uint64_t *ret)
{
	const char *p = *at;
	uint64_t n = 0;

	if (p[0] == '0' && p[1] != end)
		return false;
	do {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return false;
	} while (*++p != end);
	*at = p + 1;
	*ret = n;
	return true;
}

static bool
take_service(const char **at, char ret[static GUESSES_SERVICE_MAX])
{
	size_t len = strspn(*at, service_characters);

	if (len == 0 || len >= GUESSES_SERVICE_MAX || (*at)[len] != ' ')
		return false;
	snprintf(ret, GUESSES_SERVICE_MAX, "%.*s", (int)len, *at);
	*at += len + 1;
	return true;
}

static bool
take_entry(const char **at, struct guess_entry *ret)
{
	uint64_t uid, failed, untold, entered, last;

	if (!take_number(at, UINT32_MAX - 1, ' ', &uid) || !take_service(at, ret->service) ||
	    !take_number(at, GUESSES_COUNT_MAX, ' ', &failed) ||
	    !take_number(at, GUESSES_COUNT_MAX, ' ', &untold) ||
	    !take_number(at, GUESSES_COUNT_MAX, ' ', &entered) ||
	    !take_number(at, LAST_MAX, '\n', &last))
		return false;
	ret->uid = (uid_t)uid;
	ret->failed = (unsigned int)failed;
	ret->untold = (unsigned int)untold;
	ret->entered = (unsigned int)entered;
	ret->last = (int64_t)last;
	return true;
}

bool
guesses_parse(const char *text, size_t len, struct guesses *ret)
{
	size_t head = sizeof header - 1;
	const char *at = text + head;

	*ret = (struct guesses){ .count = 0 };
	/* A NUL inside cuts the text within a line, and is refused for that. */
	if (len < head || len >= GUESSES_TEXT_MAX || memcmp(text, header, head) != 0)
		return false;
	while (at < text + len) {
		struct guess_entry e;

		if (ret->count == GUESSES_ENTRIES_MAX || !take_entry(&at, &e) ||
		    entry_find(ret, e.uid, e.service) != NULL)
			return false;
		ret->at[ret->count++] = e;
	}
	return at == text + len;
}

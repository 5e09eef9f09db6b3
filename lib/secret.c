/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/pinrule.h"
#include "lib/secret.h"

struct secret {
	size_t max;
	size_t len;
	uint8_t bytes[SECRET_LONG_MAX + 1];
};

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct secret *
secret_of(size_t max)
{
	struct secret *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	/* A sandbox may not allow locked memory: continue without. */
	(void)mlock(page, page_size());
	(void)madvise(page, page_size(), MADV_DONTDUMP);
#ifdef MADV_WIPEONFORK
	(void)madvise(page, page_size(), MADV_WIPEONFORK);
#endif
	page->max = max;
	return page;
}

struct secret *
secret_new(void)
{
	return secret_of(SECRET_MAX);
}

struct secret *
secret_new_long(void)
{
	return secret_of(SECRET_LONG_MAX);
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	secret_wipe(s);
	(void)munmap(s, page_size());
}

void
secret_wipe(struct secret *s)
{
	explicit_bzero(s->bytes, sizeof s->bytes);
	s->len = 0;
}

bool
secret_set(struct secret *s, const void *bytes, size_t len)
{
	secret_wipe(s);
	if (len > s->max)
		return false;
	if (len > 0)
		memcpy(s->bytes, bytes, len);
	s->len = len;
	return true;
}

void
secret_capitalize(struct secret *s)
{
	/* By hand, because toupper() depends on the locale. */
	for (size_t i = 0; i < s->len; i++)
		if (s->bytes[i] >= 'a' && s->bytes[i] <= 'z')
			s->bytes[i] = (uint8_t)(s->bytes[i] - 'a' + 'A');
}

struct view
secret_view(const struct secret *s)
{
	return (struct view){ .data = s->bytes, .len = s->len };
}

bool
secret_is_auth_pin(const struct secret *s)
{
	return pinrule_is_auth(secret_view(s));
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/secret.h"

struct secret {
	size_t len;
	uint8_t bytes[SECRET_MAX];
};

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

struct secret *
secret_new(void)
{
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	/* A sandbox may allow no locked memory at all: go on without. */
	(void)mlock(page, page_size());
	(void)madvise(page, page_size(), MADV_DONTDUMP);
#ifdef MADV_WIPEONFORK
	(void)madvise(page, page_size(), MADV_WIPEONFORK);
#endif
	return page;
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
	explicit_bzero(s, sizeof *s);
}

bool
secret_set(struct secret *s, const void *bytes, size_t len)
{
	secret_wipe(s);
	if (len > sizeof s->bytes)
		return false;
	if (len > 0)
		memcpy(s->bytes, bytes, len);
	s->len = len;
	return true;
}

struct view
secret_view(const struct secret *s)
{
	return (struct view){ .data = s->bytes, .len = s->len };
}

bool
bytes_are_auth_pin(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	if (len != AUTH_PIN_LENGTH)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] < '0' || p[i] > '9')	/* isdigit() asks the locale */
			return false;
	return true;
}

bool
secret_is_auth_pin(const struct secret *s)
{
	return bytes_are_auth_pin(s->bytes, s->len);
}

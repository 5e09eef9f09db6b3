/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <crypt.h>
#include <errno.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/shadow.h"

#define ENTRY_MAX 4096

/* One entry; its texts are in the buffer, and wiped with it. FITS: there is one; else as shadow_compare(). */
static enum shadow
find_entry(const char *user, struct spwd *entry, char buffer[static ENTRY_MAX])
{
	struct spwd *found = NULL;
	int error;

	do {
		error = getspnam_r(user, entry, buffer, ENTRY_MAX, &found);
	} while (error == EINTR);
	if (found != NULL && entry->sp_pwdp != NULL)
		return SHADOW_FITS;
	return error == 0 || error == ENOENT ? SHADOW_ELSEWHERE : SHADOW_DIFFERS;
}

static enum shadow
compare_hash(const char *password, const char *hash)
{
	_cleanup_(freep) struct crypt_data *data = calloc(1, sizeof *data);
	const char *made;
	enum shadow r = SHADOW_DIFFERS;

	if (data == NULL)
		return SHADOW_DIFFERS;
	made = crypt_r(password, hash, data);
	/* crypt_r() returns "*0" for a failure, and accepts no setting that begins so. */
	if (made != NULL && made[0] != '*' && strcmp(made, hash) == 0)
		r = SHADOW_FITS;
	explicit_bzero(data, sizeof *data);
	return r;
}

enum shadow
shadow_compare(const char *user, const struct secret *password)
{
	char buffer[ENTRY_MAX];
	struct spwd entry;
	enum shadow r = find_entry(user, &entry, buffer);

	if (r == SHADOW_FITS)
		r = compare_hash((const char *)secret_view(password).data, entry.sp_pwdp);
	explicit_bzero(buffer, sizeof buffer);
	return r;
}

int64_t
shadow_changed(const char *user)
{
	char buffer[ENTRY_MAX];
	struct spwd entry;
	int64_t day = find_entry(user, &entry, buffer) == SHADOW_FITS ? entry.sp_lstchg : 0;

	explicit_bzero(buffer, sizeof buffer);
	return day > 0 ? day : 0;
}

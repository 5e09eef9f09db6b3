/* SPDX-License-Identifier: BSD-2-Clause */
/* USERS_DIR/NAME.pem, read as a login reads it, with the trust and the CRLs of the test PKI. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/userfile.h"
#include "flow/usercerts.h"
#include "nss/cert.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"

static struct kit *kit;
static char users_file[PATH_MAX];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kit = world_new();
	kit_enroll(kit, "hanako", "good", NULL);	/* makes the directory */
	CHECK((size_t)snprintf(users_file, sizeof users_file, "%s/hanako.pem", kit->conf.users_dir) <
	    sizeof users_file);
	return 0;
}

static void
name(struct cursor *in)
{
	char text[USERFILE_USER_MAX + 8];

	fuzz_string(in, in->left, text, sizeof text);
	if (userfile_user_ok(text))
		CHECK(strchr(text, '/') == NULL && text[0] != '.' && text[0] != '-' && text[0] != '\0' &&
		    strlen(text) <= USERFILE_USER_MAX);
}

static void
file(struct cursor *in)
{
	struct usercerts e = { .count = 0 };
	struct outcome o, verdict;

	fuzz_write_to(users_file, in->p, in->left);
	o = usercerts_load(&kit->env, "hanako", &e);
	CHECK(o.status == OUTCOME_OK || o.status == OUTCOME_ENROLMENT);
	if (outcome_ok(&o)) {
		CHECK(e.count >= 1 && e.count <= USERCERTS_MAX);
		verdict = usercerts_verdict(&e);
		for (size_t i = 0; i < e.count; i++) {
			CHECK(e.at[i].cert != NULL);
			CHECK(!outcome_ok(&e.at[i].verdict) || outcome_ok(&verdict));
		}
	}
	usercerts_done(&e);
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);

	if (fuzz_u8(&in) % 8 == 0)
		name(&in);
	else
		file(&in);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/pem.h"
#include "tools/common/caged.h"
#include "tools/common/json.h"
#include "tools/fleet/record.h"
#include "tools/jpkictl/fleet_export.h"

#define FORMAT 1

struct export {
	struct tool *t;
	const char *users_dir;
	struct certdb *db;	/* NULL: it cannot be opened any more */
	json_t *users;
	bool unreadable;	/* the certificates of a user */
};

static bool
add_certificate(struct export *x, struct view der, json_t *array)
{
	struct cert *cert = NULL;
	struct outcome o = certdb_decode(&x->db, der, &cert);
	json_t *object;

	if (!outcome_ok(&o))
		return false;
	object = json_object();
	json_put(object, "sha256", json_text(cert_fingerprint(cert)));
	json_put(object, "not_after", json_time(cert_not_after(cert)));
	json_add(array, object);
	cert_free(cert);
	return true;
}

/* All of a user's certificates, or NULL: half of them would mislead. */
static json_t *
certificates_of(struct export *x, const char *user)
{
	_cleanup_(freep) char *text = NULL;
	json_t *array = json_array();
	uint8_t der[CERT_DER_MAX];
	enum pem found = PEM_BAD;
	size_t len;
	struct outcome o = userfile_read(x->users_dir, user, x->t->env.trust_owner, &x->t->log, &text, &len);

	if (outcome_ok(&o)) {
		struct cursor c = cursor_of(text, len);

		while ((found = pem_next(&c, der, sizeof der, &len)) == PEM_CERT)
			if (!add_certificate(x, (struct view){ der, len }, array))
				break;
	}
	if (found == PEM_END)
		return array;
	json_decref(array);
	return NULL;
}

static void
add_user(void *ctx, const char *user)
{
	struct export *x = ctx;
	json_t *object = json_object(), *certificates = x->db != NULL ? certificates_of(x, user) : NULL;

	if (certificates == NULL) {
		tool_complain(x->t, _("%s: the certificates cannot be read"), user);
		x->unreadable = true;
	}
	json_put(object, "user", json_text(user));
	json_put(object, "certificates", certificates != NULL ? certificates : json_null());
	json_add(x->users, object);
}

/* For scandir(3): names of another form block nothing, as no login asks for them. */
static int
is_block(const struct dirent *entry)
{
	return record_is_block_name(entry->d_name);
}

static json_t *
blocks_of(const struct fleetcopy *copy)
{
	json_t *array = json_array();
	struct dirent **names = NULL;
	int n = scandirat(copy->blocked_fd, ".", &names, is_block, alphasort);

	if (n < 0) {
		json_decref(array);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		json_add(array, json_text(names[i]->d_name));
		free(names[i]);
	}
	free(names);
	return array;
}

static int
print_copy(struct export *x, const struct fleetcopy *copy)
{
	json_t *object = json_object(), *blocks = blocks_of(copy);
	struct outcome o;
	int result;

	x->users = json_array();
	o = userfile_each(x->users_dir, x->t->env.trust_owner, &x->t->log, add_user, x);
	if (!outcome_ok(&o) || blocks == NULL) {
		tool_complain(x->t, _("%s: cannot be read"), copy->dir);
		json_decref(object);
		json_decref(blocks);
		json_decref(x->users);
		return TOOL_FAILED;
	}
	json_put(object, "format", json_integer(FORMAT));
	json_put(object, "time", json_time(copy->state.time));
	json_put(object, "generation", json_integer(copy->state.generation));
	json_put(object, "users", x->users);
	json_put(object, "blocked", blocks);
	result = json_print(x->t, object);
	return result == TOOL_OK && x->unreadable ? TOOL_FAILED : result;
}

static int
export_copy(struct export *x, const struct fleetcopy *copy)
{
	struct outcome o = certdb_open_none(&x->t->log, &x->db);
	int status = outcome_ok(&o) ? print_copy(x, copy) : tool_finish(x->t, &o);

	(void)certdb_close(x->db);
	return status;
}

/* In the cage, because certificates are decoded. */
static int
export_caged(struct tool *t, void *ctx, void *result)
{
	struct fleetcopy copy;
	struct export x = { .t = t };
	int status = TOOL_FAILED;

	fleetcopy_open(&t->conf, t->env.trust_owner, clk_wall_s(t->env.clk), &t->log, &copy);
	x.users_dir = copy.users_dir;
	if (copy.condition != FLEETCOPY_FRESH && copy.condition != FLEETCOPY_STALE)
		tool_complain(t, _("%s: there is no copy yet, or it cannot be used: jpkictl doctor says why"), copy.dir);
	else
		status = export_copy(&x, &copy);
	fleetcopy_close(&copy);
	return status;
}

int
fleet_export(struct tool *t)
{
	struct caged caged = { .work = export_caged };

	return caged_run(t, &caged);
}

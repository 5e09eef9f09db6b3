#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/conf.h"
#include "config/enrolment.h"
#include "flow/challenge.h"
#include "flow/enrol.h"
#include "flow/enrolled.h"
#include "flow/login.h"
#include "flow/prove.h"
#include "lib/cleanup.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/sigcheck.h"

#define PEM_MAX (2 * CERT_DER_MAX)

struct outcome
enrol_check(const struct flow_env *env, struct view der)
{
	_cleanup_(enrolled_done) struct enrolled one = { .count = 0 };
	struct outcome o = enrolled_of(env, der, &one);

	return outcome_ok(&o) ? enrolled_verdict(&one) : o;
}

struct outcome
enrol_prove(const struct flow_env *env, const struct flow_ui *ui, const char *user,
    const char *reader, const struct survey *survey, struct secret *pin, bool *ret_card_clean)
{
	_cleanup_(enrolled_done) struct enrolled one = { .count = 0 };
	struct login_request request = { .purpose = "enroll", .user = user, .service = "jpkictl",
		.host = "" };
	struct found_card found = { .classic = survey->classic, .tries_left = survey->auth_tries };
	int64_t verify_by;
	struct outcome o;

	*ret_card_clean = true;
	o = enrolled_of(env, (struct view){ survey->der, survey->der_len }, &one);
	if (outcome_ok(&o))
		o = enrolled_verdict(&one);
	if (outcome_ok(&o) && survey->auth_tries == TRIES_UNKNOWN)
		o = outcome_of(JPKI_NO_CERT);
	if (outcome_ok(&o))
		o = find_may_try(env, survey->auth_tries);
	if (!outcome_ok(&o))
		return o;
	memcpy(found.reader, reader, strlen(reader) + 1);
	found.enrolled = &one.at[0];
	o = flow_ask(env, ui, &found, pin, &verify_by);
	if (!outcome_ok(&o))
		return o;
	return flow_verify(env, &request, &one, &found, verify_by, pin, NULL, ret_card_clean);
}

struct outcome
enrol_write(const struct flow_env *env, const char *user, struct view der, const char *whence)
{
	char pem[PEM_MAX], text[PEM_MAX + 512], when[32];
	time_t now = (time_t)clk_wall_s(env->clk);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return outcome_of(JPKI_INTERNAL);
	if (!pem_write(der, pem, sizeof pem))
		return outcome_of(JPKI_CERT_BAD);
	snprintf(text, sizeof text, "enrolled %s %.200s\n%s", when, whence, pem);
	return enrolment_write(env->conf->users_dir, user, env->trust_owner, text, env->log);
}

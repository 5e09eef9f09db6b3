#include "config.h"

#include <security/pam_modules.h>

#include "pam/result.h"

int
result_pam_code(enum jpki_status status)
{
	/* A switch, so that the compiler misses no row. */
	switch (status) {
#define OUTCOME(name, code, pam, prio, state, remedy) case JPKI_##name: return pam;
#include "lib/outcome.def"
#undef OUTCOME
	case JPKI_STATUS_COUNT:
		break;
	}
	return PAM_SYSTEM_ERR;
}

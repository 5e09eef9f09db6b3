/* An outcome, as a PAM return code. */
#ifndef JPKI_PAM_RESULT_H
#define JPKI_PAM_RESULT_H

#include "lib/outcome.h"

int result_pam_code(enum jpki_status status);

#endif

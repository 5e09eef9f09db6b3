/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stddef.h>

#include "tests/unit/readings.h"

struct readings readings;

struct dirent *__wrap_readdir(DIR *d);
struct dirent *
__wrap_readdir(DIR *d)
{
	readings.calls++;
	if (readings.to_error > 0 && readings.calls >= readings.to_error) {
		errno = EIO;
		return NULL;
	}
	if (readings.blind == 0)
		return __real_readdir(d);
	readings.blind--;
	return NULL;
}

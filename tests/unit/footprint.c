/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>

#include "tests/unit/footprint.h"
#include "tests/unit/test.h"

#define DESCRIPTORS 1024	/* the kernel gives the lowest free number: no test has so many open */

int
footprint_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

long
footprint_pages(void)
{
	long size, resident = -1;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &resident), 2);
	fclose(f);
	return resident;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* readdir(3) as a test wishes it. Programs with this file link with --wrap=readdir. */
#ifndef JPKI_TESTS_READINGS_H
#define JPKI_TESTS_READINGS_H

#include <dirent.h>

struct readings {
	unsigned int blind;	/* that many calls show the end at once: a rename went on meanwhile */
	unsigned int to_error;	/* from this call on each fails with EIO; 0: none does */
	unsigned int calls;
};
extern struct readings readings;

struct dirent *__real_readdir(DIR *d);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka.h wants these before it. */
#ifndef JPKI_TESTS_UNIT_TEST_H
#define JPKI_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The name of cmocka 2. */
#ifndef assert_uint_in_range
#define assert_uint_in_range assert_in_range
#endif

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

#endif

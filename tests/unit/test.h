/* cmocka.h wants these before it. */
#ifndef JPKI_TESTS_TEST_H
#define JPKI_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif

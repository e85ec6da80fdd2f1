/* SPDX-License-Identifier: Apache-2.0
 * cmocka with the headers it needs before itself. Test files only. */
#ifndef BASE_TESTING_H
#define BASE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

/* cmocka's own compares floats; ours are doubles. */
#define assert_near(a, b, epsilon)  assert_true(fabs((a) - (b)) <= (epsilon))
#define assert_contains(text, part) assert_non_null(strstr((text), (part)))

#endif

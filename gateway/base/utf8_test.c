/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

#include "base/testing.h"

static void utf8_is_told_from_what_only_resembles_it(void **state)
{
	(void)state;
	static const char *const good[] = {"",
					   "plain",
					   "\x7f",
					   "\xc2\x80",
					   "Wärme",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {
	    "\x80",
	    "\xc3",
	    "\xc3(",
	    "\xff",
	    "\xfe",
	    "\xf8\x88\x80\x80\x80",
	    "\xe2\x82",
	    "a\xe2\x82",
	    "\xc0\xaf",         /* overlong */
	    "\xe0\x9f\xbf",     /* overlong */
	    "\xf0\x8f\xbf\xbf", /* overlong */
	    "\xed\xa0\x80",     /* surrogate */
	    "\xf4\x90\x80\x80", /* above U+10FFFF */
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(utf8_is_told_from_what_only_resembles_it)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "base/testing.h"

static void only_narrow_names_pass(void **state)
{
	(void)state;
	assert_true(id_valid("pad-2_left"));
	const char *bad[] = {"",    "Pad", "a b", "a/b",
			     "a+b", "#",   "ä",   "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(id_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_narrow_names_pass)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

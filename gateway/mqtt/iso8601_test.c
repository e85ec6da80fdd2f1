/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/iso8601.h"

#include "base/testing.h"

static void iso_times_need_a_real_date_and_a_zone(void **state)
{
	(void)state;
	int64_t ms = 0;
	assert_true(iso8601_parse("1970-01-01T00:00:01Z", &ms));
	assert_int_equal(ms, 1000);
	assert_true(iso8601_parse("2024-02-29T12:00:00.1239-05:30", &ms));
	assert_int_equal(ms % 1000, 123);
	static const char *const bad[] = {"2026-02-31T00:00:00Z",
					  "2026-13-01T00:00:00Z",
					  "2026-01-01T24:00:00Z",
					  "2026-01-01 00:00:00Z",
					  "2026-01-01T00:00:00",
					  "2026-01-01T00:00:00.Z",
					  "2026-01-01T00:00:00+1:00",
					  "2026-01-01T00:00:00Zx",
					  "",
					  "26-1-1"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(iso8601_parse(bad[i], &ms));
}

static void what_is_written_is_read_as_the_same_second(void **state)
{
	(void)state;
	char text[ISO8601_SIZE];
	int64_t ms = 0;
	const int64_t moments[] = {0, 1, 999, 1000, 1767225600123, 4102444800000, -1, -86400000};
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		assert_true(iso8601_text(moments[i], text));
		assert_true(iso8601_parse(text, &ms));
		assert_true(ms <= moments[i] && ms > moments[i] - 1000);
	}
	assert_true(iso8601_text(1767225600000, text));
	assert_string_equal(text, "2026-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(iso_times_need_a_real_date_and_a_zone),
	    cmocka_unit_test(what_is_written_is_read_as_the_same_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"
#include "core/values.h"

static bool put(struct value *v, double value, uint8_t quality, uint64_t stamp, uint64_t now)
{
	return value_put(v, &(struct core_reading){.value = value, .quality = quality, .stamp_ms = stamp}, now);
}

static void what_was_never_read_is_unknown_at_any_time(void **state)
{
	(void)state;
	struct value v = {0};
	assert_int_equal(value_quality(&v, 0, UINT64_MAX), THERAPY_UNKNOWN);
	assert_int_equal(value_quality(&v, UINT64_MAX, UINT64_MAX), THERAPY_UNKNOWN);
}

static void a_reading_is_fresh_up_to_its_age_and_unknown_beyond_also_an_implausible_one(void **state)
{
	(void)state;
	for (uint8_t quality = THERAPY_GOOD; quality <= THERAPY_ERROR; quality++) {
		struct value v = {0};
		assert_true(put(&v, 1, quality, 1000, 1000));
		assert_int_equal(value_quality(&v, 1000, 50), quality);
		assert_int_equal(value_quality(&v, 1050, 50), quality);
		assert_int_equal(value_quality(&v, 1051, 50), THERAPY_UNKNOWN);
	}
}

static void an_older_reading_is_ignored_and_a_future_stamp_counts_as_now(void **state)
{
	(void)state;
	struct value v = {0};
	assert_true(put(&v, 1, THERAPY_GOOD, 5000, 1000));
	assert_int_equal(v.stamp_ms, 1000);
	assert_false(put(&v, 2, THERAPY_GOOD, 999, 1001));
	assert_near(v.value, 1, 0);
	assert_true(put(&v, 3, THERAPY_GOOD, 1000, 1001)); /* the same moment: the later one holds */
	assert_near(v.value, 3, 0);
}

static void values_that_are_no_numbers_and_qualities_that_do_not_exist_are_errors(void **state)
{
	(void)state;
	struct value v = {0};
	put(&v, (double)NAN, THERAPY_GOOD, 1, 1);
	assert_int_equal(v.quality, THERAPY_ERROR);
	assert_near(v.value, 0, 0);
	put(&v, -(double)INFINITY, THERAPY_GOOD, 1, 1);
	assert_int_equal(v.quality, THERAPY_ERROR);
	put(&v, 1, 77, 1, 1);
	assert_int_equal(v.quality, THERAPY_ERROR);
}

static void what_is_lost_is_unknown_until_a_reading_that_is_no_older(void **state)
{
	(void)state;
	struct value v = {0};
	put(&v, 1, THERAPY_GOOD, 1000, 1000);
	value_lose(&v);
	assert_int_equal(value_quality(&v, 1000, 50), THERAPY_UNKNOWN);
	assert_false(put(&v, 1, THERAPY_GOOD, 999, 1001));
	assert_int_equal(value_quality(&v, 1001, 50), THERAPY_UNKNOWN);
	assert_true(put(&v, 1, THERAPY_GOOD, 1001, 1001));
	assert_int_equal(value_quality(&v, 1001, 50), THERAPY_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_never_read_is_unknown_at_any_time),
	    cmocka_unit_test(a_reading_is_fresh_up_to_its_age_and_unknown_beyond_also_an_implausible_one),
	    cmocka_unit_test(an_older_reading_is_ignored_and_a_future_stamp_counts_as_now),
	    cmocka_unit_test(values_that_are_no_numbers_and_qualities_that_do_not_exist_are_errors),
	    cmocka_unit_test(what_is_lost_is_unknown_until_a_reading_that_is_no_older),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * What adds up is never forgotten while it may still be within the window, and at most a bucket longer. */
#include "base/testing.h"

#include "core/rolling.h"

#define HOUR 3600000u
#define DAY  (24u * HOUR)

static void a_sum_holds_for_its_window_and_at_most_a_bucket_longer(void **state)
{
	(void)state;
	for (uint64_t offset = 0; offset < 3 * HOUR; offset += 7 * 60000u) {
		struct rolling r;
		uint64_t start = 5 * DAY + offset;
		assert_int_equal(rolling_init(&r, DAY, start), 0);
		rolling_add(&r, start, 3.5);
		assert_near(rolling_sum(&r, start + DAY - 1), 3.5, 0);
		uint64_t falls = rolling_next(&r);
		assert_true(falls >= start + DAY && falls <= start + DAY + HOUR);
		assert_near(rolling_sum(&r, falls - 1), 3.5, 0);
		assert_near(rolling_sum(&r, falls), 0, 0);
		assert_int_equal(rolling_next(&r), UINT64_MAX);
		rolling_release(&r);
	}
}

static void a_sum_that_is_put_back_is_forgotten_no_earlier_than_before(void **state)
{
	(void)state;
	for (uint64_t boot = 1; boot < 3 * HOUR; boot += 11 * 60000u) /* the machine has just started */
		for (uint64_t age = 0; age < 2 * DAY; age += 13 * 60000u) {
			struct rolling r;
			assert_int_equal(rolling_init(&r, DAY, boot), 0);
			rolling_put(&r, boot, age, 1);
			/* its bucket began `age` ago and lasted an hour, or until now: the last of it counts a day */
			int64_t last = (int64_t)boot + (int64_t)DAY + (age < HOUR ? 0 : (int64_t)HOUR - (int64_t)age);
			if (last > (int64_t)boot)
				assert_near(rolling_sum(&r, (uint64_t)last - 1), 1, 0);
			assert_near(rolling_sum(&r, (uint64_t)(last > 0 ? last : 0) + boot + 2 * HOUR), 0, 0);
			rolling_release(&r);
		}
}

static void short_windows_have_finer_buckets(void **state)
{
	(void)state;
	struct rolling r;
	assert_int_equal(rolling_init(&r, 2 * HOUR, 0), 0);
	rolling_add(&r, 0, 1);
	assert_true(rolling_next(&r) <= 2 * HOUR + 2 * HOUR / 24);
	rolling_release(&r);
	assert_int_equal(rolling_init(&r, 1, 0), 0);
	rolling_release(&r);
	assert_int_equal(rolling_init(&r, UINT64_MAX / 2, 0), -1);
}

static void moments_leave_exactly(void **state)
{
	(void)state;
	struct moments m = {.within_ms = DAY};
	moments_add(&m, -1000, 1); /* before the machine was started */
	moments_add(&m, 5000, 1);
	moments_add(&m, 2000, 1);
	assert_int_equal(moments_count(&m, 6000), 3);
	assert_int_equal(moments_next(&m), DAY - 1000);
	assert_int_equal(moments_count(&m, DAY - 1001), 3);
	assert_int_equal(moments_count(&m, DAY - 1000), 2);
	assert_int_equal(moments_count(&m, DAY + 2000), 1);
	assert_int_equal(moments_count(&m, DAY + 5000), 0);
	assert_int_equal(moments_next(&m), UINT64_MAX);
}

static void too_many_moments_are_never_counted_as_fewer(void **state)
{
	(void)state;
	struct moments m = {.within_ms = DAY};
	for (uint32_t i = 0; i < 3 * MOMENTS; i++) {
		moments_add(&m, (int64_t)i * 1000, 1);
		assert_int_equal(moments_count(&m, i * 1000), i + 1);
	}
	/* each counts at least as long as it would alone */
	for (uint32_t i = 0; i < 3 * MOMENTS; i++)
		assert_true(moments_count(&m, DAY + i * 1000 - 1) >= 3 * MOMENTS - i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sum_holds_for_its_window_and_at_most_a_bucket_longer),
	    cmocka_unit_test(a_sum_that_is_put_back_is_forgotten_no_earlier_than_before),
	    cmocka_unit_test(short_windows_have_finer_buckets),
	    cmocka_unit_test(moments_leave_exactly),
	    cmocka_unit_test(too_many_moments_are_never_counted_as_fewer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <string.h>

#include "sim/mischief.h"

static void without_mischief_every_frame_leaves_as_it_is(void **state)
{
	struct rng rng = {1};
	struct mischief m = {.rng = &rng};
	uint8_t frame[4] = {1, 2, 3, 4}, same[4] = {1, 2, 3, 4};
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(mischief_frame(&m, 0, frame, sizeof frame));
	assert_memory_equal(frame, same, sizeof same);
	assert_int_equal(m.made, 1000);
	assert_int_equal(m.dropped + m.corrupted + m.silenced, 0);
}

static void one_per_cent_of_frames_is_lost_and_counted(void **state)
{
	struct rng rng = {7};
	struct mischief m = {.rng = &rng, .drop = 0.01};
	uint8_t frame[1] = {0};
	unsigned left = 0;
	(void)state;
	for (int i = 0; i < 100000; i++)
		left += mischief_frame(&m, 0, frame, 1);
	assert_int_equal(m.made, 100000);
	assert_int_equal(m.dropped, 100000 - left);
	assert_in_range(m.dropped, 900, 1100);
}

static void a_corrupted_frame_differs_in_exactly_one_bit(void **state)
{
	struct rng rng = {3};
	struct mischief m = {.rng = &rng, .corrupt = 1};
	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint8_t frame[11] = {0};
		int bits = 0;
		assert_true(mischief_frame(&m, 0, frame, sizeof frame));
		for (unsigned k = 0; k < sizeof frame; k++)
			bits += __builtin_popcount(frame[k]);
		assert_int_equal(bits, 1);
	}
	assert_int_equal(m.corrupted, 1000);
}

static void nothing_leaves_in_a_gap_and_all_does_after_it(void **state)
{
	struct rng rng = {1};
	struct mischief m = {.rng = &rng, .silent_until_ms = 3000};
	uint8_t frame[1] = {0};
	(void)state;
	assert_false(mischief_frame(&m, 2999, frame, 1));
	assert_true(mischief_frame(&m, 3000, frame, 1));
	assert_int_equal(m.silenced, 1);
	assert_int_equal(m.made, 2);
}

static void the_same_seed_loses_the_same_frames(void **state)
{
	struct rng one = {42}, other = {42};
	struct mischief a = {.rng = &one, .drop = 0.3}, b = {.rng = &other, .drop = 0.3};
	uint8_t frame[1] = {0};
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(mischief_frame(&a, 0, frame, 1), mischief_frame(&b, 0, frame, 1));
	assert_true(a.dropped > 0);
}

static void a_drift_grows_from_when_it_began_and_none_is_none(void **state)
{
	struct drift drift = {.per_s = 2, .since_us = 1000000}, none = {0};
	(void)state;
	assert_near(drift_at(&drift, 500000), 0, 0);
	assert_near(drift_at(&drift, 4000000), 6, 1e-9);
	assert_near(drift_at(&none, 4000000), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_mischief_every_frame_leaves_as_it_is),
	    cmocka_unit_test(one_per_cent_of_frames_is_lost_and_counted),
	    cmocka_unit_test(a_corrupted_frame_differs_in_exactly_one_bit),
	    cmocka_unit_test(nothing_leaves_in_a_gap_and_all_does_after_it),
	    cmocka_unit_test(the_same_seed_loses_the_same_frames),
	    cmocka_unit_test(a_drift_grows_from_when_it_began_and_none_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

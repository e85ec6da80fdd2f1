/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/testing.h"
#include "core/timers.h"

enum { N = 60 };

/* The slow way: the earliest of those that run. */
static uint64_t earliest(const bool running[N], const uint64_t at[N])
{
	uint64_t found = UINT64_MAX;
	for (size_t i = 0; i < N; i++)
		if (running[i] && at[i] < found)
			found = at[i];
	return found;
}

static void the_first_is_the_earliest_whatever_is_set_moved_and_stopped(void **state)
{
	(void)state;
	struct timers timers;
	struct timer all[N] = {0};
	bool running[N] = {false};
	uint64_t at[N] = {0};
	unsigned seed = 3;
	assert_int_equal(timers_init(&timers, N), 0);
	assert_null(timers_first(&timers));
	for (int round = 0; round < 20000; round++) {
		size_t i = (size_t)rand_r(&seed) % N;
		running[i] = rand_r(&seed) % 3 != 0;
		at[i] = (uint64_t)rand_r(&seed) % 1000;
		if (running[i])
			timers_set(&timers, &all[i], at[i]);
		else
			timers_stop(&timers, &all[i]);
		struct timer *first = timers_first(&timers);
		assert_int_equal(first ? first->at : UINT64_MAX, earliest(running, at));
		assert_int_equal(all[i].slot != 0, running[i]);
	}
	timers_release(&timers);
}

static void the_end_of_time_is_not_passed(void **state)
{
	(void)state;
	assert_int_equal(timers_after(5, 6), 11);
	assert_int_equal(timers_after(UINT64_MAX - 1, 1), UINT64_MAX);
	assert_int_equal(timers_after(UINT64_MAX, 1), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_is_the_earliest_whatever_is_set_moved_and_stopped),
	    cmocka_unit_test(the_end_of_time_is_not_passed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

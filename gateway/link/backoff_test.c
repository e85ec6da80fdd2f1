/* SPDX-License-Identifier: Apache-2.0 */
#include "link/backoff.h"

#include "base/testing.h"

static void the_first_attempt_is_due_at_once_and_waits_grow_to_ten_seconds(void **state)
{
	(void)state;
	struct backoff b;
	backoff_init(&b, 1);
	assert_int_equal(backoff_wait(&b, 0), 0);
	uint64_t base = 100;
	for (int i = 0; i < 20; i++) {
		assert_in_range(backoff_wait(&b, 0), base, base + base / 4);
		base = base * 2 < 10000 ? base * 2 : 10000;
	}
}

static void a_link_that_held_begins_anew_and_one_that_broke_at_once_does_not(void **state)
{
	(void)state;
	struct backoff b;
	backoff_init(&b, 1);
	for (int i = 0; i < 5; i++)
		backoff_wait(&b, 0);
	backoff_opened(&b, 5000);
	assert_in_range(backoff_wait(&b, 14999), 1600, 2000);
	backoff_opened(&b, 20000);
	assert_int_equal(backoff_wait(&b, 30000), 0);
	assert_in_range(backoff_wait(&b, 30000), 100, 125);
	/* held once, long ago, is not held now */
	assert_in_range(backoff_wait(&b, 90000), 200, 250);
}

static void two_links_do_not_come_at_the_same_moment_every_time(void **state)
{
	(void)state;
	int same = 0;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct backoff a, b;
		backoff_init(&a, seed);
		backoff_init(&b, seed + 1);
		uint64_t sum_a = 0, sum_b = 0;
		for (int i = 0; i < 8; i++) {
			sum_a += backoff_wait(&a, 0);
			sum_b += backoff_wait(&b, 0);
		}
		same += sum_a == sum_b;
	}
	assert_true(same <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_attempt_is_due_at_once_and_waits_grow_to_ten_seconds),
	    cmocka_unit_test(a_link_that_held_begins_anew_and_one_that_broke_at_once_does_not),
	    cmocka_unit_test(two_links_do_not_come_at_the_same_moment_every_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

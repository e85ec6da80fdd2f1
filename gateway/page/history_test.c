/* SPDX-License-Identifier: Apache-2.0 */
#include "page/history.h"

#include "base/testing.h"

static double now_value;

static double value(void *user, struct history_line line)
{
	(void)user;
	return line.control ? 1 : now_value + line.device;
}

static struct history *two_lines(void)
{
	struct history *h = history_new();
	assert_true(history_add(h, (struct history_line){.device = 100}));
	assert_true(history_add(h, (struct history_line){.control = true}));
	return h;
}

static bool active;

static void take(struct history *h, uint64_t now_ms, double v)
{
	now_value = v;
	history_take(h, now_ms, active, NULL, value);
}

static void a_value_every_two_seconds_is_kept_in_order(void **state)
{
	(void)state;
	struct history *h = two_lines();
	assert_int_equal(history_view(h).points, 0);
	take(h, 5000, 1);
	take(h, 5999, 2); /* too soon */
	take(h, 7100, 3);
	take(h, 9000, 4); /* by the first one's beat */
	assert_int_equal(history_view(h).points, 3);
	assert_int_equal(history_view(h).last_ms, 9000);
	assert_near(history_value(h, 0, 0), 101, 0.01);
	assert_near(history_value(h, 0, 1), 103, 0.01);
	assert_near(history_value(h, 0, 2), 104, 0.01);
	assert_near(history_value(h, 1, 2), 1, 0.01);
	history_free(h);
}

static void the_oldest_goes_when_it_is_full(void **state)
{
	(void)state;
	struct history *h = two_lines();
	for (unsigned i = 0; i < HISTORY_POINTS + 7; i++)
		take(h, 1000 + (uint64_t)i * HISTORY_STEP_MS, i);
	assert_int_equal(history_view(h).points, HISTORY_POINTS);
	assert_near(history_value(h, 0, 0), 107, 0.01);
	assert_near(history_value(h, 0, HISTORY_POINTS - 1), 100 + HISTORY_POINTS + 6, 0.01);
	history_free(h);
}

static void what_nobody_took_is_a_gap_and_a_suspended_day_is_no_work(void **state)
{
	(void)state;
	struct history *h = two_lines();
	take(h, 1000, 1);
	take(h, 7000, 2);
	assert_int_equal(history_view(h).points, 4);
	assert_true(isnan(history_value(h, 0, 1)) && isnan(history_value(h, 1, 2)));
	assert_near(history_value(h, 0, 3), 102, 0.01);
	take(h, 7000 + 86400000u, 3);
	assert_int_equal(history_view(h).points, HISTORY_POINTS);
	assert_true(isnan(history_value(h, 0, 0)));
	assert_near(history_value(h, 0, HISTORY_POINTS - 1), 103, 0.01);
	assert_int_equal(history_view(h).last_ms, 7000 + 86400000u);
	history_free(h);
}

static void a_session_is_kept_whole_however_long_it_lasts_and_its_peak_stays(void **state)
{
	(void)state;
	struct history *h = two_lines();
	uint64_t now = 1000;
	take(h, now, 5); /* before it */
	active = true;
	unsigned before = history_view(h).number;
	for (unsigned i = 0; i < 3 * HISTORY_POINTS; i++)
		take(h, now += HISTORY_STEP_MS, i == 1 ? 77 : 1);
	active = false;
	struct history_view v = history_view(h);
	assert_true(v.session && v.number > before);
	assert_true(v.points < HISTORY_POINTS);
	assert_int_equal(v.step_ms, 4 * HISTORY_STEP_MS);
	assert_near(history_value(h, 0, 0), 177, 0.01); /* 100 is the device's */
	assert_near(history_value(h, 0, v.points - 1), 101, 0.01);
	uint64_t spanned_ms = v.points * (uint64_t)v.step_ms,
		 lasted_ms = UINT64_C(3) * HISTORY_POINTS * HISTORY_STEP_MS;
	assert_true(spanned_ms <= lasted_ms && spanned_ms + v.step_ms >= lasted_ms);
	history_free(h);
}

static void a_pause_is_of_the_session_and_after_the_gap_the_next_begins_anew(void **state)
{
	(void)state;
	struct history *h = two_lines();
	active = true;
	take(h, 1000, 1);
	active = false;
	take(h, 1000 + HISTORY_GAP_MS, 2);
	assert_true(history_view(h).session);
	size_t points = history_view(h).points;
	take(h, 1000 + HISTORY_GAP_MS + 5000, 3);
	assert_false(history_view(h).session);
	assert_true(history_view(h).points >= points); /* it can still be looked at */
	unsigned number = history_view(h).number;
	active = true;
	take(h, 1000 + HISTORY_GAP_MS + 9000, 4);
	active = false;
	assert_true(history_view(h).session && history_view(h).number != number);
	assert_int_equal(history_view(h).points, 1);
	assert_int_equal(history_view(h).step_ms, HISTORY_STEP_MS);
	assert_near(history_value(h, 0, 0), 104, 0.01);
	history_free(h);
}

static void a_machine_that_slept_in_a_session_has_a_gap_in_it(void **state)
{
	(void)state;
	struct history *h = two_lines();
	active = true;
	take(h, 1000, 1);
	take(h, 1000 + 86400000u, 2); /* the next one: the sleep was longer than the gap */
	assert_int_equal(history_view(h).points, 1);
	take(h, 1000 + 86400000u + 10 * HISTORY_STEP_MS, 3);
	active = false;
	assert_int_equal(history_view(h).points, 11);
	assert_true(isnan(history_value(h, 0, 5)));
	history_free(h);
}

static void there_are_only_so_many_lines(void **state)
{
	(void)state;
	struct history *h = history_new();
	for (unsigned i = 0; i < HISTORY_LINES_MAX; i++)
		assert_true(history_add(h, (struct history_line){0}));
	assert_false(history_add(h, (struct history_line){0}));
	assert_int_equal(history_lines(h), HISTORY_LINES_MAX);
	history_free(h);
	history_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_every_two_seconds_is_kept_in_order),
	    cmocka_unit_test(the_oldest_goes_when_it_is_full),
	    cmocka_unit_test(what_nobody_took_is_a_gap_and_a_suspended_day_is_no_work),
	    cmocka_unit_test(a_session_is_kept_whole_however_long_it_lasts_and_its_peak_stays),
	    cmocka_unit_test(a_pause_is_of_the_session_and_after_the_gap_the_next_begins_anew),
	    cmocka_unit_test(a_machine_that_slept_in_a_session_has_a_gap_in_it),
	    cmocka_unit_test(there_are_only_so_many_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

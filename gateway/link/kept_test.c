/* SPDX-License-Identifier: Apache-2.0
 * Promise: what the broker keeps is told once as long as it stays the same, cleared only with consent, and neither more
 * often than once in ten seconds, whatever a rogue does. */
#include "link/kept.h"

#include "base/testing.h"

static struct kept_step came(struct kept *k, uint64_t now_ms, const char *text, size_t size, bool may_clear)
{
	kept_came(k, text, size);
	return kept_step(k, now_ms, may_clear);
}

static void what_stays_the_same_is_told_once_over_all_connections(void **state)
{
	(void)state;
	struct kept k = {0};
	kept_up(&k, 1000);
	assert_int_equal(came(&k, 1010, "ON", 2, false).tell, KEPT_APPEARED);
	assert_int_equal(kept_deadline(&k, false), UINT64_MAX);
	for (uint64_t now = 20000; now < 80000; now += 15000) {
		kept_down(&k);
		kept_up(&k, now);
		struct kept_step step = came(&k, now + 10, "ON", 2, false);
		assert_int_equal(step.tell, KEPT_NO_NEWS);
		assert_false(step.clear);
	}
	assert_int_equal(came(&k, 90000, "ON;", 3, false).tell, KEPT_APPEARED);
	assert_int_equal(came(&k, 90001, "", 0, false).tell, KEPT_NONE);
	assert_int_equal(came(&k, 90002, "", 0, false).tell, KEPT_NO_NEWS);
}

static void what_is_gone_when_we_come_back_is_told_after_the_settling_time(void **state)
{
	(void)state;
	struct kept k = {0};
	kept_up(&k, 1000);
	came(&k, 1010, "ON", 2, false);
	kept_down(&k);
	kept_up(&k, 5000);
	assert_int_equal(kept_deadline(&k, false), 5000 + KEPT_SETTLE_MS);
	assert_int_equal(kept_step(&k, 5000 + KEPT_SETTLE_MS - 1, false).tell, KEPT_NO_NEWS);
	assert_int_equal(kept_step(&k, 5000 + KEPT_SETTLE_MS, false).tell, KEPT_NONE);
	assert_int_equal(kept_deadline(&k, false), UINT64_MAX);
}

static void before_a_connection_nothing_is_told(void **state)
{
	(void)state;
	struct kept k = {0};
	assert_int_equal(kept_deadline(&k, true), UINT64_MAX);
	assert_int_equal(kept_step(&k, 100000, true).tell, KEPT_NO_NEWS);
	kept_up(&k, 100000);
	kept_down(&k); /* too short to know */
	assert_int_equal(kept_step(&k, 200000, true).tell, KEPT_NO_NEWS);
}

static void long_ones_are_told_apart_by_their_size(void **state)
{
	(void)state;
	char text[KEPT_SIZE + 2] = {0};
	struct kept k = {0};
	kept_up(&k, 0);
	assert_int_equal(came(&k, 10, text, KEPT_SIZE + 1, false).tell, KEPT_APPEARED);
	assert_int_equal(came(&k, 20000, text, KEPT_SIZE + 1, false).tell, KEPT_NO_NEWS);
	assert_int_equal(came(&k, 20001, text, KEPT_SIZE + 2, false).tell, KEPT_APPEARED);
}

static void with_consent_it_is_told_then_cleared(void **state)
{
	(void)state;
	struct kept k = {0};
	kept_up(&k, 0);
	struct kept_step step = came(&k, 10, "ON", 2, true);
	assert_int_equal(step.tell, KEPT_APPEARED);
	assert_true(step.clear);
	assert_false(kept_step(&k, 11, true).clear); /* one is on its way */
	kept_cleared(&k, true);
	step = kept_step(&k, 12, true);
	assert_int_equal(step.tell, KEPT_CLEARED);
	assert_false(step.clear);
	assert_int_equal(kept_deadline(&k, true), UINT64_MAX);
}

static void what_the_broker_did_not_take_is_tried_again_later(void **state)
{
	(void)state;
	struct kept k = {0};
	kept_up(&k, 0);
	assert_true(came(&k, 10, "ON", 2, true).clear);
	kept_cleared(&k, false);
	assert_int_equal(kept_step(&k, 11, true).tell, KEPT_NO_NEWS);
	assert_int_equal(kept_deadline(&k, true), 10 + KEPT_PAUSE_MS);
	assert_true(kept_step(&k, 10 + KEPT_PAUSE_MS, true).clear);
	kept_down(&k);
	kept_cleared(&k, true); /* late, of a connection that is gone: it proves nothing */
	kept_up(&k, 50000);
	assert_true(came(&k, 50010, "ON", 2, true).clear);
}

static void while_away_nothing_is_cleared(void **state)
{
	(void)state;
	struct kept k = {0};
	kept_up(&k, 0);
	came(&k, 10, "ON", 2, true);
	kept_down(&k);
	assert_false(kept_step(&k, 60000, true).clear);
	kept_up(&k, 60000);
	assert_false(kept_step(&k, 60001, true).clear); /* it may not be there any more */
}

static void a_rogue_that_goes_on_is_told_and_cleared_once_in_ten_seconds(void **state)
{
	(void)state;
	struct kept k = {0};
	unsigned told = 0, cleared = 0, gone = 0;
	kept_up(&k, 0);
	for (uint64_t now = 0; now < 60000; now += 10) {
		const char *text = now % 20 ? "ON" : "OFF";
		struct kept_step step = came(&k, now, text, 2 + (now % 20 == 0), true);
		told += step.tell == KEPT_APPEARED;
		cleared += step.clear;
		if (step.clear)
			kept_cleared(&k, true);
		gone += kept_step(&k, now, true).tell == KEPT_CLEARED;
	}
	assert_int_equal(told, 6);
	assert_int_equal(cleared, 6);
	assert_int_equal(gone, 6);
	/* what came too soon is told and cleared when its time has come */
	assert_int_equal(kept_deadline(&k, true), 60000);
	struct kept_step last = kept_step(&k, 60000, true);
	assert_int_equal(last.tell, KEPT_APPEARED);
	assert_true(last.clear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_stays_the_same_is_told_once_over_all_connections),
	    cmocka_unit_test(what_is_gone_when_we_come_back_is_told_after_the_settling_time),
	    cmocka_unit_test(before_a_connection_nothing_is_told),
	    cmocka_unit_test(long_ones_are_told_apart_by_their_size),
	    cmocka_unit_test(with_consent_it_is_told_then_cleared),
	    cmocka_unit_test(what_the_broker_did_not_take_is_tried_again_later),
	    cmocka_unit_test(while_away_nothing_is_cleared),
	    cmocka_unit_test(a_rogue_that_goes_on_is_told_and_cleared_once_in_ten_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/timeliness.h"

#include "base/testing.h"

static void nothing_is_recent_before_a_ping_returned(void **state)
{
	(void)state;
	struct timeliness t = {0};
	assert_false(timeliness_due(&t, 1000));
	assert_false(timeliness_holds(&t, 1000, 1000));
	timeliness_up(&t);
	assert_true(timeliness_due(&t, 1000));
	timeliness_sent(&t, 1000, 7);
	assert_false(timeliness_holds(&t, 1001, 1001));
	timeliness_returned(&t, 1001, 8); /* another's */
	assert_false(timeliness_holds(&t, 1001, 1001));
	timeliness_returned(&t, 1002, 7);
	assert_true(timeliness_holds(&t, 1002, 1002));
}

static void pings_go_out_one_at_a_time_every_two_seconds(void **state)
{
	(void)state;
	struct timeliness t;
	timeliness_up(&t);
	timeliness_sent(&t, 1000, 1);
	assert_false(timeliness_due(&t, 9000)); /* the first is still out */
	timeliness_returned(&t, 1050, 1);
	assert_false(timeliness_due(&t, 2999));
	assert_true(timeliness_due(&t, 3000));
}

static void while_a_ping_is_out_for_longer_than_two_seconds_nothing_is_recent(void **state)
{
	(void)state;
	struct timeliness t;
	timeliness_up(&t);
	timeliness_sent(&t, 1000, 1);
	timeliness_returned(&t, 1050, 1);
	timeliness_sent(&t, 3000, 2);
	assert_true(timeliness_holds(&t, 5000, 5000));
	assert_false(timeliness_holds(&t, 5001, 5001));
	timeliness_returned(&t, 5001, 2);
	assert_true(timeliness_holds(&t, 5001, 5001));
}

static void how_long_the_last_one_took_is_known_of_this_connection_only(void **state)
{
	(void)state;
	struct timeliness t;
	timeliness_up(&t);
	assert_true(timeliness_round_trip(&t) < 0);
	timeliness_sent(&t, 1000, 1);
	timeliness_returned(&t, 1050, 1);
	assert_int_equal(timeliness_round_trip(&t), 50);
	timeliness_sent(&t, 3000, 2);
	timeliness_returned(&t, 3003, 2);
	assert_int_equal(timeliness_round_trip(&t), 3);
	timeliness_down(&t);
	assert_true(timeliness_round_trip(&t) < 0);
}

static void a_new_connection_proves_itself_anew(void **state)
{
	(void)state;
	struct timeliness t;
	timeliness_up(&t);
	timeliness_sent(&t, 1000, 1);
	timeliness_returned(&t, 1050, 1);
	timeliness_down(&t);
	assert_false(timeliness_holds(&t, 1100, 1100));
	timeliness_up(&t);
	assert_false(timeliness_holds(&t, 1200, 1200));
	timeliness_sent(&t, 1200, 2);
	timeliness_returned(&t, 1050, 1); /* of the connection before */
	assert_false(timeliness_holds(&t, 1201, 1201));
}

static void what_waited_in_this_process_is_not_recent(void **state)
{
	(void)state;
	struct timeliness t;
	timeliness_up(&t);
	timeliness_sent(&t, 1000, 1);
	timeliness_returned(&t, 1050, 1);
	assert_true(timeliness_holds(&t, 1100, 3100));
	assert_false(timeliness_holds(&t, 1100, 3101));
	/* We stood still and sent no ping: what the library took meanwhile may have been held up before. */
	assert_true(timeliness_holds(&t, 5000, 5000));
	assert_false(timeliness_holds(&t, 5001, 5001));
}

/* The promise in the header, tried out: a connection stands still at any moment for any time; requests are sent
 * all along and arrive in order. */
static void no_request_older_than_four_seconds_passes_whenever_the_connection_stalls(void **state)
{
	(void)state;
	for (uint64_t stall = 1000; stall <= 5000; stall += 50)
		for (uint64_t length = 0; length <= 12000; length += 250) {
			struct timeliness t;
			uint64_t ping_arrives = UINT64_MAX, oldest = 0;
			timeliness_up(&t);
			for (uint64_t now = 1; now <= 20000; now += 50) {
				bool stalled = now >= stall && now < stall + length;
				if (!stalled)
					for (uint64_t sent =
						 now > 50 && now - 50 < stall + length && now >= stall + length ? stall
														: now;
					     sent <= now;
					     sent += 50) /* those held up come first, then the ping behind them */
						if (timeliness_holds(&t, now, now) && now - sent > oldest)
							oldest = now - sent;
				if (!stalled && ping_arrives <= now) {
					timeliness_returned(&t, now, 1);
					ping_arrives = UINT64_MAX;
				}
				if (timeliness_due(&t, now)) {
					timeliness_sent(&t, now, 1);
					ping_arrives = now + 50;
				}
			}
			assert_true(oldest <= 4000);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_recent_before_a_ping_returned),
	    cmocka_unit_test(pings_go_out_one_at_a_time_every_two_seconds),
	    cmocka_unit_test(while_a_ping_is_out_for_longer_than_two_seconds_nothing_is_recent),
	    cmocka_unit_test(how_long_the_last_one_took_is_known_of_this_connection_only),
	    cmocka_unit_test(a_new_connection_proves_itself_anew),
	    cmocka_unit_test(what_waited_in_this_process_is_not_recent),
	    cmocka_unit_test(no_request_older_than_four_seconds_passes_whenever_the_connection_stalls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

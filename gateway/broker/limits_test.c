/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/limits.h"

#include "base/testing.h"

static void what_the_broker_told_is_kept_to_the_byte(void **state)
{
	(void)state;
	struct limits l = {0};
	limits_up(&l, &(struct limits_told){.packet_max = 1000, .qos_max = 1, .retain = true});
	assert_true(limits_fits(&l, 1000));
	assert_false(limits_fits(&l, 1001));
	limits_up(&l, &LIMITS_NONE); /* another broker answers there now */
	assert_true(limits_fits(&l, 100000000));
}

/* One connection in which `size` was sent and which was lost `after_ms` later. */
static bool lost_over(struct limits *l, size_t size, uint64_t after_ms, bool said)
{
	limits_up(l, &LIMITS_NONE);
	limits_sent(l, 100, 1000);
	limits_sent(l, size, 1000);
	limits_sent(l, 200, 1000);
	return limits_lost(l, 1000 + after_ms, said);
}

static void two_losses_in_a_row_over_an_unproved_size_teach_a_limit(void **state)
{
	(void)state;
	struct limits l = {0};
	assert_false(lost_over(&l, 20000, 50, false));
	assert_true(limits_fits(&l, 20000));
	assert_true(lost_over(&l, 20000, 50, false));
	assert_false(limits_fits(&l, 20000));
	assert_true(limits_fits(&l, 19999));
	assert_true(lost_over(&l, 15000, 50, false)); /* now it is known to be of that kind */
	assert_int_equal(limits_max(&l), 14999);
}

static void a_broker_that_says_so_is_believed_at_once(void **state)
{
	(void)state;
	struct limits l = {0};
	assert_true(lost_over(&l, 20000, 50, true));
	assert_int_equal(limits_max(&l), 19999);
}

static void what_was_acknowledged_is_never_suspected(void **state)
{
	(void)state;
	struct limits l = {0};
	for (unsigned i = 0; i < 3; i++) {
		limits_up(&l, &LIMITS_NONE);
		size_t proves = limits_sent(&l, 20000, 1000);
		assert_int_equal(limits_sent(&l, 300, 1000), proves); /* a later one proves the earlier one as well */
		limits_proved(&l, proves);
		assert_false(limits_lost(&l, 1010, false));
	}
	assert_true(limits_fits(&l, 20000));
}

static void a_network_that_flaps_teaches_nothing(void **state)
{
	(void)state;
	struct limits l = {0};
	for (unsigned i = 0; i < 3; i++)
		assert_false(lost_over(&l, 20000, 60000, false)); /* long after it */
	for (unsigned i = 0; i < 3; i++)
		assert_false(lost_over(&l, 300, 10, false)); /* nothing large */
	assert_false(lost_over(&l, 20000, 10, false));
	assert_false(lost_over(&l, 20000, 60000, false)); /* not in a row */
	assert_false(lost_over(&l, 20000, 10, false));
}

static void a_packet_is_measured_as_mqtt_writes_it(void **state)
{
	(void)state;
	assert_int_equal(limits_packet(1, 1, 0, SIZE_MAX), 6);     /* 30 04 00 01 'a' 'b' */
	assert_int_equal(limits_packet(1, 1, 1, SIZE_MAX), 8);     /* and a packet identifier */
	assert_int_equal(limits_packet(1, 1, 1, 0), 9);            /* and no properties */
	assert_int_equal(limits_packet(1, 1, 1, 5), 14);           /* and an expiry */
	assert_int_equal(limits_packet(1, 124, 0, SIZE_MAX), 129); /* 127: the longest with one byte of length */
	assert_int_equal(limits_packet(1, 125, 0, SIZE_MAX), 131);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_broker_told_is_kept_to_the_byte),
	    cmocka_unit_test(two_losses_in_a_row_over_an_unproved_size_teach_a_limit),
	    cmocka_unit_test(a_broker_that_says_so_is_believed_at_once),
	    cmocka_unit_test(what_was_acknowledged_is_never_suspected),
	    cmocka_unit_test(a_network_that_flaps_teaches_nothing),
	    cmocka_unit_test(a_packet_is_measured_as_mqtt_writes_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * The off-test: it proves a timer, or that there is none, and is as safe as a lease while it does. */
#include "device/fake_model.h"

#include "base/testing.h"

enum { TIMER_MS = 3000, LEASE_MS = 1000 };

static int setup(void **state)
{
	static struct fake f;
	fake_init(&f);
	f.controls[FAKE_HEAT].device_timer_ms = TIMER_MS;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	return 0;
}

/* On and confirmed by off-test 1. */
static struct fake *testing(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_ENERGISED);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 1);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_CONFIRMED_ON);
	return f;
}

/* Lets `ms` pass while the gateway renews the permission; nothing may be sent for it. */
static void wait(struct fake *f, unsigned ms, int power)
{
	for (unsigned i = 0; i < ms; i += 100) {
		fake_tick(f, 100);
		assert_int_equal(f->out.n_sends, 0);
		fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
		assert_int_equal(f->out.n_sends, 0);
		if (power >= 0)
			fake_reading(f, FAKE_POWER, power);
		assert_int_equal(f->out.n_sends, 0);
	}
}

static void it_passes_when_the_device_goes_off_by_itself(void **state)
{
	struct fake *f = testing(state);
	assert_int_equal(device_deadline(f->device), f->now_ms + LEASE_MS);
	wait(f, TIMER_MS, 50);
	fake_reading(f, FAKE_POWER, 0);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.test, DEVICE_TEST_PASSED);
	assert_int_equal(s.grant, 1);
	assert_false(s.ended_by_device);
	assert_int_equal(s.phase, DEVICE_PHASE_COMING_TO_REST);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1); /* and real rest then, proved as always */
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_NONE);
}

static void a_reading_that_comes_late_still_proves_it(void **state)
{
	struct fake *f = testing(state);
	wait(f, TIMER_MS + 4900, 50);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_PASSED);
}

static void it_fails_and_is_switched_off_when_the_timer_does_nothing(void **state)
{
	struct fake *f = testing(state);
	wait(f, TIMER_MS + 4900, 50);
	fake_tick(f, 100);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_FAILED);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 1);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void off_too_early_is_a_hand_and_no_timer(void **state)
{
	struct fake *f = testing(state);
	wait(f, TIMER_MS * 4 / 5 - 100, 50);
	fake_reading(f, FAKE_POWER, 0);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.test, DEVICE_TEST_FAILED);
	assert_true(s.ended_by_device);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void what_never_came_on_proves_nothing_by_being_off(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
	wait(f, TIMER_MS + 4900, 0);
	fake_tick(f, 100);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_FAILED);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void what_is_not_seen_any_more_fails(void **state)
{
	struct fake *f = *state;
	f->controls[FAKE_HEAT].device_timer_ms = 60000;
	testing(state);
	wait(f, 4900, -1);
	fake_tick(f, 100);
	assert_int_equal(f->out.states[0].phase, DEVICE_PHASE_UNKNOWN);
	assert_int_equal(f->out.states[0].test, DEVICE_TEST_FAILED);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void the_device_is_tested_with_its_short_timer_if_it_has_one(void **state)
{
	struct fake *f = *state;
	f->controls[FAKE_HEAT].device_timer_ms = 30000;
	f->controls[FAKE_HEAT].test = FAKE_PULL;
	f->controls[FAKE_HEAT].test_ms = 2000;
	testing(state);
	assert_int_equal(fake_sent(f, FAKE_ON), 0);
	wait(f, 2000, 50);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_PASSED);
}

static void a_number_is_tested_with_its_smallest_value(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	f->controls[FAKE_TENSION].device_timer_ms = 1000;
	fake_start(f);
	fake_at_rest(f);
	fake_off_test(f, FAKE_TENSION, 1, LEASE_MS);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(f->out.sends[0].data[0], FAKE_PULL);
	assert_int_equal(f->out.sends[0].data[1], 10);
}

static void without_a_timer_there_is_nothing_to_test(void **state)
{
	struct fake *f = *state;
	f->controls[FAKE_HEAT].device_timer_ms = 0;
	fake_start(f);
	fake_at_rest(f);
	fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
}

static void only_what_is_proved_to_be_at_rest_is_tested(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
	assert_int_equal(f->out.n_sends, 0);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 2, 1, LEASE_MS);
	fake_reading(f, FAKE_POWER, 50);
	fake_off_test(f, FAKE_HEAT, 3, LEASE_MS); /* nor is somebody's session cut by it */
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 3);
	fake_tick(f, 400);
	assert_int_equal(fake_sent(f, FAKE_RENEW), 1); /* of grant 2, which goes on */
}

/* Each of what ends a lease: at once, with frames, and nothing is proved by the reading that follows. */
static void whatever_ends_a_lease_ends_the_test_with_real_rest(void **state)
{
	static const enum { GONE, REST, STOP, EXPIRED, PRESENCE, WAYS } ways[] = {GONE, REST, STOP, EXPIRED, PRESENCE};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		setup(state);
		struct fake *f = testing(state);
		wait(f, TIMER_MS - 500, 50);
		if (ways[i] == GONE)
			fake_input(f, DEVICE_IN_ORPHANED);
		else if (ways[i] == REST || ways[i] == STOP)
			fake_rest(f, FAKE_HEAT, ways[i] == STOP);
		else if (ways[i] == EXPIRED)
			fake_tick(f, LEASE_MS);
		else
			fake_say(f, "P\2", 2);
		assert_int_equal(fake_sent(f, FAKE_OFF), 1);
		fake_assert_coming_to_rest(f, 1, false, ways[i] == EXPIRED);
		assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_NONE);
		fake_reading(f, FAKE_POWER, 0);
		assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_NONE);
		fake_end(f);
	}
}

static void a_lost_link_ends_the_test_and_the_next_connection_rests(void **state)
{
	struct fake *f = testing(state);
	fake_link(f, false);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_UNKNOWN);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).test, DEVICE_TEST_NONE);
	fake_off_test(f, FAKE_HEAT, 1, LEASE_MS);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(device_deadline(f->device), f->now_ms + 2000); /* the repetition of rest, no test */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_passes_when_the_device_goes_off_by_itself),
	    TEST(a_reading_that_comes_late_still_proves_it),
	    TEST(it_fails_and_is_switched_off_when_the_timer_does_nothing),
	    TEST(off_too_early_is_a_hand_and_no_timer),
	    TEST(what_never_came_on_proves_nothing_by_being_off),
	    TEST(what_is_not_seen_any_more_fails),
	    TEST(the_device_is_tested_with_its_short_timer_if_it_has_one),
	    TEST(a_number_is_tested_with_its_smallest_value),
	    TEST(without_a_timer_there_is_nothing_to_test),
	    TEST(only_what_is_proved_to_be_at_rest_is_tested),
	    TEST(whatever_ends_a_lease_ends_the_test_with_real_rest),
	    TEST(a_lost_link_ends_the_test_and_the_next_connection_rests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

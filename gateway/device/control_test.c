/* SPDX-License-Identifier: Apache-2.0
 * Leases: what may energise a control, and everything that must not. */
#include "device/fake_model.h"

#include "base/testing.h"

static int setup(void **state)
{
	static struct fake f;
	fake_init(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	return 0;
}

static void a_lease_is_refused_unless_rest_is_proved(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000); /* link down */
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_UNKNOWN);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 1);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	fake_link(f, true);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000); /* coming to rest */
	assert_int_equal(f->out.n_sends, 0);
	fake_assert_coming_to_rest(f, 2, false, true);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000); /* what was refused once stays refused */
	assert_int_equal(f->out.n_sends, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	fake_lease(f, FAKE_HEAT, 3, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void a_lease_of_a_value_that_may_not_be_asked_for_energises_nothing(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_at_rest(f);
	const double heat[] = {0, 2, 0.5, -1, (double)NAN, (double)INFINITY};
	const double pull[] = {0, 9.9, 200.1, -50, (double)NAN, (double)INFINITY};
	uint64_t grant = 1;
	for (size_t i = 0; i < sizeof heat / sizeof *heat; i++) {
		fake_lease(f, FAKE_HEAT, grant++, heat[i], 1000);
		assert_int_equal(f->out.n_sends, 0);
		fake_lease(f, FAKE_TENSION, grant++, pull[i], 1000);
		assert_int_equal(f->out.n_sends, 0);
		assert_true(fake_state_of(f, FAKE_TENSION).lease_expired);
	}
	fake_lease(f, 2, grant++, 1, 1000); /* no such control */
	fake_lease(f, FAKE_HEAT, 0, 1, 1000);
	assert_int_equal(f->out.n_sends + f->out.n_states, 0);
	fake_lease(f, FAKE_TENSION, grant++, 10, 1000);
	assert_int_equal(fake_sent(f, FAKE_PULL), 1);
}

static void a_renewal_extends_and_never_energises(void **state)
{
	struct fake *f = fake_heating(state);
	for (int i = 0; i < 50; i++) {
		fake_reading(f, FAKE_POWER, 50);
		fake_tick(f, 250);
		assert_int_equal(fake_sent(f, FAKE_ON) + fake_sent(f, FAKE_OFF), 0);
		fake_lease(f, FAKE_HEAT, 1, 1, 1000);
		assert_int_equal(f->out.n_sends, 0);
	}
	fake_lease(f, FAKE_HEAT, 1, 1, 400); /* nor does an older one shorten it */
	fake_tick(f, 999);
	assert_int_equal(fake_sent(f, FAKE_OFF), 0);
	fake_tick(f, 1);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void the_devices_own_timer_is_renewed_only_while_leased(void **state)
{
	struct fake *f = fake_heating(state);
	fake_lease(f, FAKE_HEAT, 1, 1, 2000);
	fake_tick(f, 399);
	assert_int_equal(f->out.n_sends, 0);
	for (int i = 0; i < 4; i++) {
		fake_tick(f, i == 0 ? 1 : 400);
		assert_int_equal(fake_sent(f, FAKE_RENEW), 1);
		assert_int_equal(f->out.n_sends, 1);
		assert_int_equal(f->out.sends[0].effect, THERAPY_RENEW);
		assert_int_equal(f->out.sends[0].data[1], 1); /* with the value in force */
	}
	fake_tick(f, 400); /* 2000: the lease ends first */
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(fake_sent(f, FAKE_RENEW), 0);
	fake_tick(f, 400);
	assert_int_equal(f->out.n_sends, 0);
}

static void an_expired_lease_rests_at_once_and_says_so(void **state)
{
	struct fake *f = fake_heating(state);
	assert_int_equal(device_deadline(f->device), f->now_ms + 400);
	fake_tick(f, 1000);
	assert_int_equal(f->out.sends[0].data[0], FAKE_OFF);
	fake_assert_coming_to_rest(f, 1, false, true);
	assert_int_equal(device_counters(f->device)->leases_expired, 1);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 0);
}

static void no_lease_outlives_a_minute_whatever_it_says(void **state)
{
	struct fake *f = fake_heating(state);
	fake_lease(f, FAKE_HEAT, 1, 1, UINT64_MAX / 2);
	fake_tick(f, 60000);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void renewals_buffered_while_the_process_was_stopped_are_too_old_to_matter(void **state)
{
	struct fake *f = fake_heating(state);
	uint64_t stopped = f->now_ms;
	f->now_ms += 5000; /* SIGSTOP; the gateway went on renewing for 1 s and then granted anew */
	for (uint64_t t = 250; t <= 4000; t += 250) {
		struct device_input in = {.type = DEVICE_IN_LEASE,
					  .control = FAKE_HEAT,
					  .value = 1,
					  .grant = t <= 1000 ? 1 : 2,
					  .expires_ms = stopped + t + 1000};
		f->out = device_step(f->device, f->now_ms, &in);
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
		if (t == 250) { /* before this first input was looked at, time passed */
			assert_int_equal(fake_sent(f, FAKE_OFF), 1);
			fake_assert_coming_to_rest(f, 1, false, true);
		} else if (t == 1250) { /* told once that grant 2 came to nothing */
			fake_assert_coming_to_rest(f, 2, false, true);
		} else {
			assert_int_equal(f->out.n_states, 0);
		}
	}
	assert_int_equal(device_counters(f->device)->leases_expired, 1 + 16);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000); /* grant 2 is over, even if renewed in time now */
	assert_int_equal(f->out.n_sends, 0);
}

static void who_switches_it_off_at_the_device_ends_the_grant(void **state)
{
	struct fake *f = fake_heating(state);
	fake_tick(f, 100);
	fake_reading(f, FAKE_POWER, 0);
	fake_assert_coming_to_rest(f, 1, true, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	for (int i = 0; i < 10; i++) {
		fake_tick(f, 250);
		fake_lease(f, FAKE_HEAT, 1, 1, 1000);
		assert_int_equal(f->out.n_sends + f->out.n_states, 0);
	}
}

static void what_comes_on_slowly_keeps_its_lease(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_tick(f, 100);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(f->out.n_states + f->out.n_sends, 0);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_CONFIRMED_ON);
}

static void a_new_grant_while_on_sets_the_new_value_and_the_old_one_is_over(void **state)
{
	struct fake *f = fake_heating(state);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 2);
	fake_tick(f, 500);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 0);
	fake_tick(f, 500); /* the old grant's renewal did not keep the new one alive */
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void no_lease_is_taken_in_the_middle_of_a_ramp_that_was_asked_for_at_rest(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_at_rest(f);
	fake_rest(f, FAKE_TENSION, false);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
	fake_lease(f, FAKE_TENSION, 1, 100, 1000);
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_TENSION).lease_expired);
	fake_tick(f, 2000);
	fake_tick(f, 1000);
	fake_lease(f, FAKE_TENSION, 2, 100, 1000);
	assert_int_equal(fake_sent(f, FAKE_PULL), 1);
}

static void rest_asked_for_at_rest_is_reported_once_it_was_driven(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_at_rest(f);
	fake_rest(f, FAKE_TENSION, false);
	assert_int_equal(f->out.n_states, 0); /* its ramp takes a while */
	fake_tick(f, 2000);
	fake_tick(f, 1000);
	assert_int_equal(fake_state_of(f, FAKE_TENSION).phase, DEVICE_PHASE_AT_REST);
}

static void a_lost_link_ends_leases_and_nothing_resumes_on_its_return(void **state)
{
	struct fake *f = fake_heating(state);
	fake_link(f, false);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.phase, DEVICE_PHASE_UNKNOWN);
	assert_int_equal(s.grant, 1);
	assert_false(s.lease_expired || s.ended_by_device);
	assert_int_equal(f->out.n_sends, 0);
	assert_int_equal(device_deadline(f->device), UINT64_MAX);
	fake_link(f, false);
	assert_int_equal(f->out.n_states, 0);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
}

static void a_link_that_comes_up_twice_counts_as_lost_between(void **state)
{
	struct fake *f = fake_heating(state);
	uint32_t seed = fake_state->seed;
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(f->out.states[0].grant, 1);
	assert_int_equal(f->out.states[0].phase, DEVICE_PHASE_UNKNOWN);
	fake_assert_coming_to_rest(f, 0, false, false);
	assert_int_not_equal(fake_state->seed, seed);
}

static void a_set_that_the_plugin_refuses_ends_the_grant(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_state->encode_rc = -1;
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_assert_coming_to_rest(f, 1, false, true);
	fake_state->encode_rc = 0;
	fake_tick(f, 2000);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void time_that_seems_to_go_back_lets_no_lease_live_longer(void **state)
{
	struct fake *f = fake_heating(state);
	fake_tick(f, 999);
	f->now_ms -= 500;
	fake_tick(f, 0);
	fake_tick(f, 501);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

/* Ticks and renews for `ms`; how long until it was told to rest, ms. */
static uint64_t off_after(struct fake *f, uint64_t ms, uint64_t grant)
{
	for (uint64_t at = 100; at <= ms; at += 100) {
		fake_tick(f, 100);
		if (fake_sent(f, FAKE_OFF))
			return at;
		fake_lease(f, FAKE_HEAT, grant, 1, 1000);
	}
	return ms;
}

static void what_is_not_seen_any_more_is_driven_to_rest_though_its_lease_runs(void **state)
{
	struct fake *f = fake_heating(state);
	assert_int_equal(off_after(f, 3000, 1), 3000); /* a gap of 3 s ends nothing */
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(off_after(f, 20000, 1), 5000);
	assert_int_equal(f->out.n_states, 2);
	assert_int_equal(f->out.states[0].phase, DEVICE_PHASE_UNKNOWN); /* why: nothing confirms it */
	assert_int_equal(f->out.states[0].grant, 1);
	fake_assert_coming_to_rest(f, 0, false, false);
	assert_int_equal(device_counters(f->device)->leases_expired, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000); /* a renewal that was on its way */
	assert_int_equal(f->out.n_sends, 0);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void implausible_readings_show_nothing(void **state)
{
	struct fake *f = fake_heating(state);
	for (int i = 0; i < 49; i++) {
		fake_say(f, (const uint8_t[]){'Q', FAKE_POWER, THERAPY_ERROR}, 3);
		assert_int_equal(off_after(f, 100, 1), 100);
	}
	fake_tick(f, 100);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void what_was_told_to_come_on_and_says_nothing_is_driven_to_rest(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_tick(f, 60000); /* however long ago rest was proved, it counts from the grant */
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(off_after(f, 20000, 1), 5000);
}

static void a_new_value_gives_no_longer_sight(void **state)
{
	struct fake *f = fake_heating(state);
	assert_int_equal(off_after(f, 4000, 1), 4000);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000);
	assert_int_equal(off_after(f, 20000, 2), 1000);
}

/* Says `value` of `metric` ten times a second and renews; after how long grant 1 was said never to have come on, ms. */
static uint64_t given_up_after(struct fake *f, uint8_t control, uint8_t metric, double value, uint64_t ms)
{
	for (uint64_t at = 100; at <= ms; at += 100) {
		fake_tick(f, 100);
		fake_reading(f, metric, 0);
		if (f->out.n_states > 0)
			return at;
		fake_lease(f, control, 1, value, 1000);
	}
	return ms;
}

static void what_was_told_to_come_on_and_says_rest_is_given_up(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_tick(f, 60000);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(given_up_after(f, FAKE_HEAT, FAKE_POWER, 1, 20000), 10000);
	fake_assert_coming_to_rest(f, 1, false, false);
	assert_true(fake_state_of(f, FAKE_HEAT).never_on);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1); /* an ON that is still on its way must not be the last word */
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	fake_reading(f, FAKE_POWER, 0);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000); /* asked for anew it is tried again */
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void what_takes_longer_to_rest_may_take_longer_to_come_on(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	f->controls[FAKE_TENSION].confirm_ms = 15000;
	fake_start(f);
	fake_at_rest(f);
	fake_lease(f, FAKE_TENSION, 1, 100, 1000);
	assert_int_equal(given_up_after(f, FAKE_TENSION, FAKE_FORCE, 100, 30000), 15000);
	assert_true(fake_state_of(f, FAKE_TENSION).never_on);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_lease_is_refused_unless_rest_is_proved),
	    TEST(a_lease_of_a_value_that_may_not_be_asked_for_energises_nothing),
	    TEST(a_renewal_extends_and_never_energises),
	    TEST(the_devices_own_timer_is_renewed_only_while_leased),
	    TEST(an_expired_lease_rests_at_once_and_says_so),
	    TEST(no_lease_outlives_a_minute_whatever_it_says),
	    TEST(renewals_buffered_while_the_process_was_stopped_are_too_old_to_matter),
	    TEST(who_switches_it_off_at_the_device_ends_the_grant),
	    TEST(what_comes_on_slowly_keeps_its_lease),
	    TEST(what_was_told_to_come_on_and_says_rest_is_given_up),
	    TEST(what_takes_longer_to_rest_may_take_longer_to_come_on),
	    TEST(a_new_grant_while_on_sets_the_new_value_and_the_old_one_is_over),
	    TEST(no_lease_is_taken_in_the_middle_of_a_ramp_that_was_asked_for_at_rest),
	    TEST(rest_asked_for_at_rest_is_reported_once_it_was_driven),
	    TEST(a_lost_link_ends_leases_and_nothing_resumes_on_its_return),
	    TEST(a_link_that_comes_up_twice_counts_as_lost_between),
	    TEST(a_set_that_the_plugin_refuses_ends_the_grant),
	    TEST(time_that_seems_to_go_back_lets_no_lease_live_longer),
	    TEST(what_is_not_seen_any_more_is_driven_to_rest_though_its_lease_runs),
	    TEST(implausible_readings_show_nothing),
	    TEST(what_was_told_to_come_on_and_says_nothing_is_driven_to_rest),
	    TEST(a_new_value_gives_no_longer_sight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * Switched on by somebody else: told, kept for a moment, adopted without switching anything, or driven to rest. */
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

/* At rest for a while, then somebody presses the button. */
static struct fake *pressed(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_tick(f, 5000);
	fake_reading(f, FAKE_POWER, 50);
	return f;
}

static void it_is_told_with_its_value_and_left_alone_for_a_moment(void **state)
{
	struct fake *f = pressed(state);
	assert_int_equal(f->out.n_sends, 0);
	assert_int_equal(f->out.n_states, 1);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.phase, DEVICE_PHASE_CONFIRMED_ON);
	assert_int_equal(s.grant, 0);
	assert_true(s.foreign);
	assert_near(s.value, 50, 0);
	assert_false(device_idle(f->device));
	assert_int_equal(device_deadline(f->device), f->now_ms + 500);
}

static void without_an_answer_it_is_driven_to_rest(void **state)
{
	struct fake *f = pressed(state);
	fake_tick(f, 499);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 1);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_assert_coming_to_rest(f, 0, false, false);
	fake_adopt(f, FAKE_HEAT, 1, 1000); /* too late */
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	fake_tick(f, 2000);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void adopting_renews_its_timer_and_switches_nothing(void **state)
{
	struct fake *f = pressed(state);
	fake_tick(f, 20);
	fake_adopt(f, FAKE_HEAT, 4, 1000);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(fake_sent(f, FAKE_RENEW), 1);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.phase, DEVICE_PHASE_CONFIRMED_ON);
	assert_int_equal(s.grant, 4);
	for (int i = 0; i < 20; i++) { /* and from then on like any other grant */
		fake_tick(f, 200);
		fake_lease(f, FAKE_HEAT, 4, 1, 1000);
		fake_reading(f, FAKE_POWER, 50);
		assert_int_equal(fake_sent(f, FAKE_ON) + fake_sent(f, FAKE_OFF), 0);
	}
	fake_tick(f, 1000);
	fake_assert_coming_to_rest(f, 4, false, true);
}

static void who_switches_an_adopted_one_off_again_stays_off(void **state)
{
	struct fake *f = pressed(state);
	fake_adopt(f, FAKE_HEAT, 4, 1000);
	fake_reading(f, FAKE_POWER, 0);
	fake_assert_coming_to_rest(f, 4, true, false);
	for (int i = 0; i < 50; i++) {
		fake_tick(f, 100);
		fake_adopt(f, FAKE_HEAT, 4, 1000);
		assert_int_equal(fake_sent(f, FAKE_ON), 0);
	}
}

static void off_again_before_anybody_answered_needs_no_rest(void **state)
{
	struct fake *f = pressed(state);
	fake_tick(f, 100);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	assert_int_equal(f->out.n_sends, 0);
	fake_adopt(f, FAKE_HEAT, 4, 1000); /* its answer crosses */
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

static void the_gateway_may_forbid_it_at_once(void **state)
{
	struct fake *f = pressed(state);
	fake_rest(f, FAKE_HEAT, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_assert_coming_to_rest(f, 0, false, false);
	fake_tick(f, 500);
	assert_int_equal(f->out.n_sends, 0); /* once, not again for the moment that is over */
}

static void a_gateway_that_dies_meanwhile_adopts_nothing(void **state)
{
	struct fake *f = pressed(state);
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_adopt(f, FAKE_HEAT, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
}

static void a_link_that_is_lost_meanwhile_forgets_it(void **state)
{
	struct fake *f = pressed(state);
	fake_link(f, false);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_UNKNOWN);
	fake_adopt(f, FAKE_HEAT, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_adopt(f, FAKE_HEAT, 2, 1000);
	assert_int_equal(f->out.n_sends, 0);
}

static void nothing_can_be_adopted_that_was_not_switched_on(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_adopt(f, FAKE_HEAT, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

static void a_number_is_told_and_driven_to_rest(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_at_rest(f);
	fake_reading(f, FAKE_FORCE, 80);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
	struct device_control_state s = fake_state_of(f, FAKE_TENSION);
	assert_true(s.foreign);
	assert_near(s.value, 80, 0);
	assert_int_equal(s.phase, DEVICE_PHASE_COMING_TO_REST);
}

static void what_has_no_renewal_is_told_and_driven_to_rest(void **state)
{
	struct fake *f = *state;
	f->controls[FAKE_HEAT].renew = THERAPY_NONE;
	pressed(state);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_true(fake_state_of(f, FAKE_HEAT).foreign);
}

/* The core counts presses; one that is over within a step must not vanish. */
static void a_press_is_told_even_if_it_is_over_within_the_step(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	const uint8_t on_and_off[] = {'R', FAKE_POWER, 50, 0, 'R', FAKE_POWER, 0, 0};
	fake_say(f, on_and_off, sizeof on_and_off);
	struct device_control_state s = fake_state_of(f, FAKE_HEAT);
	assert_int_equal(s.phase, DEVICE_PHASE_AT_REST);
	assert_true(s.foreign);
	assert_near(s.value, 50, 0);
}

static void a_request_that_crosses_it_is_carried_out(void **state)
{
	struct fake *f = pressed(state);
	fake_lease(f, FAKE_HEAT, 9, 1, 1000); /* permitted before the core heard of the hand */
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).grant, 9);
	fake_tick(f, 500);
	assert_int_equal(fake_sent(f, FAKE_OFF), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void what_is_only_cut_is_adopted_and_never_switched_on(void **state)
{
	struct fake *f = *state;
	struct device_config config = {.model = &f->model, .only_cuts = true};
	assert_int_equal(device_new(&config, f->now_ms, &f->device), 0);
	fake_at_rest(f);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 0);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	fake_reading(f, FAKE_POWER, 50);
	fake_adopt(f, FAKE_HEAT, 2, 1000);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_CONFIRMED_ON);
	assert_int_equal(fake_sent(f, FAKE_ON), 0);
	fake_rest(f, FAKE_HEAT, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_told_with_its_value_and_left_alone_for_a_moment),
	    TEST(without_an_answer_it_is_driven_to_rest),
	    TEST(adopting_renews_its_timer_and_switches_nothing),
	    TEST(who_switches_an_adopted_one_off_again_stays_off),
	    TEST(off_again_before_anybody_answered_needs_no_rest),
	    TEST(the_gateway_may_forbid_it_at_once),
	    TEST(a_gateway_that_dies_meanwhile_adopts_nothing),
	    TEST(a_link_that_is_lost_meanwhile_forgets_it),
	    TEST(nothing_can_be_adopted_that_was_not_switched_on),
	    TEST(a_number_is_told_and_driven_to_rest),
	    TEST(what_has_no_renewal_is_told_and_driven_to_rest),
	    TEST(a_press_is_told_even_if_it_is_over_within_the_step),
	    TEST(a_request_that_crosses_it_is_carried_out),
	    TEST(what_is_only_cut_is_adopted_and_never_switched_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

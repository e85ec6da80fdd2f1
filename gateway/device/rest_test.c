/* SPDX-License-Identifier: Apache-2.0
 * The way to rest, its proof, and what an orphan does. */
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

static void a_link_that_comes_up_rests_every_control_before_anything_may_be_asked(void **state)
{
	struct fake *f = *state;
	f->model.n_on_connect = 1;
	f->model.n_polls = 2;
	f->polls[0].reply_ms = 0;
	fake_start(f);
	fake_link(f, true);
	assert_int_equal(f->out.n_sends, 4);
	assert_int_equal(f->out.sends[0].data[0], FAKE_HELLO); /* on_connect */
	assert_int_equal(f->out.sends[1].data[0], FAKE_OFF);
	assert_int_equal(f->out.sends[1].effect, THERAPY_STOP);
	fake_assert_coming_to_rest(f, 0, false, false);
}

static void rest_is_sent_again_until_a_reading_proves_it(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(device_deadline(f->device), f->now_ms + 2000);
		fake_tick(f, 1999);
		assert_int_equal(f->out.n_sends, 0);
		fake_tick(f, 1);
		assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	}
	fake_say(f, "Q\0\2", 3); /* an ERROR reading proves nothing */
	fake_say(f, "Q\0\0", 3); /* nor does an unknown one */
	fake_reading(f, FAKE_TILT, 0);
	assert_int_equal(f->out.n_states, 0);
	fake_reading(f, FAKE_POWER, 4);
	assert_int_equal(f->out.n_states, 0);
	fake_reading(f, FAKE_POWER, 3);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	fake_tick(f, 60000);
	assert_int_equal(f->out.n_sends, 0);
}

static void a_reading_from_before_rest_was_sent_proves_nothing(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	const uint8_t old[] = {'G', 100, 0, 'R', FAKE_POWER, 0, 0};
	fake_tick(f, 99);
	fake_say(f, old, sizeof old);
	assert_int_equal(f->out.n_states, 0);
	fake_tick(f, 1);
	fake_say(f, old, sizeof old);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

static void a_control_that_flickers_is_told_to_rest_at_a_bounded_rate(void **state)
{
	struct fake *f = *state;
	f->controls[0].renew = THERAPY_NONE; /* so nothing is adopted */
	fake_start(f);
	fake_at_rest(f);
	size_t told = 0;
	for (int i = 0; i < 1000; i++) { /* 1 s */
		fake_tick(f, 1);
		told += fake_sent(f, FAKE_OFF);
		fake_reading(f, FAKE_POWER, i % 2 ? 0 : 50);
		told += fake_sent(f, FAKE_OFF);
	}
	assert_in_range(told, 2, 11);
}

static void rest_on_order_is_sent_at_once_even_if_rest_was_proved(void **state)
{
	struct fake *f = fake_heating(state);
	fake_rest(f, FAKE_HEAT, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_assert_coming_to_rest(f, 1, false, false);
	fake_reading(f, FAKE_POWER, 0);
	fake_rest(f, FAKE_HEAT, false);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(f->out.n_states, 1); /* still proved, and whoever asked waits to hear it */
	assert_int_equal(f->out.states[0].phase, DEVICE_PHASE_AT_REST);
	assert_int_equal(f->out.states[0].grant, 0);
	fake_rest(f, 9, false);
	assert_int_equal(f->out.n_sends, 0);
}

static void a_ramp_keeps_its_delays_also_after_a_late_tick(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_rest(f, FAKE_TENSION, false);
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(f->out.sends[0].data[1], 50);
	fake_tick(f, 1999);
	assert_int_equal(f->out.n_sends, 0);
	fake_reading(f, FAKE_FORCE, 0);
	assert_int_equal(f->out.n_states, 0); /* not at rest before the sequence is through */
	fake_lease(f, FAKE_TENSION, 2, 100, 1000);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 9000); /* late */
	assert_int_equal(f->out.n_sends, 1);
	assert_int_equal(f->out.sends[0].data[1], 20);
	fake_tick(f, 999);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 1);
	assert_int_equal(f->out.sends[0].data[1], 0);
	fake_tick(f, 1499);
	fake_reading(f, FAKE_FORCE, 5);
	assert_int_equal(fake_state_of(f, FAKE_TENSION).phase, DEVICE_PHASE_AT_REST);
}

static void stop_overrides_a_running_rest_and_rest_never_slows_a_stop(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_rest(f, FAKE_TENSION, false);
	fake_rest(f, FAKE_TENSION, false); /* the ramp does not start anew */
	assert_int_equal(f->out.n_sends, 0);
	fake_rest(f, FAKE_TENSION, true);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	fake_tick(f, 100);
	fake_rest(f, FAKE_TENSION, false);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 0);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	fake_tick(f, 1500); /* not proved: again, the same way */
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 0);
	fake_reading(f, FAKE_FORCE, 0);
	fake_lease(f, FAKE_TENSION, 2, 100, 1000);
	fake_rest(f, FAKE_TENSION, false); /* a new session ramps again */
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
}

static void a_stop_of_several_steps_is_not_begun_anew(void **state)
{
	struct fake *f = *state;
	const struct therapy_step stop[] = {{0, FAKE_STOP, 2}, {500, FAKE_STOP, 1}, {500, FAKE_STOP, 0}};
	f->controls[1].stop = stop;
	f->controls[1].n_stop = 3;
	f = fake_pulling(state);
	fake_rest(f, FAKE_TENSION, true);
	assert_int_equal(f->out.sends[0].data[1], 2);
	fake_tick(f, 400);
	fake_rest(f, FAKE_TENSION, true);
	fake_rest(f, FAKE_TENSION, false);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 100);
	assert_int_equal(f->out.sends[0].data[1], 1);
	fake_tick(f, 500);
	assert_int_equal(f->out.sends[0].data[1], 0);
}

static void a_link_lost_in_the_middle_of_a_ramp_begins_it_anew(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_rest(f, FAKE_TENSION, false);
	fake_tick(f, 500);
	fake_link(f, false);
	fake_tick(f, 5000);
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
}

static void a_stop_is_still_a_stop_when_the_link_comes_back(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_rest(f, FAKE_TENSION, true);
	fake_link(f, false);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 0);
}

static void a_stop_while_the_link_is_down_is_the_way_to_rest_when_it_comes_back(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_link(f, false);
	fake_rest(f, FAKE_TENSION, true);
	fake_rest(f, FAKE_TENSION, false); /* a weaker order does not undo it */
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 0);
	fake_reading(f, FAKE_FORCE, 0);
	fake_lease(f, FAKE_TENSION, 2, 100, 1000);
	fake_rest(f, FAKE_TENSION, false); /* and is forgotten once rest is proved */
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
}

static void a_stop_before_the_first_link_is_the_way_to_rest_too(void **state)
{
	struct fake *f = *state;
	f->model.n_controls = 2;
	fake_start(f);
	fake_rest(f, FAKE_TENSION, true);
	assert_int_equal(f->out.n_sends, 0);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 0);
}

static void an_orphan_rests_everything_takes_no_lease_and_is_idle_when_rest_is_proved(void **state)
{
	struct fake *f = fake_heating(state);
	assert_false(device_idle(f->device));
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_assert_coming_to_rest(f, 1, false, false);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
	assert_false(device_idle(f->device));
	fake_reading(f, FAKE_POWER, 0);
	assert_true(device_idle(f->device));
	fake_lease(f, FAKE_HEAT, 3, 1, 1000);
	assert_int_equal(f->out.n_sends, 0);
}

static void an_orphan_whose_device_proves_nothing_may_go_when_its_bound_has_passed(void **state)
{
	struct fake *f = fake_pulling(state);
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_int_equal(fake_sent(f, FAKE_RAMP), 1);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1); /* at rest already; told all the same */
	uint64_t end = f->now_ms + 3000 + 3 * 1500;
	end = end > f->now_ms + 6000 ? end : f->now_ms + 6000; /* tension's is the longer one */
	while (f->now_ms < end) {
		assert_false(device_idle(f->device));
		uint64_t next = device_deadline(f->device);
		assert_true(next > f->now_ms && next <= end);
		fake_tick(f, next - f->now_ms);
	}
	assert_true(device_idle(f->device));
}

static void an_orphan_that_can_read_nothing_is_done_when_its_ramp_is(void **state)
{
	struct fake *f = fake_pulling(state);
	assert_true(device_told(f->device));
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_false(device_told(f->device));
	fake_tick(f, 2000);
	assert_false(device_told(f->device));
	fake_rest(f, FAKE_TENSION, true); /* somebody has pain: the faster way, also then */
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_true(device_told(f->device));
	assert_false(device_idle(f->device));
}

static void an_orphan_at_rest_is_idle_at_once(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_at_rest(f);
	fake_input(f, DEVICE_IN_ORPHANED);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_true(device_idle(f->device));
}

static void every_repetition_is_told_so_that_the_core_knows_that_it_is_not_obeyed(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).repeats, 0);
	for (uint32_t i = 1; i < 10; i++) {
		fake_tick(f, 2000);
		assert_int_equal(fake_sent(f, FAKE_OFF), 1);
		assert_int_equal(fake_state_of(f, FAKE_HEAT).repeats, i);
		assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_COMING_TO_REST);
	}
	fake_rest(f, FAKE_HEAT, false); /* told once more: that is no fresh start for who does not obey */
	assert_int_equal(fake_state_of(f, FAKE_HEAT).repeats, 9);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).repeats, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	fake_tick(f, 1000);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).repeats, 0);
}

static void a_device_that_is_gone_disobeys_nothing(void **state)
{
	struct fake *f = *state;
	fake_init_messages(f);
	fake_start(f);
	fake_link(f, true);
	fake_say(f, "P\2", 2);
	for (int i = 0; i < 10; i++) {
		fake_tick(f, 2000);
		assert_int_equal(fake_sent(f, FAKE_OFF), 1);
		for (size_t k = 0; k < f->out.n_states; k++)
			assert_int_equal(f->out.states[k].repeats, 0);
	}
}

static void a_stop_that_is_not_proved_is_repeated_sooner_than_a_ramp(void **state)
{
	struct fake *f = *state;
	f->controls[FAKE_TENSION].stop_ms = 300;
	fake_pulling(state);
	fake_rest(f, FAKE_TENSION, true);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	fake_tick(f, 299);
	assert_int_equal(f->out.n_sends, 0);
	fake_tick(f, 1);
	assert_int_equal(fake_sent(f, FAKE_STOP), 1);
	assert_int_equal(fake_state_of(f, FAKE_TENSION).repeats, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_link_that_comes_up_rests_every_control_before_anything_may_be_asked),
	    TEST(rest_is_sent_again_until_a_reading_proves_it),
	    TEST(a_reading_from_before_rest_was_sent_proves_nothing),
	    TEST(a_control_that_flickers_is_told_to_rest_at_a_bounded_rate),
	    TEST(rest_on_order_is_sent_at_once_even_if_rest_was_proved),
	    TEST(a_ramp_keeps_its_delays_also_after_a_late_tick),
	    TEST(stop_overrides_a_running_rest_and_rest_never_slows_a_stop),
	    TEST(a_stop_of_several_steps_is_not_begun_anew),
	    TEST(a_link_lost_in_the_middle_of_a_ramp_begins_it_anew),
	    TEST(a_stop_is_still_a_stop_when_the_link_comes_back),
	    TEST(a_stop_while_the_link_is_down_is_the_way_to_rest_when_it_comes_back),
	    TEST(a_stop_before_the_first_link_is_the_way_to_rest_too),
	    TEST(an_orphan_rests_everything_takes_no_lease_and_is_idle_when_rest_is_proved),
	    TEST(an_orphan_whose_device_proves_nothing_may_go_when_its_bound_has_passed),
	    TEST(an_orphan_that_can_read_nothing_is_done_when_its_ramp_is),
	    TEST(an_orphan_at_rest_is_idle_at_once),
	    TEST(every_repetition_is_told_so_that_the_core_knows_that_it_is_not_obeyed),
	    TEST(a_device_that_is_gone_disobeys_nothing),
	    TEST(a_stop_that_is_not_proved_is_repeated_sooner_than_a_ramp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

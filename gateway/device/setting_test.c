/* SPDX-License-Identifier: Apache-2.0
 * What is changed on a device is asked for first, and given back. */
#include "device/fake_model.h"

#include "base/testing.h"

#include <stdlib.h>

enum { STAY_OFF, QUIET };

static int setup(void **state)
{
	struct fake *f = calloc(1, sizeof *f);
	assert_non_null(f);
	fake_init_messages(f);
	f->model.n_polls = 0;
	f->model.n_settings = 1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fake_end(*state);
	free(*state);
	return 0;
}

static void says(struct fake *f, uint8_t setting, uint8_t value)
{
	const uint8_t item[] = {'S', setting, value};
	fake_say(f, item, sizeof item);
}

static void kept(struct fake *f, uint8_t setting)
{
	f->out = device_step(f->device, f->now_ms,
			     &(struct device_input){.type = DEVICE_IN_SETTING_KEPT, .setting = setting});
}

static void release(struct fake *f, uint8_t setting, double was)
{
	const struct device_setting_was all[] = {{setting, was}};
	f->out = device_step(f->device, f->now_ms,
			     &(struct device_input){.type = DEVICE_IN_RELEASE, .was = all, .n_was = 1});
}

static bool set_to(const struct fake *f, uint8_t value)
{
	for (size_t i = 0; i < f->out.n_sends; i++)
		if (f->out.sends[i].data[0] == FAKE_SET_SETTING && f->out.sends[i].data[1] == value)
			return true;
	return false;
}

static bool news(const struct fake *f, uint8_t setting, enum device_setting_news news, double value)
{
	for (size_t i = 0; i < f->out.n_settings; i++) {
		const struct device_setting_state *s = &f->out.settings[i];
		if (s->setting == setting && s->news == news && s->value >= value && s->value <= value)
			return true;
	}
	return false;
}

/* The link is up, and a reading says that heat is at rest. */
static struct fake *rests(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	fake_reading(f, FAKE_POWER, 0);
	return f;
}

/* The setting was 3 and is held at 1. */
static struct fake *held(void **state)
{
	struct fake *f = rests(state);
	says(f, STAY_OFF, 3);
	kept(f, STAY_OFF);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	says(f, STAY_OFF, 1);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_HELD, 1));
	return f;
}

static void it_is_changed_only_after_what_it_was_is_remembered(void **state)
{
	struct fake *f = *state;
	fake_start(f);
	fake_link(f, true);
	assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 1);
	assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	says(f, STAY_OFF, 3);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_FOUND, 3));
	assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	kept(f, STAY_OFF);
	assert_true(set_to(f, 1));
	says(f, STAY_OFF, 1);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_HELD, 1));
}

static void one_that_is_as_wanted_is_told_and_not_set(void **state)
{
	struct fake *f = rests(state);
	says(f, STAY_OFF, 1);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_FOUND, 1));
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_HELD, 1));
	for (int i = 0; i < 10; i++) {
		fake_tick(f, 1000);
		assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	}
}

static void a_device_that_is_silent_is_asked_for_ever_and_told_nothing(void **state)
{
	struct fake *f = *state;
	size_t asked = 0;
	fake_start(f);
	fake_link(f, true);
	for (int i = 0; i < 600; i++) {
		fake_tick(f, 1000);
		asked += fake_sent(f, FAKE_ASK_SETTING);
		assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	}
	assert_int_equal(asked, 120);
}

static void safety_sets_what_a_device_that_speaks_does_not_say_and_tells_so(void **state)
{
	struct fake *f = *state;
	f->model.n_settings = 2;
	rests(state);
	assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 2);
	for (int i = 0; i < 2; i++) {
		fake_tick(f, 1000);
		assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 2);
		assert_int_equal(f->out.n_settings, 0);
	}
	fake_tick(f, 1000);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_BLIND, 0) && set_to(f, 1));
	assert_true(news(f, QUIET, DEVICE_SETTING_UNSET, 0) && !set_to(f, 7));
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

static void a_disk_that_hangs_does_not_keep_it_from_being_set(void **state)
{
	struct fake *f = rests(state);
	says(f, STAY_OFF, 3);
	fake_tick(f, 2999);
	assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	fake_tick(f, 1);
	assert_true(set_to(f, 1));
}

static void who_only_looks_changes_nothing(void **state)
{
	struct fake *f = *state;
	struct device_config config = {.model = &f->model, .leave_settings = true};
	assert_int_equal(device_new(&config, f->now_ms, &f->device), 0);
	fake_link(f, true);
	fake_reading(f, FAKE_POWER, 0);
	says(f, STAY_OFF, 3);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_FOUND, 3));
	for (int i = 0; i < 20; i++) {
		fake_tick(f, 1000);
		assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	}
}

static void nothing_is_at_rest_or_energised_before_it_was_looked_at(void **state)
{
	struct fake *f = rests(state);
	assert_int_equal(f->out.n_states, 0);
	fake_lease(f, FAKE_HEAT, 1, 1, 1000);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	says(f, STAY_OFF, 3);
	for (int i = 0; i < 20; i++) { /* and a proof that is there already is no disobedience */
		fake_tick(f, 100);
		assert_int_equal(fake_sent(f, FAKE_OFF) + f->out.n_states, 0);
	}
	kept(f, STAY_OFF);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
	fake_lease(f, FAKE_HEAT, 3, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void who_is_on_meanwhile_is_not_at_rest(void **state)
{
	struct fake *f = rests(state);
	fake_tick(f, 200);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_true(fake_state_of(f, FAKE_HEAT).foreign); /* a hand is told, and counted */
	says(f, STAY_OFF, 1);
	assert_int_equal(f->out.n_states, 0);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(fake_state_of(f, FAKE_HEAT).phase, DEVICE_PHASE_AT_REST);
}

static void what_somebody_switches_on_while_it_is_let_go_is_switched_off(void **state)
{
	struct fake *f = held(state);
	release(f, STAY_OFF, 3);
	fake_tick(f, 200);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	says(f, STAY_OFF, 3);
	assert_int_equal(f->out.release, DEVICE_RELEASE_NONE);
	fake_reading(f, FAKE_POWER, 0);
	assert_int_equal(f->out.release, DEVICE_RELEASED);
}

static void one_that_is_not_taken_is_told_three_times_and_said(void **state)
{
	struct fake *f = rests(state);
	says(f, STAY_OFF, 3);
	kept(f, STAY_OFF);
	size_t told = fake_sent(f, FAKE_SET_SETTING);
	for (int i = 0; i < 20; i++) {
		says(f, STAY_OFF, 3);
		if (news(f, STAY_OFF, DEVICE_SETTING_REFUSED, 3))
			break;
		fake_tick(f, 1000);
		told += fake_sent(f, FAKE_SET_SETTING);
		if (news(f, STAY_OFF, DEVICE_SETTING_REFUSED, 3))
			break;
	}
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_REFUSED, 3));
	assert_int_equal(told, 3);
}

static void what_somebody_changes_later_is_set_once_more_and_not_for_ever(void **state)
{
	struct fake *f = held(state);
	says(f, STAY_OFF, 2);
	assert_true(set_to(f, 1));
	says(f, STAY_OFF, 1);
	says(f, STAY_OFF, 2);
	assert_false(set_to(f, 1));
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_REFUSED, 2));
}

static void who_comes_back_is_asked_anew(void **state)
{
	struct fake *f = held(state);
	fake_say(f, (uint8_t[]){'P', THERAPY_ABSENT}, 2);
	fake_tick(f, 400000);
	assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 0);
	fake_say(f, (uint8_t[]){'P', THERAPY_PRESENT}, 2);
	assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 1);
	says(f, STAY_OFF, 3);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_FOUND, 3));
	kept(f, STAY_OFF);
	says(f, STAY_OFF, 1);
	fake_say(f, (uint8_t[]){'P', THERAPY_PRESENT}, 2); /* it was away, and nobody noticed */
	assert_int_equal(fake_sent(f, FAKE_ASK_SETTING), 1);
}

static void letting_go_first_rests_and_then_gives_back(void **state)
{
	struct fake *f = held(state);
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	fake_reading(f, FAKE_POWER, 50);
	release(f, STAY_OFF, 3);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	fake_reading(f, FAKE_POWER, 50);
	assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
	fake_reading(f, FAKE_POWER, 0);
	assert_true(set_to(f, 3));
	assert_int_equal(f->out.release, DEVICE_RELEASE_NONE);
	says(f, STAY_OFF, 3);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_GIVEN_BACK, 3));
	assert_int_equal(f->out.release, DEVICE_RELEASED);
	fake_lease(f, FAKE_HEAT, 2, 1, 1000);
	assert_true(fake_state_of(f, FAKE_HEAT).lease_expired);
	for (int i = 0; i < 400; i++) { /* and it is never changed again */
		fake_tick(f, 1000);
		assert_int_equal(fake_sent(f, FAKE_SET_SETTING), 0);
		assert_int_equal(f->out.release, DEVICE_RELEASE_NONE);
	}
}

static void what_does_not_come_to_rest_is_not_let_go(void **state)
{
	struct fake *f = held(state);
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	fake_reading(f, FAKE_POWER, 50);
	release(f, STAY_OFF, 3);
	enum device_release came = DEVICE_RELEASE_NONE;
	for (int i = 0; i < 60 && came == DEVICE_RELEASE_NONE; i++) {
		fake_tick(f, 1000);
		came = f->out.release;
		assert_false(set_to(f, 3));
	}
	assert_int_equal(came, DEVICE_RELEASE_NOT_AT_REST);
	says(f, STAY_OFF, 1);
	assert_true(news(f, STAY_OFF, DEVICE_SETTING_HELD, 1));
}

static void a_setting_that_is_not_taken_back_keeps_the_device_ours(void **state)
{
	struct fake *f = held(state);
	release(f, STAY_OFF, 3);
	fake_reading(f, FAKE_POWER, 0);
	enum device_release came = DEVICE_RELEASE_NONE;
	for (int i = 0; i < 60 && came == DEVICE_RELEASE_NONE; i++) {
		fake_tick(f, 1000);
		came = f->out.release;
	}
	assert_int_equal(came, DEVICE_RELEASE_NOT_TAKEN);
	says(f, STAY_OFF, 3);
	kept(f, STAY_OFF);
	assert_true(set_to(f, 1));
	says(f, STAY_OFF, 1);
	fake_lease(f, FAKE_HEAT, 5, 1, 1000);
	assert_int_equal(fake_sent(f, FAKE_ON), 1);
}

static void a_stop_while_it_is_let_go_still_goes_first(void **state)
{
	struct fake *f = held(state);
	f->model.n_controls = 1;
	fake_lease(f, FAKE_HEAT, 1, 1, 60000);
	fake_reading(f, FAKE_POWER, 50);
	release(f, STAY_OFF, 3);
	fake_rest(f, FAKE_HEAT, true);
	assert_int_equal(fake_sent(f, FAKE_OFF), 1);
	fake_reading(f, FAKE_POWER, 0);
	assert_true(set_to(f, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(it_is_changed_only_after_what_it_was_is_remembered),
	    T(one_that_is_as_wanted_is_told_and_not_set),
	    T(a_device_that_is_silent_is_asked_for_ever_and_told_nothing),
	    T(safety_sets_what_a_device_that_speaks_does_not_say_and_tells_so),
	    T(a_disk_that_hangs_does_not_keep_it_from_being_set),
	    T(who_only_looks_changes_nothing),
	    T(nothing_is_at_rest_or_energised_before_it_was_looked_at),
	    T(who_is_on_meanwhile_is_not_at_rest),
	    T(what_somebody_switches_on_while_it_is_let_go_is_switched_off),
	    T(one_that_is_not_taken_is_told_three_times_and_said),
	    T(what_somebody_changes_later_is_set_once_more_and_not_for_ever),
	    T(who_comes_back_is_asked_anew),
	    T(letting_go_first_rests_and_then_gives_back),
	    T(what_does_not_come_to_rest_is_not_let_go),
	    T(a_setting_that_is_not_taken_back_keeps_the_device_ours),
	    T(a_stop_while_it_is_let_go_still_goes_first),
	};
	return cmocka_run_group_tests_name("what is changed on a device", tests, NULL, NULL);
}

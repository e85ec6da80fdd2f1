/* SPDX-License-Identifier: Apache-2.0
 * Hazards 24, 25, 27: what devices do against what they were told. */
#include <string.h>

#include "core/inside.h"
#include "core/testing_rig.h"

static struct rig rig;

static int start(void **state)
{
	(void)state;
	rig_start_guarded(&rig, false);
	rig_calm_guarded(&rig);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static bool latched(enum core_latch_type type)
{
	struct core_latch latch;
	for (size_t i = 0; core_latch(rig.core, i, &latch); i++)
		if (latch.type == type)
			return true;
	return false;
}

static void told(enum core_phase phase, uint32_t repeats)
{
	rig_tell(&rig, PAD, PAD_HEAT, &(struct core_input){.state = {.phase = phase, .repeats = repeats}});
}

static void switched_on(double value)
{
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = value}});
}

static void heat_then_rest(void)
{
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	told(CORE_PHASE_COMING_TO_REST, 0);
}

static void the_third_repetition_that_nothing_answers_is_not_obeyed(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_ACCEPTED);
	heat_then_rest();
	for (uint32_t repeats = 1; repeats <= 3; repeats++) {
		told(CORE_PHASE_COMING_TO_REST, repeats);
		assert_false(latched(CORE_LATCH_NOT_OBEYED));
	}
	told(CORE_PHASE_COMING_TO_REST, 4);
	const struct core_output *event = rig_event(&rig, CORE_EVENT_NOT_OBEYED);
	assert_non_null(event);
	assert_int_equal(event->priority, CORE_PRIORITY_HIGH);
	assert_string_equal(event->why,
			    "pad.heat was told to rest 5 times and no reading proves that it obeyed: it is cut "
			    "off at plug.power");
	assert_non_null(rig_event(&rig, CORE_EVENT_LATCHED));
	const struct core_output *rest = rig_output(&rig, CORE_OUT_REST, 0);
	assert_int_equal(rest->device, PLUG);
	assert_false(rig_permission(&rig, PLUG, PLUG_POWER).granted);
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "plug.power was ended: it cuts off pad.heat");
	rig_phase(&rig, PLUG, PLUG_POWER, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_NOT_PERMITTED); /* inhibited while latched */
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "it cuts off pad.heat");
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_NOT_PERMITTED); /* it is still on */
	told(CORE_PHASE_AT_REST, 0);
	rig_live_guarded(&rig, 60000);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "pad.heat did not come to rest");
	assert_int_equal(rig_verb(&rig, CORE_RESET, "pad", "heat"), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_ACCEPTED);
}

static void a_device_process_that_says_nothing_is_not_obeyed_by_the_cores_own_clock(void **state)
{
	(void)state;
	heat_then_rest();
	uint64_t began = rig.now;
	rig_live_guarded(&rig, 4999); /* 2 s and three times 1 s */
	assert_false(latched(CORE_LATCH_NOT_OBEYED));
	rig_wait(&rig, began + 5000 - rig.now);
	assert_true(latched(CORE_LATCH_NOT_OBEYED));
}

static void a_suspend_while_it_comes_to_rest_counts(void **state)
{
	(void)state;
	heat_then_rest();
	rig_jump(&rig, 3600000);
	assert_true(latched(CORE_LATCH_NOT_OBEYED));
}

static void rest_that_is_proved_in_time_is_obeyed(void **state)
{
	(void)state;
	heat_then_rest();
	told(CORE_PHASE_COMING_TO_REST, 3);
	rig_live_guarded(&rig, 4900);
	told(CORE_PHASE_AT_REST, 0);
	rig_live_guarded(&rig, 60000);
	assert_false(latched(CORE_LATCH_NOT_OBEYED));
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
}

static void a_device_that_was_never_on_disobeys_nothing_and_one_that_says_on_does(void **state)
{
	(void)state;
	rig_present(&rig, PAD, false);
	rig_present(&rig, PAD, true);
	told(CORE_PHASE_COMING_TO_REST, 0); /* its link is up, and it does not answer: off at the wall */
	told(CORE_PHASE_COMING_TO_REST, 9);
	rig_live_guarded(&rig, 60000);
	assert_false(latched(CORE_LATCH_NOT_OBEYED));
	rig_read(&rig, PAD, PAD_RELAY, 1); /* it is there after all, and on */
	told(CORE_PHASE_COMING_TO_REST, 10);
	assert_true(latched(CORE_LATCH_NOT_OBEYED));
}

static void power_while_off_twice_and_late_enough_is_a_welded_relay(void **state)
{
	(void)state;
	heat_then_rest();
	told(CORE_PHASE_AT_REST, 0);
	uint64_t off = rig.now;
	for (int i = 0; i < 5; i++) /* too early: it may be what it measured before */
		rig_read(&rig, PAD, PAD_LOAD, 50);
	rig.now = off + 14999;
	rig_refresh_guarded(&rig);
	rig_read(&rig, PAD, PAD_LOAD, 50);
	rig_read_quality(&rig, PAD, PAD_LOAD, 50, THERAPY_GOOD, off + 14999);
	assert_false(latched(CORE_LATCH_WELDED));
	rig.now = off + 15000;
	rig_refresh_guarded(&rig);
	rig_read(&rig, PAD, PAD_LOAD, 3.1);
	assert_false(latched(CORE_LATCH_WELDED)); /* once may be noise */
	rig_read(&rig, PAD, PAD_LOAD, 3);
	rig_read(&rig, PAD, PAD_LOAD, 3.1);
	assert_false(latched(CORE_LATCH_WELDED));
	rig_read_quality(&rig, PAD, PAD_LOAD, 50, THERAPY_ERROR, rig.now); /* proves nothing */
	assert_false(latched(CORE_LATCH_WELDED));
	rig_read(&rig, PAD, PAD_LOAD, 3.1);
	assert_true(latched(CORE_LATCH_WELDED));
	assert_string_equal(rig_event(&rig, CORE_EVENT_WELDED)->why,
			    "pad.heat reported off and draws 3.1 W all the same: it is cut off at plug.power");
	assert_int_equal(rig_output(&rig, CORE_OUT_REST, 0)->device, PLUG);
	rig_live_guarded(&rig, 3000);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why,
			"it can be reset when it is at rest and draws no power");
	rig_live_guarded(&rig, 3000);
	rig_read(&rig, PAD, PAD_LOAD, 0.5);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
}

static void little_power_while_on_is_no_fault_and_power_while_on_neither(void **state)
{
	(void)state;
	struct core_latch latch;
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	told(CORE_PHASE_CONFIRMED_ON, 0);
	for (int i = 0; i < 40; i++) {
		rig_live_guarded(&rig, 1000);
		rig_read(&rig, PAD, PAD_LOAD, i % 2 ? 60 : 0);
	}
	assert_false(core_latch(rig.core, 0, &latch));
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void what_somebody_switches_on_is_adopted_if_the_rules_permit(void **state)
{
	(void)state;
	switched_on(1);
	const struct core_output *lease = rig_output(&rig, CORE_OUT_LEASE, 0);
	assert_non_null(lease);
	assert_true(lease->adopt);
	assert_near(lease->value, 1, 0);
	assert_int_equal(lease->expires_ms, rig.now + 1000);
	assert_non_null(rig_event(&rig, CORE_EVENT_ADOPTED));
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 0);
	rig_jump(&rig, 250);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->adopt); /* only the first one adopts */
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED)); /* and every rule holds for it */
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
}

/* A pad whose handset is off after each power cut: a switch that pretends to heat it would lie. */
static void what_begins_by_a_hand_of_its_own_is_never_switched_on_but_adopted_and_cut(void **state)
{
	(void)state;
	rig.core->home.controls[rig.core->home.devices[PAD].first_control].only_cuts = true;
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "switch it on at the plug and at the device");
	assert_null(rig_output(&rig, CORE_OUT_LEASE, 0));
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	told(CORE_PHASE_AT_REST, 0);
	switched_on(1);
	assert_non_null(rig_event(&rig, CORE_EVENT_ADOPTED));
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->adopt);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED); /* it goes on as it was */
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_non_null(rig_output(&rig, CORE_OUT_REST, 0));
}

static void what_was_adopted_does_not_go_on_by_itself_after_a_pause(void **state)
{
	(void)state;
	switched_on(1);
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	assert_contains(rig_event(&rig, CORE_EVENT_PAUSED)->why, "a new request is needed");
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).suspended);
}

static void what_the_rules_forbid_is_switched_off_and_the_third_time_in_a_minute_latches(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		rig_read(&rig, TABLE, TABLE_TILT, 30);
		switched_on(1);
		assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
		assert_int_equal(rig_output(&rig, CORE_OUT_REST, 0)->device, PAD);
		const struct core_output *event = rig_event(&rig, CORE_EVENT_BYPASSED);
		assert_non_null(event);
		assert_contains(event->why,
				"pad.heat was switched on by somebody else and is switched off: table.tilt is 30");
		assert_int_equal(event->cause.device, TABLE);
		assert_int_equal(latched(CORE_LATCH_BYPASSED), i == 3);
		told(CORE_PHASE_AT_REST, 0);
		rig.now += 20000;
	}
	rig_live_guarded(&rig, 15000);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	switched_on(1); /* permitted by the rules, but latched */
	assert_non_null(rig_event(&rig, CORE_EVENT_BYPASSED));
	told(CORE_PHASE_AT_REST, 0);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void three_times_in_more_than_a_minute_do_not_latch(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		rig_read(&rig, TABLE, TABLE_TILT, 30);
		switched_on(1);
		told(CORE_PHASE_AT_REST, 0);
		rig.now += 30000;
	}
	assert_false(latched(CORE_LATCH_BYPASSED));
}

static void a_force_that_nobody_asked_for_here_is_never_kept_up(void **state)
{
	(void)state;
	rig_tell(&rig, BELT, BELT_TENSION,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 100}});
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_contains(rig_event(&rig, CORE_EVENT_BYPASSED)->why, "must be asked for here");
}

static void while_stopped_nothing_is_adopted(void **state)
{
	(void)state;
	rig_verb(&rig, CORE_STOP, "", "");
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	switched_on(1);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_contains(rig_event(&rig, CORE_EVENT_BYPASSED)->why, "everything was stopped");
}

static void off_by_anyone_ends_the_session_without_alarm(void **state)
{
	(void)state;
	struct core_latch latch;
	switched_on(1);
	uint64_t grant = rig_output(&rig, CORE_OUT_LEASE, 0)->grant;
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){
		     .state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .ended_by_device = true}});
	assert_int_equal(rig_event(&rig, CORE_EVENT_ENDED)->priority, CORE_PRIORITY_LOW);
	told(CORE_PHASE_AT_REST, 0);
	rig_live_guarded(&rig, 20000);
	assert_false(core_latch(rig.core, 0, &latch));
}

/* The rules are read anew: another core over the same devices, told what the old one knew, as gateway/reload.c does. */
static void reload(void)
{
	struct rig old = rig;
	rig_start_guarded(&rig, false);
	rig.now = old.now;
	core_go_on_from(rig.core, old.core);
	for (uint16_t device = TABLE; device < RIG_GUARDED; device++) {
		rig_present(&rig, device, true);
		for (uint16_t metric = 0; metric < 3; metric++) {
			struct core_reading r = core_value(old.core, device, metric);
			if (r.quality != THERAPY_UNKNOWN)
				rig_read_quality(&rig, device, metric, r.value, r.quality, r.stamp_ms);
		}
		if (device >= BELT && device <= PLUG)
			rig_phase(&rig, device, 0, rig_permission(&old, device, 0).phase);
	}
	rig_stop(&old);
}

static void who_does_not_obey_is_found_out_over_a_reload(void **state)
{
	(void)state;
	heat_then_rest();
	told(CORE_PHASE_COMING_TO_REST, 2);
	reload();
	told(CORE_PHASE_COMING_TO_REST, 3);
	assert_false(latched(CORE_LATCH_NOT_OBEYED));
	told(CORE_PHASE_COMING_TO_REST, 4);
	assert_true(latched(CORE_LATCH_NOT_OBEYED));
}

static void hands_are_counted_over_a_reload(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		rig_read(&rig, TABLE, TABLE_TILT, 30);
		switched_on(1);
		assert_int_equal(latched(CORE_LATCH_BYPASSED), i == 3);
		told(CORE_PHASE_AT_REST, 0);
		reload();
		rig.now += 10000;
	}
}

static void a_welded_relay_is_found_over_a_reload(void **state)
{
	(void)state;
	rig_live_guarded(&rig, 20000);
	rig_read(&rig, PAD, PAD_LOAD, 40);
	reload();
	assert_false(latched(CORE_LATCH_WELDED)); /* the same reading, told again */
	rig_read(&rig, PAD, PAD_LOAD, 40);
	assert_true(latched(CORE_LATCH_WELDED));
}

static void the_fast_way_to_rest_stays_that_over_a_reload(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "belt", "tension", 40), CORE_ACCEPTED);
	rig_read(&rig, BELT, BELT_FORCE, 200);
	assert_true(rig_output(&rig, CORE_OUT_REST, 0)->stop);
	rig_read(&rig, BELT, BELT_FORCE, 40);
	reload();
	rig_present(&rig, BELT, false); /* its process died: the next one knows nothing of it */
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_COMING_TO_REST);
	assert_non_null(rig_output(&rig, CORE_OUT_REST, 0));
	assert_true(rig_output(&rig, CORE_OUT_REST, 0)->stop);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(the_third_repetition_that_nothing_answers_is_not_obeyed),
	    with_rig(a_device_process_that_says_nothing_is_not_obeyed_by_the_cores_own_clock),
	    with_rig(a_suspend_while_it_comes_to_rest_counts),
	    with_rig(rest_that_is_proved_in_time_is_obeyed),
	    with_rig(a_device_that_was_never_on_disobeys_nothing_and_one_that_says_on_does),
	    with_rig(power_while_off_twice_and_late_enough_is_a_welded_relay),
	    with_rig(little_power_while_on_is_no_fault_and_power_while_on_neither),
	    with_rig(what_somebody_switches_on_is_adopted_if_the_rules_permit),
	    with_rig(what_begins_by_a_hand_of_its_own_is_never_switched_on_but_adopted_and_cut),
	    with_rig(what_was_adopted_does_not_go_on_by_itself_after_a_pause),
	    with_rig(what_the_rules_forbid_is_switched_off_and_the_third_time_in_a_minute_latches),
	    with_rig(three_times_in_more_than_a_minute_do_not_latch),
	    with_rig(a_force_that_nobody_asked_for_here_is_never_kept_up),
	    with_rig(while_stopped_nothing_is_adopted),
	    with_rig(off_by_anyone_ends_the_session_without_alarm),
	    with_rig(who_does_not_obey_is_found_out_over_a_reload),
	    with_rig(hands_are_counted_over_a_reload),
	    with_rig(a_welded_relay_is_found_over_a_reload),
	    with_rig(the_fast_way_to_rest_stays_that_over_a_reload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

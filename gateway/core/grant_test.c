/* SPDX-License-Identifier: Apache-2.0
 * Leases, pauses, resuming, and what ends a grant from outside. */
#include <string.h>

#include "core/testing_rig.h"

static int start(void **state)
{
	static struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	*state = &rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	return 0;
}

static void device_says(struct rig *rig, enum core_phase phase, uint64_t grant, bool ended, bool expired)
{
	rig->last = core_step(
	    rig->core, rig->now,
	    &(struct core_input){
		.type = CORE_IN_CONTROL,
		.device = PAD,
		.control = PAD_HEAT,
		.state = {.phase = phase, .grant = grant, .ended_by_device = ended, .lease_expired = expired}});
}

static void lose_tilt(struct rig *rig)
{
	rig_read_quality(rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig->now);
}

static void a_grant_is_renewed_every_250_ms_with_an_absolute_expiry(void **state)
{
	struct rig *rig = *state;
	for (int i = 0; i < 40; i++) {
		assert_true(core_deadline(rig->core) <= rig->now + 250);
		rig->now += 249;
		rig_refresh(rig);
		assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
		rig->now += 1;
		rig_tick(rig);
		const struct core_output *lease = rig_output(rig, CORE_OUT_LEASE, 0);
		assert_int_equal(rig->last.n, 1);
		assert_int_equal(lease->grant, 1);
		assert_int_equal(lease->expires_ms, rig->now + 1000);
	}
}

static void a_late_renewal_counts_from_now_and_does_not_catch_up(void **state)
{
	struct rig *rig = *state;
	rig_jump(rig, 700);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 1);
	assert_int_equal(rig_output(rig, CORE_OUT_LEASE, 0)->expires_ms, rig->now + 1000);
	assert_true(core_deadline(rig->core) > rig->now && core_deadline(rig->core) <= rig->now + 250);
}

static void a_lease_that_ran_out_is_never_renewed(void **state)
{
	struct rig *rig = *state;
	rig->now += 999;
	rig_refresh(rig);
	rig_tick(rig);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
	rig_jump(rig, 1000);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	assert_contains(rig_event(rig, CORE_EVENT_ENDED)->why, "held up and its lease ran out 0.0 s ago");
	struct core_permission p = rig_permission(rig, PAD, PAD_HEAT);
	assert_false(p.granted);
	assert_false(p.suspended);
}

static void an_earlier_time_is_taken_as_the_latest_seen(void **state)
{
	struct rig *rig = *state;
	rig->now -= 500000;
	rig_tick(rig);
	rig_ask(rig, "pad", "heat", 0);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_output(rig, CORE_OUT_LEASE, 0)->expires_ms, 1000000 + 1000);
}

static void heat_goes_on_by_itself_when_knowledge_is_back_and_the_device_at_rest(void **state)
{
	struct rig *rig = *state;
	lose_tilt(rig);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	const struct core_output *event = rig_event(rig, CORE_EVENT_PAUSED);
	assert_string_equal(event->why,
			    "table.tilt was implausible, must be <= 10 deg (rule no-heat-during-inversion); goes on "
			    "by itself if that is over within 60 s");
	assert_int_equal(event->cause.quality, THERAPY_ERROR);
	struct core_permission p = rig_permission(rig, PAD, PAD_HEAT);
	assert_true(p.suspended);
	assert_false(p.granted);
	rig->now += 100;
	rig_refresh(rig);
	assert_int_equal(rig_permission(rig, PAD, PAD_HEAT).phase, CORE_PHASE_COMING_TO_REST);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted); /* not before it is seen to be at rest */
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	const struct core_output *lease = rig_output(rig, CORE_OUT_LEASE, 0);
	assert_int_equal(lease->grant, 2);
	assert_near(lease->value, 1, 0);
	assert_int_equal(lease->expires_ms, rig->now + 1000);
	assert_non_null(rig_event(rig, CORE_EVENT_RESUMED));
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).suspended);
}

static void a_pause_of_60_s_ends_the_request(void **state)
{
	struct rig *rig = *state;
	for (uint64_t length = 59999; length <= 60000; length++) {
		struct rig fresh;
		rig_start_full(&fresh);
		rig_calm(&fresh);
		assert_int_equal(rig_ask(&fresh, "pad", "heat", 1), CORE_ACCEPTED);
		lose_tilt(&fresh);
		rig_phase(&fresh, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		rig_wait(&fresh, length);
		assert_int_equal(rig_event(&fresh, CORE_EVENT_ENDED) != NULL, length == 60000);
		const struct core_reading belt[] = {{BELT_FORCE, THERAPY_GOOD, 0, fresh.now},
						    {BELT_PRESSURE, THERAPY_GOOD, 0, fresh.now}};
		core_step(fresh.core, fresh.now,
			  &(struct core_input){.type = CORE_IN_READINGS, .device = BELT, .readings = {belt, 2}});
		rig_read(&fresh, TABLE, TABLE_TILT, 0);
		assert_int_equal(rig_permission(&fresh, PAD, PAD_HEAT).granted, length == 59999);
		assert_true(rig_permission(&fresh, PAD, PAD_HEAT).permitted);
		rig_stop(&fresh);
	}
	rig_tick(rig);
}

static void a_trip_during_a_pause_ends_the_request(void **state)
{
	struct rig *rig = *state;
	lose_tilt(rig);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_read(rig, TABLE, TABLE_TILT, 30);
	assert_non_null(rig_event(rig, CORE_EVENT_TRIPPED));
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0); /* it is at rest */
	assert_false(rig_permission(rig, PAD, PAD_HEAT).suspended);
}

static void rest_asked_for_during_a_pause_ends_the_request(void **state)
{
	struct rig *rig = *state;
	lose_tilt(rig);
	assert_int_equal(rig_ask(rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_non_null(rig_event(rig, CORE_EVENT_ENDED));
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_refresh(rig);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_true(core_deadline(rig->core) > rig->now + 250); /* nothing to renew */
}

static void a_control_that_does_not_resume_is_ended_by_a_pause(void **state)
{
	struct rig *rig = *state;
	rig_ask(rig, "pad", "heat", 0);
	const struct core_device home[] = {rig_table, rig_belt};
	struct core_rule rule = rig_rules[0];
	const struct core_text traction = {"kind:traction", 1};
	rule.permits = &traction;
	struct rig other;
	rig_start(&other, home, 2, &rule, 1);
	rig_present(&other, TABLE, true);
	rig_present(&other, BELT, true);
	rig_read(&other, TABLE, TABLE_TILT, 0);
	rig_phase(&other, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&other, "belt", "tension", 100), CORE_ACCEPTED);
	lose_tilt(&other);
	assert_int_equal(rig_count(&other, CORE_OUT_REST), 1);
	assert_contains(rig_event(&other, CORE_EVENT_PAUSED)->why, "; ended, a new request is needed");
	rig_phase(&other, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_read(&other, TABLE, TABLE_TILT, 0);
	assert_false(rig_permission(&other, BELT, BELT_TENSION).granted);
	assert_true(rig_permission(&other, BELT, BELT_TENSION).permitted);
	rig_stop(&other);
}

static void a_device_that_was_gone_does_not_come_on_because_it_is_back(void **state)
{
	struct rig *rig = *state;
	rig_present(rig, PAD, false);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	assert_string_equal(rig_event(rig, CORE_EVENT_DEVICE_LOST)->why, "pad is gone: its link or its process ended");
	assert_int_equal(rig_event(rig, CORE_EVENT_DEVICE_LOST)->device, PAD);
	assert_int_equal(rig_event(rig, CORE_EVENT_DEVICE_LOST)->control, CORE_NO_CONTROL);
	assert_string_equal(rig_event(rig, CORE_EVENT_ENDED)->why,
			    "pad is gone: its link or its process ended: pad.heat is over, a new request is needed");
	assert_int_equal(rig_permission(rig, PAD, PAD_HEAT).phase, CORE_PHASE_UNKNOWN);
	rig_wait(rig, 500);
	rig_refresh(rig);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST); /* from nobody knows where: it is not there */
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_UNKNOWN);
	rig_present(rig, PAD, true);
	assert_non_null(rig_event(rig, CORE_EVENT_DEVICE_BACK));
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).permitted);
}

static void a_paused_device_that_is_gone_as_well_does_not_go_on(void **state)
{
	struct rig *rig = *state;
	rig_present(rig, TABLE, false);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).suspended);
	rig_present(rig, PAD, false);
	assert_non_null(rig_event(rig, CORE_EVENT_ENDED));
	assert_false(rig_permission(rig, PAD, PAD_HEAT).suspended);
	rig_present(rig, PAD, true);
	rig_present(rig, TABLE, true);
	rig_refresh(rig);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
}

static void a_lost_sensor_pauses_and_readings_still_on_their_way_do_not_bring_it_back(void **state)
{
	struct rig *rig = *state;
	rig->now += 100;
	rig_present(rig, TABLE, false);
	assert_string_equal(rig_event(rig, CORE_EVENT_PAUSED)->rule, "no-heat-during-inversion");
	assert_int_equal(core_value(rig->core, TABLE, TABLE_TILT).quality, THERAPY_UNKNOWN);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig->now += 100;
	rig_read_quality(rig, TABLE, TABLE_TILT, 0, THERAPY_GOOD, rig->now - 100);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	rig_present(rig, TABLE, true);
	rig_read(rig, TABLE, TABLE_TILT, 0);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
}

static void presence_told_twice_is_told_once(void **state)
{
	struct rig *rig = *state;
	rig_present(rig, PAD, true);
	assert_int_equal(rig->last.n, 0);
	rig_present(rig, PAD, false);
	rig_present(rig, PAD, false);
	assert_int_equal(rig->last.n, 0);
}

static void the_device_ends_its_grant_by_itself_and_no_rest_is_needed(void **state)
{
	struct rig *rig = *state;
	device_says(rig, CORE_PHASE_COMING_TO_REST, 1, false, true);
	assert_contains(rig_event(rig, CORE_EVENT_ENDED)->why, "ended by its device process");
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).suspended);
	rig_jump(rig, 250);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
}

static void a_grant_that_came_to_rest_without_a_word_is_over(void **state)
{
	struct rig *rig = *state;
	const enum core_phase phases[] = {CORE_PHASE_COMING_TO_REST, CORE_PHASE_AT_REST};
	for (uint64_t i = 0; i < 2; i++) {
		device_says(rig, CORE_PHASE_CONFIRMED_ON, 1 + i, false, false);
		device_says(rig, phases[i], 1 + i, false, false);
		assert_contains(rig_event(rig, CORE_EVENT_ENDED)->why, "ended by its device process and goes to rest");
		assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
		assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
		rig_jump(rig, 250);
		assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
		rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	}
}

static void a_report_that_crossed_the_first_lease_ends_nothing(void **state)
{
	struct rig *rig = *state;
	const enum core_phase phases[] = {CORE_PHASE_COMING_TO_REST, CORE_PHASE_AT_REST};
	for (int i = 0; i < 2; i++) { /* made before the device process knew the grant, so without its number */
		device_says(rig, phases[i], 0, false, false);
		assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
	}
	device_says(rig, CORE_PHASE_ENERGISED, 1, false, false);
	rig->now += 250;
	rig_tick(rig);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 1);
}

static void coming_to_rest_as_told_ends_no_pause(void **state)
{
	struct rig *rig = *state;
	lose_tilt(rig);
	device_says(rig, CORE_PHASE_COMING_TO_REST, 1, false, false);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).suspended);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_refresh(rig);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
}

static void who_presses_off_at_the_device_ends_the_session_even_during_a_pause(void **state)
{
	struct rig *rig = *state;
	device_says(rig, CORE_PHASE_AT_REST, 1, true, false);
	assert_string_equal(rig_event(rig, CORE_EVENT_ENDED)->why, "pad.heat was switched off at the device");
	assert_int_equal(rig_ask(rig, "pad", "heat", 1),
			 CORE_ACCEPTED); /* no trip: it may be asked for again at once */
	lose_tilt(rig);
	device_says(rig, CORE_PHASE_AT_REST, 2, true, false);
	assert_non_null(rig_event(rig, CORE_EVENT_ENDED));
	rig_refresh(rig);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
}

static void what_never_comes_on_ends_and_is_told(void **state)
{
	struct rig *rig = *state;
	rig->last = core_step(
	    rig->core, rig->now,
	    &(struct core_input){.type = CORE_IN_CONTROL,
				 .device = PAD,
				 .control = PAD_HEAT,
				 .state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = 1, .never_on = true}});
	const struct core_output *event = rig_event(rig, CORE_EVENT_ENDED);
	assert_contains(event->why, "pad.heat was told to go on and its readings go on saying that it is off");
	assert_int_equal(event->priority, CORE_PRIORITY_MEDIUM);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_refresh(rig);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted); /* nothing tries again by itself */
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void what_the_device_says_of_an_older_grant_ends_nothing(void **state)
{
	struct rig *rig = *state;
	rig_ask(rig, "pad", "heat", 0);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	device_says(rig, CORE_PHASE_AT_REST, 1, true, true);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
	device_says(rig, CORE_PHASE_AT_REST, 0, true, true);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
}

static void a_phase_that_becomes_unknown_ends_the_grant(void **state)
{
	struct rig *rig = *state;
	device_says(rig, CORE_PHASE_CONFIRMED_ON, 1, false, false);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
	device_says(rig, CORE_PHASE_UNKNOWN, 0, false, false);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	assert_contains(rig_event(rig, CORE_EVENT_ENDED)->why, "nothing confirms what it does");
	assert_false(rig_permission(rig, PAD, PAD_HEAT).suspended);
}

static void two_controls_that_exclude_each_other_never_run_together(void **state)
{
	(void)state;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	const struct core_text traction = {"belt.tension", 1};
	struct core_rule rules[] = {rig_rule("heat", "not on(kind:traction)"),
				    rig_rule("traction", "not on(pad.heat)")};
	rules[1].permits = &traction;
	struct rig rig;
	rig_start(&rig, home, 3, rules, 2);
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "pad.heat is on, must be off (rule traction)");
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_ask(&rig, "pad", "heat", 0);
	/* Told to rest, but still warm: power says so. */
	rig_read(&rig, PAD, PAD_POWER, 50);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	rig_read(&rig, PAD, PAD_POWER, 0);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	rig_stop(&rig);
}

static void a_control_switched_on_by_somebody_else_ends_what_it_excludes(void **state)
{
	(void)state;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("heat", "not on(kind:traction)");
	struct rig rig;
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read(&rig, BELT, BELT_FORCE, 80);
	assert_string_equal(rig_event(&rig, CORE_EVENT_TRIPPED)->why, "belt.tension was on, must be off (rule heat)");
	rig_stop(&rig);
}

static void a_rule_that_forbids_what_it_permits_ends_in_one_step(void **state)
{
	(void)state;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("never", "not on(pad.heat)");
	struct rig rig;
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_stop(&rig);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(a_grant_is_renewed_every_250_ms_with_an_absolute_expiry),
	    with_rig(a_late_renewal_counts_from_now_and_does_not_catch_up),
	    with_rig(a_lease_that_ran_out_is_never_renewed),
	    with_rig(an_earlier_time_is_taken_as_the_latest_seen),
	    with_rig(heat_goes_on_by_itself_when_knowledge_is_back_and_the_device_at_rest),
	    with_rig(a_pause_of_60_s_ends_the_request),
	    with_rig(a_trip_during_a_pause_ends_the_request),
	    with_rig(rest_asked_for_during_a_pause_ends_the_request),
	    with_rig(a_control_that_does_not_resume_is_ended_by_a_pause),
	    with_rig(a_device_that_was_gone_does_not_come_on_because_it_is_back),
	    with_rig(a_paused_device_that_is_gone_as_well_does_not_go_on),
	    with_rig(a_lost_sensor_pauses_and_readings_still_on_their_way_do_not_bring_it_back),
	    with_rig(presence_told_twice_is_told_once),
	    with_rig(the_device_ends_its_grant_by_itself_and_no_rest_is_needed),
	    with_rig(a_grant_that_came_to_rest_without_a_word_is_over),
	    with_rig(a_report_that_crossed_the_first_lease_ends_nothing),
	    with_rig(coming_to_rest_as_told_ends_no_pause),
	    with_rig(who_presses_off_at_the_device_ends_the_session_even_during_a_pause),
	    with_rig(what_never_comes_on_ends_and_is_told),
	    with_rig(what_the_device_says_of_an_older_grant_ends_nothing),
	    with_rig(a_phase_that_becomes_unknown_ends_the_grant),
	    cmocka_unit_test(two_controls_that_exclude_each_other_never_run_together),
	    cmocka_unit_test(a_control_switched_on_by_somebody_else_ends_what_it_excludes),
	    cmocka_unit_test(a_rule_that_forbids_what_it_permits_ends_in_one_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

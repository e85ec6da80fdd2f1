/* SPDX-License-Identifier: Apache-2.0
 * What latches, that it stays, and that only a fresh reset by a person ends it while all is well; and alarms. */
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

static const char *why(void)
{
	return rig_output(&rig, CORE_OUT_RESULT, 0)->why;
}

static enum core_outcome reset(void)
{
	return rig_verb(&rig, CORE_RESET, "", "");
}

static size_t latches(void)
{
	struct core_latch latch;
	size_t n = 0;
	while (core_latch(rig.core, n, &latch))
		n++;
	return n;
}

static void over_force(void)
{
	assert_int_equal(rig_ask(&rig, "belt", "tension", 40), CORE_ACCEPTED);
	rig_read(&rig, BELT, BELT_FORCE, 151);
}

static void a_trip_of_a_rule_that_latches_needs_a_reset_and_a_new_request(void **state)
{
	(void)state;
	over_force();
	assert_true(rig_output(&rig, CORE_OUT_REST, 0)->stop);
	assert_string_equal(
	    rig_event(&rig, CORE_EVENT_LATCHED)->why,
	    "belt.force was 151 N, must be <= 150 N (rule over-force); latched until a person resets it");
	assert_int_equal(rig_event(&rig, CORE_EVENT_LATCHED)->priority, CORE_PRIORITY_HIGH);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_live_guarded(&rig, 60000); /* all is well again: not enough */
	assert_int_equal(rig_ask(&rig, "belt", "tension", 40), CORE_NOT_PERMITTED);
	assert_contains(why(), "latched: look at it, then reset it");
	assert_int_equal(reset(), CORE_ACCEPTED);
	assert_string_equal(rig_event(&rig, CORE_EVENT_RESET)->why,
			    "rule over-force was reset by therapyctl: what it ended needs a new request");
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_false(rig_permission(&rig, BELT, BELT_TENSION).granted);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 40), CORE_ACCEPTED);
}

static void a_reset_that_comes_too_early_says_what_is_wrong_and_does_nothing_later(void **state)
{
	(void)state;
	over_force();
	rig.now += 3000;
	rig_read(&rig, BELT, BELT_FORCE, 160);
	assert_int_equal(reset(), CORE_NOT_PERMITTED);
	assert_contains(why(), "belt.force is 160 N");
	assert_contains(why(), "latched, can be reset when all traction.force <= 150 N");
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_live_guarded(&rig, 5000);
	assert_int_equal(latches(), 1);
	assert_false(rig_permission(&rig, BELT, BELT_TENSION).permitted);
}

static void a_reset_that_is_not_known_to_be_safe_is_refused(void **state)
{
	(void)state;
	over_force();
	rig.now += 3000;
	rig_read_quality(&rig, BELT, BELT_FORCE, 0, THERAPY_UNKNOWN, rig.now);
	assert_int_equal(reset(), CORE_NOT_PERMITTED);
	assert_int_equal(latches(), 1);
}

static void a_reset_that_is_held_repeated_retained_or_late_does_nothing(void **state)
{
	(void)state;
	over_force();
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_int_equal(reset(), CORE_NOT_PERMITTED); /* the first, and the force is still there */
	for (int i = 0; i < 20; i++) {                 /* the button stays down while the force goes */
		rig_wait(&rig, 1900);
		rig_refresh_guarded(&rig);
		assert_int_equal(reset(), CORE_DUPLICATE);
		assert_contains(why(), "pressed once, not held");
		assert_int_equal(latches(), 1);
	}
	rig_live_guarded(&rig, 5000);
	struct core_request request = {.verb = CORE_RESET, .device = "", .control = "", .id = "7", .age_ms = -1};
	request.flaw = CORE_FLAW_RETAINED;
	assert_int_equal(rig_request(&rig, &request), CORE_RETAINED);
	request.flaw = CORE_FLAW_UNTIMELY;
	request.id = "8";
	assert_int_equal(rig_request(&rig, &request), CORE_LATE);
	request.flaw = CORE_FLAW_NONE;
	request.id = "9";
	request.age_ms = 5001;
	assert_int_equal(rig_request(&rig, &request), CORE_LATE);
	request.id = "7"; /* the id of the retained one */
	request.age_ms = -1;
	assert_int_equal(rig_request(&rig, &request), CORE_DUPLICATE);
	assert_int_equal(latches(), 1);
	request.id = "10";
	assert_int_equal(rig_request(&rig, &request), CORE_ACCEPTED);
	assert_int_equal(latches(), 0);
}

static void a_reset_that_is_held_while_the_gateway_starts_does_nothing(void **state)
{
	(void)state;
	struct rig other;
	rig_start_guarded(&other, false);
	rule_recall_latch(other.core, 3 + RULE_FORCE, other.now);
	for (int i = 0; i < 10; i++) {
		rig_wait(&other, 1000);
		for (uint16_t d = TABLE; d < RIG_GUARDED; d++)
			rig_present(&other, d, true);
		rig_refresh_guarded(&other);
		assert_int_equal(rig_verb(&other, CORE_RESET, "", ""), CORE_DUPLICATE);
	}
	assert_true(other.core->rules[3 + RULE_FORCE].latched);
	rig_stop(&other);
}

static void an_implausible_reading_latches_after_10_s_and_not_before(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	uint64_t began = rig.now;
	for (uint64_t ms = 0; ms <= 10000; ms += 500) {
		rig.now = began + ms;
		rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
		if (ms == 0)
			rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		assert_int_equal(latches() > 0, ms >= 10000);
		rig_read(&rig, BELT, BELT_FORCE, 0);
		rig_read(&rig, BELT, BELT_PRESSURE, 0);
		rig_read(&rig, BELT, BELT_PAIN, 0);
	}
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).suspended); /* it does not go on by itself any more */
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_live_guarded(&rig, 15000);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_int_equal(reset(), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void glitches_do_not_latch_not_even_a_window_that_remembers_one(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		rig_live_guarded(&rig, 4000);
		rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
		assert_false(rig_permission(&rig, BELT, BELT_TENSION).permitted); /* 10 s since any tilt */
		assert_int_equal(latches(), 0);
	}
}

static void a_sensor_that_fails_for_good_within_a_window_that_is_bad_already_latches_too(void **state)
{
	(void)state;
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	rig_live_guarded(&rig, 6000);
	for (int i = 0; i < 32; i++) {
		rig_wait(&rig, 500);
		rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	}
	assert_true(rig.core->rules[2].latched); /* traction after inversion */
}

static void a_suspend_counts_as_time_and_trips_what_was_within_grace(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read(&rig, TABLE, TABLE_TILT, 15);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted); /* a second of grace */
	rig_jump(&rig, 3600000);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	assert_true(rig.core->rules[0].state == RULE_TRIPPED);
	size_t before = latches();
	rig_read_quality(&rig, BELT, BELT_FORCE, 0, THERAPY_ERROR, rig.now);
	rig_jump(&rig, 3600000); /* implausible, then silent: it went stale within the gap */
	assert_int_equal(latches(), before);
}

static void a_reset_of_one_thing_leaves_the_others(void **state)
{
	(void)state;
	over_force();
	rig_tell(&rig, PAD, PAD_HEAT, &(struct core_input){.state = {.phase = CORE_PHASE_AT_REST}});
	latch_recall_fault(rig.core, 1, FAULT_BYPASSED, rig.now);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_live_guarded(&rig, 3000);
	assert_int_equal(latches(), 2);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "pad", "heat"), CORE_ACCEPTED);
	assert_int_equal(latches(), 1);
	rig_live_guarded(&rig, 3000);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", "no-such-rule"), CORE_UNKNOWN_CONTROL);
	rig_live_guarded(&rig, 3000);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", "over-force"), CORE_ACCEPTED);
	assert_int_equal(latches(), 0);
	rig_live_guarded(&rig, 3000);
	assert_int_equal(reset(), CORE_ACCEPTED);
	assert_string_equal(why(), "nothing is latched here");
}

static void a_stop_is_not_reset_by_resetting_one_thing(void **state)
{
	(void)state;
	rig_verb(&rig, CORE_STOP, "", "");
	rig_live_guarded(&rig, 3000);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "pad", ""), CORE_NOT_PERMITTED);
	assert_contains(why(), "reset everything, not one thing");
	assert_int_equal(latches(), 1);
}

static void after_a_restart_with_latches_nothing_resumes_and_they_stay(void **state)
{
	(void)state;
	struct rig other;
	rig_start_guarded(&other, false);
	rule_recall_latch(other.core, 3 + RULE_FORCE, 5000);
	latch_recall_fault(other.core, 1, FAULT_WELDED, 6000);
	stop_recall(other.core, "therapyctl", 7000);
	rig_calm_guarded(&other);
	for (uint16_t device = BELT; device <= PLUG; device++)
		assert_false(rig_permission(&other, device, 0).permitted);
	struct core_latch latch;
	assert_true(core_latch(other.core, 0, &latch));
	assert_int_equal(latch.type, CORE_LATCH_STOP);
	assert_int_equal(latch.since_ms, 7000);
	assert_true(latch.resettable);
	assert_true(core_latch(other.core, 1, &latch));
	assert_string_equal(latch.rule, "over-force");
	assert_true(core_latch(other.core, 2, &latch));
	assert_int_equal(latch.type, CORE_LATCH_WELDED);
	assert_int_equal(latch.device, PAD);
	assert_false(latch.resettable); /* its power has not been read yet */
	assert_false(core_latch(other.core, 3, &latch));
	rig_read(&other, PAD, PAD_LOAD, 0);
	assert_int_equal(rig_verb(&other, CORE_RESET, "", ""), CORE_ACCEPTED);
	for (uint16_t device = BELT; device <= PLUG; device++) {
		assert_true(rig_permission(&other, device, 0).permitted);
		assert_false(rig_permission(&other, device, 0).granted);
	}
	rig_stop(&other);
}

static void a_damaged_memory_is_a_latch_like_any_other(void **state)
{
	(void)state;
	struct rig other;
	struct core_latch latch;
	rig_start_guarded(&other, false);
	core_recall(other.core, &(struct core_recall){.state = CORE_RECALL_LOST});
	rig_calm_guarded(&other);
	assert_int_equal(rig_ask(&other, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_true(core_latch(other.core, 0, &latch));
	assert_int_equal(latch.type, CORE_LATCH_MEMORY);
	assert_int_equal(rig_verb(&other, CORE_RESET, "pad", "heat"), CORE_NOT_PERMITTED);
	rig_live_guarded(&other, 3000);
	assert_int_equal(rig_verb(&other, CORE_RESET, "", ""), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&other, "pad", "heat", 1), CORE_ACCEPTED);
	rig_stop(&other);
}

/* ---- rules that watch ---- */

static void a_rule_that_watches_alarms_past_its_grace_and_says_when_it_is_over(void **state)
{
	(void)state;
	struct core_alarm alarm;
	const size_t rule = 3 + RULE_ANGLE;
	assert_false(core_alarm(rig.core, rule, &alarm));
	rig_read(&rig, TABLE, TABLE_TILT, 70);
	uint64_t began = rig.now;
	assert_null(rig_event(&rig, CORE_EVENT_ALARM));
	assert_true(core_alarm(rig.core, rule, &alarm));
	assert_int_equal(alarm.state, CORE_ALARM_GRACE);
	rig.now = began + 1000;
	rig_read(&rig, TABLE, TABLE_TILT, 71);
	rig.now = began + 1999;
	rig_tick(&rig);
	assert_null(rig_event(&rig, CORE_EVENT_ALARM));
	rig.now = began + 2000;
	rig_tick(&rig);
	const struct core_output *event = rig_event(&rig, CORE_EVENT_ALARM);
	assert_non_null(event);
	assert_string_equal(event->why, "table.tilt was 70 deg, must be <= 60 deg (rule over-angle)");
	assert_int_equal(event->priority, CORE_PRIORITY_MEDIUM);
	assert_int_equal(event->hazard, 1);
	assert_true(core_alarm(rig.core, rule, &alarm));
	assert_int_equal(alarm.state, CORE_ALARM_RAISED);
	assert_int_equal(alarm.since_ms, began);
	rig_read(&rig, TABLE, TABLE_TILT, 55); /* not yet where it rearms */
	assert_null(rig_event(&rig, CORE_EVENT_ALARM_OVER));
	rig_read(&rig, TABLE, TABLE_TILT, 50);
	assert_non_null(rig_event(&rig, CORE_EVENT_ALARM_OVER));
	assert_false(core_alarm(rig.core, rule, &alarm));
}

static void hard_alarms_at_once_and_what_is_unknown_is_shown_and_not_alarmed(void **state)
{
	(void)state;
	struct core_alarm alarm;
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	rig_wait(&rig, 20000);
	assert_null(rig_event(&rig, CORE_EVENT_ALARM));
	assert_true(core_alarm(rig.core, 3 + RULE_ANGLE, &alarm));
	assert_int_equal(alarm.state, CORE_ALARM_UNKNOWN);
	assert_true(alarm.why[0] != '\0');
	rig_read(&rig, TABLE, TABLE_TILT, 81);
	assert_non_null(rig_event(&rig, CORE_EVENT_ALARM));
	rig_wait(&rig, 5000); /* nothing is known any more: the alarm stays */
	assert_true(core_alarm(rig.core, 3 + RULE_ANGLE, &alarm));
	assert_int_equal(alarm.state, CORE_ALARM_RAISED);
	assert_false(core_alarm(rig.core, 0, &alarm)); /* a rule that permits */
	assert_false(core_alarm(rig.core, 99, &alarm));
}

static void a_stop_that_is_reset_does_not_hide_what_is_not(void **state)
{
	(void)state;
	over_force();
	rig_verb(&rig, CORE_STOP, "", "");
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_wait(&rig, 3000);
	rig_refresh_guarded(&rig);
	rig_read(&rig, BELT, BELT_FORCE, 151); /* still pulled */
	assert_int_not_equal(reset(), CORE_ACCEPTED);
	assert_contains(why(), "over-force");
	assert_non_null(rig_event(&rig, CORE_EVENT_RESET)); /* of the stop */
	assert_int_equal(latches(), 1);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(a_trip_of_a_rule_that_latches_needs_a_reset_and_a_new_request),
	    with_rig(a_reset_that_comes_too_early_says_what_is_wrong_and_does_nothing_later),
	    with_rig(a_reset_that_is_not_known_to_be_safe_is_refused),
	    with_rig(a_reset_that_is_held_repeated_retained_or_late_does_nothing),
	    with_rig(a_reset_that_is_held_while_the_gateway_starts_does_nothing),
	    with_rig(an_implausible_reading_latches_after_10_s_and_not_before),
	    with_rig(glitches_do_not_latch_not_even_a_window_that_remembers_one),
	    with_rig(a_sensor_that_fails_for_good_within_a_window_that_is_bad_already_latches_too),
	    with_rig(a_suspend_counts_as_time_and_trips_what_was_within_grace),
	    with_rig(a_reset_of_one_thing_leaves_the_others),
	    with_rig(a_stop_is_not_reset_by_resetting_one_thing),
	    with_rig(a_stop_that_is_reset_does_not_hide_what_is_not),
	    with_rig(after_a_restart_with_latches_nothing_resumes_and_they_stay),
	    with_rig(a_damaged_memory_is_a_latch_like_any_other),
	    with_rig(a_rule_that_watches_alarms_past_its_grace_and_says_when_it_is_over),
	    with_rig(hard_alarms_at_once_and_what_is_unknown_is_shown_and_not_alarmed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

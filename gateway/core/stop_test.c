/* SPDX-License-Identifier: Apache-2.0
 * Hazard 28: any stop source stops everything, from every state, and only a person ends that. */
#include <string.h>

#include "core/explanation.h"
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

/* The REST outputs of the last step for a control: how many, and whether the last is the fast one. */
static size_t rests(uint16_t device, bool *fast)
{
	size_t n = 0;
	for (size_t i = 0; i < rig.last.n; i++)
		if (rig.last.items[i].type == CORE_OUT_REST && rig.last.items[i].device == device) {
			n++;
			*fast = rig.last.items[i].stop;
		}
	return n;
}

static void assert_all_stopped(const char *from)
{
	for (uint16_t device = BELT; device <= PLUG; device++) {
		bool fast = false;
		if (rests(device, &fast) == 0 || !fast)
			fail_msg("%s: device %u was not told to rest the fast way", from, device);
		struct core_permission p = rig_permission(&rig, device, 0);
		if (p.granted || p.suspended || p.permitted)
			fail_msg("%s: device %u goes on", from, device);
		assert_contains(p.why, "everything was stopped by therapyctl");
	}
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
}

/* ---- states of the home; each leaves the pad or the belt in one ---- */

static void at_rest(void)
{
}

static void pad_energised(void)
{
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void belt_energised(void)
{
	assert_int_equal(rig_ask(&rig, "belt", "tension", 40), CORE_ACCEPTED);
}

static void confirmed(void)
{
	pad_energised();
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_CONFIRMED_ON);
}

static void suspended(void)
{
	pad_energised();
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).suspended);
}

static void coming_to_rest(void)
{
	belt_energised();
	assert_int_equal(rig_ask(&rig, "belt", "tension", 0), CORE_ACCEPTED);
	assert_int_equal(rig_permission(&rig, BELT, BELT_TENSION).phase, CORE_PHASE_COMING_TO_REST);
}

static void tripped(void)
{
	pad_energised();
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
}

static void latched(void)
{
	belt_energised();
	rig_read(&rig, BELT, BELT_FORCE, 200);
	assert_non_null(rig_event(&rig, CORE_EVENT_LATCHED));
}

static void testing(void)
{
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
}

static void absent(void)
{
	pad_energised();
	rig_present(&rig, PAD, false);
}

static void switched_on_by_others(void)
{
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_CONFIRMED_ON);
}

static void adopted(void)
{
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 1}});
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void stopped_already(void)
{
	belt_energised();
	assert_int_equal(rig_verb(&rig, CORE_STOP, "", ""), CORE_ACCEPTED);
}

static void rules_made_for_buttons_are_told_apart_from_those_that_somebody_wrote(void **state)
{
	(void)state;
	assert_int_equal(core_n_written_rules(rig.core), rig_n_rules + RIG_GUARDED_RULES);
	assert_int_equal(core_n_rules(rig.core), rig_n_rules + RIG_GUARDED_RULES + 2); /* the belt's and the remote's */
}

static void a_stop_from_every_state_rests_everything_fast_and_latches(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		void (*bring)(void);
	} states[] = {
	    {"at rest", at_rest},
	    {"pad energised", pad_energised},
	    {"belt energised", belt_energised},
	    {"confirmed on", confirmed},
	    {"suspended", suspended},
	    {"coming to rest", coming_to_rest},
	    {"tripped", tripped},
	    {"latched", latched},
	    {"off-test", testing},
	    {"absent", absent},
	    {"on by others", switched_on_by_others},
	    {"adopted", adopted},
	    {"stopped already", stopped_already},
	};
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (i > 0)
			start(NULL);
		states[i].bring();
		assert_int_equal(rig_verb(&rig, CORE_STOP, "", ""), CORE_ACCEPTED);
		assert_all_stopped(states[i].name);
		/* Nothing of it comes back by itself, not even with everything well again. */
		rig_present(&rig, PAD, true);
		for (uint16_t device = BELT; device <= PLUG; device++)
			rig_phase(&rig, device, 0, CORE_PHASE_AT_REST);
		rig_live_guarded(&rig, 20000);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_contains(why(), "everything was stopped by therapyctl, 20 s ago; look at it, then reset it");
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
		assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0); /* reset is not restart */
		rig_live_guarded(&rig, 1000);
		assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
		if (i + 1 < sizeof states / sizeof *states)
			stop(NULL);
	}
}

/* Whether a message with the retain flag is live cannot be told, so it is a stop, and says that it will come again. */
static void a_stop_is_obeyed_also_retained_and_under_an_id_that_was_used(void **state)
{
	(void)state;
	struct core_request request = {.verb = CORE_STOP, .by = "mqtt", .id = "stop", .age_ms = -1};
	for (int kept = 0; kept < 2; kept++) {
		pad_energised();
		request.flaw = kept ? CORE_FLAW_RETAINED : CORE_FLAW_NONE;
		assert_int_equal(rig_request(&rig, &request), CORE_ACCEPTED);
		assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
		assert_int_equal(
		    strstr(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "the broker keeps this message") != NULL, kept);
		for (uint16_t device = BELT; device <= PLUG; device++)
			rig_phase(&rig, device, 0, CORE_PHASE_AT_REST);
		rig_live_guarded(&rig, 3000);
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
	}
}

static void a_stop_is_obeyed_however_late(void **state)
{
	(void)state;
	struct core_request request = {.verb = CORE_STOP, .by = "mqtt", .flaw = CORE_FLAW_UNTIMELY, .age_ms = 3600000};
	pad_energised();
	assert_int_equal(rig_request(&rig, &request), CORE_ACCEPTED);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	const struct core_output *event = rig_event(&rig, CORE_EVENT_STOPPED);
	assert_string_equal(event->why, "everything is told to rest at once by mqtt; latched until a person resets it");
	assert_int_equal(event->priority, CORE_PRIORITY_HIGH);
}

static void rest_is_obeyed_while_stopped_and_stays_the_fast_way(void **state)
{
	(void)state;
	bool fast = false;
	belt_energised();
	rig_verb(&rig, CORE_STOP, "", "");
	assert_int_equal(rig_ask(&rig, "belt", "tension", 0), CORE_ACCEPTED);
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast); /* the weaker order does not undo the stronger one */
}

static void a_pressed_button_stops_all_and_its_reset_waits_for_release(void **state)
{
	(void)state;
	static const struct {
		uint16_t device, metric;
		const char *rule;
	} buttons[] = {{BELT, BELT_PAIN, "stop-at-belt-pain_button"}, {REMOTE, REMOTE_BUTTON, "stop-at-remote-button"}};
	for (size_t i = 0; i < 2; i++) {
		bool fast = false;
		if (i > 0)
			start(NULL);
		pad_energised();
		rig_read(&rig, buttons[i].device, buttons[i].metric, 1);
		const struct core_output *event = rig_event(&rig, CORE_EVENT_STOPPED);
		assert_non_null(event);
		assert_string_equal(event->rule, buttons[i].rule);
		assert_int_equal(event->hazard, 28);
		assert_true(rests(PAD, &fast) > 0 && fast);
		rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		rig.now += 3000;
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_NOT_PERMITTED);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_contains(why(), buttons[i].rule);
		rig_live_guarded(&rig, 3000); /* released */
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
		if (i == 0)
			stop(NULL);
	}
}

static void a_tap_shorter_than_two_readings_of_one_message_stops(void **state)
{
	(void)state;
	pad_energised();
	const struct core_reading taps[] = {{BELT_PAIN, THERAPY_GOOD, 1, rig.now},
					    {BELT_PAIN, THERAPY_GOOD, 0, rig.now}};
	rig.last = core_step(rig.core, rig.now,
			     &(struct core_input){.type = CORE_IN_READINGS, .device = BELT, .readings = {taps, 2}});
	assert_non_null(rig_event(&rig, CORE_EVENT_STOPPED));
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void a_stop_device_that_is_missing_denies_all_and_a_belts_own_button_only_the_belt(void **state)
{
	(void)state;
	rig_present(&rig, REMOTE, false);
	for (uint16_t device = BELT; device <= PLUG; device++)
		assert_false(rig_permission(&rig, device, 0).permitted);
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why, "stop-at-remote-button");
	rig.now += 100;
	rig_present(&rig, REMOTE, true);
	rig_refresh_guarded(&rig);
	assert_true(rig_permission(&rig, PLUG, PLUG_POWER).permitted);
	rig_read_quality(&rig, BELT, BELT_PAIN, 0, THERAPY_UNKNOWN, rig.now);
	assert_false(rig_permission(&rig, BELT, BELT_TENSION).permitted);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
}

static void a_button_may_be_silent_for_5_s_as_any_sensor_may(void **state)
{
	(void)state;
	belt_energised();
	uint64_t began = rig.now;
	for (int i = 0; i <= 51; i++) { /* all but the pain button */
		rig.now = began + 100u * (unsigned)i;
		rig_read(&rig, TABLE, TABLE_TILT, 0);
		rig_read(&rig, BELT, BELT_FORCE, 40);
		rig_read(&rig, BELT, BELT_PRESSURE, 0);
		rig_tick(&rig);
		assert_int_equal(rig_permission(&rig, BELT, BELT_TENSION).granted, i <= 50);
	}
}

static void a_stop_buttons_rule_is_covered_and_listed_after_those_of_the_files(void **state)
{
	(void)state;
	char text[CORE_WHY_MAX];
	assert_int_equal(core_coverage(rig.core, rig_n_rules + RIG_GUARDED_RULES, text), CORE_COVERED);
	assert_contains(text, "belt.pain_button");
}

static void a_fast_reaction_overtakes_a_slow_one_and_a_slow_one_never_a_fast_one(void **state)
{
	(void)state;
	bool fast = true;
	belt_energised();
	rig_present(&rig, TABLE, false); /* a slow rest: tilt is not known */
	assert_int_equal(rests(BELT, &fast), 1);
	assert_false(fast);
	rig_read(&rig, BELT, BELT_FORCE, 200); /* over-force, while it ramps down */
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast);
	rig_read(&rig, TABLE, TABLE_TILT, 40); /* trips another rule: nothing slower follows */
	assert_int_equal(rests(BELT, &fast), 0);
}

static void a_stop_while_a_device_is_gone_is_ordered_again_when_it_is_back(void **state)
{
	(void)state;
	bool fast = false;
	belt_energised();
	rig_present(&rig, BELT, false); /* its process died: there is nobody to hear it */
	assert_int_equal(rig_verb(&rig, CORE_STOP, "", ""), CORE_ACCEPTED);
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_COMING_TO_REST);
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_COMING_TO_REST);
	assert_int_equal(rests(BELT, &fast), 0);
}

static void a_process_that_dies_on_the_fast_way_to_rest_goes_on_that_way(void **state)
{
	(void)state;
	bool fast = false;
	belt_energised();
	rig_read(&rig, BELT, BELT_FORCE, 200);
	rig_present(&rig, BELT, false);
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_COMING_TO_REST);
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast);
	/* Without a stop it goes the slow way, which its process has begun by itself. */
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_UNKNOWN);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_COMING_TO_REST);
	assert_int_equal(rests(PAD, &fast), 0);
}

static void what_is_at_rest_when_it_is_back_needs_no_order(void **state)
{
	(void)state;
	bool fast = false;
	rig_verb(&rig, CORE_STOP, "", "");
	rig_present(&rig, BELT, false);
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_int_equal(rests(BELT, &fast), 0);
}

static void start_anew(const char *latch)
{
	const double age_ms = 1000;
	const struct core_row row = {CORE_ROW_LATCH, latch, &age_ms, 1};
	rig_stop(&rig);
	rig_start_guarded(&rig, false);
	core_recall(rig.core,
		    &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = &row, .n = 1, .off_known = true});
}

static void a_rule_that_was_latched_before_the_start_orders_its_stop_in_the_first_step(void **state)
{
	(void)state;
	bool fast = false;
	start_anew("rule/over-force");
	rig_tick(&rig);
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast);
	assert_int_equal(rests(PAD, &fast), 0);
	rig_tick(&rig);
	assert_int_equal(rests(BELT, &fast), 0);
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_COMING_TO_REST);
	assert_int_equal(rests(BELT, &fast), 1);
	assert_true(fast);
}

static void a_button_that_was_latched_before_the_start_stops_all_when_it_is_pressed(void **state)
{
	(void)state;
	start_anew("rule/stop-at-belt-pain_button");
	for (uint16_t device = BELT; device <= PLUG; device++) {
		rig_present(&rig, device, true);
		rig_phase(&rig, device, 0, CORE_PHASE_COMING_TO_REST);
		bool fast = false;
		assert_int_equal(rests(device, &fast), device == BELT);
		assert_int_equal(fast, device == BELT);
	}
	rig_read(&rig, BELT, BELT_PAIN, 1);
	for (uint16_t device = PAD; device <= PLUG; device++) {
		bool fast = false;
		assert_true(rests(device, &fast) > 0 && fast);
	}
}

static void after_a_stop_before_the_start_what_is_found_on_goes_the_fast_way_to_rest(void **state)
{
	(void)state;
	start_anew("stop/therapyctl");
	for (uint16_t device = BELT; device <= PLUG; device++) {
		bool fast = false;
		rig_present(&rig, device, true);
		rig_phase(&rig, device, 0, CORE_PHASE_COMING_TO_REST);
		assert_int_equal(rests(device, &fast), 1);
		assert_true(fast);
	}
}

/* A released button is no permission: its rule is one that the gateway made, and nobody wrote any for the belt. */
static void what_only_stop_buttons_govern_stays_off(void **state)
{
	(void)state;
	struct rig bare;
	rig_start(&bare, rig_guarded, RIG_GUARDED, rig_rules, 2); /* the heat rules only */
	rig_calm_guarded(&bare);
	assert_int_equal(rig_ask(&bare, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&bare, CORE_OUT_RESULT, 0)->why, "no rule governs belt.tension");
	assert_false(rig_permission(&bare, BELT, BELT_TENSION).permitted);
	assert_contains(rig_permission(&bare, BELT, BELT_TENSION).why, "no rule governs belt.tension");
	assert_int_equal(rig_verb(&bare, CORE_OFF_TEST, "belt", "tension"), CORE_NOT_PERMITTED);
	rig_tell(&bare, PLUG, PLUG_POWER,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 1}});
	assert_false(rig_permission(&bare, PLUG, PLUG_POWER).granted); /* not adopted either */
	assert_contains(rig_event(&bare, CORE_EVENT_BYPASSED)->why, "no rule governs plug.power");
	assert_int_equal(rig_ask(&bare, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read(&bare, REMOTE, 0, 1); /* and all the same it stops everything */
	assert_false(rig_permission(&bare, PAD, PAD_HEAT).granted);
	rig_stop(&bare);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(rules_made_for_buttons_are_told_apart_from_those_that_somebody_wrote),
	    with_rig(a_stop_from_every_state_rests_everything_fast_and_latches),
	    with_rig(a_stop_is_obeyed_however_late),
	    with_rig(a_stop_is_obeyed_also_retained_and_under_an_id_that_was_used),
	    with_rig(rest_is_obeyed_while_stopped_and_stays_the_fast_way),
	    with_rig(a_pressed_button_stops_all_and_its_reset_waits_for_release),
	    with_rig(a_tap_shorter_than_two_readings_of_one_message_stops),
	    with_rig(a_stop_device_that_is_missing_denies_all_and_a_belts_own_button_only_the_belt),
	    with_rig(a_button_may_be_silent_for_5_s_as_any_sensor_may),
	    with_rig(a_stop_buttons_rule_is_covered_and_listed_after_those_of_the_files),
	    with_rig(a_fast_reaction_overtakes_a_slow_one_and_a_slow_one_never_a_fast_one),
	    with_rig(a_stop_while_a_device_is_gone_is_ordered_again_when_it_is_back),
	    with_rig(a_process_that_dies_on_the_fast_way_to_rest_goes_on_that_way),
	    with_rig(what_is_at_rest_when_it_is_back_needs_no_order),
	    with_rig(a_rule_that_was_latched_before_the_start_orders_its_stop_in_the_first_step),
	    with_rig(a_button_that_was_latched_before_the_start_stops_all_when_it_is_pressed),
	    with_rig(after_a_stop_before_the_start_what_is_found_on_goes_the_fast_way_to_rest),
	    cmocka_unit_test(what_only_stop_buttons_govern_stays_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

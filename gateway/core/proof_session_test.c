/* SPDX-License-Identifier: Apache-2.0
 * Hazard 25: what was tested long ago, or may be another device by now, is tested before a session, and nothing but the
 * session that was asked for comes of it. */
#include <string.h>

#include "core/explanation.h"
#include "core/inside.h"
#include "core/testing_rig.h"

#define HOUR 3600000u

enum { BELT_AT, PAD_AT }; /* numbers of the controls */

static struct rig rig;

static void result(enum core_test test, uint64_t grant)
{
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .test = test}});
}

static void at_rest(void)
{
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

static uint64_t ask(double value)
{
	assert_int_equal(rig_ask(&rig, "pad", "heat", value), CORE_ACCEPTED);
	return rig_output(&rig, CORE_OUT_LEASE, 0)->grant;
}

static const char *why(void)
{
	return rig_output(&rig, CORE_OUT_RESULT, 0)->why;
}

/* The guarded home, and a pad that has passed its off-test just now. */
static int start(void **state)
{
	(void)state;
	rig_start_guarded(&rig, true);
	rig_calm_guarded(&rig);
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
	result(CORE_TEST_PASSED, rig_output(&rig, CORE_OUT_LEASE, 0)->grant);
	at_rest();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static struct core_explanation explained(void)
{
	struct core_explanation e;
	assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
	return e;
}

/* Everything stays as it is and is seen again. */
static void later(uint64_t ms)
{
	rig_jump(&rig, ms);
	rig_live_guarded(&rig, 12000);
}

/* Somebody may have put another plug in its place. */
static void gone_and_back(void)
{
	rig_present(&rig, PAD, false);
	rig_present(&rig, PAD, true);
	at_rest();
}

/* A session is asked for, and its off-test runs. */
static uint64_t begin(void)
{
	gone_and_back();
	uint64_t grant = ask(1);
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_CONFIRMED_ON);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
	return grant;
}

/* Whatever the device process says of it now, nothing is switched on. */
static void assert_nothing_begins(uint64_t grant)
{
	result(CORE_TEST_PASSED, grant);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	at_rest();
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_live_guarded(&rig, 20000);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).suspended);
}

static void sessions_of_an_evening_need_one_test(void **state)
{
	(void)state;
	rig_jump(&rig, 12 * HOUR - 20000);
	rig_live_guarded(&rig, 12000);
	ask(1);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void after_twelve_hours_a_session_begins_with_a_test_and_goes_on_by_itself(void **state)
{
	(void)state;
	later(12 * HOUR);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	uint64_t grant = ask(1);
	assert_contains(why(), "tested first, because its last off-test was 12 h ago");
	assert_contains(why(), "by itself after 5 s, then it is granted at 1");
	assert_contains(rig_event(&rig, CORE_EVENT_GRANTED)->why, "tested first");
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
	result(CORE_TEST_PASSED, grant);
	assert_non_null(rig_event(&rig, CORE_EVENT_TIMER_PROVED));
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0); /* not before it is at rest */
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).suspended);
	at_rest();
	assert_contains(rig_event(&rig, CORE_EVENT_GRANTED)->why, "granted at 1");
	const struct core_output *lease = rig_output(&rig, CORE_OUT_LEASE, 0);
	assert_false(lease->test);
	assert_true(lease->grant > grant);
	assert_float_equal(lease->value, 1, 0);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	at_rest();
	ask(1); /* and the next one at once */
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void a_device_that_was_out_of_sight_is_tested_first(void **state)
{
	(void)state;
	result(CORE_TEST_PASSED, begin());
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	at_rest();
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void contacts_that_were_welded_are_tested_first(void **state)
{
	(void)state;
	ask(1);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	at_rest();
	rig_live_guarded(&rig, 16000);
	rig_read(&rig, PAD, PAD_LOAD, 50);
	rig_read(&rig, PAD, PAD_LOAD, 50);
	assert_non_null(rig_event(&rig, CORE_EVENT_WELDED));
	at_rest();
	rig_read(&rig, PAD, PAD_LOAD, 0);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
	ask(1);
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void a_test_that_fails_ends_it_with_an_alarm_and_the_control_is_refused(void **state)
{
	(void)state;
	result(CORE_TEST_FAILED, begin());
	assert_int_equal(rig_event(&rig, CORE_EVENT_TIMER_FAILED)->priority, CORE_PRIORITY_MEDIUM);
	at_rest();
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(why(), "therapyctl off-test pad.heat");
}

static void a_test_of_which_nothing_is_heard_ends_it_too(void **state)
{
	(void)state;
	uint64_t grant = begin();
	bool failed = false;
	for (uint64_t ms = 0; ms < 20500; ms += 250) {
		rig.now += 250;
		rig_tick(&rig);
		failed |= rig_event(&rig, CORE_EVENT_TIMER_FAILED) != NULL;
		rig_refresh_guarded(&rig);
	}
	assert_true(failed);
	assert_nothing_begins(grant);
}

/* Who changes their mind has broken nothing, and proved nothing. */
static void a_hand_that_switches_it_off_meanwhile_is_no_alarm(void **state)
{
	(void)state;
	uint64_t grant = begin();
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_COMING_TO_REST,
						.grant = grant,
						.test = CORE_TEST_FAILED,
						.ended_by_device = true}});
	assert_null(rig_event(&rig, CORE_EVENT_TIMER_FAILED));
	assert_int_equal(rig_event(&rig, CORE_EVENT_ENDED)->priority, CORE_PRIORITY_LOW);
	assert_nothing_begins(grant);
	assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
	ask(1);
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

/* The radio lost it, and nothing was on that could not go off. */
static void an_on_that_got_lost_is_no_alarm(void **state)
{
	(void)state;
	gone_and_back();
	uint64_t grant = ask(1);
	result(CORE_TEST_FAILED, grant);
	assert_null(rig_event(&rig, CORE_EVENT_TIMER_FAILED));
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "did not come on to be tested");
	assert_nothing_begins(grant);
	assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
	ask(1);
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

/* ---- what ends it ---- */

static void rest_is_asked_for(void)
{
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "ended by a request");
}

static void everything_is_stopped(void)
{
	rig_read(&rig, REMOTE, REMOTE_BUTTON, 1);
	rig_read(&rig, REMOTE, REMOTE_BUTTON, 0);
	rig.now += 100;
	rig_read(&rig, PAD, PAD_LOAD, 0);
	assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
}

static void a_rule_trips(void)
{
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
	rig_read(&rig, TABLE, TABLE_TILT, 0);
}

static void the_device_goes(void)
{
	rig_present(&rig, PAD, false);
	assert_non_null(rig_event(&rig, CORE_EVENT_ENDED));
	rig_present(&rig, PAD, true);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_COMING_TO_REST);
}

static void nothing_confirms_what_it_does(void)
{
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_UNKNOWN);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_COMING_TO_REST);
}

static void the_gateway_closes(void)
{
	rig.last = core_step(rig.core, rig.now, &(struct core_input){.type = CORE_IN_CLOSING});
}

static void (*const ends[])(void) = {rest_is_asked_for, everything_is_stopped,         a_rule_trips,
				     the_device_goes,   nothing_confirms_what_it_does, the_gateway_closes};

static void whatever_ends_the_test_ends_what_was_to_follow(void **state)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		uint64_t grant = begin();
		ends[i]();
		assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
		assert_nothing_begins(grant);
		stop(state);
		start(state);
	}
}

static void whatever_ends_a_session_ends_it_after_the_test_too(void **state)
{
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		uint64_t grant = begin();
		result(CORE_TEST_PASSED, grant);
		assert_true(rig_permission(&rig, PAD, PAD_HEAT).suspended);
		ends[i]();
		assert_nothing_begins(grant);
		stop(state);
		start(state);
	}
}

static void a_pause_ends_the_test_and_nothing_follows(void **state)
{
	(void)state;
	uint64_t grant = begin();
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	rig_read(&rig, TABLE, TABLE_TILT, 0);
	assert_nothing_begins(grant);
}

static void every_check_is_made_again_when_the_test_has_passed(void **state)
{
	(void)state;
	result(CORE_TEST_PASSED, begin());
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	at_rest();
	const struct core_output *event = rig_event(&rig, CORE_EVENT_REFUSED);
	assert_non_null(event);
	assert_string_equal(event->rule, "no-heat-during-inversion");
	assert_int_equal(event->priority, CORE_PRIORITY_MEDIUM);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_live_guarded(&rig, 20000); /* and it does not wait for that to be over */
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void what_does_not_come_to_rest_after_the_test_is_over(void **state)
{
	(void)state;
	rig.core->home.controls[PAD_AT].rest_bound_ms = 0; /* else it would have been called not obeyed by then */
	result(CORE_TEST_PASSED, begin());
	for (uint64_t left = 59500; left > 0; left -= 500) {
		rig_jump(&rig, 500);
		rig_refresh_guarded(&rig);
	}
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).suspended);
	rig_jump(&rig, 500);
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "was not at rest within 60 s of its off-test");
	at_rest();
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
}

/* ---- asked again ---- */

static uint64_t belt_test(void)
{
	const struct core_output *lease = rig_output(&rig, CORE_OUT_LEASE, 0);
	assert_true(lease->test);
	assert_float_equal(lease->value, 20, 0); /* the least */
	return lease->grant;
}

static void belt_passes(uint64_t grant)
{
	rig_tell(&rig, BELT, BELT_TENSION,
		 &(struct core_input){
		     .state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .test = CORE_TEST_PASSED}});
}

static void the_newest_value_is_granted(void **state)
{
	(void)state;
	rig.core->home.controls[BELT_AT].resumes = true; /* as if it were a pad with steps */
	rig.core->controls[BELT_AT].proved = true;
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	uint64_t grant = belt_test();
	assert_int_equal(rig_ask(&rig, "belt", "tension", 150), CORE_ACCEPTED);
	assert_contains(why(), "off-test of belt.tension comes first, then it is granted at 150");
	assert_float_equal(rig_permission(&rig, BELT, BELT_TENSION).asked, 150, 0);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 1000), CORE_OUT_OF_RANGE);
	belt_passes(grant);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 130), CORE_ACCEPTED);
	assert_float_equal(rig_permission(&rig, BELT, BELT_TENSION).asked, 130, 0);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_float_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->value, 130, 0);
}

static void an_off_test_that_somebody_asked_for_is_followed_by_nothing(void **state)
{
	(void)state;
	begin(); /* a session, which is given up */
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	at_rest();
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
	uint64_t grant = rig_output(&rig, CORE_OUT_LEASE, 0)->grant;
	assert_float_equal(rig_permission(&rig, PAD, PAD_HEAT).asked, 0, 0);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_nothing_begins(grant);
	ask(1); /* and it counts */
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

/* ---- what is not tested ---- */

static void a_force_is_never_switched_on_for_a_test_before_a_session(void **state)
{
	(void)state;
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "belt", "tension"), CORE_ACCEPTED);
	belt_passes(rig_output(&rig, CORE_OUT_LEASE, 0)->grant);
	rig_present(&rig, BELT, false);
	rig_present(&rig, BELT, true);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_live_guarded(&rig, 12000);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void who_accepted_to_go_without_is_not_held_up(void **state)
{
	(void)state;
	gone_and_back();
	rig.core->home.controls[PAD_AT].test_once = true;
	ask(1);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	at_rest();
	rig.core->home.controls[PAD_AT].test_once = false;
	rig.core->home.controls[PAD_AT].accept_no_timer = true;
	ask(1);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void what_goes_on_after_a_pause_is_not_tested(void **state)
{
	(void)state;
	ask(1);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_CONFIRMED_ON);
	rig.core->controls[PAD_AT].proved_ms -= 13 * (int64_t)HOUR; /* it grew old meanwhile */
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	at_rest();
	rig_read(&rig, TABLE, TABLE_TILT, 0);
	assert_non_null(rig_event(&rig, CORE_EVENT_RESUMED));
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void what_somebody_else_switches_on_is_adopted_as_it_is(void **state)
{
	(void)state;
	gone_and_back();
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 1}});
	assert_non_null(rig_event(&rig, CORE_EVENT_ADOPTED));
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

/* ---- told ---- */

static void it_is_told_when_it_was_tested_and_that_a_test_comes_first(void **state)
{
	(void)state;
	later(HOUR);
	struct core_explanation e = explained();
	assert_true(e.tested);
	assert_int_equal(e.tested_ago_ms, HOUR + 12000);
	assert_false(e.test_first);
	assert_int_equal(e.test_ms, 5000);
	gone_and_back();
	e = explained();
	assert_true(e.test_first);
	assert_int_equal(e.tested_ago_ms, HOUR + 12000);
	result(CORE_TEST_FAILED, begin());
	e = explained();
	assert_false(e.tested);
	assert_false(e.test_first); /* it is refused */
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(sessions_of_an_evening_need_one_test),
	    with_rig(after_twelve_hours_a_session_begins_with_a_test_and_goes_on_by_itself),
	    with_rig(a_device_that_was_out_of_sight_is_tested_first),
	    with_rig(contacts_that_were_welded_are_tested_first),
	    with_rig(a_test_that_fails_ends_it_with_an_alarm_and_the_control_is_refused),
	    with_rig(a_test_of_which_nothing_is_heard_ends_it_too),
	    with_rig(a_hand_that_switches_it_off_meanwhile_is_no_alarm),
	    with_rig(an_on_that_got_lost_is_no_alarm),
	    with_rig(whatever_ends_the_test_ends_what_was_to_follow),
	    with_rig(whatever_ends_a_session_ends_it_after_the_test_too),
	    with_rig(a_pause_ends_the_test_and_nothing_follows),
	    with_rig(every_check_is_made_again_when_the_test_has_passed),
	    with_rig(what_does_not_come_to_rest_after_the_test_is_over),
	    with_rig(the_newest_value_is_granted),
	    with_rig(an_off_test_that_somebody_asked_for_is_followed_by_nothing),
	    with_rig(a_force_is_never_switched_on_for_a_test_before_a_session),
	    with_rig(who_accepted_to_go_without_is_not_held_up),
	    with_rig(what_goes_on_after_a_pause_is_not_tested),
	    with_rig(what_somebody_else_switches_on_is_adopted_as_it_is),
	    with_rig(it_is_told_when_it_was_tested_and_that_a_test_comes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

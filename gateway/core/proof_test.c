/* SPDX-License-Identifier: Apache-2.0
 * Off-tests: nothing is used whose own timer was not seen to work. */
#include <string.h>

#include "core/inside.h"
#include "core/testing_rig.h"

static struct rig rig;

static int start(void **state)
{
	(void)state;
	rig_start_guarded(&rig, true);
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

static void result(enum core_test test, uint64_t grant)
{
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .test = test}});
}

static uint64_t begin(void)
{
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
	return rig_output(&rig, CORE_OUT_LEASE, 0)->grant;
}

static void what_has_not_proved_its_timer_is_refused_until_an_off_test_passes(void **state)
{
	(void)state;
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(why(), "run `therapyctl off-test pad.heat`");
	uint64_t grant = begin();
	assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
	rig_jump(&rig, 250);
	assert_true(
	    rig_output(&rig, CORE_OUT_LEASE, 0)->test); /* the lease goes on; nothing is renewed at the device */
	result(CORE_TEST_PASSED, grant);
	assert_non_null(rig_event(&rig, CORE_EVENT_TIMER_PROVED));
	assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
	assert_false(core_timer_proved(rig.core, BELT, BELT_TENSION));
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_false(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
}

static void a_test_that_fails_takes_the_proof_back(void **state)
{
	(void)state;
	result(CORE_TEST_PASSED, begin());
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	result(CORE_TEST_FAILED, begin());
	assert_int_equal(rig_event(&rig, CORE_EVENT_TIMER_FAILED)->priority, CORE_PRIORITY_MEDIUM);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
}

static void a_test_is_a_grant_that_every_rule_ends(void **state)
{
	(void)state;
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_NOT_PERMITTED);
	rig_live_guarded(&rig, 12000);
	uint64_t grant = begin();
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	result(CORE_TEST_PASSED, grant); /* of a test that was ended: it proves nothing */
	assert_false(core_timer_proved(rig.core, PAD, PAD_HEAT));
}

static void a_test_that_is_paused_does_not_go_on_by_itself(void **state)
{
	(void)state;
	begin();
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).suspended);
}

static void while_a_test_runs_nothing_else_is_granted_and_rest_ends_it(void **state)
{
	(void)state;
	begin();
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(why(), "off-test of pad.heat runs");
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "pad", "heat"), CORE_NOT_PERMITTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
}

static void a_test_of_which_nothing_is_heard_fails_and_rests(void **state)
{
	(void)state;
	begin();
	bool failed = false, rested = false;
	for (uint64_t ms = 0; ms < 20500; ms += 250) {
		rig.now += 250;
		rig_tick(&rig);
		failed |= rig_event(&rig, CORE_EVENT_TIMER_FAILED) != NULL;
		rested |= rig_count(&rig, CORE_OUT_REST) > 0;
		if (!failed)
			assert_true(ms < 20000);
		rig_refresh_guarded(&rig);
	}
	assert_true(failed);
	assert_true(rested);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void what_was_accepted_without_a_timer_needs_no_proof_and_can_not_be_tested(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_ACCEPTED);
	assert_int_equal(rig_verb(&rig, CORE_OFF_TEST, "plug", "power"), CORE_NOT_PERMITTED);
	assert_contains(why(), "no timer of its own");
}

static void what_has_no_timer_and_was_not_accepted_is_refused(void **state)
{
	(void)state;
	rig.core->home.controls[2].accept_no_timer = false;
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_NOT_PERMITTED);
	assert_contains(why(), "accept_no_device_timer = true");
}

static void what_somebody_switches_on_is_not_adopted_without_the_proof(void **state)
{
	(void)state;
	rig_tell(&rig, PAD, PAD_HEAT,
		 &(struct core_input){.state = {.phase = CORE_PHASE_CONFIRMED_ON, .foreign = true, .value = 1}});
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_contains(rig_event(&rig, CORE_EVENT_BYPASSED)->why, "off-test");
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(what_has_not_proved_its_timer_is_refused_until_an_off_test_passes),
	    with_rig(a_test_that_fails_takes_the_proof_back),
	    with_rig(a_test_is_a_grant_that_every_rule_ends),
	    with_rig(a_test_that_is_paused_does_not_go_on_by_itself),
	    with_rig(while_a_test_runs_nothing_else_is_granted_and_rest_ends_it),
	    with_rig(a_test_of_which_nothing_is_heard_fails_and_rests),
	    with_rig(what_was_accepted_without_a_timer_needs_no_proof_and_can_not_be_tested),
	    with_rig(what_has_no_timer_and_was_not_accepted_is_refused),
	    with_rig(what_somebody_switches_on_is_not_adopted_without_the_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

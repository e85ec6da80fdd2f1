/* SPDX-License-Identifier: Apache-2.0
 * CORE_CHECK is judged as a message like any request, and does nothing. What was asked for and waits is told. */
#include <string.h>

#include "core/testing_rig.h"

static int start(void **state)
{
	static struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	*state = &rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	return 0;
}

static struct core_request tension(double value)
{
	return (struct core_request){
	    .verb = CORE_CHECK, .device = "belt", .control = "tension", .id = "", .value = value, .age_ms = -1};
}

static enum core_outcome check(struct rig *rig, struct core_request request)
{
	enum core_outcome outcome = rig_request(rig, &request);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
	return outcome;
}

static void a_check_starts_nothing_and_ends_nothing(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(check(rig, tension(100)), CORE_ACCEPTED);
	assert_contains(rig_output(rig, CORE_OUT_RESULT, 0)->why, "belt.tension takes 100 N; nothing is switched yet");
	assert_false(rig_permission(rig, BELT, BELT_TENSION).granted);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	struct core_request request = tension(1);
	request.device = "pad";
	request.control = "heat";
	assert_int_equal(check(rig, request), CORE_ACCEPTED);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_null(rig_event(rig, CORE_EVENT_ENDED));
}

static void what_is_wrong_with_it_is_refused_like_a_request(void **state)
{
	struct rig *rig = *state;
	struct core_request request = tension(100);
	request.flaw = CORE_FLAW_RETAINED;
	assert_int_equal(check(rig, request), CORE_RETAINED);
	request.flaw = CORE_FLAW_UNTIMELY;
	assert_int_equal(check(rig, request), CORE_LATE);
	request = tension(100);
	request.age_ms = 6000;
	assert_int_equal(check(rig, request), CORE_LATE);
	request = tension(100);
	request.id = "once";
	assert_int_equal(check(rig, request), CORE_ACCEPTED);
	assert_int_equal(check(rig, request), CORE_DUPLICATE);
	assert_int_equal(check(rig, tension(0)), CORE_OUT_OF_RANGE); /* it is no request for rest */
	assert_int_equal(check(rig, tension(401)), CORE_OUT_OF_RANGE);
	assert_int_equal(check(rig, tension(101)), CORE_OUT_OF_RANGE);
	request = tension(100);
	request.control = "heat";
	assert_int_equal(check(rig, request), CORE_UNKNOWN_CONTROL);
}

static void what_was_asked_for_is_told_while_it_runs(void **state)
{
	struct rig *rig = *state;
	assert_near(rig_permission(rig, PAD, PAD_HEAT).asked, 0, 0);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_near(rig_permission(rig, PAD, PAD_HEAT).asked, 1, 0);
	assert_int_equal(rig_ask(rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_near(rig_permission(rig, PAD, PAD_HEAT).asked, 0, 0);
}

/* The pad goes on by itself when the table is seen again: the wish stands. */
static void what_waits_for_a_pause_to_end_is_told_as_well(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_present(rig, TABLE, false);
	struct core_permission p = rig_permission(rig, PAD, PAD_HEAT);
	assert_true(p.suspended);
	assert_false(p.granted);
	assert_near(p.value, 0, 0);
	assert_near(p.asked, 1, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_check_starts_nothing_and_ends_nothing),
	    TEST(what_is_wrong_with_it_is_refused_like_a_request),
	    TEST(what_was_asked_for_is_told_while_it_runs),
	    TEST(what_waits_for_a_pause_to_end_is_told_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * Somebody says that they are there (hazard 30). */
#include "core/testing_rig.h"

static struct rig rig;

enum { PERSON = 1, HEATER = 0 };

static const struct core_metric present[] = {{.key = "present", .unit = THERAPY_UNIT_BOOL, .stale_ms = 120000}};

static void start(const char *metric)
{
	static struct core_metric row[1];
	row[0] = present[0];
	row[0].key = metric;
	const struct core_device home[] = {rig_pad, {"person", "person", row, 1, NULL, 0}};
	const struct core_rule rule = rig_rule("there", "all person.present == 1");
	rig_start(&rig, home, 2, &rule, 1);
	rig_present(&rig, HEATER, true);
	rig_present(&rig, PERSON, true);
	rig_phase(&rig, HEATER, 0, CORE_PHASE_AT_REST);
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static enum core_outcome confirm_flawed(enum core_flaw flaw, int64_t age_ms)
{
	return rig_request(&rig, &(struct core_request){.verb = CORE_CONFIRM,
							.device = "",
							.control = "",
							.id = "",
							.by = "a test",
							.flaw = flaw,
							.age_ms = age_ms});
}

static void nothing_runs_until_somebody_says_that_they_are_there_and_for_as_long_as_that_holds(void **state)
{
	(void)state;
	start("present");
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_int_equal(confirm_flawed(CORE_FLAW_NONE, -1), CORE_ACCEPTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "a test: that holds for 120 s");
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_wait(&rig, 119000);
	assert_int_equal(confirm_flawed(CORE_FLAW_NONE, -1), CORE_ACCEPTED);
	rig_wait(&rig, 120000);
	assert_true(rig_permission(&rig, HEATER, 0).granted);
	rig_wait(&rig, 1);
	assert_false(rig_permission(&rig, HEATER, 0).granted);
	rig_wait(&rig, 61000); /* who comes back later asks anew */
	assert_int_equal(confirm_flawed(CORE_FLAW_NONE, -1), CORE_ACCEPTED);
	assert_false(rig_permission(&rig, HEATER, 0).granted);
}

static void what_the_broker_kept_or_what_is_late_is_nobody(void **state)
{
	(void)state;
	start("present");
	assert_int_equal(confirm_flawed(CORE_FLAW_RETAINED, -1), CORE_RETAINED);
	assert_int_equal(confirm_flawed(CORE_FLAW_UNTIMELY, -1), CORE_LATE);
	assert_int_equal(confirm_flawed(CORE_FLAW_NONE, 6000), CORE_LATE);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
}

static void nobody_can_be_parked(void **state)
{
	(void)state;
	start("present");
	assert_int_equal(rig_verb(&rig, CORE_PARK, "person", ""), CORE_NOT_PERMITTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
}

static void a_home_that_does_not_ask_says_so(void **state)
{
	(void)state;
	start("weight");
	assert_int_equal(confirm_flawed(CORE_FLAW_NONE, -1), CORE_UNKNOWN_CONTROL);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "profile.presence");
}

int main(void)
{
#define T(test) cmocka_unit_test_teardown(test, stop)
	const struct CMUnitTest tests[] = {
	    T(nothing_runs_until_somebody_says_that_they_are_there_and_for_as_long_as_that_holds),
	    T(what_the_broker_kept_or_what_is_late_is_nobody),
	    T(nobody_can_be_parked),
	    T(a_home_that_does_not_ask_says_so),
	};
	return cmocka_run_group_tests_name("core: somebody is there", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * Quiet for what sounds now, and for nothing else. */
#include "core/testing_rig.h"

#define PAUSE_MS 120000u

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

static void tilt_to(double deg)
{
	rig_refresh_guarded(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, deg);
}

/* Time in which the table goes on to say the same. */
static void hold(double deg, uint64_t ms)
{
	for (uint64_t end = rig.now + ms; rig.now < end;) {
		rig.now += end - rig.now < 500 ? end - rig.now : 500;
		rig_read(&rig, TABLE, TABLE_TILT, deg);
	}
}

/* Steeper than the rule lets it be, for longer than its grace. */
static void raise_alarm(void)
{
	struct core_alarm a;
	tilt_to(70);
	hold(70, 2000);
	assert_true(core_alarm(rig.core, rig_n_rules + RULE_ANGLE, &a));
	assert_int_equal(a.state, CORE_ALARM_RAISED);
}

static bool alarm_is_silenced(void)
{
	struct core_alarm a;
	return core_alarm(rig.core, rig_n_rules + RULE_ANGLE, &a) && a.state == CORE_ALARM_RAISED && a.silenced;
}

static enum core_outcome silence(void)
{
	rig.now += 1;
	return rig_verb(&rig, CORE_SILENCE, "", "");
}

static void an_alarm_sounds_until_somebody_wants_quiet_and_again_after_two_minutes(void **state)
{
	(void)state;
	assert_false(core_sounds(rig.core));
	raise_alarm();
	assert_true(core_sounds(rig.core));
	assert_int_equal(silence(), CORE_ACCEPTED);
	assert_non_null(rig_event(&rig, CORE_EVENT_SILENCED));
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "1 alarm is silent for 2 min");
	assert_false(core_sounds(rig.core));
	assert_true(alarm_is_silenced()); /* it stands all the same */
	hold(70, PAUSE_MS - 1);
	assert_false(core_sounds(rig.core));
	hold(70, 1);
	assert_true(core_sounds(rig.core));
	assert_false(alarm_is_silenced());
}

static void the_end_of_quiet_is_told_without_any_reading(void **state)
{
	(void)state;
	raise_alarm();
	silence();
	hold(70, PAUSE_MS - 400);
	assert_true(core_deadline(rig.core) <= rig.now + 400);
	rig.now += 400;
	rig_tick(&rig);
	const struct core_output *changed = rig_output(&rig, CORE_OUT_CHANGED, 0);
	assert_non_null(changed);
	bool of_home = false;
	for (size_t i = 0; i < rig.last.n; i++)
		of_home |= rig.last.items[i].type == CORE_OUT_CHANGED && rig.last.items[i].device == CORE_NO_DEVICE;
	assert_true(of_home);
	assert_true(core_sounds(rig.core));
}

static void an_alarm_that_is_raised_anew_sounds_although_there_was_quiet_for_it(void **state)
{
	(void)state;
	raise_alarm();
	silence();
	hold(0, 20000);
	assert_false(core_sounds(rig.core));
	raise_alarm();
	assert_true(core_sounds(rig.core));
	assert_false(alarm_is_silenced());
}

static void another_that_is_raised_meanwhile_sounds(void **state)
{
	(void)state;
	assert_int_equal(rig_ask(&rig, "plug", "power", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_COMING_TO_REST);
	raise_alarm();
	silence();
	assert_false(core_sounds(rig.core));
	hold(70, 5000); /* the pad does not obey */
	struct core_latch latch;
	bool found = false;
	for (size_t n = 0; core_latch(rig.core, n, &latch); n++)
		found |= latch.type == CORE_LATCH_NOT_OBEYED && !latch.silenced;
	assert_true(found);
	assert_true(core_sounds(rig.core));
	assert_true(alarm_is_silenced());
}

static void an_alarm_of_the_same_moment_is_not_taken_for_heard(void **state)
{
	(void)state;
	tilt_to(70);
	struct core_alarm a;
	while (core_alarm(rig.core, rig_n_rules + RULE_ANGLE, &a) && a.state != CORE_ALARM_RAISED)
		hold(70, 1); /* to the very moment */
	assert_int_equal(rig_verb(&rig, CORE_SILENCE, "", ""), CORE_ACCEPTED);
	assert_true(core_sounds(rig.core));
}

static void where_nothing_sounds_nothing_is_kept_quiet_for_later(void **state)
{
	(void)state;
	assert_int_equal(silence(), CORE_ACCEPTED);
	assert_null(rig_event(&rig, CORE_EVENT_SILENCED));
	raise_alarm();
	assert_true(core_sounds(rig.core));
}

static void what_is_late_or_kept_by_the_broker_silences_nothing(void **state)
{
	(void)state;
	raise_alarm();
	rig.now += 1;
	struct core_request request = {
	    .verb = CORE_SILENCE, .device = "", .control = "", .id = "", .age_ms = -1, .flaw = CORE_FLAW_RETAINED};
	assert_int_equal(rig_request(&rig, &request), CORE_RETAINED);
	request.flaw = CORE_FLAW_NONE;
	request.age_ms = 6000;
	assert_int_equal(rig_request(&rig, &request), CORE_LATE);
	assert_true(core_sounds(rig.core));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
	const struct CMUnitTest tests[] = {
	    T(an_alarm_sounds_until_somebody_wants_quiet_and_again_after_two_minutes),
	    T(the_end_of_quiet_is_told_without_any_reading),
	    T(an_alarm_that_is_raised_anew_sounds_although_there_was_quiet_for_it),
	    T(another_that_is_raised_meanwhile_sounds),
	    T(an_alarm_of_the_same_moment_is_not_taken_for_heard),
	    T(where_nothing_sounds_nothing_is_kept_quiet_for_later),
	    T(what_is_late_or_kept_by_the_broker_silences_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

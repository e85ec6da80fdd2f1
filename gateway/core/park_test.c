/* SPDX-License-Identifier: Apache-2.0
 * Who may park what, and what undoes it. What parking means to conditions: parked_test.c. */
#include <string.h>

#include "core/testing_rig.h"

#define HOUR 3600000u

static struct rig rig;

static const struct core_metric table_metrics[] = {{.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 1000},
						   {.key = "occupied", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000}};
enum { OCCUPIED = 1 };

/* The table sleeps: it was never heard of. */
static int start(void **state)
{
	(void)state;
	const struct core_device home[] = {{"table", "inversion", table_metrics, 2, NULL, 0}, rig_belt, rig_pad};
	const struct core_rule rule = rig_rule("level", "all inversion.tilt <= 10 deg");
	rig_start(&rig, home, 3, &rule, 1);
	for (uint16_t d = TABLE; d <= PAD; d++)
		rig_present(&rig, d, true);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static bool parked(void)
{
	uint64_t until;
	return core_parked(rig.core, TABLE, &until);
}

static void park(void)
{
	assert_int_equal(rig_verb(&rig, CORE_PARK, "table", ""), CORE_ACCEPTED);
	assert_true(parked());
}

static void rules_do_without_a_parked_device_and_it_is_told_and_shown(void **state)
{
	(void)state;
	uint64_t until = 0;
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	park();
	assert_string_equal(rig_event(&rig, CORE_EVENT_PARKED)->why,
			    "table was parked by therapyctl: rules do without it until it is used, for 12 h at most");
	assert_int_equal(rig_event(&rig, CORE_EVENT_PARKED)->device, TABLE);
	assert_true(core_parked(rig.core, TABLE, &until));
	assert_int_equal(until, rig.now + 12u * HOUR);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_verb(&rig, CORE_UNPARK, "table", ""), CORE_ACCEPTED);
	assert_non_null(rig_event(&rig, CORE_EVENT_UNPARKED));
	assert_false(parked());
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
}

static void what_has_a_control_is_occupied_or_looked_at_cannot_be_parked(void **state)
{
	(void)state;
	assert_int_equal(rig_verb(&rig, CORE_PARK, "pad", ""), CORE_NOT_PERMITTED);
	assert_int_equal(rig_verb(&rig, CORE_PARK, "ladder", ""), CORE_UNKNOWN_CONTROL);
	rig_read(&rig, TABLE, OCCUPIED, 1);
	assert_int_equal(rig_verb(&rig, CORE_PARK, "table", ""), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "somebody is on table");
	rig_read(&rig, TABLE, OCCUPIED, 0);
	rig_read(&rig, TABLE, TABLE_TILT, 0);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_verb(&rig, CORE_PARK, "table", ""), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "pad.heat is in use, and its rules look at table");
	rig_read_quality(&rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig.now); /* paused is in use */
	assert_int_equal(rig_verb(&rig, CORE_PARK, "table", ""), CORE_NOT_PERMITTED);
	assert_false(parked());
}

static void a_stop_button_cannot_be_parked(void **state)
{
	(void)state;
	struct rig other;
	rig_start_guarded(&other, false);
	rig_calm_guarded(&other);
	assert_int_equal(rig_verb(&other, CORE_PARK, "remote", ""), CORE_NOT_PERMITTED);
	rig_stop(&other);
}

static void somebody_on_it_ends_it(void **state)
{
	(void)state;
	park();
	rig_read(&rig, TABLE, OCCUPIED, 0);
	assert_true(parked());
	rig_read_quality(&rig, TABLE, OCCUPIED, 1, THERAPY_ERROR, rig.now);
	assert_true(parked());
	rig_read(&rig, TABLE, OCCUPIED, 1);
	assert_false(parked());
	assert_contains(rig_event(&rig, CORE_EVENT_UNPARKED)->why, "somebody is on it");
}

static void five_degrees_since_it_was_parked_end_it_however_slowly(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		if (known)
			rig_read(&rig, TABLE, TABLE_TILT, -70);
		park();
		for (double moved = 0; moved <= 4.9; moved += 0.1) {
			rig.now += 60000;
			rig_read(&rig, TABLE, TABLE_TILT, -70 + moved);
			assert_true(parked());
		}
		rig_read(&rig, TABLE, TABLE_TILT, -65);
		assert_false(parked());
		assert_string_equal(rig_event(&rig, CORE_EVENT_UNPARKED)->why,
				    "table is not parked any more: table.tilt moved from -70 deg to -65 deg");
	}
}

static void what_runs_without_it_trips_or_pauses_when_it_is_used_again(void **state)
{
	(void)state;
	park();
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read(&rig, TABLE, TABLE_TILT, 0);
	rig_read(&rig, TABLE, TABLE_TILT, 20);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
}

static void twelve_hours_end_it_also_in_one_gap(void **state)
{
	(void)state;
	park();
	rig_jump(&rig, 12u * HOUR - 1);
	assert_true(parked());
	rig_jump(&rig, 1);
	assert_false(parked());
	assert_contains(rig_event(&rig, CORE_EVENT_UNPARKED)->why, "12 h at most");
	park();
	rig_jump(&rig, 100u * HOUR);
	assert_false(parked());
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(rules_do_without_a_parked_device_and_it_is_told_and_shown),
	    with_rig(what_has_a_control_is_occupied_or_looked_at_cannot_be_parked),
	    with_rig(a_stop_button_cannot_be_parked),
	    with_rig(somebody_on_it_ends_it),
	    with_rig(five_degrees_since_it_was_parked_end_it_however_slowly),
	    with_rig(what_runs_without_it_trips_or_pauses_when_it_is_used_again),
	    with_rig(twelve_hours_end_it_also_in_one_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

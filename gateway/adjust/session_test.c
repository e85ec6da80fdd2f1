/* SPDX-License-Identifier: Apache-2.0
 * Promise: a calibration is found only where three positions agree about how the sensor is mounted, and a tare only
 * where nothing moves and little hangs; what was refused changes nothing and can be tried again. */
#include "adjust/session.h"

#include "base/testing.h"
#include "therapy/plugin.h"

static const char *const roll_and_pitch[] = {"roll", "pitch"};

/* Ten readings a second for as long as it is measured, at most 5 s; `noise` goes up and down. */
static uint64_t hold(struct session *s, uint64_t now_ms, double roll, double pitch, double noise)
{
	for (int i = 1; i <= 50 && s->state == SESSION_MEASURING; i++) {
		double wobble = i % 2 ? noise : -noise;
		now_ms += 100;
		session_reading(s, 0, THERAPY_GOOD, remainder(roll + wobble, 360), now_ms);
		session_reading(s, 1, THERAPY_GOOD, pitch, now_ms);
		session_tick(s, now_ms);
	}
	return now_ms;
}

static void measure(struct session *s, const char *step, double roll, double pitch)
{
	assert_string_equal(session_step(s), step);
	assert_true(session_measure(s, step, s->touched_ms));
	hold(s, s->touched_ms, roll, pitch, 0.1);
}

static struct session calibrate(const double roll[3], const double pitch[3], size_t n_axes)
{
	struct session s;
	session_begin_calibrate(&s, n_axes == 2 ? roll_and_pitch : NULL, n_axes, n_axes == 2, 10000, 1000);
	for (size_t i = 0; i < 3; i++) {
		static const char *const steps[] = {"upright", "level", "head_down"};
		if (s.refused[0])
			break;
		measure(&s, steps[i], roll[i], pitch[i]);
	}
	return s;
}

static void sign_and_zero_are_found_for_both_mountings(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){-70, 1.25, 20}, (double[]){0, 0, 0}, 1);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_false(s.calibration.reversed);
	assert_near(s.calibration.zero_deg, 1.25, 0.02);
	s = calibrate((double[]){70, -3, -20}, (double[]){0, 0, 0}, 1);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_true(s.calibration.reversed);
	assert_near(s.calibration.zero_deg, -3, 0.02);
	assert_null(session_step(&s));
}

static void a_sensor_mounted_across_the_end_of_the_circle_is_calibrated_too(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){105, 179.95, -165}, (double[]){0, 0, 0}, 1);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_false(s.calibration.reversed);
	assert_near(fabs(s.calibration.zero_deg), 179.95, 0.02);
}

static void the_axis_that_turned_is_the_tables(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){-80, 0, 15}, (double[]){2, 2, 2}, 2);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_int_equal(s.calibration.axis, 0);
	s = calibrate((double[]){1, 1, 1}, (double[]){65, 2, -20}, 2);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_int_equal(s.calibration.axis, 1);
	assert_true(s.calibration.reversed);
	assert_near(s.calibration.zero_deg, 2, 0.02);
}

static void roll_may_wander_where_pitch_points_up(void **state)
{
	(void)state;
	struct session s;
	session_begin_calibrate(&s, roll_and_pitch, 2, true, 10000, 0);
	assert_true(session_measure(&s, "upright", 0));
	hold(&s, 0, 0, -85, 30);
	assert_string_equal(s.refused, "");
	assert_string_equal(session_step(&s), "level");
	assert_true(session_measure(&s, "level", 5000));
	hold(&s, 5000, 0, -85 + 84, 30); /* here it moves */
	assert_contains(s.refused, "it moved");
}

static void a_table_that_moves_is_refused_and_may_try_again(void **state)
{
	(void)state;
	struct session s;
	session_begin_calibrate(&s, NULL, 1, false, 10000, 0);
	assert_true(session_measure(&s, "upright", 0));
	hold(&s, 0, -70, 0, 0.6);
	assert_contains(s.refused, "it moved: readings were 1.2 deg apart, expected at most 1 within 2 s");
	assert_string_equal(session_step(&s), "upright");
	measure(&s, "upright", -70, 0);
	assert_string_equal(s.refused, "");
	assert_string_equal(session_step(&s), "level");
}

static void positions_that_contradict_each_other_are_refused_with_what_was_found(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){-70, -65, 0}, (double[]){0, 0, 0}, 1);
	assert_contains(s.refused, "between upright and level the sensor turned by 5.0 deg, expected 60 to 120");
	s = calibrate((double[]){-130, 0, 0}, (double[]){0, 0, 0}, 1);
	assert_contains(s.refused, "turned by 130.0 deg");
	s = calibrate((double[]){-70, 0, -10}, (double[]){0, 0, 0}, 1);
	assert_contains(s.refused, "turned by 10.0 deg towards upright, expected 5 to 60 away from it");
	s = calibrate((double[]){-70, 0, 3}, (double[]){0, 0, 0}, 1);
	assert_contains(s.refused, "turned by 3.0 deg away from upright");
	s = calibrate((double[]){-70, 0, 80}, (double[]){0, 0, 0}, 1);
	assert_contains(s.refused, "turned by 80.0 deg away from upright");
	assert_int_equal(s.state, SESSION_WAITS);
}

static void two_axes_that_both_turn_are_refused(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){-70, 0, 15}, (double[]){-70, 0, 15}, 2);
	assert_contains(s.refused, "both axes turned");
	s = calibrate((double[]){0, 0, 0}, (double[]){1, 2, 3}, 2);
	assert_contains(s.refused, "roll: between upright and level the sensor turned by 0.0 deg");
	assert_contains(s.refused, "pitch: between");
}

/* A zero of 50 deg on an axis that ends at 90: 80 deg head down would read as 50, which is level. */
static void pitch_that_would_come_back_is_refused(void **state)
{
	(void)state;
	struct session s = calibrate((double[]){0, 0, 0}, (double[]){-30, 50, 65}, 2);
	assert_contains(s.refused, "pitch: the sensor says 50.0 deg when the table is level, expected at most 20");
}

static void steps_come_in_their_order(void **state)
{
	(void)state;
	struct session s;
	session_begin_calibrate(&s, NULL, 1, false, 10000, 0);
	assert_false(session_measure(&s, "level", 0));
	assert_true(session_measure(&s, "upright", 0));
	assert_false(session_measure(&s, "upright", 0)); /* it is being measured */
	session_end(&s);
	assert_false(session_measure(&s, "upright", 0));
	assert_null(session_step(&s));
}

static void old_readings_silence_and_errors_measure_nothing(void **state)
{
	(void)state;
	struct session s;
	session_begin_tare(&s, 10000, 5000);
	assert_true(session_measure(&s, "empty", 5000));
	session_reading(&s, 0, THERAPY_GOOD, 1, 5000); /* made before it was asked for */
	session_reading(&s, 0, THERAPY_GOOD, 1, 6000);
	session_reading(&s, 0, THERAPY_GOOD, 1, 9000);
	assert_int_equal(s.state, SESSION_MEASURING); /* two are too few */
	assert_true(session_tick(&s, 15000));
	assert_contains(s.refused, "2 readings came within 10 s, expected 3");
	assert_true(session_measure(&s, "empty", 20000));
	session_reading(&s, 0, THERAPY_ERROR, 1, 20100);
	assert_contains(s.refused, "not to be believed");
	assert_true(session_measure(&s, "empty", 30000));
	session_lost(&s);
	assert_contains(s.refused, "the device is gone");
	assert_int_equal(s.state, SESSION_WAITS);
}

static void a_tare_is_what_hangs_there_and_no_load(void **state)
{
	(void)state;
	struct session s;
	session_begin_tare(&s, 10000, 0);
	assert_true(session_measure(&s, "empty", 0));
	hold(&s, 0, 12.5, 0, 0.2);
	assert_int_equal(s.state, SESSION_FOUND);
	assert_near(s.zero_n, 12.5, 0.05);
	session_begin_tare(&s, 10000, 0);
	assert_true(session_measure(&s, "empty", 0));
	hold(&s, 0, 12.5, 0, 1.5);
	assert_contains(s.refused, "it moved: readings were 3.0 N apart");
	assert_true(session_measure(&s, "empty", 10000));
	hold(&s, 10000, -51, 0, 0.1);
	assert_contains(s.refused, "the sensor says -51.0 N, expected at most 50 without a load");
	assert_int_equal(s.state, SESSION_WAITS);
}

static void who_went_away_leaves_nothing(void **state)
{
	(void)state;
	struct session s;
	session_begin_tare(&s, 10000, 0);
	assert_true(session_tick(&s, SESSION_IDLE_MS - 1));
	assert_false(session_tick(&s, SESSION_IDLE_MS));
	assert_int_equal(s.kind, SESSION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sign_and_zero_are_found_for_both_mountings),
	    cmocka_unit_test(a_sensor_mounted_across_the_end_of_the_circle_is_calibrated_too),
	    cmocka_unit_test(the_axis_that_turned_is_the_tables),
	    cmocka_unit_test(roll_may_wander_where_pitch_points_up),
	    cmocka_unit_test(a_table_that_moves_is_refused_and_may_try_again),
	    cmocka_unit_test(positions_that_contradict_each_other_are_refused_with_what_was_found),
	    cmocka_unit_test(two_axes_that_both_turn_are_refused),
	    cmocka_unit_test(pitch_that_would_come_back_is_refused),
	    cmocka_unit_test(steps_come_in_their_order),
	    cmocka_unit_test(old_readings_silence_and_errors_measure_nothing),
	    cmocka_unit_test(a_tare_is_what_hangs_there_and_no_load),
	    cmocka_unit_test(who_went_away_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * Hazards 11 to 14: what one device forbids another. */
#include "testing_life.h"

static int start(void **state)
{
	static struct life life;
	life_start(&life, &(struct life_setup){0});
	*state = &life;
	return 0;
}

static int stop(void **state)
{
	life_stop(*state);
	return 0;
}

static void h11_tilt_is_swept_and_heat_runs_up_to_10_deg_one_second_up_to_20_and_not_at_all_beyond(void **state)
{
	(void)state;
	for (int tenths = -250; tenths <= 250; tenths += tenths > 95 && tenths < 205 ? 1 : 45) {
		double tilt = tenths / 10.0;
		struct life l;
		life_start(&l, &(struct life_setup){0});
		life_grants(&l, PAD, 1);
		life_see(&l, TABLE, TILT, tilt);
		assert_int_equal(life_runs(&l, PAD), tilt <= 20);
		life_pass(&l, 950);
		assert_int_equal(life_runs(&l, PAD), tilt <= 20);
		life_pass(&l, 100);
		assert_int_equal(life_runs(&l, PAD), tilt <= 10);
		assert_int_equal(life_ended_by(&l, "no-heat-during-inversion"), tilt > 10);
		life_stop(&l);
	}
}

static void h11_it_needs_ten_seconds_at_8_deg_to_be_armed_again(void **state)
{
	struct life *l = *state;
	life_see(l, TABLE, TILT, 21);
	life_see(l, TABLE, TILT, 9);
	life_pass(l, 20 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-during-inversion");
	life_see(l, TABLE, TILT, 8.1);
	life_pass(l, 20 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-during-inversion");
	life_see(l, TABLE, TILT, 7.9);
	life_pass(l, 9800);
	life_refuses(l, PAD, 1, "no-heat-during-inversion");
	life_pass(l, 300);
	life_grants(l, PAD, 1);
}

static void h11_a_tilt_older_than_five_seconds_is_not_known(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_pass(l, 2 * SECOND);
	l->silent[TABLE] = true;
	life_pass(l, 4900);
	assert_true(life_runs(l, PAD));
	life_pass(l, 200);
	assert_false(life_runs(l, PAD));
	assert_true(life_ended_by(l, "no-heat-during-inversion"));
	assert_false(life_told(l, CORE_EVENT_TRIPPED, "no-heat-during-inversion"));
	l->silent[TABLE] = false;
	life_pass(l, 15 * SECOND);
	assert_true(life_runs(l, PAD)); /* heat goes on by itself */
}

static void h12_force_is_swept_and_heat_runs_below_20_newton(void **state)
{
	struct life *l = *state;
	l->manual_force = true;
	for (int tenths = 150; tenths <= 250; tenths++) {
		life_see(l, BELT, FORCE, 0);
		life_pass(l, 11 * SECOND);
		life_grants(l, PAD, 1);
		life_forget(l);
		life_see(l, BELT, FORCE, tenths / 10.0);
		assert_int_equal(life_runs(l, PAD), tenths < 200);
		assert_int_equal(life_ended_by(l, "no-heat-under-load"), tenths >= 200);
		life_ask(l, PAD, 0);
		life_pass(l, SECOND);
	}
}

static void h12_pressure_is_swept_and_heat_runs_below_1_kilopascal(void **state)
{
	struct life *l = *state;
	for (int hundredths = 95; hundredths <= 105; hundredths++) {
		life_see(l, BELT, PRESSURE, 0);
		life_pass(l, 11 * SECOND);
		life_grants(l, PAD, 1);
		life_forget(l);
		life_see(l, BELT, PRESSURE, hundredths / 100.0);
		assert_int_equal(life_runs(l, PAD), hundredths < 100);
		assert_int_equal(life_ended_by(l, "no-heat-under-load"), hundredths >= 100);
		life_ask(l, PAD, 0);
		life_pass(l, SECOND);
	}
}

static void h12_it_needs_ten_seconds_without_load_to_be_armed_again(void **state)
{
	struct life *l = *state;
	static const struct {
		int metric;
		double load, rest, rested;
	} rows[] = {{FORCE, 25, 15.1, 14.9}, {PRESSURE, 2, 0.81, 0.79}};
	l->manual_force = true;
	for (size_t i = 0; i < 2; i++) {
		life_see(l, BELT, rows[i].metric, rows[i].load);
		life_pass(l, SECOND);
		life_see(l, BELT, rows[i].metric, rows[i].rest);
		life_pass(l, 20 * SECOND);
		life_refuses(l, PAD, 1, "no-heat-under-load");
		life_see(l, BELT, rows[i].metric, rows[i].rested);
		life_pass(l, 9800);
		life_refuses(l, PAD, 1, "no-heat-under-load");
		life_pass(l, 300);
		life_grants(l, PAD, 1);
		life_ask(l, PAD, 0);
	}
}

static void h12_a_load_older_than_five_seconds_is_not_known(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_pass(l, 2 * SECOND);
	l->silent[BELT] = true;
	life_pass(l, 4900);
	assert_true(life_runs(l, PAD));
	life_pass(l, 200);
	assert_true(life_ended_by(l, "no-heat-under-load"));
}

static void h13_no_heat_within_ten_minutes_of_inversion(void **state)
{
	struct life *l = *state;
	life_pass(l, MINUTE - l->now % MINUTE); /* the sum is kept by the minute */
	life_see(l, TABLE, TILT, 15);
	life_pass(l, 20 * SECOND);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, 15 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-after-inversion");
	life_pass(l, 9 * MINUTE + 55 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-after-inversion");
	life_pass(l, MINUTE);
	life_grants(l, PAD, 1);
}

static void h13_ten_seconds_in_all_are_no_inversion_and_more_are(void **state)
{
	struct life *l = *state;
	for (int i = 0; i < 11; i++) {
		life_see(l, TABLE, TILT, 12);
		life_pass(l, 900); /* hazard 11 lets it pass */
		life_see(l, TABLE, TILT, 0);
		life_pass(l, 2 * SECOND);
	}
	life_grants(l, PAD, 1);
	life_see(l, TABLE, TILT, 12);
	life_pass(l, 500);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, SECOND);
	assert_false(life_runs(l, PAD));
	assert_true(life_ended_by(l, "no-heat-after-inversion"));
	assert_false(life_ended_by(l, "no-heat-during-inversion"));
}

static void h13_ten_degrees_are_level_for_it(void **state)
{
	struct life *l = *state;
	life_see(l, TABLE, TILT, 10);
	life_pass(l, 2 * MINUTE);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, 11 * SECOND);
	life_grants(l, PAD, 1);
	life_ask(l, PAD, 0);
	life_see(l, TABLE, TILT, 10.1);
	life_pass(l, 12 * SECOND);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, 11 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-after-inversion");
}

static void h13_inverting_within_ten_minutes_of_five_minutes_of_heat_alarms(void **state)
{
	struct life *l = *state;
	static const struct {
		uint64_t heat, gap;
		double tilt;
		bool alarms;
	} rows[] = {
	    {4 * MINUTE + 50 * SECOND, 10 * SECOND, 15, false},
	    {5 * MINUTE + 10 * SECOND, 10 * SECOND, 15, true},
	    {6 * MINUTE, 9 * MINUTE + 30 * SECOND, 15, true},
	    {6 * MINUTE, 10 * MINUTE + 10 * SECOND, 15, false},
	    {6 * MINUTE, 10 * SECOND, 10, false},
	    {6 * MINUTE, 10 * SECOND, 10.1, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		life_grants(l, PAD, 1);
		life_pass(l, rows[i].heat);
		life_ask(l, PAD, 0);
		life_pass(l, rows[i].gap);
		life_forget(l);
		life_see(l, TABLE, TILT, rows[i].tilt);
		life_pass(l, 1950);
		assert_false(life_alarmed(l, "inverted-after-heat"));
		life_pass(l, 100);
		assert_int_equal(life_alarmed(l, "inverted-after-heat"), rows[i].alarms);
		life_see(l, TABLE, TILT, 0);
		life_wait(l, HOUR);
		life_pass(l, 15 * SECOND);
	}
}

/* Two rules forbid traction after inversion: what each of them says. */
static void h14_tilt_is_swept_and_traction_never_runs_beyond_10_deg(void **state)
{
	(void)state;
	static const char rule[] = "no-traction-during-inversion";
	for (int tenths = -250; tenths <= 250; tenths += tenths > 95 && tenths < 205 ? 1 : 45) {
		double tilt = tenths / 10.0;
		struct life l;
		life_start(&l, &(struct life_setup){0});
		life_grants(&l, BELT, 50);
		life_see(&l, TABLE, TILT, tilt);
		assert_int_equal(life_runs(&l, BELT), tilt <= 10);
		assert_int_equal(life_state(&l, BELT, rule), tilt > 20   ? CORE_RULE_TRIPPED
							     : tilt > 10 ? CORE_RULE_GRACE
									 : CORE_RULE_ARMED);
		life_pass(&l, 950);
		assert_int_equal(life_state(&l, BELT, rule) == CORE_RULE_GRACE, tilt > 10 && tilt <= 20);
		life_pass(&l, 100);
		assert_int_equal(life_state(&l, BELT, rule) == CORE_RULE_TRIPPED, tilt > 10);
		life_stop(&l);
	}
}

static void h14_it_needs_ten_seconds_at_8_deg_and_a_tilt_of_the_last_five(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 50);
	life_pass(l, 10 * SECOND);
	l->silent[TABLE] = true;
	life_pass(l, 4400); /* it was heard last half a second before */
	assert_true(life_runs(l, BELT));
	life_pass(l, 700);
	assert_true(life_ended_by(l, "no-traction-during-inversion"));
	l->silent[TABLE] = false;
	life_see(l, TABLE, TILT, 21);
	life_see(l, TABLE, TILT, 8.1);
	life_wait(l, 31 * MINUTE);
	life_pass(l, 11 * SECOND);
	life_refuses(l, BELT, 50, "no-traction-during-inversion");
	life_see(l, TABLE, TILT, 7.9);
	life_pass(l, 9800);
	life_refuses(l, BELT, 50, "no-traction-during-inversion");
	life_pass(l, 300);
	life_grants(l, BELT, 50);
}

static void h14_thirty_minutes_lie_between_inversion_and_traction(void **state)
{
	struct life *l = *state;
	life_see(l, TABLE, TILT, 10);
	life_pass(l, SECOND);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, 15 * SECOND);
	life_grants(l, BELT, 50);
	life_see(l, TABLE, TILT, 10.1);
	assert_false(life_runs(l, BELT)); /* the table is moved by hand: what pulls lets go */
	assert_true(life_ended_by(l, "no-traction-after-inversion"));
	life_see(l, TABLE, TILT, 0);
	life_wait(l, 29 * MINUTE);
	life_pass(l, 30 * SECOND);
	life_refuses(l, BELT, 50, "no-traction-after-inversion");
	life_pass(l, 40 * SECOND);
	life_grants(l, BELT, 50);
}

static void h14_half_a_minute_unseen_begins_the_half_hour_anew(void **state)
{
	struct life *l = *state;
	l->silent[TABLE] = true;
	life_pass(l, 29 * SECOND);
	l->silent[TABLE] = false;
	life_pass(l, 15 * SECOND);
	life_grants(l, BELT, 50);
	life_ask(l, BELT, 0);
	life_pass(l, 10 * SECOND);
	l->silent[TABLE] = true;
	life_pass(l, 31500);
	l->silent[TABLE] = false;
	life_pass(l, 15 * SECOND);
	life_refuses(l, BELT, 50, "no-traction-after-inversion");
}

static void h14_inverting_within_half_an_hour_of_traction_alarms(void **state)
{
	struct life *l = *state;
	static const struct {
		uint64_t gap;
		double tilt;
		bool alarms;
	} rows[] = {{15 * SECOND, 10.1, true},
		    {28 * MINUTE, 15, true},
		    {30 * MINUTE + 20 * SECOND, 15, false},
		    {15 * SECOND, 10, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		life_grants(l, BELT, 30);
		life_pass(l, 30 * SECOND);
		life_ask(l, BELT, 0);
		life_pass(l, rows[i].gap);
		life_forget(l);
		life_see(l, TABLE, TILT, rows[i].tilt);
		life_pass(l, 1950);
		assert_false(life_alarmed(l, "inverted-after-traction"));
		life_pass(l, 100);
		assert_int_equal(life_alarmed(l, "inverted-after-traction"), rows[i].alarms);
		life_see(l, TABLE, TILT, 0);
		life_wait(l, 24 * HOUR);
		life_pass(l, 15 * SECOND);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest together_tests[] = {
    cmocka_unit_test(h11_tilt_is_swept_and_heat_runs_up_to_10_deg_one_second_up_to_20_and_not_at_all_beyond),
    T(h11_it_needs_ten_seconds_at_8_deg_to_be_armed_again),
    T(h11_a_tilt_older_than_five_seconds_is_not_known),
    T(h12_force_is_swept_and_heat_runs_below_20_newton),
    T(h12_pressure_is_swept_and_heat_runs_below_1_kilopascal),
    T(h12_it_needs_ten_seconds_without_load_to_be_armed_again),
    T(h12_a_load_older_than_five_seconds_is_not_known),
    T(h13_no_heat_within_ten_minutes_of_inversion),
    T(h13_ten_seconds_in_all_are_no_inversion_and_more_are),
    T(h13_ten_degrees_are_level_for_it),
    T(h13_inverting_within_ten_minutes_of_five_minutes_of_heat_alarms),
    cmocka_unit_test(h14_tilt_is_swept_and_traction_never_runs_beyond_10_deg),
    T(h14_it_needs_ten_seconds_at_8_deg_and_a_tilt_of_the_last_five),
    T(h14_thirty_minutes_lie_between_inversion_and_traction),
    T(h14_half_a_minute_unseen_begins_the_half_hour_anew),
    T(h14_inverting_within_half_an_hour_of_traction_alarms),
};
const size_t n_together_tests = sizeof together_tests / sizeof *together_tests;

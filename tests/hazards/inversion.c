/* SPDX-License-Identifier: Apache-2.0
 * Hazards 1, 2, 3, and what 16 and 29 say of inversion: alarms, because a table is moved by hand. */
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

/* To an angle at 5 deg/s, and there for `ms`. */
static void tilt_to(struct life *l, double angle, uint64_t ms)
{
	double from = l->sees[TABLE][TILT], way = angle - from;
	unsigned steps = (unsigned)((way < 0 ? -way : way) / 0.5) + 1;
	l->sees[TABLE][RATE] = way < 0 ? -5 : 5;
	for (unsigned i = 1; i <= steps; i++) {
		life_see(l, TABLE, TILT, from + way * i / steps);
		life_pass(l, 100);
	}
	l->sees[TABLE][RATE] = 0;
	life_pass(l, ms);
}

static void h01_beyond_the_step_alarms_after_a_second_and_not_before(void **state)
{
	struct life *l = *state;
	for (int tenths = 150; tenths <= 250; tenths++) {
		tilt_to(l, tenths / 10.0, 0);
		life_forget(l);
		life_pass(l, 950);
		assert_false(tenths <= 200 && life_alarmed(l, "over-angle"));
		life_pass(l, 1000);
		if (tenths > 200 && tenths < 202)
			assert_true(life_alarmed(l, "over-angle"));
		if (tenths <= 200)
			assert_false(life_alarmed(l, "over-angle"));
	}
}

static void h01_a_moment_beyond_the_step_is_no_alarm(void **state)
{
	struct life *l = *state;
	tilt_to(l, 18, 10 * SECOND);
	life_see(l, TABLE, TILT, 21);
	life_pass(l, 960);
	life_see(l, TABLE, TILT, 19);
	life_pass(l, 10 * SECOND);
	assert_false(life_alarmed(l, "over-angle"));
	life_see(l, TABLE, TILT, 21);
	life_pass(l, 1040);
	assert_true(life_alarmed(l, "over-angle"));
}

/* Head up is no inversion, however steep; the absolute angle of a table that is not calibrated is. */
static void h01_head_up_is_no_alarm(void **state)
{
	struct life *l = *state;
	tilt_to(l, -80, 10 * SECOND);
	assert_false(life_alarmed(l, "over-angle"));
	tilt_to(l, 80, 10 * SECOND);
	assert_true(life_alarmed(l, "over-angle"));
}

static void h01_the_alarm_is_over_when_it_was_well_for_five_seconds(void **state)
{
	struct life *l = *state;
	tilt_to(l, 22, 5 * SECOND);
	assert_true(life_alarmed(l, "over-angle"));
	tilt_to(l, 19.5, 0);
	life_pass(l, 4700); /* the first of it went by while it moved */
	assert_false(life_told(l, CORE_EVENT_ALARM_OVER, "over-angle"));
	life_pass(l, 800);
	assert_true(life_told(l, CORE_EVENT_ALARM_OVER, "over-angle"));
}

static void h01_what_was_not_seen_for_a_second_does_not_count_as_well(void **state)
{
	struct life *l = *state;
	tilt_to(l, 22, 5 * SECOND);
	assert_true(life_alarmed(l, "over-angle"));
	life_see(l, TABLE, TILT, 19);
	life_pass(l, 2 * SECOND);
	l->silent[TABLE] = true;
	life_pass(l, 1050);
	l->silent[TABLE] = false;
	life_see(l, TABLE, TILT, 19);
	life_pass(l, 4800);
	assert_false(life_told(l, CORE_EVENT_ALARM_OVER, "over-angle"));
	life_pass(l, 500);
	assert_true(life_told(l, CORE_EVENT_ALARM_OVER, "over-angle"));
}

static void h01_the_step_is_the_persons(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.figures = "tilt = \"35 deg\";"});
	tilt_to(&l, 34.9, 5 * SECOND);
	assert_false(life_alarmed(&l, "over-angle"));
	tilt_to(&l, 35.1, 5 * SECOND);
	assert_true(life_alarmed(&l, "over-angle"));
	life_stop(&l);
}

/* Two minutes; a minute later with high priority; at ten minutes whatever the step says. */
static void h02_the_alarm_escalates(void **state)
{
	struct life *l = *state;
	tilt_to(l, 15, 0);
	life_pass(l, 117 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-long"));
	life_pass(l, 6 * SECOND);
	assert_true(life_alarmed(l, "inverted-too-long"));
	life_pass(l, 54 * SECOND);
	assert_false(life_alarmed(l, "inverted-still"));
	life_pass(l, 6 * SECOND);
	assert_true(life_alarmed(l, "inverted-still"));
	life_pass(l, 9 * MINUTE + 40 * SECOND - 183 * SECOND);
	assert_false(life_alarmed(l, "inverted-10-min"));
	life_pass(l, 30 * SECOND);
	assert_true(life_alarmed(l, "inverted-10-min"));
	for (size_t i = 0; i < l->n_events; i++)
		if (l->events[i].type == CORE_EVENT_ALARM && strstr(l->events[i].rule, "inverted"))
			assert_int_equal(l->events[i].priority, strcmp(l->events[i].rule, "inverted-too-long") == 0
								    ? CORE_PRIORITY_MEDIUM
								    : CORE_PRIORITY_HIGH);
}

static void h02_ten_degrees_are_level_and_more_is_inverted(void **state)
{
	struct life *l = *state;
	tilt_to(l, 10, 3 * MINUTE);
	assert_false(life_alarmed(l, "inverted-too-long"));
	tilt_to(l, 10.2, 125 * SECOND);
	assert_true(life_alarmed(l, "inverted-too-long"));
}

static void h02_less_than_a_minute_of_rest_goes_on_with_the_same_time(void **state)
{
	struct life *l = *state;
	tilt_to(l, 15, 100 * SECOND);
	tilt_to(l, 0, 53 * SECOND);
	tilt_to(l, 15, 25 * SECOND);
	assert_true(life_alarmed(l, "inverted-too-long"));
	tilt_to(l, 0, 65 * SECOND);
	life_forget(l);
	tilt_to(l, 15, 110 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-long"));
}

static void h03_faster_than_ten_degrees_a_second_around_an_inversion_alarms(void **state)
{
	struct life *l = *state;
	static const struct {
		double rate;
		bool alarms;
	} rows[] = {{9.9, false}, {10.1, true}, {-9.9, false}, {-10.1, true}, {40, true}, {-40, true}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tilt_to(l, 10.5, 2 * SECOND);
		tilt_to(l, 5, 56 * SECOND); /* still within the minute */
		life_forget(l);
		life_see(l, TABLE, RATE, rows[i].rate);
		life_pass(l, 960);
		assert_false(life_alarmed(l, "return-too-fast")); /* a swing */
		life_pass(l, 90);
		assert_int_equal(life_alarmed(l, "return-too-fast"), rows[i].alarms);
		life_see(l, TABLE, RATE, 0);
		life_pass(l, 70 * SECOND);
	}
	/* To fold a table away is as fast, and nobody's business. */
	life_forget(l);
	tilt_to(l, 9.9, 2 * SECOND);
	life_see(l, TABLE, RATE, 60);
	life_pass(l, 5 * SECOND);
	assert_false(life_alarmed(l, "return-too-fast"));
}

static void h03_standing_up_within_a_minute_alarms(void **state)
{
	struct life *l = *state;
	tilt_to(l, 10.5, 30 * SECOND);
	tilt_to(l, -9.8, 50 * SECOND);
	assert_false(life_alarmed(l, "rest-flat"));
	tilt_to(l, -10.2, 3 * SECOND);
	assert_true(life_alarmed(l, "rest-flat"));
	tilt_to(l, 10.5, 30 * SECOND);
	tilt_to(l, 0, 64 * SECOND);
	life_forget(l);
	tilt_to(l, -60, 10 * SECOND);
	assert_false(life_alarmed(l, "rest-flat"));
	/* Mounting, upright, with no inversion before. */
	tilt_to(l, 10, 70 * SECOND);
	tilt_to(l, -60, 10 * SECOND);
	assert_false(life_alarmed(l, "rest-flat"));
}

static void h03_the_minute_lasts_a_minute(void **state)
{
	struct life *l = *state;
	tilt_to(l, 10.5, 30 * SECOND);
	life_see(l, TABLE, TILT, 0);
	life_pass(l, 57 * SECOND);
	life_see(l, TABLE, TILT, -20);
	life_pass(l, 960);
	assert_false(life_alarmed(l, "rest-flat"));
	life_pass(l, 100);
	assert_true(life_alarmed(l, "rest-flat"));
}

/* Off the level table so long after hanging; `who` says whether somebody is on it. */
static bool off_after(enum life_device who, int metric, bool lay_there, double hung_deg, uint64_t ms)
{
	struct life l;
	const char *rule = who == TABLE ? "stay-and-rest" : "stay-on-the-mat";
	life_start(&l, &(struct life_setup){.says_who = who == TABLE, .mat = who == MAT});
	life_see(&l, who, metric, lay_there);
	tilt_to(&l, hung_deg, 30 * SECOND);
	tilt_to(&l, 0, ms);
	assert_false(life_alarmed(&l, rule));
	life_see(&l, who, metric, 0);
	life_pass(&l, 2500);
	bool alarmed = life_alarmed(&l, rule);
	life_stop(&l);
	return alarmed;
}

static void h03_getting_off_a_level_table_within_a_minute_alarms(void **state)
{
	(void)state;
	assert_true(off_after(TABLE, ON_TABLE, true, 10.5, 10 * SECOND));
	assert_true(off_after(TABLE, ON_TABLE, true, 10.5, 55 * SECOND));
	assert_false(off_after(TABLE, ON_TABLE, true, 10.5, 61 * SECOND));
	assert_true(off_after(MAT, LAIN_ON, true, 10.5, 10 * SECOND));
	assert_true(off_after(MAT, LAIN_ON, true, 10.5, 55 * SECOND));
	assert_false(off_after(MAT, LAIN_ON, true, 10.5, 61 * SECOND));
}

static void h03_who_lay_level_may_get_off(void **state)
{
	(void)state;
	assert_false(off_after(TABLE, ON_TABLE, true, 9.9, 10 * SECOND));
	assert_false(off_after(MAT, LAIN_ON, true, 9.9, 10 * SECOND));
}

static void h03_to_tilt_an_empty_table_is_nobodys_inversion(void **state)
{
	(void)state;
	assert_false(off_after(TABLE, ON_TABLE, false, 10.5, 10 * SECOND));
	assert_false(off_after(MAT, LAIN_ON, false, 10.5, 10 * SECOND));
}

/* Off for so long, twice, with `between` on it. */
static bool off_for(enum life_device who, int metric, uint64_t ms, uint64_t between)
{
	struct life l;
	life_start(&l, &(struct life_setup){.says_who = who == TABLE, .mat = who == MAT});
	life_see(&l, who, metric, 1);
	tilt_to(&l, 10.5, 30 * SECOND);
	tilt_to(&l, 0, 10 * SECOND);
	l.step_ms = 50;
	for (int i = 0; i < 2; i++) {
		life_see(&l, who, metric, 0);
		life_pass(&l, ms);
		life_see(&l, who, metric, 1);
		life_pass(&l, between);
	}
	bool alarmed = life_alarmed(&l, who == TABLE ? "stay-and-rest" : "stay-on-the-mat");
	life_stop(&l);
	return alarmed;
}

static void h03_a_second_off_is_off_and_two_halves_with_a_moment_between_are_one(void **state)
{
	(void)state;
	assert_true(off_for(TABLE, ON_TABLE, 1050, 5 * SECOND));
	assert_false(off_for(TABLE, ON_TABLE, 950, 5 * SECOND));
	assert_true(off_for(TABLE, ON_TABLE, 700, 950));
	assert_true(off_for(MAT, LAIN_ON, 1050, 5 * SECOND));
	assert_false(off_for(MAT, LAIN_ON, 950, 5 * SECOND));
}

static void h03_who_lies_on_for_a_moment_less_is_not_off(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.says_who = true, .mat = true});
	life_see(&l, TABLE, ON_TABLE, 1);
	life_see(&l, MAT, LAIN_ON, 1);
	tilt_to(&l, 10.5, 30 * SECOND);
	tilt_to(&l, 0, 10 * SECOND);
	life_see(&l, TABLE, ON_TABLE, 0); /* somebody who turns over */
	life_see(&l, MAT, LAIN_ON, 0);
	life_pass(&l, 900);
	life_see(&l, TABLE, ON_TABLE, 1);
	life_see(&l, MAT, LAIN_ON, 1);
	life_pass(&l, 5 * SECOND);
	assert_false(life_alarmed(&l, "stay-and-rest"));
	assert_false(life_alarmed(&l, "stay-on-the-mat"));
	life_stop(&l);
}

/* A home without either is as it was: nothing more is asked of it, and nothing is unknown. */
static void h03_without_a_sensor_nobody_is_asked_who_is_on(void **state)
{
	struct life *l = *state;
	tilt_to(l, 10.5, 30 * SECOND);
	tilt_to(l, 0, 10 * SECOND);
	struct core_alarm alarm;
	for (size_t i = 0; i < core_n_rules(l->core); i++)
		if (core_alarm(l->core, i, &alarm))
			assert_null(strstr(alarm.rule, "stay-"));
}

/* A session: a minute or more in all. */
static void session(struct life *l, uint64_t inverted_ms)
{
	tilt_to(l, 10.5, inverted_ms);
	tilt_to(l, 0, MINUTE);
	life_wait(l, 45 * MINUTE);
	life_pass(l, 5 * SECOND);
}

static void h16_the_third_inversion_of_a_day_alarms(void **state)
{
	struct life *l = *state;
	session(l, 63 * SECOND);
	session(l, 40 * SECOND); /* was a try */
	session(l, 63 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-often"));
	tilt_to(l, 10.5, 9500);
	assert_false(life_alarmed(l, "inverted-too-often"));
	life_pass(l, 700);
	assert_true(life_alarmed(l, "inverted-too-often"));
	tilt_to(l, 10, 30 * SECOND);
	life_wait(l, 18 * HOUR);
	life_forget(l);
	tilt_to(l, 15, 15 * SECOND);
	assert_true(life_alarmed(l, "inverted-too-often"));
	tilt_to(l, 0, 15 * SECOND);
	life_wait(l, 2 * HOUR);
	life_forget(l);
	tilt_to(l, 15, 15 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-often"));
}

static void h16_half_an_hour_parts_two_sessions_and_less_does_not(void **state)
{
	struct life *l = *state;
	for (int i = 0; i < 3; i++) {
		tilt_to(l, 15, 70 * SECOND);
		tilt_to(l, 0, 26 * MINUTE);
	}
	tilt_to(l, 15, 15 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-often"));
}

static void h16_an_inversion_is_over_ten_minutes_after_its_half_hour(void **state)
{
	struct life *l = *state;
	session(l, 70 * SECOND);
	tilt_to(l, 15, 70 * SECOND);
	tilt_to(l, 0, 0);
	for (int i = 0; i < 3600 && life_value(l, TABLE, "inversion_session") >= 60; i++)
		life_pass(l, SECOND);
	life_pass(l, 9 * MINUTE + 30 * SECOND);
	tilt_to(l, 15, 10 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-often"));
	tilt_to(l, 0, MINUTE - 15 * SECOND);
	tilt_to(l, 15, 10 * SECOND);
	assert_true(life_alarmed(l, "inverted-too-often"));
}

static void h16_a_session_looks_back_half_an_hour(void **state)
{
	struct life *l = *state;
	session(l, 70 * SECOND);
	tilt_to(l, 15, 70 * SECOND);
	tilt_to(l, 0, 38 * MINUTE + 30 * SECOND);
	tilt_to(l, 15, 15 * SECOND);
	assert_false(life_alarmed(l, "inverted-too-often"));
}

static void h29_who_is_too_heavy_for_the_table_is_told_when_inverting(void **state)
{
	struct life *l = *state;
	life_see(l, PERSON, BODY_WEIGHT, 136);
	tilt_to(l, 15, 15 * SECOND);
	assert_false(life_alarmed(l, "too-heavy-for-the-table"));
	life_see(l, PERSON, BODY_WEIGHT, 136.5);
	tilt_to(l, 10, 15 * SECOND);
	assert_false(life_alarmed(l, "too-heavy-for-the-table"));
	tilt_to(l, 10.5, 9500);
	assert_false(life_alarmed(l, "too-heavy-for-the-table"));
	life_pass(l, 900);
	assert_true(life_alarmed(l, "too-heavy-for-the-table"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest inversion_tests[] = {
    T(h01_beyond_the_step_alarms_after_a_second_and_not_before),
    T(h01_a_moment_beyond_the_step_is_no_alarm),
    T(h01_head_up_is_no_alarm),
    T(h01_the_alarm_is_over_when_it_was_well_for_five_seconds),
    T(h01_what_was_not_seen_for_a_second_does_not_count_as_well),
    T(h01_the_step_is_the_persons),
    T(h02_the_alarm_escalates),
    T(h02_ten_degrees_are_level_and_more_is_inverted),
    T(h02_less_than_a_minute_of_rest_goes_on_with_the_same_time),
    T(h03_faster_than_ten_degrees_a_second_around_an_inversion_alarms),
    T(h03_standing_up_within_a_minute_alarms),
    T(h03_the_minute_lasts_a_minute),
    T(h03_getting_off_a_level_table_within_a_minute_alarms),
    T(h03_who_lay_level_may_get_off),
    T(h03_to_tilt_an_empty_table_is_nobodys_inversion),
    T(h03_a_second_off_is_off_and_two_halves_with_a_moment_between_are_one),
    T(h03_who_lies_on_for_a_moment_less_is_not_off),
    T(h03_without_a_sensor_nobody_is_asked_who_is_on),
    T(h16_the_third_inversion_of_a_day_alarms),
    T(h16_half_an_hour_parts_two_sessions_and_less_does_not),
    T(h16_an_inversion_is_over_ten_minutes_after_its_half_hour),
    T(h16_a_session_looks_back_half_an_hour),
    T(h29_who_is_too_heavy_for_the_table_is_told_when_inverting),
};
const size_t n_inversion_tests = sizeof inversion_tests / sizeof *inversion_tests;

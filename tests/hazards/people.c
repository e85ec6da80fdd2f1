/* SPDX-License-Identifier: Apache-2.0
 * Hazards 15, 28, 29, 30: who uses the devices, and whether they are well. */
#include "testing_life.h"

static int start(void **state)
{
	static struct life life;
	life_start(&life, &(struct life_setup){.presence = true});
	*state = &life;
	return 0;
}

static int stop(void **state)
{
	life_stop(*state);
	return 0;
}

static void h15_the_scale_must_show_the_weight_of_the_profile(void **state)
{
	struct life *l = *state;
	for (int tenths = 640; tenths <= 760; tenths++) {
		life_see(l, SCALE, WEIGHT, tenths / 10.0);
		assert_int_equal(life_permits(l, BELT), tenths >= 650 && tenths <= 750);
	}
	life_refuses(l, BELT, 50, "the-person-of-the-profile");
	life_grants(l, PAD, 1); /* heat is nobody's share of weight */
}

static void h15_half_a_day_later_it_may_be_somebody_else(void **state)
{
	struct life *l = *state;
	life_see(l, SCALE, WEIGHT, 70);
	l->silent[SCALE] = true;
	life_wait(l, 11 * HOUR + 55 * MINUTE);
	life_pass(l, 15 * SECOND);
	life_grants(l, BELT, 50);
	life_ask(l, BELT, 0);
	life_pass(l, 30 * SECOND);
	life_wait(l, 10 * MINUTE);
	life_pass(l, 15 * SECOND);
	life_refuses(l, BELT, 50, "the-person-of-the-profile");
}

static void h15_without_a_scale_nobody_is_asked_and_without_a_weight_nobody_fits(void **state)
{
	(void)state;
	struct life l;
	life_start(
	    &l, &(struct life_setup){.figures = "force = \"150 N\"; force_ceiling = \"300 N\"; pressure = \"30 kPa\";",
				     .without = 1u << SCALE});
	life_grants(&l, BELT, 50);
	life_stop(&l);
	life_start(&l, &(struct life_setup){
			   .figures = "force = \"150 N\"; force_ceiling = \"300 N\"; pressure = \"30 kPa\";"});
	life_refuses(&l, BELT, 50, "limit.weight_m");
	life_stop(&l);
}

static void h28_a_pressed_stop_ends_all_from_every_state_and_latches(void **state)
{
	struct life *l = *state;
	static const enum life_device devices[] = {BELT, PAD, WRAP};
	for (size_t i = 0; i < 3; i++) {
		enum life_device d = devices[i];
		life_grants(l, d, d == BELT ? 50 : 1);
		life_pass(l, 10 * SECOND);
		life_see(l, BUTTON, PRESSED, 1);
		assert_false(life_runs(l, d));
		assert_int_equal(l->rested_at[d], l->now);
		assert_true(l->stopped[d]); /* the fast sequence */
		life_pass(l, 20 * SECOND);
		life_reset(l); /* it is still pressed */
		for (size_t k = 0; k < 3; k++)
			life_refuses(l, devices[k], devices[k] == BELT ? 50 : 1, "");
		life_see(l, BUTTON, PRESSED, 0);
		life_pass(l, 10 * SECOND);
		life_refuses(l, d, d == BELT ? 50 : 1, "");
		life_reset(l);
		life_pass(l, SECOND);
		assert_false(life_runs(l, d)); /* reset is not restart */
		life_grants(l, d, d == BELT ? 50 : 1);
		life_ask(l, d, 0);
		life_wait(l, HOUR);
		life_pass(l, 15 * SECOND);
	}
}

static void h28_a_press_that_is_over_at_once_holds_until_a_reset(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_pass(l, 10 * SECOND);
	life_see(l, BUTTON, PRESSED, 1);
	life_see(l, BUTTON, PRESSED, 0);
	assert_false(life_runs(l, PAD));
	assert_true(l->stopped[PAD]);
	life_pass(l, HOUR / 4);
	life_refuses(l, PAD, 1, "stop-at-button-button");
	life_reset(l);
	assert_false(life_runs(l, PAD));
	life_grants(l, PAD, 1);
}

static void h28_a_stop_button_that_is_missing_denies(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 50);
	life_pass(l, 10 * SECOND);
	l->silent[BUTTON] = true;
	life_pass(l, 10 * SECOND);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "stop-at-button-button"));
	life_pass(l, 20 * SECOND); /* the belt is slack */
	life_refuses(l, PAD, 1, "stop-at-button-button");
	assert_non_null(strstr(l->why, "button.button is unknown"));
	life_refuses(l, BELT, 50, "stop-at-button-button");
	l->silent[BUTTON] = false;
	life_pass(l, 10 * SECOND);
	life_grants(l, PAD, 1); /* nothing latched */
}

static void h29_traction_needs_clearance(void **state)
{
	struct life *l = *state;
	life_see(l, PERSON, CLEARED, 1);
	life_grants(l, BELT, 50);
	life_pass(l, 10 * SECOND);
	life_see(l, PERSON, CLEARED, 0); /* twelve months are over */
	assert_true(life_ended_by(l, "traction-is-cleared"));
	life_pass(l, 20 * SECOND);
	life_refuses(l, BELT, 50, "traction-is-cleared");
	life_grants(l, PAD, 1); /* heat goes on */
	life_see_quality(l, PERSON, CLEARED, 0, THERAPY_UNKNOWN);
	l->silent[PERSON] = true;
	life_refuses(l, BELT, 50, "traction-is-cleared");
}

static void h29_the_end_of_the_clearance_is_told_thirty_days_before(void **state)
{
	struct life *l = *state;
	life_see(l, PERSON, CLEARED, 30.0 * 86400 + 1);
	life_pass(l, 2 * SECOND);
	assert_false(life_told(l, CORE_EVENT_ALARM, "clearance-ends-soon"));
	life_see(l, PERSON, CLEARED, 30.0 * 86400);
	life_pass(l, 2 * SECOND);
	assert_true(life_alarmed(l, "clearance-ends-soon"));
	life_grants(l, BELT, 50); /* told, no more */
	life_see(l, PERSON, CLEARED, 365.0 * 86400);
	life_pass(l, 2 * SECOND);
	assert_true(life_told(l, CORE_EVENT_ALARM_OVER, "clearance-ends-soon"));
}

static void h29_traction_needs_a_weight_that_the_device_carries(void **state)
{
	struct life *l = *state;
	for (int tenths = 1355; tenths <= 1365; tenths++) {
		life_see(l, PERSON, BODY_WEIGHT, tenths / 10.0);
		assert_int_equal(life_permits(l, BELT), tenths <= 1360);
	}
	life_refuses(l, BELT, 50, "traction-is-cleared");
	l->silent[PERSON] = true;
	life_see_quality(l, PERSON, BODY_WEIGHT, 0, THERAPY_UNKNOWN);
	life_refuses(l, BELT, 50, "traction-is-cleared");
}

static void h29_heat_and_cold_need_to_be_acknowledged_once(void **state)
{
	struct life *l = *state;
	life_see(l, PERSON, ACKNOWLEDGED, 0);
	life_refuses(l, PAD, 1, "heat-is-acknowledged");
	life_refuses(l, WRAP, 1, "heat-is-acknowledged");
	life_see(l, PERSON, ACKNOWLEDGED, 1);
	life_grants(l, PAD, 1);
	life_grants(l, WRAP, 1);
}

static void h29_what_is_denied_to_a_person_is_denied(void **state)
{
	struct life *l = *state;
	static const struct {
		enum life_device device;
		int metric;
		const char *rule;
	} rows[] = {{PAD, DENIES_HEAT, "heat-is-not-denied"},
		    {WRAP, DENIES_COLD, "cold-is-not-denied"},
		    {BELT, DENIES_TRACTION, "traction-is-not-denied"}};
	for (size_t i = 0; i < 3; i++) {
		enum life_device d = rows[i].device;
		life_see(l, PERSON, rows[i].metric, 1);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(life_permits(l, rows[k].device), k != i);
		life_refuses(l, d, d == BELT ? 50 : 1, rows[i].rule);
		life_see(l, PERSON, rows[i].metric, 0);
	}
	for (size_t i = 0; i < 3; i++) { /* and what runs ends */
		enum life_device d = rows[i].device;
		life_grants(l, d, d == BELT ? 50 : 1);
		life_pass(l, 10 * SECOND);
		life_see(l, PERSON, rows[i].metric, 1);
		assert_false(life_runs(l, d));
		assert_true(life_ended_by(l, rows[i].rule));
		life_see(l, PERSON, rows[i].metric, 0);
		life_ask(l, d, 0);
		life_wait(l, HOUR);
		life_pass(l, 15 * SECOND);
	}
}

static void h29_a_table_that_is_denied_raises_an_alarm(void **state)
{
	struct life *l = *state;
	life_see(l, PERSON, DENIES_INVERSION, 1);
	life_see(l, TABLE, TILT, 10);
	life_pass(l, 2 * SECOND);
	assert_false(life_told(l, CORE_EVENT_ALARM, "inversion-is-not-denied"));
	life_see(l, TABLE, TILT, 10.1);
	life_pass(l, 2 * SECOND);
	assert_true(life_alarmed(l, "inversion-is-not-denied"));
}

static const enum life_device switched[] = {PAD, BELT, WRAP};

static void h30_who_says_nothing_for_two_minutes_is_not_there(void **state)
{
	struct life *l = *state;
	for (int i = 0; i < 3; i++) {
		enum life_device d = switched[i];
		life_grants(l, d, d == BELT ? 50 : 1);
		life_pass(l, 10 * SECOND);
		life_forget(l);
		l->no_presence = true;
		life_pass(l, 118 * SECOND);
		assert_true(life_runs(l, d));
		life_pass(l, 4 * SECOND);
		assert_false(life_runs(l, d));
		assert_true(life_ended_by(l, "somebody-is-there"));
		assert_false(l->stopped[d]); /* down the ramp */
		life_ask(l, d, 0);           /* else heat goes on by itself */
		l->no_presence = false;
		life_pass(l, 10 * SECOND);
	}
}

static void h30_who_says_no_is_not_there(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_see(l, PERSON, THERE, 0);
	assert_true(life_ended_by(l, "somebody-is-there"));
	life_pass(l, SECOND);
	for (int i = 0; i < 3; i++)
		life_refuses(l, switched[i], switched[i] == BELT ? 50 : 1, "somebody-is-there");
}

static void h30_where_it_is_not_asked_for_nobody_has_to_say_it(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){0});
	life_grants(&l, PAD, 1);
	life_pass(&l, 5 * MINUTE);
	assert_true(life_runs(&l, PAD));
	life_stop(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest people_tests[] = {
    T(h15_the_scale_must_show_the_weight_of_the_profile),
    T(h15_half_a_day_later_it_may_be_somebody_else),
    T(h15_without_a_scale_nobody_is_asked_and_without_a_weight_nobody_fits),
    T(h28_a_pressed_stop_ends_all_from_every_state_and_latches),
    T(h28_a_press_that_is_over_at_once_holds_until_a_reset),
    T(h28_a_stop_button_that_is_missing_denies),
    T(h29_traction_needs_clearance),
    T(h29_the_end_of_the_clearance_is_told_thirty_days_before),
    T(h29_traction_needs_a_weight_that_the_device_carries),
    T(h29_what_is_denied_to_a_person_is_denied),
    T(h29_a_table_that_is_denied_raises_an_alarm),
    T(h29_heat_and_cold_need_to_be_acknowledged_once),
    T(h30_who_says_nothing_for_two_minutes_is_not_there),
    T(h30_who_says_no_is_not_there),
    T(h30_where_it_is_not_asked_for_nobody_has_to_say_it),
};
const size_t n_people_tests = sizeof people_tests / sizeof *people_tests;

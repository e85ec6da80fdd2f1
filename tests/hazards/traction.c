/* SPDX-License-Identifier: Apache-2.0
 * Hazards 4, 5, 6, 7, what 16 says of traction, and 17: what is not seen cannot be limited. */
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

static void pull(struct life *l, double newton)
{
	life_grants(l, BELT, newton);
	life_pass(l, 40 * SECOND);
	assert_true(life_runs(l, BELT));
	assert_near(l->sees[BELT][FORCE], newton, 0.01);
	life_forget(l);
}

static void h04_a_request_beyond_the_figure_is_refused(void **state)
{
	struct life *l = *state;
	life_refuses(l, BELT, 151, "limit.force");
	pull(l, 150);
	life_refuses(l, BELT, 151, "limit.force");
	assert_true(life_runs(l, BELT)); /* at what it was */
}

static void h04_more_than_the_figure_for_two_seconds_ramps_down_and_latches(void **state)
{
	struct life *l = *state;
	pull(l, 150);
	l->manual_force = true;
	life_see(l, BELT, FORCE, 150.1);
	life_pass(l, 1950);
	assert_true(life_runs(l, BELT));
	life_see(l, BELT, FORCE, 150); /* overshoot */
	life_pass(l, SECOND);
	life_see(l, BELT, FORCE, 150.1);
	life_pass(l, 2050);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "over-force"));
	assert_false(l->stopped[BELT]); /* down the ramp */
	l->manual_force = false;
	life_pass(l, MINUTE);
	life_refuses(l, BELT, 100, "over-force");
	life_reset(l);
	life_grants(l, BELT, 100);
}

static void h04_beyond_half_the_body_weight_at_once(void **state)
{
	struct life *l = *state;
	pull(l, 150);
	l->manual_force = true;
	for (int newton = 170; newton < 300; newton += 20) { /* slower than a jerk */
		life_see(l, BELT, FORCE, newton);
		life_pass(l, 1000);
		life_see(l, BELT, FORCE, 149);
		life_pass(l, 1000);
	}
	assert_false(life_ended_by(l, "over-force"));
}

static void h04_the_ceiling_is_met_without_grace(void **state)
{
	(void)state;
	struct life l;
	/* A figure just below the ceiling, so that the force gets there without a jerk. */
	life_start(&l, &(struct life_setup){.figures =
						"force = \"200 N\"; force_ceiling = \"201 N\"; pressure = \"30 kPa\"; "
						"weight_min = \"65 kg\"; weight_max = \"75 kg\";"});
	pull(&l, 200);
	l.manual_force = true;
	life_see(&l, BELT, FORCE, 201);
	life_pass(&l, SECOND);
	assert_true(life_runs(&l, BELT));
	life_see(&l, BELT, FORCE, 201.1);
	assert_false(life_runs(&l, BELT));
	assert_true(life_ended_by(&l, "over-force"));
	life_stop(&l);
}

static void h04_without_a_figure_there_is_no_traction(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "force_ceiling = \"300 N\"; pressure = \"30 kPa\"; weight_min = \"65 kg\"; weight_max = \"75 kg\";",
	    "force = \"150 N\"; pressure = \"30 kPa\"; weight_min = \"65 kg\"; weight_max = \"75 kg\";",
	};
	static const char *const says[] = {"limit.force is not given", "limit.force_ceiling is not given"};
	for (size_t i = 0; i < 2; i++) {
		struct life l;
		life_start(&l, &(struct life_setup){.figures = rows[i]});
		life_refuses(&l, BELT, 50, says[i]);
		life_stop(&l);
	}
}

static void h05_twenty_newtons_a_second_for_a_second_is_a_jerk(void **state)
{
	struct life *l = *state;
	static const struct {
		double rate;
		bool jerk;
	} rows[] = {{19, false}, {21, true}};
	for (size_t i = 0; i < 2; i++) {
		pull(l, 50);
		l->manual_force = true;
		l->step_ms = 50;
		for (unsigned ms = 0; ms < 3000; ms += 250) {
			life_see(l, BELT, FORCE, l->sees[BELT][FORCE] + rows[i].rate / 4);
			life_pass(l, 250);
			if (ms == 750)
				assert_true(life_runs(l, BELT)); /* a cough */
		}
		l->step_ms = 500;
		assert_int_equal(life_ended_by(l, "no-jerk"), rows[i].jerk);
		life_ask(l, BELT, 0);
		l->manual_force = false;
		life_pass(l, 30 * SECOND);
	}
}

static void h05_the_grace_is_one_second(void **state)
{
	struct life *l = *state;
	pull(l, 50);
	l->manual_force = true;
	/* 30 N/s, seen as that from a quarter of a second on. */
	uint64_t began = l->now;
	while (life_runs(l, BELT) && l->now < began + 3 * SECOND) {
		life_see(l, BELT, FORCE, 50 + 0.03 * (double)(l->now - began));
		life_pass(l, 10);
	}
	assert_in_range(l->now - began, 950, 1270);
}

static void h05_25_newtons_in_a_quarter_of_a_second_end_it_at_once(void **state)
{
	struct life *l = *state;
	pull(l, 50);
	l->manual_force = true;
	l->step_ms = 250;
	life_pass(l, 1000);
	life_see(l, BELT, FORCE, 74);
	life_pass(l, 250);
	life_see(l, BELT, FORCE, 74);
	life_pass(l, 2000);
	assert_true(life_runs(l, BELT)); /* 96 N/s for a moment */
	l->sees[BELT][FORCE] = 74 + 26;
	life_pass(l, 250);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "no-jerk"));
}

static void h05_it_needs_five_calm_seconds_and_letting_go_may_be_fast(void **state)
{
	struct life *l = *state;
	pull(l, 50);
	l->manual_force = true;
	l->step_ms = 250;
	l->sees[BELT][FORCE] = 90;
	life_pass(l, 250);
	assert_true(life_ended_by(l, "no-jerk"));
	l->sees[BELT][FORCE] = 0; /* at once */
	life_pass(l, 500);        /* the rate is calm from here */
	uint64_t calm = l->now;
	while (!life_permits(l, BELT) && l->now < calm + 10 * SECOND)
		life_pass(l, 50);
	assert_in_range(l->now - calm, 4600, 5200);
}

static void h05_a_rate_below_the_bound_is_needed_to_calm_down(void **state)
{
	struct life *l = *state;
	pull(l, 50);
	l->manual_force = true;
	l->step_ms = 250;
	l->sees[BELT][FORCE] = 90;
	life_pass(l, 250);
	assert_true(life_ended_by(l, "no-jerk"));
	l->sees[BELT][FORCE] = 0;
	life_pass(l, 3000);
	/* Seven seconds in which it rises at 21 N/s in between: begins anew. */
	l->sees[BELT][FORCE] = 21.0 / 4;
	life_pass(l, 250);
	life_pass(l, 3000);
	assert_false(life_permits(l, BELT));
	life_pass(l, 3000);
	assert_true(life_permits(l, BELT));
}

static void h05_a_stop_releases_fast_and_is_no_jerk(void **state)
{
	struct life *l = *state;
	pull(l, 150);
	l->stopped[BELT] = true;
	life_see(l, BELT, FORCE, 0);
	life_pass(l, 2 * SECOND);
	assert_false(life_ended_by(l, "no-jerk"));
	assert_false(life_told(l, CORE_EVENT_LATCHED, "no-jerk"));
}

static void h06_ten_minutes_and_then_it_ramps_down(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 100);
	life_pass(l, 9 * MINUTE + 40 * SECOND);
	assert_true(life_runs(l, BELT));
	life_pass(l, 40 * SECOND);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "traction-time"));
	assert_false(l->stopped[BELT]);
}

static void h06_a_pause_does_not_begin_the_time_anew(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 100);
	life_pass(l, 6 * MINUTE);
	life_ask(l, BELT, 0);
	life_pass(l, 17 * MINUTE);
	life_grants(l, BELT, 100);
	life_pass(l, 5 * MINUTE);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "traction-time"));
}

/* 30 min back, and what is a bucket of the sum older may count as well: it never counts too little. */
static void h06_it_looks_back_half_an_hour(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 100);
	life_pass(l, 50 * SECOND); /* a try that is no session */
	life_ask(l, BELT, 0);
	life_pass(l, 28 * MINUTE + 30 * SECOND);
	life_grants(l, BELT, 100);
	life_pass(l, 15 * SECOND);
	life_ask(l, BELT, 0);
	life_pass(l, 20 * SECOND);
	/* Together they are a session: it is counted when it has left the half hour. */
	life_wait(l, 55 * MINUTE);
	life_pass(l, 5 * SECOND);
	life_refuses(l, BELT, 100, "traction-a-day");
}

static void h06_the_time_is_the_persons(void **state)
{
	(void)state;
	struct life l;
	life_start(&l,
		   &(struct life_setup){
		       .figures = "force = \"150 N\"; force_ceiling = \"300 N\"; pressure = \"30 kPa\"; weight_min = "
				  "\"65 kg\"; weight_max = \"75 kg\"; traction_time = \"5 min\";"});
	life_grants(&l, BELT, 100);
	life_pass(&l, 5 * MINUTE + 20 * SECOND);
	assert_true(life_ended_by(&l, "traction-time"));
	life_stop(&l);
}

static void h07_pressure_beyond_the_figure_vents_and_latches(void **state)
{
	struct life *l = *state;
	pull(l, 100);
	life_see(l, BELT, PRESSURE, 30);
	life_pass(l, 10 * SECOND);
	assert_true(life_runs(l, BELT));
	life_see(l, BELT, PRESSURE, 30.1);
	life_pass(l, 960);
	life_see(l, BELT, PRESSURE, 29); /* a breath */
	life_pass(l, SECOND);
	assert_true(life_runs(l, BELT));
	life_see(l, BELT, PRESSURE, 30.1);
	life_pass(l, 1040);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "belt-over-pressure"));
	assert_true(l->stopped[BELT]);
	life_see(l, BELT, PRESSURE, 0);
	life_pass(l, MINUTE);
	life_refuses(l, BELT, 100, "belt-over-pressure");
	life_reset(l);
	life_grants(l, BELT, 100);
}

static void h07_without_a_figure_a_belt_with_pressure_is_refused_and_one_without_is_not(void **state)
{
	(void)state;
	static const char figures[] =
	    "force = \"150 N\"; force_ceiling = \"300 N\"; weight_min = \"65 kg\"; weight_max = \"75 kg\";";
	struct life l;
	life_start(&l, &(struct life_setup){.figures = figures});
	life_refuses(&l, BELT, 50, "limit.pressure is not given");
	life_stop(&l);
	life_start(&l, &(struct life_setup){.figures = figures, .no_sensor = 1u << BELT});
	life_grants(&l, BELT, 50);
	life_stop(&l);
}

static void a_session(struct life *l, uint64_t ms)
{
	life_grants(l, BELT, 100);
	life_pass(l, ms);
	life_ask(l, BELT, 0);
	life_pass(l, 20 * SECOND);
	life_wait(l, 45 * MINUTE);
	life_pass(l, 10 * SECOND);
}

static void h16_one_traction_a_day(void **state)
{
	struct life *l = *state;
	a_session(l, 40 * SECOND); /* given up */
	a_session(l, 58 * SECOND); /* and the ramp */
	life_refuses(l, BELT, 100, "traction-a-day");
	life_wait(l, 18 * HOUR + 20 * MINUTE);
	life_pass(l, 10 * SECOND);
	life_refuses(l, BELT, 100, "traction-a-day");
	life_wait(l, HOUR + 45 * MINUTE);
	life_pass(l, 10 * SECOND);
	life_grants(l, BELT, 100);
}

static void h16_three_tractions_a_week(void **state)
{
	struct life *l = *state;
	for (int i = 0; i < 3; i++) {
		life_wait(l, 20 * HOUR);
		life_pass(l, 10 * SECOND);
		a_session(l, 58 * SECOND); /* and the ramp */
	}
	life_wait(l, 21 * HOUR);
	life_pass(l, 10 * SECOND);
	life_refuses(l, BELT, 100, "traction-a-week");
	life_wait(l, 155 * HOUR - 63 * HOUR);
	life_pass(l, 10 * SECOND);
	life_refuses(l, BELT, 100, "traction-a-week");
	life_wait(l, 12 * HOUR);
	life_pass(l, 10 * SECOND);
	life_grants(l, BELT, 100);
}

#define USUAL                                                                                                          \
	"force = \"150 N\"; force_ceiling = \"300 N\"; pressure = \"30 kPa\"; weight_min = \"65 kg\"; weight_max = "   \
	"\"75 kg\"; "

static void h16_a_traction_is_over_ten_minutes_after_its_half_hour(void **state)
{
	(void)state;
	static const struct {
		const char *figures, *rule;
	} rows[] = {{USUAL, "traction-a-day"},
		    {USUAL "tractions_per_day = \"9\"; tractions_per_week = \"1\";", "traction-a-week"}};
	for (size_t i = 0; i < 2; i++) {
		struct life l;
		life_start(&l, &(struct life_setup){.figures = rows[i].figures});
		life_grants(&l, BELT, 100);
		life_pass(&l, 70 * SECOND);
		life_ask(&l, BELT, 0);
		for (int k = 0; k < 3600 && life_value(&l, BELT, "traction_time") >= 60; k++)
			life_pass(&l, SECOND);
		life_pass(&l, 9 * MINUTE + 30 * SECOND);
		life_grants(&l, BELT, 100);
		life_ask(&l, BELT, 0);
		life_pass(&l, MINUTE);
		life_refuses(&l, BELT, 100, rows[i].rule);
		life_stop(&l);
	}
}

static void h17_a_belt_that_is_silent_for_five_seconds_ends_traction(void **state)
{
	struct life *l = *state;
	pull(l, 100);
	l->silent[BELT] = true;
	life_pass(l, 4900);
	assert_true(life_runs(l, BELT)); /* a gap of the radio */
	life_pass(l, 200);
	assert_false(life_runs(l, BELT));
	l->silent[BELT] = false;
	life_pass(l, 30 * SECOND);
	assert_false(life_runs(l, BELT)); /* nothing goes on by itself */
	life_grants(l, BELT, 100);        /* and nothing latched */
}

static void h17_what_is_beyond_any_belt_is_not_believed(void **state)
{
	(void)state;
	struct life l;
	life_start(&l,
		   &(struct life_setup){.figures = "force = \"5000 N\"; force_ceiling = \"5000 N\"; pressure = \"900 "
						   "kPa\"; weight_min = \"65 kg\"; weight_max = \"75 kg\";"});
	pull(&l, 100);
	life_see(&l, BELT, PRESSURE, 199);
	assert_true(life_runs(&l, BELT));
	life_see(&l, BELT, PRESSURE, 201);
	assert_true(life_ended_by(&l, "traction-is-measured"));
	life_see(&l, BELT, PRESSURE, 0);
	l.manual_force = true;
	life_see(&l, BELT, FORCE, 1999);
	life_pass(&l, 20 * SECOND);
	assert_true(life_permits(&l, BELT) || l.sees[BELT][FORCE] > 10);
	life_refuses(&l, BELT, 100, "");
	life_forget(&l);
	life_see(&l, BELT, FORCE, 2001);
	struct core_permission p;
	core_permission(l.core, l.index[BELT], 0, &p);
	assert_string_equal(p.rule ? p.rule : "", "traction-is-measured");
	life_stop(&l);
}

static void h17_a_belt_without_any_sensor_is_refused(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.unseen = "traction"});
	life_refuses(&l, BELT, 100, "owned");
	life_stop(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest traction_tests[] = {
    T(h04_a_request_beyond_the_figure_is_refused),
    T(h04_more_than_the_figure_for_two_seconds_ramps_down_and_latches),
    T(h04_beyond_half_the_body_weight_at_once),
    T(h04_the_ceiling_is_met_without_grace),
    T(h04_without_a_figure_there_is_no_traction),
    T(h05_twenty_newtons_a_second_for_a_second_is_a_jerk),
    T(h05_the_grace_is_one_second),
    T(h05_25_newtons_in_a_quarter_of_a_second_end_it_at_once),
    T(h05_it_needs_five_calm_seconds_and_letting_go_may_be_fast),
    T(h05_a_rate_below_the_bound_is_needed_to_calm_down),
    T(h05_a_stop_releases_fast_and_is_no_jerk),
    T(h06_ten_minutes_and_then_it_ramps_down),
    T(h06_a_pause_does_not_begin_the_time_anew),
    T(h06_it_looks_back_half_an_hour),
    T(h06_the_time_is_the_persons),
    T(h07_pressure_beyond_the_figure_vents_and_latches),
    T(h07_without_a_figure_a_belt_with_pressure_is_refused_and_one_without_is_not),
    T(h16_one_traction_a_day),
    T(h16_three_tractions_a_week),
    cmocka_unit_test(h16_a_traction_is_over_ten_minutes_after_its_half_hour),
    T(h17_a_belt_that_is_silent_for_five_seconds_ends_traction),
    T(h17_what_is_beyond_any_belt_is_not_believed),
    T(h17_a_belt_without_any_sensor_is_refused),
};
const size_t n_traction_tests = sizeof traction_tests / sizeof *traction_tests;

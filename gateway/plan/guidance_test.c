/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/guidance.h"

#include <stdlib.h>

#include "base/testing.h"
#include "plan/testing_plan.h"

#define MONDAY 20003 /* 2024-10-07 */
#define MINUTE 60000

static const struct course_person nobody = {0}, somebody = {.weight_kg = 70},
				  bold = {.weight_kg = 70, .beyond_60 = true};

struct fixture {
	struct test_plan turn, pull;
	struct course_state state;
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_ended ended[PLAN_ITEMS_MAX];
};

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	test_plan_inversion(&f->turn);
	test_plan_heat_first(&f->pull);
	*state = f;
	return 0;
}

static int drop(void **state)
{
	free(*state);
	return 0;
}

/* NAN: there is none. */
static double figure(const struct course_state *state, const struct plan *plan, const struct course_person *person,
		     const char *limit, enum therapy_unit unit)
{
	struct plan_figure figures[PLAN_FIGURES_MAX];
	double value = (double)NAN;
	size_t n = course_figures(state, plan, person, figures);
	for (size_t i = 0; i < n; i++)
		if (strcmp(figures[i].limit, limit) == 0) {
			assert_true(isnan(value)); /* each once */
			assert_int_equal(figures[i].unit, unit);
			value = figures[i].value;
		}
	return value;
}

#define FIGURE(plan_, person_, limit_, unit_) figure(&f->state, &f->plan_.plan, person_, limit_, THERAPY_UNIT_##unit_)

static void done(struct fixture *f, const struct plan *plan, enum plan_what what, int64_t day)
{
	struct course_session s = {.what = what,
				   .activity = "stretching",
				   .active_minutes = 15,
				   .day = day,
				   .pain_before = -1,
				   .pain_after = -1};
	course_session(&f->state, plan, &s);
}

static void figures_are_those_of_the_step(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	f->state.step = 4;
	assert_near(FIGURE(turn, &nobody, "tilt", DEG), 35, 0);
	assert_near(FIGURE(turn, &nobody, "inverted_time", SECOND), 120, 0);
	assert_near(FIGURE(turn, &nobody, "inversions_per_day", ONE), 2, 0);
	assert_true(isnan(FIGURE(turn, &nobody, "force", NEWTON)));
	course_start(&f->state, &f->pull.plan, MONDAY);
	f->state.step = 2;
	assert_near(FIGURE(pull, &somebody, "force", NEWTON), 0.25 * 70 * 9.80665, 1e-9);
	assert_near(FIGURE(pull, &somebody, "traction_time", SECOND), 600, 0);
	assert_near(FIGURE(pull, &somebody, "tractions_per_day", ONE), 1, 0);
	assert_near(FIGURE(pull, &somebody, "tractions_per_week", ONE), 3, 0);
	assert_near(FIGURE(pull, &somebody, "heat_time", SECOND), 900, 0);
	assert_true(isnan(FIGURE(pull, &somebody, "tilt", DEG)));
}

static void nobody_goes_beyond_60_deg_but_by_their_own_choice(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	f->state.step = 10;
	assert_near(FIGURE(turn, &somebody, "tilt", DEG), 60, 0);
	assert_near(FIGURE(turn, &bold, "tilt", DEG), 65, 0);
}

static void without_a_weight_nobody_is_pulled(void **state)
{
	struct fixture *f = *state;
	const struct course_person odd[] = {
	    nobody, {.weight_kg = (double)NAN}, {.weight_kg = -70}, {.weight_kg = HUGE_VAL}};
	course_start(&f->state, &f->pull.plan, MONDAY);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		assert_true(isnan(FIGURE(pull, &odd[i], "force", NEWTON)));
		assert_int_equal(course_planned(&f->state, &f->pull.plan, &odd[i], MONDAY, f->rows), 3);
		assert_int_equal(f->rows[2].why, COURSE_NEEDS_WEIGHT);
		assert_int_equal(f->rows[2].today, 0);
		assert_int_equal(f->rows[2].week, 0);
		assert_int_equal(f->rows[1].today, 1); /* heat goes on */
	}
}

static void newtons_of_a_plan_are_at_most_half_of_the_weight(void **state)
{
	struct fixture *f = *state;
	struct course_person light = {.weight_kg = 30};
	f->pull.items[0][2].has_share = false;
	f->pull.items[0][2].has_force = true;
	f->pull.items[0][2].force_n = 200;
	course_start(&f->state, &f->pull.plan, MONDAY);
	assert_near(FIGURE(pull, &light, "force", NEWTON), 15 * 9.80665, 1e-9);
	assert_near(FIGURE(pull, &somebody, "force", NEWTON), 200, 0);
	assert_near(FIGURE(pull, &nobody, "force", NEWTON), 200, 0); /* it tightens, and nothing is planned */
	course_planned(&f->state, &f->pull.plan, &nobody, MONDAY, f->rows);
	assert_int_equal(f->rows[2].today, 0);
}

static void a_frozen_course_plans_no_traction_and_keeps_its_figures(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->pull.plan, MONDAY);
	course_freeze(&f->state, false);
	course_planned(&f->state, &f->pull.plan, &somebody, MONDAY, f->rows);
	assert_int_equal(f->rows[1].today, 1);
	assert_int_equal(f->rows[2].why, COURSE_NEEDS_CLEARANCE);
	assert_int_equal(f->rows[2].today, 0);
	assert_near(FIGURE(pull, &somebody, "force", NEWTON), 0.2 * 70 * 9.80665, 1e-9);
	done(f, &f->pull.plan, PLAN_ACTIVITY, MONDAY);
	done(f, &f->pull.plan, PLAN_HEAT, MONDAY);
	assert_null(course_next(&f->state, &f->pull.plan, &somebody, MONDAY, 0, f->ended).item);
}

static void a_week_has_as_many_sessions_as_the_plan_says(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->pull.plan, MONDAY);
	for (int64_t day = MONDAY; day < MONDAY + 3; day++) {
		course_planned(&f->state, &f->pull.plan, &somebody, day, f->rows);
		assert_int_equal(f->rows[2].today, 1);
		assert_int_equal(f->rows[2].week, 3);
		assert_int_equal(f->rows[2].done_week, day - MONDAY);
		done(f, &f->pull.plan, PLAN_TRACTION, day);
	}
	course_planned(&f->state, &f->pull.plan, &somebody, MONDAY + 2, f->rows);
	assert_int_equal(f->rows[2].today, 1);
	assert_int_equal(f->rows[2].done_today, 1);
	course_planned(&f->state, &f->pull.plan, &somebody, MONDAY + 3, f->rows);
	assert_int_equal(f->rows[2].today, 0);
	assert_int_equal(f->rows[2].done_week, 3);
	course_planned(&f->state, &f->pull.plan, &somebody, MONDAY + 7, f->rows); /* course_day was not called */
	assert_int_equal(f->rows[2].today, 1);
	assert_int_equal(f->rows[2].done_week, 0);
}

static void adherence_is_what_was_done_of_what_was_planned(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY + 5); /* Saturday */
	for (int i = 0; i < 3; i++)
		done(f, &f->turn.plan, PLAN_INVERSION, MONDAY + 5); /* one too many */
	struct course_adherence a = course_adherence(&f->state, &f->turn.plan, &nobody, MONDAY + 5);
	assert_int_equal(a.done_today, 2);
	assert_int_equal(a.planned_today, 2);
	assert_int_equal(a.done_week, 3);
	assert_int_equal(a.planned_week, 4); /* of two days */
	a = course_adherence(&f->state, &f->turn.plan, &nobody, MONDAY + 7);
	assert_int_equal(a.done_week, 0);
	assert_int_equal(a.planned_week, 14);
	a = course_adherence(&f->state, NULL, &nobody, MONDAY + 7);
	assert_int_equal(a.planned_week, 0);
}

static void heat_then_off_then_a_gap_then_traction(void **state)
{
	struct fixture *f = *state;
	const struct plan *plan = &f->pull.plan;
	course_start(&f->state, plan, MONDAY);
	struct course_next next = course_next(&f->state, plan, &somebody, MONDAY, 0, f->ended);
	assert_string_equal(plan_item_text(next.item), "stretching");
	assert_int_equal(next.why, COURSE_NO_WAIT);
	done(f, plan, PLAN_HEAT, MONDAY); /* out of order */
	f->ended[1] = (struct course_ended){true, 100 * MINUTE};
	next = course_next(&f->state, plan, &somebody, MONDAY, 101 * MINUTE, f->ended);
	assert_int_equal(next.item->what, PLAN_TRACTION);
	assert_int_equal(next.index, 2);
	assert_int_equal(next.why, COURSE_WAIT_GAP);
	assert_int_equal(next.after->what, PLAN_HEAT);
	assert_int_equal(next.not_before_ms, 110 * MINUTE);
	next = course_next(&f->state, plan, &somebody, MONDAY, 110 * MINUTE, f->ended);
	assert_int_equal(next.why, COURSE_NO_WAIT);
	assert_int_equal(next.not_before_ms, 110 * MINUTE);
	done(f, plan, PLAN_TRACTION, MONDAY);
	f->ended[2] = (struct course_ended){true, 125 * MINUTE};
	next = course_next(&f->state, plan, &somebody, MONDAY, 126 * MINUTE, f->ended);
	assert_string_equal(plan_item_text(next.item), "stretching"); /* what was left out */
	done(f, plan, PLAN_ACTIVITY, MONDAY);
	assert_null(course_next(&f->state, plan, &somebody, MONDAY, 130 * MINUTE, f->ended).item);
	assert_null(course_next(&f->state, NULL, &somebody, MONDAY, 130 * MINUTE, f->ended).item);
	/* the next day begins with the first item, whatever was last */
	next = course_next(&f->state, plan, &somebody, MONDAY + 1, 1500 * MINUTE, f->ended);
	assert_int_equal(next.index, 0);
	assert_int_equal(next.why, COURSE_NO_WAIT);
}

static void what_the_plan_forgot_to_keep_apart_is_kept_apart(void **state)
{
	struct fixture *f = *state;
	const struct plan *plan = &f->pull.plan;
	f->pull.items[0][1].gap_minutes = 1; /* plan_check refuses it */
	course_start(&f->state, plan, MONDAY);
	done(f, plan, PLAN_HEAT, MONDAY);
	f->ended[1] = (struct course_ended){true, 0};
	assert_int_equal(course_next(&f->state, plan, &somebody, MONDAY, 0, f->ended).not_before_ms, 10 * MINUTE);
}

static void the_second_of_a_day_waits_for_its_rest(void **state)
{
	struct fixture *f = *state;
	const struct plan *plan = &f->turn.plan;
	course_start(&f->state, plan, MONDAY);
	done(f, plan, PLAN_INVERSION, MONDAY);
	f->ended[0] = (struct course_ended){true, 5 * MINUTE};
	struct course_next next = course_next(&f->state, plan, &nobody, MONDAY, 6 * MINUTE, f->ended);
	assert_int_equal(next.why, COURSE_WAIT_REST);
	assert_int_equal(next.not_before_ms, 245 * MINUTE);
	f->ended[0].ms = 500 * MINUTE; /* in the future: it ended now, at the latest */
	next = course_next(&f->state, plan, &nobody, MONDAY, 6 * MINUTE, f->ended);
	assert_int_equal(next.not_before_ms, 246 * MINUTE);
	done(f, plan, PLAN_INVERSION, MONDAY);
	assert_null(course_next(&f->state, plan, &nobody, MONDAY, 300 * MINUTE, f->ended).item);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
	    T(figures_are_those_of_the_step),
	    T(nobody_goes_beyond_60_deg_but_by_their_own_choice),
	    T(without_a_weight_nobody_is_pulled),
	    T(newtons_of_a_plan_are_at_most_half_of_the_weight),
	    T(a_frozen_course_plans_no_traction_and_keeps_its_figures),
	    T(a_week_has_as_many_sessions_as_the_plan_says),
	    T(adherence_is_what_was_done_of_what_was_planned),
	    T(heat_then_off_then_a_gap_then_traction),
	    T(what_the_plan_forgot_to_keep_apart_is_kept_apart),
	    T(the_second_of_a_day_waits_for_its_rest),
	};
	return cmocka_run_group_tests_name("guidance", tests, NULL, NULL);
}

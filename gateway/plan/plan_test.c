/* SPDX-License-Identifier: Apache-2.0
 * One row for each plan that cannot be, and all that is told of it, to the letter. */
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "plan/testing_plan.h"

/* A member of an item, or of a step, becomes another. */
struct change {
	size_t step, item;
	size_t at;
	char type; /* d: double, u: unsigned, b: bool, w: what, t: text, z: size_t; capital: of the step */
	double value;
};

struct row {
	const char *promise;
	void (*build)(struct test_plan *);
	struct change changes[4]; /* up to the first without a type */
	const char *told;
};

#define I(step, item, member, type, value)                                                                             \
	{                                                                                                              \
		step, item, offsetof(struct plan_item, member), type, value                                            \
	}
#define S(step, member, type, value)                                                                                   \
	{                                                                                                              \
		step, 0, offsetof(struct plan_step, member), type, value                                               \
	}
#define ANGLE(s, v) I(s, 0, angle_deg, 'd', v)
#define TURN        test_plan_inversion
#define PULL        test_plan_heat_first

static const struct row rows[] = {
    /* ---- it rises too fast ---- */
    {"an angle begins at 20 deg",
     TURN,
     {ANGLE(0, 21)},
     "plan.cfg:11: plan \"inversion\": step 1: inversion: angle: found 21 deg, expected at most 20 deg to begin "
     "with\n"},
    {"an angle rises by at most 5 deg",
     TURN,
     {ANGLE(1, 26), ANGLE(2, 31)},
     "plan.cfg:21: plan \"inversion\": step 2: inversion: angle: found 26 deg, 6 deg more than in step 1, expected at "
     "most 5 deg more\n"},
    {"what was lower for a while does not go back up at once",
     TURN,
     {ANGLE(4, 20)},
     "plan.cfg:61: plan \"inversion\": step 6: inversion: angle: found 45 deg, 25 deg more than in step 5, expected at "
     "most 5 deg more\n"},
    {"a step without an item hides no rise",
     PULL,
     {I(1, 2, what, 'w', PLAN_COLD), I(1, 2, has_share, 'b', 0), I(2, 2, force_share, 'd', 0.26)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: force: found 26 % of the body weight, 6 % of the body weight "
     "more than in step 1, expected at most 5 % of the body weight more\n"},
    {"inversion begins with 2 min",
     TURN,
     {I(0, 0, minutes, 'd', 2.5)},
     "plan.cfg:11: plan \"inversion\": step 1: inversion: time: found 2.5 min, expected at most 2 min to begin with\n"},
    {"inversion becomes longer by at most 2 min",
     TURN,
     {I(9, 0, minutes, 'd', 4.5)},
     "plan.cfg:101: plan \"inversion\": step 10: inversion: time: found 4.5 min, 2.5 min more than in step 9, expected "
     "at most 2 min more\n"},
    {"a pull begins with a quarter of the weight",
     PULL,
     {I(0, 2, force_share, 'd', 0.26)},
     "plan.cfg:13: plan \"heat-first\": step 1: traction: force: found 26 % of the body weight, expected at most 25 % "
     "to "
     "begin with\n"},
    {"a pull rises by at most 5 % of the weight",
     PULL,
     {I(2, 2, force_share, 'd', 0.31)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: force: found 31 % of the body weight, 6 % of the body weight "
     "more than in step 2, expected at most 5 % of the body weight more\n"},
    {"a pull begins with 10 min",
     PULL,
     {I(0, 2, minutes, 'd', 12)},
     "plan.cfg:13: plan \"heat-first\": step 1: traction: time: found 12 min, expected at most 10 min to begin with\n"},
    {"newtons and shares are not mixed",
     PULL,
     {I(2, 2, has_share, 'b', 0), I(2, 2, has_force, 'b', 1), I(2, 2, force_n, 'd', 150)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: force: found newtons and shares of the body weight in one "
     "plan, expected the same in each step: nothing says how far it rises\n"},
    {"nothing rises within a week, by sessions either",
     PULL,
     {S(0, sessions, 'U', 2)},
     "plan.cfg:23: plan \"heat-first\": step 2: traction: rises after 2 sessions of step 1, which can be done within a "
     "week: expected a week or more (3 sessions) before it rises\n"},

    /* ---- beyond any source ---- */
    {"nothing turns beyond upright",
     TURN,
     {ANGLE(9, 90.5), ANGLE(8, 86), ANGLE(7, 82), ANGLE(6, 78)},
     "plan.cfg:101: plan \"inversion\": step 10: inversion: angle: found 90.5 deg, expected more than 0 and at most 90 "
     "deg\n"
     "plan.cfg:71: plan \"inversion\": step 7: inversion: angle: found 78 deg, 33 deg more than in step 6, expected at "
     "most 5 deg more\n"},
    {"nobody hangs for more than 10 min",
     TURN,
     {I(9, 0, minutes, 'd', 11), I(8, 0, minutes, 'd', 10), I(7, 0, minutes, 'd', 9), I(6, 0, minutes, 'd', 7)},
     "plan.cfg:101: plan \"inversion\": step 10: inversion: time: found 11 min, expected more than 0 and at most 10 "
     "min\n"
     "plan.cfg:71: plan \"inversion\": step 7: inversion: time: found 7 min, 5 min more than in step 6, expected at "
     "most "
     "2 min more\n"},
    {"nobody hangs three times a day",
     TURN,
     {I(3, 0, per_day, 'u', 3)},
     "plan.cfg:41: plan \"inversion\": step 4: inversion: per_day: found 3, expected at most 2\n"},
    {"nobody is pulled for more than 20 min",
     PULL,
     {I(1, 2, minutes, 'd', 21)},
     "plan.cfg:23: plan \"heat-first\": step 2: traction: time: found 21 min, expected more than 0 and at most 20 "
     "min\n"},
    {"nobody is pulled with more than 60 kg",
     PULL,
     {I(0, 2, has_share, 'b', 0), I(0, 2, has_force, 'b', 1), I(0, 2, force_n, 'd', 600), S(0, sessions, 'U', 3)},
     "plan.cfg:13: plan \"heat-first\": step 1: traction: force: found 600 N, expected more than 0 and at most 588.399 "
     "N\n"
     "plan.cfg:23: plan \"heat-first\": step 2: traction: force: found newtons and shares of the body weight in one "
     "plan, expected the same in each step: nothing says how far it rises\n"},
    {"nobody is pulled twice a day",
     PULL,
     {I(1, 2, per_day, 'u', 2)},
     "plan.cfg:23: plan \"heat-first\": step 2: traction: per_day: found 2, expected at most 1\n"},
    {"nobody is pulled four times a week",
     PULL,
     {I(2, 2, per_week, 'u', 4)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: per_week: found 4, expected at most 3\n"},
    {"once a day is seven times a week",
     PULL,
     {I(2, 2, per_week, 'u', 0)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: per_week: found 7, expected at most 3\n"},
    {"nothing is heated for more than 20 min",
     PULL,
     {I(0, 1, minutes, 'd', 21)},
     "plan.cfg:12: plan \"heat-first\": step 1: heat: time: found 21 min, expected more than 0 and at most 20 min\n"},
    {"nothing is cooled for more than 20 min",
     PULL,
     {I(0, 1, what, 'w', PLAN_COLD), I(0, 1, minutes, 'd', 21)},
     "plan.cfg:12: plan \"heat-first\": step 1: cold: time: found 21 min, expected more than 0 and at most 20 min\n"},
    {"half an hour lies between two times of cold",
     PULL,
     {I(0, 1, what, 'w', PLAN_COLD), I(0, 1, per_day, 'u', 2), I(0, 1, rest_min_minutes, 'd', 29)},
     "plan.cfg:12: plan \"heat-first\": step 1: cold: rest: found 29 min, expected at least 30 min between two times "
     "of "
     "cold\n"},

    /* ---- what means nothing ---- */
    {"an angle is more than nothing",
     TURN,
     {ANGLE(0, 0), ANGLE(1, 5), ANGLE(2, 10), ANGLE(3, 0.0 / 1)},
     "plan.cfg:11: plan \"inversion\": step 1: inversion: angle: found 0 deg, expected more than 0 and at most 90 deg\n"
     "plan.cfg:41: plan \"inversion\": step 4: inversion: angle: found 0 deg, expected more than 0 and at most 90 deg\n"
     "plan.cfg:51: plan \"inversion\": step 5: inversion: angle: found 40 deg, 40 deg more than in step 4, expected at "
     "most 5 deg more\n"},
    {"a time is more than nothing",
     PULL,
     {I(2, 1, minutes, 'd', -5)},
     "plan.cfg:32: plan \"heat-first\": step 3: heat: time: found -5 min, expected more than 0 and at most 20 min\n"},
    {"what is no number is no figure",
     PULL,
     {I(2, 1, minutes, 'n', 0)},
     "plan.cfg:32: plan \"heat-first\": step 3: heat: time: found nan min, expected more than 0 and at most 20 min\n"},
    {"an inversion has an angle",
     TURN,
     {I(9, 0, has_angle, 'b', 0)},
     "plan.cfg:101: plan \"inversion\": step 10: inversion: angle: found none, expected one like \"20 deg\"\n"},
    {"heat has none",
     PULL,
     {I(0, 1, has_angle, 'b', 1), I(0, 1, angle_deg, 'd', 10)},
     "plan.cfg:12: plan \"heat-first\": step 1: heat: angle: found one, expected none: only an inversion has one\n"},
    {"heat has no force",
     PULL,
     {I(0, 1, has_share, 'b', 1), I(0, 1, force_share, 'd', 0.2)},
     "plan.cfg:12: plan \"heat-first\": step 1: heat: force: found one, expected none: only traction has one\n"},
    {"traction has a force",
     PULL,
     {I(2, 2, has_share, 'b', 0)},
     "plan.cfg:33: plan \"heat-first\": step 3: traction: force: found none, expected one like \"20 %\" of the body "
     "weight, or \"150 N\"\n"},
    {"a session has a time",
     PULL,
     {I(2, 1, has_minutes, 'b', 0)},
     "plan.cfg:32: plan \"heat-first\": step 3: heat: time: found none, expected one like \"10 min\"\n"},
    {"an activity has a name",
     PULL,
     {I(0, 0, activity, 't', 0)},
     "plan.cfg:11: plan \"heat-first\": step 1: activity: activity: found none, expected its name like "
     "\"stretching\"\n"},
    {"an item says how often",
     TURN,
     {I(9, 0, per_day, 'u', 0)},
     "plan.cfg:101: plan \"inversion\": step 10: inversion: found neither per_day nor per_week, expected one of them "
     "or "
     "both\n"},
    {"a week has seven days",
     PULL,
     {I(0, 1, per_week, 'u', 8)},
     "plan.cfg:12: plan \"heat-first\": step 1: heat: per_week: found 8, expected at most 7, which is 1 a day\n"},
    {"a gap is no negative time",
     PULL,
     {I(0, 0, gap_minutes, 'd', -1)},
     "plan.cfg:11: plan \"heat-first\": step 1: stretching: gap: found -1 min, expected 0 to a day\n"},
    {"a rest is no longer than a week",
     TURN,
     {I(0, 0, rest_min_minutes, 'd', 10081)},
     "plan.cfg:11: plan \"inversion\": step 1: inversion: rest: found 10081 min, expected 0 to a week\n"},
    {"an item is there once",
     PULL,
     {I(0, 1, what, 'w', PLAN_ACTIVITY), I(0, 1, activity, 's', 0)},
     "plan.cfg:12: plan \"heat-first\": step 1: stretching is there already, in line 11: expected it once, with "
     "per_day "
     "for how often\n"},
    {"a step has something to do",
     TURN,
     {S(9, n_items, 'Z', 0)},
     "plan.cfg:100: plan \"inversion\": step 10: items: found 0, expected 1 to 8\n"},
    {"a step says how long it is",
     TURN,
     {S(4, weeks, 'U', 0)},
     "plan.cfg:50: plan \"inversion\": step 5: found neither weeks nor sessions, expected one of them: after how long "
     "the "
     "next step is proposed\n"},
    {"a step says so once",
     TURN,
     {S(4, sessions, 'U', 14)},
     "plan.cfg:50: plan \"inversion\": step 5: found weeks and sessions, expected one of them: after how long the next "
     "step is proposed\n"},
    {"the last step does not end",
     TURN,
     {S(9, weeks, 'U', 1)},
     "plan.cfg:100: plan \"inversion\": step 10: found weeks in the last step, expected neither weeks nor sessions: "
     "nothing comes after it\n"},

    /* ---- what needs time between ---- */
    {"traction does not follow heat at once",
     PULL,
     {I(0, 1, gap_minutes, 'd', 9)},
     "plan.cfg:12: plan \"heat-first\": step 1: heat: gap: found 9 min before traction, expected at least 10 min: both "
     "load the circulation or the same tissue\n"},
    {"inversion does not follow heat at once",
     PULL,
     {I(0, 1, gap_minutes, 'd', 9), I(0, 0, what, 'w', PLAN_HEAT), I(0, 1, what, 'w', PLAN_ACTIVITY),
      I(0, 1, activity, 's', 0)},
     "plan.cfg:11: plan \"heat-first\": step 1: heat: time: found none, expected one like \"10 min\"\n"
     "plan.cfg:11: plan \"heat-first\": step 1: heat: activity: found one, expected none: only what = \"activity\" has "
     "a "
     "name\n"
     "plan.cfg:11: plan \"heat-first\": step 1: heat: gap: found 9 min before traction, expected at least 10 min: both "
     "load the circulation or the same tissue\n"},
    {"half an hour lies between inversion and traction",
     PULL,
     {I(0, 1, what, 'w', PLAN_INVERSION), I(0, 1, has_angle, 'b', 1), I(0, 1, angle_deg, 'd', 20),
      I(0, 1, minutes, 'd', 2)},
     "plan.cfg:12: plan \"heat-first\": step 1: inversion: gap: found 10 min before traction, expected at least 30 "
     "min: "
     "both load the circulation or the same tissue\n"},
    {"what comes again in the evening comes after all the rest",
     PULL,
     {I(0, 1, per_day, 'u', 2), I(0, 2, what, 'w', PLAN_COLD), I(0, 2, has_share, 'b', 0),
      I(0, 2, gap_minutes, 'd', 39)},
     "plan.cfg:13: plan \"heat-first\": step 1: cold: gap: found 39 min before heat comes again on the same day, "
     "expected "
     "at least 40 min: both load the circulation or the same tissue\n"},
};

static void spoil(struct test_plan *t, const struct change *c)
{
	char *at =
	    (c->type >= 'A' && c->type <= 'Z' ? (char *)&t->steps[c->step] : (char *)&t->items[c->step][c->item]) +
	    c->at;
	switch (c->type) {
	case 'd':
		*(double *)(void *)at = c->value;
		break;
	case 'n':
		*(double *)(void *)at = (double)NAN;
		break;
	case 'u':
	case 'U':
		*(unsigned *)(void *)at = (unsigned)c->value;
		break;
	case 'b':
		*(bool *)(void *)at = c->value > 0;
		break;
	case 'w':
		*(enum plan_what *)(void *)at = (enum plan_what)c->value;
		break;
	case 'Z':
		*(size_t *)(void *)at = (size_t)c->value;
		break;
	case 't':
	case 's':
		*(const char **)(void *)at = c->type == 't' ? NULL : "stretching";
		break;
	default:
		fail();
	}
}

static char *told(struct faults *faults)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	assert_non_null(to);
	faults_print(faults, to);
	fclose(to);
	faults_release(faults);
	return text;
}

static void is_told(void **state)
{
	const struct row *row = *state;
	struct test_plan t;
	struct faults faults = {0};
	row->build(&t);
	for (const struct change *c = row->changes; c < row->changes + 4 && c->type; c++)
		spoil(&t, c);
	bool good = plan_check(&t.plan, &faults);
	char *text = told(&faults);
	assert_string_equal(text, row->told);
	assert_false(good);
	free(text);
}

static void what_rises_as_far_as_it_may_is_taken(void **state)
{
	struct test_plan t;
	struct faults faults = {0};
	(void)state;
	test_plan_inversion(&t);
	assert_true(plan_check(&t.plan, &faults));
	test_plan_heat_first(&t);
	assert_true(plan_check(&t.plan, &faults));
	assert_int_equal(faults.n, 0);
}

static void a_plan_has_steps(void **state)
{
	struct test_plan t;
	struct faults faults = {0};
	(void)state;
	test_plan_inversion(&t);
	t.plan.n_steps = 0;
	assert_false(plan_check(&t.plan, &faults));
	char *text = told(&faults);
	assert_string_equal(text, "plan.cfg:1: plan \"inversion\": steps: found 0, expected 1 to 104\n");
	free(text);
}

/* ---- the home's own figures ---- */

static void assert_home(const struct plan *plan, double weight_kg, struct plan_figure given, const char *expected)
{
	struct faults faults = {0};
	given.file = "home.cfg";
	given.line = 7;
	bool good = plan_check_home(plan, weight_kg, &given, 1, &faults);
	char *text = told(&faults);
	assert_string_equal(text, expected);
	assert_int_equal(good, !*expected);
	free(text);
}

static void what_goes_beyond_a_figure_of_the_home_names_both_places(void **state)
{
	struct test_plan t;
	(void)state;
	test_plan_inversion(&t);
	assert_home(&t.plan, 0, (struct plan_figure){.limit = "tilt", .unit = THERAPY_UNIT_DEG, .value = 65}, "");
	assert_home(
	    &t.plan, 0, (struct plan_figure){.limit = "tilt", .unit = THERAPY_UNIT_DEG, .value = 60},
	    "plan.cfg:101: plan \"inversion\": step 10: inversion: found 65 deg, expected at most the 60 deg that "
	    "home.cfg:7 gives for tilt: lower the plan, or agree on another figure\n");
	t.items[3][0].minutes = 4;
	assert_home(&t.plan, 0,
		    (struct plan_figure){.limit = "inverted_time", .unit = THERAPY_UNIT_SECOND, .value = 180},
		    "plan.cfg:41: plan \"inversion\": step 4: inversion: found 4 min, expected at most the 3 min that "
		    "home.cfg:7 gives for inverted_time: lower the plan, or agree on another figure\n");
	t.plan.n_steps = 1;
	assert_home(
	    &t.plan, 0, (struct plan_figure){.limit = "inversions_per_day", .unit = THERAPY_UNIT_ONE, .value = 1},
	    "plan.cfg:11: plan \"inversion\": step 1: inversion: found 2, expected at most the 1 that home.cfg:7 "
	    "gives for inversions_per_day: lower the plan, or agree on another figure\n");
}

static void a_share_is_held_against_newtons_where_a_weight_is_known(void **state)
{
	struct test_plan t;
	struct plan_figure force = {.limit = "force", .unit = THERAPY_UNIT_NEWTON, .value = 200};
	const char *expected =
	    "plan.cfg:33: plan \"heat-first\": step 3: traction: found 205.94 N, expected at most the 200 N that "
	    "home.cfg:7 gives for force: lower the plan, or agree on another figure\n";
	(void)state;
	test_plan_heat_first(&t);
	assert_home(&t.plan, 0, force, "");
	assert_home(&t.plan, 67, force, "");
	assert_home(&t.plan, 70, force, expected);
	force.limit = "force_ceiling";
	force.value = 205.9;
	assert_home(
	    &t.plan, 70, force,
	    "plan.cfg:33: plan \"heat-first\": step 3: traction: found 205.94 N, expected at most the 205.9 N that "
	    "home.cfg:7 gives for force_ceiling: lower the plan, or agree on another figure\n");
}

static struct CMUnitTest test_of(const struct row *row)
{
	union {
		const struct row *row;
		void *state;
	} is = {.row = row};
	return (struct CMUnitTest){.name = row->promise, .test_func = is_told, .initial_state = is.state};
}

int main(void)
{
	struct CMUnitTest tests[sizeof rows / sizeof *rows];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[i] = test_of(&rows[i]);
	const struct CMUnitTest others[] = {
	    cmocka_unit_test(what_rises_as_far_as_it_may_is_taken),
	    cmocka_unit_test(a_plan_has_steps),
	    cmocka_unit_test(what_goes_beyond_a_figure_of_the_home_names_both_places),
	    cmocka_unit_test(a_share_is_held_against_newtons_where_a_weight_is_known),
	};
	int failed = cmocka_run_group_tests_name("plans that cannot be", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("plans", others, NULL, NULL);
}

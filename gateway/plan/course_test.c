/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/course.h"

#include <limits.h>

#include "base/testing.h"
#include "plan/testing_plan.h"

#define MONDAY 20003 /* 2024-10-07 */

struct fixture {
	struct test_plan turn, pull;
	struct course_state state;
};

static int make(void **state)
{
	static struct fixture f;
	f.state = (struct course_state){0};
	test_plan_inversion(&f.turn);
	test_plan_heat_first(&f.pull);
	*state = &f;
	return 0;
}

static struct course_session inverted(int64_t day)
{
	return (struct course_session){
	    .what = PLAN_INVERSION, .active_minutes = 2, .day = day, .pain_before = -1, .pain_after = -1};
}

static struct course_session pulled(int64_t day)
{
	return (struct course_session){
	    .what = PLAN_TRACTION, .active_minutes = 10, .day = day, .pain_before = -1, .pain_after = -1};
}

static enum course_news invert(struct fixture *f, int64_t day)
{
	struct course_session s = inverted(day);
	return course_session(&f->state, &f->turn.plan, &s);
}

static enum course_news pull(struct fixture *f, int64_t day)
{
	struct course_session s = pulled(day);
	return course_session(&f->state, &f->pull.plan, &s);
}

/* One session and a week, and the person agrees. */
static void week(struct fixture *f)
{
	int64_t day = f->state.day;
	invert(f, day);
	assert_int_equal(course_day(&f->state, &f->turn.plan, day + 7), COURSE_PROPOSES);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, day + 7), COURSE_TAKEN);
}

static void a_course_begins_at_the_first_step(void **state)
{
	struct fixture *f = *state;
	f->state = (struct course_state){.plan = "other", .step = 3, .proposed = 4, .completed_in_step = 9};
	course_start(&f->state, &f->turn.plan, MONDAY);
	assert_string_equal(f->state.plan, "inversion");
	assert_int_equal(f->state.step, 1);
	assert_int_equal(f->state.proposed, 0);
	assert_int_equal(f->state.completed_in_step, 0);
	assert_int_equal(f->state.step_since_day, MONDAY);
	assert_ptr_equal(course_step(&f->state, &f->turn.plan), &f->turn.steps[0]);
	course_end(&f->state);
	assert_null(course_step(&f->state, &f->turn.plan));
}

static void a_step_of_a_week_proposes_the_next_after_seven_days(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	assert_int_equal(invert(f, MONDAY), COURSE_NOTHING);
	for (int64_t day = MONDAY; day < MONDAY + 7; day++)
		assert_int_equal(course_day(&f->state, &f->turn.plan, day), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 7), COURSE_PROPOSES);
	assert_int_equal(f->state.proposed, 2);
	assert_int_equal(f->state.step, 1);                                                 /* and takes nothing */
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 8), COURSE_NOTHING); /* told once */
	assert_int_equal(f->state.proposed, 2);
}

static void a_week_without_a_session_proposes_nothing(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	for (int64_t day = MONDAY; day < MONDAY + 30; day++)
		assert_int_equal(course_day(&f->state, &f->turn.plan, day), COURSE_NOTHING);
	struct course_session brief = inverted(MONDAY + 30);
	brief.active_minutes = 1.4; /* of 2 */
	assert_int_equal(course_session(&f->state, &f->turn.plan, &brief), COURSE_NOTHING);
	assert_int_equal(f->state.completed_in_step, 0);
	assert_int_equal(invert(f, MONDAY + 30), COURSE_PROPOSES);
}

static void a_step_of_sessions_counts_those_of_its_last_item(void **state)
{
	struct fixture *f = *state;
	struct course_session heat = {
	    .what = PLAN_HEAT, .active_minutes = 15, .day = MONDAY, .pain_before = -1, .pain_after = -1};
	course_start(&f->state, &f->pull.plan, MONDAY);
	for (int i = 0; i < 9; i++)
		assert_int_equal(course_session(&f->state, &f->pull.plan, &heat), COURSE_NOTHING);
	assert_int_equal(f->state.completed_in_step, 0);
	assert_int_equal(pull(f, MONDAY), COURSE_NOTHING);
	assert_int_equal(pull(f, MONDAY), COURSE_NOTHING); /* the second of a day is not planned, and does not count */
	assert_int_equal(f->state.completed_in_step, 1);
	assert_int_equal(pull(f, MONDAY + 2), COURSE_NOTHING);
	assert_int_equal(f->state.done[2].week, 3);
	assert_int_equal(pull(f, MONDAY + 4), COURSE_NOTHING); /* nor does the fourth of a week */
	assert_int_equal(f->state.completed_in_step, 2);
	assert_int_equal(pull(f, MONDAY + 7), COURSE_PROPOSES);
	assert_int_equal(f->state.proposed, 2);
}

static void the_next_step_is_taken_by_agreement_alone(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY), COURSE_NO_PLAN);
	course_start(&f->state, &f->turn.plan, MONDAY);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY), COURSE_NOTHING_PROPOSED);
	invert(f, MONDAY);
	/* the day would bring a proposal, but nobody was shown it */
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_NOTHING_PROPOSED);
	assert_int_equal(f->state.step, 1);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 7), COURSE_PROPOSES);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_TAKEN);
	assert_int_equal(f->state.step, 2);
	assert_int_equal(f->state.step_since_day, MONDAY + 7);
	assert_int_equal(f->state.completed_in_step, 0);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_NOTHING_PROPOSED); /* once */
}

static void what_is_declined_is_proposed_after_as_long_once_more(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	invert(f, MONDAY);
	course_day(&f->state, &f->turn.plan, MONDAY + 7);
	assert_int_equal(course_decline(&f->state, &f->turn.plan, MONDAY + 7), COURSE_TAKEN);
	assert_int_equal(f->state.step, 1);
	assert_int_equal(course_decline(&f->state, &f->turn.plan, MONDAY + 7), COURSE_NOTHING_PROPOSED);
	invert(f, MONDAY + 8);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 13), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 14), COURSE_PROPOSES);
}

static void the_last_step_proposes_nothing(void **state)
{
	struct fixture *f = *state;
	f->turn.plan.n_steps = 2;
	f->turn.steps[1].weeks = 0;
	course_start(&f->state, &f->turn.plan, MONDAY);
	week(f);
	for (int i = 0; i < 60; i++)
		assert_int_equal(invert(f, MONDAY + 8 + i), COURSE_NOTHING);
	assert_int_equal(f->state.step, 2);
}

static void pain_steps_back_at_once(void **state)
{
	static const struct {
		int before, after;
		bool back;
	} rows[] = {{-1, 6, false}, {-1, 7, true}, {6, 7, true},   {4, 6, true},
		    {4, 5, false},  {0, 2, true},  {-1, 2, false}, {7, -1, false},
		    {8, 6, false},  {9, 8, true},  {-1, 10, true}, {INT_MIN, INT_MAX, true}};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		course_start(&f->state, &f->turn.plan, MONDAY);
		week(f);
		week(f);
		struct course_session s = inverted(MONDAY + 15);
		s.pain_before = rows[i].before;
		s.pain_after = rows[i].after;
		assert_int_equal(course_session(&f->state, &f->turn.plan, &s),
				 rows[i].back ? COURSE_STEPPED_BACK : COURSE_NOTHING);
		assert_int_equal(f->state.step, rows[i].back ? 2 : 3);
		assert_int_equal(f->state.backed, rows[i].back ? COURSE_BACK_PAIN : COURSE_NOT_BACK);
		assert_int_equal(f->state.completed_in_step, rows[i].back ? 0 : 1);
	}
}

static void pain_withdraws_what_is_proposed(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	invert(f, MONDAY);
	course_day(&f->state, &f->turn.plan, MONDAY + 7);
	assert_int_equal(f->state.proposed, 2);
	struct course_session s = {.what = PLAN_HEAT, .day = MONDAY + 7, .pain_before = -1, .pain_after = 8};
	/* of something that is not in the plan, and at the first step, too */
	assert_int_equal(course_session(&f->state, &f->turn.plan, &s), COURSE_STEPPED_BACK);
	assert_int_equal(f->state.step, 1);
	assert_int_equal(f->state.proposed, 0);
	assert_int_equal(f->state.step_since_day, MONDAY + 7);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_NOTHING_PROPOSED);
}

static void a_trip_of_what_is_planned_steps_back(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	week(f);
	struct course_session s = inverted(MONDAY + 8);
	s.what = PLAN_HEAT; /* the pad is not part of this plan */
	s.tripped = true;
	assert_int_equal(course_session(&f->state, &f->turn.plan, &s), COURSE_NOTHING);
	s.what = PLAN_INVERSION;
	assert_int_equal(course_session(&f->state, &f->turn.plan, &s), COURSE_STEPPED_BACK);
	assert_int_equal(f->state.step, 1);
	assert_int_equal(f->state.backed, COURSE_BACK_TRIP);
	assert_int_equal(f->state.done[0].day, 1); /* nobody is asked to do it again today */
	week(f);
	assert_int_equal(f->state.backed, COURSE_NOT_BACK);
}

static void a_person_steps_back_without_being_asked(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(course_step_back(&f->state, NULL, MONDAY), COURSE_NO_PLAN);
	course_start(&f->state, &f->turn.plan, MONDAY);
	assert_int_equal(course_step_back(&f->state, &f->turn.plan, MONDAY), COURSE_AT_FIRST_STEP);
	week(f);
	course_freeze(&f->state, false); /* down is always open */
	assert_int_equal(course_step_back(&f->state, &f->turn.plan, MONDAY + 8), COURSE_TAKEN);
	assert_int_equal(f->state.step, 1);
	assert_int_equal(f->state.backed, COURSE_BACK_PERSON);
	assert_int_equal(f->state.step_since_day, MONDAY + 8);
}

static void a_lapsed_clearance_freezes(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	invert(f, MONDAY);
	course_day(&f->state, &f->turn.plan, MONDAY + 7);
	course_freeze(&f->state, false);
	assert_int_equal(f->state.proposed, 0);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_IS_FROZEN);
	assert_int_equal(course_decline(&f->state, &f->turn.plan, MONDAY + 7), COURSE_IS_FROZEN);
	for (int64_t day = MONDAY + 8; day < MONDAY + 30; day++)
		assert_int_equal(invert(f, day), COURSE_NOTHING);
	course_start(&f->state, &f->turn.plan, MONDAY + 30); /* beginning anew thaws nothing */
	assert_int_equal(f->state.frozen, COURSE_FROZEN_CLEARANCE);
	invert(f, MONDAY + 30);
	for (int64_t day = MONDAY + 31; day < MONDAY + 39; day++) /* and its time does not count */
		course_day(&f->state, &f->turn.plan, day);
	course_freeze(&f->state, true);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 38), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 44), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, &f->turn.plan, MONDAY + 45), COURSE_PROPOSES);
}

static void a_clock_that_leaps_makes_no_step_shorter(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = &f->turn.plan;
	course_start(&f->state, plan, MONDAY);
	invert(f, MONDAY);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 4), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 10000), COURSE_NOTHING); /* four days still */
	assert_int_equal(course_day(&f->state, plan, MONDAY + 10002), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 10003), COURSE_PROPOSES);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 4), COURSE_NOTHING); /* all of it was wrong */
	assert_int_equal(f->state.proposed, 0);
	assert_int_equal(f->state.step_since_day, MONDAY + 4);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 10), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 9), COURSE_NOTHING); /* another time zone */
	assert_int_equal(f->state.step_since_day, MONDAY + 4);
	assert_int_equal(f->state.day, MONDAY + 10);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 6), COURSE_NOTHING);  /* four days back, and again ... */
	assert_int_equal(course_day(&f->state, plan, MONDAY + 10), COURSE_NOTHING); /* ... they count once */
	assert_int_equal(f->state.step_since_day, MONDAY + 4);
	assert_int_equal(course_day(&f->state, plan, INT64_MAX), COURSE_NOTHING);
	assert_int_equal(course_day(&f->state, plan, INT64_MIN), COURSE_NOTHING);
	assert_int_equal(f->state.day, MONDAY + 10);
	assert_int_equal(course_day(&f->state, plan, MONDAY + 11), COURSE_PROPOSES);
	assert_int_equal(f->state.step, 1);
}

static void a_plan_that_is_gone_leaves_the_state_as_it_is(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	week(f);
	struct course_state before = f->state;
	const struct plan *others[] = {NULL, &f->pull.plan};
	for (size_t i = 0; i < 2; i++) {
		struct course_session s = inverted(MONDAY + 20);
		s.pain_after = 9;
		assert_null(course_step(&f->state, others[i]));
		assert_int_equal(course_day(&f->state, others[i], MONDAY + 20), COURSE_NOTHING);
		assert_int_equal(course_session(&f->state, others[i], &s), COURSE_NOTHING);
		assert_int_equal(course_agree(&f->state, others[i], MONDAY + 20), COURSE_NO_PLAN);
		assert_int_equal(course_decline(&f->state, others[i], MONDAY + 20), COURSE_NO_PLAN);
		assert_int_equal(course_step_back(&f->state, others[i], MONDAY + 20), COURSE_NO_PLAN);
		assert_memory_equal(&f->state, &before, sizeof before);
	}
	assert_ptr_equal(course_step(&f->state, &f->turn.plan), &f->turn.steps[1]);
}

static void a_plan_that_became_shorter_goes_on_at_its_end(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	for (int i = 0; i < 4; i++)
		week(f);
	assert_int_equal(f->state.step, 5);
	f->turn.plan.n_steps = 3;
	assert_ptr_equal(course_step(&f->state, &f->turn.plan), &f->turn.steps[2]);
	course_day(&f->state, &f->turn.plan, f->state.day + 1);
	assert_int_equal(f->state.step, 3);
	assert_int_equal(f->state.proposed, 0);
}

static void what_was_done_counts_in_the_next_step_as_well(void **state)
{
	struct fixture *f = *state;
	course_start(&f->state, &f->turn.plan, MONDAY);
	invert(f, MONDAY);
	course_day(&f->state, &f->turn.plan, MONDAY + 7);
	invert(f, MONDAY + 7);
	assert_int_equal(course_agree(&f->state, &f->turn.plan, MONDAY + 7), COURSE_TAKEN);
	assert_int_equal(f->state.done[0].day, 1);
	course_day(&f->state, &f->turn.plan, MONDAY + 13); /* Sunday */
	assert_int_equal(f->state.done[0].day, 0);
	assert_int_equal(f->state.done[0].week, 1);
	course_day(&f->state, &f->turn.plan, MONDAY + 14);
	assert_int_equal(f->state.done[0].week, 0);
}

static void what_was_read_back_damaged_is_mended(void **state)
{
	struct fixture *f = *state;
	struct course_state s;
	memset(&s, 0x7f, sizeof s);
	memcpy(s.plan, "inversion", sizeof "inversion");
	course_mend(&s, &f->turn.plan);
	assert_int_equal(s.step, 10);
	assert_int_equal(s.proposed, 0);
	assert_int_equal(s.frozen, COURSE_FROZEN_CLEARANCE);
	assert_int_equal(s.backed, COURSE_NOT_BACK);
	assert_int_equal(s.day, 0);
	assert_int_equal(s.step_since_day, 0);
	memset(&s, 0xff, sizeof s);
	course_mend(&s, NULL);
	assert_int_equal(strlen(s.plan), sizeof s.plan - 1);
	s = (struct course_state){.plan = "inversion", .step = 2, .proposed = 5, .day = MONDAY};
	course_mend(&s, &f->turn.plan);
	assert_int_equal(s.proposed, 0); /* nobody goes up by three */
}

static void every_refusal_says_why(void **state)
{
	(void)state;
	assert_string_equal(course_refusal_text(COURSE_TAKEN), "");
	for (unsigned i = COURSE_TAKEN + 1; i < COURSE_REFUSALS_; i++)
		assert_true(strlen(course_refusal_text((enum course_refusal)i)) > 20);
	assert_string_equal(course_refusal_text(COURSE_REFUSALS_), "?");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup(test, make)
	const struct CMUnitTest tests[] = {
	    T(a_course_begins_at_the_first_step),
	    T(a_step_of_a_week_proposes_the_next_after_seven_days),
	    T(a_week_without_a_session_proposes_nothing),
	    T(a_step_of_sessions_counts_those_of_its_last_item),
	    T(the_next_step_is_taken_by_agreement_alone),
	    T(what_is_declined_is_proposed_after_as_long_once_more),
	    T(the_last_step_proposes_nothing),
	    T(pain_steps_back_at_once),
	    T(pain_withdraws_what_is_proposed),
	    T(a_trip_of_what_is_planned_steps_back),
	    T(a_person_steps_back_without_being_asked),
	    T(a_lapsed_clearance_freezes),
	    T(a_clock_that_leaps_makes_no_step_shorter),
	    T(a_plan_that_is_gone_leaves_the_state_as_it_is),
	    T(a_plan_that_became_shorter_goes_on_at_its_end),
	    T(what_was_done_counts_in_the_next_step_as_well),
	    T(what_was_read_back_damaged_is_mended),
	    T(every_refusal_says_why),
	};
	return cmocka_run_group_tests_name("course", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 * Random lives: days with clocks that leap, sessions, pain, freezes, wishes, files that come and go. Whatever happens,
 * nobody goes up without having agreed, nor by more than a step, nor sooner than the step lasts. */
#include <stdlib.h>

#include "base/testing.h"
#include "plan/guidance.h"
#include "plan/testing_plan.h"

#define LIVES  400
#define EVENTS 400

static uint64_t seed;

static unsigned roll(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % sides;
}

struct life {
	struct test_plan t;
	struct course_state state;
	int64_t clock;      /* what the wall clock says */
	unsigned true_days; /* that have really passed since the last change of step */
	unsigned true_sessions;
	bool cleared;
};

static void pass_time(struct life *l)
{
	unsigned days = roll(4);
	l->clock += days;
	l->true_days += days;
	switch (roll(20)) {
	case 0:
		l->clock += roll(40000); /* a battery that is empty */
		break;
	case 1:
		l->clock -= roll(40000);
		break;
	case 2:
		l->clock -= 1;
		break;
	case 3:
		l->clock = (int64_t)(((uint64_t)roll(1u << 30) << 34) | roll(1u << 30)) * (roll(2) ? 1 : -1);
		break;
	case 4:
		l->clock = 20000;
		break;
	default:
		break;
	}
}

static struct course_session some_session(const struct life *l)
{
	return (struct course_session){.what = (enum plan_what)roll(PLAN_WHAT_COUNT_),
				       .activity = roll(2) ? "stretching" : NULL,
				       .active_minutes = roll(20),
				       .day = l->clock,
				       .pain_before = (int)roll(12) - 1,
				       .pain_after = roll(3) ? -1 : (int)roll(12) - 1,
				       .tripped = roll(10) == 0};
}

static void assert_figures(const struct life *l, const struct plan *plan)
{
	struct plan_figure figures[PLAN_FIGURES_MAX], allowed[4];
	struct course_person person = {.weight_kg = roll(3) ? 40 + roll(60) : 0, .beyond_60 = roll(2)};
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_adherence a = course_adherence(&l->state, plan, &person, l->clock);
	size_t n = course_figures(&l->state, plan, &person, figures);
	for (size_t i = 0; i < n; i++) {
		double most = 0; /* over all steps up to this one */
		for (int s = 0; s < l->state.step; s++)
			for (size_t k = 0; k < l->t.steps[s].n_items; k++)
				for (size_t m = plan_item_figures(&l->t.items[s][k], person.weight_kg, allowed);
				     m-- > 0;)
					if (strcmp(allowed[m].limit, figures[i].limit) == 0)
						most = fmax(most, allowed[m].value);
		assert_true(figures[i].value <= most);
		assert_true(figures[i].value > 0);
		if (strcmp(figures[i].limit, "tilt") == 0 && !person.beyond_60)
			assert_true(figures[i].value <= 60);
		if (strcmp(figures[i].limit, "force") == 0)
			assert_true(person.weight_kg > 0);
	}
	assert_true(a.done_today <= a.planned_today && a.done_week <= a.planned_week &&
		    a.planned_today <= a.planned_week);
	n = course_planned(&l->state, plan, &person, l->clock, rows);
	for (size_t i = 0; i < n; i++) {
		assert_true(rows[i].today <= plan_item_per_day(rows[i].item));
		assert_true(rows[i].week <= plan_item_per_week(rows[i].item));
		if (rows[i].item->what == PLAN_TRACTION && (l->state.frozen || person.weight_kg <= 0))
			assert_int_equal(rows[i].today, 0);
	}
}

/* What may make the step higher is here alone. */
static void agree(struct life *l, const struct plan *plan)
{
	int step = l->state.step, proposed = l->state.proposed;
	unsigned frozen = l->state.frozen;
	enum course_refusal refusal = course_agree(&l->state, plan, l->clock);
	if (refusal != COURSE_TAKEN) {
		assert_int_equal(l->state.step, step);
		return;
	}
	const struct plan_step *from = &l->t.steps[step - 1];
	assert_non_null(plan);
	assert_int_equal(frozen, 0);
	assert_int_equal(proposed, step + 1);
	assert_int_equal(l->state.step, step + 1);
	assert_true(l->true_sessions >= (from->weeks ? from->weeks : from->sessions));
	l->true_days = l->true_sessions = 0;
}

static void something_happens(struct life *l, const struct plan *plan)
{
	struct course_session s = some_session(l);
	const struct plan_step *step = course_step(&l->state, plan);
	switch (roll(12)) {
	case 0:
		course_freeze(&l->state, l->cleared = roll(3) > 0);
		break;
	case 1:
		course_decline(&l->state, plan, l->clock);
		break;
	case 2:
		if (roll(4) == 0)
			course_step_back(&l->state, plan, l->clock);
		break;
	case 3:
		course_day(&l->state, plan, l->clock);
		break;
	case 4:
		if (roll(20) == 0)
			course_mend(&l->state, plan);
		break;
	default:
		if (step && roll(4)) { /* mostly what is planned */
			s.what = step->items[step->n_items - 1].what;
			s.pain_after = roll(30) ? -1 : 8;
			s.tripped = false;
		}
		l->true_sessions++;
		course_session(&l->state, plan, &s);
	}
}

static void nobody_goes_up_without_having_agreed(void **state)
{
	unsigned agreed = 0, highest = 0;
	(void)state;
	for (unsigned i = 0; i < LIVES; i++) {
		struct life *l = calloc(1, sizeof *l);
		seed = i;
		i % 2 ? test_plan_inversion(&l->t) : test_plan_heat_first(&l->t);
		l->clock = 20000;
		l->cleared = true;
		course_start(&l->state, &l->t.plan, l->clock);
		for (unsigned e = 0; e < EVENTS; e++) {
			const struct plan *plan = roll(15) ? &l->t.plan : NULL;
			int before = l->state.step;
			pass_time(l);
			something_happens(l, plan);
			assert_true(l->state.step <= before && l->state.step >= before - 1 && l->state.step >= 1);
			if (l->state.step < before)
				l->true_days = l->true_sessions = 0;
			before = l->state.step;
			if (roll(3) == 0)
				agree(l, plan);
			assert_true(l->state.step == before || l->state.step == before + 1);
			agreed += l->state.step > before;
			highest += (size_t)l->state.step == l->t.plan.n_steps;
			if (!l->cleared)
				assert_int_equal(l->state.proposed, 0);
			assert_true(l->state.proposed == 0 || l->state.proposed == l->state.step + 1);
			assert_figures(l, plan);
		}
		free(l);
	}
	assert_true(agreed > LIVES); /* the property was put to the test */
	assert_true(highest > 0);
}

/* Without a wrong clock that stays wrong nothing is as sure as the days: forward leaps and returns never shorten a
 * week. */
static void no_leap_of_the_clock_shortens_a_step_of_a_week(void **state)
{
	unsigned proposals = 0;
	(void)state;
	for (unsigned i = 0; i < LIVES; i++) {
		struct test_plan t;
		struct course_state s = {0};
		int64_t today = 20000, since = today;
		seed = i + 1000000;
		test_plan_inversion(&t);
		course_start(&s, &t.plan, today);
		for (unsigned e = 0; e < EVENTS; e++) {
			today += roll(2);
			struct course_session session = {.what = PLAN_INVERSION,
							 .active_minutes = 2,
							 .day = today,
							 .pain_before = -1,
							 .pain_after = -1};
			if (roll(8) == 0) { /* wrong for a moment, and put right */
				course_day(&s, &t.plan, today + 8 + roll(5000));
				course_day(&s, &t.plan, today);
			} else if (roll(8) == 0) {
				course_day(&s, &t.plan, today - 2 - roll(15000));
				course_day(&s, &t.plan, today);
			} else {
				course_session(&s, &t.plan, &session);
			}
			if (!s.proposed)
				continue;
			proposals++;
			assert_true(today - since >= 7);
			assert_int_equal(course_agree(&s, &t.plan, today), COURSE_TAKEN);
			since = today;
		}
	}
	assert_true(proposals > LIVES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_goes_up_without_having_agreed),
	    cmocka_unit_test(no_leap_of_the_clock_shortens_a_step_of_a_week),
	};
	return cmocka_run_group_tests_name("random courses", tests, NULL, NULL);
}

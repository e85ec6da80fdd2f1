/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/testing_plan.h"

static void build(struct test_plan *t, const char *id, size_t n_steps)
{
	*t = (struct test_plan){.plan = {.id = id,
					 .name = "A plan",
					 .because = "Because.",
					 .source = "a book",
					 .file = "plan.cfg",
					 .line = 1,
					 .steps = t->steps,
					 .n_steps = n_steps}};
	for (size_t s = 0; s < n_steps; s++)
		t->steps[s] = (struct plan_step){.items = t->items[s], .line = 10 * (unsigned)(s + 1)};
}

static void add(struct test_plan *t, size_t s, struct plan_item item)
{
	item.line = t->steps[s].line + 1 + (unsigned)t->steps[s].n_items;
	t->items[s][t->steps[s].n_items++] = item;
}

void test_plan_inversion(struct test_plan *t)
{
	build(t, "inversion", 10);
	for (size_t s = 0; s < 10; s++) {
		t->steps[s].weeks = s < 9;
		add(t, s,
		    (struct plan_item){.what = PLAN_INVERSION,
				       .has_angle = true,
				       .angle_deg = 20 + 5 * (double)s,
				       .has_minutes = true,
				       .minutes = 2,
				       .per_day = 2,
				       .rest_min_minutes = 240});
	}
}

void test_plan_heat_first(struct test_plan *t)
{
	build(t, "heat-first", 3);
	for (size_t s = 0; s < 3; s++) {
		t->steps[s].sessions = s < 2 ? 3 : 0;
		add(t, s,
		    (struct plan_item){
			.what = PLAN_ACTIVITY, .activity = "stretching", .per_day = 1, .gap_minutes = 0});
		add(t, s,
		    (struct plan_item){
			.what = PLAN_HEAT, .has_minutes = true, .minutes = 15, .per_day = 1, .gap_minutes = 10});
		add(t, s,
		    (struct plan_item){.what = PLAN_TRACTION,
				       .has_share = true,
				       .force_share = 0.2 + 0.05 * (double)s,
				       .has_minutes = true,
				       .minutes = 10,
				       .per_day = 1,
				       .per_week = 3});
	}
}

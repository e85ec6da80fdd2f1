/* SPDX-License-Identifier: Apache-2.0
 * How a plan begins, and how it rises from step to step. */
#include "plan/plan_inside.h"

/* The same item in the nearest step before `s` that has it. NULL: it begins here. */
static const struct plan_item *earlier(const struct plan *plan, size_t s, const struct plan_item *item, size_t *step)
{
	while (s-- > 0)
		for (size_t i = 0; i < plan->steps[s].n_items; i++)
			if (plan_item_is(&plan->steps[s].items[i], item->what, item->activity)) {
				*step = s;
				return &plan->steps[s].items[i];
			}
	return NULL;
}

static void check_first(const struct plan *plan, size_t s, const struct plan_item *item, struct faults *faults)
{
	double minutes = item->what == PLAN_INVERSION  ? PLAN_INVERSION_FIRST_MIN
			 : item->what == PLAN_TRACTION ? PLAN_TRACTION_FIRST_MIN
						       : item->minutes;
	if (item->has_angle && item->angle_deg > PLAN_ANGLE_FIRST_DEG + PLAN_NEAR)
		plan_fault(plan, s, item->line, faults,
			   "%s: angle: found %.6g deg, expected at most %g deg to begin with", plan_item_text(item),
			   item->angle_deg, PLAN_ANGLE_FIRST_DEG);
	if (item->has_share && item->force_share > PLAN_SHARE_FIRST + PLAN_NEAR)
		plan_fault(plan, s, item->line, faults,
			   "%s: force: found %.6g %% of the body weight, expected at most %g %% to begin with",
			   plan_item_text(item), item->force_share * 100, PLAN_SHARE_FIRST * 100);
	if (item->has_minutes && item->minutes > minutes + PLAN_NEAR)
		plan_fault(plan, s, item->line, faults,
			   "%s: time: found %.6g min, expected at most %g min to begin with", plan_item_text(item),
			   item->minutes, minutes);
}

/* Can the sessions that a step asks for be done in less than a week? */
static bool shorter_than_a_week(const struct plan_step *step)
{
	if (step->weeks || !step->sessions || !step->n_items)
		return false;
	return step->sessions < plan_item_per_week(&step->items[step->n_items - 1]);
}

/* What is compared: two steps and the same item in both. */
struct rise {
	const struct plan *plan;
	size_t from, to;
	const struct plan_item *low, *high;
	struct faults *faults;
};

static void check_by(const struct rise *r, const char *what, double low, double high, double most, double scale,
		     const char *unit)
{
	if (high > low + most + PLAN_NEAR)
		plan_fault(r->plan, r->to, r->high->line, r->faults,
			   "%s: %s: found %.6g %s, %.6g %s more than in step %zu, expected at most %.6g %s more",
			   plan_item_text(r->high), what, high * scale, unit, (high - low) * scale, unit, r->from + 1,
			   most * scale, unit);
}

static void check_rise(const struct rise *r)
{
	const struct plan_item *low = r->low, *high = r->high;
	bool up = false;
	if (low->has_angle && high->has_angle) {
		check_by(r, "angle", low->angle_deg, high->angle_deg, PLAN_ANGLE_RISE_DEG, 1, "deg");
		up = high->angle_deg > low->angle_deg + PLAN_NEAR;
	}
	if (low->has_share && high->has_share) {
		check_by(r, "force", low->force_share, high->force_share, PLAN_SHARE_RISE, 100, "% of the body weight");
		up = up || high->force_share > low->force_share + PLAN_NEAR;
	} else if (low->has_force && high->has_force) {
		check_by(r, "force", low->force_n, high->force_n, PLAN_FORCE_RISE_N, 1, "N");
		up = up || high->force_n > low->force_n + PLAN_NEAR;
	} else if (high->what == PLAN_TRACTION && (low->has_share || low->has_force) &&
		   (high->has_share || high->has_force)) {
		plan_fault(r->plan, r->to, high->line, r->faults,
			   "%s: force: found newtons and shares of the body weight in one plan, expected the same in "
			   "each step: nothing says how far it rises",
			   plan_item_text(high));
	}
	if (high->what == PLAN_INVERSION && high->has_minutes && low->has_minutes)
		check_by(r, "time", low->minutes, high->minutes, PLAN_INVERSION_RISE_MIN, 1, "min");
	const struct plan_step *before = &r->plan->steps[r->from];
	if (up && shorter_than_a_week(before))
		plan_fault(r->plan, r->to, high->line, r->faults,
			   "%s: rises after %u sessions of step %zu, which can be done within a week: expected a week "
			   "or more (%u sessions) before it rises",
			   plan_item_text(high), before->sessions, r->from + 1,
			   plan_item_per_week(&before->items[before->n_items - 1]));
}

void plan_check_rise(const struct plan *plan, struct faults *faults)
{
	for (size_t s = 0; s < plan->n_steps; s++)
		for (size_t i = 0; i < plan->steps[s].n_items; i++) {
			struct rise r = {.plan = plan, .to = s, .high = &plan->steps[s].items[i], .faults = faults};
			r.low = earlier(plan, s, r.high, &r.from);
			if (r.low)
				check_rise(&r);
			else
				check_first(plan, s, r.high, faults);
		}
}

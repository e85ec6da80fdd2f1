/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <string.h>

#include "base/unit.h"
#include "plan/plan_inside.h"

const char *const plan_whats[PLAN_WHAT_COUNT_ + 1] = {"inversion", "traction", "heat", "cold", "activity", NULL};

const struct plan *plan_find(const struct plan *plans, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(plans[i].id, id) == 0)
			return &plans[i];
	return NULL;
}

unsigned plan_item_per_day(const struct plan_item *item)
{
	return item->per_day ? item->per_day : 1;
}

unsigned plan_item_per_week(const struct plan_item *item)
{
	return item->per_week ? item->per_week : plan_item_per_day(item) * 7;
}

const char *plan_item_text(const struct plan_item *item)
{
	if (item->what == PLAN_ACTIVITY && item->activity)
		return item->activity;
	return (unsigned)item->what < PLAN_WHAT_COUNT_ ? plan_whats[item->what] : "?";
}

bool plan_item_is(const struct plan_item *item, enum plan_what what, const char *activity)
{
	if (item->what != what)
		return false;
	return what != PLAN_ACTIVITY || strcmp(item->activity ? item->activity : "", activity ? activity : "") == 0;
}

double plan_gap_written(const struct plan_step *step, size_t from, size_t to)
{
	double minutes = 0;
	do {
		minutes += step->items[from].gap_minutes;
		from = (from + 1) % step->n_items;
	} while (from != to);
	return minutes;
}

double plan_gap_needed(enum plan_what from, enum plan_what to)
{
	static const unsigned char minutes[PLAN_WHAT_COUNT_][PLAN_WHAT_COUNT_] = {
	    [PLAN_HEAT][PLAN_INVERSION] = 10,     /* hazard 13: heat lowers the tolerance of standing up */
	    [PLAN_INVERSION][PLAN_HEAT] = 10,     /* hazard 13, the other order */
	    [PLAN_HEAT][PLAN_TRACTION] = 10,      /* heat, off, gap, therapy */
	    [PLAN_INVERSION][PLAN_TRACTION] = 30, /* hazard 14 */
	    [PLAN_TRACTION][PLAN_INVERSION] = 30, /* hazard 14 */
	    [PLAN_COLD][PLAN_HEAT] = 40,          /* hazard 10: no heat on skin that the cold made numb */
	};
	if ((unsigned)from >= PLAN_WHAT_COUNT_ || (unsigned)to >= PLAN_WHAT_COUNT_)
		return 0;
	return minutes[from][to];
}

static size_t put(struct plan_figure out[4], size_t n, const char *limit, enum therapy_unit unit, double value)
{
	out[n] = (struct plan_figure){.limit = limit, .unit = unit, .value = value};
	return n + 1;
}

size_t plan_item_figures(const struct plan_item *item, double weight_kg, struct plan_figure out[4])
{
	size_t n = 0;
	double seconds = item->minutes * 60;
	switch (item->what) {
	case PLAN_INVERSION:
		n = put(out, n, "tilt", THERAPY_UNIT_DEG, item->angle_deg);
		n = put(out, n, "inverted_time", THERAPY_UNIT_SECOND, seconds);
		return put(out, n, "inversions_per_day", THERAPY_UNIT_ONE, plan_item_per_day(item));
	case PLAN_TRACTION:
		if (item->has_force)
			n = put(out, n, "force", THERAPY_UNIT_NEWTON, item->force_n);
		else if (item->has_share && weight_kg > 0)
			n = put(out, n, "force", THERAPY_UNIT_NEWTON, item->force_share * weight_kg * PLAN_GRAVITY);
		n = put(out, n, "traction_time", THERAPY_UNIT_SECOND, seconds);
		n = put(out, n, "tractions_per_day", THERAPY_UNIT_ONE, plan_item_per_day(item));
		return put(out, n, "tractions_per_week", THERAPY_UNIT_ONE, plan_item_per_week(item));
	case PLAN_HEAT:
		return put(out, n, "heat_time", THERAPY_UNIT_SECOND, seconds);
	case PLAN_COLD:
		return put(out, n, "cold_time", THERAPY_UNIT_SECOND, seconds);
	default:
		return 0; /* nobody measures an activity */
	}
}

/* ---- what cannot be ---- */

static void check_gap(const struct plan *plan, size_t s, size_t from, size_t to, struct faults *faults)
{
	const struct plan_step *step = &plan->steps[s];
	const struct plan_item *a = &step->items[from], *b = &step->items[to];
	double needed = plan_gap_needed(a->what, b->what), written = plan_gap_written(step, from, to);
	if (needed <= 0 || written >= needed - PLAN_NEAR)
		return;
	plan_fault(plan, s, a->line, faults,
		   "%s: gap: found %g min before %s%s, expected at least %g min: both load the circulation or the same "
		   "tissue",
		   plan_item_text(a), written, plan_item_text(b), to < from ? " comes again on the same day" : "",
		   needed);
}

/* What comes again on the same day comes after all that stand behind it, too. */
static void check_gaps(const struct plan *plan, size_t s, struct faults *faults)
{
	const struct plan_step *step = &plan->steps[s];
	for (size_t a = 0; a < step->n_items; a++)
		for (size_t b = 0; b < step->n_items; b++)
			if (a < b || (a > b && plan_item_per_day(&step->items[b]) > 1))
				check_gap(plan, s, a, b, faults);
}

static void check_twice(const struct plan *plan, size_t s, struct faults *faults)
{
	const struct plan_step *step = &plan->steps[s];
	for (size_t i = 1; i < step->n_items; i++)
		for (size_t k = 0; k < i; k++) {
			const struct plan_item *item = &step->items[i];
			if (!plan_item_is(&step->items[k], item->what, item->activity))
				continue;
			plan_fault(plan, s, item->line, faults,
				   "%s is there already, in line %u: expected it once, with per_day for how often",
				   plan_item_text(item), step->items[k].line);
			break;
		}
}

static void check_end_of(const struct plan *plan, size_t s, struct faults *faults)
{
	const struct plan_step *step = &plan->steps[s];
	bool last = s + 1 == plan->n_steps;
	if (last && (step->weeks || step->sessions))
		plan_fault(plan, s, step->line, faults,
			   "found %s in the last step, expected neither weeks nor sessions: nothing comes after it",
			   step->weeks ? "weeks" : "sessions");
	else if (!last && !step->weeks == !step->sessions)
		plan_fault(plan, s, step->line, faults,
			   "found %s, expected one of them: after how long the next step is proposed",
			   step->weeks ? "weeks and sessions" : "neither weeks nor sessions");
}

static void check_step(const struct plan *plan, size_t s, struct faults *faults)
{
	const struct plan_step *step = &plan->steps[s];
	check_end_of(plan, s, faults);
	if (step->n_items == 0 || step->n_items > PLAN_ITEMS_MAX) {
		plan_fault(plan, s, step->line, faults, "items: found %zu, expected 1 to %u", step->n_items,
			   PLAN_ITEMS_MAX);
		return;
	}
	for (size_t i = 0; i < step->n_items; i++)
		plan_check_item(plan, s, &step->items[i], faults);
	check_twice(plan, s, faults);
	check_gaps(plan, s, faults);
}

bool plan_check(const struct plan *plan, struct faults *faults)
{
	size_t before = faults->n;
	if (plan->n_steps == 0 || plan->n_steps > PLAN_STEPS_MAX) {
		faults_add(faults, plan->file, plan->line, "plan \"%s\": steps: found %zu, expected 1 to %u", plan->id,
			   plan->n_steps, PLAN_STEPS_MAX);
		return false;
	}
	for (size_t s = 0; s < plan->n_steps; s++)
		check_step(plan, s, faults);
	plan_check_rise(plan, faults);
	return faults->n == before;
}

/* ---- what this home does not allow ---- */

/* As people write it: a time in minutes. */
static double shown(enum therapy_unit unit, double value)
{
	return unit == THERAPY_UNIT_SECOND ? value / 60 : value;
}

static void check_figure(const struct plan *plan, size_t s, const struct plan_item *item,
			 const struct plan_figure *planned, const struct plan_figure *given, struct faults *faults)
{
	bool ceiling = strcmp(given->limit, "force_ceiling") == 0 && strcmp(planned->limit, "force") == 0;
	if ((!ceiling && strcmp(given->limit, planned->limit) != 0) || given->unit != planned->unit ||
	    !(planned->value > given->value + PLAN_NEAR))
		return;
	const char *unit = planned->unit == THERAPY_UNIT_SECOND ? "min" : unit_text(planned->unit);
	const char *blank = *unit ? " " : "";
	plan_fault(
	    plan, s, item->line, faults,
	    "%s: found %.6g%s%s, expected at most the %.6g%s%s that %s:%u gives for %s: lower the plan, or agree on "
	    "another figure",
	    plan_item_text(item), shown(planned->unit, planned->value), blank, unit, shown(given->unit, given->value),
	    blank, unit, given->file, given->line, given->limit);
}

bool plan_check_home(const struct plan *plan, double weight_kg, const struct plan_figure *figures, size_t n,
		     struct faults *faults)
{
	size_t before = faults->n;
	for (size_t s = 0; s < plan->n_steps; s++)
		for (size_t i = 0; i < plan->steps[s].n_items; i++) {
			const struct plan_item *item = &plan->steps[s].items[i];
			struct plan_figure planned[4];
			size_t n_planned = plan_item_figures(item, weight_kg, planned);
			for (size_t p = 0; p < n_planned; p++)
				for (size_t k = 0; k < n; k++)
					check_figure(plan, s, item, &planned[p], &figures[k], faults);
		}
	return faults->n == before;
}

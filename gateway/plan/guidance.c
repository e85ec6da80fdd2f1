/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/guidance.h"

#include <math.h>
#include <string.h>

#include "plan/week.h"

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static double weight_of(const struct course_person *person)
{
	return isfinite(person->weight_kg) && person->weight_kg > 0 ? person->weight_kg : 0;
}

static size_t items_of(const struct plan_step *step)
{
	return step->n_items < PLAN_ITEMS_MAX ? step->n_items : PLAN_ITEMS_MAX;
}

/* ---- figures ---- */

/* The most that holds for this person, whatever the plan says. */
static double highest(const struct plan_figure *figure, const struct course_person *person)
{
	if (strcmp(figure->limit, "tilt") == 0)
		return person->beyond_60 ? PLAN_ANGLE_MAX_DEG : PLAN_ANGLE_USUAL_DEG;
	if (strcmp(figure->limit, "force") == 0 && weight_of(person) > 0)
		return PLAN_SHARE_MAX * weight_of(person) * PLAN_GRAVITY;
	return HUGE_VAL;
}

size_t course_figures(const struct course_state *state, const struct plan *plan, const struct course_person *person,
		      struct plan_figure out[PLAN_FIGURES_MAX])
{
	const struct plan_step *step = course_step(state, plan);
	size_t n = 0;
	for (size_t i = 0; step && i < items_of(step); i++) {
		struct plan_figure of_item[4];
		size_t n_of_item = plan_item_figures(&step->items[i], weight_of(person), of_item);
		for (size_t k = 0; k < n_of_item && n < PLAN_FIGURES_MAX; k++) {
			out[n] = of_item[k];
			out[n].value = fmin(out[n].value, highest(&out[n], person));
			n++;
		}
	}
	return n;
}

/* ---- what is planned ---- */

/* Powered traction asks for both: hazard 29. */
static enum course_why why_not(const struct course_state *state, const struct plan_item *item,
			       const struct course_person *person)
{
	if (item->what != PLAN_TRACTION)
		return COURSE_PLANNED;
	if (state->frozen & COURSE_FROZEN_CLEARANCE)
		return COURSE_NEEDS_CLEARANCE;
	return weight_of(person) > 0 ? COURSE_PLANNED : COURSE_NEEDS_WEIGHT;
}

/* What was counted, as of that day: course_day may not have been called for it yet. */
static struct course_done done_by(const struct course_state *state, size_t i, int64_t day)
{
	struct course_done done = state->done[i];
	if (day > state->day) {
		done.day = 0;
		if (week_of(day) != week_of(state->day))
			done.week = 0;
	}
	return done;
}

static unsigned days_of_week(const struct course_state *state, int64_t day)
{
	int64_t missed = state->begun_day - week_begins(day);
	return missed <= 0 ? 7 : missed >= 7 ? 1 : (unsigned)(7 - missed);
}

static struct course_planned planned_of(const struct course_state *state, const struct plan_item *item, size_t i,
					const struct course_person *person, int64_t day)
{
	struct course_done done = done_by(state, i, day);
	struct course_planned p = {
	    .item = item, .why = why_not(state, item, person), .done_today = done.day, .done_week = done.week};
	if (p.why != COURSE_PLANNED)
		return p;
	unsigned per_day = plan_item_per_day(item), earlier = done.week > done.day ? done.week - done.day : 0;
	p.week = least(plan_item_per_week(item), per_day * days_of_week(state, day));
	p.today = least(per_day, p.week > earlier ? p.week - earlier : 0);
	return p;
}

/* A day that is none, or before the last that is known, counts as that one. */
static int64_t day_for(const struct course_state *state, int64_t day)
{
	return day < state->day || day > COURSE_DAY_MAX ? state->day : day;
}

size_t course_planned(const struct course_state *state, const struct plan *plan, const struct course_person *person,
		      int64_t day, struct course_planned out[PLAN_ITEMS_MAX])
{
	const struct plan_step *step = course_step(state, plan);
	size_t n = step ? items_of(step) : 0;
	for (size_t i = 0; i < n; i++)
		out[i] = planned_of(state, &step->items[i], i, person, day_for(state, day));
	return n;
}

struct course_adherence course_adherence(const struct course_state *state, const struct plan *plan,
					 const struct course_person *person, int64_t day)
{
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_adherence a = {0};
	size_t n = course_planned(state, plan, person, day, rows);
	for (size_t i = 0; i < n; i++) {
		a.planned_today += rows[i].today;
		a.planned_week += rows[i].week;
		a.done_today += least(rows[i].done_today, rows[i].today);
		a.done_week += least(rows[i].done_week, rows[i].week);
	}
	return a;
}

/* ---- what comes next ---- */

/* The item behind which the order goes on: the one that ended last today. `n` if none did. */
static size_t last_of(const struct course_planned *rows, size_t n, const struct course_ended *ended)
{
	size_t last = n;
	for (size_t i = 0; i < n; i++)
		if (rows[i].done_today && ended[i].known && (last == n || ended[i].ms > ended[last].ms))
			last = i;
	return last;
}

static void wait_until(struct course_next *next, enum course_wait why, const struct plan_item *after, int64_t ended_ms,
		       double minutes, int64_t now_ms)
{
	/* What ended in the future ended now: two clocks that do not agree must not make anybody wait for years. */
	int64_t until = (ended_ms < now_ms ? ended_ms : now_ms) + (int64_t)(minutes * 60000);
	if (until <= next->not_before_ms)
		return;
	next->not_before_ms = until;
	next->why = why;
	next->after = after;
}

struct course_next course_next(const struct course_state *state, const struct plan *plan,
			       const struct course_person *person, int64_t day, int64_t now_ms,
			       const struct course_ended *ended)
{
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_next next = {.not_before_ms = now_ms};
	const struct plan_step *step = course_step(state, plan);
	size_t n = course_planned(state, plan, person, day, rows);
	if (!step || !n)
		return next;
	size_t last = last_of(rows, n, ended), from = last == n ? 0 : last + 1, i = 0;
	while (i < n && rows[(from + i) % n].done_today >= rows[(from + i) % n].today)
		i++;
	if (i == n)
		return next;
	next.index = (from + i) % n;
	next.item = &step->items[next.index];
	for (size_t k = 0; k < n; k++) {
		const struct plan_item *other = &step->items[k];
		if (!ended[k].known)
			continue;
		if (k == next.index)
			wait_until(&next, COURSE_WAIT_REST, other, ended[k].ms, other->rest_min_minutes, now_ms);
		else
			wait_until(
			    &next, COURSE_WAIT_GAP, other, ended[k].ms,
			    fmax(plan_gap_written(step, k, next.index), plan_gap_needed(other->what, next.item->what)),
			    now_ms);
	}
	return next;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * guidance - what a person's course through a plan asks of today: the figures that the rules compare with, how many
 * sessions of what are planned, what was done of it, and what comes next, not before when. It reads the state and
 * changes nothing. What may run is the rules' to say, whatever is planned here: they count for themselves, and over any
 * seven days where this counts calendar weeks. Pure.
 */
#ifndef PLAN_GUIDANCE_H
#define PLAN_GUIDANCE_H

#include "plan/course.h"

/* Of who follows the plan. */
struct course_person {
	double weight_kg; /* 0: not known */
	bool beyond_60;   /* the person has chosen by themselves to go further than PLAN_ANGLE_USUAL_DEG */
};

/* The figures of today's step, by the ids of etc/rules.d/10-limits.cfg; they are there to tighten what the home allows.
 * `tilt` is at most 60 deg unless the person has chosen otherwise, `force` at most half of a known weight; of a share
 * there is none without a weight. A frozen course has them too: without, the home's own would hold, which are wider. */
size_t course_figures(const struct course_state *state, const struct plan *plan, const struct course_person *person,
		      struct plan_figure out[PLAN_FIGURES_MAX]);

/* Why an item of the step is not planned. */
enum course_why { COURSE_PLANNED, COURSE_NEEDS_CLEARANCE, COURSE_NEEDS_WEIGHT };

struct course_planned {
	const struct plan_item *item; /* the plan's */
	enum course_why why;
	unsigned today, week;           /* sessions that are planned, with those that were done */
	unsigned done_today, done_week; /* may be more */
};

/* A row for each item of the step, in its order. The week of the first day is as long as there is left of it. */
size_t course_planned(const struct course_state *state, const struct plan *plan, const struct course_person *person,
		      int64_t day, struct course_planned out[PLAN_ITEMS_MAX]);

/* Done and planned over all items; more than was planned does not make up for what was not done. */
struct course_adherence {
	unsigned done_today, planned_today, done_week, planned_week;
};
struct course_adherence course_adherence(const struct course_state *state, const struct plan *plan,
					 const struct course_person *person, int64_t day);

/* When sessions of an item ended last, by the item's place in the step. */
struct course_ended {
	bool known;
	int64_t ms; /* on the clock of `now_ms` */
};

enum course_wait { COURSE_NO_WAIT, COURSE_WAIT_GAP, COURSE_WAIT_REST };

struct course_next {
	const struct plan_item *item; /* NULL: nothing more today, or no plan */
	size_t index;                 /* in the step */
	enum course_wait why;
	const struct plan_item *after; /* what it waits for; NULL: for nothing */
	int64_t not_before_ms;         /* `now_ms` if it need not wait */
};

/* What comes next today: behind the item that ended last, in the order of the plan. An item that was done today, but
 * whose end is not known, is waited for by nobody here. `ended` has PLAN_ITEMS_MAX rows. */
struct course_next course_next(const struct course_state *state, const struct plan *plan,
			       const struct course_person *person, int64_t day, int64_t now_ms,
			       const struct course_ended *ended);

#endif

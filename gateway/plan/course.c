/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/course.h"

#include <limits.h>
#include <string.h>

#include "base/language.h"
#include "base/str.h"
#include "plan/week.h"

#define MEND_AHEAD_DAYS 31

static bool is_day(int64_t day)
{
	return day >= 0 && day <= COURSE_DAY_MAX;
}

const char *course_refusal_text(enum course_refusal refusal)
{
	static const char *const texts[COURSE_REFUSALS_] = {
	    [COURSE_TAKEN] = "",
	    [COURSE_NO_PLAN] = LANGUAGE_MARK("no plan is followed, or the file of the plan is gone: choose one"),
	    [COURSE_NOTHING_PROPOSED] =
		LANGUAGE_MARK("no step is proposed: the one that is followed has not lasted long enough"),
	    [COURSE_IS_FROZEN] =
		LANGUAGE_MARK("the plan is frozen: the clearance has lapsed, a professional has to give it anew"),
	    [COURSE_AT_FIRST_STEP] =
		LANGUAGE_MARK("there is no step before the first: pause, and ask the professional who treats you"),
	};
	return (unsigned)refusal < COURSE_REFUSALS_ ? texts[refusal] : "?";
}

static bool is_followed(const struct course_state *state, const struct plan *plan)
{
	return plan && plan->n_steps && state->plan[0] && strcmp(state->plan, plan->id) == 0;
}

/* A plan may have become shorter since. */
static size_t index_of(const struct course_state *state, const struct plan *plan)
{
	if (state->step < 1)
		return 0;
	return (size_t)state->step > plan->n_steps ? plan->n_steps - 1 : (size_t)state->step - 1;
}

const struct plan_step *course_step(const struct course_state *state, const struct plan *plan)
{
	return is_followed(state, plan) ? &plan->steps[index_of(state, plan)] : NULL;
}

void course_mend(struct course_state *state, const struct plan *plan)
{
	state->plan[sizeof state->plan - 1] = '\0';
	state->frozen &= COURSE_FROZEN_CLEARANCE;
	if ((unsigned)state->backed >= COURSE_BACK_COUNT_)
		state->backed = COURSE_NOT_BACK;
	if (!is_day(state->day))
		state->day = 0;
	if (!is_day(state->begun_day) || state->begun_day > state->day)
		state->begun_day = state->day;
	/* ahead of the day only after small leaps back */
	if (!is_day(state->step_since_day) || state->step_since_day > state->day + MEND_AHEAD_DAYS)
		state->step_since_day = state->day;
	for (size_t i = 0; i < PLAN_ITEMS_MAX; i++)
		if (state->done[i].week < state->done[i].day)
			state->done[i].week = state->done[i].day;
	if (!is_followed(state, plan))
		return;
	state->step = (int)index_of(state, plan) + 1;
	if (state->frozen || state->proposed != state->step + 1 || (size_t)state->step >= plan->n_steps)
		state->proposed = 0;
}

static void clear(struct course_state *state)
{
	*state = (struct course_state){.frozen = state->frozen};
}

void course_start(struct course_state *state, const struct plan *plan, int64_t day)
{
	clear(state);
	if (!is_day(day))
		day = 0;
	str_copy(state->plan, sizeof state->plan, plan->id);
	state->step = 1;
	state->begun_day = state->step_since_day = state->day = day;
}

void course_end(struct course_state *state)
{
	clear(state);
}

/* Up by one and no more, and by nobody but a person: whoever is here has asked that. */
static enum course_news propose(struct course_state *state, const struct plan *plan)
{
	const struct plan_step *step = course_step(state, plan);
	if (!step || state->frozen || state->proposed || (size_t)state->step >= plan->n_steps)
		return COURSE_NOTHING;
	int64_t lasted = state->day - state->step_since_day;
	/* A week in which nothing was done prepares nobody for more. */
	bool ready = step->weeks ? lasted >= 7 * (int64_t)step->weeks && state->completed_in_step >= step->weeks
				 : step->sessions && state->completed_in_step >= step->sessions;
	if (!ready)
		return COURSE_NOTHING;
	state->proposed = state->step + 1;
	return COURSE_PROPOSES;
}

static void move_on(struct course_state *state, int64_t day)
{
	int64_t moved = day - state->day;
	if (moved == 0 || moved == -1) /* midnight is another one in the next time zone */
		return;
	if (moved < 0) {
		state->proposed = 0;
		if (moved < -COURSE_LEAP_DAYS) /* else it stays: the days until then are not counted twice */
			state->step_since_day = day;
		if (state->begun_day > day)
			state->begun_day = day;
	} else if (moved > COURSE_LEAP_DAYS || state->frozen) {
		state->step_since_day += moved;
	}
	for (size_t i = 0; i < PLAN_ITEMS_MAX; i++) {
		state->done[i].day = 0;
		if (week_of(day) != week_of(state->day))
			state->done[i].week = 0;
	}
	state->day = day;
}

enum course_news course_day(struct course_state *state, const struct plan *plan, int64_t day)
{
	course_mend(state, plan);
	if (!is_followed(state, plan) || !is_day(day))
		return COURSE_NOTHING;
	move_on(state, day);
	return propose(state, plan);
}

/* What was done of an item counts in every step that has it. */
static void enter(struct course_state *state, const struct plan *plan, int step, enum course_back backed)
{
	const struct plan_step *old = course_step(state, plan), *new = &plan->steps[step - 1];
	struct course_done done[PLAN_ITEMS_MAX] = {0};
	for (size_t i = 0; i < new->n_items &&i < PLAN_ITEMS_MAX; i++)
		for (size_t k = 0; k < old->n_items && k < PLAN_ITEMS_MAX; k++)
			if (plan_item_is(&old->items[k], new->items[i].what, new->items[i].activity))
				done[i] = state->done[k];
	memcpy(state->done, done, sizeof done);
	state->step = step;
	state->step_since_day = state->day;
	state->completed_in_step = 0;
	state->proposed = 0;
	state->backed = backed;
}

static void go_back(struct course_state *state, const struct plan *plan, enum course_back why)
{
	enter(state, plan, state->step > 1 ? state->step - 1 : 1, why);
}

static bool hurts(const struct course_session *s)
{
	if (s->pain_after < 0)
		return false;
	return s->pain_after >= COURSE_PAIN_BAD ||
	       (s->pain_before >= 0 && (int64_t)s->pain_after - s->pain_before >= COURSE_PAIN_MORE);
}

/* At its item; one that ended badly counts too, so that nobody is asked to do it again on the same day. */
static void count(struct course_state *state, const struct plan_step *step, size_t i, bool ended_well)
{
	const struct plan_item *item = &step->items[i];
	struct course_done *done = &state->done[i];
	if (done->week == UINT_MAX)
		return;
	done->day++;
	done->week++;
	if (ended_well && i + 1 == step->n_items && done->day <= plan_item_per_day(item) &&
	    done->week <= plan_item_per_week(item) && state->completed_in_step < UINT_MAX)
		state->completed_in_step++;
}

enum course_news course_session(struct course_state *state, const struct plan *plan, const struct course_session *s)
{
	enum course_news news = course_day(state, plan, s->day);
	const struct plan_step *step = course_step(state, plan);
	if (!step)
		return COURSE_NOTHING;
	size_t i = 0;
	while (i < step->n_items && i < PLAN_ITEMS_MAX && !plan_item_is(&step->items[i], s->what, s->activity))
		i++;
	bool planned = i < step->n_items && i < PLAN_ITEMS_MAX;
	/* Pain is the body's, whatever brought it; a trip is the device's. */
	enum course_back why = hurts(s) ? COURSE_BACK_PAIN : planned && s->tripped ? COURSE_BACK_TRIP : COURSE_NOT_BACK;
	bool whole =
	    planned && (!step->items[i].has_minutes || s->active_minutes >= COURSE_COMPLETE * step->items[i].minutes);
	if (planned && (whole || why != COURSE_NOT_BACK))
		count(state, step, i, why == COURSE_NOT_BACK);
	if (why != COURSE_NOT_BACK) {
		go_back(state, plan, why);
		return COURSE_STEPPED_BACK;
	}
	return propose(state, plan) == COURSE_PROPOSES ? COURSE_PROPOSES : news;
}

/* What a person answers to is what was proposed before the question, not what this day would bring. */
static enum course_refusal answer(struct course_state *state, const struct plan *plan, int64_t day)
{
	course_mend(state, plan);
	if (!is_followed(state, plan))
		return COURSE_NO_PLAN;
	if (state->frozen)
		return COURSE_IS_FROZEN;
	if (!state->proposed)
		return COURSE_NOTHING_PROPOSED;
	if (is_day(day))
		move_on(state, day);
	return state->proposed ? COURSE_TAKEN : COURSE_NOTHING_PROPOSED;
}

enum course_refusal course_agree(struct course_state *state, const struct plan *plan, int64_t day)
{
	enum course_refusal refusal = answer(state, plan, day);
	if (refusal == COURSE_TAKEN)
		enter(state, plan, state->proposed, COURSE_NOT_BACK);
	return refusal;
}

enum course_refusal course_decline(struct course_state *state, const struct plan *plan, int64_t day)
{
	enum course_refusal refusal = answer(state, plan, day);
	if (refusal == COURSE_TAKEN)
		enter(state, plan, state->step, state->backed);
	return refusal;
}

enum course_refusal course_step_back(struct course_state *state, const struct plan *plan, int64_t day)
{
	course_mend(state, plan);
	if (!is_followed(state, plan))
		return COURSE_NO_PLAN;
	if (state->step == 1)
		return COURSE_AT_FIRST_STEP;
	if (is_day(day))
		move_on(state, day);
	go_back(state, plan, COURSE_BACK_PERSON);
	return COURSE_TAKEN;
}

void course_freeze(struct course_state *state, bool clearance_ok)
{
	if (clearance_ok) {
		state->frozen &= ~COURSE_FROZEN_CLEARANCE;
		return;
	}
	state->frozen |= COURSE_FROZEN_CLEARANCE;
	state->proposed = 0;
}

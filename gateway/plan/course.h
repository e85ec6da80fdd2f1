/* SPDX-License-Identifier: Apache-2.0
 *
 * course - one person's way through a plan: at which step they are, and the verbs that move them. The next step is
 * proposed and never taken: only course_agree goes up, by one. Going down needs nobody's agreement: pain or a trip does
 * it at once. The state is plain data that the caller owns and stores; course_mend makes what was read back sound.
 *
 * Days are whole days since 1970 of the local calendar, given as an argument; call only while the wall clock is right.
 * A clock that was wrong all the same costs time, never saves any: a leap of more than COURSE_LEAP_DAYS does not count,
 * and after one back the step's time begins anew.
 *
 * A plan that is not there (NULL, or one of another id: its file was removed) leaves everything as it is; it goes on
 * when the plan is back. One thread; no memory is taken.
 */
#ifndef PLAN_COURSE_H
#define PLAN_COURSE_H

#include <stdint.h>

#include "plan/plan.h"

#define COURSE_LEAP_DAYS 7
#define COURSE_DAY_MAX   100000 /* in 2243; what is beyond is no date, and is not looked at */

/* The project's own choice, to be confirmed by a professional: no source that the project knows gives figures. The most
 * that is asked is 10. */
#define COURSE_PAIN_BAD  7    /* so much afterwards, or ... */
#define COURSE_PAIN_MORE 2    /* ... so much more than before: a step back */
#define COURSE_COMPLETE  0.75 /* of the planned time: a session of less is not one (the project's own choice) */

#define COURSE_FROZEN_CLEARANCE 1u /* a professional's clearance has lapsed */

/* The order is kept in files: only add at the end. */
enum course_back { COURSE_NOT_BACK, COURSE_BACK_PAIN, COURSE_BACK_TRIP, COURSE_BACK_PERSON, COURSE_BACK_COUNT_ };

struct course_done {
	unsigned day, week; /* sessions on the day and in the calendar week (from Monday) of course_state.day */
};

/* What is stored of a person. All zero: no plan. Whole numbers and one text, so that it can be written as it is. */
struct course_state {
	char plan[ID_MAX]; /* the plan's id; "" none */
	int step;          /* from 1 */
	int proposed;      /* the step that is proposed; 0 none */
	int64_t begun_day, step_since_day;
	int64_t day;                /* the last that is known */
	unsigned completed_in_step; /* sessions of the step's last item, no more a day and a week than planned */
	unsigned frozen;            /* COURSE_FROZEN_...; 0: goes on */
	enum course_back backed;    /* why the last move was a step back */
	struct course_done done[PLAN_ITEMS_MAX]; /* by item of the step */
};

/* What a verb brought about. */
enum course_news { COURSE_NOTHING, COURSE_PROPOSES, COURSE_STEPPED_BACK };

/* Why a person's wish is refused; 0: it is not. */
enum course_refusal {
	COURSE_TAKEN,
	COURSE_NO_PLAN,          /* none is followed, or its file is gone */
	COURSE_NOTHING_PROPOSED, /* the step has not lasted long enough */
	COURSE_IS_FROZEN,        /* until a professional clears the person anew */
	COURSE_AT_FIRST_STEP,    /* there is none before it */
	COURSE_REFUSALS_
};
/* What was expected and what to do, in a sentence; "" for COURSE_TAKEN. */
const char *course_refusal_text(enum course_refusal refusal);

struct course_session {
	enum plan_what what;
	const char *activity; /* of PLAN_ACTIVITY */
	double active_minutes;
	int64_t day;                 /* on which it began */
	int pain_before, pain_after; /* 0..10; below 0: not told */
	bool tripped;                /* a rule ended it */
};

/* Makes a state that was read from somewhere sound for its plan: counts and steps within bounds, the plan's id a text.
 * The other verbs do so too. */
void course_mend(struct course_state *state, const struct plan *plan);
/* The step that is followed; NULL: the plan is not the state's. */
const struct plan_step *course_step(const struct course_state *state, const struct plan *plan);

/* Begins at step 1, whatever was before. A freeze stays. */
void course_start(struct course_state *state, const struct plan *plan, int64_t day);
void course_end(struct course_state *state);
/* The calendar moves on; as often as one likes. */
enum course_news course_day(struct course_state *state, const struct plan *plan, int64_t day);
/* A session has ended; once for each. */
enum course_news course_session(struct course_state *state, const struct plan *plan,
				const struct course_session *session);
/* The person takes the step that is proposed, or does not: then it is proposed again when the step has lasted as long
 * once more. */
enum course_refusal course_agree(struct course_state *state, const struct plan *plan, int64_t day);
enum course_refusal course_decline(struct course_state *state, const struct plan *plan, int64_t day);
/* The person goes back a step. */
enum course_refusal course_step_back(struct course_state *state, const struct plan *plan, int64_t day);
/* A clearance that has lapsed freezes: nothing is proposed, the step's time stands still and traction is not planned.
 * The rest goes on at the step it is at. Where no clearance is asked for, say that it is all right. */
void course_freeze(struct course_state *state, bool clearance_ok);

#endif

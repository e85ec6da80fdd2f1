/* SPDX-License-Identifier: Apache-2.0
 *
 * plan - what a plan of therapy is, as plain data, and which plans are refused: those that begin too high, rise too
 * fast, go beyond what any source names, or put things next to each other that need time between them. The caller owns
 * all of it. Pure: any thread, nothing is kept; only faults allocate.
 *
 * The figures come from the literature and from manufacturers, where one has a source it stands beside it; the others
 * are the project's own choice. All of them are to be confirmed by the professional who treats the person.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/id.h"
#include "therapy/plugin.h"

#define PLAN_STEPS_MAX   104u /* two years of weeks */
#define PLAN_ITEMS_MAX   8u
#define PLAN_FIGURES_MAX 12u /* of one step */
#define PLAN_GRAVITY     9.80665

/* Inversion begins at 15 to 20 deg and 1 to 2 min, 1 to 2 min more at a time up to 10, morning and evening (LifeGear
 * 75303 manual). 5 deg a week: hazard 1 of docs/safety.md. 60 deg is the usual goal, many go further by choice (Teeter
 * FAQ); at 90 deg a person hangs upright. */
#define PLAN_ANGLE_FIRST_DEG     20.0
#define PLAN_ANGLE_RISE_DEG      5.0
#define PLAN_ANGLE_USUAL_DEG     60.0
#define PLAN_ANGLE_MAX_DEG       90.0
#define PLAN_INVERSION_FIRST_MIN 2.0
#define PLAN_INVERSION_RISE_MIN  2.0
#define PLAN_INVERSION_MAX_MIN   10.0
#define PLAN_INVERSIONS_A_DAY    2u
/* Traction: 1/5 to 1/2 of the body weight is in use (10.1155/2021/2561502); 5 to 60 kg for 10 to 20 min, 2 to 3 times a
 * week (10.1186/1471-2474-8-118). A quarter first: hazard 4; 10 min first: hazard 6. How fast it may rise is the
 * project's own choice. */
#define PLAN_SHARE_FIRST        0.25
#define PLAN_SHARE_RISE         0.05
#define PLAN_SHARE_MAX          0.5
#define PLAN_FORCE_RISE_N       50.0
#define PLAN_FORCE_MAX_N        (60.0 * PLAN_GRAVITY)
#define PLAN_TRACTION_FIRST_MIN 10.0
#define PLAN_TRACTION_MAX_MIN   20.0
#define PLAN_TRACTIONS_A_DAY    1u
#define PLAN_TRACTIONS_A_WEEK   3u
/* 15 to 20 min per area; never over 20 min of cold, 30 to 40 min between: hazards 9 and 10. */
#define PLAN_HEAT_MAX_MIN  20.0
#define PLAN_COLD_MAX_MIN  20.0
#define PLAN_COLD_REST_MIN 30.0

/* As enum session_kind of session/record.h, number by number: this folder does not know that one, and who knows both
 * may take one for the other. */
enum plan_what { PLAN_INVERSION, PLAN_TRACTION, PLAN_HEAT, PLAN_COLD, PLAN_ACTIVITY, PLAN_WHAT_COUNT_ };

/* "inversion", ...; NULL behind the last. */
extern const char *const plan_whats[PLAN_WHAT_COUNT_ + 1];

struct plan_item {
	enum plan_what what;
	const char *activity; /* "stretching"; NULL for what is no PLAN_ACTIVITY */
	bool has_angle, has_force, has_share, has_minutes;
	double angle_deg;
	double force_n;
	double force_share;      /* of the body weight, 0.25; needs a weight to become a force */
	double minutes;          /* of one session */
	unsigned per_day;        /* 0: not given, and then one */
	unsigned per_week;       /* 0: not given, and then every day */
	double rest_min_minutes; /* between two sessions of it */
	double gap_minutes;      /* after it, before the next item begins */
	unsigned line;
};

struct plan_step {
	unsigned weeks;    /* after these the next step is proposed ... */
	unsigned sessions; /* ... or after as many completed sessions of the last item; in the last step neither */
	const struct plan_item *items; /* in their order; no two are the same */
	size_t n_items;
	unsigned line;
};

struct plan {
	const char *id, *name;
	const char *because; /* one sentence for people */
	const char *source;  /* where its figures are from */
	const char *file;
	unsigned line;
	const struct plan_step *steps;
	size_t n_steps;
};

/* What a limit of the rules is compared with: etc/rules.d/10-limits.cfg declares them. */
struct plan_figure {
	const char *limit; /* "tilt" */
	enum therapy_unit unit;
	double value;     /* in the inner unit: seconds, not minutes */
	const char *file; /* where it was given; NULL: by a plan */
	unsigned line;
};

const struct plan *plan_find(const struct plan *plans, size_t n, const char *id);
/* Sessions of an item in a day and in a week, at most. */
unsigned plan_item_per_day(const struct plan_item *item);
unsigned plan_item_per_week(const struct plan_item *item);
/* "inversion", or the activity's name. */
const char *plan_item_text(const struct plan_item *item);
bool plan_item_is(const struct plan_item *item, enum plan_what what, const char *activity);
/* Minutes between the end of one item of a step and the beginning of another, as the plan has them: over the end of the
 * order if `to` is not behind `from`. What lies between counts as skipped. */
double plan_gap_written(const struct plan_step *step, size_t from, size_t to);
/* ... and as they have to be, whatever the plan says: 0, or the gap of hazards 10, 13 and 14. */
double plan_gap_needed(enum plan_what from, enum plan_what to);
/* The figures that an item stands for. Without a weight (`weight_kg` 0) there is none for a share of it. */
size_t plan_item_figures(const struct plan_item *item, double weight_kg, struct plan_figure out[4]);

/* Adds a fault for everything in the plan that cannot be. True: it may be followed. Whether its id is there twice is
 * for who has all plans. */
bool plan_check(const struct plan *plan, struct faults *faults);
/* The same for what goes beyond figures that were given for this home and its devices: both places are named. A share
 * can only be compared if the weight is known. */
bool plan_check_home(const struct plan *plan, double weight_kg, const struct plan_figure *figures, size_t n,
		     struct faults *faults);

#endif

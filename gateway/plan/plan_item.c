/* SPDX-License-Identifier: Apache-2.0
 * One item of a plan by itself. */
#include <math.h>
#include <stdint.h>

#include "plan/plan_inside.h"

#define A_DAY_MIN 1440.0

static const struct bounds {
	double minutes;
	unsigned per_day, per_week;
} bounds[PLAN_WHAT_COUNT_] = {
    [PLAN_INVERSION] = {PLAN_INVERSION_MAX_MIN, PLAN_INVERSIONS_A_DAY, 7 * PLAN_INVERSIONS_A_DAY},
    [PLAN_TRACTION] = {PLAN_TRACTION_MAX_MIN, PLAN_TRACTIONS_A_DAY, PLAN_TRACTIONS_A_WEEK},
    [PLAN_HEAT] = {PLAN_HEAT_MAX_MIN, 24, 7 * 24},
    [PLAN_COLD] = {PLAN_COLD_MAX_MIN, 24, 7 * 24},
    [PLAN_ACTIVITY] = {A_DAY_MIN, 24, 7 * 24},
};

/* What is being looked at. */
struct at {
	const struct plan *plan;
	size_t step;
	const struct plan_item *item;
	struct faults *faults;
};

#define item_fault(at, format, ...)                                                                                    \
	plan_fault((at)->plan, (at)->step, (at)->item->line, (at)->faults, "%s: " format, plan_item_text((at)->item),  \
		   __VA_ARGS__)

/* More than nothing and at most `most`; scale 100 shows a share in per cent. */
static void check_amount(const struct at *at, const char *what, double value, double most, double scale,
			 const char *unit)
{
	if (!(value > 0) || !(value <= most + PLAN_NEAR)) /* NaN is none of both */
		item_fault(at, "%s: found %.6g %s, expected more than 0 and at most %.6g %s", what, value * scale, unit,
			   most * scale, unit);
}

/* Each kind has what it needs, and nothing that means nothing to it. */
static void check_members(const struct at *at)
{
	const struct plan_item *item = at->item;
	bool inversion = item->what == PLAN_INVERSION, traction = item->what == PLAN_TRACTION;
	bool activity = item->what == PLAN_ACTIVITY;
	if (item->has_angle != inversion)
		item_fault(at, "angle: found %s, expected %s", item->has_angle ? "one" : "none",
			   inversion ? "one like \"20 deg\"" : "none: only an inversion has one");
	if (traction && item->has_force == item->has_share)
		item_fault(at, "force: found %s, expected one like \"20 %%\" of the body weight, or \"150 N\"",
			   item->has_force ? "two" : "none");
	else if (!traction && (item->has_force || item->has_share))
		item_fault(at, "force: found one, expected none: only %s has one", "traction");
	if (!item->has_minutes && !activity)
		item_fault(at, "time: found none, expected one like %s", "\"10 min\"");
	if (activity != (item->activity && *item->activity))
		item_fault(at, "activity: found %s, expected %s", activity ? "none" : "one",
			   activity ? "its name like \"stretching\"" : "none: only what = \"activity\" has a name");
}

static void check_often(const struct at *at, const struct bounds *most)
{
	const struct plan_item *item = at->item;
	if (!item->per_day && !item->per_week)
		item_fault(at, "found neither %s, expected one of them or both", "per_day nor per_week");
	if (item->per_day > most->per_day)
		item_fault(at, "per_day: found %u, expected at most %u", item->per_day, most->per_day);
	else if (plan_item_per_week(item) > most->per_week)
		item_fault(at, "per_week: found %u, expected at most %u", plan_item_per_week(item), most->per_week);
	else if (plan_item_per_week(item) > 7 * plan_item_per_day(item))
		item_fault(at, "per_week: found %u, expected at most %u, which is %u a day", item->per_week,
			   7 * plan_item_per_day(item), plan_item_per_day(item));
}

static void check_pauses(const struct at *at)
{
	const struct plan_item *item = at->item;
	if (!(item->gap_minutes >= 0) || !(item->gap_minutes <= A_DAY_MIN))
		item_fault(at, "gap: found %g min, expected 0 to a day", item->gap_minutes);
	if (!(item->rest_min_minutes >= 0) || !(item->rest_min_minutes <= 7 * A_DAY_MIN))
		item_fault(at, "rest: found %g min, expected 0 to a week", item->rest_min_minutes);
	else if (item->what == PLAN_COLD && item->per_day > 1 && item->rest_min_minutes < PLAN_COLD_REST_MIN)
		item_fault(at, "rest: found %g min, expected at least %g min between two times of cold",
			   item->rest_min_minutes, PLAN_COLD_REST_MIN);
}

void plan_check_item(const struct plan *plan, size_t step, const struct plan_item *item, struct faults *faults)
{
	const struct at at = {plan, step, item, faults};
	if ((unsigned)item->what >= PLAN_WHAT_COUNT_) {
		item_fault(&at, "found a kind %d that is not known", (int)item->what);
		return;
	}
	const struct bounds *most = &bounds[item->what];
	check_members(&at);
	if (item->has_angle)
		check_amount(&at, "angle", item->angle_deg, PLAN_ANGLE_MAX_DEG, 1, "deg");
	if (item->has_force)
		check_amount(&at, "force", item->force_n, PLAN_FORCE_MAX_N, 1, "N");
	if (item->has_share)
		check_amount(&at, "force", item->force_share, PLAN_SHARE_MAX, 100, "% of the body weight");
	if (item->has_minutes)
		check_amount(&at, "time", item->minutes, most->minutes, 1, "min");
	check_often(&at, most);
	check_pauses(&at);
}

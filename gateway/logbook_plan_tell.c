/* SPDX-License-Identifier: Apache-2.0
 * The plan as people see it, and what the control socket asks of it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "logbook_inside.h"
#include "tell/session.h"
#include "tell/tell.h"

#define DAYS_MAX 400 /* of one answer: a year and what is left of its last month */

static const char *const whys[] = {
    [COURSE_PLANNED] = "", [COURSE_NEEDS_CLEARANCE] = "needs_clearance", [COURSE_NEEDS_WEIGHT] = "needs_weight"};
static const char *const backs[COURSE_BACK_COUNT_] = {"", "pain", "trip", "person"};

/* "heat 15 min", "inversion 20 deg, 2 min" */
static void say_item(const struct logbook *c, const struct plan_item *item, double weight_kg, struct str *out)
{
	str_add(out, "%s", language_say(c->g->config->language, plan_item_text(item)));
	if (item->has_angle)
		str_add(out, " %g deg", item->angle_deg);
	if (item->has_force)
		str_add(out, " %.0f N", item->force_n);
	else if (item->has_share && weight_kg > 0)
		str_add(out, " %.0f N", item->force_share * weight_kg * PLAN_GRAVITY);
	else if (item->has_share)
		str_add(out, " %.0f %%", item->force_share * 100);
	if (item->has_minutes)
		str_add(out, "%s%g min", item->has_angle || item->has_force || item->has_share ? ", " : " ",
			item->minutes);
}

static struct json_object *item_object(const struct logbook *c, const struct course_planned *row, double weight_kg)
{
	char text[128];
	struct str s;
	struct json_object *o = json_object_new_object();
	const struct plan_item *item = row->item;
	str_init(&s, text, sizeof text);
	say_item(c, item, weight_kg, &s);
	tell_put(o, "what", plan_item_text(item));
	tell_put(o, "text", text);
	json_object_object_add(o, "minutes", item->has_minutes ? json_object_new_double(item->minutes) : NULL);
	json_object_object_add(o, "angle_deg", item->has_angle ? json_object_new_double(item->angle_deg) : NULL);
	bool force = item->has_force || (item->has_share && weight_kg > 0);
	json_object_object_add(o, "force_n",
			       !force ? NULL
				      : json_object_new_double(item->has_force
								   ? item->force_n
								   : item->force_share * weight_kg * PLAN_GRAVITY));
	tell_put_count(o, "today", row->today);
	tell_put_count(o, "week", row->week);
	tell_put_count(o, "done_today", row->done_today);
	tell_put_count(o, "done_week", row->done_week);
	tell_put(o, "why", whys[row->why]);
	return o;
}

/* What a step allows, whoever follows it. */
static struct json_object *step_items(const struct logbook *c, const struct plan *plan, int step)
{
	struct json_object *items = json_object_new_array();
	const struct plan_step *s = step >= 1 && (size_t)step <= plan->n_steps ? &plan->steps[step - 1] : NULL;
	for (size_t i = 0; s && i < s->n_items; i++) {
		const struct course_planned row = {.item = &s->items[i],
						   .today = plan_item_per_day(&s->items[i]),
						   .week = plan_item_per_week(&s->items[i])};
		json_object_array_add(items, item_object(c, &row, logbook_plan_person(c).weight_kg));
	}
	return items;
}

static struct json_object *next_object(struct logbook *c, const struct course_person *person)
{
	char when[TELL_LOCAL_TIME_SIZE], text[128];
	struct str s;
	int64_t unix_ms;
	if (!logbook_wall(c, &unix_ms))
		return NULL;
	struct course_next next =
	    course_next(&c->plan.state, logbook_plan(c), person, logbook_day_of(unix_ms), unix_ms, c->plan.ended);
	if (!next.item)
		return NULL;
	struct json_object *o = json_object_new_object();
	str_init(&s, text, sizeof text);
	say_item(c, next.item, person->weight_kg, &s);
	tell_put(o, "text", text);
	bool waits = next.why != COURSE_NO_WAIT && next.not_before_ms > unix_ms;
	tell_put(o, "not_before", waits && tell_local_time(next.not_before_ms, when) ? when : NULL);
	return o;
}

static struct json_object *clock_text(int minute)
{
	char text[8];
	snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 24, minute % 60);
	return json_object_new_string(text);
}

struct json_object *logbook_plan_tell(struct logbook *c)
{
	const struct course_state *s = &c->plan.state;
	const struct plan *plan = logbook_plan(c);
	const struct plan_step *step = course_step(s, plan);
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_person person = logbook_plan_person(c);
	int64_t unix_ms;
	if (!step)
		return NULL;
	bool known = logbook_wall(c, &unix_ms);
	size_t n = known ? course_planned(s, plan, &person, logbook_day_of(unix_ms), rows) : 0;
	struct json_object *o = json_object_new_object(), *items = json_object_new_array(),
			   *remind = json_object_new_array(), *quiet = NULL;
	tell_put(o, "id", plan->id);
	tell_put(o, "name", plan->name);
	tell_put_count(o, "step", (uint64_t)s->step);
	tell_put_count(o, "steps", plan->n_steps);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(items, item_object(c, &rows[i], person.weight_kg));
	json_object_object_add(o, "items", items);
	tell_put_count(o, "proposed", (uint64_t)s->proposed);
	json_object_object_add(o, "proposed_items", step_items(c, plan, s->proposed));
	tell_put_bool(o, "frozen", s->frozen != 0);
	tell_put(o, "backed", backs[s->backed]);
	json_object_object_add(o, "next", next_object(c, &person));
	tell_put_bool(o, "beyond_60", c->plan.beyond_60);
	for (size_t i = 0; i < c->plan.n_remind; i++)
		json_object_array_add(remind, clock_text(c->plan.remind[i]));
	json_object_object_add(o, "remind", remind);
	if (c->plan.quiet_from != c->plan.quiet_to) {
		quiet = json_object_new_array();
		json_object_array_add(quiet, clock_text(c->plan.quiet_from));
		json_object_array_add(quiet, clock_text(c->plan.quiet_to));
	}
	json_object_object_add(o, "quiet", quiet);
	return o;
}

struct json_object *logbook_adherence(const struct logbook *c)
{
	int64_t unix_ms;
	struct course_person person = logbook_plan_person(c);
	if (!course_step(&c->plan.state, logbook_plan(c)) || !logbook_wall(c, &unix_ms))
		return NULL;
	struct course_adherence a = course_adherence(&c->plan.state, logbook_plan(c), &person, logbook_day_of(unix_ms));
	struct json_object *o = json_object_new_object();
	tell_put_count(o, "done_today", a.done_today);
	tell_put_count(o, "planned_today", a.planned_today);
	tell_put_count(o, "done_week", a.done_week);
	tell_put_count(o, "planned_week", a.planned_week);
	return o;
}

struct json_object *logbook_plan_list(const struct logbook *c)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < c->g->config->n_plans; i++) {
		const struct plan *plan = &c->g->config->plans[i];
		struct json_object *o = json_object_new_object();
		tell_put(o, "id", plan->id);
		tell_put(o, "name", plan->name);
		tell_put(o, "because", plan->because);
		tell_put(o, "source", plan->source);
		tell_put_count(o, "steps", plan->n_steps);
		json_object_object_add(o, "first", step_items(c, plan, 1));
		json_object_array_add(list, o);
	}
	return list;
}

/* ---- what was planned ---- */

static void day_text(int64_t day, char out[16])
{
	time_t seconds = (time_t)(day * 86400);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		out[0] = '\0';
}

struct json_object *logbook_planned(const struct logbook *c, int64_t since_ms, int64_t until_ms)
{
	const struct course_state *s = &c->plan.state;
	const struct plan *plan = logbook_plan(c);
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_person person = logbook_plan_person(c);
	int64_t unix_ms;
	if (!course_step(s, plan) || !logbook_wall(c, &unix_ms))
		return NULL;
	int64_t first = since_ms > 0 ? logbook_day_of(since_ms) : s->begun_day, last = logbook_day_of(unix_ms);
	if (until_ms > 0 && logbook_day_of(until_ms - 1) < last)
		last = logbook_day_of(until_ms - 1);
	if (first < s->begun_day)
		first = s->begun_day;
	if (first < last - DAYS_MAX)
		first = last - DAYS_MAX;
	struct json_object *list = json_object_new_array();
	for (int64_t day = first; day <= last; day++) {
		char text[16];
		unsigned sessions = 0;
		size_t n = course_planned(s, plan, &person, day, rows);
		for (size_t i = 0; i < n; i++)
			sessions += rows[i].why == COURSE_PLANNED ? rows[i].today : 0;
		day_text(day, text);
		struct json_object *o = json_object_new_object();
		tell_put(o, "day", text);
		tell_put_count(o, "sessions", sessions);
		json_object_array_add(list, o);
	}
	return list;
}

/* ---- asked for ---- */

/* "08:30"; -1: it is no time of day. */
static int minute_of(const char *text)
{
	int hour, minute, used = 0;
	if (!text || strlen(text) != 5 || strspn(text, "0123456789:") != 5 ||
	    sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || used != 5 || hour > 23 || minute > 59)
		return -1;
	return hour * 60 + minute;
}

/* NULL, or what is wrong. */
static const char *read_wanted(struct json_object *o, struct logbook_plan *out)
{
	struct json_object *value;
	if (json_object_object_get_ex(o, "beyond_60", &value)) {
		if (!json_object_is_type(value, json_type_boolean))
			return "beyond_60: expected true or false";
		out->beyond_60 = json_object_get_boolean(value);
	}
	if (json_object_object_get_ex(o, "remind", &value)) {
		if (!json_object_is_type(value, json_type_array) ||
		    json_object_array_length(value) > LOGBOOK_REMIND_MAX)
			return "remind: expected a list of at most 8 times of day like \"08:30\"";
		out->n_remind = 0;
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			int minute = minute_of(tell_asked_text(json_object_array_get_idx(value, i)));
			if (minute < 0)
				return "remind: expected times of day like \"08:30\"";
			out->remind[out->n_remind++] = minute;
		}
	}
	if (!json_object_object_get_ex(o, "quiet", &value))
		return NULL;
	out->quiet_from = out->quiet_to = 0;
	if (!value)
		return NULL;
	bool two = json_object_is_type(value, json_type_array) && json_object_array_length(value) == 2;
	out->quiet_from = two ? minute_of(tell_asked_text(json_object_array_get_idx(value, 0))) : -1;
	out->quiet_to = two ? minute_of(tell_asked_text(json_object_array_get_idx(value, 1))) : -1;
	return out->quiet_from < 0 || out->quiet_to < 0
		   ? "quiet: expected two times of day like [\"22:00\", \"07:00\"], or null"
		   : NULL;
}

static const char *set(struct logbook *c, struct json_object *o)
{
	struct logbook_plan wanted = c->plan;
	if (!wanted.state.plan[0])
		return "no plan is followed: begin one first";
	const char *wrong = read_wanted(o, &wanted);
	if (!wrong)
		logbook_plan_set(c, &wanted);
	return wrong;
}

void logbook_plan_asked(struct logbook *c, struct json_object *o, struct json_object *answer)
{
	const char *step = tell_asked(o, "step"), *refused = NULL;
	if (step && strcmp(step, "list") == 0) {
		json_object_object_add(answer, "plans", logbook_plan_list(c));
		tell_put(answer, "active", c->plan.state.plan[0] ? c->plan.state.plan : NULL);
	} else if (step && strcmp(step, "show") == 0) {
		json_object_object_add(answer, "plan", logbook_plan_tell(c));
		json_object_object_add(answer, "adherence", logbook_adherence(c));
	} else if (step && strcmp(step, "set") == 0) {
		refused = set(c, o);
	} else {
		refused = logbook_plan_order(c, step ? step : "", tell_asked(o, "plan"));
	}
	tell_put_bool(answer, "ok", !refused);
	if (refused)
		tell_put(answer, "error", refused);
}

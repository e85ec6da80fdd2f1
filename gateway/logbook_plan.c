/* SPDX-License-Identifier: Apache-2.0
 * The active person's way through a plan (plan/course.h): kept as a part of the person, moved by the calendar, by
 * sessions and by the person's own word, and told to the rules as figures. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "logbook_inside.h"
#include "tell/tell.h"

#define DAY_S       86400
#define CLEARED_FOR (365 * DAY_S) /* hazard 29 */

/* ---- the day ---- */

int64_t logbook_day_of(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (!localtime_r(&seconds, &tm))
		return 0;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int64_t)timegm(&tm) / DAY_S; /* of the calendar, not of the clock: the zone is left out */
}

static bool today(const struct logbook *c, int64_t *day)
{
	int64_t unix_ms;
	if (!logbook_wall(c, &unix_ms))
		return false;
	*day = logbook_day_of(unix_ms);
	return true;
}

/* ---- what is kept ---- */

static int64_t number(struct json_object *o, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : 0;
}

static void put(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static struct json_object *pack(const struct logbook_plan *p)
{
	const struct course_state *s = &p->state;
	struct json_object *o = json_object_new_object(), *done = json_object_new_array(),
			   *remind = json_object_new_array();
	tell_put(o, "id", s->plan);
	put(o, "step", s->step);
	put(o, "proposed", s->proposed);
	put(o, "begun_day", s->begun_day);
	put(o, "since_day", s->step_since_day);
	put(o, "day", s->day);
	put(o, "completed", s->completed_in_step);
	put(o, "frozen", s->frozen);
	put(o, "backed", (int64_t)s->backed);
	for (size_t i = 0; i < PLAN_ITEMS_MAX; i++) {
		json_object_array_add(done, json_object_new_int64(s->done[i].day));
		json_object_array_add(done, json_object_new_int64(s->done[i].week));
	}
	json_object_object_add(o, "done", done);
	tell_put_bool(o, "beyond_60", p->beyond_60);
	for (size_t i = 0; i < p->n_remind; i++)
		json_object_array_add(remind, json_object_new_int(p->remind[i]));
	json_object_object_add(o, "remind", remind);
	put(o, "quiet_from", p->quiet_from);
	put(o, "quiet_to", p->quiet_to);
	return o;
}

static void unpack(struct json_object *o, struct logbook_plan *p)
{
	struct course_state *s = &p->state;
	struct json_object *value;
	if (json_object_object_get_ex(o, "id", &value) && json_object_is_type(value, json_type_string))
		(void)str_copy(s->plan, sizeof s->plan, json_object_get_string(value));
	s->step = (int)number(o, "step");
	s->proposed = (int)number(o, "proposed");
	s->begun_day = number(o, "begun_day");
	s->step_since_day = number(o, "since_day");
	s->day = number(o, "day");
	s->completed_in_step = (unsigned)number(o, "completed");
	s->frozen = (unsigned)number(o, "frozen");
	s->backed = (enum course_back)number(o, "backed");
	if (json_object_object_get_ex(o, "done", &value) && json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < PLAN_ITEMS_MAX && 2 * i + 1 < json_object_array_length(value); i++) {
			s->done[i].day = (unsigned)json_object_get_int(json_object_array_get_idx(value, 2 * i));
			s->done[i].week = (unsigned)json_object_get_int(json_object_array_get_idx(value, 2 * i + 1));
		}
	p->beyond_60 = json_object_object_get_ex(o, "beyond_60", &value) && json_object_get_boolean(value);
	if (json_object_object_get_ex(o, "remind", &value) && json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value) && p->n_remind < LOGBOOK_REMIND_MAX; i++) {
			int minute = json_object_get_int(json_object_array_get_idx(value, i));
			if (minute >= 0 && minute < 1440)
				p->remind[p->n_remind++] = minute;
		}
	int64_t from = number(o, "quiet_from"), to = number(o, "quiet_to");
	p->quiet_from = from >= 0 && from < 1440 ? (int)from : 0;
	p->quiet_to = to >= 0 && to < 1440 ? (int)to : 0;
}

/* ---- what that means ---- */

const struct plan *logbook_plan(const struct logbook *c)
{
	const struct config *config = c->g->config;
	return c->plan.state.plan[0] ? plan_find(config->plans, config->n_plans, c->plan.state.plan) : NULL;
}

struct course_person logbook_plan_person(const struct logbook *c)
{
	const struct household_person *p = household_active(c->household);
	return (struct course_person){.weight_kg = p && p->has_weight ? p->weight_kg : 0,
				      .beyond_60 = c->plan.beyond_60};
}

/* The figures of today's step are what the rules compare with. */
static void tell_rules(struct logbook *c)
{
	struct plan_figure figures[PLAN_FIGURES_MAX];
	struct household_limit limits[PLAN_FIGURES_MAX];
	struct course_person person = logbook_plan_person(c);
	size_t n = course_figures(&c->plan.state, logbook_plan(c), &person, figures);
	for (size_t i = 0; i < n; i++) {
		(void)str_copy(limits[i].limit, sizeof limits[i].limit, figures[i].limit);
		limits[i].value = figures[i].value;
	}
	household_step(c->household, limits, n);
}

/* Changed by anything but a look at the calendar. */
static void keep(struct logbook *c)
{
	if (c->plan.person != SESSION_NOBODY)
		household_put_plan(c->household, c->plan.person, pack(&c->plan));
	tell_rules(c);
	logbook_changed(c);
}

/* A clearance that was given and has lapsed; who never had one is stopped by the rules, not here. */
static bool clearance_ok(const struct logbook *c)
{
	int64_t unix_ms;
	const struct household_person *p = household_active(c->household);
	if (!p || !p->cleared_on[0] || !logbook_wall(c, &unix_ms))
		return true;
	return unix_ms / 1000 < p->cleared_s + CLEARED_FOR;
}

static void tell_news(struct logbook *c, enum course_news news)
{
	static const char *const back[] = {[COURSE_NOT_BACK] = "",
					   [COURSE_BACK_PAIN] = "pain",
					   [COURSE_BACK_TRIP] = "trip",
					   [COURSE_BACK_PERSON] = ""};
	enum language language = c->g->config->language;
	char text[LOGBOOK_TEXT_MAX];
	struct str s;
	str_init(&s, text, sizeof text);
	if (news == COURSE_PROPOSES)
		str_add(&s, language_say(language, "step %d of the plan is proposed: take it only if you are well"),
			c->plan.state.proposed);
	else
		str_add(&s, language_say(language, "the plan goes back to step %d"), c->plan.state.step);
	logbook_happened(c, news == COURSE_PROPOSES ? "proposal" : "step_back", text,
			 news == COURSE_PROPOSES ? "" : back[c->plan.state.backed]);
}

void logbook_plan_load(struct logbook *c)
{
	const struct household_person *p = household_active(c->household);
	int64_t id = p ? p->id : SESSION_NOBODY;
	if (id != c->plan.person || !c->plan.loaded) {
		c->plan = (struct logbook_plan){.person = id, .loaded = true};
		if (p && p->plan)
			unpack(p->plan, &c->plan);
		course_mend(&c->plan.state, logbook_plan(c));
	}
	course_freeze(&c->plan.state, clearance_ok(c)); /* the clearance may be another */
	tell_rules(c);
}

void logbook_plan_tick(struct logbook *c)
{
	int64_t day;
	if (!c->plan.state.plan[0] || !today(c, &day))
		return;
	unsigned frozen = c->plan.state.frozen;
	bool moved = day != c->plan.state.day;
	course_freeze(&c->plan.state, clearance_ok(c));
	enum course_news news = course_day(&c->plan.state, logbook_plan(c), day);
	if (news != COURSE_NOTHING)
		tell_news(c, news);
	if (moved || news != COURSE_NOTHING || frozen != c->plan.state.frozen)
		keep(c);
}

void logbook_plan_mark(const struct logbook *c, struct session_record *r)
{
	const struct plan_step *step = course_step(&c->plan.state, logbook_plan(c));
	for (size_t i = 0; step && i < step->n_items; i++)
		if (plan_item_is(&step->items[i], (enum plan_what)r->kind, r->what)) {
			(void)str_copy(r->plan, sizeof r->plan, c->plan.state.plan);
			r->step = c->plan.state.step;
		}
}

void logbook_plan_saw(struct logbook *c, const struct session_record *r)
{
	const struct plan_step *step = course_step(&c->plan.state, logbook_plan(c));
	int64_t ended_ms = r->begun_ms + r->lasted_ms;
	for (size_t i = 0; step && r->placed && i < step->n_items; i++) {
		struct course_ended *e = &c->plan.ended[i];
		if (plan_item_is(&step->items[i], (enum plan_what)r->kind, r->what) && (!e->known || ended_ms > e->ms))
			*e = (struct course_ended){true, ended_ms};
	}
}

/* `again`: only what was told of it afterwards is new. */
void logbook_plan_session(struct logbook *c, const struct session_record *r, bool again)
{
	struct course_session session = {.what = (enum plan_what)r->kind,
					 .activity = r->what,
					 .active_minutes = (double)r->active_ms / 60e3,
					 .pain_before = r->pain_before,
					 .pain_after = r->pain_after,
					 .tripped = r->end == SESSION_TRIPPED};
	enum course_news news;
	if (!c->plan.state.plan[0] || !r->placed || r->person != c->plan.person)
		return;
	session.day = logbook_day_of(r->begun_ms);
	if (strcmp(c->plan.pained, r->id) == 0)
		session.pain_before = session.pain_after = -1; /* a slider is moved more than once */
	if (again) {                                           /* it was counted: what counts anew is the pain alone */
		session.active_minutes = 0;
		session.tripped = false;
		if (r->pain_after == SESSION_PAIN_NOT_TOLD)
			return;
	}
	int step = c->plan.state.step;
	news = course_session(&c->plan.state, logbook_plan(c), &session);
	if (step != c->plan.state.step)
		memset(c->plan.ended, 0, sizeof c->plan.ended); /* the items are others */
	logbook_plan_saw(c, r);
	if (news != COURSE_NOTHING)
		tell_news(c, news);
	if (news == COURSE_STEPPED_BACK && c->plan.state.backed == COURSE_BACK_PAIN)
		memcpy(c->plan.pained, r->id, sizeof c->plan.pained);
	keep(c);
}

/* ---- the person's word ---- */

const char *logbook_plan_order(struct logbook *c, const char *step, const char *id)
{
	int64_t day;
	enum course_refusal refusal = COURSE_TAKEN;
	const struct config *config = c->g->config;
	struct course_state *s = &c->plan.state;
	const struct plan *plan = logbook_plan(c);
	if (c->plan.person == SESSION_NOBODY)
		return "a plan is somebody's: nobody is chosen; `therapyctl person add NAME`, then `therapyctl person "
		       "choose NAME`";
	if (!today(c, &day))
		return "the clock is not right yet: which day it is is not known";
	if (strcmp(step, "start") == 0) {
		plan = plan_find(config->plans, config->n_plans, id ? id : "");
		if (!plan)
			return "there is no such plan; `therapyctl plan list` shows those there are";
		course_start(s, plan, day);
		memset(c->plan.ended, 0, sizeof c->plan.ended);
	} else if (strcmp(step, "stop") == 0) {
		course_end(s);
	} else if (strcmp(step, "agree") == 0) {
		refusal = course_agree(s, plan, day);
	} else if (strcmp(step, "decline") == 0) {
		refusal = course_decline(s, plan, day);
	} else if (strcmp(step, "back") == 0) {
		refusal = course_step_back(s, plan, day);
	} else {
		return "'step' is missing or none; expected list, show, start, stop, agree, decline, back or set";
	}
	if (refusal != COURSE_TAKEN)
		return course_refusal_text(refusal);
	course_freeze(s, clearance_ok(c));
	(void)course_day(s, logbook_plan(c), day);
	keep(c);
	return NULL;
}

void logbook_plan_set(struct logbook *c, const struct logbook_plan *wanted)
{
	c->plan.beyond_60 = wanted->beyond_60;
	memcpy(c->plan.remind, wanted->remind, sizeof c->plan.remind);
	c->plan.n_remind = wanted->n_remind;
	c->plan.quiet_from = wanted->quiet_from;
	c->plan.quiet_to = wanted->quiet_to;
	keep(c);
}

/* SPDX-License-Identifier: Apache-2.0
 * What is shown of a course of therapy: what runs and what remains of it, the last session, what today and this week
 * come to, and who is active. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/explanation.h"
#include "logbook_inside.h"
#include "tell/session.h"
#include "tell/tell.h"

#define TEXT_MAX 256u /* Home Assistant shows at most 255 characters */

/* ---- guidance ---- */

/* By which limit a session of the kind is over, and which of the core's sums is compared with it. */
static const struct {
	const char *limit, *sum;
} times[SESSION_KIND_COUNT_] = {
    [SESSION_INVERSION] = {"inverted_time", "inverted_time"},
    [SESSION_TRACTION] = {"traction_time", "traction_time"},
    [SESSION_HEAT] = {"heat_time", "heat_time"},
    [SESSION_COLD] = {"cold_time", "cold_time"},
};

static bool find_device(const struct logbook *c, const char *id, uint16_t *out)
{
	for (size_t d = 0; d < c->g->n_seats; d++)
		if (strcmp(c->g->descriptions[d]->device_id, id) == 0) {
			*out = (uint16_t)d;
			return true;
		}
	return false;
}

/* The core's own sum, where it has one that is known: then this is exactly what the rules see. */
static bool sum_s(const struct core *core, uint16_t device, const char *key, double *out)
{
	enum therapy_unit unit;
	const char *found;
	for (uint16_t m = 0; (found = core_metric_key(core, device, m, &unit)); m++)
		if (strcmp(found, key) == 0) {
			struct core_reading r = core_value(core, device, m);
			*out = r.value;
			return r.quality == THERAPY_GOOD;
		}
	return false;
}

static bool remaining_s(const struct logbook *c, const struct session_record *r, double *out)
{
	uint16_t device;
	double limit, sum;
	if (r->kind == SESSION_ACTIVITY || !find_device(c, r->device, &device) ||
	    !core_limit(c->g->core, times[r->kind].limit, device, &limit))
		return false;
	if (!sum_s(c->g->core, device, times[r->kind].sum, &sum))
		sum = (double)r->active_ms / 1e3;
	*out = limit > sum ? limit - sum : 0;
	return true;
}

static const char *device_name(const struct logbook *c, const char *id)
{
	for (size_t d = 0; d < c->g->config->n_devices; d++)
		if (strcmp(c->g->config->devices[d].id, id) == 0)
			return c->g->config->devices[d].name;
	return id;
}

static void guide(struct logbook *c, size_t i, const struct session_record *r, bool active, double left_s, bool known,
		  struct str *out)
{
	enum language language = c->g->config->language;
	const char *name = device_name(c, r->device);
	unsigned left = (unsigned)left_s;
	bool unknown = !active && !sessions_idle_known(c->sessions, i); /* a sensor is silent: it may well go on */
	if (r->kind == SESSION_INVERSION && unknown)
		str_add(out, language_say(language, "%s: not known whether it goes on, come up slowly"), name);
	else if (unknown)
		str_add(out, language_say(language, "%s: not known whether it goes on"), name);
	else if (r->kind == SESSION_INVERSION && !active)
		str_add(out, language_say(language, "%s: rest flat, %u s more"), name,
			(unsigned)((SESSIONS_GAP_MS - sessions_idle_ms(c->sessions, i)) / 1000));
	else if (!active)
		str_add(out, language_say(language, "%s: paused or over"), name);
	else if (!known)
		str_add(out, language_say(language, "%s: runs"), name);
	else if (left > 0)
		str_add(out, language_say(language, "%s: %u min %02u s left"), name, left / 60, left % 60);
	else if (r->kind == SESSION_INVERSION)
		str_add(out, language_say(language, "%s: the time is over, come up slowly"), name);
	else
		str_add(out, language_say(language, "%s: the time is over"), name);
}

/* Of all that runs: one sentence each; the least time that remains. */
static void put_running(struct logbook *c, struct json_object *o)
{
	char text[TEXT_MAX];
	struct str s;
	struct json_object *list = json_object_new_array();
	double least = -1;
	str_init(&s, text, sizeof text);
	for (size_t i = 0; i < sessions_n(c->sessions); i++) {
		bool active;
		double left = 0;
		const struct session_record *r = sessions_running(c->sessions, i, &active);
		if (!r)
			continue;
		bool known = remaining_s(c, r, &left);
		if (active && known && (least < 0 || left < least))
			least = left;
		if (s.len)
			str_add(&s, " · ");
		guide(c, i, r, active, left, known, &s);
		struct json_object *one = json_object_new_object();
		int64_t active_s = r->active_ms / 1000;
		tell_put(one, "kind", tell_session_kind(r->kind));
		tell_put(one, "device", r->device);
		tell_put_bool(one, "active", active);
		tell_put_number(one, "active_s", (double)active_s);
		json_object_array_add(list, one);
	}
	tell_put(o, "guidance", s.len ? text : language_say(c->g->config->language, "nothing runs"));
	if (least < 0)
		tell_put(o, "remaining_s", NULL);
	else
		tell_put_number(o, "remaining_s", (double)(int64_t)least);
	json_object_object_add(o, "running", list);
}

/* ---- what was ---- */

static void put_totals(struct logbook *c, struct json_object *o, const char *key, const struct logbook_total *totals)
{
	struct json_object *all = json_object_new_object();
	unsigned sessions = 0;
	for (unsigned kind = 0; kind < SESSION_KIND_COUNT_; kind++) {
		struct json_object *one = json_object_new_object();
		int64_t tenths = totals[kind].active_ms / 6000; /* of minutes */
		tell_put_count(one, "sessions", totals[kind].sessions);
		tell_put_number(one, "minutes", (double)tenths / 10);
		json_object_object_add(all, tell_session_kind((enum session_kind)kind), one);
		sessions += totals[kind].sessions;
	}
	tell_put_count(all, "sessions", sessions);
	json_object_object_add(o, key, c->totals.known ? all : NULL);
	if (!c->totals.known)
		json_object_put(all);
}

static void put_last(struct logbook *c, struct json_object *o)
{
	char begun[TELL_LOCAL_TIME_SIZE];
	const struct session_record *r = c->has_last ? &c->last : NULL;
	const struct household_person *person = r ? household_of_id(c->household, r->person) : NULL;
	tell_put(o, "last_begun", r && r->placed && tell_local_time(r->begun_ms, begun) ? begun : NULL);
	json_object_object_add(o, "last", r ? tell_session(r, person ? person->name : "") : NULL);
	r = logbook_latest(c);
	int before = r && (r != &c->last || c->pain_before == SESSION_PAIN_NOT_TOLD) ? r->pain_before : c->pain_before;
	int after = r ? r->pain_after : SESSION_PAIN_NOT_TOLD;
	json_object_object_add(o, "pain_before", before < 0 ? NULL : json_object_new_int(before));
	json_object_object_add(o, "pain_after", after < 0 ? NULL : json_object_new_int(after));
	tell_put(o, "note", r ? r->note : "");
}

static void put_people(const struct logbook *c, struct json_object *o)
{
	const struct household_person *active = household_active(c->household);
	struct json_object *names = json_object_new_array();
	for (size_t i = 0; i < household_n(c->household); i++)
		json_object_array_add(names, json_object_new_string(household_at(c->household, i)->name));
	tell_put(o, "person", active ? active->name : "");
	json_object_object_add(o, "people", names);
}

struct json_object *logbook_tell(struct logbook *c)
{
	struct json_object *o = json_object_new_object();
	put_running(c, o);
	put_last(c, o);
	put_totals(c, o, "today", c->totals.today);
	put_totals(c, o, "week", c->totals.week);
	put_people(c, o);
	json_object_object_add(o, "plan", logbook_plan_tell(c));
	json_object_object_add(o, "adherence", logbook_adherence(c));
	tell_put(o, "problem", c->trouble[0] ? "ON" : "OFF");
	tell_put(o, "problem_why", c->trouble);
	return o;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/session.h"

#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/unit.h"
#include "tell/tell.h"

static const char *const kinds[] = {"inversion", "traction", "heat", "cold", "activity"};
static const char *const ends[] = {"running", "ended", "tripped", "stopped", "lost", "cut"};
_Static_assert(sizeof kinds / sizeof *kinds == SESSION_KIND_COUNT_, "a word for each kind");
_Static_assert(sizeof ends / sizeof *ends == SESSION_END_COUNT_, "a word for each end");

const char *tell_session_kind(enum session_kind kind)
{
	return kinds[kind];
}

bool tell_session_kind_of(const char *word, enum session_kind *out)
{
	for (unsigned i = 0; i < SESSION_KIND_COUNT_; i++)
		if (strcmp(word, kinds[i]) == 0) {
			*out = (enum session_kind)i;
			return true;
		}
	return false;
}

const char *tell_session_end(enum session_end end)
{
	return ends[end];
}

bool tell_local_time(int64_t unix_ms, char out[TELL_LOCAL_TIME_SIZE])
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[TELL_LOCAL_TIME_SIZE];
	if (unix_ms < 0 || !localtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900)
		return false;
	size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &tm);
	if (n < 5 || n + 2 > sizeof text)
		return false;
	memcpy(out, text, n - 2); /* ISO 8601 has a colon in the zone */
	out[n - 2] = ':';
	memcpy(out + n - 1, text + n - 2, 3);
	return true;
}

/* ---- JSON ---- */

static void put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static void put_if(struct json_object *o, const char *key, bool known, double value)
{
	if (known)
		tell_put_number(o, key, value);
	else
		tell_put(o, key, NULL);
}

static void put_pain(struct json_object *o, const char *key, int score)
{
	if (score == SESSION_PAIN_NOT_TOLD)
		tell_put(o, key, NULL);
	else
		put_int(o, key, score);
}

static void put_begin(struct json_object *o, const struct session_record *r)
{
	char begun[TELL_LOCAL_TIME_SIZE];
	bool told = r->placed && tell_local_time(r->begun_ms, begun);
	tell_put(o, "begun", told ? begun : NULL);
	if (r->placed)
		put_int(o, "begun_ms", r->begun_ms);
	else
		tell_put(o, "begun_ms", NULL);
	tell_put_bool(o, "placed", r->placed);
}

struct json_object *tell_session(const struct session_record *r, const char *person)
{
	struct json_object *o = json_object_new_object();
	tell_put(o, "id", r->id);
	tell_put(o, "kind", tell_session_kind(r->kind));
	tell_put(o, "what", r->what);
	tell_put(o, "device", r->device);
	tell_put(o, "person", person);
	put_begin(o, r);
	put_int(o, "lasted_ms", r->lasted_ms);
	put_int(o, "active_ms", r->active_ms);
	put_int(o, "unknown_ms", r->unknown_ms);
	tell_put(o, "unit", r->has_value ? unit_text(r->unit) : NULL);
	put_if(o, "peak", r->has_value, r->peak);
	put_if(o, "mean", r->has_value, r->mean);
	put_if(o, "limit", r->has_limit, r->limit);
	put_int(o, "over_ms", r->over_ms);
	put_if(o, "dose_min", r->has_dose, r->dose_min);
	put_int(o, "trips", r->trips);
	put_int(o, "alarms", r->alarms);
	tell_put(o, "end", tell_session_end(r->end));
	tell_put(o, "rule", r->rule);
	put_pain(o, "pain_before", r->pain_before);
	put_pain(o, "pain_after", r->pain_after);
	tell_put(o, "note", r->note);
	tell_put(o, "plan", r->plan);
	put_int(o, "step", r->step);
	return o;
}

/* ---- protobuf ---- */

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

static char *text(const char *from)
{
	return (union text){.from = from}.to;
}

Therapy__V1__SessionRecord tell_session_message(const struct session_record *r, const char *gateway_id)
{
	Therapy__V1__SessionRecord m = THERAPY__V1__SESSION_RECORD__INIT;
	m.gateway_id = text(gateway_id);
	m.session_id = text(r->id);
	m.person = r->person;
	m.kind = (Therapy__V1__SessionKind)(r->kind + 1);
	m.what = text(r->what);
	m.device_id = text(r->device);
	m.boot_id = text(r->boot_id);
	m.begun_boot_ms = r->begun_boot_ms;
	m.placed = r->placed;
	m.begun_unix_ms = r->begun_ms;
	m.lasted_ms = r->lasted_ms;
	m.active_ms = r->active_ms;
	m.unknown_ms = r->unknown_ms;
	m.unit = (Therapy__V1__Unit)(r->unit + 1);
	if (r->has_value) {
		m.value_case = THERAPY__V1__SESSION_RECORD__VALUE_PEAK;
		m.peak = r->peak;
		m.mean = r->mean;
	}
	if (r->has_limit) {
		m.bound_case = THERAPY__V1__SESSION_RECORD__BOUND_LIMIT;
		m.limit = r->limit;
	}
	m.over_ms = r->over_ms;
	if (r->has_dose) {
		m.dose_case = THERAPY__V1__SESSION_RECORD__DOSE_DOSE_CEM43_MIN;
		m.dose_cem43_min = r->dose_min;
	}
	m.trips = r->trips;
	m.alarms = r->alarms;
	m.end = (Therapy__V1__SessionEnd)(r->end + 1);
	m.rule = text(r->rule);
	if (r->pain_before != SESSION_PAIN_NOT_TOLD) {
		m.before_case = THERAPY__V1__SESSION_RECORD__BEFORE_PAIN_BEFORE;
		m.pain_before = (uint32_t)r->pain_before;
	}
	if (r->pain_after != SESSION_PAIN_NOT_TOLD) {
		m.after_case = THERAPY__V1__SESSION_RECORD__AFTER_PAIN_AFTER;
		m.pain_after = (uint32_t)r->pain_after;
	}
	m.note = text(r->note);
	m.plan = text(r->plan);
	m.step = (uint32_t)r->step;
	return m;
}

static bool copy_texts(const Therapy__V1__SessionRecord *m, struct session_record *r)
{
	return str_copy(r->id, sizeof r->id, m->session_id) && str_copy(r->what, sizeof r->what, m->what) &&
	       str_copy(r->device, sizeof r->device, m->device_id) &&
	       str_copy(r->boot_id, sizeof r->boot_id, m->boot_id) && str_copy(r->rule, sizeof r->rule, m->rule) &&
	       str_copy(r->note, sizeof r->note, m->note) && str_copy(r->plan, sizeof r->plan, m->plan);
}

bool tell_session_of_message(const Therapy__V1__SessionRecord *m, struct session_record *out)
{
	struct session_record r = {
	    .person = m->person,
	    .kind = (enum session_kind)(m->kind - 1),
	    .begun_boot_ms = m->begun_boot_ms,
	    .placed = m->placed,
	    .begun_ms = m->begun_unix_ms,
	    .lasted_ms = m->lasted_ms,
	    .active_ms = m->active_ms,
	    .unknown_ms = m->unknown_ms,
	    .has_value = m->value_case == THERAPY__V1__SESSION_RECORD__VALUE_PEAK,
	    .unit = (enum therapy_unit)(m->unit - 1),
	    .has_limit = m->bound_case == THERAPY__V1__SESSION_RECORD__BOUND_LIMIT,
	    .over_ms = m->over_ms,
	    .has_dose = m->dose_case == THERAPY__V1__SESSION_RECORD__DOSE_DOSE_CEM43_MIN,
	    .trips = m->trips,
	    .alarms = m->alarms,
	    .end = (enum session_end)(m->end - 1),
	    .pain_before = SESSION_PAIN_NOT_TOLD,
	    .pain_after = SESSION_PAIN_NOT_TOLD,
	    .step = (int)m->step,
	};
	bool known = (int)m->kind >= 1 && (int)m->kind <= SESSION_KIND_COUNT_ && (int)m->end >= 1 &&
		     (int)m->end <= SESSION_END_COUNT_ && (int)m->unit >= 1 && (int)m->unit <= THERAPY_UNIT_COUNT_ &&
		     m->begun_boot_ms >= 0 && m->active_ms <= m->lasted_ms && m->unknown_ms >= 0 &&
		     m->unknown_ms <= m->active_ms;
	if (!known || !copy_texts(m, &r))
		return false;
	if (r.has_value) {
		r.peak = m->peak;
		r.mean = m->mean;
	}
	if (r.has_limit)
		r.limit = m->limit;
	if (r.has_dose)
		r.dose_min = m->dose_cem43_min;
	if (m->before_case == THERAPY__V1__SESSION_RECORD__BEFORE_PAIN_BEFORE && m->pain_before <= 10)
		r.pain_before = (int)m->pain_before;
	if (m->after_case == THERAPY__V1__SESSION_RECORD__AFTER_PAIN_AFTER && m->pain_after <= 10)
		r.pain_after = (int)m->pain_after;
	*out = r;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "session/sessions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT64_MAX

/* The latest reading of one metric. */
struct latest {
	bool good;
	double value;
	uint64_t until_ms; /* it holds before this moment */
};

enum state { IDLE, ACTIVE, UNKNOWN };

struct watched {
	struct sessions_source source;
	char id[ID_MAX];
	struct latest decides[SESSIONS_METRICS_MAX], value, dose;
	uint64_t at_ms;           /* everything is accounted for up to here */
	uint64_t active_since_ms; /* NONE: it is not active, or nothing is known */
	uint64_t idle_since_ms;   /* while a session runs: it is not active since, or not known to be; NONE: it is */
	bool idle_known;          /* at some moment since then a reading said that it is not active */
	bool runs;
	struct session_record record;
	double sum, sum_ms; /* of value over known active time */
	double peak;
	bool has_peak;
	double dose_s;
	bool has_dose;
	uint64_t over_ms;
	enum session_end ending; /* how it will have ended unless it goes on */
};

struct sessions {
	struct sessions_callbacks callbacks;
	struct watched *items;
	size_t n;
	uint64_t now_ms;
};

int sessions_new(const struct sessions_source *sources, size_t n, const struct sessions_callbacks *callbacks,
		 struct sessions **out)
{
	struct sessions *s = calloc(1, sizeof *s);
	struct watched *items = calloc(n + 1, sizeof *items);
	if (!s || !items) {
		free(s);
		free(items);
		return -1;
	}
	*s = (struct sessions){.callbacks = *callbacks, .items = items, .n = n};
	for (size_t i = 0; i < n; i++) {
		struct watched *w = &items[i];
		w->source = sources[i];
		strncpy(w->id, sources[i].id, sizeof w->id - 1);
		w->source.id = w->id;
		w->active_since_ms = w->idle_since_ms = NONE;
	}
	*out = s;
	return 0;
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	free(s->items);
	free(s);
}

/* ---- what is the case ---- */

static bool holds(const struct latest *l, uint64_t at_ms)
{
	return l->good && at_ms < l->until_ms;
}

/* At `at_ms`, by what is known now. *changes_ms: when time alone will change the answer. */
static enum state state_at(const struct watched *w, uint64_t at_ms, uint64_t *changes_ms)
{
	enum state state = IDLE;
	*changes_ms = NONE;
	for (size_t i = 0; i < w->source.n_decides; i++) {
		const struct latest *l = &w->decides[i];
		if (!holds(l, at_ms)) {
			if (state == IDLE)
				state = UNKNOWN;
			continue;
		}
		if (l->until_ms < *changes_ms)
			*changes_ms = l->until_ms;
		if (l->value > w->source.decides[i].above)
			state = ACTIVE;
	}
	return state;
}

/* CEM43: how many seconds at 43 degC a second at this temperature is worth (Sapareto and Dewey 1984). */
static double dose_rate(double celsius)
{
	return pow(celsius >= 43 ? 0.5 : 0.25, 43 - celsius);
}

/* ---- accounting ---- */

/* The part of [from, to) in which the reading holds. */
static uint64_t held_ms(const struct latest *l, uint64_t from_ms, uint64_t to_ms)
{
	if (!holds(l, from_ms))
		return 0;
	return (l->until_ms < to_ms ? l->until_ms : to_ms) - from_ms;
}

/* What the values of an active stretch come to. */
static void account_values(struct watched *w, uint64_t from_ms, uint64_t to_ms)
{
	uint64_t known = held_ms(&w->value, from_ms, to_ms);
	if (w->source.has_value && known) {
		w->sum += w->value.value * (double)known;
		w->sum_ms += (double)known;
		if (!w->has_peak || w->value.value > w->peak)
			w->peak = w->value.value;
		w->has_peak = true;
		if (w->record.has_limit && w->value.value > w->record.limit)
			w->over_ms += known;
	}
	known = held_ms(&w->dose, from_ms, to_ms);
	if (w->source.has_dose && known) {
		w->dose_s += dose_rate(w->dose.value) * (double)known / 1e3;
		w->has_dose = true;
	}
}

static void forget_values(struct watched *w)
{
	w->sum = w->sum_ms = w->peak = w->dose_s = 0;
	w->has_peak = w->has_dose = false;
	w->over_ms = 0;
}

/* Brings the record up to what was accounted. */
static void fill(struct watched *w)
{
	struct session_record *r = &w->record;
	r->has_value = w->has_peak && w->sum_ms > 0;
	r->unit = w->source.unit;
	r->peak = r->has_value ? w->peak : 0;
	r->mean = r->has_value ? w->sum / w->sum_ms : 0;
	r->over_ms = (int64_t)w->over_ms;
	r->has_dose = w->has_dose;
	r->dose_min = w->dose_s / 60;
}

static void tell(struct sessions *s, struct watched *w, enum sessions_change change)
{
	fill(w);
	s->callbacks.changed(s->callbacks.user, change, &w->record);
}

static void begin(struct sessions *s, struct watched *w, uint64_t at_ms)
{
	w->record = (struct session_record){
	    .kind = w->source.kind,
	    .unit = w->source.unit,
	    .person = SESSION_NOBODY,
	    .pain_before = SESSION_PAIN_NOT_TOLD,
	    .pain_after = SESSION_PAIN_NOT_TOLD,
	    .begun_boot_ms = (int64_t)w->active_since_ms,
	    .lasted_ms = (int64_t)(at_ms - w->active_since_ms),
	    .active_ms = (int64_t)(at_ms - w->active_since_ms),
	};
	memcpy(w->record.device, w->id, sizeof w->record.device);
	w->runs = true;
	w->ending = SESSION_RUNNING;
	w->idle_since_ms = NONE;
	s->callbacks.identify(s->callbacks.user, &w->source, &w->record);
	tell(s, w, SESSIONS_BEGUN);
}

static void end(struct sessions *s, struct watched *w)
{
	struct session_record *r = &w->record;
	r->end = w->ending != SESSION_RUNNING ? w->ending : w->idle_known ? SESSION_ENDED : SESSION_LOST;
	if (r->end != SESSION_TRIPPED)
		r->rule[0] = '\0';
	w->runs = false;
	tell(s, w, SESSIONS_OVER);
	forget_values(w);
	w->ending = SESSION_RUNNING;
	w->idle_since_ms = NONE;
	w->active_since_ms = NONE;
}

/* A stretch in which nothing changes, of a source without a session. */
static void pass_without(struct sessions *s, struct watched *w, enum state state, uint64_t to_ms)
{
	if (state != ACTIVE) {
		w->active_since_ms = NONE;
		forget_values(w);
		w->at_ms = to_ms;
		return;
	}
	if (w->active_since_ms == NONE)
		w->active_since_ms = w->at_ms;
	uint64_t begins_ms = w->active_since_ms + SESSIONS_BEGIN_MS;
	uint64_t until_ms = begins_ms < to_ms ? begins_ms : to_ms;
	account_values(w, w->at_ms, until_ms);
	w->at_ms = until_ms;
	if (until_ms == begins_ms)
		begin(s, w, until_ms);
}

/* The same while a session runs. */
static void pass_within(struct sessions *s, struct watched *w, enum state state, uint64_t to_ms)
{
	struct session_record *r = &w->record;
	if (state == ACTIVE) {
		if (w->idle_since_ms != NONE || w->ending == SESSION_CUT)
			w->ending = SESSION_RUNNING; /* it goes on after all */
		w->idle_since_ms = NONE;             /* the rest between counts as neither */
		account_values(w, w->at_ms, to_ms);
		r->active_ms += (int64_t)(to_ms - w->at_ms);
		w->at_ms = to_ms;
		r->lasted_ms = (int64_t)to_ms - r->begun_boot_ms;
		return;
	}
	if (w->idle_since_ms == NONE) {
		w->idle_since_ms = w->at_ms;
		w->idle_known = false;
	}
	uint64_t over_ms = w->idle_since_ms + SESSIONS_GAP_MS;
	uint64_t until_ms = over_ms < to_ms ? over_ms : to_ms;
	if (state == IDLE)
		w->idle_known = true;
	else if (!w->idle_known) { /* since it was active nothing says that it is not */
		r->unknown_ms += (int64_t)(until_ms - w->at_ms);
		r->active_ms += (int64_t)(until_ms - w->at_ms);
		r->lasted_ms = (int64_t)until_ms - r->begun_boot_ms;
	}
	w->at_ms = until_ms;
	if (until_ms == over_ms)
		end(s, w);
}

/* Accounts for all time up to `to_ms`. */
static void pass(struct sessions *s, struct watched *w, uint64_t to_ms)
{
	while (w->at_ms < to_ms) {
		uint64_t changes_ms;
		enum state state = state_at(w, w->at_ms, &changes_ms);
		uint64_t until_ms = changes_ms < to_ms ? changes_ms : to_ms;
		if (w->runs)
			pass_within(s, w, state, until_ms);
		else
			pass_without(s, w, state, until_ms);
	}
}

/* ---- what happens ---- */

static void take(struct latest *l, const struct sessions_metric *m, uint16_t metric, uint8_t quality, double value,
		 uint64_t stamp_ms)
{
	if (m->metric != metric)
		return;
	*l = (struct latest){quality == THERAPY_GOOD && isfinite(value), value, stamp_ms + m->stale_ms};
}

static uint64_t advance(struct sessions *s, uint64_t now_ms)
{
	if (now_ms > s->now_ms)
		s->now_ms = now_ms;
	return s->now_ms;
}

void sessions_reading(struct sessions *s, uint64_t now_ms, uint16_t device, uint16_t metric, uint8_t quality,
		      double value, uint64_t stamp_ms)
{
	now_ms = advance(s, now_ms);
	if (stamp_ms > now_ms)
		stamp_ms = now_ms;
	for (size_t i = 0; i < s->n; i++) {
		struct watched *w = &s->items[i];
		if (w->source.device != device)
			continue;
		if (w->at_ms == 0)
			w->at_ms = stamp_ms; /* before its first reading nothing was known, and nothing ran */
		pass(s, w, stamp_ms);
		for (size_t k = 0; k < w->source.n_decides; k++)
			take(&w->decides[k], &w->source.decides[k], metric, quality, value, stamp_ms);
		if (w->source.has_value)
			take(&w->value, &w->source.value, metric, quality, value, stamp_ms);
		if (w->source.has_dose)
			take(&w->dose, &w->source.dose, metric, quality, value, stamp_ms);
	}
}

void sessions_lost(struct sessions *s, uint64_t now_ms, uint16_t device)
{
	now_ms = advance(s, now_ms);
	for (size_t i = 0; i < s->n; i++) {
		struct watched *w = &s->items[i];
		if (w->source.device != device)
			continue;
		pass(s, w, now_ms);
		memset(w->decides, 0, sizeof w->decides);
		w->value = w->dose = (struct latest){0};
	}
}

void sessions_tick(struct sessions *s, uint64_t now_ms)
{
	now_ms = advance(s, now_ms);
	for (size_t i = 0; i < s->n; i++)
		pass(s, &s->items[i], now_ms);
}

void sessions_event(struct sessions *s, uint64_t now_ms, enum sessions_event event, uint16_t device, const char *rule)
{
	now_ms = advance(s, now_ms);
	for (size_t i = 0; i < s->n; i++) {
		struct watched *w = &s->items[i];
		if (device != SESSIONS_EVERY && w->source.device != device)
			continue;
		pass(s, w, now_ms);
		if (!w->runs)
			continue;
		struct session_record *r = &w->record;
		bool late = w->idle_since_ms != NONE && w->at_ms - w->idle_since_ms > SESSIONS_LATE_MS;
		if (late && event != SESSIONS_ALARM)
			continue; /* whoever presses stop while the table is level ends nothing */
		if (event == SESSIONS_ALARM) {
			r->alarms++;
		} else if (event == SESSIONS_TRIP) {
			r->trips++;
			if (w->ending != SESSION_STOPPED)
				w->ending = SESSION_TRIPPED;
			r->rule[0] = '\0';
			strncat(r->rule, rule ? rule : "", sizeof r->rule - 1);
		} else {
			w->ending = SESSION_STOPPED;
		}
		tell(s, w, SESSIONS_WENT_ON);
	}
}

bool sessions_resume(struct sessions *s, const struct session_record *record, uint64_t at_ms, bool active)
{
	for (size_t i = 0; i < s->n; i++) {
		struct watched *w = &s->items[i];
		if (w->runs || w->source.kind != record->kind || strcmp(w->id, record->device) != 0)
			continue;
		w->runs = true;
		w->record = *record;
		w->record.end = SESSION_RUNNING;
		w->at_ms = advance(s, at_ms);
		w->ending = SESSION_CUT;
		w->idle_known = !active;
		w->idle_since_ms = active ? NONE : (uint64_t)(record->begun_boot_ms + record->lasted_ms);
		w->has_peak = record->has_value;
		w->peak = record->peak;
		w->sum_ms = record->has_value ? (double)(record->active_ms - record->unknown_ms) : 0;
		w->sum = record->mean * w->sum_ms;
		w->over_ms = (uint64_t)record->over_ms;
		w->has_dose = record->has_dose;
		w->dose_s = record->dose_min * 60;
		return true;
	}
	return false;
}

void sessions_close(struct sessions *s, uint64_t now_ms)
{
	sessions_tick(s, now_ms);
	for (size_t i = 0; i < s->n; i++) {
		struct watched *w = &s->items[i];
		if (!w->runs)
			continue;
		if (w->ending == SESSION_RUNNING && w->idle_since_ms == NONE)
			w->ending = SESSION_CUT;
		else if (w->ending == SESSION_RUNNING)
			w->ending = w->idle_known ? SESSION_ENDED : SESSION_CUT;
		end(s, w);
	}
}

/* ---- what is the case, for others ---- */

struct session_record *sessions_running(struct sessions *s, size_t i, bool *active)
{
	if (i >= s->n || !s->items[i].runs)
		return NULL;
	fill(&s->items[i]);
	*active = s->items[i].idle_since_ms == NONE;
	return &s->items[i].record;
}

size_t sessions_n(const struct sessions *s)
{
	return s->n;
}

uint64_t sessions_idle_ms(const struct sessions *s, size_t i)
{
	const struct watched *w = &s->items[i];
	return w->idle_since_ms == NONE ? 0 : w->at_ms - w->idle_since_ms;
}

bool sessions_idle_known(const struct sessions *s, size_t i)
{
	const struct watched *w = &s->items[i];
	return w->idle_since_ms != NONE && w->idle_known;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "logbook_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "tell/session.h"
#include "tell/tell.h"

#define PUT_MS   300000u   /* what runs is written to the history so often: flash (docs/sessions.md) */
#define NOTE_MS  1000u     /* ... and noted so often: what a crash may cost */
#define SHOW_MS  5000u     /* ... and people are told so often what remains of it */
#define KEEP_MS  86400000u /* what is too old goes so often */
#define MOVED_MS 2000      /* the wall clock was set, and did not just drift */

/* ---- the clock ---- */

bool logbook_wall(const struct logbook *c, int64_t *unix_ms)
{
	*unix_ms = clock_wall_ms(NULL);
	return c->placed;
}

/* Sessions are kept by the boot clock, and get their time of day when the wall clock makes sense; when it is set later,
 * all of this boot move with it. A clock that the kernel calls right is not followed any more: whoever sets it then
 * does not change what was. */
static void place(struct logbook *c, uint64_t now_ms)
{
	bool trusted, active;
	int64_t wall_ms = clock_wall_ms(&trusted), offset_ms = wall_ms - (int64_t)now_ms;
	int64_t moved = offset_ms - c->offset_ms;
	bool far = moved > MOVED_MS || moved < -MOVED_MS;
	bool better = trusted && !c->placed_trusted;
	if (!clock_plausible(wall_ms) || (c->placed && (c->placed_trusted || !far) && !better))
		return;
	bool again = c->placed && far;
	c->placed_trusted = trusted;
	if (c->placed && !far)
		return;
	c->placed = true;
	c->offset_ms = offset_ms;
	if (again)
		log_info("sessions", "the clock was set: the sessions since this machine was started move with it");
	if (c->history)
		(void)history_place(c->history, c->boot_id, offset_ms);
	struct session_record *r;
	for (size_t i = 0; i < sessions_n(c->sessions); i++)
		if ((r = sessions_running(c->sessions, i, &active))) {
			r->placed = true;
			r->begun_ms = r->begun_boot_ms + offset_ms;
		}
	if (c->has_last && strcmp(c->last.boot_id, c->boot_id) == 0) {
		c->last.placed = true;
		c->last.begun_ms = c->last.begun_boot_ms + offset_ms;
	}
	logbook_count(c);
}

/* ---- records ---- */

void logbook_new_id(char id[SESSION_ID_SIZE])
{
	uint8_t bytes[(SESSION_ID_SIZE - 1) / 2];
	if (uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL) != 0) {
		uint64_t now = clock_boot_us(); /* told from others, not kept secret */
		memset(bytes, 0, sizeof bytes);
		memcpy(bytes, &now, sizeof now);
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

void logbook_put(struct logbook *c, const struct session_record *record)
{
	int error = c->history ? history_put_session(c->history, record) : 0;
	if (error)
		log_error("history", "a session could not be taken: %s", uv_strerror(error));
}

static const char *limit_of(enum session_kind kind, enum therapy_unit unit)
{
	if (kind == SESSION_INVERSION)
		return "tilt";
	return kind != SESSION_TRACTION ? NULL : unit == THERAPY_UNIT_KILOPASCAL ? "pressure" : "force";
}

static void on_identify(void *user, const struct sessions_source *source, struct session_record *r)
{
	struct logbook *c = user;
	const char *limit = limit_of(source->kind, source->unit);
	logbook_new_id(r->id);
	const struct household_person *person = household_active(c->household);
	r->person = person ? person->id : SESSION_NOBODY;
	memcpy(r->boot_id, c->boot_id, sizeof r->boot_id);
	r->placed = c->placed;
	r->begun_ms = c->placed ? r->begun_boot_ms + c->offset_ms : 0;
	r->has_limit = limit && core_limit(c->g->core, limit, source->device, &r->limit);
	uint64_t now_ms = clock_boot_ms();
	if (c->pain_before != SESSION_PAIN_NOT_TOLD && now_ms - c->pain_before_ms <= LOGBOOK_PAIN_HOLDS_MS)
		r->pain_before = c->pain_before;
	c->pain_before = SESSION_PAIN_NOT_TOLD;
}

void logbook_send(struct logbook *c, const struct session_record *record)
{
	Therapy__V1__SessionRecord m = tell_session_message(record, c->g->config->gateway_id);
	size_t size = therapy__v1__session_record__get_packed_size(&m);
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return;
	therapy__v1__session_record__pack(&m, bytes);
	struct logbook_parcel *p = &c->parcels[c->number % LOGBOOK_MESSAGES]; /* the oldest */
	if (p->number)
		log_warn("sessions", "a session did not get to the broker, and is in the history alone");
	free(p->bytes);
	*p = (struct logbook_parcel){++c->number, bytes, size};
	if (c->g->outlet)
		outlet_sessions(c->g->outlet);
}

void logbook_over(struct logbook *c, const struct session_record *r)
{
	logbook_put(c, r);
	c->last = *r;
	c->has_last = true;
	c->last_ms = clock_boot_ms();
	household_used(c->household, c->last_ms);
	logbook_send(c, r);
	logbook_count(c);
	logbook_changed(c);
}

static void on_changed(void *user, enum sessions_change change, const struct session_record *r)
{
	struct logbook *c = user;
	const char *kind = tell_session_kind(r->kind);
	if (change == SESSIONS_OVER) {
		log_debug("sessions", "%s: %s is over after %lld s: %s%s%s", r->device, kind,
			 (long long)(r->lasted_ms / 1000), tell_session_end(r->end), r->rule[0] ? " by " : "", r->rule);
		logbook_over(c, r);
		return;
	}
	if (change == SESSIONS_BEGUN)
		log_debug("sessions", "%s: %s begins", r->device, kind);
	logbook_put(c, r);
	logbook_changed(c);
}

struct session_record *logbook_latest(struct logbook *c)
{
	bool active;
	struct session_record *r;
	for (size_t i = 0; i < sessions_n(c->sessions); i++)
		if ((r = sessions_running(c->sessions, i, &active)))
			return r;
	return c->has_last && clock_boot_ms() - c->last_ms <= LOGBOOK_AFTER_HOLDS_MS ? &c->last : NULL;
}

void logbook_latest_changed(struct logbook *c)
{
	const struct session_record *r = logbook_latest(c);
	logbook_put(c, r);
	if (r == &c->last)
		logbook_send(c, r); /* again, with what was added: consumers see by its id that it is the same */
	logbook_changed(c);
}

void logbook_answer(struct logbook *c, uint64_t ticket, struct json_object *answer)
{
	if (c->g->desk)
		desk_answer(c->g->desk, ticket, answer);
	else
		json_object_put(answer);
}

void logbook_changed(struct logbook *c)
{
	if (c->g->outlet)
		outlet_course(c->g->outlet);
}

/* ---- the history's file ---- */

static void on_trouble(void *user, const char *why)
{
	struct logbook *c = user;
	struct str s;
	str_init(&s, c->trouble, sizeof c->trouble);
	if (why) {
		str_add(&s, "%s", why);
		log_error("history", "%s", why);
	} else {
		log_info("history", "sessions are kept again");
	}
	logbook_changed(c);
}

static void on_history_closed(void *user)
{
	struct logbook *c = user;
	void (*closed)(void *) = c->closed;
	void *closed_user = c->closed_user;
	sessions_free(c->sessions);
	household_free(c->household);
	for (size_t i = 0; i < LOGBOOK_MESSAGES; i++)
		free(c->parcels[i].bytes);
	free(c);
	closed(closed_user);
}

static void open_history(struct logbook *c)
{
	char path[512];
	struct str s;
	const struct history_callbacks callbacks = {c, on_trouble, on_history_closed};
	int error = UV_EINVAL;
	if (memory_keeper_place(c->g->config, path, sizeof path)) {
		str_init(&s, path + strlen(path), sizeof path - strlen(path));
		str_add(&s, "/history.db");
		if (!s.overflow)
			error = history_open(&c->g->loop, path, &callbacks, &c->history);
	}
	if (error) {
		str_init(&s, c->trouble, sizeof c->trouble);
		str_add(&s, "no place for sessions: %s; set gateway.state_dir", uv_strerror(error));
		log_error("history", "%s", c->trouble);
	}
}

/* ---- what readings mean ---- */

static enum session_kind kind_of(const char *kind)
{
	enum session_kind found;
	return tell_session_kind_of(kind, &found) ? found : SESSION_ACTIVITY;
}

static const Therapy__V1__MetricDescription *find_metric(const Therapy__V1__DeviceDescription *d, const char *key,
							 struct sessions_metric *out)
{
	for (size_t i = 0; i < d->n_metrics; i++)
		if (strcmp(d->metrics[i]->key, key) == 0) {
			out->metric = (uint16_t)i;
			out->stale_ms = d->metrics[i]->stale_ms;
			return d->metrics[i];
		}
	return NULL;
}

static bool show(const Therapy__V1__DeviceDescription *d, const char *key, struct sessions_source *s)
{
	const Therapy__V1__MetricDescription *m = find_metric(d, key, &s->value);
	if (!m)
		return false;
	s->has_value = true;
	s->unit = (enum therapy_unit)(m->unit - 1);
	return true;
}

static void decide(const Therapy__V1__DeviceDescription *d, const char *key, double above, struct sessions_source *s)
{
	if (s->n_decides == 0 && find_metric(d, key, &s->decides[0])) {
		s->decides[0].above = above;
		s->n_decides = 1;
		(void)show(d, key, s);
	}
}

/* Whatever proves that a control acts. */
static void decide_by_controls(const Therapy__V1__DeviceDescription *d, struct sessions_source *s)
{
	for (size_t i = 0; i < d->n_controls && s->n_decides < SESSIONS_METRICS_MAX; i++) {
		const Therapy__V1__ControlDescription *control = d->controls[i];
		const Therapy__V1__MetricDescription *m = d->metrics[control->confirm_metric];
		s->decides[s->n_decides++] =
		    (struct sessions_metric){(uint16_t)control->confirm_metric, m->stale_ms, control->rest_max};
	}
}

/* False: it is no device that sessions are had with. */
static bool source_of(const Therapy__V1__DeviceDescription *d, struct sessions_source *s)
{
	s->id = d->device_id;
	s->kind = kind_of(d->kind);
	if (s->kind == SESSION_INVERSION) {
		decide(d, "tilt", SESSIONS_TILT_DEG, s);
	} else if (s->kind == SESSION_TRACTION) {
		decide(d, "force", SESSIONS_FORCE_N, s);
		decide(d, "pressure", SESSIONS_PRESSURE_KPA, s);
		if (s->n_decides == 0)
			decide_by_controls(d, s);
	} else if (s->kind == SESSION_HEAT || s->kind == SESSION_COLD) {
		decide_by_controls(d, s);
		s->has_dose = s->kind == SESSION_HEAT && find_metric(d, "skin_temp", &s->dose) != NULL;
		if (!show(d, "skin_temp", s) && !show(d, "temp", s))
			(void)show(d, "power", s);
	}
	return s->n_decides > 0;
}

static int open_sessions(struct logbook *c)
{
	struct gateway *g = c->g;
	struct sessions_source *sources = calloc(g->n_seats + 1, sizeof *sources);
	const struct sessions_callbacks callbacks = {c, on_identify, on_changed};
	size_t n = 0;
	if (!sources)
		return UV_ENOMEM;
	for (size_t i = 0; i < g->n_seats; i++) {
		sources[n] = (struct sessions_source){.device = (uint16_t)i};
		n += source_of(g->descriptions[i], &sources[n]);
	}
	int error = sessions_new(sources, n, &callbacks, &c->sessions);
	free(sources);
	return error ? UV_ENOMEM : 0;
}

/* ---- what happens ---- */

void logbook_readings(struct logbook *c, uint64_t now_ms, uint16_t device, const struct core_reading *readings,
		      size_t n)
{
	if (!c || c->ended)
		return;
	for (size_t i = 0; i < n; i++)
		sessions_reading(c->sessions, now_ms, device, readings[i].metric, readings[i].quality,
				 readings[i].value, readings[i].stamp_ms);
}

void logbook_lost(struct logbook *c, uint64_t now_ms, uint16_t device)
{
	if (c && !c->ended)
		sessions_lost(c->sessions, now_ms, device);
}

void logbook_core(struct logbook *c, uint64_t now_ms, const struct core_output *o)
{
	if (!c || c->ended || o->type != CORE_OUT_EVENT)
		return;
	uint16_t device = o->device != CORE_NO_DEVICE ? o->device : o->cause.device;
	if (o->event == CORE_EVENT_STOPPED)
		sessions_event(c->sessions, now_ms, SESSIONS_STOP, SESSIONS_EVERY, NULL);
	else if (o->event == CORE_EVENT_TRIPPED && device != CORE_NO_DEVICE)
		sessions_event(c->sessions, now_ms, SESSIONS_TRIP, device, o->rule);
	else if (o->event == CORE_EVENT_ALARM && device != CORE_NO_DEVICE)
		sessions_event(c->sessions, now_ms, SESSIONS_ALARM, device, o->rule);
}

static void put_running(struct logbook *c)
{
	bool active;
	const struct session_record *r;
	for (size_t i = 0; i < sessions_n(c->sessions); i++)
		if ((r = sessions_running(c->sessions, i, &active)))
			logbook_put(c, r);
}

/* What is older than the configuration wants is forgotten, for good: only by a clock that the kernel calls right. */
static void forget(struct logbook *c, uint64_t now_ms)
{
	uint64_t keep_ms = c->g->config->history.keep_ms;
	if (!keep_ms || !c->history || !c->placed_trusted || (c->kept_ms && now_ms - c->kept_ms < KEEP_MS))
		return;
	c->kept_ms = now_ms;
	(void)history_forget_before(c->history, clock_wall_ms(NULL) - (int64_t)keep_ms);
}

void logbook_tick(struct logbook *c, uint64_t now_ms)
{
	if (!c || c->ended)
		return;
	sessions_tick(c->sessions, now_ms);
	place(c, now_ms);
	if (now_ms - c->noted_ms < NOTE_MS)
		return;
	forget(c, now_ms);
	c->noted_ms = now_ms;
	logbook_note(c);
	household_tick(c->household, now_ms);
	if (c->noted && now_ms - c->shown_ms >= SHOW_MS) {
		c->shown_ms = now_ms;
		logbook_changed(c); /* what remains of it */
	}
	if (now_ms - c->put_ms >= PUT_MS) {
		c->put_ms = now_ms;
		put_running(c);
	}
	if (logbook_day_changed(c))
		logbook_count(c);
}

void logbook_reconfigured(struct logbook *c)
{
	if (!c)
		return;
	c->kept_ms = 0;
	household_reconfigured(c->household);
	logbook_changed(c);
}

/* ---- people ---- */

static void on_people(void *user)
{
	struct logbook *c = user;
	logbook_count(c);
	logbook_changed(c);
}

static bool on_runs(void *user)
{
	bool active;
	const struct logbook *c = user;
	for (size_t i = 0; i < sessions_n(c->sessions); i++)
		if (sessions_running(c->sessions, i, &active))
			return true;
	return false;
}

static void on_people_answer(void *user, uint64_t ticket, struct json_object *answer)
{
	logbook_answer(user, ticket, answer);
}

/* ---- life ---- */

int logbook_new(struct gateway *g, struct logbook **out)
{
	struct logbook *c = calloc(1, sizeof *c);
	uint64_t now_ms = clock_boot_ms();
	if (!c)
		return UV_ENOMEM;
	c->g = g;
	c->pain_before = SESSION_PAIN_NOT_TOLD;
	c->put_ms = c->noted_ms = now_ms;
	clock_boot_id(c->boot_id);
	int error = open_sessions(c);
	if (error) {
		free(c);
		return error;
	}
	open_history(c);
	const struct household_callbacks people = {c, on_people, on_runs, on_people_answer};
	error = household_new(g, c->history, &people, &c->household);
	if (error)
		log_error("people", "nobody can be chosen: %s", uv_strerror(error));
	if (c->history)
		(void)history_cut_running(c->history); /* what goes on after all is put again */
	logbook_note_open(c, now_ms);
	place(c, now_ms);
	*out = c;
	return 0;
}

void logbook_end(struct logbook *c, uint64_t now_ms)
{
	if (!c || c->ended)
		return;
	sessions_close(c->sessions, now_ms);
	c->ended = true;
	logbook_note(c);
}

static void close_history(struct logbook *c)
{
	if (c->history)
		history_close(c->history);
	else
		on_history_closed(c);
}

void logbook_noted(struct logbook *c)
{
	if (c->closed)
		close_history(c);
}

void logbook_close(struct logbook *c, void (*closed)(void *user), void *user)
{
	if (!c) {
		closed(user);
		return;
	}
	c->closed = closed;
	c->closed_user = user;
	if (!c->note_busy)
		close_history(c);
}

/* ---- for the broker ---- */

void logbook_asked(struct logbook *c, const char *what, const char *value)
{
	char why[CORE_WHY_MAX] = "";
	const char *refused = NULL;
	char *end;
	long score = strtol(value, &end, 10);
	if (!c || c->ended)
		return;
	bool number = end != value && (*end == '\0' || *end == '.');
	if (strcmp(what, "pain_before") == 0 || strcmp(what, "pain_after") == 0)
		refused = logbook_pain(c, strcmp(what, "pain_before") == 0, number ? (int)score : -1);
	else if (strcmp(what, "note") == 0)
		refused = logbook_note_text(c, value);
	else if (strcmp(what, "log") == 0)
		refused = logbook_activity(c, value, 0, "");
	else if (strcmp(what, "person") == 0)
		refused = household_choose(c->household, value, why) ? NULL : why;
	else
		refused = "there is no such request";
	if (refused)
		log_warn("mqtt", "course/set/%.40s: %s", what, refused);
	logbook_changed(c); /* whoever asked is shown what is, refused or not */
}

char *logbook_text(struct logbook *c)
{
	return c && !c->ended ? tell_text(logbook_tell(c)) : NULL;
}

bool logbook_message(struct logbook *c, uint64_t after, struct logbook_message *out)
{
	const struct logbook_parcel *best = NULL;
	for (size_t i = 0; c && i < LOGBOOK_MESSAGES; i++) {
		const struct logbook_parcel *p = &c->parcels[i];
		if (p->number > after && (!best || p->number < best->number))
			best = p;
	}
	if (best)
		*out = (struct logbook_message){best->number, best->bytes, best->size};
	return best != NULL;
}

void logbook_delivered(struct logbook *c, uint64_t number)
{
	for (size_t i = 0; c && i < LOGBOOK_MESSAGES; i++)
		if (c->parcels[i].number == number) {
			free(c->parcels[i].bytes);
			c->parcels[i] = (struct logbook_parcel){0};
		}
}

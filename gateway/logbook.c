/* SPDX-License-Identifier: Apache-2.0 */
#include "logbook_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "page/page.h"
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
	logbook_plan_mark(c, r);
	r->has_limit = limit && core_limit(c->g->core, limit, source->device, &r->limit);
	uint64_t now_ms = clock_boot_ms();
	if (c->pain_before != SESSION_PAIN_NOT_TOLD && now_ms - c->pain_before_ms <= LOGBOOK_PAIN_HOLDS_MS)
		r->pain_before = c->pain_before;
	c->pain_before = SESSION_PAIN_NOT_TOLD;
}

void logbook_over(struct logbook *c, const struct session_record *r)
{
	logbook_put(c, r);
	c->last = *r;
	c->has_last = true;
	c->last_ms = (int64_t)clock_boot_ms();
	household_used(c->household, (uint64_t)c->last_ms);
	logbook_send(c, r);
	logbook_plan_session(c, r, false);
	logbook_count(c);
	logbook_changed(c);
}

static void on_changed(void *user, enum sessions_change change, const struct session_record *r)
{
	struct logbook *c = user;
	const char *kind = tell_session_kind(r->kind);
	if (change == SESSIONS_OVER) {
		log_debug("sessions", "%s: %s is over after %lld s: %s%s%s", r->device, kind,
			  (long long)(r->lasted_ms / 1000), tell_session_end(r->end), r->rule[0] ? " by " : "",
			  r->rule);
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
	return c->has_last && (int64_t)clock_boot_ms() - c->last_ms <= LOGBOOK_AFTER_HOLDS_MS ? &c->last : NULL;
}

void logbook_latest_changed(struct logbook *c)
{
	const struct session_record *r = logbook_latest(c);
	logbook_put(c, r);
	logbook_note(c); /* what runs is taken up from there after a crash */
	if (r == &c->last) {
		logbook_send(c, r); /* again, with what was added: consumers see by its id that it is the same */
		logbook_plan_session(c, r, true);
	}
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
	page_course(c->g->page);
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
		household_read(c->household);
		logbook_count(c); /* what was asked meanwhile was not answered */
		logbook_find_last(c);
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
	logbook_plan_tick(c);
	logbook_remind(c);
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
	c->plan.loaded = false; /* the plans are others */
	logbook_plan_load(c);
	logbook_changed(c);
}

/* ---- people ---- */

static void on_people(void *user)
{
	struct logbook *c = user;
	logbook_plan_load(c);
	logbook_count(c);
	logbook_changed(c);
}

/* Whoever was erased is not shown any more, nor sent. */
static void on_erased(void *user, int64_t person)
{
	struct logbook *c = user;
	if (c->has_last && c->last.person == person) {
		c->has_last = false;
		logbook_find_last(c);
	}
	logbook_unsend(c, person);
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
	const struct sessions_callbacks callbacks = {c, on_identify, on_changed};
	int error = logbook_watch(c, &callbacks);
	if (error) {
		free(c);
		return error;
	}
	open_history(c);
	const struct household_callbacks people = {c, on_people, on_erased, on_runs, on_people_answer};
	error = household_new(g, c->history, &people, &c->household);
	if (error)
		log_error("people", "nobody can be chosen: %s", uv_strerror(error));
	if (c->history)
		(void)history_cut_running(c->history); /* what goes on after all is put again */
	logbook_note_open(c, now_ms);
	logbook_find_last(c);
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

/* SPDX-License-Identifier: Apache-2.0
 * What the control socket asks of the logbook: sessions, a page at a time, and what a person adds to them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/language.h"
#include "base/str.h"
#include "base/utf8.h"
#include "logbook_inside.h"
#include "tell/session.h"
#include "tell/tell.h"

#define ACTIVITY_MOST_MIN 1440

static void refuse(struct json_object *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct json_object *answer, const char *format, ...)
{
	char text[CORE_WHY_MAX + sizeof((struct logbook *)0)->trouble]; /* what is too long for it would be lost */
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	tell_put_bool(answer, "ok", false);
	tell_put(answer, "error", text);
}

/* ---- what is asked ---- */

/* False: it is there and none of 0 to `most`. */
static bool take_count(struct json_object *o, const char *key, int64_t most, int64_t *out)
{
	struct json_object *value;
	if (!json_object_object_get_ex(o, key, &value))
		return true;
	int64_t found = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
	if (found < 0 || found > most)
		return false;
	*out = found;
	return true;
}

/* ---- sessions ---- */

struct asked {
	struct logbook *logbook;
	uint64_t ticket;
	bool one; /* of one person, who is told as well */
	int64_t person, since_ms, until_ms;
};

/* "1764338700000/0123...": where a page ended. */
static bool take_cursor(const char *text, struct history_query *q)
{
	char *end;
	q->after_ms = strtoll(text, &end, 10);
	q->after = end != text && *end == '/' && str_copy(q->after_id, sizeof q->after_id, end + 1);
	return q->after;
}

static void put_next(struct json_object *answer, const struct history_answer *found)
{
	char cursor[SESSION_ID_SIZE + 24];
	struct str s;
	str_init(&s, cursor, sizeof cursor);
	if (found->more) {
		const struct session_record *last = &found->rows[found->n - 1];
		str_add(&s, "%" PRId64 "/%s", last->placed ? last->begun_ms : 0, last->id);
	}
	tell_put(answer, "next", found->more ? cursor : NULL);
}

/* The history has what runs as it was up to five minutes ago. */
static const struct session_record *up_to_now(struct logbook *c, const struct session_record *row)
{
	bool active;
	for (size_t i = 0; row->end == SESSION_RUNNING && i < sessions_n(c->sessions); i++) {
		const struct session_record *r = sessions_running(c->sessions, i, &active);
		if (r && strcmp(r->id, row->id) == 0)
			return r;
	}
	return row;
}

static void on_sessions(void *user, const struct history_answer *found)
{
	struct asked *asked = user;
	struct logbook *c = asked->logbook;
	struct json_object *answer = json_object_new_object(), *list = json_object_new_array();
	if (found->error)
		refuse(answer, "the history cannot be read: %s; %s", uv_strerror(found->error), c->trouble);
	else
		tell_put_bool(answer, "ok", true);
	for (size_t i = 0; i < found->n; i++) {
		const struct session_record *r = up_to_now(c, &found->rows[i]);
		const struct household_person *person = household_of_id(c->household, r->person);
		json_object_array_add(list, tell_session(r, person ? person->name : ""));
	}
	json_object_object_add(answer, "sessions", list);
	put_next(answer, found);
	const struct household_person *one = asked->one ? household_of_id(c->household, asked->person) : NULL;
	json_object_object_add(answer, "person", one ? household_tell(c->household, one) : NULL);
	bool planned = one && one == household_active(c->household);
	struct json_object *days = planned ? logbook_planned(c, asked->since_ms, asked->until_ms) : NULL,
			   *course = NULL;
	if (days) {
		course = json_object_new_object();
		json_object_object_add(course, "planned", days);
	}
	json_object_object_add(answer, "course", course);
	logbook_answer(c, asked->ticket, answer);
	free(asked);
}

/* Absent: who is active, or everybody where nobody can be; "*": everybody; "": nobody. */
static bool take_person(struct logbook *c, struct json_object *o, int64_t *out, struct json_object *answer)
{
	const char *name = tell_asked(o, "person");
	const struct household_person *person = NULL;
	*out = HISTORY_EVERYBODY;
	if (!name)
		person = household_active(c->household);
	else if (name[0] == '\0')
		*out = SESSION_NOBODY;
	else if (strcmp(name, "*") != 0 && !(person = household_named(c->household, name))) {
		refuse(answer, "there is nobody called '%.60s'; `therapyctl person list` shows who there is", name);
		return false;
	}
	if (person)
		*out = person->id;
	return true;
}

static bool sessions(struct logbook *c, struct json_object *o, uint64_t ticket, struct json_object *answer)
{
	struct json_object *newest;
	struct history_query q = {.most = HISTORY_ROWS_MAX};
	int64_t most = HISTORY_ROWS_MAX;
	const char *after = tell_asked(o, "after");
	if (!take_person(c, o, &q.person, answer))
		return true;
	if (!take_count(o, "since_ms", INT64_MAX, &q.since_ms) || !take_count(o, "until_ms", INT64_MAX, &q.until_ms) ||
	    !take_count(o, "most", HISTORY_ROWS_MAX, &most) || most == 0 ||
	    (after && after[0] && !take_cursor(after, &q))) {
		refuse(answer,
		       "expected since_ms and until_ms in ms since 1970, most of 1 to %u, and after as an answer "
		       "said it in next",
		       HISTORY_ROWS_MAX);
		return true;
	}
	q.most = (size_t)most;
	q.newest_first = json_object_object_get_ex(o, "newest", &newest) && json_object_get_boolean(newest);
	struct asked *asked = malloc(sizeof *asked);
	if (!c->history || !asked) {
		refuse(answer, "no sessions are kept: %s", asked ? c->trouble : "out of memory");
		free(asked);
		return true;
	}
	*asked = (struct asked){c, ticket, q.person > 0, q.person, q.since_ms, q.until_ms};
	int error = history_sessions(c->history, &q, asked, on_sessions);
	if (error == 0)
		return false;
	refuse(answer, "the history does not take the question: %s", uv_strerror(error));
	free(asked);
	return true;
}

/* ---- what a person adds ---- */

static const char no_session[] =
    LANGUAGE_MARK("there is no session that this could be about: none runs, and the last one is over for "
		  "more than 12 h");

const char *logbook_pain(struct logbook *c, bool before, int score)
{
	struct session_record *r = logbook_latest(c);
	bool runs = r && r != &c->last;
	if (score < 0 || score > 10)
		return "expected a score of 0 (none) to 10 (the worst)";
	if (before && !runs) { /* of the next one */
		c->pain_before = score;
		c->pain_before_ms = clock_boot_ms();
		logbook_changed(c);
		return NULL;
	}
	if (!r)
		return no_session;
	*(before ? &r->pain_before : &r->pain_after) = score;
	logbook_latest_changed(c);
	return NULL;
}

const char *logbook_note_text(struct logbook *c, const char *text)
{
	struct session_record *r = logbook_latest(c);
	if (!utf8_valid(text, strlen(text)) || strlen(text) >= SESSION_NOTE_MAX)
		return LANGUAGE_MARK("expected a text of at most 511 bytes in UTF-8");
	if (!r)
		return no_session;
	(void)str_copy(r->note, sizeof r->note, text);
	logbook_latest_changed(c);
	return NULL;
}

const char *logbook_activity(struct logbook *c, const char *what, int64_t minutes, const char *note)
{
	uint64_t now_ms = clock_boot_ms();
	const struct household_person *person = household_active(c->household);
	struct session_record r = {.kind = SESSION_ACTIVITY,
				   .person = person ? person->id : SESSION_NOBODY,
				   .end = SESSION_ENDED,
				   .pain_before = SESSION_PAIN_NOT_TOLD,
				   .pain_after = SESSION_PAIN_NOT_TOLD,
				   .lasted_ms = minutes * 60000,
				   .active_ms = minutes * 60000,
				   .placed = c->placed};
	if (!what[0] || !utf8_valid(what, strlen(what)) || !str_copy(r.what, sizeof r.what, what))
		return LANGUAGE_MARK("expected what was done, like \"stretching\", in at most 63 bytes");
	if (minutes < 0 || minutes > ACTIVITY_MOST_MIN)
		return "expected 0 to 1440 minutes";
	if (!utf8_valid(note, strlen(note)) || !str_copy(r.note, sizeof r.note, note))
		return "expected a note of at most 511 bytes in UTF-8";
	if (c->pain_before != SESSION_PAIN_NOT_TOLD && now_ms - c->pain_before_ms <= LOGBOOK_PAIN_HOLDS_MS)
		r.pain_before = c->pain_before;
	c->pain_before = SESSION_PAIN_NOT_TOLD;
	logbook_new_id(r.id);
	logbook_plan_mark(c, &r);
	memcpy(r.boot_id, c->boot_id, sizeof r.boot_id);
	r.begun_boot_ms = (int64_t)now_ms > r.lasted_ms ? (int64_t)now_ms - r.lasted_ms : 0;
	r.begun_ms = c->placed ? (int64_t)now_ms - r.lasted_ms + c->offset_ms : 0;
	logbook_over(c, &r);
	return NULL;
}

static void finish(struct json_object *answer, const char *refused)
{
	if (refused)
		refuse(answer, "%s", refused);
	else
		tell_put_bool(answer, "ok", true);
}

static void order_pain(struct logbook *c, struct json_object *o, struct json_object *answer)
{
	int64_t score = -1;
	const char *when = tell_asked(o, "when");
	if (!when || (strcmp(when, "before") != 0 && strcmp(when, "after") != 0))
		refuse(answer, "'when' is missing or none; expected \"before\" or \"after\"");
	else if (!take_count(o, "score", 10, &score) || score < 0)
		refuse(answer, "'score' is missing or none; expected a whole number of 0 (none) to 10 (the worst)");
	else
		finish(answer, logbook_pain(c, strcmp(when, "before") == 0, (int)score));
}

static void order_log(struct logbook *c, struct json_object *o, struct json_object *answer)
{
	int64_t minutes = 0;
	const char *what = tell_asked(o, "what"), *note = tell_asked(o, "note");
	if (!what)
		refuse(answer, "'what' is missing; expected what was done, like \"stretching\"");
	else if (!take_count(o, "minutes", ACTIVITY_MOST_MIN, &minutes))
		refuse(answer, "'minutes' is none; expected 0 to %d", ACTIVITY_MOST_MIN);
	else
		finish(answer, logbook_activity(c, what, minutes, note ? note : ""));
}

bool logbook_order(struct logbook *c, struct json_object *o, uint64_t ticket, struct json_object *answer)
{
	const char *verb = tell_asked(o, "do");
	if (!c || c->ended || !verb) {
		refuse(answer, "the gateway is ending");
	} else if (strcmp(verb, "sessions") == 0) {
		return sessions(c, o, ticket, answer);
	} else if (strcmp(verb, "person") == 0) {
		return household_order(c->household, o, ticket, answer);
	} else if (strcmp(verb, "plan") == 0) {
		logbook_plan_asked(c, o, answer);
	} else if (strcmp(verb, "pain") == 0) {
		order_pain(c, o, answer);
	} else if (strcmp(verb, "note") == 0) {
		const char *text = tell_asked(o, "text");
		finish(answer, text ? logbook_note_text(c, text) : "'text' is missing; expected what is to be noted");
	} else if (strcmp(verb, "log") == 0) {
		order_log(c, o, answer);
	} else if (strcmp(verb, "course") == 0) {
		tell_put_bool(answer, "ok", true);
		json_object_object_add(answer, "course", logbook_tell(c));
	}
	return true;
}

/* SPDX-License-Identifier: Apache-2.0
 * Shared by the files of the logbook, nobody else includes it: logbook.c (sessions and their history), logbook_note.c
 * (what runs, noted for a restart), logbook_order.c (the control socket), logbook_plan.c, logbook_plan_tell.c and
 * logbook_remind.c (the active person's plan), logbook_sources.c (whose readings count), logbook_tell.c (what is
 * shown), logbook_told.c (the broker) and logbook_totals.c (what today and this week come to). */
#ifndef LOGBOOK_INSIDE_H
#define LOGBOOK_INSIDE_H

#include "logbook.h"
#include "gateway_inside.h"
#include "history/history.h"
#include "household.h"
#include "plan/guidance.h"
#include "session/sessions.h"

#define LOGBOOK_PAIN_HOLDS_MS  1800000u /* pain told so long before a session is its pain before */
#define LOGBOOK_AFTER_HOLDS_MS 43200000 /* pain and notes are the last session's until so long after it */
#define LOGBOOK_MESSAGES       32u

#define LOGBOOK_TEXT_MAX   256u /* Home Assistant shows at most 255 characters */
#define LOGBOOK_REMIND_MAX 8u

/* The active person's way through a plan. */
struct logbook_plan {
	bool loaded;
	int64_t person; /* whose; SESSION_NOBODY */
	struct course_state state;
	struct course_ended ended[PLAN_ITEMS_MAX];
	bool beyond_60;
	int remind[LOGBOOK_REMIND_MAX]; /* minutes since midnight */
	size_t n_remind;
	int quiet_from, quiet_to;     /* likewise; the same: no quiet hours */
	int64_t reminded_at;          /* minutes since 1970, of the calendar */
	char pained[SESSION_ID_SIZE]; /* the session whose pain led a step back: once is enough */
};

struct logbook_total {
	unsigned sessions;
	int64_t active_ms;
};

struct logbook_totals {
	bool known;
	struct logbook_total today[SESSION_KIND_COUNT_], week[SESSION_KIND_COUNT_];
};

/* A finished session on its way to the broker. */
struct logbook_parcel {
	uint64_t number; /* 0: empty */
	int64_t person;
	uint8_t *bytes;
	size_t size;
};

struct logbook {
	struct gateway *g;
	struct history *history; /* NULL: there is no place for it */
	struct household *household;
	struct sessions *sessions;
	char boot_id[SESSION_BOOT_SIZE];
	char trouble[512]; /* of the history; "": none */

	bool placed, placed_trusted; /* the wall clock made sense; the kernel says that it is right */
	int64_t offset_ms;           /* wall clock minus boot clock, as sessions of this boot are placed */

	char note_path[512];      /* "": nothing is noted */
	bool noted;               /* the file is there, or may be */
	struct logbook_note_job { /* the worker's while it is busy */
		uv_work_t work;
		uint8_t *bytes; /* NULL: the file goes */
		size_t size;
		bool sync;
		int error;
	} job;
	bool note_busy, note_again;
	uint64_t noted_ms, put_ms, kept_ms, shown_ms;

	bool has_last;
	struct session_record last; /* that is over */
	int64_t last_ms;            /* when it was over, on the boot clock: of another boot perhaps below 0 */
	int pain_before;            /* told while nothing runs; SESSION_PAIN_NOT_TOLD */
	uint64_t pain_before_ms;

	struct logbook_plan plan;
	struct logbook_totals totals;
	int64_t day_ms, week_ms; /* Unix: when today and this week began, as totals were asked for */
	bool counting, count_again;

	struct logbook_parcel parcels[LOGBOOK_MESSAGES];
	uint64_t number; /* of the last one */
	bool lost_told;
	char refused[CORE_WHY_MAX]; /* why what was asked last was not done */
	bool ended;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- logbook.c ---- */
/* What Home Assistant is shown may be another now. */
void logbook_changed(struct logbook *c);
/* Writes the record, and tells when that could not even be taken. */
void logbook_put(struct logbook *c, const struct session_record *record);
void logbook_new_id(char id[SESSION_ID_SIZE]);
/* The session that a word about pain or a note is about: one that runs, else the last one; NULL: none. */
struct session_record *logbook_latest(struct logbook *c);
/* The record that logbook_latest gave was changed. */
void logbook_latest_changed(struct logbook *c);
/* Unix ms now, and whether that means anything. */
bool logbook_wall(const struct logbook *c, int64_t *unix_ms);
/* A finished session, or one that was changed, to the broker. */
void logbook_send(struct logbook *c, const struct session_record *record);
/* Nothing of that person leaves any more, nor stays at the broker. */
void logbook_unsend(struct logbook *c, int64_t person);
/* A session is over, or was logged: into the history and to who is told. */
void logbook_over(struct logbook *c, const struct session_record *record);
/* The answer of an order that waited. Takes it. */
void logbook_answer(struct logbook *c, uint64_t ticket, struct json_object *answer);

/* Something that people act on now: "reminder", "proposal", "step_back". */
void logbook_happened(struct logbook *c, const char *type, const char *text, const char *why);

/* ---- logbook_plan.c ---- */
/* The calendar's day of a moment, in the zone of this process: days since 1970. */
int64_t logbook_day_of(int64_t unix_ms);
/* The plan that is followed; NULL: none, or its file is gone. */
const struct plan *logbook_plan(const struct logbook *c);
struct course_person logbook_plan_person(const struct logbook *c);
/* Who is active, or what is known of them, may be another. */
void logbook_plan_load(struct logbook *c);
/* The calendar moves on. */
void logbook_plan_tick(struct logbook *c);
/* Says in the record to which plan and step it belongs. */
void logbook_plan_mark(const struct logbook *c, struct session_record *record);
/* A session that is over, from the history: for what comes next. */
void logbook_plan_saw(struct logbook *c, const struct session_record *record);
/* A session is over. `again`: and what a person says of it now. */
void logbook_plan_session(struct logbook *c, const struct session_record *record, bool again);
/* start (`id`), stop, agree, decline, back. NULL, or why not. */
const char *logbook_plan_order(struct logbook *c, const char *step, const char *id);
/* beyond_60, remind and quiet hours. */
void logbook_plan_set(struct logbook *c, const struct logbook_plan *wanted);

/* ---- logbook_remind.c ---- */
/* As often as one likes. */
void logbook_remind(struct logbook *c);

/* ---- logbook_plan_tell.c ---- */
/* The plan as people see it, and what comes next; NULL: none is followed. */
struct json_object *logbook_plan_tell(struct logbook *c);
struct json_object *logbook_plan_list(const struct logbook *c);
/* {"done_today","planned_today","done_week","planned_week"}; NULL: no plan. */
struct json_object *logbook_adherence(const struct logbook *c);
/* [{"day","sessions"}]: how many the plan asks for, from `since_ms` to `until_ms`, by the step of today. */
struct json_object *logbook_planned(const struct logbook *c, int64_t since_ms, int64_t until_ms);
/* {"do":"plan",...} */
void logbook_plan_asked(struct logbook *c, struct json_object *asked, struct json_object *answer);

/* ---- logbook_sources.c ---- */
/* Makes c->sessions of what the devices said of themselves. 0 or UV_ENOMEM. */
int logbook_watch(struct logbook *c, const struct sessions_callbacks *callbacks);

/* ---- logbook_sources.c ---- */
/* Makes c->sessions of what the devices said of themselves. 0 or UV_ENOMEM. */
int logbook_watch(struct logbook *c, const struct sessions_callbacks *callbacks);

/* ---- logbook_note.c ---- */
/* Finds the place, and resumes what an earlier process of this boot noted. */
void logbook_note_open(struct logbook *c, uint64_t now_ms);
/* Notes what runs, or that nothing does; on a worker. */
void logbook_note(struct logbook *c);
/* logbook.c: the last note was written. */
void logbook_noted(struct logbook *c);

/* ---- logbook_totals.c ---- */
/* Asks the history for what today and this week come to; logbook_changed follows. */
void logbook_count(struct logbook *c);
/* Asks the history for the last session, which an earlier run may have seen. */
void logbook_find_last(struct logbook *c);
/* A new day has begun, or the clock was set. */
bool logbook_day_changed(const struct logbook *c);

/* ---- logbook_order.c: what a person adds. NULL, or why not. ---- */
/* How strong the pain is, 0 to 10, before a session or after it. */
const char *logbook_pain(struct logbook *c, bool before, int score);
const char *logbook_note_text(struct logbook *c, const char *text);
/* An activity without a device has just been done. */
const char *logbook_activity(struct logbook *c, const char *what, int64_t minutes, const char *note);

/* ---- logbook_tell.c ---- */
/* All that is shown of the course: docs/mqtt.md. */
struct json_object *logbook_tell(struct logbook *c);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * Shared by logbook.c (sessions and their history), logbook_note.c (what runs, noted for a restart), logbook_totals.c
 * (what today and this week come to), logbook_order.c (the control socket) and logbook_tell.c (MQTT). Nobody else
 * includes it. */
#ifndef LOGBOOK_INSIDE_H
#define LOGBOOK_INSIDE_H

#include "logbook.h"
#include "gateway_inside.h"
#include "history/history.h"
#include "household.h"
#include "session/sessions.h"

#define LOGBOOK_PAIN_HOLDS_MS  1800000u  /* pain told so long before a session is its pain before */
#define LOGBOOK_AFTER_HOLDS_MS 43200000u /* pain and notes are the last session's until so long after it */
#define LOGBOOK_MESSAGES       32u

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
	uint64_t last_ms;           /* when it was */
	int pain_before;            /* told while nothing runs; SESSION_PAIN_NOT_TOLD */
	uint64_t pain_before_ms;

	struct logbook_totals totals;
	int64_t day_ms, week_ms; /* Unix: when today and this week began, as totals were asked for */
	bool counting, count_again;

	struct logbook_parcel parcels[LOGBOOK_MESSAGES];
	uint64_t number; /* of the last one */
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
/* A session is over, or was logged: into the history and to who is told. */
void logbook_over(struct logbook *c, const struct session_record *record);
/* The answer of an order that waited. Takes it. */
void logbook_answer(struct logbook *c, uint64_t ticket, struct json_object *answer);

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

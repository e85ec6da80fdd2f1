/* SPDX-License-Identifier: Apache-2.0
 *
 * history - sessions, people and a few settings in one SQLite file (WAL), readable by the service alone. Health data is
 * here and nowhere else. On the loop's thread; every call returns at once, a worker thread of libuv does the work, one
 * job after the other in the order of the calls. What is put is on disk when it is done, or waits while the disk
 * refuses (full, read-only): then `trouble` says why, the job is tried again every 10 s, and nothing older is lost.
 * More than HISTORY_WAITING_MAX waiting jobs drop the newest put: its UV_ENOBUFS says so, and `trouble` once.
 *
 * Who gave a `done` is answered at once, also then: a read shows what is on disk, without what waits; a person that
 * could not be put or erased is told the error, and is not tried again.
 *
 * At the start the file's integrity is checked (PRAGMA quick_check) and its schema migrated. A damaged one is set aside
 * as `history.db.damaged-<UTC>` and said, never deleted; one of a newer program, or of another one, is left alone and
 * said, and nothing is kept: puts are dropped and counted, questions answered with UV_ENOTSUP. The only folder that
 * sees sqlite3.h.
 *
 * Erasing is real: secure_delete is on, and after a person was erased the file is written anew and the WAL truncated.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "session/record.h"

#define HISTORY_WAITING_MAX 1000u
#define HISTORY_NAME_MAX    64u  /* bytes of a person's name with its NUL */
#define HISTORY_ROWS_MAX    200u /* of one answer */

struct history;

struct history_callbacks {
	void *user;
	/* Something is wrong with the file, as one sentence that says what to do; NULL: all is well again. That a file
	 * was set aside stays said until the end. From the loop, never from within a call. */
	void (*trouble)(void *user, const char *why);
	void (*closed)(void *user);
};

/* Opens or creates `path` (a file; its directory exists) on the worker. 0, UV_ENOMEM or UV_EINVAL; everything that is
 * wrong with the file comes through `trouble`. */
int history_open(uv_loop_t *loop, const char *path, const struct history_callbacks *callbacks, struct history **out);
/* Does what waits (each once more; what the disk still refuses is given up and said), truncates the WAL, then calls
 * `closed`. */
void history_close(struct history *history);

/* ---- sessions ---- */

/* Inserts it, or replaces the row with its id. Takes a copy. 0, UV_ENOMEM, UV_ENOBUFS (too many wait). One of a person
 * who was erased is not kept; of a person whom the file never had it becomes nobody's (a damaged file was set aside).
 */
int history_put_session(struct history *history, const struct session_record *record);
/* Sessions of that boot get their time of day, or another one: begun_ms = begun_boot_ms + offset_ms, `placed`. One that
 * is put again afterwards must say so itself. */
int history_place(struct history *history, const char *boot_id, int64_t offset_ms);
/* Those that an earlier process left running (SESSION_RUNNING) become SESSION_CUT; to be called before the first put
 * of a session. */
int history_cut_running(struct history *history);
/* Placed sessions that began before that moment (Unix ms) go, for good. */
int history_forget_before(struct history *history, int64_t before_ms);

#define HISTORY_EVERYBODY (-1)
struct history_query {
	int64_t person;             /* HISTORY_EVERYBODY, SESSION_NOBODY or an id */
	int64_t since_ms, until_ms; /* Unix: since <= begun_ms < until; 0: open. Where one is given, only placed ones */
	bool newest_first;
	bool after;                     /* go on behind this row: */
	int64_t after_ms;               /* its begun_ms (of one that is not placed: 0) ... */
	char after_id[SESSION_ID_SIZE]; /* ... and id */
	size_t most;                    /* 1..HISTORY_ROWS_MAX */
};

struct history_answer {
	int error; /* 0, or a negative UV_E* code: then there is nothing */
	const struct session_record *rows;
	size_t n;
	bool more; /* there are rows behind the last */
};
/* `done` is called once, from the loop, after all puts before it; rows are valid within the call. On history_close with
 * UV_ECANCELED. */
int history_sessions(struct history *history, const struct history_query *query, void *user,
		     void (*done)(void *user, const struct history_answer *answer));

/* ---- people ---- */

struct history_person {
	int64_t id;                  /* > 0; 0 in a put: a new one */
	char name[HISTORY_NAME_MAX]; /* not ""; no two differ only in the case of ASCII letters */
	/* JSON text of what is kept of the person beside the name; its meaning is not known here. Up to 64 KiB. */
	const char *document;
};
struct history_people {
	int error;
	const struct history_person *items; /* by name */
	size_t n;
};
int history_people(struct history *history, void *user, void (*done)(void *user, const struct history_people *answer));
/* 0, UV_EINVAL (no name, or too long), UV_ENOMEM, UV_ENOBUFS. `done` (may be NULL: then it waits as a session does):
 * error UV_EEXIST: another person has this name; UV_ENOENT: no such id; `id` of the row, never one that was erased. */
int history_put_person(struct history *history, const struct history_person *person, void *user,
		       void (*done)(void *user, int error, int64_t id));
/* The person, all sessions of the person, and the setting "person" if it is that id. `done` (not NULL): how many
 * sessions went, once no byte of them is left; UV_ENOENT: no such id; another error: the disk refused, and what was
 * erased already is overwritten as soon as it does not. */
int history_erase_person(struct history *history, int64_t person, void *user,
			 void (*done)(void *user, int error, size_t sessions));

/* ---- settings: "person": what is chosen, over restarts ---- */

/* `value` NULL: withdrawn. UV_EINVAL: "history.scrub", which is ours. */
int history_put_setting(struct history *history, const char *name, const char *value);
/* `value` NULL: there is none; valid within the call. */
int history_setting(struct history *history, const char *name, void *user,
		    void (*done)(void *user, int error, const char *value));

/* ---- figures ---- */
struct history_counters {
	uint64_t writes;  /* jobs that changed the file */
	uint64_t written; /* bytes written to the file, its WAL and journal by this process */
	uint64_t dropped; /* changes that had no room, were given up, or came to a file that is left alone */
	size_t waiting;
};
struct history_counters history_counters(const struct history *history);

#endif

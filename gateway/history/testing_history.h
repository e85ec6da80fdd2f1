/* SPDX-License-Identifier: Apache-2.0
 * A history in a directory of its own, on a loop of its own, and what it said. Test programs only. */
#ifndef HISTORY_TESTING_HISTORY_H
#define HISTORY_TESTING_HISTORY_H

#include <stdatomic.h>

#include "history/inside.h"

#define TESTING_RETRY_MS 2

struct testing_history {
	char directory[64], path[96];
	uv_loop_t loop;
	struct history *history;
	struct history_options options;
	unsigned troubles, wells, closed;
	char trouble[1024]; /* the last one; "" after all was well */

	/* The last answer, of whatever kind. */
	bool answered;
	int error;
	struct session_record rows[HISTORY_ROWS_MAX];
	struct history_person people[16];
	char document[256]; /* of the last person */
	size_t n;
	bool more, none;
	int64_t id;
	char value[128];

	_Atomic int refuse_with; /* an SQLite code: every write and sync fails with it */
	_Atomic unsigned tried;  /* writes and syncs */
};

/* As setup and teardown of cmocka; the directory goes with all that is in it. */
int testing_setup(void **state);
int testing_teardown(void **state);
/* With the options in it. */
void testing_open(struct testing_history *t);
void testing_close(struct testing_history *t);

struct session_record testing_session(const char *id, int64_t person, int64_t begun_ms);
void testing_put(struct testing_history *t, const char *id, int64_t person, int64_t begun_ms);
/* These ask, and run the loop until the answer is there. */
void testing_ask(struct testing_history *t, const struct history_query *query);
void testing_all(struct testing_history *t);
void testing_people(struct testing_history *t);
int testing_put_person(struct testing_history *t, int64_t id, const char *name, const char *document);
int testing_erase(struct testing_history *t, int64_t id);
/* NULL: there is none. */
const char *testing_setting(struct testing_history *t, const char *name);
void testing_until_trouble(struct testing_history *t);
void testing_until_well(struct testing_history *t);

/* Functions for a `done`. */
void testing_on_sessions(void *user, const struct history_answer *answer);
void testing_on_person(void *user, int error, int64_t id);

/* One value that a statement answers with, of the file while no history has it open. */
int64_t testing_number(const char *path, const char *sql);
/* Runs statements on it. */
void testing_sql(const char *path, const char *sql);
/* Names of files in the directory that contain `part`; the first goes to `out` (may be NULL) as a path. */
size_t testing_files(const struct testing_history *t, const char *part, char *out, size_t cap);
/* How often these bytes stand in any file of the directory. */
size_t testing_grep(const struct testing_history *t, const char *bytes);
/* Writes bytes over a file. */
void testing_overwrite(const char *path, long at, const void *bytes, size_t size);

#endif

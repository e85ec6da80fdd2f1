/* SPDX-License-Identifier: Apache-2.0 */
#include "history/sessions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* ---- writing ---- */

static void bind_number(sqlite3_stmt *s, int at, bool has, double value)
{
	if (has)
		sqlite3_bind_double(s, at, value); /* of what is no number SQLite makes NULL */
	else
		sqlite3_bind_null(s, at);
}

static void bind_whole(sqlite3_stmt *s, int at, bool has, int64_t value)
{
	if (has)
		sqlite3_bind_int64(s, at, value);
	else
		sqlite3_bind_null(s, at);
}

static void bind_record(sqlite3_stmt *s, const struct session_record *r, int64_t person)
{
	database_bind_text(s, 1, r->id);
	bind_whole(s, 2, person != SESSION_NOBODY, person);
	sqlite3_bind_int(s, 3, (int)r->kind);
	database_bind_text(s, 4, r->what);
	database_bind_text(s, 5, r->device);
	database_bind_text(s, 6, r->boot_id);
	sqlite3_bind_int64(s, 7, r->begun_boot_ms);
	sqlite3_bind_int(s, 8, r->placed);
	sqlite3_bind_int64(s, 9, r->placed ? r->begun_ms : 0);
	sqlite3_bind_int64(s, 10, r->lasted_ms);
	sqlite3_bind_int64(s, 11, r->active_ms);
	sqlite3_bind_int64(s, 12, r->unknown_ms);
	bind_whole(s, 13, r->has_value || r->has_limit, (int)r->unit);
	bind_number(s, 14, r->has_value, r->peak);
	bind_number(s, 15, r->has_value, r->mean);
	bind_number(s, 16, r->has_limit, r->limit);
	sqlite3_bind_int64(s, 17, r->over_ms);
	bind_number(s, 18, r->has_dose, r->dose_min);
	sqlite3_bind_int64(s, 19, r->trips);
	sqlite3_bind_int64(s, 20, r->alarms);
	sqlite3_bind_int(s, 21, (int)r->end);
	database_bind_text(s, 22, r->rule);
	bind_whole(s, 23, r->pain_before != SESSION_PAIN_NOT_TOLD, r->pain_before);
	bind_whole(s, 24, r->pain_after != SESSION_PAIN_NOT_TOLD, r->pain_after);
	database_bind_text(s, 25, r->note);
	database_bind_text(s, 26, r->plan);
	sqlite3_bind_int(s, 27, r->step);
}

/* A person whom this file never had is nobody to it: the file that had them may have been set aside as damaged, and
 * the session is worth keeping. Who was erased stays erased, although a session of theirs was still running. */
static int known(struct database *d, int64_t *person, bool *erased)
{
	*erased = false;
	if (*person == SESSION_NOBODY)
		return SQLITE_OK;
	sqlite3_stmt *s = database_statement(d, STATEMENT_PERSON_KNOWN);
	sqlite3_bind_int64(s, 1, *person);
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && !sqlite3_column_int(s, 0)) {
		*erased = sqlite3_column_int(s, 1);
		*person = SESSION_NOBODY;
	}
	sqlite3_reset(s);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int sessions_put(struct database *d, const struct session_record *record, bool *erased)
{
	int64_t person = record->person;
	int rc = known(d, &person, erased);
	if (rc != SQLITE_OK || *erased)
		return rc;
	sqlite3_stmt *s = database_statement(d, STATEMENT_SESSION_PUT);
	bind_record(s, record, person);
	rc = database_run(s);
	if (rc != SQLITE_OK)
		return rc;
	s = database_statement(d, STATEMENT_SESSION_INDEXED);
	database_bind_text(s, 1, record->id);
	bind_whole(s, 2, person != SESSION_NOBODY, person);
	sqlite3_bind_int64(s, 9, record->placed ? record->begun_ms : 0);
	return database_run(s);
}

int sessions_place(struct database *d, const char *boot_id, int64_t offset_ms)
{
	sqlite3_stmt *s = database_statement(d, STATEMENT_SESSION_PLACE);
	database_bind_text(s, 1, boot_id);
	sqlite3_bind_int64(s, 2, offset_ms);
	return database_run(s);
}

int sessions_cut_running(struct database *d)
{
	sqlite3_stmt *s = database_statement(d, STATEMENT_SESSION_CUT);
	sqlite3_bind_int(s, 1, SESSION_RUNNING);
	sqlite3_bind_int(s, 2, SESSION_CUT);
	return database_run(s);
}

int sessions_forget_before(struct database *d, int64_t before_ms)
{
	sqlite3_stmt *s = database_statement(d, STATEMENT_SESSION_FORGET);
	sqlite3_bind_int64(s, 1, before_ms);
	return database_run(s);
}

/* ---- reading ---- */

static void read_text(sqlite3_stmt *s, int at, char *out, size_t cap)
{
	const unsigned char *text = sqlite3_column_text(s, at);
	str_copy(out, cap, text ? (const char *)text : "");
}

/* The file may be of a later program that counts further: what has no name here is `other`, never an index beyond an
 * array. */
static int read_choice(sqlite3_stmt *s, int at, int count, int other)
{
	int64_t value = sqlite3_column_int64(s, at);
	return value >= 0 && value < count ? (int)value : other;
}

static bool read_number(sqlite3_stmt *s, int at, double *out)
{
	bool has = sqlite3_column_type(s, at) != SQLITE_NULL;
	*out = has ? sqlite3_column_double(s, at) : 0;
	return has;
}

static int read_pain(sqlite3_stmt *s, int at)
{
	return sqlite3_column_type(s, at) != SQLITE_NULL ? sqlite3_column_int(s, at) : SESSION_PAIN_NOT_TOLD;
}

static void read_row(sqlite3_stmt *s, struct session_record *r)
{
	*r = (struct session_record){0};
	read_text(s, 0, r->id, sizeof r->id);
	r->person = sqlite3_column_int64(s, 1); /* NULL: 0, SESSION_NOBODY */
	r->kind = (enum session_kind)read_choice(s, 2, SESSION_KIND_COUNT_, SESSION_ACTIVITY);
	read_text(s, 3, r->what, sizeof r->what);
	read_text(s, 4, r->device, sizeof r->device);
	read_text(s, 5, r->boot_id, sizeof r->boot_id);
	r->begun_boot_ms = sqlite3_column_int64(s, 6);
	r->placed = sqlite3_column_int(s, 7);
	r->begun_ms = sqlite3_column_int64(s, 8);
	r->lasted_ms = sqlite3_column_int64(s, 9);
	r->active_ms = sqlite3_column_int64(s, 10);
	r->unknown_ms = sqlite3_column_int64(s, 11);
	r->unit = (enum therapy_unit)read_choice(s, 12, THERAPY_UNIT_COUNT_, THERAPY_UNIT_ONE);
	r->has_value = read_number(s, 13, &r->peak);
	if (!read_number(s, 14, &r->mean) && r->has_value)
		r->mean = (double)NAN;
	r->has_limit = read_number(s, 15, &r->limit);
	r->over_ms = sqlite3_column_int64(s, 16);
	r->has_dose = read_number(s, 17, &r->dose_min);
	r->trips = (unsigned)sqlite3_column_int64(s, 18);
	r->alarms = (unsigned)sqlite3_column_int64(s, 19);
	r->end = (enum session_end)read_choice(s, 20, SESSION_END_COUNT_, SESSION_ENDED);
	read_text(s, 21, r->rule, sizeof r->rule);
	r->pain_before = read_pain(s, 22);
	r->pain_after = read_pain(s, 23);
	read_text(s, 24, r->note, sizeof r->note);
	read_text(s, 25, r->plan, sizeof r->plan);
	r->step = sqlite3_column_int(s, 26);
}

/* `since`, `until` and where to go on are two bounds: the nearer of two on one side is the one. An id is never "", so
 * ("moment", "") stands before all sessions of that moment. */
static sqlite3_stmt *ask(struct database *d, const struct history_query *q)
{
	static const enum statement which[2][2] = {{STATEMENT_SESSIONS_OLDEST, STATEMENT_SESSIONS_OLDEST_OF},
						   {STATEMENT_SESSIONS_NEWEST, STATEMENT_SESSIONS_NEWEST_OF}};
	sqlite3_stmt *s = database_statement(d, which[q->newest_first][q->person != HISTORY_EVERYBODY]);
	int64_t since = q->since_ms ? q->since_ms : INT64_MIN, until = q->until_ms ? q->until_ms : INT64_MAX;
	int64_t from = q->newest_first ? until : since;
	bool nearer = q->after && (q->newest_first ? q->after_ms < from : q->after_ms >= from);
	sqlite3_bind_int64(s, 1, nearer ? q->after_ms : from);
	database_bind_text(s, 2, nearer ? q->after_id : "");
	sqlite3_bind_int64(s, 3, q->newest_first ? since : until);
	sqlite3_bind_int(s, 4, q->since_ms || q->until_ms);
	sqlite3_bind_int64(s, 5, (int64_t)q->most + 1); /* one more tells whether there is more */
	if (q->person != HISTORY_EVERYBODY)
		bind_whole(s, 6, q->person != SESSION_NOBODY, q->person);
	return s;
}

int sessions_find(struct database *d, const struct history_query *query, struct session_record **rows, size_t *n,
		  bool *more)
{
	struct session_record *found = malloc(query->most * sizeof *found);
	if (!found)
		return SQLITE_NOMEM;
	sqlite3_stmt *s = ask(d, query);
	size_t count = 0;
	int rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW && count < query->most)
		read_row(s, &found[count++]);
	sqlite3_reset(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		free(found);
		return rc;
	}
	*rows = found;
	*n = count;
	*more = rc == SQLITE_ROW;
	return SQLITE_OK;
}

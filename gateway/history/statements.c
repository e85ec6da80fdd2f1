/* SPDX-License-Identifier: Apache-2.0 */
#include "history/statements.h"

/* The order in which sessions.c binds and reads. */
#define COLUMNS                                                                                                        \
	"id, person, kind, what, device, boot_id, begun_boot_ms, placed, begun_ms, lasted_ms, active_ms, unknown_ms, " \
	"unit, peak, mean, bound, over_ms, dose_min, trips, alarms, ended, rule, pain_before, pain_after, note, "      \
	"plan, step "

/* A page goes on behind (?1, ?2) and ends before (newest first: not before) ?3. */
#define OLDEST "(begun_ms, id) > (?1, ?2) AND begun_ms < ?3 AND placed >= ?4 ORDER BY begun_ms, id LIMIT ?5"
#define NEWEST "(begun_ms, id) < (?1, ?2) AND begun_ms >= ?3 AND placed >= ?4 ORDER BY begun_ms DESC, id DESC LIMIT ?5"

static const char *const sql[STATEMENT_COUNT_] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    /* What is in an index is left out: naming it in SET writes the index's page, even where nothing changes. */
    [STATEMENT_SESSION_PUT] =
	"INSERT INTO session(" COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
	"?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27) ON CONFLICT(id) DO UPDATE SET "
	"kind = ?3, what = ?4, device = ?5, boot_id = ?6, begun_boot_ms = ?7, placed = ?8, lasted_ms = ?10, "
	"active_ms = ?11, unknown_ms = ?12, unit = ?13, peak = ?14, mean = ?15, bound = ?16, over_ms = ?17, "
	"dose_min = ?18, trips = ?19, alarms = ?20, ended = ?21, rule = ?22, pain_before = ?23, pain_after = ?24, "
	"note = ?25, plan = ?26, step = ?27",
    [STATEMENT_SESSION_INDEXED] = "UPDATE session SET person = ?2, begun_ms = ?9 "
				  "WHERE id = ?1 AND (person IS NOT ?2 OR begun_ms != ?9)",
    [STATEMENT_SESSION_PLACE] = "UPDATE session SET placed = 1, begun_ms = begun_boot_ms + ?2 "
				"WHERE boot_id = ?1",
    [STATEMENT_SESSION_CUT] = "UPDATE session SET ended = ?2 WHERE ended = ?1",
    [STATEMENT_SESSION_FORGET] = "DELETE FROM session WHERE begun_ms < ?1 AND placed = 1",
    [STATEMENT_SESSION_ERASE] = "DELETE FROM session WHERE person = ?1",
    [STATEMENT_SESSIONS_OLDEST] = "SELECT " COLUMNS "FROM session WHERE " OLDEST,
    [STATEMENT_SESSIONS_NEWEST] = "SELECT " COLUMNS "FROM session WHERE " NEWEST,
    [STATEMENT_SESSIONS_OLDEST_OF] = "SELECT " COLUMNS "FROM session WHERE person IS ?6 AND " OLDEST,
    [STATEMENT_SESSIONS_NEWEST_OF] = "SELECT " COLUMNS "FROM session WHERE person IS ?6 AND " NEWEST,
    /* Is there one of this id; was there ever. */
    [STATEMENT_PERSON_KNOWN] = "SELECT EXISTS(SELECT 1 FROM person WHERE id = ?1), "
			       "?1 <= coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0)",
    [STATEMENT_PERSON_ALL] = "SELECT id, name, document FROM person ORDER BY name",
    [STATEMENT_PERSON_NEW] = "INSERT INTO person(name, document) VALUES(?2, ?3)",
    [STATEMENT_PERSON_SET] = "UPDATE person SET name = ?2, document = ?3 WHERE id = ?1",
    [STATEMENT_PERSON_ERASE] = "DELETE FROM person WHERE id = ?1",
    [STATEMENT_PERSON_UNCHOOSE] = "DELETE FROM setting WHERE name = 'person' AND value = CAST(?1 AS TEXT)",
    [STATEMENT_SETTING_PUT] = "INSERT INTO setting(name, value) VALUES(?1, ?2) "
			      "ON CONFLICT(name) DO UPDATE SET value = ?2 WHERE value != ?2",
    [STATEMENT_SETTING_DROP] = "DELETE FROM setting WHERE name = ?1",
    [STATEMENT_SETTING_GET] = "SELECT value FROM setting WHERE name = ?1",
};

const char *statement_sql(enum statement which)
{
	return sql[which];
}

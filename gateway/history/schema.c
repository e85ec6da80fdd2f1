/* SPDX-License-Identifier: Apache-2.0 */
#include "history/schema.h"

#include <stdio.h>

/* Enumerations are kept by their numbers (session/record.h); what was not measured or told is NULL; a session whose
 * time of day is not known has 0 and placed = 0, so that it has its place in the order. A person's id is never given
 * twice (AUTOINCREMENT): a late change of somebody who was erased finds nobody. */
static const char *const steps[] = {
    "CREATE TABLE person(\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  name TEXT NOT NULL UNIQUE COLLATE NOCASE,\n"
    "  document TEXT NOT NULL) STRICT;\n"
    "CREATE TABLE session(\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  id TEXT NOT NULL UNIQUE,\n"
    "  person INTEGER REFERENCES person(id),\n"
    "  kind INTEGER NOT NULL,\n"
    "  what TEXT NOT NULL,\n"
    "  device TEXT NOT NULL,\n"
    "  boot_id TEXT NOT NULL,\n"
    "  begun_boot_ms INTEGER NOT NULL,\n"
    "  placed INTEGER NOT NULL,\n"
    "  begun_ms INTEGER NOT NULL,\n"
    "  lasted_ms INTEGER NOT NULL,\n"
    "  active_ms INTEGER NOT NULL,\n"
    "  unknown_ms INTEGER NOT NULL,\n"
    "  unit INTEGER,\n"
    "  peak REAL,\n"
    "  mean REAL,\n"
    "  bound REAL,\n" /* LIMIT and END are words of SQL */
    "  over_ms INTEGER NOT NULL,\n"
    "  dose_min REAL,\n"
    "  trips INTEGER NOT NULL,\n"
    "  alarms INTEGER NOT NULL,\n"
    "  ended INTEGER NOT NULL,\n"
    "  rule TEXT NOT NULL,\n"
    "  pain_before INTEGER,\n"
    "  pain_after INTEGER,\n"
    "  note TEXT NOT NULL,\n"
    "  plan TEXT NOT NULL,\n"
    "  step INTEGER NOT NULL) STRICT;\n"
    "CREATE INDEX session_by_time ON session(begun_ms, id);\n"
    "CREATE INDEX session_by_person ON session(person, begun_ms, id);\n"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;\n",
};

struct schema_ladder schema_ladder(void)
{
	return (struct schema_ladder){steps, sizeof steps / sizeof *steps};
}

int schema_number(sqlite3 *db, const char *name, long long *out)
{
	char sql[64];
	snprintf(sql, sizeof sql, "PRAGMA %s", name);
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW)
			*out = sqlite3_column_int64(statement, 0);
		rc = rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_ERROR : rc;
	}
	sqlite3_finalize(statement);
	return rc;
}

static int climb(sqlite3 *db, const char *step, size_t version)
{
	char mark[96];
	snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
		 SCHEMA_APPLICATION_ID, version);
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, step, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, mark, NULL, NULL, NULL);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int schema_migrate(sqlite3 *db, struct schema_ladder ladder)
{
	long long version = 0;
	int rc = schema_number(db, "user_version", &version);
	for (size_t i = rc == SQLITE_OK ? (size_t)version : ladder.n; rc == SQLITE_OK && i < ladder.n; i++)
		rc = climb(db, ladder.steps[i], i + 1);
	return rc;
}

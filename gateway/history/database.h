/* SPDX-License-Identifier: Apache-2.0
 *
 * database - the open file: found whole or set aside, migrated, its statements prepared, and what it refuses in words.
 * Everything here blocks; all of it belongs to the one worker that runs (history.c), but for `shim.written`, which
 * anybody may read.
 */
#ifndef HISTORY_DATABASE_H
#define HISTORY_DATABASE_H

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "history/schema.h"
#include "history/shim.h"

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_SESSION_PUT,
	STATEMENT_SESSION_INDEXED,
	STATEMENT_SESSION_PLACE,
	STATEMENT_SESSION_CUT,
	STATEMENT_SESSION_FORGET,
	STATEMENT_SESSION_ERASE,
	STATEMENT_SESSIONS_OLDEST,
	STATEMENT_SESSIONS_NEWEST,
	STATEMENT_SESSIONS_OLDEST_OF,
	STATEMENT_SESSIONS_NEWEST_OF,
	STATEMENT_PERSON_KNOWN,
	STATEMENT_PERSON_ALL,
	STATEMENT_PERSON_NEW,
	STATEMENT_PERSON_SET,
	STATEMENT_PERSON_ERASE,
	STATEMENT_PERSON_UNCHOOSE,
	STATEMENT_SETTING_PUT,
	STATEMENT_SETTING_DROP,
	STATEMENT_SETTING_GET,
	STATEMENT_COUNT_
};

/* What is never a person's choice: the setting that an erasing leaves until its bytes are overwritten, too. */
#define DATABASE_SCRUB_OWED "history.scrub"

enum database_state {
	DATABASE_SHUT,
	DATABASE_OPEN,
	DATABASE_LEFT_ALONE, /* a newer program's, or no history at all: not opened, for good */
};

struct database {
	char path[PATH_MAX];
	struct schema_ladder ladder;
	struct shim shim;
	enum database_state state;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT_];
	bool scrub_owed;
	char why[PATH_MAX + 512];       /* sentence: the last refusal, or why it is left alone */
	char aside[2 * PATH_MAX + 512]; /* sentence: what was set aside; "" : nothing */
};

/* Does not touch the file. 0 or an SQLite code. */
int database_init(struct database *d, const char *path, struct schema_ladder ladder, const struct shim_hook *hook);
/* Shuts it. */
void database_release(struct database *d);

/* Opens the file unless it is. 0; UV_ENOTSUP: it is left alone, for good; another negative UV_E* code: refused. `why`
 * says it. */
int database_open(struct database *d);
/* Writes the WAL back into the file and closes. */
void database_shut(struct database *d);

/* Is it the disk (or somebody who holds the file) that refuses, so that the same may work later? Else the change itself
 * cannot be. */
bool database_refused(int rc);
/* After a refusal: rolls back, says `why`, and shuts a file that turned out to be damaged: the next open sets it aside.
 * Returns the negative UV_E* code. */
int database_explain(struct database *d, int rc);

int database_begin(struct database *d);
int database_commit(struct database *d);
/* A change that changes nothing: does the disk take it? */
int database_probe(struct database *d);
/* Overwrites what erased rows left in the file and its WAL. To be called when `scrub_owed`. */
int database_scrub(struct database *d);

/* One of the statements, reset and its parameters bound by the caller. */
sqlite3_stmt *database_statement(struct database *d, enum statement which);
/* Runs one that answers nothing. 0 or an SQLite code. */
int database_run(sqlite3_stmt *statement);
/* A bound text is used until the statement is run. */
void database_bind_text(sqlite3_stmt *statement, int at, const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "history/database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/str.h"
#include "history/people.h"
#include "history/place.h"
#include "history/statements.h"

#define BUSY_MS 200

/* locking_mode: one process alone, and so no -shm file, whose pages the kernel would write out as well.
 * temp_store: what VACUUM and sorting need for a moment is health data, too, and stays out of /tmp.
 * page_size: a changed row costs a page in the WAL; 1 KiB holds the longest session in one. */
static const char *const pragmas_first = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY;"
					 "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
					 "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
					 "PRAGMA cache_size = -256; PRAGMA page_size = 1024;";
/* A checkpoint writes each page that changed once, however often it did: 400 pages are about a week of use. */
static const char *const pragmas_then = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 400;"
					"PRAGMA journal_size_limit = 524288;";

int database_init(struct database *d, const char *path, struct schema_ladder ladder, const struct shim_hook *hook)
{
	*d = (struct database){.ladder = ladder};
	if (!str_copy(d->path, sizeof d->path, path))
		return SQLITE_TOOBIG;
	return shim_register(&d->shim, hook);
}

void database_release(struct database *d)
{
	database_shut(d);
	shim_unregister(&d->shim);
}

static void say(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(char *out, size_t cap, const char *format, ...)
{
	struct str s;
	va_list args;
	va_start(args, format);
	str_init(&s, out, cap);
	str_addv(&s, format, args);
	va_end(args);
}

/* ---- what is refused, and why ---- */

bool database_refused(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
		return false;
	default:
		return true;
	}
}

static bool damaged(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* What the system said, where SQLite says no more than that there was something. 0: not known. */
static int system_error(struct database *d, int rc)
{
	int system = (rc & 0xff) == SQLITE_IOERR      ? d->shim.system_error
		     : (rc & 0xff) == SQLITE_CANTOPEN ? sqlite3_system_errno(d->db)
						      : 0;
	d->shim.system_error = 0;
	return system;
}

static int explain(struct database *d, int rc, int system)
{
	char what[128];
	switch (rc & 0xff) {
	case SQLITE_FULL:
		say(d->why, sizeof d->why,
		    "%s: the disk is full: sessions wait in memory until there is room; delete what is not needed",
		    d->path);
		return UV_ENOSPC;
	case SQLITE_READONLY:
		say(d->why, sizeof d->why,
		    "%s: expected to write, and may only read: sessions wait in memory; mount the disk for writing "
		    "(after an error of it, check it first) and give the file and its folder to the service",
		    d->path);
		return UV_EROFS;
	case SQLITE_BUSY:
		say(d->why, sizeof d->why,
		    "%s: another program has it open: sessions wait in memory until that program is ended", d->path);
		return UV_EBUSY;
	case SQLITE_NOMEM:
		say(d->why, sizeof d->why, "%s: no memory: sessions wait until there is some", d->path);
		return UV_ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		say(d->why, sizeof d->why,
		    "%s: damaged: it is set aside within seconds, and a new one begun (%s); look at the disk", d->path,
		    sqlite3_errstr(rc));
		return UV_EIO;
	default:
		if (system)
			uv_strerror_r(-system, what, sizeof what);
		else
			str_copy(what, sizeof what, sqlite3_errstr(rc));
		say(d->why, sizeof d->why,
		    "%s: cannot be read or written (%s): sessions wait in memory; look at the disk, and at who owns "
		    "the "
		    "file and its folder",
		    d->path, what);
		return system ? -system : UV_EIO;
	}
}

int database_explain(struct database *d, int rc)
{
	int error = explain(d, rc, system_error(d, rc));
	if (d->db && !sqlite3_get_autocommit(d->db))
		(void)database_run(database_statement(d, STATEMENT_ROLLBACK));
	if (damaged(rc))
		database_shut(d);
	return error;
}

/* ---- statements ---- */

sqlite3_stmt *database_statement(struct database *d, enum statement which)
{
	return d->statements[which];
}

int database_run(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);
	int reset = sqlite3_reset(statement);
	sqlite3_clear_bindings(statement); /* the texts were the caller's */
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? reset : rc;
}

void database_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

int database_begin(struct database *d)
{
	return database_run(database_statement(d, STATEMENT_BEGIN));
}

int database_commit(struct database *d)
{
	return database_run(database_statement(d, STATEMENT_COMMIT));
}

static int execute(struct database *d, const char *sql)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL);
}

int database_probe(struct database *d)
{
	char sql[64];
	snprintf(sql, sizeof sql, "PRAGMA user_version = %zu", d->ladder.n);
	return execute(d, sql);
}

/* secure_delete overwrites a row where it last stood. It does not overwrite where the row stood before a page was
 * divided or put in order, so the file is written anew; and then the WAL, which has older pages, is made empty. */
int database_scrub(struct database *d)
{
	int rc = execute(d, "VACUUM");
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = people_put_setting(d, DATABASE_SCRUB_OWED, NULL);
	if (rc == SQLITE_OK)
		d->scrub_owed = false;
	return rc;
}

/* ---- opening ---- */

static void close_it(struct database *d)
{
	for (size_t i = 0; i < STATEMENT_COUNT_; i++) {
		sqlite3_finalize(d->statements[i]);
		d->statements[i] = NULL;
	}
	sqlite3_close(d->db);
	d->db = NULL;
	if (d->state == DATABASE_OPEN)
		d->state = DATABASE_SHUT;
}

void database_shut(struct database *d)
{
	if (d->state == DATABASE_OPEN)
		(void)sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	close_it(d);
}

/* Until it is known to be ours and whole, closing it leaves file and WAL as they were found. */
static int open_handle(struct database *d)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(d->path, &d->db, flags, d->shim.name);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(d->db, BUSY_MS);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	rc = execute(d, pragmas_first);
	return rc == SQLITE_OK && sqlite3_db_readonly(d->db, "main") == 1 ? SQLITE_READONLY : rc;
}

/* SQLITE_AUTH: not ours to touch. */
static int identify(struct database *d)
{
	long long application = 0, version = 0, tables = 0;
	int rc = schema_number(d->db, "application_id", &application);
	if (rc == SQLITE_OK)
		rc = schema_number(d->db, "user_version", &version);
	if (rc == SQLITE_OK)
		rc = schema_number(d->db, "schema_version", &tables); /* 0 while there never was a table */
	if (rc != SQLITE_OK)
		return rc;
	if (application != SCHEMA_APPLICATION_ID && (application != 0 || version != 0 || tables != 0)) {
		say(d->why, sizeof d->why,
		    "%s: expected a history of this gateway, found a database of another program (application_id "
		    "%lld): "
		    "it is left as it is and no session is kept; move it away and start the gateway again",
		    d->path, application);
		return SQLITE_AUTH;
	}
	if (version < 0 || (unsigned long long)version > d->ladder.n) {
		say(d->why, sizeof d->why,
		    "%s: expected a history of version %zu or older, found %lld, which a newer gateway wrote: it is "
		    "left "
		    "as it is and no session is kept; install the newer gateway, or move the file away and start again",
		    d->path, d->ladder.n, version);
		return SQLITE_AUTH;
	}
	return SQLITE_OK;
}

static int check(struct database *d, char *found, size_t cap)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(d->db, "PRAGMA quick_check(1)", -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(s, 0);
		rc = text && strcmp((const char *)text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
		struct str line;
		str_init(&line, found, cap);
		if (text)
			str_add_printable(&line, text, strcspn((const char *)text, "\n"), cap / 2);
	}
	sqlite3_finalize(s);
	return rc;
}

static int prepare(struct database *d)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < STATEMENT_COUNT_; i++)
		rc = sqlite3_prepare_v3(d->db, statement_sql((enum statement)i), -1, SQLITE_PREPARE_PERSISTENT,
					&d->statements[i], NULL);
	return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc; /* a table is missing: not what its version says */
}

static int ready(struct database *d)
{
	int rc = execute(d, "PRAGMA journal_mode = WAL");
	if (rc == SQLITE_OK)
		rc = execute(d, pragmas_then);
	if (rc == SQLITE_OK)
		rc = schema_migrate(d->db, d->ladder);
	if (rc == SQLITE_OK)
		rc = prepare(d);
	char *owed = NULL;
	if (rc == SQLITE_OK)
		rc = people_setting(d, DATABASE_SCRUB_OWED, &owed);
	d->scrub_owed = owed != NULL;
	free(owed);
	return rc;
}

static void close_unused(struct database *d)
{
	close_it(d);
	place_tidy(d->path);
}

/* 0; SQLITE_AUTH; CORRUPT or NOTADB: it is damaged, `found` says where; another code: refused. */
static int try_open(struct database *d, char *found, size_t cap)
{
	int rc = open_handle(d);
	if (rc == SQLITE_OK)
		rc = identify(d);
	if (rc == SQLITE_OK)
		rc = check(d, found, cap);
	if (rc == SQLITE_OK)
		rc = ready(d);
	if (rc == SQLITE_OK)
		sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return rc;
}

static int set_aside(struct database *d, const char *found)
{
	char name[PATH_MAX];
	int error = place_set_aside(d->path, name, sizeof name);
	if (error)
		return error;
	say(d->aside, sizeof d->aside,
	    "%s was damaged (%s) and is now %s; a new history was begun. To go back, stop the gateway and put a backup "
	    "in "
	    "its place; the damaged file still holds health data, delete it when it is of no use",
	    d->path, found, name);
	return 0;
}

/* What the system refuses before SQLite is asked. */
static int refused_by_system(struct database *d, int error)
{
	int rc = error == UV_ENOSPC || error == -EDQUOT ? SQLITE_FULL
		 : error == UV_EROFS                    ? SQLITE_READONLY
							: SQLITE_CANTOPEN;
	(void)explain(d, rc, -error);
	return error;
}

int database_open(struct database *d)
{
	if (d->state != DATABASE_SHUT)
		return d->state == DATABASE_OPEN ? 0 : UV_ENOTSUP;
	int error = place_make(d->path);
	char found[256] = "it is not a database";
	int rc = error ? SQLITE_OK : try_open(d, found, sizeof found);
	if (!error && damaged(rc)) {
		close_unused(d);
		error = set_aside(d, found);
		if (!error)
			error = place_make(d->path);
		rc = error ? SQLITE_OK : try_open(d, found, sizeof found);
	}
	if (error)
		return refused_by_system(d, error);
	if (rc != SQLITE_OK) {
		error = rc == SQLITE_AUTH ? UV_ENOTSUP : explain(d, rc, system_error(d, rc));
		close_unused(d);
		d->state = rc == SQLITE_AUTH ? DATABASE_LEFT_ALONE : DATABASE_SHUT;
		return error;
	}
	d->state = DATABASE_OPEN;
	return 0;
}

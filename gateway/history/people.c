/* SPDX-License-Identifier: Apache-2.0 */
#include "history/people.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* ---- people ---- */

static char *copy_column(sqlite3_stmt *s, int at)
{
	const unsigned char *text = sqlite3_column_text(s, at);
	return strdup(text ? (const char *)text : "");
}

void people_free(struct people_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->documents[i]);
	free(list->documents);
	free(list->items);
	*list = (struct people_list){0};
}

static bool grow(struct people_list *list, size_t *cap)
{
	if (list->n < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 8;
	struct history_person *items = realloc(list->items, more * sizeof *items);
	if (items)
		list->items = items;
	char **documents = items ? realloc(list->documents, more * sizeof *documents) : NULL;
	if (!documents)
		return false;
	list->documents = documents;
	*cap = more;
	return true;
}

static int add_row(struct people_list *list, size_t *cap, sqlite3_stmt *s)
{
	char *document = copy_column(s, 2);
	if (!document || !grow(list, cap)) {
		free(document);
		return SQLITE_NOMEM;
	}
	struct history_person *person = &list->items[list->n];
	const unsigned char *name = sqlite3_column_text(s, 1);
	person->id = sqlite3_column_int64(s, 0);
	str_copy(person->name, sizeof person->name, name ? (const char *)name : "");
	person->document = document;
	list->documents[list->n++] = document;
	return SQLITE_OK;
}

int people_all(struct database *d, struct people_list *out)
{
	struct people_list list = {0};
	size_t cap = 0;
	sqlite3_stmt *s = database_statement(d, STATEMENT_PERSON_ALL);
	int rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		if ((rc = add_row(&list, &cap, s)) != SQLITE_OK)
			break;
	sqlite3_reset(s);
	if (rc != SQLITE_DONE) {
		people_free(&list);
		return rc;
	}
	*out = list;
	return SQLITE_OK;
}

int people_put(struct database *d, int64_t id, const char *name, const char *document, int64_t *out)
{
	sqlite3_stmt *s = database_statement(d, id ? STATEMENT_PERSON_SET : STATEMENT_PERSON_NEW);
	if (id)
		sqlite3_bind_int64(s, 1, id);
	database_bind_text(s, 2, name);
	database_bind_text(s, 3, document);
	int rc = database_run(s);
	if (rc != SQLITE_OK)
		return rc;
	if (id)
		*out = sqlite3_changes(d->db) > 0 ? id : 0;
	else
		*out = sqlite3_last_insert_rowid(d->db);
	return SQLITE_OK;
}

static int run_with_id(struct database *d, enum statement which, int64_t id, size_t *changed)
{
	sqlite3_stmt *s = database_statement(d, which);
	sqlite3_bind_int64(s, 1, id);
	int rc = database_run(s);
	*changed = rc == SQLITE_OK ? (size_t)sqlite3_changes(d->db) : 0;
	return rc;
}

int people_erase(struct database *d, int64_t id, bool *found, size_t *sessions)
{
	size_t gone = 0, people = 0, choices;
	int rc = run_with_id(d, STATEMENT_SESSION_ERASE, id, &gone);
	if (rc == SQLITE_OK)
		rc = run_with_id(d, STATEMENT_PERSON_UNCHOOSE, id, &choices);
	if (rc == SQLITE_OK)
		rc = run_with_id(d, STATEMENT_PERSON_ERASE, id, &people);
	if (rc == SQLITE_OK && people > 0)
		rc = people_put_setting(d, DATABASE_SCRUB_OWED, "1");
	if (rc != SQLITE_OK)
		return rc;
	*found = people > 0;
	*sessions = gone;
	return SQLITE_OK;
}

/* ---- settings ---- */

int people_put_setting(struct database *d, const char *name, const char *value)
{
	sqlite3_stmt *s = database_statement(d, value ? STATEMENT_SETTING_PUT : STATEMENT_SETTING_DROP);
	database_bind_text(s, 1, name);
	if (value)
		database_bind_text(s, 2, value);
	return database_run(s);
}

int people_setting(struct database *d, const char *name, char **out)
{
	sqlite3_stmt *s = database_statement(d, STATEMENT_SETTING_GET);
	database_bind_text(s, 1, name);
	int rc = sqlite3_step(s);
	char *value = rc == SQLITE_ROW ? copy_column(s, 0) : NULL;
	sqlite3_reset(s);
	if (rc == SQLITE_ROW && !value)
		return SQLITE_NOMEM;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	*out = value;
	return SQLITE_OK;
}

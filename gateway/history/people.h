/* SPDX-License-Identifier: Apache-2.0
 *
 * people - the rows of people, and the settings. All return 0 or an SQLite code, block, and belong to the worker's
 * thread.
 */
#ifndef HISTORY_PEOPLE_H
#define HISTORY_PEOPLE_H

#include "history/database.h"
#include "history/history.h"

struct people_list {
	struct history_person *items;
	char **documents; /* that the items point at */
	size_t n;
};

/* By name; *out is to be freed with people_free. */
int people_all(struct database *d, struct people_list *out);
void people_free(struct people_list *list);
/* id 0: a new one. *out is the row's id, 0: there is none of that id. SQLITE_CONSTRAINT: the name is another's. */
int people_put(struct database *d, int64_t id, const char *name, const char *document, int64_t *out);
/* Takes the person, their sessions, and the choice of them. *found: there was one. database_scrub is owed then. */
int people_erase(struct database *d, int64_t id, bool *found, size_t *sessions);

/* `value` NULL: withdrawn. */
int people_put_setting(struct database *d, const char *name, const char *value);
/* *out is to be freed; NULL: there is none. */
int people_setting(struct database *d, const char *name, char **out);

#endif

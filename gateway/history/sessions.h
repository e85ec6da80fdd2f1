/* SPDX-License-Identifier: Apache-2.0
 *
 * sessions - the rows of sessions. All return 0 or an SQLite code, block, and belong to the worker's thread.
 */
#ifndef HISTORY_SESSIONS_H
#define HISTORY_SESSIONS_H

#include "history/database.h"
#include "history/history.h"

/* `erased`: it is of a person who was erased, and was not kept. */
int sessions_put(struct database *d, const struct session_record *record, bool *erased);
int sessions_place(struct database *d, const char *boot_id, int64_t offset_ms);
int sessions_cut_running(struct database *d);
int sessions_forget_before(struct database *d, int64_t before_ms);
/* *rows is to be freed. */
int sessions_find(struct database *d, const struct history_query *query, struct session_record **rows, size_t *n,
		  bool *more);

#endif

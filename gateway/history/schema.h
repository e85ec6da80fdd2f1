/* SPDX-License-Identifier: Apache-2.0
 *
 * schema - what tables the file has, as a ladder: step i takes a file of version i to i + 1, in a transaction of its
 * own. A step that was released is never changed; what is new is a further step, and a file is of the version that its
 * user_version says. The worker's thread.
 */
#ifndef HISTORY_SCHEMA_H
#define HISTORY_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#define SCHEMA_APPLICATION_ID 0x54474849 /* "TGHI": this file is a history of the gateway */

struct schema_ladder {
	const char *const *steps;
	size_t n;
};

/* That of this program. */
struct schema_ladder schema_ladder(void);
/* Takes the file up to the last step. 0 or an SQLite code: then it is of the version of the last whole step. */
int schema_migrate(sqlite3 *db, struct schema_ladder ladder);
/* PRAGMA `name`, a number. 0 or an SQLite code. */
int schema_number(sqlite3 *db, const char *name, long long *out);

#endif

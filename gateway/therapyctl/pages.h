/* SPDX-License-Identifier: Apache-2.0
 * Asks the gateway for sessions, page after page: however many there are, one page of them is in memory. */
#ifndef THERAPYCTL_PAGES_H
#define THERAPYCTL_PAGES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "therapyctl/link.h"
#include "therapyctl/row.h"

#define PAGES_EVERYBODY "*"

struct pages_query {
	const char *person; /* NULL: whoever is active; "": nobody's; PAGES_EVERYBODY; else a name */
	bool has_since, has_until;
	int64_t since_ms, until_ms; /* Unix; since <= begun < until */
	bool newest;                /* the newest first; else the oldest, and before them what has no time */
	uint64_t most;              /* 0: all */
};

/* False: enough. The row is valid within the call. */
typedef bool pages_each(void *user, const struct row *row);

/* DONE; REFUSED or NO_GATEWAY, and the reason was said: what came before then came. `first` (may be NULL): the first
 * answer, the caller's; untouched on failure. */
int pages_ask(struct link_line *link, const struct pages_query *query, void *user, pages_each *each,
	      struct json_object **first);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * Sessions as lines for people, grouped by day, with the sum of each week: as they come, in the order in which they
 * come. Prints on standard output. */
#ifndef THERAPYCTL_TABLE_H
#define THERAPYCTL_TABLE_H

#include "therapyctl/date.h"
#include "therapyctl/row.h"

struct table_sum {
	uint64_t sessions, counted_ms, trips;
};

/* Begins as {.persons = ...}. */
struct table {
	bool persons; /* say whose each is */
	bool begun;   /* there was one; the last: */
	bool placed;
	struct date date;
	struct table_sum week, all;
	unsigned weeks; /* how many sums there were */
};

void table_row(struct table *table, const struct row *row);
/* The last sums. */
void table_end(struct table *table);

#endif

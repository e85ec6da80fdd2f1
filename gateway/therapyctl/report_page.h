/* SPDX-License-Identifier: Apache-2.0
 * A month of sessions as one self-contained page: HTML that is well-formed XML too, with plots as inline SVG, no script
 * and nothing loaded from anywhere. Every text that is not this program's own is escaped. It says what is known, and
 * judges nothing. Pure but for TZ: days are those of date.h. */
#ifndef THERAPYCTL_REPORT_PAGE_H
#define THERAPYCTL_REPORT_PAGE_H

#include "therapyctl/date.h"
#include "therapyctl/row.h"
#include "therapyctl/text.h"

struct report {
	struct date month;           /* its first day */
	int64_t now_ms;              /* Unix: when it is made */
	const char *name;            /* whose it is, where the gateway tells no person: who was asked for, or NULL */
	struct json_object *person;  /* as the gateway tells it, or NULL */
	struct json_object *course;  /* likewise */
	const struct rows *sessions; /* of the month, placed, the oldest first */
	const struct rows *unplaced; /* no time of day is known of them */
	bool more_unplaced;          /* there are more than these */
};

void report_page(struct text *out, const struct report *report);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * Days and months of the time zone of whoever runs therapyctl (TZ), and moments as people type them. A day begins at
 * the first moment that has its date, midnight or not: some zones change their clocks at midnight. Pure, but for TZ. */
#ifndef THERAPYCTL_DATE_H
#define THERAPYCTL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct date {
	int year;            /* 1970..9999 */
	unsigned month, day; /* from 1 */
};

#define DATE_MOMENT_FORMS "a day like 2026-11-28, a number of days back like 7d, or a moment like 2026-11-28T14:05"

/* The day in which a moment (Unix ms) lies. False, and *out untouched: before 1970 or after 9999. */
bool date_of(int64_t unix_ms, struct date *out);
int64_t date_begins_ms(struct date date);
/* So many days later, or earlier. */
struct date date_plus(struct date date, int days);
/* Days from `from` to `to`. */
int date_between(struct date from, struct date to);
unsigned date_weekday(struct date date); /* 0: Monday */
unsigned date_month_days(struct date date);
struct date date_next_month(struct date date);

/* "2026-11-28". False, and *out untouched: it is none. */
bool date_parse(const char *text, struct date *out);
/* "2026-11", its first day. */
bool date_parse_month(const char *text, struct date *out);
/* DATE_MOMENT_FORMS as Unix ms: of a day its beginning, or with `end` that of the day after it. A moment may have
 * seconds, and Z or an offset; without one it is local. */
bool date_parse_moment(const char *text, int64_t now_ms, bool end, int64_t *out_ms);

/* "Saturday", "Sat"; "November", "Nov". */
const char *date_weekday_name(unsigned weekday, bool brief);
const char *date_month_name(unsigned month, bool brief);
/* "14:05" of a moment. */
void date_add_time(struct str *s, int64_t unix_ms);

#endif

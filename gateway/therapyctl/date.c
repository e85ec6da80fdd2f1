/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/date.h"

#include <string.h>
#include <time.h>

#define DAY_S     86400
#define LATEST_MS 253402300799999 /* the end of 9999, UTC */
#define BACK_MOST 40000           /* days, so that no year comes out below 1970 unseen */

bool date_of(int64_t unix_ms, struct date *out)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (unix_ms < 0 || unix_ms > LATEST_MS || !localtime_r(&seconds, &tm) || tm.tm_year < 70 || tm.tm_year > 8099)
		return false;
	*out = (struct date){tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday};
	return true;
}

/* ---- the calendar, which has no time zone ---- */

/* Days since 1970-01-01; the day of the month may lie outside of it. */
static int number_of(int year, unsigned month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = (int)month - 1, .tm_mday = day};
	return (int)(timegm(&tm) / DAY_S);
}

static int number(struct date date)
{
	return number_of(date.year, date.month, (int)date.day);
}

struct date date_plus(struct date date, int days)
{
	time_t seconds = (time_t)(number(date) + days) * DAY_S;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	return (struct date){tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday};
}

int date_between(struct date from, struct date to)
{
	return number(to) - number(from);
}

unsigned date_weekday(struct date date)
{
	return (unsigned)((number(date) % 7 + 7 + 3) % 7); /* 1970-01-01 was a Thursday */
}

struct date date_next_month(struct date date)
{
	if (date.month == 12)
		return (struct date){date.year + 1, 1, 1};
	return (struct date){date.year, date.month + 1, 1};
}

unsigned date_month_days(struct date date)
{
	struct date first = {date.year, date.month, 1};
	return (unsigned)date_between(first, date_next_month(first));
}

int64_t date_begins_ms(struct date date)
{
	/* No zone is farther from UTC than 26 h. In between the date only ever goes on, so that its beginning can be
	 * looked for, which mktime() cannot be asked for where the clock skips midnight. */
	int64_t before = (int64_t)number(date) * DAY_S - 26 * 3600, there = before + 52 * 3600;
	while (there - before > 1) {
		int64_t middle = before + (there - before) / 2;
		time_t seconds = (time_t)middle;
		struct tm tm = {0};
		localtime_r(&seconds, &tm);
		if (number_of(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, tm.tm_mday) >= number(date))
			there = middle;
		else
			before = middle;
	}
	return there * 1000;
}

/* ---- what people type ---- */

static bool digits(const char **at, size_t n, unsigned *out)
{
	unsigned value = 0;
	for (size_t i = 0; i < n; i++) {
		char c = (*at)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (unsigned)(c - '0');
	}
	*at += n;
	*out = value;
	return true;
}

static bool letter(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool read_month(const char **at, struct date *out)
{
	unsigned year = 0, month = 0;
	if (!digits(at, 4, &year) || !letter(at, '-') || !digits(at, 2, &month) || year < 1970 || month < 1 ||
	    month > 12)
		return false;
	*out = (struct date){(int)year, month, 1};
	return true;
}

static bool read_date(const char **at, struct date *out)
{
	unsigned day = 0;
	if (!read_month(at, out) || !letter(at, '-') || !digits(at, 2, &day) || day < 1 || day > date_month_days(*out))
		return false;
	out->day = day;
	return true;
}

bool date_parse(const char *text, struct date *out)
{
	struct date date;
	if (!read_date(&text, &date) || *text)
		return false;
	*out = date;
	return true;
}

bool date_parse_month(const char *text, struct date *out)
{
	struct date date;
	if (!read_month(&text, &date) || *text)
		return false;
	*out = date;
	return true;
}

/* "7d" */
static bool read_back(const char *text, struct date today, struct date *out)
{
	int days = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && days <= BACK_MOST; at++)
		days = days * 10 + (*at - '0');
	if (at == text || strcmp(at, "d") != 0 || days > BACK_MOST)
		return false;
	*out = date_plus(today, -days);
	return out->year >= 1970;
}

/* "Z", "+01:00", "-0330", or nothing: local. */
static bool read_zone(const char **at, bool *local, int *offset_s)
{
	unsigned hours = 0, minutes = 0;
	char sign = **at;
	*local = sign == '\0';
	*offset_s = 0;
	if (*local || letter(at, 'Z') || letter(at, 'z'))
		return true;
	if (!letter(at, '+') && !letter(at, '-'))
		return false;
	if (!digits(at, 2, &hours) || (letter(at, ':'), !digits(at, 2, &minutes)) || hours > 25 || minutes > 59)
		return false;
	*offset_s = (int)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

/* "T14:05:06+01:00" behind a date */
static bool read_moment(const char *at, struct date date, int64_t *out_ms)
{
	unsigned hour = 0, minute = 0, second = 0;
	bool local = false;
	int offset_s = 0;
	if (!letter(&at, 'T') && !letter(&at, 't') && !letter(&at, ' '))
		return false;
	if (!digits(&at, 2, &hour) || !letter(&at, ':') || !digits(&at, 2, &minute))
		return false;
	if (letter(&at, ':') && !digits(&at, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60 || !read_zone(&at, &local, &offset_s) || *at)
		return false;
	struct tm tm = {.tm_year = date.year - 1900,
			.tm_mon = (int)date.month - 1,
			.tm_mday = (int)date.day,
			.tm_hour = (int)hour,
			.tm_min = (int)minute,
			.tm_sec = (int)second,
			.tm_isdst = -1};
	*out_ms = (int64_t)(local ? mktime(&tm) : timegm(&tm) - offset_s) * 1000;
	return *out_ms >= 0;
}

bool date_parse_moment(const char *text, int64_t now_ms, bool end, int64_t *out_ms)
{
	struct date date, today;
	const char *at = text;
	int64_t ms = 0;
	bool day = date_parse(text, &date) || (date_of(now_ms, &today) && read_back(text, today, &date));
	if (day)
		ms = date_begins_ms(end ? date_plus(date, 1) : date);
	else if (!read_date(&at, &date) || !read_moment(at, date, &ms))
		return false;
	*out_ms = ms;
	return true;
}

/* ---- names ---- */

const char *date_weekday_name(unsigned weekday, bool brief)
{
	static const char *const names[][2] = {{"Monday", "Mon"},   {"Tuesday", "Tue"}, {"Wednesday", "Wed"},
					       {"Thursday", "Thu"}, {"Friday", "Fri"},  {"Saturday", "Sat"},
					       {"Sunday", "Sun"}};
	return names[weekday % 7][brief];
}

const char *date_month_name(unsigned month, bool brief)
{
	static const char *const names[][2] = {{"January", "Jan"}, {"February", "Feb"}, {"March", "Mar"},
					       {"April", "Apr"},   {"May", "May"},      {"June", "Jun"},
					       {"July", "Jul"},    {"August", "Aug"},   {"September", "Sep"},
					       {"October", "Oct"}, {"November", "Nov"}, {"December", "Dec"}};
	return names[(month + 11) % 12][brief];
}

void date_add_time(struct str *s, int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm = {0};
	localtime_r(&seconds, &tm);
	str_add(s, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

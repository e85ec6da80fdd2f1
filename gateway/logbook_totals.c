/* SPDX-License-Identifier: Apache-2.0
 * What today and this week come to, as the history has it: days begin at midnight, weeks on Monday, in the zone of this
 * process. A session counts for the day on which it began. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "logbook_inside.h"

#define PAGE HISTORY_ROWS_MAX

struct counting {
	struct logbook *logbook;
	struct logbook_totals totals;
	struct history_query query;
	int64_t day_ms;
};

/* Midnight, so many days before the one that `unix_ms` lies in. */
static int64_t midnight(int64_t unix_ms, int days_before)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (!localtime_r(&seconds, &tm))
		return 0;
	tm.tm_mday -= days_before;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

static int64_t week(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	return localtime_r(&seconds, &tm) ? midnight(unix_ms, (tm.tm_wday + 6) % 7) : 0;
}

bool logbook_day_changed(const struct logbook *c)
{
	int64_t wall_ms;
	return logbook_wall(c, &wall_ms) && midnight(wall_ms, 0) != c->day_ms;
}

static void add(struct logbook_total *total, const struct session_record *r)
{
	total->sessions++;
	total->active_ms += r->active_ms;
}

static void on_rows(void *user, const struct history_answer *answer)
{
	struct counting *counting = user;
	struct logbook *c = counting->logbook;
	for (size_t i = 0; i < answer->n; i++) {
		const struct session_record *r = &answer->rows[i];
		if (r->end == SESSION_RUNNING)
			continue; /* what runs is told as it is */
		logbook_plan_saw(c, r);
		add(&counting->totals.week[r->kind], r);
		if (r->begun_ms >= counting->day_ms)
			add(&counting->totals.today[r->kind], r);
	}
	struct history_query *q = &counting->query;
	if (answer->error == 0 && answer->more) {
		const struct session_record *at = &answer->rows[answer->n - 1];
		q->after = true;
		q->after_ms = at->begun_ms;
		memcpy(q->after_id, at->id, sizeof q->after_id);
		if (history_sessions(c->history, q, counting, on_rows) == 0)
			return;
	}
	c->counting = false;
	c->totals = counting->totals;
	c->totals.known = answer->error == 0 && !answer->more;
	free(counting);
	if (answer->error == UV_ECANCELED)
		return; /* it ends */
	if (c->count_again)
		logbook_count(c);
	logbook_changed(c);
}

/* The active person's; where there are people and none is active, what nobody had. */
static int64_t whose(const struct logbook *c)
{
	const struct household_person *person = household_active(c->household);
	if (person)
		return person->id;
	return household_n(c->household) > 0 ? SESSION_NOBODY : HISTORY_EVERYBODY;
}

void logbook_count(struct logbook *c)
{
	int64_t wall_ms;
	if (!c->history || !logbook_wall(c, &wall_ms))
		return;
	c->count_again = c->counting; /* what is asked now will not know of it */
	if (c->counting)
		return;
	struct counting *counting = calloc(1, sizeof *counting);
	if (!counting)
		return;
	c->day_ms = midnight(wall_ms, 0);
	c->week_ms = week(wall_ms);
	counting->logbook = c;
	counting->day_ms = c->day_ms;
	counting->query = (struct history_query){
	    .person = whose(c), .since_ms = c->week_ms, .until_ms = midnight(wall_ms, -1), .most = PAGE};
	c->counting = history_sessions(c->history, &counting->query, counting, on_rows) == 0;
	if (!c->counting)
		free(counting);
}

static void on_last(void *user, const struct history_answer *answer)
{
	struct logbook *c = user;
	int64_t wall_ms;
	for (size_t i = 0; i < answer->n && !c->has_last; i++) {
		const struct session_record *r = &answer->rows[i];
		if (r->end == SESSION_RUNNING || !r->placed || !logbook_wall(c, &wall_ms))
			continue;
		c->last = *r;
		c->has_last = true;
		c->last_ms = (int64_t)clock_boot_ms() - (wall_ms - r->begun_ms - r->lasted_ms);
		logbook_changed(c);
	}
}

void logbook_find_last(struct logbook *c)
{
	const struct history_query q = {.person = HISTORY_EVERYBODY, .newest_first = true, .most = 4};
	if (c->history)
		(void)history_sessions(c->history, &q, c, on_last);
}

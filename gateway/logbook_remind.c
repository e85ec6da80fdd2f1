/* SPDX-License-Identifier: Apache-2.0
 * Reminders: at the times that the active person chose, on days on which the plan asks for more than was done, and
 * never in quiet hours. What is told is an event for whoever listens now (Home Assistant); nothing is repeated. */
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "logbook_inside.h"

/* Minutes since midnight, local. */
static int minute_of(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	return localtime_r(&seconds, &tm) ? tm.tm_hour * 60 + tm.tm_min : -1;
}

/* From `from` until `to`, over midnight too; none if both are the same. */
static bool is_quiet(const struct logbook_plan *p, int minute)
{
	if (p->quiet_from == p->quiet_to)
		return false;
	if (p->quiet_from < p->quiet_to)
		return minute >= p->quiet_from && minute < p->quiet_to;
	return minute >= p->quiet_from || minute < p->quiet_to;
}

/* What is planned today and not done: "heat, traction". False: nothing is. */
static bool left_today(const struct logbook *c, int64_t day, struct str *out)
{
	struct course_planned rows[PLAN_ITEMS_MAX];
	struct course_person person = logbook_plan_person(c);
	size_t n = course_planned(&c->plan.state, logbook_plan(c), &person, day, rows);
	for (size_t i = 0; i < n; i++)
		if (rows[i].why == COURSE_PLANNED && rows[i].today > rows[i].done_today &&
		    rows[i].week > rows[i].done_week)
			str_add(out, "%s%s", out->len ? ", " : "",
				language_say(c->g->config->language, plan_item_text(rows[i].item)));
	return out->len > 0;
}

void logbook_remind(struct logbook *c)
{
	int64_t unix_ms;
	char items[160], text[LOGBOOK_TEXT_MAX];
	struct logbook_plan *p = &c->plan;
	struct str s;
	if (p->n_remind == 0 || !p->state.plan[0] || !logbook_wall(c, &unix_ms))
		return;
	int minute = minute_of(unix_ms);
	int64_t at = logbook_day_of(unix_ms) * 1440 + minute;
	if (at == p->reminded_at || minute < 0)
		return;
	bool due = false;
	for (size_t i = 0; i < p->n_remind; i++)
		due |= p->remind[i] == minute;
	if (!due || is_quiet(p, minute))
		return;
	p->reminded_at = at;
	str_init(&s, items, sizeof items);
	if (!left_today(c, logbook_day_of(unix_ms), &s))
		return;
	str_init(&s, text, sizeof text);
	str_add(&s, language_say(c->g->config->language, "time for: %s"), items);
	logbook_happened(c, "reminder", text, "");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

#include "therapyctl/fields.h"

struct day {
	unsigned planned, done; /* sessions; done: those of a plan where there is one, else all */
};

struct month {
	unsigned n;
	bool has_plan;
	struct day days[MONTH_DAYS_MOST + 1]; /* from 1 */
	int today;                            /* which day it is; before the month 0 or less */
};

static void read_plan(const struct report *report, struct month *month)
{
	struct json_object *planned = field_list(report->course, "planned");
	month->has_plan = json_object_is_type(report->course, json_type_object);
	for (size_t i = 0; i < json_object_array_length(planned); i++) {
		struct json_object *o = json_object_array_get_idx(planned, i);
		struct date date;
		int sessions = json_object_get_int(field(o, "sessions"));
		if (!date_parse(field_text(o, "day"), &date) || sessions <= 0 || sessions > 99)
			continue;
		int day = date_between(report->month, date) + 1;
		if (day >= 1 && day <= (int)month->n)
			month->days[day].planned += (unsigned)sessions;
	}
}

static void read_done(const struct report *report, struct month *month)
{
	struct date date;
	for (size_t i = 0; i < report->sessions->n; i++) {
		const struct row *row = &report->sessions->items[i];
		if ((!month->has_plan || row->plan[0]) && date_of(row->begun_ms, &date))
			month->days[date.day].done++;
	}
	if (date_of(report->now_ms, &date))
		month->today = date_between(report->month, date) + 1;
}

/* A symbol and words for each state, so that nothing depends on a colour. */
static void add_state(struct text *out, const struct month *month, int number)
{
	const struct day *day = &month->days[number];
	bool over = number < month->today;
	if (day->planned && day->done >= day->planned)
		text_add(out, "<i class=\"done\" aria-hidden=\"true\">✓</i><small>%u of %u</small>", day->done,
			 day->planned);
	else if (day->planned && day->done)
		text_add(out, "<i class=\"part\" aria-hidden=\"true\">◐</i><small>%u of %u</small>", day->done,
			 day->planned);
	else if (day->planned && over)
		text_add(out, "<i class=\"missed\" aria-hidden=\"true\">✗</i><small>0 of %u</small>", day->planned);
	else if (day->planned)
		text_add(out, "<i aria-hidden=\"true\">○</i><small>%u to do</small>", day->planned);
	else if (day->done)
		text_add(out, "<i class=\"done\" aria-hidden=\"true\">%s</i><small>%u done</small>",
			 month->has_plan ? "+" : "✓", day->done);
	else
		text_add(out, "<i aria-hidden=\"true\">–</i><small>none</small>");
}

/* Days that are over: what is planned for today may still be done. */
static void add_summary(struct text *out, const struct report *report, const struct month *month)
{
	unsigned planned = 0, done = 0, days = 0, kept = 0;
	int last = month->today > (int)month->n ? (int)month->n : month->today - 1;
	for (int i = 1; i <= last; i++) {
		const struct day *day = &month->days[i];
		planned += day->planned;
		done += day->done < day->planned ? day->done : day->planned;
		days += day->planned > 0;
		kept += day->planned > 0 && day->done >= day->planned;
	}
	if (!month->has_plan)
		text_add(out, "<p>No plan was followed: sessions of each day.</p>\n");
	else if (days == 0)
		text_add(out, "<p>No day on which sessions were planned is over.</p>\n");
	else
		text_add(out,
			 "<p>Up to %d %s, %u of %u planned session%s %s done; all that was planned on %u of %u day%s."
			 "</p>\n",
			 last, date_month_name(report->month.month, false), done, planned, planned == 1 ? "" : "s",
			 planned == 1 ? "was" : "were", kept, days, days == 1 ? "" : "s");
}

void report_calendar(struct text *out, const struct report *report)
{
	struct month month = {.n = date_month_days(report->month)};
	read_plan(report, &month);
	read_done(report, &month);
	text_add(out, "<h2>Day by day</h2>\n");
	add_summary(out, report, &month);
	text_add(out, "<table class=\"calendar\"><caption>%s %d. ", date_month_name(report->month.month, false),
		 report->month.year);
	text_add(out, "%s</caption><thead><tr>",
		 month.has_plan ? "✓ as planned, ◐ a part, ✗ none of what was planned, + though nothing was planned, "
				  "○ to come, – nothing planned and nothing done"
				: "✓ sessions, – none");
	for (unsigned i = 0; i < 7; i++)
		text_add(out, "<th scope=\"col\" abbr=\"%s\">%s</th>", date_weekday_name(i, false),
			 date_weekday_name(i, true));
	text_add(out, "</tr></thead><tbody>\n");
	int before = (int)date_weekday(report->month);
	int cells = (before + (int)month.n + 6) / 7 * 7;
	for (int i = 0; i < cells; i++) {
		int day = i - before + 1;
		text_add(out, "%s", i % 7 == 0 ? "<tr>" : "");
		if (day >= 1 && day <= (int)month.n) {
			text_add(out, "<td><b>%d</b>", day);
			add_state(out, &month, day);
			text_add(out, "</td>");
		} else {
			text_add(out, "<td></td>");
		}
		text_add(out, "%s", i % 7 == 6 ? "</tr>\n" : "");
	}
	text_add(out, "</tbody></table>\n");
}

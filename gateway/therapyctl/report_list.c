/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

static void add_begun(struct text *out, const struct row *row)
{
	struct date date;
	char time[16];
	struct str s;
	if (!row->placed || !date_of(row->begun_ms, &date)) {
		text_add(out, "not known");
		return;
	}
	str_init(&s, time, sizeof time);
	date_add_time(&s, row->begun_ms);
	text_add(out, "%s %u, %s", date_weekday_name(date_weekday(date), true), date.day, time);
}

static void add_value(struct text *out, bool has, double value, const char *unit)
{
	text_add(out, "<td class=\"n\">");
	if (has)
		report_quantity(out, value, unit);
	text_add(out, "%s</td>", has ? "" : "–");
}

static void add_end(struct text *out, const struct row *row)
{
	text_add(out, "<td>%s", row_end_name(row->end));
	if (row->rule[0]) {
		text_add(out, " by ");
		text_add_html(out, row->rule);
	}
	if (row->over_ms) {
		text_add(out, "; over the limit for ");
		report_duration(out, row->over_ms);
	}
	if (row->unknown_ms >= 1000) {
		text_add(out, "; nothing known for ");
		report_duration(out, row->unknown_ms);
	}
	if (row->has_dose) {
		text_add(out, "; dose ");
		report_quantity(out, row->dose_min, "min");
	}
	if (row->trips > 1)
		text_add(out, "; %llu trips", (unsigned long long)row->trips);
	if (row->alarms)
		text_add(out, "; %llu alarm%s", (unsigned long long)row->alarms, row->alarms == 1 ? "" : "s");
	text_add(out, "</td>");
}

static void add_pain(struct text *out, const struct row *row)
{
	if (row->pain_before < 0 && row->pain_after < 0) {
		text_add(out, "<td class=\"n\">–</td>");
		return;
	}
	text_add(out, "<td class=\"n\">");
	if (row->pain_before >= 0)
		text_add(out, "%d", row->pain_before);
	text_add(out, "%s → ", row->pain_before < 0 ? "?" : "");
	if (row->pain_after >= 0)
		text_add(out, "%d", row->pain_after);
	text_add(out, "%s</td>", row->pain_after < 0 ? "?" : "");
}

static void add_row(struct text *out, const struct row *row)
{
	text_add(out, "<tr><th scope=\"row\" class=\"t\">");
	add_begun(out, row);
	text_add(out, "</th><td>");
	text_add_html(out, row_name(row));
	if (row->device[0]) {
		text_add(out, ", ");
		text_add_html(out, row->device);
	}
	if (row->plan[0]) {
		text_add(out, "<br/><span class=\"soft\">");
		text_add_html(out, row->plan);
		if (row->step)
			text_add(out, ", step %d", row->step);
		text_add(out, "</span>");
	}
	text_add(out, "</td><td class=\"n\">");
	report_duration(out, row_counted_ms(row));
	text_add(out, "</td>");
	add_value(out, row->has_peak, row->peak, row->unit);
	add_value(out, row->has_mean, row->mean, row->unit);
	add_value(out, row->has_limit, row->limit, row->unit);
	add_end(out, row);
	add_pain(out, row);
	text_add(out, "<td class=\"note\" dir=\"auto\">");
	text_add_html(out, row->note);
	text_add(out, "</td></tr>\n");
}

static void add_table(struct text *out, const char *id, const struct rows *rows)
{
	static const struct {
		const char *name;
		bool number;
	} columns[] = {{"Began", false}, {"Session", false}, {"Time", true}, {"Peak", true}, {"Mean", true},
		       {"Limit", true},  {"Ended", false},   {"Pain", true}, {"Note", false}};
	text_add(out,
		 "<div class=\"wide\" role=\"region\" aria-labelledby=\"%s\" tabindex=\"0\">\n"
		 "<table class=\"list\"><thead><tr>",
		 id);
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		text_add(out, "<th scope=\"col\"%s>%s</th>", columns[i].number ? " class=\"n\"" : "", columns[i].name);
	text_add(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < rows->n; i++)
		add_row(out, &rows->items[i]);
	text_add(out, "</tbody></table></div>\n");
}

void report_list(struct text *out, const struct report *report)
{
	if (report->sessions->n) {
		text_add(out, "<h2 id=\"all\">All sessions</h2>\n");
		add_table(out, "all", report->sessions);
	}
	if (report->unplaced->n) {
		text_add(out,
			 "<h2 id=\"unplaced\">Time of day not known</h2>\n"
			 "<p>The gateway's clock was not right while these were done. They may be of this month or "
			 "of another one, and are in none of the numbers above.</p>\n");
		add_table(out, "unplaced", report->unplaced);
	}
	if (report->more_unplaced)
		text_add(out, "<p>There are more of these: <code>therapyctl sessions</code> shows all.</p>\n");
}

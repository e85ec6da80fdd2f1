/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

#include <ctype.h>
#include <string.h>

#include "therapyctl/fields.h"

/* ---- for all parts ---- */

void report_quantity(struct text *out, double value, const char *unit)
{
	char text[128];
	struct str s;
	str_init(&s, text, sizeof text);
	row_add_quantity(&s, value, unit);
	text_add_html(out, text);
}

void report_duration(struct text *out, uint64_t ms)
{
	char text[ROW_DURATION];
	struct str s;
	str_init(&s, text, sizeof text);
	row_add_duration(&s, ms);
	text_add(out, "%s", text);
}

const char *report_kind(enum row_kind kind)
{
	static const char *const names[ROW_KINDS] = {"Inversion", "Traction", "Heat", "Cold", "Activities", "Other"};
	return names[kind];
}

/* ---- the head ---- */

static const char *name_of(const struct report *report)
{
	const char *told = field_text(report->person, "name");
	return told[0] ? told : report->name ? report->name : "";
}

static void add_term(struct text *out, const char *term)
{
	text_add(out, "<div><dt>%s</dt><dd>", term);
}

static void end_term(struct text *out)
{
	text_add(out, "</dd></div>\n");
}

static void add_date(struct text *out, struct date date)
{
	text_add(out, "%u %s %d", date.day, date_month_name(date.month, false), date.year);
}

static void add_period(struct text *out, const struct report *report)
{
	struct date today;
	add_term(out, "Period");
	add_date(out, report->month);
	text_add(out, " to ");
	add_date(out, date_plus(date_next_month(report->month), -1));
	end_term(out);
	if (!date_of(report->now_ms, &today))
		return;
	add_term(out, "Made on");
	add_date(out, today);
	end_term(out);
}

static void add_plan(struct text *out, struct json_object *person)
{
	const char *plan = field_text(person, "plan");
	int step = json_object_get_int(field(person, "step"));
	add_term(out, "Plan");
	text_add_html(out, plan[0] ? plan : "none");
	if (plan[0] && step > 0)
		text_add(out, ", step %d", step);
	end_term(out);
}

static void add_clearance(struct text *out, struct json_object *person)
{
	const char *on = field_text(person, "cleared_on"), *by = field_text(person, "cleared_by");
	struct date date;
	add_term(out, "Cleared by a professional");
	if (date_parse(on, &date))
		add_date(out, date);
	else
		text_add_html(out, on[0] ? on : by[0] ? "date not told" : "not told");
	if (by[0]) {
		text_add(out, ", ");
		text_add_html(out, by);
	}
	end_term(out);
}

/* "angle_deg": 30 as "angle 30°": the unit is the end of the name, as everywhere in the gateway. */
static void add_limit(struct text *out, const char *key, struct json_object *value)
{
	static const char *const units[][2] = {{"_deg", "deg"}, {"_n", "N"},     {"_kpa", "kPa"}, {"_w", "W"},
					       {"_c", "degC"},  {"_min", "min"}, {"_s", "s"},     {"_kg", "kg"}};
	size_t size = strlen(key);
	const char *unit = "";
	char name[64];
	struct str s;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i][0]);
		if (size > n && strcmp(key + size - n, units[i][0]) == 0) {
			size -= n;
			unit = units[i][1];
			break;
		}
	}
	str_init(&s, name, sizeof name);
	for (size_t i = 0; i < size; i++)
		str_add(&s, "%c", key[i] == '_' ? ' ' : key[i]);
	text_add_html(out, name);
	text_add(out, " ");
	if (json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int))
		report_quantity(out, json_object_get_double(value), unit);
	else
		text_add_html(out, json_object_get_string(value));
}

static void add_limits(struct text *out, struct json_object *person)
{
	struct json_object *limits = field(person, "limits"), *denies = field_list(person, "denies");
	const char *between = "";
	if (json_object_is_type(limits, json_type_object) && json_object_object_length(limits) > 0) {
		add_term(out, "Limits of this person");
		json_object_object_foreach(limits, key, value)
		{
			if (!value)
				continue;
			text_add(out, "%s", between);
			add_limit(out, key, value);
			between = ", ";
		}
		end_term(out);
	}
	if (json_object_array_length(denies) == 0)
		return;
	add_term(out, "Not for this person");
	for (size_t i = 0; i < json_object_array_length(denies); i++) {
		struct json_object *o = json_object_array_get_idx(denies, i);
		text_add(out, "%s", i ? ", " : "");
		text_add_html(out, o ? json_object_get_string(o) : "");
	}
	end_term(out);
}

static void add_head(struct text *out, const struct report *report)
{
	const char *name = name_of(report);
	text_add(out, "<header>\n<h1>Therapy sessions, %s %d</h1>\n<dl>\n", date_month_name(report->month.month, false),
		 report->month.year);
	add_term(out, "Person");
	text_add(out, "<bdi>");
	text_add_html(out, name[0] ? name : "nobody was chosen");
	text_add(out, "</bdi>");
	end_term(out);
	add_period(out, report);
	if (report->person) {
		if (field_number(report->person, "weight_kg") > 0) {
			add_term(out, "Weight");
			report_quantity(out, field_number(report->person, "weight_kg"), "kg");
			end_term(out);
		}
		add_plan(out, report->person);
		add_clearance(out, report->person);
		add_limits(out, report->person);
	}
	text_add(out, "</dl>\n<p class=\"soft\">A logbook, not a medical device: what sensors at home measured and "
		      "people told, written down by the Therapy Gateway. It draws no conclusions.</p>\n</header>\n");
}

/* ---- the page ---- */

static void add_title(struct text *out, const struct report *report)
{
	const char *name = name_of(report);
	text_add(out, "<title>Therapy sessions, %s %d", date_month_name(report->month.month, false),
		 report->month.year);
	if (name[0]) {
		text_add(out, ", ");
		text_add_html(out, name);
	}
	text_add(out, "</title>\n");
}

void report_page(struct text *out, const struct report *report)
{
	text_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'\"/>\n"
		      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
		      "<meta name=\"referrer\" content=\"no-referrer\"/>\n");
	add_title(out, report);
	text_add(out, "<style>\n%s</style>\n</head>\n<body>\n", report_style);
	add_head(out, report);
	text_add(out, "<main>\n");
	if (report->sessions->n) {
		report_sums(out, report);
	} else {
		text_add(out, "<h2>No sessions</h2>\n<p>None was written down in this month.</p>\n");
	}
	if (report->sessions->n || report->course)
		report_calendar(out, report);
	if (report->sessions->n)
		report_plots(out, report);
	report_list(out, report);
	text_add(out, "</main>\n</body>\n</html>\n");
}

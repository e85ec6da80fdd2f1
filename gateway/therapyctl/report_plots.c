/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

#include <math.h>
#include <string.h>

#define MARK 2.6 /* half of a mark's width */

static unsigned day_of(const struct row *row)
{
	struct date date = {1970, 1, 1};
	date_of(row->begun_ms, &date);
	return date.day;
}

/* ---- which sessions a plot shows ---- */

struct choice {
	const struct report *report;
	bool (*has)(const struct choice *choice, const struct row *row);
	enum row_kind kind;
	const char *unit;
};

static bool of_kind(const struct choice *choice, const struct row *row)
{
	return row->kind == choice->kind;
}

static bool with_figures(const struct choice *choice, const struct row *row)
{
	return row->kind == choice->kind && (row->has_peak || row->has_mean) && strcmp(row->unit, choice->unit) == 0;
}

static bool with_pain(const struct choice *choice, const struct row *row)
{
	(void)choice;
	return row->pain_before >= 0 || row->pain_after >= 0;
}

/* The next one after `row`, or the first; NULL: there is none. */
static const struct row *next(const struct choice *choice, const struct row *row)
{
	const struct rows *rows = choice->report->sessions;
	for (size_t i = row ? (size_t)(row - rows->items) + 1 : 0; i < rows->n; i++)
		if (choice->has(choice, &rows->items[i]))
			return &rows->items[i];
	return NULL;
}

/* How many. */
static size_t make_room(struct plot *plot, const struct choice *choice)
{
	size_t n = 0;
	for (const struct row *row = NULL; (row = next(choice, row)); n++)
		plot_room(plot, day_of(row));
	return n;
}

/* ---- figures ---- */

/* What angle, force or temperature is called, and its unit on the axis. */
static const char *quantity_of(const char *unit)
{
	static const char *const names[][2] = {{"deg", "angle (°)"},
					       {"N", "force (N)"},
					       {"kPa", "pressure (kPa)"},
					       {"W", "power (W)"},
					       {"degC", "temperature (°C)"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i][0], unit) == 0)
			return names[i][1];
	return unit[0] ? unit : "value";
}

struct range {
	double least, most, least_peak, most_peak, least_limit, most_limit;
	size_t n, trips;
};

static struct range range_of(const struct choice *choice)
{
	struct range r = {HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL, 0, 0};
	for (const struct row *row = NULL; (row = next(choice, row)); r.n++) {
		if (row->has_peak) {
			r.least_peak = fmin(r.least_peak, row->peak);
			r.most_peak = fmax(r.most_peak, row->peak);
		}
		if (row->has_limit) {
			r.least_limit = fmin(r.least_limit, row->limit);
			r.most_limit = fmax(r.most_limit, row->limit);
		}
		double mean = row->has_mean ? row->mean : row->peak;
		r.least = fmin(r.least, fmin(mean, row->has_peak ? row->peak : mean));
		r.most = fmax(r.most, mean);
		r.trips += row->end == ROW_TRIPPED;
	}
	r.least = fmin(r.least, r.least_limit);
	r.most = fmax(r.most, fmax(r.most_peak, r.most_limit));
	return r;
}

/* Down to 0, but for temperatures: 0 °C is one as any other, and what matters is some degrees. */
static void widen(struct range *range, const char *unit)
{
	if (strcmp(unit, "degC") != 0)
		range->least = fmin(range->least, 0);
	else if (range->most - range->least < 10)
		range->least = range->most - 10;
}

static void add_span(struct str *s, double least, double most, const char *unit)
{
	row_add_quantity(s, least, unit);
	if (most > least) {
		str_add(s, " to ");
		row_add_quantity(s, most, unit);
	}
}

/* For who cannot see the plot. */
static void describe(struct str *s, const struct range *range, const char *unit)
{
	str_add(s, "%zu session%s", range->n, range->n == 1 ? "" : "s");
	if (range->most_peak >= range->least_peak) {
		str_add(s, ", peaks ");
		add_span(s, range->least_peak, range->most_peak, unit);
	}
	if (range->most_limit >= range->least_limit) {
		str_add(s, ", limit ");
		add_span(s, range->least_limit, range->most_limit, unit);
	}
	str_add(s, ", %zu tripped. The table of all sessions has each number.", range->trips);
}

static void draw_session(struct plot *plot, const struct row *row, double x)
{
	struct text *out = plot->out;
	double peak = plot_y(plot, row->peak), mean = plot_y(plot, row->mean);
	if (row->has_peak && row->has_mean)
		text_add(out, "<line class=\"stem\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x, mean,
			 peak);
	if (row->has_mean)
		text_add(out, "<path class=\"two\" d=\"M%.1f %.1fl%.1f %.1f %.1f %.1f %.1f %.1fz\"/>", x, mean - MARK,
			 MARK, MARK, -MARK, MARK, -MARK, -MARK);
	if (row->has_peak)
		text_add(out, "<circle class=\"one\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", x, peak, MARK);
	if (row->end == ROW_TRIPPED) {
		double y = fmax((row->has_peak ? peak : mean) - 8, 4);
		text_add(out, "<path class=\"trip\" d=\"M%.1f %.1fl6 6m0 -6l-6 6\"/>", x - 3, y - 3);
	}
	text_add(out, "\n");
}

/* From one limit to the next it goes halfway between two sessions; nothing where there is none. */
struct limit_line {
	struct text path;
	bool drawn;
	double x;
};

static void continue_limit(struct limit_line *line, const struct plot *plot, const struct row *row, double x)
{
	double y = plot_y(plot, row->limit);
	if (row->has_limit && line->drawn)
		text_add(&line->path, "H%.1fV%.1f", (line->x + x) / 2, y);
	else if (row->has_limit)
		text_add(&line->path, "M%.1f %.1f", x - 5, y);
	else if (line->drawn)
		text_add(&line->path, "H%.1f", line->x + 5);
	line->drawn = row->has_limit;
	line->x = x;
}

static void plot_figures(struct text *out, const struct report *report, enum row_kind kind, const char *unit)
{
	struct choice choice = {report, with_figures, kind, unit};
	struct plot plot = {.out = out, .days = date_month_days(report->month)};
	struct range range = range_of(&choice);
	struct limit_line limit = {0};
	char title[96], id[64], description[256];
	struct str s;
	if (make_room(&plot, &choice) == 0)
		return;
	str_init(&s, title, sizeof title);
	str_add(&s, "%s: ", report_kind(kind));
	str_add_cut(&s, quantity_of(unit));
	str_init(&s, id, sizeof id);
	str_add(&s, "plot-%s-%zu", row_kind_name(kind), out->len); /* its place in the page is unlike any other's */
	str_init(&s, description, sizeof description);
	describe(&s, &range, unit);
	widen(&range, unit);
	plot_begin(&plot, id, title, description,
		   "<i class=\"one\">●</i> peak, <i class=\"two\">◇</i> mean, <i class=\"limit\">╌</i> limit, "
		   "<i class=\"trip\">✕</i> tripped, by day of the month",
		   range.least, range.most);
	for (const struct row *row = NULL; (row = next(&choice, row));) {
		struct plot_slot slot = plot_slot(&plot, day_of(row));
		draw_session(&plot, row, slot.x);
		continue_limit(&limit, &plot, row, slot.x);
	}
	if (limit.drawn)
		text_add(&limit.path, "H%.1f", limit.x + 5);
	if (limit.path.at)
		text_add(out, "<path class=\"limit\" d=\"%s\"/>\n", limit.path.at);
	out->failed = out->failed || limit.path.failed;
	text_release(&limit.path);
	plot_end(&plot);
}

/* ---- minutes ---- */

static void plot_minutes(struct text *out, const struct report *report, enum row_kind kind)
{
	struct choice choice = {report, of_kind, kind, NULL};
	struct plot plot = {.out = out, .days = date_month_days(report->month)};
	char title[96], id[64], description[160];
	double most = 0, sum = 0;
	struct str s;
	size_t n = make_room(&plot, &choice);
	if (n == 0)
		return;
	for (const struct row *row = NULL; (row = next(&choice, row));) {
		most = fmax(most, (double)row_counted_ms(row) / 60000);
		sum += (double)row_counted_ms(row);
	}
	str_init(&s, title, sizeof title);
	str_add(&s, "%s: minutes", report_kind(kind));
	str_init(&s, id, sizeof id);
	str_add(&s, "plot-%s-minutes", row_kind_name(kind));
	str_init(&s, description, sizeof description);
	str_add(&s, "%zu session%s, ", n, n == 1 ? "" : "s");
	row_add_duration(&s, (uint64_t)sum);
	str_add(&s, " in all, the longest ");
	row_add_duration(&s, (uint64_t)(most * 60000));
	str_add(&s, ".");
	plot_begin(&plot, id, title, description, "a bar for each session, by day of the month", 0, most);
	for (const struct row *row = NULL; (row = next(&choice, row));) {
		struct plot_slot slot = plot_slot(&plot, day_of(row));
		double width = fmin(slot.width * 0.8, 7), y = plot_y(&plot, (double)row_counted_ms(row) / 60000);
		text_add(out, "<rect class=\"one\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
			 slot.x - width / 2, y, width, plot_y(&plot, 0) - y);
	}
	plot_end(&plot);
}

/* ---- pain ---- */

static void plot_pain(struct text *out, const struct report *report)
{
	struct choice choice = {report, with_pain, ROW_OTHER, NULL};
	struct plot plot = {.out = out, .days = date_month_days(report->month)};
	size_t less = 0, same = 0, worse = 0, n = make_room(&plot, &choice);
	char description[256];
	struct str s;
	if (n == 0)
		return;
	for (const struct row *row = NULL; (row = next(&choice, row));) {
		bool both = row->pain_before >= 0 && row->pain_after >= 0;
		less += both && row->pain_after < row->pain_before;
		same += both && row->pain_after == row->pain_before;
		worse += both && row->pain_after > row->pain_before;
	}
	str_init(&s, description, sizeof description);
	str_add(&s,
		"Told at %zu session%s. Where both were told: less pain after %zu, the same after %zu, more after %zu.",
		n, n == 1 ? "" : "s", less, same, worse);
	plot_begin(&plot, "plot-pain", "Pain before and after, 0 to 10", description,
		   "<i class=\"two\">○</i> before, <i class=\"one\">●</i> after, by day of the month", 0,
		   ROW_PAIN_MOST);
	for (const struct row *row = NULL; (row = next(&choice, row));) {
		double x = plot_slot(&plot, day_of(row)).x;
		double before = plot_y(&plot, row->pain_before), after = plot_y(&plot, row->pain_after);
		if (row->pain_before >= 0 && row->pain_after >= 0)
			text_add(out, "<line class=\"stem\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x,
				 before, after);
		if (row->pain_before >= 0)
			text_add(out, "<circle class=\"two\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\"/>", x, before);
		if (row->pain_after >= 0)
			text_add(out, "<circle class=\"one\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\"/>", x, after);
		text_add(out, "\n");
	}
	plot_end(&plot);
}

void report_plots(struct text *out, const struct report *report)
{
	text_add(out, "<h2>Session by session</h2>\n<div class=\"plots\">\n");
	for (unsigned kind = 0; kind < ROW_KINDS; kind++) {
		struct sums sums;
		sums_of(report, (enum row_kind)kind, &sums);
		for (unsigned i = 0; i < sums.n_units; i++)
			plot_figures(out, report, (enum row_kind)kind, sums.units[i].unit);
		plot_minutes(out, report, (enum row_kind)kind);
	}
	plot_pain(out, report);
	text_add(out, "</div>\n");
}

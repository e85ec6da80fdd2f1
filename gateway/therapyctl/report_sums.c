/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/report_inside.h"

#include <math.h>
#include <string.h>

static void add_peak(struct sums *sums, const struct row *row)
{
	unsigned i = 0;
	while (i < sums->n_units && strcmp(sums->units[i].unit, row->unit) != 0)
		i++;
	if (i == UNITS_MOST)
		return;
	if (i == sums->n_units) {
		sums->units[i].unit = row->unit;
		sums->units[i].peak = row->peak;
		sums->n_units++;
	}
	sums->units[i].peak = fmax(sums->units[i].peak, row->peak);
}

void sums_of(const struct report *report, enum row_kind kind, struct sums *out)
{
	*out = (struct sums){0};
	for (size_t i = 0; i < report->sessions->n; i++) {
		const struct row *row = &report->sessions->items[i];
		if (row->kind != kind)
			continue;
		out->sessions++;
		out->counted_ms += row_counted_ms(row);
		out->over_ms += row->over_ms;
		out->trips += row->trips;
		out->alarms += row->alarms;
		out->ends[row->end]++;
		out->has_dose = out->has_dose || row->has_dose;
		out->dose_min += row->has_dose ? row->dose_min : 0;
		if (row->has_peak)
			add_peak(out, row);
	}
}

static void add_ends(struct text *out, const struct sums *sums)
{
	const char *between = "";
	for (unsigned i = 0; i < ROW_ENDS; i++)
		if (sums->ends[i]) {
			text_add(out, "%s%llu %s", between, (unsigned long long)sums->ends[i],
				 row_end_name((enum row_end)i));
			between = ", ";
		}
}

static void add_kind(struct text *out, enum row_kind kind, const struct sums *sums)
{
	text_add(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">%llu</td><td class=\"n\">", report_kind(kind),
		 (unsigned long long)sums->sessions);
	report_duration(out, sums->counted_ms);
	text_add(out, "</td><td class=\"n\">");
	for (unsigned i = 0; i < sums->n_units; i++) {
		text_add(out, "%s", i ? ", " : "");
		report_quantity(out, sums->units[i].peak, sums->units[i].unit);
	}
	text_add(out, "%s</td><td class=\"n\">", sums->n_units ? "" : "–");
	if (sums->over_ms)
		report_duration(out, sums->over_ms);
	text_add(out, "%s</td><td class=\"n\">", sums->over_ms ? "" : "–");
	if (sums->has_dose)
		report_quantity(out, sums->dose_min, "min");
	text_add(out, "%s</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td>", sums->has_dose ? "" : "–",
		 (unsigned long long)sums->trips, (unsigned long long)sums->alarms);
	add_ends(out, sums);
	text_add(out, "</td></tr>\n");
}

void report_sums(struct text *out, const struct report *report)
{
	text_add(out, "<h2 id=\"sums\">Totals</h2>\n<div class=\"wide\" role=\"region\" aria-labelledby=\"sums\" "
		      "tabindex=\"0\">\n<table class=\"sums\"><thead><tr><th scope=\"col\">Kind</th>"
		      "<th scope=\"col\" class=\"n\">Sessions</th><th scope=\"col\" class=\"n\">Time</th>"
		      "<th scope=\"col\" class=\"n\">Peak</th><th scope=\"col\" class=\"n\">Over the limit</th>"
		      "<th scope=\"col\" class=\"n\">Dose CEM43</th><th scope=\"col\" class=\"n\">Trips</th>"
		      "<th scope=\"col\" class=\"n\">Alarms</th><th scope=\"col\">How they ended</th></tr></thead>"
		      "<tbody>\n");
	for (unsigned kind = 0; kind < ROW_KINDS; kind++) {
		struct sums sums;
		sums_of(report, (enum row_kind)kind, &sums);
		if (sums.sessions)
			add_kind(out, (enum row_kind)kind, &sums);
	}
	text_add(out,
		 "</tbody></table></div>\n"
		 "<p class=\"soft\">Time is that under angle, force, heat or cold. A trip is a rule of the gateway "
		 "that ended a session.</p>\n");
}

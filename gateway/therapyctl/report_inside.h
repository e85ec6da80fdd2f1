/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the page have from each other. Not for others. */
#ifndef THERAPYCTL_REPORT_INSIDE_H
#define THERAPYCTL_REPORT_INSIDE_H

#include "therapyctl/report_page.h"

#define MONTH_DAYS_MOST 31
#define UNITS_MOST      4 /* of one kind: a heat pad's watts and another's degrees */

/* ---- report_sums.c ---- */

struct sums {
	uint64_t sessions, counted_ms, over_ms, trips, alarms;
	bool has_dose;
	double dose_min;
	uint64_t ends[ROW_ENDS];
	struct {
		const char *unit;
		double peak;
	} units[UNITS_MOST];
	unsigned n_units;
};

void sums_of(const struct report *report, enum row_kind kind, struct sums *out);
/* The table of all kinds. */
void report_sums(struct text *out, const struct report *report);

/* ---- report_plots.c ---- */

/* Of each kind its figures and minutes, then pain. */
void report_plots(struct text *out, const struct report *report);

/* ---- report_plot.c: one plot, a slot for each session of its day ---- */

struct plot {
	struct text *out;
	unsigned days;
	double low, high, step; /* of the axis */
	unsigned in_day[MONTH_DAYS_MOST + 1], told[MONTH_DAYS_MOST + 1];
};

struct plot_slot {
	double x, width; /* in the plot */
};

/* Room for one more session on that day, 1..days: before plot_begin(), once for each. */
void plot_room(struct plot *plot, unsigned day);
/* The figure up to its axes. `least` and `most` are to be within. `legend` is HTML, the others plain text. */
void plot_begin(struct plot *plot, const char *id, const char *title, const char *description, const char *legend,
		double least, double most);
/* In the order of the sessions of that day. */
struct plot_slot plot_slot(struct plot *plot, unsigned day);
double plot_y(const struct plot *plot, double value);
void plot_end(struct plot *plot);

/* ---- report_calendar.c ---- */

void report_calendar(struct text *out, const struct report *report);

/* ---- report_list.c ---- */

/* Every session, then those without a time. */
void report_list(struct text *out, const struct report *report);

/* ---- for all ---- */

/* "22.4°"; "12 min 05 s" */
void report_quantity(struct text *out, double value, const char *unit);
void report_duration(struct text *out, uint64_t ms);
/* With a capital. */
const char *report_kind(enum row_kind kind);

extern const char report_style[]; /* report_style.c: CSS */

#endif

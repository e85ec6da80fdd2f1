/* SPDX-License-Identifier: Apache-2.0
 *
 * history - the session so far of some readings and controls, for the plot; before the first one the last half hour.
 * A fixed number of lines of a fixed length: what it holds does not grow. While a session goes on nothing of it is
 * dropped: when a line is full, two points become one, the one further from zero, so that a peak stays one, and a step
 * is twice as long. What was not known is a gap. Pure but for memory; one thread.
 */
#ifndef PAGE_HISTORY_H
#define PAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_STEP_MS   2000u /* at first */
#define HISTORY_POINTS    900u  /* even */
#define HISTORY_LINES_MAX 16u
#define HISTORY_GAP_MS    1800000u /* a session is over when nothing happened for so long, as in etc/rules.d */

struct history_line {
	uint16_t device, index; /* of a metric, or of a control */
	bool control;           /* 1 while it is granted, else 0 */
};

struct history;

/* NULL: no memory. */
struct history *history_new(void);
void history_free(struct history *history);
/* False: there are HISTORY_LINES_MAX already, or no memory. Before the first history_take. */
bool history_add(struct history *history, struct history_line line);
size_t history_lines(const struct history *history);
struct history_line history_line(const struct history *history, size_t line);
/* Asks `value` for each line's (NAN: not known), if it is time. The steps that nobody took are gaps. `active`:
 * something runs, or somebody is on something; the first time it is so after HISTORY_GAP_MS all begins anew. */
void history_take(struct history *history, uint64_t now_ms, bool active, void *user,
		  double (*value)(void *user, struct history_line line));

struct history_view {
	size_t points; /* each line has as many */
	uint32_t step_ms;
	uint64_t last_ms; /* when the last was taken */
	bool session;     /* they begin with one, and it goes on */
	unsigned number;  /* another one whenever the points are others than they were, but for those that came */
};
struct history_view history_view(const struct history *history);
/* From the oldest, 0, on; NAN: not known. */
double history_value(const struct history *history, size_t line, size_t point);

#endif

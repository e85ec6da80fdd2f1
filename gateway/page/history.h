/* SPDX-License-Identifier: Apache-2.0
 *
 * history - the last half hour of some readings and controls, a value every two seconds, for the plot. A fixed number
 * of lines of a fixed length: what it holds does not grow. What was not known is a gap. Pure but for memory; one
 * thread.
 */
#ifndef PAGE_HISTORY_H
#define PAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_STEP_MS   2000u
#define HISTORY_POINTS    900u
#define HISTORY_LINES_MAX 16u

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
/* Asks `value` for each line's (NAN: not known), if it is time. The steps that nobody took are gaps. */
void history_take(struct history *history, uint64_t now_ms, void *user,
		  double (*value)(void *user, struct history_line line));
/* How many points there are, each line as many, and when the last was taken. */
size_t history_points(const struct history *history, uint64_t *last_ms);
/* From the oldest, 0, on; NAN: not known. */
double history_value(const struct history *history, size_t line, size_t point);

#endif

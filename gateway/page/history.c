/* SPDX-License-Identifier: Apache-2.0 */
#include "page/history.h"

#include <math.h>
#include <stdlib.h>

struct history {
	struct history_line lines[HISTORY_LINES_MAX];
	float *values[HISTORY_LINES_MAX]; /* rings */
	size_t n_lines, n_points, next;
	uint64_t last_ms;
};

struct history *history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void history_free(struct history *h)
{
	for (size_t i = 0; h && i < h->n_lines; i++)
		free(h->values[i]);
	free(h);
}

bool history_add(struct history *h, struct history_line line)
{
	if (h->n_lines == HISTORY_LINES_MAX)
		return false;
	h->values[h->n_lines] = calloc(HISTORY_POINTS, sizeof(float));
	if (!h->values[h->n_lines])
		return false;
	h->lines[h->n_lines++] = line;
	return true;
}

size_t history_lines(const struct history *h)
{
	return h->n_lines;
}

struct history_line history_line(const struct history *h, size_t line)
{
	return h->lines[line];
}

static void step(struct history *h)
{
	h->next = (h->next + 1) % HISTORY_POINTS;
	h->n_points += h->n_points < HISTORY_POINTS;
}

void history_take(struct history *h, uint64_t now_ms, void *user, double (*value)(void *user, struct history_line line))
{
	uint64_t steps = h->n_points > 0 ? (now_ms - h->last_ms) / HISTORY_STEP_MS : 1;
	if (h->n_points > 0 && now_ms < h->last_ms + HISTORY_STEP_MS)
		return;
	for (uint64_t missed = 1; missed < steps && missed <= HISTORY_POINTS; missed++) {
		for (size_t i = 0; i < h->n_lines; i++)
			h->values[i][h->next] = NAN;
		step(h);
	}
	for (size_t i = 0; i < h->n_lines; i++)
		h->values[i][h->next] = (float)value(user, h->lines[i]);
	h->last_ms = h->n_points > 0 ? h->last_ms + steps * HISTORY_STEP_MS : now_ms;
	step(h);
}

size_t history_points(const struct history *h, uint64_t *last_ms)
{
	*last_ms = h->last_ms;
	return h->n_points;
}

double history_value(const struct history *h, size_t line, size_t point)
{
	size_t oldest = h->n_points < HISTORY_POINTS ? 0 : h->next;
	return (double)h->values[line][(oldest + point) % HISTORY_POINTS];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "page/history.h"

#include <math.h>
#include <stdlib.h>

struct history {
	struct history_line lines[HISTORY_LINES_MAX];
	float *values[HISTORY_LINES_MAX]; /* rings */
	size_t n_lines, n_points, next;   /* in a session they lie from 0 on, and are never full */
	uint32_t step_ms;
	uint64_t last_ms, active_ms;
	bool session;
	unsigned number;
};

struct history *history_new(void)
{
	struct history *h = calloc(1, sizeof *h);
	if (h)
		h->step_ms = HISTORY_STEP_MS;
	return h;
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

static float further(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return fabsf(a) > fabsf(b) ? a : b;
}

static void halve(struct history *h)
{
	for (size_t i = 0; i < h->n_lines; i++)
		for (size_t p = 0; p < HISTORY_POINTS / 2; p++)
			h->values[i][p] = further(h->values[i][2 * p], h->values[i][2 * p + 1]);
	h->n_points = h->next = HISTORY_POINTS / 2;
	h->step_ms *= 2;
	h->number++;
}

/* The line's value for the step that begins; NULL: nobody took it. */
static void step(struct history *h, void *user, double (*value)(void *user, struct history_line line))
{
	for (size_t i = 0; i < h->n_lines; i++)
		h->values[i][h->next] = value ? (float)value(user, h->lines[i]) : NAN;
	h->last_ms += h->step_ms;
	h->next = (h->next + 1) % HISTORY_POINTS;
	h->n_points += h->n_points < HISTORY_POINTS;
	if (h->session && h->n_points == HISTORY_POINTS)
		halve(h);
}

/* Which session it is. */
static void follow(struct history *h, uint64_t now_ms, bool active)
{
	if (h->session && now_ms - h->active_ms > HISTORY_GAP_MS) {
		h->session = false; /* what it was stays, until it is pushed out */
		h->number++;
	}
	if (active && !h->session) {
		h->session = true;
		h->n_points = h->next = 0;
		h->step_ms = HISTORY_STEP_MS;
		h->number++;
	}
	if (active)
		h->active_ms = now_ms;
}

void history_take(struct history *h, uint64_t now_ms, bool active, void *user,
		  double (*value)(void *user, struct history_line line))
{
	follow(h, now_ms, active);
	if (h->n_points == 0)
		h->last_ms = now_ms - h->step_ms;
	uint64_t missed = (now_ms - h->last_ms) / h->step_ms;
	if (missed > HISTORY_POINTS) /* a machine that slept: more gaps than it holds are no work */
		h->last_ms += (missed - HISTORY_POINTS) * h->step_ms;
	while (now_ms - h->last_ms >= UINT64_C(2) * h->step_ms)
		step(h, NULL, NULL);
	if (now_ms - h->last_ms >= h->step_ms)
		step(h, user, value);
}

struct history_view history_view(const struct history *h)
{
	return (struct history_view){.points = h->n_points,
				     .step_ms = h->step_ms,
				     .last_ms = h->last_ms,
				     .session = h->session,
				     .number = h->number};
}

double history_value(const struct history *h, size_t line, size_t point)
{
	size_t oldest = h->n_points < HISTORY_POINTS ? 0 : h->next;
	return (double)h->values[line][(oldest + point) % HISTORY_POINTS];
}

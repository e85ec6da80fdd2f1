/* SPDX-License-Identifier: Apache-2.0 */
#include "adjust/steady.h"

#include <math.h>

#include "therapy/plugin.h"

void steady_begin(struct steady *s, double spread, bool round, uint64_t now_ms, uint64_t wait_ms)
{
	*s = (struct steady){.spread = spread, .round = round, .begun_ms = now_ms, .wait_ms = wait_ms};
}

enum steady_state steady_take(struct steady *s, uint8_t quality, double value, uint64_t stamp_ms)
{
	if (s->state != STEADY_MEASURING || stamp_ms <= s->begun_ms)
		return s->state;
	if (quality != THERAPY_GOOD || !isfinite(value)) {
		s->state = STEADY_IMPLAUSIBLE;
		return s->state;
	}
	if (s->n == 0)
		s->first = value;
	double from = s->round ? remainder(value - s->first, 360) : value - s->first;
	s->n++;
	s->sum += from;
	s->low = fmin(s->low, from);
	s->high = fmax(s->high, from);
	if (s->high - s->low > s->spread)
		s->state = STEADY_MOVED;
	else if (stamp_ms >= s->begun_ms + STEADY_MS && s->n >= STEADY_READINGS)
		s->state = STEADY_DONE;
	return s->state;
}

enum steady_state steady_wait(struct steady *s, uint64_t now_ms)
{
	if (s->state == STEADY_MEASURING && now_ms >= s->begun_ms + s->wait_ms)
		s->state = STEADY_SILENT;
	return s->state;
}

double steady_mean(const struct steady *s)
{
	double mean = s->first + (s->n > 0 ? s->sum / s->n : 0);
	return s->round ? remainder(mean, 360) : mean;
}

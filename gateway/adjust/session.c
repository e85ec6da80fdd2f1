/* SPDX-License-Identifier: Apache-2.0 */
#include "adjust/session.h"

#include <math.h>
#include <string.h>

static const char *const positions[CALIBRATION_POSITIONS] = {"upright", "level", "head_down"};

void session_begin_calibrate(struct session *s, const char *const *axes, size_t n_axes, bool quarter_last,
			     uint64_t wait_ms, uint64_t now_ms)
{
	*s = (struct session){
	    .kind = SESSION_CALIBRATE, .n_axes = n_axes > 2 ? 2 : n_axes, .wait_ms = wait_ms, .touched_ms = now_ms};
	for (size_t i = 0; i < s->n_axes; i++)
		s->axes[i].name = axes ? axes[i] : NULL;
	s->axes[s->n_axes - 1].quarter = quarter_last;
}

void session_begin_tare(struct session *s, uint64_t wait_ms, uint64_t now_ms)
{
	*s = (struct session){.kind = SESSION_TARE, .n_axes = 1, .wait_ms = wait_ms, .touched_ms = now_ms};
}

void session_end(struct session *s)
{
	*s = (struct session){0};
}

const char *session_step(const struct session *s)
{
	if (s->kind == SESSION_NONE || s->state == SESSION_FOUND)
		return NULL;
	return s->kind == SESSION_TARE ? "empty" : positions[s->at];
}

bool session_measure(struct session *s, const char *step, uint64_t now_ms)
{
	const char *awaited = session_step(s);
	if (!awaited || s->state != SESSION_WAITS || strcmp(step, awaited) != 0)
		return false;
	s->state = SESSION_MEASURING;
	s->touched_ms = now_ms;
	s->refused[0] = '\0';
	for (size_t i = 0; i < s->n_axes; i++)
		steady_begin(&s->steady[i], s->kind == SESSION_TARE ? SESSION_SPREAD_N : SESSION_SPREAD_DEG,
			     s->kind == SESSION_CALIBRATE, now_ms, s->wait_ms);
	return true;
}

/* ---- what came of a measurement ---- */

static void refuse(struct session *s, const char *why)
{
	s->state = SESSION_WAITS;
	(void)str_copy(s->refused, sizeof s->refused, why);
}

static void say_unsteady(const struct session *s, const struct steady *m, struct str *why)
{
	const char *unit = s->kind == SESSION_TARE ? "N" : "deg";
	if (m->state == STEADY_MOVED)
		str_add(why, "it moved: readings were %.1f %s apart, expected at most %g within %g s", m->high - m->low,
			unit, m->spread, STEADY_MS / 1e3);
	else if (m->state == STEADY_IMPLAUSIBLE)
		str_add(why, "a reading was not to be believed: look at the sensor with `therapyctl devices`");
	else
		str_add(
		    why,
		    "%u reading%s came within %g s, expected %u over %g s: is the sensor on, and does it speak often "
		    "enough?",
		    m->n, m->n == 1 ? "" : "s", (double)m->wait_ms / 1e3, STEADY_READINGS, STEADY_MS / 1e3);
}

static void finish_tare(struct session *s, struct str *why)
{
	double zero = round(steady_mean(&s->steady[0]) * 100) / 100;
	if (fabs(zero) > SESSION_ZERO_MAX_N) {
		str_add(why,
			"the sensor says %.1f N, expected at most %g without a load: something pulls, or the sensor is "
			"not set up. A tare would hide that",
			zero, SESSION_ZERO_MAX_N);
		refuse(s, why->at);
		return;
	}
	s->zero_n = zero;
	s->state = SESSION_FOUND;
}

static void finish_position(struct session *s, struct str *why)
{
	for (size_t i = 0; i < s->n_axes; i++) {
		s->axes[i].still[s->at] = s->steady[i].state == STEADY_DONE;
		s->axes[i].deg[s->at] = steady_mean(&s->steady[i]);
	}
	if (!calibration_look(s->axes, s->n_axes, s->at + 1, &s->calibration, why)) {
		refuse(s, why->at);
		return;
	}
	s->at++;
	s->state = s->at == CALIBRATION_POSITIONS ? SESSION_FOUND : SESSION_WAITS;
}

/* Roll wanders without end where pitch points up or down: then it says nothing, and nothing against the table. */
static bool excused(const struct session *s, size_t i)
{
	return i == 0 && s->n_axes == 2 && s->axes[1].quarter && s->steady[1].state == STEADY_DONE &&
	       fabs(steady_mean(&s->steady[1])) > 70;
}

static void look(struct session *s)
{
	char text[SESSION_WHY_MAX];
	struct str why;
	str_init(&why, text, sizeof text);
	const struct steady *bad = NULL;
	if (s->state != SESSION_MEASURING)
		return;
	for (size_t i = 0; i < s->n_axes; i++)
		if (s->steady[i].state == STEADY_MEASURING)
			return;
	for (size_t i = 0; i < s->n_axes && !bad; i++)
		if (s->steady[i].state != STEADY_DONE && !excused(s, i))
			bad = &s->steady[i];
	if (bad) {
		say_unsteady(s, bad, &why);
		refuse(s, text);
	} else if (s->kind == SESSION_TARE) {
		finish_tare(s, &why);
	} else {
		finish_position(s, &why);
	}
}

void session_reading(struct session *s, size_t i, uint8_t quality, double value, uint64_t stamp_ms)
{
	if (s->state != SESSION_MEASURING || i >= s->n_axes)
		return;
	steady_take(&s->steady[i], quality, value, stamp_ms);
	look(s);
}

void session_lost(struct session *s)
{
	if (s->state == SESSION_MEASURING)
		refuse(s, "the device is gone: its link or its process ended");
}

bool session_tick(struct session *s, uint64_t now_ms)
{
	if (s->kind == SESSION_NONE)
		return true;
	if (s->state == SESSION_MEASURING)
		for (size_t i = 0; i < s->n_axes; i++)
			steady_wait(&s->steady[i], now_ms);
	look(s);
	if (now_ms < s->touched_ms + SESSION_IDLE_MS)
		return true;
	session_end(s);
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_monitor.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NEVER UINT64_MAX

static bool accuse(struct monitor *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool accuse(struct monitor *m, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(m->why, sizeof m->why, format, args);
	va_end(args);
	return false;
}

static const struct monitor_metric *metric(const struct monitor *m, enum life_device d, int i)
{
	return &m->metrics[d][i];
}

/* Good, present, and at most that old. */
static bool fresh(const struct monitor *m, enum life_device d, int i, uint64_t max_age)
{
	const struct monitor_metric *x = metric(m, d, i);
	return x->known && m->present[d] && m->now - x->stamp <= max_age;
}

/* ---- spans of time ---- */

static void span_add(struct monitor_spans *s, uint64_t from, uint64_t until)
{
	if (until <= from)
		return;
	if (s->n > 0 && s->at[s->n - 1].until == from) {
		s->at[s->n - 1].until = until;
		return;
	}
	if (s->n == MONITOR_SPANS) { /* the oldest half is long past what any hazard looks back to */
		memmove(s->at, s->at + MONITOR_SPANS / 2, MONITOR_SPANS / 2 * sizeof *s->at);
		s->n = MONITOR_SPANS / 2;
	}
	s->at[s->n++] = (struct monitor_span){from, until};
}

static uint64_t span_sum(const struct monitor_spans *s, uint64_t from)
{
	uint64_t sum = 0;
	for (size_t i = s->n; i-- > 0 && s->at[i].until > from;)
		sum += s->at[i].until - (s->at[i].from > from ? s->at[i].from : from);
	return sum;
}

/* Ends of spans of a minute and more, with at least 32 min of rest after each: sessions, by any way of counting. */
static unsigned sessions(const struct monitor *m, const struct monitor_spans *s, uint64_t within)
{
	unsigned n = 0;
	uint64_t next = m->now;
	for (size_t i = s->n; i-- > 0 && m->now - s->at[i].until < within - 32 * MINUTE;) {
		bool rested = next - s->at[i].until >= 32 * MINUTE;
		n += rested && s->at[i].until - s->at[i].from >= 62 * SECOND;
		next = s->at[i].from;
	}
	return n;
}

/* ---- what is shown ---- */

void monitor_start(struct monitor *m, uint64_t now)
{
	*m = (struct monitor){.now = now, .still_since = NEVER};
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		for (unsigned i = 0; i < LIFE_METRICS; i++)
			m->metrics[d][i] = (struct monitor_metric){
			    .unknown_until = now, .look_ms = 30 * SECOND, .beyond_since = NEVER, .beyond_last = NEVER};
}

void monitor_pass(struct monitor *m, uint64_t now)
{
	struct monitor_metric *tilt = &m->metrics[TABLE][TILT];
	if (tilt->known && m->present[TABLE] && tilt->value > 10 && now - m->now <= SECOND)
		span_add(&m->inverted, m->now, now);
	struct monitor_metric *skin = &m->metrics[WRAP][SKIN];
	if (skin->known && m->present[WRAP] && skin->value < 15 && now - skin->stamp <= 5 * SECOND)
		span_add(&m->chilled, m->now, now);
	/* Over a longer step a lease may have ended anywhere in it. */
	uint64_t until = now - m->now <= SECOND ? now : m->now;
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		if (m->on[d]) {
			span_add(&m->was_on[d], m->on_since[d], until);
			m->on_since[d] = now;
		}
	m->now = now;
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		for (int i = 0; i < (int)LIFE_METRICS; i++)
			if (!fresh(m, (enum life_device)d, i, m->metrics[d][i].look_ms))
				m->metrics[d][i].unknown_until = now;
	if (!fresh(m, TABLE, TILT, SECOND) || !fresh(m, TABLE, RATE, SECOND))
		m->still_since = NEVER; /* what it did meanwhile nobody saw */
}

/* Is the bound of the metric's own hazard exceeded? */
static bool beyond(enum life_device d, int i, double value)
{
	switch (d) {
	case TABLE:
		return i == TILT && value > 10;
	case BELT:
		return i == FORCE ? value > 150 : value > 30;
	case PAD:
		return i == SKIN && value > 42;
	case WRAP:
		return i == SKIN && value < 15;
	default:
		return false;
	}
}

static void add_dose(struct monitor *m, const struct monitor_metric *before, double value, uint64_t stamp)
{
	if (!before->known || stamp - before->stamp > 5 * SECOND)
		return;
	double t = fmin(before->value, value), minutes = (double)(stamp - before->stamp) / 60e3;
	for (uint64_t hour = stamp / HOUR; m->dose_hour < hour; m->dose_hour++)
		m->dose[(m->dose_hour + 1) % 32] = 0;
	m->dose[m->dose_hour % 32] += minutes * pow(t >= 43 ? 0.5 : 0.25, 43 - t);
}

/* The table turns faster than 5 deg/s by its gyroscope and stays where it is by its angle. */
static void look_for_still(struct monitor *m)
{
	bool seen = fresh(m, TABLE, TILT, SECOND) && fresh(m, TABLE, RATE, SECOND);
	double tilt = metric(m, TABLE, TILT)->value;
	if (!seen || fabs(metric(m, TABLE, RATE)->value) <= 5)
		m->still_since = NEVER;
	else if (m->still_since == NEVER || fabs(tilt - m->still_at) > 0.5) {
		m->still_since = m->now;
		m->still_at = tilt;
	}
}

void monitor_read(struct monitor *m, enum life_device d, int i, double value, uint8_t quality, uint64_t stamp)
{
	struct monitor_metric *x = &m->metrics[d][i], before = *x;
	if (!m->present[d] || stamp < x->stamp || (m->lost[d] && stamp <= m->lost[d]))
		return;
	x->stamp = stamp;
	x->known = quality == THERAPY_GOOD;
	if (!x->known) {
		x->unknown_until = m->now;
		look_for_still(m);
		return;
	}
	x->value = value;
	bool aged = !fresh(m, d, i, x->look_ms);
	if (aged)
		x->unknown_until = m->now;
	if (d == PAD && i == SKIN)
		add_dose(m, &before, value, stamp);
	bool now_beyond = beyond(d, i, value) && m->now - stamp <= SECOND;
	if (now_beyond)
		x->beyond_last = m->now;
	if (!beyond(d, i, value))
		x->beyond_since = NEVER;
	else if (now_beyond && x->beyond_since == NEVER)
		x->beyond_since = m->now;
	if (d == BUTTON && value > 0 && m->now - stamp <= SECOND)
		m->stopped = true;
	if (d == BELT && i == FORCE && value > 300 && m->now - stamp <= SECOND)
		m->torn = true;
	look_for_still(m);
}

void monitor_present(struct monitor *m, enum life_device d, bool present)
{
	if (m->present[d] == present)
		return;
	m->present[d] = present;
	if (!present)
		m->lost[d] = m->now;
	for (unsigned i = 0; i < LIFE_METRICS; i++) {
		m->metrics[d][i].known = false;
		m->metrics[d][i].unknown_until = m->now;
	}
	if (d == TABLE)
		m->still_since = NEVER;
}

void monitor_stop(struct monitor *m)
{
	m->stopped = true;
}

void monitor_reset(struct monitor *m, bool accepted)
{
	if (metric(m, BELT, FORCE)->known && metric(m, BELT, FORCE)->value <= 150)
		m->torn = false;
	if (accepted || (metric(m, BUTTON, PRESSED)->known && metric(m, BUTTON, PRESSED)->value <= 0))
		m->stopped = false;
}

bool monitor_blind(const struct monitor *m)
{
	return !fresh(m, TABLE, TILT, 5 * SECOND) || !fresh(m, BELT, FORCE, 5 * SECOND) ||
	       !fresh(m, BELT, PRESSURE, 5 * SECOND) || !fresh(m, PAD, SKIN, 5 * SECOND);
}

/* ---- the hazard table ---- */

/* Has the bound been exceeded for longer than the grace, or is this a new grant during it? */
static bool over(const struct monitor *m, enum life_device d, int i, uint64_t grace, bool started)
{
	const struct monitor_metric *x = metric(m, d, i);
	return x->beyond_since != NEVER && (started || m->now - x->beyond_since > grace);
}

static bool people(struct monitor *m)
{
	if (m->stopped)
		return accuse(m, "28: somebody stopped everything and nobody has reset");
	if (!fresh(m, BUTTON, PRESSED, 5 * SECOND) || metric(m, BUTTON, PRESSED)->value > 0)
		return accuse(m, "28: the stop button is pressed or not seen");
	if (!fresh(m, PERSON, THERE, 2 * MINUTE) || metric(m, PERSON, THERE)->value < 1)
		return accuse(m, "30: nobody has said for 2 min that they are there");
	return true;
}

static bool level(struct monitor *m, bool started)
{
	if (!fresh(m, TABLE, TILT, 5 * SECOND))
		return accuse(m, "17: the tilt is not known");
	if (metric(m, TABLE, TILT)->value > 20 || over(m, TABLE, TILT, SECOND, started))
		return accuse(m, "11, 14: the table is at %g deg", metric(m, TABLE, TILT)->value);
	if (m->still_since != NEVER && m->now - m->still_since > 3 * SECOND)
		return accuse(m, "18: the table turns and its angle stands still");
	return true;
}

static bool acknowledged(struct monitor *m)
{
	if (fresh(m, PERSON, ACKNOWLEDGED, NEVER) && metric(m, PERSON, ACKNOWLEDGED)->value > 0)
		return true;
	return accuse(m, "29: not acknowledged");
}

static bool heat_may(struct monitor *m, bool started)
{
	if (!people(m) || !level(m, started) || !acknowledged(m))
		return false;
	if (!fresh(m, BELT, FORCE, 5 * SECOND) || !fresh(m, BELT, PRESSURE, 5 * SECOND) ||
	    metric(m, BELT, FORCE)->value >= 20 || metric(m, BELT, PRESSURE)->value >= 1)
		return accuse(m, "12: the belt is loaded or not seen");
	if (!fresh(m, PAD, SKIN, 5 * SECOND) || metric(m, PAD, SKIN)->value > 45 ||
	    over(m, PAD, SKIN, 10 * SECOND, started))
		return accuse(m, "8: the skin is at %g degC or not seen", metric(m, PAD, SKIN)->value);
	if (span_sum(&m->was_on[PAD], m->now - 40 * MINUTE) > 20 * MINUTE + SECOND)
		return accuse(m, "9: more than 20 min of heat in 40");
	double dose = 0;
	for (uint64_t hour = m->now / HOUR, i = 0; i < 23 && i <= hour && m->dose_hour + i >= hour; i++)
		dose += m->dose[(hour - i) % 32];
	if (dose > 40.5)
		return accuse(m, "9: a dose of %g min within a day", dose);
	if (span_sum(&m->was_on[WRAP], m->now - 40 * MINUTE) > 61 * SECOND ||
	    span_sum(&m->chilled, m->now - 40 * MINUTE) > 61 * SECOND)
		return accuse(m, "10: heat after cold");
	if (span_sum(&m->inverted, m->now - 10 * MINUTE) > 11 * SECOND)
		return accuse(m, "13: heat after inversion");
	return true;
}

static bool traction_may(struct monitor *m, bool started, double value)
{
	if (!people(m) || !level(m, started))
		return false;
	const struct monitor_metric *tilt = metric(m, TABLE, TILT);
	if ((tilt->beyond_last != NEVER && m->now - tilt->beyond_last < 30 * MINUTE) ||
	    m->now - tilt->unknown_until < 30 * MINUTE)
		return accuse(m, "14: inverted, or not known, within 30 min");
	if (!fresh(m, BELT, FORCE, 5 * SECOND) || !fresh(m, BELT, PRESSURE, 5 * SECOND))
		return accuse(m, "17: the belt is not seen");
	if (m->torn || metric(m, BELT, FORCE)->value > 300 || value > 150 || over(m, BELT, FORCE, 2 * SECOND, started))
		return accuse(m, "4: %g N, asked for %g", metric(m, BELT, FORCE)->value, value);
	if (over(m, BELT, PRESSURE, SECOND, started))
		return accuse(m, "7: %g kPa", metric(m, BELT, PRESSURE)->value);
	if (span_sum(&m->was_on[BELT], m->now - 30 * MINUTE) > 10 * MINUTE + SECOND)
		return accuse(m, "6: more than 10 min of traction in 30");
	if (sessions(m, &m->was_on[BELT], 20 * HOUR) >= 1 || sessions(m, &m->was_on[BELT], 164 * HOUR) >= 3)
		return accuse(m, "16: too many sessions");
	if (!fresh(m, SCALE, WEIGHT, 12 * HOUR) || fabs(metric(m, SCALE, WEIGHT)->value - 70) > 5)
		return accuse(m, "15: somebody else stood on the scale");
	if (!fresh(m, PERSON, CLEARED, NEVER) || metric(m, PERSON, CLEARED)->value <= 0 ||
	    !fresh(m, PERSON, BODY_WEIGHT, NEVER) || metric(m, PERSON, BODY_WEIGHT)->value > 136)
		return accuse(m, "29: not cleared, or too heavy");
	return true;
}

static bool cold_may(struct monitor *m)
{
	if (!people(m) || !acknowledged(m))
		return false;
	if (span_sum(&m->was_on[WRAP], m->now - 60 * MINUTE) > 20 * MINUTE + SECOND)
		return accuse(m, "10: more than 20 min of cold in 60");
	return true;
}

bool monitor_on(struct monitor *m, enum life_device d, bool on, double value)
{
	bool started = on && !m->on[d];
	if (started)
		m->on_since[d] = m->now;
	m->on[d] = on;
	if (!on)
		return true;
	if (!m->present[d])
		return accuse(m, "20: the device is not there");
	return d == PAD ? heat_may(m, started) : d == BELT ? traction_may(m, started, value) : cold_may(m);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

uint32_t reading_stale_ms(const struct therapy_metric *m)
{
	if (m->stale_ms > 0)
		return m->stale_ms;
	return m->interval_ms > 333 ? 3 * m->interval_ms : 1000;
}

/* Could `to` follow `from`? Two frames that were buffered together carry the same stamp, so at least the usual interval
 * counts as passed; and a change too small to show anybody is noise, however fast it came. */
static bool can_follow(const struct therapy_metric *m, double from, uint64_t from_ms, double to, uint64_t to_ms)
{
	uint64_t ms = to_ms > from_ms ? to_ms - from_ms : 0;
	if (ms < m->interval_ms)
		ms = m->interval_ms;
	return fabs(to - from) <= m->max_rate * (double)ms / 1000.0 + m->deadband;
}

/* One reading that jumps is an ERROR: a bit that flipped, a cable that broke. If the next one agrees with it the world
 * has really changed (frames were lost in between, the table was bumped), and refusing it for ever would blind the
 * rules; so the second of two that agree is believed. ERROR permits nothing, so waiting for it is the safe side of
 * both. */
static bool follows(const struct therapy_metric *m, struct track *t, double value, uint64_t stamp_ms)
{
	bool ok = m->max_rate <= 0 || !t->has_good || can_follow(m, t->good, t->good_ms, value, stamp_ms) ||
		  (t->has_candidate && can_follow(m, t->candidate, t->candidate_ms, value, stamp_ms));
	if (ok) {
		t->has_good = true;
		t->good = value;
		t->good_ms = stamp_ms;
		t->has_candidate = false;
	} else {
		t->has_candidate = true;
		t->candidate = value;
		t->candidate_ms = stamp_ms;
	}
	return ok;
}

static bool in_range(const struct therapy_metric *m, double value)
{
	if (m->unit == THERAPY_UNIT_BOOL && value != 0.0 && value != 1.0)
		return false;
	return value >= m->min && value <= m->max;
}

/* Makes what cannot be true an ERROR. */
static void check(struct device *d, struct device_reading *r)
{
	const struct therapy_metric *m = &d->model->metrics[r->metric];
	struct track *t = &d->tracks[r->metric];
	bool plausible = r->quality <= THERAPY_ERROR;
	if (!isfinite(r->value)) {
		plausible = plausible && r->quality != THERAPY_GOOD;
		r->value = 0;
	}
	if (plausible && r->quality == THERAPY_GOOD) {
		plausible = in_range(m, r->value);
		if (!plausible)
			t->has_candidate = false;
		else
			plausible = follows(m, t, r->value, r->stamp_ms);
	}
	if (!plausible) {
		r->quality = THERAPY_ERROR;
		d->counters.out_of_range++;
	}
}

/* A device at rest that says the same again need not wake the gateway each time. The age that the gateway sees must
 * stay well below staleness all the same: the reading goes on if the next one would come too late for a third of it. */
static bool thin(const struct device *d, const struct device_reading *r)
{
	const struct therapy_metric *m = &d->model->metrics[r->metric];
	const struct track *t = &d->tracks[r->metric];
	if (d->rest_forward_ms == 0 || !t->has_forwarded || t->forwarded_quality != r->quality || control_any_leased(d))
		return false;
	double change = fabs(r->value - t->forwarded);
	if (change > 0 && change >= m->deadband)
		return false;
	uint64_t since = r->stamp_ms > t->forwarded_ms ? r->stamp_ms - t->forwarded_ms : 0;
	return since < d->rest_forward_ms && since + m->interval_ms <= reading_stale_ms(m) / 3;
}

static void forward(struct device *d, const struct device_reading *r)
{
	struct track *t = &d->tracks[r->metric];
	t->has_forwarded = true;
	t->forwarded = r->value;
	t->forwarded_quality = r->quality;
	t->forwarded_ms = r->stamp_ms;
	d->readings[d->n_readings++] = *r;
	d->next_sequence++;
}

void reading_take(struct device *d, const struct therapy_reading *r)
{
	if (r->metric >= d->model->n_metrics) {
		d->counters.overflows++;
		return;
	}
	uint64_t age_ms = r->age_ms < d->arrived_ms ? r->age_ms : d->arrived_ms;
	struct device_reading made = {.metric = r->metric,
				      .quality = r->quality,
				      .value = r->quality == THERAPY_UNKNOWN ? 0 : r->value,
				      .stamp_ms = d->arrived_ms - age_ms};
	check(d, &made);
	control_reading(d, &made); /* first: what proves a control must not be thinned or crowded out */
	if (thin(d, &made)) {
		d->counters.readings++;
		d->counters.thinned++;
	} else if (d->n_readings == DEVICE_READINGS_MAX) {
		d->counters.overflows++;
	} else {
		d->counters.readings++;
		forward(d, &made);
	}
}

void reading_forget(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_metrics; i++)
		d->tracks[i] = (struct track){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/derived.h"

#include "core/inside.h"

#define TICK_MS  1000u /* a sum that grows is shown at most this late */
#define STILL_MS 2000u /* what has to move and does not for this long contradicts; hazard 18 */
#define SPAN_MS  250u  /* a rate is over at least this */
#define SPACE_MS 40u   /* samples nearer to each other than this would not reach over SPAN_MS */

/* ---- what rules see ---- */

static void show(struct core *core, const struct derived *d, double value, enum therapy_quality quality)
{
	struct value *v = &core->values[d->metric];
	bool same = v->seen && v->quality == (uint8_t)quality && v->value >= value && v->value <= value;
	v->stamp_ms = core->now_ms;
	if (same && v->lasting)
		return;
	v->value = value;
	if (v->quality != THERAPY_ERROR)
		v->wrong_ms = core->now_ms;
	v->quality = (uint8_t)quality;
	v->seen = true;
	logic_touch_metric(&core->logic, d->metric);
	derived_source(core, d->metric); /* only later rows look at it: this ends */
}

static void wake(struct core *core, struct derived *d, uint64_t at)
{
	if (at == UINT64_MAX)
		timers_stop(&core->timers, &d->timer);
	else
		timers_set(&core->timers, &d->timer, at > core->now_ms ? at : core->now_ms);
}

/* What was before the memory was lost still counts. */
static bool is_lost(const struct core *core, const struct derived *d)
{
	return core->now_ms < d->lost_ms;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- TIME, COUNT ---- */

static void session_count(struct core *core, struct derived *d)
{
	struct derived_session *s = &d->session;
	if (s->state != DERIVED_RUNNING || core->now_ms <= s->since_ms)
		return;
	double ms = (double)(core->now_ms - s->since_ms);
	s->since_ms = core->now_ms;
	s->sum_ms += ms;
	if (d->type == CORE_DERIVE_TIME && d->within_ms)
		rolling_add(&d->rolling, core->now_ms, ms / 1e3);
	if (d->type == CORE_DERIVE_TIME)
		memory_changed(core, CORE_SOON);
}

static void session_over(struct core *core, struct derived *d)
{
	struct derived_session *s = &d->session;
	uint64_t over = timers_since(s->false_ms, d->gap_ms);
	if (s->state != DERIVED_GAP || s->broken || over > core->now_ms)
		return;
	s->state = DERIVED_IDLE;
	s->sum_ms = 0;
	if (d->lost_ms == UINT64_MAX)
		d->lost_ms = 0;
	if (d->type == CORE_DERIVE_COUNT)
		moments_add(&d->moments, s->false_ms + (int64_t)d->gap_ms, 1);
	memory_changed(core, d->type == CORE_DERIVE_COUNT ? CORE_URGENT : CORE_SOON);
}

static void session_show(struct core *core, struct derived *d)
{
	struct derived_session *s = &d->session;
	uint64_t at = UINT64_MAX;
	double value;
	if (d->type == CORE_DERIVE_COUNT) {
		value = moments_count(&d->moments, core->now_ms);
		at = moments_next(&d->moments);
	} else if (d->within_ms) {
		value = rolling_sum(&d->rolling, core->now_ms);
		at = rolling_next(&d->rolling);
	} else {
		value = s->sum_ms / 1e3;
	}
	/* rings when a whole second is full, so that a limit in seconds is met exactly */
	if (s->state == DERIVED_RUNNING && d->type == CORE_DERIVE_TIME)
		at = sooner(at, s->since_ms + TICK_MS - (uint64_t)s->sum_ms % TICK_MS);
	if (s->state == DERIVED_GAP && !s->broken)
		at = sooner(at, timers_since(s->false_ms, d->gap_ms));
	if (s->bridge_ms)
		at = sooner(at, s->bridge_ms);
	if (is_lost(core, d))
		at = sooner(at, d->lost_ms);
	wake(core, d, at);
	show(core, d, value, s->state == DERIVED_NEW || is_lost(core, d) ? THERAPY_UNKNOWN : THERAPY_GOOD);
}

static void session_unknown(struct core *core, struct derived *d)
{
	struct derived_session *s = &d->session;
	if (s->bridge_ms > core->now_ms)
		return;
	s->bridge_ms = 0;
	/* A count would be smaller if a pause were not seen: for it the pause goes on. */
	if (s->state == DERIVED_GAP && d->type == CORE_DERIVE_TIME && !s->broken) {
		s->broken = true;
		s->broken_ms = core->now_ms;
		memory_changed(core, CORE_SOON);
	}
}

static void session_update(struct core *core, struct derived *d)
{
	struct derived_session *s = &d->session;
	enum truth of = logic_value(&core->logic, d->text);
	session_count(core, d);
	session_over(core, d);
	if (of == TRUTH_UNKNOWN || of == TRUTH_ERROR) {
		session_unknown(core, d);
	} else {
		uint8_t before = s->state;
		s->bridge_ms = 0;
		if (of == TRUTH_TRUE && before != DERIVED_RUNNING) {
			s->state = DERIVED_RUNNING;
			s->since_ms = core->now_ms;
		} else if (of == TRUTH_FALSE && before == DERIVED_NEW) {
			s->state = DERIVED_IDLE;
		} else if (of == TRUTH_FALSE && (before == DERIVED_RUNNING || (before == DERIVED_GAP && s->broken))) {
			s->state = DERIVED_GAP;
			s->false_ms = (int64_t)core->now_ms;
		}
		if (s->broken || (s->state != before && before != DERIVED_NEW) || s->state == DERIVED_RUNNING)
			memory_changed(core, s->state != before ? CORE_URGENT : CORE_SOON);
		s->broken = false;
	}
	session_show(core, d);
}

/* ---- DOSE ---- */

/* CEM43: how many seconds at 43 degC a second at this temperature is worth (Sapareto and Dewey 1984). */
static double dose_rate(double celsius)
{
	return pow(celsius >= 43 ? 0.5 : 0.25, 43 - celsius);
}

static uint64_t dose_held(const struct derived *d)
{
	return d->dose.seen ? timers_after(d->dose.read_ms, DERIVED_HOLD_MS) : 0;
}

static void dose_count(struct core *core, struct derived *d)
{
	struct derived_dose *s = &d->dose;
	uint64_t until = sooner(core->now_ms, dose_held(d));
	if (!s->seen || until <= s->since_ms)
		return;
	double amount = s->rate * (double)(until - s->since_ms) / 1e3;
	s->since_ms = until;
	rolling_add(&d->rolling, core->now_ms, amount);
	memory_changed(core, CORE_SOON);
}

static void dose_show(struct core *core, struct derived *d)
{
	const struct derived_dose *s = &d->dose;
	bool known = s->seen && core->now_ms <= dose_held(d);
	uint64_t at = rolling_next(&d->rolling);
	if (known) {
		double step = 1000.0 / fmax(s->rate, 1e-9); /* when another second is full */
		at = sooner(at, timers_after(dose_held(d), 1));
		at = sooner(at, timers_after(core->now_ms, (uint64_t)fmin(fmax(step, 250), 3.6e6)));
	}
	if (is_lost(core, d))
		at = sooner(at, d->lost_ms);
	wake(core, d, at);
	show(core, d, rolling_sum(&d->rolling, core->now_ms),
	     known && !is_lost(core, d) ? THERAPY_GOOD : THERAPY_UNKNOWN);
}

/* Between two readings it was as warm as the warmer of them. */
static void dose_read(struct core *core, struct derived *d)
{
	struct derived_dose *s = &d->dose;
	const struct value *v = &core->values[d->source];
	dose_count(core, d);
	if (value_quality(v, core->now_ms, core->home.metrics[d->source].stale_ms) == THERAPY_GOOD) {
		double rate = dose_rate(v->value);
		if (s->seen && rate > s->rate)
			rolling_add(&d->rolling, core->now_ms,
				    (rate - s->rate) * (double)(s->since_ms - s->read_ms) / 1e3);
		*s = (struct derived_dose){true, rate, core->now_ms, core->now_ms};
	}
	dose_show(core, d);
}

/* ---- RATE ---- */

static void rate_read(struct core *core, struct derived *d)
{
	struct derived_rate *r = &d->rate;
	const struct value *v = &core->values[d->source];
	uint32_t stale = core->home.metrics[d->source].stale_ms;
	if (value_quality(v, core->now_ms, stale) != THERAPY_GOOD) {
		r->n = 0;
		show(core, d, 0, v->quality == THERAPY_ERROR ? THERAPY_ERROR : THERAPY_UNKNOWN);
		return;
	}
	if (r->n && v->stamp_ms - r->samples[r->n - 1].ms > stale)
		r->n = 0; /* what was between is not known */
	uint32_t from = r->n;
	while (from > 0 && v->stamp_ms - r->samples[from - 1].ms < SPAN_MS)
		from--;
	if (from > 0) {
		double ms = (double)(v->stamp_ms - r->samples[from - 1].ms);
		show(core, d, (v->value - r->samples[from - 1].value) * 1e3 / ms, THERAPY_GOOD);
		core->values[d->metric].stamp_ms = v->stamp_ms;
	}
	if (r->n && v->stamp_ms - r->samples[r->n - 1].ms < SPACE_MS)
		return;
	if (r->n == DERIVED_SAMPLES)
		memmove(r->samples, r->samples + 1, --r->n * sizeof *r->samples);
	r->samples[r->n].ms = v->stamp_ms;
	r->samples[r->n++].value = v->value;
}

/* ---- CONTRADICTION ---- */

/* A sensor that froze stays so until it moves: standing still again does not make it true. Whether it is heard at all
 * is no matter of this metric: each rule that needs it says how old it may be. */
static void still_look(struct core *core, struct derived *d)
{
	struct derived_still *s = &d->still;
	const struct value *v = &core->values[d->source];
	uint32_t stale = core->home.metrics[d->source].stale_ms;
	enum truth of = logic_value(&core->logic, d->text);
	bool heard = value_quality(v, core->now_ms, stale) == THERAPY_GOOD;
	uint64_t at = UINT64_MAX;
	s->known |= of == TRUTH_TRUE || of == TRUTH_FALSE;
	if (s->stuck && heard && fabs(v->value - s->value) > d->deadband)
		s->stuck = s->anchored = false;
	if (of == TRUTH_TRUE && heard && !s->stuck) {
		if (!s->anchored || fabs(v->value - s->value) > d->deadband) {
			s->anchored = true;
			s->since_ms = core->now_ms;
			s->value = v->value;
		}
		s->stuck = core->now_ms - s->since_ms >= STILL_MS;
		at = s->stuck ? UINT64_MAX
			      : sooner(s->since_ms + STILL_MS, timers_after(timers_after(v->stamp_ms, stale), 1));
	} else if (!s->stuck) {
		s->anchored = false;
	}
	wake(core, d, at);
	show(core, d, 0, s->stuck ? THERAPY_ERROR : s->known ? THERAPY_GOOD : THERAPY_UNKNOWN);
}

/* ---- all ---- */

void derived_show(struct core *core, uint32_t index)
{
	struct derived *d = &core->derived[index];
	switch (d->type) {
	case CORE_DERIVE_TIME:
	case CORE_DERIVE_COUNT:
		session_update(core, d);
		break;
	case CORE_DERIVE_DOSE:
		dose_count(core, d);
		dose_show(core, d);
		break;
	case CORE_DERIVE_RATE:
		break;
	case CORE_DERIVE_CONTRADICTION:
		still_look(core, d);
		break;
	}
}

/* A session may have been running, or over for a moment only: it is in a gap that was not seen as a whole. A count gets
 * no session for it, which would be one for a day. */
void derived_lose(struct core *core, uint32_t index)
{
	struct derived *d = &core->derived[index];
	bool counts = d->type == CORE_DERIVE_COUNT;
	uint64_t reach_ms = d->within_ms + (counts ? d->gap_ms : 0);
	if (d->type == CORE_DERIVE_TIME && d->within_ms == 0) {
		d->session = (struct derived_session){
		    .state = DERIVED_GAP, .broken = true, .broken_ms = core->now_ms, .false_ms = (int64_t)core->now_ms};
		d->lost_ms = UINT64_MAX;
	} else if ((counts || d->type == CORE_DERIVE_TIME || d->type == CORE_DERIVE_DOSE) &&
		   reach_ms <= DERIVED_LOST_MS) {
		d->lost_ms = timers_after(core->now_ms, reach_ms);
	}
}

const struct derived *derived_find_lost(const struct core *core, uint32_t metric)
{
	for (uint32_t i = 0; i < core->n_derived; i++)
		if (core->derived[i].metric == metric)
			return is_lost(core, &core->derived[i]) ? &core->derived[i] : NULL;
	return NULL;
}

void derived_update(struct core *core, uint32_t index)
{
	derived_show(core, index);
}

void derived_timer(struct core *core, uint32_t index)
{
	derived_show(core, index);
}

void derived_source(struct core *core, uint32_t metric)
{
	for (uint32_t i = core->derived_of[metric]; i != NONE; i = core->derived[i].next) {
		struct derived *d = &core->derived[i];
		if (d->type == CORE_DERIVE_DOSE)
			dose_read(core, d);
		else if (d->type == CORE_DERIVE_RATE)
			rate_read(core, d);
		else
			still_look(core, d);
	}
}

void derived_begin(struct core *core)
{
	for (uint32_t i = 0; i < core->n_derived; i++) {
		struct derived *d = &core->derived[i];
		core->values[d->metric].seen = d->type != CORE_DERIVE_RATE;
		derived_show(core, i);
	}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One control, from rest to rest:
 *
 *                    a reading at rest            LEASE, new grant              a reading above rest
 *   COMING_TO_REST ────────────────────▶ AT_REST ─────────────────▶ ENERGISED ─────────────────────▶ CONFIRMED_ON
 *         ▲   REST, expiry, orphaned, device absent, a reading on without a lease, a reading off after CONFIRMED_ON, │
 *         │   readings at rest for too long after ENERGISED                                                         │
 *         └──────────────────────────────────────────────────────────────────────────────────────────────────────┘
 *   UNKNOWN while the link is down; COMING_TO_REST as soon as it is up. What somebody else switches on goes from
 * AT_REST to CONFIRMED_ON without a grant (foreign.c), and an off-test's grant the usual way (off_test.c).
 *
 * A control that is energised and not seen any more (its `confirm` reading stays away, while the link holds) is driven
 * to rest: UNKNOWN is said for the grant, which tells the core that nothing confirms it, and COMING_TO_REST follows.
 */
#include "device/machine.h"

/* What is energised may be unseen this long at least, whatever its staleness: a radio that loses everything for 3 s
 * must not end a session (hazard 17), and tilt may be 5 s old for the same reason. */
#define SIGHT_MIN_MS 5000u
/* What was told to act, and says again and again that it rests, may do so this long at least. */
#define ON_MAX_MS 10000u

const struct therapy_control *control_row(const struct device *d, const struct control *c)
{
	return &d->model->controls[c - d->controls];
}

static uint8_t index_of(const struct device *d, const struct control *c)
{
	return (uint8_t)(c - d->controls);
}

/* Within one step the latest phase replaces an earlier report of the same control, unless that one said how a grant
 * ended or spoke of another grant: at most an expiry, a refused lease and an end by the device, each with one report
 * around it, so DEVICE_STATES_MAX per control is room enough. That it was switched on by somebody else outlives that.
 */
void control_report(struct device *d, const struct control *c, struct device_control_state how)
{
	how.control = index_of(d, c);
	how.phase = c->phase;
	how.repeats = c->repeats;
	for (size_t i = d->n_states; i-- > 0;) {
		struct device_control_state *old = &d->states[i];
		if (old->control != how.control)
			continue;
		bool ended =
		    old->ended_by_device || old->lease_expired || old->never_on || old->test != DEVICE_TEST_NONE;
		if (ended || (old->grant != how.grant && old->grant != 0))
			break;
		if (old->foreign && !how.foreign) {
			how.foreign = true;
			how.value = old->value;
		}
		*old = how;
		return;
	}
	if (d->n_states == d->max_states) {
		d->counters.overflows++;
		return;
	}
	d->states[d->n_states++] = how;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* How long to wait for the proof before rest is sent again. On a half-duplex line a question and its answer must fit in
 * between, or the repetitions would never let the proof through. */
static uint64_t confirm_ms(const struct device *d, const struct therapy_control *r, bool stop)
{
	uint32_t ms = stop && r->stop_ms > 0 ? r->stop_ms : r->confirm_ms;
	return later(later(ms, DEVICE_REPEAT_MIN_MS), d->question_ms);
}

static const struct therapy_step *steps(const struct therapy_control *r, bool stop, uint8_t *n)
{
	stop = stop && r->n_stop > 0;
	*n = stop ? r->n_stop : r->n_rest;
	return stop ? r->stop : r->rest;
}

/* Sends the steps that are due. The next delay counts from now, not from when this one was due: after a late tick a
 * ramp must not be compressed. */
static void run_sequence(struct device *d, struct control *c)
{
	uint8_t n = 0;
	bool collides = false;
	const struct therapy_step *s = steps(control_row(d, c), c->stopping, &n);
	while (c->running && d->now_ms >= c->next_at) {
		collides = d->awaiting;
		send_verb(d, s[c->next].verb, s[c->next].value, index_of(d, c));
		c->next++;
		c->told_ms = d->now_ms;
		c->running = c->next < n;
		if (c->running)
			c->next_at = d->now_ms + s[c->next].delay_ms;
	}
	if (c->running)
		return;
	c->confirm_at = d->now_ms + confirm_ms(d, control_row(d, c), c->stopping);
	c->counts = !collides;
	if (collides) /* on a half-duplex line it may have been lost against an answer: again as soon as the line is
			 free */
		c->confirm_at = later(d->awaiting_until, d->now_ms + DEVICE_REPEAT_MIN_MS);
	if (c->phase == DEVICE_PHASE_AT_REST) { /* told again: whoever asked waits to hear that it is */
		c->stopping = false;
		control_report(d, c, (struct device_control_state){0});
	}
}

static void start_sequence(struct device *d, struct control *c, bool stop)
{
	if (c->running && (c->stopping || !stop))
		return; /* on its way already, and not too slowly */
	c->stopping = c->stopping || stop;
	uint8_t n = 0;
	const struct therapy_step *s = steps(control_row(d, c), c->stopping, &n);
	c->sequence_ms = d->now_ms;
	c->rest_seen = false;
	c->next = 0;
	c->running = n > 0;
	c->next_at = n > 0 ? d->now_ms + s[0].delay_ms : 0;
	run_sequence(d, c);
}

/* The grant is over, if one runs. Returns its number. Frames of it that still wait are dropped: they would follow the
 * rest. */
static uint64_t end_grant(struct device *d, struct control *c)
{
	uint64_t grant = c->grant;
	send_drop(d, index_of(d, c));
	if (grant > c->last_ended)
		c->last_ended = grant;
	c->grant = 0;
	c->renew_at = UINT64_MAX;
	c->testing = c->foreign = false;
	return grant;
}

void control_go_to_rest(struct device *d, struct control *c, bool stop, struct device_control_state how)
{
	how.grant = end_grant(d, c);
	if (c->phase != DEVICE_PHASE_COMING_TO_REST)
		c->repeats = 0;
	c->phase = DEVICE_PHASE_COMING_TO_REST;
	start_sequence(d, c, stop);
	control_report(d, c, how);
}

static void go_to_rest(struct device *d, struct control *c, bool stop)
{
	control_go_to_rest(d, c, stop, (struct device_control_state){0});
}

/* When it has not been seen for too long. */
static uint64_t blind_at(const struct device *d, const struct control *c)
{
	return c->seen_ms + later(reading_stale_ms(&d->model->metrics[control_row(d, c)->confirm]), SIGHT_MIN_MS);
}

static void lose_sight(struct device *d, struct control *c)
{
	enum device_test test = c->testing ? DEVICE_TEST_FAILED : DEVICE_TEST_NONE;
	uint64_t grant = end_grant(d, c);
	c->phase = DEVICE_PHASE_UNKNOWN;
	control_report(d, c, (struct device_control_state){.grant = grant, .test = test});
	go_to_rest(d, c, false);
}

void control_refuse(struct device *d, struct control *c, uint64_t grant)
{
	c->last_ended = grant;
	control_report(d, c, (struct device_control_state){.grant = grant, .lease_expired = true});
}

void control_renew(struct device *d, struct control *c)
{
	const struct therapy_control *r = control_row(d, c);
	send_drop_renewals(d, index_of(d, c));
	send_verb(d, r->renew, c->value, index_of(d, c));
	c->renew_at = d->now_ms + r->renew_ms;
}

/* Nothing proved rest. It is sent again for as long as it takes; the gateway hears how often, and from the third time
 * on calls that not obeyed. A device that said that it is gone cannot obey, and disobeys nothing. */
static void repeat(struct device *d, struct control *c)
{
	bool counts = c->counts && !d->absent;
	c->repeats += counts;
	start_sequence(d, c, false);
	if (counts)
		control_report(d, c, (struct device_control_state){0});
}

void control_time(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		struct control *c = &d->controls[i];
		if (c->grant != 0 && d->now_ms >= c->expires_ms) {
			d->counters.leases_expired++;
			control_go_to_rest(d, c, false, (struct device_control_state){.lease_expired = true});
		} else if (c->grant != 0 && d->now_ms >= blind_at(d, c)) {
			lose_sight(d, c);
		}
		off_test_time(d, c);
		foreign_time(d, c);
	}
	if (!d->link_up)
		return;
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		struct control *c = &d->controls[i];
		if (c->running)
			run_sequence(d, c);
		else if (c->phase == DEVICE_PHASE_COMING_TO_REST && !c->rest_seen && d->now_ms >= c->confirm_at)
			repeat(d, c);
		if (c->grant != 0 && d->now_ms >= c->renew_at)
			control_renew(d, c);
	}
}

void control_link_up(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		go_to_rest(d, &d->controls[i], false);
}

void control_link_down(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		struct control *c = &d->controls[i];
		uint64_t grant = end_grant(d, c);
		c->running = false; /* it begins anew; a stop stays a stop */
		c->phase = DEVICE_PHASE_UNKNOWN;
		c->repeats = 0;
		control_report(d, c, (struct device_control_state){.grant = grant});
	}
}

/* A device that says on, off, on in one breath must not make us send without bound, so a second sequence waits its
 * turn. */
void control_calm(struct device *d, struct control *c, struct device_control_state how)
{
	uint64_t again = c->sequence_ms + DEVICE_REPEAT_MIN_MS;
	c->foreign = false;
	if (c->phase != DEVICE_PHASE_COMING_TO_REST)
		c->repeats = 0;
	c->phase = DEVICE_PHASE_COMING_TO_REST;
	if (d->now_ms >= again) {
		start_sequence(d, c, false);
	} else if (!c->running) {
		c->confirm_at = again;
		c->counts = false;
	}
	control_report(d, c, how);
}

/* Gone, it may only have lost its network and still be on; back, it may have done anything meanwhile. */
void control_presence(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		struct control *c = &d->controls[i];
		if (c->grant != 0)
			go_to_rest(d, c, false);
		else
			control_calm(d, c, (struct device_control_state){0});
	}
}

bool control_may_energise(const struct device *d, const struct control *c, double value)
{
	const struct therapy_control *r = control_row(d, c);
	if (!d->link_up || d->orphaned || d->absent || c->running || d->releasing)
		return false;
	if (c->phase != DEVICE_PHASE_AT_REST && c->phase != DEVICE_PHASE_ENERGISED &&
	    c->phase != DEVICE_PHASE_CONFIRMED_ON)
		return false;
	if (r->type == THERAPY_SWITCH)
		return value == 1.0;
	return isfinite(value) && value != 0.0 && value >= r->min && value <= r->max;
}

static uint64_t bounded_expiry(const struct device *d, uint64_t expires_ms)
{
	uint64_t last = d->now_ms + DEVICE_LEASE_MAX_MS;
	return expires_ms < last ? expires_ms : last;
}

void control_grant(struct device *d, struct control *c, const struct device_input *in, double value)
{
	const struct therapy_control *r = control_row(d, c);
	end_grant(d, c);
	c->grant = in->grant;
	c->value = value;
	c->expires_ms = bounded_expiry(d, in->expires_ms);
	c->renew_at = r->renew == THERAPY_NONE ? UINT64_MAX : d->now_ms + r->renew_ms;
}

void control_energise(struct device *d, struct control *c, uint8_t verb)
{
	if (c->phase == DEVICE_PHASE_AT_REST)
		c->seen_ms = d->now_ms; /* at rest it is asked more slowly: from now on it counts */
	c->phase = DEVICE_PHASE_ENERGISED;
	c->told_ms = d->now_ms;
	if (send_verb(d, verb, c->value, index_of(d, c)))
		control_report(d, c, (struct device_control_state){.grant = c->grant});
	else /* some of it may have been sent */
		control_go_to_rest(d, c, false, (struct device_control_state){.lease_expired = true});
}

void control_lease(struct device *d, const struct device_input *in)
{
	if (in->control >= d->model->n_controls || in->grant == 0)
		return;
	struct control *c = &d->controls[in->control];
	bool known = in->grant == c->grant || in->grant <= c->last_ended || in->grant < c->grant;
	if (in->expires_ms <= d->now_ms) { /* it lay in a buffer while this process was stopped */
		d->counters.leases_expired++;
		if (!known)
			control_refuse(d, c, in->grant);
		return;
	}
	if (in->grant == c->grant) {
		uint64_t expires_ms = bounded_expiry(d, in->expires_ms);
		if (expires_ms > c->expires_ms)
			c->expires_ms = expires_ms;
		return;
	}
	if (known)
		return;
	if (in->type == DEVICE_IN_OFF_TEST) {
		off_test_begin(d, c, in);
	} else if (in->adopt) {
		foreign_adopt(d, c, in);
	} else if (!d->only_cuts && control_may_energise(d, c, in->value)) {
		control_grant(d, c, in, in->value);
		control_energise(d, c, control_row(d, c)->set);
	} else {
		control_refuse(d, c, in->grant);
	}
}

void control_rest(struct device *d, const struct device_input *in)
{
	if (in->control >= d->model->n_controls)
		return;
	struct control *c = &d->controls[in->control];
	if (!d->link_up) { /* it goes to rest as soon as the link is up; this says how */
		c->stopping = c->stopping || in->stop;
		return;
	}
	if (c->phase == DEVICE_PHASE_AT_REST)
		start_sequence(d, c, in->stop); /* told again; what a reading proved stays proved */
	else
		go_to_rest(d, c, in->stop);
}

static uint64_t longest_rest_ms(const struct device *d, const struct therapy_control *r)
{
	uint64_t sums[2] = {0, 0};
	for (uint8_t i = 0; i < r->n_rest; i++)
		sums[0] += r->rest[i].delay_ms;
	for (uint8_t i = 0; i < r->n_stop; i++)
		sums[1] += r->stop[i].delay_ms;
	return (sums[0] > sums[1] ? sums[0] : sums[1]) + 3u * confirm_ms(d, r, false);
}

uint64_t control_longest_rest_ms(const struct device *d)
{
	uint64_t longest = 0;
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		longest = later(longest, longest_rest_ms(d, &d->model->controls[i]));
	return longest;
}

void control_orphaned(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		control_rest(d, &(struct device_input){.control = i});
	d->orphan_end_ms = d->now_ms + control_longest_rest_ms(d);
}

static void rested(struct device *d, struct control *c)
{
	c->phase = DEVICE_PHASE_AT_REST;
	c->stopping = c->foreign = c->rest_seen = false;
	c->repeats = 0;
	control_report(d, c, (struct device_control_state){0});
}

void control_settled(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		if (d->controls[i].rest_seen && d->controls[i].phase == DEVICE_PHASE_COMING_TO_REST &&
		    !d->controls[i].running)
			rested(d, &d->controls[i]);
}

/* It was told to act so long ago that an ON which it had heard would show: a lost message, a plug that is locked. It is
 * given as long as for rest, and a person who waits for warmth not much longer. */
static bool never_came_on(const struct device *d, const struct control *c, uint64_t seen_ms)
{
	return c->grant != 0 && !c->testing &&
	       seen_ms >= c->told_ms + later(confirm_ms(d, control_row(d, c), false), ON_MAX_MS);
}

static void confirm(struct device *d, struct control *c, const struct device_reading *r)
{
	bool on = r->value > control_row(d, c)->rest_max;
	c->seen_ms = later(c->seen_ms, r->stamp_ms);
	if (c->phase == DEVICE_PHASE_AT_REST && on) {
		foreign_seen(d, c, r); /* somebody else switched it on, or an old ON arrived */
	} else if (r->stamp_ms < c->told_ms) {
		return; /* from before the device was told */
	} else if (c->phase == DEVICE_PHASE_COMING_TO_REST && !c->running) {
		if (on && c->rest_seen) { /* it was at rest, though others were not told yet */
			c->rest_seen = false;
			control_calm(d, c, (struct device_control_state){.foreign = true, .value = r->value});
			return;
		}
		c->rest_seen = !on;
		if (!on && setting_settled(d))
			rested(d, c);
	} else if (c->phase == DEVICE_PHASE_ENERGISED && on) {
		c->phase = DEVICE_PHASE_CONFIRMED_ON;
		c->told_ms = r->stamp_ms;
		control_report(d, c, (struct device_control_state){.grant = c->grant});
	} else if (c->phase == DEVICE_PHASE_ENERGISED && never_came_on(d, c, r->stamp_ms)) {
		control_go_to_rest(d, c, false, (struct device_control_state){.never_on = true});
	} else if (c->phase == DEVICE_PHASE_CONFIRMED_ON && !on) {
		if (c->foreign)
			rested(d, c); /* whoever switched it on has switched it off */
		else if (c->testing)
			off_test_went_off(d, c, r->stamp_ms);
		else /* off is off, by whomever; the frames make sure */
			control_go_to_rest(d, c, false, (struct device_control_state){.ended_by_device = true});
	}
}

void control_reading(struct device *d, const struct device_reading *r)
{
	if (r->quality != THERAPY_GOOD)
		return;
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		if (d->model->controls[i].confirm == r->metric)
			confirm(d, &d->controls[i], r);
}

uint64_t control_deadline(const struct device *d)
{
	uint64_t first = UINT64_MAX;
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		const struct control *c = &d->controls[i];
		uint64_t at = UINT64_MAX;
		if (c->running)
			at = c->next_at;
		else if (c->phase == DEVICE_PHASE_COMING_TO_REST && !c->rest_seen)
			at = c->confirm_at;
		if (c->grant != 0 && c->expires_ms < at)
			at = c->expires_ms;
		if (c->grant != 0 && c->renew_at < at)
			at = c->renew_at;
		if (c->grant != 0 && blind_at(d, c) < at)
			at = blind_at(d, c);
		if (c->foreign && c->foreign_until < at)
			at = c->foreign_until;
		if (off_test_deadline(d, c) < at)
			at = off_test_deadline(d, c);
		first = at < first ? at : first;
	}
	return first;
}

bool control_any_leased(const struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		if (d->controls[i].grant != 0)
			return true;
	return false;
}

bool control_all_at_rest(const struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		if (d->controls[i].phase != DEVICE_PHASE_AT_REST || d->controls[i].running)
			return false;
	return true;
}

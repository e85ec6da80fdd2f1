/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

#include <errno.h> /* its codes are libuv's: UV_E* is -E* on every Unix */
#include <stdlib.h>

/* Every STOP frame that one step can make: a lease that expires and then an input that rests or stops, or a greeting.
 */
static size_t stop_room(const struct therapy_model *m)
{
	size_t steps = m->n_on_connect;
	for (uint8_t i = 0; i < m->n_controls; i++)
		steps += 2u * ((size_t)m->controls[i].n_rest + m->controls[i].n_stop);
	return steps * DEVICE_FRAMES;
}

static void measure_line(struct device *d)
{
	uint32_t longest = 0;
	for (uint8_t i = 0; i < d->model->n_polls; i++) {
		uint32_t ms = d->model->polls[i].reply_ms;
		longest = ms > longest ? ms : longest;
		if (ms > 0 && (d->quiet_ms == 0 || ms < d->quiet_ms))
			d->quiet_ms = ms;
	}
	d->question_ms = d->quiet_ms + longest;
}

static int allocate(struct device *d)
{
	const struct therapy_model *m = d->model;
	d->max_sends = DEVICE_SENDS_MAX + stop_room(m);
	d->max_states = (size_t)m->n_controls * DEVICE_STATES_MAX;
	d->state = calloc(1, m->state_size > 0 ? m->state_size : 1);
	d->controls = calloc(m->n_controls + 1u, sizeof *d->controls);
	d->tracks = calloc(m->n_metrics + 1u, sizeof *d->tracks);
	d->polls = calloc(m->n_polls + 1u, sizeof *d->polls);
	d->waiting = calloc(DEVICE_WAITING_MAX, sizeof *d->waiting);
	d->sends = calloc(d->max_sends, sizeof *d->sends);
	d->send_frames = calloc(d->max_sends, sizeof *d->send_frames);
	d->readings = calloc(DEVICE_READINGS_MAX, sizeof *d->readings);
	d->states = calloc(d->max_states + 1u, sizeof *d->states);
	bool all = d->state && d->controls && d->tracks && d->polls && d->waiting && d->sends && d->send_frames &&
		   d->readings && d->states;
	return all ? 0 : -ENOMEM;
}

/* The plugin's state as at the start of a connection. */
static int reset_state(struct device *d)
{
	memset(d->state, 0, d->model->state_size);
	uint32_t seed = d->seed + (uint32_t)d->counters.link_ups * 0x9E3779B9u; /* golden ratio: spreads the bits */
	if (d->model->init_row)
		return d->model->init_row(d->state, d->model, d->options, seed);
	return d->model->init ? d->model->init(d->state, d->options, seed) : 0;
}

/* Made once, before any connection, because encoding a frame later would use up a sequence number. A connection has one
 * will and a will is one frame, so it speaks for the first control; the loader refuses message models with more. */
static void make_will(struct device *d)
{
	const struct therapy_model *m = d->model;
	if (m->n_controls == 0)
		return;
	const struct therapy_control *c = &m->controls[0];
	for (uint8_t i = 0; i < c->n_rest && !d->has_will; i++) {
		struct therapy_out out = {.frames = d->encode_frames, .max_frames = DEVICE_FRAMES};
		if (m->encode(d->state, d->now_ms, c->rest[i].verb, c->rest[i].value, &out) != 0 || out.n_frames == 0)
			continue;
		d->will = out.frames[0];
		d->has_will = true;
	}
}

int device_new(const struct device_config *config, uint64_t now_ms, struct device **out)
{
	struct device *d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	d->model = config->model;
	d->options = config->options;
	d->seed = config->seed;
	d->rest_forward_ms = config->rest_forward_ms;
	d->leave_settings = config->leave_settings;
	d->only_cuts = config->only_cuts;
	d->now_ms = now_ms;
	d->next_sequence = 1;
	measure_line(d);
	int rc = allocate(d);
	if (rc == 0 && reset_state(d) != 0)
		rc = -EINVAL;
	if (rc != 0) {
		device_free(d);
		return rc;
	}
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		d->controls[i].renew_at = UINT64_MAX;
	make_will(d);
	*out = d;
	return 0;
}

void device_free(struct device *d)
{
	if (!d)
		return;
	free(d->state);
	free(d->controls);
	free(d->tracks);
	free(d->polls);
	free(d->waiting);
	free(d->sends);
	free(d->send_frames);
	free(d->readings);
	free(d->states);
	free(d);
}

static void link_down(struct device *d)
{
	if (!d->link_up)
		return;
	d->link_up = false;
	d->absent = false;
	d->awaiting = false;
	d->awaiting_poll = false;
	d->n_waiting = 0;
	decode_drop_partial(d);
	control_link_down(d);
	setting_end(d);
}

static void link_up(struct device *d)
{
	link_down(d);
	d->link_up = true;
	d->counters.link_ups++;
	if (reset_state(d) != 0) /* it took the same options at the start; go on, so that rest is sent all the same */
		d->counters.overflows++;
	reading_forget(d);
	poll_greet(d);
	control_link_up(d);
	setting_begin(d);
}

static void orphaned(struct device *d)
{
	if (d->orphaned)
		return;
	d->orphaned = true;
	control_orphaned(d);
}

static void take(struct device *d, const struct device_input *in)
{
	switch (in->type) {
	case DEVICE_IN_TICK:
		break;
	case DEVICE_IN_LINK_UP:
		link_up(d);
		break;
	case DEVICE_IN_LINK_DOWN:
		link_down(d);
		break;
	case DEVICE_IN_BYTES:
		decode_bytes(d, in->data, in->size);
		break;
	case DEVICE_IN_MESSAGE:
		decode_message(d, in);
		break;
	case DEVICE_IN_ASK:
		poll_ask_anew(d);
		break;
	case DEVICE_IN_LEASE:
	case DEVICE_IN_OFF_TEST:
		control_lease(d, in);
		break;
	case DEVICE_IN_REST:
		control_rest(d, in);
		break;
	case DEVICE_IN_ORPHANED:
		orphaned(d);
		break;
	case DEVICE_IN_SETTING_KEPT:
		setting_kept(d, in->setting);
		break;
	case DEVICE_IN_RELEASE:
		setting_release(d, in);
		break;
	}
}

struct device_outputs device_step(struct device *d, uint64_t now_ms, const struct device_input *input)
{
	d->arrived_ms = now_ms;
	if (now_ms > d->now_ms)
		d->now_ms = now_ms;
	d->n_sends = d->n_plain_sends = d->n_readings = d->n_states = d->n_setting_states = 0;
	d->release = DEVICE_RELEASE_NONE;
	d->presence = THERAPY_PRESENCE_SAME;
	uint64_t first_sequence = d->next_sequence;

	poll_time(d); /* sends nothing; a line that is free again is free for what comes next */
	control_time(d);
	take(d, input);
	setting_time(d);
	poll_pump(d);

	return (struct device_outputs){.sends = d->sends,
				       .n_sends = d->n_sends,
				       .readings = d->readings,
				       .n_readings = d->n_readings,
				       .first_sequence = first_sequence,
				       .states = d->states,
				       .n_states = d->n_states,
				       .presence = d->presence,
				       .settings = d->setting_states,
				       .n_settings = d->n_setting_states,
				       .release = d->release};
}

uint64_t device_deadline(const struct device *d)
{
	uint64_t control = control_deadline(d), poll = poll_deadline(d);
	uint64_t first = control < poll ? control : poll, setting = setting_deadline(d);
	first = setting < first ? setting : first;
	if (d->orphaned && d->orphan_end_ms > d->now_ms && d->orphan_end_ms < first)
		first = d->orphan_end_ms;
	return first;
}

bool device_idle(const struct device *d)
{
	if (d->orphaned && d->now_ms >= d->orphan_end_ms)
		return true;
	/* A lost message link may come back before the bound and take the rest then; a byte link cannot: the gateway
	 * that would open it is gone. */
	bool unknown_is_idle = !d->orphaned || d->model->frame;
	for (uint8_t i = 0; i < d->model->n_controls; i++) {
		const struct control *c = &d->controls[i];
		bool idle = c->phase == DEVICE_PHASE_AT_REST || (c->phase == DEVICE_PHASE_UNKNOWN && unknown_is_idle);
		if (!idle || c->running)
			return false;
	}
	return true;
}

bool device_told(const struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		if (d->controls[i].running)
			return false;
	return true;
}

const struct device_counters *device_counters(const struct device *d)
{
	return &d->counters;
}

bool device_will(struct device *d, struct therapy_frame *out)
{
	if (!d->has_will)
		return false;
	*out = d->will;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

/* STOP has room of its own (device_new sized it), so that no flood of other frames can crowd it out. */
static bool append(struct device *d, uint8_t effect, const struct therapy_frame *frame)
{
	bool stop = effect == THERAPY_STOP;
	if (d->n_sends == d->max_sends || (!stop && d->n_plain_sends == DEVICE_SENDS_MAX)) {
		d->counters.overflows++;
		return false;
	}
	if (!stop)
		d->n_plain_sends++;
	struct therapy_frame *copy = &d->send_frames[d->n_sends];
	memcpy(copy->bytes, frame->bytes, frame->size);
	d->sends[d->n_sends++] =
	    (struct device_send){.channel = frame->channel, .effect = effect, .size = frame->size, .data = copy->bytes};
	if (d->quiet_ms > 0 && !d->awaiting) { /* STOP into a transaction does not lengthen it: it must end */
		d->awaiting = true;            /* on a half-duplex line the device may answer this one too */
		d->awaiting_until = d->now_ms + d->quiet_ms;
	}
	return true;
}

static bool wait_for_turn(struct device *d, uint8_t effect, uint8_t control, const struct therapy_frame *frame)
{
	if (d->n_waiting == DEVICE_WAITING_MAX) {
		d->counters.overflows++;
		return false;
	}
	struct waiting *w = &d->waiting[d->n_waiting++];
	w->effect = effect;
	w->control = control;
	w->frame.size = frame->size;
	w->frame.channel = frame->channel;
	memcpy(w->frame.bytes, frame->bytes, frame->size);
	return true;
}

/* A plugin that writes to a channel it did not declare, or more than a frame holds, is contained here. */
static bool sane(const struct device *d, const struct therapy_frame *frame)
{
	if (frame->size > THERAPY_FRAME_MAX)
		return false;
	if (d->model->n_channels == 0)
		return frame->channel == 0;
	return frame->channel < d->model->n_channels &&
	       (d->model->channels[frame->channel].direction & THERAPY_OUT) != 0;
}

static bool emit(struct device *d, uint8_t effect, uint8_t control, const struct therapy_frame *frame)
{
	if (!d->link_up)
		return false;
	if (!sane(d, frame)) {
		d->counters.overflows++;
		return false;
	}
	if (effect == THERAPY_STOP || (!d->awaiting && d->n_waiting == 0))
		return append(d, effect, frame);
	return wait_for_turn(d, effect, control, frame);
}

bool send_verb(struct device *d, uint8_t verb, double value, uint8_t control)
{
	struct therapy_out out = {.frames = d->encode_frames, .max_frames = DEVICE_FRAMES};
	if (d->model->encode(d->state, d->now_ms, verb, value, &out) != 0) {
		d->counters.overflows++;
		return false;
	}
	bool whole = !out.overflow && out.n_frames <= DEVICE_FRAMES;
	if (!whole)
		d->counters.overflows++;
	for (size_t i = 0; i < out.n_frames && i < DEVICE_FRAMES; i++)
		whole = emit(d, (uint8_t)d->model->verbs[verb].effect, control, &out.frames[i]) && whole;
	return whole;
}

void send_answers(struct device *d, const struct therapy_frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		emit(d, THERAPY_QUERY, DEVICE_NO_CONTROL, &frames[i]);
}

static void drop(struct device *d, uint8_t control, bool renewals_only)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->n_waiting; i++) {
		const struct waiting *w = &d->waiting[i];
		if (w->control == control && (!renewals_only || w->effect == THERAPY_RENEW))
			continue;
		if (kept != i)
			d->waiting[kept] = *w;
		kept++;
	}
	d->n_waiting = kept;
}

void send_drop(struct device *d, uint8_t control)
{
	drop(d, control, false);
}

void send_drop_renewals(struct device *d, uint8_t control)
{
	drop(d, control, true);
}

void send_flush(struct device *d)
{
	size_t sent = 0;
	for (; sent < d->n_waiting && !d->awaiting; sent++)
		append(d, d->waiting[sent].effect, &d->waiting[sent].frame);
	d->n_waiting -= sent;
	if (sent > 0 && d->n_waiting > 0)
		memmove(d->waiting, d->waiting + sent, d->n_waiting * sizeof *d->waiting);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

static void take_presence(struct device *d, enum therapy_presence presence, bool retained)
{
	if (presence != THERAPY_PRESENT && presence != THERAPY_ABSENT)
		return;
	d->presence = presence;
	bool absent = presence == THERAPY_ABSENT;
	if (absent == d->absent) {
		if (!absent && !retained) /* it was away unnoticed, or is another one */
			setting_begin(d);
		return;
	}
	d->absent = absent;
	if (absent)
		setting_end(d);
	if (!absent) { /* the gateway forgot its readings when it went */
		reading_forget(d);
		poll_greet(d);
	}
	control_presence(d);
	if (!absent)
		setting_begin(d);
}

/* The codec's clock is the machine's, which never runs backward: a message may have arrived before a verb was encoded
 * and be handed over after it, and a codec that subtracts would find it 584 million years late. What it reads is
 * stamped with the arrival all the same. */
static void decode(struct device *d, const struct therapy_message *message)
{
	struct therapy_out out = {.readings = d->decode_readings,
				  .max_readings = DEVICE_DECODE_READINGS,
				  .frames = d->decode_frames,
				  .max_frames = DEVICE_FRAMES,
				  .found = d->decode_found,
				  .max_found = DEVICE_SETTINGS_MAX};
	d->counters.frames++;
	enum therapy_refusal refusal = d->model->decode(d->state, message, &out);
	if (refusal != THERAPY_OK) {
		size_t cause = (size_t)refusal < THERAPY_REFUSED_COUNT_ ? (size_t)refusal : THERAPY_REFUSED_FORMAT;
		d->counters.refused[cause]++;
		return;
	}
	if (out.overflow || out.n_readings > DEVICE_DECODE_READINGS || out.n_frames > DEVICE_FRAMES ||
	    out.n_found > DEVICE_SETTINGS_MAX)
		d->counters.overflows++;
	d->counters.frames_lost += out.lost;
	take_presence(d, out.presence, message->retained);
	if (!message->retained) { /* a retained value was true once; it proves nothing now */
		for (size_t i = 0; i < out.n_readings && i < DEVICE_DECODE_READINGS; i++)
			reading_take(d, &d->decode_readings[i]);
		if (!d->absent && out.n_readings + out.n_found > 0)
			setting_heard(d);
		for (size_t i = 0; i < out.n_found && i < DEVICE_SETTINGS_MAX; i++)
			setting_found(d, d->decode_found[i].metric, d->decode_found[i].value);
		if (out.reply)
			poll_reply(d);
	}
	send_answers(d, d->decode_frames, out.n_frames < DEVICE_FRAMES ? out.n_frames : DEVICE_FRAMES);
}

/* The NUL behind the frame is lent by the byte that follows it. */
static void decode_frame(struct device *d, size_t at, size_t size)
{
	uint8_t next = d->bytes[at + size];
	d->bytes[at + size] = 0;
	decode(d, &(struct therapy_message){.data = d->bytes + at, .size = size, .now_ms = d->now_ms});
	d->bytes[at + size] = next;
}

/* How many of the `left` bytes at `at` are dealt with; 0: more is needed. A plugin that asks for more than a frame may
 * have, or still wants more when it has that, loses one byte, so that it can never stall the line. */
static size_t cut(struct device *d, size_t at, size_t left)
{
	size_t seen = left < THERAPY_FRAME_MAX ? left : THERAPY_FRAME_MAX;
	long length = d->model->frame(d->state, d->bytes + at, seen);
	if (length > 0 && (size_t)length <= seen) {
		decode_frame(d, at, (size_t)length);
		return (size_t)length;
	}
	size_t skipped = 0;
	if (length < 0)
		skipped = length < -(long)seen ? seen : (size_t)-length;
	else if (length > (long)THERAPY_FRAME_MAX || seen == THERAPY_FRAME_MAX)
		skipped = 1;
	d->counters.skipped_bytes += skipped;
	return skipped;
}

void decode_bytes(struct device *d, const uint8_t *data, size_t size)
{
	if (!d->link_up || !d->model->frame) {
		d->counters.skipped_bytes += size;
		return;
	}
	while (size > 0) {
		size_t room = sizeof d->bytes - 1 - d->n_bytes;
		size_t n = size < room ? size : room;
		memcpy(d->bytes + d->n_bytes, data, n);
		d->n_bytes += n;
		data += n;
		size -= n;
		size_t at = 0, done = 0;
		while (at < d->n_bytes && (done = cut(d, at, d->n_bytes - at)) > 0)
			at += done;
		d->n_bytes -= at;
		if (at > 0 && d->n_bytes > 0)
			memmove(d->bytes, d->bytes + at, d->n_bytes);
	}
}

void decode_message(struct device *d, const struct device_input *in)
{
	if (!d->link_up)
		return;
	if (in->channel >= d->model->n_channels) {
		d->counters.overflows++;
		return;
	}
	decode(d, &(struct therapy_message){.data = in->size > 0 ? in->data : (const uint8_t *)"",
					    .size = in->size,
					    .now_ms = d->now_ms,
					    .channel = in->channel,
					    .retained = in->retained});
}

void decode_drop_partial(struct device *d)
{
	d->counters.skipped_bytes += d->n_bytes;
	d->n_bytes = 0;
}

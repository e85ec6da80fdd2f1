/* SPDX-License-Identifier: Apache-2.0
 *
 * Tindeq Progressor, Bluetooth LE: service 7e4e1701, notifications from 7e4e1702, commands to 7e4e1703. Little endian.
 *
 *   notification  tag length payload
 *     1  samples        { float32 kg, uint32 microseconds } ...     12.5 kg at 1 s: 01 08 00 00 48 41 40 42 0F 00
 *     0  answer         battery: uint32 millivolts. It does not say what it answers
 *     4  low power
 *   command       65 start, 6F battery. Not used: 64 tare, which would hide a load; 66 stop; 6E sleep
 *
 * It samples 80 times a second once it was told to start, which may get lost: it is told again while nothing comes.
 */
#include "traction_belt/progressor.h"

#include "traction_belt/force.h"

enum {
	TAG_ANSWER = 0,
	TAG_SAMPLES = 1,
	TAG_LOW_POWER = 4,
	SAMPLE = 8,
	NEWEST_AGE_MAX_US = 10000000,
	SILENT_MS = 1000, /* a notification carries some ten samples: eight are missing by then */
};

const struct therapy_metric progressor_metrics[PROGRESSOR_METRICS] = {
    /* It measures up to 150 kg, traction does not: the row's range is that of every gauge here. */
    [PROGRESSOR_FORCE] = FORCE_ROW(125),
    [PROGRESSOR_FORCE_RAW] = FORCE_RAW_ROW(125),
    [PROGRESSOR_BATTERY] = {.key = "battery",
			    .name = "Battery",
			    .unit = THERAPY_UNIT_VOLT,
			    .min = 2, /* a lithium cell, and what its regulator still runs on */
			    .max = 5,
			    .interval_ms = 60000,
			    .deadband = 0.05,
			    .precision = 2,
			    .diagnostic = true},
    [PROGRESSOR_LOW_POWER] = {.key = "low_power",
			      .name = "Battery low",
			      .unit = THERAPY_UNIT_BOOL,
			      .min = 0,
			      .max = 1,
			      .interval_ms = 60000,
			      .deadband = 0.5,
			      .diagnostic = true,
			      .device_class = "battery"},
};
const struct therapy_verb progressor_verbs[PROGRESSOR_VERBS] = {
    [PROGRESSOR_START] = {"start", THERAPY_QUERY}, [PROGRESSOR_ASK_BATTERY] = {"ask_battery", THERAPY_QUERY}};
const struct therapy_channel progressor_channels[PROGRESSOR_CHANNELS] = {
    [PROGRESSOR_NOTIFY] = {"7e4e1702-1ea6-40c9-9dcc-13d34ffead57", THERAPY_IN},
    [PROGRESSOR_CONTROL] = {"7e4e1703-1ea6-40c9-9dcc-13d34ffead57", THERAPY_OUT},
};
const struct therapy_option progressor_options[PROGRESSOR_OPTIONS] = {[PROGRESSOR_ZERO] = FORCE_ZERO_OPTION};

int progressor_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)seed;
	*(struct progressor *)state = (struct progressor){.zero_n = force_zero(&values[PROGRESSOR_ZERO])};
	return 0;
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static enum therapy_refusal decode_samples(struct progressor *progressor, const struct therapy_message *message,
					   struct therapy_out *out)
{
	const uint8_t *p = message->data + 2, *end = message->data + message->size;
	size_t size = (size_t)(end - p);
	double newtons = 0;
	uint32_t older_ms = UINT32_MAX;
	if (size == 0 || size % SAMPLE != 0)
		return THERAPY_REFUSED_LENGTH;
	uint32_t newest = u32_at(end - 4);
	for (; p < end; p += SAMPLE) {
		uint32_t bits = u32_at(p), age_us = newest - u32_at(p + 4); /* goes on over the wrap after 71.6 min */
		float kg = 0;
		memcpy(&kg, &bits, sizeof kg);
		if (!isfinite(kg))
			return THERAPY_REFUSED_VALUE;
		if (age_us > NEWEST_AGE_MAX_US || age_us / 1000 >= older_ms)
			return THERAPY_REFUSED_FORMAT; /* its time runs backwards, or stands still */
		older_ms = age_us / 1000;
		size_t before = out->n_readings;
		newtons = (double)kg * FORCE_N_PER_KGF;
		therapy_emit(out, PROGRESSOR_FORCE, newtons - progressor->zero_n);
		if (out->n_readings > before)
			out->readings[before].age_ms = older_ms;
	}
	therapy_emit(out, PROGRESSOR_FORCE_RAW, newtons); /* of the newest: eighty a second serve nobody */
	progressor->sampled = true;
	progressor->sampled_ms = message->now_ms;
	return THERAPY_OK;
}

enum therapy_refusal progressor_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct progressor *progressor = state;
	const uint8_t *bytes = message->data;
	if (message->channel != PROGRESSOR_NOTIFY)
		return THERAPY_REFUSED_TYPE;
	if (message->size < 2 || message->size != 2u + bytes[1])
		return THERAPY_REFUSED_LENGTH;
	switch (bytes[0]) {
	case TAG_SAMPLES:
		return decode_samples(progressor, message, out);
	case TAG_ANSWER:
		if (!progressor->battery_asked)
			return THERAPY_OK;
		if (bytes[1] != 4)
			return THERAPY_REFUSED_LENGTH;
		progressor->battery_asked = false;
		therapy_emit(out, PROGRESSOR_BATTERY, u32_at(bytes + 2) / 1000.0);
		out->reply = true;
		return THERAPY_OK;
	case TAG_LOW_POWER:
		therapy_emit(out, PROGRESSOR_LOW_POWER, 1);
		return THERAPY_OK;
	default:
		return THERAPY_REFUSED_TYPE;
	}
}

int progressor_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	static const uint8_t commands[PROGRESSOR_VERBS] = {[PROGRESSOR_START] = 0x65, [PROGRESSOR_ASK_BATTERY] = 0x6F};
	struct progressor *progressor = state;
	(void)value;
	if (verb >= PROGRESSOR_VERBS)
		return -1;
	if (verb == PROGRESSOR_START && progressor->sampled && now_ms - progressor->sampled_ms < SILENT_MS)
		return 0;
	progressor->battery_asked = verb == PROGRESSOR_ASK_BATTERY;
	therapy_send(out, PROGRESSOR_CONTROL, &commands[verb], 1);
	return 0;
}

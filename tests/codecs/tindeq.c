/* SPDX-License-Identifier: Apache-2.0
 *
 * A Tindeq Progressor force gauge over Bluetooth LE, to prove that the contract carries notifications with many samples
 * each (with their ages), and answers that only make sense with what was asked before.
 *
 *   notification  tag length payload          little endian
 *     1  samples        { float32 kg, uint32 microseconds } ...     12.5 kg at 1 s: 01 08 00 00 48 41 40 42 0F 00
 *     0  answer         battery: uint32 millivolts
 *     4  low power
 *   control       64 tare, 65 start, 66 stop, 6F battery, 6E sleep
 */
#include "therapy/plugin.h"

enum { FORCE, BATTERY, LOW_POWER, METRICS };
enum { START, ASK_BATTERY, TARE, PAUSE, SLEEP, VERBS };
enum { NOTIFY, CONTROL, CHANNELS };
enum { TAG_ANSWER = 0, TAG_SAMPLES = 1, TAG_LOW_POWER = 4, SAMPLE = 8, NEWEST_AGE_MAX_US = 10000000 };

struct progressor {
	bool battery_asked;
};

static const struct therapy_metric metrics[METRICS] = {
    [FORCE] = {.key = "force",
	       .name = "Force",
	       .unit = THERAPY_UNIT_NEWTON,
	       .min = -50,
	       .max = 1500, /* it measures up to 150 kg */
	       .interval_ms = 13},
    [BATTERY] = {.key = "battery",
		 .name = "Battery",
		 .unit = THERAPY_UNIT_VOLT,
		 .min = 2,
		 .max = 5,
		 .interval_ms = 60000,
		 .diagnostic = true},
    [LOW_POWER] = {.key = "low_power",
		   .name = "Battery low",
		   .unit = THERAPY_UNIT_BOOL,
		   .min = 0,
		   .max = 1,
		   .interval_ms = 60000,
		   .diagnostic = true},
};
static const struct therapy_verb verbs[VERBS] = {[START] = {"start", THERAPY_QUERY},
						 [ASK_BATTERY] = {"ask_battery", THERAPY_QUERY},
						 [TARE] = {"tare", THERAPY_ACT}, /* moves the zero under a person */
						 [PAUSE] = {"pause", THERAPY_ACT},
						 [SLEEP] = {"sleep", THERAPY_ACT}};
#define SERVICE "7e4e1701-1ea6-40c9-9dcc-13d34ffead57"
static const struct therapy_channel channels[CHANNELS] = {
    [NOTIFY] = {SERVICE "/7e4e1702-1ea6-40c9-9dcc-13d34ffead57", THERAPY_IN},
    [CONTROL] = {SERVICE "/7e4e1703-1ea6-40c9-9dcc-13d34ffead57", THERAPY_OUT},
};
static const struct therapy_poll polls[] = {{.verb = ASK_BATTERY, .every_ms = 60000, .reply_ms = 1000}};
static const uint8_t on_connect[] = {START};

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static enum therapy_refusal decode_samples(const uint8_t *p, size_t size, struct therapy_out *out)
{
	if (size == 0 || size % SAMPLE != 0)
		return THERAPY_REFUSED_LENGTH;
	uint32_t newest = u32_at(p + size - 4);
	for (const uint8_t *end = p + size; p < end; p += SAMPLE) {
		uint32_t bits = u32_at(p), age_us = newest - u32_at(p + 4); /* goes on over the wrap after 71.6 min */
		float kg = 0;
		memcpy(&kg, &bits, sizeof kg);
		if (!isfinite(kg))
			return THERAPY_REFUSED_VALUE;
		if (age_us > NEWEST_AGE_MAX_US)
			return THERAPY_REFUSED_FORMAT; /* its time runs backwards */
		size_t before = out->n_readings;
		therapy_emit(out, FORCE, (double)kg * 9.80665);
		if (out->n_readings > before)
			out->readings[before].age_ms = age_us / 1000;
	}
	return THERAPY_OK;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct progressor *progressor = state;
	const uint8_t *bytes = message->data;
	if (message->channel != NOTIFY)
		return THERAPY_REFUSED_TYPE;
	if (message->size < 2 || message->size != 2u + bytes[1])
		return THERAPY_REFUSED_LENGTH;
	switch (bytes[0]) {
	case TAG_SAMPLES:
		return decode_samples(bytes + 2, bytes[1], out);
	case TAG_ANSWER:
		/* An answer does not say what it answers. */
		if (!progressor->battery_asked)
			return THERAPY_OK;
		if (bytes[1] != 4)
			return THERAPY_REFUSED_LENGTH;
		progressor->battery_asked = false;
		therapy_emit(out, BATTERY, u32_at(bytes + 2) / 1000.0);
		out->reply = true;
		return THERAPY_OK;
	case TAG_LOW_POWER:
		therapy_emit(out, LOW_POWER, 1);
		return THERAPY_OK;
	default:
		return THERAPY_REFUSED_TYPE;
	}
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	static const uint8_t commands[VERBS] = {
	    [START] = 0x65, [ASK_BATTERY] = 0x6F, [TARE] = 0x64, [PAUSE] = 0x66, [SLEEP] = 0x6E};
	struct progressor *progressor = state;
	(void)now_ms;
	if (verb >= VERBS || (verbs[verb].effect == THERAPY_ACT && value != 0))
		return -1;
	progressor->battery_asked = verb == ASK_BATTERY;
	therapy_send(out, CONTROL, &commands[verb], 1);
	return 0;
}

static const struct therapy_model models[] = {
    {.key = "progressor",
     .name = "Progressor",
     .manufacturer = "Tindeq",
     .links = THERAPY_LINK_BLE,
     .metrics = metrics,
     .verbs = verbs,
     .channels = channels,
     .polls = polls,
     .on_connect = on_connect,
     .n_metrics = METRICS,
     .n_verbs = VERBS,
     .n_channels = CHANNELS,
     .n_polls = 1,
     .n_on_connect = 1,
     .state_size = sizeof(struct progressor),
     .decode = decode,
     .encode = encode},
};

const struct therapy_plugin therapy_plugin = {.abi = THERAPY_ABI,
					      .sizes = THERAPY_SIZES,
					      .key = "tindeq",
					      .kind = "traction",
					      .version = "0.1.0",
					      .models = models,
					      .n_models = 1};

/* SPDX-License-Identifier: Apache-2.0
 *
 * progressor - the codec of Tindeq's Progressor force gauges over Bluetooth LE. Pure; state is the caller's.
 */
#ifndef TRACTION_BELT_PROGRESSOR_H
#define TRACTION_BELT_PROGRESSOR_H

#include "therapy/plugin.h"

enum { PROGRESSOR_FORCE, PROGRESSOR_FORCE_RAW, PROGRESSOR_BATTERY, PROGRESSOR_LOW_POWER, PROGRESSOR_METRICS };
enum { PROGRESSOR_START, PROGRESSOR_ASK_BATTERY, PROGRESSOR_VERBS };
enum { PROGRESSOR_NOTIFY, PROGRESSOR_CONTROL, PROGRESSOR_CHANNELS };
enum { PROGRESSOR_ZERO, PROGRESSOR_OPTIONS };

struct progressor {
	double zero_n;
	bool battery_asked;
	bool sampled;        /* at sampled_ms, over this connection */
	uint64_t sampled_ms; /* CLOCK_BOOTTIME */
};

extern const struct therapy_metric progressor_metrics[PROGRESSOR_METRICS];
extern const struct therapy_verb progressor_verbs[PROGRESSOR_VERBS];
extern const struct therapy_channel progressor_channels[PROGRESSOR_CHANNELS];
extern const struct therapy_option progressor_options[PROGRESSOR_OPTIONS];

int progressor_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal progressor_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int progressor_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * hx711 - the codec of a load cell at an ESPHome board, over MQTT. Pure; state is the caller's.
 */
#ifndef TRACTION_BELT_HX711_H
#define TRACTION_BELT_HX711_H

#include "esphome/esphome.h"

enum { HX711_FORCE, HX711_FORCE_RAW, HX711_METRICS };
enum { HX711_IN_FORCE, HX711_IN_HEARTBEAT, HX711_IN_STATUS, HX711_CHANNELS };
enum { HX711_SHOWS, HX711_ZERO, HX711_OPTIONS };

struct hx711 {
	struct esphome esphome;
	double newtons; /* of one unit of what it says */
	double zero_n;
};

extern const struct therapy_metric hx711_metrics[HX711_METRICS];
extern const struct therapy_channel hx711_channels[HX711_CHANNELS];
extern const struct therapy_option hx711_options[HX711_OPTIONS];

int hx711_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal hx711_decode(void *state, const struct therapy_message *message, struct therapy_out *out);

#endif

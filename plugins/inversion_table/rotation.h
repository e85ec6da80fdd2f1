/* SPDX-License-Identifier: Apache-2.0
 *
 * rotation - the codec of BTHome sensors that say their rotation: heard by the gateway itself over Bluetooth LE, or by
 * a Theengs gateway or OpenMQTTGateway and told over MQTT. Pure but for json-c's allocations; state is the caller's.
 */
#ifndef INVERSION_TABLE_ROTATION_H
#define INVERSION_TABLE_ROTATION_H

#include "inversion_table/orientation.h"

enum { ROTATION_TILT, ROTATION_ANGLE, ROTATION_METRICS };
enum { ROTATION_SIGN, ROTATION_ZERO, ROTATION_OPTIONS };

extern const struct therapy_metric rotation_metrics[ROTATION_METRICS];
extern const struct therapy_channel rotation_bthome_channels[1], rotation_theengs_channels[1];
extern const struct therapy_option rotation_options[ROTATION_OPTIONS];

/* The state is a struct orientation. */
int rotation_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal rotation_bthome_decode(void *state, const struct therapy_message *message,
					    struct therapy_out *out);
enum therapy_refusal rotation_theengs_decode(void *state, const struct therapy_message *message,
					     struct therapy_out *out);

#endif

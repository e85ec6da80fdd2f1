/* SPDX-License-Identifier: Apache-2.0
 *
 * wt901 - the codec of WitMotion's serial inclinometers (WT901 and its relatives with the same 11-byte frames).
 * Pure; state is the caller's.
 */
#ifndef INVERSION_TABLE_WT901_H
#define INVERSION_TABLE_WT901_H

#include "inversion_table/orientation.h"

enum { WT901_TILT, WT901_RATE, WT901_TEMPERATURE, WT901_METRICS };
enum { WT901_AXIS, WT901_SIGN, WT901_ZERO, WT901_OPTIONS };

struct wt901 {
	uint8_t axis; /* 0 roll (x), 1 pitch (y): which word of a frame is taken */
	struct orientation orientation;
};

int wt901_init(void *state, const struct therapy_value *values, uint32_t seed);
long wt901_frame(void *state, const uint8_t *bytes, size_t size);
enum therapy_refusal wt901_decode(void *state, const struct therapy_message *message, struct therapy_out *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * wt901 - the codec of WitMotion's serial inclinometers (WT901 and its relatives with the same 11-byte frames).
 * Pure; state is the caller's.
 */
#ifndef INVERSION_TABLE_WT901_H
#define INVERSION_TABLE_WT901_H

#include "inversion_table/orientation.h"

enum {
	WT901_TILT,
	WT901_RATE,
	WT901_TEMPERATURE,
	WT901_ANGLE,       /* roll, whatever `axis` says: what calibration measures, and chooses from */
	WT901_ANGLE_PITCH, /* pitch, likewise */
	WT901_ACCELERATION_X,
	WT901_ACCELERATION_Y,
	WT901_ACCELERATION_Z,
	WT901_METRICS
};
enum { WT901_AXIS, WT901_SIGN, WT901_ZERO, WT901_OPTIONS };

/* An angle that stays while gravity turns: see angle_contradicted. */
struct wt901_stuck {
	double gravity[3]; /* the latest acceleration at rest, g ... */
	bool known;        /* ... or the table is being shaken */
	double then[3];    /* the same when the angle was last seen to change ... */
	double angle_deg;  /* ... to this */
	bool begun, contradicted;
	uint64_t since_ms; /* CONTRADICTED since */
};

struct wt901 {
	uint8_t axis; /* 0 roll (x), 1 pitch (y): which word of a frame is taken */
	struct orientation orientation;
	struct wt901_stuck stuck;
};

int wt901_init(void *state, const struct therapy_value *values, uint32_t seed);
long wt901_frame(void *state, const uint8_t *bytes, size_t size);
enum therapy_refusal wt901_decode(void *state, const struct therapy_message *message, struct therapy_out *out);

#endif

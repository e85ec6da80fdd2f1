/* SPDX-License-Identifier: Apache-2.0
 *
 * gauge - the codec of a self-built force gauge (kind 6 of docs/firmware-protocol.md): it measures and drives nothing.
 * Pure; state is the caller's.
 */
#ifndef TRACTION_BELT_GAUGE_H
#define TRACTION_BELT_GAUGE_H

#include "firmware/firmware.h"

enum { GAUGE_FORCE, GAUGE_OF_BOARD, GAUGE_FORCE_RAW = GAUGE_OF_BOARD, GAUGE_METRICS };
enum { GAUGE_ZERO, GAUGE_OPTIONS };

struct gauge {
	struct firmware firmware; /* first: firmware_decode gets the same pointer */
	double zero_n;
};

extern const struct therapy_metric gauge_metrics[GAUGE_METRICS];
extern const struct therapy_option gauge_options[GAUGE_OPTIONS];

int gauge_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal gauge_decode(void *state, const struct therapy_message *message, struct therapy_out *out);

#endif

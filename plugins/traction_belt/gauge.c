/* SPDX-License-Identifier: Apache-2.0
 *
 * Over-the-door traction: a weight or a spring over a pulley, and a force gauge in its rope. Nothing of it can be
 * switched, so the gateway only knows, alarms, and keeps other devices off.
 *
 *   REPORT  90 seq | uptime(4) n | { 1 force } value(4)
 */
#include "traction_belt/gauge.h"

#include "traction_belt/force.h"

const struct therapy_metric gauge_metrics[GAUGE_METRICS] = {
    [GAUGE_FORCE] = FORCE_ROW(100),
    [GAUGE_FORCE_RAW] = FORCE_RAW_ROW(100),
};
const struct therapy_option gauge_options[GAUGE_OPTIONS] = {[GAUGE_ZERO] = FORCE_ZERO_OPTION};

static const struct firmware_board board = {.kind = FIRMWARE_FORCE_GAUGE, .n_metrics = GAUGE_OF_BOARD};

int gauge_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct gauge *gauge = state;
	firmware_init(&gauge->firmware, &board, seed);
	gauge->zero_n = force_zero(&values[GAUGE_ZERO]);
	return 0;
}

enum therapy_refusal gauge_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct gauge *gauge = state;
	enum therapy_refusal refusal = firmware_decode(state, message, out);
	return refusal == THERAPY_OK ? force_less_zero(out, GAUGE_FORCE, GAUGE_FORCE_RAW, gauge->zero_n) : refusal;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * sct - the codec of load-cell transmitters that speak Modbus RTU (Rice Lake SCT-10 and SCT-20). Pure; state is the
 * caller's.
 */
#ifndef TRACTION_BELT_SCT_H
#define TRACTION_BELT_SCT_H

#include "therapy/plugin.h"

enum { SCT_FORCE, SCT_FORCE_RAW, SCT_STABLE, SCT_METRICS };
enum { SCT_READ, SCT_VERBS };
enum { SCT_UNIT, SCT_DECIMALS, SCT_SHOWS, SCT_ZERO, SCT_OPTIONS };

struct sct {
	uint8_t unit;
	double newtons; /* of one count */
	double zero_n;
	bool asked; /* over this connection: what was not asked for is another's */
};

extern const struct therapy_metric sct_metrics[SCT_METRICS];
extern const struct therapy_verb sct_verbs[SCT_VERBS];
extern const struct therapy_option sct_options[SCT_OPTIONS];

int sct_init(void *state, const struct therapy_value *values, uint32_t seed);
long sct_frame(void *state, const uint8_t *bytes, size_t size);
enum therapy_refusal sct_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int sct_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

#endif

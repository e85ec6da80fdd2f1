/* SPDX-License-Identifier: Apache-2.0
 * Bounds and hazards in words for a terminal of 80 columns, and as JSON. Start-up only; allocates. */
#ifndef PROMISE_WORDS_H
#define PROMISE_WORDS_H

#include <stdio.h>

#include "promise/deadman.h"
#include "promise/hazards.h"

/* One control with what its bounds are computed from. */
struct words_control {
	const char *device, *key;
	struct deadman_config config;
	bool accepted; /* accept_no_device_timer */
};

struct json_object;

/* The table of one control: a row for each fault, a column for each layer. */
void words_deadman(FILE *to, const struct words_control *control);
/* {"heat": {"device_timer_ms": 30000, "accepted_without_timer": false, "faults": {"gateway_killed": {"affected": true,
 * "begins_ms": 500, "rests_ms": 500, "first": "lease", "layers": {"lease": 500}}}}} of the controls of one device.
 * NULL: out of memory. */
struct json_object *words_deadman_json(const struct words_control *controls, size_t n, const char *device);

void words_hazards(FILE *to, const struct hazards *hazards);
/* [{"hazard": 11, "title": .., "level": "covered", "refused": false, "by": [{"by": .., "level": .., "text": ..}]}] */
struct json_object *words_hazards_json(const struct hazards *hazards);

#endif

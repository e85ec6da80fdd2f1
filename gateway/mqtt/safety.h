/* SPDX-License-Identifier: Apache-2.0
 *
 * safety - what leaves about the interlocks: the retained JSON that says of every control what is permitted and why
 * not, the answers to requests, and events as protobuf. Pure. JSON strings are allocated, the caller frees them; NULL:
 * out of memory.
 */
#ifndef MQTT_SAFETY_H
#define MQTT_SAFETY_H

#include "core/core.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/safety.pb-c.h"

struct safety_config {
	const char *gateway_id, *boot_id;
	const Therapy__V1__DeviceDescription *const *devices;
	size_t n_devices;
};

/* {"gateway":…,"devices":{"pad":{"heat":{"permitted","granted","suspended","value","phase","why","rule","hazard","cause"}}}},
 * `cause` with device, metric, value, quality and age_ms, or null. `permission` is asked for each control. */
char *safety_payload(const struct safety_config *config, uint64_t now_ms,
		     void (*permission)(void *user, uint16_t device, uint16_t control, struct core_permission *out),
		     void *user);

/* {"id","control","outcome","reason","rule","value"} of a RESULT; `control` as the asker wrote it. */
char *safety_result(const struct core_output *result, const char *control);
/* "accepted", "not_permitted", ... */
const char *safety_outcome(enum core_outcome outcome);

struct safety_stamp {
	uint64_t sequence, now_ms;
	int64_t wall_ms;
	bool wall_trusted;
};

/* Bytes of the packed event in `buffer`, or 0: it does not fit. */
size_t safety_event(const struct safety_config *config, const struct core_output *event,
		    const struct safety_stamp *stamp, uint8_t *buffer, size_t size);

#endif

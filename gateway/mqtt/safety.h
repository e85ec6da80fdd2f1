/* SPDX-License-Identifier: Apache-2.0
 *
 * safety - what leaves about the interlocks: the retained JSON that says of every control what is permitted and why
 * not, and the answers to requests. Pure. JSON strings are allocated, the caller frees them; NULL:
 * out of memory.
 */
#ifndef MQTT_SAFETY_H
#define MQTT_SAFETY_H

#include "base/unit.h"
#include "core/core.h"
#include "therapy/v1/device.pb-c.h"

struct json_object;

struct safety_config {
	const char *gateway_id, *boot_id;
	const Therapy__V1__DeviceDescription *const *devices;
	size_t n_devices;
	enum unit_system units; /* of answers; what is permitted is told in the controls' own */
};

/* {"gateway":…,"devices":{"pad":{"heat":{"permitted","granted","suspended","value","phase","why","rule","hazard","cause"}}}},
 * `cause` with device, metric, value, quality and age_ms, or null. `permission` is asked for each control; `more` adds
 * latches and alarms, and may be NULL. */
char *safety_payload(const struct safety_config *config, uint64_t now_ms,
		     void (*permission)(void *user, uint16_t device, uint16_t control, struct core_permission *out),
		     void (*more)(void *user, struct json_object *root), void *user);

/* {"id","control","outcome","reason","rule","value"} of a RESULT; `control` as the asker wrote it, the value in the
 * unit that requests for it come in. */
char *safety_result(const struct safety_config *config, const struct core_output *result, const char *control);

#endif

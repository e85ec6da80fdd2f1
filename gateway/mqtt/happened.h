/* SPDX-License-Identifier: Apache-2.0
 *
 * happened - a SafetyEvent as JSON for consumers that act on what happens now (Home Assistant's `event` entities).
 * Whoever needs every event reads the protobuf one. Pure. */
#ifndef MQTT_HAPPENED_H
#define MQTT_HAPPENED_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

/* Later than this it would be taken for something that happens now. */
#define HAPPENED_LATE_MS 10000u

struct happened {
	char device[ID_MAX]; /* whom it is about; "": the home */
	char *text; /* {"event_type","time","sequence","device","control","rule","hazard","priority","text",...} */
};

/* `bytes`: a packed SafetyEvent. False: it is none, it is of another boot than `boot_id` or of earlier than
 * HAPPENED_LATE_MS before `now_ms`, or there is no memory. The caller frees text. */
bool happened_now(const uint8_t *bytes, size_t size, const char *boot_id, uint64_t now_ms, struct happened *out);
/* The event, packed anew and marked as historical. Allocated, and *packed tells its size; NULL: it is none, or there is
 * no memory. */
uint8_t *happened_late(const uint8_t *bytes, size_t size, size_t *packed);

#endif

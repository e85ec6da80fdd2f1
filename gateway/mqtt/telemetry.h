/* SPDX-License-Identifier: Apache-2.0
 *
 * telemetry - readings on their way out, as protobuf batches. They wait in one bounded pool, in order per device; when
 * it is full the oldest of all is dropped and counted. All memory is taken at start; a reading costs no allocation.
 *
 * At every moment: produced = delivered + queued + dropped. It sends through a callback and reads no clock: pure but
 * for that. On the loop's thread.
 */
#ifndef MQTT_TELEMETRY_H
#define MQTT_TELEMETRY_H

#include "core/core.h"
#include "therapy/v1/device.pb-c.h"

#define TELEMETRY_BATCH_MAX 256u /* readings of one message */

struct telemetry_config {
	const char *gateway_id, *boot_id;
	const Therapy__V1__DeviceDescription *const *devices; /* outlive it */
	size_t n_devices;
	size_t queue; /* readings that may wait */
	void *user;
	/* Hands one packed batch of `n` readings to the connection. 0, or a negative code: it stays queued. */
	int (*send)(void *user, uint16_t device, const uint8_t *bytes, size_t size, size_t n);
};

struct telemetry_counters {
	uint64_t produced, delivered, dropped, lost_in_process;
};

struct telemetry;

/* 0 or UV_ENOMEM. */
int telemetry_new(const struct telemetry_config *config, struct telemetry **out);
void telemetry_free(struct telemetry *telemetry);
/* Takes readings; those of an unknown device or metric are ignored. Returns how many wait now for that device. */
size_t telemetry_add(struct telemetry *telemetry, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n);
/* Sends what waits, of all devices, until send refuses. The times stamp the batches. */
void telemetry_flush(struct telemetry *telemetry, uint64_t now_ms, int64_t wall_ms, bool wall_trusted);
/* A batch of `n` readings that send had taken did not leave after all. */
void telemetry_failed(struct telemetry *telemetry, size_t n);
size_t telemetry_queued(const struct telemetry *telemetry);
struct telemetry_counters telemetry_counters(const struct telemetry *telemetry);

#endif

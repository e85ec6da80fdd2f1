/* SPDX-License-Identifier: Apache-2.0
 *
 * telemetry - readings on their way out, as protobuf batches. They wait in one bounded pool until the broker has them:
 * it acknowledges the last batch of each flush, and so all before it. What was on its way when the connection went, and
 * what came while there was none, is history: it goes out beside the live readings, marked as such, at a bounded pace,
 * each device's in order. A reading may so come twice, its number tells; a live one never repeats.
 *
 * When the pool is full the oldest of all is dropped and counted. All memory is taken at start; a reading costs no
 * allocation. At every moment: produced = delivered + queued + dropped. It sends through a callback and reads no clock:
 * pure but for that. On the loop's thread.
 */
#ifndef MQTT_TELEMETRY_H
#define MQTT_TELEMETRY_H

#include "core/core.h"
#include "therapy/v1/device.pb-c.h"

#define TELEMETRY_BATCH_MAX 256u /* readings of one message */
#define TELEMETRY_TOO_LARGE 1
/* Readings a second: some 20 messages and 150 kB, which a home's network does not notice. Ten minutes of 100 readings a
 * second are told in 12 s. */
#define TELEMETRY_PACE 5000u

struct telemetry_config {
	const char *gateway_id, *boot_id;
	const Therapy__V1__DeviceDescription *const *devices; /* outlive it */
	size_t n_devices;
	size_t queue; /* readings that may wait */
	void *user;
	/* Hands one packed batch to the connection. `mark` not 0: once the broker has acknowledged this one, it goes to
	 * telemetry_arrived. 0, a negative code: it stays queued, or TELEMETRY_TOO_LARGE: smaller ones may be taken. */
	int (*send)(void *user, uint16_t device, const uint8_t *bytes, size_t size, uint64_t mark);
};

struct telemetry_counters {
	uint64_t produced, delivered, dropped, lost_in_process;
	uint64_t historical; /* of those delivered */
};

struct telemetry;

/* 0 or UV_ENOMEM. It begins without a connection. */
int telemetry_new(const struct telemetry_config *config, struct telemetry **out);
void telemetry_free(struct telemetry *telemetry);
/* Takes readings; those of an unknown device or metric are ignored. Returns how many live ones wait now for that
 * device, 0 without a connection. */
size_t telemetry_add(struct telemetry *telemetry, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n);
/* There is a connection: what comes from now on is live, what waits is history. */
void telemetry_up(struct telemetry *telemetry, uint64_t now_ms);
/* It is lost: what was not acknowledged is history and waits. */
void telemetry_down(struct telemetry *telemetry);
/* Sends the live readings that wait, of all devices, then as much history as is due; until send refuses. The times
 * stamp the batches. */
void telemetry_flush(struct telemetry *telemetry, uint64_t now_ms, int64_t wall_ms, bool wall_trusted);
/* The broker has that batch, and all that were sent before it. */
void telemetry_arrived(struct telemetry *telemetry, uint64_t mark);
/* Waiting or on their way. */
size_t telemetry_queued(const struct telemetry *telemetry);
struct telemetry_counters telemetry_counters(const struct telemetry *telemetry);

#endif

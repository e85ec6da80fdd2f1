/* SPDX-License-Identifier: Apache-2.0
 * events - safety events that wait for the broker, in order, bounded; when full the oldest is dropped and counted. They
 * are numbered when they happen, so a consumer sees what is missing. Pure but for the callback; on the loop's thread.
 */
#ifndef MQTT_EVENTS_H
#define MQTT_EVENTS_H

#include "mqtt/safety.h"

#define EVENTS_MAX        256u
#define EVENTS_PACKED_MAX 2048u /* text and ids are bounded far below */

struct events {
	struct events_item {
		struct core_output output;
		struct safety_stamp stamp;
	} * items; /* EVENTS_MAX */
	unsigned first, n;
	uint64_t sequence, dropped;
};

/* 0 or UV_ENOMEM. */
int events_init(struct events *events);
void events_release(struct events *events);
void events_add(struct events *events, const struct core_output *output, uint64_t now_ms, int64_t wall_ms,
		bool trusted);
/* Hands packed events to `send` until it refuses (a negative code). */
void events_flush(struct events *events, const struct safety_config *config,
		  int (*send)(void *user, const uint8_t *bytes, size_t size), void *user);

#endif

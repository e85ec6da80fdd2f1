/* SPDX-License-Identifier: Apache-2.0
 *
 * timeliness - does the way from the broker to us deliver now, or late? A request without a time stamp may be acted on
 * only if it cannot be old. We publish a ping to ourselves; it takes the same TCP connection as requests do, and TCP
 * keeps the order: a request that was held up in the connection arrives before a ping that was sent after it. So
 * nothing old can hide behind a ping that has returned, and while one has been out for longer than PING_MS, what
 * arrives may be old.
 *
 * The oldest request that passes was sent at most 2 * TIMELINESS_PING_MS before, less than the 5 s that make a request
 * late. Pure; time is CLOCK_BOOTTIME in ms.
 */
#ifndef MQTT_TIMELINESS_H
#define MQTT_TIMELINESS_H

#include <stdbool.h>
#include <stdint.h>

#define TIMELINESS_PING_MS 2000u

struct timeliness {
	uint64_t nonce, sent_ms;
	bool up, outstanding, proved;
	int64_t round_trip_ms; /* of the last ping that came back in this connection, with `proved` */
};

void timeliness_up(struct timeliness *t);
void timeliness_down(struct timeliness *t);
/* Is it time to send a ping? At once after `up`, then every TIMELINESS_PING_MS, one at a time. */
bool timeliness_due(const struct timeliness *t, uint64_t now_ms);
/* A ping with `nonce` was handed to the connection. */
void timeliness_sent(struct timeliness *t, uint64_t now_ms, uint64_t nonce);
/* One came back; another's nonce, or one of an earlier connection, proves nothing. */
void timeliness_returned(struct timeliness *t, uint64_t now_ms, uint64_t nonce);
/* How long the last one took, ms; negative: not known. */
int64_t timeliness_round_trip(const struct timeliness *t);
/* May what arrived at `arrived_ms` and is looked at `now_ms` be taken for recent? */
bool timeliness_holds(const struct timeliness *t, uint64_t arrived_ms, uint64_t now_ms);

#endif

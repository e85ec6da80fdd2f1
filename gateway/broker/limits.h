/* SPDX-License-Identifier: Apache-2.0
 *
 * limits - what a broker takes. MQTT 5 brokers say it in their CONNACK; others just hang up on a message that is too
 * large, and would do so again after each reconnect, for the same messages are told anew then. So what was sent is
 * remembered: an acknowledgement proves its message and all before it, and a connection that was lost twice in a row
 * soon after a message that is larger than anything ever proved tells that this one is too large. Pure, one thread.
 */
#ifndef BROKER_LIMITS_H
#define BROKER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the broker told it. */
struct limits_told {
	uint32_t packet_max; /* bytes of a whole MQTT packet; 0: no limit */
	int qos_max;
	bool retain;           /* it keeps retained messages */
	unsigned keep_alive_s; /* it wants another keep-alive than it was asked for; 0: it does not */
};
#define LIMITS_NONE ((struct limits_told){.qos_max = 2, .retain = true})

struct limits {
	struct limits_told told; /* of this connection */
	size_t learned;          /* packets of this size and more were hung up on; 0: none were */
	size_t proved;           /* the broker took a packet of this size */
	size_t largest;          /* sent in this connection */
	uint64_t largest_ms;     /* then */
	size_t suspect;          /* the largest of the connection before, if that was lost over it */
};

/* A new connection. */
void limits_up(struct limits *limits, const struct limits_told *told);
/* Will the broker take a packet of `size` bytes, as far as is known? */
bool limits_fits(const struct limits *limits, size_t size);
/* The most that it takes; SIZE_MAX: not known. */
size_t limits_max(const struct limits *limits);
/* One was sent. What its acknowledgement would prove, for limits_proved. */
size_t limits_sent(struct limits *limits, size_t size, uint64_t now_ms);
void limits_proved(struct limits *limits, size_t size);
/* The connection was lost. `too_large`: the broker said that this was why. True: something was learned of it. */
bool limits_lost(struct limits *limits, uint64_t now_ms, bool too_large);

/* Bytes of a PUBLISH packet: `properties` is what they take without their length, SIZE_MAX before MQTT 5. */
size_t limits_packet(size_t topic, size_t payload, int qos, size_t properties);

#endif

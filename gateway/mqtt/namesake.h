/* SPDX-License-Identifier: Apache-2.0
 *
 * namesake - is there another gateway with our id at this broker? Whoever connects with a client id that is in use
 * takes the place of the other, which comes back and takes it again, for ever. So a gateway looks before: over a
 * connection with a name of its own it asks who is there, and the one that has the place answers, and keeps it:
 * the newcomer stands back until the other's availability is offline. Two that started at the same moment take the
 * place from each other; then both look anew, and the one that runs for longer keeps it.
 *
 * On the loop's thread; owns its connection, which lasts as long as the look does.
 */
#ifndef MQTT_NAMESAKE_H
#define MQTT_NAMESAKE_H

#include <uv.h>

#include "broker/broker.h"

#define NAMESAKE_INSTANCE_SIZE 17u /* 16 hexadecimal digits */

/* Who one is. */
struct namesake_card {
	char instance[NAMESAKE_INSTANCE_SIZE]; /* of one run of a gateway */
	char host[65];                         /* for people; printable */
	uint64_t uptime_ms;
};

struct namesake_callbacks {
	void *user;
	/* Nobody who keeps it is there: the place is ours. The look is over; close it. */
	void (*clear)(void *user);
	/* There is one, told once: this one stands back, and `clear` comes when the other is gone. */
	void (*found)(void *user, const struct namesake_card *other);
	/* As of broker.h. */
	void (*down)(void *user, const char *why, uint64_t retry_ms);
};

struct namesake;

/* Makes the card of this run. `started_ms`: CLOCK_BOOTTIME. */
void namesake_card(struct namesake_card *card);
/* As JSON, {"instance","host","uptime_ms"}; allocated, NULL: out of memory. */
char *namesake_text(const struct namesake_card *card, uint64_t uptime_ms);
/* False: it is none. */
bool namesake_read(const uint8_t *payload, size_t size, struct namesake_card *out);
/* Has `a` been there for longer than `b`? The two agree about it, however they count their time. */
bool namesake_older(const struct namesake_card *a, const struct namesake_card *b);

/* Looks, at a broker as `broker` says (its client id and will are set here). `base`: "therapy/<gateway>"; it and `card`
 * are copied. `started_ms`: of this run, CLOCK_BOOTTIME. `had`: this run had the place before, and leaves it to
 * an older one only. 0, or a negative UV_E* code. */
int namesake_look(uv_loop_t *loop, const struct broker_config *broker, const char *base,
		  const struct namesake_card *card, uint64_t started_ms, bool had,
		  const struct namesake_callbacks *callbacks, struct namesake **out);
/* Ends it, then calls `closed`. */
void namesake_close(struct namesake *namesake, void (*closed)(void *user), void *user);

#endif

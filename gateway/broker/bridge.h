/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge - where Paho's threads hand over to the loop. Everything here is bounded at start, and nothing of one sort can
 * push out another: messages wait in a ring of their own; a delivery notice lives in the slot that its publish took
 * before it was sent; a connection's up and down are one flag each, for there is one connection at a time.
 *
 * Functions named bridge_put_... are called on Paho's threads, the others on the loop's. The bridge's lock is a leaf:
 * nothing is called while it is held.
 */
#ifndef BROKER_BRIDGE_H
#define BROKER_BRIDGE_H

#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "broker/limits.h"

#define BRIDGE_SLOTS       1024u      /* publishes on their way */
#define BRIDGE_SENDING_MAX (8u << 20) /* bytes on their way: a stalled broker must not eat the machine */
#define BRIDGE_WAITING_MAX (4u << 20) /* bytes of incoming messages that wait for the loop */
#define BRIDGE_WHY_MAX     192

struct bridge;

/* What a connection or an attempt ended of, where something can be done about it. */
enum bridge_cause {
	BRIDGE_LOST,
	BRIDGE_VERSION,       /* the broker does not take this version of MQTT, or hung up without an answer */
	BRIDGE_WILL_QOS,      /* it takes no will with this QoS */
	BRIDGE_WILL_RETAINED, /* nor one that it should keep */
	BRIDGE_TOO_LARGE,     /* it was sent a message that is too large for it */
};

/* One publish on its way. */
struct bridge_slot {
	struct bridge *bridge;
	_Atomic int *fd; /* whose socket to acknowledge on */
	uint64_t token;
	size_t size;
	size_t proves; /* for limits_proved */
	int qos;
	bool used, done, ok;
	struct bridge_slot *next; /* free or done */
};

struct bridge_message {
	char *topic; /* Paho's, as is `message`: give both back with bridge_message_release */
	MQTTAsync_message *message;
	uint64_t now_ms;
};

struct bridge {
	uv_mutex_t lock;
	uv_async_t *wake; /* the owner's; pokes the loop */
	struct bridge_message *ring;
	unsigned cap, first, n;
	size_t waiting; /* bytes in the ring */
	struct bridge_slot slots[BRIDGE_SLOTS];
	unsigned used; /* of the slots; those behind were never touched, and cost no memory */
	struct bridge_slot *free, *done, **done_end;
	unsigned in_flight, unacknowledged;
	size_t sending; /* bytes */
	bool up, down, disconnected, untuned;
	struct limits_told told; /* of `up` */
	enum bridge_cause cause; /* of `down` */
	unsigned subscribes_refused, asides_refused, publishes_refused;
	char why[BRIDGE_WHY_MAX]; /* of `down` */
	char subscribe_why[BRIDGE_WHY_MAX], publish_why[BRIDGE_WHY_MAX];
	uint64_t received, dropped;
};

/* What happened to the connection since the last look. */
struct bridge_news {
	bool up, down, disconnected, untuned;
	struct limits_told told;
	enum bridge_cause cause;
	unsigned subscribes_refused, asides_refused, publishes_refused;
	char why[BRIDGE_WHY_MAX], subscribe_why[BRIDGE_WHY_MAX], publish_why[BRIDGE_WHY_MAX];
	uint64_t received, dropped;
};

/* A publish that is over. */
struct bridge_done {
	uint64_t token;
	size_t proves; /* 0: nothing */
	bool ok;
};

/* `bridge` is zeroed. 0 or UV_ENOMEM. */
int bridge_init(struct bridge *bridge, uv_async_t *wake, unsigned queue);
/* Frees what still waits. Paho must be done with it: the handle is destroyed. */
void bridge_release(struct bridge *bridge);

void bridge_put_up(struct bridge *bridge, bool tuned, const struct limits_told *told);
/* Of several reasons for one loss the first is kept. Also called on the loop, when a send finds it lost. */
void bridge_put_down(struct bridge *bridge, const char *why, enum bridge_cause cause);
void bridge_put_disconnected(struct bridge *bridge);
/* `aside`: of one that need not be granted. */
void bridge_put_subscribe_refused(struct bridge *bridge, const char *why, bool aside);
/* The broker's answer to a publish; bridge_put_done follows. */
void bridge_put_publish_refused(struct bridge *bridge, const char *why);
/* Takes both over, or frees and counts them. */
void bridge_put_message(struct bridge *bridge, char *topic, MQTTAsync_message *message, uint64_t now_ms);
void bridge_put_done(struct bridge_slot *slot, bool ok);

/* A slot for a publish, or NULL: too much is on its way. */
struct bridge_slot *bridge_slot_take(struct bridge *bridge, uint64_t token, size_t size, int qos, _Atomic int *fd);
/* Gives back a slot whose publish did not even begin. */
void bridge_slot_return(struct bridge_slot *slot);
unsigned bridge_in_flight(struct bridge *bridge);
/* Takes the flags and clears them. */
void bridge_take_news(struct bridge *bridge, struct bridge_news *out);
/* The next finished publish. False: none. */
bool bridge_take_done(struct bridge *bridge, struct bridge_done *out);
/* Of those on their way, how many wait for an acknowledgement. */
unsigned bridge_unacknowledged(struct bridge *bridge);
bool bridge_take_message(struct bridge *bridge, struct bridge_message *out);
void bridge_message_release(struct bridge_message *message);
/* After the handle was destroyed: what was still on its way failed. */
void bridge_abandon(struct bridge *bridge);

#endif

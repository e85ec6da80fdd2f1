/* SPDX-License-Identifier: Apache-2.0
 *
 * mqtt_link - a message link: one connection of its own per device, set up as an actuator's must be. Clean start,
 * session expiry 0, fixed client id, nothing sent or buffered while disconnected; the last will is the device's safe
 * command on its own command topic, QoS 1, not retained, without delay. Closing lets the will fire. On the loop's
 * thread.
 *
 * It also looks on at the device's command topics, for commands that the broker keeps: the device would obey them
 * whenever it connects. A command topic is a channel that is only OUT, and that none of the model's IN channels covers:
 * what a device answers on may be kept for good reasons.
 */
#ifndef LINK_MQTT_LINK_H
#define LINK_MQTT_LINK_H

#include <uv.h>

#include "broker/broker.h"
#include "therapy/plugin.h"

struct mqtt_link_config {
	struct broker_config broker; /* account, encryption and keep-alive: of an actuator, 1.5 times that is how long a
					cut network goes unnoticed; the rest is set here */
	const char *client;          /* "therapy.<gateway>.<device>": client id, and {client} in channel addresses */
	const char *name;            /* {name} in channel addresses */
	const struct therapy_model *model; /* its channels */
	const struct therapy_frame *will;  /* NULL: none (a sensor) */
	bool clear_kept;                   /* the user consents: what the broker keeps is cleared */
};

/* What is new about the commands that the broker keeps for the device; at most one a topic in KEPT_PAUSE_MS. */
struct mqtt_link_kept {
	uint8_t channel;
	const char *topic;
	const uint8_t *data; /* its first `size` bytes, at most KEPT_SIZE */
	size_t size;         /* 0: nothing is kept there (any more) */
	size_t whole;        /* bytes of all of it */
	bool cleared;        /* nothing any more, by us */
};

struct mqtt_link_callbacks {
	void *user;
	void (*up)(void *user);
	void (*down)(void *user, const char *why);
	/* A message on channel `channel`; data[size] is a NUL. */
	void (*message)(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size, bool retained);
	void (*kept)(void *user, const struct mqtt_link_kept *kept); /* NULL: nobody looks on */
};

struct mqtt_link;

/* broker_prepare, for the process of such a link. */
uint16_t mqtt_link_prepare(void);
/* 0, or a negative UV_E* code. Reconnects with back-off until closed. */
int mqtt_link_new(uv_loop_t *loop, const struct mqtt_link_config *config, const struct mqtt_link_callbacks *callbacks,
		  struct mqtt_link **out);
/* Sends one frame. `effect` is an enum therapy_effect: ACT, RENEW and QUERY go out with QoS 0, STOP with QoS 1. */
int mqtt_link_send(struct mqtt_link *link, uint8_t channel, uint8_t effect, const uint8_t *data, size_t size);
/* Disconnects so that the broker sends the will, frees, then calls `closed`. */
void mqtt_link_close(struct mqtt_link *link, void (*closed)(void *user), void *user);

#endif

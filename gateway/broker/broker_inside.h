/* SPDX-License-Identifier: Apache-2.0
 * What broker.c, broker_send.c and broker_tell.c share; nobody else includes it. */
#ifndef BROKER_BROKER_INSIDE_H
#define BROKER_BROKER_INSIDE_H

#include "broker/broker.h"
#include "broker/limits.h"
#include "broker/paho.h"
#include "broker/turn.h"
#include "broker/url.h"

enum broker_phase { IDLE, RESOLVING, CONNECTING, UP, FINISHED };

struct broker {
	uv_loop_t *loop;
	struct broker_config config; /* strings are ours */
	struct broker_callbacks callbacks;
	struct url url;
	struct bridge bridge;
	struct paho *paho;
	struct turn turn; /* to begin an encrypted connection */
	uv_async_t wake;
	uv_timer_t timer; /* back-off, then the connect's deadline, then the close's */
	uv_getaddrinfo_t resolve;
	enum broker_phase phase;
	bool resolving, closing, disconnecting, with_will;
	bool freed_handles, aside_told;
	enum broker_protocol speaks; /* of this attempt and its connection */
	enum broker_protocol told;   /* what the log was told of it last */
	struct limits limits;
	bool qos_told, retain_told, keep_alive_told, publish_told;
	size_t too_large_told; /* the limit that was told; 0: none was */
	unsigned handles;
	unsigned attempt; /* counts addresses through */
	uint64_t backoff_ms, up_since, poke_ms, connect_until;
	struct broker_counters counters;
	uint8_t *scratch; /* a payload with its NUL */
	size_t scratch_size;
	void (*closed)(void *);
	void *closed_user;
};

/* broker_tell.c: what is worth a line in the log. */
/* What the broker takes: once each, however often it connects. */
void broker_tell_limits(struct broker *broker);
/* Counts what is new, and tells of what was refused. */
void broker_tell_news(struct broker *broker, const struct bridge_news *news);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * What an MQTT URL says: mqtt://host[:port], mqtts://host[:port], and over WebSocket ws://host[:port][/path] or
 * wss://host[:port][/path]. Pure. */
#ifndef BROKER_URL_H
#define BROKER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define URL_HOST_MAX 254 /* a DNS name has at most 253 characters (RFC 1035) */
#define URL_PATH_MAX 256

struct url {
	bool tls, web;           /* web: over WebSocket */
	char path[URL_PATH_MAX]; /* of a WebSocket: "/mqtt", which most brokers take, unless given */
	char host[URL_HOST_MAX]; /* name or address; brackets of an IPv6 address removed */
	uint16_t port;           /* 1883, 8883 with TLS, 80 and 443 over WebSocket, unless given */
};

/* Reads `text`. 0, or UV_EINVAL with one sentence in `why`: what was found and what was expected. */
int url_parse(const char *text, struct url *out, char *why, size_t why_size);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * What an MQTT URL says: mqtt://host[:port] or mqtts://host[:port]. Pure. */
#ifndef BROKER_URL_H
#define BROKER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define URL_HOST_MAX 254 /* a DNS name has at most 253 characters (RFC 1035) */

struct url {
	bool tls;
	char host[URL_HOST_MAX]; /* name or address; brackets of an IPv6 address removed */
	uint16_t port;           /* 1883, 8883 with TLS, unless given */
};

/* Reads `text`. 0, or UV_EINVAL with one sentence in `why`: what was found and what was expected. */
int url_parse(const char *text, struct url *out, char *why, size_t why_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/url.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/str.h"
#include "broker/broker.h"

#define EXPECTED "expected mqtt://host[:port] or mqtts://host[:port]"

static int refuse(char *why, size_t why_size, const char *text, const char *problem)
{
	struct str s;
	str_init(&s, why, why_size);
	str_add(&s, "'%.80s' %s; " EXPECTED, text, problem);
	return UV_EINVAL;
}

static bool host_valid(const char *host, bool v6)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(host);
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr(letters, host[i]) && !strchr(v6 ? ":.%" : ".-_", host[i]))
			return false;
	struct in6_addr ignored;
	char bare[URL_HOST_MAX];
	memcpy(bare, host, len + 1);
	bare[strcspn(bare, "%")] = '\0'; /* a link-local address names its interface */
	return !v6 || uv_inet_pton(AF_INET6, bare, &ignored) == 0;
}

static bool port_parse(const char *text, uint16_t *out)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	long port = strtol(text, NULL, 10);
	if (port < 1 || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

int url_parse(const char *text, struct url *out, char *why, size_t why_size)
{
	struct url url = {0};
	const char *rest;
	if (strncmp(text, "mqtt://", 7) == 0) {
		rest = text + 7;
		url.port = 1883; /* IANA: mqtt */
	} else if (strncmp(text, "mqtts://", 8) == 0) {
		rest = text + 8;
		url.tls = true;
		url.port = 8883; /* IANA: secure-mqtt */
	} else {
		return refuse(why, why_size, text, "is no MQTT URL");
	}
	if (strchr(rest, '@')) /* never quoted back: there is a password in it */
		return refuse(why, why_size, url.tls ? "mqtts://…@…" : "mqtt://…@…",
			      "holds an account, which belongs into username and password");
	if (strpbrk(rest, "/?#"))
		return refuse(why, why_size, text, "has something after the host");
	bool v6 = rest[0] == '[';
	const char *host = v6 ? rest + 1 : rest;
	size_t len = strcspn(host, v6 ? "]" : ":");
	if (v6 && host[len] != ']')
		return refuse(why, why_size, text, "has a '[' without its ']'");
	if (len >= sizeof url.host)
		return refuse(why, why_size, text, "has a host of more than 253 characters");
	memcpy(url.host, host, len);
	if (!host_valid(url.host, v6))
		return refuse(why, why_size, text, "has no valid host");
	const char *after = host + len + (v6 ? 1 : 0);
	if (*after == ':' ? !port_parse(after + 1, &url.port) : *after != '\0')
		return refuse(why, why_size, text, "has a port that is none (1 to 65535)");
	*out = url;
	return 0;
}

int broker_url_check(const char *url, char *why, size_t why_size)
{
	struct url ignored;
	return url_parse(url, &ignored, why, why_size);
}
